/* rtse.c - see rtse.h: guards, actions and the step of the table in rtse_table.c. */
#include "osi/rtse.h"

#include "osi/error.h"
#include "osi/rtse_machine.h"

enum {
  UNITS = SESSION_HALF_DUPLEX | SESSION_MINOR_SYNC | SESSION_ACTIVITY |
          SESSION_EXCEPTIONS, /* X.228 8.1; capture: 0x0249 */
  SEGMENT_DEFAULT = 1 << 20
};
/* X.225 8.3.29.5, those used here. */
enum { REASON_NONE = 0, REASON_LOCAL_ERROR = 5, REASON_UNRECOVERABLE = 6 };

struct rtse *rtse_new(const struct rtse_options *options)
{
  struct rtse *rtse = g_new0(struct rtse, 1);
  rtse->options = *options;
  rtse->options.window_max = MAX(options->window_max, 1);
  rtse->options.segment_max = options->segment_max != 0 ? options->segment_max : SEGMENT_DEFAULT;
  g_queue_init(&rtse->outputs);
  return rtse;
}

void rtse_output_clear(struct rtse_output *output)
{
  switch (output->type) {
  case RTSE_ACSE:
    acse_primitive_clear(&output->acse);
    break;
  case RTSE_PRESENTATION:
    presentation_primitive_clear(&output->presentation);
    break;
  case RTSE_INDICATE:
    g_clear_pointer(&output->indication.user_data, g_bytes_unref);
    g_clear_pointer(&output->indication.activity, g_bytes_unref);
    g_clear_pointer(&output->indication.data, g_bytes_unref);
    presentation_primitive_clear(&output->indication.connect);
    osi_failure_clear(&output->indication.failure);
    break;
  }
}

static void output_free(gpointer data)
{
  rtse_output_clear(data);
  g_free(data);
}

void rtse_free(struct rtse *rtse)
{
  if (rtse == NULL) {
    return;
  }
  g_queue_clear_full(&rtse->outputs, output_free);
  osi_failure_clear(&rtse->failure);
  g_clear_pointer(&rtse->reference.calling_user, g_bytes_unref);
  g_clear_pointer(&rtse->reference.common, g_bytes_unref);
  g_clear_pointer(&rtse->reference.additional, g_bytes_unref);
  g_free(rtse);
}

bool rtse_next(struct rtse *rtse, struct rtse_output *output_r)
{
  g_autofree struct rtse_output *output = g_queue_pop_head(&rtse->outputs);
  if (output == NULL) {
    return false;
  }
  *output_r = *output;
  return true;
}

/* --- outputs: each takes what it is given
 * ------------------------------------------------------------------------------------ */

static struct rtse_output *put(struct rtse *rtse, enum rtse_output_type type)
{
  struct rtse_output *output = g_new0(struct rtse_output, 1);
  output->type = type;
  g_queue_push_tail(&rtse->outputs, output);
  return output;
}

static struct rtse_indication *indicate(struct rtse *rtse, enum rtse_indication_type type)
{
  struct rtse_indication *indication = &put(rtse, RTSE_INDICATE)->indication;
  indication->type = type;
  return indication;
}

static struct acse_primitive *to_acse(struct rtse *rtse, enum acse_service service, enum session_kind kind)
{
  struct acse_primitive *primitive = &put(rtse, RTSE_ACSE)->acse;
  primitive->service = service;
  primitive->kind = kind;
  return primitive;
}

static struct presentation_primitive *to_presentation(struct rtse *rtse, enum session_service service,
                                                      enum session_kind kind)
{
  struct presentation_primitive *primitive = &put(rtse, RTSE_PRESENTATION)->presentation;
  primitive->session.service = service;
  primitive->session.kind = kind;
  return primitive;
}

/* --- guards
 * ------------------------------------------------------------------------------------------------------------------
 */

bool rtse_is_two_way(const struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  return rtse->terms.dialogue == RTSE_TWO_WAY_ALTERNATE;
}

bool rtse_turn_is_here(const struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  return rtse->terms.initiator_turn == rtse->options.initiator;
}

/* X.218 8.1.2: in a two-way association only its initiator closes; always only who has the turn. */
bool rtse_may_close(const struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  return rtse->options.initiator || rtse->terms.dialogue == RTSE_MONOLOGUE;
}

