/* military.c - contract: military.h.
 *
 * One table: the extension, its type, its field, what makes the body. What RFC 6477 has no field for (address list
 * indicator, pilot forwarding information, security labels) is listed as discarded with the other extensions. */
#include "mapping/military.h"

#include <string.h>

#include <IPMSExtension.h>
#include <MilitaryAuthorisation.h>
#include <MilitaryCodress.h>
#include <MilitaryDistributionCodes.h>
#include <MilitaryMessageType.h>
#include <MilitaryOtherRecipient.h>
#include <MilitaryOtherRecipients.h>
#include <MilitaryPrecedence.h>
#include <MilitaryString.h>
#include <MilitaryStrings.h>
#include <ORDescriptors.h>
#include <named_numbers.h>

enum { STRING_LIMIT = 256 };

struct telling {
  struct from_x400 *from;
  const struct asn1_value *value; /* the extension's */
  const void *structure;
  const char *field;
};
/* The body of the field; NULL: it is written, or there is none. */
typedef char *tell_function(const struct telling *telling);

/* "3 (immediate)" */
static char *labelled(const char *type, long number)
{
  const char *name = named_number(type, number);
  return name ? g_strdup_printf("%ld (%s)", number, name) : g_strdup_printf("%ld", number);
}

static char *tell_precedence(const struct telling *telling)
{
  return labelled("MilitaryPrecedence", *(const long *)telling->structure);
}

static char *tell_number(const struct telling *telling)
{
  return g_strdup_printf("%ld", *(const long *)telling->structure);
}

static char *tell_string(const struct telling *telling)
{
  return x400_text(telling->value, CHARSET_IA5, telling->structure, STRING_LIMIT);
}

static char *tell_time(const struct telling *telling)
{
  struct mail_time time;
  if (!x400_time_get(telling->structure, &time))
    return NULL;
  GString *text = g_string_new(NULL);
  mail_time_format(&time, text);
  return g_string_free(text, FALSE);
}

static void append_string(const struct telling *telling, const struct OCTET_STRING *string, GString *out)
{
  g_autofree char *text = x400_text(telling->value, CHARSET_IA5, string, STRING_LIMIT);
  g_string_append_printf(out, "%s%s", out->len ? "; " : "", text);
}

static char *join(const struct telling *telling, const MilitaryStrings_t *strings)
{
  GString *text = g_string_new(NULL);
  for (int i = 0; strings && i < strings->list.count; i++)
    append_string(telling, strings->list.array[i], text);
  return g_string_free(text, FALSE);
}

static char *tell_strings(const struct telling *telling)
{
  return join(telling, telling->structure);
}

/* RFC 6477 5: of distribution codes the subject indicator codes alone. */
static char *tell_codes(const struct telling *telling)
{
  const MilitaryDistributionCodes_t *codes = telling->structure;
  if (codes->dist_extensions && codes->dist_extensions->list.count)
    mapping_loss(telling->from->losses, "%s: distribution extensions are discarded (RFC 6477 5)", telling->field);
  return join(telling, codes->sics);
}

static char *tell_type(const struct telling *telling)
{
  const MilitaryMessageType_t *type = telling->structure;
  char *text = labelled("MilitaryType", type->type);
  if (!type->identifier)
    return text;
  g_autofree char *plain = text,
                  *name = x400_text(telling->value, CHARSET_IA5, type->identifier, STRING_LIMIT);
  for (char *c = name; *c; c++)
    if (strchr("\"\\", *c))
      *c = '\''; /* no PrintableString has them */
  return g_strdup_printf("%s; identifier=\"%s\"", plain, name);
}

static char *designators(const struct telling *telling, long type)
{
  const MilitaryOtherRecipients_t *others = telling->structure;
  GString *text = g_string_new(NULL);
  for (int i = 0; i < others->list.count; i++)
    if (others->list.array[i]->type == type)
      append_string(telling, &others->list.array[i]->designator, text);
  return g_string_free(text, FALSE);
}

static char *tell_others_to(const struct telling *telling)
{
  return designators(telling, 0);
}

static char *tell_others_cc(const struct telling *telling)
{
  return designators(telling, 1);
}

