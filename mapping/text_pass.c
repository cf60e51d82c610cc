/* text_pass.c - contract: text_pass.h. */
#include "mapping/text_pass.h"

#include <string.h>

/* --- what stands already --- */

struct scan {
  guint8 before;
  bool plain; /* seven bits, no escape sequences, every line end is CRLF */
};

static bool scan_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  struct scan *scan = user;
  guint8 before = scan->before;
  for (gsize i = 0; i < length; i++) {
    guint8 octet = block[i];
    if (octet >= 0x80 || octet == 0x1B || octet == 0x0E || octet == 0x0F || !octet ||
        (octet == '\n') != (before == '\r')) {
      scan->plain = false;
      return false;
    }
    before = octet;
  }
  scan->before = before;
  return true;
}

bool text_is_plain(const struct octets *octets, GError **error)
{
  struct scan scan = {.plain = true};
  return octets_each(octets, scan_block, &scan, error) && scan.before != '\r';
}

/* --- the two passes --- */

/* LF and CR alone become CRLF; *before carries over blocks. */
static void append_lines(const char *text, gsize length, char *before, GString *out)
{
  for (gsize i = 0; i < length; i++) {
    if (text[i] == '\n' && *before != '\r')
      g_string_append_c(out, '\r');
    if (*before == '\r' && text[i] != '\n')
      g_string_append_c(out, '\n');
    g_string_append_c(out, text[i]);
    *before = text[i];
  }
}

static guint count_unfit(const GString *text)
{
  guint count = 0;
  for (gsize i = 0; i < text->len; i++) {
    guint8 octet = (guint8)text->str[i];
    count += !octet || octet == 0x0E || octet == 0x0F || octet == 0x1B ||
             (octet == 0xEF && !strncmp(text->str + i, "\357\277\275", 3));
  }
  return count;
}

static void decode(struct text_pass *pass, const guint8 *block, gsize length, bool last)
{
  g_string_truncate(pass->utf8, 0);
  if (pass->in)
    mime_charset_stream_feed(pass->in, block, length, last, pass->utf8);
  else
    charset_decoder_feed(pass->strings, block, length, last, pass->utf8);
}

static bool look_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  struct text_pass *pass = user;
  decode(pass, block, length, length == 0);
  pass->unfit += count_unfit(pass->utf8);
  charset_choice_feed(&pass->choice, pass->utf8->str, pass->utf8->len);
  return true;
}

static bool write_block(const guint8 *block, gsize length, void *user, GError **error)
{
  struct text_pass *pass = user;
  bool last = length == 0;
  decode(pass, block, length, last);
  g_string_truncate(pass->lines, 0);
  append_lines(pass->utf8->str, pass->utf8->len, &pass->before, pass->lines);
  if (last && pass->before == '\r')
    g_string_append_c(pass->lines, '\n');
  if (!pass->encoder)
    return mime_spill_add(pass->sink, pass->lines->str, pass->lines->len, error);
  g_byte_array_set_size(pass->encoded, 0);
  charset_encoder_feed(pass->encoder, pass->lines->str, pass->lines->len, last, pass->encoded);
  return mime_spill_add(pass->sink, pass->encoded->data, pass->encoded->len, error);
}

/* Both passes end with an empty block. */
static bool run(struct text_pass *pass, octets_sink step, const struct octets *octets, GError **error)
{
  return octets_each(octets, step, pass, error) && step((const guint8 *)"", 0, pass, error);
}

bool text_pass_look(struct text_pass *pass, const struct octets *octets, GError **error)
{
  return run(pass, look_block, octets, error);
}

struct octets *text_pass_write(struct text_pass *pass, const struct octets *octets, struct mime_spill *spill,
                               GError **error)
{
  /* A character of one octet has at most four in UTF-8; an octet that ends a line becomes two, of four each
   * in UCS-4; a letter of another set than the one before is designated. */
  pass->sink = mime_spill_begin(spill, octets_length(octets) * 8 + 256);
  if (run(pass, write_block, octets, error))
    return mime_spill_end(pass->sink, error);
  mime_spill_abandon(pass->sink);
  return NULL;
}

void text_pass_init(struct text_pass *pass)
{
  *pass = (struct text_pass){
      .utf8 = g_string_new(NULL), .lines = g_string_new(NULL), .encoded = g_byte_array_new()};
  charset_choice_init(&pass->choice);
}

void text_pass_clear(struct text_pass *pass)
{
  mime_charset_stream_free(pass->in);
  if (pass->strings)
    charset_decoder_free(pass->strings);
  if (pass->encoder)
    charset_encoder_free(pass->encoder);
  g_string_free(pass->utf8, TRUE);
  g_string_free(pass->lines, TRUE);
  g_byte_array_unref(pass->encoded);
}
