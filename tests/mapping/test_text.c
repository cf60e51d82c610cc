/* test_text.c: texts between MIME's sets and X.400's strings: the order of forms case by case, and random
 * texts both ways.
 *
 * time-limit: 900 */
#include "asn1/charset_sets.h"
#include "lib/road.h"
#include "mapping/mime_charset.h"
#include "mapping/text.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS = 100000, STRINGS = 20000, POOL_MAX = 4000, SEED = 400 };

static const char *const form_names[] = {"general-text", "utf-8", "iso8859-1",     "teletex",
                                         "teletex-sets", "ia5",   "file-transfer", "harpoon"};

static GHashTable *charsets;

static void setup(void)
{
  charsets = mime_charset_table_new();
}

static void teardown(void)
{
  g_hash_table_unref(charsets);
}

static enum text_status to_x400(const char *charset, const char *octets, gsize length,
                                const struct mapping_text_forms *forms, struct text_made *made)
{
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  g_autoptr(octets_t) content = octets_new(octets, length);
  g_autoptr(GError) error = NULL;
  enum text_status status = text_to_x400(charsets, charset, content, forms, spill, made, &error);
  ck_assert_msg(status != TEXT_ERROR, "%s", error ? error->message : "");
  return status;
}

/* The string as mail has it again, in UTF-8. */
static GString *back(enum charset string, const long *registrations, gsize count, struct octets *octets,
                     char **charset_r, struct charset_loss *loss)
{
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  g_autoptr(octets_t) text =
      text_from_x400(string, registrations, count, octets, spill, charset_r, loss, NULL);
  ck_assert_ptr_nonnull(text);
  g_autoptr(GBytes) bytes = octets_to_bytes(text, 1 << 20, NULL);
  GString *utf8 = g_string_new(NULL);
  guint replaced = 0;
  bool known = mime_charset_to_utf8(charsets, *charset_r, g_bytes_get_data(bytes, NULL),
                                    g_bytes_get_size(bytes), utf8, &replaced);
  ck_assert_msg(known && !replaced, "what was written in %s is read", *charset_r);
  return utf8;
}

static GString *made_back(const struct text_made *made, char **charset_r, struct charset_loss *loss)
{
  enum charset string = made->form == MAPPING_TEXT_TELETEX ? CHARSET_TELETEX
                        : made->form == MAPPING_TEXT_IA5   ? CHARSET_IA5
                                                           : CHARSET_GENERAL;
  return back(string, made->registrations, made->count, made->octets, charset_r, loss);
}

/* --- case by case --- */

