/* fax.c - contract: fax.h. */
#include "mapping/fax.h"

#include <stdlib.h>
#include <string.h>

#include <BodyPart.h>
#include <G3FacsimileBodyPart.h>

enum {
  EOL_BITS = 12, /* 000000000001 (T.4 4.1.2) */
  EOLS_MAX = 64, /* looked at behind a page */
  PAGES_MAX = 100000
};

/* Six ends of line from an octet's boundary on: no image holds them (RFC 2159 2.2). */
static const guint8 page_end[] = {0x00, 0x10, 0x01, 0x00, 0x10, 0x01, 0x00, 0x10, 0x01};

/* RFC 2159 2.1: each bit of X.411's G3FacsimileNonBasicParameters with the parameter that says it. */
static const struct {
  guint bit;
  const char *name, *value;
} parameters[] = {
    {FAX_B4_LENGTH, "page-length", "B4"},
    {FAX_UNLIMITED_LENGTH, "page-length", "Unlimited"},
    {FAX_A3_WIDTH, "page-width", "A3"},
    {FAX_B4_WIDTH, "page-width", "B4"},
    {FAX_TWO_DIMENSIONAL, "encoding", "2-dimensional"},
    {FAX_UNCOMPRESSED, "encoding", "Uncompressed"},
    {FAX_FINE, "resolution", "Fine"},
};

/* --- octets --- */

static guint8 reversed(guint8 octet)
{
  octet = (guint8)((octet & 0xf0) >> 4 | (octet & 0x0f) << 4);
  octet = (guint8)((octet & 0xcc) >> 2 | (octet & 0x33) << 2);
  return (guint8)((octet & 0xaa) >> 1 | (octet & 0x55) << 1);
}

struct reversing {
  struct mime_spill_sink *sink;
  guint64 bits; /* of the page that are still to come */
};

/* What lies behind the last bit is cleared. */
static bool reverse_block(const guint8 *block, gsize length, void *user, GError **error)
{
  struct reversing *reversing = user;
  guint8 out[4096];
  for (gsize at = 0; at < length;) {
    gsize count = MIN(length - at, sizeof out);
    for (gsize i = 0; i < count; i++) {
      guint8 keep = reversing->bits >= 8 ? 0xff : (guint8)(0xff00 >> reversing->bits);
      out[i] = reversed(block[at + i]) & keep;
      reversing->bits -= MIN(reversing->bits, 8);
    }
    if (!mime_spill_add(reversing->sink, out, count, error))
      return false;
    at += count;
  }
  return true;
}

/* The first bits of octets, each octet turned round, and more behind them. */
static struct octets *turned(struct octets *octets, guint64 bits, const guint8 *more, gsize more_length,
                             struct mime_spill *spill, GError **error)
{
  g_autoptr(octets_t) part = octets_slice(octets, 0, (bits + 7) / 8);
  struct reversing reversing = {mime_spill_begin(spill, octets_length(part) + more_length), bits};
  if (octets_each(part, reverse_block, &reversing, error) &&
      (!more_length || mime_spill_add(reversing.sink, more, more_length, error)))
    return mime_spill_end(reversing.sink, error);
  mime_spill_abandon(reversing.sink);
  return NULL;
}

/* --- to MIME --- */

static bool bit_of_page(const struct octets *page, guint64 bit)
{
  guint8 octet = 0;
  return octets_read(page, bit / 8, &octet, 1, NULL) && octet >> bit % 8 & 1;
}

/* The page's bits without the ends of line behind it.  Filled from the lowest bit, a page is of whole octets:
 * the BIT STRING's count of unused bits, which are the lowest of its last octet, says nothing of its end. */
static guint64 length_of_page(const struct octets *page)
{
  guint64 bits = octets_length(page) * 8;
  for (guint i = 0; i < EOLS_MAX && bits >= EOL_BITS && bit_of_page(page, bits - 1); i++) {
    guint zeros = 1;
    while (zeros < EOL_BITS && !bit_of_page(page, bits - 1 - zeros))
      zeros++;
    if (zeros < EOL_BITS)
      break;
    bits -= EOL_BITS;
  }
  return bits;
}

bool fax_parameter(const struct fax_parameters *given, guint bit)
{
  return given->bits[bit / 8] & 0x80 >> bit % 8;
}

void fax_parameter_set(struct fax_parameters *given, guint bit)
{
  given->bits[bit / 8] |= (guint8)(0x80 >> bit % 8);
}

struct fax_parameters fax_parameters_get(const struct from_x400 *from, const struct G3FacsimileBodyPart *fax)
{
  struct fax_parameters given = {.length = 0};
  const BIT_STRING_t *field = fax->parameters.non_basic_parameters;
  if (!field)
    return given;
  g_autoptr(octets_t) octets = asn1_octets(from->value, (const struct OCTET_STRING *)(const void *)field);
  guint64 length = octets_length(octets);
  if (length <= sizeof given.bits && octets_read(octets, 0, given.bits, (gsize)length, NULL))
    given.length = (gsize)length;
  return given;
}

/* The named bits as parameters; DCS beside them when they do not say all. */
static void append_parameters(const struct fax_parameters *given, GString *type)
{
  struct fax_parameters said = {.length = 0};
  const char *last = "";
  for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++) {
    if (!fax_parameter(given, parameters[i].bit) || !strcmp(parameters[i].name, last))
      continue;
    g_string_append_printf(type, "; %s=%s", parameters[i].name, parameters[i].value);
    fax_parameter_set(&said, parameters[i].bit);
    last = parameters[i].name;
  }
  if (!memcmp(given->bits, said.bits, sizeof said.bits))
    return;
  g_autofree char *encoded = g_base64_encode(given->bits, given->length);
  g_string_append_printf(type, "; DCS=\"%s\"", encoded);
}

