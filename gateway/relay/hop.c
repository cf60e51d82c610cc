#include "relay/hop.h"

#include "relay/audit.h"
#include "relay/body.h"
#include "relay/envelope.h"
#include "relay/p1_out.h"
#include "relay/reporting.h"
#include "relay/smtp_out.h"

#include <string.h>
#include <unistd.h>

#define CLAIM_MAX 64u   /* asked of the store at once */
#define AHEAD_MAX 16u   /* converted before a session is free for them */
#define ATTEMPTS_MAX 2u /* of a conversion job: one retry, then parked */

static void hop_pump(struct hop *hop);

static void delivery_free(struct delivery *delivery)
{
  for (guint i = 0; delivery->outcomes && i < delivery->message->recipients->len; i++) {
    g_free(delivery->outcomes[i].code);
    g_free(delivery->outcomes[i].words);
    g_free(delivery->outcomes[i].remote);
  }
  g_free(delivery->outcomes);
  store_message_free(delivery->message);
  g_clear_pointer(&delivery->written, mapping_result_free);
  if (delivery->fd >= 0)
    close(delivery->fd);
  g_free(delivery);
}

/* Leaves it to the store: claimed again when its time comes. */
static void delivery_release(struct delivery *delivery)
{
  struct relay *relay = delivery->hop->relay;
  for (guint i = 0; relay->store && i < delivery->message->recipients->len; i++) {
    const struct store_recipient *recipient = delivery->message->recipients->pdata[i];
    store_unclaim(relay->store, delivery->message->id, (gint)recipient->ordinal);
  }
  relay->active--;
  delivery_free(delivery);
}

static void release_all(GQueue queues[3])
{
  for (int priority = 0; priority < 3; priority++) {
    struct delivery *delivery;
    while ((delivery = g_queue_pop_head(&queues[priority])) != NULL)
      delivery_release(delivery);
  }
}

static guint waiting_in(const GQueue queues[3])
{
  return queues[0].length + queues[1].length + queues[2].length;
}

static struct delivery *pop(GQueue queues[3])
{
  for (int priority = 2; priority >= 0; priority--)
    if (queues[priority].length > 0)
      return g_queue_pop_head(&queues[priority]);
  return NULL;
}

static void hop_timer(void *user)
{
  struct hop *hop = user;
  hop->timer_us = 0;
  hop->more = true;
  hop_pump(hop);
}

/* The one timer stands at the earliest time asked for. */
static void hop_arm(struct hop *hop, gint64 at_us)
{
  gint64 now = relay_now_us();
  if (hop->timer_us > now && hop->timer_us <= at_us)
    return;
  hop->timer_us = at_us;
  net_timer_start(hop->timer, (guint64)MAX(at_us - now, 0) / 1000 + 1, 0);
}

static void hop_free(void *data)
{
  struct hop *hop = data;
  release_all(hop->fresh);
  release_all(hop->prepared);
  net_timer_free(hop->timer);
  g_free(hop->last_error);
  g_free(hop->name);
  g_free(hop);
}

void hops_new(struct relay *relay)
{
  relay->hops = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, hop_free);
}

void hops_free(struct relay *relay)
{
  g_hash_table_unref(relay->hops);
}

struct hop *hop_find(struct relay *relay, const char *name)
{
  struct hop *hop = g_hash_table_lookup(relay->hops, name);
  if (hop)
    return hop;
  hop = g_new0(struct hop, 1);
  hop->relay = relay;
  hop->name = g_strdup(name);
  hop->timer = net_timer_new(relay->loop, hop_timer, hop);
  hop->wake = g_str_has_prefix(name, "p1:")     ? p1_out_wake
              : g_str_has_prefix(name, "smtp:") ? smtp_out_wake
                                                : reporting_wake;
  g_hash_table_insert(relay->hops, hop->name, hop);
  return hop;
}

