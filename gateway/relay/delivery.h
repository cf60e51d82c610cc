/* delivery.h - one message for one hop: the recipients that lie there, the converted octets, the outcome of
 * each recipient, and its record in the store. */
#ifndef GW400_RELAY_DELIVERY_H
#define GW400_RELAY_DELIVERY_H

#include "mapping/job.h"
#include "relay/context.h"

struct hop;

enum outcome_kind { OUTCOME_NONE, OUTCOME_SENT, OUTCOME_DEFERRED, OUTCOME_FAILED, OUTCOME_MAPPED /* from the hop "lookup" to its own */ };
struct outcome {
  enum outcome_kind kind;
  char *code, *words, *remote;
  gint reason, diagnostic; /* X.411 numbers, -1: from the code */
  bool report_delivery;    /* sent, a success report is wanted and nobody behind us will make it */
};

struct delivery {
  struct hop *hop;
  struct store_message *message;
  struct mapping_result *written;
  int fd;                   /* of the converted octets */
  struct outcome *outcomes; /* one per message->recipients */
  gint64 begun_us;
  guint rounds;    /* of look-ups for its conversion */
  guint64 secured; /* octets of it that the next hop has confirmed at most, over all attempts since it was converted */
};

/* Frees one that is settled elsewhere, or was never begun. */
void delivery_free(struct delivery *delivery);
/* Leaves it to the store, which hands it out again when its time comes; counts it out of what is in work. */
void delivery_release(struct delivery *delivery);
/* Sets the outcome of one recipient (or of all that have none yet with index G_MAXUINT). Texts are copied. */
void delivery_outcome(struct delivery *delivery, guint index, enum outcome_kind kind, const char *code,
                      const char *words, const char *remote);
/* Commits the outcomes (those without one are deferred with words), frees the delivery and lets the hop go
 * on. */
void delivery_finish(struct delivery *delivery, const char *words);
/* Before the conversion: past its latest delivery time a message is not tried any more, also when an operator
 * let it live longer: X.411's unable-to-transfer (1), maximum-time-expired (5). True: it is settled. */
bool delivery_refuse_late(struct delivery *delivery);
/* After the conversion: recipients that it refused (a critical extension) have their outcome. */
void delivery_take_refusals(struct delivery *delivery);
/* ... and what is larger than the peer takes is not tried: X.411's unable-to-transfer (1), content-too-long
 * (7). */
void delivery_refuse_oversize(struct delivery *delivery);
bool delivery_settled(const struct delivery *delivery); /* every recipient has an outcome */

#endif
