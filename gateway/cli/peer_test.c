#include "cli/peer_test.h"

#include "cli/commands.h"
#include "cli/peer_advice.h"
#include "cli/peer_probe.h"
#include "config/config.h"
#include "mhs/p1.h"
#include "mhs/p1_words.h"
#include "net/net.h"
#include "relay/p1_peer.h"

#include <jansson.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum { SENT, CAME, SIDES };

struct test {
  const struct config_peer *peer;
  const char *address;      /* as configured */
  const enum p1_mode *mode; /* tried instead of the entry's, or NULL */
  guint seconds;
  bool json;
  json_t *steps;
  struct net_loop *loop;
  struct net_stream *stream;
  struct net_tls *tls;
  struct net_timer *timers[4], *limit;
  struct p1_association *association;
  struct p1_words *words[SIDES];
  GString *said[SIDES][PEER_STEPS]; /* "name: text" by lines */
  guint step;                       /* before the layers: the one that is tried */
  enum peer_end end;
  bool bound, failed, inside, over;
};

/* --- what is said
 * ------------------------------------------------------------------------------------------------------ */

static void note(GString **said, enum p1_step step, const char *name, const char *text)
{
  GString *lines = said[PEER_STEP_OF(step)];
  g_string_append_printf(lines, "%s%s%s%s", lines->len ? "\n" : "", name, *text ? ": " : "", text);
}

static void note_sent(void *user, enum p1_step step, const char *name, const char *text)
{
  note(((struct test *)user)->said[SENT], step, name, text);
}

static void note_came(void *user, enum p1_step step, const char *name, const char *text)
{
  note(((struct test *)user)->said[CAME], step, name, text);
}

static void print_lines(const char *title, const char *lines)
{
  g_auto(GStrv) all = g_strsplit(lines, "\n", -1);
  for (guint i = 0; all[i] && *lines; i++)
    printf("    %-6s %s\n", title, all[i]);
}

static void set_lines(json_t *object, const char *key, const char *lines)
{
  json_t *list = json_array();
  g_auto(GStrv) all = g_strsplit(lines, "\n", -1);
  for (guint i = 0; all[i] && *lines; i++)
    json_array_append_new(list, json_string(all[i]));
  json_object_set_new(object, key, list);
}

static void print_step(const struct test *test, guint step, bool ok, const char *words,
                       const struct peer_advice *advice)
{
  printf("  %-13s %-6s %s\n", peer_step_name(step), ok ? "ok" : "FAILED", words);
  print_lines("sent", test->said[SENT][step]->str);
  print_lines("came", test->said[CAME][step]->str);
  if (advice)
    printf("    %-6s %s: %s\n", "check", peer_side_name(advice->side), advice->cause);
}

static void tell(struct test *test, guint step, bool ok, const char *text, const struct peer_advice *advice)
{
  g_autofree char *words = g_utf8_make_valid(text ? text : "", -1);
  if (!test->json)
    print_step(test, step, ok, words, advice);
  json_t *object = json_pack("{s:s,s:s,s:b,s:s}", "address", test->address, "step", peer_step_name(step),
                             "ok", ok, "words", words);
  set_lines(object, "sent", test->said[SENT][step]->str);
  set_lines(object, "came", test->said[CAME][step]->str);
  if (advice)
    json_object_update_new(
        object, json_pack("{s:s,s:s}", "side", peer_side_name(advice->side), "cause", advice->cause));
  json_array_append_new(test->steps, object);
}

static void tell_ok(struct test *test, guint step, const char *words)
{
  struct peer_advice remark;
  if (!peer_remark_of(step, test->said[SENT][step]->str, test->said[CAME][step]->str, &remark)) {
    tell(test, step, true, words, NULL);
    return;
  }
  tell(test, step, true, words, &remark);
  g_free(remark.cause);
}

static bool speaks_tls(const struct test *test)
{
  guint16 port;
  g_autofree char *host = p1_peer_address(test->address, &port);
  return peer_speaks_tls(host, port, test->peer->local_source);
}

static void tell_failed(struct test *test, guint step, const char *words)
{
  g_autoptr(GString) answered = g_string_new(NULL);
  for (guint i = 0; i < PEER_STEPS; i++)
    g_string_append_printf(answered, "%s\n", test->said[CAME][i]->str);
  bool mute = step == PEER_STEP_OF(P1_STEP_TRANSPORT) && test->end != PEER_ANSWERED && !test->peer->tls;
  struct peer_advice advice = peer_advice_of(&(struct peer_case){.peer = test->peer,
                                                                 .step = step,
                                                                 .end = test->end,
                                                                 .words = words,
                                                                 .answered = answered->str,
                                                                 .bound = test->bound,
                                                                 .tls_there = mute && speaks_tls(test)});
  tell(test, step, false, words, &advice);
  g_free(advice.cause);
  test->failed = true;
}

