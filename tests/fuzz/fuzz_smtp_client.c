/* fuzz_smtp_client.c - a server that says anything to the client machine.
 *
 * The first octets choose the envelope and how the rest is cut; the rest is what the server says. Every
 * recipient has at most one outcome, all have one when the message is done, a good one only after the text
 * was given whole, and nothing comes after the close. Of a probe no text is ever asked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/client.h"

enum { RECIPIENTS_MAX = 4 };

struct relay {
  struct smtp_client *client;
  struct smtp_envelope *envelope;
  uint8_t choice;
  bool settled[RECIPIENTS_MAX];
  guint settled_count, messages, given;
  bool open, text_whole, closed, failed;
};

static void must(bool condition)
{
  if (!condition)
    abort();
}

static void give(struct relay *relay)
{
  static const char *const pieces[] = {"Subject: x\r\n", ".\r\n", "a", "\r\n.b\r", "\n"};
  if (relay->given == G_N_ELEMENTS(pieces)) {
    relay->text_whole = true;
    smtp_client_data_end(relay->client);
    return;
  }
  const char *piece = pieces[relay->given++];
  g_autoptr(GBytes) bytes = g_bytes_new_static(piece, strlen(piece));
  smtp_client_data(relay->client, bytes);
}

static void be_ready(struct relay *relay)
{
  must(!relay->open);
  if (relay->messages++ == 3) {
    smtp_client_quit(relay->client);
    return;
  }
  memset(relay->settled, 0, sizeof relay->settled);
  relay->settled_count = relay->given = 0;
  relay->text_whole = false;
  relay->open = true;
  smtp_client_message(relay->client, relay->envelope, 40, (relay->choice & 4) != 0);
}

static void take(struct relay *relay, const struct smtp_client_event *event)
{
  must(!relay->closed);
  switch (event->type) {
  case SMTP_CLIENT_CLOSE:
    relay->closed = true;
    break;
  case SMTP_CLIENT_START_TLS:
    smtp_client_tls_done(relay->client, (relay->choice & 8) != 0, "no");
    break;
  case SMTP_CLIENT_READY:
    be_ready(relay);
    break;
  case SMTP_CLIENT_WANT_DATA:
    must(!relay->envelope->probe);
    give(relay);
    break;
  case SMTP_CLIENT_RECIPIENT:
    must(relay->open && event->index < relay->envelope->recipients->len && !relay->settled[event->index]);
    must(g_utf8_validate(event->text, -1, NULL));
    must((event->code >= 400 && event->code < 600) || relay->text_whole || relay->envelope->probe);
    relay->settled[event->index] = true;
    relay->settled_count++;
    break;
  case SMTP_CLIENT_DONE:
    must(relay->open && relay->settled_count == relay->envelope->recipients->len);
    relay->open = false;
    break;
  case SMTP_CLIENT_FAILED:
    must(!relay->failed && g_utf8_validate(event->text, -1, NULL));
    relay->failed = true;
    break;
  default:
    break;
  }
}

static void pump(struct relay *relay)
{
  struct smtp_client_event event;
  while (smtp_client_next(relay->client, &event)) {
    take(relay, &event);
    smtp_client_event_clear(&event);
  }
}

static struct smtp_envelope *make_envelope(uint8_t choice)
{
  static const char *const addresses[RECIPIENTS_MAX] = {"a@b", "postmaster", "no address", "\xc3\xb6@d"};
  struct smtp_envelope *envelope = smtp_envelope_new();
  for (guint i = 0; i < 1u + (choice & 3); i++)
    smtp_envelope_add(envelope, addresses[i])->orcpt = g_strdup("utf-8;\xc3\xb6");
  envelope->envid = g_strdup("id");
  envelope->probe = (choice & 128) != 0;
  return envelope;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 2)
    return 0;
  const struct smtp_client_options options = {.hostname = (char *)"gw.example",
                                              .tls = (enum smtp_tls_use)(data[0] >> 4 & 3) % 3,
                                              .line_max = 100,
                                              .reply_lines_max = 12};
  struct relay relay = {.choice = data[0], .envelope = make_envelope(data[0])};
  relay.client = smtp_client_new(&options);
  pump(&relay);
  size_t step = data[1] == 0 ? size : data[1];
  for (size_t at = 2; at < size; at += step) {
    smtp_client_input(relay.client, data + at, MIN(step, size - at));
    pump(&relay);
  }
  if ((data[0] & 64) != 0)
    smtp_client_timeout(relay.client);
  smtp_client_lost(relay.client, "lost");
  pump(&relay);
  smtp_client_free(relay.client);
  smtp_envelope_free(relay.envelope);
  return 0;
}
