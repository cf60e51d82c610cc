#include "relay/hop.h"

#include "relay/audit.h"
#include "relay/answers.h"
#include "relay/body.h"
#include "relay/envelope.h"
#include "relay/looking.h"
#include "relay/p1_out.h"
#include "relay/reporting.h"
#include "relay/reroute.h"
#include "relay/smtp_out.h"

#include <string.h>
#include <unistd.h>

#define CLAIM_MAX 64u                      /* asked of the store at once */
#define SHARES 4u                          /* of active-max: one is what may wait in memory for one hop */
#define AHEAD_MAX 16u                      /* converted before a session is free for them */
#define ATTEMPTS_MAX 2u                    /* of a conversion job: one retry, then parked */
#define DUE_STEP_US (G_USEC_PER_SEC / 20) /* due times are rounded up to it: so many can wait in a minute at most */
#define STANDSTILL_US (2 * G_USEC_PER_SEC) /* nothing left in this time: others go before */

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

static gint most_urgent(const GQueue queues[3])
{
  gint priority = STORE_URGENT;
  while (priority >= 0 && queues[priority].length == 0)
    priority--;
  return priority;
}

static struct delivery *pop(GQueue queues[3])
{
  gint priority = most_urgent(queues);
  return priority >= 0 ? g_queue_pop_head(&queues[priority]) : NULL;
}

static guint rank(const struct delivery *delivery)
{
  return MIN(delivery->message->priority, STORE_URGENT);
}

static gint64 due(const struct hop *hop, guint index)
{
  return g_array_index(hop->dues, gint64, index);
}

static void start_timer(struct hop *hop)
{
  if (hop->dues->len > 0)
    net_timer_start(hop->timer, (guint64)MAX(due(hop, 0) - relay_now_us(), 0) / 1000 + 1, 0);
}

/* The loop's clock may lie behind ours: a timer that rings too early finds nothing due and is set again. */
static void hop_timer(void *user)
{
  struct hop *hop = user;
  gint64 now = relay_now_us();
  guint over = 0;
  while (over < hop->dues->len && due(hop, over) <= now)
    over++;
  g_array_remove_range(hop->dues, 0, over);
  start_timer(hop);
  if (over == 0)
    return;
  hop->more = true;
  hop_pump(hop);
}

void hop_arm(struct hop *hop, gint64 at_us)
{
  gint64 at = (at_us / DUE_STEP_US + 1) * DUE_STEP_US;
  if (hop->dues->len > 0 && at - relay_now_us() > HOP_REVIEW_US && at > due(hop, 0))
    return;
  guint place = hop->dues->len;
  while (place > 0 && due(hop, place - 1) > at)
    place--;
  if (place > 0 && due(hop, place - 1) == at)
    return;
  g_array_insert_val(hop->dues, place, at);
  if (place == 0)
    start_timer(hop);
}

static void hop_free(void *data)
{
  struct hop *hop = data;
  release_all(hop->fresh);
  release_all(hop->prepared);
  net_timer_free(hop->timer);
  g_array_unref(hop->dues);
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
  hop->dues = g_array_new(FALSE, FALSE, sizeof(gint64));
  hop->wake = g_str_has_prefix(name, "p1:")     ? p1_out_wake
              : g_str_has_prefix(name, "smtp:") ? smtp_out_wake
              : strcmp(name, MAPPING_HOP_LOOKUP) == 0 ? looking_wake
                                                : reporting_wake;
  g_hash_table_insert(relay->hops, hop->name, hop);
  return hop;
}

gint64 hop_retry_us(const struct hop *hop, guint attempts)
{
  const struct config *config = hop->relay->config;
  const struct config_peer *peer =
      g_str_has_prefix(hop->name, "p1:") ? config_peer(config, hop->name + strlen("p1:")) : NULL;
  double seconds = peer ? peer->retry_first_s : config->retry_first_s;
  double most = peer ? peer->retry_max_s : config->retry_max_s;
  for (guint i = 1; i < attempts && seconds < most; i++)
    seconds *= config->retry_factor_percent / 100.0;
  return (gint64)(MIN(seconds, most) * G_USEC_PER_SEC);
}

/* Converted or on the way there, of this priority and above. */
static guint ahead_of(const struct hop *hop, gint priority)
{
  guint count = 0;
  for (gint i = priority; i <= STORE_URGENT; i++)
    count += hop->converting[i] + hop->prepared[i].length;
  return count;
}

/* Something waits, and nothing has moved for a while: its peer is slow, or does not answer. */
static bool stands_still(const struct hop *hop)
{
  return g_get_monotonic_time() - hop->moved_us > STANDSTILL_US;
}

static bool is_empty(const struct hop *hop)
{
  return waiting_in(hop->fresh) == 0 && ahead_of(hop, 0) == 0 && !hop->sending;
}

/* A hop that is slower than what comes for it leaves the memory that all share to the others; urgent
 * deliveries do not go by way of the store. */
static bool is_full(const struct hop *hop, enum store_priority priority)
{
  return priority < STORE_URGENT && waiting_in(hop->fresh) >= MAX(hop->relay->config->active_max / SHARES, 1);
}

