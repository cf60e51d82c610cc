/* test_p1_recovery.c - transfers that break off and go on: the stream cut after every octet from each side,
 * then recovered on a new association; interrupted and resumed on the same one; what cannot be resumed.
 *
 * The property that the relay's queue rests on: the message arrives exactly once, and what is sent again is
 * at most the checkpoints that were not confirmed, and the one under way. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/p1_pair.h"

enum { SIZE = 5500, CHECKPOINT = 1024, WINDOW = 2, ROUNDS_MAX = 6 };

/* What both sides keep between associations. */
struct world {
  enum p1_mode mode;
  GBytes *apdu;
  bool responder_sends;
  guint window, checkpoint;        /* of the first association */
  struct p1_store *store;          /* the receiver's */
  struct p1_store *knows;          /* the responder's, when it is the sender: which associations it knows */
  struct p1_resumption resumption; /* the sender's */
  struct p1_session_identifier last;
  guint associations, sent, aborted, cannot_recover, cannot_resume, resumed;
  guint64 octets; /* given by the sender */
};

static struct world *world_new_in(enum p1_mode mode, bool responder_sends)
{
  struct world *world = g_new0(struct world, 1);
  world->mode = mode;
  world->apdu = p1_random_apdu(SIZE, 9);
  world->responder_sends = responder_sends;
  world->window = WINDOW;
  world->checkpoint = 1;
  world->store = p1_store_new();
  world->knows = p1_store_new();
  return world;
}

static struct world *world_new(bool responder_sends)
{
  return world_new_in(P1_MODE_1988_NORMAL, responder_sends);
}

static void world_free(struct world *world)
{
  g_bytes_unref(world->apdu);
  p1_store_free(world->store);
  p1_store_free(world->knows);
  p1_resumption_clear(&world->resumption);
  p1_session_identifier_clear(&world->last);
  g_free(world);
}

static struct p1_end *sender_of(const struct world *world, struct p1_pair *pair)
{
  return world->responder_sends ? &pair->responder : &pair->initiator;
}

/* The next association: recovered when there is something to resume, else bound anew. */
static struct p1_pair *associate(struct world *world, bool recover)
{
  g_autofree char *reference = g_strdup_printf("reference-%u", ++world->associations);
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  initiator.mode = world->mode;
  initiator.reference = reference;
  initiator.checkpoint_size = world->checkpoint;
  initiator.window = responder.window = world->window;
  initiator.tpdu_size = 0x09; /* 512: segments in several TPDUs */
  initiator.resume_wait_ms = responder.resume_wait_ms = 2000;
  initiator.dialogue = world->responder_sends ? P1_TWO_WAY_ALTERNATE : P1_MONOLOGUE;
  initiator.recover = recover ? &world->last : NULL;
  initiator.recover_turn_there = recover && world->responder_sends;
  struct p1_pair *pair = p1_pair_new(&initiator, &responder);
  struct p1_end *sender = sender_of(world, pair);
  pair->responder.store = world->responder_sends ? world->knows : world->store;
  pair->initiator.store = world->responder_sends ? world->store : NULL;
  pair->responder.want_turn = world->responder_sends && !recover;
  sender->resumption = &world->resumption;
  if (world->sent == 0) {
    p1_end_send(sender, world->apdu);
  }
  pair->initiator.release_when_done = !world->responder_sends;
  return pair;
}

