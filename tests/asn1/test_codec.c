/* Values through the codec: any writing of any value comes back the same, and asn1c agrees on what it is. */
#include "asn1/codec.h"
#include "lib/anyber.h"

#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <AARE-apdu.h>
#include <AARQ-apdu.h>
#include <ACSE-apdu.h>
#include <CP-type.h>
#include <CPA-PPDU.h>
#include <CPR-PPDU.h>
#include <External.h>
#include <InformationObject.h>
#include <MTABindPDU.h>
#include <MTS-APDU.h>
#include <PDV-list.h>
#include <PresentationAddress.h>
#include <RTABapdu.h>
#include <RTOACapdu.h>
#include <RTORQapdu.h>
#include <RTSE-apdus.h>
#include <RTTRapdu.h>
#include <der_encoder.h>

static const asn_TYPE_descriptor_t *const types[] = {
    &asn_DEF_MTS_APDU,   &asn_DEF_InformationObject, &asn_DEF_CP_type,
    &asn_DEF_CPA_PPDU,   &asn_DEF_CPR_PPDU,          &asn_DEF_ACSE_apdu,
    &asn_DEF_AARQ_apdu,  &asn_DEF_AARE_apdu,         &asn_DEF_RTORQapdu,
    &asn_DEF_RTSE_apdus, &asn_DEF_MTABindPDU,        &asn_DEF_External,
    &asn_DEF_PDV_list,   &asn_DEF_RTABapdu,          &asn_DEF_PresentationAddress,
};

static void assert_same(GBytes *a, GBytes *b, const char *what)
{
  ck_assert_msg(g_bytes_equal(a, b), "%s: %" G_GSIZE_FORMAT " and %" G_GSIZE_FORMAT " octets differ", what,
                g_bytes_get_size(a), g_bytes_get_size(b));
}

/* --- properties --- */

/* encode(decode(any writing of a value)) = encode(value) */
START_TEST(any_writing)
{
  const asn_TYPE_descriptor_t *type = types[_i];
  g_autoptr(GRand) random = g_rand_new_with_seed(400 + (guint32)_i);
  guint made = 0;
  for (guint round = 0; round < 150; round++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(asn1_value_t) value = anyber_value(type, random);
    if (!value)
      continue;
    made++;
    g_autoptr(GBytes) plain = asn1_encode_bytes(value, &error);
    ck_assert_msg(plain != NULL, "%s", error ? error->message : "");
    for (guint form = 0; form < 4; form++) {
      g_autoptr(GByteArray) written = anyber_write(value, random);
      struct asn1_limits limits = {
          .depth = 400, .inline_string = form == 3 ? 8 : 0, .any = form == 3 ? 8 : 0};
      /* identifiers longer than 8 octets would be beyond that limit */
      limits.inline_string = form == 3 ? 16 : 0;
      g_autoptr(asn1_value_t) decoded = asn1_decode_mem(type, written->data, written->len, &limits, &error);
      ck_assert_msg(decoded != NULL, "%s", error ? error->message : "");
      g_autoptr(GBytes) again = asn1_encode_bytes(decoded, &error);
      ck_assert_msg(again != NULL, "%s", error ? error->message : "");
      assert_same(plain, again, type->name);
    }
  }
  ck_assert_uint_gt(made, 50);
}
END_TEST

static int append(const void *data, size_t length, void *array)
{
  g_byte_array_append(array, data, (guint)length);
  return 0;
}

/* asn1c's own DER of a structure: what sorts SET OF. */
static GBytes *asn1c_encode(const struct asn1_value *value)
{
  GByteArray *out = g_byte_array_new();
  asn_TYPE_descriptor_t *type = (asn_TYPE_descriptor_t *)(guintptr)asn1_value_type(value);
  asn_enc_rval_t result = der_encode(type, asn1_value_get(value), append, out);
  ck_assert_int_ge(result.encoded, 0);
  return g_byte_array_free_to_bytes(out);
}

