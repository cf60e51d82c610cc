/* mime_in.c - contract: mime_in.h.
 *
 * The scanner gives lines with their offsets; the parser keeps the stack of parts that are open.  A line that
 * begins with "--" is compared with the boundaries of the open multiparts from the innermost out, so that a
 * part whose own end is missing ends with its parent. */
#include "mapping/mime_in.h"
#include "mapping/mapping.h"

#include <string.h>

enum {
  BLOCK = 65536,
  BOUNDARY_MAX = 70,           /* RFC 2046 5.1.1 */
  HEADER_OCTETS_MAX = 1 << 20, /* of one part */
  PEEK = 128                   /* octets of a line that tell a boundary */
};

/* --- lines --- */

struct line {
  guint64 offset;
  const char *text; /* without the line end */
  gsize length;
  gsize newline;  /* octets of the line end: 0 at the end of the mail, or when the line goes on in the next */
  bool continues; /* this is not the beginning of a line: one longer than a block comes in pieces */
};

struct scanner {
  const struct octets *source;
  guint64 length, offset; /* offset: of buffer[0] */
  char *buffer;
  gsize filled, at;
  bool inside; /* the last piece had no end */
};

static bool fill(struct scanner *scanner, GError **error)
{
  gsize rest = scanner->filled - scanner->at;
  memmove(scanner->buffer, scanner->buffer + scanner->at, rest);
  scanner->offset += scanner->at;
  scanner->at = 0;
  gsize want = (gsize)MIN((guint64)(BLOCK - rest), scanner->length - scanner->offset - rest);
  if (want && !octets_read(scanner->source, scanner->offset + rest, scanner->buffer + rest, want, error))
    return false;
  scanner->filled = rest + want;
  return true;
}

/* 1: a line; 0: the end; -1: error. */
static int next_line(struct scanner *scanner, struct line *line, GError **error)
{
  char *begin = scanner->buffer + scanner->at;
  char *end = memchr(begin, '\n', scanner->filled - scanner->at);
  if (!end && scanner->offset + scanner->filled < scanner->length) {
    if (!fill(scanner, error))
      return -1;
    begin = scanner->buffer;
    end = memchr(begin, '\n', scanner->filled);
  }
  gsize length = end ? (gsize)(end - begin) : scanner->filled - scanner->at;
  if (!end && !length)
    return 0;
  *line = (struct line){.offset = scanner->offset + scanner->at,
                        .text = begin,
                        .length = length,
                        .newline = end ? 1 : 0,
                        .continues = scanner->inside};
  scanner->at += length + line->newline;
  scanner->inside = !end;
  if (end && length && begin[length - 1] == '\r') {
    line->length--;
    line->newline++;
  }
  return 1;
}

/* --- parts --- */

static void field_free(void *data)
{
  g_free(data); /* name and body are in the same block */
}

static void part_free(void *data)
{
  struct mime_part *part = data;
  if (!part)
    return;
  g_ptr_array_unref(part->fields);
  mime_params_free(part->type);
  if (part->children)
    g_ptr_array_unref(part->children);
  g_free(part);
}

static struct mime_part *part_new(guint64 offset)
{
  struct mime_part *part = g_new0(struct mime_part, 1);
  part->fields = g_ptr_array_new_with_free_func(field_free);
  part->header = part->body = part->end = offset;
  return part;
}

void mime_mail_free(struct mime_mail *mail)
{
  if (!mail)
    return;
  part_free(mail->root);
  octets_unref(mail->source);
  g_free(mail);
}

const char *mime_part_field(const struct mime_part *part, const char *name)
{
  for (guint i = 0; i < part->fields->len; i++) {
    const struct mime_field *field = part->fields->pdata[i];
    if (!g_ascii_strcasecmp(field->name, name))
      return field->body;
  }
  return NULL;
}

char *mime_part_fields(const struct mime_part *part, const char *name)
{
  GString *joined = NULL;
  for (guint i = 0; i < part->fields->len; i++) {
    const struct mime_field *field = part->fields->pdata[i];
    if (g_ascii_strcasecmp(field->name, name) != 0)
      continue;
    if (!joined)
      joined = g_string_new(field->body);
    else
      g_string_append_printf(joined, ", %s", field->body);
  }
  return joined ? g_string_free(joined, FALSE) : NULL;
}

