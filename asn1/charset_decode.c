/* charset_decode.c: octets to UTF-8: the ISO 2022 interpreter, and the fixed-width strings. */
#include "asn1/charset.h"
#include "asn1/charset_sets.h"

#include <string.h>

enum { ESCAPE = 0x1B, SS2_TELETEX = 0x19, SS3_TELETEX = 0x1D, REPLACEMENT = 0xFFFD, MARKS_MAX = 4 };

/* Outside ISO 2022 until ESC 2/5 4/0: ISO 10646 in its encodings. */
enum system { SYSTEM_ISO_2022, SYSTEM_UTF8, SYSTEM_UCS2, SYSTEM_UCS4 };

/* What an escape sequence or a control sequence has brought so far. */
enum mode { MODE_TEXT, MODE_ESCAPE, MODE_CONTROL_SEQUENCE };

struct charset_decoder {
  enum charset charset;
  const struct graphic_set *g[4]; /* G0 to G3; NULL: nothing is designated */
  guint left, right;              /* which of them is invoked into columns 2-7 and 10-15 */
  guint single;                   /* 2, 3: the next character is of G2, G3; else 0 */
  bool teletex_controls;          /* C0 is set 106: SS2 and SS3 are controls of seven bits */
  enum system system;
  gunichar high; /* UCS2: the first surrogate of a pair (UTF-16), else 0 */
  guint ending;  /* UCS2, UCS4: how much of the padded ESC 2/5 4/0 has come */
  enum mode mode;
  guint8 escape[4];
  guint escape_length;
  guint8 pending[4]; /* octets of a character that is not whole */
  guint pending_length;
  const struct graphic_set *pending_set;
  gunichar marks[MARKS_MAX]; /* accents that wait for their letter */
  guint marks_count;
  guint64 line; /* from 1, that is being read */
  struct charset_loss loss;
};

static void lose(struct charset_decoder *decoder, guint64 *kind)
{
  ++*kind;
  if (!decoder->loss.first_line)
    decoder->loss.first_line = decoder->line;
}

/* An accent before a space stands for itself (T.61 3.2.5). */
static gunichar spacing_accent(gunichar mark)
{
  static const gunichar accents[][2] = {{0x300, 0x60},  {0x301, 0xB4},  {0x302, 0x5E},  {0x303, 0x7E},
                                        {0x304, 0xAF},  {0x306, 0x2D8}, {0x307, 0x2D9}, {0x308, 0xA8},
                                        {0x30A, 0x2DA}, {0x30B, 0x2DD}, {0x30C, 0x2C7}, {0x327, 0xB8},
                                        {0x328, 0x2DB}, {0x332, 0x5F}};
  for (gsize i = 0; i < G_N_ELEMENTS(accents); i++)
    if (accents[i][0] == mark)
      return accents[i][1];
  return REPLACEMENT;
}

static void write_substitute(struct charset_decoder *decoder, GString *out)
{
  g_string_append_unichar(out, REPLACEMENT);
  lose(decoder, &decoder->loss.substituted);
}

/* Accents that no letter followed. */
static void write_marks(struct charset_decoder *decoder, GString *out)
{
  for (guint i = 0; i < decoder->marks_count; i++)
    g_string_append_unichar(out, spacing_accent(decoder->marks[i]));
  decoder->marks_count = 0;
}

static void write_character(struct charset_decoder *decoder, gunichar character, GString *out)
{
  if (character >= COMBINING_FIRST && character <= COMBINING_LAST) {
    if (decoder->marks_count == MARKS_MAX)
      write_marks(decoder, out);
    decoder->marks[decoder->marks_count++] = character;
    return;
  }
  if (decoder->marks_count == 0) {
    g_string_append_unichar(out, character);
    return;
  }
  if (character == ' ') {
    write_marks(decoder, out);
    return;
  }
  g_autoptr(GString) letter = g_string_new(NULL);
  g_string_append_unichar(letter, character);
  for (guint i = 0; i < decoder->marks_count; i++)
    g_string_append_unichar(letter, decoder->marks[i]);
  decoder->marks_count = 0;
  g_autofree char *composed = g_utf8_normalize(letter->str, (gssize)letter->len, G_NORMALIZE_NFC);
  g_string_append(out, composed);
}

