/* internal.h - struct store, shared by store.c (life, commits, bodies), store_read.c (reads) and store_keep.c
 * (prune, backup). */
#ifndef GW400_STORE_INTERNAL_H
#define GW400_STORE_INTERNAL_H

#include "store/backend.h"
#include "store/id.h"
#include "store/reader.h"
#include "store/spool.h"
#include "store/writer.h"

struct store {
  struct store_options options; /* path owned */
  int lock;
  struct store_backend *backend;
  struct answers *answers;
  struct spool *spool;
  struct ids *ids;
  struct writer *writer;
  struct reader *reader;
  GThreadPool *syncers;  /* of struct store_txn: their spool files are synced, then they go to the writer */
  GThreadPool *removers; /* of char*: spool files to remove; a large file takes its time */
  gint closing;            /* atomic */
  gint copying;            /* atomic: a backup runs */
  GThread *copier;         /* its thread for spool files */
  gint waiting;            /* atomic: transactions that are not settled */
  gint64 space_checked_us; /* monotonic */
  bool full;
};

/* Calls a transaction back with its error, without the writer. */
void store_post(struct store *store, struct store_txn *txn);
/* Any thread. */
void store_remove_file(struct store *store, const char *name);

#endif
