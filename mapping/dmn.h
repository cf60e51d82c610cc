/* dmn.h - RFC 2156 appendix F 3: O/R addresses written like domains, "PRMD$UK\.AC.ADMD$GOLD 400.C$GB". */
#ifndef GW400_MAPPING_DMN_H
#define GW400_MAPPING_DMN_H

#include "mapping/hierarchy.h"

struct dmn {
  struct or_address *address;
  guint depth;   /* levels named from the country on, "@" (omitted) ones among them */
  guint skipped; /* levels that are not even named as omitted, and are counted as if they were */
};
void dmn_clear(struct dmn *dmn);

/* With hierarchy, the restrictions of the mapping tables: C, ADMD, PRMD, O, OU only, in order, none left out;
 * without (the gateway tables' O/R addresses), any attribute. depth is then that of the leading unbroken
 * part. */
bool dmn_parse(const char *text, bool hierarchy, struct dmn *dmn_r, GError **error);

/* The key of an address's first depth levels in a compiled table: values folded, "@" for an omitted one. */
char *dmn_key(const struct or_address *address, guint depth);
/* An address below such a key, "/S=lee/.../": what a user there may have. Caller frees. */
struct or_address *dmn_example(const char *key);
/* The same levels as appendix F writes them. Caller frees. */
char *dmn_format(const struct or_address *address, guint depth);

#endif
