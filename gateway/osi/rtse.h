/* rtse.h - the reliable transfer protocol machine: the services of X.218 by the APDUs of X.228 9, in normal
 * and X.410-1984 mode.
 *
 * It sits on acse.h (opening, closing, aborting) and presentation.h (activities, data, checkpoints, tokens).
 * A transfer is one activity: RTTR after RTTR, a minor synchronization point after each but the last, then
 * the activity's end, whose confirmation says that the receiver has secured the APDU.  At most `window`
 * points are unconfirmed.  The turn is all session tokens; it passes by S-CONTROL-GIVE outside an activity.
 * In X.410-1984 mode the APDUs stand bare, a segment is the octets themselves, and a refusal has a reason
 * instead of user data; a responder takes whichever mode comes. The table is rtse_table.c; X.228's prose was
 * not at hand when it was written: see docs/decisions/0026.
 *
 * Use: create; rtse_open() or answer RT_OPEN_IND; give rtse_acse() and rtse_presentation() what those
 * machines indicate; after each call drain rtse_next().  Octets stream: a segment out is asked for by
 * RT_WANT, a segment in is told by RT_SEGMENT as slices of what came; nothing is gathered here. Left out:
 * X.410 mode and resuming (issue 3): a resume is answered with an exception, so that the peer starts anew. */
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
  RT_TRANSFERRED,     /* RT-TRANSFER.cnf: the peer has secured the APDU */
  RT_NOT_TRANSFERRED, /* RT-TRANSFER.cnf: failure */
  RT_BEGIN,           /* transfer in: activity */
  RT_SEGMENT,         /* transfer in: data */
  RT_TRANSFER_IND,    /* transfer in: whole: answer with rtse_secured() or rtse_reject() */
  RT_ABANDONED,       /* transfer in: given up by the peer, or lost: failure */
  RT_ABORT_IND        /* RT-P-ABORT or RT-U-ABORT: failure; nothing follows */
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
bool rtse_open_accept(struct rtse *rtse, GBytes *user_data, GError **error);
/* reason goes out in X.410-1984 mode, user_data in normal mode; only RTSE_REFUSE_BUSY is not for good. */
bool rtse_open_refuse(struct rtse *rtse, enum rtse_refuse reason, GBytes *user_data, GError **error);
bool rtse_close(struct rtse *rtse, GError **error);
bool rtse_close_accept(struct rtse *rtse, GError **error);
/* RT-TRANSFER.req for an APDU of size octets; RT_WANT follows. */
bool rtse_transfer(struct rtse *rtse, guint64 size, GError **error);
/* Answers RT_WANT with exactly that many octets. */
bool rtse_data(struct rtse *rtse, GBytes *data, GError **error);
/* Gives the open transfer out up; RT_NOT_TRANSFERRED follows when the peer has agreed. */
bool rtse_discard(struct rtse *rtse, GError **error);
/* Answers RT_TRANSFER_IND: the APDU is safe; or it cannot be kept (this one also while it is coming). */
bool rtse_secured(struct rtse *rtse, GError **error);
bool rtse_reject(struct rtse *rtse, GError **error);
bool rtse_turn_please(struct rtse *rtse, guint priority, GError **error);
bool rtse_turn_give(struct rtse *rtse, GError **error);
/* RT-U-ABORT.req (RTSE_USER_ERROR) and the provider's own aborts.  No indication follows. */
bool rtse_abort(struct rtse *rtse, enum rtse_abort reason, GError **error);

/* What the peer owes an answer to, for timers: NULL when nothing, else words ("the confirmation of the
 * activity's end"). */
const char *rtse_awaits(const struct rtse *rtse);
bool rtse_transfer_open(const struct rtse *rtse); /* either way */
const char *rtse_state_name(const struct rtse *rtse);

#endif
