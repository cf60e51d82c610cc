/* sqlite_read.c - reads and claims, on the reader thread. Every statement is short: scans go by slices of
 * SLICE rows. */
#include "store/sqlite.h"

#include <string.h>

#define SLICE 2000
#define AUDIT_SLICE 20000

#define MESSAGE_COLUMNS                                                                                      \
  "id, parent, state, held, received, expires, origin, priority, generation, attempts, size, spool, "        \
  "reason, envelope, note"
#define RECIPIENT_COLUMNS "ordinal, state, due, attempts, hop, address, mapped, code, reason, detail"

static struct store_message *row_message(const struct query *query)
{
  struct store_message *message = store_message_new();
  message->id = (guint64)row_int(query, 0);
  message->parent = (guint64)row_int(query, 1);
  message->state = (enum store_state)row_int(query, 2);
  message->held = row_int(query, 3);
  message->received_us = row_int(query, 4);
  message->expires_us = row_int(query, 5);
  message->origin = row_text(query, 6);
  message->priority = (enum store_priority)row_int(query, 7);
  message->generation = (guint)row_int(query, 8);
  message->attempts = (guint)row_int(query, 9);
  message->size = (guint64)row_int(query, 10);
  message->spool = row_text(query, 11);
  message->reason = row_text(query, 12);
  message->envelope = row_octets(query, 13);
  message->note = row_octets(query, 14);
  return message;
}

static struct store_recipient *row_recipient(const struct query *query)
{
  struct store_recipient *recipient = store_recipient_new((guint)row_int(query, 0));
  recipient->state = (enum store_state)row_int(query, 1);
  recipient->due_us = row_int(query, 2);
  recipient->attempts = (guint)row_int(query, 3);
  recipient->hop = row_text(query, 4);
  recipient->address = row_text(query, 5);
  recipient->mapped = row_text(query, 6);
  recipient->code = row_text(query, 7);
  recipient->reason = row_text(query, 8);
  recipient->detail = row_octets(query, 9);
  return recipient;
}

static bool load_body(struct sqlite_store *store, struct store_message *message, GError **error)
{
  if (message->state == STORE_DONE || message->spool)
    return true;
  struct query query = query_begin(&store->reader, "SELECT octets FROM body WHERE message = ?");
  query_int(&query, (gint64)message->id);
  if (query_row(&query))
    message->body = row_octets(&query, 0);
  return query_end(&query, error);
}

static bool load_recipients(struct sqlite_store *store, struct store_message *message, GError **error)
{
  struct query query = query_begin(&store->reader, "SELECT " RECIPIENT_COLUMNS
                                                   " FROM recipient WHERE message = ? ORDER BY ordinal");
  query_int(&query, (gint64)message->id);
  while (query_row(&query))
    g_ptr_array_add(message->recipients, row_recipient(&query));
  return query_end(&query, error);
}

static bool load_answers(struct sqlite_store *store, struct store_message *message, GError **error)
{
  struct query query =
      query_begin(&store->reader, "SELECT key, octets FROM answer WHERE message = ? ORDER BY key");
  query_int(&query, (gint64)message->id);
  while (query_row(&query)) {
    struct store_answer *answer = g_new0(struct store_answer, 1);
    *answer = (struct store_answer){.key = row_text(&query, 0), .octets = row_octets(&query, 1)};
    g_ptr_array_add(message->answers, answer);
  }
  return query_end(&query, error);
}

/* NULL without error: it is not there. */
static struct store_message *load_message(struct sqlite_store *store, guint64 id, bool with_body,
                                          GError **error)
{
  struct query query = query_begin(&store->reader, "SELECT " MESSAGE_COLUMNS " FROM message WHERE id = ?");
  query_int(&query, (gint64)id);
  struct store_message *message = query_row(&query) ? row_message(&query) : NULL;
  bool ok = query_end(&query, error) && (!message || !with_body || (load_body(store, message, error) && load_answers(store, message, error)));
  if (!ok)
    g_clear_pointer(&message, store_message_free);
  return message;
}

struct store_message *sqlite_get(struct store_backend *backend, guint64 id, bool with_body, GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  struct store_message *message = load_message(store, id, with_body, error);
  if (message && !load_recipients(store, message, error))
    g_clear_pointer(&message, store_message_free);
  return message;
}

/* --- claims
 * -------------------------------------------------------------------------------------------------------- */