bool rtse_is_recovery(const struct rtse *rtse, const struct rtse_input *input)
{
  (void)rtse;
  return input->apdu->recover;
}

bool rtse_is_wanted(const struct rtse *rtse, const struct rtse_input *input)
{
  return rtse->want > 0 && g_bytes_get_size(input->data) == rtse->want;
}

bool rtse_is_last(const struct rtse *rtse, const struct rtse_input *input)
{
  return rtse_is_wanted(rtse, input) && rtse->left == rtse->want;
}

/* --- opening
 * -----------------------------------------------------------------------------------------------------------------
 */

/* X.228 7.1.4, 7.1.5: never more than proposed; a proposal of 0 leaves the choice to the responder (decision
 * 0025). */
static guint agree_checkpoint(guint proposed, guint own)
{
  return own == 0 ? 0 : proposed == 0 ? own : MIN(proposed, own);
}

static void take_reference(struct rtse *rtse, const struct session_reference *reference)
{
  rtse->reference.calling_user =
      reference->calling_user != NULL ? g_bytes_ref(reference->calling_user) : NULL;
  rtse->reference.common = reference->common != NULL ? g_bytes_ref(reference->common) : NULL;
  rtse->reference.additional = reference->additional != NULL ? g_bytes_ref(reference->additional) : NULL;
}

void rtse_do_open(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->terms = (struct rtse_terms){.checkpoint_size = rtse->options.checkpoint_max,
                                    .window = rtse->options.window_max,
                                    .dialogue = input->dialogue,
                                    .initiator_turn = true};
  struct rtse_apdu rtorq = {.type = RTSE_RTORQ,
                            .checkpoint_size = rtse->terms.checkpoint_size,
                            .window = rtse->terms.window,
                            .dialogue = rtse->terms.dialogue,
                            .user_data = input->user_data};
  struct acse_primitive *down = to_acse(rtse, A_ASSOCIATE, S_REQUEST);
  down->information = rtse_apdu_write(&rtorq, NULL);
  down->connect = *input->connect;
  *input->connect = (struct presentation_primitive){0};
  down->connect.session.units = UNITS;
  down->connect.session.tokens = SESSION_TOKENS_ALL;
}

void rtse_do_indicate_open(struct rtse *rtse, const struct rtse_input *input)
{
  const struct session_primitive *session = &input->acse->connect.session;
  const struct rtse_apdu *rtorq = input->apdu;
  rtse->terms = (struct rtse_terms){
      .checkpoint_size = agree_checkpoint(rtorq->checkpoint_size, rtse->options.checkpoint_max),
      .window = CLAMP(rtorq->window, 1, rtse->options.window_max),
      .dialogue = rtorq->dialogue,
      .initiator_turn = (session->tokens & SESSION_TOKENS_ALL) == SESSION_TOKENS_ALL,
      .version = session->version};
  take_reference(rtse, &session->reference);
  struct rtse_indication *up = indicate(rtse, RT_OPEN_IND);
  up->terms = rtse->terms;
  up->user_data = g_steal_pointer(&input->apdu->user_data);
  up->connect = input->acse->connect;
  input->acse->connect = (struct presentation_primitive){0};
}

/* A-ASSOCIATE.rsp with the session's parameters as they were proposed. */
static struct acse_primitive *answer(struct rtse *rtse, enum acse_result result, const struct rtse_apdu *apdu)
{
  struct acse_primitive *down = to_acse(rtse, A_ASSOCIATE, S_RESPONSE);
  struct session_primitive *session = &down->connect.session;
  down->result = result;
  down->diagnostic = result == ACSE_ACCEPTED ? ACSE_NULL : ACSE_NO_REASON;
  down->information = rtse_apdu_write(apdu, NULL);
  session->units = UNITS;
  session->tokens = rtse->terms.initiator_turn ? SESSION_TOKENS_ALL : 0;
  session->tokens_acceptor = rtse->terms.initiator_turn ? 0 : SESSION_TOKENS_ALL;
  session->version = rtse->terms.version;
  session->reference = rtse->reference;
  rtse->reference = (struct session_reference){0};
  return down;
}

