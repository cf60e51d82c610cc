/* server_data.c - message text by DATA (RFC 5321 4.1.1.4, 4.5.2) and by BDAT (RFC 3030).
 *
 * One scanner serves both: it takes blocks as they come, keeps only its place between them, and hands each
 * block on in one piece. A line ends in CRLF and in nothing else; a bare CR or LF anywhere ends the session,
 * so that no two hosts on the way can see different ends of one message. NUL and other control characters are
 * message text (RFC 5321 4.5.2). What is too large or has too long a line is read to its end, thrown away,
 * and then refused. */
#include <string.h>

#include "smtp/server_machine.h"

/* --- scanner -------------------------------------------------------------------------------------------- */

enum verdict { TEXT_GOES_ON, TEXT_ENDS, TEXT_BARE_CR, TEXT_BARE_LF };

/* The octets kept of one block. */
struct block {
  guint8 *octets;
  gsize used;
};

static void keep(struct block *block, const guint8 *from, const guint8 *to)
{
  memcpy(block->octets + block->used, from, (gsize)(to - from));
  block->used += (gsize)(to - from);
}

/* Walks to the end of the line or of the block. */
static enum verdict scan_line(struct smtp_text *text, const guint8 **cursor, const guint8 *end)
{
  const guint8 *p = *cursor;
  const guint8 *newline = memchr(p, '\n', (gsize)(end - p));
  const guint8 *stop = newline != NULL ? newline : end;
  const guint8 *cr = memchr(p, '\r', (gsize)(stop - p));
  if (cr == NULL && newline != NULL)
    return TEXT_BARE_LF;
  if (cr != NULL && cr + 1 < stop)
    return TEXT_BARE_CR;
  if (cr != NULL)
    text->place = SMTP_TEXT_CR;
  text->line += (guint64)((cr != NULL ? cr : stop) - p);
  *cursor = stop;
  return TEXT_GOES_ON;
}

/* Takes octets until the end of the text (dotted: by "." on a line) or of the data. */
static enum verdict scan(struct smtp_text *text, bool dotted, guint64 line_max, const guint8 **cursor,
                         const guint8 *end, struct block *block)
{
  const guint8 *p = *cursor, *run = p; /* run: first octet that is not in the block yet */
  enum verdict verdict = TEXT_GOES_ON;
  while (p < end && verdict == TEXT_GOES_ON) {
    switch (text->place) {
    case SMTP_TEXT_LINE_START:
      text->line = 0;
      text->place = SMTP_TEXT_IN_LINE;
      if (dotted && *p == '.') {
        keep(block, run, p);
        run = ++p;
        text->place = SMTP_TEXT_DOT;
      }
      break;
    case SMTP_TEXT_IN_LINE:
      verdict = scan_line(text, &p, end);
      text->too_long = text->too_long || text->line > line_max;
      break;
    case SMTP_TEXT_CR:
      if (*p++ != '\n')
        verdict = TEXT_BARE_CR;
      text->place = SMTP_TEXT_LINE_START;
      break;
    case SMTP_TEXT_DOT:
      text->place = SMTP_TEXT_IN_LINE;
      if (*p == '\r') {
        run = ++p;
        text->place = SMTP_TEXT_DOT_CR;
      }
      break;
    case SMTP_TEXT_DOT_CR:
      verdict = *p == '\n' ? TEXT_ENDS : TEXT_BARE_CR;
      run = ++p;
      break;
    }
  }
  keep(block, run, p);
  *cursor = p;
  return verdict;
}

/* Runs the scanner over data and hands on what it kept; returns the octets taken. */
static gsize take(struct smtp_server *server, bool dotted, const guint8 *data, gsize length,
                  enum verdict *verdict_r)
{
  struct block block = {.octets = g_malloc(length)};
  const guint8 *cursor = data;
  struct smtp_text *text = &server->text;
  *verdict_r = scan(text, dotted, server->options.text_line_max, &cursor, data + length, &block);
  text->size += block.used;
  text->too_big = text->size > server->options.size_max;
  if (text->too_big || text->too_long || *verdict_r == TEXT_BARE_CR || *verdict_r == TEXT_BARE_LF)
    smtp_server_abort_data(server);
  if (server->data_open && block.used > 0) {
    if (block.used < length / 2) /* the relay may keep it for long */
      block.octets = g_realloc(block.octets, block.used);
    smtp_server_emit(server, SMTP_SERVER_DATA)->data = g_bytes_new_take(block.octets, block.used);
  } else
    g_free(block.octets);
  return (gsize)(cursor - data);
}

static void end_on_bare(struct smtp_server *server, enum verdict verdict)
{
  smtp_server_say(server, 554, "5.6.0",
                  verdict == TEXT_BARE_CR ? "bare CR in the message, lines end in CRLF; closing"
                                          : "bare LF in the message, lines end in CRLF; closing");
  smtp_server_end(server);
}

/* Says why a message is refused after it was swallowed; false if it is fine. */
static bool refuse_swallowed(struct smtp_server *server)
{
  if (server->text.too_big)
    smtp_server_say(server, 552, "5.3.4", "message is larger than this host takes");
  else if (server->text.too_long)
    smtp_server_say(server, 554, "5.6.0", "message has a line that is too long");
  else
    return false;
  return true;
}

static void finish(struct smtp_server *server)
{
  server->data_open = false;
  server->reading = SMTP_READ_COMMAND;
  smtp_server_ask(server, SMTP_SERVER_DATA_END);
}

/* --- DATA ----------------------------------------------------------------------------------------------- */

