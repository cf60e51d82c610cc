/* message.c - the plain structs of the queue: making, copying, freeing; names of states. */
#include "store/store.h"
#include "store/txn.h"

G_DEFINE_QUARK(store - error, store_error)

const char *store_state_name(enum store_state state)
{
  static const char *const names[] = {"received", "routed", "sent", "reported", "parked", "deleted", "done"};
  return (guint)state < G_N_ELEMENTS(names) ? names[state] : "unknown";
}

bool store_state_final(enum store_state state)
{
  return state == STORE_SENT || state == STORE_REPORTED || state == STORE_DELETED;
}

struct store_recipient *store_recipient_new(guint ordinal)
{
  struct store_recipient *recipient = g_new0(struct store_recipient, 1);
  recipient->ordinal = ordinal;
  recipient->state = STORE_ROUTED;
  return recipient;
}

void store_recipient_free(struct store_recipient *recipient)
{
  if (!recipient)
    return;
  g_free(recipient->address);
  g_free(recipient->mapped);
  g_free(recipient->hop);
  g_bytes_unref(recipient->detail);
  g_free(recipient->code);
  g_free(recipient->reason);
  g_free(recipient);
}

static GBytes *bytes_ref(GBytes *bytes)
{
  return bytes ? g_bytes_ref(bytes) : NULL;
}

struct store_recipient *store_recipient_copy(const struct store_recipient *recipient)
{
  struct store_recipient *copy = g_memdup2(recipient, sizeof *recipient);
  copy->address = g_strdup(recipient->address);
  copy->mapped = g_strdup(recipient->mapped);
  copy->hop = g_strdup(recipient->hop);
  copy->detail = bytes_ref(recipient->detail);
  copy->code = g_strdup(recipient->code);
  copy->reason = g_strdup(recipient->reason);
  return copy;
}

void store_answer_free(struct store_answer *answer)
{
  if (!answer)
    return;
  g_free(answer->key);
  g_bytes_unref(answer->octets);
  g_free(answer);
}

static GPtrArray *no_answers(void)
{
  return g_ptr_array_new_with_free_func((GDestroyNotify)store_answer_free);
}

struct store_message *store_message_new(void)
{
  struct store_message *message = g_new0(struct store_message, 1);
  message->priority = STORE_NORMAL;
  message->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)store_recipient_free);
  message->answers = no_answers();
  return message;
}

void store_message_free(struct store_message *message)
{
  if (!message)
    return;
  g_free(message->origin);
  g_free(message->reason);
  g_bytes_unref(message->envelope);
  g_bytes_unref(message->note);
  g_bytes_unref(message->body);
  g_free(message->spool);
  g_ptr_array_unref(message->recipients);
  g_ptr_array_unref(message->answers);
  g_free(message);
}

struct store_message *store_message_copy(const struct store_message *message)
{
  struct store_message *copy = g_memdup2(message, sizeof *message);
  copy->origin = g_strdup(message->origin);
  copy->reason = g_strdup(message->reason);
  copy->envelope = bytes_ref(message->envelope);
  copy->note = bytes_ref(message->note);
  copy->body = bytes_ref(message->body);
  copy->spool = g_strdup(message->spool);
  copy->answers = no_answers(); /* a transaction writes them one by one */
  copy->recipients = g_ptr_array_new_full(message->recipients->len, (GDestroyNotify)store_recipient_free);
  for (guint i = 0; i < message->recipients->len; i++)
    g_ptr_array_add(copy->recipients, store_recipient_copy(g_ptr_array_index(message->recipients, i)));
  return copy;
}

void store_audit_record_free(struct store_audit_record *record)
{
  if (!record)
    return;
  g_free(record->event);
  g_free(record->detail);
  g_free(record);
}

void store_hop_free(struct store_hop *hop)
{
  if (!hop)
    return;
  g_free(hop->hop);
  g_free(hop);
}
