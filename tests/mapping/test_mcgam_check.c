/* test_mcgam_check.c: compiled mapping tables, tried with an example of each row (RFC 2156 4.2). */
#include "lib/addressing.h"
#include "mapping/mcgam_check.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static GVariant *settings(void)
{
  return g_variant_ref_sink(g_variant_parse(
      G_VARIANT_TYPE_VARDICT,
      "{'domain': <'gw.test'>, 'or-address': <'/PRMD=test/ADMD=gate/C=xx/'>, 'country': <'xx'>}", NULL, NULL,
      NULL));
}

static GPtrArray *check(const struct mcgam_source *sources, guint count, guint rows_max)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GVariant) dictionary = settings();
  g_autoptr(GArray) origins = NULL;
  g_autoptr(GByteArray) octets = mcgam_compile_with_origins(sources, count, lines, &origins);
  if (octets)
    mcgam_check(dictionary, octets, sources, origins, rows_max, lines);
  return lines;
}

/* text of each kind of table, NULL: none; lines: all that is to be told, each a part of its line. */
static const struct {
  const char *texts[MCGAM_SOURCES];
  const char *lines[5];
} cases[] = {
    /* rows that invert each other, below each other, with an omitted level: nothing to tell */
    {{[MCGAM_DOMAIN_TO_OR] =
          "a.b#PRMD$p.ADMD$x.C$de#\nc.a.b#O$q.PRMD$p.ADMD$x.C$de#\nd.b#O$q.PRMD$@.ADMD$y.C$de#\n",
      [MCGAM_OR_TO_DOMAIN] =
          "PRMD$p.ADMD$x.C$de#a.b#\nO$q.PRMD$p.ADMD$x.C$de#c.a.b#\nO$q.PRMD$@.ADMD$y.C$de#d.b#\n"},
     {NULL}},
    /* one way: with the address that changes */
    {{[MCGAM_DOMAIN_TO_OR] = "a.b#PRMD$p.ADMD$x.C$de#\n"},
     {"domain-to-or:1: warning: no row of or-to-domain inverts it (RFC 2156 4.2): lee@a.b becomes "
      "/S=lee/PRMD=p/ADMD=x/C=de/"}},
    {{[MCGAM_OR_TO_DOMAIN] = "PRMD$p.ADMD$x.C$de#a.b#\n"},
     {"or-to-domain:1: warning: no row of domain-to-or inverts it (RFC 2156 4.2): lee@a.b is not made of it "
      "again: "
      "/S=lee/PRMD=p/ADMD=x/C=de/"}},
    /* a circle of two domains */
    {{[MCGAM_DOMAIN_TO_OR] = "a.b#PRMD$p.ADMD$x.C$de#\nc.d#PRMD$q.ADMD$x.C$de#\n",
      [MCGAM_OR_TO_DOMAIN] = "PRMD$p.ADMD$x.C$de#c.d#\nPRMD$q.ADMD$x.C$de#a.b#\n"},
     {"domain-to-or:1: warning: or-to-domain:1 maps back to \"c.d\"",
      "domain-to-or:1: warning: a circle, in which lee@a.b would wander: a.b -> PRMD$p.ADMD$x.C$de -> c.d -> "
      "PRMD$q.ADMD$x.C$de -> a.b",
      "domain-to-or:2: warning: or-to-domain:2 maps back to \"a.b\"", "domain-to-or:2: warning: a circle",
      "or-to-domain:1: warning: domain-to-or:2 maps back to"}},
    /* gateways that nobody asks for */
    {{[MCGAM_DOMAIN_TO_OR] = "a.b#PRMD$p.ADMD$x.C$de#\n",
      [MCGAM_OR_TO_DOMAIN] = "PRMD$p.ADMD$x.C$de#a.b#\n",
      [MCGAM_DOMAIN_TO_OR_GATEWAY] = "c.a.b#PRMD$g.ADMD$x.C$de#\n"},
     {"domain-to-or-gateway:1: warning: never asked: \"c.a.b\" lies below \"a.b\" of domain-to-or, so "
      "lee@c.a.b"}},
    {{[MCGAM_DOMAIN_TO_OR] = "a.b#PRMD$p.ADMD$x.C$de#\n",
      [MCGAM_OR_TO_DOMAIN] = "PRMD$p.ADMD$x.C$de#a.b#\n",
      [MCGAM_OR_TO_DOMAIN_GATEWAY] = "O$q.PRMD$p.ADMD$x.C$de#g.example#\n"},
     {"or-to-domain-gateway:1: warning: asked only where \"a.b\" of or-to-domain does not do: "
      "/S=lee/O=q/PRMD=p/ADMD=x/C=de/"}},
    /* a preferred gateway without room for the attribute */
    {{[MCGAM_DOMAIN_TO_OR_GATEWAY] = "a.b#~a$1.~b$1.~c$1.~d$1.C$de#\n"},
     {"domain-to-or-gateway:1: warning: lee@a.b has no address at this gateway"}},
    /* a domain of one label is never written (4.3.5 step 3) */
    {{[MCGAM_DOMAIN_TO_OR] = "b#ADMD$x.C$de#\n", [MCGAM_OR_TO_DOMAIN] = "ADMD$x.C$de#b#\n"},
     {"or-to-domain:1: warning: of no use: /S=lee/ADMD=x/C=de/ is written /S=lee/ADMD=x/C=de/@gw.test"}},
    /* users: both ways, and aliases of them */
    {{[MCGAM_USERS] = "ann@a.b#S=Ann; P=p; C=de#\n",
      [MCGAM_MAILBOX_TO_OR] = "info@a.b#S=Ann; P=p; C=de#\n",
      [MCGAM_OR_TO_MAILBOX] = "S=Anna; P=p; C=de#ann@a.b#\n"},
     {NULL}},
    /* an alias of somebody who is somebody else by another row */
    {{[MCGAM_USERS] = "ann@a.b#S=Ann; P=p; C=de#\n", [MCGAM_OR_TO_MAILBOX] = "S=Bob; P=p; C=de#info@c.d#\n"},
     {NULL}},
    {{[MCGAM_MAILBOX_TO_OR] = "ann@a.b#S=Ann; P=p; C=de#\n",
      [MCGAM_OR_TO_MAILBOX] = "S=Bob; P=p; C=de#ann@a.b#\n"},
     {"or-to-mailbox:1: warning: a reply does not come back: ann@a.b -> /S=Ann/PRMD=p/ADMD= /C=de/ -> "
      "\"/S=Ann/PRMD=p/ADMD= /C=de/\"@gw.test"}},
    /* an alias whose address another row gives to somebody who is again somebody else */
    {{[MCGAM_MAILBOX_TO_OR] = "info@a.b#S=Ann; P=p; C=de#\nann@a.b#S=Bob; P=p; C=de#\n",
      [MCGAM_OR_TO_MAILBOX] = "S=Ann; P=p; C=de#ann@a.b#\n"},
     {"mailbox-to-or:1: warning: a reply does not come back: info@a.b -> /S=Ann/PRMD=p/ADMD= /C=de/ -> "
      "ann@a.b -> "
      "/S=Bob/PRMD=p/ADMD= /C=de/",
      "or-to-mailbox:1: warning: a reply does not come back"}},
    /* against the rules */
    {{[MCGAM_DOMAIN_TO_OR] = "a.b#PRMD$p.ADMD$x.C$de#\n",
      [MCGAM_OR_TO_DOMAIN] = "PRMD$p.ADMD$x.C$de#a.b#\n",
      [MCGAM_USERS] = "ann@a.b#/S=Lee/PRMD=p/ADMD=x/C=de/#\nbob@a.b#/S=bob/PRMD=p/ADMD=x/C=de/#\n"},
     {"users:1: warning: contradicts the rules, by which ann@a.b is /S=ann/PRMD=p/ADMD=x/C=de/; that address "
      "is now "
      "written /S=ann/PRMD=p/ADMD=x/C=de/@gw.test"}},
};

