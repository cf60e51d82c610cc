/* test_p1.c - the P1 association: binds, terms, transfers, the turn, and every orderly or disorderly end; two
 * machines back to back. */
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

static struct p1_pair *pair_two_way(void)
{
  struct p1_options initiator = p1_options_default(true);
  initiator.dialogue = P1_TWO_WAY_ALTERNATE;
  return pair_with(initiator, p1_options_default(false));
}

static struct osi_selector selector(const char *text)
{
  struct osi_selector result;
  ck_assert(osi_selector_parse(text, &result, NULL));
  return result;
}

static void assert_received(const struct p1_end *end, guint index, GBytes *apdu)
{
  ck_assert_uint_gt(end->received->len, index);
  g_autoptr(GBytes) got = p1_unwrap(end->bound.mode, end->received->pdata[index]);
  ck_assert(g_bytes_equal(got, apdu));
}

/* --- binds
 * ------------------------------------------------------------------------------------------------------------------
 */

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
  ck_assert_uint_eq(g_bytes_get_size(i->bound.peer.password), strlen("land-password"));
  ck_assert_uint_eq(i->bound.checkpoint_size, 4);
  ck_assert_uint_eq(i->bound.window, 3);
  ck_assert_uint_eq(i->bound.session_version, 2);
  ck_assert_uint_eq(r->bound.session_version, 2);
  ck_assert_uint_eq(r->bound.checkpoint_size, 4);
  ck_assert_int_eq(r->bound.dialogue, P1_MONOLOGUE);
  ck_assert(r->bind.called_tsel.present && r->bind.called_tsel.length == 3);
  ck_assert(!r->bind.calling_tsel.present);
  ck_assert_str_eq(i->trace->str, "bound ready ");
  ck_assert_str_eq(r->trace->str, "bind bound ");
  g_autofree char *words = p1_association_describe(i->association);
  ck_assert_msg(strstr(words, "STA713") && strstr(words, "STAt0") && strstr(words, "STA5") &&
                    strstr(words, "turn here"),
                "%s", words);
  p1_pair_free(pair);
}
END_TEST

START_TEST(passwords_travel_in_either_form)
{
  for (int form = P1_PASSWORD_IA5; form <= P1_PASSWORD_OCTETS; form++) {
    struct p1_options initiator = p1_options_default(true);
    initiator.password_form = (enum p1_password_form)form;
    struct p1_pair *pair = pair_with(initiator, p1_options_default(false));
    pair->responder.form = (enum p1_password_form)form;
    pair->responder.wants_name = "sea";
    pair->responder.wants_password = "sea-password";
    p1_pair_connect(pair);
    ck_assert(pair->initiator.bound_seen && pair->responder.bound_seen);
    /* X.411 8.2: [1] EXPLICIT Credentials, an IA5String or an OCTET STRING inside */
    const guint8 wanted[] = {0xa1, 14, form == P1_PASSWORD_IA5 ? 0x16 : 0x04, 12, 's', 'e', 'a', '-'};
    ck_assert_ptr_nonnull(
        memmem(pair->initiator.written->data, pair->initiator.written->len, wanted, sizeof wanted));
    p1_pair_free(pair);
  }
}
END_TEST

START_TEST(a_bind_without_name_is_unauthenticated)
{
  struct p1_options initiator = p1_options_default(true);
  initiator.local.authentication = P1_UNAUTHENTICATED;
  struct p1_pair *pair = pair_with(initiator, p1_options_default(false));
  p1_pair_connect(pair);
  ck_assert(pair->responder.bind_seen);
  ck_assert_ptr_null(pair->responder.bind.peer.mta_name);
  ck_assert_ptr_null(pair->responder.bind.peer.password);
  ck_assert(pair->initiator.bound_seen);
  p1_pair_free(pair);
}
END_TEST

