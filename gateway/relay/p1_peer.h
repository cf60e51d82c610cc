/* p1_peer.h - a peer's entry in the configuration as the P1 machine wants it: for the relay's calls and for
 * `gw400 peer test`. */
#ifndef GW400_RELAY_P1_PEER_H
#define GW400_RELAY_P1_PEER_H

#include "config/config.h"
#include "mhs/p1.h"
#include "net/net.h"
#include "relay/p1_strong.h"

/* An initiator's options but for the session reference and for local, see p1_peer_identify(). */
void p1_peer_options(const struct config_peer *peer, struct p1_options *options_r);
/* What we say in a bind made now, as caller and as called; the caller's to clear. False: no token can be
 * made. */
bool p1_peer_identify(const struct config_peer *peer, gint64 now_us, struct p1_credentials *credentials_r,
                      GError **error);
/* The mode of the entry, in which we call and which decides what a caller's mode is taken for. */
enum p1_mode p1_peer_mode(const struct config_peer *peer);
enum p1_password_form p1_peer_password_form(const struct config_peer *peer);
/* "host:port", "[2001:db8::1]:102", "host" (port 102): the host, caller frees. */
char *p1_peer_address(const char *text, guint16 *port_r);
/* The TLS context of our calls to this peer. NULL and error when its files cannot be used. */
struct net_tls *p1_peer_tls(const struct config_peer *peer, GError **error);
/* The TLS context of this peer's calls to a door with TLS: its own certificate for us, and whether it must
 * have one. NULL without error: it has nothing of its own, the door's holds. */
struct net_tls *p1_peer_door_tls(const struct config *config, const struct config_peer *peer, GError **error);
/* Do the name and the credentials that the peer gave at this time fit the entry? calls: as caller, else in
 * the answer to our call; tokens: those taken before, or NULL. NULL, or what differs and which side must
 * change what. */
char *p1_peer_judge(const struct config_peer *peer, const struct p1_credentials *given, bool calls,
                    gint64 now_us, struct p1_tokens *tokens);

#endif
