/* route.h - the routing table of the configuration: O/R address -> peer, domain -> smarthost or MX.
 *
 * An O/R route names any of C, ADMD, PRMD, O, OU (the OUs in their order); it matches an address that has all
 * that it names, compared as X.402 18.4 compares them, and the longest match wins: the deepest level that
 * agrees; then the most levels; then the one that takes no liberty with ADMD; then the first in the file.
 *
 * ADMD " " (as good as absent or empty) is any ADMD of the country, "0" is none of them (X.402 18.3.1): a
 * route with any takes addresses with every name, an address with any goes by routes with every name (that
 * level then does not count), and neither is "0". An alias makes two values of ADMD the same in one country.
 *
 * A domain route is exact ("example.org") or of all below (".example.org"); "." is every domain. */
#ifndef GW400_MAPPING_ROUTE_H
#define GW400_MAPPING_ROUTE_H

#include "mapping/or_address.h"

struct or_routes;
/* routes and aliases are settings.h's "routes" and "aliases", aa{sv}, NULL for none; error names the line. */
struct or_routes *or_routes_new(GVariant *routes, GVariant *aliases, GError **error);
void or_routes_free(struct or_routes *routes);

/* An O/R route, as the configuration has it. */
struct or_route_entry {
  char *text, *peer;
  GStrv fallbacks; /* peers for when the first cannot be reached, in order; never NULL */
  guint line;      /* 0: not known */
};
/* The route that the address goes by, or NULL; it lives as long as the table. */
const struct or_route_entry *or_routes_find(const struct or_routes *routes, const struct or_address *address);
/* Appends to lines (of char*) why: the alias that was applied, the route taken and those it outdid; or which
 * route is missed by its ADMD alone, and so wants an alias. */
void or_routes_explain(const struct or_routes *routes, const struct or_address *address, GPtrArray *lines);
/* The route that differs from the address in ADMD alone, when there is no match; NULL: there is none. */
const struct or_route_entry *or_routes_nearly(const struct or_routes *routes,
                                              const struct or_address *address);
/* Calls tell with every O/R route that is never reached and the earlier one that says the same. */
void or_routes_shadowed(const struct or_routes *routes,
                        void (*tell)(void *user, const struct or_route_entry *never,
                                     const struct or_route_entry *first),
                        void *user);

/* Whether a route names the domain; *smarthost_r is NULL for "by MX". */
bool or_routes_domain(const struct or_routes *routes, const char *domain, const char **smarthost_r,
                      guint *port_r);

#endif
