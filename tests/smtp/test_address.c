/* test_address.c - mailboxes, paths, xtext and ORCPT values: tables of good and bad, and what comes back. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/path.h"

#define O_UML "\xc3\xb6"

static const struct {
  const char *address;
  bool ascii, utf8; /* allowed without and with SMTPUTF8 */
  const char *domain;
} addresses[] = {
    {"a@b", true, true, "b"},
    {"a.b+c-d_e=f@b.example", true, true, "b.example"},
    {"!#$%&'*+-/=?^_`{|}~@b", true, true, "b"},
    {"/G=John/S=Smith/OU1=sales/O=company/P=prmd/A=admd/C=GB/@gw.example", true, true, "gw.example"},
    {"\"a b\"@c", true, true, "c"},
    {"\"a@b\"@c", true, true, "c"},
    {"\"a\\\"@b\\\\\"@c", true, true, "c"},
    {"\"\"@c", true, true, "c"},
    {"a@[192.0.2.1]", true, true, "[192.0.2.1]"},
    {"a@[IPv6:2001:db8::1]", true, true, "[IPv6:2001:db8::1]"},
    {"a@xn--bcher-kva.example", true, true, "xn--bcher-kva.example"},
    {"a@1.2", true, true, "1.2"},
    {O_UML "@b", false, true, "b"},
    {"a@" O_UML ".example", false, true, O_UML ".example"},
    {"\"" O_UML " x\"@b", false, true, "b"},
    {"postmaster", false, false, NULL},
    {"", false, false, NULL},
    {"@b", false, false, "b"},
    {"a@", false, false, ""},
    {"a@b@c", false, false, "c"},
    {"a b@c", false, false, "c"},
    {".a@b", false, false, "b"},
    {"a.@b", false, false, "b"},
    {"a..b@c", false, false, "c"},
    {"a,b@c", false, false, "c"},
    {"<a@b>", false, false, "b>"},
    {"\"a@b", false, false, NULL},
    {"\"a\"b@c", false, false, "c"},
    {"\"a\rb\"@c", false, false, "c"},
    {"a@b.", false, false, "b."},
    {"a@.b", false, false, ".b"},
    {"a@-b", false, false, "-b"},
    {"a@b-.c", false, false, "b-.c"},
    {"a@b_c", false, false, "b_c"},
    {"a@b c", false, false, "b c"},
    {"a@b\r\nRCPT TO:<x@y>", false, false, "y>"},
    {"a@[192.0.2]", false, false, "[192.0.2]"},
    {"a@[192.0.2.1", false, false, "[192.0.2.1"},
    {"a@[IPv6:x]", false, false, "[IPv6:x]"},
    {"a@[x:y]", false, false, "[x:y]"},
    {"\xff@b", false, false, "b"},
    {"a@\xc3", false, false, "\xc3"},
};

START_TEST(mailboxes)
{
  const char *address = addresses[_i].address;
  for (int utf8 = 0; utf8 < 2; utf8++) {
    g_autoptr(GError) error = NULL;
    bool ok = smtp_address_check(address, utf8, &error);
    ck_assert_msg(ok == (utf8 ? addresses[_i].utf8 : addresses[_i].ascii), "%s: %s", address,
                  error != NULL ? error->message : "taken");
    ck_assert(ok == (error == NULL));
    if (!ok && addresses[_i].utf8)
      ck_assert(g_error_matches(error, SMTP_ERROR, SMTP_ERROR_UTF8));
  }
  const char *domain = smtp_address_domain(address);
  if (addresses[_i].domain == NULL)
    ck_assert_ptr_null(domain);
  else
    ck_assert_str_eq(domain, addresses[_i].domain);
}
END_TEST

static const struct {
  gsize local, label, labels;
  bool good;
} lengths[] = {
    {SMTP_LOCAL_PART_MAX, 10, 1, true},
    {SMTP_LOCAL_PART_MAX + 1, 10, 1, false},
    {1, 63, 1, true},
    {1, 64, 1, false},
    {1, 50, 5, true},  /* 254 octets */
    {1, 63, 4, true},  /* 255 */
    {1, 51, 5, false}, /* 259 */
};

