/* From 1988 to 1984 and back: X.419 annex B, RFC 1328, RFC 1496.
 *
 * What goes in is written by hand from the modules of 1988, as BER; what must come out from those of 1984:
 * every APDU that leaves for a peer of 1984 is decoded as an MPDU, which knows nothing of 1988, and its text
 * is compared. */
#include "lib/addressing.h"
#include "lib/notation.h"
#include "lib/road.h"
#include "mapping/downgrade.h"
#include "mapping/downgrade_content.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <InformationObject.h>
#include <MPDU.h>
#include <MTS-APDU.h>
#include <PerRecipientMessageTransferFields.h>
#include <UAPDU.h>

static struct mapping_context *context;

static const char SETTINGS[] =
    "{'domain': <'sea.example'>, 'or-address': <'/S=gateway/PRMD=sea/ADMD=x/C=de/'>, 'country': <'de'>, "
    "'admd': <'x'>, 'prmd': <'sea'>, 'mta-name': <'sea-mta'>, "
    "'peers': <[{'name': <'old'>, 'mode': <'1984'>}, {'name': <'new'>}, "
    "{'name': <'file'>, 'mode': <'1984'>, 'attachment-body': <'bilateral'>}, "
    "{'name': <'both'>, 'mode': <'1984'>, 'content-type': <'22'>}]>, "
    "'routes': <[{'or': <'/PRMD=old/ADMD=x/C=de/'>, 'peer': <'old'>}, "
    "{'or': <'/PRMD=file/ADMD=x/C=de/'>, 'peer': <'file'>}, {'or': <'/PRMD=both/ADMD=x/C=de/'>, 'peer': "
    "<'both'>}, "
    "{'or': <'/PRMD=new/ADMD=x/C=de/'>, 'peer': <'new'>}]>}";

static void setup(void)
{
  g_autoptr(GVariant) settings = g_variant_ref_sink(g_variant_new_parsed(SETTINGS));
  g_autoptr(GError) error = NULL;
  context = mapping_context_new(settings, -1, &error);
  ck_assert_msg(context != NULL, "%s", error ? error->message : "");
}

static void teardown(void)
{
  mapping_context_free(context);
}

static GBytes *octets_of(const char *notation)
{
  return g_byte_array_free_to_bytes(notation_octets(notation));
}

/* --- messages by hand --- */

#define GDI(prmd) "63{ 61{13'DE'} 62{13'x'} 13'" prmd "' }"
#define NAME(prmd, surname) "61{13'DE'} 62{13'x'} a2{13'" prmd "'} a5{80'" surname "'}"
#define P22(heading, parts) "a0{ 31{ 6b{13'm1'} " heading " } 30{ " parts " } }"
#define IA5(text) "a0{ 31{} 16'" text "' }"

/* A message of 1988; a row says what differs. */
struct message {
  const char *type, *types, *indicators, *originator, *name, *trace, *extra, *recipient, *content;
};

#define OR(given, otherwise) ((given) ? (given) : (otherwise))

static GBytes *message_of(const struct message *m)
{
  g_autofree char *notation = g_strdup_printf(
      "a0{ 31{ 64{ " GDI("new") " 16'id1' } 60{ %s } 65{ %s } %s 48<%s> 69{ 30{ " GDI(
          "new") " 31{ 80'970102144603Z' 82<00> %s } } } %s a2{ 31{ 60{ %s } 80<01> 81<00a8> %s } } } 04{ %s "
                 "} }",
      OR(m->originator, "30{" NAME("new", "ann") "}"), OR(m->types, "80<0520>"), OR(m->type, "46<16>"),
      OR(m->indicators, "0430"), OR(m->trace, ""), OR(m->extra, ""),
      OR(m->name, "30{" NAME("old", "lee") "}"), OR(m->recipient, ""), OR(m->content, P22("", IA5("hello"))));
  return octets_of(notation);
}

/* --- relaying --- */

