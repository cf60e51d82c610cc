/* p1_addresses.h - which of a peer's addresses is called: the best one that is not being left alone.
 *
 * An address at which a call failed, or whose association did not progress, rests for a pause that grows with
 * each failure; a message that is taken ends that.  Times are the caller's; texts are those of the
 * configuration, so that what is known of an address outlives a reload. */
#ifndef GW400_RELAY_P1_ADDRESSES_H
#define GW400_RELAY_P1_ADDRESSES_H

#include <glib.h>
#include <stdbool.h>

struct p1_addresses;
struct p1_addresses *p1_addresses_new(void);
void p1_addresses_free(struct p1_addresses *addresses);

/* Position in the list (of config_address, best first; not empty) of the one to be called: the first that
 * does not rest, else the one whose rest ends first; rests_until_r: 0, or when that is. */
guint p1_addresses_choose(const struct p1_addresses *addresses, const GPtrArray *list, gint64 now_us,
                          gint64 *rests_until_r);
/* Until when it is left alone; 0: it is not. */
gint64 p1_addresses_rests(const struct p1_addresses *addresses, const char *at, gint64 now_us);
/* How often in a row it has failed, this time included; rest() then says until when it is left alone. */
guint p1_addresses_failed(struct p1_addresses *addresses, const char *at);
void p1_addresses_rest(struct p1_addresses *addresses, const char *at, gint64 until_us);
void p1_addresses_worked(struct p1_addresses *addresses, const char *at);

#endif
