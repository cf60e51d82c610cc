/* audit.h - the detail of an audit record: a JSON object built member by member. Values are made valid UTF-8.
 */
#ifndef GW400_RELAY_AUDIT_H
#define GW400_RELAY_AUDIT_H

#include "store/store.h"

struct audit;
struct audit *audit_new(void);
/* NULL values are left out; both return the same audit for chaining. */
struct audit *audit_text(struct audit *audit, const char *key, const char *value);
struct audit *audit_number(struct audit *audit, const char *key, gint64 value);
struct audit *audit_texts(struct audit *audit, const char *key,
                          const GPtrArray *values); /* of char*; empty: left out */
/* Records the event with this detail, and ends the audit. */
void audit_record(struct audit *audit, struct store_txn *txn, guint64 message, gint recipient,
                  const char *event);

#endif
