/* test_route.c: the routing table (longest match), settings, contexts. */
#include "lib/addressing.h"
#include "mapping/route.h"
#include "mapping/route_check.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct or_routes *table_of(const char *text, const char *aliases, GError **error)
{
  g_autoptr(GVariant) list = g_variant_parse(G_VARIANT_TYPE("aa{sv}"), text, NULL, NULL, NULL);
  g_autoptr(GVariant) others =
      aliases ? g_variant_parse(G_VARIANT_TYPE("aa{sv}"), aliases, NULL, NULL, NULL) : NULL;
  ck_assert_ptr_nonnull(list);
  ck_assert(!aliases || others);
  return or_routes_new(list, others, error);
}

static struct or_routes *routes_of(const char *text, GError **error)
{
  return table_of(text, NULL, error);
}

static const char *peer_of(const struct or_routes *routes, const struct or_address *address)
{
  const struct or_route_entry *route = or_routes_find(routes, address);
  return route ? route->peer : NULL;
}

static const char table[] = "[{'or': <'/C=de/'>, 'peer': <'country'>},"
                            "{'or': <'/ADMD=dbp/C=de/'>, 'peer': <'admd'>},"
                            "{'or': <'/PRMD=acme/ADMD=dbp/C=de/'>, 'peer': <'prmd'>},"
                            "{'or': <'/PRMD=acme/C=de/'>, 'peer': <'prmd-any'>},"
                            "{'or': <'/O=hq/PRMD=acme/ADMD=dbp/C=de/'>, 'peer': <'o'>},"
                            "{'or': <'/OU2=b/OU1=a/O=hq/PRMD=acme/ADMD=dbp/C=de/'>, 'peer': <'ou'>},"
                            "{'or': <'/O=lone/C=de/'>, 'peer': <'o-any'>},"
                            "{'or': <'/ADMD=gold 400/C=gb/'>, 'peer': <'gold'>},"
                            "{'or': <'/ADMD=GOLD  400/C=GB/'>, 'peer': <'second'>}]";

static const struct {
  const char *address, *peer;
} matches[] = {
    {"/S=x/C=de/",
     "country"}, /* ADMD " ": what the country's own route says stands before one of its ADMDs */
    {"/S=x/ADMD= /C=de/", "country"},
    {"/S=x/ADMD=0/C=de/", "country"}, /* a route of the whole country */
    {"/S=x/ADMD=other/C=de/", "country"},
    {"/S=x/ADMD=DBP/C=DE/", "admd"},
    {"/S=x/PRMD=Acme/ADMD=dbp/C=de/", "prmd"},
    {"/S=x/PRMD=acme/ADMD=other/C=de/", "prmd-any"},
    {"/S=x/PRMD=acme/C=de/", "prmd-any"},
    {"/S=x/PRMD=acme/ADMD=0/C=de/", "country"}, /* any ADMD is not none */
    {"/S=x/O=hq/PRMD=acme/C=de/", "o"},         /* any ADMD goes by a route that names one */
    {"/S=x/PRMD=acme2/ADMD=dbp/C=de/", "admd"},
    {"/S=x/O=HQ/PRMD=acme/ADMD=dbp/C=de/", "o"},
    {"/S=x/OU=a/O=hq/PRMD=acme/ADMD=dbp/C=de/", "o"},
    {"/S=x/OU=b/OU=a/O=hq/PRMD=acme/ADMD=dbp/C=de/", "ou"},
    {"/S=x/OU=a/OU=b/O=hq/PRMD=acme/ADMD=dbp/C=de/", "o"},
    {"/S=x/OU=c/OU=b/OU=a/O=hq/PRMD=acme/ADMD=dbp/C=de/", "ou"},
    {"/S=x/O=lone/PRMD=any/ADMD=thing/C=de/", "o-any"},
    {"/S=x/ADMD=Gold 400/C=gb/", "gold"},
    {"/S=x/ADMD=x/C=gb/", NULL},
    {"/S=x/C=fr/", NULL},
    {"/X121=1234/", NULL},
};

