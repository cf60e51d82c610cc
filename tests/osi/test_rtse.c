/* test_rtse.c - RTSE: every {state, event} of its table, its APDUs, and the course of associations and
 * transfers. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/notation.h"
#include "osi/rtse.h"
#include "osi/rtse_machine.h"

static GBytes *octets(const char *notation)
{
  return g_byte_array_free_to_bytes(notation_octets(notation));
}

static char *hex(GBytes *bytes)
{
  gsize length;
  const void *data = g_bytes_get_data(bytes, &length);
  return notation_hex(data, length);
}

/* --- what a machine puts out, in short: "P-DATA.req", "A-ABORT.req", "segment wanted" ...
 * -------------------------------------- */

static void describe(const struct rtse_output *output, GString *text)
{
  g_autofree char *name = NULL;
  switch (output->type) {
  case RTSE_ACSE:
    g_string_append(text, acse_primitive_name(output->acse.service, output->acse.kind));
    break;
  case RTSE_PRESENTATION:
    name = presentation_primitive_name(&output->presentation);
    g_string_append(text, name);
    break;
  case RTSE_INDICATE:
    g_string_append(text, rtse_indication_name(output->indication.type));
    break;
  }
  g_string_append(text, "; ");
}

static char *outputs(struct rtse *rtse)
{
  GString *text = g_string_new(NULL);
  struct rtse_output output;
  while (rtse_next(rtse, &output)) {
    describe(&output, text);
    rtse_output_clear(&output);
  }
  return g_string_free(text, FALSE);
}

static void assert_outputs(struct rtse *rtse, const char *wanted)
{
  g_autofree char *text = outputs(rtse);
  ck_assert_str_eq(text, wanted);
}

static struct rtse *machine(bool initiator)
{
  return rtse_new(&(struct rtse_options){
      .initiator = initiator, .checkpoint_max = 1, .window_max = 2, .syntax = OID_AS_MTA_RTSE});
}

/* --- the table
 * --------------------------------------------------------------------------------------------------------------------
 */

/* For each state the events that it takes and the state that follows; everything else is a protocol error of
 * the peer, or refused to the user.  Written from the services of X.218, not from the table. "2": two-way
 * only; "?": by a guard that the courses below try. */
static const struct expectation {
  enum rtse_state state;
  const char *events;
} expectations[] = {
    {RTSE_STATE_IDLE,
     "RT_OPEN_REQ>OPENING A_ASSOCIATE_IND>OPENED A_ASSOCIATE_IND_INVALID>CLOSED RT_ABORT_REQ>CLOSED "
     "A_ABORT_IND>CLOSED A_P_ABORT_IND>CLOSED"},
    {RTSE_STATE_OPENING, "A_ASSOCIATE_CNF_ACCEPT>TURN A_ASSOCIATE_CNF_REFUSE>CLOSED"},
    {RTSE_STATE_OPENED, "RT_OPEN_RSP_ACCEPT>TURN RT_OPEN_RSP_REFUSE>CLOSED"},
    {RTSE_STATE_TURN,
     "RT_CLOSE_REQ>CLOSING RT_TRANSFER_REQ>SENDING RT_RESUME_REQ>SENDING P_TOKEN_PLEASE_IND>TURN "
     "RT_TURN_GIVE_REQ>WAIT"},
    {RTSE_STATE_WAIT,
     "A_RELEASE_IND>CLOSED_BY_PEER P_ACTIVITY_START_IND>RECEIVING P_ACTIVITY_RESUME_IND>RESUMED "
     "P_ACTIVITY_INTERRUPT_IND>WAIT P_ACTIVITY_DISCARD_IND>CLOSED "
     "RT_TURN_PLEASE_REQ>WAIT P_TOKEN_PLEASE_IND>WAIT P_CONTROL_GIVE_IND>TURN"},
    {RTSE_STATE_SENDING,
     "RT_DATA>SENDING P_SYNC_MINOR_CNF>SENDING RT_DISCARD>DISCARDING RT_INTERRUPT>INTERRUPTING "
     "P_U_EXCEPTION_IND>DISCARDING "
     "P_P_EXCEPTION_IND>DISCARDING P_TOKEN_PLEASE_IND>SENDING"},
    {RTSE_STATE_HOLDING, "RT_GO_ON>SENDING RT_DISCARD>DISCARDING RT_INTERRUPT>INTERRUPTING "
                         "P_U_EXCEPTION_IND>DISCARDING P_P_EXCEPTION_IND>DISCARDING "
                         "P_TOKEN_PLEASE_IND>HOLDING"},
    {RTSE_STATE_INTERRUPTING, "P_ACTIVITY_INTERRUPT_CNF>TURN P_SYNC_MINOR_CNF>INTERRUPTING "
                              "P_U_EXCEPTION_IND>INTERRUPTING P_P_EXCEPTION_IND>INTERRUPTING "
                              "P_TOKEN_PLEASE_IND>INTERRUPTING"},
    {RTSE_STATE_ENDING,
     "P_SYNC_MINOR_CNF>ENDING P_ACTIVITY_END_CNF>TURN RT_INTERRUPT>INTERRUPTING P_U_EXCEPTION_IND>DISCARDING "
     "P_P_EXCEPTION_IND>DISCARDING P_TOKEN_PLEASE_IND>ENDING"},
    {RTSE_STATE_DISCARDING,
     "P_ACTIVITY_DISCARD_CNF>TURN P_SYNC_MINOR_CNF>DISCARDING P_U_EXCEPTION_IND>DISCARDING "
     "P_P_EXCEPTION_IND>DISCARDING P_TOKEN_PLEASE_IND>DISCARDING"},
    {RTSE_STATE_RECEIVING,
     "P_DATA_IND>RECEIVING P_SYNC_MINOR_IND>RECEIVING P_ACTIVITY_END_IND>RECEIVED RT_REPORT>REPORTED "
     "RT_CHECKPOINT_RSP>RECEIVING P_P_EXCEPTION_IND>STOPPING P_ACTIVITY_INTERRUPT_IND>WAIT "
     "P_ACTIVITY_DISCARD_IND>WAIT "
     "RT_TURN_PLEASE_REQ>RECEIVING"},
    {RTSE_STATE_RECEIVED,
     "RT_SECURED>WAIT RT_REPORT>REPORTED RT_CHECKPOINT_RSP>RECEIVED P_P_EXCEPTION_IND>STOPPING "
     "P_ACTIVITY_INTERRUPT_IND>WAIT P_ACTIVITY_DISCARD_IND>WAIT RT_TURN_PLEASE_REQ>RECEIVED"},
    {RTSE_STATE_RESUMED, "RT_RESUME_RSP>RECEIVING RT_REPORT>REPORTED"},
    {RTSE_STATE_STOPPING, "P_ACTIVITY_INTERRUPT_IND>WAIT P_ACTIVITY_DISCARD_IND>WAIT P_DATA_IND>STOPPING "
                          "P_DATA_IND_INVALID>STOPPING P_SYNC_MINOR_IND>STOPPING P_ACTIVITY_END_IND>STOPPING "
                          "P_P_EXCEPTION_IND>STOPPING"},
    {RTSE_STATE_REPORTED, "P_ACTIVITY_INTERRUPT_IND>WAIT P_ACTIVITY_DISCARD_IND>WAIT P_DATA_IND>REPORTED "
                          "P_DATA_IND_INVALID>REPORTED P_SYNC_MINOR_IND>REPORTED P_ACTIVITY_END_IND>REPORTED "
                          "P_P_EXCEPTION_IND>REPORTED"},
    {RTSE_STATE_CLOSING, "A_RELEASE_CNF>CLOSED P_TOKEN_PLEASE_IND>CLOSING"},
    {RTSE_STATE_CLOSED_BY_PEER, "RT_CLOSE_RSP>CLOSED"},
    {RTSE_STATE_CLOSED, ""},
};

#define NAME(constant, name) #constant,
static const char *const state_names[] = {RTSE_STATES(NAME)};
static const char *const event_names[] = {RTSE_EVENTS(NAME)};
#undef NAME

/* The state that should follow; -1: the event has no place. */
static int expected_next(enum rtse_state state, enum rtse_event event)
{
  if (event == RTSE_EVENT_RT_ABORT_REQ || event == RTSE_EVENT_A_ABORT_IND ||
      event == RTSE_EVENT_A_P_ABORT_IND) {
    return RTSE_STATE_CLOSED;
  }
  const struct expectation *expectation = expectations;
  while (expectation->state != state) {
    expectation++;
    ck_assert(expectation < expectations + G_N_ELEMENTS(expectations));
  }
  g_auto(GStrv) items = g_strsplit(expectation->events, " ", -1);
  for (gsize i = 0; items[i] != NULL; i++) {
    g_auto(GStrv) sides = g_strsplit(items[i], ">", 2);
    for (int next = 0;
         sides[0][0] != '\0' && strcmp(sides[0], event_names[event]) == 0 && next < RTSE_STATE_COUNT;
         next++) {
      if (strcmp(sides[1], state_names[next]) == 0) {
        return next;
      }
    }
  }
  return -1;
}

