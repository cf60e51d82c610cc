/* test_net.c - the loop and streams on real sockets of the loopback interface: octets, backpressure, ends,
 * TLS.
 *
 * One loop holds both ends. Each test runs it until what it waits for has come; a guard ends a test that
 * hangs. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "lib/certificates.h"
#include "net/net.h"

/* --- two ends ------------------------------------------------------------------------------------------- */

struct world;
struct end {
  struct world *world;
  struct net_stream *stream;
  GString *got;
  guint reads, drains;
  bool connected, secured, secure, closed, error;
  char *name, *words, *peer;
  bool echo, free_on_data, free_on_connect, close_on_data, pause_after_data;
  struct net_tls *tls; /* started when "TLS" has come; the server says "GO" in clear before */
};
struct world {
  struct net_loop *loop;
  struct net_listener *listener;
  guint16 port;
  struct end client, server;
  struct net_timer *guard;
  bool (*until)(const struct world *world);
  bool leave; /* accepted streams are not taken */
  guint accepts;
};

static void look(struct world *world)
{
  if (world->until != NULL && world->until(world))
    net_stop(world->loop);
}

static void write_text(struct end *end, const char *text)
{
  net_stream_write(end->stream, g_bytes_new(text, strlen(text)));
}

static void drop(struct end *end)
{
  net_stream_free(g_steal_pointer(&end->stream));
}

static void on_connected(void *user)
{
  struct end *end = user;
  end->connected = true;
  if (end->free_on_connect)
    drop(end);
  look(end->world);
}

static void on_secured(void *user, bool ok, const char *peer_name, const char *words)
{
  struct end *end = user;
  ck_assert(!end->secured);
  end->secured = true;
  end->secure = ok;
  end->name = g_strdup(peer_name);
  if (!ok)
    end->words = g_strdup(words);
  look(end->world);
}

static void on_data(void *user, const guint8 *data, gsize length)
{
  struct end *end = user;
  ck_assert(!end->closed && length > 0);
  g_string_append_len(end->got, (const char *)data, (gssize)length);
  end->reads++;
  if (end->free_on_data)
    drop(end);
  else if (end->tls != NULL && !end->secured && strcmp(end->got->str, "TLS") == 0) {
    g_string_truncate(end->got, 0);
    write_text(end, "GO");
    net_stream_tls(end->stream, end->tls, NULL);
  } else if (end->tls != NULL && !end->secured && strcmp(end->got->str, "GO") == 0) {
    g_string_truncate(end->got, 0);
    net_stream_tls(end->stream, end->tls, NULL);
  } else if (end->echo)
    net_stream_write(end->stream, g_bytes_new(data, length));
  if (end->close_on_data && end->stream != NULL)
    net_stream_close(end->stream);
  if (end->pause_after_data)
    net_stream_pause(end->stream, true);
  look(end->world);
}

static void on_drained(void *user)
{
  struct end *end = user;
  end->drains++;
  look(end->world);
}

static void on_closed(void *user, const char *words, bool error)
{
  struct end *end = user;
  ck_assert(!end->closed);
  end->closed = true;
  end->error = error;
  if (end->words == NULL)
    end->words = g_strdup(words);
  drop(end);
  look(end->world);
}

static const struct net_stream_handler handler = {.connected = on_connected,
                                                  .secured = on_secured,
                                                  .data = on_data,
                                                  .drained = on_drained,
                                                  .closed = on_closed};

static void on_accepted(void *user, struct net_stream *stream)
{
  struct world *world = user;
  world->accepts++;
  if (!world->leave) {
    ck_assert_ptr_null(world->server.stream);
    world->server.stream = stream;
    world->server.peer = g_strdup(net_stream_peer(stream));
    ck_assert_uint_eq(net_stream_local_port(stream), world->port);
    net_stream_take(stream, &handler, &world->server);
  }
  look(world);
}

static void on_guard(void *user)
{
  (void)user;
  ck_abort_msg("what the test waits for does not come");
}

static guint16 port_of(int fd)
{
  struct sockaddr_storage address = {0};
  socklen_t size = sizeof address;
  getsockname(fd, (struct sockaddr *)&address, &size);
  return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                             : ((struct sockaddr_in *)&address)->sin_port);
}

