/* fields.c - see fields.h. */
#include "osi/fields.h"

#include <string.h>

/* What one PDU of these layers may ask of the decoder; its size has been limited by the session machine
 * already. */
static const struct asn1_limits pdu_limits = {
    .total = 16 << 20, .depth = 32, .elements = 10000, .segments = 10000};

struct asn1_value *field_decode(const struct asn_TYPE_descriptor_s *type, GBytes *data, const char *name,
                                GError **error)
{
  gsize size;
  const void *octets = g_bytes_get_data(data, &size);
  struct asn1_value *value = asn1_decode_mem(type, octets, size, &pdu_limits, error);
  if (value == NULL) {
    g_prefix_error(error, "%s: ", name);
  }
  return value;
}

GBytes *field_bytes(const struct asn1_value *value, const OCTET_STRING_t *field)
{
  g_autoptr(octets_t) octets = asn1_octets(value, field);
  /* The value was decoded from memory: reading it cannot fail. */
  GBytes *bytes = octets_to_bytes(octets, G_MAXSIZE, NULL);
  return bytes != NULL ? bytes : g_bytes_new_static("", 0);
}

/* asn1c gives ANY the layout of an OCTET STRING, and codec.h takes either. */
GBytes *field_any(const struct asn1_value *value, const ANY_t *field)
{
  return field_bytes(value, (const OCTET_STRING_t *)field);
}

void field_put_any(struct asn1_value *value, ANY_t *field, GBytes *bytes)
{
  field_put_bytes(value, (OCTET_STRING_t *)field, bytes);
}

void field_put_bytes(struct asn1_value *value, OCTET_STRING_t *field, GBytes *bytes)
{
  g_autoptr(octets_t) octets = octets_new_bytes(bytes);
  asn1_put_octets(value, field, octets);
}

bool field_selector(const struct asn1_value *value, const OCTET_STRING_t *field,
                    struct osi_selector *selector_r)
{
  *selector_r = (struct osi_selector){0};
  if (field == NULL) {
    return true;
  }
  g_autoptr(GBytes) bytes = field_bytes(value, field);
  gsize size;
  const void *octets = g_bytes_get_data(bytes, &size);
  if (size > OSI_SELECTOR_MAX) {
    return false;
  }
  selector_r->present = true;
  selector_r->length = (guint8)size;
  if (size > 0) {
    memcpy(selector_r->octets, octets, size);
  }
  return true;
}

OCTET_STRING_t *field_new_selector(struct asn1_value *value, const struct osi_selector *selector)
{
  if (!selector->present) {
    return NULL;
  }
  OCTET_STRING_t *field = asn1_new_field(OCTET_STRING_t);
  g_autoptr(GBytes) bytes = g_bytes_new(selector->octets, selector->length);
  field_put_bytes(value, field, bytes);
  return field;
}

guint field_uint(const long *field, guint max, guint otherwise)
{
  return field != NULL && *field >= 0 && (gulong)*field <= max ? (guint)*field : otherwise;
}

long *field_new_long(long number)
{
  long *field = asn1_new_field(long);
  *field = number;
  return field;
}

OBJECT_IDENTIFIER_t *field_new_oid(enum oid oid)
{
  OBJECT_IDENTIFIER_t *field = asn1_new_field(OBJECT_IDENTIFIER_t);
  oid_put(field, oid);
  return field;
}

char *field_dotted(const OBJECT_IDENTIFIER_t *field)
{
  g_autoptr(GString) text = g_string_new(NULL);
  if (!oid_to_dotted(field->buf, (gsize)MAX(field->size, 0), text)) {
    g_string_assign(text, "(no object identifier)");
  }
  return g_string_free(g_steal_pointer(&text), FALSE);
}
