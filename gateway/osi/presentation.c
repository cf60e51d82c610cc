/* presentation.c - see presentation.h. The table is X.226 annex A without context management. */
#include "osi/presentation.h"

#include <string.h>

#include "osi/error.h"
#include "osi/outputs.h"
#include "osi/presentation_ppdu.h"

enum state { STAI0, STAI1, STAI2, STAT0, STATE_ANY };
enum event {
  P_CONNECT_REQ,
  P_CONNECT_RSP_ACCEPT,
  P_CONNECT_RSP_REFUSE,
  P_RELEASE_RSP,
  P_U_ABORT_REQ,
  P_OTHER,    /* any other request or response of the user */
  CP,         /* a proposal that can be put to the user */
  CP_REFUSED, /* one that we refuse ourselves */
  CPA,
  CPA_INVALID,
  CPR, /* or the session's own refusal */
  ARU,
  ARP,        /* or S-P-ABORT */
  S_RELEASED, /* S-RELEASE.cnf */
  S_OTHER,    /* any other indication or confirm, user data readable */
  S_INVALID   /* one with unreadable user data, or that this protocol has no use for */
};

struct presentation {
  enum state state;
  enum oid *syntaxes;
  guint syntax_count;
  struct osi_selector local, remote;
  struct presentation_limits limits;
  GArray *contexts;       /* struct presentation_context: as proposed, with their results once known */
  guint version;          /* of the session connection; 0: not known yet */
  bool x410;              /* the mode of the connection */
  struct outputs outputs; /* struct presentation_output */
  /* Of the step under way: what was read from the peer, and why it is refused. */
  struct presentation_ppdu ppdu;
  gint reason, abort_event;
  char *why;
};

void presentation_primitive_clear(struct presentation_primitive *primitive)
{
  session_primitive_clear(&primitive->session);
  g_clear_pointer(&primitive->values, g_array_unref);
  osi_failure_clear(&primitive->failure);
  *primitive = (struct presentation_primitive){0};
}

void presentation_output_clear(struct presentation_output *output)
{
  presentation_primitive_clear(&output->primitive);
}

char *presentation_primitive_name(const struct presentation_primitive *primitive)
{
  /* X.216 names its services as X.215 does, with another first letter. */
  const char *name = session_primitive_name(primitive->session.service, primitive->session.kind);
  return g_strdup_printf("P%s", name + 1);
}

struct presentation *presentation_new(const struct presentation_options *options)
{
  struct presentation *presentation = g_new0(struct presentation, 1);
  presentation->syntaxes = g_memdup2(options->syntaxes, options->count * sizeof *options->syntaxes);
  presentation->syntax_count = options->count;
  presentation->local = options->local;
  presentation->remote = options->remote;
  presentation->limits.contexts_max = options->contexts_max != 0 ? options->contexts_max : 16;
  presentation->limits.values_max = options->values_max != 0 ? options->values_max : 16;
  presentation->contexts = presentation_contexts_new();
  presentation->outputs = OUTPUTS_INIT(struct presentation_output, presentation_output_clear);
  for (guint i = 0; options->initiator && i < options->count; i++) {
    struct presentation_context context = {.id = 2 * i + 1,
                                           .syntax = options->syntaxes[i],
                                           .dotted = g_strdup(oid_dotted(options->syntaxes[i])),
                                           .ber = true};
    g_array_append_val(presentation->contexts, context);
  }
  return presentation;
}

void presentation_free(struct presentation *presentation)
{
  if (presentation == NULL) {
    return;
  }
  outputs_clear(&presentation->outputs);
  g_array_unref(presentation->contexts);
  presentation_ppdu_clear(&presentation->ppdu);
  g_free(presentation->why);
  g_free(presentation->syntaxes);
  g_free(presentation);
}

bool presentation_next(struct presentation *presentation, struct presentation_output *output_r)
{
  return outputs_next(&presentation->outputs, output_r);
}

/* Takes what is in primitive. */
static void put(struct presentation *presentation, enum presentation_output_type type,
                struct presentation_primitive *primitive)
{
  struct presentation_output *output = outputs_put(&presentation->outputs);
  *output = (struct presentation_output){.type = type, .primitive = *primitive};
  *primitive = (struct presentation_primitive){0};
}

/* --- the defined context set
 * ---------------------------------------------------------------------------------------------- */

