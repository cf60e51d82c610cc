/* check.h - what the table of types cannot say: references between elements, password files, defaults from
 * elsewhere. */
#ifndef GW400_CONFIG_CHECK_H
#define GW400_CONFIG_CHECK_H

#include "config/config.h"

void check_config(struct config *config, GPtrArray *messages);

#endif
