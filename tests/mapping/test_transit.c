/* Each field of X.411's envelopes from one X.400 peer to another: what comes out is written by hand from the
 * module, in BER (lib/notation.h), and compared octet for octet.  What becomes of the same fields as mail:
 * test_transit_mail.c. */
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

/* From the peer "far" to the peer "land", for the recipient at this position. */
static struct mapping_result *run(GByteArray *apdu, guint ordinal, GBytes **output_r)
{
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_APDU, apdu->data, apdu->len);
  job->peer = g_strdup("far");
  job->hop = g_strdup("p1:land");
  road_recipient(job, LEE, LEE, "p1:land")->ordinal = ordinal;
  struct mapping_result *result = road_run(context, job, output_r);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  return result;
}

/* --- fields that go on as they came --- */

static const struct {
  const char *key;
  enum envelope_place place;
  const char *field;
} kept[] = {
    {"env:message-identifier", IN_MESSAGE, "64{" GDI_FAR "16'<an id of 32 characters, or so.>'}"},
    {"env:originator-name", IN_MESSAGE,
     "60{30{" DE_X
     "80'4930123' 81'tty' A2{13'far'} 83'Org' 84'17' A5{80'Ann' 81'Bea' 82'C' 83'Jr'} A6{13'ou1' 13'ou2'}}"
     " 30{30{13'RFC-822' 13'a(a)b.example'}} A0{30{31{30{06<550403> 13'Ann'}}}}}"},
    {"env:original-eits", IN_MESSAGE, "65{80<052020> 81<0000> A2{80<0E>} A4{06<560600> 06<2A0304>}}"},
    {"env:content-type", IN_MESSAGE, "06<2A030405>"},
    {"env:content-identifier", IN_MESSAGE, "4A'Content 4711'"},
    {"env:priority", IN_MESSAGE, "47<02>"},
    {"env:disclosure", IN_MESSAGE, "48<0080>"},
    {"env:implicit-conversion", IN_MESSAGE, "48<0040>"},
    {"env:alternate-allowed", IN_MESSAGE, "48<0020>"},
    {"env:content-return", IN_MESSAGE, "48<0010>"},
    {"env:per-message-other", IN_MESSAGE, "48<040170>"},
    {"env:deferred-delivery", IN_MESSAGE, "80'2311150700+0100'"},
    {"env:bilateral", IN_MESSAGE,
     "A1{30{" DE_X " 04<00FF80>} 30{61{12'310'} 30{A0{13'y'} A1{13'far'}} 30{02<05> 13'secret'}}}"},
    {"env:reassignment-prohibited", IN_MESSAGE_EXTENSIONS, "30{80<01> 81<0520> A2{0A<01>}}"},
    {"env:dl-prohibited", IN_MESSAGE_EXTENSIONS, "30{80<03> 81<0520> A2{0A<01>}}"},
    {"env:loss-prohibited", IN_MESSAGE_EXTENSIONS, "30{80<04> 81<0520> A2{0A<01>}}"},
    {"env:latest-delivery", IN_MESSAGE_EXTENSIONS, "30{80<05> 81<0520> A2{17'301231235959Z'}}"},
    {"env:return-address", IN_MESSAGE_EXTENSIONS, "30{80<0D> A2{30{30{" DE_X " A5{80'back'}}}}}"},
    {"env:originator-certificate", IN_MESSAGE_EXTENSIONS, "30{80<0F> A2{30{30{02<00> 03<00DEADBEEF>}}}}"},
    {"env:confidentiality", IN_MESSAGE_EXTENSIONS,
     "30{80<11> 81<0520> A2{30{06<2B0E030207> 04<0102030405060708>}}}"},
    {"env:origin-check", IN_MESSAGE_EXTENSIONS,
     "30{80<13> A2{30{30{06<2A864886F70D010104>05<>} 03<00C0FFEE>}}}"},
    {"env:security-label", IN_MESSAGE_EXTENSIONS,
     "30{80<14> 81<0520> A2{31{06<2A0301> 02<03> 13'NATO RESTRICTED' 31{30{80<2A0302> A1{30{02<07>}}}}}}}"},
    {"env:correlator", IN_MESSAGE_EXTENSIONS, "30{80<17> A2{16'Subject: hello'}}"},
    {"env:dl-history", IN_MESSAGE_EXTENSIONS,
     "30{80<1A> 81<0520> A2{30{30{60{30{" DE_X " A5{80'list'}}} 17'231101120000Z'}}}}"},
    {"env:multiple-certificates", IN_MESSAGE_EXTENSIONS, "30{80<28> A2{31{A0{04<AA>}}}}"},
    {"env:dl-exempted", IN_MESSAGE_EXTENSIONS, "30{80<2A> A2{31{60{30{" DE_X " A5{80'not'}}}}}}"},
    {"env:forwarded-token", IN_MESSAGE_EXTENSIONS, "30{80<2D> A2{31{A0{80<01>}}}}"},
    {"env:private", IN_MESSAGE_EXTENSIONS,
     "30{83<2A864886F7140109> A2{30{80<FF00> 0C<C3BC> ~24{04<01> 04<02>}}}}"},
    {"env:private-delivery", IN_MESSAGE_EXTENSIONS, "30{83<2A0307> 81<0520> A2{05<>}}"},
    {"env:unknown-standard", IN_MESSAGE_EXTENSIONS, "30{80<4D> A2{BF8148{04<99>}}}"},
    {"env:criticality", IN_MESSAGE_EXTENSIONS, "30{80<16> 81<05E0> A2{0A<01>}}"},
    {"rcp:name", IN_RECIPIENT, "60{30{" DE_X " A2{13'land'} 83'Marine' A5{80'lee'}}}"},
    {"rcp:universal", IN_RECIPIENT,
     "60{30{" DE_X " A2{13'land'} A5{80'lee'}}"
     " 31{30{80<18> A1{31{1E<00D6>}}} 30{80<1A> A1{31{A0{1E<00D6>}}}} 30{80<01> A1{13'Lee'}}}}"},
    {"rcp:number", IN_RECIPIENT, "80<7FFF>"},
    {"rcp:mta-report", IN_RECIPIENT, "81<00E8>"},
    {"rcp:user-report", IN_RECIPIENT, "81<00D0>"},
    {"rcp:responsibility", IN_RECIPIENT, "81<00A8>"},
    {"rcp:explicit-conversion", IN_RECIPIENT, "82<08>"},
    {"rcp:alternate", IN_RECIPIENT_EXTENSIONS, "30{80<02> 81<0780> A2{60{30{" DE_X " A5{80'other'}}}}}"},
    {"rcp:delivery-method", IN_RECIPIENT_EXTENSIONS, "30{80<06> A2{30{02<01> 02<02>}}}"},
    {"rcp:physical", IN_RECIPIENT_EXTENSIONS, "30{80<07> A2{0A<01>}}"},
    {"rcp:physical", IN_RECIPIENT_EXTENSIONS, "30{80<08> A2{0A<01>}}"},
    {"rcp:physical", IN_RECIPIENT_EXTENSIONS, "30{80<09> 81<0520> A2{03<0020>}}"},
    {"rcp:physical", IN_RECIPIENT_EXTENSIONS, "30{80<0A> A2{02<02>}}"},
    {"rcp:physical", IN_RECIPIENT_EXTENSIONS, "30{80<0B> A2{14'49 30 123'}}"},
    {"rcp:physical", IN_RECIPIENT_EXTENSIONS, "30{80<0C> 81<0520> A2{06<56060100>}}"},
    {"rcp:physical", IN_RECIPIENT_EXTENSIONS, "30{80<0E> A2{02<03>}}"},
    {"rcp:token", IN_RECIPIENT_EXTENSIONS, "30{80<10> 81<0520> A2{30{80<560603> A1{30{04<00112233>}}}}}"},
    {"rcp:integrity", IN_RECIPIENT_EXTENSIONS, "30{80<12> A2{30{30{06<2B0E03021A>} 03<00ABCD>}}}"},
    {"rcp:proof-of-delivery", IN_RECIPIENT_EXTENSIONS, "30{80<16> 81<0520> A2{0A<01>}}"},
    {"rcp:redirection-history", IN_RECIPIENT_EXTENSIONS,
     "30{80<19> A2{30{30{30{60{30{" DE_X " A5{80'first'}}} 17'231101120000Z'} 0A<02>}}}}"},
    {"rcp:encryption-token", IN_RECIPIENT_EXTENSIONS, "30{80<2B> A2{30{02<01>}}}"},
    {"rcp:private", IN_RECIPIENT_EXTENSIONS, "30{83<2A0308> A2{30{}}}"},
    {"prb:identifier", IN_PROBE, "64{" GDI_FAR "16'another probe'}"},
    {"prb:originator", IN_PROBE, "60{30{" DE_X " A2{13'far'} A5{80'someone'}}}"},
    {"prb:originator", IN_PROBE, "65{80<0520>}"},
    {"prb:originator", IN_PROBE, "46<23>"},
    {"prb:originator", IN_PROBE, "4A'probing'"},
    {"prb:content-length", IN_PROBE, "80<00989680>"},
    {"prb:indicators", IN_PROBE, "48<0060>"},
    {"prb:bilateral", IN_PROBE, "A1{30{" DE_X " 04<01>}}"},
    {"prb:extensions", IN_PROBE_EXTENSIONS, "30{80<18> A2{30{30{06<2A03>} 03<00AA>}}}"},
    {"prb:extensions", IN_PROBE_EXTENSIONS, "30{83<2A0308> 81<0520> A2{04<07>}}"},
    {"prb:recipients", IN_PROBE_RECIPIENT, "80<05>"},
    {"prb:recipients", IN_PROBE_RECIPIENT, "82<0B>"},
    {"prb:recipients", IN_PROBE_RECIPIENT_EXTENSIONS, "30{80<02> A2{60{30{" DE_X " A5{80'other'}}}}}"},
    {"rep:identifier", IN_REPORT, "64{" GDI_FAR "16'report 5'}"},
    {"rep:destination", IN_REPORT,
     "60{30{" DE_X " A2{13'land'} A5{80'lee'}} 31{30{80<18> A1{31{1E<004C>}}}}}"},
    {"rep:security-label", IN_REPORT_EXTENSIONS, "30{80<14> A2{31{02<02>}}}"},
    {"rep:dl-history", IN_REPORT_EXTENSIONS,
     "30{80<1E> A2{30{30{60{30{" DE_X " A5{80'ann'}}} 17'231101120000Z'}"
     " 30{60{30{" DE_X " A5{80'list'}}} 17'231101120100Z'}}}}"},
    {"rep:dl-name", IN_REPORT_EXTENSIONS, "30{80<1F> A2{60{30{" DE_X " A5{80'list'}}}}}"},
    {"rep:certificate", IN_REPORT_EXTENSIONS, "30{80<20> A2{30{30{02<00>}}}}"},
    {"rep:certificate", IN_REPORT_EXTENSIONS, "30{80<21> A2{30{30{06<2A03>} 03<00AA>}}}"},
    {"rep:mta-name", IN_REPORT_EXTENSIONS, "30{80<27> A2{30{" GDI_FAR "16'far-mta'}}}"},
    {"rep:private", IN_REPORT_EXTENSIONS, "30{83<2A0308> 81<05E0> A2{04<07>}}"},
    {"rep:subject", IN_REPORT_CONTENT, "64{63{61{13'de'}62{13'x'}13'land'}16'subject 7'}"},
    {"rep:subject-trace", IN_REPORT_CONTENT, "69{30{" GDI_FAR "31{80'231101120000Z' 82<01>}}}"},
    {"rep:original-eits", IN_REPORT_CONTENT, "65{80<0520>}"},
    {"rep:content-type", IN_REPORT_CONTENT, "46<16>"},
    {"rep:content-identifier", IN_REPORT_CONTENT, "4A'Content 4711'"},
    {"rep:returned-content", IN_REPORT_CONTENT, "81<A080DEADBEEF>"},
    {"rep:additional", IN_REPORT_CONTENT, "A2{30{02<2A> 04<00>}}"},
    {"rep:correlator", IN_REPORT_CONTENT_EXTENSIONS, "30{80<17> A2{04<E4F6FC>}}"},
    {"rep:private", IN_REPORT_CONTENT_EXTENSIONS, "30{83<2A0308> A2{04<08>}}"},
    {"rep:recipient", IN_REPORT_RECIPIENT, "A0{30{" DE_X " A2{13'far'} A5{80'carl'}}}"},
    {"rep:recipient", IN_REPORT_RECIPIENT, "A4{30{" DE_X " A2{13'far'} A5{80'first'}}}"},
    {"rep:number", IN_REPORT_RECIPIENT, "81<2A>"},
    {"rep:indicators", IN_REPORT_RECIPIENT, "82<00F8>"},
    {"rep:last-trace", IN_REPORT_RECIPIENT, "A3{65{80<0520>} 80'231101120000Z' A1{A1{80<01> 81<00>}}}"},
    {"rep:non-delivery", IN_REPORT_RECIPIENT, "A3{80'231101120000Z' A1{A1{80<08> 81<4E>}}}"},
    {"rep:delivery", IN_REPORT_RECIPIENT, "A3{80'231101120000Z' A1{A0{80'231101120001Z' 81<02>}}}"},
    {"rep:supplementary", IN_REPORT_RECIPIENT, "85'disk full, call +49 30 123'"},
    {"rep:redirection-history", IN_REPORT_RECIPIENT_EXTENSIONS,
     "30{80<19> A2{30{30{30{60{30{" DE_X " A5{80'first'}}} 17'231101120000Z'} 0A<00>}}}}"},
    {"rep:physical-address", IN_REPORT_RECIPIENT_EXTENSIONS, "30{80<1B> A2{60{30{" DE_X " A5{80'new'}}}}}"},
    {"rep:proofs", IN_REPORT_RECIPIENT_EXTENSIONS, "30{80<1C> A2{30{30{02<00>}}}}"},
    {"rep:proofs", IN_REPORT_RECIPIENT_EXTENSIONS, "30{80<1D> A2{30{30{06<2A03>} 03<00AA>}}}"},
    {"rep:private", IN_REPORT_RECIPIENT_EXTENSIONS, "30{83<2A0308> A2{04<09>}}"},
};

