#include "lib/store_suite.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/store_sync.h"

#define HOUR (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
#define NOW (G_GINT64_CONSTANT(1800000000) * G_USEC_PER_SEC)

/* Check's fixtures take no argument. */
static const struct suite_backend *backend;
static char *folder;
static struct store *store;

static struct store *open_store(void)
{
  g_autoptr(GError) error = NULL;
  struct store_options options = {.path = folder, .group_max = 64, .queue_max = 1000};
  struct store *opened = backend->open(&options, &error);
  ck_assert_msg(opened != NULL, "%s", error ? error->message : "no store");
  return opened;
}

static void setup(void)
{
  folder = sync_folder_new();
  store = open_store();
}

static void teardown(void)
{
  backend->close(store);
  sync_folder_free(folder);
}

static void reopen(void)
{
  backend->close(store);
  store = open_store();
}

/* --- what the tests do again and again
 * ----------------------------------------------------------------------------- */

static void committed(struct store_txn *txn)
{
  g_autoptr(GError) error = sync_commit(store, txn);
  ck_assert_msg(!error, "%s", error ? error->message : "");
}

static void refused(struct store_txn *txn, enum store_error code)
{
  g_autoptr(GError) error = sync_commit(store, txn);
  ck_assert_msg(g_error_matches(error, STORE_ERROR, code), "%s", error ? error->message : "committed");
}

static struct store_message *make(const char *origin)
{
  struct store_message *message = store_message_new();
  message->id = store_new_id(store);
  message->received_us = NOW;
  message->expires_us = NOW + 24 * HOUR;
  message->origin = g_strdup(origin);
  message->envelope = g_bytes_new_static("envelope\0\377", 10);
  message->body = g_bytes_new_static("the body", 8);
  message->size = 8;
  return message;
}

static void receive(struct store_message *message)
{
  struct store_txn *txn = store_txn_new();
  store_txn_receive(txn, message);
  store_txn_audit(txn, message->id, -1, "received", "{\"from\":\"a@example.org\"}");
  committed(txn);
}

static struct store_recipient *add_recipient(struct store_message *message, guint ordinal, const char *hop,
                                             gint64 due_us)
{
  struct store_recipient *recipient = store_recipient_new(ordinal);
  recipient->address = g_strdup_printf("r%u@example.org", ordinal);
  recipient->mapped = g_strdup_printf("/CN=r%u/C=de/", ordinal);
  recipient->hop = g_strdup(hop);
  recipient->due_us = due_us;
  recipient->detail = g_bytes_new_static("d", 1);
  g_ptr_array_add(message->recipients, recipient);
  return recipient;
}

static void route(struct store_message *message, bool claim)
{
  struct store_txn *txn = store_txn_new();
  store_txn_route(txn, message, claim);
  committed(txn);
}

/* A message with recipients 0.. to hops (NULL-ended), due at NOW, unclaimed. */
static guint64 routed(const char *const *hops)
{
  struct store_message *message = make("smtp");
  receive(message);
  for (guint i = 0; hops[i]; i++)
    add_recipient(message, i, hops[i], NOW);
  route(message, false);
  guint64 id = message->id;
  store_message_free(message);
  return id;
}

static guint64 routed_one(void)
{
  return routed((const char *const[]){"p1:land", NULL});
}

static void set_recipient(guint64 id, guint ordinal, enum store_state state, bool keep_claim)
{
  struct store_recipient *recipient = store_recipient_new(ordinal);
  recipient->state = state;
  recipient->hop = g_strdup("p1:land");
  recipient->due_us = NOW + HOUR;
  recipient->attempts = 3;
  recipient->code = g_strdup("4.4.1");
  recipient->reason = g_strdup("no answer");
  struct store_txn *txn = store_txn_new();
  store_txn_recipient(txn, id, recipient, keep_claim);
  store_recipient_free(recipient);
  committed(txn);
}

static void expect_state(guint64 id, enum store_state state)
{
  struct store_message *message = sync_get(store, id, false);
  ck_assert_ptr_nonnull(message);
  ck_assert_str_eq(store_state_name(message->state), store_state_name(state));
  store_message_free(message);
}

static guint claimed(const char *hop, gint64 now_us, guint limit)
{
  g_autoptr(GPtrArray) messages = sync_claim_hop(store, hop, now_us, limit);
  guint recipients = 0;
  for (guint i = 0; i < messages->len; i++)
    recipients += ((const struct store_message *)messages->pdata[i])->recipients->len;
  return recipients;
}

static guint claimed_received(guint limit)
{
  g_autoptr(GPtrArray) messages = sync_claim_received(store, limit);
  return messages->len;
}

static bool same(GBytes *bytes, const void *data, gsize length)
{
  return bytes && g_bytes_get_size(bytes) == length &&
         (length == 0 || !memcmp(g_bytes_get_data(bytes, NULL), data, length));
}

static char *spool_path(const char *name)
{
  return g_build_filename(folder, "spool", name, NULL);
}

static bool spool_exists(const char *name)
{
  g_autofree char *path = spool_path(name);
  return access(path, F_OK) == 0;
}

/* Removals run on a thread of the store. */
static bool spool_goes(const char *name)
{
  for (int i = 0; i < 5000 && spool_exists(name); i++)
    g_usleep(1000);
  return !spool_exists(name);
}

static char *write_spool(const char *octets)
{
  g_autoptr(GError) error = NULL;
  char *name = NULL;
  int fd = store_spool_create(store, &name, &error);
  ck_assert_msg(fd >= 0, "%s", error ? error->message : "");
  ck_assert_int_eq(write(fd, octets, strlen(octets)), (ssize_t)strlen(octets));
  close(fd);
  return name;
}

static struct store_message *make_spooled(const char *octets)
{
  struct store_message *message = make("p1:land");
  g_clear_pointer(&message->body, g_bytes_unref);
  message->spool = write_spool(octets);
  message->size = strlen(octets);
  return message;
}

/* --- receiving
 * ------------------------------------------------------------------------------------------------------ */

START_TEST(test_receive_keeps_all)
{
  struct store_message *message = make("p1:land");
  message->parent = 77;
  message->priority = STORE_URGENT;
  message->generation = 5;
  receive(message);
  for (int pass = 0; pass < 2; pass++) {
    struct store_message *got = sync_get(store, message->id, true);
    ck_assert_uint_eq(got->id, message->id);
    ck_assert_uint_eq(got->parent, 77);
    ck_assert_int_eq(got->state, STORE_RECEIVED);
    ck_assert(!got->held);
    ck_assert_int_eq(got->received_us, NOW);
    ck_assert_int_eq(got->expires_us, NOW + 24 * HOUR);
    ck_assert_str_eq(got->origin, "p1:land");
    ck_assert_int_eq(got->priority, STORE_URGENT);
    ck_assert_uint_eq(got->generation, 5);
    ck_assert_uint_eq(got->size, 8);
    ck_assert(same(got->envelope, "envelope\0\377", 10));
    ck_assert(same(got->body, "the body", 8));
    ck_assert_ptr_null(got->spool);
    ck_assert_ptr_null(got->note);
    ck_assert_uint_eq(got->recipients->len, 0);
    store_message_free(got);
    reopen();
  }
  struct store_message *bare = sync_get(store, message->id, false);
  ck_assert_ptr_null(bare->body);
  store_message_free(bare);
  store_message_free(message);
}
END_TEST

