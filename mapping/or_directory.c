/* Directory names as RFC 4514 writes them: the most specific on the left. */
#include "mapping/or_asn1.h"

#include "asn1/charset.h"

#include <string.h>

#include <AttributeTypeAndValue.h>
#include <Name.h>
#include <RelativeDistinguishedName.h>

enum { OCTETS_MAX = 1024, RDNS_MAX = 64 };

/* RFC 4514 section 3, by the octets of the identifiers' encodings (2.5.4.x, and RFC 1274's). */
static const struct {
  const char *octets;
  gsize length;
  const char *name;
} TYPES[] = {
    {"\x55\x04\x03", 3, "CN"},
    {"\x55\x04\x06", 3, "C"},
    {"\x55\x04\x07", 3, "L"},
    {"\x55\x04\x08", 3, "ST"},
    {"\x55\x04\x09", 3, "STREET"},
    {"\x55\x04\x0a", 3, "O"},
    {"\x55\x04\x0b", 3, "OU"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10, "DC"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 10, "UID"},
};

/* Arcs of seven bits per octet; one that is longer than 63 bits is cut, which only a name for people bears.
 */
static void append_oid(GString *out, const guint8 *octets, gsize length)
{
  guint64 arc = 0;
  bool first = true;
  for (gsize i = 0; i < length; i++) {
    arc = arc << 7 | (octets[i] & 0x7f);
    if (octets[i] & 0x80)
      continue;
    if (first) {
      guint64 top = MIN(arc / 40, 2);
      g_string_append_printf(out, "%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, top, arc - top * 40);
    } else {
      g_string_append_printf(out, ".%" G_GUINT64_FORMAT, arc);
    }
    first = false;
    arc = 0;
  }
}

static void append_type(GString *out, const OBJECT_IDENTIFIER_t *type)
{
  for (gsize i = 0; i < G_N_ELEMENTS(TYPES); i++)
    if ((gsize)type->size == TYPES[i].length && memcmp(type->buf, TYPES[i].octets, TYPES[i].length) == 0) {
      g_string_append(out, TYPES[i].name);
      return;
    }
  append_oid(out, type->buf, (gsize)type->size);
}

static void append_escaped(GString *out, const char *text)
{
  gsize last = strlen(text) - 1;
  for (gsize i = 0; text[i]; i++) {
    bool edge = (text[i] == ' ' && (i == 0 || i == last)) || (text[i] == '#' && i == 0);
    if (edge || strchr("\"+,;<>\\", text[i]))
      g_string_append_c(out, '\\');
    g_string_append_c(out, text[i]);
  }
}

/* The set of characters of a string's tag; false: not a string, or with more than a short length. */
static bool string_charset(guint8 tag, enum charset *charset_r)
{
  switch (tag) {
  case 0x0c:
    *charset_r = CHARSET_UTF8;
    return true;
  case 0x12:
  case 0x13:
  case 0x16:
  case 0x1a:
    *charset_r = CHARSET_IA5;
    return true;
  case 0x14:
    *charset_r = CHARSET_TELETEX;
    return true;
  case 0x1c:
    *charset_r = CHARSET_UNIVERSAL;
    return true;
  case 0x1e:
    *charset_r = CHARSET_BMP;
    return true;
  default:
    return false;
  }
}

/* A string as text, anything else as "#" and its octets in hexadecimal (RFC 4514 2.4). */
static void append_value(GString *out, const struct asn1_value *value, const ANY_t *any)
{
  g_autoptr(octets_t) octets = asn1_octets(value, any);
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, OCTETS_MAX, NULL);
  gsize length = 0;
  const guint8 *data = bytes ? g_bytes_get_data(bytes, &length) : NULL;
  enum charset charset;
  gsize head = length > 2 && data[1] == 0x81 ? 3 : 2;
  if (length > head && data[head - 1] == length - head && string_charset(data[0], &charset)) {
    g_autofree char *text = charset_to_utf8(charset, data + head, length - head, NULL);
    append_escaped(out, text);
    return;
  }
  g_string_append_c(out, '#');
  for (gsize i = 0; i < length; i++)
    g_string_append_printf(out, "%02x", data[i]);
}

char *or_directory_name(const struct asn1_value *value, const struct Name *name)
{
  if (name->present != Name_PR_rdnSequence || name->choice.rdnSequence.list.count == 0)
    return NULL;
  GString *out = g_string_new(NULL);
  for (int i = MIN(name->choice.rdnSequence.list.count, RDNS_MAX); i-- > 0;) {
    const RelativeDistinguishedName_t *rdn = name->choice.rdnSequence.list.array[i];
    g_string_append(out, out->len ? "," : "");
    for (int j = 0; j < MIN(rdn->list.count, RDNS_MAX); j++) {
      const AttributeTypeAndValue_t *one = rdn->list.array[j];
      g_string_append(out, j ? "+" : "");
      append_type(out, &one->type);
      g_string_append_c(out, '=');
      append_value(out, value, &one->value);
    }
  }
  return g_string_free(out, FALSE);
}
