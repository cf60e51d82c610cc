/* stream.c - octets over a TCP connection, in clear or in TLS: reading, gathered writing, backpressure, the
 * end.
 *
 * Nothing is written from net_stream_write() itself: octets wait until the loop serves the stream, once per
 * turn, and then go out in one system call as far as the socket takes them (uv_try_write), the rest by one
 * uv_write. Callbacks to the owner are made from the loop only, never from a function that the owner called.
 * The owner may free the stream in any of them, so each is followed by a look at `freed`; the memory stays
 * until libuv has closed the handles. */
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream_private.h"

enum { HIGH_WATER = 256 * 1024, LOW_WATER = 64 * 1024 };
enum { BUFFERS_MAX = 256 };  /* of one write */
enum { RECORD = 16 * 1024 }; /* plain octets of one TLS record */
/* Closing: for what still waits to be written, and then for the other side's end. */
enum { CLOSE_MS = 30 * 1000, LINGER_MS = 5 * 1000 };
enum {
  KEEPALIVE_S = 60,
  KEEPALIVE_EACH_S = 10,
  KEEPALIVE_TRIES = 6,
  KEEPALIVE_MAX_S = 32767 /* the kernel's */
};

/* --- words ---------------------------------------------------------------------------------------------- */

char *net_address_words(const char *address, guint16 port)
{
  return g_strdup_printf(strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address, port);
}

char *net_words(const char *what, const char *where, int status)
{
  return g_strdup_printf("%s %s: %s", what, where, uv_strerror(status));
}

char *net_sockaddr_address(const struct sockaddr *address, guint16 *port_r)
{
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    *port_r = ntohs(six->sin6_port);
    uv_ip6_name(six, text, sizeof text);
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
      return g_strdup(strrchr(text, ':') + 1);
  } else {
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    *port_r = ntohs(four->sin_port);
    uv_ip4_name(four, text, sizeof text);
  }
  return g_strdup(text);
}

static char *peer_words(const struct net_stream *stream, const char *what)
{
  g_autofree char *where = net_address_words(stream->peer, stream->peer_port);
  return g_strdup_printf("connection with %s: %s", where, what);
}

/* --- life ----------------------------------------------------------------------------------------------- */

struct net_stream *net_stream_new(struct net_loop *loop)
{
  struct net_stream *stream = g_new0(struct net_stream, 1);
  stream->loop = loop;
  stream->peer = g_strdup("");
  stream->keepalive_s = KEEPALIVE_S;
  stream->flying = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  g_queue_init(&stream->wire);
  g_queue_init(&stream->plain);
  uv_timer_init(&loop->uv, &stream->timer);
  stream->timer.data = stream;
  stream->handles = 1;
  return stream;
}

void net_stream_due(struct net_stream *stream)
{
  if (stream->due.data != NULL)
    return;
  stream->due.data = stream;
  g_queue_push_tail_link(&stream->loop->due, &stream->due);
}

static void clear_queue(GQueue *queue)
{
  g_queue_clear_full(queue, (GDestroyNotify)g_bytes_unref);
}

void net_stream_release(struct net_stream *stream)
{
  if (--stream->handles > 0)
    return;
  clear_queue(&stream->wire);
  clear_queue(&stream->plain);
  g_ptr_array_unref(stream->flying);
  net_tls_session_free(stream->tls);
  g_free(stream->peer);
  g_free(stream->failure);
  g_free(stream);
}

static void socket_closed(uv_handle_t *handle)
{
  net_stream_release(handle->data);
  g_free(handle);
}

void net_stream_drop_socket(struct net_stream *stream)
{
  if (stream->tcp != NULL)
    uv_close((uv_handle_t *)stream->tcp, socket_closed);
  stream->tcp = NULL;
}

static void timer_closed(uv_handle_t *handle)
{
  net_stream_release(handle->data);
}

void net_stream_free(struct net_stream *stream)
{
  if (stream == NULL)
    return;
  stream->freed = true;
  stream->state = NET_CLOSED;
  if (stream->due.data != NULL)
    g_queue_unlink(&stream->loop->due, &stream->due);
  stream->due.data = stream; /* never again */
  net_connect_drop(stream);
  net_stream_drop_socket(stream);
  uv_close((uv_handle_t *)&stream->timer, timer_closed);
}

