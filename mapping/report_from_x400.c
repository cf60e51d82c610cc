/* report_from_x400.c - an X.400 report as a DSN: RFC 2156 5.3.8. */
#include "mapping/delivery_status.h"
#include "mapping/report.h"
#include "mapping/report_codes.h"
#include "mapping/trace.h"

#include <ContentCorrelator.h>
#include <ExtensionField.h>
#include <InformationObject.h>
#include <LastTraceInformation.h>
#include <ORName.h>
#include <OriginatorAndDLExpansion.h>
#include <OriginatorAndDLExpansionHistory.h>
#include <PerRecipientIndicators.h>
#include <PerRecipientReportTransferFields.h>
#include <Redirection.h>
#include <RedirectionHistory.h>
#include <Report.h>
#include <ReportTransferContent.h>
#include <string.h>

enum { TEXT_MAX = 1024 };
static const char ENVID_PREFIX[] = "SMTP/NOTARY ENVID: "; /* appendix A */

static void add_field(GPtrArray *fields, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void add_field(GPtrArray *fields, const char *name, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *body = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(fields, g_strdup_printf("%s: %s", name, body));
}

/* A mailbox for people and programs: of the address space as it is, when it has none. */
static char *mailbox_of(struct from_x400 *from, const struct asn1_value *value, const ORName_t *name)
{
  char *mailbox = job_or_mailbox(from->context, value, name, ADDRESS_HEADING);
  return mailbox ? mailbox : job_or_text(value, name);
}

static char *time_text(const struct OCTET_STRING *field)
{
  struct mail_time time;
  if (!x400_time_get(field, &time))
    return NULL;
  GString *text = g_string_new(NULL);
  mail_time_format(&time, text);
  return g_string_free(text, FALSE);
}

static bool is_one_of(const struct ExtensionField *extension, const long *numbers)
{
  if (extension->type.present != ExtensionType_PR_standard_extension)
    return false;
  while (*numbers && *numbers != extension->type.choice.standard_extension)
    numbers++;
  return *numbers != 0;
}

/* 5.3.8.1: what has no field of its own is listed, whatever its criticality. */
static void add_discarded(struct from_x400 *from, const struct Extensions *extensions, const long *served,
                          GString *names)
{
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    const struct ExtensionField *extension = extensions->list.array[i];
    if (is_one_of(extension, served))
      continue;
    g_autofree char *name = x400_extension_name(extension);
    g_string_append_printf(names, "%s%s", names->len ? ", " : "", name);
    mapping_loss(from->losses, "report extension %s: discarded (RFC 2156 5.3.8.1): mail has no such service",
                 name);
  }
}

static void put_discarded(const GString *names, GPtrArray *fields)
{
  if (names->len)
    add_field(fields, "X400-Discarded-DR-Extensions", "%s", names->str);
}

/* --- who is told --- */

bool report_is_wanted(struct mapping_context *context, const struct ReportTransferContent *content,
                      const struct PerRecipientReportTransferFields *fields)
{
  /* In a report only the originator's bits count (X.411 12.2.1.3).  All five are looked at all the same: a
   * peer that leaves them out altogether must not silence what the sender waits for. */
  const guint32 mask = 0x1fu & ~(1u << PerRecipientIndicators_responsibility);
  if ((x400_bits_get(&fields->per_recipient_indicators) & mask) !=
      1u << PerRecipientIndicators_originating_MTA_non_delivery_report)
    return true;
  struct mapping_gdi subject = {0};
  x400_domain_get(&content->subject_identifier.global_domain_identifier, &subject);
  bool own = x400_domain_equal(&subject, job_domain(context, NULL));
  for (guint i = 0; i < context->settings->peers->len && !own; i++)
    own = x400_domain_equal(&subject, job_domain(context, context->settings->peers->pdata[i]));
  x400_domain_clear(&subject);
  return !own;
}

char *report_outcome_words(const struct ReportType *type)
{
  if (type->present == ReportType_PR_delivery)
    return g_strdup("delivered");
  const NonDeliveryReport_t *failure = &type->choice.non_delivery;
  gint reason = (gint)failure->non_delivery_reason_code;
  gint diagnostic = failure->non_delivery_diagnostic_code ? (gint)*failure->non_delivery_diagnostic_code
                                                          : REPORT_NO_DIAGNOSTIC;
  if (diagnostic == REPORT_NO_DIAGNOSTIC)
    return g_strdup_printf("%s (%s)", report_plain_words(reason, diagnostic), report_reason_words(reason));
  return g_strdup_printf("%s (%s: %s)", report_plain_words(reason, diagnostic), report_reason_words(reason),
                         report_diagnostic_words(diagnostic));
}

