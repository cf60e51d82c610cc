/* text.c - contract: text.h. */
#include "mapping/text.h"
#include "mapping/mapping.h"
#include "mapping/mime_charset.h"

#include <string.h>

enum { ASCII = 6, LATIN1 = 100 }; /* ISO registrations */

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

/* Text that is the same in every set concerned. */
static bool is_plain(const struct octets *octets, GError **error)
{
  struct scan scan = {.plain = true};
  return octets_each(octets, scan_block, &scan, error) && scan.before != '\r';
}

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

/* --- to X.400 --- */

struct pass {
  struct mime_charset_stream *in;
  struct charset_decoder *strings; /* or this: from X.400 */
  GString *utf8, *lines;
  char before;
  guint64 unfit; /* characters that no string holds as text: what could not be read, and what would switch
                    sets there */
  struct charset_choice choice;
  /* the second pass */
  struct charset_encoder *encoder;
  bool latin1, escapes; /* escapes: leave out those that a general string begins with */
  GByteArray *encoded;
  struct mime_spill_sink *sink;
};

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

static void decode(struct pass *pass, const guint8 *block, gsize length, bool last)
{
  g_string_truncate(pass->utf8, 0);
  if (pass->in)
    mime_charset_stream_feed(pass->in, block, length, last, pass->utf8);
  else
    charset_decoder_feed(pass->strings, block, length, last, pass->utf8);
}

static bool choose_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  struct pass *pass = user;
  decode(pass, block, length, length == 0);
  pass->unfit += count_unfit(pass->utf8);
  charset_choice_feed(&pass->choice, pass->utf8->str, pass->utf8->len);
  return true;
}

static bool encode_block(const guint8 *block, gsize length, void *user, GError **error)
{
  struct pass *pass = user;
  bool last = length == 0;
  decode(pass, block, length, last);
  g_string_truncate(pass->lines, 0);
  append_lines(pass->utf8->str, pass->utf8->len, &pass->before, pass->lines);
  if (last && pass->before == '\r')
    g_string_append_c(pass->lines, '\n');
  if (!pass->encoder && !pass->latin1)
    return mime_spill_add(pass->sink, pass->lines->str, pass->lines->len, error);
  g_byte_array_set_size(pass->encoded, 0);
  if (pass->latin1) {
    g_string_truncate(pass->utf8, 0);
    mime_latin1_from_utf8(pass->lines->str, pass->lines->len, pass->utf8);
    return mime_spill_add(pass->sink, pass->utf8->str, pass->utf8->len, error);
  }
  charset_encoder_feed(pass->encoder, pass->lines->str, pass->lines->len, last, pass->encoded);
  gsize skip = 0;
  while (pass->escapes && skip < pass->encoded->len && pass->encoded->data[skip] == 0x1B) {
    for (skip++; skip < pass->encoded->len && pass->encoded->data[skip] < 0x30; skip++)
      ;
    skip++;
  }
  pass->escapes &= pass->encoded->len == 0;
  return skip >= pass->encoded->len ||
         mime_spill_add(pass->sink, pass->encoded->data + skip, pass->encoded->len - skip, error);
}

static void pass_clear(struct pass *pass)
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

static void pass_init(struct pass *pass)
{
  *pass =
      (struct pass){.utf8 = g_string_new(NULL), .lines = g_string_new(NULL), .encoded = g_byte_array_new()};
  charset_choice_init(&pass->choice);
}

/* Both passes end with an empty block. */
static bool run(struct pass *pass, octets_sink step, const struct octets *octets, GError **error)
{
  return octets_each(octets, step, pass, error) && step((const guint8 *)"", 0, pass, error);
}

static struct octets *second_pass(struct pass *pass, const struct octets *octets, struct mime_spill *spill,
                                  GError **error)
{
  /* A character of one octet has at most four in UTF-8; an octet that ends a line becomes two. */
  pass->sink = mime_spill_begin(spill, octets_length(octets) * 4 + 256);
  if (run(pass, encode_block, octets, error))
    return mime_spill_end(pass->sink, error);
  mime_spill_abandon(pass->sink);
  return NULL;
}

static long fit(long registration, enum mapping_text_body habit)
{
  switch (habit) {
  case MAPPING_TEXT_GENERAL:
    return registration;
  case MAPPING_TEXT_LATIN1:
    return registration == ASCII || registration == LATIN1 ? registration : 0;
  case MAPPING_TEXT_IA5:
    return registration == ASCII ? registration : 0;
  case MAPPING_TEXT_TELETEX:
    return registration == ASCII ? registration : TEXT_TELETEX;
  }
  return 0;
}

/* T.61 alone lacks characters of a text that some set holds. */
static bool lost(const struct pass *pass)
{
  return pass->encoder && charset_encoder_loss(pass->encoder).substituted;
}

