/* or_keys.h - the attributes of an O/R address as one table: RFC 2156 4.1.1 (keys, alternative keywords,
 * encodings) beside X.411's upper bounds. */
#ifndef GW400_MAPPING_OR_KEYS_H
#define GW400_MAPPING_OR_KEYS_H

#include "mapping/or_address.h"

enum or_encoding {
  OR_ENCODING_P,   /* printablestring */
  OR_ENCODING_N,   /* numericstring */
  OR_ENCODING_PT,  /* teletex-and-or-ps */
  OR_ENCODING_UPA, /* lines, "|" between them, and a teletex twin */
  OR_ENCODING_X,   /* presentation-address, RFC 1278 */
  OR_ENCODING_I    /* labelled-integer */
};
struct or_key_info {
  const char *keyword;         /* as generated; of OR_DDA "DD" */
  const char *alternatives[3]; /* accepted, never generated */
  const char *name;            /* X.411's, for messages */
  enum or_encoding encoding;
  guint bound; /* characters */
  guint count; /* how many there may be: 4 OUs, 4 DDAs, 6 lines */
};
extern const struct or_key_info or_keys[OR_KEYS];

/* The keys in the order of the text form: least significant on the left (4.3.3). */
extern const enum or_key or_text_order[OR_KEYS];

/* The key of a keyword, compared without case; OR_KEYS when there is none.  *number_r is the n of OUn, DDn,
 * PD-An, else 0. */
enum or_key or_keyword_find(const char *keyword, guint *number_r);

#endif
