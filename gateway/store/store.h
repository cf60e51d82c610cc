/* store.h - queue, audit log and correlation in one transactional store.
 *
 * One interface, several backends (struct store_backend_class in backend.h): SQLite here, PostgreSQL behind the same suite later.
 * All writes go through struct store_txn: one transition of a message = one transaction = at least one audit record.
 * store_commit() hands the transaction to the writer thread, which commits in groups (a group that fails is redone one by one);
 * the callback runs from store_dispatch() on the caller's thread once it is durable (or has failed, whole). Transactions are
 * committed in the order given, but for those that wait for a new spool file's sync: what follows from a transaction is given
 * after its callback.
 * A body of at most STORE_INLINE octets lies in the database; a longer one in a spool file, synced (file and folder) before
 * the transaction that names it is queued.  Spool files without a row are removed at start.
 * Claims: a message or recipient that the relay works on is claimed; it is handed out once until it is updated or unclaimed.
 * A claim does not survive the process (SQLite) or its lease (a cluster backend): nothing else is needed after a crash.
 * STORE_ERROR_NOT_FOUND and _CONFLICT of a transaction: it is itself at fault (the message is unknown, or stands in another
 * state, perhaps by an operator's hand); its claims are released. After _FULL and _WRITE claims stay: commit again or unclaim.
 * The store knows no protocol: envelopes, notes and details are opaque octets of the relay. */
#ifndef GW400_STORE_STORE_H
#define GW400_STORE_STORE_H

#include <glib.h>
#include <stdbool.h>

#define STORE_INLINE 65536u

#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);
enum store_error { STORE_ERROR_OPEN, STORE_ERROR_LOCKED, STORE_ERROR_SCHEMA, STORE_ERROR_WRITE, STORE_ERROR_FULL, STORE_ERROR_NOT_FOUND, STORE_ERROR_CONFLICT };

enum store_state {
  STORE_RECEIVED, /* message: committed, not yet read */
  STORE_ROUTED,   /* message: recipients are known; recipient: waits for delivery (due tells when) */
  STORE_SENT,     /* recipient: final */
  STORE_REPORTED, /* recipient: final: a report (or a decision that none is due) took its place */
  STORE_PARKED,   /* message or recipient: waits for an operator; a message also when all its recipients not final are parked */
  STORE_DELETED,  /* recipient: final, by an operator */
  STORE_DONE      /* message: every recipient is final; it has left the queue. Envelope and recipients stay, for reports that
                   * come back, until they are pruned; the body is gone */
};
const char *store_state_name(enum store_state state);
enum store_priority { STORE_NON_URGENT = 0, STORE_NORMAL = 1, STORE_URGENT = 2 };

struct store_recipient {
  guint ordinal;        /* unique in the message; for P1 the originally-specified-recipient-number's position */
  enum store_state state;
  char *address;        /* as it came (SMTP mailbox or std-or form) */
  char *mapped;         /* as it goes out */
  char *hop;            /* next hop: "p1:PEER", "smtp:DOMAIN"; the queue is served per hop */
  GBytes *detail;       /* opaque */
  gint64 due_us;        /* not before (UTC, microseconds since 1970) */
  guint attempts;
  char *code, *reason;  /* last outcome: "5.1.1", words; or NULL */
};
/* What was looked up for a message (relay/answers.h): octets are the relay's. */
struct store_answer { char *key; GBytes *octets; bool fresh; /* fresh: the relay's, never stored */ };
void store_answer_free(struct store_answer *answer);
struct store_message {
  guint64 id;           /* store_new_id(); printed as a queue identifier by store_id_format() */
  guint64 parent;       /* the message this one reports on, or 0 */
  enum store_state state;
  bool held;
  gint64 received_us;
  gint64 expires_us;    /* queue lifetime ends */
  char *origin;         /* "smtp", "p1:PEER", "report" */
  enum store_priority priority;
  guint generation;     /* configuration it was read with */
  guint attempts;       /* of the current job */
  char *reason;         /* why parked */
  GBytes *envelope;     /* opaque */
  GBytes *note;         /* opaque: what the reading job found */
  guint64 size;         /* octets of the body */
  GBytes *body;         /* inline body, or NULL: then spool */
  char *spool;          /* spool file's name, or NULL */
  GPtrArray *recipients; /* of struct store_recipient, owned */
  GPtrArray *answers;    /* of struct store_answer; parts of one message share it */
};
struct store_message *store_message_new(void);
void store_message_free(struct store_message *message);
struct store_recipient *store_recipient_new(guint ordinal);
void store_recipient_free(struct store_recipient *recipient);

