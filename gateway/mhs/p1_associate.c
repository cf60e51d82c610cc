/* p1_associate.c - a P1 association's beginning and end: the bind, release, abort. */
#include <string.h>

#include "mhs/p1_bind.h"
#include "mhs/p1_machine.h"
#include "osi/tlv.h"

static enum p1_step step_of(enum osi_layer layer)
{
  static const enum p1_step steps[] = {
      [OSI_LAYER_NONE] = P1_STEP_RTSE,       [OSI_LAYER_TRANSPORT] = P1_STEP_TRANSPORT,
      [OSI_LAYER_SESSION] = P1_STEP_SESSION, [OSI_LAYER_PRESENTATION] = P1_STEP_PRESENTATION,
      [OSI_LAYER_ACSE] = P1_STEP_ACSE,       [OSI_LAYER_RTSE] = P1_STEP_RTSE};
  return steps[layer];
}

/* --- the bind --- */

/* X.228 9: an OCTET STRING (in X.410 mode a T61String) and a UTCTime, encoded, as the session connection
 * identifier's parts. */
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
  g_autoptr(GBytes) argument =
      p1_bind_write_argument(options->mode, &options->local, options->password_form, &error);
  if (argument == NULL) {
    p1_fault(association, error);
    return;
  }
  struct presentation_primitive connect = {
      .session = {.calling = options->local_ssel,
                  .called = options->remote_ssel,
                  .reference = {.calling_user = reference_part(p1_mode_is_x410(options->mode) ? 0x14 : 0x04,
                                                               options->reference),
                                .common = reference_part(0x17, options->reference_time)}}};
  association->opened = true;
  p1_take_identifier(association, &connect.session.reference);
  enum rtse_dialogue dialogue = options->dialogue == P1_MONOLOGUE ? RTSE_MONOLOGUE : RTSE_TWO_WAY_ALTERNATE;
  bool opened;
  if (association->recover.calling != NULL) {
    opened = p1_open_recover(association, dialogue, &connect, &error);
  } else {
    opened = rtse_open(association->rtse, dialogue, argument, &connect, &error);
  }
  if (!opened) {
    p1_fault(association, error);
  }
  presentation_primitive_clear(&connect);
}

struct p1_event *p1_tell_bound(struct p1_association *association, const struct rtse_terms *terms)
{
  struct p1_event *event = p1_put(association, P1_BOUND);
  event->checkpoint_size = terms->checkpoint_size;
  event->window = terms->window;
  event->session_version = terms->version;
  event->tpdu_max = transport_tpdu_max(association->transport);
  event->dialogue = terms->dialogue == RTSE_MONOLOGUE ? P1_MONOLOGUE : P1_TWO_WAY_ALTERNATE;
  p1_session_identifier_copy(&event->resumption.session, &association->identifier);
  event->mode = association->mode;
  event->application_protocol = terms->x410 ? terms->protocol : P1_PROTOCOL_ABSENT;
  association->phase = P1_PHASE_BOUND;
  return event;
}

/* X.410 mode has a reason of RTSE's in place of the bind error; the two of security come down to who the peer
 * is. */
static enum rtse_refuse refuse_reason(enum p1_bind_error error)
{
  return error == P1_BIND_BUSY                         ? RTSE_REFUSE_BUSY
         : error == P1_BIND_UNACCEPTABLE_DIALOGUE_MODE ? RTSE_REFUSE_UNACCEPTABLE_DIALOGUE_MODE
                                                       : RTSE_REFUSE_VALIDATION_FAILURE;
}

static void refuse(struct p1_association *association, enum p1_bind_error bind_error)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) octets =
      p1_mode_is_x410(association->mode) ? NULL : p1_bind_write_error(bind_error, NULL);
  if (!rtse_open_refuse(association->rtse, refuse_reason(bind_error), octets, &error)) {
    p1_fault(association, error);
  }
}

