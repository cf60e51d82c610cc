/* net.h - the mail sockets and the clock: a libuv loop, timers, TCP streams with optional TLS (OpenSSL), listeners.
 *
 * Everything runs on the thread of net_run(). Callbacks may free the object they are called for; no callback comes after
 * its _free(). Streams bound what they hold: net_stream_write() tells when to stop producing, reading can be paused.
 * Errors are words for people ("connect to 192.0.2.1:102: connection refused"). */
#ifndef GW400_NET_NET_H
#define GW400_NET_NET_H

#include <glib.h>
#include <stdbool.h>

/* Errors that are words only: a certificate that cannot be read, an address that cannot be listened on. */
#define NET_ERROR net_error_quark()
GQuark net_error_quark(void);

struct net_loop;
struct net_loop *net_loop_new(void);
void net_loop_free(struct net_loop *loop);
void net_run(struct net_loop *loop);  /* until net_stop() */
void net_stop(struct net_loop *loop);
gint64 net_now_us(struct net_loop *loop);   /* monotonic, microseconds */

struct net_timer;
typedef void (*net_callback)(void *user);
struct net_timer *net_timer_new(struct net_loop *loop, net_callback callback, void *user);
void net_timer_start(struct net_timer *timer, guint64 ms, guint64 repeat_ms); /* restarts */
void net_timer_stop(struct net_timer *timer);
void net_timer_free(struct net_timer *timer);

/* Watches a descriptor that stays the caller's (eventfd, socketpair, unbound). */
struct net_watch;
typedef void (*net_watch_callback)(void *user, bool readable, bool writable);
struct net_watch *net_watch_new(struct net_loop *loop, int fd, net_watch_callback callback, void *user);
void net_watch_events(struct net_watch *watch, bool readable, bool writable);
void net_watch_free(struct net_watch *watch);

/* Calls back for a signal (SIGTERM, SIGHUP, SIGCHLD) on the loop. */
struct net_signal;
struct net_signal *net_signal_new(struct net_loop *loop, int signal_number, net_callback callback, void *user);
void net_signal_free(struct net_signal *watched);

/* Runs work on the thread pool, then done on the loop (fsync, file copies). */
void net_work(struct net_loop *loop, net_callback work, net_callback done, void *user);

/* --- TLS contexts --------------------------------------------------------------------------------------- */
struct net_tls_options {
  bool server;
  char *certificate_file, *key_file;  /* own; NULL for none (client) */
  char *ca_file;                      /* verifies the other side; NULL: system store for clients, none for servers */
  bool require_peer;                  /* server: client certificate; client: verify */
  char *name;                         /* client: SNI and name verified; per stream override in net_stream_tls() */
};
struct net_tls;
struct net_tls *net_tls_new(const struct net_tls_options *options, GError **error);
struct net_tls *net_tls_ref(struct net_tls *tls);
void net_tls_unref(struct net_tls *tls);

/* --- streams -------------------------------------------------------------------------------------------- */
struct net_stream;
struct net_stream_handler {
  void (*connected)(void *user);                                   /* outgoing: TCP is up */
  void (*secured)(void *user, bool ok, const char *peer_name, const char *words); /* TLS handshake ended; verified name or NULL */
  void (*data)(void *user, const guint8 *data, gsize length);
  void (*drained)(void *user);                                     /* after write() said full: produce again */
  void (*closed)(void *user, const char *words, bool error);       /* the end: EOF (error false) or failure; then free it */
};
/* address: "192.0.2.1", "2001:db8::1" or a host name (resolved by the system, in the pool); local: source address or NULL. */
struct net_stream *net_connect(struct net_loop *loop, const char *address, guint16 port, const char *local,
                               const struct net_stream_handler *handler, void *user);
/* Queues octets and takes the reference over; true when more than the high-water mark (256 KiB) waits: wait for drained().
 * Nothing is written before the loop's next turn, so that many small writes leave as one. Without a connection: thrown away. */
bool net_stream_write(struct net_stream *stream, GBytes *data);
gsize net_stream_pending(const struct net_stream *stream);
void net_stream_pause(struct net_stream *stream, bool paused);     /* stops reading: backpressure */
void net_stream_tls(struct net_stream *stream, struct net_tls *tls, const char *name); /* start a handshake now */
void net_stream_close(struct net_stream *stream);                  /* orderly: after pending writes; closed() follows */
void net_stream_free(struct net_stream *stream);                   /* at once */
const char *net_stream_peer(const struct net_stream *stream);      /* "192.0.2.1" */
guint16 net_stream_peer_port(const struct net_stream *stream);
guint16 net_stream_local_port(const struct net_stream *stream);

/* Accepts on a bound, listening socket (given by the master). The handler and user of a new stream are set in accepted()
 * by net_stream_take(); an untaken stream is closed. */
struct net_listener;
typedef void (*net_accepted)(void *user, struct net_stream *stream);
struct net_listener *net_listener_new(struct net_loop *loop, int fd, net_accepted accepted, void *user);
void net_listener_pause(struct net_listener *listener, bool paused);
void net_listener_free(struct net_listener *listener);
void net_stream_take(struct net_stream *stream, const struct net_stream_handler *handler, void *user);
/* Binds and listens (the master's part, usable alone): fd or -1. */
int net_listen(const char *address, guint16 port, GError **error);

/* --- DNS (libunbound) ----------------------------------------------------------------------------------- */
struct net_resolver;
struct net_resolver_options { char *forward; /* "127.0.0.1@5353" or NULL: resolv.conf */ char *hosts; guint timeout_ms; bool lift_test_zones; };
struct net_resolver *net_resolver_new(struct net_loop *loop, const struct net_resolver_options *options, GError **error);
void net_resolver_free(struct net_resolver *resolver);
enum net_dns_status { NET_DNS_OK, NET_DNS_NO_DATA, NET_DNS_NO_NAME, NET_DNS_TEMPORARY };
struct net_mx { guint16 preference; char *host; GPtrArray *addresses; /* of char*, A and AAAA */ };
struct net_mx_answer { enum net_dns_status status; bool secure; bool null_mx; /* RFC 7505 */ GPtrArray *hosts; /* of net_mx, sorted */ char *words; };
typedef void (*net_mx_callback)(void *user, const struct net_mx_answer *answer);
/* RFC 5321 5.1: MX, else the implicit MX from A/AAAA. The answer is the callee's only during the call. Returns an id to cancel by. */
guint net_resolve_mx(struct net_resolver *resolver, const char *domain, net_mx_callback callback, void *user);
void net_resolve_cancel(struct net_resolver *resolver, guint id);

#endif
