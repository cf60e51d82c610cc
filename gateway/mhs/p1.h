/* p1.h - one P1 association: X.419 mts-transfer over RTSE (X.228 normal mode), ACSE, presentation, session,
 * transport, TPKT.
 *
 * The whole stack of one TCP connection as one pure machine, which the relay drives: octets of the stream,
 * the relay's requests and timeouts go in; octets to write and P1 events come out, drained with
 * p1_association_next().  The MTS-APDU is carried as octets: this folder never looks into one.  As sent it is
 * wrapped in EXTERNAL (normal mode) here; as received the RT-TRANSFER value is passed on as it came (with its
 * EXTERNAL): the reading job unwraps it.
 *
 * Flow of a transfer out:  P1_READY -> p1_association_transfer(size) -> P1_WANT_DATA(n)* answered by
 *   p1_association_data() -> activity end is sent by itself -> P1_SENT, or P1_NOT_SENT with the reason.
 * Flow of a transfer in:  P1_RECEIVE_BEGIN -> P1_RECEIVE_DATA* -> P1_RECEIVE_END -> the relay commits ->
 *   p1_association_confirm() (S-ACTIVITY-END.rsp).  Checkpoints are confirmed as they come (resumption: its
 * own issue). Binds: P1_BIND (responder) tells name and password; the relay decides and answers
 * p1_association_bind_accept/refuse(). As initiator the responder's name and password are told in P1_BOUND;
 * the relay may then p1_association_abort(). */
#ifndef GW400_MHS_P1_H
#define GW400_MHS_P1_H

#include <glib.h>
#include <stdbool.h>

#include "osi/selector.h"

enum p1_password_form { P1_PASSWORD_IA5, P1_PASSWORD_OCTETS };
/* X.411 8.2.2: what a refused bind says on the wire. */
enum p1_bind_error {
  P1_BIND_BUSY = 0,
  P1_BIND_AUTHENTICATION_ERROR = 2,
  P1_BIND_UNACCEPTABLE_DIALOGUE_MODE = 3,
  P1_BIND_UNACCEPTABLE_SECURITY_CONTEXT = 4,
  P1_BIND_INADEQUATE_ASSOCIATION_CONFIDENTIALITY = 5
};
enum p1_dialogue { P1_MONOLOGUE = 0, P1_TWO_WAY_ALTERNATE = 1 };

struct p1_credentials {
  char *mta_name;   /* NULL: unauthenticated bind (NULL credentials) */
  GBytes *password; /* octets, whatever their ASN.1 form; NULL when unauthenticated */
};
void p1_credentials_clear(struct p1_credentials *credentials);

struct p1_options {
  bool initiator;
  struct p1_credentials local; /* initiator: sent in the bind (copied) */
  enum p1_password_form password_form;
  struct osi_selector local_tsel, remote_tsel, local_ssel, remote_ssel, local_psel, remote_psel;
  guint8 tpdu_size;      /* as transport_options */
  guint checkpoint_size; /* KiB between checkpoints proposed/at most agreed; 0 = none */
  guint window;          /* unconfirmed checkpoints at most */
  enum p1_dialogue
      dialogue;          /* proposed (initiator) / two-way accepted when P1_TWO_WAY_ALTERNATE (responder) */
  guint session_version; /* 1 or 2 at most */
  char *reference;       /* common reference of the session connection: unguessable, unique; from the relay */
  char *reference_time;  /* UTCTime text for the same */
  guint connect_ms, answer_ms, release_ms; /* waiting for: connection and bind; a confirmation; release */
  gsize receive_max; /* a transfer beyond this many octets gives P1_RECEIVE_OVERSIZE; 0 = no limit */
  gsize ssdu_max;    /* octets of one segment received, where a peer sends without checkpoints; 0 = 16 MiB */
};

