/* session_connect.c - establishment: CN OA CDO AC RF (X.225 7.1 to 7.5), and what it negotiates (5.7). */
#include "osi/session_machine.h"

/* --- tokens: PI 26 has two bits for each, 00 initiator, 01 acceptor, 10 the acceptor chooses --- */

static const struct {
  enum session_token token;
  guint shift;
} settings[] = {{SESSION_TOKEN_DATA, 0}, {SESSION_TOKEN_MINOR, 2}, {SESSION_TOKEN_ACTIVITY, 4}};

enum { SETTING_INITIATOR, SETTING_ACCEPTOR, SETTING_CHOICE };

static guint8 make_token_setting(guint available, guint initiator, guint acceptor)
{
  guint item = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
    guint token = settings[i].token;
    if (!(available & acceptor & token))
      continue;
    item |= (guint)(initiator & token ? SETTING_CHOICE : SETTING_ACCEPTOR) << settings[i].shift;
  }
  return (guint8)item;
}

/* The tokens with a given setting. */
static guint tokens_set(guint8 item, guint available, guint setting)
{
  guint tokens = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
    if ((guint)(item >> settings[i].shift & 3) == setting)
      tokens |= settings[i].token;
  }
  return tokens & available;
}

/* The acceptor's tokens by what CN proposed and AC chose. */
static guint acceptor_tokens(const struct session *session, guint8 chosen)
{
  guint available = session_tokens_available(session->units);
  guint choice = tokens_set(session->token_setting, available, SETTING_CHOICE);
  return tokens_set(session->token_setting, available, SETTING_ACCEPTOR) |
         (choice & tokens_set(chosen, available, SETTING_ACCEPTOR));
}

/* --- functional units --- */

/* 5.7.2, 7.4: what both have; of half-duplex and duplex exactly one; exceptions only with half-duplex. 0:
 * nothing usable. */
static guint agree_units(guint one, guint other)
{
  guint units = one & other;
  if (units & SESSION_HALF_DUPLEX)
    units &= ~(guint)SESSION_DUPLEX;
  else
    units &= ~(guint)SESSION_EXCEPTIONS;
  return units & (SESSION_HALF_DUPLEX | SESSION_DUPLEX) ? units : 0;
}

static guint requirements(const struct session_spdu *spdu)
{
  return spdu->present & HAS_REQUIREMENTS ? spdu->requirements : SESSION_DEFAULT_REQUIREMENTS;
}

/* --- TSDU maximum: 0 is unlimited --- */

static guint lower_maximum(guint one, gsize other)
{
  other = MIN(other, G_MAXUINT16);
  if (one == 0 || other == 0)
    return one | (guint)other;
  return MIN(one, (guint)other);
}

static guint32 make_tsdu_maximum(guint to_acceptor, guint to_initiator)
{
  return (guint32)to_acceptor << 16 | to_initiator;
}

static bool maximum_too_small(guint32 item)
{
  guint to_acceptor = item >> 16, to_initiator = item & 0xffff;
  return (to_acceptor != 0 && to_acceptor < SESSION_TSDU_LEAST) ||
         (to_initiator != 0 && to_initiator < SESSION_TSDU_LEAST);
}

/* --- small things --- */

static GBytes *ref(GBytes *bytes)
{
  return bytes != NULL ? g_bytes_ref(bytes) : NULL;
}

static gsize data_size(const struct session_spdu *spdu)
{
  return spdu->user_data != NULL ? g_bytes_get_size(spdu->user_data) : 0;
}

static bool over_limit(const struct session *session, gsize size)
{
  return session->options.user_data_max != 0 && size > session->options.user_data_max;
}

static guint32 reference_bits(const struct session_reference *reference)
{
  return (reference->calling_user != NULL ? HAS_USER_REFERENCE : 0) |
         (reference->common != NULL ? HAS_COMMON_REFERENCE : 0) |
         (reference->additional != NULL ? HAS_ADDITIONAL_REFERENCE : 0);
}

static void take_reference(struct session_reference *reference, struct session_spdu *spdu)
{
  reference->calling_user = g_steal_pointer(&spdu->user_reference);
  reference->common = g_steal_pointer(&spdu->common_reference);
  reference->additional = g_steal_pointer(&spdu->additional_reference);
}

