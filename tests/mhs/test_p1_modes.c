/* test_p1_modes.c - P1 in its three modes, two machines back to back: how the mode is told and recognised,
 * credentials and refusals in each, transfers in both dialogue modes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/notation.h"
#include "lib/p1_pair.h"

static const enum p1_mode modes[] = {P1_MODE_1988_NORMAL, P1_MODE_1988_X410, P1_MODE_1984};
enum { MODES = G_N_ELEMENTS(modes) };

static GBytes *octets(const char *text)
{
  return g_bytes_new_static(text, strlen(text));
}

static struct p1_pair *pair_of(enum p1_mode mode)
{
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  g_autoptr(GBytes) password = octets("sea-password");
  initiator.mode = mode;
  initiator.dialogue = P1_TWO_WAY_ALTERNATE;
  initiator.local.password = password;
  return p1_pair_new(&initiator, &responder);
}

static bool wrote(const struct p1_end *end, gconstpointer what, gsize length)
{
  return memmem(end->written->data, end->written->len, what, length) != NULL;
}

START_TEST(a_mode_has_a_name)
{
  enum p1_mode mode;
  for (gsize i = 0; i < MODES; i++) {
    ck_assert(p1_mode_parse(p1_mode_name(modes[i]), &mode));
    ck_assert_int_eq(mode, modes[i]);
  }
  ck_assert(!p1_mode_parse("1992", &mode));
  ck_assert(!p1_mode_parse(NULL, &mode));
}
END_TEST

/* --- which mode it is --- */

/* RTORQ's applicationProtocol, what it is recognised as, and what the peer's entry makes of it. */
static const struct {
  enum p1_mode mode;
  gint protocol;
  gint told; /* as the responder hears it */
  enum p1_mode recognised, entry, taken;
} recognitions[] = {
    {P1_MODE_1988_NORMAL, 0, -1, P1_MODE_1988_NORMAL, P1_MODE_1988_NORMAL, P1_MODE_1988_NORMAL},
    {P1_MODE_1988_NORMAL, 12, -1, P1_MODE_1988_NORMAL, P1_MODE_1984,
     P1_MODE_1988_NORMAL}, /* never the wrong octets */
    {P1_MODE_1988_X410, 0, 12, P1_MODE_1988_X410, P1_MODE_1988_X410, P1_MODE_1988_X410},
    {P1_MODE_1988_X410, 3072, 3072, P1_MODE_1988_X410, P1_MODE_1988_X410, P1_MODE_1988_X410},
    {P1_MODE_1988_X410, 1, 1, P1_MODE_1984, P1_MODE_1988_X410, P1_MODE_1988_X410},
    {P1_MODE_1988_X410, -1, -1, P1_MODE_1984, P1_MODE_1988_X410,
     P1_MODE_1988_X410}, /* X.410-1984: DEFAULT p1 */
    {P1_MODE_1984, 0, 1, P1_MODE_1984, P1_MODE_1984, P1_MODE_1984},
    {P1_MODE_1984, -1, -1, P1_MODE_1984, P1_MODE_1984, P1_MODE_1984},
    {P1_MODE_1984, 12, 12, P1_MODE_1988_X410, P1_MODE_1984, P1_MODE_1984},
};

START_TEST(the_mode_is_recognised_and_the_entry_decides)
{
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  initiator.mode = recognitions[_i].mode;
  initiator.application_protocol = recognitions[_i].protocol;
  struct p1_pair *pair = p1_pair_new(&initiator, &responder);
  pair->responder.mode_given = true;
  pair->responder.mode = recognitions[_i].entry;
  p1_pair_connect(pair);
  ck_assert_msg(pair->responder.bind_seen && pair->initiator.bound_seen, "%s", pair->initiator.trace->str);
  ck_assert_int_eq(pair->responder.bind.mode, recognitions[_i].recognised);
  ck_assert_int_eq(pair->responder.bind.application_protocol, recognitions[_i].told);
  ck_assert_int_eq(pair->responder.bound.mode, recognitions[_i].taken);
  ck_assert_int_eq(pair->initiator.bound.mode, recognitions[_i].mode);
  p1_pair_free(pair);
}
END_TEST

