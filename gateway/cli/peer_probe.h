/* peer_probe.h - a second look at a port that says nothing in P1. */
#ifndef GW400_CLI_PEER_PROBE_H
#define GW400_CLI_PEER_PROBE_H

#include <glib.h>
#include <stdbool.h>

/* Whether a server there answers a TLS handshake, within two seconds; whose certificate it has does not
 * matter. local: source address or NULL. */
bool peer_speaks_tls(const char *host, guint16 port, const char *local);

#endif