void net_stream_finish(struct net_stream *stream, const char *words, bool error)
{
  if (stream->state == NET_CLOSED)
    return;
  stream->state = NET_CLOSED;
  uv_timer_stop(&stream->timer);
  net_connect_drop(stream);
  net_stream_drop_socket(stream);
  if (stream->handler.closed != NULL)
    stream->handler.closed(stream->user, words, error);
}

static void finish_failed(struct net_stream *stream, const char *what)
{
  g_autofree char *words = peer_words(stream, what);
  net_stream_finish(stream, words, true);
}

/* Notes a failure met where the owner must not be called back. */
static void fail_later(struct net_stream *stream, const char *what)
{
  if (stream->failure == NULL)
    stream->failure = peer_words(stream, what);
  net_stream_due(stream);
}

/* --- reading -------------------------------------------------------------------------------------------- */

static void read_octets(uv_stream_t *uv, ssize_t count, const uv_buf_t *buffer);

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
  (void)suggested;
  const struct net_stream *stream = handle->data;
  *buffer = uv_buf_init((char *)stream->loop->read_buffer, NET_READ_SIZE);
}

static void read_on(struct net_stream *stream)
{
  if (stream->tcp == NULL)
    return;
  if (stream->state == NET_LINGERING || (!stream->paused && stream->state > NET_ABANDONED))
    uv_read_start((uv_stream_t *)stream->tcp, give_buffer, read_octets);
  else
    uv_read_stop((uv_stream_t *)stream->tcp);
}

static void take_tls_output(struct net_stream *stream)
{
  GBytes *octets;
  while ((octets = net_tls_session_output(stream->tls)) != NULL) {
    stream->wire_size += g_bytes_get_size(octets);
    g_queue_push_tail(&stream->wire, octets);
    net_stream_due(stream);
  }
}

/* The handshake failed: told, then the alert goes out and the stream ends. */
static void tls_failed(struct net_stream *stream, const char *words)
{
  stream->handshaking = false;
  fail_later(stream, words);
  if (stream->handler.secured != NULL)
    stream->handler.secured(stream->user, false, NULL, words);
}

static void shake_hands(struct net_stream *stream)
{
  g_autofree char *name = NULL, *words = NULL;
  enum net_tls_status status = net_tls_session_handshake(stream->tls, &name, &words);
  take_tls_output(stream);
  if (status == NET_TLS_FAILED)
    tls_failed(stream, words);
  else if (status == NET_TLS_DONE) {
    stream->handshaking = false;
    if (stream->handler.secured != NULL)
      stream->handler.secured(stream->user, true, name, "");
    net_stream_due(stream); /* what was written meanwhile */
  }
}

/* Gives on what TLS has decrypted, as long as the owner takes it. */
static void deliver_plain(struct net_stream *stream)
{
  while (stream->state == NET_OPEN && !stream->handshaking && stream->failure == NULL) {
    if (stream->paused) {
      stream->held = true;
      return;
    }
    gsize length = 0;
    g_autofree char *words = NULL;
    enum net_tls_status status =
        net_tls_session_read(stream->tls, stream->loop->plain_buffer, NET_READ_SIZE, &length, &words);
    take_tls_output(stream);
    if (status == NET_TLS_FAILED)
      finish_failed(stream, words);
    else if (status == NET_TLS_DONE)
      net_stream_finish(stream, "closed by the other side", false);
    else if (length == 0)
      return;
    else if (stream->handler.data != NULL)
      stream->handler.data(stream->user, stream->loop->plain_buffer, length);
  }
}

static void take_octets(struct net_stream *stream, const guint8 *octets, gsize length)
{
  if (stream->state != NET_OPEN)
    return; /* the owner has closed: thrown away */
  if (stream->tls == NULL) {
    if (stream->handler.data != NULL)
      stream->handler.data(stream->user, octets, length);
    return;
  }
  net_tls_session_input(stream->tls, octets, length);
  if (stream->handshaking)
    shake_hands(stream);
  deliver_plain(stream);
}