enum p1_event_type {
  /* for the stream */
  P1_SEND,  /* data: write */
  P1_CLOSE, /* close the TCP connection, then free; last event */
  P1_TIMER, /* start timer `timer` with ms; 0 stops it */
  /* association */
  P1_BIND,    /* responder: peer = name and password, called/calling selectors: answer it */
  P1_BOUND,   /* association is up; initiator: peer = the responder's name and password; negotiated values */
  P1_REFUSED, /* initiator: step and words: which layer refused, what it said, which side must change what */
  P1_READY,   /* we hold the turn and no transfer is open: p1_association_transfer() is allowed */
  P1_TURN_ASKED, /* two-way: the peer asks for the turn (priority) */
  P1_RELEASED,   /* orderly release finished */
  P1_ABORTED,    /* association is gone: step, words, by_peer; open transfers are told first */
  /* transfer out */
  P1_WANT_DATA, /* give the next `want` octets; fewer are taken, and the rest asked for; the answer may wait
                 * until the stream has taken what was sent: that is the backpressure */
  P1_SENT,      /* the peer has confirmed the activity's end */
  P1_NOT_SENT,  /* step, words; `permanent` when the peer discarded it for good */
  /* transfer in */
  P1_RECEIVE_BEGIN,    /* activity identifier in data */
  P1_RECEIVE_DATA,     /* data */
  P1_RECEIVE_OVERSIZE, /* the limit is passed: what follows is swallowed; END still comes */
  P1_RECEIVE_END,      /* whole: commit, then p1_association_confirm() */
  P1_RECEIVE_ABANDONED /* discarded or lost: forget what came */
};

/* Where in the stack a failure stands; printed by `peer test` and in audit records. */
enum p1_step {
  P1_STEP_TRANSPORT,
  P1_STEP_SESSION,
  P1_STEP_PRESENTATION,
  P1_STEP_ACSE,
  P1_STEP_RTSE,
  P1_STEP_BIND,
  P1_STEP_TRANSFER
};
const char *p1_step_name(enum p1_step step);

struct p1_event {
  enum p1_event_type type;
  GBytes *data;
  struct p1_credentials peer;
  struct osi_selector calling_tsel, called_tsel;            /* P1_BIND */
  guint checkpoint_size, window, session_version, tpdu_max; /* P1_BOUND */
  enum p1_dialogue dialogue;
  enum p1_step step;
  enum p1_bind_error bind_error; /* P1_REFUSED at P1_STEP_BIND */
  bool bind_error_given, by_peer, permanent;
  char *words; /* for people: what happened, and the clause; never contains a password */
  gsize want;
  guint ms, timer, priority;
};
void p1_event_clear(struct p1_event *event);
const char *p1_event_name(enum p1_event_type type);

struct p1_association;
struct p1_association *p1_association_new(const struct p1_options *options);
void p1_association_free(struct p1_association *association);
typedef struct p1_association p1_association_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(p1_association_t, p1_association_free)

void p1_association_connected(struct p1_association *association); /* TCP (and TLS) is up: initiator starts */
void p1_association_input(struct p1_association *association, const guint8 *data, gsize length);
void p1_association_lost(struct p1_association *association, const char *why); /* TCP ended */
void p1_association_timeout(struct p1_association *association, guint timer);
bool p1_association_next(struct p1_association *association, struct p1_event *event_r);

/* Responder's answers to P1_BIND: local is our name and password for this peer, in its form. */
void p1_association_bind_accept(struct p1_association *association, const struct p1_credentials *local,
                                enum p1_password_form form);
void p1_association_bind_refuse(struct p1_association *association, enum p1_bind_error error);

/* Opens an activity for an MTS-APDU of size octets (known in advance: the EXTERNAL has definite length). Only
 * after P1_READY. */
bool p1_association_transfer(struct p1_association *association, guint64 size, GError **error);
/* Answers P1_WANT_DATA; ignored when the transfer has ended meanwhile. */
void p1_association_data(struct p1_association *association, GBytes *data);
/* The open transfer out cannot go on (file error, changed digest): discards the activity
 * (S-ACTIVITY-DISCARD). */
void p1_association_discard(struct p1_association *association);
/* Answers P1_RECEIVE_END: the bytes are on disk.  Each P1_RECEIVE_END wants exactly one answer, confirm or reject, in their
 * order, although P1_RECEIVE_ABANDONED may come in between: the answer then has no effect. */
void p1_association_confirm(struct p1_association *association);
/* Answers P1_RECEIVE_END when they cannot be kept (disk): user exception / discard; the peer will try again.
 */
void p1_association_reject(struct p1_association *association);
/* Two-way-alternate: ask for / pass the turn (RTTP, GTC). */
void p1_association_ask_turn(struct p1_association *association, guint priority);
void p1_association_give_turn(struct p1_association *association);
/* Ends the association: by release where the standard lets this side (X.218 8.1.2: its initiator, with the
 * turn, which is asked for; or whoever has the turn of a monologue), after the open transfer out; else by
 * abort. */
void p1_association_release(struct p1_association *association);
void p1_association_abort(struct p1_association *association, const char *why);

/* The state of each layer by the standard's names, for `peer list`; caller frees. */
char *p1_association_describe(const struct p1_association *association);

#endif
