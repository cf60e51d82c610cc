/* store_sync.h - the store's calls made to wait for their answers, for tests. Each fails the test after 60 s.
 */
#ifndef GW400_TESTS_STORE_SYNC_H
#define GW400_TESTS_STORE_SYNC_H

#include "store/store.h"

/* Dispatches until *done. */
void sync_until(struct store *store, const bool *done);
/* NULL when committed; else the error, which the caller frees. */
GError *sync_commit(struct store *store, struct store_txn *txn);
GError *sync_prune(struct store *store, gint64 before_us);
GError *sync_backup(struct store *store, const char *folder);
struct store_message *sync_get(struct store *store, guint64 id, bool with_body);
GPtrArray *sync_claim_received(struct store *store, guint limit);
GPtrArray *sync_claim_hop(struct store *store, const char *hop, gint64 now_us, guint limit);
GPtrArray *sync_claim_expired(struct store *store, gint64 now_us, guint limit);
GPtrArray *sync_hops(struct store *store);
GPtrArray *sync_transfers(struct store *store); /* of store_transfer */
GBytes *sync_value(struct store *store, const char *name);
GArray *sync_find(struct store *store, const char *kind, const char *value, guint limit); /* of guint64 */
GPtrArray *sync_list(struct store *store, const struct store_list *filter);
GPtrArray *sync_audit(struct store *store, const struct store_audit_query *query);
guint64 sync_verify(struct store *store, GError **error);
struct store_counts sync_count(struct store *store);
/* A folder of its own under the working directory's file system (not /tmp, which may be memory); removed with
 * all it holds. */
char *sync_folder_new(void);
void sync_folder_free(char *folder);

#endif
