#include "config/schedule.h"

#include <string.h>

#define DAY_MINUTES (24 * 60)
#define WEEK_MINUTES (7 * DAY_MINUTES)

/* From Monday 00:00 on; end may lie in the next week. */
struct span {
  int from, to;
};

struct schedule {
  GArray *spans; /* of struct span */
  GTimeZone *zone;
};

/* --- reading
 * ------------------------------------------------------------------------------------------------------ */

static int day_named(const char *text, gsize length)
{
  static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  for (int i = 0; i < 7; i++)
    if (length == 3 && g_ascii_strncasecmp(text, names[i], 3) == 0)
      return i;
  return -1;
}

/* "Mon-Fri", "Sat", "daily": the first and the last day, which may lie before it in the week. */
static bool read_days(const char *text, int *first_r, int *last_r)
{
  if (g_ascii_strcasecmp(text, "daily") == 0) {
    *first_r = 0;
    *last_r = 6;
    return true;
  }
  const char *dash = strchr(text, '-');
  *first_r = day_named(text, dash ? (gsize)(dash - text) : strlen(text));
  *last_r = dash ? day_named(dash + 1, strlen(dash + 1)) : *first_r;
  return *first_r >= 0 && *last_r >= 0;
}

static int read_minutes(const char *text)
{
  for (int i = 0; i < 5; i++)
    if (i == 2 ? text[i] != ':' : !g_ascii_isdigit(text[i]))
      return -1;
  int hours = (text[0] - '0') * 10 + text[1] - '0', minutes = (text[3] - '0') * 10 + text[4] - '0';
  int all = hours * 60 + minutes;
  return minutes < 60 && all <= DAY_MINUTES ? all : -1;
}

static bool read_hours(const char *text, int *from_r, int *to_r)
{
  if (strlen(text) != 11 || text[5] != '-')
    return false;
  *from_r = read_minutes(text);
  *to_r = read_minutes(text + 6);
  return *from_r >= 0 && *from_r < DAY_MINUTES && *to_r >= 0 && *from_r != *to_r;
}

static bool read_item(struct schedule *schedule, const char *item)
{
  g_auto(GStrv) words = g_strsplit_set(item, " \t", -1);
  const char *parts[2] = {NULL, NULL};
  guint count = 0;
  for (guint i = 0; words[i]; i++)
    if (*words[i]) {
      if (count == 2)
        return false;
      parts[count++] = words[i];
    }
  int first, last, from, to;
  if (count != 2 || !read_days(parts[0], &first, &last) || !read_hours(parts[1], &from, &to))
    return false;
  for (int day = first;; day = (day + 1) % 7) {
    struct span span = {day * DAY_MINUTES + from, day * DAY_MINUTES + to + (to < from ? DAY_MINUTES : 0)};
    g_array_append_val(schedule->spans, span);
    if (day == last)
      return true;
  }
}

struct schedule *schedule_new(const char *text, const char *zone, char **wrong_r)
{
  g_autoptr(GTimeZone) found = g_time_zone_new_identifier(zone);
  if (!found) {
    *wrong_r = g_strdup_printf("there is no time zone \"%s\"; expected UTC or a name as Europe/Berlin", zone);
    return NULL;
  }
  struct schedule *schedule = g_new0(struct schedule, 1);
  schedule->spans = g_array_new(FALSE, FALSE, sizeof(struct span));
  schedule->zone = g_time_zone_ref(found);
  g_auto(GStrv) items = g_strsplit(text, ",", -1);
  for (guint i = 0; items[i] || i == 0; i++)
    if (!items[i] || !read_item(schedule, items[i])) {
      *wrong_r = g_strdup_printf("\"%s\" is not understood; expected days and hours as \"Mon-Fri "
                                 "06:00-22:00, Sat 08:00-12:00\" or \"daily 20:00-04:00\"",
                                 items[i] ? g_strstrip(items[i]) : "");
      schedule_free(schedule);
      return NULL;
    }
  return schedule;
}

void schedule_free(struct schedule *schedule)
{
  if (!schedule)
    return;
  g_array_unref(schedule->spans);
  g_time_zone_unref(schedule->zone);
  g_free(schedule);
}

/* --- asking
 * ------------------------------------------------------------------------------------------------------ */

static bool inside(const struct schedule *schedule, int minute)
{
  for (guint i = 0; i < schedule->spans->len; i++) {
    const struct span *span = &g_array_index(schedule->spans, struct span, i);
    if ((minute >= span->from && minute < span->to) || minute + WEEK_MINUTES < span->to)
      return true;
  }
  return false;
}

/* Minute of the zone's week; -1: beyond what a calendar holds. */
static int week_minute(const struct schedule *schedule, gint64 unix_s)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(unix_s);
  g_autoptr(GDateTime) local = utc ? g_date_time_to_timezone(utc, schedule->zone) : NULL;
  if (!local)
    return -1;
  return (g_date_time_get_day_of_week(local) - 1) * DAY_MINUTES + g_date_time_get_hour(local) * 60 +
         g_date_time_get_minute(local);
}

/* Looks at each minute of the coming week, and asks the zone once for each quarter of an hour: its clock
 * jumps at no other time. */
bool schedule_open(const struct schedule *schedule, gint64 now_us, gint64 *change_us_r)
{
  enum { QUARTER = 15 * 60 };
  gint64 now = now_us / G_USEC_PER_SEC, end = now + (WEEK_MINUTES + DAY_MINUTES) * 60;
  int minute = week_minute(schedule, now);
  bool open = minute < 0 || inside(schedule, minute);
  *change_us_r = G_MAXINT64;
  for (gint64 quarter = now - now % QUARTER; minute >= 0 && quarter < end; quarter += QUARTER) {
    minute = week_minute(schedule, quarter);
    for (int i = 0; minute >= 0 && i < 15; i++)
      if (quarter + i * 60 > now && inside(schedule, (minute + i) % WEEK_MINUTES) != open) {
        *change_us_r = (quarter + i * 60) * G_USEC_PER_SEC;
        return open;
      }
  }
  return open;
}