static bool claim_received(struct sqlite_store *store, guint limit, GPtrArray *messages, GError **error)
{
  bool ok = true;
  for (gint priority = STORE_URGENT; ok && priority >= STORE_NON_URGENT && messages->len < limit;
       priority--) {
    struct query query = query_begin(
        &store->reader, "SELECT id FROM message WHERE state = 0 AND held = 0 AND priority = ? ORDER BY id");
    query_int(&query, priority);
    while (ok && messages->len < limit && query_row(&query)) {
      guint64 id = (guint64)row_int(&query, 0);
      if (!claims_take(store->claims, id, CLAIM_MESSAGE))
        continue;
      struct store_message *message = load_message(store, id, true, error);
      ok = message;
      if (ok)
        g_ptr_array_add(messages, message);
      else
        claims_release(store->claims, id, CLAIM_ALL);
    }
    ok = query_end(&query, ok ? error : NULL) && ok;
  }
  return ok;
}

/* The message with those of its recipients that statement (bound but for the message) still finds unclaimed.
 */
static bool claim_recipients(struct sqlite_store *store, guint64 id, const char *hop, gint64 now_us,
                             GPtrArray *messages, GError **error)
{
  struct query query = query_begin(
      &store->reader, "SELECT " RECIPIENT_COLUMNS " FROM recipient WHERE message = ?1 AND state = 1"
                      " AND held = 0 AND (?2 IS NULL OR (hop = ?2 AND due <= ?3)) ORDER BY ordinal");
  query_int(&query, (gint64)id);
  query_text(&query, hop);
  query_int(&query, now_us);
  g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func((GDestroyNotify)store_recipient_free);
  while (query_row(&query))
    if (claims_take(store->claims, id, (gint)row_int(&query, 0)))
      g_ptr_array_add(taken, row_recipient(&query));
  bool ok = query_end(&query, error);
  if (ok && taken->len == 0)
    return true;

  struct store_message *message = ok ? load_message(store, id, true, error) : NULL;
  if (!message) {
    for (guint i = 0; i < taken->len; i++)
      claims_release(store->claims, id,
                     (gint)((struct store_recipient *)g_ptr_array_index(taken, i))->ordinal);
    return false;
  }
  g_ptr_array_extend_and_steal(message->recipients, g_steal_pointer(&taken));
  g_ptr_array_add(messages, message);
  return true;
}

static bool claim_hop(struct sqlite_store *store, const struct store_claim *claim, GPtrArray *messages,
                      GError **error)
{
  bool ok = true;
  for (gint priority = STORE_URGENT; ok && priority >= STORE_NON_URGENT && messages->len < claim->limit;
       priority--) {
    struct query query =
        query_begin(&store->reader, "SELECT message, ordinal FROM recipient WHERE state = 1 AND held = 0"
                                    " AND hop = ? AND priority = ? AND due <= ? ORDER BY due");
    query_text(&query, claim->hop);
    query_int(&query, priority);
    query_int(&query, claim->now_us);
    while (ok && messages->len < claim->limit && query_row(&query)) {
      guint64 id = (guint64)row_int(&query, 0);
      if (!claims_has(store->claims, id, (gint)row_int(&query, 1)))
        ok = claim_recipients(store, id, claim->hop, claim->now_us, messages, error);
    }
    ok = query_end(&query, ok ? error : NULL) && ok;
  }
  return ok;
}

static bool claim_expired(struct sqlite_store *store, const struct store_claim *claim, GPtrArray *messages,
                          GError **error)
{
  bool ok = true;
  struct query query = query_begin(&store->reader, "SELECT id FROM message WHERE state = 1 AND held = 0"
                                                   " AND expires > 0 AND expires <= ? ORDER BY expires");
  query_int(&query, claim->now_us);
  while (ok && messages->len < claim->limit && query_row(&query))
    ok = claim_recipients(store, (guint64)row_int(&query, 0), NULL, 0, messages, error);
  return query_end(&query, ok ? error : NULL) && ok;
}

