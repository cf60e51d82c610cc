#include "mapping/route_check.h"

#include "mapping/route.h"
#include "mapping/rules.h"

#include <stdarg.h>
#include <string.h>

static void warning_free(gpointer data)
{
  struct route_warning *warning = data;
  g_free(warning->words);
  g_free(warning);
}

static void warn(GPtrArray *warnings, guint line, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void warn(GPtrArray *warnings, guint line, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  struct route_warning *warning = g_new(struct route_warning, 1);
  *warning = (struct route_warning){line, g_strdup_vprintf(format, arguments)};
  va_end(arguments);
  g_ptr_array_add(warnings, warning);
}

static gint by_line(gconstpointer a, gconstpointer b)
{
  const struct route_warning *x = *(struct route_warning *const *)a, *y = *(struct route_warning *const *)b;
  return x->line < y->line ? -1 : x->line > y->line;
}

static void tell_shadowed(void *user, const struct or_route_entry *never, const struct or_route_entry *first)
{
  warn(user, never->line,
       "<route or=\"%s\" peer=\"%s\"> is never reached: line %u (peer %s) names the same addresses and comes "
       "first",
       never->text, never->peer, first->line, first->peer);
}

/* --- our own domain --- */

static struct or_address *domain_address(const struct mapping_gdi *gdi)
{
  struct or_address *address = or_address_new();
  or_address_set(address, OR_COUNTRY, 0, gdi->country, NULL);
  or_address_set(address, OR_ADMD, 0, gdi->admd ? gdi->admd : " ", NULL);
  or_address_set(address, OR_PRMD, 0, gdi->prmd, NULL);
  return address;
}

/* peer: the one that knows us by this domain; NULL: every one does. */
static void check_domain(struct mapping_context *context, const struct mapping_gdi *gdi, const char *peer,
                         GPtrArray *warnings)
{
  g_autoptr(or_address_t) address = domain_address(gdi);
  const struct or_route_entry *route = or_routes_find(context->routes, address);
  if (!route || (peer && strcmp(route->peer, peer) != 0))
    return;
  g_autofree char *text = or_address_format(address);
  warn(
      warnings, route->line,
      "possible loop: <route or=\"%s\" peer=\"%s\"> takes in %s, which is our own domain%s: what %s sends us "
      "for it, and no table or domain route lets out here, goes straight back to %s",
      route->text, route->peer, text, peer ? " towards this peer" : "", route->peer, route->peer);
}

/* A peer's own domain that a route leads to another peer. */
static void check_peer_domain(struct mapping_context *context, const struct mapping_peer *peer,
                              GPtrArray *warnings)
{
  g_autoptr(or_address_t) address = domain_address(&peer->remote_gdi);
  const struct or_route_entry *route = or_routes_find(context->routes, address);
  if (!route || strcmp(route->peer, peer->name) == 0)
    return;
  g_autofree char *text = or_address_format(address);
  warn(warnings, route->line,
       "possible loop: <route or=\"%s\" peer=\"%s\"> takes in %s, which is peer %s's own domain: what %s "
       "sends us "
       "for it may come back by %s",
       route->text, route->peer, text, peer->name, peer->name, route->peer);
}

static bool same_domain(const struct mapping_gdi *a, const struct mapping_gdi *b)
{
  g_autoptr(or_address_t) x = domain_address(a), y = domain_address(b);
  return or_address_equal(x, y);
}

static void check_own_domains(struct mapping_context *context, GPtrArray *warnings)
{
  const struct mapping_settings *settings = context->settings;
  check_domain(context, &settings->gdi, NULL, warnings);
  for (guint i = 0; i < settings->peers->len; i++) {
    const struct mapping_peer *peer = settings->peers->pdata[i];
    if (!same_domain(&peer->gdi, &settings->gdi))
      check_domain(context, &peer->gdi, peer->name, warnings);
    if (peer->remote_gdi.country)
      check_peer_domain(context, peer, warnings);
  }
}

/* --- domain routes --- */

/* A domain that is the Internet's by its route, and a peer's by its O/R address. */
static void check_sides(struct mapping_context *context, const char *domain, guint line, GPtrArray *warnings)
{
  const char *plain = *domain == '.' ? domain + 1 : domain;
  if (!*plain)
    return;
  g_autofree char *mailbox = g_strdup_printf("postmaster@%s", plain);
  enum to_or_rule rule;
  g_autoptr(or_address_t) address = rules_to_or(context, mailbox, ADDRESS_RECIPIENT, NULL, &rule, NULL);
  const struct or_route_entry *route =
      address && rule == TO_OR_MCGAM ? or_routes_find(context->routes, address) : NULL;
  if (!route)
    return;
  or_address_remove(address, OR_SURNAME);
  g_autofree char *text = or_address_format(address);
  warn(warnings, line,
       "possible loop: <route domain=\"%s\"> says that %s lies in the Internet, but by the tables it is %s, "
       "and "
       "line %u routes that to peer %s: mail for it that comes by SMTP goes to %s, and from there comes back",
       domain, plain, text, route->line, route->peer, route->peer);
}

static void check_domain_routes(struct mapping_context *context, GPtrArray *warnings)
{
  g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GVariant *routes = context->settings->routes;
  gsize count = routes ? g_variant_n_children(routes) : 0;
  for (gsize i = 0; i < count; i++) {
    g_autoptr(GVariant) row = g_variant_get_child_value(routes, i);
    const char *domain = NULL;
    guint line = 0;
    g_variant_lookup(row, "line", "u", &line);
    if (!g_variant_lookup(row, "domain", "&s", &domain))
      continue;
    char *key = g_ascii_strdown(domain, -1);
    gpointer first;
    if (g_hash_table_lookup_extended(lines, key, NULL, &first)) {
      warn(warnings, line,
           "<route domain=\"%s\"> is never reached: line %u names the same domain and comes first", domain,
           GPOINTER_TO_UINT(first));
      g_free(key);
      continue;
    }
    g_hash_table_insert(lines, key, GUINT_TO_POINTER(line));
    check_sides(context, domain, line, warnings);
  }
}

GPtrArray *route_check(struct mapping_context *context)
{
  GPtrArray *warnings = g_ptr_array_new_with_free_func(warning_free);
  or_routes_shadowed(context->routes, tell_shadowed, warnings);
  check_own_domains(context, warnings);
  check_domain_routes(context, warnings);
  g_ptr_array_sort(warnings, by_line);
  return warnings;
}
