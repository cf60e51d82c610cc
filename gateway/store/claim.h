/* claim.h - claims kept in memory, for a backend of one process: what the relay works on is handed out once.
 *
 * The reader picks from a snapshot of the database that may be older than the newest release of a claim: what
 * was claimed when the snapshot was taken must not be picked from it, or a recipient already sent would be
 * handed out again. Releases during a pick (claims_pick_begin() .. claims_pick_end()) therefore take effect
 * at its end. Any thread. */
#ifndef GW400_STORE_CLAIM_H
#define GW400_STORE_CLAIM_H

#include <glib.h>
#include <stdbool.h>

#define CLAIM_MESSAGE (-1) /* the message as a whole: its reading job */
#define CLAIM_ALL (-2)     /* when releasing: the message and all its recipients */

struct claims;
struct claims *claims_new(void);
void claims_free(struct claims *claims);
bool claims_take(struct claims *claims, guint64 message, gint recipient); /* false: it is claimed already */
void claims_release(struct claims *claims, guint64 message, gint recipient);
bool claims_has(struct claims *claims, guint64 message, gint recipient);
/* Claims on the message or any of its recipients. */
guint claims_count(struct claims *claims, guint64 message);
void claims_pick_begin(struct claims *claims);
void claims_pick_end(struct claims *claims);

#endif
