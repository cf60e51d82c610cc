#include "lib/full_vfs.h"

#include <sqlite3.h>

/* SQLite wants tables that live as long as the process: this is the one place for such state. */
static sqlite3_vfs vfs;
static sqlite3_vfs *below;
/* A table of methods for each way of locking; all of them write with the same function. */
static struct {
  const sqlite3_io_methods *below;
  sqlite3_io_methods limited;
} methods[8];
static gsize limit;

static int limited_write(sqlite3_file *file, const void *data, int length, sqlite3_int64 offset)
{
  gsize most = g_atomic_pointer_get(&limit);
  if (most && (gsize)offset + (gsize)length > most)
    return SQLITE_FULL;
  return methods[0].below->xWrite(file, data, length, offset);
}

static int limited_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *flags_r)
{
  (void)self;
  int rc = below->xOpen(below, name, file, flags, flags_r);
  if (rc != SQLITE_OK || !file->pMethods)
    return rc;
  guint i = 0;
  while (methods[i].below && methods[i].below != file->pMethods && i + 1 < G_N_ELEMENTS(methods))
    i++;
  if (!methods[i].below) {
    methods[i].below = file->pMethods;
    methods[i].limited = *file->pMethods;
    methods[i].limited.xWrite = limited_write;
  }
  if (methods[i].below == file->pMethods)
    file->pMethods = &methods[i].limited;
  return rc;
}

bool full_vfs_install(void)
{
  below = sqlite3_vfs_find(NULL);
  vfs = *below;
  vfs.pNext = NULL;
  vfs.zName = "limited";
  vfs.xOpen = limited_open;
  return sqlite3_vfs_register(&vfs, 1) == SQLITE_OK;
}

void full_vfs_limit(gsize octets)
{
  g_atomic_pointer_set(&limit, octets);
}
