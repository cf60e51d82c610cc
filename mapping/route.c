#include "mapping/route.h"

#include "mapping/hierarchy.h"
#include "mapping/mapping.h"
#include "mapping/or_compare.h"

#include <string.h>

enum { ADMD_LEVEL = 1, PRMD_LEVEL = 2 };

/* One level of a hierarchy, folded: both representations NULL when it is not named, or an ADMD that is any.
 */
struct name {
  char *printable, *wide;
};
struct or_route {
  struct or_route_entry entry; /* first: an entry is its route */
  struct name names[HIERARCHY_LEVELS];
  guint depth, order;
};
struct alias {
  char *of; /* folded; "": any */
  char *text;
};
struct domain_route {
  char *smarthost;
  guint port;
};
struct or_routes {
  GPtrArray *addresses; /* or_route, in the order of the file */
  GHashTable *by_prmd;  /* PRMD, folded -> GPtrArray of or_route (not owned); "": those that name none */
  GHashTable *aliases;  /* "country/admd", folded -> alias */
  GHashTable *domains;  /* lower case -> domain_route */
};

/* --- names --- */

static bool is_named(const struct name *name)
{
  return name->printable || name->wide;
}

static void name_clear(struct name *name)
{
  g_clear_pointer(&name->printable, g_free);
  g_clear_pointer(&name->wide, g_free);
}

static void names_clear(struct name names[HIERARCHY_LEVELS])
{
  for (guint level = 0; level < HIERARCHY_LEVELS; level++)
    name_clear(&names[level]);
}

static void name_set(struct name *name, const char *folded)
{
  name_clear(name);
  name->printable = *folded ? g_strdup(folded) : NULL;
}

/* The names of an address; returns how deep they go. */
static guint names_of(const struct or_address *address, struct name names[HIERARCHY_LEVELS])
{
  guint depth = 0;
  for (guint level = 0; level < HIERARCHY_LEVELS; level++) {
    names[level] = (struct name){NULL, NULL};
    const struct or_attribute *attribute = hierarchy_attribute(address, level);
    if (!attribute || (level == ADMD_LEVEL && or_admd_any(attribute->printable)))
      continue;
    const char *wide = or_attribute_wide(attribute);
    names[level].printable = attribute->printable ? or_fold(attribute->printable) : NULL;
    names[level].wide = wide ? or_fold(wide) : NULL;
    depth = level + 1;
  }
  return depth;
}

static bool same_text(const char *a, const char *b)
{
  return g_strcmp0(a, b) == 0;
}

static bool same_name(const struct name *a, const struct name *b)
{
  return or_twins_equal(a->printable, a->wide, b->printable, b->wide, same_text);
}

/* --- aliases --- */

static void alias_free(gpointer data)
{
  struct alias *alias = data;
  g_free(alias->of);
  g_free(alias->text);
  g_free(alias);
}

static char *alias_key(const struct name *country, const struct name *admd)
{
  return g_strdup_printf("%s/%s", country->printable ? country->printable : "",
                         admd->printable ? admd->printable : "");
}

/* What an ADMD stands for; NULL: itself. */
static const struct alias *alias_of(const struct or_routes *routes, const struct name names[HIERARCHY_LEVELS])
{
  if (g_hash_table_size(routes->aliases) == 0)
    return NULL;
  g_autofree char *key = alias_key(&names[0], &names[ADMD_LEVEL]);
  return g_hash_table_lookup(routes->aliases, key);
}

static bool add_alias(struct or_routes *routes, GVariant *dictionary, GError **error)
{
  const char *country = NULL, *admd = NULL, *of = NULL;
  g_variant_lookup(dictionary, "country", "&s", &country);
  g_variant_lookup(dictionary, "admd", "&s", &admd);
  g_variant_lookup(dictionary, "of", "&s", &of);
  if (!country || !admd || !of) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SETTINGS, "an alias needs country, admd and of");
    return false;
  }
  g_autofree char *in = or_fold(country), *from = or_fold(admd), *to = or_fold(of);
  char *key = g_strdup_printf("%s/%s", in, from);
  g_autofree char *next = g_strdup_printf("%s/%s", in, to);
  const char *wrong = strcmp(from, to) == 0                          ? "is an alias of itself"
                      : g_hash_table_contains(routes->aliases, key)  ? "has an alias already"
                      : g_hash_table_contains(routes->aliases, next) ? "is made an alias of an alias"
                                                                     : NULL;
  GHashTableIter iterator;
  gpointer known_key, known;
  g_hash_table_iter_init(&iterator, routes->aliases);
  while (!wrong && g_hash_table_iter_next(&iterator, &known_key, &known))
    if (strcmp(((struct alias *)known)->of, from) == 0 && g_str_has_prefix(known_key, in) &&
        ((char *)known_key)[strlen(in)] == '/')
      wrong = "stands behind another alias";
  if (wrong) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SETTINGS, "ADMD \"%s\" of C=%s %s", admd, country, wrong);
    g_free(key);
    return false;
  }
  struct alias *alias = g_new0(struct alias, 1);
  alias->of = g_steal_pointer(&to);
  alias->text = g_strdup_printf("ADMD \"%s\" is \"%s\" in C=%s", admd, of, country);
  g_hash_table_insert(routes->aliases, key, alias);
  return true;
}