/* Each refusal: who set what wrong, where it is refused, what the initiator's administrator reads. */
static const struct refusal {
  const char *name;
  const char *wants_name, *wants_password;
  bool busy, unauthenticated, two_way_to_monologue;
  const char *tsel, *ssel, *psel; /* the responder's own */
  enum p1_step step;
  int bind_error; /* -1: none */
  bool permanent;
  const char *words[2];
} refusals[] = {
    {.name = "name",
     .wants_name = "river",
     .step = P1_STEP_BIND,
     .bind_error = P1_BIND_AUTHENTICATION_ERROR,
     .permanent = true,
     .words = {"\"sea\"", "password"}},
    {.name = "password",
     .wants_password = "other",
     .step = P1_STEP_BIND,
     .bind_error = P1_BIND_AUTHENTICATION_ERROR,
     .permanent = true,
     .words = {"authentication error", "log"}},
    {.name = "no name",
     .wants_name = "sea",
     .unauthenticated = true,
     .step = P1_STEP_BIND,
     .bind_error = P1_BIND_AUTHENTICATION_ERROR,
     .permanent = true,
     .words = {"without name", "local-mta"}},
    {.name = "busy",
     .busy = true,
     .step = P1_STEP_BIND,
     .bind_error = P1_BIND_BUSY,
     .permanent = false,
     .words = {"busy"}},
    {.name = "dialogue",
     .two_way_to_monologue = true,
     .step = P1_STEP_BIND,
     .bind_error = P1_BIND_UNACCEPTABLE_DIALOGUE_MODE,
     .permanent = true,
     .words = {"two-way-alternate"}},
    {.name = "TSEL", .tsel = "other", .step = P1_STEP_TRANSPORT, .bind_error = -1, .words = {"selector"}},
    {.name = "SSEL",
     .ssel = "other",
     .step = P1_STEP_SESSION,
     .bind_error = -1,
     .permanent = true,
     .words = {"SSEL"}},
    {.name = "PSEL",
     .psel = "other",
     .step = P1_STEP_PRESENTATION,
     .bind_error = -1,
     .permanent = true,
     .words = {"PSEL"}},
};

START_TEST(a_refusal_names_the_layer_and_the_side)
{
  const struct refusal *c = &refusals[_i];
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  initiator.remote_ssel = selector("ours");
  initiator.remote_psel = selector("ours");
  responder.local_tsel = selector(c->tsel != NULL ? c->tsel : "591");
  responder.local_ssel = selector(c->ssel != NULL ? c->ssel : "ours");
  responder.local_psel = selector(c->psel != NULL ? c->psel : "ours");
  if (c->unauthenticated) {
    initiator.local.authentication = P1_UNAUTHENTICATED;
  }
  if (c->two_way_to_monologue) {
    initiator.dialogue = P1_TWO_WAY_ALTERNATE;
    responder.dialogue = P1_MONOLOGUE;
  }
  struct p1_pair *pair = pair_with(initiator, responder);
  struct p1_end *i = &pair->initiator, *r = &pair->responder;
  r->wants_name = c->wants_name;
  r->wants_password = c->wants_password;
  r->refuse_busy = c->busy;
  p1_pair_connect(pair);

  ck_assert_msg(i->end_seen && i->end.type == P1_REFUSED, "%s: %s", c->name, i->trace->str);
  ck_assert_msg(i->end.step == c->step, "%s: %s: %s", c->name, p1_step_name(i->end.step), i->end.words);
  ck_assert(i->end.by_peer);
  ck_assert_int_eq(i->end.bind_error_given ? (int)i->end.bind_error : -1, c->bind_error);
  ck_assert_msg(c->bind_error == -1 || i->end.permanent == c->permanent, "%s", c->name);
  for (gsize w = 0; w < 2 && c->words[w] != NULL; w++) {
    ck_assert_msg(strstr(i->end.words, c->words[w]) != NULL, "%s: %s", c->name, i->end.words);
  }
  ck_assert_ptr_null(strstr(i->end.words, "sea-password"));
  ck_assert(!i->bound_seen && !r->bound_seen);
  ck_assert_msg(i->closed && r->closed, "%s: %s | %s", c->name, i->trace->str, r->trace->str);
  if (r->end_seen) { /* what the machine refused by itself it tells its own side, with both values */
    ck_assert_int_eq(r->end.type, P1_ABORTED);
    ck_assert(!r->end.by_peer);
    ck_assert_msg(c->tsel == NULL || (strstr(r->end.words, "other") && strstr(r->end.words, "591")), "%s",
                  r->end.words);
  }
  p1_pair_free(pair);
}
END_TEST

