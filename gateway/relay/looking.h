/* looking.h - the hop "lookup": recipients whose address hangs on a look-up that had no answer (RFC
 * 2156 4.2.1). By the retry schedule their message is read again; once the look-up is answered they go to
 * their hop or are refused. The queue's lifetime ends the wait by a non-delivery report, as for every hop. */
#ifndef GW400_RELAY_LOOKING_H
#define GW400_RELAY_LOOKING_H

#include "relay/hop.h"

/* The hop's transport: prepared deliveries wait. */
void looking_wake(struct hop *hop);

#endif
