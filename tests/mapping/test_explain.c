/* test_explain.c: `gw400 map --explain`: every step of RFC 2156 4.3.4 and 4.3.5 is told with its clause,
 * every look-up with its keys. */
#include "lib/addressing.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct addressing_tables tables = {
    .domain_to_or = "acme.example#PRMD$acme.ADMD$@.C$de#\n"
                    "single#PRMD$single.ADMD$x.C$de#\n",
    .or_to_domain = "PRMD$acme.ADMD$@.C$de#acme.example#\n"
                    "PRMD$single.ADMD$x.C$de#single#\n",
    .domain_to_or_gateway = "island.example#PRMD$land.ADMD$x.C$de#\n",
    .or_to_domain_gateway = "ADMD$faraway.C$xx#gw.land.example#\n",
    .users = "ann@acme.example#/G=Ann/S=Lee/PRMD=acme/C=de/#\n",
    .mailbox_to_or = "info@acme.example#/G=Ann/S=Lee/PRMD=acme/C=de/#\n",
};

/* What must be told of an address, in this order; each the beginning of a line, or behind "~" a part of one.
 */
static const struct {
  const char *address, *told[6];
} cases[] = {
    /* Stage I */
    {"@relay.example:bob@acme.example", {"4.3.4 Stage I step 1: a source route"}},
    {"\"b o b\"@acme.example",
     {"4.3.4 Stage I step 1: local-part \"@\" domain",
      "4.3.4 Stage I step 2: without quoting the local part is: b o b",
      "4.3.4 Stage I step 3: all characters"}},
    {"\"a  b\"@acme.example",
     {"4.3.4 Stage I step 2: spaces at an end or side by side",
      "4.3.4 Stage II steps 1 and 2: \"a  b\"@acme.example",
      "4.3.4 Stage II step 3: the MCGAM's address carries it"}},
    {"a_b@acme.example", {"4.3.4 Stage I step 3: \"_\" is not in PrintableString"}},
    {"bob@acme.example",
     {"before 4.3.4: table mailbox-to-or: key bob@acme.example, any case: no row",
      "4.3.4 Stage I step 4: not std-or-address-input", "4.3.4 Stage I steps 4 and 5: a personal name",
      "4.3.4 Stage I step 6: it is not whole", "4.3.4 Stage I step 7: with C, ADMD",
      "4.3.4 Stage I step 8: table domain-to-or"}},
    {"J.Bob@b.a.acme.example",
     {"4.3.4 Stage I step 8: table domain-to-or: no row for b.a.acme.example, a.acme.example; acme.example "
      "is "
      "PRMD$acme.ADMD$@.C$de",
      "4.3.4 Stage I step 8: the domain stands for /OU=b/O=a/PRMD=acme/ADMD= /C=de/",
      "4.3.4 Stage I step 9: a valid O/R address",
      "4.3.4 Stage I step 10: /I=J/S=Bob/OU=b/O=a/PRMD=acme/ADMD= /C=de/",
      "way back: 4.3.5 Mapping B step 3: table or-to-domain", "a reply comes back to this address"}},
    {"/X121=1x/@acme.example",
     {"4.3.4 Stage I step 5: std-or-address-input, but not of its types: O/R address, character 2: X121 "
      "takes digits"}},
    {"/S=bob/C=de/@x.example",
     {"4.3.4 Stage I steps 4 and 5: the local part is an O/R", "4.3.4 Stage I step 6: it is whole"}},
    {"/UA-ID=12/@acme.example", {"4.3.4 Stage I step 7: UA-ID cannot be completed"}},
    {"bob@a_b.acme.example", {"4.3.4 Stage I step 8: a_b.acme.example is not of letters"}},
    {"bob@single", {"4.3.4 Stage I step 8: a domain of one label routes to no gateway"}},
    {"bob@f.e.d.c.b.a.acme.example", {"4.3.4 Stage I step 8: no level is left for \"f\""}},
    {"/S=bob/OU=e/@d.c.b.a.o.acme.example", {"4.3.4 Stage I step 8: more than four OUs"}},
    {"surname.of.more.than.forty.characters.that.is.too.long@acme.example",
     {"4.3.4 Stage I step 9: O/R address:", "4.3.4 Stage II steps 1 and 2"}},
    /* Stage II */
    {"bob@x.island.example",
     {"4.3.4 Stage I step 8: table domain-to-or: no row for x.island.example, island.example, example",
      "4.3.4 Stage II steps 1 and 2",
      "4.3.4 Stage II step 3: preferred gateway: table domain-to-or-gateway: no row for "
      "x.island.example; island.example is /PRMD=land/ADMD=x/C=de/"}},
    {"bob@elsewhere.test",
     {"4.3.4 Stage II step 3: preferred gateway: table domain-to-or-gateway: no row for elsewhere.test, test",
      "4.3.4 Stage II step 3: this gateway's own O/R address carries it"}},
    /* users */
    {"ann@acme.example",
     {"before 4.3.4: table mailbox-to-or: key ann@acme.example, any case: /G=Ann/S=Lee/PRMD=acme/ADMD= "
      "/C=de/",
      "way back: before 4.3.5 Mapping B: table or-to-mailbox: key /G=Ann/S=Lee/PRMD=acme/ADMD= /C=de/: "
      "ann@acme.example",
      "a reply comes back to this address"}},
    {"info@acme.example", {"a reply comes back to this user, written ann@acme.example"}},
    /* Mapping A and B */
    {"/RFC-822=a(a)b.example/C=de/",
     {"4.3.5 Mapping A: the RFC-822 attribute is the mailbox", "a reply does not come back"}},
    {"/S=bob/OU=b/O=a/PRMD=acme/C=de/",
     {"4.3.5 Mapping A: not exactly one RFC-822 attribute",
      "before 4.3.5 Mapping B: table or-to-mailbox: key /S=bob/OU=b/O=a/PRMD=acme/ADMD= /C=de/: no row",
      "4.3.5 Mapping B steps 1 and 2",
      "~OU$b.O$a.PRMD$acme.ADMD$@.C$de, O$a.PRMD$acme.ADMD$@.C$de; PRMD$acme.ADMD$@.C$de is acme.example",
      "4.3.5 Mapping B step 4: subdomain a.acme.example",
      "4.3.5 Mapping B step 4: subdomain b.a.acme.example"}},
    {"/G=J/S=bob/PRMD=acme/C=de/", {"4.3.5 Mapping B step 5: local part /G=J/S=bob/", "a reply comes back"}},
    {"/OU=b/PRMD=acme/C=de/", {"4.3.5 Mapping B step 5: local part /OU=b/"}},
    {"/S=bob/PRMD=single/ADMD=x/C=de/",
     {"4.3.5 Mapping B steps 3 and 4: single is not taken: a domain of one label",
      "4.3.5 Mapping B step 3: this gateway's own domain, gw.test"}},
    {"/PRMD=acme/C=de/", {"4.3.5 Mapping B steps 3 and 4: acme.example is not taken: nothing is left"}},
    {"/S=bob/O=a/ADMD=faraway/C=xx/",
     {"4.3.5 Mapping B step 3: table or-to-domain: no row for",
      "4.3.5 Mapping B step 3: preferred gateway: table or-to-domain-gateway: ",
      "~ADMD$faraway.C$xx is gw.land.example"}},
    /* would be written ann@acme.example by the rules, which is another user's */
    {"/S=ann/PRMD=acme/C=de/", {"4.3.5: ann@acme.example is not taken: it does not map back"}},
};

