#include "relay/p1_link.h"

#include "relay/audit.h"
#include "relay/body.h"
#include "relay/envelope.h"
#include "relay/p1_peer.h"
#include "relay/reading.h"

#include <string.h>
#include <unistd.h>

#define READ_BLOCK 65536u

/* --- life
 * ------------------------------------------------------------------------------------------------------------------
 */

static void link_free(struct p1_link *link)
{
  p1_association_free(link->association);
  g_free(link->body_error);
  g_free(link->refusal);
  g_free(link->address);
  g_free(link->peer);
  g_free(link);
}

static void link_end(struct p1_link *link)
{
  if (!link->dead) {
    link->dead = true;
    if (link->stream)
      net_stream_free(g_steal_pointer(&link->stream));
    for (guint i = 0; i < G_N_ELEMENTS(link->timers); i++)
      net_timer_free(link->timers[i]);
    net_timer_free(link->idle);
    body_discard(g_steal_pointer(&link->body));
    g_ptr_array_remove_fast(link->links->links, link);
    if (link->sending) {
      delivery_outcome(link->sending, G_MAXUINT, OUTCOME_DEFERRED, "4.4.2",
                       link->refusal ? link->refusal : "the association ended during the transfer",
                       link->peer);
      delivery_finish(g_steal_pointer(&link->sending), NULL);
    }
    if (link->initiator)
      p1_out_ended(link);
  }
  if (link->waits == 0 && !link->inside)
    link_free(link);
}

static void idle_over(void *user)
{
  struct p1_link *link = user;
  if (link->bound && link->initiator && !link->sending && !link->releasing) {
    link->releasing = true;
    p1_association_release(link->association);
    p1_link_pump(link);
  }
}

/* --- transfer in
 * ----------------------------------------------------------------------------------------------------------------
 */

struct received {
  struct p1_link *link;
  struct relay *relay;
  struct store_message *message;
};

static void received_committed(void *user, const GError *error)
{
  struct received *received = user;
  struct p1_link *link = received->link;
  struct relay *relay = received->relay;
  relay_point("p1-receive-after-commit");
  link->waits--;
  if (error)
    relay_log(LOG_ERR, "store", "peer=%s a transfer was not kept: %s", link->peer, error->message);
  if (!link->dead) {
    if (error) {
      p1_association_reject(link->association);
    } else {
      p1_association_confirm(link->association);
      link->unproven = received->message->id;
      link->received_count++;
    }
    p1_link_pump(link);
  } else {
    link_end(link);
  }
  relay_point("p1-receive-after-confirm");
  if (error)
    store_message_free(received->message);
  else
    reading_start(relay, received->message);
  g_free(received);
}

static void receive_end(struct p1_link *link)
{
  struct relay *relay = link->links->relay;
  if (link->body_error || !link->body) {
    relay_log(LOG_ERR, "p1-receive", "peer=%s: %s", link->peer,
              link->body_error ? link->body_error : "no data came");
    body_discard(g_steal_pointer(&link->body));
    p1_association_reject(link->association);
    return;
  }
  struct store_message *message = store_message_new();
  message->id = store_new_id(relay->store);
  message->state = STORE_RECEIVED;
  message->received_us = relay_now_us();
  message->expires_us = message->received_us + (gint64)relay->config->lifetime_s * G_USEC_PER_SEC;
  message->origin = g_strdup_printf("p1:%s", link->peer);
  message->priority = STORE_NORMAL;
  message->generation = converters_generation(relay->converters);
  message->envelope = envelope_pack_p1(link->peer);
  body_finish(g_steal_pointer(&link->body), message);
  struct store_txn *txn = store_txn_new();
  store_txn_receive(txn, message);
  reading_unproven(txn, message->id);
  struct audit *audit = audit_new();
  audit_text(audit, "peer", link->peer);
  audit_text(audit, "client", link->address);
  audit_number(audit, "octets", (gint64)message->size);
  if (link->oversize)
    audit_text(audit, "words", "larger than the peer's limit: its end was swallowed");
  audit_record(audit, txn, message->id, -1, "received");
  struct received *received = g_new0(struct received, 1);
  *received = (struct received){.link = link, .relay = relay, .message = message};
  link->waits++;
  relay_point("p1-receive-before-commit");
  store_commit(relay->store, txn, received_committed, received);
}

