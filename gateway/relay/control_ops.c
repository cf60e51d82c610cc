/* control_ops.c - the operations of the control socket: what `gw400 queue, audit, peer, status, reload,
 * backup` ask. */
#include "relay/audit.h"
#include "relay/body.h"
#include "relay/control_request.h"
#include "relay/hop.h"
#include "relay/p1_link.h"
#include "relay/p1_recovery.h"
#include "relay/reading.h"
#include "relay/smtp_in.h"

#include <string.h>
#include <unistd.h>

#define PAGE_DEFAULT 100u
#define PAGE_MAX 1000u
#define EXPORT_BLOCK 262144u

/* --- reading a question
 * ------------------------------------------------------------------------------------------------- */

static const char *text_of(const struct control_request *request, const char *key)
{
  return json_string_value(json_object_get(request->question, key));
}

static gint64 number_of(const struct control_request *request, const char *key, gint64 otherwise)
{
  const json_t *value = json_object_get(request->question, key);
  return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static guint limit_of(const struct control_request *request)
{
  return (guint)CLAMP(number_of(request, "limit", PAGE_DEFAULT), 1, PAGE_MAX);
}

static guint64 after_of(const struct control_request *request)
{
  const char *text = text_of(request, "after");
  return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

/* --- writing an answer
 * --------------------------------------------------------------------------------------------------- */

void control_put_text(json_t *object, const char *key, const char *text)
{
  if (!text)
    return;
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  json_object_set_new(object, key, json_string(valid));
}

void control_put_time(json_t *object, const char *key, gint64 time_us)
{
  if (time_us <= 0)
    return;
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
  g_autofree char *whole = g_strdup_printf("%s.%06dZ", text, (int)(time_us % G_USEC_PER_SEC));
  json_object_set_new(object, key, json_string(whole));
}

static void put_id(json_t *object, const char *key, guint64 id)
{
  if (id == 0)
    return;
  g_autofree char *text = store_id_format(id);
  json_object_set_new(object, key, json_string(text));
}

static json_t *recipient_json(const struct store_recipient *recipient)
{
  json_t *object = json_object();
  json_object_set_new(object, "ordinal", json_integer(recipient->ordinal));
  json_object_set_new(object, "state", json_string(store_state_name(recipient->state)));
  control_put_text(object, "address", recipient->address);
  control_put_text(object, "mapped", recipient->mapped);
  control_put_text(object, "hop", recipient->hop);
  json_object_set_new(object, "attempts", json_integer(recipient->attempts));
  control_put_time(object, "due", recipient->due_us);
  control_put_text(object, "code", recipient->code);
  control_put_text(object, "reason", recipient->reason);
  return object;
}

static json_t *message_json(const struct store_message *message)
{
  static const char *const priorities[] = {"non-urgent", "normal", "urgent"};
  json_t *object = json_object();
  put_id(object, "id", message->id);
  put_id(object, "about", message->parent);
  json_object_set_new(object, "state", json_string(store_state_name(message->state)));
  json_object_set_new(object, "held", json_boolean(message->held));
  control_put_time(object, "received", message->received_us);
  control_put_time(object, "expires", message->expires_us);
  control_put_text(object, "origin", message->origin);
  json_object_set_new(object, "priority", json_string(priorities[MIN(message->priority, 2)]));
  json_object_set_new(object, "size", json_integer((json_int_t)message->size));
  control_put_text(object, "reason", message->reason);
  json_t *recipients = json_array();
  for (guint i = 0; message->recipients && i < message->recipients->len; i++)
    json_array_append_new(recipients, recipient_json(message->recipients->pdata[i]));
  json_object_set_new(object, "recipients", recipients);
  return object;
}

static json_t *record_json(gconstpointer row, guint64 *key_r)
{
  const struct store_audit_record *record = row;
  *key_r = record->sequence;
  json_t *object = json_object();
  json_object_set_new(object, "sequence", json_integer((json_int_t)record->sequence));
  control_put_time(object, "time", record->time_us);
  put_id(object, "message", record->message);
  if (record->recipient >= 0)
    json_object_set_new(object, "recipient", json_integer(record->recipient));
  control_put_text(object, "event", record->event);
  json_t *detail = record->detail ? json_loads(record->detail, 0, NULL) : NULL;
  json_object_set_new(object, "detail", detail ? detail : json_object());
  return object;
}

void control_answer_items(struct control_request *request, json_t *items, guint64 next)
{
  json_t *answer = json_object();
  json_object_set_new(answer, "items", items);
  if (next) {
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, next);
    json_object_set_new(answer, "next", json_string(text));
  }
  control_answer(request, answer);
}

static void refuse_error(struct control_request *request, const GError *error)
{
  bool missing = g_error_matches(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);
  control_refuse(request, missing ? 1 : 75, error->message);
}

/* A page of rows (which it takes), and where the next one begins when this one is full. write gives a row's key
 * too. */
static void answer_page(struct control_request *request, GPtrArray *rows,
                        json_t *(*write)(gconstpointer row, guint64 *key_r), const GError *error)
{
  if (error) {
    refuse_error(request, error);
    return;
  }
  json_t *items = json_array();
  guint64 last = 0;
  for (guint i = 0; i < rows->len; i++)
    json_array_append_new(items, write(rows->pdata[i], &last));
  bool more = rows->len >= limit_of(request);
  g_ptr_array_unref(rows);
  control_answer_items(request, items, more ? last : 0);
}

/* --- queue
 * ------------------------------------------------------------------------------------------------------------------
 */

static json_t *listed_json(gconstpointer row, guint64 *key_r)
{
  const struct store_message *message = row;
  *key_r = message->id;
  return message_json(message);
}

static void listed(void *user, GPtrArray *messages, const GError *error)
{
  answer_page(user, messages, listed_json, error);
}

static void queue_list(struct control_request *request)
{
  struct store_list filter = {.any_state = true,
                              .held_only = json_is_true(json_object_get(request->question, "held")),
                              .hop = text_of(request, "hop"),
                              .address = text_of(request, "address"),
                              .origin = text_of(request, "origin"),
                              .after = after_of(request),
                              .limit = limit_of(request)};
  const char *state = text_of(request, "state");
  for (enum store_state known = STORE_RECEIVED; state && known <= STORE_DONE; known++)
    if (strcmp(state, store_state_name(known)) == 0) {
      filter.state = known;
      filter.any_state = false;
    }
  if (state && filter.any_state) {
    control_refuse(request, 2, "there is no such state");
    return;
  }
  store_list(request->relay->store, &filter, listed, request);
}

/* The identifier of the question: a queue identifier, or any other by which one message is known (asked of
 * the store). */
typedef void (*with_message)(struct control_request *request, guint64 message);
struct identify {
  struct control_request *request;
  with_message then;
};

static void identified(void *user, const guint64 *ids, gsize count, const GError *error)
{
  struct identify *identify = user;
  struct control_request *request = identify->request;
  with_message then = identify->then;
  g_free(identify);
  if (error)
    refuse_error(request, error);
  else if (count == 0)
    control_refuse(request, 1, "no message is known by this identifier");
  else
    then(request, ids[0]);
}

static void identify(struct control_request *request, with_message then)
{
  const char *text = text_of(request, "id");
  if (!text) {
    control_refuse(request, 2, "\"id\" is missing");
    return;
  }
  guint64 id = store_id_parse(text);
  if (id) {
    then(request, id);
    return;
  }
  struct identify *asked = g_new0(struct identify, 1);
  *asked = (struct identify){.request = request, .then = then};
  store_find(request->relay->store, NULL, text, 1, identified, asked);
}

static void shown(void *user, struct store_message *message, const GError *error)
{
  struct control_request *request = user;
  if (!message) {
    control_refuse(request, 1, error ? error->message : "the message is not in the queue");
    return;
  }
  json_t *answer = json_object();
  json_object_set_new(answer, "message", message_json(message));
  store_message_free(message);
  control_answer(request, answer);
}

static void show_message(struct control_request *request, guint64 id)
{
  store_get(request->relay->store, id, false, shown, request);
}

static void queue_show(struct control_request *request)
{
  identify(request, show_message);
}

/* Bodies are exported in blocks: {"offset":n} -> {"data":base64,"size":whole,"next":n}. */
static void export_body(void *user, struct store_message *message, const GError *error)
{
  struct control_request *request = user;
  if (!message) {
    control_refuse(request, 1, error ? error->message : "the message is not in the queue");
    return;
  }
  g_autoptr(GError) failure = NULL;
  int fd = body_open(request->relay->store, message, &failure);
  guint64 size = message->size;
  bool mail = strcmp(message->origin, "smtp") == 0;
  store_message_free(message);
  if (fd < 0) {
    control_refuse(request, 75, failure->message);
    return;
  }
  guint64 offset = (guint64)MAX(number_of(request, "offset", 0), 0);
  g_autofree guint8 *block = g_malloc(EXPORT_BLOCK);
  ssize_t got = offset < size ? pread(fd, block, EXPORT_BLOCK, (off_t)offset) : 0;
  close(fd);
  if (got < 0) {
    control_refuse(request, 75, "the stored octets cannot be read");
    return;
  }
  g_autofree char *text = g_base64_encode(block, (gsize)got);
  json_t *answer =
      json_pack("{s:s,s:I,s:s}", "data", text, "size", (json_int_t)size, "format", mail ? "mail" : "apdu");
  if (offset + (guint64)got < size)
    json_object_set_new(answer, "next", json_integer((json_int_t)(offset + (guint64)got)));
  control_answer(request, answer);
}

static void export_message(struct control_request *request, guint64 id)
{
  store_get(request->relay->store, id, true, export_body, request);
}

static void queue_export(struct control_request *request)
{
  identify(request, export_message);
}

/* An operator's change: one transaction with its audit record, then the queue looks again. */
static void changed(void *user, const GError *error)
{
  struct control_request *request = user;
  if (error) {
    refuse_error(request, error);
    return;
  }
  reading_kick(request->relay);
  hops_review(request->relay);
  control_answer(request, json_object());
}

static void change(struct control_request *request, guint64 id)
{
  const char *op = text_of(request, "op") + strlen("queue.");
  struct store_txn *txn = store_txn_new();
  if (strcmp(op, "hold") == 0)
    store_txn_hold(txn, id, true);
  else if (strcmp(op, "release") == 0)
    store_txn_hold(txn, id, false);
  else if (strcmp(op, "retry") == 0)
    store_txn_retry(txn, id, relay_now_us());
  else
    store_txn_delete(txn, id);
  if (strcmp(op, "delete") == 0)
    p1_recovery_forget(request->relay->recovery, id);
  struct audit *audit = audit_text(audit_new(), "by", text_of(request, "by"));
  audit_record(audit_text(audit, "why", text_of(request, "why")), txn, id, -1,
               strcmp(op, "hold") == 0      ? "held"
               : strcmp(op, "release") == 0 ? "released"
               : strcmp(op, "retry") == 0   ? "retried"
                                            : "deleted");
  store_commit(request->relay->store, txn, changed, request);
}

static void queue_change(struct control_request *request)
{
  identify(request, change);
}

/* --- audit
 * --------------------------------------------------------------------------------------------------------------------
 */

static void got_records(void *user, GPtrArray *records, const GError *error)
{
  answer_page(user, records, record_json, error);
}

static gint64 time_of(const struct control_request *request, const char *key)
{
  const char *text = text_of(request, key);
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, utc) : NULL;
  return time ? g_date_time_to_unix(time) * G_USEC_PER_SEC : 0;
}

