/* charset_encode.c: UTF-8 to the octets of strings, and the choice of the sets for GeneralString. */
#include "asn1/charset.h"
#include "asn1/charset_sets.h"

#include <string.h>

enum {
  ASCII = 6,
  TELETEX_PRIMARY = 102,
  TELETEX_SUPPLEMENTARY = 103,
  JIS_X_0208 = 87,
  CHARACTER_MAX = 6,
  KINDS_MAX = 8 /* of substituted characters that are told one by one */
};

/* How a general string is written. */
enum form {
  FORM_SETS,     /* ASCII to the left, a set to the right */
  FORM_JAPANESE, /* ASCII and JIS X 0208, both to the left (RFC 1468) */
  FORM_UTF8,
  FORM_UTF16,
  FORM_UCS4
};

struct substitute {
  gunichar character;
  const char *became; /* one of the table's; NULL: the letter without its accents, or "?" */
  char letter[2];
  guint64 count;
};

struct charset_encoder {
  enum charset charset;
  enum form form;
  char escape[4];                  /* GENERAL: announces ISO 10646 */
  const struct graphic_set *right; /* GENERAL: G1, invoked into columns 10-15 */
  bool begun;
  long left; /* what stands in G0: 6, 102, 87 */
  /* TELETEX with all of its sets: G1, invoked into columns 2-7 while shifted */
  bool all_sets, shifted;
  const struct graphic_set *other;
  guint8 tail[CHARACTER_MAX];
  guint tail_length;
  guint64 line;
  struct charset_loss loss;
  struct substitute kinds[KINDS_MAX];
  guint kinds_count;
};

/* What a reader takes for the same, in ASCII. */
static const struct {
  gunichar character;
  const char *ascii;
} look_alikes[] = {
    {0x00A0, " "},   {0x00A9, "(c)"}, {0x00AD, "-"},    {0x00AE, "(R)"}, {0x00D7, "x"},  {0x00F7, "/"},
    {0x0110, "D"},   {0x2002, " "},   {0x2003, " "},    {0x2009, " "},   {0x2010, "-"},  {0x2011, "-"},
    {0x2012, "-"},   {0x2013, "-"},   {0x2014, "-"},    {0x2015, "-"},   {0x2018, "'"},  {0x2019, "'"},
    {0x201A, ","},   {0x201B, "'"},   {0x201C, "\""},   {0x201D, "\""},  {0x201E, "\""}, {0x2022, "*"},
    {0x2026, "..."}, {0x202F, " "},   {0x2032, "'"},    {0x2033, "\""},  {0x2039, "<"},  {0x203A, ">"},
    {0x2044, "/"},   {0x20AC, "EUR"}, {0x2122, "(TM)"}, {0x2190, "<-"},  {0x2192, "->"}, {0x2212, "-"},
    {0x2260, "/="},  {0x2264, "<="},  {0x2265, ">="},   {0xFB00, "ff"},  {0xFB01, "fi"}, {0xFB02, "fl"},
    {0x00C6, "AE"},  {0x00D8, "O"},   {0x00DF, "ss"},   {0x00E6, "ae"},  {0x00F8, "o"},  {0x0131, "i"},
    {0x0141, "L"},   {0x0142, "l"},   {0x0152, "OE"},   {0x0153, "oe"},  {0x00AB, "<<"}, {0x00BB, ">>"},
    {0x00A6, "|"},   {0x00B4, "'"},
};

static void put(GByteArray *out, guint8 octet)
{
  g_byte_array_append(out, &octet, 1);
}

static void put_escape(GByteArray *out, const char *sequence)
{
  put(out, 0x1B);
  g_byte_array_append(out, (const guint8 *)sequence, (guint)strlen(sequence));
}

static void put_wide(GByteArray *out, gunichar character, guint width)
{
  while (width-- > 0)
    put(out, (guint8)(character >> (8 * width)));
}

/* T.61's supplementary set, in columns 10-15, holds it. */
static bool put_supplementary(GByteArray *out, gunichar character)
{
  guint position = graphic_set_position(graphic_set_registered(TELETEX_SUPPLEMENTARY), character);
  if (position)
    put(out, (guint8)(position | 0x80));
  return position != 0;
}

/* Positions of the primary set where T.61 has nothing, though many put ASCII there. */
static bool is_t61_primary(gunichar character)
{
  return character < 0x7F && !strchr("#$\\^`{}~", (int)character);
}

static bool put_teletex_plain(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  if (encoder->left == ASCII ? character < 0x7F : is_t61_primary(character))
    put(out, (guint8)character);
  else if (character < COMBINING_FIRST || character > COMBINING_LAST)
    return put_supplementary(out, character);
  else
    return false;
  return true;
}

