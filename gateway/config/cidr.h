/* cidr.h - networks in CIDR notation, IPv4 and IPv6. */
#ifndef GW400_CONFIG_CIDR_H
#define GW400_CONFIG_CIDR_H

#include <glib.h>
#include <stdbool.h>

/* NULL when text is "192.0.2.0/24", "2001:db8::/32" or a single address; else what was expected. */
char *cidr_check(const char *text);
/* An IPv4 address mapped into IPv6 counts as the IPv4 address. */
bool cidr_contains(const char *cidr, const char *address);

#endif