static const struct presentation_context *context_by_id(const struct presentation *presentation, guint id)
{
  for (guint i = 0; i < presentation->contexts->len; i++) {
    const struct presentation_context *context =
        &g_array_index(presentation->contexts, struct presentation_context, i);
    if (context->id == id && context->result == PRESENTATION_ACCEPTED) {
      return context;
    }
  }
  return NULL;
}

guint presentation_context_of(const struct presentation *presentation, enum oid syntax)
{
  for (guint i = 0; syntax != OID_UNKNOWN && i < presentation->contexts->len; i++) {
    const struct presentation_context *context =
        &g_array_index(presentation->contexts, struct presentation_context, i);
    if (context->syntax == syntax && context->result == PRESENTATION_ACCEPTED) {
      return context->id;
    }
  }
  return 0;
}

enum oid presentation_syntax_of(const struct presentation *presentation, guint id)
{
  const struct presentation_context *context = context_by_id(presentation, id);
  return context != NULL ? context->syntax : OID_UNKNOWN;
}

char *presentation_contexts_describe(const struct presentation *presentation)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < presentation->contexts->len; i++) {
    const struct presentation_context *context =
        &g_array_index(presentation->contexts, struct presentation_context, i);
    g_string_append_printf(text, "%s%u %s", i > 0 ? ", " : "", context->id,
                           context->syntax != OID_UNKNOWN ? oid_name(context->syntax) : context->dotted);
    if (context->result == PRESENTATION_USER_REJECTED) {
      g_string_append(text, " refused by the user");
    } else if (context->result == PRESENTATION_PROVIDER_REJECTED) {
      g_autofree char *why = presentation_context_words(context->reason);
      g_string_append_printf(text, " refused: %s", why);
    }
  }
  return g_string_free(text, FALSE);
}

/* Responder: takes the proposed contexts over and decides on each (X.226 6.2).  False: none is left. */
static bool decide_contexts(struct presentation *presentation, GArray *proposed)
{
  bool any = false;
  for (guint i = 0; i < proposed->len; i++) {
    struct presentation_context *context = &g_array_index(proposed, struct presentation_context, i);
    bool known = false;
    for (guint j = 0; j < presentation->syntax_count; j++) {
      known = known || (context->syntax == presentation->syntaxes[j] && context->syntax != OID_UNKNOWN);
    }
    context->result = known && context->ber ? PRESENTATION_ACCEPTED : PRESENTATION_PROVIDER_REJECTED;
    context->reason = known ? 2 : 1;
    any = any || context->result == PRESENTATION_ACCEPTED;
  }
  g_array_unref(presentation->contexts);
  presentation->contexts = g_array_ref(proposed);
  return any;
}

/* Initiator: the results stand in the order of the proposal. */
static void take_results(struct presentation *presentation, const GArray *results)
{
  for (guint i = 0; i < presentation->contexts->len && results != NULL && i < results->len; i++) {
    struct presentation_context *context =
        &g_array_index(presentation->contexts, struct presentation_context, i);
    const struct presentation_context *result = &g_array_index(results, struct presentation_context, i);
    context->result = result->result;
    context->reason = result->reason;
  }
}

/* Peer's values: each must stand in a context of the set (X.226 6.6); simply encoded data in the only one. */
static bool resolve(const struct presentation *presentation, GArray *values)
{
  if (presentation->x410) {
    return true;
  }
  for (guint i = 0; values != NULL && i < values->len; i++) {
    struct presentation_value *value = &g_array_index(values, struct presentation_value, i);
    if (value->context == 0 && presentation->contexts->len == 1) {
      value->context = g_array_index(presentation->contexts, struct presentation_context, 0).id;
    }
    const struct presentation_context *context = context_by_id(presentation, value->context);
    if (value->context != 0 ? context == NULL : presentation->contexts->len > 0) {
      return false;
    }
    value->syntax = context != NULL ? context->syntax : OID_UNKNOWN;
  }
  return true;
}

/* Our user's values: their contexts are found by syntax. */
static bool place(const struct presentation *presentation, GArray *values, GError **error)
{
  if (presentation->x410) {
    return true;
  }
  for (guint i = 0; values != NULL && i < values->len; i++) {
    struct presentation_value *value = &g_array_index(values, struct presentation_value, i);
    if (value->context == 0) {
      value->context = presentation_context_of(presentation, value->syntax);
    }
    if (value->context == 0 && presentation->contexts->len > 0) {
      const char *name = oid_name(value->syntax);
      g_set_error(error, OSI_ERROR, OSI_ERROR_STATE, "no presentation context for %s was agreed",
                  name != NULL ? name : "an unknown abstract syntax");
      return false;
    }
  }
  return true;
}

