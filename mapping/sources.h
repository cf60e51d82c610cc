/* sources.h - where MCGAMs are looked up (RFC 2156 4.2): the compiled tables, DNS (RFC 2163), LDAP (RFC
 * 2164), in the configuration's order.
 *
 * The tables are at hand.  Of DNS and LDAP a job has the answers that it was given; one that it lacks is
 * noted and counts as "not found" for the rest of the run, so that all that is missing comes back at once
 * (MAPPING_LACKS).  An indeterminate answer (no server spoke) lets a heading's address be encapsulated; an
 * envelope's is then not known yet (sources_doubt). */
#ifndef GW400_MAPPING_SOURCES_H
#define GW400_MAPPING_SOURCES_H

#include "mapping/address.h"
#include "mapping/mcgam.h"

/* Around a job: its answers, and what it lacked into the result, whose status becomes MAPPING_LACKS. Without
 * the pair the tables alone are consulted. */
void sources_begin(struct mapping_context *context, const struct mapping_job *job);
void sources_end(struct mapping_context *context, struct mapping_result *result);

/* What the next look-ups are for; at first an envelope. */
void sources_purpose(const struct mapping_context *context, enum address_use use);

/* How many indeterminate answers were met so far; and, when there are more by now, the error 4.4.3 with the
 * last one's words: false. */
guint sources_doubts(const struct mapping_context *context);
bool sources_determinate(const struct mapping_context *context, guint doubts, GError **error);

/* As mcgam_match_domain() and mcgam_match_or(), over all sources; dmn_r->address and the returned domain are
 * the caller's. */
bool sources_match_domain(const struct mapping_context *context, enum mcgam_table table, const char *domain,
                          struct dmn *dmn_r, gsize *rest_r, GPtrArray *explain);
char *sources_match_or(const struct mapping_context *context, enum mcgam_table table,
                       const struct or_address *address, guint *depth_r, GPtrArray *explain);

#endif
