/* p1.c - see p1.h: the relay's side of an association, and what RTSE's indications mean for P1. */
#include "mhs/p1.h"

#include <string.h>

#include "mhs/p1_bind.h"
#include "mhs/p1_machine.h"
#include "osi/tlv.h"

enum {
  SEND_BLOCK = 64 << 10, /* octets gathered before they are told although other events wait */
  TAG_EXTERNAL = 0x28,
  TAG_INTEGER = 0x02,
  TAG_SINGLE_TYPE = 0xa0
};

/* --- names and events
 * ------------------------------------------------------------------------------------------------------ */

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

const char *p1_event_name(enum p1_event_type type)
{
  static const char *const names[] = {[P1_SEND] = "send",
                                      [P1_CLOSE] = "close",
                                      [P1_TIMER] = "timer",
                                      [P1_BIND] = "bind",
                                      [P1_BOUND] = "bound",
                                      [P1_REFUSED] = "refused",
                                      [P1_READY] = "ready",
                                      [P1_TURN_ASKED] = "turn-asked",
                                      [P1_RELEASED] = "released",
                                      [P1_ABORTED] = "aborted",
                                      [P1_WANT_DATA] = "want-data",
                                      [P1_SENT] = "sent",
                                      [P1_NOT_SENT] = "not-sent",
                                      [P1_RECEIVE_BEGIN] = "receive-begin",
                                      [P1_RECEIVE_DATA] = "receive-data",
                                      [P1_RECEIVE_OVERSIZE] = "receive-oversize",
                                      [P1_RECEIVE_END] = "receive-end",
                                      [P1_RECEIVE_ABANDONED] = "receive-abandoned"};
  return names[type];
}

void p1_event_clear(struct p1_event *event)
{
  g_clear_pointer(&event->data, g_bytes_unref);
  p1_credentials_clear(&event->peer);
  g_clear_pointer(&event->words, g_free);
}

struct p1_event *p1_put(struct p1_association *association, enum p1_event_type type)
{
  struct p1_event *event = g_new0(struct p1_event, 1);
  event->type = type;
  g_queue_push_tail(&association->events, event);
  return event;
}

static void event_free(gpointer data)
{
  p1_event_clear(data);
  g_free(data);
}

/* --- life
 * --------------------------------------------------------------------------------------------------------------------
 */

struct p1_association *p1_association_new(const struct p1_options *options)
{
  struct p1_association *association = g_new0(struct p1_association, 1);
  association->options = *options;
  struct p1_options *own = &association->options;
  own->local.mta_name = g_strdup(options->local.mta_name);
  own->local.password = options->local.password != NULL ? g_bytes_ref(options->local.password) : NULL;
  own->reference = g_strdup(options->reference);
  own->reference_time = g_strdup(options->reference_time);
  association->out = g_byte_array_new();
  g_queue_init(&association->events);
  p1_stack_new(association);
  return association;
}

static void forget_segment(struct p1_association *association)
{
  g_clear_pointer(&association->segment, g_byte_array_unref);
  association->want = 0;
}

void p1_association_free(struct p1_association *association)
{
  if (association == NULL) {
    return;
  }
  p1_stack_free(association);
  g_queue_clear_full(&association->events, event_free);
  g_byte_array_unref(association->out);
  forget_segment(association);
  p1_credentials_clear(&association->options.local);
  g_free(association->options.reference);
  g_free(association->options.reference_time);
  g_free(association->transport_words);
  g_free(association);
}

/* --- how an association ends
 * --------------------------------------------------------------------------------------------------- */

static void tell_failure(struct p1_association *association, enum p1_event_type type, enum p1_step step,
                         bool by_peer, bool permanent, const char *words)
{
  struct p1_event *event = p1_put(association, type);
  event->step = step;
  event->by_peer = by_peer;
  event->permanent = permanent;
  event->words = g_strdup(words);
}

