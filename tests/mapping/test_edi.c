/* EDI interchanges in interpersonal messages: RFC 1767 types <-> the body parts of decision 0138, octet for
 * octet.
 *
 * time-limit: 900 */
#include "lib/road.h"
#include "mapping/edi.h"
#include "mapping/settings.h"
#include "mapping/x400.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <EDIInformationObject.h>
#include <IPM.h>
#include <InformationObject.h>
#include <MTS-APDU.h>

#define RECIPIENT "\"/S=lee/PRMD=land/ADMD=x/C=de/\"@sea.example"
#define UNB "UNB+UNOA:1+5412345000013:14+4012345500004:14+261123:1800+ICR1++ORDERS'"
#define BODY "UNH+1+ORDERS:D:96A:UN'BGM+220+4711+9'UNT+3+1'UNZ+1+ICR1'"
#define ISA(e, t)                                                                                            \
  "ISA" e "00" e "          " e "01" e "secret    " e "ZZ" e "SENDER         " e "ZZ" e "RECEIVER       " e  \
  "261123" e "1800" e "U" e "00401" e "000000905" e "1" e "T" e ":" t

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

/* --- recognition --- */

static const struct {
  const char *octets;
  enum edi_kind kind;
} beginnings[] = {
    {UNB BODY, EDI_EDIFACT},
    {"UNA:+.? '" UNB, EDI_EDIFACT},
    {"UNA:+.? '\r\n" UNB, EDI_EDIFACT},
    {"\r\nUNA:+,? '\r\nUNB+UNOC:3+A+B", EDI_EDIFACT},
    {"UNA;*.? ~UNB*UNOA;1*A*B", EDI_EDIFACT},
    {"UNB\x1DUNOB\x1F"
     "1\x1D"
     "A",
     EDI_EDIFACT},
    {ISA("*", "~"), EDI_X12},
    {ISA("|", "\n"), EDI_X12},
    {ISA("\x1D", "\x1C"), EDI_X12},
    {"STX=ANA:1+5000000000000:A+5010000000000:B+261123:180000+REF'", EDI_TRADACOMS},
    {"UNBELIEVABLE + cheap", EDI_NONE},
    {"UNB is a segment", EDI_NONE},
    {"UNA", EDI_NONE},
    {"UNA:+.? 'Dear all", EDI_NONE},
    {"UNA:+.? 'UNB*UNOA", EDI_NONE}, /* other separators than said */
    {"ISA*00*too short", EDI_NONE},
    {"Is a list", EDI_NONE},
    {"STX", EDI_NONE},
    {"", EDI_NONE},
};

START_TEST(recognised)
{
  ck_assert_int_eq(edi_recognise(beginnings[_i].octets, strlen(beginnings[_i].octets)), beginnings[_i].kind);
}
END_TEST

static struct edi_interchange *read_text(const char *text)
{
  g_autoptr(octets_t) octets = octets_new(text, strlen(text));
  struct edi_interchange *interchange = edi_interchange_read(octets);
  ck_assert_ptr_nonnull(interchange);
  return interchange;
}

START_TEST(first_segments_edifact)
{
  g_autoptr(edi_interchange_t) edi = read_text(
      "UNA:+.? '\r\nUNB+UNOC:3+5412?+3:14:BACK+40123:ZZ:ON+261123:1805+ICR?'1+PASS:AA+APREF+A+1+AGREE+1'\r\n"
      "UNH+1+ORDERS:D:96A:UN'BGM+220'UNT+2+1'UNH+2+INVOIC:D:96A'UNT+1+2'UNH+3+ORDERS'UNT+1+3'UNZ+3+ICR1'");
  ck_assert(edi->has_advice);
  ck_assert_mem_eq(edi->advice, ":+.? '", 6);
  ck_assert_str_eq(edi->syntax, "UNOC");
  ck_assert_str_eq(edi->version, "3");
  ck_assert_str_eq(edi->sender, "5412+3");
  ck_assert_str_eq(edi->sender_qualifier, "14");
  ck_assert_str_eq(edi->sender_routing, "BACK");
  ck_assert_str_eq(edi->recipient, "40123");
  ck_assert_str_eq(edi->recipient_qualifier, "ZZ");
  ck_assert_str_eq(edi->recipient_routing, "ON");
  ck_assert_str_eq(edi->prepared, "2611231805Z");
  ck_assert_str_eq(edi->reference, "ICR'1");
  ck_assert_str_eq(edi->recipient_reference, "PASS");
  ck_assert_str_eq(edi->recipient_reference_qualifier, "AA");
  ck_assert_str_eq(edi->application_reference, "APREF");
  ck_assert_str_eq(edi->priority, "A");
  ck_assert_str_eq(edi->agreement, "AGREE");
  ck_assert(edi->acknowledgement);
  ck_assert(edi->test);
  ck_assert_uint_eq(edi->types->len, 2);
  ck_assert_str_eq(edi->types->pdata[0], "ORDERS");
  ck_assert_str_eq(edi->types->pdata[1], "INVOIC");
}
END_TEST

