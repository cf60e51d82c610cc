/* Headings both ways: RFC 2156 5.1.3, 5.1.7, 5.3.4. */
#include "lib/road.h"
#include "mapping/x400.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <Heading.h>
#include <IPM.h>
#include <InformationObject.h>
#include <MTS-APDU.h>
#include <ORDescriptors.h>
#include <RFC822FieldList.h>
#include <RecipientSpecifiers.h>

#define RECIPIENT "\"/S=lee/PRMD=land/ADMD=x/C=de/\"@sea.example"
#define FRAME "From: ann@example.org\r\nTo: bob@example.org\r\nDate: Thu, 2 Jan 1997 14:46:03 +0000\r\n"

static struct mapping_context *context;

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

/* The content of a mail made of these fields; *heading_r points into it. */
static struct asn1_value *heading_of(const char *fields, const Heading_t **heading_r)
{
  g_autofree char *text = g_strconcat(fields, "\r\nbody\r\n", NULL);
  g_autoptr(GBytes) mail = g_bytes_new(text, strlen(text));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, NULL);
  ck_assert_ptr_nonnull(value);
  const MTS_APDU_t *choice = asn1_value_get(value);
  g_autoptr(octets_t) octets = asn1_octets(value, &choice->choice.message.content);
  struct asn1_value *content = asn1_decode(&asn_DEF_InformationObject, octets, NULL, NULL);
  ck_assert_ptr_nonnull(content);
  *heading_r = &((const InformationObject_t *)asn1_value_get(content))->choice.ipm.heading;
  return content;
}

/* proves: B5> */
START_TEST(elements_are_where_x420_has_them)
{
  const Heading_t *heading;
  g_autoptr(asn1_value_t) value = heading_of(
      "From: ann@example.org\r\nSender: secretary@example.org\r\nTo: b@example.org, c@example.org\r\nTo: "
      "d@example.org\r\n"
      "Cc: e@example.org\r\nBcc:\r\nReply-To: f@example.org\r\nSubject: x\r\nImportance: LOW (really)\r\n"
      "Sensitivity: company-confidential\r\nAutoforwarded: TRUE\r\nExpires: Thu, 2 Jan 1997 14:46:03 "
      "+0100\r\n"
      "Supersedes: <old@example.org>\r\nIncomplete-Copy:\r\nContent-Language: de, en\r\nAutosubmitted: "
      "auto-replied\r\n",
      &heading);
  ck_assert_ptr_nonnull(value);
  ck_assert_ptr_nonnull(heading->originator);
  ck_assert_int_eq(heading->authorizing_users->list.count, 1);
  ck_assert_int_eq(heading->primary_recipients->list.count, 3); /* repeated fields are merged */
  ck_assert_int_eq(heading->copy_recipients->list.count, 1);
  ck_assert_int_eq(heading->blind_copy_recipients->list.count, 0);
  ck_assert_int_eq(heading->reply_recipients->list.count, 1);
  ck_assert_int_eq(*heading->importance, ImportanceField_low);
  ck_assert_int_eq(*heading->sensitivity, SensitivityField_company_confidential);
  ck_assert(*heading->auto_forwarded);
  ck_assert_int_eq(heading->expiry_time->size, 17);
  ck_assert_int_eq(memcmp(heading->expiry_time->buf, "970102144603+0100", 17), 0);
  ck_assert_int_eq(heading->obsoleted_IPMs->list.count, 1);
  ck_assert_ptr_nonnull(x400_heading_extension(heading->extensions, OID_HEX_INCOMPLETE_COPY));
  ck_assert_ptr_nonnull(x400_heading_extension(heading->extensions, OID_HEX_LANGUAGES));
  ck_assert_ptr_nonnull(x400_heading_extension(heading->extensions, OID_HEX_AUTO_SUBMITTED));
  ck_assert_ptr_null(x400_heading_extension(heading->extensions, OID_RFC_822_FIELD_LIST));
}
END_TEST

