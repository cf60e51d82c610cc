/* mime_charset.h - MIME character sets to UTF-8, by iconv handles that were opened before the sandbox closed.
 *
 * glibc's converters are files, so the list is fixed and opened whole at start.  US-ASCII, UTF-8,
 * ISO-8859-1 and Teletex (RFC 2157 appendix C) need no handle. Nothing here fails over one character (DESIGN section 4): what a set cannot mean
 * becomes U+FFFD and is counted. */
#ifndef GW400_MAPPING_MIME_CHARSET_H
#define GW400_MAPPING_MIME_CHARSET_H

#include <glib.h>
#include <stdbool.h>

/* Opens the fixed list: lower-case name or alias -> handle.  Free with g_hash_table_unref(); not to be shared
 * by threads. */
GHashTable *mime_charset_table_new(void);

/* Whether text in charset can be read at all; compared without case; NULL is US-ASCII. */
bool mime_charset_known(GHashTable *charsets, const char *charset);

/* Appends text in charset to out as UTF-8.  Octets above 127 in US-ASCII are read as UTF-8 when the whole is
 * UTF-8, else as ISO-8859-1.  False, and nothing appended, when the set is not known.  *replaced_r (may be
 * NULL) is increased by the number of characters that were lost. */
bool mime_charset_to_utf8(GHashTable *charsets, const char *charset, const void *text, gsize length,
                          GString *out, guint *replaced_r);

/* The same for a text that comes in blocks: what a block's end cut through waits for the next. */
struct mime_charset_stream;
struct mime_charset_stream *mime_charset_stream_new(GHashTable *charsets,
                                                    const char *charset); /* NULL: not known */
void mime_charset_stream_free(struct mime_charset_stream *stream);
void mime_charset_stream_feed(struct mime_charset_stream *stream, const void *text, gsize length, bool last,
                              GString *out);

/* Of what was fed so far: how many characters were lost, and what octets above 127 in "US-ASCII", or in a set that
 * mail programs write when they do not know, were taken for (a static name; NULL: there were none). */
guint mime_charset_stream_replaced(const struct mime_charset_stream *stream);
const char *mime_charset_stream_guess(const struct mime_charset_stream *stream);

/* Of UTF-8 text: what it needs.  Decides the character set of a text body part and of encoded words. */
enum mime_repertoire { MIME_ASCII, MIME_LATIN1, MIME_UNICODE };
enum mime_repertoire mime_repertoire(const char *utf8, gsize length);
/* Appends UTF-8 text as ISO-8859-1; characters outside become '?'. Returns how many. */
guint mime_latin1_from_utf8(const char *utf8, gsize length, GString *out);

#endif