/* Tells what was open, then the end; once. */
static void end(struct p1_association *association, enum p1_event_type type, enum p1_step step, bool by_peer,
                bool permanent, const char *words)
{
  if (association->over) {
    return;
  }
  association->over = true;
  if (association->phase != P1_PHASE_CLOSED) {
    association->phase = P1_PHASE_CLOSING;
  }
  forget_segment(association);
  if (association->sending) {
    association->sending = false;
    tell_failure(association, P1_NOT_SENT, step, by_peer, false, words);
  }
  if (association->receiving) {
    association->receiving = false;
    tell_failure(association, P1_RECEIVE_ABANDONED, step, by_peer, false, words);
  }
  tell_failure(association, type, step, by_peer, permanent, words);
}

static enum p1_step step_of(enum osi_layer layer)
{
  static const enum p1_step steps[] = {
      [OSI_LAYER_NONE] = P1_STEP_RTSE,       [OSI_LAYER_TRANSPORT] = P1_STEP_TRANSPORT,
      [OSI_LAYER_SESSION] = P1_STEP_SESSION, [OSI_LAYER_PRESENTATION] = P1_STEP_PRESENTATION,
      [OSI_LAYER_ACSE] = P1_STEP_ACSE,       [OSI_LAYER_RTSE] = P1_STEP_RTSE};
  return steps[layer];
}

void p1_fault(struct p1_association *association, const GError *error)
{
  g_autofree char *words = g_strdup_printf("error on this side: %s", error->message);
  end(association, P1_ABORTED, P1_STEP_RTSE, false, false, words);
  transport_disconnect(association->transport, 0);
}

/* Ends it from here: by RTAB when there is an association to abort, else by ending the transport connection.
 */
static void abort_here(struct p1_association *association, enum p1_step step, enum rtse_abort reason,
                       const char *words)
{
  end(association, P1_ABORTED, step, false, false, words);
  if (association->opened) {
    (void)rtse_abort(association->rtse, reason, NULL);
  } else {
    transport_disconnect(association->transport, 128);
  }
}

/* --- timers
 * ----------------------------------------------------------------------------------------------------------------------
 */

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
static void run(struct p1_association *association, enum p1_phase before)
{
  p1_stack_run(association);
  if (association->phase == P1_PHASE_CLOSED && before != P1_PHASE_CLOSED) {
    /* The layers above had their say; without one the transport's words are the end. */
    const char *words =
        association->transport_words != NULL ? association->transport_words : "the connection ended";
    bool refused =
        association->options.initiator && !association->transport_up && association->transport_by_peer;
    end(association, refused ? P1_REFUSED : P1_ABORTED, P1_STEP_TRANSPORT, association->transport_by_peer,
        false, words);
    keep_timer(association, before);
    (void)p1_put(association, P1_CLOSE);
    return;
  }
  keep_timer(association, before);
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
    abort_here(association, association->transport_up ? P1_STEP_SESSION : P1_STEP_TRANSPORT,
               RTSE_TEMPORARY_PROBLEM, words);
    break;
  case P1_PHASE_BOUND:
    if (rtse_awaits(association->rtse) != NULL) {
      words = g_strdup_printf("after %u s the peer still owes %s", association->options.answer_ms / 1000,
                              rtse_awaits(association->rtse));
      abort_here(association, P1_STEP_TRANSFER, RTSE_TEMPORARY_PROBLEM, words);
    }
    break;
  case P1_PHASE_CLOSING:
    end(association, P1_ABORTED, P1_STEP_RTSE, false, false, "the peer did not answer the release");
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
  default:
    break;
  }
  run(association, before);
}

/* --- the stream
 * --------------------------------------------------------------------------------------------------------------------
 */

void p1_association_connected(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  if (association->phase == P1_PHASE_NEW) {
    association->phase = P1_PHASE_CONNECTING;
    if (association->options.initiator) {
      transport_connect(association->transport);
    }
  }
  run(association, before);
}

void p1_association_input(struct p1_association *association, const guint8 *data, gsize length)
{
  enum p1_phase before = association->phase;
  if (association->phase == P1_PHASE_NEW) {
    association->phase = P1_PHASE_CONNECTING;
  }
  association->progress = true;
  transport_input(association->transport, data, length);
  run(association, before);
}