/* --- per recipient --- */

static void add_addresses(struct from_x400 *from, const struct asn1_value *apdu,
                          const PerRecipientReportTransferFields_t *fields,
                          struct status_recipient *recipient)
{
  g_autofree char *actual = job_or_text(apdu, &fields->actual_recipient_name);
  g_autofree char *mapped =
      job_or_mailbox(from->context, apdu, &fields->actual_recipient_name, ADDRESS_HEADING);
  if (!fields->originally_intended_recipient_name) {
    recipient->original = mapped ? g_strdup_printf("rfc822; %s", mapped) : NULL;
    recipient->final = g_strdup_printf("x400; %s", actual ? actual : "");
    recipient->shown = g_strdup(mapped ? mapped : actual);
    return;
  }
  /* redirected: the intended recipient is who the sender knows (checklist section 9, 4) */
  g_autofree char *intended = job_or_text(apdu, fields->originally_intended_recipient_name);
  g_autofree char *intended_mapped =
      job_or_mailbox(from->context, apdu, fields->originally_intended_recipient_name, ADDRESS_HEADING);
  recipient->original = g_strdup_printf("x400; %s", intended ? intended : "");
  recipient->final = g_strdup_printf("rfc822; %s", intended_mapped ? intended_mapped : "");
  recipient->shown = g_strdup(intended_mapped ? intended_mapped : intended);
  add_field(recipient->fields, "X400-Redirect-Recipient", "x400; %s", actual ? actual : "");
  if (mapped)
    add_field(recipient->fields, "X400-Mapped-Redirect-Recipient", "rfc822; %s", mapped);
}

static void add_failure(const ReportType_t *type, struct status_recipient *recipient, const char *supplement)
{
  const NonDeliveryReport_t *failure = &type->choice.non_delivery;
  gint reason = (gint)failure->non_delivery_reason_code;
  gint diagnostic = failure->non_delivery_diagnostic_code ? (gint)*failure->non_delivery_diagnostic_code
                                                          : REPORT_NO_DIAGNOSTIC;
  recipient->action = g_strdup("failed");
  recipient->status = g_strdup(report_status(reason, diagnostic));
  recipient->diagnostic =
      diagnostic == REPORT_NO_DIAGNOSTIC
          ? g_strdup_printf("x400; Reason %d (%s)", reason, report_reason_words(reason))
          : g_strdup_printf("x400; Reason %d (%s); Diagnostic %d (%s)", reason, report_reason_words(reason),
                            diagnostic, report_diagnostic_words(diagnostic));
  g_autofree char *words = report_outcome_words(type);
  recipient->words = supplement ? g_strdup_printf("%s; %s", words, supplement) : g_steal_pointer(&words);
}

static void add_delivery(const DeliveryReport_t *delivery, struct status_recipient *recipient)
{
  static const char *const users[] = {"public", "private", "ms", "dl", "pdau", "physical-recipient", "other"};
  g_autofree char *time = time_text(&delivery->message_delivery_time);
  long user = delivery->type_of_MTS_user ? *delivery->type_of_MTS_user : 0;
  recipient->action = g_strdup("delivered");
  recipient->status = g_strdup("2.0.0");
  if (time)
    add_field(recipient->fields, "X400-Delivery-Time", "%s", time);
  add_field(recipient->fields, "X400-Type-of-MTS-User", "%s(%ld)",
            user >= 0 && user < (long)G_N_ELEMENTS(users) ? users[user] : "unknown", user);
}

