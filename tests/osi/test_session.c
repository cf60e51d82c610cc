/* test_session.c - the session machine: negotiation, a whole dialogue as RTSE leads it, real peers, and every
 * way to go wrong. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/notation.h"
#include "lib/pcap.h"
#include "lib/session_stack.h"
#include "lib/vectors.h"
#include "osi/error.h"
#include "osi/session_machine.h"
#include "osi/tpkt.h"
#include "osi/x224_tpdu.h"

enum { RTSE_UNITS = SESSION_HALF_DUPLEX | SESSION_MINOR_SYNC | SESSION_ACTIVITY | SESSION_EXCEPTIONS };

static const struct session_options rtse[2] = {
    {.initiator = true, .units = RTSE_UNITS, .version_max = 2, .timer_ms = 1000},
    {.units = RTSE_UNITS, .version_max = 2, .timer_ms = 1000},
};

/* --- one machine fed by hand --- */

/* The next output of a machine, which must be of the type; those of other types before it are dropped when
 * skip. */
static struct session_output next(struct session *session, enum session_output_type type)
{
  struct session_output output;
  ck_assert(session_next(session, &output));
  while (output.type == SESSION_TIMER && type != SESSION_TIMER) {
    session_output_clear(&output);
    ck_assert(session_next(session, &output));
  }
  ck_assert_int_eq(output.type, type);
  return output;
}

static void expect_sent(struct session *session, const char *hex)
{
  struct session_output output = next(session, SESSION_SEND);
  gsize length;
  const void *octets = g_bytes_get_data(output.data, &length);
  g_autofree char *sent = notation_hex(octets, length);
  g_autoptr(GByteArray) expected = vector_hex(hex);
  g_autofree char *wanted = notation_hex(expected->data, expected->len);
  ck_assert_str_eq(sent, wanted);
  session_output_clear(&output);
}

/* The caller clears the primitive. */
static struct session_primitive expect(struct session *session, const char *name)
{
  struct session_output output = next(session, SESSION_INDICATE);
  ck_assert_str_eq(session_primitive_name(output.primitive.service, output.primitive.kind), name);
  return output.primitive;
}

static void expect_only(struct session *session, const char *name)
{
  struct session_primitive primitive = expect(session, name);
  session_primitive_clear(&primitive);
}

static void expect_nothing(struct session *session)
{
  struct session_output output;
  while (session_next(session, &output)) {
    ck_assert_int_eq(output.type, SESSION_TIMER);
    session_output_clear(&output);
  }
}

static void drop_outputs(struct session *session)
{
  struct session_output output;
  while (session_next(session, &output))
    session_output_clear(&output);
}

static void feed(struct session *session, const char *hex)
{
  g_autoptr(GBytes) tsdu = g_byte_array_free_to_bytes(vector_hex(hex));
  session_tsdu(session, tsdu);
}

static void request(struct session *session, struct session_primitive primitive)
{
  g_autoptr(GError) error = NULL;
  ck_assert_msg(session_request(session, &primitive, &error), "%s", error != NULL ? error->message : "");
}

/* The request must be refused with these words. */
static void refused(struct session *session, struct session_primitive primitive, int code, const char *words)
{
  g_autoptr(GError) error = NULL;
  ck_assert(!session_request(session, &primitive, &error));
  ck_assert(g_error_matches(error, OSI_ERROR, code));
  ck_assert_msg(strstr(error->message, words) != NULL, "%s", error->message);
  expect_nothing(session);
}

#define CONNECT_BITS "0509 130100160103 1a0100 14020249"

/* An initiator or responder in data transfer, all tokens with the initiator. */
static struct session *open_session(bool initiator)
{
  struct session *session = session_new(&rtse[initiator ? INITIATOR : RESPONDER]);
  if (initiator) {
    request(session, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST});
    feed(session, "0e0f 0509 130100160102 1a0100 14020249");
  } else {
    feed(session, "0d0f" CONNECT_BITS);
    request(session, (struct session_primitive){.service = S_CONNECT, .kind = S_RESPONSE, .accepted = true});
  }
  drop_outputs(session);
  ck_assert_str_eq(session_state_name(session), "STA713 Data transfer");
  return session;
}

/* --- the dialogue --- */

#define GIVE(side, on, ...)                                                                                  \
  {                                                                                                          \
    side, on, false, __VA_ARGS__                                                                             \
  }
#define NOTE(side, on)                                                                                       \
  {                                                                                                          \
    side, on, true, S_DATA, S_REQUEST, NULL, NULL, NULL, 0, 0, 0, false                                      \
  }

static const struct step dialogue[] = {
    GIVE(INITIATOR, NULL, S_CONNECT, S_REQUEST, .data = "hello"),
    GIVE(RESPONDER, "S-CONNECT.ind", S_CONNECT, S_RESPONSE, .data = "welcome"),
    /* an activity with two points */
    GIVE(INITIATOR, "S-CONNECT.cnf", S_ACTIVITY_START, S_REQUEST, .activity = "\x02\x01\x01"),
    GIVE(INITIATOR, NULL, S_DATA, S_REQUEST, .data = "one"),
    GIVE(INITIATOR, NULL, S_SYNC_MINOR, S_REQUEST, .data = NULL),
    GIVE(INITIATOR, NULL, S_DATA, S_REQUEST, .data = "two"),
    GIVE(INITIATOR, NULL, S_SYNC_MINOR, S_REQUEST, .data = NULL),
    GIVE(INITIATOR, NULL, S_DATA, S_REQUEST, .data = "three"),
    NOTE(RESPONDER, "S-ACTIVITY-START.ind"),
    NOTE(RESPONDER, "S-DATA.ind"),
    GIVE(RESPONDER, "S-SYNC-MINOR.ind", S_SYNC_MINOR, S_RESPONSE, .serial = 1),
    NOTE(RESPONDER, "S-DATA.ind"),
    GIVE(RESPONDER, "S-SYNC-MINOR.ind", S_SYNC_MINOR, S_RESPONSE, .serial = 2),
    NOTE(RESPONDER, "S-DATA.ind"),
    NOTE(INITIATOR, "S-SYNC-MINOR.cnf"),
    GIVE(INITIATOR, "S-SYNC-MINOR.cnf", S_ACTIVITY_END, S_REQUEST, .data = NULL),
    GIVE(RESPONDER, "S-ACTIVITY-END.ind", S_TOKEN_PLEASE, S_REQUEST, .data = "7",
         .tokens = SESSION_TOKEN_DATA),
    GIVE(RESPONDER, NULL, S_ACTIVITY_END, S_RESPONSE, .data = NULL),
    NOTE(INITIATOR, "S-TOKEN-PLEASE.ind"),
    /* the turn passes; the responder's activity is objected to and discarded */
    GIVE(INITIATOR, "S-ACTIVITY-END.cnf", S_CONTROL_GIVE, S_REQUEST, .data = NULL),
    GIVE(RESPONDER, "S-CONTROL-GIVE.ind", S_ACTIVITY_START, S_REQUEST, .activity = "\x02\x01\x02"),
    GIVE(RESPONDER, NULL, S_DATA, S_REQUEST, .data = "vier"),
    GIVE(RESPONDER, NULL, S_SYNC_MINOR, S_REQUEST, .data = NULL),
    GIVE(RESPONDER, NULL, S_DATA, S_REQUEST, .data = "dropped"),
    NOTE(INITIATOR, "S-ACTIVITY-START.ind"),
    GIVE(INITIATOR, "S-DATA.ind", S_U_EXCEPTION_REPORT, S_REQUEST, .reason = 5),
    GIVE(RESPONDER, "S-U-EXCEPTION-REPORT.ind", S_ACTIVITY_DISCARD, S_REQUEST, .reason = 5),
    GIVE(INITIATOR, "S-ACTIVITY-DISCARD.ind", S_ACTIVITY_DISCARD, S_RESPONSE, .data = NULL),
    /* the next is interrupted, and resumed to its end */
    GIVE(RESPONDER, "S-ACTIVITY-DISCARD.cnf", S_ACTIVITY_START, S_REQUEST, .activity = "\x02\x01\x03"),
    GIVE(RESPONDER, NULL, S_DATA, S_REQUEST, .data = "fuenf"),
    GIVE(RESPONDER, NULL, S_SYNC_MINOR, S_REQUEST, .data = NULL),
    NOTE(INITIATOR, "S-ACTIVITY-START.ind"),
    NOTE(INITIATOR, "S-DATA.ind"),
    GIVE(INITIATOR, "S-SYNC-MINOR.ind", S_SYNC_MINOR, S_RESPONSE, .serial = 1),
    GIVE(RESPONDER, "S-SYNC-MINOR.cnf", S_ACTIVITY_INTERRUPT, S_REQUEST, .reason = 3),
    GIVE(INITIATOR, "S-ACTIVITY-INTERRUPT.ind", S_ACTIVITY_INTERRUPT, S_RESPONSE, .data = NULL),
    GIVE(RESPONDER, "S-ACTIVITY-INTERRUPT.cnf", S_ACTIVITY_RESUME, S_REQUEST, .activity = "\x02\x01\x04",
         .old_activity = "\x02\x01\x03", .serial = 1),
    GIVE(RESPONDER, NULL, S_DATA, S_REQUEST, .data = "sechs"),
    GIVE(RESPONDER, NULL, S_ACTIVITY_END, S_REQUEST, .data = NULL),
    NOTE(INITIATOR, "S-ACTIVITY-RESUME.ind"),
    NOTE(INITIATOR, "S-DATA.ind"),
    GIVE(INITIATOR, "S-ACTIVITY-END.ind", S_ACTIVITY_END, S_RESPONSE, .data = NULL),
    /* tokens one by one, then release */
    GIVE(RESPONDER, "S-ACTIVITY-END.cnf", S_TOKEN_GIVE, S_REQUEST,
         .tokens = SESSION_TOKEN_DATA | SESSION_TOKEN_MINOR),
    GIVE(RESPONDER, NULL, S_TOKEN_GIVE, S_REQUEST, .tokens = SESSION_TOKEN_ACTIVITY),
    NOTE(INITIATOR, "S-TOKEN-GIVE.ind"),
    GIVE(INITIATOR, "S-TOKEN-GIVE.ind", S_RELEASE, S_REQUEST, .data = "bye"),
    GIVE(RESPONDER, "S-RELEASE.ind", S_RELEASE, S_RESPONSE, .data = "bye"),
    NOTE(INITIATOR, "S-RELEASE.cnf"),
};

