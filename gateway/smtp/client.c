/* client.c - the client machine's frame and session: greeting, EHLO, STARTTLS, QUIT, failures. See client.h.
 *
 * Commands stand in `to_send` and then, as lines on the wire, in `awaited`, whose head is what the next reply
 * is for. */
#include <string.h>

#include "smtp/client_machine.h"

static void set_default(guint *value, guint standard)
{
  if (*value == 0)
    *value = standard;
}

static void command_free(gpointer data)
{
  struct smtp_client_command *command = data;
  g_free(command->line);
  g_free(command);
}

struct smtp_client *smtp_client_new(const struct smtp_client_options *options)
{
  struct smtp_client *client = g_new0(struct smtp_client, 1);
  client->options = *options;
  client->options.hostname = g_strdup(options->hostname);
  set_default(&client->options.line_max, 2048);
  set_default(&client->options.reply_lines_max, 100);
  set_default(&client->options.greeting_ms, 5 * 60 * 1000);
  set_default(&client->options.command_ms, 5 * 60 * 1000);
  set_default(&client->options.data_ms, 3 * 60 * 1000);
  set_default(&client->options.end_ms, 10 * 60 * 1000);
  smtp_reply_reader_init(&client->reader, client->options.line_max, client->options.reply_lines_max);
  client->to_send = g_queue_new();
  client->awaited = g_queue_new();
  client->events = g_queue_new();
  client->out = g_string_new(NULL);
  client->timer_due = true;
  smtp_client_queue(client, SMTP_STEP_GREETING, 0, NULL);
  smtp_client_pump(client);
  return client;
}

void smtp_client_event_clear(struct smtp_client_event *event)
{
  g_clear_pointer(&event->data, g_bytes_unref);
  g_clear_pointer(&event->text, g_free);
}

static void event_free(gpointer data)
{
  smtp_client_event_clear(data);
  g_free(data);
}

void smtp_client_free(struct smtp_client *client)
{
  if (client == NULL)
    return;
  smtp_client_message_clear(client);
  smtp_reply_reader_clear(&client->reader);
  g_queue_free_full(client->to_send, command_free);
  g_queue_free_full(client->awaited, command_free);
  g_queue_free_full(client->events, event_free);
  g_string_free(client->out, TRUE);
  g_free(client->options.hostname);
  g_free(client);
}

/* --- what both parts use -------------------------------------------------------------------------------- */

struct smtp_client_event *smtp_client_emit(struct smtp_client *client, enum smtp_client_event_type type)
{
  struct smtp_client_event *event = g_new0(struct smtp_client_event, 1);
  event->type = type;
  g_queue_push_tail(client->events, event);
  return event;
}

void smtp_client_queue(struct smtp_client *client, enum smtp_step step, guint index, char *line)
{
  struct smtp_client_command *command = g_new0(struct smtp_client_command, 1);
  command->step = step;
  command->index = index;
  command->line = line;
  g_queue_push_tail(client->to_send, command);
}

void smtp_client_pump(struct smtp_client *client)
{
  while (!g_queue_is_empty(client->to_send) &&
         (client->capabilities.pipelining || g_queue_is_empty(client->awaited))) {
    struct smtp_client_command *command = g_queue_pop_head(client->to_send);
    if (command->line != NULL) {
      g_string_append(client->out, command->line);
      g_string_append(client->out, "\r\n");
    }
    g_queue_push_tail(client->awaited, command);
  }
  client->timer_due = true;
}

void smtp_client_send(struct smtp_client *client, GBytes *data)
{
  if (client->out->len > 0) {
    smtp_client_emit(client, SMTP_CLIENT_SEND)->data = g_string_free_to_bytes(client->out);
    client->out = g_string_new(NULL);
  }
  if (g_bytes_get_size(data) > 0)
    smtp_client_emit(client, SMTP_CLIENT_SEND)->data = g_bytes_ref(data);
}

static void end(struct smtp_client *client)
{
  client->ended = true;
  client->ready = false;
  if (!client->lost)
    smtp_client_emit(client, SMTP_CLIENT_CLOSE);
}

