#include "relay/relay.h"

#include "relay/audit.h"
#include "relay/context.h"
#include "relay/control.h"
#include "relay/hop.h"
#include "relay/lookups.h"
#include "relay/mapcache.h"
#include "relay/p1_link.h"
#include "relay/p1_recovery.h"
#include "relay/reading.h"
#include "relay/reporting.h"
#include "relay/smtp_in.h"
#include "relay/smtp_out.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define STOP_MS 10000u   /* open transfers get this long to end in order */
#define STOP_LOOK_MS 50u /* how often it is looked whether they have */

gint64 relay_now_us(void)
{
  return g_get_real_time();
}

bool relay_is_crowded(const struct relay *relay)
{
  return relay->active >= relay->config->active_max;
}

struct unheard {
  struct relay *relay;
  const char *what;
};

static void unheard_committed(void *user, const GError *error)
{
  struct unheard *unheard = user;
  if (error) {
    relay_log(LOG_ALARM, "store", "%s could not be recorded: %s", unheard->what, error->message);
    relay_stop(unheard->relay, 75);
  }
  g_free(unheard);
}

void relay_commit(struct relay *relay, struct store_txn *txn, const char *what)
{
  struct unheard *unheard = g_new0(struct unheard, 1);
  *unheard = (struct unheard){.relay = relay, .what = what};
  store_commit(relay->store, txn, unheard_committed, unheard);
}

/* --- reload
 * ---------------------------------------------------------------------------------------------------------------
 */

struct reload {
  struct relay *relay;
  struct config *config;
  converters_configured done;
  void *user;
};

static void configured(void *user, const char *words)
{
  struct reload *reload = user;
  struct relay *relay = reload->relay;
  relay->reloading = false;
  if (!words) {
    g_autofree char *restart = config_needs_restart(relay->config, reload->config);
    relay->generation++;
    config_unref(relay->config);
    relay->config = reload->config;
    relay_log(LOG_NOTE, "reload", "generation %u is in use%s%s", relay->generation,
              restart ? "; a restart is needed for: " : "", restart ? restart : "");
    hops_reconsider(relay);
  } else {
    relay_log(LOG_ERR, "reload", "refused, generation %u stays: %s", relay->generation, words);
    config_unref(reload->config);
  }
  if (reload->done)
    reload->done(reload->user, words);
  g_free(reload);
}

static char *join(GPtrArray *messages)
{
  g_ptr_array_add(messages, NULL);
  return g_strjoinv("\n", (char **)messages->pdata);
}

void relay_reload(struct relay *relay, converters_configured done, void *user)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  struct config *config = relay->reloading ? NULL : config_load(relay->start->configuration, messages);
  if (!config) {
    g_autofree char *words = relay->reloading ? g_strdup("a reload is already under way") : join(messages);
    relay_log(LOG_ERR, "reload", "refused, generation %u stays: %s", relay->generation, words);
    if (done)
      done(user, words);
    return;
  }
  relay->reloading = true;
  struct reload *reload = g_new0(struct reload, 1);
  *reload = (struct reload){.relay = relay, .config = config, .done = done, .user = user};
  converters_configure(relay->converters, config, relay->generation + 1, configured, reload);
}

/* --- stop
 * --------------------------------------------------------------------------------------------------------------------
 */

/* No session is open and nothing is being sent: what is still in work has not left yet, and stays in the
 * store. */
static bool is_quiet(const struct relay *relay)
{
  GHashTableIter iterator;
  gpointer hop;
  g_hash_table_iter_init(&iterator, relay->hops);
  while (g_hash_table_iter_next(&iterator, NULL, &hop))
    if (((const struct hop *)hop)->sending > 0)
      return false;
  return (!relay->smtp_in || smtp_in_sessions(relay->smtp_in) == 0) &&
         (!relay->p1_links || relay->p1_links->links->len == 0);
}

