/* Reports and delivery status notifications as mail systems write them, with the queue's memory, and round:
 * RFC 2156 5.1.8, 5.3.8; decision 0120.
 *
 * time-limit: 900 */
#include "lib/road.h"
#include "mapping/eit.h"
#include "mapping/x400.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <ContentCorrelator.h>
#include <MTS-APDU.h>
#include <OriginatorAndDLExpansion.h>
#include <OriginatorAndDLExpansionHistory.h>
#include <PerRecipientReportTransferFields.h>
#include <Redirection.h>
#include <RedirectionHistory.h>

#define LEE "/S=lee/PRMD=land/ADMD=x/C=de/"
#define LEE_MAIL LEE "@sea.example"
#define HEAD(to)                                                                                             \
  "From: MAILER-DAEMON@mx.example.net\r\nTo: " to                                                            \
  "\r\nSubject: Undelivered\r\nMessage-ID: <dsn@mx.example.net>\r\n"                                         \
  "Date: Thu, 2 Jan 1997 15:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "            \
  "report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\nContent-Type: "

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
  GError *error = NULL;
  struct asn1_value *value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, &error);
  ck_assert_msg(value != NULL, "%s", error ? error->message : "");
  return value;
}

static GBytes *run(struct mapping_job *job)
{
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  return output;
}

static struct mapping_job *to_land(const void *octets, gsize length)
{
  struct mapping_job *job = road_job(MAPPING_WRITE, MAPPING_MAIL, octets, length);
  job->sender = g_strdup("");
  job->hop = g_strdup("p1:land");
  road_recipient(job, LEE_MAIL, LEE, "p1:land");
  return job;
}

/* --- what mail systems write --- */

