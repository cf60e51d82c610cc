/* id.h - identifiers: microseconds since 1970, never twice and never backwards, whatever the clock does.
 *
 * A limit ahead of the newest identifier is kept in the database (value STORE_ID_LIMIT) and moved on before
 * it is reached, so that after a crash or a clock set back the next run starts above everything that was ever
 * handed out. */
#ifndef GW400_STORE_ID_H
#define GW400_STORE_ID_H

#include <glib.h>
#include <stdbool.h>

#define STORE_ID_LIMIT "store.id-limit"

struct ids;
/* Asked to make a new limit durable; must end in ids_limit_kept(), on another thread (with 0 when it failed).
 */
typedef void (*ids_keep_limit)(void *user, guint64 limit);
struct ids *ids_new(guint64 limit_kept, ids_keep_limit keep, void *user);
void ids_free(struct ids *ids);
guint64 ids_next(struct ids *ids); /* any thread but the writer's */
void ids_limit_kept(struct ids *ids, guint64 limit);
guint64 ids_last(struct ids *ids);

#endif
