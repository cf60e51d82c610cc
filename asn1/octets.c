/* octets.c - ropes of memory pieces and file extents (contract: octets.h). */
#include "asn1/octets.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

/* Where octets lie: a file, a GBytes, or the memory behind the struct itself. */
struct backing {
  gint references;
  int fd; /* -1: memory */
  GBytes *bytes;
  const guint8 *memory;
  guint8 own[];
};

/* A piece ends where the next one starts (or the rope ends). */
struct piece {
  guint64 start; /* in the rope */
  guint64 at;    /* in the backing */
  struct backing *backing;
};

struct octets {
  gint references;
  guint64 length;
  gsize count;
  struct piece pieces[];
};

static struct backing *backing_ref(struct backing *backing)
{
  g_atomic_int_inc(&backing->references);
  return backing;
}

static void backing_unref(struct backing *backing)
{
  if (!g_atomic_int_dec_and_test(&backing->references))
    return;
  if (backing->fd >= 0)
    close(backing->fd);
  if (backing->bytes)
    g_bytes_unref(backing->bytes);
  g_free(backing);
}

static struct octets *rope_new(gsize count)
{
  struct octets *octets = g_malloc(sizeof *octets + count * sizeof(struct piece));
  octets->references = 1;
  octets->length = 0;
  octets->count = 0;
  return octets;
}

/* Takes over the caller's reference to backing. */
static struct octets *rope_of_one(struct backing *backing, guint64 at, guint64 length)
{
  struct octets *octets = rope_new(length ? 1 : 0);
  if (length) {
    octets->pieces[0] = (struct piece){.start = 0, .at = at, .backing = backing};
    octets->count = 1;
    octets->length = length;
  } else
    backing_unref(backing);
  return octets;
}

struct octets *octets_new(const void *data, gsize length)
{
  struct backing *backing = g_malloc(sizeof *backing + length);
  *backing = (struct backing){.references = 1, .fd = -1, .memory = backing->own};
  if (length)
    memcpy(backing->own, data, length);
  return rope_of_one(backing, 0, length);
}

struct octets *octets_new_bytes(GBytes *bytes)
{
  struct backing *backing = g_malloc(sizeof *backing);
  *backing = (struct backing){.references = 1, .fd = -1, .bytes = g_bytes_ref(bytes)};
  gsize length = 0;
  backing->memory = g_bytes_get_data(bytes, &length);
  return rope_of_one(backing, 0, length);
}

static bool file_error(GError **error, int number, const char *what)
{
  g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(number), "%s: %s", what, g_strerror(number));
  return false;
}

struct octets *octets_new_file(int fd, guint64 offset, guint64 length, GError **error)
{
  struct stat status;
  if (fstat(fd, &status) < 0) {
    file_error(error, errno, "cannot ask for the file's length");
    return NULL;
  }
  if (offset > (guint64)status.st_size || length > (guint64)status.st_size - offset) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "the file has %" G_GUINT64_FORMAT " octets, wanted are %" G_GUINT64_FORMAT
                " from offset %" G_GUINT64_FORMAT,
                (guint64)status.st_size, length, offset);
    return NULL;
  }
  int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) {
    file_error(error, errno, "cannot duplicate the file's descriptor");
    return NULL;
  }
  struct backing *backing = g_malloc(sizeof *backing);
  *backing = (struct backing){.references = 1, .fd = own};
  return rope_of_one(backing, offset, length);
}

struct octets *octets_ref(struct octets *octets)
{
  g_atomic_int_inc(&octets->references);
  return octets;
}

void octets_unref(struct octets *octets)
{
  if (!octets || !g_atomic_int_dec_and_test(&octets->references))
    return;
  for (gsize i = 0; i < octets->count; i++)
    backing_unref(octets->pieces[i].backing);
  g_free(octets);
}

guint64 octets_length(const struct octets *octets)
{
  return octets->length;
}