static const struct {
  const char *charset, *octets, *forms;
  bool exact;
  const char *form, *octets_out; /* general-text, teletex, ia5, or what has no string */
  long registration;
  const char *lost;
} rows[] = {
    {"utf-8", "Gr\xC3\xBC\xC3\x9F", "general-text file-transfer", false, "general-text",
     "\x1b(B\x1b-A\x1b~Gr\xFC\xDF", 100, NULL},
    {"iso-8859-2", "Gr\xFC\xDF", "general-text file-transfer", false, "general-text",
     "\x1b(B\x1b-B\x1b~Gr\xFC\xDF", 101, NULL}, /* RFC 2157 6.2: the set that the mail names */
    {"euc-kr", "\xC7\xD1", "general-text file-transfer", false, "general-text", "\x1b(B\x1b$)C\x1b~\xC7\xD1",
     149, NULL},
    {"utf-8", "Gr\xC3\xBC\xC3\x9F", "utf-8 file-transfer", false, "general-text", "\x1b%GGr\xC3\xBC\xC3\x9F",
     196, NULL},
    {"utf-8", "Gr\xC3\xBC\xC3\x9F", "teletex harpoon", false, "teletex", "Gr\xC8u\xFB", 0, NULL},
    {"utf-8", "\xD0\x96", "teletex harpoon", false, "harpoon", NULL, 0, NULL},
    {"utf-8", "\xD0\x96", "teletex teletex-sets", false, "teletex", "\x1b-L\x0e\x36\x0f", 0, NULL},
    {"utf-8", "\xD0\x96\xC3\xA9", "iso8859-1 teletex ia5", false, "ia5", "?e", 0,
     "2 characters, the first in line 1: \"Ж\" became \"?\", \"é\" became \"e\""},
    {"utf-8", "\xD0\x96\xC3\xA9", "iso8859-1 teletex ia5", true, "harpoon", NULL, 0, NULL},
    {"utf-8", "a\r\n5 \xE2\x82\xAC", "ia5 iso8859-1", false, "general-text", "\x1b(B\x1b-A\x1b~a\r\n5 EUR",
     100, "1 characters, the first in line 2: \"€\" became \"EUR\""},
    {"utf-8", "bad \xFF", "general-text file-transfer", false, "file-transfer", NULL, 0, NULL},
    {"utf-8", "bad \xFF", "general-text utf-8", false, "general-text",
     "\x1b%G"
     "bad \xEF\xBF\xBD",
     196, "1 octets that are not of its set became U+FFFD"},
    {"unheard-of", "x", "general-text file-transfer", false, "file-transfer", NULL, 0, NULL},
    {"unknown-8bit", "x\xE9", "general-text file-transfer", false, "general-text", "\x1b(B\x1b-A\x1b~x\xE9",
     100, NULL},
    {"utf-8", "plain", "utf-8 file-transfer", false, "ia5", "plain", 0, NULL},
    {"iso-2022-jp", "\x1b$B$\"\x1b(B", "general-text file-transfer", false, "general-text", "\x1b$B$\"\x1b(B",
     87, NULL},
    {"utf-7", "+AOk-", "general-text file-transfer", false, "general-text", "\x1b(B\x1b-A\x1b~\xE9", 100,
     NULL},
    {"teletex", "\xC8u\x0Cx", "general-text file-transfer", false, "teletex", "\xC8u\x0Cx", 0, NULL},
    {"x-iso-6-202", "\x1b$)N\xA1\xA1", "general-text file-transfer", false, "general-text", "\x1b$)N\xA1\xA1",
     202, NULL},
    {"us-ascii", "", "ia5 harpoon", false, "ia5", "", 0, NULL},
    {"us-ascii", "esc \x1b[1m", "ia5 harpoon", false, "harpoon", NULL, 0, NULL},
    {"us-ascii", "bare\nfeed", "ia5 harpoon", false, "ia5", "bare\r\nfeed", 0, NULL},
};

START_TEST(forms_in_order)
{
  struct mapping_text_forms forms = {.exact = rows[_i].exact};
  ck_assert(mapping_text_forms_read(rows[_i].forms, &forms));
  struct text_made made = {0};
  enum text_status status =
      to_x400(rows[_i].charset, rows[_i].octets, strlen(rows[_i].octets), &forms, &made);
  ck_assert_str_eq(form_names[made.form], rows[_i].form);
  ck_assert_int_eq(status, rows[_i].octets_out ? TEXT_OK : TEXT_UNFIT);
  if (rows[_i].octets_out) {
    g_autoptr(GBytes) bytes = octets_to_bytes(made.octets, 10000, NULL),
                      wanted = g_bytes_new_static(rows[_i].octets_out, strlen(rows[_i].octets_out));
    ck_assert_msg(g_bytes_equal(bytes, wanted), "%.*s", (int)g_bytes_get_size(bytes),
                  (const char *)g_bytes_get_data(bytes, NULL));
  }
  if (rows[_i].registration)
    ck_assert_int_eq(made.registrations[made.count - 1], rows[_i].registration);
  ck_assert_msg(!g_strcmp0(made.lost, rows[_i].lost), "%s", made.lost ? made.lost : "nothing lost");
  text_made_clear(&made);
}
END_TEST