START_TEST(first_segments_x12)
{
  g_autoptr(edi_interchange_t) edi =
      read_text(ISA("*", "~") "GS*PO*A*B~ST*850*0001~BEG*00~SE*2*0001~ST*810*2~");
  ck_assert_str_eq(edi->authorization_qualifier, "00");
  ck_assert_ptr_null(edi->authorization);
  ck_assert_str_eq(edi->recipient_reference_qualifier, "01");
  ck_assert_str_eq(edi->recipient_reference, "secret");
  ck_assert_str_eq(edi->sender, "SENDER");
  ck_assert_str_eq(edi->sender_qualifier, "ZZ");
  ck_assert_str_eq(edi->recipient, "RECEIVER");
  ck_assert_str_eq(edi->prepared, "2611231800Z");
  ck_assert_str_eq(edi->reference, "000000905");
  ck_assert(edi->acknowledgement);
  ck_assert(edi->test);
  ck_assert_uint_eq(edi->types->len, 2);
  ck_assert_str_eq(edi->types->pdata[0], "850");
}
END_TEST

START_TEST(first_segments_tradacoms)
{
  g_autoptr(edi_interchange_t) edi = read_text(
      "STX=ANA:1+5000000000000:US+5010000000000:YOU+261123:180000+REF1+PW+INVFIL+B'MHD=1+INVFIL:9'MTR=1'");
  ck_assert_str_eq(edi->syntax, "ANA");
  ck_assert_str_eq(edi->version, "1");
  ck_assert_str_eq(edi->sender, "5000000000000");
  ck_assert_str_eq(edi->recipient, "5010000000000");
  ck_assert_str_eq(edi->prepared, "2611231800Z");
  ck_assert_str_eq(edi->reference, "REF1");
  ck_assert_str_eq(edi->application_reference, "INVFIL");
  ck_assert_str_eq(edi->priority, "B");
  ck_assert_str_eq(edi->types->pdata[0], "INVFIL");
}
END_TEST

/* --- the forms --- */

static char *mail_of(const char *type, const guint8 *octets, gsize length)
{
  g_autofree char *base64 = g_base64_encode(octets, length);
  GString *mail = g_string_new("From: ann@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\n");
  g_string_append_printf(mail, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n", type);
  for (gsize at = 0; at < strlen(base64); at += 76)
    g_string_append_printf(mail, "%.76s\r\n", base64 + at);
  return g_string_free(mail, FALSE);
}

static GBytes *send_mail(const char *type, const guint8 *octets, gsize length, GPtrArray **losses_r)
{
  g_autofree char *text = mail_of(type, octets, length);
  g_autoptr(GBytes) mail = g_bytes_new(text, strlen(text));
  return road_to_x400(context, "ann@example.org", RECIPIENT, mail, losses_r);
}

static struct asn1_value *content_of(GBytes *apdu)
{
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, NULL);
  ck_assert_ptr_nonnull(value);
  const MTS_APDU_t *choice = asn1_value_get(value);
  const Message_t *message = &choice->choice.message;
  g_autoptr(octets_t) octets = asn1_octets(value, &message->content);
  bool edi = message->envelope.content_type.choice.built_in == BuiltInContentType_edi_messaging;
  struct asn1_value *content =
      asn1_decode(edi ? &asn_DEF_EDIInformationObject : &asn_DEF_InformationObject, octets, NULL, NULL);
  ck_assert_ptr_nonnull(content);
  return content;
}