static const struct real {
  const char *type, *status;
  long recipients; /* in the report; 0: it goes as a message */
  const char *first;
  long reason, diagnostic;
} reals[] = {
    /* Postfix */
    {"message/delivery-status",
     "Reporting-MTA: dns; mail.example.net\r\nX-Postfix-Queue-ID: 4F1\r\nX-Postfix-Sender: rfc822; "
     "lee@x\r\nArrival-Date: Thu,  2 "
     "Jan 1997 14:46:03 +0100 (CET)\r\n\r\nFinal-Recipient: rfc822; bob@example.net\r\nOriginal-Recipient: "
     "rfc822;bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: X-Postfix; unknown user: "
     "\"bob\"\r\n",
     1, "bob(a)example.net", 1, 0},
    /* Exchange: several words to a field, no Original-Recipient */
    {"message/delivery-status",
     "Reporting-MTA: dns;EX01.example.net\r\nReceived-From-MTA: dns;mx\r\nArrival-Date: Thu, 2 Jan 1997 "
     "13:46:03 "
     "+0000\r\n\r\nFinal-Recipient: rfc822;bob@example.net\r\nAction: failed\r\nStatus: "
     "5.2.2\r\nDiagnostic-Code: smtp;554 5.2.2 "
     "mailbox full; STOREDRV.Deliver.Exception\r\nX-Display-Name: Bob\r\n",
     1, "bob(a)example.net", 1, 4},
    /* Exim: several recipients */
    {"message/delivery-status",
     "Reporting-MTA: dns; exim.example.net\r\n\r\nAction: failed\r\nFinal-Recipient: "
     "rfc822;bob@example.net\r\nStatus: "
     "5.0.0\r\nRemote-MTA: dns; mx.example.net\r\nDiagnostic-Code: smtp; 550 no\r\n\r\nAction: "
     "failed\r\nFinal-Recipient: "
     "rfc822;carl@example.net\r\nStatus: 5.0.0\r\n",
     2, "bob(a)example.net", 1, -1},
    /* Sendmail: angle brackets, comments, folding */
    {"message/delivery-status",
     "Reporting-MTA: dns; sm.example.net\r\nReceived-From-MTA: DNS; x\r\n\r\nFinal-Recipient: RFC822; "
     "<bob@example.net> "
     "(Bob)\r\nAction: failed (bounced)\r\nStatus: 5.3.4 (too big)\r\nDiagnostic-Code: SMTP; 552\r\n\t5.3.4 "
     "too\r\n\tbig\r\nLast-Attempt-Date: "
     "Thu, 2 Jan 1997 14:46:03 +0100\r\n",
     1, "bob(a)example.net", 1, 7},
    /* all in one block */
    {"message/delivery-status",
     "Reporting-MTA: dns; notes.example.net\r\nFinal-Recipient: rfc822;bob@example.net\r\nAction: "
     "failed\r\nStatus: 5.1.1\r\n",
     1, "bob(a)example.net", 1, 0},
    /* no action, no status but in the words; only the original recipient */
    {"message/delivery-status",
     "Reporting-MTA: dns; x\r\n\r\nOriginal-Recipient: rfc822;bob@example.net\r\nDiagnostic-Code: smtp; "
     "550-5.1.1 unknown\r\n",
     1, "bob(a)example.net", 1, 0},
    /* the examples of RFC 2156 5.3.8.4 say "failure" */
    {"message/delivery-status",
     "Reporting-MTA: x400; /PRMD=DGC/ADMD=GOLD 400/C=GB/\r\n\r\nOriginal-Recipient: rfc822; "
     "bob@example.net\r\nFinal-Recipient: x400;\r\n "
     "/I=j/S=nosuchuser/O=cambridge/PRMD=land/ADMD=x/C=de/;\r\nAction: failure\r\nStatus: "
     "5.1.1\r\nDiagnostic-Code: x400; Reason 2 (x);\r\n "
     "Diagnostic 9 (y)\r\n",
     1, "nosuchuser", 2, 9},
    /* RFC 6533 */
    {"message/global-delivery-status",
     "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: utf-8; bob\\x{2D}b@example.net\r\nAction: "
     "failed\r\nStatus: 5.1.1\r\n",
     1, "bob-b(a)example.net", 1, 0},
    /* xtext that was passed on */
    {"message/delivery-status",
     "Reporting-MTA: dns; x\r\n\r\nOriginal-Recipient: "
     "x400;/S+3Dsmith/PRMD+3Dland/ADMD+3Dx/C+3Dde/\r\nFinal-Recipient: "
     "x400;/S+3Dsmith/PRMD+3Dland/ADMD+3Dx/C+3Dde/\r\nAction: failed\r\nStatus: 5.1.1\r\n",
     1, "smith", 1, 0},
    /* what cannot be read goes as a message */
    {"message/delivery-status",
     "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: local; bob\r\nAction: failed\r\nStatus: 5.1.1\r\n", 0,
     NULL, 0, 0},
    {"message/delivery-status",
     "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; bob@example.net\r\nAction: odd\r\nStatus: "
     "5.1.1\r\n",
     0, NULL, 0, 0},
    {"message/delivery-status",
     "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; bob@example.net\r\nStatus: 4.1.1\r\n", 0, NULL, 0,
     0},
    {"message/delivery-status",
     "Hi. This is the qmail-send program.\r\n<bob@example.net>:\r\nno such user\r\n", 0, NULL, 0, 0},
    {"message/delivery-status", "Final-Recipient: utf-8; b\\x{F6}b@example.net\r\nAction: failed\r\n", 0,
     NULL, 0, 0},
};