static void audit_search(struct control_request *request)
{
  struct store_audit_query query = {.event = text_of(request, "event"),
                                    .text = text_of(request, "text"),
                                    .from_us = time_of(request, "from"),
                                    .to_us = time_of(request, "to"),
                                    .after = after_of(request),
                                    .limit = limit_of(request)};
  store_audit(request->relay->store, &query, got_records, request);
}

static void show_records(struct control_request *request, guint64 id)
{
  struct store_audit_query query = {.message = id, .after = after_of(request), .limit = limit_of(request)};
  store_audit(request->relay->store, &query, got_records, request);
}

static void audit_show(struct control_request *request)
{
  identify(request, show_records);
}

/* Every message known by an identifier (a Message-ID may have come twice). */
static void got_messages(void *user, const guint64 *ids, gsize count, const GError *error)
{
  struct control_request *request = user;
  if (error) {
    refuse_error(request, error);
    return;
  }
  json_t *items = json_array();
  for (gsize i = 0; i < count; i++) {
    json_t *item = json_object();
    put_id(item, "message", ids[i]);
    json_array_append_new(items, item);
  }
  control_answer_items(request, items, 0);
}

static void audit_find(struct control_request *request)
{
  const char *value = text_of(request, "value");
  if (!value)
    control_refuse(request, 2, "\"value\" is missing");
  else
    store_find(request->relay->store, text_of(request, "kind"), value, limit_of(request), got_messages,
               request);
}

