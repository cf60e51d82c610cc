/* charset_encode.c: UTF-8 to the octets of strings, and the choice of the sets for GeneralString. */
#include "asn1/charset.h"
#include "asn1/charset_sets.h"

#include <string.h>

enum {
  ASCII = 6,
  TELETEX_PRIMARY = 102,
  TELETEX_SUPPLEMENTARY = 103,
  JIS_X_0208 = 87,
  UTF_8 = 196,
  CHARACTER_MAX = 6
};

struct charset_encoder {
  enum charset charset;
  const struct graphic_set *right; /* GENERAL: G1, invoked into columns 10-15 */
  bool japanese, utf8, begun;
  long left; /* what stands in G0: 6, 102, 87 */
  guint8 tail[CHARACTER_MAX];
  guint tail_length;
  struct charset_loss loss;
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

static bool put_teletex(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  if (put_teletex_plain(encoder, character, out) || put_teletex_accented(encoder, character, out))
    return true;
  if (character >= 0x7F)
    return false;
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
  if (encoder->utf8) {
    put_escape(out, "%G");
  } else if (encoder->right) {
    char designation[] = {'-', (char)encoder->right->final, 0};
    put_escape(out, "(B");
    put_escape(out, designation);
    put_escape(out, "~");
  }
}

static bool put_general(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  if (encoder->utf8) {
    char utf8[CHARACTER_MAX];
    g_byte_array_append(out, (const guint8 *)utf8, (guint)g_unichar_to_utf8(character, utf8));
    return true;
  }
  if (encoder->japanese)
    return put_japanese(encoder, character, out);
  if (character < 0x80) {
    put(out, (guint8)character);
    return true;
  }
  guint position = encoder->right ? graphic_set_position(encoder->right, character) : 0;
  if (position)
    put(out, (guint8)(position | 0x80));
  return position != 0;
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
    encoder->utf8 = true;
    return put_general(encoder, character, out);
  }
  return false;
}

static void put_look_alike(struct charset_encoder *encoder, const char *ascii, GByteArray *out)
{
  for (; *ascii; ascii++)
    (void)put_exactly(encoder, (gunichar)*ascii, out);
}

static void put_character(struct charset_encoder *encoder, gunichar character, GByteArray *out)
{
  if (put_exactly(encoder, character, out))
    return;
  encoder->loss.substituted++;
  for (gsize i = 0; i < G_N_ELEMENTS(look_alikes); i++)
    if (look_alikes[i].character == character) {
      put_look_alike(encoder, look_alikes[i].ascii, out);
      return;
    }
  gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH]; /* the letter without its accents */
  gsize count = g_unichar_fully_decompose(character, TRUE, parts, G_N_ELEMENTS(parts));
  if (count == 0 || parts[0] == character || !put_exactly(encoder, parts[0], out))
    put_look_alike(encoder, "?", out);
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
      encoder->loss.substituted++;
      put_look_alike(encoder, "?", out);
      if (taken > 1)
        i--; /* it may begin a character of its own */
    }
  }
  if (!last)
    return;
  if (encoder->tail_length) {
    encoder->loss.substituted++;
    put_look_alike(encoder, "?", out);
  }
  encoder->tail_length = 0;
  if (encoder->japanese && encoder->left != ASCII)
    put_escape(out, "(B");
  encoder->left = encoder->japanese ? ASCII : encoder->left;
}

struct charset_encoder *charset_encoder_new(enum charset charset, long registration)
{
  struct charset_encoder *encoder = g_new0(struct charset_encoder, 1);
  encoder->charset = charset;
  encoder->left = charset == CHARSET_TELETEX ? TELETEX_PRIMARY : ASCII;
  if (charset == CHARSET_GENERAL) {
    const struct graphic_set *set = graphic_set_registered(registration);
    encoder->utf8 = registration == UTF_8;
    encoder->japanese = registration == JIS_X_0208;
    encoder->right = set && set->size == 96 ? set : NULL;
  }
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

/* RFC 2157 6.2, in the order of preference; further parts of ISO 8859 that came later. */
static const struct {
  long registration;
  const char *mime;
} general_sets[] = {
    {6, "US-ASCII"},      {100, "ISO-8859-1"},  {101, "ISO-8859-2"},  {109, "ISO-8859-3"},
    {110, "ISO-8859-4"},  {144, "ISO-8859-5"},  {127, "ISO-8859-6"},  {126, "ISO-8859-7"},
    {138, "ISO-8859-8"},  {148, "ISO-8859-9"},  {157, "ISO-8859-10"}, {166, "ISO-8859-11"},
    {179, "ISO-8859-13"}, {199, "ISO-8859-14"}, {203, "ISO-8859-15"}, {226, "ISO-8859-16"},
    {87, "ISO-2022-JP"},  {196, "UTF-8"},
};

const char *charset_mime_name(long registration)
{
  for (gsize i = 0; i < G_N_ELEMENTS(general_sets); i++)
    if (general_sets[i].registration == registration)
      return general_sets[i].mime;
  return NULL;
}

long charset_registration(const char *mime_name)
{
  for (gsize i = 0; i < G_N_ELEMENTS(general_sets); i++)
    if (!g_ascii_strcasecmp(general_sets[i].mime, mime_name))
      return general_sets[i].registration;
  return 0;
}

gsize charset_parameters(long registration, long parameters_r[4])
{
  gsize count = 0;
  if (registration == UTF_8) {
    parameters_r[count++] = UTF_8;
    return count;
  }
  parameters_r[count++] = ASCII;
  if (registration == JIS_X_0208) {
    parameters_r[count++] = 14;
    parameters_r[count++] = 42;
  }
  if (registration != ASCII)
    parameters_r[count++] = registration;
  return count;
}

void charset_choice_init(struct charset_choice *choice)
{
  *choice = (struct charset_choice){.possible = (G_GUINT64_CONSTANT(1) << G_N_ELEMENTS(general_sets)) - 1};
}

static void narrow(struct charset_choice *choice, gunichar character)
{
  if (character < 0x80)
    return;
  for (gsize i = 0; i + 1 < G_N_ELEMENTS(general_sets); i++) /* the last holds everything */
    if (choice->possible & G_GUINT64_CONSTANT(1) << i) {
      const struct graphic_set *set = graphic_set_registered(general_sets[i].registration);
      if (set->registration == ASCII || !graphic_set_position(set, character))
        choice->possible &= ~(G_GUINT64_CONSTANT(1) << i);
    }
}

void charset_choice_feed(struct charset_choice *choice, const char *utf8, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    if (choice->tail_length == 0 && !(utf8[i] & 0x80))
      continue;
    choice->tail[choice->tail_length++] = (guint8)utf8[i];
    gunichar character = g_utf8_get_char_validated((const char *)choice->tail, choice->tail_length);
    if (character == (gunichar)-2 && choice->tail_length < sizeof choice->tail)
      continue;
    choice->tail_length = 0;
    if (character != (gunichar)-1 && character != (gunichar)-2) /* what is no UTF-8 will be "?" in any set */
      narrow(choice, character);
  }
}

long charset_choice_result(const struct charset_choice *choice)
{
  gsize i = 0;
  while (!(choice->possible & G_GUINT64_CONSTANT(1) << i))
    i++;
  return general_sets[i].registration;
}

long charset_choose(const char *utf8)
{
  struct charset_choice choice;
  charset_choice_init(&choice);
  charset_choice_feed(&choice, utf8, strlen(utf8));
  return charset_choice_result(&choice);
}
