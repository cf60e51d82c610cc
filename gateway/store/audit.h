/* audit.h - the hash chain of the audit log.
 *
 * hash(n) = SHA-256(hash(n-1), sequence, time, message, recipient, event, detail): numbers as 8 octets, most
 * significant first, texts with their length in 4 octets before them. hash(0) is 32 zero octets. The database
 * keeps the anchor (sequence and hash of the last record that was pruned) and the head (those of the newest
 * record): a record changed, removed, added or reordered, at the end too, breaks the chain. The chain shows
 * damage and clumsy tampering; against somebody who can recompute it whole, an administrator notes the head
 * elsewhere (`gw400 audit verify` prints it). */
#ifndef GW400_STORE_AUDIT_H
#define GW400_STORE_AUDIT_H

#include "store/store.h"

#define AUDIT_HASH 32

struct audit_link {
  guint64 sequence;
  guint8 hash[AUDIT_HASH];
};
struct audit_chain {
  struct audit_link anchor, head;
};

struct audit_hasher;
struct audit_hasher *audit_hasher_new(GError **error);
void audit_hasher_free(struct audit_hasher *hasher);
/* The link that record, whose sequence must follow, makes after previous; link_r may be previous. */
bool audit_hash(struct audit_hasher *hasher, const struct audit_link *previous,
                const struct store_audit_record *record, struct audit_link *link_r, GError **error);

#endif
