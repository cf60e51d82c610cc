/* p1_send.c - transfers out on an association: the next delivery, its octets as the machine asks for them,
 * its outcome. */
#include "relay/p1_link.h"

#include <unistd.h>

#define READ_BLOCK 65536u
#define MESSAGES_PER_ASSOCIATION 10000u /* where the peer's entry says nothing */

void p1_send_next(struct p1_link *link)
{
  const struct config_peer *peer = config_peer(link->links->relay->config, link->peer);
  guint most =
      peer && peer->messages_per_association ? peer->messages_per_association : MESSAGES_PER_ASSOCIATION;
  if (link->out.messages >= most && link->initiator) {
    link->releasing = true;
    p1_association_release(link->association);
    return;
  }
  g_autoptr(GError) error = NULL;
  link->out.delivery = hop_take(link->hop);
  link->out.offset = 0;
  link->ready = false;
  relay_point("p1-send-before");
  if (!p1_association_transfer(link->association, link->out.delivery->written->size, &error)) {
    relay_log(LOG_ERR, "p1-send", "peer=%s: %s", link->peer, error->message);
    delivery_finish(g_steal_pointer(&link->out.delivery), error->message);
  }
}

void p1_send_want(struct p1_link *link, gsize want)
{
  struct delivery *delivery = link->out.delivery;
  if (!delivery)
    return;
  gsize length = MIN(MIN(want, READ_BLOCK), delivery->written->size - link->out.offset);
  guint8 *block = g_malloc(length);
  ssize_t got = pread(delivery->fd, block, length, (off_t)link->out.offset);
  if (got <= 0) {
    g_free(block);
    relay_log(LOG_ERR, "p1-send", "peer=%s the converted octets cannot be read", link->peer);
    p1_association_discard(link->association);
    return;
  }
  link->out.offset += (guint64)got;
  g_autoptr(GBytes) data = g_bytes_new_take(block, (gsize)got);
  p1_association_data(link->association, data);
}

void p1_send_over(struct p1_link *link, const struct p1_event *event)
{
  struct delivery *delivery = g_steal_pointer(&link->out.delivery);
  if (!delivery)
    return;
  if (event->type == P1_SENT) {
    relay_point("p1-sent-before-commit");
    link->out.messages++;
    delivery_outcome(delivery, G_MAXUINT, OUTCOME_SENT, "2.0.0",
                     "transferred, the activity's end is confirmed", link->peer);
  } else {
    delivery_outcome(delivery, G_MAXUINT, OUTCOME_DEFERRED, "4.4.2", event->words, link->peer);
  }
  delivery_finish(delivery, NULL);
}

void p1_send_lost(struct p1_link *link)
{
  if (!link->out.delivery)
    return;
  delivery_outcome(link->out.delivery, G_MAXUINT, OUTCOME_DEFERRED, "4.4.2",
                   link->refusal ? link->refusal : "the association ended during the transfer", link->peer);
  delivery_finish(g_steal_pointer(&link->out.delivery), NULL);
}
