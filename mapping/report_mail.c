/* report_mail.c - the report that the sender of a mail gets on our outcomes: a DSN (RFC 3461, RFC 3464). */
#include "mapping/delivery_status.h"
#include "mapping/job_io.h"
#include "mapping/report_codes.h"
#include "mapping/reporting.h"

#include <string.h>

enum { HEADER_MAX = 1 << 18 };

static const char *action_name(const struct mapping_recipient *recipient)
{
  static const char *const names[] = {"failed", "delivered", "delayed", "relayed", "expanded"};
  return names[recipient->failed ? MAPPING_FAILED : recipient->action];
}

/* RFC 3461 4.1: without NOTIFY failures are told; NEVER tells nothing. */
static bool is_wanted(const struct mapping_recipient *recipient)
{
  if (recipient->notify & MAPPING_NOTIFY_NEVER)
    return false;
  if (recipient->failed || recipient->action == MAPPING_FAILED)
    return recipient->notify == MAPPING_NOTIFY_DEFAULT || (recipient->notify & MAPPING_NOTIFY_FAILURE);
  if (recipient->action == MAPPING_DELAYED)
    return (recipient->notify & MAPPING_NOTIFY_DELAY) != 0;
  return (recipient->notify & MAPPING_NOTIFY_SUCCESS) != 0;
}

static char *diagnostic_of(const struct mapping_recipient *recipient)
{
  if (recipient->reason >= 0 && recipient->diagnostic >= 0)
    return g_strdup_printf("x400; Reason %d (%s); Diagnostic %d (%s)", recipient->reason,
                           report_reason_words(recipient->reason), recipient->diagnostic,
                           report_diagnostic_words(recipient->diagnostic));
  if (recipient->reason >= 0)
    return g_strdup_printf("x400; Reason %d (%s)", recipient->reason, report_reason_words(recipient->reason));
  if (!recipient->words)
    return NULL;
  bool smtp = recipient->remote && g_str_has_prefix(recipient->remote, "dns");
  return g_strdup_printf("%s; %s", smtp ? "smtp" : "x-gw400", recipient->words);
}

static void add_recipient(struct delivery_status *status, const struct mapping_recipient *outcome)
{
  struct status_recipient *recipient = delivery_status_add(status);
  bool failed = outcome->failed || outcome->action == MAPPING_FAILED;
  recipient->original = g_strdup(outcome->orcpt);
  recipient->final = g_strdup_printf("rfc822; %s", outcome->address);
  recipient->action = g_strdup(action_name(outcome));
  recipient->status = g_strdup(outcome->code && strlen(outcome->code) >= 5 ? outcome->code
                               : failed                                    ? "5.0.0"
                                                                           : "2.0.0");
  if (failed && recipient->status[0] == '4')
    recipient->status[0] = '5'; /* it has been given up */
  recipient->diagnostic = failed ? diagnostic_of(outcome) : NULL;
  recipient->remote = g_strdup(outcome->remote);
  recipient->shown = g_strdup(outcome->address);
  recipient->words = g_strdup_printf("%s%s%s", outcome->code ? outcome->code : "", outcome->code ? " " : "",
                                     outcome->words ? outcome->words : "no reason is known");
  if (outcome->mapped)
    g_ptr_array_add(recipient->fields, g_strdup_printf("X400-Recipient: x400; %s", outcome->mapped));
}

/* The header of the original: up to its empty line. */
static struct octets *header_of(struct octets *whole)
{
  gsize length = MIN(octets_length(whole), HEADER_MAX);
  g_autofree char *text = g_malloc(length + 1);
  if (!octets_read(whole, 0, text, length, NULL))
    return octets_slice(whole, 0, 0);
  text[length] = '\0';
  const char *end = g_strstr_len(text, (gssize)length, "\r\n\r\n");
  return octets_slice(whole, 0, end ? (gsize)(end - text) + 2 : length);
}

