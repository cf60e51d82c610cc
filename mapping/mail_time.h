/* mail_time.h - times as RFC 5322, UTCTime and GeneralizedTime write them.  RFC 2156 3.3.5: the zone is kept
 * as given. */
#ifndef GW400_MAPPING_MAIL_TIME_H
#define GW400_MAPPING_MAIL_TIME_H

#include <glib.h>
#include <stdbool.h>

struct mail_time {
  gint64 us;   /* since 1970, UTC */
  gint offset; /* of the zone it was written in: minutes east */
};

/* "Thu, 2 Jan 1997 14:46:03 +0000" and the obsolete forms: no day, no seconds, years of two or three digits,
 * named zones, comments.  False: no such time. */
bool mail_time_parse(const char *text, struct mail_time *time_r);
/* Appends the RFC 5322 form. */
void mail_time_format(const struct mail_time *time, GString *out);

/* UTCTime (X.208 34).  A year of two digits is one of 1980 to 2079; years of three and four digits are
 * accepted too (interop note 16).  Written with seconds and the offset. */
bool mail_time_parse_utc(const void *octets, gsize length, struct mail_time *time_r);
void mail_time_format_utc(const struct mail_time *time, GString *out);

/* GeneralizedTime (X.208 33). */
bool mail_time_parse_generalized(const void *octets, gsize length, struct mail_time *time_r);
void mail_time_format_generalized(const struct mail_time *time, GString *out);

#endif