/* Reads at a peer and writes to another, as the relay does. */
static struct mapping_result *relay(GBytes *apdu, const char *from, const char *hop, GBytes **output_r)
{
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(mapping_job_t) read = road_job(MAPPING_READ, MAPPING_APDU, octets, length);
  read->peer = g_strdup(from);
  g_autoptr(mapping_result_t) found = road_run(context, read, NULL);
  ck_assert_msg(found->status == MAPPING_OK, "%s", found->words);
  g_autoptr(mapping_job_t) write = road_job(MAPPING_WRITE, MAPPING_APDU, octets, length);
  write->peer = g_strdup(from);
  write->hop = g_strdup(hop);
  for (guint i = 0; i < found->recipients->len; i++) {
    const struct mapping_recipient *recipient = found->recipients->pdata[i];
    road_recipient(write, recipient->address, recipient->mapped, hop)->ordinal = recipient->ordinal;
  }
  struct mapping_result *result = road_run(context, write, output_r);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  return result;
}

static const asn_TYPE_descriptor_t *follow(const struct asn1_place *place, const struct asn1_value *value,
                                           struct octets *octets, void *user)
{
  (void)value, (void)octets, (void)user;
  return place->type == &asn_DEF_UserMPDU ? &asn_DEF_UAPDU : NULL;
}

/* The text of an APDU by the modules of 1984 alone: what is not of 1984 fails here. */
static char *text_of_1984(GBytes *apdu)
{
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MPDU, octets, length, NULL, &error);
  ck_assert_msg(value != NULL, "not of 1984: %s", error ? error->message : "");
  char words[256] = "";
  size_t size = sizeof words;
  asn_TYPE_descriptor_t *type = (asn_TYPE_descriptor_t *)(guintptr)&asn_DEF_MPDU;
  ck_assert_msg(asn_check_constraints(type, asn1_value_get(value), words, &size) == 0, "%s", words);
  GString *text = g_string_new(NULL);
  asn1_print_inner(value, ASN1_TEXT, 0, 65536, follow, NULL, text);
  if (strstr(text->str, "content-type: 2 "))
    ck_assert_ptr_null(strstr(text->str, "content: '")); /* what is P2 is read as such */
  return g_string_free(text, FALSE);
}

static void check_text(const char *what, const char *text, const char *wanted, bool there)
{
  g_auto(GStrv) pieces = g_strsplit(wanted ? wanted : "", "|", -1);
  for (char **piece = pieces; *piece; piece++)
    if (**piece && (strstr(text, *piece) != NULL) != there) {
      fprintf(stderr, "%s: %s \"%s\" in\n%s\n", what, there ? "no" : "there is", *piece, text);
      ck_abort_msg("%s: %s \"%s\"", what, there ? "no" : "there is", *piece);
    }
}

static char *losses_of(const struct mapping_result *result)
{
  GString *text = g_string_new("\n");
  for (guint i = 0; i < result->losses->len; i++)
    g_string_append_printf(text, "%s\n", (const char *)result->losses->pdata[i]);
  return g_string_free(text, FALSE);
}

/* --- each field of the envelope --- */

#define EXTENSION(number, criticality, value) "a3{ 30{ 80<" number "> 81<" criticality "> a2{ " value " } } }"
#define WRAPPED                                                                                              \
  "surname: \"gateway\"|type: \"X400-88\"|value: \"/CN=(042)M(123)252(125)/S=lee/PRMD=old/ADMD=x/C=DE/\""

