/* test_store.c - the conformance suite on SQLite, and what is SQLite's own: damage, full disks, other
 * processes, versions. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/full_vfs.h"
#include "lib/store_suite.h"
#include "lib/store_sync.h"
#include "store/claim.h"
#include "store/schema.h"

static char *folder, *path;
static struct store *store;

static void open_store(void)
{
  g_autoptr(GError) error = NULL;
  store = store_open(&(struct store_options){.path = folder}, &error);
  ck_assert_msg(store != NULL, "%s", error ? error->message : "");
}

static void setup(void)
{
  folder = sync_folder_new();
  path = g_build_filename(folder, "gw400.db", NULL);
  open_store();
}

static void teardown(void)
{
  store_close(store);
  sync_folder_free(folder);
  g_free(path);
}

static void sql(const char *text)
{
  sqlite3 *db = NULL;
  char *words = NULL;
  ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
  sqlite3_busy_timeout(db, 5000);
  ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &words) == SQLITE_OK, "%s", words);
  sqlite3_close(db);
}

static void note(const char *event, gsize octets)
{
  g_autofree char *filler = g_strnfill(octets, 'x');
  g_autofree char *detail = g_strdup_printf("{\"filler\":\"%s\"}", filler);
  struct store_txn *txn = store_txn_new();
  store_txn_audit(txn, 1, -1, event, detail);
  g_autoptr(GError) error = sync_commit(store, txn);
  ck_assert_msg(!error, "%s", error ? error->message : "");
}

/* --- the audit chain
 * ---------------------------------------------------------------------------------------------------- */

static const struct {
  const char *damage, *words;
} damages[] = {
    {"UPDATE audit SET event = 'sent' WHERE sequence = 5", "audit record 5 was changed"},
    {"UPDATE audit SET detail = '{}' WHERE sequence = 1", "audit record 1 was changed"},
    {"UPDATE audit SET message = 2 WHERE sequence = 2", "audit record 2 was changed"},
    {"UPDATE audit SET recipient = 0 WHERE sequence = 2", "audit record 2 was changed"},
    {"UPDATE audit SET time = time + 1 WHERE sequence = 20", "audit record 20 was changed"},
    {"UPDATE audit SET hash = zeroblob(32) WHERE sequence = 7", "audit record 7 was changed"},
    {"DELETE FROM audit WHERE sequence = 3", "audit record 3 is missing"},
    {"DELETE FROM audit WHERE sequence = 20", "audit record 20 is missing"},
    {"DELETE FROM audit", "audit record 1 is missing"},
    {"DELETE FROM audit WHERE sequence = 1", "audit record 1 is missing"},
    {"UPDATE audit SET sequence = 100 WHERE sequence = 9; UPDATE audit SET sequence = 9 WHERE sequence = 10;"
     "UPDATE audit SET sequence = 10 WHERE sequence = 100",
     "audit record 9 was changed"},
    {"UPDATE audit_chain SET head_hash = zeroblob(32)",
     "audit record 20 is not the one that the log ends with"},
    {"UPDATE audit_chain SET anchor_hash = randomblob(32)", "audit record 1 was changed"},
};

START_TEST(test_tampering)
{
  for (guint i = 0; i < 20; i++)
    note("noted", 20);
  store_close(store);
  sql(damages[_i].damage);
  open_store();
  g_autoptr(GError) error = NULL;
  sync_verify(store, &error);
  ck_assert(g_error_matches(error, STORE_ERROR, STORE_ERROR_CONFLICT));
  ck_assert_msg(g_str_has_prefix(error->message, damages[_i].words), "%s", error->message);
}
END_TEST

