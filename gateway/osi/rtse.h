/* rtse.h - the reliable transfer protocol machine: the services of X.218 by the APDUs of X.228 9, in normal
 * and X.410-1984 mode.
 *
 * It sits on acse.h (opening, closing, aborting) and presentation.h (activities, data, checkpoints, tokens).
 * A transfer is one activity: RTTR after RTTR, a minor synchronization point after each but the last, then
 * the activity's end, whose confirmation says that the receiver has secured the APDU.  At most `window`
 * points are unconfirmed; a point is confirmed when the user has secured what comes before it.  A transfer that
 * is interrupted, or lost with the association, is resumed behind the last confirmed point.  The turn is all
 * session tokens; it passes by S-CONTROL-GIVE outside an activity.  In X.410-1984 mode the APDUs stand bare, a
 * segment is the octets themselves, and a refusal has a reason instead of user data; a responder takes
 * whichever mode comes.  The table is rtse_table.c; X.228's prose was not at hand when it was written: see
 * docs/decisions/0026, 0065, 0066.
 *
 * Use: create; rtse_open() or answer RT_OPEN_IND; give rtse_acse() and rtse_presentation() what those
 * machines indicate; after each call drain rtse_next().  Octets stream: a segment out is asked for by
 * RT_WANT, a segment in is told by RT_SEGMENT as slices of what came; nothing is gathered here. */
#ifndef GW400_OSI_RTSE_H
#define GW400_OSI_RTSE_H

#include "osi/acse.h"
#include "osi/rtse_apdu.h"

/* What is agreed when an association is opened: the proposal in RT-OPEN.req and .ind, the agreement
 * afterwards. */
struct rtse_terms {
  guint checkpoint_size; /* units of 1024 octets between checkpoints; 0: none, as a proposal: the responder
                            may choose */
  guint window;          /* unconfirmed checkpoints at most */
  enum rtse_dialogue dialogue;
  bool initiator_turn; /* who has the turn at first */
  guint version;       /* of session: agreed */
  bool x410;           /* X.410-1984 mode */
  gint protocol;       /* applicationProtocol of RTORQ, in X.410-1984 mode: enum rtse_protocol or another */
};

struct rtse_options {
  bool initiator;
  guint checkpoint_max; /* proposed, or agreed to at most; 0: no checkpoints */
  guint window_max;     /* at least 1 */
  gsize segment_max;    /* octets of one RTTR without checkpoints; 0 = 1 MiB (docs/decisions/0025) */
  bool x410;            /* initiator: X.410-1984 mode */
  gint protocol;        /* initiator, X.410-1984 mode: applicationProtocol of RTORQ (enum rtse_protocol) */
  enum oid syntax;      /* abstract syntax in which RTSE's APDUs travel: of the application's RTSE context */
};

/* The user's service primitives, as they are told to it. */
enum rtse_indication_type {
  RT_OPEN_IND, /* responder: terms, user_data, connect: answer with rtse_open_accept() or rtse_open_refuse()
                */
  RT_OPEN_ACCEPTED, /* RT-OPEN.cnf: terms, user_data */
  RT_OPEN_REFUSED,  /* RT-OPEN.cnf: failure, user_data, refuse_reason */
  RT_CLOSE_IND,     /* answer with rtse_close_accept() */
  RT_CLOSE_CNF,
  RT_TURN,            /* we hold the turn and no transfer is open */
  RT_TURN_PLEASE_IND, /* priority */
  RT_WANT,            /* transfer out: give rtse_data() the next `want` octets */
  RT_CHECKPOINT,      /* transfer out: serial, offset: the peer has secured what comes before */
  RT_TRANSFERRED,     /* RT-TRANSFER.cnf: the peer has secured the APDU */
  RT_NOT_TRANSFERRED, /* RT-TRANSFER.cnf: failure, outcome; rtse_progress() tells where to go on */
  RT_BEGIN,           /* transfer in: activity */
  RT_RESUME_IND,      /* transfer in: activity, old_activity, serial, reference: answer with
                       * rtse_resume_accept(), rtse_report() or rtse_abort(); until then nothing may be given
                       * in from below */
  RT_SEGMENT,         /* transfer in: data */
  RT_CHECKPOINT_IND,  /* transfer in: serial: answer with rtse_checkpoint() when what came before is secured */
  RT_TRANSFER_IND,    /* transfer in: whole: answer with rtse_secured() or rtse_report() */
  RT_INTERRUPTED,     /* transfer in: broken off by the peer, or lost with the association: failure */
  RT_ABANDONED,       /* transfer in: given up by the peer: failure */
  RT_ABORT_IND        /* RT-P-ABORT or RT-U-ABORT: failure, abort_reason; nothing follows */
};

