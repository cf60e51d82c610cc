/* test_charset.c: every character of every repertoire, both ways, and what peers write against the rules. */
#include "asn1/charset.h"
#include "lib/notation.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void check_decodes(enum charset charset, const char *octets, gsize length, const char *utf8,
                          guint64 substituted)
{
  struct charset_loss loss = {0};
  g_autofree char *got = charset_to_utf8(charset, octets, length, &loss);
  g_autofree char *hex = notation_hex(octets, length);
  ck_assert_msg(!strcmp(got, utf8), "%s gives %s, not %s", hex, got, utf8);
  ck_assert_uint_eq(loss.substituted, substituted);
}

static void check_encodes(enum charset charset, const char *utf8, const char *octets, gsize length,
                          guint64 substituted)
{
  struct charset_loss loss = {0};
  g_autoptr(GByteArray) got = charset_from_utf8(charset, utf8, &loss);
  g_autofree char *hex = notation_hex(got->data, got->len);
  ck_assert_msg(got->len == length && !memcmp(got->data, octets, length), "%s gives %s", utf8, hex);
  ck_assert_uint_eq(loss.substituted, substituted);
}

/* T.61 3.2.5, table 2: the accented letters of teletex; RFC 1345 T.61-8bit. */
static const struct {
  guint8 accent;
  const char *letters;
  const char *accented;
} accents[] = {
    {0xC1, "AEIOUaeiou", "ÀÈÌÒÙàèìòù"},
    {0xC2, " ACEILNORSUYZaceilnorsuyz", "´ÁĆÉÍĹŃÓŔŚÚÝŹáćéíĺńóŕśúýź"},
    {0xC3, "ACEGHIJOSUWYaceghijosuwy", "ÂĈÊĜĤÎĴÔŜÛŴŶâĉêĝĥîĵôŝûŵŷ"},
    {0xC4, "AINOUainou", "ÃĨÑÕŨãĩñõũ"},
    {0xC5, " AEIOUaeiou", "¯ĀĒĪŌŪāēīōū"},
    {0xC6, " AGUagu", "˘ĂĞŬăğŭ"},
    {0xC7, " CEGIZcegz", "˙ĊĖĠİŻċėġż"},
    {0xC8, " AEIOUYaeiouy", "¨ÄËÏÖÜŸäëïöüÿ"},
    {0xCA, " AUau", "˚ÅŮåů"},
    {0xCB, " CGKLNRSTcgklnrst", "¸ÇĢĶĻŅŖŞŢçģķļņŗşţ"},
    {0xCD, " OUou", "˝ŐŰőű"},
    {0xCE, " AEIUaeiu", "˛ĄĘĮŲąęįų"},
    {0xCF, " CDELNRSTZcdelnrstz", "ˇČĎĚĽŇŘŠŤŽčďěľňřšťž"},
};

START_TEST(accented_letters)
{
  const char *accented = accents[_i].accented;
  for (const char *letter = accents[_i].letters; *letter; letter++, accented = g_utf8_next_char(accented)) {
    char octets[] = {(char)accents[_i].accent, *letter};
    g_autofree char *expected = g_strndup(accented, (gsize)(g_utf8_next_char(accented) - accented));
    check_decodes(CHARSET_TELETEX, octets, 2, expected, 0);
    check_encodes(CHARSET_TELETEX, expected, octets, 2, 0);
  }
  ck_assert_int_eq(*accented, 0);
}
END_TEST

