/* Each field of X.411's envelopes to SMTP: what RFC 2156 makes of it, and that what it makes nothing of is
 * listed. The other way, from one X.400 peer to another: test_transit.c. */
#include "lib/envelopes.h"
#include "mapping/x400.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct mapping_context *context;

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

static struct mapping_job *job_of(enum mapping_kind kind, const GByteArray *apdu)
{
  struct mapping_job *job = road_job(kind, MAPPING_APDU, apdu->data, apdu->len);
  job->peer = g_strdup("far");
  job->hop = g_strdup("smtp:example.org");
  return job;
}

/* As mail for the recipient, unfolded. */
static char *to_mail(const GByteArray *apdu, struct mapping_result **result_r)
{
  g_autoptr(mapping_job_t) job = job_of(MAPPING_WRITE, apdu);
  road_recipient(job, BOB, BOB, "smtp:example.org");
  g_autoptr(GBytes) output = NULL;
  *result_r = road_run(context, job, &output);
  ck_assert_msg((*result_r)->status == MAPPING_OK, "%s", (*result_r)->words);
  GString *text = g_string_new_len(g_bytes_get_data(output, NULL), (gssize)g_bytes_get_size(output));
  g_string_replace(text, "\r\n ", " ", 0);
  return g_string_free(text, FALSE);
}