void p1_association_lost(struct p1_association *association, const char *why)
{
  enum p1_phase before = association->phase;
  if (association->phase != P1_PHASE_CLOSED) {
    transport_lost(association->transport, why != NULL ? why : "the TCP connection ended");
  }
  run(association, before);
}

bool p1_association_next(struct p1_association *association, struct p1_event *event_r)
{
  const struct p1_event *first = g_queue_peek_head(&association->events);
  /* What one step wrote goes out in one piece, when nothing more is to be said; large pieces and farewells at
   * once. */
  bool send = association->out->len > 0 &&
              (first == NULL || first->type == P1_CLOSE || association->out->len >= SEND_BLOCK);
  if (send) {
    *event_r = (struct p1_event){.type = P1_SEND, .data = g_byte_array_free_to_bytes(association->out)};
    association->out = g_byte_array_new();
    return true;
  }
  if (first == NULL) {
    return false;
  }
  g_autofree struct p1_event *event = g_queue_pop_head(&association->events);
  *event_r = *event;
  return true;
}

/* --- the bind
 * ------------------------------------------------------------------------------------------------------------------------
 */

/* X.228 9: an OCTET STRING and a UTCTime, encoded, as the session connection identifier's parts. */
static GBytes *reference_part(guint8 tag, const char *text)
{
  if (text == NULL || text[0] == '\0') {
    return NULL;
  }
  gsize length = MIN(strlen(text), 60); /* X.225 8.3.1: at most 64 octets */
  GByteArray *octets = g_byte_array_new();
  tlv_put(octets, tag, length);
  g_byte_array_append(octets, (const guint8 *)text, (guint)length);
  return g_byte_array_free_to_bytes(octets);
}

void p1_open(struct p1_association *association)
{
  const struct p1_options *options = &association->options;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) argument = p1_bind_write_argument(&options->local, options->password_form, &error);
  if (argument == NULL) {
    p1_fault(association, error);
    return;
  }
  struct presentation_primitive connect = {
      .session = {.calling = options->local_ssel,
                  .called = options->remote_ssel,
                  .reference = {.calling_user = reference_part(0x04, options->reference),
                                .common = reference_part(0x17, options->reference_time)}}};
  association->opened = true;
  if (!rtse_open(association->rtse,
                 options->dialogue == P1_MONOLOGUE ? RTSE_MONOLOGUE : RTSE_TWO_WAY_ALTERNATE, argument,
                 &connect, &error)) {
    p1_fault(association, error);
  }
  presentation_primitive_clear(&connect);
}

static struct p1_event *tell_bound(struct p1_association *association, const struct rtse_terms *terms)
{
  struct p1_event *event = p1_put(association, P1_BOUND);
  event->checkpoint_size = terms->checkpoint_size;
  event->window = terms->window;
  event->session_version = terms->version;
  event->tpdu_max = transport_tpdu_max(association->transport);
  event->dialogue = terms->dialogue == RTSE_MONOLOGUE ? P1_MONOLOGUE : P1_TWO_WAY_ALTERNATE;
  association->phase = P1_PHASE_BOUND;
  return event;
}

static void refuse(struct p1_association *association, enum p1_bind_error bind_error)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) octets = p1_bind_write_error(bind_error, NULL);
  if (!rtse_open_refuse(association->rtse, bind_error != P1_BIND_BUSY, octets, &error)) {
    p1_fault(association, error);
  }
}

static void on_open_ind(struct p1_association *association, struct rtse_indication *indication)
{
  struct p1_credentials peer = {0};
  g_autoptr(GError) error = NULL;
  association->opened = true;
  association->terms = indication->terms;
  if (!p1_bind_read_argument(indication->user_data, &peer, &error)) {
    refuse(association, P1_BIND_AUTHENTICATION_ERROR);
    end(association, P1_ABORTED, P1_STEP_BIND, false, true, error->message);
  } else if (indication->terms.dialogue == RTSE_TWO_WAY_ALTERNATE &&
             association->options.dialogue == P1_MONOLOGUE) {
    refuse(association, P1_BIND_UNACCEPTABLE_DIALOGUE_MODE);
    end(association, P1_ABORTED, P1_STEP_BIND, false, true,
        "the peer asks for a two-way-alternate association; only monologues are set up for it here");
  } else {
    struct p1_event *event = p1_put(association, P1_BIND);
    event->peer = peer;
    event->calling_tsel = association->calling_tsel;
    event->called_tsel = association->called_tsel;
    association->phase = P1_PHASE_BINDING;
    return;
  }
  p1_credentials_clear(&peer);
}

