/* secret.h - octets that are overwritten when the last reference to them goes: passwords, and the PDUs around
 * them. */
#ifndef GW400_OSI_SECRET_H
#define GW400_OSI_SECRET_H

#include <glib.h>

GBytes *osi_secret_new(const void *data, gsize length);
/* The same octets, taken over: without a copy when nobody else holds them. NULL stays NULL. */
GBytes *osi_secret_bytes(GBytes *bytes);

#endif