gint64 hop_retry_us(const struct relay *relay, guint attempts)
{
  const struct config *config = relay->config;
  double seconds = config->retry_first_s;
  for (guint i = 1; i < attempts && seconds < config->retry_max_s; i++)
    seconds *= config->retry_factor_percent / 100.0;
  return (gint64)(MIN(seconds, (double)config->retry_max_s) * G_USEC_PER_SEC);
}

/* --- work comes in
 * ---------------------------------------------------------------------------------------------------- */

static struct delivery *delivery_new(struct hop *hop, struct store_message *message)
{
  struct delivery *delivery = g_new0(struct delivery, 1);
  delivery->hop = hop;
  delivery->message = message;
  delivery->fd = -1;
  delivery->outcomes = g_new0(struct outcome, message->recipients->len);
  hop->relay->active++;
  g_queue_push_tail(&hop->fresh[MIN(message->priority, 2)], delivery);
  return delivery;
}

void hops_give(struct relay *relay, struct store_message *message)
{
  g_autoptr(GHashTable) parts = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) touched = g_ptr_array_new();
  gint64 now = relay_now_us();
  for (guint i = 0; i < message->recipients->len; i++) {
    struct store_recipient *recipient = message->recipients->pdata[i];
    struct hop *hop =
        recipient->state == STORE_ROUTED && recipient->hop ? hop_find(relay, recipient->hop) : NULL;
    if (!hop)
      continue;
    if (recipient->due_us > now || hop->blocked_until_us > now || hop->failures > 0) {
      store_unclaim(relay->store, message->id, (gint)recipient->ordinal);
      hop->more = true;
      if (recipient->due_us > now)
        hop_arm(hop, recipient->due_us);
      else
        g_ptr_array_add(touched, hop);
      continue;
    }
    struct store_message *part = g_hash_table_lookup(parts, recipient->hop);
    if (!part) {
      part = envelope_part(message);
      g_hash_table_insert(parts, hop->name, part);
    }
    g_ptr_array_add(part->recipients, g_ptr_array_steal_index(message->recipients, i--));
  }
  GHashTableIter iterator;
  gpointer name, part;
  g_hash_table_iter_init(&iterator, parts);
  while (g_hash_table_iter_next(&iterator, &name, &part)) {
    struct hop *hop = hop_find(relay, name);
    delivery_new(hop, part);
    g_ptr_array_add(touched, hop);
  }
  store_message_free(message);
  for (guint i = 0; i < touched->len; i++)
    hop_pump(touched->pdata[i]);
}

void hop_kick(struct relay *relay, const char *name)
{
  struct hop *hop = hop_find(relay, name);
  hop->more = true;
  hop_pump(hop);
}

struct claim {
  struct relay *relay;
  char *hop;
  guint asked;
};

static void claimed(void *user, GPtrArray *messages, const GError *error)
{
  struct claim *claim = user;
  struct hop *hop = hop_find(claim->relay, claim->hop);
  hop->claiming = false;
  guint count = messages ? messages->len : 0;
  if (error) {
    relay_log(LOG_ERR, "store", "hop=%s claim: %s", hop->name, error->message);
    hop_arm(hop, relay_now_us() + G_USEC_PER_SEC);
  } else if (count >= claim->asked) {
    hop->more = true;
  }
  for (guint i = 0; i < count; i++)
    delivery_new(hop, g_steal_pointer(&messages->pdata[i]));
  if (messages) {
    g_ptr_array_set_free_func(messages, NULL);
    g_ptr_array_unref(messages);
  }
  g_free(claim->hop);
  g_free(claim);
  hop_pump(hop);
}

static void got_hops(void *user, GPtrArray *hops, const GError *error)
{
  struct relay *relay = user;
  if (error) {
    relay_log(LOG_ERR, "store", "reading the hops: %s", error->message);
    return;
  }
  gint64 soon = relay_now_us();
  for (guint i = 0; i < hops->len; i++) {
    const struct store_hop *waiting = hops->pdata[i];
    if (waiting->due_us <= soon)
      hop_kick(relay, waiting->hop);
    else if (waiting->due_us - soon < 60 * G_USEC_PER_SEC)
      hop_arm(hop_find(relay, waiting->hop), waiting->due_us);
  }
  g_ptr_array_unref(hops);
}