static void refuse_by_provider(struct rtse *rtse, const char *why)
{
  struct rtse_apdu rtorj = {.type = RTSE_RTORJ};
  (void)answer(rtse, ACSE_REJECTED_PERMANENT, &rtorj);
  osi_failure_set(&indicate(rtse, RT_ABORT_IND)->failure, OSI_LAYER_RTSE, false, true, "refused at RTSE: %s",
                  why);
}

void rtse_do_refuse_recovery(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  refuse_by_provider(rtse, "the peer wants to recover an earlier association; it must open a new one");
}

void rtse_do_refuse_invalid(struct rtse *rtse, const struct rtse_input *input)
{
  refuse_by_provider(rtse, input->why);
}

void rtse_do_accept(struct rtse *rtse, const struct rtse_input *input)
{
  struct rtse_apdu rtoac = {.type = RTSE_RTOAC,
                            .checkpoint_size = rtse->terms.checkpoint_size,
                            .window = rtse->terms.window,
                            .user_data = input->user_data};
  (void)answer(rtse, ACSE_ACCEPTED, &rtoac);
}

void rtse_do_refuse(struct rtse *rtse, const struct rtse_input *input)
{
  struct rtse_apdu rtorj = {.type = RTSE_RTORJ, .user_data = input->user_data};
  (void)answer(rtse, input->permanent ? ACSE_REJECTED_PERMANENT : ACSE_REJECTED_TRANSIENT, &rtorj);
}

void rtse_do_confirm_open(struct rtse *rtse, const struct rtse_input *input)
{
  const struct rtse_apdu *rtoac = input->apdu;
  /* A responder that answers more than was proposed is held to the proposal. */
  rtse->terms.checkpoint_size = rtse->terms.checkpoint_size == 0
                                    ? rtoac->checkpoint_size
                                    : MIN(rtoac->checkpoint_size, rtse->terms.checkpoint_size);
  rtse->terms.window = CLAMP(rtoac->window, 1, rtse->terms.window);
  rtse->terms.version = input->acse->connect.session.version;
  struct rtse_indication *up = indicate(rtse, RT_OPEN_ACCEPTED);
  up->terms = rtse->terms;
  up->user_data = g_steal_pointer(&input->apdu->user_data);
  up->connect = input->acse->connect;
  input->acse->connect = (struct presentation_primitive){0};
}

void rtse_do_confirm_refused(struct rtse *rtse, const struct rtse_input *input)
{
  struct rtse_indication *up = indicate(rtse, RT_OPEN_REFUSED);
  osi_failure_move(&up->failure, &input->acse->failure);
  if (input->apdu != NULL) {
    up->user_data = g_steal_pointer(&input->apdu->user_data);
  }
}

/* --- closing
 * -----------------------------------------------------------------------------------------------------------------
 */

void rtse_do_close(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)to_acse(rtse, A_RELEASE, S_REQUEST);
}

void rtse_do_indicate_close(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)indicate(rtse, RT_CLOSE_IND);
}

void rtse_do_close_accept(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)to_acse(rtse, A_RELEASE, S_RESPONSE);
}

void rtse_do_confirm_close(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)indicate(rtse, RT_CLOSE_CNF);
}

/* --- transfer: the sender
 * ------------------------------------------------------------------------------------------------------ */

static void ask_for_segment(struct rtse *rtse)
{
  bool checkpoints = rtse->terms.checkpoint_size > 0;
  if (rtse->want > 0 || rtse->left == 0 || (checkpoints && rtse->unconfirmed >= rtse->terms.window)) {
    return;
  }
  gsize most = rtse->options.segment_max;
  if (checkpoints) {
    most = MIN(most, (gsize)rtse->terms.checkpoint_size * 1024);
  }
  rtse->want = (gsize)MIN((guint64)most, rtse->left);
  indicate(rtse, RT_WANT)->want = rtse->want;
}

/* The identifier is a BER INTEGER counted up, as peers do; it means something only with the session's
 * identifier. */
static GBytes *activity_identifier(guint32 number)
{
  struct rtse_apdu integer = {.type = RTSE_RTTP, .priority = number};
  return rtse_apdu_write(&integer, NULL);
}

void rtse_do_start(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->left = input->size;
  rtse->want = 0;
  rtse->unconfirmed = 0;
  rtse->serial = 0;
  rtse->activity++;
  to_presentation(rtse, S_ACTIVITY_START, S_REQUEST)->session.activity = activity_identifier(rtse->activity);
  ask_for_segment(rtse);
}

