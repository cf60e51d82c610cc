/* Bodies both ways: RFC 2157. */
#include "lib/road.h"
#include "mapping/mime_charset.h"
#include "mapping/mime_writer.h"
#include "mapping/x400.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <IPM.h>
#include <InformationObject.h>
#include <MTS-APDU.h>
#include <MessageBodyPart.h>

#define RECIPIENT "\"/S=lee/PRMD=land/ADMD=x/C=de/\"@sea.example"
#define FRAME "From: ann@example.org\r\nTo: bob@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
#define PART "\r\n--b\r\n"

static struct mapping_context *context;

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

static GBytes *apdu_of(const char *text, gsize length, GPtrArray **losses_r)
{
  g_autoptr(GBytes) mail = g_bytes_new(text, length);
  return road_to_x400(context, "ann@example.org", RECIPIENT, mail, losses_r);
}

static GBytes *back_of(const char *text, gsize length)
{
  g_autoptr(GBytes) apdu = apdu_of(text, length, NULL);
  return road_to_mail(context, "bob@example.org", apdu, NULL);
}

static struct asn1_value *content_of(GBytes *apdu)
{
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, NULL);
  ck_assert_ptr_nonnull(value);
  const MTS_APDU_t *choice = asn1_value_get(value);
  g_autoptr(octets_t) octets = asn1_octets(value, &choice->choice.message.content);
  struct asn1_value *content = asn1_decode(&asn_DEF_InformationObject, octets, NULL, NULL);
  ck_assert_ptr_nonnull(content);
  return content;
}

/* The body parts' kinds in order: "ia5", "general", "file", "bilateral", "message(...)"; others by number. */
static char *kinds(const struct Body *body)
{
  GString *text = g_string_new(NULL);
  for (int i = 0; i < body->list.count; i++) {
    const struct BodyPart *part = body->list.array[i];
    if (i)
      g_string_append_c(text, ' ');
    if (part->present == BodyPart_PR_ia5_text)
      g_string_append(text, "ia5");
    else if (part->present == BodyPart_PR_bilaterally_defined)
      g_string_append(text, "bilateral");
    else if (part->present == BodyPart_PR_message) {
      g_autofree char *inner = kinds(part->choice.message->data->body);
      g_string_append_printf(text, "message(%s)", inner);
    } else if (part->present == BodyPart_PR_externally_defined) {
      enum oid oid = oid_get(part->choice.externally_defined.data.direct_reference);
      g_string_append(text, oid == OID_ET_GENERAL_TEXT    ? "general"
                            : oid == OID_ET_FILE_TRANSFER ? "file"
                                                          : "other");
    } else
      g_string_append_printf(text, "%d", (int)part->present);
  }
  return g_string_free(text, FALSE);
}

static char *shape(const struct mime_part *part)
{
  GString *text = g_string_new(part->type->value);
  if (part->children && part->children->len) {
    g_string_append_c(text, '(');
    for (guint i = 0; i < part->children->len; i++) {
      g_autofree char *child = shape(part->children->pdata[i]);
      g_string_append_printf(text, "%s%s", i ? " " : "", child);
    }
    g_string_append_c(text, ')');
  }
  return g_string_free(text, FALSE);
}

