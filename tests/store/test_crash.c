/* test_crash.c - the store's promise: what was confirmed is there after a kill, and after a power cut,
 * without repair.
 *
 * A child (this program with --load) drives messages through all their states and tells each confirmation on
 * a pipe, but only after its callback. It is killed at a random moment; the store is opened again and
 * compared with what was told. With build/test/lossy.so the folder is first made what a power cut would have
 * left (tests/shim). The seed is printed; GW400_CRASH_SEED repeats a run, GW400_CRASH_ROUNDS sets the number
 * of kills of each kind. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/store_sync.h"

#define ROUNDS 60
#define IN_WORK 24
#define MOST_CONFIRMED 150 /* before the kill, which comes so much later at most: */
#define LATEST_KILL_US 5000

/* What the child tells, one per line of the pipe, always written whole. */
struct told {
  char what; /* 'I' identifier taken, 'R' received, 'T' routed, 'F' recipient final, 'D' done, 'V' value */
  guint ordinal;
  guint64 id, number;
};

/* --- the load
 * -------------------------------------------------------------------------------------------------------- */

struct load {
  struct store *store;
  GRand *dice;
  guint64 counter;
};

struct work {
  struct load *load;
  struct store_message *message;
  struct store_recipient *recipient; /* whose outcome is being committed */
  char told;
};

static void tell(char what, guint64 id, guint ordinal, guint64 number)
{
  struct told told = {.what = what, .id = id, .ordinal = ordinal, .number = number};
  if (write(STDOUT_FILENO, &told, sizeof told) != sizeof told)
    _exit(1);
}

static guint8 octet_at(guint64 id, gsize position)
{
  return (guint8)(id * 31 + position * 7 + position / 251);
}

static guint8 *octets_of(guint64 id, gsize length)
{
  guint8 *octets = g_malloc(length + 1);
  for (gsize i = 0; i < length; i++)
    octets[i] = octet_at(id, i);
  return octets;
}

static void must(bool ok, const char *what)
{
  if (ok)
    return;
  fprintf(stderr, "load: %s: %s\n", what, g_strerror(errno));
  _exit(1);
}

static void spool_body(struct load *load, struct store_message *message, const guint8 *octets)
{
  int fd = store_spool_create(load->store, &message->spool, NULL);
  must(fd >= 0 && write(fd, octets, message->size) == (ssize_t)message->size, "spool");
  close(fd);
}

static void next_step(void *user, const GError *error);

static struct store_txn *begin(struct work *work, char told)
{
  work->told = told;
  struct store_txn *txn = store_txn_new();
  g_autofree char *detail = g_strdup_printf("{\"step\":\"%c\"}", told);
  store_txn_audit(txn, work->message->id, -1, "step", detail);
  g_autofree char *counter = g_strdup_printf("%" G_GUINT64_FORMAT, ++work->load->counter);
  g_autoptr(GBytes) value = g_bytes_new(counter, strlen(counter));
  store_txn_value(txn, "counter", value);
  return txn;
}

static void start_message(struct load *load)
{
  struct work *work = g_new0(struct work, 1);
  struct store_message *message = store_message_new();
  work->load = load;
  work->message = message;
  message->id = store_new_id(load->store);
  tell('I', message->id, 0, 0);
  bool large = g_rand_int_range(load->dice, 0, 4) == 0;
  message->size = (guint64)g_rand_int_range(load->dice, large ? 65537 : 1, large ? 200000 : 6000);
  message->received_us = g_get_real_time();
  message->expires_us = message->received_us + G_GINT64_CONSTANT(3600000000);
  message->origin = g_strdup("smtp");
  guint8 *octets = octets_of(message->id, message->size);
  if (large) {
    spool_body(load, message, octets);
    g_free(octets);
  } else {
    message->body = g_bytes_new_take(octets, message->size);
  }
  struct store_txn *txn = begin(work, 'R');
  store_txn_receive(txn, message);
  g_autofree char *identifier = g_strdup_printf("<%" G_GUINT64_FORMAT "@x>", message->id);
  store_txn_identifier(txn, message->id, "message-id", identifier);
  store_commit(load->store, txn, next_step, work);
}

static void route(struct work *work)
{
  guint count = (guint)g_rand_int_range(work->load->dice, 1, 4);
  for (guint i = 0; i < count; i++) {
    struct store_recipient *recipient = store_recipient_new(i);
    recipient->address = g_strdup_printf("r%u@example.org", i);
    recipient->hop = g_strdup("p1:land");
    recipient->due_us = work->message->received_us;
    g_ptr_array_add(work->message->recipients, recipient);
  }
  struct store_txn *txn = begin(work, 'T');
  store_txn_route(txn, work->message, true);
  store_commit(work->load->store, txn, next_step, work);
}