START_TEST(length)
{
  g_autofree char *local = g_strnfill(lengths[_i].local, 'l');
  g_autofree char *label = g_strnfill(lengths[_i].label, 'd');
  g_autoptr(GString) address = g_string_new(local);
  for (gsize i = 0; i < lengths[_i].labels; i++)
    g_string_append_printf(address, "%c%s", i == 0 ? '@' : '.', label);
  g_autoptr(GError) error = NULL;
  ck_assert(smtp_address_check(address->str, false, &error) == lengths[_i].good);
  if (!lengths[_i].good)
    ck_assert(g_error_matches(error, SMTP_ERROR, SMTP_ERROR_LENGTH));
}
END_TEST

static const char *const canonical[][2] = {
    {"a.b@c", "a.b@c"},
    {"\"a.b\"@c", "a.b@c"},
    {"\"a\\b\"@c", "ab@c"},
    {"\"a b\"@c", "\"a b\"@c"},
    {"\"a\\ b\"@c", "\"a b\"@c"},
    {"\"a\\\"b\"@c", "\"a\\\"b\"@c"},
    {"\"a\\\\b\"@c", "\"a\\\\b\"@c"},
    {"\".a\"@c", "\".a\"@c"},
    {"\"a..b\"@c", "\"a..b\"@c"},
    {"\"\"@c", "\"\"@c"},
    {"\"/S=x/\"@c", "/S=x/@c"},
    {"postmaster", "postmaster"},
};

START_TEST(canonical_form)
{
  g_autofree char *once = smtp_address_canonical(canonical[_i][0]);
  ck_assert_str_eq(once, canonical[_i][1]);
  g_autofree char *twice = smtp_address_canonical(once);
  ck_assert_str_eq(twice, once);
}
END_TEST

static const struct {
  const char *path, *address, *rest; /* address NULL: refused */
} paths[] = {
    {"<>", "", ""},
    {"<a@b>", "a@b", ""},
    {"<a@b> SIZE=1", "a@b", " SIZE=1"},
    {"<\"a>b\"@c> X", "\"a>b\"@c", " X"},
    {"<@x:a@b>", "a@b", ""},
    {"<@x,@y.z:a@b>", "a@b", ""},
    {"<POSTMASTER>", "postmaster", ""},
    {"<postmaster@b>", "postmaster@b", ""},
    {"a@b", NULL, NULL},
    {"<a@b", NULL, NULL},
    {"<a@b c>", NULL, NULL},
    {"<a>", NULL, NULL},
    {"<@x>", NULL, NULL},
    {"<@x:>", NULL, NULL},
    {"<@x,y:a@b>", NULL, NULL},
    {"<@:a@b>", NULL, NULL},
    {"<\"a@b>", NULL, NULL},
    {"<\"a\\", NULL, NULL},
    {"<\xff@b>", NULL, NULL},
    {"<", NULL, NULL},
    {"", NULL, NULL},
};

START_TEST(path)
{
  const char *cursor = paths[_i].path;
  g_autofree char *address = NULL;
  g_autoptr(GError) error = NULL;
  bool ok = smtp_path_read(&cursor, &address, &error);
  ck_assert_msg(ok == (paths[_i].address != NULL), "%s: %s", paths[_i].path, ok ? "taken" : error->message);
  if (ok) {
    ck_assert_str_eq(address, paths[_i].address);
    ck_assert_str_eq(cursor, paths[_i].rest);
  }
}
END_TEST

static const char *const xtext[][2] = {
    /* plain, encoded */
    {"", ""},          {"abc", "abc"},  {"a+b=c", "a+2Bb+3Dc"}, {"a b\t", "a+20b+09"},
    {O_UML, "+C3+B6"}, {"\x7f", "+7F"},
};

START_TEST(xtext_there_and_back)
{
  g_autofree char *encoded = smtp_xtext_encode(xtext[_i][0]);
  ck_assert_str_eq(encoded, xtext[_i][1]);
  g_autofree char *decoded = smtp_xtext_decode(encoded);
  ck_assert_str_eq(decoded, xtext[_i][0]);
}
END_TEST

static const char *const bad_xtext[] = {"+", "+4", "+4g", "+4a", "+00", "a=b", "a b", "\x7f", O_UML, "a\n"};

START_TEST(xtext_refused)
{
  ck_assert_ptr_null(smtp_xtext_decode(bad_xtext[_i]));
}
END_TEST