static void receive_data(struct p1_link *link, GBytes *data)
{
  g_autoptr(GError) error = NULL;
  gsize length;
  const guint8 *octets = g_bytes_get_data(data, &length);
  if (link->body && !link->body_error && !link->oversize && !body_append(link->body, octets, length, &error))
    link->body_error = g_strdup(error->message);
}

/* --- transfer out
 * ------------------------------------------------------------------------------------------------------------------
 */

static void want_data(struct p1_link *link, gsize want)
{
  struct delivery *delivery = link->sending;
  gsize length = MIN(MIN(want, READ_BLOCK), delivery->written->size - link->offset);
  guint8 *block = g_malloc(length);
  ssize_t got = pread(delivery->fd, block, length, (off_t)link->offset);
  if (got <= 0) {
    g_free(block);
    relay_log(LOG_ERR, "p1-send", "peer=%s the converted octets cannot be read", link->peer);
    p1_association_discard(link->association);
    return;
  }
  link->offset += (guint64)got;
  g_autoptr(GBytes) data = g_bytes_new_take(block, (gsize)got);
  p1_association_data(link->association, data);
}

static void transfer_over(struct p1_link *link, const struct p1_event *event)
{
  struct delivery *delivery = g_steal_pointer(&link->sending);
  if (!delivery)
    return;
  if (event->type == P1_SENT) {
    relay_point("p1-sent-before-commit");
    link->sent++;
    link->sent_count++;
    delivery_outcome(delivery, G_MAXUINT, OUTCOME_SENT, "2.0.0",
                     "transferred, the activity's end is confirmed", link->peer);
  } else {
    delivery_outcome(delivery, G_MAXUINT, OUTCOME_DEFERRED, "4.4.2", event->words, link->peer);
  }
  delivery_finish(delivery, NULL);
}

/* --- binds
 * --------------------------------------------------------------------------------------------------------------------------
 */

static void on_bind(struct p1_link *link, const struct p1_event *event)
{
  const struct config_peer *peer = NULL;
  enum p1_bind_error wire = P1_BIND_AUTHENTICATION_ERROR;
  g_autofree char *refusal = p1_in_judge(link->links, link, event, &peer, &wire);
  if (refusal) {
    relay_log(LOG_WARN, "bind-refused", "client=%s words=\"%s\"", link->address, refusal);
    p1_association_bind_refuse(link->association, wire);
    return;
  }
  link->peer = g_strdup(peer->name);
  g_autofree char *name = g_strdup_printf("p1:%s", peer->name);
  link->hop = hop_find(link->links->relay, name);
  struct p1_credentials local = {.mta_name = peer->local_mta, .password = peer->local_password};
  p1_association_bind_accept(link->association, &local,
                             g_strcmp0(peer->password_form, "octets") == 0 ? P1_PASSWORD_OCTETS
                                                                           : P1_PASSWORD_IA5);
}

static void on_bound(struct p1_link *link, const struct p1_event *event)
{
  struct relay *relay = link->links->relay;
  link->since_us = relay_now_us();
  link->checkpoint_size = event->checkpoint_size;
  link->window = event->window;
  link->session_version = event->session_version;
  link->tpdu_max = event->tpdu_max;
  link->dialogue = event->dialogue;
  const struct config_peer *peer = config_peer(relay->config, link->peer);
  g_autofree char *mismatch = link->initiator && peer ? p1_peer_judge(peer, &event->peer) : NULL;
  if (mismatch) {
    g_free(link->refusal);
    link->refusal = g_strdup(mismatch);
    p1_association_abort(link->association, mismatch);
    return;
  }
  link->bound = true;
  if (link->initiator)
    hop_reached(link->hop);
  relay_log(LOG_INF, "bound", "peer=%s %s=%s checkpoint=%uK window=%u session-version=%u dialogue=%s",
            link->peer, link->initiator ? "to" : "from", link->address, link->checkpoint_size, link->window,
            link->session_version,
            link->dialogue == P1_TWO_WAY_ALTERNATE ? "two-way-alternate" : "monologue");
}

