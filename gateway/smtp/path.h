/* path.h - Reverse-path and Forward-path as they stand in MAIL and RCPT (RFC 5321 4.1.2). */
#ifndef GW400_SMTP_PATH_H
#define GW400_SMTP_PATH_H

#include "smtp/envelope.h"

/* Reads "<...>" at *cursor and leaves *cursor after the ">". A source route is dropped (RFC 5321 C).
 * *address_r is the mailbox in canonical form, "" for "<>", or "postmaster" for "<Postmaster>" in any case;
 * the caller frees it. */
bool smtp_path_read(const char **cursor, char **address_r, GError **error);

#endif
