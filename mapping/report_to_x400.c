/* report_to_x400.c - a DSN that came by mail as an X.400 report: RFC 2156 5.1.8. */
#include "mapping/delivery_status.h"
#include "mapping/job_io.h"
#include "mapping/report.h"
#include "mapping/report_fields.h"
#include "mapping/trace.h"

#include <MTS-APDU.h>
#include <string.h>

enum { STATUS_MAX = 1 << 20, HEADER_MAX = 1 << 16 };

/* The first part of the mail's multipart that has one of these types. */
static const struct mime_part *find_part(const struct mime_part *part, const char *const *types)
{
  for (guint i = 0; part->children && i < part->children->len; i++) {
    const struct mime_part *child = part->children->pdata[i];
    for (guint k = 0; types[k] && child->type; k++)
      if (g_strcmp0(child->type->value, types[k]) == 0)
        return child;
  }
  return NULL;
}

/* RFC 3464, RFC 6533 */
static const struct mime_part *find_status(const struct mime_mail *mail)
{
  static const char *const types[] = {"message/delivery-status", "message/global-delivery-status", NULL};
  return find_part(mail->root, types);
}

bool report_is_dsn(const struct mime_mail *mail, const struct mapping_job *job)
{
  const struct mime_params *type = mail->root->type;
  return job->sender && !*job->sender && type && g_strcmp0(type->value, "multipart/report") == 0 &&
         find_status(mail) != NULL;
}

static struct delivery_status *read_status(const struct mime_mail *mail)
{
  g_autofree char *text = delivery_status_part_text(mail, find_status(mail), STATUS_MAX);
  return text ? delivery_status_parse(text) : NULL;
}

/* --- what it is about --- */

/* The Message-ID of the mail that is returned, whole or its header alone. */
static char *returned_message_id(const struct mime_mail *mail)
{
  static const char *const whole[] = {"message/rfc822", "message/global", NULL};
  static const char *const header[] = {"text/rfc822-headers", "message/global-headers", NULL};
  const struct mime_part *part = find_part(mail->root, whole);
  if (part && part->children && part->children->len)
    return g_strdup(mime_part_field(part->children->pdata[0], "Message-ID"));
  part = find_part(mail->root, header);
  g_autofree char *text = part ? delivery_status_part_text(mail, part, HEADER_MAX) : NULL;
  g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
  for (guint i = 0; lines[i]; i++)
    if (g_ascii_strncasecmp(lines[i], "Message-ID:", 11) == 0) {
      const char *body = lines[i] + 11 + strspn(lines[i] + 11, " \t\r");
      return g_strchomp(g_strdup(*body || !lines[i + 1] ? body : lines[i + 1] + strspn(lines[i + 1], " \t")));
    }
  return NULL;
}

void report_subject_of_dsn(const struct mime_mail *mail, struct mapping_result *result)
{
  g_autoptr(delivery_status_t) status = read_status(mail);
  g_autofree char *subject = status ? report_subject_text(status) : NULL;
  g_autofree char *message_id = returned_message_id(mail);
  job_identifier_add(result, "subject-mts-id", subject);
  if (status && status->envelope_id && !subject)
    job_identifier_add(result, "envid", status->envelope_id);
  job_identifier_add(result, "subject-message-id", message_id);
}

bool report_is_mixed(const struct mime_mail *mail)
{
  g_autoptr(delivery_status_t) status = read_status(mail);
  guint final = 0;
  for (guint i = 0; status && i < status->recipients->len; i++)
    final += report_is_final(status->recipients->pdata[i]);
  return status && final > 0 && final < status->recipients->len;
}

/* --- the report --- */

static GPtrArray *header_fields(const struct mime_part *root)
{
  GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < root->fields->len; i++) {
    const struct mime_field *field = root->fields->pdata[i];
    if (g_ascii_strcasecmp(field->name, "Received") != 0 &&
        g_ascii_strcasecmp(field->name, "X400-Received") != 0)
      g_ptr_array_add(fields, g_strdup_printf("%s: %s", field->name, field->body));
  }
  return fields;
}

