/* military.h - heading extensions of military messages as fields of mail: RFC 6477. */
#ifndef GW400_MAPPING_MILITARY_H
#define GW400_MAPPING_MILITARY_H

#include "mapping/conversion.h"

/* Writes the fields of the extensions that have one.  The other way there is none: the fields are unknown ones to
 * interpersonal messaging and go along as such (decision 0116). */
void military_from_x400(struct from_x400 *from, const struct IPMSExtensions *extensions);
/* Whether an extension is one of those, and could be read. */
bool military_tells(const struct asn1_value *value, const struct IPMSExtension *extension);

#endif
