/* report_from_x400.c - an X.400 report as a DSN: RFC 2156 5.3.8. */
#include "mapping/delivery_status.h"
#include "mapping/job_io.h"
#include "mapping/report.h"
#include "mapping/report_codes.h"
#include "mapping/trace.h"

#include <ContentCorrelator.h>
#include <InformationObject.h>
#include <LastTraceInformation.h>
#include <OriginatorAndDLExpansionHistory.h>
#include <PerRecipientReportTransferFields.h>
#include <Report.h>
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

static char *time_text(const struct OCTET_STRING *field)
{
  struct mail_time time;
  if (!x400_time_get(field, &time))
    return NULL;
  GString *text = g_string_new(NULL);
  mail_time_format(&time, text);
  return g_string_free(text, FALSE);
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

static void add_failure(const NonDeliveryReport_t *failure, struct status_recipient *recipient,
                        const char *supplement)
{
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
  recipient->words = g_strdup_printf(
      "%s%s%s%s%s", report_reason_words(reason), diagnostic == REPORT_NO_DIAGNOSTIC ? "" : ": ",
      diagnostic == REPORT_NO_DIAGNOSTIC ? "" : report_diagnostic_words(diagnostic), supplement ? "; " : "",
      supplement ? supplement : "");
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
    add_failure(&last->report_type.choice.non_delivery, recipient, supplement);
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

/* 5.3.8.1: what has no field of its own is listed. */
static void add_discarded(const struct Extensions *extensions, GPtrArray *fields)
{
  GString *names = g_string_new(NULL);
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    const struct ExtensionField *extension = extensions->list.array[i];
    if (extension == x400_extension(extensions, StandardExtension_content_correlator) ||
        extension == x400_extension(extensions, StandardExtension_internal_trace_information))
      continue;
    g_autofree char *name = x400_extension_name(extension);
    g_string_append_printf(names, "%s%s", names->len ? ", " : "", name);
  }
  if (names->len)
    add_field(fields, "X400-Discarded-DR-Extensions", "%s", names->str);
  g_string_free(names, TRUE);
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
  add_discarded(content->extensions, status->fields);
  if (!correlator)
    correlator = g_steal_pointer(&identifier);
  return correlator;
}

/* --- the whole --- */

static void write_trace(struct from_x400 *from, const struct asn1_value *apdu, const struct Report *report)
{
  g_autoptr(GPtrArray) trace =
      trace_from_asn1(apdu, &report->envelope.trace_information, report->envelope.extensions);
  for (guint i = trace->len; i-- > 0;) {
    g_autofree char *text = trace_format(trace->pdata[i]);
    mime_writer_field(from->writer, "X400-Received", text);
  }
  g_autofree char *identifier = x400_identifier_text(&report->envelope.report_identifier);
  mime_writer_field(from->writer, "X400-MTS-Identifier", identifier);
}

/* The returned content as mail; what cannot be read as one is left out, and listed. */
static void write_returned(struct from_x400 *from, const struct asn1_value *apdu, const Content_t *returned,
                           const char *boundary)
{
  g_autoptr(octets_t) octets = asn1_octets(apdu, returned);
  g_autoptr(asn1_value_t) content = job_content(from->context, octets, NULL);
  const InformationObject_t *object = content ? asn1_value_get(content) : NULL;
  if (!object || object->present != InformationObject_PR_ipm) {
    mapping_loss(
        from->losses,
        "returned-content: left out (RFC 2156 5.3.8.1): it is no interpersonal message that can be read");
    return;
  }
  const struct asn1_value *outer = from->value;
  from->value = content;
  mime_writer_delimiter(from->writer, boundary, false);
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
    add_recipient(from, apdu, report->content.per_recipient_fields.list.array[i], status);
  write_trace(from, apdu, report);
  const struct mail_time now = job_time(job->received_us);
  bool returns = report->content.returned_content != NULL;
  g_autofree char *boundary = delivery_status_write(status, from->context, from->writer, job->id, &now,
                                                    first->mapped, subject_of, returns);
  if (returns)
    write_returned(from, apdu, report->content.returned_content, boundary);
  delivery_status_close(from->writer, boundary);
  return true;
}
