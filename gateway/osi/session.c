/* session.c - the contract of session.h: TSDUs, requests and timers become events of the state table. */
#include "osi/session.h"

#include "osi/error.h"
#include "osi/session_machine.h"

/* --- primitives and outputs --- */

void session_reference_clear(struct session_reference *reference)
{
  g_clear_pointer(&reference->calling_user, g_bytes_unref);
  g_clear_pointer(&reference->called_user, g_bytes_unref);
  g_clear_pointer(&reference->common, g_bytes_unref);
  g_clear_pointer(&reference->additional, g_bytes_unref);
}

static GBytes *ref(GBytes *octets)
{
  return octets != NULL ? g_bytes_ref(octets) : NULL;
}

void session_reference_copy(struct session_reference *to, const struct session_reference *from)
{
  *to = (struct session_reference){ref(from->calling_user), ref(from->called_user), ref(from->common),
                                   ref(from->additional)};
}

void session_primitive_clear(struct session_primitive *primitive)
{
  g_clear_pointer(&primitive->user_data, g_bytes_unref);
  g_clear_pointer(&primitive->activity, g_bytes_unref);
  g_clear_pointer(&primitive->old_activity, g_bytes_unref);
  g_clear_pointer(&primitive->detail, g_free);
  session_reference_clear(&primitive->reference);
  session_reference_clear(&primitive->old_reference);
}

void session_output_clear(struct session_output *output)
{
  g_clear_pointer(&output->data, g_bytes_unref);
  session_primitive_clear(&output->primitive);
}

const char *session_primitive_name(enum session_service service, enum session_kind kind)
{
#define NAMES(name)                                                                                          \
  {                                                                                                          \
    name ".req", name ".ind", name ".rsp", name ".cnf"                                                       \
  }
  static const char *const names[][4] = {
      [S_CONNECT] = NAMES("S-CONNECT"),
      [S_DATA] = NAMES("S-DATA"),
      [S_TYPED_DATA] = NAMES("S-TYPED-DATA"),
      [S_TOKEN_GIVE] = NAMES("S-TOKEN-GIVE"),
      [S_TOKEN_PLEASE] = NAMES("S-TOKEN-PLEASE"),
      [S_CONTROL_GIVE] = NAMES("S-CONTROL-GIVE"),
      [S_SYNC_MINOR] = NAMES("S-SYNC-MINOR"),
      [S_ACTIVITY_START] = NAMES("S-ACTIVITY-START"),
      [S_ACTIVITY_RESUME] = NAMES("S-ACTIVITY-RESUME"),
      [S_ACTIVITY_INTERRUPT] = NAMES("S-ACTIVITY-INTERRUPT"),
      [S_ACTIVITY_DISCARD] = NAMES("S-ACTIVITY-DISCARD"),
      [S_ACTIVITY_END] = NAMES("S-ACTIVITY-END"),
      [S_U_EXCEPTION_REPORT] = NAMES("S-U-EXCEPTION-REPORT"),
      [S_P_EXCEPTION_REPORT] = NAMES("S-P-EXCEPTION-REPORT"),
      [S_RELEASE] = NAMES("S-RELEASE"),
      [S_U_ABORT] = NAMES("S-U-ABORT"),
      [S_P_ABORT] = NAMES("S-P-ABORT"),
  };
#undef NAMES
  return names[service][kind];
}

bool session_next(struct session *session, struct session_output *output_r)
{
  return outputs_next(&session->outputs, output_r);
}

/* --- life --- */

struct session *session_new(const struct session_options *options)
{
  struct session *session = g_new0(struct session, 1);
  session->options = *options;
  session->state = STA01C;
  session->outputs = OUTPUTS_INIT(struct session_output, session_output_clear);
  return session;
}

void session_free(struct session *session)
{
  if (session == NULL)
    return;
  outputs_clear(&session->outputs);
  session_drop_partial(session);
  if (session->connect != NULL)
    session_spdu_clear(session->connect);
  g_free(session->connect);
  g_clear_pointer(&session->connect_data, g_byte_array_unref);
  g_clear_pointer(&session->overflow, g_bytes_unref);
  g_free(session->words);
  g_free(session);
}

const char *session_state_name(const struct session *session)
{
  return session_state_title(session->state);
}

guint session_tokens(const struct session *session)
{
  return session->tokens;
}

guint session_next_serial(const struct session *session)
{
  return session->vm;
}

/* --- what comes from below --- */

