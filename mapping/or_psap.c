#include "mapping/or_asn1.h"

#include <string.h>

#include <PresentationAddress.h>

enum { OCTETS_MAX = 128 };

static void append_hex(GString *out, const struct asn1_value *value, const OCTET_STRING_t *field)
{
  g_autoptr(octets_t) octets = asn1_octets(value, field);
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, OCTETS_MAX, NULL);
  gsize length = 0;
  const guint8 *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;
  for (gsize i = 0; i < length; i++)
    g_string_append_printf(out, "%02X", data[i]);
}

static void append_selector(GString *out, const struct asn1_value *value, const OCTET_STRING_t *selector)
{
  if (selector) {
    g_string_append_c(out, '\'');
    append_hex(out, value, selector);
    g_string_append(out, "'H");
  }
  g_string_append_c(out, '/');
}

char *or_psap_format(const struct asn1_value *value, const struct PresentationAddress *address)
{
  GString *out = g_string_new(NULL);
  if (address->pSelector)
    append_selector(out, value, address->pSelector);
  if (address->pSelector || address->sSelector)
    append_selector(out, value, address->sSelector);
  if (address->pSelector || address->sSelector || address->tSelector)
    append_selector(out, value, address->tSelector);
  for (int i = 0; i < address->nAddresses.list.count; i++) {
    g_string_append(out, i ? "_NS+" : "NS+");
    append_hex(out, value, address->nAddresses.list.array[i]);
  }
  return g_string_free(out, FALSE);
}

/* Hexadecimal digits to octets; NULL when they are none, too many, or an odd number. */
static GBytes *unhex(const char *digits, gsize length)
{
  if (length % 2 || length / 2 > OCTETS_MAX)
    return NULL;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  for (gsize i = 0; i < length; i += 2) {
    int high = g_ascii_xdigit_value(digits[i]), low = g_ascii_xdigit_value(digits[i + 1]);
    if (high < 0 || low < 0)
      return NULL;
    g_byte_array_append(octets, &(guint8){(guint8)(high << 4 | low)}, 1);
  }
  return g_byte_array_free_to_bytes(g_steal_pointer(&octets));
}

static OCTET_STRING_t *new_field(struct asn1_value *value, GBytes *bytes)
{
  OCTET_STRING_t *field = asn1_new_field(OCTET_STRING_t);
  g_autoptr(octets_t) octets = octets_new_bytes(bytes);
  asn1_put_octets(value, field, octets);
  return field;
}

/* "'6162'H"; of no length: absent. */
static bool parse_selector(const char *text, gsize length, struct asn1_value *value, OCTET_STRING_t **field_r)
{
  if (length == 0)
    return true;
  if (length < 3 || text[0] != '\'' || text[length - 2] != '\'' || g_ascii_toupper(text[length - 1]) != 'H')
    return false;
  g_autoptr(GBytes) bytes = unhex(text + 1, length - 3);
  if (bytes && field_r)
    *field_r = new_field(value, bytes);
  return bytes != NULL;
}

static bool parse_networks(const char *text, struct asn1_value *value,
                           struct PresentationAddress *structure_r)
{
  g_auto(GStrv) networks = g_strsplit(text, "_", 9);
  for (guint i = 0; networks[i]; i++) {
    g_autoptr(GBytes) bytes = NULL;
    if (i < 8 && g_ascii_strncasecmp(networks[i], "NS+", 3) == 0 && networks[i][3])
      bytes = unhex(networks[i] + 3, strlen(networks[i] + 3));
    if (!bytes)
      return false;
    if (structure_r)
      ASN_SET_ADD(&structure_r->nAddresses.list, new_field(value, bytes));
  }
  return networks[0] != NULL;
}

bool or_psap_parse(const char *text, struct asn1_value *value, struct PresentationAddress *structure_r)
{
  OCTET_STRING_t **fields[3] = {NULL, NULL, NULL};
  if (structure_r) {
    fields[0] = &structure_r->tSelector;
    fields[1] = &structure_r->sSelector;
    fields[2] = &structure_r->pSelector;
  }
  const char *last = strrchr(text, '/');
  const char *networks = last ? last + 1 : text, *end = last;
  for (guint i = 0; end; i++) {
    const char *start = end;
    while (start > text && start[-1] != '/')
      start--;
    if (i == 3 || !parse_selector(start, (gsize)(end - start), value, fields[i]))
      return false;
    end = start > text ? start - 1 : NULL;
  }
  return parse_networks(networks, value, structure_r);
}
