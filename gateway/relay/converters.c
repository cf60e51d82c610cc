#include "relay/converters.h"

#include "convert/client.h"
#include "relay/log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

struct waiting_job {
  struct mapping_job *job;
  converter_done done;
  void *user;
};

struct source {
  char *name;
  GQueue jobs[3]; /* of waiting_job, by priority */
};

enum worker_state { WORKER_SETTING_UP, WORKER_IDLE, WORKER_BUSY };

struct worker {
  struct converters *pool;
  struct convert_worker *process;
  struct net_watch *watch;
  struct net_timer *deadline;
  enum worker_state state;
  guint generation;
  struct waiting_job current;
  gint64 started_us;
};

struct configuring {
  struct converters *pool;
  struct config *config;
  guint generation;
  GVariant *settings;
  char *program;
  int tables_fd;
  char *words;
  GPtrArray *warnings; /* of char*: about the mapping tables */
  converters_configured done;
  void *user;
};

struct converters {
  struct net_loop *loop;
  char *program;
  struct config *config;
  guint generation;
  GVariant *settings;
  int tables_fd;
  GPtrArray *workers;     /* of worker */
  GPtrArray *configuring; /* of struct configuring, in the thread pool */
  GHashTable *sources;    /* name -> source */
  GQueue turn;            /* of source with waiting jobs */
  guint waiting;
  guint quick_deaths; /* processes that died while being set up, in a row */
  struct net_timer *respawn;
};

static void pump(struct converters *pool);
static void worker_lost(struct worker *worker, const char *words);

static void source_free(void *data)
{
  struct source *source = data;
  g_free(source->name);
  g_free(source);
}

static void worker_free(void *data)
{
  struct worker *worker = data;
  net_watch_free(worker->watch);
  net_timer_free(worker->deadline);
  convert_worker_free(worker->process);
  g_free(worker);
}

static void answer(struct waiting_job job, struct mapping_result *result, const char *failure)
{
  if (job.job)
    mapping_job_free(job.job);
  if (job.done)
    job.done(job.user, result, failure);
  else if (result)
    mapping_result_free(result);
}

static void worker_readable(void *user, bool readable, bool writable)
{
  (void)readable;
  (void)writable;
  struct worker *worker = user;
  struct converters *pool = worker->pool;
  struct mapping_result *result = NULL;
  g_autoptr(GError) error = NULL;
  int got = convert_worker_receive(worker->process, &result, &error);
  if (got == 0)
    return;
  if (got < 0) {
    worker_lost(worker, error->message);
    return;
  }
  net_timer_stop(worker->deadline);
  if (worker->state == WORKER_SETTING_UP) {
    if (result->words)
      relay_log(LOG_WARN, "converter", "setup: %s", result->words);
    mapping_result_free(result);
    pool->quick_deaths = 0;
    worker->state = WORKER_IDLE;
  } else {
    struct waiting_job job = worker->current;
    worker->current = (struct waiting_job){0};
    worker->state = WORKER_IDLE;
    answer(job, result, NULL);
  }
  pump(pool);
}

static void worker_deadline(void *user)
{
  struct worker *worker = user;
  g_autofree char *words = g_strdup_printf("the converter did not answer within %u s and was killed",
                                           worker->pool->config->job_seconds);
  worker_lost(worker, words);
}