static const struct row {
  const char *what;
  struct message message;
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
     "extension (23)",
     0},
    {"DL expansion history",
     {.extra = EXTENSION("1a", "00", "30{ 30{ 60{30{" NAME("new", "list") "}} 17'970102144603Z' } }")},
     "data: \"hello\"",
     "list",
     "extension (26)",
     0},
    {"originator return address",
     {.extra = EXTENSION("0d", "00", "30{30{" NAME("new", "back") "}}")},
     "data: \"hello\"",
     "back",
     "extension (13)",
     0},
    {"redirection history",
     {.recipient = EXTENSION("19", "00",
                             "30{ 30{ 30{ 60{30{" NAME("old", "first") "}} 17'970102144603Z' } 0a<00> } }")},
     "surname: \"lee\"",
     "first",
     "per-recipient-fields[0]: extension (25)",
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
     "extension (5)",
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
     "extension (1)",
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
  g_autoptr(GBytes) apdu = message_of(&row->message), output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:old", &output);
  const struct mapping_recipient *recipient = result->recipients->pdata[0];
  ck_assert_msg(recipient->failed == (row->diagnostic != 0), "%s: %s", row->what, recipient->words);
  if (row->diagnostic) {
    ck_assert_int_eq(recipient->reason, 1);
    ck_assert_int_eq(recipient->diagnostic, row->diagnostic);
    return;
  }
  g_autofree char *text = text_of_1984(output), *losses = losses_of(result);
  check_text(row->what, text, row->wanted, true);
  if (row->unwanted)
    check_text(row->what, text, row->unwanted, false);
  if (row->lost)
    check_text(row->what, losses, row->lost, true);
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
  g_autoptr(GBytes) apdu =
      message_of(&(struct message){.recipient = EXTENSION("01", "0520", "0a<01>") " } 31{ 60{30{" NAME(
                                       "old", "kim") "}} 80<02> 81<00a8>"});
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:old", &output);
  ck_assert_uint_eq(result->recipients->len, 2);
  ck_assert(((struct mapping_recipient *)result->recipients->pdata[0])->failed);
  ck_assert(!((struct mapping_recipient *)result->recipients->pdata[1])->failed);
  g_autofree char *text = text_of_1984(output);
  const char *lee = strstr(text, "surname: \"lee\""), *kim = strstr(text, "surname: \"kim\"");
  ck_assert(lee && kim && lee < kim);
  ck_assert_ptr_nonnull(strstr(lee, "per-recipient-flag: '00101000'B"));
  ck_assert_ptr_nonnull(strstr(kim, "per-recipient-flag: '10101000'B"));
}
END_TEST

/* --- contents --- */

#define GENERAL_TEXT                                                                                         \
  "af{ a0{ 06<56010b0b> a0{ 31{ 02<01> 02<06> 02<64> } } } 28{ 06<5601040b> a0{ 1b<4be47365> } } }"
#define EXTENDED_IA5 "af{ a0{ 06<56010b00> a0{ 31{} } } 28{ 06<56010400> a0{ 16'plain' } } }"
#define FIELDS(text) "af{ 31{ 30{ 06<2b0601070101010101> 30{ 30{ 16'Subject' 16'x' } } } } }"

