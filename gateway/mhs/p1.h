/* p1.h - one P1 association: X.419 mts-transfer over RTSE (X.228), ACSE, presentation, session, transport,
 * TPKT, in each of its three modes (enum p1_mode).
 *
 * The whole stack of one TCP connection as one pure machine, which the relay drives: octets of the stream,
 * the relay's requests and timeouts go in; octets to write and P1 events come out, drained with
 * p1_association_next().  The MTS-APDU is carried as octets: this folder never looks into one.  As sent it is
 * wrapped in EXTERNAL (normal mode) here; as received the RT-TRANSFER value is passed on as it came (in
 * normal mode with its EXTERNAL): the reading job unwraps it.
 *
 * Transfer out: P1_READY -> p1_association_transfer() -> P1_WANT_DATA* answered by p1_association_data(), and
 * P1_CHECKPOINT as the receiver secures; the activity's end goes out by itself -> P1_SENT or P1_NOT_SENT.
 *
 * Transfer in: P1_RECEIVE_BEGIN -> P1_RECEIVE_DATA* and P1_RECEIVE_CHECKPOINT, at which the relay syncs and
 * calls p1_association_checkpoint() -> P1_RECEIVE_END -> the relay commits -> p1_association_confirm().
 *
 * Binds: P1_BIND (responder) tells name and password, the relay answers p1_association_bind_accept/refuse().
 * The initiator gets the responder's name and password in P1_BOUND and may p1_association_abort().
 *
 * Recovery (X.218 8.1.3, X.228 7.8): a transfer that is broken off, by either side or with the association,
 * may go on from the last confirmed checkpoint (struct p1_resumption), on the same association or on a new
 * one between the same peers (options.recover, or an ordinary bind). The sender calls
 * p1_association_resume() in place of _transfer(); the receiver gets P1_RECEIVE_RESUME. */
#ifndef GW400_MHS_P1_H
#define GW400_MHS_P1_H

#include <glib.h>
#include <stdbool.h>

#include "osi/selector.h"

/* How the association speaks, and of which year its binds and MTS-APDUs are. */
enum p1_mode {
  P1_MODE_1988_NORMAL, /* X.419 12: ACSE, contexts, segments as RTTR, an EXTERNAL around each MTS-APDU */
  P1_MODE_1988_X410,   /* X.419 12, X.410-1984 mode of X.226, X.227, X.228: RTSE's APDUs and segments bare */
  P1_MODE_1984 /* X.411-1984 over X.410-1984: as before, version 1 of session, password as IA5String */
};
/* "1988-normal", "1988-x410", "1984"; and back, false when it is none of them. */
const char *p1_mode_name(enum p1_mode mode);
bool p1_mode_parse(const char *text, enum p1_mode *mode_r);

/* RTORQ's applicationProtocol (X.410 modes) as an option; any other number is sent as it is. */
enum p1_protocol { P1_PROTOCOL_OF_MODE = 0, P1_PROTOCOL_ABSENT = -1 };

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

/* X.411 8.1.1.1.1: how a side of the bind says who it is. */
enum p1_authentication {
  P1_SIMPLE,         /* MTA name and password, which may be empty */
  P1_STRONG,         /* MTA name, bind token and certificates */
  P1_UNAUTHENTICATED /* neither name nor credentials */
};
struct p1_credentials {
  enum p1_authentication authentication;
  char *mta_name;
  GBytes *password; /* simple: octets, whatever their ASN.1 form; NULL: empty */
  enum p1_password_form came_as; /* simple, as received: that form */
  /* Strong (X.411 8.5.10): Token, Certificates, CertificateAssertion, each one BER SEQUENCE as it travels;
   * NULL: absent. Carried through, not looked into. */
  GBytes *bind_token, *certificates, *certificate_selector;
};
void p1_credentials_clear(struct p1_credentials *credentials);
void p1_credentials_copy(struct p1_credentials *to, const struct p1_credentials *from);

/* X.228 9 SessionConnectionIdentifier: the name of an association, for as long as a transfer of it may be
 * resumed.  The octets are as they travel (each one BER value), and compared by their contents: a peer may
 * tag them otherwise in another mode. */
struct p1_session_identifier {
  GBytes *calling;    /* calling SS-user reference; NULL: no identifier, nothing can be recovered */
  GBytes *common;     /* UTCTime */
  GBytes *additional; /* or NULL */
};
void p1_session_identifier_clear(struct p1_session_identifier *identifier);
void p1_session_identifier_copy(struct p1_session_identifier *to, const struct p1_session_identifier *from);
bool p1_session_identifier_equal(const struct p1_session_identifier *a,
                                 const struct p1_session_identifier *b);
