#include "relay/body.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct body {
  struct store *store;
  GByteArray *memory; /* NULL once a file is in use */
  int fd;
  char *name;
  guint64 size;
};

static bool write_all(int fd, const guint8 *data, gsize length, GError **error)
{
  while (length > 0) {
    ssize_t written = write(fd, data, length);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0) {
      g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "spool file: %s", g_strerror(errno));
      return false;
    }
    data += written;
    length -= (gsize)written;
  }
  return true;
}

struct body *body_new(struct store *store)
{
  struct body *body = g_new0(struct body, 1);
  body->store = store;
  body->memory = g_byte_array_new();
  body->fd = -1;
  return body;
}

bool body_append(struct body *body, const guint8 *data, gsize length, GError **error)
{
  body->size += length;
  if (body->memory && body->size <= STORE_INLINE) {
    g_byte_array_append(body->memory, data, (guint)length);
    return true;
  }
  return body_to_file(body, error) && write_all(body->fd, data, length, error);
}

const char *body_to_file(struct body *body, GError **error)
{
  if (!body->memory)
    return body->name;
  body->fd = store_spool_create(body->store, &body->name, error);
  if (body->fd < 0 || !write_all(body->fd, body->memory->data, body->memory->len, error))
    return NULL;
  g_byte_array_unref(g_steal_pointer(&body->memory));
  return body->name;
}

void body_rest(struct body *body)
{
  if (body->fd >= 0)
    close(body->fd);
  if (body->name)
    store_spool_rest(body->store, body->name);
  g_free(body->name);
  if (body->memory)
    g_byte_array_unref(body->memory);
  g_free(body);
}

struct body *body_reopen(struct store *store, const char *name, guint64 size, GError **error)
{
  int fd = store_spool_append(store, name, size, error);
  if (fd < 0)
    return NULL;
  struct body *body = g_new0(struct body, 1);
  *body = (struct body){.store = store, .fd = fd, .name = g_strdup(name), .size = size};
  return body;
}

guint64 body_size(const struct body *body)
{
  return body->size;
}

void body_finish(struct body *body, struct store_message *message)
{
  message->size = body->size;
  if (body->memory)
    message->body = g_byte_array_free_to_bytes(g_steal_pointer(&body->memory));
  else
    message->spool = g_steal_pointer(&body->name);
  if (body->fd >= 0)
    close(body->fd);
  g_free(body->name);
  g_free(body);
}

void body_discard(struct body *body)
{
  if (!body)
    return;
  if (body->fd >= 0)
    close(body->fd);
  if (body->name)
    store_spool_discard(body->store, body->name);
  if (body->memory)
    g_byte_array_unref(body->memory);
  g_free(body->name);
  g_free(body);
}

static int memory_file(GError **error)
{
  int fd = memfd_create("gw400", MFD_CLOEXEC);
  if (fd < 0)
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "memfd_create: %s", g_strerror(errno));
  return fd;
}

int body_open(struct store *store, const struct store_message *message, GError **error)
{
  if (message->spool)
    return store_spool_open(store, message->spool, error);
  gsize length = 0;
  const guint8 *data = message->body ? g_bytes_get_data(message->body, &length) : NULL;
  int fd = memory_file(error);
  if (fd >= 0 && !write_all(fd, data, length, error)) {
    close(fd);
    return -1;
  }
  return fd;
}

int body_output(const char *spool_path, guint64 input_size, GError **error)
{
  if (input_size <= STORE_INLINE)
    return memory_file(error);
  int fd = open(spool_path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", spool_path, g_strerror(errno));
  return fd;
}