static void reading_ended(struct net_stream *stream, int status)
{
  if (stream->state == NET_CLOSING || stream->state == NET_LINGERING)
    net_stream_finish(stream, "closed", false);
  else if (stream->handshaking) {
    tls_failed(stream, status == UV_EOF ? "the other side closed the connection during the TLS handshake"
                                        : uv_strerror(status));
  } else if (status == UV_EOF) {
    net_stream_serve(stream); /* a last try to write what waits */
    net_stream_finish(stream, "closed by the other side", false);
  } else
    finish_failed(stream, uv_strerror(status));
}

static void read_octets(uv_stream_t *uv, ssize_t count, const uv_buf_t *buffer)
{
  struct net_stream *stream = uv->data;
  if (count > 0)
    take_octets(stream, (const guint8 *)buffer->base, (gsize)count);
  else if (count < 0) {
    uv_read_stop(uv);
    reading_ended(stream, (int)count);
  }
}

void net_stream_pause(struct net_stream *stream, bool paused)
{
  if (stream->state == NET_CLOSED || stream->paused == paused)
    return;
  stream->paused = paused;
  read_on(stream);
  if (!paused && stream->held)
    net_stream_due(stream);
}

/* --- writing -------------------------------------------------------------------------------------------- */

gsize net_stream_pending(const struct net_stream *stream)
{
  return stream->wire_size + stream->plain_size + stream->flying_size;
}

bool net_stream_write(struct net_stream *stream, GBytes *data)
{
  gsize size = g_bytes_get_size(data);
  if (size == 0 || (stream->state != NET_OPEN && stream->state != NET_CONNECTING)) {
    g_bytes_unref(data);
    return false;
  }
  if (stream->tls != NULL) {
    g_queue_push_tail(&stream->plain, data);
    stream->plain_size += size;
  } else {
    g_queue_push_tail(&stream->wire, data);
    stream->wire_size += size;
  }
  net_stream_due(stream);
  stream->full = stream->full || net_stream_pending(stream) > HIGH_WATER;
  return stream->full;
}

/* Takes one record's worth from the plain queue: a large piece as it is, small ones side by side. */
static GBytes *next_record(struct net_stream *stream)
{
  GBytes *first = g_queue_pop_head(&stream->plain);
  const GBytes *second = g_queue_peek_head(&stream->plain);
  gsize size = g_bytes_get_size(first);
  if (second == NULL || size + g_bytes_get_size((GBytes *)second) > RECORD)
    return first;
  GByteArray *joined = g_byte_array_sized_new(RECORD);
  while (first != NULL) {
    g_byte_array_append(joined, g_bytes_get_data(first, NULL), (guint)g_bytes_get_size(first));
    g_bytes_unref(first);
    second = g_queue_peek_head(&stream->plain);
    bool fits = second != NULL && joined->len + g_bytes_get_size((GBytes *)second) <= RECORD;
    first = fits ? g_queue_pop_head(&stream->plain) : NULL;
  }
  return g_byte_array_free_to_bytes(joined);
}

static void encrypt(struct net_stream *stream)
{
  while (!g_queue_is_empty(&stream->plain)) {
    g_autoptr(GBytes) record = next_record(stream);
    gsize size;
    const guint8 *octets = g_bytes_get_data(record, &size);
    stream->plain_size -= size;
    if (!net_tls_session_write(stream->tls, octets, size)) {
      fail_later(stream, "TLS could not encrypt");
      return;
    }
  }
  take_tls_output(stream);
}

/* Takes `size` octets that were written off the head of the wire queue. */
static void written(struct net_stream *stream, gsize size)
{
  stream->wire_size -= size;
  while (size > 0) {
    g_autoptr(GBytes) head = g_queue_pop_head(&stream->wire);
    gsize length = g_bytes_get_size(head);
    if (length > size) {
      g_queue_push_head(&stream->wire, g_bytes_new_from_bytes(head, size, length - size));
      return;
    }
    size -= length;
  }
}

static guint gather(const struct net_stream *stream, uv_buf_t *buffers)
{
  guint count = 0;
  for (const GList *link = stream->wire.head; link != NULL && count < BUFFERS_MAX; link = link->next) {
    gsize size;
    const void *octets = g_bytes_get_data(link->data, &size);
    buffers[count++] = uv_buf_init((char *)octets, (unsigned)size);
  }
  return count;
}

