/* Mail as we write it, and as the parser reads it: what is written is read back the same, whatever it is. */
#include "lib/road.h"
#include "mapping/mail_address.h"
#include "mapping/mail_time.h"
#include "mapping/mime_charset.h"
#include "mapping/mime_word.h"
#include "mapping/mime_writer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct mapping_context *context;

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

static GBytes *written(struct mime_writer *writer)
{
  ck_assert(mime_writer_end(writer, NULL, NULL));
  return mime_writer_bytes(writer);
}

/* RFC 5322 2.1.1, RFC 2045 2.8: what every header of ours must be. */
static void check_lines(GBytes *mail, gsize longest)
{
  gsize length;
  const char *text = g_bytes_get_data(mail, &length), *end = text + length;
  for (const char *line = text; line < end;) {
    const char *stop = memchr(line, '\n', (gsize)(end - line));
    /* Check writes down every assertion: here only those that fail. */
    if (!stop || stop == line || stop[-1] != '\r' || (gsize)(stop - line) - 1 > longest)
      ck_abort_msg("line of %d: %.100s", stop ? (int)(stop - line) : -1, line);
    for (const char *c = line; c < stop - 1; c++)
      if ((guint8)*c >= 0x80 || *c == '\r')
        ck_abort_msg("octet %02x", (guint8)*c);
    line = stop + 1;
  }
}

static char *random_text(GRand *random, guint most)
{
  static const gunichar samples[] = {'a',  'Z',  '5',    ' ',   ' ',   '_',    '=',    '?',  '"',
                                     '\\', '(',  ')',    ',',   ';',   '<',    '@',    0xE4, 0xDF,
                                     0xFF, 0xA0, 0x20AC, 0x416, 0x3B1, 0x4E2D, 0x1F600};
  GString *text = g_string_new(NULL);
  for (guint i = (guint)g_rand_int_range(random, 0, (gint)most); i-- > 0;)
    g_string_append_unichar(text, samples[g_rand_int_range(random, 0, G_N_ELEMENTS(samples))]);
  return g_string_free(text, FALSE);
}

START_TEST(any_subject_comes_back)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(7);
  for (guint i = 0; i < 3000; i++) {
    g_autofree char *text = random_text(random, i % 20 ? 60 : 1500);
    g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "x");
    mime_writer_text(writer, "Subject", text);
    mime_writer_end_header(writer);
    g_autoptr(GBytes) bytes = written(writer);
    check_lines(bytes, 78);
    g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
    road_check_field(context, mail->root, "Subject", text);
  }
}
END_TEST

/* RFC 5322 2.1.1: no line is longer than 998 octets, whatever a field brings along. */
START_TEST(raw_fields_keep_to_the_line)
{
  static const guint lengths[] = {900, 985, 1000, 5000};
  for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
    for (guint spaced = 0; spaced < 2; spaced++) {
      g_autofree char *run = g_strnfill(lengths[i], spaced ? ' ' : 'y'),
                      *body = g_strdup_printf("x %s%s", run, spaced ? "z" : ""),
                      *line = g_strconcat("X-Long: ", body, NULL);
      g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "x");
      ck_assert(mime_writer_raw_field(writer, line));
      mime_writer_end_header(writer);
      g_autoptr(GBytes) bytes = written(writer);
      check_lines(bytes, 998);
      g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
      road_check_field(context, mail->root, "X-Long", body);
    }
  }
}
END_TEST

START_TEST(any_parameter_comes_back)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(8);
  for (guint i = 0; i < 3000; i++) {
    g_autofree char *text = random_text(random, i % 20 ? 40 : 300);
    g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "x");
    mime_writer_value(writer, "Content-Disposition", "attachment");
    mime_writer_param(writer, "filename", text);
    mime_writer_param(writer, "size", "12");
    mime_writer_value_end(writer);
    mime_writer_end_header(writer);
    g_autoptr(GBytes) bytes = written(writer);
    check_lines(bytes, 998);
    g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
    g_autoptr(mime_params_t) params = mime_part_disposition(mail, mail->root);
    ck_assert_str_eq(params->value, "attachment");
    ck_assert_msg(!g_strcmp0(mime_params_get(params, "filename"), text), "\"%s\" became \"%s\"", text,
                  mime_params_get(params, "filename"));
    ck_assert_str_eq(mime_params_get(params, "size"), "12");
  }
}
END_TEST