/* A spacing accent is the accent before a space; a letter with accents is the accents, then the letter. */
static bool put_teletex_accented(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  static const gunichar spacing[][2] = {{0x60, 0x300},  {0xB4, 0x301},  {0x5E, 0x302},  {0x7E, 0x303},
                                        {0xAF, 0x304},  {0x2D8, 0x306}, {0x2D9, 0x307}, {0xA8, 0x308},
                                        {0x2DA, 0x30A}, {0x2DD, 0x30B}, {0x2C7, 0x30C}, {0xB8, 0x327},
                                        {0x2DB, 0x328}};
  for (gsize i = 0; i < G_N_ELEMENTS(spacing); i++)
    if (spacing[i][0] == character) {
      put_supplementary(out, spacing[i][1]);
      put(out, ' ');
      return true;
    }
  gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
  gsize count = g_unichar_fully_decompose(character, FALSE, parts, G_N_ELEMENTS(parts));
  guint before = out->len;
  for (gsize i = 1; i < count; i++)
    if (!put_supplementary(out, parts[i])) {
      g_byte_array_set_size(out, before);
      return false;
    }
  if (count > 1 && put_teletex_plain(encoder, parts[0], out))
    return true;
  g_byte_array_set_size(out, before);
  return false;
}

/* X.680 table 6 (X.208's has only the Japanese one): what a TeletexString may designate beside its own sets.
 */
static const struct graphic_set *other_teletex_set(const struct charset_encoder *encoder, gunichar character)
{
  static const long registrations[] = {126, 144, 164, 87, 165};
  if (encoder->other && graphic_set_position(encoder->other, character))
    return encoder->other;
  for (gsize i = 0; i < G_N_ELEMENTS(registrations); i++) {
    const struct graphic_set *set = graphic_set_registered(registrations[i]);
    if (graphic_set_position(set, character))
      return set;
  }
  return NULL;
}

static void put_designation(GByteArray *out, const struct graphic_set *set)
{
  char sequence[5], *at = sequence;
  if (set->octets == 2)
    *at++ = '$';
  *at++ = set->size == 96 ? '-' : ')';
  if (set->intermediate)
    *at++ = (char)set->intermediate;
  *at++ = (char)set->final;
  *at = 0;
  put_escape(out, sequence);
}

static bool put_teletex_other(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  const struct graphic_set *set = encoder->all_sets ? other_teletex_set(encoder, character) : NULL;
  guint position = set ? graphic_set_position(set, character) : 0;
  if (position <= 0x20) /* a space is a space wherever it stands */
    return false;
  if (set != encoder->other)
    put_designation(out, set);
  encoder->other = set;
  if (!encoder->shifted)
    put(out, 0x0E);
  encoder->shifted = true;
  if (set->octets == 2)
    put(out, (guint8)(position >> 8));
  put(out, (guint8)(position & 0x7F));
  return true;
}

static void end_teletex_shift(struct charset_encoder *encoder, GByteArray *out)
{
  if (encoder->shifted)
    put(out, 0x0F);
  encoder->shifted = false;
}

static bool put_teletex(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  if (encoder->shifted && put_teletex_other(encoder, character, out))
    return true;
  guint before = out->len;
  bool shifted = encoder->shifted;
  end_teletex_shift(encoder, out);
  if (put_teletex_plain(encoder, character, out) || put_teletex_accented(encoder, character, out))
    return true;
  if (character >= 0x7F) {
    g_byte_array_set_size(out, before);
    encoder->shifted = shifted;
    return put_teletex_other(encoder, character, out);
  }
  put_escape(out, "(B"); /* \ { and } need ASCII, which then stays */
  encoder->left = ASCII;
  put(out, (guint8)character);
  return true;
}

/* Lines begin and end in ASCII (RFC 1468). */
static bool put_japanese(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  guint position = character < 0x80 ? 0 : graphic_set_position(graphic_set_registered(JIS_X_0208), character);
  if (character >= 0x80 && !position)
    return false;
  long needed = position ? JIS_X_0208 : ASCII;
  if (encoder->left != needed)
    put_escape(out, position ? "$B" : "(B");
  encoder->left = needed;
  if (position)
    put(out, (guint8)(position >> 8));
  put(out, (guint8)(position ? position & 0x7F : character));
  return true;
}

/* RFC 2157 6.2: the sets are designated and invoked in front of the text. */
static void begin_general(struct charset_encoder *encoder, GByteArray *out)
{
  if (encoder->begun)
    return;
  encoder->begun = true;
  if (*encoder->escape) {
    put_escape(out, encoder->escape);
  } else if (encoder->right) {
    put_escape(out, "(B");
    put_designation(out, encoder->right);
    put_escape(out, "~");
  }
}

