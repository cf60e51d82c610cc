/* p1_send.c - transfers out on an association: the next delivery, its octets as the machine asks for them,
 * the watch on its progress, its outcome.
 *
 * A transfer is given up when it takes longer than the peer's limit for its priority, or when the peer takes
 * nothing of it for answer-limit; then another address of the peer is tried, and else the message again later
 * (docs/decisions/0071). */
#include "relay/p1_link.h"

#include <unistd.h>

#define READ_BLOCK 65536u
#define MESSAGES_PER_ASSOCIATION 10000u /* where the peer's entry says nothing */
#define LOOK_MS 1000u                   /* how often progress is looked for */
#define DISCARD_US                                                                                           \
  (30 * G_USEC_PER_SEC) /* for the peer's answer to the discard of a transfer that took too long */

static gint for_link(const struct p1_link *link, gint urgency)
{
  bool refused = link->urgent_only && urgency < STORE_URGENT;
  return refused || link->links->relay->stopping ? -1 : urgency;
}

gint p1_send_waits(const struct p1_link *link)
{
  return link->hop ? for_link(link, hop_expects(link->hop)) : -1;
}

bool p1_send_ready(const struct p1_link *link)
{
  return link->hop && for_link(link, hop_urgency(link->hop)) >= 0;
}

/* --- progress ------------------------------------------------------------------------------------------ */

static guint limit_s(const struct config_peer *peer, enum store_priority priority)
{
  return priority >= STORE_URGENT   ? peer->transfer_limit_urgent_s
         : priority == STORE_NORMAL ? peer->transfer_limit_normal_s
                                    : peer->transfer_limit_non_urgent_s;
}

static void moved(struct p1_link *link)
{
  link->out.moved_us = g_get_monotonic_time();
  hop_moved(link->hop);
}

/* The peer moves when it reads: our octets leave, or its confirmations come. */
static bool progresses(struct p1_link *link, gint64 now, guint answer_s)
{
  gsize unread = link->stream ? net_stream_unread(link->stream) : 0;
  if (unread != link->out.unread || link->heard_us > link->out.moved_us)
    moved(link);
  link->out.unread = unread;
  return now - link->out.moved_us < (gint64)answer_s * G_USEC_PER_SEC;
}

static void give_up(struct p1_link *link, char *words)
{
  g_free(link->out.broken);
  link->out.broken = words;
  link->failed = true;
}

static void look(void *user)
{
  struct p1_link *link = user;
  const struct config_peer *peer = config_peer(link->links->relay->config, link->peer);
  if (!link->out.delivery || !peer)
    return;
  gint64 now = g_get_monotonic_time();
  guint limit = limit_s(peer, link->out.delivery->message->priority);
  gint64 over_us = now - link->out.begun_us - (gint64)limit * G_USEC_PER_SEC;
  if (!progresses(link, now, peer->answer_limit_s)) {
    give_up(link, g_strdup_printf("the peer took nothing of the transfer for %u s", peer->answer_limit_s));
    p1_link_break(link, link->out.broken, true);
  } else if (over_us >= 0 && !link->out.broken) {
    give_up(link,
            g_strdup_printf("the transfer took longer than %u s, the peer's limit for its priority", limit));
    p1_association_discard(link->association); /* X.218 8.1.3: transfer time */
    p1_link_pump(link);
  } else if (over_us >= DISCARD_US) {
    p1_link_break(link, link->out.broken, true);
  }
}

static void watch(struct p1_link *link)
{
  link->out.begun_us = link->out.moved_us = g_get_monotonic_time();
  link->out.unread = 0;
  g_clear_pointer(&link->out.broken, g_free);
  if (!link->out.watch)
    link->out.watch = net_timer_new(link->links->relay->loop, look, link);
  net_timer_start(link->out.watch, LOOK_MS, LOOK_MS);
}

/* --- the transfer -------------------------------------------------------------------------------------- */

