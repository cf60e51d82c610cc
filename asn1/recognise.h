/* recognise.h - which PDU octets are, and what stands in the strings inside it: for `gw400 decode` and for
 * dumps.
 *
 * A PDU without its context does not always tell its type: a0 begins a message of P1, an interpersonal
 * message and an abort of presentation.  The types that may begin so are tried, the likelier first, and the
 * first that fits all octets is taken. */
#ifndef GW400_ASN1_RECOGNISE_H
#define GW400_ASN1_RECOGNISE_H

#include "asn1/codec.h"

/* Decodes octets as the type of this name ("ORName"; any that recognise_names() lists), or, when it is NULL,
 * as what they are found to be.  The error of a failure is that of the likeliest type. */
struct asn1_value *recognise_decode(struct octets *octets, const char *type, GError **error);
/* The names that recognise_decode() takes, NULL at the end; static. */
const char *const *recognise_names(void);

/* An asn1_inner (codec.h): follows contents, extensions, attributes, EXTERNALs, presentation data, binds; an
 * open type that nothing identifies is taken for what its universal tag says.  user is not used. */
const struct asn_TYPE_descriptor_s *recognise_inner(const struct asn1_place *place,
                                                    const struct asn1_value *value, struct octets *octets,
                                                    void *user);

#endif
