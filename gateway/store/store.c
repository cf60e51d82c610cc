/* store.c - the store's life, the way of a transaction (caller, sync of spool files, writer, callback) and
 * bodies. */
#include "store/store.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/internal.h"
#include "store/lock.h"

#define SYNC_THREADS 4
#define SPACE_US (200 * 1000) /* the disk's free space is asked for at most so often */

/* --- transactions
 * ----------------------------------------------------------------------------------------------------- */

static void deliver_txn(struct answer *answer)
{
  struct store_txn *txn = (struct store_txn *)(void *)answer;
  if (txn->callback)
    txn->callback(txn->user, txn->error);
  store_txn_free(txn);
}

void store_post(struct store *store, struct store_txn *txn)
{
  txn->answer.deliver = deliver_txn;
  answers_post(store->answers, &txn->answer);
}

static const char *new_spool(const struct store_op *op)
{
  return op->type == STORE_OP_RECEIVE ? op->received->spool : op->type == STORE_OP_TRANSFER ? op->text : NULL;
}

/* Writer thread, or a syncer when a file cannot be synced. */
static void settled(void *user, struct store_txn *txn)
{
  struct store *store = user;
  store->backend->class->settle(store->backend, txn, txn->error);
  for (guint i = 0; !txn->error && i < txn->ops->len; i++) {
    const struct store_op *op = &g_array_index(txn->ops, struct store_op, i);
    const char *name = new_spool(op);
    if (name && op->type == STORE_OP_TRANSFER)
      spool_named(store->spool, name); /* more will be written to it */
    else if (name)
      spool_kept(store->spool, name);
  }
  for (guint i = 0; !txn->error && i < txn->spool_gone->len; i++)
    store_remove_file(store, g_ptr_array_index(txn->spool_gone, i));
  if (txn->id_limit)
    ids_limit_kept(store->ids, txn->error ? 0 : txn->id_limit);
  g_atomic_int_add(&store->waiting, -1);
  answers_post(store->answers, &txn->answer);
}

static bool needs_sync(struct store *store, const struct store_txn *txn)
{
  for (guint i = 0; i < txn->ops->len; i++) {
    const char *name = new_spool(&g_array_index(txn->ops, struct store_op, i));
    if (name && spool_pending(store->spool, name))
      return true;
  }
  return false;
}

/* A syncer thread. */
static void sync_files(void *data, void *user)
{
  struct store_txn *txn = data;
  struct store *store = user;
  for (guint i = 0; !txn->error && i < txn->ops->len; i++) {
    const char *name = new_spool(&g_array_index(txn->ops, struct store_op, i));
    if (name)
      spool_sync(store->spool, name, &txn->error);
  }
  if (txn->error)
    settled(store, txn);
  else
    writer_push(store->writer, txn);
}

void store_commit(struct store *store, struct store_txn *txn, store_committed callback, void *user)
{
  txn->answer.deliver = deliver_txn;
  txn->callback = callback;
  txn->user = user;
  g_atomic_int_inc(&store->waiting);
  store->backend->class->claim_txn(store->backend, txn);
  if (needs_sync(store, txn) && g_atomic_int_get(&store->closing))
    sync_files(txn, store);
  else if (needs_sync(store, txn))
    g_thread_pool_push(store->syncers, txn, NULL);
  else
    writer_push(store->writer, txn);
}

void store_unclaim(struct store *store, guint64 message, gint recipient)
{
  store->backend->class->unclaim(store->backend, message, recipient);
}

/* --- identifiers
 * ------------------------------------------------------------------------------------------------------ */

guint64 store_new_id(struct store *store)
{
  return ids_next(store->ids);
}

/* Goes the way of every transaction, but is settled on the writer's thread: the caller's may be waiting for
 * it. */
static void keep_limit(void *user, guint64 limit)
{
  struct store *store = user;
  g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, limit);
  g_autoptr(GBytes) value = g_bytes_new(text, strlen(text));
  struct store_txn *txn = store_txn_new();
  store_txn_value(txn, STORE_ID_LIMIT, value);
  txn->id_limit = limit;
  store_commit(store, txn, NULL, NULL);
}

static bool open_ids(struct store *store, GError **error)
{
  GError *failure = NULL;
  g_autoptr(GBytes) value = store->backend->class->value(store->backend, STORE_ID_LIMIT, &failure);
  if (failure) {
    g_propagate_error(error, failure);
    return false;
  }
  g_autofree char *text =
      value ? g_strndup(g_bytes_get_data(value, NULL), g_bytes_get_size(value)) : g_strdup("0");
  store->ids = ids_new(g_ascii_strtoull(text, NULL, 10), keep_limit, store);
  return true;
}

