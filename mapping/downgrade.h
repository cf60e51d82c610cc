/* downgrade.h - from X.400 of 1988 to that of 1984 and back: X.419 annex B, RFC 1328, RFC 1496.
 *
 * P1 and P2 of 1984 are subsets of those of 1988, so one set of modules reads both (decision 0075).  Writing
 * for 1984 means to take out what it does not know: an address' newer attributes go into domain defined ones,
 * an extension that nobody marked critical is dropped and listed, body parts become those of 1984 or MIME in
 * IA5 text.  What may not be dropped makes a non-delivery (unable-to-transfer, unable-to-downgrade). */
#ifndef GW400_MAPPING_DOWNGRADE_H
#define GW400_MAPPING_DOWNGRADE_H

#include "mapping/job_io.h"

/* --- addresses: downgrade_address.c --- */

/* The address with the attributes of 1984 alone (RFC 1328 3): a twin beside a printable value goes,
 * common-name becomes the DDA "Common"; what that does not cover stands whole in the DDAs "X400-88",
 * "X400-C1" to "X400-C3" of gateway, which the peer's MTAs can reach.  NULL and error when it fits neither
 * way.  *words_r: what was done, static; NULL: nothing had to be. */
struct or_address *downgrade_address(const struct or_address *gateway, const struct or_address *address,
                                     const char **words_r, GError **error);
/* The way back, as far as it can be known: of an address under gateway the one that "X400-88" names, else
 * "Common" as common-name.  NULL: there is nothing to undo. */
struct or_address *upgrade_address(const struct or_address *gateway, const struct or_address *address);

/* --- values: downgrade.c --- */

/* What one downgrading knows; filled by its maker. */
struct downgrade {
  struct mapping_context *context;
  struct asn1_value *value; /* being changed */
  GPtrArray *losses;
};
/* Takes out of a value (APDU, content) what 1984 has no place for, where it may be dropped: addresses,
 * encoded information types, trace, extensions.  Contents and body parts are not touched.  Whether anything
 * was. */
bool downgrade_value(struct downgrade *downgrade);
/* Addresses in a value that came from a peer of 1984. */
void upgrade_value(struct mapping_context *context, struct asn1_value *value);

/* --- APDUs: downgrade_apdu.c --- */

/* Makes of an APDU that is ready to be sent one for a peer of 1984, or with content of type 2 when the peer
 * wants that.  Recipients that cannot go (of result, by their ordinals) are marked as failed and lose the
 * responsibility in the APDU; a report or probe likewise.  For other peers nothing is done.  False and error:
 * no conversion at all. */
bool downgrade_apdu(struct mapping_context *context, const struct mapping_job *job,
                    const struct mapping_peer *peer, struct asn1_value *apdu, struct mapping_result *result,
                    GError **error);

#endif
