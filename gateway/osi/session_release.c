/* session_release.c - the ends of a session: FN DN (X.225 7.6, 7.7), AB AA (7.9, 7.10), loss of the transport
 * connection; and the outputs that all blocks make. */
#include "osi/session_machine.h"

struct session_output *session_put(struct session *session, enum session_output_type type)
{
  struct session_output *output = outputs_put(&session->outputs);
  output->type = type;
  return output;
}

struct session_primitive *session_indicate(struct session *session, enum session_service service,
                                           enum session_kind kind)
{
  struct session_primitive *primitive = &session_put(session, SESSION_INDICATE)->primitive;
  primitive->service = service;
  primitive->kind = kind;
  return primitive;
}

void session_action_ignore(struct session *session, struct session_event *event)
{
  (void)session;
  (void)event;
}

void session_action_disconnect(struct session *session, struct session_event *event)
{
  (void)event;
  session_drop_partial(session);
  session_put(session, SESSION_DISCONNECT)->primitive.detail = g_steal_pointer(&session->words);
}

/* --- orderly release --- */

void session_action_send_finish(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {
      .type = SPDU_FN, .present = HAS_TRANSPORT_DISCONNECT, .transport_disconnect = DISCONNECT_RELEASED};
  session_send(session, &spdu, event->primitive->user_data);
}

/* [18] */
void session_action_send_finish_collision(struct session *session, struct session_event *event)
{
  session_action_send_finish(session, event);
  session->vcoll = true;
}

void session_action_release_ind(struct session *session, struct session_event *event)
{
  session_indicate(session, S_RELEASE, S_INDICATION)->user_data = g_steal_pointer(&event->spdu->user_data);
}

/* [18] */
void session_action_release_ind_collision(struct session *session, struct session_event *event)
{
  session_action_release_ind(session, event);
  session->vcoll = true;
}

void session_action_send_disconnect(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {.type = SPDU_DN};
  session_send(session, &spdu, event->primitive->user_data);
}

/* [32] */
void session_action_release_cnf_collision(struct session *session, struct session_event *event)
{
  struct session_primitive *primitive = session_indicate(session, S_RELEASE, S_CONFIRM);
  primitive->accepted = true;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
  session->vdnr = true;
}

void session_action_release_cnf(struct session *session, struct session_event *event)
{
  session_action_release_cnf_collision(session, event);
  session_action_disconnect(session, event);
}

/* --- abort --- */

static void send_abort(struct session *session, guint8 item, GBytes *user_data)
{
  struct session_spdu spdu = {.type = SPDU_AB,
                              .present = HAS_TRANSPORT_DISCONNECT,
                              .transport_disconnect = DISCONNECT_RELEASED | item};
  session_drop_partial(session);
  session_send(session, &spdu, user_data);
}

void session_action_user_abort(struct session *session, struct session_event *event)
{
  GBytes *data = event->primitive->user_data;
  gsize room = session->version == 2 ? SESSION_ABORT_DATA_V2 : SESSION_ABORT_DATA_V1;
  send_abort(session, DISCONNECT_USER, data != NULL && g_bytes_get_size(data) <= room ? data : NULL);
}

static const char *abort_reason(guint8 item)
{
  if (item & DISCONNECT_PROTOCOL_ERROR)
    return "protocol error";
  return item & DISCONNECT_RESTRICTION ? "implementation restriction" : "no reason given";
}

void session_action_abort_ind(struct session *session, struct session_event *event)
{
  guint8 item = event->spdu->transport_disconnect;
  struct session_primitive *primitive =
      session_indicate(session, item & DISCONNECT_USER ? S_U_ABORT : S_P_ABORT, S_INDICATION);
  primitive->reason = item;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
  if (primitive->service == S_P_ABORT)
    primitive->detail =
        g_strdup_printf("the peer's session provider aborted in %s: %s (item %02X, X.225 8.3.9)",
                        session_state_title(event->from), abort_reason(item), item);
  session_action_disconnect(session, event);
}

/* Sends AB and tells the user; session->abort_item and ->words say why. */
void session_action_provider_abort(struct session *session, struct session_event *event)
{
  (void)event;
  send_abort(session, session->abort_item, NULL);
  struct session_primitive *primitive = session_indicate(session, S_P_ABORT, S_INDICATION);
  primitive->reason = session->abort_item;
  primitive->detail = g_strdup(session->words);
}

void session_action_answer_overdue(struct session *session, struct session_event *event)
{
  session->abort_item = DISCONNECT_NO_REASON;
  g_free(session->words);
  session->words = g_strdup_printf("no answer of the peer within %u ms in state %s",
                                   session->options.timer_ms, session_state_title(event->from));
  session_action_provider_abort(session, event);
}

void session_abort(struct session *session, guint8 item, char *words)
{
  if (session->state == STA01 || session->state == STA16) {
    g_free(words);
    return;
  }
  g_free(session->words);
  session->words = words;
  session->abort_item = item;
  static const struct session_row abort_row = {STA713, 0, 0, 0, session_action_provider_abort, STA16, "A.4"};
  static const struct session_row end_row = {STA01C, 0, 0, 0, session_action_disconnect, STA01, "A.4"};
  bool connected = session->state != STA01C && session->state != STA01D;
  session_take_row(session, connected ? &abort_row : &end_row, &(struct session_event){0});
}

void session_action_transport_lost(struct session *session, struct session_event *event)
{
  session_drop_partial(session);
  session_indicate(session, S_P_ABORT, S_INDICATION)->detail =
      g_strdup_printf("the transport connection ended in state %s", session_state_title(event->from));
}
