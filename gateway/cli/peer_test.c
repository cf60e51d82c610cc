#include "cli/peer_test.h"

#include "cli/commands.h"
#include "config/config.h"
#include "mhs/p1.h"
#include "net/net.h"
#include "relay/p1_peer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MS 15000u

enum test_step { TEST_TCP, TEST_TLS, TEST_LAYERS, TEST_DONE };

struct test {
  const struct config_peer *peer;
  const char *address;
  bool json;
  json_t *steps;
  struct net_loop *loop;
  struct net_stream *stream;
  struct net_tls *tls;
  struct net_timer *timers[4], *limit;
  struct p1_association *association;
  enum test_step step;
  bool bound, failed, inside;
};

/* --- what is said
 * ---------------------------------------------------------------------------------------------------------
 */

static void tell(struct test *test, const char *step, bool ok, const char *words)
{
  if (!test->json)
    printf("  %-13s %-6s %s\n", step, ok ? "ok" : "FAILED", words ? words : "");
  g_autofree char *valid = g_utf8_make_valid(words ? words : "", -1);
  json_array_append_new(test->steps, json_pack("{s:s,s:s,s:b,s:s}", "address", test->address, "step", step,
                                               "ok", ok, "words", valid));
  test->failed = test->failed || !ok;
}

/* Every layer below the one that failed has done its part. */
static void tell_layers_below(struct test *test, enum p1_step end)
{
  for (enum p1_step step = P1_STEP_TRANSPORT; step < end; step++)
    tell(test, p1_step_name(step), true, NULL);
}

/* The likely cause, where the layer's own words do not name the side. */
static const char *advice(enum p1_step step, bool by_peer)
{
  if (!by_peer)
    return NULL;
  switch (step) {
  case P1_STEP_TRANSPORT:
    return "the peer knows no such transport selector: compare remote-tsel with its sheet";
  case P1_STEP_SESSION:
    return "the peer refused the session: compare remote-ssel, session-version and dialogue with its sheet";
  case P1_STEP_PRESENTATION:
    return "the peer refused the presentation: compare remote-psel, and whether it speaks the 1988 normal "
           "mode";
  case P1_STEP_ACSE:
  case P1_STEP_RTSE:
    return "the peer refused the association: it may expect another mode or application context";
  case P1_STEP_BIND:
    return "the peer does not accept local-mta or the password in local-password-file (case counts), or not "
           "this source address";
  default:
    return NULL;
  }
}

/* --- the call
 * ----------------------------------------------------------------------------------------------------------------
 */

static void end(struct test *test)
{
  test->step = TEST_DONE;
  net_stop(test->loop);
}

static char *bound_words(const struct p1_event *event)
{
  return g_strdup_printf("responder \"%s\", mode %s, checkpoint %uK, window %u, session version %u, TPDU %u, %s",
                         event->peer.mta_name ? event->peer.mta_name : "(unauthenticated)",
                         p1_mode_name(event->mode),
                         event->checkpoint_size, event->window, event->session_version, event->tpdu_max,
                         event->dialogue == P1_TWO_WAY_ALTERNATE ? "two-way-alternate" : "monologue");
}

static void on_bound(struct test *test, const struct p1_event *event)
{
  tell_layers_below(test, P1_STEP_BIND);
  test->bound = true;
  g_autofree char *words = bound_words(event);
  g_autofree char *wrong = p1_peer_judge(test->peer, &event->peer);
  tell(test, "bind", wrong == NULL, wrong ? wrong : words);
  p1_association_release(test->association);
}

static void on_refused(struct test *test, const struct p1_event *event)
{
  if (test->bound) {
    tell(test, "release", false, event->words);
    return;
  }
  tell_layers_below(test, event->step);
  const char *hint = advice(event->step, event->by_peer);
  g_autofree char *words = hint ? g_strdup_printf("%s. %s", event->words ? event->words : "refused", hint)
                                : g_strdup(event->words);
  tell(test, p1_step_name(event->step), false, words);
}

static void handle(struct test *test, struct p1_event *event)
{
  switch (event->type) {
  case P1_SEND:
    if (test->stream)
      net_stream_write(test->stream, g_steal_pointer(&event->data));
    break;
  case P1_CLOSE:
    end(test);
    break;
  case P1_TIMER:
    if (event->timer < G_N_ELEMENTS(test->timers) && event->ms)
      net_timer_start(test->timers[event->timer], event->ms, 0);
    else if (event->timer < G_N_ELEMENTS(test->timers))
      net_timer_stop(test->timers[event->timer]);
    break;
  case P1_BOUND:
    on_bound(test, event);
    break;
  case P1_REFUSED:
  case P1_ABORTED:
    if (!test->failed)
      on_refused(test, event);
    break;
  case P1_RELEASED:
    tell(test, "release", true, NULL);
    break;
  default:
    break;
  }
}

static void pump(struct test *test)
{
  if (test->inside)
    return;
  test->inside = true;
  struct p1_event event;
  while (p1_association_next(test->association, &event)) {
    handle(test, &event);
    p1_event_clear(&event);
  }
  test->inside = false;
}

static void start_layers(struct test *test)
{
  test->step = TEST_LAYERS;
  p1_association_connected(test->association);
  pump(test);
}