static gboolean is_idle(gpointer key, gpointer value, gpointer user)
{
  (void)key;
  (void)user;
  struct hop *hop = value;
  return waiting_in(hop->fresh) == 0 && waiting_in(hop->prepared) == 0 && !hop->converting && !hop->sending &&
         !hop->sessions && !hop->claiming && !hop->failures && g_str_has_prefix(hop->name, "smtp:") &&
         smtp_out_retire(hop);
}

void hops_review(struct relay *relay)
{
  g_hash_table_foreach_remove(relay->hops, is_idle, NULL);
  store_hops(relay->store, got_hops, relay);
}

/* --- conversion ahead
 * ------------------------------------------------------------------------------------------------------ */

void hop_park(struct relay *relay, guint64 message, const char *words)
{
  g_autofree char *id = store_id_format(message);
  relay_log(LOG_ALARM, "parked", "message=%s reason=\"%s\"", id, words);
  struct store_txn *txn = store_txn_new();
  store_txn_park(txn, message, words);
  audit_record(audit_text(audit_new(), "reason", words), txn, message, -1, "parked");
  relay_commit(relay, txn, "park");
}

bool hop_poison(struct relay *relay, struct store_message *message, const char *words)
{
  message->attempts++;
  if (message->attempts >= ATTEMPTS_MAX) {
    hop_park(relay, message->id, words);
    return false;
  }
  struct store_txn *txn = store_txn_new();
  store_txn_attempt(txn, message->id, message->attempts);
  audit_record(audit_number(audit_text(audit_new(), "reason", words), "attempt", message->attempts), txn,
               message->id, -1, "conversion-failed");
  relay_commit(relay, txn, "attempt");
  return true;
}

static void drop_parked(struct delivery *delivery)
{
  struct hop *hop = delivery->hop;
  hop->relay->active--;
  delivery_free(delivery);
  hop_pump(hop);
}

/* A recipient that conversion itself refused (too large for the peer, a critical extension): its outcome is
 * known. */
static void take_refusals(struct delivery *delivery)
{
  GPtrArray *written = delivery->written->recipients;
  for (guint w = 0; written && w < written->len; w++) {
    const struct mapping_recipient *refused = written->pdata[w];
    for (guint i = 0; refused->failed && i < delivery->message->recipients->len; i++) {
      const struct store_recipient *recipient = delivery->message->recipients->pdata[i];
      if (recipient->ordinal != refused->ordinal)
        continue;
      delivery_outcome(delivery, i, OUTCOME_FAILED, refused->code, refused->words, refused->remote);
      delivery->outcomes[i].reason = refused->reason;
      delivery->outcomes[i].diagnostic = refused->diagnostic;
    }
  }
}

/* What the peer's limit forbids is not tried: X.411's unable-to-transfer (1), content-too-long (7). */
static void refuse_oversize(struct delivery *delivery)
{
  const struct hop *hop = delivery->hop;
  if (!g_str_has_prefix(hop->name, "p1:"))
    return;
  const struct config_peer *peer = config_peer(hop->relay->config, hop->name + strlen("p1:"));
  guint64 size = delivery->written->size;
  if (!peer || size <= peer->size_max)
    return;
  g_autofree char *words =
      g_strdup_printf("%" G_GUINT64_FORMAT " octets, and peer %s takes at most %" G_GUINT64_FORMAT, size,
                      peer->name, peer->size_max);
  delivery_outcome(delivery, G_MAXUINT, OUTCOME_FAILED, "5.3.4", words, NULL);
  for (guint i = 0; i < delivery->message->recipients->len; i++) {
    struct outcome *outcome = &delivery->outcomes[i];
    if (g_strcmp0(outcome->words, words) != 0)
      continue;
    outcome->reason = 1;
    outcome->diagnostic = 7;
  }
}

static bool all_settled(const struct delivery *delivery)
{
  for (guint i = 0; i < delivery->message->recipients->len; i++)
    if (delivery->outcomes[i].kind == OUTCOME_NONE)
      return false;
  return true;
}