/* An outcome for one recipient that is not final yet; false when there is none. */
static bool settle(struct work *work)
{
  static const enum store_state outcomes[] = {STORE_SENT, STORE_SENT, STORE_REPORTED, STORE_ROUTED};
  for (guint i = 0; i < work->message->recipients->len; i++) {
    struct store_recipient *recipient = work->message->recipients->pdata[i];
    if (recipient->state != STORE_ROUTED)
      continue;
    recipient->state = outcomes[g_rand_int_range(work->load->dice, 0, G_N_ELEMENTS(outcomes))];
    recipient->attempts++;
    work->recipient = recipient;
    struct store_txn *txn = begin(work, recipient->state == STORE_ROUTED ? 'A' : 'F');
    store_txn_recipient(txn, work->message->id, recipient, recipient->state == STORE_ROUTED);
    store_commit(work->load->store, txn, next_step, work);
    return true;
  }
  return false;
}

static void next_step(void *user, const GError *error)
{
  struct work *work = user;
  must(!error, error ? error->message : "");
  tell(work->told, work->message->id, work->recipient ? work->recipient->ordinal : 0, work->load->counter);
  if (work->told == 'R' && g_rand_int_range(work->load->dice, 0, 20) == 0) {
    struct store_txn *txn = begin(work, 'D');
    store_txn_done(txn, work->message->id);
    store_commit(work->load->store, txn, next_step, work);
  } else if (work->told == 'R') {
    route(work);
  } else if (work->told == 'D' || !settle(work)) {
    struct load *load = work->load;
    store_message_free(work->message);
    g_free(work);
    start_message(load);
  }
}

static G_NORETURN void run_load(const char *folder, guint32 seed)
{
  g_autoptr(GError) error = NULL;
  struct store_options options = {.path = (char *)folder};
  struct load load = {.dice = g_rand_new_with_seed(seed)};
  load.store = store_open(&options, &error);
  must(load.store, error ? error->message : "open");
  tell('V', 0, 0, 0); /* it is open */
  for (guint i = 0; i < IN_WORK; i++)
    start_message(&load);
  for (;;) {
    struct pollfd wait = {.fd = store_fd(load.store), .events = POLLIN};
    poll(&wait, 1, -1);
    store_dispatch(load.store);
  }
}

/* --- the judge
 * -------------------------------------------------------------------------------------------------------- */

struct confirmed {
  guint64 id;
  bool received, routed, done;
  guint final; /* bit per recipient */
};

struct judge {
  GHashTable *messages; /* guint64* -> struct confirmed* */
  guint64 newest, counter_told;
  guint confirmations;
};

static struct confirmed *confirmed_of(struct judge *judge, guint64 id)
{
  struct confirmed *confirmed = g_hash_table_lookup(judge->messages, &id);
  if (!confirmed) {
    confirmed = g_new0(struct confirmed, 1);
    confirmed->id = id;
    g_hash_table_insert(judge->messages, &confirmed->id, confirmed);
  }
  return confirmed;
}

static void note(struct judge *judge, const struct told *told)
{
  if (told->what == 'I') {
    ck_assert_msg(told->id > judge->newest, "identifier %" G_GUINT64_FORMAT " came after %" G_GUINT64_FORMAT,
                  told->id, judge->newest);
    judge->newest = told->id;
  }
  if (strchr("IV", told->what))
    return;
  struct confirmed *confirmed = confirmed_of(judge, told->id);
  confirmed->received = true;
  confirmed->routed |= told->what == 'T';
  confirmed->done |= told->what == 'D';
  if (told->what == 'F')
    confirmed->final |= 1u << told->ordinal;
  judge->confirmations++;
}

static void check_body(struct store *store, const struct store_message *message)
{
  g_autofree guint8 *expected = octets_of(message->id, message->size);
  if (message->body) {
    ck_assert_uint_eq(g_bytes_get_size(message->body), message->size);
    ck_assert(memcmp(g_bytes_get_data(message->body, NULL), expected, message->size) == 0);
    return;
  }
  ck_assert_ptr_nonnull(message->spool);
  g_autoptr(GError) error = NULL;
  int fd = store_spool_open(store, message->spool, &error);
  ck_assert_msg(fd >= 0, "%s", error ? error->message : "");
  g_autofree guint8 *got = g_malloc(message->size + 1);
  ck_assert_int_eq(read(fd, got, message->size + 1), (ssize_t)message->size);
  ck_assert(memcmp(got, expected, message->size) == 0);
  close(fd);
}

