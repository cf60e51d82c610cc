/* lock.h - the exclusive lock of the store's folder: an flock on the file "lock", which holds the owner's
 * pid. */
#ifndef GW400_STORE_LOCK_H
#define GW400_STORE_LOCK_H

#include <glib.h>

/* The descriptor that holds the lock, to be closed at the end; -1 and STORE_ERROR_LOCKED with the holder's
 * pid. */
int store_lock(const char *folder, GError **error);

#endif
