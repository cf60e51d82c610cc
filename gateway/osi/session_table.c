/* session_table.c - the state table of X.225 annex A for kernel, half-duplex, duplex, exceptions, minor
 * synchronize and activity management, without reuse of the transport connection and without transport
 * expedited data.
 *
 * The rows stand as in annex A: by state, in it by the order of annex A's tables (establishment, data,
 * synchronization, interrupt and discard, start and resume, tokens and exceptions, release, abort).  An
 * intersection without a matching row is what annex A leaves blank. */
#include "osi/session_machine.h"

#define P(number) (G_GUINT64_CONSTANT(1) << PREDICATE_##number)
#define DO(name) session_action_##name

/* Rows that many states share. */
#define ROWS_ABORT(state)                                                                                    \
  {state, SPDU_AB, 0, 0, DO(abort_ind), STA01, "7.9.2"},                                                     \
      {state, SUABREQ, 0, 0, DO(user_abort), STA16, "7.9.1"},                                                \
  {                                                                                                          \
    state, TDISIND, 0, 0, DO(transport_lost), STA01, "6.6"                                                   \
  }
#define ROWS_OVERDUE(state)                                                                                  \
  {                                                                                                          \
    state, TIM, 0, 0, DO(answer_overdue), STA16, "7.9.1"                                                     \
  }
#define ROW_ALL(state, event, action, next, clause)                                                          \
  {                                                                                                          \
    state, event, 0, 0, DO(action), next, clause                                                             \
  }