START_TEST(test_verify_while_writing_and_pruning)
{
  /* More than one of its steps, with records added and pruned between them. */
  struct store_txn *txn = store_txn_new();
  for (guint i = 0; i < 9000; i++)
    store_txn_audit(txn, i, -1, "noted", "{}");
  g_autoptr(GError) error = sync_commit(store, txn);
  ck_assert_ptr_null(error);
  for (guint round = 0; round < 5; round++) {
    store_prune(store, g_get_real_time(), NULL, NULL);
    note("between", 1);
    sync_verify(store, &error);
    ck_assert_msg(!error, "%s", error ? error->message : "");
    for (guint i = 0; i < 50; i++)
      note("more", 10);
  }
}
END_TEST

/* --- full disk, locked database
 * -------------------------------------------------------------------------------------------- */

struct tally {
  guint done, full;
  bool all;
};

static void count(void *user, const GError *error)
{
  struct tally *tally = user;
  if (error)
    ck_assert_msg(g_error_matches(error, STORE_ERROR, STORE_ERROR_FULL), "%s", error->message);
  tally->full += error != NULL;
  tally->all = ++tally->done == 40;
}

/* Forty transactions in one group, one of them of 3 MB. */
static struct tally send_forty(void)
{
  struct tally tally = {0};
  for (guint i = 0; i < 40; i++) {
    g_autofree char *detail = g_strnfill(i == 17 ? 3000000 : 100, 'x');
    struct store_txn *txn = store_txn_new();
    store_txn_audit(txn, i, -1, "noted", detail);
    store_commit(store, txn, count, &tally);
  }
  sync_until(store, &tally.all);
  return tally;
}

START_TEST(test_disk_full_for_one)
{
  note("before", 10);
  full_vfs_limit(1500000);
  ck_assert_uint_eq(send_forty().full, 1);
  full_vfs_limit(0);
  ck_assert_uint_eq(sync_verify(store, NULL), 40);
  ck_assert_uint_eq(send_forty().full, 0);
}
END_TEST

START_TEST(test_disk_full_for_all)
{
  note("before", 10);
  full_vfs_limit(1);
  ck_assert_uint_eq(send_forty().full, 40);
  full_vfs_limit(0);
  ck_assert_uint_eq(sync_verify(store, NULL), 1);
  ck_assert_uint_eq(send_forty().full, 0); /* it recovers by itself */
  ck_assert_uint_eq(sync_verify(store, NULL), 41);
}
END_TEST

static struct store_message *receive_one(void)
{
  struct store_message *message = store_message_new();
  message->id = store_new_id(store);
  message->body = g_bytes_new_static("body", 4);
  struct store_txn *txn = store_txn_new();
  store_txn_receive(txn, message);
  g_autoptr(GError) error = sync_commit(store, txn);
  ck_assert_ptr_null(error);
  return message;
}

static GError *route_one(struct store_message *message)
{
  struct store_txn *txn = store_txn_new();
  store_txn_route(txn, message, true);
  return sync_commit(store, txn);
}

START_TEST(test_disk_full_keeps_claims)
{
  struct store_message *message = receive_one();
  struct store_recipient *recipient = store_recipient_new(0);
  recipient->hop = g_strdup("p1:land");
  g_ptr_array_add(message->recipients, recipient);
  full_vfs_limit(1);
  g_autoptr(GError) full = route_one(message);
  ck_assert(g_error_matches(full, STORE_ERROR, STORE_ERROR_FULL));
  full_vfs_limit(0);
  g_autoptr(GPtrArray) none = sync_claim_received(store, 9);
  ck_assert_uint_eq(none->len, 0); /* still the caller's */
  g_autoptr(GError) error = route_one(message);
  ck_assert_ptr_null(error);
  g_autoptr(GPtrArray) claimed = sync_claim_hop(store, "p1:land", 1, 9);
  ck_assert_uint_eq(claimed->len, 0);
  store_message_free(message);
}
END_TEST

START_TEST(test_database_locked_for_a_while)
{
  sqlite3 *db = NULL;
  ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
  ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  struct tally tally = {.done = 39};
  struct store_txn *txn = store_txn_new();
  store_txn_audit(txn, 1, -1, "noted", "{}");
  store_commit(store, txn, count, &tally);
  g_usleep(300000);
  store_dispatch(store);
  ck_assert(!tally.all);
  ck_assert_int_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  sync_until(store, &tally.all);
  ck_assert_uint_eq(tally.full, 0);
}
END_TEST

