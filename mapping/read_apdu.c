/* read_apdu.c - READ of an MTS-APDU: message, report or probe.
 *
 * The recipients that this gateway answers for are those with the responsibility bit (X.411 12.2.1.1.1.4).
 * One that leaves X.400 here is refused for what a mail cannot carry; one in transit only for what transfer
 * must honour.
 *
 * A recipient's ordinal is its position in the envelope: members of an expanded list share the list's
 * original number.
 *
 * A probe (RFC 2156 5.3.9) is never delivered: each recipient comes back with action DELIVERED, or failed,
 * and the relay gives just these outcomes to a REPORT job. */
#include "mapping/edim.h"
#include "mapping/smime.h"
#include "mapping/envelope.h"
#include "mapping/notification_request.h"
#include "mapping/report.h"
#include "mapping/trace.h"

#include <string.h>

#include <EDIInformationObject.h>
#include <Heading.h>
#include <IPM.h>
#include <IPMIdentifier.h>
#include <IPN.h>
#include <InformationObject.h>
#include <LatestDeliveryTime.h>
#include <MTS-APDU.h>
#include <PerRecipientMessageTransferFields.h>
#include <PerRecipientProbeTransferFields.h>
#include <PerRecipientReportTransferFields.h>

/* --- the duplicate rule (DESIGN section 1) --- */

static bool digest_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  g_checksum_update(user, block, (gssize)length);
  return true;
}

/* Each part with its length in front, so that no two lists of parts give the same octets. */
static void digest_octets(GChecksum *digest, struct octets *octets)
{
  guint64 length = octets ? GUINT64_TO_BE(octets_length(octets)) : 0;
  g_checksum_update(digest, (const guchar *)&length, sizeof length);
  if (octets)
    octets_each(octets, digest_block, digest, NULL);
}

static void digest_text(GChecksum *digest, const char *text)
{
  g_autoptr(octets_t) octets = octets_new(text, strlen(text));
  digest_octets(digest, octets);
}

static void digest_extension(GChecksum *digest, const struct asn1_value *apdu,
                             const struct Extensions *extensions, long number)
{
  const struct ExtensionField *extension = x400_extension(extensions, number);
  g_autoptr(octets_t) octets =
      extension && extension->value ? asn1_octets(apdu, (const struct OCTET_STRING *)extension->value) : NULL;
  digest_octets(digest, octets);
}

static GBytes *digest_end(GChecksum *digest)
{
  guint8 hash[32];
  gsize length = sizeof hash;
  g_checksum_get_digest(digest, hash, &length);
  g_checksum_free(digest);
  return g_bytes_new(hash, length);
}

static GBytes *duplicate_key(const struct mapping_job *job, const struct asn1_value *apdu,
                             const Message_t *message)
{
  const MessageTransferEnvelope_t *envelope = &message->envelope;
  GChecksum *digest = g_checksum_new(G_CHECKSUM_SHA256);
  g_autofree char *identifier = x400_identifier_text(&envelope->message_identifier);
  digest_text(digest, job->peer ? job->peer : "");
  digest_text(digest, identifier);
  digest_extension(digest, apdu, envelope->extensions, StandardExtension_dl_expansion_history);
  for (int i = 0; i < envelope->per_recipient_fields.list.count; i++) {
    const struct PerRecipientMessageTransferFields *fields = envelope->per_recipient_fields.list.array[i];
    if (!(x400_bits_get(&fields->per_recipient_indicators) & 1))
      continue;
    g_autofree char *number = g_strdup_printf("%ld", fields->originally_specified_recipient_number);
    g_autoptr(octets_t) name = asn1_encode_field(apdu, &asn_DEF_ORName, &fields->recipient_name, NULL);
    digest_text(digest, number);
    digest_octets(digest, name);
    digest_extension(digest, apdu, fields->extensions, StandardExtension_redirection_history);
  }
  g_autoptr(octets_t) content = asn1_octets(apdu, &message->content);
  digest_octets(digest, content);
  return digest_end(digest);
}

/* Reports and probes carry no histories that tell copies apart: the whole APDU is compared. */
static GBytes *duplicate_key_whole(const struct mapping_job *job, const struct asn1_value *apdu)
{
  GChecksum *digest = g_checksum_new(G_CHECKSUM_SHA256);
  g_autoptr(octets_t) octets = asn1_encode(apdu, NULL);
  digest_text(digest, job->peer ? job->peer : "");
  digest_octets(digest, octets);
  return digest_end(digest);
}

