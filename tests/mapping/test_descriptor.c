/* test_descriptor.c: RFC 2156 4.7.1 and 4.7.2: O/R descriptors. */
#include "lib/addressing.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct addressing_tables tables = {
    .domain_to_or = "acme.example#PRMD$acme.ADMD$ .C$de#\n",
    .or_to_domain = "PRMD$acme.ADMD$ .C$de#acme.example#\n",
};

static const struct {
  const char *phrase, *mailbox, *free_form, *address;
} from_mail[] = {
    {"Jörg Müller (at home)", "Joerg.Mueller@acme.example", "Jörg Müller (at home)",
     "/G=Joerg/S=Mueller/PRMD=acme/ADMD= /C=de/"},
    {NULL, "ann@x.example", NULL, "/RFC-822=ann(a)x.example/PRMD=test/ADMD=gate/C=xx/"},
    {"", "ann@acme.example", NULL, "/S=ann/PRMD=acme/ADMD= /C=de/"},
    {"Our list", NULL, "Our list", NULL},
    {NULL, "@relay:ann@acme.example", NULL, "/S=ann/PRMD=acme/ADMD= /C=de/"},
};

/* proves: A18> */
START_TEST(to_x400)
{
  struct mapping_context *context = addressing_context("", &tables);
  g_autoptr(GError) error = NULL;
  struct or_descriptor *descriptor =
      address_to_descriptor(context, from_mail[_i].phrase, from_mail[_i].mailbox, &error);
  ck_assert_msg(descriptor != NULL, "%s", error ? error->message : "");
  ck_assert_pstr_eq(descriptor->free_form, from_mail[_i].free_form);
  ck_assert_ptr_null(descriptor->telephone);
  ck_assert(!descriptor->reply_requested);
  g_autofree char *text = descriptor->address ? or_address_format(descriptor->address) : NULL;
  ck_assert_pstr_eq(text, from_mail[_i].address);
  or_descriptor_free(descriptor);
  mapping_context_free(context);
}
END_TEST

START_TEST(a_mailbox_that_has_no_address)
{
  struct mapping_context *context = addressing_context("", &tables);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(address_to_descriptor(context, "Jörg", "jörg@x.example", &error));
  ck_assert(g_str_has_prefix(error->message, "5.6.7"));
  mapping_context_free(context);
}
END_TEST

static const struct {
  const char *address, *directory_name, *free_form, *telephone;
  bool reply_requested;
  const char *mailbox, *phrase, *comment;
} from_x400[] = {
    {"/G=Ann/S=Lee/PRMD=acme/C=de/", NULL, "Ann Lee", NULL, false, "Ann.Lee@acme.example", "Ann Lee", NULL},
    {"/S=Lee/PRMD=acme/C=de/", NULL, NULL, "+44-181-333-7777", false, "Lee@acme.example", NULL,
     "(Tel +44-181-333-7777)"},
    {"/S=Lee/PRMD=acme/C=de/", "CN=A (x),O=b", "Lee", "1", true, "Lee@acme.example", "Lee",
     "(Tel 1) (CN=A \\(x\\),O=b) (Reply requested)"},
    {NULL, NULL, "Free Form Name", "1", true, NULL, "Free Form Name", "(Tel 1) (Reply requested)"},
    {NULL, NULL, NULL, NULL, false, NULL, "", NULL},
    {"/RFC-822=(a)relay:ann(a)x.example/C=de/", NULL, NULL, NULL, false, "ann@x.example", NULL, NULL},
    {"/RFC-822=nobody/S=a/C=de/", NULL, NULL, NULL, false, "\"/RFC-822=nobody/S=a/ADMD= /C=de/\"@gw.test",
     NULL, NULL},
    {"/G=only/PRMD=acme/C=de/", NULL, NULL, NULL, false, NULL, "G=only; PRMD=acme; ADMD= ; C=de", NULL},
    {"/G=only/PRMD=acme/C=de/", NULL, "Ann", NULL, false, NULL, "Ann",
     "(X.400 G=only; PRMD=acme; ADMD= ; C=de)"},
    {"/S=Lee/PRMD=acme/C=de/", NULL, NULL, "1\r\nBcc: x", false, "Lee@acme.example", NULL, "(Tel 1  Bcc: x)"},
};

/* proves: A15 A18< */
START_TEST(to_mail)
{
  struct mapping_context *context = addressing_context("", &tables);
  struct or_descriptor *descriptor = g_new0(struct or_descriptor, 1);
  if (from_x400[_i].address) {
    descriptor->address = or_address_parse(from_x400[_i].address, NULL);
    descriptor->address->directory_name = g_strdup(from_x400[_i].directory_name);
  }
  descriptor->free_form = g_strdup(from_x400[_i].free_form);
  descriptor->telephone = g_strdup(from_x400[_i].telephone);
  descriptor->reply_requested = from_x400[_i].reply_requested;
  g_autofree char *phrase = NULL, *comment = NULL,
                  *mailbox = address_from_descriptor(context, descriptor, &phrase, &comment);
  ck_assert_pstr_eq(mailbox, from_x400[_i].mailbox);
  ck_assert_pstr_eq(phrase, from_x400[_i].phrase);
  ck_assert_pstr_eq(comment, from_x400[_i].comment);
  or_descriptor_free(descriptor);
  mapping_context_free(context);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("descriptor");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, to_x400, 0, G_N_ELEMENTS(from_mail));
  tcase_add_test(all, a_mailbox_that_has_no_address);
  tcase_add_loop_test(all, to_mail, 0, G_N_ELEMENTS(from_x400));
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
