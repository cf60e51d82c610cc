/* EDI messages and notifications (P35, X.435) as mail, and back. */
#include "lib/notation.h"
#include "lib/road.h"
#include "mapping/edim.h"
#include "mapping/settings.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <EDIInformationObject.h>
#include <EDIMOtherBodyParts.h>
#include <EDIMRecipient.h>
#include <EDIMRecipients.h>
#include <EDIMessageTypes.h>
#include <EDISyntaxIdentifier.h>
#include <InterchangeParty.h>
#include <MTS-APDU.h>

#define RECIPIENT "\"/S=lee/PRMD=land/ADMD=x/C=de/\"@sea.example"
#define INTERCHANGE                                                                                          \
  "UNA:+.? 'UNB+UNOA:1+5412:14:BACK+4012:14:ON+261123:1800+ICR1+PASS:AA+APREF+A+1+AGREE+1'"                  \
  "UNH+1+ORDERS:D:96A:UN'BGM+220'UNT+2+1'UNZ+1+ICR1'"
#define ANN "61{13'de'} 62{13'x'} a2{13'land'} a5{80'ann'}"
#define BOB "61{13'de'} 62{13'x'} a2{13'sea'} a5{80'bob'}"
#define NAME(tag, who) tag "{30{" who "}}"
#define ID(who, local) NAME("a0", who) " 81'" local "'"
#define COMMON "a0{a1{" ID(BOB, "M1") "} " NAME("a2", ANN) " 84'2611231800Z' 86<01>}"

static struct mapping_context *context;

static struct mapping_peer *peer(void)
{
  return context->settings->peers->pdata[0];
}

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

static GBytes *bytes_of(const char *text)
{
  return g_bytes_new(text, strlen(text));
}

/* A message APDU with this content, of type 35 or under id-mct-pedi. */
static GBytes *apdu_with(GByteArray *content, bool by_identifier)
{
  g_autoptr(GBytes) mail = bytes_of("From: ann@example.org\r\nTo: bob@example.org\r\n\r\nx\r\n");
  g_autoptr(GBytes) plain = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(plain, NULL), g_bytes_get_size(plain), NULL, NULL);
  MTS_APDU_t *choice = asn1_value_get(value);
  Message_t *message = &choice->choice.message;
  ContentType_t *type = &message->envelope.content_type;
  type->choice.built_in = BuiltInContentType_edi_messaging;
  if (by_identifier) {
    memset(type, 0, sizeof *type);
    type->present = ContentType_PR_extended;
    oid_put(&type->choice.extended, OID_MCT_PEDI);
  }
  g_autoptr(octets_t) octets = octets_new(content->data, content->len);
  asn1_put_octets(value, &message->content, octets);
  GBytes *apdu = asn1_encode_bytes(value, NULL);
  ck_assert_ptr_nonnull(apdu);
  return apdu;
}

/* The content of an APDU, of which the envelope says 35. */
static GBytes *content_of(GBytes *apdu)
{
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, NULL);
  ck_assert_ptr_nonnull(value);
  const MTS_APDU_t *choice = asn1_value_get(value);
  const Message_t *message = &choice->choice.message;
  ck_assert_int_eq(message->envelope.content_type.present, ContentType_PR_built_in);
  ck_assert_int_eq(message->envelope.content_type.choice.built_in, BuiltInContentType_edi_messaging);
  g_autoptr(octets_t) octets = asn1_octets(value, &message->content);
  return octets_to_bytes(octets, 1 << 24, NULL);
}

