/* control.h - the asking side of the control socket (relay/control.h tells the protocol). */
#ifndef GW400_CLI_CONTROL_H
#define GW400_CLI_CONTROL_H

#include "cli/commands.h"

#include <glib.h>
#include <jansson.h>

/* Asks the daemon of this configuration one question (taken; "v" is added).  CLI_DONE: *answer_r is the
 * caller's.  Otherwise the reason stands on stderr and the exit code is returned: CLI_TEMPORARY when the
 * daemon is down. */
int control_ask(const char *configuration, json_t *question, json_t **answer_r);
/* The same for lists: asks page after page and calls each for every item until it has all, or `most` of them
 * (0: all). */
typedef void (*control_item)(void *user, json_t *item);
int control_ask_all(const char *configuration, json_t *question, guint64 most, control_item each, void *user);

#endif
