/* p1_receive.c - transfers in on an association: their octets go as they come into a body, a checkpoint is
 * confirmed when what came before it is on disk, the end when the message is committed (DESIGN section 1).
 *
 * One commit secures all checkpoints that came meanwhile; each gets a confirmation of its own, since not every
 * peer takes one for several.  A transfer that is broken off behind a checkpoint is kept (p1_recovery.h). */
#include "relay/p1_link.h"

#include "relay/audit.h"
#include "relay/body.h"
#include "relay/envelope.h"
#include "relay/reading.h"

/* A transfer outlives its link while a commit of it is under way. */
struct p1_incoming {
  struct p1_link *link; /* NULL: the link has let go of it */
  struct relay *relay;
  guint transfer; /* its number on the association */
  struct p1_origin origin;
  struct p1_resumption at;    /* activity and session */
  struct p1_resumption other; /* those before it was resumed */
  struct body *body;
  char *error; /* why it cannot be kept */
  bool oversize;
  GArray *marks;  /* checkpoints, of p1_mark */
  char *name;     /* of its row; NULL: no checkpoint has been secured */
  char *old_name; /* the row of the activity that it goes on from, until its own is written */
  guint wanted;   /* serial of the last checkpoint that came */
  guint told;     /* serial of the last one that we confirmed */
  guint64 resume_offset;
  bool securing, resuming, ended;
  bool given_up; /* by the sender, while a commit is under way */
};

/* --- its life --------------------------------------------------------------------------------------------
 */

static struct p1_incoming *incoming_new(struct p1_link *link, const struct p1_event *event, GBytes *activity)
{
  struct p1_incoming *incoming = g_new0(struct p1_incoming, 1);
  incoming->link = link;
  incoming->relay = link->links->relay;
  incoming->transfer = event->transfer;
  incoming->origin = p1_link_origin(link);
  incoming->origin.peer = g_strdup(link->peer);
  incoming->origin.at = g_strdup(link->address);
  incoming->at.activity = activity ? g_bytes_ref(activity) : NULL;
  p1_session_identifier_copy(&incoming->at.session, &link->session);
  incoming->marks = g_array_new(FALSE, FALSE, sizeof(struct p1_mark));
  link->in.open = incoming;
  return incoming;
}

static void incoming_free(struct p1_incoming *incoming)
{
  if (incoming->link)
    incoming->link->in.open = NULL;
  g_free(incoming->origin.peer);
  g_free(incoming->origin.at);
  p1_resumption_clear(&incoming->at);
  p1_resumption_clear(&incoming->other);
  g_array_unref(incoming->marks);
  g_free(incoming->error);
  g_free(incoming->name);
  g_free(incoming->old_name);
  g_free(incoming);
}

static struct p1_kept *kept_of(const struct p1_incoming *incoming, enum p1_kept_kind kind)
{
  struct p1_kept *kept = p1_kept_new(kind, &incoming->origin, &incoming->at);
  kept->name = g_strdup(incoming->name);
  kept->marks = g_array_ref(incoming->marks);
  p1_resumption_copy(&kept->other, &incoming->other);
  return kept;
}

/* The transfer is broken off: its caller may come again at once, also while the last commit is under way. */
static void remember(const struct p1_incoming *incoming)
{
  struct p1_kept *kept = kept_of(incoming, P1_KEPT_IN);
  kept->spool = g_strdup(body_to_file(incoming->body, NULL));
  kept->settling = true;
  p1_recovery_keep(incoming->relay->recovery, kept);
}

/* ... and its row is as far as it got. */
static void keep(struct p1_incoming *incoming)
{
  p1_recovery_settled(incoming->relay->recovery, incoming->name);
  body_rest(g_steal_pointer(&incoming->body));
  relay_log(LOG_NOTE, "interrupted", "peer=%s checkpoint=%u words=\"a transfer in may be resumed\"",
            incoming->origin.peer, incoming->wanted);
  incoming_free(incoming);
}

