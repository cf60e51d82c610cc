/* query.h - one use of a prepared statement: bind parameters in their order, step through rows, end.
 * Errors stick: a failed step gives no row and query_end() tells. A statement is prepared once per
 * connection, known by the address of its (literal) text, and must not be begun again before its end. */
#ifndef GW400_STORE_QUERY_H
#define GW400_STORE_QUERY_H

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

struct connection {
  sqlite3 *db;
  GHashTable *statements; /* const char* -> sqlite3_stmt* */
};

struct query {
  struct connection *connection;
  sqlite3_stmt *statement;
  int parameter, rc;
};

/* The error of a failed call as STORE_ERROR_FULL or STORE_ERROR_WRITE. */
void connection_error(struct connection *connection, int rc, GError **error);
bool connection_open(struct connection *connection, const char *path, int flags, GError **error);
void connection_close(struct connection *connection);
/* A statement without parameters and rows. */
bool connection_run(struct connection *connection, const char *sql, GError **error);

/* Bound texts and octets must live until the end. */
struct query query_begin(struct connection *connection, const char *sql);
void query_int(struct query *query, gint64 value);
void query_text(struct query *query, const char *text);
void query_octets(struct query *query, GBytes *octets);
void query_memory(struct query *query, const void *memory, gsize length);
bool query_row(struct query *query);
gint64 row_int(const struct query *query, int column);
char *row_text(const struct query *query, int column);     /* NULL for NULL; caller frees */
GBytes *row_octets(const struct query *query, int column); /* NULL for NULL */
void row_memory(const struct query *query, int column, void *memory,
                gsize length); /* zero where the column is shorter */
bool query_end(struct query *query, GError **error);
/* Steps a statement without rows to its end. */
bool query_run(struct query *query, GError **error);

#endif
