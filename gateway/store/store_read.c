/* store_read.c - reads: a request with its arguments goes to the reader thread and comes back as its own
 * answer. */
#include "store/internal.h"

#define VERIFY_RECORDS 2000

/* What all requests have; each kind begins with it. */
struct read {
  struct request request; /* first */
  struct store *store;
  void *user;
  GError *error;
};

static void start(struct store *store, struct read *read, bool urgent, bool (*step)(struct request *request),
                  void (*deliver)(struct answer *answer), void *user)
{
  read->store = store;
  read->user = user;
  read->request.step = step;
  read->request.urgent = urgent;
  read->request.answer.deliver = deliver;
  reader_push(store->reader, &read->request);
}

static void finish(struct read *read)
{
  g_clear_error(&read->error);
  g_free(read);
}

#define READ(type_, pointer_) ((struct type_ *)(void *)(pointer_))
#define CALL(read_, function_, ...)                                                                          \
  (read_)->read.store->backend->class->function_((read_)->read.store->backend, __VA_ARGS__)

/* --- one message
 * ---------------------------------------------------------------------------------------------------- */

struct get {
  struct read read;
  guint64 id;
  bool with_body;
  store_got_message callback;
  struct store_message *message;
};

static bool get_step(struct request *request)
{
  struct get *get = READ(get, request);
  get->message = CALL(get, get, get->id, get->with_body, &get->read.error);
  return false;
}

static void get_deliver(struct answer *answer)
{
  struct get *get = READ(get, answer);
  get->callback(get->read.user, get->message, get->read.error);
  finish(&get->read);
}

void store_get(struct store *store, guint64 id, bool with_body, store_got_message callback, void *user)
{
  struct get *get = g_new0(struct get, 1);
  get->id = id;
  get->with_body = with_body;
  get->callback = callback;
  start(store, &get->read, true, get_step, get_deliver, user);
}

/* --- claims
 * -----------------------------------------------------------------------------------------------------------
 */

struct claiming {
  struct read read;
  struct store_claim claim;
  char *hop;
  store_got_messages callback;
  GPtrArray *messages;
};

static bool claim_step(struct request *request)
{
  struct claiming *claiming = READ(claiming, request);
  claiming->messages = CALL(claiming, claim, &claiming->claim, &claiming->read.error);
  return false;
}

static void claim_deliver(struct answer *answer)
{
  struct claiming *claiming = READ(claiming, answer);
  claiming->callback(claiming->read.user, claiming->messages, claiming->read.error);
  g_free(claiming->hop);
  finish(&claiming->read);
}

static void claim(struct store *store, enum store_claim_kind kind, const char *hop, gint64 now_us,
                  guint limit, store_got_messages callback, void *user)
{
  struct claiming *claiming = g_new0(struct claiming, 1);
  claiming->hop = g_strdup(hop);
  claiming->claim =
      (struct store_claim){.kind = kind, .hop = claiming->hop, .now_us = now_us, .limit = limit};
  claiming->callback = callback;
  start(store, &claiming->read, true, claim_step, claim_deliver, user);
}

void store_claim_received(struct store *store, guint limit, store_got_messages callback, void *user)
{
  claim(store, STORE_CLAIM_RECEIVED, NULL, 0, limit, callback, user);
}

void store_claim_hop(struct store *store, const char *hop, gint64 now_us, guint limit,
                     store_got_messages callback, void *user)
{
  claim(store, STORE_CLAIM_HOP, hop, now_us, limit, callback, user);
}

void store_claim_expired(struct store *store, gint64 now_us, guint limit, store_got_messages callback,
                         void *user)
{
  claim(store, STORE_CLAIM_EXPIRED, NULL, now_us, limit, callback, user);
}

/* --- hops, values, identifiers, counts
 * -------------------------------------------------------------------------------- */

struct hops {
  struct read read;
  store_got_hops callback;
  GPtrArray *hops;
};

static bool hops_step(struct request *request)
{
  struct hops *hops = READ(hops, request);
  const struct store_backend *backend = hops->read.store->backend;
  hops->hops = backend->class->hops(hops->read.store->backend, &hops->read.error);
  return false;
}

static void hops_deliver(struct answer *answer)
{
  struct hops *hops = READ(hops, answer);
  hops->callback(hops->read.user, hops->hops, hops->read.error);
  finish(&hops->read);
}

void store_hops(struct store *store, store_got_hops callback, void *user)
{
  struct hops *hops = g_new0(struct hops, 1);
  hops->callback = callback;
  start(store, &hops->read, true, hops_step, hops_deliver, user);
}

struct transfers {
  struct read read;
  store_got_transfers callback;
  GPtrArray *transfers;
};