/* Readers come and go all the time: the log is copied and begun again all the same. */
START_TEST(test_log_stays_small)
{
  g_autofree char *log = g_strconcat(path, "-wal", NULL);
  struct stat status;
  off_t largest = 0;
  for (guint i = 0; i < 60; i++) {
    note("noted", 1000000);
    g_ptr_array_unref(sync_claim_hop(store, "p1:land", 1, 9));
    ck_assert_int_eq(stat(log, &status), 0);
    largest = MAX(largest, status.st_size);
  }
  ck_assert_int_lt(largest, 24 * 1024 * 1024);
}
END_TEST

/* --- versions, identifiers
 * -------------------------------------------------------------------------------------------------- */

static const char *const steps[] = {"CREATE TABLE a(x); INSERT INTO a VALUES(1);",
                                    "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;", "this is not SQL"};

static gint64 ask(sqlite3 *db, const char *text)
{
  sqlite3_stmt *statement = NULL;
  gint64 answer = -1;
  if (sqlite3_prepare_v2(db, text, -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    answer = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return answer;
}

START_TEST(test_migration)
{
  sqlite3 *db = NULL;
  g_autoptr(GError) error = NULL;
  ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
  ck_assert(schema_migrate(db, steps, 1, &error));
  ck_assert_int_eq(ask(db, "SELECT version FROM schema"), 1);
  ck_assert(!schema_migrate(db, steps, 3, &error)); /* all or nothing */
  ck_assert(g_error_matches(error, STORE_ERROR, STORE_ERROR_SCHEMA));
  g_clear_error(&error);
  ck_assert_int_eq(ask(db, "SELECT version FROM schema"), 1);
  ck_assert_int_eq(ask(db, "SELECT y FROM a"), -1);
  ck_assert(schema_migrate(db, steps, 2, &error));
  ck_assert(schema_migrate(db, steps, 2, &error));
  ck_assert_int_eq(ask(db, "SELECT version FROM schema"), 2);
  ck_assert_int_eq(ask(db, "SELECT y FROM a"), 2);
  ck_assert(!schema_migrate(db, steps, 1, &error)); /* newer than the program */
  ck_assert_msg(strstr(error->message, "version 2") && strstr(error->message, "up to 1"), "%s",
                error->message);
  sqlite3_close(db);
}
END_TEST

/* A database of version 2, with a message in it, gets the answers' table and keeps what it has. */
START_TEST(test_migration_to_answers)
{
  sqlite3 *db = NULL;
  g_autoptr(GError) error = NULL;
  ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
  ck_assert(schema_migrate(db, schema_steps, 2, &error));
  ck_assert_int_eq(ask(db, "SELECT count(*) FROM answer"), -1);
  ck_assert_int_eq(sqlite3_exec(db, "INSERT INTO message VALUES(7,0,1,0,1,2,'smtp',1,1,0,8,NULL,NULL,NULL,NULL)", NULL,
                                NULL, NULL),
                   SQLITE_OK);
  ck_assert_msg(schema_migrate(db, schema_steps, schema_version, &error), "%s", error ? error->message : "");
  ck_assert_int_eq(ask(db, "SELECT version FROM schema"), schema_version);
  ck_assert_int_eq(ask(db, "SELECT count(*) FROM answer"), 0);
  ck_assert_int_eq(ask(db, "SELECT size FROM message WHERE id = 7"), 8);
  sqlite3_close(db);
}
END_TEST

START_TEST(test_newer_database_is_refused)
{
  store_close(store);
  sql("UPDATE schema SET version = version + 90");
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(store_open(&(struct store_options){.path = folder}, &error));
  ck_assert(g_error_matches(error, STORE_ERROR, STORE_ERROR_SCHEMA));
  sql("UPDATE schema SET version = version - 90");
  open_store();
}
END_TEST

START_TEST(test_not_a_database)
{
  store_close(store);
  ck_assert(g_file_set_contents(path, "This is not a database, but it is long enough to look at.", -1, NULL));
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(store_open(&(struct store_options){.path = folder}, &error));
  ck_assert_ptr_nonnull(error);
  ck_assert_int_eq(remove(path), 0);
  open_store();
}
END_TEST

START_TEST(test_clock_set_back)
{
  store_close(store);
  sql("UPDATE value SET octets = CAST('4000000000000000' AS BLOB) WHERE name = 'store.id-limit'");
  open_store();
  ck_assert_uint_eq(store_new_id(store), G_GUINT64_CONSTANT(4000000000000001));
  store_close(store);
  open_store();
  ck_assert_uint_eq(store_new_id(store),
                    G_GUINT64_CONSTANT(4000000000000002)); /* an orderly stop leaves no gap */
}
END_TEST

/* --- claims
 * -------------------------------------------------------------------------------------------------------------------
 */

START_TEST(test_release_during_a_pick)
{
  struct claims *claims = claims_new();
  ck_assert(claims_take(claims, 1, 0));
  ck_assert(claims_take(claims, 1, 1));
  ck_assert(!claims_take(claims, 1, 1));
  ck_assert(claims_take(claims, 2, CLAIM_MESSAGE));
  claims_pick_begin(claims);
  claims_release(claims, 1, 0);
  claims_release(claims, 2, CLAIM_ALL);
  ck_assert(!claims_take(claims, 1, 0)); /* the pick's snapshot may be older than the release */
  ck_assert(!claims_take(claims, 2, CLAIM_MESSAGE));
  claims_pick_end(claims);
  ck_assert(claims_take(claims, 1, 0));
  ck_assert(claims_take(claims, 2, CLAIM_MESSAGE));
  claims_release(claims, 1, CLAIM_ALL);
  ck_assert(!claims_has(claims, 1, 1));
  ck_assert_uint_eq(claims_count(claims, 1), 0);
  claims_release(claims, 7, 3);
  claims_free(claims);
}
END_TEST

static Suite *own_suite(void)
{
  Suite *suite = suite_create("SQLite");
  TCase *chain = tcase_create("chain"), *disk = tcase_create("disk"), *life = tcase_create("life"),
        *pure = tcase_create("pure");
  tcase_add_checked_fixture(chain, setup, teardown);
  tcase_add_checked_fixture(disk, setup, teardown);
  tcase_add_checked_fixture(life, setup, teardown);
  tcase_set_timeout(disk, 60);
  tcase_add_loop_test(chain, test_tampering, 0, G_N_ELEMENTS(damages));
  tcase_add_test(chain, test_verify_while_writing_and_pruning);
  tcase_add_test(disk, test_disk_full_for_one);
  tcase_add_test(disk, test_disk_full_for_all);
  tcase_add_test(disk, test_disk_full_keeps_claims);
  tcase_add_test(disk, test_database_locked_for_a_while);
  tcase_add_test(disk, test_log_stays_small);
  tcase_add_test(life, test_newer_database_is_refused);
  tcase_add_test(life, test_not_a_database);
  tcase_add_test(life, test_clock_set_back);
  tcase_add_test(pure, test_migration);
  tcase_add_test(pure, test_migration_to_answers);
  tcase_add_test(pure, test_release_during_a_pick);
  suite_add_tcase(suite, chain);
  suite_add_tcase(suite, disk);
  suite_add_tcase(suite, life);
  suite_add_tcase(suite, pure);
  return suite;
}

int main(void)
{
  static const struct suite_backend sqlite = {.name = "sqlite", .open = store_open, .close = store_close};
  if (!full_vfs_install())
    return EXIT_FAILURE;
  SRunner *runner = srunner_create(store_suite(&sqlite));
  srunner_add_suite(runner, own_suite());
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
