/* test_p1_strong.c - bind tokens: made and taken, and every way in which one is not to be believed. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/certificates.h"
#include "relay/p1_strong.h"

#define NOW (G_GINT64_CONSTANT(1795000000) * G_USEC_PER_SEC)

static struct certificates *authority, *other;
static struct config_peer sender, receiver; /* one link, as each of its sides has it */

static void setup(void)
{
  authority = certificates_new();
  other = certificates_new();
  char *file = (char *)certificates_make(authority, "sea", "sea-mta", -3600, 360000000, false);
  sender = (struct config_peer){.name = (char *)"land",
                                .local_mta = (char *)"sea-mta",
                                .remote_mta = (char *)"land-mta",
                                .strong_certificate = file,
                                .strong_key = file};
  receiver = (struct config_peer){.name = (char *)"sea",
                                  .local_mta = (char *)"land-mta",
                                  .remote_mta = (char *)"sea-mta",
                                  .strong_ca = (char *)certificates_authority(authority)};
}

static void teardown(void)
{
  certificates_free(authority);
  certificates_free(other);
}

static struct p1_credentials made(gint64 now_us)
{
  struct p1_credentials credentials = {.authentication = P1_STRONG, .mta_name = g_strdup("sea-mta")};
  g_autoptr(GError) error = NULL;
  ck_assert_msg(p1_strong_make(&sender, now_us, &credentials, &error), "%s", error ? error->message : "");
  return credentials;
}

/* The receiver's words; empty: it believes. */
static char *verified(const struct p1_credentials *given, gint64 now_us, struct p1_tokens *tokens)
{
  char *words = p1_strong_verify(&receiver, given, now_us, tokens);
  return words ? words : g_strdup("");
}

static void expect(const char *words, const char *part)
{
  ck_assert_msg(*part ? strstr(words, part) != NULL : !*words, "\"%s\", not \"%s\"", words, part);
}

START_TEST(a_token_is_taken_once)
{
  struct p1_tokens *tokens = p1_tokens_new();
  struct p1_credentials first = made(g_get_real_time()), second = made(g_get_real_time());
  g_autofree char *taken = verified(&first, g_get_real_time(), tokens);
  g_autofree char *again = verified(&first, g_get_real_time(), tokens);
  g_autofree char *next = verified(&second, g_get_real_time(), tokens);
  expect(taken, "");
  expect(again, "it was used before");
  expect(next, "");
  p1_credentials_clear(&first);
  p1_credentials_clear(&second);
  p1_tokens_free(tokens);
}
END_TEST

static const struct {
  gint64 seconds;
  const char *words;
} clocks[] = {{0, ""},
              {299, ""},
              {-299, ""},
              {302, "302 seconds before now"},
              {-302, "302 seconds after now"},
              {86400, "seconds before now"}};

START_TEST(clocks_may_differ_a_little)
{
  gint64 now = g_get_real_time();
  struct p1_credentials credentials = made(now);
  g_autofree char *words = verified(&credentials, now + clocks[_i].seconds * G_USEC_PER_SEC, NULL);
  expect(words, clocks[_i].words);
  p1_credentials_clear(&credentials);
}
END_TEST

START_TEST(a_token_is_for_one_mta)
{
  struct p1_credentials credentials = made(g_get_real_time());
  receiver.local_mta = (char *)"isle-mta";
  g_autofree char *words = verified(&credentials, g_get_real_time(), NULL);
  expect(words, "made for MTA \"land-mta\", not for us");
  p1_credentials_clear(&credentials);
}
END_TEST

/* A certificate of the authority is not enough: it must be this peer's. */
START_TEST(another_name_is_refused)
{
  struct p1_credentials credentials = made(g_get_real_time());
  receiver.strong_name = (char *)"sea-mta.example";
  g_autofree char *words = verified(&credentials, g_get_real_time(), NULL);
  expect(words, "for another name than \"sea-mta.example\"");
  p1_credentials_clear(&credentials);
}
END_TEST