/* A machine put into a state, with what that state has. */
static struct rtse *in_state(enum rtse_state state)
{
  struct rtse *rtse = machine(true);
  rtse->state = state;
  rtse->terms = (struct rtse_terms){.checkpoint_size = 1,
                                    .window = 2,
                                    .dialogue = RTSE_TWO_WAY_ALTERNATE,
                                    .initiator_turn = true,
                                    .version = 2};
  rtse->activity = 1;
  if (state == RTSE_STATE_SENDING) {
    rtse->out.left = 5000;
    rtse->out.want = 1024;
  }
  rtse->serial = 2;
  rtse->secured = state == RTSE_STATE_RECEIVING || state == RTSE_STATE_RECEIVED ? 1 : 0;
  return rtse;
}

static enum session_service service_of(enum rtse_event event)
{
  switch (event) {
  case RTSE_EVENT_P_ACTIVITY_INTERRUPT_IND:
    return S_ACTIVITY_INTERRUPT;
  case RTSE_EVENT_P_ACTIVITY_DISCARD_IND:
    return S_ACTIVITY_DISCARD;
  case RTSE_EVENT_P_P_EXCEPTION_IND:
    return S_P_EXCEPTION_REPORT;
  default:
    return S_U_EXCEPTION_REPORT;
  }
}

static bool raise_event(struct rtse *rtse, enum rtse_event event)
{
  guint8 segment[1024] = {0};
  g_autoptr(GBytes) data = g_bytes_new(segment, sizeof segment);
  g_autoptr(GPtrArray) slices = g_ptr_array_new();
  g_ptr_array_add(slices, data);
  struct rtse_apdu apdu = {.type = event == RTSE_EVENT_A_ABORT_IND ? RTSE_RTAB : RTSE_RTORQ, .window = 2};
  struct acse_primitive acse = {.connect = {.session = {.tokens = SESSION_TOKENS_ALL}}};
  struct presentation_primitive presentation = {.session = {.service = service_of(event),
                                                            .kind = S_INDICATION}},
                                connect = {0};
  g_autoptr(GBytes) activity = octets("02<01>");
  struct rtse_progress from = {.activity = activity, .serial = 1, .offset = 5};
  if (event == RTSE_EVENT_RT_INTERRUPT) {
    rtse->secured = 1; /* without a confirmed checkpoint it is discarded: the courses */
  }
  osi_failure_set(&acse.failure, OSI_LAYER_ACSE, true, false, "below");
  bool done = rtse_step(rtse, event,
                        &(struct rtse_input){.connect = &connect,
                                             .size = 10,
                                             .from = &from,
                                             .serial = 2,
                                             .data = data,
                                             .acse = &acse,
                                             .presentation = &presentation,
                                             .apdu = &apdu,
                                             .slices = slices,
                                             .why = "test"});
  acse_primitive_clear(&acse);
  presentation_primitive_clear(&presentation);
  return done;
}

static bool transfer_was_open(enum rtse_state state)
{
  return state == RTSE_STATE_SENDING || state == RTSE_STATE_ENDING || state == RTSE_STATE_DISCARDING ||
         state == RTSE_STATE_HOLDING || state == RTSE_STATE_INTERRUPTING || state == RTSE_STATE_STOPPING ||
         state == RTSE_STATE_RECEIVING || state == RTSE_STATE_RECEIVED;
}

START_TEST(every_state_takes_every_event_as_it_should)
{
  enum rtse_state state = (enum rtse_state)_i;
  for (int e = 0; e < RTSE_EVENT_COUNT; e++) {
    enum rtse_event event = (enum rtse_event)e;
    struct rtse *rtse = in_state(state);
    int next = expected_next(state, event);
    bool done = raise_event(rtse, event);
    g_autofree char *text = outputs(rtse);
    const char *at = event_names[e];
    if (next >= 0) {
      ck_assert_msg(done && (int)rtse->state == next, "%s in %s: now %s, not %s", at, state_names[state],
                    state_names[rtse->state], state_names[next]);
      bool turn = rtse->state == RTSE_STATE_TURN && state != RTSE_STATE_TURN;
      ck_assert_msg(turn == (strstr(text, "turn; ") != NULL), "%s in %s: %s", at, state_names[state], text);
    } else if (rtse_event_is_users(event)) {
      ck_assert_msg(!done && rtse->state == state && text[0] == '\0', "%s in %s: %s", at, state_names[state],
                    text);
    } else if (state == RTSE_STATE_IDLE || state == RTSE_STATE_CLOSED) {
      ck_assert_msg(rtse->state == state && text[0] == '\0', "%s in %s: %s", at, state_names[state], text);
    } else {
      ck_assert_msg(rtse->state == RTSE_STATE_CLOSED && g_str_has_prefix(text, "A-ABORT.req; ") &&
                        g_str_has_suffix(text, "RT-ABORT.ind; "),
                    "%s in %s: %s", at, state_names[state], text);
    }
    bool lost = strstr(text, "not transferred") != NULL || strstr(text, "transfer interrupted") != NULL;
    bool aborted = strstr(text, "RT-ABORT.ind") != NULL;
    ck_assert_msg(!aborted || lost == transfer_was_open(state), "%s in %s: %s", at, state_names[state], text);
    rtse_free(rtse);
  }
}
END_TEST

START_TEST(each_row_can_be_reached_and_says_where_it_is_from)
{
  for (gsize i = 0; i < rtse_table_rows; i++) {
    const struct rtse_row *row = &rtse_table[i];
    ck_assert(row->source != NULL && row->source[0] != '\0' && row->action != NULL);
    for (gsize j = 0; j < i;
         j++) { /* a row behind one of the same pair without a guard would never be taken */
      ck_assert_msg(rtse_table[j].guard != NULL || rtse_table[j].event != row->event ||
                        (rtse_table[j].state != row->state && rtse_table[j].state != RTSE_STATE_ANY),
                    "row %zu hides row %zu", j, i);
    }
  }
}
END_TEST

/* In a monologue nobody asks for the turn or gives it. */
START_TEST(in_a_monologue_the_turn_has_no_events)
{
  static const struct {
    enum rtse_state state;
    enum rtse_event event;
  } cases[] = {{RTSE_STATE_WAIT, RTSE_EVENT_RT_TURN_PLEASE_REQ},
               {RTSE_STATE_TURN, RTSE_EVENT_RT_TURN_GIVE_REQ},
               {RTSE_STATE_RECEIVING, RTSE_EVENT_RT_TURN_PLEASE_REQ},
               {RTSE_STATE_RECEIVED, RTSE_EVENT_RT_TURN_PLEASE_REQ},
               {RTSE_STATE_TURN, RTSE_EVENT_P_TOKEN_PLEASE_IND},
               {RTSE_STATE_WAIT, RTSE_EVENT_P_CONTROL_GIVE_IND},
               {RTSE_STATE_SENDING, RTSE_EVENT_P_TOKEN_PLEASE_IND}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct rtse *rtse = in_state(cases[i].state);
    rtse->terms.dialogue = RTSE_MONOLOGUE;
    bool users = rtse_event_is_users(cases[i].event);
    ck_assert(raise_event(rtse, cases[i].event) != users);
    ck_assert_int_eq(rtse->state, users ? cases[i].state : RTSE_STATE_CLOSED);
    rtse_free(rtse);
  }
}
END_TEST

/* --- APDUs
 * --------------------------------------------------------------------------------------------------------------------------
 */

enum { NORMAL, X410, REFUSED };

