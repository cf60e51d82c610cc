/* report_x400.c - the report that an X.400 originator gets on our outcomes: X.411 8.3.1.2, 12.2.1.2, 14.3.5.
 */
#include "mapping/job_io.h"
#include "mapping/redirection.h"
#include "mapping/report_codes.h"
#include "mapping/reporting.h"
#include "mapping/trace.h"

#include <DLExpansion.h>
#include <DLExpansionHistory.h>
#include <MTS-APDU.h>
#include <OriginatorAndDLExpansion.h>
#include <OriginatorAndDLExpansionHistory.h>
#include <PerMessageIndicators.h>
#include <PerRecipientIndicators.h>
#include <PerRecipientReportTransferFields.h>
#include <Redirection.h>
#include <RedirectionHistory.h>
#include <stdlib.h>
#include <string.h>

enum { SUPPLEMENT_MAX = 256 }; /* ub-supplementary-info-length */

/* What a message and a probe have in common for a report. */
struct subject {
  const struct asn1_value *apdu;
  const MTSIdentifier_t *identifier;
  const ORName_t *originator;
  const EncodedInformationTypes_t *types;
  const ContentType_t *content_type;
  const ContentIdentifier_t *content_identifier;
  const struct Extensions *extensions;
  const TraceInformation_t *trace;
  const Content_t *content; /* to be returned, or NULL */
  guint count;
};
struct subject_recipient {
  const ORName_t *name;
  long number;
  guint32 indicators;
  const struct Extensions *extensions;
};

/* truncated: its content was not kept. */
static bool open_subject(const struct asn1_value *apdu, bool truncated, struct subject *subject)
{
  const MTS_APDU_t *choice = asn1_value_get(apdu);
  if (choice->present == MTS_APDU_PR_message) {
    const MessageTransferEnvelope_t *envelope = &choice->choice.message.envelope;
    bool wanted = !truncated && x400_bits_get(envelope->per_message_indicators) &
                                    (1u << PerMessageIndicators_content_return_request);
    *subject = (struct subject){apdu,
                                &envelope->message_identifier,
                                &envelope->originator_name,
                                envelope->original_encoded_information_types,
                                &envelope->content_type,
                                envelope->content_identifier,
                                envelope->extensions,
                                &envelope->trace_information,
                                wanted ? &choice->choice.message.content : NULL,
                                (guint)envelope->per_recipient_fields.list.count};
    return true;
  }
  if (choice->present == MTS_APDU_PR_probe) {
    const ProbeTransferEnvelope_t *envelope = &choice->choice.probe;
    *subject = (struct subject){apdu,
                                &envelope->probe_identifier,
                                &envelope->originator_name,
                                envelope->original_encoded_information_types,
                                &envelope->content_type,
                                envelope->content_identifier,
                                envelope->extensions,
                                &envelope->trace_information,
                                NULL,
                                (guint)envelope->per_recipient_fields.list.count};
    return true;
  }
  return false; /* never a report on a report */
}

/* A recipient's ordinal is its position in the envelope (job.h): members of an expanded list share the list's
 * original number. */
static bool subject_recipient(const struct subject *subject, guint ordinal,
                              struct subject_recipient *recipient)
{
  const MTS_APDU_t *choice = asn1_value_get(subject->apdu);
  if (ordinal >= subject->count)
    return false;
  if (choice->present == MTS_APDU_PR_message) {
    const PerRecipientMessageTransferFields_t *fields =
        choice->choice.message.envelope.per_recipient_fields.list.array[ordinal];
    *recipient =
        (struct subject_recipient){&fields->recipient_name, fields->originally_specified_recipient_number,
                                   x400_bits_get(&fields->per_recipient_indicators), fields->extensions};
  } else {
    const PerRecipientProbeTransferFields_t *fields =
        choice->choice.probe.per_recipient_fields.list.array[ordinal];
    *recipient =
        (struct subject_recipient){&fields->recipient_name, fields->originally_specified_recipient_number,
                                   x400_bits_get(&fields->per_recipient_indicators), fields->extensions};
  }
  return true;
}

/* X.411 14.3.5: which outcomes the originating MTA or the originator asked to hear of. */
static bool is_wanted(guint32 indicators, bool failed)
{
  const guint32 report =
      1u << PerRecipientIndicators_originating_MTA_report | 1u << PerRecipientIndicators_originator_report;
  const guint32 failure = 1u << PerRecipientIndicators_originating_MTA_non_delivery_report |
                          1u << PerRecipientIndicators_originator_non_delivery_report;
  return indicators & (failed ? report | failure : report);
}

