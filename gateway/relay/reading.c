#include "relay/reading.h"

#include "relay/answers.h"
#include "relay/audit.h"
#include "relay/body.h"
#include "relay/correlation.h"
#include "relay/envelope.h"
#include "relay/hop.h"

#include <string.h>

#define CLAIM_MAX 64u
#define REMEMBERED_MAX 10000u

struct reading {
  bool claiming, more;
  GHashTable *open; /* id -> reader: being read */
  GHashTable *
      keys; /* digest in hexadecimal -> id of an unproven message with it, as far as this process remembers */
  GHashTable *key_of; /* id -> its digest in keys */
  GHashTable *proven; /* ids proven in this process: their mark in the store may still stand */
  GArray *marks;      /* ids whose mark goes with the next transaction */
};

struct reader {
  guint rounds; /* of look-ups */
  struct relay *relay;
  guint64 id;
  struct store_message *message;
  struct mapping_result *result;
  struct store_message *subject; /* of a report or notification, where the queue still knows it */
  char *key;
  bool proven;
  gsize candidates, candidate; /* earlier messages with the same key, being asked for */
  guint64 *ids;
};

static void ask_next_candidate(struct reader *reader);

struct reading *reading_new(void)
{
  struct reading *reading = g_new0(struct reading, 1);
  reading->open = g_hash_table_new(g_int64_hash, g_int64_equal);
  reading->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  reading->key_of = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  reading->proven = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  reading->marks = g_array_new(FALSE, FALSE, sizeof(guint64));
  return reading;
}

void reading_free(struct reading *reading)
{
  g_hash_table_unref(reading->open);
  g_hash_table_unref(reading->keys);
  g_hash_table_unref(reading->key_of);
  g_hash_table_unref(reading->proven);
  g_array_unref(reading->marks);
  g_free(reading);
}

static char *unproven_name(guint64 id)
{
  return g_strdup_printf("unproven/%" G_GUINT64_FORMAT, id);
}

void reading_unproven(struct store_txn *txn, guint64 message)
{
  g_autofree char *name = unproven_name(message);
  g_autoptr(GBytes) mark = g_bytes_new_static("1", 1);
  store_txn_value(txn, name, mark);
}

static void forget_key(struct reading *reading, guint64 message)
{
  const char *key = g_hash_table_lookup(reading->key_of, &message);
  if (key)
    g_hash_table_remove(reading->keys, key);
  g_hash_table_remove(reading->key_of, &message);
}

void reading_proven(struct relay *relay, guint64 message)
{
  struct reading *reading = relay->reading;
  struct reader *reader = g_hash_table_lookup(reading->open, &message);
  if (reader)
    reader->proven = true;
  forget_key(reading, message);
  if (g_hash_table_size(reading->proven) >= REMEMBERED_MAX)
    g_hash_table_remove_all(reading->proven); /* their marks are long gone from the store */
  g_hash_table_add(reading->proven, g_memdup2(&message, sizeof message));
  g_array_append_val(reading->marks, message);
}

/* The marks of proven confirmations go with whatever is committed next. */
static void clear_marks(struct relay *relay, struct store_txn *txn)
{
  GArray *marks = relay->reading->marks;
  for (guint i = 0; i < marks->len; i++) {
    g_autofree char *name = unproven_name(g_array_index(marks, guint64, i));
    store_txn_value(txn, name, NULL);
  }
  g_array_set_size(marks, 0);
}

static void reader_free(struct reader *reader)
{
  reader->relay->active--;
  g_hash_table_remove(reader->relay->reading->open, &reader->id);
  if (reader->message)
    store_message_free(reader->message);
  if (reader->result)
    mapping_result_free(reader->result);
  if (reader->subject)
    store_message_free(reader->subject);
  g_free(reader->key);
  g_free(reader->ids);
  g_free(reader);
}

/* --- ROUTED
 * ----------------------------------------------------------------------------------------------------------------
 */