static const struct {
  const char *key;
  enum envelope_place place;
  const char *field;
  const char *shown; /* a line of the mail */
  const char *lost;  /* part of a loss */
} rows[] = {
    {"env:message-identifier", IN_MESSAGE, "64{" GDI_FAR "16'm 7'}",
     "X400-MTS-Identifier: [/PRMD=far/ADMD=x/C=de/;m 7]", NULL},
    {"env:originator-name", IN_MESSAGE, "60{30{" DE_X " A2{13'land'} A5{80'ann'}}}",
     "X400-Originator: /S=ann/PRMD=land/ADMD=x/C=de/@sea.example", NULL},
    {"env:original-eits", IN_MESSAGE, "65{80<0520>}", "Original-Encoded-Information-Types: IA5-Text", NULL},
    {"env:content-type", IN_MESSAGE, "46<02>", "X400-Content-Type: P2-1984 (2)", NULL},
    {"env:content-identifier", IN_MESSAGE, "4A'Content 4711'", "X400-Content-Identifier: Content 4711", NULL},
    {"env:priority", IN_MESSAGE, "47<02>", "Priority: urgent", NULL},
    {"env:priority", IN_MESSAGE, "47<01>", "Priority: non-urgent", NULL},
    {"env:disclosure", IN_MESSAGE, "48<0080>", "X400-Recipients: bob@example.org", NULL},
    {"env:implicit-conversion", IN_MESSAGE, "48<0040>", "Conversion: Prohibited", NULL},
    {"env:alternate-allowed", IN_MESSAGE, "48<0020>", NULL, NULL},
    {"env:per-message-other", IN_MESSAGE, "48<040110>", NULL, NULL},
    {"env:content", IN_MESSAGE, "47<00>", "\r\n\r\nhello\r\n", NULL},
    {"env:deferred-delivery", IN_MESSAGE, "80'2311150700+0100'",
     "Deferred-Delivery: Wed, 15 Nov 2023 07:00:00 +0100", NULL},
    {"env:bilateral", IN_MESSAGE, "A1{30{" DE_X " 04<00FF80>}}", NULL, "per-domain-bilateral-information"},
    {"env:trace", IN_MESSAGE, "69{30{" GDI_FAR "31{80'231101120000Z' 82<01>}}}",
     "X400-Received: by /PRMD=far/ADMD=x/C=de/; Rerouted; Wed, 1 Nov 2023 12:00:00 +0000", NULL},
    {"env:internal-trace", IN_MESSAGE_EXTENSIONS,
     "30{80<26> A2{30{30{" GDI_FAR "16'mta 1' 31{80'231101120000Z' 82<00>}}}}}",
     "X400-Received: by mta \"mta 1\" in /PRMD=far/ADMD=x/C=de/; Relayed; Wed, 1 Nov 2023 12:00:00 +0000",
     NULL},
    {"env:loss-prohibited", IN_MESSAGE_EXTENSIONS, "30{80<04> 81<0520> A2{0A<01>}}",
     "Conversion-With-Loss: Prohibited", NULL},
    {"env:latest-delivery", IN_MESSAGE_EXTENSIONS, "30{80<05> 81<0520> A2{17'301231235959Z'}}",
     "Latest-Delivery-Time: Tue, 31 Dec 2030 23:59:59 +0000", NULL},
    {"env:return-address", IN_MESSAGE_EXTENSIONS, "30{80<0D> A2{30{30{" DE_X " A2{13'land'} A5{80'back'}}}}}",
     "Originator-Return-Address: /S=back/PRMD=land/ADMD=x/C=de/@sea.example", NULL},
    {"env:dl-history", IN_MESSAGE_EXTENSIONS,
     "30{80<1A> 81<0520> A2{30{30{60{30{" DE_X " A2{13'land'} A5{80'list'}}} 17'231101120000Z'}}}}",
     "DL-Expansion-History: /S=list/PRMD=land/ADMD=x/C=de/@sea.example; Wed, 1 Nov 2023 12:00:00 +0000;",
     NULL},
    {"env:originator-certificate", IN_MESSAGE_EXTENSIONS, "30{80<0F> A2{30{30{02<00>}}}}",
     "Discarded-X400-MTS-Extensions: originator-certificate(15)", "message extension originator-certificate(15)"},
    {"env:confidentiality", IN_MESSAGE_EXTENSIONS, "30{80<11> A2{30{06<2B0E030207>}}}",
     "Discarded-X400-MTS-Extensions: content-confidentiality-algorithm-identifier(17)", "message extension content-confidentiality-algorithm-identifier(17)"},
    {"env:origin-check", IN_MESSAGE_EXTENSIONS, "30{80<13> A2{30{30{06<2A03>} 03<00AA>}}}",
     "Discarded-X400-MTS-Extensions: message-origin-authentication-check(19)", "message extension message-origin-authentication-check(19)"},
    {"env:security-label", IN_MESSAGE_EXTENSIONS, "30{80<14> A2{31{02<03>}}}",
     "Discarded-X400-MTS-Extensions: message-security-label(20)", "message extension message-security-label(20)"},
    {"env:multiple-certificates", IN_MESSAGE_EXTENSIONS, "30{80<28> A2{31{A0{04<AA>}}}}",
     "Discarded-X400-MTS-Extensions: multiple-originator-certificates(40)", "message extension multiple-originator-certificates(40)"},
    {"env:dl-exempted", IN_MESSAGE_EXTENSIONS, "30{80<2A> A2{31{60{30{" DE_X " A5{80'not'}}}}}}",
     "Discarded-X400-MTS-Extensions: dl-exempted-recipients(42)", "message extension dl-exempted-recipients(42)"},
    {"env:forwarded-token", IN_MESSAGE_EXTENSIONS, "30{80<2D> A2{31{A0{80<01>}}}}",
     "Discarded-X400-MTS-Extensions: certificate-selectors(45)", "message extension certificate-selectors(45)"},
    {"env:private", IN_MESSAGE_EXTENSIONS, "30{83<2A0307> A2{05<>}}",
     "Discarded-X400-MTS-Extensions: iso(1) member-body(2) (3) (7)", "message extension iso(1) member-body(2) (3) (7)"},
    {"env:private", IN_MESSAGE_EXTENSIONS,
     "30{83<2A0307> A2{05<>}} 30{83<2A03> A2{05<>}} 30{83<2A03> A2{05<>}}",
     "Discarded-X400-MTS-Extensions: iso(1) member-body(2) (3) (7), iso(1) member-body(2) (3)\r\n", "message extension iso(1) member-body(2) (3): discarded"},
    {"env:unknown-standard", IN_MESSAGE_EXTENSIONS, "30{80<4D> A2{05<>}}",
     "Discarded-X400-MTS-Extensions: (77)", "message extension (77)"},
    {"rcp:name", IN_MESSAGE, "48<0080>", "X400-Recipients: bob@example.org", NULL},
    {"rcp:explicit-conversion", IN_RECIPIENT, "82<08>", NULL, "recipient explicit-conversion (8)"},
    {"rcp:alternate", IN_RECIPIENT_EXTENSIONS, "30{80<02> A2{60{30{" DE_X " A5{80'other'}}}}}", NULL,
     NULL}, /* tried when delivery fails: decision 0088 */
    {"rcp:delivery-method", IN_RECIPIENT_EXTENSIONS, "30{80<06> A2{30{02<02>}}}",
     "X400-Recipients: bob@example.org (Requested Delivery Method: physical)", NULL},
    {"rcp:physical", IN_RECIPIENT_EXTENSIONS, "30{80<07> A2{0A<01>}} 30{80<0E> A2{02<03>}}",
     "X400-Recipients: bob@example.org (Physical Forwarding Prohibited) (Physical", NULL},
    {"rcp:token", IN_RECIPIENT_EXTENSIONS, "30{80<10> A2{30{80<560603> A1{05<>}}}}",
     "Discarded-X400-MTS-Extensions: message-token(16)", "recipient extension message-token(16)"},
    {"rcp:integrity", IN_RECIPIENT_EXTENSIONS, "30{80<12> A2{30{30{06<2B0E03021A>} 03<00ABCD>}}}",
     "Discarded-X400-MTS-Extensions: content-integrity-check(18)", "recipient extension content-integrity-check(18)"},
    {"rcp:proof-of-delivery", IN_RECIPIENT_EXTENSIONS, "30{80<16> A2{0A<01>}}",
     "X400-Recipients: bob@example.org (Proof of Delivery Requested)", NULL},
    {"rcp:encryption-token", IN_RECIPIENT_EXTENSIONS, "30{80<2B> A2{30{02<01>}}}",
     "Discarded-X400-MTS-Extensions: body-part-encryption-token(43)", "recipient extension body-part-encryption-token(43)"},
    {"rcp:private", IN_RECIPIENT_EXTENSIONS, "30{83<2A0308> A2{30{}}}",
     "Discarded-X400-MTS-Extensions: iso(1) member-body(2) (3) (8)", "recipient extension iso(1) member-body(2) (3) (8)"},
    {"rep:identifier", IN_REPORT, "64{" GDI_FAR "16'report 5'}",
     "X400-MTS-Identifier: [/PRMD=far/ADMD=x/C=de/;report 5]", NULL},
    {"rep:trace", IN_REPORT, "69{30{" GDI_FAR "31{80'231101120000Z' 82<00>}}}",
     "Reporting-MTA: x400; /PRMD=far/ADMD=x/C=de/", NULL},
    {"rep:trace", IN_REPORT, "69{30{" GDI_FAR "31{80'231101120000Z' 82<00>}}}",
     "X400-Received: by /PRMD=far/ADMD=x/C=de/; Relayed; Wed, 1 Nov 2023 12:00:00 +0000", NULL},
    {"rep:trace", IN_REPORT, "69{30{" GDI_FAR "31{80'231101120000Z' 82<00>}}}",
     "\r\nDate: Wed, 1 Nov 2023 12:00:00 +0000\r\n", NULL},
    {"rep:security-label", IN_REPORT_EXTENSIONS, "30{80<14> A2{31{02<02>}}}",
     "X400-Discarded-DR-Extensions: message-security-label(20)", "report extension message-security-label(20)"},
    {"rep:dl-history", IN_REPORT_EXTENSIONS,
     "30{80<1E> A2{30{30{60{30{" DE_X " A2{13'land'} A5{80'ann'}}} 17'231101120000Z'}"
     " 30{60{30{" DE_X " A2{13'land'} A5{80'list'}}} 17'231101120100Z'}}}}",
     "X400-Originator-and-DL-Expansion-History: /S=list/PRMD=land/ADMD=x/C=de/@sea.example; Wed, 1 Nov 2023 "
     "12:01:00 +0000;\r\n"
     "X400-Originator-and-DL-Expansion-History: /S=ann/PRMD=land/ADMD=x/C=de/@sea.example; Wed, 1 Nov 2023 "
     "12:00:00 +0000;",
     NULL},
    {"rep:dl-name", IN_REPORT_EXTENSIONS, "30{80<1F> A2{60{30{" DE_X " A2{13'land'} A5{80'list'}}}}}",
     "X400-Reporting-DL-Name: /S=list/PRMD=land/ADMD=x/C=de/@sea.example", NULL},
    {"rep:certificate", IN_REPORT_EXTENSIONS, "30{80<20> A2{30{}}} 30{80<21> A2{30{}}}",
     "X400-Discarded-DR-Extensions: reporting-MTA-certificate(32), report-origin-authentication-check(33)", "report extension report-origin-authentication-check(33)"},
    {"rep:mta-name", IN_REPORT_EXTENSIONS, "30{80<27> A2{30{" GDI_FAR "16'far-mta'}}}",
     "X400-Discarded-DR-Extensions: reporting-MTA-name(39)", "report extension reporting-MTA-name(39)"},
    {"rep:private", IN_REPORT_CONTENT_EXTENSIONS, "30{83<2A0308> 81<0560> A2{04<08>}}",
     "X400-Discarded-DR-Extensions: iso(1) member-body(2) (3) (8)", "report extension iso(1) member-body(2) (3) (8)"},
    {"rep:subject", IN_REPORT_CONTENT, "64{63{61{13'de'}62{13'x'}13'land'}16'subject 7'}",
     "Original-Envelope-Id: [/PRMD=land/ADMD=x/C=de/;subject 7]", NULL},
    {"rep:subject-trace", IN_REPORT_CONTENT, "69{30{" GDI_FAR "31{80'231101120000Z' 82<01>}}}",
     "X400-Subject-Intermediate-Trace-Information: by /PRMD=far/ADMD=x/C=de/; Rerouted; Wed, 1 Nov 2023 "
     "12:00:00 +0000",
     NULL},
    {"rep:original-eits", IN_REPORT_CONTENT, "65{80<0520>}",
     "X400-Original-Encoded-Information-Types: IA5-Text", NULL},
    {"rep:content-type", IN_REPORT_CONTENT, "46<16>", "X400-Content-Type: P2-1988 (22)", NULL},
    {"rep:content-identifier", IN_REPORT_CONTENT, "4A'Content 4711'", "X400-Content-Identifier: Content 4711",
     NULL},
    {"rep:correlator", IN_REPORT_CONTENT_EXTENSIONS, "30{80<17> A2{16'Subject: x'}}",
     "X400-Content-Correlator: Subject: x", NULL},
    {"rep:correlator", IN_REPORT_CONTENT_EXTENSIONS, "30{80<17> A2{16'SMTP/NOTARY ENVID: QQ1'}}",
     "Original-Envelope-Id: QQ1", NULL},
    {"rep:returned-content", IN_REPORT_CONTENT,
     "81{A0{31{6B{13'ipm-1'} A8{14'returned'}} 30{A0{31{} 16'hello'}}}}", "Content-Type: message/rfc822",
     NULL},
    {"rep:returned-content", IN_REPORT_CONTENT, "81<A080DEADBEEF>",
     "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\noIDerb7v\r\n",
     "returned-content: attached as octets"},
    {"rep:additional", IN_REPORT_CONTENT, "A2{30{02<2A>}}", NULL, "additional-information"},
    {"rep:recipient", IN_REPORT_RECIPIENT, "A0{30{" DE_X " A2{13'land'} A5{80'carl'}}}",
     "Final-Recipient: x400; /S=carl/PRMD=land/ADMD=x/C=de/", NULL},
    {"rep:recipient", IN_REPORT_RECIPIENT, "A4{30{" DE_X " A2{13'land'} A5{80'first'}}}",
     "Original-Recipient: x400; /S=first/PRMD=land/ADMD=x/C=de/", NULL},
    {"rep:number", IN_REPORT_RECIPIENT, "81<2A>", "X400-Originally-Specified-Recipient-Number: 42", NULL},
    {"rep:last-trace", IN_REPORT_RECIPIENT, "A3{80'231101120000Z' 65{80<0520>} A1{A1{80<01> 81<00>}}}",
     "X400-Last-Trace: IA5-Text Wed, 1 Nov 2023 12:00:00 +0000", NULL},
    {"rep:last-trace", IN_REPORT_RECIPIENT, "A3{80'231101120000Z' 65{80<0520>} A1{A1{80<01> 81<00>}}}",
     "X400-Converted-EITs: IA5-Text", NULL},
    {"rep:non-delivery", IN_REPORT_RECIPIENT, "A3{80'231101120000Z' A1{A1{80<01> 81<43>}}}", "Status: 5.7.7",
     NULL},
    {"rep:non-delivery", IN_REPORT_RECIPIENT, "A3{80'231101120000Z' A1{A1{80<01> 81<00>}}}",
     "Diagnostic-Code: x400; Reason 1 (unable-to-transfer); Diagnostic 0 (unrecognised-OR-name)", NULL},
    {"rep:delivery", IN_REPORT_RECIPIENT, "A3{80'231101120000Z' A1{A0{80'231101120001Z' 81<02>}}}",
     "X400-Delivery-Time: Wed, 1 Nov 2023 12:00:01 +0000\r\nX400-Type-of-MTS-User: ms(2)", NULL},
    {"rep:supplementary", IN_REPORT_RECIPIENT, "85'disk full'", "X400-Supplementary-Info: \"disk full\";",
     NULL},
    {"rep:redirection-history", IN_REPORT_RECIPIENT_EXTENSIONS,
     "30{80<19> A2{30{30{30{60{30{" DE_X " A2{13'land'} A5{80'first'}}} 17'231101120000Z'} 0A<01>}}}}",
     "X400-Redirection-History: intended recipient /S=first/PRMD=land/ADMD=x/C=de/@sea.example redirected to "
     "Originator Requested Alternate Recipient on Wed, 1 Nov 2023 12:00:00 +0000",
     NULL},
    {"rep:physical-address", IN_REPORT_RECIPIENT_EXTENSIONS,
     "30{80<1B> A2{60{30{" DE_X " A2{13'land'} A5{80'new'}}}}}",
     "X400-Physical-Forwarding-Address: /S=new/PRMD=land/ADMD=x/C=de/@sea.example", NULL},
    {"rep:proofs", IN_REPORT_RECIPIENT_EXTENSIONS, "30{80<1C> A2{30{}}} 30{80<1D> A2{30{}}}",
     "X400-Discarded-DR-Extensions: recipient-certificate(28), proof-of-delivery(29)", "report extension recipient-certificate(28)"},
};

