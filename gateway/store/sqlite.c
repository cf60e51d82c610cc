/* sqlite.c - opening, groups and checkpoints of the SQLite backend. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/schema.h"

/* The log is copied into the database when it has this many pages (4 KiB each), between groups. */
#define CHECKPOINT_PAGES 4000
#define BUSY_MS 10000

static bool pragmas(struct connection *connection, const char *const *texts, GError **error)
{
  for (; *texts; texts++)
    if (sqlite3_exec(connection->db, *texts, NULL, NULL, NULL) != SQLITE_OK) {
      g_set_error(error, STORE_ERROR, STORE_ERROR_OPEN, "%s: %s", *texts, sqlite3_errmsg(connection->db));
      return false;
    }
  return true;
}

/* SQLite syncs the folder for its log, not for the database file itself. */
static bool sync_folder(const char *folder, GError **error)
{
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool ok = fd >= 0 && fsync(fd) == 0;
  if (!ok)
    g_set_error(error, STORE_ERROR, STORE_ERROR_OPEN, "%s: %s", folder, g_strerror(errno));
  if (fd >= 0)
    close(fd);
  return ok;
}

static void sqlite_close(struct store_backend *backend)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  connection_close(
      &store->reader); /* first: the last one to close copies the log, and that must be the writer */
  connection_close(&store->writer);
  claims_free(store->claims);
  audit_hasher_free(store->hasher);
  g_free(store);
}

static int log_grew(void *user, sqlite3 *db, const char *name, int pages)
{
  (void)db, (void)name;
  ((struct sqlite_store *)user)->log_pages = pages;
  return SQLITE_OK;
}

static bool open_both(struct sqlite_store *store, const char *folder, GError **error)
{
  static const char *const writing[] = {"PRAGMA journal_mode = WAL",
                                        "PRAGMA synchronous = FULL",
                                        "PRAGMA cache_size = -65536",
                                        "PRAGMA temp_store = MEMORY",
                                        "PRAGMA journal_size_limit = 67108864",
                                        NULL};
  static const char *const reading[] = {"PRAGMA query_only = 1", "PRAGMA cache_size = -16384", NULL};
  g_autofree char *path = g_build_filename(folder, "gw400.db", NULL);
  if (!connection_open(&store->writer, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error))
    return false;
  sqlite3_busy_timeout(store->writer.db, BUSY_MS);
  sqlite3_wal_hook(store->writer.db, log_grew, store);
  if (!pragmas(&store->writer, writing, error) ||
      !schema_migrate(store->writer.db, schema_steps, schema_version, error) || !sync_folder(folder, error))
    return false;
  if (!connection_open(&store->reader, path, SQLITE_OPEN_READONLY, error))
    return false;
  sqlite3_busy_timeout(store->reader.db, BUSY_MS);
  sqlite3_db_config(store->reader.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  return pragmas(&store->reader, reading, error) && sqlite_chain_read(&store->writer, &store->chain, error);
}

static struct store_backend *sqlite_open(const struct store_options *options, GError **error)
{
  struct sqlite_store *store = g_new0(struct sqlite_store, 1);
  store->backend.class = &store_sqlite;
  store->claims = claims_new();
  store->hasher = audit_hasher_new(error);
  if (store->hasher && open_both(store, options->path, error))
    return &store->backend;
  sqlite_close(&store->backend);
  return NULL;
}

/* --- groups
 * ------------------------------------------------------------------------------------------------------- */

static bool sqlite_begin(struct store_backend *backend, GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  store->group_start = store->chain.head;
  store->chain_changed = store->savepoint_open = false;
  return connection_run(&store->writer, "BEGIN IMMEDIATE", error);
}

static bool sqlite_savepoint(struct store_backend *backend, GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  /* A full disk may have rolled the whole group back: a savepoint now would quietly start another one. */
  if (sqlite3_get_autocommit(store->writer.db)) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_WRITE, "the group was rolled back");
    return false;
  }
  if (store->savepoint_open && !connection_run(&store->writer, "RELEASE one", error))
    return false;
  store->savepoint_start = store->chain.head;
  store->savepoint_open = true;
  return connection_run(&store->writer, "SAVEPOINT one", error);
}

static void sqlite_rollback_to(struct store_backend *backend)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  store->chain.head = store->savepoint_start;
  /* Fails only when SQLite has already rolled the whole group back: then the commit fails too, and says so.
   */
  connection_run(&store->writer, "ROLLBACK TO one", NULL);
}

static bool sqlite_commit(struct store_backend *backend, GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  return (!store->chain_changed || sqlite_chain_write(store, error)) &&
         connection_run(&store->writer, "COMMIT", error);
}

static void sqlite_rollback(struct store_backend *backend)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  store->chain.head = store->group_start;
  /* Some errors (disk full) have rolled back already. */
  if (!sqlite3_get_autocommit(store->writer.db))
    connection_run(&store->writer, "ROLLBACK", NULL);
}

static void sqlite_rest(struct store_backend *backend)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  if (store->log_pages < CHECKPOINT_PAGES)
    return;
  /* Passive never waits; but when a reader stood in the way each time, the log would grow for ever: then wait
   * for it once. */
  int mode = store->log_pages < 8 * CHECKPOINT_PAGES ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
  int rc = sqlite3_wal_checkpoint_v2(store->writer.db, NULL, mode, NULL, NULL);
  if (rc == SQLITE_OK)
    store->log_pages = 0;
}

const struct store_backend_class store_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .apply = sqlite_apply,
    .savepoint = sqlite_savepoint,
    .rollback_to = sqlite_rollback_to,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .rest = sqlite_rest,
    .prune = sqlite_prune,
    .backup = sqlite_backup,
    .claim_txn = sqlite_claim_txn,
    .settle = sqlite_settle,
    .unclaim = sqlite_unclaim,
    .claim = sqlite_claim,
    .get = sqlite_get,
    .hops = sqlite_hops,
    .value = sqlite_value,
    .transfers = sqlite_transfers,
    .find = sqlite_find,
    .list = sqlite_list,
    .audit = sqlite_audit,
    .count = sqlite_count,
    .chain = sqlite_chain,
    .entries = sqlite_entries,
    .spool_names = sqlite_spool_names,
};
