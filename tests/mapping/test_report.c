/* Reports of both worlds and between them: RFC 2156 5.1.8, 5.3.8, 5.3.9; RFC 3464. */
#include "lib/road.h"
#include "mapping/report_codes.h"
#include "mapping/x400.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <ContentCorrelator.h>
#include <MTS-APDU.h>
#include <PerRecipientMessageTransferFields.h>
#include <PerRecipientProbeTransferFields.h>
#include <PerRecipientReportTransferFields.h>

#define LAND "/S=lee/PRMD=land/ADMD=x/C=de/"
#define RECIPIENT "\"" LAND "\"@sea.example"
#define MAIL                                                                                                 \
  "From: ann@example.org\r\nTo: bob@example.org\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: "     \
  "<m@example.org>\r\n"                                                                                      \
  "Date: Thu, 2 Jan 1997 14:46:03 +0100\r\n\r\nthe body itself\r\n"

static struct mapping_context *context;

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

static struct asn1_value *decode(GBytes *apdu)
{
  struct asn1_value *value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, NULL);
  ck_assert_ptr_nonnull(value);
  return value;
}

static struct mapping_recipient *add_failed(struct mapping_job *job, const char *address, const char *code,
                                            const char *words)
{
  struct mapping_recipient *recipient = road_recipient(job, address, NULL, NULL);
  recipient->failed = true;
  recipient->action = MAPPING_FAILED;
  recipient->code = g_strdup(code);
  recipient->words = g_strdup(words);
  return recipient;
}

static GBytes *run(struct mapping_job *job, struct mapping_result **result_r)
{
  GBytes *output = NULL;
  struct mapping_result *result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  if (result_r)
    *result_r = result;
  else
    mapping_result_free(result);
  return output;
}

/* --- codes --- */

