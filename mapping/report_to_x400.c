/* report_to_x400.c - a DSN that came by mail as an X.400 report: RFC 2156 5.1.8. */
#include "mapping/delivery_status.h"
#include "mapping/job_io.h"
#include "mapping/report.h"
#include "mapping/report_codes.h"
#include "mapping/trace.h"

#include <MTS-APDU.h>
#include <PerRecipientIndicators.h>
#include <PerRecipientReportTransferFields.h>
#include <RFC822FieldList.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_MAX = 1 << 20, SUPPLEMENT_MAX = 256 };
static const char SUBJECT_PREFIX[] = "X400-MTS-Identifier: ";

/* The first part of this type in the mail's multipart. */
static const struct mime_part *find_part(const struct mime_part *part, const char *type)
{
  for (guint i = 0; part->children && i < part->children->len; i++) {
    const struct mime_part *child = part->children->pdata[i];
    if (child->type && g_strcmp0(child->type->value, type) == 0)
      return child;
  }
  return NULL;
}

bool report_is_dsn(const struct mime_mail *mail, const struct mapping_job *job)
{
  const struct mime_params *type = mail->root->type;
  return job->sender && !*job->sender && type && g_strcmp0(type->value, "multipart/report") == 0 &&
         find_part(mail->root, "message/delivery-status") != NULL;
}

static struct delivery_status *read_status(const struct mime_mail *mail)
{
  const struct mime_part *part = find_part(mail->root, "message/delivery-status");
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  g_autoptr(octets_t) content =
      mime_part_content(mail, part, spill, NULL); /* some encode what should be 7bit */
  g_autoptr(GBytes) bytes = content ? octets_to_bytes(content, STATUS_MAX, NULL) : NULL;
  if (!bytes || !g_bytes_get_size(bytes))
    return NULL;
  gsize length;
  const char *text = g_bytes_get_data(bytes, &length);
  g_autofree char *copy = g_strndup(text, length);
  return delivery_status_parse(copy);
}

/* The MTS identifier that an envelope identifier holds: 5.1.8.3 wants the prefix, 5.3.8.1 writes it without
 * (checklist section 9, 3), so that both are read. NULL: it is someone else's. */
static const char *subject_text(const struct delivery_status *status)
{
  const char *text = status->envelope_id;
  if (text && g_str_has_prefix(text, SUBJECT_PREFIX))
    text += strlen(SUBJECT_PREFIX);
  return text && *text == '[' ? text : NULL;
}

void report_subject_of_dsn(const struct mime_mail *mail, struct mapping_result *result)
{
  g_autoptr(delivery_status_t) status = read_status(mail);
  if (!status || !status->envelope_id)
    return;
  const char *subject = subject_text(status);
  if (subject)
    job_identifier_add(result, "subject-mts-id", subject);
  else
    job_identifier_add(result, "envid", status->envelope_id);
}

/* "Reason n (..); Diagnostic n (..)" behind "x400;": the exact codes, which the status alone would not give
 * back. */
static void codes_of(const struct status_recipient *recipient, gint *reason, gint *diagnostic)
{
  const char *code = recipient->diagnostic;
  report_reason(recipient->status, reason, diagnostic);
  if (!code || g_ascii_strncasecmp(code, "x400;", 5) != 0)
    return;
  const char *number = strstr(code, "Reason ");
  if (!number)
    return;
  *reason = atoi(number + strlen("Reason "));
  number = strstr(code, "Diagnostic ");
  *diagnostic = number ? atoi(number + strlen("Diagnostic ")) : REPORT_NO_DIAGNOSTIC;
}

/* "rfc822; a@b" or "x400; /S=../": the O/R address of either. NULL when it has none. */
static struct or_address *address_of(struct to_x400 *to, const char *typed)
{
  const char *semicolon = typed ? strchr(typed, ';') : NULL;
  if (!semicolon)
    return NULL;
  g_autofree char *address = g_strstrip(g_strdup(semicolon + 1));
  if (g_ascii_strncasecmp(typed, "x400", 4) == 0)
    return or_address_parse(address, NULL);
  g_autofree char *decoded =
      address[0] == '<' ? g_strndup(address + 1, strcspn(address + 1, ">")) : g_strdup(address);
  return address_to_or(to->context, decoded, ADDRESS_HEADING, NULL, NULL);
}

static GPtrArray *rest_of(const struct status_recipient *recipient)
{
  GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
  if (recipient->remote)
    g_ptr_array_add(fields, g_strdup_printf("Remote-MTA: %s", recipient->remote));
  if (recipient->diagnostic)
    g_ptr_array_add(fields, g_strdup_printf("Diagnostic-Code: %s", recipient->diagnostic));
  for (guint i = 0; i < recipient->fields->len; i++)
    g_ptr_array_add(fields, g_strdup(recipient->fields->pdata[i]));
  return fields;
}

static void add_list(struct asn1_value *value, struct Extensions **extensions, enum oid oid,
                     GPtrArray *fields)
{
  if (fields->len == 0)
    return;
  g_autoptr(asn1_value_t) list = x400_field_list_new(fields);
  x400_private_extension_add(value, extensions, oid, &asn_DEF_RFC822FieldList, asn1_value_get(list));
}

static long number_of(const struct status_recipient *recipient, long otherwise)
{
  static const char name[] = "X400-Originally-Specified-Recipient-Number:";
  for (guint i = 0; i < recipient->fields->len; i++)
    if (g_ascii_strncasecmp(recipient->fields->pdata[i], name, strlen(name)) == 0)
      return CLAMP(atol((const char *)recipient->fields->pdata[i] + strlen(name)), 1, 32767);
  return otherwise;
}

