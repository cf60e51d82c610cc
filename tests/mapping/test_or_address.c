/* test_or_address.c: O/R addresses: forms, bounds, comparison, ASN.1 (X.402 18, X.411 figure 2). */
#include "lib/addressing.h"
#include "lib/notation.h"
#include "mapping/or_asn1.h"
#include "mapping/or_compare.h"

#include <ORAddress.h>
#include <ORName.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct or_address *parse(const char *text)
{
  g_autoptr(GError) error = NULL;
  struct or_address *address = or_address_parse(text, &error);
  ck_assert_msg(address != NULL, "%s: %s", text, error ? error->message : "");
  return address;
}

/* words NULL: valid. */
static const struct {
  const char *text, *words;
} forms[] = {
    {"/S=a/ADMD=x/C=de/", NULL},
    {"/S=a/C=de/", NULL},
    {"/O=a/ADMD= /C=de/", NULL},
    {"/PRMD=a/C=262/", NULL},
    {"/DD.x=y/C=de/", NULL},
    {"/CN=a/C=de/", NULL},
    {"/UA-ID=123/C=de/", NULL},
    {"/X121=2345/", NULL},
    {"/X121=2345/T-ID=a/C=de/", NULL},
    {"/NET-NUM=442/", NULL},
    {"/NET-PSAP=NS+47/", NULL},
    {"/PD-C=de/PD-CODE=1/PD-ADDRESS=x/C=de/", NULL},
    {"/C=de/", "name nobody"},
    {"/ADMD=x/C=de/", "name nobody"},
    {"/O=/ADMD=x/C=de/", "name nobody"},
    {"/S=a/ADMD=x/", "no country"},
    {"/S=a/C=d/", "neither two letters"},
    {"/S=a/C=26/", "neither two letters"},
    {"/S=a/C=2620/", "neither two letters"},
    {"/G=a/C=de/", "needs a surname"},
    {"/S=/C=de/", "needs a surname"},
    {"/I=ab/GQ=c/C=de/", "needs a surname"},
    {"/DD.=y/C=de/", "needs a type"},
    {"/NET-NUM=1/NET-PSAP=NS+47/", "exclude each other"},
    {"/NET-SUB=1/X121=2/", "needs NET-NUM"},
    {"/PD-STREET=x/C=de/", "PD-C and PD-CODE"},
    {"/PD-C=deu/PD-CODE=1/C=de/", "neither two letters"},
};

/* proves: A8 */
START_TEST(form)
{
  g_autoptr(or_address_t) address = parse(forms[_i].text);
  g_autoptr(GError) error = NULL;
  bool valid = or_address_check(address, &error);
  ck_assert_msg(valid == !forms[_i].words, "%s: %s", forms[_i].text, error ? error->message : "valid");
  if (forms[_i].words)
    ck_assert_msg(strstr(error->message, forms[_i].words) != NULL, "%s", error->message);
}
END_TEST

static const struct {
  enum or_key key;
  guint bound;
} bounds[] = {
    {OR_ADMD, 16},         {OR_PRMD, 16},           {OR_X121, 15},           {OR_TERMINAL_ID, 24},
    {OR_ORGANIZATION, 64}, {OR_UNIT, 32},           {OR_UA_ID, 32},          {OR_SURNAME, 40},
    {OR_COMMON_NAME, 64},  {OR_PD_SERVICE, 16},     {OR_PD_CODE, 16},        {OR_PD_STREET, 30},
    {OR_NET_NUMBER, 15},   {OR_NET_SUBADDRESS, 40}, {OR_PD_UNFORMATTED, 30},
};

/* proves: A8 */
START_TEST(bound)
{
  g_autoptr(or_address_t) address = parse("/CN=a/NET-NUM=1/PD-C=de/PD-CODE=1/C=de/");
  g_autofree char *most = g_strnfill(bounds[_i].bound, '1'), *more = g_strnfill(bounds[_i].bound + 1, '1');
  or_address_set(address, bounds[_i].key, 0, most, NULL);
  ck_assert(or_address_check(address, NULL));
  or_address_set(address, bounds[_i].key, 0, more, NULL);
  g_autoptr(GError) error = NULL;
  ck_assert(!or_address_check(address, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "longer"));
  ck_assert(or_address_check_form(address, NULL));
}
END_TEST