/* Each row of the table; and a diagnostic counts with whatever reason it comes. */
/* proves: R4 */
START_TEST(x400_codes_have_their_status)
{
  static const struct {
    int reason, diagnostic;
    const char *status;
  } rows[] = {{0, -1, "4.4.0"}, {1, -1, "5.0.0"}, {2, -1, "5.6.3"}, {3, -1, "5.6.0"}, {4, -1, "5.1.0"},
              {5, -1, "5.7.1"}, {6, -1, "5.4.3"}, {7, -1, "5.3.3"}, {1, 0, "5.1.1"},  {1, 1, "5.1.4"},
              {1, 2, "4.3.1"},  {1, 3, "5.4.6"},  {1, 4, "4.2.1"},  {1, 5, "4.4.7"},  {1, 6, "5.6.1"},
              {1, 7, "5.2.3"},  {2, 8, "5.6.3"},  {2, 9, "5.6.3"},  {1, 10, "5.6.3"}, {1, 11, "5.5.2"},
              {1, 12, "5.5.2"}, {1, 13, "5.5.2"}, {1, 14, "5.5.0"}, {1, 15, "5.6.1"}, {1, 16, "5.5.3"},
              {1, 17, "5.4.4"}, {1, 18, "5.3.3"}, {2, 19, "5.6.2"}, {2, 20, "5.6.0"}, {2, 21, "5.6.0"},
              {2, 22, "5.6.2"}, {2, 23, "5.6.2"}, {2, 24, "5.6.2"}, {2, 25, "5.6.2"}, {1, 26, "5.4.0"},
              {1, 27, "5.4.6"}, {1, 28, "5.7.2"}, {1, 29, "5.7.1"}, {1, 30, "4.2.4"}, {4, 31, "5.6.0"},
              {4, 32, "5.1.0"}, {4, 45, "5.1.0"}, {1, 43, "5.1.6"}, {4, 43, "5.1.0"}, {1, 46, "5.7.0"},
              {2, 47, "5.3.3"}, {0, 48, "5.3.4"}, {0, 49, "4.4.7"}, {1, 8, "5.6.3"},  {1, 9, "5.6.3"},
              {1, 33, "5.1.0"}, {1, 45, "5.1.0"}, {2, 0, "5.1.1"},  {0, 6, "5.6.1"},  {99, -1, "5.0.0"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    ck_assert_msg(!strcmp(report_status(rows[i].reason, rows[i].diagnostic), rows[i].status),
                  "%d/%d: %s, not %s", rows[i].reason, rows[i].diagnostic,
                  report_status(rows[i].reason, rows[i].diagnostic), rows[i].status);
  ck_assert_ptr_nonnull(report_status(99, 9999));
}
END_TEST

/* X.411 figure 2 (1999) numbers reasons 0 to 8 and diagnostics 0 to 78 without a gap: each has its name,
 * words for people, and a status of RFC 3463 that the other way takes for a failure too. */
START_TEST(every_code_has_words_and_a_status)
{
  static const struct {
    int number;
    const char *name;
  } names[] = {{0, "unrecognised-OR-name"},
               {7, "content-too-long"},
               {18, "unsupported-critical-function"},
               {32, "undeliverable-mail-physical-delivery-address-incorrect"},
               {45, "undeliverable-mail-originator-prohibited-forwarding"},
               {47, "unable-to-downgrade"},
               {50, "incorrect-notification-type"},
               {56, "unauthorised-dl-name"},
               {67, "integrity-failure-on-subject-message"},
               {78, "unsupported-security-policy"}};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    ck_assert_str_eq(report_diagnostic_words(names[i].number), names[i].name);
  ck_assert_str_eq(report_reason_words(8), "transfer-failure-for-security-reason");
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (int diagnostic = -1; diagnostic <= 78; diagnostic++)
    for (int reason = 0; reason <= 8; reason++) {
      const char *status = report_status(reason, diagnostic), *plain = report_plain_words(reason, diagnostic);
      ck_assert_msg((status[0] == '4' || status[0] == '5') && strlen(status) >= 5, "%d/%d", reason,
                    diagnostic);
      ck_assert_msg(diagnostic < 50 || status[2] == '6' || status[2] == '7', "%d/%d: %s", reason, diagnostic,
                    status);
      ck_assert_uint_gt(strlen(plain), 10);
      ck_assert(diagnostic < 0 || reason > 0 || g_hash_table_add(seen, (gpointer)plain));
      gint back, code;
      report_reason(status, &back, &code);
      ck_assert(back >= 0 && back <= 8 && code >= -1 && code <= 78);
    }
  ck_assert_str_eq(report_diagnostic_words(79), "unknown");
  ck_assert_str_eq(report_reason_words(9), "unknown");
  ck_assert_str_eq(report_plain_words(5, 500), report_plain_words(5, -1));
}
END_TEST

/* proves: R5 */
START_TEST(statuses_have_their_x400_codes)
{
  static const struct {
    const char *status;
    int reason, diagnostic;
    const char *words;
  } rows[] = {
      {"5.0.0", 1, -1, "other status"},
      {"5.1.0", 1, -1, "other address status"},
      {"5.1.1", 1, 0, "bad mailbox address"},
      {"5.1.2", 1, 0, "bad system address"},
      {"5.1.3", 1, 0, "bad mailbox address syntax"},
      {"5.1.4", 1, 1, "mailbox address ambiguous"},
      {"5.1.6", 1, 43, "mailbox has moved"},
      {"5.1.7", 1, 11, "bad syntax of the sender's address"},
      {"5.1.8", 1, 11, "bad system address of the sender"},
      {"5.2.0", 1, -1, "other mailbox status"},
      {"5.2.1", 1, 4, "mailbox disabled"},
      {"5.2.2", 1, 4, "mailbox full"},
      {"5.2.3", 1, 7, "message longer than the mailbox may take"},
      {"5.2.4", 1, 30, "mailing list expansion problem"},
      {"5.3.0", 0, -1, "other mail system status"},
      {"5.3.1", 1, 2, "mail system full"},
      {"5.3.2", 1, 2, "system accepts no messages"},
      {"5.3.3", 1, 18, "system cannot do what was asked"},
      {"5.3.4", 1, 7, "message too big for the system"},
      {"5.3.5", 1, -1, "system not configured correctly"},
      {"5.4.0", 0, -1, "other network or routing status"},
      {"5.4.1", 0, -1, "no answer from host"},
      {"5.4.2", 0, -1, "bad connection"},
      {"5.4.3", 6, -1, "directory server failure"},
      {"5.4.4", 0, -1, "unable to route"},
      {"5.4.5", 1, 2, "network congestion"},
      {"5.4.6", 1, 3, "routing loop detected"},
      {"5.4.7", 1, 5, "delivery time expired"},
      {"5.5.0", 1, -1, "other protocol status"},
      {"5.5.1", 1, 14, "invalid command"},
      {"5.5.2", 1, 14, "syntax error"},
      {"5.5.3", 1, 16, "too many recipients"},
      {"5.5.4", 1, 14, "invalid command arguments"},
      {"5.5.5", 1, 18, "wrong protocol version"},
      {"5.6.0", 2, -1, "other content status"},
      {"5.6.1", 1, 6, "media not supported"},
      {"5.6.2", 1, 9, "conversion required and prohibited"},
      {"5.6.3", 2, 8, "conversion required but not supported"},
      {"5.6.5", 2, 47, "conversion failed"},
      {"5.7.0", 1, 46, "other security status"},
      {"5.7.1", 1, 29, "delivery not authorized"},
      {"5.7.2", 1, 28, "mailing list expansion prohibited"},
      {"5.7.3", 1, 46, "security conversion required but not possible"},
      {"5.7.4", 1, 46, "security features not supported"},
      {"5.7.5", 1, 46, "cryptographic failure"},
      {"5.7.6", 1, 46, "cryptographic algorithm not supported"},
      {"5.7.7", 1, 46, "message integrity failure"},
      {"5.2.37", 1, -1, "other mailbox status"}, /* the RFC's own example of an unknown detail */
      {"4.4.1", 0, -1, "no answer from host"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    gint reason, diagnostic;
    report_reason(rows[i].status, &reason, &diagnostic);
    ck_assert_msg(reason == rows[i].reason && diagnostic == rows[i].diagnostic, "%s: %d/%d", rows[i].status,
                  reason, diagnostic);
    ck_assert_str_eq(report_status_words(rows[i].status), rows[i].words);
  }
  static const char *const odd[] = {"", "5", "5.", "5.1", "x.y.z", "5.999.999", "5.1.99999999999999999999"};
  for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
    gint reason = -5, diagnostic = -5;
    report_reason(odd[i], &reason, &diagnostic);
    ck_assert_int_ge(reason, 0);
    ck_assert_int_ge(diagnostic, -1);
  }
}
END_TEST

/* --- our own outcomes --- */

static struct mapping_job *mail_report(void)
{
  struct mapping_job *job = road_job(MAPPING_REPORT, MAPPING_MAIL, MAIL, strlen(MAIL));
  job->sender = g_strdup("ann@example.org");
  return job;
}

/* A DSN in which people and programs find every recipient and why. */
START_TEST(sender_of_a_mail_gets_a_dsn)
{
  g_autoptr(mapping_job_t) job = mail_report();
  job->envid = g_strdup("QQ314159");
  add_failed(job, "bob@land.example", "5.1.1", "no such user here");
  struct mapping_recipient *second = add_failed(job, "carl@land.example", "5.4.6", "loop detected");
  second->reason = 1;
  second->diagnostic = 3;
  second->orcpt = g_strdup("rfc822;first@example.org");
  g_autoptr(mapping_result_t) result = NULL;
  g_autoptr(GBytes) output = run(job, &result);
  ck_assert_str_eq(result->sender, "");
  ck_assert_uint_eq(result->recipients->len, 1);
  ck_assert_str_eq(((const struct mapping_recipient *)result->recipients->pdata[0])->mapped,
                   "ann@example.org");
  ck_assert_str_eq(((const struct mapping_recipient *)result->recipients->pdata[0])->hop, "smtp:example.org");
  g_autoptr(mime_mail_t) mail = road_parse(context, output);
  ck_assert_str_eq(mail->root->type->value, "multipart/report");
  ck_assert_str_eq(mime_params_get(mail->root->type, "report-type"), "delivery-status");
  ck_assert_uint_eq(mail->root->children->len, 3);
  g_autoptr(GBytes) people = road_content(mail, mail->root->children->pdata[0]),
                    status = road_content(mail, mail->root->children->pdata[1]);
  g_autofree char *text = g_strndup(g_bytes_get_data(people, NULL), g_bytes_get_size(people)),
                  *fields = g_strndup(g_bytes_get_data(status, NULL), g_bytes_get_size(status)),
                  *whole = g_strndup(g_bytes_get_data(output, NULL), g_bytes_get_size(output));
  static const char *const wanted[] = {"bob@land.example", "no such user here", "carl@land.example",
                                       "loop detected"};
  for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
    ck_assert_msg(strstr(text, wanted[i]) != NULL, "%s in %s", wanted[i], text);
  static const char *const said[] = {"Original-Envelope-Id: QQ314159",
                                     "Reporting-MTA: dns; sea.example",
                                     "Final-Recipient: rfc822; bob@land.example",
                                     "Status: 5.1.1",
                                     "Action: failed",
                                     "Original-Recipient: rfc822;first@example.org",
                                     "Status: 5.4.6",
                                     "Diagnostic-Code: x400; Reason 1"};
  for (gsize i = 0; i < G_N_ELEMENTS(said); i++)
    ck_assert_msg(strstr(fields, said[i]) != NULL, "%s in %s", said[i], fields);
  ck_assert_ptr_nonnull(strstr(whole, "the body itself")); /* the whole mail is returned */
}
END_TEST

START_TEST(headers_alone_are_returned_when_asked)
{
  g_autoptr(mapping_job_t) job = mail_report();
  job->ret = MAPPING_RET_HDRS;
  add_failed(job, "bob@land.example", "5.1.1", "no such user here");
  g_autoptr(GBytes) output = run(job, NULL);
  g_autofree char *whole = g_strndup(g_bytes_get_data(output, NULL), g_bytes_get_size(output));
  ck_assert_ptr_nonnull(strstr(whole, "Message-ID: <m@example.org>"));
  ck_assert_ptr_null(strstr(whole, "the body itself"));
}
END_TEST

/* proves: R7> */
START_TEST(nobody_is_told_who_wants_to_know_nothing)
{
  g_autoptr(mapping_job_t) null = mail_report();
  g_free(null->sender);
  null->sender = g_strdup("");
  add_failed(null, "bob@land.example", "5.1.1", "x");
  g_autoptr(mapping_result_t) one = NULL;
  g_autoptr(GBytes) nothing = run(null, &one);
  ck_assert_ptr_nonnull(nothing);
  ck_assert_uint_eq(one->recipients->len, 0);
  g_autoptr(mapping_job_t) never = mail_report();
  add_failed(never, "bob@land.example", "5.1.1", "x")->notify = MAPPING_NOTIFY_NEVER;
  g_autoptr(mapping_result_t) two = NULL;
  g_autoptr(GBytes) none = run(never, &two);
  ck_assert_ptr_nonnull(none);
  ck_assert_uint_eq(two->recipients->len, 0);
}
END_TEST

/* A message APDU from an X.400 user of LAND to two mailboxes, the second with a number of its own. */
static GBytes *message_from_land(guint notify)
{
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, MAIL, strlen(MAIL));
  job->sender = g_strdup(RECIPIENT);
  job->hop = g_strdup("p1:land");
  road_recipient(job, "bob@example.net", NULL, "p1:land")->notify = notify;
  road_recipient(job, "carl@example.net", NULL, "p1:land")->notify = notify;
  g_autoptr(GBytes) made = run(job, NULL);
  g_autoptr(asn1_value_t) value = decode(made);
  ((MTS_APDU_t *)asn1_value_get(value))
      ->choice.message.envelope.per_recipient_fields.list.array[1]
      ->originally_specified_recipient_number = 9;
  return asn1_encode_bytes(value, NULL);
}

static struct mapping_job *apdu_report(GBytes *apdu)
{
  struct mapping_job *job =
      road_job(MAPPING_REPORT, MAPPING_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
  job->peer = g_strdup("land");
  return job;
}

static char *printable(const struct OCTET_STRING *field)
{
  return g_strndup((const char *)field->buf, (gsize)field->size);
}

START_TEST(originator_of_an_apdu_gets_a_report)
{
  g_autoptr(GBytes) apdu = message_from_land(MAPPING_NOTIFY_DEFAULT);
  g_autoptr(mapping_job_t) job = apdu_report(apdu);
  add_failed(job, "x", "5.1.1", "user unknown");
  add_failed(job, "y", "5.4.6", "loop")->reason = 1;
  ((struct mapping_recipient *)job->recipients->pdata[1])->diagnostic = 3;
  g_autoptr(mapping_result_t) result = NULL;
  g_autoptr(GBytes) output = run(job, &result);
  ck_assert_int_eq(result->format, MAPPING_APDU);
  ck_assert_uint_eq(result->recipients->len, 1);
  ck_assert_str_eq(((const struct mapping_recipient *)result->recipients->pdata[0])->hop, "p1:land");
  g_autoptr(asn1_value_t) value = decode(output);
  const MTS_APDU_t *choice = asn1_value_get(value);
  ck_assert_int_eq(choice->present, MTS_APDU_PR_report);
  const ReportTransferContent_t *content = &choice->choice.report.content;
  ck_assert_int_eq(content->per_recipient_fields.list.count, 2);
  const PerRecipientReportTransferFields_t *first = content->per_recipient_fields.list.array[0],
                                           *second = content->per_recipient_fields.list.array[1];
  ck_assert_int_eq(first->originally_specified_recipient_number, 1);
  ck_assert_int_eq(second->originally_specified_recipient_number, 9);
  const NonDeliveryReport_t *why = &first->last_trace_information.report_type.choice.non_delivery;
  ck_assert_int_eq(why->non_delivery_reason_code, 1);
  ck_assert_int_eq(*why->non_delivery_diagnostic_code, 0);
  why = &second->last_trace_information.report_type.choice.non_delivery;
  ck_assert_int_eq(*why->non_delivery_diagnostic_code, 3);
  g_autofree char *words = printable(first->supplementary_information);
  ck_assert_ptr_nonnull(strstr(words, "user unknown"));
  ck_assert_ptr_nonnull(content->returned_content);
  ck_assert_ptr_nonnull(content->content_type);
  ck_assert_ptr_nonnull(content->subject_intermediate_trace_information);
  g_autofree char *subject = x400_identifier_text(&content->subject_identifier);
  ck_assert_str_eq(subject, "[/PRMD=sea/ADMD=x/C=de/;0000028t5cy4g]");
}
END_TEST

/* proves: R8 */
START_TEST(positive_reports_only_when_asked)
{
  for (guint asked = 0; asked < 2; asked++) {
    g_autoptr(GBytes) apdu = message_from_land(asked ? MAPPING_NOTIFY_SUCCESS : MAPPING_NOTIFY_DEFAULT);
    g_autoptr(mapping_job_t) job = apdu_report(apdu);
    struct mapping_recipient *recipient = road_recipient(job, "x", NULL, NULL);
    recipient->action = MAPPING_DELIVERED;
    recipient->time_us = job->now_us;
    g_autoptr(mapping_result_t) result = NULL;
    g_autoptr(GBytes) output = run(job, &result);
    ck_assert_uint_eq(result->recipients->len, asked);
    if (!asked)
      continue;
    g_autoptr(asn1_value_t) value = decode(output);
    const ReportTransferContent_t *content =
        &((const MTS_APDU_t *)asn1_value_get(value))->choice.report.content;
    ck_assert_int_eq(content->per_recipient_fields.list.array[0]->last_trace_information.report_type.present,
                     ReportType_PR_delivery);
    ck_assert_ptr_null(content->returned_content);
  }
}
END_TEST

/* No report is ever made about a report. */
START_TEST(reports_are_not_reported_on)
{
  g_autoptr(GBytes) apdu = message_from_land(MAPPING_NOTIFY_DEFAULT);
  g_autoptr(mapping_job_t) first = apdu_report(apdu);
  add_failed(first, "x", "5.1.1", "user unknown");
  g_autoptr(GBytes) report = run(first, NULL);
  g_autoptr(mapping_job_t) job = apdu_report(report);
  add_failed(job, "x", "5.1.1", "user unknown");
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_uint_eq(result->recipients->len, 0);
  g_autoptr(mapping_job_t) read =
      road_job(MAPPING_READ, MAPPING_APDU, g_bytes_get_data(report, NULL), g_bytes_get_size(report));
  read->peer = g_strdup("land");
  g_autoptr(mapping_result_t) seen = road_run(context, read, NULL);
  ck_assert_int_eq(seen->content, MAPPING_CONTENT_REPORT);
  ck_assert(seen->no_report);
}
END_TEST

/* --- between the worlds --- */

/* A report of a peer about a mail of ours becomes a DSN with the sender's ENVID. */
static GBytes *report_about(const char *envid)
{
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, MAIL, strlen(MAIL));
  job->sender = g_strdup("ann@example.org");
  job->envid = g_strdup(envid);
  job->hop = g_strdup("p1:land");
  road_recipient(job, RECIPIENT, NULL, "p1:land");
  g_autoptr(GBytes) message = run(job, NULL);
  g_autoptr(mapping_job_t) reporting = apdu_report(message);
  add_failed(reporting, LAND, "5.2.2", "mailbox is full");
  return run(reporting, NULL);
}

/* proves: R1 */
START_TEST(report_becomes_a_dsn)
{
  g_autoptr(GBytes) report = report_about("QQ314159");
  g_autoptr(GBytes) output = road_to_mail(context, "ann@example.org", report, NULL);
  g_autoptr(mime_mail_t) mail = road_parse(context, output);
  ck_assert_str_eq(mail->root->type->value, "multipart/report");
  road_check_field(context, mail->root, "To", "ann@example.org");
  road_check_field(context, mail->root, "Message-Type", "Delivery Report");
  g_autofree char *subject = road_field(context, mail->root, "Subject");
  ck_assert_msg(g_str_has_prefix(subject, "Delivery-Report (failure) for "), "%s", subject);
  ck_assert_ptr_nonnull(mime_part_field(mail->root, "X400-MTS-Identifier"));
  ck_assert_uint_eq(mail->root->children->len, 3);
  g_autoptr(GBytes) status = road_content(mail, mail->root->children->pdata[1]);
  g_autofree char *fields = g_strndup(g_bytes_get_data(status, NULL), g_bytes_get_size(status));
  g_autoptr(GString) unfolded = g_string_new(fields);
  g_string_replace(unfolded, "\r\n ", " ", 0);
  static const char *const said[] = {"Reporting-MTA: x400; mta \"sea-mta\" in /PRMD=sea/ADMD=x/C=de/",
                                     "DSN-Gateway: dns; sea.example",
                                     "Original-Envelope-Id: QQ314159",
                                     "Arrival-Date: ",
                                     "X400-Conversion-Date: ",
                                     ("Final-Recipient: x400; " LAND),
                                     "Action: failed",
                                     "Status: 4.2.1",
                                     "Diagnostic-Code: x400; Reason 1",
                                     "X400-Originally-Specified-Recipient-Number: 1",
                                     "X400-Supplementary-Info: \""};
  for (gsize i = 0; i < G_N_ELEMENTS(said); i++)
    ck_assert_msg(strstr(unfolded->str, said[i]) != NULL, "%s in %s", said[i], unfolded->str);
  const struct mime_part *returned = ((struct mime_part *)mail->root->children->pdata[2])->children->pdata[0];
  road_check_field(context, returned, "Subject", "Grüße");
  road_check_field(context, returned, "Message-ID", "<m@example.org>");
}
END_TEST

#define DSN_HEAD                                                                                             \
  "From: MAILER-DAEMON@example.net\r\nTo: lee@sea.example\r\nSubject: failure\r\nDate: Thu, 2 Jan 1997 "     \
  "14:50:00 +0000\r\n"                                                                                       \
  "Message-ID: <dsn@example.net>\r\nMIME-Version: 1.0\r\n"                                                   \
  "Content-Type: multipart/report; report-type=delivery-status; "                                            \
  "boundary=b\r\n\r\n--b\r\n\r\nsorry\r\n--b\r\n"                                                            \
  "Content-Type: message/delivery-status\r\n\r\n"
#define DSN_TAIL "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n--b--\r\n"
#define ENVELOPE "Original-Envelope-Id: X400-MTS-Identifier: [/PRMD=land/ADMD=x/C=de/;original-1]\r\n"

static GBytes *dsn_to_x400(const char *status, struct mapping_result **read_r)
{
  g_autofree char *mail = g_strconcat(DSN_HEAD, status, DSN_TAIL, NULL);
  if (read_r) {
    g_autoptr(mapping_job_t) read = road_job(MAPPING_READ, MAPPING_MAIL, mail, strlen(mail));
    read->sender = g_strdup("");
    road_recipient(read, RECIPIENT, NULL, NULL);
    *read_r = road_run(context, read, NULL);
  }
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, mail, strlen(mail));
  job->sender = g_strdup("");
  job->hop = g_strdup("p1:land");
  road_recipient(job, RECIPIENT, LAND, "p1:land");
  return run(job, NULL);
}