static const struct apdu {
  const char *notation;
  guint how;
  struct rtse_apdu apdu; /* X410, REFUSED: its type says what is expected */
  const char *user_data;
} apdus[] = {
    /* of the captures: RTORQ with checkpoint 63, the window left out; RTOAC 1 and 3; the ping's without
       anything */
    {"b0{ 80<3f> 82<00> a3{ a0{ 05<> } } }",
     NORMAL,
     {.type = RTSE_RTORQ, .checkpoint_size = 63, .window = 3, .protocol = -1},
     "05<>"},
    {"b1{ 80<01> 81<03> a2{ a0{ 05<> } } }",
     NORMAL,
     {.type = RTSE_RTOAC, .checkpoint_size = 1, .window = 3},
     "05<>"},
    {"~b0{ 80<01> 81<02> 82<01> ~a3{ ~a0{ 04'x' } } }",
     NORMAL,
     {.type = RTSE_RTORQ,
      .checkpoint_size = 1,
      .window = 2,
      .dialogue = RTSE_TWO_WAY_ALTERNATE,
      .protocol = -1},
     "04'x'"},
    {"b0{ a3{ a0{ 04'x' } } }", NORMAL, {.type = RTSE_RTORQ, .window = 3, .protocol = -1}, "04'x'"},
    {"b0{ a3{ a1{ 04'ref' 17'261123180000Z' } } 80<01> }",
     NORMAL,
     {.type = RTSE_RTORQ, .checkpoint_size = 1, .window = 3, .recover = true, .protocol = -1},
     NULL},
    {"b2{ a1{ 02<02> } }", NORMAL, {.type = RTSE_RTORJ, .refuse_reason = 2}, "02<02>"},
    {"b2{ }", NORMAL, {.type = RTSE_RTORJ, .refuse_reason = 2}, NULL},
    {"b2{ 80<01> }", NORMAL, {.type = RTSE_RTORJ, .refuse_given = true, .refuse_reason = 1}, NULL},
    {"02<07>", NORMAL, {.type = RTSE_RTTP, .priority = 7}, NULL},
    {"b6{ 80<04> }", NORMAL, {.type = RTSE_RTAB, .abort_reason = 4}, NULL},
    {"b6{ 80<01> 81<0780> }", NORMAL, {.type = RTSE_RTAB, .abort_reason = 1}, NULL},
    {"b6{ }", NORMAL, {.type = RTSE_RTAB}, NULL},
    {"b6{ 80<06> a2{ 04'x' } }", NORMAL, {.type = RTSE_RTAB, .abort_reason = 6}, "04'x'"},
    {"b0{ 80<3f> }", REFUSED, {0}, NULL},
    {"b3{ }", REFUSED, {0}, NULL},
    {"04'segment'", REFUSED, {0}, NULL}, /* RTTR is no APDU of these places */
    {"b0<80>", REFUSED, {0}, NULL},
    {"", REFUSED, {0}, NULL},
    /* X.410 mode, of the captures: 12 in the wrong byte order, and 1 */
    {"31{ 80<3f> 82<00> a3{ a0{ 05<> } } 84<0c00> }",
     X410,
     {.type = RTSE_RTORQ, .checkpoint_size = 63, .window = 3, .protocol = 3072},
     "05<>"},
    {"31{ 80<3f> 82<00> a3{ a0{ 05<> } } 84<01> }",
     X410,
     {.type = RTSE_RTORQ, .checkpoint_size = 63, .window = 3, .protocol = 1},
     "05<>"},
    {"31{ 80<01> 81<03> a2{ a0{ 05<> } } }",
     X410,
     {.type = RTSE_RTOAC, .checkpoint_size = 1, .window = 3},
     "05<>"},
    /* a 1984 system with protocolVersion, which ISODE's PConnect has */
    {"~31{ a3{ a0{ 05<> } } 84<01> 85<01> }", X410, {.type = RTSE_RTORQ, .window = 3, .protocol = 1}, "05<>"},
    {"31{ a3{ a1{ 14'ref' 17'261123180000Z' 80'more' } } }",
     X410,
     {.type = RTSE_RTORQ, .window = 3, .recover = true, .protocol = -1},
     NULL},
    {"31{ 80<00> }", X410, {.type = RTSE_RTORJ, .refuse_given = true, .refuse_reason = 0}, NULL},
    {"31{ }", X410, {.type = RTSE_RTORJ, .refuse_reason = 2}, NULL},
    {"31{ 80<03> }", X410, {.type = RTSE_RTAB, .abort_reason = 3}, NULL},
    {"02<07>", X410, {.type = RTSE_RTTP, .priority = 7}, NULL},
    {"31{ 80<3f> }", REFUSED, {.type = RTSE_RTORQ, .x410 = true}, NULL},
    {"b0{ a3{ a0{ 04'x' } } }", REFUSED, {.type = RTSE_RTORQ, .x410 = true}, NULL},
    {"", REFUSED, {.type = RTSE_RTAB, .x410 = true}, NULL},
};

static bool read_as(const struct apdu *c, GBytes *data, struct rtse_apdu *apdu, GError **error)
{
  return c->how == X410 || c->apdu.x410 ? rtse_apdu_read_x410(data, c->apdu.type, apdu, error)
                                        : rtse_apdu_read(data, apdu, error);
}

static void assert_apdu(const struct rtse_apdu *apdu, const struct apdu *c)
{
  ck_assert_int_eq(apdu->type, c->apdu.type);
  ck_assert_uint_eq(apdu->checkpoint_size, c->apdu.checkpoint_size);
  ck_assert_uint_eq(apdu->window, c->apdu.window);
  ck_assert_int_eq(apdu->dialogue, c->apdu.dialogue);
  ck_assert(apdu->recover == c->apdu.recover);
  ck_assert_int_eq(apdu->protocol, c->apdu.protocol);
  ck_assert_int_eq(apdu->refuse_given, c->apdu.refuse_given);
  ck_assert_uint_eq(apdu->refuse_reason, c->apdu.refuse_reason);
  ck_assert_uint_eq(apdu->priority, c->apdu.priority);
  ck_assert_uint_eq(apdu->abort_reason, c->apdu.abort_reason);
  g_autoptr(GBytes) user_data = c->user_data != NULL ? octets(c->user_data) : NULL;
  ck_assert(user_data == NULL ? apdu->user_data == NULL : g_bytes_equal(user_data, apdu->user_data));
}

/* ... and what was read is the same after it was written. */
START_TEST(an_apdu_is_read_or_refused)
{
  const struct apdu *c = &apdus[_i];
  g_autoptr(GBytes) data = octets(c->notation);
  g_autoptr(GError) error = NULL;
  struct rtse_apdu apdu = {0}, again = {0};
  bool good = read_as(c, data, &apdu, &error);
  ck_assert_msg(good == (c->how != REFUSED), "%s: %s", c->notation, error ? error->message : "accepted");
  if (good) {
    assert_apdu(&apdu, c);
    g_autoptr(GBytes) written = rtse_apdu_write(&apdu, &error);
    ck_assert_msg(written != NULL && read_as(c, written, &again, &error), "%s written", c->notation);
    assert_apdu(&again, c);
    ck_assert(!apdu.recover || (g_bytes_equal(apdu.recovered.calling_user, again.recovered.calling_user) &&
                                g_bytes_equal(apdu.recovered.common, again.recovered.common)));
  }
  rtse_apdu_clear(&apdu);
  rtse_apdu_clear(&again);
}
END_TEST

/* The identifier of a connection to recover is that of session's references: encoded values (X.228 9). */
START_TEST(a_recovered_connection_is_told_as_session_tells_it)
{
  static const char *const cases[][2] = {{"b0{ a3{ a1{ 04'ref' 17'261123180000Z' } } }", "04'ref'"},
                                         {"31{ a3{ a1{ 14'ref' 17'261123180000Z' 80'more' } } }", "14'ref'"}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GBytes) data = octets(cases[i][0]), calling = octets(cases[i][1]);
    g_autoptr(GBytes) common = octets("17'261123180000Z'"), more = octets("14'more'");
    struct rtse_apdu apdu = {0};
    ck_assert(i == 0 ? rtse_apdu_read(data, &apdu, NULL)
                     : rtse_apdu_read_x410(data, RTSE_RTORQ, &apdu, NULL));
    ck_assert(g_bytes_equal(apdu.recovered.calling_user, calling));
    ck_assert(g_bytes_equal(apdu.recovered.common, common));
    ck_assert(i == 0 ? apdu.recovered.additional == NULL : g_bytes_equal(apdu.recovered.additional, more));
    rtse_apdu_clear(&apdu);
  }
}
END_TEST

static const struct rttr {
  const char *notation;
  const char *octets; /* NULL: refused */
  guint slices;
} rttrs[] = {
    {"04<010203>", "010203", 1},
    {"24{ 04<01> 04<0203> }", "010203", 2},
    {"~24{ 04<01> 04<0203> }", "010203", 2},
    {"~24{ 04<01> ~24{ 04<02> } 04<03> }", "010203", 3},
    {"04<01> 04<0203>", "010203", 2}, /* several values in one PDV-list */
    {"04<>", "", 0},
    {"24{ 04<01> 02<02> }", NULL, 0},
    {"02<01>", NULL, 0},
    {"04<01> 30{}", NULL, 0},
    {"~24{ ~24{ ~24{ ~24{ ~24{ ~24{ 04<01> } } } } } }", NULL, 0},
    {"24<0402>", NULL, 0},
    {"", NULL, 0},
};

