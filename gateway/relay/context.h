/* context.h - what the parts of the relay share: one struct relay per process, private to this folder. */
#ifndef GW400_RELAY_CONTEXT_H
#define GW400_RELAY_CONTEXT_H

#include "config/config.h"
#include "net/net.h"
#include "relay/converters.h"
#include "relay/log.h"
#include "relay/points.h"
#include "relay/relay.h"
#include "store/store.h"

struct relay {
  const struct relay_start *start;
  struct net_loop *loop;
  struct store *store;
  struct net_watch *store_watch;
  struct config *config; /* the generation in use */
  guint generation;
  struct converters *converters;
  struct net_resolver *resolver;
  char *scratch;           /* folder of unlinked output files, beside the spool */
  struct reading *reading; /* RECEIVED messages on their way to ROUTED */
  GHashTable *hops;        /* name -> struct hop */
  guint active;            /* messages held in memory: being read, converted or delivered */
  struct map_cache *map_cache;
  struct lookups *lookups; /* of address mappings, outside the tables */
  struct smtp_in *smtp_in;
  struct p1_links *p1_links;
  struct p1_recovery *recovery;
  struct control *control;
  struct net_timer *minute; /* due times are read again, lifetimes checked */
  gint64 started_us;
  gint64 stop_at_us; /* monotonic: what is open then is cut */
  bool stopping, reloading;
  bool held; /* sockets are not read, since the store is busy */
  int exit_code;
};

/* Now, as stored times are: UTC in microseconds. */
gint64 relay_now_us(void);
/* Commits, and stops the process with an alarm when the store refuses what must not be lost from memory
 * alone: then a restart continues from what is durable. For transitions that nobody waits for. */
void relay_commit(struct relay *relay, struct store_txn *txn, const char *what);
/* A reload asked for by SIGHUP or the control socket; done(words) as converters_configured. */
void relay_reload(struct relay *relay, converters_configured done, void *user);
void relay_stop(struct relay *relay, int exit_code);
/* The store has enough to do: the caller stops reading its socket, and is pumped again when the store has caught up. */
bool relay_holds_back(struct relay *relay);
/* Enough in flight: leave further messages to the store. */
bool relay_is_crowded(const struct relay *relay);

#endif
