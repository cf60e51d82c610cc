/* envelope_to_x400.c - contract: envelope.h. */
#include "mapping/envelope.h"
#include "mapping/mail_address.h"
#include "mapping/mime_word.h"
#include "mapping/trace.h"

#include <stdlib.h>
#include <string.h>

#include <ContentCorrelator.h>
#include <ConversionWithLossProhibited.h>
#include <DLExpansion.h>
#include <DLExpansionHistory.h>
#include <LatestDeliveryTime.h>
#include <MessageTransferEnvelope.h>
#include <ORAddress.h>
#include <PerRecipientMessageTransferFields.h>
#include <Redirection.h>
#include <RedirectionHistory.h>

enum {
  CONTENT_ID_BOUND = 16,  /* ub-content-id-length */
  CORRELATOR_BOUND = 500, /* ub-content-correlator-length is 512 octets with all encoding */
  FOR_DELIVERY = 1u << 2
};

enum { /* per-message-indicators: X.411 8.2.1.1.1 */
       DISCLOSURE_ALLOWED = 1u << 0,
       CONVERSION_PROHIBITED = 1u << 1,
       ALTERNATE_ALLOWED = 1u << 2,
       CONTENT_RETURN = 1u << 3
};
enum { /* per-recipient-indicators */
       RESPONSIBILITY = 1u << 0,
       MTA_REPORT = 1u << 1,
       MTA_NON_DELIVERY = 1u << 2,
       USER_REPORT = 1u << 3,
       USER_NON_DELIVERY = 1u << 4
};

guint32 envelope_indicators(guint notify, bool responsible)
{
  guint32 bits = responsible ? RESPONSIBILITY : 0;
  /* One of the originating MTA's bits is always set (X.411 12.2.1.1): who asked for nothing is told nothing,
   * but the operator learns of a failure. */
  if (notify & MAPPING_NOTIFY_NEVER)
    return bits | MTA_NON_DELIVERY;
  /* The originating MTA asks for what its user does. */
  return bits |
         (notify & MAPPING_NOTIFY_SUCCESS ? USER_REPORT | MTA_REPORT : USER_NON_DELIVERY | MTA_NON_DELIVERY);
}

static char *decoded(struct to_x400 *to, const struct mime_part *header, const char *name)
{
  const char *body = mime_part_field(header, name);
  return body ? mime_word_decode(to->context->charsets, body) : NULL;
}

/* --- per message --- */

/* 5.1.5: 13 characters and three dots. */
static void put_subject(struct to_x400 *to, const struct mime_part *header,
                        struct MessageTransferEnvelope *envelope)
{
  g_autofree char *subject = decoded(to, header, "Subject");
  if (!subject || !*subject)
    return;
  struct OCTET_STRING *identifier = x400_printable_new(subject, CONTENT_ID_BOUND + 1);
  if (identifier->size > CONTENT_ID_BOUND) {
    g_autofree char *cut = g_strdup_printf("%.13s...", (const char *)identifier->buf);
    asn1_put_string(identifier, cut);
  }
  envelope->content_identifier = identifier;
}

static void append_ascii(const char *name, const char *value, GString *out)
{
  if (!value)
    return;
  g_autofree char *ascii = x400_ascii(value);
  g_string_append_printf(out, "%s%s: %s", out->len ? "\r\n" : "", name, ascii);
}

