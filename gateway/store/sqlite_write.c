/* sqlite_write.c - the operations of a transaction, one function each, on the writer thread inside a group.
 *
 * States are numbers of enum store_state in SQL text: 0 received, 1 routed, 2 sent, 3 reported, 4 parked, 5
 * deleted, 6 done. A final state is left only by the truth: a recipient that an operator deleted while its
 * transfer was open may still become sent or reported; everything else that comes late for it is ignored, its
 * audit record is not. */
#include "store/sqlite.h"

#include <string.h>

typedef bool (*apply_op)(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                         GError **error);

static bool changed(struct sqlite_store *store)
{
  return sqlite3_changes(store->writer.db) > 0;
}

/* The transaction is at fault: says whether the message is unknown or stands in another state than the
 * operation needs. */
static bool refuse(struct sqlite_store *store, guint64 message, const char *what, GError **error)
{
  struct query query = query_begin(&store->writer, "SELECT state FROM message WHERE id = ?");
  query_int(&query, (gint64)message);
  bool known = query_row(&query);
  enum store_state state = known ? (enum store_state)row_int(&query, 0) : STORE_DONE;
  if (!query_end(&query, error))
    return false;
  g_autofree char *id = store_id_format(message);
  if (known)
    g_set_error(error, STORE_ERROR, STORE_ERROR_CONFLICT, "message %s cannot %s: it is %s", id, what,
                store_state_name(state));
  else
    g_set_error(error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "message %s is not in the queue", id);
  return false;
}

static bool insert_body(struct sqlite_store *store, const struct store_message *message, GError **error)
{
  struct query query = query_begin(&store->writer, "INSERT INTO body VALUES(?, ?)");
  query_int(&query, (gint64)message->id);
  query_octets(&query, message->body);
  return query_run(&query, error);
}

static bool apply_receive(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                          GError **error)
{
  (void)txn;
  const struct store_message *message = op->received;
  struct query query =
      query_begin(&store->writer, "INSERT INTO message VALUES(?,?,0,?,?,?,?,?,?,?,?,?,?,?,?)");
  query_int(&query, (gint64)message->id);
  query_int(&query, (gint64)message->parent);
  query_int(&query, message->held);
  query_int(&query, message->received_us);
  query_int(&query, message->expires_us);
  query_text(&query, message->origin);
  query_int(&query, message->priority);
  query_int(&query, message->generation);
  query_int(&query, message->attempts);
  query_int(&query, (gint64)message->size);
  query_text(&query, message->spool);
  query_text(&query, message->reason);
  query_octets(&query, message->envelope);
  query_octets(&query, message->note);
  query_row(&query);
  if ((query.rc & 0xff) == SQLITE_CONSTRAINT) {
    query.rc = SQLITE_OK;
    query_end(&query, NULL);
    return refuse(store, message->id, "be received again", error);
  }
  return query_end(&query, error) && (!message->body || insert_body(store, message, error));
}

static bool insert_recipient(struct sqlite_store *store, const struct store_message *message,
                             const struct store_recipient *recipient, GError **error)
{
  struct query query =
      query_begin(&store->writer, "INSERT OR REPLACE INTO recipient SELECT ?, ?, ?, held, priority, ?, ?, ?, "
                                  "?, ?, ?, ?, ? FROM message WHERE id = ?");
  query_int(&query, (gint64)message->id);
  query_int(&query, recipient->ordinal);
  query_int(&query, recipient->state);
  query_int(&query, recipient->due_us);
  query_int(&query, recipient->attempts);
  query_text(&query, recipient->hop);
  query_text(&query, recipient->address);
  query_text(&query, recipient->mapped);
  query_text(&query, recipient->code);
  query_text(&query, recipient->reason);
  query_octets(&query, recipient->detail);
  query_int(&query, (gint64)message->id);
  return query_run(&query, error);
}

struct standing {
  enum store_state state;
  guint waiting, parked;
  char *spool;
};