static const struct {
  const char *mail, *kinds, *shape; /* shape NULL: as it was */
} rows[] = {
    {FRAME "\r\nplain\r\n", "ia5", NULL},
    {FRAME "Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xC3\xBC\xC3\x9F"
           "e\r\n",
     "general", NULL},
    {FRAME "Content-Type: text/plain; charset=utf-8\r\n\r\n\xE2\x82\xAC \xD0\x96\r\n", "general", NULL},
    {FRAME "Content-Type: text/plain; charset=unheard-of\r\n\r\nx\r\n", "file", NULL},
    {FRAME "Content-Type: text/plain; charset=utf-8\r\n\r\nnot UTF-8: \xFF\r\n", "file", NULL},
    {FRAME "Content-Type: text/html\r\n\r\n<p>x</p>\r\n", "file", NULL},
    {FRAME "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nx\r\n", "file", NULL},
    {FRAME "Content-Type: application/octet-stream\r\n\r\nx", "file", NULL},
    {FRAME "Content-Type: multipart/mixed; boundary=b\r\n" PART "\r\none" PART "\r\ntwo\r\n--b--\r\n",
     "ia5 ia5", NULL},
    {FRAME "Content-Type: multipart/mixed; boundary=b\r\n" PART "\r\nalone\r\n--b--\r\n", "ia5", NULL},
    {FRAME "Content-Type: multipart/alternative; boundary=b\r\n" PART "\r\none" PART
           "Content-Type: text/html\r\n\r\ntwo\r\n--b--\r\n",
     "ia5 file", NULL},
    {FRAME "Content-Type: multipart/related; type=\"text/html\"; boundary=b\r\n" PART
           "Content-Type: text/html\r\n\r\none" PART
           "Content-Type: image/png\r\nContent-ID: <i@x>\r\n\r\ntwo\r\n--b--\r\n",
     "file file", NULL},
    {FRAME "Content-Type: multipart/mixed; boundary=b\r\n" PART
           "Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\n1\r\n--c\r\n"
           "Content-Type: text/html\r\n\r\n2\r\n--c--" PART "\r\nend\r\n--b--\r\n",
     "message(ia5 file) ia5", NULL},
    {FRAME "Content-Type: multipart/digest; boundary=b\r\n" PART "\r\nSubject: 1\r\n\r\nx" PART
           "\r\nSubject: 2\r\n\r\ny\r\n--b--\r\n",
     "message(ia5) message(ia5)", NULL},
    {FRAME "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n", "message(ia5)", NULL},
    {FRAME "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; micalg=pgp-sha256; "
           "boundary=b\r\n" PART "Content-Type: text/plain\r\nX-Kept: 1\r\n\r\nsigned text\r\n" PART
           "Content-Type: application/pgp-signature\r\n\r\nabc\r\n--b--\r\n",
     "ia5", NULL},
    {FRAME "Content-Type: message/external-body; access-type=URL; URL=\"http://x\"\r\n\r\nContent-Type: "
           "image/gif\r\n\r\n",
     "ia5", NULL},
    {FRAME "Content-Type: message/partial; id=\"x@y\"; number=1; total=2\r\n\r\npart\r\n", "file", NULL},
    {FRAME "Content-Type: application/x-ftbp.1.3.6.1.4.1.9999.1\r\n\r\nx", "file", NULL},
};

/* proves: M7 2157:3.1.1> 2157:7.1 2157:7.2 2157:7.3> */
START_TEST(parts_are_what_the_table_says)
{
  g_autoptr(GBytes) apdu = apdu_of(rows[_i].mail, strlen(rows[_i].mail), NULL);
  g_autoptr(asn1_value_t) content = content_of(apdu);
  g_autofree char *found = kinds(((const InformationObject_t *)asn1_value_get(content))->choice.ipm.body);
  ck_assert_str_eq(found, rows[_i].kinds);
  g_autoptr(GBytes) mail = g_bytes_new_static(rows[_i].mail, strlen(rows[_i].mail));
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) before = road_parse(context, mail), after = road_parse(context, back);
  g_autofree char *wanted = shape(before->root), *got = shape(after->root);
  ck_assert_str_eq(got, rows[_i].shape ? rows[_i].shape : wanted);
}
END_TEST

/* RFC 1847 signs the octets as they stand: a signature must hold behind two gateways. */
START_TEST(signed_parts_stay_octet_by_octet)
{
  static const char inner[] =
      "--sig\r\nContent-Type: text/plain;\r\n   charset=us-ascii\r\nX-Odd:   spaces \r\n\r\nsigned  text \r\n"
      "\r\n--sig\r\nContent-Type: application/pgp-signature; "
      "name=s\r\n\r\n-----BEGIN-----\r\nabc=\r\n\r\n--sig--";
  g_autofree char *alone =
      g_strconcat(FRAME "Content-Type: multipart/signed; boundary=sig; protocol=x/y; micalg=z\r\n\r\n", inner,
                  "\r\n", NULL);
  g_autofree char *within =
      g_strconcat(FRAME "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n"
                        "Content-Type: multipart/signed; boundary=sig; protocol=x/y; micalg=z\r\n\r\n",
                  inner, "\r\n--b--\r\n", NULL);
  const char *const mails[] = {alone, within};
  g_autoptr(GBytes) back = back_of(mails[_i], strlen(mails[_i]));
  g_autofree char *text = g_strndup(g_bytes_get_data(back, NULL), g_bytes_get_size(back));
  ck_assert_msg(strstr(text, inner) != NULL, "%s", text);
}
END_TEST

static GString *random_content(GRand *random, gsize length)
{
  GString *content = g_string_sized_new(length);
  for (gsize i = 0; i < length; i++)
    g_string_append_c(content, (char)g_rand_int(random));
  return content;
}