/* 5.1.5, or the ENVID of appendix A 3.1. */
static void put_correlator(struct to_x400 *to, const struct mapping_job *job, const struct mime_part *header,
                           struct asn1_value *apdu, struct MessageTransferEnvelope *envelope)
{
  g_autoptr(GString) text = g_string_new(NULL);
  if (job->envid && *job->envid) {
    g_string_append_printf(text, "SMTP/NOTARY ENVID: %s", job->envid);
  } else {
    g_autofree char *subject = decoded(to, header, "Subject"), *recipients = decoded(to, header, "To");
    append_ascii("Subject", subject, text);
    append_ascii("Message-ID", mime_part_field(header, "Message-ID"), text);
    append_ascii("Date", mime_part_field(header, "Date"), text);
    append_ascii("To", recipients, text);
  }
  if (!text->len)
    return;
  if (text->len > CORRELATOR_BOUND)
    g_string_truncate(text, CORRELATOR_BOUND);
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ContentCorrelator);
  ContentCorrelator_t *correlator = asn1_value_get(value);
  correlator->present = ContentCorrelator_PR_ia5text;
  asn1_put_string(&correlator->choice.ia5text, text->str);
  x400_extension_add(apdu, &envelope->extensions, StandardExtension_content_correlator, 0,
                     &asn_DEF_ContentCorrelator, correlator);
}

/* --- fields --- */

struct putter {
  struct to_x400 *to;
  const struct mapping_job *job;
  const struct mime_part *header;
  struct asn1_value *apdu;
  struct MessageTransferEnvelope *envelope;
  const char *body; /* of the first field of the name */
  guint32 indicators;
  guint notify; /* for recipients whom SMTP asked nothing for */
};
typedef bool read_function(GHashTable *charsets, const char *body);
typedef void put_function(struct putter *putter);

static bool reads_anything(GHashTable *charsets, const char *body)
{
  (void)charsets;
  return *body;
}

static bool reads_presence(GHashTable *charsets, const char *body)
{
  (void)charsets;
  (void)body;
  return true;
}

static bool reads_time(GHashTable *charsets, const char *body)
{
  (void)charsets;
  struct mail_time time;
  return mail_time_parse(body, &time);
}

static bool reads_trace(GHashTable *charsets, const char *body)
{
  (void)charsets;
  struct trace_element *element = trace_parse(body);
  trace_element_free(element);
  return element;
}

static bool reads_types(GHashTable *charsets, const char *body)
{
  (void)charsets;
  g_autoptr(eit_set_t) types = eit_parse(body);
  return types->built_in || types->oids->len;
}

static const char *const prohibitions[] = {"prohibited", "allowed"};

static bool reads_rule(GHashTable *charsets, const char *body)
{
  (void)charsets;
  return mail_keyword(body, prohibitions, 2) >= 0;
}

static bool prohibited(const struct putter *putter)
{
  return mail_keyword(putter->body, prohibitions, 2) == 0;
}

static const char *const priorities[] = {"non-urgent", "normal", "urgent"};

static bool reads_priority(GHashTable *charsets, const char *body)
{
  (void)charsets;
  return mail_keyword(body, priorities, 3) >= 0;
}

guint envelope_priority(const struct mime_part *header)
{
  const char *body = mime_part_field(header, "Priority");
  int priority = body ? mail_keyword(body, priorities, 3) : 1;
  return priority < 0 ? 1 : (guint)priority;
}

static void put_priority(struct putter *putter)
{
  guint priority = envelope_priority(putter->header);
  if (priority != 1)
    putter->envelope->priority = x400_long(priority == 2 ? Priority_urgent : Priority_non_urgent);
}

static void put_types(struct putter *putter)
{
  g_autoptr(eit_set_t) types = eit_from_asn1(putter->envelope->original_encoded_information_types),
                       given = eit_parse(putter->body);
  eit_merge(types, given);
  ASN_STRUCT_FREE(asn_DEF_EncodedInformationTypes, putter->envelope->original_encoded_information_types);
  putter->envelope->original_encoded_information_types = eit_to_asn1(types);
}

/* What an X.400 side once gave comes back as it was. */
static void put_identifier(struct putter *putter)
{
  if (putter->envelope->content_identifier)
    ASN_STRUCT_FREE(asn_DEF_ContentIdentifier, putter->envelope->content_identifier);
  putter->envelope->content_identifier = x400_printable_new(putter->body, CONTENT_ID_BOUND);
}

