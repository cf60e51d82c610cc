/* mime_writer.c - contract: mime_writer.h. */
#include "mapping/mime_writer.h"
#include "mapping/mapping.h"
#include "mapping/mime_charset.h"
#include "mapping/mime_word.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
  FOLD = 76,       /* columns; RFC 5322 2.1.1 wants 78, RFC 2047 2 76 */
  LONGEST = 998,   /* RFC 5322 2.1.1 */
  QUOTED_MAX = 76, /* RFC 2045 6.7 (5), with the soft line end */
  BASE64_LINE = 57 /* octets of a line of 76 */
};

struct mime_writer {
  int fd;
  guint64 written; /* to fd */
  GString *buffer;
  char *seed;
  guint boundaries;
  gsize column; /* of the field being written */
  guint items;
  bool eight_bit;
  bool after_header; /* nothing of the body is written yet */
  char last;         /* octet written */
  GError *error;
};

enum { FLUSH = 65536 };

struct mime_writer *mime_writer_new(int fd, const char *seed)
{
  struct mime_writer *writer = g_new0(struct mime_writer, 1);
  writer->fd = fd;
  writer->buffer = g_string_sized_new(fd >= 0 ? FLUSH : 1024);
  writer->seed = g_strdup(seed);
  return writer;
}

void mime_writer_free(struct mime_writer *writer)
{
  if (!writer)
    return;
  g_string_free(writer->buffer, TRUE);
  g_free(writer->seed);
  g_clear_error(&writer->error);
  g_free(writer);
}

static void flush(struct mime_writer *writer)
{
  const char *at = writer->buffer->str;
  gsize left = writer->buffer->len;
  while (left && !writer->error) {
    ssize_t count = pwrite(writer->fd, at, left, (off_t)writer->written);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0) {
      g_set_error(&writer->error, MAPPING_ERROR, MAPPING_ERROR_IO, "writing the mail: %s", g_strerror(errno));
      break;
    }
    at += count;
    left -= (gsize)count;
    writer->written += (guint64)count;
  }
  g_string_truncate(writer->buffer, 0);
}

void mime_writer_octets(struct mime_writer *writer, const void *octets, gsize length)
{
  if (writer->fd >= 0 && writer->buffer->len + length > FLUSH)
    flush(writer);
  if (!length)
    return;
  g_string_append_len(writer->buffer, octets, (gssize)length);
  writer->after_header = false;
  writer->last = ((const char *)octets)[length - 1];
}

static void put(struct mime_writer *writer, const char *text)
{
  mime_writer_octets(writer, text, strlen(text));
}

bool mime_writer_end(struct mime_writer *writer, guint64 *size_r, GError **error)
{
  if (writer->last != '\n')
    put(writer, "\r\n"); /* a mail ends with a whole line */
  guint64 in_memory = writer->fd >= 0 ? 0 : writer->buffer->len;
  if (writer->fd >= 0)
    flush(writer);
  if (size_r)
    *size_r = writer->written + in_memory;
  if (!writer->error)
    return true;
  g_propagate_error(error, g_steal_pointer(&writer->error));
  return false;
}

bool mime_writer_8bit(const struct mime_writer *writer)
{
  return writer->eight_bit;
}

GBytes *mime_writer_bytes(struct mime_writer *writer)
{
  return g_bytes_new(writer->buffer->str, writer->buffer->len);
}

/* --- fields --- */

static void begin(struct mime_writer *writer, const char *name)
{
  put(writer, name);
  put(writer, ":");
  writer->column = strlen(name) + 1;
  writer->items = 0;
}

static void end(struct mime_writer *writer)
{
  put(writer, "\r\n");
}

/* One unbreakable piece after a space, on a new line when it does not fit. */
static void piece(struct mime_writer *writer, const char *text, gsize length)
{
  if (writer->column + 1 + length > FOLD && writer->items) {
    put(writer, "\r\n ");
    writer->column = 1;
  } else {
    put(writer, " ");
    writer->column++;
  }
  mime_writer_octets(writer, text, length);
  writer->column += length;
  writer->items++;
}

/* Pieces between spaces; quoted strings and comments are not broken but at their spaces, which folding keeps.
 */
static void pieces(struct mime_writer *writer, const char *text)
{
  while (*text) {
    /* Runs of spaces stay whole: the first begins the line or the piece, the others belong to it. */
    gsize spaces = strspn(text, " "), length = spaces + strcspn(text + spaces, " ");
    gsize skip = spaces && length > spaces ? 1 : 0;
    if (length > skip)
      piece(writer, text + skip, length - skip);
    text += length;
  }
}

