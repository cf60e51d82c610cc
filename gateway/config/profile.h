/* profile.h - kinds of peers as data: a file profiles/NAME.xml, <profile attribute="value" ../>, whose values
 * stand in for attributes of <peer> that its element does not have. */
#ifndef GW400_CONFIG_PROFILE_H
#define GW400_CONFIG_PROFILE_H

#include "config/schema.h"

struct profile;
/* Looks beside the configuration (in folder), then where `make install` put the bundled ones. NULL and
 * wrong_r (caller frees) when there is none, or it says what a profile of this element may not. */
struct profile *profile_load(const char *name, const char *folder, const struct schema_element *element,
                             char **wrong_r);
/* The value that it gives to an attribute; NULL: none. Caller frees. */
char *profile_text(const struct profile *profile, const char *attribute);
void profile_free(struct profile *profile);

#endif
