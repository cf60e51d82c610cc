/* test_charset_sets.c: every character of every registered set, both ways; glibc's iconv and the charmaps of
 * Debian's package locales as judges that know nothing of our tables. */
#include "asn1/charset.h"
#include "asn1/charset_sets.h"

#include <check.h>
#include <errno.h>
#include <gio/gio.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RIGHT = 0x80 };

static bool is_mark(gunichar character)
{
  return character >= COMBINING_FIRST && character <= COMBINING_LAST;
}

/* The octets at a position of a set that is designated as G1 and invoked to the right. */
static GString *octets_at(const struct graphic_set *set, guint8 first, guint8 second)
{
  GString *octets = g_string_new("\x1b");
  if (set->octets == 2)
    g_string_append_c(octets, '$');
  g_string_append_c(octets, set->size == 96 ? '-' : ')');
  if (set->intermediate)
    g_string_append_c(octets, (char)set->intermediate);
  g_string_append_c(octets, (char)set->final);
  g_string_append(octets, "\x1b~");
  g_string_append_c(octets, (char)(first | RIGHT));
  if (set->octets == 2)
    g_string_append_c(octets, (char)(second | RIGHT));
  return octets;
}

static void check_back(const struct graphic_set *set, const char *utf8)
{
  struct charset_encoder *encoder = charset_encoder_new(CHARSET_GENERAL, set->registration);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  charset_encoder_feed(encoder, utf8, strlen(utf8), true, octets);
  ck_assert_msg(charset_encoder_loss(encoder).substituted == 0, "%u has no way back to %s", set->registration,
                utf8);
  charset_encoder_free(encoder);
  struct charset_loss loss = {0};
  g_autofree char *again = charset_to_utf8(CHARSET_GENERAL, octets->data, octets->len, &loss);
  ck_assert_str_eq(again, utf8);
  ck_assert_uint_eq(loss.substituted, 0);
}

START_TEST(whole_sets)
{
  const struct graphic_set *set = &graphic_sets[_i];
  guint characters = 0, last = set->octets == 2 ? 0x7E : 0;
  for (guint first = 0x20; first <= 0x7F; first++)
    for (guint second = last ? 0x21 : 0; second <= last; second++) {
      gunichar character = graphic_set_character(set, (guint8)first, (guint8)second);
      if (!character || is_mark(character))
        continue;
      characters++;
      char utf8[7] = {0};
      g_unichar_to_utf8(character, utf8);
      g_autoptr(GString) octets = octets_at(set, (guint8)first, (guint8)second);
      struct charset_loss loss = {0};
      g_autofree char *got = charset_to_utf8(CHARSET_GENERAL, octets->str, octets->len, &loss);
      ck_assert_msg(!strcmp(got, utf8) && !loss.substituted, "%u %02x%02x: %s, not %s", set->registration,
                    first, second, got, utf8);
      if (set->octets == 2 || set->table)
        check_back(set, utf8);
    }
  ck_assert_msg(characters > 20, "%u: %u characters", set->registration, characters);
}
END_TEST

/* --- the judges --- */

/* A judge's encoding that has the set in one of its halves, behind some octets. */
static const struct {
  guint registration;
  const char *name; /* NULL: "ISO-IR-" and the registration */
  const char *before;
  guint8 half;
} judged[] = {
    {6, NULL, "", 0},
    {4, NULL, "", 0},
    {10, NULL, "", 0},
    {11, NULL, "", 0},
    {14, NULL, "", 0},
    {15, NULL, "", 0},
    {16, NULL, "", 0},
    {17, NULL, "", 0},
    {18, NULL, "", 0},
    {19, NULL, "", 0},
    {21, NULL, "", 0},
    {25, NULL, "", 0},
    {27, NULL, "", 0},
    {37, NULL, "", 0},
    {49, NULL, "", 0},
    {50, NULL, "", 0},
    {51, NULL, "", 0},
    {54, NULL, "", 0},
    {55, NULL, "", 0},
    {57, NULL, "", 0},
    {60, NULL, "", 0},
    {61, NULL, "", 0},
    {69, NULL, "", 0},
    {84, NULL, "", 0},
    {85, NULL, "", 0},
    {86, NULL, "", 0},
    {88, NULL, "", 0},
    {89, NULL, "", 0},
    {121, NULL, "", 0},
    {122, NULL, "", 0},
    {141, NULL, "", 0},
    {150, NULL, "", 0},
    {151, NULL, "", 0},
    {13, "EUC-JP", "\x8e", RIGHT},
    {90, NULL, "", RIGHT},
    {99, NULL, "", RIGHT},
    {100, "ISO-8859-1", "", RIGHT},
    {101, "ISO-8859-2", "", RIGHT},
    {109, "ISO-8859-3", "", RIGHT},
    {110, "ISO-8859-4", "", RIGHT},
    {144, "ISO-8859-5", "", RIGHT},
    {127, "ISO-8859-6", "", RIGHT},
    {227, "ISO-8859-7", "", RIGHT},
    {198, "ISO-8859-8", "", RIGHT},
    {148, "ISO-8859-9", "", RIGHT},
    {157, "ISO-8859-10", "", RIGHT},
    {166, "ISO-8859-11", "", RIGHT},
    {179, "ISO-8859-13", "", RIGHT},
    {199, "ISO-8859-14", "", RIGHT},
    {203, "ISO-8859-15", "", RIGHT},
    {226, "ISO-8859-16", "", RIGHT},
    {103, "T.61-8BIT", "", RIGHT},
    {111, NULL, "", RIGHT},
    {139, NULL, "", RIGHT},
    {143, NULL, "", RIGHT},
    {153, NULL, "", RIGHT},
    {155, NULL, "", RIGHT},
    {156, NULL, "", RIGHT},
    {197, NULL, "", RIGHT},
    {209, NULL, "", RIGHT},
    {58, "GB2312", "", RIGHT},
    {149, "EUC-KR", "", RIGHT},
    {87, "EUC-JP", "", RIGHT},
    {159, "EUC-JP", "\x8f", RIGHT},
    {171, "EUC-TW", "", RIGHT},
    {172, "EUC-TW", "\x8e\xa2", RIGHT},
    {165, "ISO-2022-CN-EXT", "\x1b$)E\x0e", 0},
};

