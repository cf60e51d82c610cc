#include "relay/smtp_out.h"

#include "mapping/job.h"
#include "relay/envelope.h"
#include "smtp/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BLOCK 65536u

/* The hop's transport: where its servers are, and its sessions. */
struct destination {
  struct hop *hop;
  GPtrArray *addresses; /* of char*: in order of preference; NULL while unknown */
  GPtrArray *names;     /* of char*: the host of each address, as its certificate must name it */
  guint16 port;
  bool resolving;
  guint query;
  gint64 resolved_us;
  GPtrArray *sessions; /* of session */
  struct net_tls *tls; /* of our calls, once one needed it */
  guint tls_generation; /* of the configuration that it is from */
};

struct session {
  struct destination *destination;
  struct net_stream *stream;
  struct smtp_client *client;
  struct net_timer *timer, *idle;
  struct delivery *sending;
  struct smtp_envelope *envelope;
  guint *index; /* recipient of the envelope -> of the delivery */
  guint64 offset;
  guint address_index, sent;
  bool ready, inside, dead, quitting, greeted, tls_failed;
  enum smtp_tls_use tls;
  char *failure;
  char *remote; /* "dns; host" of reports */
};

#define ADDRESSES_FRESH_US (300 * G_USEC_PER_SEC)

static void session_pump(struct session *session);
static void session_open(struct destination *destination, guint address_index, enum smtp_tls_use tls);
static enum smtp_tls_use tls_wanted(const struct destination *destination);

/* --- life
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void session_end(struct session *session)
{
  if (session->dead)
    return;
  session->dead = true;
  struct destination *destination = session->destination;
  struct hop *hop = destination->hop;
  if (session->stream)
    net_stream_free(g_steal_pointer(&session->stream));
  net_timer_free(session->timer);
  net_timer_free(session->idle);
  g_ptr_array_remove_fast(destination->sessions, session);
  hop_session(hop, -1);
  if (session->sending) {
    delivery_outcome(session->sending, G_MAXUINT, OUTCOME_DEFERRED, "4.4.2",
                     session->failure ? session->failure : "the connection was lost", session->remote);
    delivery_finish(g_steal_pointer(&session->sending), NULL);
  }
  if (!session->greeted && !hop->relay->stopping) {
    if (session->tls_failed && session->tls == SMTP_TLS_MAY) {
      /* TLS need not be: a server whose TLS is broken gets its mail in clear */
      session_open(destination, session->address_index, SMTP_TLS_NEVER);
    } else if (session->address_index + 1 < destination->addresses->len) {
      session_open(destination, session->address_index + 1, tls_wanted(destination));
    } else {
      g_autofree char *words =
          g_strdup_printf("%s: %s", (char *)destination->addresses->pdata[session->address_index],
                          session->failure ? session->failure : "the connection was lost");
      hop_unreachable(hop, words);
    }
  } else if (hop_has_work(hop) && !hop->relay->stopping) {
    smtp_out_wake(hop);
  }
  smtp_client_free(session->client);
  if (session->envelope)
    smtp_envelope_free(session->envelope);
  g_free(session->index);
  g_free(session->failure);
  g_free(session->remote);
  g_free(session);
}

static void forget_addresses(struct destination *destination)
{
  g_clear_pointer(&destination->addresses, g_ptr_array_unref);
  g_clear_pointer(&destination->names, g_ptr_array_unref);
}

static void add_address(struct destination *destination, const char *address, const char *name)
{
  if (!destination->addresses) {
    destination->addresses = g_ptr_array_new_with_free_func(g_free);
    destination->names = g_ptr_array_new_with_free_func(g_free);
  }
  g_ptr_array_add(destination->addresses, g_strdup(address));
  g_ptr_array_add(destination->names, g_strdup(name));
}

static void destination_free(struct destination *destination)
{
  forget_addresses(destination);
  g_ptr_array_unref(destination->sessions);
  g_clear_pointer(&destination->tls, net_tls_unref);
  g_free(destination);
}

