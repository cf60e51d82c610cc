/* Field by field, the cells 88-84 and 84-88 of tests/conformance/envelope.tsv: all that 1984 has passes both ways, and of what
 * it has not each extension is dropped and listed, or keeps the message back when it is critical. */
#include "lib/downgrading.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct mapping_context *context;

static void setup(void)
{
  context = downgrading_context();
}

static void teardown(void)
{
  mapping_context_free(context);
}

/* --- extensions --- */

/* Numbers of X.411 (1999) that a message, a recipient of it, a report and a recipient of that may have. */
static const guint8 of_message[] = {3, 4, 5, 13, 15, 17, 19, 20, 23, 26, 38, 40, 42, 45, 46, 99};
static const guint8 of_recipient[] = {1, 2, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 22, 25, 43, 44};
static const guint8 of_report[] = {20, 30, 31, 32, 33, 38, 39};
static const guint8 of_report_recipient[] = {25, 27, 28, 29};

/* One extension whose value the gateway need not understand. */
static char *extension(guint number, const char *criticality)
{
  return g_strdup_printf("a3{ 30{ 80<%02x> 81<%s> a2{ 02<01> } } }", number, criticality);
}

static void check_dropped(const char *text, const struct mapping_result *result, guint number)
{
  g_autofree char *listed = g_strdup_printf("(%u) was dropped", number);
  g_autofree char *losses = downgrading_losses(result);
  downgrading_check(listed, losses, listed, true);
  downgrading_check(listed, text, "extensions", false);
}

/* proves: env:internal-trace/88-84 env:dl-prohibited/88-84 env:loss-prohibited/88-84 env:latest-delivery/88-84 */
/* proves: env:return-address/88-84 env:originator-certificate/88-84 env:confidentiality/88-84 */
/* proves: env:origin-check/88-84 env:security-label/88-84 env:correlator/88-84 env:dl-history/88-84 */
/* proves: env:multiple-certificates/88-84 env:dl-exempted/88-84 env:forwarded-token/88-84 */
/* proves: env:unknown-standard/88-84 env:criticality/88-84 prb:extensions/88-84 */
START_TEST(extension_of_message)
{
  static const char *const criticalities[] = {"00", "0780", "0640", "0520"}; /* none, submission, transfer, delivery */
  guint number = of_message[_i / 4], criticality = _i % 4;
  g_autofree char *extra = extension(number, criticalities[criticality]);
  g_autoptr(GBytes) apdu = downgrading_message(&(struct downgrading_message){.extra = extra}), output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:old", &output);
  const struct mapping_recipient *recipient = result->recipients->pdata[0];
  ck_assert_int_eq(recipient->failed, criticality > 1);
  if (recipient->failed) {
    ck_assert_int_eq(recipient->reason, 1);
    ck_assert_int_eq(recipient->diagnostic, 47);
    ck_assert_str_eq(recipient->code, "5.3.3");
    return;
  }
  g_autofree char *text = downgrading_text_of_1984(output);
  check_dropped(text, result, number);
}
END_TEST

/* proves: env:reassignment-prohibited/88-84 rcp:alternate/88-84 rcp:delivery-method/88-84 rcp:physical/88-84 */
/* proves: rcp:token/88-84 rcp:integrity/88-84 rcp:proof-of-delivery/88-84 rcp:redirection-history/88-84 */
/* proves: rcp:encryption-token/88-84 */
START_TEST(extension_of_recipient)
{
  guint number = of_recipient[_i / 2];
  bool critical = _i % 2;
  g_autofree char *fields = extension(number, critical ? "0520" : "00");
  g_autoptr(GBytes) apdu = downgrading_message(&(struct downgrading_message){.recipient = fields}), output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:old", &output);
  const struct mapping_recipient *recipient = result->recipients->pdata[0];
  ck_assert_int_eq(recipient->failed, critical);
  ck_assert_int_eq(recipient->failed ? recipient->diagnostic : 47, 47);
  g_autofree char *text = downgrading_text_of_1984(output);
  check_dropped(text, result, number);
}
END_TEST