/* proves: env:alternate-allowed/smtp env:per-message-other/smtp env:content/smtp */
/* proves: env:message-identifier/smtp env:originator-name/smtp env:original-eits/smtp env:content-type/smtp
 */
/* proves: env:content-identifier/smtp env:priority/smtp env:disclosure/smtp env:implicit-conversion/smtp */
/* proves: env:deferred-delivery/smtp env:bilateral/smtp env:trace/smtp env:internal-trace/smtp */
/* proves: env:loss-prohibited/smtp env:latest-delivery/smtp env:return-address/smtp env:dl-history/smtp */
/* proves: env:originator-certificate/smtp env:confidentiality/smtp env:origin-check/smtp
 * env:security-label/smtp */
/* proves: env:multiple-certificates/smtp env:dl-exempted/smtp env:forwarded-token/smtp env:private/smtp */
/* proves: env:unknown-standard/smtp rcp:name/smtp rcp:explicit-conversion/smtp */
/* proves: rcp:delivery-method/smtp rcp:physical/smtp rcp:token/smtp rcp:integrity/smtp
 * rcp:proof-of-delivery/smtp */
/* proves: rcp:encryption-token/smtp rcp:private/smtp rep:identifier/smtp rep:trace/smtp
 * rep:security-label/smtp */