/* Our encoder and asn1c's write the same value, in the same number of octets. */
START_TEST(as_asn1c_does)
{
  const asn_TYPE_descriptor_t *type = types[_i];
  g_autoptr(GRand) random = g_rand_new_with_seed(500 + (guint32)_i);
  for (guint round = 0; round < 150; round++) {
    g_autoptr(asn1_value_t) value = anyber_value(type, random);
    if (!value)
      continue;
    g_autoptr(GBytes) ours = asn1_encode_bytes(value, NULL), theirs = asn1c_encode(value);
    ck_assert_uint_eq(g_bytes_get_size(ours), g_bytes_get_size(theirs));
    g_autoptr(GError) error = NULL;
    g_autoptr(asn1_value_t) decoded =
        asn1_decode_mem(type, g_bytes_get_data(ours, NULL), g_bytes_get_size(ours),
                        &(struct asn1_limits){.depth = 400}, &error);
    ck_assert_msg(decoded != NULL, "%s", error ? error->message : "");
    g_autoptr(GBytes) back = asn1c_encode(decoded);
    assert_same(theirs, back, type->name);
  }
}
END_TEST

/* What is cut off anywhere, or has one octet changed, is refused or is another value; it never does harm. */
START_TEST(damaged)
{
  const asn_TYPE_descriptor_t *type = types[_i];
  g_autoptr(GRand) random = g_rand_new_with_seed(600 + (guint32)_i);
  for (guint round = 0; round < 10; round++) {
    g_autoptr(asn1_value_t) value = anyber_value(type, random);
    if (!value)
      continue;
    g_autoptr(GByteArray) written = anyber_write(value, random);
    guint stride = 1 + written->len / 200;
    for (guint length = 0; length < written->len; length += stride) {
      g_autofree guint8 *exact = g_memdup2(written->data, length);
      g_autoptr(GError) error = NULL;
      g_autoptr(asn1_value_t) decoded = asn1_decode_mem(type, exact, length, NULL, &error);
      ck_assert_msg(!decoded, "%s: %u of %u octets", type->name, length, written->len);
      ck_assert_uint_eq(error->domain, ASN1_ERROR);
    }
    for (guint at = 0; at < written->len; at += stride) {
      guint8 kept = written->data[at];
      written->data[at] = (guint8)g_rand_int(random);
      g_autoptr(asn1_value_t) decoded = asn1_decode_mem(type, written->data, written->len, NULL, NULL);
      g_autoptr(GString) text = g_string_new(NULL);
      if (decoded)
        asn1_print(decoded, ASN1_TEXT, 0, 20, text);
      written->data[at] = kept;
    }
  }
}
END_TEST

/* --- what real MTAs sent (tests/vectors/real-mta/ORIGIN) --- */

static GBytes *vector(const char *name)
{
  g_autofree char *path = g_build_filename("tests/vectors/real-mta", name, NULL);
  char *data = NULL;
  gsize length = 0;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(g_file_get_contents(path, &data, &length, &error), "%s", error ? error->message : "");
  return g_bytes_new_take(data, length);
}

static struct asn1_value *decode_bytes(const asn_TYPE_descriptor_t *type, GBytes *bytes)
{
  g_autoptr(GError) error = NULL;
  struct asn1_value *value =
      asn1_decode_mem(type, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL, &error);
  ck_assert_msg(value != NULL, "%s", error ? error->message : "");
  return value;
}

static void assert_round_trip(const struct asn1_value *value)
{
  g_autoptr(GBytes) once = asn1_encode_bytes(value, NULL);
  g_autoptr(asn1_value_t) again = decode_bytes(asn1_value_type(value), once);
  g_autoptr(GBytes) twice = asn1_encode_bytes(again, NULL);
  assert_same(once, twice, "round trip");
}

START_TEST(real_vectors)
{
  g_autoptr(GBytes) x410 = vector("p1-1988-x410.ber"), p84 = vector("p1-1984.ber");
  g_autoptr(GBytes) normal = vector("p1-1988-normal-external.ber");
  g_autoptr(asn1_value_t) message_88 = decode_bytes(&asn_DEF_MTS_APDU, x410);
  g_autoptr(asn1_value_t) message_84 = decode_bytes(&asn_DEF_MTS_APDU, p84);
  g_autoptr(asn1_value_t) external = decode_bytes(&asn_DEF_External, normal);
  assert_round_trip(message_88);
  assert_round_trip(message_84);
  assert_round_trip(external);

  /* Inside EXTERNAL stands an APDU; inside the APDU's content an IPM. */
  const External_t *wrapper = asn1_value_get(external);
  g_autoptr(octets_t) apdu =
      asn1_octets(external, (const OCTET_STRING_t *)&wrapper->encoding.choice.single_ASN1_type);
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) inner = asn1_decode(&asn_DEF_MTS_APDU, apdu, NULL, &error);
  ck_assert_msg(inner != NULL, "%s", error ? error->message : "");
  const struct asn1_value *const messages[] = {message_88, message_84, inner};
  for (guint i = 0; i < G_N_ELEMENTS(messages); i++) {
    const MTS_APDU_t *pdu = asn1_value_get(messages[i]);
    g_autoptr(octets_t) content = asn1_octets(messages[i], &pdu->choice.message.content);
    g_autoptr(asn1_value_t) ipm = asn1_decode(&asn_DEF_InformationObject, content, NULL, &error);
    ck_assert_msg(ipm != NULL, "%u: %s", i, error ? error->message : "");
    assert_round_trip(ipm);
  }
}
END_TEST