/* --- recipients --- */

struct reading {
  struct mapping_context *context;
  const struct mapping_job *job;
  struct mapping_result *result;
  const struct asn1_value *apdu;
  GHashTable *requests;   /* of its recipients for notifications; NULL: none can be read */
  char *loop;             /* why the message goes no further */
  char *critical;         /* extension of the message that delivery cannot serve */
  char *critical_transit; /* that transfer cannot serve */
  const GError *content;  /* why no mail can be made of it */
};

/* Both kinds of requests count: what the originating MTA asked for is answered here too (appendix A 3.2). */
static guint notify_of(guint32 indicators)
{
  if (indicators &
      (1u << PerRecipientIndicators_originator_report | 1u << PerRecipientIndicators_originating_MTA_report))
    return MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_FAILURE;
  return indicators & (1u << PerRecipientIndicators_originator_non_delivery_report |
                       1u << PerRecipientIndicators_originating_MTA_non_delivery_report)
             ? MAPPING_NOTIFY_FAILURE
             : MAPPING_NOTIFY_NEVER;
}

static void refuse(const struct reading *reading, struct mapping_recipient *recipient,
                   const struct Extensions *extensions)
{
  bool transit = recipient->hop && g_str_has_prefix(recipient->hop, "p1:");
  g_autofree char *own = envelope_critical(extensions, transit);
  const char *critical = own ? own : transit ? reading->critical_transit : reading->critical;
  if (reading->job->truncated) /* unable-to-transfer, content-too-long */
    job_recipient_fail(recipient, "5.3.4", 1, 7,
                       "the message is larger than its sender's system may send here");
  else if (reading->loop)
    job_recipient_fail(recipient, "5.4.6", 1, 3, "loop detected: %s", reading->loop);
  else if (critical) /* 5.3.6: unable-to-transfer, unsupported-critical-function */
    job_recipient_fail(recipient, "5.3.3", 1, 18,
                       "extension %s is critical and cannot be served (RFC 2156 5.3.6)", critical);
  else if (reading->content && !transit)
    job_recipient_error(recipient, "5.6.1", reading->content);
}

static void add_recipient(struct reading *reading, const struct ORName *name, int position, long number,
                          guint32 indicators, const struct Extensions *extensions)
{
  if (!(indicators & 1u << PerRecipientIndicators_responsibility))
    return;
  g_autoptr(GError) error = NULL;
  struct mapping_recipient *recipient = mapping_recipient_new((guint)position);
  g_ptr_array_add(reading->result->recipients, recipient);
  recipient->notify = notify_of(indicators);
  recipient->number = (guint)CLAMP(number, 0, G_MAXINT);
  recipient->action = MAPPING_RELAYED;
  g_autoptr(or_address_t) address = or_address_from_asn1(reading->apdu, name, &error);
  if (!address) {
    recipient->address = g_strdup("");
    job_recipient_error(recipient, "5.1.3", error);
    return;
  }
  recipient->address = or_address_format(address);
  if (!address_route_or(reading->context, address, &recipient->mapped, &recipient->hop, NULL, &error)) {
    job_recipient_error(recipient, "5.1.1", error);
    return;
  }
  recipient->fallbacks = address_fallbacks(reading->context, recipient->mapped, recipient->hop);
  if (reading->requests && !g_str_has_prefix(recipient->hop, "p1:"))
    recipient->receipts = notification_requests_of(reading->requests, address);
  recipient->apart = recipient->receipts != 0; /* who is asked gets a mail that asks (RFC 8098 2.1) */
  refuse(reading, recipient, extensions);
}

/* Under each name that this gateway signs traces with: what left to one peer may come back from another. */
static void find_loop(struct reading *reading, const struct TraceInformation *trace,
                      const struct Extensions *extensions)
{
  struct mapping_context *context = reading->context;
  const struct mapping_settings *settings = context->settings;
  g_autoptr(GPtrArray) list = trace_from_asn1(reading->apdu, trace, extensions);
  reading->loop =
      trace_loop(list, job_domain(context, NULL), job_mta_name(context, NULL), settings->hops_max);
  for (guint i = 0; i < settings->peers->len && !reading->loop; i++)
    reading->loop = trace_loop(list, job_domain(context, settings->peers->pdata[i]),
                               job_mta_name(context, settings->peers->pdata[i]), settings->hops_max);
}