START_TEST(another_application_is_refused_with_words)
{
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  initiator.mode = P1_MODE_1984;
  initiator.application_protocol = 3; /* X.410-1984: P3 */
  struct p1_pair *pair = p1_pair_new(&initiator, &responder);
  p1_pair_connect(pair);
  ck_assert(!pair->responder.bind_seen);
  ck_assert_int_eq(pair->responder.end.type, P1_ABORTED);
  ck_assert_msg(strstr(pair->responder.end.words, "application protocol 3"), "%s", pair->responder.end.words);
  ck_assert_int_eq(pair->initiator.end.type, P1_REFUSED);
  p1_pair_free(pair);
}
END_TEST

START_TEST(mode_1984_speaks_version_1_of_session)
{
  for (gsize i = 0; i < MODES; i++) {
    struct p1_pair *pair = pair_of(modes[i]);
    p1_pair_connect(pair);
    ck_assert_uint_eq(pair->responder.bound.session_version, modes[i] == P1_MODE_1984 ? 1 : 2);
    p1_pair_free(pair);
  }
}
END_TEST

/* X.228 9: the calling user's reference is an OCTET STRING in normal mode, else a T61String. */
START_TEST(the_session_reference_has_the_modes_type)
{
  for (gsize i = 0; i < MODES; i++) {
    struct p1_pair *pair = pair_of(modes[i]);
    const guint8 wanted[] = {modes[i] == P1_MODE_1988_NORMAL ? 0x04 : 0x14, 11, 's', 'e', 'a', '.'};
    p1_pair_connect(pair);
    ck_assert(wrote(&pair->initiator, wanted, sizeof wanted));
    p1_pair_free(pair);
  }
}
END_TEST

/* --- credentials --- */

START_TEST(passwords_pass_in_each_form)
{
  for (gsize i = 0; i < MODES; i++) {
    for (guint form = 0; form < 2; form++) {
      struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
      g_autoptr(GBytes) password = octets("sea-password");
      initiator.mode = modes[i];
      initiator.password_form = (enum p1_password_form)form;
      initiator.local.password = password;
      struct p1_pair *pair = p1_pair_new(&initiator, &responder);
      pair->responder.form = (enum p1_password_form)form;
      pair->responder.wants_password = "sea-password";
      p1_pair_connect(pair);
      ck_assert_msg(pair->initiator.bound_seen, "%s", pair->initiator.trace->str);
      ck_assert_int_eq(pair->responder.bind.peer.authentication, P1_SIMPLE);
      ck_assert_str_eq(pair->initiator.bound.peer.mta_name, "land");
      /* X.411-1984 4.4: IA5String whatever the entry says */
      bool ia5 = form == P1_PASSWORD_IA5 || modes[i] == P1_MODE_1984;
      const guint8 ours[] = {0xa1, 14, ia5 ? 0x16 : 0x04, 12, 's', 'e', 'a', '-'};
      const guint8 theirs[] = {0xa1, 15, ia5 ? 0x16 : 0x04, 13, 'l', 'a', 'n', 'd', '-'};
      ck_assert(wrote(&pair->initiator, ours, sizeof ours));
      ck_assert(wrote(&pair->responder, theirs, sizeof theirs));
      p1_pair_free(pair);
    }
  }
}
END_TEST

START_TEST(an_empty_password_and_none_are_different_things)
{
  for (gsize i = 0; i < MODES; i++) {
    for (guint unauthenticated = 0; unauthenticated < 2; unauthenticated++) {
      struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
      initiator.mode = modes[i];
      initiator.local.authentication = unauthenticated ? P1_UNAUTHENTICATED : P1_SIMPLE;
      struct p1_pair *pair = p1_pair_new(&initiator, &responder);
      p1_pair_connect(pair);
      const struct p1_credentials *peer = &pair->responder.bind.peer;
      ck_assert_msg(pair->initiator.bound_seen, "%s", pair->initiator.trace->str);
      ck_assert_int_eq(peer->authentication, unauthenticated ? P1_UNAUTHENTICATED : P1_SIMPLE);
      ck_assert(unauthenticated ? peer->mta_name == NULL : strcmp(peer->mta_name, "sea") == 0);
      ck_assert(unauthenticated ? peer->password == NULL : g_bytes_get_size(peer->password) == 0);
      p1_pair_free(pair);
    }
  }
}
END_TEST

START_TEST(a_password_needs_a_name)
{
  struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
  initiator.local.mta_name = NULL;
  struct p1_pair *pair = p1_pair_new(&initiator, &responder);
  p1_pair_connect(pair);
  ck_assert(!pair->responder.bind_seen);
  ck_assert_msg(strstr(pair->initiator.end.words, "MTA name"), "%s", pair->initiator.end.words);
  p1_pair_free(pair);
}
END_TEST