/* Never wrong: the recipient and the reason that it says, or the whole as a message. */
/* proves: R6> R6-other> */
START_TEST(mail_systems_are_understood)
{
  const struct real *row = &reals[_i];
  g_autofree char *mail = g_strdup_printf(HEAD(LEE_MAIL) "%s\r\n\r\n%s\r\n--b--\r\n", row->type, row->status);
  g_autoptr(mapping_job_t) job = to_land(mail, strlen(mail));
  g_autoptr(GBytes) output = run(job);
  g_autoptr(asn1_value_t) value = decode(output);
  const MTS_APDU_t *choice = asn1_value_get(value);
  ck_assert_msg(choice->present == (row->recipients ? MTS_APDU_PR_report : MTS_APDU_PR_message), "%s",
                row->status);
  if (!row->recipients)
    return;
  const ReportTransferContent_t *content = &choice->choice.report.content;
  ck_assert_int_eq(content->per_recipient_fields.list.count, row->recipients);
  const PerRecipientReportTransferFields_t *first = content->per_recipient_fields.list.array[0];
  g_autoptr(or_address_t) actual = or_address_from_asn1(value, &first->actual_recipient_name, NULL);
  g_autofree char *text = or_address_format(actual);
  ck_assert_msg(strstr(text, row->first) != NULL, "%s: %s", row->first, text);
  const NonDeliveryReport_t *why = &first->last_trace_information.report_type.choice.non_delivery;
  ck_assert_int_eq(why->non_delivery_reason_code, row->reason);
  ck_assert_int_eq(why->non_delivery_diagnostic_code ? *why->non_delivery_diagnostic_code : -1,
                   row->diagnostic);
  ck_assert_ptr_nonnull(content->returned_content);
  ck_assert_ptr_nonnull(content->content_type);
}
END_TEST

#define MIXED                                                                                                \
  HEAD(LEE_MAIL)                                                                                             \
  "message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; "                   \
  "bob@example.net\r\nAction: "                                                                              \
  "failed\r\nStatus: 5.1.1\r\n\r\nFinal-Recipient: rfc822; carl@example.net\r\nAction: delayed\r\nStatus: "  \
  "4.4.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID:\r\n "              \
  "<m1@land>\r\n\r\n--b--\r\n"

/* 5.1.8.3: both a report and an IPM, each with an identifier of its own. */
/* proves: R6-other> */
START_TEST(mixed_becomes_both)
{
  g_autoptr(mapping_job_t) read = road_job(MAPPING_READ, MAPPING_MAIL, MIXED, strlen(MIXED));
  read->sender = g_strdup("");
  road_recipient(read, LEE_MAIL, NULL, NULL);
  g_autoptr(mapping_result_t) seen = road_run(context, read, NULL);
  ck_assert_uint_eq(seen->recipients->len, 2);
  bool named = false;
  for (guint i = 0; i < seen->identifiers->len; i++) {
    const struct mapping_identifier *identifier = seen->identifiers->pdata[i];
    named |= !strcmp(identifier->kind, "subject-message-id") && !strcmp(identifier->value, "<m1@land>");
  }
  ck_assert(named); /* the subject is found by the header that is returned */
  g_autofree char *identifiers[2] = {NULL, NULL};
  for (guint i = 0; i < 2; i++) {
    const struct mapping_recipient *recipient = seen->recipients->pdata[i];
    ck_assert_uint_eq(recipient->ordinal, i);
    g_autoptr(mapping_job_t) job = to_land(MIXED, strlen(MIXED));
    ((struct mapping_recipient *)job->recipients->pdata[0])->apart = recipient->apart;
    g_autoptr(GBytes) output = run(job);
    g_autoptr(asn1_value_t) value = decode(output);
    const MTS_APDU_t *choice = asn1_value_get(value);
    ck_assert_int_eq(choice->present, i ? MTS_APDU_PR_message : MTS_APDU_PR_report);
    identifiers[i] = x400_identifier_text(i ? &choice->choice.message.envelope.message_identifier
                                            : &choice->choice.report.envelope.report_identifier);
    if (!i)
      ck_assert_int_eq(choice->choice.report.content.per_recipient_fields.list.count, 1);
  }
  ck_assert_str_ne(identifiers[0], identifiers[1]);
  g_free(identifiers[1]);
}
END_TEST

/* What the queue remembers makes the report the originator's own: his form of the address, his number, his
 * identifier; forwarding shows. */