/* proves: A10 */
START_TEST(longest_match)
{
  struct or_routes *routes = routes_of(table, NULL);
  g_autoptr(or_address_t) address = or_address_parse(matches[_i].address, NULL);
  ck_assert_pstr_eq(peer_of(routes, address), matches[_i].peer);
  or_routes_free(routes);
}
END_TEST

/* X.402 18.4: names in more than one representation. O's printable and wide values in route and address. */
static const struct {
  const char *route_printable, *route_teletex, *printable, *teletex, *universal;
  bool same;
} twins[] = {
    {"Mueller", NULL, "mueller", NULL, NULL, true},
    {"Mueller", NULL, "  MUELLER ", NULL, NULL, true},
    {"A  B", NULL, "a b", NULL, NULL, true},
    {"A B", NULL, "AB", NULL, NULL, false},
    {"Mueller", NULL, "Mueller", "Müller", NULL, true},
    {"Mueller", "Müller", "Mueller", "Möller", NULL, true}, /* the printable ones decide */
    {"Mueller", "Müller", NULL, "MÜLLER", NULL, true},
    {"Mueller", "Müller", NULL, NULL, "müller", true}, /* universal beside teletex */
    {NULL, "Müller", NULL, "müller", NULL, true},
    {NULL, "Müller", NULL, NULL, "MÜLLER", true},
    {NULL, "Müller", "Mueller", NULL, NULL, false},
    {NULL, "Müller", "Mueller", "Müller", NULL, true},
    {"4711", NULL, "4711", NULL, NULL, true}, /* NumericString and PrintableString are both text here */
    {"acme", NULL, NULL, "acme", NULL, true}, /* a teletex twin of printable characters */
    {"acme", NULL, NULL, NULL, "ACME", true},
};

START_TEST(twins_are_one_name)
{
  g_autoptr(or_address_t) prefix = or_address_parse("/C=de/", NULL);
  or_address_set(prefix, OR_ORGANIZATION, 0, twins[_i].route_printable, twins[_i].route_teletex);
  g_autofree char *written = or_address_format(prefix);
  g_autofree char *text = g_strdup_printf("[{'or': <'%s'>, 'peer': <'p'>}]", written);
  struct or_routes *routes = routes_of(text, NULL);
  ck_assert_ptr_nonnull(routes);
  g_autoptr(or_address_t) address = or_address_parse("/S=x/C=de/", NULL);
  struct or_attribute *name = or_address_require(address, OR_ORGANIZATION, 0);
  name->printable = g_strdup(twins[_i].printable);
  name->teletex = g_strdup(twins[_i].teletex);
  name->universal = g_strdup(twins[_i].universal);
  ck_assert_int_eq(or_routes_find(routes, address) != NULL, twins[_i].same);
  or_routes_free(routes);
}
END_TEST

static const char aliases[] = "[{'country': <'de'>, 'admd': <'0'>, 'of': <'carrier'>},"
                              "{'country': <'de'>, 'admd': <'Old  Carrier'>, 'of': <'CARRIER'>},"
                              "{'country': <'gb'>, 'admd': <' '>, 'of': <'gold 400'>},"
                              "{'country': <'fr'>, 'admd': <'0'>, 'of': <' '>}]";

static const struct {
  const char *address, *peer, *without; /* peer without the aliases */
} aliased[] = {
    {"/S=x/PRMD=acme/ADMD=carrier/C=de/", "acme", "acme"},
    {"/S=x/PRMD=acme/ADMD=0/C=de/", "acme", NULL},
    {"/S=x/PRMD=acme/ADMD=old carrier/C=DE/", "acme", NULL},
    {"/S=x/PRMD=acme/ADMD=other/C=de/", NULL, NULL},
    {"/S=x/PRMD=zero/ADMD=carrier/C=de/", "zero", NULL}, /* the route's ADMD is read by the alias too */
    {"/S=x/PRMD=zero/ADMD=0/C=de/", "zero", "zero"},
    {"/S=x/PRMD=acme/ADMD=0/C=gb/", NULL, NULL}, /* an alias holds in its country */
    {"/S=x/PRMD=p/C=gb/", "gold", "any"},
    {"/S=x/PRMD=p/ADMD=other/C=gb/", "any", "any"},
    {"/S=x/PRMD=p/ADMD=0/C=fr/", "fr", NULL},
};

