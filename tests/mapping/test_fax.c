/* Facsimile both ways: RFC 2159. */
#include "lib/downgrading.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct mapping_context *context;

static void setup(void)
{
  context = downgrading_context();
}

static void teardown(void)
{
  mapping_context_free(context);
}

#define RTC "\x00\x10\x01\x00\x10\x01\x00\x10\x01"

static struct mime_mail *to_mail(GBytes *apdu, const char *peer)
{
  g_autoptr(mapping_job_t) job =
      road_job(MAPPING_WRITE, MAPPING_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
  job->peer = g_strdup(peer);
  job->hop = g_strdup("smtp:localhost");
  road_recipient(job, "/S=lee/", "bob@example.org", "smtp:localhost");
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  return road_parse(context, output);
}

/* T.4 bits of the page by hand: 10101100 11110000; X.400 fills octets from the lowest bit. */
static const struct {
  const char *part, *type;
  const char *names[4], *values[4];
  const char *octets;
  gsize length;
} pages[] = {
    {"a3{ 31{} 30{ 03<00350f> } }", "image/g3fax", {"pages"}, {"1"}, "\xac\xf0" RTC, 11},
    /* an end of line behind it goes: 0000 0000 0001 and four bits of the page's last octet before it */
    {"a3{ 31{} 30{ 03<00350f80> } }", "image/g3fax", {"pages"}, {"1"}, "\xac\xf0" RTC, 11},
    {"a3{ 31{ 80<02> } 30{ 03<0035> 03<000f> } }",
     "image/g3fax",
     {"pages"},
     {"2"},
     "\xac" RTC "\xf0" RTC,
     20},
    {"a3{ 31{ 81<0640> } 30{ 03<0035> } }",
     "image/g3fax",
     {"pages", "resolution", "DCS"},
     {"1", NULL, "QA=="},
     "\xac" RTC,
     10},
    {"a3{ 31{ 81<0600c0> } 30{ 03<0035> } }", "image/g3fax", {"pages"}, {"1"}, "\xac" RTC, 10},
    {"a3{ 31{ 81<0000c008> } 30{ 03<0035> } }",
     "image/g3fax",
     {"encoding", "resolution", "page-length"},
     {"2-dimensional", "Fine", "Unlimited"},
     "\xac" RTC,
     10},
};

START_TEST(body_part_to_mail)
{
  g_autofree char *content = g_strdup_printf(P22("", "%s"), pages[_i].part);
  g_autoptr(GBytes) apdu =
      downgrading_message(&(struct downgrading_message){.type = "46<02>", .content = content});
  struct mime_mail *mail = to_mail(apdu, "old");
  ck_assert_str_eq(mail->root->type->value, pages[_i].type);
  for (gsize i = 0; i < G_N_ELEMENTS(pages[_i].names) && pages[_i].names[i]; i++) {
    g_autofree char *name = g_ascii_strdown(pages[_i].names[i], -1);
    ck_assert_pstr_eq(mime_params_get(mail->root->type, name), pages[_i].values[i]);
  }
  g_autoptr(GBytes) got = road_content(mail, mail->root),
                    wanted = g_bytes_new(pages[_i].octets, pages[_i].length);
  ck_assert(g_bytes_equal(got, wanted));
  mime_mail_free(mail);
}
END_TEST

static GBytes *mail_to(const char *peer, const char *type, const void *octets, gsize length)
{
  g_autofree char *encoded = g_base64_encode(octets, length);
  g_autofree char *mail = g_strdup_printf(
      "From: ann@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\nContent-Type: %s\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n%s\r\n",
      type, encoded);
  g_autofree char *hop = g_strdup_printf("p1:%s", peer);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, mail, strlen(mail));
  job->sender = g_strdup("ann@example.org");
  job->hop = g_strdup(hop);
  road_recipient(job, "\"/S=lee/PRMD=old/ADMD=x/C=de/\"@sea.example", "/S=lee/PRMD=old/ADMD=x/C=de/", hop);
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  return output;
}

START_TEST(mail_to_body_part)
{
  g_autoptr(GBytes) apdu =
      mail_to("old", "image/g3fax; resolution=Fine; page-width=B4", "\xac" RTC "\xf0" RTC, 20);
  g_autofree char *text = downgrading_text_of_1984(apdu);
  /* bits 9 and 23 from the highest of the first octet; ends of line stay, turned round: 00 08 80 */
  downgrading_check("fax", text,
                    "g3-fax|non-basic: '000000000100000000000001'B|types: '0001'B|"
                    "'00110101000000000000100010000000",
                    true);
}
END_TEST

/* What is no facsimile stays what it was called: a file. */
START_TEST(no_facsimile)
{
  g_autoptr(GBytes) apdu = mail_to("old", "image/g3fax", "TIFF", 4);
  g_autofree char *text = downgrading_text_of_1984(apdu);
  downgrading_check("no fax", text, "Content-Type: image/g3fax|VElGRg==", true);
}
END_TEST

/* Any pages come back as they were, through peers of both years. */
START_TEST(there_and_back)
{
  GRand *random = g_rand_new_with_seed(2159);
  for (guint round = 0; round < 100; round++) {
    g_autoptr(GByteArray) image = g_byte_array_new();
    guint count = (guint)g_rand_int_range(random, 1, 5);
    for (guint page = 0; page < count; page++) {
      guint length = (guint)g_rand_int_range(random, 1, page == 0 && round == 0 ? 200000 : 300);
      for (guint i = 0; i < length; i++) {
        guint8 octet =
            i + 1 == length ? 0xff : (guint8)g_rand_int(random); /* no end of line of its own behind it */
        g_byte_array_append(image, &octet, 1);
      }
      g_byte_array_append(image, (const guint8 *)RTC, sizeof RTC - 1);
    }
    const char *peer = round % 2 ? "old" : "new";
    g_autoptr(GBytes) apdu = mail_to(peer, "image/g3fax; encoding=2-dimensional", image->data, image->len);
    struct mime_mail *mail = to_mail(apdu, peer);
    g_autoptr(GBytes) got = road_content(mail, mail->root), wanted = g_bytes_new(image->data, image->len);
    ck_assert(g_bytes_equal(got, wanted));
    ck_assert_str_eq(mime_params_get(mail->root->type, "encoding"), "2-dimensional");
    mime_mail_free(mail);
  }
  g_rand_free(random);
}
END_TEST

static Suite *suite(void)
{
  Suite *whole = suite_create("fax");
  TCase *tests = tcase_create("fax");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, body_part_to_mail, 0, G_N_ELEMENTS(pages));
  tcase_add_test(tests, mail_to_body_part);
  tcase_add_test(tests, no_facsimile);
  tcase_add_test(tests, there_and_back);
  suite_add_tcase(whole, tests);
  return whole;
}

int main(void)
{
  SRunner *runner = srunner_create(suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