static void put_conversion(struct putter *putter)
{
  if (prohibited(putter))
    putter->indicators |= CONVERSION_PROHIBITED;
}

static void put_with_loss(struct putter *putter)
{
  long number = ConversionWithLossProhibited_conversion_with_loss_prohibited;
  if (prohibited(putter))
    x400_extension_add(putter->apdu, &putter->envelope->extensions,
                       StandardExtension_conversion_with_loss_prohibited, FOR_DELIVERY,
                       &asn_DEF_ConversionWithLossProhibited, &number);
}

static void put_deferred(struct putter *putter)
{
  struct mail_time time;
  if (mail_time_parse(putter->body, &time))
    putter->envelope->deferred_delivery_time = x400_time_new(&time);
}

static void put_latest(struct putter *putter)
{
  struct mail_time time;
  if (!mail_time_parse(putter->body, &time))
    return;
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_LatestDeliveryTime);
  x400_time_put(&time, asn1_value_get(value));
  x400_extension_add(putter->apdu, &putter->envelope->extensions, StandardExtension_latest_delivery_time,
                     FOR_DELIVERY, &asn_DEF_LatestDeliveryTime, asn1_value_get(value));
}

/* The mailbox of the first address; NULL: none. Caller frees. */
static char *first_mailbox(GHashTable *charsets, const char *body)
{
  g_autoptr(GPtrArray) list = mail_addresses_parse(charsets, body, 1, NULL);
  const struct mail_address *first = list->len ? list->pdata[0] : NULL;
  return first ? g_strdup(first->mailbox) : NULL;
}

static bool reads_mailbox(GHashTable *charsets, const char *body)
{
  g_autofree char *mailbox = first_mailbox(charsets, body);
  return mailbox;
}

static void put_return(struct putter *putter)
{
  struct mapping_context *context = putter->to->context;
  g_autofree char *mailbox = first_mailbox(context->charsets, putter->body);
  g_autoptr(or_address_t) address =
      mailbox ? address_to_or(context, mailbox, ADDRESS_HEADING, NULL, NULL) : NULL;
  if (!address) {
    mapping_loss(putter->to->losses, "Originator-Return-Address: %s has no O/R address (RFC 2156 5.1.7)",
                 putter->body);
    return;
  }
  /* ORAddress is ORName without its tag and directory name: the members are the same. */
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORAddress);
  ORAddress_t *to_address = asn1_value_get(value);
  ORName_t name = {0};
  or_address_to_asn1(address, value, &name);
  to_address->built_in_standard_attributes = name.built_in_standard_attributes;
  to_address->built_in_domain_defined_attributes = name.built_in_domain_defined_attributes;
  to_address->extension_attributes = name.extension_attributes;
  if (name.directory_name)
    ASN_STRUCT_FREE(asn_DEF_Name, name.directory_name);
  x400_extension_add(putter->apdu, &putter->envelope->extensions, StandardExtension_originator_return_address,
                     0, &asn_DEF_ORAddress, to_address);
}

/* 5.3.6: "mailbox ; date-time ;".  NULL: it is not that; caller frees. */
static char *expansion_parse(GHashTable *charsets, const char *body, struct mail_time *time_r)
{
  g_autofree char *text = g_strchomp(g_strdup(body));
  gsize length = strlen(text);
  if (length && text[length - 1] == ';')
    text[length - 1] = '\0';
  char *semicolon = strrchr(text, ';');
  if (!semicolon || !mail_time_parse(semicolon + 1, time_r))
    return NULL;
  *semicolon = '\0';
  return first_mailbox(charsets, text);
}

static bool reads_expansion(GHashTable *charsets, const char *body)
{
  struct mail_time time;
  g_autofree char *mailbox = expansion_parse(charsets, body, &time);
  return mailbox;
}