static struct world *world_new_at(const char *address)
{
  struct world *world = g_new0(struct world, 1);
  world->loop = net_loop_new();
  world->client.world = world->server.world = world;
  world->client.got = g_string_new(NULL);
  world->server.got = g_string_new(NULL);
  world->guard = net_timer_new(world->loop, on_guard, world);
  net_timer_start(world->guard, 20000, 0);
  g_autoptr(GError) error = NULL;
  int fd = net_listen(address, 0, &error);
  ck_assert_msg(fd >= 0, "%s", error != NULL ? error->message : "");
  world->port = port_of(fd);
  world->listener = net_listener_new(world->loop, fd, on_accepted, world);
  ck_assert_ptr_nonnull(world->listener);
  return world;
}

static struct world *world_new(void)
{
  return world_new_at("127.0.0.1");
}

static void end_clear(struct end *end)
{
  net_stream_free(end->stream);
  g_string_free(end->got, TRUE);
  g_free(end->name);
  g_free(end->words);
  g_free(end->peer);
  net_tls_unref(end->tls);
}

static void world_free(struct world *world)
{
  end_clear(&world->client);
  end_clear(&world->server);
  net_listener_free(world->listener);
  net_timer_free(world->guard);
  net_loop_free(world->loop);
  g_free(world);
}

static void connect_to(struct world *world, const char *address, const char *local)
{
  world->client.stream = net_connect(world->loop, address, world->port, local, &handler, &world->client);
}

static void run_until(struct world *world, bool (*until)(const struct world *world))
{
  world->until = until;
  if (!until(world))
    net_run(world->loop);
  ck_assert(until(world));
}

static bool both_there(const struct world *world)
{
  return world->client.connected && world->server.stream != NULL;
}

static bool both_closed(const struct world *world)
{
  return world->client.closed && world->server.closed;
}

static bool client_closed(const struct world *world)
{
  return world->client.closed;
}

static bool server_closed(const struct world *world)
{
  return world->server.closed;
}

static struct world *pair_new(void)
{
  struct world *world = world_new();
  connect_to(world, "127.0.0.1", NULL);
  run_until(world, both_there);
  return world;
}

/* --- the loop ------------------------------------------------------------------------------------------- */

struct ticks {
  struct net_loop *loop;
  struct net_timer *timer, *never;
  GString *log;
  guint count;
};

static void on_tick(void *user)
{
  struct ticks *ticks = user;
  g_string_append_c(ticks->log, 't');
  if (++ticks->count == 3) {
    net_timer_free(ticks->timer); /* in its own callback */
    net_stop(ticks->loop);
  }
}

static void on_never(void *user)
{
  (void)user;
  ck_abort_msg("a stopped timer ran");
}

START_TEST(timers)
{
  struct ticks ticks = {.loop = net_loop_new(), .log = g_string_new(NULL)};
  ticks.timer = net_timer_new(ticks.loop, on_tick, &ticks);
  ticks.never = net_timer_new(ticks.loop, on_never, &ticks);
  net_timer_start(ticks.never, 5, 0);
  net_timer_stop(ticks.never);
  gint64 before = net_now_us(ticks.loop);
  net_timer_start(ticks.timer, 20, 10);
  net_run(ticks.loop);
  gint64 took = net_now_us(ticks.loop) - before;
  ck_assert_str_eq(ticks.log->str, "ttt");
  ck_assert_int_ge(took, 38000);
  net_timer_free(ticks.never);
  net_loop_free(ticks.loop);
  g_string_free(ticks.log, TRUE);
}
END_TEST

struct watched {
  struct net_loop *loop;
  struct net_watch *watch;
  int fd;
  bool readable, work_done, signalled;
  GThread *worker;
};

static void on_ready(void *user, bool readable, bool writable)
{
  struct watched *watched = user;
  (void)writable;
  watched->readable = readable;
  net_watch_free(watched->watch);
  net_stop(watched->loop);
}

static void do_work(void *user)
{
  ((struct watched *)user)->worker = g_thread_self();
}

