/* route_check.h - what a look at the routes alone can tell: rows that are never reached, and loops that are
 * possible.  The configuration is valid all the same: only an administrator knows what the peers do. */
#ifndef GW400_MAPPING_ROUTE_CHECK_H
#define GW400_MAPPING_ROUTE_CHECK_H

#include "mapping/mapping.h"

struct route_warning {
  guint line; /* of the row in the configuration */
  char *words;
};
/* Of struct route_warning, in the order of the lines; the caller unrefs the list. Found are
 * - an O/R route or a domain route that an earlier one shadows;
 * - a route that sends our own domain (the gateway's, or the one that a peer knows us by) to a peer, which
 * may send it back to us;
 * - a route that sends a peer's own domain to another peer;
 * - a domain that a domain route takes for the Internet's, while its O/R address by the tables is routed to a
 *   peer. This needs the context's tables. */
GPtrArray *route_check(struct mapping_context *context);

#endif