static void send_rttr(struct rtse *rtse, GBytes *data)
{
  to_presentation(rtse, S_DATA, S_REQUEST)->values =
      presentation_values_one(rtse->options.syntax, rtse_rttr_write(data));
  rtse->left -= rtse->want;
  rtse->want = 0;
}

void rtse_do_send_segment(struct rtse *rtse, const struct rtse_input *input)
{
  send_rttr(rtse, input->data);
  if (rtse->terms.checkpoint_size > 0) {
    to_presentation(rtse, S_SYNC_MINOR, S_REQUEST)->session.serial = ++rtse->serial;
    rtse->unconfirmed++;
  }
  ask_for_segment(rtse);
}

void rtse_do_send_last(struct rtse *rtse, const struct rtse_input *input)
{
  send_rttr(rtse, input->data);
  to_presentation(rtse, S_ACTIVITY_END, S_REQUEST)->session.serial = ++rtse->serial;
}

void rtse_do_checkpoint_confirmed(struct rtse *rtse, const struct rtse_input *input)
{
  /* One confirmation stands for all earlier points too (X.215). */
  guint confirmed = input->presentation->session.serial;
  rtse->unconfirmed = MIN(rtse->unconfirmed, confirmed < rtse->serial ? rtse->serial - confirmed : 0);
  ask_for_segment(rtse);
}

void rtse_do_transferred(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)indicate(rtse, RT_TRANSFERRED);
}

static char *exception_words(guint reason)
{
  static const struct osi_word words[] = {
      {0, "no specific reason"},
      {1, "receiving ability jeopardized: it is short of storage or overloaded"},
      {3, "sequence error"},
      {5, "error of its own"},
      {6, "unrecoverable procedure error"},
      {128, "it wants the data token"}};
  return osi_word_of(words, G_N_ELEMENTS(words), reason);
}

static void send_discard(struct rtse *rtse, guint reason)
{
  rtse->want = 0;
  to_presentation(rtse, S_ACTIVITY_DISCARD, S_REQUEST)->session.reason = reason;
}

void rtse_do_discard(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  osi_failure_set(&rtse->failure, OSI_LAYER_RTSE, false, false, "the transfer was given up on this side");
  send_discard(rtse, REASON_LOCAL_ERROR);
}

void rtse_do_discard_reported(struct rtse *rtse, const struct rtse_input *input)
{
  const struct session_primitive *session = &input->presentation->session;
  if (session->service == S_U_EXCEPTION_REPORT) {
    g_autofree char *words = exception_words(session->reason);
    osi_failure_set(&rtse->failure, OSI_LAYER_RTSE, true, session->reason == REASON_UNRECOVERABLE,
                    "the peer refused the transfer by an exception report: %s", words);
  } else {
    osi_failure_set(&rtse->failure, OSI_LAYER_SESSION, true, false,
                    "the session reported an error of protocol during the transfer");
  }
  send_discard(rtse, REASON_NONE);
}

void rtse_do_discarded(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  osi_failure_move(&indicate(rtse, RT_NOT_TRANSFERRED)->failure, &rtse->failure);
}

/* --- transfer: the receiver
 * ---------------------------------------------------------------------------------------------------- */

void rtse_do_begin(struct rtse *rtse, const struct rtse_input *input)
{
  indicate(rtse, RT_BEGIN)->activity = g_steal_pointer(&input->presentation->session.activity);
}

void rtse_do_refuse_resume(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  to_presentation(rtse, S_U_EXCEPTION_REPORT, S_REQUEST)->session.reason = REASON_UNRECOVERABLE;
}

void rtse_do_segment(struct rtse *rtse, const struct rtse_input *input)
{
  for (guint i = 0; i < input->slices->len; i++) {
    indicate(rtse, RT_SEGMENT)->data = g_bytes_ref(g_ptr_array_index(input->slices, i));
  }
}

void rtse_do_confirm_checkpoint(struct rtse *rtse, const struct rtse_input *input)
{
  to_presentation(rtse, S_SYNC_MINOR, S_RESPONSE)->session.serial = input->presentation->session.serial;
}

void rtse_do_whole(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->serial = input->presentation->session.serial;
  (void)indicate(rtse, RT_TRANSFER_IND);
}