static const struct content {
  const char *what, *content;
  const char *wanted, *unwanted, *lost;
  const char *types; /* converted types in our trace element; NULL: nothing was converted */
} contents[] = {
    {"nothing of 1988", P22("a8{14'Hi'} 8c<02>", IA5("hello")),
     "subject: \"Hi\"|importance: 2|data: \"hello\"", NULL, NULL, NULL},
    {"extended form of IA5 text", P22("", EXTENDED_IA5), "ia5-text|data: \"plain\"", "MIME-Version", NULL,
     NULL},
    {"general text in Latin-1", P22("", GENERAL_TEXT),
     "MIME-Version: 1.0|Content-Type: text/plain; charset=iso-8859-1|Content-Transfer-Encoding: "
     "quoted-printable|"
     "K=E4se",
     NULL, "body part 1: became IA5 text (RFC 1496 3.2)", "'001'B"},
    {"heading extension", P22("af{ 30{ 06<56010501> 31{ 13'de' } } }", IA5("hello")), "data: \"hello\"", NULL,
     "id-hex-languages", NULL},
    {"recipient extension",
     P22("a2{ 31{ a0{ 60{30{" NAME("old", "lee") "}} } 81<03f8> a3{ 30{ 06<2a0304> 05<> } } } }",
         IA5("hello")),
     "report-request: '111'B", NULL, "notification-requests: bits beyond the 3 of 1984|extension 1.2.3.4",
     NULL},
    {"directory name in the heading",
     P22("a0{ 60{ 30{" NAME(
             "new", "ann") "} a0{ 30{ 31{ 30{ 06<550406> 13'DE' } } 31{ 30{ 06<550403> 13'Ann' } } } } } "
                           "80'Ann' }",
         IA5("hello")),
     "free-form-name: \"Ann (CN=Ann,C=DE)\"", NULL, "free-form-name", NULL},
    {"common-name in the heading",
     P22("a0{ 60{ 30{" NAME("new", "ann") "} 31{ 30{ 80<01> a1{13'Ann'} } } } }", IA5("hello")),
     "type: \"Common\"|value: \"Ann\"", NULL, "heading.originator: common-name", NULL},
    {"bilaterally defined", P22("", "8e<010203>"), "bilaterally-defined: '010203'H", NULL, NULL, NULL},
    {"facsimile", P22("", "a3{ 31{ 80<01> } 30{ 03<00ff> } }"), "g3-fax|number-of-pages: 1", NULL, NULL,
     NULL},
    {"extended form of facsimile",
     P22("", "af{ a0{ 06<56010b02> a0{ 31{ 80<01> } } } 28{ 06<56010402> a0{ 30{ 03<00ff> } } } }"),
     "g3-fax|number-of-pages: 1", "MIME", NULL, NULL},
    {"extended form of bilaterally defined", P22("", "af{ 28{ 06<56010409> a0{ 04<0102> } } }"),
     "bilaterally-defined: '0102'H", "MIME", NULL, NULL},
    {"teletex", P22("", "a5{ 31{} 30{ 14<4dc875> } }"), "ttx|", NULL, NULL, NULL},
    {"videotex with a syntax", P22("", "a6{ 31{ 80<01> } 15'v' }"), "videotex", NULL, "syntax 1 was dropped",
     NULL},
    {"text of ISO 6937", P22("", "ad{ 31{} 14'x' }"), "MIME-Version: 1.0|application/x400-bp", NULL,
     "body part 1", "'001'B"},
    {"forwarded message of 1988",
     P22("", "a9{ 31{ 80'970102144603Z' a1{ 80<16> 60{30{" NAME("new", "ann") "}} a4{30{" NAME(
                 "new", "kim") "}} 87'970102144602Z' 88'corr' } } 30{ 31{ 6b{13'm2'} af{ 30{ 06<56010500> "
                               "05<> } } } 30{ " GENERAL_TEXT " } } }"),
     "forwarded-message|delivery: \"970102144603Z\"|content-type: 2 (p2)|original|delivery-flags|submission: "
     "\"970102144602Z\"|local: \"m2\"|K=E4se",
     "corr", "id-hex-incomplete-copy|content-identifier|body part 2: became IA5 text", "'001'B"},
    {"SFD", P22("", "aa{ a3{ 31{} 14'a paragraph' } }"), "sfd|text: \"a paragraph\"", NULL, NULL, NULL},
};

START_TEST(each_content)
{
  const struct content *row = &contents[_i];
  g_autoptr(GBytes) apdu = message_of(&(struct message){.content = row->content}), output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:old", &output);
  ck_assert_msg(!((struct mapping_recipient *)result->recipients->pdata[0])->failed, "%s", row->what);
  g_autofree char *text = text_of_1984(output), *losses = losses_of(result);
  check_text(row->what, text, "content-type: 2 (p2)|content.im-uapdu", true);
  check_text(row->what, text, row->wanted, true);
  if (row->unwanted)
    check_text(row->what, text, row->unwanted, false);
  if (row->lost)
    check_text(row->what, losses, row->lost, true);
  g_autofree char *types = row->types
                               ? g_strdup_printf("converted-encoded-types\n            types: %s", row->types)
                               : g_strdup("converted-encoded-types");
  check_text(row->what, text, types, row->types != NULL);
}
END_TEST

static GBytes *content_of(GBytes *apdu)
{
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MTS_APDU, octets, length, NULL, NULL);
  const MTS_APDU_t *choice = asn1_value_get(value);
  g_autoptr(octets_t) content = asn1_octets(value, &choice->choice.message.content);
  return octets_to_bytes(content, 1 << 20, NULL);
}

