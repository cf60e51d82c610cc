/* acse.c - see acse.h. The table is X.227 annex A without collision of releases. */
#include "osi/acse.h"

#include "osi/acse_apdu.h"
#include "osi/error.h"
#include "osi/outputs.h"

enum state { STA0, STA1, STA2, STA3, STA4, STA5, STATE_ANY };
enum event {
  A_ASCREQ,
  A_ASCRSP_ACCEPT,
  A_ASCRSP_REJECT,
  A_RLSREQ,
  A_RLSRSP,
  A_ABRREQ,
  AARQ,
  AARQ_OTHER,   /* for another application context */
  AARQ_INVALID, /* P-CONNECT.ind without a readable AARQ */
  AARE_ACCEPT,
  AARE_REJECT,
  AARE_INVALID,
  P_CON_REFUSED, /* P-CONNECT.cnf without AARE */
  RLRQ,
  RLRE,
  ABRT, /* P-U-ABORT.ind, with or without a readable ABRT */
  P_PAB_IND,
  EXTRA /* an APDU or primitive that has no place here */
};

struct acse {
  enum state state;
  struct acse_options options;
  const struct presentation *presentation;
  bool x410;              /* the mode of the association */
  struct outputs outputs; /* struct acse_output */
  /* Of the step under way. */
  struct acse_apdu apdu;
  char *why;
};

void acse_primitive_clear(struct acse_primitive *primitive)
{
  g_clear_pointer(&primitive->information, g_bytes_unref);
  presentation_primitive_clear(&primitive->connect);
  osi_failure_clear(&primitive->failure);
  *primitive = (struct acse_primitive){0};
}

void acse_output_clear(struct acse_output *output)
{
  presentation_primitive_clear(&output->presentation);
  acse_primitive_clear(&output->primitive);
}

const char *acse_primitive_name(enum acse_service service, enum session_kind kind)
{
  static const char *const names[4][4] = {
      [A_ASSOCIATE] = {"A-ASSOCIATE.req", "A-ASSOCIATE.ind", "A-ASSOCIATE.rsp", "A-ASSOCIATE.cnf"},
      [A_RELEASE] = {"A-RELEASE.req", "A-RELEASE.ind", "A-RELEASE.rsp", "A-RELEASE.cnf"},
      [A_ABORT] = {"A-ABORT.req", "A-ABORT.ind", "A-ABORT.rsp", "A-ABORT.cnf"},
      [A_P_ABORT] = {"A-P-ABORT.req", "A-P-ABORT.ind", "A-P-ABORT.rsp", "A-P-ABORT.cnf"}};
  return names[service][kind];
}

struct acse *acse_new(const struct acse_options *options, const struct presentation *presentation)
{
  struct acse *acse = g_new0(struct acse, 1);
  acse->options = *options;
  acse->presentation = presentation;
  acse->outputs = OUTPUTS_INIT(struct acse_output, acse_output_clear);
  return acse;
}

void acse_free(struct acse *acse)
{
  if (acse == NULL) {
    return;
  }
  outputs_clear(&acse->outputs);
  acse_apdu_clear(&acse->apdu);
  g_free(acse->why);
  g_free(acse);
}

bool acse_next(struct acse *acse, struct acse_output *output_r)
{
  return outputs_next(&acse->outputs, output_r);
}

/* Both take what they are given. */
static void send_down(struct acse *acse, struct presentation_primitive *presentation)
{
  struct acse_output *output = outputs_put(&acse->outputs);
  output->type = ACSE_PRESENTATION;
  output->presentation = *presentation;
  *presentation = (struct presentation_primitive){0};
}

static void indicate(struct acse *acse, struct acse_primitive *primitive)
{
  struct acse_output *output = outputs_put(&acse->outputs);
  output->type = ACSE_INDICATE;
  output->primitive = *primitive;
  *primitive = (struct acse_primitive){0};
}

/* Puts the APDU into the primitive's user data.  The APDU of the step's user goes with it, or instead of it
 * (X.227 8.4 - 8.6). */
static void put_apdu(const struct acse *acse, struct acse_apdu *apdu,
                     struct presentation_primitive *primitive)
{
  if (acse->x410) {
    primitive->values = apdu->information != NULL
                            ? presentation_values_one(OID_UNKNOWN, g_bytes_ref(apdu->information))
                            : NULL;
    return;
  }
  apdu->information_context = presentation_context_of(acse->presentation, acse->options.user_syntax);
  GBytes *octets = acse_apdu_write(apdu, NULL);
  primitive->values = octets != NULL ? presentation_values_one(OID_AS_ACSE, octets) : NULL;
}