static const struct {
  enum charset string;
  long registrations[5];
  const char *octets, *charset, *text;
} strings[] = {
    {CHARSET_IA5, {0}, "plain", "us-ascii", "plain"},
    {CHARSET_IA5, {0}, "n\xE4", "iso-8859-1", "nä"}, /* against the standard, and read all the same */
    {CHARSET_GENERAL, {6, 101}, "\x1b(B\x1b-B\x1b~\xE9", "iso-8859-2", "é"},
    {CHARSET_GENERAL, {6, 14, 42, 87}, "\x1b$B$\"\x1b(B", "iso-2022-jp", "あ"},
    {CHARSET_GENERAL, {6, 58}, "\x1b$)A\x1b~\xD6\xD0", "gb2312", "中"},
    {CHARSET_GENERAL, {6, 149}, "\x1b$)C\x1b~\xC7\xD1", "euc-kr", "한"},
    {CHARSET_GENERAL, {6, 100, 126}, "\x1b-A\x1b.F\x1b~\xE9\x1bN\x61", "utf-8", "éα"},
    {CHARSET_GENERAL, {21}, "{x}", "iso-8859-1", "äxü"}, /* no designation, and no ASCII */
    {CHARSET_GENERAL, {196}, "\xC3\xA9", "utf-8", "é"},
    {CHARSET_TELETEX, {0}, "\xC8u \x1b)I\x0e\x31\x0f", "utf-8", "ü ｱ"},
};

START_TEST(strings_as_mail)
{
  gsize count = 0;
  while (count < 5 && strings[_i].registrations[count])
    count++;
  g_autoptr(octets_t) octets = octets_new(strings[_i].octets, strlen(strings[_i].octets));
  g_autofree char *charset = NULL;
  struct charset_loss loss;
  g_autoptr(GString) text =
      back(strings[_i].string, strings[_i].registrations, count, octets, &charset, &loss);
  ck_assert_str_eq(charset, strings[_i].charset);
  ck_assert_str_eq(text->str, strings[_i].text);
  ck_assert_uint_eq(loss.substituted, 0);
}
END_TEST

/* 6.2: sets that nobody here knows keep their numbers. */
START_TEST(unknown_sets_keep_their_octets)
{
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  g_autoptr(octets_t) octets = octets_new("\x1b$)N\x1b~\xA1\xA1", 8);
  g_autofree char *charset = NULL;
  struct charset_loss loss;
  const long registrations[] = {202, 6};
  g_autoptr(octets_t) text =
      text_from_x400(CHARSET_GENERAL, registrations, 2, octets, spill, &charset, &loss, NULL);
  ck_assert_str_eq(charset, "x-iso-6-202");
  ck_assert_uint_eq(octets_length(text), 8);
  ck_assert_uint_eq(loss.substituted, 0);
}
END_TEST

/* --- random texts --- */

static const char *const sources[] = {
    "us-ascii",     "utf-8",        "iso-8859-1",   "iso-8859-2",   "iso-8859-3",   "iso-8859-4",
    "iso-8859-5",   "iso-8859-6",   "iso-8859-7",   "iso-8859-8",   "iso-8859-9",   "iso-8859-10",
    "tis-620",      "iso-8859-13",  "iso-8859-14",  "iso-8859-15",  "iso-8859-16",  "windows-1250",
    "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
    "windows-1257", "windows-1258", "koi8-r",       "koi8-u",       "gb18030",      "big5",
    "euc-jp",       "windows-31j",  "iso-2022-jp",  "euc-kr",       "iso-2022-kr",  "utf-7",
    "utf-16",       "cp437",        "cp866",        "macintosh",    "teletex"};

struct pool {
  gunichar characters[POOL_MAX];
  guint count;
};

/* What iconv (for teletex, our codec) can say in the set and takes back as the same. */
static bool can_say(const char *charset, gunichar character)
{
  char utf8[7] = {0};
  g_unichar_to_utf8(character, utf8);
  if (!strcmp(charset, "teletex")) {
    struct charset_loss loss = {0};
    g_byte_array_unref(charset_from_utf8(CHARSET_TELETEX, utf8, &loss));
    return !loss.substituted;
  }
  gsize length;
  g_autofree char *octets = g_convert(utf8, -1, charset, "UTF-8", NULL, &length, NULL);
  g_autofree char *again =
      octets ? g_convert(octets, (gssize)length, "UTF-8", charset, NULL, NULL, NULL) : NULL;
  return again && !strcmp(again, utf8);
}