/* --- the three kinds --- */

static void add_ipm_identifier(struct reading *reading, const struct asn1_value *content,
                               const struct IPMIdentifier *identifier, const char *kind)
{
  struct ipm_identifier *plain = g_new0(struct ipm_identifier, 1);
  plain->relative = x400_text(content, CHARSET_IA5, &identifier->user_relative_identifier, 256);
  if (identifier->user)
    plain->user = or_address_from_asn1(content, identifier->user, NULL);
  g_autofree char *text = identifier_message_id_from_ipm(reading->context, plain);
  job_identifier_add(reading->result, kind, text);
  if (!strcmp(kind, "message-id"))
    job_identifier_add(reading->result, "ipm-id", plain->relative);
  ipm_identifier_free(plain);
}

static void add_edim_identifier(struct reading *reading, const struct asn1_value *content,
                                const EDIMIdentifier_t *identifier, const char *kind)
{
  const struct from_x400 from = {.context = reading->context, .value = content};
  g_autofree char *text = edim_message_id(&from, identifier);
  job_identifier_add(reading->result, kind, text);
}

/* X.435. */
static void read_edi(struct reading *reading, struct octets *octets, GError **error)
{
  GError *local = NULL;
  g_autoptr(asn1_value_t) content = edim_content(reading->context, octets, &local);
  if (!content) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "5.6.0 the content is no EDI message: %s",
                local->message);
    g_error_free(local);
    return;
  }
  const EDIInformationObject_t *object = asn1_value_get(content);
  if (object->present == EDIInformationObject_PR_edim) {
    add_edim_identifier(reading, content, &object->choice.edim.heading.this_EDIM, "message-id");
    return;
  }
  const EDIN_t *edin = &object->choice.edin; /* the common fields come first in each kind */
  reading->result->content = MAPPING_CONTENT_NOTIFICATION;
  add_edim_identifier(reading, content, &edin->choice.positive_notification.pn_common_fields.subject_edim, "ipm-id");
}

/* 1.5.3: mail can be made of interpersonal messages, of EDI messages (decision 0139), and of what is MIME or CMS already
 * (RFC 3855). */
static bool is_interpersonal(const ContentType_t *type, GError **error)
{
  if (smime_of(type))
    return true;
  bool built_in = type->present == ContentType_PR_built_in;
  long number = built_in ? type->choice.built_in : 0;
  if (built_in && (number == BuiltInContentType_interpersonal_messaging_1984 ||
                   number == BuiltInContentType_interpersonal_messaging_1988))
    return true;
  if (edim_is_content(type))
    return true;
  if (!built_in && oid_get(&type->choice.extended) == OID_MCT_MM_88)
    return true; /* STANAG 4406: an IPM with heading extensions of its own (decision 0116) */
  g_autofree char *name = envelope_content_type(type);
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX,
              "5.6.1 content type %s is not interpersonal messaging (RFC 2156 1.5.3)", name);
  return false;
}

/* The content as far as reading goes; error: why no mail can be made of it. */
static void read_content(struct reading *reading, const Message_t *message, GError **error)
{
  if (!is_interpersonal(&message->envelope.content_type, error))
    return;
  if (reading->job->truncated)
    return; /* there is none */
  if (smime_of(&message->envelope.content_type))
    return;
  g_autoptr(octets_t) octets = asn1_octets(reading->apdu, &message->content);
  if (edim_is_content(&message->envelope.content_type)) {
    read_edi(reading, octets, error);
    return;
  }
  GError *local = NULL;
  g_autoptr(asn1_value_t) content = job_content(reading->context, reading->job->peer, octets, &local);
  if (!content) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "5.6.0 the content is no IPM: %s",
                local->message);
    g_error_free(local);
    return;
  }
  const InformationObject_t *object = asn1_value_get(content);
  if (object->present == InformationObject_PR_ipn) {
    reading->result->content = MAPPING_CONTENT_NOTIFICATION;
    add_ipm_identifier(reading, content, &object->choice.ipn.subject_ipm, "subject-message-id");
  } else {
    const struct mapping_peer *peer =
        mapping_settings_peer(reading->context->settings, reading->job->peer);
    add_ipm_identifier(reading, content, &object->choice.ipm.heading.this_IPM, "message-id");
    if (!peer || peer->receipt_requests != MAPPING_RECEIPTS_NONE)
      reading->requests = notification_requests_read(content, &object->choice.ipm.heading);
  }
}

