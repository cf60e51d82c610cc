/* Facsimile as TIFF-F (RFC 2306) and back, for peers that want it.  libtiff makes and reads the pages. */
#include "asn1/codec.h"
#include "lib/downgrading.h"
#include "mapping/tiff_memory.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <InformationObject.h>

#define SETTINGS                                                                                             \
  "{'domain': <'sea.example'>, 'or-address': <'/S=gateway/PRMD=sea/ADMD=x/C=de/'>, 'country': <'de'>, "      \
  "'admd': <'x'>, 'prmd': <'sea'>, 'mta-name': <'sea-mta'>, 'parts-max': <uint32 4>, 'peers': <["            \
  "{'name': <'land'>, 'facsimile': <'%s'>}]>, 'routes': <[{'or': <'/PRMD=land/ADMD=x/C=de/'>, 'peer': "      \
  "<'land'>}]>}"
#define NAME_OF_LEE "/S=lee/PRMD=land/ADMD=x/C=de/"

static struct mapping_context *context, *plain; /* with and without the option */

static struct mapping_context *context_of(const char *facsimile)
{
  g_autofree char *text = g_strdup_printf(SETTINGS, facsimile);
  g_autoptr(GVariant) settings = g_variant_ref_sink(g_variant_new_parsed(text));
  struct mapping_context *made = mapping_context_new(settings, -1, NULL);
  ck_assert_ptr_nonnull(made);
  return made;
}

static void setup(void)
{
  context = context_of("tiff");
  plain = context_of("g3fax");
}

static void teardown(void)
{
  mapping_context_free(context);
  mapping_context_free(plain);
}

/* --- the road --- */

static GBytes *send_file(struct mapping_context *with, GBytes *file, GPtrArray **losses_r)
{
  g_autofree char *encoded = g_base64_encode(g_bytes_get_data(file, NULL), g_bytes_get_size(file));
  g_autofree char *text =
      g_strdup_printf("From: ann@example.org\r\nTo: \"" NAME_OF_LEE "\"@sea.example\r\nMIME-Version: 1.0\r\n"
                      "Content-Type: image/tiff; name=fax.tif\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n",
                      encoded);
  g_autoptr(GBytes) mail = g_bytes_new(text, strlen(text));
  return road_to_x400(with, "ann@example.org", "\"" NAME_OF_LEE "\"@sea.example", mail, losses_r);
}

/* From its name on; NULL: there is none. */
static char *body_part_of(GBytes *apdu)
{
  g_autoptr(GBytes) content = downgrading_content(apdu);
  gsize length;
  const void *octets = g_bytes_get_data(content, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_InformationObject, octets, length, NULL, NULL);
  ck_assert_ptr_nonnull(value);
  g_autoptr(GString) text = g_string_new(NULL);
  asn1_print(value, ASN1_TEXT, 0, 65536, text);
  return g_strdup(strstr(text->str, "g3-facsimile"));
}

static GBytes *content_of(struct mapping_context *with, GBytes *apdu, const char *type, GPtrArray **losses_r)
{
  g_autoptr(GBytes) output = road_to_mail(with, "bob@example.org", apdu, losses_r);
  struct mime_mail *mail = road_parse(with, output);
  ck_assert_str_eq(mail->root->type->value, type);
  GBytes *content = road_content(mail, mail->root);
  mime_mail_free(mail);
  return content;
}

/* --- sheets --- */

struct sheet {
  const char *name;
  guint32 width, lines, strip;
  guint16 compression;
  guint32 options; /* of T.4 */
  int mode;        /* libtiff's for T.4; 0: none set */
  guint16 fill, photometric, bits, samples, orientation, unit;
  float across, down;
};
enum { SHEETS_MAX = 8, LINES = 50, CLASSIC = 0x100 };

static struct sheet whole(const struct sheet *given)
{
  struct sheet sheet = *given;
  sheet.width = sheet.width ? sheet.width : 1728;
  sheet.lines = sheet.lines ? sheet.lines : LINES;
  sheet.strip = sheet.strip ? sheet.strip : sheet.lines;
  sheet.fill = sheet.fill ? sheet.fill : FILLORDER_MSB2LSB;
  sheet.bits = sheet.bits ? sheet.bits : 1;
  sheet.samples = sheet.samples ? sheet.samples : 1;
  sheet.orientation = sheet.orientation ? sheet.orientation : ORIENTATION_TOPLEFT;
  sheet.unit = sheet.unit ? sheet.unit : RESUNIT_INCH;
  sheet.across = sheet.across > 0 ? sheet.across : 204;
  sheet.down = sheet.down > 0 ? sheet.down : 98;
  return sheet;
}