static bool add_recipient(struct to_x400 *to, struct asn1_value *value, ReportTransferContent_t *content,
                          const struct delivery_status *status, const struct status_recipient *recipient)
{
  bool failed = g_ascii_strcasecmp(recipient->action, "failed") == 0;
  if (!failed && g_ascii_strcasecmp(recipient->action, "delivered") != 0)
    return false;
  g_autoptr(or_address_t) actual = address_of(to, recipient->final);
  g_autoptr(or_address_t) intended = address_of(to, recipient->original);
  if (!actual && !intended)
    return false;
  PerRecipientReportTransferFields_t *fields = asn1_new_field(PerRecipientReportTransferFields_t);
  or_address_to_asn1(actual ? actual : intended, value, &fields->actual_recipient_name);
  if (intended && actual && !or_address_equal(intended, actual)) {
    fields->originally_intended_recipient_name = asn1_new_field(ORName_t);
    or_address_to_asn1(intended, value, fields->originally_intended_recipient_name);
  }
  fields->originally_specified_recipient_number =
      number_of(recipient, content->per_recipient_fields.list.count + 1);
  /* A DSN comes to who asked for it: the originator's bits say so (X.411 12.2.1.3; those of the MTA do not
   * count). */
  x400_bits_put(&fields->per_recipient_indicators,
                failed ? 1u << PerRecipientIndicators_originating_MTA_non_delivery_report |
                             1u << PerRecipientIndicators_originator_non_delivery_report
                       : 1u << PerRecipientIndicators_originating_MTA_report |
                             1u << PerRecipientIndicators_originator_report,
                8);
  LastTraceInformation_t *last = &fields->last_trace_information;
  const struct mail_time *arrival = status->has_arrival ? &status->arrival : &to->now;
  x400_time_put(arrival, &last->arrival_time);
  if (failed) {
    gint reason, diagnostic;
    codes_of(recipient, &reason, &diagnostic);
    last->report_type.present = ReportType_PR_non_delivery;
    last->report_type.choice.non_delivery.non_delivery_reason_code = reason;
    if (diagnostic >= 0)
      last->report_type.choice.non_delivery.non_delivery_diagnostic_code = x400_long(diagnostic);
    if (recipient->diagnostic)
      fields->supplementary_information = x400_printable_new(recipient->diagnostic, SUPPLEMENT_MAX);
  } else {
    last->report_type.present = ReportType_PR_delivery;
    x400_time_put(arrival, &last->report_type.choice.delivery.message_delivery_time);
  }
  g_autoptr(GPtrArray) rest = rest_of(recipient);
  add_list(value, &fields->extensions, OID_DSN_FIELD_LIST, rest);
  asn_sequence_add(&content->per_recipient_fields.list, fields);
  return true;
}

static void put_subject(struct to_x400 *to, const struct delivery_status *status,
                        const struct mapping_gdi *gdi, MTSIdentifier_t *identifier,
                        struct mapping_result *result)
{
  struct mts_identifier known = {{0}, NULL};
  const char *subject = subject_text(status);
  if (subject && mts_identifier_parse(subject, &known)) {
    x400_identifier_put(&known.gdi, known.local, identifier);
    job_identifier_add(result, "subject-mts-id", subject);
    mts_identifier_clear(&known);
  } else {
    /* the field is mandatory: nobody knows the subject by this one (RFC 2156 5.1.8.3) */
    g_autofree char *local = g_strdup_printf("unknown.%s", to->id);
    x400_identifier_put(gdi, local, identifier);
  }
}

static GPtrArray *message_fields(const struct delivery_status *status)
{
  GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
  const struct {
    const char *name, *body;
  } own[] = {{"Original-Envelope-Id", status->envelope_id},
             {"Reporting-MTA", status->reporting_mta},
             {"DSN-Gateway", status->gateway}};
  for (guint i = 0; i < G_N_ELEMENTS(own); i++)
    if (own[i].body)
      g_ptr_array_add(fields, g_strdup_printf("%s: %s", own[i].name, own[i].body));
  for (guint i = 0; i < status->fields->len; i++)
    g_ptr_array_add(fields, g_strdup(status->fields->pdata[i]));
  return fields;
}

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

static void put_content(struct to_x400 *to, const struct delivery_status *status, struct asn1_value *value,
                        Report_t *report, struct mapping_result *result)
{
  const struct mapping_gdi *gdi = job_domain(to->context, to->peer);
  put_subject(to, status, gdi, &report->content.subject_identifier, result);
  g_autoptr(GPtrArray) headers = header_fields(to->mail->root);
  g_autoptr(GPtrArray) fields = message_fields(status);
  add_list(value, &report->content.extensions, OID_DSN_HEADER_LIST, headers);
  add_list(value, &report->content.extensions, OID_DSN_FIELD_LIST, fields);
  x400_identifier_put(gdi, to->id, &report->envelope.report_identifier);
  g_autoptr(GPtrArray) trace = trace_from_mail(to->context, to->mail->root, gdi, NULL, &to->now);
  g_ptr_array_add(trace, trace_element_new(gdi, job_mta_name(to->context, to->peer), &to->now));
  trace_to_asn1(trace, value, &report->envelope.trace_information, &report->envelope.extensions);
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
    add_recipient(to, value, &report->content, status, status->recipients->pdata[i]);
  if (report->content.per_recipient_fields.list.count == 0)
    return NULL;
  or_address_to_asn1(name, value, &report->envelope.report_destination_name);
  put_content(to, status, value, report, result);
  if (content) {
    report->content.returned_content = asn1_new_string("");
    asn1_put_octets(value, report->content.returned_content, content);
  }
  return asn1_encode(value, error);
}

struct octets *report_to_x400(struct to_x400 *to, const struct mapping_job *job,
                              struct mapping_result *result, GError **error)
{
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
  return write_apdu_message(to, job, error);
}