/* Token: type 2.6.3.6.0 and a value of any make, whose length is not the shortest: octets that nobody may
 * rewrite. Certificates: the user's, and a path. */
static const guint8 token[] = {0x30, 0x0d, 0x80, 4, 0x56, 3, 6, 0, 0xa1, 0x81, 4, 0x30, 0x02, 0x05, 0};
static const char certificates[] = "30{ 30{ 02<01> 03<000102> } 30{ 30{ 05<> } } }";

START_TEST(strong_credentials_are_carried_as_they_are)
{
  for (gsize i = 0; i < MODES; i++) {
    struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
    g_autoptr(GBytes) bind_token = g_bytes_new_static(token, sizeof token);
    g_autoptr(GBytes) chain = g_byte_array_free_to_bytes(notation_octets(certificates));
    initiator.mode = modes[i];
    initiator.local.authentication = P1_STRONG;
    initiator.local.bind_token = bind_token;
    initiator.local.certificates = _i == 0 ? NULL : chain;
    struct p1_pair *pair = p1_pair_new(&initiator, &responder);
    p1_pair_connect(pair);
    if (modes[i] == P1_MODE_1984) { /* X.411-1984 has passwords alone */
      ck_assert(!pair->responder.bind_seen);
      ck_assert_msg(strstr(pair->initiator.end.words, "1984"), "%s", pair->initiator.end.words);
    } else {
      const struct p1_credentials *peer = &pair->responder.bind.peer;
      ck_assert_msg(pair->responder.bind_seen, "%s: %s", pair->initiator.end.words,
                    pair->responder.end.words);
      ck_assert_int_eq(peer->authentication, P1_STRONG);
      ck_assert_str_eq(peer->mta_name, "sea");
      ck_assert(g_bytes_equal(peer->bind_token, bind_token));
      ck_assert(_i == 0 ? peer->certificates == NULL : g_bytes_equal(peer->certificates, chain));
      ck_assert_ptr_null(peer->password);
      ck_assert_ptr_null(peer->certificate_selector);
    }
    p1_pair_free(pair);
  }
}
END_TEST

/* --- refusals --- */

static const struct {
  bool busy, dialogue;
  enum p1_bind_error error;
  bool permanent;
  guint8 reason; /* X.228 9: RefuseReason, in the X.410 modes */
} refusals[] = {
    {.busy = true, .error = P1_BIND_BUSY, .permanent = false, .reason = 0},
    {.error = P1_BIND_AUTHENTICATION_ERROR, .permanent = true, .reason = 2},
    {.dialogue = true, .error = P1_BIND_UNACCEPTABLE_DIALOGUE_MODE, .permanent = true, .reason = 3}};

START_TEST(a_refusal_says_why_in_each_mode)
{
  for (gsize i = 0; i < MODES; i++) {
    struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
    initiator.mode = modes[i];
    initiator.dialogue = refusals[_i].dialogue ? P1_TWO_WAY_ALTERNATE : P1_MONOLOGUE;
    responder.dialogue = refusals[_i].dialogue ? P1_MONOLOGUE : P1_TWO_WAY_ALTERNATE;
    struct p1_pair *pair = p1_pair_new(&initiator, &responder);
    pair->responder.refuse_busy = refusals[_i].busy;
    pair->responder.wants_password = "another";
    p1_pair_connect(pair);
    const struct p1_event *end = &pair->initiator.end;
    ck_assert_msg(end->type == P1_REFUSED && end->step == P1_STEP_BIND, "%s", pair->initiator.trace->str);
    ck_assert(end->by_peer && end->bind_error_given);
    ck_assert_int_eq(end->bind_error, refusals[_i].error);
    ck_assert(end->permanent == refusals[_i].permanent);
    /* RF: reason 2 and the PRefuse of X.410-1984 */
    const guint8 refuse[] = {2, 0x31, 3, 0x80, 1, refusals[_i].reason};
    ck_assert(wrote(&pair->responder, refuse, sizeof refuse) == (modes[i] != P1_MODE_1988_NORMAL));
    p1_pair_free(pair);
  }
}
END_TEST

/* --- transfers --- */

static void assert_received(const struct p1_end *end, guint count, guint seed)
{
  ck_assert_uint_eq(end->received->len, count);
  for (guint i = 0; i < count; i++) {
    g_autoptr(GBytes) wanted = p1_random_apdu(1 + 9000 * i, seed + i);
    g_autoptr(GBytes) got = p1_unwrap(end->bound.mode, end->received->pdata[i]);
    ck_assert(g_bytes_equal(got, wanted));
  }
}