/* --- actions: each takes what is in the primitive of its side
 * ------------------------------------------------------------- */

struct input {
  struct acse_primitive *user;                 /* from above */
  struct presentation_primitive *presentation; /* from below */
};
typedef void (*action)(struct acse *acse, struct input *input);

static void send_aarq(struct acse *acse, struct input *input)
{
  struct acse_apdu apdu = {.type = ACSE_AARQ,
                           .context = acse->options.application_context,
                           .information = input->user->information};
  acse->x410 = input->user->connect.x410;
  input->user->connect.session.service = S_CONNECT;
  input->user->connect.session.kind = S_REQUEST;
  put_apdu(acse, &apdu, &input->user->connect);
  send_down(acse, &input->user->connect);
}

static void indicate_associate(struct acse *acse, struct input *input)
{
  struct acse_primitive up = {.service = A_ASSOCIATE,
                              .kind = S_INDICATION,
                              .information = g_steal_pointer(&acse->apdu.information),
                              .connect = *input->presentation};
  *input->presentation = (struct presentation_primitive){0};
  indicate(acse, &up);
}

static void answer_aarq(struct acse *acse, struct presentation_primitive *connect, struct acse_apdu *apdu)
{
  connect->session.service = S_CONNECT;
  connect->session.kind = S_RESPONSE;
  connect->session.accepted = apdu->result == ACSE_ACCEPTED;
  put_apdu(acse, apdu, connect);
  send_down(acse, connect);
}

static void send_aare(struct acse *acse, struct input *input)
{
  struct acse_apdu apdu = {.type = ACSE_AARE,
                           .context = acse->options.application_context,
                           .result = input->user->result,
                           .diagnostic = input->user->diagnostic,
                           .information = input->user->information};
  answer_aarq(acse, &input->user->connect, &apdu);
}

static void tell_own_refusal(struct acse *acse)
{
  struct acse_primitive up = {.service = A_P_ABORT, .kind = S_INDICATION};
  osi_failure_set(&up.failure, OSI_LAYER_ACSE, false, true, "refused at ACSE: %s", acse->why);
  indicate(acse, &up);
}

static void reject_aarq(struct acse *acse, enum acse_diagnostic diagnostic)
{
  struct acse_apdu apdu = {.type = ACSE_AARE,
                           .context = acse->options.application_context,
                           .result = ACSE_REJECTED_PERMANENT,
                           .diagnostic = diagnostic};
  struct presentation_primitive answer = {0};
  answer_aarq(acse, &answer, &apdu);
  tell_own_refusal(acse);
}

static void reject_other(struct acse *acse, struct input *input)
{
  (void)input;
  reject_aarq(acse, ACSE_CONTEXT_NAME_NOT_SUPPORTED);
}

static void reject_invalid(struct acse *acse, struct input *input)
{
  (void)input;
  reject_aarq(acse, ACSE_NO_REASON);
}

static void confirm_associate(struct acse *acse, struct input *input)
{
  struct acse_primitive up = {.service = A_ASSOCIATE,
                              .kind = S_CONFIRM,
                              .result = ACSE_ACCEPTED,
                              .information = g_steal_pointer(&acse->apdu.information),
                              .connect = *input->presentation};
  *input->presentation = (struct presentation_primitive){0};
  indicate(acse, &up);
}

static void confirm_rejected(struct acse *acse, struct input *input)
{
  struct acse_primitive up = {.service = A_ASSOCIATE,
                              .kind = S_CONFIRM,
                              .result = acse->apdu.result == ACSE_REJECTED_TRANSIENT
                                            ? ACSE_REJECTED_TRANSIENT
                                            : ACSE_REJECTED_PERMANENT,
                              .information = g_steal_pointer(&acse->apdu.information)};
  if (acse->x410) {
    osi_failure_move(&up.failure, &input->presentation->failure);
    indicate(acse, &up);
    return;
  }
  g_autofree char *words = acse_diagnostic_words(acse->apdu.by_provider, acse->apdu.diagnostic);
  osi_failure_set(&up.failure, OSI_LAYER_ACSE, true, up.result == ACSE_REJECTED_PERMANENT,
                  "the peer's %s rejected the association %s: %s",
                  acse->apdu.by_provider ? "ACSE" : "application",
                  up.result == ACSE_REJECTED_PERMANENT ? "permanently" : "for now", words);
  indicate(acse, &up);
}