static void on_work_done(void *user)
{
  struct watched *watched = user;
  watched->work_done = true;
  ck_assert_ptr_ne(watched->worker, g_thread_self());
  net_stop(watched->loop);
}

static void on_signal(void *user)
{
  struct watched *watched = user;
  watched->signalled = true;
  net_stop(watched->loop);
}

START_TEST(watch_work_signal)
{
  struct watched watched = {.loop = net_loop_new(), .fd = eventfd(0, EFD_NONBLOCK)};
  watched.watch = net_watch_new(watched.loop, watched.fd, on_ready, &watched);
  net_watch_events(watched.watch, true, false);
  ck_assert_int_eq(eventfd_write(watched.fd, 1), 0);
  net_run(watched.loop);
  ck_assert(watched.readable);
  net_work(watched.loop, do_work, on_work_done, &watched);
  net_run(watched.loop);
  ck_assert(watched.work_done);
  struct net_signal *caught = net_signal_new(watched.loop, SIGUSR1, on_signal, &watched);
  raise(SIGUSR1);
  net_run(watched.loop);
  ck_assert(watched.signalled);
  net_signal_free(caught);
  net_loop_free(watched.loop);
  close(watched.fd);
}
END_TEST

/* --- octets --------------------------------------------------------------------------------------------- */

static bool echoed(const struct world *world)
{
  return strcmp(world->client.got->str, "hello") == 0;
}

static void check_echo(const char *listen_at, const char *address, const char *local, const char *seen_as)
{
  struct world *world = world_new_at(listen_at);
  world->server.echo = true;
  connect_to(world, address, local);
  write_text(&world->client, "hel"); /* before it is connected */
  run_until(world, both_there);
  write_text(&world->client, "lo");
  run_until(world, echoed);
  ck_assert_str_eq(world->server.peer, seen_as);
  ck_assert_str_eq(net_stream_peer(world->client.stream), listen_at);
  ck_assert_uint_eq(net_stream_peer_port(world->client.stream), world->port);
  net_stream_close(world->client.stream);
  net_stream_close(world->client.stream); /* again: nothing */
  write_text(&world->client, "too late");
  run_until(world, both_closed);
  ck_assert(!world->client.error && !world->server.error);
  ck_assert_str_eq(world->server.got->str, "hello");
  world_free(world);
}

START_TEST(echo)
{
  check_echo("127.0.0.1", "127.0.0.1", NULL, "127.0.0.1");
}
END_TEST

START_TEST(echo_by_name)
{
  check_echo("127.0.0.1", "localhost", NULL, "127.0.0.1");
}
END_TEST

START_TEST(echo_from_a_source_address)
{
  check_echo("127.0.0.1", "127.0.0.1", "127.0.0.9", "127.0.0.9");
}
END_TEST

START_TEST(echo_ipv6)
{
  g_autoptr(GError) error = NULL;
  int fd = net_listen("::1", 0, &error);
  if (fd < 0)
    return; /* this host has no IPv6 */
  close(fd);
  check_echo("::1", "::1", NULL, "::1");
}
END_TEST

/* The first open socket of this process that listens not and has this port on its side. */
static int socket_with_port(guint16 port)
{
  for (int fd = 3; fd < 256; fd++) {
    struct sockaddr_in at;
    socklen_t length = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &length) == 0 && at.sin_family == AF_INET &&
        ntohs(at.sin_port) == port)
      return fd;
  }
  return -1;
}

static int option_of(int fd, int level, int name)
{
  int value = -1;
  socklen_t length = sizeof value;
  ck_assert_int_eq(getsockopt(fd, level, name, &value, &length), 0);
  return value;
}

START_TEST(keepalive)
{
  struct world *world = pair_new();
  int fd = socket_with_port(net_stream_local_port(world->client.stream));
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  net_stream_keepalive(world->client.stream, 7);
  ck_assert_int_eq(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7);
  /* the line is given up two minutes after the last octet, not after eleven more */
  ck_assert_int_le(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL) * option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 60);
  net_stream_keepalive(world->client.stream, 0);
  ck_assert_int_eq(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  world_free(world);
}
END_TEST

