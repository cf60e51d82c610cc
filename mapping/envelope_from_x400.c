/* envelope_from_x400.c - contract: envelope.h. */
#include "mapping/envelope.h"
#include "mapping/recipient_comment.h"
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

/* What the gateway does with each standard extension (5.3.6, 5.3.7).  Those that are not here are discarded,
 * and a message that has one as critical is refused. */
static const struct {
  long number;
  enum {
    SERVED, /* as well when it is critical */
    TOLD    /* in words alone, unless it is critical (recipient_comment.h) */
  } how;
  const char *what;
} extensions_known[] = {
    /* clang-format off: one row a line, its mark behind it */
    {StandardExtension_recipient_reassignment_prohibited, SERVED,
     "nothing is reassigned here"}, /* X:recipient-reassignment-prohibited */
    {StandardExtension_originator_requested_alternate_recipient, SERVED,
     "tried when delivery fails (redirection.h)"},
    {StandardExtension_dl_expansion_prohibited, SERVED,
     "no list is expanded here"}, /* X:dl-expansion-prohibited */
    {StandardExtension_conversion_with_loss_prohibited, SERVED,
     "Conversion-With-Loss"}, /* X:conversion-with-loss-prohibited */
    {StandardExtension_latest_delivery_time, SERVED, "Latest-Delivery-Time"}, /* X:latest-delivery-time */
    {StandardExtension_originator_return_address, SERVED,
     "Originator-Return-Address"}, /* X:originator-return-address */
    {StandardExtension_content_correlator, SERVED, "kept for reports"},
    {StandardExtension_redirection_history, SERVED, "X400-Recipients, ORCPT"}, /* X:redirection-history */
    {StandardExtension_dl_expansion_history, SERVED, "DL-Expansion-History"},  /* X:dl-expansion-history */
    {StandardExtension_trace_information, SERVED, "trace"},
    {StandardExtension_internal_trace_information, SERVED, "X400-Received"}, /* X:MTA-trace-internal-trace */
    {StandardExtension_requested_delivery_method, SERVED,
     "X400-Recipients"}, /* X:requested-delivery-method */
    {StandardExtension_physical_forwarding_prohibited, SERVED, "X400-Recipients"},      /* X:physical */
    {StandardExtension_physical_forwarding_address_request, SERVED, "X400-Recipients"}, /* X:physical */
    {StandardExtension_physical_delivery_modes, SERVED, "X400-Recipients"},             /* X:physical */
    {StandardExtension_registered_mail_type, SERVED, "X400-Recipients"},                /* X:physical */
    {StandardExtension_recipient_number_for_advice, SERVED, "X400-Recipients"},         /* X:physical */
    {StandardExtension_physical_rendition_attributes, SERVED, "X400-Recipients"},       /* X:physical */
    {StandardExtension_physical_delivery_report_request, SERVED, "X400-Recipients"},    /* X:physical */
    {StandardExtension_proof_of_delivery_request, TOLD,
     "X400-Recipients; a security service, 5.3.6"}, /* X:proof-of-delivery-request */
                                                    /* clang-format on */
};

static bool known(const struct ExtensionField *extension, bool critical)
{
  for (gsize i = 0; i < G_N_ELEMENTS(extensions_known); i++)
    if (extension->type.present == ExtensionType_PR_standard_extension &&
        extension->type.choice.standard_extension == extensions_known[i].number)
      return !critical || extensions_known[i].how == SERVED;
  return false;
}