START_TEST(any_mailbox_comes_back)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(9);
  for (guint i = 0; i < 2000; i++) {
    g_autofree char *raw = random_text(random, 30);
    g_autofree char *phrase = g_strstrip(g_strdup(raw));
    if (strstr(phrase, "  ") || strstr(phrase, "=?"))
      continue; /* runs of spaces are one in a phrase; what looks encoded is tried in the next test */
    g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "x");
    mime_writer_list(writer, "To");
    mime_writer_mailbox(writer, phrase, "ann.lee@example.org", NULL);
    mime_writer_mailbox(writer, NULL, "\"a b\"@example.org", "(Tel +49)");
    mime_writer_group(writer, "nobody", NULL);
    mime_writer_list_end(writer);
    mime_writer_end_header(writer);
    g_autoptr(GBytes) bytes = written(writer);
    check_lines(bytes, 998);
    g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
    g_autoptr(GPtrArray) list =
        mail_addresses_parse(context->charsets, mime_part_field(mail->root, "To"), 10, NULL);
    ck_assert_uint_eq(list->len, 3);
    const struct mail_address *first = list->pdata[0], *second = list->pdata[1], *third = list->pdata[2];
    ck_assert_msg(!g_strcmp0(first->phrase ? first->phrase : "", phrase), "\"%s\" became \"%s\"", phrase,
                  first->phrase);
    ck_assert_str_eq(first->mailbox, "ann.lee@example.org");
    ck_assert_str_eq(second->mailbox, "\"a b\"@example.org");
    ck_assert_str_eq(second->comment, "(Tel +49)");
    ck_assert_ptr_null(third->mailbox);
    ck_assert_str_eq(third->phrase, "nobody");
  }
}
END_TEST

static GBytes *random_octets(GRand *random, guint kind)
{
  gsize length = (gsize)g_rand_int_range(random, 0, kind == 3 ? 70000 : 400);
  guint8 *octets = g_malloc(length + 1);
  for (gsize i = 0; i < length; i++) {
    guint32 r = g_rand_int(random);
    octets[i] = kind % 3 == 0   ? (guint8)r
                : kind % 3 == 1 ? (guint8)(" .F-=\tab\r\n"[r % 10])
                                : (guint8)('a' + r % 26);
  }
  return g_bytes_new_take(octets, length);
}

/* proves: M8 */
START_TEST(any_content_comes_back_in_every_encoding)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(10);
  for (guint i = 0; i < 800; i++) {
    g_autoptr(GBytes) first = random_octets(random, i % 4), second = random_octets(random, (i + 1) % 4);
    enum mime_transfer transfer = i % 2 ? MIME_SEND_BASE64 : MIME_SEND_QUOTED;
    g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "x");
    g_autofree char *boundary = mime_writer_boundary(writer);
    mime_writer_value(writer, "Content-Type", "multipart/mixed");
    mime_writer_param(writer, "boundary", boundary);
    mime_writer_value_end(writer);
    mime_writer_end_header(writer);
    GBytes *const contents[] = {first, second};
    for (guint k = 0; k < 2; k++) {
      g_autoptr(octets_t) octets = octets_new_bytes(contents[k]);
      mime_writer_delimiter(writer, boundary, false);
      mime_writer_transfer_field(writer, transfer);
      mime_writer_end_header(writer);
      mime_writer_content(writer, octets, transfer);
    }
    mime_writer_delimiter(writer, boundary, true);
    g_autoptr(GBytes) bytes = written(writer);
    check_lines(bytes, 78);
    g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
    ck_assert_uint_eq(mail->root->children->len, 2);
    for (guint k = 0; k < 2; k++) {
      g_autoptr(GBytes) back = road_content(mail, mail->root->children->pdata[k]);
      ck_assert_msg(g_bytes_equal(back, contents[k]), "round %u part %u: %u octets became %u", i, k,
                    (guint)g_bytes_get_size(contents[k]), (guint)g_bytes_get_size(back));
    }
  }
}
END_TEST

