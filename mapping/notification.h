/* notification.h - interpersonal notifications as mail: RFC 2156 5.3.5. */
#ifndef GW400_MAPPING_NOTIFICATION_H
#define GW400_MAPPING_NOTIFICATION_H

#include "mapping/conversion.h"

struct IPN;

/* Writes the heading and body of an IPN; recipient: the mailbox it goes to. Fields of the envelope are
 * written. */
bool notification_from_x400(struct from_x400 *from, const struct IPN *ipn, const char *recipient,
                            GError **error);

#endif
