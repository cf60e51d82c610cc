/* A mail through the whole conversion and back: read, write_apdu, read, write_mail. */
#include "lib/road.h"
#include "mapping/mime_charset.h"
#include "mapping/mime_in.h"
#include "mapping/mime_word.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECIPIENT "\"/S=lee/G=ann/PRMD=land/ADMD=x/C=de/\"@sea.example"

static GBytes *there_and_back(struct mapping_context *context, GBytes *mail)
{
  g_autoptr(GBytes) apdu = road_to_x400(context, "joerg@example.org", RECIPIENT, mail, NULL);
  return road_to_mail(context, "ann@example.org", apdu, NULL);
}

static void check_the_mail(struct mapping_context *context, GBytes *back)
{
  g_autoptr(mime_mail_t) mail = road_parse(context, back);
  const struct mime_part *root = mail->root;
  road_check_field(context, root, "From", "Jörg Müller <joerg@example.org>");
  road_check_field(context, root, "To", "Ann Lee <ann@land.example>, \"Doe, John\" <john@example.net>");
  road_check_field(context, root, "Cc", "carl@example.net");
  road_check_field(context, root, "Reply-To", "replies@example.org");
  road_check_field(context, root, "Subject", "Prüfbericht für Köln");
  road_check_field(context, root, "Message-ID", "<road.20231114@example.org>");
  road_check_field(context, root, "In-Reply-To", "<first.1@example.net>");
  road_check_field(context, root, "References", "<zero.0@example.net> <first.1@example.net>");
  road_check_field(context, root, "Importance", "high");
  road_check_field(context, root, "Sensitivity", "Private");
  road_check_field(context, root, "X-Mailer", "Test Mailer 1.0");
  road_check_field(context, root, "Date", "Tue, 14 Nov 2023 23:12:00 +0100");
  ck_assert_str_eq(root->type->value, "multipart/mixed");
  ck_assert_uint_eq(root->children->len, 3);

  g_autoptr(GBytes) text = road_content(mail, root->children->pdata[0]);
  g_autoptr(GString) utf8 = g_string_new(NULL);
  gsize length;
  const char *octets = g_bytes_get_data(text, &length);
  ck_assert(mime_charset_to_utf8(
      context->charsets, mime_params_get(((struct mime_part *)root->children->pdata[0])->type, "charset"),
      octets, length, utf8, NULL));
  ck_assert_str_eq(utf8->str, "Grüße aus Köln: ä ö ü ß Ä Ö Ü.\r\nZweite Zeile.\r\n");

  const struct mime_part *pdf = root->children->pdata[1];
  g_autofree char *name = mime_part_filename(mail, pdf);
  ck_assert_str_eq(name, "Prüfbericht.pdf");
  ck_assert_str_eq(pdf->type->value, "application/pdf");
  g_autoptr(GBytes) wanted = road_file("tests/vectors/mapping/road.pdf");
  g_autoptr(GBytes) got = road_content(mail, pdf);
  ck_assert(g_bytes_equal(got, wanted));

  const struct mime_part *inner = ((struct mime_part *)root->children->pdata[2])->children->pdata[0];
  road_check_field(context, inner, "From", "Bob Smith <bob@example.net>");
  road_check_field(context, inner, "To", "ann@example.org");
  road_check_field(context, inner, "Subject", "inneres Stück");
  road_check_field(context, inner, "Message-ID", "<inner.1@example.net>");
  road_check_field(context, inner, "Date", "Thu, 2 Jan 1997 14:46:03 +0100");
  g_autoptr(GBytes) inside = road_content(mail, inner);
  octets = g_bytes_get_data(inside, &length);
  ck_assert_msg(length >= 11 && !memcmp(octets, "Inner text.", 11), "%.*s", (int)length, octets);
}

/* proves: B4<> B5<> A16<> A18<> */
START_TEST(multipart_comes_back_the_same)
{
  static const struct {
    const char *text, *attachment;
  } habits[] = {{"general-text", "file-transfer"},
                {"iso8859-1", "file-transfer"},
                {"ia5", "file-transfer"},
                {"general-text", "bilateral"},
                {"ia5", "bilateral"}};
  struct mapping_context *context =
      road_context("sea.example", habits[_i].text, habits[_i].attachment, "auto");
  g_autoptr(GBytes) mail = road_file("tests/vectors/mapping/road.eml");
  g_autoptr(GBytes) back = there_and_back(context, mail);
  check_the_mail(context, back);
  mapping_context_free(context);
}
END_TEST

