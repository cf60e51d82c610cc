/* presentation_table.c - X.226 annex A without context management. */
#include "osi/error.h"
#include "osi/presentation_machine.h"

/* Takes what is in primitive. */
static void put(struct presentation *presentation, enum presentation_output_type type,
                struct presentation_primitive *primitive)
{
  struct presentation_output *output = outputs_put(&presentation->outputs);
  *output = (struct presentation_output){.type = type, .primitive = *primitive};
  *primitive = (struct presentation_primitive){0};
}

/* --- actions: each takes what is in primitive --- */

typedef void (*action)(struct presentation *presentation, struct presentation_primitive *primitive);

static void end(struct presentation *presentation)
{
  presentation->version = 0;
}

static void send_cp(struct presentation *presentation, struct presentation_primitive *primitive)
{
  struct presentation_ppdu ppdu = {.x410 = presentation->x410,
                                   .calling = primitive->calling,
                                   .called = primitive->called,
                                   .contexts = presentation->contexts,
                                   .values = primitive->values};
  primitive->session.user_data = presentation_write_cp(&ppdu, NULL);
  put(presentation, PRESENTATION_SESSION, primitive);
}

static void indicate_connect(struct presentation *presentation, struct presentation_primitive *primitive)
{
  presentation->version = primitive->session.version;
  primitive->x410 = presentation->x410;
  primitive->calling = presentation->ppdu.calling;
  primitive->called = presentation->ppdu.called;
  primitive->values = g_steal_pointer(&presentation->ppdu.values);
  put(presentation, PRESENTATION_INDICATE, primitive);
}

/* Our own refusal: a CPR with provider-reason, and the user hears of it as of an abort before anything began.
 */
static void refuse_connect(struct presentation *presentation, struct presentation_primitive *primitive)
{
  struct presentation_ppdu ppdu = {.contexts = presentation->contexts,
                                   .provider_reason = presentation->reason};
  struct presentation_primitive answer = {.session = {.service = S_CONNECT,
                                                      .kind = S_RESPONSE,
                                                      .accepted = false,
                                                      .refuse_reason = 2,
                                                      .user_data = presentation_write_cpr(&ppdu, NULL)}};
  struct presentation_primitive tell = {.session = {.service = S_P_ABORT, .kind = S_INDICATION}};
  osi_failure_set(&tell.failure, OSI_LAYER_PRESENTATION, false, true, "refused at presentation: %s",
                  presentation->why);
  (void)primitive;
  put(presentation, PRESENTATION_SESSION, &answer);
  put(presentation, PRESENTATION_INDICATE, &tell);
}

static void send_cpa(struct presentation *presentation, struct presentation_primitive *primitive)
{
  struct presentation_ppdu ppdu = {.x410 = presentation->x410,
                                   .responding = primitive->responding,
                                   .contexts = presentation->contexts,
                                   .values = primitive->values};
  primitive->session.user_data = presentation_write_cpa(&ppdu, NULL);
  put(presentation, PRESENTATION_SESSION, primitive);
}

static void send_cpr(struct presentation *presentation, struct presentation_primitive *primitive)
{
  struct presentation_ppdu ppdu = {.x410 = presentation->x410,
                                   .responding = primitive->responding,
                                   .contexts = presentation->contexts,
                                   .values = primitive->values,
                                   .provider_reason = PRESENTATION_NO_REASON};
  primitive->session.refuse_reason = 2; /* X.225 8.3.5.10: rejection by the called SS-user, with data */
  primitive->session.user_data = presentation_write_cpr(&ppdu, NULL);
  put(presentation, PRESENTATION_SESSION, primitive);
}

static void confirm_connect(struct presentation *presentation, struct presentation_primitive *primitive)
{
  presentation->version = primitive->session.version;
  primitive->x410 = presentation->x410;
  primitive->responding = presentation->ppdu.responding;
  primitive->values = g_steal_pointer(&presentation->ppdu.values);
  put(presentation, PRESENTATION_INDICATE, primitive);
}

