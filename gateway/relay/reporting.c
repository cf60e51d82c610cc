#include "relay/reporting.h"

#include "relay/answers.h"
#include "relay/audit.h"
#include "relay/body.h"
#include "relay/envelope.h"

#include <string.h>
#include <unistd.h>

#define CLAIM_MAX 64u

struct reporter {
  guint rounds; /* of look-ups */
  struct relay *relay;
  struct hop *hop;
  struct delivery *delivery; /* of hop "report": its recipients are the outcomes */
  int fd;
  struct store_message *report; /* handed on when committed */
  GPtrArray *woken;             /* hops of recipients that go on to an alternate */
};

static void run(struct reporter *reporter);

/* Ends the work on this delivery without touching its recipients' rows again. */
static void finish(struct reporter *reporter)
{
  struct hop *hop = reporter->hop;
  if (reporter->fd >= 0)
    close(reporter->fd);
  g_ptr_array_unref(reporter->woken);
  g_free(reporter);
  hop_drop(hop);
}

static void report_committed(void *user, const GError *error)
{
  struct reporter *reporter = user;
  relay_point("report-after-commit");
  if (error) {
    relay_log(LOG_ALARM, "store", "a report could not be queued: %s", error->message);
    if (reporter->report)
      store_message_free(reporter->report);
    relay_stop(reporter->relay, 75);
  } else {
    if (reporter->report)
      hops_give(reporter->relay, reporter->report);
    for (guint i = 0; i < reporter->woken->len; i++)
      hop_kick(reporter->relay, reporter->woken->pdata[i]);
  }
  finish(reporter);
}

static bool load_report(struct reporter *reporter, guint64 size, struct store_message *report, GError **error)
{
  struct body *body = body_new(reporter->relay->store);
  guint8 block[65536];
  for (guint64 offset = 0; offset < size;) {
    ssize_t got = pread(reporter->fd, block, MIN(sizeof block, size - offset), (off_t)offset);
    if (got <= 0 || !body_append(body, block, (gsize)got, error)) {
      if (error && !*error)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "the converter's output is shorter than it said");
      body_discard(body);
      return false;
    }
    offset += (guint64)got;
  }
  body_finish(body, report);
  return true;
}

/* The report as a message in the queue, its recipients routed; NULL when nobody is to be told. */
static struct store_message *make_report(struct reporter *reporter, struct mapping_result *result,
                                         GError **error)
{
  struct relay *relay = reporter->relay;
  const struct store_message *subject = reporter->delivery->message;
  struct store_message *report = store_message_new();
  report->id = store_new_id(relay->store);
  report->parent = subject->id;
  report->state = STORE_ROUTED;
  report->received_us = relay_now_us();
  report->expires_us = report->received_us + (gint64)relay->config->lifetime_s * G_USEC_PER_SEC;
  report->origin = g_strdup("report");
  report->priority = STORE_NORMAL;
  report->generation = converters_generation(relay->converters);
  report->envelope = envelope_pack_report(result->format);
  result->no_report = true; /* never a report on a report */
  report->note = envelope_note_pack(result, NULL);
  if (!load_report(reporter, result->size, report, error)) {
    store_message_free(report);
    return NULL;
  }
  for (guint i = 0; i < result->recipients->len; i++) {
    const struct mapping_recipient *to = result->recipients->pdata[i];
    struct store_recipient *recipient = store_recipient_new(to->ordinal);
    recipient->state = to->hop ? STORE_ROUTED : STORE_PARKED;
    recipient->address = g_strdup(to->address ? to->address : to->mapped);
    recipient->mapped = g_strdup(to->mapped);
    recipient->hop = g_strdup(to->hop ? to->hop : "none");
    recipient->code = g_strdup(to->code);
    recipient->reason = g_strdup(to->words);
    recipient->detail = envelope_outcome_pack(to);
    g_ptr_array_add(report->recipients, recipient);
  }
  return report;
}

static void record_report(struct store_txn *txn, const struct store_message *report,
                          const struct mapping_result *result)
{
  store_txn_receive(txn, report);
  store_txn_route(txn, report, true);
  for (guint i = 0; result->identifiers && i < result->identifiers->len; i++) {
    const struct mapping_identifier *identifier = result->identifiers->pdata[i];
    store_txn_identifier(txn, report->id, identifier->kind, identifier->value);
  }
  const struct store_recipient *to = report->recipients->pdata[0];
  g_autofree char *about = store_id_format(report->parent);
  struct audit *audit = audit_new();
  audit_text(audit, "about", about);
  audit_text(audit, "to", to->mapped ? to->mapped : to->address);
  audit_text(audit, "hop", to->hop);
  audit_number(audit, "octets", (gint64)report->size);
  if (result->losses && result->losses->len > 0)
    audit_texts(audit, "losses", result->losses);
  audit_record(audit, txn, report->id, -1, "report-made");
}

