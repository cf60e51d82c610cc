#include "relay/mapcache.h"

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
  guint generation;
  map_done done;
  void *user;
};

static void mapped(void *user, struct mapping_result *result, const char *failure)
{
  struct asked *asked = user;
  struct map_cache *cache = asked->relay->map_cache;
  struct map_answer *answer = g_new0(struct map_answer, 1);
  if (result) {
    answer->ok = result->status == MAPPING_OK;
    answer->code = g_strdup(result->code);
    answer->words = g_strdup(result->words);
    mapping_result_free(result);
  } else {
    answer->temporary = true;
    answer->words = g_strdup(failure);
  }
  asked->done(asked->user, answer);
  if (!answer->temporary && cache->generation == asked->generation)
    g_hash_table_replace(cache->answers, g_steal_pointer(&asked->mailbox), answer);
  else
    answer_free(answer);
  g_free(asked->mailbox);
  g_free(asked);
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
  *asked = (struct asked){
      .relay = relay, .mailbox = g_strdup(mailbox), .generation = generation, .done = done, .user = user};
  struct mapping_job *job = mapping_job_new(MAPPING_MAP);
  job->text = g_strdup(mailbox);
  job->to_x400 = true;
  converters_submit(relay->converters, job, "smtp-rcpt", 2, mapped, asked);
}