/* What became of a transfer out that was not transferred. */
enum rtse_outcome {
  RTSE_INTERRUPTED,  /* may be resumed, on this association or another */
  RTSE_DISCARDED,    /* from the beginning, if at all */
  RTSE_CANNOT_RESUME /* likewise: the peer refused a resumption */
};
/* X.225 8.3.29.5: what a receiver reports an exception for (decision 0066). */
enum rtse_report {
  RTSE_REPORT_JEOPARDIZED = 1,  /* cannot receive for a while */
  RTSE_REPORT_SEQUENCE = 3,     /* a resumption's serial number is none of ours */
  RTSE_REPORT_LOCAL_ERROR = 5,  /* to be resumed */
  RTSE_REPORT_UNRECOVERABLE = 6 /* what had come is deleted */
};

/* How far a transfer out is: what it takes to resume it, but for the identifier of the association. */
struct rtse_progress {
  GBytes *activity; /* identifier of its last start or resumption; held by the machine */
  guint serial;     /* of the last checkpoint confirmed; 0: none */
  guint64 offset;   /* of that checkpoint in the APDU */
  bool ended;       /* the activity's end has been sent: the peer may have it all */
};


struct rtse_indication {
  enum rtse_indication_type type;
  struct rtse_terms terms;
  GBytes *user_data;                     /* or NULL */
  struct presentation_primitive connect; /* RT_OPEN_IND, RT_OPEN_ACCEPTED: parameters of P-CONNECT */
  bool refuse_given;                     /* RTORJ gave a reason: enum rtse_refuse or another */
  guint refuse_reason;
  guint priority;
  gsize want;
  GBytes *activity; /* the identifier as it travels */
  GBytes *old_activity;
  struct session_reference reference; /* RT_RESUME_IND, and a recovering RT_OPEN_IND: of the old connection */
  bool reference_given;               /* RT_RESUME_IND: the old activity was not on this connection */
  bool recover;                       /* RT_OPEN_IND: an association is to be recovered */
  guint serial;
  guint64 offset;
  enum rtse_outcome outcome;
  gint abort_reason; /* RT_ABORT_IND: enum rtse_abort or what the peer sent; -1: no RTAB */
  GBytes *data;
  struct osi_failure failure;
};

enum rtse_output_type {
  RTSE_ACSE,         /* acse: give it to acse_request() */
  RTSE_PRESENTATION, /* presentation: give it to presentation_request() */
  RTSE_INDICATE      /* indication */
};
struct rtse_output {
  enum rtse_output_type type;
  union {
    struct acse_primitive acse;
    struct presentation_primitive presentation;
    struct rtse_indication indication;
  };
};
void rtse_output_clear(struct rtse_output *output);
const char *rtse_indication_name(enum rtse_indication_type type);

struct rtse;
struct rtse *rtse_new(const struct rtse_options *options);
void rtse_free(struct rtse *rtse);
typedef struct rtse rtse_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(rtse_t, rtse_free)

/* From below; the primitives are emptied. */
void rtse_acse(struct rtse *rtse, struct acse_primitive *primitive);
void rtse_presentation(struct rtse *rtse, struct presentation_primitive *primitive);
bool rtse_next(struct rtse *rtse, struct rtse_output *output_r);

/* From the user: false where the state (error names it) does not allow it; nothing happens then.
 * RT-OPEN.req: user_data is the bind; connect holds the selectors and the session reference (emptied). */
