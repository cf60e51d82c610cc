/* p1_stack.c - TPKT and transport, session, presentation, ACSE, RTSE as one stack: the way of primitives
 * between them. */
#include "mhs/p1_machine.h"
#include "osi/secret.h"

#include <string.h>

enum {
  TSDU_MARGIN = 64 << 10,      /* what presentation, session and a generous peer add to a segment */
  CONNECT_DATA_MAX = 64 << 10, /* user data of CN and AC; X.225 version 2 allows 10,240 and beyond by CDO */
  CHECKPOINT_UNIT = 1024,
  SSDU_DEFAULT = 16 << 20
};

/* X.419 12: the contexts of mts-transfer over RTSE; and RTSE's own, which some peers name. */
static const enum oid proposed[] = {OID_AS_ACSE, OID_AS_MTA_RTSE, OID_AS_MTSE};
static const enum oid accepted[] = {OID_AS_ACSE, OID_AS_MTA_RTSE, OID_AS_MTSE, OID_AS_RTSE};

/* X.225 8.3.5.10 */
enum { REFUSE_SELECTOR_UNKNOWN = 0x81 };
/* X.224 13.5.3: address unknown; 128: normal */
enum { DISCONNECT_ADDRESS_UNKNOWN = 3, DISCONNECT_NORMAL = 128 };

static gint protocol_to_send(const struct p1_options *options)
{
  return options->application_protocol == P1_PROTOCOL_ABSENT    ? RTSE_PROTOCOL_ABSENT
         : options->application_protocol != P1_PROTOCOL_OF_MODE ? options->application_protocol
         : options->mode == P1_MODE_1984                        ? RTSE_MTS_TRANSFER_1984
                                                                : RTSE_MTS_TRANSFER;
}

void p1_stack_new(struct p1_association *association)
{
  const struct p1_options *options = &association->options;
  bool initiator = options->initiator;
  /* A peer that holds to the checkpoints never sends more at once; one that agreed to none sends a whole
   * message. */
  gsize ssdu_max = options->ssdu_max != 0 ? options->ssdu_max : SSDU_DEFAULT;
  ssdu_max = MAX(ssdu_max, (gsize)options->checkpoint_size * CHECKPOINT_UNIT) + TSDU_MARGIN;

  association->transport = transport_new(&(struct transport_options){.initiator = initiator,
                                                                     .calling = options->local_tsel,
                                                                     .called = options->remote_tsel,
                                                                     .tpdu_size = options->tpdu_size,
                                                                     .tsdu_max = ssdu_max});
  association->session = session_new(&(struct session_options){
      .initiator = initiator,
      .units = SESSION_HALF_DUPLEX | SESSION_MINOR_SYNC | SESSION_ACTIVITY | SESSION_EXCEPTIONS,
      .version_max = options->session_version == 1 || (initiator && options->mode == P1_MODE_1984) ? 1 : 2,
      .user_data_max = CONNECT_DATA_MAX,
      .ssdu_max = ssdu_max,
      .timer_ms = options->answer_ms});
  association->presentation = presentation_new(
      &(struct presentation_options){.initiator = initiator,
                                     .syntaxes = initiator ? proposed : accepted,
                                     .count = initiator ? G_N_ELEMENTS(proposed) : G_N_ELEMENTS(accepted),
                                     .local = options->local_psel,
                                     .remote = options->remote_psel});
  association->acse = acse_new(
      &(struct acse_options){.application_context = OID_AC_MTS_TRANSFER, .user_syntax = OID_AS_MTA_RTSE},
      association->presentation);
  association->rtse = rtse_new(&(struct rtse_options){.initiator = initiator,
                                                      .checkpoint_max = options->checkpoint_size,
                                                      .window_max = options->window,
                                                      .x410 = p1_mode_is_x410(options->mode),
                                                      .protocol = protocol_to_send(options),
                                                      .syntax = OID_AS_MTA_RTSE});
}

void p1_stack_free(struct p1_association *association)
{
  rtse_free(association->rtse);
  acse_free(association->acse);
  presentation_free(association->presentation);
  session_free(association->session);
  transport_free(association->transport);
}

/* --- transport
 * -----------------------------------------------------------------------------------------------------------
 */

static void answer_connect(struct p1_association *association, const struct transport_output *output)
{
  const struct osi_selector *own = &association->options.local_tsel;
  association->calling_tsel = output->calling;
  association->called_tsel = output->called;
  if (own->present && output->called.present && !osi_selector_equal(own, &output->called)) {
    g_autofree char *called = osi_selector_format(&output->called), *ours = osi_selector_format(own);
    g_free(association->transport_words);
    association->transport_words = g_strdup_printf(
        "the peer calls transport selector %s, ours is %s: one side must be changed (X.224 13.3.4)", called,
        ours);
    transport_refuse(association->transport, DISCONNECT_ADDRESS_UNKNOWN);
    return;
  }
  transport_accept(association->transport);
}