/* Field in, field out through both gateways; NULL: as it went in, "": it does not come. */
static const struct {
  const char *field, *body, *back;
} rows[] = {
    {"Subject", "plain", NULL},
    {"Subject", "=?UTF-8?Q?Pr=C3=BCfbericht?=", "Prüfbericht"},
    {"Subject", "=?UTF-8?B?0J/RgNC40LLQtdGC?=", "Привет"},
    {"Subject", "=?UTF-8?B?8J+YgA==?= smile", "😀 smile"},
    {"Subject", "# $ \\ ^ { } ~ | @ _ [ ]", NULL},
    {"Message-ID", "<short@example.org>", NULL},
    {"Message-ID", "<\"quoted id\"@example.org>", NULL},
    {"Message-ID", "<AM0PR04MB1234567890ABCDEFGHIJKLMNOP0123456789@AM0PR04MB1234.eurprd04.prod.outlook.com>",
     NULL},
    {"In-Reply-To", "<a@example.org>", NULL},
    {"In-Reply-To", "<a@example.org> <b@example.org>", NULL},
    {"In-Reply-To", "<a-very-long-identifier-0123456789-0123456789-0123456789-0123456789@example.org>", NULL},
    {"References", "<a@example.org> <b@example.org> <c@example.org>", NULL},
    {"References",
     "<a@example.org> <0123456789.0123456789.0123456789.0123456789.0123456789.0123456789@example.org>", NULL},
    {"Importance", "high", NULL},
    {"Importance", "whatever", NULL},
    {"Sensitivity", "Personal", NULL},
    {"Expires", "Thu, 2 Jan 1997 14:46:03 +0100", NULL},
    {"Expires", "tomorrow", NULL},
    {"Reply-By", "Thu, 2 Jan 1997 14:46:03 -0500", NULL},
    {"Supersedes", "<old@example.org>", NULL},
    {"Obsoletes", "<old@example.org>", ""},
    {"Autoforwarded", "TRUE", NULL},
    {"Autosubmitted", "auto-generated", NULL},
    {"Content-Language", "de, en", NULL},
    {"Content-Language", "en-GB", NULL},
    {"Keywords", "one, two", NULL},
    {"Comments", "some (nested (comment)) text", NULL},
    {"Resent-From", "x@example.org", NULL},
    {"X-Anything", "a  b   c", NULL},
    {"X-Eight",
     "Gr\xC3\xBC\xC3\x9F"
     "e",
     "Grüße"},
    {"Fruit-Of-The-Day", "Kiwi Fruit", NULL},
    {"List-Id", "Some list <list.example.org>", NULL},
    {"DKIM-Signature", "v=1; a=rsa-sha256; d=example.org; s=x; h=from:to; bh=abc=; b=dGVzdA==", NULL},
    {"Reply-To", "=?ISO-8859-1?Q?J=F6rg?= <j@example.org>, k@example.org",
     "Jörg <j@example.org>, k@example.org"},
    {"Cc", "Team: a@example.org, b@example.org;", "Team:;, a@example.org, b@example.org"},
    {"Bcc", "", NULL},
    {"Bcc", "hidden@example.org", NULL},
    /* what 5.1.7 never maps, and what only our own other side may say */
    {"Message-Type", "Delivery Report", ""},
    {"X400-Originator", "x@example.org", NULL},
    {"Discarded-X400-IPMS-Extensions", "(2)(6)", ""},
    {"X-MIXER-Full-Subject", "forged", ""},
    {"X-MIXER-Body-Part", "1; type=text/html", ""},
    /* 5.3.4's last value has no number; RFC 3834's field is the same element */
    {"Autosubmitted", "auto-forwarded", NULL},
    {"Auto-Submitted", "auto-replied; owner-email=\"ann@example.org\"", NULL},
    {"Auto-Submitted", "no", NULL},
    {"Auto-Submitted", "auto-notified", NULL},
    /* fields that cannot be read are carried (5.1.3, other fields) */
    {"Reply-By", "soon", NULL},
    {"Reply-To", "nobody at all", NULL},
    {"Cc", "nobody at all", NULL},
    {"Bcc", "nobody at all", NULL},
    {"Priority", "rather urgent", NULL},
    {"Conversion", "perhaps", NULL},
    {"Deferred-Delivery", "tomorrow", NULL},
    {"Latest-Delivery-Time", "tomorrow", NULL},
    {"DL-Expansion-History", "a list; last week;", NULL},
    {"Delivery-Date", "Thu, 2 Jan 1997 14:46:03 +0100", NULL},
};

/* proves: A16<> B4<> */
START_TEST(field_comes_back)
{
  g_autofree char *text = g_strdup_printf(FRAME "%s: %s\r\n\r\nbody\r\n", rows[_i].field, rows[_i].body);
  g_autoptr(GBytes) mail = g_bytes_new(text, strlen(text));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  const char *wanted = rows[_i].back ? rows[_i].back : rows[_i].body;
  if (!strcmp(rows[_i].field, "X400-Originator"))
    wanted = "ann@example.org"; /* the envelope's, not the forged one */
  bool absent = rows[_i].back && !*rows[_i].back;
  road_check_field(context, parsed->root, rows[_i].field, absent ? NULL : wanted);
}
END_TEST

/* The element and the field of RFC 3834 say one thing. */
/* proves: H:Autosubmitted X:auto-submitted */
START_TEST(automatic_mail_is_told_in_both_words)
{
  static const char text[] = FRAME "Autosubmitted: auto-replied\r\n\r\nbody\r\n";
  g_autoptr(GBytes) mail = g_bytes_new_static(text, strlen(text));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  road_check_field(context, parsed->root, "Autosubmitted", "auto-replied");
  road_check_field(context, parsed->root, "Auto-Submitted", "auto-replied");
  const Heading_t *heading;
  g_autoptr(asn1_value_t) value = heading_of(FRAME "Auto-Submitted: auto-generated (cron)\r\n", &heading);
  ck_assert_ptr_nonnull(value);
  ck_assert_ptr_nonnull(x400_heading_extension(heading->extensions, OID_HEX_AUTO_SUBMITTED));
  g_autoptr(asn1_value_t) forwarded = heading_of(FRAME "Autosubmitted: auto-forwarded\r\n", &heading);
  ck_assert_ptr_nonnull(forwarded);
  ck_assert(heading->auto_forwarded && *heading->auto_forwarded);
}
END_TEST

