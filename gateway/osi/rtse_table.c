/* rtse_table.c - RTSE as a table: what each state does with each event; the first row that fits is taken.
 *
 * Sources: clauses of X.218 (the service) and X.228 (of which the APDUs, and the headings of its clauses 7
 * and 8, were at hand) and X.225; "capture": vectors/real-mta; "0026" and other numbers: docs/decisions,
 * where none of them says enough.
 */
#include "osi/rtse_machine.h"

enum { CHECKPOINTS_OPEN_MAX = 4096 };

/* --- guards --- */

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

bool rtse_is_wanted(const struct rtse *rtse, const struct rtse_input *input)
{
  return rtse->out.want > 0 && g_bytes_get_size(input->data) == rtse->out.want;
}

bool rtse_is_last(const struct rtse *rtse, const struct rtse_input *input)
{
  return rtse_is_wanted(rtse, input) && rtse->out.left == rtse->out.want;
}

/* X.218 8.1.3: a transfer goes on from a confirmed checkpoint; without one it begins anew. */
bool rtse_is_resumable(const struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  return rtse->secured > 0;
}

bool rtse_is_report_resumable(const struct rtse *rtse, const struct rtse_input *input)
{
  guint reason = input->presentation->session.reason;
  /* Who answers a resumption itself by an error would do so for ever. */
  bool kept = reason == RTSE_REPORT_JEOPARDIZED ||
              (reason == RTSE_REPORT_LOCAL_ERROR && !rtse_is_refused_resumption(rtse));
  return kept && rtse_is_resumable(rtse, input);
}

bool rtse_is_held(const struct rtse *rtse, const struct rtse_input *input)
{
  (void)rtse;
  return input->hold;
}

/* A sender keeps to the window; one that does not is let go on for a while, but not without end. */
bool rtse_has_room(const struct rtse *rtse, const struct rtse_input *input)
{
  (void)input;
  return rtse->serial - rtse->secured < CHECKPOINTS_OPEN_MAX;
}

bool rtse_is_unconfirmed(const struct rtse *rtse, const struct rtse_input *input)
{
  return input->serial > rtse->secured && input->serial <= rtse->serial;
}

bool rtse_is_jeopardized(const struct rtse *rtse, const struct rtse_input *input)
{
  (void)rtse;
  return input->report == RTSE_REPORT_JEOPARDIZED;
}

/* --- the table */

#define S(state) RTSE_STATE_##state
#define E(event) RTSE_EVENT_##event

/* What the peer had sent before it saw the report (X.225 7.28.1). */
#define ROWS_AFTER_REPORT(state)                                                                             \
  {S(state), E(P_DATA_IND), NULL, rtse_do_nothing, S(state), "X.225 7.28.1"},                                \
      {S(state), E(P_DATA_IND_INVALID), NULL, rtse_do_nothing, S(state), "X.225 7.28.1"},                    \
      {S(state), E(P_SYNC_MINOR_IND), NULL, rtse_do_nothing, S(state), "X.225 7.28.1"},                      \
      {S(state), E(P_ACTIVITY_END_IND), NULL, rtse_do_nothing, S(state), "X.225 7.28.1"},                    \
  {                                                                                                          \
    S(state), E(P_P_EXCEPTION_IND), NULL, rtse_do_nothing, S(state), "X.225 7.27"                            \
  }