START_TEST(bounds_of_lists_and_types)
{
  g_autoptr(or_address_t) address = parse("/CN=a/C=de/");
  for (guint i = 0; i < 4; i++)
    or_address_set_dda(address, "eightlet", "v");
  ck_assert(or_address_check(address, NULL));
  or_address_set_dda(address, "x", "v");
  ck_assert(!or_address_check(address, NULL));
  g_autoptr(or_address_t) longer = parse("/DD.ninechars=a/C=de/");
  ck_assert(!or_address_check(longer, NULL));
  ck_assert(or_address_check_form(longer, NULL));
  g_autoptr(or_address_t) wide = parse("/CN=a/C=de/");
  or_address_set(wide, OR_SURNAME, 0, NULL,
                 "ääääääääääääääääääääääääääääääääääääääää"); /* 40 characters, 80 octets */
  ck_assert(or_address_check(wide, NULL));
}
END_TEST

static const struct {
  const char *a, *b;
  bool equal;
} comparisons[] = {
    {"/S=Lee/C=de/", "/s=LEE/C=DE/", true},
    {"/O=a  b/C=de/", "/O= A B /C=de/", true},
    {"/S=a/ADMD= /C=de/", "/S=a/ADMD=/C=de/", true},
    {"/S=a/ADMD=x/C=de/", "/S=a/C=de/", false},
    {"/S=a/PRMD=b/", "/S=a/PRMD=b/ADMD= /", true},
    {"/X121=12 34/", "/X121=1234/", true},
    {"/UA-ID=12 34/C=de/", "/UA-ID=12 35/C=de/", false},
    {"/S=Mueller*M{252}ller/C=de/", "/S=mueller/C=de/", true},
    {"/S=*M{252}ller/C=de/", "/S=*m{220}LLER/C=de/", true},
    {"/S=*M{252}ller/C=de/", "/S=Mueller/C=de/", false},
    {"/OU=a/OU=b/C=de/", "/OU=b/OU=a/C=de/", false},
    {"/DD.x=1/DD.y=2/C=de/", "/DD.X=1/DD.Y=2/C=de/", true},
    {"/DD.x=1/C=de/", "/DD.y=1/C=de/", false},
    {"/S=a/C=de/", "/S=a/O=b/C=de/", false},
    {"/O=/S=a/C=de/", "/S=a/C=de/", false},
};

START_TEST(comparison)
{
  g_autoptr(or_address_t) a = parse(comparisons[_i].a), b = parse(comparisons[_i].b);
  ck_assert_int_eq(or_address_equal(a, b), comparisons[_i].equal);
  ck_assert_int_eq(or_address_equal(b, a), comparisons[_i].equal);
  g_autoptr(or_address_t) copy = or_address_copy(a);
  ck_assert(or_address_equal(a, copy));
}
END_TEST

/* --- ASN.1 ------------------------------------------------------------------------------------------- */

static GBytes *encode(const struct or_address *address)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORName);
  or_address_to_asn1(address, value, asn1_value_get(value));
  g_autoptr(GError) error = NULL;
  GBytes *bytes = asn1_encode_bytes(value, &error);
  ck_assert_msg(bytes != NULL, "%s", error ? error->message : "");
  return bytes;
}

static struct or_address *decode(GBytes *bytes)
{
  g_autoptr(GError) error = NULL;
  gsize length;
  const void *data = g_bytes_get_data(bytes, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_ORName, data, length, NULL, &error);
  ck_assert_msg(value != NULL, "%s", error ? error->message : "");
  struct or_address *address = or_address_from_asn1(value, asn1_value_get(value), &error);
  ck_assert_msg(address != NULL, "%s", error ? error->message : "");
  return address;
}

/* By hand after X.411 figure 2. */
static const struct {
  const char *text, *hex;
} encodings[] = {
    {"/S=a/ADMD=x/C=de/", "6012 3010 6104 13026465 6203 130178 a503 800161 "},
    {"/S=a/ADMD=400/C=262/", "6015 3013 6105 1203323632 6205 1203343030 a503 800161"},
    {"/PRMD=1/ADMD= /C=de/", "6012 3010 6104 13026465 6203 130120 a203 120131"},
    {"/PRMD=1a/ADMD= /C=de/", "6013 3011 6104 13026465 6203 130120 a204 13023161"},
    {"/OU=b/OU=a/O=c/ADMD=x/C=de/", "6018 3016 6104 13026465 6203 130178 830163 a606 130161 130162"},
    {"/I=b/S=a/ADMD=x/C=de/", "6015 3013 6104 13026465 6203 130178 a506 800161 820162"},
    {"/X121=1/", "6005 3003 800131"},
    {"/DD.b=2/DD.a=1/ADMD=x/C=de/",
     "601f 300b 6104 13026465 6203 130178 3010 3006 130161130131 3006 130162130132"},
    {"/CN=a*{228}/ADMD=x/C=de/", NULL},
};

