/* test_resolver.c - MX look-ups against a DNS server of the test's own. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns_server.h"
#include "net/net.h"

static const struct dns_record records[] = {
    {"two.test", "MX", "20 second.test"},
    {"two.test", "MX", "10 first.test"},
    {"first.test", "A", "192.0.2.1"},
    {"first.test", "AAAA", "2001:db8::1"},
    {"second.test", "A", "192.0.2.2"},
    {"null.test", "MX", "0 ."},
    {"nullplus.test", "MX", "0 ."},
    {"nullplus.test", "MX", "10 first.test"},
    {"implicit.test", "A", "192.0.2.3"},
    {"implicit6.test", "AAAA", "2001:db8::3"},
    {"empty.test", "EXISTS", ""},
    {"dangling.test", "MX", "10 nowhere.test"},
    {"half.test", "MX", "10 nowhere.test"},
    {"half.test", "MX", "20 first.test"},
    {"halfdead.test", "MX", "10 broken.test"},
    {"halfdead.test", "MX", "20 first.test"},
    {"alldead.test", "MX", "10 broken.test"},
    {"broken.test", "SERVFAIL", ""},
    {"silent.test", "SILENT", ""},
    {"odd.test", "MX", "10 a b.test"},
    {"odd.test", "MX", "10 first.test"},
    {"xn--bcher-kva.test", "A", "192.0.2.4"},
    {"many.test", "MX", "10 first.test"},
    {"many.test", "MX", "10 second.test"},
    {"many.test", "MX", "10 implicit.test"},
    {NULL, NULL, NULL},
};

struct world {
  struct dns_server *dns;
  struct net_loop *loop;
  struct net_resolver *resolver;
  struct net_timer *guard;
  GString *answer; /* "ok: 10 first.test 192.0.2.1 2001:db8::1; ..." */
  char *words;
  guint answers;
  bool free_resolver;
};

static const char *const statuses[] = {"ok", "no data", "no name", "temporary"};

static void on_answer(void *user, const struct net_mx_answer *answer)
{
  struct world *world = user;
  world->answers++;
  g_string_append_printf(world->answer, "%s%s:", statuses[answer->status], answer->null_mx ? " null" : "");
  ck_assert(!answer->secure || answer->hosts->len == 0);
  for (guint i = 0; i < answer->hosts->len; i++) {
    const struct net_mx *mx = answer->hosts->pdata[i];
    g_string_append_printf(world->answer, "%s %u %s", i > 0 ? ";" : "", mx->preference, mx->host);
    for (guint k = 0; k < mx->addresses->len; k++)
      g_string_append_printf(world->answer, " %s", (char *)mx->addresses->pdata[k]);
  }
  g_free(world->words);
  world->words = g_strdup(answer->words);
  if (world->free_resolver)
    net_resolver_free(g_steal_pointer(&world->resolver));
  net_stop(world->loop);
}

static void on_guard(void *user)
{
  (void)user;
  ck_abort_msg("no answer");
}

static struct world *world_new(guint timeout_ms, bool lift)
{
  struct world *world = g_new0(struct world, 1);
  world->dns = dns_server_new(records);
  world->loop = net_loop_new();
  world->answer = g_string_new(NULL);
  world->guard = net_timer_new(world->loop, on_guard, NULL);
  net_timer_start(world->guard, 20000, 0);
  g_autofree char *forward = g_strdup_printf("127.0.0.1@%u", dns_server_port(world->dns));
  const struct net_resolver_options options = {
      .forward = forward, .timeout_ms = timeout_ms, .lift_test_zones = lift};
  g_autoptr(GError) error = NULL;
  world->resolver = net_resolver_new(world->loop, &options, &error);
  ck_assert_msg(world->resolver != NULL, "%s", error != NULL ? error->message : "");
  return world;
}

static void world_free(struct world *world)
{
  net_resolver_free(world->resolver);
  net_timer_free(world->guard);
  net_loop_free(world->loop);
  dns_server_free(world->dns);
  g_string_free(world->answer, TRUE);
  g_free(world->words);
  g_free(world);
}

static const struct {
  const char *domain, *answer, *words;
} answers[] = {
    {"two.test", "ok: 10 first.test 192.0.2.1 2001:db8::1; 20 second.test 192.0.2.2", NULL},
    {"TWO.test.", "ok: 10 first.test 192.0.2.1 2001:db8::1; 20 second.test 192.0.2.2", NULL},
    {"null.test", "ok null:", "null.test: takes no mail (null MX, RFC 7505)"},
    {"nullplus.test", "ok: 10 first.test 192.0.2.1 2001:db8::1", NULL},
    {"implicit.test", "ok: 0 implicit.test 192.0.2.3", NULL},
    {"implicit6.test", "ok: 0 implicit6.test 2001:db8::3", NULL},
    {"b\xc3\xbc"
     "cher.test",
     "ok: 0 xn--bcher-kva.test 192.0.2.4", NULL},
    {"empty.test", "no data:", "empty.test: DNS has neither"},
    {"dangling.test", "no data:", "dangling.test: DNS has neither"},
    {"half.test", "ok: 20 first.test 192.0.2.1 2001:db8::1", NULL},
    {"halfdead.test", "ok: 20 first.test 192.0.2.1 2001:db8::1", NULL},
    {"alldead.test", "temporary:", "alldead.test: DNS: "},
    {"broken.test", "temporary:", "broken.test: DNS: "},
    {"silent.test", "temporary:", "silent.test: no answer from DNS in 1500 ms"},
    {"odd.test", "ok: 10 first.test 192.0.2.1 2001:db8::1", NULL},
    {"nowhere.test", "no name:", "nowhere.test: there is no such domain in DNS"},
    {"", "no name:", ": not a domain name"},
    {"[192.0.2.9]", "ok: 0 [192.0.2.9] 192.0.2.9", NULL},
    {"[IPv6:2001:db8::9]", "ok: 0 [IPv6:2001:db8::9] 2001:db8::9", NULL},
};

