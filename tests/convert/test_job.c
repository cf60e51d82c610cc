/* Jobs and results as frames: what is packed comes out the same; what is not well formed does not come out at
 * all. */
#include "convert/job.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int some_file(void)
{
  int fd = memfd_create("x", MFD_CLOEXEC);
  ck_assert_int_ge(fd, 0);
  return fd;
}

/* A duplicate as SCM_RIGHTS would make it. */
static GArray *received(const GArray *fds)
{
  GArray *own = g_array_new(FALSE, FALSE, sizeof(int));
  for (guint i = 0; i < fds->len; i++) {
    int fd = fcntl(g_array_index(fds, int, i), F_DUPFD_CLOEXEC, 0);
    g_array_append_val(own, fd);
  }
  return own;
}

static struct mapping_recipient *a_recipient(guint ordinal)
{
  struct mapping_recipient *recipient = mapping_recipient_new(ordinal);
  recipient->address = g_strdup("\xff\xfenot UTF-8@example.org");
  recipient->mapped = g_strdup("/S=x/C=de/");
  recipient->hop = g_strdup("p1:land");
  recipient->fallbacks = g_strdup("p1:a\np1:b");
  recipient->orcpt = g_strdup("");
  recipient->notify = MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_DELAY;
  recipient->receipts = MAPPING_RECEIPT | MAPPING_IPM_RETURN;
  recipient->number = 32767;
  recipient->apart = MAPPING_APART_MESSAGE;
  recipient->failed = true;
  recipient->action = MAPPING_EXPANDED;
  recipient->code = g_strdup("5.1.1");
  recipient->words = g_strdup("no such user");
  recipient->reason = 0;
  recipient->diagnostic = 17;
  recipient->remote = g_strdup("dns; mx");
  recipient->time_us = -5;
  recipient->redirected_us = 1700000000000000;
  return recipient;
}

static void assert_recipient(const struct mapping_recipient *got, const struct mapping_recipient *sent)
{
  ck_assert_uint_eq(got->ordinal, sent->ordinal);
  ck_assert_str_eq(got->address, sent->address);
  ck_assert_str_eq(got->mapped, sent->mapped);
  ck_assert_str_eq(got->hop, sent->hop);
  ck_assert_str_eq(got->fallbacks, sent->fallbacks);
  ck_assert_str_eq(got->orcpt, sent->orcpt);
  ck_assert_uint_eq(got->notify, sent->notify);
  ck_assert_uint_eq(got->receipts, sent->receipts);
  ck_assert_uint_eq(got->number, sent->number);
  ck_assert_uint_eq(got->apart, sent->apart);
  ck_assert(got->failed == sent->failed);
  ck_assert_int_eq(got->action, sent->action);
  ck_assert_str_eq(got->code, sent->code);
  ck_assert_str_eq(got->words, sent->words);
  ck_assert_int_eq(got->reason, sent->reason);
  ck_assert_int_eq(got->diagnostic, sent->diagnostic);
  ck_assert_str_eq(got->remote, sent->remote);
  ck_assert_int_eq(got->time_us, sent->time_us);
  ck_assert_int_eq(got->redirected_us, sent->redirected_us);
}

static struct mapping_job *a_job(void)
{
  struct mapping_job *job = mapping_job_new(MAPPING_WRITE);
  job->format = MAPPING_APDU;
  job->id = G_MAXUINT64;
  job->received_us = 1795457636173338;
  job->now_us = 1;
  job->peer = g_strdup("sea");
  job->sender = g_strdup("");
  job->client = g_strdup("host [192.0.2.1]");
  job->ret = MAPPING_RET_HDRS;
  job->recipients_total = 70000;
  job->hop = g_strdup("smtp:[mx]:25");
  job->text = g_strdup("line\nline");
  job->to_x400 = job->explain = job->truncated = true;
  job->size = 1234567890123;
  job->in_fd = some_file();
  job->tables_fd = some_file();
  for (int i = 0; i < 3; i++) {
    int fd = some_file();
    g_array_append_val(job->table_fds, fd);
  }
  g_ptr_array_add(job->recipients, a_recipient(0));
  g_ptr_array_add(job->recipients, a_recipient(7));
  job->subject = (struct mapping_subject){true,
                                          g_strdup("ann@example.org"),
                                          g_strdup("<m@example.org>"),
                                          g_strdup("[/C=de/;1]"),
                                          g_strdup("QQ314159"),
                                          job->subject.recipients};
  g_ptr_array_add(job->subject.recipients, a_recipient(3));
  GVariantDict settings;
  g_variant_dict_init(&settings, NULL);
  g_variant_dict_insert(&settings, "domain", "s", "example.org");
  job->settings = g_variant_ref_sink(g_variant_dict_end(&settings));
  return job;
}

