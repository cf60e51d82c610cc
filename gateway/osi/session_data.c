/* session_data.c - normal data: DT (X.225 7.11). */
#include "osi/session_machine.h"

void session_action_send_data(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {.type = SPDU_DT};
  g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);
  session_send(session, &spdu, event->primitive->user_data != NULL ? event->primitive->user_data : nothing);
}

void session_action_data_ind(struct session *session, struct session_event *event)
{
  session_indicate(session, S_DATA, S_INDICATION)->user_data = g_steal_pointer(&event->spdu->user_data);
}