/* What the association has shown, for the next. */
static void conclude(struct world *world, struct p1_pair *pair)
{
  struct p1_end *sender = sender_of(world, pair);
  struct p1_end *receiver = world->responder_sends ? &pair->initiator : &pair->responder;
  world->sent += sender->sent;
  world->octets += sender->octets_given;
  world->resumed += receiver->resumed;
  world->aborted += sender->not_sent;
  world->cannot_resume += sender->not_sent > 0 && sender->outcome == P1_OUTCOME_CANNOT_RESUME;
  if (pair->initiator.end_seen && pair->initiator.end.cannot_recover) {
    world->cannot_recover++;
    p1_resumption_clear(&world->resumption);
    world->resumption = (struct p1_resumption){0};
  }
  if (pair->initiator.bound_seen) {
    p1_session_identifier_clear(&world->last);
    p1_session_identifier_copy(&world->last, &pair->initiator.bound.resumption.session);
  }
  if (!pair->initiator.closed) {
    p1_pair_cut(pair);
  }
  p1_pair_free(pair);
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

/* Until the message is sent. */
static void finish(struct world *world)
{
  for (guint round = 0; world->sent == 0; round++) {
    ck_assert_uint_lt(round, ROUNDS_MAX);
    bool recover = world->resumption.activity != NULL;
    struct p1_pair *pair = associate(world, recover);
    p1_pair_connect(pair);
    conclude(world, pair);
  }
}

static bool arrived(const struct world *world)
{
  g_autoptr(GBytes) apdu = p1_unwrap(world->mode, world->store->messages->pdata[0]);
  return g_bytes_equal(apdu, world->apdu);
}

static void assert_once(const struct world *world, gsize at)
{
  ck_assert_msg(world->sent == 1, "%zu: sent %u times", at, world->sent);
  ck_assert_msg(world->store->messages->len == 1, "%zu: %u arrived", at, world->store->messages->len);
  ck_assert_msg(arrived(world), "%zu: another arrived", at);
  ck_assert_msg(world->octets <= SIZE + (world->window + 1) * CHECKPOINT,
                "%zu: %" G_GUINT64_FORMAT " octets given", at, world->octets);
}

/* How much goes over the wire when nothing is cut. */
static gsize total(enum p1_mode mode, bool responder_sends, bool of_initiator)
{
  struct world *world = world_new_in(mode, responder_sends);
  struct p1_pair *pair = associate(world, false);
  p1_pair_connect(pair);
  gsize octets = of_initiator ? pair->initiator.written->len : pair->responder.written->len;
  ck_assert_uint_eq(sender_of(world, pair)->sent, 1);
  conclude(world, pair);
  assert_once(world, 0);
  world_free(world);
  return octets;
}

enum { CUTS = 8 }; /* each test takes every eighth octet, so that they run side by side */

/* step: every octet, or every step-th of the part. */
static void cut_everywhere(enum p1_mode mode, guint part, bool responder_sends, guint sync_every, guint step)
{
  bool of_initiator = part < CUTS;
  gsize all = total(mode, responder_sends, of_initiator);
  guint resumed = 0, silent = 0;
  for (gsize at = part % CUTS; at <= all; at += (gsize)CUTS * step) {
    struct world *world = world_new_in(mode, responder_sends);
    world->store->sync_every = sync_every;
    struct p1_pair *pair = associate(world, false);
    cut_after(pair, of_initiator, at);
    bool whole = world->store->messages->len > 0;
    conclude(world, pair);
    guint64 before = world->octets;
    finish(world);
    assert_once(world, at);
    ck_assert_uint_eq(world->cannot_recover + world->cannot_resume, 0);
    if (whole) { /* cut between the end and its confirmation, or behind that: nothing is sent again */
      ck_assert_msg(world->octets == before, "%zu: sent again", at);
      silent += world->resumed;
    }
    resumed += world->resumed;
    world_free(world);
  }
  ck_assert_uint_gt(resumed, 0);
  if (step > 1) {
    return;
  }
  /* Only where the receiver's octets are cut can it have confirmed what the sender does not know. */
  ck_assert_uint_eq(silent > 0, of_initiator == responder_sends);
}

START_TEST(cut_after_every_octet_a_transfer_goes_on)
{
  cut_everywhere(P1_MODE_1988_NORMAL, (guint)_i, false, 1, 1);
}
END_TEST

START_TEST(cut_anywhere_with_one_confirmation_for_two_checkpoints)
{
  cut_everywhere(P1_MODE_1988_NORMAL, (guint)_i, false, 2, 3);
}
END_TEST

START_TEST(cut_after_every_octet_what_the_responder_sends_goes_on)
{
  cut_everywhere(P1_MODE_1988_NORMAL, (guint)_i, true, 1, 1);
}
END_TEST

/* Raw octets, where normal mode has an EXTERNAL in segments: other places, the same arithmetic. */
START_TEST(cut_after_every_third_octet_in_the_modes_of_x410)
{
  enum p1_mode mode = _i < 2 * CUTS ? P1_MODE_1988_X410 : P1_MODE_1984;
  cut_everywhere(mode, (guint)_i % (2 * CUTS), false, 1, 3);
  cut_everywhere(mode, (guint)_i % (2 * CUTS), true, 1, 7);
}
END_TEST

/* Cut once more in the recovered association, where its activity has another name already. */
START_TEST(cut_twice)
{
  gsize all = total(P1_MODE_1988_NORMAL, false, true);
  guint twice = 0;
  for (gsize first = all / 4 + (gsize)_i; first < all; first += 211) {
    for (gsize second = 40 + (gsize)_i; second < all; second += 157) {
      struct world *world = world_new(false);
      struct p1_pair *pair = associate(world, false);
      cut_after(pair, true, first);
      conclude(world, pair);
      if (world->sent == 0) {
        pair = associate(world, world->resumption.activity != NULL);
        cut_after(pair, true, second);
        conclude(world, pair);
        twice += world->resumed;
      }
      finish(world);
      ck_assert_uint_eq(world->store->messages->len, 1);
      ck_assert(arrived(world));
      ck_assert_uint_eq(world->sent, 1);
      ck_assert_uint_le(world->octets, SIZE + 2 * (WINDOW + 1) * CHECKPOINT);
      world_free(world);
    }
  }
  ck_assert_uint_gt(twice, 0);
}
END_TEST

/* Cut in the middle: what is left is resumed under other terms. */
static struct world *half_sent(void)
{
  struct world *world = world_new(false);
  struct p1_pair *pair = associate(world, false);
  cut_after(pair, true, 4500);
  ck_assert_uint_eq(pair->responder.interrupted, 1);
  ck_assert_int_eq(pair->initiator.outcome, P1_OUTCOME_INTERRUPTED);
  conclude(world, pair);
  ck_assert_uint_gt(world->resumption.serial, 0);
  ck_assert_uint_eq(world->sent, 0);
  return world;
}

START_TEST(the_checkpoint_size_may_be_another_after_recovery)
{
  static const guint sizes[][2] = {{2, 1}, {4, 3}, {0, 3}, {1, 8}};
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
    struct world *world = half_sent();
    world->checkpoint = sizes[i][0] != 0 ? sizes[i][0] : 3;
    world->window = sizes[i][1];
    finish(world);
    ck_assert_uint_eq(world->resumed, 1);
    world->window = WINDOW;
    assert_once(world, i);
    world_free(world);
  }
}
END_TEST