const struct rtse_row rtse_table[] = {
    /* Opening: X.218 8.1.1, X.228 7.1 */
    {S(IDLE), E(RT_OPEN_REQ), NULL, rtse_do_open, S(OPENING), "X.228 7.1.1"},
    {S(IDLE), E(A_ASSOCIATE_IND), NULL, rtse_do_indicate_open, S(OPENED), "X.228 7.1.2"},
    {S(IDLE), E(A_ASSOCIATE_IND_INVALID), NULL, rtse_do_refuse_invalid, S(CLOSED), "0026"},
    {S(OPENING), E(A_ASSOCIATE_CNF_ACCEPT), rtse_turn_is_here, rtse_do_confirm_open, S(TURN), "X.228 7.1.3"},
    {S(OPENING), E(A_ASSOCIATE_CNF_ACCEPT), NULL, rtse_do_confirm_open, S(WAIT), "X.228 7.1.3"},
    {S(OPENING), E(A_ASSOCIATE_CNF_REFUSE), NULL, rtse_do_confirm_refused, S(CLOSED), "X.228 7.1.3"},
    {S(OPENED), E(RT_OPEN_RSP_ACCEPT), rtse_turn_is_here, rtse_do_accept, S(TURN), "X.228 7.1.2"},
    {S(OPENED), E(RT_OPEN_RSP_ACCEPT), NULL, rtse_do_accept, S(WAIT), "X.228 7.1.2"},
    {S(OPENED), E(RT_OPEN_RSP_REFUSE), NULL, rtse_do_refuse, S(CLOSED), "X.228 7.1.2"},

    /* Closing: X.218 8.1.2, X.228 7.2 */
    {S(TURN), E(RT_CLOSE_REQ), rtse_may_close, rtse_do_close, S(CLOSING), "X.218 8.1.2"},
    {S(CLOSING), E(A_RELEASE_CNF), NULL, rtse_do_confirm_close, S(CLOSED), "X.228 7.2"},
    {S(CLOSING), E(P_TOKEN_PLEASE_IND), NULL, rtse_do_nothing, S(CLOSING), "0026"},
    {S(WAIT), E(A_RELEASE_IND), NULL, rtse_do_indicate_close, S(CLOSED_BY_PEER), "X.228 7.2"},
    {S(CLOSED_BY_PEER), E(RT_CLOSE_RSP), NULL, rtse_do_close_accept, S(CLOSED), "X.228 7.2"},

    /* Transfer, the sender: X.218 8.1.3, X.228 7.3 */
    {S(TURN), E(RT_TRANSFER_REQ), NULL, rtse_do_start, S(SENDING), "X.228 7.3"},
    {S(SENDING), E(RT_DATA), rtse_is_last, rtse_do_send_last, S(ENDING), "X.228 7.3"},
    {S(SENDING), E(RT_DATA), rtse_is_wanted, rtse_do_send_segment, S(SENDING), "X.228 7.3"},
    {S(SENDING), E(P_SYNC_MINOR_CNF), NULL, rtse_do_checkpoint_confirmed, S(SENDING), "X.228 7.3"},
    {S(ENDING), E(P_SYNC_MINOR_CNF), NULL, rtse_do_checkpoint_confirmed, S(ENDING), "X.228 7.3"},
    {S(ENDING), E(P_ACTIVITY_END_CNF), NULL, rtse_do_transferred, S(TURN), "X.228 7.3"},

    /* ... broken off or given up, by its user or because an exception is reported: what has a confirmed
       checkpoint is interrupted, the rest discarded.  X.218 8.1.3, X.225 7.27 - 7.34 */
    {S(SENDING), E(RT_INTERRUPT), rtse_is_resumable, rtse_do_interrupt, S(INTERRUPTING), "0066"},
    {S(SENDING), E(RT_INTERRUPT), NULL, rtse_do_discard, S(DISCARDING), "0066"},
    {S(ENDING), E(RT_INTERRUPT), rtse_is_resumable, rtse_do_interrupt, S(INTERRUPTING), "0066"},
    {S(HOLDING), E(RT_INTERRUPT), rtse_is_resumable, rtse_do_interrupt, S(INTERRUPTING), "0066"},
    {S(SENDING), E(RT_DISCARD), NULL, rtse_do_discard, S(DISCARDING), "X.225 7.33"},
    {S(HOLDING), E(RT_DISCARD), NULL, rtse_do_discard, S(DISCARDING), "X.225 7.33"},
    {S(SENDING), E(P_U_EXCEPTION_IND), rtse_is_report_resumable, rtse_do_interrupt_reported, S(INTERRUPTING),
     "0066"},
    {S(SENDING), E(P_U_EXCEPTION_IND), NULL, rtse_do_discard_reported, S(DISCARDING), "0066"},
    {S(ENDING), E(P_U_EXCEPTION_IND), rtse_is_report_resumable, rtse_do_interrupt_reported, S(INTERRUPTING),
     "0066"},
    {S(ENDING), E(P_U_EXCEPTION_IND), NULL, rtse_do_discard_reported, S(DISCARDING), "0066"},
    {S(HOLDING), E(P_U_EXCEPTION_IND), rtse_is_report_resumable, rtse_do_interrupt_reported, S(INTERRUPTING),
     "0066"},
    {S(HOLDING), E(P_U_EXCEPTION_IND), NULL, rtse_do_discard_reported, S(DISCARDING), "0066"},
    {S(SENDING), E(P_P_EXCEPTION_IND), rtse_is_resumable, rtse_do_interrupt_reported, S(INTERRUPTING),
     "0066"},
    {S(SENDING), E(P_P_EXCEPTION_IND), NULL, rtse_do_discard_reported, S(DISCARDING), "0066"},
    {S(ENDING), E(P_P_EXCEPTION_IND), rtse_is_resumable, rtse_do_interrupt_reported, S(INTERRUPTING), "0066"},
    {S(ENDING), E(P_P_EXCEPTION_IND), NULL, rtse_do_discard_reported, S(DISCARDING), "0066"},
    {S(HOLDING), E(P_P_EXCEPTION_IND), rtse_is_resumable, rtse_do_interrupt_reported, S(INTERRUPTING),
     "0066"},
    {S(HOLDING), E(P_P_EXCEPTION_IND), NULL, rtse_do_discard_reported, S(DISCARDING), "0066"},
    {S(INTERRUPTING), E(P_ACTIVITY_INTERRUPT_CNF), NULL, rtse_do_interrupted_out, S(TURN), "X.225 7.32"},
    {S(INTERRUPTING), E(P_SYNC_MINOR_CNF), NULL, rtse_do_nothing, S(INTERRUPTING), "X.225 7.31.1"},
    {S(INTERRUPTING), E(P_U_EXCEPTION_IND), NULL, rtse_do_nothing, S(INTERRUPTING), "X.225 7.31.1"},
    {S(INTERRUPTING), E(P_P_EXCEPTION_IND), NULL, rtse_do_nothing, S(INTERRUPTING), "X.225 7.31.1"},
    {S(DISCARDING), E(P_ACTIVITY_DISCARD_CNF), NULL, rtse_do_discarded, S(TURN), "X.225 7.34"},
    {S(DISCARDING), E(P_SYNC_MINOR_CNF), NULL, rtse_do_nothing, S(DISCARDING), "X.225 7.33.1"},
    {S(DISCARDING), E(P_U_EXCEPTION_IND), NULL, rtse_do_nothing, S(DISCARDING), "X.225 7.33.1"},
    {S(DISCARDING), E(P_P_EXCEPTION_IND), NULL, rtse_do_nothing, S(DISCARDING), "X.225 7.33.1"},

    /* ... resumed: X.218 8.1.3, X.225 7.30 */
    {S(TURN), E(RT_RESUME_REQ), rtse_is_held, rtse_do_resume, S(HOLDING), "0065"},
    {S(TURN), E(RT_RESUME_REQ), NULL, rtse_do_resume, S(SENDING), "X.225 7.30"},
    {S(HOLDING), E(RT_GO_ON), NULL, rtse_do_go_on, S(SENDING), "0065"},

    /* Transfer, the receiver: X.218 8.1.3, X.228 7.3 */
    {S(WAIT), E(P_ACTIVITY_START_IND), NULL, rtse_do_begin, S(RECEIVING), "X.228 7.3"},
    {S(RECEIVING), E(P_DATA_IND), NULL, rtse_do_segment, S(RECEIVING), "X.228 7.3"},
    {S(RECEIVING), E(P_SYNC_MINOR_IND), rtse_has_room, rtse_do_indicate_checkpoint, S(RECEIVING),
     "X.228 7.3"},
    {S(RECEIVING), E(RT_CHECKPOINT_RSP), rtse_is_unconfirmed, rtse_do_confirm_checkpoint, S(RECEIVING),
     "X.228 7.3"},
    {S(RECEIVING), E(P_ACTIVITY_END_IND), NULL, rtse_do_whole, S(RECEIVED), "X.228 7.3"},
    {S(RECEIVED), E(RT_CHECKPOINT_RSP), rtse_is_unconfirmed, rtse_do_confirm_checkpoint, S(RECEIVED),
     "X.225 7.21.1"},
    {S(RECEIVED), E(RT_SECURED), NULL, rtse_do_secured, S(WAIT), "X.228 7.3"},

    /* ... resumed by the sender */
    {S(WAIT), E(P_ACTIVITY_RESUME_IND), NULL, rtse_do_indicate_resume, S(RESUMED), "X.225 7.30"},
    {S(RESUMED), E(RT_RESUME_RSP), NULL, rtse_do_nothing, S(RECEIVING), "X.225 7.30"},
    {S(RESUMED), E(RT_REPORT), NULL, rtse_do_report, S(REPORTED), "0065"},

    /* ... refused here, broken off or given up by the sender, or broken: X.218 8.1.3, X.225 7.27 - 7.34 */
    {S(RECEIVING), E(RT_REPORT), rtse_is_jeopardized, rtse_do_report, S(STOPPING), "0066"},
    {S(RECEIVED), E(RT_REPORT), rtse_is_jeopardized, rtse_do_report, S(STOPPING), "0066"},
    {S(RECEIVING), E(RT_REPORT), NULL, rtse_do_report, S(REPORTED), "0066"},
    {S(RECEIVED), E(RT_REPORT), NULL, rtse_do_report, S(REPORTED), "0066"},
    {S(RECEIVING), E(P_P_EXCEPTION_IND), NULL, rtse_do_nothing, S(STOPPING), "X.225 7.27"},
    {S(RECEIVED), E(P_P_EXCEPTION_IND), NULL, rtse_do_nothing, S(STOPPING), "X.225 7.27"},
    {S(RECEIVING), E(P_ACTIVITY_INTERRUPT_IND), NULL, rtse_do_interrupted_in, S(WAIT), "X.225 7.31"},
    {S(RECEIVED), E(P_ACTIVITY_INTERRUPT_IND), NULL, rtse_do_interrupted_in, S(WAIT), "X.225 7.31"},
    {S(STOPPING), E(P_ACTIVITY_INTERRUPT_IND), NULL, rtse_do_interrupted_in, S(WAIT), "X.225 7.31"},
    {S(REPORTED), E(P_ACTIVITY_INTERRUPT_IND), NULL, rtse_do_answer_discard, S(WAIT), "X.225 7.31"},
    {S(RECEIVING), E(P_ACTIVITY_DISCARD_IND), NULL, rtse_do_abandon, S(WAIT), "X.225 7.33"},
    {S(RECEIVED), E(P_ACTIVITY_DISCARD_IND), NULL, rtse_do_abandon, S(WAIT), "X.225 7.33"},
    {S(STOPPING), E(P_ACTIVITY_DISCARD_IND), NULL, rtse_do_abandon, S(WAIT), "X.225 7.33"},
    {S(REPORTED), E(P_ACTIVITY_DISCARD_IND), NULL, rtse_do_answer_discard, S(WAIT), "X.225 7.33"},
    ROWS_AFTER_REPORT(STOPPING),
    ROWS_AFTER_REPORT(REPORTED),
    /* The end was confirmed while the peer broke the activity off: interrupted it will learn that when it
       resumes; a discard must not be answered as if it were one (X.228 9, transferCompleted). */
    {S(WAIT), E(P_ACTIVITY_INTERRUPT_IND), NULL, rtse_do_answer_discard, S(WAIT), "0066"},
    {S(WAIT), E(P_ACTIVITY_DISCARD_IND), NULL, rtse_do_abort_completed, S(CLOSED), "X.228 9"},

    /* The turn: X.218 8.1.4, 8.1.5, X.228 7.4, 7.5 */
    {S(WAIT), E(RT_TURN_PLEASE_REQ), rtse_is_two_way, rtse_do_turn_please, S(WAIT), "X.228 7.4"},
    {S(RECEIVING), E(RT_TURN_PLEASE_REQ), rtse_is_two_way, rtse_do_turn_please, S(RECEIVING), "X.228 7.4"},
    {S(RECEIVED), E(RT_TURN_PLEASE_REQ), rtse_is_two_way, rtse_do_turn_please, S(RECEIVED), "X.228 7.4"},
    {S(TURN), E(P_TOKEN_PLEASE_IND), rtse_is_two_way, rtse_do_indicate_please, S(TURN), "X.228 7.4"},
    {S(SENDING), E(P_TOKEN_PLEASE_IND), rtse_is_two_way, rtse_do_indicate_please, S(SENDING), "X.228 7.4"},
    {S(ENDING), E(P_TOKEN_PLEASE_IND), rtse_is_two_way, rtse_do_indicate_please, S(ENDING), "X.228 7.4"},
    {S(HOLDING), E(P_TOKEN_PLEASE_IND), rtse_is_two_way, rtse_do_indicate_please, S(HOLDING), "X.228 7.4"},
    {S(INTERRUPTING), E(P_TOKEN_PLEASE_IND), rtse_is_two_way, rtse_do_indicate_please, S(INTERRUPTING),
     "X.228 7.4"},
    {S(DISCARDING), E(P_TOKEN_PLEASE_IND), rtse_is_two_way, rtse_do_indicate_please, S(DISCARDING),
     "X.228 7.4"},
    /* A please that crossed our give. */
    {S(WAIT), E(P_TOKEN_PLEASE_IND), rtse_is_two_way, rtse_do_nothing, S(WAIT), "0026"},
    {S(TURN), E(RT_TURN_GIVE_REQ), rtse_is_two_way, rtse_do_turn_give, S(WAIT), "X.228 7.5"},
    {S(WAIT), E(P_CONTROL_GIVE_IND), rtse_is_two_way, rtse_do_turn_taken, S(TURN), "X.228 7.5"},

    /* Aborting: X.218 8.1.6, 8.1.7, X.228 7.9, 7.10 */
    {S(IDLE), E(RT_ABORT_REQ), NULL, rtse_do_nothing, S(CLOSED), "X.228 7.10"},
    {S(CLOSED), E(RT_ABORT_REQ), NULL, rtse_do_nothing, S(CLOSED), "X.228 7.10"},
    {S(ANY), E(RT_ABORT_REQ), NULL, rtse_do_abort, S(CLOSED), "X.228 7.10"},
    {S(CLOSED), E(A_ABORT_IND), NULL, rtse_do_nothing, S(CLOSED), "X.228 7.10"},
    {S(CLOSED), E(A_P_ABORT_IND), NULL, rtse_do_nothing, S(CLOSED), "X.228 7.9"},
    {S(ANY), E(A_ABORT_IND), NULL, rtse_do_indicate_abort, S(CLOSED), "X.228 7.10"},
    {S(ANY), E(A_P_ABORT_IND), NULL, rtse_do_indicate_abort, S(CLOSED), "X.228 7.9"},
};
const gsize rtse_table_rows = G_N_ELEMENTS(rtse_table);

const char *rtse_state_name(const struct rtse *rtse)
{
#define NAME(constant, name) name,
  static const char *const names[] = {RTSE_STATES(NAME)};
#undef NAME
  return names[rtse->state];
}

const char *rtse_event_name(enum rtse_event event)
{
#define NAME(constant, name) name,
  static const char *const names[] = {RTSE_EVENTS(NAME)};
#undef NAME
  return names[event];
}

bool rtse_event_is_users(enum rtse_event event)
{
  return event <= RTSE_EVENT_RT_ABORT_REQ;
}

const struct rtse_row *rtse_find_row(const struct rtse *rtse, enum rtse_event event,
                                     const struct rtse_input *input)
{
  for (gsize i = 0; i < rtse_table_rows; i++) {
    const struct rtse_row *row = &rtse_table[i];
    if ((row->state == rtse->state || row->state == RTSE_STATE_ANY) && row->event == event &&
        (row->guard == NULL || row->guard(rtse, input))) {
      return row;
    }
  }
  return NULL;
}
