/* route.h - the routing table of the configuration: O/R address -> peer, domain -> smarthost or MX.
 *
 * An O/R route names any of C, ADMD, PRMD, O, OU; it matches an address that has all that it names, the
 * longest match wins (the deepest level named; then the most levels; then the first in the file).  ADMD " "
 * matches any (X.402 18.3.1). A domain route is exact ("example.org") or of all below (".example.org"); "."
 * is every domain. */
#ifndef GW400_MAPPING_ROUTE_H
#define GW400_MAPPING_ROUTE_H

#include "mapping/or_address.h"

struct or_routes;
/* routes is settings.h's "routes" aa{sv}, NULL for none; error names the line. */
struct or_routes *or_routes_new(GVariant *routes, GError **error);
void or_routes_free(struct or_routes *routes);

/* The peer for the address, or NULL; it lives as long as the table. *text_r (may be NULL) is the route as
 * written. */
const char *or_routes_peer(const struct or_routes *routes, const struct or_address *address,
                           const char **text_r);
/* Whether a route names the domain; *smarthost_r is NULL for "by MX". */
bool or_routes_domain(const struct or_routes *routes, const char *domain, const char **smarthost_r,
                      guint *port_r);

#endif
