/* edi_fields.c - contract: edi_fields.h. */
#include "mapping/edi_fields.h"
#include "mapping/or_address.h"
#include "mapping/or_asn1.h"

#include <stdlib.h>
#include <string.h>

#include <BOOLEAN.h>
#include <ORName.h>

enum { STRING_MAX = 512, ENCODED_MAX = 32768, BITS_MAX = 32 };

/* --- hexadecimal --- */

char *edi_hex(const void *octets, gsize length)
{
  GString *text = g_string_sized_new(2 * length);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf(text, "%02x", ((const guint8 *)octets)[i]);
  return g_string_free(text, FALSE);
}

GByteArray *edi_unhex(const char *text)
{
  gsize length = strlen(text);
  if (length % 2 || text[strspn(text, "0123456789abcdefABCDEF")])
    return NULL;
  GByteArray *octets = g_byte_array_sized_new((guint)length / 2);
  for (gsize i = 0; i < length; i += 2) {
    guint8 octet = (guint8)(g_ascii_xdigit_value(text[i]) << 4 | g_ascii_xdigit_value(text[i + 1]));
    g_byte_array_append(octets, &octet, 1);
  }
  return octets;
}

char *edi_encoded(const struct asn1_value *value, const struct asn_TYPE_descriptor_s *type,
                  const void *structure)
{
  g_autoptr(octets_t) octets = asn1_encode_field(value, type, structure, NULL);
  g_autoptr(GBytes) bytes = octets ? octets_to_bytes(octets, ENCODED_MAX, NULL) : NULL;
  return bytes ? edi_hex(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : NULL;
}

/* --- elements to parameters --- */

struct speaking {
  struct mime_writer *writer;
  const struct asn1_value *value;
};

static void write_string(const struct speaking *speaking, const char *name, const struct OCTET_STRING *field)
{
  g_autoptr(octets_t) octets = asn1_octets(speaking->value, field);
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, STRING_MAX, NULL);
  if (!bytes)
    return;
  gsize length;
  const char *text = g_bytes_get_data(bytes, &length);
  bool plain = true;
  for (gsize i = 0; i < length; i++)
    plain &= text[i] >= 0x20 && text[i] < 0x7F;
  g_autofree char *copy = g_strndup(text ? text : "", length);
  /* What looks like an encoded word would be read as one; spaces at an end could be lost. */
  if (plain && !strstr(copy, "=?") && length && copy[0] != ' ' && copy[length - 1] != ' ') {
    mime_writer_param(speaking->writer, name, copy);
    return;
  }
  g_autofree char *hex = edi_hex(text, length), *other = g_strconcat(name, ".hex", NULL);
  mime_writer_param(speaking->writer, other, hex);
}

static void write_bits(const struct speaking *speaking, const struct edi_element *element,
                       const BIT_STRING_t *bits)
{
  const char *const *names = element->more;
  guint count = g_strv_length((char **)element->more);
  guint32 set = x400_bits_get(bits);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < BITS_MAX; i++) {
    if (!(set & 1u << i))
      continue;
    if (i < count)
      g_string_append_printf(text, "%s%s", text->len ? "," : "", names[i]);
    else
      g_string_append_printf(text, "%s%u", text->len ? "," : "", i);
  }
  if (text->len)
    mime_writer_param(speaking->writer, element->name, text->str);
}

static void write_name(const struct speaking *speaking, const char *name, const struct ORName *field)
{
  g_autoptr(or_address_t) address = or_address_from_asn1(speaking->value, field, NULL);
  g_autofree char *text = address ? or_address_format(address) : NULL;
  if (text)
    mime_writer_param(speaking->writer, name, text);
}

static void write_number(const struct speaking *speaking, const char *name, long number)
{
  g_autofree char *text = g_strdup_printf("%ld", number);
  mime_writer_param(speaking->writer, name, text);
}

static void write_encoded(const struct speaking *speaking, const struct edi_element *element,
                          const void *structure)
{
  g_autofree char *hex = edi_encoded(speaking->value, element->more, structure);
  if (hex)
    mime_writer_param(speaking->writer, element->name, hex);
}

void edi_fields_write(struct mime_writer *writer, const struct asn1_value *value,
                      const struct edi_table *table, const void *structure)
{
  const struct speaking speaking = {writer, value};
  for (gsize i = 0; i < table->count; i++) {
    const struct edi_element *element = &table->elements[i];
    const void *in = (const char *)structure + element->offset;
    bool within =
        element->kind == EDI_STRING_IN || element->kind == EDI_NAME_IN || element->kind == EDI_NUMBER_IN;
    const void *field = within ? in : *(const void *const *)in;
    if (!field)
      continue;
    switch (element->kind) {
    case EDI_STRING:
    case EDI_STRING_IN:
      write_string(&speaking, element->name, field);
      break;
    case EDI_FLAG:
      if (*(const BOOLEAN_t *)field)
        mime_writer_param(writer, element->name, "TRUE");
      break;
    case EDI_OID: {
      g_autofree char *dotted = x400_oid_text(field);
      mime_writer_param(writer, element->name, dotted);
      break;
    }
    case EDI_BITS:
      write_bits(&speaking, element, field);
      break;
    case EDI_NAME:
    case EDI_NAME_IN:
      write_name(&speaking, element->name, field);
      break;
    case EDI_NUMBER:
    case EDI_NUMBER_IN:
      write_number(&speaking, element->name, *(const long *)field);
      break;
    case EDI_ENCODED:
      write_encoded(&speaking, element, field);
      break;
    case EDI_TABLE:
      edi_fields_write(writer, value, element->more, field);
      break;
    }
  }
}