static char *message_id_of(struct octets *header)
{
  g_autoptr(GBytes) bytes = octets_to_bytes(header, HEADER_MAX, NULL);
  gsize length = 0;
  const char *text = bytes ? g_bytes_get_data(bytes, &length) : NULL;
  g_autofree char *copy = g_strndup(text ? text : "", length); /* no octets: no data */
  g_auto(GStrv) lines = g_strsplit(copy, "\r\n", -1);
  for (guint i = 0; lines[i]; i++)
    if (g_ascii_strncasecmp(lines[i], "Message-ID:", 11) == 0)
      return g_strdup(g_strstrip(lines[i] + 11));
  return NULL;
}

static void write_dsn(struct mapping_context *context, const struct mapping_job *job,
                      const struct delivery_status *status, struct mapping_result *result, GError **error)
{
  g_autoptr(octets_t) whole = octets_new_file(job->in_fd, 0, job->size, error);
  if (!whole)
    return;
  g_autoptr(octets_t) header = header_of(whole);
  bool failed = strcmp(delivery_status_summary(status), "success") != 0;
  bool asked = failed && job->ret != MAPPING_RET_HDRS;
  bool full = asked && job->size <= context->settings->returned_max;
  if (asked && !full)
    mapping_loss(result->losses,
                 "returned message: its header alone (RFC 3461 4.3): it has %" G_GUINT64_FORMAT
                 " octets, more than %" G_GUINT64_FORMAT " (limits returned-content)",
                 job->size, context->settings->returned_max);
  char seed[16];
  x400_queue_id(job->id, seed);
  g_autofree char *report_seed = g_strdup_printf("report-%s", seed);
  g_autoptr(mime_writer_t) writer = mime_writer_new(job->out_fd, report_seed);
  const struct mail_time now = {.us = job->now_us};
  g_autofree char *subject_of = message_id_of(header);
  g_autofree char *boundary =
      delivery_status_write(status, context, writer, job->id, &now, job->sender, subject_of,
                            full    ? DELIVERY_STATUS_WHOLE
                            : asked ? DELIVERY_STATUS_CUT
                                    : DELIVERY_STATUS_HEADER);
  delivery_status_returned(writer, boundary, full ? whole : header, !full);
  delivery_status_close(writer, boundary);
  mime_writer_end(writer, &result->size, error);
}

void report_on_mail(struct mapping_context *context, const struct mapping_job *job,
                    struct mapping_result *result)
{
  g_autoptr(delivery_status_t) status = delivery_status_new();
  for (guint i = 0; i < job->recipients->len; i++)
    if (is_wanted(job->recipients->pdata[i]))
      add_recipient(status, job->recipients->pdata[i]);
  if (!job->sender || !*job->sender || status->recipients->len == 0) {
    result->words = g_strdup(job->sender && *job->sender
                                 ? "the sender wants no report on these recipients (NOTIFY, RFC 3461 4.1)"
                                 : "the mail has no sender (MAIL FROM:<>)");
    return;
  }
  status->envelope_id = g_strdup(job->envid);
  status->reporting_mta = g_strdup_printf("dns; %s", context->settings->hostname);
  status->arrival = (struct mail_time){.us = job->received_us};
  status->has_arrival = true;
  g_autoptr(GError) error = NULL;
  write_dsn(context, job, status, result, &error);
  struct mapping_recipient *to = mapping_recipient_new(0);
  to->address = g_strdup(job->sender);
  to->mapped = g_strdup(job->sender);
  to->notify = MAPPING_NOTIFY_NEVER;
  if (!error)
    to->hop = address_hop_mailbox(context, job->sender, &error);
  result->format = MAPPING_MAIL;
  result->sender = g_strdup("");
  if (error) {
    mapping_result_fail(result, MAPPING_PARK, error);
    mapping_recipient_free(to);
    return;
  }
  g_ptr_array_add(result->recipients, to);
}
