/* p1_machine.h - the inside of a P1 association; private to p1*.c.
 *
 * p1.c            events, timers, the stream; which file an indication of RTSE's goes to
 * p1_associate.c  the bind, release, abort
 * p1_transfer.c   transfers out and in, the turn
 * p1_resume.c     their recovery: checkpoints, interruption, resumption, recovered associations
 * p1_identifier.c  values: session connection identifiers, resumptions
 * p1_bind.c       MTA-bind's octets
 * p1_stack.c      the five machines below and the way of primitives between them */
#ifndef GW400_MHS_P1_MACHINE_H
#define GW400_MHS_P1_MACHINE_H

#include "mhs/p1.h"
#include "osi/outputs.h"
#include "osi/rtse.h"
#include "osi/session.h"
#include "osi/transport.h"

enum p1_phase {
  P1_PHASE_NEW,
  P1_PHASE_CONNECTING, /* TCP is up, no bind yet */
  P1_PHASE_BINDING,    /* responder: P1_BIND or P1_RECOVER is told, to be answered */
  P1_PHASE_BOUND,
  P1_PHASE_CLOSING, /* over, or about to be: the layers below take their leave */
  P1_PHASE_CLOSED   /* P1_CLOSE is told */
};

enum p1_timer { P1_TIMER_PHASE, P1_TIMER_TRANSPORT, P1_TIMER_SESSION, P1_TIMER_RESUME };

/* The mode's two halves: presentation, ACSE and RTSE in X.410-1984 mode or not. */
bool p1_mode_is_x410(enum p1_mode mode);

struct p1_association {
  struct p1_options options;
  enum p1_phase phase;
  bool over;      /* P1_REFUSED, P1_RELEASED or P1_ABORTED is told */
  bool releasing; /* as soon as the turn is here */
  bool turn_here; /* as far as is known */
  enum p1_mode mode; /* initiator: of the options; responder: recognised, then decided */

  struct transport *transport;
  struct session *session;
  struct presentation *presentation;
  struct acse *acse;
  struct rtse *rtse;
  bool transport_up, opened; /* CC or CR has come; CN has gone out or come in */
  char *transport_words;     /* why the transport connection is over */
  bool transport_by_peer;
  struct osi_selector calling_tsel, called_tsel;
  struct rtse_terms terms; /* responder: as they will be agreed */
  struct p1_session_identifier identifier; /* of this association */
  struct p1_session_identifier recover;    /* the options' */

  struct outputs events; /* struct p1_event */
  bool bind_out; /* what is in out may hold a password: until the first of it after the bind has gone */
  GByteArray *out;       /* octets for the stream, gathered into one P1_SEND */

  /* Transfer out. */
  bool sending;
  gsize header; /* octets of the EXTERNAL's header: RTSE's offsets are greater by it than the relay's */
  GByteArray *segment; /* what there is of the segment that RTSE wants, when the relay gives it in pieces, or
                        * the EXTERNAL's header before the first; NULL: nothing */
  gsize want;          /* octets still missing from it; 0: none is wanted */
  /* Transfer in. */
  bool receiving, oversize;
  guint64 received;
  guint transfer;              /* their number */
  struct p1_resumption coming; /* the one that comes: its activity, the last confirmed checkpoint */
  GArray *checkpoints;         /* struct p1_checkpoint: told and not confirmed */
  guint ends, answers; /* P1_RECEIVE_END told, and answered: an answer belongs to the oldest that has none */

  guint phase_ms; /* as the phase timer runs; 0: stopped */
  bool progress;  /* something came or went since it was started */
  bool holding;   /* the resume timer runs */
};

struct p1_checkpoint {
  guint serial;
  guint64 offset;
};

/* The machines below, made from the options. */
void p1_stack_new(struct p1_association *association);
void p1_stack_free(struct p1_association *association);
/* Takes every output of the machines to where it belongs, until there are none. */
void p1_stack_run(struct p1_association *association);

/* From the stack to p1.c.  Initiator, transport connected: opens the association with the bind. */
void p1_open(struct p1_association *association);
void p1_rtse_indication(struct p1_association *association, struct rtse_indication *indication);
/* A machine refused what another one asked of it: an error of ours, which ends the association. */
void p1_fault(struct p1_association *association, const GError *error);
/* A fresh event at the end of the queue. */
struct p1_event *p1_put(struct p1_association *association, enum p1_event_type type);

/* p1.c.  Every entry point ends with p1_run(); before: the phase when it began. */
void p1_run(struct p1_association *association, enum p1_phase before);
void p1_tell_failure(struct p1_association *association, enum p1_event_type type, enum p1_step step,
                     bool by_peer, bool permanent, const char *words);
/* Tells what was open, then the end; once. */
void p1_end(struct p1_association *association, enum p1_event_type type, enum p1_step step, bool by_peer,
            bool permanent, const char *words);
/* Ends it from here: by RTAB when there is an association to abort, else by ending the transport connection.
 */
void p1_abort_here(struct p1_association *association, enum p1_step step, enum rtse_abort reason,
                   const char *words);

/* p1_associate.c */
struct p1_event *p1_tell_bound(struct p1_association *association, const struct rtse_terms *terms);
/* Which mode, protocol and selectors an association came with. */
void p1_tell_origin(const struct p1_association *association, const struct rtse_indication *indication,
                    struct p1_event *event);
void p1_on_open_ind(struct p1_association *association, struct rtse_indication *indication);
void p1_on_open_accepted(struct p1_association *association, struct rtse_indication *indication);
void p1_on_open_refused(struct p1_association *association, struct rtse_indication *indication);
void p1_on_turn(struct p1_association *association);
void p1_on_abort(struct p1_association *association, const struct rtse_indication *indication);

/* p1_transfer.c */
void p1_on_want(struct p1_association *association, gsize want);
void p1_on_transfer_over(struct p1_association *association, const struct rtse_indication *indication);
void p1_on_segment(struct p1_association *association, const struct rtse_indication *indication);
void p1_forget_segment(struct p1_association *association);
/* The octets that stand before the MTS-APDU. */
GByteArray *p1_transfer_header(const struct p1_association *association, guint64 size);

/* p1_resume.c */
void p1_resume_init(struct p1_association *association, const struct p1_options *options);
void p1_resume_clear(struct p1_association *association);
void p1_on_checkpoint(struct p1_association *association, const struct rtse_indication *indication);
void p1_on_begin(struct p1_association *association, struct rtse_indication *indication);
void p1_on_resume(struct p1_association *association, struct rtse_indication *indication);
void p1_on_checkpoint_in(struct p1_association *association, const struct rtse_indication *indication);
/* P1_NOT_SENT with what it takes to resume it. */
void p1_tell_not_sent(struct p1_association *association, enum p1_step step, bool by_peer, bool permanent,
                      enum p1_outcome outcome, const char *words);
/* The transfer that comes is broken off: P1_RECEIVE_INTERRUPTED where it can be resumed, else _ABANDONED. */
void p1_tell_interrupted(struct p1_association *association, enum p1_step step, bool by_peer,
                         const char *words);
/* Initiator: opens the association as a recovery of the options' old one. */
bool p1_open_recover(struct p1_association *association, enum rtse_dialogue dialogue,
                     struct presentation_primitive *connect, GError **error);
/* Responder: RTORQ recovers an association. */
void p1_on_recover(struct p1_association *association, const struct rtse_indication *indication);
/* The identifier of this association, from the references of its S-CONNECT. */
void p1_take_identifier(struct p1_association *association, const struct session_reference *reference);
/* The timer of a resumption that holds its octets back. */
void p1_keep_resume_timer(struct p1_association *association);

#endif