/* A member that stands in its holder, not behind a pointer. What cannot be copied leaves it empty: the report
 * can then not be encoded, which is told. */
static void copy_into(const struct asn1_value *from, const struct asn_TYPE_descriptor_s *type,
                      const void *structure, void *member, gsize size)
{
  void *copy = x400_copy(from, type, structure);
  if (copy)
    memcpy(member, copy, size);
  free(copy); /* the outermost block alone: what it points to is the member's now */
}

/* X.411 12.2.1.3: who was first meant, and the way from there. */
static void copy_redirections(const struct subject *subject, const struct subject_recipient *about,
                              PerRecipientReportTransferFields_t *fields)
{
  const struct ExtensionField *field =
      x400_extension(about->extensions, StandardExtension_redirection_history);
  g_autoptr(asn1_value_t) value = x400_extension_value(subject->apdu, field, &asn_DEF_RedirectionHistory);
  const RedirectionHistory_t *history = value ? asn1_value_get(value) : NULL;
  if (!history || !history->list.count)
    return;
  fields->originally_intended_recipient_name =
      x400_copy(value, &asn_DEF_ORName, &history->list.array[0]->intended_recipient_name.intended_recipient);
  x400_extension_copy(subject->apdu, field, &fields->extensions);
}

/* RFC 2156 4.6.2.3: a delivery report made here says so, with the gateway's name: behind it the mail may
 * still go on. */
static struct OCTET_STRING *supplement(const struct mapping_recipient *outcome, bool failed,
                                       const char *gateway)
{
  g_autoptr(GString) words = g_string_new(NULL);
  if (!failed)
    g_string_append_printf(words, "report of the gateway %s: ", gateway);
  if (outcome->words)
    g_string_append_printf(words, "%s%s%s", outcome->code ? outcome->code : "", outcome->code ? " " : "",
                           outcome->words);
  else if (!failed)
    g_string_append(words, "taken by the next mail system");
  return words->len ? x400_printable_new(words->str, SUPPLEMENT_MAX) : NULL;
}

static void add_recipient(ReportTransferContent_t *content, const struct subject *subject,
                          const struct subject_recipient *about, const struct mapping_recipient *outcome,
                          const struct mapping_job *job, const char *gateway)
{
  bool failed = outcome->failed || outcome->action == MAPPING_FAILED;
  const struct mail_time arrival = {.us = job->received_us},
                         delivered = {.us = outcome->time_us ? outcome->time_us : job->now_us};
  PerRecipientReportTransferFields_t *fields = asn1_new_field(PerRecipientReportTransferFields_t);
  copy_into(subject->apdu, &asn_DEF_ORName, about->name, &fields->actual_recipient_name,
            sizeof fields->actual_recipient_name);
  fields->originally_specified_recipient_number = about->number;
  x400_bits_put(&fields->per_recipient_indicators,
                about->indicators & ~(1u << PerRecipientIndicators_responsibility), 8);
  LastTraceInformation_t *last = &fields->last_trace_information;
  x400_time_put(&arrival, &last->arrival_time);
  if (failed) {
    gint reason = outcome->reason, diagnostic = outcome->diagnostic;
    if (reason < 0)
      report_reason(outcome->code, &reason, &diagnostic);
    last->report_type.present = ReportType_PR_non_delivery;
    last->report_type.choice.non_delivery.non_delivery_reason_code = reason;
    if (diagnostic >= 0)
      last->report_type.choice.non_delivery.non_delivery_diagnostic_code = x400_long(diagnostic);
  } else {
    last->report_type.present = ReportType_PR_delivery;
    x400_time_put(&delivered, &last->report_type.choice.delivery.message_delivery_time);
  }
  fields->supplementary_information = supplement(outcome, failed, gateway);
  copy_redirections(subject, about, fields);
  asn_sequence_add(&content->per_recipient_fields.list, fields);
}