#define REPORT                                                                                               \
  "a1{ 31{ 64{ " GDI("new") " 16'r1' } 60{30{" NAME("old", "lee") "}} 69{ 30{ " GDI("new")                   \
  " 31{ 80'970102144603Z' 82<00> } } } %s } 31{ 64{ " GDI("old") " 16'id1' } a0{ 31{ a0{30{" NAME("new", "ann")    \
  "}} 81<01> 82<00a8> a3{ 80'970102144603Z' a1{ a1{ 80<01> } } } %s } } } }"

/* proves: rep:security-label/88-84 rep:dl-history/88-84 rep:dl-name/88-84 rep:certificate/88-84 */
/* proves: rep:mta-name/88-84 rep:private/88-84 rep:redirection-history/88-84 rep:physical-address/88-84 */
/* proves: rep:proofs/88-84 */
START_TEST(extension_of_report)
{
  bool inside = _i >= (int)G_N_ELEMENTS(of_report);
  guint number = inside ? of_report_recipient[_i - (int)G_N_ELEMENTS(of_report)] : of_report[_i];
  g_autofree char *extensions = g_strdup_printf("%s{ 30{ 80<%02x> a2{ 02<01> } } 30{ 83<2a0304> a2{ 02<01> } } }",
                                                inside ? "a6" : "a1", number);
  g_autofree char *notation = g_strdup_printf(REPORT, inside ? "" : extensions, inside ? extensions : "");
  g_autoptr(GBytes) apdu = downgrading_octets(notation), output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:old", &output);
  g_autofree char *text = downgrading_text_of_1984(output), *losses = downgrading_losses(result);
  check_dropped(text, result, number);
  downgrading_check("private", losses, "extension iso(1) member-body(2) (3) (4) was dropped", true);
}
END_TEST

/* proves: env:private/88-84 env:private-delivery/88-84 env:private-transfer/88-84 rcp:private/88-84 */
START_TEST(private_extension)
{
  static const struct {
    const char *extra, *recipient;
    bool refused;
  } cases[] = {{"a3{ 30{ 83<2a0304> a2{04'x'} } }", NULL, false},
               {"a3{ 30{ 83<2a0304> 81<0520> a2{04'x'} } }", NULL, true},
               {"a3{ 30{ 83<2a0304> 81<0640> a2{04'x'} } }", NULL, true},
               {NULL, "a3{ 30{ 83<2a0304> a2{04'x'} } }", false},
               {NULL, "a3{ 30{ 83<2a0304> 81<0520> a2{04'x'} } }", true}};
  g_autoptr(GBytes) apdu = downgrading_message(
      &(struct downgrading_message){.extra = cases[_i].extra, .recipient = cases[_i].recipient});
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:old", &output);
  ck_assert_int_eq(((struct mapping_recipient *)result->recipients->pdata[0])->failed, cases[_i].refused);
  g_autofree char *losses = downgrading_losses(result);
  downgrading_check("private", losses, "extension iso(1) member-body(2) (3) (4) was dropped", true);
}
END_TEST

/* --- all that 1984 has, both ways --- */

#define TRACE_ELEMENT                                                                                        \
  "30{ " GDI("far") " 31{ 80'970102144500Z' 81'970102144559Z' 82<01> 65{80<0520>} " GDI("via") " } }"

/* Message, probe and report have no more members in X.411 (1984) 3.4 than these; 13'from' and 13'to' stand for the
 * peers' domains. */
