/* rtse_transfer.c - RTSE's actions of transferring, on both sides, and of the turn (X.228 7.3 - 7.8). */
#include "osi/rtse_machine.h"

/* X.225 8.3.29.5, those used here. */
enum { REASON_NONE = 0, REASON_LOCAL_ERROR = 5, REASON_UNRECOVERABLE = 6 };

/* --- transfer: the sender --- */

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
  rtse_indicate(rtse, RT_WANT)->want = rtse->want;
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
  rtse_to_presentation(rtse, S_ACTIVITY_START, S_REQUEST)->session.activity =
      activity_identifier(rtse->activity);
  ask_for_segment(rtse);
}

static void send_rttr(struct rtse *rtse, GBytes *data)
{
  rtse_to_presentation(rtse, S_DATA, S_REQUEST)->values = presentation_values_one(
      rtse->options.syntax, rtse->terms.x410 ? g_bytes_ref(data) : rtse_rttr_write(data));
  rtse->left -= rtse->want;
  rtse->want = 0;
}

void rtse_do_send_segment(struct rtse *rtse, const struct rtse_input *input)
{
  send_rttr(rtse, input->data);
  if (rtse->terms.checkpoint_size > 0) {
    rtse_to_presentation(rtse, S_SYNC_MINOR, S_REQUEST)->session.serial = ++rtse->serial;
    rtse->unconfirmed++;
  }
  ask_for_segment(rtse);
}

void rtse_do_send_last(struct rtse *rtse, const struct rtse_input *input)
{
  send_rttr(rtse, input->data);
  rtse_to_presentation(rtse, S_ACTIVITY_END, S_REQUEST)->session.serial = ++rtse->serial;
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
  (void)rtse_indicate(rtse, RT_TRANSFERRED);
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
  rtse_to_presentation(rtse, S_ACTIVITY_DISCARD, S_REQUEST)->session.reason = reason;
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
  osi_failure_move(&rtse_indicate(rtse, RT_NOT_TRANSFERRED)->failure, &rtse->failure);
}

/* --- transfer: the receiver --- */

void rtse_do_begin(struct rtse *rtse, const struct rtse_input *input)
{
  rtse_indicate(rtse, RT_BEGIN)->activity = g_steal_pointer(&input->presentation->session.activity);
}

void rtse_do_refuse_resume(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  rtse_to_presentation(rtse, S_U_EXCEPTION_REPORT, S_REQUEST)->session.reason = REASON_UNRECOVERABLE;
}

void rtse_do_segment(struct rtse *rtse, const struct rtse_input *input)
{
  for (guint i = 0; i < input->slices->len; i++) {
    rtse_indicate(rtse, RT_SEGMENT)->data = g_bytes_ref(g_ptr_array_index(input->slices, i));
  }
}

void rtse_do_confirm_checkpoint(struct rtse *rtse, const struct rtse_input *input)
{
  rtse_to_presentation(rtse, S_SYNC_MINOR, S_RESPONSE)->session.serial = input->presentation->session.serial;
}

void rtse_do_whole(struct rtse *rtse, const struct rtse_input *input)
{
  rtse->serial = input->presentation->session.serial;
  (void)rtse_indicate(rtse, RT_TRANSFER_IND);
}

void rtse_do_secured(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  rtse_to_presentation(rtse, S_ACTIVITY_END, S_RESPONSE)->session.serial = rtse->serial;
}

void rtse_do_report(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  rtse_to_presentation(rtse, S_U_EXCEPTION_REPORT, S_REQUEST)->session.reason = REASON_LOCAL_ERROR;
}

void rtse_do_answer_discard(struct rtse *rtse, const struct rtse_input *input)
{
  (void)rtse_to_presentation(rtse, input->presentation->session.service, S_RESPONSE);
}

void rtse_do_abandon(struct rtse *rtse, const struct rtse_input *input)
{
  const struct session_primitive *session = &input->presentation->session;
  g_autofree char *words = exception_words(session->reason);
  osi_failure_set(&rtse_indicate(rtse, RT_ABANDONED)->failure, OSI_LAYER_RTSE, true, false,
                  "the peer %s the transfer: %s",
                  session->service == S_ACTIVITY_DISCARD ? "discarded" : "interrupted", words);
  rtse_do_answer_discard(rtse, input);
}

void rtse_do_abandon_reported(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  osi_failure_set(&rtse_indicate(rtse, RT_ABANDONED)->failure, OSI_LAYER_SESSION, true, false,
                  "the session reported an error of protocol during the transfer");
}

/* --- the turn --- */

void rtse_do_turn_please(struct rtse *rtse, const struct rtse_input *input)
{
  struct rtse_apdu rttp = {.type = RTSE_RTTP, .priority = input->priority};
  struct presentation_primitive *down = rtse_to_presentation(rtse, S_TOKEN_PLEASE, S_REQUEST);
  down->session.tokens = SESSION_TOKEN_DATA;
  down->values = presentation_values_one(rtse->options.syntax, rtse_apdu_write(&rttp, NULL));
}

void rtse_do_indicate_please(struct rtse *rtse, const struct rtse_input *input)
{
  rtse_indicate(rtse, RT_TURN_PLEASE_IND)->priority = input->apdu != NULL ? input->apdu->priority : 0;
}

void rtse_do_turn_give(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  (void)rtse_to_presentation(rtse, S_CONTROL_GIVE, S_REQUEST);
}

void rtse_do_turn_taken(struct rtse *rtse, const struct rtse_input *input)
{
  (void)rtse; /* that the turn is here is told on entering the state */
  (void)input;
}
