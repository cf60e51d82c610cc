/* envelope_from_x400.c - contract: envelope.h. */
#include "mapping/envelope.h"
#include "mapping/trace.h"

#include <string.h>

#include <ConversionWithLossProhibited.h>
#include <DLExpansion.h>
#include <DLExpansionHistory.h>
#include <ExtensionField.h>
#include <LatestDeliveryTime.h>
#include <MessageTransferEnvelope.h>
#include <ORAddress.h>
#include <PerRecipientMessageTransferFields.h>
#include <Redirection.h>
#include <RedirectionHistory.h>

/* --- extensions --- */

/* What the gateway does with each standard extension (5.3.6, 5.3.7): served ones may be critical. */
static const struct {
  long number;
  bool served;
  const char *what;
} extensions_known[] = {
    {StandardExtension_recipient_reassignment_prohibited, true, "nothing is reassigned here"},
    {StandardExtension_originator_requested_alternate_recipient, true,
     "tried when delivery fails (redirection.h)"},
    {StandardExtension_dl_expansion_prohibited, true, "no list is expanded here"},
    {StandardExtension_conversion_with_loss_prohibited, true, "Conversion-With-Loss"},
    {StandardExtension_latest_delivery_time, true, "Latest-Delivery-Time"},
    {StandardExtension_originator_return_address, true, "Originator-Return-Address"},
    {StandardExtension_content_correlator, true, "kept for reports"},
    {StandardExtension_redirection_history, true, "X400-Recipients, ORCPT"},
    {StandardExtension_dl_expansion_history, true, "DL-Expansion-History"},
    {StandardExtension_trace_information, true, "trace"},
    {StandardExtension_internal_trace_information, true, "X400-Received"},
};

static bool served(const struct ExtensionField *extension)
{
  for (gsize i = 0; i < G_N_ELEMENTS(extensions_known); i++)
    if (extension->type.present == ExtensionType_PR_standard_extension &&
        extension->type.choice.standard_extension == extensions_known[i].number)
      return extensions_known[i].served;
  return false;
}

char *envelope_critical(const struct Extensions *extensions, bool transit)
{
  enum { TRANSFER = 1u << 1, DELIVERY = 1u << 2 };
  guint32 wanted = transit ? TRANSFER : TRANSFER | DELIVERY;
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    const struct ExtensionField *extension = extensions->list.array[i];
    /* In transit the standard's own extensions go on with the envelope; those of others it cannot honour. */
    bool known = transit ? extension->type.present == ExtensionType_PR_standard_extension &&
                               extension->type.choice.standard_extension <=
                                   StandardExtension_certificate_selectors_override
                         : served(extension);
    if (!known && x400_bits_get(extension->criticality) & wanted)
      return x400_extension_name(extension);
  }
  return NULL;
}

/* What was discarded: each kind once, however many recipients have it. */
struct discarded {
  GString *list;     /* Discarded-X400-MTS-Extensions */
  GHashTable *names; /* in the list */
  GHashTable *told;  /* losses */
};

static void add_discarded(struct from_x400 *from, const struct Extensions *extensions, const char *where,
                          struct discarded *discarded)
{
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    const struct ExtensionField *extension = extensions->list.array[i];
    if (served(extension))
      continue;
    g_autofree char *name = x400_extension_name(extension);
    if (g_hash_table_add(discarded->names, g_strdup(name)))
      g_string_append_printf(discarded->list, "%s%s", discarded->list->len ? ", " : "", name);
    char *loss =
        g_strdup_printf("%s extension %s: discarded (RFC 2156 5.3.6): mail has no such service", where, name);
    if (g_hash_table_add(discarded->told, loss)) /* it owns loss now, either way */
      mapping_loss(from->losses, "%s", loss);
  }
}

/* --- appendix A 3.2 --- */

guint envelope_notify(const struct PerRecipientMessageTransferFields *fields)
{
  guint32 bits = x400_bits_get(&fields->per_recipient_indicators);
  if (bits & 1u << PerRecipientIndicators_originator_report)
    return MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_FAILURE;
  return bits & 1u << PerRecipientIndicators_originator_non_delivery_report ? MAPPING_NOTIFY_FAILURE
                                                                            : MAPPING_NOTIFY_NEVER;
}

