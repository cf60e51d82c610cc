/* convert_wrap.h - an envelope for a content that stands in a file alone (P2, P22). */
#ifndef GW400_CLI_CONVERT_WRAP_H
#define GW400_CLI_CONVERT_WRAP_H

#include "asn1/codec.h"
#include "mapping/mapping.h"

/* An APDU with the content, which octets are the encoding of.  from, to (a NULL-terminated list): addresses of
 * either form; NULL: the content's originator, the gateway itself.  The caller frees it; NULL and error when an
 * address cannot be read. */
struct octets *convert_wrap(struct mapping_context *context, const struct asn1_value *content,
                            struct octets *octets, const char *from, char *const *to, GError **error);

#endif