START_TEST(same_input_gives_same_octets)
{
  struct mapping_context *one = road_context("sea.example", NULL, NULL, NULL),
                         *two = road_context("sea.example", NULL, NULL, NULL);
  g_autoptr(GBytes) mail = road_file("tests/vectors/mapping/road.eml");
  g_autoptr(GBytes) apdu = road_to_x400(one, "joerg@example.org", RECIPIENT, mail, NULL);
  g_autoptr(GBytes) again = road_to_x400(two, "joerg@example.org", RECIPIENT, mail, NULL);
  ck_assert(g_bytes_equal(apdu, again));
  g_autoptr(GBytes) back = road_to_mail(one, "ann@example.org", apdu, NULL);
  g_autoptr(GBytes) back_again = road_to_mail(two, "ann@example.org", apdu, NULL);
  ck_assert(g_bytes_equal(back, back_again));
  mapping_context_free(one);
  mapping_context_free(two);
}
END_TEST

/* The very octets: a change of them is meant, or it is a mistake.  GW400_GOLDEN=1 writes them anew
 * (tests/vectors/mapping/README). */
START_TEST(octets_are_the_golden_ones)
{
  struct mapping_context *context = road_context("sea.example", NULL, NULL, NULL);
  g_autoptr(GBytes) mail = road_file("tests/vectors/mapping/road.eml");
  g_autoptr(GBytes) apdu = road_to_x400(context, "joerg@example.org", RECIPIENT, mail, NULL);
  g_autoptr(GBytes) back = road_to_mail(context, "ann@example.org", apdu, NULL);
  const struct {
    const char *path;
    GBytes *octets;
  } golden[] = {{"tests/vectors/mapping/road.ber", apdu}, {"tests/vectors/mapping/road.back.eml", back}};
  for (gsize i = 0; i < G_N_ELEMENTS(golden); i++) {
    gsize length;
    const char *octets = g_bytes_get_data(golden[i].octets, &length);
    if (g_getenv("GW400_GOLDEN"))
      ck_assert(g_file_set_contents(golden[i].path, octets, (gssize)length, NULL));
    g_autoptr(GBytes) wanted = road_file(golden[i].path);
    ck_assert_msg(g_bytes_equal(golden[i].octets, wanted), "%s", golden[i].path);
  }
  mapping_context_free(context);
}
END_TEST

/* Read and write of what a real MTA sent. */
START_TEST(real_vectors_become_mail)
{
  static const char *const vectors[] = {"p1-1984.ber", "p1-1988-normal-external.ber", "p1-1988-x410.ber"};
  struct mapping_context *context = road_context("sea.example", NULL, NULL, NULL);
  g_autofree char *path = g_strconcat("tests/vectors/real-mta/", vectors[_i], NULL);
  g_autoptr(GBytes) apdu = road_file(path);
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_READ, MAPPING_APDU, octets, length);
  job->peer = g_strdup("land");
  g_autoptr(mapping_result_t) read = road_run(context, job, NULL);
  ck_assert_msg(read->status == MAPPING_OK, "%s", read->words);
  ck_assert_int_eq(read->content, MAPPING_CONTENT_MESSAGE);
  ck_assert_uint_ge(read->recipients->len, 1);
  ck_assert_ptr_nonnull(read->duplicate_key);
  g_autoptr(GBytes) mail = road_to_mail(context, "someone@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, mail);
  static const char *const wanted[] = {"Received", "X400-Received", "Date",       "From",
                                       "To",       "Subject",       "Message-ID", "X400-MTS-Identifier"};
  for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++)
    ck_assert_msg(mime_part_field(parsed->root, wanted[i]) != NULL, "%s: %s is missing", vectors[_i],
                  wanted[i]);
  mapping_context_free(context);
}
END_TEST

/* --- a long attachment --- */

enum { LONG = 100 << 20, LINE = 57 };