/* "P35", "ia5", "bilateral", "file", or the identifier of an externally-defined part; its octets but for a
 * file's. */
static char *form_of(GBytes *apdu, GBytes **octets_r)
{
  g_autoptr(asn1_value_t) content = content_of(apdu);
  if (asn1_value_type(content) == &asn_DEF_EDIInformationObject) {
    const EDIInformationObject_t *edi = asn1_value_get(content);
    g_autoptr(octets_t) interchange =
        asn1_octets(content, &edi->choice.edim.body.primary_body_part.choice.edi_body_part);
    *octets_r = octets_to_bytes(interchange, 1 << 24, NULL);
    return g_strdup("P35");
  }
  const InformationObject_t *object = asn1_value_get(content);
  const struct Body *body = object->choice.ipm.body;
  ck_assert_int_eq(body->list.count, 1);
  const struct BodyPart *part = body->list.array[0];
  g_autoptr(octets_t) octets = NULL;
  char *form = NULL;
  if (part->present == BodyPart_PR_ia5_text) {
    octets = asn1_octets(content, &part->choice.ia5_text.data);
    form = g_strdup("ia5");
  } else if (part->present == BodyPart_PR_bilaterally_defined) {
    octets = asn1_octets(content, &part->choice.bilaterally_defined);
    form = g_strdup("bilateral");
  } else {
    ck_assert_int_eq(part->present, BodyPart_PR_externally_defined);
    const ExternallyDefinedBodyPart_t *defined = &part->choice.externally_defined;
    if (oid_get(defined->data.direct_reference) == OID_ET_FILE_TRANSFER) {
      *octets_r = NULL;
      return g_strdup("file");
    }
    form = x400_oid_text(defined->data.direct_reference);
    g_autoptr(octets_t) ber = asn1_octets(content, &defined->data.encoding.choice.single_ASN1_type);
    g_autoptr(asn1_value_t) string = asn1_decode(&asn_DEF_OCTET_STRING, ber, NULL, NULL);
    octets = asn1_octets(string, asn1_value_get(string));
  }
  *octets_r = octets_to_bytes(octets, 1 << 24, NULL);
  return form;
}

static const struct {
  enum mapping_edi_body body;
  bool p1_1984;
  const char *type, *octets;
  const char *form;
  const char *lost; /* part of the listed choice; NULL: none */
} forms[] = {
    {MAPPING_EDI_IA5, false, "application/EDIFACT", UNB BODY, "ia5", NULL},
    {MAPPING_EDI_IA5, false, "application/EDI-X12", ISA("*", "~"), "ia5", NULL},
    {MAPPING_EDI_IA5, false, "application/EDI-consent", "STX=ANA:1+A+B+261123:180000+R'", "ia5", NULL},
    {MAPPING_EDI_IA5, false, "application/EDIFACT", "UNB+UNOC:3+M\xFCller+B+261123:1800+1'", "bilateral",
     "above 127"},
    {MAPPING_EDI_IA5, false, "application/EDI-consent", "something agreed", "bilateral", "does not begin"},
    {MAPPING_EDI_IA5, true, "application/EDIFACT", UNB BODY, "ia5", NULL},
    {MAPPING_EDI_IA5, true, "application/EDIFACT", "UNB+UNOC:3+M\xFCller+B+261123:1800+1'", "bilateral",
     "above 127"},
    {MAPPING_EDI_ATTACHMENT, true, "application/EDIFACT", UNB BODY, "ia5", NULL},
    {MAPPING_EDI_ATTACHMENT, false, "application/EDIFACT", UNB BODY, "file", NULL},
    {MAPPING_EDI_OFF, false, "application/EDIFACT", UNB BODY, "file", NULL},
    {MAPPING_EDI_BILATERAL, false, "application/EDIFACT", UNB BODY, "bilateral", NULL},
    {MAPPING_EDI_BILATERAL, true, "application/EDIFACT", UNB BODY, "bilateral", NULL},
    {MAPPING_EDI_FILE_TRANSFER, false, "application/EDIFACT", UNB BODY, "file", NULL},
    {MAPPING_EDI_FILE_TRANSFER, true, "application/EDIFACT", UNB BODY, "bilateral", "no such body part"},
    {MAPPING_EDI_EXTERNAL, false, "application/EDIFACT", UNB BODY, "2.6.7.11.0", NULL},
    {MAPPING_EDI_EXTERNAL, false, "application/EDIFACT", "UNB+UNOC:3+M\xFCller+B'", "2.6.7.11.2", NULL},
    {MAPPING_EDI_EXTERNAL, false, "application/EDI-X12", ISA("*", "~"), "2.6.7.11.3", NULL},
    {MAPPING_EDI_EXTERNAL, false, "application/EDI-consent", "STX=ANA:1+A+B+261123:180000+R'", "2.6.7.11.7",
     NULL},
    {MAPPING_EDI_EXTERNAL, false, "application/EDI-consent", "something agreed", "2.6.7.11.11", NULL},
    {MAPPING_EDI_EXTERNAL, true, "application/EDIFACT", UNB BODY, "bilateral", "no such body part"},
    {MAPPING_EDI_P35, false, "application/EDIFACT", UNB BODY, "P35", NULL},
    {MAPPING_EDI_P35, false, "application/EDI-X12", ISA("*", "~"), "P35", NULL},
    {MAPPING_EDI_P35, true, "application/EDIFACT", UNB BODY, "ia5", NULL},
};