/* X.411 8.2.1.1.1.5: the message goes on to the recipient's alternate, once. */
static void redirect(struct reporter *reporter, struct store_recipient *recipient,
                     const struct mapping_recipient *alternate, struct store_txn *txn)
{
  guint64 subject = reporter->delivery->message->id;
  struct audit *audit = audit_new();
  audit_text(audit, "from", recipient->address);
  audit_text(audit, "to", alternate->address);
  audit_text(audit, "hop", alternate->hop);
  audit_text(audit, "code", recipient->code);
  audit_text(audit, "words", recipient->reason);
  struct store_recipient *onward = store_recipient_new(recipient->ordinal);
  onward->state = STORE_ROUTED;
  onward->mapped = g_strdup(alternate->mapped);
  onward->hop = g_strdup(alternate->hop);
  onward->detail = envelope_outcome_pack(alternate);
  store_txn_recipient(txn, subject, onward, false);
  audit_record(audit, txn, subject, (gint)recipient->ordinal, "redirected");
  g_ptr_array_add(reporter->woken, g_strdup(alternate->hop));
  store_recipient_free(onward);
}

static const struct mapping_recipient *alternate_of(const struct mapping_result *result, guint ordinal)
{
  for (guint i = 0; i < result->redirected->len; i++) {
    const struct mapping_recipient *redirected = result->redirected->pdata[i];
    if (redirected->ordinal == ordinal && redirected->hop)
      return redirected;
  }
  return NULL;
}

static void settle(struct reporter *reporter, struct store_recipient *recipient,
                   const struct mapping_result *result, const char *report, struct store_txn *txn)
{
  const struct mapping_recipient *alternate = alternate_of(result, recipient->ordinal);
  if (alternate) {
    redirect(reporter, recipient, alternate, txn);
    return;
  }
  guint64 subject = reporter->delivery->message->id;
  recipient->state = STORE_REPORTED;
  store_txn_recipient(txn, subject, recipient, false);
  struct audit *audit = audit_new();
  audit_text(audit, "recipient", recipient->mapped ? recipient->mapped : recipient->address);
  audit_text(audit, "code", recipient->code);
  audit_text(audit, "words", recipient->reason);
  audit_text(audit, "report", report);
  if (!report)
    audit_text(audit, "not-reported", result->words ? result->words : "the originator asked for no report");
  audit_record(audit, txn, subject, (gint)recipient->ordinal, "reported");
}

/* Deferred, each recipient keeps the outcome that is to be told. */
static void wait_for_look_ups(struct reporter *reporter)
{
  struct delivery *delivery = reporter->delivery;
  for (guint i = 0; i < delivery->message->recipients->len; i++) {
    const struct store_recipient *recipient = delivery->message->recipients->pdata[i];
    delivery_outcome(delivery, i, OUTCOME_DEFERRED, recipient->code, recipient->reason, NULL);
  }
  close(reporter->fd);
  g_ptr_array_unref(reporter->woken);
  g_free(reporter);
  delivery_finish(delivery, NULL);
}

static void sought(void *user, enum answers_outcome outcome, const char *words)
{
  struct reporter *reporter = user;
  (void)words;
  if (outcome == ANSWERS_AGAIN) {
    close(reporter->fd);
    reporter->fd = -1;
    run(reporter);
  } else if (outcome == ANSWERS_WAIT) {
    wait_for_look_ups(reporter);
  } else {
    delivery_free(reporter->delivery);
    finish(reporter);
  }
}

static void reported(void *user, struct mapping_result *result, const char *failure)
{
  struct reporter *reporter = user;
  struct relay *relay = reporter->relay;
  struct store_message *subject = reporter->delivery->message;
  if (!result && !failure) {
    delivery_free(reporter->delivery);
    finish(reporter);
    return;
  }
  if (!result) {
    if (hop_poison(relay, subject, failure)) {
      close(reporter->fd);
      reporter->fd = -1;
      run(reporter);
    } else {
      delivery_free(reporter->delivery);
      finish(reporter);
    }
    return;
  }
  if (result->status == MAPPING_LACKS) {
    answers_seek(relay, subject, result->lookups, MAPPING_REPORT, &reporter->rounds, sought, reporter);
    mapping_result_free(result);
    return;
  }
  g_autoptr(GError) error = NULL;
  bool wanted = result->status == MAPPING_OK && result->recipients && result->recipients->len > 0;
  struct store_message *report = wanted ? make_report(reporter, result, &error) : NULL;
  if (result->status != MAPPING_OK || error) {
    g_autofree char *words =
        g_strdup_printf("its report cannot be made: %s", error           ? error->message
                                                         : result->words ? result->words
                                                                         : "no reason given");
    hop_park(relay, subject->id, words);
    delivery_free(reporter->delivery);
    mapping_result_free(result);
    finish(reporter);
    return;
  }
  struct store_txn *txn = store_txn_new();
  if (report)
    record_report(txn, report, result);
  g_autofree char *id = report ? store_id_format(report->id) : NULL;
  for (guint i = 0; i < subject->recipients->len; i++)
    settle(reporter, subject->recipients->pdata[i], result, id, txn);
  delivery_free(reporter->delivery);
  mapping_result_free(result);
  reporter->report = report;
  relay_point("report-before-commit");
  store_commit(relay->store, txn, report_committed, reporter);
}