START_TEST(small_writes_are_gathered)
{
  struct world *world = pair_new();
  for (int i = 0; i < 1000; i++)
    write_text(&world->client, "0123456789");
  ck_assert_uint_eq(net_stream_pending(world->client.stream), 10000);
  net_stream_close(world->client.stream);
  run_until(world, both_closed);
  ck_assert_uint_eq(world->server.got->len, 10000);
  ck_assert_uint_le(world->server.reads, 5);
  world_free(world);
}
END_TEST

static GBytes *pattern(gsize size, guint seed)
{
  guint8 *octets = g_malloc(size);
  for (gsize i = 0; i < size; i++)
    octets[i] = (guint8)((i + seed) * 2654435761u >> 13);
  return g_bytes_new_take(octets, size);
}

static bool drained_once(const struct world *world)
{
  return world->client.drains > 0;
}

static void check_backpressure(struct world *world)
{
  net_stream_pause(world->server.stream, true);
  g_autoptr(GBytes) block = pattern(65536, 1);
  gsize written = 0;
  bool full = false;
  while (!full) {
    full = net_stream_write(world->client.stream, g_bytes_ref(block));
    written += 65536;
  }
  ck_assert_uint_le(written, 5 * 65536); /* nothing goes out before the loop runs */
  /* What the kernel takes is found by going on for a while. */
  gint64 until = net_now_us(world->loop) + 300000;
  while (net_now_us(world->loop) < until) {
    struct net_timer *tick = net_timer_new(world->loop, (net_callback)net_stop, world->loop);
    world->until = NULL;
    net_timer_start(tick, 20, 0);
    net_run(world->loop);
    net_timer_free(tick);
    for (full = net_stream_pending(world->client.stream) > 256 * 1024; !full; written += 65536)
      full = net_stream_write(world->client.stream, g_bytes_ref(block));
    ck_assert_uint_le(written, 64u << 20);
  }
  ck_assert_uint_le(net_stream_pending(world->client.stream), 512 * 1024);
  ck_assert_uint_gt(net_stream_unread(world->client.stream), net_stream_pending(world->client.stream));
  ck_assert_uint_eq(world->server.got->len, 0);
  world->client.drains = 0;
  net_stream_pause(world->server.stream, false);
  run_until(world, drained_once);
  ck_assert_uint_le(net_stream_pending(world->client.stream), 64 * 1024);
  net_stream_close(world->client.stream);
  run_until(world, both_closed);
  ck_assert_uint_eq(world->server.got->len, written);
  const char *expected = g_bytes_get_data(block, NULL);
  for (gsize at = 0; at < written; at += 65536)
    ck_assert(memcmp(world->server.got->str + at, expected, 65536) == 0);
}

START_TEST(backpressure)
{
  struct world *world = pair_new();
  check_backpressure(world);
  world_free(world);
}
END_TEST

START_TEST(close_writes_all_before)
{
  struct world *world = pair_new();
  g_autoptr(GBytes) block = pattern(8 << 20, 3);
  net_stream_write(world->client.stream, g_bytes_ref(block));
  net_stream_close(world->client.stream);
  run_until(world, both_closed);
  ck_assert(!world->server.error && !world->client.error);
  ck_assert_uint_eq(world->server.got->len, 8 << 20);
  ck_assert(memcmp(world->server.got->str, g_bytes_get_data(block, NULL), 8 << 20) == 0);
  world_free(world);
}
END_TEST

/* A refusal in the middle of what the client sends still reaches it: no reset. */
START_TEST(refusal_reaches_a_client_that_sends)
{
  struct world *world = pair_new();
  g_autoptr(GBytes) block = pattern(4 << 20, 3);
  world->server.close_on_data = true;
  write_text(&world->server, "554 no\r\n");
  net_stream_write(world->client.stream, g_bytes_ref(block));
  world->client.close_on_data = true;
  run_until(world, both_closed);
  ck_assert_str_eq(world->client.got->str, "554 no\r\n");
  ck_assert(!world->client.error);
  world_free(world);
}
END_TEST

