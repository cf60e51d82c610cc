/* p1_recovery.h - transfers that were broken off and may go on (X.218 8.1.3, X.228 7.8): who has them open
 * with whom, and how far they are, in memory and in the store.
 *
 * A transfer in stands in the store from its first checkpoint on: its octets in a spool file that grows, and
 * where its checkpoints lie (p1_receive.c). After its end it stands there as done until the peer has shown
 * that it knows, so that a sender that asks to resume it hears "transfer completed".  A transfer out stands
 * there when it is large (P1_RECOVERY_STORED), with the digest of the octets being sent: octets that a
 * repeated conversion made otherwise are never sent on (p1_send.c).
 *
 * A recovery carries neither name nor password: it is taken only from the address of the old association, and
 * only under its session reference, which nobody can guess (docs/decisions/0096). */
#ifndef GW400_RELAY_P1_RECOVERY_H
#define GW400_RELAY_P1_RECOVERY_H

#include "mhs/p1.h"
#include "relay/delivery.h"

#define P1_RECOVERY_STORED MAPPING_DIGEST_MIN /* transfers out from this size on outlive a restart */

/* What is known of the association on which a transfer was begun, or last resumed. */
struct p1_origin {
  char *peer, *at; /* configured name; the address that called, or that was called (then with its port) */
  bool initiator;    /* we opened it, so we are the one to open it again */
  bool two_way, turn_there;
};

enum p1_kept_kind {
  P1_KEPT_IN,   /* broken off; its octets lie in the spool file */
  P1_KEPT_DONE, /* in, whole and confirmed, which the sender may not know yet */
  P1_KEPT_OUT
};
/* Where a transfer's checkpoints lie. */
struct p1_mark {
  guint serial;
  guint64 offset;
};
struct p1_kept {
  enum p1_kept_kind kind;
  char *name; /* in the store; NULL: not there */
  struct p1_origin origin;
  struct p1_resumption at;
  /* A resumption gives the transfer a new name, and until its first confirmation neither side knows whether the
   * other has taken it up: the transfer goes by both (activity and session alone; empty: none). */
  struct p1_resumption other;
  gint64 kept_us;
  guint calls;  /* attempts to recover its association */
  bool calling; /* one is under way, or has succeeded and lasts */
  /* in */
  GArray *marks; /* of p1_mark */
  char *spool;
  bool settling; /* its last checkpoint is being committed: it cannot go on yet */
  /* out */
  guint64 message, size;
  char *recipients; /* their ordinals */
  GBytes *digest;   /* SHA-256 of the MTS-APDU */
};
struct p1_kept *p1_kept_new(enum p1_kept_kind kind, const struct p1_origin *origin,
                            const struct p1_resumption *at);
void p1_kept_free(struct p1_kept *kept);
/* As it stands in the store; and a fresh name for it. */
GBytes *p1_kept_pack(const struct p1_kept *kept);
struct p1_kept *p1_kept_unpack(GBytes *octets);
char *p1_kept_name(void);
/* The offset of a checkpoint; 0 is the beginning. False when it lies beyond what is known. */
bool p1_marks_find(const GArray *marks, guint serial, guint64 *offset_r);
/* The marks up to a checkpoint. Caller frees. */
GArray *p1_marks_until(const GArray *marks, guint serial);
void p1_marks_add(GArray *marks, guint serial, guint64 offset);

struct p1_recovery;
struct p1_recovery *p1_recovery_new(struct relay *relay);
void p1_recovery_free(struct p1_recovery *recovery);
/* Reads what an earlier process left; then done(user), also after an error, which is logged. */
void p1_recovery_load(struct p1_recovery *recovery, void (*done)(void *user), void *user);
/* Each minute: gives up what nobody has resumed for a day, and calls peers again that have more to send. */
void p1_recovery_review(struct p1_recovery *recovery);

/* Takes it over. */
void p1_recovery_keep(struct p1_recovery *recovery, struct p1_kept *kept);
void p1_recovery_settled(struct p1_recovery *recovery, const char *name); /* it is not settling any more */
/* Takes it out, for the caller to go on with; its row stays. */
void p1_recovery_take(struct p1_recovery *recovery, struct p1_kept *kept);
/* Takes it out of memory and store, with its file, and frees it. */
void p1_recovery_drop(struct p1_recovery *recovery, struct p1_kept *kept);
/* The same for what may no longer be in memory. */
void p1_recovery_drop_done(struct p1_recovery *recovery, const char *name);
/* A message was deleted: its transfers out that were broken off are dropped. */
void p1_recovery_forget(struct p1_recovery *recovery, guint64 message);

/* The transfer in that a peer asks to resume; NULL: never heard of it. */
struct p1_kept *p1_recovery_in(struct p1_recovery *recovery, const char *peer,
                               const struct p1_resumption *asked);
/* The transfer out of this delivery, when it was broken off at this address and its octets are the same; else NULL, and what
 * is known of an earlier one is dropped. */
struct p1_kept *p1_recovery_out(struct p1_recovery *recovery, const struct delivery *delivery,
                                const char *at);
/* The digest of a delivery's octets, NULL when they cannot be read; and its recipients as kept. Caller frees.
 */
GBytes *p1_recovery_digest(const struct delivery *delivery);
char *p1_recovery_recipients(const struct delivery *delivery);

/* One whose association this peer may recover from this address; NULL: none. */
struct p1_kept *p1_recovery_of_session(struct p1_recovery *recovery, const char *host,
                                       const struct p1_session_identifier *session);
/* One whose association with this peer at this address it is upon us to open again; counts the attempt, and gives up after
 * some. */
struct p1_kept *p1_recovery_to_call(struct p1_recovery *recovery, const char *peer, const char *at);
/* There is such a one without work of our own for it: the peer has more to send to us. */
bool p1_recovery_waits(const struct p1_recovery *recovery, const char *peer);
void p1_recovery_recovered(struct p1_recovery *recovery, const struct p1_session_identifier *session);
void p1_recovery_called(struct p1_recovery *recovery, const struct p1_session_identifier *session,
                        bool calling);
/* The peer cannot recover this association: what was open on it begins from zero. */
void p1_recovery_impossible(struct p1_recovery *recovery, const struct p1_session_identifier *session);

#endif
