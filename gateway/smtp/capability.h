/* capability.h - the extensions that a server names in its reply to EHLO (RFC 5321 4.1.1.1). */
#ifndef GW400_SMTP_CAPABILITY_H
#define GW400_SMTP_CAPABILITY_H

#include <glib.h>
#include <stdbool.h>

struct smtp_capabilities {
  bool pipelining, size, eightbit, chunking, enhanced, starttls, dsn, smtputf8;
  guint64 size_max; /* 0: no limit told */
};
/* text: the reply's lines after their codes, separated by '\n'; the first is the greeting. */
struct smtp_capabilities smtp_capabilities_read(const char *text);

#endif
