/* test_px.c: PX look-ups (RFC 2163) against a DNS server of the test's own. */
#include "lib/dns_server.h"
#include "net/net.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct dns_record records[] = {
    {"*.nrc.test", "PX", "50 nrc.test PRMD-nrc.ADMD-acme.C-it"},
    {"*.cce.nrc.test", "PX", "50 cce.nrc.test O-cce.PRMD-nrc.ADMD-acme.C-it"},
    {"exact.test", "PX", "60 exact.test PRMD-b.C-it"},
    {"exact.test", "PX", "50 exact.test PRMD-a.C-it.G"},
    {"*.admd-acme.x42d.it", "PX", "50 it.test ADMD-acme.C-it"},
    {"*.x42d.fr", "PX", "50 fr.test C-fr"},
    {"a.broken.test", "SERVFAIL", ""},
    {"*.broken.test", "PX", "50 broken.test PRMD-x.C-it"},
    {"silent.test", "SILENT", ""},
    {NULL, NULL, NULL},
};

static const struct {
  const char *name, *root, *answer;
} cases[] = {
    {"nrc.test", "", "ok 50 nrc.test PRMD-nrc.ADMD-acme.C-it"},
    {"x.y.nrc.test", "", "ok 50 nrc.test PRMD-nrc.ADMD-acme.C-it"},
    {"sun.cce.nrc.test", "", "ok 50 cce.nrc.test O-cce.PRMD-nrc.ADMD-acme.C-it"},
    {"exact.test", "", "ok 50 exact.test PRMD-a.C-it.G, 60 exact.test PRMD-b.C-it"},
    {"below.exact.test", "", "none"}, /* 4.1: no wildcard, an exact match alone */
    {"o-x.prmd-y.admd-acme", "x42d.it", "ok 50 it.test ADMD-acme.C-it"},
    {"prmd-y.admd-z", "x42d.it", "none"},
    {"prmd-y.admd-z", "x42d.fr", "ok 50 fr.test C-fr"},
    {"elsewhere.test", "", "none"},
    {"a.broken.test", "", "temporary"}, /* what lies above a failure is not taken */
    {"silent.test", "", "temporary"},
};

struct world {
  struct net_loop *loop;
  GString *answer;
};

static void on_answer(void *user, const struct net_px_answer *answer)
{
  struct world *world = user;
  g_string_append(world->answer, answer->status == NET_DNS_OK          ? "ok "
                                 : answer->status == NET_DNS_TEMPORARY ? "temporary"
                                                                       : "none");
  ck_assert(answer->status != NET_DNS_TEMPORARY || answer->words);
  for (guint i = 0; answer->status == NET_DNS_OK && i < answer->records->len; i++)
    g_string_append_printf(world->answer, "%s%s", i ? ", " : "", (char *)answer->records->pdata[i]);
  if (answer->status == NET_DNS_OK)
    ck_assert_uint_le(answer->ttl, 60);
  net_stop(world->loop);
}

/* proves: M2 */
START_TEST(the_longest_rung_counts)
{
  struct dns_server *dns = dns_server_new(records);
  struct world world = {net_loop_new(), g_string_new(NULL)};
  g_autofree char *forward = g_strdup_printf("127.0.0.1@%u", dns_server_port(dns));
  struct net_resolver_options options = {.forward = forward, .timeout_ms = 3000, .lift_test_zones = true};
  struct net_resolver *resolver = net_resolver_new(world.loop, &options, NULL);
  ck_assert_ptr_nonnull(resolver);
  net_resolve_px(resolver, cases[_i].name, cases[_i].root, on_answer, &world);
  net_run(world.loop);
  ck_assert_int_eq(g_ascii_strcasecmp(world.answer->str, cases[_i].answer), 0);
  net_resolver_free(resolver);
  net_loop_free(world.loop);
  dns_server_free(dns);
  g_string_free(world.answer, TRUE);
}
END_TEST

START_TEST(a_query_ends_with_its_resolver)
{
  struct dns_server *dns = dns_server_new(records);
  struct world world = {net_loop_new(), g_string_new(NULL)};
  g_autofree char *forward = g_strdup_printf("127.0.0.1@%u", dns_server_port(dns));
  struct net_resolver_options options = {.forward = forward, .lift_test_zones = true};
  struct net_resolver *resolver = net_resolver_new(world.loop, &options, NULL);
  net_resolve_px(resolver, "silent.test", "", on_answer, &world);
  net_resolver_free(resolver);
  ck_assert_uint_eq(world.answer->len, 0);
  net_loop_free(world.loop);
  dns_server_free(dns);
  g_string_free(world.answer, TRUE);
}
END_TEST

static const struct {
  const char *octets;
  gsize length;
  const char *text;
} rdata[] = {
    {"\0\x32\2it\0\5ADMDb\4C-it\0", 19, "50 it ADMDb.C-it"},
    {"\0\x32\2it\0", 6, NULL},
    {"\0\x32\2it\0\5ADM", 10, NULL},
    {"\0\x32\2i.\0\4C-it\0", 12, NULL},
    {"\0\x32\xc0\x0c\4C-it\0", 10, NULL}, /* no pointers here */
    {"\0", 1, NULL},
};

START_TEST(rdata_as_text)
{
  g_autofree char *text = net_px_text((const guint8 *)rdata[_i].octets, rdata[_i].length);
  ck_assert_msg(g_strcmp0(text, rdata[_i].text) == 0, "%s", text);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("PX look-ups");
  TCase *tcase = tcase_create("RFC 2163");
  tcase_set_timeout(tcase, 30);
  tcase_add_loop_test(tcase, the_longest_rung_counts, 0, G_N_ELEMENTS(cases));
  tcase_add_test(tcase, a_query_ends_with_its_resolver);
  tcase_add_loop_test(tcase, rdata_as_text, 0, G_N_ELEMENTS(rdata));
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
