#include "mapping/sources.h"

#include "mapping/mcgam_ldap.h"
#include "mapping/px.h"
#include "mapping/rules.h"

#include <string.h>

struct job_lookups {
  GHashTable *given;   /* key -> const struct mapping_lookup of the job */
  GHashTable *lacking; /* key -> struct mapping_lookup of `list` */
  GPtrArray *list;
  GHashTable *headers; /* keys asked for a heading, to count them */
  GPtrArray *losses;
  bool header, told_limit;
  guint doubts;
  char *words; /* of the last doubt */
};

/* --- around a job ------------------------------------------------------------------------------------ */

static void lookups_free(struct job_lookups *lookups)
{
  if (!lookups)
    return;
  g_hash_table_unref(lookups->given);
  g_hash_table_unref(lookups->lacking);
  g_hash_table_unref(lookups->headers);
  g_ptr_array_unref(lookups->list);
  g_ptr_array_unref(lookups->losses);
  g_free(lookups->words);
  g_free(lookups);
}

void sources_begin(struct mapping_context *context, const struct mapping_job *job)
{
  struct job_lookups *lookups = g_new0(struct job_lookups, 1);
  lookups->given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  lookups->lacking = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  lookups->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  lookups->list = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_lookup_free);
  lookups->losses = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < job->answers->len; i++)
    g_hash_table_replace(lookups->given, mapping_lookup_key(job->answers->pdata[i]), job->answers->pdata[i]);
  lookups_free(context->lookups);
  context->lookups = lookups;
}

/* What could not be understood at all does not hang on a look-up. */
void sources_end(struct mapping_context *context, struct mapping_result *result)
{
  struct job_lookups *lookups = g_steal_pointer(&context->lookups);
  if (lookups->list->len > 0 && result->status != MAPPING_PARK) {
    result->status = MAPPING_LACKS;
    g_ptr_array_extend_and_steal(result->lookups, g_ptr_array_ref(lookups->list));
  } else {
    g_ptr_array_extend_and_steal(result->losses, g_ptr_array_ref(lookups->losses));
  }
  lookups_free(lookups);
}

void sources_purpose(const struct mapping_context *context, enum address_use use)
{
  if (context->lookups)
    context->lookups->header = use == ADDRESS_HEADING;
}

guint sources_doubts(const struct mapping_context *context)
{
  return context->lookups ? context->lookups->doubts : 0;
}

bool sources_determinate(const struct mapping_context *context, guint doubts, GError **error)
{
  if (sources_doubts(context) == doubts)
    return true;
  g_clear_error(error);
  rules_fail(error, MAPPING_ERROR_ADDRESS, "4.4.3", "%s", context->lookups->words);
  return false;
}

/* --- one look-up ------------------------------------------------------------------------------------- */

static void lack(struct job_lookups *lookups, const char *source, const char *name, const char *root,
                 char *key)
{
  struct mapping_lookup *lookup = g_hash_table_lookup(lookups->lacking, key);
  if (lookup) {
    lookup->header = lookup->header && lookups->header;
    g_free(key);
    return;
  }
  lookup = mapping_lookup_new(source, name, root);
  lookup->header = lookups->header;
  g_ptr_array_add(lookups->list, lookup);
  g_hash_table_insert(lookups->lacking, key, lookup);
}

/* A heading may name more domains than anybody shall ask for. */
static bool too_many(const struct mapping_context *context, const char *key)
{
  struct job_lookups *lookups = context->lookups;
  if (!lookups->header || g_hash_table_contains(lookups->headers, key))
    return false;
  if (g_hash_table_size(lookups->headers) < context->settings->lookups_max) {
    g_hash_table_add(lookups->headers, g_strdup(key));
    return false;
  }
  if (!lookups->told_limit)
    g_ptr_array_add(lookups->losses,
                    g_strdup_printf("addresses: encapsulated without a look-up (RFC 2156 4.2.1): "
                                    "the heading needs more than %u look-ups",
                                    context->settings->lookups_max));
  lookups->told_limit = true;
  return true;
}

static void doubt(struct job_lookups *lookups, const struct mapping_lookup *answer, GPtrArray *explain)
{
  g_autofree char *words = g_strdup_printf("the look-up of %s in %s had no answer: %s", answer->name,
                                           answer->source, answer->words ? answer->words : "no reason given");
  rules_tell(explain, "4.2.1: indeterminate: %s", words);
  lookups->doubts++;
  if (lookups->header)
    g_ptr_array_add(lookups->losses, g_strdup_printf("addresses: encapsulated (RFC 2156 4.2.1): %s", words));
  g_free(lookups->words);
  lookups->words = g_steal_pointer(&words);
}