static const struct {
  enum charset charset;
  const char *octets;
  gsize length;
  const char *utf8;
} both_ways[] = {
#define ROW(charset, octets, utf8)                                                                           \
  {                                                                                                          \
    CHARSET_##charset, octets, sizeof(octets) - 1, utf8                                                      \
  }
    ROW(IA5, "plain text\r\n", "plain text\r\n"),
    ROW(TELETEX, "Stra\xfb\x65", "Straße"),
    ROW(TELETEX, "\xa6\xa4\xa8", "#$¤"),
    ROW(TELETEX, "@[]_|", "@[]_|"),
    ROW(TELETEX, "\xc1 \xc3 \xc4 ", "`^~"),
    ROW(TELETEX, "C:\x1b(B\\dir{1}#", "C:\\dir{1}#"),
    ROW(TELETEX, "\xe1\xe9\xea\xec\xf1\xf3\xf9\xfa\xfc\xf5", "ÆØŒÞæðøœþı"),
    ROW(TELETEX, "\xc8\xc2u", "ǘ"), /* two accents */
    ROW(GENERAL, "ASCII alone", "ASCII alone"),
    ROW(GENERAL, "\x1b(B\x1b-A\x1b~caf\xe9", "café"),
    ROW(GENERAL, "\x1b(B\x1b-B\x1b~\xb1", "ą"),
    ROW(GENERAL, "\x1b(B\x1b-L\x1b~\xb4\xd0", "Да"),
    ROW(GENERAL, "\x1b(B\x1b-F\x1b~\xe1", "α"),
    ROW(GENERAL, "\x1b(B\x1b-b\x1b~\xa4", "€"),
    ROW(GENERAL, "a\x1b$B\x24\x22\x1b(Bb", "aあb"),
    ROW(GENERAL, "\x1b%G\xf0\x9f\x98\x80 \xd0\x94\xc3\xa9", "😀 Дé"),
    ROW(BMP, "\0A\x04\x14", "AД"),
    ROW(UNIVERSAL, "\0\0\0A\0\1\xf6\0", "A😀"),
    ROW(UTF8, "\xc3\xa9", "é"),
};

START_TEST(pairs)
{
  check_decodes(both_ways[_i].charset, both_ways[_i].octets, both_ways[_i].length, both_ways[_i].utf8, 0);
  check_encodes(both_ways[_i].charset, both_ways[_i].utf8, both_ways[_i].octets, both_ways[_i].length, 0);
}
END_TEST

static const struct {
  enum charset charset;
  const char *octets;
  gsize length;
  const char *utf8;
  guint64 substituted, tolerated, dropped;
} received[] = {
#define LOSS(charset, octets, utf8, ...)                                                                     \
  {                                                                                                          \
    CHARSET_##charset, octets, sizeof(octets) - 1, utf8, __VA_ARGS__                                         \
  }
    LOSS(IA5, "na\xefve \xe4", "naïve ä", 0, 2, 0),          /* interop note 16 */
    LOSS(IA5, "\x93quoted\x94 \x8e", "“quoted” Ž", 0, 3, 0), /* as Windows means it */
    LOSS(IA5, "\x81", "�", 1, 0, 0),
    LOSS(TELETEX, "#$\\^`{}~", "#$\\^`{}~", 0, 0, 0),     /* positions that T.61 leaves empty */
    LOSS(TELETEX, "\xc9\x41\xc9\x6f", "Äö", 0, 0, 0),     /* the umlaut that is no diaeresis */
    LOSS(TELETEX, "\xcc\x61", "a\xcc\xb2", 0, 0, 0),      /* underlined */
    LOSS(TELETEX, "\x19\xc8\x61 \x19Hu", "ä ü", 0, 0, 0), /* single shift of G2, in eight bits and seven */
    LOSS(TELETEX, "\x1b-A\x1b~\xe9", "é", 0, 0, 0),       /* Latin-1 designated */
    LOSS(TELETEX, "\x1b)v\x0e\x7b\x0f{", "ß{", 0, 0, 0),  /* 103 as G1, locked left */
    LOSS(TELETEX, "a\x9b\x31mb", "ab", 0, 0, 1),          /* a control sequence */
    LOSS(TELETEX, "\xd0", "�", 1, 0, 0),
    LOSS(TELETEX, "x\xc8", "x¨", 0, 0, 0), /* an accent at the end */
    LOSS(TELETEX, "\xc8\r\n", "¨\r\n", 0, 0, 0),
    LOSS(GENERAL, "caf\xe9", "café", 0, 1, 0),                      /* nothing designated */
    LOSS(GENERAL, "\x1b(B\x1b-A\x1b!A\x1b~\xe9\x85", "é", 0, 0, 1), /* RFC 2157 6.2's own sequence; NEL */
    LOSS(GENERAL, "\x1b$)B\x1b~\xa4\xa2\xa4", "あ�", 1, 0, 0),
    LOSS(GENERAL, "\x1b.F\x1bNa", "α", 0, 0, 0),  /* SS2 */
    LOSS(GENERAL, "\x1b(K{|}~", "äöüß", 0, 0, 0), /* the German variant of ISO 646 */
    LOSS(GENERAL, "\x1b%Gab\xffx\x1b%@d", "ab�xd", 1, 0, 0),
    LOSS(GENERAL, "a\x1b\nb", "a\nb", 0, 0, 1), /* an escape that is none */
    LOSS(GENERAL, "a\x1b", "a", 0, 0, 1),
    LOSS(GENERAL, "\x1b(PA", "�", 1, 0, 0), /* a set that is not known */
    LOSS(BMP, "\0A\xd8\0\0", "A��", 2, 0, 0),
    LOSS(GENERAL, "\x1b(!@A\x1b(BA", "ΑA", 0, 0, 0),               /* two intermediate octets: T.61's Greek */
    LOSS(GENERAL, "\x1b&@\x1b$B\x24\x22\x1b(B", "あ", 0, 0, 0),    /* a revision: ISO-IR 168 */
    LOSS(GENERAL, "\x1b%/@\0A\0\x1b\0%\0@B", "AB", 0, 0, 0),       /* UCS-2, and back in its width */
    LOSS(GENERAL, "\x1b%/@\0\x1b\0%\0A", "\x1b%A", 0, 0, 0),       /* not back */
    LOSS(GENERAL, "\x1b%/@\xd8\x3d\0A", "�A", 1, 0, 0),            /* half a pair */
    LOSS(GENERAL, "\x1b!E\x1b)v\x1b*v\x19\x42\x61", "á", 0, 0, 0), /* T.61's controls in a general string */
    LOSS(TELETEX, "\x1b$)A\x0e\x56\x50\x0f!", "中!", 0, 0, 0),     /* GB 2312, locking shift */
};

