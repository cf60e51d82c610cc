/* test_decode.c: `gw400 decode` against golden files, and what it makes of PDUs of every layer. */
#include "asn1/recognise.h"
#include "cli/commands.h"
#include "lib/notation.h"

#include <asn_application.h>
#include <check.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Runs the subcommand with its standard output in a file; the arguments end with NULL. */
static char *run(int expected, const char *first, ...)
{
  g_autoptr(GPtrArray) arguments = g_ptr_array_new();
  g_ptr_array_add(arguments, (char *)"decode");
  va_list rest;
  va_start(rest, first);
  for (const char *argument = first; argument; argument = va_arg(rest, const char *))
    g_ptr_array_add(arguments, (char *)argument);
  va_end(rest);
  int argc = (int)arguments->len;
  g_ptr_array_add(arguments, NULL);

  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("decode-XXXXXX", &path, NULL), kept = dup(STDOUT_FILENO);
  fflush(stdout);
  dup2(fd, STDOUT_FILENO);
  int code = cli_decode(argc, (char **)arguments->pdata);
  fflush(stdout);
  dup2(kept, STDOUT_FILENO);
  close(fd);
  close(kept);
  ck_assert_int_eq(code, expected);
  char *text = NULL;
  ck_assert(g_file_get_contents(path, &text, NULL, NULL));
  g_unlink(path);
  return text;
}

static const struct {
  const char *vector;
  const char *option;
  const char *golden;
} goldens[] = {
    {"real-mta/p1-1984.ber", "--cut=80", "decode/p1-1984.txt"},
    {"real-mta/p1-1988-x410.ber", "--cut=80", "decode/p1-1988-x410.txt"},
    {"real-mta/p1-1988-normal-external.ber", "--cut=80", "decode/p1-1988-normal.txt"},
    {"real-mta/p1-1988-normal-external.ber", "--xml", "decode/p1-1988-normal.xml"},
    {"real-mta/p1-1988-normal-external.ber", "--json", "decode/p1-1988-normal.json"},
};

START_TEST(golden_files)
{
  g_autofree char *vector = g_build_filename("tests/vectors", goldens[_i].vector, NULL);
  g_autofree char *golden = g_build_filename("tests/vectors", goldens[_i].golden, NULL);
  g_autofree char *expected = NULL;
  g_autofree char *got = run(CLI_DONE, goldens[_i].option, vector, NULL);
  ck_assert_msg(g_file_get_contents(golden, &expected, NULL, NULL), "%s is missing", golden);
  ck_assert_msg(!strcmp(got, expected), "%s is not what is printed:\n%s", golden, got);
  if (g_str_has_suffix(golden, ".json")) {
    json_t *json = json_loads(got, 0, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(json, "type")), "External");
    json_decref(json);
  }
  if (g_str_has_suffix(golden, ".xml")) {
    xmlDocPtr document = xmlReadMemory(got, (int)strlen(got), "decode.xml", NULL, XML_PARSE_NONET);
    ck_assert_ptr_nonnull(document);
    xmlFreeDoc(document);
  }
}
END_TEST

#define BIND "a1{80'alpha' a1{16'secret'}}"

/* What is printed of a PDU must have these lines; NULL: it cannot be decoded. */
static const struct {
  const char *notation;
  const char *type;
  const char *line;
} pdus[] = {
    {"31{a0{80<01>} a2{82'sel' 61{30{02<01> a0{60{a1{06<56000106>} be{28{06<5101> 02<03> a0{b0{80<3f> "
     "a3{a0{b0{" BIND "}}}}}}}}}}}}}",
     "CP-type", "initiator-name: \"alpha\""},
    {"31{a0{80<00>} a1{80<3f> a3{a0{" BIND "}} 84<0c>}}", "CP-type", "initiator-name: \"alpha\""},
    {"31{a0{80<00>} a1{a2{a0{a1{80'beta' a1{16''}}}}}}", "CPA-PPDU", "responder-name: \"beta\""},
    {"b1{a2{a0{b1{a1{80'beta' a1{16''}}}}}}", "RTSE-apdus", "responder-name: \"beta\""},
    {"b2{a1{b2{02<02>}}}", "RTSE-apdus", "bind-error: 2 (authentication-error)"},
    {"b0{" BIND "}", "MTABindPDU", "simple.ia5-string: \"secret\""},
    {BIND, "MTABindArgument", "simple.ia5-string: \"secret\""},
    {"61{30{02<03> a0{02<01>}}}", "User-data", "single-ASN1-type: 1"},
    {"62{80<00>}", "ACSE-apdu", "reason: 0 (normal)"},
    {"31{80<02>}", "CPR-PPDU", "refuseReason: 2 (validationFailure)"},
    {"a0{31{6b{13'id'}} 30{}}", "InformationObject", "user-relative-identifier: \"id\""},
    {"a0{31{6b{13'id'} a8{14<c84170666c>}} 30{}}", "InformationObject", "subject: \"Äpfl\""},
    {"a0{31{6b{13'id'} af{30{06<56010502> 0a<01>}}} 30{}}", "InformationObject", "value: 1 (auto-generated)"},
    {"a0{31{6b{13'id'}} 30{af{a0{06<56010b0b> a0{31{02<64>}}} 28{06<5601040b> a0{1b'general'}}}}}",
     "InformationObject", "encoding.single-ASN1-type: \"general\""},
    {"60{30{} 31{30{80<01> a1{13'Common Name'}}}}", "ORName", "extension-attribute-value: \"Common Name\""},
    {"60{30{} a0{30{31{30{06<550403> 13'directory'}}}}}", "ORName", "value: \"directory\""},
    {"30{31{6b{13'id'}} 30{}}", "IPM", "user-relative-identifier"},
    {"31{9f20<00>}", NULL, NULL},
    {"9f1f<00>", NULL, NULL},
};