START_TEST(test_receive_edges)
{
  ck_assert_ptr_null(sync_get(store, 1, true));
  struct store_message *empty = make("smtp");
  g_bytes_unref(empty->body);
  empty->body = g_bytes_new(NULL, 0);
  g_bytes_unref(empty->envelope);
  empty->envelope = g_bytes_new(NULL, 0);
  empty->size = 0;
  receive(empty);
  struct store_message *got = sync_get(store, empty->id, true);
  ck_assert(same(got->body, "", 0) && same(got->envelope, "", 0));
  store_message_free(got);

  struct store_message *large = make("smtp");
  g_bytes_unref(large->body);
  g_autofree char *octets = g_strnfill(STORE_INLINE, 'x');
  large->body = g_bytes_new(octets, STORE_INLINE);
  receive(large);
  got = sync_get(store, large->id, true);
  ck_assert(same(got->body, octets, STORE_INLINE));
  store_message_free(got);

  struct store_txn *again = store_txn_new();
  store_txn_receive(again, large);
  refused(again, STORE_ERROR_CONFLICT);
  store_message_free(large);
  store_message_free(empty);
}
END_TEST

START_TEST(test_received_is_claimed_by_the_caller)
{
  struct store_message *message = make("smtp");
  receive(message);
  ck_assert_uint_eq(claimed_received(10), 0);
  store_unclaim(store, message->id, -1);
  ck_assert_uint_eq(claimed_received(10), 1);
  ck_assert_uint_eq(claimed_received(10), 0);
  reopen(); /* claims do not outlive the process */
  ck_assert_uint_eq(claimed_received(10), 1);
  store_message_free(message);
}
END_TEST

START_TEST(test_claim_received_order)
{
  static const enum store_priority priorities[] = {STORE_NORMAL, STORE_NON_URGENT, STORE_URGENT, STORE_NORMAL,
                                                   STORE_URGENT};
  guint64 ids[G_N_ELEMENTS(priorities)];
  for (guint i = 0; i < G_N_ELEMENTS(priorities); i++) {
    struct store_message *message = make("smtp");
    message->priority = priorities[i];
    receive(message);
    ids[i] = message->id;
    store_unclaim(store, message->id, -1);
    store_message_free(message);
  }
  struct store_txn *txn = store_txn_new();
  store_txn_hold(txn, ids[4], true);
  committed(txn);
  g_autoptr(GPtrArray) first = sync_claim_received(store, 2);
  g_autoptr(GPtrArray) second = sync_claim_received(store, 10);
  ck_assert_uint_eq(first->len, 2);
  ck_assert_uint_eq(second->len, 2);
  const guint64 expected[] = {ids[2], ids[0], ids[3], ids[1]};
  for (guint i = 0; i < 4; i++) {
    const struct store_message *message = i < 2 ? first->pdata[i] : second->pdata[i - 2];
    ck_assert_uint_eq(message->id, expected[i]);
    ck_assert(same(message->body, "the body", 8));
  }
}
END_TEST

/* --- routing
 * -------------------------------------------------------------------------------------------------------- */

START_TEST(test_route_keeps_all)
{
  struct store_message *message = make("smtp");
  receive(message);
  struct store_txn *attempt = store_txn_new();
  store_txn_attempt(attempt, message->id, 2);
  committed(attempt);
  struct store_message *tried = sync_get(store, message->id, false);
  ck_assert_uint_eq(tried->attempts, 2);
  store_message_free(tried);

  message->priority = STORE_NON_URGENT;
  message->expires_us = NOW + HOUR;
  message->generation = 9;
  message->note = g_bytes_new_static("note", 4);
  add_recipient(message, 1, "p1:land", NOW);
  struct store_recipient *second = add_recipient(message, 4, "smtp:example.org", NOW + 5);
  second->state = STORE_REPORTED;
  second->code = g_strdup("5.1.2");
  second->reason = g_strdup("no route");
  second->attempts = 1;
  route(message, true);

  struct store_message *got = sync_get(store, message->id, false);
  ck_assert_int_eq(got->state, STORE_ROUTED);
  ck_assert_int_eq(got->priority, STORE_NON_URGENT);
  ck_assert_int_eq(got->expires_us, NOW + HOUR);
  ck_assert_uint_eq(got->generation, 9);
  ck_assert_uint_eq(got->attempts, 0);
  ck_assert(same(got->note, "note", 4));
  ck_assert_uint_eq(got->recipients->len, 2);
  const struct store_recipient *one = got->recipients->pdata[0], *four = got->recipients->pdata[1];
  ck_assert_uint_eq(one->ordinal, 1);
  ck_assert_str_eq(one->address, "r1@example.org");
  ck_assert_str_eq(one->mapped, "/CN=r1/C=de/");
  ck_assert_str_eq(one->hop, "p1:land");
  ck_assert(same(one->detail, "d", 1));
  ck_assert_ptr_null(one->code);
  ck_assert_uint_eq(four->ordinal, 4);
  ck_assert_int_eq(four->state, STORE_REPORTED);
  ck_assert_str_eq(four->code, "5.1.2");
  ck_assert_str_eq(four->reason, "no route");
  ck_assert_uint_eq(four->attempts, 1);
  ck_assert_int_eq(four->due_us, NOW + 5);
  store_message_free(got);

  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 0); /* routed claimed */
  store_unclaim(store, message->id, 1);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 1);
  ck_assert_uint_eq(claimed_received(9), 0);
  store_message_free(message);
}
END_TEST

START_TEST(test_route_once)
{
  struct store_message *message = make("smtp");
  receive(message);
  add_recipient(message, 0, "p1:land", NOW);
  route(message, false);
  struct store_txn *again = store_txn_new();
  store_txn_route(again, message, false);
  refused(again, STORE_ERROR_CONFLICT);
  message->id = store_new_id(store);
  struct store_txn *unknown = store_txn_new();
  store_txn_route(unknown, message, false);
  refused(unknown, STORE_ERROR_NOT_FOUND);
  store_message_free(message);
}
END_TEST

START_TEST(test_route_to_nobody_is_done)
{
  struct store_message *message = make_spooled("nobody takes this");
  receive(message);
  add_recipient(message, 0, NULL, 0)->state = STORE_REPORTED;
  route(message, true);
  expect_state(message->id, STORE_DONE);
  ck_assert(spool_goes(message->spool));
  store_message_free(message);
}
END_TEST

START_TEST(test_receive_and_route_together)
{
  struct store_message *report = make("report");
  report->parent = routed_one();
  struct store_txn *txn = store_txn_new();
  store_txn_receive(txn, report);
  add_recipient(report, 0, "smtp:example.org", NOW);
  store_txn_route(txn, report, false);
  set_recipient(report->parent, 0, STORE_REPORTED, false);
  committed(txn);
  expect_state(report->id, STORE_ROUTED);
  expect_state(report->parent, STORE_DONE);
  ck_assert_uint_eq(claimed("smtp:example.org", NOW, 9), 1);
  store_message_free(report);
}
END_TEST

/* --- delivery
 * ------------------------------------------------------------------------------------------------------- */