static void check_dialogue(const struct stack *stack)
{
  const struct node *a = &stack->nodes[INITIATOR], *b = &stack->nodes[RESPONDER];
  ck_assert_str_eq(session_state_name(a->session), "STA01 Idle, no transport connection");
  ck_assert_str_eq(session_state_name(b->session), "STA01 Idle, no transport connection");
  ck_assert(a->disconnected && a->down && b->down);
  static const char *const to_responder[] = {"one", "two", "three"};
  static const char *const to_initiator[] = {"vier", "fuenf", "sechs"};
  ck_assert_uint_eq(b->data->len, 3);
  ck_assert_uint_eq(a->data->len, 3);
  for (guint i = 0; i < 3; i++) {
    g_autoptr(GBytes) forth = g_bytes_new_static(to_responder[i], strlen(to_responder[i]));
    g_autoptr(GBytes) back = g_bytes_new_static(to_initiator[i], strlen(to_initiator[i]));
    ck_assert(g_bytes_equal(b->data->pdata[i], forth));
    ck_assert(g_bytes_equal(a->data->pdata[i], back));
  }
}

/* The dialogue must end well however its octets are cut into pieces. */
START_TEST(dialogue_in_pieces_of_every_size)
{
  for (gsize chop = 1; chop <= 80; chop++) {
    struct stack stack;
    stack_init(&stack, dialogue, G_N_ELEMENTS(dialogue), rtse, 0x07);
    stack.chop = chop;
    stack_run(&stack);
    check_dialogue(&stack);
    stack_clear(&stack);
  }
}
END_TEST

START_TEST(dialogue_over_small_tsdus)
{
  struct session_options options[2] = {rtse[0], rtse[1]};
  options[0].tsdu_max_send = options[0].tsdu_max_receive = 100;
  options[1].tsdu_max_send = SESSION_TSDU_LEAST;
  for (gsize chop = 1; chop <= 80; chop += 13) {
    struct stack stack;
    stack_init(&stack, dialogue, G_N_ELEMENTS(dialogue), options, 0x07);
    stack.chop = chop;
    stack_run(&stack);
    check_dialogue(&stack);
    stack_clear(&stack);
  }
}
END_TEST

/* Cut after every octet, both sides must be told, unless the session had come to its end or never to its
 * beginning. */
START_TEST(dialogue_cut_after_every_octet)
{
  gsize total;
  {
    struct stack stack;
    stack_init(&stack, dialogue, G_N_ELEMENTS(dialogue), rtse, 0x07);
    stack_run(&stack);
    total = stack.nodes[0].wire->len + stack.nodes[1].wire->len;
    stack_clear(&stack);
  }
  ck_assert_uint_gt(total, 400);
  for (gsize budget = 0; budget < total; budget++) {
    struct stack stack;
    stack_init(&stack, dialogue, G_N_ELEMENTS(dialogue), rtse, 0x07);
    stack.budget = budget;
    stack.strict = false;
    stack_run(&stack);
    for (int i = 0; i < 2; i++) {
      struct node *node = &stack.nodes[i];
      ck_assert_msg(node->down, "side %d is not down after %zu octets", i, budget);
      ck_assert_str_eq(session_state_name(node->session), "STA01 Idle, no transport connection");
      bool began = node->tsdus->len > 0 || node->last != NULL;
      bool ended = g_strcmp0(node->last, "S-RELEASE.cnf") == 0 || g_strcmp0(node->last, "S-RELEASE.ind") == 0;
      if (began && !ended)
        ck_assert_msg(g_strcmp0(node->last, "S-P-ABORT.ind") == 0, "side %d saw %s last after %zu octets", i,
                      node->last, budget);
    }
    stack_clear(&stack);
  }
}
END_TEST

/* --- real peers --- */

/* The TSDUs of one direction. */
static GPtrArray *read_tsdus(const GByteArray *stream)
{
  GPtrArray *tsdus = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  struct tpkt_reader reader;
  tpkt_reader_init(&reader);
  const guint8 *in = stream->data, *packet;
  gsize left = stream->len, length;
  while (tpkt_read(&reader, &in, &left, &packet, &length) == TPKT_PACKET) {
    struct x224_tpdu tpdu;
    if (x224_decode(packet, length, &tpdu, NULL) && tpdu.type == X224_DT)
      g_ptr_array_add(tsdus, g_bytes_new(tpdu.data, tpdu.length));
  }
  tpkt_reader_clear(&reader);
  return tsdus;
}

/* The user data of the answer that the real peer gave in this TSDU. */
static GBytes *user_data_of(GBytes *tsdu)
{
  struct session_spdu spdu;
  gsize offset = 0;
  ck_assert(session_spdu_decode(tsdu, &offset, false, &spdu, NULL));
  GBytes *data = spdu.user_data != NULL ? g_bytes_ref(spdu.user_data) : NULL;
  session_spdu_clear(&spdu);
  return data;
}

static void compare_sent(struct session *session, GBytes *expected)
{
  gsize length;
  const guint8 *octets = g_bytes_get_data(expected, &length);
  g_autofree char *hex = notation_hex(octets, length);
  expect_sent(session, hex);
}

static const char *const captures[] = {"real-mta/p1-1988-normal.pcap", "real-mta/p1-1988-x410.pcap",
                                       "real-mta/p1-1984-x410.pcap"};

/* The real initiator's TSDUs, played at our responder: it answers, octet by octet, as the real responder did.
 */
START_TEST(answers_a_real_initiator)
{
  g_autofree char *path = vector_path(captures[_i]);
  struct pcap_streams streams = pcap_read(path);
  g_autoptr(GPtrArray) theirs = read_tsdus(streams.client), answers = read_tsdus(streams.server);
  struct session_options options = rtse[RESPONDER];
  struct session *session = session_new(&options);
  guint answer = 0, data = 0;
  for (guint i = 0; i < theirs->len; i++) {
    session_tsdu(session, theirs->pdata[i]);
    struct session_output output;
    while (session_next(session, &output)) {
      struct session_primitive *given = &output.primitive;
      if (output.type == SESSION_SEND) {
        ck_assert(g_bytes_equal(output.data, answers->pdata[answer]));
        answer++;
      }
      if (output.type == SESSION_INDICATE && given->service != S_DATA && given->service != S_ACTIVITY_START) {
        struct session_primitive reply = {
            .service = given->service, .kind = S_RESPONSE, .accepted = true, .serial = given->serial};
        reply.responding.present = given->service == S_CONNECT && _i == 0; /* in X.410 mode it told none */
        bool carries = given->service == S_CONNECT || given->service == S_RELEASE;
        g_autoptr(GBytes) user_data = carries ? user_data_of(answers->pdata[answer]) : NULL;
        reply.user_data = user_data;
        request(session, reply);
      }
      data += output.type == SESSION_INDICATE && given->service == S_DATA;
      session_output_clear(&output);
    }
  }
  ck_assert_uint_eq(answer, answers->len);
  ck_assert_uint_eq(data, 3);
  ck_assert_str_eq(session_state_name(session), "STA16 Wait for T-DISCONNECT indication");
  session_transport_lost(session);
  expect_nothing(session);
  session_free(session);
  pcap_clear(&streams);
}
END_TEST