static bool found(const struct mapping_result *result, const char *kind, const char *value)
{
  for (guint i = 0; i < result->identifiers->len; i++) {
    const struct mapping_identifier *identifier = result->identifiers->pdata[i];
    if (!strcmp(identifier->kind, kind) && !strcmp(identifier->value, value))
      return true;
  }
  return false;
}

/* proves: R6 */
START_TEST(dsn_becomes_a_report)
{
  g_autoptr(mapping_result_t) read = NULL;
  g_autoptr(GBytes) output = dsn_to_x400(
      ENVELOPE "Reporting-MTA: dns; mx.example.net\r\nArrival-Date: Thu, 2 Jan 1997 14:46:03 +0100\r\n\r\n"
               "Final-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
               "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
               "Original-Recipient: rfc822; list@example.net\r\nFinal-Recipient: rfc822; carl@example.net\r\n"
               "Action: delivered\r\nStatus: 2.0.0\r\n",
      &read);
  ck_assert_int_eq(read->content, MAPPING_CONTENT_REPORT);
  ck_assert(read->no_report);
  ck_assert(found(read, "subject-mts-id", "[/PRMD=land/ADMD=x/C=de/;original-1]"));
  g_autoptr(asn1_value_t) value = decode(output);
  const MTS_APDU_t *choice = asn1_value_get(value);
  ck_assert_int_eq(choice->present, MTS_APDU_PR_report);
  const ReportTransferContent_t *content = &choice->choice.report.content;
  g_autofree char *subject = x400_identifier_text(&content->subject_identifier);
  ck_assert_str_eq(subject, "[/PRMD=land/ADMD=x/C=de/;original-1]");
  ck_assert_int_eq(content->per_recipient_fields.list.count, 2);
  const PerRecipientReportTransferFields_t *first = content->per_recipient_fields.list.array[0],
                                           *second = content->per_recipient_fields.list.array[1];
  const NonDeliveryReport_t *why = &first->last_trace_information.report_type.choice.non_delivery;
  ck_assert_int_eq(first->last_trace_information.report_type.present, ReportType_PR_non_delivery);
  ck_assert_int_eq(why->non_delivery_reason_code, 1);
  ck_assert_int_eq(*why->non_delivery_diagnostic_code, 0);
  ck_assert_int_eq(second->last_trace_information.report_type.present, ReportType_PR_delivery);
  ck_assert_ptr_nonnull(second->originally_intended_recipient_name);
  ck_assert_ptr_nonnull(content->returned_content); /* 5.1.8.1: the whole DSN, always when something failed */
  g_autofree char *words = printable(first->supplementary_information);
  ck_assert_ptr_nonnull(strstr(words, "no such user"));
}
END_TEST

