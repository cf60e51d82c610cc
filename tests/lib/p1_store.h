/* p1_store.h - what a relay keeps of transfers in beyond an association, as a model in memory: octets come to
 * "disk" with a checkpoint that is confirmed, and everything else is lost with a crash. */
#ifndef GW400_TESTS_P1_STORE_H
#define GW400_TESTS_P1_STORE_H

#include <glib.h>
#include <stdbool.h>

#include "mhs/p1.h"

struct p1_store {
  GPtrArray *kept;         /* struct p1_kept: interrupted, complete, or coming */
  struct p1_kept *coming;  /* or NULL */
  GPtrArray *associations; /* GBytes: identifiers of those that were open, as p1_session_identifier_write() has them */
  GPtrArray *messages;     /* GBytes: complete */
  guint sync_every;        /* one confirmation for so many checkpoints; 0 = 1 */
  guint unsynced;
};

struct p1_store *p1_store_new(void);
void p1_store_free(struct p1_store *store);
/* The process ends: what is coming, and not at a checkpoint, is lost. */
void p1_store_crash(struct p1_store *store);

void p1_store_association(struct p1_store *store, const struct p1_session_identifier *identifier);
bool p1_store_knows(const struct p1_store *store, const struct p1_session_identifier *identifier);

void p1_store_begin(struct p1_store *store, const struct p1_resumption *name);
void p1_store_append(struct p1_store *store, const guint8 *data, gsize length);
void p1_store_checkpoint(struct p1_store *store, const struct p1_resumption *checkpoint);
/* Whether this checkpoint is one that is synced and confirmed. */
bool p1_store_syncs(struct p1_store *store);
void p1_store_complete(struct p1_store *store);
void p1_store_interrupt(struct p1_store *store, const struct p1_resumption *resumption);
void p1_store_abandon(struct p1_store *store);
/* Answers P1_RECEIVE_RESUME: the offset from which, or false and why not. */
bool p1_store_resume(struct p1_store *store, const struct p1_event *event, guint64 *offset_r,
                     enum p1_resume_refusal *why_r);

#endif