/* proves: A3<> A13<> */
START_TEST(encoding)
{
  g_autoptr(or_address_t) address = parse(encodings[_i].text);
  g_autoptr(GBytes) bytes = encode(address);
  if (encodings[_i].hex) {
    g_auto(GStrv) parts = g_strsplit(encodings[_i].hex, " ", -1);
    g_autofree char *wanted = g_strjoinv("", parts);
    gsize length;
    const void *data = g_bytes_get_data(bytes, &length);
    g_autofree char *hex = notation_hex(data, length);
    ck_assert_str_eq(hex, wanted);
  }
  g_autoptr(or_address_t) back = decode(bytes);
  g_autofree char *text = or_address_format(back);
  ck_assert_str_eq(text, encodings[_i].text);
}
END_TEST

/* proves: A1<> A3<> B4<> */
START_TEST(random_addresses_come_back_from_asn1)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(2);
  for (guint i = 0; i < 20000; i++) {
    g_autoptr(or_address_t) address = addressing_random(random);
    g_autoptr(GBytes) bytes = encode(address);
    g_autoptr(or_address_t) back = decode(bytes);
    g_autofree char *text = or_address_format(address), *again = or_address_format(back);
    ck_assert_msg(or_address_equal(address, back), "%s\n%s", text, again);
    g_autoptr(GBytes) second = encode(back);
    g_autoptr(or_address_t) back_again = decode(second);
    ck_assert_msg(or_address_equal(address, back_again), "%s\n%s", text, again);
  }
}
END_TEST

/* Characters beyond T.61 travel in the universal- twin. */
START_TEST(universal_twins)
{
  g_autoptr(or_address_t) address = parse("/CN=Li/S=Li/G=Mo/OU=b/OU=a/O=c/DD.t=v/ADMD=x/C=de/");
  const enum or_key keys[] = {OR_COMMON_NAME, OR_SURNAME, OR_UNIT, OR_ORGANIZATION, OR_DDA};
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
    or_address_attribute(address, keys[i], 0)->universal = g_strdup("李😀");
  g_autoptr(GBytes) bytes = encode(address);
  g_autoptr(or_address_t) back = decode(bytes);
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
    const struct or_attribute *attribute = or_address_attribute(back, keys[i], 0);
    ck_assert_str_eq(attribute->universal, "李😀");
    ck_assert_ptr_nonnull(attribute->printable);
    ck_assert_ptr_null(attribute->teletex);
  }
  ck_assert(or_address_equal(address, back));
  g_autofree char *text = or_address_format(back);
  ck_assert_ptr_nonnull(strstr(text, "/CN=Li*{027037071"));
  g_autoptr(or_address_t) from_text = parse(text);
  ck_assert(or_address_equal(address, from_text));
  g_autoptr(GBytes) again = encode(from_text);
  g_autoptr(or_address_t) third = decode(again);
  ck_assert_str_eq(or_address_attribute(third, OR_COMMON_NAME, 0)->universal, "李😀");
}
END_TEST

/* A peer's PrintableString with characters that are none is kept, and written so that it comes back as
 * teletex. */
START_TEST(printable_strings_that_are_none)
{
  g_autoptr(or_address_t) address = parse("/S=a/ADMD=x/C=de/");
  or_address_set(address, OR_COMMON_NAME, 0, "a_b", NULL);
  g_autofree char *text = or_address_format(address);
  ck_assert_str_eq(text, "/CN=*a{095}b/S=a/ADMD=x/C=de/");
  g_autoptr(GBytes) bytes = encode(address);
  g_autoptr(or_address_t) back = decode(bytes);
  ck_assert_str_eq(or_address_attribute(back, OR_COMMON_NAME, 0)->teletex, "a_b");
}
END_TEST

/* Attributes without a twin, of a peer that writes what no PrintableString and no NumericString holds: they go on
 * octet by octet (interop note 16). */