GPtrArray *sqlite_claim(struct store_backend *backend, const struct store_claim *claim, GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func((GDestroyNotify)store_message_free);
  claims_pick_begin(store->claims);
  /* One snapshot for the whole pick: what claims_pick_begin() protects is what this snapshot shows. */
  bool ok = connection_run(&store->reader, "BEGIN", error);
  switch (ok ? claim->kind : (enum store_claim_kind) - 1) {
  case STORE_CLAIM_RECEIVED:
    ok = claim_received(store, claim->limit, messages, error);
    break;
  case STORE_CLAIM_HOP:
    ok = claim_hop(store, claim, messages, error);
    break;
  case STORE_CLAIM_EXPIRED:
    ok = claim_expired(store, claim, messages, error);
    break;
  default:
    break;
  }
  if (!sqlite3_get_autocommit(store->reader.db))
    connection_run(&store->reader, "COMMIT", NULL);
  claims_pick_end(store->claims);
  for (guint i = 0; !ok && i < messages->len; i++) {
    const struct store_message *message = g_ptr_array_index(messages, i);
    if (message->recipients->len == 0)
      claims_release(store->claims, message->id, CLAIM_MESSAGE);
    for (guint j = 0; j < message->recipients->len; j++)
      claims_release(store->claims, message->id,
                     (gint)((struct store_recipient *)g_ptr_array_index(message->recipients, j))->ordinal);
  }
  return ok ? g_steal_pointer(&messages) : NULL;
}

GPtrArray *sqlite_hops(struct store_backend *backend, GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  g_autoptr(GPtrArray) hops = g_ptr_array_new_with_free_func((GDestroyNotify)store_hop_free);
  struct store_hop *hop = NULL;
  struct query query = query_begin(&store->reader, "SELECT hop, due, message, ordinal FROM recipient"
                                                   " WHERE state = 1 AND held = 0 ORDER BY hop");
  while (query_row(&query)) {
    if (claims_has(store->claims, (guint64)row_int(&query, 2), (gint)row_int(&query, 3)))
      continue;
    const char *name = (const char *)sqlite3_column_text(query.statement, 0);
    gint64 due = row_int(&query, 1);
    if (!hop || g_strcmp0(hop->hop, name)) {
      hop = g_new0(struct store_hop, 1);
      hop->hop = g_strdup(name);
      hop->due_us = due;
      g_ptr_array_add(hops, hop);
    }
    hop->waiting++;
    hop->due_us = MIN(hop->due_us, due);
  }
  return query_end(&query, error) ? g_steal_pointer(&hops) : NULL;
}

/* --- look-ups
 * ------------------------------------------------------------------------------------------------------ */

GBytes *sqlite_value(struct store_backend *backend, const char *name, GError **error)
{
  struct query query = query_begin(&SQLITE_STORE(backend)->reader, "SELECT octets FROM value WHERE name = ?");
  query_text(&query, name);
  g_autoptr(GBytes) value = query_row(&query) ? row_octets(&query, 0) : NULL;
  return query_end(&query, error) ? g_steal_pointer(&value) : NULL;
}

gint64 sqlite_identifier_hash(const char *value)
{
  guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325);
  for (const guchar *c = (const guchar *)value; *c; c++)
    hash = (hash ^ *c) * G_GUINT64_CONSTANT(0x100000001b3);
  return (gint64)hash;
}

static bool identifier_end(struct sqlite_store *store, const char *sql, guint64 *number_r, GError **error)
{
  struct query query = query_begin(&store->reader, sql);
  *number_r = query_row(&query) ? (guint64)row_int(&query, 0) : 0;
  return query_end(&query, error);
}

static bool probe(struct sqlite_store *store, const struct store_find *find, guint64 block, GArray *ids,
                  GError **error)
{
  struct query query =
      query_begin(&store->reader, "SELECT message FROM identifier WHERE number >> 12 = ?1 AND hash = ?2"
                                  " AND value = ?3 AND (?4 IS NULL OR kind = ?4) ORDER BY number DESC");
  query_int(&query, (gint64)block);
  query_int(&query, sqlite_identifier_hash(find->value));
  query_text(&query, find->value);
  query_text(&query, find->kind);
  while (query_row(&query)) {
    guint64 id = (guint64)row_int(&query, 0);
    g_array_append_val(ids, id);
  }
  return query_end(&query, error);
}

/* next is the block still to do, plus one: 0 is the end. */
bool sqlite_find(struct store_backend *backend, const struct store_find *find, GArray *ids, guint64 *next_r,
                 GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  guint64 oldest, newest;
  *next_r = 0;
  if (!identifier_end(store, "SELECT min(number) FROM identifier", &oldest, error) ||
      !identifier_end(store, "SELECT max(number) FROM identifier", &newest, error))
    return false;
  if (newest == 0)
    return true;
  oldest >>= 12;
  guint64 block = find->before ? find->before - 1 : newest >> 12;
  for (guint probes = 0; probes < SLICE && block + 1 > oldest; probes++, block--) {
    if (!probe(store, find, block, ids, error))
      return false;
    if (block == oldest)
      return true;
  }
  *next_r = block + 1 > oldest ? block + 1 : 0;
  return true;
}