START_TEST(alias_makes_the_same)
{
  static const char routes_text[] = "[{'or': <'/PRMD=acme/ADMD=carrier/C=de/'>, 'peer': <'acme'>},"
                                    "{'or': <'/PRMD=zero/ADMD=0/C=de/'>, 'peer': <'zero'>},"
                                    "{'or': <'/PRMD=p/C=gb/'>, 'peer': <'any'>},"
                                    "{'or': <'/PRMD=p/ADMD=gold 400/C=gb/'>, 'peer': <'gold'>},"
                                    "{'or': <'/PRMD=p/C=fr/'>, 'peer': <'fr'>}]";
  g_autoptr(or_address_t) address = or_address_parse(aliased[_i].address, NULL);
  struct or_routes *with = table_of(routes_text, aliases, NULL), *without = routes_of(routes_text, NULL);
  ck_assert_pstr_eq(peer_of(with, address), aliased[_i].peer);
  ck_assert_pstr_eq(peer_of(without, address), aliased[_i].without);
  /* what an alias would mend is said where it fails */
  if (aliased[_i].peer && !aliased[_i].without)
    ck_assert_str_eq(or_routes_nearly(without, address)->peer, aliased[_i].peer);
  or_routes_free(with);
  or_routes_free(without);
}
END_TEST

/* --- the longest match by brute force: names are numbers here, and writings of a number are all the same ---
 */

enum { LEVELS = 8, ANY = 0, NONE = 1, NAMES = 4, ADMD = 1 };

struct brute {
  guint names[LEVELS]; /* 0: not named; of the ADMD ANY, NONE, then names */
};

static guint pick(GRand *random, guint limit)
{
  return (guint)g_rand_int_range(random, 0, (gint)limit);
}

static char *writing(GRand *random, guint level, guint name)
{
  static const char *const forms[][3] = {
      {"", "", ""}, {"a one", "A One", "a   ONE "}, {"b2", "B2", " b2"}, {"c", "C", "c "}};
  if (level == 0)
    return g_strdup(name % 2 ? "de" : "DE");
  if (level == ADMD && name == ANY)
    return g_strdup(pick(random, 2) ? " " : "");
  if (level == ADMD && name == NONE)
    return g_strdup("0");
  return g_strdup(forms[name][pick(random, 3)]);
}

static struct brute random_brute(GRand *random, bool whole)
{
  struct brute made = {.names = {1, pick(random, NAMES)}};
  guint depth = whole ? LEVELS : 1 + pick(random, LEVELS);
  for (guint level = 2; level < depth; level++)
    made.names[level] = pick(random, 3) ? 1 + pick(random, 2) : 0;
  for (guint level = 4; level + 1 < LEVELS; level++) /* OUs stand without gaps in an address */
    if (!made.names[level])
      made.names[level + 1] = 0;
  if (!whole && depth == 1)
    made.names[ADMD] = ANY;
  return made;
}

static struct or_address *address_of(GRand *random, const struct brute *brute, bool person)
{
  static const enum or_key keys[] = {OR_COUNTRY, OR_ADMD, OR_PRMD, OR_ORGANIZATION};
  struct or_address *address = or_address_new();
  for (guint level = 0; level < LEVELS; level++) {
    g_autofree char *value = writing(random, level, brute->names[level]);
    if (brute->names[level] || level == ADMD)
      or_address_set(address, level < 4 ? keys[level] : OR_UNIT, level < 4 ? 0 : level - 4, value, NULL);
  }
  if (person)
    or_address_set(address, OR_SURNAME, 0, "Lee", NULL);
  return address;
}