static void put_utf8(gunichar character, GByteArray *out)
{
  char utf8[CHARACTER_MAX];
  g_byte_array_append(out, (const guint8 *)utf8, (guint)g_unichar_to_utf8(character, utf8));
}

static void put_utf16(gunichar character, GByteArray *out)
{
  if (character > 0xFFFF) {
    put_wide(out, 0xD800 + ((character - 0x10000) >> 10), 2);
    put_wide(out, 0xDC00 + (character & 0x3FF), 2);
  } else {
    put_wide(out, character, 2);
  }
}

static bool put_from_sets(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  if (character < 0x80) {
    put(out, (guint8)character);
    return true;
  }
  guint position = encoder->right ? graphic_set_position(encoder->right, character) : 0;
  if (position >> 8)
    put(out, (guint8)(position >> 8 | 0x80));
  if (position)
    put(out, (guint8)(position | 0x80));
  return position != 0;
}

static bool put_general(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  switch (encoder->form) {
  case FORM_SETS:
    return put_from_sets(encoder, character, out);
  case FORM_JAPANESE:
    return put_japanese(encoder, character, out);
  case FORM_UTF8:
    put_utf8(character, out);
    return true;
  case FORM_UTF16:
    put_utf16(character, out);
    return true;
  case FORM_UCS4:
    put_wide(out, character, 4);
    return true;
  }
  return false;
}

/* Controls that mean something to ISO 2022: text must not bring in its own. */
static bool is_shift(gunichar character)
{
  return character == 0x0E || character == 0x0F || character == 0x19 || character == 0x1B ||
         character == 0x1D || character == 0x7F;
}

static bool put_exactly(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  if (is_shift(character) && encoder->charset <= CHARSET_GENERAL)
    return false;
  switch (encoder->charset) {
  case CHARSET_IA5:
    if (character < 0x80)
      put(out, (guint8)character);
    return character < 0x80;
  case CHARSET_TELETEX:
    return put_teletex(encoder, character, out);
  case CHARSET_GENERAL:
    return put_general(encoder, character, out);
  case CHARSET_BMP:
    if (character <= 0xFFFF)
      put_wide(out, character, 2);
    return character <= 0xFFFF;
  case CHARSET_UNIVERSAL:
    put_wide(out, character, 4);
    return true;
  case CHARSET_UTF8:
    put_utf8(character, out);
    return true;
  }
  return false;
}

static void put_ascii(struct charset_encoder *encoder, const char *ascii, GByteArray *out)
{
  for (; *ascii; ascii++)
    (void)put_exactly(encoder, (gunichar)*ascii, out);
}

static void note(struct charset_encoder *encoder, gunichar character, const char *became, char letter)
{
  encoder->loss.substituted++;
  if (!encoder->loss.first_line)
    encoder->loss.first_line = encoder->line;
  guint i = 0;
  while (i < encoder->kinds_count && encoder->kinds[i].character != character)
    i++;
  if (i == KINDS_MAX)
    return;
  if (i == encoder->kinds_count)
    encoder->kinds[encoder->kinds_count++] = (struct substitute){character, became, {letter, 0}, 0};
  encoder->kinds[i].count++;
}

static void put_character(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  encoder->line += character == '\n';
  if (put_exactly(encoder, character, out))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS(look_alikes); i++)
    if (look_alikes[i].character == character) {
      note(encoder, character, look_alikes[i].ascii, 0);
      put_ascii(encoder, look_alikes[i].ascii, out);
      return;
    }
  gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH]; /* the letter without its accents */
  gsize count = g_unichar_fully_decompose(character, TRUE, parts, G_N_ELEMENTS(parts));
  bool letter = count > 1 && parts[0] != character && put_exactly(encoder, parts[0], out);
  note(encoder, character, NULL, letter && parts[0] < 0x7F ? (char)parts[0] : '?');
  if (!letter)
    put_ascii(encoder, "?", out);
}

/* An octet that is no UTF-8. */
static void put_broken(struct charset_encoder *encoder, GByteArray *out)
{
  note(encoder, 0xFFFD, NULL, '?');
  put_ascii(encoder, "?", out);
}