START_TEST(octets_of_a_peer_come_back)
{
  static const struct {
    enum or_key key;
    const char *value;
  } values[] = {{OR_PRMD, "S\303\266r"},    {OR_ADMD, "a_b"},         {OR_X121, "26-2"},
                {OR_UA_ID, "12x"},         {OR_TERMINAL_ID, "t@1"},  {OR_PD_SERVICE, "p\303\277"},
                {OR_PD_COUNTRY, "de"},     {OR_PD_CODE, "D_1"},      {OR_NET_NUMBER, "+49"},
                {OR_NET_SUBADDRESS, "*1"}, {OR_ORGANIZATION, "Acme"}};
  g_autoptr(or_address_t) address = parse("/S=a/ADMD=x/C=de/");
  for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
    or_address_set(address, values[i].key, 0, values[i].value, NULL);
  g_autoptr(GBytes) first = encode(address);
  g_autoptr(or_address_t) back = decode(first);
  ck_assert(or_address_equal(address, back));
  for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
    ck_assert_str_eq(or_address_get(back, values[i].key, 0), values[i].value);
  g_autoptr(GBytes) again = encode(back);
  ck_assert(g_bytes_equal(first, again));
}
END_TEST

/* An attribute longer than any bound, and one with a NUL. */
START_TEST(impossible_values)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORName);
  ORName_t *name = asn1_value_get(value);
  name->built_in_standard_attributes.organization_name = asn1_new_field(OrganizationName_t);
  g_autoptr(octets_t) zero = octets_new("a\0b", 3);
  asn1_put_octets(value, name->built_in_standard_attributes.organization_name, zero);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(or_address_from_asn1(value, name, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "NUL"));
  g_clear_error(&error);
  g_autofree char *much = g_strnfill(5000, 'a');
  asn1_put_string(name->built_in_standard_attributes.organization_name, much);
  ck_assert_ptr_null(or_address_from_asn1(value, name, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "more than"));
}
END_TEST

START_TEST(without_a_directory_name)
{
  g_autoptr(or_address_t) address = parse("/CN=a/PRMD=b/ADMD=x/C=de/");
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORAddress);
  or_address_to_asn1_address(address, value, asn1_value_get(value));
  g_autoptr(GBytes) bytes = asn1_encode_bytes(value, NULL);
  gsize length;
  const void *data = g_bytes_get_data(bytes, &length);
  g_autoptr(asn1_value_t) decoded = asn1_decode_mem(&asn_DEF_ORAddress, data, length, NULL, NULL);
  g_autoptr(or_address_t) back = or_address_from_asn1_address(decoded, asn1_value_get(decoded), NULL);
  ck_assert(or_address_equal(address, back));
}
END_TEST

/* An O/R name with cn=Ann Lee, o=Acme\, Inc as UTF8String and a T.61 string beside it. */
START_TEST(directory_name)
{
  static const guint8 octets[] = {
      0x60, 0x2c, 0x30, 0x05, 0x61, 0x03, 0x13, 0x01, 'x', /* not a country; only carried */
      0xa0, 0x23, 0x30, 0x21, 0x31, 0x12, 0x30, 0x10, 0x06, 0x03, 0x55, 0x04, 0x0a,
      0x0c, 0x09, 'A',  'c',  'm',  'e',  ',',  ' ',  'I',  'n',  'c',  0x31, 0x0b,
      0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x03, 0x13, 0x02, 'A',  'L'};
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_ORName, octets, sizeof octets, NULL, &error);
  ck_assert_msg(value != NULL, "%s", error ? error->message : "");
  g_autoptr(or_address_t) address = or_address_from_asn1(value, asn1_value_get(value), &error);
  ck_assert_str_eq(address->directory_name, "CN=AL,O=Acme\\, Inc");
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("or_address");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, form, 0, G_N_ELEMENTS(forms));
  tcase_add_loop_test(all, bound, 0, G_N_ELEMENTS(bounds));
  tcase_add_test(all, bounds_of_lists_and_types);
  tcase_add_loop_test(all, comparison, 0, G_N_ELEMENTS(comparisons));
  tcase_add_loop_test(all, encoding, 0, G_N_ELEMENTS(encodings));
  tcase_add_test(all, random_addresses_come_back_from_asn1);
  tcase_add_test(all, universal_twins);
  tcase_add_test(all, printable_strings_that_are_none);
  tcase_add_test(all, octets_of_a_peer_come_back);
  tcase_add_test(all, impossible_values);
  tcase_add_test(all, without_a_directory_name);
  tcase_add_test(all, directory_name);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
