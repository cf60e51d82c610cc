/* print.c - decoded values for people and programs (contract: codec.h, asn1_print()).
 *
 * One walk along the descriptors tells a printer what it meets: a group opens, a leaf, a group closes.  Text,
 * XML and JSON differ only in what they write then. */
#include "asn1/charset.h"
#include "asn1/codec.h"
#include "asn1/descriptor.h"
#include "asn1/oids.h"

#include <string.h>

#include <BIT_STRING.h>
#include <BOOLEAN.h>
#include <INTEGER.h>
#include <NativeInteger.h>
#include <OCTET_STRING.h>
#include <asn_SET_OF.h>
#include <asn_codecs_prim.h>
#include <named_numbers.h>

enum { INNER_DEPTH_MAX = 32 };

struct printer {
  const struct asn1_value *value;
  enum asn1_format format;
  guint level, base; /* of indentation; where the value itself stands */
  gsize cut;
  bool first; /* JSON: nothing stands in the open group yet */
  asn1_inner inner;
  void *user;
  guint depth; /* of values inside strings */
  GString *out;
};

/* How a place is named: a member, or an element of a list (then name is NULL). */
struct label {
  const char *name;
  int index;
};

/* What a leaf says, in the parts that the formats need. */
struct leaf {
  const char *text; /* the value: digits, dotted arcs, text, hexadecimal digits, bits */
  const char *name; /* of the number or identifier; or NULL */
  enum leaf_kind { LEAF_BARE, LEAF_TEXT, LEAF_HEX, LEAF_BITS, LEAF_ARCS, LEAF_NUMBER } kind;
  guint64 length; /* of the string in octets, when text is cut; else 0 */
};

/* --- writing
 * -------------------------------------------------------------------------------------------------- */

static void indent(struct printer *printer)
{
  for (guint i = 0; i < printer->level; i++)
    g_string_append(printer->out, "  ");
}

static void append_escaped(GString *out, const char *text)
{
  for (; *text; text++) {
    switch (*text) {
    case '"':
    case '\\':
      g_string_append_c(out, '\\');
      g_string_append_c(out, *text);
      break;
    case '\n':
      g_string_append(out, "\\n");
      break;
    case '\r':
      g_string_append(out, "\\r");
      break;
    case '\t':
      g_string_append(out, "\\t");
      break;
    default:
      g_string_append_c(out, *text);
    }
  }
}

static const char *xml_name(struct label label)
{
  return label.name ? label.name : "item";
}

static void json_label(struct printer *printer, struct label label)
{
  if (printer->level == printer->base)
    return; /* where the value stands is the caller's */
  g_string_append(printer->out, printer->first ? "\n" : ",\n");
  printer->first = false;
  indent(printer);
  if (label.name)
    g_string_append_printf(printer->out, "\"%s\": ", label.name);
}

static void open_group(struct printer *printer, struct label label, bool list)
{
  switch (printer->format) {
  case ASN1_TEXT:
    indent(printer);
    if (label.name)
      g_string_append_printf(printer->out, "%s\n", label.name);
    else
      g_string_append_printf(printer->out, "[%d]\n", label.index);
    break;
  case ASN1_XML:
    indent(printer);
    g_string_append_printf(printer->out, "<%s>\n", xml_name(label));
    break;
  case ASN1_JSON:
    json_label(printer, label);
    g_string_append_c(printer->out, list ? '[' : '{');
    printer->first = true;
    break;
  }
  printer->level++;
}

static void close_group(struct printer *printer, struct label label, bool list)
{
  printer->level--;
  switch (printer->format) {
  case ASN1_TEXT:
    break;
  case ASN1_XML:
    indent(printer);
    g_string_append_printf(printer->out, "</%s>\n", xml_name(label));
    break;
  case ASN1_JSON:
    if (!printer->first) {
      g_string_append_c(printer->out, '\n');
      indent(printer);
    }
    g_string_append_c(printer->out, list ? ']' : '}');
    printer->first = false;
    break;
  }
}

