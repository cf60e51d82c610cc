/* write_mail.c - WRITE from P1 to mail: one RFC 5322 message for the recipients at one SMTP hop. */
#include "mapping/edim.h"
#include "mapping/envelope.h"
#include "mapping/notification.h"
#include "mapping/notification_request.h"
#include "mapping/report.h"
#include "mapping/smime.h"
#include "mapping/trace.h"

#include <string.h>

#include <EDIInformationObject.h>
#include <IPM.h>
#include <InformationObject.h>
#include <MTS-APDU.h>
#include <PerRecipientMessageTransferFields.h>

static const struct PerRecipientMessageTransferFields *fields_of(const MessageTransferEnvelope_t *envelope,
                                                                 guint ordinal)
{
  return ordinal < (guint)envelope->per_recipient_fields.list.count
             ? envelope->per_recipient_fields.list.array[ordinal]
             : NULL;
}

static void add_recipients(const struct mapping_job *job, const struct asn1_value *apdu,
                           const MessageTransferEnvelope_t *envelope, struct mapping_result *result)
{
  for (guint i = 0; i < job->recipients->len; i++) {
    struct mapping_recipient *recipient = job_recipient_copy(job->recipients->pdata[i]);
    const struct PerRecipientMessageTransferFields *fields = fields_of(envelope, recipient->ordinal);
    if (fields) {
      recipient->notify = envelope_notify(fields);
      g_free(recipient->orcpt);
      recipient->orcpt = envelope_orcpt(apdu, fields);
    }
    g_ptr_array_add(result->recipients, recipient);
  }
}

static const char *origin(const struct mapping_job *job)
{
  return job->peer && *job->peer ? job->peer : "X.400";
}

/* Date: the first element of trace is the submission (5.3.6, 5.3.8.3); else the acceptance. */
static void write_date(struct from_x400 *from, const struct mapping_job *job, GPtrArray *trace)
{
  struct mail_time now = job_time(job->received_us);
  const struct trace_element *first = trace->len ? trace->pdata[0] : NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  mail_time_format(first && first->arrival.us ? &first->arrival : &now, text);
  mime_writer_field(from->writer, "Date", text->str);
}

/* 5.3.5: To is who was first meant, when the notification was redirected. */
static char *notified(struct from_x400 *from, const struct mapping_result *result)
{
  const struct mapping_recipient *first = result->recipients->len ? result->recipients->pdata[0] : NULL;
  const char *typed = first ? first->orcpt : NULL;
  g_autoptr(or_address_t) meant =
      typed && g_str_has_prefix(typed, "x400;") ? or_address_parse(typed + strlen("x400;"), NULL) : NULL;
  char *mailbox = meant ? address_from_or(from->context, meant, ADDRESS_HEADING, NULL, NULL) : NULL;
  return mailbox ? mailbox : g_strdup(first ? first->mapped : "");
}

/* RFC 8098 3: from nobody, and nobody is told what becomes of it. */
static bool write_notification(struct from_x400 *from, const struct mapping_job *job, const struct IPN *ipn,
                               struct mapping_result *result, GError **error)
{
  const struct mapping_peer *peer = mapping_settings_peer(from->context->settings, job->peer);
  g_autofree char *to = notified(from, result);
  if (peer && peer->notification_text)
    return notification_from_x400(from, ipn, to, NULL, error);
  bool good = notification_from_x400(from, ipn, to, job, error);
  g_free(result->sender);
  result->sender = g_strdup("");
  g_clear_pointer(&result->envid, g_free);
  result->ret = MAPPING_RET_DEFAULT;
  from->sender = NULL;
  for (guint i = 0; i < result->recipients->len; i++)
    ((struct mapping_recipient *)result->recipients->pdata[i])->notify = MAPPING_NOTIFY_NEVER;
  return good;
}

