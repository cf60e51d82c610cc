/* px.h - RFC 2163: MCGAMs in DNS. Names to ask for and what PX records say, as text: no socket here. */
#ifndef GW400_MAPPING_PX_H
#define GW400_MAPPING_PX_H

#include "mapping/mcgam.h"

/* One O/R attribute as a label (4.2.1) and back.  value NULL: a missing attribute ("PRMD"); a blank: "ADMDb";
 * else "PRMD-UK-d-BD".  px_dmn turns <x400-in-domain-syntax> into appendix F's "PRMD$UK\.BD.ADMD$ .C$gb", its
 * last label "G" (4.4) taken off and told; NULL when a label is none.  Caller frees. */
char *px_label(const char *keyword, const char *value);
char *px_dmn(const char *mapx400, bool *gateway_r);

/* The name of an address's first depth levels without the country, "prmd-ab.admd-ac"; *root_r: what it stands
 * under (4.2.3, "x42d.fr" and the zone's root).  NULL: it does not fit into a domain name, or has no country
 * of two letters.  Caller frees both. */
char *px_name(const struct or_address *address, guint depth, const char *zone_root, char **root_r);

/* What the best of records ("PREFERENCE MAP822 MAPX400", lowest preference first) says of a domain or of an
 * address, as mcgam_match_domain() and mcgam_match_or() would; only when it belongs to this table and covers
 * what was asked.  The returned domain is the caller's. */
bool px_match_domain(const GPtrArray *records, enum mcgam_table table, const char *domain, struct dmn *dmn_r,
                     gsize *rest_r);
char *px_match_or(const GPtrArray *records, enum mcgam_table table, const struct or_address *address,
                  guint *depth_r);

#endif
