/* media.h - the equivalence registry: RFC 2157 5; which object identifier of X.400 is which media type.
 *
 * An identifier names the data of an externally-defined body part that is one OCTET STRING, or the application of a
 * file transfer body part.  The rows of the configuration (<media>) stand before those of the RFCs. */
#ifndef GW400_MAPPING_MEDIA_H
#define GW400_MAPPING_MEDIA_H

#include "mapping/settings.h"

enum media_use {
  MEDIA_BODY_PART,  /* ExternallyDefinedBodyPart.data.direct-reference */
  MEDIA_APPLICATION /* FileTransferParameters.environment.application-reference */
};

/* The type of a dotted identifier, the identifier of a type "image/jpeg" (without parameters, in any case); NULL: none is
 * registered.  Owned by the settings, or static. */
const char *media_type(const struct mapping_settings *settings, enum media_use use, const char *oid);
const char *media_oid(const struct mapping_settings *settings, enum media_use use, const char *type);

#endif