START_TEST(a_segment_is_read_in_place)
{
  const struct rttr *c = &rttrs[_i];
  g_autoptr(GBytes) data = octets(c->notation);
  g_autoptr(GPtrArray) slices = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  bool good = rtse_rttr_read(data, slices);
  ck_assert_msg(good == (c->octets != NULL), "%s", c->notation);
  if (good) {
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < slices->len; i++) {
      g_autofree char *digits = hex(slices->pdata[i]);
      g_string_append(all, digits);
    }
    ck_assert_str_eq(all->str, c->octets);
    ck_assert_uint_eq(slices->len, c->slices);
  }
}
END_TEST

START_TEST(a_segment_in_crumbs_is_joined)
{
  g_autoptr(GByteArray) crumbs = g_byte_array_new();
  for (guint i = 0; i < 100000; i++) {
    const guint8 crumb[] = {0x04, 1, (guint8)i};
    g_byte_array_append(crumbs, crumb, sizeof crumb);
  }
  g_autoptr(GBytes) data = g_bytes_new(crumbs->data, crumbs->len);
  g_autoptr(GPtrArray) slices = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  ck_assert(rtse_rttr_read(data, slices));
  ck_assert_uint_eq(slices->len, 1);
  gsize length;
  const guint8 *joined = g_bytes_get_data(slices->pdata[0], &length);
  ck_assert_uint_eq(length, 100000);
  ck_assert_uint_eq(joined[99999], (guint8)99999);
}
END_TEST

/* --- courses
 * -------------------------------------------------------------------------------------------------------------------------
 */

static void from_acse(struct rtse *rtse, enum acse_service service, enum session_kind kind,
                      enum acse_result result, const char *notation, guint units, guint tokens,
                      guint tokens_acceptor)
{
  struct acse_primitive primitive = {
      .service = service,
      .kind = kind,
      .result = result,
      .information = notation != NULL ? octets(notation) : NULL,
      .connect = {
          .session = {.units = units, .tokens = tokens, .tokens_acceptor = tokens_acceptor, .version = 2}}};
  osi_failure_set(&primitive.failure, OSI_LAYER_ACSE, true, true, "below");
  rtse_acse(rtse, &primitive);
}

static void from_presentation(struct rtse *rtse, enum session_service service, enum session_kind kind,
                              guint serial, guint reason, const char *notation)
{
  struct presentation_primitive primitive = {
      .session = {.service = service, .kind = kind, .serial = serial, .reason = reason}};
  if (service == S_ACTIVITY_START || service == S_ACTIVITY_RESUME) {
    primitive.session.activity = octets("02<07>");
  }
  if (notation != NULL) {
    primitive.values = presentation_values_one(OID_AS_MTA_RTSE, octets(notation));
  }
  rtse_presentation(rtse, &primitive);
}

static struct rtse *open_initiator(enum rtse_dialogue dialogue)
{
  struct rtse *rtse = machine(true);
  struct presentation_primitive connect = {0};
  g_autoptr(GBytes) bind = octets("05<>");
  ck_assert(rtse_open(rtse, dialogue, bind, &connect, NULL));
  assert_outputs(rtse, "A-ASSOCIATE.req; ");
  from_acse(rtse, A_ASSOCIATE, S_CONFIRM, ACSE_ACCEPTED, "b1{ 80<01> 81<02> a2{ a0{ 05<> } } }", 0x0249, 0,
            0);
  assert_outputs(rtse, "RT-OPEN.cnf accepted; turn; ");
  return rtse;
}

static struct rtse *open_responder(void)
{
  struct rtse *rtse = machine(false);
  from_acse(rtse, A_ASSOCIATE, S_INDICATION, ACSE_ACCEPTED, "b0{ 80<01> 81<02> 82<01> a3{ a0{ 05<> } } }",
            0x0249, SESSION_TOKENS_ALL, 0);
  assert_outputs(rtse, "RT-OPEN.ind; ");
  g_autoptr(GBytes) result = octets("05<>");
  ck_assert(rtse_open_accept(rtse, result, NULL));
  assert_outputs(rtse, "A-ASSOCIATE.rsp; ");
  return rtse;
}

START_TEST(rtorq_is_as_the_standard_has_it)
{
  struct rtse *rtse = machine(true);
  struct presentation_primitive connect = {0};
  g_autoptr(GBytes) bind = octets("05<>"), wanted = octets("b0{ 80<01> 81<02> 82<01> a3{ a0{ 05<> } } }");
  ck_assert(rtse_open(rtse, RTSE_TWO_WAY_ALTERNATE, bind, &connect, NULL));
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output));
  ck_assert(g_bytes_equal(output.acse.information, wanted));
  ck_assert_uint_eq(output.acse.connect.session.units, 0x0249);
  ck_assert_uint_eq(output.acse.connect.session.tokens, SESSION_TOKENS_ALL);
  rtse_output_clear(&output);
  rtse_free(rtse);
}
END_TEST

/* --- X.410-1984 mode: the same courses, bare octets --- */

static struct rtse *machine_x410(bool initiator)
{
  return rtse_new(&(struct rtse_options){.initiator = initiator,
                                         .checkpoint_max = 1,
                                         .window_max = 2,
                                         .x410 = true,
                                         .protocol = RTSE_MTS_TRANSFER,
                                         .syntax = OID_AS_MTA_RTSE});
}

static void come_x410(struct rtse *rtse, enum acse_service service, enum session_kind kind,
                      enum acse_result result, const char *notation)
{
  struct acse_primitive primitive = {
      .service = service,
      .kind = kind,
      .result = result,
      .information = notation != NULL ? octets(notation) : NULL,
      .connect = {.x410 = true,
                  .session = {.units = 0x0249,
                              .tokens = kind == S_INDICATION ? SESSION_TOKENS_ALL : 0,
                              .version = 1}}};
  osi_failure_set(&primitive.failure, OSI_LAYER_PRESENTATION, true, true, "below");
  rtse_acse(rtse, &primitive);
}

/* The next output, whose user data are these: of an A- primitive its information, of a P- primitive its
 * value. */
static void assert_next(struct rtse *rtse, enum rtse_output_type type, const char *notation)
{
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output));
  ck_assert_int_eq(output.type, type);
  GBytes *said = type == RTSE_ACSE
                     ? output.acse.information
                     : g_array_index(output.presentation.values, struct presentation_value, 0).octets;
  g_autoptr(GBytes) wanted = octets(notation);
  ck_assert_msg(g_bytes_equal(said, wanted), "%s", notation);
  rtse_output_clear(&output);
}

START_TEST(x410_mode_sends_bare_octets)
{
  struct rtse *rtse = machine_x410(true);
  struct presentation_primitive connect = {0};
  g_autoptr(GBytes) bind = octets("05<>"), segment = octets("04<>");
  ck_assert(rtse_open(rtse, RTSE_TWO_WAY_ALTERNATE, bind, &connect, NULL));
  assert_next(rtse, RTSE_ACSE, "31{ 80<01> 81<02> 82<01> a3{ a0{ 05<> } } 84<0c> }");
  come_x410(rtse, A_ASSOCIATE, S_CONFIRM, ACSE_ACCEPTED, "31{ 80<01> 81<02> a2{ a0{ 05<> } } }");
  assert_outputs(rtse, "RT-OPEN.cnf accepted; turn; ");
  ck_assert(rtse_transfer(rtse, 2, NULL));
  assert_outputs(rtse, "P-ACTIVITY-START.req; segment wanted; ");
  ck_assert(rtse_data(rtse, segment, NULL));
  assert_next(rtse, RTSE_PRESENTATION, "04<>");
  rtse_free(rtse);
}
END_TEST

START_TEST(x410_mode_takes_bare_octets)
{
  struct rtse *rtse = machine_x410(false);
  come_x410(rtse, A_ASSOCIATE, S_INDICATION, ACSE_ACCEPTED,
            "31{ 80<01> 81<02> 82<01> a3{ a0{ 05<> } } 84<01> }");
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output));
  ck_assert_int_eq(output.indication.type, RT_OPEN_IND);
  ck_assert(output.indication.terms.x410);
  ck_assert_int_eq(output.indication.terms.protocol, RTSE_MTS_TRANSFER_1984);
  rtse_output_clear(&output);
  g_autoptr(GBytes) result = octets("05<>");
  ck_assert(rtse_open_accept(rtse, result, NULL));
  assert_next(rtse, RTSE_ACSE, "31{ 80<01> 81<02> a2{ a0{ 05<> } } }");
  ck_assert(rtse_turn_please(rtse, 3, NULL));
  assert_next(rtse, RTSE_PRESENTATION, "02<03>");
  from_presentation(rtse, S_ACTIVITY_START, S_INDICATION, 0, 0, NULL);
  assert_outputs(rtse, "transfer begins; ");
  from_presentation(rtse, S_DATA, S_INDICATION, 0, 0, "04'a segment that looks like an RTTR'");
  ck_assert(rtse_next(rtse, &output));
  g_autoptr(GBytes) whole = octets("04'a segment that looks like an RTTR'");
  ck_assert_int_eq(output.indication.type, RT_SEGMENT);
  ck_assert(g_bytes_equal(output.indication.data, whole));
  rtse_output_clear(&output);
  ck_assert(rtse_abort(rtse, RTSE_TEMPORARY_PROBLEM, NULL));
  assert_next(rtse, RTSE_ACSE, "31{ 80<03> }");
  rtse_free(rtse);
}
END_TEST

