/* value.h - attribute texts to members of the configuration's structs, and the structs' life along the
 * schema. */
#ifndef GW400_CONFIG_VALUE_H
#define GW400_CONFIG_VALUE_H

#include "config/config.h"
#include "config/schema.h"

/* Sets the member at base + attribute->offset. NULL when it could; else what was expected, for people.
 * folder: of relative paths. */
char *value_set(const struct schema_attribute *attribute, const char *text, void *base, const char *folder);
/* An empty struct of a repeated element, its lists in place. */
void *value_struct_new(const struct schema_element *element);
/* An empty configuration with all lists in place. */
struct config *value_config_new(const char *file);

#endif
