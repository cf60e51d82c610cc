/* hop.h - the queue before each next hop: what is due is claimed, converted ahead of its turn, given to the
 * hop's transport, and its outcome recorded.  A hop that cannot be reached rests alone: no other hop waits
 * for it.
 *
 * Hops: "p1:PEER" (p1_out), "smtp:DOMAIN" and "smtp:[HOST]:PORT" (smtp_out), "report" (reporting: the
 * originator gets word). */
#ifndef GW400_RELAY_HOP_H
#define GW400_RELAY_HOP_H

#include "mapping/job.h"
#include "relay/context.h"

#define HOP_REPORT "report"

enum outcome_kind { OUTCOME_NONE, OUTCOME_SENT, OUTCOME_DEFERRED, OUTCOME_FAILED };
struct outcome {
  enum outcome_kind kind;
  char *code, *words, *remote;
  gint reason, diagnostic; /* X.411 numbers, -1: from the code */
  bool report_delivery;    /* sent, a success report is wanted and nobody behind us will make it */
};

/* One message for one hop: the recipients that lie there, the converted octets, the outcome of each
 * recipient. */
struct delivery {
  struct hop *hop;
  struct store_message *message;
  struct mapping_result *written;
  int fd;                   /* of the converted octets */
  struct outcome *outcomes; /* one per message->recipients */
  gint64 begun_us;
};

struct hop {
  struct relay *relay;
  char *name;
  void (*wake)(struct hop *hop); /* the transport: prepared deliveries wait, or sessions fell idle */
  GQueue fresh[3];               /* of delivery by priority: to be converted */
  GQueue prepared[3];            /* converted, waiting for a session */
  guint converting, sending;
  guint sessions;          /* the transport's, open or opening */
  bool claiming, more;     /* the store is being asked; it may hold more that is due */
  gint64 blocked_until_us; /* after failures to reach it */
  guint failures;
  char *last_error;
  struct net_timer *timer;
  gint64 timer_us; /* when it rings; 0: not set */
  void *transport; /* the transport's own */
};

void hops_new(struct relay *relay);
void hops_free(struct relay *relay);
/* Claimed recipients of a message, all at hops of their own: takes the message, parts it by hop. */
void hops_give(struct relay *relay, struct store_message *message);
/* The store may hold work for this hop (released, retried, a recipient turned over to reporting). */
void hop_kick(struct relay *relay, const char *name);
/* Asks the store which hops have waiting work and kicks those that are due; called at start and each minute.
 */
void hops_review(struct relay *relay);
struct hop *hop_find(struct relay *relay, const char *name);

/* For the transports. */
struct delivery *hop_take(struct hop *hop); /* next prepared delivery, urgent first; NULL: none */
bool hop_has_work(const struct hop *hop);   /* prepared deliveries wait */
/* Sets the outcome of one recipient (or of all that have none yet with index G_MAXUINT). Texts are copied. */
void delivery_outcome(struct delivery *delivery, guint index, enum outcome_kind kind, const char *code,
                      const char *words, const char *remote);
/* Commits the outcomes (those without one are deferred with words), frees the delivery and lets the hop go
 * on. */
void delivery_finish(struct delivery *delivery, const char *words);
/* Frees a taken delivery whose recipients' rows are settled elsewhere; hop_drop() then lets the hop go on. */
void delivery_drop(struct delivery *delivery);
void hop_drop(struct hop *hop);
/* Puts a delivery that was not begun back in front (its session ended before). */
void delivery_return(struct delivery *delivery);
/* The hop cannot be reached: rest with growing pauses; what is prepared is deferred with these words. */
void hop_unreachable(struct hop *hop, const char *words);
void hop_reached(struct hop *hop);
/* A session opened or ended. */
void hop_session(struct hop *hop, gint change);
/* When to try again after this many attempts. */
gint64 hop_retry_us(const struct relay *relay, guint attempts);
/* The poison rule: counts a failed job; parks the message on the second. True: try once more. */
bool hop_poison(struct relay *relay, struct store_message *message, const char *words);
/* Parks the message for an operator with an alarm in the log. */
void hop_park(struct relay *relay, guint64 message, const char *words);

#endif