static const struct whole {
  const char *notation, *wanted; /* as the modules of 1984 say it */
} wholes[] = {
    {"a0{ 31{ 64{ " GDI("from") " 16'id1' } 60{ 30{ " NAME("from", "ann")
     " } 30{ 30{ 13'ID' 13'7' } } } 65{ 80<0520> 81<0500004000> a2{ 82'p' } } 46<02> 4a'about' 47<02> 48<04f0> "
     "80'970103000000Z' a1{ 30{ 61{13'DE'} 62{13'x'} 04'open' } } 69{ " TRACE_ELEMENT " } a2{ 31{ 60{ 30{ 61{13'DE'} 62{13'x'} "
     "80'4930123' 81'T1' a2{13'to'} 83'Acme' 84'42' a5{ 80'lee' 81'kim' 82'k' 83'jr' } a6{ 13'u1' 13'u2' } } } 80<05> "
     "81<00f8> 82<00> } 31{ 60{ 30{ " NAME("to", "other") " } } 80<06> 81<0018> } } } 04{ " P22("", IA5("hello"))
     " } }",
     "local: \"id1\"|surname: \"ann\"|type: \"ID\"|value: \"7\"|types: '001'B|g3-non-basic: "
     "'000000000000000001000000000'B|page-formats: \"p\"|content-type: 2 (p2)|ua-content-id: \"about\"|priority: 2 "
     "(urgent)|per-message-flag: '1111'B|deferred-delivery: \"970103000000Z\"|bilateral-information: "
     "'04046F70656E'H|arrival: \"970102144500Z\"|deferred: \"970102144559Z\"|action: 1|converted-encoded-types|"
     "private-domain-identifier.printable: \"via\"|x121-address: \"4930123\"|terminal-id: \"T1\"|organization-name: "
     "\"Acme\"|unique-ua-identifier: \"42\"|given-name: \"kim\"|initials: \"k\"|generation-qualifier: \"jr\"|\"u1\"|"
     "\"u2\"|extension-identifier: 5|per-recipient-flag: '11111000'B|explicit-conversion: 0 "
     "(ia5-text-teletex)|surname: \"other\"|extension-identifier: 6|per-recipient-flag: '00011000'B|data: \"hello\""},
    {"a2{ 64{ " GDI("from") " 16'p1' } 60{ 30{ " NAME("from", "ann") " } } 65{ 80<0520> } 46<02> 4a'about' 80<03e8> 48<0460> a1{ "
     "30{ 61{13'DE'} 62{13'x'} 04'open' } } 69{ " TRACE_ELEMENT " } a2{ 31{ 60{ 30{ " NAME("to", "lee")
     " } } 80<05> 81<00f8> } 31{ 60{ 30{ " NAME("to", "other") " } } 80<06> 81<0018> } } }",
     "MPDU.probe|local: \"p1\"|surname: \"ann\"|types: '001'B|content-type: 2 (p2)|ua-content-id: "
     "\"about\"|content-length: 1000|per-message-flag: '0110'B|bilateral-information: '04046F70656E'H|arrival: "
     "\"970102144500Z\"|extension-identifier: 5|per-recipient-flag: '11111000'B|surname: \"other\"|"
     "per-recipient-flag: '00011000'B"},
    {"a1{ 31{ 64{ " GDI("from") " 16'r1' } 60{ 30{ " NAME("to", "lee") " } } 69{ " TRACE_ELEMENT " } } 31{ 64{ " GDI("far")
     " 16'id1' } 69{ " TRACE_ELEMENT " } 4a'about' 81'returned' a2{ 04'bill' } a0{ 31{ a0{ 30{ " NAME("far", "kim")
     " } } 81<05> 82<00f8> a3{ 80'970102144603Z' 65{80<0520>} a1{ a1{ 80<02> 81<08> } } } a4{ 30{ " NAME("far", "meant")
     " } } 85'no paper' } 31{ a0{ 30{ " NAME("far", "joe")
     " } } 81<06> 82<0080> a3{ 80'970102144603Z' a1{ a0{ 80'970102144604Z' 81<01> } } } } } } }",
     "MPDU.delivery-report|local: \"r1\"|surname: \"lee\"|arrival: \"970102144500Z\"|local: "
     "\"id1\"|intermediate-trace|ua-content-id: \"about\"|returned: \"returned\"|billing-information: "
     "'040462696C6C'H|surname: \"kim\"|extension-identifier: 5|per-recipient-flag: '11111000'B|arrival: "
     "\"970102144603Z\"|converted-encoded-types|reason-code: 2 (conversion-not-performed)|diagnostic-code: 8 "
     "(conversion-impractical)|surname: \"meant\"|supplementary-information: \"no paper\"|surname: \"joe\"|delivery: "
     "\"970102144604Z\"|type-of-ua: 1 (private)"},
};