/* Whether it was confirmed or not: what is there is whole. */
static void check_whole(struct store *store, const struct store_message *message)
{
  guint open = 0;
  for (guint i = 0; i < message->recipients->len; i++)
    open += ((const struct store_recipient *)message->recipients->pdata[i])->state == STORE_ROUTED;
  if (message->state == STORE_DONE) {
    ck_assert_uint_eq(open, 0);
    ck_assert_ptr_null(message->body);
    return;
  }
  ck_assert(message->state == STORE_RECEIVED ? message->recipients->len == 0 : open > 0);
  check_body(store, message);
}

static void check_confirmed(struct store *store, const struct confirmed *confirmed)
{
  struct store_message *message = sync_get(store, confirmed->id, true);
  ck_assert_msg(message != NULL, "message %" G_GUINT64_FORMAT " was confirmed and is missing", confirmed->id);
  if (confirmed->done)
    ck_assert_int_eq(message->state, STORE_DONE);
  if (confirmed->routed)
    ck_assert_int_ne(message->state, STORE_RECEIVED);
  for (guint i = 0; i < message->recipients->len; i++)
    if (confirmed->final & (1u << i))
      ck_assert_int_ne(((const struct store_recipient *)message->recipients->pdata[i])->state, STORE_ROUTED);
  check_whole(store, message);
  g_autofree char *identifier = g_strdup_printf("<%" G_GUINT64_FORMAT "@x>", message->id);
  g_autoptr(GArray) found = sync_find(store, "message-id", identifier, 2);
  ck_assert_uint_eq(found->len, 1);
  store_message_free(message);
}

static void check_queue(struct store *store, const char *folder)
{
  g_autoptr(GHashTable) named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) all = sync_list(store, &(struct store_list){.any_state = true, .limit = G_MAXUINT});
  for (guint i = 0; i < all->len; i++) {
    struct store_message *message = sync_get(store, ((struct store_message *)all->pdata[i])->id, true);
    check_whole(store, message);
    if (message->spool)
      g_hash_table_add(named, g_strdup(message->spool));
    store_message_free(message);
  }
  g_autofree char *spool = g_build_filename(folder, "spool", NULL);
  g_autoptr(GDir) dir = g_dir_open(spool, 0, NULL);
  guint files = 0;
  for (const char *name; (name = g_dir_read_name(dir)); files++)
    ck_assert_msg(g_hash_table_contains(named, name), "spool file %s stayed without a row", name);
  ck_assert_uint_eq(files, g_hash_table_size(named));
}

static void check_store(struct judge *judge, const char *folder)
{
  g_autoptr(GError) error = NULL;
  struct store_options options = {.path = (char *)folder};
  struct store *store = store_open(&options, &error);
  ck_assert_msg(store != NULL, "%s", error ? error->message : "");
  GHashTableIter iter;
  void *confirmed;
  g_hash_table_iter_init(&iter, judge->messages);
  while (g_hash_table_iter_next(&iter, NULL, &confirmed))
    check_confirmed(store, confirmed);
  check_queue(store, folder);
  sync_verify(store, &error);
  ck_assert_msg(!error, "%s", error ? error->message : "");
  guint64 id = store_new_id(store);
  ck_assert_uint_gt(id, judge->newest);
  judge->newest = id;
  /* Nothing is claimed after a crash, and all that waits can be claimed. */
  guint waiting = sync_count(store).received;
  g_autoptr(GPtrArray) again = sync_claim_received(store, G_MAXUINT);
  ck_assert_uint_eq(again->len, waiting);
  store_close(store);
}

/* --- the killer
 * ---------------------------------------------------------------------------------------------------------
 */

static GPid start_child(const char *folder, guint32 seed, const char *shim, const char *log, int *out_r)
{
  g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *seed_text = g_strdup_printf("%u", seed);
  g_autofree char *covered = g_canonicalize_filename(folder, NULL);
  char *argv[] = {self, "--load", (char *)folder, seed_text, NULL};
  g_auto(GStrv) environment = g_get_environ();
  if (shim) {
    const char *asan = g_environ_getenv(environment, "ASAN_OPTIONS");
    g_autofree char *options = g_strconcat(asan ? asan : "", ":verify_asan_link_order=0", NULL);
    environment = g_environ_setenv(environment, "ASAN_OPTIONS", options, TRUE);
    environment = g_environ_setenv(environment, "LD_PRELOAD", shim, TRUE);
    environment = g_environ_setenv(environment, "LOSSY_DIR", covered, TRUE);
    environment = g_environ_setenv(environment, "LOSSY_LOG", log, TRUE);
  }
  GPid pid;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(g_spawn_async_with_pipes(NULL, argv, environment, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                                         NULL, out_r, NULL, &error),
                "%s", error ? error->message : "");
  return pid;
}