/* Runs of any length, and at times no order at all. */
static void fill_line(GRand *random, guint8 *line, gsize length)
{
  guint kind = (guint)g_rand_int_range(random, 0, 4);
  memset(line, 0, length);
  if (kind == 0)
    for (gsize i = 0; i < length; i++)
      line[i] = (guint8)g_rand_int(random);
  for (gsize at = 0; kind > 1 && at < length * 8;) {
    gsize run = (gsize)g_rand_int_range(random, 1, 300), black = (gsize)g_rand_int_range(random, 1, 90);
    for (gsize bit = at + run; bit < MIN(at + run + black, length * 8); bit++)
      line[bit / 8] |= (guint8)(0x80 >> bit % 8);
    at += run + black;
  }
}

static void write_sheet(TIFF *tif, const struct sheet *given, GRand *random)
{
  struct sheet sheet = whole(given);
  TIFFSetField(tif, TIFFTAG_IMAGEWIDTH, sheet.width);
  TIFFSetField(tif, TIFFTAG_IMAGELENGTH, sheet.lines);
  TIFFSetField(tif, TIFFTAG_BITSPERSAMPLE, sheet.bits);
  TIFFSetField(tif, TIFFTAG_SAMPLESPERPIXEL, sheet.samples);
  TIFFSetField(tif, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tif, TIFFTAG_COMPRESSION, sheet.compression);
  if (sheet.compression == COMPRESSION_CCITTFAX3)
    TIFFSetField(tif, TIFFTAG_GROUP3OPTIONS, sheet.options);
  if (sheet.mode)
    TIFFSetField(tif, TIFFTAG_FAXMODE, sheet.mode & ~CLASSIC);
  TIFFSetField(tif, TIFFTAG_ROWSPERSTRIP, sheet.strip);
  TIFFSetField(tif, TIFFTAG_FILLORDER, sheet.fill);
  TIFFSetField(tif, TIFFTAG_PHOTOMETRIC, sheet.photometric);
  TIFFSetField(tif, TIFFTAG_ORIENTATION, sheet.orientation);
  TIFFSetField(tif, TIFFTAG_RESOLUTIONUNIT, sheet.unit);
  TIFFSetField(tif, TIFFTAG_XRESOLUTION, (double)sheet.across);
  TIFFSetField(tif, TIFFTAG_YRESOLUTION, (double)sheet.down);
  gsize length = (gsize)TIFFScanlineSize(tif);
  g_autofree guint8 *line = g_malloc(length);
  for (guint32 i = 0; i < sheet.lines; i++) {
    fill_line(random, line, length);
    ck_assert_int_eq(TIFFWriteScanline(tif, line, i, 0), 1);
  }
}

static GBytes *tiff_of(const struct sheet *sheets, guint count, const char *description)
{
  GByteArray *octets = g_byte_array_new();
  struct tiff_memory memory = {.octets = octets};
  GRand *random = g_rand_new_with_seed(2306);
  TIFF *tif = tiff_memory_open(&memory, true);
  ck_assert_ptr_nonnull(tif);
  for (guint i = 0; i < count; i++) {
    write_sheet(tif, &sheets[i], random);
    if (description) {
      TIFFSetField(tif, TIFFTAG_IMAGEDESCRIPTION, description);
      TIFFSetField(tif, TIFFTAG_DATETIME, "2026:11:24 04:00:00");
    }
    TIFFWriteDirectory(tif);
  }
  TIFFClose(tif);
  g_rand_free(random);
  ck_assert_uint_eq(memory.errors, 0);
  return g_byte_array_free_to_bytes(octets);
}

