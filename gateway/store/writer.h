/* writer.h - the writer thread: transactions in groups, one commit for each group, and steps of long jobs
 * between groups.
 *
 * A group that fails is redone with a savepoint around each transaction, so that one at fault does not take
 * the others with it; when that group's commit fails too, each is committed by itself. */
#ifndef GW400_STORE_WRITER_H
#define GW400_STORE_WRITER_H

#include "store/backend.h"

/* On the writer thread, after txn is durable or has failed (txn->error): the writer is done with it. */
typedef void (*writer_settled)(void *user, struct store_txn *txn);

/* A job of many small steps; step returns false when it is finished and has been answered. */
struct writer_job {
  bool (*step)(struct writer_job *job);
};

struct writer;
struct writer *writer_new(struct store_backend *backend, guint group_max, writer_settled settled, void *user);
void writer_free(struct writer *writer); /* finishes what is queued */
void writer_push(struct writer *writer, struct store_txn *txn);
void writer_push_job(struct writer *writer, struct writer_job *job);
/* Waits until nothing is queued or in work. */
void writer_drain(struct writer *writer);

#endif