void rtse_do_secured(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  to_presentation(rtse, S_ACTIVITY_END, S_RESPONSE)->session.serial = rtse->serial;
}

void rtse_do_report(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  to_presentation(rtse, S_U_EXCEPTION_REPORT, S_REQUEST)->session.reason = REASON_LOCAL_ERROR;
}

void rtse_do_answer_discard(struct rtse *rtse, const struct rtse_input *input)
{
  (void)to_presentation(rtse, input->presentation->session.service, S_RESPONSE);
}

void rtse_do_abandon(struct rtse *rtse, const struct rtse_input *input)
{
  const struct session_primitive *session = &input->presentation->session;
  g_autofree char *words = exception_words(session->reason);
  osi_failure_set(&indicate(rtse, RT_ABANDONED)->failure, OSI_LAYER_RTSE, true, false,
                  "the peer %s the transfer: %s",
                  session->service == S_ACTIVITY_DISCARD ? "discarded" : "interrupted", words);
  rtse_do_answer_discard(rtse, input);
}

void rtse_do_abandon_reported(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  osi_failure_set(&indicate(rtse, RT_ABANDONED)->failure, OSI_LAYER_SESSION, true, false,
                  "the session reported an error of protocol during the transfer");
}

/* --- the turn
 * --------------------------------------------------------------------------------------------------------------------
 */

void rtse_do_turn_please(struct rtse *rtse, const struct rtse_input *input)
{
  struct rtse_apdu rttp = {.type = RTSE_RTTP, .priority = input->priority};
  struct presentation_primitive *down = to_presentation(rtse, S_TOKEN_PLEASE, S_REQUEST);
  down->session.tokens = SESSION_TOKEN_DATA;
  down->values = presentation_values_one(rtse->options.syntax, rtse_apdu_write(&rttp, NULL));
}

void rtse_do_indicate_please(struct rtse *rtse, const struct rtse_input *input)
{
  indicate(rtse, RT_TURN_PLEASE_IND)->priority = input->apdu != NULL ? input->apdu->priority : 0;
}

void rtse_do_turn_give(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)to_presentation(rtse, S_CONTROL_GIVE, S_REQUEST);
}

void rtse_do_turn_taken(struct rtse *rtse, const struct rtse_input *input)
{
  (void)rtse; /* that the turn is here is told on entering the state */
  (void)input;
}

/* --- aborting
 * --------------------------------------------------------------------------------------------------------------------
 */

/* The user hears of an open transfer before it hears that the association is gone. */
static void lose_transfer(struct rtse *rtse, enum rtse_state was, const struct osi_failure *failure)
{
  bool out = was == RTSE_STATE_SENDING || was == RTSE_STATE_ENDING || was == RTSE_STATE_DISCARDING;
  bool in = was == RTSE_STATE_RECEIVING || was == RTSE_STATE_RECEIVED;
  if (out || in) {
    osi_failure_set(&indicate(rtse, out ? RT_NOT_TRANSFERRED : RT_ABANDONED)->failure, failure->layer,
                    failure->by_peer, false, "%s", failure->words);
  }
}

static void send_abort(struct rtse *rtse, enum rtse_abort reason)
{
  struct rtse_apdu rtab = {.type = RTSE_RTAB, .abort_reason = reason};
  to_acse(rtse, A_ABORT, S_REQUEST)->information = rtse_apdu_write(&rtab, NULL);
}

void rtse_do_abort(struct rtse *rtse, const struct rtse_input *input)
{
  send_abort(rtse, input->abort);
}

void rtse_do_indicate_abort(struct rtse *rtse, const struct rtse_input *input)
{
  struct osi_failure failure = {0};
  if (input->apdu != NULL && input->apdu->type == RTSE_RTAB) {
    g_autofree char *words = rtse_abort_words(input->apdu->abort_reason);
    osi_failure_set(&failure, OSI_LAYER_RTSE, true, input->apdu->abort_reason == RTSE_PERMANENT_PROBLEM,
                    "the peer aborted the association (RTAB): %s", words);
  } else {
    osi_failure_move(&failure, &input->acse->failure);
  }
  lose_transfer(rtse, rtse->state, &failure);
  osi_failure_move(&indicate(rtse, RT_ABORT_IND)->failure, &failure);
}

void rtse_do_nothing(struct rtse *rtse, const struct rtse_input *input)
{
  (void)rtse;
  (void)input;
}