static char *tell_addresses(const struct telling *telling)
{
  const ORDescriptors_t *addresses = telling->structure;
  const struct asn1_value *content = telling->from->value;
  telling->from->value = telling->value;
  heading_descriptors(telling->from, telling->field, addresses);
  telling->from->value = content;
  return NULL;
}

static const struct row {
  enum oid extension;
  const struct asn_TYPE_descriptor_s *type;
  const char *field;
  tell_function *tell;
} rows[] = {
    /* clang-format off: one row a line, its mark behind it */
    {OID_MM_EXEMPTED_ADDRESS, &asn_DEF_ORDescriptors, "MMHS-Exempted-Address", tell_addresses}, /* MM:exempted-address */
    {OID_MM_EXTENDED_AUTHORISATION_INFO, &asn_DEF_MilitaryAuthorisation, "MMHS-Extended-Authorisation-Info", tell_time}, /* MM:extended-authorisation-info */
    {OID_MM_DISTRIBUTION_CODES, &asn_DEF_MilitaryDistributionCodes, "MMHS-Subject-Indicator-Codes", tell_codes}, /* MM:distribution-codes */
    {OID_MM_HANDLING_INSTRUCTIONS, &asn_DEF_MilitaryStrings, "MMHS-Handling-Instructions", tell_strings}, /* MM:handling-instructions */
    {OID_MM_MESSAGE_INSTRUCTIONS, &asn_DEF_MilitaryStrings, "MMHS-Message-Instructions", tell_strings}, /* MM:message-instructions */
    {OID_MM_CODRESS_MESSAGE, &asn_DEF_MilitaryCodress, "MMHS-Codress-Message-Indicator", tell_number}, /* MM:codress-message */
    {OID_MM_ORIGINATOR_REFERENCE, &asn_DEF_MilitaryString, "MMHS-Originator-Reference", tell_string}, /* MM:originator-reference */
    {OID_MM_PRIMARY_PRECEDENCE, &asn_DEF_MilitaryPrecedence, "MMHS-Primary-Precedence", tell_precedence}, /* MM:primary-precedence */
    {OID_MM_COPY_PRECEDENCE, &asn_DEF_MilitaryPrecedence, "MMHS-Copy-Precedence", tell_precedence}, /* MM:copy-precedence */
    {OID_MM_MESSAGE_TYPE, &asn_DEF_MilitaryMessageType, "MMHS-Message-Type", tell_type}, /* MM:message-type */
    {OID_MM_OTHER_RECIPIENTS_INDICATOR, &asn_DEF_MilitaryOtherRecipients, "MMHS-Other-Recipients-Indicator-To", tell_others_to}, /* MM:other-recipients-indicator */
    {OID_MM_OTHER_RECIPIENTS_INDICATOR, &asn_DEF_MilitaryOtherRecipients, "MMHS-Other-Recipients-Indicator-CC", tell_others_cc}, /* MM:other-recipients-indicator */
    {OID_MM_ACP127_MESSAGE_IDENTIFIER, &asn_DEF_MilitaryString, "MMHS-Acp127-Message-Identifier", tell_string}, /* MM:acp127-message-identifier */
    {OID_MM_ORIGINATOR_PLAD, &asn_DEF_MilitaryString, "MMHS-Originator-PLAD", tell_string}, /* MM:originator-plad */
    /* clang-format on */
};

bool military_tells(const struct asn1_value *value, const struct IPMSExtension *extension)
{
  enum oid oid = oid_get(&extension->type);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (oid == rows[i].extension) {
      g_autoptr(asn1_value_t) read = x400_heading_extension_value(value, extension, rows[i].type);
      return read;
    }
  return false;
}

void military_from_x400(struct from_x400 *from, const struct IPMSExtensions *extensions)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(asn1_value_t) value = x400_heading_extension_value(
        from->value, x400_heading_extension(extensions, rows[i].extension), rows[i].type);
    struct telling telling = {from, value, value ? asn1_value_get(value) : NULL, rows[i].field};
    g_autofree char *body = value ? rows[i].tell(&telling) : NULL;
    if (body && *body)
      mime_writer_field(from->writer, rows[i].field, body);
  }
}