/* Our initiator, given the same requests as the real one, sends the same octets. */
START_TEST(asks_as_a_real_initiator)
{
  g_autofree char *path = vector_path(captures[_i]);
  struct pcap_streams streams = pcap_read(path);
  g_autoptr(GPtrArray) theirs = read_tsdus(streams.client), answers = read_tsdus(streams.server);
  struct session_options options = rtse[INITIATOR];
  options.tsdu_max_send = options.tsdu_max_receive = 2041;
  struct session *session = session_new(&options);
  guint answer = 0;
  for (guint i = 0; i < theirs->len; i++) {
    gsize offset = 0;
    struct session_spdu spdu;
    while (offset < g_bytes_get_size(theirs->pdata[i])) {
      session_spdu_clear(&spdu);
      ck_assert(session_spdu_decode(theirs->pdata[i], &offset, offset > 0, &spdu, NULL));
    }
    struct session_primitive primitive = {
        .kind = S_REQUEST, .user_data = spdu.user_data, .activity = spdu.activity};
    switch (spdu.type) {
    case SPDU_CN:
      primitive.service = S_CONNECT;
      primitive.reference =
          (struct session_reference){.calling_user = spdu.user_reference, .common = spdu.common_reference};
      break;
    case SPDU_AS:
      primitive.service = S_ACTIVITY_START;
      break;
    case SPDU_DT:
      primitive.service = S_DATA;
      break;
    case SPDU_MIP:
      primitive.service = S_SYNC_MINOR;
      break;
    case SPDU_AE:
      primitive.service = S_ACTIVITY_END;
      break;
    default:
      ck_assert_int_eq(spdu.type, SPDU_FN);
      primitive.service = S_RELEASE;
    }
    request(session, primitive);
    compare_sent(session, theirs->pdata[i]);
    /* the answers came in this order, but only those to CN, AE and FN are waited for */
    if (spdu.type == SPDU_CN || spdu.type == SPDU_FN)
      session_tsdu(session, answers->pdata[answer++]);
    for (; spdu.type == SPDU_AE && answer < 4; answer++)
      session_tsdu(session, answers->pdata[answer]);
    session_spdu_clear(&spdu);
    if (primitive.service == S_CONNECT) {
      struct session_primitive confirm = expect(session, "S-CONNECT.cnf");
      ck_assert(confirm.accepted);
      ck_assert_uint_eq(confirm.version, 2);
      ck_assert_uint_eq(confirm.units, RTSE_UNITS);
      ck_assert_uint_eq(confirm.tokens, SESSION_TOKENS_ALL);
      session_primitive_clear(&confirm);
    }
    if (primitive.service == S_ACTIVITY_END) {
      expect_only(session, "S-SYNC-MINOR.cnf");
      expect_only(session, "S-SYNC-MINOR.cnf");
      expect_only(session, "S-ACTIVITY-END.cnf");
    }
  }
  expect_only(session, "S-RELEASE.cnf");
  struct session_output output = next(session, SESSION_DISCONNECT);
  ck_assert_ptr_null(output.primitive.detail);
  session_free(session);
  pcap_clear(&streams);
}
END_TEST

START_TEST(answers_the_ping)
{
  g_autoptr(GBytes) connect = vector_ping("CN"), accept = vector_ping("AC"), finish = vector_ping("FN");
  struct session *session = session_new(&rtse[RESPONDER]);
  session_tsdu(session, connect);
  struct session_primitive given = expect(session, "S-CONNECT.ind");
  ck_assert_uint_eq(given.version, 2);
  ck_assert_uint_eq(given.units, RTSE_UNITS);
  ck_assert_uint_eq(given.tokens, SESSION_TOKENS_ALL);
  ck_assert_uint_eq(given.tokens_acceptor, 0);
  session_primitive_clear(&given);
  g_autoptr(GBytes) user_data = user_data_of(accept);
  request(session, (struct session_primitive){.service = S_CONNECT,
                                              .kind = S_RESPONSE,
                                              .accepted = true,
                                              .responding.present = true,
                                              .user_data = user_data});
  compare_sent(session, accept);
  session_tsdu(session, finish);
  expect_only(session, "S-RELEASE.ind");
  session_free(session);
}
END_TEST

/* --- negotiation --- */

/* CN's parameters behind its references, options of the responder, and what the user is told and AC says. */
static const struct {
  const char *connect;
  guint units, version_max, wanted;
  guint version, told, initiators, acceptors;
  const char *accept;
} negotiations[] = {
    /* nothing said: version 1 and 8.3.1's default units */
    {"0d00", RTSE_UNITS, 2, 0, 1, RTSE_UNITS, SESSION_TOKENS_ALL, 0,
     "0e0f 0509 130100160101 1a0100 14020249"},
    /* both versions, we know the first only */
    {"0d0f 0509 130100160103 1a0100 14020249", RTSE_UNITS, 1, 0, 1, RTSE_UNITS, SESSION_TOKENS_ALL, 0,
     "0e0f 0509 130100160101 1a0100 14020249"},
    /* half-duplex or duplex: the user takes duplex, and exceptions fall away */
    {"0d0f 0509 130100160102 1a0100 1402024b", RTSE_UNITS | SESSION_DUPLEX, 2,
     SESSION_DUPLEX | SESSION_ACTIVITY, 2, RTSE_UNITS | SESSION_DUPLEX, SESSION_TOKENS_ALL, 0,
     "0e0f 0509 130100160102 1a0100 14020042"},
    /* tokens with the acceptor: all of them */
    {"0d0f 0509 130100160102 1a0115 14020249", RTSE_UNITS, 2, 0, 2, RTSE_UNITS, 0, SESSION_TOKENS_ALL,
     "0e0f 0509 130100160102 1a0115 14020249"},
    /* units of which we have not all */
    {"0d0f 0509 130100160102 1a0100 14021fff", RTSE_UNITS, 2, 0, 2, RTSE_UNITS, SESSION_TOKENS_ALL, 0,
     "0e0f 0509 130100160102 1a0100 14020249"},
    /* a TSDU maximum is not selected when we need none */
    {"0d15 050f 130100 1504 07f907f9 160102 1a0100 14020249", RTSE_UNITS, 2, 0, 2, RTSE_UNITS,
     SESSION_TOKENS_ALL, 0, "0e0f 0509 130100160102 1a0100 14020249"},
    /* minor synchronize without activities: an initial serial number */
    {"0d0f 0509 130100160102 1a0100 14020009", RTSE_UNITS, 2, 0, 2, SESSION_HALF_DUPLEX | SESSION_MINOR_SYNC,
     SESSION_TOKEN_DATA | SESSION_TOKEN_MINOR, 0, "0e12 050c 130100160102 170130 1a0100 14020009"},
};

START_TEST(responder_negotiates)
{
  struct session *session = session_new(&(struct session_options){
      .units = negotiations[_i].units, .version_max = negotiations[_i].version_max});
  feed(session, negotiations[_i].connect);
  struct session_primitive given = expect(session, "S-CONNECT.ind");
  ck_assert_uint_eq(given.version, negotiations[_i].version);
  ck_assert_uint_eq(given.units, negotiations[_i].told);
  ck_assert_uint_eq(given.tokens, negotiations[_i].initiators);
  ck_assert_uint_eq(given.tokens_acceptor, negotiations[_i].acceptors);
  session_primitive_clear(&given);
  request(session,
          (struct session_primitive){
              .service = S_CONNECT, .kind = S_RESPONSE, .accepted = true, .units = negotiations[_i].wanted});
  expect_sent(session, negotiations[_i].accept);
  session_free(session);
}
END_TEST