/* The receiver wrote more than it came to confirm, and the sender knows of less still. */
START_TEST(a_resumption_may_lie_behind_what_is_held)
{
  struct world *world = half_sent();
  guint held = world->resumption.serial;
  ck_assert_uint_gt(held, 1);
  world->resumption.serial = 1;
  world->resumption.offset -= (guint64)(held - 1) * CHECKPOINT;
  finish(world);
  ck_assert_uint_eq(world->resumed, 1);
  ck_assert_uint_eq(world->store->messages->len, 1);
  ck_assert(arrived(world));
  world_free(world);
}
END_TEST

START_TEST(a_resumption_ahead_of_what_is_held_starts_anew_on_the_association)
{
  struct world *world = half_sent();
  world->resumption.serial += 1;
  world->resumption.offset += CHECKPOINT;
  struct p1_pair *pair = associate(world, true);
  p1_end_send(&pair->initiator, world->apdu);
  p1_pair_connect(pair);
  ck_assert_int_eq(pair->initiator.outcome, P1_OUTCOME_CANNOT_RESUME);
  ck_assert_msg(strstr(pair->initiator.not_sent_words, "sequence"), "%s", pair->initiator.not_sent_words);
  ck_assert_uint_eq(pair->initiator.sent, 1);
  conclude(world, pair);
  ck_assert_uint_eq(world->store->messages->len, 1);
  ck_assert(arrived(world));
  world_free(world);
}
END_TEST

/* The receiver has lost everything, or never knew. */
START_TEST(what_cannot_be_resumed_goes_from_zero)
{
  struct world *world = half_sent(); /* the association is known, the activity is not */
  g_ptr_array_set_size(world->store->kept, 0);
  finish(world);
  ck_assert_uint_eq(world->cannot_resume, 1);
  ck_assert_uint_eq(world->store->messages->len, 1);
  ck_assert_uint_ge(world->octets, SIZE);
  world_free(world);

  world = half_sent(); /* the association is not known either */
  g_ptr_array_set_size(world->store->kept, 0);
  g_ptr_array_set_size(world->store->associations, 0);
  finish(world);
  ck_assert_uint_eq(world->cannot_recover, 1);
  ck_assert_uint_eq(world->resumed, 0);
  ck_assert_uint_eq(world->store->messages->len, 1);
  world_free(world);

  world =
      half_sent(); /* a relay that keeps nothing: it says so, and takes the transfer on that association */
  struct p1_pair *pair = associate(world, false);
  pair->responder.store = NULL;
  p1_end_send(&pair->initiator, world->apdu);
  p1_pair_connect(pair);
  ck_assert_int_eq(pair->initiator.outcome, P1_OUTCOME_CANNOT_RESUME);
  ck_assert_msg(strstr(pair->initiator.not_sent_words, "deleted"), "%s", pair->initiator.not_sent_words);
  ck_assert_uint_eq(pair->initiator.sent, 1);
  ck_assert_uint_eq(pair->responder.received->len, 1);
  conclude(world, pair);
  world_free(world);
}
END_TEST