/* The references of an answer: the user's, or else an echo of CN's. */
static void put_reference(const struct session *session, const struct session_primitive *primitive,
                          struct session_spdu *spdu)
{
  const struct session_reference *reference = &primitive->reference;
  if (reference_bits(reference) != 0) {
    spdu->present |= reference_bits(reference);
    spdu->user_reference = reference->calling_user;
    spdu->common_reference = reference->common;
    spdu->additional_reference = reference->additional;
    return;
  }
  const struct session_spdu *connect = session->connect;
  spdu->present |= connect->present & (HAS_USER_REFERENCE | HAS_COMMON_REFERENCE | HAS_ADDITIONAL_REFERENCE);
  spdu->user_reference = connect->user_reference;
  spdu->common_reference = connect->common_reference;
  spdu->additional_reference = connect->additional_reference;
}

/* Without activities, points are counted from a number that the users agree on (8.3.1, 8.3.4). */
static bool needs_initial_serial(guint units)
{
  return units & SESSION_MINOR_SYNC && !(units & SESSION_ACTIVITY);
}

/* [5] */
static void begin_session(struct session *session, guint32 initial_serial)
{
  session->va = session->vm = initial_serial;
  session->vr = 0;
  session->vsc = session->vact = session->vcoll = session->vdnr = false;
}

/* --- initiator --- */

void session_action_send_connect(struct session *session, struct session_event *event)
{
  const struct session_primitive *primitive = event->primitive;
  const struct session_options *options = &session->options;
  gsize size = primitive->user_data != NULL ? g_bytes_get_size(primitive->user_data) : 0;
  guint units = primitive->units != 0 ? primitive->units & options->units : options->units;
  guint tokens = session_tokens_available(units);
  session->units_proposed = units;
  session->token_setting = make_token_setting(tokens, primitive->tokens, primitive->tokens_acceptor);
  session->tsdu_proposed = make_tsdu_maximum(lower_maximum(0, options->tsdu_max_send),
                                             lower_maximum(0, options->tsdu_max_receive));

  struct session_spdu spdu = {.type = SPDU_CN,
                              .present = HAS_PROTOCOL_OPTIONS | HAS_VERSION | HAS_REQUIREMENTS |
                                         reference_bits(&primitive->reference),
                              .user_reference = primitive->reference.calling_user,
                              .common_reference = primitive->reference.common,
                              .additional_reference = primitive->reference.additional,
                              .requirements = (guint16)units,
                              .token_setting = session->token_setting,
                              .tsdu_maximum = session->tsdu_proposed,
                              .initial_serial = primitive->serial,
                              .calling = primitive->calling,
                              .called = primitive->called};
  /* 8.3.1: version 1 is not proposed along with user data that it could not carry */
  spdu.version = options->version_max < 2      ? VERSION_1
                 : size > SESSION_USER_DATA_V1 ? VERSION_2
                                               : VERSION_1 | VERSION_2;
  spdu.present |= (tokens != 0 ? HAS_TOKEN_SETTING : 0) |
                  (session->tsdu_proposed != 0 ? HAS_TSDU_MAXIMUM : 0) |
                  (needs_initial_serial(units) ? HAS_INITIAL_SERIAL : 0) |
                  (spdu.calling.present ? HAS_CALLING : 0) | (spdu.called.present ? HAS_CALLED : 0);
  if (size > SESSION_CONNECT_DATA_V2) {
    spdu.present |= HAS_OVERFLOW;
    spdu.overflow = 1;
    g_autoptr(GBytes) first = g_bytes_new_from_bytes(primitive->user_data, 0, SESSION_CONNECT_DATA_V2);
    session->overflow =
        g_bytes_new_from_bytes(primitive->user_data, SESSION_CONNECT_DATA_V2, size - SESSION_CONNECT_DATA_V2);
    session_send(session, &spdu, first);
  } else {
    session_send(session, &spdu, primitive->user_data);
  }
}