static const struct terms {
  guint proposed, own, agreed, window, own_window, agreed_window;
} terms[] = {{4, 4, 4, 3, 3, 3}, {64, 4, 4, 8, 3, 3}, {1, 64, 1, 1, 8, 1},  {0, 4, 4, 3, 3, 3},
             {4, 0, 0, 3, 3, 3}, {0, 0, 0, 3, 3, 3},  {63, 1, 1, 3, 255, 3}};

START_TEST(terms_are_never_more_than_proposed)
{
  const struct terms *c = &terms[_i];
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  initiator.checkpoint_size = c->proposed;
  responder.checkpoint_size = c->own;
  initiator.window = c->window;
  responder.window = c->own_window;
  struct p1_pair *pair = pair_with(initiator, responder);
  p1_pair_connect(pair);
  ck_assert_uint_eq(pair->initiator.bound.checkpoint_size, c->agreed);
  ck_assert_uint_eq(pair->responder.bound.checkpoint_size, c->agreed);
  ck_assert_uint_eq(pair->initiator.bound.window, c->agreed_window);
  ck_assert_uint_eq(pair->responder.bound.window, c->agreed_window);
  p1_pair_free(pair);
}
END_TEST

START_TEST(session_versions_meet)
{
  static const guint cases[][3] = {{1, 1, 1}, {1, 2, 1}, {2, 1, 1}, {2, 2, 2}};
  for (gsize k = 0; k < G_N_ELEMENTS(cases); k++) {
    struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
    initiator.session_version = cases[k][0];
    responder.session_version = cases[k][1];
    struct p1_pair *pair = pair_with(initiator, responder);
    g_autoptr(GBytes) apdu = p1_random_apdu(9000, 1);
    p1_end_send(&pair->initiator, apdu);
    p1_pair_connect(pair);
    ck_assert_uint_eq(pair->initiator.bound.session_version, cases[k][2]);
    assert_received(&pair->responder, 0, apdu);
    p1_association_abort(pair->initiator.association, "enough");
    p1_pair_run(pair);
    ck_assert(pair->responder.end_seen && pair->responder.end.by_peer);
    ck_assert(pair->initiator.closed && pair->responder.closed);
    p1_pair_free(pair);
  }
}
END_TEST

/* --- transfers
 * ----------------------------------------------------------------------------------------------------------------
 */

static const gsize sizes[] = {0,    1,    100,  1000,  1013,  1014,   1024,
                              4080, 4096, 4097, 12288, 65536, 300001, 5 << 20};
static const guint schemes[][2] = {{0, 3}, {1, 1}, {1, 3}, {4, 1}, {4, 8}, {64, 3}};

START_TEST(all_sizes_pass_both_ways)
{
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  initiator.dialogue = P1_TWO_WAY_ALTERNATE;
  initiator.checkpoint_size = responder.checkpoint_size = schemes[_i][0];
  initiator.window = responder.window = schemes[_i][1];
  initiator.tpdu_size = responder.tpdu_size = _i % 2 ? 0x0d : 0;
  struct p1_pair *pair = pair_with(initiator, responder);
  pair->chunk = 1 << 20;
  GPtrArray *apdus = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
    g_ptr_array_add(apdus, p1_random_apdu(sizes[i], (guint)i + 1));
    p1_end_send(&pair->initiator, apdus->pdata[i]);
    p1_end_send(&pair->responder, apdus->pdata[i]);
  }
  pair->responder.want_turn = true;
  p1_pair_connect(pair);
  for (guint i = 0; i < apdus->len; i++) {
    assert_received(&pair->responder, i, apdus->pdata[i]);
    assert_received(&pair->initiator, i, apdus->pdata[i]);
  }
  ck_assert_uint_eq(pair->initiator.sent, apdus->len);
  ck_assert_uint_eq(pair->responder.sent, apdus->len);
  ck_assert_uint_eq(pair->initiator.not_sent + pair->responder.not_sent, 0);
  g_ptr_array_unref(apdus);
  p1_pair_free(pair);
}
END_TEST

START_TEST(a_small_transfer_is_one_write_and_one_answer)
{
  struct p1_pair *pair = pair_default();
  p1_pair_connect(pair);
  guint before = pair->initiator.sends, answers = pair->responder.sends;
  g_autoptr(GBytes) apdu = p1_random_apdu(2000, 3);
  p1_end_send(&pair->initiator, apdu);
  p1_pair_run(pair);
  ck_assert_uint_eq(pair->initiator.sends - before, 1);
  ck_assert_uint_eq(pair->responder.sends - answers, 1);
  ck_assert_uint_eq(pair->initiator.sent, 1);
  p1_pair_free(pair);
}
END_TEST