START_TEST(freed_in_callbacks)
{
  struct world *world = world_new();
  world->client.free_on_connect = true;
  connect_to(world, "127.0.0.1", NULL);
  run_until(world, server_closed);
  world_free(world);
  world = pair_new();
  world->server.free_on_data = true;
  write_text(&world->client, "x");
  run_until(world, client_closed);
  world_free(world);
}
END_TEST

START_TEST(freed_while_connecting)
{
  struct world *world = world_new();
  connect_to(world, "localhost", NULL);
  drop(&world->client);
  connect_to(world, "127.0.0.1", NULL);
  run_until(world, both_there);
  world_free(world);
}
END_TEST

START_TEST(closed_while_connecting)
{
  struct world *world = world_new();
  connect_to(world, "localhost", NULL);
  net_stream_close(world->client.stream);
  run_until(world, client_closed);
  ck_assert(!world->client.error && !world->client.connected);
  world_free(world);
}
END_TEST

/* --- refusals ------------------------------------------------------------------------------------------- */

static void expect_words(const struct end *end, const char *part)
{
  ck_assert_msg(end->words != NULL && strstr(end->words, part) != NULL, "\"%s\" is not in \"%s\"", part,
                end->words);
}

START_TEST(connect_refused)
{
  struct world *world = world_new();
  net_listener_free(g_steal_pointer(&world->listener));
  struct net_timer *tick = net_timer_new(world->loop, (net_callback)net_stop, world->loop);
  net_timer_start(tick, 1, 0);
  net_run(world->loop); /* the listener's descriptor is closed by the loop */
  net_timer_free(tick);
  connect_to(world, _i == 0 ? "127.0.0.1" : "localhost", NULL);
  run_until(world, client_closed);
  ck_assert(world->client.error && !world->client.connected);
  g_autofree char *expected =
      g_strdup_printf("1:%u: connection refused", world->port); /* 127.0.0.1 or [::1] */
  if (_i == 0)
    expect_words(&world->client, expected);
  else
    expect_words(&world->client, "connection refused");
  world_free(world);
}
END_TEST

START_TEST(no_such_host)
{
  struct world *world = world_new();
  connect_to(world, "no-such-host.invalid", NULL);
  run_until(world, client_closed);
  ck_assert(world->client.error);
  expect_words(&world->client, "look up no-such-host.invalid: ");
  world_free(world);
}
END_TEST

START_TEST(source_address_of_another_host)
{
  struct world *world = world_new();
  connect_to(world, "127.0.0.1", "192.0.2.1");
  run_until(world, client_closed);
  expect_words(&world->client, "address not available");
  world_free(world);
}
END_TEST

START_TEST(listen_errors)
{
  g_autoptr(GError) error = NULL;
  ck_assert_int_eq(net_listen("example.org", 25, &error), -1);
  ck_assert_str_eq(error->message, "listen on example.org:25: an IPv4 or IPv6 address is expected");
  g_clear_error(&error);
  int fd = net_listen("127.0.0.1", 0, &error);
  ck_assert_int_ge(fd, 0);
  guint16 port = port_of(fd);
  ck_assert_int_eq(net_listen("127.0.0.1", port, &error), -1);
  ck_assert_ptr_nonnull(strstr(error->message, "Address already in use"));
  close(fd);
}
END_TEST

static bool accepted_one(const struct world *world)
{
  return world->accepts == 1;
}

START_TEST(untaken_streams_are_closed)
{
  struct world *world = world_new();
  world->leave = true;
  connect_to(world, "127.0.0.1", NULL);
  run_until(world, client_closed);
  ck_assert_uint_eq(world->accepts, 1);
  world_free(world);
}
END_TEST

static bool client_connected(const struct world *world)
{
  return world->client.connected;
}

START_TEST(paused_listener)
{
  struct world *world = world_new();
  net_listener_pause(world->listener, true);
  connect_to(world, "127.0.0.1", NULL);
  run_until(world, client_connected); /* the kernel's backlog */
  ck_assert_uint_eq(world->accepts, 0);
  net_listener_pause(world->listener, false);
  run_until(world, accepted_one);
  world_free(world);
}
END_TEST