/* proves: rep:dl-history/smtp rep:dl-name/smtp rep:certificate/smtp rep:mta-name/smtp rep:private/smtp */
/* proves: rep:subject/smtp rep:subject-trace/smtp rep:original-eits/smtp rep:content-type/smtp */
/* proves: rep:content-identifier/smtp rep:correlator/smtp rep:returned-content/smtp rep:additional/smtp */
/* proves: rep:recipient/smtp rep:number/smtp rep:last-trace/smtp rep:non-delivery/smtp rep:delivery/smtp */
/* proves: rep:supplementary/smtp rep:redirection-history/smtp rep:physical-address/smtp rep:proofs/smtp */
START_TEST(field_is_shown_or_listed)
{
  g_autoptr(GByteArray) apdu = envelopes_apdu_mail(rows[_i].place, rows[_i].field);
  g_autoptr(mapping_result_t) result = NULL;
  g_autofree char *mail = to_mail(apdu, &result);
  ck_assert_msg(!rows[_i].shown || strstr(mail, rows[_i].shown), "%s: %s is not in\n%s", rows[_i].key,
                rows[_i].shown, mail);
  ck_assert_msg(!rows[_i].lost || road_lost(result->losses, rows[_i].lost), "%s is not listed", rows[_i].key);
  ck_assert_msg(rows[_i].lost || result->losses->len == 0, "%s: %s", rows[_i].key,
                result->losses->len ? (const char *)result->losses->pdata[0] : "");
}
END_TEST

/* --- what decides, and what goes into the SMTP envelope --- */

static struct mapping_result *run_read(const GByteArray *apdu)
{
  g_autoptr(mapping_job_t) job = job_of(MAPPING_READ, apdu);
  return road_run(context, job, NULL);
}