/* Control characters and octets above 127 have no place in a field. */
static char *printable(const char *text)
{
  char *clean = g_strdup(text);
  for (char *c = clean; *c; c++)
    if (*c == '\t' || *c == '\r' || *c == '\n')
      *c = ' ';
    else if ((guint8)*c < 0x20 || (guint8)*c >= 0x7F)
      *c = '?';
  return clean;
}

void mime_writer_field(struct mime_writer *writer, const char *name, const char *body)
{
  g_autofree char *clean = printable(body);
  begin(writer, name);
  pieces(writer, clean);
  end(writer);
}

static bool ascii_lines(const char *text)
{
  gsize word = 0;
  for (const char *c = text; *c; c++) {
    word = *c == ' ' ? 0 : word + 1;
    if ((guint8)*c < 0x20 || (guint8)*c >= 0x7F || word > LONGEST - 80)
      return false;
  }
  return !strstr(text, "=?");
}

void mime_writer_text(struct mime_writer *writer, const char *name, const char *utf8)
{
  g_autoptr(GString) body = g_string_new(NULL);
  gsize length = strlen(utf8);
  bool edges = length && (utf8[0] == ' ' || utf8[length - 1] == ' '); /* they would not survive folding */
  if (ascii_lines(utf8) && !edges && !strstr(utf8, "  ")) {
    g_string_append(body, utf8);
  } else {
    g_autofree char *line = g_strdup(utf8);
    for (char *c = line; *c; c++)
      if ((guint8)*c < 0x20 || *c == 0x7F)
        *c = ' ';
    mime_word_encode(line, strlen(line), false, strlen(name) + 2, body);
  }
  begin(writer, name);
  pieces(writer, body->str);
  end(writer);
}

bool mime_writer_folds(const char *line)
{
  gsize name = strcspn(line, ":") + 2;
  for (gsize length; *line; line += length) { /* what pieces() does not break */
    gsize spaces = strspn(line, " ");
    length = spaces + strcspn(line + spaces, " ");
    if (length + name > LONGEST)
      return false;
  }
  return true;
}

bool mime_writer_raw_field(struct mime_writer *writer, const char *line)
{
  gsize name = 0;
  while ((guint8)line[name] > 32 && (guint8)line[name] < 127 && line[name] != ':')
    name++;
  if (!name || line[name] != ':')
    return false;
  g_autofree char *field = g_strndup(line, name);
  g_autofree char *body = printable(line + name + 1 + strspn(line + name + 1, " \t"));
  begin(writer, field);
  /* A body that fits stays on one line as it was; one that cannot be folded within RFC 5322's 998 is encoded. */
  if (strlen(body) + name + 2 <= FOLD) {
    put(writer, " ");
    put(writer, body);
  } else if (mime_writer_folds(line)) {
    pieces(writer, body);
  } else {
    g_autoptr(GString) words = g_string_new(NULL);
    mime_word_encode(body, strlen(body), false, name + 2, words);
    pieces(writer, words->str);
  }
  end(writer);
  return true;
}

void mime_writer_list(struct mime_writer *writer, const char *name)
{
  begin(writer, name);
}

static bool is_atoms(const char *text)
{
  for (const char *c = text; *c; c++)
    if (!g_ascii_isalnum(*c) && !strchr(" !#$%&'*+-/=?^_`{|}~", *c))
      return false;
  return *text && *text != ' ' && !strstr(text, "  ") && text[strlen(text) - 1] != ' ' && !strstr(text, "=?");
}

static void append_quoted(const char *text, GString *out)
{
  g_string_append_c(out, '"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *text);
  }
  g_string_append_c(out, '"');
}

static void append_phrase(const char *utf8, gsize used, GString *out)
{
  if (is_atoms(utf8))
    g_string_append(out, utf8);
  else if (ascii_lines(utf8))
    append_quoted(utf8, out);
  else
    mime_word_encode(utf8, strlen(utf8), true, used, out);
}

/* Behind the comment that begins here, "\\" quoting what follows it; NULL: none does. */
static const char *comment_end(const char *text)
{
  guint depth = 0;
  if (*text != '(')
    return NULL;
  for (; *text; text++) {
    if (*text == '\\' && text[1])
      text++;
    else if (*text == '(')
      depth++;
    else if (*text == ')' && !--depth)
      return text + 1;
  }
  return NULL;
}