/* Octets of any value and length, with names of any kind, in both kinds of body part. */
START_TEST(attachments_come_back_octet_by_octet)
{
  static const char *const names[] = {
      "a.pdf",
      "Prüfbericht März.pdf",
      "日本.txt",
      "quote\"back\\slash",
      "/etc/passwd",
      "😀.png",
      "very-long-name-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789.tar.gz"};
  static const char *const types[] = {"application/pdf",
                                      "image/png; x=y",
                                      "text/html; charset=utf-8",
                                      "application/octet-stream",
                                      "text/plain; charset=koi8-r",
                                      "application/x-ftbp.1.2.3",
                                      "audio/ogg; codecs=\"opus, x\""};
  g_autoptr(GRand) random = g_rand_new_with_seed(11);
  struct mapping_context *bilateral = road_context("sea.example", NULL, "bilateral", NULL);
  for (guint i = 0; i < 60; i++) {
    gsize length = i < 4 ? i : i % 6 == 0 ? 65536 + i : (gsize)g_rand_int_range(random, 0, 3000);
    g_autoptr(GString) octets = random_content(random, length);
    g_autoptr(GBytes) content = g_bytes_new(octets->str, octets->len);
    g_autofree char *base64 = g_base64_encode((const guchar *)octets->str, octets->len);
    g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "x");
    mime_writer_value(writer, "Content-Disposition", "attachment");
    mime_writer_param(writer, "filename", names[i % 7]);
    mime_writer_value_end(writer);
    g_autoptr(GBytes) disposition = mime_writer_bytes(writer);
    g_autofree char *mail = g_strdup_printf(
        FRAME "Content-Type: multipart/mixed; boundary=b\r\n" PART "\r\ntext" PART "Content-Type: %s\r\n%.*s"
              "Content-Transfer-Encoding: base64\r\nContent-ID: <part.%u@example.org>\r\n\r\n%s\r\n--b--\r\n",
        types[i % 7], (int)g_bytes_get_size(disposition), (const char *)g_bytes_get_data(disposition, NULL),
        i, base64);
    struct mapping_context *kept = context;
    context = i % 2 ? bilateral : kept;
    g_autoptr(GBytes) back = back_of(mail, strlen(mail));
    context = kept;
    g_autoptr(mime_mail_t) parsed = road_parse(context, back);
    const struct mime_part *part = parsed->root->children->pdata[1];
    g_autoptr(GBytes) got = road_content(parsed, part);
    ck_assert_msg(g_bytes_equal(got, content), "round %u: %u octets became %u", i, (guint)length,
                  (guint)g_bytes_get_size(got));
    g_autofree char *name = mime_part_filename(parsed, part),
                    *id = g_strdup_printf("<part.%u@example.org>", i);
    ck_assert_str_eq(name, names[i % 7]);
    g_autoptr(mime_params_t) type = mime_params_parse(context->charsets, types[i % 7]);
    ck_assert_str_eq(part->type->value, type->value);
    ck_assert_str_eq(mime_part_field(part, "Content-ID"), id);
  }
  mapping_context_free(bilateral);
}
END_TEST

/* Text in any set and habit is the same text behind both gateways; line ends are CRLF. */
static const struct {
  const char *charset, *octets, *text;
} texts[] = {{"us-ascii", "a\r\nb", "a\r\nb"},
             {"utf-8",
              "Gr\xC3\xBC\xC3\x9F"
              "e\r\nzwei", /* as SMTP brings it: a bare line feed is refused at the door */
              "Grüße\r\nzwei"},
             {"iso-8859-1",
              "Gr\xFC\xDF"
              "e",
              "Grüße"},
             {"windows-1252", "100 \x80 \x84x\x93", "100 € „x“"},
             {"koi8-r", "\xF0\xD2\xC9\xD7\xC5\xD4", "Привет"},
             {"iso-8859-7", "\xC5\xEB\xEB\xDC\xE4\xE1", "Ελλάδα"},
             {"iso-2022-jp", "\x1B$BF|K\\\x1B(B", "日本"},
             {"utf-8", "\xF0\x9F\x98\x80 mixed \xD0\x96 \xE4\xB8\xAD", "😀 mixed Ж 中"},
             {"us-ascii", "tab\there, form\ffeed", "tab\there, form\ffeed"},
             {"utf-8", "\x1B[31m escape", "\x1B[31m escape"}};

