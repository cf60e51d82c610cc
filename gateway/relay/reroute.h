/* reroute.h - the peers that a route names after the first (decision 0089): what waits for one that cannot be
 * reached for a time goes to the next. */
#ifndef GW400_RELAY_REROUTE_H
#define GW400_RELAY_REROUTE_H

#include "relay/hop.h"

/* Whether the hop has been out of reach for so long that what has another way leaves it. */
bool reroute_is_due(const struct hop *hop);
/* A pause before the next try that does not go beyond the time when it will be due. */
gint64 reroute_pause_us(const struct hop *hop, gint64 pause_us);
/* Gives the recipient its next hop, when it has one; the hop left becomes its last choice. The caller records
 * that, and kicks the new hop. */
bool reroute_recipient(const struct hop *hop, struct store_recipient *recipient);
/* The same, recorded, for those of a claimed message's recipients that wait for the hop: what has another way
 * goes it and is taken out of the message. False: none is left in it. */
bool reroute_message(struct hop *hop, struct store_message *message);
/* The same for a new message at each hop that rests; one that may be tried again is left to find out. */
void reroute_blocked(struct relay *relay, struct store_message *message);

#endif