/* 5.1.8.3: what is not final goes as a message. */
/* proves: R6-other */
START_TEST(delays_are_no_reports)
{
  g_autoptr(GBytes) output =
      dsn_to_x400(ENVELOPE "Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; "
                           "bob@example.net\r\nAction: delayed\r\nStatus: 4.4.1\r\n",
                  NULL);
  g_autoptr(asn1_value_t) value = decode(output);
  ck_assert_int_eq(((const MTS_APDU_t *)asn1_value_get(value))->present, MTS_APDU_PR_message);
}
END_TEST

START_TEST(broken_dsn_goes_as_a_message)
{
  static const char *const bodies[] = {
      "",
      "nonsense",
      "\r\n\r\n\r\n",
      "Final-Recipient: rfc822; x@y.example\r\n",
      "Action: failed\r\n",
      "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: ;\r\nAction: failed\r\nStatus: x\r\n"};
  g_autoptr(GBytes) output = dsn_to_x400(bodies[_i], NULL);
  g_autoptr(asn1_value_t) value = decode(output);
  ck_assert_int_eq(((const MTS_APDU_t *)asn1_value_get(value))->present, MTS_APDU_PR_message);
}
END_TEST

/* X.400 user -> mail -> DSN -> report: the originator finds his own identifier, code and recipient again. */
/* proves: R6-reverse */
START_TEST(report_goes_round)
{
  g_autoptr(GBytes) report = report_about(NULL);
  g_autoptr(GBytes) dsn = road_to_mail(context, "ann@example.org", report, NULL);
  g_autoptr(mapping_job_t) job =
      road_job(MAPPING_WRITE, MAPPING_MAIL, g_bytes_get_data(dsn, NULL), g_bytes_get_size(dsn));
  job->sender = g_strdup("");
  job->hop = g_strdup("p1:land");
  road_recipient(job, RECIPIENT, LAND, "p1:land");
  g_autoptr(GBytes) output = run(job, NULL);
  g_autoptr(asn1_value_t) value = decode(output), before = decode(report);
  const ReportTransferContent_t *content =
                                    &((const MTS_APDU_t *)asn1_value_get(value))->choice.report.content,
                                *first = &((const MTS_APDU_t *)asn1_value_get(before))->choice.report.content;
  ck_assert_int_eq(((const MTS_APDU_t *)asn1_value_get(value))->present, MTS_APDU_PR_report);
  g_autoptr(or_address_t)
      a = or_address_from_asn1(value, &content->per_recipient_fields.list.array[0]->actual_recipient_name,
                               NULL),
      b = or_address_from_asn1(before, &first->per_recipient_fields.list.array[0]->actual_recipient_name,
                               NULL);
  ck_assert(or_address_equal(a, b));
  const NonDeliveryReport_t *
      x =
         &content->per_recipient_fields.list.array[0]->last_trace_information.report_type.choice.non_delivery,
     *y = &first->per_recipient_fields.list.array[0]->last_trace_information.report_type.choice.non_delivery;
  ck_assert_int_eq(x->non_delivery_reason_code, y->non_delivery_reason_code);
  ck_assert_int_eq(*x->non_delivery_diagnostic_code, *y->non_delivery_diagnostic_code);
  g_autofree char *subject = x400_identifier_text(&content->subject_identifier),
                  *wanted = x400_identifier_text(&first->subject_identifier);
  ck_assert_str_eq(subject, wanted);
}
END_TEST

