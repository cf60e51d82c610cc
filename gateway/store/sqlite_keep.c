/* sqlite_keep.c - pruning in small transactions and the backup, both on the writer thread between groups. */
#include "store/sqlite.h"

#define PRUNE_ROWS 500
#define BACKUP_PAGES 256

/* --- pruning
 * -------------------------------------------------------------------------------------------------------- */

/* Deletes up to PRUNE_ROWS rows; *more: it found as many. */
typedef bool (*prune_phase)(struct sqlite_store *store, gint64 before_us, struct store_cursor *cursor,
                            bool *more, GError **error);

/* Records leave in their order, so that the last one gone is the chain's new anchor. */
static bool prune_audit(struct sqlite_store *store, gint64 before_us, struct store_cursor *cursor, bool *more,
                        GError **error)
{
  (void)cursor;
  struct query oldest =
      query_begin(&store->writer, "SELECT sequence, hash, time FROM audit ORDER BY sequence LIMIT ?");
  query_int(&oldest, PRUNE_ROWS);
  guint rows = 0;
  while (query_row(&oldest) && row_int(&oldest, 2) < before_us) {
    rows++;
    store->chain.anchor.sequence = (guint64)row_int(&oldest, 0);
    row_memory(&oldest, 1, store->chain.anchor.hash, AUDIT_HASH);
    store->chain_changed = true;
  }
  *more = rows == PRUNE_ROWS;
  if (!query_end(&oldest, error))
    return false;
  struct query gone = query_begin(&store->writer, "DELETE FROM audit WHERE sequence <= ?");
  query_int(&gone, (gint64)store->chain.anchor.sequence);
  return query_run(&gone, error);
}

/* Identifiers stand in the order of their messages, nearly. Those of open messages stay: what is queued can
 * be found. */
static bool prune_identifiers(struct sqlite_store *store, gint64 before_us, struct store_cursor *cursor,
                              bool *more, GError **error)
{
  struct query window = query_begin(
      &store->writer, "SELECT number, message FROM identifier WHERE number > ? ORDER BY number LIMIT ?");
  query_int(&window, (gint64)cursor->after);
  query_int(&window, PRUNE_ROWS);
  guint64 first = cursor->after, last = first;
  bool old = false;
  while (query_row(&window)) {
    last = (guint64)row_int(&window, 0);
    old |= row_int(&window, 1) < before_us;
  }
  if (!query_end(&window, error))
    return false;
  cursor->after = last;
  *more = old;
  struct query gone =
      query_begin(&store->writer, "DELETE FROM identifier WHERE number > ? AND number <= ? AND message < ?"
                                  " AND message NOT IN (SELECT id FROM message WHERE state < 6)");
  query_int(&gone, (gint64)first);
  query_int(&gone, (gint64)last);
  query_int(&gone, before_us);
  return query_run(&gone, error);
}

static bool prune_messages(struct sqlite_store *store, gint64 before_us, struct store_cursor *cursor,
                           bool *more, GError **error)
{
  struct query window = query_begin(
      &store->writer, "SELECT id FROM message WHERE id > ? AND id < ? AND state = 6 ORDER BY id LIMIT ?");
  query_int(&window, (gint64)cursor->after);
  query_int(&window, before_us);
  query_int(&window, PRUNE_ROWS);
  guint64 first = cursor->after;
  guint rows = 0;
  for (; query_row(&window); rows++)
    cursor->after = (guint64)row_int(&window, 0);
  *more = rows == PRUNE_ROWS;
  if (!query_end(&window, error))
    return false;
  struct query recipients =
      query_begin(&store->writer, "DELETE FROM recipient WHERE message IN"
                                  " (SELECT id FROM message WHERE id > ? AND id <= ? AND state = 6)");
  query_int(&recipients, (gint64)first);
  query_int(&recipients, (gint64)cursor->after);
  struct query answers = query_begin(&store->writer, "DELETE FROM answer WHERE message IN"
                                                     " (SELECT id FROM message WHERE id > ? AND id <= ? AND state = 6)");
  query_int(&answers, (gint64)first);
  query_int(&answers, (gint64)cursor->after);
  struct query messages =
      query_begin(&store->writer, "DELETE FROM message WHERE id > ? AND id <= ? AND state = 6");
  query_int(&messages, (gint64)first);
  query_int(&messages, (gint64)cursor->after);
  return query_run(&recipients, error) && query_run(&answers, error) && query_run(&messages, error);
}

bool sqlite_prune(struct store_backend *backend, gint64 before_us, struct store_cursor *cursor, bool *more_r,
                  GError **error)
{
  static const prune_phase phases[] = {prune_audit, prune_identifiers, prune_messages};
  struct sqlite_store *store = SQLITE_STORE(backend);
  const struct store_backend_class *class = backend->class;
  struct audit_link anchor = store->chain.anchor;
  struct store_cursor next = *cursor;
  bool more = false;
  if (!class->begin(backend, error))
    return false;
  if (!phases[next.phase](store, before_us, &next, &more, error) || !class->commit(backend, error)) {
    store->chain.anchor = anchor;
    class->rollback(backend);
    return false;
  }
  if (!more)
    next = (struct store_cursor){.phase = next.phase + 1};
  *cursor = next;
  *more_r = next.phase < G_N_ELEMENTS(phases);
  return true;
}

/* --- backup
 * ---------------------------------------------------------------------------------------------------------
 */

/* The source is the writer's own connection: what it commits between two steps goes into the copy as well, so
 * the copy ends as the database of its last step, and no reader stands in the way of the log. */
struct copy {
  struct connection target;
  sqlite3_backup *backup;
};

static void copy_free(struct copy *copy)
{
  sqlite3_backup_finish(copy->backup);
  connection_close(&copy->target);
  g_free(copy);
}

static struct copy *copy_new(struct sqlite_store *store, const char *folder, GError **error)
{
  struct copy *copy = g_new0(struct copy, 1);
  g_autofree char *path = g_build_filename(folder, "gw400.db", NULL);
  if (connection_open(&copy->target, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error)) {
    copy->backup = sqlite3_backup_init(copy->target.db, "main", store->writer.db, "main");
    if (copy->backup)
      return copy;
    connection_error(&copy->target, sqlite3_errcode(copy->target.db), error);
  }
  copy_free(copy);
  return NULL;
}

static GPtrArray *copy_spool_names(struct copy *copy, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  struct query query =
      query_begin(&copy->target, SQLITE_SPOOL_NAMES);
  while (query_row(&query))
    g_ptr_array_add(names, row_text(&query, 0));
  return query_end(&query, error) ? g_steal_pointer(&names) : NULL;
}

static bool copy_step(struct copy *copy, bool *more_r, GPtrArray **names_r, GError **error)
{
  int rc = sqlite3_backup_step(copy->backup, BACKUP_PAGES);
  *more_r = rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED;
  if (*more_r)
    return true;
  if (rc != SQLITE_DONE) {
    connection_error(&copy->target, rc, error);
    return false;
  }
  sqlite3_backup_finish(g_steal_pointer(&copy->backup));
  *names_r = copy_spool_names(copy, error);
  return *names_r;
}

bool sqlite_backup(struct store_backend *backend, const char *folder, void **state, bool *more_r,
                   GPtrArray **names_r, GError **error)
{
  bool ok = false;
  *more_r = false;
  if (folder && !*state)
    *state = copy_new(SQLITE_STORE(backend), folder, error);
  if (folder && *state)
    ok = copy_step(*state, more_r, names_r, error);
  if (*state && !*more_r)
    copy_free(g_steal_pointer(state));
  return ok;
}