/* OA came: the rest of the user data in as many CDO as it takes. */
void session_action_send_overflow(struct session *session, struct session_event *event)
{
  if (!(event->spdu->version & VERSION_2)) {
    session_abort(session, DISCONNECT_PROTOCOL_ERROR,
                  g_strdup("protocol error of the peer: OA without version 2 (X.225 8.3.2)"));
    return;
  }
  gsize limit = event->spdu->present & HAS_TSDU_MAXIMUM ? event->spdu->tsdu_maximum >> 16 : 0;
  if (limit != 0 && limit < SESSION_TSDU_LEAST)
    limit = SESSION_TSDU_LEAST;
  g_autoptr(GBytes) rest = g_steal_pointer(&session->overflow);
  gsize size = g_bytes_get_size(rest);
  for (gsize offset = 0; offset < size;) {
    struct session_spdu spdu = {.type = SPDU_CDO, .present = HAS_ENCLOSURE};
    gsize part = MIN(session_spdu_room(&spdu, limit), size - offset);
    spdu.enclosure = offset + part == size ? ENCLOSURE_END : 0;
    g_autoptr(GBytes) data = g_bytes_new_from_bytes(rest, offset, part);
    session_send(session, &spdu, data);
    offset += part;
  }
}

/* What makes an AC useless to us, in words; NULL when nothing does. */
static char *accept_flaw(const struct session *session, const struct session_spdu *accept)
{
  guint8 version = accept->present & HAS_VERSION ? accept->version : VERSION_1;
  if (!(version & VERSION_2 && session->options.version_max >= 2) && !(version & VERSION_1))
    return g_strdup_printf("AC selects version item %02X, which was not proposed (X.225 8.3.4)", version);
  if (agree_units(session->units_proposed, requirements(accept)) == 0)
    return g_strdup_printf(
        "AC selects the functional units %04X: neither half-duplex nor duplex of those proposed "
        "(X.225 8.3.4)",
        requirements(accept));
  if (accept->present & HAS_TSDU_MAXIMUM && maximum_too_small(accept->tsdu_maximum))
    return g_strdup_printf("AC limits TSDUs to less than %d octets (X.225 8.3.4)", SESSION_TSDU_LEAST);
  return NULL;
}

void session_action_connect_cnf(struct session *session, struct session_event *event)
{
  struct session_spdu *accept = event->spdu;
  char *flaw = accept_flaw(session, accept);
  if (flaw != NULL) {
    session_abort(session, DISCONNECT_PROTOCOL_ERROR, flaw);
    return;
  }
  if (over_limit(session, data_size(accept))) {
    session_abort(session, DISCONNECT_RESTRICTION,
                  g_strdup_printf("AC has %zu octets of user data; the limit is %zu", data_size(accept),
                                  session->options.user_data_max));
    return;
  }
  session->version = accept->present & HAS_VERSION && accept->version & VERSION_2 ? 2 : 1;
  session->units = agree_units(session->units_proposed, requirements(accept));
  /* 5.7.3: limits hold only when both sides name them */
  if (accept->present & HAS_TSDU_MAXIMUM && session->tsdu_proposed != 0)
    session->tsdu_max = lower_maximum(session->tsdu_proposed >> 16, accept->tsdu_maximum >> 16);
  guint available = session_tokens_available(session->units);
  guint acceptors = acceptor_tokens(session, accept->token_setting);
  session->tokens = available & ~acceptors;
  begin_session(session, accept->initial_serial);

  struct session_primitive *primitive = session_indicate(session, S_CONNECT, S_CONFIRM);
  primitive->accepted = true;
  primitive->version = session->version;
  primitive->units = session->units;
  primitive->tokens = session->tokens;
  primitive->tokens_acceptor = acceptors;
  primitive->calling = accept->calling;
  primitive->responding = accept->called;
  primitive->serial = accept->initial_serial;
  take_reference(&primitive->reference, accept);
  primitive->user_data = g_steal_pointer(&accept->user_data);
  /* annex A: an AC with a token item is an AC followed by a PT */
  if (accept->token_item & available)
    session_indicate(session, S_TOKEN_PLEASE, S_INDICATION)->tokens = accept->token_item & available;
}