/* 5.1.7: the newest first in the header, the oldest first in X.411. */
static void put_dl_history(struct putter *putter)
{
  struct mapping_context *context = putter->to->context;
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_DLExpansionHistory);
  DLExpansionHistory_t *history = asn1_value_get(value);
  for (guint i = putter->header->fields->len; i-- > 0;) {
    const struct mime_field *field = putter->header->fields->pdata[i];
    struct mail_time time;
    g_autofree char *mailbox = !g_ascii_strcasecmp(field->name, "DL-Expansion-History")
                                   ? expansion_parse(context->charsets, field->body, &time)
                                   : NULL;
    g_autoptr(or_address_t) address =
        mailbox ? address_to_or(context, mailbox, ADDRESS_HEADING, NULL, NULL) : NULL;
    if (!address) {
      if (mailbox)
        mapping_loss(putter->to->losses, "DL-Expansion-History: %s has no O/R address (RFC 2156 5.1.7)",
                     mailbox);
      continue;
    }
    DLExpansion_t *expansion = asn1_new_field(DLExpansion_t);
    or_address_to_asn1(address, value, &expansion->dl);
    x400_time_put(&time, &expansion->dl_expansion_time);
    asn_sequence_add(&history->list, expansion);
  }
  if (history->list.count)
    x400_extension_add(putter->apdu, &putter->envelope->extensions, StandardExtension_dl_expansion_history,
                       FOR_DELIVERY, &asn_DEF_DLExpansionHistory, history);
}

/* Appendix C: what NOTARY said by SMTP counts more (decision 0115). */

static void put_alternate(struct putter *putter)
{
  if (prohibited(putter))
    putter->indicators &= ~(guint32)ALTERNATE_ALLOWED;
}

static void put_disclosure(struct putter *putter)
{
  if (!prohibited(putter))
    putter->indicators |= DISCLOSURE_ALLOWED;
}

static void put_content_return(struct putter *putter)
{
  if (putter->job->ret == MAPPING_RET_DEFAULT && prohibited(putter))
    putter->indicators &= ~(guint32)CONTENT_RETURN;
}

static void put_no_report(struct putter *putter)
{
  putter->notify = MAPPING_NOTIFY_NEVER;
}

static void put_report(struct putter *putter)
{
  if (!(putter->notify & MAPPING_NOTIFY_NEVER))
    putter->notify = MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_FAILURE;
}

static const struct row {
  const char *field;
  read_function *reads; /* a field that it cannot read is carried as one without a row is */
  put_function *put;    /* NULL: trace.c */
  const char *clause;
} rows[] = {
    /* clang-format off: one row a line, its mark behind it */
    {"Date", reads_time, NULL, "5.1.6"}, /* H:Date */
    {"Received", reads_anything, NULL, "5.1.6"}, /* H:Received */
    {"X400-Received", reads_trace, NULL, "5.1.7"}, /* H:X400-Received */
    {"Priority", reads_priority, put_priority, "5.1.7"}, /* H:Priority */
    {"Conversion", reads_rule, put_conversion, "5.1.7"}, /* H:Conversion */
    {"Conversion-With-Loss", reads_rule, put_with_loss, "5.1.7"}, /* H:Conversion-With-Loss */
    {"Deferred-Delivery", reads_time, put_deferred, "5.1.7"}, /* H:Deferred-Delivery */
    {"Latest-Delivery-Time", reads_time, put_latest, "5.1.7"}, /* H:Latest-Delivery-Time */
    {"Original-Encoded-Information-Types", reads_types, put_types, "5.1.7"}, /* H:Original-Encoded-Information-Types */
    {"Content-Identifier", reads_anything, put_identifier, "RFC 1327"}, /* H:Content-Identifier */
    {"X400-Content-Identifier", reads_anything, put_identifier, "5.1.7"}, /* H:X400-Content-Identifier */
    {"Originator-Return-Address", reads_mailbox, put_return, "5.1.7"}, /* H:Originator-Return-Address */
    {"DL-Expansion-History", reads_expansion, put_dl_history, "5.1.7"}, /* H:DL-Expansion-History */
    {"Alternate-Recipient", reads_rule, put_alternate, "app. C"}, /* C:Alternate-Recipient */
    {"Disclose-Recipients", reads_rule, put_disclosure, "app. C"}, /* C:Disclose-Recipients */
    {"X400-Content-Return", reads_rule, put_content_return, "app. C"}, /* C:X400-Content-Return */
    {"Prevent-NonDelivery-Report", reads_presence, put_no_report, "app. C"}, /* C:Prevent-NonDelivery-Report */
    {"Generate-Delivery-Report", reads_presence, put_report, "app. C"}, /* C:Generate-Delivery-Report */
    /* clang-format on */
};

