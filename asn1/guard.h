/* guard.h - the guard before every asn1c decoder.
 *
 * The guard walks the TLVs of received octets along asn1c's type descriptors.  It refuses what is not BER
 * (X.690 8), not the type, or beyond the limits, and accepts every other way in which BER lets the value be
 * written: indefinite lengths, constructed strings, lengths longer than need be, a SET in any order, unknown
 * elements where the type is extensible. What it accepts it writes again in the one form that asn1c decodes
 * well: definite lengths, strings primitive, nothing unknown.  An open type (ANY) is checked for its lengths
 * and depth only and copied octet by octet.
 *
 * A string (or ANY) too long for memory does not enter that form; a placeholder of PLACEHOLDER_SIZE octets
 * stands for it and names, by number, a rope of the received octets.  No received string can pass for a
 * placeholder, because what contains PLACEHOLDER_MARK is always made a rope itself.
 *
 * One tolerance: a type under an IMPLICIT tag that came with its universal tag inside (a0 03 02 01 17 for 80
 * 01 17).
 *
 * Private to asn1/. */
#ifndef GW400_ASN1_GUARD_H
#define GW400_ASN1_GUARD_H

#include "asn1/codec.h"
#include "asn1/flat.h"

/* Guards one value of the type that must be all of source.  flat_r is to be cleared also after a failure. */
bool guard_flatten(const asn_TYPE_descriptor_t *type, struct octets *source, const struct asn1_limits *limits,
                   struct flat *flat_r, GError **error);
/* When asn1c refuses what the guard let pass: sets the error that names the place in source from which octet
 * at of the flat form was made. */
void guard_explain(const asn_TYPE_descriptor_t *type, struct octets *source, const struct asn1_limits *limits,
                   gsize at, GError **error);

#endif