static void from_transport(struct p1_association *association, struct transport_output *output)
{
  gsize length;
  const guint8 *data;
  switch (output->type) {
  case TRANSPORT_SEND:
    if (association->bind_out)
      output->data = osi_secret_bytes(g_steal_pointer(&output->data));
    data = g_bytes_get_data(output->data, &length);
    g_byte_array_append(association->out, data, (guint)length);
    break;
  case TRANSPORT_CONNECT:
    answer_connect(association, output);
    break;
  case TRANSPORT_CONNECTED:
    association->transport_up = true;
    if (association->options.initiator) {
      p1_open(association);
    }
    break;
  case TRANSPORT_TSDU:
    session_tsdu(association->session, output->data);
    break;
  case TRANSPORT_CLOSED:
    if (association->transport_words == NULL) {
      association->transport_words = g_strdup(output->detail);
      association->transport_by_peer = output->by_peer;
    }
    session_transport_lost(association->session);
    association->phase = P1_PHASE_CLOSED; /* told when the layers above have said what they have to say */
    break;
  case TRANSPORT_TIMER: {
    struct p1_event *event = p1_put(association, P1_TIMER);
    event->timer = P1_TIMER_TRANSPORT;
    event->ms = output->ms;
    break;
  }
  }
}

/* --- session
 * -------------------------------------------------------------------------------------------------------------
 */

static void ask_session(struct p1_association *association, const struct session_primitive *primitive)
{
  g_autoptr(GError) error = NULL;
  if (!session_request(association->session, primitive, &error) && primitive->service != S_U_ABORT) {
    p1_fault(association, error);
  }
}

/* A called session selector that is not ours is the session's to refuse, before anybody above hears of it. */
static bool refuse_selector(struct p1_association *association, const struct session_primitive *primitive)
{
  const struct osi_selector *own = &association->options.local_ssel;
  if (primitive->service != S_CONNECT || primitive->kind != S_INDICATION || !own->present ||
      !primitive->called.present || osi_selector_equal(own, &primitive->called)) {
    return false;
  }
  g_autofree char *called = osi_selector_format(&primitive->called), *ours = osi_selector_format(own);
  struct rtse_indication refusal = {.type = RT_ABORT_IND};
  osi_failure_set(
      &refusal.failure, OSI_LAYER_SESSION, false, true,
      "refused at session: the peer calls session selector %s, ours is %s: one side must be changed", called,
      ours);
  ask_session(association, &(struct session_primitive){.service = S_CONNECT,
                                                       .kind = S_RESPONSE,
                                                       .refuse_reason = REFUSE_SELECTOR_UNKNOWN});
  p1_rtse_indication(association, &refusal);
  osi_failure_clear(&refusal.failure);
  return true;
}

static void from_session(struct p1_association *association, struct session_output *output)
{
  switch (output->type) {
  case SESSION_SEND:
    transport_send(association->transport, output->data);
    break;
  case SESSION_INDICATE:
    if (!refuse_selector(association, &output->primitive)) {
      presentation_session(association->presentation, &output->primitive);
    }
    break;
  case SESSION_DISCONNECT:
    transport_disconnect(association->transport, DISCONNECT_NORMAL);
    break;
  case SESSION_TIMER: {
    struct p1_event *event = p1_put(association, P1_TIMER);
    event->timer = P1_TIMER_SESSION;
    event->ms = output->ms;
    break;
  }
  }
}

/* --- presentation, ACSE, RTSE
 * ---------------------------------------------------------------------------------------------- */

static void ask_presentation(struct p1_association *association, struct presentation_primitive *primitive)
{
  g_autoptr(GError) error = NULL;
  if (!presentation_request(association->presentation, primitive, &error)) {
    p1_fault(association, error);
  }
}

static void from_presentation(struct p1_association *association, struct presentation_output *output)
{
  if (output->type == PRESENTATION_SESSION) {
    ask_session(association, &output->primitive.session);
    return;
  }
  switch (output->primitive.session.service) {
  case S_CONNECT:
  case S_RELEASE:
  case S_U_ABORT:
  case S_P_ABORT:
    acse_presentation(association->acse, &output->primitive);
    break;
  default:
    rtse_presentation(association->rtse, &output->primitive);
    break;
  }
}

static void from_acse(struct p1_association *association, struct acse_output *output)
{
  if (output->type == ACSE_PRESENTATION) {
    ask_presentation(association, &output->presentation);
  } else {
    rtse_acse(association->rtse, &output->primitive);
  }
}

static void from_rtse(struct p1_association *association, struct rtse_output *output)
{
  g_autoptr(GError) error = NULL;
  switch (output->type) {
  case RTSE_ACSE:
    if (!acse_request(association->acse, &output->acse, &error)) {
      p1_fault(association, error);
    }
    break;
  case RTSE_PRESENTATION:
    ask_presentation(association, &output->presentation);
    break;
  case RTSE_INDICATE:
    p1_rtse_indication(association, &output->indication);
    break;
  }
}

void p1_stack_run(struct p1_association *association)
{
  struct transport_output transport;
  struct session_output session;
  struct presentation_output presentation;
  struct acse_output acse;
  struct rtse_output rtse;
  /* Top first: what a layer has answered goes down before more is taken in from below. */
  for (;;) {
    if (rtse_next(association->rtse, &rtse)) {
      from_rtse(association, &rtse);
      rtse_output_clear(&rtse);
    } else if (acse_next(association->acse, &acse)) {
      from_acse(association, &acse);
      acse_output_clear(&acse);
    } else if (presentation_next(association->presentation, &presentation)) {
      from_presentation(association, &presentation);
      presentation_output_clear(&presentation);
    } else if (rtse_is_deciding(association->rtse)) {
      return; /* what follows a resumption waits until the relay has said from where */
    } else if (session_next(association->session, &session)) {
      from_session(association, &session);
      session_output_clear(&session);
    } else if (transport_next(association->transport, &transport)) {
      from_transport(association, &transport);
      transport_output_clear(&transport);
    } else {
      return;
    }
  }
}
