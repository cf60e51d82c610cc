/* p1.c - see p1.h: events, timers, the stream, and where RTSE's indications go. */
#include "mhs/p1.h"

#include "mhs/p1_machine.h"
#include "osi/secret.h"

enum { SEND_BLOCK = 64 << 10 }; /* octets gathered before they are told although other events wait */

/* --- names and events --- */

const char *p1_step_name(enum p1_step step)
{
  static const char *const names[] = {[P1_STEP_TRANSPORT] = "transport",
                                      [P1_STEP_SESSION] = "session",
                                      [P1_STEP_PRESENTATION] = "presentation",
                                      [P1_STEP_ACSE] = "acse",
                                      [P1_STEP_RTSE] = "rtse",
                                      [P1_STEP_BIND] = "bind",
                                      [P1_STEP_TRANSFER] = "transfer"};
  return names[step];
}

static const char *const mode_names[] = {
    [P1_MODE_1988_NORMAL] = "1988-normal", [P1_MODE_1988_X410] = "1988-x410", [P1_MODE_1984] = "1984"};

const char *p1_mode_name(enum p1_mode mode)
{
  return mode_names[mode];
}

bool p1_mode_parse(const char *text, enum p1_mode *mode_r)
{
  for (gsize i = 0; i < G_N_ELEMENTS(mode_names); i++) {
    if (g_strcmp0(text, mode_names[i]) == 0) {
      *mode_r = (enum p1_mode)i;
      return true;
    }
  }
  return false;
}

bool p1_mode_is_x410(enum p1_mode mode)
{
  return mode != P1_MODE_1988_NORMAL;
}

bool p1_mode_fits(enum p1_mode came, enum p1_mode wanted)
{
  return p1_mode_is_x410(came) == p1_mode_is_x410(wanted);
}

const char *p1_event_name(enum p1_event_type type)
{
  static const char *const names[] = {[P1_SEND] = "send",
                                      [P1_CLOSE] = "close",
                                      [P1_TIMER] = "timer",
                                      [P1_BIND] = "bind",
                                      [P1_RECOVER] = "recover",
                                      [P1_BOUND] = "bound",
                                      [P1_REFUSED] = "refused",
                                      [P1_READY] = "ready",
                                      [P1_TURN_ASKED] = "turn-asked",
                                      [P1_RELEASED] = "released",
                                      [P1_ABORTED] = "aborted",
                                      [P1_WANT_DATA] = "want-data",
                                      [P1_CHECKPOINT] = "checkpoint",
                                      [P1_SENT] = "sent",
                                      [P1_NOT_SENT] = "not-sent",
                                      [P1_RECEIVE_BEGIN] = "receive-begin",
                                      [P1_RECEIVE_RESUME] = "receive-resume",
                                      [P1_RECEIVE_DATA] = "receive-data",
                                      [P1_RECEIVE_CHECKPOINT] = "receive-checkpoint",
                                      [P1_RECEIVE_OVERSIZE] = "receive-oversize",
                                      [P1_RECEIVE_END] = "receive-end",
                                      [P1_RECEIVE_INTERRUPTED] = "receive-interrupted",
                                      [P1_RECEIVE_ABANDONED] = "receive-abandoned"};
  return names[type];
}

void p1_event_clear(struct p1_event *event)
{
  g_clear_pointer(&event->data, g_bytes_unref);
  p1_credentials_clear(&event->peer);
  p1_resumption_clear(&event->resumption);
  g_clear_pointer(&event->words, g_free);
}

struct p1_event *p1_put(struct p1_association *association, enum p1_event_type type)
{
  struct p1_event *event = outputs_put(&association->events);
  event->type = type;
  return event;
}

/* --- life --- */

