/* correlation.h - reports and notifications find the message that they are about, while the queue remembers it.
 *
 * What a READ job gave as "subject-mts-id" or "subject-message-id" is looked for among the identifiers of all
 * messages, also those that are done, in this order.  What is found is data for the conversion (the subject in
 * mapping/job.h); nothing found is no error: the report goes on with what it says itself. */
#ifndef GW400_RELAY_CORRELATION_H
#define GW400_RELAY_CORRELATION_H

#include "relay/context.h"

/* subject: the message itself with its recipients, without body, owned by the callee; NULL: not known (any
 * more). Called from store_dispatch(), or at once when there is nothing to look for. */
typedef void (*correlation_found)(void *user, struct store_message *subject);
/* report: the message that asks; result: of its READ job, which stays until the answer. */
void correlation_find(struct relay *relay, guint64 report, const struct mapping_result *result,
                      correlation_found callback, void *user);

#endif