START_TEST(dsn_meets_its_subject)
{
  static const char mail[] =
      HEAD(LEE_MAIL) "message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; "
                     "robert@elsewhere.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n";
  static const char wrote[] = "/DD.RFC-822=bob(a)example.net/S=gateway/PRMD=sea/ADMD=x/C=de/";
  g_autoptr(mapping_job_t) job = to_land(mail, strlen(mail));
  job->subject.known = true;
  job->subject.mts_id = g_strdup("[/PRMD=land/ADMD=x/C=de/;original-1]");
  struct mapping_recipient *bob = mapping_recipient_new(0);
  bob->address = g_strdup(wrote);
  bob->mapped = g_strdup("bob@example.net");
  bob->number = 7;
  g_ptr_array_add(job->subject.recipients, bob);
  g_autoptr(GBytes) output = run(job);
  g_autoptr(asn1_value_t) value = decode(output);
  const ReportTransferContent_t *content =
      &((const MTS_APDU_t *)asn1_value_get(value))->choice.report.content;
  g_autofree char *subject = x400_identifier_text(&content->subject_identifier);
  ck_assert_str_eq(subject, "[/PRMD=land/ADMD=x/C=de/;original-1]");
  const PerRecipientReportTransferFields_t *first = content->per_recipient_fields.list.array[0];
  ck_assert_int_eq(first->originally_specified_recipient_number, 7);
  g_autoptr(or_address_t) meant =
      or_address_from_asn1(value, first->originally_intended_recipient_name, NULL),
                          bobs = or_address_parse(wrote, NULL);
  ck_assert(or_address_equal(meant, bobs));
}
END_TEST

/* --- round --- */

enum { SHARDS = 10, CASES = 100000 / SHARDS, REASONS = 9, DIAGNOSTICS = 80, FIELDS = 14 };
static const char *const field_names[FIELDS] = {
    "delivery",      "non-delivery",  "intended recipient", "supplement",        "converted EITs",
    "redirection",   "type of user",  "content-id",         "correlator",        "ENVID",
    "original EITs", "subject trace", "DL history",         "several recipients"};

static struct or_address *random_or(GRand *random)
{
  g_autofree char *text =
      g_strdup_printf("/G=g%d/S=s%d/O=o%d/PRMD=land/ADMD=x/C=de/", g_rand_int_range(random, 0, 50),
                      g_rand_int_range(random, 0, 5000), g_rand_int_range(random, 0, 20));
  return or_address_parse(text, NULL);
}

static struct mail_time random_time(GRand *random)
{
  return (struct mail_time){(gint64)g_rand_int_range(random, 400000000, 2000000000) * G_USEC_PER_SEC,
                            g_rand_int_range(random, -10, 11) * 60};
}

static struct EncodedInformationTypes *random_types(GRand *random)
{
  g_autoptr(eit_set_t) types = eit_new();
  eit_add_built_in(types, (guint)g_rand_int_range(random, 0, 10));
  eit_add_built_in(types, (guint)g_rand_int_range(random, 0, 10));
  return eit_to_asn1(types);
}

struct tally {
  guint fields[FIELDS], reasons[REASONS], diagnostics[DIAGNOSTICS];
};

static bool some(GRand *random, guint *count)
{
  bool it = g_rand_int_range(random, 0, 3) == 0;
  *count += it;
  return it;
}

