/* reading.h - RECEIVED -> ROUTED: the reading job of every stored message, the duplicate rule, the poison
 * rule.
 *
 * The duplicate rule (DESIGN section 1): a P1 message repeats an earlier one when what the reading job
 * digests of both is the same and our confirmation of the earlier was not proven to have arrived when the
 * later came. */
#ifndef GW400_RELAY_READING_H
#define GW400_RELAY_READING_H

#include "relay/context.h"

struct reading *reading_new(void);
void reading_free(struct reading *reading);
/* A committed message that is claimed; takes it. When too much is in flight it is left to the store. */
void reading_start(struct relay *relay, struct store_message *message);
/* Asks the store for more when there is room: at start, after a release or retry, each minute. */
void reading_review(struct relay *relay);
/* The store may hold received messages that nobody works on. */
void reading_kick(struct relay *relay);
/* To be added to the transaction that receives a P1 message: its confirmation is unproven. */
void reading_unproven(struct store_txn *txn, guint64 message);
/* The peer has shown that it has our confirmation of this message. */
void reading_proven(struct relay *relay, guint64 message);

#endif
