/* mime_charset.c - contract: mime_charset.h. */
#include "mapping/mime_charset.h"
#include "asn1/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

/* iconv's name first, then what mail calls it. */
static const char *const sets[] = {
    "ISO-8859-2 latin2 iso_8859-2",
    "ISO-8859-3 latin3 iso_8859-3",
    "ISO-8859-4 latin4 iso_8859-4",
    "ISO-8859-5 cyrillic iso_8859-5",
    "ISO-8859-6 arabic iso_8859-6 iso-8859-6-i iso-8859-6-e asmo-708",
    "ISO-8859-7 greek iso_8859-7",
    "ISO-8859-8 hebrew iso-8859-8-i iso-8859-8-e iso_8859-8",
    "ISO-8859-9 latin5 iso_8859-9",
    "ISO-8859-10 latin6",
    "ISO-8859-11",
    "ISO-8859-13 latin7",
    "ISO-8859-14 latin8",
    "ISO-8859-15 latin9 latin-9 iso_8859-15",
    "ISO-8859-16 latin10",
    "CP1250 windows-1250",
    "CP1251 windows-1251",
    "CP1252 windows-1252 ansi x-ansi",
    "CP1253 windows-1253",
    "CP1254 windows-1254",
    "CP1255 windows-1255",
    "CP1256 windows-1256",
    "CP1257 windows-1257",
    "CP1258 windows-1258",
    "CP437 ibm437",
    "CP737 ibm737",
    "CP775 ibm775",
    "CP850 ibm850",
    "CP852 ibm852",
    "CP855 ibm855",
    "CP857 ibm857",
    "CP858 ibm858 ibm00858",
    "CP860 ibm860",
    "CP861 ibm861",
    "CP862 ibm862 dos-862",
    "CP863 ibm863",
    "CP864 ibm864",
    "CP865 ibm865",
    "CP866 ibm866",
    "CP869 ibm869",
    "CP874 windows-874",
    "KOI8-R koi8",
    "KOI8-U",
    "KOI8-RU",
    "MACINTOSH mac x-mac-roman",
    "MAC-CYRILLIC x-mac-cyrillic",
    "MAC-CENTRALEUROPE x-mac-ce",
    "TIS-620",
    "VISCII",
    "TCVN5712-1 tcvn",
    "ARMSCII-8",
    "GEORGIAN-PS",
    "HP-ROMAN8",
    "GB18030 gb2312 gbk cp936 euc-cn gb_2312-80 x-gbk windows-936",
    "BIG5 cn-big5 x-big5",
    "CP950 windows-950",
    "BIG5-HKSCS",
    "EUC-TW x-euc-tw cns11643",
    "ISO-2022-CN",
    "ISO-2022-CN-EXT",
    "EUC-JP x-euc-jp",
    "CP932 windows-31j windows-932 shift_jis x-sjis ms_kanji shift-jis sjis", /* whose backslash is one */
    "ISO-2022-JP",
    "ISO-2022-JP-2",
    "ISO-2022-JP-3",
    "EUC-KR",
    "CP949 ks_c_5601-1987 ks_c_5601 ksc5601 uhc windows-949",
    "JOHAB",
    "ISO-2022-KR",
    "UTF-7 unicode-1-1-utf-7",
    "UTF-16 ucs-2 iso-10646-ucs-2",
    "UTF-16BE",
    "UTF-16LE",
    "UTF-32 ucs-4 iso-10646-ucs-4",
    "UTF-32BE",
    "UTF-32LE",
};

enum built_in { SET_NONE, SET_ASCII, SET_UTF8, SET_LATIN1, SET_TELETEX };

static enum built_in built_in(const char *charset)
{
  static const struct {
    const char *name;
    enum built_in set;
  } names[] = {{"us-ascii", SET_ASCII},       {"utf-8", SET_UTF8},      {"iso-8859-1", SET_LATIN1},
               {"ascii", SET_ASCII},          {"utf8", SET_UTF8},       {"latin1", SET_LATIN1},
               {"ansi_x3.4-1968", SET_ASCII}, {"iso646-us", SET_ASCII}, {"iso_8859-1", SET_LATIN1},
               {"teletex", SET_TELETEX},      {"t.61", SET_TELETEX},    {"t.61-8bit", SET_TELETEX},
               {"us", SET_ASCII},             {"l1", SET_LATIN1},       {"latin-1", SET_LATIN1},
               {"iso8859-1", SET_LATIN1},     {"iso_8859-1:1987", SET_LATIN1},
               {"unicode-1-1-utf-8", SET_UTF8}, {"utf_8", SET_UTF8},    {"cp65001", SET_UTF8},
               /* what programs write that do not know: the text is looked at, as US-ASCII with eight bits is */
               {"unknown-8bit", SET_ASCII},   {"x-unknown", SET_ASCII}, {"unknown", SET_ASCII},
               {"8bit", SET_ASCII},           {"7bit", SET_ASCII},      {"x-user-defined", SET_ASCII},
               {"default", SET_ASCII}};
  if (!charset || !*charset)
    return SET_ASCII;
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (!g_ascii_strcasecmp(charset, names[i].name))
      return names[i].set;
  return SET_NONE;
}