/* Deliveries of one hop fill the memory that all share only while they leave. */
void hops_relieve(struct relay *relay)
{
  GHashTableIter iterator;
  gpointer value;
  g_hash_table_iter_init(&iterator, relay->hops);
  while (g_hash_table_iter_next(&iterator, NULL, &value)) {
    struct hop *hop = value;
    if (waiting_in(hop->fresh) > 0 && stands_still(hop)) {
      release_all(hop->fresh);
      hop->more = true;
    }
  }
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
  if (is_empty(hop))
    hop->moved_us = g_get_monotonic_time();
  hop->relay->active++;
  g_queue_push_tail(&hop->fresh[rank(delivery)], delivery);
  return delivery;
}

/* One delivery for all recipients that may share a message (job.h: apart), or are told of in one report; takes
 * it. */
static void deliver(struct hop *hop, struct store_message *message)
{
  for (;;) {
    struct store_message *rest = NULL;
    guint apart = envelope_apart(message->recipients->pdata[0]);
    for (guint i = 1; i < message->recipients->len;) {
      if (hop->wake == reporting_wake || envelope_apart(message->recipients->pdata[i]) == apart) {
        i++;
        continue;
      }
      if (!rest)
        rest = envelope_part(message);
      g_ptr_array_add(rest->recipients, g_ptr_array_steal_index(message->recipients, i));
    }
    delivery_new(hop, message);
    if (!rest)
      return;
    message = rest;
  }
}

void hops_give(struct relay *relay, struct store_message *message)
{
  g_autoptr(GHashTable) parts = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) touched = g_ptr_array_new();
  gint64 now = relay_now_us();
  reroute_blocked(relay, message);
  for (guint i = 0; i < message->recipients->len; i++) {
    struct store_recipient *recipient = message->recipients->pdata[i];
    struct hop *hop =
        recipient->state == STORE_ROUTED && recipient->hop ? hop_find(relay, recipient->hop) : NULL;
    if (!hop)
      continue;
    bool rests = hop->blocked_until_us > now || hop->failures > 0;
    if (recipient->due_us > now || rests || is_full(hop, message->priority)) {
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
    deliver(hop, part);
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
  bool moves = reroute_is_due(hop);
  for (guint i = 0; i < count; i++) {
    struct store_message *message = g_steal_pointer(&messages->pdata[i]);
    /* the first finds out whether the hop is back; what has no other way waits as before */
    if (!moves || i == 0 || reroute_message(hop, message))
      deliver(hop, message);
    else
      store_message_free(message);
  }
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
    else if (waiting->due_us - soon < HOP_REVIEW_US)
      hop_arm(hop_find(relay, waiting->hop), waiting->due_us);
  }
  g_ptr_array_unref(hops);
}

static gboolean is_idle(gpointer key, gpointer value, gpointer user)
{
  (void)key;
  (void)user;
  struct hop *hop = value;
  return is_empty(hop) && !hop->sessions && !hop->claiming && !hop->failures &&
         g_str_has_prefix(hop->name, "smtp:") && smtp_out_retire(hop);
}

void hops_review(struct relay *relay)
{
  g_hash_table_foreach_remove(relay->hops, is_idle, NULL);
  store_hops(relay->store, got_hops, relay);
}

void hops_reconsider(struct relay *relay)
{
  GHashTableIter iterator;
  gpointer value;
  g_hash_table_iter_init(&iterator, relay->hops);
  while (g_hash_table_iter_next(&iterator, NULL, &value)) {
    struct hop *hop = value;
    if (hop->resting)
      hop_reached(hop);
  }
  hops_review(relay);
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

static void convert_again(struct delivery *delivery)
{
  struct hop *hop = delivery->hop;
  close(delivery->fd);
  delivery->fd = -1;
  g_queue_push_tail(&hop->fresh[rank(delivery)], delivery);
  hop_pump(hop);
}

/* What the conversion lacked is there, or is not to be had now: an envelope's address waits with the delivery,
 * those of the heading only for a while (RFC 2156 4.2.1). */
static void looked_up(void *user, enum answers_outcome outcome, const char *words)
{
  struct delivery *delivery = user;
  struct hop *hop = delivery->hop;
  hop->converting[rank(delivery)]--;
  switch (outcome) {
  case ANSWERS_AGAIN:
    convert_again(delivery);
    break;
  case ANSWERS_WAIT:
    hop->sending++;
    delivery_outcome(delivery, G_MAXUINT, OUTCOME_DEFERRED, "4.4.3", words, NULL);
    delivery_finish(delivery, NULL);
    break;
  case ANSWERS_STOPPED:
    hop->relay->active--;
    delivery_free(delivery);
    break;
  }
}

static void converted(void *user, struct mapping_result *result, const char *failure)
{
  struct delivery *delivery = user;
  struct hop *hop = delivery->hop;
  if (result && result->status == MAPPING_LACKS) {
    answers_seek(hop->relay, delivery->message, result->lookups, MAPPING_WRITE, &delivery->rounds, looked_up,
                 delivery);
    mapping_result_free(result);
    return;
  }
  hop->converting[rank(delivery)]--;
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
    convert_again(delivery);
    return;
  }
  delivery->written = result;
  if (result->status != MAPPING_OK) {
    hop_park(hop->relay, delivery->message->id,
             result->words ? result->words : "conversion refused without words");
    drop_parked(delivery);
    return;
  }
  delivery_take_refusals(delivery);
  delivery_refuse_oversize(delivery);
  if (delivery_settled(delivery)) {
    hop->sending++;
    delivery_finish(delivery, NULL);
    return;
  }
  g_queue_push_tail(&hop->prepared[rank(delivery)], delivery);
  hop->wake(hop);
  hop_pump(hop);
}