static void fill(struct pool *pool, const char *charset)
{
  static const gunichar ranges[][3] = {{0xA0, 0x600, 1},     {0x600, 0x700, 3},    {0xE00, 0xE5B, 1},
                                       {0x2010, 0x2040, 1},  {0x2100, 0x2600, 7},  {0x3041, 0x30FF, 1},
                                       {0x4E00, 0x9FA5, 17}, {0xAC00, 0xD7A3, 31}, {0x1F600, 0x1F640, 1}};
  for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++)
    for (gunichar c = ranges[i][0]; c < ranges[i][1] && pool->count < POOL_MAX; c += ranges[i][2])
      if (g_unichar_isdefined(c) && !(c >= COMBINING_FIRST && c <= COMBINING_LAST) && can_say(charset, c))
        pool->characters[pool->count++] = c;
}

/* Words of ASCII and of the set, lines, pages. */
static char *random_text(GRand *random, const struct pool *pool)
{
  GString *text = g_string_new(NULL);
  gint32 pieces = g_rand_int_range(random, 0, 30);
  for (gint32 i = 0; i < pieces; i++) {
    guint kind = g_rand_int(random) % 16;
    if (kind == 0)
      g_string_append(text, "\r\n");
    else if (kind == 1)
      g_string_append(text, g_rand_int(random) % 4 ? " " : "\f");
    else if (kind < 8 || !pool->count)
      g_string_append_c(text, (char)g_rand_int_range(random, 0x20, 0x7F));
    else
      g_string_append_unichar(text, pool->characters[g_rand_int(random) % pool->count]);
  }
  return g_string_free(text, FALSE);
}

static char *in_set(const char *charset, const char *utf8, gsize *length_r)
{
  if (!strcmp(charset, "teletex")) {
    GByteArray *octets = charset_from_utf8(CHARSET_TELETEX, utf8, NULL);
    *length_r = octets->len;
    char *taken = (char *)g_byte_array_free(octets, FALSE);
    return taken ? taken : g_strdup("");
  }
  /* What mail calls gb2312 is read as what it became. */
  const char *name = g_ascii_strcasecmp(charset, "gb2312") ? charset : "gb18030";
  return g_convert(utf8, -1, name, "UTF-8", NULL, length_r, NULL);
}

struct counts {
  GHashTable *by_name;
};

static void count(struct counts *counts, const char *kind, const char *name)
{
  char *key = g_strdup_printf("%s %s", kind, name);
  g_hash_table_insert(counts->by_name, key,
                      GUINT_TO_POINTER(1 + GPOINTER_TO_UINT(g_hash_table_lookup(counts->by_name, key))));
}

static guint counted(const struct counts *counts, const char *kind, const char *name)
{
  g_autofree char *key = g_strdup_printf("%s %s", kind, name);
  guint number = GPOINTER_TO_UINT(g_hash_table_lookup(counts->by_name, key));
  printf("%s: %u\n", key, number);
  return number;
}

static struct mapping_text_forms random_forms(GRand *random)
{
  struct mapping_text_forms forms = {.exact = g_rand_int(random) % 10 == 0};
  forms.list[forms.count++] = (enum mapping_text_body)(g_rand_int(random) % (MAPPING_TEXT_IA5 + 1));
  for (guint more = g_rand_int(random) % 3 + 1; more; more--)
    forms.list[forms.count++] = (enum mapping_text_body)(g_rand_int(random) % (MAPPING_TEXT_HARPOON + 1));
  return forms;
}

static guint lines_of(const char *text)
{
  guint lines = 0;
  for (; *text; text++)
    lines += *text == '\n';
  return lines;
}

