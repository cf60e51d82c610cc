/* tls_private.h - one TLS session between memory buffers: octets of the wire go in and come out, plain octets
 * likewise. */
#ifndef GW400_NET_TLS_PRIVATE_H
#define GW400_NET_TLS_PRIVATE_H

#include "net/net.h"

enum net_tls_status { NET_TLS_MORE, NET_TLS_DONE, NET_TLS_FAILED };

struct net_tls_session;
/* name overrides the context's for SNI and verification (clients). NULL when OpenSSL cannot (memory). */
struct net_tls_session *net_tls_session_new(struct net_tls *tls, const char *name);
void net_tls_session_free(struct net_tls_session *session);
void net_tls_session_input(struct net_tls_session *session, const guint8 *data, gsize length);
/* Octets for the wire, or NULL; take them after every other call. */
GBytes *net_tls_session_output(struct net_tls_session *session);
/* Goes on with the handshake. DONE: *name_r is the other side's verified name or NULL; FAILED: *words_r says
 * why. To be freed. */
enum net_tls_status net_tls_session_handshake(struct net_tls_session *session, char **name_r, char **words_r);
/* Reads up to size plain octets into buffer: MORE with *length_r 0 when more input is needed, DONE at the end
 * of the session. */
enum net_tls_status net_tls_session_read(struct net_tls_session *session, guint8 *buffer, gsize size,
                                         gsize *length_r, char **words_r);
bool net_tls_session_write(struct net_tls_session *session, const guint8 *data, gsize length);
/* Says that nothing more is written (close_notify). */
void net_tls_session_shutdown(struct net_tls_session *session);

#endif
