/* txn.c - building transactions. */
#include "store/txn.h"

static void op_clear(void *element)
{
  struct store_op *op = element;
  store_message_free(op->received);
  store_recipient_free(op->recipient);
  g_free(op->name);
  g_free(op->text);
  g_bytes_unref(op->octets);
}

struct store_txn *store_txn_new(void)
{
  struct store_txn *txn = g_new0(struct store_txn, 1);
  txn->ops = g_array_new(FALSE, FALSE, sizeof(struct store_op));
  g_array_set_clear_func(txn->ops, op_clear);
  txn->spool_gone = g_ptr_array_new_with_free_func(g_free);
  return txn;
}

void store_txn_free(struct store_txn *txn)
{
  if (!txn)
    return;
  g_array_unref(txn->ops);
  g_ptr_array_unref(txn->spool_gone);
  g_clear_error(&txn->error);
  g_free(txn);
}

static void add(struct store_txn *txn, struct store_op op)
{
  g_array_append_val(txn->ops, op);
}

void store_txn_receive(struct store_txn *txn, const struct store_message *message)
{
  add(txn, (struct store_op){
               .type = STORE_OP_RECEIVE, .message = message->id, .received = store_message_copy(message)});
}

void store_txn_route(struct store_txn *txn, const struct store_message *message, bool claim)
{
  add(txn, (struct store_op){.type = STORE_OP_ROUTE,
                             .message = message->id,
                             .received = store_message_copy(message),
                             .flag = claim});
}

void store_txn_recipient(struct store_txn *txn, guint64 message, const struct store_recipient *recipient,
                         bool keep_claim)
{
  add(txn, (struct store_op){.type = STORE_OP_RECIPIENT,
                             .message = message,
                             .recipient = store_recipient_copy(recipient),
                             .flag = keep_claim});
}

void store_txn_attempt(struct store_txn *txn, guint64 message, guint attempts)
{
  add(txn, (struct store_op){.type = STORE_OP_ATTEMPT, .message = message, .number = (gint)attempts});
}

void store_txn_park(struct store_txn *txn, guint64 message, const char *reason)
{
  add(txn, (struct store_op){.type = STORE_OP_PARK, .message = message, .text = g_strdup(reason)});
}

void store_txn_hold(struct store_txn *txn, guint64 message, bool held)
{
  add(txn, (struct store_op){
               .type = STORE_OP_HOLD, .message = message, .flag = held, .time_us = g_get_real_time()});
}

void store_txn_retry(struct store_txn *txn, guint64 message, gint64 due_us)
{
  add(txn, (struct store_op){.type = STORE_OP_RETRY, .message = message, .time_us = due_us});
}

void store_txn_delete(struct store_txn *txn, guint64 message)
{
  add(txn, (struct store_op){.type = STORE_OP_DELETE, .message = message});
}

void store_txn_done(struct store_txn *txn, guint64 message)
{
  add(txn, (struct store_op){.type = STORE_OP_DONE, .message = message});
}

void store_txn_identifier(struct store_txn *txn, guint64 message, const char *kind, const char *value)
{
  add(txn,
      (struct store_op){
          .type = STORE_OP_IDENTIFIER, .message = message, .name = g_strdup(kind), .text = g_strdup(value)});
}

void store_txn_answer(struct store_txn *txn, guint64 message, const char *key, GBytes *octets)
{
  add(txn, (struct store_op){.type = STORE_OP_ANSWER,
                             .message = message,
                             .name = g_strdup(key),
                             .octets = g_bytes_ref(octets)});
}

void store_txn_audit(struct store_txn *txn, guint64 message, gint recipient, const char *event,
                     const char *detail)
{
  add(txn, (struct store_op){.type = STORE_OP_AUDIT,
                             .message = message,
                             .number = recipient,
                             .time_us = g_get_real_time(),
                             .name = g_strdup(event),
                             .text = g_strdup(detail ? detail : "{}")});
}

void store_txn_value(struct store_txn *txn, const char *name, GBytes *value)
{
  add(txn, (struct store_op){
               .type = STORE_OP_VALUE, .name = g_strdup(name), .octets = value ? g_bytes_ref(value) : NULL});
}

void store_transfer_free(struct store_transfer *transfer)
{
  if (!transfer)
    return;
  g_free(transfer->name);
  g_free(transfer->spool);
  g_bytes_unref(transfer->octets);
  g_free(transfer);
}

void store_txn_transfer(struct store_txn *txn, const char *name, const char *spool, GBytes *octets)
{
  add(txn, (struct store_op){.type = STORE_OP_TRANSFER,
                             .name = g_strdup(name),
                             .text = g_strdup(spool),
                             .octets = g_bytes_ref(octets)});
}

void store_txn_transfer_over(struct store_txn *txn, const char *name, bool keep_spool)
{
  add(txn, (struct store_op){.type = STORE_OP_TRANSFER, .name = g_strdup(name), .flag = keep_spool});
}
