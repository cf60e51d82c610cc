#include "relay/lookups.h"

#include "relay/directory.h"

#include <string.h>

struct lookups {
  struct relay *relay;
  GHashTable *known;       /* key -> struct known */
  GHashTable *open;        /* key -> struct open: under way */
  GHashTable *directories; /* source name -> struct directory */
  GPtrArray *askers;       /* of struct asker */
};

struct known {
  struct mapping_lookup *answer;
  gint64 until_us; /* monotonic */
};

struct asker {
  struct relay *relay;
  GPtrArray *answers; /* of mapping_lookup; LACKING: still asked for */
  guint waiting;
  lookups_done done;
  void *user;
};

/* One question that is being resolved, for all who want its answer. */
struct open {
  struct relay *relay;
  char *key;
  struct mapping_lookup *lookup;
  GPtrArray *slots; /* of struct slot */
};

struct slot {
  struct asker *asker;
  guint place;
};

static void known_free(void *data)
{
  struct known *known = data;
  mapping_lookup_free(known->answer);
  g_free(known);
}

static void open_free(void *data)
{
  struct open *open = data;
  mapping_lookup_free(open->lookup);
  g_ptr_array_unref(open->slots);
  g_free(open->key);
  g_free(open);
}

struct lookups *lookups_new(struct relay *relay)
{
  struct lookups *lookups = g_new0(struct lookups, 1);
  lookups->relay = relay;
  lookups->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, known_free);
  lookups->open = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, open_free);
  lookups->directories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, directory_free);
  lookups->askers = g_ptr_array_new();
  return lookups;
}

void lookups_free(struct lookups *lookups)
{
  g_hash_table_unref(lookups->directories); /* no answer comes any more */
  g_hash_table_unref(lookups->open);
  for (guint i = 0; i < lookups->askers->len; i++) {
    struct asker *asker = lookups->askers->pdata[i];
    g_ptr_array_unref(asker->answers);
    asker->done(asker->user, NULL);
    g_free(asker);
  }
  g_ptr_array_unref(lookups->askers);
  g_hash_table_unref(lookups->known);
  g_free(lookups);
}

char *lookups_words(const struct mapping_lookup *answer)
{
  GString *text = g_string_new(answer->source);
  g_string_append_printf(text, " %s: ", answer->name);
  if (answer->state != MAPPING_LOOKUP_FOUND)
    g_string_append(text, answer->state == MAPPING_LOOKUP_NOT_FOUND ? "nothing there"
                          : answer->words                           ? answer->words
                                                                    : "no answer");
  for (guint i = 0; i < answer->records->len; i++)
    g_string_append_printf(text, "%s%s", i ? "; " : "", (char *)answer->records->pdata[i]);
  return g_string_free(text, FALSE);
}

/* --- what is known ----------------------------------------------------------------------------------- */

static gboolean is_old(gpointer key, gpointer value, gpointer now)
{
  (void)key;
  return ((const struct known *)value)->until_us <= *(const gint64 *)now;
}

static void remember(struct lookups *lookups, const char *key, const struct mapping_lookup *answer,
                     guint ttl_s)
{
  guint most = lookups->relay->config->lookup_cache;
  gint64 now = g_get_monotonic_time();
  if (ttl_s == 0 || most == 0)
    return;
  if (g_hash_table_size(lookups->known) >= most)
    g_hash_table_foreach_remove(lookups->known, is_old, &now);
  if (g_hash_table_size(lookups->known) >= most)
    g_hash_table_remove_all(lookups->known);
  struct known *known = g_new0(struct known, 1);
  *known = (struct known){mapping_lookup_copy(answer), now + (gint64)ttl_s * G_USEC_PER_SEC};
  g_hash_table_replace(lookups->known, g_strdup(key), known);
}

static const struct mapping_lookup *recall(struct lookups *lookups, const char *key)
{
  const struct known *known = g_hash_table_lookup(lookups->known, key);
  return known && known->until_us > g_get_monotonic_time() ? known->answer : NULL;
}

/* --- answers to who asked ---------------------------------------------------------------------------- */

static void put(struct asker *asker, guint place, const struct mapping_lookup *answer)
{
  struct mapping_lookup *asked = asker->answers->pdata[place];
  struct mapping_lookup *copy = mapping_lookup_copy(answer);
  copy->header = asked->header;
  mapping_lookup_free(asked);
  asker->answers->pdata[place] = copy;
}

static void answer_asker(struct asker *asker)
{
  g_ptr_array_remove_fast(asker->relay->lookups->askers, asker);
  asker->done(asker->user, asker->answers);
  g_free(asker);
}