struct p1_association *p1_association_new(const struct p1_options *options)
{
  struct p1_association *association = g_new0(struct p1_association, 1);
  association->options = *options;
  struct p1_options *own = &association->options;
  p1_credentials_copy(&own->local, &options->local);
  association->mode = options->mode;
  own->reference = g_strdup(options->reference);
  own->reference_time = g_strdup(options->reference_time);
  association->out = g_byte_array_new();
  association->bind_out = true;
  p1_resume_init(association, options);
  association->events = OUTPUTS_INIT(struct p1_event, p1_event_clear);
  p1_stack_new(association);
  return association;
}

void p1_association_free(struct p1_association *association)
{
  if (association == NULL) {
    return;
  }
  p1_stack_free(association);
  outputs_clear(&association->events);
  g_byte_array_unref(association->out);
  p1_forget_segment(association);
  p1_resume_clear(association);
  p1_credentials_clear(&association->options.local);
  g_free(association->options.reference);
  g_free(association->options.reference_time);
  g_free(association->transport_words);
  g_free(association);
}

/* --- how an association ends --- */

void p1_tell_failure(struct p1_association *association, enum p1_event_type type, enum p1_step step,
                     bool by_peer, bool permanent, const char *words)
{
  struct p1_event *event = p1_put(association, type);
  event->step = step;
  event->by_peer = by_peer;
  event->permanent = permanent;
  event->words = g_strdup(words);
}

/* Tells what was open, then the end; once. */
void p1_end(struct p1_association *association, enum p1_event_type type, enum p1_step step, bool by_peer,
            bool permanent, const char *words)
{
  if (association->over) {
    return;
  }
  association->over = true;
  if (association->phase != P1_PHASE_CLOSED) {
    association->phase = P1_PHASE_CLOSING;
  }
  p1_forget_segment(association);
  if (association->sending) {
    association->sending = false;
    p1_tell_not_sent(association, step, by_peer, false, P1_OUTCOME_INTERRUPTED, words);
  }
  if (association->receiving) {
    p1_tell_interrupted(association, step, by_peer, words);
  }
  p1_tell_failure(association, type, step, by_peer, permanent, words);
  struct p1_event *event = outputs_last(&association->events);
  event->abort_reason = P1_ABORT_NONE;
  event->turn_here = association->turn_here;
}

void p1_fault(struct p1_association *association, const GError *error)
{
  g_autofree char *words = g_strdup_printf("error on this side: %s", error->message);
  p1_end(association, P1_ABORTED, P1_STEP_RTSE, false, false, words);
  transport_disconnect(association->transport, 0);
}

/* Ends it from here: by RTAB when there is an association to abort, else by ending the transport connection.
 */
void p1_abort_here(struct p1_association *association, enum p1_step step, enum rtse_abort reason,
                   const char *words)
{
  bool told = association->over;
  p1_end(association, P1_ABORTED, step, false, false, words);
  if (association->opened) {
    if (!told) {
      ((struct p1_event *)outputs_last(&association->events))->abort_reason = (enum p1_abort_reason)reason;
    }
    (void)rtse_abort(association->rtse, reason, NULL);
  } else {
    transport_disconnect(association->transport, 128);
  }
}

/* --- timers --- */

static guint phase_ms(const struct p1_association *association)
{
  switch (association->phase) {
  case P1_PHASE_CONNECTING:
  case P1_PHASE_BINDING:
    return association->options.connect_ms;
  case P1_PHASE_CLOSING:
    return association->options.release_ms;
  case P1_PHASE_BOUND:
    /* Session times the answers that are its own; a closed window and a transfer that stops half way are not.
     */
    return rtse_awaits(association->rtse) != NULL ? association->options.answer_ms : 0;
  default:
    return 0;
  }
}

/* After every call: one timer for what the peer owes, started again when something moved during a transfer.
 */
static void keep_timer(struct p1_association *association, enum p1_phase before)
{
  guint ms = phase_ms(association);
  bool again = ms != 0 && (association->phase != before ||
                           (association->phase == P1_PHASE_BOUND && association->progress));
  if (ms != association->phase_ms || again) {
    struct p1_event *event = p1_put(association, P1_TIMER);
    event->timer = P1_TIMER_PHASE;
    event->ms = ms;
  }
  association->phase_ms = ms;
  association->progress = false;
}

