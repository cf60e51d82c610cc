/* The envelope from 1988 to 1984 and back: X.419 annex B, RFC 1328 3.
 *
 * What goes in is written by hand from the modules of 1988, as BER; what must come out from those of 1984:
 * every APDU that leaves for a peer of 1984 is decoded as an MPDU, which knows nothing of 1988, and its text
 * is compared. */
#include "lib/addressing.h"
#include "lib/downgrading.h"
#include "mapping/downgrade.h"

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

/* --- each field of the envelope --- */

#define WRAPPED                                                                                              \
  "surname: \"gateway\"|type: \"X400-88\"|value: \"/CN=(042)M(123)252(125)/S=lee/PRMD=old/ADMD=x/C=DE/\""

static const struct row {
  const char *what;
  struct downgrading_message message;
  const char *wanted, *unwanted,
      *lost;       /* in the text of the MPDU, not in it, in the losses; "|" parts pieces */
  gint diagnostic; /* of a refusal, with reason unable-to-transfer; 0: none */
} rows[] = {
    {"nothing of 1988",
     {0},
     "content-type: 2 (p2)|local: \"id1\"|types: '001'B|surname: \"lee\"|data: \"hello\"",
     NULL,
     NULL,
     0},
    {"indicators of 1984", {0}, "per-message-flag: '0011'B|per-recipient-flag: '10101000'B", NULL, NULL, 0},
    {"priority, deferred delivery, explicit conversion",
     {.extra = "47<02> 80'970103144603Z'", .recipient = "82<00>"},
     "priority: 2 (urgent)|deferred-delivery: \"970103144603Z\"|explicit-conversion: 0 (ia5-text-teletex)",
     NULL,
     NULL,
     0},
    {"content identifier", {.extra = "4a'about'"}, "ua-content-id: \"about\"", NULL, NULL, 0},
    {"more indicators than 1984 has",
     {.indicators = "0031"},
     "per-message-flag: '0011'B",
     NULL,
     "per-message-indicators: bits beyond the 4 of 1984",
     0},
    {"content correlator",
     {.extra = EXTENSION("17", "00", "16'c'")},
     "data: \"hello\"",
     NULL,
     "extension content-correlator(23)",
     0},
    {"DL expansion history",
     {.extra = EXTENSION("1a", "00", "30{ 30{ 60{30{" NAME("new", "list") "}} 17'970102144603Z' } }")},
     "data: \"hello\"",
     "list",
     "extension dl-expansion-history(26)",
     0},
    {"originator return address",
     {.extra = EXTENSION("0d", "00", "30{30{" NAME("new", "back") "}}")},
     "data: \"hello\"",
     "back",
     "extension originator-return-address(13)",
     0},
    {"redirection history",
     {.recipient = EXTENSION("19", "00",
                             "30{ 30{ 30{ 60{30{" NAME("old", "first") "}} 17'970102144603Z' } 0a<00> } }")},
     "surname: \"lee\"",
     "first",
     "per-recipient-fields[0]: extension redirection-history(25)",
     0},
    {"private extension",
     {.extra = "a3{ 30{ 83<2a0304> a2{05<>} } }"},
     "data: \"hello\"",
     NULL,
     "extension",
     0},
    {"critical for submission alone",
     {.extra = EXTENSION("05", "0780", "17'970109144603Z'")},
     "data: \"hello\"",
     NULL,
     "extension latest-delivery-time(5)",
     0},
    {"latest delivery time, critical for delivery",
     {.extra = EXTENSION("05", "0520", "17'970109144603Z'")},
     NULL,
     NULL,
     NULL,
     47},
    {"reassignment prohibited, critical for delivery",
     {.recipient = EXTENSION("01", "0520", "0a<01>")},
     NULL,
     NULL,
     NULL,
     47},
    {"reassignment allowed says nothing, critical or not",
     {.recipient = EXTENSION("01", "0520", "0a<00>")},
     "surname: \"lee\"",
     NULL,
     "extension recipient-reassignment-prohibited(1)",
     0},
    {"content type by object identifier", {.type = "06<56010a00>"}, "content-type: 2 (p2)", NULL, NULL, 0},
    {"P22 by object identifier", {.type = "06<56010a01>"}, "content-type: 2 (p2)", NULL, NULL, 0},
    {"content type without a number", {.type = "06<2a0304>"}, NULL, NULL, NULL, 47},
    {"EDI has a number", {.type = "46<23>", .content = "05<>"}, "content-type: 35", NULL, NULL, 0},
    {"types by object identifier",
     {.types = "80<00> a4{ 06<56030402> 06<56030405> }"},
     "types: '001001'B",
     NULL,
     NULL,
     0},
    {"types that 1984 has not",
     {.types = "80<0520> a4{ 06<56010c00> }"},
     "types: '101'B",
     NULL,
     "type 2.6.1.12.0 became undefined",
     0},
    {"other actions in trace", {.trace = "83<0640>"}, "arrival: \"970102144603Z\"", NULL, "other-actions", 0},
    {"converted types in trace", {.trace = "65{80<0520>}"}, "converted-encoded-types", NULL, NULL, 0},
    {"bilateral information of a private domain",
     {.extra =
          "a1{ 30{ 61{13'DE'} 30{ a0{13'x'} a1{13'p'} } 04'secret' } 30{ 61{13'DE'} 62{13'x'} 04'open' } }"},
     "bilateral-information: ",
     "secret",
     "bilateral information for a private domain",
     0},
    {"common-name",
     {.name = "30{" NAME("old", "lee") "} 31{ 30{ 80<01> a1{13'Ann Lee'} } }"},
     "type: \"Common\"|value: \"Ann Lee\"",
     "X400-88",
     "RFC 1328 3.2",
     0},
    {"common-name beside other attributes",
     {.name = "30{" NAME("old", "lee") "} 30{ 30{13'ID' 13'7'} } 31{ 30{ 80<01> a1{13'Ann'} } }"},
     "type: \"ID\"|value: \"7\"|type: \"Common\"|value: \"Ann\"",
     "X400-88",
     "RFC 1328 3.2",
     0},
    {"teletex common-name alone",
     {.name = "30{" NAME("old", "lee") "} 31{ 30{ 80<02> a1{14<4dc875>} } }"},
     WRAPPED,
     "Common",
     "RFC 1328 3.1",
     0},
    {"teletex twin",
     {.name = "30{ 61{13'DE'} 62{13'x'} a2{13'old'} 83'Mueller' } 31{ 30{ 80<03> a1{14<4dc8756c6c6572>} } }"},
     "organization-name: \"Mueller\"",
     "X400-88",
     "twins",
     0},
    {"postal address",
     {.name = "30{ 61{13'DE'} 62{13'x'} a2{13'old'} } 31{ 30{ 80<09> a1{13'12345'} } 30{ 80<08> a1{13'DE'} } "
              "30{ 80<07> a1{13'post'} } }"},
     "type: \"X400-88\"|PD-CODE=12345|PD-SERVICE=post",
     "postal",
     "RFC 1328 3.1",
     0},
    {"directory name",
     {.name = "30{" NAME("old", "lee") "} a0{ 30{ 31{ 30{ 06<550403> 13'Lee' } } } }"},
     "surname: \"lee\"",
     NULL,
     "directory name",
     0},
    {"originator's common-name",
     {.originator = "30{" NAME("new", "ann") "} 31{ 30{ 80<01> a1{13'Ann'} } }"},
     "type: \"Common\"|value: \"Ann\"",
     NULL,
     "originator-name: common-name",
     0},
};