static const struct session_row table[] = {
    /* STA01C idle, transport connected.  Any other SPDU here ends the transport connection:
       session_find_row(). */
    {STA01C, SPDU_CN, P(01), 0, DO(disconnect), STA01, "7.1.2"},
    {STA01C, SPDU_CN, P(76), 0, DO(refuse_provider), STA16, "7.1.2"},
    {STA01C, SPDU_CN, P(204), 0, DO(accept_overflow), STA01D, "7.2.1"},
    {STA01C, SPDU_CN, 0, 0, DO(connect_ind), STA08, "7.1.2"},
    {STA01C, SCONREQ, P(01) | P(204), 0, DO(send_connect), STA02B, "7.1.1"},
    {STA01C, SCONREQ, P(01), 0, DO(send_connect), STA02A, "7.1.1"},
    {STA01C, SUABREQ, 0, 0, DO(disconnect), STA01, "6.6"},
    {STA01C, TDISIND, 0, 0, DO(ignore), STA01, "6.6"},

    /* STA01D wait for CDO */
    {STA01D, SPDU_CDO, P(202), 0, DO(connect_ind_overflow), STA08, "7.3.2"},
    {STA01D, SPDU_CDO, 0, 0, DO(keep_overflow), STA01D, "7.3.2"},
    {STA01D, SUABREQ, 0, 0, DO(disconnect), STA01, "6.6"},
    {STA01D, TDISIND, 0, 0, DO(ignore), STA01, "6.6"},
    {STA01D, TIM, 0, 0, DO(disconnect), STA01, "6.6"},

    /* STA02A wait for AC */
    {STA02A, SPDU_AC, 0, 0, DO(connect_cnf), STA713, "7.4.2"},
    {STA02A, SPDU_RF, 0, 0, DO(connect_cnf_refused), STA01, "7.5.2"},
    ROWS_ABORT(STA02A),
    ROWS_OVERDUE(STA02A),

    /* STA02B wait for OA */
    {STA02B, SPDU_OA, 0, 0, DO(send_overflow), STA02A, "7.2.2"},
    {STA02B, SPDU_RF, 0, 0, DO(connect_cnf_refused), STA01, "7.5.2"},
    ROWS_ABORT(STA02B),
    ROWS_OVERDUE(STA02B),

    /* STA03 wait for DN */
    {STA03, SPDU_DT, P(05) | P(10), 0, DO(data_ind), STA03, "7.11.2"},
    {STA03, SPDU_MIA, P(17) | P(21), 0, DO(sync_minor_cnf), STA03, "7.21.2"},
    {STA03, SPDU_ED, P(52), 0, DO(user_exception_ind), STA20, "7.28.2"},
    {STA03, SPDU_ER, P(52), 0, DO(provider_exception_ind), STA20, "7.27.2"},
    {STA03, SPDU_PT, P(53), 0, DO(please_tokens_ind), STA03, "7.17.2"},
    {STA03, SPDU_DN, 0, 0, DO(release_cnf), STA01, "7.7.2"},
    {STA03, SPDU_FN, 0, P(65), DO(release_ind_collision), STA09, "7.6.2"},
    ROWS_ABORT(STA03),
    ROWS_OVERDUE(STA03),

    /* STA04B wait for AEA */
    {STA04B, SPDU_DT, P(05), 0, DO(data_ind), STA04B, "7.11.2"},
    {STA04B, SPDU_AEA, P(20), 0, DO(activity_end_cnf), STA713, "7.36.2"},
    {STA04B, SPDU_MIA, P(17) | P(21), P(20), DO(sync_minor_cnf), STA04B, "7.21.2"},
    {STA04B, SACTDREQ, P(39), 0, DO(activity_discard), STA05C, "7.33.1"},
    {STA04B, SACTIREQ, P(39), 0, DO(activity_interrupt), STA05B, "7.31.1"},
    {STA04B, SPDU_ED, P(48) | P(03), 0, DO(user_exception_ind), STA20, "7.28.2"},
    {STA04B, SPDU_ED, P(48), P(03), DO(user_exception_ind), STA713, "7.28.2"},
    {STA04B, SPDU_ER, P(48) | P(03), 0, DO(provider_exception_ind), STA20, "7.27.2"},
    {STA04B, SPDU_ER, P(48), P(03), DO(provider_exception_ind), STA713, "7.27.2"},
    {STA04B, SPDU_GT, P(59), 0, DO(give_tokens_ind), STA04B, "7.16.2"},
    {STA04B, SPDU_PT, P(53), 0, DO(please_tokens_ind), STA04B, "7.17.2"},
    {STA04B, SGTREQ, P(54), 0, DO(give_tokens), STA04B, "7.16.1"},
    ROWS_ABORT(STA04B),
    ROWS_OVERDUE(STA04B),

    /* STA05B wait for AIA: what the peer sent before it saw AI is dropped */
    {STA05B, SPDU_DT, P(05), 0, DO(ignore), STA05B, "7.31.1"},
    ROW_ALL(STA05B, SPDU_AEA, ignore, STA05B, "7.31.1"),
    {STA05B, SPDU_MIA, P(17), 0, DO(ignore), STA05B, "7.31.1"},
    {STA05B, SPDU_MIP, P(14), 0, DO(ignore), STA05B, "7.31.1"},
    {STA05B, SPDU_AIA, P(34), 0, DO(activity_interrupt_cnf), STA713, "7.32.2"},
    {STA05B, SPDU_ED, P(48), 0, DO(ignore), STA05B, "7.31.1"},
    {STA05B, SPDU_ER, P(48), 0, DO(ignore), STA05B, "7.31.1"},
    {STA05B, SPDU_GT, P(59), 0, DO(ignore), STA05B, "7.31.1"},
    {STA05B, SPDU_PT, P(53), 0, DO(ignore), STA05B, "7.31.1"},
    ROWS_ABORT(STA05B),
    ROWS_OVERDUE(STA05B),

    /* STA05C wait for ADA: likewise */
    {STA05C, SPDU_DT, P(05), 0, DO(ignore), STA05C, "7.33.1"},
    ROW_ALL(STA05C, SPDU_AEA, ignore, STA05C, "7.33.1"),
    {STA05C, SPDU_MIA, P(17), 0, DO(ignore), STA05C, "7.33.1"},
    {STA05C, SPDU_MIP, P(14), 0, DO(ignore), STA05C, "7.33.1"},
    {STA05C, SPDU_ADA, P(34), 0, DO(activity_discard_cnf), STA713, "7.34.2"},
    {STA05C, SPDU_ED, P(48), 0, DO(ignore), STA05C, "7.33.1"},
    {STA05C, SPDU_ER, P(48), 0, DO(ignore), STA05C, "7.33.1"},
    {STA05C, SPDU_GT, P(59), 0, DO(ignore), STA05C, "7.33.1"},
    {STA05C, SPDU_PT, P(53), 0, DO(ignore), STA05C, "7.33.1"},
    ROWS_ABORT(STA05C),
    ROWS_OVERDUE(STA05C),

    /* STA08 wait for S-CONNECT response */
    {STA08, SCONRSP_ACCEPT, 0, 0, DO(send_accept), STA713, "7.4.1"},
    {STA08, SCONRSP_REJECT, 0, 0, DO(send_refuse), STA16, "7.5.1"},
    ROWS_ABORT(STA08),

    /* STA09 wait for S-RELEASE response */
    {STA09, SDTREQ, P(04), 0, DO(send_data), STA09, "7.11.1"},
    {STA09, SSYNMRSP, P(18) | P(21), 0, DO(sync_minor_rsp), STA09, "7.21.1"},
    {STA09, SPTREQ, P(53), 0, DO(please_tokens), STA09, "7.17.1"},
    {STA09, SUERREQ, P(50), 0, DO(user_exception), STA19, "7.28.1"},
    {STA09, SPDU_DN, P(69), P(01), DO(release_cnf_collision), STA09, "7.7.2"},
    {STA09, SRELREQ, 0, P(65), DO(send_finish_collision), STA09, "7.6.1"},
    {STA09, SRELRSP_ACCEPT, P(75), 0, DO(send_disconnect), STA16, "7.7.1"},
    {STA09, SRELRSP_ACCEPT, P(69) | P(01), 0, DO(send_disconnect), STA03, "7.7.1"},
    ROWS_ABORT(STA09),

    /* STA10B wait for S-ACTIVITY-END response */
    {STA10B, SDTREQ, P(03), 0, DO(send_data), STA10B, "7.11.1"},
    {STA10B, SACTERSP, 0, 0, DO(activity_end_rsp), STA713, "7.36.1"},
    {STA10B, SSYNMRSP, P(18) | P(21), P(20), DO(sync_minor_rsp), STA10B, "7.21.1"},
    {STA10B, SPDU_AD, P(34) | P(40), 0, DO(activity_discard_ind), STA11C, "7.33.2"},
    {STA10B, SPDU_AI, P(34) | P(40), 0, DO(activity_interrupt_ind), STA11B, "7.31.2"},
    {STA10B, SPDU_GT, P(59), 0, DO(give_tokens_ind), STA10B, "7.16.2"},
    {STA10B, SGTREQ, P(54), 0, DO(give_tokens), STA10B, "7.16.1"},
    {STA10B, SPTREQ, P(53), 0, DO(please_tokens), STA10B, "7.17.1"},
    {STA10B, SUERREQ, P(50), 0, DO(user_exception), STA19, "7.28.1"},
    ROWS_ABORT(STA10B),

    /* STA11B wait for S-ACTIVITY-INTERRUPT response */
    {STA11B, SACTIRSP, 0, 0, DO(activity_interrupt_rsp), STA713, "7.32.1"},
    ROWS_ABORT(STA11B),

    /* STA11C wait for S-ACTIVITY-DISCARD response */
    {STA11C, SACTDRSP, 0, 0, DO(activity_discard_rsp), STA713, "7.34.1"},
    ROWS_ABORT(STA11C),

    /* STA16 wait for T-DISCONNECT indication.  Any other SPDU here is dropped: session_find_row(). */
    ROW_ALL(STA16, SPDU_CN, disconnect, STA01, "7.1.2"),
    ROW_ALL(STA16, SPDU_AA, disconnect, STA01, "7.10.2"),
    ROW_ALL(STA16, SPDU_AB, disconnect, STA01, "7.9.2"),
    ROW_ALL(STA16, TDISIND, ignore, STA01, "6.6"),
    ROW_ALL(STA16, TIM, disconnect, STA01, "6.6"),

    /* STA18 wait for GTA */
    {STA18, SPDU_DT, P(70), 0, DO(data_ind), STA18, "7.11.2"},
    {STA18, SDTREQ, P(70), 0, DO(send_data), STA18, "7.11.1"},
    ROW_ALL(STA18, SPDU_GTA, ignore, STA713, "7.19.2"),
    {STA18, SPDU_PT, P(53), 0, DO(please_tokens_ind), STA18, "7.17.2"},
    /* the control service is not confirmed: its user may want the tokens back before GTA is here */
    {STA18, SPTREQ, P(53), 0, DO(please_tokens), STA18, "7.17.1"},
    ROWS_ABORT(STA18),
    ROWS_OVERDUE(STA18),

    /* STA19 wait for recovery, having sent ED: what the peer sent before it saw ED is dropped, but counted */
    ROW_ALL(STA19, SPDU_DT, ignore, STA19, "7.28.1"),
    {STA19, SPDU_AE, P(72) | P(19), 0, DO(activity_end_seen), STA19, "7.28.1"},
    {STA19, SPDU_MIA, P(17) | P(21), 0, DO(sync_minor_ack_seen), STA19, "7.28.1"},
    {STA19, SPDU_MIP, P(14) | P(19), 0, DO(sync_minor_seen), STA19, "7.28.1"},
    {STA19, SPDU_AD, P(34) | P(40), 0, DO(activity_discard_ind), STA11C, "7.33.2"},
    {STA19, SPDU_AI, P(34) | P(40), 0, DO(activity_interrupt_ind), STA11B, "7.31.2"},
    {STA19, SPDU_ED, P(50), 0, DO(user_exception_ind), STA19, "7.28.2"},
    {STA19, SPDU_ER, P(50), 0, DO(provider_exception_ind), STA19, "7.27.2"},
    {STA19, SPDU_GT, P(60), 0, DO(give_tokens_ind), STA19, "7.16.2"},
    {STA19, SPDU_GT, P(61), 0, DO(give_tokens_ind), STA713, "7.16.2"},
    {STA19, SPDU_PT, P(53), 0, DO(ignore), STA19, "7.28.1"},
    {STA19, SPDU_FN, P(68), 0, DO(ignore), STA19, "7.28.1"},
    ROWS_ABORT(STA19),

    /* STA20 wait for recovery, having received ED or ER */
    {STA20, SPDU_DT, P(05), 0, DO(ignore), STA20, "7.28.2"},
    {STA20, SPDU_AEA, P(20), 0, DO(ignore), STA20, "7.28.2"},
    {STA20, SPDU_AE, P(72) | P(19), 0, DO(activity_end_seen), STA20, "7.28.2"},
    {STA20, SPDU_MIA, P(17) | P(21), 0, DO(ignore), STA20, "7.28.2"},
    {STA20, SPDU_MIP, P(14) | P(19), 0, DO(sync_minor_seen), STA20, "7.28.2"},
    {STA20, SPDU_AD, P(34) | P(40), 0, DO(activity_discard_ind), STA11C, "7.33.2"},
    {STA20, SPDU_AI, P(34) | P(40), 0, DO(activity_interrupt_ind), STA11B, "7.31.2"},
    {STA20, SACTDREQ, P(34) | P(11), 0, DO(activity_discard), STA05C, "7.33.1"},
    {STA20, SACTIREQ, P(34) | P(11), 0, DO(activity_interrupt), STA05B, "7.31.1"},
    {STA20, SPDU_GT, P(60), 0, DO(give_tokens_ind), STA20, "7.16.2"},
    {STA20, SPDU_GT, P(61), 0, DO(give_tokens_ind), STA713, "7.16.2"},
    {STA20, SPDU_PT, P(53), 0, DO(ignore), STA20, "7.28.2"},
    {STA20, SGTREQ, P(57), 0, DO(give_tokens), STA20, "7.16.1"},
    {STA20, SGTREQ, P(58), 0, DO(give_tokens), STA713, "7.16.1"},
    {STA20, SPDU_FN, P(68), 0, DO(ignore), STA20, "7.28.2"},
    ROWS_ABORT(STA20),

    /* STA713 data transfer */
    {STA713, SPDU_DT, P(05), 0, DO(data_ind), STA713, "7.11.2"},
    {STA713, SDTREQ, P(03), 0, DO(send_data), STA713, "7.11.1"},
    {STA713, SPDU_AE, P(72) | P(19), 0, DO(activity_end_ind), STA10B, "7.35.2"},
    {STA713, SPDU_MIA, P(17) | P(21), 0, DO(sync_minor_cnf), STA713, "7.21.2"},
    {STA713, SPDU_MIP, P(14) | P(19), 0, DO(sync_minor_ind), STA713, "7.20.2"},
    {STA713, SACTEREQ, P(71), 0, DO(activity_end), STA04B, "7.35.1"},
    {STA713, SSYNMREQ, P(15), 0, DO(sync_minor), STA713, "7.20.1"},
    {STA713, SSYNMRSP, P(18) | P(21), 0, DO(sync_minor_rsp), STA713, "7.21.1"},
    {STA713, SPDU_AD, P(34) | P(40), 0, DO(activity_discard_ind), STA11C, "7.33.2"},
    {STA713, SPDU_AI, P(34) | P(40), 0, DO(activity_interrupt_ind), STA11B, "7.31.2"},
    {STA713, SACTDREQ, P(34) | P(39), 0, DO(activity_discard), STA05C, "7.33.1"},
    {STA713, SACTIREQ, P(34) | P(39), 0, DO(activity_interrupt), STA05B, "7.31.1"},
    {STA713, SPDU_AR, P(44), 0, DO(activity_resume_ind), STA713, "7.30.2"},
    {STA713, SPDU_AS, P(44), 0, DO(activity_start_ind), STA713, "7.29.2"},
    {STA713, SACTRREQ, P(45), 0, DO(activity_resume), STA713, "7.30.1"},
    {STA713, SACTSREQ, P(45), 0, DO(activity_start), STA713, "7.29.1"},
    {STA713, SPDU_ED, P(50), 0, DO(user_exception_ind), STA713, "7.28.2"},
    {STA713, SPDU_ED, P(51), 0, DO(user_exception_ind), STA20, "7.28.2"},
    {STA713, SPDU_ER, P(50), 0, DO(provider_exception_ind), STA713, "7.27.2"},
    {STA713, SPDU_ER, P(51), 0, DO(provider_exception_ind), STA20, "7.27.2"},
    {STA713, SPDU_GT, P(59), 0, DO(give_tokens_ind), STA713, "7.16.2"},
    {STA713, SPDU_GTC, P(62), 0, DO(give_control_ind), STA713, "7.18.2"},
    {STA713, SPDU_PT, P(53), 0, DO(please_tokens_ind), STA713, "7.17.2"},
    {STA713, SCGREQ, P(55), 0, DO(give_control), STA18, "7.18.1"},
    {STA713, SGTREQ, P(54), 0, DO(give_tokens), STA713, "7.16.1"},
    {STA713, SPTREQ, P(53), 0, DO(please_tokens), STA713, "7.17.1"},
    {STA713, SUERREQ, P(50), 0, DO(user_exception), STA19, "7.28.1"},
    {STA713, SPDU_FN, P(68), 0, DO(release_ind), STA09, "7.6.2"},
    {STA713, SRELREQ, P(63), 0, DO(send_finish), STA03, "7.6.1"},
    ROWS_ABORT(STA713),
};