/* Sessions are ended in order; what is still open after STOP_MS is cut, and comes again after the restart. */
void relay_stop(struct relay *relay, int exit_code)
{
  if (relay->stopping)
    return;
  relay->stopping = true;
  relay->exit_code = exit_code;
  relay_log(LOG_NOTE, "stop", "%u messages in work go back to the store", relay->active);
  if (relay->smtp_in)
    smtp_in_stop(relay->smtp_in);
  if (relay->p1_links)
    p1_links_stop(relay->p1_links);
  relay->stop_at_us = net_now_us(relay->loop) + (exit_code ? 0 : STOP_MS * 1000);
  net_timer_start(relay->minute, 1, STOP_LOOK_MS);
}

static void on_terminate(void *user)
{
  struct relay *relay = user;
  if (relay->stopping)
    net_stop(relay->loop); /* asked twice: at once */
  else
    relay_stop(relay, 0);
}

static void on_hangup(void *user)
{
  relay_reload(user, NULL, NULL);
}

static void on_life(void *user, bool readable, bool writable)
{
  (void)readable;
  (void)writable;
  struct relay *relay = user;
  char octet;
  if (read(relay->start->life, &octet, 1) == 0)
    on_terminate(relay);
}

/* --- the loop
 * -------------------------------------------------------------------------------------------------------------------
 */

static void on_minute(void *user)
{
  struct relay *relay = user;
  if (relay->stopping) {
    if (is_quiet(relay) || net_now_us(relay->loop) >= relay->stop_at_us)
      net_stop(relay->loop);
    return;
  }
  reporting_expire(relay);
  p1_recovery_review(relay->recovery);
  reading_kick(relay);
  hops_review(relay);
  if (relay->config->audit_days > 0)
    store_prune(relay->store, relay_now_us() - (gint64)relay->config->audit_days * 86400 * G_USEC_PER_SEC,
                NULL, NULL);
}

bool relay_holds_back(struct relay *relay)
{
  bool busy = store_busy(relay->store);
  relay->held = relay->held || busy;
  return busy;
}

static void on_store(void *user, bool readable, bool writable)
{
  (void)readable;
  (void)writable;
  struct relay *relay = user;
  store_dispatch(relay->store);
  if (!relay->held || store_busy(relay->store))
    return;
  relay->held = false;
  smtp_in_resume(relay->smtp_in);
  p1_links_resume(relay->p1_links);
}

static bool open_store(struct relay *relay, GError **error)
{
  struct store_options options = {.path = relay->config->spool, .reserve = relay->config->disk_reserve};
  relay->store = store_open(&options, error);
  if (!relay->store)
    return false;
  relay->scratch = g_build_filename(relay->config->spool, "scratch", NULL);
  if (g_mkdir_with_parents(relay->scratch, 0700) < 0) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s cannot be made", relay->scratch);
    return false;
  }
  relay->store_watch = net_watch_new(relay->loop, store_fd(relay->store), on_store, relay);
  net_watch_events(relay->store_watch, true, false);
  return true;
}

static bool open_doors(struct relay *relay, GError **error)
{
  struct net_resolver_options dns = {.forward = relay->config->dns_forward,
                                     .timeout_ms = 30000,
                                     .lift_test_zones = relay->config->dns_lift_test};
  relay->resolver = net_resolver_new(relay->loop, &dns, error);
  if (!relay->resolver)
    return false;
  relay->smtp_in = smtp_in_new(relay, error);
  if (!relay->smtp_in)
    return false;
  relay->p1_links = p1_links_new(relay, error);
  if (!relay->p1_links)
    return false;
  relay->control = control_new(relay, error);
  return relay->control != NULL;
}

static void open_for_mail(void *user)
{
  struct relay *relay = user;
  if (relay->stopping)
    return;
  smtp_in_listen(relay->smtp_in);
  p1_links_listen(relay->p1_links);
  on_minute(relay);
  net_timer_start(relay->minute, HOP_REVIEW_US / 1000, HOP_REVIEW_US / 1000);
  relay_log(LOG_NOTE, "start", "gateway=%s spool=%s", relay->config->name, relay->config->spool);
  if (relay->start->ready >= 0 && write(relay->start->ready, "1", 1) != 1)
    relay_log(LOG_WARN, "start", "the master cannot be told");
}