static void converted(void *user, struct mapping_result *result, const char *failure)
{
  struct delivery *delivery = user;
  struct hop *hop = delivery->hop;
  hop->converting--;
  if (!result && !failure) {
    hop->relay->active--;
    delivery_free(delivery);
    return;
  }
  if (!result) {
    if (!hop_poison(hop->relay, delivery->message, failure)) {
      drop_parked(delivery);
      return;
    }
    close(delivery->fd);
    delivery->fd = -1;
    g_queue_push_tail(&hop->fresh[MIN(delivery->message->priority, 2)], delivery);
    hop_pump(hop);
    return;
  }
  delivery->written = result;
  if (result->status != MAPPING_OK) {
    hop_park(hop->relay, delivery->message->id,
             result->words ? result->words : "conversion refused without words");
    drop_parked(delivery);
    return;
  }
  take_refusals(delivery);
  refuse_oversize(delivery);
  if (all_settled(delivery)) {
    hop->sending++;
    delivery_finish(delivery, NULL);
    return;
  }
  g_queue_push_tail(&hop->prepared[MIN(delivery->message->priority, 2)], delivery);
  hop->wake(hop);
  hop_pump(hop);
}

static void convert(struct delivery *delivery)
{
  struct hop *hop = delivery->hop;
  struct relay *relay = hop->relay;
  g_autoptr(GError) error = NULL;
  struct mapping_job *job = envelope_job(relay->store, delivery->message, MAPPING_WRITE, &error);
  if (job) {
    struct envelope_note note;
    envelope_note_unpack(delivery->message->note, &note);
    job->recipients_total = MAX(note.recipients_total, job->recipients->len);
    envelope_note_clear(&note);
    job->hop = g_strdup(hop->name);
    job->out_fd = body_output(relay->scratch, delivery->message->size, &error);
    if (job->out_fd >= 0)
      delivery->fd = dup(job->out_fd);
  }
  if (!job || job->out_fd < 0 || delivery->fd < 0) {
    relay_log(LOG_ERR, "convert", "hop=%s: %s", hop->name, error ? error->message : "no descriptor");
    if (job)
      mapping_job_free(job);
    hop->sending++;
    delivery_finish(delivery, error ? error->message : "no descriptor for the conversion's output");
    return;
  }
  hop->converting++;
  converters_submit(relay->converters, job, hop->name, delivery->message->priority, converted, delivery);
}

static void hop_pump(struct hop *hop)
{
  struct relay *relay = hop->relay;
  gint64 now = relay_now_us();
  if (relay->stopping)
    return;
  if (hop->blocked_until_us > now) {
    release_all(hop->fresh);
    hop->more = true;
    hop_arm(hop, hop->blocked_until_us);
    return;
  }
  /* after failures one delivery alone finds out whether the hop is back */
  guint ahead = hop->failures > 0 ? 1 : AHEAD_MAX;
  bool whole = hop->wake != reporting_wake; /* a report has its own job */
  struct delivery *delivery;
  while (whole && hop->converting + waiting_in(hop->prepared) < ahead && (delivery = pop(hop->fresh)) != NULL)
    convert(delivery);
  if (!whole) {
    while ((delivery = pop(hop->fresh)) != NULL)
      g_queue_push_tail(&hop->prepared[MIN(delivery->message->priority, 2)], delivery);
  }
  if (waiting_in(hop->prepared) > 0)
    hop->wake(hop);
  if (hop->more && !hop->claiming && waiting_in(hop->fresh) < CLAIM_MAX / 4 && !relay_is_crowded(relay)) {
    hop->claiming = true;
    hop->more = false; /* what turns up from now on is not in this answer, and sets it again */
    struct claim *claim = g_new0(struct claim, 1);
    *claim = (struct claim){
        .relay = relay, .hop = g_strdup(hop->name), .asked = hop->failures > 0 ? 1 : CLAIM_MAX};
    store_claim_hop(relay->store, hop->name, now, claim->asked, claimed, claim);
  }
}

