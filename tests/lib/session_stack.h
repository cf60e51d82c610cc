/* session_stack.h - two stacks of transport and session, wired back to back, played by a script; for tests of sessions. */
#ifndef GW400_TESTS_SESSION_STACK_H
#define GW400_TESTS_SESSION_STACK_H

#include "osi/session.h"
#include "osi/transport.h"

enum { INITIATOR, RESPONDER };

/* When the side's next primitive is `on` (NULL: at once, after the step before), give the primitive of the rest. */
struct step {
  int side;
  const char *on;
  bool quiet; /* only take note of `on` */
  enum session_service service;
  enum session_kind kind;
  const char *data, *activity, *old_activity;
  guint tokens, serial, reason;
  bool refuse;
};

struct node {
  struct transport *transport;
  struct session *session;
  int side;
  guint step;        /* of its own steps, the next */
  GString *seen;     /* names of the primitives it was given */
  GPtrArray *data;   /* GBytes of S-DATA.ind */
  GPtrArray *tsdus;  /* GBytes it sent */
  GByteArray *wire;  /* octets it sent */
  gsize delivered;   /* of wire */
  bool down;         /* its transport has ended */
  bool disconnected; /* its session said so */
  char *last;        /* the name of the last primitive */
  char *words;       /* of an S-P-ABORT.ind */
  guint timer;
};

struct stack {
  struct node nodes[2];
  const struct step *script;
  gsize steps;
  gsize chop;   /* octets delivered at a time */
  gsize budget; /* octets until the connection is cut */
  bool strict;  /* the script must be followed to the letter */
};

void stack_init(struct stack *stack, const struct step *script, gsize steps, const struct session_options options[2],
                guint8 tpdu_size);
/* Runs until nothing moves any more. */
void stack_run(struct stack *stack);
void stack_clear(struct stack *stack);

#endif