/* --- single functions --- */

START_TEST(peek)
{
  static const struct {
    const char *octets;
    guint64 length;
    guint32 tag;
  } cases[] = {
      {"0500", 2, 0x05},
      {"3003 020105 ffff", 5, 0x30},
      {"30800201050000 99", 7, 0x30},
      {"7f210502ffff ffff00", 9, 0x7f21},
      {"bf818101 0500", 0, 0xbf818101},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases) - 1; i++) {
    g_autoptr(GByteArray) octets = anyber_hex(cases[i].octets);
    g_autoptr(octets_t) source = octets_new(octets->data, octets->len);
    guint64 length = 0;
    guint32 tag = 0;
    g_autoptr(GError) error = NULL;
    bool good = asn1_peek(source, &length, &tag, &error);
    if (i == 3) { /* the inside is checked too */
      ck_assert(!good);
      continue;
    }
    ck_assert_msg(good, "%s", error ? error->message : "");
    ck_assert_uint_eq(length, cases[i].length);
    ck_assert_uint_eq(tag, cases[i].tag);
  }
  static const char *const cut[] = {"", "30", "3080", "30800201", "3003020105", "308002010500"};
  for (guint i = 0; i < G_N_ELEMENTS(cut); i++) {
    g_autoptr(GByteArray) octets = anyber_hex(cut[i]);
    g_autoptr(octets_t) source = octets_new(octets->data, octets->len);
    guint64 length;
    guint32 tag;
    g_autoptr(GError) error = NULL;
    bool good = asn1_peek(source, &length, &tag, &error);
    ck_assert(good == (i == 4));
    if (!good)
      ck_assert_int_eq(error->code, ASN1_ERROR_TRUNCATED);
  }
}
END_TEST

START_TEST(build)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_PresentationAddress);
  PresentationAddress_t *address = asn1_value_get(value);
  address->pSelector = asn1_new_string("P");
  asn1_put_string(address->pSelector, "PSEL");
  asn_set_add(&address->nAddresses, asn1_new_string("N2"));
  asn_set_add(&address->nAddresses, asn1_new_string("N1"));
  g_autoptr(GBytes) encoded = asn1_encode_bytes(value, NULL);
  g_autoptr(GByteArray) expected = anyber_hex("3014 a006 0404 5053454c a30a 3108 0402 4e32 0402 4e31");
  ck_assert_uint_eq(g_bytes_get_size(encoded), expected->len);
  ck_assert_mem_eq(g_bytes_get_data(encoded, NULL), expected->data, expected->len);

  g_autofree char *text = asn1_strndup(value, address->pSelector, 4);
  ck_assert_str_eq(text, "PSEL");
  ck_assert_ptr_null(asn1_strndup(value, address->pSelector, 3));
}
END_TEST