/* --- building --- */

static void or_route_free(gpointer data)
{
  struct or_route *route = data;
  names_clear(route->names);
  g_free(route->entry.text);
  g_free(route->entry.peer);
  g_strfreev(route->entry.fallbacks);
  g_free(route);
}

static void domain_route_free(gpointer data)
{
  struct domain_route *route = data;
  g_free(route->smarthost);
  g_free(route);
}

static bool is_hierarchy(const struct or_address *address)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if (attribute->key > OR_UNIT || attribute->key == OR_X121 || attribute->key == OR_TERMINAL_ID)
      return false;
  }
  return true;
}

/* A carrier's table has thousands of rows, most of them for one PRMD each. One with a twin is found by every
 * name. */
static void file_by_prmd(struct or_routes *routes, struct or_route *route)
{
  const struct name *prmd = &route->names[PRMD_LEVEL];
  const char *key = prmd->printable && !prmd->wide ? prmd->printable : "";
  GPtrArray *list = g_hash_table_lookup(routes->by_prmd, key);
  if (!list) {
    list = g_ptr_array_new();
    g_hash_table_insert(routes->by_prmd, g_strdup(key), list);
  }
  g_ptr_array_add(list, route);
}

static bool add_or_route(struct or_routes *routes, GVariant *dictionary, const char *text, guint line,
                         GError **error)
{
  const char *peer = NULL;
  g_variant_lookup(dictionary, "peer", "&s", &peer);
  g_autoptr(or_address_t) address = or_address_parse(text, error);
  if (!address)
    return false;
  if (!is_hierarchy(address) || !peer) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SETTINGS, "%s",
                peer ? "a route may name C, ADMD, PRMD, O and OU only"
                     : "a route by O/R address needs a peer");
    return false;
  }
  struct or_route *route = g_new0(struct or_route, 1);
  route->entry = (struct or_route_entry){.text = g_strdup(text), .peer = g_strdup(peer), .line = line};
  if (!g_variant_lookup(dictionary, "fallbacks", "^as", &route->entry.fallbacks))
    route->entry.fallbacks = g_new0(char *, 1);
  route->depth = names_of(address, route->names);
  /* A route with any ADMD stays one: an alias of " " speaks of addresses. */
  const struct alias *alias = is_named(&route->names[ADMD_LEVEL]) ? alias_of(routes, route->names) : NULL;
  if (alias)
    name_set(&route->names[ADMD_LEVEL], alias->of);
  route->order = routes->addresses->len;
  g_ptr_array_add(routes->addresses, route);
  file_by_prmd(routes, route);
  return true;
}

/* One dictionary of "routes". */
static bool add_route(struct or_routes *routes, GVariant *dictionary, GError **error)
{
  const char *or_prefix = NULL, *domain = NULL, *smarthost = NULL;
  guint port = 0, line = 0;
  g_variant_lookup(dictionary, "or", "&s", &or_prefix);
  g_variant_lookup(dictionary, "domain", "&s", &domain);
  g_variant_lookup(dictionary, "smarthost", "&s", &smarthost);
  g_variant_lookup(dictionary, "port", "u", &port);
  g_variant_lookup(dictionary, "line", "u", &line);
  if (or_prefix)
    return add_or_route(routes, dictionary, or_prefix, line, error);
  if (!domain || !*domain) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SETTINGS, "a route needs \"or\" or \"domain\"");
    return false;
  }
  struct domain_route *route = g_new0(struct domain_route, 1);
  route->smarthost = g_strdup(smarthost);
  route->port = port;
  char *key = g_ascii_strdown(domain, -1);
  if (g_hash_table_contains(routes->domains, key)) /* the first in the file stands */
    domain_route_free(route), g_free(key);
  else
    g_hash_table_insert(routes->domains, key, route);
  return true;
}

