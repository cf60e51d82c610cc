/* The alternate recipient that an originator asked for, X.411 8.2.1.1.1.5: when a recipient fails
 * the message goes to it, once and never back, and the envelope tells (8.2.1.1.1.5). Octets are written by
 * hand from the module. */
#include "lib/envelopes.h"
#include "mapping/x400.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define DEPUTY "/S=deputy/PRMD=land/ADMD=x/C=de/"
#define NAME_DEPUTY "60{30{" DE_X " A2{13'land'} A5{80'deputy'}}}"
#define NAME_NOWHERE "60{30{61{13'fr'}62{13'y'} A5{80'nobody'}}}"
#define NAME_CARLA "60{30{" DE_X " A2{13'sea'} A5{80'gateway'}} 30{30{13'RFC-822' 13'carla(a)example.org'}}}"
#define ALTERNATE(name_) "30{80<02> 81<0780> A2{" name_ "}}"
#define STEP(name_, time_, reason_) "30{30{" name_ " 17'" time_ "'} 0A<" reason_ ">}"
#define HISTORY(steps_) "30{80<19> A2{30{" steps_ "}}}"

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
  job->peer = g_strdup("land");
  return job;
}

static struct mapping_recipient *add_failed(struct mapping_job *job, const char *code)
{
  struct mapping_recipient *recipient = road_recipient(job, LEE, LEE, "report");
  recipient->failed = true;
  recipient->action = MAPPING_FAILED;
  recipient->code = g_strdup(code);
  recipient->words = g_strdup("no such user");
  return recipient;
}

/* --- is it redirected? --- */

static const struct {
  const char *what, *extensions, *code, *mapped; /* mapped NULL: the originator gets a report */
  bool before, cut;
} cases[] = {
    {"no alternate was asked for", "", "5.1.1", NULL, false, false},
    {"an alternate at a peer", ALTERNATE(NAME_DEPUTY), "5.1.1", DEPUTY, false, false},
    {"after a failure for some time", ALTERNATE(NAME_DEPUTY), "4.4.1", DEPUTY, false, false},
    {"an alternate in the Internet", ALTERNATE(NAME_CARLA), "5.1.1", "carla@example.org", false, false},
    {"an alternate that nobody serves", ALTERNATE(NAME_NOWHERE), "5.1.1", NULL, false, false},
    {"the recipient again", ALTERNATE("60{30{" DE_X " A2{13'LAND'} A5{80'Lee'}}}"), "5.1.1", NULL, false,
     false},
    {"one that the message was meant for before",
     ALTERNATE(NAME_DEPUTY) HISTORY(STEP(NAME_DEPUTY, "231101120000Z", "00")), "5.1.1", NULL, false, false},
    {"another one was meant before",
     ALTERNATE(NAME_DEPUTY) HISTORY(STEP(NAME_NOWHERE, "231101120000Z", "00")), "5.1.1", DEPUTY, false,
     false},
    {"the alternate failed", ALTERNATE(NAME_DEPUTY), "5.1.1", NULL, true, false},
    {"a loop", ALTERNATE(NAME_DEPUTY), "5.4.6", NULL, false, false},
    {"its time is over", ALTERNATE(NAME_DEPUTY), "5.4.7", NULL, false, false},
    {"its content was cut", ALTERNATE(NAME_DEPUTY), "5.3.4", NULL, false, true},
};

START_TEST(choice)
{
  GByteArray *apdu = envelopes_apdu(IN_RECIPIENT_EXTENSIONS, cases[_i].extensions);
  GByteArray *whole = strstr(cases[_i].what, "Internet")
                          ? envelopes_apdu_mail(IN_RECIPIENT_EXTENSIONS, cases[_i].extensions)
                          : g_byte_array_ref(apdu);
  g_autoptr(mapping_job_t) job = job_of(MAPPING_REPORT, whole);
  job->truncated = cases[_i].cut;
  struct mapping_recipient *outcome = add_failed(job, cases[_i].code);
  outcome->redirected_us = cases[_i].before ? job->received_us : 0;
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  ck_assert_msg(result->redirected->len == (cases[_i].mapped != NULL), "%s", cases[_i].what);
  ck_assert_msg(result->recipients->len == (cases[_i].mapped == NULL), "%s: %s", cases[_i].what,
                result->words);
  if (cases[_i].mapped) {
    const struct mapping_recipient *redirected = result->redirected->pdata[0];
    ck_assert_str_eq(redirected->mapped, cases[_i].mapped);
    ck_assert_str_eq(redirected->hop, strchr(cases[_i].mapped, '@') ? "smtp:example.org" : "p1:land");
    ck_assert_uint_eq(redirected->ordinal, 0);
    ck_assert_int_eq(redirected->redirected_us, job->now_us);
  }
  g_bytes_unref(output);
  g_byte_array_unref(whole);
  g_byte_array_unref(apdu);
}
END_TEST

/* A content that no mail can be made of stays in X.400. */
START_TEST(alternate_that_cannot_take_it)
{
  GByteArray *apdu = envelopes_apdu(IN_RECIPIENT_EXTENSIONS, ALTERNATE(NAME_CARLA));
  g_autoptr(mapping_job_t) job = job_of(MAPPING_REPORT, apdu);
  add_failed(job, "5.1.1");
  g_autoptr(mapping_result_t) result = road_run(context, job, NULL);
  ck_assert_uint_eq(result->redirected->len,
                    0); /* the content of envelopes_apdu() is no interpersonal message */
  ck_assert_uint_eq(result->recipients->len, 1);
  g_byte_array_unref(apdu);
}
END_TEST

