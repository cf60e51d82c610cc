/* p1_pair.h - P1 associations driven as the relay drives them: one alone, or two back to back over a wire in
 * memory. */
#ifndef GW400_TESTS_P1_PAIR_H
#define GW400_TESTS_P1_PAIR_H

#include <glib.h>
#include <stdbool.h>

#include "lib/p1_store.h"
#include "lib/pcap_write.h"
#include "mhs/p1.h"

/* One side: the machine, what its relay does by itself, and what was seen. */
struct p1_end {
  struct p1_association *association;

  /* What the relay does. */
  const char *name, *password;             /* responder: its own; answers the bind with them */
  const char *wants_name, *wants_password; /* of the peer; NULL: takes any */
  enum p1_password_form form;
  bool mode_given; /* the responder's entry has a mode */
  enum p1_mode mode;
  bool refuse_busy;
  GQueue to_send; /* GBytes: transfers, one after the other */
  bool release_when_done;
  bool hold_confirm;    /* RECEIVE_END is left unanswered */
  bool reject;          /* RECEIVE_END is answered by reject */
  bool never_give_turn; /* TURN_ASKED is ignored */
  bool want_turn;       /* asks for it when bound */
  gsize piece;          /* WANT_DATA is answered with at most that many octets; 0: all */
  bool discard_second;  /* the second WANT_DATA is answered by discard */
  guint interrupt_at;   /* that WANT_DATA, counted from 1, is answered by interrupt; 0: none */
  bool hold_checkpoints;   /* RECEIVE_CHECKPOINT is left unanswered */
  struct p1_store *store;  /* receives through it, and resumes from it; NULL: keeps nothing, refuses to resume */
  struct p1_resumption *resumption; /* where the next transfer goes on, and what is left when it is broken off; the
                                     * test's, NULL: never resumes */

  /* What was seen. */
  GString *trace;      /* names of all events but send and timer, a space after each */
  GByteArray *wire;    /* written, not yet taken by the other side */
  GByteArray *written; /* all that was written */
  GPtrArray *received; /* GBytes: transfers whole and confirmed */
  GByteArray *coming;
  GBytes *sending;
  gsize given;
  struct p1_event bind, bound, end; /* the last of each; end: refused, released or aborted */
  bool bind_seen, bound_seen, end_seen, closed, ready, oversize, turn_asked;
  guint wants, sent, not_sent, begun, whole, confirmed, abandoned, interrupted, resumed, sends, asked;
  guint checkpoints_in, checkpoints_out;
  guint64 octets_given; /* of all transfers */
  enum p1_outcome outcome;
  char *not_sent_words;
  bool not_sent_permanent;
  guint timers[4];
};

struct p1_pair {
  struct p1_end initiator, responder;
  gsize chunk;                 /* octets that pass at a time; 0: all there is */
  struct pcap_writer *capture; /* what passes is written there; NULL: nowhere */
};

/* Options as the tests have them: names sea and land, passwords, 4 KiB checkpoints, window 3, two-way
 * allowed. */
struct p1_options p1_options_default(bool initiator);

void p1_end_init(struct p1_end *end, const struct p1_options *options);
void p1_end_clear(struct p1_end *end);
/* Handles all its events. */
void p1_end_drain(struct p1_end *end);
void p1_end_send(struct p1_end *end, GBytes *apdu);

struct p1_pair *p1_pair_new(const struct p1_options *initiator, const struct p1_options *responder);
void p1_pair_free(struct p1_pair *pair);
/* Connects, and lets octets pass until none are left. */
void p1_pair_connect(struct p1_pair *pair);
void p1_pair_run(struct p1_pair *pair);
/* Lets at most so many octets pass from one side to the other; returns how many did. */
gsize p1_pair_pass(struct p1_pair *pair, bool from_initiator, gsize octets);
/* Cuts the connection: what is on the wire is lost. */
void p1_pair_cut(struct p1_pair *pair);

/* The APDU of a received transfer: inside an EXTERNAL in normal mode; aborts the test when there is none. */
GBytes *p1_unwrap(enum p1_mode mode, GBytes *received);
GBytes *p1_random_apdu(gsize size, guint seed);

#endif