static void idle_over(void *user)
{
  struct session *session = user;
  if (!session->ready || session->sending || session->quitting)
    return;
  session->quitting = true;
  smtp_client_quit(session->client);
  session_pump(session);
}

/* --- one message
 * ------------------------------------------------------------------------------------------------------------------
 */

/* The next server is asked about a probe's recipients; nothing is sent (RFC 2156 5.3.9, A 4). */
static bool is_probe(const struct delivery *delivery)
{
  return delivery->written->content == MAPPING_CONTENT_PROBE;
}

/* The conversion's answer is the envelope; a recipient that it refused has its outcome already. */
static void begin_message(struct session *session)
{
  struct delivery *delivery = session->sending;
  const struct mapping_result *written = delivery->written;
  struct smtp_envelope *envelope = smtp_envelope_new();
  g_free(envelope->sender);
  envelope->sender = g_strdup(written->sender ? written->sender : "");
  envelope->envid = g_strdup(written->envid);
  envelope->ret = (enum smtp_ret)written->ret;
  envelope->body_8bit = written->has_8bit;
  envelope->smtputf8 = written->smtputf8;
  envelope->probe = is_probe(delivery);
  session->index = g_renew(guint, session->index, delivery->message->recipients->len);
  for (guint i = 0; i < delivery->message->recipients->len; i++) {
    const struct store_recipient *recipient = delivery->message->recipients->pdata[i];
    if (delivery->outcomes[i].kind != OUTCOME_NONE)
      continue;
    for (guint w = 0; w < written->recipients->len; w++) {
      const struct mapping_recipient *to = written->recipients->pdata[w];
      if (to->ordinal != recipient->ordinal || !to->mapped)
        continue;
      session->index[envelope->recipients->len] = i;
      struct smtp_recipient *added = smtp_envelope_add(envelope, to->mapped);
      added->orcpt = g_strdup(to->orcpt);
      added->notify = to->notify;
      break;
    }
  }
  if (session->envelope)
    smtp_envelope_free(session->envelope);
  session->envelope = envelope;
  session->offset = 0;
  session->ready = false;
  relay_point("smtp-send-before");
  smtp_client_message(session->client, envelope, written->size, written->has_8bit);
}

static void want_data(struct session *session, gsize want)
{
  struct delivery *delivery = session->sending;
  gsize length = MIN(MIN(want, READ_BLOCK), delivery->written->size - session->offset);
  if (length == 0) {
    smtp_client_data_end(session->client);
    return;
  }
  guint8 *block = g_malloc(length);
  ssize_t got = pread(delivery->fd, block, length, (off_t)session->offset);
  if (got <= 0) {
    /* what is half sent must not be ended as if it were whole */
    g_free(block);
    smtp_client_lost(session->client, "the converted octets cannot be read");
    return;
  }
  session->offset += (guint64)got;
  g_autoptr(GBytes) data = g_bytes_new_take(block, (gsize)got);
  smtp_client_data(session->client, data);
}

static void recipient_outcome(struct session *session, const struct smtp_client_event *event)
{
  struct delivery *delivery = session->sending;
  if (!delivery || event->index >= session->envelope->recipients->len)
    return;
  enum outcome_kind kind = event->code >= 200 && event->code < 300 ? OUTCOME_SENT
                           : event->code >= 500                    ? OUTCOME_FAILED
                                                                   : OUTCOME_DEFERRED;
  const char *code = event->enhanced[0]       ? event->enhanced
                     : kind == OUTCOME_SENT   ? "2.0.0"
                     : kind == OUTCOME_FAILED ? "5.0.0"
                                              : "4.0.0";
  const char *asked = is_probe(delivery) ? "the gateway answers the probe; the next mail server said: " : "";
  g_autofree char *words =
      event->code ? g_strdup_printf("%s%u %s", asked, event->code, event->text ? event->text : "")
                  : g_strdup(event->text);
  delivery_outcome(delivery, session->index[event->index], kind, code, words, session->remote);
}

