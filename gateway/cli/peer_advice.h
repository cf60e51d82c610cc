/* peer_advice.h - from what a test call saw to which side must change what. */
#ifndef GW400_CLI_PEER_ADVICE_H
#define GW400_CLI_PEER_ADVICE_H

#include "config/config.h"
#include "mhs/p1.h"

/* The steps of a call: three of our own, then those of the association. */
enum peer_step { PEER_RESOLVE, PEER_TCP, PEER_TLS, PEER_LAYERS };
enum { PEER_STEPS = PEER_LAYERS + P1_STEP_TRANSFER + 1 };
#define PEER_STEP_OF(p1_step_) (PEER_LAYERS + (guint)(p1_step_))
const char *peer_step_name(guint step);

/* How the failed step ended. */
enum peer_end {
  PEER_ANSWERED, /* something came that ended it */
  PEER_CLOSED,   /* the connection was closed instead */
  PEER_SILENT    /* nothing came in time */
};

struct peer_case {
  const struct config_peer *peer;
  guint step;
  enum peer_end end;
  const char *words;    /* what the step's own layer says */
  const char *answered; /* everything that came, "name: text" by lines */
  bool bound;           /* the peer took our bind: it is its answer that does not fit */
  bool tls_there;       /* we spoke without TLS, and the port answers it */
};

/* Whom to ask first. */
enum peer_side { PEER_SIDE_OURS, PEER_SIDE_PEER, PEER_SIDE_NETWORK };
const char *peer_side_name(enum peer_side side); /* "ours", "peer", "network" */

struct peer_advice {
  enum peer_side side;
  char *cause;
};
/* Always finds one. The cause is to be freed. */
struct peer_advice peer_advice_of(const struct peer_case *seen);
/* A step that passed although the peer broke a rule in what it said ("name: text" by lines); the same. */
bool peer_remark_of(guint step, const char *sent, const char *came, struct peer_advice *remark_r);

#endif
