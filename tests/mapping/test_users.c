/* test_users.c: exact rows of single users beside the rules of RFC 2156 4.2 (docs/decisions/0105). */
#include "lib/addressing.h"
#include "mapping/mcgam_compile.h"
#include "mapping/rules.h"
#include "mapping/users.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct addressing_tables tables = {
    .domain_to_or = "acme.example#PRMD$acme.ADMD$x.C$de#\n",
    .or_to_domain = "PRMD$acme.ADMD$x.C$de#acme.example#\n",
    .users = "# the three notations\n"
             "Ann.Lee@acme.example#/G=Ann/S=Lee/OU=it/O=hq/PRMD=acme/ADMD=x/C=de/#\n"
             "bob@ACME.example#S=Bob; O=hq; P=acme; A=x; C=de#\n"
             "carl@acme.example#S$Carl.O$hq.PRMD$acme.ADMD$x.C$de#\n"
             "\"d \\#1\"@far.example#/CN=desk*D{228}sk/PRMD=far/ADMD= /C=fr/#\n"
             "e/f@far.example#/UA-ID=12 34/PRMD=far/ADMD= /C=fr/#\n"
             "ed@far.example#/DD.Role=Chief/O=far/PRMD=far/C=fr/#\n",
    .mailbox_to_or = "info@acme.example#/G=Ann/S=Lee/OU=it/O=hq/PRMD=acme/ADMD=x/C=de/#\n"
                     "fax@acme.example#/X121=26245050/#\n"
                     "out@island.example#/RFC-822=out(a)island.example/PRMD=land/ADMD=x/C=de/#\n",
    .or_to_mailbox = "/S=old/O=hq/PRMD=acme/ADMD=x/C=de/#bob@acme.example#\n",
};

static const struct {
  const char *mailbox, *address;
  enum to_or_rule rule;
} to_or[] = {
    {"Ann.Lee@acme.example", "/G=Ann/S=Lee/OU=it/O=hq/PRMD=acme/ADMD=x/C=de/", TO_OR_USER},
    {"ANN.lee@Acme.EXAMPLE", "/G=Ann/S=Lee/OU=it/O=hq/PRMD=acme/ADMD=x/C=de/", TO_OR_USER},
    {"\"Ann\".\"Lee\"@acme.example", "/G=Ann/S=Lee/OU=it/O=hq/PRMD=acme/ADMD=x/C=de/", TO_OR_USER},
    {"info@acme.example", "/G=Ann/S=Lee/OU=it/O=hq/PRMD=acme/ADMD=x/C=de/", TO_OR_USER},
    {"bob@acme.example", "/S=Bob/O=hq/PRMD=acme/ADMD=x/C=de/", TO_OR_USER},
    {"carl@acme.example", "/S=Carl/O=hq/PRMD=acme/ADMD=x/C=de/", TO_OR_USER},
    {"\"d #1\"@far.example", "/CN=desk*D{228}sk/PRMD=far/ADMD= /C=fr/", TO_OR_USER},
    {"e/f@far.example", "/UA-ID=12 34/PRMD=far/ADMD= /C=fr/", TO_OR_USER},
    {"fax@acme.example", "/X121=26245050/", TO_OR_USER},
    {"out@island.example", "/RFC-822=out(a)island.example/PRMD=land/ADMD=x/C=de/", TO_OR_USER},
    /* no row: the rules */
    {"ann@acme.example", "/S=ann/PRMD=acme/ADMD=x/C=de/", TO_OR_MCGAM},
    {"Ann.Lee@it.acme.example", "/G=Ann/S=Lee/O=it/PRMD=acme/ADMD=x/C=de/", TO_OR_MCGAM},
};

/* proves: A7> */
START_TEST(mailbox_to_address)
{
  struct mapping_context *context = addressing_context("", &tables);
  enum to_or_rule rule;
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address =
      rules_to_or(context, to_or[_i].mailbox, ADDRESS_HEADING, NULL, &rule, &error);
  ck_assert_msg(address != NULL, "%s", error ? error->message : "");
  g_autofree char *text = or_address_format(address);
  ck_assert_str_eq(text, to_or[_i].address);
  ck_assert_int_eq(rule, to_or[_i].rule);
  mapping_context_free(context);
}
END_TEST