/* proves: env:message-identifier/88-88 env:originator-name/88-88 env:original-eits/88-88
 * env:content-type/88-88 */
/* proves: env:content-identifier/88-88 env:priority/88-88 env:disclosure/88-88 env:implicit-conversion/88-88
 */
/* proves: env:alternate-allowed/88-88 env:content-return/88-88 env:per-message-other/88-88
 * env:bilateral/88-88 */
/* proves: env:deferred-delivery/88-88 env:reassignment-prohibited/88-88 env:dl-prohibited/88-88 */
/* proves: env:loss-prohibited/88-88 env:latest-delivery/88-88 env:return-address/88-88
 * env:confidentiality/88-88 */
/* proves: env:originator-certificate/88-88 env:origin-check/88-88 env:security-label/88-88
 * env:correlator/88-88 */
/* proves: env:dl-history/88-88 env:multiple-certificates/88-88 env:dl-exempted/88-88
 * env:forwarded-token/88-88 */
/* proves: env:private/88-88 env:private-delivery/88-88 env:unknown-standard/88-88 env:criticality/88-88 */
/* proves: rcp:name/88-88 rcp:universal/88-88 rcp:number/88-88 rcp:mta-report/88-88 rcp:user-report/88-88 */
/* proves: rcp:explicit-conversion/88-88 rcp:alternate/88-88 rcp:delivery-method/88-88 rcp:physical/88-88 */
/* proves: rcp:token/88-88 rcp:integrity/88-88 rcp:proof-of-delivery/88-88 rcp:redirection-history/88-88 */
/* proves: rcp:encryption-token/88-88 rcp:private/88-88 prb:identifier/88-88 prb:originator/88-88 */
/* proves: prb:content-length/88-88 prb:indicators/88-88 prb:bilateral/88-88 prb:extensions/88-88 */
/* proves: rep:identifier/88-88 rep:destination/88-88 rep:security-label/88-88 rep:dl-history/88-88 */
/* proves: rep:dl-name/88-88 rep:certificate/88-88 rep:mta-name/88-88 rep:private/88-88 rep:subject/88-88 */
/* proves: rep:subject-trace/88-88 rep:original-eits/88-88 rep:content-type/88-88 rep:content-identifier/88-88
 */
