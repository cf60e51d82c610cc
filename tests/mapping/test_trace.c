/* Trace of both worlds: RFC 2156 5.1.6, 5.1.7, 5.3.7. */
#include "lib/road.h"
#include "mapping/envelope.h"
#include "mapping/trace.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <MTS-APDU.h>

static struct mapping_context *context;

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

/* Every form of EBNF.x400-trace comes out as it went in. */
START_TEST(x400_received_comes_back)
{
  static const char *const lines[] = {
      "by /PRMD=UK.AC/ADMD=Gold 400/C=GB/; Relayed; Tue, 20 Jun 1989 19:25:11 +0100",
      "by mta \"UK.AC.UCL.CS\" in /PRMD=UK.AC/ADMD=Gold 400/C=GB/; deferred until Tue, 20 Jun 1989 14:24:22 "
      "+0100; "
      "converted (Undefined, G3-Fax); attempted MD /ADMD=Foo/C=GB/; Relayed, Expanded, Redirected; "
      "Tue, 20 Jun 1989 19:25:11 +0100",
      "by mta sea-mta in /PRMD=sea/ADMD= /C=de/; attempted MTA other; Rerouted; Thu, 2 Jan 1997 14:46:03 "
      "+0000",
      "by mta \"a;b \\\"c\\\"\" in /ADMD=x/C=de/; converted (IA5-Text, (1)(3)(6)(1)(7)(1)(3)(5)); Relayed; "
      "Thu, 2 Jan 1997 14:46:03 -0330"};
  struct trace_element *element = trace_parse(lines[_i]);
  ck_assert_ptr_nonnull(element);
  g_autofree char *text = trace_format(element);
  ck_assert_str_eq(text, lines[_i]);
  trace_element_free(element);
}
END_TEST

START_TEST(what_is_no_trace_is_refused)
{
  static const char *const lines[] = {"",
                                      "by",
                                      "by nobody; Relayed; Thu, 2 Jan 1997 14:46:03 +0000",
                                      "by /C=de/ADMD=x/; Relayed; yesterday",
                                      "by mta; ;",
                                      ";;;;",
                                      "by mta \""};
  ck_assert_ptr_null(trace_parse(lines[_i]));
}
END_TEST

static struct trace_element *element(const char *prmd, const char *mta, gint64 seconds, bool converted)
{
  struct mapping_gdi gdi = {(char *)"de", (char *)"x", (char *)(guintptr)prmd};
  struct mail_time time = {(1700000000 + seconds) * G_USEC_PER_SEC, 0}; /* UTCTime begins in 1980 */
  struct trace_element *made = trace_element_new(&gdi, mta, &time);
  if (converted) {
    made->converted = eit_new();
    eit_add(made->converted, oid_dotted(OID_EIT_MIXER));
  }
  return made;
}

static GPtrArray *through_asn1(GPtrArray *list)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MTS_APDU);
  MTS_APDU_t *apdu = asn1_value_get(value);
  apdu->present = MTS_APDU_PR_message;
  MessageTransferEnvelope_t *envelope = &apdu->choice.message.envelope;
  trace_to_asn1(list, value, &envelope->trace_information, &envelope->extensions);
  return trace_from_asn1(value, &envelope->trace_information, envelope->extensions);
}

static void check_same(GPtrArray *a, GPtrArray *b)
{
  ck_assert_uint_eq(a->len, b->len);
  for (guint i = 0; i < a->len; i++) {
    g_autofree char *x = trace_format(a->pdata[i]), *y = trace_format(b->pdata[i]);
    ck_assert_str_eq(x, y);
  }
}

/* proves: B5<> */
START_TEST(traces_of_several_domains_interleave)
{
  g_autoptr(GPtrArray) list = trace_list_new();
  g_ptr_array_add(list, element("a", "a1", 1, false));
  g_ptr_array_add(list, element("a", "a2", 2, true));
  g_ptr_array_add(list, element("b", NULL, 3, false));
  g_ptr_array_add(list, element("a", "a1", 4, false));
  g_ptr_array_add(list, element("c", "c1", 5, true));
  g_autoptr(GPtrArray) back = through_asn1(list);
  check_same(list, back);
}
END_TEST