struct mime_params *mime_part_disposition(const struct mime_mail *mail, const struct mime_part *part)
{
  const char *body = mime_part_field(part, "Content-Disposition");
  return body ? mime_params_parse(mail->charsets, body) : NULL;
}

char *mime_part_filename(const struct mime_mail *mail, const struct mime_part *part)
{
  g_autoptr(mime_params_t) disposition = mime_part_disposition(mail, part);
  const char *name = disposition ? mime_params_get(disposition, "filename") : NULL;
  if (!name || !*name)
    name = mime_params_get(part->type, "name");
  return name && *name ? g_strdup(name) : NULL;
}

/* --- the parser --- */

enum state { IN_HEADER, IN_BODY, IN_PREAMBLE, IN_EPILOGUE, IN_MESSAGE };

struct level {
  struct mime_part *part;
  enum state state;
  char boundary[BOUNDARY_MAX + 1];
  gsize boundary_length;
};

struct parser {
  struct mime_mail *mail;
  GArray *stack;   /* of level */
  GString *header; /* the header block of the innermost part */
  guint parts, fields;
  guint64 before_newline; /* where the line end before the present line begins: it belongs to a boundary */
};

static bool limit(GError **error, const char *what, guint number)
{
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT, "5.3.4 the message has more than %u %s", number,
              what);
  return false;
}

static struct level *top(struct parser *parser)
{
  return &g_array_index(parser->stack, struct level, parser->stack->len - 1);
}

static bool push(struct parser *parser, guint64 offset, GError **error)
{
  const struct mime_limits *limits = &parser->mail->limits;
  if (parser->stack->len > limits->depth)
    return limit(error, "levels of parts", limits->depth);
  if (++parser->parts > limits->parts)
    return limit(error, "parts", limits->parts);
  struct level level = {.part = part_new(offset), .state = IN_HEADER};
  if (parser->stack->len) {
    struct mime_part *parent = top(parser)->part;
    if (!parent->children)
      parent->children = g_ptr_array_new_with_free_func(part_free);
    g_ptr_array_add(parent->children, level.part);
  } else {
    parser->mail->root = level.part;
  }
  g_array_append_val(parser->stack, level);
  g_string_truncate(parser->header, 0);
  return true;
}

/* A field's name: RFC 5322 2.2; space before the colon is obsolete, but read. */
static gsize name_length(const char *text, gsize length)
{
  gsize at = 0;
  while (at < length && (guint8)text[at] > 32 && (guint8)text[at] < 127 && text[at] != ':')
    at++;
  gsize colon = at;
  while (colon < length && (text[colon] == ' ' || text[colon] == '\t'))
    colon++;
  return at && colon < length && text[colon] == ':' ? at : 0;
}

