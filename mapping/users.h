/* users.h - exact rows of single users beside the rules of RFC 2156 4.2: a mailbox and an O/R address, whole.
 *
 * They are private configuration, which 4.3.4 and 4.3.5 leave to the gateway, and are asked before the rules
 * (docs/decisions/0105).  A mailbox is the row's when the domains are the same without case and the local
 * parts are the same, or, where the configuration says any-case, differ in case alone (RFC 5321 2.4); quoting
 * does not count.  An O/R address is the row's when X.402 18.4 says so. */
#ifndef GW400_MAPPING_USERS_H
#define GW400_MAPPING_USERS_H

#include "mapping/mailbox.h"
#include "mapping/mcgam.h"

/* The std-or form of a mailbox's row, the mailbox of an address's row; NULL: none. Both lie in the file. */
const char *users_of_mailbox(const struct mcgam *tables, const struct mailbox *mailbox, bool any_case);
const char *users_of_address(const struct mcgam *tables, const struct or_address *address);

/* What the rows are found by. An address with twins has two hashes: one for those who know it by its
 * printable names, one for those who know it by the others; else they are the same. */
guint32 users_mailbox_hash(const struct mailbox *mailbox);
void users_address_hashes(const struct or_address *address, guint32 hashes_r[2]);
/* Whether two mailboxes are the same. */
bool users_same_mailbox(const struct mailbox *a, const struct mailbox *b, bool any_case);

#endif
