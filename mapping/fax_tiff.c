/* fax_tiff.c - contract: fax_tiff.h. */
#include "mapping/fax_tiff.h"

#include "mapping/fax.h"
#include "mapping/fax_lines.h"
#include "mapping/tiff_memory.h"

#include <math.h>
#include <string.h>

#include <BodyPart.h>
#include <G3FacsimileBodyPart.h>

enum {
  ACROSS = 204, /* dots per inch (RFC 2306 2.2.1) */
  DOWN = 98,    /* lines per inch */
  DOWN_FINE = 196,
  NEAR = 6,        /* per inch: 200 is written for both */
  A4_LINES = 2400, /* of fine resolution: 297 and 364 mm at 7.7 lines, and what scanners add */
  B4_LINES = 2945,
  TIFF_PAGES_MAX = 65535 /* PageNumber is of 16 bits */
};

/* Widths that T.4 has (RFC 2306 2.2.1), with the parameter that says them. */
static const struct {
  guint32 dots;
  guint parameter; /* 0: none, it is A4's */
} widths[] = {{2432, FAX_A3_WIDTH}, {2048, FAX_B4_WIDTH}, {1728, 0}};

struct picture {
  guint32 width, lines;
  bool two_dimensional, fine;
};

static bool put_fields(TIFF *tif, const struct picture *picture, guint page, guint pages)
{
  return TIFFSetField(tif, TIFFTAG_SUBFILETYPE, FILETYPE_PAGE) &&
         TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, picture->width) &&
         TIFFSetField(tif, TIFFTAG_IMAGELENGTH, picture->lines) &&
         TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, picture->lines) &&
         TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, 1) && TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, 1) &&
         TIFFSetField(tif, TIFFTAG_COMPRESSION, COMPRESSION_CCITTFAX3) &&
         TIFFSetField(tif, TIFFTAG_GROUP3OPTIONS, picture->two_dimensional ? GROUP3OPT_2DENCODING : 0) &&
         TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE) &&
         TIFFSetField(tif, TIFFTAG_FILLORDER, FILLORDER_MSB2LSB) &&
         TIFFSetField(tif, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT) &&
         TIFFSetField(tif, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH) &&
         TIFFSetField(tif, TIFFTAG_XRESOLUTION, (double)ACROSS) &&
         TIFFSetField(tif, TIFFTAG_YRESOLUTION, (double)(picture->fine ? DOWN_FINE : DOWN)) &&
         TIFFSetField(tif, TIFFTAG_PAGENUMBER, page, pages);
}

/* --- to MIME --- */

/* A page of one-dimensional lines may lack the end of line before its first, which readers of TIFF look for:
 * two octets give it. */
static GByteArray *page_for_tiff(GBytes *bytes, struct picture *picture)
{
  static const guint8 end_of_line[] = {0x00, 0x01};
  gsize length;
  const guint8 *octets = g_bytes_get_data(bytes, &length);
  g_autoptr(GByteArray) page = g_byte_array_new();
  struct fax_lines lines = fax_lines_find(octets, length, picture->two_dimensional);
  if (!lines.count)
    return NULL;
  if (!lines.begins && !picture->two_dimensional)
    g_byte_array_append(page, end_of_line, sizeof end_of_line);
  g_byte_array_append(page, octets, (guint)length);
  lines = fax_lines_find(page->data, page->len, picture->two_dimensional);
  if (!lines.begins)
    return NULL;
  g_byte_array_set_size(page, (guint)((lines.end + 7) / 8));
  if (lines.end % 8)
    page->data[page->len - 1] &= (guint8)(0xff00 >> lines.end % 8);
  picture->lines = lines.count;
  return g_steal_pointer(&page);
}

static bool write_page(TIFF *tif, struct octets *octets, struct picture *picture, guint number, guint count)
{
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, TIFF_MEMORY_MAX, NULL);
  g_autoptr(GByteArray) page = bytes ? page_for_tiff(bytes, picture) : NULL;
  return page && put_fields(tif, picture, number, count) &&
         TIFFWriteRawStrip(tif, 0, page->data, (tmsize_t)page->len) == (tmsize_t)page->len &&
         TIFFWriteDirectory(tif);
}