static bool same_file(int a, int b)
{
  /* one open file: what is written to one is in the other */
  char octet = (char)(a + b), got = 0;
  return pwrite(a, &octet, 1, 0) == 1 && pread(b, &got, 1, 0) == 1 && got == octet;
}

START_TEST(job_round_trip)
{
  g_autoptr(mapping_job_t) job = a_job();
  g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
  g_autoptr(GBytes) frame = convert_job_pack(job, fds);
  ck_assert_uint_eq(fds->len, 5);
  g_autoptr(GArray) came = received(fds);
  g_autoptr(GError) error = NULL;
  g_autoptr(mapping_job_t) got = convert_job_unpack(frame, came, &error);
  ck_assert_msg(got != NULL, "%s", error ? error->message : "");
  ck_assert_uint_eq(came->len, 0);
  ck_assert_int_eq(got->kind, job->kind);
  ck_assert(got->subject.known);
  ck_assert_str_eq(got->subject.sender, job->subject.sender);
  ck_assert_str_eq(got->subject.message_id, job->subject.message_id);
  ck_assert_str_eq(got->subject.mts_id, job->subject.mts_id);
  ck_assert_str_eq(got->subject.envid, job->subject.envid);
  assert_recipient(got->subject.recipients->pdata[0], job->subject.recipients->pdata[0]);
  ck_assert_int_eq(got->format, job->format);
  ck_assert_uint_eq(got->id, job->id);
  ck_assert_int_eq(got->received_us, job->received_us);
  ck_assert_int_eq(got->now_us, job->now_us);
  ck_assert_str_eq(got->peer, job->peer);
  ck_assert_str_eq(got->sender, "");
  ck_assert_ptr_null(got->envid);
  ck_assert_str_eq(got->client, job->client);
  ck_assert_int_eq(got->ret, job->ret);
  ck_assert_uint_eq(got->recipients_total, job->recipients_total);
  ck_assert_str_eq(got->hop, job->hop);
  ck_assert_str_eq(got->text, job->text);
  ck_assert(got->to_x400 && got->explain && got->truncated);
  ck_assert_uint_eq(got->size, job->size);
  ck_assert(g_variant_equal(got->settings, job->settings));
  ck_assert(same_file(got->in_fd, job->in_fd));
  ck_assert_int_eq(got->out_fd, -1);
  ck_assert(same_file(got->tables_fd, job->tables_fd));
  ck_assert_uint_eq(got->table_fds->len, 3);
  for (guint i = 0; i < 3; i++)
    ck_assert(same_file(g_array_index(got->table_fds, int, i), g_array_index(job->table_fds, int, i)));
  ck_assert_uint_eq(got->recipients->len, 2);
  for (guint i = 0; i < 2; i++)
    assert_recipient(got->recipients->pdata[i], job->recipients->pdata[i]);
}
END_TEST

START_TEST(empty_job)
{
  for (int kind = MAPPING_SETUP; kind <= MAPPING_COMPILE; kind++) {
    g_autoptr(mapping_job_t) job = mapping_job_new((enum mapping_kind)kind);
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
    g_autoptr(GBytes) frame = convert_job_pack(job, fds);
    g_autoptr(mapping_job_t) got = convert_job_unpack(frame, fds, NULL);
    ck_assert_ptr_nonnull(got);
    ck_assert_int_eq(got->kind, kind);
    ck_assert_ptr_null(got->text);
    ck_assert_int_eq(got->in_fd, -1);
    ck_assert_uint_eq(got->recipients->len, 0);
  }
}
END_TEST