static void verified(void *user, guint64 records, const GError *error)
{
  struct control_request *request = user;
  if (error)
    control_refuse(request, 1, error->message);
  else
    control_answer(request, json_pack("{s:I}", "records", (json_int_t)records));
}

static void audit_verify(struct control_request *request)
{
  store_audit_verify(request->relay->store, verified, request);
}

/* --- state
 * ----------------------------------------------------------------------------------------------------------------
 */

static void counted(void *user, const struct store_counts *counts, const GError *error)
{
  struct control_request *request = user;
  struct relay *relay = request->relay;
  if (error) {
    refuse_error(request, error);
    return;
  }
  json_t *answer = json_object();
  control_put_text(answer, "gateway", relay->config->name);
  json_object_set_new(answer, "generation", json_integer(relay->generation));
  control_put_time(answer, "since", relay->started_us);
  json_object_set_new(answer, "received", json_integer((json_int_t)counts->received));
  json_object_set_new(answer, "routed", json_integer((json_int_t)counts->routed));
  json_object_set_new(answer, "parked", json_integer((json_int_t)counts->parked));
  json_object_set_new(answer, "held", json_integer((json_int_t)counts->held));
  json_object_set_new(answer, "octets", json_integer((json_int_t)counts->bytes));
  json_object_set_new(answer, "in-work", json_integer(relay->active));
  json_object_set_new(answer, "jobs-waiting", json_integer(converters_waiting(relay->converters)));
  json_object_set_new(answer, "smtp-sessions", json_integer(smtp_in_sessions(relay->smtp_in)));
  json_object_set_new(answer, "associations", json_integer(relay->p1_links->links->len));
  json_object_set_new(answer, "disk-full", json_boolean(store_full(relay->store)));
  json_t *workers = json_array();
  g_autoptr(GPtrArray) lines = converters_describe(relay->converters);
  for (guint i = 0; i < lines->len; i++)
    json_array_append_new(workers, json_string(lines->pdata[i]));
  json_object_set_new(answer, "converters", workers);
  control_answer(request, answer);
}