void session_action_connect_cnf_refused(struct session *session, struct session_event *event)
{
  struct session_spdu *refuse = event->spdu;
  struct session_primitive *primitive = session_indicate(session, S_CONNECT, S_CONFIRM);
  primitive->refuse_reason = refuse->reason;
  take_reference(&primitive->reference, refuse);
  primitive->user_data = g_steal_pointer(&refuse->user_data);
  session_action_disconnect(session, event);
}

/* --- responder --- */

guint session_refusal(const struct session *session, const struct session_spdu *connect)
{
  guint8 version = connect->present & HAS_VERSION ? connect->version : VERSION_1;
  bool version_2 = version & VERSION_2 && session->options.version_max >= 2;
  if (!version_2 && !(version & VERSION_1))
    return REFUSE_VERSION;
  if (connect->present & HAS_OVERFLOW && !version_2)
    return REFUSE_VERSION;
  if (agree_units(requirements(connect), session->options.units) == 0)
    return REFUSE_RESTRICTION;
  if (connect->present & HAS_TSDU_MAXIMUM && maximum_too_small(connect->tsdu_maximum))
    return REFUSE_RESTRICTION;
  if (over_limit(session, data_size(connect)))
    return REFUSE_RESTRICTION;
  return 0;
}

static void send_refusal(struct session *session, guint8 reason, struct session_spdu *spdu, GBytes *user_data)
{
  spdu->type = SPDU_RF;
  spdu->present |= HAS_TRANSPORT_DISCONNECT | HAS_REASON;
  spdu->transport_disconnect = DISCONNECT_RELEASED;
  spdu->reason = reason;
  session_send(session, spdu, user_data);
}

void session_action_refuse_provider(struct session *session, struct session_event *event)
{
  struct session_spdu spdu = {0};
  guint reason = session_refusal(session, event->spdu);
  session->words =
      g_strdup(reason == REFUSE_VERSION
                   ? "refused by us: CN proposes no protocol version of ours (X.225 8.3.1)"
                   : "refused by us: CN asks for functional units, sizes or user data beyond our limits "
                     "(X.225 8.3.1)");
  send_refusal(session, (guint8)reason, &spdu, NULL);
}

/* Keeps the CN, with the user data apart. */
static void keep_connect(struct session *session, struct session_spdu *connect)
{
  session->connect = g_new(struct session_spdu, 1);
  *session->connect = *connect;
  *connect = (struct session_spdu){.type = SPDU_CN};
}

static void indicate_connect(struct session *session, GBytes *user_data)
{
  struct session_spdu *connect = session->connect;
  session->version = connect->version & VERSION_2 && session->options.version_max >= 2 ? 2 : 1;
  session->units_proposed = requirements(connect);
  session->token_setting = connect->token_setting;
  session->tsdu_proposed = connect->present & HAS_TSDU_MAXIMUM ? connect->tsdu_maximum : 0;

  struct session_primitive *primitive = session_indicate(session, S_CONNECT, S_INDICATION);
  primitive->version = session->version;
  primitive->units = session->units_proposed & session->options.units;
  guint available = session_tokens_available(primitive->units);
  guint choice = tokens_set(connect->token_setting, available, SETTING_CHOICE);
  primitive->tokens = tokens_set(connect->token_setting, available, SETTING_INITIATOR) | choice;
  primitive->tokens_acceptor = tokens_set(connect->token_setting, available, SETTING_ACCEPTOR) | choice;
  primitive->calling = connect->calling;
  primitive->called = connect->called;
  primitive->serial = connect->initial_serial;
  primitive->reference = (struct session_reference){.calling_user = ref(connect->user_reference),
                                                    .common = ref(connect->common_reference),
                                                    .additional = ref(connect->additional_reference)};
  primitive->user_data = user_data;
}

void session_action_connect_ind(struct session *session, struct session_event *event)
{
  GBytes *user_data = g_steal_pointer(&event->spdu->user_data);
  keep_connect(session, event->spdu);
  indicate_connect(session, user_data);
}