/* open->lookup is answered. */
static void settle(struct open *open, guint ttl_s)
{
  struct lookups *lookups = open->relay->lookups;
  g_hash_table_steal(lookups->open, open->key);
  remember(lookups, open->key, open->lookup, ttl_s);
  if (open->lookup->state == MAPPING_LOOKUP_INDETERMINATE) {
    g_autofree char *words = lookups_words(open->lookup);
    relay_log(LOG_WARN, "look-up", "%s", words);
  }
  for (guint i = 0; i < open->slots->len; i++) {
    struct slot *slot = open->slots->pdata[i];
    put(slot->asker, slot->place, open->lookup);
    if (--slot->asker->waiting == 0)
      answer_asker(slot->asker);
  }
  open_free(open);
}

static void doubt(struct open *open, const char *words)
{
  open->lookup->state = MAPPING_LOOKUP_INDETERMINATE;
  open->lookup->words = g_utf8_make_valid(words ? words : "no answer", -1);
}

static void got_px(void *user, const struct net_px_answer *answer)
{
  struct open *open = user;
  if (answer->status == NET_DNS_TEMPORARY)
    doubt(open, answer->words);
  else
    open->lookup->state = answer->status == NET_DNS_OK ? MAPPING_LOOKUP_FOUND : MAPPING_LOOKUP_NOT_FOUND;
  for (guint i = 0; answer->status == NET_DNS_OK && i < answer->records->len; i++)
    g_ptr_array_add(open->lookup->records, g_strdup(answer->records->pdata[i]));
  settle(open, answer->ttl);
}

static void got_entry(void *user, const struct directory_answer *answer)
{
  struct open *open = user;
  open->lookup->state = answer->state;
  if (answer->state == MAPPING_LOOKUP_INDETERMINATE)
    doubt(open, answer->words);
  for (guint i = 0; answer->records && i < answer->records->len; i++)
    g_ptr_array_add(open->lookup->records, g_strdup(answer->records->pdata[i]));
  settle(open, answer->ttl_s);
}

static struct directory *directory_of(struct lookups *lookups, const struct config_source *source)
{
  struct directory *directory = g_hash_table_lookup(lookups->directories, source->name);
  if (directory && directory_serves(directory, source))
    return directory;
  if (directory) /* another configuration is in use */
    g_hash_table_remove(lookups->directories, source->name);
  directory = directory_new(lookups->relay, source);
  g_hash_table_insert(lookups->directories, g_strdup(source->name), directory);
  return directory;
}

static void resolve(struct open *open)
{
  struct relay *relay = open->relay;
  const struct mapping_lookup *lookup = open->lookup;
  const struct config_source *source = config_source(relay->config, lookup->source);
  if (source && source->kind == CONFIG_SOURCE_DNS) {
    net_resolve_px(relay->resolver, lookup->name, lookup->root, got_px, open);
  } else if (source && source->kind == CONFIG_SOURCE_LDAP) {
    directory_ask(directory_of(relay->lookups, source), lookup->name, lookup->root, got_entry, open);
  } else {
    doubt(open, "the configuration in use has no such source");
    settle(open, 0);
  }
}

/* --- questions --------------------------------------------------------------------------------------- */

static void ask_one(struct asker *asker, guint place)
{
  struct lookups *lookups = asker->relay->lookups;
  const struct mapping_lookup *lookup = asker->answers->pdata[place];
  g_autofree char *key = mapping_lookup_key(lookup);
  const struct mapping_lookup *known = recall(lookups, key);
  if (known) {
    put(asker, place, known);
    return;
  }
  struct open *open = g_hash_table_lookup(lookups->open, key);
  bool fresh = !open;
  if (fresh) {
    open = g_new0(struct open, 1);
    *open = (struct open){.relay = asker->relay,
                          .key = g_steal_pointer(&key),
                          .lookup = mapping_lookup_copy(lookup),
                          .slots = g_ptr_array_new_with_free_func(g_free)};
    g_hash_table_insert(lookups->open, open->key, open);
  }
  struct slot *slot = g_new0(struct slot, 1);
  *slot = (struct slot){asker, place};
  g_ptr_array_add(open->slots, slot);
  asker->waiting++;
  if (fresh)
    resolve(open);
}

void lookups_ask(struct relay *relay, const GPtrArray *lacking, lookups_done done, void *user)
{
  struct asker *asker = g_new0(struct asker, 1);
  *asker = (struct asker){.relay = relay,
                          .answers = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_lookup_free),
                          .waiting = 1, /* until all are asked */
                          .done = done,
                          .user = user};
  g_ptr_array_add(relay->lookups->askers, asker);
  for (guint i = 0; i < lacking->len; i++)
    g_ptr_array_add(asker->answers, mapping_lookup_copy(lacking->pdata[i]));
  for (guint i = 0; i < lacking->len; i++)
    ask_one(asker, i);
  if (--asker->waiting == 0)
    answer_asker(asker);
}