/* All dots of a TIFF, black is one, page behind page; what its directories say as text. */
static GBytes *dots_of(GBytes *file, char **said_r)
{
  GByteArray *octets = g_byte_array_new(), *dots = g_byte_array_new();
  g_byte_array_append(octets, g_bytes_get_data(file, NULL), (guint)g_bytes_get_size(file));
  struct tiff_memory memory = {.octets = octets};
  TIFF *tif = tiff_memory_open(&memory, false);
  ck_assert_ptr_nonnull(tif);
  GString *said = g_string_new(NULL);
  do {
    guint32 width = 0, lines = 0, options = 0;
    guint16 compression = 0, photometric = 0, fill = 0;
    float down = 0;
    TIFFGetField(tif, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tif, TIFFTAG_IMAGELENGTH, &lines);
    TIFFGetField(tif, TIFFTAG_COMPRESSION, &compression);
    TIFFGetField(tif, TIFFTAG_PHOTOMETRIC, &photometric);
    TIFFGetField(tif, TIFFTAG_GROUP3OPTIONS, &options);
    TIFFGetField(tif, TIFFTAG_FILLORDER, &fill);
    TIFFGetField(tif, TIFFTAG_YRESOLUTION, &down);
    g_string_append_printf(said, "%ux%u coding %u options %u white %u fill %u down %.0f;", width, lines,
                           compression, options, photometric, fill, (double)down);
    g_autofree guint8 *line = g_malloc(width / 8);
    for (guint32 i = 0; i < lines; i++) {
      ck_assert_int_eq(TIFFReadScanline(tif, line, i, 0), 1);
      for (guint32 k = 0; photometric == PHOTOMETRIC_MINISBLACK && k < width / 8; k++)
        line[k] ^= 0xff;
      g_byte_array_append(dots, line, width / 8);
    }
  } while (TIFFReadDirectory(tif));
  TIFFClose(tif);
  ck_assert_uint_eq(memory.errors + memory.warnings, 0);
  g_byte_array_unref(octets);
  *said_r = g_string_free(said, FALSE);
  return g_byte_array_free_to_bytes(dots);
}

/* --- facsimiles --- */

#define G3 .compression = COMPRESSION_CCITTFAX3
#define TWO_D .options = GROUP3OPT_2DENCODING
#define ONE(width, down) #width "x50 coding 3 options 0 white 0 fill 1 down " #down ";"
#define TWO(width, down) #width "x50 coding 3 options 1 white 0 fill 1 down " #down ";"

/* what: pieces that must stand in the body part; no "|" piece may be missing. */
static const struct {
  struct sheet sheets[SHEETS_MAX];
  const char *said, *what;
} faxes[] = {
    {{{"T.4", G3}}, ONE(1728, 98), NULL},
    {{{"T.4, two-dimensional", G3, TWO_D}}, TWO(1728, 98), "non-basic-parameters: '000000001'B"},
    {{{"T.4, its end written", G3, .mode = CLASSIC | FAXMODE_CLASSIC}}, ONE(1728, 98), NULL},
    {{{"T.4, two-dimensional, its end written", G3, TWO_D, .mode = CLASSIC | FAXMODE_CLASSIC}},
     TWO(1728, 98),
     NULL},
    {{{"ends of line at octets", G3, .options = GROUP3OPT_FILLBITS}}, ONE(1728, 98), NULL},
    {{{"filled from the lowest bit", G3, .fill = FILLORDER_LSB2MSB}}, ONE(1728, 98), NULL},
    {{{"lowest bit, two-dimensional", G3, TWO_D, .fill = FILLORDER_LSB2MSB}}, TWO(1728, 98), NULL},
    {{{"two strips", G3, .strip = 30}}, ONE(1728, 98), NULL},
    {{{"strips, two-dimensional", G3, TWO_D, .strip = 7}}, TWO(1728, 98), NULL},
    {{{"fine", G3, .down = 196}}, ONE(1728, 196), "non-basic-parameters: '0000000001'B"},
    {{{"by the centimetre", G3, .unit = RESUNIT_CENTIMETER, .across = 80.3f, .down = 77}},
     ONE(1728, 196),
     "non-basic-parameters: '0000000001'B"},
    {{{"200 x 200", G3, .across = 200, .down = 200}}, ONE(1728, 196), NULL},
    {{{"B4", G3, .width = 2048}}, ONE(2048, 98), "non-basic-parameters: '000000000000000000000001'B"},
    {{{"A3", G3, .width = 2432}}, ONE(2432, 98), "non-basic-parameters: '00000000000000000000001'B"},
    {{{"T.6", .compression = COMPRESSION_CCITTFAX4}}, ONE(1728, 98), NULL},
    {{{"T.6, lowest bit, strips", .compression = COMPRESSION_CCITTFAX4, .fill = FILLORDER_LSB2MSB,
       .strip = 8}},
     ONE(1728, 98),
     NULL},
    {{{"not coded", .compression = COMPRESSION_NONE}}, ONE(1728, 98), NULL},
    {{{"packed bits", .compression = COMPRESSION_PACKBITS, .strip = 9}}, ONE(1728, 98), NULL},
    {{{"modified Huffman", .compression = COMPRESSION_CCITTRLE}}, ONE(1728, 98), NULL},
    {{{"black is zero", .compression = COMPRESSION_NONE, .photometric = PHOTOMETRIC_MINISBLACK}},
     ONE(1728, 98),
     NULL},
    {{{"T.4, black is zero", G3, TWO_D, .photometric = PHOTOMETRIC_MINISBLACK}}, ONE(1728, 98), NULL},
    {{{"pages", G3}, {"", G3}, {"", G3}}, ONE(1728, 98) ONE(1728, 98) ONE(1728, 98), NULL},
    {{{"pages, two-dimensional", G3, TWO_D}, {"", G3, TWO_D}}, TWO(1728, 98) TWO(1728, 98), NULL},
    {{{"one of two two-dimensional", G3, TWO_D}, {"", G3}}, ONE(1728, 98) ONE(1728, 98), NULL},
    {{{"the other", G3}, {"", G3, TWO_D}, {"", .compression = COMPRESSION_CCITTFAX4}},
     ONE(1728, 98) ONE(1728, 98) ONE(1728, 98),
     NULL},
};