START_TEST(put_ropes)
{
  gsize size = 200000;
  g_autofree guint8 *body = g_malloc(size);
  memset(body, 'x', size);
  int fd = memfd_create("body", 0);
  ck_assert_int_eq(write(fd, body, size), (ssize_t)size);
  g_autoptr(octets_t) file = octets_new_file(fd, 0, size, NULL);

  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_PresentationAddress);
  PresentationAddress_t *address = asn1_value_get(value);
  address->pSelector = asn1_new_string("");
  asn1_put_octets(value, address->pSelector, file);
  address->tSelector = asn1_new_string("");
  g_autoptr(octets_t) small = octets_slice(file, 0, 10);
  asn1_put_octets(value, address->tSelector, small);
  asn_set_add(&address->nAddresses, asn1_new_string("N"));
  g_autoptr(GError) error = NULL;
  g_autoptr(octets_t) encoded = asn1_encode(value, &error);
  ck_assert_msg(encoded != NULL, "%s", error ? error->message : "");

  g_autoptr(asn1_value_t) decoded = asn1_decode(&asn_DEF_PresentationAddress, encoded, NULL, &error);
  ck_assert_msg(decoded != NULL, "%s", error ? error->message : "");
  const PresentationAddress_t *got = asn1_value_get(decoded);
  g_autoptr(octets_t) long_one = asn1_octets(decoded, got->pSelector);
  guint64 offset = 1;
  ck_assert(octets_is_extent(long_one, &offset)); /* still the file's octets, not a copy */
  ck_assert_uint_eq(offset, 0);
  ck_assert_uint_eq(octets_length(long_one), size);
  g_autofree char *text = asn1_strndup(decoded, got->tSelector, 10);
  ck_assert_str_eq(text, "xxxxxxxxxx");
  ck_assert_ptr_null(asn1_strndup(decoded, got->pSelector, 100));

  /* Replaced by something short, the rope is out of the encoding. */
  asn1_put_string(address->pSelector, "P");
  g_autoptr(GBytes) shorter = asn1_encode_bytes(value, &error);
  ck_assert_uint_lt(g_bytes_get_size(shorter), 100);
  close(fd);
}
END_TEST

static void assert_encode_error(const struct asn1_value *value, const char *words)
{
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(asn1_encode(value, &error));
  ck_assert_int_eq(error->code, ASN1_ERROR_ENCODE);
  ck_assert_str_eq(error->message, words);
}

START_TEST(encode_errors)
{
  g_autoptr(asn1_value_t) choice = asn1_value_new(&asn_DEF_MTABindPDU);
  assert_encode_error(choice, "MTABindPDU: no alternative of the CHOICE is chosen");

  g_autoptr(asn1_value_t) open = asn1_value_new(&asn_DEF_External);
  External_t *external = asn1_value_get(open);
  external->encoding.present = External__encoding_PR_single_ASN1_type;
  assert_encode_error(open, "External.encoding.single-ASN1-type: an open type without octets");

  g_autoptr(asn1_value_t) holed = asn1_value_new(&asn_DEF_PresentationAddress);
  PresentationAddress_t *address = asn1_value_get(holed);
  asn_set_add(&address->nAddresses, asn1_new_string("N"));
  OCTET_STRING_t *element = address->nAddresses.list.array[0];
  address->nAddresses.list.array[0] = NULL;
  assert_encode_error(holed, "PresentationAddress.nAddresses[0]: is a null pointer");
  address->nAddresses.list.array[0] = element;

  /* A field copied by hand out of another value does not take its rope along, and that is noticed. */
  g_autofree guint8 *body = g_malloc0(100000);
  g_autoptr(octets_t) rope = octets_new(body, 100000);
  asn1_put_octets(holed, element, rope);
  g_autoptr(asn1_value_t) other = asn1_value_new(&asn_DEF_RTTRapdu);
  OCTET_STRING_fromBuf(asn1_value_get(other), (const char *)element->buf, element->size);
  assert_encode_error(
      other, "RTTRapdu: a placeholder of another value (asn1_put_octets() moves strings between values)");
}
END_TEST

/* What the guard cannot know and asn1c does not take is told with its place. */
START_TEST(deep_values)
{
  g_autoptr(GByteArray) octets = anyber_hex("28 0b 020105 a006 3004 0500 0500");
  g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_External, octets->data, octets->len, NULL, NULL);
  ck_assert_ptr_nonnull(value);
  const External_t *external = asn1_value_get(value);
  ck_assert_int_eq(*external->indirect_reference, 5);
  ck_assert_int_eq(external->encoding.choice.single_ASN1_type.size, 6);
}
END_TEST

/* --- printing --- */