/* X.419 12: which application it is that RTORQ opens.  False: none of ours. */
static bool recognise_mode(const struct rtse_terms *terms, enum p1_mode *mode_r)
{
  if (!terms->x410) {
    *mode_r = P1_MODE_1988_NORMAL;
    return true;
  }
  switch (terms->protocol) {
  case RTSE_PROTOCOL_ABSENT: /* X.410-1984: DEFAULT p1 */
  case RTSE_MTS_TRANSFER_1984:
    *mode_r = P1_MODE_1984;
    return true;
  case RTSE_MTS_TRANSFER:
  case RTSE_MTS_TRANSFER_SWAPPED:
    *mode_r = P1_MODE_1988_X410;
    return true;
  default:
    *mode_r = P1_MODE_1988_X410; /* for the refusal */
    return false;
  }
}

void p1_tell_origin(const struct p1_association *association, const struct rtse_indication *indication,
                    struct p1_event *event)
{
  const struct presentation_primitive *connect = &indication->connect;
  event->mode = association->mode;
  event->application_protocol = indication->terms.x410 ? indication->terms.protocol : P1_PROTOCOL_ABSENT;
  event->calling_tsel = association->calling_tsel;
  event->called_tsel = association->called_tsel;
  event->calling_ssel = connect->session.calling;
  event->called_ssel = connect->session.called;
  event->calling_psel = connect->calling;
  event->called_psel = connect->called;
}

void p1_on_open_ind(struct p1_association *association, struct rtse_indication *indication)
{
  struct p1_credentials peer = {0};
  g_autoptr(GError) error = NULL;
  association->opened = true;
  association->terms = indication->terms;
  p1_take_identifier(association, &indication->connect.session.reference);
  if (!recognise_mode(&indication->terms, &association->mode)) {
    g_autofree char *words =
        g_strdup_printf("the peer opens application protocol %d, which is not P1's: it must be set to "
                        "the transfer of messages, 1 (of 1984) or 12 (X.419 12)",
                        indication->terms.protocol);
    refuse(association, P1_BIND_AUTHENTICATION_ERROR);
    p1_end(association, P1_ABORTED, P1_STEP_RTSE, false, true, words);
  } else if (indication->recover) {
    p1_on_recover(association, indication);
    return;
  } else if (!p1_bind_read_argument(association->mode, indication->user_data, &peer, &error)) {
    refuse(association, P1_BIND_AUTHENTICATION_ERROR);
    p1_end(association, P1_ABORTED, P1_STEP_BIND, false, true, error->message);
  } else if (indication->terms.dialogue == RTSE_TWO_WAY_ALTERNATE &&
             association->options.dialogue == P1_MONOLOGUE) {
    refuse(association, P1_BIND_UNACCEPTABLE_DIALOGUE_MODE);
    p1_end(association, P1_ABORTED, P1_STEP_BIND, false, true,
           "the peer asks for a two-way-alternate association; only monologues are set up for it here");
  } else {
    struct p1_event *event = p1_put(association, P1_BIND);
    event->peer = peer;
    p1_tell_origin(association, indication, event);
    association->phase = P1_PHASE_BINDING;
    return;
  }
  p1_credentials_clear(&peer);
}

void p1_association_limit(struct p1_association *association, guint checkpoint_size, guint window)
{
  association->terms = rtse_limit(association->rtse, checkpoint_size, window);
}

void p1_association_bind_accept(struct p1_association *association, enum p1_mode mode,
                                const struct p1_credentials *local, enum p1_password_form form)
{
  enum p1_phase before = association->phase;
  g_autoptr(GError) error = NULL;
  if (association->phase != P1_PHASE_BINDING) {
    return;
  }
  if (p1_mode_fits(association->mode, mode)) {
    association->mode = mode;
  }
  g_autoptr(GBytes) result = p1_bind_write_result(association->mode, local, form, &error);
  (void)p1_tell_bound(association, &association->terms);
  if (result == NULL || !rtse_open_accept(association->rtse, result, &error)) {
    p1_fault(association, error);
  }
  p1_run(association, before);
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
  p1_run(association, before);
}

void p1_on_open_accepted(struct p1_association *association, struct rtse_indication *indication)
{
  struct p1_credentials peer = {0};
  g_autoptr(GError) error = NULL;
  if (association->recover.calling != NULL && indication->user_data == NULL) {
    (void)p1_tell_bound(association, &indication->terms);
    return;
  }
  if (p1_bind_read_result(association->mode, indication->user_data, &peer, &error)) {
    p1_tell_bound(association, &indication->terms)->peer = peer;
    return;
  }
  p1_credentials_clear(&peer);
  p1_abort_here(association, P1_STEP_BIND, RTSE_PERMANENT_PROBLEM, error->message);
}