void smtp_client_fail(struct smtp_client *client, guint code, const char *enhanced, const char *text)
{
  smtp_client_message_lost(client, text);
  struct smtp_client_event *event = smtp_client_emit(client, SMTP_CLIENT_FAILED);
  event->code = code;
  g_strlcpy(event->enhanced, enhanced, sizeof event->enhanced);
  event->text = g_strdup(text);
  end(client);
}

void smtp_client_become_ready(struct smtp_client *client)
{
  client->ready = true;
  if (client->quitting)
    smtp_client_quit(client);
  else
    smtp_client_emit(client, SMTP_CLIENT_READY);
}

/* --- replies of the session ----------------------------------------------------------------------------- */

static void say_hello(struct smtp_client *client, enum smtp_step step)
{
  smtp_client_queue(client, step, 0,
                    g_strconcat(step == SMTP_STEP_EHLO ? "EHLO " : "HELO ", client->options.hostname, NULL));
}

static void greeting_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
  if (reply->code == 220)
    say_hello(client, SMTP_STEP_EHLO);
  else
    smtp_client_fail(client, reply->code, reply->enhanced, reply->text);
}

static void ehlo_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
  bool must_tls = client->options.tls == SMTP_TLS_REQUIRE && !client->tls;
  if (reply->code == 250) {
    client->capabilities = smtp_capabilities_read(reply->text);
    if (!client->capabilities.pipelining)
      client->capabilities.chunking = false; /* a chunk is sent before the reply to the one before */
    if (client->capabilities.starttls && client->options.tls != SMTP_TLS_NEVER && !client->tls)
      smtp_client_queue(client, SMTP_STEP_STARTTLS, 0, g_strdup("STARTTLS"));
    else if (must_tls)
      smtp_client_fail(client, 0, "4.7.5", "TLS is required here, but the server does not offer STARTTLS");
    else
      smtp_client_become_ready(client);
  } else if (reply->code >= 500 && !must_tls)
    say_hello(client, SMTP_STEP_HELO); /* RFC 5321 3.2 */
  else
    smtp_client_fail(client, reply->code, reply->enhanced, reply->text);
}

static void helo_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
  if (reply->code == 250)
    smtp_client_become_ready(client);
  else
    smtp_client_fail(client, reply->code, reply->enhanced, reply->text);
}

static void starttls_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
  if (reply->code == 220) {
    client->tls_open = true;
    smtp_client_emit(client, SMTP_CLIENT_START_TLS);
  } else if (client->options.tls == SMTP_TLS_REQUIRE)
    smtp_client_fail(client, reply->code, "4.7.5", reply->text);
  else
    smtp_client_become_ready(client);
}

static void take_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
  g_autofree struct smtp_client_command *command = g_queue_pop_head(client->awaited);
  if (command == NULL && client->giving && reply->code >= 400) {
    smtp_client_early_reply(client, reply);
    return;
  }
  if (command == NULL && reply->code < 400)
    smtp_client_fail(client, 0, "4.5.0", "the server replies to what it was not asked");
  else if (command == NULL || (reply->code == 421 && command->step != SMTP_STEP_QUIT)) {
    smtp_client_settle_all(client, reply);
    smtp_client_fail(client, reply->code, reply->enhanced, reply->text);
  } else {
    switch (command->step) {
    case SMTP_STEP_GREETING:
      greeting_reply(client, reply);
      break;
    case SMTP_STEP_EHLO:
      ehlo_reply(client, reply);
      break;
    case SMTP_STEP_HELO:
      helo_reply(client, reply);
      break;
    case SMTP_STEP_STARTTLS:
      starttls_reply(client, reply);
      break;
    case SMTP_STEP_QUIT:
      end(client);
      break;
    default:
      smtp_client_message_reply(client, command, reply);
    }
  }
  if (command != NULL)
    g_free(command->line);
}

/* --- input ---------------------------------------------------------------------------------------------- */

