/* fuzz_session.c - the session machine with state: the input is a sequence of things that happen.
 *
 * First octet: role, versions, limits.  Then items: an octet below 0x80 is a primitive of the user (service
 * in its low five bits, 0x20 a response, 0x40 accepting; the next octet is tokens, serial or reason); 0x80 a
 * timeout; 0x81 the loss of the transport; any other the length of a TSDU that follows (0x82: two octets of
 * length).  TSDUs that the fuzzer finds are mixed so with requests that make states. */
#include <stdint.h>

#include "osi/session.h"
#include "osi/session_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TIMEOUT = 0x80, LOST = 0x81, LONG_TSDU = 0x82 };

static void drain(struct session *session)
{
  struct session_output output;
  while (session_next(session, &output)) {
    if (output.type == SESSION_INDICATE && output.primitive.service == S_P_ABORT)
      g_assert_nonnull(output.primitive.detail);
    if (output.type == SESSION_SEND)
      g_assert_nonnull(output.data);
    session_output_clear(&output);
  }
  g_assert_nonnull(session_state_name(session));
  g_assert_cmpuint(session_tokens(session) & ~(guint)SESSION_TOKENS_ALL, ==, 0);
}

static void ask(struct session *session, uint8_t number, uint8_t detail)
{
  g_autoptr(GBytes) id = g_bytes_new_static("\x02\x01\x01", 3);
  g_autoptr(GBytes) data =
      g_bytes_new_static("user data, a little of it, to be cut into segments where TSDUs are short", 72);
  struct session_primitive primitive = {.service = (enum session_service)((number & 0x1f) % (S_P_ABORT + 1)),
                                        .kind = number & 0x20 ? S_RESPONSE : S_REQUEST,
                                        .accepted = number & 0x40,
                                        .user_data = detail & 0x80 ? data : NULL,
                                        .activity = id,
                                        .old_activity = id,
                                        .serial = detail,
                                        .tokens = detail,
                                        .tokens_acceptor = detail >> 1,
                                        .reason = detail,
                                        .refuse_reason = detail};
  g_autoptr(GError) error = NULL;
  if (!session_request(session, &primitive, &error))
    g_assert_nonnull(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  struct session_options options = {.initiator = data[0] & 1,
                                    .units = SESSION_HALF_DUPLEX | SESSION_DUPLEX | SESSION_MINOR_SYNC |
                                             SESSION_ACTIVITY | SESSION_EXCEPTIONS,
                                    .version_max = data[0] & 2 ? 1 : 2,
                                    .tsdu_max_send = data[0] & 4 ? 64 : 0,
                                    .tsdu_max_receive = data[0] & 8 ? 200 : 0,
                                    .user_data_max = data[0] & 16 ? 100 : 20000,
                                    .ssdu_max = 20000,
                                    .timer_ms = data[0] & 32 ? 1 : 0};
  struct session *session = session_new(&options);
  size_t at = 1;
  while (at < size) {
    uint8_t item = data[at++];
    if (item < TIMEOUT) {
      ask(session, item, at < size ? data[at] : 0);
      at++;
    } else if (item == TIMEOUT) {
      session_timeout(session);
    } else if (item == LOST) {
      session_transport_lost(session);
    } else {
      size_t length = item - LONG_TSDU;
      if (item == LONG_TSDU && size - at >= 2) {
        length = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
      }
      length = length < size - at ? length : size - at;
      g_autoptr(GBytes) tsdu = g_bytes_new(data + at, length);
      session_tsdu(session, tsdu);
      at += length;
    }
    drain(session);
    at = at < size ? at : size;
  }
  session_free(session);
  return 0;
}