static void invalid(struct session *session, const char *words)
{
  session_abort(session, DISCONNECT_PROTOCOL_ERROR, g_strdup_printf("protocol error of the peer: %s", words));
}

/* Decodes and takes what stands behind the GT or PT; the type of the last one in *last_r. False after an
 * error. */
static bool take_following(struct session *session, GBytes *tsdu, gsize offset,
                           enum session_spdu_type *last_r)
{
  for (guint count = 0; offset < g_bytes_get_size(tsdu); count++) {
    struct session_spdu spdu;
    g_autoptr(GError) error = NULL;
    if (!session_spdu_decode(tsdu, &offset, true, &spdu, &error)) {
      invalid(session, error->message);
      return false;
    }
    bool may_follow = session_spdu_category(spdu.type) == SESSION_AFTER && count < SESSION_CONCATENATED_MAX;
    *last_r = spdu.type;
    if (may_follow)
      session_receive(session, &spdu);
    session_spdu_clear(&spdu);
    if (!may_follow) {
      g_autofree char *words =
          g_strdup_printf("%s behind another SPDU (X.225 6.3.7)", session_spdu_name(*last_r));
      invalid(session, words);
      return false;
    }
  }
  return true;
}

/* The SPDU of category 0 is taken after those that it heralds: whoever gives a token away may use it a last
 * time in the same TSDU.  Empty it means nothing; before AI and AD its tokens fall with the activity. */
static void take_herald(struct session *session, GBytes *tsdu, gsize offset, struct session_spdu *herald)
{
  enum session_spdu_type last = herald->type;
  if (!take_following(session, tsdu, offset, &last))
    return;
  if (herald->token_item != 0 && last != SPDU_AI && last != SPDU_AD)
    session_receive(session, herald);
}

void session_tsdu(struct session *session, GBytes *tsdu)
{
  struct session_spdu spdu;
  g_autoptr(GError) error = NULL;
  gsize offset = 0;
  if (session->state == STA01)
    return;
  if (!session_spdu_decode(tsdu, &offset, false, &spdu, &error)) {
    invalid(session, error->message);
    return;
  }
  if (session_spdu_category(spdu.type) == SESSION_ALONE_OR_FIRST)
    take_herald(session, tsdu, offset, &spdu);
  else if (offset < g_bytes_get_size(tsdu))
    invalid(session, "octets follow an SPDU that is not to be concatenated (X.225 6.3.7)");
  else
    session_receive(session, &spdu);
  session_spdu_clear(&spdu);
}

void session_transport_lost(struct session *session)
{
  session_handle(session, &(struct session_event){.type = TDISIND});
}

void session_timeout(struct session *session)
{
  session->timing = false;
  session_handle(session, &(struct session_event){.type = TIM});
}

/* --- what comes from the user --- */

static const struct request {
  enum session_service service;
  enum session_kind kind;
  int accepted; /* -1: no matter */
  guint event;
  enum session_spdu_type carrier; /* of the user data */
} requests[] = {
    {S_CONNECT, S_REQUEST, -1, SCONREQ, SPDU_CN},
    {S_CONNECT, S_RESPONSE, true, SCONRSP_ACCEPT, SPDU_AC},
    {S_CONNECT, S_RESPONSE, false, SCONRSP_REJECT, SPDU_RF},
    {S_DATA, S_REQUEST, -1, SDTREQ, SPDU_DT},
    {S_TYPED_DATA, S_REQUEST, -1, STDREQ, SPDU_TD},
    {S_TOKEN_GIVE, S_REQUEST, -1, SGTREQ, SPDU_GT},
    {S_TOKEN_PLEASE, S_REQUEST, -1, SPTREQ, SPDU_PT},
    {S_CONTROL_GIVE, S_REQUEST, -1, SCGREQ, SPDU_GTC},
    {S_SYNC_MINOR, S_REQUEST, -1, SSYNMREQ, SPDU_MIP},
    {S_SYNC_MINOR, S_RESPONSE, -1, SSYNMRSP, SPDU_MIA},
    {S_ACTIVITY_START, S_REQUEST, -1, SACTSREQ, SPDU_AS},
    {S_ACTIVITY_RESUME, S_REQUEST, -1, SACTRREQ, SPDU_AR},
    {S_ACTIVITY_INTERRUPT, S_REQUEST, -1, SACTIREQ, SPDU_AI},
    {S_ACTIVITY_INTERRUPT, S_RESPONSE, -1, SACTIRSP, SPDU_AIA},
    {S_ACTIVITY_DISCARD, S_REQUEST, -1, SACTDREQ, SPDU_AD},
    {S_ACTIVITY_DISCARD, S_RESPONSE, -1, SACTDRSP, SPDU_ADA},
    {S_ACTIVITY_END, S_REQUEST, -1, SACTEREQ, SPDU_AE},
    {S_ACTIVITY_END, S_RESPONSE, -1, SACTERSP, SPDU_AEA},
    {S_U_EXCEPTION_REPORT, S_REQUEST, -1, SUERREQ, SPDU_ED},
    {S_RELEASE, S_REQUEST, -1, SRELREQ, SPDU_FN},
    {S_RELEASE, S_RESPONSE, true, SRELRSP_ACCEPT, SPDU_DN},
    {S_RELEASE, S_RESPONSE, false, SRELRSP_REJECT, SPDU_NF},
    {S_U_ABORT, S_REQUEST, -1, SUABREQ, SPDU_AB},
};