static void check_back(GBytes *apdu, const char *type, const void *octets, gsize length)
{
  g_autoptr(GBytes) mail = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, mail);
  g_autofree char *wanted = g_ascii_strdown(type, -1);
  ck_assert_str_eq(parsed->root->type->value, wanted);
  ck_assert_int_eq(parsed->root->encoding, MIME_BASE64); /* nothing on the way may touch a line end */
  g_autoptr(GBytes) content = road_content(parsed, parsed->root);
  ck_assert_uint_eq(g_bytes_get_size(content), length);
  ck_assert_mem_eq(g_bytes_get_data(content, NULL), octets, length);
}

/* proves: EDI:edifact EDI:x12 EDI:consent EDI:ia5<> EDI:bilateral<> EDI:external<> EDI:file<> */
START_TEST(each_form_both_ways)
{
  const guint8 *octets = (const guint8 *)forms[_i].octets;
  gsize length = strlen(forms[_i].octets);
  peer()->edi_body = forms[_i].body;
  peer()->p1_1984 = forms[_i].p1_1984;
  g_autoptr(GPtrArray) losses = NULL;
  g_autoptr(GBytes) apdu = send_mail(forms[_i].type, octets, length, &losses);
  g_autoptr(GBytes) held = NULL;
  g_autofree char *form = form_of(apdu, &held);
  ck_assert_str_eq(form, forms[_i].form);
  if (held) {
    ck_assert_uint_eq(g_bytes_get_size(held), length);
    ck_assert_mem_eq(g_bytes_get_data(held, NULL), octets, length);
  }
  ck_assert_int_eq(road_lost(losses, "interchange goes as"), forms[_i].lost != NULL);
  ck_assert(!forms[_i].lost || road_lost(losses, forms[_i].lost));
  bool nameless = forms[_i].p1_1984 && !strcmp(forms[_i].octets, "something agreed");
  check_back(apdu, nameless ? "application/octet-stream" : forms[_i].type, octets, length);
}
END_TEST

/* What X.400 users send is known by its first segment, whatever holds it; a peer's entry can forbid that. */
START_TEST(recognised_per_peer)
{
  static const char octets[] = UNB BODY;
  peer()->edi_body = MAPPING_EDI_IA5;
  g_autoptr(GBytes) apdu = send_mail("application/EDIFACT", (const guint8 *)octets, strlen(octets), NULL);
  check_back(apdu, "application/EDIFACT", octets, strlen(octets));
  peer()->edi_body = MAPPING_EDI_OFF;
  g_autoptr(GBytes) mail = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, mail);
  ck_assert_str_eq(parsed->root->type->value, "text/plain");
}
END_TEST

