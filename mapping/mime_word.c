/* mime_word.c - contract: mime_word.h. */
#include "mapping/mime_word.h"
#include "mapping/mime_charset.h"

#include <string.h>

enum { WORD_MAX = 75, USED_MAX = 40 }; /* RFC 2047 2 */

/* --- decoding --- */

struct word {
  char charset[40];
  bool base64;
  const char *text; /* the encoded text */
  gsize length;
  const char *end; /* behind the word */
};

static bool word_at(const char *at, struct word *word_r)
{
  if (strncmp(at, "=?", 2) != 0)
    return false;
  const char *charset = at + 2, *question = strchr(charset, '?');
  if (!question || question == charset || !question[1] || question[2] != '?')
    return false;
  gsize length = strcspn(charset, "?*"); /* RFC 2231 5: a language may follow the set */
  char encoding = g_ascii_tolower(question[1]);
  if (length >= sizeof word_r->charset || (encoding != 'q' && encoding != 'b'))
    return false;
  memcpy(word_r->charset, charset, length);
  word_r->charset[length] = '\0';
  word_r->base64 = encoding == 'b';
  word_r->text = question + 3;
  const char *end = strstr(word_r->text, "?=");
  if (!end)
    return false;
  word_r->length = (gsize)(end - word_r->text);
  /* Space inside is not legal, but common in the Q encoding; a field's end is not reached by it. */
  word_r->end = end + 2;
  return true;
}

static void decode_q(const char *text, gsize length, GString *out)
{
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '_') {
      g_string_append_c(out, ' ');
    } else if (text[i] == '=' && i + 2 < length && g_ascii_isxdigit(text[i + 1]) &&
               g_ascii_isxdigit(text[i + 2])) {
      g_string_append_c(out,
                        (char)(g_ascii_xdigit_value(text[i + 1]) << 4 | g_ascii_xdigit_value(text[i + 2])));
      i += 2;
    } else {
      g_string_append_c(out, text[i]);
    }
  }
}

static void decode_b(const char *text, gsize length, GString *out)
{
  gint state = 0;
  guint save = 0;
  gsize at = out->len;
  g_string_set_size(out, at + length / 4 * 3 + 3);
  gsize count = g_base64_decode_step(text, length, (guchar *)out->str + at, &state, &save);
  g_string_truncate(out, at + count);
}

static void append_raw(GHashTable *charsets, const char *text, gsize length, GString *out)
{
  mime_charset_to_utf8(charsets, NULL, text, length, out, NULL);
}

char *mime_word_decode(GHashTable *charsets, const char *raw)
{
  GString *out = g_string_new(NULL);
  g_autoptr(GString) octets = g_string_new(NULL);
  const char *at = raw;
  struct word word;
  while (*at) {
    const char *begin = strstr(at, "=?");
    if (!begin) {
      append_raw(charsets, at, strlen(at), out);
      break;
    }
    if (!word_at(begin, &word) || !mime_charset_known(charsets, word.charset)) {
      append_raw(charsets, at, (gsize)(begin + 2 - at), out);
      at = begin + 2;
      continue;
    }
    append_raw(charsets, at, (gsize)(begin - at), out);
    /* Neighbours of the same set are one text: senders do cut characters in two. */
    g_string_truncate(octets, 0);
    char charset[sizeof word.charset];
    memcpy(charset, word.charset, sizeof charset);
    struct word next = word;
    do {
      word = next;
      (word.base64 ? decode_b : decode_q)(word.text, word.length, octets);
    } while (word_at(word.end + strspn(word.end, " \t"), &next) &&
             !g_ascii_strcasecmp(next.charset, charset));
    mime_charset_to_utf8(charsets, charset, octets->str, octets->len, out, NULL);
    at = word.end;
    const char *behind = at + strspn(at, " \t");
    if (word_at(behind, &next) && mime_charset_known(charsets, next.charset))
      at = behind;
  }
  /* A decoded control character must not break the field that the text goes into. */
  for (char *c = out->str; *c; c++)
    if (*c == '\r' || *c == '\n')
      *c = ' ';
  return g_string_free(out, FALSE);
}

/* --- encoding --- */

/* RFC 2047 4.2 and 5 (3). */
static bool stands_for_itself(guint8 octet, bool phrase)
{
  if (g_ascii_isalnum((char)octet))
    return true;
  return octet && strchr(phrase ? "!*+-/" : "!*+-/,.:;&'#$%@|~{}()[]<>^`\\\"", octet);
}

static gsize q_length(const char *octets, gsize length, bool phrase)
{
  gsize sum = 0;
  for (gsize i = 0; i < length; i++)
    sum += octets[i] == ' ' || stands_for_itself((guint8)octets[i], phrase) ? 1 : 3;
  return sum;
}

static void append_q(const char *octets, gsize length, bool phrase, GString *out)
{
  for (gsize i = 0; i < length; i++) {
    guint8 octet = (guint8)octets[i];
    if (octet == ' ')
      g_string_append_c(out, '_');
    else if (stands_for_itself(octet, phrase))
      g_string_append_c(out, (char)octet);
    else
      g_string_append_printf(out, "=%02X", octet);
  }
}

void mime_word_encode(const char *utf8, gsize length, bool phrase, gsize used, GString *out)
{
  bool latin1 = mime_repertoire(utf8, length) != MIME_UNICODE;
  const char *charset = latin1 ? "ISO-8859-1" : "UTF-8";
  g_autoptr(GString) octets = g_string_new(NULL);
  if (latin1)
    mime_latin1_from_utf8(utf8, length, octets);
  else
    g_string_append_len(octets, utf8, (gssize)length);
  bool base64 = q_length(octets->str, octets->len, phrase) > octets->len * 4 / 3 + 4;
  gsize room = WORD_MAX -
               strlen("=?"
                      "?Q?"
                      "?=") -
               strlen(charset);
  gsize at = 0, first = room - MIN(used, (gsize)USED_MAX);
  while (at < octets->len) {
    gsize take = 0, spent = 0, limit = at ? room : first;
    while (at + take < octets->len) { /* whole characters only */
      gsize step =
          latin1 ? 1 : (gsize)(g_utf8_next_char(octets->str + at + take) - (octets->str + at + take));
      gsize cost =
          base64 ? (take + step + 2) / 3 * 4 : spent + q_length(octets->str + at + take, step, phrase);
      if (cost > limit)
        break;
      spent = cost;
      take += step;
    }
    g_string_append_printf(out, "%s=?%s?%c?", at ? " " : "", charset, base64 ? 'B' : 'Q');
    if (base64) {
      g_autofree char *text = g_base64_encode((const guchar *)octets->str + at, take);
      g_string_append(out, text);
    } else {
      append_q(octets->str + at, take, phrase, out);
    }
    g_string_append(out, "?=");
    at += take;
  }
}