static const struct request *find_request(const struct session_primitive *primitive)
{
  for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
    const struct request *request = &requests[i];
    if (request->service == primitive->service && request->kind == primitive->kind &&
        (request->accepted == -1 || request->accepted == primitive->accepted))
      return request;
  }
  return NULL;
}

static bool beyond(GError **error, const struct request *request, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static bool beyond(GError **error, const struct request *request, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *words = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(error, OSI_ERROR, OSI_ERROR_LIMIT, "%s: %s", session_event_name(request->event), words);
  return false;
}

/* The octets of user data that the version in use takes along; abort is never refused for them. */
static gsize user_data_room(const struct session *session, const struct request *request)
{
  guint version = session->version != 0 ? session->version : session->options.version_max;
  if (request->carrier == SPDU_AB)
    return G_MAXSIZE;
  if (version < 2)
    return session_spdu_user_data_v1(request->carrier);
  if (request->carrier != SPDU_RF)
    return G_MAXSIZE;
  struct session_spdu refuse = {.type = SPDU_RF, .present = G_MAXUINT32 & ~(guint32)HAS_USER_DATA};
  return session_spdu_room(&refuse, 0) - 256; /* less the references, at most */
}

/* Parameters that the wire could not carry, or that would make no sense there. */
static bool parameters_fit(const struct session *session, const struct request *request,
                           const struct session_primitive *primitive, GError **error)
{
  gsize size = primitive->user_data != NULL ? g_bytes_get_size(primitive->user_data) : 0;
  gsize room = user_data_room(session, request);
  if (size > room)
    return beyond(error, request, "%zu octets of user data; the protocol version allows %zu", size, room);
  bool activity = request->event == SACTSREQ || request->event == SACTRREQ;
  if (activity &&
      (primitive->activity == NULL || g_bytes_get_size(primitive->activity) > SESSION_ACTIVITY_MAX))
    return beyond(error, request, "an activity identifier of 1 to %d octets is needed", SESSION_ACTIVITY_MAX);
  if (request->event == SACTRREQ &&
      (primitive->old_activity == NULL || primitive->serial > SESSION_SERIAL_MAX))
    return beyond(error, request, "the old activity identifier and a serial number up to %d are needed",
                  SESSION_SERIAL_MAX);
  bool counts = request->event == SSYNMREQ || request->event == SACTEREQ;
  if (counts && session->vm > SESSION_SERIAL_MAX)
    return beyond(error, request, "serial number %u; at most %d can be told", session->vm,
                  SESSION_SERIAL_MAX);
  bool tokens = request->event == SGTREQ || request->event == SPTREQ;
  if (tokens && (primitive->tokens & SESSION_TOKENS_ALL) == 0)
    return beyond(error, request, "no token is named");
  return true;
}

bool session_request(struct session *session, const struct session_primitive *primitive, GError **error)
{
  const struct request *request = find_request(primitive);
  if (request == NULL) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_STATE, "%s is not a primitive that the session user gives",
                session_primitive_name(primitive->service, primitive->kind));
    return false;
  }
  if (!parameters_fit(session, request, primitive, error))
    return false;
  struct session_event event = {.type = request->event, .primitive = primitive};
  const struct session_row *row = session_find_row(session, &event);
  if (row == NULL) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_STATE,
                "%s is not allowed in state %s (tokens %02X, %s activity; X.225 annex A)",
                session_event_name(request->event), session_state_title(session->state), session->tokens,
                session->vact ? "in an" : "no");
    return false;
  }
  session_take_row(session, row, &event);
  return true;
}