START_TEST(fields)
{
  const struct row *row = &rows[_i];
  g_autoptr(GBytes) apdu = downgrading_message(&row->message), output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:old", &output);
  const struct mapping_recipient *recipient = result->recipients->pdata[0];
  ck_assert_msg(recipient->failed == (row->diagnostic != 0), "%s: %s", row->what, recipient->words);
  if (row->diagnostic) {
    ck_assert_int_eq(recipient->reason, 1);
    ck_assert_int_eq(recipient->diagnostic, row->diagnostic);
    return;
  }
  g_autofree char *text = downgrading_text_of_1984(output), *losses = downgrading_losses(result);
  downgrading_check(row->what, text, row->wanted, true);
  if (row->unwanted)
    downgrading_check(row->what, text, row->unwanted, false);
  if (row->lost)
    downgrading_check(row->what, losses, row->lost, true);
  /* what is not said to be lost by the row is not lost but for the traces that only 1988 has */
  if (!row->lost)
    ck_assert_msg(!strstr(losses, "became") && !strstr(losses, "twins") && !strstr(losses, "body part"),
                  "%s: %s", row->what, losses);
}
END_TEST

/* An address of 512 characters and more has no room in four domain defined attributes. */
START_TEST(name_too_long)
{
  g_autoptr(or_address_t) gateway = or_address_parse("/S=gateway/PRMD=sea/ADMD=x/C=de/", NULL);
  g_autoptr(or_address_t) address = or_address_parse("/PRMD=old/ADMD=x/C=de/", NULL);
  g_autofree char *value = g_strnfill(120, '_');
  const char *words;
  for (guint i = 0; i < 4; i++)
    or_address_set_dda(address, "a", value);
  or_address_set(address, OR_COMMON_NAME, 0, "n", NULL);
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(downgrade_address(gateway, address, &words, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "RFC 1328 3.1"));
}
END_TEST

