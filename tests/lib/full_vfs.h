/* full_vfs.h - SQLite's file system with a limit on file sizes, beyond which a write says that the disk is
 * full. */
#ifndef GW400_TESTS_FULL_VFS_H
#define GW400_TESTS_FULL_VFS_H

#include <glib.h>
#include <stdbool.h>

/* Becomes the default of all databases opened afterwards; no limit yet. Once in a process. */
bool full_vfs_install(void);
/* Octets a file may have; 0: no limit. Any thread. */
void full_vfs_limit(gsize octets);

#endif