START_TEST(name_and_parameters_come_back)
{
  static const char mail_text[] =
      "From: ann@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\n"
      "Content-Type: application/EDIFACT; charset=us-ascii; name=\"orders.edi\"\r\n"
      "Content-Disposition: attachment; filename=\"orders.edi\"\r\n\r\n" UNB BODY;
  static const enum mapping_edi_body bodies[] = {MAPPING_EDI_IA5, MAPPING_EDI_BILATERAL, MAPPING_EDI_EXTERNAL,
                                                 MAPPING_EDI_FILE_TRANSFER};
  g_autoptr(GBytes) mail = g_bytes_new_static(mail_text, strlen(mail_text));
  for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
    peer()->edi_body = bodies[i];
    g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
    g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
    g_autoptr(mime_mail_t) parsed = road_parse(context, back);
    ck_assert_str_eq(parsed->root->type->value, "application/edifact");
    ck_assert_str_eq(mime_params_get(parsed->root->type, "charset"), "us-ascii");
    g_autofree char *name = mime_part_filename(parsed, parsed->root);
    ck_assert_str_eq(name, "orders.edi");
  }
}
END_TEST

/* Towards 1984 no header text stands before the interchange: an EDI program would stumble over it. */
START_TEST(nothing_before_the_interchange)
{
  static const char mail_text[] =
      "From: ann@example.org\r\nTo: bob@example.org\r\nX-Unknown: 1\r\nMIME-Version: 1.0\r\n"
      "Content-Type: application/EDIFACT\r\n\r\n" UNB BODY;
  peer()->p1_1984 = true;
  g_autoptr(GBytes) mail = g_bytes_new_static(mail_text, strlen(mail_text));
  g_autoptr(GPtrArray) losses = NULL;
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, &losses);
  g_autoptr(GBytes) held = NULL;
  g_autofree char *form = form_of(apdu, &held);
  ck_assert_str_eq(form, "ia5");
  ck_assert(road_lost(losses, "fields without counterpart are left out"));
}
END_TEST

/* --- any interchange --- */

enum { SHARDS = 10, CASES = 100000 / SHARDS + 1 };

static const struct {
  enum mapping_edi_body body;
  bool p1_1984;
  const char *name;
} ways[] = {
    {MAPPING_EDI_IA5, false, "ia5"},
    {MAPPING_EDI_BILATERAL, false, "bilateral"},
    {MAPPING_EDI_EXTERNAL, false, "externally-defined"},
    {MAPPING_EDI_FILE_TRANSFER, false, "file-transfer"},
    {MAPPING_EDI_ATTACHMENT, false, "attachment"},
    {MAPPING_EDI_P35, false, "P35"},
    {MAPPING_EDI_IA5, true, "ia5 of 1984"},
    {MAPPING_EDI_BILATERAL, true, "bilateral of 1984"},
};

static GByteArray *random_interchange(GRand *random, const char **type_r, const char **kind_r)
{
  static const char *const levels[] = {"UNOA", "UNOB", "UNOC", "UNOD", "UNOE", "UNOF",
                                       "UNOG", "UNOH", "UNOI", "UNOJ", "UNOK"};
  GByteArray *octets = g_byte_array_new();
  guint kind = (guint)g_rand_int_range(random, 0, 4);
  bool lines = g_rand_boolean(random), wide = g_rand_boolean(random);
  const char *ends = lines ? "'\r\n" : "'";
  g_autofree char *first = NULL;
  if (kind <= 1) {
    const char *level = levels[g_rand_int_range(random, 0, G_N_ELEMENTS(levels))];
    first = g_strdup_printf("%sUNB+%s:%d+SENDER:14+RECEIVER:14+261123:1800+%d%s", kind ? "UNA:+.? '" : "",
                            level, g_rand_int_range(random, 1, 5), g_rand_int_range(random, 0, 100000), ends);
    *type_r = "application/EDIFACT", *kind_r = kind ? "UNA" : "UNB";
  } else if (kind == 2) {
    static const char separators[] = "*|^~\x1D!\x01";
    first = g_strdup(ISA("*", "~"));
    char separator = separators[g_rand_int_range(random, 0, sizeof separators - 1)];
    for (char *c = first; *c; c++)
      if (*c == '*')
        *c = separator;
    *type_r = "application/EDI-X12", *kind_r = "ISA";
  } else {
    first = g_strdup_printf("STX=ANA:1+A:B+C:D+261123:180000+%d%s", g_rand_int_range(random, 0, 10000), ends);
    *type_r = "application/EDI-consent", *kind_r = "STX";
  }
  g_byte_array_append(octets, (const guint8 *)first, (guint)strlen(first));
  guint count = (guint)g_rand_int_range(random, 0, 12);
  for (guint i = 0; i < count; i++) {
    guint length = (guint)g_rand_int_range(random, 0, g_rand_int_range(random, 0, 20) ? 60 : 3000);
    for (guint k = 0; k < length; k++) {
      guint8 octet = (guint8)g_rand_int_range(random, 0, wide ? 256 : 128);
      g_byte_array_append(octets, &octet, 1);
    }
    g_byte_array_append(octets, (const guint8 *)ends, (guint)strlen(ends));
  }
  return octets;
}