START_TEST(answer)
{
  struct world *world = world_new(1500, true);
  guint id = net_resolve_mx(world->resolver, answers[_i].domain, on_answer, world);
  ck_assert_uint_ne(id, 0);
  ck_assert_uint_eq(world->answers, 0); /* never from within the call */
  net_run(world->loop);
  ck_assert_uint_eq(world->answers, 1);
  ck_assert_str_eq(world->answer->str, answers[_i].answer);
  if (answers[_i].words == NULL)
    ck_assert_ptr_null(world->words);
  else
    ck_assert_msg(g_str_has_prefix(world->words, answers[_i].words), "%s", world->words);
  world_free(world);
}
END_TEST

START_TEST(test_zones_are_unbounds_own_unless_lifted)
{
  struct world *world = world_new(1500, false);
  net_resolve_mx(world->resolver, "two.test", on_answer, world);
  net_run(world->loop);
  ck_assert(g_str_has_prefix(world->answer->str, "no "));
  ck_assert_uint_eq(dns_server_asked(world->dns), 0);
  world_free(world);
}
END_TEST

START_TEST(hosts_of_one_preference_are_shuffled)
{
  struct world *world = world_new(1500, true);
  g_autoptr(GHashTable) firsts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (int i = 0; i < 60 && g_hash_table_size(firsts) < 3; i++) {
    g_string_truncate(world->answer, 0);
    net_resolve_mx(world->resolver, "many.test", on_answer, world);
    net_run(world->loop);
    g_auto(GStrv) words = g_strsplit(world->answer->str, " ", 4);
    g_hash_table_add(firsts, g_strdup(words[2]));
  }
  ck_assert_uint_eq(g_hash_table_size(firsts), 3);
  world_free(world);
}
END_TEST

START_TEST(many_at_once)
{
  struct world *world = world_new(5000, true);
  for (int i = 0; i < 50; i++)
    net_resolve_mx(world->resolver, i % 2 == 0 ? "two.test" : "implicit.test", on_answer, world);
  while (world->answers < 50)
    net_run(world->loop);
  world_free(world);
}
END_TEST

START_TEST(cancelled)
{
  struct world *world = world_new(1500, true);
  guint first = net_resolve_mx(world->resolver, "silent.test", on_answer, world);
  guint second = net_resolve_mx(world->resolver, "two.test", on_answer, world);
  guint third = net_resolve_mx(world->resolver, "implicit.test", on_answer, world);
  net_resolve_cancel(world->resolver, first);
  net_resolve_cancel(world->resolver, second);
  net_resolve_cancel(world->resolver, 4711); /* nobody's */
  net_run(world->loop);
  ck_assert_str_eq(world->answer->str, "ok: 0 implicit.test 192.0.2.3");
  net_resolve_cancel(world->resolver, third); /* done already */
  world_free(world);
}
END_TEST

START_TEST(resolver_freed_with_open_queries_and_in_a_callback)
{
  struct world *world = world_new(1500, true);
  net_resolve_mx(world->resolver, "silent.test", on_answer, world);
  net_resolve_mx(world->resolver, "implicit.test", on_answer, world);
  world->free_resolver = true;
  net_run(world->loop);
  ck_assert_uint_eq(world->answers, 1);
  ck_assert_ptr_null(world->resolver);
  world_free(world);
}
END_TEST

START_TEST(bad_forwarder)
{
  struct net_loop *loop = net_loop_new();
  const struct net_resolver_options options = {.forward = (char *)"not an address"};
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(net_resolver_new(loop, &options, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "not an address"));
  net_loop_free(loop);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("resolver");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 40);
  tcase_add_loop_test(all, answer, 0, G_N_ELEMENTS(answers));
  tcase_add_test(all, test_zones_are_unbounds_own_unless_lifted);
  tcase_add_test(all, hosts_of_one_preference_are_shuffled);
  tcase_add_test(all, many_at_once);
  tcase_add_test(all, cancelled);
  tcase_add_test(all, resolver_freed_with_open_queries_and_in_a_callback);
  tcase_add_test(all, bad_forwarder);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