static void routed(void *user, const GError *error)
{
  struct reader *reader = user;
  struct relay *relay = reader->relay;
  relay_point("route-after-commit");
  if (error) {
    relay_log(LOG_ALARM, "store", "a message could not be routed: %s", error->message);
    relay_stop(relay, 75);
  } else if (reader->message->state == STORE_ROUTED) {
    hops_give(relay, g_steal_pointer(&reader->message));
  }
  reader_free(reader);
  reading_review(relay);
}

/* The end of the queue's lifetime: by priority, from the time on that the message may leave. */
static gint64 end_of_life(const struct relay *relay, const struct store_message *message,
                          const struct mapping_result *result)
{
  const struct config *config = relay->config;
  guint seconds = message->priority == STORE_URGENT       ? config->lifetime_urgent_s
                  : message->priority == STORE_NON_URGENT ? config->lifetime_non_urgent_s
                                                          : 0;
  gint64 begin = MAX(message->received_us, result->deferred_until_us);
  gint64 end = begin + (gint64)(seconds ? seconds : config->lifetime_s) * G_USEC_PER_SEC;
  return result->latest_us ? MIN(end, result->latest_us) : end;
}

static void refuse_all(struct mapping_result *result, const char *code, gint reason, gint diagnostic,
                       const char *words)
{
  for (guint i = 0; result->recipients && i < result->recipients->len; i++) {
    struct mapping_recipient *recipient = result->recipients->pdata[i];
    if (recipient->failed)
      continue;
    recipient->failed = true;
    recipient->reason = reason;
    recipient->diagnostic = diagnostic;
    g_free(recipient->code);
    recipient->code = g_strdup(code);
    g_free(recipient->words);
    recipient->words = g_strdup(words);
  }
}

/* A latest delivery time that has passed, or lies before the deferred one; a deferred delivery time so far
 * ahead that the queue would have to keep the message for ever. */
static void check_times(const struct relay *relay, const struct store_message *message,
                        struct mapping_result *result, gint64 now)
{
  enum { UNABLE_TO_TRANSFER = 1, DEFERRED_DELIVERY_NOT_PERFORMED = 7 }; /* X.411 8.3.1.2.1.10 */
  enum { NO_DIAGNOSTIC = -1, MAXIMUM_TIME_EXPIRED = 5 };
  gint64 most = message->received_us + (gint64)relay->config->deferral_max_s * G_USEC_PER_SEC;
  if (result->latest_us && result->latest_us <= MAX(now, result->deferred_until_us))
    refuse_all(result, "5.4.7", UNABLE_TO_TRANSFER, MAXIMUM_TIME_EXPIRED,
               result->latest_us <= now ? "its latest delivery time has passed"
                                        : "its latest delivery time lies before its deferred delivery time");
  else if (result->deferred_until_us > most)
    refuse_all(result, "5.3.3", DEFERRED_DELIVERY_NOT_PERFORMED, NO_DIAGNOSTIC,
               "its deferred delivery time lies further ahead than this gateway keeps messages");
}