START_TEST(a_relay_may_give_data_in_pieces)
{
  struct p1_pair *pair = pair_default();
  g_autoptr(GBytes) apdu = p1_random_apdu(20000, 3);
  pair->initiator.piece = 777;
  p1_end_send(&pair->initiator, apdu);
  p1_pair_connect(pair);
  assert_received(&pair->responder, 0, apdu);
  p1_pair_free(pair);
}
END_TEST

START_TEST(never_more_checkpoints_than_the_window_are_open)
{
  struct p1_options initiator = p1_options_default(true);
  initiator.checkpoint_size = 1;
  initiator.window = 2;
  struct p1_pair *pair = pair_with(initiator, p1_options_default(false));
  p1_pair_connect(pair);
  g_autoptr(GBytes) apdu = p1_random_apdu(10240, 3);
  p1_end_send(&pair->initiator, apdu);
  p1_end_drain(&pair->initiator); /* nothing has come back yet */
  ck_assert_uint_eq(pair->initiator.wants, 2);
  p1_pair_run(pair);
  ck_assert_uint_eq(pair->initiator.sent, 1);
  assert_received(&pair->responder, 0, apdu);
  p1_pair_free(pair);
}
END_TEST

START_TEST(activities_are_counted_up)
{
  struct p1_pair *pair = pair_default();
  g_autoptr(GBytes) apdu = p1_random_apdu(10, 3);
  for (guint i = 0; i < 3; i++) {
    p1_end_send(&pair->initiator, apdu);
  }
  p1_pair_connect(pair);
  for (guint8 i = 1; i <= 3; i++) {
    const guint8 start[] = {0x01, 0x00, 45, 5, 41, 3, 0x02, 0x01, i}; /* GT, AS, PI 41, INTEGER */
    ck_assert_ptr_nonnull(
        memmem(pair->initiator.written->data, pair->initiator.written->len, start, sizeof start));
  }
  p1_pair_free(pair);
}
END_TEST

START_TEST(what_the_receiver_cannot_keep_is_not_sent_and_the_association_goes_on)
{
  struct p1_pair *pair = pair_default();
  g_autoptr(GBytes) apdu = p1_random_apdu(9000, 3);
  pair->responder.reject = true;
  p1_end_send(&pair->initiator, apdu);
  p1_pair_connect(pair);
  ck_assert_uint_eq(pair->initiator.not_sent, 1);
  ck_assert(!pair->initiator.not_sent_permanent);
  ck_assert_ptr_nonnull(strstr(pair->initiator.not_sent_words, "exception"));
  ck_assert(!pair->initiator.end_seen);
  pair->responder.reject = false;
  p1_end_send(&pair->initiator, apdu);
  p1_pair_run(pair);
  ck_assert_msg(pair->initiator.sent == 1, "%s", pair->initiator.trace->str);
  assert_received(&pair->responder, 0, apdu);
  p1_pair_free(pair);
}
END_TEST

START_TEST(a_transfer_can_be_given_up_and_the_next_one_passes)
{
  struct p1_options initiator = p1_options_default(true);
  initiator.checkpoint_size = 1;
  struct p1_pair *pair = pair_with(initiator, p1_options_default(false));
  g_autoptr(GBytes) apdu = p1_random_apdu(9000, 3);
  pair->initiator.discard_second = true;
  p1_end_send(&pair->initiator, apdu);
  p1_end_send(&pair->initiator, apdu);
  p1_pair_connect(pair);
  ck_assert_msg(pair->initiator.not_sent == 1 && pair->initiator.sent == 1, "%s", pair->initiator.trace->str);
  ck_assert_uint_eq(pair->responder.abandoned, 1);
  ck_assert_uint_eq(pair->responder.received->len, 1);
  assert_received(&pair->responder, 0, apdu);
  p1_pair_free(pair);
}
END_TEST