/* --- scans by slices
 * ----------------------------------------------------------------------------------------------- */

bool sqlite_list(struct store_backend *backend, const struct store_list *filter, GPtrArray *messages,
                 guint64 *next_r, GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  /* What is done stands in no index: a list of it walks the table. */
  bool done = !filter->any_state && filter->state == STORE_DONE;
  struct query query = query_begin(
      &store->reader,
      done ? "SELECT " MESSAGE_COLUMNS ", state = 6 AND (?3 IS NULL OR origin = ?3)"
             " AND (?4 IS NULL OR EXISTS (SELECT 1 FROM recipient WHERE message = id AND hop = ?4))"
             " AND (?5 IS NULL OR EXISTS (SELECT 1 FROM recipient WHERE message = id AND (address = ?5 OR "
             "mapped = ?5)))"
             " AND ?6 IS NOT NULL AND ?7 IS NOT NULL"
             " FROM message WHERE id > ?1 ORDER BY id LIMIT ?2"
           : "SELECT " MESSAGE_COLUMNS ", (?3 IS NULL OR origin = ?3)"
             " AND (?4 IS NULL OR EXISTS (SELECT 1 FROM recipient WHERE message = id AND hop = ?4))"
             " AND (?5 IS NULL OR EXISTS (SELECT 1 FROM recipient WHERE message = id AND (address = ?5 OR "
             "mapped = ?5)))"
             " AND (?6 OR state = ?7) AND (NOT ?8 OR held)"
             " FROM message WHERE state < 6 AND id > ?1 ORDER BY id LIMIT ?2");
  query_int(&query, (gint64)filter->after);
  query_int(&query, SLICE);
  query_text(&query, filter->origin);
  query_text(&query, filter->hop);
  query_text(&query, filter->address);
  query_int(&query, filter->any_state);
  query_int(&query, filter->state);
  if (!done)
    query_int(&query, filter->held_only);

  bool ok = true;
  guint rows = 0;
  guint64 last = 0;
  while (ok && messages->len < filter->limit && query_row(&query)) {
    rows++;
    last = (guint64)row_int(&query, 0);
    if (!row_int(&query, 15))
      continue;
    struct store_message *message = row_message(&query);
    g_ptr_array_add(messages, message);
    ok = load_recipients(store, message, error);
  }
  *next_r = rows == SLICE || messages->len >= filter->limit ? last : 0;
  return query_end(&query, ok ? error : NULL) && ok;
}

static struct store_audit_record row_record(const struct query *query)
{
  return (struct store_audit_record){.sequence = (guint64)row_int(query, 0),
                                     .time_us = row_int(query, 1),
                                     .message = (guint64)row_int(query, 2),
                                     .recipient = (gint)row_int(query, 3),
                                     .event = row_text(query, 4),
                                     .detail = row_text(query, 5)};
}

#define RECORD_COLUMNS "sequence, time, message, recipient, event, detail"
#define RECORD_MATCHES                                                                                       \
  "(?3 IS NULL OR event = ?3) AND (?4 IS NULL OR instr(lower(detail), ?4)) AND time >= ?5 AND (?6 = 0 OR "   \
  "time < ?6)"

bool sqlite_audit(struct store_backend *backend, const struct store_audit_query *filter, GPtrArray *records,
                  guint64 *next_r, GError **error)
{
  struct sqlite_store *store = SQLITE_STORE(backend);
  g_autofree char *text = filter->text ? g_ascii_strdown(filter->text, -1) : NULL;
  struct query query = query_begin(
      &store->reader, filter->message
                          ? "SELECT " RECORD_COLUMNS ", " RECORD_MATCHES
                            " FROM audit WHERE message = ?7 AND sequence > ?1 ORDER BY sequence LIMIT ?2"
                          : "SELECT " RECORD_COLUMNS ", " RECORD_MATCHES
                            " FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT ?2");
  query_int(&query, (gint64)filter->after);
  query_int(&query, AUDIT_SLICE);
  query_text(&query, filter->event);
  query_text(&query, text);
  query_int(&query, filter->from_us);
  query_int(&query, filter->to_us);
  if (filter->message)
    query_int(&query, (gint64)filter->message);
  guint rows = 0;
  guint64 last = 0;
  while (records->len < filter->limit && query_row(&query)) {
    rows++;
    last = (guint64)row_int(&query, 0);
    if (!row_int(&query, 6))
      continue;
    struct store_audit_record record = row_record(&query);
    g_ptr_array_add(records, g_memdup2(&record, sizeof record));
  }
  *next_r = rows == AUDIT_SLICE || records->len >= filter->limit ? last : 0;
  return query_end(&query, error);
}

