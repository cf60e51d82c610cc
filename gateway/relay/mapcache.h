/* mapcache.h - answers of MAP jobs, kept for the RCPT commands to come; forgotten with the configuration's
 * generation. */
#ifndef GW400_RELAY_MAPCACHE_H
#define GW400_RELAY_MAPCACHE_H

#include "relay/context.h"

struct map_answer {
  bool ok, temporary; /* temporary: the converter failed: try again later, "4.4.3": a look-up had no answer */
  char *code, *words; /* "5.1.1", why not; NULL when ok */
};
struct map_cache *map_cache_new(void);
void map_cache_free(struct map_cache *cache);
/* Calls back with the answer for a recipient's mailbox, at once when it is known. The answer is the cache's.
 */
typedef void (*map_done)(void *user, const struct map_answer *answer);
void map_recipient(struct relay *relay, const char *mailbox, map_done done, void *user);

#endif
