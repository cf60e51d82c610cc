/* mime_spill.c - long contents in an anonymous file (contract: mime_in.h).
 *
 * The file is used in regions; each is one rope of which contents are slices, so that many attachments cost
 * few descriptors. */
#include "mapping/mapping.h"
#include "mapping/mime_in.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { IN_MEMORY = 65536, REGION = 16 << 20 };

struct mime_spill {
  int fd;
  guint64 size;          /* of the file */
  struct octets *region; /* the last one */
  guint64 begin, used;   /* of the region: its place in the file, octets taken */
};

struct mime_spill_sink {
  struct mime_spill *spill;
  GByteArray *memory;
  guint64 at_most, length; /* length: octets in the file */
};

struct mime_spill *mime_spill_new(void)
{
  struct mime_spill *spill = g_new0(struct mime_spill, 1);
  spill->fd = -1;
  return spill;
}

void mime_spill_free(struct mime_spill *spill)
{
  if (!spill)
    return;
  if (spill->region)
    octets_unref(spill->region);
  if (spill->fd >= 0)
    close(spill->fd);
  g_free(spill);
}

static bool io_error(const char *what, GError **error)
{
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_IO, "spill file: %s: %s", what, g_strerror(errno));
  return false;
}

/* Makes room for length octets that lie together. */
static bool reserve(struct mime_spill *spill, guint64 length, GError **error)
{
  if (spill->region && octets_length(spill->region) - spill->used >= length)
    return true;
  if (spill->fd < 0)
    spill->fd = memfd_create("gw400-spill", MFD_CLOEXEC);
  if (spill->fd < 0)
    return io_error("memfd_create", error);
  guint64 size = MAX(length, (guint64)REGION);
  if (ftruncate(spill->fd, (off_t)(spill->size + size)) != 0)
    return io_error("ftruncate", error);
  if (spill->region)
    octets_unref(spill->region);
  spill->begin = spill->size;
  spill->used = 0;
  spill->size += size;
  spill->region = octets_new_file(spill->fd, spill->begin, size, error);
  return spill->region != NULL;
}

static bool write_all(struct mime_spill_sink *sink, const guint8 *octets, gsize length, GError **error)
{
  struct mime_spill *spill = sink->spill;
  if (spill->used + sink->length + length > octets_length(spill->region)) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT, "a decoded content is longer than expected");
    return false;
  }
  while (length) {
    ssize_t count = pwrite(spill->fd, octets, length, (off_t)(spill->begin + spill->used + sink->length));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return io_error("write", error);
    octets += count;
    length -= (gsize)count;
    sink->length += (guint64)count;
  }
  return true;
}

struct mime_spill_sink *mime_spill_begin(struct mime_spill *spill, guint64 at_most)
{
  struct mime_spill_sink *sink = g_new0(struct mime_spill_sink, 1);
  sink->spill = spill;
  sink->at_most = at_most;
  sink->memory = g_byte_array_sized_new((guint)MIN(at_most, (guint64)IN_MEMORY));
  return sink;
}

bool mime_spill_add(struct mime_spill_sink *sink, const void *octets, gsize length, GError **error)
{
  if (!sink->length && sink->memory->len + length <= IN_MEMORY) {
    g_byte_array_append(sink->memory, octets, (guint)length);
    return true;
  }
  if (!sink->length && (!reserve(sink->spill, sink->at_most, error) ||
                        !write_all(sink, sink->memory->data, sink->memory->len, error)))
    return false;
  return write_all(sink, octets, length, error);
}

struct octets *mime_spill_end(struct mime_spill_sink *sink, GError **error)
{
  (void)error;
  struct octets *octets;
  if (sink->length) {
    octets = octets_slice(sink->spill->region, sink->spill->used, sink->length);
    sink->spill->used += sink->length;
    g_byte_array_unref(sink->memory);
  } else {
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(sink->memory);
    octets = octets_new_bytes(bytes);
  }
  g_free(sink);
  return octets;
}

void mime_spill_abandon(struct mime_spill_sink *sink)
{
  g_byte_array_unref(sink->memory);
  g_free(sink);
}