/* proves: env:content-type/smtp prb:originator/smtp */
START_TEST(other_contents_are_not_delivered)
{
  static const enum envelope_place places[] = {IN_MESSAGE, IN_PROBE};
  static const char *const types[] = {"46<28>", "06<2A0304>", "46<00>"};
  for (gsize p = 0; p < G_N_ELEMENTS(places); p++)
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
      g_autoptr(GByteArray) apdu = envelopes_apdu_mail(places[p], types[i]);
      g_autoptr(mapping_result_t) result = run_read(apdu);
      const struct mapping_recipient *recipient = result->recipients->pdata[0];
      ck_assert_msg(recipient->failed && strstr(recipient->words, "content type"), "%s", recipient->words);
    }
}
END_TEST

/* proves: rcp:user-report/smtp rcp:mta-report/smtp env:content-return/smtp env:originator-name/smtp
 * env:message-identifier/smtp */
START_TEST(requests_go_into_the_smtp_envelope)
{
  static const struct {
    const char *indicators;
    guint read, notify; /* what this gateway reports on; what the next mail server is asked */
  } bits[] = {{"81<00A8>", MAPPING_NOTIFY_FAILURE, MAPPING_NOTIFY_FAILURE},
              {"81<00D0>", MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_FAILURE,
               MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_FAILURE},
              {"81<00A0>", MAPPING_NOTIFY_FAILURE, MAPPING_NOTIFY_NEVER},
              {"81<00E0>", MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_FAILURE, MAPPING_NOTIFY_NEVER}};
  for (gsize i = 0; i < G_N_ELEMENTS(bits); i++) {
    g_autoptr(GByteArray) apdu = envelopes_apdu_mail(IN_RECIPIENT, bits[i].indicators);
    g_autoptr(mapping_result_t) read = run_read(apdu), written = NULL;
    ck_assert_uint_eq(((const struct mapping_recipient *)read->recipients->pdata[0])->notify, bits[i].read);
    g_autofree char *mail = to_mail(apdu, &written);
    ck_assert_ptr_nonnull(mail);
    ck_assert_uint_eq(((const struct mapping_recipient *)written->recipients->pdata[0])->notify,
                      bits[i].notify);
    ck_assert_str_eq(written->envid, "X400-MTS-Identifier: [/PRMD=far/ADMD=x/C=de/;m-1]");
  }
  g_autoptr(GByteArray) returned = envelopes_apdu_mail(IN_MESSAGE, "48<0010>"),
                        not_returned = envelopes_apdu_mail(IN_MESSAGE, "48<0000>");
  g_autoptr(mapping_result_t) yes = NULL, no = NULL;
  g_autofree char *first = to_mail(returned, &yes), *second = to_mail(not_returned, &no);
  ck_assert_ptr_nonnull(first);
  ck_assert_ptr_nonnull(second);
  ck_assert_int_eq(yes->ret, MAPPING_RET_DEFAULT);
  ck_assert_int_eq(no->ret, MAPPING_RET_HDRS);
}
END_TEST

/* proves: rcp:redirection-history/smtp */
START_TEST(first_recipient_is_told)
{
  g_autoptr(GByteArray) apdu = envelopes_apdu_mail(
      IN_RECIPIENT_EXTENSIONS,
      "30{80<19> A2{30{30{30{60{30{" DE_X " A2{13'land'} A5{80'first'}}} 17'231101120000Z'} 0A<00>}}}}");
  g_autoptr(mapping_result_t) result = NULL;
  g_autofree char *mail = to_mail(apdu, &result);
  ck_assert_str_eq(((const struct mapping_recipient *)result->recipients->pdata[0])->orcpt,
                   "x400;/S=first/PRMD=land/ADMD=x/C=de/");
  ck_assert_ptr_nonnull(strstr(mail, "X400-Recipients: bob@example.org (Originally To:"));
  ck_assert_ptr_nonnull(strstr(mail, "To: Recipient Assigned Alternate Recipient"));
}
END_TEST

/* --- reports that the gateway makes about these messages --- */

static GBytes *report_on(const GByteArray *apdu, struct mapping_result **result_r)
{
  g_autoptr(mapping_job_t) job = job_of(MAPPING_REPORT, apdu);
  struct mapping_recipient *outcome = road_recipient(job, BOB, NULL, NULL);
  outcome->failed = true;
  outcome->code = g_strdup("5.1.1");
  outcome->words = g_strdup("no such user");
  GBytes *output = NULL;
  *result_r = road_run(context, job, &output);
  ck_assert_msg((*result_r)->status == MAPPING_OK, "%s", (*result_r)->words);
  return output;
}

