/* server.c - the server machine's frame: input, events, replies, timer, the ends of a session. See server.h.
 *
 * Octets are read as command lines (command.c), message text or chunks (server_data.c), until an event waits
 * for its reply; the rest is held. Replies are gathered in `out` and handed out when the events before them
 * have been taken, so that a pipelined group gets one write (RFC 2920 3.2). */
#include <string.h>

#include "smtp/reply.h"
#include "smtp/server_machine.h"

static void set_default(guint *value, guint standard)
{
  if (*value == 0)
    *value = standard;
}

static void copy_options(struct smtp_server_options *to, const struct smtp_server_options *from)
{
  *to = *from;
  to->hostname = g_strdup(from->hostname);
  if (to->size_max == 0)
    to->size_max = 100 << 20;
  set_default(&to->line_max, 2560);
  set_default(&to->text_line_max, 65536);
  set_default(&to->recipients_max, 1000);
  set_default(&to->messages_max, 1000);
  set_default(&to->errors_max, 20);
  set_default(&to->idle_ms, 5 * 60 * 1000);
  set_default(&to->data_ms, 10 * 60 * 1000);
}

struct smtp_server *smtp_server_new(const struct smtp_server_options *options, const char *client_address,
                                    bool tls)
{
  struct smtp_server *server = g_new0(struct smtp_server, 1);
  copy_options(&server->options, options);
  server->client_address = g_strdup(client_address);
  server->tls = tls;
  server->state = SMTP_STATE_CONNECTED;
  server->reading = SMTP_READ_NOTHING; /* until the greeting */
  server->envelope = smtp_envelope_new();
  server->held = g_byte_array_new();
  server->events = g_queue_new();
  server->out = g_string_new(NULL);
  return server;
}

void smtp_server_event_clear(struct smtp_server_event *event)
{
  g_clear_pointer(&event->data, g_bytes_unref);
  g_clear_pointer(&event->argument, g_free);
}

static void event_free(gpointer data)
{
  smtp_server_event_clear(data);
  g_free(data);
}

void smtp_server_free(struct smtp_server *server)
{
  if (server == NULL)
    return;
  g_free(server->options.hostname);
  g_free(server->client_address);
  g_free(server->tls_name);
  g_free(server->helo);
  g_free(server->refusal.words);
  smtp_envelope_free(server->envelope);
  g_byte_array_unref(server->held);
  g_queue_free_full(server->events, event_free);
  g_string_free(server->out, TRUE);
  g_free(server);
}

/* --- what the parts of the machine use ------------------------------------------------------------------ */

struct smtp_server_event *smtp_server_emit(struct smtp_server *server, enum smtp_server_event_type type)
{
  struct smtp_server_event *event = g_new0(struct smtp_server_event, 1);
  event->type = type;
  g_queue_push_tail(server->events, event);
  return event;
}

struct smtp_server_event *smtp_server_ask(struct smtp_server *server, enum smtp_server_event_type type)
{
  struct smtp_server_event *event = smtp_server_emit(server, type);
  event->envelope = server->envelope;
  server->open = type;
  return event;
}

void smtp_server_say(struct smtp_server *server, guint code, const char *enhanced, const char *text)
{
  if (!server->lost && !server->ended)
    smtp_reply_append(server->out, code, enhanced, text);
}

void smtp_server_end(struct smtp_server *server)
{
  if (server->ended)
    return;
  smtp_server_abort_data(server);
  server->ended = true;
  server->reading = SMTP_READ_NOTHING;
  if (!server->lost)
    smtp_server_emit(server, SMTP_SERVER_CLOSE);
}

void smtp_server_blame(struct smtp_server *server, guint code, const char *enhanced, const char *text)
{
  smtp_server_say(server, code, enhanced, text);
  if (++server->errors < server->options.errors_max)
    return;
  smtp_server_say(server, 421, "4.7.0", "too many errors, closing");
  smtp_server_end(server);
}

void smtp_server_abort_data(struct smtp_server *server)
{
  if (!server->data_open)
    return;
  server->data_open = false;
  smtp_server_emit(server, SMTP_SERVER_DATA_ABORT);
}

void smtp_server_clear(struct smtp_server *server, enum smtp_server_state state)
{
  smtp_server_abort_data(server);
  server->state = state;
  server->recipients_refused = false;
  smtp_envelope_free(server->envelope);
  server->envelope = smtp_envelope_new();
}