static void write_done(uv_write_t *request, int status)
{
  struct net_stream *stream = request->data;
  g_ptr_array_set_size(stream->flying, 0);
  stream->flying_size = 0;
  if (!stream->freed && stream->state != NET_CLOSED) {
    if (status == 0)
      net_stream_due(stream);
    else if (stream->state == NET_CLOSING)
      net_stream_finish(stream, "closed", false);
    else
      finish_failed(stream, uv_strerror(status));
  }
  net_stream_release(stream);
}

/* Writes what waits, as far as the socket takes it; the rest flies until write_done(). */
static void write_wire(struct net_stream *stream)
{
  uv_buf_t buffers[BUFFERS_MAX];
  while (stream->flying->len == 0 && !g_queue_is_empty(&stream->wire)) {
    guint count = gather(stream, buffers);
    int status = uv_try_write((uv_stream_t *)stream->tcp, buffers, count);
    if (status > 0) {
      written(stream, (gsize)status);
      continue;
    }
    if (status < 0 && status != UV_EAGAIN) {
      fail_later(stream, uv_strerror(status));
      return;
    }
    for (guint i = 0; i < count; i++) {
      GBytes *octets = g_queue_pop_head(&stream->wire);
      stream->flying_size += g_bytes_get_size(octets);
      g_ptr_array_add(stream->flying, octets);
    }
    stream->wire_size -= stream->flying_size;
    stream->write.data = stream;
    stream->handles++;
    if (uv_write(&stream->write, (uv_stream_t *)stream->tcp, buffers, count, write_done) != 0) {
      stream->handles--;
      fail_later(stream, "cannot write");
    }
    return;
  }
}

/* --- the end -------------------------------------------------------------------------------------------- */

static void closing_took_too_long(uv_timer_t *timer)
{
  net_stream_finish(timer->data, "closed", false);
}

static void shutdown_done(uv_shutdown_t *request, int status)
{
  struct net_stream *stream = request->data;
  if (status != 0 && !stream->freed)
    net_stream_finish(stream, "closed", false);
  net_stream_release(stream);
}

/* Everything is written: our side is shut and the other's end awaited. */
static void linger(struct net_stream *stream)
{
  stream->state = NET_LINGERING;
  stream->shutdown.data = stream;
  stream->handles++;
  if (uv_shutdown(&stream->shutdown, (uv_stream_t *)stream->tcp, shutdown_done) != 0) {
    stream->handles--;
    net_stream_finish(stream, "closed", false);
    return;
  }
  read_on(stream);
  uv_timer_start(&stream->timer, closing_took_too_long, LINGER_MS, 0);
}

void net_stream_close(struct net_stream *stream)
{
  if (stream->state != NET_OPEN && stream->state != NET_CONNECTING)
    return;
  if (stream->state == NET_OPEN && stream->tls != NULL && !stream->handshaking && stream->failure == NULL) {
    encrypt(stream);
    net_tls_session_shutdown(stream->tls);
    take_tls_output(stream);
  }
  stream->state = stream->state == NET_CONNECTING ? NET_ABANDONED : NET_CLOSING;
  uv_timer_start(&stream->timer, closing_took_too_long, CLOSE_MS, 0);
  net_stream_due(stream);
}

/* --- what is due ---------------------------------------------------------------------------------------- */

static void tell_drained(struct net_stream *stream)
{
  if (!stream->full || net_stream_pending(stream) > LOW_WATER || stream->state != NET_OPEN)
    return;
  stream->full = false;
  if (stream->handler.drained != NULL)
    stream->handler.drained(stream->user);
}

void net_stream_serve(struct net_stream *stream)
{
  if (stream->state == NET_CONNECTING || stream->state == NET_CLOSED)
    return;
  if (stream->state == NET_ABANDONED) {
    net_stream_finish(stream, "closed", false);
    return;
  }
  if (stream->held && !stream->paused) {
    stream->held = false;
    deliver_plain(stream);
  }
  if (stream->state == NET_CLOSED)
    return;
  if (stream->tls != NULL && !stream->handshaking && stream->failure == NULL)
    encrypt(stream);
  write_wire(stream);
  if (stream->failure != NULL) {
    g_autofree char *words = g_steal_pointer(&stream->failure);
    bool asked = stream->state == NET_CLOSING || stream->state == NET_LINGERING;
    net_stream_finish(stream, asked ? "closed" : words, !asked);
    return;
  }
  if (stream->state == NET_CLOSING && net_stream_pending(stream) == 0)
    linger(stream);
  else
    tell_drained(stream);
}

