/* rtse_machine.h - RTSE's states, events and table rows; private to rtse*.c and their test.
 *
 * rtse.c           the contract: requests and primitives become events, the table's step
 * rtse_table.c     the table and its guards
 * rtse_open.c      actions: opening, closing, aborting
 * rtse_transfer.c  actions: transferring, the turn
 * rtse_resume.c    actions: interrupting, discarding, resuming */
#ifndef GW400_OSI_RTSE_MACHINE_H
#define GW400_OSI_RTSE_MACHINE_H

#include "osi/outputs.h"
#include "osi/rtse.h"

/* X(constant, name) */
#define RTSE_STATES(X)                                                                                       \
  X(IDLE, "no association")                                                                                  \
  X(OPENING, "awaiting A-ASSOCIATE.cnf")                                                                     \
  X(OPENED, "awaiting RT-OPEN.rsp")                                                                          \
  X(TURN, "open, turn here")                                                                                 \
  X(WAIT, "open, turn with the peer")                                                                        \
  X(SENDING, "sending")                                                                                      \
  X(ENDING, "awaiting P-ACTIVITY-END.cnf")                                                                   \
  X(HOLDING, "resumed, awaiting word that it is complete")                                                   \
  X(INTERRUPTING, "awaiting P-ACTIVITY-INTERRUPT.cnf")                                                       \
  X(DISCARDING, "awaiting P-ACTIVITY-DISCARD.cnf")                                                           \
  X(RESUMED, "resumed by the peer, awaiting from where")                                                     \
  X(RECEIVING, "receiving")                                                                                  \
  X(RECEIVED, "received, awaiting that it is secured")                                                       \
  X(STOPPING, "exception reported, awaiting its interruption")                                               \
  X(REPORTED, "exception reported, awaiting its discard")                                                    \
  X(CLOSING, "awaiting A-RELEASE.cnf")                                                                       \
  X(CLOSED_BY_PEER, "awaiting RT-CLOSE.rsp")                                                                 \
  X(CLOSED, "closed")

/* X(constant, name) */
#define RTSE_EVENTS(X)                                                                                       \
  /* the user's */                                                                                           \
  X(RT_OPEN_REQ, "RT-OPEN.req")                                                                              \
  X(RT_OPEN_RSP_ACCEPT, "RT-OPEN.rsp accepting")                                                             \
  X(RT_OPEN_RSP_REFUSE, "RT-OPEN.rsp refusing")                                                              \
  X(RT_CLOSE_REQ, "RT-CLOSE.req")                                                                            \
  X(RT_CLOSE_RSP, "RT-CLOSE.rsp")                                                                            \
  X(RT_TRANSFER_REQ, "RT-TRANSFER.req")                                                                      \
  X(RT_DATA, "segment of RT-TRANSFER.req")                                                                   \
  X(RT_RESUME_REQ, "RT-TRANSFER.req resumed")                                                                \
  X(RT_GO_ON, "resumed RT-TRANSFER.req goes on")                                                             \
  X(RT_INTERRUPT, "RT-TRANSFER.req interrupted")                                                             \
  X(RT_DISCARD, "RT-TRANSFER.req withdrawn")                                                                 \
  X(RT_RESUME_RSP, "resumption accepted")                                                                    \
  X(RT_CHECKPOINT_RSP, "checkpoint secured")                                                                 \
  X(RT_SECURED, "RT-TRANSFER.ind secured")                                                                   \
  X(RT_REPORT, "RT-TRANSFER.ind not secured")                                                                \
  X(RT_TURN_PLEASE_REQ, "RT-TURN-PLEASE.req")                                                                \
  X(RT_TURN_GIVE_REQ, "RT-TURN-GIVE.req")                                                                    \
  X(RT_ABORT_REQ, "RT-U-ABORT.req")                                                                          \
  /* ACSE's */                                                                                               \
  X(A_ASSOCIATE_IND, "A-ASSOCIATE.ind with RTORQ")                                                           \
  X(A_ASSOCIATE_IND_INVALID, "A-ASSOCIATE.ind without RTORQ")                                                \
  X(A_ASSOCIATE_CNF_ACCEPT, "A-ASSOCIATE.cnf with RTOAC")                                                    \
  X(A_ASSOCIATE_CNF_INVALID, "A-ASSOCIATE.cnf without RTOAC")                                                \
  X(A_ASSOCIATE_CNF_REFUSE, "A-ASSOCIATE.cnf refusing")                                                      \
  X(A_RELEASE_IND, "A-RELEASE.ind")                                                                          \
  X(A_RELEASE_CNF, "A-RELEASE.cnf")                                                                          \
  X(A_ABORT_IND, "A-ABORT.ind")                                                                              \
  X(A_P_ABORT_IND, "A-P-ABORT.ind")                                                                          \
  /* presentation's */                                                                                       \
  X(P_ACTIVITY_START_IND, "P-ACTIVITY-START.ind")                                                            \
  X(P_ACTIVITY_RESUME_IND, "P-ACTIVITY-RESUME.ind")                                                          \
  X(P_DATA_IND, "P-DATA.ind with RTTR")                                                                      \
  X(P_DATA_IND_INVALID, "P-DATA.ind without RTTR")                                                           \
  X(P_SYNC_MINOR_IND, "P-SYNC-MINOR.ind")                                                                    \
  X(P_SYNC_MINOR_CNF, "P-SYNC-MINOR.cnf")                                                                    \
  X(P_ACTIVITY_END_IND, "P-ACTIVITY-END.ind")                                                                \
  X(P_ACTIVITY_END_CNF, "P-ACTIVITY-END.cnf")                                                                \
  X(P_ACTIVITY_INTERRUPT_IND, "P-ACTIVITY-INTERRUPT.ind")                                                    \
  X(P_ACTIVITY_INTERRUPT_CNF, "P-ACTIVITY-INTERRUPT.cnf")                                                    \
  X(P_ACTIVITY_DISCARD_IND, "P-ACTIVITY-DISCARD.ind")                                                        \
  X(P_ACTIVITY_DISCARD_CNF, "P-ACTIVITY-DISCARD.cnf")                                                        \
  X(P_U_EXCEPTION_IND, "P-U-EXCEPTION-REPORT.ind")                                                           \
  X(P_P_EXCEPTION_IND, "P-P-EXCEPTION-REPORT.ind")                                                           \
  X(P_TOKEN_PLEASE_IND, "P-TOKEN-PLEASE.ind with RTTP")                                                      \
  X(P_CONTROL_GIVE_IND, "P-CONTROL-GIVE.ind")                                                                \
  X(P_OTHER_IND, "a presentation primitive that RTSE does not use")