static const struct {
  const char *key;
  enum envelope_place place; /* in the message */
  const char *field;
  enum envelope_place then; /* in the report */
  const char *out;
} about[] = {
    {"rcp:number", IN_RECIPIENT, "80<07>", IN_REPORT_RECIPIENT, "81<07>"},
    {"rcp:mta-report", IN_RECIPIENT, "81<00E8>", IN_REPORT_RECIPIENT, "82<0068>"},
    {"env:correlator", IN_MESSAGE_EXTENSIONS, "30{80<17> A2{04<E4F6FC>}}", IN_REPORT_CONTENT_EXTENSIONS,
     "30{80<17> A2{04<E4F6FC>}}"},
    {"env:message-identifier", IN_MESSAGE, "64{63{61{13'de'}62{13'x'}12'4711'}16'odd  id'}",
     IN_REPORT_CONTENT, "64{63{61{13'de'}62{13'x'}12'4711'}16'odd  id'}"},
    {"env:content-identifier", IN_MESSAGE, "4A'a  b'", IN_REPORT_CONTENT, "4A'a  b'"},
    {"env:original-eits", IN_MESSAGE, "65{80<0520> 81<00C0> A4{06<2A0304>}}", IN_REPORT_CONTENT,
     "65{80<0520> 81<00C0> A4{06<2A0304>}}"},
    {"env:content-type", IN_MESSAGE, "06<2A030405>", IN_REPORT_CONTENT, "06<2A030405>"},
    {"env:content-return", IN_MESSAGE, "48<0010>", IN_REPORT_CONTENT,
     "81{A0{31{6B{13'ipm-1'}} 30{A0{31{} 16'hello'}}}}"},
    {"env:trace", IN_MESSAGE, "69{30{" GDI_FAR "31{80'2311011200Z' 82<01>}}}", IN_REPORT_CONTENT,
     "69{30{" GDI_FAR "31{80'2311011200Z' 82<01>}}}"},
    {"env:security-label", IN_MESSAGE_EXTENSIONS, "30{80<14> 81<0520> A2{31{02<03>}}}", IN_REPORT_EXTENSIONS,
     "30{80<14> 81<0520> A2{31{02<03>}}}"},
    {"rcp:name", IN_RECIPIENT, NAME_BOB, IN_REPORT_RECIPIENT,
     "A0{30{" DE_X " A2{13'sea'} A5{80'gateway'}} 30{30{13'RFC-822' 13'bob(a)example.org'}}}"},
    {"rcp:redirection-history", IN_RECIPIENT_EXTENSIONS,
     "30{80<19> A2{30{30{30{60{30{" DE_X " A5{80'first'}}} 17'231101120000Z'} 0A<01>}}}}",
     IN_REPORT_RECIPIENT, "A4{30{" DE_X " A5{80'first'}}}"},
    {"rcp:redirection-history", IN_RECIPIENT_EXTENSIONS,
     "30{80<19> A2{30{30{30{60{30{" DE_X " A5{80'first'}}} 17'231101120000Z'} 0A<01>}}}}",
     IN_REPORT_RECIPIENT_EXTENSIONS,
     "30{80<19> A2{30{30{30{60{30{" DE_X " A5{80'first'}}} 17'231101120000Z'} 0A<01>}}}}"},
    /* told is the list that was expanded last; the way from there to the originator stands beside */
    {"env:dl-history", IN_MESSAGE_EXTENSIONS,
     "30{80<1A> A2{30{30{60{30{" DE_X " A5{80'one'}}} 17'231101120100Z'} 30{60{30{" DE_X
     " A5{80'two'}}} 17'231101120200Z'}}}}",
     IN_REPORT, "60{30{" DE_X " A5{80'two'}}}"},
    {"env:dl-history", IN_MESSAGE_EXTENSIONS,
     "30{80<1A> A2{30{30{60{30{" DE_X " A5{80'one'}}} 17'231101120100Z'} 30{60{30{" DE_X
     " A5{80'two'}}} 17'231101120200Z'}}}}",
     IN_REPORT_EXTENSIONS,
     "30{80<1E> A2{30{30{60{30{" DE_X " A2{13'far'} A5{80'ann'}}} 17'231101120000Z'} 30{60{30{" DE_X
     " A5{80'one'}}} 17'231101120100Z'} 30{60{30{" DE_X " A5{80'two'}}} 17'231101120200Z'}}}}"},
};

/* proves: rcp:number/smtp rcp:mta-report/smtp env:correlator/smtp */
START_TEST(report_carries_what_its_message_had)
{
  g_autoptr(GByteArray) apdu = envelopes_apdu_mail(about[_i].place, about[_i].field);
  g_autoptr(mapping_result_t) result = NULL;
  g_autoptr(GBytes) report = report_on(apdu, &result);
  ck_assert_uint_eq(result->recipients->len, 1);
  g_autofree char *wrong = envelopes_check(report, about[_i].then, about[_i].out);
  ck_assert_msg(!wrong, "%s: %s", about[_i].key, wrong);
}
END_TEST

/* RFC 2156 4.6.2.3, 5.3.9: a delivery report that the gateway makes names it. */
START_TEST(delivery_report_names_the_gateway)
{
  static const char *const said[] = {"250 2.0.0 queued", NULL};
  for (gsize i = 0; i < G_N_ELEMENTS(said); i++) {
    g_autoptr(GByteArray) apdu = envelopes_apdu_mail(IN_RECIPIENT, "81<00D0>");
    g_autoptr(mapping_job_t) job = job_of(MAPPING_REPORT, apdu);
    struct mapping_recipient *outcome = road_recipient(job, BOB, NULL, NULL);
    outcome->action = MAPPING_DELIVERED;
    outcome->words = g_strdup(said[i]);
    g_autoptr(GBytes) report = NULL;
    g_autoptr(mapping_result_t) result = road_run(context, job, &report);
    ck_assert_ptr_nonnull(result);
    g_autoptr(GBytes) found = envelopes_find(report, IN_REPORT_RECIPIENT, 0x85);
    g_autofree char *words = g_strndup(g_bytes_get_data(found, NULL), g_bytes_get_size(found));
    ck_assert_msg(g_str_has_prefix(words, "report of the gateway sea.example: "), "%s", words);
    ck_assert(!said[i] || strstr(words, said[i]));
  }
}
END_TEST