static struct mapping_result *a_result(void)
{
  struct mapping_result *result = mapping_result_new();
  result->status = MAPPING_PARK;
  result->words = g_strdup("offset 12: \x80");
  result->code = g_strdup("5.6.0");
  result->content = MAPPING_CONTENT_NOTIFICATION;
  result->priority = 2;
  result->mapped = g_strdup("a@b");
  result->hop = g_strdup("p1:x");
  result->sender = g_strdup("");
  result->ret = MAPPING_RET_FULL;
  result->duplicate_key = g_bytes_new("\0\1\2", 3);
  result->no_report = result->has_8bit = result->smtputf8 = true;
  result->format = MAPPING_APDU;
  result->size = 99;
  result->deferred_until_us = 5;
  result->latest_us = 6;
  g_ptr_array_add(result->recipients, a_recipient(3));
  g_ptr_array_add(result->redirected, a_recipient(4));
  struct mapping_identifier *identifier = g_new0(struct mapping_identifier, 1);
  identifier->kind = g_strdup("message-id");
  identifier->value = g_strdup("<x@y>");
  g_ptr_array_add(result->identifiers, identifier);
  g_ptr_array_add(result->losses, g_strdup("one"));
  g_ptr_array_add(result->losses, g_strdup(""));
  g_ptr_array_add(result->lines, g_strdup("t:1: \xe4"));
  return result;
}

START_TEST(result_round_trip)
{
  g_autoptr(mapping_result_t) result = a_result();
  g_autoptr(GBytes) frame = convert_result_pack(result);
  g_autoptr(GError) error = NULL;
  g_autoptr(mapping_result_t) got = convert_result_unpack(frame, &error);
  ck_assert_msg(got != NULL, "%s", error ? error->message : "");
  ck_assert_int_eq(got->status, MAPPING_PARK);
  ck_assert_str_eq(got->words, result->words);
  ck_assert_str_eq(got->code, result->code);
  ck_assert_int_eq(got->content, result->content);
  ck_assert_uint_eq(got->priority, 2);
  ck_assert_str_eq(got->mapped, result->mapped);
  ck_assert_str_eq(got->hop, result->hop);
  ck_assert_str_eq(got->sender, "");
  ck_assert_ptr_null(got->envid);
  ck_assert_int_eq(got->ret, result->ret);
  ck_assert(g_bytes_equal(got->duplicate_key, result->duplicate_key));
  ck_assert(got->no_report && got->has_8bit && got->smtputf8);
  ck_assert_int_eq(got->format, MAPPING_APDU);
  ck_assert_uint_eq(got->size, 99);
  ck_assert_int_eq(got->deferred_until_us, 5);
  ck_assert_int_eq(got->latest_us, 6);
  assert_recipient(got->recipients->pdata[0], result->recipients->pdata[0]);
  assert_recipient(got->redirected->pdata[0], result->redirected->pdata[0]);
  const struct mapping_identifier *identifier = got->identifiers->pdata[0];
  ck_assert_str_eq(identifier->kind, "message-id");
  ck_assert_str_eq(identifier->value, "<x@y>");
  ck_assert_uint_eq(got->losses->len, 2);
  ck_assert_str_eq(got->losses->pdata[1], "");
  ck_assert_str_eq(got->lines->pdata[0], "t:1: \xe4");
  /* The default of a number that is not 0 in an empty result survives too. */
  g_autoptr(mapping_result_t) normal = mapping_result_new();
  g_autoptr(GBytes) small = convert_result_pack(normal);
  g_autoptr(mapping_result_t) again = convert_result_unpack(small, NULL);
  ck_assert_uint_eq(again->priority, normal->priority);
}
END_TEST

/* --- malformed --- */

/* The fields of a job in the order in which they travel; an empty job has one zero octet for each. */
enum field {
  KIND,
  FORMAT,
  ID,
  RECEIVED,
  NOW,
  PEER,
  SENDER,
  ENVID,
  CLIENT,
  SUBJECT,
  SUBJECT_SENDER,
  SUBJECT_MESSAGE_ID,
  SUBJECT_MTS_ID,
  SUBJECT_ENVID,
  SUBJECT_RECIPIENTS,
  RET,
  RECIPIENTS,
  RECIPIENTS_TOTAL,
  HOP,
  TEXT,
  TO_X400,
  EXPLAIN,
  ANSWERS,
  SIZE,
  TRUNCATED,
  SETTINGS,
  IN,
  OUT,
  TABLES,
  TABLE_SOURCES,
  FIELDS
};