/* The domain's external element sums up its conversions: they must not be counted once more for the first
 * MTA. */
START_TEST(conversion_is_told_once)
{
  g_autoptr(GPtrArray) list = trace_list_new();
  for (gint64 i = 0; i < 8; i++)
    g_ptr_array_add(list, element(i % 4 < 2 ? "a" : "b", i % 2 ? "gateway" : "other", i + 1, i % 2));
  g_autoptr(GPtrArray) back = through_asn1(list);
  guint conversions = 0;
  for (guint i = 0; i < back->len; i++)
    conversions += ((const struct trace_element *)back->pdata[i])->converted != NULL;
  ck_assert_uint_eq(conversions, 4);
}
END_TEST

static char *loop_of(guint conversions, guint visits, guint hops)
{
  g_autoptr(GPtrArray) list = trace_list_new();
  struct mapping_gdi own = {(char *)"DE", (char *)"x", (char *)"sea"};
  for (guint i = 0; i < hops; i++)
    g_ptr_array_add(list, element("sea", i < visits ? "sea-mta" : "other", i, i < conversions));
  return trace_loop(list, &own, "SEA-MTA", 50);
}

/* 5.1.5: five conversions go, the sixth is a loop. */
/* proves: H:loop */
START_TEST(loops_are_seen)
{
  g_autofree char *none = loop_of(5, 5, 50), *conversions = loop_of(6, 0, 10), *visits = loop_of(0, 6, 10),
                  *hops = loop_of(0, 0, 51);
  ck_assert_ptr_null(none);
  ck_assert_ptr_nonnull(strstr(conversions, "converted"));
  ck_assert_ptr_nonnull(strstr(visits, "this gateway"));
  ck_assert_ptr_nonnull(strstr(hops, "51 elements"));
}
END_TEST

#define HEAD "From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\n"
#define RECIPIENT "\"/S=lee/PRMD=land/ADMD=x/C=de/\"@sea.example"

static struct mapping_result *read_mail(const char *mail)
{
  g_autoptr(mapping_job_t) job = road_job(MAPPING_READ, MAPPING_MAIL, mail, strlen(mail));
  job->sender = g_strdup("a@example.org");
  road_recipient(job, RECIPIENT, NULL, NULL);
  return road_run(context, job, NULL);
}

/* proves: H:loop */
START_TEST(looping_mail_is_refused)
{
  g_autoptr(GString) mail = g_string_new(NULL);
  for (guint i = 0; i < 200; i++)
    g_string_append(mail, "Received: from a by b; Thu, 2 Jan 1997 14:46:03 +0000\r\n");
  g_string_append(mail, HEAD "\r\nx\r\n");
  g_autoptr(mapping_result_t) result = read_mail(mail->str);
  ck_assert_int_eq(result->status, MAPPING_OK);
  const struct mapping_recipient *recipient = result->recipients->pdata[0];
  ck_assert(recipient->failed);
  ck_assert_str_eq(recipient->code, "5.4.6");
  ck_assert_int_eq(recipient->reason, 1);
  ck_assert_int_eq(recipient->diagnostic, 3);
  g_autoptr(mapping_result_t) good =
      read_mail("Received: from a by b; Thu, 2 Jan 1997 14:46:03 +0000\r\n" HEAD "\r\nx\r\n");
  ck_assert(!((const struct mapping_recipient *)good->recipients->pdata[0])->failed);
}
END_TEST

/* A mail goes round through this gateway, sea -> mail -> sea ..., until it is stopped: neither too early nor
 * never. */
