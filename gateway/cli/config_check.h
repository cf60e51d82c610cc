/* config_check.h - the configuration with all that it names: mapping tables, routes, addresses. */
#ifndef GW400_CLI_CONFIG_CHECK_H
#define GW400_CLI_CONFIG_CHECK_H

#include <glib.h>
#include <stdbool.h>

/* True: there is no mistake. lines (of char*) gets each mistake as "file:line: message" and what is worth a
 * look as "file:line: warning: message". */
bool config_check(const char *file, GPtrArray *lines);

#endif