static void run(struct reporter *reporter)
{
  struct relay *relay = reporter->relay;
  struct store_message *subject = reporter->delivery->message;
  g_autoptr(GError) error = NULL;
  struct mapping_job *job = envelope_job(relay->store, subject, MAPPING_REPORT, &error);
  if (job) {
    struct envelope_note note;
    envelope_note_unpack(subject->note, &note);
    job->recipients_total = MAX(note.recipients_total, job->recipients->len);
    envelope_note_clear(&note);
    job->now_us = relay_now_us();
    job->out_fd = body_output(relay->scratch, subject->size, &error);
    if (job->out_fd >= 0)
      reporter->fd = dup(job->out_fd);
  }
  if (!job || reporter->fd < 0) {
    g_autofree char *words =
        g_strdup_printf("its report cannot be made: %s", error ? error->message : "no descriptor");
    if (job)
      mapping_job_free(job);
    hop_park(relay, subject->id, words);
    delivery_free(reporter->delivery);
    finish(reporter);
    return;
  }
  answers_give(relay, subject, job);
  converters_submit(relay->converters, job, HOP_REPORT, subject->priority, reported, reporter);
}

void reporting_wake(struct hop *hop)
{
  struct delivery *delivery;
  while ((delivery = hop_take(hop)) != NULL) {
    struct reporter *reporter = g_new0(struct reporter, 1);
    *reporter = (struct reporter){.relay = hop->relay,
                                  .hop = hop,
                                  .delivery = delivery,
                                  .fd = -1,
                                  .woken = g_ptr_array_new_with_free_func(g_free)};
    run(reporter);
  }
}

/* --- the end of a lifetime
 * -------------------------------------------------------------------------------------------------- */

/* Only now does the hop find them. */
static void expiry_committed(void *user, const GError *error)
{
  struct relay *relay = user;
  if (error) {
    relay_log(LOG_ALARM, "store", "the end of a lifetime could not be recorded: %s", error->message);
    relay_stop(relay, 75);
  } else {
    hop_kick(relay, HOP_REPORT);
  }
}

static void got_expired(void *user, GPtrArray *messages, const GError *error)
{
  struct relay *relay = user;
  if (error) {
    relay_log(LOG_ERR, "store", "looking for the expired: %s", error->message);
    return;
  }
  guint expired = 0;
  bool waiting = false;
  for (guint i = 0; i < messages->len; i++) {
    struct store_message *message = messages->pdata[i];
    struct store_txn *txn = store_txn_new();
    struct envelope_note note;
    envelope_note_unpack(message->note, &note);
    for (guint k = 0; k < message->recipients->len; k++) {
      struct store_recipient *recipient = message->recipients->pdata[k];
      if (g_strcmp0(recipient->hop, HOP_REPORT) == 0) {
        /* its report is on the way, but the hop may have asked for it while it was claimed here */
        store_unclaim(relay->store, message->id, (gint)recipient->ordinal);
        waiting = true;
        continue;
      }
      expired++;
      bool late = note.latest_us && relay_now_us() >= note.latest_us;
      g_autofree char *words = g_strdup_printf(
          "not delivered %s; last: %s", late ? "by its latest delivery time" : "within the queue's lifetime",
          recipient->reason ? recipient->reason : "never tried");
      struct mapping_recipient *told = envelope_recipient(recipient);
      told->failed = true;
      told->action = MAPPING_FAILED;
      told->time_us = relay_now_us();
      g_clear_pointer(&recipient->detail, g_bytes_unref);
      recipient->detail = envelope_outcome_pack(told);
      mapping_recipient_free(told);
      g_free(recipient->code);
      recipient->code = g_strdup("5.4.7");
      g_free(recipient->reason);
      recipient->reason = g_strdup(words);
      struct audit *audit = audit_new();
      audit_text(audit, "hop", recipient->hop);
      audit_text(audit, "words", words);
      g_free(recipient->hop);
      recipient->hop = g_strdup(HOP_REPORT);
      recipient->due_us = 0;
      if (note.no_report)
        recipient->state = STORE_PARKED;
      store_txn_recipient(txn, message->id, recipient, false);
      audit_record(audit, txn, message->id, (gint)recipient->ordinal, "expired");
    }
    envelope_note_clear(&note);
    store_commit(relay->store, txn, expiry_committed, relay);
  }
  if (waiting)
    hop_kick(relay, HOP_REPORT);
  if (expired > 0 && messages->len == CLAIM_MAX)
    reporting_expire(relay);
  g_ptr_array_unref(messages);
}

void reporting_expire(struct relay *relay)
{
  store_claim_expired(relay->store, relay_now_us(), CLAIM_MAX, got_expired, relay);
}