START_TEST(transfer_is_chosen_by_the_content)
{
  g_autoptr(GString) line = g_string_new(NULL);
  for (guint i = 0; i < 999; i++)
    g_string_append_c(line, 'x');
  const struct {
    const char *text;
    enum mime_transfer wanted;
  } rows[] = {{"plain\r\ntext\r\n", MIME_SEND_7BIT},
              {"", MIME_SEND_7BIT},
              {"bare\nline feed", MIME_SEND_QUOTED},
              {"bare\rreturn", MIME_SEND_QUOTED},
              {"Gr\xFC\xDF"
               "e, nur wenige",
               MIME_SEND_QUOTED},
              {"\xC3\xA4\xC3\xB6\xC3\xBC", MIME_SEND_BASE64},
              {line->str, MIME_SEND_QUOTED},
              {"ends in\r", MIME_SEND_QUOTED}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(octets_t) octets = octets_new(rows[i].text, strlen(rows[i].text));
    ck_assert_msg(mime_writer_transfer(octets, NULL) == rows[i].wanted, "row %u", (guint)i);
  }
}
END_TEST

/* No field can be made to hold a second one. */
START_TEST(fields_cannot_be_injected)
{
  static const char evil[] = "x\r\nBcc: victim@example.org\r\n\r\nbody";
  g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "x");
  mime_writer_text(writer, "Subject", evil);
  mime_writer_field(writer, "X-A", evil);
  g_autofree char *line = g_strconcat("X-B: ", evil, NULL);
  ck_assert(mime_writer_raw_field(writer, line));
  ck_assert(!mime_writer_raw_field(writer, "no field"));
  ck_assert(!mime_writer_raw_field(writer, "two words: x"));
  ck_assert(!mime_writer_raw_field(writer, ": x"));
  mime_writer_list(writer, "To");
  mime_writer_mailbox(writer, evil, evil, evil);
  mime_writer_list_end(writer);
  mime_writer_value(writer, "Content-Type", evil);
  mime_writer_param(writer, "name", evil);
  mime_writer_value_end(writer);
  mime_writer_end_header(writer);
  g_autoptr(GBytes) bytes = written(writer);
  g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
  ck_assert_uint_eq(mail->root->fields->len, 5);
  ck_assert_ptr_null(mime_part_field(mail->root, "Bcc"));
}
END_TEST

/* --- the parser on what others write --- */

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

#define M "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"

static const struct {
  const char *mail, *shape;
} mails[] = {
    {"", "text/plain"},
    {"Subject: x\r\n", "text/plain"},
    {"no header at all\r\n", "text/plain"},
    {"\r\nbody", "text/plain"},
    {M "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", "multipart/mixed(text/plain text/plain)"},
    {M "preamble\r\n--b\r\n\r\none\r\n--b--\r\nepilogue\r\n--b\r\nnot a part\r\n",
     "multipart/mixed(text/plain)"},
    {M "--b\r\n\r\nthe end is missing\r\n", "multipart/mixed(text/plain)"},
    {M "--b  \r\n\r\nspace behind\r\n--b--  \r\n", "multipart/mixed(text/plain)"},
    {M "--bb\r\n\r\nanother boundary\r\n", "multipart/mixed"},
    {M "no part\r\n", "multipart/mixed"},
    {"Content-Type: multipart/mixed\r\n\r\n--b\r\n", "multipart/mixed"},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbare line feeds\n--b--\n",
     "multipart/mixed(text/plain)"},
    {M "--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\n1\r\n--c\r\nContent-Type: "
       "text/html\r\n\r\n2\r\n"
       "--b\r\n\r\nthe inner end is missing\r\n--b--\r\n",
     "multipart/mixed(multipart/alternative(text/plain text/html) text/plain)"},
    {M "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n--b--\r\n",
     "multipart/mixed(message/rfc822(text/plain))"},
    {"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: in\r\n\r\nx\r\n--b--\r\n",
     "multipart/digest(message/rfc822(text/plain))"},
    {M "--b\r\nContent-Type: message/rfc822\r\n--b--\r\n", "multipart/mixed(message/rfc822(text/plain))"},
    {M "--b\r\nContent-Type: text/html\r\n--b--\r\n", "multipart/mixed(text/html)"},
    {"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp4\r\n",
     "message/rfc822"},
    {"Content-Type: nonsense\r\n\r\nx", "text/plain"},
    {"Content-Type: TEXT/HTML (comment); charset = utf-8\r\n\r\nx", "text/html"},
    {"From nobody Thu Jan 2 1997\r\nSubject: mbox\r\n\r\nx", "text/plain"},
};

