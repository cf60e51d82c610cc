/* fuzz_transport.c - the class 0 machine: the first octet chooses the role and what its user does, the rest
 * is the stream, cut into pieces by its own octets. */
#include <stdint.h>

#include "osi/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(struct transport *transport, bool accept)
{
  struct transport_output output;
  bool closed = false;
  while (transport_next(transport, &output)) {
    g_assert_false(closed); /* nothing follows CLOSED */
    closed = output.type == TRANSPORT_CLOSED;
    if (closed)
      g_assert_nonnull(output.detail);
    if (output.type == TRANSPORT_CONNECT && accept)
      transport_accept(transport);
    else if (output.type == TRANSPORT_CONNECT)
      transport_refuse(transport, 3);
    if (output.type == TRANSPORT_TSDU)
      transport_send(transport, output.data);
    transport_output_clear(&output);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  struct transport_options options = {.initiator = data[0] & 1,
                                      .tpdu_size = data[0] & 2 ? 0x07 : 0,
                                      .tsdu_max = 100000,
                                      .timer_ms = data[0] & 8};
  bool accept = !(data[0] & 4);
  struct transport *transport = transport_new(&options);
  transport_connect(transport);
  for (size_t at = 1; at < size;) {
    size_t part = data[at] % 64 + 1;
    part = part < size - at ? part : size - at;
    g_autofree uint8_t *piece = g_memdup2(data + at, part);
    transport_input(transport, piece, part);
    drain(transport, accept);
    at += part;
  }
  transport_timeout(transport);
  transport_lost(transport, "end");
  drain(transport, accept);
  transport_free(transport);
  return 0;
}