/* Each token may stay, go, or be left to the acceptor, who takes it or not. */
START_TEST(tokens_go_where_both_agree)
{
  for (guint setting = 0; setting < 27; setting++) {
    static const guint tokens[] = {SESSION_TOKEN_DATA, SESSION_TOKEN_MINOR, SESSION_TOKEN_ACTIVITY};
    guint initiator = 0, acceptor = 0, rest = setting;
    for (gsize t = 0; t < 3; t++, rest /= 3) {
      initiator |= rest % 3 != 1 ? tokens[t] : 0;
      acceptor |= rest % 3 != 0 ? tokens[t] : 0;
    }
    for (guint chosen = 0; chosen < 8; chosen++) {
      guint taken = 0;
      for (gsize t = 0; t < 3; t++)
        taken |= chosen >> t & 1 ? tokens[t] : 0;
      struct session *a = session_new(&rtse[INITIATOR]), *b = session_new(&rtse[RESPONDER]);
      request(a,
              (struct session_primitive){
                  .service = S_CONNECT, .kind = S_REQUEST, .tokens = initiator, .tokens_acceptor = acceptor});
      struct session_output output = next(a, SESSION_SEND);
      session_tsdu(b, output.data);
      session_output_clear(&output);
      struct session_primitive given = expect(b, "S-CONNECT.ind");
      ck_assert_uint_eq(given.tokens, initiator);
      ck_assert_uint_eq(given.tokens_acceptor, acceptor);
      session_primitive_clear(&given);
      request(b, (struct session_primitive){
                     .service = S_CONNECT, .kind = S_RESPONSE, .accepted = true, .tokens_acceptor = taken});
      output = next(b, SESSION_SEND);
      session_tsdu(a, output.data);
      session_output_clear(&output);
      guint expected = (acceptor & ~initiator) | (acceptor & initiator & taken);
      ck_assert_uint_eq(session_tokens(b), expected);
      ck_assert_uint_eq(session_tokens(a), SESSION_TOKENS_ALL & ~expected);
      given = expect(a, "S-CONNECT.cnf");
      ck_assert_uint_eq(given.tokens_acceptor, expected);
      session_primitive_clear(&given);
      session_free(a);
      session_free(b);
    }
  }
}
END_TEST

/* CNs that we cannot accept, with RF's reason. */
static const struct {
  const char *connect;
  guint version_max;
  const char *refuse;
} refusals[] = {
    {"0d0f 0509 130100160104 1a0100 14020249", 2, "0c06 110101 320184"}, /* version 3 alone */
    {"0d0f 0509 130100160102 1a0100 14020249", 1, "0c06 110101 320184"}, /* version 2 alone, we know 1 */
    {"0d0f 0509 130100160102 1a0100 14020248", 2, "0c06 110101 320186"}, /* neither half-duplex nor duplex */
    {"0d0f 0509 130100160102 1a0100 14020002", 2, "0c06 110101 320186"}, /* duplex, which we lack */
    {"0d15 050f 130100 1504 00200020 160102 1a0100 14020249", 2,
     "0c06 110101 320186"}, /* TSDUs of 32 octets */
    {"0d12 0509 130100160101 1a0100 3c0101 140200"
     "49",
     2, "0c06 110101 320184"}, /* overflow in version 1 */
    {"0d1b 0509 130100160102 1a0100 14020249 c10a 30313233343536373839", 2,
     "0c06 110101 320186"}, /* beyond our limit */
};

START_TEST(provider_refuses)
{
  struct session *session = session_new(&(struct session_options){
      .units = RTSE_UNITS, .version_max = refusals[_i].version_max, .user_data_max = 9, .timer_ms = 100});
  feed(session, refusals[_i].connect);
  expect_sent(session, refusals[_i].refuse);
  expect_nothing(session);
  session_timeout(session);
  struct session_output output = next(session, SESSION_DISCONNECT);
  ck_assert_ptr_nonnull(strstr(output.primitive.detail, "refused by us"));
  session_output_clear(&output);
  session_free(session);
}
END_TEST

START_TEST(user_refuses_with_data)
{
  struct session *a = session_new(&rtse[INITIATOR]), *b = session_new(&rtse[RESPONDER]);
  g_autoptr(GBytes) reference = g_bytes_new_static("me", 2), data = g_bytes_new_static("no", 2);
  request(a, (struct session_primitive){.service = S_CONNECT,
                                        .kind = S_REQUEST,
                                        .reference = {.calling_user = reference},
                                        .user_data = data});
  struct session_output output = next(a, SESSION_SEND);
  session_tsdu(b, output.data);
  session_output_clear(&output);
  expect_only(b, "S-CONNECT.ind");
  request(b, (struct session_primitive){.service = S_CONNECT, .kind = S_RESPONSE, .user_data = data});
  output = next(b, SESSION_SEND);
  session_tsdu(a, output.data);
  session_output_clear(&output);
  struct session_primitive confirm = expect(a, "S-CONNECT.cnf");
  ck_assert(!confirm.accepted);
  ck_assert_uint_eq(confirm.refuse_reason, REFUSE_BY_USER);
  ck_assert(g_bytes_equal(confirm.user_data, data));
  ck_assert(g_bytes_equal(confirm.reference.calling_user, reference));
  session_primitive_clear(&confirm);
  output = next(a, SESSION_DISCONNECT);
  session_output_clear(&output);
  ck_assert_str_eq(session_state_name(b), "STA16 Wait for T-DISCONNECT indication");
  session_transport_lost(b);
  expect_nothing(b);
  session_free(a);
  session_free(b);
}
END_TEST

/* ACs that an initiator cannot live with. */
static const struct {
  const char *accept, *words;
} bad_accepts[] = {
    {"0e0f 0509 130100160104 1a0100 14020249", "version item 04"},
    {"0e0f 0509 130100160102 1a0100 14020248", "functional units 0248"},
    {"0e15 050f 130100 1504 00200020 160102 1a0100 14020249", "less than 64"},
    {"0e1b 0509 130100160102 1a0100 14020249 c10a 30313233343536373839", "the limit is 9"},
};

START_TEST(initiator_refuses_accept)
{
  struct session_options options = rtse[INITIATOR];
  options.user_data_max = 9;
  struct session *session = session_new(&options);
  request(session, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST});
  drop_outputs(session);
  feed(session, bad_accepts[_i].accept);
  struct session_output output = next(session, SESSION_SEND);
  session_output_clear(&output);
  struct session_primitive abort = expect(session, "S-P-ABORT.ind");
  ck_assert_msg(strstr(abort.detail, bad_accepts[_i].words) != NULL, "%s", abort.detail);
  session_primitive_clear(&abort);
  session_free(session);
}
END_TEST

/* An AC with a token item stands for AC and PT. */
START_TEST(accept_asks_for_tokens)
{
  struct session *session = session_new(&rtse[INITIATOR]);
  request(session, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST});
  drop_outputs(session);
  feed(session, "0e12 0509 130100160102 1a0100 100101 14020249");
  expect_only(session, "S-CONNECT.cnf");
  struct session_primitive please = expect(session, "S-TOKEN-PLEASE.ind");
  ck_assert_uint_eq(please.tokens, SESSION_TOKEN_DATA);
  session_free(session);
}
END_TEST

/* --- user data of every size --- */

static GBytes *counted(gsize length)
{
  guint8 *octets = g_malloc(length);
  for (gsize i = 0; i < length; i++)
    octets[i] = (guint8)(i * 7 + (i >> 8));
  return g_bytes_new_take(octets, length);
}

static void carry(struct session *from, struct session *to)
{
  struct session_output output;
  while (session_next(from, &output)) {
    if (output.type == SESSION_SEND)
      session_tsdu(to, output.data);
    session_output_clear(&output);
  }
}

static const gsize connect_sizes[] = {0, 1, 512, 513, 10240, 10241, 20000, 75768, 75769, 200000};

