/* table_report.h - what is told of mapping tables: "file:line: error: words", "file:line: warning: words".
 *
 * A mistake in one row is often one in a million rows: of each kind so many lines are shown and the rest is
 * counted, in a last line of that kind. */
#ifndef GW400_MAPPING_TABLE_REPORT_H
#define GW400_MAPPING_TABLE_REPORT_H

#include <glib.h>
#include <stdbool.h>

#define TABLE_REPORT_SHOWN 20u /* lines of one kind */

struct table_report {
  GPtrArray *lines;  /* of char*; the caller's */
  GHashTable *kinds; /* format -> how often, and where last */
  bool failed;       /* there was an error */
};
void table_report_init(struct table_report *report, GPtrArray *lines);
/* The format, a literal, is the kind. */
void table_report_add(struct table_report *report, const char *file, guint line, bool is_error,
                      const char *format, ...) G_GNUC_PRINTF(5, 6);
/* Tells of the rest; false when there was an error. */
bool table_report_finish(struct table_report *report);

#endif
