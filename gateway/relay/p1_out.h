/* p1_out.h - associations that we open: as many as the work and the peer's entry want, to its addresses in
 * their order. */
#ifndef GW400_RELAY_P1_OUT_H
#define GW400_RELAY_P1_OUT_H

#include "relay/hop.h"

void p1_out_wake(struct hop *hop);

#endif
