/* wire.h - frames with descriptors over a stream socket, for both ends of the converter's socketpair.
 *
 * A frame is its length in 4 octets (network order) and that many octets; its descriptors come with the first
 * octet. A frame of more than WIRE_INLINE octets does not fit the socket's buffer, and its sender shall not
 * wait: then the length's highest bit is set and the octets lie in a memfd, which is the last of the
 * descriptors. */
#ifndef GW400_CONVERT_WIRE_H
#define GW400_CONVERT_WIRE_H

#include <glib.h>
#include <stdbool.h>

enum { WIRE_INLINE = 64 * 1024 };

/* Sends a frame at once: false and error when the socket does not take all of it (an answer to a process that
 * reads does not come to that). fds: of int. */
bool wire_send(int socket, GBytes *frame, const GArray *fds, GError **error);
/* The same of any length within the stream, waiting as long as it takes; for the converter's answers. */
bool wire_send_waiting(int socket, GBytes *frame, GError **error);

/* A frame being received. */
struct wire_inbox {
  GByteArray *octets; /* with the length in front */
  GArray *fds;        /* of int, owned */
  guint fds_max;
};
void wire_inbox_init(struct wire_inbox *inbox, guint fds_max);
void wire_inbox_clear(struct wire_inbox *inbox);
/* Reads what is there (or waits for it, when the socket blocks). WIRE_FRAME: *frame_r and inbox->fds are
 * whole; take the descriptors before the next call. WIRE_CLOSED: the other side is gone, within a frame or
 * between two. WIRE_BAD: error tells. */
enum wire_status { WIRE_FRAME, WIRE_WAIT, WIRE_CLOSED, WIRE_BAD };
enum wire_status wire_receive(int socket, struct wire_inbox *inbox, GBytes **frame_r, GError **error);

#endif