void session_action_accept_overflow(struct session *session, struct session_event *event)
{
  g_autoptr(GBytes) data = g_steal_pointer(&event->spdu->user_data);
  session->connect_data = g_byte_array_new();
  if (data != NULL) {
    gsize length;
    const guint8 *octets = g_bytes_get_data(data, &length);
    g_byte_array_append(session->connect_data, octets, (guint)length);
  }
  struct session_spdu accept = {.type = SPDU_OA, .present = HAS_VERSION, .version = VERSION_2};
  guint maximum = lower_maximum(0, session->options.tsdu_max_receive);
  if (maximum >= SESSION_TSDU_LEAST) {
    accept.present |= HAS_TSDU_MAXIMUM;
    accept.tsdu_maximum = make_tsdu_maximum(maximum, 0);
  }
  keep_connect(session, event->spdu);
  session_send(session, &accept, NULL);
}

/* [50]; false when there is too much of it. */
static bool keep_connect_data(struct session *session, const struct session_spdu *overflow)
{
  gsize length = data_size(overflow);
  if (over_limit(session, session->connect_data->len + length)) {
    session->words = g_strdup_printf("CN and CDO have more than %zu octets of user data, the limit",
                                     session->options.user_data_max);
    session_action_disconnect(session, NULL);
    session->state = STA01;
    return false;
  }
  if (length > 0)
    g_byte_array_append(session->connect_data, g_bytes_get_data(overflow->user_data, NULL), (guint)length);
  return true;
}

void session_action_keep_overflow(struct session *session, struct session_event *event)
{
  keep_connect_data(session, event->spdu);
}

void session_action_connect_ind_overflow(struct session *session, struct session_event *event)
{
  if (keep_connect_data(session, event->spdu))
    indicate_connect(session, g_byte_array_free_to_bytes(g_steal_pointer(&session->connect_data)));
}

static void forget_connect(struct session *session)
{
  session_spdu_clear(session->connect);
  g_clear_pointer(&session->connect, g_free);
}

void session_action_send_accept(struct session *session, struct session_event *event)
{
  const struct session_primitive *primitive = event->primitive;
  const struct session_options *options = &session->options;
  guint wanted = primitive->units != 0 ? primitive->units & options->units : options->units;
  session->units = agree_units(wanted, session->units_proposed);
  guint available = session_tokens_available(session->units);
  guint8 chosen = make_token_setting(available, 0, primitive->tokens_acceptor);
  guint acceptors = acceptor_tokens(session, chosen);
  session->tokens = acceptors;

  struct session_spdu spdu = {.type = SPDU_AC,
                              .present = HAS_PROTOCOL_OPTIONS | HAS_VERSION | HAS_REQUIREMENTS,
                              .version = session->version == 2 ? VERSION_2 : VERSION_1,
                              .requirements = (guint16)session->units,
                              .token_setting = make_token_setting(available, 0, acceptors),
                              .initial_serial = primitive->serial,
                              .calling = primitive->calling,
                              .called = primitive->responding};
  put_reference(session, primitive, &spdu);
  spdu.present |= (available != 0 ? HAS_TOKEN_SETTING : 0) | (spdu.calling.present ? HAS_CALLING : 0) |
                  (spdu.called.present ? HAS_CALLED : 0) |
                  (needs_initial_serial(session->units) ? HAS_INITIAL_SERIAL : 0);
  /* as real peers do, no limit is selected when we have none of our own */
  if (session->tsdu_proposed != 0 && (options->tsdu_max_send != 0 || options->tsdu_max_receive != 0)) {
    spdu.present |= HAS_TSDU_MAXIMUM;
    guint receive = lower_maximum(session->tsdu_proposed >> 16, options->tsdu_max_receive);
    guint send = lower_maximum(session->tsdu_proposed & 0xffff, options->tsdu_max_send);
    spdu.tsdu_maximum = make_tsdu_maximum(receive, send);
    session->tsdu_max = send;
  }
  session_send(session, &spdu, primitive->user_data);
  begin_session(session, primitive->serial);
  forget_connect(session);
}

void session_action_send_refuse(struct session *session, struct session_event *event)
{
  const struct session_primitive *primitive = event->primitive;
  struct session_spdu spdu = {.present = HAS_VERSION,
                              .version = session->version == 2 ? VERSION_2 : VERSION_1};
  put_reference(session, primitive, &spdu);
  guint8 reason = primitive->user_data != NULL ? REFUSE_BY_USER : (guint8)primitive->refuse_reason;
  send_refusal(session, reason, &spdu, primitive->user_data);
  forget_connect(session);
}
