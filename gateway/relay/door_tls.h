/* door_tls.h - the TLS context of one of our doors (SMTP's STARTTLS, P1 over TLS) from its <tls> element. */
#ifndef GW400_RELAY_DOOR_TLS_H
#define GW400_RELAY_DOOR_TLS_H

#include "config/config.h"
#include "net/net.h"

/* *tls_r is NULL when the element names no certificate. False and error when its files cannot be used. */
bool door_tls(const struct config_tls *files, struct net_tls **tls_r, GError **error);

#endif