enum envelope_field envelope_field(GHashTable *charsets, const char *name, const char *body)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (!g_ascii_strcasecmp(rows[i].field, name))
      return rows[i].reads(charsets, body) ? ENVELOPE_FIELD : ENVELOPE_FIELD_UNREADABLE;
  return ENVELOPE_NO_FIELD;
}

static void put_fields(struct putter *putter)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    putter->body = mime_part_field(putter->header, rows[i].field);
    if (putter->body && rows[i].put && rows[i].reads(putter->to->context->charsets, putter->body))
      rows[i].put(putter);
  }
}

/* --- trace --- */

void envelope_trace_to_x400(struct to_x400 *to, const struct mapping_job *job, struct asn1_value *apdu,
                            struct TraceInformation *trace, struct Extensions **extensions)
{
  const struct mapping_gdi *gdi = job_domain(to->context, to->peer);
  struct mail_time now = job_time(job->received_us);
  const char *at = job->sender ? strrchr(job->sender, '@') : NULL;
  g_autoptr(GPtrArray) list = trace_from_mail(to->context, to->mail->root, gdi, at ? at + 1 : NULL, &now);
  struct trace_element *own = trace_element_new(gdi, job_mta_name(to->context, to->peer), &now);
  const char *deferred = mime_part_field(to->mail->root, "Deferred-Delivery");
  own->has_deferred =
      deferred && mail_time_parse(deferred, &own->deferred) && job_deferral(to->context, job, &own->deferred);
  own->converted = eit_new();
  eit_merge(own->converted, to->types);
  eit_add(own->converted, oid_dotted(OID_EIT_MIXER)); /* 5.1.5 */
  g_ptr_array_add(list, own);
  trace_to_asn1(list, apdu, trace, extensions);
}

/* --- per recipient --- */

/* Appendix A 3.1: the original recipient as an element of redirection history. */
static void put_original(struct to_x400 *to, const struct mapping_job *job,
                         const struct mapping_recipient *recipient, struct asn1_value *apdu,
                         struct PerRecipientMessageTransferFields *fields)
{
  const char *semicolon = recipient->orcpt ? strchr(recipient->orcpt, ';') : NULL;
  if (!semicolon || !g_ascii_strcasecmp(semicolon + 1, recipient->address))
    return;
  g_autoptr(or_address_t) address = NULL;
  if (!g_ascii_strncasecmp(recipient->orcpt, "x400;", 5))
    address = or_address_parse(semicolon + 1, NULL);
  else if (!g_ascii_strncasecmp(recipient->orcpt, "rfc822;", 7))
    address = address_to_or(to->context, semicolon + 1, ADDRESS_HEADING, NULL, NULL);
  if (!address)
    return;
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_RedirectionHistory);
  RedirectionHistory_t *history = asn1_value_get(value);
  Redirection_t *redirection = asn1_new_field(Redirection_t);
  struct mail_time now = job_time(job->received_us);
  or_address_to_asn1(address, value, &redirection->intended_recipient_name.intended_recipient);
  x400_time_put(&now, &redirection->intended_recipient_name.redirection_time);
  redirection->redirection_reason = RedirectionReason_alias;
  asn_sequence_add(&history->list, redirection);
  x400_extension_add(apdu, &fields->extensions, StandardExtension_redirection_history, 0,
                     &asn_DEF_RedirectionHistory, history);
}