/* One recipient with a critical extension does not keep the other from going, and has no responsibility any
 * more. */
START_TEST(one_of_two)
{
  g_autoptr(GBytes) apdu = downgrading_message(&(struct downgrading_message){
      .recipient =
          EXTENSION("01", "0520", "0a<01>") " } 31{ 60{30{" NAME("old", "kim") "}} 80<02> 81<00a8>"});
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:old", &output);
  ck_assert_uint_eq(result->recipients->len, 2);
  ck_assert(((struct mapping_recipient *)result->recipients->pdata[0])->failed);
  ck_assert(!((struct mapping_recipient *)result->recipients->pdata[1])->failed);
  g_autofree char *text = downgrading_text_of_1984(output);
  const char *lee = strstr(text, "surname: \"lee\""), *kim = strstr(text, "surname: \"kim\"");
  ck_assert(lee && kim && lee < kim);
  ck_assert_ptr_nonnull(strstr(lee, "per-recipient-flag: '00101000'B"));
  ck_assert_ptr_nonnull(strstr(kim, "per-recipient-flag: '10101000'B"));
}
END_TEST
/* --- reports and probes --- */

#define REPORT(envelope, content, recipient)                                                                 \
  "a1{ 31{ 64{ " GDI("new") " 16'r1' } 60{30{" NAME("old", "lee") "}} 69{ 30{ " GDI(                         \
      "new") " 31{ 80'970102144603Z' 82<00> } } } " envelope                                                 \
             " } 31{ 64{ " GDI("old") " 16'id1' } " content                                                  \
                                      " a0{ 31{ a0{30{" NAME("new", "ann") "}} 81<01> 82<00a8> " recipient   \
                                                                           " } } } }"

static const struct {
  const char *what, *apdu, *wanted, *lost;
} reports[] = {
    {"delivered", REPORT("", "", "a3{ 80'970102144603Z' a1{ a0{ 80'970102144604Z' } } }"),
     "MPDU.delivery-report|delivered|delivery: \"970102144604Z\"|local: \"id1\"|surname: \"lee\"", NULL},
    {"to a message store", REPORT("", "", "a3{ 80'970102144603Z' a1{ a0{ 80'970102144604Z' 81<02> } } }"),
     "delivered", "type-of-MTS-user 2"},
    {"to a private user", REPORT("", "", "a3{ 80'970102144603Z' a1{ a0{ 80'970102144604Z' 81<01> } } }"),
     "type-of-ua: 1 (private)", NULL},
    {"codes of 1984", REPORT("", "", "a3{ 80'970102144603Z' a1{ a1{ 80<01> 81<00> } } } 85'no such'"),
     "reason-code: 1 (unable-to-transfer)|diagnostic-code: 0 "
     "(unrecognized-or-name)|supplementary-information: \"no such\"",
     NULL},
    {"codes of 1988", REPORT("", "", "a3{ 80'970102144603Z' a1{ a1{ 80<05> 81<1c> } } } 85'members only'"),
     "reason-code: 1 (unable-to-transfer)|supplementary-information: \"restricted-delivery, "
     "dl-expansion-prohibited: "
     "members only\"",
     "reason 5|diagnostic 28"},
    {"what 1984 has not",
     REPORT("a1{ 30{ 80<27> a2{ 30{ " GDI("new") " 16'mta' } } } }",
            "65{80<0520>} 46<16> a3{ 30{ 80<17> a2{16'c'} } } 4a'about'",
            "a3{ 80'970102144603Z' a1{ a1{ 80<01> } } } a6{ 30{ 80<1e> a2{05<>} } }"),
     "ua-content-id: \"about\"|reason-code: 1",
     "original-encoded-information-types|content-type|extension content-correlator(23)|extension reporting-MTA-name(39)|extension originator-and-DL-expansion-history(30)"},
    {"returned content and who was meant",
     REPORT("", "81'kept as it is'",
            "a3{ 80'970102144603Z' a1{ a1{ 80<01> } } } a4{30{" NAME("new", "kim") "}}"),
     "returned: |intended-recipient|surname: \"kim\"", NULL},
};