/* Every entry point ends here. */
void p1_run(struct p1_association *association, enum p1_phase before)
{
  p1_stack_run(association);
  if (association->phase == P1_PHASE_CLOSED && before != P1_PHASE_CLOSED) {
    /* The layers above had their say; without one the transport's words are the end. */
    const char *words =
        association->transport_words != NULL ? association->transport_words : "the connection ended";
    bool refused =
        association->options.initiator && !association->transport_up && association->transport_by_peer;
    p1_end(association, refused ? P1_REFUSED : P1_ABORTED, P1_STEP_TRANSPORT, association->transport_by_peer,
           false, words);
    keep_timer(association, before);
    p1_keep_resume_timer(association);
    (void)p1_put(association, P1_CLOSE);
    return;
  }
  keep_timer(association, before);
  p1_keep_resume_timer(association);
}

static const char *connect_awaits(const struct p1_association *association)
{
  if (association->phase == P1_PHASE_BINDING) {
    return "our own decision on the bind did not come";
  }
  if (!association->transport_up) {
    return association->options.initiator
               ? "the peer's transport did not answer (CC): is it RFC 1006 at that port?"
               : "no transport connection was opened (CR)";
  }
  return association->options.initiator ? "the peer did not answer the opening of the session and the bind"
                                        : "no bind came";
}

static void phase_over(struct p1_association *association)
{
  g_autofree char *words = NULL;
  switch (association->phase) {
  case P1_PHASE_CONNECTING:
  case P1_PHASE_BINDING:
    words = g_strdup_printf("after %u s: %s", association->options.connect_ms / 1000,
                            connect_awaits(association));
    p1_abort_here(association, association->transport_up ? P1_STEP_SESSION : P1_STEP_TRANSPORT,
                  RTSE_TEMPORARY_PROBLEM, words);
    break;
  case P1_PHASE_BOUND:
    if (rtse_awaits(association->rtse) != NULL) {
      words = g_strdup_printf("after %u s the peer still owes %s", association->options.answer_ms / 1000,
                              rtse_awaits(association->rtse));
      p1_abort_here(association, P1_STEP_TRANSFER, RTSE_TEMPORARY_PROBLEM, words);
    }
    break;
  case P1_PHASE_CLOSING:
    p1_end(association, P1_ABORTED, P1_STEP_RTSE, false, false, "the peer did not answer the release");
    transport_disconnect(association->transport, 128);
    break;
  default:
    break;
  }
}

void p1_association_timeout(struct p1_association *association, guint timer)
{
  enum p1_phase before = association->phase;
  switch (timer) {
  case P1_TIMER_PHASE:
    association->phase_ms = 0; /* it has run out */
    phase_over(association);
    break;
  case P1_TIMER_TRANSPORT:
    transport_timeout(association->transport);
    break;
  case P1_TIMER_SESSION:
    session_timeout(association->session);
    break;
  case P1_TIMER_RESUME:
    (void)rtse_go_on(association->rtse, NULL);
    break;
  default:
    break;
  }
  p1_run(association, before);
}

/* --- the stream --- */

void p1_association_connected(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  if (association->phase == P1_PHASE_NEW) {
    association->phase = P1_PHASE_CONNECTING;
    if (association->options.initiator) {
      transport_connect(association->transport);
    }
  }
  p1_run(association, before);
}

void p1_association_input(struct p1_association *association, const guint8 *data, gsize length)
{
  enum p1_phase before = association->phase;
  if (association->phase == P1_PHASE_NEW) {
    association->phase = P1_PHASE_CONNECTING;
  }
  association->progress = true;
  transport_input(association->transport, data, length);
  p1_run(association, before);
}

void p1_association_lost(struct p1_association *association, const char *why)
{
  enum p1_phase before = association->phase;
  if (association->phase != P1_PHASE_CLOSED) {
    transport_lost(association->transport, why != NULL ? why : "the TCP connection ended");
  }
  p1_run(association, before);
}