/* --- bodies
 * ------------------------------------------------------------------------------------------------------------
 */

static void remove_file(void *data, void *user)
{
  g_autofree char *name = data;
  spool_remove(((struct store *)user)->spool, name);
}

void store_remove_file(struct store *store, const char *name)
{
  if (g_atomic_int_get(&store->closing))
    spool_remove(store->spool, name);
  else
    g_thread_pool_push(store->removers, g_strdup(name), NULL);
}

int store_spool_create(struct store *store, char **name_r, GError **error)
{
  g_autofree char *name = store_id_format(store_new_id(store));
  int fd = spool_create(store->spool, name, error);
  *name_r = fd < 0 ? NULL : g_steal_pointer(&name);
  return fd;
}

void store_spool_discard(struct store *store, const char *name)
{
  store_remove_file(store, name);
}

void store_spool_rest(struct store *store, const char *name)
{
  spool_kept(store->spool, name);
}

int store_spool_append(struct store *store, const char *name, guint64 size, GError **error)
{
  return spool_append(store->spool, name, size, error);
}

int store_spool_open(struct store *store, const char *name, GError **error)
{
  return spool_read(store->spool, name, error);
}

/* --- state of the store
 * -------------------------------------------------------------------------------------------------- */

int store_fd(const struct store *store)
{
  return answers_fd(store->answers);
}

void store_dispatch(struct store *store)
{
  answers_dispatch(store->answers);
}

bool store_busy(const struct store *store)
{
  return (guint)g_atomic_int_get(&store->waiting) > store->options.queue_max;
}

bool store_full(const struct store *store)
{
  struct store *own = (struct store *)store;
  gint64 now = g_get_monotonic_time();
  if (now - store->space_checked_us < SPACE_US && store->space_checked_us)
    return store->full;
  struct statvfs space;
  own->full = statvfs(store->options.path, &space) == 0 &&
              (guint64)space.f_bavail * space.f_frsize < store->options.reserve;
  own->space_checked_us = now;
  return store->full;
}

/* --- life
 * ------------------------------------------------------------------------------------------------------------------
 */

static bool open_parts(struct store *store, GError **error)
{
  const char *path = store->options.path;
  if (g_mkdir_with_parents(path, 0700) < 0) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_OPEN, "%s: %s", path, g_strerror(errno));
    return false;
  }
  store->lock = store_lock(path, error);
  if (store->lock < 0)
    return false;
  store->answers = answers_new(error);
  store->spool = spool_open(path, error);
  store->backend = store->answers && store->spool ? store_sqlite.open(&store->options, error) : NULL;
  if (!store->backend || !open_ids(store, error))
    return false;
  g_autoptr(GHashTable) names = store->backend->class->spool_names(store->backend, error);
  return names && spool_sweep(store->spool, names, error);
}

static void free_parts(struct store *store)
{
  if (store->backend)
    store->backend->class->close(store->backend);
  ids_free(store->ids);
  spool_close(store->spool);
  answers_free(store->answers);
  if (store->lock >= 0)
    close(store->lock);
  g_free(store->options.path);
  g_free(store);
}

struct store *store_open(const struct store_options *options, GError **error)
{
  struct store *store = g_new0(struct store, 1);
  store->lock = -1;
  store->options = *options;
  store->options.path = g_strdup(options->path);
  store->options.group_max = options->group_max ? options->group_max : 256;
  store->options.queue_max = options->queue_max ? options->queue_max : 4096;
  store->options.reserve = options->reserve ? options->reserve : 64 * 1024 * 1024;
  if (!open_parts(store, error)) {
    free_parts(store);
    return NULL;
  }
  store->syncers = g_thread_pool_new(sync_files, store, SYNC_THREADS, FALSE, NULL);
  store->removers = g_thread_pool_new(remove_file, store, 1, FALSE, NULL);
  store->reader = reader_new(store->answers);
  store->writer = writer_new(store->backend, store->options.group_max, settled, store);
  return store;
}

void store_close(struct store *store)
{
  if (!store)
    return;
  /* From here on the caller's thread syncs and removes files itself: the pools are being emptied. */
  g_atomic_int_set(&store->closing, 1);
  g_thread_pool_free(store->syncers, FALSE, TRUE);
  do {
    writer_drain(store->writer);
    reader_drain(store->reader);
    g_clear_pointer(&store->copier, g_thread_join);
  } while (answers_dispatch(store->answers));
  keep_limit(store, ids_last(store->ids));
  writer_free(store->writer);
  reader_free(store->reader);
  answers_dispatch(store->answers);
  g_thread_pool_free(store->removers, FALSE, TRUE);
  free_parts(store);
}