static struct asn1_value *redirections(const struct asn1_value *apdu, const struct Extensions *extensions)
{
  return x400_extension_value(apdu, x400_extension(extensions, StandardExtension_redirection_history),
                              &asn_DEF_RedirectionHistory);
}

char *envelope_orcpt(const struct asn1_value *apdu, const struct PerRecipientMessageTransferFields *fields)
{
  g_autoptr(asn1_value_t) value = redirections(apdu, fields->extensions);
  const RedirectionHistory_t *history = value ? asn1_value_get(value) : NULL;
  if (!history || !history->list.count)
    return NULL;
  /* The earliest comes first (X.411 8.3.1.1.1.5). */
  const Redirection_t *first = history->list.array[0];
  g_autofree char *text = job_or_text(value, &first->intended_recipient_name.intended_recipient);
  return text ? g_strdup_printf("x400;%s", text) : NULL;
}

/* --- trace --- */

void envelope_trace_from_x400(struct from_x400 *from, const struct mapping_job *job, GPtrArray *trace,
                              const char *origin)
{
  char id[16];
  x400_queue_id(job->id, id);
  struct mail_time now = job_time(job->received_us);
  g_autoptr(GString) received = g_string_new(NULL);
  g_string_printf(received, "from %s by %s " TRACE_CONVERSION_COMMENT " with X400 id %s; ", origin,
                  from->context->settings->hostname, id);
  mail_time_format(&now, received);
  mime_writer_field(from->writer, "Received", received->str);
  for (guint i = trace->len; i-- > 0;) { /* the newest first */
    g_autofree char *text = trace_format(trace->pdata[i]);
    mime_writer_field(from->writer, "X400-Received", text);
  }
}

/* --- fields --- */

char *envelope_content_type(const struct ContentType *type)
{
  if (type->present == ContentType_PR_built_in) {
    const char *name = type->choice.built_in == 2 ? "P2-1984" : type->choice.built_in == 22 ? "P2-1988" : "";
    return g_strdup_printf("%s (%ld)", name, type->choice.built_in);
  }
  g_autofree char *dotted = x400_oid_text(&type->choice.extended);
  g_auto(GStrv) arcs = g_strsplit(dotted, ".", -1);
  g_autofree char *joined = g_strjoinv(")(", arcs);
  return g_strdup_printf("(%s)", joined);
}

static void write_time(struct from_x400 *from, const char *name, const struct OCTET_STRING *field)
{
  struct mail_time time;
  if (!x400_time_get(field, &time))
    return;
  g_autoptr(GString) text = g_string_new(NULL);
  mail_time_format(&time, text);
  mime_writer_field(from->writer, name, text->str);
}

const char *envelope_redirection_reason(long reason)
{
  static const char *const reasons[] = {
      "Recipient Assigned Alternate Recipient", "Originator Requested Alternate Recipient",
      "Recipient MD Assigned Alternate Recipient", "Directory Look Up", "Alias"};
  return reason >= 0 && reason < (long)G_N_ELEMENTS(reasons) ? reasons[reason] : "unknown";
}

/* The comment of 4.6.2.2, redirect-comment. */
static char *redirect_comment(struct from_x400 *from, const struct asn1_value *apdu,
                              const struct PerRecipientMessageTransferFields *fields)
{
  g_autoptr(asn1_value_t) value = redirections(apdu, fields->extensions);
  const RedirectionHistory_t *history = value ? asn1_value_get(value) : NULL;
  if (!history || !history->list.count)
    return NULL;
  GString *comment = g_string_new("Originally To:");
  for (int i = 0; i < history->list.count; i++) {
    const Redirection_t *redirection = history->list.array[i];
    g_autofree char *mailbox = job_or_mailbox(
        from->context, value, &redirection->intended_recipient_name.intended_recipient, ADDRESS_HEADING);
    struct mail_time time = {0};
    x400_time_get(&redirection->intended_recipient_name.redirection_time, &time);
    g_string_append_printf(comment, " %s %s ", mailbox ? mailbox : "unknown",
                           i ? "Redirected Again on" : "Redirected on");
    mail_time_format(&time, comment);
    g_string_append_printf(comment, " To: %s", envelope_redirection_reason(redirection->redirection_reason));
  }
  return g_string_free(comment, FALSE);
}