/* A content too large to be returned is left out, and that is told. */
START_TEST(large_content_is_not_returned)
{
  g_autofree char *octets = g_strnfill((1 << 20) + 1, 'A');
  g_autofree char *fields = g_strdup_printf("04'%s'", octets);
  g_autoptr(GByteArray) small = envelopes_apdu_mail(IN_MESSAGE, "48<0010>"), apdu = g_byte_array_new();
  /* the small message's envelope with the large content behind: envelopes.h fills one place at a time */
  g_autoptr(GByteArray) content = notation_octets(fields);
  g_autoptr(GBytes) whole = g_bytes_new(small->data, small->len);
  g_autofree char *wrong = envelopes_check(whole, IN_MESSAGE, "48<0010>");
  ck_assert_ptr_null(wrong);
  g_autoptr(GBytes) envelope = envelopes_find(whole, IN_CONTENT, 0x31);
  gsize length;
  const guint8 *data = g_bytes_get_data(envelope, &length);
  static const guint8 head[] = {0xA0, 0x80, 0x31, 0x80};
  g_byte_array_append(apdu, head, sizeof head);
  g_byte_array_append(apdu, data, (guint)length);
  g_byte_array_append(apdu, (const guint8 *)"\0\0", 2);
  g_byte_array_append(apdu, content->data, content->len);
  g_byte_array_append(apdu, (const guint8 *)"\0\0", 2);
  g_autoptr(mapping_result_t) result = NULL;
  g_autoptr(GBytes) report = report_on(apdu, &result);
  g_autoptr(GBytes) returned = envelopes_find(report, IN_REPORT_CONTENT, 0x81);
  ck_assert_ptr_null(returned);
  ck_assert(road_lost(result->losses, "returned-content: left out"));
}
END_TEST

/* Nobody asked: no report, with words for the record. */
START_TEST(no_report_without_a_request)
{
  g_autoptr(GByteArray) apdu = envelopes_apdu_mail(IN_RECIPIENT, "81<0080>");
  g_autoptr(mapping_result_t) result = NULL;
  g_autoptr(GBytes) none = report_on(apdu, &result);
  ck_assert_ptr_nonnull(none);
  ck_assert_uint_eq(result->recipients->len, 0);
  ck_assert_ptr_nonnull(result->words);
}
END_TEST

/* --- reports that arrive --- */

/* What is in a report's subject: a message of this gateway's own (PRMD sea). */
#define OURS "64{63{61{13'de'}62{13'x'}13'sea'}16'0000028t5cy4g'}"

/* proves: rep:indicators/smtp rep:destination/smtp */
START_TEST(reports_nobody_asked_for_are_the_operators)
{
  static const struct {
    const char *subject, *indicators;
    bool told;
  } cases[] = {
      {OURS, "82<0020>", false},                    /* as we ask for NOTIFY=NEVER */
      {OURS, "82<00A0>", false},                    /* with the responsibility bit left in */
      {OURS, "82<0028>", true},                     /* the sender asked */
      {OURS, "82<0000>", true},                     /* a peer that leaves all bits out */
      {OURS, "82<0008>", true},                     /* or the MTA's, which do not count */
      {"64{" GDI_FAR "16's-1'}", "82<0020>", true}, /* not ours: another MTA may use us as a relay */
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *recipients =
        g_strdup_printf("%s A0{31{A0{30{" DE_X " A2{13'land'} A5{80'carl'}}} 81<01> %s "
                        "A3{80'231101120000Z' A1{A1{80<01> 81<00>}}}}}",
                        cases[i].subject, cases[i].indicators);
    g_autoptr(GByteArray) whole = envelopes_apdu_mail(IN_REPORT_CONTENT, recipients);
    g_autoptr(mapping_result_t) result = run_read(whole);
    ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
    ck_assert(result->no_report);
    ck_assert_msg(result->recipients->len == cases[i].told, "case %u: %s", (guint)i, result->words);
    if (cases[i].told) {
      ck_assert_str_eq(((const struct mapping_recipient *)result->recipients->pdata[0])->mapped, BOB);
    } else {
      ck_assert_ptr_nonnull(strstr(result->words, "/S=carl/PRMD=land/ADMD=x/C=de/"));
      ck_assert_ptr_nonnull(
          strstr(result->words, "not known there (unable-to-transfer: unrecognised-OR-name)"));
    }
  }
}
END_TEST

#define ABOUT(surname, number, type)                                                                         \
  "31{A0{30{" DE_X " A2{13'land'} A5{80'" surname "'}}} 81<" number                                          \
  "> 82<0028> A3{80'231101120000Z' A1{" type "}}}"

/* Several recipients, one delivered, two not, with different reasons: one DSN that names all. */
START_TEST(report_on_several_recipients_becomes_one_dsn)
{
  g_autoptr(GByteArray) apdu = envelopes_apdu_mail(
      IN_REPORT_CONTENT, "A0{" ABOUT("a", "01", "A1{80<01> 81<00>}") ABOUT("b", "02", "A0{80'231101120001Z'}")
                             ABOUT("c", "02", "A1{80<00>}") "}");
  g_autoptr(mapping_result_t) result = NULL;
  g_autofree char *mail = to_mail(apdu, &result);
  static const char *const wanted[] = {
      "Final-Recipient: x400; /S=a/PRMD=land/ADMD=x/C=de/\r\nAction: failed\r\nStatus: 5.1.1",
      "Final-Recipient: x400; /S=b/PRMD=land/ADMD=x/C=de/\r\nAction: delivered\r\nStatus: 2.0.0",
      "Final-Recipient: x400; /S=c/PRMD=land/ADMD=x/C=de/\r\nAction: failed\r\nStatus: 4.4.0",
      "Subject: Delivery-Report (success and failures)",
      "the recipient's address is not known there (unable-to-transfer: unrecognised-OR-name)"};
  for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
    ck_assert_msg(strstr(mail, wanted[i]) != NULL, "%s is not in\n%s", wanted[i], mail);
  ck_assert_str_eq(result->sender, "");
}
END_TEST