static bool read_standing(struct sqlite_store *store, guint64 message, struct standing *standing_r,
                          GError **error)
{
  struct query query = query_begin(
      &store->writer, "SELECT m.state, m.spool,"
                      " (SELECT count(*) FROM recipient r WHERE r.message = m.id AND r.state = 1),"
                      " (SELECT count(*) FROM recipient r WHERE r.message = m.id AND r.state = 4)"
                      " FROM message m WHERE m.id = ?");
  query_int(&query, (gint64)message);
  bool known = query_row(&query);
  if (known)
    *standing_r = (struct standing){.state = (enum store_state)row_int(&query, 0),
                                    .spool = row_text(&query, 1),
                                    .waiting = (guint)row_int(&query, 2),
                                    .parked = (guint)row_int(&query, 3)};
  if (!query_end(&query, error))
    return false;
  return known || refuse(store, message, "change", error);
}

static bool finish(struct sqlite_store *store, struct store_txn *txn, guint64 message, const char *spool,
                   GError **error)
{
  struct query body = query_begin(&store->writer, "DELETE FROM body WHERE message = ?");
  query_int(&body, (gint64)message);
  if (!query_run(&body, error))
    return false;
  struct query query =
      query_begin(&store->writer, "UPDATE message SET state = 6, held = 0, spool = NULL WHERE id = ?");
  query_int(&query, (gint64)message);
  if (!query_run(&query, error))
    return false;
  if (spool)
    g_ptr_array_add(txn->spool_gone, g_strdup(spool));
  return true;
}

static bool set_state(struct sqlite_store *store, guint64 message, enum store_state state, const char *reason,
                      GError **error)
{
  struct query query = query_begin(&store->writer, "UPDATE message SET state = ?, reason = ? WHERE id = ?");
  query_int(&query, state);
  query_text(&query, reason);
  query_int(&query, (gint64)message);
  return query_run(&query, error);
}

/* A routed message stands where its recipients stand: waiting, parked when only parked ones are left, done
 * when none is. */
static bool follow_recipients(struct sqlite_store *store, struct store_txn *txn, guint64 message,
                              const char *reason, GError **error)
{
  struct standing standing;
  if (!read_standing(store, message, &standing, error))
    return false;
  g_autofree char *spool = standing.spool;
  if (standing.state == STORE_DONE)
    return true;
  enum store_state next = standing.waiting ? STORE_ROUTED : standing.parked ? STORE_PARKED : STORE_DONE;
  if (next == STORE_DONE)
    return finish(store, txn, message, spool, error);
  return next == standing.state ||
         set_state(store, message, next, next == STORE_PARKED ? reason : NULL, error);
}

static bool apply_route(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                        GError **error)
{
  const struct store_message *message = op->received;
  struct query query = query_begin(
      &store->writer, "UPDATE message SET state = 1, priority = ?, expires = ?, generation = ?, attempts = 0,"
                      " note = ? WHERE id = ? AND state = 0");
  query_int(&query, message->priority);
  query_int(&query, message->expires_us);
  query_int(&query, message->generation);
  query_octets(&query, message->note);
  query_int(&query, (gint64)message->id);
  if (!query_run(&query, error))
    return false;
  if (!changed(store))
    return refuse(store, message->id, "be routed", error);

  bool waiting = false;
  for (guint i = 0; i < message->recipients->len; i++) {
    const struct store_recipient *recipient = g_ptr_array_index(message->recipients, i);
    if (!insert_recipient(store, message, recipient, error))
      return false;
    waiting |= recipient->state == STORE_ROUTED;
  }
  return waiting || follow_recipients(store, txn, message->id, "no recipient can be reached", error);
}

static bool apply_recipient(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                            GError **error)
{
  const struct store_recipient *recipient = op->recipient;
  struct query query = query_begin(
      &store->writer,
      "UPDATE recipient SET state = ?1, due = ?2, attempts = ?3, hop = ?4, mapped = ?5, code = ?6,"
      " reason = ?7, detail = ?8 WHERE message = ?9 AND ordinal = ?10"
      " AND (state IN (0, 1, 4) OR (state = 5 AND ?1 IN (2, 3)))");
  query_int(&query, recipient->state);
  query_int(&query, recipient->due_us);
  query_int(&query, recipient->attempts);
  query_text(&query, recipient->hop);
  query_text(&query, recipient->mapped);
  query_text(&query, recipient->code);
  query_text(&query, recipient->reason);
  query_octets(&query, recipient->detail);
  query_int(&query, (gint64)op->message);
  query_int(&query, recipient->ordinal);
  if (!query_run(&query, error))
    return false;
  return (changed(store) && recipient->state == STORE_ROUTED) ||
         follow_recipients(store, txn, op->message, recipient->reason, error);
}

