/* pdv.c - see pdv.h. */
#include "osi/pdv.h"

#include "osi/tlv.h"

/* X.226 8.4 */
enum {
  TAG_SIMPLE = 0x40, /* [APPLICATION 0] IMPLICIT OCTET STRING, primitive */
  TAG_SIMPLE_PARTS = 0x60,
  TAG_FULL = 0x61, /* [APPLICATION 1] IMPLICIT SEQUENCE OF PDV-list */
  TAG_LIST = 0x30,
  TAG_TRANSFER_SYNTAX = 0x06,
  TAG_CONTEXT = 0x02,
  TAG_SINGLE = 0xa0,
  TAG_ALIGNED = 0x81,
  TAG_ARBITRARY = 0x82
};

static void value_clear(gpointer data)
{
  struct presentation_value *value = data;
  g_clear_pointer(&value->octets, g_bytes_unref);
}

GArray *presentation_values_new(void)
{
  GArray *values = g_array_sized_new(FALSE, TRUE, sizeof(struct presentation_value), 1);
  g_array_set_clear_func(values, value_clear);
  return values;
}

GArray *presentation_values_one(enum oid syntax, GBytes *octets)
{
  GArray *values = presentation_values_new();
  struct presentation_value value = {.syntax = syntax, .octets = octets};
  g_array_append_val(values, value);
  return values;
}

/* One PDV-list: appends its value. */
static const char *read_list(GBytes *data, const guint8 *start, const guint8 *contents, gsize length,
                             GArray *values)
{
  struct tlv_cursor cursor = {contents, length};
  struct tlv tlv;
  const guint8 *inner;
  bool bad = false;
  guint32 context;

  if (!tlv_next(&cursor, &tlv, &inner, &bad)) {
    return "a PDV-list is empty or broken";
  }
  if (tlv.tag == TAG_TRANSFER_SYNTAX && !tlv_next(&cursor, &tlv, &inner, &bad)) {
    return "a PDV-list ends after its transfer syntax name";
  }
  if (tlv.tag != TAG_CONTEXT || !tlv_uint(inner, tlv.length, &context) || context == 0) {
    return "a PDV-list has no presentation context identifier";
  }
  if (!tlv_next(&cursor, &tlv, &inner, &bad) || cursor.left != 0) {
    return "a PDV-list does not hold exactly one presentation-data-values";
  }
  struct presentation_value value = {.context = context};
  switch (tlv.tag) {
  case TAG_SINGLE:
    value.encoding = PRESENTATION_SINGLE_TYPE;
    break;
  case TAG_ALIGNED:
    value.encoding = PRESENTATION_OCTET_ALIGNED;
    break;
  case TAG_ARBITRARY:
    if (tlv.length == 0 || inner[0] != 0) {
      return "a PDV encoded as arbitrary bits is no whole number of octets";
    }
    value.encoding = PRESENTATION_ARBITRARY;
    inner++;
    tlv.length--;
    break;
  default:
    return "presentation-data-values is none of single-ASN1-type, octet-aligned (primitive), arbitrary "
           "(primitive)";
  }
  value.octets = g_bytes_new_from_bytes(data, (gsize)(inner - start), tlv.length);
  g_array_append_val(values, value);
  return NULL;
}

GArray *pdv_read(GBytes *data, guint max, const char **why_r)
{
  gsize size;
  const guint8 *start = g_bytes_get_data(data, &size);
  struct tlv tlv;
  if (!tlv_read(start, size, &tlv) || tlv.total != size) {
    *why_r = "user data is not one whole element";
    return NULL;
  }
  g_autoptr(GArray) values = presentation_values_new();
  if (tlv.tag == TAG_SIMPLE) {
    struct presentation_value value = {.octets = g_bytes_new_from_bytes(data, tlv.header, tlv.length)};
    g_array_append_val(values, value);
    return g_steal_pointer(&values);
  }
  if (tlv.tag != TAG_FULL) {
    *why_r = tlv.tag == TAG_SIMPLE_PARTS ? "simply encoded data in constructed form is not supported"
                                         : "user data is neither simply nor fully encoded";
    return NULL;
  }
  struct tlv_cursor cursor = {start + tlv.header, tlv.length};
  const guint8 *contents;
  bool bad = false;
  while (tlv_next(&cursor, &tlv, &contents, &bad)) {
    const char *why = values->len == max    ? "more PDV-lists than the limit"
                      : tlv.tag == TAG_LIST ? read_list(data, start, contents, tlv.length, values)
                                            : "fully encoded data holds something that is no PDV-list";
    if (why != NULL) {
      *why_r = why;
      return NULL;
    }
  }
  if (bad || values->len == 0) {
    *why_r = bad ? "fully encoded data is broken BER" : "fully encoded data is empty";
    return NULL;
  }
  return g_steal_pointer(&values);
}

/* Octets of a PDV-list's contents; its last element's length is told for the writer. */
static gsize list_length(const struct presentation_value *value)
{
  gsize octets = g_bytes_get_size(value->octets) + (value->encoding == PRESENTATION_ARBITRARY ? 1 : 0);
  return 2 + tlv_uint_size(value->context) + tlv_header_size(octets) + octets;
}

GBytes *pdv_write(const GArray *values, bool simple)
{
  gsize length = 0;
  for (guint i = 0; i < values->len; i++) {
    const struct presentation_value *value = &g_array_index(values, struct presentation_value, i);
    gsize list = list_length(value);
    length += simple ? g_bytes_get_size(value->octets) : tlv_header_size(list) + list;
  }
  GByteArray *out = g_byte_array_sized_new((guint)(tlv_header_size(length) + length));
  tlv_put(out, simple ? TAG_SIMPLE : TAG_FULL, length);
  for (guint i = 0; i < values->len; i++) {
    const struct presentation_value *value = &g_array_index(values, struct presentation_value, i);
    gsize size;
    const guint8 *octets = g_bytes_get_data(value->octets, &size);
    if (!simple) {
      static const guint8 tags[] = {TAG_SINGLE, TAG_ALIGNED, TAG_ARBITRARY};
      bool bits = value->encoding == PRESENTATION_ARBITRARY;
      tlv_put(out, TAG_LIST, list_length(value));
      tlv_put_uint(out, TAG_CONTEXT, value->context);
      tlv_put(out, tags[value->encoding], size + (bits ? 1 : 0));
      if (bits) {
        g_byte_array_append(out, (const guint8[]){0}, 1);
      }
    }
    g_byte_array_append(out, octets, (guint)size);
  }
  return g_byte_array_free_to_bytes(out);
}