/* --- probes (5.3.9) --- */

static GBytes *probe(const char *recipient)
{
  g_autoptr(GBytes) message = message_from_land(MAPPING_NOTIFY_SUCCESS);
  g_autoptr(asn1_value_t) from = decode(message), value = asn1_value_new(&asn_DEF_MTS_APDU);
  const MessageTransferEnvelope_t *envelope =
      &((const MTS_APDU_t *)asn1_value_get(from))->choice.message.envelope;
  MTS_APDU_t *choice = asn1_value_get(value);
  choice->present = MTS_APDU_PR_probe;
  ProbeTransferEnvelope_t *made = &choice->choice.probe;
  struct mapping_gdi gdi = {(char *)"de", (char *)"x", (char *)"land"};
  x400_identifier_put(&gdi, "probe-1", &made->probe_identifier);
  g_autoptr(or_address_t) originator = or_address_from_asn1(from, &envelope->originator_name, NULL);
  or_address_to_asn1(originator, value, &made->originator_name);
  made->content_type.present = ContentType_PR_built_in;
  made->content_type.choice.built_in = 22;
  TraceInformationElement_t *element = asn1_new_field(TraceInformationElement_t);
  struct mail_time time = {G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC, 0};
  x400_domain_put(&gdi, &element->global_domain_identifier);
  x400_time_put(&time, &element->domain_supplied_information.arrival_time);
  asn_sequence_add(&made->trace_information.list, element);
  PerRecipientProbeTransferFields_t *fields = asn1_new_field(PerRecipientProbeTransferFields_t);
  g_autoptr(or_address_t) address = or_address_parse(recipient, NULL);
  or_address_to_asn1(address, value, &fields->recipient_name);
  fields->originally_specified_recipient_number = 3;
  x400_bits_put(&fields->per_recipient_indicators, 0x0B, 8);
  asn_sequence_add(&made->per_recipient_fields.list, fields);
  GError *error = NULL;
  GBytes *bytes = asn1_encode_bytes(value, &error);
  ck_assert_msg(bytes != NULL, "%s", error ? error->message : "");
  return bytes;
}