/* The same message twice over: SMTP -> X.400 -> SMTP, and what came back to X.400 again. */
START_TEST(any_interchange_keeps_its_octets)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(4711 + (guint)_i);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < CASES; i++) {
    const char *type, *kind;
    guint way = i % G_N_ELEMENTS(ways);
    peer()->edi_body = ways[way].body;
    peer()->p1_1984 = ways[way].p1_1984;
    g_autoptr(GByteArray) octets = random_interchange(random, &type, &kind);
    g_autoptr(GBytes) apdu = send_mail(type, octets->data, octets->len, NULL);
    bool look = i % 5 == 0; /* at what X.400 users get */
    g_autoptr(GBytes) held = NULL;
    g_autofree char *form = look ? form_of(apdu, &held) : g_strdup("any form");
    if (held) {
      ck_assert_uint_eq(g_bytes_get_size(held), octets->len);
      ck_assert_mem_eq(g_bytes_get_data(held, NULL), octets->data, octets->len);
    }
    g_autoptr(GBytes) mail = road_to_mail(context, "bob@example.org", apdu, NULL);
    g_autoptr(mime_mail_t) parsed = road_parse(context, mail);
    g_autofree char *lower = g_ascii_strdown(type, -1);
    ck_assert_str_eq(parsed->root->type->value, lower);
    g_autoptr(GBytes) content = road_content(parsed, parsed->root);
    ck_assert_uint_eq(g_bytes_get_size(content), octets->len);
    ck_assert_mem_eq(g_bytes_get_data(content, NULL), octets->data, octets->len);
    if (look) { /* X.400 -> SMTP -> X.400 */
      g_autoptr(GBytes) again = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
      g_autoptr(GBytes) held_again = NULL;
      g_autofree char *form_again = form_of(again, &held_again);
      ck_assert_str_eq(form_again, form);
      ck_assert(!held || g_bytes_equal(held, held_again));
    }
    g_autofree char *key = g_strdup_printf("%s as %s (%s)", kind, form, ways[way].name);
    g_hash_table_replace(seen, g_strdup(key),
                         GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(seen, key)) + 1));
  }
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(seen), (GCompareFunc)strcmp);
  for (GList *key = keys; key; key = key->next) {
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(seen, key->data));
    if (_i == 0)
      printf("# %u of %u: %s\n", count, (guint)CASES, (const char *)key->data);
    ck_assert_uint_gt(count, 0);
  }
  /* Each kind in each way at least once, IA5 text and the identifiers with and without octets above 127. */
  ck_assert_uint_ge(g_list_length(keys), 4 * (2 * G_N_ELEMENTS(ways) + 3));
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("edi");
  TCase *reading = tcase_create("interchanges");
  tcase_add_loop_test(reading, recognised, 0, G_N_ELEMENTS(beginnings));
  tcase_add_test(reading, first_segments_edifact);
  tcase_add_test(reading, first_segments_x12);
  tcase_add_test(reading, first_segments_tradacoms);
  suite_add_tcase(suite, reading);
  TCase *mapping = tcase_create("body parts");
  tcase_add_checked_fixture(mapping, setup, teardown);
  tcase_add_loop_test(mapping, each_form_both_ways, 0, G_N_ELEMENTS(forms));
  tcase_add_test(mapping, recognised_per_peer);
  tcase_add_test(mapping, name_and_parameters_come_back);
  tcase_add_test(mapping, nothing_before_the_interchange);
  suite_add_tcase(suite, mapping);
  TCase *any = tcase_create("any");
  tcase_set_timeout(any, 600);
  tcase_add_checked_fixture(any, setup, teardown);
  tcase_add_loop_test(any, any_interchange_keeps_its_octets, 0, SHARDS);
  suite_add_tcase(suite, any);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
