/* open_types.h - which type stands in an open type: by the number of an extension or the object identifier
 * beside it.
 *
 * NULL is returned for what is not known; it is carried as octets.  Two object identifiers lead to no single
 * type: data of id-et-content (an OCTET STRING whose own type the arcs after it tell) and of nationally
 * defined body parts. */
#ifndef GW400_ASN1_OPEN_TYPES_H
#define GW400_ASN1_OPEN_TYPES_H

#include "asn1/oids.h"

struct asn_TYPE_descriptor_s;

/* The value of a standard extension of envelopes and reports: X.411 figure 2 parts 13 on, figure 4. */
const struct asn_TYPE_descriptor_s *open_type_extension(long number);
/* The value of an extension attribute of an O/R address: X.411 figure 2 parts 23 on. */
const struct asn_TYPE_descriptor_s *open_type_attribute(long number);
/* The value of an IPMS extension, of a private MTS extension, and the data or parameters of an extended body
 * part. */
const struct asn_TYPE_descriptor_s *open_type_oid(enum oid oid);
/* What an abstract syntax carries in presentation data values and EXTERNALs. */
const struct asn_TYPE_descriptor_s *open_type_syntax(enum oid oid);

#endif