static void text_leaf(GString *out, const struct leaf *leaf)
{
  switch (leaf->kind) {
  case LEAF_TEXT:
    g_string_append_c(out, '"');
    append_escaped(out, leaf->text);
    g_string_append_c(out, '"');
    break;
  case LEAF_HEX:
    g_string_append_printf(out, "'%s'H", leaf->text);
    break;
  case LEAF_BITS:
    g_string_append_printf(out, "'%s'B", leaf->text);
    break;
  case LEAF_BARE:
  case LEAF_ARCS:
  case LEAF_NUMBER:
    g_string_append(out, leaf->text);
    break;
  }
  if (leaf->name)
    g_string_append_printf(out, " (%s)", leaf->name);
  if (leaf->length)
    g_string_append_printf(out, "... %" G_GUINT64_FORMAT " octets", leaf->length);
}

static void xml_leaf(struct printer *printer, struct label label, const struct leaf *leaf)
{
  static const char *const forms[] = {
      [LEAF_HEX] = " form=\"hex\"", [LEAF_BITS] = " form=\"bits\"", [LEAF_NUMBER] = NULL};
  GString *out = printer->out;
  g_autofree char *text = g_markup_escape_text(leaf->text, -1);
  g_string_append_printf(out, "<%s%s", xml_name(label), forms[leaf->kind] ? forms[leaf->kind] : "");
  if (leaf->name) {
    g_autofree char *name = g_markup_escape_text(leaf->name, -1);
    g_string_append_printf(out, " name=\"%s\"", name);
  }
  if (leaf->length)
    g_string_append_printf(out, " length=\"%" G_GUINT64_FORMAT "\"", leaf->length);
  g_string_append_printf(out, ">%s</%s>\n", text, xml_name(label));
}

/* A plain text or number where that says all, else an object. */
static void json_leaf(GString *out, const struct leaf *leaf)
{
  static const char *const members[] = {[LEAF_BARE] = "value", [LEAF_TEXT] = "text", [LEAF_HEX] = "hex",
                                        [LEAF_BITS] = "bits",  [LEAF_ARCS] = "oid",  [LEAF_NUMBER] = "value"};
  bool quoted = leaf->kind != LEAF_BARE && leaf->kind != LEAF_NUMBER;
  bool object = leaf->name || leaf->length || leaf->kind == LEAF_HEX || leaf->kind == LEAF_BITS;
  if (object)
    g_string_append_printf(out, "{\"%s\": ", members[leaf->kind]);
  if (quoted)
    g_string_append_c(out, '"');
  append_escaped(out, leaf->text);
  if (quoted)
    g_string_append_c(out, '"');
  if (leaf->name)
    g_string_append_printf(out, ", \"name\": \"%s\"", leaf->name);
  if (leaf->length)
    g_string_append_printf(out, ", \"length\": %" G_GUINT64_FORMAT, leaf->length);
  if (object)
    g_string_append_c(out, '}');
}

static void print_leaf(struct printer *printer, struct label label, const struct leaf *leaf)
{
  switch (printer->format) {
  case ASN1_TEXT:
    indent(printer);
    if (label.name)
      g_string_append_printf(printer->out, "%s: ", label.name);
    else
      g_string_append_printf(printer->out, "[%d]: ", label.index);
    text_leaf(printer->out, leaf);
    g_string_append_c(printer->out, '\n');
    break;
  case ASN1_XML:
    indent(printer);
    xml_leaf(printer, label, leaf);
    break;
  case ASN1_JSON:
    json_label(printer, label);
    json_leaf(printer->out, leaf);
    break;
  }
}

/* --- leaves
 * ---------------------------------------------------------------------------------------------------- */

/* Whether octets are text that a terminal, an XML parser and a JSON parser take; when the string was cut, a
 * character that the cut broke is taken off. */