START_TEST(connect_data_of_every_size)
{
  struct session_options options[2] = {rtse[INITIATOR], rtse[RESPONDER]};
  options[RESPONDER].tsdu_max_receive = _i % 2 == 0 ? 0 : 1000;
  struct session *a = session_new(&options[INITIATOR]), *b = session_new(&options[RESPONDER]);
  g_autoptr(GBytes) data = counted(connect_sizes[_i]);
  request(a, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST, .user_data = data});
  carry(a, b);
  if (connect_sizes[_i] > SESSION_CONNECT_DATA_V2) {
    expect_sent(b, _i % 2 == 0 ? "1003 160102" : "1009 1504 03e80000 160102");
    feed(a, "1003 160102");
    carry(a, b);
  }
  struct session_primitive given = expect(b, "S-CONNECT.ind");
  ck_assert(g_bytes_equal(given.user_data, data));
  ck_assert_uint_eq(given.version, 2);
  session_primitive_clear(&given);
  g_autoptr(GBytes) answer = counted(MIN(connect_sizes[_i], 70000));
  request(b, (struct session_primitive){
                 .service = S_CONNECT, .kind = S_RESPONSE, .accepted = true, .user_data = answer});
  carry(b, a);
  given = expect(a, "S-CONNECT.cnf");
  ck_assert(g_bytes_equal(given.user_data, answer));
  session_primitive_clear(&given);
  session_free(a);
  session_free(b);
}
END_TEST

START_TEST(overflow_beyond_the_limit)
{
  struct session_options options = rtse[RESPONDER];
  options.user_data_max = 15000;
  struct session *a = session_new(&rtse[INITIATOR]), *b = session_new(&options);
  g_autoptr(GBytes) data = counted(15001);
  request(a, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST, .user_data = data});
  carry(a, b);
  carry(b, a);
  carry(a, b);
  struct session_output output = next(b, SESSION_DISCONNECT);
  ck_assert_ptr_nonnull(strstr(output.primitive.detail, "15000"));
  session_output_clear(&output);
  expect_nothing(b);
  session_free(a);
  session_free(b);
}
END_TEST

/* A pair in data transfer, tokens with a, TSDU maximum as given (0: none). */
static void connect_pair(struct session **a, struct session **b, gsize tsdu_max, guint version)
{
  struct session_options options[2] = {rtse[INITIATOR], rtse[RESPONDER]};
  options[0].tsdu_max_send = options[0].tsdu_max_receive = tsdu_max;
  options[0].version_max = version;
  options[1].tsdu_max_send = options[1].tsdu_max_receive = tsdu_max;
  options[1].ssdu_max = 300000;
  *a = session_new(&options[0]);
  *b = session_new(&options[1]);
  request(*a, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST});
  carry(*a, *b);
  request(*b, (struct session_primitive){.service = S_CONNECT, .kind = S_RESPONSE, .accepted = true});
  carry(*b, *a);
  drop_outputs(*a);
  drop_outputs(*b);
}

static const struct {
  gsize size, tsdu_max;
} data_sizes[] = {{0, 0},   {1, 0},   {100000, 0}, {0, 64},       {56, 64},
                  {57, 64}, {58, 64}, {5000, 64},  {299999, 2041}};

START_TEST(data_of_every_size)
{
  struct session *a, *b;
  gsize limit = data_sizes[_i].tsdu_max;
  connect_pair(&a, &b, limit, 2);
  request(a,
          (struct session_primitive){.service = S_ACTIVITY_START, .kind = S_REQUEST, .activity = counted(3)});
  carry(a, b);
  expect_only(b, "S-ACTIVITY-START.ind");
  g_autoptr(GBytes) data = counted(data_sizes[_i].size);
  request(a, (struct session_primitive){.service = S_DATA, .kind = S_REQUEST, .user_data = data});
  struct session_output output;
  while (session_next(a, &output)) {
    if (output.type == SESSION_SEND) {
      const guint8 *octets = g_bytes_get_data(output.data, NULL);
      ck_assert(limit == 0 || g_bytes_get_size(output.data) <= limit);
      ck_assert_uint_eq(octets[3], limit == 0 ? 0 : 3); /* with a maximum, an enclosure item always */
      session_tsdu(b, output.data);
    }
    session_output_clear(&output);
  }
  struct session_primitive given = expect(b, "S-DATA.ind");
  ck_assert(g_bytes_equal(given.user_data, data));
  session_primitive_clear(&given);
  expect_nothing(b);
  session_free(a);
  session_free(b);
}
END_TEST

START_TEST(other_user_data_in_segments)
{
  struct session *a, *b;
  connect_pair(&a, &b, 200, 2);
  g_autoptr(GBytes) data = counted(1000), id = counted(3);
  request(a, (struct session_primitive){
                 .service = S_ACTIVITY_START, .kind = S_REQUEST, .activity = id, .user_data = data});
  request(a, (struct session_primitive){.service = S_SYNC_MINOR, .kind = S_REQUEST, .user_data = data});
  carry(a, b);
  struct session_primitive given = expect(b, "S-ACTIVITY-START.ind");
  ck_assert(g_bytes_equal(given.user_data, data) && g_bytes_equal(given.activity, id));
  session_primitive_clear(&given);
  given = expect(b, "S-SYNC-MINOR.ind");
  ck_assert(g_bytes_equal(given.user_data, data));
  ck_assert_uint_eq(given.serial, 1);
  session_primitive_clear(&given);
  request(b, (struct session_primitive){
                 .service = S_SYNC_MINOR, .kind = S_RESPONSE, .serial = 1, .user_data = data});
  carry(b, a);
  given = expect(a, "S-SYNC-MINOR.cnf");
  ck_assert(g_bytes_equal(given.user_data, data));
  session_primitive_clear(&given);
  session_free(a);
  session_free(b);
}
END_TEST

START_TEST(tokens_are_asked_for_before_their_give_is_acknowledged)
{
  struct session *session = open_session(true);
  request(session, (struct session_primitive){.service = S_CONTROL_GIVE, .kind = S_REQUEST});
  expect_sent(session, "1500");
  request(session, (struct session_primitive){
                       .service = S_TOKEN_PLEASE, .kind = S_REQUEST, .tokens = SESSION_TOKEN_DATA});
  expect_sent(session, "0203100101");
  feed(session, "1600");
  ck_assert_str_eq(session_state_name(session), "STA713 Data transfer");
  session_free(session);
}
END_TEST

START_TEST(version_1_has_narrow_limits)
{
  struct session *a, *b;
  connect_pair(&a, &b, 0, 1);
  g_autoptr(GBytes) fits = counted(512), too_long = counted(513), id = counted(7), short_id = counted(6);
  refused(a,
          (struct session_primitive){
              .service = S_ACTIVITY_START, .kind = S_REQUEST, .activity = short_id, .user_data = too_long},
          OSI_ERROR_LIMIT, "513");
  refused(a, (struct session_primitive){.service = S_ACTIVITY_START, .kind = S_REQUEST, .activity = id},
          OSI_ERROR_LIMIT, "1 to 6");
  refused(a, (struct session_primitive){.service = S_ACTIVITY_START, .kind = S_REQUEST}, OSI_ERROR_LIMIT,
          "1 to 6");
  refused(a, (struct session_primitive){.service = S_CONTROL_GIVE, .kind = S_REQUEST, .user_data = short_id},
          OSI_ERROR_LIMIT, "allows 0");
  request(a, (struct session_primitive){
                 .service = S_ACTIVITY_START, .kind = S_REQUEST, .activity = short_id, .user_data = fits});
  /* an abort goes out all the same, without the data that do not fit */
  request(a, (struct session_primitive){.service = S_U_ABORT, .kind = S_REQUEST, .user_data = fits});
  drop_outputs(a);
  session_free(a);
  session_free(b);

  struct session *c =
      session_new(&(struct session_options){.initiator = true, .units = RTSE_UNITS, .version_max = 1});
  refused(c, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST, .user_data = too_long},
          OSI_ERROR_LIMIT, "512");
  request(c, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST, .user_data = fits});
  session_free(c);
}
END_TEST

/* --- concatenation --- */

START_TEST(concatenated_received)
{
  struct session *session = open_session(false);
  feed(session, "0100 2d05 2903020101");         /* GT, AS */
  feed(session, "0100 3103 2a0131 0100 616263"); /* GT, MIP, DT: extended concatenation */
  feed(session, "0103 100115 3103 2a0132");      /* tokens go, but MIP before them still had them */
  expect_only(session, "S-ACTIVITY-START.ind");
  expect_only(session, "S-SYNC-MINOR.ind");
  struct session_primitive data = expect(session, "S-DATA.ind");
  ck_assert_uint_eq(g_bytes_get_size(data.user_data), 3);
  session_primitive_clear(&data);
  expect_only(session, "S-SYNC-MINOR.ind");
  expect_only(session, "S-TOKEN-GIVE.ind");
  ck_assert_uint_eq(session_tokens(session), SESSION_TOKENS_ALL);
  feed(session, "0100"); /* alone and empty: nothing */
  feed(session, "0200");
  expect_nothing(session);
  session_free(session);
}
END_TEST