static void add_recipient(GRand *random, struct tally *tally, struct asn1_value *value,
                          ReportTransferContent_t *content)
{
  PerRecipientReportTransferFields_t *fields = asn1_new_field(PerRecipientReportTransferFields_t);
  g_autoptr(or_address_t) actual = random_or(random);
  or_address_to_asn1(actual, value, &fields->actual_recipient_name);
  if (some(random, &tally->fields[2])) {
    g_autoptr(or_address_t) meant = or_address_parse("/S=meant/PRMD=land/ADMD=x/C=de/", NULL);
    fields->originally_intended_recipient_name = asn1_new_field(ORName_t);
    or_address_to_asn1(meant, value, fields->originally_intended_recipient_name);
  }
  fields->originally_specified_recipient_number = g_rand_int_range(random, 1, 32768);
  LastTraceInformation_t *last = &fields->last_trace_information;
  const struct mail_time arrival = random_time(random), delivered = random_time(random);
  x400_time_put(&arrival, &last->arrival_time);
  if (some(random, &tally->fields[4]))
    last->converted_encoded_information_types = random_types(random);
  bool failed = g_rand_int_range(random, 0, 3) != 0;
  tally->fields[failed]++;
  x400_bits_put(&fields->per_recipient_indicators, failed ? 0x14 : 0x0a, 8);
  if (failed) {
    long reason = g_rand_int_range(random, 0, REASONS),
         diagnostic = g_rand_int_range(random, -1, DIAGNOSTICS - 1);
    tally->reasons[reason]++;
    tally->diagnostics[diagnostic + 1]++;
    last->report_type.present = ReportType_PR_non_delivery;
    last->report_type.choice.non_delivery.non_delivery_reason_code = reason;
    if (diagnostic >= 0)
      last->report_type.choice.non_delivery.non_delivery_diagnostic_code = x400_long(diagnostic);
  } else {
    last->report_type.present = ReportType_PR_delivery;
    x400_time_put(&delivered, &last->report_type.choice.delivery.message_delivery_time);
    tally->fields[6]++;
    last->report_type.choice.delivery.type_of_MTS_user = x400_long(g_rand_int_range(random, 0, 7));
  }
  if (some(random, &tally->fields[3])) {
    g_autofree char *text = g_strdup_printf("said (%d) 'no', a=b?", g_rand_int_range(random, 0, 1000));
    fields->supplementary_information = asn1_new_string(text);
  }
  if (some(random, &tally->fields[5])) {
    g_autoptr(asn1_value_t) made = asn1_value_new(&asn_DEF_RedirectionHistory);
    RedirectionHistory_t *history = asn1_value_get(made);
    for (int i = g_rand_int_range(random, 1, 4); i > 0; i--) {
      Redirection_t *redirection = asn1_new_field(Redirection_t);
      g_autoptr(or_address_t) before = random_or(random);
      const struct mail_time time = random_time(random);
      or_address_to_asn1(before, made, &redirection->intended_recipient_name.intended_recipient);
      x400_time_put(&time, &redirection->intended_recipient_name.redirection_time);
      redirection->redirection_reason = g_rand_int_range(random, 0, 5);
      asn_sequence_add(&history->list, redirection);
    }
    x400_extension_add(value, &fields->extensions, StandardExtension_redirection_history, 0,
                       &asn_DEF_RedirectionHistory, history);
  }
  asn_sequence_add(&content->per_recipient_fields.list, fields);
}

static void add_dl_history(GRand *random, struct asn1_value *value, Report_t *report)
{
  g_autoptr(asn1_value_t) made = asn1_value_new(&asn_DEF_OriginatorAndDLExpansionHistory);
  OriginatorAndDLExpansionHistory_t *history = asn1_value_get(made);
  for (int i = g_rand_int_range(random, 2, 5); i > 0; i--) {
    OriginatorAndDLExpansion_t *step = asn1_new_field(OriginatorAndDLExpansion_t);
    g_autoptr(or_address_t) address = random_or(random);
    const struct mail_time time = random_time(random);
    or_address_to_asn1(address, made, &step->originator_or_dl_name);
    x400_time_put(&time, &step->origination_or_expansion_time);
    asn_sequence_add(&history->list, step);
  }
  x400_extension_add(value, &report->envelope.extensions,
                     StandardExtension_originator_and_DL_expansion_history, 0,
                     &asn_DEF_OriginatorAndDLExpansionHistory, history);
}