/* 4.6.2.2: all recipients when that is allowed or there is one; else the information is discarded. */
static void write_recipients(struct from_x400 *from, const struct asn1_value *apdu,
                             const struct MessageTransferEnvelope *envelope, guint recipients)
{
  bool disclosed = x400_bits_get(envelope->per_message_indicators) & 1;
  if (!disclosed && recipients > 1)
    return;
  mime_writer_list(from->writer, "X400-Recipients");
  for (int i = 0; i < envelope->per_recipient_fields.list.count; i++) {
    const struct PerRecipientMessageTransferFields *fields = envelope->per_recipient_fields.list.array[i];
    bool ours = x400_bits_get(&fields->per_recipient_indicators) & 1;
    if (!disclosed && !ours)
      continue;
    g_autofree char *mailbox = job_or_mailbox(from->context, apdu, &fields->recipient_name, ADDRESS_HEADING);
    g_autofree char *comment = redirect_comment(from, apdu, fields);
    if (mailbox)
      mime_writer_mailbox(from->writer, NULL, mailbox, comment);
  }
  mime_writer_list_end(from->writer);
}

static void write_originator(struct from_x400 *from, const struct asn1_value *apdu,
                             const struct MessageTransferEnvelope *envelope)
{
  g_autofree char *mailbox =
      job_or_mailbox(from->context, apdu, &envelope->originator_name, ADDRESS_ORIGINATOR);
  if (!mailbox)
    return;
  mime_writer_list(from->writer, "X400-Originator");
  mime_writer_mailbox(from->writer, NULL, mailbox, NULL);
  mime_writer_list_end(from->writer);
}

static void write_return_address(struct from_x400 *from, const struct asn1_value *apdu,
                                 const struct Extensions *extensions)
{
  g_autoptr(asn1_value_t) value = x400_extension_value(
      apdu, x400_extension(extensions, StandardExtension_originator_return_address), &asn_DEF_ORAddress);
  if (!value)
    return;
  const ORAddress_t *address = asn1_value_get(value);
  ORName_t name = {.built_in_standard_attributes = address->built_in_standard_attributes,
                   .built_in_domain_defined_attributes = address->built_in_domain_defined_attributes,
                   .extension_attributes = address->extension_attributes};
  g_autofree char *mailbox = job_or_mailbox(from->context, value, &name, ADDRESS_HEADING);
  if (!mailbox)
    return;
  mime_writer_list(from->writer, "Originator-Return-Address");
  mime_writer_mailbox(from->writer, NULL, mailbox, NULL);
  mime_writer_list_end(from->writer);
}

static void write_dl_history(struct from_x400 *from, const struct asn1_value *apdu,
                             const struct Extensions *extensions)
{
  g_autoptr(asn1_value_t) value = x400_extension_value(
      apdu, x400_extension(extensions, StandardExtension_dl_expansion_history), &asn_DEF_DLExpansionHistory);
  const DLExpansionHistory_t *history = value ? asn1_value_get(value) : NULL;
  for (int i = history ? history->list.count : 0; i-- > 0;) {
    const DLExpansion_t *expansion = history->list.array[i];
    struct mail_time time = {0};
    x400_time_get(&expansion->dl_expansion_time, &time);
    g_autofree char *mailbox = job_or_mailbox(from->context, value, &expansion->dl, ADDRESS_HEADING);
    if (!mailbox)
      continue;
    g_autoptr(GString) text = g_string_new(mailbox);
    g_string_append(text, "; ");
    mail_time_format(&time, text);
    g_string_append_c(text, ';');
    mime_writer_field(from->writer, "DL-Expansion-History", text->str);
  }
}