/* proves: rep:additional/88-88 rep:correlator/88-88 rep:recipient/88-88 rep:number/88-88 rep:indicators/88-88
 */
/* proves: rep:last-trace/88-88 rep:delivery/88-88 rep:non-delivery/88-88 rep:supplementary/88-88 */
/* proves: rep:redirection-history/88-88 rep:physical-address/88-88 rep:proofs/88-88 */
START_TEST(field_goes_on_as_it_came)
{
  g_autoptr(GByteArray) apdu = envelopes_apdu(kept[_i].place, kept[_i].field);
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = run(apdu, 0, &output);
  g_autofree char *wrong = envelopes_check(output, kept[_i].place, kept[_i].field);
  ck_assert_msg(!wrong, "%s: %s", kept[_i].key, wrong);
  ck_assert_uint_eq(result->losses->len, 0);
}
END_TEST

/* All extensions of one place together: none pushes out another, and their order stays. */
START_TEST(many_extensions_go_on_together)
{
  static const enum envelope_place places[] = {IN_MESSAGE_EXTENSIONS, IN_RECIPIENT_EXTENSIONS,
                                               IN_REPORT_RECIPIENT_EXTENSIONS};
  for (gsize p = 0; p < G_N_ELEMENTS(places); p++) {
    g_autoptr(GString) all = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++)
      if (kept[i].place == places[p])
        g_string_append(all, kept[i].field);
    g_autoptr(GByteArray) apdu = envelopes_apdu(places[p], all->str);
    g_autoptr(GBytes) output = NULL;
    g_autoptr(mapping_result_t) result = run(apdu, 0, &output);
    ck_assert_ptr_nonnull(result);
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++) {
      if (kept[i].place != places[p])
        continue;
      g_autofree char *wrong = envelopes_check(output, places[p], kept[i].field);
      ck_assert_msg(!wrong, "%s: %s", kept[i].key, wrong);
    }
  }
}
END_TEST

