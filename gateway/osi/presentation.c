/* presentation.c - see presentation.h. */
#include "osi/presentation.h"

#include <string.h>

#include "osi/error.h"
#include "osi/presentation_machine.h"

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

const char *presentation_state_name(const struct presentation *presentation)
{
  static const char *const names[] = {"STAI0 idle", "STAI1 awaiting CPA", "STAI2 awaiting P-CONNECT.rsp",
                                      "STAt0 connected"};
  return names[presentation->state];
}

/* --- from the users --- */

static enum presentation_event request_event(const struct session_primitive *session)
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
  enum presentation_event event = request_event(&primitive->session);
  if (event == P_CONNECT_REQ && presentation->state == STAI0) {
    presentation->x410 = primitive->x410;
    primitive->calling = presentation->local;
    primitive->called = presentation->remote;
  } else if (event == P_CONNECT_RSP_ACCEPT || event == P_CONNECT_RSP_REFUSE) {
    primitive->responding = presentation->local;
  }
  bool done = presentation_place(presentation, primitive->values, event == P_U_ABORT_REQ ? NULL : error);
  if (!done && event == P_U_ABORT_REQ) {
    /* An abort must always go out; without its data if need be. */
    g_clear_pointer(&primitive->values, g_array_unref);
    done = true;
  }
  if (done && !presentation_step(presentation, event, primitive)) {
    g_autofree char *name = presentation_primitive_name(primitive);
    g_set_error(error, OSI_ERROR, OSI_ERROR_STATE, "%s in state %s (X.226 annex A)", name,
                presentation_state_name(presentation));
    done = false;
  }
  presentation_primitive_clear(primitive);
  return done;
}

/* --- from the session --- */

static void invalid(struct presentation *presentation, gint reason, char *why)
{
  g_free(presentation->why);
  presentation->reason = reason;
  presentation->why = why;
}

static enum presentation_event classify_cp(struct presentation *presentation,
                                           struct session_primitive *session)
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
  if (ppdu->contexts != NULL && !presentation_decide_contexts(presentation, ppdu->contexts)) {
    g_autofree char *contexts = presentation_contexts_describe(presentation);
    invalid(presentation, 0,
            g_strdup_printf("none of the proposed contexts is supported here: %s", contexts));
    return CP_REFUSED;
  }
  if (!presentation_resolve(presentation, ppdu->values)) {
    g_autofree char *contexts = presentation_contexts_describe(presentation);
    invalid(presentation, 6,
            g_strdup_printf("user data stands in a context that is not accepted: %s", contexts));
    return CP_REFUSED;
  }
  return CP;
}

static enum presentation_event classify_connect_cnf(struct presentation *presentation,
                                                    struct session_primitive *session)
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
    presentation_take_results(presentation, ppdu->contexts);
    if (!presentation_resolve(presentation, ppdu->values)) {
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
  presentation_take_results(presentation, ppdu->contexts);
  if (!presentation_resolve(presentation, ppdu->values)) {
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

static enum presentation_event classify_other(struct presentation *presentation,
                                              struct session_primitive *session)
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
  if (!presentation_resolve(presentation, presentation->ppdu.values)) {
    g_autofree char *contexts = presentation_contexts_describe(presentation);
    invalid(presentation, 6,
            g_strdup_printf("%s: user data in a context outside the agreed ones (%s)",
                            session_primitive_name(session->service, session->kind), contexts));
    return S_INVALID;
  }
  return session->service == S_RELEASE && session->kind == S_CONFIRM && session->accepted ? S_RELEASED
                                                                                          : S_OTHER;
}

static enum presentation_event classify(struct presentation *presentation, struct session_primitive *session)
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
  enum presentation_event event = classify(presentation, session);
  struct presentation_primitive primitive = {.session = *session};
  *session = (struct session_primitive){0};
  g_clear_pointer(&primitive.session.user_data, g_bytes_unref);
  if (!presentation_step(presentation, event, &primitive)) {
    if (event != S_INVALID) {
      invalid(presentation, 3,
              g_strdup_printf("%s in state %s (X.226 annex A)",
                              session_primitive_name(primitive.session.service, primitive.session.kind),
                              presentation_state_name(presentation)));
    }
    presentation->state = STAI0;
    presentation_abort_invalid(presentation, &primitive);
  }
  presentation_primitive_clear(&primitive);
  presentation_ppdu_clear(&presentation->ppdu);
  g_clear_pointer(&presentation->why, g_free);
}
