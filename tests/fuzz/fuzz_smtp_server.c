/* fuzz_smtp_server.c - a client that sends anything to the server machine.
 *
 * The first octet says how the rest is cut and whether the relay answers late; the rest is what the client
 * sends. The dialogue runs once whole and once cut: replies and events must be the same, every accepted
 * message must end or be aborted, and nothing may come after the close. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/server.h"

struct relay {
  struct smtp_server *server;
  GString *wire, *events;
  gsize begun_at; /* of events: what an aborted message had handed on depends on how it was cut */
  bool open, closed, tls;
};

static void must(bool condition)
{
  if (!condition)
    abort();
}

static bool refuses(const char *address)
{
  return address[0] == 'n';
}

static void answer(struct relay *relay, enum smtp_server_event_type type)
{
  const struct smtp_envelope *envelope = smtp_server_envelope(relay->server);
  guint count = envelope->recipients->len;
  bool refused = false;
  switch (type) {
  case SMTP_SERVER_START_TLS:
    relay->tls = true;
    smtp_server_tls_done(relay->server, NULL);
    return;
  case SMTP_SERVER_RCPT:
    refused = refuses(((const struct smtp_recipient *)envelope->recipients->pdata[count - 1])->address);
    break;
  case SMTP_SERVER_DATA_BEGIN:
    refused = envelope->sender[0] == 'd';
    relay->open = !refused;
    break;
  case SMTP_SERVER_DATA_END:
    refused = envelope->sender[0] == 'e';
    break;
  default:
    refused = refuses(envelope->sender);
  }
  smtp_server_reply(relay->server, refused ? 550 : 250, NULL, refused ? "no\nno" : "\xc3\xb6");
}

static void note(struct relay *relay, const struct smtp_server_event *event)
{
  const struct smtp_envelope *envelope = event->envelope;
  must(!relay->closed);
  switch (event->type) {
  case SMTP_SERVER_SEND:
    g_string_append_len(relay->wire, g_bytes_get_data(event->data, NULL),
                        (gssize)g_bytes_get_size(event->data));
    return;
  case SMTP_SERVER_TIMER:
    return;
  case SMTP_SERVER_CLOSE:
    relay->closed = true;
    break;
  case SMTP_SERVER_DATA:
    must(relay->open);
    g_string_append_len(relay->events, g_bytes_get_data(event->data, NULL),
                        (gssize)g_bytes_get_size(event->data));
    return;
  case SMTP_SERVER_DATA_BEGIN:
    must(!relay->open && envelope->recipients->len > 0);
    relay->begun_at = relay->events->len;
    break;
  case SMTP_SERVER_DATA_END:
    must(relay->open);
    relay->open = false;
    break;
  case SMTP_SERVER_DATA_ABORT:
    must(relay->open);
    relay->open = false;
    g_string_truncate(relay->events, relay->begun_at);
    break;
  case SMTP_SERVER_MAIL:
    must(g_utf8_validate(envelope->sender, -1, NULL));
    must(envelope->envid == NULL || strpbrk(envelope->envid, "\r\n") == NULL);
    g_string_append(relay->events, envelope->sender);
    break;
  case SMTP_SERVER_RCPT: {
    const struct smtp_recipient *newest = envelope->recipients->pdata[envelope->recipients->len - 1];
    must(g_utf8_validate(newest->address, -1, NULL));
    must(newest->orcpt == NULL ||
         (g_utf8_validate(newest->orcpt, -1, NULL) && strpbrk(newest->orcpt, "\r\n") == NULL));
    must(envelope->smtputf8 || g_str_is_ascii(newest->address));
    g_string_append(relay->events, newest->address);
    break;
  }
  default:
    break;
  }
  g_string_append_printf(relay->events, "[%d]", event->type);
}

static bool is_question(enum smtp_server_event_type type)
{
  return type >= SMTP_SERVER_START_TLS && type != SMTP_SERVER_DATA && type != SMTP_SERVER_DATA_ABORT;
}

static void pump(struct relay *relay, bool late)
{
  struct smtp_server_event event;
  while (smtp_server_next(relay->server, &event)) {
    note(relay, &event);
    enum smtp_server_event_type type = event.type;
    smtp_server_event_clear(&event);
    if (!is_question(type))
      continue;
    must(smtp_server_waiting(relay->server) == (type != SMTP_SERVER_START_TLS));
    if (late)
      while (smtp_server_next(relay->server, &event)) {
        note(relay, &event);
        smtp_server_event_clear(&event);
      }
    answer(relay, type);
  }
}

static void run(struct relay *relay, const uint8_t *data, size_t size, size_t step, bool late)
{
  static const struct smtp_server_options options = {.hostname = (char *)"gw.example",
                                                     .size_max = 500,
                                                     .line_max = 200,
                                                     .text_line_max = 100,
                                                     .recipients_max = 3,
                                                     .starttls = true};
  relay->server = smtp_server_new(&options, "192.0.2.1", false);
  relay->wire = g_string_new(NULL);
  relay->events = g_string_new(NULL);
  smtp_server_start(relay->server, false);
  pump(relay, late);
  for (size_t at = 0; at < size; at += step) {
    smtp_server_input(relay->server, data + at, MIN(step, size - at));
    pump(relay, late);
  }
  bool closed = relay->closed;
  smtp_server_lost(relay->server);
  pump(relay, late);
  must(!relay->open);
  must(closed == relay->closed);
}

static void clear(struct relay *relay)
{
  smtp_server_free(relay->server);
  g_string_free(relay->wire, TRUE);
  g_string_free(relay->events, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  struct relay whole = {0}, cut = {0};
  run(&whole, data + 1, size - 1, size, false);
  run(&cut, data + 1, size - 1, 1 + data[0] % 32, data[0] >= 128);
  if (!whole.tls && !cut.tls) { /* what follows STARTTLS in one piece with it is dropped */
    must(strcmp(whole.wire->str, cut.wire->str) == 0);
    must(whole.events->len == cut.events->len &&
         memcmp(whole.events->str, cut.events->str, whole.events->len) == 0);
  }
  clear(&whole);
  clear(&cut);
  return 0;
}
