#include "relay/mapcache.h"

#include "relay/lookups.h"

#define ENTRIES_MAX 20000u

struct map_cache {
  guint generation;
  GHashTable *answers; /* mailbox -> map_answer */
};

static void answer_free(void *data)
{
  struct map_answer *answer = data;
  g_free(answer->code);
  g_free(answer->words);
  g_free(answer);
}

struct map_cache *map_cache_new(void)
{
  struct map_cache *cache = g_new0(struct map_cache, 1);
  cache->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, answer_free);
  return cache;
}

void map_cache_free(struct map_cache *cache)
{
  g_hash_table_unref(cache->answers);
  g_free(cache);
}

struct asked {
  struct relay *relay;
  char *mailbox;
  guint generation, rounds;
  GPtrArray *answers; /* of mapping_lookup, so far */
  map_done done;
  void *user;
};

static void submit(struct asked *asked);

/* What hangs on look-ups is not kept here: their own cache knows how long they hold. */
static void finish(struct asked *asked, struct map_answer *answer)
{
  struct map_cache *cache = asked->relay->map_cache;
  asked->done(asked->user, answer);
  if (!answer->temporary && asked->answers->len == 0 && cache->generation == asked->generation)
    g_hash_table_replace(cache->answers, g_steal_pointer(&asked->mailbox), answer);
  else
    answer_free(answer);
  g_ptr_array_unref(asked->answers);
  g_free(asked->mailbox);
  g_free(asked);
}

static void fail(struct asked *asked, const char *words)
{
  struct map_answer *answer = g_new0(struct map_answer, 1);
  answer->temporary = true;
  answer->words = g_strdup(words);
  finish(asked, answer);
}

static void looked_up(void *user, GPtrArray *answers)
{
  struct asked *asked = user;
  if (!answers) {
    fail(asked, "the gateway stops");
    return;
  }
  g_ptr_array_extend_and_steal(asked->answers, answers);
  submit(asked);
}

static void mapped(void *user, struct mapping_result *result, const char *failure)
{
  struct asked *asked = user;
  if (!result) {
    fail(asked, failure);
    return;
  }
  if (result->status == MAPPING_LACKS && ++asked->rounds <= asked->relay->config->lookup_rounds) {
    lookups_ask(asked->relay, result->lookups, looked_up, asked);
    mapping_result_free(result);
    return;
  }
  struct map_answer *answer = g_new0(struct map_answer, 1);
  answer->ok = result->status == MAPPING_OK;
  answer->temporary = result->status == MAPPING_LACKS || g_strcmp0(result->code, "4.4.3") == 0;
  answer->code = g_strdup(result->code);
  answer->words = g_strdup(result->words);
  mapping_result_free(result);
  finish(asked, answer);
}

static void submit(struct asked *asked)
{
  struct mapping_job *job = mapping_job_new(MAPPING_MAP);
  job->text = g_strdup(asked->mailbox);
  job->to_x400 = true;
  for (guint i = 0; i < asked->answers->len; i++)
    g_ptr_array_add(job->answers, mapping_lookup_copy(asked->answers->pdata[i]));
  converters_submit(asked->relay->converters, job, "smtp-rcpt", 2, mapped, asked);
}

void map_recipient(struct relay *relay, const char *mailbox, map_done done, void *user)
{
  struct map_cache *cache = relay->map_cache;
  guint generation = converters_generation(relay->converters);
  if (cache->generation != generation || g_hash_table_size(cache->answers) >= ENTRIES_MAX) {
    g_hash_table_remove_all(cache->answers);
    cache->generation = generation;
  }
  const struct map_answer *known = g_hash_table_lookup(cache->answers, mailbox);
  if (known) {
    done(user, known);
    return;
  }
  struct asked *asked = g_new0(struct asked, 1);
  *asked = (struct asked){.relay = relay,
                          .mailbox = g_strdup(mailbox),
                          .generation = generation,
                          .answers = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_lookup_free),
                          .done = done,
                          .user = user};
  submit(asked);
}