/* --- parameters to elements --- */

/* The octets of a string's parameter; NULL: there is none, or it is none. */
static GByteArray *string_of(const struct mime_params *params, const char *name)
{
  const char *text = mime_params_get(params, name);
  if (text) {
    GByteArray *octets = g_byte_array_new();
    g_byte_array_append(octets, (const guint8 *)text, (guint)strlen(text));
    return octets;
  }
  g_autofree char *other = g_strconcat(name, ".hex", NULL);
  const char *hex = mime_params_get(params, other);
  return hex ? edi_unhex(hex) : NULL;
}

static bool put_octets(struct asn1_value *value, struct OCTET_STRING *field, GByteArray *octets)
{
  g_autoptr(octets_t) rope = octets_new(octets->data, octets->len);
  asn1_put_octets(value, field, rope);
  return true;
}

static bool read_bits(const struct edi_element *element, const char *text, BIT_STRING_t *bits)
{
  const char *const *names = element->more;
  guint count = g_strv_length((char **)element->more), last = 0;
  guint32 set = 0;
  g_auto(GStrv) words = g_strsplit(text, ",", BITS_MAX);
  for (char **word = words; *word; word++) {
    g_strstrip(*word);
    guint bit = BITS_MAX;
    for (guint i = 0; i < count; i++)
      if (!g_ascii_strcasecmp(names[i], *word))
        bit = i;
    if (g_ascii_isdigit(**word))
      bit = (guint)MIN(g_ascii_strtoull(*word, NULL, 10), (guint64)BITS_MAX);
    if (bit >= BITS_MAX)
      return false;
    set |= 1u << bit;
    last = MAX(last, bit + 1);
  }
  x400_bits_put(bits, set, last);
  return true;
}

static bool read_name(struct asn1_value *value, const char *text, struct ORName *name)
{
  g_autoptr(or_address_t) address = or_address_parse(text, NULL);
  if (address)
    or_address_to_asn1(address, value, name);
  return address != NULL;
}

/* Through a decoder of its own: a structure that was read is copied, not shared. */
static void *read_encoded(const struct edi_element *element, const char *text)
{
  g_autoptr(GByteArray) octets = edi_unhex(text);
  struct asn1_value *decoded =
      octets ? asn1_decode_mem(element->more, octets->data, octets->len, NULL, NULL) : NULL;
  return decoded ? asn1_value_steal(decoded) : NULL;
}

static bool read_element(const struct mime_params *params, struct asn1_value *value,
                         const struct edi_element *element, void *structure, GPtrArray *losses)
{
  void *in = (char *)structure + element->offset, **pointer = in;
  if (element->kind == EDI_TABLE) {
    const struct edi_table *table = element->more;
    void *inner = asn1_zalloc(table->size);
    bool any = edi_fields_read(params, value, table, inner, losses);
    if (any)
      *pointer = inner;
    else
      free(inner);
    return any;
  }
  if (element->kind == EDI_STRING || element->kind == EDI_STRING_IN) {
    g_autoptr(GByteArray) octets = string_of(params, element->name);
    if (!octets)
      return false;
    if (element->kind == EDI_STRING)
      *pointer = asn1_new_field(struct OCTET_STRING);
    return put_octets(value, element->kind == EDI_STRING ? *pointer : in, octets);
  }
  const char *text = mime_params_get(params, element->name);
  if (!text)
    return false;
  bool good = true;
  switch (element->kind) {
  case EDI_FLAG:
    if ((good = !g_ascii_strcasecmp(text, "TRUE"))) {
      *pointer = asn1_new_field(BOOLEAN_t);
      *(BOOLEAN_t *)*pointer = 0xFF;
    }
    break;
  case EDI_OID:
    *pointer = asn1_new_field(OBJECT_IDENTIFIER_t);
    if (!(good = oid_put_dotted(*pointer, text))) {
      free(*pointer);
      *pointer = NULL;
    }
    break;
  case EDI_BITS:
    *pointer = asn1_new_field(BIT_STRING_t);
    if (!(good = read_bits(element, text, *pointer))) {
      free(*pointer);
      *pointer = NULL;
    }
    break;
  case EDI_NAME:
    *pointer = asn1_new_field(struct ORName);
    if (!(good = read_name(value, text, *pointer))) {
      free(*pointer);
      *pointer = NULL;
    }
    break;
  case EDI_NAME_IN:
    good = read_name(value, text, in);
    break;
  case EDI_NUMBER:
    *pointer = x400_long((long)g_ascii_strtoll(text, NULL, 10));
    break;
  case EDI_NUMBER_IN:
    *(long *)in = (long)g_ascii_strtoll(text, NULL, 10);
    break;
  default: /* EDI_ENCODED */
    good = (*pointer = read_encoded(element, text)) != NULL;
  }
  if (!good)
    mapping_loss(losses, "EDI field %s: left out (X.435 8.2, 9): %.40s is not well formed", element->name, text);
  return good;
}

bool edi_fields_read(const struct mime_params *params, struct asn1_value *value,
                     const struct edi_table *table, void *structure, GPtrArray *losses)
{
  bool any = false;
  for (gsize i = 0; i < table->count; i++)
    any |= read_element(params, value, &table->elements[i], structure, losses);
  return any;
}
