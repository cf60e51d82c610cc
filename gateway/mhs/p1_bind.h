/* p1_bind.h - MTA-bind (X.411 12.1.1): argument, result and error as RTSE user data of normal mode. */
#ifndef GW400_MHS_P1_BIND_H
#define GW400_MHS_P1_BIND_H

#include "mhs/p1.h"

/* Octets that are overwritten when the last reference goes. */
GBytes *p1_secret_new(const void *data, gsize length);

/* [16] the argument, [17] the result.  Credentials without a name make an unauthenticated one. */
GBytes *p1_bind_write_argument(const struct p1_credentials *credentials, enum p1_password_form form,
                               GError **error);
GBytes *p1_bind_write_result(const struct p1_credentials *credentials, enum p1_password_form form,
                             GError **error);
/* [18] */
GBytes *p1_bind_write_error(enum p1_bind_error bind_error, GError **error);

/* Either form of password is taken; strong credentials are an error (of G_IO_ERROR_NOT_SUPPORTED).  NULL
 * data, and what is no such PDU, is an error of G_IO_ERROR_INVALID_DATA. */
bool p1_bind_read_argument(GBytes *data, struct p1_credentials *credentials_r, GError **error);
bool p1_bind_read_result(GBytes *data, struct p1_credentials *credentials_r, GError **error);
/* False when data is no bind error (RTORJ without user data, or something else in it). */
bool p1_bind_read_error(GBytes *data, enum p1_bind_error *bind_error_r);

#endif