static bool is_text(const guint8 *octets, gsize *length, bool is_cut)
{
  const char *text = (const char *)octets, *end = text;
  if (!g_utf8_validate(text, (gssize)*length, &end)) {
    if (!is_cut || text + *length - end >= 4)
      return false;
    *length = (gsize)(end - text);
  }
  for (const char *at = text; at < text + *length; at = g_utf8_next_char(at)) {
    gunichar character = g_utf8_get_char(at);
    if (!g_unichar_isprint(character) && character != '\t' && character != '\r' && character != '\n')
      return false;
  }
  return true;
}

static char *to_hex(const guint8 *octets, gsize length)
{
  GString *hex = g_string_sized_new(2 * length);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf(hex, "%02X", octets[i]);
  return g_string_free(hex, FALSE);
}

/* Text in the character set that the string's type says, when nothing in it is lost. */
static char *in_charset(const asn_TYPE_descriptor_t *type, const guint8 *octets, gsize *length, bool is_cut)
{
  static const struct {
    guint universal;
    enum charset charset;
  } charsets[] = {{20, CHARSET_TELETEX}, {21, CHARSET_TELETEX}, {7, CHARSET_GENERAL},   {25, CHARSET_GENERAL},
                  {27, CHARSET_GENERAL}, {30, CHARSET_BMP},     {28, CHARSET_UNIVERSAL}};
  if (is_text(octets, length, is_cut) && descriptor_universal(type) != 30 << 2)
    return g_strndup((const char *)octets, *length);
  for (gsize i = 0; i < G_N_ELEMENTS(charsets); i++) {
    if (descriptor_universal(type) != charsets[i].universal << 2)
      continue;
    struct charset_loss loss = {0};
    g_autofree char *text = charset_to_utf8(charsets[i].charset, octets, *length, &loss);
    gsize shown = strlen(text);
    if (!loss.substituted && is_text((const guint8 *)text, &shown, false))
      return g_steal_pointer(&text);
  }
  return NULL;
}

static void print_string(struct printer *printer, struct label label, const asn_TYPE_descriptor_t *type,
                         const OCTET_STRING_t *string, const char *note)
{
  g_autoptr(octets_t) octets = asn1_octets(printer->value, string);
  guint64 length = octets_length(octets);
  bool is_cut = length > printer->cut;
  gsize shown = is_cut ? printer->cut : (gsize)length;
  g_autofree guint8 *head = g_malloc(shown + 1);
  g_autoptr(GError) error = NULL;
  if (!octets_read(octets, 0, head, shown, &error)) {
    print_leaf(printer, label, &(struct leaf){error->message, NULL, LEAF_TEXT, length});
    return;
  }
  bool opaque = descriptor_kind(type) == KIND_ANY || descriptor_kind(type) == KIND_BITS;
  g_autofree char *text = opaque ? NULL : in_charset(type, head, &shown, is_cut);
  g_autofree char *hex = text ? NULL : to_hex(head, shown);
  print_leaf(printer, label,
             &(struct leaf){text ? text : hex, note, text ? LEAF_TEXT : LEAF_HEX, is_cut ? length : 0});
}

static void print_value(struct printer *printer, struct label label, const struct asn1_place *place,
                        const asn_TYPE_descriptor_t *type, const void *structure);

/* A string that is BER in itself is printed as the value that it holds; when it cannot be read, as octets,
 * with the reason beside them. */