START_TEST(tolerance)
{
  struct charset_loss loss = {0};
  g_autofree char *got =
      charset_to_utf8(received[_i].charset, received[_i].octets, received[_i].length, &loss);
  ck_assert_str_eq(got, received[_i].utf8);
  ck_assert_uint_eq(loss.substituted, received[_i].substituted);
  ck_assert_uint_eq(loss.tolerated, received[_i].tolerated);
  ck_assert_uint_eq(loss.dropped, received[_i].dropped);
}
END_TEST

static const struct {
  enum charset charset;
  const char *utf8;
  const char *octets;
  guint64 substituted;
} losses[] = {
    {CHARSET_IA5, "“Größe” – 5 €…", "\"Grosse\" - 5 EUR...", 7},
    {CHARSET_IA5, "Д", "?", 1},
    {CHARSET_IA5, "\x1b$B\x0e\x7f\t", "?$B??\t", 3}, /* no shifts of the text's own */
    {CHARSET_GENERAL, "\x1b(K", "?(K", 1},
    {CHARSET_IA5, "Ångström", "Angstrom", 2},
    {CHARSET_TELETEX, "Д€", "?EUR", 2},
    {CHARSET_TELETEX, "ﬁ", "fi", 1},
};

START_TEST(narrower_sets)
{
  check_encodes(losses[_i].charset, losses[_i].utf8, losses[_i].octets, strlen(losses[_i].octets),
                losses[_i].substituted);
}
END_TEST

/* What was substituted is told by name, count and line. */
START_TEST(words)
{
  struct charset_encoder *encoder = charset_encoder_new(CHARSET_IA5, 0);
  g_autoptr(GByteArray) out = g_byte_array_new();
  static const char text[] = "plain\r\n10 € é € \342\200\213";
  charset_encoder_feed(encoder, text, strlen(text), true, out);
  g_autofree char *said = charset_encoder_words(encoder);
  ck_assert_str_eq(said, "\"€\" became \"EUR\" (2 times), \"é\" became \"e\", U+200B became \"?\"");
  ck_assert_uint_eq(charset_encoder_loss(encoder).first_line, 2);
  charset_encoder_free(encoder);
  encoder = charset_encoder_new(CHARSET_IA5, 0);
  static const char many[] = "αβγδεζηθικ";
  charset_encoder_feed(encoder, many, strlen(many), true, out);
  g_autofree char *counted = charset_encoder_words(encoder);
  ck_assert(g_str_has_suffix(counted, " and 2 others"));
  charset_encoder_free(encoder);
}
END_TEST

