/* session_token.c - tokens: GT, PT (X.225 7.16, 7.17), all of them at once outside an activity: GTC, GTA
 * (7.18, 7.19). */
#include "osi/session_machine.h"

void session_action_give_tokens(struct session *session, struct session_event *event)
{
  guint tokens = event->primitive->tokens & SESSION_TOKENS_ALL;
  struct session_spdu spdu = {.type = SPDU_GT, .present = HAS_TOKEN_ITEM, .token_item = (guint8)tokens};
  session_send(session, &spdu, event->primitive->user_data);
  session->tokens &= ~tokens; /* [11] */
}

void session_action_give_tokens_ind(struct session *session, struct session_event *event)
{
  guint tokens = event->spdu->token_item & SESSION_TOKENS_ALL;
  session->tokens |= tokens; /* [11] */
  struct session_primitive *primitive = session_indicate(session, S_TOKEN_GIVE, S_INDICATION);
  primitive->tokens = tokens;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
}

void session_action_please_tokens(struct session *session, struct session_event *event)
{
  guint tokens = event->primitive->tokens & SESSION_TOKENS_ALL;
  struct session_spdu spdu = {.type = SPDU_PT, .present = HAS_TOKEN_ITEM, .token_item = (guint8)tokens};
  session_send(session, &spdu, event->primitive->user_data);
}

void session_action_please_tokens_ind(struct session *session, struct session_event *event)
{
  struct session_primitive *primitive = session_indicate(session, S_TOKEN_PLEASE, S_INDICATION);
  primitive->tokens = event->spdu->token_item & SESSION_TOKENS_ALL;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
}

void session_action_give_control(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {.type = SPDU_GTC};
  session_send(session, &spdu, event->primitive->user_data);
  session->tokens = 0; /* [11] */
}

void session_action_give_control_ind(struct session *session, struct session_event *event)
{
  session->tokens = session_tokens_available(session->units); /* [11] */
  struct session_primitive *primitive = session_indicate(session, S_CONTROL_GIVE, S_INDICATION);
  primitive->tokens = session->tokens;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
  struct session_spdu acknowledgement = {.type = SPDU_GTA};
  session_send(session, &acknowledgement, NULL);
}