/* 13 characters of base 32 (Crockford, lower case), sortable; parse gives 0 when malformed. */
char *store_id_format(guint64 id);
guint64 store_id_parse(const char *text);

struct store_options {
  char *path;               /* folder: gw400.db, spool/, lock */
  guint group_max;          /* transactions in one commit [256] */
  guint64 reserve;          /* octets of disk kept free: below it store_full() is true [64 MiB] */
  guint queue_max;          /* transactions waiting; beyond it store_busy() is true [4096] */
};
struct store;
/* Takes the exclusive lock of the folder before it opens the database; STORE_ERROR_LOCKED names the holder's pid. */
struct store *store_open(const struct store_options *options, GError **error);
void store_close(struct store *store);         /* waits until all queued transactions are durable; callbacks are run */
int store_fd(const struct store *store);       /* becomes readable when store_dispatch() has something to call */
void store_dispatch(struct store *store);
bool store_busy(const struct store *store);    /* backpressure: stop reading sockets */
bool store_full(const struct store *store);    /* disk below the reserve: 452 4.3.1, bind busy */
/* Unique for ever, also after a restored backup: microseconds since 1970, never twice, never backwards. Any thread. */
guint64 store_new_id(struct store *store);

/* --- transactions ---------------------------------------------------------------------------------------------------- */
struct store_txn;
struct store_txn *store_txn_new(void);
void store_txn_free(struct store_txn *txn); /* of one that was not committed */
/* A new message, claimed by the caller; takes over the message's references (the caller may keep using it read-only). */
void store_txn_receive(struct store_txn *txn, const struct store_message *message);
/* RECEIVED -> ROUTED with its recipients (claimed when claim), note, priority, expiry. */
void store_txn_route(struct store_txn *txn, const struct store_message *message, bool claim);
/* A recipient's new state, hop, due time, attempts, code, reason, detail; unclaims it unless it stays in work. When it was the
 * last one not final, the message becomes DONE in the same transaction and its spool file goes after the commit. A recipient
 * that is final stays as it is, but that one deleted while in work may still become SENT or REPORTED: the truth is kept. */
void store_txn_recipient(struct store_txn *txn, guint64 message, const struct store_recipient *recipient, bool keep_claim);
void store_txn_attempt(struct store_txn *txn, guint64 message, guint attempts);   /* counts a job's attempt before it runs again */
void store_txn_park(struct store_txn *txn, guint64 message, const char *reason);  /* the message with all its waiting recipients */
void store_txn_hold(struct store_txn *txn, guint64 message, bool held); /* released, it has its lifetime anew */
void store_txn_retry(struct store_txn *txn, guint64 message, gint64 due_us);      /* parked or deferred: due now; RECEIVED is read again */
void store_txn_delete(struct store_txn *txn, guint64 message);                    /* waiting recipients become DELETED */
void store_txn_done(struct store_txn *txn, guint64 message);                      /* RECEIVED -> DONE without recipients (repeat, consumed report) */
/* An identifier by which the message can be found: kind "message-id", "mts-id", "envid", "content-id", "ipm-id", "address",
 * "digest". Several messages may share a value. Values are compared octet for octet: fold case where case says nothing. */
void store_txn_identifier(struct store_txn *txn, guint64 message, const char *kind, const char *value);
/* An answer for the message under a key; one that is there is replaced. */
void store_txn_answer(struct store_txn *txn, guint64 message, const char *key, GBytes *octets);
/* The audit record; recipient < 0: the message as a whole. detail is a JSON object as text. */
void store_txn_audit(struct store_txn *txn, guint64 message, gint recipient, const char *event, const char *detail);
/* Small named values of the relay that change with the transition (association state, unproven confirmations); NULL deletes.
 * Names that begin with "store." are the store's own. */
void store_txn_value(struct store_txn *txn, const char *name, GBytes *value);
/* A transfer that is not over (p1_recovery.h), by its name: octets are the relay's. A spool file that it names is synced each
 * time before the transaction is queued, and stays until the transfer is over. A message received in the same transaction may
 * take the file over: then keep_spool. */
struct store_transfer { char *name, *spool; GBytes *octets; };
void store_transfer_free(struct store_transfer *transfer);
void store_txn_transfer(struct store_txn *txn, const char *name, const char *spool, GBytes *octets);
void store_txn_transfer_over(struct store_txn *txn, const char *name, bool keep_spool);
typedef void (*store_committed)(void *user, const GError *error);
void store_commit(struct store *store, struct store_txn *txn, store_committed callback, void *user); /* takes the txn */