/* In three states annex A answers every SPDU that has no cell of its own in the same way. */
static const struct session_row rows_any_spdu[] = {
    ROW_ALL(STA01, SPDU_TYPES, ignore, STA01, "6.6"),
    ROW_ALL(STA01C, SPDU_TYPES, disconnect, STA01, "A.4"),
    ROW_ALL(STA01D, SPDU_TYPES, disconnect, STA01, "A.4"),
    ROW_ALL(STA16, SPDU_TYPES, ignore, STA16, "A.4"),
};

static bool matches(const struct session_row *row, const struct session *session,
                    const struct session_event *event)
{
  guint64 named = row->when | row->unless;
  for (guint i = 0; named >> i != 0; i++) {
    guint64 bit = G_GUINT64_CONSTANT(1) << i;
    if (named & bit && session_holds((enum session_predicate)i, session, event) != ((row->when & bit) != 0))
      return false;
  }
  return true;
}

static const struct session_row *any_spdu_row(enum session_state state, guint event)
{
  for (gsize i = 0; event < SPDU_TYPES && i < G_N_ELEMENTS(rows_any_spdu); i++) {
    if (rows_any_spdu[i].state == state)
      return &rows_any_spdu[i];
  }
  return NULL;
}

const struct session_row *session_find_row(const struct session *session, const struct session_event *event)
{
  for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
    if (table[i].state == session->state && table[i].event == event->type &&
        matches(&table[i], session, event))
      return &table[i];
  }
  return any_spdu_row(session->state, event->type);
}