static bool worker_start(struct converters *pool)
{
  g_autoptr(GError) error = NULL;
  struct convert_worker_options options = {
      .program = pool->program, .memory = pool->config->job_memory, .file_size = G_MAXINT64};
  struct convert_worker *process = convert_worker_spawn(&options, &error);
  if (!process) {
    relay_log(LOG_ERR, "converter", "cannot be started: %s", error->message);
    return false;
  }
  g_autoptr(mapping_job_t) setup = mapping_job_new(MAPPING_SETUP);
  setup->settings = g_variant_ref(pool->settings);
  setup->tables_fd = pool->tables_fd >= 0 ? fcntl(pool->tables_fd, F_DUPFD_CLOEXEC, 0) : -1;
  if (!convert_worker_send(process, setup, &error)) {
    relay_log(LOG_ERR, "converter", "cannot be set up: %s", error->message);
    convert_worker_free(process);
    return false;
  }
  struct worker *worker = g_new0(struct worker, 1);
  worker->pool = pool;
  worker->process = process;
  worker->generation = pool->generation;
  worker->watch = net_watch_new(pool->loop, convert_worker_fd(process), worker_readable, worker);
  net_watch_events(worker->watch, true, false);
  worker->deadline = net_timer_new(pool->loop, worker_deadline, worker);
  net_timer_start(worker->deadline, 1000ull * MAX(pool->config->job_seconds, 30), 0);
  g_ptr_array_add(pool->workers, worker);
  return true;
}

static void fill(struct converters *pool)
{
  while (pool->config && pool->workers->len < pool->config->converters) {
    /* a process that dies in its setup again and again is not started in a tight loop */
    if (pool->quick_deaths > 2 || !worker_start(pool)) {
      net_timer_start(pool->respawn, 2000, 0);
      return;
    }
  }
}

static void respawn(void *user)
{
  struct converters *pool = user;
  pool->quick_deaths = MIN(pool->quick_deaths, 2);
  fill(pool);
  pump(pool);
}

static void worker_lost(struct worker *worker, const char *words)
{
  struct converters *pool = worker->pool;
  struct waiting_job job = worker->current;
  if (worker->state == WORKER_SETTING_UP)
    pool->quick_deaths++;
  relay_log(LOG_WARN, "converter", "pid %d: %s", (int)convert_worker_pid(worker->process), words);
  g_autofree char *kept = g_strdup(words);
  g_ptr_array_remove(pool->workers, worker);
  fill(pool);
  if (job.done)
    answer(job, NULL, kept);
  pump(pool);
}

static struct waiting_job *next_job(struct converters *pool)
{
  struct source *source = g_queue_pop_head(&pool->turn);
  if (!source)
    return NULL;
  struct waiting_job *job = NULL;
  bool more = false;
  for (int priority = 2; priority >= 0; priority--) {
    if (!job)
      job = g_queue_pop_head(&source->jobs[priority]);
    more = more || !g_queue_is_empty(&source->jobs[priority]);
  }
  if (more)
    g_queue_push_tail(&pool->turn, source);
  else
    g_hash_table_remove(pool->sources, source->name);
  pool->waiting--;
  return job;
}

static struct worker *idle_worker(struct converters *pool)
{
  for (guint i = 0; i < pool->workers->len; i++) {
    struct worker *worker = pool->workers->pdata[i];
    if (worker->state == WORKER_IDLE)
      return worker;
  }
  return NULL;
}

/* Old generations leave as they fall idle; then waiting jobs go to idle workers. */
static void pump(struct converters *pool)
{
  for (guint i = pool->workers->len; i-- > 0;) {
    struct worker *worker = pool->workers->pdata[i];
    if (worker->state == WORKER_IDLE && worker->generation != pool->generation)
      g_ptr_array_remove_index(pool->workers, i);
  }
  fill(pool);
  struct worker *worker;
  while (pool->waiting > 0 && (worker = idle_worker(pool)) != NULL) {
    struct waiting_job *job = next_job(pool);
    if (!job)
      return;
    worker->current = *job;
    g_free(job);
    worker->state = WORKER_BUSY;
    worker->started_us = net_now_us(pool->loop);
    net_timer_start(worker->deadline, 1000ull * pool->config->job_seconds, 0);
    g_autoptr(GError) error = NULL;
    if (!convert_worker_send(worker->process, worker->current.job, &error)) {
      worker_lost(worker, error->message);
      return; /* which has pumped again */
    }
  }
}

