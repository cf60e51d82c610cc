/* presentation_machine.h - what the files of the presentation machine share; private to presentation*.c.
 *
 * presentation.c           the contract: requests and session's primitives become events
 * presentation_table.c     the table of X.226 annex A and its actions
 * presentation_contexts.c  the defined context set
 * presentation_ppdu.c      PPDUs                   pdv.c  user data */
#ifndef GW400_OSI_PRESENTATION_MACHINE_H
#define GW400_OSI_PRESENTATION_MACHINE_H

#include "osi/outputs.h"
#include "osi/presentation.h"
#include "osi/presentation_ppdu.h"

enum presentation_state { STAI0, STAI1, STAI2, STAT0, STATE_ANY };
enum presentation_event {
  P_CONNECT_REQ,
  P_CONNECT_RSP_ACCEPT,
  P_CONNECT_RSP_REFUSE,
  P_RELEASE_RSP,
  P_U_ABORT_REQ,
  P_OTHER,    /* any other request or response of the user */
  CP,         /* a proposal that can be put to the user */
  CP_REFUSED, /* one that we refuse ourselves */
  CPA,
  CPA_INVALID,
  CPR, /* or the session's own refusal */
  ARU,
  ARP,        /* or S-P-ABORT */
  S_RELEASED, /* S-RELEASE.cnf */
  S_OTHER,    /* any other indication or confirm, user data readable */
  S_INVALID   /* one with unreadable user data, or that this protocol has no use for */
};

struct presentation {
  enum presentation_state state;
  enum oid *syntaxes;
  guint syntax_count;
  struct osi_selector local, remote;
  struct presentation_limits limits;
  GArray *contexts;       /* struct presentation_context: as proposed, with their results once known */
  guint version;          /* of the session connection; 0: not known yet */
  bool x410;              /* the mode of the connection */
  struct outputs outputs; /* struct presentation_output */
  /* Of the step under way: what was read from the peer, and why it is refused. */
  struct presentation_ppdu ppdu;
  gint reason, abort_event;
  char *why;
};

/* --- presentation_table.c --- */

/* Takes the event through the table; false when the state has no row for it.  Actions take what is in
 * primitive. */
bool presentation_step(struct presentation *presentation, enum presentation_event event,
                       struct presentation_primitive *primitive);
/* P-P-ABORT of our own: the peer broke the protocol (X.226 6.4).  Session version 1 has no room for an ARP,
 * and X.410-1984 none of these. */
void presentation_abort_invalid(struct presentation *presentation, struct presentation_primitive *primitive);

/* --- presentation_contexts.c --- */

/* Responder: takes the proposed contexts over and decides on each (X.226 6.2).  False: none is left. */
bool presentation_decide_contexts(struct presentation *presentation, GArray *proposed);
/* Initiator: the results stand in the order of the proposal. */
void presentation_take_results(struct presentation *presentation, const GArray *results);
/* Peer's values: each must stand in a context of the set (X.226 6.6); simply encoded data in the only one. */
bool presentation_resolve(const struct presentation *presentation, GArray *values);
/* Our user's values: their contexts are found by syntax. */
bool presentation_place(const struct presentation *presentation, GArray *values, GError **error);

#endif
