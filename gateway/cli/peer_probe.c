#include "cli/peer_probe.h"

#include "net/net.h"

enum { PROBE_MS = 2000 };

struct probe {
  struct net_loop *loop;
  struct net_stream *stream;
  struct net_tls *tls;
  bool answered;
};

static void connected(void *user)
{
  struct probe *probe = user;
  net_stream_tls(probe->stream, probe->tls, NULL);
}

static void secured(void *user, bool ok, const char *peer_name, const char *words)
{
  (void)peer_name;
  (void)words;
  struct probe *probe = user;
  probe->answered = ok;
  net_stop(probe->loop);
}

static void closed(void *user, const char *words, bool error)
{
  (void)words;
  (void)error;
  net_stop(((struct probe *)user)->loop);
}

static void over(void *user)
{
  net_stop(((struct probe *)user)->loop);
}

bool peer_speaks_tls(const char *host, guint16 port, const char *local)
{
  static const struct net_stream_handler handler = {
      .connected = connected, .secured = secured, .closed = closed};
  const struct net_tls_options options = {.require_peer = false};
  struct probe probe = {.tls = net_tls_new(&options, NULL)};
  if (!probe.tls)
    return false;
  probe.loop = net_loop_new();
  struct net_timer *timer = net_timer_new(probe.loop, over, &probe);
  net_timer_start(timer, PROBE_MS, 0);
  probe.stream = net_connect(probe.loop, host, port, local, &handler, &probe);
  net_run(probe.loop);
  net_stream_free(probe.stream);
  net_timer_free(timer);
  net_loop_free(probe.loop);
  net_tls_unref(probe.tls);
  return probe.answered;
}