bool session_has_row(enum session_state state, guint event)
{
  for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
    if (table[i].state == state && table[i].event == event)
      return true;
  }
  return any_spdu_row(state, event) != NULL;
}

/* States in which the peer owes an answer, or its T-DISCONNECT. */
static bool is_waiting(enum session_state state)
{
  const guint64 waiting = 1 << STA01D | 1 << STA02A | 1 << STA02B | 1 << STA03 | 1 << STA04B | 1 << STA05B |
                          1 << STA05C | 1 << STA16 | 1 << STA18;
  return waiting >> state & 1;
}

static void keep_timer(struct session *session, enum session_state before)
{
  bool needed = is_waiting(session->state) && session->options.timer_ms != 0;
  if (needed ? session->timing && before == session->state : !session->timing)
    return;
  session_put(session, SESSION_TIMER)->ms = needed ? session->options.timer_ms : 0;
  session->timing = needed;
}

bool session_is_recovering(enum session_state state)
{
  const guint64 recovering = 1 << STA05B | 1 << STA05C | 1 << STA19 | 1 << STA20;
  return recovering >> state & 1;
}

void session_take_row(struct session *session, const struct session_row *row, struct session_event *event)
{
  enum session_state before = event->from = session->state;
  session->state = row->next;
  row->action(session, event);
  if (session_is_recovering(before) && session->state != before)
    session_drop_partial(session);
  /* without a timer nothing would end the wait for a peer that does not disconnect */
  if (session->state == STA16 && session->options.timer_ms == 0) {
    session_action_disconnect(session, NULL);
    session->state = STA01;
  }
  keep_timer(session, before);
}