/* One comment of text that is quoted already. */
static void append_comment(const char *quoted, gsize length, GString *out)
{
  g_autofree char *inner = g_strndup(quoted, length);
  if (ascii_lines(inner)) {
    g_string_append_printf(out, "(%s)", inner);
    return;
  }
  char *to = inner; /* an encoded word quotes in its own way */
  for (const char *c = inner; *c; c++) {
    c += *c == '\\' && c[1];
    *to++ = *c;
  }
  *to = '\0';
  g_string_append_c(out, '(');
  mime_word_encode(inner, strlen(inner), true, 0, out);
  g_string_append_c(out, ')');
}

/* Comments with their brackets, in order; text that is not that becomes one. */
static void append_comments(const char *utf8, GString *out)
{
  const char *end = utf8;
  while (end && *end) {
    end = comment_end(end);
    end += end ? strspn(end, " ") : 0;
  }
  if (!end) {
    g_autoptr(GString) quoted = g_string_new(NULL);
    for (const char *c = utf8; *c; c++)
      g_string_append_printf(quoted, "%s%c", strchr("()\\", *c) ? "\\" : "", *c);
    g_string_append_c(out, ' ');
    append_comment(quoted->str, quoted->len, out);
    return;
  }
  for (; *utf8; utf8 = end + strspn(end, " ")) {
    end = comment_end(utf8);
    g_string_append_c(out, ' ');
    append_comment(utf8 + 1, (gsize)(end - utf8) - 2, out);
  }
}

static void separate(struct mime_writer *writer)
{
  if (!writer->items)
    return;
  put(writer, ",");
  writer->column++;
}

void mime_writer_mailbox(struct mime_writer *writer, const char *phrase, const char *mailbox,
                         const char *comment)
{
  g_autofree char *spec = printable(mailbox);
  g_autoptr(GString) text = g_string_new(NULL);
  if (phrase && *phrase) {
    append_phrase(phrase, writer->items ? 1 : writer->column + 1, text);
    g_string_append_printf(text, " <%s>", spec);
  } else {
    g_string_append(text, spec);
  }
  if (comment && *comment)
    append_comments(comment, text);
  separate(writer);
  if (writer->column + 1 + text->len <= FOLD || !writer->items)
    pieces(writer, text->str);
  else { /* begin an address on its own line rather than cut it */
    put(writer, "\r\n");
    writer->column = 0;
    writer->items = 0;
    pieces(writer, text->str);
  }
}

void mime_writer_group(struct mime_writer *writer, const char *phrase, const char *comment)
{
  g_autoptr(GString) text = g_string_new(NULL);
  append_phrase(phrase, writer->items ? 1 : writer->column + 1, text);
  g_string_append(text, ":;");
  if (comment && *comment)
    append_comments(comment, text);
  separate(writer);
  pieces(writer, text->str);
}

void mime_writer_item(struct mime_writer *writer, const char *ascii)
{
  g_autofree char *clean = printable(ascii);
  piece(writer, clean, strlen(clean));
}

void mime_writer_list_end(struct mime_writer *writer)
{
  end(writer);
}

void mime_writer_value(struct mime_writer *writer, const char *name, const char *value)
{
  g_autofree char *clean = printable(value);
  begin(writer, name);
  pieces(writer, clean);
}

static bool is_token(const char *text)
{
  for (const char *c = text; *c; c++)
    if ((guint8)*c <= 0x20 || (guint8)*c >= 0x7F || strchr("()<>@,;:\\\"/[]?=", *c))
      return false;
  return *text;
}

static void param_piece(struct mime_writer *writer, const char *text)
{
  put(writer, ";");
  writer->column++;
  piece(writer, text, strlen(text));
}