char *envelope_critical(const struct Extensions *extensions, bool transit)
{
  enum { TRANSFER = 1u << 1, DELIVERY = 1u << 2 };
  guint32 wanted = transit ? TRANSFER : TRANSFER | DELIVERY;
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    const struct ExtensionField *extension = extensions->list.array[i];
    /* In transit the standard's own extensions go on with the envelope; those of others it cannot honour. */
    bool good = transit ? extension->type.present == ExtensionType_PR_standard_extension &&
                              extension->type.choice.standard_extension <=
                                  StandardExtension_certificate_selectors_override
                        : known(extension, true);
    if (!good && x400_bits_get(extension->criticality) & wanted)
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
    if (known(extension, false))
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

char *envelope_orcpt(const struct asn1_value *apdu, const struct PerRecipientMessageTransferFields *fields)
{
  g_autoptr(asn1_value_t) value =
      x400_extension_value(apdu, x400_extension(fields->extensions, StandardExtension_redirection_history),
                           &asn_DEF_RedirectionHistory);
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
  if (type->present != ContentType_PR_built_in)
    return x400_oid_format(&type->choice.extended);
  const char *name = type->choice.built_in == 2 ? "P2-1984" : type->choice.built_in == 22 ? "P2-1988" : "";
  return g_strdup_printf("%s (%ld)", name, type->choice.built_in);
}

struct speaker {
  struct from_x400 *from;
  const struct asn1_value *apdu;
  const struct MessageTransferEnvelope *envelope;
  guint recipients;
  const char *name; /* of the field to write */
};
typedef void speak_function(struct speaker *speaker);

static void speak_text(struct speaker *speaker, const char *text)
{
  if (text && *text)
    mime_writer_field(speaker->from->writer, speaker->name, text);
}

static void speak_time(struct speaker *speaker, const struct OCTET_STRING *field)
{
  struct mail_time time;
  if (!field)
    return;
  if (!x400_time_get(field, &time)) {
    mapping_loss(speaker->from->losses, "%s: not a time, left out (RFC 2156 3.3.5)", speaker->name);
    return;
  }
  g_autoptr(GString) text = g_string_new(NULL);
  mail_time_format(&time, text);
  speak_text(speaker, text->str);
}

static void without_mailbox(struct speaker *speaker)
{
  mapping_loss(speaker->from->losses, "%s: an O/R address has no mailbox and is left out (RFC 2156 4.3.5)",
               speaker->name);
}

static struct asn1_value *extension_value(const struct speaker *speaker, long number,
                                          const struct asn_TYPE_descriptor_s *type)
{
  return x400_extension_value(speaker->apdu, x400_extension(speaker->envelope->extensions, number), type);
}

/* 4.6.2.2: a directory name stands beside. */
static void speak_originator(struct speaker *speaker)
{
  const ORName_t *name = &speaker->envelope->originator_name;
  g_autofree char *mailbox = job_or_mailbox(speaker->from->context, speaker->apdu, name, ADDRESS_ORIGINATOR);
  g_autoptr(or_address_t) address = or_address_from_asn1(speaker->apdu, name, NULL);
  g_autoptr(GString) comment = g_string_new(NULL);
  if (!mailbox) {
    without_mailbox(speaker);
    return;
  }
  if (address && address->directory_name)
    comment_append(comment, address->directory_name);
  mime_writer_list(speaker->from->writer, speaker->name);
  mime_writer_mailbox(speaker->from->writer, NULL, mailbox, comment->str);
  mime_writer_list_end(speaker->from->writer);
}

static void speak_one_recipient(struct speaker *speaker,
                                const struct PerRecipientMessageTransferFields *fields)
{
  g_autofree char *mailbox =
      job_or_mailbox(speaker->from->context, speaker->apdu, &fields->recipient_name, ADDRESS_HEADING);
  g_autofree char *comment = recipient_comment(speaker->from, speaker->apdu, fields);
  if (mailbox)
    mime_writer_mailbox(speaker->from->writer, NULL, mailbox, comment);
  else
    without_mailbox(speaker);
}

/* 4.6.2.2: all recipients when that is allowed, or the only one; else what was asked for each is discarded.
 */
static void speak_recipients(struct speaker *speaker)
{
  const struct MessageTransferEnvelope *envelope = speaker->envelope;
  bool disclosed = x400_bits_get(envelope->per_message_indicators) & 1, told = false;
  bool spoken = disclosed || speaker->recipients <= 1;
  if (spoken)
    mime_writer_list(speaker->from->writer, speaker->name);
  for (int i = 0; i < envelope->per_recipient_fields.list.count; i++) {
    const struct PerRecipientMessageTransferFields *fields = envelope->per_recipient_fields.list.array[i];
    bool ours = x400_bits_get(&fields->per_recipient_indicators) & 1;
    g_autofree char *comment =
        spoken || !ours || told ? NULL : recipient_comment(speaker->from, speaker->apdu, fields);
    if (spoken && (disclosed || ours))
      speak_one_recipient(speaker, fields);
    else if (comment) {
      mapping_loss(speaker->from->losses,
                   "%s: what was asked for single recipients is discarded (RFC 2156 4.6.2.2): several get "
                   "the mail, and "
                   "the originator does not disclose them",
                   speaker->name);
      told = true;
    }
  }
  if (spoken)
    mime_writer_list_end(speaker->from->writer);
}

static void speak_identifier(struct speaker *speaker)
{
  g_autofree char *identifier = x400_identifier_text(&speaker->envelope->message_identifier);
  speak_text(speaker, identifier);
}

static void speak_content_type(struct speaker *speaker)
{
  g_autofree char *type = envelope_content_type(&speaker->envelope->content_type);
  speak_text(speaker, type);
}

static void speak_types(struct speaker *speaker)
{
  g_autoptr(eit_set_t) types = eit_from_asn1(speaker->envelope->original_encoded_information_types);
  g_autofree char *text = eit_format(types);
  speak_text(speaker, text);
}

static void speak_content_identifier(struct speaker *speaker)
{
  g_autofree char *text = x400_text(speaker->apdu, CHARSET_IA5, speaker->envelope->content_identifier, 64);
  speak_text(speaker, text);
}

/* Normal is X.411's default. */
static void speak_priority(struct speaker *speaker)
{
  static const char *const names[] = {NULL, "non-urgent", "urgent"};
  const long *priority = speaker->envelope->priority;
  if (priority && *priority > 0 && *priority < (long)G_N_ELEMENTS(names))
    speak_text(speaker, names[*priority]);
}

static void speak_conversion(struct speaker *speaker)
{
  if (x400_bits_get(speaker->envelope->per_message_indicators) &
      1u << PerMessageIndicators_implicit_conversion_prohibited)
    speak_text(speaker, "Prohibited");
}

static void speak_with_loss(struct speaker *speaker)
{
  g_autoptr(asn1_value_t) value = extension_value(speaker, StandardExtension_conversion_with_loss_prohibited,
                                                  &asn_DEF_ConversionWithLossProhibited);
  if (value &&
      *(const long *)asn1_value_get(value) == ConversionWithLossProhibited_conversion_with_loss_prohibited)
    speak_text(speaker, "Prohibited");
}

static void speak_return_address(struct speaker *speaker)
{
  g_autoptr(asn1_value_t) value =
      extension_value(speaker, StandardExtension_originator_return_address, &asn_DEF_ORAddress);
  if (!value)
    return;
  const ORAddress_t *address = asn1_value_get(value);
  ORName_t name = {.built_in_standard_attributes = address->built_in_standard_attributes,
                   .built_in_domain_defined_attributes = address->built_in_domain_defined_attributes,
                   .extension_attributes = address->extension_attributes};
  g_autofree char *mailbox = job_or_mailbox(speaker->from->context, value, &name, ADDRESS_HEADING);
  if (!mailbox) {
    without_mailbox(speaker);
    return;
  }
  mime_writer_list(speaker->from->writer, speaker->name);
  mime_writer_mailbox(speaker->from->writer, NULL, mailbox, NULL);
  mime_writer_list_end(speaker->from->writer);
}

/* The newest first, as trace. */
static void speak_dl_history(struct speaker *speaker)
{
  g_autoptr(asn1_value_t) value =
      extension_value(speaker, StandardExtension_dl_expansion_history, &asn_DEF_DLExpansionHistory);
  const DLExpansionHistory_t *history = value ? asn1_value_get(value) : NULL;
  for (int i = history ? history->list.count : 0; i-- > 0;) {
    const DLExpansion_t *expansion = history->list.array[i];
    struct mail_time time = {0};
    x400_time_get(&expansion->dl_expansion_time, &time);
    g_autofree char *mailbox = job_or_mailbox(speaker->from->context, value, &expansion->dl, ADDRESS_HEADING);
    if (!mailbox) {
      without_mailbox(speaker);
      continue;
    }
    g_autoptr(GString) text = g_string_new(mailbox);
    g_string_append(text, "; ");
    mail_time_format(&time, text);
    g_string_append_c(text, ';');
    speak_text(speaker, text->str);
  }
}

static void speak_deferred(struct speaker *speaker)
{
  speak_time(speaker, speaker->envelope->deferred_delivery_time);
}

static void speak_latest(struct speaker *speaker)
{
  g_autoptr(asn1_value_t) value =
      extension_value(speaker, StandardExtension_latest_delivery_time, &asn_DEF_LatestDeliveryTime);
  if (value)
    speak_time(speaker, asn1_value_get(value));
}

/* What mail has no field for. */
static void speak_discarded(struct speaker *speaker)
{
  struct from_x400 *from = speaker->from;
  const struct MessageTransferEnvelope *envelope = speaker->envelope;
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
  speak_text(speaker, discarded.list->str);
  g_string_free(discarded.list, TRUE);
  g_hash_table_unref(discarded.names);
  g_hash_table_unref(discarded.told);
}

static const struct row {
  const char *field;
  speak_function *speak;
  const char *clause;
} rows[] = {
    /* clang-format off: one row a line, its mark behind it */
    {"X400-Originator", speak_originator, "4.6.2.2"},               /* X:originator-name */
    {"X400-Recipients", speak_recipients, "4.6.2.2"},               /* X:this-other-recipient-names */
    {"X400-MTS-Identifier", speak_identifier, "5.3.6"},             /* X:MTS-message-delivery-identifier */
    {"X400-Content-Type", speak_content_type, "5.3.6"},             /* X:content-type */
    {"Original-Encoded-Information-Types", speak_types, "5.3.6"},   /* X:original-EITs */
    {"X400-Content-Identifier", speak_content_identifier, "5.3.6"}, /* X:content-identifier */
    {"Priority", speak_priority, "5.3.6"},                          /* X:priority */
    {"Conversion", speak_conversion, "5.3.6"},                      /* X:conversion-prohibited */
    {"Conversion-With-Loss", speak_with_loss, "5.3.6"},             /* X:conversion-with-loss-prohibited */
    {"Originator-Return-Address", speak_return_address, "5.3.6"},   /* X:originator-return-address */
    {"DL-Expansion-History", speak_dl_history, "5.3.6"},            /* X:dl-expansion-history */
    {"Deferred-Delivery", speak_deferred, "5.3.7"},                 /* X:deferred-delivery-time */
    {"Latest-Delivery-Time", speak_latest, "5.3.7"},                /* X:latest-delivery-time */
    {"Discarded-X400-MTS-Extensions", speak_discarded, "5.3.6"},    /* X:unknown-MTS-MTA-extension */
                                                                    /* clang-format on */
};

void envelope_from_x400(struct from_x400 *from, const struct asn1_value *apdu,
                        const struct MessageTransferEnvelope *envelope, guint recipients)
{
  struct speaker speaker = {.from = from, .apdu = apdu, .envelope = envelope, .recipients = recipients};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    speaker.name = rows[i].field;
    rows[i].speak(&speaker);
  }
}