START_TEST(test_claim_hop)
{
  guint64 both = routed((const char *const[]){"p1:land", "p1:sea", "p1:land", NULL});
  guint64 later = routed_one();
  set_recipient(later, 0, STORE_ROUTED, false); /* deferred by an hour */
  ck_assert_uint_eq(claimed("p1:nowhere", NOW, 9), 0);
  ck_assert_uint_eq(claimed("p1:land", NOW - 1, 9), 0);

  g_autoptr(GPtrArray) first = sync_claim_hop(store, "p1:land", NOW, 9);
  ck_assert_uint_eq(first->len, 1);
  const struct store_message *message = first->pdata[0];
  ck_assert_uint_eq(message->id, both);
  ck_assert(same(message->body, "the body", 8));
  ck_assert(same(message->envelope, "envelope\0\377", 10));
  ck_assert_uint_eq(message->recipients->len, 2);
  ck_assert_uint_eq(((const struct store_recipient *)message->recipients->pdata[0])->ordinal, 0);
  ck_assert_uint_eq(((const struct store_recipient *)message->recipients->pdata[1])->ordinal, 2);

  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 0); /* handed out once */
  ck_assert_uint_eq(claimed("p1:sea", NOW, 9), 1);
  ck_assert_uint_eq(claimed("p1:land", NOW + HOUR, 9), 1);
  store_unclaim(store, both, 2);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 1);
  store_unclaim(store, both, -1);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 2);
  ck_assert_uint_eq(claimed("p1:sea", NOW, 9), 1);
}
END_TEST

START_TEST(test_claim_hop_order_and_limit)
{
  static const struct {
    enum store_priority priority;
    gint64 due;
  } rows[] = {{STORE_NORMAL, NOW - 3},
              {STORE_NORMAL, NOW - 5},
              {STORE_URGENT, NOW},
              {STORE_NON_URGENT, NOW - 9},
              {STORE_URGENT, NOW - 1}};
  guint64 ids[G_N_ELEMENTS(rows)];
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct store_message *message = make("smtp");
    receive(message);
    message->priority = rows[i].priority;
    add_recipient(message, 0, "p1:land", rows[i].due);
    route(message, false);
    ids[i] = message->id;
    store_message_free(message);
  }
  const guint64 expected[] = {ids[4], ids[2], ids[1], ids[0], ids[3]};
  for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
    g_autoptr(GPtrArray) messages = sync_claim_hop(store, "p1:land", NOW, 1);
    ck_assert_uint_eq(messages->len, 1);
    ck_assert_uint_eq(((const struct store_message *)messages->pdata[0])->id, expected[i]);
  }
}
END_TEST

START_TEST(test_recipient_outcomes)
{
  guint64 id = routed((const char *const[]){"p1:land", "p1:land", NULL});
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 2);
  set_recipient(id, 0, STORE_ROUTED, true); /* an attempt is noted, the work goes on */
  ck_assert_uint_eq(claimed("p1:land", NOW + HOUR, 9), 0);
  set_recipient(id, 0, STORE_ROUTED, false); /* deferred */
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 0);
  ck_assert_uint_eq(claimed("p1:land", NOW + HOUR, 9), 1);

  struct store_message *message = sync_get(store, id, false);
  const struct store_recipient *recipient = message->recipients->pdata[0];
  ck_assert_uint_eq(recipient->attempts, 3);
  ck_assert_str_eq(recipient->code, "4.4.1");
  ck_assert_str_eq(recipient->reason, "no answer");
  ck_assert_str_eq(recipient->address, "r0@example.org");
  store_message_free(message);

  set_recipient(id, 0, STORE_SENT, false);
  expect_state(id, STORE_ROUTED);
  set_recipient(id, 1, STORE_REPORTED, false);
  expect_state(id, STORE_DONE);

  message = sync_get(store, id, true); /* for the report that comes back: all but the body */
  ck_assert_ptr_null(message->body);
  ck_assert(same(message->envelope, "envelope\0\377", 10));
  ck_assert_uint_eq(message->recipients->len, 2);
  ck_assert_int_eq(((const struct store_recipient *)message->recipients->pdata[0])->state, STORE_SENT);
  store_message_free(message);

  set_recipient(id, 0, STORE_ROUTED, false); /* what is final stays */
  expect_state(id, STORE_DONE);
  ck_assert_uint_eq(claimed("p1:land", NOW + HOUR, 9), 0);

  struct store_recipient *ghost = store_recipient_new(0);
  struct store_txn *txn = store_txn_new();
  store_txn_recipient(txn, 5, ghost, false);
  store_recipient_free(ghost);
  refused(txn, STORE_ERROR_NOT_FOUND);
}
END_TEST

START_TEST(test_parked_recipients)
{
  guint64 id = routed((const char *const[]){"p1:land", "p1:land", NULL});
  set_recipient(id, 0, STORE_PARKED, false);
  expect_state(id, STORE_ROUTED);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 1);
  set_recipient(id, 1, STORE_SENT, false);
  struct store_message *message = sync_get(store, id, true);
  ck_assert_int_eq(message->state, STORE_PARKED);
  ck_assert(same(message->body, "the body", 8));
  store_message_free(message);
  struct store_txn *retry = store_txn_new();
  store_txn_retry(retry, id, NOW);
  committed(retry);
  expect_state(id, STORE_ROUTED);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 1);
  set_recipient(id, 0, STORE_SENT, false);
  expect_state(id, STORE_DONE);
}
END_TEST

START_TEST(test_hops)
{
  g_autoptr(GPtrArray) none = sync_hops(store);
  ck_assert_uint_eq(none->len, 0);
  routed((const char *const[]){"p1:land", "smtp:example.org", NULL});
  guint64 deferred = routed_one(), held = routed_one(),
          claiming = routed((const char *const[]){"p1:sea", NULL});
  set_recipient(deferred, 0, STORE_ROUTED, false);
  struct store_txn *txn = store_txn_new();
  store_txn_hold(txn, held, true);
  committed(txn);
  ck_assert_uint_eq(claimed("p1:sea", NOW, 9), 1);
  g_autoptr(GPtrArray) hops = sync_hops(store);
  ck_assert_uint_eq(hops->len, 2);
  const struct store_hop *land = hops->pdata[0], *smtp = hops->pdata[1];
  ck_assert_str_eq(land->hop, "p1:land");
  ck_assert_uint_eq(land->waiting, 2);
  ck_assert_int_eq(land->due_us, NOW);
  ck_assert_str_eq(smtp->hop, "smtp:example.org");
  ck_assert_uint_eq(smtp->waiting, 1);
  store_unclaim(store, claiming, 0);
  g_autoptr(GPtrArray) more = sync_hops(store);
  ck_assert_uint_eq(more->len, 3);
}
END_TEST

START_TEST(test_claim_expired)
{
  guint64 id = routed((const char *const[]){"p1:land", "p1:sea", NULL});
  routed_one();
  ck_assert_uint_eq(claimed("p1:sea", NOW, 9), 1);
  g_autoptr(GPtrArray) none = sync_claim_expired(store, NOW + 24 * HOUR - 1, 9);
  ck_assert_uint_eq(none->len, 0);
  g_autoptr(GPtrArray) first = sync_claim_expired(store, NOW + 24 * HOUR, 1);
  ck_assert_uint_eq(first->len, 1);
  const struct store_message *message = first->pdata[0];
  ck_assert_uint_eq(message->id, id);
  ck_assert_uint_eq(message->recipients->len, 1); /* the other one is in work */
  ck_assert_str_eq(((const struct store_recipient *)message->recipients->pdata[0])->hop, "p1:land");
  g_autoptr(GPtrArray) rest = sync_claim_expired(store, NOW + 24 * HOUR, 9);
  ck_assert_uint_eq(rest->len, 1);
}
END_TEST