static guint64 piece_length(const struct octets *octets, gsize i)
{
  return (i + 1 < octets->count ? octets->pieces[i + 1].start : octets->length) - octets->pieces[i].start;
}

/* The piece that holds offset, which must lie inside. */
static gsize piece_at(const struct octets *octets, guint64 offset)
{
  gsize low = 0, high = octets->count;
  while (high - low > 1) {
    gsize middle = low + (high - low) / 2;
    if (octets->pieces[middle].start <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* Adds a piece at the rope's end, joining it to the last where the two are neighbours in one backing. */
static void append(struct octets *rope, struct backing *backing, guint64 at, guint64 length)
{
  if (rope->count) {
    const struct piece *last = &rope->pieces[rope->count - 1];
    if (last->backing == backing && last->at + (rope->length - last->start) == at) {
      rope->length += length;
      return;
    }
  }
  rope->pieces[rope->count++] =
      (struct piece){.start = rope->length, .at = at, .backing = backing_ref(backing)};
  rope->length += length;
}

/* How many pieces of octets the extent touches. */
static gsize pieces_in(const struct octets *octets, guint64 offset, guint64 length)
{
  return length ? piece_at(octets, offset + length - 1) - piece_at(octets, offset) + 1 : 0;
}

static void append_extent(struct octets *rope, const struct octets *octets, guint64 offset, guint64 length)
{
  for (gsize i = length ? piece_at(octets, offset) : 0; length; i++) {
    const struct piece *piece = &octets->pieces[i];
    guint64 skip = offset - piece->start;
    guint64 part = MIN(length, piece_length(octets, i) - skip);
    append(rope, piece->backing, piece->at + skip, part);
    offset += part;
    length -= part;
  }
}

struct octets *octets_gather(struct octets *octets, const struct octets_extent *extents, gsize count)
{
  gsize pieces = 0;
  for (gsize i = 0; i < count; i++) {
    g_return_val_if_fail(
        extents[i].offset <= octets->length && extents[i].length <= octets->length - extents[i].offset, NULL);
    pieces += pieces_in(octets, extents[i].offset, extents[i].length);
  }
  struct octets *rope = rope_new(pieces);
  for (gsize i = 0; i < count; i++)
    append_extent(rope, octets, extents[i].offset, extents[i].length);
  return rope;
}

struct octets *octets_slice(struct octets *octets, guint64 offset, guint64 length)
{
  if (offset == 0 && length == octets->length)
    return octets_ref(octets);
  return octets_gather(octets, &(struct octets_extent){offset, length}, 1);
}

struct octets *octets_concat(struct octets *const *parts, gsize count)
{
  gsize pieces = 0;
  for (gsize i = 0; i < count; i++)
    pieces += parts[i]->count;
  struct octets *rope = rope_new(pieces);
  for (gsize i = 0; i < count; i++)
    append_extent(rope, parts[i], 0, parts[i]->length);
  return rope;
}

static bool read_file(int fd, guint64 at, guint8 *buffer, gsize length, GError **error)
{
  while (length) {
    ssize_t got = pread(fd, buffer, length, (off_t)at);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return file_error(error, errno, "cannot read");
    if (got == 0) {
      g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO,
                  "the file ends at offset %" G_GUINT64_FORMAT ", %" G_GSIZE_FORMAT " octets too early", at,
                  length);
      return false;
    }
    at += (guint64)got;
    buffer += got;
    length -= (gsize)got;
  }
  return true;
}

bool octets_read(const struct octets *octets, guint64 offset, void *buffer, gsize length, GError **error)
{
  if (offset > octets->length || length > octets->length - offset) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "%" G_GSIZE_FORMAT " octets at offset %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, length,
                offset, octets->length);
    return false;
  }
  guint8 *out = buffer;
  for (gsize i = length ? piece_at(octets, offset) : 0; length; i++) {
    const struct piece *piece = &octets->pieces[i];
    guint64 skip = offset - piece->start;
    gsize part = (gsize)MIN((guint64)length, piece_length(octets, i) - skip);
    if (piece->backing->fd < 0)
      memcpy(out, piece->backing->memory + piece->at + skip, part);
    else if (!read_file(piece->backing->fd, piece->at + skip, out, part, error))
      return false;
    out += part;
    offset += part;
    length -= part;
  }
  return true;
}

