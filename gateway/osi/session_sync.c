/* session_sync.c - minor synchronization points: MIP, MIA (X.225 7.20, 7.21).  The serial number is the
 * provider's count. */
#include "osi/session_machine.h"

/* [24], for a point of ours. */
void session_action_sync_minor(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {.type = SPDU_MIP, .present = HAS_SERIAL, .serial = session->vm};
  session_send(session, &spdu, event->primitive->user_data);
  if (session->vsc)
    session->va = session->vm;
  session->vsc = false;
  session->vm++;
}

/* [23], for a point of the peer. */
void session_action_sync_minor_seen(struct session *session, struct session_event *event)
{
  (void)event;
  if (!session->vsc)
    session->va = session->vm;
  session->vsc = true;
  session->vm++;
}

void session_action_sync_minor_ind(struct session *session, struct session_event *event)
{
  struct session_primitive *primitive = session_indicate(session, S_SYNC_MINOR, S_INDICATION);
  primitive->serial = event->spdu->serial;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
  session_action_sync_minor_seen(session, event);
}

void session_action_sync_minor_rsp(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {.type = SPDU_MIA, .present = HAS_SERIAL, .serial = event->primitive->serial};
  session_send(session, &spdu, event->primitive->user_data);
  session->va = event->primitive->serial + 1; /* [25] */
}

/* [25] */
void session_action_sync_minor_ack_seen(struct session *session, struct session_event *event)
{
  session->va = event->spdu->serial + 1;
}

void session_action_sync_minor_cnf(struct session *session, struct session_event *event)
{
  struct session_primitive *primitive = session_indicate(session, S_SYNC_MINOR, S_CONFIRM);
  primitive->serial = event->spdu->serial;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
  session_action_sync_minor_ack_seen(session, event);
}