/* --- the transport's side
 * ----------------------------------------------------------------------------------------------------- */

struct delivery *hop_take(struct hop *hop)
{
  struct delivery *delivery = pop(hop->prepared);
  if (delivery) {
    hop->sending++;
    delivery->begun_us = relay_now_us();
  }
  return delivery;
}

bool hop_has_work(const struct hop *hop)
{
  return waiting_in(hop->prepared) > 0;
}

void delivery_drop(struct delivery *delivery)
{
  delivery_free(delivery);
}

void hop_drop(struct hop *hop)
{
  hop->sending--;
  hop->relay->active--;
  hop_pump(hop);
}

void delivery_return(struct delivery *delivery)
{
  struct hop *hop = delivery->hop;
  hop->sending--;
  g_queue_push_head(&hop->prepared[MIN(delivery->message->priority, 2)], delivery);
}

void delivery_outcome(struct delivery *delivery, guint index, enum outcome_kind kind, const char *code,
                      const char *words, const char *remote)
{
  guint first = index == G_MAXUINT ? 0 : index;
  guint end = index == G_MAXUINT ? delivery->message->recipients->len : index + 1;
  for (guint i = first; i < end && i < delivery->message->recipients->len; i++) {
    struct outcome *outcome = &delivery->outcomes[i];
    if (index == G_MAXUINT && outcome->kind != OUTCOME_NONE)
      continue;
    g_free(outcome->code);
    g_free(outcome->words);
    g_free(outcome->remote);
    *outcome = (struct outcome){.kind = kind,
                                .code = g_strdup(code),
                                .words = g_strdup(words),
                                .remote = g_strdup(remote),
                                .reason = -1,
                                .diagnostic = -1};
  }
}

/* Turns a recipient over to reporting: the originator gets word of this outcome. */
static void turn_over(struct store_recipient *recipient, const struct outcome *outcome, bool failed)
{
  struct mapping_recipient *told = envelope_recipient(recipient);
  told->failed = failed;
  told->action = failed ? MAPPING_FAILED : MAPPING_DELIVERED;
  told->reason = outcome->reason;
  told->diagnostic = outcome->diagnostic;
  told->time_us = relay_now_us();
  g_free(told->remote);
  told->remote = g_strdup(outcome->remote);
  g_clear_pointer(&recipient->detail, g_bytes_unref);
  recipient->detail = envelope_outcome_pack(told);
  mapping_recipient_free(told);
  g_free(recipient->hop);
  recipient->hop = g_strdup(HOP_REPORT);
  recipient->state = STORE_ROUTED;
  recipient->due_us = 0;
  recipient->attempts = 0;
}

static const char *settle(struct delivery *delivery, guint index, const char *words, struct store_txn *txn)
{
  struct relay *relay = delivery->hop->relay;
  struct store_message *message = delivery->message;
  struct store_recipient *recipient = message->recipients->pdata[index];
  struct outcome *outcome = &delivery->outcomes[index];
  if (outcome->kind == OUTCOME_NONE)
    delivery_outcome(delivery, index, OUTCOME_DEFERRED, NULL, words ? words : "not tried", NULL);
  g_free(recipient->code);
  g_free(recipient->reason);
  recipient->code = g_strdup(outcome->code);
  recipient->reason = g_strdup(outcome->words);
  struct audit *audit = audit_new();
  audit_text(audit, "hop", delivery->hop->name);
  audit_text(audit, "recipient", recipient->mapped ? recipient->mapped : recipient->address);
  audit_text(audit, "code", outcome->code);
  audit_text(audit, "words", outcome->words);
  audit_text(audit, "remote", outcome->remote);
  const char *event = "sent";
  switch (outcome->kind) {
  case OUTCOME_SENT:
    audit_number(audit, "octets", (gint64)delivery->written->size);
    audit_texts(audit, "losses", delivery->written->losses);
    if (outcome->report_delivery)
      turn_over(recipient, outcome, false);
    else
      recipient->state = STORE_SENT;
    break;
  case OUTCOME_FAILED: {
    event = "failed";
    struct envelope_note note;
    envelope_note_unpack(message->note, &note);
    if (note.no_report)
      recipient->state = STORE_PARKED; /* no one may be told: an operator decides */
    else
      turn_over(recipient, outcome, true);
    envelope_note_clear(&note);
    break;
  }
  default:
    event = "deferred";
    recipient->attempts++;
    recipient->due_us = relay_now_us() + hop_retry_us(relay, recipient->attempts);
    audit_number(audit, "attempt", recipient->attempts);
    audit_number(audit, "next-try", recipient->due_us / G_USEC_PER_SEC);
    break;
  }
  store_txn_recipient(txn, message->id, recipient, false);
  audit_record(audit, txn, message->id, (gint)recipient->ordinal, event);
  return event;
}