/* --- how streams come about ----------------------------------------------------------------------------- */

static void learn_addresses(struct net_stream *stream)
{
  struct sockaddr_storage address = {0};
  int length = sizeof address;
  if (uv_tcp_getpeername(stream->tcp, (struct sockaddr *)&address, &length) == 0) {
    g_free(stream->peer);
    stream->peer = net_sockaddr_address((struct sockaddr *)&address, &stream->peer_port);
  }
  length = sizeof address;
  if (uv_tcp_getsockname(stream->tcp, (struct sockaddr *)&address, &length) == 0)
    g_free(net_sockaddr_address((struct sockaddr *)&address, &stream->local_port));
}

static int socket_of(const struct net_stream *stream)
{
  uv_os_fd_t fd;
  return stream->tcp != NULL && uv_fileno((uv_handle_t *)stream->tcp, &fd) == 0 ? fd : -1;
}

/* libuv sets the first pause alone; the system would go on asking for eleven minutes. */
static void set_keepalive(const struct net_stream *stream)
{
  int fd = socket_of(stream), on = stream->keepalive_s > 0, idle = (int)stream->keepalive_s;
  int each = KEEPALIVE_EACH_S, tries = KEEPALIVE_TRIES;
  if (fd < 0)
    return;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (on) {
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &each, sizeof each);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
  }
}

void net_stream_keepalive(struct net_stream *stream, guint seconds)
{
  stream->keepalive_s = MIN(seconds, KEEPALIVE_MAX_S);
  set_keepalive(stream);
}

gsize net_stream_unread(const struct net_stream *stream)
{
  int held = 0, fd = socket_of(stream);
  if (fd < 0 || ioctl(fd, SIOCOUTQ, &held) != 0)
    held = 0;
  return net_stream_pending(stream) + (gsize)held;
}

void net_stream_open(struct net_stream *stream)
{
  stream->state = NET_OPEN;
  learn_addresses(stream);
  uv_tcp_nodelay(stream->tcp, 1);
  set_keepalive(stream);
  read_on(stream);
  if (!g_queue_is_empty(&stream->wire))
    net_stream_due(stream);
}

void net_stream_accept(struct net_loop *loop, int fd, net_accepted accepted, void *user)
{
  struct net_stream *stream = net_stream_new(loop);
  stream->tcp = g_new0(uv_tcp_t, 1);
  uv_tcp_init(&loop->uv, stream->tcp);
  stream->tcp->data = stream;
  stream->handles++;
  if (uv_tcp_open(stream->tcp, fd) != 0) {
    close(fd);
    net_stream_free(stream);
    return;
  }
  net_stream_open(stream);
  accepted(user, stream);
  if (!stream->taken && !stream->freed)
    net_stream_free(stream);
}

void net_stream_take(struct net_stream *stream, const struct net_stream_handler *handler, void *user)
{
  stream->taken = true;
  stream->handler = *handler;
  stream->user = user;
}

void net_stream_tls(struct net_stream *stream, struct net_tls *tls, const char *name)
{
  if (stream->state != NET_OPEN || stream->tls != NULL)
    return;
  stream->tls = net_tls_session_new(tls, name);
  if (stream->tls == NULL) {
    fail_later(stream, "TLS could not be started");
    return;
  }
  stream->handshaking = true;
  g_autofree char *peer_name = NULL, *words = NULL;
  net_tls_session_handshake(stream->tls, &peer_name, &words); /* the client's first words; a server waits */
  take_tls_output(stream);
}

const char *net_stream_peer(const struct net_stream *stream)
{
  return stream->peer;
}

guint16 net_stream_peer_port(const struct net_stream *stream)
{
  return stream->peer_port;
}

guint16 net_stream_local_port(const struct net_stream *stream)
{
  return stream->local_port;
}