/* Both ways, and what came from 1984 through 1988 to 1984 again. */
/* proves: env:message-identifier/88-84 env:originator-name/88-84 env:original-eits/88-84 env:content-type/88-84 */
/* proves: env:content-identifier/88-84 env:priority/88-84 env:disclosure/88-84 env:implicit-conversion/88-84 */
/* proves: env:alternate-allowed/88-84 env:content-return/88-84 env:deferred-delivery/88-84 env:bilateral/88-84 */
/* proves: env:trace/88-84 env:content/88-84 rcp:name/88-84 rcp:number/88-84 rcp:responsibility/88-84 */
/* proves: rcp:mta-report/88-84 rcp:user-report/88-84 rcp:explicit-conversion/88-84 */
/* proves: prb:identifier/88-84 prb:originator/88-84 prb:content-length/88-84 prb:indicators/88-84 */
/* proves: prb:bilateral/88-84 prb:trace/88-84 prb:recipients/88-84 */
/* proves: rep:identifier/88-84 rep:destination/88-84 rep:trace/88-84 rep:subject/88-84 rep:subject-trace/88-84 */
/* proves: rep:content-identifier/88-84 rep:returned-content/88-84 rep:additional/88-84 rep:recipient/88-84 */
/* proves: rep:number/88-84 rep:indicators/88-84 rep:last-trace/88-84 rep:delivery/88-84 rep:non-delivery/88-84 */
/* proves: rep:supplementary/88-84 */
/* proves: env:message-identifier/84-88 env:originator-name/84-88 env:original-eits/84-88 env:content-type/84-88 */
/* proves: env:content-identifier/84-88 env:priority/84-88 env:disclosure/84-88 env:implicit-conversion/84-88 */
/* proves: env:alternate-allowed/84-88 env:content-return/84-88 env:deferred-delivery/84-88 env:bilateral/84-88 */
/* proves: env:trace/84-88 env:content/84-88 rcp:name/84-88 rcp:number/84-88 rcp:responsibility/84-88 */
/* proves: rcp:mta-report/84-88 rcp:user-report/84-88 rcp:explicit-conversion/84-88 */
/* proves: prb:identifier/84-88 prb:originator/84-88 prb:content-length/84-88 prb:indicators/84-88 */
/* proves: prb:bilateral/84-88 prb:trace/84-88 prb:recipients/84-88 */
/* proves: rep:identifier/84-88 rep:destination/84-88 rep:trace/84-88 rep:subject/84-88 rep:subject-trace/84-88 */
/* proves: rep:content-identifier/84-88 rep:returned-content/84-88 rep:additional/84-88 rep:recipient/84-88 */
/* proves: rep:number/84-88 rep:indicators/84-88 rep:last-trace/84-88 rep:delivery/84-88 rep:non-delivery/84-88 */
/* proves: rep:supplementary/84-88 */
START_TEST(all_of_1984)
{
  static const char *const peers[][2] = {{"new", "old"}, {"old", "new"}};
  const char *from = peers[_i % 2][0], *to = peers[_i % 2][1];
  const struct whole *whole = &wholes[_i / 2];
  g_autofree char *hop = g_strdup_printf("p1:%s", to);
  g_autofree char *from_name = g_strdup_printf("13'%s'", from), *to_name = g_strdup_printf("13'%s'", to);
  g_autoptr(GString) notation = g_string_new(whole->notation);
  g_string_replace(notation, "13'from'", from_name, 0);
  g_string_replace(notation, "13'to'", to_name, 0);
  g_autoptr(GBytes) apdu = downgrading_octets(notation->str), there = NULL;
  g_autofree char *came = downgrading_text_of_1984(apdu);
  downgrading_check("as it came", came, whole->wanted, true);
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, from, hop, &there);
  g_autofree char *losses = downgrading_losses(result);
  ck_assert_str_eq(losses, strcmp(to, "old") ? "\n" : losses);
  if (!strcmp(to, "old")) {
    g_autofree char *text = downgrading_text_of_1984(there);
    downgrading_check("to 1984", text, whole->wanted, true);
    return;
  }
  g_autoptr(GBytes) returned = NULL;
  g_autoptr(mapping_result_t) last = downgrading_relay(context, there, "new", "p1:old", &returned);
  ck_assert_ptr_nonnull(last);
  g_autofree char *old = downgrading_text_of_1984(returned);
  downgrading_check("to 1988 and back", old, whole->wanted, true);
}
END_TEST