/* The rank of a route for an address, from the rule as it is written; 0: it does not match. */
static guint rank(const struct brute *route, const struct brute *address)
{
  guint depth = 0, levels = 0, exact = 1, deepest = 0;
  for (guint level = 0; level < LEVELS; level++)
    deepest = route->names[level] ? level : deepest;
  for (guint level = 0; level < LEVELS; level++) {
    if (level == ADMD || !route->names[level])
      continue;
    if (route->names[level] != address->names[level])
      return 0;
    depth = level + 1, levels++;
  }
  guint named = route->names[ADMD], has = address->names[ADMD];
  if (named == ANY && has == NONE && deepest > ADMD)
    return 0;
  if (named == NONE && has == ANY)
    return 0;
  if (named != ANY && has == ANY)
    exact = 0;
  else if (named != ANY && named != has)
    return 0;
  else if (named != ANY)
    depth = MAX(depth, 2), levels++;
  return depth * 1000 + levels * 10 + exact + 1;
}

START_TEST(property_longest_by_brute_force)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(400);
  guint found = 0;
  for (guint round = 0; round < 300; round++) {
    struct brute all[24];
    g_autoptr(GString) text = g_string_new("[");
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
      all[i] = random_brute(random, false);
      g_autoptr(or_address_t) prefix = address_of(random, &all[i], false);
      g_autofree char *written = or_address_format(prefix);
      g_string_append_printf(text, "%s{'or': <'%s'>, 'peer': <'%u'>}", i ? "," : "", written, i);
    }
    g_string_append(text, "]");
    g_autoptr(GError) error = NULL;
    struct or_routes *routes = routes_of(text->str, &error);
    ck_assert_msg(routes != NULL, "%s: %s", text->str, error ? error->message : "");
    for (guint k = 0; k < 40; k++) {
      struct brute wanted = random_brute(random, pick(random, 2));
      g_autoptr(or_address_t) address = address_of(random, &wanted, true);
      guint best = 0, first = 0;
      for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        if (rank(&all[i], &wanted) > best)
          best = rank(&all[i], &wanted), first = i;
      g_autofree char *expected = best ? g_strdup_printf("%u", first) : NULL,
                      *shown = or_address_format(address);
      ck_assert_msg(g_strcmp0(peer_of(routes, address), expected) == 0, "%s by %s: %s, expected %s", shown,
                    text->str, peer_of(routes, address), expected);
      found += best > 0;
    }
    or_routes_free(routes);
  }
  ck_assert_uint_gt(found, 2000);
}
END_TEST

static void count_shadow(void *user, const struct or_route_entry *never, const struct or_route_entry *first)
{
  g_string_append_printf(user, "%u<%u ", never->line, first->line);
}

START_TEST(shadowed_routes_are_told)
{
  struct or_routes *routes =
      table_of("[{'or': <'/PRMD=acme/ADMD=carrier/C=de/'>, 'peer': <'a'>, 'line': <uint32 1>},"
               "{'or': <'/PRMD=ACME/ADMD=Carrier/C=DE/'>, 'peer': <'b'>, 'line': <uint32 2>},"
               "{'or': <'/PRMD=acme/C=de/'>, 'peer': <'b'>, 'line': <uint32 3>},"
               "{'or': <'/PRMD=acme/ADMD=0/C=de/'>, 'peer': <'c'>, 'line': <uint32 4>},"
               "{'or': <'/O=x/PRMD=acme/ADMD=carrier/C=de/'>, 'peer': <'d'>}]",
               aliases, NULL);
  g_autoptr(GString) told = g_string_new(NULL);
  or_routes_shadowed(routes, count_shadow, told);
  ck_assert_str_eq(told->str, "2<1 4<1 ");
  or_routes_free(routes);
}
END_TEST