/* An ordinary bind serves as well: the peer is then known by its name and password. */
START_TEST(a_transfer_goes_on_after_an_ordinary_bind)
{
  struct world *world = half_sent();
  struct p1_pair *pair = associate(world, false);
  p1_pair_connect(pair);
  ck_assert_uint_eq(pair->responder.resumed, 1);
  conclude(world, pair);
  assert_once(world, 0);
  world_free(world);
}
END_TEST

START_TEST(a_recovery_carries_no_name_and_is_busy_or_refused)
{
  struct world *world = half_sent();
  struct p1_pair *pair = associate(world, true);
  p1_pair_connect(pair);
  ck_assert_ptr_null(pair->responder.bind.peer.mta_name);
  ck_assert_ptr_null(pair->initiator.bound.peer.mta_name);
  ck_assert_ptr_null(memmem(pair->initiator.written->data, 400, "sea", 3));
  ck_assert(p1_session_identifier_equal(&pair->responder.bind.resumption.session, &world->last));
  conclude(world, pair);
  assert_once(world, 0);
  world_free(world);

  world = half_sent();
  g_ptr_array_set_size(world->store->associations, 0);
  pair = associate(world, true);
  pair->responder.refuse_busy = true;
  p1_pair_connect(pair);
  ck_assert(pair->initiator.end.type == P1_REFUSED && !pair->initiator.end.cannot_recover);
  ck_assert(!pair->initiator.end.permanent && pair->initiator.closed && pair->responder.closed);
  conclude(world, pair);
  world_free(world);
}
END_TEST

/* --- on one association --- */

/* A transfer that this side breaks off, and the same again: it goes on. */
START_TEST(interrupted_by_the_sender_it_is_resumed_on_the_same_association)
{
  struct world *world = world_new(false);
  struct p1_pair *pair = associate(world, false);
  struct p1_end *i = &pair->initiator;
  i->interrupt_at = 5;
  p1_end_send(i, world->apdu);
  p1_pair_connect(pair);
  ck_assert_uint_eq(i->not_sent, 1);
  ck_assert_uint_eq(i->sent, 1);
  ck_assert_uint_eq(pair->responder.interrupted, 1);
  ck_assert_uint_eq(pair->responder.resumed, 1);
  ck_assert(pair->responder.begun == 1 && pair->responder.end.type == P1_RELEASED);
  conclude(world, pair);
  assert_once(world, 0);
  world_free(world);
}
END_TEST

START_TEST(interrupted_without_a_checkpoint_it_is_discarded)
{
  struct world *world = world_new(false);
  struct p1_pair *pair = associate(world, false);
  pair->responder.hold_checkpoints = true;
  pair->initiator.interrupt_at = 2;
  p1_pair_connect(pair);
  ck_assert_int_eq(pair->initiator.outcome, P1_OUTCOME_DISCARDED);
  ck_assert_uint_eq(pair->responder.abandoned, 1);
  ck_assert_ptr_null(world->resumption.activity);
  conclude(world, pair);
  world_free(world);
}
END_TEST

START_TEST(interrupted_by_the_receiver_it_is_resumed_on_the_same_association)
{
  struct world *world = world_new(false);
  struct p1_pair *pair = associate(world, false);
  struct p1_end *i = &pair->initiator, *r = &pair->responder;
  p1_association_connected(r->association);
  p1_association_connected(i->association);
  p1_end_drain(i);
  while (r->checkpoints_in < 2) {
    (void)p1_pair_pass(pair, true, 100);
    (void)p1_pair_pass(pair, false, G_MAXUINT);
  }
  p1_end_send(i, world->apdu);
  p1_association_receive_interrupt(r->association);
  p1_end_drain(r);
  p1_pair_run(pair);
  ck_assert_uint_eq(i->not_sent, 1);
  ck_assert_msg(strstr(i->not_sent_words, "jeopardized"), "%s", i->not_sent_words);
  ck_assert(r->interrupted == 1 && r->resumed == 1 && i->sent == 1);
  conclude(world, pair);
  assert_once(world, 0);
  world_free(world);
}
END_TEST