START_TEST(octets_that_are_no_utf8)
{
  check_encodes(CHARSET_IA5, "a\xff\x62\xc3", "a?b?", 4, 2);
  check_encodes(CHARSET_IA5, "\xe2\x82\x62", "?b", 2, 1);
}
END_TEST

START_TEST(choice)
{
  ck_assert_int_eq(charset_choose("ASCII"), 6);
  ck_assert_int_eq(charset_choose("é"), 100);
  ck_assert_int_eq(charset_choose("ąé"), 101);
  ck_assert_int_eq(charset_choose("Да"), 144);
  ck_assert_int_eq(charset_choose("α"), 126);
  ck_assert_int_eq(charset_choose("日本"), 87);
  ck_assert_int_eq(charset_choose("们"), 58);
  ck_assert_int_eq(charset_choose("한"), 149);
  ck_assert_int_eq(charset_choose("ñ日"), 196);
  struct charset_choice pieces;
  charset_choice_init(&pieces);
  charset_choice_feed(&pieces, "x\xd0", 2);
  charset_choice_feed(&pieces, "\x94", 1);
  ck_assert_int_eq(charset_choice_result(&pieces), 144);
}
END_TEST

START_TEST(names)
{
  ck_assert_str_eq(charset_mime_name(100), "ISO-8859-1");
  ck_assert_int_eq(charset_registration("iso-8859-9"), 148);
  ck_assert_ptr_null(charset_mime_name(5));
  ck_assert_int_eq(charset_registration("KOI8-R"), 0);
  long parameters[4];
  ck_assert_uint_eq(charset_parameters(100, parameters), 2);
  ck_assert_int_eq(parameters[0], 6);
  ck_assert_int_eq(parameters[1], 100);
  ck_assert_uint_eq(charset_parameters(87, parameters), 4);
  ck_assert_uint_eq(charset_parameters(6, parameters), 1);
  ck_assert_uint_eq(charset_parameters(196, parameters), 1);
}
END_TEST

/* Registrations in the parameters stand in for escape sequences that a sender left out. */
START_TEST(registrations_given)
{
  struct charset_decoder *decoder = charset_decoder_new(CHARSET_GENERAL, (const long[]){1, 6, 101}, 3);
  g_autoptr(GString) out = g_string_new(NULL);
  charset_decoder_feed(decoder, "\xb1", 1, true, out);
  ck_assert_str_eq(out->str, "ą");
  charset_decoder_free(decoder);
  decoder = charset_decoder_new(CHARSET_GENERAL, (const long[]){196}, 1);
  charset_decoder_feed(decoder, "\xc4\x85", 2, true, out);
  ck_assert_str_eq(out->str, "ąą");
  charset_decoder_free(decoder);
}
END_TEST

/* Pieces of any size give what the whole gives. */
START_TEST(pieces)
{
  const char *octets = received[_i].octets;
  for (gsize size = 1; size < 4; size++) {
    struct charset_decoder *decoder = charset_decoder_new(received[_i].charset, NULL, 0);
    g_autoptr(GString) out = g_string_new(NULL);
    for (gsize at = 0; at < received[_i].length; at += size)
      charset_decoder_feed(decoder, octets + at, MIN(size, received[_i].length - at), false, out);
    charset_decoder_feed(decoder, NULL, 0, true, out);
    ck_assert_str_eq(out->str, received[_i].utf8);
    charset_decoder_free(decoder);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("charset");
  TCase *tcase = tcase_create("charset");
  tcase_add_loop_test(tcase, accented_letters, 0, G_N_ELEMENTS(accents));
  tcase_add_loop_test(tcase, pairs, 0, G_N_ELEMENTS(both_ways));
  tcase_add_loop_test(tcase, tolerance, 0, G_N_ELEMENTS(received));
  tcase_add_loop_test(tcase, pieces, 0, G_N_ELEMENTS(received));
  tcase_add_loop_test(tcase, narrower_sets, 0, G_N_ELEMENTS(losses));
  tcase_add_test(tcase, words);
  tcase_add_test(tcase, octets_that_are_no_utf8);
  tcase_add_test(tcase, choice);
  tcase_add_test(tcase, names);
  tcase_add_test(tcase, registrations_given);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