static GBytes *random_report(GRand *random, struct tally *tally)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MTS_APDU);
  MTS_APDU_t *apdu = asn1_value_get(value);
  apdu->present = MTS_APDU_PR_report;
  Report_t *report = &apdu->choice.report;
  const struct mapping_gdi land = {(char *)"de", (char *)"x", (char *)"land"};
  g_autofree char *local = g_strdup_printf("subject %d", g_rand_int_range(random, 0, 1000000));
  x400_identifier_put(&land, "report-1", &report->envelope.report_identifier);
  x400_identifier_put(&land, local, &report->content.subject_identifier);
  g_autoptr(or_address_t) destination =
      or_address_parse("/DD.RFC-822=ann(a)example.org/S=gateway/PRMD=sea/ADMD=x/C=de/", NULL);
  or_address_to_asn1(destination, value, &report->envelope.report_destination_name);
  TraceInformationElement_t *element = asn1_new_field(TraceInformationElement_t);
  const struct mail_time made = random_time(random);
  x400_domain_put(&land, &element->global_domain_identifier);
  x400_time_put(&made, &element->domain_supplied_information.arrival_time);
  asn_sequence_add(&report->envelope.trace_information.list, element);
  ReportTransferContent_t *content = &report->content;
  if (some(random, &tally->fields[7]))
    content->content_identifier = asn1_new_string("an identifier");
  if (some(random, &tally->fields[10]))
    content->original_encoded_information_types = random_types(random);
  if (some(random, &tally->fields[11]))
    content->subject_intermediate_trace_information =
        x400_copy(value, &asn_DEF_TraceInformation, &report->envelope.trace_information);
  bool envid = some(random, &tally->fields[9]);
  if (envid || some(random, &tally->fields[8])) {
    ContentCorrelator_t correlator = {.present = ContentCorrelator_PR_ia5text};
    asn1_put_string(&correlator.choice.ia5text,
                    envid ? "SMTP/NOTARY ENVID: QQ+3141" : "Subject: about (this); that");
    x400_extension_add(value, &content->extensions, StandardExtension_content_correlator, 0,
                       &asn_DEF_ContentCorrelator, &correlator);
    ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_ContentCorrelator, &correlator);
  }
  int recipients = g_rand_int_range(random, 1, 4);
  tally->fields[13] += recipients > 1;
  if (some(random, &tally->fields[12]))
    add_dl_history(random, value, report);
  while (recipients-- > 0)
    add_recipient(random, tally, value, content);
  GError *error = NULL;
  GBytes *octets = asn1_encode_bytes(value, &error);
  ck_assert_msg(octets != NULL, "%s", error ? error->message : "");
  return octets;
}

static void same_field(const struct asn1_value *a, const void *x, const struct asn1_value *b, const void *y,
                       const struct asn_TYPE_descriptor_s *type, const char *name, GBytes *dsn)
{
  g_autoptr(octets_t) one = x ? asn1_encode_field(a, type, x, NULL) : NULL;
  g_autoptr(octets_t) two = y ? asn1_encode_field(b, type, y, NULL) : NULL;
  g_autoptr(GBytes) p = one ? octets_to_bytes(one, 1 << 20, NULL) : g_bytes_new_static("", 0);
  g_autoptr(GBytes) q = two ? octets_to_bytes(two, 1 << 20, NULL) : g_bytes_new_static("", 0);
  if (!g_bytes_equal(p, q))
    ck_abort_msg("%s differs: %.*s", name, (int)g_bytes_get_size(dsn),
                 (const char *)g_bytes_get_data(dsn, NULL));
}

