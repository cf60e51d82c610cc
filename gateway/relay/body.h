/* body.h - octets of a message on their way in (memory, then a spool file) and out (a descriptor for
 * converters and peers). */
#ifndef GW400_RELAY_BODY_H
#define GW400_RELAY_BODY_H

#include "store/store.h"

/* Collects what a protocol receives: up to STORE_INLINE octets in memory, from there on in a spool file. */
struct body;
struct body *body_new(struct store *store);
/* False and error when the disk refuses; the body can then only be discarded. */
bool body_append(struct body *body, const guint8 *data, gsize length, GError **error);
guint64 body_size(const struct body *body);
/* Moves what is in memory into a spool file; its name then. NULL and error. */
const char *body_to_file(struct body *body, GError **error);
/* Ends without its file, which a row of the store names: the transfer may go on later, or is given up. */
void body_rest(struct body *body);
/* Goes on in such a file from size on; what lies behind is cut off. NULL and error when it is not there any
 * more. */
struct body *body_reopen(struct store *store, const char *name, guint64 size, GError **error);
/* Hands its octets over to a message that is about to be committed, and ends. */
void body_finish(struct body *body, struct store_message *message);
/* Forgets them, and ends. NULL is allowed. */
void body_discard(struct body *body);

/* A read-only descriptor on the octets of a stored message: a sealed memfd, or its spool file. -1 and error.
 */
int body_open(struct store *store, const struct store_message *message, GError **error);
/* An empty file for a converter's output: memory for small input, an unlinked file beside the spool for
 * large. -1 and error. */
int body_output(const char *spool_path, guint64 input_size, GError **error);

#endif