/* Each redirection, the earliest first: EBNF.redirection-history-item. */
static void add_redirections(struct from_x400 *from, const struct asn1_value *apdu,
                             const struct Extensions *extensions, GPtrArray *fields)
{
  g_autoptr(asn1_value_t) value = x400_extension_value(
      apdu, x400_extension(extensions, StandardExtension_redirection_history), &asn_DEF_RedirectionHistory);
  const RedirectionHistory_t *history = value ? asn1_value_get(value) : NULL;
  for (int i = 0; history && i < history->list.count; i++) {
    const Redirection_t *redirection = history->list.array[i];
    const IntendedRecipientName_t *intended = &redirection->intended_recipient_name;
    g_autofree char *mailbox = mailbox_of(from, value, &intended->intended_recipient);
    g_autofree char *time = time_text(&intended->redirection_time);
    add_field(fields, "X400-Redirection-History", "intended recipient %s redirected to %s on %s",
              mailbox ? mailbox : "unknown", envelope_redirection_reason(redirection->redirection_reason),
              time ? time : "an unknown date");
  }
}

static void add_extensions(struct from_x400 *from, const struct asn1_value *apdu,
                           const struct Extensions *extensions, GPtrArray *fields)
{
  static const long served[] = {StandardExtension_redirection_history,
                                StandardExtension_physical_forwarding_address, 0};
  add_redirections(from, apdu, extensions, fields);
  g_autoptr(asn1_value_t) forwarding = x400_extension_value(
      apdu, x400_extension(extensions, StandardExtension_physical_forwarding_address), &asn_DEF_ORName);
  g_autofree char *mailbox = forwarding ? mailbox_of(from, forwarding, asn1_value_get(forwarding)) : NULL;
  if (mailbox)
    add_field(fields, "X400-Physical-Forwarding-Address", "%s", mailbox);
  g_autoptr(GString) names = g_string_new(NULL);
  add_discarded(from, extensions, served, names);
  put_discarded(names, fields);
}

static void add_recipient(struct from_x400 *from, const struct asn1_value *apdu,
                          const PerRecipientReportTransferFields_t *fields, struct delivery_status *status)
{
  struct status_recipient *recipient = delivery_status_add(status);
  const LastTraceInformation_t *last = &fields->last_trace_information;
  add_addresses(from, apdu, fields, recipient);
  g_autofree char *supplement =
      fields->supplementary_information
          ? x400_text(apdu, CHARSET_IA5, fields->supplementary_information, TEXT_MAX)
          : NULL;
  if (last->report_type.present == ReportType_PR_delivery)
    add_delivery(&last->report_type.choice.delivery, recipient);
  else
    add_failure(&last->report_type, recipient, supplement);
  if (last->converted_encoded_information_types) {
    g_autoptr(eit_set_t) types = eit_from_asn1(last->converted_encoded_information_types);
    g_autofree char *text = eit_format(types);
    add_field(recipient->fields, "X400-Converted-EITs", "%s;", text);
  }
  g_autofree char *arrival = time_text(&last->arrival_time);
  if (arrival)
    add_field(recipient->fields, "X400-Last-Trace", "%s", arrival);
  if (supplement)
    add_field(recipient->fields, "X400-Supplementary-Info", "\"%s\";", supplement);
  add_field(recipient->fields, "X400-Originally-Specified-Recipient-Number", "%ld",
            fields->originally_specified_recipient_number);
  add_extensions(from, apdu, fields->extensions, recipient->fields);
}

/* --- per message --- */

static char *correlator_text(const struct asn1_value *apdu, const ReportTransferContent_t *content)
{
  const struct ExtensionField *field =
      x400_extension(content->extensions, StandardExtension_content_correlator);
  g_autoptr(asn1_value_t) value =
      field ? x400_extension_value(apdu, field, &asn_DEF_ContentCorrelator) : NULL;
  const ContentCorrelator_t *correlator = value ? asn1_value_get(value) : NULL;
  if (!correlator || correlator->present != ContentCorrelator_PR_ia5text)
    return NULL;
  return x400_text(value, CHARSET_IA5, &correlator->choice.ia5text, TEXT_MAX);
}

/* The newest first, as trace is; the oldest is the originator. */
static void add_dl_history(struct from_x400 *from, const struct asn1_value *apdu,
                           const struct Extensions *extensions, GPtrArray *fields)
{
  g_autoptr(asn1_value_t) value = x400_extension_value(
      apdu, x400_extension(extensions, StandardExtension_originator_and_DL_expansion_history),
      &asn_DEF_OriginatorAndDLExpansionHistory);
  const OriginatorAndDLExpansionHistory_t *history = value ? asn1_value_get(value) : NULL;
  for (int i = history ? history->list.count : 0; i-- > 0;) {
    const OriginatorAndDLExpansion_t *step = history->list.array[i];
    g_autofree char *mailbox = mailbox_of(from, value, &step->originator_or_dl_name);
    g_autofree char *time = time_text(&step->origination_or_expansion_time);
    add_field(fields, "X400-Originator-and-DL-Expansion-History", "%s; %s;", mailbox ? mailbox : "unknown",
              time ? time : "");
  }
}