static void send_three(struct p1_end *end, guint seed)
{
  for (guint i = 0; i < 3; i++) {
    g_autoptr(GBytes) apdu = p1_random_apdu(1 + 9000 * i, seed + i);
    p1_end_send(end, apdu);
  }
}

START_TEST(transfers_pass_in_both_dialogue_modes)
{
  for (gsize i = 0; i < MODES; i++) {
    for (guint two_way = 0; two_way < 2; two_way++) {
      struct p1_options initiator = p1_options_default(true), responder = p1_options_default(false);
      initiator.mode = modes[i];
      initiator.dialogue = two_way ? P1_TWO_WAY_ALTERNATE : P1_MONOLOGUE;
      struct p1_pair *pair = p1_pair_new(&initiator, &responder);
      send_three(&pair->initiator, 10);
      if (two_way) {
        send_three(&pair->responder, 20);
        pair->responder.want_turn = true;
      }
      p1_pair_connect(pair);
      assert_received(&pair->responder, 3, 10);
      assert_received(&pair->initiator, two_way ? 3 : 0, 20);
      /* RTTP: user data of PT after the token item, wrapped in normal mode alone */
      const guint8 rttp[] = {0x02, 0x01, 0x01}, please[] = {0x10, 1, 1, 193, 3, 2, 1, 1};
      ck_assert(wrote(&pair->responder, rttp, sizeof rttp) || !two_way);
      ck_assert(wrote(&pair->responder, please, sizeof please) ==
                (two_way && modes[i] != P1_MODE_1988_NORMAL));
      if (two_way) {
        ck_assert_uint_eq(pair->initiator.asked, 1);
      }
      p1_association_release(pair->initiator.association);
      p1_pair_run(pair);
      ck_assert_int_eq(pair->initiator.end.type, P1_RELEASED);
      ck_assert_int_eq(pair->responder.end.type, P1_RELEASED);
      p1_pair_free(pair);
    }
  }
}
END_TEST

START_TEST(an_abort_is_told_in_each_mode)
{
  for (gsize i = 0; i < MODES; i++) {
    struct p1_pair *pair = pair_of(modes[i]);
    p1_pair_connect(pair);
    p1_association_abort(pair->responder.association, "enough");
    p1_pair_run(pair);
    p1_end_drain(&pair->responder);
    p1_pair_run(pair);
    ck_assert_int_eq(pair->initiator.end.type, P1_ABORTED);
    ck_assert_int_eq(pair->initiator.end.step, P1_STEP_RTSE);
    ck_assert_msg(strstr(pair->initiator.end.words, "aborted by its user"), "%s: %s", p1_mode_name(modes[i]),
                  pair->initiator.end.words);
    const guint8 rtab[] = {193, 5, 0x31, 3, 0x80, 1, 6}; /* AB's user data: the SET itself */
    ck_assert(wrote(&pair->responder, rtab, sizeof rtab) == (modes[i] != P1_MODE_1988_NORMAL));
    p1_pair_free(pair);
  }
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("mhs/p1_modes");
  TCase *mode = tcase_create("mode");
  tcase_add_test(mode, a_mode_has_a_name);
  tcase_add_loop_test(mode, the_mode_is_recognised_and_the_entry_decides, 0, G_N_ELEMENTS(recognitions));
  tcase_add_test(mode, another_application_is_refused_with_words);
  tcase_add_test(mode, mode_1984_speaks_version_1_of_session);
  tcase_add_test(mode, the_session_reference_has_the_modes_type);
  suite_add_tcase(suite, mode);
  TCase *bind = tcase_create("bind");
  tcase_add_test(bind, passwords_pass_in_each_form);
  tcase_add_test(bind, an_empty_password_and_none_are_different_things);
  tcase_add_test(bind, a_password_needs_a_name);
  tcase_add_loop_test(bind, strong_credentials_are_carried_as_they_are, 0, 2);
  tcase_add_loop_test(bind, a_refusal_says_why_in_each_mode, 0, G_N_ELEMENTS(refusals));
  suite_add_tcase(suite, bind);
  TCase *transfer = tcase_create("transfer");
  tcase_add_test(transfer, transfers_pass_in_both_dialogue_modes);
  tcase_add_test(transfer, an_abort_is_told_in_each_mode);
  suite_add_tcase(suite, transfer);
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