/* One BER value, for keeping; NULL for no identifier. And back: false when it is not one. */
GBytes *p1_session_identifier_write(const struct p1_session_identifier *identifier);
bool p1_session_identifier_read(GBytes *octets, struct p1_session_identifier *identifier_r);

/* Where an interrupted transfer goes on.  The activity has the name of its last start or resumption, and the
 * association on which that was. */
struct p1_resumption {
  GBytes *activity; /* identifier, one BER value */
  struct p1_session_identifier session;
  guint serial;   /* of the last checkpoint that the receiver has confirmed; 0: none */
  guint64 offset; /* of that checkpoint.  Sender: octets of the MTS-APDU; receiver: octets as they came */
  bool ended;     /* the activity's end was sent, or after a restart may have been, and is not confirmed: the
                   * receiver may have it all */
};
void p1_resumption_clear(struct p1_resumption *resumption);
void p1_resumption_copy(struct p1_resumption *to, const struct p1_resumption *from);

struct p1_options {
  bool initiator;
  enum p1_mode mode;           /* initiator; a responder takes whichever comes and tells it in P1_BIND */
  gint application_protocol;   /* initiator, X.410 modes: enum p1_protocol, or the number */
  struct p1_credentials local; /* initiator: sent in the bind (copied) */
  enum p1_password_form password_form; /* of 1988 */
  struct osi_selector local_tsel, remote_tsel, local_ssel, remote_ssel, local_psel, remote_psel;
  guint8 tpdu_size;      /* as transport_options */
  guint checkpoint_size; /* KiB between checkpoints proposed/at most agreed; 0 = none */
  guint window;          /* unconfirmed checkpoints at most */
  enum p1_dialogue
      dialogue;          /* proposed (initiator) / two-way accepted when P1_TWO_WAY_ALTERNATE (responder) */
  guint session_version; /* 1 or 2 at most; mode 1984 proposes 1 */
  char *reference;       /* common reference of the session connection: unguessable, unique; from the relay */
  char *reference_time;  /* UTCTime text for the same */
  guint connect_ms, answer_ms, release_ms; /* waiting for: connection and bind; a confirmation; release */
  /* Initiator: opens the association to recover an earlier one (RTORQ with recover: neither name nor password
   * travels); NULL: with a bind.  Copied.  Dialogue as it was then; recover_turn_there: the responder had the
   * turn, so it gets it. */
  const struct p1_session_identifier *recover;
  bool recover_turn_there;
  guint resume_wait_ms; /* a transfer whose end was already sent is resumed: wait so long for "transfer
                         * completed" before content is sent again; 0: not at all */
  gsize receive_max;    /* a transfer beyond this many octets gives P1_RECEIVE_OVERSIZE; 0 = no limit */
  gsize ssdu_max; /* octets of one segment received, where a peer sends without checkpoints; 0 = 16 MiB */
};

enum p1_event_type {
  /* for the stream */
  P1_SEND,  /* data: write */
  P1_CLOSE, /* close the TCP connection, then free; last event */
  P1_TIMER, /* start timer `timer` with ms; 0 stops it */
  /* association */
  P1_BIND,    /* responder: peer = name and password, mode, application_protocol, selectors: answer it */
  P1_RECOVER, /* responder: somebody recovers the association resumption.session; mode, selectors as P1_BIND;
               * he gives no name and no password, so take it only from the peer of the old association:
               * p1_association_recover_accept/refuse() */
  P1_BOUND,   /* association is up; initiator: peer = the responder's name and password (none when recovered);
               * negotiated values; resumption.session = its identifier, for later */
  P1_REFUSED, /* initiator: step and words: which layer refused, what it said, which side must change what;
               * cannot_recover: the responder does not know the old association: bind anew, its transfers
               * start from zero */
  P1_READY,   /* we hold the turn and no transfer is open: p1_association_transfer() is allowed */
  P1_TURN_ASKED, /* two-way: the peer asks for the turn (priority) */
  P1_RELEASED,   /* orderly release finished */
  P1_ABORTED, /* association is gone: step, words, by_peer, abort_reason, turn_here; open transfers are told
                 first */
  /* transfer out */
  P1_WANT_DATA,  /* give the next `want` octets; fewer are taken, and the rest asked for; the answer may wait
                  * until the stream has taken what was sent: that is the backpressure */
  P1_CHECKPOINT, /* resumption: the peer has secured the octets before its offset */
  P1_SENT,       /* the peer has confirmed the activity's end, or says that it has the transfer already */
  P1_NOT_SENT,   /* step, words, outcome, resumption; `permanent` when the peer discarded it for good */
  /* transfer in */
  P1_RECEIVE_BEGIN,      /* transfer, resumption.activity; data = the activity identifier, too */
  P1_RECEIVE_RESUME,     /* transfer, resumption (activity and session of the old one, serial); data = the new
                          * activity identifier: answer by p1_association_receive_from() or _resume_refuse();
                          * nothing more comes before */
  P1_RECEIVE_DATA,       /* data */
  P1_RECEIVE_CHECKPOINT, /* transfer, resumption.serial and .offset: sync what came before it, then
                            p1_association_checkpoint() */
  P1_RECEIVE_OVERSIZE,   /* the limit is passed: what follows is swallowed; END still comes */
  P1_RECEIVE_END,        /* whole: commit, then p1_association_confirm() */
  P1_RECEIVE_INTERRUPTED, /* transfer, resumption, words: it may be resumed: keep what came before
                             resumption.offset, drop the rest */
  P1_RECEIVE_ABANDONED    /* discarded or lost: forget what came */
};