START_TEST(texts_come_back)
{
  static const char *const habits[] = {"general-text", "iso8859-1", "ia5"};
  for (guint habit = 0; habit < 3; habit++) {
    struct mapping_context *kept = context;
    context = road_context("sea.example", habits[habit], NULL, NULL);
    g_autofree char *mail = g_strdup_printf(FRAME "Content-Type: text/plain; charset=%s\r\n\r\n%s",
                                            texts[_i].charset, texts[_i].octets);
    g_autoptr(GBytes) back = back_of(mail, strlen(mail));
    g_autoptr(mime_mail_t) parsed = road_parse(context, back);
    g_autoptr(GBytes) content = road_content(parsed, parsed->root);
    g_autoptr(GString) text = g_string_new(NULL);
    ck_assert(mime_charset_to_utf8(context->charsets, mime_params_get(parsed->root->type, "charset"),
                                   g_bytes_get_data(content, NULL), g_bytes_get_size(content), text, NULL));
    if (g_str_has_suffix(text->str, "\r\n")) /* a mail ends with a whole line */
      g_string_truncate(text, text->len - 2);
    g_autoptr(GString) plain = g_string_new(text->str), wanted = g_string_new(texts[_i].text);
    g_string_replace(plain, "\r\n", "\n", 0);
    g_string_replace(wanted, "\r\n", "\n", 0);
    ck_assert_msg(!strcmp(plain->str, wanted->str), "%s: \"%s\" became \"%s\"", habits[habit], wanted->str,
                  plain->str);
    mapping_context_free(context);
    context = kept;
  }
}
END_TEST

/* Long texts go the same way as short ones, through the file. */
START_TEST(long_texts_come_back)
{
  static const char *const lines[] = {"plain line\r\n",
                                      ("Gr\xC3\xBC\xC3\x9F"
                                       "e aus K\xC3\xB6ln\r\n"),
                                      "\xD0\x96\xF0\x9F\x98\x80\r\n"};
  g_autoptr(GString) body = g_string_new(NULL);
  while (body->len < 300000)
    g_string_append(body, lines[_i]);
  g_autofree char *mail =
      g_strconcat(FRAME "Content-Type: text/plain; charset=utf-8\r\n\r\n", body->str, NULL);
  g_autoptr(GBytes) back = back_of(mail, strlen(mail));
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  g_autoptr(GBytes) content = road_content(parsed, parsed->root);
  g_autoptr(GString) text = g_string_new(NULL);
  ck_assert(mime_charset_to_utf8(context->charsets, mime_params_get(parsed->root->type, "charset"),
                                 g_bytes_get_data(content, NULL), g_bytes_get_size(content), text, NULL));
  ck_assert_uint_eq(text->len, body->len);
  ck_assert(!strcmp(text->str, body->str));
}
END_TEST

/* --- from X.400 --- */

/* An IPM with one body part of these octets, and what it became as a mail. */
static GBytes *mail_of_body_part(const char *hex)
{
  g_autofree char *frame = g_strdup(FRAME "\r\nreplaced\r\n");
  g_autoptr(GBytes) apdu = apdu_of(frame, strlen(frame), NULL);
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, NULL);
  g_autoptr(asn1_value_t) content = content_of(apdu);
  InformationObject_t *object = asn1_value_get(content);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  for (const char *at = hex; *at; at += 2) {
    guint8 octet = (guint8)(g_ascii_xdigit_value(at[0]) << 4 | g_ascii_xdigit_value(at[1]));
    g_byte_array_append(octets, &octet, 1);
  }
  struct asn1_value *part = asn1_decode_mem(&asn_DEF_BodyPart, octets->data, octets->len, NULL, NULL);
  ck_assert_msg(part != NULL, "the test's own body part");
  ASN_STRUCT_FREE(asn_DEF_BodyPart, object->choice.ipm.body->list.array[0]);
  object->choice.ipm.body->list.array[0] = asn1_value_steal(part);
  g_autoptr(octets_t) encoded = asn1_encode(content, NULL);
  MTS_APDU_t *choice = asn1_value_get(value);
  asn1_put_octets(value, &choice->choice.message.content, encoded);
  g_autoptr(GBytes) made = asn1_encode_bytes(value, NULL);
  return road_to_mail(context, "bob@example.org", made, NULL);
}

static const struct {
  const char *hex, *type, *content; /* content: what its octets begin with */
} parts[] = {
    {"A0073100160368690A", "text/plain", "hi\r\n"},                  /* ia5, bare line feed */
    {"A00731001603E46E0A", "text/plain", "\xE4n\r\n"},               /* Latin-1 in IA5: interop note 16 */
    {"8E03010203", "application/octet-stream", "\1\2\3"},            /* bilaterally-defined */
    {"A50D310030091402C8611403C8756E", "text/plain", "\xE4\f\xFCn"}, /* teletex, two pages */
    {"A606310015020102", "application/x400-bp", "\xA6"},             /* videotex */
    {"A1020500", "application/x400-bp", "\xA1\2\5"},                 /* telex */
    {"A7020500", "application/x400-bp", "\xA7\2\5"},                 /* nationally-defined */
    {"AF0C280A06035501638103010203", "application/x400-bp",
     "\xAF\x0C\x28\x0A\x06\x03\x55\x01\x63\x81\x03\1\2\3"}, /* an unknown extended one */
    {"AF18281606082B06010701020103A00A04084A46494664617461", "image/jpeg", "JFIFdata"}, /* RFC 2158 */
};