static char *session_refusal_words(guint reason)
{
  static const struct osi_word words[] = {
      {0, "reason not specified"},
      {1, "temporary congestion of the called session user: try later"},
      {2, "rejected by the called session user"},
      {0x81, "session selector unknown: the SSEL set here for the peer is not its own"},
      {0x82, "session user not attached to that session selector: the peer's MTA does not listen there now"},
      {0x83, "session provider congested: try later"},
      {0x84, "proposed protocol versions not supported: set another session version for the peer"},
      {0x85, "rejected by the session provider, reason not specified"},
      {0x86, "rejected by the session provider: its implementation's restriction"}};
  return osi_word_of(words, G_N_ELEMENTS(words), reason);
}

static void confirm_refusal(struct presentation *presentation, struct presentation_primitive *primitive)
{
  const struct session_primitive *session = &primitive->session;
  if (presentation->why == NULL && presentation->ppdu.x410 != presentation->x410) {
    osi_failure_set(
        &primitive->failure, OSI_LAYER_PRESENTATION, true, true,
        "the peer refused in %s mode: it does not speak %s mode at this address; set another mode for the "
        "peer here, or call another selector of its (X.226 8.2)",
        presentation->ppdu.x410 ? "X.410-1984" : "normal", presentation->x410 ? "X.410-1984" : "normal");
  } else if (presentation->why == NULL && presentation->ppdu.provider_reason == PRESENTATION_NO_REASON) {
    /* A user rejection; the layer above knows more when it finds its own APDU. */
    osi_failure_set(&primitive->failure, OSI_LAYER_PRESENTATION, true, false,
                    "the peer's presentation user refused the connection and gave no reason of its own");
    primitive->values = g_steal_pointer(&presentation->ppdu.values);
  } else if (presentation->why == NULL) {
    g_autofree char *words = presentation_refusal_words(presentation->ppdu.provider_reason);
    g_autofree char *contexts = presentation_contexts_describe(presentation);
    osi_failure_set(&primitive->failure, OSI_LAYER_PRESENTATION, true,
                    presentation->ppdu.provider_reason != 1,
                    "the peer's presentation refused the connection: %s; contexts: %s", words, contexts);
  } else {
    g_autofree char *words = session_refusal_words(session->refuse_reason);
    bool temporary =
        session->refuse_reason == 1 || session->refuse_reason == 0x82 || session->refuse_reason == 0x83;
    osi_failure_set(&primitive->failure, OSI_LAYER_SESSION, true, !temporary,
                    "the peer's session refused the connection: %s", words);
  }
  end(presentation);
  put(presentation, PRESENTATION_INDICATE, primitive);
}

void presentation_abort_invalid(struct presentation *presentation, struct presentation_primitive *primitive)
{
  struct presentation_primitive down = {.session = {.service = S_U_ABORT, .kind = S_REQUEST}};
  struct presentation_primitive up = {.session = {.service = S_P_ABORT, .kind = S_INDICATION}};
  if (presentation->version != 1 && !presentation->x410) {
    down.session.user_data = presentation_write_arp(presentation->reason, presentation->abort_event);
  }
  osi_failure_set(&up.failure, OSI_LAYER_PRESENTATION, false, false,
                  "the peer broke the presentation protocol: %s", presentation->why);
  (void)primitive;
  end(presentation);
  put(presentation, PRESENTATION_SESSION, &down);
  put(presentation, PRESENTATION_INDICATE, &up);
}

/* Version 1 of session has room for 9 octets: an RTAB of X.410-1984 mode has 5. */
static void send_aru(struct presentation *presentation, struct presentation_primitive *primitive)
{
  if (presentation->x410 || presentation->version != 1) {
    struct presentation_ppdu ppdu = {.x410 = presentation->x410, .values = primitive->values};
    primitive->session.user_data = presentation_write_aru(&ppdu, NULL);
  }
  end(presentation);
  put(presentation, PRESENTATION_SESSION, primitive);
}

static void indicate_aru(struct presentation *presentation, struct presentation_primitive *primitive)
{
  osi_failure_set(&primitive->failure, OSI_LAYER_PRESENTATION, true, false,
                  "the peer aborted the association (P-U-ABORT) and gave no reason");
  primitive->values = g_steal_pointer(&presentation->ppdu.values);
  if (presentation->ppdu.x410 != presentation->x410 ||
      !presentation_resolve(presentation, primitive->values)) {
    g_clear_pointer(&primitive->values, g_array_unref);
  }
  end(presentation);
  put(presentation, PRESENTATION_INDICATE, primitive);
}