START_TEST(more_data_than_wanted_discards_the_transfer)
{
  struct p1_pair *pair = pair_default();
  p1_pair_connect(pair);
  ck_assert(p1_association_transfer(pair->initiator.association, 100, NULL));
  g_autoptr(GBytes) more = p1_random_apdu(101, 1);
  p1_association_data(pair->initiator.association, more);
  struct p1_event event;
  bool wanted = false;
  while (p1_association_next(pair->initiator.association, &event)) { /* not the driver, which would answer */
    wanted = wanted || event.type == P1_WANT_DATA;
    if (event.type == P1_SEND) {
      gsize length;
      const guint8 *data = g_bytes_get_data(event.data, &length);
      g_byte_array_append(pair->initiator.wire, data, (guint)length);
    }
    p1_event_clear(&event);
  }
  ck_assert(wanted);
  p1_pair_run(pair);
  ck_assert_uint_eq(pair->initiator.not_sent, 1);
  ck_assert_uint_eq(pair->responder.abandoned, 1);
  ck_assert(pair->initiator.ready);
  p1_pair_free(pair);
}
END_TEST

START_TEST(what_is_too_long_is_swallowed_and_still_ends)
{
  struct p1_options responder = p1_options_default(false);
  responder.receive_max = 10000;
  struct p1_pair *pair = pair_with(p1_options_default(true), responder);
  g_autoptr(GBytes) small = p1_random_apdu(9000, 3), large = p1_random_apdu(90000, 3);
  p1_end_send(&pair->initiator, small);
  p1_end_send(&pair->initiator, large);
  p1_end_send(&pair->initiator, small);
  p1_pair_connect(pair);
  ck_assert_uint_eq(pair->initiator.sent, 3);
  ck_assert(pair->responder.oversize);
  ck_assert_uint_eq(pair->responder.received->len, 3);
  ck_assert_uint_le(g_bytes_get_size(pair->responder.received->pdata[1]), 10000);
  assert_received(&pair->responder, 2, small);
  p1_pair_free(pair);
}
END_TEST

START_TEST(only_with_the_turn_a_transfer_may_start)
{
  struct p1_pair *pair = pair_default();
  g_autoptr(GError) error = NULL;
  ck_assert(!p1_association_transfer(pair->initiator.association, 10, &error));
  p1_pair_connect(pair);
  g_clear_error(&error);
  ck_assert(!p1_association_transfer(pair->responder.association, 10, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "turn with the peer"));
  p1_pair_free(pair);
}
END_TEST

/* --- the turn
 * ------------------------------------------------------------------------------------------------------------------
 */

START_TEST(the_turn_passes_when_asked_for_and_comes_back)
{
  struct p1_pair *pair = pair_two_way();
  g_autoptr(GBytes) apdu = p1_random_apdu(5000, 9);
  p1_end_send(&pair->responder, apdu);
  pair->responder.want_turn = true;
  p1_pair_connect(pair);
  ck_assert_uint_eq(pair->initiator.asked, 1);
  ck_assert_msg(pair->responder.sent == 1, "%s | %s", pair->initiator.trace->str, pair->responder.trace->str);
  assert_received(&pair->initiator, 0, apdu);
  p1_end_send(&pair->initiator, apdu);
  p1_association_ask_turn(pair->initiator.association, 0);
  p1_pair_run(pair);
  ck_assert_uint_eq(pair->initiator.sent, 1);
  /* The initiator releases although the responder has the turn: it asks for it first. */
  p1_association_ask_turn(pair->responder.association, 0);
  p1_pair_run(pair);
  ck_assert(pair->responder.ready);
  p1_association_release(pair->initiator.association);
  p1_pair_run(pair);
  ck_assert_int_eq(pair->initiator.end.type, P1_RELEASED);
  ck_assert_int_eq(pair->responder.end.type, P1_RELEASED);
  p1_pair_free(pair);
}
END_TEST

START_TEST(in_a_monologue_the_turn_stays)
{
  struct p1_pair *pair = pair_default();
  p1_pair_connect(pair);
  p1_association_give_turn(pair->initiator.association);
  p1_association_ask_turn(pair->responder.association, 1);
  p1_pair_run(pair);
  ck_assert(pair->initiator.ready && !pair->responder.ready);
  ck_assert_uint_eq(pair->initiator.asked, 0);
  ck_assert(!pair->initiator.end_seen && !pair->responder.end_seen);
  p1_pair_free(pair);
}
END_TEST

/* --- ends
 * ----------------------------------------------------------------------------------------------------------------------
 */