/* Whether anybody wants word of a success: also an originating MTA, which SMTP is not told of. */
static bool wants_success(const struct delivery *delivery, guint index)
{
  struct mapping_recipient *recipient = envelope_recipient(delivery->message->recipients->pdata[index]);
  bool wants = recipient->notify & MAPPING_NOTIFY_SUCCESS;
  mapping_recipient_free(recipient);
  return wants;
}

/* A success report that the server will not make is made here (RFC 2156 4.6.2.3). */
static void message_done(struct session *session, bool dsn)
{
  struct delivery *delivery = g_steal_pointer(&session->sending);
  if (!delivery)
    return;
  relay_point("smtp-sent-before-commit");
  session->sent++;
  for (guint w = 0; w < session->envelope->recipients->len; w++) {
    const struct smtp_recipient *recipient = session->envelope->recipients->pdata[w];
    bool passed_on = dsn && (recipient->notify & SMTP_NOTIFY_SUCCESS);
    if (is_probe(delivery) || (!passed_on && wants_success(delivery, session->index[w])))
      delivery->outcomes[session->index[w]].report_delivery = true;
  }
  hop_reached(session->destination->hop);
  delivery_finish(delivery, NULL);
}

/* --- TLS
 * ---------------------------------------------------------------------------------------------------------------------
 */

static struct net_tls *tls_context(struct destination *destination, GError **error)
{
  const struct relay *relay = destination->hop->relay;
  const struct config_smtp *config = &relay->config->smtp;
  if (destination->tls && destination->tls_generation == relay->generation)
    return destination->tls;
  g_clear_pointer(&destination->tls, net_tls_unref);
  struct net_tls_options options = {.certificate_file = config->client_tls_files.certificate,
                                    .key_file = config->client_tls_files.key,
                                    .ca_file = config->client_tls_files.ca,
                                    .require_peer = g_strcmp0(config->client_tls, "require") == 0};
  destination->tls = net_tls_new(&options, error);
  destination->tls_generation = relay->generation;
  return destination->tls;
}

static void start_tls(struct session *session)
{
  g_autoptr(GError) error = NULL;
  struct net_tls *tls = tls_context(session->destination, &error);
  if (tls)
    net_stream_tls(session->stream, tls, session->destination->names->pdata[session->address_index]);
  else
    smtp_client_tls_done(session->client, false, error->message);
}

/* --- the machine's events
 * ------------------------------------------------------------------------------------------------------------
 */

static void handle(struct session *session, struct smtp_client_event *event)
{
  switch (event->type) {
  case SMTP_CLIENT_SEND:
    if (session->stream)
      net_stream_write(session->stream, g_steal_pointer(&event->data));
    break;
  case SMTP_CLIENT_CLOSE:
    if (session->stream)
      net_stream_close(session->stream);
    break;
  case SMTP_CLIENT_TIMER:
    if (event->ms)
      net_timer_start(session->timer, event->ms, 0);
    else
      net_timer_stop(session->timer);
    break;
  case SMTP_CLIENT_START_TLS:
    start_tls(session);
    break;
  case SMTP_CLIENT_READY:
    session->ready = session->greeted = true;
    break;
  case SMTP_CLIENT_WANT_DATA:
    if (session->sending)
      want_data(session, event->want);
    break;
  case SMTP_CLIENT_RECIPIENT:
    recipient_outcome(session, event);
    break;
  case SMTP_CLIENT_DONE:
    message_done(session, event->dsn);
    break;
  case SMTP_CLIENT_FAILED:
    g_free(session->failure);
    session->failure =
        event->code ? g_strdup_printf("%u %s", event->code, event->text) : g_strdup(event->text);
    session->ready = false;
    session->tls_failed = strcmp(event->enhanced, "4.7.5") == 0;
    break;
  }
}