const guint8 *octets_peek_memory(const struct octets *octets)
{
  if (octets->count != 1 || octets->pieces[0].backing->fd >= 0)
    return NULL;
  return octets->pieces[0].backing->memory + octets->pieces[0].at;
}

GBytes *octets_to_bytes(const struct octets *octets, gsize limit, GError **error)
{
  if (octets->length > limit) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM,
                "%" G_GUINT64_FORMAT " octets are more than the %" G_GSIZE_FORMAT " allowed here",
                octets->length, limit);
    return NULL;
  }
  g_autofree guint8 *memory = g_malloc((gsize)octets->length);
  if (!octets_read(octets, 0, memory, (gsize)octets->length, error))
    return NULL;
  return g_bytes_new_take(g_steal_pointer(&memory), (gsize)octets->length);
}

bool octets_each(const struct octets *octets, octets_sink sink, void *user, GError **error)
{
  g_autofree guint8 *block = NULL;
  for (gsize i = 0; i < octets->count; i++) {
    const struct piece *piece = &octets->pieces[i];
    guint64 length = piece_length(octets, i);
    for (guint64 done = 0; done < length;) {
      gsize part = (gsize)MIN((guint64)BLOCK, length - done);
      const guint8 *data = NULL;
      if (piece->backing->fd < 0)
        data = piece->backing->memory + piece->at + done;
      else {
        if (!block)
          block = g_malloc(BLOCK);
        if (!read_file(piece->backing->fd, piece->at + done, block, part, error))
          return false;
        data = block;
      }
      if (!sink(data, part, user, error))
        return false;
      done += part;
    }
  }
  return true;
}

static bool write_block(const guint8 *block, gsize length, void *user, GError **error)
{
  int fd = *(int *)user;
  while (length) {
    ssize_t put = write(fd, block, length);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return file_error(error, errno, "cannot write");
    block += put;
    length -= (gsize)put;
  }
  return true;
}

/* The kernel copies what it can (regular file to regular file); *done_r tells how far it came. */
static void copy_in_kernel(const struct piece *piece, guint64 length, int fd, guint64 *done_r)
{
  *done_r = 0;
  while (*done_r < length) {
    off_t from = (off_t)(piece->at + *done_r);
    ssize_t put = copy_file_range(piece->backing->fd, &from, fd, NULL, (size_t)(length - *done_r), 0);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return;
    *done_r += (guint64)put;
  }
}

bool octets_write_fd(const struct octets *octets, int fd, GError **error)
{
  if (octets->count > 1 && octets->length <= BLOCK) { /* one write, not one for each piece */
    g_autoptr(GBytes) bytes = octets_to_bytes(octets, BLOCK, error);
    return bytes && write_block(g_bytes_get_data(bytes, NULL), (gsize)octets->length, &fd, error);
  }
  for (gsize i = 0; i < octets->count; i++) {
    const struct piece *piece = &octets->pieces[i];
    guint64 length = piece_length(octets, i), done = 0;
    if (piece->backing->fd >= 0 && length > BLOCK)
      copy_in_kernel(piece, length, fd, &done);
    if (done == length)
      continue;
    struct octets *rest = octets_slice((struct octets *)octets, piece->start + done, length - done);
    bool written = octets_each(rest, write_block, &fd, error);
    octets_unref(rest);
    if (!written)
      return false;
  }
  return true;
}

bool octets_is_extent(const struct octets *octets, guint64 *offset_r)
{
  if (octets->count != 1 || octets->pieces[0].backing->fd < 0)
    return false;
  *offset_r = octets->pieces[0].at;
  return true;
}