static struct store_recipient *stored_recipient(const struct mapping_recipient *read,
                                                const struct mapping_result *result, bool ask_probes, guint retry_s,
                                                gint64 now)
{
  struct mapping_recipient told = *read;
  struct store_recipient *recipient = store_recipient_new(read->ordinal);
  recipient->address = g_strdup(read->address);
  recipient->mapped = g_strdup(read->mapped);
  recipient->hop = g_strdup(read->hop);
  recipient->code = g_strdup(read->code);
  recipient->reason = g_strdup(read->words);
  recipient->state = STORE_ROUTED;
  recipient->due_us = result->deferred_until_us;
  told.time_us = now;
  bool unknown = g_strcmp0(read->hop, MAPPING_HOP_LOOKUP) == 0;
  if (unknown) /* asked again by the retry schedule */
    recipient->due_us = MAX(recipient->due_us, now + (gint64)retry_s * G_USEC_PER_SEC);
  /* a probe for a recipient on the SMTP side is answered here (RFC 2156 5.3.9), unless its server is asked */
  bool probed = result->content == MAPPING_CONTENT_PROBE && read->hop && !unknown && !ask_probes &&
                !g_str_has_prefix(read->hop, "p1:");
  if (read->failed || !read->hop || probed) {
    told.failed = !probed;
    told.action = probed ? MAPPING_DELIVERED : MAPPING_FAILED;
    g_free(recipient->hop);
    recipient->hop = g_strdup(HOP_REPORT);
    recipient->due_us = 0;
    if (result->no_report)
      recipient->state = STORE_PARKED;
  }
  recipient->detail = envelope_outcome_pack(&told);
  return recipient;
}

static void audit_recipients(struct store_txn *txn, const struct store_message *message)
{
  for (guint i = 0; i < message->recipients->len; i++) {
    const struct store_recipient *recipient = message->recipients->pdata[i];
    struct audit *audit = audit_new();
    audit_text(audit, "address", recipient->address);
    audit_text(audit, "mapped", recipient->mapped);
    audit_text(audit, "hop", recipient->hop);
    audit_text(audit, "code", recipient->code);
    audit_text(audit, "words", recipient->reason);
    audit_record(audit, txn, message->id, (gint)recipient->ordinal,
                 recipient->state == STORE_PARKED             ? "parked"
                 : g_strcmp0(recipient->hop, HOP_REPORT) == 0 ? "refused"
                                                              : "routed");
  }
}

/* The timeline of the message that a report is about shows the report too. */
static void audit_subject(struct store_txn *txn, const struct reader *reader)
{
  g_autofree char *report = store_id_format(reader->message->id);
  struct audit *audit = audit_text(audit_new(), "report", report);
  audit_record(audit_text(audit, "words", reader->result->words), txn, reader->subject->id, -1,
               reader->result->content == MAPPING_CONTENT_NOTIFICATION ? "notification-received"
                                                                       : "report-received");
}

static void route(struct reader *reader)
{
  struct relay *relay = reader->relay;
  if (relay->stopping) {
    reader_free(reader); /* read again after the restart; the converters may be gone */
    return;
  }
  struct store_message *message = reader->message;
  struct mapping_result *result = reader->result;
  struct store_txn *txn = store_txn_new();
  gint64 now = relay_now_us();
  clear_marks(relay, txn);
  for (guint i = 0; result->identifiers && i < result->identifiers->len; i++) {
    const struct mapping_identifier *identifier = result->identifiers->pdata[i];
    store_txn_identifier(txn, message->id, identifier->kind, identifier->value);
  }
  if (reader->key)
    store_txn_identifier(txn, message->id, "p1-key", reader->key);
  message->priority = (enum store_priority)MIN(result->priority, 2);
  message->note = envelope_note_pack(result, reader->subject);
  message->generation = converters_generation(relay->converters);
  message->expires_us = end_of_life(relay, message, result);
  check_times(relay, message, result, now);
  bool ask_probes = strcmp(relay->config->smtp.probes, "ask") == 0;
  for (guint i = 0; result->recipients && i < result->recipients->len; i++)
    g_ptr_array_add(message->recipients,
                    stored_recipient(result->recipients->pdata[i], result, ask_probes,
                                     relay->config->retry_first_s, now));
  if (message->recipients->len > 0) {
    message->state = STORE_ROUTED;
    message->attempts = 0;
    store_txn_route(txn, message, true);
    audit_recipients(txn, message);
  } else {
    if (result->content == MAPPING_CONTENT_REPORT && result->words) {
      g_autofree char *id = store_id_format(message->id);
      relay_log(LOG_NOTE, "report", "message=%s ends here: %s", id, result->words);
    }
    message->state = STORE_DONE;
    store_txn_done(txn, message->id);
    audit_record(audit_text(audit_new(), "words",
                            result->words ? result->words : "no recipient of it is ours to serve"),
                 txn, message->id, -1, "done");
  }
  if (message->state == STORE_ROUTED && result->losses && result->losses->len > 0)
    audit_record(audit_texts(audit_new(), "losses", result->losses), txn, message->id, -1, "losses");
  if (reader->subject)
    audit_subject(txn, reader);
  relay_point("route-before-commit");
  store_commit(relay->store, txn, routed, reader);
}