START_TEST(a_message_passes_and_the_association_is_released)
{
  struct p1_pair *pair = pair_default();
  g_autoptr(GBytes) apdu = p1_random_apdu(20000, 7);
  p1_end_send(&pair->initiator, apdu);
  pair->initiator.release_when_done = true;
  p1_pair_connect(pair);
  struct p1_end *i = &pair->initiator, *r = &pair->responder;
  ck_assert_uint_eq(i->sent, 1);
  assert_received(r, 0, apdu);
  ck_assert_int_eq(i->end.type, P1_RELEASED);
  ck_assert_int_eq(r->end.type, P1_RELEASED);
  ck_assert(i->closed && r->closed);
  for (gsize t = 0; t < G_N_ELEMENTS(i->timers); t++) {
    ck_assert_uint_eq(i->timers[t], 0);
    ck_assert_uint_eq(r->timers[t], 0);
  }
  p1_pair_free(pair);
}
END_TEST

START_TEST(a_release_waits_for_the_open_transfer)
{
  struct p1_pair *pair = pair_default();
  p1_pair_connect(pair);
  g_autoptr(GBytes) apdu = p1_random_apdu(20000, 7);
  p1_end_send(&pair->initiator, apdu);
  p1_end_drain(&pair->initiator);
  p1_association_release(pair->initiator.association);
  p1_pair_run(pair);
  ck_assert_uint_eq(pair->initiator.sent, 1);
  ck_assert_int_eq(pair->initiator.end.type, P1_RELEASED);
  p1_pair_free(pair);
}
END_TEST

START_TEST(a_responder_that_wants_to_end_aborts)
{
  struct p1_pair *pair = pair_default();
  p1_pair_connect(pair);
  p1_association_release(pair->responder.association);
  p1_pair_run(pair);
  ck_assert_int_eq(pair->responder.end.type, P1_ABORTED);
  ck_assert(!pair->responder.end.by_peer);
  ck_assert_int_eq(pair->initiator.end.type, P1_ABORTED);
  ck_assert(pair->initiator.end.by_peer);
  ck_assert_int_eq(pair->initiator.end.step, P1_STEP_RTSE);
  ck_assert(pair->initiator.closed && pair->responder.closed);
  p1_pair_free(pair);
}
END_TEST

/* Aborts at every stage, from either side: one end each, no transfer left open. */
START_TEST(aborts_end_both_sides_once)
{
  static const gsize passed[] = {0, 10, 60, 250, 400, 700, 3000, 9000};
  for (gsize k = 0; k < G_N_ELEMENTS(passed); k++) {
    struct p1_pair *pair = pair_default();
    g_autoptr(GBytes) apdu = p1_random_apdu(20000, 7);
    p1_end_send(&pair->initiator, apdu);
    pair->responder.hold_confirm = true;
    p1_association_connected(pair->responder.association);
    p1_association_connected(pair->initiator.association);
    p1_end_drain(&pair->initiator);
    gsize left = passed[k], done;
    while (left > 0 && (done = p1_pair_pass(pair, true, left)) > 0) {
      left -= done;
      p1_pair_pass(pair, false, G_MAXUINT);
    }
    struct p1_end *who = _i == 0 ? &pair->initiator : &pair->responder,
                  *other = _i == 0 ? &pair->responder : &pair->initiator;
    p1_association_abort(who->association, "the test ends it");
    p1_pair_run(pair);
    if (!who->closed) { /* the other one may not answer an abort of what it has not yet seen */
      p1_association_timeout(who->association, 0);
      p1_association_timeout(who->association, 2);
      p1_pair_run(pair);
    }
    ck_assert_msg(who->end_seen && who->end.type == P1_ABORTED && !who->end.by_peer, "%s", who->trace->str);
    ck_assert_str_eq(who->end.words, "the test ends it");
    ck_assert_msg(who->closed && other->closed, "%zu: %s | %s", passed[k], who->trace->str,
                  other->trace->str);
    ck_assert(other->end_seen);
    ck_assert_uint_eq(pair->initiator.not_sent, pair->initiator.wants > 0 ? 1 : 0);
    ck_assert_uint_eq(pair->responder.abandoned + pair->responder.interrupted, pair->responder.begun);
    p1_pair_free(pair);
  }
}
END_TEST