/* --- bodies ------------------------------------------------------------------------------------------------------------- */
/* A new spool file, open for writing, its name in *name_r (caller frees); -1 and error. */
int store_spool_create(struct store *store, char **name_r, GError **error);
void store_spool_discard(struct store *store, const char *name);   /* one that no row will name */
int store_spool_open(struct store *store, const char *name, GError **error); /* read-only descriptor */
/* The file of a transfer: no more is written to it for now (the caller has closed its descriptor); and to go on: cut to size and
 * positioned at its end. STORE_ERROR_NOT_FOUND also when the file is shorter than that. */
void store_spool_rest(struct store *store, const char *name);
int store_spool_append(struct store *store, const char *name, guint64 size, GError **error);

/* --- reading: on the reader thread, answers through store_dispatch() -------------------------------------------------------- */
/* A message with recipients and body or spool name; NULL when it is not there. The callee takes ownership. */
typedef void (*store_got_message)(void *user, struct store_message *message, const GError *error);
void store_get(struct store *store, guint64 id, bool with_body, store_got_message callback, void *user);

/* Claims at most limit messages in state RECEIVED that are not held and not claimed, oldest and most urgent first. */
typedef void (*store_got_messages)(void *user, GPtrArray *messages, const GError *error); /* of store_message with body, owned by callee */
void store_claim_received(struct store *store, guint limit, store_got_messages callback, void *user);
/* Claims recipients of one hop that are due at now, of at most limit messages; each comes with all its recipients that are
 * due there and with no others, urgent first, then by due time. */
void store_claim_hop(struct store *store, const char *hop, gint64 now_us, guint limit, store_got_messages callback, void *user);
void store_unclaim(struct store *store, guint64 message, gint recipient); /* recipient < 0: the message and all of them */
/* Hops with waiting recipients, neither held nor claimed: count and earliest due time. */
struct store_hop { char *hop; guint64 waiting; gint64 due_us; };
typedef void (*store_got_hops)(void *user, GPtrArray *hops, const GError *error);
void store_hops(struct store *store, store_got_hops callback, void *user); /* hops: owned by the callee */
/* Recipients past their message's lifetime at now, not claimed: claimed like store_claim_hop. */
void store_claim_expired(struct store *store, gint64 now_us, guint limit, store_got_messages callback, void *user);
typedef void (*store_got_value)(void *user, GBytes *value, const GError *error);
void store_value(struct store *store, const char *name, store_got_value callback, void *user);
/* All transfers that are not over; of struct store_transfer, owned by the callee. */
typedef void (*store_got_transfers)(void *user, GPtrArray *transfers, const GError *error);
void store_transfers(struct store *store, store_got_transfers callback, void *user);
/* Ids of messages known by an identifier (also those DONE), newest first. kind NULL: any. */
typedef void (*store_got_ids)(void *user, const guint64 *ids, gsize count, const GError *error);
void store_find(struct store *store, const char *kind, const char *value, guint limit, store_got_ids callback, void *user);

/* For operators; pages are resumed by the last id or sequence number of the one before. any_state: all but DONE. */
struct store_list { enum store_state state; bool any_state, held_only; const char *hop, *address, *origin; guint64 after; guint limit; };
void store_list(struct store *store, const struct store_list *filter, store_got_messages callback, void *user); /* without bodies */
struct store_audit_record { guint64 sequence, message; gint64 time_us; gint recipient; char *event, *detail; };
typedef void (*store_got_audit)(void *user, GPtrArray *records, const GError *error); /* of store_audit_record, owned by callee */
/* text: within the detail, in whatever case; to_us: before it, 0 = no end. */
struct store_audit_query { guint64 message; const char *event, *text; gint64 from_us, to_us; guint64 after; guint limit; };
void store_audit(struct store *store, const struct store_audit_query *query, store_got_audit callback, void *user);
void store_audit_record_free(struct store_audit_record *record);
/* Recomputes the hash chain (SHA-256 over the previous hash and the record); error names the first sequence that does not fit. */
typedef void (*store_verified)(void *user, guint64 records, const GError *error);
void store_audit_verify(struct store *store, store_verified callback, void *user);
struct store_counts { guint64 received, routed, parked, held, bytes; };
typedef void (*store_counted)(void *user, const struct store_counts *counts, const GError *error);
void store_count(struct store *store, store_counted callback, void *user);
/* Drops audit records, and what is left of DONE messages and their identifiers, older than before_us, in small transactions; the
 * chain's anchor is kept. */
void store_prune(struct store *store, gint64 before_us, store_committed callback, void *user);
/* A consistent copy of database and spool into an empty folder, while running. */
void store_backup(struct store *store, const char *folder, store_committed callback, void *user);

#endif