static char *bind_error_words(const struct p1_association *association, enum p1_bind_error error)
{
  const struct p1_credentials *local = &association->options.local;
  const char *name = local->authentication == P1_UNAUTHENTICATED ? NULL : local->mta_name;
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

/* X.410 mode: RTSE's reason in place of the bind error. */
static bool bind_error_of(const struct rtse_indication *indication, enum p1_bind_error *error_r)
{
  if (!indication->terms.x410 || !indication->refuse_given) {
    return false;
  }
  switch (indication->refuse_reason) {
  case RTSE_REFUSE_BUSY:
    *error_r = P1_BIND_BUSY;
    return true;
  case RTSE_REFUSE_VALIDATION_FAILURE:
    *error_r = P1_BIND_AUTHENTICATION_ERROR;
    return true;
  case RTSE_REFUSE_UNACCEPTABLE_DIALOGUE_MODE:
    *error_r = P1_BIND_UNACCEPTABLE_DIALOGUE_MODE;
    return true;
  default:
    return false; /* RTSE's own: recovery, or unknown */
  }
}

void p1_on_open_refused(struct p1_association *association, struct rtse_indication *indication)
{
  const struct osi_failure *failure = &indication->failure;
  enum p1_bind_error error = P1_BIND_BUSY;
  bool given = (indication->user_data != NULL && p1_bind_read_error(indication->user_data, &error)) ||
               bind_error_of(indication, &error);
  if (given) {
    g_autofree char *words = bind_error_words(association, error);
    p1_end(association, P1_REFUSED, P1_STEP_BIND, true, error != P1_BIND_BUSY, words);
  } else {
    p1_end(association, P1_REFUSED, step_of(failure->layer), failure->by_peer, failure->permanent,
           failure->words);
  }
  struct p1_event *event = outputs_last(&association->events);
  event->bind_error = error;
  event->bind_error_given = given;
  /* What RTSE or its user refuse for good a bind may mend; what lies below would refuse that, too. */
  bool by_user = given || failure->layer == OSI_LAYER_ACSE || failure->layer == OSI_LAYER_RTSE;
  event->cannot_recover = association->recover.calling != NULL && event->permanent && by_user;
}

/* --- the end */

static void close_now(struct p1_association *association)
{
  association->releasing = false;
  if (rtse_close(association->rtse, NULL)) {
    association->phase = P1_PHASE_CLOSING;
  } else {
    p1_abort_here(association, P1_STEP_RTSE, RTSE_USER_ERROR,
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
    p1_abort_here(association, P1_STEP_BIND, RTSE_USER_ERROR, "ended here before the bind was done");
  } else if (association->sending ||
             (association->options.initiator && rtse_turn_please(association->rtse, 0, NULL))) {
    association->releasing = true;
  } else {
    close_now(association);
  }
  p1_run(association, before);
}

void p1_association_abort(struct p1_association *association, const char *why)
{
  enum p1_phase before = association->phase;
  if (association->phase != P1_PHASE_CLOSED && !association->over) {
    p1_abort_here(association, P1_STEP_RTSE, RTSE_USER_ERROR, why != NULL ? why : "aborted here");
  }
  p1_run(association, before);
}

void p1_on_turn(struct p1_association *association)
{
  if (association->releasing) {
    close_now(association);
  } else {
    (void)p1_put(association, P1_READY);
  }
}

void p1_on_abort(struct p1_association *association, const struct rtse_indication *indication)
{
  const struct osi_failure *failure = &indication->failure;
  bool transport = association->transport_words != NULL;
  p1_end(association, P1_ABORTED, transport ? P1_STEP_TRANSPORT : step_of(failure->layer),
         transport ? association->transport_by_peer : failure->by_peer, failure->permanent,
         transport ? association->transport_words : failure->words);
  if (indication->abort_reason >= 0 && !transport) {
    struct p1_event *event = outputs_last(&association->events);
    event->abort_reason = (enum p1_abort_reason)indication->abort_reason;
  }
}