/* Trace as of a message; all other fields of the header are kept (5.1.8.3). */
static void put_envelope(struct to_x400 *to, struct asn1_value *value, Report_t *report)
{
  const struct mapping_gdi *gdi = job_domain(to->context, to->peer);
  g_autoptr(GPtrArray) headers = header_fields(to->mail->root);
  report_add_list(to, value, &report->content.extensions, OID_DSN_HEADER_LIST, headers);
  x400_identifier_put(gdi, to->id, &report->envelope.report_identifier);
  g_autoptr(GPtrArray) trace = trace_from_mail(to->context, to->mail->root, gdi, NULL, &to->now);
  g_ptr_array_add(trace, trace_element_new(gdi, job_mta_name(to->context, to->peer), &to->now));
  trace_to_asn1(trace, value, &report->envelope.trace_information, &report->envelope.extensions);
}

/* 5.1.8.3: the whole DSN, and its type. */
static void put_returned(struct to_x400 *to, struct asn1_value *value, Report_t *report,
                         struct octets *content)
{
  ReportTransferContent_t *to_fill = &report->content;
  to_fill->returned_content = asn1_new_string("");
  asn1_put_octets(value, to_fill->returned_content, content);
  to_fill->content_type = asn1_new_field(ContentType_t);
  to_fill->content_type->present = ContentType_PR_built_in;
  to_fill->content_type->choice.built_in = to->new_features || to->peer->content_type == 22
                                               ? BuiltInContentType_interpersonal_messaging_1988
                                               : BuiltInContentType_interpersonal_messaging_1984;
}

static struct octets *make_report(struct to_x400 *to, const struct mapping_job *job,
                                  const struct delivery_status *status, struct octets *content,
                                  struct mapping_result *result, GError **error)
{
  const struct mapping_recipient *destination = job->recipients->len ? job->recipients->pdata[0] : NULL;
  g_autoptr(or_address_t) name =
      destination && destination->mapped ? or_address_parse(destination->mapped, error) : NULL;
  if (!name)
    return NULL;
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MTS_APDU);
  MTS_APDU_t *apdu = asn1_value_get(value);
  apdu->present = MTS_APDU_PR_report;
  Report_t *report = &apdu->choice.report;
  for (guint i = 0; i < status->recipients->len; i++)
    report_add_recipient(to, &job->subject, value, report, status, status->recipients->pdata[i]);
  if (report->content.per_recipient_fields.list.count == 0)
    return NULL;
  or_address_to_asn1(name, value, &report->envelope.report_destination_name);
  put_envelope(to, value, report);
  report_add_message(to, &job->subject, value, report, status, result);
  if (content)
    put_returned(to, value, report, content);
  return asn1_encode(value, error);
}

/* The message beside the report needs an identifier of its own. */
static struct octets *make_message(struct to_x400 *to, const struct mapping_job *job, bool beside,
                                   GError **error)
{
  if (beside)
    g_strlcat(to->id, "m", sizeof to->id);
  return write_apdu_message(to, job, error);
}

struct octets *report_to_x400(struct to_x400 *to, const struct mapping_job *job,
                              struct mapping_result *result, GError **error)
{
  const struct mapping_recipient *destination = job->recipients->len ? job->recipients->pdata[0] : NULL;
  if (destination && destination->apart == MAPPING_APART_MESSAGE)
    return make_message(to, job, true, error);
  g_autoptr(delivery_status_t) status = read_status(to->mail);
  g_autoptr(GError) wrong = NULL;
  if (status) {
    /* 5.1.8.3: the whole DSN as returned content; one that cannot be made costs only that */
    g_autoptr(octets_t) content = write_apdu_content(to, NULL);
    struct octets *report = make_report(to, job, status, content, result, &wrong);
    if (report)
      return report;
  }
  if (wrong)
    mapping_loss(result->losses, "delivery-status: goes as a message (RFC 2156 5.1.8.3): %s", wrong->message);
  return make_message(to, job, false, error);
}
