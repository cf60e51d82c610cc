/* tiff_memory.c - contract: tiff_memory.h. */
#include "mapping/tiff_memory.h"

#include <stdio.h>
#include <string.h>

static tmsize_t memory_read(thandle_t handle, void *buffer, tmsize_t length)
{
  struct tiff_memory *memory = handle;
  gsize left = memory->at < memory->octets->len ? memory->octets->len - memory->at : 0;
  gsize count = length < 0 ? 0 : MIN((gsize)length, left);
  if (count)
    memcpy(buffer, memory->octets->data + memory->at, count);
  memory->at += count;
  return (tmsize_t)count;
}

static tmsize_t memory_write(thandle_t handle, void *buffer, tmsize_t length)
{
  struct tiff_memory *memory = handle;
  if (length < 0 || memory->at > TIFF_MEMORY_MAX || (gsize)length > TIFF_MEMORY_MAX - memory->at)
    return -1;
  gsize end = memory->at + (gsize)length, before = memory->octets->len;
  if (end > before) {
    g_byte_array_set_size(memory->octets, (guint)end);
    memset(memory->octets->data + before, 0, end - before);
  }
  if (length)
    memcpy(memory->octets->data + memory->at, buffer, (gsize)length);
  memory->at = end;
  return length;
}

static tmsize_t write_refused(thandle_t handle, void *buffer, tmsize_t length)
{
  (void)handle, (void)buffer, (void)length;
  return -1;
}

/* libtiff hands on offsets as a damaged file has them. */
static toff_t memory_seek(thandle_t handle, toff_t offset, int whence)
{
  struct tiff_memory *memory = handle;
  guint64 from = whence == SEEK_CUR ? memory->at : whence == SEEK_END ? memory->octets->len : 0;
  if (offset > G_MAXINT64 - from)
    return (toff_t)-1;
  memory->at = (gsize)(from + offset);
  return memory->at;
}

static int memory_close(thandle_t handle)
{
  (void)handle;
  return 0;
}

static toff_t memory_size(thandle_t handle)
{
  const struct tiff_memory *memory = handle;
  return memory->octets->len;
}

/* Not 0: libtiff's global handlers, which print, are not asked. */
static int count(TIFF *tif, void *user, const char *module, const char *format, va_list arguments)
{
  (void)tif, (void)module, (void)format, (void)arguments;
  ++*(guint *)user;
  return 1;
}

TIFF *tiff_memory_open(struct tiff_memory *memory, bool writing)
{
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options)
    return NULL;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, TIFF_MEMORY_MAX);
  TIFFOpenOptionsSetErrorHandlerExtR(options, count, &memory->errors);
  TIFFOpenOptionsSetWarningHandlerExtR(options, count, &memory->warnings);
  memory->at = 0;
  TIFF *tif = TIFFClientOpenExt("image/tiff", writing ? "wl" : "rmc", memory, memory_read,
                                writing ? memory_write : write_refused, memory_seek, memory_close,
                                memory_size, NULL, NULL, options);
  TIFFOpenOptionsFree(options);
  return tif;
}
