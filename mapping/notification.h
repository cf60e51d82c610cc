/* notification.h - interpersonal notifications (X.420 8) <-> mail: RFC 2156 5.3.5, RFC 8098; decision 0121.
 */
#ifndef GW400_MAPPING_NOTIFICATION_H
#define GW400_MAPPING_NOTIFICATION_H

#include "mapping/conversion.h"

struct IPN;

/* --- X.400 to mail: notification_from_x400.c --- */
/* Writes the heading and body of an IPN; recipient: the mailbox it goes to. Fields of the envelope are
 * written. mdn: the job, for a message disposition notification, whose identifiers are the subject's as the
 * queue knows it; NULL: 5.3.5's text alone. */
bool notification_from_x400(struct from_x400 *from, const struct IPN *ipn, const char *recipient,
                            const struct mapping_job *mdn, GError **error);

/* --- mail to X.400: notification_to_x400.c --- */
/* Whether a mail is a disposition notification that answers a request of X.400: the queue knows its subject,
 * the originator of which is whom it goes to, and a recipient who was asked for just this. */
bool notification_is_answer(const struct to_x400 *to, const struct mapping_job *job);
/* The message APDU with the IPN of one that is. */
struct octets *notification_to_x400(struct to_x400 *to, const struct mapping_job *job, GError **error);

#endif