static void got_subject(void *user, struct store_message *subject)
{
  struct reader *reader = user;
  reader->subject = subject;
  route(reader);
}

static void correlate(struct reader *reader)
{
  correlation_find(reader->relay, reader->message->id, reader->result, got_subject, reader);
}

/* --- the duplicate rule
 * -------------------------------------------------------------------------------------------------------- */

static void repeat_of(struct reader *reader, guint64 earlier)
{
  struct relay *relay = reader->relay;
  g_autofree char *id = store_id_format(reader->message->id);
  g_autofree char *of = store_id_format(earlier);
  relay_log(LOG_NOTE, "repeat", "message=%s repeats=%s", id, of);
  struct store_txn *txn = store_txn_new();
  clear_marks(relay, txn);
  store_txn_done(txn, reader->message->id);
  audit_record(audit_text(audit_new(), "repeats", of), txn, reader->message->id, -1, "repeat");
  reader->message->state = STORE_DONE;
  store_commit(relay->store, txn, routed, reader);
}

static void got_mark(void *user, GBytes *value, const GError *error)
{
  struct reader *reader = user;
  guint64 earlier = reader->ids[reader->candidate++];
  bool proven = g_hash_table_contains(reader->relay->reading->proven, &earlier);
  if (!error && value && !proven)
    repeat_of(reader, earlier);
  else
    ask_next_candidate(reader);
}

static void ask_next_candidate(struct reader *reader)
{
  while (reader->candidate < reader->candidates && reader->ids[reader->candidate] >= reader->message->id)
    reader->candidate++;
  if (reader->candidate >= reader->candidates) {
    correlate(reader);
    return;
  }
  g_autofree char *name = unproven_name(reader->ids[reader->candidate]);
  store_value(reader->relay->store, name, got_mark, reader);
}

static void got_candidates(void *user, const guint64 *ids, gsize count, const GError *error)
{
  struct reader *reader = user;
  if (error)
    relay_log(LOG_ERR, "store", "looking for repeats: %s", error->message);
  reader->candidates = error ? 0 : count;
  reader->ids = g_memdup2(ids, reader->candidates * sizeof *ids);
  ask_next_candidate(reader);
}

static char *hexadecimal(GBytes *bytes)
{
  gsize length;
  const guint8 *octets = g_bytes_get_data(bytes, &length);
  GString *text = g_string_sized_new(2 * length);
  for (gsize i = 0; i < length; i++)
    g_string_append_printf(text, "%02x", octets[i]);
  return g_string_free(text, FALSE);
}

/* Two copies may be read at the same time: memory knows those whose transaction is still under way. */
static bool repeats_in_memory(struct reader *reader)
{
  struct reading *reading = reader->relay->reading;
  const guint64 *known = g_hash_table_lookup(reading->keys, reader->key);
  if (known && *known != reader->id) {
    repeat_of(reader, *known);
    return true;
  }
  if (!reader->proven) {
    g_hash_table_replace(reading->keys, g_strdup(reader->key), g_memdup2(&reader->id, sizeof reader->id));
    g_hash_table_replace(reading->key_of, g_memdup2(&reader->id, sizeof reader->id), g_strdup(reader->key));
  }
  return false;
}

