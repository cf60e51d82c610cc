/* mime_word.h - encoded words in header fields: RFC 2047. */
#ifndef GW400_MAPPING_MIME_WORD_H
#define GW400_MAPPING_MIME_WORD_H

#include <glib.h>
#include <stdbool.h>

/* The text of an unfolded field or phrase in UTF-8: encoded words are decoded, space between two of them
 * goes, octets above 127 outside of them are read as UTF-8 or, failing that, as ISO-8859-1.  An encoded word
 * that cannot be read stays as it is.  Caller frees. */
char *mime_word_decode(GHashTable *charsets, const char *raw);

/* Appends UTF-8 text as encoded words of at most 75 characters each, separated by spaces; the set is
 * ISO-8859-1 when all of the text fits, else UTF-8 (RFC 2156 3.3.4 prefers it so).  phrase: only what RFC
 * 2047 5 (3) allows stands for itself.  used: columns of the first line that are taken already, at most 40 of
 * which count (RFC 2047 2: a line with an encoded word has 76). */
void mime_word_encode(const char *utf8, gsize length, bool phrase, gsize used, GString *out);

#endif