/* --- operators
 * ------------------------------------------------------------------------------------------------------- */

START_TEST(test_hold_and_release)
{
  guint64 id = routed_one();
  struct store_message *waiting = make("smtp");
  receive(waiting);
  store_unclaim(store, waiting->id, -1);
  struct store_txn *hold = store_txn_new();
  store_txn_hold(hold, id, true);
  store_txn_hold(hold, waiting->id, true);
  committed(hold);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 0);
  ck_assert_uint_eq(claimed_received(9), 0);
  g_autoptr(GPtrArray) expired = sync_claim_expired(store, NOW + 48 * HOUR, 9);
  ck_assert_uint_eq(expired->len, 0);
  struct store_message *message = sync_get(store, id, false);
  ck_assert(message->held);
  store_message_free(message);

  /* A message that is held before it is routed stays held through its routing. */
  add_recipient(waiting, 0, "p1:land", NOW);
  route(waiting, false);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 0);

  struct store_txn *release = store_txn_new();
  store_txn_hold(release, id, false);
  store_txn_hold(release, waiting->id, false);
  committed(release);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 2);
  message = sync_get(store, id, false);
  ck_assert_int_ge(message->expires_us, g_get_real_time() + 23 * HOUR);
  store_message_free(message);
  store_message_free(waiting);
}
END_TEST

START_TEST(test_park_and_retry_before_routing)
{
  struct store_message *message = make("smtp");
  receive(message);
  struct store_txn *park = store_txn_new();
  store_txn_attempt(park, message->id, 2);
  store_txn_park(park, message->id, "the converter crashed twice");
  committed(park);
  struct store_message *got = sync_get(store, message->id, true);
  ck_assert_int_eq(got->state, STORE_PARKED);
  ck_assert_str_eq(got->reason, "the converter crashed twice");
  ck_assert(same(got->body, "the body", 8)); /* exportable */
  store_message_free(got);
  ck_assert_uint_eq(claimed_received(9), 0);
  struct store_txn *retry = store_txn_new();
  store_txn_retry(retry, message->id, NOW);
  committed(retry);
  got = sync_get(store, message->id, false);
  ck_assert_int_eq(got->state, STORE_RECEIVED);
  ck_assert_uint_eq(got->attempts, 0);
  ck_assert_ptr_null(got->reason);
  store_message_free(got);
  ck_assert_uint_eq(claimed_received(9), 1); /* read again */
  store_message_free(message);
}
END_TEST

START_TEST(test_park_and_retry_after_routing)
{
  guint64 id = routed((const char *const[]){"p1:land", "p1:land", NULL});
  set_recipient(id, 1, STORE_SENT, false);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 1);
  struct store_txn *park = store_txn_new();
  store_txn_park(park, id, "cannot be written");
  committed(park);
  struct store_message *message = sync_get(store, id, false);
  ck_assert_int_eq(message->state, STORE_PARKED);
  const struct store_recipient *first = message->recipients->pdata[0],
                               *second = message->recipients->pdata[1];
  ck_assert_int_eq(first->state, STORE_PARKED);
  ck_assert_str_eq(first->reason, "cannot be written");
  ck_assert_int_eq(second->state, STORE_SENT);
  store_message_free(message);
  g_autoptr(GPtrArray) expired = sync_claim_expired(store, NOW + 48 * HOUR, 9);
  ck_assert_uint_eq(expired->len, 0);

  struct store_txn *retry = store_txn_new();
  store_txn_retry(retry, id, NOW + 30 * HOUR);
  committed(retry);
  ck_assert_uint_eq(claimed("p1:land", NOW + 30 * HOUR, 9), 1);
  message = sync_get(store, id, false); /* its lifetime begins anew */
  ck_assert_int_eq(message->expires_us, NOW + 54 * HOUR);
  store_message_free(message);
}
END_TEST

START_TEST(test_retry_deferred)
{
  guint64 id = routed_one();
  set_recipient(id, 0, STORE_ROUTED, false);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 0);
  struct store_txn *retry = store_txn_new();
  store_txn_retry(retry, id, NOW);
  committed(retry);
  struct store_message *message = sync_get(store, id, false);
  ck_assert_uint_eq(((const struct store_recipient *)message->recipients->pdata[0])->attempts, 3);
  store_message_free(message);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 1);
}
END_TEST

START_TEST(test_delete)
{
  struct store_message *message = make_spooled("unwanted");
  receive(message);
  add_recipient(message, 0, "p1:land", NOW);
  add_recipient(message, 1, "p1:land", NOW);
  add_recipient(message, 2, "p1:land", NOW);
  route(message, false);
  set_recipient(message->id, 0, STORE_SENT, false);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 2); /* one transfer is open while the operator deletes */
  struct store_txn *txn = store_txn_new();
  store_txn_delete(txn, message->id);
  store_txn_audit(txn, message->id, -1, "deleted", "{}");
  committed(txn);
  ck_assert(spool_goes(message->spool));
  struct store_message *got = sync_get(store, message->id, true);
  ck_assert_int_eq(got->state, STORE_DONE);
  ck_assert_int_eq(((const struct store_recipient *)got->recipients->pdata[0])->state, STORE_SENT);
  ck_assert_int_eq(((const struct store_recipient *)got->recipients->pdata[1])->state, STORE_DELETED);
  store_message_free(got);

  set_recipient(message->id, 1, STORE_SENT, false);   /* it went out after all */
  set_recipient(message->id, 2, STORE_ROUTED, false); /* it did not: stays deleted */
  got = sync_get(store, message->id, true);
  ck_assert_int_eq(got->state, STORE_DONE);
  ck_assert_int_eq(((const struct store_recipient *)got->recipients->pdata[1])->state, STORE_SENT);
  ck_assert_int_eq(((const struct store_recipient *)got->recipients->pdata[2])->state, STORE_DELETED);
  store_message_free(got);
  ck_assert_uint_eq(claimed("p1:land", NOW + HOUR, 9), 0);

  struct store_txn *again = store_txn_new();
  store_txn_delete(again, message->id);
  refused(again, STORE_ERROR_CONFLICT);
  store_message_free(message);
}
END_TEST

START_TEST(test_delete_while_read)
{
  struct store_message *message = make("smtp");
  receive(message);
  struct store_txn *txn = store_txn_new();
  store_txn_delete(txn, message->id);
  committed(txn);
  add_recipient(message, 0, "p1:land", NOW);
  struct store_txn *late = store_txn_new();
  store_txn_route(late, message, true);
  refused(late, STORE_ERROR_CONFLICT);
  expect_state(message->id, STORE_DONE);
  ck_assert_uint_eq(claimed("p1:land", NOW, 9), 0);
  store_message_free(message);
}
END_TEST

START_TEST(test_done_without_recipients)
{
  struct store_message *message = make_spooled("a repeat");
  receive(message);
  struct store_txn *txn = store_txn_new();
  store_txn_done(txn, message->id);
  committed(txn);
  expect_state(message->id, STORE_DONE);
  ck_assert(spool_goes(message->spool));
  struct store_txn *routed_late = store_txn_new();
  store_txn_done(routed_late, routed_one());
  refused(routed_late, STORE_ERROR_CONFLICT);
  store_message_free(message);
}
END_TEST

