/* reporting.h - the report on our own outcomes, by the format of the original (mapping_report() in mapping.h
 * asks one of them). */
#ifndef GW400_MAPPING_REPORTING_H
#define GW400_MAPPING_REPORTING_H

#include "mapping/mapping.h"

/* A DSN for the sender of a mail: RFC 3461, RFC 3464. */
void report_on_mail(struct mapping_context *context, const struct mapping_job *job,
                    struct mapping_result *result);
/* An MTS report for the originator of a message or probe: X.411 12.2.1.2. */
void report_on_apdu(struct mapping_context *context, const struct mapping_job *job,
                    struct mapping_result *result);

#endif