START_TEST(report)
{
  g_autoptr(GBytes) apdu = downgrading_octets(reports[_i].apdu), output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:old", &output);
  g_autofree char *text = downgrading_text_of_1984(output), *losses = downgrading_losses(result);
  downgrading_check(reports[_i].what, text, reports[_i].wanted, true);
  if (reports[_i].lost)
    downgrading_check(reports[_i].what, losses, reports[_i].lost, true);
}
END_TEST

START_TEST(probe)
{
  g_autoptr(GBytes) apdu = downgrading_octets("a2{ 64{ " GDI("new") " 16'p1' } 60{30{" NAME(
      "new", "ann") "}} 65{80<00> a4{06<56010c00>}} 46<16> 80<03e8> "
                    "48<0031> 69{ 30{ " GDI(
                        "new") " 31{ 80'970102144603Z' 82<00> 83<0640> } } } a3{ 30{ 80<26> a2{30{}} } } "
                               "a2{ 31{ 60{30{" NAME(
                                   "old", "lee") "} 31{ 30{ 80<01> a1{13'Lee'} } }} 80<01> 81<00a8> } } }");
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:old", &output);
  g_autofree char *text = downgrading_text_of_1984(output);
  downgrading_check(
      "probe", text,
      "MPDU.probe|content-type: 2 (p2)|content-length: 1000|types: '1'B|per-message-flag: '0011'B|type: "
      "\"Common\"",
      true);
  ck_assert(!((struct mapping_recipient *)result->recipients->pdata[0])->failed);
}
END_TEST
/* --- back --- */

static const struct {
  const char *what, *name, *wanted, *unwanted;
} upgrades[] = {
    {"plain", "30{" NAME("new", "kim") "}", "surname: \"kim\"", "extension-attributes"},
    {"Common", "30{" NAME("new", "kim") "} 30{ 30{13'common' 13'Kim'} }",
     "extension-attribute-type: 1 (common-name)|extension-attribute-value: '13034B696D'H",
     "built-in-domain-defined-attributes"},
    {"Common among others", "30{" NAME("new", "kim") "} 30{ 30{13'ID' 13'7'} 30{13'Common' 13'Kim'} }",
     "extension-attribute-type: 1 (common-name)|type: \"ID\"", "\"Common\""},
    {"too long for a common-name",
     "30{" NAME("new", "kim") "} 30{ 30{13'Common' "
                              "13'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'} }",
     "type: \"Common\"", "extension-attributes"},
    {"X400-88 of this gateway",
     "30{" NAME("sea",
                "gateway") "} 30{ 30{13'X400-88' 13'/CN=(042)M(123)252(125)/S=lee/PRMD=new/ADMD=x/C=DE/'} }",
     "surname: \"lee\"|private-domain-name.printable: \"new\"|extension-attribute-type: 2 "
     "(teletex-common-name)",
     "X400-88"},
    {"X400-88 in pieces",
     "30{" NAME(
         "sea",
         "gateway") "} 30{ 30{13'X400-C1' 13'PRMD=new/ADMD=x/C=DE/'} 30{13'X400-88' 13'/CN=Kim/S=lee/'} }",
     "surname: \"lee\"|extension-attribute-type: 1 (common-name)", "X400-88"},
    {"X400-88 of another gateway",
     "30{" NAME("new",
                "relay") "} 30{ 30{13'X400-88' 13'/CN=(042)M(123)252(125)/S=lee/PRMD=old/ADMD=x/C=DE/'} }",
     "surname: \"relay\"|type: \"X400-88\"", NULL},
};