/* One character of octets; 0: it has none, or one of its own making. */
static gunichar iconv_character(iconv_t iconv_handle, const char *octets, gsize length)
{
  char out[16], *to = out, *from = (char *)(guintptr)octets;
  gsize left = length, room = sizeof out;
  iconv(iconv_handle, NULL, NULL, NULL, NULL);
  if (iconv(iconv_handle, &from, &left, &to, &room) == (gsize)-1)
    return 0;
  iconv(iconv_handle, NULL, NULL, &to, &room); /* some keep a letter that an accent may follow */
  *to = 0;
  return g_utf8_strlen(out, -1) == 1 ? g_utf8_get_char(out) : 0;
}

static bool is_private(gunichar character)
{
  return character >= 0xE000 && character <= 0xF8FF;
}

/* Positions where the judge and the register differ, or where we take what is meant (decision 0012). */
static bool is_known_difference(guint registration, guint first, guint second)
{
  static const struct {
    guint registration, first, second;
  } known[] = {{103, 0x29, 0}, {58, 0x21, 0x24}, {58, 0x21, 0x2A}};
  for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
    if (known[i].registration == registration && known[i].first == first && known[i].second == second)
      return true;
  return false;
}

static guint differences(const struct graphic_set *set, iconv_t handle, const char *before, guint8 half,
                         guint *same_r)
{
  guint wrong = 0, last = set->octets == 2 ? 0x7E : 0;
  for (guint first = set->size == 96 ? 0x20 : 0x21; first <= (set->size == 96 ? 0x7FU : 0x7EU); first++)
    for (guint second = last ? 0x21 : 0; second <= last; second++) {
      gunichar ours = graphic_set_character(set, (guint8)first, (guint8)second);
      g_autoptr(GString) octets = g_string_new(before);
      g_string_append_c(octets, (char)(first | half));
      if (last)
        g_string_append_c(octets, (char)(second | half));
      gunichar theirs = iconv_character(handle, octets->str, octets->len);
      if (is_mark(ours) || is_known_difference(set->registration, first, second))
        continue;
      if (ours == theirs || (!ours && is_private(theirs))) {
        *same_r += ours != 0;
        continue;
      }
      wrong++;
      printf("# %u %02x%02x: U+%04X here, U+%04X there\n", set->registration, first, second, ours, theirs);
      fflush(stdout);
    }
  return wrong;
}

START_TEST(as_iconv_has_them)
{
  const struct graphic_set *set = graphic_set_registered(judged[_i].registration);
  g_autofree char *name =
      judged[_i].name ? g_strdup(judged[_i].name) : g_strdup_printf("ISO-IR-%u", judged[_i].registration);
  iconv_t handle = iconv_open("UTF-8", name);
  ck_assert_msg(handle != (iconv_t)-1, "iconv has no %s", name);
  guint same = 0;
  ck_assert_uint_eq(differences(set, handle, judged[_i].before, judged[_i].half, &same), 0);
  iconv_close(handle);
  printf("%u: %u characters as in %s\n", set->registration, same, name);
  fflush(stdout);
}
END_TEST