START_TEST(activity_start_without_prefix)
{
  struct session *session = open_session(false);
  feed(session, "2d05 2903020101");
  expect_only(session, "S-ACTIVITY-START.ind");
  session_free(session);
}
END_TEST

/* --- protocol errors --- */

/* What a responder in data transfer is sent, and words of the S-P-ABORT.ind that follows. */
static const struct {
  const char *tsdus[4];
  const char *words;
} wrongs[] = {
    {{""}, "beyond its TSDU"},
    {{"0100 2d"}, "beyond its TSDU"},
    {{"0100 2d00"}, "AS lacks"},
    {{"ff00"}, "255 is not known"},
    {{"0900 00"}, "octets follow"},
    {{"0100 0900"}, "FN behind another"},
    {{"0100 0100 61"}, NULL}, /* DT outside an activity is allowed: 7.11 asks for the token only */
    {{"0d0f" CONNECT_BITS}, "CN in state STA713"},
    {{"0100 2d05 2903020101", "0100 2d05 2903020102"}, "AS in state"},
    {{"0100 2903 2a0131"}, "AE in state"},
    {{"0100 3103 2a0131"}, "MIP in state"},
    {{"0100 2d05 2903020101", "0100 3103 2a0132"}, "MIP in state"},
    {{"0100 2d05 2903020101", "0100 2903 2a0132"}, "AE in state"},
    {{"0100 2d05 2903020101", "0900"}, "FN in state"},
    {{"0200 3203 2a0131"}, "MIA in state"},
    {{"0200 2a03 2a0131"}, "AEA in state"},
    {{"0200 1a00"}, "AIA in state"},
    {{"0200 3a00"}, "ADA in state"},
    {{"1600"}, "GTA in state"},
    {{"0a00"}, "DN in state"},
    {{"0800"}, "NF in state"},
    {{"1a00"}, "AA in state"},
    {{"0c00"}, "RF in state"},
    {{"2100 61"}, "TD in state"},
    {{"0500 61"}, "EX in state"},
    {{"0700"}, "PR in state"},
    {{"0100 3500"}, "RS in state"},
    {{"0100 3d00"}, "CD in state"},
    {{"0100 2906 0f0101 2a0131"}, "MAP in state"},
    {{"0103 100140"}, NULL}, /* the release token does not exist here: ignored as a reserved bit */
    {{"0100 0103 190102 61"}, "has no beginning"},
    {{"0100 0103 190101 61", "0100 0103 190101 61"}, "begins before"},
    {{"0100 0103 190101 61", "0900"}, "FN between the segments of DT"},
    {{"0100 0103 190101 61", "0100 3103 2a0131"}, "MIP between the segments of DT"},
    {{"0100 2d05 2903020101", "0100 3903 320100", "0100 0100 61"}, "DT in state STA11C"},
};

START_TEST(protocol_errors_abort_with_words)
{
  struct session *session = open_session(false);
  for (gsize i = 0; i < 4 && wrongs[_i].tsdus[i] != NULL; i++) {
    drop_outputs(session);
    feed(session, wrongs[_i].tsdus[i]);
  }
  if (wrongs[_i].words == NULL) {
    ck_assert_str_eq(session_state_name(session), "STA713 Data transfer");
    session_free(session);
    return;
  }
  expect_sent(session, "1903 110105");
  struct session_primitive abort = expect(session, "S-P-ABORT.ind");
  ck_assert_msg(strstr(abort.detail, wrongs[_i].words) != NULL, "%s", abort.detail);
  ck_assert_ptr_nonnull(strstr(abort.detail, "X.225"));
  ck_assert_uint_eq(abort.reason, DISCONNECT_PROTOCOL_ERROR);
  session_primitive_clear(&abort);
  ck_assert_str_eq(session_state_name(session), "STA16 Wait for T-DISCONNECT indication");
  /* whatever else comes is dropped, until the transport ends or the timer does */
  feed(session, "0d0f"
                "ff");
  feed(session, "0100 0100 61");
  expect_nothing(session);
  session_timeout(session);
  struct session_output output = next(session, SESSION_DISCONNECT);
  session_output_clear(&output);
  feed(session, "0d00");
  session_transport_lost(session);
  session_timeout(session);
  expect_nothing(session);
  session_free(session);
}
END_TEST

/* Before there is a session, only the transport connection can be given up. */
START_TEST(strangers_are_disconnected)
{
  static const char *const tsdus[] = {"0e00", "0900", "0100 0100 61", "1900", "ff00", "", "0d02 0a01"};
  for (gsize i = 0; i < G_N_ELEMENTS(tsdus); i++) {
    struct session *session = session_new(&rtse[RESPONDER]);
    feed(session, tsdus[i]);
    struct session_output output = next(session, SESSION_DISCONNECT);
    session_output_clear(&output);
    expect_nothing(session);
    session_free(session);
  }
  struct session *initiator = session_new(&rtse[INITIATOR]); /* nobody calls a caller */
  feed(initiator, "0d0f" CONNECT_BITS);
  struct session_output output = next(initiator, SESSION_DISCONNECT);
  session_output_clear(&output);
  session_free(initiator);
}
END_TEST

START_TEST(without_a_timer_nothing_waits)
{
  struct session_options options = rtse[RESPONDER];
  options.timer_ms = 0;
  struct session *session = session_new(&options);
  feed(session, "0d0f" CONNECT_BITS);
  expect_only(session, "S-CONNECT.ind");
  request(session, (struct session_primitive){.service = S_U_ABORT, .kind = S_REQUEST});
  expect_sent(session, "1903 110103");
  struct session_output output = next(session, SESSION_DISCONNECT);
  session_output_clear(&output);
  ck_assert_str_eq(session_state_name(session), "STA01 Idle, no transport connection");
  session_free(session);
}
END_TEST

START_TEST(overdue_answers_abort)
{
  struct session *session = session_new(&rtse[INITIATOR]);
  request(session, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST});
  struct session_output output = next(session, SESSION_SEND);
  session_output_clear(&output);
  output = next(session, SESSION_TIMER);
  ck_assert_uint_eq(output.ms, 1000);
  session_timeout(session);
  expect_sent(session, "1903 110109");
  struct session_primitive abort = expect(session, "S-P-ABORT.ind");
  ck_assert_ptr_nonnull(strstr(abort.detail, "within 1000 ms in state STA02A"));
  session_primitive_clear(&abort);
  session_free(session);
}
END_TEST

START_TEST(aborts_tell_their_kind)
{
  struct session *session = open_session(false);
  feed(session, "1907 110103 c1026262");
  struct session_primitive abort = expect(session, "S-U-ABORT.ind");
  ck_assert_uint_eq(g_bytes_get_size(abort.user_data), 2);
  session_primitive_clear(&abort);
  struct session_output output = next(session, SESSION_DISCONNECT);
  session_output_clear(&output);
  session_free(session);

  session = open_session(true);
  feed(session, "1903 110105");
  abort = expect(session, "S-P-ABORT.ind");
  ck_assert_ptr_nonnull(strstr(abort.detail, "protocol error"));
  session_primitive_clear(&abort);
  session_free(session);
}
END_TEST

START_TEST(ssdu_limit)
{
  struct session_options options = rtse[RESPONDER];
  options.ssdu_max = 5;
  struct session *session = session_new(&options);
  feed(session, "0d0f" CONNECT_BITS);
  request(session, (struct session_primitive){.service = S_CONNECT, .kind = S_RESPONSE, .accepted = true});
  drop_outputs(session);
  feed(session, "0100 0100 6162636465");
  expect_only(session, "S-DATA.ind");
  feed(session, "0100 0103 190101 616263");
  expect_nothing(session);
  feed(session, "0100 0103 190102 616263");
  expect_sent(session, "1903 110111");
  struct session_primitive abort = expect(session, "S-P-ABORT.ind");
  ck_assert_ptr_nonnull(strstr(abort.detail, "more than 5 octets"));
  session_primitive_clear(&abort);
  session_free(session);
}
END_TEST

/* --- the user's errors --- */

