#include "relay/answers.h"

#include "relay/audit.h"
#include "relay/lookups.h"

#include <string.h>

#define ANSWER_FORMAT "(usasx)" /* state, words, records, since when it is indeterminate */

/* --- answers as octets ------------------------------------------------------------------------------- */

static GBytes *pack(const struct mapping_lookup *answer, gint64 since_us)
{
  g_ptr_array_add(answer->records, NULL);
  g_autoptr(GVariant) value =
      g_variant_ref_sink(g_variant_new("(us^asx)", (guint)answer->state, answer->words ? answer->words : "",
                                       answer->records->pdata, since_us));
  g_ptr_array_set_size(answer->records, (gint)answer->records->len - 1);
  return g_variant_get_data_as_bytes(value);
}

/* The lookup of a stored answer; NULL when it cannot be understood (it is then asked again). */
static struct mapping_lookup *unpack(const struct store_answer *stored, gint64 *since_us_r)
{
  g_auto(GStrv) key = g_strsplit(stored->key, "\n", 3);
  g_autoptr(GVariant) value =
      g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(ANSWER_FORMAT), stored->octets, FALSE));
  if (g_strv_length(key) != 3 || !g_variant_is_normal_form(value))
    return NULL;
  guint state;
  const char *words;
  g_autofree const char **records = NULL;
  g_variant_get(value, "(u&s^a&sx)", &state, &words, &records, since_us_r);
  if (state > MAPPING_LOOKUP_INDETERMINATE)
    return NULL;
  struct mapping_lookup *lookup = mapping_lookup_new(key[0], key[1], key[2]);
  lookup->state = (enum mapping_lookup_state)state;
  lookup->words = *words ? g_strdup(words) : NULL;
  for (guint i = 0; records[i]; i++)
    g_ptr_array_add(lookup->records, g_strdup(records[i]));
  return lookup;
}

static struct store_answer *find(const struct store_message *message, const char *key)
{
  for (guint i = 0; i < message->answers->len; i++) {
    struct store_answer *answer = message->answers->pdata[i];
    if (strcmp(answer->key, key) == 0)
      return answer;
  }
  return NULL;
}

static void keep(struct store_message *message, const char *key, GBytes *octets, bool fresh)
{
  struct store_answer *answer = find(message, key);
  if (!answer) {
    answer = g_new0(struct store_answer, 1);
    answer->key = g_strdup(key);
    g_ptr_array_add(message->answers, answer);
  }
  g_bytes_unref(answer->octets);
  answer->octets = g_bytes_ref(octets);
  answer->fresh = fresh;
}

/* --- into a job -------------------------------------------------------------------------------------- */

static bool patience_over(const struct relay *relay, gint64 since_us)
{
  return relay_now_us() - since_us >= (gint64)relay->config->header_patience_s * G_USEC_PER_SEC;
}

void answers_give(const struct relay *relay, const struct store_message *message, struct mapping_job *job)
{
  for (guint i = 0; i < message->answers->len; i++) {
    struct store_answer *stored = message->answers->pdata[i];
    gint64 since_us = 0;
    struct mapping_lookup *lookup = unpack(stored, &since_us);
    bool doubtful = lookup && lookup->state == MAPPING_LOOKUP_INDETERMINATE;
    bool given =
        lookup && (!doubtful || (job->kind == MAPPING_READ ? stored->fresh : patience_over(relay, since_us)));
    if (!given) {
      mapping_lookup_free(lookup);
      continue;
    }
    lookup->header = doubtful && job->kind == MAPPING_WRITE;
    g_ptr_array_add(job->answers, lookup);
  }
}

/* --- what is lacking --------------------------------------------------------------------------------- */

struct seeking {
  struct relay *relay;
  struct store_message *message;
  enum mapping_kind kind;
  GPtrArray *answers;
  char *words; /* why to wait; NULL: run again */
  answers_done done;
  void *user;
};