#define RTSE_STATE(constant, name) RTSE_STATE_##constant,
enum rtse_state { RTSE_STATES(RTSE_STATE) RTSE_STATE_COUNT, RTSE_STATE_ANY = RTSE_STATE_COUNT };
#undef RTSE_STATE
#define RTSE_EVENT(constant, name) RTSE_EVENT_##constant,
enum rtse_event { RTSE_EVENTS(RTSE_EVENT) RTSE_EVENT_COUNT };
#undef RTSE_EVENT

const char *rtse_event_name(enum rtse_event event);

/* Everything that an event brings with it; what it owns is taken or freed by whoever raised it. */
struct rtse_input {
  GBytes *user_data;                           /* RT-OPEN.req/rsp */
  struct presentation_primitive *connect;      /* RT-OPEN.req */
  enum rtse_dialogue dialogue;                 /* RT-OPEN.req */
  enum rtse_refuse refuse;                     /* RT-OPEN.rsp refusing */
  const struct session_reference *old;         /* RT-OPEN.req that recovers; RT-TRANSFER.req resumed */
  bool turn_there;                             /* RT-OPEN.req that recovers */
  guint64 size;                                /* RT-TRANSFER.req */
  const struct rtse_progress *from;            /* RT-TRANSFER.req resumed */
  bool hold;                                   /* likewise */
  guint serial;                                /* checkpoint secured */
  enum rtse_report report;                     /* RT-TRANSFER.ind not secured */
  GBytes *data;                                /* segment out */
  guint priority;                              /* RT-TURN-PLEASE.req */
  enum rtse_abort abort;                       /* RT-U-ABORT.req */
  struct acse_primitive *acse;                 /* ACSE's events */
  struct presentation_primitive *presentation; /* presentation's events */
  struct rtse_apdu *apdu;                      /* the APDU read from either, or NULL */
  GPtrArray *slices;                           /* P-DATA.ind: the segments */
  const char *why;                             /* an invalid one: what is wrong */
};