void session_handle(struct session *session, struct session_event *event)
{
  const struct session_row *row = session_find_row(session, event);
  if (row != NULL)
    session_take_row(session, row, event);
  else if (event->spdu != NULL)
    session_abort(session, DISCONNECT_PROTOCOL_ERROR,
                  g_strdup_printf("protocol error of the peer: %s in state %s (X.225 A.4)",
                                  session_event_name(event->type), session_state_title(session->state)));
}

const char *session_state_title(enum session_state state)
{
  static const char *const titles[SESSION_STATES] = {
      [STA01] = "STA01 Idle, no transport connection",
      [STA01C] = "STA01C Idle, transport connected",
      [STA01D] = "STA01D Wait for the CONNECT DATA OVERFLOW SPDU",
      [STA02A] = "STA02A Wait for the ACCEPT SPDU",
      [STA02B] = "STA02B Wait for the OVERFLOW ACCEPT SPDU",
      [STA03] = "STA03 Wait for the DISCONNECT SPDU",
      [STA04B] = "STA04B Wait for the ACTIVITY END ACK SPDU",
      [STA05B] = "STA05B Wait for the ACTIVITY INTERRUPT ACK SPDU",
      [STA05C] = "STA05C Wait for the ACTIVITY DISCARD ACK SPDU",
      [STA08] = "STA08 Wait for S-CONNECT response",
      [STA09] = "STA09 Wait for S-RELEASE response",
      [STA10B] = "STA10B Wait for S-ACTIVITY-END response",
      [STA11B] = "STA11B Wait for S-ACTIVITY-INTERRUPT response",
      [STA11C] = "STA11C Wait for S-ACTIVITY-DISCARD response",
      [STA16] = "STA16 Wait for T-DISCONNECT indication",
      [STA18] = "STA18 Wait for the GIVE TOKENS ACK SPDU",
      [STA19] = "STA19 Wait for a recovery request or SPDU",
      [STA20] = "STA20 Wait for a recovery SPDU or request",
      [STA713] = "STA713 Data transfer",
  };
  return titles[state];
}

