/* recipient_comment.h - what was asked for one recipient, as comments of X400-Recipients: RFC 2156 4.6.2.2. */
#ifndef GW400_MAPPING_RECIPIENT_COMMENT_H
#define GW400_MAPPING_RECIPIENT_COMMENT_H

#include "mapping/conversion.h"

struct PerRecipientMessageTransferFields;

/* "(Originally To: ...) (Physical Forwarding Prohibited)": the directory name, the redirections in their order, the
 * per-recipient services that have no counterpart in mail.  Services at their default are not told.  NULL: nothing.
 * Caller frees. */
char *recipient_comment(struct from_x400 *from, const struct asn1_value *apdu,
                        const struct PerRecipientMessageTransferFields *fields);
/* "(text)", quoted as RFC 822 3.3 asks, a space before it if out holds something. */
void comment_append(GString *out, const char *text);

#endif
