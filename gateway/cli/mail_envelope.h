/* mail_envelope.h - a mail in a file with its SMTP envelope before it, as the client of SMTP would say it:
 *
 *   MAIL FROM:<alice@sea.example> RET=HDRS ENVID=QQ314159
 *   RCPT TO:<bob@land.example> NOTIFY=SUCCESS ORCPT=rfc822;bob@land.example
 *   DATA
 *   From: ...
 *
 * The mail behind DATA stands as it is: without dot stuffing (RFC 5321 4.5.2), without a dot at its end. */
#ifndef GW400_CLI_MAIL_ENVELOPE_H
#define GW400_CLI_MAIL_ENVELOPE_H

#include "smtp/envelope.h"

struct mapping_result;

/* The envelope at the beginning of a file of size octets, and where the mail begins; parameters are taken as
 * the SMTP server takes them.  NULL: there is none, or it is wrong and error is set. */
struct smtp_envelope *mail_envelope_read(int fd, guint64 size, guint64 *mail_r, GError **error);
/* What a WRITE job answered for a mail, as such lines with CRLF, DATA the last; caller frees. */
char *mail_envelope_text(const struct mapping_result *result);

#endif
