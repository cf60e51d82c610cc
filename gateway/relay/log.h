/* log.h - the relay's log: one line per event on stderr, "<level>event key=value ...", as journald takes it.
 */
#ifndef GW400_RELAY_LOG_H
#define GW400_RELAY_LOG_H

#include <glib.h>

enum log_level { LOG_ALARM = 2, LOG_ERR = 3, LOG_WARN = 4, LOG_NOTE = 5, LOG_INF = 6 };
/* The format gives the rest of the line; what came from a peer goes through "%s" and is cleaned of control
 * characters. */
void relay_log(enum log_level level, const char *event, const char *format, ...) G_GNUC_PRINTF(3, 4);

#endif
