/* test_oids.c: object identifiers as octets, text and known names; the types behind open types. */
#include "asn1/oids.h"
#include "asn1/open_types.h"
#include "lib/notation.h"

#include <OBJECT_IDENTIFIER.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *dotted;
  const char *hex;
} identifiers[] = {
    {"2.1.1", "5101"},
    {"2.6.0.1.6", "56000106"},
    {"2.6.1.4.11", "5601040b"},
    {"1.3.6.1.7.1.3.2", "2b060107010302"},
    {"1.2.840.113549.1.7.1", "2a864886f70d010701"},
    {"0.0", "00"},
    {"0.39", "27"},
    {"1.0", "28"},
    {"1.39", "4f"},
    {"2.0", "50"},
    {"2.39", "77"},
    {"2.40", "78"},
    {"2.999.3", "883703"},
    {"0.9.2342.2147483647.200.1", "09922687ffffff7f814801"}, /* as a real peer sends it (interop note 16) */
    {"0.9.2342.234219200300.200.1", "09922686e8c4b5be2c814801"}, /* as RFC 1327 has it */
    {"2.25.340282366920938463463374607431768211455", "6983ffffffffffffffffffffffffffffffffff7f"},
    {"2.340282366920938463463374607431768211455.1", "8480808080808080808080808080808080804f01"},
};

START_TEST(both_ways)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  ck_assert(oid_from_dotted(identifiers[_i].dotted, octets));
  g_autofree char *hex = notation_hex(octets->data, octets->len);
  ck_assert_str_eq(hex, identifiers[_i].hex);
  g_autoptr(GString) dotted = g_string_new(NULL);
  ck_assert(oid_to_dotted(octets->data, octets->len, dotted));
  ck_assert_str_eq(dotted->str, identifiers[_i].dotted);
}
END_TEST

static const char *const no_identifiers[] = {"",       "1",     "1.",   ".1",   "3.1",
                                             "1.40",   "0.100", "1.2.", "1..2", "1.2.x",
                                             "1.02.3", "01.2",  "-1.2", "1.2 ", "1.2.-3"};

START_TEST(not_dotted)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  ck_assert_msg(!oid_from_dotted(no_identifiers[_i], octets), "%s", no_identifiers[_i]);
  ck_assert_uint_eq(octets->len, 0);
}
END_TEST

START_TEST(not_octets)
{
  static const char *const bad[] = {"", "\x80", "\x51\x80", "\x51\x80\x01", "\x51\x81"};
  g_autoptr(GString) dotted = g_string_new("kept");
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    ck_assert(!oid_to_dotted(bad[i], strlen(bad[i]), dotted));
  ck_assert_str_eq(dotted->str, "kept");
}
END_TEST

START_TEST(the_table)
{
  for (enum oid i = OID_UNKNOWN + 1; i < OID_COUNT; i++) {
    g_autoptr(GByteArray) octets = g_byte_array_new();
    ck_assert_msg(oid_from_dotted(oid_dotted(i), octets), "%s", oid_dotted(i));
    ck_assert_msg(oid_find(octets->data, octets->len) == i, "%s is there twice", oid_dotted(i));
    ck_assert_msg(oid_from_name(oid_name(i)) == i, "%s is there twice", oid_name(i));
  }
  ck_assert_ptr_null(oid_name(OID_UNKNOWN));
  ck_assert_int_eq(oid_from_name("nothing"), OID_UNKNOWN);
}
END_TEST

START_TEST(prefixes)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GString) rest = g_string_new(NULL);
  ck_assert(oid_from_dotted("2.6.1.4.17.2.6.1.10.1", octets));
  ck_assert_int_eq(oid_find(octets->data, octets->len), OID_UNKNOWN);
  ck_assert_int_eq(oid_find_prefix(octets->data, octets->len, rest), OID_ET_CONTENT);
  ck_assert_str_eq(rest->str, "2.6.1.10.1");
  g_byte_array_set_size(octets, 0);
  ck_assert(oid_from_dotted("1.0.10021.7.1.0.100", octets));
  ck_assert_int_eq(oid_find_prefix(octets->data, octets->len, NULL), OID_CS_EIT);
  g_byte_array_set_size(octets, 0);
  ck_assert(oid_from_dotted("2.6.1.4.170", octets)); /* not id-et-content, though its text begins so */
  ck_assert_int_eq(oid_find_prefix(octets->data, octets->len, NULL), OID_UNKNOWN);
}
END_TEST

START_TEST(fields)
{
  OBJECT_IDENTIFIER_t field = {0};
  ck_assert_int_eq(oid_get(&field), OID_UNKNOWN);
  oid_put(&field, OID_AC_MTS_TRANSFER);
  ck_assert_int_eq(oid_get(&field), OID_AC_MTS_TRANSFER);
  ck_assert(oid_put_dotted(&field, "2.6.1.5.2"));
  ck_assert_int_eq(oid_get(&field), OID_HEX_AUTO_SUBMITTED);
  ck_assert(!oid_put_dotted(&field, "nonsense"));
  ck_assert_int_eq(oid_get(&field), OID_HEX_AUTO_SUBMITTED);
  free(field.buf);
}
END_TEST

START_TEST(open_types)
{
  for (long i = 1; i <= 46; i++)
    ck_assert_msg((open_type_extension(i) != NULL) == (i != 36), "extension %ld", i); /* 36 is of X.413 */
  for (long i = 1; i <= 40; i++)
    ck_assert_msg(open_type_attribute(i) != NULL, "attribute %ld", i);
  static const long outside[] = {G_MINLONG, -1, 0, 47, 256, G_MAXLONG};
  for (gsize i = 0; i < G_N_ELEMENTS(outside); i++) {
    ck_assert_ptr_null(open_type_extension(outside[i]));
    ck_assert_ptr_null(open_type_attribute(outside[i]));
  }
  for (enum oid i = OID_UNKNOWN; i < OID_COUNT; i++)
    if (oid_use(i) == OID_USE_HEADING || oid_use(i) == OID_USE_RECIPIENT ||
        oid_use(i) == OID_USE_NOTIFICATION || oid_use(i) == OID_USE_MTS_EXTENSION)
      ck_assert_msg(open_type_oid(i) != NULL, "%s", oid_name(i));
  ck_assert_ptr_null(open_type_oid(OID_UNKNOWN));
  ck_assert_ptr_nonnull(open_type_syntax(OID_AS_MTSE));
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("oids");
  TCase *tcase = tcase_create("oids");
  tcase_add_loop_test(tcase, both_ways, 0, G_N_ELEMENTS(identifiers));
  tcase_add_loop_test(tcase, not_dotted, 0, G_N_ELEMENTS(no_identifiers));
  tcase_add_test(tcase, not_octets);
  tcase_add_test(tcase, the_table);
  tcase_add_test(tcase, prefixes);
  tcase_add_test(tcase, fields);
  tcase_add_test(tcase, open_types);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
