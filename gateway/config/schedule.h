/* schedule.h - hours of the week: "Mon-Fri 06:00-22:00, Sat 08:00-12:00", "daily 20:00-04:00".
 *
 * A span that ends before it begins goes on into the next day; 24:00 is the day's end. Times are those of one
 * zone, summer time as that zone has it. */
#ifndef GW400_CONFIG_SCHEDULE_H
#define GW400_CONFIG_SCHEDULE_H

#include <glib.h>
#include <stdbool.h>

struct schedule;
/* zone: an IANA name or "UTC". NULL and wrong_r (caller frees): what was expected. */
struct schedule *schedule_new(const char *text, const char *zone, char **wrong_r);
void schedule_free(struct schedule *schedule); /* NULL is allowed */
/* Whether the time lies in the hours, and when that changes; G_MAXINT64: never. UTC microseconds. */
bool schedule_open(const struct schedule *schedule, gint64 now_us, gint64 *change_us_r);

#endif