/* The records, or NULL: none, not known yet, or in doubt. */
static const GPtrArray *consult(const struct mapping_context *context, const struct mapping_source *source,
                                const char *name, const char *root, GPtrArray *explain)
{
  struct job_lookups *lookups = context->lookups;
  struct mapping_lookup asked = {.source = source->name, .name = (char *)name, .root = (char *)root};
  char *key = mapping_lookup_key(&asked);
  const struct mapping_lookup *answer = g_hash_table_lookup(lookups->given, key);
  /* what a heading no longer waits for, an envelope still does */
  if (answer && answer->state == MAPPING_LOOKUP_INDETERMINATE && answer->header && !lookups->header)
    answer = NULL;
  if (too_many(context, key)) {
    g_free(key);
    return NULL;
  }
  if (!answer) {
    rules_tell(explain, "%s: %s: not looked up yet", source->name, name);
    lack(lookups, source->name, name, root, key);
    return NULL;
  }
  g_free(key);
  for (guint i = 0; i < answer->records->len; i++)
    rules_tell(explain, "%s: %s: %s", source->name, name, (char *)answer->records->pdata[i]);
  if (answer->state == MAPPING_LOOKUP_NOT_FOUND)
    rules_tell(explain, "%s: %s: nothing there", source->name, name);
  if (answer->state == MAPPING_LOOKUP_INDETERMINATE)
    doubt(lookups, answer, explain);
  return answer->state == MAPPING_LOOKUP_FOUND ? answer->records : NULL;
}

/* --- domain -> O/R ----------------------------------------------------------------------------------- */

static bool domain_in(const struct mapping_context *context, const struct mapping_source *source,
                      enum mcgam_table table, const char *domain, struct dmn *dmn_r, gsize *rest_r,
                      GPtrArray *explain)
{
  if (source->kind == MAPPING_SOURCE_TABLES)
    return mcgam_match_domain(context->tables, table, domain, dmn_r, rest_r);
  if (!context->lookups)
    return false;
  g_autofree char *lower = g_ascii_strdown(domain, -1);
  if (source->kind == MAPPING_SOURCE_DNS) {
    const GPtrArray *records = consult(context, source, lower, source->domain_root, explain);
    return records && px_match_domain(records, table, domain, dmn_r, rest_r);
  }
  g_autofree char *root = NULL;
  g_autofree char *name = mcgam_ldap_domain_name(lower, source->base, &root);
  const GPtrArray *records = consult(context, source, name, root, explain);
  return records && mcgam_ldap_match_domain(records, table, domain, dmn_r, rest_r);
}

bool sources_match_domain(const struct mapping_context *context, enum mcgam_table table, const char *domain,
                          struct dmn *dmn_r, gsize *rest_r, GPtrArray *explain)
{
  const struct mapping_settings *settings = context->settings;
  bool found = false;
  for (guint i = 0; i < settings->sources->len && (!found || settings->longest_match); i++) {
    struct dmn dmn;
    gsize rest;
    if (!domain_in(context, settings->sources->pdata[i], table, domain, &dmn, &rest, explain))
      continue;
    if (found && rest >= *rest_r) {
      dmn_clear(&dmn);
      continue;
    }
    if (found)
      dmn_clear(dmn_r);
    found = true;
    *dmn_r = dmn;
    *rest_r = rest;
  }
  return found;
}

/* --- O/R -> domain ----------------------------------------------------------------------------------- */

static char *or_at(const struct mapping_context *context, const struct mapping_source *source,
                   enum mcgam_table table, const struct or_address *address, guint depth, guint *depth_r,
                   GPtrArray *explain)
{
  bool dns = source->kind == MAPPING_SOURCE_DNS;
  g_autofree char *root = NULL;
  g_autofree char *name = dns ? px_name(address, depth, source->root, &root)
                              : mcgam_ldap_or_name(address, depth, source->base, &root);
  const GPtrArray *records = name ? consult(context, source, name, root, explain) : NULL;
  if (!records)
    return NULL;
  return dns ? px_match_or(records, table, address, depth_r)
             : mcgam_ldap_match_or(records, table, depth, depth_r);
}

/* The name goes down to the address's last level; where that lies above O, also one with the missing ones
 * named, since rows may end in omitted levels ("O$@.PRMD$GMD..."). */
static char *or_in(const struct mapping_context *context, const struct mapping_source *source,
                   enum mcgam_table table, const struct or_address *address, guint *depth_r,
                   GPtrArray *explain)
{
  enum { TO_ORGANIZATION = 4, TO_ADMD = 2 };
  if (source->kind == MAPPING_SOURCE_TABLES)
    return g_strdup(mcgam_match_or(context->tables, table, address, depth_r));
  if (!context->lookups || !hierarchy_get(address, 0))
    return NULL;
  guint depth = MAX(hierarchy_depth(address), (guint)TO_ADMD);
  char *domain = or_at(context, source, table, address, depth, depth_r, explain);
  guint deeper = 0;
  char *below = depth < TO_ORGANIZATION
                    ? or_at(context, source, table, address, TO_ORGANIZATION, &deeper, explain)
                    : NULL;
  if (!below || (domain && deeper <= *depth_r)) {
    g_free(below);
    return domain;
  }
  g_free(domain);
  *depth_r = deeper;
  return below;
}

char *sources_match_or(const struct mapping_context *context, enum mcgam_table table,
                       const struct or_address *address, guint *depth_r, GPtrArray *explain)
{
  const struct mapping_settings *settings = context->settings;
  char *best = NULL;
  for (guint i = 0; i < settings->sources->len && (!best || settings->longest_match); i++) {
    guint depth = 0;
    char *domain = or_in(context, settings->sources->pdata[i], table, address, &depth, explain);
    if (domain && (!best || depth > *depth_r)) {
      g_free(best);
      best = domain;
      *depth_r = depth;
    } else {
      g_free(domain);
    }
  }
  return best;
}