START_TEST(x410_mode_refuses_with_a_reason)
{
  struct rtse *rtse = machine_x410(false);
  come_x410(rtse, A_ASSOCIATE, S_INDICATION, ACSE_ACCEPTED, "31{ a3{ a0{ 05<> } } }");
  assert_outputs(rtse, "RT-OPEN.ind; ");
  g_autoptr(GBytes) error = octets("b2{ 02<02> }"); /* has no place there */
  ck_assert(rtse_open_refuse(rtse, RTSE_REFUSE_VALIDATION_FAILURE, error, NULL));
  assert_next(rtse, RTSE_ACSE, "31{ 80<02> }");
  rtse_free(rtse);

  rtse = machine_x410(true);
  struct presentation_primitive connect = {0};
  ck_assert(rtse_open(rtse, RTSE_MONOLOGUE, error, &connect, NULL));
  assert_outputs(rtse, "A-ASSOCIATE.req; ");
  come_x410(rtse, A_ASSOCIATE, S_CONFIRM, ACSE_REJECTED_PERMANENT, "31{ 80<00> }");
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output));
  ck_assert_int_eq(output.indication.type, RT_OPEN_REFUSED);
  ck_assert(output.indication.refuse_given && output.indication.refuse_reason == RTSE_REFUSE_BUSY);
  ck_assert(!output.indication.failure.permanent);
  ck_assert_msg(strstr(output.indication.failure.words, "busy"), "%s", output.indication.failure.words);
  rtse_output_clear(&output);
  rtse_free(rtse);
}
END_TEST

/* What the peer is set up for bounds what is agreed, once it is known who calls: never more than proposed. */
START_TEST(terms_are_limited_before_an_association_is_accepted)
{
  static const struct {
    const char *proposal;
    guint checkpoint, window, agreed_checkpoint, agreed_window;
  } cases[] = {
      {"b0{ 80<02> 81<05> a3{ a0{ 05<> } } }", 1, 3, 1, 3},
      {"b0{ 80<02> 81<05> a3{ a0{ 05<> } } }", 64, 8, 2, 5},
      {"b0{ 80<02> a3{ a0{ 05<> } } }", 0, 8, 0, 3},
      {"b0{ 80<00> a3{ a0{ 05<> } } }", 4, 1, 4, 1},
      {"b0{ 80<02> 81<05> a3{ a0{ 05<> } } }", 1, 0, 1, 1},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct rtse *rtse = rtse_new(
        &(struct rtse_options){.checkpoint_max = G_MAXUINT16, .window_max = 255, .syntax = OID_AS_MTA_RTSE});
    from_acse(rtse, A_ASSOCIATE, S_INDICATION, ACSE_ACCEPTED, cases[i].proposal, 0x0249, SESSION_TOKENS_ALL,
              0);
    assert_outputs(rtse, "RT-OPEN.ind; ");
    struct rtse_terms terms = rtse_limit(rtse, cases[i].checkpoint, cases[i].window);
    ck_assert_uint_eq(terms.checkpoint_size, cases[i].agreed_checkpoint);
    ck_assert_uint_eq(terms.window, cases[i].agreed_window);
    g_autoptr(GBytes) result = octets("05<>");
    ck_assert(rtse_open_accept(rtse, result, NULL));
    struct rtse_output output;
    ck_assert(rtse_next(rtse, &output));
    struct rtse_apdu rtoac = {0};
    ck_assert(rtse_apdu_read(output.acse.information, &rtoac, NULL));
    ck_assert_uint_eq(rtoac.checkpoint_size, cases[i].agreed_checkpoint);
    ck_assert_uint_eq(rtoac.window, cases[i].agreed_window);
    rtse_apdu_clear(&rtoac);
    rtse_output_clear(&output);
    /* what is agreed stays */
    ck_assert_uint_eq(rtse_limit(rtse, 0, 0).window, cases[i].agreed_window);
    rtse_free(rtse);
  }
}
END_TEST

/* Proposals that the responder itself refuses. */
START_TEST(a_proposal_without_sense_is_refused_with_words)
{
  static const struct {
    const char *notation;
    guint units, tokens, acceptor;
    const char *words;
  } cases[] = {
      {NULL, 0x0249, SESSION_TOKENS_ALL, 0, "no APDU for opening"},
      {"b6{ }", 0x0249, SESSION_TOKENS_ALL, 0, "no APDU for opening"},
      {"30{ }", 0x0249, SESSION_TOKENS_ALL, 0, "RTSE APDU"},
      {"b0{ a3{ a0{ 05<> } } }", 0x0049, SESSION_TOKENS_ALL, 0, "exceptions"},
      {"b0{ a3{ a0{ 05<> } } }", 0x0249, SESSION_TOKEN_DATA, SESSION_TOKEN_MINOR, "divided"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct rtse *rtse = machine(false);
    from_acse(rtse, A_ASSOCIATE, S_INDICATION, ACSE_ACCEPTED, cases[i].notation, cases[i].units,
              cases[i].tokens, cases[i].acceptor);
    struct rtse_output output;
    ck_assert(rtse_next(rtse, &output) && output.type == RTSE_ACSE);
    ck_assert(output.acse.service == A_ASSOCIATE && output.acse.result == ACSE_REJECTED_PERMANENT);
    g_autofree char *rtorj = hex(output.acse.information);
    ck_assert_str_eq(rtorj, "b200");
    rtse_output_clear(&output);
    ck_assert(rtse_next(rtse, &output) && output.indication.type == RT_ABORT_IND);
    ck_assert_msg(strstr(output.indication.failure.words, cases[i].words), "%s",
                  output.indication.failure.words);
    rtse_output_clear(&output);
    rtse_free(rtse);
  }
}
END_TEST

START_TEST(answers_without_sense_abort)
{
  static const char *const answers[] = {NULL, "b2{ }", "b1{ a2{ a1{ 04'ref' 17'261123180000Z' } } }"};
  for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
    struct rtse *rtse = machine(true);
    struct presentation_primitive connect = {0};
    ck_assert(rtse_open(rtse, RTSE_MONOLOGUE, NULL, &connect, NULL));
    g_free(outputs(rtse));
    from_acse(rtse, A_ASSOCIATE, S_CONFIRM, ACSE_ACCEPTED, answers[i], 0x0249, 0, 0);
    assert_outputs(rtse, "A-ABORT.req; RT-ABORT.ind; ");
    rtse_free(rtse);
  }
}
END_TEST

START_TEST(the_turn_may_start_with_the_responder)
{
  struct rtse *rtse = machine(false);
  from_acse(rtse, A_ASSOCIATE, S_INDICATION, ACSE_ACCEPTED, "b0{ a3{ a0{ 05<> } } }", 0x0249, 0,
            SESSION_TOKENS_ALL);
  g_free(outputs(rtse));
  g_autoptr(GBytes) result = octets("05<>");
  ck_assert(rtse_open_accept(rtse, result, NULL));
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output));
  ck_assert_uint_eq(output.acse.connect.session.tokens_acceptor, SESSION_TOKENS_ALL);
  rtse_output_clear(&output);
  assert_outputs(rtse, "turn; ");
  ck_assert(rtse_transfer(rtse, 10, NULL));
  rtse_free(rtse);
}
END_TEST

static void give(struct rtse *rtse, gsize size)
{
  g_autofree guint8 *data = g_malloc0(size);
  g_autoptr(GBytes) bytes = g_bytes_new(data, size);
  ck_assert(rtse_data(rtse, bytes, NULL));
}