/* proves: H:loop */
START_TEST(ping_pong_ends)
{
  static const char start[] = HEAD "Date: Thu, 2 Jan 1997 14:46:03 +0000\r\n\r\nx\r\n";
  GBytes *mail = g_bytes_new_static(start, strlen(start));
  guint rounds = 0;
  for (; rounds < 20; rounds++) {
    g_autofree char *text = g_strndup(g_bytes_get_data(mail, NULL), g_bytes_get_size(mail));
    g_autoptr(mapping_result_t) read = read_mail(text);
    if (((const struct mapping_recipient *)read->recipients->pdata[0])->failed)
      break;
    g_autoptr(GBytes) apdu = road_to_x400(context, "a@example.org", RECIPIENT, mail, NULL);
    g_bytes_unref(mail);
    mail = road_to_mail(context, "b@example.org", apdu, NULL);
  }
  g_bytes_unref(mail);
  ck_assert_uint_eq(rounds, 6);
}
END_TEST

START_TEST(received_gives_its_mta_and_time)
{
  static const char text[] =
      "Received: from computer-science.nottingham.ac.uk by\r\n vs6.Cs.Ucl.AC.UK via Janet with NIFTP id "
      "aa03794;\r\n"
      " 28 Mar 89 16:38 GMT\r\n"
      "Received: from x (by way of nobody) by first.example; Tue, 28 Mar 1989 16:30:00 +0000\r\n" HEAD
      "Date: Tue, 28 Mar 1989 16:00:00 +0100\r\n\r\n";
  g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
  g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
  struct mapping_gdi fallback = {(char *)"de", (char *)"x", (char *)"sea"};
  struct mail_time now = {0, 0};
  g_autoptr(GPtrArray) list = trace_from_mail(context, mail->root, &fallback, "example.org", &now);
  static const char *const wanted[] = {
      "by mta \"example.org\" in /PRMD=sea/ADMD=x/C=de/; Relayed; Tue, 28 Mar 1989 16:00:00 +0100",
      "by mta \"first.example\" in /PRMD=sea/ADMD=x/C=de/; Relayed; Tue, 28 Mar 1989 16:30:00 +0000",
      "by mta \"vs6.Cs.Ucl.AC.UK\" in /PRMD=sea/ADMD=x/C=de/; Relayed; Tue, 28 Mar 1989 16:38:00 +0000"};
  ck_assert_uint_eq(list->len, 3);
  for (guint i = 0; i < 3; i++) {
    g_autofree char *line = trace_format(list->pdata[i]);
    ck_assert_str_eq(line, wanted[i]);
  }
}
END_TEST

/* 3.3.5: a time that cannot be read is that of the translation; nothing of the trace is lost for it. */
/* proves: B5-unparsable H:Date H:Received */
START_TEST(times_that_cannot_be_read_are_now)
{
  static const char text[] = "Received: from x by mx.example; yesterday\r\nReceived: by no.time.example\r\n" HEAD
                             "Date: soon\r\n\r\n";
  g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
  g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
  struct mapping_gdi fallback = {(char *)"de", (char *)"x", (char *)"sea"};
  struct mail_time now = {G_GINT64_CONSTANT(852216363) * G_USEC_PER_SEC, 60};
  g_autoptr(GPtrArray) list = trace_from_mail(context, mail->root, &fallback, "example.org", &now);
  static const char *const wanted[] = {"\"example.org\"", "\"no.time.example\"", "\"mx.example\""};
  ck_assert_uint_eq(list->len, 3);
  for (guint i = 0; i < 3; i++) {
    g_autofree char *line = trace_format(list->pdata[i]),
                    *want = g_strdup_printf("by mta %s in /PRMD=sea/ADMD=x/C=de/; Relayed; Thu, 2 Jan 1997 "
                                            "15:46:03 +0100",
                                            wanted[i]);
    ck_assert_str_eq(line, want);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/trace");
  TCase *tests = tcase_create("trace");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, x400_received_comes_back, 0, 4);
  tcase_add_loop_test(tests, what_is_no_trace_is_refused, 0, 7);
  tcase_add_test(tests, traces_of_several_domains_interleave);
  tcase_add_test(tests, conversion_is_told_once);
  tcase_add_test(tests, loops_are_seen);
  tcase_add_test(tests, looping_mail_is_refused);
  tcase_add_test(tests, ping_pong_ends);
  tcase_add_test(tests, received_gives_its_mta_and_time);
  tcase_add_test(tests, times_that_cannot_be_read_are_now);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
