/* spool.h - bodies too long for the database: one file each in the folder "spool".
 *
 * A file is pending from its creation until the transaction that names it is committed, or it is discarded.
 * spool_sync() makes a pending file and its name in the folder durable; the store calls it before it queues
 * the transaction. Any thread. */
#ifndef GW400_STORE_SPOOL_H
#define GW400_STORE_SPOOL_H

#include <glib.h>
#include <stdbool.h>

struct spool;
struct spool *spool_open(const char *folder, GError **error);
void spool_close(struct spool *spool); /* removes what is still pending and not named */
const char *spool_folder(const struct spool *spool);

int spool_create(struct spool *spool, const char *name, GError **error);
/* A file that is there, to write on in it from size on: cut there; pending and named. -1 and error, also when it is shorter. */
int spool_append(struct spool *spool, const char *name, guint64 size, GError **error);
int spool_read(struct spool *spool, const char *name, GError **error);
bool spool_pending(struct spool *spool, const char *name);
bool spool_sync(struct spool *spool, const char *name,
                GError **error);                        /* true at once for a name not pending */
void spool_kept(struct spool *spool, const char *name); /* a row names it now, and it grows no more */
void spool_named(struct spool *spool, const char *name); /* a row names it now; it stays pending */
/* Removes a file; while a backup copies files (spool_hold) the removal waits. */
void spool_remove(struct spool *spool, const char *name);
void spool_hold(struct spool *spool, bool hold);
/* Removes every file whose name is not in the set. */
bool spool_sweep(struct spool *spool, GHashTable *names, GError **error);

#endif