/* ISO-IR 196, 190 to 195, 162, 163, 174 to 177: ESC 2/5 F and ESC 2/5 2/15 F. Any level of them: combining
 * characters are characters here. */
static enum system other_system(bool without_return, guint8 final)
{
  if (!without_return)
    return final == 0x47 ? SYSTEM_UTF8 : SYSTEM_ISO_2022;
  switch (final) {
  case 0x47:
  case 0x48:
  case 0x49:
    return SYSTEM_UTF8;
  case 0x41:
  case 0x44:
  case 0x46:
    return SYSTEM_UCS4;
  case 0x40:
  case 0x43:
  case 0x45:
  case 0x4A:
  case 0x4B:
  case 0x4C:
    return SYSTEM_UCS2;
  default:
    return SYSTEM_ISO_2022;
  }
}

static enum system registered_system(long registration)
{
  switch (registration) {
  case 190:
  case 191:
  case 192:
  case 196:
    return SYSTEM_UTF8;
  case 163:
  case 175:
  case 177:
    return SYSTEM_UCS4;
  case 162:
  case 174:
  case 176:
  case 193:
  case 194:
  case 195:
    return SYSTEM_UCS2;
  default:
    return SYSTEM_ISO_2022;
  }
}

/* A set that is not known: none of its characters can be shown, and its octets are no others' either. */
static const struct graphic_set *unknown_set(guint octets)
{
  static const guint16 empty[96];
  static const struct graphic_set unknown[] = {{.size = 96, .octets = 1, .table = empty},
                                               {.size = 94, .octets = 2, .table = empty}};
  return &unknown[octets - 1];
}

/* next: of the sequence, behind the octet that says where to. */
static void designate_graphic(struct charset_decoder *decoder, bool multiple, guint8 to, guint next)
{
  guint8 final = decoder->escape[decoder->escape_length - 1];
  guint8 intermediate = next + 1 < decoder->escape_length ? decoder->escape[next] : 0;
  guint octets = multiple ? 2 : 1;
  guint element = to <= 0x2B ? to - 0x28U : to - 0x2CU;
  const struct graphic_set *set = graphic_set_designated(to <= 0x2B ? 94 : 96, octets, intermediate, final);
  decoder->g[element] = set ? set : unknown_set(octets);
}

/* ESC, intermediate octets of column 2, a final octet. */
static void designate(struct charset_decoder *decoder)
{
  guint length = decoder->escape_length;
  guint8 final = decoder->escape[length - 1], first = decoder->escape[0];
  bool multiple = length > 1 && first == 0x24;
  guint8 to = multiple && length > 2 ? decoder->escape[1] : first;
  if (multiple && length == 2) /* ESC 2/4 4/0 to 4/2: G0, as before ISO 2022 knew others */
    designate_graphic(decoder, true, 0x28, 1);
  else if ((to >= 0x28 && to <= 0x2B) || (to >= 0x2D && to <= 0x2F))
    designate_graphic(decoder, multiple, to, multiple ? 2 : 1);
  else if (to == 0x25)
    decoder->system = other_system(length == 3 && decoder->escape[1] == 0x2F, final);
  else if (to == 0x21) /* C0: 106 is T.61's; the others differ in what is no text */
    decoder->teletex_controls = final == 0x45;
  else if (to != 0x22 && to != 0x20 &&
           to != 0x26) /* C1, announcements, revisions: nothing that matters here */
    lose(decoder, &decoder->loss.dropped);
}

