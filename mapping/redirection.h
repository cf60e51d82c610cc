/* redirection.h - the alternate recipient that an originator asked for (X.411 8.2.1.1.1.5, clause 14): when a
 * recipient cannot be reached, the message goes to it instead of a report to the originator.
 *
 * Once per recipient, and never back: not to one whom the redirection history names already. */
#ifndef GW400_MAPPING_REDIRECTION_H
#define GW400_MAPPING_REDIRECTION_H

#include "mapping/job_io.h"

/* REPORT: which of the failed recipients go on to their alternates.  Each is tried as if the message had come
 * for the alternate; those that a route and this gateway can serve are added to result->redirected. Returns
 * the outcomes that are left to be told (of the job's recipients, not owned); the caller unrefs the list. */
GPtrArray *redirection_choose(struct mapping_context *context, const struct mapping_job *job,
                              const struct asn1_value *apdu, struct mapping_result *result);

/* Those of the job's recipients that are redirected (redirected_us) stand in the envelope as their
 * alternates, with the redirection at the end of their histories; the request for an alternate is used up. */
void redirection_apply(const struct mapping_job *job, struct asn1_value *apdu);

#endif