/* One handle may stand under several names. */
struct handle {
  iconv_t descriptor;
  guint references;
};

static void handle_unref(void *data)
{
  struct handle *handle = data;
  if (--handle->references)
    return;
  iconv_close(handle->descriptor);
  g_free(handle);
}

GHashTable *mime_charset_table_new(void)
{
  GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, handle_unref);
  for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
    g_auto(GStrv) names = g_strsplit(sets[i], " ", -1);
    iconv_t descriptor = iconv_open("UTF-8", names[0]);
    if (descriptor == (iconv_t)-1)
      continue; /* a small system may lack some: their text is then carried as a file */
    struct handle *handle = g_new0(struct handle, 1);
    handle->descriptor = descriptor;
    for (char **name = names; *name; name++) {
      handle->references++;
      g_hash_table_replace(table, g_ascii_strdown(*name, -1), handle);
    }
  }
  return table;
}

static struct handle *find(GHashTable *charsets, const char *charset)
{
  char name[32];
  gsize length = strlen(charset);
  if (length >= sizeof name)
    return NULL;
  for (gsize i = 0; i <= length; i++)
    name[i] = g_ascii_tolower(charset[i]);
  return g_hash_table_lookup(charsets, name);
}

bool mime_charset_known(GHashTable *charsets, const char *charset)
{
  return built_in(charset) != SET_NONE || find(charsets, charset);
}

static void latin1_to_utf8(const guint8 *text, gsize length, GString *out)
{
  for (gsize i = 0; i < length; i++) {
    if (text[i] < 0x80) {
      g_string_append_c(out, (char)text[i]);
    } else {
      g_string_append_c(out, (char)(0xC0 | text[i] >> 6));
      g_string_append_c(out, (char)(0x80 | (text[i] & 0x3F)));
    }
  }
}

static void replacement(GString *out, guint *replaced_r)
{
  g_string_append(out, "\357\277\275");
  if (replaced_r)
    ++*replaced_r;
}

/* Appends the valid runs; returns what a cut-off last character needs to be whole again (0 to 3 octets),
 * unless last. */
static gsize append_utf8(const char *text, gsize length, bool last, GString *out, guint *replaced_r)
{
  const char *end = text + length;
  while (text < end) {
    const char *bad;
    /* NUL is no text: g_utf8_validate stops there, and so does it become a replacement. */
    bool good = g_utf8_validate_len(text, (gsize)(end - text), &bad);
    g_string_append_len(out, text, bad - text);
    text = bad;
    if (good)
      break;
    if (!last && end - text < 4 && g_utf8_get_char_validated(text, end - text) == (gunichar)-2)
      return (gsize)(end - text);
    replacement(out, replaced_r);
    text++;
  }
  return 0;
}

/* Runs a handle over text; returns how many octets at the end were cut off in the middle of a character. */
static gsize convert(iconv_t descriptor, const char *text, gsize length, bool last, GString *out,
                     guint *replaced_r)
{
  char *from = (char *)(guintptr)text;
  gsize left = length;
  while (left > 0) {
    char block[4096];
    char *to = block;
    gsize room = sizeof block;
    gsize result = iconv(descriptor, &from, &left, &to, &room);
    int why = result == (gsize)-1 ? errno : 0;
    g_string_append_len(out, block, to - block);
    if (why == EINVAL && !last)
      return left;
    if (why == EILSEQ || why == EINVAL) {
      replacement(out, replaced_r);
      from++;
      left--;
    }
  }
  if (last) {
    char block[64];
    char *to = block;
    gsize room = sizeof block;
    iconv(descriptor, NULL, NULL, &to, &room);
    g_string_append_len(out, block, to - block);
  }
  return 0;
}

bool mime_charset_to_utf8(GHashTable *charsets, const char *charset, const void *text, gsize length,
                          GString *out, guint *replaced_r)
{
  switch (built_in(charset)) {
  case SET_ASCII:
    if (!g_utf8_validate_len(text, length, NULL)) {
      latin1_to_utf8(text, length, out);
      return true;
    }
    /* fall through */
  case SET_UTF8:
    append_utf8(text, length, true, out, replaced_r);
    return true;
  case SET_LATIN1:
    latin1_to_utf8(text, length, out);
    return true;
  case SET_TELETEX: {
    struct charset_loss loss = {0};
    g_autofree char *utf8 = charset_to_utf8(CHARSET_TELETEX, text, length, &loss);
    g_string_append(out, utf8);
    if (replaced_r)
      *replaced_r += (guint)loss.substituted;
    return true;
  }
  case SET_NONE:
    break;
  }
  struct handle *handle = find(charsets, charset);
  if (!handle)
    return false;
  iconv(handle->descriptor, NULL, NULL, NULL, NULL);
  convert(handle->descriptor, text, length, true, out, replaced_r);
  return true;
}

