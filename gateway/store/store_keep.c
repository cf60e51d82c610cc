/* store_keep.c - pruning and backup: jobs of the writer thread, in steps between groups. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/internal.h"

/* --- pruning
 * ---------------------------------------------------------------------------------------------------------
 */

struct prune {
  struct writer_job job; /* first */
  struct store *store;
  gint64 before_us;
  struct store_cursor cursor;
  struct store_txn *answer;
};

static bool prune_step(struct writer_job *job)
{
  struct prune *prune = (struct prune *)(void *)job;
  struct store_backend *backend = prune->store->backend;
  bool more = false;
  if (backend->class->prune(backend, prune->before_us, &prune->cursor, &more, &prune->answer->error) &&
      more) {
    backend->class->rest(backend);
    return true;
  }
  store_post(prune->store, prune->answer);
  g_free(prune);
  return false;
}

static struct store_txn *answer_new(store_committed callback, void *user)
{
  struct store_txn *answer = store_txn_new();
  answer->callback = callback;
  answer->user = user;
  return answer;
}

void store_prune(struct store *store, gint64 before_us, store_committed callback, void *user)
{
  struct prune *prune = g_new0(struct prune, 1);
  prune->job.step = prune_step;
  prune->store = store;
  prune->before_us = before_us;
  prune->answer = answer_new(callback, user);
  writer_push_job(store->writer, &prune->job);
}

/* --- backup
 * ----------------------------------------------------------------------------------------------------------
 */

/* The database goes page by page between groups; then a thread of its own links or copies the spool files it
 * names, which are not removed meanwhile. */
struct backup {
  struct writer_job job; /* first */
  struct store *store;
  char *folder;
  void *state;
  GPtrArray *names;
  GAsyncQueue *copied; /* told when the database is copied, or cannot be */
  struct store_txn *answer;
};

static bool fail(struct backup *backup, const char *what)
{
  g_set_error(&backup->answer->error, STORE_ERROR, errno == ENOSPC ? STORE_ERROR_FULL : STORE_ERROR_WRITE,
              "backup: %s: %s", what, g_strerror(errno));
  return false;
}

static bool copy_octets(int from, int to)
{
  char block[65536];
  ssize_t got = 0;
  while ((got = read(from, block, sizeof block)) > 0)
    for (ssize_t done = 0, put; done < got; done += put)
      if ((put = write(to, block + done, (size_t)(got - done))) < 0)
        return false;
  return got == 0 && fsync(to) == 0;
}

/* Files in the spool never change once a row names them: on the same file system a second link will do. */
static bool copy_file(struct backup *backup, const char *name)
{
  g_autofree char *source = g_build_filename(spool_folder(backup->store->spool), name, NULL);
  g_autofree char *target = g_build_filename(backup->folder, "spool", name, NULL);
  if (link(source, target) == 0)
    return true;
  int from = open(source, O_RDONLY | O_CLOEXEC);
  int to = from < 0 ? -1 : open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool ok = to >= 0 && copy_octets(from, to);
  if (!ok)
    fail(backup, name);
  if (from >= 0)
    close(from);
  if (to >= 0)
    close(to);
  return ok;
}

static bool sync_folder(struct backup *backup, const char *path)
{
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool ok = (fd >= 0 && fsync(fd) == 0) || fail(backup, path);
  if (fd >= 0)
    close(fd);
  return ok;
}

static void backup_end(struct backup *backup)
{
  struct store *store = backup->store;
  spool_hold(store->spool, false);
  g_atomic_int_set(&store->copying, 0);
  store_post(store, backup->answer);
  if (backup->names)
    g_ptr_array_unref(backup->names);
  g_async_queue_unref(backup->copied);
  g_free(backup->folder);
  g_free(backup);
}

static void *copy_files(void *data)
{
  struct backup *backup = data;
  g_async_queue_pop(backup->copied);
  bool ok = !backup->answer->error;
  for (guint i = 0; ok && i < backup->names->len; i++)
    ok = copy_file(backup, g_ptr_array_index(backup->names, i));
  g_autofree char *spool = g_build_filename(backup->folder, "spool", NULL);
  if (ok && sync_folder(backup, spool))
    sync_folder(backup, backup->folder);
  backup_end(backup);
  return NULL;
}

static bool backup_step(struct writer_job *job)
{
  struct backup *backup = (struct backup *)(void *)job;
  struct store_backend *backend = backup->store->backend;
  g_autoptr(GAsyncQueue) copied = g_async_queue_ref(backup->copied);
  bool more = false;
  if (!backend->class->backup(backend, backup->folder, &backup->state, &more, &backup->names,
                              &backup->answer->error))
    more = false;
  backend->class->rest(backend);
  if (!more)
    g_async_queue_push(copied, backup); /* from here on it is the other thread's */
  return more;
}

static bool prepare_folder(struct backup *backup)
{
  g_autofree char *spool = g_build_filename(backup->folder, "spool", NULL);
  if (g_mkdir_with_parents(backup->folder, 0700) < 0)
    return fail(backup, backup->folder);
  g_autoptr(GDir) dir = g_dir_open(backup->folder, 0, &backup->answer->error);
  if (!dir)
    return false;
  if (g_dir_read_name(dir)) {
    g_set_error(&backup->answer->error, STORE_ERROR, STORE_ERROR_CONFLICT, "backup: %s is not empty",
                backup->folder);
    return false;
  }
  return mkdir(spool, 0700) == 0 || fail(backup, spool);
}

void store_backup(struct store *store, const char *folder, store_committed callback, void *user)
{
  struct store_txn *answer = answer_new(callback, user);
  if (!g_atomic_int_compare_and_exchange(&store->copying, 0, 1)) {
    g_set_error(&answer->error, STORE_ERROR, STORE_ERROR_CONFLICT, "a backup is running already");
    store_post(store, answer);
    return;
  }
  g_clear_pointer(&store->copier, g_thread_join); /* of the one before: it has ended */
  struct backup *backup = g_new0(struct backup, 1);
  backup->job.step = backup_step;
  backup->store = store;
  backup->folder = g_strdup(folder);
  backup->answer = answer;
  backup->copied = g_async_queue_new();
  spool_hold(store->spool, true);
  if (!prepare_folder(backup)) {
    backup_end(backup);
    return;
  }
  /* Made and joined by the caller's thread alone. */
  store->copier = g_thread_new("store-backup", copy_files, backup);
  writer_push_job(store->writer, &backup->job);
}