/* From where it was broken off, or from the beginning. */
static bool begin(struct p1_link *link, GError **error)
{
  struct delivery *delivery = link->out.delivery;
  struct p1_recovery *recovery = link->links->relay->recovery;
  struct p1_kept *kept = p1_recovery_out(recovery, delivery, link->address);
  link->out.offset = link->out.begun_at = 0;
  link->out.resumed = link->out.gained = false;
  link->out.stored_serial = 0;
  link->out.want = 0;
  p1_resumption_clear(&link->out.at);
  if (kept && p1_association_resume(link->association, delivery->written->size, &kept->at, NULL)) {
    g_autofree char *id = store_id_format(delivery->message->id);
    relay_log(LOG_NOTE, "resumed", "message=%s peer=%s checkpoint=%u octets=%" G_GUINT64_FORMAT, id,
              link->peer, kept->at.serial, kept->at.offset);
    p1_recovery_take(recovery, kept);
    link->out.resumed = true;
    link->out.offset = link->out.begun_at = kept->at.offset;
    link->out.stored_serial = kept->at.serial;
    p1_resumption_copy(&link->out.at, &kept->at);
    if (kept->name)
      link->out.stored = kept;
    else
      p1_kept_free(kept);
    return true;
  }
  if (kept)
    p1_recovery_drop(recovery, kept);
  return p1_association_transfer(link->association, delivery->written->size, error);
}

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
  link->turn.here = false;
  link->turn.run++;
  watch(link);
  relay_point("p1-send-before");
  if (!begin(link, &error)) {
    relay_log(LOG_ERR, "p1-send", "peer=%s: %s", link->peer, error->message);
    delivery_finish(g_steal_pointer(&link->out.delivery), error->message);
  }
}

/* A large transfer outlives us: what is sent never runs further ahead of the checkpoint in the store than the
 * window and one checkpoint. */
static bool is_stored(const struct delivery *delivery)
{
  return delivery->written->size >= P1_RECOVERY_STORED;
}