/* Every layer below the one that failed has done its part; in the X.410 modes some have none. */
static void tell_layers_below(struct test *test, guint end)
{
  for (guint step = PEER_LAYERS; step < end; step++)
    if (test->said[SENT][step]->len > 0)
      tell_ok(test, step, NULL);
}

/* --- the association
 * ------------------------------------------------------------------------------------------------------ */

static void stop(struct test *test)
{
  test->over = true;
  net_stop(test->loop);
}

/* Where it ended when the peer hung up or said nothing: at the lowest layer that still waits for an answer.
 */
static guint waiting_step(const struct test *test)
{
  for (guint step = PEER_LAYERS; step < PEER_STEPS; step++)
    if (test->said[CAME][step]->len == 0)
      return step;
  return PEER_STEP_OF(P1_STEP_BIND);
}

static void on_bound(struct test *test, const struct p1_event *event)
{
  tell_layers_below(test, PEER_STEP_OF(P1_STEP_BIND));
  test->bound = true;
  g_autofree char *wrong = p1_peer_judge(test->peer, &event->peer, false, g_get_real_time(), NULL);
  if (wrong) {
    tell_failed(test, PEER_STEP_OF(P1_STEP_BIND), wrong);
  } else {
    g_autofree char *words =
        g_strdup_printf("agreed: checkpoint %uK, window %u, session version %u, TPDU %u, %s",
                        event->checkpoint_size, event->window, event->session_version, event->tpdu_max,
                        event->dialogue == P1_TWO_WAY_ALTERNATE ? "two-way-alternate" : "monologue");
    tell_ok(test, PEER_STEP_OF(P1_STEP_BIND), words);
  }
  p1_association_release(test->association);
}

static void on_refused(struct test *test, const struct p1_event *event)
{
  if (test->failed || test->bound) /* what comes after the bind is no matter of the sheet */
    return;
  guint step = test->end == PEER_ANSWERED ? PEER_STEP_OF(event->step) : waiting_step(test);
  tell_layers_below(test, step);
  tell_failed(test, step, event->words ? event->words : "refused");
}