void p1_association_bind_accept(struct p1_association *association, const struct p1_credentials *local,
                                enum p1_password_form form)
{
  enum p1_phase before = association->phase;
  g_autoptr(GError) error = NULL;
  if (association->phase != P1_PHASE_BINDING) {
    return;
  }
  g_autoptr(GBytes) result = p1_bind_write_result(local, form, &error);
  (void)tell_bound(association, &association->terms);
  if (result == NULL || !rtse_open_accept(association->rtse, result, &error)) {
    p1_fault(association, error);
  }
  run(association, before);
}

void p1_association_bind_refuse(struct p1_association *association, enum p1_bind_error error)
{
  enum p1_phase before = association->phase;
  if (association->phase != P1_PHASE_BINDING) {
    return;
  }
  refuse(association, error);
  /* Whoever refuses needs not be told so. */
  association->over = true;
  association->phase = P1_PHASE_CLOSING;
  run(association, before);
}

static void on_open_accepted(struct p1_association *association, struct rtse_indication *indication)
{
  struct p1_credentials peer = {0};
  g_autoptr(GError) error = NULL;
  if (p1_bind_read_result(indication->user_data, &peer, &error)) {
    tell_bound(association, &indication->terms)->peer = peer;
    return;
  }
  p1_credentials_clear(&peer);
  abort_here(association, P1_STEP_BIND, RTSE_PERMANENT_PROBLEM, error->message);
}

static char *bind_error_words(const struct p1_association *association, enum p1_bind_error error)
{
  const char *name = association->options.local.mta_name;
  switch (error) {
  case P1_BIND_BUSY:
    return g_strdup("the peer is busy: it takes no further association now");
  case P1_BIND_AUTHENTICATION_ERROR:
    if (name == NULL) {
      return g_strdup(
          "authentication error: the peer takes no bind without name and password; set local-mta and "
          "local-password");
    }
    return g_strdup_printf(
        "authentication error: either the peer does not know our MTA name \"%s\", or its password for "
        "us is another than ours, or it does not take us at this address; its log tells which",
        name);
  case P1_BIND_UNACCEPTABLE_DIALOGUE_MODE:
    return g_strdup_printf(
        "unacceptable dialogue mode: the peer takes no %s association; change the dialogue here",
        association->options.dialogue == P1_MONOLOGUE ? "monologue" : "two-way-alternate");
  case P1_BIND_UNACCEPTABLE_SECURITY_CONTEXT:
    return g_strdup(
        "unacceptable security context: the peer wants security labels, which are not offered here");
  case P1_BIND_INADEQUATE_ASSOCIATION_CONFIDENTIALITY:
    return g_strdup("inadequate association confidentiality: the peer wants the association protected (TLS)");
  }
  return g_strdup_printf("bind error %u, which X.411 12.1.1 does not know", (guint)error);
}

static void on_open_refused(struct p1_association *association, struct rtse_indication *indication)
{
  const struct osi_failure *failure = &indication->failure;
  enum p1_bind_error error;
  if (indication->user_data != NULL && p1_bind_read_error(indication->user_data, &error)) {
    g_autofree char *words = bind_error_words(association, error);
    end(association, P1_REFUSED, P1_STEP_BIND, true, error != P1_BIND_BUSY, words);
    struct p1_event *event = g_queue_peek_tail(&association->events);
    event->bind_error = error;
    event->bind_error_given = true;
    return;
  }
  end(association, P1_REFUSED, step_of(failure->layer), failure->by_peer, failure->permanent, failure->words);
}

/* --- transfers
 * -----------------------------------------------------------------------------------------------------------------------
 */