START_TEST(a_transfer_stops_at_the_window_and_goes_on_with_confirmations)
{
  struct rtse *rtse = open_initiator(RTSE_MONOLOGUE);
  ck_assert(rtse_transfer(rtse, 4 * 1024 + 1, NULL));
  assert_outputs(rtse, "P-ACTIVITY-START.req; segment wanted; ");
  g_autoptr(GBytes) little = octets("04'x'");
  ck_assert(!rtse_data(rtse, little, NULL)); /* not as much as wanted */
  give(rtse, 1024);
  assert_outputs(rtse, "P-DATA.req; P-SYNC-MINOR.req; segment wanted; ");
  ck_assert_ptr_null(rtse_awaits(rtse));
  give(rtse, 1024);
  assert_outputs(rtse, "P-DATA.req; P-SYNC-MINOR.req; "); /* two are open */
  ck_assert_ptr_nonnull(rtse_awaits(rtse));
  ck_assert(!rtse_data(rtse, little, NULL));
  from_presentation(rtse, S_SYNC_MINOR, S_CONFIRM, 2, 0, NULL); /* stands for both */
  assert_outputs(rtse, "checkpoint confirmed; segment wanted; ");
  ck_assert_uint_eq(rtse_progress(rtse).offset, 2048);
  give(rtse, 1024);
  assert_outputs(rtse, "P-DATA.req; P-SYNC-MINOR.req; segment wanted; ");
  give(rtse, 1024);
  assert_outputs(rtse, "P-DATA.req; P-SYNC-MINOR.req; ");
  from_presentation(rtse, S_SYNC_MINOR, S_CONFIRM, 3, 0, NULL);
  assert_outputs(rtse, "checkpoint confirmed; segment wanted; ");
  ck_assert(!rtse_progress(rtse).ended);
  give(rtse, 1);
  assert_outputs(rtse, "P-DATA.req; P-ACTIVITY-END.req; ");
  from_presentation(rtse, S_SYNC_MINOR, S_CONFIRM, 4, 0, NULL);
  assert_outputs(rtse, "checkpoint confirmed; ");
  ck_assert(rtse_progress(rtse).ended && rtse_progress(rtse).offset == 4096);
  from_presentation(rtse, S_ACTIVITY_END, S_CONFIRM, 5, 0, NULL);
  assert_outputs(rtse, "RT-TRANSFER.cnf transferred; turn; ");
  rtse_free(rtse);
}
END_TEST

START_TEST(without_checkpoints_segments_follow_each_other)
{
  struct rtse *rtse =
      rtse_new(&(struct rtse_options){.initiator = true, .window_max = 1, .segment_max = 1000});
  rtse->state = RTSE_STATE_TURN;
  ck_assert(rtse_transfer(rtse, 2001, NULL));
  assert_outputs(rtse, "P-ACTIVITY-START.req; segment wanted; ");
  give(rtse, 1000);
  assert_outputs(rtse, "P-DATA.req; segment wanted; ");
  give(rtse, 1000);
  assert_outputs(rtse, "P-DATA.req; segment wanted; ");
  give(rtse, 1);
  assert_outputs(rtse, "P-DATA.req; P-ACTIVITY-END.req; ");
  rtse_free(rtse);
}
END_TEST

START_TEST(an_exception_of_the_receiver_discards)
{
  for (guint reason = 0; reason <= 6; reason += 3) {
    struct rtse *rtse = open_initiator(RTSE_MONOLOGUE);
    ck_assert(rtse_transfer(rtse, 100, NULL));
    give(rtse, 100);
    g_free(outputs(rtse));
    from_presentation(rtse, S_U_EXCEPTION_REPORT, S_INDICATION, 0, reason, NULL);
    assert_outputs(rtse, "P-ACTIVITY-DISCARD.req; ");
    from_presentation(rtse, S_ACTIVITY_DISCARD, S_CONFIRM, 0, 0, NULL);
    struct rtse_output output;
    ck_assert(rtse_next(rtse, &output) && output.indication.type == RT_NOT_TRANSFERRED);
    ck_assert(output.indication.failure.by_peer);
    ck_assert(!output.indication.failure.permanent);
    ck_assert_int_eq(output.indication.outcome, RTSE_DISCARDED);
    rtse_output_clear(&output);
    assert_outputs(rtse, "turn; ");
    ck_assert(rtse_transfer(rtse, 100, NULL));
    rtse_free(rtse);
  }
}
END_TEST

START_TEST(a_transfer_comes_and_is_secured_or_not)
{
  struct rtse *rtse = open_responder();
  from_presentation(rtse, S_ACTIVITY_START, S_INDICATION, 0, 0, NULL);
  assert_outputs(rtse, "transfer begins; ");
  from_presentation(rtse, S_DATA, S_INDICATION, 0, 0, "~24{ 04'ab' 04'c' }");
  assert_outputs(rtse, "segment; segment; ");
  from_presentation(rtse, S_SYNC_MINOR, S_INDICATION, 1, 0, NULL);
  assert_outputs(rtse, "checkpoint; "); /* confirmed when the user says that it is secured */
  ck_assert(!rtse_checkpoint(rtse, 2, NULL));
  ck_assert(rtse_checkpoint(rtse, 1, NULL));
  assert_outputs(rtse, "P-SYNC-MINOR.rsp; ");
  ck_assert(!rtse_checkpoint(rtse, 1, NULL));
  from_presentation(rtse, S_ACTIVITY_END, S_INDICATION, 2, 0, NULL);
  assert_outputs(rtse, "RT-TRANSFER.ind; ");
  ck_assert(rtse_transfer_open(rtse));
  ck_assert(rtse_secured(rtse, NULL));
  assert_outputs(rtse, "P-ACTIVITY-END.rsp; ");
  ck_assert(!rtse_secured(rtse, NULL));

  from_presentation(rtse, S_ACTIVITY_START, S_INDICATION, 0, 0, NULL);
  g_free(outputs(rtse));
  ck_assert(rtse_report(rtse, RTSE_REPORT_UNRECOVERABLE, NULL));
  assert_outputs(rtse, "P-U-EXCEPTION-REPORT.req; ");
  from_presentation(rtse, S_DATA, S_INDICATION, 0, 0, "04'x'");
  assert_outputs(rtse, "");
  from_presentation(rtse, S_ACTIVITY_DISCARD, S_INDICATION, 0, 0, NULL);
  assert_outputs(rtse, "P-ACTIVITY-DISCARD.rsp; ");

  from_presentation(rtse, S_ACTIVITY_START, S_INDICATION, 0, 0, NULL);
  from_presentation(rtse, S_ACTIVITY_INTERRUPT, S_INDICATION, 0, 1, NULL);
  assert_outputs(rtse, "transfer begins; transfer interrupted; P-ACTIVITY-INTERRUPT.rsp; ");
  rtse_free(rtse);
}
END_TEST

/* A transfer with one of two checkpoints confirmed. */
static struct rtse *half_sent(void)
{
  struct rtse *rtse = open_initiator(RTSE_MONOLOGUE);
  ck_assert(rtse_transfer(rtse, 5000, NULL));
  give(rtse, 1024);
  give(rtse, 1024);
  from_presentation(rtse, S_SYNC_MINOR, S_CONFIRM, 1, 0, NULL);
  g_free(outputs(rtse));
  return rtse;
}

/* What the receiver reports decides whether the activity is kept (decision 0066). */
START_TEST(an_exception_interrupts_what_can_go_on)
{
  static const struct {
    enum session_service service;
    guint reason;
    bool kept;
  } cases[] = {{S_U_EXCEPTION_REPORT, 0, false}, {S_U_EXCEPTION_REPORT, 1, true},
               {S_U_EXCEPTION_REPORT, 3, false}, {S_U_EXCEPTION_REPORT, 5, true},
               {S_U_EXCEPTION_REPORT, 6, false}, {S_P_EXCEPTION_REPORT, 0, true}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct rtse *rtse = half_sent();
    bool kept = cases[i].kept;
    from_presentation(rtse, cases[i].service, S_INDICATION, 0, cases[i].reason, NULL);
    assert_outputs(rtse, kept ? "P-ACTIVITY-INTERRUPT.req; " : "P-ACTIVITY-DISCARD.req; ");
    from_presentation(rtse, kept ? S_ACTIVITY_INTERRUPT : S_ACTIVITY_DISCARD, S_CONFIRM, 0, 0, NULL);
    struct rtse_output output;
    ck_assert(rtse_next(rtse, &output) && output.indication.type == RT_NOT_TRANSFERRED);
    ck_assert_int_eq(output.indication.outcome, kept ? RTSE_INTERRUPTED : RTSE_DISCARDED);
    rtse_output_clear(&output);
    assert_outputs(rtse, "turn; ");
    rtse_free(rtse);
  }
}
END_TEST

/* A peer that cannot resume and says so by an error of its own must not be asked again and again. */
START_TEST(an_error_in_answer_to_a_resumption_refuses_it)
{
  for (int further = 0; further < 2; further++) {
    struct rtse *rtse = open_initiator(RTSE_MONOLOGUE);
    g_autoptr(GBytes) name = octets("02<09>");
    ck_assert(rtse_resume(rtse, 5000, &(struct rtse_progress){name, 2, 2048, false}, NULL, false, NULL));
    give(rtse, 1024);
    if (further) {
      from_presentation(rtse, S_SYNC_MINOR, S_CONFIRM, 3, 0, NULL);
    }
    g_free(outputs(rtse));
    from_presentation(rtse, S_U_EXCEPTION_REPORT, S_INDICATION, 0, 5, NULL);
    assert_outputs(rtse, further ? "P-ACTIVITY-INTERRUPT.req; " : "P-ACTIVITY-DISCARD.req; ");
    from_presentation(rtse, further ? S_ACTIVITY_INTERRUPT : S_ACTIVITY_DISCARD, S_CONFIRM, 0, 0, NULL);
    struct rtse_output output;
    ck_assert(rtse_next(rtse, &output) && output.indication.type == RT_NOT_TRANSFERRED);
    ck_assert_int_eq(output.indication.outcome, further ? RTSE_INTERRUPTED : RTSE_CANNOT_RESUME);
    rtse_output_clear(&output);
    rtse_free(rtse);
  }
}
END_TEST

