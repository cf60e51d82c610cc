/* test_p1_cut.c - the stream chopped at every size, and cut after every octet from each side, in each mode.
 *
 * The property that the relay's queue rests on: who saw P1_SENT, his peer had confirmed; when the receiver
 * never reached P1_RECEIVE_END, the sender heard that it was not sent, or never began. */
#include <check.h>
#include <stdlib.h>

#include "lib/p1_pair.h"

enum { SIZE = 3000, MODES = P1_MODE_1984 + 1 };

static struct p1_pair *pair_new(enum p1_mode mode, GBytes *apdu)
{
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  initiator.mode = mode;
  initiator.checkpoint_size = 1; /* two checkpoints on the way */
  initiator.tpdu_size = 0x09;    /* 512: segments in several TPDUs */
  struct p1_pair *pair = p1_pair_new(&initiator, &responder);
  p1_end_send(&pair->initiator, apdu);
  pair->initiator.release_when_done = true;
  return pair;
}

static void assert_property(const struct p1_pair *pair, gsize at)
{
  const struct p1_end *i = &pair->initiator, *r = &pair->responder;
  const char *where = i->trace->str;
  ck_assert_msg(i->sent + i->not_sent == (i->wants > 0 ? 1u : 0u), "%zu: %s", at, where);
  ck_assert_msg(i->sent == 0 || r->confirmed == 1, "%zu: sent, but not confirmed: %s | %s", at, where,
                r->trace->str);
  ck_assert_msg(r->whole == 1 || i->sent == 0, "%zu: sent, but not whole: %s | %s", at, where, r->trace->str);
  ck_assert_msg(r->begun == r->confirmed + r->abandoned + r->interrupted, "%zu: %s", at, r->trace->str);
  ck_assert_msg(i->end_seen && i->closed && r->end_seen && r->closed, "%zu: %s | %s", at, where,
                r->trace->str);
}

START_TEST(chopped_at_every_size_it_passes_the_same)
{
  enum p1_mode mode = (enum p1_mode)_i;
  g_autoptr(GBytes) apdu = p1_random_apdu(SIZE, 5);
  for (gsize chunk = 1; chunk <= 600; chunk += chunk < 40 ? 1 : 13) {
    struct p1_pair *pair = pair_new(mode, apdu);
    pair->chunk = chunk;
    p1_pair_connect(pair);
    ck_assert_str_eq(pair->initiator.trace->str,
                     "bound ready want-data want-data want-data checkpoint checkpoint sent ready released close ");
    ck_assert_int_eq(pair->responder.end.type, P1_RELEASED);
    ck_assert_uint_eq(pair->responder.received->len, 1);
    g_autoptr(GBytes) got = p1_unwrap(mode, pair->responder.received->pdata[0]);
    ck_assert(g_bytes_equal(got, apdu));
    p1_pair_free(pair);
  }
}
END_TEST

/* How much goes over the wire when nothing is cut. */
static gsize total(enum p1_mode mode, GBytes *apdu, bool of_initiator)
{
  struct p1_pair *pair = pair_new(mode, apdu);
  p1_pair_connect(pair);
  gsize octets = of_initiator ? pair->initiator.written->len : pair->responder.written->len;
  p1_pair_free(pair);
  return octets;
}

/* Lets exactly so many octets of one side through, all of the other, and cuts. */
static void cut_after(struct p1_pair *pair, bool initiator_is_cut, gsize octets)
{
  gsize left = octets, passed;
  p1_association_connected(pair->responder.association);
  p1_association_connected(pair->initiator.association);
  p1_end_drain(&pair->initiator);
  do {
    passed = p1_pair_pass(pair, initiator_is_cut, left);
    left -= passed;
    passed += p1_pair_pass(pair, !initiator_is_cut, G_MAXUINT);
  } while (passed > 0);
  p1_pair_cut(pair);
}

enum { CUTS = 8 }; /* each test takes every eighth octet, so that they run side by side */

START_TEST(cut_after_every_octet)
{
  g_autoptr(GBytes) apdu = p1_random_apdu(SIZE, 5);
  enum p1_mode mode = (enum p1_mode)(_i / (2 * CUTS));
  bool of_initiator = _i / CUTS % 2 == 0;
  gsize all = total(mode, apdu, of_initiator);
  guint sent = 0, not_sent = 0;
  for (gsize at = (gsize)_i % CUTS; at <= all; at += CUTS) {
    struct p1_pair *pair = pair_new(mode, apdu);
    cut_after(pair, of_initiator, at);
    assert_property(pair, at);
    sent += pair->initiator.sent;
    not_sent += pair->initiator.not_sent;
    p1_pair_free(pair);
  }
  ck_assert_uint_gt(sent, 0);
  ck_assert_uint_gt(not_sent, 0);
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("mhs/p1_cut");
  TCase *stream = tcase_create("stream");
  tcase_set_timeout(stream, 240);
  tcase_add_loop_test(stream, chopped_at_every_size_it_passes_the_same, 0, MODES);
  tcase_add_loop_test(stream, cut_after_every_octet, 0, MODES * 2 * CUTS);
  suite_add_tcase(suite, stream);
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