static void check_repeat(struct reader *reader)
{
  struct reading *reading = reader->relay->reading;
  if (g_hash_table_size(reading->keys) >= REMEMBERED_MAX) {
    g_hash_table_remove_all(reading->keys); /* the store still knows them */
    g_hash_table_remove_all(reading->key_of);
  }
  if (!repeats_in_memory(reader))
    store_find(reader->relay->store, "p1-key", reader->key, 16, got_candidates, reader);
}

/* --- RECEIVED
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void submit(struct reader *reader);

static void sought(void *user, enum answers_outcome outcome, const char *words)
{
  (void)words;
  if (outcome == ANSWERS_AGAIN)
    submit(user);
  else
    reader_free(user);
}

static void was_read(void *user, struct mapping_result *result, const char *failure)
{
  struct reader *reader = user;
  struct relay *relay = reader->relay;
  if (!result && !failure) {
    reader_free(reader);
    return;
  }
  if (!result) {
    if (hop_poison(relay, reader->message, failure))
      submit(reader);
    else
      reader_free(reader);
    return;
  }
  if (result->status == MAPPING_LACKS) {
    answers_seek(relay, reader->message, result->lookups, MAPPING_READ, &reader->rounds, sought, reader);
    mapping_result_free(result);
    return;
  }
  reader->result = result;
  if (result->status != MAPPING_OK) {
    hop_park(relay, reader->message->id, result->words ? result->words : "cannot be read");
    reader_free(reader);
    reading_review(relay);
    return;
  }
  if (result->duplicate_key) {
    reader->key = hexadecimal(result->duplicate_key);
    check_repeat(reader);
  } else {
    correlate(reader);
  }
}

static void submit(struct reader *reader)
{
  g_autoptr(GError) error = NULL;
  struct mapping_job *job = envelope_job(reader->relay->store, reader->message, MAPPING_READ, &error);
  if (!job) {
    g_autofree char *words = g_strdup_printf("its stored octets cannot be opened: %s", error->message);
    hop_park(reader->relay, reader->message->id, words);
    reader_free(reader);
    return;
  }
  answers_give(reader->relay, reader->message, job);
  converters_submit(reader->relay->converters, job, reader->message->origin, reader->message->priority,
                    was_read, reader);
}

static void begin(struct relay *relay, struct store_message *message)
{
  if (relay->stopping) {
    store_message_free(message); /* read after the restart; the converters may be gone */
    return;
  }
  struct reader *reader = g_new0(struct reader, 1);
  *reader = (struct reader){.relay = relay, .id = message->id, .message = message};
  g_hash_table_insert(relay->reading->open, &reader->id, reader);
  relay->active++;
  submit(reader);
}

void reading_start(struct relay *relay, struct store_message *message)
{
  if (relay_is_crowded(relay))
    hops_relieve(relay);
  if (relay_is_crowded(relay) && !relay->stopping) {
    store_unclaim(relay->store, message->id, -1);
    store_message_free(message);
    relay->reading->more = true;
    return;
  }
  begin(relay, message);
}

static void claimed(void *user, GPtrArray *messages, const GError *error)
{
  struct relay *relay = user;
  relay->reading->claiming = false;
  if (error) {
    relay_log(LOG_ERR, "store", "claiming received messages: %s", error->message);
    return;
  }
  guint count = messages->len;
  relay->reading->more = relay->reading->more || count == CLAIM_MAX;
  g_ptr_array_set_free_func(messages, NULL);
  for (guint i = 0; i < count; i++)
    begin(relay, messages->pdata[i]);
  g_ptr_array_unref(messages);
}

void reading_review(struct relay *relay)
{
  struct reading *reading = relay->reading;
  if (!reading->more || reading->claiming || relay->stopping || relay_is_crowded(relay))
    return;
  reading->claiming = true;
  reading->more = false;
  store_claim_received(relay->store, CLAIM_MAX, claimed, relay);
}

void reading_kick(struct relay *relay)
{
  relay->reading->more = true;
  reading_review(relay);
}