/* Of a route with further peers: their order, and the hops that a recipient gets. */
START_TEST(further_peers)
{
  struct mapping_context *context =
      addressing_context("'routes': <[{'or': <'/C=de/'>, 'peer': <'a'>, 'fallbacks': <['b', 'c d']>}, {'or': "
                         "<'/C=fr/'>, 'peer': <'a'>}]>,",
                         NULL);
  g_autofree char *mapped = NULL, *hop = NULL;
  g_autoptr(or_address_t) address = or_address_parse("/S=lee/ADMD=x/C=de/", NULL);
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  ck_assert(address_route_or(context, address, &mapped, &hop, NULL, NULL));
  g_autofree char *further = address_fallbacks(context, mapped, hop);
  ck_assert_str_eq(hop, "p1:a");
  ck_assert_str_eq(further, "p1:b\np1:c d");
  ck_assert_ptr_null(address_fallbacks(context, "/S=lee/ADMD=x/C=fr/", "p1:a"));
  ck_assert_ptr_null(address_fallbacks(context, "a@b.example", "smtp:b.example"));
  or_routes_explain(context->routes, address, lines);
  ck_assert_str_eq(lines->pdata[0],
                   "route: /C=de/ -> a, then b, then c d: 1 of its levels agree, the only match");
  mapping_context_free(context);
}
END_TEST

START_TEST(explanation)
{
  struct or_routes *routes = table_of(table, aliases, NULL);
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(or_address_t) address = or_address_parse("/S=x/O=hq/PRMD=acme/ADMD=dbp/C=de/", NULL);
  or_routes_explain(routes, address, lines);
  ck_assert_uint_eq(lines->len, 5);
  ck_assert_str_eq(lines->pdata[0], "route: /O=hq/PRMD=acme/ADMD=dbp/C=de/ -> o: 4 of its levels agree, the "
                                    "longest match (X.402 18)");
  ck_assert(g_str_has_prefix(lines->pdata[1], "route outdone: /C=de/ -> country"));
  g_ptr_array_set_size(lines, 0);
  g_autoptr(or_address_t) old = or_address_parse("/S=x/PRMD=acme/ADMD=Old Carrier/C=de/", NULL);
  or_routes_explain(routes, old, lines);
  ck_assert_str_eq(lines->pdata[0], "alias: ADMD \"Old  Carrier\" is \"CARRIER\" in C=de");
  or_routes_free(routes);
}
END_TEST

static const struct {
  const char *domain, *smarthost;
  bool found;
} domains[] = {
    {"example.org", "exact", true},
    {"EXAMPLE.ORG", "exact", true},
    {"a.example.org", "below", true},
    {"a.b.example.org", "below", true},
    {"c.a.example.org", "deep", true},
    {"bexample.org", NULL, false},
    {"mx.example", NULL, true},
    {"org", NULL, false},
    {"", NULL, false},
};

START_TEST(domain_routes)
{
  struct or_routes *routes =
      routes_of("[{'domain': <'example.org'>, 'smarthost': <'exact'>, 'port': <uint32 26>},"
                "{'domain': <'.Example.org'>, 'smarthost': <'below'>},"
                "{'domain': <'.a.example.org'>, 'smarthost': <'deep'>},"
                "{'domain': <'example.org'>, 'smarthost': <'second'>},"
                "{'domain': <'mx.example'>}]",
                NULL);
  const char *smarthost = NULL;
  guint port = 0;
  ck_assert_int_eq(or_routes_domain(routes, domains[_i].domain, &smarthost, &port), domains[_i].found);
  ck_assert_pstr_eq(smarthost, domains[_i].smarthost);
  ck_assert_uint_eq(port, _i < 2 ? 26 : 0);
  or_routes_free(routes);
}
END_TEST

START_TEST(every_domain)
{
  struct or_routes *routes = routes_of("[{'domain': <'.'>, 'smarthost': <'all'>}]", NULL);
  const char *smarthost = NULL;
  guint port;
  ck_assert(or_routes_domain(routes, "x.y.z", &smarthost, &port));
  ck_assert(or_routes_domain(routes, "x", &smarthost, &port));
  or_routes_free(routes);
}
END_TEST

