/* message_maker.h - MTS-APDUs for the load generator: one template, of which each copy has an MTS identifier
 * of its own. */
#ifndef GW400_CLI_MESSAGE_MAKER_H
#define GW400_CLI_MESSAGE_MAKER_H

#include <glib.h>
#include <stdbool.h>

struct message_maker;
/* From a file with an MTS-APDU (message), bare or in its EXTERNAL. */
struct message_maker *message_maker_from_file(const char *path, GError **error);
/* An interpersonal message with an IA5 text of length octets, from and to O/R addresses in their std-or form.
 * content_type: 22, or 2 as a peer of 1984 wants it; nothing else in it is beyond 1984. */
struct message_maker *message_maker_of_length(gsize length, guint content_type, const char *originator,
                                              const char *recipient, GError **error);
void message_maker_free(struct message_maker *maker);

gsize message_maker_size(const struct message_maker *maker); /* the same for every message */
/* Octets [offset, offset + length) of message number.  The maker must live longer than what it returns. */
GBytes *message_maker_slice(const struct message_maker *maker, guint number, gsize offset, gsize length);

#endif