/* What the gateway writes itself stands once: a Date that could not be read, a From that another list brings.
 */
/* proves: H:Date X:rfc-822-field */
START_TEST(fields_of_rfc_5322_stand_once)
{
  static const char text[] =
      "From: nobody in particular\r\nTo: bob@example.org\r\nDate: one of these days\r\n\r\nbody\r\n";
  const Heading_t *heading;
  g_autoptr(asn1_value_t) value =
      heading_of("From: nobody in particular\r\nDate: one of these days\r\n", &heading);
  g_autoptr(asn1_value_t) list = x400_heading_extension_value(
      value, x400_heading_extension(heading->extensions, OID_RFC_822_FIELD_LIST), &asn_DEF_RFC822FieldList);
  g_autoptr(GPtrArray) fields = x400_field_list_get(list);
  ck_assert_uint_eq(fields->len, 2);
  ck_assert_str_eq(fields->pdata[0], "From: nobody in particular");
  ck_assert_str_eq(fields->pdata[1], "Date: one of these days");
  g_autoptr(GBytes) mail = g_bytes_new_static(text, strlen(text));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  GPtrArray *losses = NULL;
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, &losses);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  road_check_field(context, parsed->root, "From", "ann@example.org");
  g_autofree char *dates = road_field(context, parsed->root, "Date");
  ck_assert_ptr_null(strstr(dates, "these days"));
  ck_assert(road_lost(losses, "Date: one of these days"));
  g_ptr_array_unref(losses);
}
END_TEST

START_TEST(long_subjects_survive)
{
  static const char *const words[] = {"word", "Größe", "слово"};
  g_autoptr(GString) subject = g_string_new(NULL);
  for (guint i = 0; i < 60; i++)
    g_string_append_printf(subject, "%s%s%u", i ? " " : "", words[_i], i);
  g_autofree char *encoded = g_base64_encode((const guchar *)subject->str, subject->len);
  g_autofree char *text = g_strdup_printf(FRAME "Subject: =?UTF-8?B?%s?=\r\n\r\nbody\r\n", encoded);
  const Heading_t *heading;
  g_autofree char *fields = g_strdup_printf(FRAME "Subject: =?UTF-8?B?%s?=\r\n", encoded);
  g_autoptr(asn1_value_t) value = heading_of(fields, &heading);
  ck_assert_ptr_nonnull(value);
  ck_assert_int_le(heading->subject->size, 128); /* ub-subject-field */
  g_autoptr(GBytes) mail = g_bytes_new(text, strlen(text));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  road_check_field(context, parsed->root, "Subject", subject->str);
}
END_TEST

/* What X.411 and X.420 bound, is bound (5.1.3), and said so. */
START_TEST(bounds_are_kept_and_told)
{
  g_autoptr(GString) name = g_string_new(NULL);
  for (guint i = 0; i < 40; i++)
    g_string_append(name, "Name ");
  g_autofree char *text =
      g_strdup_printf("From: %s <ann@example.org>\r\nTo: bob@example.org\r\n\r\nx\r\n", name->str);
  g_autoptr(GBytes) mail = g_bytes_new(text, strlen(text));
  GPtrArray *losses = NULL;
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, &losses);
  ck_assert_ptr_nonnull(apdu);
  ck_assert(road_lost(losses, "From: the name"));
  g_ptr_array_unref(losses);
}
END_TEST

START_TEST(mail_without_anything_becomes_a_mail)
{
  static const char text[] = "\r\njust text\r\n";
  g_autoptr(GBytes) mail = g_bytes_new_static(text, strlen(text));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  road_check_field(context, parsed->root, "From", "ann@example.org"); /* 5.3.2 */
  road_check_field(context, parsed->root, "To", "list:;");
  ck_assert_ptr_nonnull(mime_part_field(parsed->root, "Date"));
  ck_assert_ptr_nonnull(mime_part_field(parsed->root, "Message-ID"));
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/heading");
  TCase *tests = tcase_create("heading");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, elements_are_where_x420_has_them);
  tcase_add_loop_test(tests, field_comes_back, 0, G_N_ELEMENTS(rows));
  tcase_add_test(tests, automatic_mail_is_told_in_both_words);
  tcase_add_test(tests, fields_of_rfc_5322_stand_once);
  tcase_add_loop_test(tests, long_subjects_survive, 0, 3);
  tcase_add_test(tests, bounds_are_kept_and_told);
  tcase_add_test(tests, mail_without_anything_becomes_a_mail);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