START_TEST(pdus_of_every_layer)
{
  g_autoptr(GByteArray) octets = notation_octets(pdus[_i].notation);
  g_autoptr(octets_t) rope = octets_new(octets->data, octets->len);
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value = recognise_decode(rope, NULL, &error);
  if (!pdus[_i].line) {
    ck_assert_ptr_null(value);
    ck_assert_ptr_nonnull(error);
    return;
  }
  ck_assert_msg(value != NULL, "%s: %s", pdus[_i].notation, error ? error->message : "");
  ck_assert_str_eq(asn1_value_type(value)->name, pdus[_i].type);
  g_autoptr(GString) text = g_string_new(NULL);
  asn1_print_inner(value, ASN1_TEXT, 0, 100, recognise_inner, NULL, text);
  ck_assert_msg(strstr(text->str, pdus[_i].line) != NULL, "no \"%s\" in\n%s", pdus[_i].line, text->str);
}
END_TEST

/* What an extension holds may be wrong: the octets are shown, and why they are not followed. */
START_TEST(wrong_inside)
{
  g_autoptr(GByteArray) octets = notation_octets("a0{31{6b{13'id'} af{30{06<56010502> 30{}}}} 30{}}");
  g_autoptr(octets_t) rope = octets_new(octets->data, octets->len);
  g_autoptr(asn1_value_t) value = recognise_decode(rope, NULL, NULL);
  ck_assert_ptr_nonnull(value);
  g_autoptr(GString) text = g_string_new(NULL);
  asn1_print_inner(value, ASN1_TEXT, 0, 100, recognise_inner, NULL, text);
  ck_assert_ptr_nonnull(strstr(text->str, "value: '3000'H (offset 0: AutoSubmitted"));
}
END_TEST

START_TEST(exit_codes)
{
  g_autofree char *one = run(CLI_NO, "/nonexistent/file", NULL);
  ck_assert_ptr_nonnull(one);
  g_autofree char *two = run(CLI_USAGE, NULL);
  ck_assert_ptr_nonnull(two);
  g_autofree char *three = run(CLI_USAGE, "--xml", "--json", "tests/vectors/real-mta/p1-1984.ber", NULL);
  ck_assert_ptr_nonnull(three);
  g_autofree char *four = run(CLI_USAGE, "--no-such-option", NULL);
  ck_assert_ptr_nonnull(four);
  g_autofree char *five = run(CLI_NO, "--type=Nonsense", "tests/vectors/real-mta/p1-1984.ber", NULL);
  ck_assert_ptr_nonnull(five);
  g_autofree char *six = run(CLI_NO, "--type=ORName", "tests/vectors/real-mta/p1-1984.ber", NULL);
  ck_assert_ptr_nonnull(six);
  g_autofree char *seven = run(CLI_NO, "tests/vectors/real-mta/ORIGIN", NULL);
  ck_assert_ptr_nonnull(seven);
  g_autofree char *names = run(CLI_DONE, "--types", NULL);
  ck_assert_ptr_nonnull(strstr(names, "MTS-APDU\n"));
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("decode");
  TCase *tcase = tcase_create("decode");
  tcase_add_loop_test(tcase, golden_files, 0, G_N_ELEMENTS(goldens));
  tcase_add_loop_test(tcase, pdus_of_every_layer, 0, G_N_ELEMENTS(pdus));
  tcase_add_test(tcase, wrong_inside);
  tcase_add_test(tcase, exit_codes);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