static void fill_content(const struct subject *subject, struct asn1_value *value,
                         ReportTransferContent_t *content, bool failed, guint64 most, GPtrArray *losses)
{
  copy_into(subject->apdu, &asn_DEF_MTSIdentifier, subject->identifier, &content->subject_identifier,
            sizeof content->subject_identifier);
  if (subject->types)
    content->original_encoded_information_types =
        x400_copy(subject->apdu, &asn_DEF_EncodedInformationTypes, subject->types);
  if (subject->content_identifier)
    content->content_identifier =
        x400_copy(subject->apdu, &asn_DEF_ContentIdentifier, subject->content_identifier);
  content->content_type = x400_copy(subject->apdu, &asn_DEF_ContentType, subject->content_type);
  /* Where the subject had been: what an operator on the other side asks first. */
  content->subject_intermediate_trace_information =
      x400_copy(subject->apdu, &asn_DEF_TraceInformation, subject->trace);
  x400_extension_copy(subject->apdu,
                      x400_extension(subject->extensions, StandardExtension_content_correlator),
                      &content->extensions);
  if (!failed || !subject->content)
    return;
  g_autoptr(octets_t) returned = asn1_octets(subject->apdu, subject->content);
  if (octets_length(returned) > most) {
    mapping_loss(losses,
                 "returned-content: left out (X.411 8.2.1.1.1.23): it has %" G_GUINT64_FORMAT
                 " octets, more than %" G_GUINT64_FORMAT " (limits returned-content)",
                 octets_length(returned), most);
    return;
  }
  content->returned_content = asn1_new_string("");
  asn1_put_octets(value, content->returned_content, returned);
}

/* Unique for each report that one message may give: its queue identifier and the time of this outcome. */
static void put_identifier(const struct mapping_job *job, const struct mapping_gdi *gdi,
                           MTSIdentifier_t *identifier, struct mapping_result *result)
{
  char subject[16], moment[16];
  x400_queue_id(job->id, subject);
  x400_queue_id((guint64)job->now_us, moment);
  g_autofree char *local = g_strdup_printf("r%s.%s", subject, moment);
  x400_identifier_put(gdi, local, identifier);
  g_autofree char *text = x400_identifier_text(identifier);
  job_identifier_add(result, "mts-id", text);
}

static struct asn1_value *expansions(const struct subject *subject)
{
  return x400_extension_value(subject->apdu,
                              x400_extension(subject->extensions, StandardExtension_dl_expansion_history),
                              &asn_DEF_DLExpansionHistory);
}

/* X.411 14.3.10: about a member of a list, the list that was expanded last is told; else the originator. */
static struct or_address *told(const struct subject *subject, GError **error)
{
  g_autoptr(asn1_value_t) value = expansions(subject);
  const DLExpansionHistory_t *history = value ? asn1_value_get(value) : NULL;
  if (history && history->list.count)
    return or_address_from_asn1(value, &history->list.array[history->list.count - 1]->dl, error);
  return or_address_from_asn1(subject->apdu, subject->originator, error);
}

/* The way back for the lists that pass the report on: the originator, then each list in the order of
 * expansion (X.411 8.3.1.2.1.3).  The originator's time is that of the first trace element: the submission.
 */
static void put_expansions(const struct subject *subject, struct asn1_value *value,
                           struct Extensions **extensions)
{
  g_autoptr(asn1_value_t) expanded = expansions(subject);
  const DLExpansionHistory_t *history = expanded ? asn1_value_get(expanded) : NULL;
  if (!history || !history->list.count || !subject->trace->list.count)
    return;
  g_autoptr(asn1_value_t) made = asn1_value_new(&asn_DEF_OriginatorAndDLExpansionHistory);
  OriginatorAndDLExpansionHistory_t *list = asn1_value_get(made);
  for (int i = -1; i < history->list.count; i++) {
    const DLExpansion_t *expansion = i < 0 ? NULL : history->list.array[i];
    const struct OCTET_STRING *time =
        expansion ? &expansion->dl_expansion_time
                  : &subject->trace->list.array[0]->domain_supplied_information.arrival_time;
    OriginatorAndDLExpansion_t *step = asn1_new_field(OriginatorAndDLExpansion_t);
    copy_into(expansion ? expanded : subject->apdu, &asn_DEF_ORName,
              expansion ? &expansion->dl : subject->originator, &step->originator_or_dl_name,
              sizeof step->originator_or_dl_name);
    copy_into(expansion ? expanded : subject->apdu, &asn_DEF_Time, time, &step->origination_or_expansion_time,
              sizeof step->origination_or_expansion_time);
    asn_sequence_add(&list->list, step);
  }
  x400_extension_add(value, extensions, StandardExtension_originator_and_DL_expansion_history, 0,
                     &asn_DEF_OriginatorAndDLExpansionHistory, list);
}