/* What holds nothing of 1988 goes on octet by octet, whatever its encoding looks like. */
START_TEST(content_untouched)
{
  static const char *const notations[] = {"~a0{ ~31{ 6b{13'm1'} } ~30{ ~a0{ 31{} 16'hello' } } }",
                                          P22("a8{14'Hi'}", IA5("hello") "8e<01>")};
  g_autoptr(GBytes) apdu = message_of(&(struct message){.content = notations[_i]}), output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:old", &output);
  g_autoptr(GBytes) sent = content_of(output), came = content_of(apdu);
  ck_assert(g_bytes_equal(sent, came));
}
END_TEST

/* RFC 1328 5: 1984's envelope carries content of type 22 where the peer's user agents read it. */
START_TEST(content_of_22_kept)
{
  g_autoptr(GBytes) apdu =
      message_of(&(struct message){.content = P22("", GENERAL_TEXT), .name = "30{" NAME("both", "lee") "}"});
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:both", &output);
  g_autoptr(GBytes) sent = content_of(output), came = content_of(apdu);
  ck_assert(g_bytes_equal(sent, came));
  ck_assert_uint_eq(result->recipients->len, 1);
}
END_TEST

static const struct {
  const char *indicators, *extra, *content;
  gint reason, diagnostic; /* 0: it goes */
} prohibitions[] = {
    {"0470", NULL, P22("", GENERAL_TEXT), 2, 9}, /* RFC 1328 6: conversion prohibited */
    {"0470", NULL, P22("", EXTENDED_IA5), 0, 0}, /* the same text in its other form is no conversion */
    {"0470", NULL, P22("", IA5("x")), 0, 0},
    {"0430", EXTENSION("04", "00", "0a<01>"), P22("", GENERAL_TEXT), 0,
     0}, /* MIME in IA5 text loses nothing */
    {"0430", EXTENSION("04", "00", "0a<01>"), P22("", "ad{ 31{} 14'x' }"), 2, 19},
    {"0430", EXTENSION("04", "00", "0a<00>"), P22("", "ad{ 31{} 14'x' }"), 0, 0},
    {"0430", NULL, "a0{ 31{} }", 1, 47}, /* no message at all */
    {"0430", NULL, "a1{ 6b{13'm1'} a0{ a2{ 30{ 06<5601100c> 05<> } } } }", 1,
     47}, /* neither of receipt nor non-receipt */
};

START_TEST(conversion_prohibited)
{
  g_autoptr(GBytes) apdu = message_of(&(struct message){.indicators = prohibitions[_i].indicators,
                                                        .extra = prohibitions[_i].extra,
                                                        .content = prohibitions[_i].content});
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:old", &output);
  const struct mapping_recipient *recipient = result->recipients->pdata[0];
  ck_assert_int_eq(recipient->failed, prohibitions[_i].reason != 0);
  if (recipient->failed) {
    ck_assert_int_eq(recipient->reason, prohibitions[_i].reason);
    ck_assert_int_eq(recipient->diagnostic, prohibitions[_i].diagnostic);
  }
}
END_TEST

START_TEST(notifications)
{
  static const struct {
    const char *content, *wanted;
  } cases[] = {
      {"a1{ 6b{13'm1'} a0{ a1{ 80'970102144603Z' 81<01> } } a3{ 30{ 06<2a0304> 05<> } } }",
       "content.sr-uapdu|receipt: \"970102144603Z\"|type-of-receipt: 1"},
      {"a1{ 6b{13'm1'} a0{ a0{ 80<00> 81<07> a3{ 31{ 6b{13'm2'} } 30{ " GENERAL_TEXT " } } } } }",
       "reason: 0 (uae-initiated-discard)|local: \"m2\"|K=E4se"},
      {"a1{ 6b{13'm1'} a0{ a0{ 80<01> 81<02> 82'on leave' } } }",
       "reason: 1 (auto-forwarded)|non-receipt-qualifier: 2 (subscription-terminated)|comments: \"on "
       "leave\""},
  };
  g_autoptr(GBytes) apdu = message_of(&(struct message){.content = cases[_i].content}), output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:old", &output);
  g_autofree char *text = text_of_1984(output);
  check_text("notification", text, cases[_i].wanted, true);
  check_text("notification", text, "non-receipt-qualifier: 7", false);
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
     "original-encoded-information-types|content-type|extension (23)|extension (39)|extension (30)"},
    {"returned content and who was meant",
     REPORT("", "81'kept as it is'",
            "a3{ 80'970102144603Z' a1{ a1{ 80<01> } } } a4{30{" NAME("new", "kim") "}}"),
     "returned: |intended-recipient|surname: \"kim\"", NULL},
};

