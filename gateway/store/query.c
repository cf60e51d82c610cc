#include "store/query.h"

#include <string.h>

#include "store/store.h"

void connection_error(struct connection *connection, int rc, GError **error)
{
  int code = (rc & 0xff) == SQLITE_FULL ? STORE_ERROR_FULL : STORE_ERROR_WRITE;
  g_set_error(error, STORE_ERROR, code, "database: %s",
              connection->db && sqlite3_errcode(connection->db) ? sqlite3_errmsg(connection->db)
                                                                : sqlite3_errstr(rc));
}

static void finalize(void *statement)
{
  sqlite3_finalize(statement);
}

bool connection_open(struct connection *connection, const char *path, int flags, GError **error)
{
  int rc = sqlite3_open_v2(path, &connection->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc != SQLITE_OK) {
    g_set_error(error, STORE_ERROR, STORE_ERROR_OPEN, "%s: %s", path, sqlite3_errstr(rc));
    sqlite3_close(g_steal_pointer(&connection->db));
    return false;
  }
  sqlite3_extended_result_codes(connection->db, 1);
  connection->statements = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, finalize);
  return true;
}

void connection_close(struct connection *connection)
{
  g_clear_pointer(&connection->statements, g_hash_table_unref);
  sqlite3_close(g_steal_pointer(&connection->db));
}

bool connection_run(struct connection *connection, const char *sql, GError **error)
{
  struct query query = query_begin(connection, sql);
  return query_run(&query, error);
}

struct query query_begin(struct connection *connection, const char *sql)
{
  struct query query = {connection, g_hash_table_lookup(connection->statements, sql), 1, SQLITE_OK};
  if (query.statement)
    return query;
  query.rc = sqlite3_prepare_v3(connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &query.statement, NULL);
  if (query.rc == SQLITE_OK)
    g_hash_table_insert(connection->statements, (void *)sql, query.statement);
  return query;
}

static void bound(struct query *query, int rc)
{
  if (query->rc == SQLITE_OK)
    query->rc = rc;
}

void query_int(struct query *query, gint64 value)
{
  bound(query, sqlite3_bind_int64(query->statement, query->parameter++, value));
}

void query_text(struct query *query, const char *text)
{
  bound(query, sqlite3_bind_text(query->statement, query->parameter++, text, -1, SQLITE_STATIC));
}

void query_memory(struct query *query, const void *memory, gsize length)
{
  bound(query, sqlite3_bind_blob64(query->statement, query->parameter++, memory, length, SQLITE_STATIC));
}

void query_octets(struct query *query, GBytes *octets)
{
  gsize length = 0;
  const void *data = octets ? g_bytes_get_data(octets, &length) : NULL;
  /* An empty blob is not NULL. */
  query_memory(query, octets && !data ? "" : data, length);
}

bool query_row(struct query *query)
{
  if (query->rc == SQLITE_OK || query->rc == SQLITE_ROW)
    query->rc = sqlite3_step(query->statement);
  return query->rc == SQLITE_ROW;
}

gint64 row_int(const struct query *query, int column)
{
  return sqlite3_column_int64(query->statement, column);
}

char *row_text(const struct query *query, int column)
{
  return g_strdup((const char *)sqlite3_column_text(query->statement, column));
}

GBytes *row_octets(const struct query *query, int column)
{
  if (sqlite3_column_type(query->statement, column) == SQLITE_NULL)
    return NULL;
  const void *data = sqlite3_column_blob(query->statement, column);
  return g_bytes_new(data, (gsize)sqlite3_column_bytes(query->statement, column));
}

void row_memory(const struct query *query, int column, void *memory, gsize length)
{
  const void *data = sqlite3_column_blob(query->statement, column);
  gsize got = MIN((gsize)sqlite3_column_bytes(query->statement, column), length);
  memset(memory, 0, length);
  if (got)
    memcpy(memory, data, got);
}

bool query_end(struct query *query, GError **error)
{
  bool ok = query->rc == SQLITE_OK || query->rc == SQLITE_ROW || query->rc == SQLITE_DONE;
  if (!ok)
    connection_error(query->connection, query->rc, error);
  sqlite3_reset(query->statement);
  return ok;
}

bool query_run(struct query *query, GError **error)
{
  query_row(query);
  return query_end(query, error);
}