static bool add_all(struct or_routes *routes, GVariant *list, const char *what,
                    bool (*add)(struct or_routes *routes, GVariant *dictionary, GError **error),
                    GError **error)
{
  gsize count = list ? g_variant_n_children(list) : 0;
  for (gsize i = 0; i < count; i++) {
    g_autoptr(GVariant) dictionary = g_variant_get_child_value(list, i);
    guint line = 0;
    g_variant_lookup(dictionary, "line", "u", &line);
    if (!add(routes, dictionary, error)) {
      g_prefix_error(error, "%s of line %u: ", what, line);
      return false;
    }
  }
  return true;
}

struct or_routes *or_routes_new(GVariant *list, GVariant *aliases, GError **error)
{
  struct or_routes *routes = g_new0(struct or_routes, 1);
  routes->addresses = g_ptr_array_new_with_free_func(or_route_free);
  routes->by_prmd = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  routes->aliases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, alias_free);
  routes->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, domain_route_free);
  if (add_all(routes, aliases, "alias", add_alias, error) && add_all(routes, list, "route", add_route, error))
    return routes;
  or_routes_free(routes);
  return NULL;
}

void or_routes_free(struct or_routes *routes)
{
  if (!routes)
    return;
  g_hash_table_unref(routes->by_prmd);
  g_ptr_array_unref(routes->addresses);
  g_hash_table_unref(routes->aliases);
  g_hash_table_unref(routes->domains);
  g_free(routes);
}

/* --- matching --- */

/* How well a route fits: the levels that agree. */
struct fit {
  guint depth, levels;
  bool by_any; /* the route names an ADMD, the address has any */
};

static bool is_none(const struct name *admd)
{
  return g_strcmp0(admd->printable, "0") == 0;
}

/* X.402 18.3.1: any ADMD is every name, but not "0", which is none.  A route that names nothing below the
 * country says nothing of ADMDs. */
static bool admd_fits(const struct or_route *route, const struct name *address, struct fit *fit)
{
  const struct name *named = &route->names[ADMD_LEVEL];
  if (!is_named(named))
    return route->depth <= ADMD_LEVEL || !is_none(address);
  if (!is_named(address)) {
    fit->by_any = true;
    return !is_none(named);
  }
  if (!same_name(named, address))
    return false;
  fit->depth = MAX(fit->depth, ADMD_LEVEL + 1u);
  fit->levels++;
  return true;
}

static bool fits(const struct or_route *route, const struct name names[HIERARCHY_LEVELS], bool heed_admd,
                 struct fit *fit)
{
  *fit = (struct fit){0, 0, false};
  for (guint level = 0; level < route->depth; level++) {
    if (level == ADMD_LEVEL || !is_named(&route->names[level]))
      continue;
    if (!is_named(&names[level]) || !same_name(&route->names[level], &names[level]))
      return false;
    fit->depth = level + 1;
    fit->levels++;
  }
  return !heed_admd || admd_fits(route, &names[ADMD_LEVEL], fit);
}

static bool is_longer(const struct fit *a, const struct fit *b)
{
  if (a->depth != b->depth)
    return a->depth > b->depth;
  if (a->levels != b->levels)
    return a->levels > b->levels;
  return !a->by_any && b->by_any;
}

struct search {
  const struct name *names;
  bool heed_admd;
  const struct or_route *found;
  struct fit best;
};

static void search_in(struct search *search, const GPtrArray *list)
{
  struct fit fit;
  for (guint i = 0; list && i < list->len; i++) {
    const struct or_route *route = list->pdata[i];
    if (!fits(route, search->names, search->heed_admd, &fit))
      continue;
    bool worse = search->found && is_longer(&search->best, &fit);
    bool better = !search->found || is_longer(&fit, &search->best);
    if (better || (!worse && route->order < search->found->order)) {
      search->found = route;
      search->best = fit;
    }
  }
}

/* Without heeding the ADMD something below it has to agree: not every other ADMD of a country is near. */
static const struct or_route *longest(const struct or_routes *routes,
                                      const struct name names[HIERARCHY_LEVELS], bool heed_admd)
{
  struct search search = {.names = names, .heed_admd = heed_admd};
  const struct name *prmd = &names[PRMD_LEVEL];
  if (prmd->wide) {
    search_in(&search, routes->addresses);
  } else {
    search_in(&search, g_hash_table_lookup(routes->by_prmd, ""));
    if (prmd->printable && *prmd->printable)
      search_in(&search, g_hash_table_lookup(routes->by_prmd, prmd->printable));
  }
  return search.found && !heed_admd && search.best.depth <= ADMD_LEVEL + 1 ? NULL : search.found;
}

