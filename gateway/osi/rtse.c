/* rtse.c - see rtse.h: the primitives of the layers around become events of the table in rtse_table.c, and
 * its step. */
#include "osi/rtse.h"

#include "osi/error.h"
#include "osi/rtse_machine.h"

enum { SEGMENT_DEFAULT = 1 << 20 };

struct rtse *rtse_new(const struct rtse_options *options)
{
  struct rtse *rtse = g_new0(struct rtse, 1);
  rtse->options = *options;
  rtse->options.window_max = MAX(options->window_max, 1);
  rtse->options.segment_max = options->segment_max != 0 ? options->segment_max : SEGMENT_DEFAULT;
  rtse->outputs = OUTPUTS_INIT(struct rtse_output, rtse_output_clear);
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
    g_clear_pointer(&output->indication.old_activity, g_bytes_unref);
    session_reference_clear(&output->indication.reference);
    g_clear_pointer(&output->indication.data, g_bytes_unref);
    presentation_primitive_clear(&output->indication.connect);
    osi_failure_clear(&output->indication.failure);
    break;
  }
}

void rtse_free(struct rtse *rtse)
{
  if (rtse == NULL) {
    return;
  }
  outputs_clear(&rtse->outputs);
  osi_failure_clear(&rtse->failure);
  g_clear_pointer(&rtse->out.activity, g_bytes_unref);
  session_reference_clear(&rtse->reference);
  session_reference_clear(&rtse->recovered);
  g_free(rtse);
}

bool rtse_next(struct rtse *rtse, struct rtse_output *output_r)
{
  return outputs_next(&rtse->outputs, output_r);
}

/* --- outputs: each takes what it is given --- */

static struct rtse_output *put(struct rtse *rtse, enum rtse_output_type type)
{
  struct rtse_output *output = outputs_put(&rtse->outputs);
  output->type = type;
  return output;
}

struct rtse_indication *rtse_indicate(struct rtse *rtse, enum rtse_indication_type type)
{
  struct rtse_indication *indication = &put(rtse, RTSE_INDICATE)->indication;
  indication->type = type;
  return indication;
}

struct acse_primitive *rtse_to_acse(struct rtse *rtse, enum acse_service service, enum session_kind kind)
{
  struct acse_primitive *primitive = &put(rtse, RTSE_ACSE)->acse;
  primitive->service = service;
  primitive->kind = kind;
  return primitive;
}

struct presentation_primitive *rtse_to_presentation(struct rtse *rtse, enum session_service service,
                                                    enum session_kind kind)
{
  struct presentation_primitive *primitive = &put(rtse, RTSE_PRESENTATION)->presentation;
  primitive->session.service = service;
  primitive->session.kind = kind;
  return primitive;
}

/* --- the step */

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
  rtse_send_abort(rtse, RTSE_PROTOCOL_ERROR);
  rtse_lose_transfer(rtse, rtse->state, &failure, -1);
  struct rtse_indication *up = rtse_indicate(rtse, RT_ABORT_IND);
  up->abort_reason = RTSE_PROTOCOL_ERROR;
  osi_failure_move(&up->failure, &failure);
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
    (void)rtse_indicate(rtse, RT_TURN);
  }
  return true;
}

/* --- from below --- */