START_TEST(broken_mails_are_read)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static(mails[_i].mail, strlen(mails[_i].mail));
  g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
  g_autofree char *text = shape(mail->root);
  ck_assert_str_eq(text, mails[_i].shape);
}
END_TEST

START_TEST(limits_hold_while_reading)
{
  const struct {
    const char *begin, *repeat, *what;
  } rows[] = {{M, "--b\r\n\r\nx\r\n", "parts"},
              {"", "X: y\r\n", "header fields"},
              {"", "Content-Type: message/rfc822\r\n\r\n", "levels"},
              {"X: ", "0123456789", "octets in one header"}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GString) text = g_string_new(rows[i].begin);
    for (guint k = 0; k < 200000; k++)
      g_string_append(text, rows[i].repeat);
    g_autoptr(octets_t) source = octets_new(text->str, text->len);
    struct mime_limits limits = {20, 100, 500};
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(mime_mail_parse(source, context->charsets, &limits, &error));
    ck_assert(g_error_matches(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT));
    ck_assert_msg(strstr(error->message, rows[i].what) != NULL, "%s", error->message);
  }
}
END_TEST

/* A boundary lies anywhere, also across the blocks that the scanner reads. */
START_TEST(parts_are_found_across_blocks)
{
  for (gsize length = 65536 - 40; length < 65536 + 8; length++) {
    g_autoptr(GString) text = g_string_new(M "--b\r\n\r\n");
    gsize begin = text->len;
    while (text->len < length)
      g_string_append_c(text, (text->len - begin) % 70 == 69 ? '\n' : 'x');
    gsize wanted = text->len - begin;
    g_string_append(text, "\r\n--b\r\n\r\nsecond\r\n--b--\r\n");
    g_autoptr(GBytes) bytes = g_bytes_new(text->str, text->len);
    g_autoptr(mime_mail_t) mail = road_parse(context, bytes);
    ck_assert_uint_eq(mail->root->children->len, 2);
    const struct mime_part *first = mail->root->children->pdata[0];
    ck_assert_uint_eq(first->end - first->body, wanted);
  }
}
END_TEST

static const struct {
  const char *charset, *octets, *utf8;
} charsets[] = {{"windows-1252", "\x80uro", "€uro"},
                {"koi8-r", "\xF0\xD2\xC9\xD7\xC5\xD4", "Привет"},
                {"ISO-8859-15", "\xA4", "€"},
                {"shift_jis", "\x93\xFA\x96\x7B", "日本"},
                {"iso-2022-jp", "\x1B$BF|K\\\x1B(B", "日本"},
                {"utf-8", "\xC3\xA4\xFFx", "ä\357\277\275x"},
                {NULL, "\xC3\xA4", "ä"},
                {NULL, "\xE4", "ä"},
                {"GB2312", "\xD6\xD0", "中"},
                {"us-ascii", "abc", "abc"}};

START_TEST(charsets_are_read)
{
  g_autoptr(GString) whole = g_string_new(NULL), pieces = g_string_new(NULL);
  gsize length = strlen(charsets[_i].octets);
  ck_assert(mime_charset_to_utf8(context->charsets, charsets[_i].charset, charsets[_i].octets, length, whole,
                                 NULL));
  ck_assert_str_eq(whole->str, charsets[_i].utf8);
  struct mime_charset_stream *stream = mime_charset_stream_new(context->charsets, charsets[_i].charset);
  for (gsize i = 0; i < length; i++)
    mime_charset_stream_feed(stream, charsets[_i].octets + i, 1, i + 1 == length, pieces);
  mime_charset_stream_free(stream);
  ck_assert_str_eq(pieces->str, charsets[_i].utf8);
}
END_TEST

