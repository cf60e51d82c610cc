/* secret.c - see secret.h. */
#include "osi/secret.h"

#include <string.h>

struct secret {
  gsize length;
  guint8 *octets;
};

static void secret_free(gpointer data)
{
  struct secret *secret = data;
  if (secret->length > 0)
    explicit_bzero(secret->octets, secret->length);
  g_free(secret->octets);
  g_free(secret);
}

static GBytes *secret_take(guint8 *octets, gsize length)
{
  struct secret *secret = g_new(struct secret, 1);
  *secret = (struct secret){length, octets};
  return g_bytes_new_with_free_func(octets, length, secret_free, secret);
}

GBytes *osi_secret_new(const void *data, gsize length)
{
  return secret_take(g_memdup2(data, length), length);
}

GBytes *osi_secret_bytes(GBytes *bytes)
{
  if (bytes == NULL)
    return NULL;
  gsize length;
  guint8 *octets = g_bytes_unref_to_data(bytes, &length);
  return secret_take(octets, length);
}