static const struct {
  const char *routes, *words;
} wrong[] = {
    {"[{'or': <'/X=1/'>, 'peer': <'p'>, 'line': <uint32 7>}]", "line 7: O/R address"},
    {"[{'or': <'/S=a/C=de/'>, 'peer': <'p'>}]", "C, ADMD, PRMD, O and OU only"},
    {"[{'or': <'/C=de/'>}]", "needs a peer"},
    {"[{'peer': <'p'>}]", "\"or\" or \"domain\""},
};

static const struct {
  const char *aliases, *words;
} wrong_aliases[] = {
    {"[{'country': <'de'>, 'admd': <'a'>, 'line': <uint32 5>}]", "alias of line 5: an alias needs"},
    {"[{'country': <'de'>, 'admd': <'a'>, 'of': <' A '>}]", "of itself"},
    {"[{'country': <'de'>, 'admd': <'a'>, 'of': <'b'>}, {'country': <'DE'>, 'admd': <'A'>, 'of': <'c'>}]",
     "already"},
    {"[{'country': <'de'>, 'admd': <'a'>, 'of': <'b'>}, {'country': <'de'>, 'admd': <'c'>, 'of': <'a'>}]",
     "alias of an alias"},
    {"[{'country': <'de'>, 'admd': <'a'>, 'of': <'b'>}, {'country': <'de'>, 'admd': <'b'>, 'of': <'c'>}]",
     "behind another"},
};

START_TEST(alias_mistake)
{
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(table_of("[]", wrong_aliases[_i].aliases, &error));
  ck_assert_msg(strstr(error->message, wrong_aliases[_i].words) != NULL, "%s", error->message);
}
END_TEST

START_TEST(mistake)
{
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(routes_of(wrong[_i].routes, &error));
  ck_assert_msg(strstr(error->message, wrong[_i].words) != NULL, "%s", error->message);
}
END_TEST

static const struct {
  const char *settings, *words;
} bad_settings[] = {
    {"@a{sv} {}", "\"domain\""},
    {"{'domain': <'a_b'>, 'or-address': <'/S=a/C=de/'>, 'country': <'de'>}", "\"domain\""},
    {"{'domain': <'a.b'>, 'country': <'de'>}", "\"or-address\""},
    {"{'domain': <'a.b'>, 'or-address': <'/S=a/C=de/'>}", "\"country\""},
    {"{'domain': <'a.b'>, 'or-address': <'hello'>, 'country': <'de'>}", "\"or-address\": O/R address"},
    {"{'domain': <'a.b'>, 'or-address': <'/C=de/'>, 'country': <'de'>}", "name nobody"},
    {"{'domain': <'a.b'>, 'or-address': <'/S=a/C=de/'>, 'country': <'de'>, 'peers': <[@a{sv} {}]>}",
     "\"peers: name\""},
    {"{'domain': <'a.b'>, 'or-address': <'/S=a/C=de/'>, 'country': <'de'>, 'routes': <[{'peer': <'x'>}]>}",
     "route"},
};

START_TEST(bad_setting)
{
  g_autoptr(GVariant) settings =
      g_variant_parse(G_VARIANT_TYPE_VARDICT, bad_settings[_i].settings, NULL, NULL, NULL);
  ck_assert_ptr_nonnull(settings);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(mapping_context_new(settings, -1, &error));
  ck_assert_msg(strstr(error->message, bad_settings[_i].words) != NULL, "%s", error->message);
}
END_TEST