/* Each operation of an operator on a message that is unknown, or done. */
static void do_hold(struct store_txn *txn, guint64 id)
{
  store_txn_hold(txn, id, true);
}
static void do_release(struct store_txn *txn, guint64 id)
{
  store_txn_hold(txn, id, false);
}
static void do_park(struct store_txn *txn, guint64 id)
{
  store_txn_park(txn, id, "x");
}
static void do_retry(struct store_txn *txn, guint64 id)
{
  store_txn_retry(txn, id, NOW);
}
static void do_attempt(struct store_txn *txn, guint64 id)
{
  store_txn_attempt(txn, id, 1);
}
static void (*const operations[])(struct store_txn *, guint64) = {
    do_hold, do_release, do_park, do_retry, store_txn_delete, do_attempt, store_txn_done};

START_TEST(test_operations_need_a_message)
{
  struct store_txn *unknown = store_txn_new();
  operations[_i](unknown, 42);
  refused(unknown, STORE_ERROR_NOT_FOUND);
  guint64 id = routed_one();
  set_recipient(id, 0, STORE_SENT, false);
  struct store_txn *late = store_txn_new();
  store_txn_audit(late, id, -1, "must not stay", "{}");
  operations[_i](late, id);
  refused(late, STORE_ERROR_CONFLICT);
  g_autoptr(GPtrArray) records =
      sync_audit(store, &(struct store_audit_query){.event = "must not stay", .limit = 9});
  ck_assert_uint_eq(records->len, 0); /* a transaction is whole or not at all */
}
END_TEST

/* --- groups
 * -----------------------------------------------------------------------------------------------------------
 */

struct tally {
  guint good, bad;
  bool done;
};

static void on_good(void *user, const GError *error)
{
  struct tally *tally = user;
  ck_assert_msg(!error, "%s", error ? error->message : "");
  tally->done = ++tally->good + tally->bad == 300;
}

static void on_bad(void *user, const GError *error)
{
  struct tally *tally = user;
  ck_assert(g_error_matches(error, STORE_ERROR, STORE_ERROR_NOT_FOUND));
  tally->done = tally->good + ++tally->bad == 300;
}

START_TEST(test_bad_ones_do_not_take_others_along)
{
  struct tally tally = {0};
  for (guint i = 0; i < 300; i++) {
    struct store_txn *txn = store_txn_new();
    store_txn_audit(txn, 1000 + i, -1, "noted", "{}");
    if (i % 7 == 3)
      store_txn_delete(txn, 1000 + i);
    store_commit(store, txn, i % 7 == 3 ? on_bad : on_good, &tally);
  }
  sync_until(store, &tally.done);
  ck_assert_uint_eq(tally.bad, 43);
  g_autoptr(GPtrArray) records =
      sync_audit(store, &(struct store_audit_query){.event = "noted", .limit = 1000});
  ck_assert_uint_eq(records->len, 257);
  guint64 last = 0;
  for (guint i = 0; i < records->len; i++) {
    const struct store_audit_record *record = records->pdata[i];
    ck_assert_uint_ne(record->message % 1000 % 7, 3);
    ck_assert_uint_gt(record->message, last); /* in the order given */
    last = record->message;
  }
  ck_assert_uint_eq(sync_verify(store, NULL), 257);
}
END_TEST

START_TEST(test_busy)
{
  ck_assert(!store_busy(store));
  struct tally tally = {.bad = 300 - 1500};
  for (guint i = 0; i < 1500; i++) {
    struct store_txn *txn = store_txn_new();
    store_txn_value(txn, "busy", NULL);
    store_commit(store, txn, on_good, &tally);
  }
  sync_until(store, &tally.done);
  ck_assert(!store_busy(store));
}
END_TEST

/* --- identifiers, values, ids
 * -------------------------------------------------------------------------------------------- */

static void identify(guint64 id, const char *kind, const char *value)
{
  struct store_txn *txn = store_txn_new();
  store_txn_identifier(txn, id, kind, value);
  committed(txn);
}

static void expect_found(const char *kind, const char *value, guint limit, const guint64 *ids, guint count)
{
  g_autoptr(GArray) found = sync_find(store, kind, value, limit);
  ck_assert_uint_eq(found->len, count);
  for (guint i = 0; i < count; i++)
    ck_assert_uint_eq(g_array_index(found, guint64, i), ids[i]);
}

START_TEST(test_identifiers)
{
  guint64 first = routed_one(), second = routed_one();
  identify(first, "message-id", "<a@x>");
  identify(second, "message-id", "<a@x>");
  identify(second, "message-id", "<a@x>");
  identify(first, "mts-id", "<a@x>");
  identify(second, "address", "bob@example.org");
  expect_found("message-id", "<a@x>", 9, (const guint64[]){second, first}, 2);
  expect_found("message-id", "<a@x>", 1, (const guint64[]){second}, 1);
  expect_found("mts-id", "<a@x>", 9, (const guint64[]){first}, 1);
  expect_found("mts-id", "<A@x>", 9, NULL, 0);
  expect_found(NULL, "<a@x>", 9, (const guint64[]){second, first}, 2);
  expect_found(NULL, "bob@example.org", 9, (const guint64[]){second}, 1);
  expect_found(NULL, "nobody", 9, NULL, 0);
  set_recipient(second, 0, STORE_SENT, false);
  expect_found("address", "bob@example.org", 9, (const guint64[]){second}, 1); /* also when done */
}
END_TEST

START_TEST(test_values)
{
  ck_assert_ptr_null(sync_value(store, "assoc:land"));
  static const char *const texts[] = {"one", "", "three"};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(GBytes) value = g_bytes_new(texts[i], strlen(texts[i]));
    struct store_txn *txn = store_txn_new();
    store_txn_value(txn, "assoc:land", value);
    committed(txn);
    g_autoptr(GBytes) got = sync_value(store, "assoc:land");
    ck_assert(g_bytes_equal(got, value));
  }
  reopen();
  g_autoptr(GBytes) kept = sync_value(store, "assoc:land");
  ck_assert(same(kept, "three", 5));
  struct store_txn *txn = store_txn_new();
  store_txn_value(txn, "assoc:land", NULL);
  committed(txn);
  ck_assert_ptr_null(sync_value(store, "assoc:land"));
}
END_TEST

START_TEST(test_ids)
{
  guint64 last = 0;
  for (guint pass = 0; pass < 3; pass++) {
    guint64 now = (guint64)g_get_real_time();
    for (guint i = 0; i < 10000; i++) {
      guint64 id = store_new_id(store);
      ck_assert_uint_gt(id, last);
      last = id;
    }
    ck_assert_uint_lt(last - now, 10 * G_USEC_PER_SEC); /* they follow the clock */
    reopen();
  }
}
END_TEST

static void *take_ids(void *array)
{
  for (guint i = 0; i < 20000; i++) {
    guint64 id = store_new_id(store);
    g_array_append_val((GArray *)array, id);
  }
  return NULL;
}

START_TEST(test_ids_from_threads)
{
  GThread *threads[4];
  GArray *arrays[4];
  for (guint i = 0; i < 4; i++) {
    arrays[i] = g_array_new(FALSE, FALSE, sizeof(guint64));
    threads[i] = g_thread_new("ids", take_ids, arrays[i]);
  }
  g_autoptr(GHashTable) all = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (guint i = 0; i < 4; i++) {
    g_thread_join(threads[i]);
    for (guint j = 0; j < arrays[i]->len; j++)
      ck_assert(g_hash_table_add(all, &g_array_index(arrays[i], guint64, j)));
  }
  ck_assert_uint_eq(g_hash_table_size(all), 80000);
  for (guint i = 0; i < 4; i++)
    g_array_unref(arrays[i]);
}
END_TEST

