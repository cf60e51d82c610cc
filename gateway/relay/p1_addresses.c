#include "relay/p1_addresses.h"

#include "config/config.h"

struct resting {
  guint failures;
  gint64 until_us;
};

struct p1_addresses {
  GHashTable *resting; /* text -> struct resting: those that failed */
};

struct p1_addresses *p1_addresses_new(void)
{
  struct p1_addresses *addresses = g_new0(struct p1_addresses, 1);
  addresses->resting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return addresses;
}

void p1_addresses_free(struct p1_addresses *addresses)
{
  if (!addresses)
    return;
  g_hash_table_unref(addresses->resting);
  g_free(addresses);
}

gint64 p1_addresses_rests(const struct p1_addresses *addresses, const char *at, gint64 now_us)
{
  const struct resting *resting = g_hash_table_lookup(addresses->resting, at);
  return resting && resting->until_us > now_us ? resting->until_us : 0;
}

guint p1_addresses_choose(const struct p1_addresses *addresses, const GPtrArray *list, gint64 now_us,
                          gint64 *rests_until_r)
{
  guint best = 0;
  *rests_until_r = G_MAXINT64;
  for (guint i = 0; i < list->len; i++) {
    const struct config_address *address = list->pdata[i];
    gint64 until = p1_addresses_rests(addresses, address->at, now_us);
    if (until == 0) {
      *rests_until_r = 0;
      return i;
    }
    if (until < *rests_until_r) {
      *rests_until_r = until;
      best = i;
    }
  }
  return best;
}

guint p1_addresses_failed(struct p1_addresses *addresses, const char *at)
{
  struct resting *resting = g_hash_table_lookup(addresses->resting, at);
  if (!resting) {
    resting = g_new0(struct resting, 1);
    g_hash_table_insert(addresses->resting, g_strdup(at), resting);
  }
  return ++resting->failures;
}

void p1_addresses_rest(struct p1_addresses *addresses, const char *at, gint64 until_us)
{
  struct resting *resting = g_hash_table_lookup(addresses->resting, at);
  if (resting)
    resting->until_us = until_us;
}

void p1_addresses_worked(struct p1_addresses *addresses, const char *at)
{
  g_hash_table_remove(addresses->resting, at);
}