START_TEST(settings_and_their_defaults)
{
  struct mapping_context *context = addressing_context(
      "'peers': <[{'name': <'a'>, 'text-body': <'ia5'>, 'attachment-body': <'bilateral'>, 'content-type': "
      "<'22'>, 'country': <'gb'>,"
      " 'admd': <'gold'>, 'size-max': <uint64 5>}, {'name': <'b'>}]>, 'hops-max': <uint32 9>,",
      NULL);
  const struct mapping_settings *settings = context->settings;
  ck_assert_uint_eq(settings->hops_max, 9);
  ck_assert_uint_gt(settings->depth_max, 0);
  ck_assert_str_eq(settings->hostname, "gw.test");
  ck_assert_uint_eq(settings->smarthost_port, 25);
  const struct mapping_peer *a = mapping_settings_peer(settings, "a"),
                            *b = mapping_settings_peer(settings, "b");
  ck_assert_int_eq(a->text_forms.list[0], MAPPING_TEXT_IA5);
  ck_assert_int_eq(a->attachment_body, MAPPING_ATTACHMENT_BILATERAL);
  ck_assert_uint_eq(a->content_type, 22);
  ck_assert_str_eq(a->gdi.country, "gb");
  ck_assert_ptr_null(a->gdi.prmd);
  ck_assert_uint_eq(a->size_max, 5);
  ck_assert_int_eq(b->text_forms.list[0], MAPPING_TEXT_GENERAL);
  ck_assert_str_eq(b->gdi.prmd, "test");
  ck_assert_ptr_null(mapping_settings_peer(settings, "c"));
  ck_assert_ptr_null(mapping_settings_peer(settings, NULL));
  mapping_context_free(context);
}
END_TEST

/* --- what may loop, what is never reached: the gateway is /PRMD=test/ADMD=gate/C=xx/, land is ours to reach
 * --- */

#define LAND "{'or': <'/PRMD=land/ADMD=gate/C=xx/'>, 'peer': <'land'>, 'line': <uint32 3>}"

static const struct {
  const char *what, *settings, *expected; /* "LINE words", "" for none; words are a part */
} checks[] = {
    {"a peer's own addresses", "'routes': <[" LAND "]>,", ""},
    {"a route of the whole country takes in our own domain",
     "'routes': <[" LAND ", {'or': <'/C=xx/'>, 'peer': <'land'>, 'line': <uint32 4>}]>,",
     "4 possible loop: <route or=\"/C=xx/\" peer=\"land\"> takes in /PRMD=test/ADMD=gate/C=xx/, which is our "
     "own domain:"},
    {"our own domain is named",
     "'routes': <[{'or': <'/PRMD=TEST/ADMD=Gate/C=XX/'>, 'peer': <'land'>, 'line': <uint32 4>}]>,",
     "4 possible loop: "},
    {"part of our own domain lies behind a peer",
     "'routes': <[{'or': <'/O=branch/PRMD=test/ADMD=gate/C=xx/'>, 'peer': <'land'>}]>,", ""},
    {"the domain that the peer knows us by goes to that peer",
     "'routes': <[{'or': <'/ADMD=gold/C=gb/'>, 'peer': <'land'>, 'line': <uint32 5>}]>,"
     "'peers': <[{'name': <'land'>, 'country': <'gb'>, 'admd': <'gold'>}]>,",
     "5 possible loop: <route or=\"/ADMD=gold/C=gb/\" peer=\"land\"> takes in /ADMD=gold/C=gb/, which is our "
     "own domain "
     "towards this peer:"},
    {"to another peer it may go",
     "'routes': <[{'or': <'/ADMD=gold/C=gb/'>, 'peer': <'other'>, 'line': <uint32 5>}]>,"
     "'peers': <[{'name': <'land'>, 'country': <'gb'>, 'admd': <'gold'>}, {'name': <'other'>}]>,",
     ""},
    {"a peer's own domain goes to another peer",
     "'routes': <[{'or': <'/C=fr/'>, 'peer': <'other'>, 'line': <uint32 7>}]>,"
     "'peers': <[{'name': <'land'>, 'remote-country': <'fr'>, 'remote-admd': <'atlas'>}, {'name': "
     "<'other'>}]>,",
     "7 possible loop: <route or=\"/C=fr/\" peer=\"other\"> takes in /ADMD=atlas/C=fr/, which is peer land's "
     "own "
     "domain: what land sends us"},
    {"a peer's own domain goes to the peer",
     "'routes': <[{'or': <'/ADMD=atlas/C=fr/'>, 'peer': <'land'>}]>,"
     "'peers': <[{'name': <'land'>, 'remote-country': <'fr'>, 'remote-admd': <'atlas'>}]>,",
     ""},
    {"an alias leads to our own domain",
     "'routes': <[{'or': <'/ADMD=0/C=xx/'>, 'peer': <'land'>, 'line': <uint32 6>}]>,"
     "'aliases': <[{'country': <'xx'>, 'admd': <'0'>, 'of': <'gate'>}]>,",
     "6 possible loop: "},
    {"a second route of the same addresses",
     "'routes': <[" LAND ", {'or': <'/PRMD=Land/ADMD=GATE/C=xx/'>, 'peer': <'far'>, 'line': <uint32 9>}]>,",
     "9 <route or=\"/PRMD=Land/ADMD=GATE/C=xx/\" peer=\"far\"> is never reached: line 3 (peer land)"},
    {"a second route of a domain",
     "'routes': <[{'domain': <'a.test'>, 'line': <uint32 1>}, {'domain': <'A.test'>, 'smarthost': <'h'>, "
     "'line': <uint32 2>}]>,",
     "2 <route domain=\"A.test\"> is never reached: line 1"},
    {"an Internet domain whose O/R address is a peer's",
     "'routes': <[" LAND ", {'domain': <'land.test'>, 'line': <uint32 8>}]>,",
     "8 possible loop: <route domain=\"land.test\"> says that land.test lies in the Internet, but by the "
     "tables it is "
     "/PRMD=land/ADMD=gate/C=xx/, and line 3 routes that to peer land:"},
    {"an Internet domain whose O/R address nobody has",
     "'routes': <[{'domain': <'land.test'>, 'line': <uint32 8>}, {'domain': <'.'>, 'line': <uint32 9>}]>,",
     ""},
    {"no routes", "", ""},
};