/* --- fields that change --- */

#define OWN "63{61{13'de'}62{13'x'}13'sea'}"
#define OWN_ELEMENT "30{" OWN "31{80'231114221320+0000' 82<00>}}"
#define OWN_INTERNAL "30{" OWN "16'sea-mta' 31{80'231114221320+0000' 82<00>}}"
#define FAR_ELEMENT "30{" GDI_FAR "31{80'231101120000Z' 82<00>}}"
#define FAR_ODD                                                                                              \
  "30{" GDI_FAR                                                                                              \
  "31{63{61{13'fr'}62{13' '}} 65{80<0520>} 80'2311011200+0100' 81'231102000000Z' 82<01> 83<0640>}}"
#define FAR_INTERNAL                                                                                         \
  "30{" GDI_FAR "16'mta 1' 31{80'231101120000Z' 82<01> 16'mta 2' 81'231102000000Z' 65{80<0520>} 83<06C0>}}"

static const struct {
  const char *key;
  enum envelope_place place;
  const char *in, *out;
} changed[] = {
    {"env:trace", IN_MESSAGE, "69{" FAR_ODD "}", "69{" FAR_ODD OWN_ELEMENT "}"},
    {"env:trace", IN_MESSAGE, "69{" FAR_ELEMENT OWN_ELEMENT "}", "69{" FAR_ELEMENT OWN_ELEMENT "}"},
    {"env:internal-trace", IN_MESSAGE_EXTENSIONS, "30{80<26> A2{30{" FAR_INTERNAL "}}}",
     "30{80<26> A2{30{" FAR_INTERNAL OWN_INTERNAL "}}}"},
    {"env:internal-trace", IN_MESSAGE_EXTENSIONS, "", "30{80<26> A2{30{" OWN_INTERNAL "}}}"},
    {"env:internal-trace", IN_MESSAGE_EXTENSIONS, "30{80<26> A2{04'not trace'}}",
     "30{80<26> A2{04'not trace'}}"},
    {"prb:trace", IN_PROBE, "69{" FAR_ELEMENT "}", "69{" FAR_ELEMENT OWN_ELEMENT "}"},
    {"prb:trace", IN_PROBE_EXTENSIONS, "30{80<26> A2{30{" FAR_INTERNAL "}}}",
     "30{80<26> A2{30{" FAR_INTERNAL OWN_INTERNAL "}}}"},
    {"rep:trace", IN_REPORT, "69{" FAR_ELEMENT "}", "69{" FAR_ELEMENT OWN_ELEMENT "}"},
    {"rep:trace", IN_REPORT_EXTENSIONS, "30{80<26> A2{30{" FAR_INTERNAL "}}}",
     "30{80<26> A2{30{" FAR_INTERNAL OWN_INTERNAL "}}}"},
    /* an extension type with its universal tag inside, as one MTA writes it (interop notes 7) */
    {"env:correlator", IN_MESSAGE_EXTENSIONS, "30{A0{02<17>} A2{16'x'}}", "30{80<17> A2{16'x'}}"},
    /* indefinite lengths and segments: another writing of the same values */
    {"env:private", IN_MESSAGE_EXTENSIONS, "~30{83<2A0307> ~A2{30{05<>}}}", "30{83<2A0307> A2{30{05<>}}}"},
    {"env:content-identifier", IN_MESSAGE, "~6A{13'Con' 13'tent'}", "4A'Content'"},
};