GPtrArray *fax_pages_get(struct from_x400 *from, const struct G3FacsimileBodyPart *fax, const guint8 *end,
                         gsize end_length, GError **error)
{
  g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  for (int i = 0; i < fax->data.list.count; i++) {
    const BIT_STRING_t *bits = fax->data.list.array[i];
    g_autoptr(octets_t) page = asn1_octets(from->value, (const struct OCTET_STRING *)(const void *)bits);
    struct octets *image = turned(page, length_of_page(page), end, end_length, from->spill, error);
    if (!image)
      return NULL;
    g_ptr_array_add(pages, image);
  }
  return g_steal_pointer(&pages);
}

struct mime_draft *fax_from_x400(struct from_x400 *from, const struct G3FacsimileBodyPart *fax,
                                 GError **error)
{
  g_autoptr(GPtrArray) pages = fax_pages_get(from, fax, page_end, sizeof page_end, error);
  if (!pages)
    return NULL;
  const struct fax_parameters given = fax_parameters_get(from, fax);
  g_autoptr(GString) type = g_string_new("image/g3fax");
  append_parameters(&given, type);
  g_string_append_printf(type, "; pages=%d", fax->data.list.count);
  struct mime_draft *draft = mime_draft_new();
  draft->type = g_strdup(type->str);
  draft->content = octets_concat((struct octets *const *)pages->pdata, pages->len);
  return draft;
}

/* --- to X.400 --- */

struct search {
  guint64 at;
  gsize matched;
  GArray *ends; /* of guint64: behind each page's six ends of line */
};

/* The pattern's only proper borders are multiples of three octets. */
static bool search_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  struct search *search = user;
  for (gsize i = 0; i < length; i++) {
    while (search->matched && block[i] != page_end[search->matched])
      search->matched = search->matched > 3 ? search->matched - 3 : 0;
    search->matched += block[i] == page_end[search->matched];
    search->at++;
    if (search->matched < sizeof page_end)
      continue;
    search->matched = 0;
    g_array_append_val(search->ends, search->at);
  }
  return search->ends->len <= PAGES_MAX;
}

/* DCS says all bits; without it each parameter its one. */
static struct fax_parameters parameters_of(const struct mime_part *part)
{
  struct fax_parameters given = {.length = 0};
  gsize length = 0;
  const char *dcs = mime_params_get(part->type, "dcs");
  g_autofree guint8 *octets = dcs ? g_base64_decode(dcs, &length) : NULL;
  if (octets && length <= sizeof given.bits)
    memcpy(given.bits, octets, length);
  for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++) {
    const char *value = mime_params_get(part->type, parameters[i].name);
    if (value && !g_ascii_strcasecmp(value, parameters[i].value))
      fax_parameter_set(&given, parameters[i].bit);
  }
  return given;
}

void fax_parameters_put(const struct fax_parameters *given, struct G3FacsimileBodyPart *fax)
{
  gsize length = sizeof given->bits;
  while (length && !given->bits[length - 1])
    length--;
  if (!length)
    return;
  BIT_STRING_t *field = fax->parameters.non_basic_parameters =
      asn1_new_field(G3FacsimileNonBasicParameters_t);
  field->buf = asn1_zalloc(length);
  memcpy(field->buf, given->bits, length);
  field->size = (int)length;
  guint unused = 0; /* trailing zeros go: this BIT STRING has names (X.680 22.7) */
  while (!(given->bits[length - 1] >> unused & 1))
    unused++;
  field->bits_unused = (int)unused;
}

bool fax_page_put(struct to_x400 *to, struct octets *page, struct G3FacsimileBodyPart *fax, GError **error)
{
  g_autoptr(octets_t) octets = turned(page, octets_length(page) * 8, NULL, 0, to->spill, error);
  if (!octets)
    return false;
  BIT_STRING_t *bits = asn1_new_field(BIT_STRING_t);
  asn1_put_octets(to->value, (struct OCTET_STRING *)(void *)bits, octets);
  asn_sequence_add(&fax->data.list, bits);
  return true;
}

static bool add_page(struct to_x400 *to, struct octets *content, guint64 start, guint64 end,
                     G3FacsimileBodyPart_t *fax, GError **error)
{
  g_autoptr(octets_t) page = octets_slice(content, start, end - start);
  return fax_page_put(to, page, fax, error);
}

bool fax_to_x400(struct to_x400 *to, const struct mime_part *part, struct octets *content,
                 struct BodyPart *body_part, GError **error)
{
  g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(guint64));
  struct search search = {.ends = ends};
  GError *local = NULL;
  bool searched = octets_each(content, search_block, &search, &local);
  if (local)
    g_propagate_error(error, local);
  if (!searched || !ends->len)
    return false;
  body_part->present = BodyPart_PR_g3_facsimile;
  G3FacsimileBodyPart_t *fax = &body_part->choice.g3_facsimile;
  guint64 start = 0;
  for (guint i = 0; i < ends->len; i++) {
    guint64 end = g_array_index(ends, guint64, i);
    if (!add_page(to, content, start, end, fax, error))
      return false;
    start = end;
  }
  if (start < octets_length(content) && !add_page(to, content, start, octets_length(content), fax, error))
    return false;
  const struct fax_parameters given = parameters_of(part);
  fax_parameters_put(&given, fax);
  eit_add_built_in(to->types, EIT_G3_BIT);
  return true;
}