/* What stands in the report's envelope and in its content. */
static void add_message_extensions(struct from_x400 *from, const struct asn1_value *apdu,
                                   const struct Report *report, GPtrArray *fields)
{
  static const long served[] = {StandardExtension_originator_and_DL_expansion_history,
                                StandardExtension_reporting_DL_name, StandardExtension_content_correlator,
                                StandardExtension_internal_trace_information, 0};
  const struct Extensions *envelope = report->envelope.extensions;
  add_dl_history(from, apdu, envelope, fields);
  g_autoptr(asn1_value_t) list = x400_extension_value(
      apdu, x400_extension(envelope, StandardExtension_reporting_DL_name), &asn_DEF_ORName);
  g_autofree char *mailbox = list ? mailbox_of(from, list, asn1_value_get(list)) : NULL;
  if (mailbox)
    add_field(fields, "X400-Reporting-DL-Name", "%s", mailbox);
  g_autoptr(GString) names = g_string_new(NULL);
  add_discarded(from, envelope, served, names);
  add_discarded(from, report->content.extensions, served, names);
  put_discarded(names, fields);
  if (report->content.additional_information)
    mapping_loss(from->losses,
                 "report additional-information: discarded (RFC 2156 5.3.8.1): it is private to X.400");
}

static void add_subject_trace(const struct asn1_value *apdu, const struct TraceInformation *information,
                              GPtrArray *fields)
{
  if (!information)
    return;
  g_autoptr(GPtrArray) trace = trace_from_asn1(apdu, information, NULL);
  for (guint i = trace->len; i-- > 0;) {
    g_autofree char *text = trace_format(trace->pdata[i]);
    add_field(fields, "X400-Subject-Intermediate-Trace-Information", "%s", text);
  }
}

static char *report_point(const struct trace_element *element)
{
  g_autofree char *domain = x400_domain_format(&element->gdi);
  return element->mta ? g_strdup_printf("x400; mta \"%s\" in %s", element->mta, domain)
                      : g_strdup_printf("x400; %s", domain);
}

static char *fill_message(struct from_x400 *from, const struct mapping_job *job,
                          const struct asn1_value *apdu, const struct Report *report,
                          struct delivery_status *status)
{
  const ReportTransferContent_t *content = &report->content;
  char *correlator = correlator_text(apdu, content);
  g_autoptr(GPtrArray) trace =
      trace_from_asn1(apdu, &report->envelope.trace_information, report->envelope.extensions);
  if (trace->len)
    status->reporting_mta = report_point(trace->pdata[0]);
  status->gateway = g_strdup_printf("dns; %s", from->context->settings->hostname);
  if (correlator && g_str_has_prefix(correlator, ENVID_PREFIX))
    status->envelope_id = g_strdup(correlator + strlen(ENVID_PREFIX));
  else
    status->envelope_id = x400_identifier_text(&content->subject_identifier);
  if (content->per_recipient_fields.list.count)
    status->has_arrival = x400_time_get(
        &content->per_recipient_fields.list.array[0]->last_trace_information.arrival_time, &status->arrival);
  const struct mail_time now = job_time(job->received_us);
  GString *date = g_string_new(NULL);
  mail_time_format(&now, date);
  add_field(status->fields, "X400-Conversion-Date", "%s", date->str);
  g_string_free(date, TRUE);
  g_autofree char *identifier = content->content_identifier
                                    ? x400_text(apdu, CHARSET_IA5, content->content_identifier, TEXT_MAX)
                                    : NULL;
  if (identifier)
    add_field(status->fields, "X400-Content-Identifier", "%s", identifier);
  if (correlator && !g_str_has_prefix(correlator, ENVID_PREFIX))
    add_field(status->fields, "X400-Content-Correlator", "%s", correlator);
  if (content->original_encoded_information_types) {
    g_autoptr(eit_set_t) types = eit_from_asn1(content->original_encoded_information_types);
    g_autofree char *text = eit_format(types);
    if (*text)
      add_field(status->fields, "X400-Original-Encoded-Information-Types", "%s", text);
  }
  if (content->content_type) {
    g_autofree char *type = envelope_content_type(content->content_type);
    add_field(status->fields, "X400-Content-Type", "%s", type);
  }
  add_subject_trace(apdu, content->subject_intermediate_trace_information, status->fields);
  add_message_extensions(from, apdu, report, status->fields);
  if (!correlator)
    correlator = g_steal_pointer(&identifier);
  return correlator;
}