static bool apply_attempt(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                          GError **error)
{
  (void)txn;
  struct query query =
      query_begin(&store->writer, "UPDATE message SET attempts = ? WHERE id = ? AND state < 6");
  query_int(&query, op->number);
  query_int(&query, (gint64)op->message);
  return query_run(&query, error) && (changed(store) || refuse(store, op->message, "be tried", error));
}

static bool apply_park(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                       GError **error)
{
  (void)txn;
  struct query query =
      query_begin(&store->writer, "UPDATE message SET state = 4, reason = ? WHERE id = ? AND state < 6");
  query_text(&query, op->text);
  query_int(&query, (gint64)op->message);
  if (!query_run(&query, error))
    return false;
  if (!changed(store))
    return refuse(store, op->message, "be parked", error);
  struct query recipients = query_begin(
      &store->writer, "UPDATE recipient SET state = 4, reason = ? WHERE message = ? AND state = 1");
  query_text(&recipients, op->text);
  query_int(&recipients, (gint64)op->message);
  return query_run(&recipients, error);
}

static bool apply_hold(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                       GError **error)
{
  (void)txn;
  /* Released, it has its lifetime anew: else what was held for long would be reported as expired at once. */
  struct query query =
      query_begin(&store->writer, "UPDATE message SET held = ?1,"
                                  " expires = CASE WHEN held AND NOT ?1 AND expires > 0"
                                  "  THEN max(expires, ?2 + expires - received) ELSE expires END"
                                  " WHERE id = ?3 AND state < 6");
  query_int(&query, op->flag);
  query_int(&query, op->time_us);
  query_int(&query, (gint64)op->message);
  if (!query_run(&query, error))
    return false;
  if (!changed(store))
    return refuse(store, op->message, op->flag ? "be held" : "be released", error);
  struct query recipients = query_begin(&store->writer, "UPDATE recipient SET held = ? WHERE message = ?");
  query_int(&recipients, op->flag);
  query_int(&recipients, (gint64)op->message);
  return query_run(&recipients, error);
}

static bool apply_retry(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                        GError **error)
{
  (void)txn;
  struct query recipients = query_begin(
      &store->writer, "UPDATE recipient SET attempts = CASE state WHEN 4 THEN 0 ELSE attempts END,"
                      " state = 1, due = ? WHERE message = ? AND state IN (1, 4)");
  query_int(&recipients, op->time_us);
  query_int(&recipients, (gint64)op->message);
  if (!query_run(&recipients, error))
    return false;
  /* A parked message may have outlived its lifetime while it waited for the operator who now sends it on. */
  struct query query =
      query_begin(&store->writer, "UPDATE message SET state = ?1, reason = NULL,"
                                  " attempts = CASE state WHEN 4 THEN 0 ELSE attempts END,"
                                  " expires = CASE WHEN state = 4 AND expires > 0"
                                  "  THEN max(expires, ?2 + expires - received) ELSE expires END"
                                  " WHERE id = ?3 AND state < 6");
  query_int(&query, changed(store) ? STORE_ROUTED : STORE_RECEIVED);
  query_int(&query, op->time_us);
  query_int(&query, (gint64)op->message);
  return query_run(&query, error) && (changed(store) || refuse(store, op->message, "be retried", error));
}

static bool apply_delete(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                         GError **error)
{
  struct standing standing;
  if (!read_standing(store, op->message, &standing, error))
    return false;
  g_autofree char *spool = standing.spool;
  if (standing.state == STORE_DONE)
    return refuse(store, op->message, "be deleted", error);
  struct query recipients =
      query_begin(&store->writer, "UPDATE recipient SET state = 5 WHERE message = ? AND state IN (1, 4)");
  query_int(&recipients, (gint64)op->message);
  return query_run(&recipients, error) && finish(store, txn, op->message, spool, error);
}

static bool apply_done(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                       GError **error)
{
  struct standing standing;
  if (!read_standing(store, op->message, &standing, error))
    return false;
  g_autofree char *spool = standing.spool;
  if (standing.state != STORE_RECEIVED)
    return refuse(store, op->message, "be done with", error);
  return finish(store, txn, op->message, spool, error);
}