static GByteArray *tiff_of(GPtrArray *pages, struct picture *picture)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  struct tiff_memory memory = {.octets = octets};
  TIFF *tif = tiff_memory_open(&memory, true);
  bool good = tif;
  for (guint i = 0; good && i < pages->len; i++)
    good = write_page(tif, pages->pdata[i], picture, i, pages->len);
  if (tif)
    TIFFClose(tif);
  return good && !memory.errors ? g_steal_pointer(&octets) : NULL;
}

static void tell_parameters(struct from_x400 *from, const struct fax_parameters *given)
{
  for (guint bit = 0; bit < FAX_PARAMETERS_MAX; bit++)
    if (fax_parameter(given, bit) && bit != FAX_TWO_DIMENSIONAL && bit != FAX_FINE && bit != FAX_A3_WIDTH &&
        bit != FAX_B4_WIDTH)
      mapping_loss(from->losses,
                   "g3-facsimile: parameter %u is left out (RFC 2306): TIFF has no field for it", bit);
}

struct mime_draft *fax_tiff_from_x400(struct from_x400 *from, const struct G3FacsimileBodyPart *fax,
                                      GError **error)
{
  const struct fax_parameters given = fax_parameters_get(from, fax);
  struct picture picture = {.two_dimensional = fax_parameter(&given, FAX_TWO_DIMENSIONAL),
                            .fine = fax_parameter(&given, FAX_FINE)};
  for (gsize i = 0; !picture.width; i++)
    if (!widths[i].parameter || fax_parameter(&given, widths[i].parameter))
      picture.width = widths[i].dots;
  const char *why = fax_parameter(&given, FAX_UNCOMPRESSED) ? "it is uncompressed" : NULL;
  int count = fax->data.list.count;
  if (!count || (guint)count > MIN(from->context->settings->parts_max, TIFF_PAGES_MAX))
    why = "of the number of its pages";
  g_autoptr(GPtrArray) pages = why ? NULL : fax_pages_get(from, fax, NULL, 0, error);
  if (!why && !pages)
    return NULL;
  g_autoptr(GByteArray) octets = pages ? tiff_of(pages, &picture) : NULL;
  if (!octets) {
    mapping_loss(from->losses, "g3-facsimile: becomes image/g3fax, not image/tiff (RFC 2159): %s",
                 why ? why : "a page is not T.4's lines, or they are too long");
    return NULL;
  }
  tell_parameters(from, &given);
  struct mime_draft *draft = mime_draft_new();
  draft->type = g_strdup("image/tiff; application=faxbw"); /* RFC 3302 3 */
  g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&octets));
  draft->content = octets_new_bytes(bytes);
  return draft;
}

/* --- to X.400: what a directory says --- */

/* A TIFF as its pages are gone through. */
struct reader {
  struct tiff_memory memory;
  TIFF *tif;
  struct picture picture; /* what its pages have in common, and the longest of them */
  bool two_dimensional;   /* asked for: every page is to be so */
  guint64 held;           /* octets of bits read, and of pages made */
  GPtrArray *pages;       /* of GByteArray */
  GPtrArray *left_out;    /* of char*: what else it says, once each */
};
enum verdict {
  FAX,
  NO_FAX,
  MIXED /* not all pages can be two-dimensional */
};
/* One directory's. */
struct directory {
  struct picture picture;
  guint16 compression;
  bool inverted;
  float across, down;
};

static guint16 short_field(TIFF *tif, guint32 tag, guint16 otherwise)
{
  guint16 value = otherwise;
  return TIFFGetField(tif, tag, &value) ? value : otherwise;
}

static guint32 long_field(TIFF *tif, guint32 tag, guint32 otherwise)
{
  guint32 value = otherwise;
  return TIFFGetField(tif, tag, &value) ? value : otherwise;
}

static bool is_near(float value, int wanted)
{
  return fabsf(value - (float)wanted) <= NEAR;
}