static guint priority_of(const Priority_t *priority)
{
  return !priority || *priority == Priority_normal ? 1 : *priority == Priority_urgent ? 2 : 0;
}

static void add_mts_identifier(struct reading *reading, const char *kind, const MTSIdentifier_t *identifier)
{
  g_autofree char *text = x400_identifier_text(identifier);
  job_identifier_add(reading->result, kind, text);
}

static void read_times(struct reading *reading, const struct OCTET_STRING *deferred,
                       const struct Extensions *extensions)
{
  struct mail_time time;
  if (x400_time_get(deferred, &time) && job_deferral(reading->context, reading->job, &time))
    reading->result->deferred_until_us = time.us;
  g_autoptr(asn1_value_t) latest =
      x400_extension_value(reading->apdu, x400_extension(extensions, StandardExtension_latest_delivery_time),
                           &asn_DEF_LatestDeliveryTime);
  if (latest && x400_time_get(asn1_value_get(latest), &time))
    reading->result->latest_us = time.us;
}

static void read_message(struct reading *reading, const Message_t *message)
{
  const MessageTransferEnvelope_t *envelope = &message->envelope;
  struct mapping_result *result = reading->result;
  g_autoptr(GError) content = NULL;
  result->content = MAPPING_CONTENT_MESSAGE;
  result->priority = priority_of(envelope->priority);
  result->sender = job_or_text(reading->apdu, &envelope->originator_name);
  add_mts_identifier(reading, "mts-id", &envelope->message_identifier);
  g_autofree char *content_id = x400_text(reading->apdu, CHARSET_IA5, envelope->content_identifier, 64);
  job_identifier_add(result, "content-id", content_id);
  read_content(reading, message, &content);
  reading->content = content;
  find_loop(reading, &envelope->trace_information, envelope->extensions);
  reading->critical = envelope_critical(envelope->extensions, false);
  reading->critical_transit = envelope_critical(envelope->extensions, true);
  read_times(reading, envelope->deferred_delivery_time, envelope->extensions);
  for (int i = 0; i < envelope->per_recipient_fields.list.count; i++) {
    const struct PerRecipientMessageTransferFields *fields = envelope->per_recipient_fields.list.array[i];
    add_recipient(reading, &fields->recipient_name, i, fields->originally_specified_recipient_number,
                  x400_bits_get(&fields->per_recipient_indicators), fields->extensions);
  }
  result->duplicate_key = duplicate_key(reading->job, reading->apdu, message);
  reading->content = NULL;
}

/* A report ends here, and this is what the operator reads of it: why, and the outcomes, as many as fit a
 * record. */
static void end_report(struct reading *reading, const Report_t *report, const char *why)
{
  enum { TOLD_MAX = 20 };
  const ReportTransferContent_t *content = &report->content;
  int count = content->per_recipient_fields.list.count;
  g_autoptr(GString) words = g_string_new(why);
  for (int i = 0; i < MIN(count, TOLD_MAX); i++) {
    const PerRecipientReportTransferFields_t *fields = content->per_recipient_fields.list.array[i];
    g_autofree char *name = job_or_text(reading->apdu, &fields->actual_recipient_name);
    g_autofree char *outcome = report_outcome_words(&fields->last_trace_information.report_type);
    g_string_append_printf(words, "; %s: %s", name ? name : "(unreadable)", outcome);
  }
  if (count > TOLD_MAX)
    g_string_append_printf(words, "; and %d more", count - TOLD_MAX);
  reading->result->words = g_utf8_make_valid(words->str, -1);
}

/* Whether its originator asked for any of it.  A report that is here because the originating MTA, which is
 * this gateway, asks always (X.411 12.2.1.1), and the sender did not (NOTIFY=NEVER), is the operator's alone.
 */
static bool somebody_asked(const struct reading *reading, const Report_t *report)
{
  const ReportTransferContent_t *content = &report->content;
  for (int i = 0; i < content->per_recipient_fields.list.count; i++)
    if (report_is_wanted(reading->context, content, content->per_recipient_fields.list.array[i]))
      return true;
  return false;
}

/* One recipient: whom the report is for.  One that is meant for the gateway itself (5.1.5: a mail without
 * originator went out under its name) ends here. */
