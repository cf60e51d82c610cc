/* recipient_comment.c - contract: recipient_comment.h.
 *
 * One table: the extension of X.411, its type, what makes words of it. */
#include "mapping/recipient_comment.h"
#include "mapping/envelope.h"

#include <string.h>

#include <PerRecipientMessageTransferFields.h>
#include <PhysicalDeliveryModes.h>
#include <PhysicalDeliveryReportRequest.h>
#include <PhysicalForwardingAddressRequest.h>
#include <PhysicalForwardingProhibited.h>
#include <PhysicalRenditionAttributes.h>
#include <ProofOfDeliveryRequest.h>
#include <RecipientNumberForAdvice.h>
#include <Redirection.h>
#include <RedirectionHistory.h>
#include <RegisteredMailType.h>
#include <RequestedDeliveryMethod.h>

void comment_append(GString *out, const char *text)
{
  g_string_append_printf(out, "%s(", out->len ? " " : "");
  for (; *text; text++) {
    if (strchr("()\\", *text))
      g_string_append_c(out, '\\');
    g_string_append_c(out, g_ascii_iscntrl(*text) ? ' ' : *text);
  }
  g_string_append_c(out, ')');
}

/* --- redirections --- */

const char *envelope_redirection_reason(long reason)
{
  static const char *const reasons[] = {
      "Recipient Assigned Alternate Recipient", "Originator Requested Alternate Recipient",
      "Recipient MD Assigned Alternate Recipient", "Directory Look Up", "Alias"};
  return reason >= 0 && reason < (long)G_N_ELEMENTS(reasons) ? reasons[reason] : "unknown";
}

/* redirect-comment = redirect-first *redirect-subsequent */
static char *redirections(struct from_x400 *from, const struct asn1_value *value, const void *structure)
{
  const RedirectionHistory_t *history = structure;
  if (!history->list.count)
    return NULL;
  GString *text = g_string_new("Originally To:");
  for (int i = 0; i < history->list.count; i++) {
    const Redirection_t *redirection = history->list.array[i];
    g_autofree char *mailbox = job_or_mailbox(
        from->context, value, &redirection->intended_recipient_name.intended_recipient, ADDRESS_HEADING);
    struct mail_time time = {0};
    x400_time_get(&redirection->intended_recipient_name.redirection_time, &time);
    g_string_append_printf(text, " %s %s ", mailbox ? mailbox : "unknown",
                           i ? "Redirected Again on" : "Redirected on");
    mail_time_format(&time, text);
    g_string_append_printf(text, " To: %s", envelope_redirection_reason(redirection->redirection_reason));
  }
  return g_string_free(text, FALSE);
}

/* --- services --- */

static char *requested(const void *structure, const char *words)
{
  return *(const long *)structure ? g_strdup(words) : NULL;
}

static char *forwarding_prohibited(struct from_x400 *from, const struct asn1_value *value,
                                   const void *structure)
{
  (void)from;
  (void)value;
  return requested(structure, "Physical Forwarding Prohibited");
}

static char *forwarding_address(struct from_x400 *from, const struct asn1_value *value, const void *structure)
{
  (void)from;
  (void)value;
  return requested(structure, "Physical Forwarding Address Requested");
}

static char *report_request(struct from_x400 *from, const struct asn1_value *value, const void *structure)
{
  (void)from;
  (void)value;
  return requested(structure, "Physical Delivery Report Requested");
}

static char *proof_of_delivery(struct from_x400 *from, const struct asn1_value *value, const void *structure)
{
  (void)from;
  (void)value;
  return requested(structure, "Proof of Delivery Requested");
}

static char *registered_mail(struct from_x400 *from, const struct asn1_value *value, const void *structure)
{
  (void)from;
  (void)value;
  bool in_person = *(const long *)structure == RegisteredMailType_registered_mail_to_addressee_in_person;
  return requested(structure, in_person ? "Registered Mail to Addressee in Person" : "Registered Mail");
}

/* "Words: a, b" */
static void append_item(GString **text, const char *words, const char *item)
{
  if (*text)
    g_string_append(*text, ", ");
  else
    g_string_append_printf(*text = g_string_new(words), ": ");
  g_string_append(*text, item);
}

static char *end_items(GString *text)
{
  return text ? g_string_free(text, FALSE) : NULL;
}