static void drop(struct p1_incoming *incoming)
{
  const char *name = incoming->name ? incoming->name : incoming->old_name;
  if (incoming->body && name)
    body_rest(g_steal_pointer(&incoming->body));
  else
    body_discard(g_steal_pointer(&incoming->body));
  if (name)
    p1_recovery_drop_done(incoming->relay->recovery, name);
  incoming_free(incoming);
}

/* Nothing of it is under way any more. */
static void settle(struct p1_incoming *incoming, const GError *error)
{
  if (incoming->given_up || error)
    drop(incoming);
  else
    keep(incoming);
}

/* The link lets go of it: at once, or when the commit that is under way answers. */
static void leave(struct p1_incoming *incoming, bool may_go_on)
{
  incoming->link->in.open = NULL;
  incoming->link = NULL;
  incoming->given_up = !may_go_on || !incoming->name || !incoming->body || incoming->error;
  if (!incoming->given_up)
    remember(incoming);
  if (!incoming->securing)
    settle(incoming, NULL);
}

void p1_receive_forget(struct p1_link *link)
{
  if (link->in.open)
    leave(link->in.open, false);
}

void p1_receive_interrupted(struct p1_link *link)
{
  if (link->in.open)
    leave(link->in.open, true);
}

/* --- checkpoints -----------------------------------------------------------------------------------------
 */

struct secured {
  struct p1_incoming *incoming;
  struct p1_link *link;
  guint serial;
};

static void secure(struct p1_incoming *incoming);
static void end(struct p1_incoming *incoming);

/* The disk fails: the sender begins anew, and is not left waiting for a confirmation. */
static void cannot_secure(struct p1_incoming *incoming)
{
  struct p1_association *association = incoming->link->association;
  bool resuming = incoming->resuming;
  leave(incoming, false);
  if (resuming)
    p1_association_resume_refuse(association, P1_RESUME_DELETED);
  else
    p1_association_reject(association);
}

static void confirm(struct p1_link *link, guint transfer, guint told, guint serial)
{
  while (told < serial)
    p1_association_checkpoint(link->association, transfer, ++told);
}

static void go_on(struct p1_incoming *incoming, guint serial)
{
  g_clear_pointer(&incoming->old_name, g_free);
  if (incoming->resuming) {
    incoming->resuming = false;
    p1_association_receive_from(incoming->link->association, incoming->resume_offset);
  } else {
    confirm(incoming->link, incoming->transfer, incoming->told, serial);
  }
  incoming->told = serial;
  if (incoming->ended)
    end(incoming);
  else if (incoming->wanted > serial)
    secure(incoming);
}

static void checkpoint_committed(void *user, const GError *error)
{
  g_autofree struct secured *secured = user;
  struct p1_incoming *incoming = secured->incoming;
  struct p1_link *link = secured->link;
  relay_point("p1-checkpoint-after-commit");
  incoming->securing = false;
  link->waits--;
  if (!incoming->link) {
    settle(incoming, error);
  } else if (error) {
    relay_log(LOG_ERR, "store", "peer=%s a checkpoint was not secured: %s", link->peer, error->message);
    cannot_secure(incoming);
  } else {
    go_on(incoming, secured->serial);
  }
  if (link->dead)
    p1_link_end(link);
  else
    p1_link_pump(link);
}

static void secure(struct p1_incoming *incoming)
{
  g_autoptr(GError) error = NULL;
  const char *spool = body_to_file(incoming->body, &error);
  if (!spool) {
    incoming->error = g_strdup(error->message);
    cannot_secure(incoming);
    return;
  }
  if (!incoming->name)
    incoming->name = p1_kept_name();
  struct p1_kept *kept = kept_of(incoming, P1_KEPT_IN);
  kept->spool = g_strdup(spool);
  g_autoptr(GBytes) octets = p1_kept_pack(kept);
  p1_kept_free(kept);
  struct store_txn *txn = store_txn_new();
  store_txn_transfer(txn, incoming->name, spool, octets);
  if (incoming->old_name)
    store_txn_transfer_over(txn, incoming->old_name, true);
  struct secured *secured = g_new(struct secured, 1);
  *secured = (struct secured){incoming, incoming->link, incoming->wanted};
  incoming->securing = true;
  incoming->link->waits++;
  relay_point("p1-checkpoint-before-commit");
  store_commit(incoming->relay->store, txn, checkpoint_committed, secured);
}