static const struct {
  const char *address, *mailbox;
  enum from_or_rule rule;
} from_or[] = {
    {"/G=Ann/S=Lee/OU=it/O=hq/PRMD=acme/ADMD=x/C=de/", "Ann.Lee@acme.example", FROM_OR_USER},
    {"/G=ANN/S=lee/OU=IT/O= hq /PRMD=acme/ADMD=X/C=DE/", "Ann.Lee@acme.example", FROM_OR_USER},
    {"/S=old/O=hq/PRMD=acme/ADMD=x/C=de/", "bob@acme.example", FROM_OR_USER},
    /* X.402 18.4: a printable name and its teletex twin are one name; an ADMD of a space is none; spaces in
       numbers */
    {"/CN=desk/PRMD=far/C=fr/", "\"d #1\"@far.example", FROM_OR_USER},
    {"/CN=*d{228}sk/PRMD=far/ADMD= /C=fr/", "\"d #1\"@far.example", FROM_OR_USER},
    {"/UA-ID=1234/PRMD=far/C=fr/", "e/f@far.example", FROM_OR_USER},
    {"/DD.ROLE=chief/O=FAR/PRMD=far/C=fr/", "ed@far.example", FROM_OR_USER},
    /* a row of the other direction alone; more or less than a row; Mapping A comes first */
    {"/X121=26245050/", "/X121=26245050/@gw.test", FROM_OR_OWN},
    {"/S=Carl/PRMD=acme/ADMD=x/C=de/", "/S=Carl/PRMD=acme/ADMD=x/C=de/@gw.test", FROM_OR_OWN},
    {"/S=Dan/O=hq/PRMD=acme/ADMD=x/C=de/", "Dan@hq.acme.example", FROM_OR_MCGAM},
    {"/RFC-822=z(a)y.example/S=Bob/O=hq/PRMD=acme/ADMD=x/C=de/", "z@y.example", FROM_OR_DDA},
};

/* "/S=Carl/PRMD=acme/..." would be written Carl@acme.example by the rules, but that mailbox is another user's
 * by its row: the rules' writing is not taken. */
/* proves: A7< */
START_TEST(address_to_mailbox)
{
  struct mapping_context *context = addressing_context("", &tables);
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address = or_address_parse(from_or[_i].address, &error);
  ck_assert_msg(address != NULL, "%s", error ? error->message : "");
  enum from_or_rule rule;
  g_autofree char *mailbox = rules_from_or(context, address, ADDRESS_HEADING, NULL, &rule, &error);
  ck_assert_str_eq(mailbox, from_or[_i].mailbox);
  ck_assert_int_eq(rule, from_or[_i].rule);
  mapping_context_free(context);
}
END_TEST

/* Two that differ in case alone are two; whoever has it exactly comes first. */
START_TEST(case_of_local_parts)
{
  static const struct addressing_tables two = {.users = "Ann@a.example#/S=One/PRMD=p/ADMD=x/C=de/#\n"
                                                        "ann@a.example#/S=Two/PRMD=p/ADMD=x/C=de/#\n"};
  static const struct {
    const char *extra, *mailbox, *surname; /* NULL: no row */
  } cases[] = {{"", "Ann@a.example", "One"},
               {"", "ann@A.example", "Two"},
               {"", "ANN@a.example", "One"},
               {"'local-parts': <'exact'>, ", "Ann@A.example", "One"},
               {"'local-parts': <'exact'>, ", "ANN@a.example", NULL}};
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GByteArray) octets = addressing_compile(&two, lines);
  ck_assert_ptr_nonnull(octets);
  ck_assert_uint_eq(lines->len, 1);
  ck_assert_ptr_nonnull(strstr(lines->pdata[0], "users:2: warning: \"ann@a.example\" differs from users:1"));
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct mapping_context *context = addressing_context(cases[i].extra, &two);
    enum to_or_rule rule;
    g_autoptr(or_address_t) address =
        rules_to_or(context, cases[i].mailbox, ADDRESS_HEADING, NULL, &rule, NULL);
    ck_assert_int_eq(rule == TO_OR_USER, cases[i].surname != NULL);
    if (cases[i].surname)
      ck_assert_str_eq(or_address_get(address, OR_SURNAME, 0), cases[i].surname);
    mapping_context_free(context);
  }
}
END_TEST