/* --- the machine's events
 * ---------------------------------------------------------------------------------------------------------------
 */

static void handle(struct p1_link *link, struct p1_event *event)
{
  struct relay *relay = link->links->relay;
  switch (event->type) {
  case P1_SEND:
    if (link->stream)
      net_stream_write(link->stream, g_steal_pointer(&event->data));
    break;
  case P1_CLOSE:
    if (link->stream)
      net_stream_close(link->stream);
    break;
  case P1_TIMER:
    if (event->timer < G_N_ELEMENTS(link->timers)) {
      if (event->ms)
        net_timer_start(link->timers[event->timer], event->ms, 0);
      else
        net_timer_stop(link->timers[event->timer]);
    }
    break;
  case P1_BIND:
    on_bind(link, event);
    break;
  case P1_BOUND:
    on_bound(link, event);
    break;
  case P1_REFUSED:
  case P1_ABORTED:
    relay_log(LOG_WARN, event->type == P1_REFUSED ? "refused" : "aborted",
              "peer=%s address=%s step=%s by=%s words=\"%s\"", link->peer ? link->peer : "-", link->address,
              p1_step_name(event->step), event->by_peer ? "peer" : "us", event->words ? event->words : "");
    if (!link->refusal)
      link->refusal =
          g_strdup_printf("%s: %s", p1_step_name(event->step), event->words ? event->words : "no words");
    link->bound = link->ready = false;
    break;
  case P1_READY:
    link->ready = true;
    break;
  case P1_TURN_ASKED:
    if (!link->sending && !(link->hop && hop_has_work(link->hop)))
      p1_association_give_turn(link->association);
    break;
  case P1_RELEASED:
    link->bound = link->ready = false;
    break;
  case P1_WANT_DATA:
    if (link->sending)
      want_data(link, event->want);
    break;
  case P1_SENT:
  case P1_NOT_SENT:
    transfer_over(link, event);
    break;
  case P1_RECEIVE_BEGIN:
    body_discard(g_steal_pointer(&link->body));
    link->body = body_new(relay->store);
    link->oversize = false;
    g_clear_pointer(&link->body_error, g_free);
    break;
  case P1_RECEIVE_DATA:
    receive_data(link, event->data);
    break;
  case P1_RECEIVE_OVERSIZE:
    link->oversize = true;
    break;
  case P1_RECEIVE_END:
    receive_end(link);
    break;
  case P1_RECEIVE_ABANDONED:
    body_discard(g_steal_pointer(&link->body));
    break;
  }
}

static bool may_feed(const struct p1_link *link)
{
  return !link->dead && link->bound && link->ready && !link->sending && !link->releasing &&
         !link->links->relay->stopping && link->hop && hop_has_work(link->hop);
}

void p1_link_pump(struct p1_link *link)
{
  if (link->inside)
    return;
  link->inside = true;
  struct p1_event event;
  bool fed;
  do {
    fed = false;
    /* writing waits for the stream: what is produced ahead of it stays bounded */
    while (!link->dead && (!link->stream || net_stream_pending(link->stream) <= 4 * READ_BLOCK) &&
           p1_association_next(link->association, &event)) {
      handle(link, &event);
      p1_event_clear(&event);
    }
    if (may_feed(link)) {
      p1_out_feed(link);
      fed = true;
    }
  } while (fed && !link->dead);
  link->inside = false;
  if (link->dead) {
    link_end(link);
    return;
  }
  struct relay *relay = link->links->relay;
  if (link->stream)
    net_stream_pause(link->stream, relay_holds_back(relay));
  const struct config_peer *peer = link->peer ? config_peer(relay->config, link->peer) : NULL;
  if (link->bound && !link->sending && peer && !link->releasing)
    net_timer_start(link->idle, 1000ull * peer->idle_s, 0);
  else
    net_timer_stop(link->idle);
}

/* --- the stream's and the timers' events
 * --------------------------------------------------------------------------------------------------- */