struct mime_charset_stream {
  enum built_in set;
  struct handle *handle;
  GByteArray *rest; /* of a character that a block's end cut through */
  struct charset_decoder *teletex;
  guint replaced;
  const char *guess;
};

struct mime_charset_stream *mime_charset_stream_new(GHashTable *charsets, const char *charset)
{
  enum built_in set = built_in(charset);
  struct handle *handle = set == SET_NONE ? find(charsets, charset) : NULL;
  if (set == SET_NONE && !handle)
    return NULL;
  struct mime_charset_stream *stream = g_new0(struct mime_charset_stream, 1);
  stream->set = set;
  stream->handle = handle;
  stream->rest = g_byte_array_new();
  if (set == SET_TELETEX)
    stream->teletex = charset_decoder_new(CHARSET_TELETEX, NULL, 0);
  if (handle)
    iconv(handle->descriptor, NULL, NULL, NULL, NULL);
  return stream;
}

void mime_charset_stream_free(struct mime_charset_stream *stream)
{
  if (!stream)
    return;
  g_byte_array_unref(stream->rest);
  if (stream->teletex)
    charset_decoder_free(stream->teletex);
  g_free(stream);
}

/* UTF-8, or cut off within a character at the end when more is to come. */
static bool valid_so_far(const char *text, gsize length, bool last)
{
  const char *bad;
  if (g_utf8_validate_len(text, length, &bad))
    return true;
  gsize left = length - (gsize)(bad - text);
  return !last && left < 4 && g_utf8_get_char_validated(bad, (gssize)left) == (gunichar)-2;
}

static bool is_ascii(const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (text[i] & 0x80)
      return false;
  return true;
}

guint mime_charset_stream_replaced(const struct mime_charset_stream *stream)
{
  return stream->replaced;
}

const char *mime_charset_stream_guess(const struct mime_charset_stream *stream)
{
  return stream->guess;
}

void mime_charset_stream_feed(struct mime_charset_stream *stream, const void *text, gsize length, bool last,
                              GString *out)
{
  if (stream->set == SET_LATIN1) {
    latin1_to_utf8(text, length, out);
    return;
  }
  if (stream->teletex) {
    charset_decoder_feed(stream->teletex, text, length, last, out);
    stream->replaced = (guint)charset_decoder_loss(stream->teletex).substituted;
    return;
  }
  const char *at = text;
  if (stream->rest->len) {
    g_byte_array_append(stream->rest, text, (guint)length);
    at = (const char *)stream->rest->data;
    length = stream->rest->len;
  }
  if (stream->set == SET_ASCII && !valid_so_far(at, length, last)) {
    stream->set = SET_LATIN1;
    stream->guess = "ISO-8859-1";
    latin1_to_utf8((const guint8 *)at, length, out);
    g_byte_array_set_size(stream->rest, 0);
    return;
  }
  if (stream->set == SET_ASCII && !stream->guess && !is_ascii(at, length))
    stream->guess = "UTF-8";
  gsize left = stream->handle ? convert(stream->handle->descriptor, at, length, last, out, &stream->replaced)
                              : append_utf8(at, length, last, out, &stream->replaced);
  g_autofree char *cut = g_memdup2(at + length - left, left);
  g_byte_array_set_size(stream->rest, 0);
  if (left)
    g_byte_array_append(stream->rest, (const guint8 *)cut, (guint)left);
}

enum mime_repertoire mime_repertoire(const char *utf8, gsize length)
{
  enum mime_repertoire repertoire = MIME_ASCII;
  for (gsize i = 0; i < length; i++) {
    guint8 octet = (guint8)utf8[i];
    if (octet > 0xC3)
      return MIME_UNICODE;
    if (octet == 0xC2 && i + 1 < length && (guint8)utf8[i + 1] < 0xA0)
      return MIME_UNICODE; /* C1 controls are not in ISO-8859-1's graphic part */
    if (octet >= 0x80)
      repertoire = MIME_LATIN1;
  }
  return repertoire;
}

guint mime_latin1_from_utf8(const char *utf8, gsize length, GString *out)
{
  guint lost = 0;
  const char *end = utf8 + length;
  for (const char *at = utf8; at < end; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    lost += c > 0xFF;
    g_string_append_c(out, c > 0xFF ? '?' : (char)c);
  }
  return lost;
}
