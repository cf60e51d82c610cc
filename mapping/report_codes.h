/* report_codes.h - the two code tables of reports (RFC 2156 5.3.8.2 and 5.1.8.4), and plain words for X.411's
 * codes. */
#ifndef GW400_MAPPING_REPORT_CODES_H
#define GW400_MAPPING_REPORT_CODES_H

#include <glib.h>

#define REPORT_NO_DIAGNOSTIC (-1)

/* X.400 reason and diagnostic (REPORT_NO_DIAGNOSTIC: none) to RFC 3463's status. Static. */
const char *report_status(gint reason, gint diagnostic);
/* The way back: "5.1.1" to reason and diagnostic; an unknown detail is taken as X.n.0, an unknown subject as
 * X.0.0. */
void report_reason(const char *status, gint *reason_r, gint *diagnostic_r);
/* What RFC 3463 means by the status, for people: "mailbox full". By the same row. Static. */
const char *report_status_words(const char *status);
/* Names as X.411 8.3.1.2.1.10 and .11 name them: "unable-to-transfer", "unrecognised-OR-name"; "unknown"
 * else. Static. */
const char *report_reason_words(gint reason);
const char *report_diagnostic_words(gint diagnostic);
/* What the two tell people: the diagnostic's words, or the reason's when there is none (or an unknown one).
 * Static. */
const char *report_plain_words(gint reason, gint diagnostic);

#endif