void charset_encoder_feed(struct charset_encoder *encoder, const char *utf8, gsize length, bool last,
                          GByteArray *out)
{
  if (encoder->charset == CHARSET_GENERAL && (length || encoder->tail_length))
    begin_general(encoder, out);
  for (gsize i = 0; i < length; i++) {
    encoder->tail[encoder->tail_length++] = (guint8)utf8[i];
    gunichar character = g_utf8_get_char_validated((const char *)encoder->tail, encoder->tail_length);
    if (encoder->tail[0] == 0)
      character = 0;
    if (character == (gunichar)-2 && encoder->tail_length < 4)
      continue;
    guint taken = encoder->tail_length;
    encoder->tail_length = 0;
    if (character != (gunichar)-1 && character != (gunichar)-2) {
      put_character(encoder, character, out);
    } else {
      put_broken(encoder, out);
      if (taken > 1)
        i--; /* it may begin a character of its own */
    }
  }
  if (!last)
    return;
  if (encoder->tail_length)
    put_broken(encoder, out);
  encoder->tail_length = 0;
  end_teletex_shift(encoder, out);
  if (encoder->form == FORM_JAPANESE && encoder->left != ASCII) {
    put_escape(out, "(B");
    encoder->left = ASCII;
  }
}

/* The registrations of ISO 10646, what announces them and how they are written. */
static const struct {
  long registration;
  char escape[4];
  enum form form;
} systems[] = {
    {196, "%G", FORM_UTF8},   {190, "%/G", FORM_UTF8},  {191, "%/H", FORM_UTF8},  {192, "%/I", FORM_UTF8},
    {162, "%/@", FORM_UTF16}, {174, "%/C", FORM_UTF16}, {176, "%/E", FORM_UTF16}, {193, "%/J", FORM_UTF16},
    {194, "%/K", FORM_UTF16}, {195, "%/L", FORM_UTF16}, {163, "%/A", FORM_UCS4},  {175, "%/D", FORM_UCS4},
    {177, "%/F", FORM_UCS4},
};

static void begin_registration(struct charset_encoder *encoder, long registration)
{
  const struct graphic_set *set = graphic_set_registered(registration);
  for (gsize i = 0; i < G_N_ELEMENTS(systems); i++)
    if (systems[i].registration == registration) {
      memcpy(encoder->escape, systems[i].escape, sizeof encoder->escape);
      encoder->form = systems[i].form;
      return;
    }
  if (registration == JIS_X_0208)
    encoder->form = FORM_JAPANESE;
  else if (set && (set->table || set->national))
    encoder->right = set;
}

struct charset_encoder *charset_encoder_new(enum charset charset, long registration)
{
  struct charset_encoder *encoder = g_new0(struct charset_encoder, 1);
  encoder->charset = charset;
  encoder->line = 1;
  encoder->left = charset == CHARSET_TELETEX ? TELETEX_PRIMARY : ASCII;
  encoder->all_sets = charset == CHARSET_TELETEX && registration == CHARSET_ALL_SETS;
  if (charset == CHARSET_GENERAL)
    begin_registration(encoder, registration);
  return encoder;
}

struct charset_encoder *charset_encoder_new_mime(long registration)
{
  struct charset_encoder *encoder = charset_encoder_new(CHARSET_GENERAL, registration);
  encoder->begun = true;
  return encoder;
}

void charset_encoder_free(struct charset_encoder *encoder)
{
  g_free(encoder);
}

struct charset_loss charset_encoder_loss(const struct charset_encoder *encoder)
{
  return encoder->loss;
}

char *charset_encoder_words(const struct charset_encoder *encoder)
{
  GString *text = g_string_new(NULL);
  guint64 told = 0;
  for (guint i = 0; i < encoder->kinds_count; i++) {
    const struct substitute *kind = &encoder->kinds[i];
    g_string_append(text, i ? ", " : "");
    if (g_unichar_isgraph(kind->character) && !g_unichar_ismark(kind->character)) {
      g_string_append_c(text, '"');
      g_string_append_unichar(text, kind->character);
      g_string_append_c(text, '"');
    } else {
      g_string_append_printf(text, "U+%04X", kind->character);
    }
    g_string_append_printf(text, " became \"%s\"", kind->became ? kind->became : kind->letter);
    if (kind->count > 1)
      g_string_append_printf(text, " (%" G_GUINT64_FORMAT " times)", kind->count);
    told += kind->count;
  }
  if (told < encoder->loss.substituted)
    g_string_append_printf(text, " and %" G_GUINT64_FORMAT " others", encoder->loss.substituted - told);
  return g_string_free(text, FALSE);
}

GByteArray *charset_from_utf8(enum charset charset, const char *utf8, struct charset_loss *loss)
{
  struct charset_encoder *encoder =
      charset_encoder_new(charset, charset == CHARSET_GENERAL ? charset_choose(utf8) : ASCII);
  GByteArray *out = g_byte_array_new();
  charset_encoder_feed(encoder, utf8, strlen(utf8), true, out);
  if (loss)
    loss->substituted += encoder->loss.substituted;
  charset_encoder_free(encoder);
  return out;
}