/* What became of a transfer that was not sent. */
enum p1_outcome {
  P1_OUTCOME_INTERRUPTED,  /* may be resumed (resumption); with serial 0 and not ended there is nothing to go
                            * on from; by_peer on an association that goes on: he wants to have some time */
  P1_OUTCOME_DISCARDED,    /* the receiver has nothing of it: from zero, as a new transfer */
  P1_OUTCOME_CANNOT_RESUME /* as discarded: a resumption was refused (unrecognized activity, deleted, out of
                              sequence) */
};
/* Why a resumption is refused here. */
enum p1_resume_refusal {
  P1_RESUME_COMPLETED,    /* it is whole and confirmed: the sender counts it as sent (RTAB transferCompleted;
                             ends the association) */
  P1_RESUME_UNRECOGNIZED, /* never heard of the activity (RTAB unrecognizedActivity; ends the association) */
  P1_RESUME_DELETED, /* what had come is gone (exception report): the sender starts anew on this association
                      */
  P1_RESUME_SEQUENCE /* the serial number lies ahead of what is here: likewise */
};
/* X.228 9 AbortReason, by its numbers. */
enum p1_abort_reason {
  P1_ABORT_LOCAL_SYSTEM_PROBLEM = 0,
  P1_ABORT_INVALID_PARAMETER = 1,
  P1_ABORT_UNRECOGNIZED_ACTIVITY = 2,
  P1_ABORT_TEMPORARY_PROBLEM = 3, /* the peer takes no association for a while: do not recover at once */
  P1_ABORT_PROTOCOL_ERROR = 4,
  P1_ABORT_PERMANENT_PROBLEM = 5,
  P1_ABORT_USER_ERROR = 6,
  P1_ABORT_TRANSFER_COMPLETED = 7,
  P1_ABORT_NONE = -1 /* RTSE said nothing: another layer, or the connection was lost */
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
  /* P1_BIND, P1_BOUND.  As responder: what was recognised, then what was accepted; the protocol as it came
   * (P1_PROTOCOL_ABSENT: none). */
  enum p1_mode mode;
  gint application_protocol;
  struct osi_selector calling_tsel, called_tsel; /* P1_BIND */
  struct osi_selector calling_ssel, called_ssel, calling_psel, called_psel;
  guint checkpoint_size, window, session_version, tpdu_max; /* P1_BOUND */
  enum p1_dialogue dialogue;
  enum p1_step step;
  enum p1_bind_error bind_error; /* P1_REFUSED at P1_STEP_BIND */
  bool bind_error_given, by_peer, permanent;
  bool cannot_recover;               /* P1_REFUSED */
  bool turn_here;                    /* P1_ABORTED: we had the turn */
  enum p1_abort_reason abort_reason; /* P1_ABORTED: from either side */
  enum p1_outcome outcome;           /* P1_NOT_SENT */
  guint transfer;                    /* transfers in: their number on this association, counted from 1 */
  struct p1_resumption resumption;
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

/* Responder's answers to P1_BIND: local is our name and password for this peer, in its form.  mode is what
 * the peer is set up for, which decides between the two of X.410; normal mode and X.410's cannot stand for
 * each other, so that such a bind is to be refused: p1_mode_fits(). */
void p1_association_bind_accept(struct p1_association *association, enum p1_mode mode,
                                const struct p1_credentials *local, enum p1_password_form form);
/* Whether an association that came in one mode can go on in the other. */
bool p1_mode_fits(enum p1_mode came, enum p1_mode wanted);
/* Before an answer to P1_BIND or P1_RECOVER: RTSE agrees to no larger checkpoints (KiB; 0: none) and no wider
 * window, as the peer is set up; without it p1_options hold. */
void p1_association_limit(struct p1_association *association, guint checkpoint_size, guint window);
void p1_association_bind_refuse(struct p1_association *association, enum p1_bind_error error);

/* Responder's answers to P1_RECOVER.  Refused for good (cannotRecover), or because we are busy now. */
void p1_association_recover_accept(struct p1_association *association);
void p1_association_recover_refuse(struct p1_association *association, bool busy);

/* Opens an activity for an MTS-APDU of size octets (known in advance: the EXTERNAL has definite length). Only
 * after P1_READY. */
bool p1_association_transfer(struct p1_association *association, guint64 size, GError **error);
/* Resumes an interrupted transfer of the same octets (the same size): after P1_READY; P1_WANT_DATA goes on
 * from resumption->offset. The association may be another one than that of the resumption, and its checkpoint
 * size and window too. False as p1_association_transfer(), or when there is nothing to go on from. */
bool p1_association_resume(struct p1_association *association, guint64 size,
                           const struct p1_resumption *resumption, GError **error);
/* Breaks the open transfer out off so that it can be resumed (S-ACTIVITY-INTERRUPT; without a confirmed
 * checkpoint it is discarded). P1_NOT_SENT follows, then P1_READY. */
void p1_association_interrupt(struct p1_association *association);
/* Answers P1_WANT_DATA; ignored when the transfer has ended meanwhile. */
void p1_association_data(struct p1_association *association, GBytes *data);
/* The open transfer out cannot go on (file error, changed digest): discards the activity
 * (S-ACTIVITY-DISCARD). */
void p1_association_discard(struct p1_association *association);
/* Answers P1_RECEIVE_CHECKPOINT: the octets before it are on disk. One answer stands for all earlier
 * checkpoints of that transfer too; the sender goes on as long as at most `window` are unanswered.  Late
 * answers (the transfer is over) have no effect. */
void p1_association_checkpoint(struct p1_association *association, guint transfer, guint serial);
/* Answers P1_RECEIVE_RESUME, at once or later: what the peer sends meanwhile waits in memory, so whoever takes
 * his time reads no more from the stream.  Octets are taken from this offset on, that of the checkpoint which
 * the sender named; what is held beyond it comes again.  Checkpoints count on from its serial number. */
void p1_association_receive_from(struct p1_association *association, guint64 offset);
void p1_association_resume_refuse(struct p1_association *association, enum p1_resume_refusal why);
/* Asks the sender to break off the transfer that comes in, since we must stop for a while (exception report
 * "receiving ability jeopardized"): P1_RECEIVE_INTERRUPTED, or _ABANDONED, follows when it obeys. */
void p1_association_receive_interrupt(struct p1_association *association);
/* Answers P1_RECEIVE_END: the bytes are on disk.  Each P1_RECEIVE_END wants exactly one answer, confirm or
 * reject, in their order, although P1_RECEIVE_INTERRUPTED or _ABANDONED may come in between: the answer then
 * has no effect. */
void p1_association_confirm(struct p1_association *association);
/* Answers P1_RECEIVE_END when they cannot be kept (disk), or refuses what still comes: exception report; what
 * came is forgotten on both sides, and the peer will try again from zero. */
void p1_association_reject(struct p1_association *association);
/* Two-way-alternate: ask for / pass the turn (RTTP, GTC).  ask: false when the moment does not allow it, as while
 * a reported transfer waits for its end. */
bool p1_association_ask_turn(struct p1_association *association, guint priority);
void p1_association_give_turn(struct p1_association *association);
/* Ends the association: by release where the standard lets this side (X.218 8.1.2: its initiator, with the
 * turn, which is asked for; or whoever has the turn of a monologue), after the open transfer out; else by
 * abort. */
void p1_association_release(struct p1_association *association);
void p1_association_abort(struct p1_association *association, const char *why);

/* It is gone: P1_REFUSED, P1_RELEASED or P1_ABORTED is told or follows. */
bool p1_association_is_over(const struct p1_association *association);

/* The state of each layer by the standard's names, for `peer list`; caller frees. */
char *p1_association_describe(const struct p1_association *association);

#endif
