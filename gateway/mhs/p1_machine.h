/* p1_machine.h - the inside of a P1 association; private to p1*.c.
 *
 * p1.c            events, timers, the stream; which file an indication of RTSE's goes to
 * p1_associate.c  the bind, release, abort
 * p1_transfer.c   transfers out and in, the turn
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
  P1_PHASE_BINDING,    /* responder: P1_BIND is told, to be answered */
  P1_PHASE_BOUND,
  P1_PHASE_CLOSING, /* over, or about to be: the layers below take their leave */
  P1_PHASE_CLOSED   /* P1_CLOSE is told */
};

enum p1_timer { P1_TIMER_PHASE, P1_TIMER_TRANSPORT, P1_TIMER_SESSION };

struct p1_association {
  struct p1_options options;
  enum p1_phase phase;
  bool over;      /* P1_REFUSED, P1_RELEASED or P1_ABORTED is told */
  bool releasing; /* as soon as the turn is here */

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

  struct outputs events; /* struct p1_event */
  GByteArray *out;       /* octets for the stream, gathered into one P1_SEND */

  /* Transfer out. */
  bool sending;
  GByteArray *segment; /* what there is of the segment that RTSE wants, when the relay gives it in pieces, or
                        * the EXTERNAL's header before the first; NULL: nothing */
  gsize want;          /* octets still missing from it; 0: none is wanted */
  /* Transfer in. */
  bool receiving, oversize;
  guint64 received;
  guint ends, answers; /* P1_RECEIVE_END told, and answered: an answer belongs to the oldest that has none */

  guint phase_ms; /* as the phase timer runs; 0: stopped */
  bool progress;  /* something came or went since it was started */
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

#endif