static bool may_feed(const struct session *session)
{
  const struct hop *hop = session->destination->hop;
  return !session->dead && session->ready && !session->sending && !session->quitting &&
         !hop->relay->stopping && hop_has_work(hop);
}

static void feed(struct session *session)
{
  struct hop *hop = session->destination->hop;
  guint most = hop->relay->config->smtp.messages_per_connection;
  if (most && session->sent >= most) {
    session->quitting = true;
    smtp_client_quit(session->client);
    return;
  }
  session->sending = hop_take(hop);
  begin_message(session);
}

static void session_pump(struct session *session)
{
  if (session->inside)
    return;
  session->inside = true;
  struct smtp_client_event event;
  bool fed;
  do {
    fed = false;
    while ((!session->stream || net_stream_pending(session->stream) <= 4 * READ_BLOCK) &&
           smtp_client_next(session->client, &event)) {
      handle(session, &event);
      smtp_client_event_clear(&event);
    }
    if (may_feed(session)) {
      feed(session);
      fed = true;
    }
  } while (fed);
  session->inside = false;
  if (session->ready && !session->sending && !session->quitting)
    net_timer_start(session->idle, 1000ull * session->destination->hop->relay->config->smtp.connection_idle_s,
                    0);
  else
    net_timer_stop(session->idle);
}

static void on_timer(void *user)
{
  struct session *session = user;
  smtp_client_timeout(session->client);
  session_pump(session);
}

static void stream_data(void *user, const guint8 *data, gsize length)
{
  struct session *session = user;
  smtp_client_input(session->client, data, length);
  session_pump(session);
}

static void stream_secured(void *user, bool ok, const char *peer_name, const char *words)
{
  (void)peer_name;
  struct session *session = user;
  smtp_client_tls_done(session->client, ok, words);
  session_pump(session);
}

static void stream_drained(void *user)
{
  session_pump(user);
}

static void stream_closed(void *user, const char *words, bool error)
{
  (void)error;
  struct session *session = user;
  if (!session->failure)
    session->failure = g_strdup(words);
  smtp_client_lost(session->client, words);
  net_stream_free(g_steal_pointer(&session->stream));
  session_pump(session);
  session_end(session);
}

static const struct net_stream_handler handler = {
    .secured = stream_secured, .data = stream_data, .drained = stream_drained, .closed = stream_closed};

static enum smtp_tls_use tls_wanted(const struct destination *destination)
{
  const char *text = destination->hop->relay->config->smtp.client_tls;
  return g_strcmp0(text, "require") == 0 ? SMTP_TLS_REQUIRE
         : g_strcmp0(text, "never") == 0 ? SMTP_TLS_NEVER
                                         : SMTP_TLS_MAY;
}

static void session_open(struct destination *destination, guint address_index, enum smtp_tls_use tls)
{
  struct hop *hop = destination->hop;
  struct relay *relay = hop->relay;
  const struct config_smtp *config = &relay->config->smtp;
  struct session *session = g_new0(struct session, 1);
  const char *address = destination->addresses->pdata[address_index];
  session->destination = destination;
  session->address_index = address_index;
  session->tls = tls;
  session->remote = g_strdup_printf("dns; %s", (char *)destination->names->pdata[address_index]);
  session->timer = net_timer_new(relay->loop, on_timer, session);
  session->idle = net_timer_new(relay->loop, idle_over, session);
  struct smtp_client_options options = {.hostname = config->hostname,
                                        .tls = tls,
                                        .line_max = 4096,
                                        .reply_lines_max = 128,
                                        .greeting_ms = 300000,
                                        .command_ms = 300000,
                                        .data_ms = 180000,
                                        .end_ms = 600000};
  session->client = smtp_client_new(&options);
  g_ptr_array_add(destination->sessions, session);
  hop_session(hop, 1);
  session->stream = net_connect(relay->loop, address, destination->port, NULL, &handler, session);
  session_pump(session);
}

/* --- where the hop's servers are
 * ----------------------------------------------------------------------------------------------------------
 */