static void handle(struct test *test, struct p1_event *event)
{
  gsize length;
  const guint8 *octets;
  switch (event->type) {
  case P1_SEND:
    octets = g_bytes_get_data(event->data, &length);
    p1_words_input(test->words[SENT], octets, length);
    if (test->stream)
      net_stream_write(test->stream, g_steal_pointer(&event->data));
    break;
  case P1_CLOSE:
    stop(test);
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
    on_refused(test, event);
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

/* --- the connection
 * ------------------------------------------------------------------------------------------------------ */

static void start_layers(struct test *test)
{
  test->step = PEER_LAYERS;
  p1_association_connected(test->association);
  pump(test);
}

static void connected(void *user)
{
  struct test *test = user;
  g_autofree char *words = g_strdup_printf("connected to %s", net_stream_peer(test->stream));
  tell_ok(test, PEER_TCP, words);
  if (!test->tls) {
    start_layers(test);
    return;
  }
  test->step = PEER_TLS;
  net_stream_tls(test->stream, test->tls, test->peer->tls_name);
}

static void secured(void *user, bool ok, const char *peer_name, const char *words)
{
  struct test *test = user;
  if (ok) {
    g_autofree char *text =
        g_strdup_printf("the peer's certificate is %s's", peer_name ? peer_name : "nobody");
    tell_ok(test, PEER_TLS, text);
    start_layers(test);
  } else {
    tell_failed(test, PEER_TLS, words);
    stop(test);
  }
}

static void data(void *user, const guint8 *octets, gsize length)
{
  struct test *test = user;
  p1_words_input(test->words[CAME], octets, length);
  p1_association_input(test->association, octets, length);
  pump(test);
}

static void closed(void *user, const char *words, bool error)
{
  (void)error;
  struct test *test = user;
  if (test->over)
    return;
  test->end = PEER_CLOSED;
  if (test->step < PEER_LAYERS) {
    if (!test->failed)
      tell_failed(test, test->step, words);
  } else {
    p1_association_lost(test->association, words);
    pump(test);
  }
  stop(test);
}

static void limit_over(void *user)
{
  struct test *test = user;
  g_autofree char *words = g_strdup_printf("no answer in %u seconds", test->seconds);
  test->end = PEER_SILENT;
  if (!test->failed && !test->bound) {
    guint step = test->step < PEER_LAYERS ? test->step : waiting_step(test);
    tell_layers_below(test, step);
    tell_failed(test, step, words);
  }
  stop(test);
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

/* The system's answer is not kept: the connection asks again, and may try several addresses. */
static bool resolve(struct test *test, const char *host)
{
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  int code = getaddrinfo(host, NULL, &hints, &found);
  if (code != 0) {
    tell_failed(test, PEER_RESOLVE, gai_strerror(code));
    return false;
  }
  g_autoptr(GString) words = g_string_new(NULL);
  for (const struct addrinfo *at = found; at; at = at->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
      g_string_append_printf(words, "%s%s", words->len ? ", " : "", text);
  }
  freeaddrinfo(found);
  tell_ok(test, PEER_RESOLVE, words->str);
  return true;
}

/* False: told already. */
static bool fill_options(struct test *test, struct p1_options *options, char **strings)
{
  p1_peer_options(test->peer, options);
  if (test->mode) {
    options->mode = *test->mode;
    options->application_protocol = P1_PROTOCOL_OF_MODE;
  }
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  strings[0] = g_uuid_string_random();
  strings[1] = g_date_time_format(now, "%y%m%d%H%M%SZ");
  options->reference = strings[0];
  options->reference_time = strings[1];
  /* the limit of this test comes first: it knows where the peer was silent */
  options->connect_ms = options->answer_ms = (test->seconds + 5) * 1000;
  options->release_ms = 5000;
  g_autoptr(GError) error = NULL;
  if (p1_peer_identify(test->peer, g_get_real_time(), &options->local, &error))
    return true;
  tell_failed(test, PEER_STEP_OF(P1_STEP_BIND), error->message);
  return false;
}

static void call(struct test *test)
{
  static const struct net_stream_handler handler = {
      .connected = connected, .secured = secured, .data = data, .closed = closed};
  guint16 port;
  g_autofree char *host = p1_peer_address(test->address, &port);
  g_autoptr(GError) error = NULL;
  if (!resolve(test, host))
    return;
  if (test->peer->tls && !(test->tls = p1_peer_tls(test->peer, &error))) {
    tell_failed(test, PEER_TLS, error->message);
    return;
  }
  test->step = PEER_TCP;
  net_timer_start(test->limit, 1000ull * test->seconds, 0);
  test->stream = net_connect(test->loop, host, port, test->peer->local_source, &handler, test);
  net_run(test->loop);
}

static void prepare(struct test *test)
{
  static const net_callback callbacks[] = {timer_0, timer_1, timer_2, timer_3};
  static const p1_words_said said[SIDES] = {note_sent, note_came};
  test->loop = net_loop_new();
  for (guint side = 0; side < SIDES; side++) {
    test->words[side] = p1_words_new(said[side], test);
    for (guint step = 0; step < PEER_STEPS; step++)
      test->said[side][step] = g_string_new(NULL);
  }
  for (guint i = 0; i < G_N_ELEMENTS(callbacks); i++)
    test->timers[i] = net_timer_new(test->loop, callbacks[i], test);
  test->limit = net_timer_new(test->loop, limit_over, test);
}

static void clear(struct test *test)
{
  if (test->stream)
    net_stream_free(test->stream);
  for (guint i = 0; i < G_N_ELEMENTS(test->timers); i++)
    net_timer_free(test->timers[i]);
  net_timer_free(test->limit);
  for (guint side = 0; side < SIDES; side++) {
    p1_words_free(test->words[side]);
    for (guint step = 0; step < PEER_STEPS; step++)
      g_string_free(test->said[side][step], TRUE);
  }
  if (test->association)
    p1_association_free(test->association);
  if (test->tls)
    net_tls_unref(test->tls);
  net_loop_free(test->loop);
}

/* True: this address binds with the right names. */
static bool try_address(struct test *test)
{
  struct p1_options options;
  char *strings[2];
  if (!test->json)
    printf("%s\n", test->address);
  prepare(test);
  if (fill_options(test, &options, strings)) {
    test->association = p1_association_new(&options);
    p1_credentials_clear(&options.local);
    call(test);
  }
  clear(test);
  g_free(strings[0]);
  g_free(strings[1]);
  return test->bound && !test->failed;
}

static bool try_addresses(const struct config_peer *peer, const enum p1_mode *mode, guint seconds, bool json)
{
  json_t *steps = json_array();
  bool good = false;
  for (guint i = 0; i < peer->addresses->len && !good; i++) {
    const struct config_address *address = peer->addresses->pdata[i];
    struct test test = {
        .peer = peer, .address = address->at, .mode = mode, .seconds = seconds, .json = json, .steps = steps};
    good = try_address(&test);
  }
  if (json) {
    json_dumpf(steps, stdout, JSON_INDENT(2));
    putchar('\n');
  }
  json_decref(steps);
  return good;
}

int peer_test(const char *configuration, const char *name, const enum p1_mode *mode, guint seconds, bool json)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  struct config *config = config_load(configuration, messages);
  for (guint i = 0; !config && i < messages->len; i++)
    fprintf(stderr, "%s\n", (char *)messages->pdata[i]);
  if (!config)
    return CLI_NO;
  const struct config_peer *peer = config_peer(config, name);
  int code = CLI_NO;
  if (!peer || peer->addresses->len == 0)
    fprintf(stderr, "gw400 peer test: %s \"%s\"\n",
            peer ? "no address is configured for peer" : "there is no peer", name);
  else if (try_addresses(peer, mode, seconds, json))
    code = CLI_DONE;
  config_unref(config);
  return code;
}