/* X.228 8: what the state does not take ends the association. */
static void protocol_error(struct rtse *rtse, enum rtse_event event, const struct rtse_input *input)
{
  struct osi_failure failure = {0};
  osi_failure_set(&failure, OSI_LAYER_RTSE, false, false,
                  "the peer broke RTSE's protocol: %s in state \"%s\"%s%s", rtse_event_name(event),
                  rtse_state_name(rtse), input->why != NULL ? ": " : "",
                  input->why != NULL ? input->why : "");
  send_abort(rtse, RTSE_PROTOCOL_ERROR);
  lose_transfer(rtse, rtse->state, &failure);
  osi_failure_move(&indicate(rtse, RT_ABORT_IND)->failure, &failure);
  rtse->state = RTSE_STATE_CLOSED;
}

bool rtse_step(struct rtse *rtse, enum rtse_event event, const struct rtse_input *input)
{
  const struct rtse_row *row = rtse_find_row(rtse, event, input);
  if (row == NULL) {
    bool over = rtse->state == RTSE_STATE_CLOSED || rtse->state == RTSE_STATE_IDLE;
    if (!rtse_event_is_users(event) && !over) {
      protocol_error(rtse, event, input);
    }
    return !rtse_event_is_users(event);
  }
  enum rtse_state was = rtse->state;
  row->action(rtse, input);
  rtse->state = row->next;
  if (rtse->state == RTSE_STATE_TURN && was != RTSE_STATE_TURN) {
    (void)indicate(rtse, RT_TURN);
  }
  return true;
}

/* --- from below
 * ------------------------------------------------------------------------------------------------------------------
 */

static enum rtse_event classify_associate(struct rtse *rtse, const struct acse_primitive *primitive,
                                          const struct rtse_apdu *apdu, struct rtse_input *input)
{
  bool indication = primitive->kind == S_INDICATION;
  enum rtse_event invalid =
      indication ? RTSE_EVENT_A_ASSOCIATE_IND_INVALID : RTSE_EVENT_A_ASSOCIATE_CNF_INVALID;
  const struct session_primitive *session = &primitive->connect.session;
  (void)rtse;
  if (!indication && primitive->result != ACSE_ACCEPTED) {
    return RTSE_EVENT_A_ASSOCIATE_CNF_REFUSE;
  }
  if (apdu == NULL || apdu->type != (indication ? RTSE_RTORQ : RTSE_RTOAC)) {
    input->why =
        input->why != NULL ? input->why : "the association's user information is no APDU for opening";
    return invalid;
  }
  if ((session->units & UNITS) != UNITS) {
    input->why =
        "the peer's session lacks one of half-duplex, minor synchronize, activity management, exceptions";
    return invalid;
  }
  if (indication) {
    bool ours =
        (session->tokens & SESSION_TOKENS_ALL) == 0 && (session->tokens_acceptor & SESSION_TOKENS_ALL) != 0;
    if ((session->tokens & SESSION_TOKENS_ALL) != SESSION_TOKENS_ALL && !ours) {
      input->why = "the session's tokens are divided between the two sides, so that nobody has the turn";
      return invalid;
    }
    return RTSE_EVENT_A_ASSOCIATE_IND;
  }
  if (apdu->recover) {
    input->why = "RTOAC recovers an association that we did not ask to recover";
    return invalid;
  }
  return RTSE_EVENT_A_ASSOCIATE_CNF_ACCEPT;
}

void rtse_acse(struct rtse *rtse, struct acse_primitive *primitive)
{
  struct rtse_apdu apdu = {0};
  struct rtse_input input = {.acse = primitive};
  g_autoptr(GError) error = NULL;
  if (primitive->information != NULL) {
    if (rtse_apdu_read(primitive->information, &apdu, &error)) {
      input.apdu = &apdu;
    } else {
      input.why = error->message;
    }
  }
  enum rtse_event event = RTSE_EVENT_A_P_ABORT_IND;
  switch (primitive->service) {
  case A_ASSOCIATE:
    event = classify_associate(rtse, primitive, input.apdu, &input);
    break;
  case A_RELEASE:
    event = primitive->kind == S_INDICATION ? RTSE_EVENT_A_RELEASE_IND : RTSE_EVENT_A_RELEASE_CNF;
    break;
  case A_ABORT:
    event = RTSE_EVENT_A_ABORT_IND;
    break;
  case A_P_ABORT:
    break;
  }
  (void)rtse_step(rtse, event, &input);
  rtse_apdu_clear(&apdu);
  acse_primitive_clear(primitive);
}