void p1_receive_checkpoint(struct p1_link *link, const struct p1_event *event)
{
  struct p1_incoming *incoming = link->in.open;
  bool keeps = incoming && incoming->body && !incoming->error && !incoming->oversize &&
               incoming->at.session.calling && incoming->at.activity;
  if (!keeps) { /* nothing of it can be resumed: its end alone counts */
    p1_association_checkpoint(link->association, event->transfer, event->resumption.serial);
    if (incoming)
      incoming->told = incoming->wanted = event->resumption.serial;
    return;
  }
  p1_marks_add(incoming->marks, event->resumption.serial, event->resumption.offset);
  incoming->wanted = event->resumption.serial;
  if (!incoming->securing)
    secure(incoming);
}

/* --- begin, octets ---------------------------------------------------------------------------------------
 */

void p1_receive_begin(struct p1_link *link, const struct p1_event *event)
{
  p1_receive_forget(link);
  incoming_new(link, event, event->data)->body = body_new(link->links->relay->store);
}

void p1_receive_resume(struct p1_link *link, const struct p1_event *event)
{
  struct p1_recovery *recovery = link->links->relay->recovery;
  p1_receive_forget(link);
  struct p1_resumption asked = {0};
  p1_resumption_copy(&asked, &event->resumption);
  if (!asked.session.calling) /* of this association */
    p1_session_identifier_copy(&asked.session, &link->session);
  struct p1_kept *kept = p1_recovery_in(recovery, link->peer, &asked);
  guint serial = asked.serial;
  enum p1_resume_refusal refusal = P1_RESUME_UNRECOGNIZED;
  g_autoptr(GError) error = NULL;
  guint64 offset = 0;
  struct body *body = NULL;
  if (kept && kept->kind == P1_KEPT_DONE)
    refusal = P1_RESUME_COMPLETED;
  else if (kept && kept->settling)
    refusal = P1_RESUME_DELETED; /* it came faster than a commit */
  else if (kept && !p1_marks_find(kept->marks, serial, &offset))
    refusal = P1_RESUME_SEQUENCE;
  else if (kept && !(body = body_reopen(link->links->relay->store, kept->spool, offset, &error)))
    refusal = P1_RESUME_DELETED;
  if (!body) {
    relay_log(LOG_NOTE, "not-resumed", "peer=%s refusal=%d words=\"%s\"", link->peer, refusal,
              error  ? error->message
              : kept ? "done, or behind another checkpoint"
                     : "unknown activity");
    if (kept && kept->kind == P1_KEPT_IN && !kept->settling)
      p1_recovery_drop(recovery, kept);
    p1_association_resume_refuse(link->association, refusal);
    p1_resumption_clear(&asked);
    return;
  }
  struct p1_incoming *incoming = incoming_new(link, event, event->data);
  incoming->body = body;
  incoming->other = asked;
  g_array_unref(incoming->marks);
  incoming->marks = p1_marks_until(kept->marks, serial);
  incoming->old_name = g_steal_pointer(&kept->name);
  incoming->resume_offset = offset;
  incoming->resuming = true;
  incoming->wanted = incoming->told = serial;
  p1_recovery_take(recovery, kept);
  p1_kept_free(kept);
  relay_log(LOG_NOTE, "resumed", "peer=%s checkpoint=%u octets=%" G_GUINT64_FORMAT, link->peer, serial,
            offset);
  secure(incoming); /* under its new name before its sender goes on */
}

void p1_receive_data(struct p1_link *link, GBytes *data)
{
  struct p1_incoming *incoming = link->in.open;
  g_autoptr(GError) error = NULL;
  gsize length;
  const guint8 *octets = g_bytes_get_data(data, &length);
  if (!incoming || !incoming->body || incoming->error || incoming->oversize)
    return;
  const struct config_peer *peer = config_peer(incoming->relay->config, link->peer);
  incoming->oversize = peer && body_size(incoming->body) + length > peer->size_max;
  if (!incoming->oversize && !body_append(incoming->body, octets, length, &error))
    incoming->error = g_strdup(error->message);
}

