#include "relay/reroute.h"

#include "relay/audit.h"
#include "relay/envelope.h"

bool reroute_is_due(const struct hop *hop)
{
  return hop->failures > 0 && hop->down_since_us &&
         relay_now_us() - hop->down_since_us >= (gint64)hop->relay->config->fallback_after_s * G_USEC_PER_SEC;
}

gint64 reroute_pause_us(const struct hop *hop, gint64 pause_us)
{
  gint64 left =
      hop->down_since_us + (gint64)hop->relay->config->fallback_after_s * G_USEC_PER_SEC - relay_now_us();
  return left > 0 ? MIN(pause_us, left) : pause_us;
}

void reroute_blocked(struct relay *relay, struct store_message *message)
{
  gint64 now = relay_now_us();
  for (guint i = 0; i < message->recipients->len; i++) {
    const struct store_recipient *recipient = message->recipients->pdata[i];
    struct hop *hop = recipient->hop ? hop_find(relay, recipient->hop) : NULL;
    guint before = message->recipients->len;
    if (hop && recipient->state == STORE_ROUTED && hop->blocked_until_us > now && reroute_is_due(hop))
      reroute_message(hop, message);
    if (message->recipients->len < before)
      i = G_MAXUINT; /* from the front again */
  }
}

/* The first of "b\nc" that is not as long out of reach itself; NULL: none. The others stay, and the hop left
 * comes behind them. */
static char *take_next(const struct hop *hop, char **fallbacks)
{
  g_auto(GStrv) names = g_strsplit(*fallbacks, "\n", -1);
  g_autoptr(GString) later = g_string_new(NULL);
  char *next = NULL;
  for (guint i = 0; names[i]; i++) {
    if (!next && !reroute_is_due(hop_find(hop->relay, names[i])))
      next = g_strdup(names[i]);
    else
      g_string_append_printf(later, "%s\n", names[i]);
  }
  if (next) {
    g_string_append(later, hop->name);
    g_free(*fallbacks);
    *fallbacks = g_strdup(later->str);
  }
  return next;
}

bool reroute_recipient(const struct hop *hop, struct store_recipient *recipient)
{
  struct mapping_recipient *told = envelope_recipient(recipient);
  char *next = told->fallbacks ? take_next(hop, &told->fallbacks) : NULL;
  if (next) {
    g_free(recipient->hop);
    recipient->hop = next;
    recipient->due_us = 0;
    recipient->attempts = 0;
    recipient->state = STORE_ROUTED;
    g_clear_pointer(&recipient->detail, g_bytes_unref);
    recipient->detail = envelope_outcome_pack(told);
  }
  mapping_recipient_free(told);
  return next != NULL;
}

struct moved {
  struct relay *relay;
  GPtrArray *hops; /* char*: to be kicked */
};

static void moved_committed(void *user, const GError *error)
{
  struct moved *moved = user;
  if (error) {
    relay_log(LOG_ALARM, "store", "another way could not be recorded: %s", error->message);
    relay_stop(moved->relay, 75);
  }
  for (guint i = 0; !error && i < moved->hops->len; i++)
    hop_kick(moved->relay, moved->hops->pdata[i]);
  g_ptr_array_unref(moved->hops);
  g_free(moved);
}

bool reroute_message(struct hop *hop, struct store_message *message)
{
  struct moved *moved = g_new0(struct moved, 1);
  *moved = (struct moved){.relay = hop->relay, .hops = g_ptr_array_new_with_free_func(g_free)};
  struct store_txn *txn = store_txn_new();
  gint64 now = relay_now_us();
  for (guint i = 0; i < message->recipients->len;) {
    struct store_recipient *recipient = message->recipients->pdata[i];
    bool waits_here = recipient->due_us <= now && g_strcmp0(recipient->hop, hop->name) == 0;
    if (!waits_here || !reroute_recipient(hop, recipient)) {
      i++;
      continue;
    }
    store_txn_recipient(txn, message->id, recipient, false);
    struct audit *audit = audit_new();
    audit_text(audit, "hop", hop->name);
    audit_text(audit, "next", recipient->hop);
    audit_text(audit, "words", hop->last_error);
    audit_record(audit, txn, message->id, (gint)recipient->ordinal, "rerouted");
    g_ptr_array_add(moved->hops, g_strdup(recipient->hop));
    g_ptr_array_remove_index(message->recipients, i);
  }
  if (moved->hops->len > 0) {
    store_commit(hop->relay->store, txn, moved_committed, moved);
  } else {
    store_txn_free(txn);
    g_ptr_array_unref(moved->hops);
    g_free(moved);
  }
  return message->recipients->len > 0;
}
