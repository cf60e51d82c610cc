/* The times of an envelope as READ and WRITE see them: whose deferred delivery is ours to do
 * (X.411 8.2.1.1.1.12), what the trace tells of it (8.5.4), the latest delivery time. */
#include "lib/addressing.h"
#include "lib/envelopes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* road_job() is accepted at 2023-11-14 22:13:20. */
#define BEFORE "80'231114221319Z'"
#define LATER "80'231114223000Z'"
#define ZONED "80'2311142330+0100'"
#define LATER_US (G_GINT64_CONSTANT(1700001000) * G_USEC_PER_SEC)
#define LATEST "30{80<05> 81<0520> A2{17'231114230000Z'}}"
#define LATEST_US (G_GINT64_CONSTANT(1700002800) * G_USEC_PER_SEC)

static struct mapping_context *context;

static void setup(void)
{
  context = addressing_context(
      "'peers': <[{'name': <'holder'>, 'deferred-delivery': <'honour'>}, {'name': <'passer'>, "
      "'deferred-delivery': "
      "<'pass'>}, {'name': <'land'>}]>, 'routes': <[{'or': <'/PRMD=land/ADMD=x/C=de/'>, 'peer': <'land'>}]>,",
      NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

static const struct {
  const char *peer, *field;
  gint64 until;
} deferrals[] = {
    {"holder", LATER, LATER_US}, {"holder", ZONED, LATER_US}, {"holder", BEFORE, 0},
    {"passer", LATER, 0},        {"land", LATER, 0}, /* nothing was agreed */
    {"stranger", LATER, 0},
};

START_TEST(deferral_of_x400)
{
  GByteArray *apdu = envelopes_apdu(IN_MESSAGE, deferrals[_i].field);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_READ, MAPPING_APDU, apdu->data, apdu->len);
  job->peer = g_strdup(deferrals[_i].peer);
  g_autoptr(mapping_result_t) result = road_run(context, job, NULL);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  ck_assert_int_eq(result->deferred_until_us, deferrals[_i].until);
  g_byte_array_unref(apdu);
}
END_TEST

/* The element that we add says deferred-time when it was we who held it; the field goes on either way. */
START_TEST(deferral_in_transit)
{
  GByteArray *apdu = envelopes_apdu(IN_MESSAGE, deferrals[_i].field);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_APDU, apdu->data, apdu->len);
  job->peer = g_strdup(deferrals[_i].peer);
  job->hop = g_strdup("p1:land");
  road_recipient(job, LEE, LEE, "p1:land");
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  g_autofree char *field = envelopes_check(output, IN_MESSAGE, deferrals[_i].field);
  ck_assert_msg(!field, "%s", field);
  g_autoptr(GBytes) trace = envelopes_find(output, IN_MESSAGE, 0x69);
  const char *digits =
      strcmp(deferrals[_i].field, ZONED) == 0 ? "2311142330" : "231114223000"; /* its zone stays */
  bool told = memmem(g_bytes_get_data(trace, NULL), g_bytes_get_size(trace), digits, strlen(digits));
  ck_assert_int_eq(told, deferrals[_i].until != 0);
  g_bytes_unref(output);
  g_byte_array_unref(apdu);
}
END_TEST

static const struct {
  const char *header;
  gint64 deferred, latest;
} mails[] = {
    {"", 0, 0},
    {"Deferred-Delivery: Tue, 14 Nov 2023 22:30:00 +0000\r\n", LATER_US, 0},
    {"Deferred-Delivery: Tue, 14 Nov 2023 23:30:00 +0100\r\n", LATER_US, 0},
    {"Deferred-Delivery: Tue, 14 Nov 2023 22:00:00 +0000\r\n", 0, 0},
    {"Deferred-Delivery: tomorrow\r\n", 0, 0},
    {"Latest-Delivery-Time: Tue, 14 Nov 2023 23:00:00 +0000\r\n", 0, LATEST_US},
};

START_TEST(times_of_mail)
{
  g_autofree char *mail = g_strdup_printf("From: ann@example.org\r\n%s\r\nx\r\n", mails[_i].header);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_READ, MAPPING_MAIL, mail, strlen(mail));
  job->sender = g_strdup("ann@example.org");
  road_recipient(job, "\"" LEE "\"@gw.test", NULL, NULL);
  g_autoptr(mapping_result_t) result = road_run(context, job, NULL);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  ck_assert_int_eq(result->deferred_until_us, mails[_i].deferred);
  ck_assert_int_eq(result->latest_us, mails[_i].latest);
}
END_TEST

START_TEST(latest_of_x400)
{
  GByteArray *apdu = envelopes_apdu(IN_MESSAGE_EXTENSIONS, LATEST);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_READ, MAPPING_APDU, apdu->data, apdu->len);
  job->peer = g_strdup("land");
  g_autoptr(mapping_result_t) result = road_run(context, job, NULL);
  ck_assert_int_eq(result->latest_us, LATEST_US);
  g_byte_array_unref(apdu);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("times");
  TCase *all = tcase_create("all");
  tcase_add_checked_fixture(all, setup, teardown);
  tcase_add_loop_test(all, deferral_of_x400, 0, G_N_ELEMENTS(deferrals));
  tcase_add_loop_test(all, deferral_in_transit, 0, G_N_ELEMENTS(deferrals));
  tcase_add_loop_test(all, times_of_mail, 0, G_N_ELEMENTS(mails));
  tcase_add_test(all, latest_of_x400);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