/* The first generation: once its tables are compiled the doors open and what the store holds goes on. */
static void first_configured(void *user, const char *words)
{
  struct relay *relay = user;
  if (words) {
    relay_log(LOG_ERR, "start", "%s", words);
    relay->exit_code = 1;
    net_stop(relay->loop);
    return;
  }
  relay->generation = 1;
  p1_recovery_load(relay->recovery, open_for_mail, relay);
}

static void end_hops(struct relay *relay)
{
  GHashTableIter iterator;
  gpointer hop;
  g_hash_table_iter_init(&iterator, relay->hops);
  while (g_hash_table_iter_next(&iterator, NULL, &hop))
    if (((struct hop *)hop)->wake == smtp_out_wake)
      smtp_out_stop(hop);
}

static void close_all(struct relay *relay)
{
  relay->stopping = true;
  if (relay->smtp_in)
    smtp_in_free(relay->smtp_in);
  if (relay->p1_links)
    p1_links_free(relay->p1_links);
  end_hops(relay);
  if (relay->control)
    control_free(relay->control);
  lookups_free(relay->lookups);
  if (relay->resolver)
    net_resolver_free(relay->resolver);
  if (relay->store_watch)
    net_watch_free(relay->store_watch);
  converters_free(relay->converters);
  if (relay->store)
    store_close(relay->store); /* its last callbacks still find the hops */
  relay->store = NULL;
  p1_recovery_free(relay->recovery);
  hops_free(relay);
  reading_free(relay->reading);
  map_cache_free(relay->map_cache);
}

/* An association or session is a descriptor: as many as the system grants. */
static void take_descriptors(void)
{
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int relay_main(const struct relay_start *start)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  struct config *config = config_load(start->configuration, messages);
  if (!config) {
    g_autofree char *words = join(messages);
    relay_log(LOG_ERR, "start", "%s", words);
    return 1;
  }
  signal(SIGPIPE, SIG_IGN);
  take_descriptors();
  struct relay relay = {.start = start, .config = config, .started_us = relay_now_us()};
  relay.loop = net_loop_new();
  relay.reading = reading_new();
  relay.map_cache = map_cache_new();
  relay.lookups = lookups_new(&relay);
  relay.converters = converters_new(relay.loop, start->program);
  relay.minute = net_timer_new(relay.loop, on_minute, &relay);
  hops_new(&relay);
  relay.recovery = p1_recovery_new(&relay);
  struct net_signal *signals[] = {net_signal_new(relay.loop, SIGTERM, on_terminate, &relay),
                                  net_signal_new(relay.loop, SIGINT, on_terminate, &relay),
                                  net_signal_new(relay.loop, SIGHUP, on_hangup, &relay)};
  struct net_watch *life = start->life >= 0 ? net_watch_new(relay.loop, start->life, on_life, &relay) : NULL;
  if (life)
    net_watch_events(life, true, false);
  g_autoptr(GError) error = NULL;
  if (open_store(&relay, &error) && open_doors(&relay, &error)) {
    converters_configure(relay.converters, config, 1, first_configured, &relay);
    net_run(relay.loop);
  } else {
    relay_log(LOG_ERR, "start", "%s", error->message);
    relay.exit_code = g_error_matches(error, STORE_ERROR, STORE_ERROR_LOCKED) ? 75 : 1;
  }
  close_all(&relay);
  for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
    net_signal_free(signals[i]);
  if (life)
    net_watch_free(life);
  net_timer_free(relay.minute);
  net_loop_free(relay.loop);
  config_unref(relay.config);
  g_free(relay.scratch);
  return relay.exit_code;
}