static const struct {
  const char *plain, *seven, *eight;
} orcpts[] = {
    {"rfc822;a@b", "rfc822;a@b", "rfc822;a@b"},
    {"rfc822;a+b=c@d", "rfc822;a+2Bb+3Dc@d", "rfc822;a+2Bb+3Dc@d"},
    {"x400;/S=a b/C=GB/", "x400;/S+3Da+20b/C+3DGB/", "x400;/S+3Da+20b/C+3DGB/"},
    {"utf-8;" O_UML "@d", "utf-8;\\x{F6}@d", "utf-8;" O_UML "@d"},
    {"utf-8;a+b \\@d", "utf-8;a\\x{2B}b\\x{20}\\x{5C}@d", "utf-8;a\\x{2B}b\\x{20}\\x{5C}@d"},
    {"utf-8;\xf0\x9f\x93\xa8@d", "utf-8;\\x{1F4E8}@d", "utf-8;\xf0\x9f\x93\xa8@d"},
};

START_TEST(orcpt_there_and_back)
{
  g_autofree char *seven = smtp_orcpt_encode(orcpts[_i].plain, false);
  g_autofree char *eight = smtp_orcpt_encode(orcpts[_i].plain, true);
  ck_assert_str_eq(seven, orcpts[_i].seven);
  ck_assert_str_eq(eight, orcpts[_i].eight);
  g_autofree char *from_seven = smtp_orcpt_decode(seven, false);
  g_autofree char *from_eight = smtp_orcpt_decode(eight, true);
  ck_assert_str_eq(from_seven, orcpts[_i].plain);
  ck_assert_str_eq(from_eight, orcpts[_i].plain);
}
END_TEST

static const char *const bad_orcpts[] = {
    "a@b",
    ";a@b",
    "rfc822;",
    "rfc822;a+0A@b",
    "rfc822;a+@b",
    "rf c;a",
    "rfc822;\xc3\xb6",
    "utf-8;\\x{}@d",
    "utf-8;\\x{110000}@d",
    "utf-8;\\x{D800}@d",
    "utf-8;\\x41",
    "utf-8;\\x{41",
    "utf-8;\\x{0A}",
    "utf-8;a+20b",
    "utf-8;\\x{00000041}",
    "utf-8;\xff@b",
    "utf-8;a b",
    "utf-8;\\",
};

START_TEST(orcpt_refused)
{
  ck_assert_ptr_null(smtp_orcpt_decode(bad_orcpts[_i], true));
}
END_TEST

START_TEST(orcpt_raw_utf8_needs_smtputf8)
{
  ck_assert_ptr_null(smtp_orcpt_decode("utf-8;" O_UML "@d", false));
}
END_TEST

START_TEST(envelope_copy)
{
  g_autoptr(smtp_envelope_t) one = smtp_envelope_new();
  g_free(one->sender);
  one->sender = g_strdup("a@b");
  one->envid = g_strdup("id");
  one->ret = SMTP_RET_HDRS;
  smtp_envelope_add(one, "c@d")->orcpt = g_strdup("rfc822;x@y");
  smtp_envelope_add(one, "e@f")->notify = SMTP_NOTIFY_NEVER;
  g_autoptr(smtp_envelope_t) two = smtp_envelope_copy(one);
  ck_assert_str_eq(two->sender, "a@b");
  ck_assert_str_eq(two->envid, "id");
  ck_assert_int_eq(two->ret, SMTP_RET_HDRS);
  ck_assert_uint_eq(two->recipients->len, 2);
  const struct smtp_recipient *first = two->recipients->pdata[0], *second = two->recipients->pdata[1];
  ck_assert_str_eq(first->orcpt, "rfc822;x@y");
  ck_assert_str_eq(second->address, "e@f");
  ck_assert_uint_eq(second->notify, SMTP_NOTIFY_NEVER);
  ck_assert_ptr_null(second->orcpt);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("smtp address");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, mailboxes, 0, G_N_ELEMENTS(addresses));
  tcase_add_loop_test(all, length, 0, G_N_ELEMENTS(lengths));
  tcase_add_loop_test(all, canonical_form, 0, G_N_ELEMENTS(canonical));
  tcase_add_loop_test(all, path, 0, G_N_ELEMENTS(paths));
  tcase_add_loop_test(all, xtext_there_and_back, 0, G_N_ELEMENTS(xtext));
  tcase_add_loop_test(all, xtext_refused, 0, G_N_ELEMENTS(bad_xtext));
  tcase_add_loop_test(all, orcpt_there_and_back, 0, G_N_ELEMENTS(orcpts));
  tcase_add_loop_test(all, orcpt_refused, 0, G_N_ELEMENTS(bad_orcpts));
  tcase_add_test(all, orcpt_raw_utf8_needs_smtputf8);
  tcase_add_test(all, envelope_copy);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
