#include "relay/looking.h"

#include "relay/answers.h"
#include "relay/envelope.h"

#include <string.h>

struct looker {
  struct hop *hop;
  struct delivery *delivery;
  guint rounds;
};

static void run(struct looker *looker);

/* The delivery is let go: settled elsewhere, or the relay stops. */
static void drop(struct looker *looker, bool stopping)
{
  struct hop *hop = looker->hop;
  delivery_free(looker->delivery);
  g_free(looker);
  if (!stopping)
    hop_drop(hop);
}

static const struct mapping_recipient *find(const struct mapping_result *result, guint ordinal)
{
  for (guint i = 0; i < result->recipients->len; i++) {
    const struct mapping_recipient *recipient = result->recipients->pdata[i];
    if (recipient->ordinal == ordinal)
      return recipient;
  }
  return NULL;
}

/* Where the recipient goes, now that its mapping is known. */
static void settle(struct delivery *delivery, guint index, const struct mapping_recipient *read)
{
  struct store_recipient *recipient = delivery->message->recipients->pdata[index];
  if (!read || read->failed || !read->hop) {
    delivery_outcome(delivery, index, OUTCOME_FAILED, read && read->code ? read->code : "5.1.1",
                     read && read->words ? read->words : "its address has no mapping", NULL);
    delivery->outcomes[index].reason = read ? read->reason : -1;
    delivery->outcomes[index].diagnostic = read ? read->diagnostic : -1;
  } else if (strcmp(read->hop, MAPPING_HOP_LOOKUP) == 0) {
    delivery_outcome(delivery, index, OUTCOME_DEFERRED, read->code, read->words, NULL);
  } else {
    delivery_outcome(delivery, index, OUTCOME_MAPPED, NULL, NULL, NULL);
    g_free(recipient->mapped);
    recipient->mapped = g_strdup(read->mapped);
    g_free(recipient->hop);
    recipient->hop = g_strdup(read->hop);
    g_clear_pointer(&recipient->detail, g_bytes_unref);
    recipient->detail = envelope_outcome_pack(read);
  }
}

static void sought(void *user, enum answers_outcome outcome, const char *words)
{
  struct looker *looker = user;
  (void)words;
  if (outcome == ANSWERS_AGAIN)
    run(looker);
  else
    drop(looker, true);
}

static void was_read(void *user, struct mapping_result *result, const char *failure)
{
  struct looker *looker = user;
  struct relay *relay = looker->hop->relay;
  struct delivery *delivery = looker->delivery;
  if (!result && !failure) {
    drop(looker, true);
  } else if (!result) {
    if (hop_poison(relay, delivery->message, failure))
      run(looker);
    else
      drop(looker, false);
  } else if (result->status == MAPPING_LACKS) {
    answers_seek(relay, delivery->message, result->lookups, MAPPING_READ, &looker->rounds, sought, looker);
    mapping_result_free(result);
  } else if (result->status != MAPPING_OK) {
    hop_park(relay, delivery->message->id, result->words ? result->words : "cannot be read");
    mapping_result_free(result);
    drop(looker, false);
  } else {
    for (guint i = 0; i < delivery->message->recipients->len; i++) {
      const struct store_recipient *recipient = delivery->message->recipients->pdata[i];
      settle(delivery, i, find(result, recipient->ordinal));
    }
    mapping_result_free(result);
    g_free(looker);
    delivery_finish(delivery, NULL);
  }
}

static void run(struct looker *looker)
{
  struct relay *relay = looker->hop->relay;
  struct store_message *message = looker->delivery->message;
  g_autoptr(GError) error = NULL;
  struct mapping_job *job = envelope_job(relay->store, message, MAPPING_READ, &error);
  if (!job) {
    struct delivery *delivery = looker->delivery;
    g_free(looker);
    delivery_finish(delivery, error->message);
    return;
  }
  answers_give(relay, message, job);
  converters_submit(relay->converters, job, message->origin, message->priority, was_read, looker);
}

void looking_wake(struct hop *hop)
{
  struct delivery *delivery;
  while ((delivery = hop_take(hop)) != NULL) {
    struct looker *looker = g_new0(struct looker, 1);
    *looker = (struct looker){.hop = hop, .delivery = delivery};
    run(looker);
  }
}
