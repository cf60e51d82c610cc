/* fuzz_session_spdu.c - the SPDU decoder: what it takes must encode, and decode again to the same octets. */
#include <stdint.h>
#include <string.h>

#include "osi/session_spdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static GBytes *encode(const struct session_spdu *spdu)
{
  GByteArray *out = g_byte_array_new();
  session_spdu_encode(spdu, out);
  return g_byte_array_free_to_bytes(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size > 60000) /* near their limit, lengths no longer fit when parameters move */
    return 0;
  g_autoptr(GBytes) tsdu = g_bytes_new(data, size);
  gsize offset = 0;
  while (offset < size) {
    struct session_spdu spdu, again;
    g_autoptr(GError) error = NULL;
    bool follows = offset > 0;
    if (!session_spdu_decode(tsdu, &offset, follows, &spdu, &error)) {
      g_assert_nonnull(strstr(error->message, "X.225"));
      break;
    }
    g_autoptr(GBytes) first = encode(&spdu);
    gsize start = 0;
    /* what an SPDU has that its own table does not name is not written again, so only the second time must it
     * agree */
    if (session_spdu_decode(first, &start, follows, &again, NULL)) {
      g_autoptr(GBytes) second = encode(&again);
      g_assert_true(g_bytes_equal(first, second));
      session_spdu_clear(&again);
    }
    session_spdu_clear(&spdu);
  }
  return 0;
}