/* proves: A7<> */
START_TEST(told)
{
  struct mcgam_source sources[MCGAM_SOURCES];
  guint count = 0, wanted = 0;
  for (enum mcgam_table table = 0; table < MCGAM_SOURCES; table++)
    if (cases[_i].texts[table])
      sources[count++] = (struct mcgam_source){table, mcgam_table_name(table), cases[_i].texts[table],
                                               strlen(cases[_i].texts[table])};
  g_autoptr(GPtrArray) lines = check(sources, count, MCGAM_CHECK_ALL);
  for (; wanted < 5 && cases[_i].lines[wanted]; wanted++) {
    ck_assert_uint_gt(lines->len, wanted);
    ck_assert_msg(strstr(lines->pdata[wanted], cases[_i].lines[wanted]) != NULL, "%s",
                  (char *)lines->pdata[wanted]);
  }
  ck_assert_msg(wanted == 5 || lines->len == wanted, "%s",
                lines->len > wanted ? (char *)lines->pdata[wanted] : "");
}
END_TEST

/* What is not tried is said. */
START_TEST(not_all_are_tried)
{
  g_autoptr(GString) forward = g_string_new(NULL), backward = g_string_new(NULL);
  for (guint i = 0; i < 50; i++) {
    g_string_append_printf(forward, "d%u.a.b#PRMD$p%u.ADMD$x.C$de#\n", i, i);
    g_string_append_printf(backward, "PRMD$p%u.ADMD$x.C$de#d%u.a.b#\n", i, i);
  }
  const struct mcgam_source sources[] = {{MCGAM_DOMAIN_TO_OR, "to", forward->str, forward->len},
                                         {MCGAM_OR_TO_DOMAIN, "from", backward->str, backward->len}};
  g_autoptr(GPtrArray) lines = check(sources, 2, 30), all = check(sources, 2, MCGAM_CHECK_ALL);
  ck_assert_uint_eq(all->len, 0);
  ck_assert_uint_eq(lines->len, 1);
  ck_assert_ptr_nonnull(strstr(lines->pdata[0], "examples of 70 more rows were not tried"));
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mcgam_check");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, told, 0, G_N_ELEMENTS(cases));
  tcase_add_test(all, not_all_are_tried);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