gsize smtp_server_text(struct smtp_server *server, const guint8 *data, gsize length)
{
  enum verdict verdict;
  gsize took = take(server, true, data, length, &verdict);
  switch (verdict) {
  case TEXT_GOES_ON:
    break;
  case TEXT_BARE_CR:
  case TEXT_BARE_LF:
    end_on_bare(server, verdict);
    break;
  case TEXT_ENDS:
    server->reading = SMTP_READ_COMMAND;
    if (refuse_swallowed(server))
      smtp_server_clear(server, SMTP_STATE_READY);
    else
      finish(server);
    break;
  }
  return took;
}

void smtp_server_data(struct smtp_server *server, char *argument)
{
  (void)argument;
  if (server->state == SMTP_STATE_RCPT) {
    server->by_chunks = false;
    smtp_server_ask(server, SMTP_SERVER_DATA_BEGIN);
  } else if (server->recipients_refused)
    smtp_server_say(server, 554, "5.5.1", "no recipient was accepted");
  else
    smtp_server_blame(server, 503, "5.5.1", "send RCPT first");
}

/* --- BDAT ----------------------------------------------------------------------------------------------- */

static void set_refusal(struct smtp_server *server, guint code, const char *enhanced, const char *words)
{
  server->refusal.code = code;
  g_strlcpy(server->refusal.enhanced, enhanced, sizeof server->refusal.enhanced);
  g_free(server->refusal.words);
  server->refusal.words = g_strdup(words);
}

/* After a refused chunk the transaction waits for its LAST or for RSET. */
static void chunk_refused(struct smtp_server *server)
{
  if (server->state == SMTP_STATE_CONNECTED || server->state == SMTP_STATE_READY ||
      server->state == SMTP_STATE_MAIL)
    return;
  if (server->chunk_last)
    smtp_server_clear(server, SMTP_STATE_READY);
  else
    server->state = SMTP_STATE_FAILED;
}

/* All octets of the chunk are here. */
static void chunk_done(struct smtp_server *server)
{
  server->reading = SMTP_READ_COMMAND;
  if (server->refusal.code != 0) {
    smtp_server_blame(server, server->refusal.code, server->refusal.enhanced, server->refusal.words);
    server->refusal.code = 0;
    chunk_refused(server);
  } else if (refuse_swallowed(server))
    chunk_refused(server);
  else if (!server->chunk_last) {
    g_autofree char *words = g_strdup_printf("%" G_GUINT64_FORMAT " octets received", server->chunk_size);
    smtp_server_say(server, 250, "2.0.0", words);
    server->state = SMTP_STATE_CHUNKS;
  } else if (server->text.place == SMTP_TEXT_CR) {
    smtp_server_abort_data(server);
    end_on_bare(server, TEXT_BARE_CR);
  } else
    finish(server);
}

gsize smtp_server_chunk(struct smtp_server *server, const guint8 *data, gsize length)
{
  gsize took = (gsize)MIN(server->chunk_left, length);
  enum verdict verdict = TEXT_GOES_ON;
  if (server->refusal.code == 0)
    took = take(server, false, data, took, &verdict);
  server->chunk_left -= took;
  if (verdict != TEXT_GOES_ON)
    end_on_bare(server, verdict);
  else if (server->chunk_left == 0)
    chunk_done(server);
  return took;
}

static void read_chunk(struct smtp_server *server)
{
  server->reading = SMTP_READ_CHUNK;
  if (server->chunk_left == 0)
    chunk_done(server);
}

/* "octets [LAST]"; false when what follows cannot be told from commands. */
static bool read_bdat(struct smtp_server *server, const char *argument)
{
  gsize digits = strspn(argument, "0123456789");
  const char *rest = argument + digits;
  server->chunk_last = g_ascii_strcasecmp(rest, " LAST") == 0;
  g_autofree char *number = g_strndup(argument, digits);
  return (*rest == '\0' || server->chunk_last) &&
         g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT64, &server->chunk_size, NULL);
}

void smtp_server_bdat(struct smtp_server *server, char *argument)
{
  if (!read_bdat(server, argument)) {
    smtp_server_say(server, 501, "5.5.4", "syntax: BDAT octets [LAST] (RFC 3030 2); closing");
    smtp_server_end(server);
    return;
  }
  server->chunk_left = server->chunk_size;
  switch (server->state) {
  case SMTP_STATE_RCPT:
    server->by_chunks = true;
    smtp_server_ask(server, SMTP_SERVER_DATA_BEGIN);
    return;
  case SMTP_STATE_CHUNKS:
    break;
  case SMTP_STATE_FAILED:
    set_refusal(server, 503, "5.5.1", "an earlier chunk was refused, send RSET");
    break;
  case SMTP_STATE_MAIL:
    set_refusal(server, server->recipients_refused ? 554 : 503, "5.5.1",
                server->recipients_refused ? "no recipient was accepted" : "send RCPT first");
    break;
  default:
    set_refusal(server, 503, "5.5.1", "send MAIL first");
  }
  read_chunk(server);
}

/* --- the relay's answer to DATA_BEGIN ------------------------------------------------------------------- */

void smtp_server_data_begun(struct smtp_server *server, guint code, const char *enhanced, const char *text)
{
  bool accepted = code < 400;
  if (accepted) {
    server->data_open = true;
    server->text = (struct smtp_text){.place = SMTP_TEXT_LINE_START};
    if (server->ended)
      smtp_server_abort_data(server);
  }
  if (server->ended)
    return;
  if (server->by_chunks && code != 421) {
    if (!accepted)
      set_refusal(server, code, enhanced, text);
    read_chunk(server);
  } else if (accepted) {
    smtp_server_say(server, 354, NULL, "end the message with a dot on a line");
    server->reading = SMTP_READ_TEXT;
  } else
    smtp_server_say(server, code, enhanced, text);
}
