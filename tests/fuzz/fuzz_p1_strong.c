/* fuzz_p1_strong.c - bind token and certificates as a caller sends them: whatever they are, none is believed,
 * for no authority has signed them. The first two octets are the length of the token. */
#include <stdint.h>
#include <stdlib.h>

#include "relay/p1_strong.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 2)
    return 0;
  size_t length = MIN((size_t)data[0] << 8 | data[1], size - 2);
  struct config_peer peer = {.name = (char *)"sea",
                             .local_mta = (char *)"land-mta",
                             .remote_mta = (char *)"sea-mta",
                             .strong_ca = (char *)"/dev/null"};
  g_autoptr(GBytes) token = g_bytes_new(data + 2, length),
                    certificates = g_bytes_new(data + 2 + length, size - 2 - length);
  struct p1_credentials given = {.authentication = P1_STRONG,
                                 .mta_name = (char *)"sea-mta",
                                 .bind_token = token,
                                 .certificates = certificates};
  struct p1_tokens *tokens = p1_tokens_new();
  g_autofree char *words =
      p1_strong_verify(&peer, &given, G_GINT64_CONSTANT(1795000000) * G_USEC_PER_SEC, tokens);
  if (!words)
    abort();
  p1_tokens_free(tokens);
  return 0;
}