/* proves: M7 */
START_TEST(body_parts_of_others_are_never_dropped)
{
  g_autoptr(GBytes) back = mail_of_body_part(parts[_i].hex);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  ck_assert_str_eq(parsed->root->type->value, parts[_i].type);
  g_autoptr(GBytes) content = road_content(parsed, parsed->root);
  gsize length = strlen(parts[_i].content);
  ck_assert_msg(g_bytes_get_size(content) >= length &&
                    !memcmp(g_bytes_get_data(content, NULL), parts[_i].content, length),
                "%.*s", (int)g_bytes_get_size(content), (const char *)g_bytes_get_data(content, NULL));
}
END_TEST

/* 3.2 both ways: what was wrapped for mail is the same body part again behind the next gateway. */
START_TEST(wrapped_body_part_is_unwrapped)
{
  g_autoptr(GBytes) mail = mail_of_body_part("AF0C280A06035501638103010203");
  g_autoptr(GBytes) apdu = apdu_of(g_bytes_get_data(mail, NULL), g_bytes_get_size(mail), NULL);
  g_autoptr(asn1_value_t) content = content_of(apdu);
  const struct Body *body = ((const InformationObject_t *)asn1_value_get(content))->choice.ipm.body;
  ck_assert_int_eq(body->list.count, 1);
  g_autoptr(octets_t) octets = asn1_encode_field(content, &asn_DEF_BodyPart, body->list.array[0], NULL);
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, 1000, NULL);
  ck_assert_uint_eq(g_bytes_get_size(bytes), 14);
  ck_assert_int_eq(
      memcmp(g_bytes_get_data(bytes, NULL), "\xAF\x0C\x28\x0A\x06\x03\x55\x01\x63\x81\x03\1\2\3", 14), 0);
}
END_TEST

/* A mail for an X.400(84) peer uses nothing of 1988 (RFC 2156 appendix B), and comes back with header and
 * names. */
START_TEST(content_of_1984_has_nothing_of_1988)
{
  struct mapping_context *kept = context;
  context = road_context("sea.example", "ia5", "bilateral", "2");
  static const char mail[] =
      FRAME "X-Mailer: kept\r\nContent-Type: multipart/mixed; boundary=b\r\n" PART
            "Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xC3\xBC\xC3\x9F"
            "e" PART "Content-Type: application/pdf; name=a.pdf\r\n\r\nPDF\r\n--b--\r\n";
  g_autoptr(GBytes) apdu = apdu_of(mail, strlen(mail), NULL);
  g_autoptr(asn1_value_t) content = content_of(apdu);
  const IPM_t *ipm = &((const InformationObject_t *)asn1_value_get(content))->choice.ipm;
  g_autofree char *found = kinds(ipm->body);
  ck_assert_str_eq(found, "ia5 ia5 bilateral");
  ck_assert_ptr_null(ipm->heading.extensions);
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  road_check_field(context, parsed->root, "X-Mailer", "kept");
  ck_assert_uint_eq(parsed->root->children->len, 2);
  g_autofree char *name = mime_part_filename(parsed, parsed->root->children->pdata[1]);
  ck_assert_str_eq(name, "a.pdf");
  mapping_context_free(context);
  context = kept;
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/body");
  TCase *tests = tcase_create("body");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, parts_are_what_the_table_says, 0, G_N_ELEMENTS(rows));
  tcase_add_loop_test(tests, signed_parts_stay_octet_by_octet, 0, 2);
  tcase_add_test(tests, attachments_come_back_octet_by_octet);
  tcase_add_loop_test(tests, texts_come_back, 0, G_N_ELEMENTS(texts));
  tcase_add_loop_test(tests, long_texts_come_back, 0, 3);
  tcase_add_loop_test(tests, body_parts_of_others_are_never_dropped, 0, G_N_ELEMENTS(parts));
  tcase_add_test(tests, wrapped_body_part_is_unwrapped);
  tcase_add_test(tests, content_of_1984_has_nothing_of_1988);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