/* proves: env:trace/88-88 env:internal-trace/88-88 prb:trace/88-88 rep:trace/88-88 */
START_TEST(field_changes_as_the_standard_says)
{
  g_autoptr(GByteArray) apdu = envelopes_apdu(changed[_i].place, changed[_i].in);
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = run(apdu, 0, &output);
  ck_assert_ptr_nonnull(result);
  g_autofree char *wrong = envelopes_check(output, changed[_i].place, changed[_i].out);
  ck_assert_msg(!wrong, "%s: %s", changed[_i].key, wrong);
}
END_TEST

/* --- responsibility (X.411 14.3) --- */

#define RECIPIENT(surname, number, indicators)                                                               \
  "31{60{30{" DE_X " A2{13'land'} A5{80'" surname "'}}} 80<" number "> 81<00" indicators ">}"

/* proves: rcp:responsibility/88-88 prb:recipients/88-88 */
START_TEST(responsibility_goes_with_the_copy)
{
  static const enum envelope_place places[] = {IN_MESSAGE, IN_PROBE};
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
    g_autoptr(GByteArray) apdu =
        envelopes_apdu(places[i], "A2{" RECIPIENT("a", "01", "A8") RECIPIENT("b", "01", "D0")
                                      RECIPIENT("c", "03", "28") "}");
    g_autoptr(GBytes) output = NULL;
    g_autoptr(mapping_result_t) result = run(apdu, 1, &output);
    ck_assert_ptr_nonnull(result);
    g_autofree char *wrong = envelopes_check(output, places[i],
                                             "A2{" RECIPIENT("a", "01", "28") RECIPIENT("b", "01", "D0")
                                                 RECIPIENT("c", "03", "28") "}");
    ck_assert_msg(!wrong, "%s", wrong);
  }
}
END_TEST

static struct mapping_result *run_read(const GByteArray *apdu, bool truncated)
{
  g_autoptr(mapping_job_t) job = road_job(MAPPING_READ, MAPPING_APDU, apdu->data, apdu->len);
  job->peer = g_strdup("far");
  job->truncated = truncated;
  return road_run(context, job, NULL);
}

/* Universal attributes do not decide on the route, but must not stand in its way. */
START_TEST(universal_attributes_are_routed)
{
  g_autoptr(GByteArray) apdu =
      envelopes_apdu(IN_RECIPIENT, "60{30{" DE_X " A2{13'land'} A5{80'lee'}}"
                                   " 31{30{80<18> A1{31{1E<00D6>}}} 30{80<1A> A1{31{A0{1E<00D6>}}}} "
                                   "30{80<28> A1{31{1C<000000D6> 13'de'}}}}}");
  g_autoptr(mapping_result_t) result = run_read(apdu, false);
  const struct mapping_recipient *recipient = result->recipients->pdata[0];
  ck_assert_msg(!recipient->failed && !g_strcmp0(recipient->hop, "p1:land"), "%s", recipient->words);
}
END_TEST

/* proves: rcp:responsibility/smtp */
/* Several recipients, several next hops: each once, those of others not at all. */
START_TEST(recipients_are_parted_by_hop)
{
  g_autoptr(GByteArray) apdu = envelopes_apdu_mail(
      IN_MESSAGE, "A2{" RECIPIENT("a", "01", "A8") "31{" NAME_BOB " 80<02> 81<00A8>}" RECIPIENT(
                      "c", "03", "28") "31{60{30{61{13'fr'} 62{13'z'} A5{80'nobody'}}} 80<04> 81<00A8>}}");
  g_autoptr(mapping_result_t) result = run_read(apdu, false);
  static const struct {
    guint ordinal;
    const char *hop;
  } rows[] = {{0, "p1:land"}, {1, "smtp:example.org"}, {3, NULL}};
  ck_assert_uint_eq(result->recipients->len, G_N_ELEMENTS(rows));
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    const struct mapping_recipient *recipient = result->recipients->pdata[i];
    ck_assert_uint_eq(recipient->ordinal, rows[i].ordinal);
    ck_assert_msg(!g_strcmp0(recipient->hop, rows[i].hop), "%s: %s", recipient->hop, recipient->words);
    ck_assert(recipient->failed == !rows[i].hop);
  }
}
END_TEST

/* RFC 2156 4.4.1: an address whose mail attribute names a user of X.400 goes on as that user; the number
 * stays. */
START_TEST(mailbox_of_an_x400_user_goes_on_as_the_user)
{
  static const enum envelope_place places[] = {IN_RECIPIENT, IN_PROBE_RECIPIENT};
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
    g_autoptr(GByteArray) apdu = envelopes_apdu(places[i], NAME_BOB "80<09>");
    g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_APDU, apdu->data, apdu->len);
    job->peer = g_strdup("far");
    job->hop = g_strdup("p1:land");
    road_recipient(job, "/RFC-822=bob(a)example.org/S=gateway/PRMD=sea/ADMD=x/C=de/", LEE, "p1:land");
    g_autoptr(GBytes) output = NULL;
    g_autoptr(mapping_result_t) result = road_run(context, job, &output);
    ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
    g_autofree char *name = envelopes_check(output, places[i], NAME_LEE),
                    *number = envelopes_check(output, places[i], "80<09>");
    ck_assert_msg(!name && !number, "%s %s", name, number);
  }
}
END_TEST