struct converters *converters_new(struct net_loop *loop, const char *program)
{
  struct converters *pool = g_new0(struct converters, 1);
  pool->loop = loop;
  pool->program = g_strdup(program);
  pool->tables_fd = -1;
  pool->workers = g_ptr_array_new_with_free_func(worker_free);
  pool->configuring = g_ptr_array_new();
  pool->sources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, source_free);
  g_queue_init(&pool->turn);
  pool->respawn = net_timer_new(loop, respawn, pool);
  return pool;
}

/* At the stop: whoever waits for a job lets go of it; a session is answered, a message stays in the store as
 * it is. */
static void give_up(struct waiting_job job)
{
  bool asked = job.job && job.job->kind == MAPPING_MAP;
  answer(job, NULL, asked ? "the gateway stops" : NULL);
}

void converters_free(struct converters *pool)
{
  struct waiting_job *job;
  while ((job = next_job(pool)) != NULL) {
    give_up(*job);
    g_free(job);
  }
  for (guint i = 0; i < pool->workers->len; i++)
    give_up(((struct worker *)pool->workers->pdata[i])->current);
  for (guint i = 0; i < pool->configuring->len; i++)
    ((struct configuring *)pool->configuring->pdata[i])->pool = NULL; /* its thread still runs */
  g_ptr_array_unref(pool->configuring);
  g_ptr_array_unref(pool->workers);
  g_hash_table_unref(pool->sources);
  g_queue_clear(&pool->turn);
  net_timer_free(pool->respawn);
  g_clear_pointer(&pool->settings, g_variant_unref);
  g_clear_pointer(&pool->config, config_unref);
  if (pool->tables_fd >= 0)
    close(pool->tables_fd);
  g_free(pool->program);
  g_free(pool);
}

guint converters_generation(const struct converters *pool)
{
  return pool->generation;
}

guint converters_waiting(const struct converters *pool)
{
  return pool->waiting;
}

void converters_submit(struct converters *pool, struct mapping_job *job, const char *source_name,
                       guint priority, converter_done done, void *user)
{
  struct source *source = g_hash_table_lookup(pool->sources, source_name);
  if (!source) {
    source = g_new0(struct source, 1);
    source->name = g_strdup(source_name);
    g_hash_table_insert(pool->sources, source->name, source);
    g_queue_push_tail(&pool->turn, source);
  }
  struct waiting_job *waiting = g_new0(struct waiting_job, 1);
  *waiting = (struct waiting_job){.job = job, .done = done, .user = user};
  g_queue_push_tail(&source->jobs[MIN(priority, 2)], waiting);
  pool->waiting++;
  pump(pool);
}

GPtrArray *converters_describe(const struct converters *pool)
{
  static const char *const kinds[] = {"setup", "map", "read", "write", "report", "compile"};
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < pool->workers->len; i++) {
    const struct worker *worker = pool->workers->pdata[i];
    const char *doing = worker->state == WORKER_IDLE         ? "idle"
                        : worker->state == WORKER_SETTING_UP ? "starting"
                                                             : kinds[worker->current.job->kind];
    g_ptr_array_add(lines,
                    g_strdup_printf("pid %d: %s, generation %u", (int)convert_worker_pid(worker->process),
                                    doing, worker->generation));
  }
  return lines;
}

/* --- a new generation: its tables are compiled by a converter of its own, off the loop
 * ---------------------------------- */

static int open_tables(const struct config *config, GArray *fds, GError **error)
{
  for (guint i = 0; i < config->tables->len; i++) {
    const struct config_table *table = config->tables->pdata[i];
    int fd = open(table->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s:%u: mapping table %s: %s", config->file,
                  table->line, table->file, g_strerror(errno));
      return -1;
    }
    g_array_append_val(fds, fd);
  }
  return 0;
}