void p1_receive_oversize(struct p1_link *link)
{
  if (link->in.open)
    link->in.open->oversize = true;
}

guint64 p1_receive_octets(const struct p1_link *link)
{
  return link->in.open && link->in.open->body ? body_size(link->in.open->body) : 0;
}

/* --- the end ---------------------------------------------------------------------------------------------
 */

struct received {
  struct p1_link *link;
  struct relay *relay;
  struct store_message *message;
  struct p1_kept *done; /* until the peer knows; NULL: it could not resume it anyway */
  guint transfer, told, wanted; /* checkpoints that its end secures as well */
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
  if (received->done && !error) {
    if (!link->dead)
      link->in.done = g_strdup(received->done->name);
    p1_recovery_keep(relay->recovery, received->done);
  } else {
    p1_kept_free(received->done);
  }
  if (!link->dead) {
    if (error) {
      p1_association_reject(link->association);
    } else {
      confirm(link, received->transfer, received->told, received->wanted);
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

static struct store_message *message_of(struct p1_incoming *incoming)
{
  struct relay *relay = incoming->relay;
  struct store_message *message = store_message_new();
  message->id = store_new_id(relay->store);
  message->state = STORE_RECEIVED;
  message->received_us = relay_now_us();
  message->expires_us = message->received_us + (gint64)relay->config->lifetime_s * G_USEC_PER_SEC;
  message->origin = g_strdup_printf("p1:%s", incoming->origin.peer);
  message->priority = STORE_NORMAL;
  message->generation = converters_generation(relay->converters);
  message->envelope = envelope_pack_p1(incoming->origin.peer, incoming->oversize);
  body_finish(g_steal_pointer(&incoming->body), message);
  return message;
}

static void end(struct p1_incoming *incoming)
{
  struct p1_link *link = incoming->link;
  struct relay *relay = incoming->relay;
  if (incoming->error || !incoming->body) {
    relay_log(LOG_ERR, "p1-receive", "peer=%s: %s", link->peer,
              incoming->error ? incoming->error : "no data came");
    p1_receive_forget(link);
    p1_association_reject(link->association);
    return;
  }
  struct store_message *message = message_of(incoming);
  struct store_txn *txn = store_txn_new();
  store_txn_receive(txn, message);
  reading_unproven(txn, message->id);
  struct audit *audit = audit_new();
  audit_text(audit, "peer", link->peer);
  audit_text(audit, "client", link->address);
  audit_number(audit, "octets", (gint64)message->size);
  if (incoming->oversize)
    audit_text(audit, "words",
               "larger than the peer's size-max: its end is swallowed, the originator gets a report");
  audit_record(audit, txn, message->id, -1, "received");
  struct received *received = g_new0(struct received, 1);
  *received = (struct received){.link = link,
                                .relay = relay,
                                .message = message,
                                .transfer = incoming->transfer,
                                .told = incoming->told,
                                .wanted = incoming->wanted};
  if (incoming->name) {
    received->done = kept_of(incoming, P1_KEPT_DONE);
    g_autoptr(GBytes) octets = p1_kept_pack(received->done);
    store_txn_transfer(txn, incoming->name, NULL, octets);
  }
  incoming_free(incoming);
  link->waits++;
  relay_point("p1-receive-before-commit");
  store_commit(relay->store, txn, received_committed, received);
}

void p1_receive_end(struct p1_link *link)
{
  if (link->in.open && link->in.open->securing) {
    link->in.open->ended = true; /* the commits of a transfer follow one another */
  } else if (link->in.open) {
    end(link->in.open);
  } else {
    p1_association_reject(link->association);
  }
}

void p1_receive_proven(struct p1_link *link)
{
  if (!link->in.unproven)
    return;
  reading_proven(link->links->relay, link->in.unproven);
  link->in.unproven = 0;
  if (link->in.done)
    p1_recovery_drop_done(link->links->relay->recovery, link->in.done);
  g_clear_pointer(&link->in.done, g_free);
}