START_TEST(requests_out_of_place)
{
  struct session *session = open_session(false); /* holds no token */
  static const enum session_service without_tokens[] = {
      S_DATA,         S_SYNC_MINOR, S_ACTIVITY_END, S_ACTIVITY_INTERRUPT, S_ACTIVITY_DISCARD,
      S_CONTROL_GIVE, S_RELEASE,    S_CONNECT,      S_TYPED_DATA};
  for (gsize i = 0; i < G_N_ELEMENTS(without_tokens); i++)
    refused(session, (struct session_primitive){.service = without_tokens[i], .kind = S_REQUEST},
            OSI_ERROR_STATE, "STA713 Data transfer");
  static const enum session_service answers[] = {
      S_ACTIVITY_END, S_ACTIVITY_INTERRUPT, S_ACTIVITY_DISCARD, S_CONNECT, S_RELEASE, S_SYNC_MINOR};
  for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
    refused(session, (struct session_primitive){.service = answers[i], .kind = S_RESPONSE, .accepted = true},
            OSI_ERROR_STATE, ".rsp");
  refused(session, (struct session_primitive){.service = S_DATA, .kind = S_INDICATION}, OSI_ERROR_STATE,
          "not a primitive");
  refused(session, (struct session_primitive){.service = S_TOKEN_GIVE, .kind = S_REQUEST}, OSI_ERROR_LIMIT,
          "no token");
  refused(session, (struct session_primitive){.service = S_TOKEN_GIVE, .kind = S_REQUEST, .tokens = 1},
          OSI_ERROR_STATE, "S-TOKEN-GIVE.req");
  session_free(session);
}
END_TEST

START_TEST(minor_sync_window)
{
  struct session *a, *b;
  connect_pair(&a, &b, 0, 2);
  g_autoptr(GBytes) id = counted(3);
  request(a, (struct session_primitive){.service = S_ACTIVITY_START, .kind = S_REQUEST, .activity = id});
  ck_assert_uint_eq(session_next_serial(a), 1);
  for (int i = 0; i < 5; i++)
    request(a, (struct session_primitive){.service = S_SYNC_MINOR, .kind = S_REQUEST});
  ck_assert_uint_eq(session_next_serial(a), 6);
  carry(a, b);
  drop_outputs(b);
  ck_assert_uint_eq(session_next_serial(b), 6);
  /* one confirmation stands for all before it; what was confirmed is not confirmed again; the future cannot
   * be */
  request(b, (struct session_primitive){.service = S_SYNC_MINOR, .kind = S_RESPONSE, .serial = 3});
  carry(b, a);
  refused(b, (struct session_primitive){.service = S_SYNC_MINOR, .kind = S_RESPONSE, .serial = 2},
          OSI_ERROR_STATE, "MINOR");
  refused(b, (struct session_primitive){.service = S_SYNC_MINOR, .kind = S_RESPONSE, .serial = 6},
          OSI_ERROR_STATE, "MINOR");
  request(b, (struct session_primitive){.service = S_SYNC_MINOR, .kind = S_RESPONSE, .serial = 5});
  carry(b, a);
  struct session_primitive confirm = expect(a, "S-SYNC-MINOR.cnf");
  ck_assert_uint_eq(confirm.serial, 3);
  confirm = expect(a, "S-SYNC-MINOR.cnf");
  ck_assert_uint_eq(confirm.serial, 5);
  session_free(a);
  session_free(b);
}
END_TEST

/* Without tokens both may release at once (annex A, Vcoll). */
START_TEST(release_collision)
{
  struct session_options options[2] = {
      {.initiator = true, .units = SESSION_DUPLEX, .version_max = 2, .timer_ms = 9},
      {.units = SESSION_DUPLEX, .version_max = 2, .timer_ms = 9}};
  struct session *a = session_new(&options[0]), *b = session_new(&options[1]);
  request(a, (struct session_primitive){.service = S_CONNECT, .kind = S_REQUEST});
  carry(a, b);
  request(b, (struct session_primitive){.service = S_CONNECT, .kind = S_RESPONSE, .accepted = true});
  carry(b, a);
  drop_outputs(a);
  drop_outputs(b);
  request(a, (struct session_primitive){.service = S_RELEASE, .kind = S_REQUEST});
  request(b, (struct session_primitive){.service = S_RELEASE, .kind = S_REQUEST});
  struct session_output from_a = next(a, SESSION_SEND), from_b = next(b, SESSION_SEND);
  session_tsdu(b, from_a.data);
  session_tsdu(a, from_b.data);
  session_output_clear(&from_a);
  session_output_clear(&from_b);
  expect_only(a, "S-RELEASE.ind");
  expect_only(b, "S-RELEASE.ind");
  /* the acceptor answers only after the initiator has */
  refused(b, (struct session_primitive){.service = S_RELEASE, .kind = S_RESPONSE, .accepted = true},
          OSI_ERROR_STATE, "STA09");
  request(a, (struct session_primitive){.service = S_RELEASE, .kind = S_RESPONSE, .accepted = true});
  carry(a, b);
  expect_only(b, "S-RELEASE.cnf");
  request(b, (struct session_primitive){.service = S_RELEASE, .kind = S_RESPONSE, .accepted = true});
  carry(b, a);
  expect_only(a, "S-RELEASE.cnf");
  struct session_output output = next(a, SESSION_DISCONNECT);
  session_output_clear(&output);
  session_transport_lost(b);
  expect_nothing(b);
  session_free(a);
  session_free(b);
}
END_TEST

START_TEST(exception_in_the_middle_of_a_segmented_ssdu)
{
  struct session *session = open_session(false);
  feed(session, "0100 2d05 2903020101");
  feed(session, "0100 0103 190101 61");
  request(session,
          (struct session_primitive){.service = S_U_EXCEPTION_REPORT, .kind = S_REQUEST, .reason = 1});
  feed(session, "0100 0103 190100 62");
  feed(session, "0100 0103 190102 63");
  feed(session, "0100 0103 190101 64");
  feed(session, "0100 3903 320100"); /* AD instead of the rest */
  expect_only(session, "S-ACTIVITY-START.ind");
  expect_sent(session, "0200 3003 320101");
  expect_only(session, "S-ACTIVITY-DISCARD.ind");
  request(session, (struct session_primitive){.service = S_ACTIVITY_DISCARD, .kind = S_RESPONSE});
  expect_sent(session, "0200 3a00");
  feed(session, "0100 2d05 2903020101");
  expect_only(session, "S-ACTIVITY-START.ind");
  session_free(session);
}
END_TEST

/* The peer may leave off in the middle of an SSDU when it sees ED, and give the data token instead. */
START_TEST(an_ssdu_that_is_never_ended)
{
  struct session *session = open_session(false);
  feed(session, "0100 2d05 2903020101");
  feed(session, "0100 0103 190101 61");
  request(session,
          (struct session_primitive){.service = S_U_EXCEPTION_REPORT, .kind = S_REQUEST, .reason = 128});
  feed(session, "0103 100101");
  drop_outputs(session);
  ck_assert_str_eq(session_state_name(session), "STA713 Data transfer");
  request(session, (struct session_primitive){
                       .service = S_TOKEN_GIVE, .kind = S_REQUEST, .tokens = SESSION_TOKEN_DATA});
  feed(session, "0100 0103 190101 62");
  feed(session, "0100 0103 190102 63");
  expect_sent(session, "0103 100101");
  struct session_primitive data = expect(session, "S-DATA.ind");
  ck_assert_uint_eq(g_bytes_get_size(data.user_data), 2);
  session_primitive_clear(&data);
  session_free(session);
}
END_TEST

START_TEST(too_many_concatenated)
{
  struct session *session = open_session(false);
  feed(session, "0100 2d05 2903020101");
  drop_outputs(session);
  GString *tsdu = g_string_new("0100");
  for (guint serial = 1; serial <= SESSION_CONCATENATED_MAX + 1; serial++)
    g_string_append_printf(tsdu, serial < 10 ? "31032a013%u" : "31042a023%u3%u",
                           serial < 10 ? serial : serial / 10, serial % 10);
  feed(session, tsdu->str);
  g_string_free(tsdu, TRUE);
  for (guint serial = 1; serial <= SESSION_CONCATENATED_MAX; serial++)
    expect_only(session, "S-SYNC-MINOR.ind");
  expect_sent(session, "1903 110105");
  session_free(session);
}
END_TEST

/* --- the table --- */