START_TEST(test_id_texts)
{
  static const struct {
    guint64 id;
    const char *text;
  } pairs[] = {{1, "0000000000001"},
               {31, "000000000000z"},
               {32, "0000000000010"},
               {G_MAXUINT64, "fzzzzzzzzzzzz"},
               {G_GUINT64_CONSTANT(1800000000000000), "001k52wm9h000"}};
  static const char *const wrong[] = {
      "", "1", "00000000000001", "000000000000u", "000000000000-", "gzzzzzzzzzzzz", NULL};
  for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
    g_autofree char *text = store_id_format(pairs[i].id);
    ck_assert_uint_eq(store_id_parse(text), pairs[i].id);
    ck_assert_str_eq(text, pairs[i].text);
  }
  ck_assert_uint_eq(store_id_parse("OOOOOOOOOOIL1"), 1024 + 32 + 1);
  for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
    ck_assert_uint_eq(store_id_parse(wrong[i]), 0);
}
END_TEST

/* --- spool files
 * ------------------------------------------------------------------------------------------------------------
 */

START_TEST(test_spool)
{
  g_autoptr(GError) error = NULL;
  struct store_message *message = make_spooled("a long body");
  ck_assert_uint_ne(store_id_parse(message->spool), 0);
  receive(message);
  reopen(); /* a file with a row stays */
  struct store_message *got = sync_get(store, message->id, true);
  ck_assert_ptr_null(got->body);
  ck_assert_str_eq(got->spool, message->spool);
  int fd = store_spool_open(store, got->spool, &error);
  char block[32];
  ck_assert_int_eq(read(fd, block, sizeof block), 11);
  ck_assert_mem_eq(block, "a long body", 11);
  ck_assert_int_eq(write(fd, "x", 1), -1); /* for reading only */
  close(fd);
  store_message_free(got);
  add_recipient(message, 0, "p1:land", NOW);
  route(message, false);
  set_recipient(message->id, 0, STORE_SENT, false);
  ck_assert(spool_goes(message->spool));
  ck_assert_int_eq(store_spool_open(store, message->spool, &error), -1);
  ck_assert(g_error_matches(error, STORE_ERROR, STORE_ERROR_NOT_FOUND));
  g_clear_error(&error);
  ck_assert_int_eq(store_spool_open(store, "../gw400.db", &error), -1);
  store_message_free(message);
}
END_TEST

static const struct store_answer *answer_of(const struct store_message *message, guint place, const char *key)
{
  ck_assert_uint_lt(place, message->answers->len);
  const struct store_answer *answer = message->answers->pdata[place];
  ck_assert_str_eq(answer->key, key);
  return answer;
}

/* What was looked up for a message comes with it, over a restart too, and is replaced by what is known later. */
START_TEST(test_answers)
{
  guint64 id = routed_one(), other = routed_one();
  g_autoptr(GBytes) doubt = g_bytes_new("?", 1), found = g_bytes_new("!\0!", 3), nothing = g_bytes_new("-", 1);
  struct store_txn *txn = store_txn_new();
  store_txn_answer(txn, id, "dns\nb\n", doubt);
  store_txn_answer(txn, id, "dns\na\n", nothing);
  committed(txn);
  txn = store_txn_new();
  store_txn_answer(txn, id, "dns\nb\n", found);
  committed(txn);
  reopen();
  struct store_message *message = sync_get(store, id, true);
  ck_assert_uint_eq(message->answers->len, 2);
  ck_assert(same(answer_of(message, 0, "dns\na\n")->octets, "-", 1));
  ck_assert(same(answer_of(message, 1, "dns\nb\n")->octets, "!\0!", 3));
  store_message_free(message);
  message = sync_get(store, other, true);
  ck_assert_uint_eq(message->answers->len, 0);
  store_message_free(message);
}
END_TEST

/* A transfer's file grows from checkpoint to checkpoint and over a restart, until a message takes it over. */
START_TEST(test_transfer)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) first = g_bytes_new("1", 1), second = g_bytes_new("2", 1), done = g_bytes_new("d", 1);
  g_autofree char *name = write_spool("begun");
  struct store_txn *txn = store_txn_new();
  store_txn_transfer(txn, "in/land/a", name, first);
  committed(txn);
  reopen();
  int fd = store_spool_append(store, name, 3, &error);
  ck_assert_msg(fd >= 0, "%s", error ? error->message : "");
  ck_assert_int_eq(write(fd, "inning", 6), 6);
  txn = store_txn_new();
  store_txn_transfer(txn, "in/land/a", name, second);
  committed(txn);
  close(fd);
  store_spool_rest(store, name);
  ck_assert_int_eq(store_spool_append(store, name, 10, &error), -1); /* shorter than that */
  ck_assert(g_error_matches(error, STORE_ERROR, STORE_ERROR_NOT_FOUND));
  g_autoptr(GPtrArray) transfers = sync_transfers(store);
  ck_assert_uint_eq(transfers->len, 1);
  const struct store_transfer *transfer = transfers->pdata[0];
  ck_assert_str_eq(transfer->name, "in/land/a");
  ck_assert_str_eq(transfer->spool, name);
  ck_assert(same(transfer->octets, "2", 1));

  struct store_message *message = make("p1:land");
  g_clear_pointer(&message->body, g_bytes_unref);
  message->spool = g_strdup(name);
  message->size = 9;
  txn = store_txn_new();
  store_txn_receive(txn, message);
  store_txn_transfer(txn, "in/land/a", NULL, done);
  committed(txn);
  txn = store_txn_new();
  store_txn_transfer_over(txn, "in/land/a", false);
  committed(txn);
  reopen();
  g_autoptr(GPtrArray) none = sync_transfers(store);
  ck_assert_uint_eq(none->len, 0);
  fd = store_spool_open(store, name, &error);
  char block[16];
  ck_assert_int_eq(read(fd, block, sizeof block), 9);
  ck_assert_mem_eq(block, "beginning", 9);
  close(fd);
  store_message_free(message);
}
END_TEST

START_TEST(test_transfer_given_up)
{
  g_autoptr(GBytes) octets = g_bytes_new("1", 1);
  g_autofree char *gone = write_spool("given up"), *kept = write_spool("renamed");
  struct store_txn *txn = store_txn_new();
  store_txn_transfer(txn, "a", gone, octets);
  store_txn_transfer(txn, "b", kept, octets);
  committed(txn);
  txn = store_txn_new();
  store_txn_transfer_over(txn, "a", false);
  store_txn_transfer_over(txn, "b", true);
  store_txn_transfer(txn, "c", kept, octets);
  store_txn_transfer_over(txn, "unknown", false);
  committed(txn);
  ck_assert(spool_goes(gone));
  reopen();
  ck_assert(spool_exists(kept));
}
END_TEST

START_TEST(test_spool_without_row)
{
  g_autofree char *discarded = write_spool("changed our mind");
  store_spool_discard(store, discarded);
  ck_assert(spool_goes(discarded));
  g_autofree char *forgotten = write_spool("never named");
  g_autofree char *stray = spool_path("stray");
  ck_assert(g_file_set_contents(stray, "x", 1, NULL));
  reopen();
  ck_assert(!spool_exists(forgotten));
  ck_assert(!spool_exists("stray"));
}
END_TEST