START_TEST(report)
{
  g_autoptr(GBytes) apdu = octets_of(reports[_i].apdu), output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:old", &output);
  g_autofree char *text = text_of_1984(output), *losses = losses_of(result);
  check_text(reports[_i].what, text, reports[_i].wanted, true);
  if (reports[_i].lost)
    check_text(reports[_i].what, losses, reports[_i].lost, true);
}
END_TEST

START_TEST(probe)
{
  g_autoptr(GBytes) apdu = octets_of("a2{ 64{ " GDI("new") " 16'p1' } 60{30{" NAME(
      "new", "ann") "}} 65{80<00> a4{06<56010c00>}} 46<16> 80<03e8> "
                    "48<0031> 69{ 30{ " GDI(
                        "new") " 31{ 80'970102144603Z' 82<00> 83<0640> } } } a3{ 30{ 80<26> a2{30{}} } } "
                               "a2{ 31{ 60{30{" NAME(
                                   "old", "lee") "} 31{ 30{ 80<01> a1{13'Lee'} } }} 80<01> 81<00a8> } } }");
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:old", &output);
  g_autofree char *text = text_of_1984(output);
  check_text(
      "probe", text,
      "MPDU.probe|content-type: 2 (p2)|content-length: 1000|types: '1'B|per-message-flag: '0011'B|type: "
      "\"Common\"",
      true);
  ck_assert(!((struct mapping_recipient *)result->recipients->pdata[0])->failed);
}
END_TEST

/* --- back --- */

static char *text_of_1988(GBytes *apdu)
{
  gsize length;
  const void *octets = g_bytes_get_data(apdu, &length);
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_MTS_APDU, octets, length, NULL, NULL);
  ck_assert_ptr_nonnull(value);
  GString *text = g_string_new(NULL);
  asn1_print(value, ASN1_TEXT, 0, 65536, text);
  return g_string_free(text, FALSE);
}

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
  g_autoptr(GBytes) apdu = message_of(&(struct message){.type = "46<02>", .name = upgrades[_i].name}),
                    output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "old", "p1:new", &output);
  ck_assert_uint_eq(result->recipients->len, 1);
  g_autofree char *text = text_of_1988(output);
  const char *recipient = strstr(text, "recipient-name");
  ck_assert_ptr_nonnull(recipient);
  check_text(upgrades[_i].what, recipient, upgrades[_i].wanted, true);
  if (upgrades[_i].unwanted)
    check_text(upgrades[_i].what, recipient, upgrades[_i].unwanted, false);
  g_autoptr(GBytes) sent = content_of(output), came = content_of(apdu);
  ck_assert(g_bytes_equal(sent, came));
}
END_TEST

/* A peer of 1988 means its attribute "Common" as it stands. */
START_TEST(no_upgrade_of_1988)
{
  g_autoptr(GBytes) apdu =
      message_of(&(struct message){.name = "30{" NAME("new", "kim") "} 30{ 30{13'Common' 13'Kim'} }"});
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:new", &output);
  g_autofree char *text = text_of_1988(output);
  ck_assert_ptr_nonnull(strstr(strstr(text, "recipient-name"), "type: \"Common\""));
  ck_assert_uint_eq(result->recipients->len, 1);
}
END_TEST

/* Whatever goes to 1984 by way of the gateway's attributes comes back as it was, but for what RFC 1328 3
 * drops. */