/* The interruption crosses the confirmation of the end: the resumption learns it, and nothing is sent again.
 */
START_TEST(interrupted_while_its_end_is_confirmed_it_is_complete)
{
  struct world *world = world_new(false);
  struct p1_pair *pair = associate(world, false);
  struct p1_end *i = &pair->initiator, *r = &pair->responder;
  p1_association_connected(r->association);
  p1_association_connected(i->association);
  p1_end_drain(i);
  while (r->confirmed == 0) {
    (void)p1_pair_pass(pair, true, G_MAXUINT);
    if (r->confirmed == 0) {
      (void)p1_pair_pass(pair, false, G_MAXUINT);
    }
  }
  p1_end_send(i, world->apdu);
  p1_association_interrupt(i->association);
  p1_end_drain(i);
  p1_pair_run(pair);
  ck_assert(i->not_sent == 1 && i->outcome == P1_OUTCOME_INTERRUPTED && i->sent == 1 && r->resumed == 1);
  ck_assert_int_eq(i->end.abort_reason, P1_ABORT_TRANSFER_COMPLETED);
  ck_assert_int_eq(r->end.abort_reason, P1_ABORT_TRANSFER_COMPLETED);
  ck_assert(i->end.by_peer && !r->end.by_peer && i->closed && r->closed);
  ck_assert_uint_eq(i->octets_given, SIZE);
  conclude(world, pair);
  assert_once(world, 0);
  world_free(world);
}
END_TEST

/* Who had the turn, and what RTSE said: what the relay needs to know before it recovers. */
START_TEST(the_end_of_an_association_says_why_and_who_had_the_turn)
{
  for (int k = 0; k < 3; k++) {
    struct world *world = world_new(k == 2);
    world->sent = 1; /* nothing to be sent */
    struct p1_pair *pair = associate(world, false);
    struct p1_end *i = &pair->initiator, *r = &pair->responder;
    i->release_when_done = false;
    p1_pair_connect(pair);
    if (k == 1) {
      p1_association_abort(r->association, "enough");
      p1_end_drain(r);
      p1_pair_run(pair);
    } else {
      p1_pair_cut(pair);
    }
    enum p1_abort_reason reason = k == 1 ? P1_ABORT_USER_ERROR : P1_ABORT_NONE;
    ck_assert(i->end.abort_reason == reason && r->end.abort_reason == reason);
    ck_assert(i->end.turn_here == (k != 2) && r->end.turn_here == (k == 2));
    conclude(world, pair);
    world_free(world);
  }
}
END_TEST

START_TEST(rejected_by_the_receiver_it_goes_from_zero)
{
  struct world *world = world_new(false);
  struct p1_pair *pair = associate(world, false);
  struct p1_end *i = &pair->initiator, *r = &pair->responder;
  r->store = NULL;
  r->reject = true;
  p1_pair_connect(pair);
  ck_assert(i->not_sent == 1 && i->outcome == P1_OUTCOME_DISCARDED && r->interrupted + r->abandoned == 0);
  ck_assert_ptr_null(world->resumption.activity);
  conclude(world, pair);
  world_free(world);
}
END_TEST

START_TEST(discarded_by_the_sender_it_is_forgotten)
{
  struct world *world = world_new(false);
  struct p1_pair *pair = associate(world, false);
  pair->initiator.discard_second = true;
  p1_pair_connect(pair);
  ck_assert_int_eq(pair->initiator.outcome, P1_OUTCOME_DISCARDED);
  ck_assert_uint_eq(pair->responder.abandoned, 1);
  ck_assert_uint_eq(world->store->kept->len, 0);
  conclude(world, pair);
  world_free(world);
}
END_TEST

/* A receiver whose disk is slow holds the sender at the window, and nobody gives the other up. */
START_TEST(a_receiver_that_does_not_confirm_holds_the_sender_at_the_window)
{
  struct world *world = world_new(false);
  struct p1_pair *pair = associate(world, false);
  struct p1_end *i = &pair->initiator, *r = &pair->responder;
  r->hold_checkpoints = true;
  p1_pair_connect(pair);
  ck_assert_uint_eq(r->checkpoints_in, WINDOW);
  ck_assert_uint_eq(i->wants, WINDOW);
  ck_assert_uint_gt(i->timers[0], 0); /* the sender waits for us */
  ck_assert_uint_eq(r->timers[0], 0); /* we wait for our disk */
  r->hold_checkpoints = false;
  p1_association_checkpoint(r->association, 2, 2); /* another transfer's */
  p1_association_checkpoint(r->association, 1, 2); /* one for both */
  p1_end_drain(r);
  p1_pair_run(pair);
  ck_assert_uint_eq(i->sent, 1);
  p1_association_checkpoint(r->association, 1, 2); /* late */
  conclude(world, pair);
  assert_once(world, 0);
  world_free(world);
}
END_TEST