/* --- criticality (X.411 9.1) --- */

/* proves: env:dl-prohibited/smtp env:reassignment-prohibited/smtp env:criticality/smtp */
/* proves: env:private-transfer/88-88 env:private-transfer/smtp rcp:private/smtp env:private-delivery/smtp */
/* proves: env:unknown-standard/smtp env:security-label/smtp env:confidentiality/smtp rcp:token/smtp
 * prb:extensions/smtp */
START_TEST(critical_extensions_are_checked_where_they_count)
{
  static const struct {
    enum envelope_place place;
    const char *extension;
    bool transit, smtp; /* goes on */
    const char *name;
  } rows[] = {
      {IN_MESSAGE_EXTENSIONS, "30{83<2A0307> 81<0540> A2{05<>}}", false, false, "iso(1) member-body(2) (3) (7)"},
      {IN_MESSAGE_EXTENSIONS, "30{83<2A0307> 81<0520> A2{05<>}}", true, false, "iso(1) member-body(2) (3) (7)"},
      {IN_MESSAGE_EXTENSIONS, "30{83<2A0307> 81<0780> A2{05<>}}", true, true,
       NULL}, /* for submission: past */
      {IN_MESSAGE_EXTENSIONS, "30{83<2A0307> A2{05<>}}", true, true, NULL},
      {IN_MESSAGE_EXTENSIONS, "30{80<4D> 81<0640> A2{05<>}}", false, false, "(77)"},
      {IN_MESSAGE_EXTENSIONS, "30{80<4D> 81<0520> A2{05<>}}", true, false, "(77)"},
      {IN_MESSAGE_EXTENSIONS, "30{80<14> 81<0520> A2{31{02<03>}}}", true, false, "message-security-label(20)"},
      {IN_MESSAGE_EXTENSIONS, "30{80<11> 81<0520> A2{30{06<2B0E030207>}}}", true, false, "content-confidentiality-algorithm-identifier(17)"},
      {IN_MESSAGE_EXTENSIONS, "30{80<04> 81<0520> A2{0A<01>}}", true, true, NULL}, /* served */
      {IN_MESSAGE_EXTENSIONS, "30{80<03> 81<0520> A2{0A<01>}}", true, true, NULL},
      {IN_MESSAGE_EXTENSIONS, "30{80<01> 81<0520> A2{0A<01>}}", true, true, NULL},
      {IN_RECIPIENT_EXTENSIONS, "30{80<10> 81<0520> A2{30{80<560603> A1{05<>}}}}", true, false, "message-token(16)"},
      {IN_RECIPIENT_EXTENSIONS, "30{83<2A0307> 81<0640> A2{05<>}}", false, false, "iso(1) member-body(2) (3) (7)"},
      {IN_PROBE_EXTENSIONS, "30{83<2A0307> 81<0520> A2{05<>}}", true, false, "iso(1) member-body(2) (3) (7)"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    for (guint smtp = 0; smtp < 2; smtp++) {
      g_autoptr(GByteArray) apdu = smtp ? envelopes_apdu_mail(rows[i].place, rows[i].extension)
                                        : envelopes_apdu(rows[i].place, rows[i].extension);
      g_autoptr(mapping_result_t) result = run_read(apdu, false);
      ck_assert_msg(result->status == MAPPING_OK && result->recipients->len == 1, "row %u: %s", (guint)i,
                    result->words);
      const struct mapping_recipient *recipient = result->recipients->pdata[0];
      ck_assert_msg(recipient->failed == !(smtp ? rows[i].smtp : rows[i].transit), "row %u, %s: %s", (guint)i,
                    smtp ? "smtp" : "transit", recipient->words);
      if (recipient->failed) {
        ck_assert_int_eq(recipient->reason, 1);      /* unable-to-transfer */
        ck_assert_int_eq(recipient->diagnostic, 18); /* unsupported-critical-function */
        ck_assert_ptr_nonnull(strstr(recipient->words, rows[i].name));
      }
    }
}
END_TEST

/* --- content --- */

static char *hash_of(GBytes *bytes)
{
  return g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
}

/* A content of 300,000 random octets in segments, definite and not: the same octets, in one piece, come out.
 */
/* proves: env:content/88-88 rep:returned-content/88-88 */
START_TEST(content_passes_bit_for_bit)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(411);
  g_autoptr(GByteArray) content = g_byte_array_new();
  g_autoptr(GString) segments = g_string_new("~24{");
  while (content->len < 300000) {
    guint length = (guint)g_rand_int_range(random, 1, 3000);
    g_string_append(segments, "04<");
    for (guint i = 0; i < length; i++) {
      guint8 octet = (guint8)g_rand_int(random);
      g_byte_array_append(content, &octet, 1);
      g_string_append_printf(segments, "%02x", octet);
    }
    g_string_append_c(segments, '>');
  }
  g_string_append_c(segments, '}');
  g_autoptr(GBytes) wanted = g_bytes_new(content->data, content->len);
  g_autofree char *before = hash_of(wanted);
  for (guint report = 0; report < 2; report++) {
    g_autofree char *returned = g_strconcat("~A1", strchr(segments->str, '{'), NULL);
    g_autoptr(GByteArray) apdu =
        report ? envelopes_apdu(IN_REPORT_CONTENT, returned) : envelopes_apdu(IN_CONTENT, segments->str);
    g_autoptr(GBytes) output = NULL;
    g_autoptr(mapping_result_t) result = run(apdu, 0, &output);
    ck_assert_ptr_nonnull(result);
    g_autoptr(GBytes) after =
        envelopes_find(output, report ? IN_REPORT_CONTENT : IN_CONTENT, report ? 0x81 : 0x04);
    g_autofree char *hash = hash_of(after);
    ck_assert_str_eq(hash, before);
  }
}
END_TEST

/* Open types too long for memory: a private extension and a token of 100,000 octets. */
START_TEST(long_extensions_go_on)
{
  g_autofree char *octets = g_strnfill(100000, 'x');
  static const enum envelope_place places[] = {IN_MESSAGE_EXTENSIONS, IN_RECIPIENT_EXTENSIONS,
                                               IN_REPORT_EXTENSIONS};
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
    g_autofree char *field = g_strdup_printf("30{83<2A0307> A2{30{04'%s' 02<01>}}}", octets);
    g_autoptr(GByteArray) apdu = envelopes_apdu(places[i], field);
    g_autoptr(GBytes) output = NULL;
    g_autoptr(mapping_result_t) result = run(apdu, 0, &output);
    ck_assert_ptr_nonnull(result);
    g_autofree char *wrong = envelopes_check(output, places[i], field);
    ck_assert(!wrong);
  }
}
END_TEST