static void confirm_refused_below(struct acse *acse, struct input *input)
{
  struct acse_primitive up = {.service = A_ASSOCIATE, .kind = S_CONFIRM};
  osi_failure_move(&up.failure, &input->presentation->failure);
  up.result = up.failure.permanent ? ACSE_REJECTED_PERMANENT : ACSE_REJECTED_TRANSIENT;
  indicate(acse, &up);
}

/* X.227 7.3: what has no place here ends the association. */
static void abort_invalid(struct acse *acse, struct input *input)
{
  struct acse_apdu apdu = {.type = ACSE_ABRT, .by_provider = true};
  struct presentation_primitive down = {.session = {.service = S_U_ABORT, .kind = S_REQUEST}};
  struct acse_primitive up = {.service = A_P_ABORT, .kind = S_INDICATION};
  put_apdu(acse, &apdu, &down);
  osi_failure_set(&up.failure, OSI_LAYER_ACSE, false, false, "the peer broke ACSE's protocol: %s", acse->why);
  (void)input;
  send_down(acse, &down);
  indicate(acse, &up);
}

static void send_rlrq(struct acse *acse, struct input *input)
{
  struct acse_apdu apdu = {.type = ACSE_RLRQ, .information = input->user->information};
  struct presentation_primitive down = {.session = {.service = S_RELEASE, .kind = S_REQUEST}};
  put_apdu(acse, &apdu, &down);
  send_down(acse, &down);
}

static void indicate_release(struct acse *acse, struct input *input)
{
  struct acse_primitive up = {
      .service = A_RELEASE, .kind = S_INDICATION, .information = g_steal_pointer(&acse->apdu.information)};
  (void)input;
  indicate(acse, &up);
}

static void send_rlre(struct acse *acse, struct input *input)
{
  struct acse_apdu apdu = {.type = ACSE_RLRE, .information = input->user->information};
  struct presentation_primitive down = {
      .session = {.service = S_RELEASE, .kind = S_RESPONSE, .accepted = true}};
  put_apdu(acse, &apdu, &down);
  send_down(acse, &down);
}

static void confirm_release(struct acse *acse, struct input *input)
{
  struct acse_primitive up = {.service = A_RELEASE,
                              .kind = S_CONFIRM,
                              .result = ACSE_ACCEPTED,
                              .information = g_steal_pointer(&acse->apdu.information)};
  (void)input;
  indicate(acse, &up);
}

static void send_abrt(struct acse *acse, struct input *input)
{
  struct acse_apdu apdu = {.type = ACSE_ABRT, .information = input->user->information};
  struct presentation_primitive down = {.session = {.service = S_U_ABORT, .kind = S_REQUEST}};
  put_apdu(acse, &apdu, &down);
  send_down(acse, &down);
}

static void indicate_abort(struct acse *acse, struct input *input)
{
  bool provider = acse->apdu.type == ACSE_ABRT && acse->apdu.by_provider;
  struct acse_primitive up = {.service = provider ? A_P_ABORT : A_ABORT,
                              .kind = S_INDICATION,
                              .information = g_steal_pointer(&acse->apdu.information)};
  if (acse->why == NULL) {
    osi_failure_set(&up.failure, OSI_LAYER_ACSE, true, false,
                    provider ? "the peer's ACSE aborted: it holds that we broke the protocol"
                             : "the peer's application aborted the association and gave no reason");
  } else {
    osi_failure_move(&up.failure, &input->presentation->failure);
  }
  indicate(acse, &up);
}

static void indicate_p_abort(struct acse *acse, struct input *input)
{
  struct acse_primitive up = {.service = A_P_ABORT, .kind = S_INDICATION};
  osi_failure_move(&up.failure, &input->presentation->failure);
  indicate(acse, &up);
}

static void ignore(struct acse *acse, struct input *input)
{
  (void)acse;
  (void)input;
}

/* --- the table: X.227 annex A
 * ---------------------------------------------------------------------------------------------- */