START_TEST(a_transfer_is_interrupted_and_resumed_on_the_same_association)
{
  struct rtse *rtse = half_sent();
  ck_assert(rtse_interrupt(rtse, NULL));
  assert_outputs(rtse, "P-ACTIVITY-INTERRUPT.req; ");
  from_presentation(rtse, S_ACTIVITY_INTERRUPT, S_CONFIRM, 0, 0, NULL);
  assert_outputs(rtse, "RT-TRANSFER.cnf not transferred; turn; ");
  struct rtse_progress from = rtse_progress(rtse);
  ck_assert(from.serial == 1 && from.offset == 1024 && !from.ended);
  ck_assert(rtse_resume(rtse, 5000, &from, NULL, true, NULL)); /* not ended: nothing to wait for */
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output) && output.type == RTSE_PRESENTATION);
  const struct session_primitive *session = &output.presentation.session;
  g_autofree char *activity = hex(session->activity), *old = hex(session->old_activity);
  ck_assert_str_eq(activity, "020102");
  ck_assert_str_eq(old, "020101");
  ck_assert(session->service == S_ACTIVITY_RESUME && session->serial == 1 && !session->old_reference_present);
  rtse_output_clear(&output);
  assert_outputs(rtse, "segment wanted; ");
  give(rtse, 1024);
  give(rtse, 1024);
  g_free(outputs(rtse));
  from_presentation(rtse, S_SYNC_MINOR, S_CONFIRM, 3, 0, NULL);
  ck_assert(rtse_progress(rtse).serial == 3 && rtse_progress(rtse).offset == 3072);
  rtse_free(rtse);

  rtse = open_initiator(RTSE_MONOLOGUE); /* nothing confirmed: it is discarded */
  ck_assert(rtse_transfer(rtse, 5000, NULL));
  g_free(outputs(rtse));
  ck_assert(rtse_interrupt(rtse, NULL));
  assert_outputs(rtse, "P-ACTIVITY-DISCARD.req; ");
  from = rtse_progress(rtse);
  ck_assert(!rtse_resume(rtse, 5000, &from, NULL, false, NULL));
  rtse_free(rtse);
}
END_TEST

/* Only who has been sent everything can have it: RTAB transferCompleted is believed from nobody else. */
START_TEST(transfer_completed_is_believed_after_the_end_alone)
{
  struct rtse *rtse = half_sent();
  from_acse(rtse, A_ABORT, S_INDICATION, ACSE_ACCEPTED, "b6{ 80<07> }", 0, 0, 0);
  assert_outputs(rtse, "RT-TRANSFER.cnf not transferred; RT-ABORT.ind; ");
  rtse_free(rtse);
  g_autoptr(GBytes) name = octets("02<09>");
  for (int hold = 0; hold < 2; hold++) {
    rtse = open_initiator(RTSE_MONOLOGUE);
    ck_assert(rtse_resume(rtse, 5000, &(struct rtse_progress){name, 2, 2048, true}, NULL, hold, NULL));
    assert_outputs(rtse, hold ? "P-ACTIVITY-RESUME.req; " : "P-ACTIVITY-RESUME.req; segment wanted; ");
    ck_assert(rtse_is_holding(rtse) == hold);
    from_acse(rtse, A_ABORT, S_INDICATION, ACSE_ACCEPTED, "b6{ 80<07> }", 0, 0, 0);
    assert_outputs(rtse, "RT-TRANSFER.cnf transferred; RT-ABORT.ind; ");
    rtse_free(rtse);
  }
  rtse = open_initiator(RTSE_MONOLOGUE);
  ck_assert(rtse_resume(rtse, 5000, &(struct rtse_progress){name, 2, 2048, true}, NULL, true, NULL));
  ck_assert(rtse_go_on(rtse, NULL));
  assert_outputs(rtse, "P-ACTIVITY-RESUME.req; segment wanted; ");
  from_acse(rtse, A_ABORT, S_INDICATION, ACSE_ACCEPTED, "b6{ 80<02> }", 0, 0, 0);
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output) && output.indication.type == RT_NOT_TRANSFERRED);
  ck_assert_int_eq(output.indication.outcome, RTSE_CANNOT_RESUME);
  rtse_output_clear(&output);
  rtse_free(rtse);
}
END_TEST

START_TEST(a_resumption_is_told_and_taken_or_not)
{
  struct rtse *rtse = open_responder();
  from_presentation(rtse, S_ACTIVITY_RESUME, S_INDICATION, 5, 0, NULL);
  assert_outputs(rtse, "transfer resumed; ");
  ck_assert(rtse_is_deciding(rtse));
  ck_assert(rtse_resume_accept(rtse, NULL));
  from_presentation(rtse, S_DATA, S_INDICATION, 0, 0, "04'ab'");
  from_presentation(rtse, S_SYNC_MINOR, S_INDICATION, 6, 0, NULL);
  from_presentation(rtse, S_SYNC_MINOR, S_INDICATION, 7, 0, NULL);
  assert_outputs(rtse, "segment; checkpoint; checkpoint; ");
  ck_assert_ptr_null(rtse_awaits(rtse)); /* the window is full: we owe */
  ck_assert(!rtse_checkpoint(rtse, 5, NULL));
  ck_assert(rtse_checkpoint(rtse, 7, NULL)); /* one for both */
  assert_outputs(rtse, "P-SYNC-MINOR.rsp; ");
  ck_assert_ptr_nonnull(rtse_awaits(rtse));
  ck_assert(rtse_report(rtse, RTSE_REPORT_JEOPARDIZED, NULL));
  assert_outputs(rtse, "P-U-EXCEPTION-REPORT.req; ");
  from_presentation(rtse, S_ACTIVITY_INTERRUPT, S_INDICATION, 0, 0, NULL);
  assert_outputs(rtse, "transfer interrupted; P-ACTIVITY-INTERRUPT.rsp; ");

  /* The end is confirmed; its sender, who does not know, must not discard it. */
  from_presentation(rtse, S_ACTIVITY_START, S_INDICATION, 0, 0, NULL);
  from_presentation(rtse, S_ACTIVITY_END, S_INDICATION, 1, 0, NULL);
  ck_assert(rtse_secured(rtse, NULL));
  g_free(outputs(rtse));
  from_presentation(rtse, S_ACTIVITY_DISCARD, S_INDICATION, 0, 0, NULL);
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output) && output.type == RTSE_ACSE);
  g_autofree char *rtab = hex(output.acse.information);
  ck_assert_str_eq(rtab, "b603800107");
  rtse_output_clear(&output);
  assert_outputs(rtse, "RT-ABORT.ind; ");
  rtse_free(rtse);

  rtse = open_responder();
  from_presentation(rtse, S_ACTIVITY_RESUME, S_INDICATION, 5, 0, NULL);
  g_free(outputs(rtse));
  ck_assert(rtse_report(rtse, RTSE_REPORT_UNRECOVERABLE, NULL));
  ck_assert(rtse_next(rtse, &output) && output.type == RTSE_PRESENTATION);
  ck_assert_int_eq(output.presentation.session.service, S_U_EXCEPTION_REPORT);
  ck_assert_uint_eq(output.presentation.session.reason, 6);
  rtse_output_clear(&output);
  from_presentation(rtse, S_ACTIVITY_DISCARD, S_INDICATION, 0, 0, NULL);
  assert_outputs(rtse, "P-ACTIVITY-DISCARD.rsp; ");
  from_presentation(rtse, S_ACTIVITY_START, S_INDICATION, 0, 0, NULL);
  assert_outputs(rtse, "transfer begins; ");
  rtse_free(rtse);
}
END_TEST

