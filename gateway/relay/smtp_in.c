#include "relay/smtp_in.h"

#include "relay/audit.h"
#include "relay/body.h"
#include "relay/door_tls.h"
#include "relay/envelope.h"
#include "relay/mapcache.h"
#include "relay/reading.h"
#include "smtp/server.h"

#include <string.h>

struct smtp_in {
  struct relay *relay;
  struct net_tls *tls;
  GPtrArray *listeners;
  GPtrArray *sessions;    /* of session */
  GHashTable *per_client; /* address -> count */
};

/* Lives while its stream does, and longer while an answer is awaited (waits > 0). */
struct session {
  struct smtp_in *smtp_in;
  struct net_stream *stream; /* NULL: gone */
  struct smtp_server *server;
  struct net_timer *timer;
  struct body *body;
  char *client;
  char *body_error; /* why the body cannot be kept */
  bool certified, inside, dead;
  guint waits;
};

static void session_pump(struct session *session);

/* --- life
 * ---------------------------------------------------------------------------------------------------------------
 */

static void session_end(struct session *session)
{
  struct smtp_in *smtp_in = session->smtp_in;
  if (!session->dead) {
    session->dead = true;
    net_stream_free(session->stream);
    session->stream = NULL;
    net_timer_free(session->timer);
    body_discard(g_steal_pointer(&session->body));
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(smtp_in->per_client, session->client));
    if (count > 1)
      g_hash_table_insert(smtp_in->per_client, g_strdup(session->client), GUINT_TO_POINTER(count - 1));
    else
      g_hash_table_remove(smtp_in->per_client, session->client);
    g_ptr_array_remove_fast(smtp_in->sessions, session);
  }
  if (session->waits == 0 && !session->inside) {
    smtp_server_free(session->server);
    g_free(session->body_error);
    g_free(session->client);
    g_free(session);
  }
}

/* --- policy
 * ----------------------------------------------------------------------------------------------------------------
 */

static bool certificate_allowed(const struct config *config, const char *name)
{
  for (guint i = 0; name && i < config->smtp.relay_certificates->len; i++)
    if (g_ascii_strcasecmp(name, config->smtp.relay_certificates->pdata[i]) == 0)
      return true;
  return false;
}

static bool may_relay(const struct session *session)
{
  const struct config *config = session->smtp_in->relay->config;
  return session->certified || config_network_contains(config->smtp.relay_networks, session->client);
}

static void recipient_mapped(void *user, const struct map_answer *answer)
{
  struct session *session = user;
  session->waits--;
  if (session->dead) {
    session_end(session);
    return;
  }
  if (answer->ok) {
    smtp_server_reply(session->server, 250, "2.1.5", "recipient ok");
  } else if (answer->temporary && answer->code) { /* RFC 2156 4.2.1: it is not known yet */
    smtp_server_reply(session->server, 451, answer->code, answer->words);
  } else if (answer->temporary) {
    smtp_server_reply(session->server, 451, "4.3.0",
                      "the recipient's address cannot be looked up now, try again");
  } else {
    /* 553 5.6.7 is RFC 6531's answer to an address that is not ASCII and cannot be mapped */
    bool international = g_strcmp0(answer->code, "5.6.7") == 0;
    smtp_server_reply(session->server, international ? 553 : 550, answer->code ? answer->code : "5.1.1",
                      answer->words ? answer->words : "no X.400 mapping");
  }
  session_pump(session);
}

/* RFC 5321 4.5.1: anyone may write to the one who keeps this gateway (mapping/recipient.c knows the same). */
static bool is_postmaster(const struct relay *relay, const char *mailbox)
{
  const struct config *config = relay->config;
  g_autofree char *at_domain = g_strdup_printf("postmaster@%s", config->domain);
  g_autofree char *at_host = g_strdup_printf("postmaster@%s", config->smtp.hostname);
  return g_ascii_strcasecmp(mailbox, "postmaster") == 0 || g_ascii_strcasecmp(mailbox, at_domain) == 0 ||
         g_ascii_strcasecmp(mailbox, at_host) == 0;
}