/* An empty job with these octets in the place of one field's (or, with FIELDS, after the last). */
static void refuse_job(enum field field, const char *octets, gsize length, const char *words)
{
  guint8 frame_octets[FIELDS + 64] = {0};
  gsize size = 0;
  for (int i = 0; i <= FIELDS; i++) {
    if (i == (int)field) {
      memcpy(frame_octets + size, octets, length);
      size += length;
    } else if (i < FIELDS) {
      size++;
    }
  }
  g_autoptr(GBytes) frame = g_bytes_new(frame_octets, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
  int fd = some_file();
  g_array_append_val(fds, fd);
  ck_assert_ptr_null(convert_job_unpack(frame, fds, &error));
  ck_assert_int_eq(error->code, CONVERT_ERROR_MALFORMED);
  ck_assert_msg(strstr(error->message, words), "%s", error->message);
  ck_assert_uint_eq(fds->len, 0);
  ck_assert_int_eq(fcntl(fd, F_GETFD), -1); /* what was not taken is closed */
}

START_TEST(malformed_jobs)
{
  refuse_job(KIND, "\x06", 1, "kind is malformed");
  refuse_job(TO_X400, "\x02", 1, "to-x400 is malformed");
  refuse_job(RECIPIENTS_TOTAL, "\x80\x80\x80\x80\x10", 5, "recipients-total is malformed"); /* 2^32 */
  refuse_job(ID, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, "id is malformed");        /* 65 bits */
  refuse_job(ID, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, "id is malformed");    /* 11 octets */
  refuse_job(TEXT, "\x03\x41\x00", 3, "text is malformed"); /* a zero inside */
  refuse_job(TEXT, "\x7f\x41", 2, "text is malformed");     /* longer than the frame */
  refuse_job(FIELDS, "\x00", 1, "1 octets too many");
  refuse_job(IN, "\x02", 1, "in is malformed");      /* the second of one */
  refuse_job(IN, "\x01\x01", 2, "out is malformed"); /* one descriptor for two */
  refuse_job(TABLE_SOURCES, "\x02\x01\x01", 3, "table-sources is malformed");
  refuse_job(RECIPIENTS, "\x7f", 1, "recipients is malformed"); /* more than octets are left */
  refuse_job(RECIPIENTS, "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05", 13, "action is malformed");
  refuse_job(SETTINGS, "\x04\x01\x02\x03", 4, "settings is malformed");
  g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
  g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(int));
  ck_assert_ptr_null(convert_job_unpack(nothing, none, NULL));
  ck_assert_ptr_null(convert_result_unpack(nothing, NULL));
}
END_TEST

/* No octet of a frame can be changed into a crash. */
START_TEST(damaged_frames)
{
  g_autoptr(mapping_job_t) job = a_job();
  g_autoptr(mapping_result_t) result = a_result();
  g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
  g_autoptr(GBytes) job_frame = convert_job_pack(job, fds), result_frame = convert_result_pack(result);
  GBytes *frames[] = {job_frame, result_frame};
  g_autoptr(GRand) random = g_rand_new_with_seed(7);
  for (guint round = 0; round < 20000; round++) {
    gsize length = 0;
    const guint8 *data = g_bytes_get_data(frames[round % 2], &length);
    guint8 *copy = g_memdup2(data, length);
    for (guint i = 0; i <= round % 3; i++)
      copy[g_rand_int_range(random, 0, (gint32)length)] = (guint8)g_rand_int(random);
    gsize kept = round % 5 ? length : (gsize)g_rand_int_range(random, 0, (gint32)length);
    g_autoptr(GBytes) damaged = g_bytes_new_take(copy, kept);
    if (round % 2) {
      mapping_result_free(convert_result_unpack(damaged, NULL));
    } else {
      g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(int));
      mapping_job_free(convert_job_unpack(damaged, none, NULL));
    }
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("job");
  TCase *tests = tcase_create("job");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, job_round_trip);
  tcase_add_test(tests, empty_job);
  tcase_add_test(tests, result_round_trip);
  tcase_add_test(tests, malformed_jobs);
  tcase_add_test(tests, damaged_frames);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
