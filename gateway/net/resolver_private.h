/* resolver_private.h - what resolver.c (MX) and px.c (PX) share. */
#ifndef GW400_NET_RESOLVER_PRIVATE_H
#define GW400_NET_RESOLVER_PRIVATE_H

#include "net/net.h"

#include <unbound.h>

enum { CLASS_IN = 1, RCODE_NXDOMAIN = 3 };

struct net_resolver {
  struct ub_ctx *context;
  struct net_loop *loop;
  struct net_watch *watch;
  guint timeout_ms, last_id;
  GHashTable *queries; /* id: struct query, owned */
  GHashTable *px;      /* set of px.c's queries, owned */
};

/* A name in wire form as text without its last dot; NULL unless each octet is what stands in host names. ""
 * is the root. */
char *resolver_read_name(const guint8 *wire, int length);
void resolver_px_free(gpointer query);

#endif