START_TEST(test_spool_of_refused_transaction)
{
  struct store_message *message = make_spooled("twice");
  receive(message);
  struct store_message *other = make_spooled("other");
  other->id = message->id;
  struct store_txn *txn = store_txn_new();
  store_txn_receive(txn, other);
  refused(txn, STORE_ERROR_CONFLICT);
  ck_assert(spool_exists(other->spool)); /* the caller's to discard */
  store_spool_discard(store, other->spool);
  ck_assert(spool_goes(other->spool));
  ck_assert(spool_exists(message->spool));
  store_message_free(other);
  store_message_free(message);
}
END_TEST

/* --- lists
 * --------------------------------------------------------------------------------------------------------------------
 */

static guint listed(struct store_list filter)
{
  guint count = 0;
  for (filter.limit = filter.limit ? filter.limit : 2;;) {
    g_autoptr(GPtrArray) page = sync_list(store, &filter);
    ck_assert_uint_le(page->len, filter.limit);
    for (guint i = 0; i < page->len; i++) {
      const struct store_message *message = page->pdata[i];
      ck_assert_uint_gt(message->id, filter.after);
      ck_assert_ptr_null(message->body);
      filter.after = message->id;
    }
    count += page->len;
    if (page->len < filter.limit)
      return count;
  }
}

START_TEST(test_list)
{
  struct store_message *received = make("p1:land");
  receive(received);
  guint64 parked = routed_one(), held = routed_one(), done = routed_one();
  routed((const char *const[]){"smtp:example.org", "p1:sea", NULL});
  set_recipient(done, 0, STORE_SENT, false);
  struct store_txn *txn = store_txn_new();
  store_txn_park(txn, parked, "why");
  store_txn_hold(txn, held, true);
  committed(txn);

  ck_assert_uint_eq(listed((struct store_list){.any_state = true}), 4);
  ck_assert_uint_eq(listed((struct store_list){.any_state = true, .limit = 100}), 4);
  ck_assert_uint_eq(listed((struct store_list){.state = STORE_RECEIVED}), 1);
  ck_assert_uint_eq(listed((struct store_list){.state = STORE_ROUTED}), 2);
  ck_assert_uint_eq(listed((struct store_list){.state = STORE_PARKED}), 1);
  ck_assert_uint_eq(listed((struct store_list){.state = STORE_DONE}), 1);
  ck_assert_uint_eq(listed((struct store_list){.any_state = true, .held_only = true}), 1);
  ck_assert_uint_eq(listed((struct store_list){.any_state = true, .hop = "p1:land"}), 2);
  ck_assert_uint_eq(listed((struct store_list){.any_state = true, .hop = "p1:sea"}), 1);
  ck_assert_uint_eq(listed((struct store_list){.any_state = true, .origin = "p1:land"}), 1);
  ck_assert_uint_eq(listed((struct store_list){.any_state = true, .address = "r1@example.org"}), 1);
  ck_assert_uint_eq(listed((struct store_list){.any_state = true, .address = "/CN=r0/C=de/"}), 3);

  struct store_counts counts = sync_count(store);
  ck_assert_uint_eq(counts.received, 1);
  ck_assert_uint_eq(counts.routed, 2);
  ck_assert_uint_eq(counts.parked, 1);
  ck_assert_uint_eq(counts.held, 1);
  ck_assert_uint_eq(counts.bytes, 32);
  store_message_free(received);
}
END_TEST

/* --- audit
 * --------------------------------------------------------------------------------------------------------------------
 */

static void note(guint64 id, gint recipient, const char *event, const char *detail)
{
  struct store_txn *txn = store_txn_new();
  store_txn_audit(txn, id, recipient, event, detail);
  committed(txn);
}

static guint audited(struct store_audit_query query)
{
  guint count = 0;
  for (query.limit = 3;;) {
    g_autoptr(GPtrArray) page = sync_audit(store, &query);
    for (guint i = 0; i < page->len; i++) {
      const struct store_audit_record *record = page->pdata[i];
      ck_assert_uint_gt(record->sequence, query.after);
      query.after = record->sequence;
    }
    count += page->len;
    if (page->len < query.limit)
      return count;
  }
}

START_TEST(test_audit)
{
  gint64 before = g_get_real_time();
  note(7, -1, "received", "{\"from\":\"Alice@example.org\"}");
  note(7, 2, "sent", "{\"to\":\"bob@example.org\"}");
  note(8, -1, "received", NULL);
  note(0, -1, "started", "{\"text\":\"\xc3\xa4\"}");
  gint64 after = g_get_real_time() + 1;
  g_autoptr(GPtrArray) records = sync_audit(store, &(struct store_audit_query){.message = 7, .limit = 9});
  ck_assert_uint_eq(records->len, 2);
  const struct store_audit_record *sent = records->pdata[1];
  ck_assert_uint_eq(sent->sequence, 2);
  ck_assert_uint_eq(sent->message, 7);
  ck_assert_int_eq(sent->recipient, 2);
  ck_assert_str_eq(sent->event, "sent");
  ck_assert_str_eq(sent->detail, "{\"to\":\"bob@example.org\"}");
  ck_assert(sent->time_us >= before && sent->time_us < after);
  ck_assert_uint_eq(audited((struct store_audit_query){0}), 4);
  ck_assert_uint_eq(audited((struct store_audit_query){.event = "received"}), 2);
  ck_assert_uint_eq(audited((struct store_audit_query){.text = "EXAMPLE.org"}), 2);
  ck_assert_uint_eq(audited((struct store_audit_query){.text = "alice", .event = "sent"}), 0);
  ck_assert_uint_eq(audited((struct store_audit_query){.from_us = before, .to_us = after}), 4);
  ck_assert_uint_eq(audited((struct store_audit_query){.from_us = after}), 0);
  ck_assert_uint_eq(audited((struct store_audit_query){.to_us = before}), 0);
  ck_assert_uint_eq(sync_verify(store, NULL), 4);
  reopen();
  note(9, -1, "again", "{}");
  ck_assert_uint_eq(sync_verify(store, NULL), 5);
}
END_TEST

START_TEST(test_prune)
{
  /* More than one of its small transactions of each kind. */
  struct store_message *open = make("smtp");
  receive(open);
  identify(open->id, "message-id", "<open@x>");
  struct tally tally = {.bad = 300 - 1200};
  guint64 first = 0;
  for (guint i = 0; i < 1200; i++) {
    struct store_message *message = make("smtp");
    first = first ? first : message->id;
    struct store_txn *txn = store_txn_new();
    store_txn_receive(txn, message);
    store_txn_identifier(txn, message->id, "message-id", "<old@x>");
    store_txn_audit(txn, message->id, -1, "old", "{}");
    store_txn_done(txn, message->id);
    store_commit(store, txn, on_good, &tally);
    store_message_free(message);
  }
  sync_until(store, &tally.done);
  gint64 cut = g_get_real_time() + 1;
  while (g_get_real_time() <= cut)
    ;
  guint64 young = routed_one();
  set_recipient(young, 0, STORE_SENT, false);
  identify(young, "message-id", "<young@x>");
  g_autoptr(GError) error = sync_prune(store, cut);
  ck_assert_msg(!error, "%s", error ? error->message : "");
  ck_assert_uint_eq(audited((struct store_audit_query){.event = "old"}), 0);
  ck_assert_uint_eq(audited((struct store_audit_query){0}), 1);
  ck_assert_uint_eq(sync_verify(store, NULL), 1);
  ck_assert_ptr_null(sync_get(store, first, false));
  expect_state(open->id, STORE_RECEIVED); /* what is queued stays, with its identifiers */
  expect_state(young, STORE_DONE);
  expect_found("message-id", "<open@x>", 9, (const guint64[]){open->id}, 1);
  expect_found("message-id", "<young@x>", 9, (const guint64[]){young}, 1);
  expect_found("message-id", "<old@x>", 9, NULL, 0);
  reopen();
  note(1, -1, "new", "{}");
  ck_assert_uint_eq(sync_verify(store, NULL), 2);
  store_message_free(open);
}
END_TEST

