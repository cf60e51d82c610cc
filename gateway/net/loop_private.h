/* loop_private.h - what the parts of net/ share: the loop's own state and the streams that have something to
 * do. */
#ifndef GW400_NET_LOOP_PRIVATE_H
#define GW400_NET_LOOP_PRIVATE_H

#include <uv.h>

#include "net/net.h"

/* One read, and one TLS record's worth of plain octets after another. */
#define NET_READ_SIZE (64 * 1024)

struct net_loop {
  uv_loop_t uv;
  uv_async_t keep;    /* keeps uv_run() alive until net_stop() */
  uv_prepare_t flush; /* serves the due streams before the loop waits: many small writes become one */
  uv_idle_t again;    /* runs while some are due still, so that the loop does not wait */
  GQueue due;         /* of struct net_stream, by its own link */
  guint8 *read_buffer, *plain_buffer; /* NET_READ_SIZE each; what stands there is given on at once */
};

/* stream.c: does what is due: starts writes, reads on in held TLS octets, ends. */
void net_stream_serve(struct net_stream *stream);
/* Puts words and a libuv error into one line: "connect to 192.0.2.1:102: connection refused". */
char *net_words(const char *what, const char *where, int status);
/* "192.0.2.1:102", "[2001:db8::1]:102"; an IPv4 address mapped into IPv6 is written as IPv4. */
char *net_address_words(const char *address, guint16 port);
/* The numeric form of a socket address; callers free. */
char *net_sockaddr_address(const struct sockaddr *address, guint16 *port_r);

#endif
