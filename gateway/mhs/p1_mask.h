/* p1_mask.h - the octets of one direction of an association with the password of the MTA-bind overwritten.
 *
 * Passwords travel in the connecting TSDU of each side alone (CN, AC: X.411 12.1.1 inside RTSE's
 * connectionData). Each TSDU up to that one is held back until it is whole; then the contents of every
 * IA5String and OCTET STRING in its user data become '*', which in these PDUs are passwords and nothing else
 * that could be missed. What cannot be read as BER is overwritten to its end. Lengths stay, so that the
 * octets remain a dialogue. */
#ifndef GW400_MHS_P1_MASK_H
#define GW400_MHS_P1_MASK_H

#include <glib.h>
#include <stdbool.h>

struct p1_mask;
struct p1_mask *p1_mask_new(void);
void p1_mask_free(struct p1_mask *mask); /* wipes what it holds */
/* Appends to out what may be shown now. */
void p1_mask_input(struct p1_mask *mask, const guint8 *data, gsize length, GByteArray *out);
/* The bind is past: what comes would pass as it is. */
bool p1_mask_is_over(const struct p1_mask *mask);
/* The direction has ended: the rest of what is held. */
void p1_mask_end(struct p1_mask *mask, GByteArray *out);

#endif