static bool read_resolution(TIFF *tif, struct directory *directory)
{
  if (!TIFFGetField(tif, TIFFTAG_XRESOLUTION, &directory->across) ||
      !TIFFGetField(tif, TIFFTAG_YRESOLUTION, &directory->down))
    return false;
  if (short_field(tif, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH) == RESUNIT_CENTIMETER) {
    directory->across *= 2.54f;
    directory->down *= 2.54f;
  }
  directory->picture.fine = is_near(directory->down, DOWN_FINE);
  return is_near(directory->across, ACROSS) && (directory->picture.fine || is_near(directory->down, DOWN));
}

static bool is_coding(guint16 compression)
{
  return compression == COMPRESSION_NONE || compression == COMPRESSION_CCITTRLE ||
         compression == COMPRESSION_CCITTFAX3 || compression == COMPRESSION_CCITTFAX4 ||
         compression == COMPRESSION_PACKBITS;
}

/* One picture of a dot a bit, upright, the whole of its page. */
static bool is_plain(TIFF *tif)
{
  guint16 inner = 0;
  guint64 *offsets = NULL;
  return !TIFFIsTiled(tif) && short_field(tif, TIFFTAG_BITSPERSAMPLE, 1) == 1 &&
         short_field(tif, TIFFTAG_SAMPLESPERPIXEL, 1) == 1 &&
         short_field(tif, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT) == ORIENTATION_TOPLEFT &&
         !(long_field(tif, TIFFTAG_SUBFILETYPE, 0) & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) &&
         !(TIFFGetField(tif, TIFFTAG_SUBIFD, &inner, &offsets) && inner);
}

