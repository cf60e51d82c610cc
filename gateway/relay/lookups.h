/* lookups.h - resolves the look-ups that jobs lack: DNS by libunbound, LDAP by a helper process; answers are
 * kept for their time to live, for all messages.  Questions under way are shared. */
#ifndef GW400_RELAY_LOOKUPS_H
#define GW400_RELAY_LOOKUPS_H

#include "mapping/job.h"
#include "relay/context.h"

struct lookups *lookups_new(struct relay *relay);
/* Who waits is told (NULL). */
void lookups_free(struct lookups *lookups);

/* Answers all of lacking (of mapping_lookup) in its order: none LACKING; INDETERMINATE tells why.  The array
 * is the callee's; NULL: the relay stops.  Calls back at once when all is known. */
typedef void (*lookups_done)(void *user, GPtrArray *answers);
void lookups_ask(struct relay *relay, const GPtrArray *lacking, lookups_done done, void *user);
/* "dns nrc.it: 50 nrc.it PRMD-nrc.ADMD-acme.C-it" for people; caller frees. */
char *lookups_words(const struct mapping_lookup *answer);

#endif
