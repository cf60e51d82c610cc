/* charset.h - the character sets of X.400's strings, to UTF-8 and back.
 *
 * Strings of X.400 are ISO 2022: graphic sets by ISO registration number, designated and invoked by escape
 * sequences. TeletexString begins with T.61's primary (102) and supplementary (103) sets, GeneralString and
 * GraphicString with ASCII (6); IA5String has ASCII alone.  Known are 2, 6 and the national variants of ISO
 * 646; 102, 103, 90, 142, 156 (T.61 and ISO 6937, with their accents that precede a letter); ISO 8859-1 to
 * -16 (100, 101, 109, 110, 144, 127, 126, 138, 148, 157, 166, 179, 199, 203, 226; 198, 204 to 206, 227 of
 * later years); Greek, Cyrillic, Arabic, Hebrew and Latin sets of T.61, T.101, ISO 10367, ECMA and national
 * bodies (charset_tables_single.c); Katakana (13), JIS X 0208 and 0212 (42, 87, 168, 159), KS C 5601 (149),
 * GB 2312 (58), T.61's Chinese set (165), CNS 11643 (171, 172); ISO 10646 in UTF-8 (196, 190 to 192), UCS-2
 * and UTF-16 (162, 174, 176, 193 to 195) and UCS-4 (163, 175, 177).
 *
 * No text fails.  What cannot be shown becomes U+FFFD, or a look-alike or "?" in the narrower set, and is
 * counted, as is what peers write against the standard and everyone understands (interop note 16: Latin-1 in
 * an IA5String). X.208 35, X.690 8.21, T.61, ISO 2022, RFC 1345, RFC 2157 6.1, 6.2, 6.7. */
#ifndef GW400_ASN1_CHARSET_H
#define GW400_ASN1_CHARSET_H

#include <glib.h>
#include <stdbool.h>

enum charset {
  CHARSET_IA5,       /* IA5String, PrintableString, NumericString, VisibleString */
  CHARSET_TELETEX,   /* TeletexString, T61String, VideotexString */
  CHARSET_GENERAL,   /* GeneralString, GraphicString, ObjectDescriptor */
  CHARSET_BMP,       /* BMPString: UCS-2, most significant octet first */
  CHARSET_UNIVERSAL, /* UniversalString: UCS-4 */
  CHARSET_UTF8       /* UTF8String */
};

struct charset_loss {
  guint64 substituted; /* characters that came out as something else */
  guint64 tolerated;   /* octets outside the string's own repertoire that were understood */
  guint64 dropped;     /* control sequences left out */
  guint64 first_line;  /* in which the first of them stood, from 1; 0: nothing was lost */
};

/* A short string to UTF-8; the caller frees.  loss (which may be NULL) is added to, not set. */
char *charset_to_utf8(enum charset charset, const void *octets, gsize length, struct charset_loss *loss);
/* UTF-8 to a short string.  GENERAL is written with the narrowest of charset_choose()'s registrations. */
GByteArray *charset_from_utf8(enum charset charset, const char *utf8, struct charset_loss *loss);

/* Long text, octets in pieces of any size. */
struct charset_decoder;
/* registrations: those of GeneralTextParameters.  Octets above 127 before any designation are of the first
 * among them that is a set for the right half; pass NULL and 0 where there are none. */
struct charset_decoder *charset_decoder_new(enum charset charset, const long *registrations, gsize count);
void charset_decoder_free(struct charset_decoder *decoder);
/* Appends to out.  last: nothing follows, and what waits for more is written. */
void charset_decoder_feed(struct charset_decoder *decoder, const void *octets, gsize length, bool last,
                          GString *out);
struct charset_loss charset_decoder_loss(const struct charset_decoder *decoder);

struct charset_encoder;
/* registration: for GENERAL the right half (100, 58, ...), 87 for Japanese, one of ISO 10646's (196, 162,
 * ...), 6 for ASCII alone.  For TELETEX CHARSET_ALL_SETS designates the Greek, Cyrillic, Hebrew, Japanese and
 * Chinese sets of X.680 table 6 where they are needed; else T.61's own two do all.  For others ignored. */
enum { CHARSET_ALL_SETS = -1 };
struct charset_encoder *charset_encoder_new(enum charset charset, long registration);
/* The same as MIME has it, nothing designated in front: ISO 8859, EUC, ISO-2022-JP, UTF-8. */
struct charset_encoder *charset_encoder_new_mime(long registration);
void charset_encoder_free(struct charset_encoder *encoder);
/* Pieces may end anywhere; octets that are not UTF-8 are substituted. */
void charset_encoder_feed(struct charset_encoder *encoder, const char *utf8, gsize length, bool last,
                          GByteArray *out);
struct charset_loss charset_encoder_loss(const struct charset_encoder *encoder);
/* What was substituted: `"€" became "EUR" (3 times), U+200B became "?"` - eight characters by name, the rest
 * counted.  Caller frees. */
char *charset_encoder_words(const struct charset_encoder *encoder);

/* Which registration serves a text of which all pieces are fed: 6, the first ISO 8859 part that holds it, 87,
 * 58, 149, or 196. */
struct charset_choice {
  guint64 possible;
  guint8 tail[4]; /* of a character cut by the end of a piece */
  guint tail_length;
};
void charset_choice_init(struct charset_choice *choice);
void charset_choice_feed(struct charset_choice *choice, const char *utf8, gsize length);
long charset_choice_result(const struct charset_choice *choice);
/* Whether one of these holds it. */
bool charset_choice_holds(const struct charset_choice *choice, long registration);
long charset_choose(const char *utf8);

/* RFC 2157 6.2's table: "ISO-8859-1" for 100 and back, without case; NULL, 0 when not in it.  196 is "UTF-8",
 * 87 "ISO-2022-JP", 6 "US-ASCII", 58 "GB2312", 149 "EUC-KR". */
const char *charset_mime_name(long registration);
long charset_registration(const char *mime_name);
/* Whether text with the registration can be read: a graphic set, an encoding of ISO 10646, controls. */
bool charset_known(long registration);
/* The registrations that GeneralTextParameters name for a text so encoded, at most four; returns their count.
 */
gsize charset_parameters(long registration, long parameters_r[4]);

#endif