static bool apply_identifier(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                             GError **error)
{
  (void)txn;
  struct query query =
      query_begin(&store->writer, "INSERT INTO identifier(message, hash, kind, value) VALUES(?, ?, ?, ?)");
  query_int(&query, (gint64)op->message);
  query_int(&query, sqlite_identifier_hash(op->text));
  query_text(&query, op->name);
  query_text(&query, op->text);
  return query_run(&query, error);
}

bool sqlite_audit_add(struct sqlite_store *store, struct store_audit_record *record, GError **error)
{
  record->sequence = store->chain.head.sequence + 1;
  if (!audit_hash(store->hasher, &store->chain.head, record, &store->chain.head, error))
    return false;
  store->chain_changed = true;
  struct query query = query_begin(&store->writer, "INSERT INTO audit VALUES(?, ?, ?, ?, ?, ?, ?)");
  query_int(&query, (gint64)record->sequence);
  query_int(&query, record->time_us);
  query_int(&query, (gint64)record->message);
  query_int(&query, record->recipient);
  query_text(&query, record->event);
  query_text(&query, record->detail);
  query_memory(&query, store->chain.head.hash, AUDIT_HASH);
  return query_run(&query, error);
}

bool sqlite_chain_write(struct sqlite_store *store, GError **error)
{
  const struct audit_chain *chain = &store->chain;
  struct query query =
      query_begin(&store->writer, "UPDATE audit_chain SET anchor_sequence = ?, anchor_hash = ?,"
                                  " head_sequence = ?, head_hash = ? WHERE one = 1");
  query_int(&query, (gint64)chain->anchor.sequence);
  query_memory(&query, chain->anchor.hash, AUDIT_HASH);
  query_int(&query, (gint64)chain->head.sequence);
  query_memory(&query, chain->head.hash, AUDIT_HASH);
  return query_run(&query, error);
}

static bool apply_audit(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                        GError **error)
{
  (void)txn;
  struct store_audit_record record = {.message = op->message,
                                      .time_us = op->time_us,
                                      .recipient = op->number,
                                      .event = op->name,
                                      .detail = op->text};
  return sqlite_audit_add(store, &record, error);
}

static bool apply_value(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                        GError **error)
{
  (void)txn;
  struct query query =
      op->octets ? query_begin(&store->writer,
                               "INSERT INTO value VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET octets = ?2")
                 : query_begin(&store->writer, "DELETE FROM value WHERE name = ?");
  query_text(&query, op->name);
  if (op->octets)
    query_octets(&query, op->octets);
  return query_run(&query, error);
}

static bool transfer_over(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                          GError **error)
{
  struct query query = query_begin(&store->writer, "SELECT spool FROM transfer WHERE name = ?");
  query_text(&query, op->name);
  g_autofree char *spool = query_row(&query) ? row_text(&query, 0) : NULL;
  if (!query_end(&query, error))
    return false;
  if (spool && !op->flag)
    g_ptr_array_add(txn->spool_gone, g_steal_pointer(&spool));
  struct query deletion = query_begin(&store->writer, "DELETE FROM transfer WHERE name = ?");
  query_text(&deletion, op->name);
  return query_run(&deletion, error);
}

static bool apply_transfer(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                           GError **error)
{
  if (!op->octets)
    return transfer_over(store, txn, op, error);
  struct query query = query_begin(&store->writer, "INSERT INTO transfer VALUES(?1, ?2, ?3)"
                                                   " ON CONFLICT(name) DO UPDATE SET spool = ?2, octets = ?3");
  query_text(&query, op->name);
  query_text(&query, op->text);
  query_octets(&query, op->octets);
  return query_run(&query, error);
}

static bool apply_answer(struct sqlite_store *store, struct store_txn *txn, const struct store_op *op,
                         GError **error)
{
  (void)txn;
  struct query query = query_begin(&store->writer, "INSERT INTO answer VALUES(?1, ?2, ?3)"
                                                   " ON CONFLICT(message, key) DO UPDATE SET octets = ?3");
  query_int(&query, (gint64)op->message);
  query_text(&query, op->name);
  query_octets(&query, op->octets);
  return query_run(&query, error);
}