struct rtse {
  struct rtse_options options;
  enum rtse_state state;
  struct rtse_terms terms;
  struct outputs outputs;             /* struct rtse_output */
  guint32 activity;                   /* number of the last activity that we started or resumed */
  guint serial;                       /* of the last minor synchronization point of the open activity */
  guint secured;                      /* of the last one confirmed */
  struct osi_failure failure;         /* why the transfer under way is being discarded or interrupted */
  struct session_reference reference; /* of the connection, for the answer */
  bool recovering;                    /* the association is, or is to be, recovered: */
  struct session_reference recovered; /* responder: the one that it was */
  struct {
    GBytes *activity;
    guint64 size, left;  /* octets: of the APDU; still to be given */
    gsize segment;       /* octets between checkpoints */
    gsize want;          /* asked for and not yet given; 0: none */
    guint unconfirmed;   /* checkpoints sent and not confirmed */
    guint from_serial;   /* the checkpoint at which it was started or resumed, */
    guint64 from_offset; /* and its place */
    bool resumed, ended; /* the activity's end was sent, now or before the resumption */
  } out;
  guint end_serial; /* transfer in: of the activity's end */
};

typedef bool (*rtse_guard)(const struct rtse *rtse, const struct rtse_input *input);
typedef void (*rtse_action)(struct rtse *rtse, const struct rtse_input *input);

struct rtse_row {
  enum rtse_state state;
  enum rtse_event event;
  rtse_guard guard; /* NULL: always */
  rtse_action action;
  enum rtse_state next;
  const char *source; /* clause, or the capture and decision page */
};
extern const struct rtse_row rtse_table[];
extern const gsize rtse_table_rows;

/* The row that applies; NULL when the state does not take the event. */
const struct rtse_row *rtse_find_row(const struct rtse *rtse, enum rtse_event event,
                                     const struct rtse_input *input);
/* Takes the event through the table.  An event of a peer's without a row aborts the association; false for
 * one of the user's without a row. */
bool rtse_step(struct rtse *rtse, enum rtse_event event, const struct rtse_input *input);
bool rtse_event_is_users(enum rtse_event event);

/* X.228 8.1; capture: 0x0249 */
#define RTSE_UNITS (SESSION_HALF_DUPLEX | SESSION_MINOR_SYNC | SESSION_ACTIVITY | SESSION_EXCEPTIONS)

/* Fresh outputs at the end of the queue, to be filled in. */
struct rtse_indication *rtse_indicate(struct rtse *rtse, enum rtse_indication_type type);
struct acse_primitive *rtse_to_acse(struct rtse *rtse, enum acse_service service, enum session_kind kind);
struct presentation_primitive *rtse_to_presentation(struct rtse *rtse, enum session_service service,
                                                    enum session_kind kind);
/* An APDU of ours in the association's mode. */
GBytes *rtse_write(const struct rtse *rtse, struct rtse_apdu *apdu);
void rtse_send_abort(struct rtse *rtse, enum rtse_abort reason);
/* The user hears of an open transfer before it hears that the association is gone; was: the state before;
 * abort_reason: of the peer's RTAB, or -1. */
void rtse_lose_transfer(struct rtse *rtse, enum rtse_state was, const struct osi_failure *failure,
                        gint abort_reason);
/* Sender: a transfer was resumed, and no checkpoint confirmed since: what the peer reports, it says of
 * resuming. */
bool rtse_is_refused_resumption(const struct rtse *rtse);
/* Sender: asks the user for the next segment where the window allows one. */
void rtse_ask_for_segment(struct rtse *rtse);
/* The identifier of the next activity of ours, which the sender's transfer then has. */
GBytes *rtse_next_activity(struct rtse *rtse);

/* Guards. */
bool rtse_is_two_way(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_turn_is_here(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_may_close(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_is_wanted(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_is_last(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_is_resumable(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_is_report_resumable(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_is_held(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_has_room(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_is_unconfirmed(const struct rtse *rtse, const struct rtse_input *input);
bool rtse_is_jeopardized(const struct rtse *rtse, const struct rtse_input *input);

/* Actions. */
void rtse_do_open(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_indicate_open(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_refuse_invalid(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_accept(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_refuse(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_confirm_open(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_confirm_refused(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_close(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_indicate_close(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_close_accept(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_confirm_close(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_start(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_send_segment(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_send_last(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_checkpoint_confirmed(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_transferred(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_discard(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_discard_reported(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_discarded(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_begin(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_resume(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_go_on(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_interrupt(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_interrupt_reported(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_interrupted_out(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_indicate_resume(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_interrupted_in(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_abort_completed(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_segment(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_indicate_checkpoint(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_confirm_checkpoint(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_whole(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_secured(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_report(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_abandon(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_abandon_reported(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_answer_discard(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_turn_please(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_indicate_please(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_turn_give(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_turn_taken(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_abort(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_indicate_abort(struct rtse *rtse, const struct rtse_input *input);
void rtse_do_nothing(struct rtse *rtse, const struct rtse_input *input);

#endif