/* What came back equals what was sent, or the loss is told. */
static void check_made(const struct text_made *made, const struct mapping_text_forms *forms,
                       const char *charset, const char *text, struct counts *counts)
{
  g_autofree char *set = NULL;
  struct charset_loss loss;
  g_autoptr(GString) again = made_back(made, &set, &loss);
  count(counts, "mail again in", set);
  ck_assert_msg(loss.substituted + loss.tolerated + loss.dropped == 0, "%s as %s: \"%s\" became \"%s\" in %s",
                charset, form_names[made->form], text, again->str, set);
  if (made->form == MAPPING_TEXT_GENERAL) {
    g_autofree char *registration = g_strdup_printf("%ld", made->registrations[made->count - 1]);
    count(counts, "registration", registration);
  }
  if (made->lost) {
    ck_assert(!forms->exact);
    ck_assert_msg(strcmp(again->str, text) != 0, "%s: %s is said to have lost: %s", charset, text,
                  made->lost);
    ck_assert_uint_eq(lines_of(again->str), lines_of(text));
    count(counts, "substitutes in", form_names[made->form]);
  } else {
    ck_assert_msg(!strcmp(again->str, text), "%s as %s: \"%s\" became \"%s\" in %s", charset,
                  form_names[made->form], text, again->str, set);
  }
}