/* A minimal SPDU of each type, with the mandatory parameters. */
static GBytes *minimal(enum session_spdu_type type)
{
  struct session_spdu spdu = {.type = type,
                              .present = HAS_SERIAL | HAS_REASON | HAS_ACTIVITY | HAS_LINK_ACTIVITY |
                                         HAS_LINK_SERIAL | HAS_VERSION | HAS_TOKEN_ITEM,
                              .serial = 1,
                              .version = VERSION_2,
                              .token_item = SESSION_TOKEN_DATA,
                              .link_serial = 1};
  spdu.present |= type == SPDU_CDO ? HAS_ENCLOSURE : 0;
  spdu.present |= type == SPDU_MAP ? HAS_SYNC_TYPE : 0;
  spdu.sync_type = SYNC_TYPE_NOT_ACTIVITY_END;
  g_autoptr(GBytes) id = g_bytes_new_static("1", 1);
  spdu.activity = spdu.link_activity = id;
  GByteArray *tsdu = g_byte_array_new();
  if (session_spdu_category(type) == SESSION_AFTER)
    g_byte_array_append(tsdu, (const guint8 *)"\x02", 2);
  session_spdu_encode(&spdu, tsdu);
  return g_byte_array_free_to_bytes(tsdu);
}

static struct session *in_state(enum session_state state, guint tokens, bool activity)
{
  struct session *session = session_new(&rtse[RESPONDER]);
  session->state = state;
  session->version = 2;
  session->units = RTSE_UNITS;
  session->tokens = tokens;
  session->vact = activity;
  session->va = session->vm = 1;
  if (state == STA02B)
    session->overflow = counted(10);
  if (state == STA01D)
    session->connect_data = g_byte_array_new();
  if (state == STA08 || state == STA01D)
    session->connect = g_new0(struct session_spdu, 1);
  return session;
}

/* Every SPDU in every state, with all tokens and without, inside and outside of an activity: where annex A
 * has no cell it is a protocol error; where it has one, it is that at most when the predicates say so. */
START_TEST(every_state_and_spdu)
{
  guint rows = 0, errors = 0;
  for (int state = 0; state < SESSION_STATES; state++) {
    for (int type = 0; type < SPDU_TYPES; type++) {
      bool has_row = session_has_row((enum session_state)state, (guint)type);
      rows += has_row;
      for (int variant = 0; variant < 4; variant++) {
        struct session *session =
            in_state((enum session_state)state, variant & 1 ? SESSION_TOKENS_ALL : 0, variant & 2);
        g_autoptr(GBytes) tsdu = minimal((enum session_spdu_type)type);
        session_tsdu(session, tsdu);
        bool error = session->abort_item == DISCONNECT_PROTOCOL_ERROR;
        errors += error;
        if (!has_row) {
          ck_assert_msg(error, "%s in %s", session_event_name((guint)type),
                        session_state_title((enum session_state)state));
          expect_sent(session, "1903 110105");
          struct session_primitive abort = expect(session, "S-P-ABORT.ind");
          ck_assert_ptr_nonnull(strstr(abort.detail, session_event_name((guint)type)));
          session_primitive_clear(&abort);
          ck_assert_int_eq(session->state, STA16);
        }
        session_free(session);
      }
    }
  }
  ck_assert_uint_gt(rows, 180);
  ck_assert_uint_gt(errors, 1000);
}
END_TEST

/* Every request in every state: without a cell it is refused, nothing is sent and nothing changes. */
START_TEST(every_state_and_request)
{
  for (int state = 0; state < SESSION_STATES; state++) {
    for (int service = 0; service <= S_U_ABORT; service++) {
      for (int variant = 0; variant < 16; variant++) {
        struct session *session =
            in_state((enum session_state)state, variant & 1 ? SESSION_TOKENS_ALL : 0, variant & 2);
        g_autoptr(GBytes) id = g_bytes_new_static("1", 1);
        struct session_primitive primitive = {.service = (enum session_service)service,
                                              .kind = variant & 4 ? S_REQUEST : S_RESPONSE,
                                              .accepted = variant & 8,
                                              .activity = id,
                                              .old_activity = id,
                                              .serial = 1,
                                              .tokens = SESSION_TOKEN_DATA};
        g_autoptr(GError) error = NULL;
        if (!session_request(session, &primitive, &error)) {
          ck_assert_ptr_nonnull(error);
          ck_assert_int_eq(session->state, state);
          expect_nothing(session);
        } else {
          ck_assert(state != STA01 && state != STA16);
        }
        session_free(session);
      }
    }
  }
}
END_TEST

/* The loss of the transport connection and the timer, in every state. */
START_TEST(every_state_ends)
{
  for (int state = 0; state < SESSION_STATES; state++) {
    struct session *session = in_state((enum session_state)state, 0, false);
    session->timing = true;
    session_transport_lost(session);
    ck_assert_int_eq(session->state, STA01);
    bool silent = state == STA01 || state == STA01C || state == STA01D || state == STA16;
    if (!silent) {
      struct session_primitive abort = expect(session, "S-P-ABORT.ind");
      ck_assert_ptr_nonnull(strstr(abort.detail, session_state_title((enum session_state)state)));
      session_primitive_clear(&abort);
    }
    expect_nothing(session);
    session_free(session);

    session = in_state((enum session_state)state, 0, false);
    session->timing = true;
    session_timeout(session);
    session_timeout(session);
    drop_outputs(session);
    session_free(session);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("session");
  TCase *whole = tcase_create("dialogue");
  tcase_set_timeout(whole, 120);
  tcase_add_test(whole, dialogue_in_pieces_of_every_size);
  tcase_add_test(whole, dialogue_over_small_tsdus);
  tcase_add_test(whole, dialogue_cut_after_every_octet);
  suite_add_tcase(suite, whole);
  TCase *real = tcase_create("real peers");
  tcase_add_loop_test(real, answers_a_real_initiator, 0, G_N_ELEMENTS(captures));
  tcase_add_loop_test(real, asks_as_a_real_initiator, 0, G_N_ELEMENTS(captures));
  tcase_add_test(real, answers_the_ping);
  suite_add_tcase(suite, real);
  TCase *negotiation = tcase_create("negotiation");
  tcase_add_loop_test(negotiation, responder_negotiates, 0, G_N_ELEMENTS(negotiations));
  tcase_add_test(negotiation, tokens_go_where_both_agree);
  tcase_add_loop_test(negotiation, provider_refuses, 0, G_N_ELEMENTS(refusals));
  tcase_add_test(negotiation, user_refuses_with_data);
  tcase_add_loop_test(negotiation, initiator_refuses_accept, 0, G_N_ELEMENTS(bad_accepts));
  tcase_add_test(negotiation, accept_asks_for_tokens);
  suite_add_tcase(suite, negotiation);
  TCase *sizes = tcase_create("sizes");
  tcase_add_loop_test(sizes, connect_data_of_every_size, 0, G_N_ELEMENTS(connect_sizes));
  tcase_add_test(sizes, overflow_beyond_the_limit);
  tcase_add_loop_test(sizes, data_of_every_size, 0, G_N_ELEMENTS(data_sizes));
  tcase_add_test(sizes, other_user_data_in_segments);
  tcase_add_test(sizes, tokens_are_asked_for_before_their_give_is_acknowledged);
  tcase_add_test(sizes, version_1_has_narrow_limits);
  suite_add_tcase(suite, sizes);
  TCase *errors = tcase_create("errors");
  tcase_add_test(errors, concatenated_received);
  tcase_add_test(errors, activity_start_without_prefix);
  tcase_add_loop_test(errors, protocol_errors_abort_with_words, 0, G_N_ELEMENTS(wrongs));
  tcase_add_test(errors, strangers_are_disconnected);
  tcase_add_test(errors, without_a_timer_nothing_waits);
  tcase_add_test(errors, overdue_answers_abort);
  tcase_add_test(errors, aborts_tell_their_kind);
  tcase_add_test(errors, ssdu_limit);
  tcase_add_test(errors, requests_out_of_place);
  tcase_add_test(errors, minor_sync_window);
  tcase_add_test(errors, release_collision);
  tcase_add_test(errors, exception_in_the_middle_of_a_segmented_ssdu);
  tcase_add_test(errors, an_ssdu_that_is_never_ended);
  tcase_add_test(errors, too_many_concatenated);
  suite_add_tcase(suite, errors);
  TCase *table = tcase_create("table");
  tcase_add_test(table, every_state_and_spdu);
  tcase_add_test(table, every_state_and_request);
  tcase_add_test(table, every_state_ends);
  suite_add_tcase(suite, table);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