/* Recipient, action, reason, diagnostic and all that MIXER has a field for. */
static void compare(GBytes *before, GBytes *dsn, GBytes *after)
{
  g_autoptr(asn1_value_t) a = decode(before), b = decode(after);
  const MTS_APDU_t *x = asn1_value_get(a), *y = asn1_value_get(b);
  ck_assert_int_eq(y->present, MTS_APDU_PR_report);
  const ReportTransferContent_t *one = &x->choice.report.content, *two = &y->choice.report.content;
  same_field(a, &one->subject_identifier, b, &two->subject_identifier, &asn_DEF_MTSIdentifier,
             "subject-identifier", dsn);
  same_field(a, one->content_identifier, b, two->content_identifier, &asn_DEF_ContentIdentifier,
             "content-identifier", dsn);
  same_field(a, one->original_encoded_information_types, b, two->original_encoded_information_types,
             &asn_DEF_EncodedInformationTypes, "original EITs", dsn);
  same_field(a, one->subject_intermediate_trace_information, b, two->subject_intermediate_trace_information,
             &asn_DEF_TraceInformation, "subject trace", dsn);
  same_field(a, x400_extension(one->extensions, StandardExtension_content_correlator), b,
             x400_extension(two->extensions, StandardExtension_content_correlator), &asn_DEF_ExtensionField,
             "correlator", dsn);
  const long expansions = StandardExtension_originator_and_DL_expansion_history;
  same_field(a, x400_extension(x->choice.report.envelope.extensions, expansions), b,
             x400_extension(y->choice.report.envelope.extensions, expansions), &asn_DEF_ExtensionField,
             "DL history", dsn);
  ck_assert_int_eq(one->per_recipient_fields.list.count, two->per_recipient_fields.list.count);
  for (int i = 0; i < one->per_recipient_fields.list.count; i++) {
    const PerRecipientReportTransferFields_t *p = one->per_recipient_fields.list.array[i],
                                             *q = two->per_recipient_fields.list.array[i];
    same_field(a, &p->actual_recipient_name, b, &q->actual_recipient_name, &asn_DEF_ORName,
               "actual recipient", dsn);
    same_field(a, p->originally_intended_recipient_name, b, q->originally_intended_recipient_name,
               &asn_DEF_ORName, "intended", dsn);
    same_field(a, &p->last_trace_information, b, &q->last_trace_information, &asn_DEF_LastTraceInformation,
               "last trace", dsn);
    same_field(a, p->supplementary_information, b, q->supplementary_information, &asn_DEF_PrintableString,
               "supplement", dsn);
    same_field(a, x400_extension(p->extensions, StandardExtension_redirection_history), b,
               x400_extension(q->extensions, StandardExtension_redirection_history), &asn_DEF_ExtensionField,
               "redirections", dsn);
    ck_assert_int_eq(p->originally_specified_recipient_number, q->originally_specified_recipient_number);
  }
}

/* proves: R6-reverse> */
START_TEST(reports_come_back)
{
  const char *count = g_getenv("GW400_CASES");
  guint cases = count ? (guint)atoi(count) : CASES;
  struct tally tally = {0};
  g_autoptr(GRand) random = g_rand_new_with_seed(3464 + (guint32)_i);
  for (guint i = 0; i < cases; i++) {
    g_autoptr(GBytes) report = random_report(random, &tally);
    g_autoptr(GBytes) dsn = road_to_mail(context, "ann@example.org", report, NULL);
    g_autoptr(mapping_job_t) job = to_land(g_bytes_get_data(dsn, NULL), g_bytes_get_size(dsn));
    g_autoptr(GBytes) back = run(job);
    compare(report, dsn, back);
  }
  for (guint i = 0; i < FIELDS; i++)
    printf("%s %u%s", field_names[i], tally.fields[i], i + 1 < FIELDS ? ", " : "\n");
  for (guint i = 0; i < REASONS; i++)
    printf("reason %u: %u%s", i, tally.reasons[i], i + 1 < REASONS ? ", " : "\n");
  for (guint i = 0; i < DIAGNOSTICS; i++)
    printf("%d:%u%s", (int)i - 1, tally.diagnostics[i], i + 1 < DIAGNOSTICS ? " " : " (diagnostics)\n");
  for (guint i = 0; i < FIELDS; i++)
    ck_assert_msg(tally.fields[i] > 0, "%s", field_names[i]);
  for (guint i = 0; i < REASONS; i++)
    ck_assert_uint_gt(tally.reasons[i], 0);
  for (guint i = 0; i < DIAGNOSTICS && cases >= 1000; i++)
    ck_assert_uint_gt(tally.diagnostics[i], 0);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/dsn");
  TCase *tests = tcase_create("dsn");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, mail_systems_are_understood, 0, G_N_ELEMENTS(reals));
  tcase_add_test(tests, mixed_becomes_both);
  tcase_add_test(tests, dsn_meets_its_subject);
  tcase_add_loop_test(tests, reports_come_back, 0, SHARDS);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