START_TEST(reset_by_the_peer)
{
  struct world *world = world_new();
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(world->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  run_until(world, accepted_one);
  const struct linger reset = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
  run_until(world, server_closed);
  ck_assert(world->server.error);
  expect_words(&world->server, "connection with 127.0.0.1:");
  expect_words(&world->server, "connection reset by peer");
  world_free(world);
}
END_TEST

/* --- TLS ------------------------------------------------------------------------------------------------ */

static struct certificates *certificates;
static const char *good, *expired, *future, *alone, *guest;

static void make_certificates(void)
{
  certificates = certificates_new();
  good = certificates_make(certificates, "good", "mx.example", -60, 3600, false);
  expired = certificates_make(certificates, "expired", "mx.example", -7200, -3600, false);
  future = certificates_make(certificates, "future", "mx.example", 3600, 7200, false);
  alone = certificates_make(certificates, "alone", "mx.example", -60, 3600, true);
  guest = certificates_make(certificates, "guest", "guest.example", -60, 3600, false);
}

static void remove_certificates(void)
{
  certificates_free(certificates);
}

static struct net_tls *context(bool server, const char *own, bool authority, bool require, const char *name)
{
  const struct net_tls_options options = {.server = server,
                                          .certificate_file = (char *)own,
                                          .key_file = (char *)own,
                                          .ca_file =
                                              authority ? (char *)certificates_authority(certificates) : NULL,
                                          .require_peer = require,
                                          .name = (char *)name};
  g_autoptr(GError) error = NULL;
  struct net_tls *tls = net_tls_new(&options, &error);
  ck_assert_msg(tls != NULL, "%s", error != NULL ? error->message : "");
  return tls;
}

static bool both_secured(const struct world *world)
{
  return (world->client.secured && world->server.secured) || world->client.closed || world->server.closed;
}

/* Connects and goes over to TLS after a few octets in clear. */
static struct world *tls_pair(struct net_tls *client, struct net_tls *server)
{
  struct world *world = pair_new();
  world->client.tls = client;
  world->server.tls = server;
  write_text(&world->client, "TLS");
  return world;
}

START_TEST(tls_both_verified)
{
  struct world *world =
      tls_pair(context(false, guest, true, true, "mx.example"), context(true, good, true, true, NULL));
  run_until(world, both_secured);
  ck_assert(world->client.secure && world->server.secure);
  ck_assert_str_eq(world->client.name, "mx.example");
  ck_assert_str_eq(world->server.name, "guest.example");
  world->server.echo = true;
  write_text(&world->client, "hel");
  write_text(&world->client, "lo");
  run_until(world, echoed);
  ck_assert_str_eq(world->server.got->str, "hello");
  net_stream_close(world->client.stream);
  run_until(world, both_closed);
  ck_assert(!world->client.error && !world->server.error);
  world_free(world);
}
END_TEST

START_TEST(tls_backpressure)
{
  struct world *world =
      tls_pair(context(false, NULL, true, true, "mx.example"), context(true, good, false, false, NULL));
  run_until(world, both_secured);
  check_backpressure(world);
  world_free(world);
}
END_TEST

static bool something_came(const struct world *world)
{
  return world->server.got->len > 0 || world->server.closed;
}

/* The reader pauses after each piece: no piece comes while it is paused, and none is lost. */
START_TEST(tls_paused_reader_keeps_what_is_decrypted)
{
  struct world *world =
      tls_pair(context(false, NULL, true, true, "mx.example"), context(true, good, false, false, NULL));
  run_until(world, both_secured);
  world->server.pause_after_data = true;
  g_autoptr(GBytes) block = pattern(1 << 20, 9);
  g_autoptr(GString) all = g_string_new(NULL);
  net_stream_write(world->client.stream, g_bytes_ref(block));
  net_stream_close(world->client.stream);
  while (!world->server.closed) {
    world->server.reads = 0;
    run_until(world, something_came);
    ck_assert_uint_le(world->server.reads, 1);
    g_string_append_len(all, world->server.got->str, (gssize)world->server.got->len);
    g_string_truncate(world->server.got, 0);
    if (world->server.stream != NULL)
      net_stream_pause(world->server.stream, false);
  }
  ck_assert_uint_eq(all->len, 1 << 20);
  ck_assert(memcmp(all->str, g_bytes_get_data(block, NULL), 1 << 20) == 0);
  world_free(world);
}
END_TEST

static const struct {
  const char *const *server_own, *const *client_own;
  bool server_asks, server_requires, client_verifies;
  const char *expected_name; /* of the client's context */
  bool client_secure, server_secure;
  const char *client_name, *server_name; /* verified */
  const char *client_words, *server_words;
} handshakes[] = {
    /* nobody looks */
    {&good, NULL, false, false, false, NULL, true, true, NULL, NULL, NULL, NULL},
    /* the client would have liked what it did not demand; a wrong name then is no error, but no name either
     */
    {&good, NULL, false, false, false, "mx.example", true, true, "mx.example", NULL, NULL, NULL},
    {&good, NULL, false, false, false, "other.example", true, true, NULL, NULL, NULL, NULL},
    {&alone, NULL, false, false, false, "mx.example", true, true, NULL, NULL, NULL, NULL},
    /* the client verifies */
    {&good, NULL, false, false, true, "other.example", false, false, NULL, NULL,
     "the certificate of the server is for \"mx.example\", not for \"other.example\"",
     "refuses our certificate"},
    {&expired, NULL, false, false, true, "mx.example", false, false, NULL, NULL,
     "the certificate of the server (\"mx.example\") expired on 20", "our certificate is expired"},
    {&future, NULL, false, false, true, "mx.example", false, false, NULL, NULL,
     "the certificate of the server (\"mx.example\") is valid from 20", "refuses our certificate"},
    {&alone, NULL, false, false, true, "mx.example", false, false, NULL, NULL,
     "(\"mx.example\") is signed by an authority that is not in /", "does not know the authority"},
    /* the server asks */
    {&good, NULL, true, false, true, "mx.example", true, true, "mx.example", NULL, NULL, NULL},
    {&good, &guest, true, false, true, "mx.example", true, true, "mx.example", "guest.example", NULL, NULL},
    {&good, &alone, true, false, true, "mx.example", true, true, "mx.example", NULL, NULL, NULL},
    {&good, &expired, true, false, true, "mx.example", true, true, "mx.example", NULL, NULL, NULL},
    /* the server requires; with TLS 1.3 the client is done before the server has looked, and hears of it then
     */
    {&good, NULL, true, true, true, "mx.example", true, false, "mx.example", NULL,
     "the other side requires a certificate, and we gave none",
     "the client gave no certificate, and one is required here"},
    {&good, &alone, true, true, true, "mx.example", true, false, "mx.example", NULL,
     "does not know the authority that signed our certificate",
     "the certificate of the client (\"mx.example\") is signed by an authority that is not in /"},
    {&good, &expired, true, true, true, "mx.example", true, false, "mx.example", NULL,
     "our certificate is expired", "the certificate of the client (\"mx.example\") expired on 20"},
};

START_TEST(tls_handshakes)
{
  struct world *world =
      tls_pair(context(false, handshakes[_i].client_own != NULL ? *handshakes[_i].client_own : NULL, true,
                       handshakes[_i].client_verifies, handshakes[_i].expected_name),
               context(true, *handshakes[_i].server_own, handshakes[_i].server_asks,
                       handshakes[_i].server_requires, NULL));
  bool all_well = handshakes[_i].client_secure && handshakes[_i].server_secure;
  run_until(world, all_well ? both_secured : both_closed);
  ck_assert(world->client.secured && world->server.secured);
  ck_assert(world->client.secure == handshakes[_i].client_secure);
  ck_assert(world->server.secure == handshakes[_i].server_secure);
  ck_assert_pstr_eq(world->client.name, handshakes[_i].client_name);
  ck_assert_pstr_eq(world->server.name, handshakes[_i].server_name);
  if (handshakes[_i].client_words != NULL)
    expect_words(&world->client, handshakes[_i].client_words);
  if (handshakes[_i].server_words != NULL)
    expect_words(&world->server, handshakes[_i].server_words);
  if (!all_well)
    ck_assert(world->server.error && world->client.error);
  world_free(world);
}
END_TEST

START_TEST(tls_with_a_peer_that_speaks_no_tls)
{
  struct world *world = pair_new();
  struct net_tls *tls = context(false, NULL, true, true, "mx.example");
  net_stream_tls(world->client.stream, tls, NULL);
  write_text(&world->server, "220 mx.example ESMTP\r\n");
  run_until(world, client_closed);
  ck_assert(!world->client.secure && world->client.error);
  expect_words(&world->client, "does not answer in TLS");
  net_tls_unref(tls);
  world_free(world);
}
END_TEST

START_TEST(tls_with_a_peer_that_goes)
{
  struct world *world = pair_new();
  struct net_tls *tls = context(false, NULL, true, true, "mx.example");
  net_stream_tls(world->client.stream, tls, "mx.example");
  net_stream_close(world->server.stream);
  run_until(world, client_closed);
  ck_assert(world->client.secured && !world->client.secure);
  expect_words(&world->client, "closed the connection during the TLS handshake");
  net_tls_unref(tls);
  world_free(world);
}
END_TEST

START_TEST(tls_files)
{
  g_autoptr(GError) error = NULL;
  struct net_tls_options options = {.server = true, .certificate_file = (char *)"/no/such.pem"};
  ck_assert_ptr_null(net_tls_new(&options, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "/no/such.pem: no usable certificate"));
  g_clear_error(&error);
  options.certificate_file = (char *)good;
  options.key_file = (char *)guest;
  ck_assert_ptr_null(net_tls_new(&options, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "key"));
  g_clear_error(&error);
  options.key_file = (char *)certificates_authority(certificates);
  ck_assert_ptr_null(net_tls_new(&options, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "no usable private key"));
  g_clear_error(&error);
  options.key_file = NULL; /* in the same file */
  options.ca_file = (char *)"/no/such.pem";
  ck_assert_ptr_null(net_tls_new(&options, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "no usable certificates of authorities"));
}
END_TEST

int main(void)
{
  signal(SIGPIPE, SIG_IGN);
  Suite *suite = suite_create("net");
  TCase *plain = tcase_create("plain");
  tcase_set_timeout(plain, 30);
  tcase_add_test(plain, timers);
  tcase_add_test(plain, watch_work_signal);
  tcase_add_test(plain, echo);
  tcase_add_test(plain, echo_by_name);
  tcase_add_test(plain, echo_from_a_source_address);
  tcase_add_test(plain, echo_ipv6);
  tcase_add_test(plain, keepalive);
  tcase_add_test(plain, small_writes_are_gathered);
  tcase_add_test(plain, backpressure);
  tcase_add_test(plain, close_writes_all_before);
  tcase_add_test(plain, refusal_reaches_a_client_that_sends);
  tcase_add_test(plain, freed_in_callbacks);
  tcase_add_test(plain, freed_while_connecting);
  tcase_add_test(plain, closed_while_connecting);
  tcase_add_loop_test(plain, connect_refused, 0, 2);
  tcase_add_test(plain, no_such_host);
  tcase_add_test(plain, source_address_of_another_host);
  tcase_add_test(plain, listen_errors);
  tcase_add_test(plain, untaken_streams_are_closed);
  tcase_add_test(plain, paused_listener);
  tcase_add_test(plain, reset_by_the_peer);
  suite_add_tcase(suite, plain);
  TCase *tls = tcase_create("TLS");
  tcase_set_timeout(tls, 30);
  tcase_add_unchecked_fixture(tls, make_certificates, remove_certificates);
  tcase_add_test(tls, tls_both_verified);
  tcase_add_test(tls, tls_backpressure);
  tcase_add_test(tls, tls_paused_reader_keeps_what_is_decrypted);
  tcase_add_loop_test(tls, tls_handshakes, 0, G_N_ELEMENTS(handshakes));
  tcase_add_test(tls, tls_with_a_peer_that_speaks_no_tls);
  tcase_add_test(tls, tls_with_a_peer_that_goes);
  tcase_add_test(tls, tls_files);
  suite_add_tcase(suite, tls);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
