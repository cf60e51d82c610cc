/* message_check.h - what a sink can say about a message that came: that it decodes down to its body parts,
 * and that their octets are those that were sent. */
#ifndef GW400_CLI_MESSAGE_CHECK_H
#define GW400_CLI_MESSAGE_CHECK_H

#include <glib.h>
#include <stdbool.h>

/* The octets of a body part are its text, the contents of its file, or the octets it was given as; those of a
 * forwarded message are those of its parts. */
struct message_check;
/* expected: a file whose octets one of the body parts of every message must have, or NULL.  same: all
 * messages must have the parts of the first one. */
struct message_check *message_check_new(const char *expected, bool same, GError **error);
void message_check_free(struct message_check *check);

/* Checks a transfer as it came (an MTS-APDU in its EXTERNAL).  Reports and probes only have to decode.  False
 * and why. */
bool message_check_one(struct message_check *check, GBytes *transfer, GError **error);

/* The MTS-APDU inside a transfer; the transfer itself when it is no EXTERNAL. */
GBytes *message_unwrap(GBytes *transfer);

#endif