START_TEST(another_authority_is_refused)
{
  struct p1_credentials credentials = made(g_get_real_time());
  receiver.strong_ca = (char *)certificates_authority(other);
  g_autofree char *words = verified(&credentials, g_get_real_time(), NULL);
  expect(words, "is not believed");
  p1_credentials_clear(&credentials);
}
END_TEST

/* The token of one holder of a certificate with the certificate of another. */
START_TEST(a_swapped_certificate_is_refused)
{
  struct p1_credentials credentials = made(g_get_real_time());
  char *file = (char *)certificates_make(authority, "again", "sea-mta", -3600, 360000000, false);
  sender.strong_certificate = sender.strong_key = file;
  struct p1_credentials same_name = made(g_get_real_time());
  g_bytes_unref(credentials.certificates);
  credentials.certificates = g_bytes_ref(same_name.certificates);
  g_autofree char *words = verified(&credentials, g_get_real_time(), NULL);
  expect(words, "signature does not hold");
  p1_credentials_clear(&credentials);
  p1_credentials_clear(&same_name);
}
END_TEST

static GBytes *changed(GBytes *octets, gsize at)
{
  gsize length;
  const guint8 *data = g_bytes_get_data(octets, &length);
  guint8 *copy = g_memdup2(data, length);
  copy[at] ^= 0x01;
  return g_bytes_new_take(copy, length);
}

/* No octet of a token can be changed, and none be cut off. */
START_TEST(a_changed_token_is_refused)
{
  gint64 now = g_get_real_time();
  struct p1_credentials credentials = made(now);
  GBytes *whole = credentials.bind_token;
  for (gsize at = 0; at < g_bytes_get_size(whole); at++) {
    g_autoptr(GBytes) one = changed(whole, at), cut = g_bytes_new_from_bytes(whole, 0, at);
    credentials.bind_token = one;
    g_autofree char *words = verified(&credentials, now, NULL);
    ck_assert_msg(*words, "octet %zu of the token does not count", at);
    credentials.bind_token = cut;
    g_autofree char *cut_words = verified(&credentials, now, NULL);
    ck_assert_msg(*cut_words, "a token of %zu octets is taken", at);
  }
  credentials.bind_token = whole;
  p1_credentials_clear(&credentials);
}
END_TEST

START_TEST(a_missing_part_is_refused)
{
  struct p1_credentials credentials = made(g_get_real_time());
  GBytes *certificates = g_steal_pointer(&credentials.certificates);
  g_autofree char *bare = verified(&credentials, g_get_real_time(), NULL);
  expect(bare, "without a certificate");
  credentials.certificates = certificates;
  g_clear_pointer(&credentials.bind_token, g_bytes_unref);
  g_autofree char *mute = verified(&credentials, g_get_real_time(), NULL);
  expect(mute, "no bind token that can be read");
  credentials.authentication = P1_SIMPLE;
  g_autofree char *simple = verified(&credentials, g_get_real_time(), NULL);
  expect(simple, "no bind token that can be read");
  p1_credentials_clear(&credentials);
}
END_TEST

START_TEST(wrong_files_are_told)
{
  struct p1_credentials credentials = {.authentication = P1_STRONG};
  g_autoptr(GError) error = NULL;
  sender.strong_key = (char *)certificates_make(authority, "stranger", "sea-mta", -3600, 360000000, false);
  ck_assert(!p1_strong_make(&sender, NOW, &credentials, &error));
  expect(error->message, "strong-key is not the key of strong-certificate");
  ck_assert_ptr_null(credentials.bind_token);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("p1_strong");
  TCase *tcase = tcase_create("p1_strong");
  tcase_set_timeout(tcase, 60);
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_add_test(tcase, a_token_is_taken_once);
  tcase_add_loop_test(tcase, clocks_may_differ_a_little, 0, G_N_ELEMENTS(clocks));
  tcase_add_test(tcase, a_token_is_for_one_mta);
  tcase_add_test(tcase, another_name_is_refused);
  tcase_add_test(tcase, another_authority_is_refused);
  tcase_add_test(tcase, a_swapped_certificate_is_refused);
  tcase_add_test(tcase, a_changed_token_is_refused);
  tcase_add_test(tcase, a_missing_part_is_refused);
  tcase_add_test(tcase, wrong_files_are_told);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
