/* fuzz_charset.c: any octets in any character set.  The first octet chooses the set. */
#include "asn1/charset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
  if (!condition)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  enum charset charset = (enum charset)(data[0] % (CHARSET_UTF8 + 1));
  data++, size--;

  struct charset_loss loss = {0};
  g_autofree char *whole = charset_to_utf8(charset, data, size, &loss);

  /* The result is UTF-8 (a zero octet of the text may end it early), and pieces make no difference. */
  demand(g_utf8_validate(whole, -1, NULL));
  struct charset_decoder *decoder = charset_decoder_new(charset, NULL, 0);
  g_autoptr(GString) pieces = g_string_new(NULL);
  for (size_t i = 0; i < size; i++)
    charset_decoder_feed(decoder, data + i, 1, false, pieces);
  charset_decoder_feed(decoder, NULL, 0, true, pieces);
  charset_decoder_free(decoder);
  demand(!strcmp(whole, pieces->str));

  /* What was read can be written, and reads the same when nothing was substituted (but for teletex, where an
   * accent may come to stand before a letter). */
  struct charset_loss written = {0};
  g_autoptr(GByteArray) octets = charset_from_utf8(charset, whole, &written);
  g_autofree char *again = charset_to_utf8(charset, octets->data, octets->len, NULL);
  g_autofree char *first = g_utf8_normalize(whole, -1, G_NORMALIZE_NFKC);
  g_autofree char *second = g_utf8_normalize(again, -1, G_NORMALIZE_NFKC);
  demand(g_utf8_validate(again, -1, NULL));
  if (!written.substituted && charset != CHARSET_TELETEX)
    demand(!strcmp(first, second));
  return 0;
}