/* A thousand recipients, every second one at this hop. */
START_TEST(many_recipients_are_marked_right)
{
  enum { MANY = 1000 };
  g_autoptr(GString) in = g_string_new("A2{"), out = g_string_new("A2{");
  g_autoptr(mapping_job_t) job = NULL;
  for (guint i = 0; i < MANY; i++) {
    g_string_append_printf(in, RECIPIENT("u%u", "01", "A8"), i);
    g_string_append_printf(out, i % 2 ? RECIPIENT("u%u", "01", "A8") : RECIPIENT("u%u", "01", "28"), i);
  }
  g_string_append_c(in, '}');
  g_string_append_c(out, '}');
  g_autoptr(GByteArray) apdu = envelopes_apdu(IN_MESSAGE, in->str);
  job = road_job(MAPPING_WRITE, MAPPING_APDU, apdu->data, apdu->len);
  job->peer = g_strdup("far");
  job->hop = g_strdup("p1:land");
  for (guint i = 1; i < MANY; i += 2)
    road_recipient(job, LEE, LEE, "p1:land")->ordinal = i;
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  g_autofree char *wrong = envelopes_check(output, IN_MESSAGE, out->str);
  ck_assert(!wrong);
}
END_TEST

/* --- loops --- */

static char *visits(guint count, bool internal)
{
  GString *trace = g_string_new(internal ? "30{80<26> A2{30{" : "69{");
  for (guint i = 0; i < count; i++)
    g_string_append_printf(
        trace,
        internal ? "30{63{61{13'de'}62{13'x'}13'sea'}16'SEA-MTA' 31{80'2311011200%02uZ' 82<00>}}"
                   "30{" GDI_FAR "16'far' 31{80'2311011201%02uZ' 82<00>}}"
                 : "30{63{61{13'de'}62{13'x'}13'sea'}31{80'2311011200%02uZ' 82<00>}}"
                   "30{" GDI_FAR "31{80'2311011201%02uZ' 82<00>}}",
        i, i);
  g_string_append(trace, internal ? "}}}" : "}");
  return g_string_free(trace, FALSE);
}

/* Five visits go, the sixth is a loop: seen in internal trace, and where that was dropped on the way. */
START_TEST(loops_end_at_the_sixth_visit)
{
  for (guint internal = 0; internal < 2; internal++)
    for (guint count = 5; count <= 6; count++) {
      g_autofree char *trace = visits(count, internal);
      g_autoptr(GByteArray) apdu = envelopes_apdu(internal ? IN_MESSAGE_EXTENSIONS : IN_MESSAGE, trace);
      g_autoptr(mapping_result_t) result = run_read(apdu, false);
      const struct mapping_recipient *recipient = result->recipients->pdata[0];
      ck_assert_msg(recipient->failed == (count == 6), "%u, %u: %s", internal, count, recipient->words);
      if (count == 6)
        ck_assert(recipient->reason == 1 && recipient->diagnostic == 3); /* loop-detected */
    }
}
END_TEST

/* A gateway that is "sea" for all, but "east"/"gate" for one peer. */
static struct mapping_context *two_names(void)
{
  g_autoptr(GVariant) settings = g_variant_parse(
      G_VARIANT_TYPE_VARDICT,
      "{'domain': <'sea.example'>, 'hostname': <'sea.example'>, 'administrator': <'p@sea.example'>,"
      " 'or-address': <'/S=gateway/PRMD=sea/ADMD=x/C=de/'>, 'country': <'de'>, 'admd': <'x'>, 'prmd': "
      "<'sea'>,"
      " 'mta-name': <'sea-mta'>, 'peers': <[{'name': <'land'>, 'remote-mta': <'land-mta'>},"
      " {'name': <'far'>, 'remote-mta': <'far-mta'>, 'local-mta': <'gate'>, 'country': <'de'>, 'admd': <'x'>,"
      " 'prmd': <'east'>}]>, 'routes': <[{'or': <'/PRMD=land/ADMD=x/C=de/'>, 'peer': <'land'>}]>}",
      NULL, NULL, NULL);
  g_autoptr(GError) error = NULL;
  struct mapping_context *made = mapping_context_new(settings, -1, &error);
  ck_assert_msg(made != NULL, "%s", error ? error->message : "");
  return made;
}