bool rtse_open(struct rtse *rtse, enum rtse_dialogue dialogue, GBytes *user_data,
               struct presentation_primitive *connect, GError **error);
/* RT-OPEN.req that recovers the association old (X.228 7.8.3): no bind travels.  turn_there: the responder had
 * the turn, and has it again. */
bool rtse_open_recover(struct rtse *rtse, enum rtse_dialogue dialogue, const struct session_reference *old,
                       bool turn_there, struct presentation_primitive *connect, GError **error);
/* Before RT_OPEN_IND is accepted: no more than this is agreed to, now that the peer is known; the terms then.
 */
struct rtse_terms rtse_limit(struct rtse *rtse, guint checkpoint_max, guint window_max);
/* Answers RT_OPEN_IND; a recovered association has no user_data. */
bool rtse_open_accept(struct rtse *rtse, GBytes *user_data, GError **error);
/* reason goes out in X.410-1984 mode, user_data in normal mode; only RTSE_REFUSE_BUSY is not for good. */
bool rtse_open_refuse(struct rtse *rtse, enum rtse_refuse reason, GBytes *user_data, GError **error);
bool rtse_close(struct rtse *rtse, GError **error);
bool rtse_close_accept(struct rtse *rtse, GError **error);
/* RT-TRANSFER.req for an APDU of size octets; RT_WANT follows. */
bool rtse_transfer(struct rtse *rtse, guint64 size, GError **error);
/* Answers RT_WANT with exactly that many octets. */
bool rtse_data(struct rtse *rtse, GBytes *data, GError **error);
/* Goes on with a transfer of size octets that was interrupted; old: the connection of from->activity, NULL:
 * this one. RT_WANT asks from from->offset on.  hold: not before rtse_go_on(), so that the peer can say first
 * that it has it all. */
bool rtse_resume(struct rtse *rtse, guint64 size, const struct rtse_progress *from,
                 const struct session_reference *old, bool hold, GError **error);
bool rtse_go_on(struct rtse *rtse, GError **error);
/* Breaks the open transfer out off, to be resumed; without a confirmed checkpoint it is given up. */
bool rtse_interrupt(struct rtse *rtse, GError **error);
/* Gives the open transfer out up; RT_NOT_TRANSFERRED follows when the peer has agreed. */
bool rtse_discard(struct rtse *rtse, GError **error);
/* Answers RT_CHECKPOINT_IND, and all before it. */
bool rtse_checkpoint(struct rtse *rtse, guint serial, GError **error);
/* Answers RT_RESUME_IND: the octets that follow the checkpoint it names are taken. */
bool rtse_resume_accept(struct rtse *rtse, GError **error);
/* Answers RT_TRANSFER_IND: the APDU is safe. */
bool rtse_secured(struct rtse *rtse, GError **error);
/* The APDU that comes, has come or is to be resumed cannot be taken: the peer discards or interrupts it.  After
 * RTSE_REPORT_JEOPARDIZED RT_INTERRUPTED or RT_ABANDONED follows, after the others nothing. */
bool rtse_report(struct rtse *rtse, enum rtse_report reason, GError **error);
bool rtse_turn_please(struct rtse *rtse, guint priority, GError **error);
bool rtse_turn_give(struct rtse *rtse, GError **error);
/* RT-U-ABORT.req (RTSE_USER_ERROR) and the provider's own aborts.  No indication follows. */
bool rtse_abort(struct rtse *rtse, enum rtse_abort reason, GError **error);

/* What the peer owes an answer to, for timers: NULL when nothing, else words ("the confirmation of the
 * activity's end"). */
const char *rtse_awaits(const struct rtse *rtse);
bool rtse_transfer_open(const struct rtse *rtse); /* either way */
/* Of the transfer out that is open, or was last. */
struct rtse_progress rtse_progress(const struct rtse *rtse);
/* RT_RESUME_IND is not answered: nothing may be given in from below. */
bool rtse_is_deciding(const struct rtse *rtse);
/* Resumed, and waiting for rtse_go_on(). */
bool rtse_is_holding(const struct rtse *rtse);
const char *rtse_state_name(const struct rtse *rtse);

#endif
