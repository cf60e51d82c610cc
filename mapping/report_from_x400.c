/* report_from_x400.c - an X.400 report as a DSN: RFC 2156 5.3.8. */
#include "mapping/delivery_status.h"
#include "mapping/report.h"
#include "mapping/report_codes.h"
#include "mapping/report_fields.h"
#include "mapping/trace.h"

#include <InformationObject.h>
#include <ORName.h>
#include <PerRecipientIndicators.h>
#include <PerRecipientReportTransferFields.h>
#include <Report.h>
#include <ReportTransferContent.h>
#include <string.h>

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

/* The returned content as mail; of a message that was delivered its header alone (5.3.8.1). */
static void write_returned(struct from_x400 *from, const struct asn1_value *apdu, const Content_t *returned,
                           const char *boundary, bool whole)
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
  mime_writer_field(from->writer, "Content-Type", whole ? "message/rfc822" : "text/rfc822-headers");
  mime_writer_end_header(from->writer);
  if (!whole) {
    g_autoptr(GPtrArray) fields = heading_fields_get(from, &object->choice.ipm.heading);
    heading_from_x400(from, &object->choice.ipm.heading, fields);
    from->value = outer;
    return;
  }
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
  struct report_telling telling = {
      .from = from, .job = job, .apdu = apdu, .report = report, .status = status};
  report_fields_message(&telling);
  g_autofree char *correlator = telling.correlator;
  for (int i = 0; i < report->content.per_recipient_fields.list.count; i++)
    if (report_is_wanted(from->context, &report->content, report->content.per_recipient_fields.list.array[i]))
      report_fields_recipient(&telling, report->content.per_recipient_fields.list.array[i]);
  const char *identifier = delivery_status_field(status->fields, "X400-Content-Identifier");
  g_autoptr(GPtrArray) trace = write_trace(from, apdu, report);
  const struct trace_element *first_step = trace->len ? trace->pdata[0] : NULL;
  /* 5.3.8.3: the report's own time, not that of its conversion */
  const struct mail_time made =
      first_step && first_step->arrival.us ? first_step->arrival : job_time(job->received_us);
  bool returns = report->content.returned_content != NULL;
  bool whole = strcmp(delivery_status_summary(status), "success") != 0;
  g_autofree char *boundary = delivery_status_write(status, from->context, from->writer, job->id, &made,
                                                    first->mapped, correlator ? correlator : identifier,
                                                    !returns ? NULL
                                                    : whole  ? DELIVERY_STATUS_WHOLE
                                                             : DELIVERY_STATUS_HEADER);
  if (returns)
    write_returned(from, apdu, report->content.returned_content, boundary, whole);
  delivery_status_close(from->writer, boundary);
  return true;
}
