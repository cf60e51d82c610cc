/* session_activity.c - activities and exceptions: AS AR AI AIA AD ADA AE AEA (X.225 7.29 to 7.36), ED ER
 * (7.27, 7.28). */
#include "osi/session_machine.h"

/* --- start and resume --- */

/* [12] [26] */
static void begin_activity(struct session *session)
{
  session->vact = true;
  session->va = session->vm = session->vr = 1;
}

/* [12] [27] */
static void continue_activity(struct session *session, guint32 serial)
{
  session->vact = true;
  session->va = session->vm = serial + 1;
  session->vr = 1;
}

void session_action_activity_start(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {
      .type = SPDU_AS, .present = HAS_ACTIVITY, .activity = event->primitive->activity};
  session_send(session, &spdu, event->primitive->user_data);
  begin_activity(session);
}

void session_action_activity_start_ind(struct session *session, struct session_event *event)
{
  struct session_primitive *primitive = session_indicate(session, S_ACTIVITY_START, S_INDICATION);
  primitive->activity = g_steal_pointer(&event->spdu->activity);
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
  begin_activity(session);
}

void session_action_activity_resume(struct session *session, struct session_event *event)
{
  const struct session_primitive *primitive = event->primitive;
  struct session_spdu spdu = {.type = SPDU_AR,
                              .present = HAS_ACTIVITY | HAS_LINK_ACTIVITY | HAS_LINK_SERIAL,
                              .activity = primitive->activity,
                              .link_activity = primitive->old_activity,
                              .link_serial = primitive->serial};
  if (primitive->old_reference_present) {
    const struct session_reference *old = &primitive->old_reference;
    spdu.present |= (old->called_user != NULL ? HAS_LINK_CALLED : 0) |
                    (old->calling_user != NULL ? HAS_LINK_CALLING : 0) |
                    (old->common != NULL ? HAS_LINK_COMMON : 0) |
                    (old->additional != NULL ? HAS_LINK_ADDITIONAL : 0);
    spdu.link_called = old->called_user;
    spdu.link_calling = old->calling_user;
    spdu.link_common = old->common;
    spdu.link_additional = old->additional;
  }
  session_send(session, &spdu, primitive->user_data);
  continue_activity(session, primitive->serial);
}

void session_action_activity_resume_ind(struct session *session, struct session_event *event)
{
  struct session_spdu *spdu = event->spdu;
  struct session_primitive *primitive = session_indicate(session, S_ACTIVITY_RESUME, S_INDICATION);
  primitive->activity = g_steal_pointer(&spdu->activity);
  primitive->old_activity = g_steal_pointer(&spdu->link_activity);
  primitive->serial = spdu->link_serial;
  primitive->old_reference.called_user = g_steal_pointer(&spdu->link_called);
  primitive->old_reference.calling_user = g_steal_pointer(&spdu->link_calling);
  primitive->old_reference.common = g_steal_pointer(&spdu->link_common);
  primitive->old_reference.additional = g_steal_pointer(&spdu->link_additional);
  primitive->old_reference_present =
      spdu->present & (HAS_LINK_CALLED | HAS_LINK_CALLING | HAS_LINK_COMMON | HAS_LINK_ADDITIONAL);
  primitive->user_data = g_steal_pointer(&spdu->user_data);
  continue_activity(session, spdu->link_serial);
}

/* --- interrupt and discard: alike but for their names --- */

static void leave_activity(struct session *session, struct session_event *event, enum session_spdu_type type)
{
  struct session_spdu spdu = {
      .type = type, .present = HAS_REASON, .reason = (guint8)event->primitive->reason};
  session_send(session, &spdu, event->primitive->user_data);
}

static void leave_activity_ind(struct session *session, struct session_event *event,
                               enum session_service service)
{
  session_drop_partial(session);
  struct session_primitive *primitive = session_indicate(session, service, S_INDICATION);
  primitive->reason = event->spdu->reason;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
}

