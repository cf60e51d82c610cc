/* fax.h - RFC 2159: image/g3fax <-> the body part g3-facsimile, which 1984 and 1988 have alike.
 *
 * A page is a T.4 bit stream.  X.400 has it as a BIT STRING whose octets are filled from the lowest bit, MIME
 * from the highest; where X.400 begins a new BIT STRING, MIME has six ends of line from an octet's boundary
 * on. */
#ifndef GW400_MAPPING_FAX_H
#define GW400_MAPPING_FAX_H

#include "mapping/conversion.h"

struct BodyPart;
struct G3FacsimileBodyPart;

/* Makes the body part of a part of type image/g3fax.  False without error: its content has not that form, it
 * stays a file. */
bool fax_to_x400(struct to_x400 *to, const struct mime_part *part, struct octets *content,
                 struct BodyPart *body_part, GError **error);
struct mime_draft *fax_from_x400(struct from_x400 *from, const struct G3FacsimileBodyPart *fax,
                                 GError **error);

#endif