static void status(struct control_request *request)
{
  store_count(request->relay->store, counted, request);
}

static void reloaded(void *user, const char *words)
{
  struct control_request *request = user;
  if (words)
    control_refuse(request, 1, words);
  else
    control_answer(request, json_pack("{s:i}", "generation", (int)request->relay->generation));
}

static void reload(struct control_request *request)
{
  relay_reload(request->relay, reloaded, request);
}

static void backed_up(void *user, const GError *error)
{
  struct control_request *request = user;
  if (error)
    control_refuse(request, 1, error->message);
  else
    control_answer(request, json_object());
}

static void backup(struct control_request *request)
{
  const char *folder = text_of(request, "folder");
  if (!folder || folder[0] != '/')
    control_refuse(request, 2, "\"folder\" must be an absolute path");
  else
    store_backup(request->relay->store, folder, backed_up, request);
}

/* --- the table
 * ------------------------------------------------------------------------------------------------------------------------
 */

static const struct {
  const char *name;
  void (*run)(struct control_request *request);
} operations[] = {
    {"status", status},
    {"reload", reload},
    {"backup", backup},
    {"queue.list", queue_list},
    {"queue.show", queue_show},
    {"queue.export", queue_export},
    {"queue.hold", queue_change},
    {"queue.release", queue_change},
    {"queue.retry", queue_change},
    {"queue.delete", queue_change},
    {"audit.search", audit_search},
    {"audit.show", audit_show},
    {"audit.find", audit_find},
    {"audit.verify", audit_verify},
    {"lookup", control_lookup},
    {"peer.list", control_peer_list},
    {"peer.record", control_peer_record},
};

void control_run(struct control_request *request)
{
  const char *op = text_of(request, "op");
  for (guint i = 0; op && i < G_N_ELEMENTS(operations); i++)
    if (strcmp(op, operations[i].name) == 0) {
      operations[i].run(request);
      return;
    }
  control_refuse(request, 2, op ? "there is no such operation" : "\"op\" is missing");
}