static void stream_connected(void *user)
{
  struct p1_link *link = user;
  const struct config_peer *peer = config_peer(link->links->relay->config, link->peer);
  if (peer && peer->tls && link->initiator) {
    g_autoptr(GError) error = NULL;
    struct net_tls *tls = p1_peer_tls(peer, &error);
    if (!tls) {
      p1_association_lost(link->association, error->message);
      p1_link_pump(link);
      link_end(link);
      return;
    }
    net_stream_tls(link->stream, tls, peer->tls_name);
    net_tls_unref(tls);
    return;
  }
  p1_association_connected(link->association);
  p1_link_pump(link);
}

static void stream_secured(void *user, bool ok, const char *peer_name, const char *words)
{
  (void)peer_name;
  struct p1_link *link = user;
  if (!ok) {
    g_free(link->refusal);
    link->refusal = g_strdup_printf("TLS: %s", words ? words : "handshake failed");
    return; /* closed() follows */
  }
  p1_association_connected(link->association);
  p1_link_pump(link);
}

static void stream_data(void *user, const guint8 *data, gsize length)
{
  struct p1_link *link = user;
  if (link->unproven) {
    reading_proven(link->links->relay, link->unproven);
    link->unproven = 0;
  }
  p1_association_input(link->association, data, length);
  p1_link_pump(link);
}

static void stream_drained(void *user)
{
  p1_link_pump(user);
}

static void stream_closed(void *user, const char *words, bool error)
{
  struct p1_link *link = user;
  if (error && !link->refusal)
    link->refusal = g_strdup(words);
  p1_association_lost(link->association, words);
  /* what the machine still says is heard, though nothing can be written */
  net_stream_free(g_steal_pointer(&link->stream));
  p1_link_pump(link);
  link_end(link);
}

const struct net_stream_handler p1_link_handler = {.connected = stream_connected,
                                                   .secured = stream_secured,
                                                   .data = stream_data,
                                                   .drained = stream_drained,
                                                   .closed = stream_closed};

#define TIMER_CALLBACK(n)                                                                                    \
  static void timer_##n(void *user)                                                                          \
  {                                                                                                          \
    struct p1_link *link = user;                                                                             \
    p1_association_timeout(link->association, n);                                                            \
    p1_link_pump(link);                                                                                      \
  }
TIMER_CALLBACK(0)
TIMER_CALLBACK(1)
TIMER_CALLBACK(2)
TIMER_CALLBACK(3)

struct p1_link *p1_link_new(struct p1_links *links, const struct p1_options *options)
{
  static const net_callback callbacks[] = {timer_0, timer_1, timer_2, timer_3};
  struct p1_link *link = g_new0(struct p1_link, 1);
  link->links = links;
  link->initiator = options->initiator;
  link->association = p1_association_new(options);
  for (guint i = 0; i < G_N_ELEMENTS(link->timers); i++)
    link->timers[i] = net_timer_new(links->relay->loop, callbacks[i], link);
  link->idle = net_timer_new(links->relay->loop, idle_over, link);
  g_ptr_array_add(links->links, link);
  return link;
}

/* --- all of them
 * ------------------------------------------------------------------------------------------------------------------------------
 */

void p1_links_resume(struct p1_links *links)
{
  g_autoptr(GPtrArray) open = g_ptr_array_copy(links->links, NULL, NULL);
  for (guint i = 0; i < open->len; i++)
    p1_link_pump(open->pdata[i]);
}

void p1_links_stop(struct p1_links *links)
{
  g_ptr_array_set_size(links->doors, 0);
  g_autoptr(GPtrArray) open = g_ptr_array_copy(links->links, NULL, NULL);
  for (guint i = 0; i < open->len; i++)
    idle_over(open->pdata[i]);
}

void p1_links_free(struct p1_links *links)
{
  while (links->links->len > 0)
    link_end(links->links->pdata[0]); /* one that waits for the store ends when that answers */
  g_ptr_array_unref(links->links);
  g_ptr_array_unref(links->doors);
  if (links->tls)
    net_tls_unref(links->tls);
  g_free(links);
}
