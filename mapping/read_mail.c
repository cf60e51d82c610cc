/* read_mail.c - READ of a mail: where each recipient goes, what the mail can be found by, whether it loops.
 */
#include "mapping/disposition.h"
#include "mapping/envelope.h"
#include "mapping/report.h"
#include "mapping/sources.h"
#include "mapping/trace.h"

#include <string.h>

static void add_failed(const struct mapping_job *job, struct mapping_result *result, const GError *error)
{
  for (guint i = 0; i < job->recipients->len; i++) {
    struct mapping_recipient *recipient = job_recipient_copy(job->recipients->pdata[i]);
    job_recipient_error(recipient, "5.6.0", error);
    g_ptr_array_add(result->recipients, recipient);
  }
}

static void add_recipient(struct mapping_context *context, const struct mapping_recipient *from,
                          const GError *sender, const char *loop, struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  struct mapping_recipient *recipient = job_recipient_copy(from);
  g_clear_pointer(&recipient->mapped, g_free);
  g_clear_pointer(&recipient->hop, g_free);
  g_ptr_array_add(result->recipients, recipient);
  if (!address_route_mailbox(context, recipient->address, &recipient->mapped, &recipient->hop, NULL,
                             &error)) {
    job_recipient_error(recipient, "5.1.1", error);
    return;
  }
  recipient->fallbacks = address_fallbacks(context, recipient->mapped, recipient->hop);
  bool to_x400 = g_str_has_prefix(recipient->hop, "p1:");
  if (loop) /* X.411: unable-to-transfer, loop-detected */
    job_recipient_fail(recipient, "5.4.6", 1, 3, "loop detected: %s", loop);
  else if (to_x400 && sender)
    job_recipient_error(recipient, "5.1.7", sender);
}

/* What the mail's own trace and, for a mail that was in X.400, the trace it will get says about loops. */
static char *find_loop(struct mapping_context *context, const struct mapping_job *job,
                       const struct mime_mail *mail)
{
  const struct mapping_settings *settings = context->settings;
  char *loop = trace_loop_mail(mail->root, settings->hops_max);
  if (loop || !mime_part_field(mail->root, "X400-Received"))
    return loop;
  const char *at = job->sender ? strrchr(job->sender, '@') : NULL;
  struct mail_time now = job_time(job->received_us);
  g_autoptr(GPtrArray) trace =
      trace_from_mail(context, mail->root, &settings->gdi, at ? at + 1 : NULL, &now);
  return trace_loop(trace, &settings->gdi, settings->mta_name, settings->hops_max);
}

/* 5.1.8.3: what is final goes as a report, the rest as a message beside it. */
static void add_message_beside(struct mapping_result *result)
{
  const struct mapping_recipient *first = result->recipients->len == 1 ? result->recipients->pdata[0] : NULL;
  if (!first || first->failed || !g_str_has_prefix(first->hop, "p1:"))
    return;
  struct mapping_recipient *beside = job_recipient_copy(first);
  beside->fallbacks = g_strdup(first->fallbacks);
  beside->ordinal = first->ordinal + 1;
  beside->apart = MAPPING_APART_MESSAGE;
  g_ptr_array_add(result->recipients, beside);
}

/* A Message-ID as it is after both mappings of 4.7.3. */
static char *identifier_in_x400(struct mapping_context *context, const char *message_id)
{
  struct ipm_identifier *identifier = identifier_ipm_from_message_id(context, message_id);
  char *text = identifier ? identifier_message_id_from_ipm(context, identifier) : NULL;
  ipm_identifier_free(identifier);
  return text;
}

static void read_message(struct mapping_context *context, const struct mapping_job *job,
                         const struct mime_mail *mail, struct mapping_result *result)
{
  g_autoptr(GError) sender = NULL;
  if (job->sender && *job->sender) {
    guint doubts = sources_doubts(context);
    g_autoptr(or_address_t) originator =
        address_to_or(context, job->sender, ADDRESS_ORIGINATOR, NULL, &sender);
    (void)originator;
    sources_determinate(context, doubts, &sender);
  }
  g_autofree char *loop = find_loop(context, job, mail);
  for (guint i = 0; i < job->recipients->len; i++)
    add_recipient(context, job->recipients->pdata[i], sender, loop, result);
  bool dsn = report_is_dsn(mail, job);
  if (dsn && report_is_mixed(mail))
    add_message_beside(result);
  g_autoptr(disposition_t) disposition = dsn ? NULL : disposition_of_mail(mail);
  result->content = dsn           ? MAPPING_CONTENT_REPORT
                    : disposition ? MAPPING_CONTENT_NOTIFICATION
                                  : MAPPING_CONTENT_MESSAGE;
  result->priority = envelope_priority(mail->root);
  const char *message_id = mime_part_field(mail->root, "Message-ID");
  g_autofree char *in_x400 = message_id ? identifier_in_x400(context, message_id) : NULL;
  job_identifier_add(result, "message-id", message_id);
  if (g_strcmp0(in_x400, message_id) != 0) /* one that X.400's bound cuts comes back so */
    job_identifier_add(result, "message-id", in_x400);
  if (dsn)
    report_subject_of_dsn(mail, result);
  if (disposition && disposition->original_message_id) {
    g_autofree char *subject = identifier_in_x400(context, disposition->original_message_id);
    job_identifier_add(result, "subject-message-id", subject);
  }
  struct mail_time time;
  const char *deferred = mime_part_field(mail->root, "Deferred-Delivery"),
             *latest = mime_part_field(mail->root, "Latest-Delivery-Time");
  if (deferred && mail_time_parse(deferred, &time) && job_deferral(context, job, &time))
    result->deferred_until_us = time.us;
  if (latest && mail_time_parse(latest, &time))
    result->latest_us = time.us;
}

void mapping_read_mail(struct mapping_context *context, const struct mapping_job *job,
                       struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  result->format = MAPPING_MAIL;
  result->sender = g_strdup(job->sender ? job->sender : "");
  result->envid = g_strdup(job->envid);
  result->ret = job->ret;
  result->no_report = !job->sender || !*job->sender; /* RFC 5321 4.5.5 */
  result->priority = 1;
  job_identifier_add(result, "envid", job->envid);
  g_autoptr(mime_mail_t) mail = job_mail(context, job, &error);
  if (mail)
    read_message(context, job, mail, result);
  else if (g_error_matches(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT))
    add_failed(job, result, error);
  else
    mapping_result_fail(result, MAPPING_PARK, error);
}
