/* reply.c - see reply.h. */
#include "smtp/reply.h"

#include <string.h>

/* --- writing -------------------------------------------------------------------------------------------- */

static void append_line(GString *out, guint code, bool last, const char *enhanced, const char *text,
                        gsize length)
{
  g_string_append_printf(out, "%03u%c", code, last ? ' ' : '-');
  if (enhanced != NULL)
    g_string_append_printf(out, "%c%s ", '0' + (char)(code / 100), enhanced + 1);
  for (gsize i = 0; i < length; i++)
    g_string_append_c(out, g_ascii_isprint(text[i]) ? text[i] : '?');
  g_string_append(out, "\r\n");
}

/* Octets of the piece of `length` that fit on one line; broken at a space if there is one. */
static gsize fitting(const char *text, gsize length, gsize room)
{
  if (length <= room)
    return length;
  const char *space = memrchr(text, ' ', room);
  return space != NULL && space > text ? (gsize)(space - text) : room;
}

void smtp_reply_append(GString *out, guint code, const char *enhanced, const char *text)
{
  gsize room = SMTP_REPLY_LINE_MAX - strlen("250-\r\n") - (enhanced != NULL ? strlen(enhanced) + 1 : 0);
  const char *line = text;
  do {
    gsize whole = strcspn(line, "\n");
    gsize length = fitting(line, whole, room);
    const char *next = line + length;
    if (*next == '\n' || (length < whole && *next == ' '))
      next++;
    append_line(out, code, *next == '\0', enhanced, line, length);
    line = next;
  } while (*line != '\0');
}

/* --- reading -------------------------------------------------------------------------------------------- */

void smtp_reply_reader_init(struct smtp_reply_reader *reader, guint line_max, guint lines_max)
{
  *reader = (struct smtp_reply_reader){
      .line_max = line_max, .lines_max = lines_max, .line = g_string_new(NULL), .text = g_string_new(NULL)};
}

void smtp_reply_reader_clear(struct smtp_reply_reader *reader)
{
  g_string_free(reader->line, TRUE);
  g_string_free(reader->text, TRUE);
}

static bool is_number(const char *text, gsize digits)
{
  for (gsize i = 0; i < digits; i++)
    if (!g_ascii_isdigit(text[i]))
      return false;
  return true;
}

/* Length of "5.1.1" at the head of text (class of code, then two numbers of at most three digits), or 0. */
static gsize enhanced_length(const char *text, guint code)
{
  if (text[0] != (char)('0' + code / 100) || text[1] != '.')
    return 0;
  const char *p = text + 2;
  for (int part = 0; part < 2; part++) {
    const char *digits = p;
    while (g_ascii_isdigit(*p))
      p++;
    if (p == digits || p > digits + 3 || (part == 0 && *p++ != '.'))
      return 0;
  }
  return *p == ' ' || *p == '\0' ? (gsize)(p - text) : 0;
}

/* A line of text joins the reply: its enhanced code is taken off, what does not print is replaced. */
static void take_text(struct smtp_reply_reader *reader, const char *text)
{
  gsize skip = enhanced_length(text, reader->code);
  if (skip > 0) {
    if (reader->enhanced[0] == '\0')
      g_snprintf(reader->enhanced, sizeof reader->enhanced, "%.*s", (int)skip, text);
    text += skip + (text[skip] == ' ');
  }
  if (reader->lines > 0)
    g_string_append_c(reader->text, '\n');
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  for (char *p = valid; *p != '\0'; p++)
    if (g_ascii_iscntrl(*p))
      *p = ' ';
  g_string_append(reader->text, valid);
  reader->lines++;
}

static enum smtp_reply_status take_line(struct smtp_reply_reader *reader, struct smtp_reply *reply_r,
                                        const char **words_r)
{
  GString *line = reader->line;
  if (line->len > 0 && line->str[line->len - 1] == '\r')
    g_string_truncate(line, line->len - 1);
  if (line->len < 3 || !is_number(line->str, 3) || line->str[0] < '2' || line->str[0] > '5' ||
      (line->len > 3 && line->str[3] != ' ' && line->str[3] != '-')) {
    *words_r = "a reply line does not begin with a reply code";
    return SMTP_REPLY_BAD;
  }
  guint code = (guint)g_ascii_strtoull((char[]){line->str[0], line->str[1], line->str[2], '\0'}, NULL, 10);
  if (reader->lines > 0 && code != reader->code) {
    *words_r = "the lines of one reply have different codes";
    return SMTP_REPLY_BAD;
  }
  if (reader->lines >= reader->lines_max) {
    *words_r = "a reply has too many lines";
    return SMTP_REPLY_BAD;
  }
  reader->code = code;
  bool more = line->len > 3 && line->str[3] == '-';
  take_text(reader, line->len > 4 ? line->str + 4 : "");
  g_string_truncate(line, 0);
  if (more)
    return SMTP_REPLY_MORE;
  *reply_r = (struct smtp_reply){.code = code, .text = g_strdup(reader->text->str)};
  memcpy(reply_r->enhanced, reader->enhanced, sizeof reply_r->enhanced);
  g_string_truncate(reader->text, 0);
  reader->enhanced[0] = '\0';
  reader->lines = 0;
  return SMTP_REPLY_WHOLE;
}

enum smtp_reply_status smtp_reply_read(struct smtp_reply_reader *reader, const guint8 **data, gsize *length,
                                       struct smtp_reply *reply_r, const char **words_r)
{
  while (*length > 0) {
    const guint8 *newline = memchr(*data, '\n', *length);
    gsize piece = newline != NULL ? (gsize)(newline - *data) : *length;
    if (reader->line->len + piece > reader->line_max) {
      *words_r = "a reply line is too long";
      return SMTP_REPLY_BAD;
    }
    g_string_append_len(reader->line, (const char *)*data, (gssize)piece);
    *data += piece + (newline != NULL);
    *length -= piece + (newline != NULL);
    if (newline == NULL)
      break;
    enum smtp_reply_status status = take_line(reader, reply_r, words_r);
    if (status != SMTP_REPLY_MORE)
      return status;
  }
  return SMTP_REPLY_MORE;
}