static void assert_timed_out(struct p1_end *end, guint timer, guint ms, enum p1_step step, const char *words)
{
  ck_assert_uint_eq(end->timers[timer], ms);
  p1_association_timeout(end->association, timer);
  p1_end_drain(end);
  ck_assert_int_eq(end->end.type, P1_ABORTED);
  ck_assert_msg(end->end.step == step, "%s: %s", p1_step_name(end->end.step), end->end.words);
  ck_assert_msg(strstr(end->end.words, words) != NULL, "%s", end->end.words);
}

START_TEST(a_silent_peer_is_given_up_in_every_phase)
{
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  struct p1_pair *pair;

  pair = pair_with(initiator, responder); /* no CC */
  p1_association_connected(pair->initiator.association);
  p1_end_drain(&pair->initiator);
  assert_timed_out(&pair->initiator, 0, 60000, P1_STEP_TRANSPORT, "CC");
  ck_assert(pair->initiator.closed);
  p1_pair_free(pair);

  pair = pair_with(initiator, responder); /* no AC */
  p1_association_connected(pair->responder.association);
  p1_association_connected(pair->initiator.association);
  p1_end_drain(&pair->initiator);
  p1_pair_pass(pair, true, G_MAXUINT);
  p1_pair_pass(pair, false, G_MAXUINT);
  assert_timed_out(&pair->initiator, 0, 60000, P1_STEP_SESSION, "bind");
  p1_association_timeout(pair->initiator.association, 0);
  p1_end_drain(&pair->initiator);
  ck_assert(pair->initiator.closed);
  p1_pair_free(pair);

  pair = pair_default(); /* no confirmation of the activity's end */
  g_autoptr(GBytes) apdu = p1_random_apdu(2000, 7);
  pair->responder.hold_confirm = true;
  p1_end_send(&pair->initiator, apdu);
  p1_pair_connect(pair);
  assert_timed_out(&pair->initiator, 2, 120000, P1_STEP_SESSION, "ACTIVITY END");
  ck_assert_uint_eq(pair->initiator.not_sent, 1);
  p1_pair_free(pair);

  pair = pair_default(); /* no confirmation of a checkpoint; half a transfer */
  g_autoptr(GBytes) long_apdu = p1_random_apdu(100000, 7);
  p1_pair_connect(pair);
  p1_end_send(&pair->initiator, long_apdu);
  p1_end_drain(&pair->initiator);
  p1_pair_pass(pair, true, 5000);
  assert_timed_out(&pair->initiator, 0, 120000, P1_STEP_TRANSFER, "checkpoint");
  assert_timed_out(&pair->responder, 0, 120000, P1_STEP_TRANSFER, "rest of a transfer");
  ck_assert_uint_eq(pair->responder.abandoned + pair->responder.interrupted, 1);
  p1_pair_free(pair);

  pair = pair_default(); /* no DN */
  p1_pair_connect(pair);
  p1_association_release(pair->initiator.association);
  p1_end_drain(&pair->initiator);
  assert_timed_out(&pair->initiator, 0, 30000, P1_STEP_RTSE, "release");
  ck_assert(pair->initiator.closed);
  p1_pair_free(pair);
}
END_TEST

START_TEST(calls_out_of_place_do_no_harm)
{
  struct p1_pair *pair = pair_default();
  g_autoptr(GBytes) apdu = p1_random_apdu(100, 7);
  struct p1_credentials none = {0};
  struct p1_association *association = pair->initiator.association;
  for (guint round = 0; round < 3; round++) {
    p1_association_data(association, apdu);
    p1_association_confirm(association);
    p1_association_reject(association);
    p1_association_discard(association);
    p1_association_give_turn(association);
    p1_association_bind_accept(association, P1_MODE_1988_NORMAL, &none, P1_PASSWORD_IA5);
    p1_association_bind_refuse(association, P1_BIND_BUSY);
    p1_association_timeout(association, 77);
    if (round == 0) {
      p1_pair_connect(pair);
      ck_assert(pair->initiator.ready);
    } else if (round == 1) {
      p1_pair_run(pair);
      ck_assert(!pair->initiator.end_seen);
      p1_pair_cut(pair);
      p1_association_input(association, (const guint8 *)"\x03", 1);
      p1_association_release(association);
      p1_association_abort(association, NULL);
    }
  }
  p1_end_drain(&pair->initiator);
  ck_assert(pair->initiator.closed);
  p1_pair_free(pair);
}
END_TEST

