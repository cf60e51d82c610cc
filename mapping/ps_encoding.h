/* ps_encoding.h - RFC 2156 3.3 and 3.4: ASCII inside PrintableString, and teletex text inside ASCII.
 *
 * Two encodings that must not be confused: ps-encoded writes ASCII as PrintableString ("foo(a)bar"), for
 * RFC-822 domain defined attributes and message identifiers; teletex-and-or-ps writes a PrintableString
 * and/or a teletex twin as ASCII
 * ("yen*{165}"), for the text form of O/R addresses. Text is UTF-8; every result is the caller's to free. */
#ifndef GW400_MAPPING_PS_ENCODING_H
#define GW400_MAPPING_PS_ENCODING_H

#include <glib.h>
#include <stdbool.h>

/* ps-char (3.3.3): a character of PrintableString. */
bool ps_char(char c);
/* Whether all of the text is PrintableString, NumericString (digits and spaces), digits only ("" is not). */
bool ps_is_printable(const char *text);
bool ps_is_numeric(const char *text);
bool ps_is_digits(const char *text);

/* ASCII -> ps-encoded; NULL when the text is not ASCII. */
char *ps_encode(const char *ascii);
/* ps-encoded -> ASCII.  What is not ps-encoded passes unaltered, and then *exact_r (may be NULL) is false:
 * the value was not made by ps_encode(). Codes are read in any case; (000) and codes above (127) are not
 * read. */
char *ps_decode(const char *printable, bool *exact_r);

/* teletex-and-or-ps (3.3.4): either part may be NULL.  ISO 8859-1 is the right half of the code table at the
 * start of each "{...}"; characters outside are written as UTF-8 behind the ISO 2022 escape that announces it
 * (ESC % G), so every character comes back (docs/decisions/0041). */
char *ps_teletex_format(const char *printable, const char *teletex);
/* False when the text is not of this form (a brace without its end, a code above 255, octets that are no
 * text). */
bool ps_teletex_parse(const char *text, char **printable_r, char **teletex_r);

#endif