static void on_recipient(struct session *session, const struct smtp_envelope *envelope)
{
  struct relay *relay = session->smtp_in->relay;
  const struct smtp_recipient *recipient = envelope->recipients->pdata[envelope->recipients->len - 1];
  if (!may_relay(session) && !is_postmaster(relay, recipient->address)) {
    g_autofree char *words = g_strdup_printf(
        "relaying denied: %s is not among the networks and certificates that may relay", session->client);
    smtp_server_reply(session->server, 550, "5.7.1", words);
    return;
  }
  session->waits++;
  map_recipient(relay, recipient->address, recipient_mapped, session);
}

static void on_mail(struct session *session)
{
  struct relay *relay = session->smtp_in->relay;
  if (store_full(relay->store))
    smtp_server_reply(session->server, 452, "4.3.1", "the disk's reserve is reached, try again later");
  else
    smtp_server_reply(session->server, 250, "2.1.0", "sender ok");
}

/* --- data
 * --------------------------------------------------------------------------------------------------------------------
 */

struct accepted {
  struct session *session;
  struct relay *relay;
  struct store_message *message;
};

static void message_committed(void *user, const GError *error)
{
  struct accepted *accepted = user;
  struct session *session = accepted->session;
  struct relay *relay = accepted->relay;
  relay_point("smtp-receive-after-commit");
  session->waits--;
  g_autofree char *id = store_id_format(accepted->message->id);
  if (!session->dead) {
    if (error) {
      bool full = g_error_matches(error, STORE_ERROR, STORE_ERROR_FULL);
      smtp_server_reply(session->server, full ? 452 : 451, full ? "4.3.1" : "4.3.0", error->message);
    } else {
      g_autofree char *words = g_strdup_printf("queued as %s", id);
      smtp_server_reply(session->server, 250, "2.0.0", words);
    }
    session_pump(session); /* may end the session: it is not touched after */
  } else {
    session_end(session);
  }
  relay_point("smtp-receive-after-reply");
  if (error) {
    relay_log(LOG_ERR, "store", "message=%s was refused to its sender: %s", id, error->message);
    store_message_free(accepted->message);
  } else {
    reading_start(relay, accepted->message);
  }
  g_free(accepted);
}

static void on_data_end(struct session *session, const struct smtp_envelope *envelope)
{
  struct relay *relay = session->smtp_in->relay;
  if (session->body_error) {
    smtp_server_reply(session->server, 452, "4.3.1", session->body_error);
    body_discard(g_steal_pointer(&session->body));
    return;
  }
  struct store_message *message = store_message_new();
  message->id = store_new_id(relay->store);
  message->state = STORE_RECEIVED;
  message->received_us = relay_now_us();
  message->expires_us = message->received_us + (gint64)relay->config->lifetime_s * G_USEC_PER_SEC;
  message->origin = g_strdup("smtp");
  message->priority = STORE_NORMAL;
  message->generation = converters_generation(relay->converters);
  message->envelope = envelope_pack_smtp(envelope);
  body_finish(g_steal_pointer(&session->body), message);
  struct store_txn *txn = store_txn_new();
  store_txn_receive(txn, message);
  if (envelope->envid)
    store_txn_identifier(txn, message->id, "envid", envelope->envid);
  g_autoptr(GPtrArray) recipients = g_ptr_array_new();
  for (guint i = 0; i < envelope->recipients->len; i++)
    g_ptr_array_add(recipients, ((const struct smtp_recipient *)envelope->recipients->pdata[i])->address);
  struct audit *audit = audit_new();
  audit_text(audit, "from", envelope->sender);
  audit_texts(audit, "to", recipients);
  audit_text(audit, "client", session->client);
  audit_text(audit, "certificate", session->certified ? envelope->tls_name : NULL);
  audit_number(audit, "octets", (gint64)message->size);
  audit_record(audit, txn, message->id, -1, "received");
  struct accepted *accepted = g_new0(struct accepted, 1);
  *accepted = (struct accepted){.session = session, .relay = relay, .message = message};
  session->waits++;
  relay_point("smtp-receive-before-commit");
  store_commit(relay->store, txn, message_committed, accepted);
}