static char *hex_of(GBytes *bytes)
{
  return notation_hex(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

#define HEADED(more) "a0{30{a1{" ID(ANN, "M1") "} " NAME("a2", ANN) " " more "} "

static const struct {
  const char *what, *notation, *shape;
} objects[] = {
    {"smallest", "a0{30{a1{" ID(ANN, "M1") "}} 30{80'UNB+UNOA:1+A'}}", "application/edifact"},
    {"every field of the heading",
     HEADED("a3{30{" NAME(
         "a1",
         BOB) " 82<56070d01> a3{80<05e0> 81<0640> 82<0780>} 84<ff> "
              "a5{80'5412' 81'14' 82'route'} a6{80'ref' 81'AA'} 87'ICR1' 88'A' 89<ff> 8a'agreement' 8b<ff> "
              "ac{80'auth' 81'00'} ad{30{80<2a03> 81<ff> a2{05<>}}}} 30{" NAME(
                  "a1",
                  ANN) " 8b<ff>}} "
                       "a4{" NAME("a0", ANN) " a1{" ID(ANN, "O1") "} " NAME(
                           "a2",
                           BOB) "} 85<ff> 86<56070b02> 87<ff> "
                                "88'261123180000Z' a9{a0{" ID(ANN, "R1") "} 81<2a03>} aa{31{" ID(
                                    ANN,
                                    "B1") "}} "
                                          "ab{80<0780> 81<ff> a2{30{80<2a03>}}} ac{30{80'x' a1{" ID(
                                              ANN,
                                              "C1") "} 82<01>}} "
                                                    "ad{14'INVOIC' 14'ORDERS'} ae{80':' 81'+' 82'.' 83'?' "
                                                    "84' ' 85<27>} af{14'UNOA' 13'1'} "
                                                    "b0{80'4012' 81'14' 82'back'} 91'2611231800Z' 92'APREF' "
                                                    "b3{30{80<2a04> a2{02<01>}}}") "30{80'UNB+UNOA:1+A'}}",
     "application/edifact"},
    {"strings beyond ASCII", HEADED("b0{80<4dfc6c> 81'14'}") "30{80<554e422b554e4f433a33fc00ff>}}",
     "application/edifact"},
    {"X12 under its identifier", HEADED("86<56070b03>") "30{80'not seen as one'}}", "application/edi-x12"},
    {"additional body parts",
     HEADED("") "30{80'UNB+UNOA:1+A' 30{30{80<07> a1{28{06<56040109> a0{04'octets'}}}}}}}",
     "multipart/mixed(application/edifact application/x400-bp)"},
    {"forwarded",
     HEADED("85<ff>") "30{a1{a0{80'2611231800Z' 82'other'} a1{30{a1{" ID(BOB, "M2") "} " NAME(
         "a2", BOB) " ad{14'INVOIC'}} 30{a1{80'UNB+UNOA:1+A'}}}}}}",
     "message/rfc822"},
    {"forwarded, its interchange removed",
     HEADED("") "30{a1{a1{30{a1{" ID(BOB, "M2") "} " NAME("a2", BOB) "} 30{80<>}}}}}", "message/rfc822"},
    {"PN", "a1{a0{" COMMON " 81'taken' a2{30{80<2a03>}}}}", "multipart/report"},
    {"PN with everything",
     "a1{a0{a0{a1{" ID(BOB, "M1") "} " NAME("a2", ANN) " " NAME(
         "a3", BOB) " 84'2611231800Z' "
                    "a5{80'content' a1{30{06<2a03>} 03<0001>} a2{81<00>} a3{30{80<2a03>}}} 86<02> "
                    "a7{30{80<2a04>}}}}}",
     "multipart/report"},
    {"NN", "a1{a1{" COMMON " a1{a0{80<05> 81<0e>}} 82'loop'}}", "multipart/report"},
    {"NN of a user", "a1{a1{" COMMON " a1{a1{80<01>}}}}", "multipart/report"},
    {"NN of physical delivery", "a1{a1{" COMMON " a1{a2{80<01> 81<02>}}}}", "multipart/report"},
    {"FN", "a1{a2{" COMMON " " NAME("a1", BOB) " a2{a0{80<04> 81<01>}} 83'on' a4{30{80<2a03>}}}}",
     "multipart/report"},
    {"FN of a user", "a1{a2{" COMMON " " NAME("a1", BOB) " a2{a1{80<01>}}}}", "multipart/report"},
};

static void add_shape(const struct mime_part *part, bool follow, GString *text)
{
  g_string_append(text, part->type->value);
  if (!follow || part->kind != MIME_MULTIPART || !strcmp(part->type->value, "multipart/report"))
    return;
  g_string_append_c(text, '(');
  for (guint i = 0; i < part->children->len; i++) {
    if (i)
      g_string_append_c(text, ' ');
    add_shape(part->children->pdata[i], true, text);
  }
  g_string_append_c(text, ')');
}

/* proves: EDI:p35<> EDI:edin<> EDI:forwarded<> */
START_TEST(comes_back_as_it_was)
{
  g_autoptr(GByteArray) octets = notation_octets(objects[_i].notation);
  g_autofree char *before = notation_hex(octets->data, octets->len);
  g_autoptr(GBytes) apdu = apdu_with(octets, _i % 2);
  g_autoptr(GBytes) mail = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, mail);
  g_autoptr(GString) shape = g_string_new(NULL);
  add_shape(parsed->root, true, shape);
  ck_assert_str_eq(shape->str, objects[_i].shape);
  g_autoptr(GBytes) back = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(GBytes) content = content_of(back);
  g_autofree char *after = hex_of(content);
  ck_assert_msg(!strcmp(before, after), "%s:\n%s\n  became\n%s\n  by way of\n%.*s", objects[_i].what, before,
                after, (int)g_bytes_get_size(mail), (const char *)g_bytes_get_data(mail, NULL));
}
END_TEST

static struct asn1_value *object_of(GBytes *apdu)
{
  g_autoptr(GBytes) content = content_of(apdu);
  struct asn1_value *value = asn1_decode_mem(&asn_DEF_EDIInformationObject, g_bytes_get_data(content, NULL),
                                             g_bytes_get_size(content), NULL, NULL);
  ck_assert_ptr_nonnull(value);
  return value;
}

static void check_text(const struct asn1_value *value, const struct OCTET_STRING *field, const char *wanted)
{
  ck_assert_ptr_nonnull(field);
  g_autofree char *text = asn1_strndup(value, field, 256);
  ck_assert_str_eq(text, wanted);
}

#define MAIL(fields)                                                                                         \
  "From: ann@example.org\r\nTo: bob@example.org\r\nCc: cy@example.org\r\nMessage-ID: <1@example.org>\r\n"    \
  "Subject: Orders\r\nMIME-Version: 1.0\r\nContent-Type: application/EDIFACT\r\n" fields "\r\n" INTERCHANGE

/* X.435 8.2: the heading repeats what the first segments say. */
START_TEST(heading_of_the_interchange)
{
  peer()->edi_body = MAPPING_EDI_P35;
  g_autoptr(GBytes) mail = bytes_of(MAIL("Disposition-Notification-To: ann@example.org\r\n"));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(asn1_value_t) value = object_of(apdu);
  const EDIInformationObject_t *object = asn1_value_get(value);
  ck_assert_int_eq(object->present, EDIInformationObject_PR_edim);
  const EDIMHeading_t *heading = &object->choice.edim.heading;
  check_text(value, &heading->this_EDIM.user_relative_identifier, "1(a)example.org");
  check_text(value, &heading->syntax_identifier->syntax_identifier, "UNOA");
  check_text(value, &heading->syntax_identifier->syntax_version, "1");
  check_text(value, &heading->interchange_sender->identification, "5412");
  check_text(value, heading->interchange_sender->identification_code_qualifier, "14");
  check_text(value, heading->interchange_sender->routing_address, "BACK");
  check_text(value, heading->date_and_time_of_preparation, "2611231800Z");
  check_text(value, heading->application_reference, "APREF");
  check_text(value, heading->edi_message_type->list.array[0], "ORDERS");
  ck_assert_ptr_nonnull(heading->service_string_advice);
  ck_assert_ptr_null(heading->edi_bodypart_type); /* the default: edifact-ISO646 */
  ck_assert_int_eq(heading->recipients->list.count, 2);
  const struct EDIMRecipient *first = heading->recipients->list.array[0],
                             *copy = heading->recipients->list.array[1];
  check_text(value, &first->interchange_recipient->identification, "4012");
  check_text(value, first->interchange_control_reference, "ICR1");
  check_text(value, first->processing_priority_code, "A");
  check_text(value, first->communications_agreement_id, "AGREE");
  ck_assert(*first->acknowledgement_request && *first->test_indicator);
  ck_assert_ptr_nonnull(first->edi_notification_requests_field);
  ck_assert_int_eq(oid_get(copy->action_request), OID_EDI_FOR_COPY);
  g_autoptr(octets_t) octets =
      asn1_octets(value, &object->choice.edim.body.primary_body_part.choice.edi_body_part);
  g_autoptr(GBytes) interchange = octets_to_bytes(octets, 65536, NULL);
  ck_assert_uint_eq(g_bytes_get_size(interchange), strlen(INTERCHANGE));
  ck_assert_mem_eq(g_bytes_get_data(interchange, NULL), INTERCHANGE, strlen(INTERCHANGE));
}
END_TEST

/* A mail comes back with its Message-ID, its Subject and its octets. */
START_TEST(mail_comes_back)
{
  peer()->edi_body = MAPPING_EDI_P35;
  g_autoptr(GBytes) mail = bytes_of(MAIL("X-Order: 4711\r\n"));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  ck_assert_str_eq(parsed->root->type->value, "application/edifact");
  road_check_field(context, parsed->root, "Message-ID", "<1@example.org>");
  road_check_field(context, parsed->root, "Subject", "Orders");
  road_check_field(context, parsed->root, "X-Order", "4711");
  road_check_field(context, parsed->root, "From", "ann@example.org");
  g_autoptr(GBytes) content = road_content(parsed, parsed->root);
  ck_assert_uint_eq(g_bytes_get_size(content), strlen(INTERCHANGE));
  ck_assert_mem_eq(g_bytes_get_data(content, NULL), INTERCHANGE, strlen(INTERCHANGE));
}
END_TEST

START_TEST(parts_beside_the_interchange)
{
  peer()->edi_body = MAPPING_EDI_P35;
  g_autoptr(GBytes) mail =
      bytes_of("From: ann@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\nContent-Type: "
               "multipart/mixed; boundary=b\r\n\r\n"
               "--b\r\n\r\nplease process\r\n--b\r\nContent-Type: application/EDIFACT\r\n\r\n" INTERCHANGE
               "\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: "
               "base64\r\n\r\nAAEC\r\n--b--\r\n");
  g_autoptr(GPtrArray) losses = NULL;
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, &losses);
  ck_assert(road_lost(losses, "goes before the parts"));
  g_autoptr(asn1_value_t) value = object_of(apdu);
  const EDIInformationObject_t *object = asn1_value_get(value);
  ck_assert_int_eq(object->choice.edim.body.additional_body_parts->list.count, 2);
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  ck_assert_uint_eq(parsed->root->children->len, 3);
  const struct mime_part *first = parsed->root->children->pdata[0], *last = parsed->root->children->pdata[2];
  ck_assert_str_eq(first->type->value, "application/edifact");
  ck_assert_str_eq(last->type->value, "application/pdf");
  g_autoptr(GBytes) content = road_content(parsed, last);
  ck_assert_mem_eq(g_bytes_get_data(content, NULL), "\0\1\2", 3);
}
END_TEST