/* X.419 12, X.208 34; capture: the MTS-APDU in an EXTERNAL of the MTSE's context. */
static GByteArray *external_header(const struct p1_association *association, guint64 size)
{
  guint context = presentation_context_of(association->presentation, OID_AS_MTSE);
  if (context == 0) {
    context = presentation_context_of(association->presentation, OID_AS_MTA_RTSE);
  }
  gsize inner = 2 + tlv_uint_size(context) + tlv_header_size(size) + size;
  GByteArray *header = g_byte_array_new();
  tlv_put(header, TAG_EXTERNAL, inner);
  tlv_put_uint(header, TAG_INTEGER, context);
  tlv_put(header, TAG_SINGLE_TYPE, size);
  return header;
}

bool p1_association_transfer(struct p1_association *association, guint64 size, GError **error)
{
  enum p1_phase before = association->phase;
  g_autoptr(GByteArray) header = external_header(association, size);
  if (!rtse_transfer(association->rtse, header->len + size, error)) {
    return false;
  }
  association->sending = true;
  association->segment = g_steal_pointer(&header);
  run(association, before);
  return true;
}

static void give_segment(struct p1_association *association, GBytes *data)
{
  association->want = 0;
  (void)rtse_data(association->rtse, data, NULL);
}

static void on_want(struct p1_association *association, gsize want)
{
  gsize have = association->segment != NULL ? association->segment->len : 0;
  association->want = want - MIN(want, have);
  if (association->want == 0) {
    /* Only an APDU of no octets: its header is all. */
    g_autoptr(GBytes) data = g_byte_array_free_to_bytes(g_steal_pointer(&association->segment));
    give_segment(association, data);
    return;
  }
  p1_put(association, P1_WANT_DATA)->want = association->want;
}

static void discard(struct p1_association *association)
{
  forget_segment(association);
  (void)rtse_discard(association->rtse, NULL);
}

void p1_association_data(struct p1_association *association, GBytes *data)
{
  enum p1_phase before = association->phase;
  gsize length;
  const guint8 *octets = g_bytes_get_data(data, &length);
  association->progress = true;
  if (association->want == 0) {
    return;
  }
  if (length == 0 || length > association->want) {
    discard(association);
  } else if (length == association->want && association->segment == NULL) {
    give_segment(association, data);
  } else {
    if (association->segment == NULL) {
      association->segment = g_byte_array_new();
    }
    g_byte_array_append(association->segment, octets, (guint)length);
    association->want -= length;
    if (association->want > 0) {
      p1_put(association, P1_WANT_DATA)->want = association->want;
    } else {
      g_autoptr(GBytes) whole = g_byte_array_free_to_bytes(g_steal_pointer(&association->segment));
      give_segment(association, whole);
    }
  }
  run(association, before);
}

void p1_association_discard(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  discard(association);
  run(association, before);
}

static void on_transfer_over(struct p1_association *association, const struct rtse_indication *indication)
{
  const struct osi_failure *failure = &indication->failure;
  forget_segment(association);
  association->sending = false;
  if (indication->type == RT_TRANSFERRED) {
    (void)p1_put(association, P1_SENT);
  } else {
    tell_failure(association, P1_NOT_SENT, P1_STEP_TRANSFER, failure->by_peer, failure->permanent,
                 failure->words);
  }
}

static void on_segment(struct p1_association *association, const struct rtse_indication *indication)
{
  gsize max = association->options.receive_max;
  association->received += g_bytes_get_size(indication->data);
  if (association->oversize) {
    return;
  }
  if (max != 0 && association->received > max) {
    association->oversize = true;
    (void)p1_put(association, P1_RECEIVE_OVERSIZE);
    return;
  }
  p1_put(association, P1_RECEIVE_DATA)->data = g_bytes_ref(indication->data);
}

/* The relay commits while the peer may discard the transfer and even send the next one whole: an answer that comes late
 * must not be taken for the later transfer's.  True when this one answers what is open now. */
static bool takes_answer(struct p1_association *association)
{
  if (association->answers == association->ends) {
    return false;
  }
  association->answers++;
  return association->answers == association->ends;
}