static bool read_told(int fd, struct told *told)
{
  gsize got = 0;
  for (ssize_t count; got < sizeof *told; got += (gsize)count)
    if ((count = read(fd, (char *)told + got, sizeof *told - got)) <= 0)
      return false;
  return true;
}

static void kill_once(struct judge *judge, const char *folder, GRand *dice, const char *shim, const char *log)
{
  int out = -1;
  GPid pid = start_child(folder, g_rand_int(dice), shim, log, &out);
  struct told told;
  if (g_rand_int_range(dice, 0, 10)) /* else it may not even be open */
    ck_assert_msg(read_told(out, &told), "the load did not start");
  guint until = judge->confirmations + (guint)g_rand_int_range(dice, 0, MOST_CONFIRMED);
  while (judge->confirmations < until) {
    ck_assert_msg(read_told(out, &told), "the load ended by itself");
    note(judge, &told);
  }
  g_usleep((gulong)g_rand_int_range(dice, 0, LATEST_KILL_US));
  kill(pid, SIGKILL);
  while (read_told(out, &told))
    note(judge, &told);
  int status = 0;
  ck_assert_int_eq(waitpid(pid, &status, 0), pid);
  ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the load ended by itself: %#x",
                (guint)status);
  close(out);
}

static void rebuild(const char *folder, const char *log, bool keep, guint32 seed)
{
  g_autofree char *command =
      keep ? g_strdup_printf("python3 tests/shim/lossy_rebuild.py '%s' '%s' --keep %u >/dev/null", folder,
                             log, seed)
           : g_strdup_printf("python3 tests/shim/lossy_rebuild.py '%s' '%s' >/dev/null", folder, log);
  ck_assert_int_eq(system(command), 0);
}

enum cut { KILLED, POWER_CUT, POWER_CUT_SOME_KEPT };

static void run_rounds(enum cut cut, guint rounds)
{
  const char *given = g_getenv("GW400_CRASH_SEED"), *many = g_getenv("GW400_CRASH_ROUNDS");
  guint32 seed = given ? (guint32)g_ascii_strtoull(given, NULL, 10) : g_random_int();
  rounds = many ? (guint)g_ascii_strtoull(many, NULL, 10) : rounds;
  printf("seed %u\n", seed);
  fflush(stdout);
  g_autoptr(GRand) dice = g_rand_new_with_seed(seed);
  char *folder = sync_folder_new(), *logs = sync_folder_new();
  g_autofree char *log = g_canonicalize_filename(logs, NULL),
                  *shim = g_canonicalize_filename("build/test/lossy.so", NULL);
  struct judge judge = {.messages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free)};
  for (guint i = 0; i < rounds; i++) {
    kill_once(&judge, folder, dice, cut == KILLED ? NULL : shim, log);
    if (cut != KILLED)
      rebuild(folder, log, cut == POWER_CUT_SOME_KEPT, g_rand_int(dice));
    check_store(&judge, folder);
  }
  printf("%u kills, %u confirmations, %u messages\n", rounds, judge.confirmations,
         g_hash_table_size(judge.messages));
  ck_assert_uint_gt(judge.confirmations, rounds * 5);
  g_hash_table_unref(judge.messages);
  sync_folder_free(folder);
  sync_folder_free(logs);
}

START_TEST(test_kill)
{
  run_rounds(KILLED, ROUNDS);
}
END_TEST

START_TEST(test_power_cut)
{
  run_rounds(POWER_CUT, ROUNDS / 2);
}
END_TEST

START_TEST(test_power_cut_some_kept)
{
  run_rounds(POWER_CUT_SOME_KEPT, ROUNDS / 2);
}
END_TEST

int main(int argc, char **argv)
{
  if (argc == 4 && strcmp(argv[1], "--load") == 0)
    run_load(argv[2], (guint32)g_ascii_strtoull(argv[3], NULL, 10));
  Suite *suite = suite_create("crash");
  TCase *tcase = tcase_create("crash");
  tcase_set_timeout(tcase, 280);
  tcase_add_test(tcase, test_kill);
  tcase_add_test(tcase, test_power_cut);
  tcase_add_test(tcase, test_power_cut_some_kept);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