/* What a refused message's sender reads. */
START_TEST(notification_for_people)
{
  g_autoptr(GByteArray) octets = notation_octets("a1{a1{" COMMON " a1{a0{80<05> 81<0e>}}}}");
  g_autoptr(GBytes) apdu = apdu_with(octets, false);
  g_autoptr(GBytes) mail = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, mail);
  ck_assert_str_eq(mime_params_get(parsed->root->type, "report-type"), "disposition-notification");
  g_autoptr(GBytes) words = road_content(parsed, parsed->root->children->pdata[0]),
                    machine = road_content(parsed, parsed->root->children->pdata[1]);
  g_autofree char *text = g_strndup(g_bytes_get_data(words, NULL), g_bytes_get_size(words)),
                  *fields = g_strndup(g_bytes_get_data(machine, NULL), g_bytes_get_size(machine));
  ck_assert_ptr_nonnull(strstr(text, "was refused"));
  ck_assert_ptr_nonnull(strstr(text, "forwarding-error (5), forwarding-loop-detected"));
  ck_assert_ptr_nonnull(strstr(fields, "Disposition: manual-action/MDN-sent-manually; processed/error"));
  ck_assert_ptr_nonnull(strstr(fields, "Error: forwarding-error"));
}
END_TEST

START_TEST(broken_contents_are_told)
{
  static const char *const broken[] = {"a0{30{}}", "a1{a3{}}", "31{}", "a0{31{6b{13'i'}} 30{}}"};
  for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
    g_autoptr(GByteArray) octets = notation_octets(broken[i]);
    g_autoptr(GBytes) apdu = apdu_with(octets, false);
    g_autoptr(mapping_job_t) job =
        road_job(MAPPING_READ, MAPPING_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
    job->peer = g_strdup("land");
    struct mapping_result *result = road_run(context, job, NULL);
    ck_assert_int_eq(result->status, MAPPING_OK);
    mapping_result_free(result);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("edim");
  TCase *all = tcase_create("P35");
  tcase_add_checked_fixture(all, setup, teardown);
  tcase_add_loop_test(all, comes_back_as_it_was, 0, G_N_ELEMENTS(objects));
  tcase_add_test(all, heading_of_the_interchange);
  tcase_add_test(all, mail_comes_back);
  tcase_add_test(all, parts_beside_the_interchange);
  tcase_add_test(all, notification_for_people);
  tcase_add_test(all, broken_contents_are_told);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