/* --- identifiers --- */

START_TEST(identifiers_are_kept_and_compared_by_their_contents)
{
  g_autoptr(GBytes) octets = g_bytes_new_static("\x04\x03ref", 5), t61 = g_bytes_new_static("\x14\x03ref", 5);
  g_autoptr(GBytes) time = g_bytes_new_static("\x17\x0d"
                                              "261123180000Z",
                                              15);
  g_autoptr(GBytes) other = g_bytes_new_static("\x14\x03rev", 5);
  struct p1_session_identifier one = {octets, time, NULL}, two = {t61, time, NULL},
                               three = {t61, time, other};
  ck_assert(p1_session_identifier_equal(&one, &two));
  ck_assert(!p1_session_identifier_equal(&two, &three));
  const struct p1_session_identifier *all[] = {&one, &two, &three};
  for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
    g_autoptr(GBytes) written = p1_session_identifier_write(all[i]);
    struct p1_session_identifier read;
    ck_assert(p1_session_identifier_read(written, &read));
    ck_assert(p1_session_identifier_equal(&read, all[i]));
    ck_assert(g_bytes_equal(read.calling, all[i]->calling));
    p1_session_identifier_clear(&read);
    for (gsize size = 0; size < g_bytes_get_size(written); size++) {
      g_autoptr(GBytes) cut = g_bytes_new_from_bytes(written, 0, size);
      ck_assert(!p1_session_identifier_read(cut, &read));
    }
  }
  struct p1_session_identifier none = {0};
  ck_assert_ptr_null(p1_session_identifier_write(&none));
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("mhs/p1_recovery");
  TCase *cuts = tcase_create("cuts");
  tcase_set_timeout(cuts, 240);
  tcase_add_loop_test(cuts, cut_after_every_octet_a_transfer_goes_on, 0, 2 * CUTS);
  tcase_add_loop_test(cuts, cut_anywhere_with_one_confirmation_for_two_checkpoints, 0, 2 * CUTS);
  tcase_add_loop_test(cuts, cut_after_every_octet_what_the_responder_sends_goes_on, 0, 2 * CUTS);
  tcase_add_loop_test(cuts, cut_after_every_third_octet_in_the_modes_of_x410, 0, 4 * CUTS);
  tcase_add_loop_test(cuts, cut_twice, 0, 4);
  suite_add_tcase(suite, cuts);
  TCase *recovery = tcase_create("recovery");
  tcase_add_test(recovery, the_checkpoint_size_may_be_another_after_recovery);
  tcase_add_test(recovery, a_resumption_may_lie_behind_what_is_held);
  tcase_add_test(recovery, a_resumption_ahead_of_what_is_held_starts_anew_on_the_association);
  tcase_add_test(recovery, what_cannot_be_resumed_goes_from_zero);
  tcase_add_test(recovery, a_transfer_goes_on_after_an_ordinary_bind);
  tcase_add_test(recovery, a_recovery_carries_no_name_and_is_busy_or_refused);
  suite_add_tcase(suite, recovery);
  TCase *same = tcase_create("same association");
  tcase_add_test(same, interrupted_by_the_sender_it_is_resumed_on_the_same_association);
  tcase_add_test(same, interrupted_without_a_checkpoint_it_is_discarded);
  tcase_add_test(same, interrupted_by_the_receiver_it_is_resumed_on_the_same_association);
  tcase_add_test(same, interrupted_while_its_end_is_confirmed_it_is_complete);
  tcase_add_test(same, the_end_of_an_association_says_why_and_who_had_the_turn);
  tcase_add_test(same, rejected_by_the_receiver_it_goes_from_zero);
  tcase_add_test(same, discarded_by_the_sender_it_is_forgotten);
  tcase_add_test(same, a_receiver_that_does_not_confirm_holds_the_sender_at_the_window);
  suite_add_tcase(suite, same);
  TCase *values = tcase_create("values");
  tcase_add_test(values, identifiers_are_kept_and_compared_by_their_contents);
  suite_add_tcase(suite, values);
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
