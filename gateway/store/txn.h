/* txn.h - a transaction as a list of operations: built by store_txn_*() on the caller's thread, applied by a
 * backend on the writer thread, perhaps more than once (a failed group is redone). Operations own copies of
 * what they name. */
#ifndef GW400_STORE_TXN_H
#define GW400_STORE_TXN_H

#include "store/answers.h"
#include "store/store.h"

enum store_op_type {
  STORE_OP_RECEIVE,
  STORE_OP_ROUTE,
  STORE_OP_RECIPIENT,
  STORE_OP_ATTEMPT,
  STORE_OP_PARK,
  STORE_OP_HOLD,
  STORE_OP_RETRY,
  STORE_OP_DELETE,
  STORE_OP_DONE,
  STORE_OP_IDENTIFIER,
  STORE_OP_AUDIT,
  STORE_OP_VALUE,
  STORE_OP_TRANSFER,
  STORE_OP_ANSWER
};

struct store_op {
  enum store_op_type type;
  guint64 message;
  struct store_message *received;    /* RECEIVE, ROUTE */
  struct store_recipient *recipient; /* RECIPIENT */
  bool flag;                         /* ROUTE: claim; RECIPIENT: keep the claim; HOLD: held; TRANSFER: keep the file */
  gint64 time_us;                    /* HOLD, AUDIT: now; RETRY: due */
  gint number;                       /* ATTEMPT: attempts; AUDIT: recipient */
  char *name, *text; /* PARK: text; IDENTIFIER: kind, value; AUDIT: event, detail; VALUE: name; TRANSFER: name, file; ANSWER: key */
  GBytes *octets;    /* VALUE, TRANSFER: NULL deletes; ANSWER */
};

struct store_txn {
  struct answer answer;  /* first: a transaction comes back as its own answer */
  GArray *ops;           /* of struct store_op */
  GPtrArray *spool_gone; /* of char*: set by apply(): files that no row names after the commit */
  store_committed callback;
  void *user;
  GError *error;
  guint64 id_limit; /* the limit of identifiers that it makes durable, or 0 */
};

bool store_state_final(enum store_state state);
struct store_recipient *store_recipient_copy(const struct store_recipient *recipient);
struct store_message *store_message_copy(const struct store_message *message);
void store_hop_free(struct store_hop *hop);

#endif
