/* backend.h - what a database does for the store; sqlite.c is one, and a server behind libpq fits the same
 * table.
 *
 * The store owns threads, grouping, spool files, identifiers and callbacks; a backend owns tables, claims and
 * the audit chain. Functions marked W run on the writer thread, R on the reader thread, both one at a time; *
 * on any thread. A backend whose claims are leases in its tables leaves claim_txn and settle empty and writes
 * leases in apply and claim. */
#ifndef GW400_STORE_BACKEND_H
#define GW400_STORE_BACKEND_H

#include "store/audit.h"
#include "store/store.h"
#include "store/txn.h"

struct store_backend {
  const struct store_backend_class *class;
};

enum store_claim_kind { STORE_CLAIM_RECEIVED, STORE_CLAIM_HOP, STORE_CLAIM_EXPIRED };
struct store_claim {
  enum store_claim_kind kind;
  const char *hop;
  gint64 now_us;
  guint limit;
};

struct store_find {
  const char *kind, *value; /* kind NULL: any */
  guint64 before;
};

/* An audit record with its hash as stored. */
struct store_audit_entry {
  struct store_audit_record record;
  guint8 hash[AUDIT_HASH];
};

struct store_cursor {
  guint phase;
  guint64 after;
};

struct store_backend_class {
  const char *name;
  struct store_backend *(*open)(const struct store_options *options, GError **error);
  void (*close)(struct store_backend *backend);

  /* W: a group is begin, apply for each transaction, commit (durable when it returns). A failure of any of
   * them is undone with rollback. savepoint and rollback_to undo one transaction inside a group.
   * STORE_ERROR_NOT_FOUND and _CONFLICT: the transaction itself is at fault. */
  bool (*begin)(struct store_backend *backend, GError **error);
  bool (*apply)(struct store_backend *backend, struct store_txn *txn, GError **error);
  bool (*savepoint)(struct store_backend *backend, GError **error);
  void (*rollback_to)(struct store_backend *backend);
  bool (*commit)(struct store_backend *backend, GError **error);
  void (*rollback)(struct store_backend *backend);
  /* W: after each group; housekeeping (the checkpoint of SQLite's log). */
  void (*rest)(struct store_backend *backend);
  /* W: one small transaction of pruning; *more_r: there is more. The cursor starts as zeros and belongs to
   * the backend. */
  bool (*prune)(struct store_backend *backend, gint64 before_us, struct store_cursor *cursor, bool *more_r,
                GError **error);
  /* W: one step of copying the database into folder; *state starts NULL, *more_r: there is more. After the
   * last step names_r has the names of the spool files that the copy refers to. folder NULL: gives up. */
  bool (*backup)(struct store_backend *backend, const char *folder, void **state, bool *more_r,
                 GPtrArray **names_r, GError **error);

  /* *: claims. claim_txn: the transaction is on its way (new rows are claimed before anybody can see them);
   * settle: it is committed, or refused with error. */
  void (*claim_txn)(struct store_backend *backend, const struct store_txn *txn);
  void (*settle)(struct store_backend *backend, const struct store_txn *txn, const GError *error);
  void (*unclaim)(struct store_backend *backend, guint64 message, gint recipient);

  /* R: reads. Statements are short: scans go in slices and are resumed with what `next` says. */
  GPtrArray *(*claim)(struct store_backend *backend, const struct store_claim *claim, GError **error);
  struct store_message *(*get)(struct store_backend *backend, guint64 id, bool with_body,
                               GError **error); /* NULL without error: not there */
  GPtrArray *(*hops)(struct store_backend *backend, GError **error);
  GBytes *(*value)(struct store_backend *backend, const char *name, GError **error);
  /* All of struct store_transfer: as many as associations and interruptions, so in one go. */
  GPtrArray *(*transfers)(struct store_backend *backend, GError **error);
  /* Appends ids, newest identifiers first, from one slice of identifiers before find->before (0: the newest). */
  bool (*find)(struct store_backend *backend, const struct store_find *find, GArray *ids, guint64 *next_r,
               GError **error);
  /* Appends what matches among one slice of messages after filter->after; *next_r: where to go on, 0 at the
   * end. */
  bool (*list)(struct store_backend *backend, const struct store_list *filter, GPtrArray *messages,
               guint64 *next_r, GError **error);
  bool (*audit)(struct store_backend *backend, const struct store_audit_query *query, GPtrArray *records,
                guint64 *next_r, GError **error);
  bool (*count)(struct store_backend *backend, guint64 after, struct store_counts *counts, guint64 *next_r,
                GError **error);
  bool (*chain)(struct store_backend *backend, struct audit_chain *chain_r, GError **error);
  /* Records after a sequence number, at most limit, with their hashes; of struct store_audit_entry. */
  GPtrArray *(*entries)(struct store_backend *backend, guint64 after, guint limit, GError **error);
  /* At open, before the threads run: names of all spool files that rows refer to, as a set. */
  GHashTable *(*spool_names)(struct store_backend *backend, GError **error);
};

extern const struct store_backend_class store_sqlite;

#endif