void p1_association_confirm(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  if (takes_answer(association) && rtse_secured(association->rtse, NULL)) {
    association->receiving = false;
  }
  run(association, before);
}

void p1_association_reject(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  bool early = association->answers == association->ends; /* while it is still coming */
  if ((early || takes_answer(association)) && rtse_reject(association->rtse, NULL)) {
    association->receiving = false;
  }
  run(association, before);
}

/* --- the turn and the end
 * --------------------------------------------------------------------------------------------------------------
 */

void p1_association_ask_turn(struct p1_association *association, guint priority)
{
  enum p1_phase before = association->phase;
  (void)rtse_turn_please(association->rtse, priority, NULL);
  run(association, before);
}

void p1_association_give_turn(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  (void)rtse_turn_give(association->rtse, NULL);
  run(association, before);
}

static void close_now(struct p1_association *association)
{
  association->releasing = false;
  if (rtse_close(association->rtse, NULL)) {
    association->phase = P1_PHASE_CLOSING;
  } else {
    abort_here(association, P1_STEP_RTSE, RTSE_USER_ERROR,
               "ended here without release: this side may not release");
  }
}

void p1_association_release(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  if (association->over || association->phase == P1_PHASE_CLOSING) {
    return;
  }
  if (association->phase != P1_PHASE_BOUND) {
    abort_here(association, P1_STEP_BIND, RTSE_USER_ERROR, "ended here before the bind was done");
  } else if (association->sending ||
             (association->options.initiator && rtse_turn_please(association->rtse, 0, NULL))) {
    association->releasing = true;
  } else {
    close_now(association);
  }
  run(association, before);
}

void p1_association_abort(struct p1_association *association, const char *why)
{
  enum p1_phase before = association->phase;
  if (association->phase != P1_PHASE_CLOSED && !association->over) {
    abort_here(association, P1_STEP_RTSE, RTSE_USER_ERROR, why != NULL ? why : "aborted here");
  }
  run(association, before);
}

/* --- RTSE's indications
 * ------------------------------------------------------------------------------------------------------------------
 */

static void on_turn(struct p1_association *association)
{
  if (association->releasing) {
    close_now(association);
  } else {
    (void)p1_put(association, P1_READY);
  }
}

static void on_abort(struct p1_association *association, const struct rtse_indication *indication)
{
  const struct osi_failure *failure = &indication->failure;
  bool transport = association->transport_words != NULL;
  end(association, P1_ABORTED, transport ? P1_STEP_TRANSPORT : step_of(failure->layer),
      transport ? association->transport_by_peer : failure->by_peer, failure->permanent,
      transport ? association->transport_words : failure->words);
}

void p1_rtse_indication(struct p1_association *association, struct rtse_indication *indication)
{
  if (association->over) {
    return;
  }
  switch (indication->type) {
  case RT_OPEN_IND:
    on_open_ind(association, indication);
    break;
  case RT_OPEN_ACCEPTED:
    on_open_accepted(association, indication);
    break;
  case RT_OPEN_REFUSED:
    on_open_refused(association, indication);
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
    on_turn(association);
    break;
  case RT_TURN_PLEASE_IND:
    p1_put(association, P1_TURN_ASKED)->priority = indication->priority;
    break;
  case RT_WANT:
    on_want(association, indication->want);
    break;
  case RT_TRANSFERRED:
  case RT_NOT_TRANSFERRED:
    on_transfer_over(association, indication);
    break;
  case RT_BEGIN:
    association->receiving = true;
    association->oversize = false;
    association->received = 0;
    p1_put(association, P1_RECEIVE_BEGIN)->data = g_steal_pointer(&indication->activity);
    break;
  case RT_SEGMENT:
    on_segment(association, indication);
    break;
  case RT_TRANSFER_IND:
    association->ends++;
    (void)p1_put(association, P1_RECEIVE_END);
    break;
  case RT_ABANDONED:
    association->receiving = false;
    tell_failure(association, P1_RECEIVE_ABANDONED, P1_STEP_TRANSFER, indication->failure.by_peer, false,
                 indication->failure.words);
    break;
  case RT_ABORT_IND:
    on_abort(association, indication);
    break;
  }
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
