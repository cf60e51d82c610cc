/* schema.h - the tables and their versions. A database one or more versions behind is brought forward in one
 * transaction; one that is ahead is refused, since an older program would not know what it breaks. */
#ifndef GW400_STORE_SCHEMA_H
#define GW400_STORE_SCHEMA_H

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

/* steps[n] takes version n to n + 1. */
bool schema_migrate(sqlite3 *db, const char *const *steps, guint count, GError **error);
extern const char *const schema_steps[];
extern const guint schema_version;

#endif