static void on_data(struct session *session, GBytes *data)
{
  g_autoptr(GError) error = NULL;
  gsize length;
  const guint8 *octets = g_bytes_get_data(data, &length);
  if (session->body && !session->body_error && !body_append(session->body, octets, length, &error))
    session->body_error = g_strdup(error->message);
}

/* --- the machine's events
 * ------------------------------------------------------------------------------------------------------- */

static void handle(struct session *session, struct smtp_server_event *event)
{
  struct smtp_in *smtp_in = session->smtp_in;
  switch (event->type) {
  case SMTP_SERVER_SEND:
    net_stream_write(session->stream, g_steal_pointer(&event->data));
    break;
  case SMTP_SERVER_CLOSE:
    net_stream_close(session->stream);
    break;
  case SMTP_SERVER_TIMER:
    if (event->ms)
      net_timer_start(session->timer, event->ms, 0);
    else
      net_timer_stop(session->timer);
    break;
  case SMTP_SERVER_START_TLS:
    net_stream_tls(session->stream, smtp_in->tls, NULL);
    break;
  case SMTP_SERVER_MAIL:
    on_mail(session);
    break;
  case SMTP_SERVER_RCPT:
    on_recipient(session, event->envelope);
    break;
  case SMTP_SERVER_VRFY:
    smtp_server_reply(session->server, 252, "2.1.5", "send some mail, the X.400 side will tell");
    break;
  case SMTP_SERVER_DATA_BEGIN:
    session->body = body_new(smtp_in->relay->store);
    g_clear_pointer(&session->body_error, g_free);
    smtp_server_reply(session->server, 354, "", "go ahead");
    break;
  case SMTP_SERVER_DATA:
    on_data(session, event->data);
    break;
  case SMTP_SERVER_DATA_END:
    on_data_end(session, event->envelope);
    break;
  case SMTP_SERVER_DATA_ABORT:
    body_discard(g_steal_pointer(&session->body));
    break;
  }
}

/* Callbacks of the store and the converters may come while a session is being pumped: the outer round goes on
 * for them. */
static void session_pump(struct session *session)
{
  if (session->inside)
    return;
  session->inside = true;
  struct smtp_server_event event;
  while (!session->dead && smtp_server_next(session->server, &event)) {
    handle(session, &event);
    smtp_server_event_clear(&event);
  }
  session->inside = false;
  if (session->dead)
    session_end(session);
  else
    net_stream_pause(session->stream,
                     smtp_server_waiting(session->server) || relay_holds_back(session->smtp_in->relay));
}

static void on_timer(void *user)
{
  struct session *session = user;
  smtp_server_timeout(session->server);
  session_pump(session);
}

static void stream_data(void *user, const guint8 *data, gsize length)
{
  struct session *session = user;
  smtp_server_input(session->server, data, length);
  session_pump(session);
}

static void stream_secured(void *user, bool ok, const char *peer_name, const char *words)
{
  struct session *session = user;
  if (!ok) {
    relay_log(LOG_WARN, "tls", "client=%s words=\"%s\"", session->client, words ? words : "");
    return; /* closed() follows */
  }
  session->certified = certificate_allowed(session->smtp_in->relay->config, peer_name);
  smtp_server_tls_done(session->server, peer_name);
  session_pump(session);
}

static void stream_drained(void *user)
{
  session_pump(user);
}

static void stream_closed(void *user, const char *words, bool error)
{
  struct session *session = user;
  if (error)
    relay_log(LOG_INF, "smtp-lost", "client=%s words=\"%s\"", session->client, words);
  smtp_server_lost(session->server);
  session_pump(session);
  session_end(session);
}

static const struct net_stream_handler handler = {
    .secured = stream_secured, .data = stream_data, .drained = stream_drained, .closed = stream_closed};