static void resolved(void *user, const struct net_mx_answer *answer)
{
  struct destination *destination = user;
  struct hop *hop = destination->hop;
  destination->resolving = false;
  if (answer->status == NET_DNS_NO_NAME || answer->null_mx || answer->status == NET_DNS_NO_DATA) {
    /* the domain takes no mail: for good (RFC 5321 5.1, RFC 7505) */
    const char *code = answer->null_mx ? "5.1.10" : "5.1.2";
    struct delivery *delivery;
    while ((delivery = hop_take(hop)) != NULL) {
      delivery_outcome(delivery, G_MAXUINT, OUTCOME_FAILED, code, answer->words, "dns");
      delivery_finish(delivery, NULL);
    }
    return;
  }
  if (answer->status != NET_DNS_OK) {
    hop_unreachable(hop, answer->words);
    return;
  }
  for (guint i = 0; i < answer->hosts->len; i++) {
    const struct net_mx *host = answer->hosts->pdata[i];
    for (guint k = 0; k < host->addresses->len; k++)
      add_address(destination, host->addresses->pdata[k], host->host);
  }
  destination->resolved_us = relay_now_us();
  smtp_out_wake(hop);
}

static bool locate(struct destination *destination)
{
  struct hop *hop = destination->hop;
  struct relay *relay = hop->relay;
  bool stale = relay_now_us() - destination->resolved_us > ADDRESSES_FRESH_US;
  if (destination->addresses && (!stale || destination->sessions->len > 0))
    return true;
  if (destination->resolving)
    return false;
  forget_addresses(destination);
  const char *name = hop->name + strlen("smtp:");
  const char *end = name[0] == '[' ? strrchr(name, ']') : NULL;
  if (end) {
    g_autofree char *host = g_strndup(name + 1, (gsize)(end - name - 1));
    add_address(destination, host, host);
    destination->port = end[1] == ':' ? (guint16)atoi(end + 2) : 25;
    destination->resolved_us = relay_now_us();
    return true;
  }
  destination->port = (guint16)relay->config->smtp.mx_port;
  if (!relay->resolver) {
    hop_unreachable(hop, "there is no resolver for MX look-ups");
    return false;
  }
  destination->resolving = true;
  destination->query = net_resolve_mx(relay->resolver, name, resolved, destination);
  return false;
}

void smtp_out_wake(struct hop *hop)
{
  struct destination *destination = hop->transport;
  if (!destination) {
    destination = g_new0(struct destination, 1);
    destination->hop = hop;
    destination->sessions = g_ptr_array_new();
    hop->transport = destination;
  }
  g_autoptr(GPtrArray) open = g_ptr_array_copy(destination->sessions, NULL, NULL);
  for (guint i = 0; i < open->len && hop_has_work(hop); i++)
    session_pump(open->pdata[i]);
  if (!hop_has_work(hop) || hop->blocked_until_us > relay_now_us() || !locate(destination))
    return;
  guint waiting = hop->prepared[0].length + hop->prepared[1].length + hop->prepared[2].length;
  guint most = hop->failures > 0 ? 1 : MAX(hop->relay->config->smtp.connections_per_destination, 1);
  while (hop->sessions < most && hop->sessions < waiting + hop->sending)
    session_open(destination, 0, tls_wanted(destination));
}

bool smtp_out_retire(struct hop *hop)
{
  struct destination *destination = hop->transport;
  if (destination && (destination->sessions->len > 0 || destination->resolving))
    return false;
  if (destination)
    destination_free(destination);
  hop->transport = NULL;
  return true;
}

void smtp_out_stop(struct hop *hop)
{
  struct destination *destination = hop->transport;
  if (!destination)
    return;
  while (destination->sessions->len > 0)
    session_end(destination->sessions->pdata[0]);
  if (destination->resolving)
    net_resolve_cancel(hop->relay->resolver, destination->query);
  destination->resolving = false;
  smtp_out_retire(hop);
}