static void write_all(int fd, const void *octets, gsize length)
{
  ck_assert_int_eq(write(fd, octets, length), (ssize_t)length);
}

/* The mail is made line by line, so that the test itself needs no memory. */
static gsize write_long_mail(int fd, GChecksum *digest)
{
  static const char head[] =
      "From: joerg@example.org\r\nTo: ann@land.example\r\nSubject: long\r\nMIME-Version: 1.0\r\n"
      "Content-Type: application/octet-stream; name=long.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  gsize size = strlen(head);
  write_all(fd, head, strlen(head));
  g_autoptr(GString) block = g_string_new(NULL);
  guint32 state = 1;
  for (gsize done = 0; done < LONG; done += LINE) {
    guint8 octets[LINE];
    for (gsize i = 0; i < LINE; i++)
      octets[i] = (guint8)((state = state * 1664525 + 1013904223) >> 24);
    g_checksum_update(digest, octets, LINE);
    g_autofree char *line = g_base64_encode(octets, LINE);
    g_string_append_printf(block, "%s\r\n", line);
    if (block->len > 1 << 20 || done + LINE >= LONG) {
      write_all(fd, block->str, block->len);
      size += block->len;
      g_string_truncate(block, 0);
    }
  }
  return size;
}

static long peak_kib(void)
{
  g_autofree char *status = NULL;
  ck_assert(g_file_get_contents("/proc/self/status", &status, NULL, NULL));
  const char *line = strstr(status, "VmHWM:");
  return line ? strtol(line + 6, NULL, 10) : 0;
}

static bool digest_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  g_checksum_update(user, block, (gssize)length);
  return true;
}

START_TEST(long_attachment_needs_little_memory)
{
  struct mapping_context *context = road_context("sea.example", NULL, NULL, NULL);
  GChecksum *sent = g_checksum_new(G_CHECKSUM_SHA256), *got = g_checksum_new(G_CHECKSUM_SHA256);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, "", 0);
  job->size = write_long_mail(job->in_fd, sent);
  job->sender = g_strdup("joerg@example.org");
  job->hop = g_strdup("p1:land");
  road_recipient(job, RECIPIENT, NULL, "p1:land");
  long before = peak_kib();
  g_autoptr(mapping_result_t) result = road_run(context, job, NULL);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  ck_assert_uint_gt(result->size, LONG);

  g_autoptr(mapping_job_t) back = road_job(MAPPING_WRITE, MAPPING_APDU, "", 0);
  close(back->in_fd);
  back->in_fd = dup(job->out_fd);
  back->size = result->size;
  back->peer = g_strdup("land");
  back->hop = g_strdup("smtp:example.org");
  road_recipient(back, "ann@example.org", "ann@example.org", "smtp:example.org");
  g_autoptr(mapping_result_t) mail = road_run(context, back, NULL);
  ck_assert_msg(mail->status == MAPPING_OK, "%s", mail->words);
  long grown = peak_kib() - before;
  ck_assert_msg(grown < 24 * 1024, "grown by %ld KiB", grown);

  g_autoptr(octets_t) source = octets_new_file(back->out_fd, 0, mail->size, NULL);
  struct mime_limits limits = {20, 1000, 10000};
  g_autoptr(mime_mail_t) parsed = mime_mail_parse(source, context->charsets, &limits, NULL);
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  g_autoptr(octets_t) octets = mime_part_content(parsed, parsed->root, spill, NULL);
  ck_assert(octets_each(octets, digest_block, got, NULL));
  ck_assert_str_eq(g_checksum_get_string(got), g_checksum_get_string(sent));
  g_checksum_free(sent);
  g_checksum_free(got);
  mapping_context_free(context);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/road");
  TCase *tests = tcase_create("road");
  tcase_add_loop_test(tests, multipart_comes_back_the_same, 0, 5);
  tcase_add_test(tests, same_input_gives_same_octets);
  tcase_add_test(tests, octets_are_the_golden_ones);
  tcase_add_loop_test(tests, real_vectors_become_mail, 0, 3);
  tcase_add_test(tests, long_attachment_needs_little_memory);
  tcase_set_timeout(tests, 120);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
