/* fuzz_p1_words.c - the octets of one direction told in words and masked: the first octet says into which
 * pieces they are cut.
 *
 * Masking keeps every length, does not depend on the cuts, and hides each password that our own responder
 * reads from the same octets. */
#include <stdint.h>
#include <string.h>

#include "mhs/p1_mask.h"
#include "mhs/p1_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void said(void *user, enum p1_step step, const char *name, const char *text)
{
  (void)user;
  g_assert_cmpuint(step, <=, P1_STEP_TRANSFER);
  g_assert_nonnull(name);
  g_assert_nonnull(text);
}

static GByteArray *masked(const uint8_t *data, size_t size, size_t piece)
{
  struct p1_mask *mask = p1_mask_new();
  GByteArray *out = g_byte_array_new();
  for (size_t at = 0; at < size; at += piece)
    p1_mask_input(mask, data + at, MIN(piece, size - at), out);
  p1_mask_end(mask, out);
  p1_mask_free(mask);
  return out;
}

static guint occurrences(const guint8 *data, gsize length, GBytes *what)
{
  gsize size;
  const guint8 *wanted = g_bytes_get_data(what, &size);
  guint count = 0;
  for (gsize at = 0; at + size <= length; at++)
    count += memcmp(data + at, wanted, size) == 0;
  return count;
}

/* The password that our responder understands. */
static GBytes *password_of(const uint8_t *data, size_t size)
{
  struct p1_options options = {.tpdu_size = 0,
                               .checkpoint_size = 4,
                               .window = 3,
                               .session_version = 2,
                               .reference = (char *)"fuzz",
                               .reference_time = (char *)"260101000000Z"};
  struct p1_association *association = p1_association_new(&options);
  struct p1_event event;
  GBytes *password = NULL;
  p1_association_connected(association);
  p1_association_input(association, data, size);
  while (p1_association_next(association, &event)) {
    if (event.type == P1_BIND && event.peer.password && !password)
      password = g_bytes_ref(event.peer.password);
    p1_event_clear(&event);
  }
  p1_association_free(association);
  return password;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 2)
    return 0;
  size_t piece = (size_t)data[0] % 64 + 1;
  data++;
  size--;
  struct p1_words *words = p1_words_new(said, NULL);
  p1_words_input(words, data, size / 2);
  if (piece % 3 == 0)
    p1_words_gap(words);
  p1_words_input(words, data + size / 2, size - size / 2);
  p1_words_free(words);
  g_autoptr(GByteArray) whole = masked(data, size, size), pieces = masked(data, size, piece);
  g_assert_cmpuint(whole->len, ==, size);
  g_assert_cmpmem(whole->data, whole->len, pieces->data, pieces->len);
  g_autoptr(GBytes) password = password_of(data, size);
  guint there = password && g_bytes_get_size(password) > 5 ? occurrences(data, size, password) : 0;
  if (there > 0 && *(const char *)g_bytes_get_data(password, NULL) != '*')
    g_assert_cmpuint(occurrences(whole->data, whole->len, password), <, there);
  return 0;
}