START_TEST(upgrade)
{
  g_autoptr(GBytes) apdu =
      downgrading_message(&(struct downgrading_message){.type = "46<02>", .name = upgrades[_i].name}),
                    output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "old", "p1:new", &output);
  ck_assert_uint_eq(result->recipients->len, 1);
  g_autofree char *text = downgrading_text_of_1988(output);
  const char *recipient = strstr(text, "recipient-name");
  ck_assert_ptr_nonnull(recipient);
  downgrading_check(upgrades[_i].what, recipient, upgrades[_i].wanted, true);
  if (upgrades[_i].unwanted)
    downgrading_check(upgrades[_i].what, recipient, upgrades[_i].unwanted, false);
  g_autoptr(GBytes) sent = downgrading_content(output), came = downgrading_content(apdu);
  ck_assert(g_bytes_equal(sent, came));
}
END_TEST

/* A peer of 1988 means its attribute "Common" as it stands. */
START_TEST(no_upgrade_of_1988)
{
  g_autoptr(GBytes) apdu = downgrading_message(
      &(struct downgrading_message){.name = "30{" NAME("new", "kim") "} 30{ 30{13'Common' 13'Kim'} }"});
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = downgrading_relay(context, apdu, "new", "p1:new", &output);
  g_autofree char *text = downgrading_text_of_1988(output);
  ck_assert_ptr_nonnull(strstr(strstr(text, "recipient-name"), "type: \"Common\""));
  ck_assert_uint_eq(result->recipients->len, 1);
}
END_TEST

/* Whatever goes to 1984 by way of the gateway's attributes comes back as it was, but for what RFC 1328 3
 * drops. */
START_TEST(addresses_come_back)
{
  static const char *const gateways[] = {"/S=gateway/PRMD=sea/ADMD=x/C=de/",
                                         "/CN=Gateway/PRMD=sea/ADMD=x/C=de/"};
  g_autoptr(or_address_t) gateway = or_address_parse(gateways[_i], NULL);
  GRand *random = g_rand_new_with_seed(84);
  guint changed = 0, wrapped = 0;
  for (guint i = 0; i < 20000; i++) {
    g_autoptr(or_address_t) address = addressing_random(random);
    const char *words = NULL;
    g_autoptr(or_address_t) old = downgrade_address(gateway, address, &words, NULL);
    if (!old)
      continue;
    for (guint j = 0; j < old->attributes->len; j++) {
      const struct or_attribute *attribute = old->attributes->pdata[j];
      ck_assert(attribute->printable && !attribute->teletex && !attribute->universal);
      ck_assert(attribute->key < OR_COMMON_NAME || attribute->key == OR_DDA);
    }
    ck_assert_uint_le(or_address_count(old, OR_DDA), 4);
    g_autoptr(or_address_t) new = upgrade_address(gateway, old);
    changed += words != NULL;
    wrapped += or_address_dda(old, "X400-88") != NULL;
    g_autofree char *before = or_address_format(address), *after = or_address_format(new ? new : old);
    ck_assert_msg(or_address_equal(new ? new : old, address), "%s\n%s", before, after);
  }
  g_rand_free(random);
  ck_assert_uint_gt(changed, 1000);
  ck_assert_uint_gt(wrapped, 1000);
}
END_TEST
static Suite *suite(void)
{
  Suite *whole = suite_create("downgrade");
  TCase *tests = tcase_create("downgrade");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, fields, 0, G_N_ELEMENTS(rows));
  tcase_add_test(tests, name_too_long);
  tcase_add_test(tests, one_of_two);
  tcase_add_loop_test(tests, report, 0, G_N_ELEMENTS(reports));
  tcase_add_test(tests, probe);
  tcase_add_loop_test(tests, upgrade, 0, G_N_ELEMENTS(upgrades));
  tcase_add_test(tests, no_upgrade_of_1988);
  tcase_add_loop_test(tests, addresses_come_back, 0, 2);
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