static enum rtse_event classify_data(const struct presentation_primitive *primitive, struct rtse_input *input)
{
  for (guint i = 0; primitive->values != NULL && i < primitive->values->len; i++) {
    const struct presentation_value *value = &g_array_index(primitive->values, struct presentation_value, i);
    if (!rtse_rttr_read(value->octets, input->slices)) {
      input->why = "a segment is no OCTET STRING (RTTR, X.228 9)";
      return RTSE_EVENT_P_DATA_IND_INVALID;
    }
  }
  return RTSE_EVENT_P_DATA_IND;
}

static enum rtse_event classify_please(const struct presentation_primitive *primitive, struct rtse_apdu *apdu,
                                       struct rtse_input *input)
{
  if (primitive->values == NULL || primitive->values->len == 0) {
    return RTSE_EVENT_P_TOKEN_PLEASE_IND; /* without RTTP: of priority 0 */
  }
  const struct presentation_value *value = &g_array_index(primitive->values, struct presentation_value, 0);
  if (!rtse_apdu_read(value->octets, apdu, NULL) || apdu->type != RTSE_RTTP) {
    input->why = "P-TOKEN-PLEASE.ind carries no RTTP (X.228 9)";
    return RTSE_EVENT_P_OTHER_IND;
  }
  input->apdu = apdu;
  return RTSE_EVENT_P_TOKEN_PLEASE_IND;
}

static enum rtse_event classify(const struct presentation_primitive *primitive, struct rtse_apdu *apdu,
                                struct rtse_input *input)
{
  bool indication = primitive->session.kind == S_INDICATION;
  switch (primitive->session.service) {
  case S_DATA:
    return classify_data(primitive, input);
  case S_TOKEN_PLEASE:
    return classify_please(primitive, apdu, input);
  case S_CONTROL_GIVE:
    return RTSE_EVENT_P_CONTROL_GIVE_IND;
  case S_SYNC_MINOR:
    return indication ? RTSE_EVENT_P_SYNC_MINOR_IND : RTSE_EVENT_P_SYNC_MINOR_CNF;
  case S_ACTIVITY_START:
    return RTSE_EVENT_P_ACTIVITY_START_IND;
  case S_ACTIVITY_RESUME:
    return RTSE_EVENT_P_ACTIVITY_RESUME_IND;
  case S_ACTIVITY_INTERRUPT:
    return indication ? RTSE_EVENT_P_ACTIVITY_INTERRUPT_IND : RTSE_EVENT_P_OTHER_IND;
  case S_ACTIVITY_DISCARD:
    return indication ? RTSE_EVENT_P_ACTIVITY_DISCARD_IND : RTSE_EVENT_P_ACTIVITY_DISCARD_CNF;
  case S_ACTIVITY_END:
    return indication ? RTSE_EVENT_P_ACTIVITY_END_IND : RTSE_EVENT_P_ACTIVITY_END_CNF;
  case S_U_EXCEPTION_REPORT:
    return RTSE_EVENT_P_U_EXCEPTION_IND;
  case S_P_EXCEPTION_REPORT:
    return RTSE_EVENT_P_P_EXCEPTION_IND;
  default:
    return RTSE_EVENT_P_OTHER_IND;
  }
}

void rtse_presentation(struct rtse *rtse, struct presentation_primitive *primitive)
{
  struct rtse_apdu apdu = {0};
  g_autoptr(GPtrArray) slices = primitive->session.service == S_DATA
                                    ? g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref)
                                    : NULL;
  struct rtse_input input = {.presentation = primitive, .slices = slices};
  (void)rtse_step(rtse, classify(primitive, &apdu, &input), &input);
  rtse_apdu_clear(&apdu);
  presentation_primitive_clear(primitive);
}

/* --- from the user
 * ---------------------------------------------------------------------------------------------------------------
 */

static bool request(struct rtse *rtse, enum rtse_event event, const struct rtse_input *input, GError **error)
{
  if (!rtse_step(rtse, event, input)) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_STATE, "%s in RTSE's state \"%s\"", rtse_event_name(event),
                rtse_state_name(rtse));
    return false;
  }
  return true;
}