static const struct {
  struct addressing_tables tables;
  const char *line; /* a part of the only line; NULL: there is none */
  bool errors;
} diagnostics[] = {
    {{.users = "ann@a.example#S=Ann; C=de#\n"}, NULL, false},
    {{.users = "ann@a.example#S=Ann; C=de\n"}, "users:1: error: mailbox#O/R address# expected", true},
    {{.or_to_mailbox = "ann@a.example\n"}, "or-to-mailbox:1: error: O/R address#mailbox# expected", true},
    {{.users = "ann#S=Ann; C=de#\n"}, "users:1: error: mailbox: \"@\" expected", true},
    {{.users = "@b.example:ann@a.example#S=Ann; C=de#\n"}, "a source route names no user", true},
    {{.users = "ann@a.example#S=Ann#\n"}, "users:1: error: O/R address: no country", true},
    {{.users = "ann@a.example#X=Ann; C=de#\n"}, "\"X\" is no keyword", true},
    {{.users = "ann@a.example#S$Ann#\n"}, "no country", true},
    {{.users = "ann@a.example#S=a.surname.of.more.than.forty.characters.is.long; C=de#\n"},
     "longer than 40",
     true},
    {{.users = "ann@a.example#RFC-822=ann(a)a.example; C=de#\n"}, "4.3.5 Mapping A", true},
    {{.users = "ann@a.example#S=Ann; C=de#\nANN@A.EXAMPLE#S=ann;C=DE#\n"}, "case of its letters alone", true},
    {{.users = "ann@a.example#S=Ann; C=de#\nann@A.EXAMPLE#S=ann;C=DE#\n"}, "the same row as users:1", false},
    {{.users = "ann@a.example#S=Ann; C=de#\nann@a.example#S=Bob;C=de#\n"},
     "users:2: error: contradicts users:1, which maps the same key to \"/S=Ann/ADMD= /C=de/\"",
     true},
    {{.users = "ann@a.example#S=Ann; C=de#\nbob@a.example#S=Ann;C=de#\n"},
     "users:2: error: contradicts users:1, which maps the same key to \"ann@a.example\"",
     true},
    {{.users = "ann@a.example#CN=Ann*{228}; C=de#\n", .or_to_mailbox = "CN=*{196};C=de#bob@a.example#\n"},
     "error: contradicts",
     true},
    {{.users = "ann@a.example#S=Ann; C=de#\n", .mailbox_to_or = "bob@a.example#S=Ann;C=de#\n"}, NULL, false},
};

/* proves: F6 */
START_TEST(diagnostic)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GByteArray) octets = addressing_compile(&diagnostics[_i].tables, lines);
  ck_assert_int_eq(octets == NULL, diagnostics[_i].errors);
  if (!diagnostics[_i].line)
    ck_assert_msg(lines->len == 0, "%s", (char *)lines->pdata[0]);
  else
    ck_assert_msg(lines->len > 0 && strstr(lines->pdata[0], diagnostics[_i].line) != NULL, "%s",
                  lines->len ? (char *)lines->pdata[0] : "nothing");
}
END_TEST

/* A mistake that each of many rows has: some are shown, the rest is counted. */
START_TEST(many_mistakes)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < 1000; i++)
    g_string_append_printf(text, "user%u@a.example#S=u%u#\n", i, i);
  struct addressing_tables many = {.users = text->str};
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  ck_assert_ptr_null(addressing_compile(&many, lines));
  ck_assert_uint_eq(lines->len, 21);
  ck_assert_str_eq(lines->pdata[20],
                   "users:1000: error: and 980 more like the last of these, this being the last row");
}
END_TEST

/* An envelope's recipient by its row: into X.400 by a route, into mail by a domain route. */
START_TEST(recipients)
{
  struct mapping_context *context =
      addressing_context("'routes': <[{'or': <'/PRMD=acme/ADMD=x/C=de/'>, 'peer': <'land'>},"
                         " {'domain': <'far.example'>, 'smarthost': <'mail.test'>}]>, ",
                         &tables);
  g_autofree char *mapped = NULL, *hop = NULL, *back = NULL, *back_hop = NULL;
  ck_assert(address_route_mailbox(context, "bob@acme.example", &mapped, &hop, NULL, NULL));
  ck_assert_str_eq(mapped, "/S=Bob/O=hq/PRMD=acme/ADMD=x/C=de/");
  ck_assert_str_eq(hop, "p1:land");
  g_autoptr(or_address_t) address = or_address_parse("/DD.Role=Chief/O=far/PRMD=far/C=fr/", NULL);
  ck_assert(address_route_or(context, address, &back, &back_hop, NULL, NULL));
  ck_assert_str_eq(back, "ed@far.example");
  ck_assert_str_eq(back_hop, "smtp:[mail.test]:25");
  mapping_context_free(context);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("users");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, mailbox_to_address, 0, G_N_ELEMENTS(to_or));
  tcase_add_loop_test(all, address_to_mailbox, 0, G_N_ELEMENTS(from_or));
  tcase_add_test(all, case_of_local_parts);
  tcase_add_loop_test(all, diagnostic, 0, G_N_ELEMENTS(diagnostics));
  tcase_add_test(all, many_mistakes);
  tcase_add_test(all, recipients);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
