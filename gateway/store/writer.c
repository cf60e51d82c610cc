#include "store/writer.h"

/* How long a group waits for as many as the one before had: less than a sync costs. */
#define GATHER_US 100

struct writer {
  struct store_backend *backend;
  guint group_max;
  writer_settled settled;
  void *user;
  GThread *thread;
  GMutex mutex;
  GCond work, rest;
  GQueue txns;  /* of struct store_txn */
  GQueue jobs;  /* of struct writer_job */
  guint wanted; /* transactions queued that wake the thread */
  bool busy, stop;
};

static bool apply_all(struct writer *writer, GPtrArray *group, GError **error)
{
  const struct store_backend_class *class = writer->backend->class;
  for (guint i = 0; i < group->len; i++)
    if (!class->apply(writer->backend, g_ptr_array_index(group, i), error))
      return false;
  return true;
}

/* All or nothing. */
static bool commit_together(struct writer *writer, GPtrArray *group, GError **error)
{
  const struct store_backend_class *class = writer->backend->class;
  if (!class->begin(writer->backend, error))
    return false;
  if (apply_all(writer, group, error) && class->commit(writer->backend, error))
    return true;
  class->rollback(writer->backend);
  return false;
}

static void forget_errors(GPtrArray *group)
{
  for (guint i = 0; i < group->len; i++)
    g_clear_error(&((struct store_txn *)g_ptr_array_index(group, i))->error);
}

/* Leaves those at fault out; false (and no errors kept) when the rest cannot be committed together either. */
static bool commit_with_savepoints(struct writer *writer, GPtrArray *group)
{
  const struct store_backend_class *class = writer->backend->class;
  if (!class->begin(writer->backend, NULL))
    return false;
  bool ok = true;
  for (guint i = 0; ok && i < group->len; i++) {
    struct store_txn *txn = g_ptr_array_index(group, i);
    ok = class->savepoint(writer->backend, NULL);
    if (ok && !class->apply(writer->backend, txn, &txn->error))
      class->rollback_to(writer->backend);
  }
  if (ok && class->commit(writer->backend, NULL))
    return true;
  class->rollback(writer->backend);
  forget_errors(group);
  return false;
}

static void commit_singly(struct writer *writer, GPtrArray *group)
{
  g_autoptr(GPtrArray) one = g_ptr_array_new();
  for (guint i = 0; i < group->len; i++) {
    struct store_txn *txn = g_ptr_array_index(group, i);
    g_ptr_array_set_size(one, 0);
    g_ptr_array_add(one, txn);
    commit_together(writer, one, &txn->error);
  }
}

static void commit_group(struct writer *writer, GPtrArray *group)
{
  g_autoptr(GError) error = NULL;
  if (!commit_together(writer, group, &error)) {
    if (group->len == 1)
      ((struct store_txn *)g_ptr_array_index(group, 0))->error = g_steal_pointer(&error);
    else if (!commit_with_savepoints(writer, group))
      commit_singly(writer, group);
  }
  for (guint i = 0; i < group->len; i++)
    writer->settled(writer->user, g_ptr_array_index(group, i));
  writer->backend->class->rest(writer->backend);
}

/* Those whose callbacks have just run are about to send their next transaction: without this wait the first
 * of them would have a commit, and a sync, of its own. Under the mutex. */
static void gather(struct writer *writer, guint count)
{
  gint64 end = g_get_monotonic_time() + GATHER_US;
  writer->wanted = count;
  while (!writer->stop && writer->txns.length < count &&
         g_cond_wait_until(&writer->work, &writer->mutex, end))
    ;
  writer->wanted = 1;
}

static void *run(void *user)
{
  struct writer *writer = user;
  g_autoptr(GPtrArray) group = g_ptr_array_new();
  guint last = 1;
  g_mutex_lock(&writer->mutex);
  for (;;) {
    while (!writer->stop && g_queue_is_empty(&writer->txns) && g_queue_is_empty(&writer->jobs))
      g_cond_wait(&writer->work, &writer->mutex);
    if (writer->txns.length > 0 && writer->txns.length < last)
      gather(writer, last);
    while (group->len < writer->group_max && !g_queue_is_empty(&writer->txns))
      g_ptr_array_add(group, g_queue_pop_head(&writer->txns));
    struct writer_job *job = g_queue_pop_head(&writer->jobs);
    if (group->len == 0 && !job)
      break;
    last = group->len;
    writer->busy = true;
    g_mutex_unlock(&writer->mutex);

    if (group->len)
      commit_group(writer, group);
    g_ptr_array_set_size(group, 0);
    bool again = job && job->step(job);

    g_mutex_lock(&writer->mutex);
    if (again)
      g_queue_push_tail(&writer->jobs, job);
    writer->busy = false;
    g_cond_broadcast(&writer->rest);
  }
  g_mutex_unlock(&writer->mutex);
  return NULL;
}

struct writer *writer_new(struct store_backend *backend, guint group_max, writer_settled settled, void *user)
{
  struct writer *writer = g_new0(struct writer, 1);
  writer->backend = backend;
  writer->group_max = group_max;
  writer->settled = settled;
  writer->user = user;
  writer->wanted = 1;
  g_mutex_init(&writer->mutex);
  g_cond_init(&writer->work);
  g_cond_init(&writer->rest);
  g_queue_init(&writer->txns);
  g_queue_init(&writer->jobs);
  writer->thread = g_thread_new("store-writer", run, writer);
  return writer;
}

void writer_free(struct writer *writer)
{
  if (!writer)
    return;
  g_mutex_lock(&writer->mutex);
  writer->stop = true;
  g_cond_signal(&writer->work);
  g_mutex_unlock(&writer->mutex);
  g_thread_join(writer->thread);
  g_cond_clear(&writer->work);
  g_cond_clear(&writer->rest);
  g_mutex_clear(&writer->mutex);
  g_free(writer);
}

void writer_push(struct writer *writer, struct store_txn *txn)
{
  g_mutex_lock(&writer->mutex);
  g_queue_push_tail(&writer->txns, txn);
  if (writer->txns.length >= writer->wanted)
    g_cond_signal(&writer->work);
  g_mutex_unlock(&writer->mutex);
}

void writer_push_job(struct writer *writer, struct writer_job *job)
{
  g_mutex_lock(&writer->mutex);
  g_queue_push_tail(&writer->jobs, job);
  g_cond_signal(&writer->work);
  g_mutex_unlock(&writer->mutex);
}

void writer_drain(struct writer *writer)
{
  g_mutex_lock(&writer->mutex);
  while (writer->busy || !g_queue_is_empty(&writer->txns) || !g_queue_is_empty(&writer->jobs))
    g_cond_wait(&writer->rest, &writer->mutex);
  g_mutex_unlock(&writer->mutex);
}
