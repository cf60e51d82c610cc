/* p1_receive.c - transfers in on an association: their octets go as they come into a body, and are confirmed
 * when the message is committed (DESIGN section 1). */
#include "relay/p1_link.h"

#include "relay/audit.h"
#include "relay/body.h"
#include "relay/envelope.h"
#include "relay/reading.h"

void p1_receive_forget(struct p1_link *link)
{
  body_discard(g_steal_pointer(&link->in.body));
  g_clear_pointer(&link->in.error, g_free);
}

void p1_receive_begin(struct p1_link *link)
{
  p1_receive_forget(link);
  link->in.body = body_new(link->links->relay->store);
  link->in.oversize = false;
}

void p1_receive_data(struct p1_link *link, GBytes *data)
{
  g_autoptr(GError) error = NULL;
  gsize length;
  const guint8 *octets = g_bytes_get_data(data, &length);
  if (!link->in.body || link->in.error || link->in.oversize)
    return;
  const struct config_peer *peer = config_peer(link->links->relay->config, link->peer);
  link->in.oversize = peer && body_size(link->in.body) + length > peer->size_max;
  if (!link->in.oversize && !body_append(link->in.body, octets, length, &error))
    link->in.error = g_strdup(error->message);
}

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
      link->in.unproven = received->message->id;
      link->in.messages++;
    }
    p1_link_pump(link);
  } else {
    p1_link_end(link);
  }
  relay_point("p1-receive-after-confirm");
  if (error)
    store_message_free(received->message);
  else
    reading_start(relay, received->message);
  g_free(received);
}

void p1_receive_end(struct p1_link *link)
{
  struct relay *relay = link->links->relay;
  if (link->in.error || !link->in.body) {
    relay_log(LOG_ERR, "p1-receive", "peer=%s: %s", link->peer,
              link->in.error ? link->in.error : "no data came");
    body_discard(g_steal_pointer(&link->in.body));
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
  message->envelope = envelope_pack_p1(link->peer, link->in.oversize);
  body_finish(g_steal_pointer(&link->in.body), message);
  struct store_txn *txn = store_txn_new();
  store_txn_receive(txn, message);
  reading_unproven(txn, message->id);
  struct audit *audit = audit_new();
  audit_text(audit, "peer", link->peer);
  audit_text(audit, "client", link->address);
  audit_number(audit, "octets", (gint64)message->size);
  if (link->in.oversize)
    audit_text(audit, "words",
               "larger than the peer's size-max: its end is swallowed, the originator gets a report");
  audit_record(audit, txn, message->id, -1, "received");
  struct received *received = g_new0(struct received, 1);
  *received = (struct received){.link = link, .relay = relay, .message = message};
  link->waits++;
  relay_point("p1-receive-before-commit");
  store_commit(relay->store, txn, received_committed, received);
}

void p1_receive_proven(struct p1_link *link)
{
  if (!link->in.unproven)
    return;
  reading_proven(link->links->relay, link->in.unproven);
  link->in.unproven = 0;
}
