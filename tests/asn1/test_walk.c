/* The walk over a value's structures (walk.h). */
#include "asn1/walk.h"
#include "lib/notation.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <asn_application.h>

#include <MTS-APDU.h>
#include <ORName.h>
#include <PerRecipientMessageTransferFields.h>
#include <TraceInformation.h>

#define NAME "60{30{61{13'DE'}}}"
#define MESSAGE                                                                                              \
  "a0{ 31{ 64{ 63{61{13'DE'} 62{13'x'}} 16'1' } " NAME " 46<02> 69{} a2{ 31{ " NAME                          \
  " 80<01> 81<00a8> } 31{ " NAME " 80<02> 81<00a8> } } } 04{} }"

static struct asn1_value *message(void)
{
  g_autoptr(GByteArray) octets = notation_octets(MESSAGE);
  g_autoptr(GError) error = NULL;
  struct asn1_value *value = asn1_decode_mem(&asn_DEF_MTS_APDU, octets->data, octets->len, NULL, &error);
  ck_assert_msg(value != NULL, "%s", error ? error->message : "");
  return value;
}

static bool note_names(const struct asn_TYPE_descriptor_s *type, void *structure,
                       const struct asn1_step *step, void *user)
{
  (void)structure;
  g_autofree char *path = asn1_step_path(step);
  if (type == &asn_DEF_ORName)
    g_string_append_printf(user, "%s\n", path);
  return true;
}

START_TEST(finds_a_type_wherever_it_stands)
{
  g_autoptr(asn1_value_t) value = message();
  g_autoptr(GString) found = g_string_new(NULL);
  ck_assert(asn1_walk(value, note_names, found));
  ck_assert_str_eq(found->str, "message.envelope.originator-name\n"
                               "message.envelope.per-recipient-fields[0].recipient-name\n"
                               "message.envelope.per-recipient-fields[1].recipient-name\n");
}
END_TEST

static bool take_out(const struct asn_TYPE_descriptor_s *type, void *structure, const struct asn1_step *step,
                     void *user)
{
  (void)step;
  if (type == &asn_DEF_ORName)
    ++*(guint *)user;
  if (type == &asn_DEF_MessageTransferEnvelope) {
    MessageTransferEnvelope_t *envelope = structure;
    while (envelope->per_recipient_fields.list.count)
      ASN_STRUCT_FREE(asn_DEF_PerRecipientMessageTransferFields,
                      envelope->per_recipient_fields.list.array[--envelope->per_recipient_fields.list.count]);
  }
  return true;
}

/* What a visitor took out is not visited. */
START_TEST(visits_what_is_left)
{
  g_autoptr(asn1_value_t) value = message();
  guint names = 0;
  ck_assert(asn1_walk(value, take_out, &names));
  ck_assert_uint_eq(names, 1);
}
END_TEST

static bool stop_at_first(const struct asn_TYPE_descriptor_s *type, void *structure,
                          const struct asn1_step *step, void *user)
{
  (void)structure, (void)step;
  *(guint *)user += type == &asn_DEF_ORName;
  return type != &asn_DEF_ORName;
}

START_TEST(ends_when_told)
{
  g_autoptr(asn1_value_t) value = message();
  guint names = 0;
  ck_assert(!asn1_walk(value, stop_at_first, &names));
  ck_assert_uint_eq(names, 1);
}
END_TEST

START_TEST(path_of_the_value_itself)
{
  g_autofree char *path = asn1_step_path(NULL);
  ck_assert_str_eq(path, "");
}
END_TEST

static Suite *suite(void)
{
  Suite *whole = suite_create("walk");
  TCase *tests = tcase_create("walk");
  tcase_add_test(tests, finds_a_type_wherever_it_stands);
  tcase_add_test(tests, visits_what_is_left);
  tcase_add_test(tests, ends_when_told);
  tcase_add_test(tests, path_of_the_value_itself);
  suite_add_tcase(whole, tests);
  return whole;
}

int main(void)
{
  SRunner *runner = srunner_create(suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