static bool read_directory(TIFF *tif, struct directory *directory)
{
  struct picture *picture = &directory->picture;
  guint16 white = short_field(tif, TIFFTAG_PHOTOMETRIC, G_MAXUINT16);
  directory->compression = short_field(tif, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  directory->inverted = white == PHOTOMETRIC_MINISBLACK;
  picture->width = long_field(tif, TIFFTAG_IMAGEWIDTH, 0);
  picture->lines = long_field(tif, TIFFTAG_IMAGELENGTH, 0);
  picture->two_dimensional = directory->compression == COMPRESSION_CCITTFAX3 &&
                             long_field(tif, TIFFTAG_GROUP3OPTIONS, 0) & GROUP3OPT_2DENCODING;
  bool width = false;
  for (gsize i = 0; i < G_N_ELEMENTS(widths); i++)
    width |= widths[i].dots == picture->width;
  return width && picture->lines && is_plain(tif) && is_coding(directory->compression) &&
         (white == PHOTOMETRIC_MINISWHITE || white == PHOTOMETRIC_MINISBLACK) &&
         read_resolution(tif, directory);
}

static void leave_out(struct reader *reader, const char *words)
{
  if (!g_ptr_array_find_with_equal_func(reader->left_out, words, g_str_equal, NULL))
    g_ptr_array_add(reader->left_out, g_strdup(words));
}

/* Descriptions, names, dates and all that is not of the picture. */
static void note_fields(struct reader *reader, const struct directory *directory)
{
  int count = TIFFGetTagListCount(reader->tif);
  for (int i = 0; i < count; i++) {
    const TIFFField *field = TIFFFieldWithTag(reader->tif, TIFFGetTagListEntry(reader->tif, i));
    if (field)
      leave_out(reader, TIFFFieldName(field));
  }
  int down = directory->picture.fine ? DOWN_FINE : DOWN;
  if (fabsf(directory->across - ACROSS) < 1 && fabsf(directory->down - (float)down) < 1)
    return;
  g_autofree char *words = g_strdup_printf("resolution of %.1f x %.1f dots per inch (it becomes %d x %d)",
                                           (double)directory->across, (double)directory->down, ACROSS, down);
  leave_out(reader, words);
}

/* --- to X.400: its page --- */

/* All lines, read whatever their coding is: what libtiff finds amiss is no page to send.  NULL: damaged, or
 * too long. */
static GByteArray *read_bits(struct reader *reader, const struct directory *directory)
{
  const struct picture *picture = &directory->picture;
  gsize line = picture->width / 8;
  reader->held += (guint64)line * picture->lines;
  if (reader->held > TIFF_MEMORY_MAX || TIFFScanlineSize64(reader->tif) != line)
    return NULL;
  g_autoptr(GByteArray) bits = g_byte_array_new();
  g_byte_array_set_size(bits, (guint)(line * picture->lines));
  guint before = reader->memory.warnings;
  for (guint32 i = 0; i < picture->lines; i++)
    if (TIFFReadScanline(reader->tif, bits->data + line * i, i, 0) != 1 || reader->memory.errors ||
        reader->memory.warnings != before)
      return NULL;
  return g_steal_pointer(&bits);
}

static const guint8 *turned_octets(guint8 *octets, gsize length, bool turn)
{
  if (turn)
    TIFFReverseBits(octets, (tmsize_t)length);
  return octets;
}

/* Adds a strip of T.4 lines, filled to an octet: zeros before an end of line mean nothing. */
static bool append_strip(TIFF *tif, guint32 number, guint32 lines, bool two_dimensional, GByteArray *page)
{
  guint64 length = TIFFRawStripSize64(tif, number);
  if (!length || length > TIFF_MEMORY_MAX - page->len)
    return false;
  g_autofree guint8 *octets = g_malloc((gsize)length);
  if (TIFFReadRawStrip(tif, number, octets, (tmsize_t)length) != (tmsize_t)length)
    return false;
  bool turn = short_field(tif, TIFFTAG_FILLORDER, FILLORDER_MSB2LSB) == FILLORDER_LSB2MSB;
  struct fax_lines found =
      fax_lines_find(turned_octets(octets, (gsize)length, turn), (gsize)length, two_dimensional);
  if (!found.begins || found.count != lines || (two_dimensional && !found.first_whole))
    return false;
  g_byte_array_append(page, octets, (guint)((found.end + 7) / 8));
  if (found.end % 8)
    page->data[page->len - 1] &= (guint8)(0xff00 >> found.end % 8);
  return true;
}

/* A T.4 page as it stands; NULL: it does not stand as X.400 has it. */
static GByteArray *take_page(TIFF *tif, const struct picture *picture)
{
  g_autoptr(GByteArray) page = g_byte_array_new();
  guint32 strip = MIN(long_field(tif, TIFFTAG_ROWSPERSTRIP, G_MAXUINT32), picture->lines);
  for (guint32 line = 0, number = 0; strip && line < picture->lines; line += strip, number++)
    if (number >= TIFFNumberOfStrips(tif) ||
        !append_strip(tif, number, MIN(strip, picture->lines - line), picture->two_dimensional, page))
      return NULL;
  if (!strip)
    return NULL;
  fax_lines_end(page, picture->two_dimensional);
  return g_steal_pointer(&page);
}

/* Written as a TIFF whose one strip is the page. */
static GByteArray *code_page(const struct picture *given, GByteArray *bits)
{
  struct picture picture = *given;
  picture.two_dimensional = false;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  struct tiff_memory memory = {.octets = octets};
  TIFF *tif = tiff_memory_open(&memory, true);
  bool good = tif && put_fields(tif, &picture, 0, 1);
  for (guint32 i = 0; good && i < picture.lines; i++)
    good = TIFFWriteScanline(tif, bits->data + picture.width / 8 * i, i, 0) == 1;
  if (tif)
    TIFFClose(tif);
  tif = good && !memory.errors ? tiff_memory_open(&memory, false) : NULL;
  GByteArray *page = tif ? take_page(tif, &picture) : NULL;
  if (tif)
    TIFFClose(tif);
  return page;
}

/* What all pages share: the parameters of a facsimile are its own, not a page's. */
static bool fits(struct reader *reader, const struct picture *picture)
{
  if (!reader->pages->len)
    reader->picture = *picture;
  reader->picture.lines = MAX(reader->picture.lines, picture->lines);
  return reader->picture.width == picture->width && reader->picture.fine == picture->fine;
}

static enum verdict read_page(struct reader *reader)
{
  struct directory directory = {.compression = 0};
  const struct picture *picture = &directory.picture;
  if (!read_directory(reader->tif, &directory) || !fits(reader, picture))
    return NO_FAX;
  g_autoptr(GByteArray) bits = read_bits(reader, &directory), page = NULL;
  if (!bits)
    return NO_FAX;
  if (directory.compression == COMPRESSION_CCITTFAX3 && !directory.inverted &&
      picture->two_dimensional == reader->two_dimensional)
    page = take_page(reader->tif, picture);
  if (!page && reader->two_dimensional)
    return MIXED;
  for (guint i = 0; !page && directory.inverted && i < bits->len; i++)
    bits->data[i] ^= 0xff;
  if (!page)
    page = code_page(picture, bits);
  reader->held += page ? page->len : 0;
  if (!page || reader->held > TIFF_MEMORY_MAX || reader->memory.errors)
    return NO_FAX;
  g_ptr_array_add(reader->pages, g_steal_pointer(&page));
  note_fields(reader, &directory);
  return FAX;
}

static enum verdict read_pages(struct reader *reader, bool two_dimensional, guint pages_max)
{
  reader->two_dimensional = two_dimensional;
  reader->held = 0;
  g_ptr_array_set_size(reader->pages, 0);
  reader->tif = tiff_memory_open(&reader->memory, false);
  enum verdict verdict = reader->tif ? FAX : NO_FAX;
  while (verdict == FAX) {
    verdict = reader->pages->len < pages_max ? read_page(reader) : NO_FAX;
    if (verdict == FAX && TIFFLastDirectory(reader->tif))
      break;
    if (verdict == FAX && !TIFFReadDirectory(reader->tif))
      verdict = NO_FAX;
  }
  if (reader->tif)
    TIFFClose(reader->tif);
  return reader->memory.errors ? NO_FAX : verdict;
}

/* --- to X.400: the body part --- */

static struct fax_parameters parameters_of(const struct reader *reader)
{
  struct fax_parameters parameters = {.length = 0};
  const struct picture *picture = &reader->picture;
  guint32 lines = picture->lines;
  if (!picture->fine)
    lines = lines > B4_LINES ? lines : lines * 2;
  if (reader->two_dimensional)
    fax_parameter_set(&parameters, FAX_TWO_DIMENSIONAL);
  if (picture->fine)
    fax_parameter_set(&parameters, FAX_FINE);
  for (gsize i = 0; i < G_N_ELEMENTS(widths); i++)
    if (widths[i].parameter && widths[i].dots == picture->width)
      fax_parameter_set(&parameters, widths[i].parameter);
  if (lines > A4_LINES)
    fax_parameter_set(&parameters, lines > B4_LINES ? FAX_UNLIMITED_LENGTH : FAX_B4_LENGTH);
  return parameters;
}

static bool put_body_part(struct to_x400 *to, const struct reader *reader, struct BodyPart *body_part,
                          GError **error)
{
  body_part->present = BodyPart_PR_g3_facsimile;
  G3FacsimileBodyPart_t *fax = &body_part->choice.g3_facsimile;
  for (guint i = 0; i < reader->pages->len; i++) {
    const GByteArray *page = reader->pages->pdata[i];
    g_autoptr(octets_t) octets = octets_new(page->data, page->len);
    if (!fax_page_put(to, octets, fax, error))
      return false;
  }
  const struct fax_parameters parameters = parameters_of(reader);
  fax_parameters_put(&parameters, fax);
  eit_add_built_in(to->types, EIT_G3_BIT);
  for (guint i = 0; i < reader->left_out->len; i++)
    mapping_loss(to->losses,
                 "body part %u: %s of image/tiff is left out (RFC 2306): a facsimile has no place for it",
                 to->part, (const char *)reader->left_out->pdata[i]);
  return true;
}

static bool append_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  g_byte_array_append(user, block, (guint)length);
  return true;
}

bool fax_tiff_to_x400(struct to_x400 *to, struct octets *content, struct BodyPart *body_part, GError **error)
{
  guint pages_max = to->context->settings->parts_max;
  if (octets_length(content) > TIFF_MEMORY_MAX)
    return false;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  if (!octets_each(content, append_block, octets, error))
    return false;
  g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref),
                       left_out = g_ptr_array_new_with_free_func(g_free);
  struct reader reader = {.memory = {.octets = octets}, .pages = pages, .left_out = left_out};
  enum verdict verdict = read_pages(&reader, true, pages_max);
  if (verdict == MIXED)
    verdict = read_pages(&reader, false, pages_max);
  return verdict == FAX && put_body_part(to, &reader, body_part, error);
}
