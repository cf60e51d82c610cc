/* rtse_resume.c - RTSE's actions when a transfer does not go its straight way: discarded, interrupted,
 * resumed, lost with the association (X.218 8.1.3; X.225 7.27 - 7.34; docs/decisions/0065, 0066). */
#include "osi/rtse_machine.h"

/* X.225 8.3.29.5 */
enum { REASON_NONE = 0, REASON_LOCAL_ERROR = 5 };

static char *exception_words(guint reason)
{
  static const struct osi_word words[] = {
      {0, "no specific reason"},
      {RTSE_REPORT_JEOPARDIZED,
       "receiving ability jeopardized: it is short of storage, overloaded or stopping"},
      {RTSE_REPORT_SEQUENCE, "sequence error"},
      {RTSE_REPORT_LOCAL_ERROR, "error of its own"},
      {RTSE_REPORT_UNRECOVERABLE, "unrecoverable procedure error: it has deleted what had come"},
      {128, "it wants the data token"}};
  return osi_word_of(words, G_N_ELEMENTS(words), reason);
}

/* --- the sender: broken off or given up --- */

static void leave(struct rtse *rtse, enum session_service service, guint reason)
{
  rtse->out.want = 0;
  rtse_to_presentation(rtse, service, S_REQUEST)->session.reason = reason;
}

static void keep_report(struct rtse *rtse, const struct session_primitive *session)
{
  if (session->service == S_U_EXCEPTION_REPORT) {
    g_autofree char *words = exception_words(session->reason);
    osi_failure_set(&rtse->failure, OSI_LAYER_RTSE, true, false,
                    "the peer refused the transfer by an exception report: %s", words);
  } else {
    osi_failure_set(&rtse->failure, OSI_LAYER_SESSION, true, false,
                    "the session reported an error of protocol during the transfer");
  }
}

void rtse_do_discard(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  osi_failure_set(&rtse->failure, OSI_LAYER_RTSE, false, false, "the transfer was given up on this side");
  leave(rtse, S_ACTIVITY_DISCARD, REASON_LOCAL_ERROR);
}

void rtse_do_discard_reported(struct rtse *rtse, const struct rtse_input *input)
{
  keep_report(rtse, &input->presentation->session);
  leave(rtse, S_ACTIVITY_DISCARD, REASON_NONE);
}

void rtse_do_interrupt(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  osi_failure_set(&rtse->failure, OSI_LAYER_RTSE, false, false, "the transfer was interrupted on this side");
  leave(rtse, S_ACTIVITY_INTERRUPT, REASON_NONE);
}

void rtse_do_interrupt_reported(struct rtse *rtse, const struct rtse_input *input)
{
  keep_report(rtse, &input->presentation->session);
  leave(rtse, S_ACTIVITY_INTERRUPT, REASON_NONE);
}

static struct rtse_indication *not_transferred(struct rtse *rtse, enum rtse_outcome outcome)
{
  struct rtse_indication *up = rtse_indicate(rtse, RT_NOT_TRANSFERRED);
  up->outcome = outcome;
  return up;
}

bool rtse_is_refused_resumption(const struct rtse *rtse)
{
  return rtse->out.resumed && rtse->secured == rtse->out.from_serial;
}

void rtse_do_discarded(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  bool refused = rtse->failure.by_peer && rtse_is_refused_resumption(rtse);
  struct rtse_indication *up = not_transferred(rtse, refused ? RTSE_CANNOT_RESUME : RTSE_DISCARDED);
  osi_failure_move(&up->failure, &rtse->failure);
}

void rtse_do_interrupted_out(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  osi_failure_move(&not_transferred(rtse, RTSE_INTERRUPTED)->failure, &rtse->failure);
}

/* --- the sender: resumed --- */

void rtse_do_resume(struct rtse *rtse, const struct rtse_input *input)
{
  const struct rtse_progress *from = input->from;
  struct session_primitive *session = &rtse_to_presentation(rtse, S_ACTIVITY_RESUME, S_REQUEST)->session;
  session->old_activity = g_bytes_ref(from->activity); /* before ours gives way to the next */
  session->activity = rtse_next_activity(rtse);
  session->serial = from->serial;
  session->old_reference_present = input->old != NULL;
  if (input->old != NULL) {
    session_reference_copy(&session->old_reference, input->old);
  }
  rtse->serial = rtse->secured = rtse->out.from_serial = from->serial;
  rtse->out.from_offset = from->offset;
  rtse->out.size = input->size;
  rtse->out.left = input->size - from->offset;
  rtse->out.want = 0;
  rtse->out.unconfirmed = 0;
  rtse->out.resumed = true;
  rtse->out.ended = from->ended;
  if (!input->hold) {
    rtse_ask_for_segment(rtse);
  }
}