static const struct row {
  enum state state;
  enum event event;
  action action;
  enum state next;
} table[] = {
    {STA0, A_ASCREQ, send_aarq, STA1},      /* 7.1 */
    {STA0, AARQ, indicate_associate, STA2}, /* 7.1 */
    {STA0, AARQ_OTHER, reject_other, STA0}, /* 7.1 */
    {STA0, AARQ_INVALID, reject_invalid, STA0},
    {STA1, AARE_ACCEPT, confirm_associate, STA5},       /* 7.1 */
    {STA1, AARE_REJECT, confirm_rejected, STA0},        /* 7.1 */
    {STA1, AARE_INVALID, abort_invalid, STA0},          /* 7.3 */
    {STA1, P_CON_REFUSED, confirm_refused_below, STA0}, /* 7.1 */
    {STA2, A_ASCRSP_ACCEPT, send_aare, STA5},           /* 7.1 */
    {STA2, A_ASCRSP_REJECT, send_aare, STA0},           /* 7.1 */
    {STA3, RLRE, confirm_release, STA0},                /* 7.2 */
    {STA4, A_RLSRSP, send_rlre, STA0},                  /* 7.2 */
    {STA5, A_RLSREQ, send_rlrq, STA3},                  /* 7.2 */
    {STA5, RLRQ, indicate_release, STA4},               /* 7.2 */
    {STA0, A_ABRREQ, ignore, STA0},
    {STATE_ANY, A_ABRREQ, send_abrt, STA0}, /* 7.3 */
    /* From below everything but P-CONNECT.ind is over when we are unassociated, but an abort may come before
       we were. */
    {STATE_ANY, ABRT, indicate_abort, STA0},        /* 7.3 */
    {STATE_ANY, P_PAB_IND, indicate_p_abort, STA0}, /* 7.3 */
    {STATE_ANY, EXTRA, abort_invalid, STA0},        /* 7.3 */
};

static bool step(struct acse *acse, enum event event, struct input *input)
{
  for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
    if ((table[i].state == acse->state || table[i].state == STATE_ANY) && table[i].event == event) {
      acse->state = table[i].next;
      table[i].action(acse, input);
      return true;
    }
  }
  return false;
}

const char *acse_state_name(const struct acse *acse)
{
  static const char *const names[] = {
      "STA0 unassociated",  "STA1 awaiting AARE",          "STA2 awaiting A-ASSOCIATE.rsp",
      "STA3 awaiting RLRE", "STA4 awaiting A-RELEASE.rsp", "STA5 associated"};
  return names[acse->state];
}

bool acse_request(struct acse *acse, struct acse_primitive *primitive, GError **error)
{
  static const enum event others[] = {[A_RELEASE] = A_RLSREQ, [A_ABORT] = A_ABRREQ, [A_P_ABORT] = A_ABRREQ};
  enum event event =
      primitive->service == A_ASSOCIATE ? primitive->kind == S_REQUEST         ? A_ASCREQ
                                          : primitive->result == ACSE_ACCEPTED ? A_ASCRSP_ACCEPT
                                                                               : A_ASCRSP_REJECT
      : primitive->service == A_RELEASE && primitive->kind == S_RESPONSE ? A_RLSRSP
                                                                         : others[primitive->service];
  struct input input = {.user = primitive};
  bool done = step(acse, event, &input);
  if (!done) {
    g_set_error(error, OSI_ERROR, OSI_ERROR_STATE, "%s in state %s (X.227 annex A)",
                acse_primitive_name(primitive->service, primitive->kind), acse_state_name(acse));
  }
  acse_primitive_clear(primitive);
  return done;
}

/* --- from presentation
 * ----------------------------------------------------------------------------------------------------- */

/* X.410-1984 mode: the user's APDU alone, as if in the one of ACSE's that belongs to the primitive. */
static bool take_bare(struct acse *acse, const struct presentation_primitive *primitive)
{
  const struct session_primitive *session = &primitive->session;
  bool indication = session->kind == S_INDICATION;
  if (primitive->values == NULL || primitive->values->len == 0) {
    g_autofree char *name = presentation_primitive_name(primitive);
    acse->why = g_strdup_printf("%s carries no user data", name);
    return false;
  }
  acse->apdu.type = session->service == S_CONNECT   ? indication ? ACSE_AARQ : ACSE_AARE
                    : session->service == S_RELEASE ? indication ? ACSE_RLRQ : ACSE_RLRE
                                                    : ACSE_ABRT;
  acse->apdu.context = acse->options.application_context;
  acse->apdu.result = session->service == S_CONNECT && !indication && !session->accepted
                          ? ACSE_REJECTED_PERMANENT
                          : ACSE_ACCEPTED;
  acse->apdu.information = g_bytes_ref(g_array_index(primitive->values, struct presentation_value, 0).octets);
  return true;
}

