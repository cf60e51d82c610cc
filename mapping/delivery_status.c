#include "mapping/delivery_status.h"

#include <string.h>

static void recipient_free(void *data)
{
  struct status_recipient *recipient = data;
  g_free(recipient->original);
  g_free(recipient->final);
  g_free(recipient->action);
  g_free(recipient->status);
  g_free(recipient->diagnostic);
  g_free(recipient->remote);
  g_free(recipient->shown);
  g_free(recipient->words);
  g_ptr_array_unref(recipient->fields);
  g_free(recipient);
}

struct delivery_status *delivery_status_new(void)
{
  struct delivery_status *status = g_new0(struct delivery_status, 1);
  status->fields = g_ptr_array_new_with_free_func(g_free);
  status->recipients = g_ptr_array_new_with_free_func(recipient_free);
  return status;
}

void delivery_status_free(struct delivery_status *status)
{
  if (!status)
    return;
  g_free(status->envelope_id);
  g_free(status->reporting_mta);
  g_free(status->gateway);
  g_free(status->mta);
  g_ptr_array_unref(status->fields);
  g_ptr_array_unref(status->recipients);
  g_free(status);
}

struct status_recipient *delivery_status_add(struct delivery_status *status)
{
  struct status_recipient *recipient = g_new0(struct status_recipient, 1);
  recipient->fields = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(status->recipients, recipient);
  return recipient;
}

const char *delivery_status_summary(const struct delivery_status *status)
{
  guint failed = 0;
  for (guint i = 0; i < status->recipients->len; i++)
    failed += g_strcmp0(((struct status_recipient *)status->recipients->pdata[i])->action, "failed") == 0;
  return failed == 0 ? "success" : failed == status->recipients->len ? "failure" : "success and failures";
}

/* --- writing --- */