bool rtse_open(struct rtse *rtse, enum rtse_dialogue dialogue, GBytes *user_data,
               struct presentation_primitive *connect, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_OPEN_REQ,
                 &(struct rtse_input){.dialogue = dialogue, .user_data = user_data, .connect = connect},
                 error);
}

bool rtse_open_accept(struct rtse *rtse, GBytes *user_data, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_OPEN_RSP_ACCEPT, &(struct rtse_input){.user_data = user_data}, error);
}

bool rtse_open_refuse(struct rtse *rtse, bool permanent, GBytes *user_data, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_OPEN_RSP_REFUSE,
                 &(struct rtse_input){.user_data = user_data, .permanent = permanent}, error);
}

bool rtse_close(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_CLOSE_REQ, &(struct rtse_input){0}, error);
}

bool rtse_close_accept(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_CLOSE_RSP, &(struct rtse_input){0}, error);
}

bool rtse_transfer(struct rtse *rtse, guint64 size, GError **error)
{
  if (size == 0) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_STATE, "an APDU of no octets cannot be transferred");
    return false;
  }
  return request(rtse, RTSE_EVENT_RT_TRANSFER_REQ, &(struct rtse_input){.size = size}, error);
}

bool rtse_data(struct rtse *rtse, GBytes *data, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_DATA, &(struct rtse_input){.data = data}, error);
}

bool rtse_discard(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_DISCARD, &(struct rtse_input){0}, error);
}

bool rtse_secured(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_SECURED, &(struct rtse_input){0}, error);
}

bool rtse_reject(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_REJECT, &(struct rtse_input){0}, error);
}

bool rtse_turn_please(struct rtse *rtse, guint priority, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_TURN_PLEASE_REQ, &(struct rtse_input){.priority = priority}, error);
}

bool rtse_turn_give(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_TURN_GIVE_REQ, &(struct rtse_input){0}, error);
}

bool rtse_abort(struct rtse *rtse, enum rtse_abort reason, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_ABORT_REQ, &(struct rtse_input){.abort = reason}, error);
}

/* --- questions
 * -------------------------------------------------------------------------------------------------------------------
 */

const char *rtse_awaits(const struct rtse *rtse)
{
  switch (rtse->state) {
  case RTSE_STATE_SENDING:
    return rtse->want == 0 ? "the confirmation of a checkpoint" : NULL;
  case RTSE_STATE_RECEIVING:
    return "the rest of a transfer";
  case RTSE_STATE_REPORTED:
    return "the end of a transfer that was refused here";
  default:
    return NULL;
  }
}

bool rtse_transfer_open(const struct rtse *rtse)
{
  switch (rtse->state) {
  case RTSE_STATE_SENDING:
  case RTSE_STATE_ENDING:
  case RTSE_STATE_DISCARDING:
  case RTSE_STATE_RECEIVING:
  case RTSE_STATE_RECEIVED:
  case RTSE_STATE_REPORTED:
    return true;
  default:
    return false;
  }
}

const char *rtse_indication_name(enum rtse_indication_type type)
{
  static const char *const names[] = {[RT_OPEN_IND] = "RT-OPEN.ind",
                                      [RT_OPEN_ACCEPTED] = "RT-OPEN.cnf accepted",
                                      [RT_OPEN_REFUSED] = "RT-OPEN.cnf refused",
                                      [RT_CLOSE_IND] = "RT-CLOSE.ind",
                                      [RT_CLOSE_CNF] = "RT-CLOSE.cnf",
                                      [RT_TURN] = "turn",
                                      [RT_TURN_PLEASE_IND] = "RT-TURN-PLEASE.ind",
                                      [RT_WANT] = "segment wanted",
                                      [RT_TRANSFERRED] = "RT-TRANSFER.cnf transferred",
                                      [RT_NOT_TRANSFERRED] = "RT-TRANSFER.cnf not transferred",
                                      [RT_BEGIN] = "transfer begins",
                                      [RT_SEGMENT] = "segment",
                                      [RT_TRANSFER_IND] = "RT-TRANSFER.ind",
                                      [RT_ABANDONED] = "transfer abandoned",
                                      [RT_ABORT_IND] = "RT-ABORT.ind"};
  return names[type];
}