static void convert(struct delivery *delivery)
{
  struct hop *hop = delivery->hop;
  struct relay *relay = hop->relay;
  g_autoptr(GError) error = NULL;
  if (delivery_refuse_late(delivery)) {
    hop->sending++;
    delivery_finish(delivery, NULL);
    return;
  }
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
  answers_give(relay, delivery->message, job);
  hop->converting[rank(delivery)]++;
  converters_submit(relay->converters, job, hop->name, delivery->message->priority, converted, delivery);
}

/* An urgent delivery does not wait for a place that less urgent ones have. */
static void convert_ahead(struct hop *hop)
{
  /* after failures one delivery alone finds out whether the hop is back */
  guint most = hop->failures > 0 ? 1 : AHEAD_MAX;
  for (gint priority = STORE_URGENT; priority >= STORE_NON_URGENT; priority--)
    while (hop->fresh[priority].length > 0 && ahead_of(hop, priority) < most)
      convert(g_queue_pop_head(&hop->fresh[priority]));
}

static void move_all(struct hop *hop)
{
  struct delivery *delivery;
  while ((delivery = pop(hop->fresh)) != NULL)
    g_queue_push_tail(&hop->prepared[rank(delivery)], delivery);
}

void hop_pump(struct hop *hop)
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
  if (hop->wake == reporting_wake || hop->wake == looking_wake) /* these have their own jobs */
    move_all(hop);
  else
    convert_ahead(hop);
  if (waiting_in(hop->prepared) > 0)
    hop->wake(hop);
  bool slow = stands_still(hop) && ahead_of(hop, 0) > 0; /* enough is here */
  bool room = !slow && waiting_in(hop->fresh) < CLAIM_MAX / 4;
  if (hop->more && !hop->claiming && room && !relay_is_crowded(relay)) {
    hop->claiming = true;
    hop->more = false; /* what turns up from now on is not in this answer, and sets it again */
    struct claim *claim = g_new0(struct claim, 1);
    *claim = (struct claim){.relay = relay,
                            .hop = g_strdup(hop->name),
                            .asked = hop->failures > 0 && !reroute_is_due(hop) ? 1 : CLAIM_MAX};
    store_claim_hop(relay->store, hop->name, now, claim->asked, claimed, claim);
  }
  if (hop_expects(hop) < 0 && !hop_is_asking(hop))
    hop->wake(hop); /* there is no more: a turn that was kept for it may go */
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
  return hop_urgency(hop) >= 0;
}

gint hop_urgency(const struct hop *hop)
{
  return most_urgent(hop->prepared);
}

gint hop_expects(const struct hop *hop)
{
  gint priority = STORE_URGENT;
  while (priority >= 0 &&
         hop->prepared[priority].length + hop->fresh[priority].length + hop->converting[priority] == 0)
    priority--;
  return priority;
}

bool hop_is_asking(const struct hop *hop)
{
  return hop->claiming || (hop->more && hop->sending > 0);
}

guint hop_waiting(const struct hop *hop)
{
  return waiting_in(hop->prepared);
}

void hop_moved(struct hop *hop)
{
  hop->moved_us = g_get_monotonic_time();
}

void hop_return(struct delivery *delivery)
{
  struct hop *hop = delivery->hop;
  hop->sending--;
  g_queue_push_head(&hop->prepared[rank(delivery)], delivery);
}

void hop_drop(struct hop *hop)
{
  hop->sending--;
  hop->relay->active--;
  hop_pump(hop);
}

void hop_unreachable(struct hop *hop, const char *words)
{
  if (hop->failures++ == 0)
    hop->down_since_us = relay_now_us();
  gint64 pause = reroute_pause_us(hop, hop_retry_us(hop, hop->failures));
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

void hop_rest(struct hop *hop, gint64 until_us, const char *words)
{
  hop->blocked_until_us = until_us;
  g_free(hop->last_error);
  hop->last_error = g_strdup(words);
  hop->resting = true;
  release_all(hop->prepared);
  hop_pump(hop);
}

void hop_reached(struct hop *hop)
{
  hop->failures = 0;
  hop->down_since_us = 0;
  hop->blocked_until_us = 0;
  hop->resting = false;
  g_clear_pointer(&hop->last_error, g_free);
}

void hop_called(struct hop *hop)
{
  hop_reached(hop);
  hop->more = true;
  hop_pump(hop);
}

void hop_session(struct hop *hop, gint change)
{
  hop->sessions = (guint)((gint)hop->sessions + change);
}