static void end(struct seeking *seeking, enum answers_outcome outcome)
{
  seeking->done(seeking->user, outcome, seeking->words);
  g_clear_pointer(&seeking->answers, g_ptr_array_unref);
  g_free(seeking->words);
  g_free(seeking);
}

static void committed(void *user, const GError *error)
{
  struct seeking *seeking = user;
  if (error) {
    relay_log(LOG_ALARM, "store", "look-ups could not be recorded: %s", error->message);
    relay_stop(seeking->relay, 75);
    end(seeking, ANSWERS_STOPPED);
    return;
  }
  bool stopping = seeking->relay->stopping; /* the converters may be gone */
  end(seeking, stopping ? ANSWERS_STOPPED : seeking->words ? ANSWERS_WAIT : ANSWERS_AGAIN);
}

/* An indeterminate answer: READ goes on with it, others wait; a heading's since when it was first so. */
static void keep_doubt(struct seeking *seeking, const struct mapping_lookup *answer, const char *key,
                       struct store_txn *txn)
{
  struct relay *relay = seeking->relay;
  struct store_answer *before = find(seeking->message, key);
  gint64 since_us = 0;
  if (before)
    mapping_lookup_free(unpack(before, &since_us));
  if (since_us == 0 || (before && before->fresh))
    since_us = relay_now_us();
  bool reading = seeking->kind == MAPPING_READ;
  g_autoptr(GBytes) octets = pack(answer, since_us);
  keep(seeking->message, key, octets, reading);
  if (!reading)
    store_txn_answer(txn, seeking->message->id, key, octets);
  bool encapsulated = (answer->header || seeking->kind == MAPPING_REPORT) && patience_over(relay, since_us);
  if (!reading && !encapsulated && !seeking->words)
    seeking->words = g_strdup_printf("the look-up of %s in %s had no answer: %s", answer->name,
                                     answer->source, answer->words ? answer->words : "no reason given");
}

static void record(struct seeking *seeking)
{
  struct store_txn *txn = store_txn_new();
  g_autoptr(GPtrArray) told = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < seeking->answers->len; i++) {
    const struct mapping_lookup *answer = seeking->answers->pdata[i];
    g_autofree char *key = mapping_lookup_key(answer);
    g_ptr_array_add(told, lookups_words(answer));
    if (answer->state == MAPPING_LOOKUP_INDETERMINATE) {
      keep_doubt(seeking, answer, key, txn);
      continue;
    }
    g_autoptr(GBytes) octets = pack(answer, 0);
    keep(seeking->message, key, octets, false);
    store_txn_answer(txn, seeking->message->id, key, octets);
  }
  audit_record(audit_texts(audit_new(), "answers", told), txn, seeking->message->id, -1, "looked-up");
  store_commit(seeking->relay->store, txn, committed, seeking);
}

static void answered(void *user, GPtrArray *answers)
{
  struct seeking *seeking = user;
  seeking->answers = answers;
  if (answers)
    record(seeking);
  else
    end(seeking, ANSWERS_STOPPED);
}

static GPtrArray *all_in_doubt(const GPtrArray *lacking)
{
  GPtrArray *answers = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_lookup_free);
  for (guint i = 0; i < lacking->len; i++) {
    struct mapping_lookup *answer = mapping_lookup_copy(lacking->pdata[i]);
    answer->state = MAPPING_LOOKUP_INDETERMINATE;
    answer->words = g_strdup("its look-ups lead to further ones, more often than rounds-max allows");
    g_ptr_array_add(answers, answer);
  }
  return answers;
}

void answers_seek(struct relay *relay, struct store_message *message, const GPtrArray *lacking,
                  enum mapping_kind kind, guint *rounds_r, answers_done done, void *user)
{
  struct seeking *seeking = g_new0(struct seeking, 1);
  *seeking = (struct seeking){.relay = relay, .message = message, .kind = kind, .done = done, .user = user};
  if (++*rounds_r > relay->config->lookup_rounds)
    answered(seeking, all_in_doubt(lacking));
  else
    lookups_ask(relay, lacking, answered, seeking);
}
