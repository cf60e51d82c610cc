/* encode.h - BER from asn1c's structures, with ropes where strings are long.
 *
 * Walks a structure along its descriptors and writes from the last octet to the first, so that every length
 * is known when it is written: definite, in the fewest octets (X.690 10.1), in one pass.  A string that is a
 * placeholder becomes the rope of that number.  The octets are those of asn1c's own der_encode(), except that
 * a SET OF keeps its order.
 *
 * Private to asn1/. */
#ifndef GW400_ASN1_ENCODE_H
#define GW400_ASN1_ENCODE_H

#include "asn1/octets.h"

#include <asn_application.h>

/* ropes is the table of the value's placeholders, or NULL. */
struct octets *encode_structure(const asn_TYPE_descriptor_t *type, const void *structure,
                                const GPtrArray *ropes, GError **error);

#endif
