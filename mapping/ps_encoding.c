#include "mapping/ps_encoding.h"

#include <string.h>

static const struct {
  char code, meaning;
} PS_CODES[] = {{'a', '@'}, {'p', '%'}, {'b', '!'}, {'q', '"'}, {'u', '_'}, {'l', '('}, {'r', ')'}};

/* ISO 2022 (ISO/IEC 10646-1 16.2): UTF-8 follows. */
static const guchar ESCAPE_UTF8[] = {0x1b, '%', 'G'};

bool ps_char(char c)
{
  return g_ascii_isalnum(c) || (c && strchr(" '+,-./:=?()", c));
}

bool ps_is_printable(const char *text)
{
  for (; *text; text++)
    if (!ps_char(*text))
      return false;
  return true;
}

bool ps_is_numeric(const char *text)
{
  return strspn(text, "0123456789 ") == strlen(text);
}

bool ps_is_digits(const char *text)
{
  return *text && strspn(text, "0123456789") == strlen(text);
}

static void append_encoded(GString *out, char c)
{
  for (gsize i = 0; i < G_N_ELEMENTS(PS_CODES); i++)
    if (PS_CODES[i].meaning == c) {
      g_string_append_printf(out, "(%c)", PS_CODES[i].code);
      return;
    }
  if (ps_char(c))
    g_string_append_c(out, c);
  else
    g_string_append_printf(out, "(%03d)", c);
}

char *ps_encode(const char *ascii)
{
  if (!g_str_is_ascii(ascii))
    return NULL;
  GString *out = g_string_sized_new(strlen(ascii) + 16);
  for (; *ascii; ascii++)
    append_encoded(out, *ascii);
  return g_string_free(out, FALSE);
}

/* The character that the code at text ("(a)", "(126)") stands for, and the code's length; 0 when it is none.
 */
static char decode_one(const char *text, gsize *length_r)
{
  if (text[0] != '(' || !text[1])
    return 0;
  if (text[2] == ')') {
    *length_r = 3;
    for (gsize i = 0; i < G_N_ELEMENTS(PS_CODES); i++)
      if (PS_CODES[i].code == g_ascii_tolower(text[1]))
        return PS_CODES[i].meaning;
    return 0;
  }
  int value = 0;
  for (int i = 1; i <= 3; i++) {
    if (!g_ascii_isdigit(text[i]))
      return 0;
    value = value * 10 + (text[i] - '0');
  }
  *length_r = 5;
  return text[4] == ')' && value < 128 ? (char)value : 0;
}

char *ps_decode(const char *printable, bool *exact_r)
{
  GString *out = g_string_sized_new(strlen(printable));
  bool exact = true;
  while (*printable) {
    gsize length = 1;
    char c = decode_one(printable, &length);
    if (!c) {
      c = *printable;
      length = 1;
      exact = exact && ps_char(c) && c != '(' && c != ')';
    }
    g_string_append_c(out, c);
    printable += length;
  }
  if (exact_r)
    *exact_r = exact;
  return g_string_free(out, FALSE);
}

static bool plain(gunichar c)
{
  return c < 128 && ps_char((char)c);
}

/* One "{...}" for the run of characters at text that have no place in PrintableString and are alike in being
 * inside or outside ISO 8859-1. */
static const char *append_braces(GString *out, const char *text)
{
  bool latin = g_utf8_get_char(text) < 256;
  g_string_append_c(out, '{');
  for (gsize i = 0; !latin && i < sizeof ESCAPE_UTF8; i++)
    g_string_append_printf(out, "%03d", ESCAPE_UTF8[i]);
  for (; *text; text = g_utf8_next_char(text)) {
    gunichar c = g_utf8_get_char(text);
    if (plain(c) || (c < 256) != latin)
      break;
    if (latin)
      g_string_append_printf(out, "%03u", c);
    else
      for (const char *p = text; p < g_utf8_next_char(text); p++)
        g_string_append_printf(out, "%03u", (guchar)*p);
  }
  g_string_append_c(out, '}');
  return text;
}

char *ps_teletex_format(const char *printable, const char *teletex)
{
  GString *out = g_string_new(printable);
  if (!teletex)
    return g_string_free(out, FALSE);
  g_string_append_c(out, '*');
  while (*teletex) {
    if (plain((guchar)*teletex))
      g_string_append_c(out, *teletex++);
    else
      teletex = append_braces(out, teletex);
  }
  return g_string_free(out, FALSE);
}

/* The octets of one pair of braces: UTF-8 behind its escape, else ISO 8859-1. */
static bool append_octets(GString *out, const GByteArray *octets)
{
  const guchar *data = octets->data;
  gsize length = octets->len, mark = sizeof ESCAPE_UTF8;
  if (length > mark && memcmp(data, ESCAPE_UTF8, mark) == 0) {
    const char *text = (const char *)data + mark;
    if (!g_utf8_validate_len(text, length - mark, NULL) || memchr(text, ESCAPE_UTF8[0], length - mark))
      return false; /* a character for an escape is written nowhere */
    g_string_append_len(out, text, (gssize)(length - mark));
    return true;
  }
  for (gsize i = 0; i < length; i++) {
    if (data[i] == 0 || data[i] == 0x1b)
      return false;
    g_string_append_unichar(out, data[i]);
  }
  return true;
}

/* Reads "{ddd...}" at *text_r and steps behind it. */
static bool parse_braces(GString *out, const char **text_r)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  const char *p = *text_r + 1;
  for (; *p && *p != '}'; p += 3) {
    if (!g_ascii_isdigit(p[0]) || !g_ascii_isdigit(p[1]) || !g_ascii_isdigit(p[2]))
      return false;
    int value = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
    if (value > 255)
      return false;
    g_byte_array_append(octets, &(guint8){(guint8)value}, 1);
  }
  if (*p != '}' || octets->len == 0)
    return false;
  *text_r = p + 1;
  return append_octets(out, octets);
}

bool ps_teletex_parse(const char *text, char **printable_r, char **teletex_r)
{
  *printable_r = *teletex_r = NULL;
  const char *star = strchr(text, '*');
  g_autofree char *printable = star ? g_strndup(text, (gsize)(star - text)) : g_strdup(text);
  if (!ps_is_printable(printable))
    return false;
  if (!star) {
    *printable_r = g_steal_pointer(&printable);
    return true;
  }
  g_autoptr(GString) teletex = g_string_new(NULL);
  for (const char *p = star + 1; *p;) {
    if (*p == '{') {
      if (!parse_braces(teletex, &p))
        return false;
    } else if (ps_char(*p)) {
      g_string_append_c(teletex, *p++);
    } else {
      return false;
    }
  }
  /* "*x" has no printable part; "" before a star that stands alone is a null attribute. */
  *printable_r = *printable ? g_steal_pointer(&printable) : NULL;
  *teletex_r = g_strdup(teletex->str);
  return true;
}