/* RTORQ and RTOAC with the old connection's identifier in place of the bind; the turn goes where it was. */
START_TEST(an_association_is_recovered)
{
  static const char rtorq[] = "b0{ 80<01> 81<02> 82<01> a3{ a1{ 04'ref' 17'261123180000Z' } } }";
  static const char rtoac[] = "b1{ 80<01> 81<02> a2{ a1{ 04'ref' 17'261123180000Z' } } }";
  g_autoptr(GBytes) calling = octets("04'ref'"), common = octets("17'261123180000Z'");
  g_autoptr(GBytes) wanted = octets(rtorq), answer = octets(rtoac);
  struct session_reference old = {.calling_user = calling, .common = common};
  for (int there = 0; there < 2; there++) {
    struct rtse *rtse = machine(true);
    struct presentation_primitive connect = {0};
    struct rtse_output output;
    ck_assert(rtse_open_recover(rtse, RTSE_TWO_WAY_ALTERNATE, &old, there, &connect, NULL));
    ck_assert(rtse_next(rtse, &output));
    ck_assert(g_bytes_equal(output.acse.information, wanted));
    ck_assert_uint_eq(output.acse.connect.session.tokens_acceptor, there ? SESSION_TOKENS_ALL : 0);
    rtse_output_clear(&output);
    from_acse(rtse, A_ASSOCIATE, S_CONFIRM, ACSE_ACCEPTED, rtoac, 0x0249, 0, 0);
    assert_outputs(rtse, there ? "RT-OPEN.cnf accepted; " : "RT-OPEN.cnf accepted; turn; ");
    rtse_free(rtse);

    rtse = machine(false);
    from_acse(rtse, A_ASSOCIATE, S_INDICATION, ACSE_ACCEPTED, rtorq, 0x0249, there ? 0 : SESSION_TOKENS_ALL,
              there ? SESSION_TOKENS_ALL : 0);
    ck_assert(rtse_next(rtse, &output) && output.indication.type == RT_OPEN_IND);
    ck_assert(output.indication.recover && g_bytes_equal(output.indication.reference.calling_user, calling));
    rtse_output_clear(&output);
    ck_assert(rtse_open_accept(rtse, NULL, NULL));
    ck_assert(rtse_next(rtse, &output) && output.type == RTSE_ACSE);
    ck_assert(g_bytes_equal(output.acse.information, answer));
    rtse_output_clear(&output);
    assert_outputs(rtse, there ? "turn; " : "");
    rtse_free(rtse);
  }
}
END_TEST

START_TEST(the_turn_is_asked_for_with_a_priority)
{
  struct rtse *rtse = open_responder();
  ck_assert(rtse_turn_please(rtse, 2, NULL));
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output));
  ck_assert_int_eq(output.presentation.session.service, S_TOKEN_PLEASE);
  g_autofree char *rttp = hex(g_array_index(output.presentation.values, struct presentation_value, 0).octets);
  ck_assert_str_eq(rttp, "020102");
  rtse_output_clear(&output);
  from_presentation(rtse, S_CONTROL_GIVE, S_INDICATION, 0, 0, NULL);
  assert_outputs(rtse, "turn; ");
  rtse_free(rtse);

  rtse = open_initiator(RTSE_TWO_WAY_ALTERNATE);
  static const char *const pleases[] = {"02<05>", NULL};
  for (gsize i = 0; i < G_N_ELEMENTS(pleases); i++) {
    from_presentation(rtse, S_TOKEN_PLEASE, S_INDICATION, 0, 0, pleases[i]);
    ck_assert(rtse_next(rtse, &output) && output.indication.type == RT_TURN_PLEASE_IND);
    ck_assert_uint_eq(output.indication.priority, pleases[i] != NULL ? 5 : 0);
    rtse_output_clear(&output);
  }
  ck_assert(rtse_turn_give(rtse, NULL));
  assert_outputs(rtse, "P-CONTROL-GIVE.req; ");
  ck_assert(!rtse_transfer(rtse, 10, NULL));
  from_presentation(rtse, S_TOKEN_PLEASE, S_INDICATION, 0, 0, "04'x'");
  assert_outputs(rtse, "A-ABORT.req; RT-ABORT.ind; ");
  rtse_free(rtse);
}
END_TEST

START_TEST(who_has_no_right_to_close_cannot)
{
  struct rtse *rtse = open_responder();
  ck_assert(!rtse_close(rtse, NULL)); /* has not the turn */
  from_presentation(rtse, S_CONTROL_GIVE, S_INDICATION, 0, 0, NULL);
  ck_assert(!rtse_close(rtse, NULL)); /* did not open it */
  rtse_free(rtse);
  rtse = open_initiator(RTSE_TWO_WAY_ALTERNATE);
  ck_assert(rtse_close(rtse, NULL));
  assert_outputs(rtse, "A-RELEASE.req; ");
  from_acse(rtse, A_RELEASE, S_CONFIRM, ACSE_ACCEPTED, NULL, 0, 0, 0);
  assert_outputs(rtse, "RT-CLOSE.cnf; ");
  rtse_free(rtse);
}
END_TEST

START_TEST(aborts_are_told_in_words)
{
  static const struct {
    const char *notation, *words;
    bool permanent;
  } cases[] = {{"b6{ 80<00> }", "local system problem (0)", false},
               {"b6{ 80<03> }", "temporary problem", false},
               {"b6{ 80<04> }", "we broke", false},
               {"b6{ 80<05> }", "permanent problem", true},
               {"b6{ 80<06> }", "by its user", false},
               {"b6{ 80<63> }", "reason 99", false},
               {NULL, "below", true},
               {"04'x'", "below", true}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct rtse *rtse = open_initiator(RTSE_MONOLOGUE);
    from_acse(rtse, A_ABORT, S_INDICATION, ACSE_ACCEPTED, cases[i].notation, 0, 0, 0);
    struct rtse_output output;
    ck_assert(rtse_next(rtse, &output) && output.indication.type == RT_ABORT_IND);
    ck_assert_msg(strstr(output.indication.failure.words, cases[i].words), "%s",
                  output.indication.failure.words);
    ck_assert(output.indication.failure.permanent == cases[i].permanent);
    rtse_output_clear(&output);
    rtse_free(rtse);
  }
  struct rtse *rtse = open_initiator(RTSE_MONOLOGUE);
  ck_assert(rtse_abort(rtse, RTSE_TEMPORARY_PROBLEM, NULL));
  struct rtse_output output;
  ck_assert(rtse_next(rtse, &output));
  g_autofree char *rtab = hex(output.acse.information);
  ck_assert_str_eq(rtab, "b603800103");
  rtse_output_clear(&output);
  rtse_free(rtse);
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("osi/rtse");
  TCase *table = tcase_create("table");
  tcase_add_loop_test(table, every_state_takes_every_event_as_it_should, 0, RTSE_STATE_COUNT);
  tcase_add_test(table, each_row_can_be_reached_and_says_where_it_is_from);
  tcase_add_test(table, in_a_monologue_the_turn_has_no_events);
  suite_add_tcase(suite, table);
  TCase *codec = tcase_create("apdus");
  tcase_add_loop_test(codec, an_apdu_is_read_or_refused, 0, G_N_ELEMENTS(apdus));
  tcase_add_test(codec, a_recovered_connection_is_told_as_session_tells_it);
  tcase_add_loop_test(codec, a_segment_is_read_in_place, 0, G_N_ELEMENTS(rttrs));
  tcase_add_test(codec, a_segment_in_crumbs_is_joined);
  suite_add_tcase(suite, codec);
  TCase *courses = tcase_create("courses");
  tcase_add_test(courses, rtorq_is_as_the_standard_has_it);
  tcase_add_test(courses, x410_mode_sends_bare_octets);
  tcase_add_test(courses, x410_mode_takes_bare_octets);
  tcase_add_test(courses, x410_mode_refuses_with_a_reason);

  tcase_add_test(courses, terms_are_limited_before_an_association_is_accepted);
  tcase_add_test(courses, a_proposal_without_sense_is_refused_with_words);
  tcase_add_test(courses, answers_without_sense_abort);
  tcase_add_test(courses, the_turn_may_start_with_the_responder);
  tcase_add_test(courses, a_transfer_stops_at_the_window_and_goes_on_with_confirmations);
  tcase_add_test(courses, without_checkpoints_segments_follow_each_other);
  tcase_add_test(courses, an_exception_of_the_receiver_discards);
  tcase_add_test(courses, a_transfer_comes_and_is_secured_or_not);
  tcase_add_test(courses, an_exception_interrupts_what_can_go_on);
  tcase_add_test(courses, an_error_in_answer_to_a_resumption_refuses_it);
  tcase_add_test(courses, a_transfer_is_interrupted_and_resumed_on_the_same_association);
  tcase_add_test(courses, transfer_completed_is_believed_after_the_end_alone);
  tcase_add_test(courses, a_resumption_is_told_and_taken_or_not);
  tcase_add_test(courses, an_association_is_recovered);
  tcase_add_test(courses, the_turn_is_asked_for_with_a_priority);
  tcase_add_test(courses, who_has_no_right_to_close_cannot);
  tcase_add_test(courses, aborts_are_told_in_words);
  suite_add_tcase(suite, courses);
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