/* proves: 2157:6.1<> 2157:6.2<> 2157:6.7<> */
START_TEST(random_texts)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  struct counts counts = {g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
  struct pool *pools = g_new0(struct pool, G_N_ELEMENTS(sources));
  for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
    fill(&pools[i], sources[i]);
  for (guint i = 0; i < TEXTS; i++) {
    guint source = i % G_N_ELEMENTS(sources);
    g_autofree char *text = random_text(random, &pools[source]);
    gsize length;
    g_autofree char *octets = in_set(sources[source], text, &length);
    ck_assert_msg(octets != NULL, "%s: %s", sources[source], text);
    /* Some sets compose letters on the way back: what the octets say is the text. */
    g_autofree char *said =
        strcmp(sources[source], "teletex") != 0
            ? g_convert(octets, (gssize)length, "UTF-8", sources[source], NULL, NULL, NULL)
            : charset_to_utf8(CHARSET_TELETEX, octets, length, NULL);
    bool damaged = !strcmp(sources[source], "utf-8") && g_rand_int(random) % 3 == 0;
    if (damaged) {
      octets = g_realloc(octets, length + 1);
      octets[length++] = '\xFF';
      count(&counts, "damaged", sources[source]);
    }
    struct mapping_text_forms forms = random_forms(random);
    struct text_made made = {0};
    enum text_status status = to_x400(sources[source], octets, length, &forms, &made);
    count(&counts, "from", sources[source]);
    count(&counts, "goes as", form_names[made.form]);
    ck_assert(!damaged || status == TEXT_UNFIT || made.lost);
    if (status == TEXT_OK) {
      check_made(&made, &forms, sources[source], said, &counts);
    } else {
      g_autofree char *way = g_strdup_printf("%s to %s", form_names[forms.list[0]], form_names[made.form]);
      count(&counts, "downgraded", way);
    }
    text_made_clear(&made);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
    ck_assert_uint_gt(counted(&counts, "from", sources[i]), 0);
  static const enum mapping_text_body outcomes[] = {
      MAPPING_TEXT_GENERAL, MAPPING_TEXT_TELETEX, MAPPING_TEXT_IA5, MAPPING_TEXT_FILE, MAPPING_TEXT_HARPOON};
  for (gsize i = 0; i < G_N_ELEMENTS(outcomes); i++)
    ck_assert_uint_gt(counted(&counts, "goes as", form_names[outcomes[i]]), 0);
  for (gsize i = 0; i < 3; i++)
    ck_assert_uint_gt(counted(&counts, "substitutes in", form_names[outcomes[i]]), 0);
  static const char *const registrations[] = {"100", "101", "109", "110", "144", "127", "126",
                                              "138", "148", "157", "166", "179", "199", "203",
                                              "226", "87",  "58",  "149", "196"};
  for (gsize i = 0; i < G_N_ELEMENTS(registrations); i++)
    ck_assert_uint_gt(counted(&counts, "registration", registrations[i]), 0);
  ck_assert_uint_gt(counted(&counts, "damaged", "utf-8"), 0);
  for (guint from = 0; from <= MAPPING_TEXT_IA5; from++)
    for (guint to = MAPPING_TEXT_FILE; to <= MAPPING_TEXT_HARPOON; to++) {
      g_autofree char *way = g_strdup_printf("%s to %s", form_names[from], form_names[to]);
      ck_assert_uint_gt(counted(&counts, "downgraded", way), 0);
    }
  fflush(stdout);
  g_free(pools);
  g_hash_table_unref(counts.by_name);
}
END_TEST

/* Strings of every registered set, as mail and as X.400 again. */
START_TEST(random_strings)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  struct mapping_text_forms forms = {.list = {MAPPING_TEXT_GENERAL, MAPPING_TEXT_FILE}, .count = 2};
  guint *tried = g_new0(guint, graphic_sets_count);
  for (guint i = 0; i < STRINGS; i++) {
    guint number = i % (guint)graphic_sets_count;
    const struct graphic_set *set = &graphic_sets[number];
    if (set->octets == 1 && !set->table)
      continue; /* variants of ISO 646 are to the left: strings_as_mail */
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint characters = g_rand_int(random) % 12 + 1; characters;) {
      guint8 first = (guint8)g_rand_int_range(random, 0x21, 0x7F);
      guint8 second = set->octets == 2 ? (guint8)g_rand_int_range(random, 0x21, 0x7F) : 0;
      gunichar character = graphic_set_character(set, first, second);
      if (!character || (character >= COMBINING_FIRST && character <= COMBINING_LAST))
        continue;
      g_string_append_unichar(text, character);
      characters--;
    }
    struct charset_encoder *encoder = charset_encoder_new(CHARSET_GENERAL, set->registration);
    g_autoptr(GByteArray) string = g_byte_array_new();
    charset_encoder_feed(encoder, text->str, text->len, true, string);
    charset_encoder_free(encoder);
    g_autoptr(octets_t) octets = octets_new(string->data, string->len);
    const long registrations[] = {6, set->registration};
    g_autofree char *charset = NULL;
    struct charset_loss loss;
    g_autoptr(GString) mail = back(CHARSET_GENERAL, registrations, 2, octets, &charset, &loss);
    ck_assert_msg(!strcmp(mail->str, text->str), "%u: \"%s\" became \"%s\" in %s", set->registration,
                  text->str, mail->str, charset);
    gsize length;
    g_autofree char *sent = in_set(charset, mail->str, &length);
    struct text_made made = {0};
    enum text_status status =
        to_x400(charset, sent ? sent : mail->str, sent ? length : mail->len, &forms, &made);
    ck_assert_msg(status == TEXT_OK, "%u: \"%s\" in %s is %s", set->registration, mail->str, charset,
                  form_names[made.form]);
    g_autofree char *set_again = NULL;
    g_autoptr(GString) again = made_back(&made, &set_again, &loss);
    ck_assert_str_eq(again->str, text->str);
    text_made_clear(&made);
    tried[number]++;
  }
  for (gsize i = 0; i < graphic_sets_count; i++)
    if (graphic_sets[i].octets == 2 || graphic_sets[i].table) {
      printf("set %u: %u\n", graphic_sets[i].registration, tried[i]);
      ck_assert_uint_gt(tried[i], 0);
    }
  fflush(stdout);
  g_free(tried);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/text");
  TCase *tests = tcase_create("text");
  tcase_add_unchecked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 600);
  tcase_add_loop_test(tests, forms_in_order, 0, G_N_ELEMENTS(rows));
  tcase_add_loop_test(tests, strings_as_mail, 0, G_N_ELEMENTS(strings));
  tcase_add_test(tests, unknown_sets_keep_their_octets);
  tcase_add_test(tests, random_texts);
  tcase_add_test(tests, random_strings);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
