/* stream_private.h - the inside of a stream, shared by stream.c (octets), connect.c (how it comes about) and
 * listener.c. */
#ifndef GW400_NET_STREAM_PRIVATE_H
#define GW400_NET_STREAM_PRIVATE_H

#include "net/loop_private.h"
#include "net/tls_private.h"

enum net_stream_state {
  NET_CONNECTING,
  NET_ABANDONED, /* net_stream_close() while connecting */
  NET_OPEN,
  NET_CLOSING,   /* net_stream_close(): what waits is written */
  NET_LINGERING, /* our side is shut; the other's end is awaited, so that it gets what we wrote and not a
                    reset */
  NET_CLOSED     /* closed() is called or will not be */
};

struct net_stream {
  struct net_loop *loop;
  struct net_stream_handler handler;
  void *user;
  enum net_stream_state state;
  bool freed, taken;
  guint handles; /* libuv handles and requests that still know the stream; the memory goes with the last */
  GList due;     /* its place in the loop's list; data is NULL when it is not there */

  uv_tcp_t *tcp;    /* NULL between two attempts to connect */
  uv_timer_t timer; /* limits connecting and closing */
  char *peer;
  guint16 peer_port, local_port;
  guint keepalive_s;
  bool paused;
  char *failure; /* to be told from the loop: closed(failure, true) */

  GQueue wire;  /* of GBytes: for the socket */
  GQueue plain; /* of GBytes: for TLS */
  gsize wire_size, plain_size, flying_size;
  GPtrArray *flying; /* of GBytes: in the one uv_write() */
  uv_write_t write;
  uv_shutdown_t shutdown;
  bool full; /* net_stream_write() said so; drained() is owed */

  struct net_tls_session *tls;
  bool handshaking, held; /* held: TLS octets are undelivered, since reading was paused */

  struct net_connect *connect; /* connect.c: addresses still to be tried */
};

/* Puts the stream on the loop's list of what is to be served before it waits. */
void net_stream_due(struct net_stream *stream);
struct net_stream *net_stream_new(struct net_loop *loop);
/* A connected descriptor becomes a stream, which accepted() takes or leaves. */
void net_stream_accept(struct net_loop *loop, int fd, net_accepted accepted, void *user);
/* The socket is connected: addresses are read, options set, reading begins. */
void net_stream_open(struct net_stream *stream);
/* The end, from a callback of libuv. */
void net_stream_finish(struct net_stream *stream, const char *words, bool error);
void net_stream_drop_socket(struct net_stream *stream);
/* One handle or request less knows the stream. */
void net_stream_release(struct net_stream *stream);
/* connect.c */
void net_connect_drop(struct net_stream *stream);

#endif