const char *session_event_name(guint type)
{
  static const char *const names[SESSION_EVENTS] = {
      [SCONREQ] = "S-CONNECT.req",
      [SCONRSP_ACCEPT] = "S-CONNECT.rsp (accept)",
      [SCONRSP_REJECT] = "S-CONNECT.rsp (reject)",
      [SDTREQ] = "S-DATA.req",
      [STDREQ] = "S-TYPED-DATA.req",
      [SGTREQ] = "S-TOKEN-GIVE.req",
      [SPTREQ] = "S-TOKEN-PLEASE.req",
      [SCGREQ] = "S-CONTROL-GIVE.req",
      [SSYNMREQ] = "S-SYNC-MINOR.req",
      [SSYNMRSP] = "S-SYNC-MINOR.rsp",
      [SACTSREQ] = "S-ACTIVITY-START.req",
      [SACTRREQ] = "S-ACTIVITY-RESUME.req",
      [SACTIREQ] = "S-ACTIVITY-INTERRUPT.req",
      [SACTIRSP] = "S-ACTIVITY-INTERRUPT.rsp",
      [SACTDREQ] = "S-ACTIVITY-DISCARD.req",
      [SACTDRSP] = "S-ACTIVITY-DISCARD.rsp",
      [SACTEREQ] = "S-ACTIVITY-END.req",
      [SACTERSP] = "S-ACTIVITY-END.rsp",
      [SUERREQ] = "S-U-EXCEPTION-REPORT.req",
      [SRELREQ] = "S-RELEASE.req",
      [SRELRSP_ACCEPT] = "S-RELEASE.rsp (accept)",
      [SRELRSP_REJECT] = "S-RELEASE.rsp (reject)",
      [SUABREQ] = "S-U-ABORT.req",
      [TDISIND] = "T-DISCONNECT.ind",
      [TIM] = "TIM",
  };
  return type < SPDU_TYPES ? session_spdu_name((enum session_spdu_type)type) : names[type];
}