START_TEST(addresses_come_back)
{
  g_autoptr(or_address_t) gateway = or_address_parse("/S=gateway/PRMD=sea/ADMD=x/C=de/", NULL);
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

/* --- the real thing --- */

/* The real sender of 1984: to a peer of 1988 and back, nothing but our trace is new. */
START_TEST(real_message)
{
  g_autoptr(GBytes) apdu = road_file("tests/vectors/real-mta/p1-1984.ber"), there = NULL, back = NULL;
  g_autoptr(mapping_result_t) up = relay(apdu, "old", "p1:new", &there);
  g_autoptr(mapping_result_t) down = relay(there, "new", "p1:old", &back);
  g_autofree char *before = text_of_1984(apdu), *after = text_of_1984(back);
  const char *traces = strstr(after, "    trace\n"), *content = strstr(after, "\n  content.im-uapdu");
  g_autofree char *head = g_strndup(after, (gsize)(traces - after));
  ck_assert_int_eq(strncmp(before, head, strlen(head)), 0);
  ck_assert(!strcmp(strstr(before, "\n  content.im-uapdu"), content));
  g_autoptr(GBytes) sent = content_of(back), came = content_of(apdu);
  ck_assert(g_bytes_equal(sent, came));
}
END_TEST

/* The messages of 1988 of the same sender: all that they have goes. */
START_TEST(real_message_of_1988)
{
  static const char *const files[] = {"tests/vectors/real-mta/p1-1988-x410.ber",
                                      "tests/vectors/real-mta/p1-1988-normal-external.ber"};
  g_autoptr(GBytes) apdu = road_file(files[_i]), output = NULL;
  g_autoptr(mapping_result_t) result = relay(apdu, "new", "p1:old", &output);
  g_autofree char *text = text_of_1984(output), *losses = losses_of(result);
  check_text(files[_i], text, "content-type: 2 (p2)|The quick brown fox", true);
  check_text(files[_i], losses, "extension (23)|extension (38)", true);
}
END_TEST

/* --- mail to a peer of 1984, and to mail again at another gateway --- */

#define MAIL                                                                                                 \
  "From: =?utf-8?q?J=C3=BCrgen?= <ann@example.org>\r\nTo: bob@example.org\r\nSubject: "                      \
  "=?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"                                                                          \
  "Message-ID: <m@example.org>\r\nDate: Thu, 2 Jan 1997 14:46:03 +0100\r\nContent-Language: de\r\nX-Own: "   \
  "kept\r\n"                                                                                                 \
  "Latest-Delivery-Time: Fri, 3 Jan 1997 14:46:03 +0100\r\nMIME-Version: 1.0\r\nContent-Type: "              \
  "multipart/mixed; "                                                                                        \
  "boundary=x\r\n\r\n"                                                                                       \
  "--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nK\xc3\xa4se\r\n" \
  "--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; "                                \
  "filename*=utf-8''%C3%9Cbersicht.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n"         \
  "--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\nContent-Type: image/png; name=a.png\r\n"   \
  "Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--y--\r\n--x--\r\n"

static GBytes *send_mail(const char *peer)
{
  g_autofree char *hop = g_strdup_printf("p1:%s", peer);
  g_autofree char *address = g_strdup_printf("/CN=Bob Lee/O=a/PRMD=%s/ADMD=x/C=de/", peer);
  g_autofree char *mailbox = g_strdup_printf("\"%s\"@sea.example", address);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, MAIL, strlen(MAIL));
  job->sender = g_strdup("ann@example.org");
  job->hop = g_strdup(hop);
  road_recipient(job, mailbox, address, hop);
  GBytes *output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  ck_assert(!((struct mapping_recipient *)result->recipients->pdata[0])->failed);
  return output;
}

static const struct mime_part *part_at(const struct mime_part *part, guint index)
{
  ck_assert(part->children && part->children->len > index);
  return part->children->pdata[index];
}

static void check_part(const struct mime_mail *mail, const struct mime_part *part, const char *type,
                       const char *filename, const void *octets, gsize length)
{
  g_autoptr(GBytes) found = road_content(mail, part), wanted = g_bytes_new(octets, length);
  g_autofree char *name = mime_part_filename(mail, part);
  ck_assert_str_eq(part->type->value, type);
  ck_assert_pstr_eq(name, filename);
  ck_assert(g_bytes_equal(found, wanted));
}

