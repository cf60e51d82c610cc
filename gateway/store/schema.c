#include "store/schema.h"

#include "store/store.h"

/* States as numbers of enum store_state: 0 received, 1 routed, 4 parked, 6 done. Partial indexes keep the
 * queue's cost independent of how many messages are done: what is done stays (envelope and recipients, for
 * reports that come back) until it is pruned, but stands in no index. Bodies have a table of their own: a
 * message row changes with each state. */
static const char version_1[] =
    "CREATE TABLE message("
    " id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, state INTEGER NOT NULL, held INTEGER NOT NULL,"
    " received INTEGER NOT NULL, expires INTEGER NOT NULL, origin TEXT, priority INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, attempts INTEGER NOT NULL, size INTEGER NOT NULL, spool TEXT, reason TEXT,"
    " envelope BLOB, note BLOB);"
    "CREATE INDEX message_open ON message(id) WHERE state < 6;"
    "CREATE INDEX message_received ON message(priority, id) WHERE state = 0 AND held = 0;"
    "CREATE INDEX message_expires ON message(expires) WHERE state = 1 AND held = 0;"
    "CREATE TABLE body(message INTEGER PRIMARY KEY, octets BLOB NOT NULL);"
    "CREATE TABLE recipient("
    " message INTEGER NOT NULL, ordinal INTEGER NOT NULL, state INTEGER NOT NULL, held INTEGER NOT NULL,"
    " priority INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL, hop TEXT, address TEXT, "
    "mapped TEXT,"
    " code TEXT, reason TEXT, detail BLOB, PRIMARY KEY(message, ordinal)) WITHOUT ROWID;"
    "CREATE INDEX recipient_due ON recipient(hop, priority, due) WHERE state = 1 AND held = 0;"
    "CREATE TABLE identifier("
    " number INTEGER PRIMARY KEY, message INTEGER NOT NULL, hash INTEGER NOT NULL, kind TEXT NOT NULL,"
    " value TEXT NOT NULL);"
    "CREATE INDEX identifier_hash ON identifier(number >> 12, hash);"
    "CREATE TABLE audit("
    " sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, message INTEGER NOT NULL, recipient INTEGER NOT "
    "NULL,"
    " event TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL);"
    "CREATE INDEX audit_message ON audit(message);"
    "CREATE TABLE audit_chain("
    " one INTEGER PRIMARY KEY CHECK (one = 1), anchor_sequence INTEGER NOT NULL, anchor_hash BLOB NOT NULL,"
    " head_sequence INTEGER NOT NULL, head_hash BLOB NOT NULL);"
    "INSERT INTO audit_chain VALUES(1, 0, zeroblob(32), 0, zeroblob(32));"
    "CREATE TABLE value(name TEXT PRIMARY KEY, octets BLOB NOT NULL) WITHOUT ROWID;";

/* Transfers that can be resumed (relay/p1_recovery.h). */
static const char version_2[] =
    "CREATE TABLE transfer(name TEXT PRIMARY KEY, spool TEXT, octets BLOB NOT NULL) WITHOUT ROWID;";

/* What was looked up for a message outside the mapping tables: a repeated conversion has the same answers. */
static const char version_3[] = "CREATE TABLE answer(message INTEGER NOT NULL, key TEXT NOT NULL, octets BLOB NOT "
                                "NULL, PRIMARY KEY(message, key)) WITHOUT ROWID;";

const char *const schema_steps[] = {version_1, version_2, version_3};
const guint schema_version = G_N_ELEMENTS(schema_steps);

static bool run(sqlite3 *db, const char *sql, GError **error)
{
  char *words = NULL;
  int rc = sqlite3_exec(db, sql, NULL, NULL, &words);
  if (rc != SQLITE_OK)
    g_set_error(error, STORE_ERROR, rc == SQLITE_FULL ? STORE_ERROR_FULL : STORE_ERROR_SCHEMA,
                "the database's tables: %s", words ? words : sqlite3_errstr(rc));
  sqlite3_free(words);
  return rc == SQLITE_OK;
}

static bool read_version(sqlite3 *db, guint *version_r, GError **error)
{
  sqlite3_stmt *statement = NULL;
  int rc = sqlite3_prepare_v2(db, "SELECT version FROM schema", -1, &statement, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_step(statement);
  *version_r = rc == SQLITE_ROW ? (guint)sqlite3_column_int(statement, 0) : 0;
  if (rc != SQLITE_ROW)
    g_set_error(error, STORE_ERROR, STORE_ERROR_SCHEMA, "the database's version: %s", sqlite3_errmsg(db));
  sqlite3_finalize(statement);
  return rc == SQLITE_ROW;
}

static bool steps_to(sqlite3 *db, const char *const *steps, guint count, GError **error)
{
  guint version;
  if (!run(db,
           "CREATE TABLE IF NOT EXISTS schema(one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT "
           "NULL);"
           "INSERT OR IGNORE INTO schema VALUES(1, 0);",
           error) ||
      !read_version(db, &version, error))
    return false;
  if (version > count) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_SCHEMA,
                "the database has version %u, this program knows versions up to %u: use a newer program",
                version, count);
    return false;
  }
  for (; version < count; version++)
    if (!run(db, steps[version], error))
      return false;
  g_autofree char *update =
      g_strdup_printf("UPDATE schema SET version = %u WHERE version <> %u", count, count);
  return run(db, update, error);
}

bool schema_migrate(sqlite3 *db, const char *const *steps, guint count, GError **error)
{
  if (!run(db, "BEGIN IMMEDIATE", error))
    return false;
  if (steps_to(db, steps, count, error) && run(db, "COMMIT", error))
    return true;
  sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
  return false;
}
