/* delivery.c - one message for one hop, from its claim to the record of what became of each recipient. */
#include "relay/delivery.h"

#include "relay/audit.h"
#include "relay/envelope.h"
#include "relay/hop.h"
#include "relay/reroute.h"

#include <string.h>
#include <unistd.h>

void delivery_free(struct delivery *delivery)
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

void delivery_release(struct delivery *delivery)
{
  struct relay *relay = delivery->hop->relay;
  for (guint i = 0; relay->store && i < delivery->message->recipients->len; i++) {
    const struct store_recipient *recipient = delivery->message->recipients->pdata[i];
    store_unclaim(relay->store, delivery->message->id, (gint)recipient->ordinal);
  }
  relay->active--;
  delivery_free(delivery);
}

/* --- outcomes ------------------------------------------------------------------------------------------ */

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

void delivery_take_refusals(struct delivery *delivery)
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

static void refuse_all(struct delivery *delivery, const char *code, gint reason, gint diagnostic,
                       const char *words)
{
  delivery_outcome(delivery, G_MAXUINT, OUTCOME_FAILED, code, words, NULL);
  for (guint i = 0; i < delivery->message->recipients->len; i++) {
    struct outcome *outcome = &delivery->outcomes[i];
    if (g_strcmp0(outcome->words, words) != 0)
      continue;
    outcome->reason = reason;
    outcome->diagnostic = diagnostic;
  }
}

bool delivery_refuse_late(struct delivery *delivery)
{
  struct envelope_note note;
  envelope_note_unpack(delivery->message->note, &note);
  bool late = note.latest_us && relay_now_us() >= note.latest_us;
  envelope_note_clear(&note);
  if (late)
    refuse_all(delivery, "5.4.7", 1, 5, "its latest delivery time has passed");
  return late;
}

void delivery_refuse_oversize(struct delivery *delivery)
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
  refuse_all(delivery, "5.3.4", 1, 7, words);
}

bool delivery_settled(const struct delivery *delivery)
{
  for (guint i = 0; i < delivery->message->recipients->len; i++)
    if (delivery->outcomes[i].kind == OUTCOME_NONE)
      return false;
  return true;
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
  case OUTCOME_MAPPED:
    event = "routed";
    audit_text(audit, "next", recipient->hop);
    recipient->due_us = 0;
    recipient->attempts = 0;
    break;
  default:
    if (reroute_is_due(delivery->hop) && reroute_recipient(delivery->hop, recipient)) {
      event = "rerouted";
      audit_text(audit, "next", recipient->hop);
      break;
    }
    event = "deferred";
    recipient->attempts++;
    recipient->due_us = relay_now_us() + hop_retry_us(delivery->hop, recipient->attempts);
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
  GPtrArray *others; /* char*: hops that got a recipient of it: for its report, or as another way */
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
  }
  for (guint i = 0; !error && i < finished->others->len; i++)
    hop_kick(relay, finished->others->pdata[i]);
  if (finished->due_us && !relay->stopping)
    hop_arm(finished->hop, finished->due_us);
  finished->hop->sending--;
  hop_moved(finished->hop);
  relay->active--;
  hop_pump(finished->hop);
  g_ptr_array_unref(finished->others);
  g_free(finished);
}

void delivery_finish(struct delivery *delivery, const char *words)
{
  struct hop *hop = delivery->hop;
  struct finished *finished = g_new0(struct finished, 1);
  finished->hop = hop;
  finished->others = g_ptr_array_new_with_free_func(g_free);
  struct store_txn *txn = store_txn_new();
  for (guint i = 0; i < delivery->message->recipients->len; i++) {
    const char *event = settle(delivery, i, words, txn);
    const struct store_recipient *recipient = delivery->message->recipients->pdata[i];
    if (g_strcmp0(recipient->hop, hop->name) != 0)
      g_ptr_array_add(finished->others, g_strdup(recipient->hop));
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
