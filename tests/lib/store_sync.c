#include "lib/store_sync.h"

#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 60000

/* What an answer brings; one struct serves all of them. */
struct answered {
  bool done;
  GError *error;
  struct store_message *message;
  GPtrArray *array;
  GArray *ids;
  GBytes *value;
  guint64 records;
  struct store_counts counts;
};

static void keep_error(struct answered *answered, const GError *error)
{
  answered->done = true;
  answered->error = error ? g_error_copy(error) : NULL;
}

void sync_until(struct store *store, const bool *done)
{
  gint64 end = g_get_monotonic_time() + WAIT_MS * 1000;
  while (!*done) {
    ck_assert_msg(g_get_monotonic_time() < end, "no answer from the store");
    struct pollfd wait = {.fd = store_fd(store), .events = POLLIN};
    poll(&wait, 1, 1000);
    store_dispatch(store);
  }
}

static void must(struct store *store, struct answered *answered)
{
  sync_until(store, &answered->done);
  ck_assert_msg(!answered->error, "%s", answered->error ? answered->error->message : "");
}

static void on_committed(void *user, const GError *error)
{
  keep_error(user, error);
}

GError *sync_commit(struct store *store, struct store_txn *txn)
{
  struct answered answered = {0};
  store_commit(store, txn, on_committed, &answered);
  sync_until(store, &answered.done);
  return answered.error;
}

GError *sync_prune(struct store *store, gint64 before_us)
{
  struct answered answered = {0};
  store_prune(store, before_us, on_committed, &answered);
  sync_until(store, &answered.done);
  return answered.error;
}

GError *sync_backup(struct store *store, const char *folder)
{
  struct answered answered = {0};
  store_backup(store, folder, on_committed, &answered);
  sync_until(store, &answered.done);
  return answered.error;
}

static void on_message(void *user, struct store_message *message, const GError *error)
{
  ((struct answered *)user)->message = message;
  keep_error(user, error);
}

struct store_message *sync_get(struct store *store, guint64 id, bool with_body)
{
  struct answered answered = {0};
  store_get(store, id, with_body, on_message, &answered);
  must(store, &answered);
  return answered.message;
}

static void on_array(void *user, GPtrArray *array, const GError *error)
{
  ((struct answered *)user)->array = array;
  keep_error(user, error);
}

GPtrArray *sync_claim_received(struct store *store, guint limit)
{
  struct answered answered = {0};
  store_claim_received(store, limit, on_array, &answered);
  must(store, &answered);
  return answered.array;
}

GPtrArray *sync_claim_hop(struct store *store, const char *hop, gint64 now_us, guint limit)
{
  struct answered answered = {0};
  store_claim_hop(store, hop, now_us, limit, on_array, &answered);
  must(store, &answered);
  return answered.array;
}

GPtrArray *sync_claim_expired(struct store *store, gint64 now_us, guint limit)
{
  struct answered answered = {0};
  store_claim_expired(store, now_us, limit, on_array, &answered);
  must(store, &answered);
  return answered.array;
}

GPtrArray *sync_hops(struct store *store)
{
  struct answered answered = {0};
  store_hops(store, on_array, &answered);
  must(store, &answered);
  return answered.array;
}

GPtrArray *sync_transfers(struct store *store)
{
  struct answered answered = {0};
  store_transfers(store, on_array, &answered);
  must(store, &answered);
  return answered.array;
}

static void on_value(void *user, GBytes *value, const GError *error)
{
  ((struct answered *)user)->value = value ? g_bytes_ref(value) : NULL;
  keep_error(user, error);
}

GBytes *sync_value(struct store *store, const char *name)
{
  struct answered answered = {0};
  store_value(store, name, on_value, &answered);
  must(store, &answered);
  return answered.value;
}

static void on_ids(void *user, const guint64 *ids, gsize count, const GError *error)
{
  struct answered *answered = user;
  answered->ids = g_array_new(FALSE, FALSE, sizeof(guint64));
  if (count)
    g_array_append_vals(answered->ids, ids, (guint)count);
  keep_error(answered, error);
}

GArray *sync_find(struct store *store, const char *kind, const char *value, guint limit)
{
  struct answered answered = {0};
  store_find(store, kind, value, limit, on_ids, &answered);
  must(store, &answered);
  return answered.ids;
}

GPtrArray *sync_list(struct store *store, const struct store_list *filter)
{
  struct answered answered = {0};
  store_list(store, filter, on_array, &answered);
  must(store, &answered);
  return answered.array;
}

GPtrArray *sync_audit(struct store *store, const struct store_audit_query *query)
{
  struct answered answered = {0};
  store_audit(store, query, on_array, &answered);
  must(store, &answered);
  return answered.array;
}

static void on_verified(void *user, guint64 records, const GError *error)
{
  ((struct answered *)user)->records = records;
  keep_error(user, error);
}

guint64 sync_verify(struct store *store, GError **error)
{
  struct answered answered = {0};
  store_audit_verify(store, on_verified, &answered);
  sync_until(store, &answered.done);
  if (answered.error)
    g_propagate_error(error, answered.error);
  return answered.records;
}

static void on_counted(void *user, const struct store_counts *counts, const GError *error)
{
  ((struct answered *)user)->counts = *counts;
  keep_error(user, error);
}

struct store_counts sync_count(struct store *store)
{
  struct answered answered = {0};
  store_count(store, on_counted, &answered);
  must(store, &answered);
  return answered.counts;
}

char *sync_folder_new(void)
{
  g_mkdir_with_parents("build/test/tmp", 0700);
  char *folder = g_strdup("build/test/tmp/store-XXXXXX");
  ck_assert_msg(g_mkdtemp_full(folder, 0700) != NULL, "no folder for the test");
  return folder;
}

void sync_folder_free(char *folder)
{
  g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
  g_free(folder);
}