/* RFC 2231 4 and 3: percent-encoded UTF-8, in sections when it does not fit a line. */
static void param_extended(struct mime_writer *writer, const char *name, const char *utf8)
{
  g_autoptr(GString) section = g_string_new("UTF-8''");
  gsize room = FOLD - 10 - MIN(strlen(name), (gsize)40);
  gsize whole = section->len;
  for (const char *c = utf8; *c; c++)
    whole += g_ascii_isalnum(*c) || strchr("-_.", *c) ? 1 : 3;
  guint number = 0;
  while (*utf8 || section->len) {
    while (*utf8) {
      /* a character's octets stay in one section */
      const char *next = g_utf8_next_char(utf8);
      bool plain = next == utf8 + 1 && (g_ascii_isalnum(*utf8) || strchr("-_.", *utf8));
      if (whole > room && section->len + (plain ? 1 : 3 * (gsize)(next - utf8)) > room)
        break;
      for (; utf8 < next; utf8++)
        if (plain)
          g_string_append_c(section, *utf8);
        else
          g_string_append_printf(section, "%%%02X", (guint8)*utf8);
    }
    g_autofree char *text = whole > room ? g_strdup_printf("%s*%u*=%s", name, number++, section->str)
                                         : g_strdup_printf("%s*=%s", name, section->str);
    param_piece(writer, text);
    g_string_truncate(section, 0);
  }
}

void mime_writer_param(struct mime_writer *writer, const char *name, const char *utf8)
{
  g_autoptr(GString) text = g_string_new(NULL);
  bool file_name = !g_ascii_strcasecmp(name, "filename") || !g_ascii_strcasecmp(name, "name");
  if (ascii_lines(utf8) && strlen(utf8) < FOLD - 20) {
    if (is_token(utf8))
      g_string_append_printf(text, "%s=%s", name, utf8);
    else {
      g_string_append_printf(text, "%s=", name);
      append_quoted(utf8, text);
    }
    param_piece(writer, text->str);
    return;
  }
  if (file_name && !ascii_lines(utf8)) {
    g_autoptr(GString) words = g_string_new(NULL);
    mime_word_encode(utf8, strlen(utf8), true, strlen(name) + 3, words);
    /* In quotes a fold is a space of the value: the words go one to a line, as their readers expect. */
    g_string_append_printf(text, "%s=\"", name);
    put(writer, ";");
    writer->column++;
    g_auto(GStrv) each = g_strsplit(words->str, " ", -1);
    for (char **word = each; *word; word++) {
      g_string_append(text, *word);
      if (!word[1])
        g_string_append_c(text, '"');
      piece(writer, text->str, text->len);
      g_string_truncate(text, 0);
    }
  }
  param_extended(writer, name, utf8);
}

void mime_writer_value_end(struct mime_writer *writer)
{
  end(writer);
}

void mime_writer_end_header(struct mime_writer *writer)
{
  end(writer);
  writer->after_header = true;
}

/* --- bodies --- */

struct survey {
  guint64 octets, high; /* high: what quoted-printable would write as three */
  gsize line;
  guint8 before;
  bool seven_bit;
};

static bool survey_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  struct survey *survey = user;
  for (gsize i = 0; i < length; i++) {
    guint8 octet = block[i];
    if (octet == '\n') {
      survey->seven_bit &= survey->before == '\r' && survey->line <= LONGEST + 1;
      survey->line = 0;
    } else {
      survey->seven_bit &= survey->before != '\r'; /* a bare carriage return */
      survey->line++;
      if (octet >= 0x7F || (octet < 0x20 && octet != '\t' && octet != '\r' && octet != '\f'))
        survey->high++;
    }
    survey->before = octet;
  }
  survey->octets += length;
  return true;
}

enum mime_transfer mime_writer_transfer(const struct octets *content, GError **error)
{
  struct survey survey = {.seven_bit = true};
  if (!octets_each(content, survey_block, &survey, error))
    return MIME_SEND_BASE64;
  if (survey.seven_bit && !survey.high && survey.line <= LONGEST && survey.before != '\r')
    return MIME_SEND_7BIT;
  return survey.high * 4 <= survey.octets ? MIME_SEND_QUOTED : MIME_SEND_BASE64;
}

void mime_writer_transfer_field(struct mime_writer *writer, enum mime_transfer transfer)
{
  static const char *const names[] = {[MIME_SEND_QUOTED] = "quoted-printable", [MIME_SEND_BASE64] = "base64"};
  if (transfer != MIME_SEND_7BIT)
    mime_writer_field(writer, "Content-Transfer-Encoding", names[transfer]);
}

struct encoder {
  struct mime_writer *writer;
  guint8 rest[BASE64_LINE];
  gsize count;
  /* quoted-printable: the line so far, and the octet before when its meaning hangs on the next */
  gsize column;
  int held;
  bool further; /* base64: not the first line */
};

static bool copy_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  struct encoder *encoder = user;
  for (gsize i = 0; i < length && !encoder->writer->eight_bit; i++)
    encoder->writer->eight_bit = block[i] >= 0x80;
  mime_writer_octets(encoder->writer, block, length);
  return !encoder->writer->error;
}