/* --- input ---------------------------------------------------------------------------------------------- */

/* An event waits for its reply, or TLS for its handshake: no command is read. */
static bool is_open(const struct smtp_server *server)
{
  return server->open != SMTP_SERVER_SEND;
}

/* The line end at `newline` was found; the line begins at `data`. */
static void take_line(struct smtp_server *server, const guint8 *data, const guint8 *newline)
{
  gsize length = (gsize)(newline - data);
  if (server->skipping_line || length + 1 > server->options.line_max) {
    server->skipping_line = false;
    smtp_server_blame(server, 500, "5.5.2", "command line too long");
  } else if (length == 0 || newline[-1] != '\r')
    smtp_server_blame(server, 500, "5.5.2", "line ends in a bare LF, CRLF is required");
  else if (memchr(data, '\r', length - 1) != NULL)
    smtp_server_blame(server, 500, "5.5.2", "bare CR in a command");
  else if (memchr(data, '\0', length - 1) != NULL)
    smtp_server_blame(server, 500, "5.5.2", "NUL in a command");
  else {
    g_autofree char *line = g_strndup((const char *)data, length - 1);
    smtp_server_command(server, line);
  }
}

/* Returns the octets taken; 0 when the line is not whole yet. */
static gsize read_line(struct smtp_server *server, const guint8 *data, gsize length)
{
  const guint8 *newline = memchr(data, '\n', length);
  if (newline != NULL) {
    take_line(server, data, newline);
    return (gsize)(newline - data) + 1;
  }
  if (length < server->options.line_max && !server->skipping_line)
    return 0;
  server->skipping_line = true;
  return length;
}

static gsize read_some(struct smtp_server *server, const guint8 *data, gsize length)
{
  switch (server->reading) {
  case SMTP_READ_COMMAND:
    return read_line(server, data, length);
  case SMTP_READ_TEXT:
    return smtp_server_text(server, data, length);
  case SMTP_READ_CHUNK:
    return smtp_server_chunk(server, data, length);
  case SMTP_READ_NOTHING:
    break;
  }
  return 0;
}

/* The session may end here: no command is open. */
static bool ends_now(const struct smtp_server *server)
{
  return server->ending && !is_open(server) && server->reading == SMTP_READ_COMMAND;
}

static gsize read_all(struct smtp_server *server, const guint8 *data, gsize length)
{
  gsize used = 0;
  while (!is_open(server) && !ends_now(server) && used < length) {
    gsize took = read_some(server, data + used, length - used);
    if (took == 0)
      break;
    used += took;
  }
  return used;
}

/* Reads on in what is held, after a reply. */
static void resume(struct smtp_server *server)
{
  GByteArray *held = server->held;
  if (held->len > server->held_used)
    server->held_used += read_all(server, held->data + server->held_used, held->len - server->held_used);
  if (server->held_used == held->len) {
    g_byte_array_set_size(held, 0);
    server->held_used = 0;
  }
  if (ends_now(server)) {
    smtp_server_say(server, 421, "4.3.2", "system is shutting down");
    smtp_server_end(server);
  }
  server->timer_due = true;
}

void smtp_server_start(struct smtp_server *server, bool busy)
{
  g_autofree char *greeting =
      g_strdup_printf("%s %s", server->options.hostname, busy ? "is busy, try again later" : "ESMTP gw400");
  smtp_server_say(server, busy ? 421 : 220, busy ? "4.3.2" : NULL, greeting);
  server->reading = SMTP_READ_COMMAND;
  if (busy)
    smtp_server_end(server);
  else
    resume(server);
}

void smtp_server_input(struct smtp_server *server, const guint8 *data, gsize length)
{
  if (server->ended || server->lost || server->open == SMTP_SERVER_START_TLS)
    return;
  gsize used = 0;
  if (server->held->len == 0)
    used = read_all(server, data, length);
  if (used < length) {
    if (server->held_used > 0) {
      g_byte_array_remove_range(server->held, 0, (guint)server->held_used);
      server->held_used = 0;
    }
    g_byte_array_append(server->held, data + used, (guint)(length - used));
  }
  resume(server);
}

void smtp_server_lost(struct smtp_server *server)
{
  server->lost = true;
  smtp_server_end(server);
}