bool p1_association_next(struct p1_association *association, struct p1_event *event_r)
{
  const struct p1_event *first = outputs_first(&association->events);
  /* What one step wrote goes out in one piece, when nothing more is to be said; large pieces and farewells at
   * once. */
  bool send = association->out->len > 0 &&
              (first == NULL || first->type == P1_CLOSE || association->out->len >= SEND_BLOCK);
  if (send) {
    GBytes *octets = g_byte_array_free_to_bytes(association->out);
    *event_r =
        (struct p1_event){.type = P1_SEND, .data = association->bind_out ? osi_secret_bytes(octets) : octets};
    association->bind_out = association->bind_out && association->phase < P1_PHASE_BOUND;
    association->out = g_byte_array_new();
    return true;
  }
  return outputs_next(&association->events, event_r);
}

/* --- RTSE's indications --- */

void p1_rtse_indication(struct p1_association *association, struct rtse_indication *indication)
{
  if (association->over) {
    return;
  }
  switch (indication->type) {
  case RT_OPEN_IND:
    p1_on_open_ind(association, indication);
    break;
  case RT_OPEN_ACCEPTED:
    p1_on_open_accepted(association, indication);
    break;
  case RT_OPEN_REFUSED:
    p1_on_open_refused(association, indication);
    break;
  case RT_CLOSE_IND:
    (void)rtse_close_accept(association->rtse, NULL);
    association->over = true;
    association->phase = P1_PHASE_CLOSING;
    (void)p1_put(association, P1_RELEASED);
    break;
  case RT_CLOSE_CNF:
    association->over = true;
    (void)p1_put(association, P1_RELEASED);
    break;
  case RT_TURN:
    association->turn_here = true;
    p1_on_turn(association);
    break;
  case RT_TURN_PLEASE_IND:
    p1_put(association, P1_TURN_ASKED)->priority = indication->priority;
    break;
  case RT_WANT:
    p1_on_want(association, indication->want);
    break;
  case RT_CHECKPOINT:
    p1_on_checkpoint(association, indication);
    break;
  case RT_TRANSFERRED:
  case RT_NOT_TRANSFERRED:
    p1_on_transfer_over(association, indication);
    break;
  case RT_BEGIN:
    p1_on_begin(association, indication);
    break;
  case RT_RESUME_IND:
    p1_on_resume(association, indication);
    break;
  case RT_CHECKPOINT_IND:
    p1_on_checkpoint_in(association, indication);
    break;
  case RT_SEGMENT:
    p1_on_segment(association, indication);
    break;
  case RT_TRANSFER_IND:
    association->ends++;
    (void)p1_put(association, P1_RECEIVE_END);
    break;
  case RT_INTERRUPTED:
    p1_tell_interrupted(association, P1_STEP_TRANSFER, indication->failure.by_peer, indication->failure.words);
    break;
  case RT_ABANDONED:
    association->receiving = false;
    p1_tell_failure(association, P1_RECEIVE_ABANDONED, P1_STEP_TRANSFER, indication->failure.by_peer, false,
                    indication->failure.words);
    break;
  case RT_ABORT_IND:
    p1_on_abort(association, indication);
    break;
  }
}

bool p1_association_is_over(const struct p1_association *association)
{
  return association->over;
}

char *p1_association_describe(const struct p1_association *association)
{
  g_autofree char *contexts = presentation_contexts_describe(association->presentation);
  return g_strdup_printf("transport %s, %u octets a TPDU; session %s; presentation %s (%s); ACSE %s; RTSE %s",
                         association->phase == P1_PHASE_CLOSED ? "closed"
                         : association->transport_up           ? "open"
                                                               : "opening",
                         transport_tpdu_max(association->transport), session_state_name(association->session),
                         presentation_state_name(association->presentation), contexts,
                         acse_state_name(association->acse), rtse_state_name(association->rtse));
}