/* --- life
 * ------------------------------------------------------------------------------------------------------------------------
 */

START_TEST(test_lock)
{
  g_autoptr(GError) error = NULL;
  struct store_options options = {.path = folder};
  ck_assert_ptr_null(backend->open(&options, &error));
  ck_assert(g_error_matches(error, STORE_ERROR, STORE_ERROR_LOCKED));
  g_autofree char *pid = g_strdup_printf("process %ld", (long)getpid());
  ck_assert_msg(strstr(error->message, pid) != NULL, "%s", error->message);
}
END_TEST

static void on_last(void *user, const GError *error)
{
  ck_assert_ptr_null(error);
  ++*(guint *)user;
}

START_TEST(test_close_finishes)
{
  guint called = 0;
  for (guint i = 0; i < 200; i++) {
    struct store_message *message = i % 10 ? make("smtp") : make_spooled("long");
    struct store_txn *txn = store_txn_new();
    store_txn_receive(txn, message);
    store_commit(store, txn, on_last, &called);
    store_message_free(message);
  }
  reopen();
  ck_assert_uint_eq(called, 200);
  ck_assert_uint_eq(sync_count(store).received, 200);
}
END_TEST

START_TEST(test_full)
{
  ck_assert(!store_full(store));
  backend->close(store);
  g_autoptr(GError) error = NULL;
  struct store_options options = {.path = folder, .reserve = G_MAXUINT64};
  store = backend->open(&options, &error);
  ck_assert(store_full(store));
  ck_assert_uint_ne(routed_one(), 0); /* what goes on, goes on */
}
END_TEST

START_TEST(test_backup)
{
  struct store_message *message = make_spooled("kept elsewhere too");
  receive(message);
  guint64 id = routed_one();
  g_autofree char *target = g_build_filename(folder, "copy", NULL);
  g_autoptr(GError) error = sync_backup(store, target);
  ck_assert_msg(!error, "%s", error ? error->message : "");
  g_autoptr(GError) second = sync_backup(store, target);
  ck_assert(g_error_matches(second, STORE_ERROR, STORE_ERROR_CONFLICT)); /* not empty */
  set_recipient(id, 0, STORE_SENT, false);

  backend->close(store);
  char *original = folder;
  folder = target;
  store = open_store();
  expect_state(id, STORE_ROUTED);
  struct store_message *got = sync_get(store, message->id, true);
  g_autofree char *path = spool_path(got->spool);
  g_autofree char *octets = NULL;
  ck_assert(g_file_get_contents(path, &octets, NULL, NULL));
  ck_assert_str_eq(octets, "kept elsewhere too");
  store_message_free(got);
  store_message_free(message);
  folder = original;
}
END_TEST

START_TEST(test_backup_under_load)
{
  /* Commits go on between its steps; the copy is whole and its chain fits. */
  g_autofree char *target = g_build_filename(folder, "copy", NULL);
  g_autofree char *filler = g_strnfill(STORE_INLINE, 'f');
  struct tally load = {.bad = 300 - 400};
  for (guint i = 0; i < 400; i++) {
    struct store_message *message = make("smtp");
    g_bytes_unref(message->body);
    message->body = g_bytes_new(filler, STORE_INLINE);
    struct store_txn *txn = store_txn_new();
    store_txn_receive(txn, message);
    store_txn_audit(txn, message->id, -1, "received", "{}");
    store_commit(store, txn, on_good, &load);
    store_message_free(message);
  }
  g_autoptr(GError) error = sync_backup(store, target);
  ck_assert_msg(!error, "%s", error ? error->message : "");
  sync_until(store, &load.done);
  backend->close(store);
  char *original = folder;
  folder = target;
  store = open_store();
  ck_assert_uint_eq(sync_verify(store, NULL), sync_count(store).received);
  folder = original;
}
END_TEST

static void add_case(Suite *suite, const char *name, const TTest *const *tests, guint count)
{
  TCase *tcase = tcase_create(name);
  tcase_add_checked_fixture(tcase, setup, teardown);
  tcase_set_timeout(tcase, 60);
  for (guint i = 0; i < count; i++)
    tcase_add_test(tcase, tests[i]);
  suite_add_tcase(suite, tcase);
}

Suite *store_suite(const struct suite_backend *with)
{
  backend = with;
  g_autofree char *name = g_strconcat("store on ", with->name, NULL);
  Suite *suite = suite_create(g_intern_string(name));
  const TTest *const receiving[] = {test_receive_keeps_all, test_receive_edges,
                                    test_received_is_claimed_by_the_caller, test_claim_received_order};
  const TTest *const routing[] = {test_route_keeps_all, test_route_once, test_route_to_nobody_is_done,
                                  test_receive_and_route_together};
  const TTest *const delivery[] = {test_claim_hop,
                                   test_claim_hop_order_and_limit,
                                   test_recipient_outcomes,
                                   test_parked_recipients,
                                   test_hops,
                                   test_claim_expired};
  const TTest *const operators[] = {test_hold_and_release,
                                    test_park_and_retry_before_routing,
                                    test_park_and_retry_after_routing,
                                    test_retry_deferred,
                                    test_delete,
                                    test_delete_while_read,
                                    test_done_without_recipients};
  const TTest *const groups[] = {test_bad_ones_do_not_take_others_along, test_busy};
  const TTest *const identifiers[] = {test_identifiers, test_values, test_ids, test_ids_from_threads,
                                      test_id_texts};
  const TTest *const spool[] = {test_spool, test_answers, test_transfer, test_transfer_given_up, test_spool_without_row, test_spool_of_refused_transaction};
  const TTest *const lists[] = {test_list, test_audit, test_prune};
  const TTest *const life[] = {test_lock, test_close_finishes, test_full, test_backup,
                               test_backup_under_load};
  add_case(suite, "receiving", receiving, G_N_ELEMENTS(receiving));
  add_case(suite, "routing", routing, G_N_ELEMENTS(routing));
  add_case(suite, "delivery", delivery, G_N_ELEMENTS(delivery));
  add_case(suite, "operators", operators, G_N_ELEMENTS(operators));
  TCase *each = tcase_create("operations");
  tcase_add_checked_fixture(each, setup, teardown);
  tcase_add_loop_test(each, test_operations_need_a_message, 0, G_N_ELEMENTS(operations));
  suite_add_tcase(suite, each);
  add_case(suite, "groups", groups, G_N_ELEMENTS(groups));
  add_case(suite, "identifiers", identifiers, G_N_ELEMENTS(identifiers));
  add_case(suite, "spool", spool, G_N_ELEMENTS(spool));
  add_case(suite, "lists", lists, G_N_ELEMENTS(lists));
  add_case(suite, "life", life, G_N_ELEMENTS(life));
  return suite;
}
