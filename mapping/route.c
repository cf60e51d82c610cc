#include "mapping/route.h"

#include "mapping/hierarchy.h"
#include "mapping/mapping.h"
#include "mapping/or_compare.h"

#include <string.h>

struct or_route {
  char *text, *peer;
  char *values[HIERARCHY_LEVELS]; /* folded; NULL: not named */
  guint depth, named, order;
};
struct domain_route {
  char *smarthost;
  guint port;
};
struct or_routes {
  GPtrArray *addresses; /* or_route, the longest first */
  GHashTable *domains;  /* lower case -> domain_route */
};

static void or_route_free(gpointer data)
{
  struct or_route *route = data;
  for (guint level = 0; level < HIERARCHY_LEVELS; level++)
    g_free(route->values[level]);
  g_free(route->text);
  g_free(route->peer);
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
    if (attribute->key > OR_UNIT || attribute->key == OR_X121 || attribute->key == OR_TERMINAL_ID ||
        attribute->teletex)
      return false;
  }
  return true;
}

static struct or_route *or_route_new(const char *text, const char *peer, guint order, GError **error)
{
  g_autoptr(or_address_t) address = or_address_parse(text, error);
  if (!address)
    return NULL;
  if (!is_hierarchy(address) || !peer) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SETTINGS, "%s",
                peer ? "a route may name C, ADMD, PRMD, O and OU only"
                     : "a route by O/R address needs a peer");
    return NULL;
  }
  struct or_route *route = g_new0(struct or_route, 1);
  route->text = g_strdup(text);
  route->peer = g_strdup(peer);
  route->order = order;
  route->depth = hierarchy_depth(address);
  for (guint level = 0; level < HIERARCHY_LEVELS; level++) {
    const char *value = hierarchy_get(address, level);
    route->values[level] = value ? or_fold(value) : NULL;
    route->named += value != NULL;
  }
  return route;
}

static gint longest_first(gconstpointer a, gconstpointer b)
{
  const struct or_route *x = *(struct or_route *const *)a, *y = *(struct or_route *const *)b;
  if (x->depth != y->depth)
    return x->depth > y->depth ? -1 : 1;
  if (x->named != y->named)
    return x->named > y->named ? -1 : 1;
  return x->order < y->order ? -1 : 1;
}

/* One dictionary of "routes". */
static bool add_route(struct or_routes *routes, GVariant *dictionary, guint order, GError **error)
{
  const char *or_prefix = NULL, *peer = NULL, *domain = NULL, *smarthost = NULL;
  guint port = 0;
  g_variant_lookup(dictionary, "or", "&s", &or_prefix);
  g_variant_lookup(dictionary, "peer", "&s", &peer);
  g_variant_lookup(dictionary, "domain", "&s", &domain);
  g_variant_lookup(dictionary, "smarthost", "&s", &smarthost);
  g_variant_lookup(dictionary, "port", "u", &port);
  if (or_prefix) {
    struct or_route *route = or_route_new(or_prefix, peer, order, error);
    if (!route)
      return false;
    g_ptr_array_add(routes->addresses, route);
    return true;
  }
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

struct or_routes *or_routes_new(GVariant *list, GError **error)
{
  struct or_routes *routes = g_new0(struct or_routes, 1);
  routes->addresses = g_ptr_array_new_with_free_func(or_route_free);
  routes->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, domain_route_free);
  gsize count = list ? g_variant_n_children(list) : 0;
  for (gsize i = 0; i < count; i++) {
    g_autoptr(GVariant) dictionary = g_variant_get_child_value(list, i);
    guint line = 0;
    g_variant_lookup(dictionary, "line", "u", &line);
    if (!add_route(routes, dictionary, (guint)i, error)) {
      g_prefix_error(error, "route of line %u: ", line);
      or_routes_free(routes);
      return NULL;
    }
  }
  g_ptr_array_sort(routes->addresses, longest_first);
  return routes;
}

void or_routes_free(struct or_routes *routes)
{
  if (!routes)
    return;
  g_ptr_array_unref(routes->addresses);
  g_hash_table_unref(routes->domains);
  g_free(routes);
}

/* An address whose ADMD is any may go by a route that names one. */
static bool matches(const struct or_route *route, char *const *values)
{
  for (guint level = 0; level < route->depth; level++) {
    guint index;
    if (!route->values[level] || (!values[level] && hierarchy_key(level, &index) == OR_ADMD))
      continue;
    if (!values[level] || strcmp(route->values[level], values[level]) != 0)
      return false;
  }
  return true;
}

const char *or_routes_peer(const struct or_routes *routes, const struct or_address *address,
                           const char **text_r)
{
  char *values[HIERARCHY_LEVELS];
  for (guint level = 0; level < HIERARCHY_LEVELS; level++) {
    const char *value = hierarchy_get(address, level);
    values[level] = value ? or_fold(value) : NULL;
  }
  const struct or_route *found = NULL;
  for (guint i = 0; i < routes->addresses->len && !found; i++)
    if (matches(routes->addresses->pdata[i], values))
      found = routes->addresses->pdata[i];
  for (guint level = 0; level < HIERARCHY_LEVELS; level++)
    g_free(values[level]);
  if (found && text_r)
    *text_r = found->text;
  return found ? found->peer : NULL;
}

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