void smtp_client_input(struct smtp_client *client, const guint8 *data, gsize length)
{
  while (length > 0 && !client->ended && !client->lost && !client->tls_open) {
    struct smtp_reply reply = {0};
    const char *words = NULL;
    enum smtp_reply_status status = smtp_reply_read(&client->reader, &data, &length, &reply, &words);
    if (status == SMTP_REPLY_BAD)
      smtp_client_fail(client, 0, "4.5.0", words);
    if (status != SMTP_REPLY_WHOLE)
      break;
    take_reply(client, &reply);
    g_free(reply.text);
    /* RFC 3207 5: what came in clear with the reply could be anybody's. */
    if (client->tls_open && length > 0)
      smtp_client_fail(client, 0, "4.7.5", "the server sent more in clear after its reply to STARTTLS");
    if (!client->ended)
      smtp_client_pump(client);
  }
}

void smtp_client_lost(struct smtp_client *client, const char *why)
{
  if (client->ended)
    return;
  client->lost = true;
  const struct smtp_client_command *awaited = g_queue_peek_head(client->awaited);
  if (awaited != NULL && awaited->step == SMTP_STEP_QUIT)
    end(client);
  else
    smtp_client_fail(client, 0, "4.4.2", why);
}

static const char *waiting_for(const struct smtp_client *client)
{
  const struct smtp_client_command *awaited = g_queue_peek_head(client->awaited);
  if (awaited == NULL)
    return "the message text could not be sent in time";
  switch (awaited->step) {
  case SMTP_STEP_GREETING:
    return "no greeting from the server in time";
  case SMTP_STEP_TEXT:
  case SMTP_STEP_LAST:
    return "no reply to the whole message in time";
  default:
    return "no reply to a command in time";
  }
}

void smtp_client_timeout(struct smtp_client *client)
{
  if (!client->ended && !client->ready)
    smtp_client_fail(client, 0, client->tls_open ? "4.7.5" : "4.4.2",
                     client->tls_open ? "no TLS handshake in time" : waiting_for(client));
}

void smtp_client_tls_done(struct smtp_client *client, bool ok, const char *why)
{
  if (client->ended || !client->tls_open)
    return;
  client->tls_open = false;
  if (!ok) {
    smtp_client_fail(client, 0, "4.7.5", why);
    return;
  }
  client->tls = true;
  client->capabilities = (struct smtp_capabilities){0}; /* RFC 3207 4.2 */
  say_hello(client, SMTP_STEP_EHLO);
  smtp_client_pump(client);
}

void smtp_client_quit(struct smtp_client *client)
{
  client->quitting = true;
  if (client->ended || (!client->ready && client->envelope != NULL))
    return;
  if (!client->ready) {
    end(client);
    return;
  }
  client->ready = false;
  smtp_client_queue(client, SMTP_STEP_QUIT, 0, g_strdup("QUIT"));
  smtp_client_pump(client);
}

/* --- events --------------------------------------------------------------------------------------------- */

static guint timer_ms(const struct smtp_client *client)
{
  const struct smtp_client_command *awaited = g_queue_peek_head(client->awaited);
  enum smtp_step step = awaited != NULL ? awaited->step : SMTP_STEP_CHUNK;
  switch (step) {
  case SMTP_STEP_GREETING:
    return client->options.greeting_ms;
  case SMTP_STEP_TEXT:
  case SMTP_STEP_LAST:
    return client->options.end_ms;
  case SMTP_STEP_DATA:
  case SMTP_STEP_CHUNK:
    return client->options.data_ms;
  default:
    return client->options.command_ms;
  }
}

bool smtp_client_next(struct smtp_client *client, struct smtp_client_event *event_r)
{
  *event_r = (struct smtp_client_event){0};
  const struct smtp_client_event *head = g_queue_peek_head(client->events);
  bool flush = head == NULL || head->type == SMTP_CLIENT_CLOSE || head->type == SMTP_CLIENT_START_TLS;
  if (flush && client->out->len > 0 && !client->lost) {
    event_r->type = SMTP_CLIENT_SEND;
    event_r->data = g_string_free_to_bytes(client->out);
    client->out = g_string_new(NULL);
    return true;
  }
  if (head != NULL) {
    g_autofree struct smtp_client_event *event = g_queue_pop_head(client->events);
    *event_r = *event;
    return true;
  }
  if (client->timer_due && !client->ended && !client->ready) {
    client->timer_due = false;
    event_r->type = SMTP_CLIENT_TIMER;
    event_r->ms = timer_ms(client);
    return true;
  }
  return false;
}