static bool put_recipient(struct putter *putter, const struct mapping_recipient *recipient, GError **error)
{
  struct to_x400 *to = putter->to;
  g_autoptr(or_address_t) address =
      recipient->mapped ? or_address_parse(recipient->mapped, error)
                        : address_to_or(to->context, recipient->address, ADDRESS_RECIPIENT, NULL, error);
  if (!address)
    return false;
  struct PerRecipientMessageTransferFields *fields = asn1_new_field(struct PerRecipientMessageTransferFields);
  asn_sequence_add(&putter->envelope->per_recipient_fields.list, fields);
  or_address_to_asn1(address, putter->apdu, &fields->recipient_name);
  fields->originally_specified_recipient_number = (long)recipient->ordinal + 1;
  guint notify = recipient->notify == MAPPING_NOTIFY_DEFAULT ? putter->notify : recipient->notify;
  x400_bits_put(&fields->per_recipient_indicators, envelope_indicators(notify, true), 8);
  put_original(to, putter->job, recipient, putter->apdu, fields);
  return true;
}

bool envelope_to_x400(struct to_x400 *to, const struct mapping_job *job, struct asn1_value *apdu,
                      struct MessageTransferEnvelope *envelope, GError **error)
{
  const struct mime_part *header = to->mail->root;
  /* A mail without originator is the gateway's own to answer for. */
  g_autoptr(or_address_t) originator =
      job->sender && *job->sender ? address_to_or(to->context, job->sender, ADDRESS_ORIGINATOR, NULL, error)
                                  : or_address_copy(to->context->own);
  if (!originator)
    return false;
  x400_identifier_put(job_domain(to->context, to->peer), to->id, &envelope->message_identifier);
  or_address_to_asn1(originator, apdu, &envelope->originator_name);
  g_autoptr(eit_set_t) types = eit_new();
  eit_merge(types, to->types);
  eit_add(types, oid_dotted(OID_EIT_MIXER));
  envelope->original_encoded_information_types = eit_to_asn1(types);
  envelope->content_type.present = ContentType_PR_built_in;
  envelope->content_type.choice.built_in = to->edi ? BuiltInContentType_edi_messaging
                                           : to->new_features || to->peer->content_type == 22
                                               ? BuiltInContentType_interpersonal_messaging_1988
                                               : BuiltInContentType_interpersonal_messaging_1984;
  if (to->content_type) { /* RFC 3855 2.2 */
    memset(&envelope->content_type, 0, sizeof envelope->content_type);
    envelope->content_type.present = ContentType_PR_extended;
    oid_put(&envelope->content_type.choice.extended, to->content_type);
  }
  put_subject(to, header, envelope);
  put_correlator(to, job, header, apdu, envelope);
  /* 5.1.5: disclosure prohibited, conversion and alternate recipient allowed; 5.2: content returned, unless
   * RET=HDRS. */
  struct putter putter = {.to = to, .job = job, .header = header, .apdu = apdu, .envelope = envelope};
  putter.indicators = ALTERNATE_ALLOWED | (job->ret == MAPPING_RET_HDRS ? 0 : CONTENT_RETURN);
  if (to->content_type)
    putter.indicators |= CONVERSION_PROHIBITED; /* RFC 3855 2.6.1 */
  put_fields(&putter);
  envelope->per_message_indicators = asn1_new_field(PerMessageIndicators_t);
  x400_bits_put(envelope->per_message_indicators, putter.indicators, 8);
  envelope_trace_to_x400(to, job, apdu, &envelope->trace_information, &envelope->extensions);
  for (guint i = 0; i < job->recipients->len; i++)
    if (!put_recipient(&putter, job->recipients->pdata[i], error))
      return false;
  return true;
}
