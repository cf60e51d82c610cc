/* test_skeletons.c: our mends of asn1c's run-time files, without the guard before them. */
#include "lib/notation.h"

#include <BuiltInEncodedInformationTypes.h>
#include <CountryName.h>
#include <Languages.h>
#include <LastTraceInformation.h>
#include <NonDeliveryReasonCode.h>
#include <RFC822Field.h>
#include <SubjectField.h>
#include <X121Address.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

static int collect(const void *octets, size_t length, void *out)
{
  g_byte_array_append(out, octets, (guint)length);
  return 0;
}

/* The octets as asn1c's own encoder writes back what its decoder read; NULL when the decoder refuses. */
static char *round_trip(asn_TYPE_descriptor_t *type, const char *hex)
{
  gsize length = strlen(hex) / 2;
  g_autofree guint8 *octets = g_malloc(length);
  for (gsize i = 0; i < length; i++)
    octets[i] = (guint8)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
  void *structure = NULL;
  asn_codec_ctx_t context = {0}; /* no limit of the stack: it is measured wrongly under sanitizers */
  asn_dec_rval_t decoded = ber_decode(&context, type, &structure, octets, length);
  char *back = NULL;
  if (decoded.code == RC_OK && decoded.consumed == length) {
    g_autoptr(GByteArray) out = g_byte_array_new();
    if (der_encode(type, structure, collect, out).encoded >= 0)
      back = notation_hex(out->data, out->len);
  }
  ASN_STRUCT_FREE(*type, structure);
  return back;
}

static const struct {
  asn_TYPE_descriptor_t *type;
  const char *received;
  const char *back; /* NULL: refused */
} rows[] = {
    {&asn_DEF_CountryName, "6180130247420000", "610413024742"},
    {&asn_DEF_CountryName, "6180130247420001", NULL}, /* turned for ever */
    {&asn_DEF_CountryName, "618013024742ff00", NULL},
    {&asn_DEF_RFC822Field, "360604026162040163", NULL}, /* the outer length is wrong */
    {&asn_DEF_RFC822Field, "360704026162040163", "1603616263"},
    {&asn_DEF_RFC822Field, "3680160261621601630000", "1603616263"}, /* segments with the string's own tag */
    {&asn_DEF_RFC822Field, "3680130261620000", NULL},
    {&asn_DEF_RFC822Field, "3680248004016100000401620000", "16026162"},
    {&asn_DEF_SubjectField, "34800402c8410401620000", "1403c84162"},
    {&asn_DEF_BuiltInEncodedInformationTypes, "0302057f", "03020560"}, /* unused bits are cleared */
    {&asn_DEF_BuiltInEncodedInformationTypes, "030200ff", "030200ff"},
    {&asn_DEF_BuiltInEncodedInformationTypes, "0302ff80", NULL}, /* shifted by 255 */
    {&asn_DEF_BuiltInEncodedInformationTypes, "03020880", NULL},
    {&asn_DEF_BuiltInEncodedInformationTypes, "030107", NULL},
    {&asn_DEF_BuiltInEncodedInformationTypes, "030100", "030100"},
    {&asn_DEF_NonDeliveryReasonCode, "0201ff", "0201ff"},
    {&asn_DEF_NonDeliveryReasonCode, "02088000000000000000", "02088000000000000000"},
    {&asn_DEF_NonDeliveryReasonCode, "0209008000000000000000", NULL},
    {&asn_DEF_NonDeliveryReasonCode, "0288ffffffffffffffff01", NULL}, /* lengths near the end of size_t */
    {&asn_DEF_NonDeliveryReasonCode, "02887fffffffffffffff01", NULL},
    {&asn_DEF_NonDeliveryReasonCode, "028800000000000000010a", "02010a"},
    {&asn_DEF_Languages, "310c13026672130264651302656e", "310c130264651302656e13026672"},
};

START_TEST(received_octets)
{
  g_autofree char *back = round_trip(rows[_i].type, rows[_i].received);
  if (rows[_i].back == NULL)
    ck_assert_msg(back == NULL, "%s gives %s", rows[_i].received, back);
  else
    ck_assert_str_eq(back ? back : "refused", rows[_i].back);
}
END_TEST

/* A SET whose CHOICE has nothing chosen was looked up at index -1. */
START_TEST(nothing_chosen)
{
  LastTraceInformation_t trace = {0};
  g_autoptr(GByteArray) out = g_byte_array_new();
  ck_assert_int_eq(OCTET_STRING_fromString(&trace.arrival_time, "261123180000Z"), 0);
  ck_assert_int_eq(der_encode(&asn_DEF_LastTraceInformation, &trace, collect, out).encoded, -1);
  ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_LastTraceInformation, &trace);
}
END_TEST

/* A string without octets is written without touching NULL. */
START_TEST(nothing_to_write)
{
  X121Address_t address = {0};
  g_autoptr(GByteArray) out = g_byte_array_new();
  ck_assert_int_eq(der_encode(&asn_DEF_X121Address, &address, collect, out).encoded, 2);
  ck_assert_uint_eq(out->len, 2);
}
END_TEST

/* Derived types are complete before main(), so that no decoder writes to a descriptor that another reads. */
START_TEST(complete_before_use)
{
  ck_assert(asn_DEF_X121Address.ber_decoder == asn_DEF_NumericString.ber_decoder);
  ck_assert(asn_DEF_X121Address.check_constraints != asn_DEF_NumericString.check_constraints);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("skeletons");
  TCase *tcase = tcase_create("skeletons");
  tcase_set_timeout(tcase, 10);
  tcase_add_loop_test(tcase, received_octets, 0, G_N_ELEMENTS(rows));
  tcase_add_test(tcase, nothing_chosen);
  tcase_add_test(tcase, nothing_to_write);
  tcase_add_test(tcase, complete_before_use);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
