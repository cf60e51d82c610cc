/* net.h - the mail sockets and the clock: a libuv loop, timers, TCP streams with optional TLS, listeners,
 * DNS.
 *
 * Everything runs on the thread of net_run(). Callbacks come from the loop only, never from within a call of
 * their owner; they may free the object they are called for, and none comes after its _free(). All objects
 * are freed before their loop. Streams bound what they hold: net_stream_write() tells when to stop producing,
 * reading can be paused. Errors are words for people ("connect to 192.0.2.1:102: connection refused"). The
 * process must ignore SIGPIPE. */
#ifndef GW400_NET_NET_H
#define GW400_NET_NET_H

#include <glib.h>
#include <stdbool.h>

/* Errors that are words only: a certificate that cannot be read, an address that cannot be listened on. */
#define NET_ERROR net_error_quark()
GQuark net_error_quark(void);

/* --- the loop ---------------------------------------------------------------------------------------- */

struct net_loop;
struct net_loop *net_loop_new(void);
void net_loop_free(struct net_loop *loop);
/* Serves all that is on the loop, until net_stop(). */
void net_run(struct net_loop *loop);
void net_stop(struct net_loop *loop);
/* Monotonic microseconds. */
gint64 net_now_us(struct net_loop *loop);

typedef void (*net_callback)(void *user);

struct net_timer;
struct net_timer *net_timer_new(struct net_loop *loop, net_callback callback, void *user);
/* Calls back in ms milliseconds, then every repeat_ms (0: once); a running timer starts anew. */
void net_timer_start(struct net_timer *timer, guint64 ms, guint64 repeat_ms);
void net_timer_stop(struct net_timer *timer);
void net_timer_free(struct net_timer *timer);

/* Watches a descriptor that stays the caller's (eventfd, socketpair, unbound) and is closed after the watch
 * is freed. NULL when it cannot be watched: a plain file, or one that is watched already. */
struct net_watch;
typedef void (*net_watch_callback)(void *user, bool readable, bool writable);
struct net_watch *net_watch_new(struct net_loop *loop, int fd, net_watch_callback callback, void *user);
/* What is watched for from now on; at first nothing. An error on the descriptor counts as readable and
 * writable. */
void net_watch_events(struct net_watch *watch, bool readable, bool writable);
void net_watch_free(struct net_watch *watch);

/* Calls back on the loop for a signal of the process (SIGTERM, SIGHUP, SIGCHLD). */
struct net_signal;
struct net_signal *net_signal_new(struct net_loop *loop, int signal_number, net_callback callback,
                                  void *user);
void net_signal_free(struct net_signal *watched);

/* Runs work on the thread pool, then done on the loop (fsync, file copies). */
void net_work(struct net_loop *loop, net_callback work, net_callback done, void *user);

/* --- TLS contexts ------------------------------------------------------------------------------------ */

struct net_tls_options {
  bool server;
  char *certificate_file, *key_file; /* own, PEM; key NULL: in the same file; both NULL: none (clients) */
  char *ca_file;     /* verifies the other side; NULL: the system's store for clients, none for servers */
  bool require_peer; /* server: demand a client certificate; client: verify chain and name */
  char *name;        /* client: for SNI and verification; a stream may have its own */
};
struct net_tls;
/* Copies the options and reads the files; NULL and error with the file's name. TLS 1.2 and later. */
struct net_tls *net_tls_new(const struct net_tls_options *options, GError **error);
struct net_tls *net_tls_ref(struct net_tls *tls);
void net_tls_unref(struct net_tls *tls);

/* --- streams ----------------------------------------------------------------------------------------- */

struct net_stream;
/* Any of them may be NULL. */
struct net_stream_handler {
  /* Outgoing: TCP is up. */
  void (*connected)(void *user);
  /* The TLS handshake ended. ok: peer_name is the other side's verified name, or NULL (a client certificate's
   * first DNS name, mail address or common name; a server's expected name). Else words say why, and closed()
   * follows. */
  void (*secured)(void *user, bool ok, const char *peer_name, const char *words);
  /* Octets came; they are the callee's during the call only. */
  void (*data)(void *user, const guint8 *data, gsize length);
  /* After net_stream_write() said full: less than 64 KiB wait, produce again. */
  void (*drained)(void *user);
  /* The end: of either side's closing (error false) or by a failure. Nothing else comes; free the stream. */
  void (*closed)(void *user, const char *words, bool error);
};

/* address: "192.0.2.1", "2001:db8::1", or a host name, which the system looks up in the pool and whose
 * addresses are tried in turn, 30 seconds each; local: numeric source address or NULL. Failure is told by
 * closed(). */
struct net_stream *net_connect(struct net_loop *loop, const char *address, guint16 port, const char *local,
                               const struct net_stream_handler *handler, void *user);
/* Queues octets and takes the reference over; true when more than the high-water mark (256 KiB) waits: wait
 * for drained(). They leave at the end of the loop's turn, so that many small writes are one. Without a
 * connection they are thrown away; while connecting they are kept. */
bool net_stream_write(struct net_stream *stream, GBytes *data);
/* Octets that wait to be written. */
gsize net_stream_pending(const struct net_stream *stream);
/* The same with what the kernel holds and the other side's TCP has not acknowledged: it shrinks while the
 * other side reads. */