static void finish_escape(struct charset_decoder *decoder)
{
  guint8 final = decoder->escape[decoder->escape_length - 1];
  decoder->mode = MODE_TEXT;
  if (decoder->escape_length > 1) {
    designate(decoder);
    return;
  }
  switch (final) {
  case 0x4E: /* SS2 */
    decoder->single = 2;
    break;
  case 0x4F: /* SS3 */
    decoder->single = 3;
    break;
  case 0x6E: /* LS2 */
    decoder->left = 2;
    break;
  case 0x6F: /* LS3 */
    decoder->left = 3;
    break;
  case 0x7E: /* LS1R */
    decoder->right = 1;
    break;
  case 0x7D: /* LS2R */
    decoder->right = 2;
    break;
  case 0x7C: /* LS3R */
    decoder->right = 3;
    break;
  case 0x5B: /* CSI */
    decoder->mode = MODE_CONTROL_SEQUENCE;
    lose(decoder, &decoder->loss.dropped);
    break;
  default:
    lose(decoder, &decoder->loss.dropped);
  }
}

/* An octet inside an escape sequence; false for one that cannot stand there and is text again. */
static bool feed_escape(struct charset_decoder *decoder, guint8 octet)
{
  bool intermediate = octet >= 0x20 && octet <= 0x2F, final = octet >= 0x30 && octet <= 0x7E;
  if ((!intermediate && !final) || decoder->escape_length == sizeof decoder->escape) {
    decoder->mode = MODE_TEXT;
    lose(decoder, &decoder->loss.dropped);
    return false;
  }
  decoder->escape[decoder->escape_length++] = octet;
  if (final)
    finish_escape(decoder);
  return true;
}

/* An eight-bit octet where only seven were allowed: what senders mean by it. */
static void write_eight_bit(struct charset_decoder *decoder, guint8 octet, GString *out)
{
  static const guint16 windows_1252[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                           0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                           0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                           0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
  gunichar character = octet >= 0xA0 ? octet : windows_1252[octet - 0x80];
  if (character == 0) {
    write_substitute(decoder, out);
    return;
  }
  lose(decoder, &decoder->loss.tolerated);
  write_character(decoder, character, out);
}

static void write_from_set(struct charset_decoder *decoder, const struct graphic_set *set, guint8 octet,
                           GString *out)
{
  guint8 position = octet & 0x7F;
  if (set->octets == 2 && decoder->pending_length == 0) {
    decoder->pending[0] = position;
    decoder->pending_length = 1;
    decoder->pending_set = set;
    return;
  }
  gunichar character = set->octets == 2 ? graphic_set_character(set, decoder->pending[0], position)
                                        : graphic_set_character(set, position, 0);
  decoder->pending_length = 0;
  if (character)
    write_character(decoder, character, out);
  else
    write_substitute(decoder, out);
}

static void feed_graphic(struct charset_decoder *decoder, guint8 octet, GString *out)
{
  guint which = decoder->single ? decoder->single : octet & 0x80 ? decoder->right : decoder->left;
  const struct graphic_set *set = decoder->g[which];
  if (decoder->pending_length) /* the second octet is of the first one's set */
    set = decoder->pending_set;
  decoder->single = 0;
  if (set && octet == 0x20 && (set->size == 94 || !(octet & 0x80)) && !decoder->pending_length)
    write_character(decoder, ' ', out);
  else if (set && octet == 0xA0 && set->size == 94)
    write_character(decoder, 0xA0, out);
  else if (octet == 0x7F && !(set && set->size == 96 && set->octets == 1)) /* DELETE */
    lose(decoder, &decoder->loss.dropped);
  else if (set)
    write_from_set(decoder, set, octet, out);
  else if (octet & 0x80)
    write_eight_bit(decoder, octet, out);
  else
    write_substitute(decoder, out);
}

static void drop_pending(struct charset_decoder *decoder, GString *out)
{
  if (decoder->pending_length)
    write_substitute(decoder, out);
  decoder->pending_length = 0;
}

static void feed_control(struct charset_decoder *decoder, guint8 octet, GString *out)
{
  bool teletex = decoder->teletex_controls, shifts = decoder->charset != CHARSET_IA5;
  drop_pending(decoder, out);
  if (octet == ESCAPE) {
    decoder->mode = MODE_ESCAPE;
    decoder->escape_length = 0;
  } else if (octet == 0x0E && shifts) { /* LS1 */
    decoder->left = 1;
  } else if (octet == 0x0F && shifts) { /* LS0 */
    decoder->left = 0;
  } else if ((teletex && octet == SS2_TELETEX) || (shifts && octet == 0x8E)) {
    decoder->single = 2;
  } else if ((teletex && octet == SS3_TELETEX) || (shifts && octet == 0x8F)) {
    decoder->single = 3;
  } else if (octet < 0x80) { /* line ends and their like are text's own */
    write_marks(decoder, out);
    g_string_append_unichar(out, octet);
    decoder->line += octet == '\n';
  } else if (!decoder->g[decoder->right]) {
    write_eight_bit(decoder, octet, out);
  } else if (octet == 0x9B) {
    decoder->mode = MODE_CONTROL_SEQUENCE;
    lose(decoder, &decoder->loss.dropped);
  } else {
    lose(decoder, &decoder->loss.dropped);
  }
}

/* A character of UTF-8, whole or found to be none. */
static void feed_utf8(struct charset_decoder *decoder, guint8 octet, GString *out)
{
  if (decoder->pending_length == 0 && octet == ESCAPE && decoder->charset != CHARSET_UTF8) {
    decoder->mode = MODE_ESCAPE;
    decoder->escape_length = 0;
    return;
  }
  decoder->pending[decoder->pending_length++] = octet;
  gunichar character = g_utf8_get_char_validated((const char *)decoder->pending, decoder->pending_length);
  if (character == (gunichar)-2 && decoder->pending_length < sizeof decoder->pending)
    return;
  guint length = decoder->pending_length;
  decoder->pending_length = 0;
  if (character != (gunichar)-1 && character != (gunichar)-2) {
    g_string_append_unichar(out, character);
    decoder->line += character == '\n';
  } else {
    write_substitute(decoder, out);
    if (length > 1) /* the octet that broke the character may begin another */
      feed_utf8(decoder, octet, out);
  }
}

static void write_wide(struct charset_decoder *decoder, gunichar character, GString *out)
{
  if (character && g_unichar_validate(character))
    g_string_append_unichar(out, character);
  else
    write_substitute(decoder, out);
  decoder->line += character == '\n';
}

/* Pairs of surrogates, which UTF-16 has and UCS-2 gives no other meaning. */
static void write_unit(struct charset_decoder *decoder, gunichar unit, GString *out)
{
  gunichar high = decoder->high;
  bool pair = high && unit >= 0xDC00 && unit <= 0xDFFF;
  decoder->high = 0;
  if (high && !pair)
    write_substitute(decoder, out);
  if (pair)
    write_wide(decoder, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00), out);
  else if (unit >= 0xD800 && unit <= 0xDBFF && decoder->charset != CHARSET_BMP)
    decoder->high = unit;
  else
    write_wide(decoder, unit, out);
}