/* Most preferred first; any method at all is the default. */
static char *delivery_method(struct from_x400 *from, const struct asn1_value *value, const void *structure)
{
  static const char *const methods[] = {"any",    "MHS",    "physical",     "telex",    "teletex",
                                        "G3 fax", "G4 fax", "IA5 terminal", "videotex", "telephone"};
  (void)from;
  (void)value;
  const RequestedDeliveryMethod_t *list = structure;
  GString *text = NULL;
  for (int i = 0; i < list->list.count; i++) {
    long method = *list->list.array[i];
    if (method == 0 && !text)
      return NULL;
    g_autofree char *other = g_strdup_printf("%ld", method);
    append_item(&text, "Requested Delivery Method",
                method >= 0 && method < (long)G_N_ELEMENTS(methods) ? methods[method] : other);
  }
  return end_items(text);
}

/* Ordinary mail is the default. */
static char *delivery_modes(struct from_x400 *from, const struct asn1_value *value, const void *structure)
{
  static const char *const modes[] = {"ordinary mail",
                                      "special delivery",
                                      "express mail",
                                      "counter collection",
                                      "counter collection with telephone advice",
                                      "counter collection with telex advice",
                                      "counter collection with teletex advice",
                                      "bureau fax"};
  (void)from;
  (void)value;
  guint32 bits = x400_bits_get(structure);
  GString *text = NULL;
  for (guint i = 0; bits != 1 && i < G_N_ELEMENTS(modes); i++)
    if (bits & 1u << i)
      append_item(&text, "Physical Delivery Modes", modes[i]);
  return end_items(text);
}

static char *advice_number(struct from_x400 *from, const struct asn1_value *value, const void *structure)
{
  g_autofree char *number = x400_teletex_get(value, from->context->charsets, structure);
  return g_strdup_printf("Recipient Number for Advice: %s", number);
}

static char *rendition(struct from_x400 *from, const struct asn1_value *value, const void *structure)
{
  (void)from;
  (void)value;
  g_autofree char *dotted = x400_oid_text(structure);
  /* id-att-physicalRendition-basic is the default */
  return strcmp(dotted, "2.6.3.5.0") != 0 ? g_strdup_printf("Physical Rendition Attributes: %s", dotted)
                                          : NULL;
}

static const struct row {
  long extension;
  const struct asn_TYPE_descriptor_s *type;
  char *(*words)(struct from_x400 *from, const struct asn1_value *value, const void *structure);
} rows[] = {
    /* clang-format off: one row a line, its mark behind it */
    {StandardExtension_redirection_history, &asn_DEF_RedirectionHistory,
     redirections}, /* X:redirection-history */
    {StandardExtension_requested_delivery_method, &asn_DEF_RequestedDeliveryMethod,
     delivery_method}, /* X:requested-delivery-method */
    {StandardExtension_physical_forwarding_prohibited, &asn_DEF_PhysicalForwardingProhibited,
     forwarding_prohibited}, /* X:physical */
    {StandardExtension_physical_forwarding_address_request, &asn_DEF_PhysicalForwardingAddressRequest,
     forwarding_address}, /* X:physical */
    {StandardExtension_physical_delivery_modes, &asn_DEF_PhysicalDeliveryModes,
     delivery_modes},                                                                       /* X:physical */
    {StandardExtension_registered_mail_type, &asn_DEF_RegisteredMailType, registered_mail}, /* X:physical */
    {StandardExtension_recipient_number_for_advice, &asn_DEF_RecipientNumberForAdvice,
     advice_number}, /* X:physical */
    {StandardExtension_physical_rendition_attributes, &asn_DEF_PhysicalRenditionAttributes,
     rendition}, /* X:physical */
    {StandardExtension_physical_delivery_report_request, &asn_DEF_PhysicalDeliveryReportRequest,
     report_request}, /* X:physical */
    {StandardExtension_proof_of_delivery_request, &asn_DEF_ProofOfDeliveryRequest,
     proof_of_delivery}, /* X:proof-of-delivery-request */
                         /* clang-format on */
};

char *recipient_comment(struct from_x400 *from, const struct asn1_value *apdu,
                        const struct PerRecipientMessageTransferFields *fields)
{
  g_autoptr(GString) comments = g_string_new(NULL);
  g_autoptr(or_address_t) address = or_address_from_asn1(apdu, &fields->recipient_name, NULL);
  if (address && address->directory_name)
    comment_append(comments, address->directory_name);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(asn1_value_t) value =
        x400_extension_value(apdu, x400_extension(fields->extensions, rows[i].extension), rows[i].type);
    g_autofree char *words = value ? rows[i].words(from, value, asn1_value_get(value)) : NULL;
    if (words)
      comment_append(comments, words);
  }
  return comments->len ? g_strdup(comments->str) : NULL;
}
