/* control.h - the control socket: a unix stream socket on which `gw400` and the console ask one JSON object
 * per line.
 *
 * Request {"v":1,"op":"queue.list",...}; answer {"ok":true,"items":[...],"next":N} or
 * {"ok":false,"code":1|75,"error":"..."}. Lists are paged: "after" and "limit" in, "next" out (absent at the
 * end).  Who may ask: root and the gateway's own user, by the peer credentials of the socket.  Operations
 * stand in the table of control_ops.c. */
#ifndef GW400_RELAY_CONTROL_H
#define GW400_RELAY_CONTROL_H

#include "relay/context.h"

struct control *control_new(struct relay *relay, GError **error);
void control_free(struct control *control);

#endif