static void base64_line(struct encoder *encoder, const guint8 *octets, gsize length)
{
  char line[80] = "\r\n";
  gint state = 0, save = 0;
  gsize count = 2 + g_base64_encode_step(octets, length, FALSE, line + 2, &state, &save);
  count += g_base64_encode_close(FALSE, line + count, &state, &save);
  gsize skip = encoder->further ? 0 : 2;
  encoder->further = true;
  mime_writer_octets(encoder->writer, line + skip, count - skip);
}

static bool base64_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  struct encoder *encoder = user;
  if (encoder->count) {
    gsize take = MIN(BASE64_LINE - encoder->count, length);
    memcpy(encoder->rest + encoder->count, block, take);
    encoder->count += take;
    block += take;
    length -= take;
    if (encoder->count < BASE64_LINE)
      return true;
    base64_line(encoder, encoder->rest, BASE64_LINE);
    encoder->count = 0;
  }
  for (; length >= BASE64_LINE; block += BASE64_LINE, length -= BASE64_LINE)
    base64_line(encoder, block, BASE64_LINE);
  memcpy(encoder->rest, block, length);
  encoder->count = length;
  return !encoder->writer->error;
}

static void quoted_octet(struct encoder *encoder, guint8 octet, bool coded)
{
  static const char hex[] = "0123456789ABCDEF";
  gsize cost = coded ? 3 : 1;
  if (encoder->column + cost > QUOTED_MAX - 1) {
    put(encoder->writer, "=\r\n");
    encoder->column = 0;
  }
  char text[3] = {(char)octet};
  if (coded)
    memcpy(text, (char[3]){'=', hex[octet >> 4], hex[octet & 15]}, 3);
  mime_writer_octets(encoder->writer, text, cost);
  encoder->column += cost;
}

/* The held octet is a space, a tab or a carriage return: it is coded unless what follows keeps it safe. */
static void quoted_next(struct encoder *encoder, int octet)
{
  int held = encoder->held;
  encoder->held = -1;
  if (held == '\r' && octet == '\n') {
    put(encoder->writer, "\r\n");
    encoder->column = 0;
    return;
  }
  if (held >= 0)
    quoted_octet(encoder, (guint8)held, held == '\r' || octet == '\r' || octet == '\n' || octet < 0);
  if (octet < 0)
    return;
  if (octet == ' ' || octet == '\t' || octet == '\r')
    encoder->held = octet;
  else /* "From " and a lone "." at a line's beginning are what transports change */
    quoted_octet(encoder, (guint8)octet,
                 octet < 0x20 || octet >= 0x7F || octet == '=' ||
                     (encoder->column == 0 && (octet == '.' || octet == 'F' || octet == '-')));
}

static bool quoted_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  struct encoder *encoder = user;
  for (gsize i = 0; i < length; i++)
    quoted_next(encoder, block[i]);
  return !encoder->writer->error;
}

void mime_writer_content(struct mime_writer *writer, const struct octets *content,
                         enum mime_transfer transfer)
{
  static const octets_sink sinks[] = {
      [MIME_SEND_7BIT] = copy_block, [MIME_SEND_QUOTED] = quoted_block, [MIME_SEND_BASE64] = base64_block};
  struct encoder encoder = {.writer = writer, .held = -1};
  GError *error = NULL;
  if (!octets_each(content, sinks[transfer], &encoder, &error) && error) {
    if (!writer->error)
      writer->error = g_steal_pointer(&error);
    g_clear_error(&error);
    return;
  }
  if (transfer == MIME_SEND_BASE64 && encoder.count)
    base64_line(&encoder, encoder.rest, encoder.count);
  if (transfer == MIME_SEND_QUOTED)
    quoted_next(&encoder, -1);
}

/* "=_" occurs neither in base64 nor in quoted-printable (RFC 2045 6.7); the hash keeps gateways' nested mails
 * apart. */
char *mime_writer_boundary(struct mime_writer *writer)
{
  g_autofree char *text = g_strdup_printf("%s %u", writer->seed, writer->boundaries++);
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
  return g_strdup_printf("=_%.24s", hash);
}

void mime_writer_delimiter(struct mime_writer *writer, const char *boundary, bool last)
{
  put(writer, writer->after_header ? "--" : "\r\n--");
  put(writer, boundary);
  put(writer, last ? "--" : "\r\n");
}