static void write_conversion(struct from_x400 *from, const struct asn1_value *apdu,
                             const struct MessageTransferEnvelope *envelope)
{
  if (x400_bits_get(envelope->per_message_indicators) &
      1u << PerMessageIndicators_implicit_conversion_prohibited)
    mime_writer_field(from->writer, "Conversion", "Prohibited");
  g_autoptr(asn1_value_t) loss = x400_extension_value(
      apdu, x400_extension(envelope->extensions, StandardExtension_conversion_with_loss_prohibited),
      &asn_DEF_ConversionWithLossProhibited);
  if (loss &&
      *(const long *)asn1_value_get(loss) == ConversionWithLossProhibited_conversion_with_loss_prohibited)
    mime_writer_field(from->writer, "Conversion-With-Loss", "Prohibited");
}

/* 5.3.6: what mail has no field for. */
static void write_discarded(struct from_x400 *from, const struct MessageTransferEnvelope *envelope)
{
  struct discarded discarded = {g_string_new(NULL),
                                g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                                g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
  bool converts = false;
  if (envelope->per_domain_bilateral_information)
    mapping_loss(from->losses,
                 "message per-domain-bilateral-information: discarded (RFC 2156 5.3.6): it is private "
                 "to domains of X.400");
  add_discarded(from, envelope->extensions, "message", &discarded);
  for (int i = 0; i < envelope->per_recipient_fields.list.count; i++) {
    const struct PerRecipientMessageTransferFields *fields = envelope->per_recipient_fields.list.array[i];
    if (fields->explicit_conversion && !converts)
      mapping_loss(from->losses,
                   "recipient explicit-conversion (%ld): discarded (RFC 2156 5.3.6): mail has no such "
                   "service",
                   *fields->explicit_conversion);
    converts = converts || fields->explicit_conversion;
    add_discarded(from, fields->extensions, "recipient", &discarded);
  }
  if (discarded.list->len)
    mime_writer_field(from->writer, "Discarded-X400-MTS-Extensions", discarded.list->str);
  g_string_free(discarded.list, TRUE);
  g_hash_table_unref(discarded.names);
  g_hash_table_unref(discarded.told);
}

void envelope_from_x400(struct from_x400 *from, const struct asn1_value *apdu,
                        const struct MessageTransferEnvelope *envelope, guint recipients)
{
  static const char *const priorities[] = {"normal", "non-urgent", "urgent"};
  struct mime_writer *writer = from->writer;
  write_originator(from, apdu, envelope);
  write_recipients(from, apdu, envelope, recipients);
  g_autofree char *identifier = x400_identifier_text(&envelope->message_identifier);
  mime_writer_field(writer, "X400-MTS-Identifier", identifier);
  g_autofree char *content_type = envelope_content_type(&envelope->content_type);
  mime_writer_field(writer, "X400-Content-Type", content_type);
  if (envelope->original_encoded_information_types) {
    g_autoptr(eit_set_t) types = eit_from_asn1(envelope->original_encoded_information_types);
    g_autofree char *text = eit_format(types);
    if (*text)
      mime_writer_field(writer, "Original-Encoded-Information-Types", text);
  }
  g_autofree char *content_id = x400_text(apdu, CHARSET_IA5, envelope->content_identifier, 64);
  if (content_id)
    mime_writer_field(writer, "X400-Content-Identifier", content_id);
  if (envelope->priority && *envelope->priority > 0 && *envelope->priority <= 2)
    mime_writer_field(writer, "Priority", priorities[*envelope->priority]);
  write_conversion(from, apdu, envelope);
  write_return_address(from, apdu, envelope->extensions);
  write_dl_history(from, apdu, envelope->extensions);
  write_time(from, "Deferred-Delivery", envelope->deferred_delivery_time);
  g_autoptr(asn1_value_t) latest =
      x400_extension_value(apdu, x400_extension(envelope->extensions, StandardExtension_latest_delivery_time),
                           &asn_DEF_LatestDeliveryTime);
  if (latest)
    write_time(from, "Latest-Delivery-Time", asn1_value_get(latest));
  write_discarded(from, envelope);
}