/* [30]: the side that answers owns no token afterwards. */
static void leave_activity_rsp(struct session *session, struct session_event *event,
                               enum session_spdu_type type)
{
  struct session_spdu spdu = {.type = type};
  session_send(session, &spdu, event->primitive->user_data);
  session->tokens = 0;
  session->vact = false;
}

/* [29]: the side that asked owns them all. */
static void leave_activity_cnf(struct session *session, struct session_event *event,
                               enum session_service service)
{
  session_indicate(session, service, S_CONFIRM)->user_data = g_steal_pointer(&event->spdu->user_data);
  session->tokens = session_tokens_available(session->units);
  session->vact = false;
}

void session_action_activity_interrupt(struct session *session, struct session_event *event)
{
  leave_activity(session, event, SPDU_AI);
}

void session_action_activity_interrupt_ind(struct session *session, struct session_event *event)
{
  leave_activity_ind(session, event, S_ACTIVITY_INTERRUPT);
}

void session_action_activity_interrupt_rsp(struct session *session, struct session_event *event)
{
  leave_activity_rsp(session, event, SPDU_AIA);
}

void session_action_activity_interrupt_cnf(struct session *session, struct session_event *event)
{
  leave_activity_cnf(session, event, S_ACTIVITY_INTERRUPT);
}

void session_action_activity_discard(struct session *session, struct session_event *event)
{
  leave_activity(session, event, SPDU_AD);
}

void session_action_activity_discard_ind(struct session *session, struct session_event *event)
{
  leave_activity_ind(session, event, S_ACTIVITY_DISCARD);
}

void session_action_activity_discard_rsp(struct session *session, struct session_event *event)
{
  leave_activity_rsp(session, event, SPDU_ADA);
}

void session_action_activity_discard_cnf(struct session *session, struct session_event *event)
{
  leave_activity_cnf(session, event, S_ACTIVITY_DISCARD);
}

/* --- end --- */

/* [24] */
void session_action_activity_end(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {.type = SPDU_AE, .present = HAS_SERIAL, .serial = session->vm};
  session_send(session, &spdu, event->primitive->user_data);
  if (session->vsc)
    session->va = session->vm;
  session->vsc = false;
  session->vm++;
}

/* [31] */
void session_action_activity_end_seen(struct session *session, struct session_event *event)
{
  (void)event;
  if (!session->vsc)
    session->va = session->vm;
  session->vm++;
}

void session_action_activity_end_ind(struct session *session, struct session_event *event)
{
  struct session_primitive *primitive = session_indicate(session, S_ACTIVITY_END, S_INDICATION);
  primitive->serial = event->spdu->serial;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
  session_action_activity_end_seen(session, event);
}

/* [14] [22] */
static void end_activity(struct session *session)
{
  session->vact = false;
  session->vr = session->va = session->vm;
}

void session_action_activity_end_rsp(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {.type = SPDU_AEA, .present = HAS_SERIAL, .serial = session->vm - 1};
  session_send(session, &spdu, event->primitive->user_data);
  end_activity(session);
}

void session_action_activity_end_cnf(struct session *session, struct session_event *event)
{
  struct session_primitive *primitive = session_indicate(session, S_ACTIVITY_END, S_CONFIRM);
  primitive->serial = event->spdu->serial;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
  end_activity(session);
}

/* --- exceptions --- */

void session_action_user_exception(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {
      .type = SPDU_ED, .present = HAS_REASON, .reason = (guint8)event->primitive->reason};
  session_send(session, &spdu, event->primitive->user_data);
}

void session_action_user_exception_ind(struct session *session, struct session_event *event)
{
  struct session_primitive *primitive = session_indicate(session, S_U_EXCEPTION_REPORT, S_INDICATION);
  primitive->reason = event->spdu->reason;
  primitive->user_data = g_steal_pointer(&event->spdu->user_data);
}

void session_action_provider_exception_ind(struct session *session, struct session_event *event)
{
  struct session_primitive *primitive = session_indicate(session, S_P_EXCEPTION_REPORT, S_INDICATION);
  primitive->user_data = g_steal_pointer(&event->spdu->reflect);
}