static void indicate_arp(struct presentation *presentation, struct presentation_primitive *primitive)
{
  const struct session_primitive *session = &primitive->session;
  if (session->service == S_P_ABORT) {
    osi_failure_set(&primitive->failure, OSI_LAYER_SESSION, false, false, "the session was aborted: %s",
                    session->detail != NULL ? session->detail : "no reason given");
  } else {
    g_autofree char *words =
        presentation_abort_words(presentation->ppdu.provider_reason, presentation->ppdu.event);
    osi_failure_set(&primitive->failure, OSI_LAYER_PRESENTATION, true, false,
                    "the peer's presentation aborted: it holds that we broke the protocol: %s", words);
    primitive->session.service = S_P_ABORT;
  }
  end(presentation);
  put(presentation, PRESENTATION_INDICATE, primitive);
}

static void pass_down(struct presentation *presentation, struct presentation_primitive *primitive)
{
  if (primitive->values != NULL && primitive->values->len > 0) {
    /* X.410-1984 mode: the one value's octets */
    primitive->session.user_data =
        presentation->x410
            ? g_bytes_ref(g_array_index(primitive->values, struct presentation_value, 0).octets)
            : pdv_write(primitive->values, presentation->contexts->len == 0);
    g_clear_pointer(&primitive->values, g_array_unref);
  }
  put(presentation, PRESENTATION_SESSION, primitive);
}

static void pass_up(struct presentation *presentation, struct presentation_primitive *primitive)
{
  primitive->values = g_steal_pointer(&presentation->ppdu.values);
  put(presentation, PRESENTATION_INDICATE, primitive);
}

static void ignore(struct presentation *presentation, struct presentation_primitive *primitive)
{
  (void)presentation;
  (void)primitive;
}

/* --- the table: X.226 annex A --- */

static const struct row {
  enum presentation_state state;
  enum presentation_event event;
  action action;
  enum presentation_state next;
} table[] = {
    {STAI0, P_CONNECT_REQ, send_cp, STAI1},                  /* 6.2 */
    {STAI0, CP, indicate_connect, STAI2},                    /* 6.2 */
    {STAI0, CP_REFUSED, refuse_connect, STAI0},              /* 6.2 */
    {STAI1, CPA, confirm_connect, STAT0},                    /* 6.2 */
    {STAI1, CPA_INVALID, presentation_abort_invalid, STAI0}, /* 6.4 */
    {STAI1, CPR, confirm_refusal, STAI0},                    /* 6.2 */
    {STAI2, P_CONNECT_RSP_ACCEPT, send_cpa, STAT0},          /* 6.2 */
    {STAI2, P_CONNECT_RSP_REFUSE, send_cpr, STAI0},          /* 6.2 */
    {STAT0, P_OTHER, pass_down, STAT0},                      /* 6.6 to 6.11 */
    {STAT0, P_RELEASE_RSP, pass_down, STAI0},                /* 6.3 */
    {STAT0, S_OTHER, pass_up, STAT0},                        /* 6.6 to 6.11 */
    {STAT0, S_RELEASED, pass_up, STAI0},                     /* 6.3 */
    {STAI0, ARU, ignore, STAI0},                             /* it is gone already */
    {STAI0, ARP, ignore, STAI0},
    {STAI0, S_OTHER, ignore, STAI0}, /* what was under way when we aborted */
    {STAI0, S_INVALID, ignore, STAI0},
    {STATE_ANY, P_U_ABORT_REQ, send_aru, STAI0}, /* 6.4 */
    {STATE_ANY, ARU, indicate_aru, STAI0},       /* 6.4 */
    {STATE_ANY, ARP, indicate_arp, STAI0},       /* 6.4 */
};

bool presentation_step(struct presentation *presentation, enum presentation_event event,
                       struct presentation_primitive *primitive)
{
  for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
    if ((table[i].state == presentation->state || table[i].state == STATE_ANY) && table[i].event == event) {
      /* The state first: an action may be looked at through the queries above. */
      presentation->state = table[i].next;
      table[i].action(presentation, primitive);
      return true;
    }
  }
  return false;
}