/* ISO 10646 17.5: ESC 2/5 4/0 with each octet padded to the width ends it.  False for a unit that goes on. */
static bool ends_system(struct charset_decoder *decoder, gunichar unit, GString *out)
{
  static const gunichar sequence[] = {ESCAPE, 0x25, 0x40};
  if (decoder->charset == CHARSET_BMP || decoder->charset == CHARSET_UNIVERSAL)
    return false;
  if (unit == sequence[decoder->ending]) {
    if (++decoder->ending == G_N_ELEMENTS(sequence)) {
      decoder->ending = 0;
      decoder->system = SYSTEM_ISO_2022;
    }
    return true;
  }
  for (guint i = 0; i < decoder->ending; i++)
    write_wide(decoder, sequence[i], out);
  decoder->ending = unit == ESCAPE;
  return decoder->ending;
}

static void feed_wide(struct charset_decoder *decoder, guint8 octet, GString *out)
{
  guint width = decoder->system == SYSTEM_UCS2 ? 2 : 4;
  decoder->pending[decoder->pending_length++] = octet;
  if (decoder->pending_length < width)
    return;
  gunichar character = 0;
  for (guint i = 0; i < width; i++)
    character = character << 8 | decoder->pending[i];
  decoder->pending_length = 0;
  if (ends_system(decoder, character, out))
    return;
  if (width == 2)
    write_unit(decoder, character, out);
  else
    write_wide(decoder, character, out);
}