static void accepted_stream(void *user, struct net_stream *stream)
{
  struct smtp_in *smtp_in = user;
  struct relay *relay = smtp_in->relay;
  const struct config_smtp *config = &relay->config->smtp;
  struct session *session = g_new0(struct session, 1);
  session->smtp_in = smtp_in;
  session->stream = stream;
  session->client = g_strdup(net_stream_peer(stream));
  session->timer = net_timer_new(relay->loop, on_timer, session);
  struct smtp_server_options options = {.hostname = config->hostname,
                                        .size_max = config->size_max,
                                        .line_max = config->line_max,
                                        .text_line_max = config->text_line_max,
                                        .recipients_max = config->recipients_max,
                                        .messages_max = config->messages_max,
                                        .errors_max = config->errors_max,
                                        .idle_ms = config->idle_s * 1000,
                                        .data_ms = config->data_s * 1000,
                                        .starttls = smtp_in->tls != NULL,
                                        .tls_required = config->tls_required};
  session->server = smtp_server_new(&options, session->client, false);
  guint count = GPOINTER_TO_UINT(g_hash_table_lookup(smtp_in->per_client, session->client)) + 1;
  g_hash_table_insert(smtp_in->per_client, g_strdup(session->client), GUINT_TO_POINTER(count));
  g_ptr_array_add(smtp_in->sessions, session);
  net_stream_take(stream, &handler, session);
  bool busy =
      relay->stopping || smtp_in->sessions->len > config->sessions_max || count > config->sessions_per_client;
  smtp_server_start(session->server, busy);
  session_pump(session);
}

/* --- the door
 * -------------------------------------------------------------------------------------------------------------------
 */

struct smtp_in *smtp_in_new(struct relay *relay, GError **error)
{
  struct net_tls *tls;
  if (!door_tls(&relay->config->smtp.tls, &tls, error))
    return NULL;
  struct smtp_in *smtp_in = g_new0(struct smtp_in, 1);
  smtp_in->relay = relay;
  smtp_in->tls = tls;
  smtp_in->listeners = g_ptr_array_new_with_free_func((GDestroyNotify)net_listener_free);
  smtp_in->sessions = g_ptr_array_new();
  smtp_in->per_client = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return smtp_in;
}

void smtp_in_listen(struct smtp_in *smtp_in)
{
  const struct relay_start *start = smtp_in->relay->start;
  for (guint i = 0; i < start->smtp_count; i++)
    g_ptr_array_add(smtp_in->listeners,
                    net_listener_new(smtp_in->relay->loop, start->smtp_sockets[i], accepted_stream, smtp_in));
}

void smtp_in_resume(struct smtp_in *smtp_in)
{
  g_autoptr(GPtrArray) sessions = g_ptr_array_copy(smtp_in->sessions, NULL, NULL);
  for (guint i = 0; i < sessions->len; i++)
    session_pump(sessions->pdata[i]);
}

void smtp_in_stop(struct smtp_in *smtp_in)
{
  g_ptr_array_set_size(smtp_in->listeners, 0);
  g_autoptr(GPtrArray) sessions = g_ptr_array_copy(smtp_in->sessions, NULL, NULL);
  for (guint i = 0; i < sessions->len; i++) {
    struct session *session = sessions->pdata[i];
    smtp_server_shutdown(session->server);
    session_pump(session);
  }
}

void smtp_in_free(struct smtp_in *smtp_in)
{
  while (smtp_in->sessions->len > 0)
    session_end(smtp_in->sessions->pdata[0]); /* one that waits for the store ends when that answers */
  g_ptr_array_unref(smtp_in->sessions);
  g_ptr_array_unref(smtp_in->listeners);
  g_hash_table_unref(smtp_in->per_client);
  if (smtp_in->tls)
    net_tls_unref(smtp_in->tls);
  g_free(smtp_in);
}

guint smtp_in_sessions(const struct smtp_in *smtp_in)
{
  return smtp_in->sessions->len;
}