static const apply_op appliers[] = {
    [STORE_OP_RECEIVE] = apply_receive,     [STORE_OP_ROUTE] = apply_route,
    [STORE_OP_RECIPIENT] = apply_recipient, [STORE_OP_ATTEMPT] = apply_attempt,
    [STORE_OP_PARK] = apply_park,           [STORE_OP_HOLD] = apply_hold,
    [STORE_OP_RETRY] = apply_retry,         [STORE_OP_DELETE] = apply_delete,
    [STORE_OP_DONE] = apply_done,           [STORE_OP_IDENTIFIER] = apply_identifier,
    [STORE_OP_AUDIT] = apply_audit,         [STORE_OP_VALUE] = apply_value,
    [STORE_OP_TRANSFER] = apply_transfer,   [STORE_OP_ANSWER] = apply_answer,
};

bool sqlite_apply(struct store_backend *backend, struct store_txn *txn, GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  g_ptr_array_set_size(txn->spool_gone, 0); /* of an attempt before this one */
  for (guint i = 0; i < txn->ops->len; i++) {
    const struct store_op *op = &g_array_index(txn->ops, struct store_op, i);
    if (!appliers[op->type](store, txn, op, error))
      return false;
  }
  return true;
}

/* --- claims of what a transaction touches
 * ------------------------------------------------------------------------- */

void sqlite_claim_txn(struct store_backend *backend, const struct store_txn *txn)
{
  struct claims *claims = SQLITE_STORE(backend)->claims;
  for (guint i = 0; i < txn->ops->len; i++) {
    const struct store_op *op = &g_array_index(txn->ops, struct store_op, i);
    if (op->type == STORE_OP_RECEIVE)
      claims_take(claims, op->message, CLAIM_MESSAGE);
    for (guint j = 0; op->type == STORE_OP_ROUTE && op->flag && j < op->received->recipients->len; j++) {
      const struct store_recipient *recipient = g_ptr_array_index(op->received->recipients, j);
      if (recipient->state == STORE_ROUTED)
        claims_take(claims, op->message, (gint)recipient->ordinal);
    }
  }
}

static void settle_committed(struct claims *claims, const struct store_op *op)
{
  switch (op->type) {
  case STORE_OP_ROUTE:
    claims_release(claims, op->message, CLAIM_MESSAGE);
    break;
  case STORE_OP_RECIPIENT:
    if (!op->flag)
      claims_release(claims, op->message, (gint)op->recipient->ordinal);
    break;
  case STORE_OP_PARK:
  case STORE_OP_DONE:
    claims_release(claims, op->message, CLAIM_ALL);
    break;
  default:
    break;
  }
}

static void settle_failed(struct claims *claims, const struct store_op *op, const GError *error)
{
  bool at_fault = g_error_matches(error, STORE_ERROR, STORE_ERROR_NOT_FOUND) ||
                  g_error_matches(error, STORE_ERROR, STORE_ERROR_CONFLICT);
  /* Not written for want of disk: the caller still has the message in work and may commit again. */
  if (op->type == STORE_OP_RECEIVE ||
      (at_fault && (op->type == STORE_OP_ROUTE || op->type == STORE_OP_RECIPIENT)))
    claims_release(claims, op->message, CLAIM_ALL);
  for (guint j = 0; op->type == STORE_OP_ROUTE && !at_fault && op->flag && j < op->received->recipients->len;
       j++)
    claims_release(
        claims, op->message,
        (gint)((const struct store_recipient *)g_ptr_array_index(op->received->recipients, j))->ordinal);
}

void sqlite_settle(struct store_backend *backend, const struct store_txn *txn, const GError *error)
{
  struct claims *claims = SQLITE_STORE(backend)->claims;
  for (guint i = 0; i < txn->ops->len; i++) {
    const struct store_op *op = &g_array_index(txn->ops, struct store_op, i);
    if (error)
      settle_failed(claims, op, error);
    else
      settle_committed(claims, op);
  }
}

void sqlite_unclaim(struct store_backend *backend, guint64 message, gint recipient)
{
  claims_release(SQLITE_STORE(backend)->claims, message, recipient < 0 ? CLAIM_ALL : recipient);
}