void p1_send_want(struct p1_link *link, gsize want)
{
  struct delivery *delivery = link->out.delivery;
  if (!delivery)
    return;
  if (link->out.storing && link->out.at.serial > link->out.stored_serial + 1) {
    link->out.want = want;
    return;
  }
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

/* --- checkpoints --------------------------------------------------------------------------------------- */

static struct p1_kept *kept_new(struct p1_link *link, const struct delivery *delivery,
                                const struct p1_resumption *at)
{
  struct p1_origin origin = p1_link_origin(link);
  struct p1_kept *kept = p1_kept_new(P1_KEPT_OUT, &origin, at);
  kept->message = delivery->message->id;
  kept->size = delivery->written->size;
  kept->recipients = p1_recovery_recipients(delivery);
  kept->digest = p1_recovery_digest(delivery);
  return kept;
}

struct stored {
  struct p1_link *link;
  guint64 message;
  guint serial;
};

static void store_checkpoint(struct p1_link *link);

static void checkpoint_stored(void *user, const GError *error)
{
  g_autofree struct stored *stored = user;
  struct p1_link *link = stored->link;
  struct delivery *delivery = link->out.delivery;
  link->waits--;
  link->out.storing = false;
  if (error)
    relay_log(LOG_ERR, "store", "peer=%s a checkpoint was not stored: %s", link->peer, error->message);
  if (link->dead) {
    p1_link_end(link);
    return;
  }
  if (delivery && delivery->message->id == stored->message) {
    link->out.stored_serial = error ? G_MAXUINT - 1 : stored->serial; /* then it goes on without */
    if (link->out.at.serial > link->out.stored_serial)
      store_checkpoint(link);
    gsize want = link->out.want;
    link->out.want = 0;
    if (want)
      p1_send_want(link, want);
  }
  p1_link_pump(link);
}

static void store_kept(struct relay *relay, struct p1_kept *kept, store_committed done, void *user)
{
  if (!kept->name)
    kept->name = p1_kept_name();
  g_autoptr(GBytes) octets = p1_kept_pack(kept);
  struct store_txn *txn = store_txn_new();
  store_txn_transfer(txn, kept->name, NULL, octets);
  if (done)
    store_commit(relay->store, txn, done, user);
  else
    relay_commit(relay, txn, "transfer");
}

static void store_checkpoint(struct p1_link *link)
{
  struct p1_kept *kept = link->out.stored;
  if (!kept) {
    kept = link->out.stored = kept_new(link, link->out.delivery, &link->out.at);
  } else {
    p1_resumption_clear(&kept->at);
    p1_resumption_copy(&kept->at, &link->out.at);
  }
  struct stored *stored = g_new(struct stored, 1);
  *stored = (struct stored){link, link->out.delivery->message->id, link->out.at.serial};
  link->out.storing = true;
  link->waits++;
  store_kept(link->links->relay, kept, checkpoint_stored, stored);
}

void p1_send_checkpoint(struct p1_link *link, const struct p1_event *event)
{
  if (!link->out.delivery)
    return;
  p1_resumption_clear(&link->out.at);
  p1_resumption_copy(&link->out.at, &event->resumption);
  if (is_stored(link->out.delivery) && !link->out.storing && link->out.at.session.calling)
    store_checkpoint(link);
}

bool p1_send_carried(const struct p1_link *link)
{
  return link->out.messages > 0 || link->out.gained;
}

/* Whether the peer has now secured more of it than ever: else it would be sent again and again to a line that
 * breaks at the same place. */
static void measure(struct p1_link *link, struct delivery *delivery, const struct p1_resumption *at)
{
  guint64 secured = at->ended ? delivery->written->size : at->offset;
  link->out.gained = secured > delivery->secured;
  delivery->secured = MAX(delivery->secured, secured);
}

/* It was broken off and may be resumed: is something gained by it? Without a confirmation since it was
 * resumed it goes by its old name, and by the new one too. */
static bool keep(struct p1_link *link, const struct delivery *delivery, const struct p1_resumption *at)
{
  if (!at->session.calling || !at->activity || (at->serial == 0 && !at->ended))
    return false;
  bool old_name = link->out.resumed && link->out.at.offset == link->out.begun_at;
  struct p1_kept *kept = kept_new(link, delivery, old_name ? &link->out.at : at);
  kept->at.ended = kept->at.ended || at->ended;
  if (old_name)
    p1_resumption_copy(&kept->other, at);
  if (link->out.stored)
    kept->name = g_strdup(link->out.stored->name);
  g_clear_pointer(&link->out.stored, p1_kept_free);
  if (is_stored(delivery))
    store_kept(link->links->relay, kept, NULL, NULL);
  p1_recovery_keep(link->links->relay->recovery, kept);
  return link->out.gained;
}

/* --- its end ------------------------------------------------------------------------------------------- */

/* It is over: nothing of it is to be resumed. */
static void forget(struct p1_link *link)
{
  if (link->out.stored && link->out.stored->name)
    p1_recovery_drop_done(link->links->relay->recovery, link->out.stored->name);
  g_clear_pointer(&link->out.stored, p1_kept_free);
}

/* Not sent. Another address is tried at once; else the recipients wait for the next try. */
static void not_sent(struct p1_link *link, struct delivery *delivery, const char *words, bool at_once)
{
  if (at_once && !link->links->relay->stopping) {
    hop_return(delivery);
    return;
  }
  if (link->failed && !link->links->relay->stopping && p1_out_has_other(link)) {
    g_autofree char *id = store_id_format(delivery->message->id);
    relay_log(LOG_NOTE, "other-address", "message=%s peer=%s address=%s words=\"%s\"", id, link->peer,
              link->address, words);
    hop_return(delivery);
    return;
  }
  delivery_outcome(delivery, G_MAXUINT, OUTCOME_DEFERRED, "4.4.2", words, link->peer);
  delivery_finish(delivery, NULL);
}

/* X.411: the peer will never take it; its originator hears of transfer-failure. */
static void refused_for_good(struct p1_link *link, struct delivery *delivery, const char *words)
{
  delivery_outcome(delivery, G_MAXUINT, OUTCOME_FAILED, "5.4.0", words, link->peer);
  for (guint i = 0; i < delivery->message->recipients->len; i++)
    delivery->outcomes[i].reason = 0;
  delivery_finish(delivery, NULL);
}

void p1_send_over(struct p1_link *link, const struct p1_event *event)
{
  struct delivery *delivery = g_steal_pointer(&link->out.delivery);
  if (!delivery)
    return;
  net_timer_stop(link->out.watch);
  bool at_once = false;
  if (event->type == P1_NOT_SENT)
    measure(link, delivery, &event->resumption);
  if (event->type == P1_NOT_SENT && event->outcome == P1_OUTCOME_INTERRUPTED && !event->permanent)
    at_once =
        keep(link, delivery, &event->resumption) && !link->out.broken && (link->lost || !event->by_peer);
  else if (event->type == P1_NOT_SENT && event->outcome == P1_OUTCOME_CANNOT_RESUME)
    at_once = link->out.resumed; /* from zero */
  forget(link);
  if (event->type == P1_SENT) {
    relay_point("p1-sent-before-commit");
    if (link->out.messages++ == 0)
      p1_out_works(link);
    delivery_outcome(delivery, G_MAXUINT, OUTCOME_SENT, "2.0.0",
                     "transferred, the activity's end is confirmed", link->peer);
    delivery_finish(delivery, NULL);
    return;
  }
  /* lost with an association that carried nothing; an exception of the peer's is about this message alone */
  link->failed = link->failed || (!p1_send_carried(link) && p1_association_is_over(link->association));
  if (event->permanent)
    refused_for_good(link, delivery, event->words);
  else
    not_sent(link, delivery, link->out.broken ? link->out.broken : event->words, at_once);
  if (link->failed && link->bound && !link->releasing) { /* the next message shall find another address */
    link->releasing = true;
    p1_association_release(link->association);
  }
}

void p1_send_lost(struct p1_link *link)
{
  if (!link->out.delivery)
    return;
  measure(link, link->out.delivery, &link->out.at);
  link->failed = link->failed || !p1_send_carried(link);
  not_sent(link, g_steal_pointer(&link->out.delivery),
           link->refusal ? link->refusal : "the association ended during the transfer", false);
}
