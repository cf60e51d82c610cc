/* octets.h - a string of octets that may be longer than memory should hold.
 *
 * An octets value is an immutable, reference-counted rope of pieces; a piece lies in memory or is an extent
 * of an open file that never changes (a spool file, a memfd).  Bodies travel through guard, mapping and
 * encoder as ropes: they are cut, joined and hashed without being read into memory (DESIGN section 5).
 * Nothing here knows ASN.1.
 *
 * Ownership: every octets_* that returns struct octets * returns a new reference; octets_unref() ends it.  A
 * file piece holds its own duplicate of the descriptor.  Reads use pread(), so the file's offset does not
 * matter.  References may be taken and ended in any thread.
 *
 * Errors: only reading from files can fail (GError of G_FILE_ERROR); a file shorter than its extents is such an
 * error. */
#ifndef GW400_ASN1_OCTETS_H
#define GW400_ASN1_OCTETS_H

#include <glib.h>
#include <stdbool.h>

struct octets;

/* From memory: copied; owned by the bytes; static or otherwise outliving storage. */
struct octets *octets_new(const void *data, gsize length);
struct octets *octets_new_bytes(GBytes *bytes);
/* An extent of a file: the descriptor is duplicated; offset and length in octets. NULL and error when dup()
 * fails or the file is shorter than offset + length. */
struct octets *octets_new_file(int fd, guint64 offset, guint64 length, GError **error);
struct octets *octets_ref(struct octets *octets);
void octets_unref(struct octets *octets);
typedef struct octets octets_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(octets_t, octets_unref)

guint64 octets_length(const struct octets *octets);
/* The part [offset, offset + length), which must lie inside. */
struct octets *octets_slice(struct octets *octets, guint64 offset, guint64 length);
/* The pieces of all parts in order; parts is an array of count references that stay the caller's. */
struct octets *octets_concat(struct octets *const *parts, gsize count);
/* Several parts of one rope, each of which must lie inside, joined in the order given: what concat of slices
 * would be, without the slices (a body in 100,000 segments). */
struct octets_extent {
  guint64 offset;
  guint64 length;
};
struct octets *octets_gather(struct octets *octets, const struct octets_extent *extents, gsize count);

/* Reads length octets from offset into buffer; false and error when they cannot be had. */
bool octets_read(const struct octets *octets, guint64 offset, void *buffer, gsize length, GError **error);
/* The octets themselves when the whole is one piece in memory (valid as long as the rope), else NULL. */
const guint8 *octets_peek_memory(const struct octets *octets);
/* The whole as one block of memory; refuses (G_FILE_ERROR_NOMEM) what is longer than limit octets. */
GBytes *octets_to_bytes(const struct octets *octets, gsize limit, GError **error);
/* Calls sink with consecutive blocks of at most 64 KiB until the end or until it returns false. */
typedef bool (*octets_sink)(const guint8 *block, gsize length, void *user, GError **error);
bool octets_each(const struct octets *octets, octets_sink sink, void *user, GError **error);
/* Writes the whole to fd from its current offset (copy_file_range where it serves). */
bool octets_write_fd(const struct octets *octets, int fd, GError **error);
/* The position of a piece in its file, for tests and for `gw400 decode`: true when the whole is a single file
 * extent. */
bool octets_is_extent(const struct octets *octets, guint64 *offset_r);

#endif