/* --- the whole --- */

/* Writes and returns it. */
static GPtrArray *write_trace(struct from_x400 *from, const struct asn1_value *apdu,
                              const struct Report *report)
{
  GPtrArray *trace = trace_from_asn1(apdu, &report->envelope.trace_information, report->envelope.extensions);
  for (guint i = trace->len; i-- > 0;) {
    g_autofree char *text = trace_format(trace->pdata[i]);
    mime_writer_field(from->writer, "X400-Received", text);
  }
  g_autofree char *identifier = x400_identifier_text(&report->envelope.report_identifier);
  mime_writer_field(from->writer, "X400-MTS-Identifier", identifier);
  return trace;
}

/* What is no interpersonal message goes as its octets: the sender may know what they are. */
static void write_octets(struct from_x400 *from, const struct octets *octets)
{
  mime_writer_field(from->writer, "Content-Type", "application/octet-stream");
  mime_writer_transfer_field(from->writer, MIME_SEND_BASE64);
  mime_writer_end_header(from->writer);
  mime_writer_content(from->writer, octets, MIME_SEND_BASE64);
  mapping_loss(from->losses,
               "returned-content: attached as octets (RFC 2156 5.3.8.1): it is no interpersonal message "
               "that can be read");
}

/* The returned content as mail. */
static void write_returned(struct from_x400 *from, const struct asn1_value *apdu, const Content_t *returned,
                           const char *boundary)
{
  g_autoptr(octets_t) octets = asn1_octets(apdu, returned);
  g_autoptr(asn1_value_t) content = job_content(from->context, from->peer, octets, NULL);
  const InformationObject_t *object = content ? asn1_value_get(content) : NULL;
  mime_writer_delimiter(from->writer, boundary, false);
  if (!object || object->present != InformationObject_PR_ipm) {
    write_octets(from, octets);
    return;
  }
  const struct asn1_value *outer = from->value;
  from->value = content;
  mime_writer_field(from->writer, "Content-Type", "message/rfc822");
  mime_writer_end_header(from->writer);
  g_autoptr(GError) error = NULL;
  if (!ipm_from_x400(from, &object->choice.ipm, &error))
    mapping_loss(from->losses, "returned-content: broken off (RFC 2156 5.3.8.1): %s",
                 error ? error->message : "cannot be mapped");
  from->value = outer;
}

bool report_from_x400(struct from_x400 *from, const struct mapping_job *job, const struct asn1_value *apdu,
                      const struct Report *report, GError **error)
{
  const struct mapping_recipient *first = job->recipients->len ? job->recipients->pdata[0] : NULL;
  if (!first || !first->mapped) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_ADDRESS, "5.1.1 the report's destination has no mailbox");
    return false;
  }
  g_autoptr(delivery_status_t) status = delivery_status_new();
  g_autofree char *subject_of = fill_message(from, job, apdu, report, status);
  for (int i = 0; i < report->content.per_recipient_fields.list.count; i++)
    if (report_is_wanted(from->context, &report->content, report->content.per_recipient_fields.list.array[i]))
      add_recipient(from, apdu, report->content.per_recipient_fields.list.array[i], status);
  g_autoptr(GPtrArray) trace = write_trace(from, apdu, report);
  const struct trace_element *first_step = trace->len ? trace->pdata[0] : NULL;
  /* 5.3.8.3: the report's own time, not that of its conversion */
  const struct mail_time made =
      first_step && first_step->arrival.us ? first_step->arrival : job_time(job->received_us);
  bool returns = report->content.returned_content != NULL;
  g_autofree char *boundary = delivery_status_write(status, from->context, from->writer, job->id, &made,
                                                    first->mapped, subject_of, returns);
  if (returns)
    write_returned(from, apdu, report->content.returned_content, boundary);
  delivery_status_close(from->writer, boundary);
  return true;
}
