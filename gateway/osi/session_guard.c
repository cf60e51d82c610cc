/* session_guard.c - the predicates of annex A, with the variables of A.5 as they are when symmetric
 * synchronize, resynchronize, major synchronize, data separation and reuse of transport connections are never
 * selected. */
#include "osi/session_machine.h"

/* FU(f) */
static bool fu(const struct session *session, guint unit)
{
  return session->units & unit;
}

guint session_tokens_available(guint units)
{
  guint tokens = 0;
  if (units & SESSION_HALF_DUPLEX)
    tokens |= SESSION_TOKEN_DATA;
  if (units & SESSION_MINOR_SYNC)
    tokens |= SESSION_TOKEN_MINOR;
  if (units & SESSION_ACTIVITY)
    tokens |= SESSION_TOKEN_ACTIVITY;
  return tokens;
}

/* A.5: AV(t) available; I(t) not available or owned; A(t) not available or not owned; II(t) available and
 * owned; AA(t) available and not owned.  Each for one token or, as ALL(f,t), for a set. */
static bool all_available(const struct session *session, guint tokens)
{
  return (tokens & ~session_tokens_available(session->units)) == 0;
}

static bool all_i(const struct session *session, guint tokens)
{
  return (tokens & session_tokens_available(session->units) & ~session->tokens) == 0;
}

static bool all_a(const struct session *session, guint tokens)
{
  return (tokens & session_tokens_available(session->units) & session->tokens) == 0;
}

static bool all_ii(const struct session *session, guint tokens)
{
  return all_available(session, tokens) && all_i(session, tokens);
}

static bool all_aa(const struct session *session, guint tokens)
{
  return all_available(session, tokens) && all_a(session, tokens);
}

/* [not FU(ACT) or Vact], the condition for everything that happens inside an activity. */
static bool inside_activity(const struct session *session)
{
  return !fu(session, SESSION_ACTIVITY) || session->vact;
}

static bool outside_activity(const struct session *session)
{
  return fu(session, SESSION_ACTIVITY) && !session->vact;
}

static bool may_release(const struct session *session)
{
  return !fu(session, SESSION_ACTIVITY) || !session->vact;
}

/* The serial number that an event carries. */
static guint32 serial(const struct session_event *event)
{
  return event->spdu != NULL ? event->spdu->serial : event->primitive->serial;
}

/* GT, PT: the tokens that an event gives or asks for. */
static guint event_tokens(const struct session_event *event)
{
  guint tokens = event->spdu != NULL ? event->spdu->token_item : event->primitive->tokens;
  return tokens & SESSION_TOKENS_ALL;
}

static bool p01(const struct session *session, const struct session_event *event)
{
  (void)event;
  return session->options.initiator; /* not Vtca */
}

static bool p03(const struct session *session, const struct session_event *event)
{
  (void)event;
  return all_i(session, SESSION_TOKEN_DATA);
}

static bool p10(const struct session *session, const struct session_event *event)
{
  (void)event;
  return !session->vcoll;
}

static bool p04(const struct session *session, const struct session_event *event)
{
  return fu(session, SESSION_DUPLEX) && p10(session, event);
}

static bool p05(const struct session *session, const struct session_event *event)
{
  (void)event;
  return all_a(session, SESSION_TOKEN_DATA);
}

static bool p11(const struct session *session, const struct session_event *event)
{
  (void)event;
  return all_ii(session, SESSION_TOKEN_ACTIVITY);
}

static bool p14(const struct session *session, const struct session_event *event)
{
  return inside_activity(session) && p05(session, event) && all_aa(session, SESSION_TOKEN_MINOR);
}

static bool p15(const struct session *session, const struct session_event *event)
{
  return inside_activity(session) && p03(session, event) && all_ii(session, SESSION_TOKEN_MINOR);
}

static bool p17(const struct session *session, const struct session_event *event)
{
  (void)event;
  return inside_activity(session) && fu(session, SESSION_MINOR_SYNC) && !session->vsc;
}

static bool p18(const struct session *session, const struct session_event *event)
{
  (void)event;
  return inside_activity(session) && fu(session, SESSION_MINOR_SYNC) && session->vsc;
}

static bool p19(const struct session *session, const struct session_event *event)
{
  return serial(event) == session->vm;
}

static bool p20(const struct session *session, const struct session_event *event)
{
  return serial(event) + 1 == session->vm;
}

static bool p21(const struct session *session, const struct session_event *event)
{
  return session->vm > serial(event) && serial(event) >= session->va;
}

static bool p34(const struct session *session, const struct session_event *event)
{
  (void)event;
  return fu(session, SESSION_ACTIVITY); /* and p38: transport expedited is never used */
}

static bool p39(const struct session *session, const struct session_event *event)
{
  return session->vact && p11(session, event);
}