/* The block holds whole lines, each ended by a line feed. */
static bool parse_fields(struct parser *parser, struct mime_part *part, GError **error)
{
  const char *at = parser->header->str, *end = at + parser->header->len;
  while (at < end) {
    const char *stop = at; /* a field's last line feed */
    do {
      stop = memchr(stop, '\n', (gsize)(end - stop));
      stop++;
    } while (stop < end && (*stop == ' ' || *stop == '\t'));
    gsize name = name_length(at, (gsize)(stop - at));
    const char *colon = name ? memchr(at, ':', (gsize)(stop - at)) : NULL;
    if (colon) {
      if (++parser->fields > parser->mail->limits.headers)
        return limit(error, "header fields", parser->mail->limits.headers);
      const char *text = colon + 1;
      gsize room = sizeof(struct mime_field) + name + 1 + (gsize)(stop - text) + 1;
      struct mime_field *field = g_malloc(room);
      field->name = (char *)(field + 1);
      memcpy(field->name, at, name);
      field->name[name] = '\0';
      char *to = field->body = field->name + name + 1;
      while (text < stop && (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n'))
        text++;
      for (; text < stop; text++)
        if (*text != '\n' && *text != '\r' && *text)
          *to++ = *text;
      while (to > field->body && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
      *to = '\0';
      g_ptr_array_add(part->fields, field);
    }
    at = stop;
  }
  return true;
}

static enum mime_encoding encoding_of(const char *body)
{
  if (!body)
    return MIME_IDENTITY;
  static const struct {
    const char *name;
    enum mime_encoding encoding;
  } names[] = {{"7bit", MIME_IDENTITY},
               {"8bit", MIME_IDENTITY},
               {"binary", MIME_IDENTITY},
               {"quoted-printable", MIME_QUOTED_PRINTABLE},
               {"base64", MIME_BASE64}};
  gsize length = strcspn(body, " \t;(");
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (length == strlen(names[i].name) && !g_ascii_strncasecmp(body, names[i].name, length))
      return names[i].encoding;
  return length ? MIME_UNKNOWN_ENCODING : MIME_IDENTITY;
}

/* The header is whole: decides what the part is. body: offset of its content. */
static bool end_header(struct parser *parser, guint64 body, GError **error)
{
  struct level *level = top(parser);
  struct mime_part *part = level->part;
  part->body = part->end = body;
  if (!parse_fields(parser, part, error))
    return false;
  bool digest = false;
  if (parser->stack->len > 1) {
    const struct mime_part *parent = g_array_index(parser->stack, struct level, parser->stack->len - 2).part;
    digest = parent->kind == MIME_MULTIPART && !strcmp(parent->type->value, "multipart/digest");
  }
  const char *type = mime_part_field(part, "Content-Type");
  part->typed = type && strchr(type, '/');
  part->type = mime_params_parse(parser->mail->charsets, part->typed ? type
                                                         : digest    ? "message/rfc822"
                                                                     : "text/plain"); /* RFC 2046 5.1.5 */
  part->encoding = encoding_of(mime_part_field(part, "Content-Transfer-Encoding"));
  level->state = IN_BODY;
  if (g_str_has_prefix(part->type->value, "multipart/")) {
    const char *boundary = mime_params_get(part->type, "boundary");
    gsize length = boundary ? strlen(boundary) : 0;
    if (length && length <= BOUNDARY_MAX) {
      memcpy(level->boundary, boundary, length + 1);
      level->boundary_length = length;
      level->state = IN_PREAMBLE;
      part->kind = MIME_MULTIPART;
    }
  } else if ((!strcmp(part->type->value, "message/rfc822") || !strcmp(part->type->value, "message/global")) &&
             part->encoding == MIME_IDENTITY) {
    level->state = IN_MESSAGE;
    part->kind = MIME_MESSAGE;
    return push(parser, body, error);
  }
  return true;
}

/* Closes the levels above count; their contents end at offset. */
static bool close_above(struct parser *parser, guint count, guint64 offset, GError **error)
{
  while (parser->stack->len > count) {
    struct level *level = top(parser);
    struct mime_part *part = level->part;
    if (level->state == IN_HEADER && !end_header(parser, MAX(offset, part->header), error))
      return false;
    if (top(parser)->part != part)
      continue; /* the header's end opened a message within: it is closed first */
    part->end = MAX(offset, part->body);
    g_array_set_size(parser->stack, parser->stack->len - 1);
  }
  return true;
}

/* The level whose boundary the line is, or -1; *last_r: it is the closing one. */
static int boundary_of(struct parser *parser, const struct line *line, bool *last_r)
{
  if (line->continues || line->length < 3 || line->text[0] != '-' || line->text[1] != '-')
    return -1;
  for (guint i = parser->stack->len; i-- > 0;) {
    const struct level *level = &g_array_index(parser->stack, struct level, i);
    gsize length = level->boundary_length;
    if (!length || line->length < length + 2 || memcmp(line->text + 2, level->boundary, length) != 0)
      continue;
    const char *rest = line->text + 2 + length;
    gsize left = line->length - 2 - length;
    *last_r = left >= 2 && rest[0] == '-' && rest[1] == '-';
    gsize skip = *last_r ? 2 : 0;
    while (skip < left && (rest[skip] == ' ' || rest[skip] == '\t'))
      skip++;
    if (skip == left)
      return (int)i;
  }
  return -1;
}

static bool header_line(struct parser *parser, const struct line *line, GError **error)
{
  if (!line->continues && !line->length && line->newline)
    return end_header(parser, line->offset + line->newline, error);
  bool folded = parser->header->len && line->length && (line->text[0] == ' ' || line->text[0] == '\t');
  bool envelope = !parser->header->len && line->length > 5 && !memcmp(line->text, "From ", 5);
  if (line->continues) {
    if (parser->header->len && parser->header->str[parser->header->len - 1] == '\n')
      g_string_truncate(parser->header, parser->header->len - 1);
  } else if (!folded && !envelope && !name_length(line->text, line->length)) {
    return end_header(parser, line->offset, error); /* the blank line is missing: this is content */
  }
  if (parser->header->len + line->length > HEADER_OCTETS_MAX)
    return limit(error, "octets in one header", HEADER_OCTETS_MAX);
  if (!envelope) {
    g_string_append_len(parser->header, line->text, (gssize)line->length);
    g_string_append_c(parser->header, '\n');
  }
  return true;
}

static bool take_line(struct parser *parser, const struct line *line, GError **error)
{
  bool last = false;
  int at = boundary_of(parser, line, &last);
  if (at >= 0) {
    if (!close_above(parser, (guint)at + 1, parser->before_newline, error))
      return false;
    struct level *level = top(parser);
    if (last) {
      level->state = IN_EPILOGUE;
      level->boundary_length = 0;
      return true;
    }
    return push(parser, line->offset + line->length + line->newline, error);
  }
  return top(parser)->state == IN_HEADER ? header_line(parser, line, error) : true;
}

static bool parse(struct parser *parser, GError **error)
{
  struct scanner scanner = {.source = parser->mail->source, .length = octets_length(parser->mail->source)};
  scanner.buffer = g_malloc(BLOCK);
  struct line line;
  int got = 0;
  bool good = push(parser, 0, error);
  while (good && (got = next_line(&scanner, &line, error)) > 0) {
    good = take_line(parser, &line, error);
    parser->before_newline = line.offset + line.length;
  }
  g_free(scanner.buffer);
  return good && got == 0 && close_above(parser, 0, scanner.length, error);
}

/* A multipart that had no part is what it looks like: text without sense; its content is kept. */
static void mend(struct mime_part *part)
{
  if (part->kind == MIME_MULTIPART && !part->children)
    part->kind = MIME_LEAF;
  for (guint i = 0; part->children && i < part->children->len; i++)
    mend(part->children->pdata[i]);
}

struct mime_mail *mime_mail_parse(struct octets *source, GHashTable *charsets,
                                  const struct mime_limits *limits, GError **error)
{
  struct mime_mail *mail = g_new0(struct mime_mail, 1);
  mail->source = octets_ref(source);
  mail->charsets = charsets;
  mail->limits = *limits;
  struct parser parser = {
      .mail = mail, .stack = g_array_new(FALSE, FALSE, sizeof(struct level)), .header = g_string_new(NULL)};
  bool good = parse(&parser, error);
  g_array_unref(parser.stack);
  g_string_free(parser.header, TRUE);
  if (!good) {
    mime_mail_free(mail);
    return NULL;
  }
  mend(mail->root);
  return mail;
}

/* --- contents --- */

struct octets *mime_part_raw(const struct mime_mail *mail, const struct mime_part *part, bool header)
{
  guint64 begin = header ? part->header : part->body;
  return octets_slice(mail->source, begin, part->end - begin);
}

struct decoder {
  enum mime_encoding encoding;
  struct mime_spill_sink *sink;
  gint state;
  guint save;
  GString *line; /* quoted-printable: what of a line is not yet decided */
  GByteArray *out;
  guint64 characters; /* base64: of its alphabet, and padding */
  guint64 faults;     /* octets that stand for nothing */
};

/* RFC 2045 6.8: what is not of the alphabet is ignored, and here counted. */
static void count_base64(struct decoder *decoder, const guint8 *block, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    bool known = g_ascii_isalnum(block[i]) || block[i] == '+' || block[i] == '/' || block[i] == '=';
    decoder->characters += known;
    decoder->faults += !known && !g_ascii_isspace(block[i]);
  }
}

/* Padding that was left out is made up for; a single character stands for no octet. */
static bool end_base64(struct decoder *decoder, GError **error)
{
  guint rest = decoder->characters % 4;
  if (rest < 2) {
    decoder->faults += rest;
    return true;
  }
  guint8 out[6];
  gsize count = g_base64_decode_step("==", 4 - rest, out, &decoder->state, &decoder->save);
  return mime_spill_add(decoder->sink, out, count, error);
}

/* RFC 2045 6.7. Called with a whole line, or with the rest at the end. */
static void decode_line(struct decoder *decoder)
{
  GString *line = decoder->line;
  GByteArray *out = decoder->out;
  gsize length = line->len;
  const char *newline = "";
  if (length && line->str[length - 1] == '\n') {
    newline = length > 1 && line->str[length - 2] == '\r' ? "\r\n" : "\n";
    length -= strlen(newline);
  }
  while (length && (line->str[length - 1] == ' ' || line->str[length - 1] == '\t'))
    length--; /* rule 3: space at the end of a line came with the transport */
  bool soft = length && line->str[length - 1] == '=';
  length -= soft;
  for (gsize i = 0; i < length; i++) {
    guint8 octet = (guint8)line->str[i];
    if (octet == '=' && i + 2 < line->len && g_ascii_isxdigit(line->str[i + 1]) &&
        g_ascii_isxdigit(line->str[i + 2])) {
      octet = (guint8)(g_ascii_xdigit_value(line->str[i + 1]) << 4 | g_ascii_xdigit_value(line->str[i + 2]));
      i += 2;
    } else {
      decoder->faults += octet == '=';
    }
    g_byte_array_append(out, &octet, 1);
  }
  if (!soft)
    g_byte_array_append(out, (const guint8 *)newline, (guint)strlen(newline));
  g_string_truncate(line, 0);
}

static void decode_quoted(struct decoder *decoder, const char *block, gsize length)
{
  while (length) {
    const char *end = memchr(block, '\n', length);
    gsize take = end ? (gsize)(end - block) + 1 : length;
    g_string_append_len(decoder->line, block, (gssize)take);
    /* A line without end must not fill memory: past any sensible length it is decoded in pieces. */
    if (end || (decoder->line->len > BLOCK && !memchr(decoder->line->str + decoder->line->len - 3, '=', 3)))
      decode_line(decoder);
    block += take;
    length -= take;
  }
}

static bool decode_block(const guint8 *block, gsize length, void *user, GError **error)
{
  struct decoder *decoder = user;
  g_byte_array_set_size(decoder->out, 0);
  if (decoder->encoding == MIME_BASE64) {
    count_base64(decoder, block, length);
    g_byte_array_set_size(decoder->out, (guint)(length / 4 * 3 + 6));
    gsize count = g_base64_decode_step((const char *)block, length, decoder->out->data, &decoder->state,
                                       &decoder->save);
    g_byte_array_set_size(decoder->out, (guint)count);
  } else {
    decode_quoted(decoder, (const char *)block, length);
  }
  return mime_spill_add(decoder->sink, decoder->out->data, decoder->out->len, error);
}

struct octets *mime_part_content(const struct mime_mail *mail, const struct mime_part *part,
                                 struct mime_spill *spill, GError **error)
{
  guint64 faults;
  return mime_part_content_told(mail, part, spill, &faults, error);
}

struct octets *mime_part_content_told(const struct mime_mail *mail, const struct mime_part *part,
                                      struct mime_spill *spill, guint64 *faults_r, GError **error)
{
  struct octets *raw = mime_part_raw(mail, part, false);
  *faults_r = 0;
  if (part->encoding == MIME_IDENTITY || part->encoding == MIME_UNKNOWN_ENCODING)
    return raw;
  struct decoder decoder = {.encoding = part->encoding,
                            .sink = mime_spill_begin(spill, octets_length(raw) + 3),
                            .line = g_string_new(NULL),
                            .out = g_byte_array_new()};
  bool good = octets_each(raw, decode_block, &decoder, error);
  if (good && decoder.line->len) {
    g_byte_array_set_size(decoder.out, 0);
    decode_line(&decoder);
    good = mime_spill_add(decoder.sink, decoder.out->data, decoder.out->len, error);
  }
  if (good && part->encoding == MIME_BASE64)
    good = end_base64(&decoder, error);
  *faults_r = decoder.faults;
  g_string_free(decoder.line, TRUE);
  g_byte_array_unref(decoder.out);
  octets_unref(raw);
  if (good)
    return mime_spill_end(decoder.sink, error);
  mime_spill_abandon(decoder.sink);
  return NULL;
}
