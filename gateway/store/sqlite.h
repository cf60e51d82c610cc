/* sqlite.h - the SQLite backend's inside, shared by its parts: sqlite.c (open, groups, checkpoints),
 * sqlite_write.c (operations), sqlite_read.c (reads and claims), sqlite_keep.c (pruning, backup).
 *
 * Exactly one connection writes and checkpoints, the writer thread's: SQLite before 3.51.3 can lose the log's
 * reset when two do. The reader's is opened read-only; its statements are short, so that the log can be
 * reset. */
#ifndef GW400_STORE_SQLITE_H
#define GW400_STORE_SQLITE_H

#include "store/backend.h"
#include "store/claim.h"
#include "store/query.h"

struct sqlite_store {
  struct store_backend backend; /* first */
  struct connection writer, reader;
  struct claims *claims;
  struct audit_hasher *hasher;
  struct audit_chain chain;                       /* as the open group leaves it */
  struct audit_link group_start, savepoint_start; /* heads to go back to */
  bool chain_changed, savepoint_open;
  int log_pages; /* of SQLite's write-ahead log after the last commit */
};

#define SQLITE_STORE(backend_) ((struct sqlite_store *)(void *)(backend_))

/* Adds a record to the log and moves the chain's head. */
bool sqlite_audit_add(struct sqlite_store *store, struct store_audit_record *record, GError **error);
bool sqlite_chain_read(struct connection *connection, struct audit_chain *chain_r, GError **error);
bool sqlite_chain_write(struct sqlite_store *store, GError **error);

/* FNV-1a of an identifier's value, as its column holds it. */
gint64 sqlite_identifier_hash(const char *value);

bool sqlite_apply(struct store_backend *backend, struct store_txn *txn, GError **error);
bool sqlite_prune(struct store_backend *backend, gint64 before_us, struct store_cursor *cursor, bool *more_r,
                  GError **error);
bool sqlite_backup(struct store_backend *backend, const char *folder, void **state, bool *more_r,
                   GPtrArray **names_r, GError **error);
void sqlite_claim_txn(struct store_backend *backend, const struct store_txn *txn);
void sqlite_settle(struct store_backend *backend, const struct store_txn *txn, const GError *error);
void sqlite_unclaim(struct store_backend *backend, guint64 message, gint recipient);
GPtrArray *sqlite_claim(struct store_backend *backend, const struct store_claim *claim, GError **error);
struct store_message *sqlite_get(struct store_backend *backend, guint64 id, bool with_body, GError **error);
GPtrArray *sqlite_hops(struct store_backend *backend, GError **error);
GBytes *sqlite_value(struct store_backend *backend, const char *name, GError **error);
bool sqlite_find(struct store_backend *backend, const struct store_find *find, GArray *ids, guint64 *next_r,
                 GError **error);
bool sqlite_list(struct store_backend *backend, const struct store_list *filter, GPtrArray *messages,
                 guint64 *next_r, GError **error);
bool sqlite_audit(struct store_backend *backend, const struct store_audit_query *query, GPtrArray *records,
                  guint64 *next_r, GError **error);
bool sqlite_count(struct store_backend *backend, guint64 after, struct store_counts *counts, guint64 *next_r,
                  GError **error);
bool sqlite_chain(struct store_backend *backend, struct audit_chain *chain_r, GError **error);
GPtrArray *sqlite_entries(struct store_backend *backend, guint64 after, guint limit, GError **error);
GPtrArray *sqlite_transfers(struct store_backend *backend, GError **error);
/* The spool files that rows refer to. */
#define SQLITE_SPOOL_NAMES                                                                                   \
  "SELECT spool FROM message WHERE state < 6 AND spool IS NOT NULL"                                          \
  " UNION SELECT spool FROM transfer WHERE spool IS NOT NULL"
GHashTable *sqlite_spool_names(struct store_backend *backend, GError **error);

#endif
