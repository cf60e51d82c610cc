/* test_identifier.c: RFC 2156 4.7.3 and 4.6.3: identifiers of messages. */
#include "lib/addressing.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Message-ID -> user-relative identifier and user; all of these come back as they were. */
static const struct {
  const char *message_id, *relative, *user;
} identifiers[] = {
    {"<\"147*/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/\"@MHS>", "147", "/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/"},
    {"<\"*/S=Dietrich/ADMD=DBP/C=DE/\"@MHS>", "", "/S=Dietrich/ADMD=DBP/C=DE/"},
    {"<147*@MHS>", "147", NULL},
    {"<\"14 7*\"@MHS>", "14 7", NULL},
    {"<\"a_b@c*\"@MHS>", "a_b@c", NULL},
    {"<123.abc@example.org>", "123.abc(a)example.org", NULL},
    {"<a_b%c!d\"@x>", "a(u)b(p)c(b)d(q)(a)x", NULL},
    {"<\"a b\"@x>", "(q)a b(q)(a)x", NULL},
    {"<(x)@y>", "(l)x(r)(a)y", NULL},
    {"<a@b@c>", "a(a)b(a)c", NULL},
    {"<a@[192.0.2.1]>", "a(a)(091)192.0.2.1(093)", NULL},
    {"<147*@mhs.example>", "147(042)(a)mhs.example", NULL},
};

/* proves: A16<> */
START_TEST(both_ways)
{
  struct ipm_identifier *identifier = identifier_ipm_from_message_id(NULL, identifiers[_i].message_id);
  ck_assert_str_eq(identifier->relative, identifiers[_i].relative);
  g_autofree char *user = identifier->user ? or_address_format(identifier->user) : NULL;
  ck_assert_pstr_eq(user, identifiers[_i].user);
  g_autofree char *back = identifier_message_id_from_ipm(NULL, identifier);
  ck_assert_str_eq(back, identifiers[_i].message_id);
  ipm_identifier_free(identifier);
}
END_TEST

/* Made in X.400: the identifier comes back as it was. */
static const struct {
  const char *relative, *user, *message_id;
} made_in_x400[] = {
    {"147", "/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/", "<\"147*/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/\"@MHS>"},
    {"147", NULL, "<147*@MHS>"},
    {"12 (3) x", NULL, "<\"12 (3) x*\"@MHS>"},
    {"a@b", NULL, "<\"a@b*\"@MHS>"},
    {"123(a)host", NULL, "<123@host>"},
    {"123(a)host", "/S=a/ADMD=x/C=de/", "<\"123(a)host*/S=a/ADMD=x/C=de/\"@MHS>"},
    {"", "/CN=yen*{165}/ADMD=x/C=de/", "<\"*/CN=yen*{165}/ADMD=x/C=de/\"@MHS>"},
    {"back\\slash\"", NULL, "<\"back\\\\slash\\\"*\"@MHS>"},
};

/* proves: A16< */
START_TEST(from_x400)
{
  struct ipm_identifier made = {.relative = g_strdup(made_in_x400[_i].relative)};
  made.user = made_in_x400[_i].user ? or_address_parse(made_in_x400[_i].user, NULL) : NULL;
  g_autofree char *message_id = identifier_message_id_from_ipm(NULL, &made);
  ck_assert_str_eq(message_id, made_in_x400[_i].message_id);
  struct ipm_identifier *back = identifier_ipm_from_message_id(NULL, message_id);
  ck_assert_str_eq(back->relative, made.relative);
  ck_assert_int_eq(back->user != NULL, made.user != NULL);
  ck_assert(!made.user || or_address_equal(made.user, back->user));
  ipm_identifier_free(back);
  or_address_free(made.user);
  g_free(made.relative);
}
END_TEST

