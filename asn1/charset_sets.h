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
  guint8 intermediate;   /* before it there, beside the one that says where to: 2/1 or 0 */
  const guint16 *table;  /* 96 characters; two octets: rows of 94 */
  const char *national;  /* a variant of ISO 646 instead of a table: its twelve national characters, UTF-8 */
  const guint16 *sorted; /* two octets: positions in the order of their characters */
  guint16 rows, characters;
};

extern const struct graphic_set graphic_sets[];
extern const gsize graphic_sets_count;

extern const guint16 graphic_18[96];
extern const guint16 graphic_19[96];
extern const guint16 graphic_27[96];
extern const guint16 graphic_37[96];
extern const guint16 graphic_47[96];
extern const guint16 graphic_49[96];
extern const guint16 graphic_50[96];
extern const guint16 graphic_51[96];
extern const guint16 graphic_54[96];
extern const guint16 graphic_55[96];
extern const guint16 graphic_70[96];
extern const guint16 graphic_88[96];
extern const guint16 graphic_89[96];
extern const guint16 graphic_99[96];
extern const guint16 graphic_111[96];
extern const guint16 graphic_123[96];
extern const guint16 graphic_128[96];
extern const guint16 graphic_139[96];
extern const guint16 graphic_143[96];
extern const guint16 graphic_146[96];
extern const guint16 graphic_147[96];
extern const guint16 graphic_150[96];
extern const guint16 graphic_151[96];
extern const guint16 graphic_152[96];
extern const guint16 graphic_153[96];
extern const guint16 graphic_154[96];
extern const guint16 graphic_155[96];
extern const guint16 graphic_158[96];
extern const guint16 graphic_164[96];
extern const guint16 graphic_197[96];
extern const guint16 graphic_198[96];
extern const guint16 graphic_204[96];
extern const guint16 graphic_205[96];
extern const guint16 graphic_206[96];
extern const guint16 graphic_209[96];
extern const guint16 graphic_227[96];
extern const guint16 graphic_58[8178], graphic_58_sorted[7445];
extern const guint16 graphic_149[8742], graphic_149_sorted[8227];
extern const guint16 graphic_159[7238], graphic_159_sorted[6067];
extern const guint16 graphic_165[8836], graphic_165_sorted[8388];
extern const guint16 graphic_171[8742], graphic_171_sorted[5867];
extern const guint16 graphic_172[7708], graphic_172_sorted[7650];

enum { COMBINING_FIRST = 0x0300, COMBINING_LAST = 0x036F };

const struct graphic_set *graphic_set_registered(long registration);
const struct graphic_set *graphic_set_designated(guint size, guint octets, guint8 intermediate, guint8 final);
/* The character at a position given in seven bits (second is 0 for one-octet sets); 0 when there is none. */
gunichar graphic_set_character(const struct graphic_set *set, guint8 first, guint8 second);
/* The position of a character, seven bits per octet; 0 when the set has none. */
guint graphic_set_position(const struct graphic_set *set, gunichar character);

#endif
