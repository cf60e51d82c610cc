/* p1_bind.h - MTA-bind (X.411 12.1.1, X.411-1984 4.4): argument, result and error as RTSE user data.
 *
 * In normal mode each is an alternative of one type, [16], [17] and [18]; in X.410 mode argument and result
 * stand bare, and RTSE's refuse reason is in place of the error.  Those of 1984 are the simple ones of 1988,
 * with the password as IA5String. */
#ifndef GW400_MHS_P1_BIND_H
#define GW400_MHS_P1_BIND_H

#include "mhs/p1.h"

/* form: of the password, in 1988.  NULL and error: no MTA name, or strong credentials in 1984, which has
 * none. */
GBytes *p1_bind_write_argument(enum p1_mode mode, const struct p1_credentials *credentials,
                               enum p1_password_form form, GError **error);
GBytes *p1_bind_write_result(enum p1_mode mode, const struct p1_credentials *credentials,
                             enum p1_password_form form, GError **error);
/* [18], normal mode */
GBytes *p1_bind_write_error(enum p1_bind_error bind_error, GError **error);

/* Either form of password is taken in every mode; protected passwords are an error (of
 * G_IO_ERROR_NOT_SUPPORTED).  NULL data, and what is no such PDU, is an error of G_IO_ERROR_INVALID_DATA. */
bool p1_bind_read_argument(enum p1_mode mode, GBytes *data, struct p1_credentials *credentials_r,
                           GError **error);
bool p1_bind_read_result(enum p1_mode mode, GBytes *data, struct p1_credentials *credentials_r,
                         GError **error);
/* Normal mode.  False when data is no bind error (RTORJ without user data, or something else in it). */
bool p1_bind_read_error(GBytes *data, enum p1_bind_error *bind_error_r);

#endif
