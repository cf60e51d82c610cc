/* hierarchy.h - RFC 2156 4.2: the part of an O/R address that is a hierarchy like the domains': C, ADMD,
 * PRMD, O, four OUs. */
#ifndef GW400_MAPPING_HIERARCHY_H
#define GW400_MAPPING_HIERARCHY_H

#include "mapping/or_address.h"

#define HIERARCHY_LEVELS 8

/* The attribute at a level, 0 being the country. */
enum or_key hierarchy_key(guint level, guint *index_r);
struct or_attribute *hierarchy_attribute(const struct or_address *address, guint level);
/* Its value; NULL when it is omitted. An ADMD of spaces or of no length is as good as omitted (X.402 18.3.1).
 */
const char *hierarchy_get(const struct or_address *address, guint level);
void hierarchy_set(struct or_address *address, guint level, const char *value);
/* How many levels down the last attribute lies that the address has; 0: none. */
guint hierarchy_depth(const struct or_address *address);

#endif