static void print_string_or_inner(struct printer *printer, struct label label, const struct asn1_place *place,
                                  const asn_TYPE_descriptor_t *type, const OCTET_STRING_t *string)
{
  const asn_TYPE_descriptor_t *inner = NULL;
  g_autoptr(octets_t) octets = NULL;
  if (printer->inner && place && printer->depth < INNER_DEPTH_MAX) {
    octets = asn1_octets(printer->value, string);
    inner = printer->inner(place, printer->value, octets, printer->user);
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value = inner ? asn1_decode(inner, octets, NULL, &error) : NULL;
  if (!value) {
    print_string(printer, label, type, string, error ? error->message : NULL);
    return;
  }
  const struct asn1_value *outer = printer->value;
  printer->value = value;
  printer->depth++;
  print_value(printer, label, NULL, inner, asn1_value_get(value));
  printer->depth--;
  printer->value = outer;
}

static void print_bits(struct printer *printer, struct label label, const asn_TYPE_descriptor_t *type,
                       const BIT_STRING_t *bits)
{
  enum { BITS_SHOWN = 128 };
  g_autoptr(octets_t) octets = asn1_octets(printer->value, (const OCTET_STRING_t *)(const void *)bits);
  guint64 count = octets_length(octets) * 8 - (octets_length(octets) ? (guint64)(bits->bits_unused & 7) : 0);
  guint8 head[BITS_SHOWN / 8] = {0};
  if (count > BITS_SHOWN) {
    print_string(printer, label, type, (const OCTET_STRING_t *)(const void *)bits, NULL);
    return;
  }
  char digits[BITS_SHOWN + 1] = "";
  g_autoptr(GString) names = g_string_new(NULL);
  if (octets_read(octets, 0, head, (gsize)octets_length(octets), NULL))
    for (guint i = 0; i < count; i++) {
      digits[i] = head[i / 8] >> (7 - i % 8) & 1 ? '1' : '0';
      const char *name = digits[i] == '1' ? named_number(type->name, i) : NULL;
      if (name)
        g_string_append_printf(names, "%s%s", names->len ? ", " : "", name);
    }
  print_leaf(printer, label, &(struct leaf){digits, names->len ? names->str : NULL, LEAF_BITS, 0});
}

/* The name that the module gives a number: to a type's, or to one of a member that has no type of its own. */
static const char *number_name(const asn_TYPE_descriptor_t *type, const struct asn1_place *place, long number)
{
  const char *name = named_number(type->name, number);
  if (name || !place || !place->member)
    return name;
  g_autofree char *member = g_strdup_printf("%s--%s", place->type->name, place->member);
  return named_number(member, number);
}

static void print_number(struct printer *printer, struct label label, const struct asn1_place *place,
                         const asn_TYPE_descriptor_t *type, long number)
{
  char digits[24];
  g_snprintf(digits, sizeof digits, "%ld", number);
  print_leaf(printer, label, &(struct leaf){digits, number_name(type, place, number), LEAF_NUMBER, 0});
}

/* Object identifiers by their arcs, large numbers that are small as numbers, all else in hexadecimal. */
static void print_primitive(struct printer *printer, struct label label, const asn_TYPE_descriptor_t *type,
                            const ASN__PRIMITIVE_TYPE_t *primitive)
{
  g_autoptr(GString) dotted = g_string_new(NULL);
  gsize length = (gsize)primitive->size;
  if (descriptor_universal(type) == UNIVERSAL_OID && oid_to_dotted(primitive->buf, length, dotted)) {
    enum oid oid = oid_find(primitive->buf, length);
    const char *name = oid == OID_UNKNOWN ? NULL : oid_name(oid);
    print_leaf(printer, label, &(struct leaf){dotted->str, name, LEAF_ARCS, 0});
    return;
  }
  long number;
  if (descriptor_universal(type) == UNIVERSAL_INTEGER && length > 0 && length <= sizeof number &&
      asn_INTEGER2long(primitive, &number) == 0) {
    print_number(printer, label, NULL, type, number);
    return;
  }
  g_autofree char *hex = to_hex(primitive->buf, length);
  print_leaf(printer, label, &(struct leaf){hex, NULL, LEAF_HEX, 0});
}

/* --- the walk
 * ------------------------------------------------------------------------------------------------------ */

static void print_members(struct printer *printer, struct label label, const struct asn1_place *up,
                          const asn_TYPE_descriptor_t *type, const void *structure)
{
  open_group(printer, label, false);
  for (int i = 0; i < type->elements_count; i++) {
    const asn_TYPE_member_t *member = &type->elements[i];
    const void *value = descriptor_member(member, structure);
    struct asn1_place place = {up, type, structure, member->name};
    if (value)
      print_value(printer, (struct label){member->name, 0}, &place, member->type, value);
  }
  close_group(printer, label, false);
}

static void print_list(struct printer *printer, struct label label, const struct asn1_place *up,
                       const asn_TYPE_descriptor_t *type, const void *structure)
{
  const asn_anonymous_set_ *list = structure;
  struct asn1_place place = {up, type, structure, NULL};
  open_group(printer, label, true);
  for (int i = 0; i < list->count; i++)
    print_value(printer, (struct label){NULL, i}, &place, type->elements[0].type, list->array[i]);
  close_group(printer, label, true);
}

/* In text an alternative stands on the line of its CHOICE: "country-name.iso-3166-alpha2-code". */
static void print_choice(struct printer *printer, struct label label, const struct asn1_place *up,
                         const asn_TYPE_descriptor_t *type, const void *structure)
{
  int present = descriptor_present(type, structure);
  const asn_TYPE_member_t *member = present >= 0 ? &type->elements[present] : NULL;
  const void *value = member ? descriptor_member(member, structure) : NULL;
  struct asn1_place place = {up, type, structure, member ? member->name : NULL};
  if (!value)
    print_leaf(printer, label, &(struct leaf){"unknown alternative", NULL, LEAF_TEXT, 0});
  else if (printer->format == ASN1_TEXT) {
    g_autofree char *name = label.name ? g_strdup_printf("%s.%s", label.name, member->name)
                                       : g_strdup_printf("[%d].%s", label.index, member->name);
    print_value(printer, (struct label){name, 0}, &place, member->type, value);
  } else {
    open_group(printer, label, false);
    print_value(printer, (struct label){member->name, 0}, &place, member->type, value);
    close_group(printer, label, false);
  }
}

static void print_value(struct printer *printer, struct label label, const struct asn1_place *place,
                        const asn_TYPE_descriptor_t *type, const void *structure)
{
  switch (descriptor_kind(type)) {
  case KIND_SEQUENCE:
  case KIND_SET:
    print_members(printer, label, place, type, structure);
    break;
  case KIND_LIST:
    print_list(printer, label, place, type, structure);
    break;
  case KIND_CHOICE:
    print_choice(printer, label, place, type, structure);
    break;
  case KIND_ANY:
  case KIND_STRING:
    print_string_or_inner(printer, label, place, type, structure);
    break;
  case KIND_BITS:
    print_bits(printer, label, type, structure);
    break;
  case KIND_BOOLEAN:
    print_leaf(printer, label,
               &(struct leaf){*(const BOOLEAN_t *)structure ? "true" : "false", NULL, LEAF_BARE, 0});
    break;
  case KIND_NULL:
    print_leaf(printer, label, &(struct leaf){"null", NULL, LEAF_BARE, 0});
    break;
  case KIND_NATIVE:
    print_number(printer, label, place, type, *(const long *)structure);
    break;
  case KIND_PRIMITIVE:
    print_primitive(printer, label, type, structure);
    break;
  case KIND_UNKNOWN:
    break;
  }
}

void asn1_print_inner(const struct asn1_value *value, enum asn1_format format, guint level, gsize cut,
                      asn1_inner inner, void *user, GString *out)
{
  struct printer printer = {.value = value,
                            .format = format,
                            .level = level,
                            .base = level,
                            .cut = cut,
                            .inner = inner,
                            .user = user,
                            .out = out};
  const asn_TYPE_descriptor_t *type = asn1_value_type(value);
  print_value(&printer, (struct label){type->name, 0}, NULL, type, asn1_value_get(value));
}

void asn1_print(const struct asn1_value *value, enum asn1_format format, guint level, gsize cut, GString *out)
{
  asn1_print_inner(value, format, level, cut, NULL, NULL, out);
}