static struct mapping_recipient *destination(struct mapping_context *context, const struct mapping_job *job,
                                             const struct subject *subject, struct or_address **address_r,
                                             GError **error)
{
  *address_r = told(subject, error);
  if (!*address_r)
    return NULL;
  struct mapping_recipient *to = mapping_recipient_new(0);
  to->address = or_address_format(*address_r);
  to->notify = MAPPING_NOTIFY_NEVER;
  if (address_route_or(context, *address_r, &to->mapped, &to->hop, NULL, NULL)) {
    to->fallbacks = address_fallbacks(context, to->mapped, to->hop);
    return to;
  }
  /* No route to the originator: whoever handed us the message knows the way back. */
  to->mapped = g_strdup(to->address);
  to->hop = job->peer ? g_strdup_printf("p1:%s", job->peer) : NULL;
  to->failed = !to->hop;
  return to;
}

static struct octets *make(struct mapping_context *context, const struct mapping_job *job,
                           const struct subject *subject, const struct mapping_recipient *to,
                           const struct or_address *address, struct mapping_result *result, GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MTS_APDU);
  MTS_APDU_t *apdu = asn1_value_get(value);
  apdu->present = MTS_APDU_PR_report;
  Report_t *report = &apdu->choice.report;
  bool failed = false;
  for (guint i = 0; i < job->recipients->len; i++) {
    const struct mapping_recipient *outcome = job->recipients->pdata[i];
    struct subject_recipient about;
    bool gone = outcome->failed || outcome->action == MAPPING_FAILED;
    if (!subject_recipient(subject, outcome->ordinal, &about) || !is_wanted(about.indicators, gone))
      continue;
    add_recipient(&report->content, subject, &about, outcome, job, context->settings->hostname);
    failed = failed || gone;
  }
  if (report->content.per_recipient_fields.list.count == 0)
    return NULL;
  const struct mapping_peer *peer = job_hop_peer(context, to->hop);
  const struct mapping_gdi *gdi = job_domain(context, peer);
  put_identifier(job, gdi, &report->envelope.report_identifier, result);
  or_address_to_asn1(address, value, &report->envelope.report_destination_name);
  const struct mail_time now = {.us = job->now_us};
  g_autoptr(GPtrArray) trace = trace_list_new();
  g_ptr_array_add(trace, trace_element_new(gdi, job_mta_name(context, peer), &now));
  trace_to_asn1(trace, value, &report->envelope.trace_information, &report->envelope.extensions);
  put_expansions(subject, value, &report->envelope.extensions);
  x400_extension_copy(subject->apdu,
                      x400_extension(subject->extensions, StandardExtension_message_security_label),
                      &report->envelope.extensions);
  fill_content(subject, value, &report->content, failed, context->settings->returned_max, result->losses);
  return asn1_encode(value, error);
}

void report_on_apdu(struct mapping_context *context, const struct mapping_job *job,
                    struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) apdu = job_apdu(context, job, &error);
  struct subject subject;
  result->format = MAPPING_APDU;
  if (!apdu) {
    mapping_result_fail(result, MAPPING_PARK, error);
    return;
  }
  if (!open_subject(apdu, job->truncated, &subject)) {
    result->words = g_strdup("never a report on a report (X.411 14.3.5)");
    return;
  }
  g_autoptr(GPtrArray) left = redirection_choose(context, job, apdu, result);
  struct mapping_job rest = *job;
  rest.recipients = left;
  g_autoptr(or_address_t) address = NULL;
  struct mapping_recipient *to = destination(context, job, &subject, &address, &error);
  g_autoptr(octets_t) report = to ? make(context, &rest, &subject, to, address, result, &error) : NULL;
  if (report) {
    job_output(job, report, result);
    g_ptr_array_add(result->recipients, g_steal_pointer(&to));
    result->sender = g_strdup("");
  }
  if (to)
    mapping_recipient_free(to);
  if (error)
    mapping_result_fail(result, MAPPING_PARK, error);
  else if (result->recipients->len == 0)
    result->words = g_strdup("no report was asked for these recipients (X.411 8.2.1.1.1.22)");
}
