/* smtp_in.h - SMTP sessions of clients: the server machine on its sockets, with the relay's policy and the
 * store behind it. */
#ifndef GW400_RELAY_SMTP_IN_H
#define GW400_RELAY_SMTP_IN_H

#include "relay/context.h"

/* NULL and error when TLS files cannot be used. */
struct smtp_in *smtp_in_new(struct relay *relay, GError **error);
void smtp_in_listen(struct smtp_in *smtp_in); /* takes the master's sockets into use */
void smtp_in_stop(
    struct smtp_in *smtp_in); /* no new sessions; those open end with 421 at their next command */
void smtp_in_resume(struct smtp_in *smtp_in); /* the store is no longer busy: sockets are read again */
void smtp_in_free(struct smtp_in *smtp_in);
guint smtp_in_sessions(const struct smtp_in *smtp_in);

#endif