static void connected(void *user)
{
  struct test *test = user;
  tell(test, "tcp", true, NULL);
  if (!test->tls) {
    start_layers(test);
    return;
  }
  test->step = TEST_TLS;
  net_stream_tls(test->stream, test->tls, test->peer->tls_name);
}

static void secured(void *user, bool ok, const char *peer_name, const char *words)
{
  struct test *test = user;
  if (ok) {
    tell(test, "tls", true, peer_name);
    start_layers(test);
  } else {
    tell(test, "tls", false, words);
    end(test);
  }
}

static void data(void *user, const guint8 *octets, gsize length)
{
  struct test *test = user;
  p1_association_input(test->association, octets, length);
  pump(test);
}

static void closed(void *user, const char *words, bool error)
{
  (void)error;
  struct test *test = user;
  if (test->step == TEST_TCP) {
    g_autofree char *text =
        g_strdup_printf("%s: no server of the peer listens there, or a firewall is between", words);
    tell(test, "tcp", false, text);
  } else if (test->step == TEST_TLS) {
    g_autofree char *text = g_strdup_printf("%s: the peer may not speak TLS on this port", words);
    if (!test->failed)
      tell(test, "tls", false, text);
  } else if (test->step == TEST_LAYERS) {
    p1_association_lost(test->association, words);
    pump(test);
  }
  end(test);
}

static void limit_over(void *user)
{
  struct test *test = user;
  tell(test,
       test->step == TEST_TCP   ? "tcp"
       : test->step == TEST_TLS ? "tls"
                                : "transport",
       false,
       "no answer in time: the peer accepts the connection and says nothing, or packets are dropped on the "
       "way");
  end(test);
}

#define TIMER_CALLBACK(n)                                                                                    \
  static void timer_##n(void *user)                                                                          \
  {                                                                                                          \
    struct test *test = user;                                                                                \
    p1_association_timeout(test->association, n);                                                            \
    pump(test);                                                                                              \
  }
TIMER_CALLBACK(0)
TIMER_CALLBACK(1)
TIMER_CALLBACK(2)
TIMER_CALLBACK(3)

static void fill_options(const struct config_peer *peer, struct p1_options *options)
{
  p1_peer_options(peer, options);
  options->reference = (char *)"gw400 peer test";
  options->reference_time = (char *)"700101000000Z";
  options->connect_ms = options->answer_ms = WAIT_MS - 2000;
  options->release_ms = 5000;
}

/* True: this address binds with the right names. */
static bool try_address(const struct config_peer *peer, const char *address, bool json, json_t *steps)
{
  static const struct net_stream_handler handler = {
      .connected = connected, .secured = secured, .data = data, .closed = closed};
  static const net_callback callbacks[] = {timer_0, timer_1, timer_2, timer_3};
  struct test test = {.peer = peer, .address = address, .json = json, .steps = steps, .loop = net_loop_new()};
  struct p1_options options;
  fill_options(peer, &options);
  if (!json)
    printf("%s\n", address);
  test.association = p1_association_new(&options);
  for (guint i = 0; i < G_N_ELEMENTS(callbacks); i++)
    test.timers[i] = net_timer_new(test.loop, callbacks[i], &test);
  test.limit = net_timer_new(test.loop, limit_over, &test);
  net_timer_start(test.limit, WAIT_MS, 0);
  g_autoptr(GError) error = NULL;
  if (peer->tls)
    test.tls = p1_peer_tls(peer, &error);
  if (error) {
    tell(&test, "tls", false, error->message);
  } else {
    guint16 port;
    g_autofree char *host = p1_peer_address(address, &port);
    test.stream = net_connect(test.loop, host, port, peer->local_source, &handler, &test);
    net_run(test.loop);
  }
  if (test.stream)
    net_stream_free(test.stream);
  for (guint i = 0; i < G_N_ELEMENTS(callbacks); i++)
    net_timer_free(test.timers[i]);
  net_timer_free(test.limit);
  p1_association_free(test.association);
  if (test.tls)
    net_tls_unref(test.tls);
  net_loop_free(test.loop);
  return test.bound && !test.failed;
}

int peer_test(const char *configuration, const char *name, bool json)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  struct config *config = config_load(configuration, messages);
  for (guint i = 0; !config && i < messages->len; i++)
    fprintf(stderr, "%s\n", (char *)messages->pdata[i]);
  if (!config)
    return CLI_NO;
  const struct config_peer *peer = config_peer(config, name);
  if (!peer || peer->addresses->len == 0) {
    fprintf(stderr, "gw400 peer test: %s \"%s\"\n",
            peer ? "no address is configured for peer" : "there is no peer", name);
    config_unref(config);
    return CLI_NO;
  }
  json_t *steps = json_array();
  bool good = false;
  for (guint i = 0; i < peer->addresses->len && !good; i++)
    good = try_address(peer, ((const struct config_address *)peer->addresses->pdata[i])->at, json, steps);
  if (json) {
    json_dumpf(steps, stdout, JSON_INDENT(2));
    putchar('\n');
  }
  json_decref(steps);
  config_unref(config);
  return good ? CLI_DONE : CLI_NO;
}