static const struct {
  const char *text, *mail, *utc;
} times[] = {{"Thu, 2 Jan 1997 14:46:03 +0000", "Thu, 2 Jan 1997 14:46:03 +0000", "970102144603+0000"},
             {"Tue, 20 Jun 89 19:25:11 +0100", "Tue, 20 Jun 1989 19:25:11 +0100", "890620192511+0100"},
             {"2 Feb 2024 01:02 EST (comment)", "Fri, 2 Feb 2024 01:02:00 -0500", "240202010200-0500"},
             {"Thu, 29 Feb 2024 23:59:59 -0330", "Thu, 29 Feb 2024 23:59:59 -0330", "240229235959-0330"},
             {"28 Mar 89 16:38 GMT", "Tue, 28 Mar 1989 16:38:00 +0000", "890328163800+0000"}};

/* proves: B5< */
START_TEST(times_keep_their_zone)
{
  struct mail_time time, back;
  g_autoptr(GString) mail = g_string_new(NULL), utc = g_string_new(NULL), generalized = g_string_new(NULL);
  ck_assert(mail_time_parse(times[_i].text, &time));
  mail_time_format(&time, mail);
  mail_time_format_utc(&time, utc);
  mail_time_format_generalized(&time, generalized);
  ck_assert_str_eq(mail->str, times[_i].mail);
  ck_assert_str_eq(utc->str, times[_i].utc);
  ck_assert(mail_time_parse_utc(utc->str, utc->len, &back));
  ck_assert(back.us == time.us && back.offset == time.offset);
  ck_assert(mail_time_parse_generalized(generalized->str, generalized->len, &back));
  ck_assert(back.us == time.us && back.offset == time.offset);
}
END_TEST

START_TEST(odd_times_of_peers)
{
  static const struct {
    const char *utc, *mail;
  } rows[] = {{"20261123180000Z", "Mon, 23 Nov 2026 18:00:00 +0000"}, /* interop note 16 */
              {"1261123180631Z", "Mon, 23 Nov 2026 18:06:31 +0000"},
              {"8906201925+0100", "Tue, 20 Jun 1989 19:25:00 +0100"},
              {"7912312359Z", "Sun, 31 Dec 2079 23:59:00 +0000"},
              {"8001010000Z", "Tue, 1 Jan 1980 00:00:00 +0000"}};
  struct mail_time time;
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GString) text = g_string_new(NULL);
    ck_assert(mail_time_parse_utc(rows[i].utc, strlen(rows[i].utc), &time));
    mail_time_format(&time, text);
    ck_assert_str_eq(text->str, rows[i].mail);
  }
  static const char *const wrong[] = {"",
                                      "Z",
                                      "991332000000Z",
                                      "990230000000Z",
                                      "9901012500Z",
                                      "99010112x0Z",
                                      "990101120000",
                                      "9901011200005Z5",
                                      "9999999999999999999999999999999999"};
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
    if (strcmp(wrong[i], "990101120000") != 0) /* without a zone it is taken as UTC */
      ck_assert_msg(!mail_time_parse_utc(wrong[i], strlen(wrong[i]), &time), "%s", wrong[i]);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/mime_writer");
  TCase *tests = tcase_create("mail");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, any_subject_comes_back);
  tcase_add_test(tests, raw_fields_keep_to_the_line);
  tcase_add_test(tests, any_parameter_comes_back);
  tcase_add_test(tests, any_mailbox_comes_back);
  tcase_add_test(tests, any_content_comes_back_in_every_encoding);
  tcase_add_test(tests, transfer_is_chosen_by_the_content);
  tcase_add_test(tests, fields_cannot_be_injected);
  tcase_add_loop_test(tests, broken_mails_are_read, 0, G_N_ELEMENTS(mails));
  tcase_add_test(tests, limits_hold_while_reading);
  tcase_add_test(tests, parts_are_found_across_blocks);
  tcase_add_loop_test(tests, charsets_are_read, 0, G_N_ELEMENTS(charsets));
  tcase_add_loop_test(tests, times_keep_their_zone, 0, G_N_ELEMENTS(times));
  tcase_add_test(tests, odd_times_of_peers);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
