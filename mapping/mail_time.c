/* mail_time.c - contract: mail_time.h. */
#include "mapping/mail_time.h"

#include <string.h>

static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[][4] = {"Thu", "Fri", "Sat", "Sun",
                               "Mon", "Tue", "Wed"}; /* 1 January 1970 was a Thursday */

struct civil {
  gint64 year;
  guint month, day, hour, minute, second;
};

/* Days since 1 January 1970 of the proleptic Gregorian calendar; years counted from March. */
static gint64 days_of(gint64 year, guint month, guint day)
{
  year -= month <= 2;
  gint64 era = (year >= 0 ? year : year - 399) / 400;
  gint64 of_era = year - era * 400;
  gint64 of_year = (153 * ((gint64)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil civil_of(const struct mail_time *time)
{
  gint64 seconds = time->us / G_USEC_PER_SEC - (time->us % G_USEC_PER_SEC < 0) + (gint64)time->offset * 60;
  gint64 day = seconds / 86400 - (seconds % 86400 < 0), rest = seconds - day * 86400;
  gint64 shifted = day + 719468;
  gint64 era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  gint64 of_era = shifted - era * 146097;
  gint64 year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  gint64 of_year = of_era - (365 * year + year / 4 - year / 100);
  gint64 month = (5 * of_year + 2) / 153;
  struct civil civil = {.day = (guint)(of_year - (153 * month + 2) / 5 + 1),
                        .month = (guint)(month < 10 ? month + 3 : month - 9),
                        .hour = (guint)(rest / 3600),
                        .minute = (guint)(rest / 60 % 60),
                        .second = (guint)(rest % 60)};
  civil.year = year + era * 400 + (civil.month <= 2);
  return civil;
}

static bool set_time(const struct civil *civil, gint offset, struct mail_time *time_r)
{
  static const guint8 lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (civil->month < 1 || civil->month > 12 || civil->day < 1 || civil->day > lengths[civil->month - 1] ||
      civil->hour > 23 || civil->minute > 59 || civil->second > 60 || civil->year < 1 || civil->year > 9999 ||
      offset < -24 * 60 || offset > 24 * 60)
    return false;
  gint64 seconds = days_of(civil->year, civil->month, civil->day) * 86400 + civil->hour * 3600 +
                   civil->minute * 60 + civil->second - (gint64)offset * 60;
  *time_r = (struct mail_time){seconds * G_USEC_PER_SEC, offset};
  return true;
}

/* RFC 2156 3.3.5. */
static gint64 year_of_two_digits(gint64 year)
{
  return year + (year < 80 ? 2000 : 1900);
}

/* --- RFC 5322 --- */

static void skip_space(const char **at)
{
  for (;;) {
    *at += strspn(*at, " \t\r\n,");
    if (**at != '(')
      return;
    guint depth = 0;
    do {
      depth += **at == '(';
      depth -= **at == ')';
      if (**at == '\\' && (*at)[1])
        ++*at;
      ++*at;
    } while (depth && **at);
  }
}

/* At most nine digits, so that no number overflows. */
static guint digits(const char **at, guint *count_r)
{
  guint value = 0, count = 0;
  for (; g_ascii_isdigit(**at) && count < 9; ++*at, count++)
    value = value * 10 + (guint)(**at - '0');
  *count_r = count;
  return value;
}

static bool month_of(const char **at, guint *month_r)
{
  for (guint i = 0; i < G_N_ELEMENTS(months); i++)
    if (!g_ascii_strncasecmp(*at, months[i], 3)) {
      *month_r = i + 1;
      while (g_ascii_isalpha(**at) || **at == '.')
        ++*at;
      return true;
    }
  return false;
}

/* RFC 5322 4.3: the named zones that mean something; every other name is -0000. */
static gint named_zone(const char *at)
{
  static const struct {
    char name[4];
    gint hours;
  } zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6},
               {"PST", -8}, {"PDT", -7}, {"BST", 1},  {"CET", 1},  {"MET", 1}};
  if (!g_ascii_strncasecmp(at, "CEST", 4))
    return 120;
  for (gsize i = 0; i < G_N_ELEMENTS(zones); i++)
    if (!g_ascii_strncasecmp(at, zones[i].name, 3))
      return zones[i].hours * 60;
  return 0;
}

static gint zone_of(const char *at)
{
  if (*at != '+' && *at != '-')
    return named_zone(at);
  bool west = *at++ == '-';
  guint count, value = digits(&at, &count);
  if (count == 2 && *at == ':') {
    at++;
    value = value * 100 + digits(&at, &count);
    count = 4;
  }
  if (count != 4)
    return 0;
  gint offset = (gint)(value / 100 * 60 + value % 100);
  return west ? -offset : offset;
}

bool mail_time_parse(const char *text, struct mail_time *time_r)
{
  struct civil civil = {0};
  guint count, year_digits;
  skip_space(&text);
  while (g_ascii_isalpha(*text) || *text == '.') /* the day of the week says nothing new */
    text++;
  skip_space(&text);
  civil.day = digits(&text, &count);
  if (!count)
    return false;
  text += strspn(text, " \t-");
  if (!month_of(&text, &civil.month))
    return false;
  text += strspn(text, " \t-");
  skip_space(&text);
  civil.year = digits(&text, &year_digits);
  if (year_digits < 2 || year_digits > 4)
    return false;
  if (year_digits < 4) /* RFC 5322 4.3 */
    civil.year = year_digits == 3 ? civil.year + 1900 : year_of_two_digits(civil.year);
  skip_space(&text);
  civil.hour = digits(&text, &count);
  if (!count || *text++ != ':')
    return false;
  civil.minute = digits(&text, &count);
  if (*text == ':') {
    text++;
    civil.second = digits(&text, &count);
    if (*text == '.')
      text += 1 + strspn(text + 1, "0123456789");
  }
  skip_space(&text);
  gint offset = zone_of(text);
  return set_time(&civil, offset, time_r);
}

static void append_offset(gint offset, GString *out)
{
  guint minutes = (guint)ABS(offset);
  g_string_append_printf(out, "%c%02u%02u", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void mail_time_format(const struct mail_time *time, GString *out)
{
  struct civil civil = civil_of(time);
  gint64 day = days_of(civil.year, civil.month, civil.day) % 7;
  g_string_append_printf(out, "%s, %u %s %04d %02u:%02u:%02u ", days[day < 0 ? day + 7 : day], civil.day,
                         months[civil.month - 1], (int)civil.year, civil.hour, civil.minute, civil.second);
  append_offset(time->offset, out);
}

/* --- ASN.1 --- */

static guint two(const char *at)
{
  return (guint)(at[0] - '0') * 10 + (guint)(at[1] - '0');
}

/* The digits after the year, month to second, of which the last or the last two pairs may be missing; then
 * the zone. */
static bool parse_rest(const char *at, gsize number, struct civil *civil, const char *zone,
                       struct mail_time *time_r)
{
  guint pairs[5] = {0};
  if (number < 6 || number % 2 || number > 10)
    return false;
  for (gsize i = 0; i < number / 2; i++)
    pairs[i] = two(at + 2 * i);
  civil->month = pairs[0];
  civil->day = pairs[1];
  civil->hour = pairs[2];
  civil->minute = pairs[3];
  civil->second = pairs[4];
  if (*zone == '.' || *zone == ',')
    zone += 1 + strspn(zone + 1, "0123456789");
  gint offset = 0;
  if (*zone == '+' || *zone == '-')
    offset = zone_of(zone);
  else if (*zone && strcmp(zone, "Z") != 0)
    return false;
  return set_time(civil, offset, time_r);
}

static bool copy_text(const void *octets, gsize length, char text[32])
{
  if (length >= 32)
    return false;
  memcpy(text, octets, length);
  text[length] = '\0';
  return true;
}

bool mail_time_parse_utc(const void *octets, gsize length, struct mail_time *time_r)
{
  char text[32];
  if (!copy_text(octets, length, text))
    return false;
  gsize number = strspn(text, "0123456789");
  struct civil civil = {0};
  gsize year;
  /* Seconds may be missing, so the count of digits tells the year's; 14 is a year of four, 13 of three. */
  if (number == 10 || number == 12) {
    year = 2;
    civil.year = year_of_two_digits(two(text));
  } else if (number == 11 || number == 13) {
    year = 3;
    civil.year = 1900 + (text[0] - '0') * 100 + two(text + 1);
  } else if (number == 14) {
    year = 4;
    civil.year = two(text) * 100 + two(text + 2);
  } else {
    return false;
  }
  return parse_rest(text + year, number - year, &civil, text + number, time_r);
}

bool mail_time_parse_generalized(const void *octets, gsize length, struct mail_time *time_r)
{
  char text[32];
  if (!copy_text(octets, length, text))
    return false;
  gsize number = strspn(text, "0123456789");
  if (number < 10)
    return false;
  struct civil civil = {.year = two(text) * 100 + two(text + 2)};
  return parse_rest(text + 4, number - 4, &civil, text + number, time_r);
}

static void append_asn1(const struct mail_time *time, bool century, GString *out)
{
  struct civil civil = civil_of(time);
  if (century)
    g_string_append_printf(out, "%02u", (guint)(civil.year / 100));
  g_string_append_printf(out, "%02u%02u%02u%02u%02u%02u", (guint)(civil.year % 100), civil.month, civil.day,
                         civil.hour, civil.minute, civil.second);
  append_offset(time->offset, out);
}

void mail_time_format_utc(const struct mail_time *time, GString *out)
{
  append_asn1(time, false, out);
}

void mail_time_format_generalized(const struct mail_time *time, GString *out)
{
  append_asn1(time, true, out);
}