/* Over X.420's bound: cut, and still told apart; what comes of it maps to itself. */
/* proves: A16> */
START_TEST(long_message_ids)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < 200; i++) {
    g_autofree char *same = g_strnfill(20 + i % 50, '_'),
                    *id =
                        g_strdup_printf("<%sabcdefghijklmnopqrstuvwxyz0123456789.%u@mail.example>", same, i);
    struct ipm_identifier *identifier = identifier_ipm_from_message_id(NULL, id);
    ck_assert_uint_le(strlen(identifier->relative), 64);
    ck_assert(g_hash_table_add(seen, g_strdup(identifier->relative)));
    g_autofree char *back = identifier_message_id_from_ipm(NULL, identifier);
    struct ipm_identifier *again = identifier_ipm_from_message_id(NULL, back);
    ck_assert_str_eq(again->relative, identifier->relative);
    ipm_identifier_free(again);
    ipm_identifier_free(identifier);
  }
}
END_TEST

/* Read as an O/R address it would be written longer than a mailbox may be (a "$" before each space): it is
 * kept as it stands, shortened. */
/* proves: A16> */
START_TEST(spaces_that_would_grow)
{
  g_autofree char *spaces = g_strnfill(900, ' '),
                  *id = g_strdup_printf("<\"9*/S=a%sb/ADMD=x/C=de/\"@MHS>", spaces);
  struct ipm_identifier *identifier = identifier_ipm_from_message_id(NULL, id);
  ck_assert_ptr_null(identifier->user);
  ck_assert_uint_le(strlen(identifier->relative), 64);
  g_autofree char *back = identifier_message_id_from_ipm(NULL, identifier);
  struct ipm_identifier *again = identifier_ipm_from_message_id(NULL, back);
  ck_assert_str_eq(again->relative, identifier->relative);
  ck_assert_ptr_null(again->user);
  ipm_identifier_free(again);
  ipm_identifier_free(identifier);
}
END_TEST

START_TEST(not_ascii)
{
  struct ipm_identifier *identifier = identifier_ipm_from_message_id(NULL, "<grüße@x>");
  ck_assert_str_eq(identifier->relative, "gr????e(a)x");
  ipm_identifier_free(identifier);
}
END_TEST

START_TEST(mts_identifiers)
{
  struct mts_identifier identifier = {{"DE", "DBP", "acme"}, "123.abc;]"}, back;
  g_autofree char *text = mts_identifier_format(&identifier);
  ck_assert_str_eq(text, "[/PRMD=acme/ADMD=DBP/C=DE/;123.abc;]]");
  ck_assert(mts_identifier_parse(text, &back));
  ck_assert_str_eq(back.gdi.country, "DE");
  ck_assert_str_eq(back.gdi.admd, "DBP");
  ck_assert_str_eq(back.gdi.prmd, "acme");
  ck_assert_str_eq(back.local, "123.abc;]");
  mts_identifier_clear(&back);
  struct mts_identifier bare = {{"DE", NULL, NULL}, "x"};
  g_autofree char *any = mts_identifier_format(&bare);
  ck_assert_str_eq(any, "[/ADMD= /C=DE/;x]");
  ck_assert(mts_identifier_parse(any, &back));
  ck_assert_ptr_null(back.gdi.prmd);
  mts_identifier_clear(&back);
  static const char *const wrong[] = {
      "",         "[",         "[]",           "[;]",   "[/C=DE/]",
      "/C=DE/;x", "[/C=DE/;x", "[/ADMD=x/;x]", "[x;y]", "[/C=DE/;123456789012345678901234567890123]"};
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
    ck_assert_msg(!mts_identifier_parse(wrong[i], &back), "%s", wrong[i]);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("identifier");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, both_ways, 0, G_N_ELEMENTS(identifiers));
  tcase_add_loop_test(all, from_x400, 0, G_N_ELEMENTS(made_in_x400));
  tcase_add_test(all, long_message_ids);
  tcase_add_test(all, spaces_that_would_grow);
  tcase_add_test(all, not_ascii);
  tcase_add_test(all, mts_identifiers);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