START_TEST(mail_and_back)
{
  static const char *const peers[] = {"old", "file"};
  g_autoptr(GBytes) apdu = send_mail(peers[_i]);
  g_autofree char *text = text_of_1984(apdu);
  /* RFC 2156 appendix B, RFC 1496 3.2, RFC 1328 3.2 */
  check_text(peers[_i], text,
             "content-type: 2 (p2)|type: \"Common\"|value: \"Bob Lee\"|data: \"RFC-822-Headers:\\r\\n|X-Own: "
             "kept\\r\\n|Content-Language: de\\r\\n|Latest-Delivery-Time: Fri, 3 Jan 1997|MIME-Version: "
             "1.0|S8Okc2U=|subject: \"Grüße\"",
             true);
  check_text(peers[_i], text, _i ? "bilaterally-defined: \"%PDF-1.4\\n\"" : "JVBERi0xLjQK", true);

  g_autoptr(mapping_job_t) job =
      road_job(MAPPING_WRITE, MAPPING_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
  job->peer = g_strdup(peers[_i]);
  job->hop = g_strdup("smtp:localhost");
  road_recipient(job, "/S=lee/", "bob@example.org", "smtp:localhost");
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  struct mime_mail *mail = road_parse(context, output);
  road_check_field(context, mail->root, "Subject", "Grüße");
  road_check_field(context, mail->root, "X-Own", "kept");
  road_check_field(context, mail->root, "Content-Language", "de");
  road_check_field(context, mail->root, "Message-ID", "<m@example.org>");
  check_part(mail, part_at(mail->root, 0), "text/plain", NULL, "K\xc3\xa4se", 5);
  ck_assert_str_eq(mime_params_get(part_at(mail->root, 0)->type, "charset"), "utf-8");
  check_part(mail, part_at(mail->root, 1), "application/pdf", "Übersicht.pdf", "%PDF-1.4\n", 9);
  const struct mime_part *inner = part_at(mail->root, 2);
  ck_assert_str_eq(inner->type->value, "message/rfc822"); /* 1984 has no extension to say that it is none */
  const struct mime_part *message = part_at(inner, 0);
  check_part(mail, message->kind == MIME_MULTIPART ? part_at(message, 0) : message, "image/png", "a.png",
             "\0\1\2", 3);
  mime_mail_free(mail);
}
END_TEST

/* --- SFD to mail --- */

START_TEST(sfd_is_text)
{
  g_autoptr(GBytes) apdu = message_of(&(struct message){
      .type = "46<02>",
      .content = P22("", "aa{ a5{ 02<01> 31{} } a3{ 31{} 14<4dc87572> } a3{ 31{} 14'second' } }")});
  g_autoptr(mapping_job_t) job =
      road_job(MAPPING_WRITE, MAPPING_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
  job->peer = g_strdup("old");
  job->hop = g_strdup("smtp:localhost");
  road_recipient(job, "/S=lee/", "bob@example.org", "smtp:localhost");
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  struct mime_mail *mail = road_parse(context, output);
  ck_assert_str_eq(mail->root->type->value, "text/plain");
  g_autoptr(GBytes) content = road_content(mail, mail->root);
  ck_assert_int_eq(memcmp(g_bytes_get_data(content, NULL), "M\xfcr\r\nsecond\r\n", 13), 0);
  ck_assert(road_lost(result->losses, "layout"));
  mime_mail_free(mail);
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
  tcase_add_loop_test(tests, each_content, 0, G_N_ELEMENTS(contents));
  tcase_add_loop_test(tests, content_untouched, 0, 2);
  tcase_add_test(tests, content_of_22_kept);
  tcase_add_loop_test(tests, conversion_prohibited, 0, G_N_ELEMENTS(prohibitions));
  tcase_add_loop_test(tests, notifications, 0, 3);
  tcase_add_loop_test(tests, report, 0, G_N_ELEMENTS(reports));
  tcase_add_test(tests, probe);
  tcase_add_loop_test(tests, upgrade, 0, G_N_ELEMENTS(upgrades));
  tcase_add_test(tests, no_upgrade_of_1988);
  tcase_add_test(tests, addresses_come_back);
  tcase_add_test(tests, real_message);
  tcase_add_loop_test(tests, real_message_of_1988, 0, 2);
  tcase_add_loop_test(tests, mail_and_back, 0, 2);
  tcase_add_test(tests, sfd_is_text);
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