static bool p40(const struct session *session, const struct session_event *event)
{
  (void)event;
  return all_aa(session, SESSION_TOKEN_ACTIVITY);
}

static bool p44(const struct session *session, const struct session_event *event)
{
  (void)event;
  return outside_activity(session) && all_a(session, SESSION_TOKENS_ALL);
}

static bool p45(const struct session *session, const struct session_event *event)
{
  (void)event;
  return outside_activity(session) && all_i(session, SESSION_TOKENS_ALL);
}

static bool p48(const struct session *session, const struct session_event *event)
{
  (void)event;
  return fu(session, SESSION_EXCEPTIONS) && fu(session, SESSION_HALF_DUPLEX);
}

static bool p50(const struct session *session, const struct session_event *event)
{
  (void)event;
  return fu(session, SESSION_EXCEPTIONS) && inside_activity(session) && all_aa(session, SESSION_TOKEN_DATA);
}

static bool p51(const struct session *session, const struct session_event *event)
{
  (void)event;
  return fu(session, SESSION_EXCEPTIONS) && inside_activity(session) && all_ii(session, SESSION_TOKEN_DATA);
}

static bool p52(const struct session *session, const struct session_event *event)
{
  (void)event;
  return fu(session, SESSION_EXCEPTIONS) && !fu(session, SESSION_ACTIVITY) &&
         all_ii(session, SESSION_TOKEN_DATA);
}

static bool p53(const struct session *session, const struct session_event *event)
{
  return all_available(session, event_tokens(event));
}

static bool p54(const struct session *session, const struct session_event *event)
{
  return all_ii(session, event_tokens(event));
}

static bool p55(const struct session *session, const struct session_event *event)
{
  return p45(session, event);
}

static bool gives_data_token(const struct session_event *event)
{
  return event_tokens(event) & SESSION_TOKEN_DATA;
}

static bool p57(const struct session *session, const struct session_event *event)
{
  return p54(session, event) && !gives_data_token(event);
}

static bool p58(const struct session *session, const struct session_event *event)
{
  return p54(session, event) && gives_data_token(event);
}

static bool p59(const struct session *session, const struct session_event *event)
{
  return all_aa(session, event_tokens(event));
}

static bool p60(const struct session *session, const struct session_event *event)
{
  return p59(session, event) && !gives_data_token(event);
}

static bool p61(const struct session *session, const struct session_event *event)
{
  return p59(session, event) && gives_data_token(event);
}

static bool p62(const struct session *session, const struct session_event *event)
{
  return p44(session, event);
}

static bool p63(const struct session *session, const struct session_event *event)
{
  (void)event;
  return all_i(session, SESSION_TOKENS_ALL) && may_release(session);
}

static bool p65(const struct session *session, const struct session_event *event)
{
  (void)event;
  return session_tokens_available(session->units) != 0;
}

static bool p68(const struct session *session, const struct session_event *event)
{
  (void)event;
  return all_a(session, SESSION_TOKENS_ALL) && may_release(session);
}

static bool p69(const struct session *session, const struct session_event *event)
{
  (void)event;
  return session->vcoll;
}

static bool p70(const struct session *session, const struct session_event *event)
{
  (void)event;
  return fu(session, SESSION_DUPLEX);
}

static bool p71(const struct session *session, const struct session_event *event)
{
  return p39(session, event) && p03(session, event) && all_i(session, SESSION_TOKEN_MINOR);
}

static bool p72(const struct session *session, const struct session_event *event)
{
  return session->vact && p40(session, event) && p05(session, event) && all_a(session, SESSION_TOKEN_MINOR);
}

static bool p75(const struct session *session, const struct session_event *event)
{
  (void)event;
  return !session->vcoll || session->vdnr;
}

static bool p76(const struct session *session, const struct session_event *event)
{
  return session_refusal(session, event->spdu) != 0;
}

static bool p202(const struct session *session, const struct session_event *event)
{
  (void)session;
  return event->spdu->enclosure & ENCLOSURE_END;
}

/* More than 10,240 octets of user data: as CN tells, or as the request has them. */
static bool p204(const struct session *session, const struct session_event *event)
{
  (void)session;
  if (event->spdu != NULL)
    return event->spdu->present & HAS_OVERFLOW;
  return event->primitive->user_data != NULL &&
         g_bytes_get_size(event->primitive->user_data) > SESSION_CONNECT_DATA_V2;
}

bool session_holds(enum session_predicate predicate, const struct session *session,
                   const struct session_event *event)
{
  static bool (*const predicates[])(const struct session *session, const struct session_event *event) = {
#define X(number) [PREDICATE_##number] = p##number,
      SESSION_PREDICATES(X)
#undef X
  };
  return predicates[predicate](session, event);
}