/* A report with the destination of nobody, or with none that can be read, waits for an operator; one that is
 * for the gateway itself ends here.  None is ever answered by a report. */
START_TEST(reports_that_cannot_go_on_are_kept)
{
  static const struct {
    const char *destination;
    bool recipient;
  } cases[] = {{"60{30{61{13'fr'} 62{13'z'} A5{80'nobody'}}}", true},
               {"60{30{}}", true},
               {"60{30{" DE_X " A2{13'sea'} A5{80'gateway'}}}", false}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) apdu = envelopes_apdu_mail(IN_REPORT, cases[i].destination);
    g_autoptr(mapping_result_t) result = run_read(apdu);
    ck_assert_msg(result->status == MAPPING_OK && result->no_report, "%s", result->words);
    ck_assert_uint_eq(result->recipients->len, cases[i].recipient);
    const struct mapping_recipient *recipient = cases[i].recipient ? result->recipients->pdata[0] : NULL;
    ck_assert(!recipient || (recipient->failed && recipient->words));
    ck_assert(recipient ||
              strstr(result->words, "/S=carl/PRMD=far/ADMD=x/C=de/: the recipient's address is not known"));
  }
  g_autoptr(GByteArray) any = envelopes_apdu_mail(IN_REPORT, NAME_BOB);
  g_autoptr(mapping_result_t) result = NULL;
  g_autoptr(GBytes) none = report_on(any, &result);
  ck_assert_ptr_nonnull(none);
  ck_assert_uint_eq(result->recipients->len, 0);
}
END_TEST

/* Octets that break off or are none: parked with words, every one. */
START_TEST(malformed_reports_are_parked)
{
  g_autoptr(GByteArray) apdu = envelopes_apdu_mail(IN_REPORT, NAME_BOB);
  for (guint length = 0; length < apdu->len; length++) {
    g_autoptr(GByteArray) part = g_byte_array_new();
    g_byte_array_append(part, apdu->data, length);
    g_autoptr(mapping_result_t) result = run_read(part);
    ck_assert_msg(result->status == MAPPING_PARK && result->words && result->recipients->len == 0, "%u",
                  length);
  }
}
END_TEST

/* --- probes --- */

/* proves: prb:identifier/smtp prb:originator/smtp prb:content-length/smtp prb:indicators/smtp
 * prb:bilateral/smtp */
/* proves: prb:trace/smtp prb:recipients/smtp prb:extensions/smtp */
START_TEST(probe_is_answered_whatever_it_carries)
{
  static const struct {
    enum envelope_place place;
    const char *field;
  } cases[] = {{IN_PROBE, "64{" GDI_FAR "16'p-1'}"},
               {IN_PROBE, "80<00989680>"},
               {IN_PROBE, "48<0060>"},
               {IN_PROBE, "A1{30{" DE_X " 04<01>}}"},
               {IN_PROBE_EXTENSIONS, "30{83<2A0308> A2{04<07>}}"},
               {IN_PROBE_RECIPIENT, "82<0B>"}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) apdu = envelopes_apdu_mail(cases[i].place, cases[i].field);
    g_autoptr(mapping_result_t) seen = run_read(apdu);
    const struct mapping_recipient *recipient = seen->recipients->pdata[0];
    ck_assert(!recipient->failed && recipient->action == MAPPING_DELIVERED);
    g_autoptr(mapping_job_t) job = job_of(MAPPING_REPORT, apdu);
    road_recipient(job, BOB, NULL, NULL)->action = MAPPING_DELIVERED;
    g_autoptr(GBytes) report = NULL;
    g_autoptr(mapping_result_t) result = road_run(context, job, &report);
    ck_assert_msg(result->status == MAPPING_OK && result->recipients->len == 1, "%s", result->words);
    g_autofree char *subject = envelopes_check(report, IN_REPORT_CONTENT, "64{" GDI_FAR "16'p-1'}"),
                    *destination =
                        envelopes_check(report, IN_REPORT, "60{30{" DE_X " A2{13'far'} A5{80'ann'}}}");
    ck_assert_msg(!subject && !destination, "%s %s", subject, destination);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/transit_mail");
  TCase *tests = tcase_create("mail");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, field_is_shown_or_listed, 0, G_N_ELEMENTS(rows));
  tcase_add_test(tests, other_contents_are_not_delivered);
  tcase_add_test(tests, requests_go_into_the_smtp_envelope);
  tcase_add_test(tests, first_recipient_is_told);
  tcase_add_loop_test(tests, report_carries_what_its_message_had, 0, G_N_ELEMENTS(about));
  tcase_add_test(tests, delivery_report_names_the_gateway);
  tcase_add_test(tests, large_content_is_not_returned);
  tcase_add_test(tests, no_report_without_a_request);
  tcase_add_test(tests, reports_nobody_asked_for_are_the_operators);
  tcase_add_test(tests, report_on_several_recipients_becomes_one_dsn);
  tcase_add_test(tests, reports_that_cannot_go_on_are_kept);
  tcase_add_test(tests, malformed_reports_are_parked);
  tcase_add_test(tests, probe_is_answered_whatever_it_carries);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