/* Accents of T.61 and ISO 6937 before letters: what iconv composes is what we do, and goes back. */
START_TEST(accents_as_iconv_has_them)
{
  iconv_t handle = iconv_open("UTF-8", "T.61-8BIT");
  ck_assert(handle != (iconv_t)-1);
  guint composed = 0;
  for (guint accent = 0xC1; accent <= 0xCF; accent++)
    for (guint letter = 0x20; letter <= 0x7E; letter++) {
      const char octets[] = {(char)accent, (char)letter, 0};
      gunichar theirs = iconv_character(handle, octets, 2);
      if (!theirs || is_private(theirs))
        continue;
      char utf8[7] = {0};
      g_unichar_to_utf8(theirs, utf8);
      struct charset_loss loss = {0};
      g_autofree char *ours = charset_to_utf8(CHARSET_TELETEX, octets, 2, &loss);
      ck_assert_msg(!strcmp(ours, utf8), "%02x%02x: %s, not %s", accent, letter, ours, utf8);
      g_autoptr(GByteArray) back = charset_from_utf8(CHARSET_TELETEX, utf8, &loss);
      g_autofree char *again = charset_to_utf8(CHARSET_TELETEX, back->data, back->len, &loss);
      ck_assert_str_eq(again, utf8);
      ck_assert_uint_eq(loss.substituted, 0);
      composed++;
    }
  iconv_close(handle);
  printf("T.61: %u accented letters\n", composed);
  ck_assert_uint_gt(composed, 150);
}
END_TEST

/* The encodings of ISO 10646, as iconv writes them. */
static const struct {
  long registration;
  const char *name;
} systems[] = {{196, "UTF-8"},    {190, "UTF-8"},    {191, "UTF-8"},    {192, "UTF-8"},    {162, "UTF-16BE"},
               {174, "UTF-16BE"}, {176, "UTF-16BE"}, {193, "UTF-16BE"}, {194, "UTF-16BE"}, {195, "UTF-16BE"},
               {163, "UTF-32BE"}, {175, "UTF-32BE"}, {177, "UTF-32BE"}};

START_TEST(iso_10646)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (gunichar character = 0x20; character < 0x110000; character += character < 0x3000 ? 1 : 97)
    if (g_unichar_validate(character) && character != 0x7F)
      g_string_append_unichar(text, character);
  gsize length;
  g_autofree char *theirs =
      g_convert(text->str, (gssize)text->len, systems[_i].name, "UTF-8", NULL, &length, NULL);
  struct charset_encoder *encoder = charset_encoder_new(CHARSET_GENERAL, systems[_i].registration);
  g_autoptr(GByteArray) ours = g_byte_array_new();
  charset_encoder_feed(encoder, text->str, text->len, true, ours);
  ck_assert_uint_eq(charset_encoder_loss(encoder).substituted, 0);
  charset_encoder_free(encoder);
  guint escape = systems[_i].registration == 196 ? 3 : 4;
  ck_assert_uint_eq(ours->len, escape + length);
  ck_assert(!memcmp(ours->data + escape, theirs, length));
  struct charset_loss loss = {0};
  g_autofree char *back = charset_to_utf8(CHARSET_GENERAL, ours->data, ours->len, &loss);
  ck_assert_str_eq(back, text->str);
  /* and where the parameters alone say it */
  struct charset_decoder *decoder = charset_decoder_new(CHARSET_GENERAL, &systems[_i].registration, 1);
  g_autoptr(GString) again = g_string_new(NULL);
  charset_decoder_feed(decoder, theirs, length, true, again);
  ck_assert_str_eq(again->str, text->str);
  charset_decoder_free(decoder);
}
END_TEST

/* A TeletexString with all sets that X.680 lets it have. */
START_TEST(teletex_with_all_sets)
{
  static const char text[] = "Grüße, Ελλάδα: Привет мир!\r\n日本語 中国话 שלום\r\nñ {x}";
  struct charset_encoder *encoder = charset_encoder_new(CHARSET_TELETEX, CHARSET_ALL_SETS);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  charset_encoder_feed(encoder, text, strlen(text), true, octets);
  ck_assert_uint_eq(charset_encoder_loss(encoder).substituted, 0);
  charset_encoder_free(encoder);
  struct charset_loss loss = {0};
  g_autofree char *back = charset_to_utf8(CHARSET_TELETEX, octets->data, octets->len, &loss);
  ck_assert_str_eq(back, text);
  ck_assert_uint_eq(loss.substituted, 0);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("charset sets");
  TCase *tcase = tcase_create("sets");
  tcase_add_loop_test(tcase, whole_sets, 0, (int)graphic_sets_count);
  tcase_add_loop_test(tcase, as_iconv_has_them, 0, G_N_ELEMENTS(judged));
  tcase_add_test(tcase, accents_as_iconv_has_them);
  tcase_add_loop_test(tcase, iso_10646, 0, G_N_ELEMENTS(systems));
  tcase_add_test(tcase, teletex_with_all_sets);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
