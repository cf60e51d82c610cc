/* test_ps_encoding.c: RFC 2156 3.3 and 3.4. */
#include "mapping/ps_encoding.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *printable, *ascii;
  bool back, exact; /* the ASCII encodes to the same; it is ps-encoded */
} examples[] = {
    {"a demo.", "a demo.", true, true},
    {"foo(a)bar", "foo@bar", true, true},
    {"(q)(u)(p)(q)", "\"_%\"", true, true},
    {"(a)", "@", true, true},
    {"(A)", "@", false, true},
    {"(l)a(r)", "(a)", true, true},
    {"(126)", "~", true, true},
    {"(", "(", false, false},
    {"(l)", "(", true, true},
    {"(b)", "!", true, true},
    {"(092)", "\\", true, true},
    {"(127)", "\x7f", true, true},
    {"(128)", "(128)", false, false},
    {"(000)", "(000)", false, false},
    {"(x)", "(x)", false, false},
    {"()", "()", false, false},
    {"(12", "(12", false, false},
    {"a(L)b(R)c", "a(b)c", false, true},
    {"x@y", "x@y", false, false},
    {"", "", true, true},
};

/* proves: B8<> B8-error */
START_TEST(ps_encoded)
{
  bool exact;
  g_autofree char *ascii = ps_decode(examples[_i].printable, &exact);
  ck_assert_str_eq(ascii, examples[_i].ascii);
  ck_assert_int_eq(exact, examples[_i].exact);
  g_autofree char *again = ps_encode(ascii);
  ck_assert_int_eq(strcmp(again, examples[_i].printable) == 0, examples[_i].back);
}
END_TEST

/* proves: B8<> */
START_TEST(every_ascii_character_comes_back)
{
  for (char c = 1; c > 0; c++) {
    const char text[] = {'a', c, 'b', 0};
    g_autofree char *encoded = ps_encode(text);
    ck_assert(ps_is_printable(encoded));
    bool exact;
    g_autofree char *decoded = ps_decode(encoded, &exact);
    ck_assert(exact);
    ck_assert_str_eq(decoded, text);
  }
  ck_assert_ptr_null(ps_encode("ä"));
}
END_TEST

static const struct {
  const char *printable, *teletex, *text;
} twins[] = {
    {"yen", "¥", "yen*{165}"},
    {NULL, "a¥b", "*a{165}b"},
    {NULL, "Müller", "*M{252}ller"},
    {"Mueller", "Müller", "Mueller*M{252}ller"},
    {NULL, "äö", "*{228246}"},
    {NULL, "a_b@c", "*a{095}b{064}c"},
    {NULL, "{}*$", "*{123125042036}"},
    {NULL, "ő", "*{027037071197145}"},
    {NULL, "äőb", "*{228}{027037071197145}b"},
    {"abc", NULL, "abc"},
    {"", NULL, ""},
    {NULL, "", "*"},
};

/* proves: B4<> */
START_TEST(teletex_and_or_printable)
{
  g_autofree char *text = ps_teletex_format(twins[_i].printable, twins[_i].teletex);
  ck_assert_str_eq(text, twins[_i].text);
  g_autofree char *printable = NULL, *teletex = NULL;
  ck_assert(ps_teletex_parse(text, &printable, &teletex));
  ck_assert_pstr_eq(printable, twins[_i].printable);
  ck_assert_pstr_eq(teletex, twins[_i].teletex);
}
END_TEST

static const char *const bad_twins[] = {
    "a_b",    "ä",      "*{}",    "*{16}", "*{1655}",         "*{165", "*165}",
    "*{256}", "*{000}", "*{abc}", "*a*b",  "*{027037071255}", "{165}",
};

START_TEST(bad_teletex)
{
  g_autofree char *printable = NULL, *teletex = NULL;
  ck_assert_msg(!ps_teletex_parse(bad_twins[_i], &printable, &teletex), "%s", bad_twins[_i]);
}
END_TEST

/* proves: B2<> B3<> */
START_TEST(repertoires)
{
  ck_assert(ps_is_printable("AZaz09 '()+,-./:=?"));
  for (const char *c = "!\"#$%&*;<>@[\\]^_`{|}~\t\n"; *c; c++)
    ck_assert(!ps_char(*c));
  ck_assert(!ps_char(0));
  ck_assert(ps_is_numeric("0123 456789"));
  ck_assert(ps_is_numeric(""));
  ck_assert(!ps_is_numeric("1a"));
  ck_assert(ps_is_digits("0"));
  ck_assert(!ps_is_digits(""));
  ck_assert(!ps_is_digits("1 2"));
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("ps_encoding");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, ps_encoded, 0, G_N_ELEMENTS(examples));
  tcase_add_test(all, every_ascii_character_comes_back);
  tcase_add_loop_test(all, teletex_and_or_printable, 0, G_N_ELEMENTS(twins));
  tcase_add_loop_test(all, bad_teletex, 0, G_N_ELEMENTS(bad_twins));
  tcase_add_test(all, repertoires);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