void rtse_do_go_on(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  rtse_ask_for_segment(rtse);
}

/* --- the receiver --- */

void rtse_do_indicate_resume(struct rtse *rtse, const struct rtse_input *input)
{
  struct session_primitive *session = &input->presentation->session;
  struct rtse_indication *up = rtse_indicate(rtse, RT_RESUME_IND);
  rtse->serial = rtse->secured = session->serial;
  up->activity = g_steal_pointer(&session->activity);
  up->old_activity = g_steal_pointer(&session->old_activity);
  up->serial = session->serial;
  up->reference_given = session->old_reference_present;
  up->reference = session->old_reference;
  session->old_reference = (struct session_reference){0};
}

void rtse_do_report(struct rtse *rtse, const struct rtse_input *input)
{
  rtse_to_presentation(rtse, S_U_EXCEPTION_REPORT, S_REQUEST)->session.reason = input->report;
}

void rtse_do_answer_discard(struct rtse *rtse, const struct rtse_input *input)
{
  (void)rtse_to_presentation(rtse, input->presentation->session.service, S_RESPONSE);
}

static void left_by_peer(struct rtse *rtse, const struct rtse_input *input, enum rtse_indication_type type,
                         const char *what)
{
  g_autofree char *words = exception_words(input->presentation->session.reason);
  osi_failure_set(&rtse_indicate(rtse, type)->failure, OSI_LAYER_RTSE, true, false,
                  "the peer %s the transfer: %s", what, words);
  rtse_do_answer_discard(rtse, input);
}

void rtse_do_abandon(struct rtse *rtse, const struct rtse_input *input)
{
  left_by_peer(rtse, input, RT_ABANDONED, "discarded");
}

void rtse_do_interrupted_in(struct rtse *rtse, const struct rtse_input *input)
{
  left_by_peer(rtse, input, RT_INTERRUPTED, "interrupted");
}

void rtse_do_abort_completed(struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  rtse_send_abort(rtse, RTSE_TRANSFER_COMPLETED);
  struct rtse_indication *up = rtse_indicate(rtse, RT_ABORT_IND);
  up->abort_reason = RTSE_TRANSFER_COMPLETED;
  osi_failure_set(&up->failure, OSI_LAYER_RTSE, false, false,
                  "the peer discarded a transfer that was confirmed to it already");
}

/* --- lost with the association --- */

static enum rtse_outcome outcome_of(const struct rtse *rtse, enum rtse_state was, gint abort_reason)
{
  if (abort_reason == RTSE_UNRECOGNIZED_ACTIVITY) {
    return rtse->out.resumed ? RTSE_CANNOT_RESUME : RTSE_DISCARDED;
  }
  return was == RTSE_STATE_DISCARDING ? RTSE_DISCARDED : RTSE_INTERRUPTED;
}

void rtse_lose_transfer(struct rtse *rtse, enum rtse_state was, const struct osi_failure *failure,
                        gint abort_reason)
{
  struct rtse_indication *up;
  switch (was) {
  case RTSE_STATE_SENDING:
  case RTSE_STATE_ENDING:
  case RTSE_STATE_HOLDING:
  case RTSE_STATE_INTERRUPTING:
  case RTSE_STATE_DISCARDING:
    /* X.228 9, transferCompleted; only from a peer that has been sent it all. */
    if (abort_reason == RTSE_TRANSFER_COMPLETED && rtse->out.ended) {
      (void)rtse_indicate(rtse, RT_TRANSFERRED);
      return;
    }
    up = not_transferred(rtse, outcome_of(rtse, was, abort_reason));
    break;
  case RTSE_STATE_RECEIVING:
  case RTSE_STATE_RECEIVED:
  case RTSE_STATE_STOPPING:
    up = rtse_indicate(rtse, RT_INTERRUPTED);
    break;
  default:
    return;
  }
  osi_failure_set(&up->failure, failure->layer, failure->by_peer, false, "%s", failure->words);
}