static void feed_octet(struct charset_decoder *decoder, guint8 octet, GString *out)
{
  if (decoder->system == SYSTEM_UCS2 || decoder->system == SYSTEM_UCS4)
    feed_wide(decoder, octet, out);
  else if (decoder->mode == MODE_ESCAPE && feed_escape(decoder, octet))
    return;
  else if (decoder->mode == MODE_CONTROL_SEQUENCE)
    decoder->mode = octet >= 0x40 && octet <= 0x7E ? MODE_TEXT : MODE_CONTROL_SEQUENCE;
  else if (decoder->system == SYSTEM_UTF8)
    feed_utf8(decoder, octet, out);
  else if ((octet & 0x7F) < 0x20)
    feed_control(decoder, octet, out);
  else
    feed_graphic(decoder, octet, out);
}

void charset_decoder_feed(struct charset_decoder *decoder, const void *octets, gsize length, bool last,
                          GString *out)
{
  const guint8 *at = octets;
  for (gsize i = 0; i < length; i++)
    feed_octet(decoder, at[i], out);
  if (!last)
    return;
  drop_pending(decoder, out);
  write_marks(decoder, out);
  if (decoder->high || decoder->ending)
    write_substitute(decoder, out);
  decoder->high = decoder->ending = 0;
  if (decoder->mode != MODE_TEXT)
    lose(decoder, &decoder->loss.dropped);
  decoder->mode = MODE_TEXT;
}

/* What the parameters say of a string whose sender left the escape sequences out. */
static void begin_as_registered(struct charset_decoder *decoder, const long *registrations, gsize count)
{
  bool ascii = false;
  for (gsize i = 0; i < count; i++) {
    const struct graphic_set *set = graphic_set_registered(registrations[i]);
    bool variant = set && set->octets == 1 && !set->table;
    ascii |= variant;
    if (set && !variant && !decoder->g[1])
      decoder->g[1] = set;
  }
  for (gsize i = 0; i < count && ascii; i++) {
    if (registrations[i] == 6 || registrations[i] == 2)
      return;
    const struct graphic_set *set = graphic_set_registered(registrations[i]);
    if (set && set->national)
      decoder->g[0] = set;
  }
}

struct charset_decoder *charset_decoder_new(enum charset charset, const long *registrations, gsize count)
{
  struct charset_decoder *decoder = g_new0(struct charset_decoder, 1);
  decoder->charset = charset;
  decoder->right = 1;
  decoder->line = 1;
  decoder->system = charset == CHARSET_UTF8        ? SYSTEM_UTF8
                    : charset == CHARSET_BMP       ? SYSTEM_UCS2
                    : charset == CHARSET_UNIVERSAL ? SYSTEM_UCS4
                                                   : SYSTEM_ISO_2022;
  decoder->g[0] = graphic_set_registered(charset == CHARSET_TELETEX ? 102 : 6);
  if (charset == CHARSET_TELETEX) {
    decoder->g[2] = graphic_set_registered(103);
    decoder->right = 2;
    decoder->teletex_controls = true;
  }
  if (charset == CHARSET_GENERAL)
    begin_as_registered(decoder, registrations, count);
  if (count == 1 && charset == CHARSET_GENERAL)
    decoder->system = registered_system(registrations[0]);
  return decoder;
}

void charset_decoder_free(struct charset_decoder *decoder)
{
  g_free(decoder);
}

struct charset_loss charset_decoder_loss(const struct charset_decoder *decoder)
{
  return decoder->loss;
}

char *charset_to_utf8(enum charset charset, const void *octets, gsize length, struct charset_loss *loss)
{
  struct charset_decoder *decoder = charset_decoder_new(charset, NULL, 0);
  GString *out = g_string_sized_new(length + 1);
  charset_decoder_feed(decoder, octets, length, true, out);
  if (loss) {
    loss->substituted += decoder->loss.substituted;
    loss->tolerated += decoder->loss.tolerated;
    loss->dropped += decoder->loss.dropped;
  }
  charset_decoder_free(decoder);
  return g_string_free(out, FALSE);
}