static guint count_of(const struct sheet *sheets)
{
  guint count = 0;
  while (count < SHEETS_MAX && sheets[count].name)
    count++;
  return count;
}

/* Every dot is there after the first road; what that made does not change on further ones. */
/* proves: 2157:tiff<> */
START_TEST(every_dot)
{
  g_autoptr(GBytes) file = tiff_of(faxes[_i].sheets, count_of(faxes[_i].sheets), NULL);
  g_autoptr(GBytes) apdu = send_file(context, file, NULL);
  g_autofree char *part = body_part_of(apdu);
  ck_assert_msg(part != NULL, "%s: no facsimile", faxes[_i].sheets[0].name);
  downgrading_check(faxes[_i].sheets[0].name, part, faxes[_i].what, true);
  g_autoptr(GBytes) back = content_of(context, apdu, "image/tiff", NULL);
  g_autofree char *said = NULL, *before = NULL;
  g_autoptr(GBytes) wanted = dots_of(file, &before), got = dots_of(back, &said);
  ck_assert_msg(g_bytes_equal(wanted, got), "%s: other dots", faxes[_i].sheets[0].name);
  ck_assert_str_eq(said, faxes[_i].said);
  g_autoptr(GBytes) again = send_file(context, back, NULL);
  g_autofree char *second = body_part_of(again);
  ck_assert_str_eq(second, part);
}
END_TEST

/* --- what stays a file --- */

static const struct {
  struct sheet sheets[SHEETS_MAX];
} files[] = {
    {{{"grey", .compression = COMPRESSION_NONE, .bits = 8, .photometric = PHOTOMETRIC_MINISBLACK}}},
    {{{"colour", .compression = COMPRESSION_PACKBITS, .bits = 8, .samples = 3,
       .photometric = PHOTOMETRIC_RGB}}},
    {{{"another width", G3, .width = 1600}}},
    {{{"a scan of 300 dots", G3, .across = 300, .down = 300}}},
    {{{"turned", G3, .orientation = ORIENTATION_BOTRIGHT}}},
    {{{"two widths", G3}, {"", G3, .width = 2048}}},
    {{{"two resolutions", G3}, {"", G3, .down = 196}}},
    {{{"a grey page", G3},
      {"", .compression = COMPRESSION_NONE, .bits = 8, .photometric = PHOTOMETRIC_MINISBLACK}}},
    {{{"more pages than parts-max", G3}, {"", G3}, {"", G3}, {"", G3}, {"", G3}}},
};

static void check_stays(GBytes *file, const char *name)
{
  g_autoptr(GBytes) apdu = send_file(context, file, NULL);
  g_autofree char *part = body_part_of(apdu);
  ck_assert_msg(part == NULL, "%s: became a facsimile", name);
  g_autoptr(GBytes) back = content_of(context, apdu, "image/tiff", NULL);
  ck_assert_msg(g_bytes_equal(back, file), "%s: not as it was", name);
}

START_TEST(stays)
{
  g_autoptr(GBytes) file = tiff_of(files[_i].sheets, count_of(files[_i].sheets), NULL);
  check_stays(file, files[_i].sheets[0].name);
}
END_TEST