bool sqlite_count(struct store_backend *backend, guint64 after, struct store_counts *counts, guint64 *next_r,
                  GError **error)
{
  struct query query =
      query_begin(&SQLITE_STORE(backend)->reader,
                  "SELECT id, state, held, size FROM message WHERE state < 6 AND id > ? ORDER BY id LIMIT ?");
  query_int(&query, (gint64)after);
  query_int(&query, AUDIT_SLICE);
  guint rows = 0;
  guint64 last = 0;
  while (query_row(&query)) {
    rows++;
    last = (guint64)row_int(&query, 0);
    enum store_state state = (enum store_state)row_int(&query, 1);
    counts->received += state == STORE_RECEIVED;
    counts->routed += state == STORE_ROUTED;
    counts->parked += state == STORE_PARKED;
    counts->held += row_int(&query, 2) != 0;
    counts->bytes += (guint64)row_int(&query, 3);
  }
  *next_r = rows == AUDIT_SLICE ? last : 0;
  return query_end(&query, error);
}

/* --- the audit chain
 * ----------------------------------------------------------------------------------------------- */

static void row_link(const struct query *query, int column, struct audit_link *link_r)
{
  link_r->sequence = (guint64)row_int(query, column);
  row_memory(query, column + 1, link_r->hash, AUDIT_HASH);
}

bool sqlite_chain_read(struct connection *connection, struct audit_chain *chain_r, GError **error)
{
  struct query query = query_begin(
      connection,
      "SELECT anchor_sequence, anchor_hash, head_sequence, head_hash FROM audit_chain WHERE one = 1");
  bool found = query_row(&query);
  if (found) {
    row_link(&query, 0, &chain_r->anchor);
    row_link(&query, 2, &chain_r->head);
  }
  if (!query_end(&query, error))
    return false;
  if (!found)
    g_set_error(error, STORE_ERROR, STORE_ERROR_SCHEMA, "the audit log's anchor is missing");
  return found;
}

bool sqlite_chain(struct store_backend *backend, struct audit_chain *chain_r, GError **error)
{
  return sqlite_chain_read(&SQLITE_STORE(backend)->reader, chain_r, error);
}

static void entry_free(void *value)
{
  struct store_audit_entry *entry = value;
  g_free(entry->record.event);
  g_free(entry->record.detail);
  g_free(entry);
}

GPtrArray *sqlite_entries(struct store_backend *backend, guint64 after, guint limit, GError **error)
{
  g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
  struct query query =
      query_begin(&SQLITE_STORE(backend)->reader,
                  "SELECT " RECORD_COLUMNS ", hash FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?");
  query_int(&query, (gint64)after);
  query_int(&query, limit);
  while (query_row(&query)) {
    struct store_audit_entry *entry = g_new0(struct store_audit_entry, 1);
    entry->record = row_record(&query);
    row_memory(&query, 6, entry->hash, AUDIT_HASH);
    g_ptr_array_add(entries, entry);
  }
  return query_end(&query, error) ? g_steal_pointer(&entries) : NULL;
}

GPtrArray *sqlite_transfers(struct store_backend *backend, GError **error)
{
  g_autoptr(GPtrArray) transfers = g_ptr_array_new_with_free_func((GDestroyNotify)store_transfer_free);
  struct query query =
      query_begin(&SQLITE_STORE(backend)->reader, "SELECT name, spool, octets FROM transfer ORDER BY name");
  while (query_row(&query)) {
    struct store_transfer *transfer = g_new0(struct store_transfer, 1);
    *transfer = (struct store_transfer){
        .name = row_text(&query, 0), .spool = row_text(&query, 1), .octets = row_octets(&query, 2)};
    g_ptr_array_add(transfers, transfer);
  }
  return query_end(&query, error) ? g_steal_pointer(&transfers) : NULL;
}

GHashTable *sqlite_spool_names(struct store_backend *backend, GError **error)
{
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  struct query query = query_begin(&SQLITE_STORE(backend)->writer,
                                   SQLITE_SPOOL_NAMES);
  while (query_row(&query))
    g_hash_table_add(names, row_text(&query, 0));
  return query_end(&query, error) ? g_steal_pointer(&names) : NULL;
}