/* The relay commits while the peer discards that transfer and sends the next: the late answer is not the next one's. */
START_TEST(a_late_answer_is_not_taken_for_the_next_transfer)
{
  static const guint8 discard[] = {3, 0, 0, 11, 2, 0xf0, 0x80, 0x01, 0x00, 57, 0x00}; /* GT, AD */
  struct p1_pair *pair = pair_default();
  struct p1_end *r = &pair->responder;
  p1_pair_connect(pair);
  gsize before = pair->initiator.written->len;
  g_autoptr(GBytes) apdu = p1_random_apdu(500, 7);
  r->hold_confirm = true;
  p1_end_send(&pair->initiator, apdu);
  p1_pair_run(pair);
  ck_assert_uint_eq(r->whole, 1);
  gsize length = pair->initiator.written->len - before;
  g_autofree guint8 *transfer = g_memdup2(pair->initiator.written->data + before, length);
  p1_association_input(r->association, discard, sizeof discard);
  p1_end_drain(r);
  ck_assert_uint_eq(r->abandoned, 1);
  p1_association_input(r->association, transfer, length);
  p1_end_drain(r);
  ck_assert_uint_eq(r->whole, 2);
  gsize written = r->written->len;
  p1_association_confirm(r->association); /* of the first */
  p1_end_drain(r);
  ck_assert_uint_eq(r->written->len, written);
  p1_association_confirm(r->association); /* of the second */
  p1_end_drain(r);
  ck_assert_uint_gt(r->written->len, written);
  p1_pair_free(pair);
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("mhs/p1");
  TCase *binds = tcase_create("binds");
  tcase_add_test(binds, a_bind_tells_names_and_terms_to_both);
  tcase_add_test(binds, passwords_travel_in_either_form);
  tcase_add_test(binds, a_bind_without_name_is_unauthenticated);
  tcase_add_loop_test(binds, a_refusal_names_the_layer_and_the_side, 0, G_N_ELEMENTS(refusals));
  tcase_add_loop_test(binds, terms_are_never_more_than_proposed, 0, G_N_ELEMENTS(terms));
  tcase_add_test(binds, session_versions_meet);
  suite_add_tcase(suite, binds);
  TCase *transfers = tcase_create("transfers");
  tcase_add_loop_test(transfers, all_sizes_pass_both_ways, 0, G_N_ELEMENTS(schemes));
  tcase_add_test(transfers, a_small_transfer_is_one_write_and_one_answer);
  tcase_add_test(transfers, a_relay_may_give_data_in_pieces);
  tcase_add_test(transfers, never_more_checkpoints_than_the_window_are_open);
  tcase_add_test(transfers, activities_are_counted_up);
  tcase_add_test(transfers, what_the_receiver_cannot_keep_is_not_sent_and_the_association_goes_on);
  tcase_add_test(transfers, a_transfer_can_be_given_up_and_the_next_one_passes);
  tcase_add_test(transfers, more_data_than_wanted_discards_the_transfer);
  tcase_add_test(transfers, what_is_too_long_is_swallowed_and_still_ends);
  tcase_add_test(transfers, a_late_answer_is_not_taken_for_the_next_transfer);
  tcase_add_test(transfers, only_with_the_turn_a_transfer_may_start);
  suite_add_tcase(suite, transfers);
  TCase *turn = tcase_create("turn");
  tcase_add_test(turn, the_turn_passes_when_asked_for_and_comes_back);
  tcase_add_test(turn, in_a_monologue_the_turn_stays);
  suite_add_tcase(suite, turn);
  TCase *ends = tcase_create("ends");
  tcase_add_test(ends, a_message_passes_and_the_association_is_released);
  tcase_add_test(ends, a_release_waits_for_the_open_transfer);
  tcase_add_test(ends, a_responder_that_wants_to_end_aborts);
  tcase_add_loop_test(ends, aborts_end_both_sides_once, 0, 2);
  tcase_add_test(ends, a_silent_peer_is_given_up_in_every_phase);
  tcase_add_test(ends, calls_out_of_place_do_no_harm);
  suite_add_tcase(suite, ends);
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