/* --- the envelope that goes on --- */

START_TEST(envelope_to_the_alternate)
{
  GByteArray *apdu = envelopes_apdu(
      IN_RECIPIENT_EXTENSIONS, ALTERNATE(NAME_DEPUTY) HISTORY(STEP(NAME_NOWHERE, "231101120000Z", "00")));
  g_autoptr(mapping_job_t) job = job_of(MAPPING_WRITE, apdu);
  job->hop = g_strdup("p1:land");
  road_recipient(job, LEE, DEPUTY, "p1:land")->redirected_us = job->now_us;
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  g_autofree char *name = envelopes_check(output, IN_RECIPIENT, NAME_DEPUTY);
  ck_assert_msg(!name, "%s", name);
  g_autofree char *history = envelopes_check(
      output, IN_RECIPIENT_EXTENSIONS,
      HISTORY(STEP(NAME_NOWHERE, "231101120000Z", "00") STEP(NAME_LEE, "231114221420+0000", "01")));
  ck_assert_msg(!history, "%s", history);
  g_autofree char *alternate = envelopes_check(output, IN_RECIPIENT_EXTENSIONS, ALTERNATE(NAME_DEPUTY));
  ck_assert_msg(alternate != NULL, "the request is used up");
  g_bytes_unref(output);
  g_byte_array_unref(apdu);
}
END_TEST

START_TEST(trace_tells_the_redirection)
{
  GByteArray *apdu = envelopes_apdu(IN_RECIPIENT_EXTENSIONS, ALTERNATE(NAME_DEPUTY));
  g_autoptr(mapping_job_t) job = job_of(MAPPING_WRITE, apdu);
  job->hop = g_strdup("p1:land");
  road_recipient(job, LEE, DEPUTY, "p1:land")->redirected_us = job->now_us;
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_ptr_nonnull(result);
  g_autoptr(GBytes) trace = envelopes_find(output, IN_MESSAGE, 0x69);
  ck_assert_ptr_nonnull(trace);
  /* the last element is ours: a bit string whose first bit says redirected */
  gsize length;
  const guint8 *octets = g_bytes_get_data(trace, &length);
  ck_assert_uint_ge(length, 4);
  ck_assert_msg(octets[length - 1] == 0x80 && octets[length - 3] == 2,
                "other-actions are last and say redirected");
  g_bytes_unref(output);
  g_byte_array_unref(apdu);
}
END_TEST

/* proves: rcp:alternate/smtp */
START_TEST(mail_to_the_alternate)
{
  GByteArray *apdu = envelopes_apdu_mail(IN_RECIPIENT_EXTENSIONS, ALTERNATE(NAME_CARLA));
  g_autoptr(mapping_job_t) job = job_of(MAPPING_WRITE, apdu);
  job->hop = g_strdup("smtp:example.org");
  road_recipient(job, BOB, "carla@example.org", "smtp:example.org")->redirected_us = job->now_us;
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  const struct mapping_recipient *to = result->recipients->pdata[0];
  ck_assert_str_eq(to->mapped, "carla@example.org");
  ck_assert_ptr_nonnull(to->orcpt); /* who was first meant */
  ck_assert_msg(g_str_has_prefix(to->orcpt, "x400;") && strstr(to->orcpt, "bob(a)example.org"), "%s",
                to->orcpt);
  g_autofree char *text = g_strndup(g_bytes_get_data(output, NULL), g_bytes_get_size(output));
  g_auto(GStrv) words = g_strsplit_set(text, " \r\n", -1); /* fields are folded */
  g_autofree char *flat = g_strjoinv(" ", words);
  ck_assert_msg(strstr(flat, "bob@example.org") && strstr(flat, "Alternate"), "%s", text);
  ck_assert_ptr_null(strstr(text, "Discarded-X400-MTS-Extensions"));
  g_bytes_unref(output);
  g_byte_array_unref(apdu);
}
END_TEST

/* 12.2.1.3: the report on an alternate names it, and who was first meant. */
START_TEST(report_on_the_alternate)
{
  GByteArray *apdu = envelopes_apdu(IN_RECIPIENT_EXTENSIONS, ALTERNATE(NAME_DEPUTY));
  g_autoptr(mapping_job_t) job = job_of(MAPPING_REPORT, apdu);
  add_failed(job, "5.1.1")->redirected_us = job->received_us;
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  ck_assert_uint_eq(result->recipients->len, 1);
  g_autofree char *actual =
      envelopes_check(output, IN_REPORT_RECIPIENT, "A0{30{" DE_X " A2{13'land'} A5{80'deputy'}}}");
  ck_assert_msg(!actual, "%s", actual);
  g_autofree char *intended =
      envelopes_check(output, IN_REPORT_RECIPIENT, "A4{30{" DE_X " A2{13'land'} A5{80'lee'}}}");
  ck_assert_msg(!intended, "%s", intended);
  g_autofree char *history = envelopes_check(output, IN_REPORT_RECIPIENT_EXTENSIONS,
                                             HISTORY(STEP(NAME_LEE, "231114221320+0000", "01")));
  ck_assert_msg(!history, "%s", history);
  g_bytes_unref(output);
  g_byte_array_unref(apdu);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("redirection");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, setup, teardown);
  tcase_add_loop_test(all, choice, 0, G_N_ELEMENTS(cases));
  tcase_add_test(all, alternate_that_cannot_take_it);
  tcase_add_test(all, envelope_to_the_alternate);
  tcase_add_test(all, trace_tells_the_redirection);
  tcase_add_test(all, mail_to_the_alternate);
  tcase_add_test(all, report_on_the_alternate);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