struct finished {
  struct hop *hop;
  bool report;
  gint64 due_us;
};

static void outcome_committed(void *user, const GError *error)
{
  struct finished *finished = user;
  struct relay *relay = finished->hop->relay;
  relay_point("outcome-after-commit");
  if (error) {
    relay_log(LOG_ALARM, "store", "an outcome could not be recorded: %s", error->message);
    relay_stop(relay, 75);
  } else if (finished->report) {
    hop_kick(relay, HOP_REPORT);
  }
  if (finished->due_us && !relay->stopping)
    hop_arm(finished->hop, finished->due_us);
  finished->hop->sending--;
  relay->active--;
  hop_pump(finished->hop);
  g_free(finished);
}

void delivery_finish(struct delivery *delivery, const char *words)
{
  struct hop *hop = delivery->hop;
  struct finished *finished = g_new0(struct finished, 1);
  finished->hop = hop;
  struct store_txn *txn = store_txn_new();
  for (guint i = 0; i < delivery->message->recipients->len; i++) {
    const char *event = settle(delivery, i, words, txn);
    const struct store_recipient *recipient = delivery->message->recipients->pdata[i];
    finished->report = finished->report || g_strcmp0(recipient->hop, HOP_REPORT) == 0;
    if (strcmp(event, "deferred") == 0)
      finished->due_us = finished->due_us ? MIN(finished->due_us, recipient->due_us) : recipient->due_us;
    g_autofree char *id = store_id_format(delivery->message->id);
    relay_log(LOG_INF, event, "message=%s hop=%s to=%s code=%s words=\"%s\"", id, hop->name,
              recipient->mapped ? recipient->mapped : recipient->address,
              recipient->code ? recipient->code : "-", recipient->reason ? recipient->reason : "");
  }
  for (guint i = 0;
       delivery->written && delivery->written->identifiers && i < delivery->written->identifiers->len; i++) {
    const struct mapping_identifier *identifier = delivery->written->identifiers->pdata[i];
    store_txn_identifier(txn, delivery->message->id, identifier->kind, identifier->value);
  }
  relay_point("outcome-before-commit");
  store_commit(hop->relay->store, txn, outcome_committed, finished);
  delivery_free(delivery);
}

void hop_unreachable(struct hop *hop, const char *words)
{
  hop->failures++;
  gint64 pause = hop_retry_us(hop->relay, hop->failures);
  hop->blocked_until_us = relay_now_us() + pause;
  g_free(hop->last_error);
  hop->last_error = g_strdup(words);
  relay_log(LOG_WARN, "unreachable", "hop=%s failures=%u next-try=%" G_GINT64_FORMAT "s words=\"%s\"",
            hop->name, hop->failures, pause / G_USEC_PER_SEC, words);
  struct delivery *delivery;
  while ((delivery = hop_take(hop)) != NULL)
    delivery_finish(delivery, words);
  hop_pump(hop);
}

void hop_reached(struct hop *hop)
{
  hop->failures = 0;
  hop->blocked_until_us = 0;
  g_clear_pointer(&hop->last_error, g_free);
}

void hop_session(struct hop *hop, gint change)
{
  hop->sessions = (guint)((gint)hop->sessions + change);
}