void smtp_server_timeout(struct smtp_server *server)
{
  if (server->ended || smtp_server_waiting(server))
    return;
  if (server->open != SMTP_SERVER_START_TLS) /* in the handshake it would not be read */
    smtp_server_say(server, 421, "4.4.2", "nothing heard for too long, closing");
  smtp_server_end(server);
}

void smtp_server_shutdown(struct smtp_server *server)
{
  server->ending = true;
  if (!server->ended && !is_open(server))
    resume(server);
}

void smtp_server_tls_done(struct smtp_server *server, const char *peer_certificate_name)
{
  g_return_if_fail(server->open == SMTP_SERVER_START_TLS);
  server->open = SMTP_SERVER_SEND;
  server->tls = true;
  g_free(server->tls_name);
  server->tls_name = g_strdup(peer_certificate_name);
  g_clear_pointer(&server->helo, g_free);
  server->esmtp = false;
  smtp_server_clear(server, SMTP_STATE_CONNECTED);
  g_byte_array_set_size(server->held, 0);
  server->held_used = 0;
  server->skipping_line = false;
  server->reading = SMTP_READ_COMMAND;
  resume(server);
}

/* --- replies of the relay ------------------------------------------------------------------------------- */

static void recipient_answered(struct smtp_server *server, bool accepted)
{
  GPtrArray *recipients = server->envelope->recipients;
  if (accepted)
    server->state = SMTP_STATE_RCPT;
  else {
    g_ptr_array_remove_index(recipients, recipients->len - 1);
    server->recipients_refused = true;
  }
}

void smtp_server_reply(struct smtp_server *server, guint code, const char *enhanced, const char *text)
{
  g_return_if_fail(code >= 200 && code <= 599);
  enum smtp_server_event_type open = server->open;
  server->open = SMTP_SERVER_SEND;
  bool accepted = code < 400;
  char standard[] = {(char)('0' + code / 100), '.', '0', '.', '0', '\0'};
  if (enhanced == NULL || enhanced[0] == '\0')
    enhanced = standard;
  switch (open) {
  case SMTP_SERVER_MAIL:
    smtp_server_say(server, code, enhanced, text);
    if (accepted)
      server->state = SMTP_STATE_MAIL;
    else
      smtp_server_clear(server, SMTP_STATE_READY);
    break;
  case SMTP_SERVER_RCPT:
    smtp_server_say(server, code, enhanced, text);
    recipient_answered(server, accepted);
    break;
  case SMTP_SERVER_DATA_BEGIN:
    smtp_server_data_begun(server, code, enhanced, text);
    break;
  case SMTP_SERVER_DATA_END:
    smtp_server_say(server, code, enhanced, text);
    smtp_server_clear(server, SMTP_STATE_READY);
    break;
  case SMTP_SERVER_VRFY:
    smtp_server_say(server, code, enhanced, text);
    break;
  default:
    g_return_if_reached(); /* a second answer */
  }
  if (code == 421 && !server->ended)
    smtp_server_end(server);
  if (!server->ended)
    resume(server);
}

/* --- events --------------------------------------------------------------------------------------------- */

bool smtp_server_next(struct smtp_server *server, struct smtp_server_event *event_r)
{
  *event_r = (struct smtp_server_event){0};
  const struct smtp_server_event *head = g_queue_peek_head(server->events);
  bool flush = head == NULL || head->type == SMTP_SERVER_CLOSE || head->type == SMTP_SERVER_START_TLS;
  if (flush && server->out->len > 0 && !server->lost) {
    event_r->type = SMTP_SERVER_SEND;
    event_r->data = g_string_free_to_bytes(server->out);
    server->out = g_string_new(NULL);
    return true;
  }
  if (head != NULL) {
    g_autofree struct smtp_server_event *event = g_queue_pop_head(server->events);
    *event_r = *event;
    return true;
  }
  if (server->timer_due && !server->ended) {
    server->timer_due = false;
    event_r->type = SMTP_SERVER_TIMER;
    event_r->ms = server->reading == SMTP_READ_COMMAND ? server->options.idle_ms : server->options.data_ms;
    return true;
  }
  return false;
}

bool smtp_server_waiting(const struct smtp_server *server)
{
  return server->open != SMTP_SERVER_SEND && server->open != SMTP_SERVER_START_TLS;
}

const struct smtp_envelope *smtp_server_envelope(const struct smtp_server *server)
{
  return server->envelope;
}