static void read_report(struct reading *reading, const Report_t *report)
{
  const ReportTransferEnvelope_t *envelope = &report->envelope;
  struct mapping_result *result = reading->result;
  g_autoptr(GError) error = NULL;
  result->content = MAPPING_CONTENT_REPORT;
  result->no_report = true;
  result->priority = 1;
  result->sender = g_strdup("");
  add_mts_identifier(reading, "mts-id", &envelope->report_identifier);
  add_mts_identifier(reading, "subject-mts-id", &report->content.subject_identifier);
  g_autofree char *content_id = x400_text(reading->apdu, CHARSET_IA5, report->content.content_identifier, 64);
  job_identifier_add(result, "content-id", content_id);
  find_loop(reading, &envelope->trace_information, envelope->extensions);
  result->duplicate_key = duplicate_key_whole(reading->job, reading->apdu);
  g_autoptr(or_address_t) address =
      or_address_from_asn1(reading->apdu, &envelope->report_destination_name, &error);
  if (address && or_address_equal(address, reading->context->own)) {
    end_report(reading, report,
               "a report for the gateway itself: a mail without sender went out under its name");
    return;
  }
  struct mapping_recipient *recipient = mapping_recipient_new(0);
  recipient->notify = MAPPING_NOTIFY_NEVER;
  recipient->address = address ? or_address_format(address) : g_strdup("");
  bool routed = address && address_route_or(reading->context, address, &recipient->mapped, &recipient->hop,
                                            NULL, &error);
  if (routed && !g_str_has_prefix(recipient->hop, "p1:") && !somebody_asked(reading, report)) {
    mapping_recipient_free(recipient);
    end_report(reading, report, "the sender asked for no report (NOTIFY=NEVER)");
    return;
  }
  g_ptr_array_add(result->recipients, recipient);
  if (!routed)
    job_recipient_error(recipient, "5.1.1", error);
  else if (reading->loop)
    job_recipient_fail(recipient, "5.4.6", 1, 3, "loop detected: %s", reading->loop);
}

static void read_probe(struct reading *reading, const ProbeTransferEnvelope_t *envelope)
{
  struct mapping_result *result = reading->result;
  result->content = MAPPING_CONTENT_PROBE;
  result->priority = 1;
  result->sender = job_or_text(reading->apdu, &envelope->originator_name);
  add_mts_identifier(reading, "mts-id", &envelope->probe_identifier);
  find_loop(reading, &envelope->trace_information, envelope->extensions);
  reading->critical = envelope_critical(envelope->extensions, false);
  reading->critical_transit = envelope_critical(envelope->extensions, true);
  result->duplicate_key = duplicate_key_whole(reading->job, reading->apdu);
  g_autoptr(GError) content = NULL;
  is_interpersonal(&envelope->content_type, &content);
  reading->content = content;
  for (int i = 0; i < envelope->per_recipient_fields.list.count; i++) {
    const struct PerRecipientProbeTransferFields *fields = envelope->per_recipient_fields.list.array[i];
    add_recipient(reading, &fields->recipient_name, i, fields->originally_specified_recipient_number,
                  x400_bits_get(&fields->per_recipient_indicators), fields->extensions);
  }
  for (guint i = 0; i < result->recipients->len; i++) {
    struct mapping_recipient *recipient = result->recipients->pdata[i];
    bool transit = recipient->hop && g_str_has_prefix(recipient->hop, "p1:");
    if (recipient->failed || transit)
      continue;
    recipient->action = MAPPING_DELIVERED;
    recipient->code = g_strdup("2.1.5");
    recipient->words =
        g_strdup("the probe was answered by the gateway: it maps the address and has a route for it");
  }
  reading->content = NULL;
}

void mapping_read_apdu(struct mapping_context *context, const struct mapping_job *job,
                       struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  result->format = MAPPING_APDU;
  g_autoptr(asn1_value_t) apdu = job_apdu(context, job, &error);
  if (!apdu) {
    mapping_result_fail(result, MAPPING_PARK, error);
    return;
  }
  struct reading reading = {.context = context, .job = job, .result = result, .apdu = apdu};
  const MTS_APDU_t *choice = asn1_value_get(apdu);
  if (choice->present == MTS_APDU_PR_message)
    read_message(&reading, &choice->choice.message);
  else if (choice->present == MTS_APDU_PR_report)
    read_report(&reading, &choice->choice.report);
  else
    read_probe(&reading, &choice->choice.probe);
  g_clear_pointer(&reading.requests, g_hash_table_unref);
  g_free(reading.loop);
  g_free(reading.critical);
  g_free(reading.critical_transit);
}
