/* reporting.h - the hop "report": outcomes whose originator gets word of them.
 *
 * A recipient comes here in the same transaction that records its outcome, so no failure is ever without its
 * report.  The report is a message of its own (parent = the message it is about); it enters the queue in the
 * transaction that makes the recipients REPORTED.  What the mapping says needs no report (NOTIFY=NEVER)
 * becomes REPORTED with that reason. */
#ifndef GW400_RELAY_REPORTING_H
#define GW400_RELAY_REPORTING_H

#include "relay/hop.h"

void reporting_wake(struct hop *hop);
/* Turns recipients whose lifetime is over to reporting; each minute. */
void reporting_expire(struct relay *relay);

#endif
