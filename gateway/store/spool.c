#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

struct spool {
  char *path;
  int folder;
  GMutex mutex;
  GHashTable *pending; /* name -> struct pending */
  bool held;
  GPtrArray *removals; /* of char*: waiting for the end of a backup */
};

struct pending {
  int fd;      /* our own descriptor: it sees a write error that happened before the sync */
  bool named;  /* a row names it already, and it still grows */
  bool failed; /* a sync failed: the kernel has forgotten the data, a second sync would lie */
};

static void pending_free(void *value)
{
  struct pending *pending = value;
  close(pending->fd);
  g_free(pending);
}

static void fail(GError **error, const struct spool *spool, const char *name, const char *what)
{
  int code = errno == ENOSPC || errno == EDQUOT ? STORE_ERROR_FULL
             : errno == ENOENT                  ? STORE_ERROR_NOT_FOUND
                                                : STORE_ERROR_WRITE;
  g_set_error(error, STORE_ERROR, code, "%s %s/%s: %s", what, spool->path, name, g_strerror(errno));
}

struct spool *spool_open(const char *folder, GError **error)
{
  struct spool *spool = g_new0(struct spool, 1);
  g_mutex_init(&spool->mutex);
  spool->path = g_build_filename(folder, "spool", NULL);
  spool->pending = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, pending_free);
  spool->removals = g_ptr_array_new_with_free_func(g_free);
  spool->folder = -1;
  if (mkdir(spool->path, 0700) == 0 || errno == EEXIST)
    spool->folder = open(spool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (spool->folder >= 0)
    return spool;
  g_set_error(error, STORE_ERROR, STORE_ERROR_OPEN, "%s: %s", spool->path, g_strerror(errno));
  spool_close(spool);
  return NULL;
}

void spool_close(struct spool *spool)
{
  if (!spool)
    return;
  GHashTableIter iter;
  void *name, *pending;
  g_hash_table_iter_init(&iter, spool->pending);
  while (g_hash_table_iter_next(&iter, &name, &pending))
    if (!((struct pending *)pending)->named)
      unlinkat(spool->folder, name, 0);
  g_hash_table_unref(spool->pending);
  g_ptr_array_unref(spool->removals);
  if (spool->folder >= 0)
    close(spool->folder);
  g_mutex_clear(&spool->mutex);
  g_free(spool->path);
  g_free(spool);
}

const char *spool_folder(const struct spool *spool)
{
  return spool->path;
}

/* Takes note of a file that is being written. False with errno. */
static bool take(struct spool *spool, const char *name, int fd, bool named)
{
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0)
    return false;
  struct pending *pending = g_new0(struct pending, 1);
  *pending = (struct pending){.fd = own, .named = named};
  g_mutex_lock(&spool->mutex);
  g_hash_table_replace(spool->pending, g_strdup(name), pending);
  g_mutex_unlock(&spool->mutex);
  return true;
}

int spool_create(struct spool *spool, const char *name, GError **error)
{
  int fd = openat(spool->folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0 && take(spool, name, fd, false))
    return fd;
  fail(error, spool, name, "create");
  if (fd >= 0) {
    close(fd);
    unlinkat(spool->folder, name, 0);
  }
  return -1;
}

int spool_append(struct spool *spool, const char *name, guint64 size, GError **error)
{
  struct stat status;
  int fd = strchr(name, '/') ? (errno = ENOENT, -1)
                             : openat(spool->folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd >= 0 && fstat(fd, &status) == 0 && (guint64)status.st_size < size) {
    close(fd);
    fd = (errno = ENOENT, -1);
  }
  if (fd >= 0 && ftruncate(fd, (off_t)size) == 0 && lseek(fd, 0, SEEK_END) == (off_t)size &&
      take(spool, name, fd, true))
    return fd;
  fail(error, spool, name, "go on in");
  if (fd >= 0)
    close(fd);
  return -1;
}

void spool_named(struct spool *spool, const char *name)
{
  g_mutex_lock(&spool->mutex);
  struct pending *pending = g_hash_table_lookup(spool->pending, name);
  if (pending)
    pending->named = true;
  g_mutex_unlock(&spool->mutex);
}

int spool_read(struct spool *spool, const char *name, GError **error)
{
  int fd = strchr(name, '/') ? (errno = ENOENT, -1)
                             : openat(spool->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    fail(error, spool, name, "open");
  return fd;
}

bool spool_pending(struct spool *spool, const char *name)
{
  g_mutex_lock(&spool->mutex);
  bool is = g_hash_table_contains(spool->pending, name);
  g_mutex_unlock(&spool->mutex);
  return is;
}

bool spool_sync(struct spool *spool, const char *name, GError **error)
{
  g_mutex_lock(&spool->mutex);
  struct pending *pending = g_hash_table_lookup(spool->pending, name);
  int fd = pending && !pending->failed ? pending->fd : -1;
  bool failed = pending && pending->failed;
  g_mutex_unlock(&spool->mutex);
  if (failed) {
    errno = EIO;
    fail(error, spool, name, "sync");
    return false;
  }
  if (fd < 0 || (fsync(fd) == 0 && fsync(spool->folder) == 0))
    return true;
  fail(error, spool, name, "sync");
  g_mutex_lock(&spool->mutex);
  pending = g_hash_table_lookup(spool->pending, name);
  if (pending)
    pending->failed = true;
  g_mutex_unlock(&spool->mutex);
  return false;
}

void spool_kept(struct spool *spool, const char *name)
{
  g_mutex_lock(&spool->mutex);
  g_hash_table_remove(spool->pending, name);
  g_mutex_unlock(&spool->mutex);
}

void spool_remove(struct spool *spool, const char *name)
{
  g_mutex_lock(&spool->mutex);
  bool wait = spool->held && !g_hash_table_contains(spool->pending, name);
  if (wait)
    g_ptr_array_add(spool->removals, g_strdup(name));
  g_hash_table_remove(spool->pending, name);
  g_mutex_unlock(&spool->mutex);
  /* A removal that fails or is lost in a crash leaves a file without a row: the next start sweeps it. */
  if (!wait)
    unlinkat(spool->folder, name, 0);
}

void spool_hold(struct spool *spool, bool hold)
{
  g_mutex_lock(&spool->mutex);
  spool->held = hold;
  g_autoptr(GPtrArray) removals = hold ? NULL : g_steal_pointer(&spool->removals);
  if (!hold)
    spool->removals = g_ptr_array_new_with_free_func(g_free);
  g_mutex_unlock(&spool->mutex);
  for (guint i = 0; removals && i < removals->len; i++)
    unlinkat(spool->folder, g_ptr_array_index(removals, i), 0);
}

bool spool_sweep(struct spool *spool, GHashTable *names, GError **error)
{
  g_autoptr(GDir) dir = g_dir_open(spool->path, 0, error);
  if (!dir)
    return false;
  for (const char *name; (name = g_dir_read_name(dir));)
    if (!g_hash_table_contains(names, name))
      unlinkat(spool->folder, name, 0);
  return true;
}
