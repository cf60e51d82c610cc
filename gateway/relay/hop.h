/* hop.h - the queue before each next hop: what is due is claimed, converted ahead of its turn, given to the
 * hop's transport, and its outcome recorded.  A hop that cannot be reached rests alone: no other hop waits
 * for it.
 *
 * Hops: "p1:PEER" (p1_out), "smtp:DOMAIN" and "smtp:[HOST]:PORT" (smtp_out), "report" (reporting: the
 * originator gets word). */
#ifndef GW400_RELAY_HOP_H
#define GW400_RELAY_HOP_H

#include "relay/context.h"
#include "relay/delivery.h"

#define HOP_REPORT "report"
#define HOP_REVIEW_US (60 * G_USEC_PER_SEC) /* how often hops_review() is called */

struct hop {
  struct relay *relay;
  char *name;
  void (*wake)(struct hop *hop); /* the transport: prepared deliveries wait, or sessions fell idle */
  GQueue fresh[3];               /* of delivery by priority: to be converted */
  GQueue prepared[3];            /* converted, waiting for a session */
  guint converting[3], sending;  /* converting: by priority */
  guint sessions;                /* the transport's, open or opening */
  bool claiming, more;           /* the store is being asked; it may hold more that is due */
  gint64 blocked_until_us;       /* after failures to reach it, or until it may be called */
  bool resting;                  /* blocked by hop_rest() */
  guint failures;
  gint64 down_since_us; /* the first of these failures (UTC); 0: none */
  char *last_error;
  gint64 moved_us; /* monotonic: something last left it, or began to wait in an empty hop */
  struct net_timer *timer; /* rings at the first of dues */
  GArray *dues;            /* of gint64: times (UTC) to look again, the earliest first, no two alike */
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
/* Another configuration is in use: it may let hops be called that rested. */
void hops_reconsider(struct relay *relay);
struct hop *hop_find(struct relay *relay, const char *name);

/* For the transports. */
struct delivery *hop_take(struct hop *hop); /* next prepared delivery, urgent first; NULL: none */
bool hop_has_work(const struct hop *hop);   /* prepared deliveries wait */
gint hop_urgency(const struct hop *hop);    /* enum store_priority of what hop_take() gives; -1: nothing */
gint hop_expects(const struct hop *hop);    /* the same of what is not yet prepared, too */
bool hop_is_asking(
    const struct hop *hop); /* the store is being asked for more; the transport is woken when it has none */
guint hop_waiting(const struct hop *hop); /* prepared deliveries */
void hop_moved(struct hop *hop);          /* something left, or is leaving: the hop does not stand still */
/* Puts a taken delivery back in front, to be sent by another session. */
void hop_return(struct delivery *delivery);
/* One taken with hop_take() was freed by its taker: lets the hop go on. */
void hop_drop(struct hop *hop);
/* The hop cannot be reached: rest with growing pauses; what is prepared is deferred with these words. */
void hop_unreachable(struct hop *hop, const char *words);
/* No call is to be made before that time (UTC): what is in memory goes back to the store, no attempt is
 * counted. */
void hop_rest(struct hop *hop, gint64 until_us, const char *words);
void hop_reached(struct hop *hop);
/* Its peer has called, and takes messages on its own association: what waits for a call may leave. */
void hop_called(struct hop *hop);
/* A session opened or ended. */
void hop_session(struct hop *hop, gint change);
/* The pause after this many failed attempts. */
gint64 hop_retry_us(const struct hop *hop, guint attempts);
/* Looks again at that time (UTC), a twentieth of a second later at most.  What lies beyond the next review is
 * left to it unless it is the only time asked for. */
void hop_arm(struct hop *hop, gint64 at_us);
/* Takes everything on: conversions, the transport, the next claim. */
void hop_pump(struct hop *hop);
/* Memory is crowded: hops at which nothing moves give what is not yet converted back to the store. */
void hops_relieve(struct relay *relay);
/* The poison rule: counts a failed job; parks the message on the second. True: try once more. */
bool hop_poison(struct relay *relay, struct store_message *message, const char *words);
/* Parks the message for an operator with an alarm in the log. */
void hop_park(struct relay *relay, guint64 message, const char *words);

#endif
