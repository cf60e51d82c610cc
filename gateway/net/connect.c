/* connect.c - outgoing connections: the addresses of a name, tried one after the other until one answers. */
#include <netdb.h>
#include <string.h>

#include "net/stream_private.h"

/* For one address; the system would try for two minutes. */
enum { ATTEMPT_MS = 30 * 1000 };

struct net_connect {
  char *name, *local; /* local: source address or NULL */
  guint16 port;
  struct addrinfo *found;        /* of uv_getaddrinfo(), to be freed */
  const struct addrinfo *next;   /* to be tried */
  struct sockaddr_storage given; /* a numeric address needs no look-up */
  bool numeric;
  char *words; /* why the last attempt failed */
};

/* The look-up outlives a freed stream, so it stands alone. */
struct lookup {
  uv_getaddrinfo_t request;
  struct net_stream *stream;
};
struct attempt {
  uv_connect_t request;
  struct net_stream *stream;
  const uv_tcp_t *tcp;
};

void net_connect_drop(struct net_stream *stream)
{
  struct net_connect *connect = g_steal_pointer(&stream->connect);
  if (connect == NULL)
    return;
  uv_freeaddrinfo(connect->found);
  g_free(connect->name);
  g_free(connect->local);
  g_free(connect->words);
  g_free(connect);
}

static void try_next(struct net_stream *stream);

static void note(struct net_connect *connect, const char *address, const char *why)
{
  g_autofree char *where = net_address_words(address, connect->port);
  g_free(connect->words);
  connect->words = g_strdup_printf("connect to %s: %s", where, why);
}

static void connected(uv_connect_t *request, int status)
{
  g_autofree struct attempt *attempt = request->data;
  struct net_stream *stream = attempt->stream;
  bool current = stream->tcp == attempt->tcp && stream->state == NET_CONNECTING;
  if (current && status == 0) {
    uv_timer_stop(&stream->timer);
    net_connect_drop(stream);
    net_stream_open(stream);
    if (stream->handler.connected != NULL)
      stream->handler.connected(stream->user);
  } else if (current) {
    note(stream->connect, stream->peer, uv_strerror(status));
    net_stream_drop_socket(stream);
    try_next(stream);
  }
  net_stream_release(stream);
}

static void attempt_timed_out(uv_timer_t *timer)
{
  struct net_stream *stream = timer->data;
  note(stream->connect, stream->peer, "no answer in 30 seconds");
  net_stream_drop_socket(stream);
  try_next(stream);
}

/* Binds the source address; 0 when none is wanted. */
static int bind_local(uv_tcp_t *tcp, const char *local, int family)
{
  struct sockaddr_storage address = {0};
  if (local == NULL)
    return 0;
  if ((strchr(local, ':') != NULL) != (family == AF_INET6))
    return UV_EAFNOSUPPORT; /* of the source address */
  int status = family == AF_INET6 ? uv_ip6_addr(local, 0, (struct sockaddr_in6 *)&address)
                                  : uv_ip4_addr(local, 0, (struct sockaddr_in *)&address);
  return status != 0 ? status : uv_tcp_bind(tcp, (struct sockaddr *)&address, 0);
}

static int start_attempt(struct net_stream *stream, const struct sockaddr *address)
{
  stream->tcp = g_new0(uv_tcp_t, 1);
  uv_tcp_init(&stream->loop->uv, stream->tcp);
  stream->tcp->data = stream;
  stream->handles++;
  int status = bind_local(stream->tcp, stream->connect->local, address->sa_family);
  if (status != 0)
    return status;
  struct attempt *attempt = g_new0(struct attempt, 1);
  attempt->request.data = attempt;
  attempt->stream = stream;
  attempt->tcp = stream->tcp;
  status = uv_tcp_connect(&attempt->request, stream->tcp, address, connected);
  if (status != 0) {
    g_free(attempt);
    return status;
  }
  stream->handles++;
  uv_timer_start(&stream->timer, attempt_timed_out, ATTEMPT_MS, 0);
  return 0;
}

static void try_address(struct net_stream *stream, const struct sockaddr *address)
{
  struct net_connect *connect = stream->connect;
  g_free(stream->peer);
  stream->peer = net_sockaddr_address(address, &stream->peer_port);
  int status = start_attempt(stream, address);
  if (status == 0)
    return;
  note(connect, stream->peer, uv_strerror(status));
  net_stream_drop_socket(stream);
  try_next(stream);
}

static void try_next(struct net_stream *stream)
{
  struct net_connect *connect = stream->connect;
  const struct addrinfo *next = connect->next;
  if (next == NULL) {
    g_autofree char *words = g_strdup(connect->words != NULL ? connect->words : "no address");
    net_stream_finish(stream, words, true);
    return;
  }
  connect->next = next->ai_next;
  try_address(stream, next->ai_addr);
}

static void looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
  g_autofree struct lookup *lookup = request->data;
  struct net_stream *stream = lookup->stream;
  if (stream->state != NET_CONNECTING)
    uv_freeaddrinfo(found);
  else if (status != 0) {
    g_autofree char *words = net_words("look up", stream->connect->name, status);
    net_stream_finish(stream, words, true);
  } else {
    stream->connect->found = found;
    stream->connect->next = found;
    try_next(stream);
  }
  net_stream_release(stream);
}

static int look_up(struct net_stream *stream)
{
  char service[8];
  g_snprintf(service, sizeof service, "%u", stream->connect->port);
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
  struct lookup *lookup = g_new0(struct lookup, 1);
  lookup->request.data = lookup;
  lookup->stream = stream;
  int status =
      uv_getaddrinfo(&stream->loop->uv, &lookup->request, looked_up, stream->connect->name, service, &hints);
  if (status == 0)
    stream->handles++;
  else
    g_free(lookup);
  return status;
}

/* The first attempt is made from the loop, so that a failure is told from there. */
static void begin(uv_timer_t *timer)
{
  struct net_stream *stream = timer->data;
  struct net_connect *connect = stream->connect;
  if (connect->numeric) {
    try_address(stream, (const struct sockaddr *)&connect->given);
    return;
  }
  int status = look_up(stream);
  if (status != 0) {
    g_autofree char *words = net_words("look up", connect->name, status);
    net_stream_finish(stream, words, true);
  }
}

struct net_stream *net_connect(struct net_loop *loop, const char *address, guint16 port, const char *local,
                               const struct net_stream_handler *handler, void *user)
{
  struct net_stream *stream = net_stream_new(loop);
  struct net_connect *connect = g_new0(struct net_connect, 1);
  net_stream_take(stream, handler, user);
  stream->connect = connect;
  g_free(stream->peer);
  stream->peer = g_strdup(address);
  stream->peer_port = port;
  connect->name = g_strdup(address);
  connect->local = g_strdup(local);
  connect->port = port;
  connect->numeric = uv_ip4_addr(address, port, (struct sockaddr_in *)&connect->given) == 0 ||
                     uv_ip6_addr(address, port, (struct sockaddr_in6 *)&connect->given) == 0;
  uv_timer_start(&stream->timer, begin, 0, 0);
  return stream;
}