static bool transfers_step(struct request *request)
{
  struct transfers *transfers = READ(transfers, request);
  struct store_backend *backend = transfers->read.store->backend;
  transfers->transfers = backend->class->transfers(backend, &transfers->read.error);
  return false;
}

static void transfers_deliver(struct answer *answer)
{
  struct transfers *transfers = READ(transfers, answer);
  transfers->callback(transfers->read.user, transfers->transfers, transfers->read.error);
  finish(&transfers->read);
}

void store_transfers(struct store *store, store_got_transfers callback, void *user)
{
  struct transfers *transfers = g_new0(struct transfers, 1);
  transfers->callback = callback;
  start(store, &transfers->read, true, transfers_step, transfers_deliver, user);
}

struct value {
  struct read read;
  char *name;
  store_got_value callback;
  GBytes *value;
};

static bool value_step(struct request *request)
{
  struct value *value = READ(value, request);
  value->value = CALL(value, value, value->name, &value->read.error);
  return false;
}

static void value_deliver(struct answer *answer)
{
  struct value *value = READ(value, answer);
  value->callback(value->read.user, value->value, value->read.error);
  g_bytes_unref(value->value);
  g_free(value->name);
  finish(&value->read);
}

void store_value(struct store *store, const char *name, store_got_value callback, void *user)
{
  struct value *value = g_new0(struct value, 1);
  value->name = g_strdup(name);
  value->callback = callback;
  start(store, &value->read, true, value_step, value_deliver, user);
}

struct find {
  struct read read;
  char *kind, *value;
  guint64 before;
  guint limit;
  store_got_ids callback;
  GArray *ids;
};

static gint newest_first(gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return x > y ? -1 : x < y;
}

/* The order of the identifiers is nearly that of their messages, and one message may have a value twice. */
static void find_sort(struct find *find)
{
  g_array_sort(find->ids, newest_first);
  guint kept = 0;
  for (guint i = 0; i < find->ids->len; i++) {
    guint64 id = g_array_index(find->ids, guint64, i);
    if (kept == 0 || g_array_index(find->ids, guint64, kept - 1) != id)
      g_array_index(find->ids, guint64, kept++) = id;
  }
  g_array_set_size(find->ids, MIN(kept, find->limit));
}

static bool find_step(struct request *request)
{
  struct find *find = READ(find, request);
  const struct store_find query = {.kind = find->kind, .value = find->value, .before = find->before};
  if (CALL(find, find, &query, find->ids, &find->before, &find->read.error) && find->before &&
      find->ids->len < find->limit)
    return true;
  find_sort(find);
  return false;
}

static void find_deliver(struct answer *answer)
{
  struct find *find = READ(find, answer);
  find->callback(find->read.user, (const guint64 *)(void *)find->ids->data, find->ids->len, find->read.error);
  g_array_unref(find->ids);
  g_free(find->kind);
  g_free(find->value);
  finish(&find->read);
}

void store_find(struct store *store, const char *kind, const char *value, guint limit, store_got_ids callback,
                void *user)
{
  struct find *find = g_new0(struct find, 1);
  find->kind = g_strdup(kind);
  find->value = g_strdup(value);
  find->limit = limit;
  find->ids = g_array_new(FALSE, FALSE, sizeof(guint64));
  find->callback = callback;
  start(store, &find->read, true, find_step, find_deliver, user);
}

struct count {
  struct read read;
  guint64 after;
  struct store_counts counts;
  store_counted callback;
};

static bool count_step(struct request *request)
{
  struct count *count = READ(count, request);
  return CALL(count, count, count->after, &count->counts, &count->after, &count->read.error) && count->after;
}

static void count_deliver(struct answer *answer)
{
  struct count *count = READ(count, answer);
  count->callback(count->read.user, &count->counts, count->read.error);
  finish(&count->read);
}

void store_count(struct store *store, store_counted callback, void *user)
{
  struct count *count = g_new0(struct count, 1);
  count->callback = callback;
  start(store, &count->read, false, count_step, count_deliver, user);
}

/* --- lists
 * -------------------------------------------------------------------------------------------------------------
 */

struct list {
  struct read read;
  struct store_list filter;
  char *hop, *address, *origin;
  store_got_messages callback;
  GPtrArray *messages;
};

static bool list_step(struct request *request)
{
  struct list *list = READ(list, request);
  guint64 next = 0;
  if (!CALL(list, list, &list->filter, list->messages, &next, &list->read.error)) {
    g_clear_pointer(&list->messages, g_ptr_array_unref);
    return false;
  }
  list->filter.after = next;
  return next && list->messages->len < list->filter.limit;
}

static void list_deliver(struct answer *answer)
{
  struct list *list = READ(list, answer);
  list->callback(list->read.user, list->messages, list->read.error);
  g_free(list->hop);
  g_free(list->address);
  g_free(list->origin);
  finish(&list->read);
}