gsize net_stream_unread(const struct net_stream *stream);
/* After this silence TCP asks six times, every ten seconds, whether the other side is there, and then ends
 * the connection; 0: never. Every stream begins with 60. */
void net_stream_keepalive(struct net_stream *stream, guint seconds);
/* Stops and resumes reading: backpressure. A TLS handshake needs reading. */
void net_stream_pause(struct net_stream *stream, bool paused);
/* Starts a handshake now: what was written before goes in clear, what is written after in TLS. name overrides
 * the context's. Keeps a reference of its own on tls. */
void net_stream_tls(struct net_stream *stream, struct net_tls *tls, const char *name);
/* Orderly: writes what waits, ends TLS, shuts our side, awaits the other's for 5 seconds; then closed(). */
void net_stream_close(struct net_stream *stream);
/* At once, and without a callback. */
void net_stream_free(struct net_stream *stream);
/* The other side: "192.0.2.1" (also where it was mapped into IPv6); before it is connected, the address asked
 * for. */
const char *net_stream_peer(const struct net_stream *stream);
guint16 net_stream_peer_port(const struct net_stream *stream);
guint16 net_stream_local_port(const struct net_stream *stream);

/* Accepts on a bound, listening socket (given by the master), which it closes when freed; NULL when fd is
 * none. accepted() gives the new stream its handler by net_stream_take(); a stream that it does not take is
 * closed. */
struct net_listener;
typedef void (*net_accepted)(void *user, struct net_stream *stream);
struct net_listener *net_listener_new(struct net_loop *loop, int fd, net_accepted accepted, void *user);
/* Leaves new connections in the kernel's backlog. */
void net_listener_pause(struct net_listener *listener, bool paused);
void net_listener_free(struct net_listener *listener);
void net_stream_take(struct net_stream *stream, const struct net_stream_handler *handler, void *user);
/* Binds a numeric address and listens (the master's part, usable alone): fd, or -1 and error. */
int net_listen(const char *address, guint16 port, GError **error);

/* --- DNS (libunbound) -------------------------------------------------------------------------------- */

struct net_resolver_options {
  char *forward;        /* the resolver to ask, "127.0.0.1" or "127.0.0.1@5353"; NULL: resolv.conf */
  char *hosts;          /* a hosts file; NULL: /etc/hosts where resolv.conf counts, else none */
  guint timeout_ms;     /* for a whole query [30 s] */
  bool lift_test_zones; /* ask for .test too, which libunbound otherwise denies itself (RFC 6761) */
};
struct net_resolver;
struct net_resolver *net_resolver_new(struct net_loop *loop, const struct net_resolver_options *options,
                                      GError **error);
void net_resolver_free(struct net_resolver *resolver);

enum net_dns_status {
  NET_DNS_OK,
  NET_DNS_NO_DATA,  /* the domain exists, but no host of it that takes mail has an address */
  NET_DNS_NO_NAME,  /* there is no such domain */
  NET_DNS_TEMPORARY /* no answer, a broken one, or one that fails DNSSEC validation */
};
struct net_mx {
  guint16 preference;
  char *host;           /* without its last dot */
  GPtrArray *addresses; /* of char*, A and AAAA; never empty */
};
struct net_mx_answer {
  enum net_dns_status status;
  bool secure;      /* every part of it was validated by DNSSEC */
  bool null_mx;     /* RFC 7505: takes no mail; status OK, no hosts */
  GPtrArray *hosts; /* of struct net_mx: by preference, equal ones shuffled (RFC 5321 5.1); at most 16 */
  char *words;      /* why there is none; else NULL */
};
typedef void (*net_mx_callback)(void *user, const struct net_mx_answer *answer);
/* RFC 5321 5.1: the domain's MX hosts with their addresses, else the domain itself; an address literal is its
 * own host; a domain in UTF-8 is looked up as A-labels. The answer is the callee's only during the call.
 * Returns an id to cancel by, never 0. */
guint net_resolve_mx(struct net_resolver *resolver, const char *domain, net_mx_callback callback, void *user);
/* RFC 2163: the PX records (type 26) of NAME.root, else of "*" under it and under each of name's parents, the
 * longest first (a wildcard stands above names that exist, RFC 4592; the literal asks what it says there). */
struct net_px_answer {
  enum net_dns_status status; /* OK; NO_NAME: none of them; TEMPORARY */
  bool secure;                /* every part of it was validated by DNSSEC */
  guint ttl;                  /* seconds that it may be kept, also one that says there is nothing */
  GPtrArray *records;         /* of char*, "PREFERENCE MAP822 MAPX400", names without their last dot, sorted */
  char *words;                /* TEMPORARY: why */
};
typedef void (*net_px_callback)(void *user, const struct net_px_answer *answer);
/* The answer is the callee's only during the call; the query ends unanswered with its resolver. */
void net_resolve_px(struct net_resolver *resolver, const char *name, const char *root, net_px_callback callback,
                    void *user);
/* An RDATA of type PX as such a text; NULL when it is none, or a name has octets beyond letters, digits, "-", "_". */
char *net_px_text(const guint8 *rdata, gsize length);
/* The callback then does not come; an id that is over is ignored. */
void net_resolve_cancel(struct net_resolver *resolver, guint id);

#endif