/* Its visits count under the name that it signed with, whoever brings the message back. */
START_TEST(loops_are_seen_under_every_name)
{
  mapping_context_free(context);
  context = two_names();
  for (guint count = 5; count <= 6; count++) {
    g_autoptr(GString) trace = g_string_new("30{80<26> A2{30{");
    for (guint i = 0; i < count; i++)
      g_string_append_printf(trace,
                             "30{63{61{13'de'}62{13'x'}13'east'}16'gate' 31{80'2311011200%02uZ' 82<00>}}"
                             "30{" GDI_FAR "16'far' 31{80'2311011201%02uZ' 82<00>}}",
                             i, i);
    g_string_append(trace, "}}}");
    g_autoptr(GByteArray) apdu = envelopes_apdu(IN_MESSAGE_EXTENSIONS, trace->str);
    g_autoptr(mapping_job_t) job = road_job(MAPPING_READ, MAPPING_APDU, apdu->data, apdu->len);
    job->peer = g_strdup("land");
    g_autoptr(mapping_result_t) result = road_run(context, job, NULL);
    const struct mapping_recipient *recipient = result->recipients->pdata[0];
    ck_assert_msg(recipient->failed == (count == 6), "%u: %s", count, recipient->words);
  }
}
END_TEST

/* --- a message that was cut for its size --- */

START_TEST(cut_message_is_refused_as_too_long)
{
  g_autofree char *content = g_strnfill(100000, 'A');
  g_autofree char *field = g_strdup_printf("04'%s'", content);
  g_autofree char *segments = g_strdup_printf("~24{04'%s'}", content);
  for (guint form = 0; form < 3; form++) {
    g_autoptr(GByteArray) bare = envelopes_apdu(IN_CONTENT, form == 1 ? segments : field);
    g_autoptr(GByteArray) apdu = g_byte_array_new();
    if (form == 2) /* in EXTERNAL, as it travels in normal mode */
      g_byte_array_append(apdu, (const guint8 *)"\x28\x80\x02\x01\x05\xA0\x80", 7);
    g_byte_array_append(apdu, bare->data, bare->len - 60000);
    g_autoptr(mapping_result_t) result = run_read(apdu, true);
    ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
    ck_assert_uint_eq(result->recipients->len, 1);
    const struct mapping_recipient *recipient = result->recipients->pdata[0];
    ck_assert(recipient->failed && recipient->reason == 1 && recipient->diagnostic == 7);
    g_autoptr(mapping_job_t) job = road_job(MAPPING_REPORT, MAPPING_APDU, apdu->data, apdu->len);
    job->peer = g_strdup("far");
    job->truncated = true;
    struct mapping_recipient *outcome = road_recipient(job, LEE, NULL, NULL);
    outcome->failed = true;
    outcome->reason = 1;
    outcome->diagnostic = 7;
    g_autoptr(GBytes) report = NULL;
    g_autoptr(mapping_result_t) reported = road_run(context, job, &report);
    ck_assert_msg(reported->status == MAPPING_OK && reported->recipients->len == 1, "%s", reported->words);
    g_autoptr(GBytes) about = envelopes_find(report, IN_REPORT_CONTENT, 0xA0),
                      none = envelopes_find(report, IN_REPORT_CONTENT, 0x81);
    ck_assert_ptr_nonnull(about);
    ck_assert_ptr_null(none); /* no content to return */
  }
}
END_TEST

/* Where not even the envelope is whole, or it is no message, an operator is asked: nothing is guessed. */
START_TEST(cut_beyond_reading_is_parked)
{
  g_autoptr(GByteArray) message = envelopes_apdu(IN_CONTENT, "04'abc'"),
                        report = envelopes_apdu(IN_REPORT_CONTENT, "81'abc'");
  g_autoptr(mapping_result_t) whole_report = run_read(report, true);
  ck_assert_int_eq(whole_report->status, MAPPING_PARK);
  for (guint length = 0; length + 5 < message->len; length++) {
    g_autoptr(GByteArray) part = g_byte_array_new();
    g_byte_array_append(part, message->data, length);
    g_autoptr(mapping_result_t) result = run_read(part, true);
    ck_assert_msg(result->status == MAPPING_PARK && result->words, "%u of %u octets", length, message->len);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/transit");
  TCase *tests = tcase_create("transit");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, field_goes_on_as_it_came, 0, G_N_ELEMENTS(kept));
  tcase_add_test(tests, many_extensions_go_on_together);
  tcase_add_loop_test(tests, field_changes_as_the_standard_says, 0, G_N_ELEMENTS(changed));
  tcase_add_test(tests, responsibility_goes_with_the_copy);
  tcase_add_test(tests, universal_attributes_are_routed);
  tcase_add_test(tests, recipients_are_parted_by_hop);
  tcase_add_test(tests, mailbox_of_an_x400_user_goes_on_as_the_user);
  tcase_add_test(tests, critical_extensions_are_checked_where_they_count);
  tcase_add_test(tests, content_passes_bit_for_bit);
  tcase_add_test(tests, long_extensions_go_on);
  tcase_add_test(tests, many_recipients_are_marked_right);
  tcase_add_test(tests, loops_end_at_the_sixth_visit);
  tcase_add_test(tests, loops_are_seen_under_every_name);
  tcase_add_test(tests, cut_message_is_refused_as_too_long);
  tcase_add_test(tests, cut_beyond_reading_is_parked);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