static void write_line(struct mime_writer *writer, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void write_line(struct mime_writer *writer, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autofree char *line = g_strconcat(text, "\r\n", NULL);
  mime_writer_octets(writer, line, strlen(line));
}

/* A field in the status part: ASCII, folded by the writer's rule. */
void delivery_status_write_field(struct mime_writer *writer, const char *name, const char *body)
{
  if (!body)
    return;
  GString *ascii = g_string_new(NULL);
  for (const char *c = body; *c; c++)
    g_string_append_c(ascii, (guchar)*c >= 0x20 && (guchar)*c < 0x7f  ? *c
                             : *c == '\t' || *c == '\n' || *c == '\r' ? ' '
                                                                      : '?');
  mime_writer_field(writer, name, ascii->str);
  g_string_free(ascii, TRUE);
}

void delivery_status_write_fields(struct mime_writer *writer, const GPtrArray *fields)
{
  for (guint i = 0; i < fields->len; i++) {
    const char *field = fields->pdata[i];
    const char *colon = strchr(field, ':');
    g_autofree char *name = g_strndup(field, (gsize)(colon - field));
    delivery_status_write_field(writer, name, colon + 1 + strspn(colon + 1, " "));
  }
}

/* EBNF.destination with " for " in front: the one recipient, else the MTA that all of it is about; empty. */
static char *destination(const struct delivery_status *status)
{
  const struct status_recipient *only = status->recipients->len == 1 ? status->recipients->pdata[0] : NULL;
  if (only && only->shown)
    return g_strdup_printf(" for %s", only->shown);
  if (status->recipients->len < 2 || !status->mta)
    return g_strdup("");
  bool atom =
      status->mta[strspn(status->mta, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] ==
      0;
  return g_strdup_printf(atom ? " for MTA %s" : " for MTA \"%s\"", status->mta);
}

static void write_header(const struct delivery_status *status, struct mapping_context *context,
                         struct mime_writer *writer, guint64 id, const struct mail_time *now, const char *to,
                         const char *boundary)
{
  const struct mapping_settings *settings = context->settings;
  GString *date = g_string_new(NULL);
  mail_time_format(now, date);
  g_autofree char *about = destination(status);
  g_autofree char *subject =
      g_strdup_printf("Delivery-Report (%s)%s", delivery_status_summary(status), about);
  char local[16];
  x400_queue_id(id, local);
  g_autofree char *message_id =
      g_strdup_printf("<report.%s.%" G_GINT64_MODIFIER "x@%s>", local, now->us, settings->hostname);
  mime_writer_field(writer, "Date", date->str);
  g_string_free(date, TRUE);
  mime_writer_list(writer, "From");
  mime_writer_mailbox(writer, "X.400 gateway", settings->administrator, NULL);
  mime_writer_list_end(writer);
  mime_writer_list(writer, "To");
  mime_writer_mailbox(writer, NULL, to, NULL);
  mime_writer_list_end(writer);
  mime_writer_text(writer, "Subject", subject);
  mime_writer_field(writer, "Message-ID", message_id);
  mime_writer_field(writer, "Message-Type", "Delivery Report");
  mime_writer_field(writer, "Auto-Submitted", "auto-replied");
  mime_writer_field(writer, "MIME-Version", "1.0");
  mime_writer_value(writer, "Content-Type", "multipart/report");
  mime_writer_param(writer, "report-type", "delivery-status");
  mime_writer_param(writer, "boundary", boundary);
  mime_writer_value_end(writer);
  mime_writer_end_header(writer);
}

/* EBNF.dr-user-info (RFC 2156 5.3.8.1): for people. */
static void write_words(const struct delivery_status *status, struct mime_writer *writer,
                        const struct mail_time *now, const char *subject_of, const char *follows)
{
  GString *text = g_string_new("This report relates to your message:\r\n");
  g_string_append_printf(text, "  %s\r\n\r\n", subject_of ? subject_of : "(no identifier is known)");
  const struct mail_time *submitted = status->has_submitted ? &status->submitted : &status->arrival;
  if (status->has_submitted || status->has_arrival) {
    g_string_append(text, "of ");
    mail_time_format(submitted, text);
    g_string_append(text, "\r\n\r\n");
  }
  for (guint i = 0; i < status->recipients->len; i++) {
    const struct status_recipient *recipient = status->recipients->pdata[i];
    if (g_strcmp0(recipient->action, "failed") == 0) {
      g_string_append_printf(
          text, "Your message was not delivered to:\r\n  %s\r\nfor the following reason:\r\n  %s\r\n\r\n",
          recipient->shown ? recipient->shown : "(unknown)",
          recipient->words ? recipient->words : "(not told)");
    } else {
      g_string_append_printf(text, "Your message was successfully %s to:\r\n  %s\r\nat ", recipient->action,
                             recipient->shown ? recipient->shown : "(unknown)");
      mail_time_format(recipient->has_time ? &recipient->time : now, text);
      g_string_append(text, "\r\n\r\n");
    }
  }
  g_string_append_printf(text, "%s\r\n", follows ? follows : "The Original Message is not available");
  g_autofree char *valid = g_utf8_make_valid(text->str, -1);
  g_string_free(text, TRUE);
  g_autoptr(octets_t) content = octets_new(valid, strlen(valid));
  enum mime_transfer transfer = mime_writer_transfer(content, NULL);
  mime_writer_value(writer, "Content-Type", "text/plain");
  mime_writer_param(writer, "charset", "utf-8");
  mime_writer_value_end(writer);
  mime_writer_transfer_field(writer, transfer);
  mime_writer_end_header(writer);
  mime_writer_content(writer, content, transfer);
}

static void write_status(const struct delivery_status *status, struct mime_writer *writer)
{
  mime_writer_field(writer, "Content-Type", "message/delivery-status");
  mime_writer_end_header(writer);
  delivery_status_write_field(writer, "Original-Envelope-Id", status->envelope_id);
  delivery_status_write_field(writer, "Reporting-MTA", status->reporting_mta);
  delivery_status_write_field(writer, "DSN-Gateway", status->gateway);
  if (status->has_arrival) {
    GString *date = g_string_new(NULL);
    mail_time_format(&status->arrival, date);
    delivery_status_write_field(writer, "Arrival-Date", date->str);
    g_string_free(date, TRUE);
  }
  delivery_status_write_fields(writer, status->fields);
  for (guint i = 0; i < status->recipients->len; i++) {
    const struct status_recipient *recipient = status->recipients->pdata[i];
    write_line(writer, "%s", "");
    delivery_status_write_field(writer, "Original-Recipient", recipient->original);
    delivery_status_write_field(writer, "Final-Recipient", recipient->final);
    delivery_status_write_field(writer, "Action", recipient->action);
    delivery_status_write_field(writer, "Status", recipient->status);
    delivery_status_write_field(writer, "Remote-MTA", recipient->remote);
    delivery_status_write_field(writer, "Diagnostic-Code", recipient->diagnostic);
    delivery_status_write_fields(writer, recipient->fields);
  }
}

char *delivery_status_write(const struct delivery_status *status, struct mapping_context *context,
                            struct mime_writer *writer, guint64 id, const struct mail_time *now,
                            const char *to, const char *subject_of, const char *follows)
{
  char *boundary = mime_writer_boundary(writer);
  write_header(status, context, writer, id, now, to, boundary);
  mime_writer_delimiter(writer, boundary, false);
  write_words(status, writer, now, subject_of, follows);
  mime_writer_delimiter(writer, boundary, false);
  write_status(status, writer);
  return boundary;
}

void delivery_status_returned(struct mime_writer *writer, const char *boundary, const struct octets *octets,
                              bool header_alone)
{
  mime_writer_delimiter(writer, boundary, false);
  mime_writer_field(writer, "Content-Type", header_alone ? "text/rfc822-headers" : "message/rfc822");
  mime_writer_end_header(writer);
  mime_writer_content(writer, octets, MIME_SEND_7BIT);
}

void delivery_status_close(struct mime_writer *writer, const char *boundary)
{
  mime_writer_delimiter(writer, boundary, true);
}