/* proves: X:probe */
START_TEST(probe_is_answered_by_a_report)
{
  g_autoptr(GBytes) apdu = probe("/RFC-822=bob(a)example.net/S=gateway/PRMD=sea/ADMD=x/C=de/");
  g_autoptr(mapping_job_t) read =
      road_job(MAPPING_READ, MAPPING_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
  read->peer = g_strdup("land");
  g_autoptr(mapping_result_t) seen = road_run(context, read, NULL);
  ck_assert_msg(seen->status == MAPPING_OK, "%s", seen->words);
  ck_assert_int_eq(seen->content, MAPPING_CONTENT_PROBE);
  ck_assert_uint_eq(seen->recipients->len, 1);
  const struct mapping_recipient *outcome = seen->recipients->pdata[0];
  ck_assert(!outcome->failed);
  ck_assert_int_eq(outcome->action, MAPPING_DELIVERED);
  g_autoptr(mapping_job_t) job = apdu_report(apdu);
  struct mapping_recipient *copy = road_recipient(job, outcome->address, NULL, NULL);
  copy->action = outcome->action;
  copy->words = g_strdup(outcome->words);
  g_autoptr(GBytes) output = run(job, NULL);
  g_autoptr(asn1_value_t) value = decode(output);
  const ReportTransferContent_t *content =
      &((const MTS_APDU_t *)asn1_value_get(value))->choice.report.content;
  const PerRecipientReportTransferFields_t *fields = content->per_recipient_fields.list.array[0];
  ck_assert_int_eq(fields->originally_specified_recipient_number, 3);
  ck_assert_int_eq(fields->last_trace_information.report_type.present, ReportType_PR_delivery);
  g_autofree char *words = printable(fields->supplementary_information);
  ck_assert_msg(strstr(words, "gateway") != NULL, "%s", words); /* 5.3.9: that the gateway answered */
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/report");
  TCase *tests = tcase_create("report");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, x400_codes_have_their_status);
  tcase_add_test(tests, every_code_has_words_and_a_status);
  tcase_add_test(tests, statuses_have_their_x400_codes);
  tcase_add_test(tests, sender_of_a_mail_gets_a_dsn);
  tcase_add_test(tests, headers_alone_are_returned_when_asked);
  tcase_add_test(tests, nobody_is_told_who_wants_to_know_nothing);
  tcase_add_test(tests, originator_of_an_apdu_gets_a_report);
  tcase_add_test(tests, positive_reports_only_when_asked);
  tcase_add_test(tests, reports_are_not_reported_on);
  tcase_add_test(tests, report_becomes_a_dsn);
  tcase_add_test(tests, dsn_becomes_a_report);
  tcase_add_test(tests, delays_are_no_reports);
  tcase_add_loop_test(tests, broken_dsn_goes_as_a_message, 0, 6);
  tcase_add_test(tests, report_goes_round);
  tcase_add_test(tests, probe_is_answered_by_a_report);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
