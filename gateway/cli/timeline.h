/* timeline.h - what happened to a message, line by line, from the audit records of both worlds. */
#ifndef GW400_CLI_TIMELINE_H
#define GW400_CLI_TIMELINE_H

#include <jansson.h>
#include <stdbool.h>

/* One record: time, event, recipient, then its details as name=value; with_message: the message's identifier
 * too. */
void timeline_print(const json_t *record, bool with_message);

#endif