static bool write_message(struct from_x400 *from, const struct mapping_job *job,
                          const struct asn1_value *apdu, const Message_t *message,
                          struct mapping_result *result, GError **error)
{
  const MessageTransferEnvelope_t *envelope = &message->envelope;
  g_autoptr(octets_t) octets = asn1_octets(apdu, &message->content);
  enum smime_kind smime = smime_of(&envelope->content_type);
  bool edi = edim_is_content(&envelope->content_type);
  g_autoptr(asn1_value_t) content = smime ? NULL
                                    : edi ? edim_content(from->context, octets, error)
                                          : job_content(from->context, job->peer, octets, error);
  if (!content && !smime)
    return false;
  from->value = content;
  result->sender = job_or_mailbox(from->context, apdu, &envelope->originator_name, ADDRESS_ORIGINATOR);
  if (!result->sender)
    result->sender = g_strdup(from->context->settings->administrator); /* 5.3.2 */
  from->sender = result->sender;
  g_autofree char *identifier = x400_identifier_text(&envelope->message_identifier);
  result->envid = g_strconcat("X400-MTS-Identifier: ", identifier, NULL); /* appendix A 3.2 */
  bool returned =
      x400_bits_get(envelope->per_message_indicators) & 1u << PerMessageIndicators_content_return_request;
  result->ret = returned ? MAPPING_RET_DEFAULT : MAPPING_RET_HDRS;
  add_recipients(job, apdu, envelope, result);
  g_autoptr(GPtrArray) trace = trace_from_asn1(apdu, &envelope->trace_information, envelope->extensions);
  envelope_trace_from_x400(from, job, trace, origin(job));
  write_date(from, job, trace);
  envelope_from_x400(from, apdu, envelope,
                     job->recipients_total ? job->recipients_total : job->recipients->len);
  if (smime) {
    g_autoptr(eit_set_t) types = eit_from_asn1(envelope->original_encoded_information_types);
    const struct mapping_recipient *only = result->recipients->len == 1 ? result->recipients->pdata[0] : NULL;
    return smime_write(from, smime, octets, types, only ? only->mapped : NULL, error);
  }
  if (edi) {
    const struct mapping_recipient *first = result->recipients->len ? result->recipients->pdata[0] : NULL;
    return edim_from_x400(from, asn1_value_get(content), first ? first->mapped : "", error);
  }
  const InformationObject_t *object = asn1_value_get(content);
  if (object->present == InformationObject_PR_ipm) {
    notification_request_from_x400(from, result->recipients, &object->choice.ipm.heading);
    return ipm_from_x400(from, &object->choice.ipm, error);
  }
  return write_notification(from, job, &object->choice.ipn, result, error);
}

static bool write_apdu(struct from_x400 *from, const struct mapping_job *job, const struct asn1_value *apdu,
                       struct mapping_result *result, GError **error)
{
  const MTS_APDU_t *choice = asn1_value_get(apdu);
  if (choice->present == MTS_APDU_PR_message)
    return write_message(from, job, apdu, &choice->choice.message, result, error);
  if (choice->present == MTS_APDU_PR_report) {
    result->sender = g_strdup(""); /* RFC 3464 2: a report is never reported on */
    for (guint i = 0; i < job->recipients->len; i++)
      g_ptr_array_add(result->recipients, job_recipient_copy(job->recipients->pdata[i]));
    return report_from_x400(from, job, apdu, &choice->choice.report, error);
  }
  /* A probe does not leave X.400 (RFC 2156 5.3.9), but the next mail server may be asked about its
   * recipients. */
  result->content = MAPPING_CONTENT_PROBE;
  result->sender =
      job_or_mailbox(from->context, apdu, &choice->choice.probe.originator_name, ADDRESS_ORIGINATOR);
  if (!result->sender)
    result->sender = g_strdup(from->context->settings->administrator);
  for (guint i = 0; i < job->recipients->len; i++) {
    struct mapping_recipient *recipient = job_recipient_copy(job->recipients->pdata[i]);
    recipient->notify = MAPPING_NOTIFY_NEVER;
    g_ptr_array_add(result->recipients, recipient);
  }
  return true;
}

void mapping_write_mail(struct mapping_context *context, const struct mapping_job *job,
                        struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) apdu = job_apdu(context, job, &error);
  if (!apdu) {
    mapping_result_fail(result, MAPPING_PARK, error);
    return;
  }
  g_autofree char *seed = g_strdup_printf("%s %" G_GUINT64_FORMAT, context->settings->hostname, job->id);
  g_autoptr(mime_writer_t) writer = mime_writer_new(job->out_fd, seed);
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  struct from_x400 from = {
      .context = context, .peer = job->peer, .writer = writer, .spill = spill, .losses = result->losses};
  result->format = MAPPING_MAIL;
  if (!write_apdu(&from, job, apdu, result, &error) || !mime_writer_end(writer, &result->size, &error))
    mapping_result_fail(result, MAPPING_PARK, error);
  result->has_8bit = mime_writer_8bit(writer);
}
