/* listener.c - accepts connections on a socket that listens, and makes such sockets.
 *
 * The socket is watched by uv_poll and accepted from here rather than by uv_listen(), so that accepting can
 * be paused and a lack of descriptors only delays it. */
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "net/stream_private.h"

/* Connections taken in one turn, and the rest when descriptors or memory ran out. */
enum { ACCEPTS_PER_TURN = 32, EXHAUSTED_MS = 250, BACKLOG = 1024 };

struct net_listener {
  struct net_loop *loop;
  uv_poll_t poll;
  uv_timer_t rest;
  int fd;
  bool paused;
  guint closing; /* handles that are not closed yet */
  net_accepted accepted;
  void *user;
};

static void watch(struct net_listener *listener);

static void rested(uv_timer_t *timer)
{
  struct net_listener *listener = timer->data;
  watch(listener);
}

static void acceptable(uv_poll_t *poll, int status, int events)
{
  (void)status;
  (void)events;
  struct net_listener *listener = poll->data;
  for (int i = 0; i < ACCEPTS_PER_TURN && !listener->paused && listener->closing == 0; i++) {
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
      net_stream_accept(listener->loop, fd, listener->accepted, listener->user);
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      uv_poll_stop(poll);
      uv_timer_start(&listener->rest, rested, EXHAUSTED_MS, 0);
      return;
    } else if (errno != EINTR && errno != ECONNABORTED)
      return;
  }
}

static void watch(struct net_listener *listener)
{
  if (!listener->paused)
    uv_poll_start(&listener->poll, UV_READABLE, acceptable);
}

struct net_listener *net_listener_new(struct net_loop *loop, int fd, net_accepted accepted, void *user)
{
  struct net_listener *listener = g_new0(struct net_listener, 1);
  listener->loop = loop;
  listener->fd = fd;
  listener->accepted = accepted;
  listener->user = user;
  if (uv_poll_init(&loop->uv, &listener->poll, fd) != 0) { /* sets O_NONBLOCK */
    g_free(listener);
    return NULL;
  }
  uv_timer_init(&loop->uv, &listener->rest);
  listener->poll.data = listener->rest.data = listener;
  watch(listener);
  return listener;
}

void net_listener_pause(struct net_listener *listener, bool paused)
{
  listener->paused = paused;
  uv_timer_stop(&listener->rest);
  if (paused)
    uv_poll_stop(&listener->poll);
  else
    watch(listener);
}

static void handle_closed(uv_handle_t *handle)
{
  struct net_listener *listener = handle->data;
  if (--listener->closing > 0)
    return;
  close(listener->fd);
  g_free(listener);
}

void net_listener_free(struct net_listener *listener)
{
  if (listener == NULL)
    return;
  listener->closing = 2;
  uv_close((uv_handle_t *)&listener->poll, handle_closed);
  uv_close((uv_handle_t *)&listener->rest, handle_closed);
}

/* --- making the socket ---------------------------------------------------------------------------------- */

static int bind_and_listen(const struct addrinfo *found)
{
  int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (found->ai_family == AF_INET6) /* so that "::" and "0.0.0.0" can both be listened on */
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
    return fd;
  int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

int net_listen(const char *address, guint16 port, GError **error)
{
  char service[8];
  g_snprintf(service, sizeof service, "%u", port);
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
  struct addrinfo *found = NULL;
  g_autofree char *where = net_address_words(address, port);
  int status = getaddrinfo(address, service, &hints, &found);
  if (status != 0) {
    g_set_error(error, NET_ERROR, 0, "listen on %s: an IPv4 or IPv6 address is expected", where);
    return -1;
  }
  int fd = bind_and_listen(found);
  if (fd < 0)
    g_set_error(error, NET_ERROR, 0, "listen on %s: %s", where, g_strerror(errno));
  freeaddrinfo(found);
  return fd;
}
