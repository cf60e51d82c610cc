/* charset_sets.h - the graphic sets: found by registration or escape sequence, looked up either way.  Private
 * to charset. */
#ifndef GW400_ASN1_CHARSET_SETS_H
#define GW400_ASN1_CHARSET_SETS_H

#include <glib.h>

struct graphic_set {
  guint16 registration;
  guint8 size;           /* characters: 94, or 96 (which cannot stand in G0); two octets: of each octet */
  guint8 octets;         /* per character: 1 or 2 */
  guint8 final;          /* of its escape sequence */
  const guint16 *table;  /* 96 characters; two octets: rows of 94 */
  const char *national;  /* a variant of ISO 646 instead of a table: its twelve national characters, UTF-8 */
  const guint16 *sorted; /* two octets: positions in the order of their characters */
  guint16 rows, characters;
};

extern const struct graphic_set graphic_sets[];
extern const gsize graphic_sets_count;

enum { COMBINING_FIRST = 0x0300, COMBINING_LAST = 0x036F };

const struct graphic_set *graphic_set_registered(long registration);
const struct graphic_set *graphic_set_designated(guint size, guint octets, guint8 final);
/* The character at a position given in seven bits (second is 0 for one-octet sets); 0 when there is none. */
gunichar graphic_set_character(const struct graphic_set *set, guint8 first, guint8 second);
/* The position of a character, seven bits per octet; 0 when the set has none. */
guint graphic_set_position(const struct graphic_set *set, gunichar character);

#endif