/* Cut off, a page's codes overwritten, the next directory nowhere, no TIFF at all. */
START_TEST(damaged)
{
  const struct sheet sheets[] = {{"T.4", G3}, {"", G3}};
  g_autoptr(GBytes) file = tiff_of(sheets, 2, NULL), cut = g_bytes_new_from_bytes(file, 0, 600);
  check_stays(cut, "cut off");
  gsize length;
  const guint8 *octets = g_bytes_get_data(file, &length);
  g_autofree guint8 *copy = g_memdup2(octets, length);
  memset(copy + 400, 0xff, 40);
  g_autoptr(GBytes) codes = g_bytes_new(copy, length);
  check_stays(codes, "codes overwritten");
  g_autoptr(GBytes) short_file = g_bytes_new_from_bytes(file, 0, length - 20);
  check_stays(short_file, "the last directory cut off");
  g_autoptr(GBytes) none = g_bytes_new_static("II*", 4);
  check_stays(none, "nothing");
}
END_TEST

/* Octets at random: either a file or a facsimile, and no word on standard error. */
START_TEST(octets_at_random)
{
  const struct sheet sheets[] = {{"T.4", G3, TWO_D, .strip = 20}, {"", .compression = COMPRESSION_CCITTFAX4}};
  g_autoptr(GBytes) file = tiff_of(sheets, 2, "a description");
  GRand *random = g_rand_new_with_seed(2157);
  for (guint round = 0; round < 500; round++) {
    gsize length = g_bytes_get_size(file);
    g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(file, NULL), length);
    guint changes = (guint)g_rand_int_range(random, 1, 6);
    for (guint i = 0; i < changes; i++) /* directories stand last */
      copy[g_rand_int_range(random, round % 2 ? 0 : (gint32)length - 500, (gint32)length)] =
          (guint8)g_rand_int(random);
    g_autoptr(GBytes) changed = g_bytes_new(copy, length);
    g_autoptr(GBytes) apdu = send_file(context, changed, NULL);
    g_autoptr(GBytes) back = content_of(context, apdu, "image/tiff", NULL);
    g_autofree char *part = body_part_of(apdu);
    ck_assert(part || g_bytes_equal(back, changed));
  }
  g_rand_free(random);
}
END_TEST

/* --- what is told, and the option --- */

START_TEST(what_else_it_says)
{
  const struct sheet sheets[] = {{"T.4", G3, .across = 200, .down = 100},
                                 {"", G3, .across = 200, .down = 100}};
  g_autoptr(GBytes) file = tiff_of(sheets, 2, "the contract");
  g_autoptr(GPtrArray) losses = NULL;
  g_autoptr(GBytes) apdu = send_file(context, file, &losses);
  ck_assert(road_lost(losses, "ImageDescription of image/tiff is left out"));
  ck_assert(road_lost(losses, "DateTime of image/tiff is left out"));
  ck_assert(road_lost(losses, "200.0 x 100.0 dots per inch (it becomes 204 x 98)"));
  ck_assert(road_lost(losses, "name of Content-Type is left out"));
  ck_assert_uint_eq(losses->len, 4);
}
END_TEST

START_TEST(without_the_option)
{
  const struct sheet sheet = {"T.4", G3};
  g_autoptr(GBytes) file = tiff_of(&sheet, 1, NULL), apdu = send_file(plain, file, NULL);
  g_autofree char *part = body_part_of(apdu);
  ck_assert_ptr_null(part);
  g_autoptr(GBytes) fax = send_file(context, file, NULL);
  g_autoptr(GBytes) page = content_of(plain, fax, "image/g3fax", NULL);
}
END_TEST

/* --- pages as X.400 has them --- */

#define EOL "000000000001"
#define WHITE "01001101100110101" /* 1728 dots */
#define BLACK                                                                                                \
  "00110101"                                                                                                 \
  "0000001100101"                                                                                            \
  "0000110111" /* none white, 1728 black */
#define RTC EOL EOL EOL EOL EOL EOL

static GBytes *facsimile(const char *parameters, const char *bits)
{
  GString *notation = g_string_new(NULL);
  g_string_append_printf(notation, "a3{ 31{ %s } 30{ 03<00", parameters);
  for (gsize at = 0, length = strlen(bits); at < length; at += 8) {
    guint octet = 0;
    for (guint i = 0; i < 8 && at + i < length; i++)
      octet |= (guint)(bits[at + i] == '1') << i;
    g_string_append_printf(notation, "%02x", octet);
  }
  g_string_append(notation, "> } }");
  g_autofree char *content = g_strdup_printf(P22("", "%s"), notation->str);
  g_string_free(notation, TRUE);
  return downgrading_message(&(struct downgrading_message){.content = content});
}

