/* test_p1.c - the P1 association: binds, transfers, the turn, every way to break off; two machines back to back. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/p1_pair.h"

static GBytes *octets(const char *text)
{
  return g_bytes_new_static(text, strlen(text));
}

static struct p1_pair *pair_with(struct p1_options initiator, struct p1_options responder)
{
  g_autoptr(GBytes) password = octets("sea-password");
  initiator.local.password = password;
  return p1_pair_new(&initiator, &responder);
}

static struct p1_pair *pair_default(void)
{
  return pair_with(p1_options_default(true), p1_options_default(false));
}

/* proves: mta-bind */
START_TEST(a_bind_tells_names_and_terms_to_both)
{
  struct p1_pair *pair = pair_default();
  p1_pair_connect(pair);
  struct p1_end *i = &pair->initiator, *r = &pair->responder;
  ck_assert_msg(i->bound_seen, "%s%s", i->trace->str, i->end.words);
  ck_assert(r->bound_seen);
  ck_assert_str_eq(r->bind.peer.mta_name, "sea");
  ck_assert_uint_eq(g_bytes_get_size(r->bind.peer.password), strlen("sea-password"));
  ck_assert_str_eq(i->bound.peer.mta_name, "land");
  ck_assert_uint_eq(i->bound.checkpoint_size, 4);
  ck_assert_uint_eq(i->bound.window, 3);
  ck_assert_uint_eq(i->bound.session_version, 2);
  ck_assert_uint_eq(r->bound.session_version, 2);
  ck_assert_uint_eq(r->bound.checkpoint_size, 4);
  ck_assert(r->bind.called_tsel.present && r->bind.called_tsel.length == 3);
  ck_assert_str_eq(i->trace->str, "bound ready ");
  ck_assert_str_eq(r->trace->str, "bind bound ");
  p1_pair_free(pair);
}
END_TEST

START_TEST(a_message_passes_and_the_association_is_released)
{
  struct p1_pair *pair = pair_default();
  g_autoptr(GBytes) apdu = p1_random_apdu(20000, 7);
  p1_end_send(&pair->initiator, apdu);
  pair->initiator.release_when_done = true;
  p1_pair_connect(pair);
  struct p1_end *i = &pair->initiator, *r = &pair->responder;
  ck_assert_msg(i->sent == 1, "%s / %s / %s", i->trace->str, r->trace->str, i->end.words ? i->end.words : r->end.words);
  ck_assert_uint_eq(r->received->len, 1);
  g_autoptr(GBytes) got = p1_unwrap(r->received->pdata[0]);
  ck_assert(g_bytes_equal(got, apdu));
  ck_assert_int_eq(i->end.type, P1_RELEASED);
  ck_assert_int_eq(r->end.type, P1_RELEASED);
  ck_assert(i->closed && r->closed);
  p1_pair_free(pair);
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("mhs/p1");
  TCase *binds = tcase_create("binds");
  tcase_add_test(binds, a_bind_tells_names_and_terms_to_both);
  suite_add_tcase(suite, binds);
  TCase *transfers = tcase_create("transfers");
  tcase_add_test(transfers, a_message_passes_and_the_association_is_released);
  suite_add_tcase(suite, transfers);
  return suite;
}

int main(void)
{
  SRunner *runner = srunner_create(suite());
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
