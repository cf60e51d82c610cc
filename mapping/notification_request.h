/* notification_request.h - requests for receipts: RFC 8098 2.1 (Disposition-Notification-To) <-> X.420 7.1.2
 * (notification requests of a recipient specifier).  Decision 0121. */
#ifndef GW400_MAPPING_NOTIFICATION_REQUEST_H
#define GW400_MAPPING_NOTIFICATION_REQUEST_H

#include "mapping/conversion.h"

/* Mail to X.400: when the mail asks for receipts and may, every recipient of the heading is asked for receipt
 * and non-receipt notifications, and the request leaves fields; else it stays there, so that it arrives as it
 * was. */
void notification_request_to_x400(struct to_x400 *to, const struct mime_part *header, struct Heading *heading,
                                  GPtrArray *fields);

/* X.400 to mail: what a heading asks of its recipients, by address; free with g_hash_table_unref(). */
GHashTable *notification_requests_read(const struct asn1_value *content, const struct Heading *heading);
/* enum mapping_receipts bits for one recipient. */
guint notification_requests_of(GHashTable *requests, const struct or_address *recipient);
/* Writes Disposition-Notification-To when a recipient of the mail is asked: with the address of MAIL FROM,
 * for only then user agents answer unasked (RFC 8098 2.1), and their answer comes back through this gateway.
 */
void notification_request_from_x400(struct from_x400 *from, const GPtrArray *recipients,
                                    const struct Heading *heading);

#endif