/* --- actions: each takes what is in primitive
 * -------------------------------------------------------------------------------- */

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

/* P-P-ABORT of our own: the peer broke the protocol (X.226 6.4).  Session version 1 has no room for an ARP,
 * and X.410-1984 none of these. */
static void abort_invalid(struct presentation *presentation, struct presentation_primitive *primitive)
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
  if (presentation->ppdu.x410 != presentation->x410 || !resolve(presentation, primitive->values)) {
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

/* --- the table: X.226 annex A
 * ------------------------------------------------------------------------------------------------ */

static const struct row {
  enum state state;
  enum event event;
  action action;
  enum state next;
} table[] = {
    {STAI0, P_CONNECT_REQ, send_cp, STAI1},         /* 6.2 */
    {STAI0, CP, indicate_connect, STAI2},           /* 6.2 */
    {STAI0, CP_REFUSED, refuse_connect, STAI0},     /* 6.2 */
    {STAI1, CPA, confirm_connect, STAT0},           /* 6.2 */
    {STAI1, CPA_INVALID, abort_invalid, STAI0},     /* 6.4 */
    {STAI1, CPR, confirm_refusal, STAI0},           /* 6.2 */
    {STAI2, P_CONNECT_RSP_ACCEPT, send_cpa, STAT0}, /* 6.2 */
    {STAI2, P_CONNECT_RSP_REFUSE, send_cpr, STAI0}, /* 6.2 */
    {STAT0, P_OTHER, pass_down, STAT0},             /* 6.6 to 6.11 */
    {STAT0, P_RELEASE_RSP, pass_down, STAI0},       /* 6.3 */
    {STAT0, S_OTHER, pass_up, STAT0},               /* 6.6 to 6.11 */
    {STAT0, S_RELEASED, pass_up, STAI0},            /* 6.3 */
    {STAI0, ARU, ignore, STAI0},                    /* it is gone already */
    {STAI0, ARP, ignore, STAI0},
    {STAI0, S_OTHER, ignore, STAI0}, /* what was under way when we aborted */
    {STAI0, S_INVALID, ignore, STAI0},
    {STATE_ANY, P_U_ABORT_REQ, send_aru, STAI0}, /* 6.4 */
    {STATE_ANY, ARU, indicate_aru, STAI0},       /* 6.4 */
    {STATE_ANY, ARP, indicate_arp, STAI0},       /* 6.4 */
};

static bool step(struct presentation *presentation, enum event event,
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

const char *presentation_state_name(const struct presentation *presentation)
{
  static const char *const names[] = {"STAI0 idle", "STAI1 awaiting CPA", "STAI2 awaiting P-CONNECT.rsp",
                                      "STAt0 connected"};
  return names[presentation->state];
}

/* --- from the users
 * ------------------------------------------------------------------------------------------------------- */

static enum event request_event(const struct session_primitive *session)
{
  switch (session->service) {
  case S_CONNECT:
    return session->kind == S_REQUEST ? P_CONNECT_REQ
           : session->accepted        ? P_CONNECT_RSP_ACCEPT
                                      : P_CONNECT_RSP_REFUSE;
  case S_RELEASE:
    return session->kind == S_RESPONSE && session->accepted ? P_RELEASE_RSP : P_OTHER;
  case S_U_ABORT:
    return P_U_ABORT_REQ;
  default:
    return P_OTHER;
  }
}

bool presentation_request(struct presentation *presentation, struct presentation_primitive *primitive,
                          GError **error)
{
  enum event event = request_event(&primitive->session);
  if (event == P_CONNECT_REQ && presentation->state == STAI0) {
    presentation->x410 = primitive->x410;
    primitive->calling = presentation->local;
    primitive->called = presentation->remote;
  } else if (event == P_CONNECT_RSP_ACCEPT || event == P_CONNECT_RSP_REFUSE) {
    primitive->responding = presentation->local;
  }
  bool done = place(presentation, primitive->values, event == P_U_ABORT_REQ ? NULL : error);
  if (!done && event == P_U_ABORT_REQ) {
    /* An abort must always go out; without its data if need be. */
    g_clear_pointer(&primitive->values, g_array_unref);
    done = true;
  }
  if (done && !step(presentation, event, primitive)) {
    g_autofree char *name = presentation_primitive_name(primitive);
    g_set_error(error, OSI_ERROR, OSI_ERROR_STATE, "%s in state %s (X.226 annex A)", name,
                presentation_state_name(presentation));
    done = false;
  }
  presentation_primitive_clear(primitive);
  return done;
}

/* --- from the session
 * ----------------------------------------------------------------------------------------------------- */

static void invalid(struct presentation *presentation, gint reason, char *why)
{
  g_free(presentation->why);
  presentation->reason = reason;
  presentation->why = why;
}

static enum event classify_cp(struct presentation *presentation, struct session_primitive *session)
{
  struct presentation_ppdu *ppdu = &presentation->ppdu;
  g_autoptr(GError) error = NULL;
  if (session->user_data == NULL) {
    invalid(presentation, 6, g_strdup("the session connection carries no CP"));
    return CP_REFUSED;
  }
  if (!presentation_read_cp(session->user_data, &presentation->limits, ppdu, &error)) {
    invalid(presentation, error->code == OSI_ERROR_LIMIT && error->domain == OSI_ERROR ? 2 : 6,
            g_strdup(error->message));
    return CP_REFUSED;
  }
  presentation->x410 = ppdu->x410;
  if (ppdu->x410) {
    return CP;
  }
  if (presentation->local.present && ppdu->called.present &&
      !osi_selector_equal(&presentation->local, &ppdu->called)) {
    g_autofree char *called = osi_selector_format(&ppdu->called),
                    *own = osi_selector_format(&presentation->local);
    invalid(presentation, 3,
            g_strdup_printf("the peer calls presentation selector %s, ours is %s: one side must be changed",
                            called, own));
    return CP_REFUSED;
  }
  if (ppdu->contexts != NULL && !decide_contexts(presentation, ppdu->contexts)) {
    g_autofree char *contexts = presentation_contexts_describe(presentation);
    invalid(presentation, 0,
            g_strdup_printf("none of the proposed contexts is supported here: %s", contexts));
    return CP_REFUSED;
  }
  if (!resolve(presentation, ppdu->values)) {
    g_autofree char *contexts = presentation_contexts_describe(presentation);
    invalid(presentation, 6,
            g_strdup_printf("user data stands in a context that is not accepted: %s", contexts));
    return CP_REFUSED;
  }
  return CP;
}

static enum event classify_connect_cnf(struct presentation *presentation, struct session_primitive *session)
{
  struct presentation_ppdu *ppdu = &presentation->ppdu;
  g_autoptr(GError) error = NULL;
  presentation->abort_event = 1; /* X.226 8.2: cpa-PPDU */
  if (!session->accepted) {
    if (session->user_data == NULL ||
        !presentation_read_cpr(session->user_data, &presentation->limits, ppdu, &error)) {
      invalid(presentation, PRESENTATION_NO_REASON, g_strdup("no CPR"));
      return CPR;
    }
    take_results(presentation, ppdu->contexts);
    if (!resolve(presentation, ppdu->values)) {
      g_clear_pointer(&ppdu->values, g_array_unref);
    }
    return CPR;
  }
  if (session->user_data == NULL ||
      !presentation_read_cpa(session->user_data, &presentation->limits, ppdu, &error)) {
    invalid(presentation, 1,
            g_strdup(error != NULL ? error->message : "the session is accepted without a CPA"));
    return CPA_INVALID;
  }
  if (ppdu->x410 != presentation->x410) {
    invalid(presentation, 6,
            g_strdup_printf("CPA: %s mode answers %s mode (X.226 8.2)", ppdu->x410 ? "X.410-1984" : "normal",
                            ppdu->x410 ? "normal" : "X.410-1984"));
    return CPA_INVALID;
  }
  if (ppdu->contexts != NULL && ppdu->contexts->len != presentation->contexts->len) {
    invalid(presentation, 6,
            g_strdup_printf("CPA: %u results for %u proposed contexts (X.226 6.2)", ppdu->contexts->len,
                            presentation->contexts->len));
    return CPA_INVALID;
  }
  take_results(presentation, ppdu->contexts);
  if (!resolve(presentation, ppdu->values)) {
    g_autofree char *contexts = presentation_contexts_describe(presentation);
    invalid(presentation, 6,
            g_strdup_printf("CPA: user data in a context that is not accepted: %s", contexts));
    return CPA_INVALID;
  }
  return CPA;
}

/* X.226 8.2: the event identifiers of an ARP. */
static gint event_identifier(const struct session_primitive *session)
{
  bool indication = session->kind == S_INDICATION;
  switch (session->service) {
  case S_DATA:
    return 7;
  case S_TYPED_DATA:
    return 8;
  case S_RELEASE:
    return indication ? 14 : 15;
  case S_TOKEN_GIVE:
    return 16;
  case S_TOKEN_PLEASE:
    return 17;
  case S_CONTROL_GIVE:
    return 18;
  case S_SYNC_MINOR:
    return indication ? 19 : 20;
  case S_P_EXCEPTION_REPORT:
    return 23;
  case S_U_EXCEPTION_REPORT:
    return 24;
  case S_ACTIVITY_START:
    return 25;
  case S_ACTIVITY_RESUME:
    return 26;
  case S_ACTIVITY_INTERRUPT:
    return indication ? 27 : 28;
  case S_ACTIVITY_DISCARD:
    return indication ? 29 : 30;
  case S_ACTIVITY_END:
    return indication ? 31 : 32;
  default:
    return PRESENTATION_NO_REASON;
  }
}

static enum event classify_other(struct presentation *presentation, struct session_primitive *session)
{
  const char *why = NULL;
  presentation->abort_event = event_identifier(session);
  if (session->service == S_TYPED_DATA) {
    invalid(presentation, 2, g_strdup("typed data, of which nothing was agreed"));
    return S_INVALID;
  }
  if (session->user_data == NULL || g_bytes_get_size(session->user_data) == 0) {
    return session->service == S_RELEASE && session->kind == S_CONFIRM && session->accepted ? S_RELEASED
                                                                                            : S_OTHER;
  }
  presentation->ppdu.values = presentation->x410
                                  ? presentation_values_one(OID_UNKNOWN, g_bytes_ref(session->user_data))
                                  : pdv_read(session->user_data, presentation->limits.values_max, &why);
  if (presentation->ppdu.values == NULL) {
    invalid(
        presentation, 1,
        g_strdup_printf("%s: %s (X.226 8.4)", session_primitive_name(session->service, session->kind), why));
    return S_INVALID;
  }
  if (!resolve(presentation, presentation->ppdu.values)) {
    g_autofree char *contexts = presentation_contexts_describe(presentation);
    invalid(presentation, 6,
            g_strdup_printf("%s: user data in a context outside the agreed ones (%s)",
                            session_primitive_name(session->service, session->kind), contexts));
    return S_INVALID;
  }
  return session->service == S_RELEASE && session->kind == S_CONFIRM && session->accepted ? S_RELEASED
                                                                                          : S_OTHER;
}

static enum event classify(struct presentation *presentation, struct session_primitive *session)
{
  g_autoptr(GError) error = NULL;
  switch (session->service) {
  case S_CONNECT:
    return session->kind == S_INDICATION ? classify_cp(presentation, session)
                                         : classify_connect_cnf(presentation, session);
  case S_U_ABORT:
    /* An abort that cannot be read is an abort all the same. */
    if (session->user_data == NULL ||
        !presentation_read_abort(session->user_data, &presentation->limits, &presentation->ppdu, &error)) {
      return ARU;
    }
    return presentation->ppdu.provider ? ARP : ARU;
  case S_P_ABORT:
    return ARP;
  default:
    return classify_other(presentation, session);
  }
}

void presentation_session(struct presentation *presentation, struct session_primitive *session)
{
  enum event event = classify(presentation, session);
  struct presentation_primitive primitive = {.session = *session};
  *session = (struct session_primitive){0};
  g_clear_pointer(&primitive.session.user_data, g_bytes_unref);
  if (!step(presentation, event, &primitive)) {
    if (event != S_INVALID) {
      invalid(presentation, 3,
              g_strdup_printf("%s in state %s (X.226 annex A)",
                              session_primitive_name(primitive.session.service, primitive.session.kind),
                              presentation_state_name(presentation)));
    }
    presentation->state = STAI0;
    abort_invalid(presentation, &primitive);
  }
  presentation_primitive_clear(&primitive);
  presentation_ppdu_clear(&presentation->ppdu);
  g_clear_pointer(&presentation->why, g_free);
}