static char *compile_tables(struct configuring *work, struct convert_worker *process)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_COMPILE);
  job->settings = g_variant_ref(work->settings);
  if (!job->table_fds)
    job->table_fds = g_array_new(FALSE, FALSE, sizeof(int));
  if (open_tables(work->config, job->table_fds, &error) < 0)
    return g_strdup(error->message);
  work->tables_fd = memfd_create("gw400-tables", MFD_CLOEXEC);
  job->out_fd = fcntl(work->tables_fd, F_DUPFD_CLOEXEC, 0);
  g_autoptr(mapping_result_t) result = convert_worker_call(process, job, 120000, &error);
  if (!result)
    return g_strdup_printf("compiling the mapping tables: %s", error->message);
  if (result->status != MAPPING_OK) {
    g_ptr_array_add(result->lines, NULL);
    g_autofree char *all = g_strjoinv("\n", (char **)result->lines->pdata);
    return g_strdup_printf("%s\n%s", result->words ? result->words : "mapping tables:", all);
  }
  work->warnings = g_steal_pointer(&result->lines);
  result->lines = g_ptr_array_new_with_free_func(g_free);
  return NULL;
}

static void configure_work(void *user)
{
  struct configuring *work = user;
  g_autoptr(GError) error = NULL;
  struct convert_worker_options options = {.program = work->program, .memory = 0, .file_size = G_MAXINT64};
  struct convert_worker *process = convert_worker_spawn(&options, &error);
  if (!process) {
    work->words = g_strdup(error->message);
    return;
  }
  g_autoptr(mapping_job_t) setup = mapping_job_new(MAPPING_SETUP);
  setup->settings = g_variant_ref(work->settings);
  g_autoptr(mapping_result_t) ready = convert_worker_call(process, setup, 30000, &error);
  if (!ready)
    work->words = g_strdup_printf("starting a converter: %s", error->message);
  else if (ready->status != MAPPING_OK)
    work->words = g_strdup(ready->words);
  else if (work->config->tables->len > 0)
    work->words = compile_tables(work, process);
  convert_worker_free(process);
}

static void configuring_free(struct configuring *work)
{
  g_clear_pointer(&work->settings, g_variant_unref);
  g_clear_pointer(&work->config, config_unref);
  if (work->tables_fd >= 0)
    close(work->tables_fd);
  g_clear_pointer(&work->warnings, g_ptr_array_unref);
  g_free(work->words);
  g_free(work->program);
  g_free(work);
}

static void configure_done(void *user)
{
  struct configuring *work = user;
  struct converters *pool = work->pool;
  if (!pool) { /* freed meanwhile */
    configuring_free(work);
    return;
  }
  g_ptr_array_remove_fast(pool->configuring, work);
  if (!work->words) {
    g_clear_pointer(&pool->settings, g_variant_unref);
    g_clear_pointer(&pool->config, config_unref);
    if (pool->tables_fd >= 0)
      close(pool->tables_fd);
    pool->settings = g_steal_pointer(&work->settings);
    pool->config = g_steal_pointer(&work->config);
    pool->tables_fd = work->tables_fd;
    work->tables_fd = -1;
    pool->generation = work->generation;
    for (guint i = 0; work->warnings && i < work->warnings->len; i++)
      relay_log(LOG_WARN, "mapping-tables", "%s", (char *)work->warnings->pdata[i]);
    pump(pool);
  }
  work->done(work->user, work->words);
  configuring_free(work);
}

void converters_configure(struct converters *pool, struct config *config, guint generation,
                          converters_configured done, void *user)
{
  struct configuring *work = g_new0(struct configuring, 1);
  *work = (struct configuring){.pool = pool,
                               .config = config_ref(config),
                               .generation = generation,
                               .settings = g_variant_ref_sink(config_conversion(config, generation)),
                               .program = g_strdup(pool->program),
                               .tables_fd = -1,
                               .done = done,
                               .user = user};
  g_ptr_array_add(pool->configuring, work);
  net_work(pool->loop, configure_work, configure_done, work);
}