static bool tells(const char *line, const char *told)
{
  return *told == '~' ? strstr(line, told + 1) != NULL : g_str_has_prefix(line, told);
}

/* proves: A8 A8-merge A10 A11 A12 */
START_TEST(steps)
{
  struct mapping_context *context =
      addressing_context("'routes': <[{'or': <'/C=de/'>, 'peer': <'land'>}]>, ", &tables);
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_MAP);
  g_autoptr(mapping_result_t) result = mapping_result_new();
  job->text = g_strdup(cases[_i].address);
  job->to_x400 = strchr(job->text, '@') != NULL;
  job->explain = true;
  mapping_map(context, job, result);
  guint line = 0;
  for (guint i = 0; i < 6 && cases[_i].told[i]; i++) {
    while (line < result->lines->len && !tells(result->lines->pdata[line], cases[_i].told[i]))
      line++;
    g_autofree char *all = NULL;
    if (line == result->lines->len) {
      g_ptr_array_add(result->lines, NULL);
      all = g_strjoinv("\n", (char **)result->lines->pdata);
    }
    ck_assert_msg(!all, "%s: not told: %s\n%s", cases[_i].address, cases[_i].told[i], all);
  }
  mapping_context_free(context);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("explain");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, steps, 0, G_N_ELEMENTS(cases));
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
