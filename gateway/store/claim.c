#include "store/claim.h"

struct release {
  guint64 message;
  gint recipient;
};

struct claims {
  GMutex mutex;
  GHashTable *messages; /* guint64* -> GArray of gint: what is claimed of it */
  bool picking;
  GArray *waiting; /* of struct release: those that came during the pick */
};

struct claims *claims_new(void)
{
  struct claims *claims = g_new0(struct claims, 1);
  g_mutex_init(&claims->mutex);
  claims->messages =
      g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)g_array_unref);
  claims->waiting = g_array_new(FALSE, FALSE, sizeof(struct release));
  return claims;
}

void claims_free(struct claims *claims)
{
  if (!claims)
    return;
  g_hash_table_unref(claims->messages);
  g_array_unref(claims->waiting);
  g_mutex_clear(&claims->mutex);
  g_free(claims);
}

static gint position(const GArray *claimed, gint recipient)
{
  for (guint i = 0; i < claimed->len; i++)
    if (g_array_index(claimed, gint, i) == recipient)
      return (gint)i;
  return -1;
}

bool claims_take(struct claims *claims, guint64 message, gint recipient)
{
  g_mutex_lock(&claims->mutex);
  GArray *claimed = g_hash_table_lookup(claims->messages, &message);
  if (!claimed) {
    claimed = g_array_sized_new(FALSE, FALSE, sizeof(gint), 1);
    g_hash_table_insert(claims->messages, g_memdup2(&message, sizeof message), claimed);
  }
  bool is_new = position(claimed, recipient) < 0;
  if (is_new)
    g_array_append_val(claimed, recipient);
  g_mutex_unlock(&claims->mutex);
  return is_new;
}

static void release(struct claims *claims, guint64 message, gint recipient)
{
  GArray *claimed = g_hash_table_lookup(claims->messages, &message);
  if (!claimed)
    return;
  gint at = recipient == CLAIM_ALL ? -1 : position(claimed, recipient);
  if (at >= 0)
    g_array_remove_index_fast(claimed, (guint)at);
  if (recipient == CLAIM_ALL || claimed->len == 0)
    g_hash_table_remove(claims->messages, &message);
}

void claims_release(struct claims *claims, guint64 message, gint recipient)
{
  g_mutex_lock(&claims->mutex);
  if (claims->picking) {
    struct release later = {message, recipient};
    g_array_append_val(claims->waiting, later);
  } else {
    release(claims, message, recipient);
  }
  g_mutex_unlock(&claims->mutex);
}

bool claims_has(struct claims *claims, guint64 message, gint recipient)
{
  g_mutex_lock(&claims->mutex);
  GArray *claimed = g_hash_table_lookup(claims->messages, &message);
  bool has = claimed && position(claimed, recipient) >= 0;
  g_mutex_unlock(&claims->mutex);
  return has;
}

guint claims_count(struct claims *claims, guint64 message)
{
  g_mutex_lock(&claims->mutex);
  GArray *claimed = g_hash_table_lookup(claims->messages, &message);
  guint count = claimed ? claimed->len : 0;
  g_mutex_unlock(&claims->mutex);
  return count;
}

void claims_pick_begin(struct claims *claims)
{
  g_mutex_lock(&claims->mutex);
  claims->picking = true;
  g_mutex_unlock(&claims->mutex);
}

void claims_pick_end(struct claims *claims)
{
  g_mutex_lock(&claims->mutex);
  claims->picking = false;
  for (guint i = 0; i < claims->waiting->len; i++) {
    const struct release *later = &g_array_index(claims->waiting, struct release, i);
    release(claims, later->message, later->recipient);
  }
  g_array_set_size(claims->waiting, 0);
  g_mutex_unlock(&claims->mutex);
}