START_TEST(print_text)
{
  g_autoptr(GByteArray) octets = anyber_hex("60 2a a105 0603 560016 8a02 0780 8b02 2a03 9d05 6822690a41"
                                            "be 12 2810 06035600 01 020105 8106 00ff10203040");
  octets->data[1] = (guint8)(octets->len - 2);
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(&asn_DEF_AARQ_apdu, octets->data, octets->len, NULL, &error);
  ck_assert_msg(value != NULL, "%s", error ? error->message : "");
  g_autoptr(GString) text = g_string_new(NULL);
  asn1_print(value, ASN1_TEXT, 0, 4, text);
  ck_assert_str_eq(text->str, "AARQ-apdu\n"
                              "  application-context-name: 2.6.0.22\n"
                              "  sender-acse-requirements: '1'B (authentication)\n"
                              "  mechanism-name: 1.2.3\n"
                              "  implementation-information: \"h\\\"i\\n\"... 5 octets\n"
                              "  user-information\n"
                              "    [0]\n"
                              "      direct-reference: 2.6.0.1\n"
                              "      indirect-reference: 5\n"
                              "      encoding.octet-aligned: '00FF1020'H... 6 octets\n");
  g_string_truncate(text, 0);
  asn1_print(value, ASN1_XML, 1, 4, text);
  ck_assert_str_eq(
      text->str,
      "  <AARQ-apdu>\n"
      "    <application-context-name>2.6.0.22</application-context-name>\n"
      "    <sender-acse-requirements form=\"bits\" name=\"authentication\">1</sender-acse-requirements>\n"
      "    <mechanism-name>1.2.3</mechanism-name>\n"
      "    <implementation-information length=\"5\">h&quot;i\n</implementation-information>\n"
      "    <user-information>\n"
      "      <item>\n"
      "        <direct-reference>2.6.0.1</direct-reference>\n"
      "        <indirect-reference>5</indirect-reference>\n"
      "        <encoding>\n"
      "          <octet-aligned form=\"hex\" length=\"6\">00FF1020</octet-aligned>\n"
      "        </encoding>\n"
      "      </item>\n"
      "    </user-information>\n"
      "  </AARQ-apdu>\n");
  g_string_truncate(text, 0);
  asn1_print(value, ASN1_JSON, 0, 4, text);
  ck_assert_str_eq(text->str,
                   "{\n"
                   "  \"application-context-name\": \"2.6.0.22\",\n"
                   "  \"sender-acse-requirements\": {\"bits\": \"1\", \"name\": \"authentication\"},\n"
                   "  \"mechanism-name\": \"1.2.3\",\n"
                   "  \"implementation-information\": {\"text\": \"h\\\"i\\n\", \"length\": 5},\n"
                   "  \"user-information\": [\n"
                   "    {\n"
                   "      \"direct-reference\": \"2.6.0.1\",\n"
                   "      \"indirect-reference\": 5,\n"
                   "      \"encoding\": {\n"
                   "        \"octet-aligned\": {\"hex\": \"00FF1020\", \"length\": 6}\n"
                   "      }\n"
                   "    }\n"
                   "  ]\n"
                   "}");
}
END_TEST

/* Whatever the value, XML is XML and JSON is JSON. */
START_TEST(print_anything)
{
  const asn_TYPE_descriptor_t *type = types[_i];
  g_autoptr(GRand) random = g_rand_new_with_seed(700 + (guint32)_i);
  for (guint round = 0; round < 30; round++) {
    g_autoptr(asn1_value_t) value = anyber_value(type, random);
    if (!value)
      continue;
    gsize cut = round % 3 ? 7 : 1000;
    g_autoptr(GString) xml = g_string_new(NULL), json = g_string_new(NULL);
    asn1_print(value, ASN1_XML, 0, cut, xml);
    xmlDocPtr document = xmlReadMemory(xml->str, (int)xml->len, "x", NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
    ck_assert_msg(document != NULL, "%s", xml->str);
    xmlFreeDoc(document);
    asn1_print(value, ASN1_JSON, 0, cut, json);
    json_error_t error;
    json_t *parsed = json_loadb(json->str, json->len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(parsed != NULL, "%s: %s", error.text, json->str);
    json_decref(parsed);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("codec");
  TCase *tests = tcase_create("codec");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, any_writing, 0, G_N_ELEMENTS(types));
  tcase_add_loop_test(tests, as_asn1c_does, 0, G_N_ELEMENTS(types));
  tcase_add_loop_test(tests, damaged, 0, G_N_ELEMENTS(types));
  tcase_add_test(tests, real_vectors);
  tcase_add_test(tests, peek);
  tcase_add_test(tests, build);
  tcase_add_test(tests, put_ropes);
  tcase_add_test(tests, encode_errors);
  tcase_add_test(tests, deep_values);
  tcase_add_test(tests, print_text);
  tcase_add_loop_test(tests, print_anything, 0, G_N_ELEMENTS(types));
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