/* By hand: the lines are counted, six ends of line end the page, a first end of line is set if there is none.
 */
static const struct {
  const char *name, *parameters, *bits, *said, *dots; /* w or b by line */
} pages[] = {
    {"two lines", "", EOL WHITE EOL BLACK RTC, "1728x2 coding 3 options 0 white 0 fill 1 down 98;", "wb"},
    {"no end", "", EOL BLACK EOL WHITE EOL BLACK, "1728x3 coding 3 options 0 white 0 fill 1 down 98;", "bwb"},
    {"no first end of line", "", BLACK EOL WHITE RTC, "1728x2 coding 3 options 0 white 0 fill 1 down 98;",
     "bw"},
    {"more behind the end", "", EOL BLACK RTC EOL WHITE, "1728x1 coding 3 options 0 white 0 fill 1 down 98;",
     "b"},
    {"zeros between", "", "00000" EOL BLACK "000000000" EOL WHITE RTC,
     "1728x2 coding 3 options 0 white 0 fill 1 down 98;", "bw"},
    {"fine, unlimited", "81<00004008>", EOL WHITE RTC, "1728x1 coding 3 options 0 white 0 fill 1 down 196;",
     "w"},
    {"two-dimensional", "81<000080>",
     EOL "1" BLACK EOL "0"
         "1"
         "1" EOL "1" WHITE EOL "1" EOL "1" EOL "1",
     "1728x3 coding 3 options 1 white 0 fill 1 down 98;", "bbw"},
};

/* proves: 2157:tiff< */
START_TEST(page_by_hand)
{
  g_autoptr(GBytes) apdu = facsimile(pages[_i].parameters, pages[_i].bits);
  g_autoptr(GPtrArray) losses = NULL;
  g_autoptr(GBytes) file = content_of(context, apdu, "image/tiff", &losses);
  g_autofree char *said = NULL;
  g_autoptr(GBytes) dots = dots_of(file, &said);
  ck_assert_msg(!strcmp(said, pages[_i].said), "%s: %s", pages[_i].name, said);
  const guint8 *octets = g_bytes_get_data(dots, NULL);
  for (gsize i = 0; i < strlen(pages[_i].dots) * 216; i++)
    ck_assert_msg(octets[i] == (pages[_i].dots[i / 216] == 'b' ? 0xff : 0), "%s: dot %zu", pages[_i].name, i);
  ck_assert(road_lost(losses, "parameter 20 is left out") == (strstr(pages[_i].name, "unlimited") != NULL));
}
END_TEST

/* What TIFF cannot say is image/g3fax as without the option. */
START_TEST(no_page_of_lines)
{
  static const char *const parameters[] = {"", "81<0000000002>"}, *const bits[] = {"10101100", EOL WHITE RTC};
  for (guint i = 0; i < G_N_ELEMENTS(bits); i++) {
    g_autoptr(GBytes) apdu = facsimile(parameters[i], bits[i]);
    g_autoptr(GPtrArray) losses = NULL;
    g_autoptr(GBytes) with = content_of(context, apdu, "image/g3fax", &losses),
                      without = content_of(plain, apdu, "image/g3fax", NULL);
    ck_assert(g_bytes_equal(with, without));
    ck_assert(road_lost(losses, "becomes image/g3fax, not image/tiff"));
  }
}
END_TEST

static Suite *suite(void)
{
  Suite *all = suite_create("fax_tiff");
  TCase *tests = tcase_create("fax_tiff");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, every_dot, 0, G_N_ELEMENTS(faxes));
  tcase_add_loop_test(tests, stays, 0, G_N_ELEMENTS(files));
  tcase_add_test(tests, damaged);
  tcase_add_test(tests, octets_at_random);
  tcase_add_test(tests, what_else_it_says);
  tcase_add_test(tests, without_the_option);
  tcase_add_loop_test(tests, page_by_hand, 0, G_N_ELEMENTS(pages));
  tcase_add_test(tests, no_page_of_lines);
  suite_add_tcase(all, tests);
  return all;
}

int main(void)
{
  SRunner *runner = srunner_create(suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
