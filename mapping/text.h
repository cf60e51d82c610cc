/* text.h - text body parts between MIME's character sets and X.400's strings: RFC 2157 6.1, 6.2, 6.7.
 *
 * Text of any length: what needs no change stays where it is, the rest is read twice (what does it need;
 * write it) and goes through the spill.  Lines end in CRLF on both sides. */
#ifndef GW400_MAPPING_TEXT_H
#define GW400_MAPPING_TEXT_H

#include "asn1/charset.h"
#include "mapping/mime_in.h"
#include "mapping/settings.h"

enum text_status { TEXT_OK, TEXT_UNFIT, TEXT_ERROR };

#define TEXT_TELETEX 102 /* ISO registration of T.61's primary set */

/* Content in a MIME set as what habit asks for.  *registration_r: 6 is IA5 text, TEXT_TELETEX a TeletexString, else
 * general text with that right half.  UNFIT: the set is not known, octets are not of it, or habit has no string for the text: it is
 * then carried another way. */
enum text_status text_to_x400(GHashTable *charsets, const char *charset, struct octets *content,
                              enum mapping_text_body habit, struct mime_spill *spill, long *registration_r,
                              struct octets **octets_r, GError **error);

/* An X.400 string as MIME text; registrations as charset.h has them. *charset_r: static name of the set that
 * was chosen. */
struct octets *text_from_x400(enum charset charset, const long *registrations, gsize count,
                              struct octets *string, struct mime_spill *spill, const char **charset_r,
                              GError **error);

/* A text's pages (of struct octets), which form feeds part; the last may be empty and is then left out.  NULL and
 * error when it cannot be read, or has more pages than a message may. */
GPtrArray *text_pages(struct octets *text, GError **error);

#endif