/* The address's names as the table compares them; returns the alias that changed them. */
static const struct alias *names_for(const struct or_routes *routes, const struct or_address *address,
                                     struct name names[HIERARCHY_LEVELS])
{
  names_of(address, names);
  const struct alias *alias = alias_of(routes, names);
  if (alias)
    name_set(&names[ADMD_LEVEL], alias->of);
  return alias;
}

const struct or_route_entry *or_routes_find(const struct or_routes *routes, const struct or_address *address)
{
  struct name names[HIERARCHY_LEVELS];
  names_for(routes, address, names);
  const struct or_route *found = longest(routes, names, true);
  names_clear(names);
  return found ? &found->entry : NULL;
}

const struct or_route_entry *or_routes_nearly(const struct or_routes *routes,
                                              const struct or_address *address)
{
  struct name names[HIERARCHY_LEVELS];
  names_for(routes, address, names);
  const struct or_route *found = longest(routes, names, true) ? NULL : longest(routes, names, false);
  names_clear(names);
  return found ? &found->entry : NULL;
}

static void tell(GPtrArray *lines, const char *what, const struct or_route_entry *entry, const char *more)
{
  g_autofree char *line = entry->line ? g_strdup_printf(" (line %u)", entry->line) : g_strdup("");
  g_autofree char *names = g_strjoinv(", then ", entry->fallbacks);
  g_ptr_array_add(lines, g_strdup_printf("%s: %s -> %s%s%s%s%s", what, entry->text, entry->peer,
                                         *names ? ", then " : "", names, line, more));
}

static void explain_matches(const struct or_routes *routes, const struct name names[HIERARCHY_LEVELS],
                            const struct or_route *found, GPtrArray *lines)
{
  guint others = 0;
  struct fit fit;
  for (guint i = 0; i < routes->addresses->len; i++)
    others += routes->addresses->pdata[i] != found && fits(routes->addresses->pdata[i], names, true, &fit);
  fits(found, names, true, &fit);
  g_autofree char *why = g_strdup_printf(": %u of its levels agree%s, %s", fit.levels,
                                         fit.by_any ? " (ADMD \" \" of the address is any)" : "",
                                         others ? "the longest match (X.402 18)" : "the only match");
  tell(lines, "route", &found->entry, why);
  for (guint i = 0; i < routes->addresses->len; i++) {
    const struct or_route *route = routes->addresses->pdata[i];
    if (route != found && fits(route, names, true, &fit))
      tell(lines, "route outdone", &route->entry, "");
  }
}

void or_routes_explain(const struct or_routes *routes, const struct or_address *address, GPtrArray *lines)
{
  struct name names[HIERARCHY_LEVELS];
  const struct alias *alias = names_for(routes, address, names);
  const struct or_route *found = longest(routes, names, true);
  if (alias)
    g_ptr_array_add(lines, g_strdup_printf("alias: %s", alias->text));
  if (found)
    explain_matches(routes, names, found, lines);
  else if ((found = longest(routes, names, false)) != NULL)
    tell(lines, "route missed", &found->entry, ": ADMD alone differs; an alias would make the two the same");
  names_clear(names);
}

static bool says_the_same(const struct or_route *a, const struct or_route *b)
{
  if (a->depth != b->depth)
    return false;
  for (guint level = 0; level < a->depth; level++)
    if (!same_name(&a->names[level], &b->names[level]))
      return false;
  return true;
}

void or_routes_shadowed(const struct or_routes *routes,
                        void (*tell_shadow)(void *user, const struct or_route_entry *never,
                                            const struct or_route_entry *first),
                        void *user)
{
  for (guint i = 1; i < routes->addresses->len; i++) {
    const struct or_route *route = routes->addresses->pdata[i];
    for (guint k = 0; k < i; k++) {
      const struct or_route *first = routes->addresses->pdata[k];
      if (!says_the_same(route, first))
        continue;
      tell_shadow(user, &route->entry, &first->entry);
      break;
    }
  }
}

/* --- domains --- */

bool or_routes_domain(const struct or_routes *routes, const char *domain, const char **smarthost_r,
                      guint *port_r)
{
  g_autofree char *lower = g_ascii_strdown(domain, -1);
  const struct domain_route *route = g_hash_table_lookup(routes->domains, lower);
  for (const char *dot = strchr(lower, '.'); dot && !route; dot = strchr(dot + 1, '.'))
    route = g_hash_table_lookup(routes->domains, dot);
  if (!route)
    route = g_hash_table_lookup(routes->domains, ".");
  if (!route)
    return false;
  *smarthost_r = route->smarthost;
  *port_r = route->port;
  return true;
}