void store_list(struct store *store, const struct store_list *filter, store_got_messages callback, void *user)
{
  struct list *list = g_new0(struct list, 1);
  list->filter = *filter;
  list->filter.hop = list->hop = g_strdup(filter->hop);
  list->filter.address = list->address = g_strdup(filter->address);
  list->filter.origin = list->origin = g_strdup(filter->origin);
  list->messages = g_ptr_array_new_with_free_func((GDestroyNotify)store_message_free);
  list->callback = callback;
  start(store, &list->read, false, list_step, list_deliver, user);
}

/* --- the audit log
 * ------------------------------------------------------------------------------------------------------ */

struct audit {
  struct read read;
  struct store_audit_query query;
  char *event, *text;
  store_got_audit callback;
  GPtrArray *records;
};

static bool audit_step(struct request *request)
{
  struct audit *audit = READ(audit, request);
  guint64 next = 0;
  if (!CALL(audit, audit, &audit->query, audit->records, &next, &audit->read.error)) {
    g_clear_pointer(&audit->records, g_ptr_array_unref);
    return false;
  }
  audit->query.after = next;
  return next && audit->records->len < audit->query.limit;
}

static void audit_deliver(struct answer *answer)
{
  struct audit *audit = READ(audit, answer);
  audit->callback(audit->read.user, audit->records, audit->read.error);
  g_free(audit->event);
  g_free(audit->text);
  finish(&audit->read);
}

void store_audit(struct store *store, const struct store_audit_query *query, store_got_audit callback,
                 void *user)
{
  struct audit *audit = g_new0(struct audit, 1);
  audit->query = *query;
  audit->query.event = audit->event = g_strdup(query->event);
  audit->query.text = audit->text = g_strdup(query->text);
  audit->records = g_ptr_array_new_with_free_func((GDestroyNotify)store_audit_record_free);
  audit->callback = callback;
  start(store, &audit->read, false, audit_step, audit_deliver, user);
}

struct verify {
  struct read read;
  struct audit_hasher *hasher;
  struct audit_link link, goal; /* verified so far; the head as it was at the start */
  bool begun;
  guint64 records;
  store_verified callback;
};

static bool misfit(struct verify *verify, guint64 sequence, const char *what)
{
  g_set_error(&verify->read.error, STORE_ERROR, STORE_ERROR_CONFLICT, "audit record %" G_GUINT64_FORMAT " %s",
              sequence, what);
  return false;
}

static bool verify_entries(struct verify *verify, const GPtrArray *entries)
{
  for (guint i = 0; i < entries->len && verify->link.sequence < verify->goal.sequence; i++) {
    const struct store_audit_entry *entry = g_ptr_array_index(entries, i);
    if (entry->record.sequence != verify->link.sequence + 1)
      return misfit(verify, verify->link.sequence + 1, "is missing");
    if (!audit_hash(verify->hasher, &verify->link, &entry->record, &verify->link, &verify->read.error))
      return false;
    if (memcmp(verify->link.hash, entry->hash, AUDIT_HASH))
      return misfit(verify, entry->record.sequence, "was changed, or one before it");
    verify->records++;
  }
  if (verify->link.sequence < verify->goal.sequence)
    return entries->len || misfit(verify, verify->link.sequence + 1, "is missing");
  if (memcmp(verify->link.hash, verify->goal.hash, AUDIT_HASH))
    misfit(verify, verify->goal.sequence, "is not the one that the log ends with");
  return false;
}

static bool verify_step(struct request *request)
{
  struct verify *verify = READ(verify, request);
  struct audit_chain before, after;
  if (!CALL(verify, chain, &before, &verify->read.error))
    return false;
  if (!verify->begun)
    verify->goal = before.head;
  verify->begun = true;
  /* Pruning goes on meanwhile: what has left needs no proof any more. */
  if (before.anchor.sequence >= verify->link.sequence)
    verify->link = before.anchor;
  if (verify->link.sequence > verify->goal.sequence)
    return false;
  g_autoptr(GPtrArray) entries =
      CALL(verify, entries, verify->link.sequence, VERIFY_RECORDS, &verify->read.error);
  if (!entries || !CALL(verify, chain, &after, &verify->read.error))
    return false;
  return before.anchor.sequence != after.anchor.sequence || verify_entries(verify, entries);
}

static void verify_deliver(struct answer *answer)
{
  struct verify *verify = READ(verify, answer);
  verify->callback(verify->read.user, verify->records, verify->read.error);
  audit_hasher_free(verify->hasher);
  finish(&verify->read);
}

void store_audit_verify(struct store *store, store_verified callback, void *user)
{
  struct verify *verify = g_new0(struct verify, 1);
  verify->callback = callback;
  verify->hasher = audit_hasher_new(&verify->read.error);
  start(store, &verify->read, false, verify_step, verify_deliver, user);
}
