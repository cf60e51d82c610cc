/* test_route.c: the routing table (longest match), settings, contexts. */
#include "lib/addressing.h"
#include "mapping/route.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct or_routes *routes_of(const char *text, GError **error)
{
  g_autoptr(GVariant) list = g_variant_parse(G_VARIANT_TYPE("aa{sv}"), text, NULL, NULL, NULL);
  ck_assert_ptr_nonnull(list);
  return or_routes_new(list, error);
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
    {"/S=x/C=de/", "admd"}, /* ADMD " " may go by any */
    {"/S=x/ADMD=other/C=de/", "country"},
    {"/S=x/ADMD=DBP/C=DE/", "admd"},
    {"/S=x/PRMD=Acme/ADMD=dbp/C=de/", "prmd"},
    {"/S=x/PRMD=acme/ADMD=other/C=de/", "prmd-any"},
    {"/S=x/PRMD=acme/C=de/", "prmd"},
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
  const char *text = NULL, *peer = or_routes_peer(routes, address, &text);
  ck_assert_pstr_eq(peer, matches[_i].peer);
  ck_assert_int_eq(text != NULL, peer != NULL);
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
  ck_assert_int_eq(a->text_body, MAPPING_TEXT_IA5);
  ck_assert_int_eq(a->attachment_body, MAPPING_ATTACHMENT_BILATERAL);
  ck_assert_uint_eq(a->content_type, 22);
  ck_assert_str_eq(a->gdi.country, "gb");
  ck_assert_ptr_null(a->gdi.prmd);
  ck_assert_uint_eq(a->size_max, 5);
  ck_assert_int_eq(b->text_body, MAPPING_TEXT_GENERAL);
  ck_assert_str_eq(b->gdi.prmd, "test");
  ck_assert_ptr_null(mapping_settings_peer(settings, "c"));
  ck_assert_ptr_null(mapping_settings_peer(settings, NULL));
  mapping_context_free(context);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("route");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, longest_match, 0, G_N_ELEMENTS(matches));
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