START_TEST(static_check)
{
  static const struct addressing_tables tables = {.domain_to_or = "land.test#PRMD$land.ADMD$gate.C$xx#\n"};
  struct mapping_context *context = addressing_context(checks[_i].settings, &tables);
  g_autoptr(GPtrArray) warnings = route_check(context);
  if (!*checks[_i].expected) {
    const struct route_warning *first = warnings->len ? warnings->pdata[0] : NULL;
    ck_assert_msg(!first, "%s: %s", checks[_i].what, first ? first->words : "");
  } else {
    ck_assert_msg(warnings->len == 1, "%s: %u warnings", checks[_i].what, warnings->len);
    const struct route_warning *warning = warnings->pdata[0];
    g_autofree char *told = g_strdup_printf("%u %s", warning->line, warning->words);
    ck_assert_msg(g_str_has_prefix(told, checks[_i].expected), "%s: %s", checks[_i].what, told);
  }
  mapping_context_free(context);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("route");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, longest_match, 0, G_N_ELEMENTS(matches));
  tcase_add_loop_test(all, twins_are_one_name, 0, G_N_ELEMENTS(twins));
  tcase_add_loop_test(all, alias_makes_the_same, 0, G_N_ELEMENTS(aliased));
  tcase_add_loop_test(all, alias_mistake, 0, G_N_ELEMENTS(wrong_aliases));
  tcase_add_test(all, property_longest_by_brute_force);
  tcase_add_test(all, shadowed_routes_are_told);
  tcase_add_test(all, explanation);
  tcase_add_test(all, further_peers);
  tcase_add_loop_test(all, static_check, 0, G_N_ELEMENTS(checks));
  tcase_add_loop_test(all, domain_routes, 0, G_N_ELEMENTS(domains));
  tcase_add_test(all, every_domain);
  tcase_add_loop_test(all, mistake, 0, G_N_ELEMENTS(wrong));
  tcase_add_loop_test(all, bad_setting, 0, G_N_ELEMENTS(bad_settings));
  tcase_add_test(all, settings_and_their_defaults);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
