/* smtp_out.h - SMTP sessions towards mail servers: resolution of the hop, the client machine on its socket,
 * outcomes.
 *
 * A hop is "smtp:DOMAIN" (by MX, RFC 5321 5.1) or "smtp:[HOST]:PORT" (a smarthost).  Sessions are reused
 * while there is mail for the hop and for a while after; each hop has its own limit, so a slow destination
 * does not hold up another. */
#ifndef GW400_RELAY_SMTP_OUT_H
#define GW400_RELAY_SMTP_OUT_H

#include "relay/hop.h"

void smtp_out_wake(struct hop *hop);
/* Frees what the idle hop holds here; false while a session or a look-up is open. */
bool smtp_out_retire(struct hop *hop);
/* At the stop of the relay: sessions are closed, what was open is deferred. */
void smtp_out_stop(struct hop *hop);

#endif