/* Reads the first value of the ACSE context; false and why when there is none that can be read. */
static bool read_apdu(struct acse *acse, const struct presentation_primitive *primitive)
{
  if (acse->x410) {
    return take_bare(acse, primitive);
  }
  const struct presentation_value *found = NULL;
  for (guint i = 0; primitive->values != NULL && i < primitive->values->len && found == NULL; i++) {
    const struct presentation_value *value = &g_array_index(primitive->values, struct presentation_value, i);
    found = value->syntax == OID_AS_ACSE || value->context == 0 ? value : NULL;
  }
  if (found == NULL) {
    g_autofree char *name = presentation_primitive_name(primitive);
    acse->why = g_strdup_printf("%s carries no APDU in the ACSE context", name);
    return false;
  }
  g_autoptr(GError) error = NULL;
  if (!acse_apdu_read(found->octets, &acse->apdu, &error)) {
    acse->why = g_strdup(error->message);
    return false;
  }
  return true;
}

static enum event classify_connect(struct acse *acse, const struct presentation_primitive *primitive)
{
  if (primitive->session.kind == S_INDICATION) {
    acse->x410 = primitive->x410;
  }
  bool got = read_apdu(acse, primitive);
  if (primitive->session.kind == S_INDICATION) {
    if (!got || acse->apdu.type != ACSE_AARQ) {
      if (got) {
        acse->why = g_strdup("P-CONNECT.ind carries no AARQ");
      }
      return AARQ_INVALID;
    }
    if (acse->apdu.context != acse->options.application_context) {
      acse->why =
          g_strdup_printf("the peer asks for application context %s, offered is %s: it must be set to the "
                          "transfer of messages by P1",
                          acse->apdu.context_dotted, oid_dotted(acse->options.application_context));
      return AARQ_OTHER;
    }
    return AARQ;
  }
  if (!primitive->session.accepted) {
    return got && acse->apdu.type == ACSE_AARE ? AARE_REJECT : P_CON_REFUSED;
  }
  if (!got || acse->apdu.type != ACSE_AARE || acse->apdu.result != ACSE_ACCEPTED) {
    if (got) {
      acse->why = g_strdup("P-CONNECT.cnf accepts, but carries no accepting AARE");
    }
    return AARE_INVALID;
  }
  return AARE_ACCEPT;
}

static enum event classify(struct acse *acse, const struct presentation_primitive *primitive)
{
  switch (primitive->session.service) {
  case S_CONNECT:
    return classify_connect(acse, primitive);
  case S_RELEASE: {
    /* Some release without RLRQ; it means the same. */
    bool indication = primitive->session.kind == S_INDICATION;
    bool bare = primitive->values == NULL || primitive->values->len == 0;
    if (!indication && !primitive->session.accepted) {
      acse->why = g_strdup("the release is refused, but its negotiation was not agreed");
      return EXTRA;
    }
    if (!bare && (!read_apdu(acse, primitive) || acse->apdu.type != (indication ? ACSE_RLRQ : ACSE_RLRE))) {
      if (acse->why == NULL) {
        acse->why = g_strdup("a release carries another APDU than its own");
      }
      return EXTRA;
    }
    return indication ? RLRQ : RLRE;
  }
  case S_U_ABORT:
    if (read_apdu(acse, primitive) && acse->apdu.type != ACSE_ABRT) {
      acse->why = g_strdup("P-U-ABORT carries another APDU than ABRT");
    }
    return ABRT;
  case S_P_ABORT:
    return P_PAB_IND;
  default: {
    g_autofree char *name = presentation_primitive_name(primitive);
    acse->why = g_strdup_printf("%s is none of ACSE's", name);
    return EXTRA;
  }
  }
}

void acse_presentation(struct acse *acse, struct presentation_primitive *primitive)
{
  struct input input = {.presentation = primitive};
  if (!step(acse, classify(acse, primitive), &input)) {
    if (acse->why == NULL) {
      g_autofree char *name = presentation_primitive_name(primitive);
      acse->why = g_strdup_printf("%s in state %s (X.227 annex A)", name, acse_state_name(acse));
    }
    (void)step(acse, EXTRA, &input);
  }
  presentation_primitive_clear(primitive);
  acse_apdu_clear(&acse->apdu);
  g_clear_pointer(&acse->why, g_free);
}