enum text_status text_to_x400(GHashTable *charsets, const char *charset, struct octets *content,
                              enum mapping_text_body habit, struct mime_spill *spill, long *registration_r,
                              struct octets **octets_r, GError **error)
{
  if (!mime_charset_known(charsets, charset))
    return TEXT_UNFIT;
  bool seven =
      charset && (!g_ascii_strncasecmp(charset, "iso-2022", 8) || !g_ascii_strncasecmp(charset, "utf-7", 5) ||
                  !g_ascii_strncasecmp(charset, "utf-16", 6) || !g_ascii_strncasecmp(charset, "utf-32", 6));
  GError *local = NULL;
  if (!seven && is_plain(content, &local)) {
    *registration_r = ASCII;
    *octets_r = octets_ref(content);
    return TEXT_OK;
  }
  if (local) {
    g_propagate_error(error, local);
    return TEXT_ERROR;
  }
  struct pass pass;
  pass_init(&pass);
  pass.in = mime_charset_stream_new(charsets, charset);
  enum text_status status = run(&pass, choose_block, content, error) ? TEXT_OK : TEXT_ERROR;
  long registration = status == TEXT_OK && !pass.unfit ? fit(charset_choice_result(&pass.choice), habit) : 0;
  pass_clear(&pass);
  if (status == TEXT_OK && !registration)
    status = TEXT_UNFIT;
  if (status != TEXT_OK)
    return status;
  pass_init(&pass);
  pass.in = mime_charset_stream_new(charsets, charset);
  enum charset string = registration == TEXT_TELETEX ? CHARSET_TELETEX : CHARSET_GENERAL;
  pass.encoder = registration == ASCII ? NULL : charset_encoder_new(string, registration);
  *registration_r = registration;
  *octets_r = second_pass(&pass, content, spill, error);
  status = !*octets_r ? TEXT_ERROR : lost(&pass) ? TEXT_UNFIT : TEXT_OK;
  if (status == TEXT_UNFIT)
    g_clear_pointer(octets_r, octets_unref);
  pass_clear(&pass);
  return status;
}

/* --- from X.400 --- */

static bool declared(long registration, const long *registrations, gsize count)
{
  for (gsize i = 0; i < count; i++)
    if (registrations[i] == registration)
      return true;
  return false;
}

struct octets *text_from_x400(enum charset charset, const long *registrations, gsize count,
                              struct octets *string, struct mime_spill *spill, const char **charset_r,
                              GError **error)
{
  GError *local = NULL;
  if (charset != CHARSET_TELETEX && is_plain(string, &local)) {
    *charset_r = "us-ascii";
    return octets_ref(string);
  }
  if (local) {
    g_propagate_error(error, local);
    return NULL;
  }
  struct pass pass;
  pass_init(&pass);
  pass.strings = charset_decoder_new(charset, registrations, count);
  bool good = run(&pass, choose_block, string, error);
  long registration = charset_choice_result(&pass.choice);
  pass_clear(&pass);
  if (!good)
    return NULL;
  pass_init(&pass);
  pass.strings = charset_decoder_new(charset, registrations, count);
  const char *name = charset_mime_name(registration);
  *charset_r = "utf-8";
  if (registration == ASCII) {
    *charset_r = "us-ascii";
  } else if (registration == LATIN1) {
    *charset_r = "iso-8859-1";
    pass.latin1 = true;
  } else if (declared(registration, registrations, count) && name &&
             !g_ascii_strncasecmp(name, "iso-8859", 8)) {
    *charset_r = name;
    pass.encoder = charset_encoder_new(CHARSET_GENERAL, registration);
    pass.escapes = true;
  }
  struct octets *text = second_pass(&pass, string, spill, error);
  pass_clear(&pass);
  return text;
}

/* --- pages --- */

enum { PAGES_MAX = 100000 };

struct feeds {
  guint64 at, start;
  struct octets *text;
  GPtrArray *pages;
};

static bool find_feeds(const guint8 *block, gsize length, void *user, GError **error)
{
  struct feeds *feeds = user;
  for (gsize i = 0; i < length; i++, feeds->at++) {
    if (block[i] != '\f')
      continue;
    g_ptr_array_add(feeds->pages, octets_slice(feeds->text, feeds->start, feeds->at - feeds->start));
    feeds->start = feeds->at + 1;
  }
  if (feeds->pages->len <= PAGES_MAX)
    return true;
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT, "5.3.4 the text has more than %d pages", PAGES_MAX);
  return false;
}

GPtrArray *text_pages(struct octets *text, GError **error)
{
  g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  struct feeds feeds = {.text = text, .pages = pages};
  if (!octets_each(text, find_feeds, &feeds, error))
    return NULL;
  if (feeds.start < feeds.at || !pages->len)
    g_ptr_array_add(pages, octets_slice(text, feeds.start, feeds.at - feeds.start));
  return g_steal_pointer(&pages);
}