static enum rtse_event classify_associate(struct rtse *rtse, const struct acse_primitive *primitive,
                                          const struct rtse_apdu *apdu, struct rtse_input *input)
{
  bool indication = primitive->kind == S_INDICATION;
  enum rtse_event invalid =
      indication ? RTSE_EVENT_A_ASSOCIATE_IND_INVALID : RTSE_EVENT_A_ASSOCIATE_CNF_INVALID;
  const struct session_primitive *session = &primitive->connect.session;
  if (!indication && primitive->result != ACSE_ACCEPTED) {
    return RTSE_EVENT_A_ASSOCIATE_CNF_REFUSE;
  }
  if (apdu == NULL || apdu->type != (indication ? RTSE_RTORQ : RTSE_RTOAC)) {
    input->why =
        input->why != NULL ? input->why : "the association's user information is no APDU for opening";
    return invalid;
  }
  if ((session->units & RTSE_UNITS) != RTSE_UNITS) {
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
  if (apdu->recover && !rtse->recovering) {
    input->why = "RTOAC recovers an association that we did not ask to recover";
    return invalid;
  }
  return RTSE_EVENT_A_ASSOCIATE_CNF_ACCEPT;
}

/* In X.410 mode the place tells which APDU it is. */
static bool read_apdu(const struct rtse *rtse, const struct acse_primitive *primitive, struct rtse_apdu *apdu,
                      GError **error)
{
  bool indication = primitive->kind == S_INDICATION, associate = primitive->service == A_ASSOCIATE;
  if (!(associate && indication ? primitive->connect.x410 : rtse->terms.x410)) {
    return rtse_apdu_read(primitive->information, apdu, error);
  }
  enum rtse_apdu_type type = !associate                           ? RTSE_RTAB
                             : indication                         ? RTSE_RTORQ
                             : primitive->result == ACSE_ACCEPTED ? RTSE_RTOAC
                                                                  : RTSE_RTORJ;
  return rtse_apdu_read_x410(primitive->information, type, apdu, error);
}

void rtse_acse(struct rtse *rtse, struct acse_primitive *primitive)
{
  struct rtse_apdu apdu = {0};
  struct rtse_input input = {.acse = primitive};
  g_autoptr(GError) error = NULL;
  if (primitive->information != NULL) {
    if (read_apdu(rtse, primitive, &apdu, &error)) {
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

static enum rtse_event classify_data(const struct rtse *rtse, const struct presentation_primitive *primitive,
                                     struct rtse_input *input)
{
  for (guint i = 0; primitive->values != NULL && i < primitive->values->len; i++) {
    const struct presentation_value *value = &g_array_index(primitive->values, struct presentation_value, i);
    if (rtse->terms.x410) {
      g_ptr_array_add(input->slices, g_bytes_ref(value->octets));
    } else if (!rtse_rttr_read(value->octets, input->slices)) {
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

static enum rtse_event classify(const struct rtse *rtse, const struct presentation_primitive *primitive,
                                struct rtse_apdu *apdu, struct rtse_input *input)
{
  bool indication = primitive->session.kind == S_INDICATION;
  switch (primitive->session.service) {
  case S_DATA:
    return classify_data(rtse, primitive, input);
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
    return indication ? RTSE_EVENT_P_ACTIVITY_INTERRUPT_IND : RTSE_EVENT_P_ACTIVITY_INTERRUPT_CNF;
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
  (void)rtse_step(rtse, classify(rtse, primitive, &apdu, &input), &input);
  rtse_apdu_clear(&apdu);
  presentation_primitive_clear(primitive);
}

/* --- from the user --- */

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

bool rtse_open_recover(struct rtse *rtse, enum rtse_dialogue dialogue, const struct session_reference *old,
                       bool turn_there, struct presentation_primitive *connect, GError **error)
{
  return request(
      rtse, RTSE_EVENT_RT_OPEN_REQ,
      &(struct rtse_input){.dialogue = dialogue, .old = old, .turn_there = turn_there, .connect = connect},
      error);
}

bool rtse_open_accept(struct rtse *rtse, GBytes *user_data, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_OPEN_RSP_ACCEPT, &(struct rtse_input){.user_data = user_data}, error);
}

bool rtse_open_refuse(struct rtse *rtse, enum rtse_refuse reason, GBytes *user_data, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_OPEN_RSP_REFUSE,
                 &(struct rtse_input){.user_data = user_data, .refuse = reason}, error);
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

bool rtse_resume(struct rtse *rtse, guint64 size, const struct rtse_progress *from,
                 const struct session_reference *old, bool hold, GError **error)
{
  if (from->activity == NULL || from->offset >= size || (from->serial == 0 && !from->ended)) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_STATE,
                "nothing of the transfer is confirmed that it could go on from");
    return false;
  }
  return request(rtse, RTSE_EVENT_RT_RESUME_REQ,
                 &(struct rtse_input){.size = size, .from = from, .old = old, .hold = hold && from->ended},
                 error);
}

bool rtse_go_on(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_GO_ON, &(struct rtse_input){0}, error);
}

bool rtse_interrupt(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_INTERRUPT, &(struct rtse_input){0}, error);
}

bool rtse_discard(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_DISCARD, &(struct rtse_input){0}, error);
}

bool rtse_checkpoint(struct rtse *rtse, guint serial, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_CHECKPOINT_RSP, &(struct rtse_input){.serial = serial}, error);
}

bool rtse_resume_accept(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_RESUME_RSP, &(struct rtse_input){0}, error);
}

bool rtse_secured(struct rtse *rtse, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_SECURED, &(struct rtse_input){0}, error);
}

bool rtse_report(struct rtse *rtse, enum rtse_report reason, GError **error)
{
  return request(rtse, RTSE_EVENT_RT_REPORT, &(struct rtse_input){.report = reason}, error);
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

/* --- questions --- */

const char *rtse_awaits(const struct rtse *rtse)
{
  switch (rtse->state) {
  case RTSE_STATE_SENDING:
    return rtse->out.want == 0 ? "the confirmation of a checkpoint" : NULL;
  case RTSE_STATE_RECEIVING:
    /* With the window full it is our confirmation that is owed. */
    return rtse->serial - rtse->secured < rtse->terms.window ? "the rest of a transfer" : NULL;
  case RTSE_STATE_STOPPING:
  case RTSE_STATE_REPORTED:
    return "the end of a transfer that was refused here";
  default:
    return NULL;
  }
}

bool rtse_transfer_open(const struct rtse *rtse)
{
  return rtse->state >= RTSE_STATE_SENDING && rtse->state <= RTSE_STATE_REPORTED;
}

bool rtse_is_deciding(const struct rtse *rtse)
{
  return rtse->state == RTSE_STATE_RESUMED;
}

bool rtse_is_holding(const struct rtse *rtse)
{
  return rtse->state == RTSE_STATE_HOLDING;
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
                                      [RT_CHECKPOINT] = "checkpoint confirmed",
                                      [RT_TRANSFERRED] = "RT-TRANSFER.cnf transferred",
                                      [RT_NOT_TRANSFERRED] = "RT-TRANSFER.cnf not transferred",
                                      [RT_BEGIN] = "transfer begins",
                                      [RT_RESUME_IND] = "transfer resumed",
                                      [RT_CHECKPOINT_IND] = "checkpoint",
                                      [RT_SEGMENT] = "segment",
                                      [RT_TRANSFER_IND] = "RT-TRANSFER.ind",
                                      [RT_INTERRUPTED] = "transfer interrupted",
                                      [RT_ABANDONED] = "transfer abandoned",
                                      [RT_ABORT_IND] = "RT-ABORT.ind"};
  return names[type];
}