/* proves: env:per-message-other/88-84 rcp:universal/88-84 rep:original-eits/88-84 rep:content-type/88-84 */
/* proves: rep:correlator/88-84 */
START_TEST(what_1984_has_not)
{
  g_autoptr(GBytes) apdu = downgrading_message(&(struct downgrading_message){
      .indicators = "0031",
      .name = "30{" NAME("old", "lee") "} 31{ 30{ 80<18> a1{ 31{ 1e<004d00fc> } } } }"});
  g_autoptr(GBytes) output = NULL, report = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:old", &output);
  g_autofree char *text = downgrading_text_of_1984(output), *losses = downgrading_losses(result);
  downgrading_check("bits", losses, "per-message-indicators: bits beyond the 4 of 1984 were cleared", true);
  downgrading_check("universal-common-name", text, "type: \"X400-88\"|per-message-flag: '0011'B", true);

  g_autofree char *notation = g_strdup_printf(
      "a1{ 31{ 64{ " GDI("new") " 16'r1' } 60{30{" NAME("old", "lee") "}} 69{ 30{ " GDI("new")
      " 31{ 80'970102144603Z' 82<00> } } } } 31{ 64{ " GDI("old") " 16'id1' } 65{80<0520>} 46<16> "
      EXTENSION("17", "00", "16'c'") " a0{ 31{ a0{30{" NAME("new", "ann")
      "}} 81<01> 82<00a8> a3{ 80'970102144603Z' a1{ a1{ 80<01> } } } } } } }");
  g_autoptr(GBytes) told = downgrading_octets(notation);
  g_autoptr(mapping_result_t) of_report_result = downgrading_relay(context, told, "new", "p1:old", &report);
  g_autofree char *listed = downgrading_losses(of_report_result), *report_text = downgrading_text_of_1984(report);
  downgrading_check("report", listed,
                    "original-encoded-information-types was dropped|content-type was dropped|extension content-correlator(23)", true);
  ck_assert_ptr_nonnull(report_text);
}
END_TEST

static Suite *suite(void)
{
  Suite *whole = suite_create("downgrade_fields");
  TCase *tests = tcase_create("downgrade_fields");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, extension_of_message, 0, 4 * G_N_ELEMENTS(of_message));
  tcase_add_loop_test(tests, extension_of_recipient, 0, 2 * G_N_ELEMENTS(of_recipient));
  tcase_add_loop_test(tests, extension_of_report, 0,
                      G_N_ELEMENTS(of_report) + G_N_ELEMENTS(of_report_recipient));
  tcase_add_loop_test(tests, private_extension, 0, 5);
  tcase_add_loop_test(tests, all_of_1984, 0, 2 * G_N_ELEMENTS(wholes));
  tcase_add_test(tests, what_1984_has_not);
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
