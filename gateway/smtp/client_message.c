/* client_message.c - one message at the client: checks against what the server can, MAIL, RCPT, DATA or BDAT,
 * outcomes.
 *
 * With PIPELINING, MAIL, all RCPTs and DATA go out in one group (RFC 2920 3.1); with CHUNKING the text goes
 * in chunks after the replies to RCPT. A recipient is settled once; the message is done when all are settled
 * and no reply is to come. */
#include <string.h>

#include "smtp/client_machine.h"

/* Octets asked of the relay at once, and chunks sent ahead of their replies. */
enum { WANT = 256 << 10, CHUNKS_AHEAD = 8 };
/* Longest values as they stand in the command (RFC 3461 5.4); longer ones are not passed on. */
enum { ENVID_MAX = 100, ORCPT_MAX = 500 };

/* --- outcomes ------------------------------------------------------------------------------------------- */

static void settle(struct smtp_client *client, guint index, const struct smtp_reply *reply)
{
  if (client->recipients[index] == SMTP_RECIPIENT_SETTLED)
    return;
  client->recipients[index] = SMTP_RECIPIENT_SETTLED;
  client->unsettled--;
  struct smtp_client_event *event = smtp_client_emit(client, SMTP_CLIENT_RECIPIENT);
  event->index = index;
  event->code = reply->code;
  g_strlcpy(event->enhanced, reply->enhanced, sizeof event->enhanced);
  event->text = g_strdup(reply->text);
}

void smtp_client_settle_all(struct smtp_client *client, const struct smtp_reply *reply)
{
  for (guint i = 0; client->envelope != NULL && i < client->envelope->recipients->len; i++)
    settle(client, i, reply);
}

/* Our own words in the form of a reply. */
static void settle_all_with(struct smtp_client *client, guint code, const char *enhanced, const char *text)
{
  struct smtp_reply reply = {.code = code, .text = (char *)text};
  g_strlcpy(reply.enhanced, enhanced, sizeof reply.enhanced);
  smtp_client_settle_all(client, &reply);
}

void smtp_client_message_clear(struct smtp_client *client)
{
  g_clear_pointer(&client->envelope, smtp_envelope_free);
  g_clear_pointer(&client->recipients, g_free);
  g_clear_pointer(&client->chunk, g_bytes_unref);
  client->giving = false;
}

static void emit_done(struct smtp_client *client)
{
  smtp_client_emit(client, SMTP_CLIENT_DONE)->dsn = client->capabilities.dsn;
  smtp_client_message_clear(client);
}

/* The end of the message, when nothing of it is to come any more. */
static void finish(struct smtp_client *client)
{
  if (client->ended || client->unsettled > 0 || client->giving || !g_queue_is_empty(client->awaited) ||
      !g_queue_is_empty(client->to_send))
    return;
  emit_done(client);
  smtp_client_become_ready(client);
}

static void drop_unsent(struct smtp_client *client)
{
  struct smtp_client_command *command;
  while ((command = g_queue_pop_head(client->to_send)) != NULL) {
    g_free(command->line);
    g_free(command);
  }
}

static bool text_was_sent(const struct smtp_client *client)
{
  for (const GList *link = client->awaited->head; link != NULL; link = link->next) {
    enum smtp_step step = ((const struct smtp_client_command *)link->data)->step;
    if (step == SMTP_STEP_TEXT || step == SMTP_STEP_LAST)
      return true;
  }
  return false;
}

void smtp_client_message_lost(struct smtp_client *client, const char *why)
{
  if (client->envelope == NULL)
    return;
  if (text_was_sent(client)) {
    g_autofree char *words = g_strdup_printf("the message was sent whole, but its reply was lost: %s", why);
    settle_all_with(client, 0, "4.4.2", words);
  }
  if (client->unsettled == 0)
    emit_done(client);
  else
    smtp_client_message_clear(client);
}

/* --- text ----------------------------------------------------------------------------------------------- */

static void want_data(struct smtp_client *client)
{
  if (client->giving && client->chunks < CHUNKS_AHEAD)
    smtp_client_emit(client, SMTP_CLIENT_WANT_DATA)->want = WANT;
}

static void begin_text(struct smtp_client *client)
{
  client->giving = true;
  client->line_start = true;
  client->after_cr = false;
  client->chunks = 0;
  want_data(client);
}

static void send_chunk(struct smtp_client *client, bool last)
{
  gsize size = client->chunk != NULL ? g_bytes_get_size(client->chunk) : 0;
  smtp_client_queue(client, last ? SMTP_STEP_LAST : SMTP_STEP_CHUNK, 0,
                    g_strdup_printf("BDAT %" G_GSIZE_FORMAT "%s", size, last ? " LAST" : ""));
  smtp_client_pump(client);
  if (client->chunk != NULL)
    smtp_client_send(client, client->chunk);
  g_clear_pointer(&client->chunk, g_bytes_unref);
  client->chunks++;
}

/* Sends text with a dot before each dot at the head of a line (RFC 5321 4.5.2); without one it goes out
 * uncopied. */
static void send_stuffed(struct smtp_client *client, GBytes *data)
{
  gsize length;
  const char *text = g_bytes_get_data(data, &length);
  g_autoptr(GByteArray) stuffed = NULL;
  gsize copied = 0;
  const char *end = text + length;
  for (const char *dot = memchr(text, '.', length); dot != NULL;
       dot = memchr(dot + 1, '.', (gsize)(end - dot - 1))) {
    if (!(dot == text ? client->line_start : dot[-1] == '\n'))
      continue;
    if (stuffed == NULL)
      stuffed = g_byte_array_sized_new((guint)length + 64);
    gsize upto = (gsize)(dot - text);
    g_byte_array_append(stuffed, (const guint8 *)text + copied, (guint)(upto - copied));
    g_byte_array_append(stuffed, (const guint8 *)".", 1);
    copied = upto;
  }
  client->line_start = end[-1] == '\n';
  client->after_cr = end[-1] == '\r';
  if (stuffed == NULL) {
    smtp_client_send(client, data);
    return;
  }
  g_byte_array_append(stuffed, (const guint8 *)text + copied, (guint)(length - copied));
  g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&stuffed));
  smtp_client_send(client, bytes);
}

void smtp_client_data(struct smtp_client *client, GBytes *data)
{
  if (!client->giving || client->ended || g_bytes_get_size(data) == 0)
    return;
  if (!client->capabilities.chunking)
    send_stuffed(client, data);
  else {
    if (client->chunk != NULL)
      send_chunk(client, false);
    client->chunk = g_bytes_ref(data);
  }
  client->timer_due = true;
  want_data(client);
}

void smtp_client_data_end(struct smtp_client *client)
{
  if (!client->giving || client->ended)
    return;
  client->giving = false;
  if (client->capabilities.chunking)
    send_chunk(client, true);
  else {
    const char *line_end = client->line_start ? "" : client->after_cr ? "\n" : "\r\n";
    smtp_client_queue(client, SMTP_STEP_TEXT, 0, g_strconcat(line_end, ".", NULL));
  }
  smtp_client_pump(client);
}

void smtp_client_early_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
  /* Refused in the middle of the text: DATA can only be given up by closing. */
  smtp_client_settle_all(client, reply);
  smtp_client_fail(client, reply->code, reply->enhanced, reply->text);
}

/* --- replies -------------------------------------------------------------------------------------------- */

static void recipients_answered(struct smtp_client *client)
{
  if (client->envelope->probe)
    return; /* RSET follows */
  if (client->accepted == 0)
    drop_unsent(client); /* DATA, if it was not in the group */
  else if (client->capabilities.chunking)
    begin_text(client);
}

static void rcpt_reply(struct smtp_client *client, guint index, const struct smtp_reply *reply)
{
  client->unanswered--;
  client->astray =
      client->astray || (reply->code < 300 && client->recipients[index] == SMTP_RECIPIENT_SETTLED);
  if (client->recipients[index] == SMTP_RECIPIENT_ASKED && reply->code < 300 && !client->envelope->probe) {
    client->recipients[index] = SMTP_RECIPIENT_ACCEPTED;
    client->accepted++;
  } else
    settle(client, index, reply);
  if (client->unanswered == 0)
    recipients_answered(client);
}

static void mail_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
  if (reply->code < 300) {
    client->transaction = true;
    return;
  }
  smtp_client_settle_all(client, reply);
  drop_unsent(client);
}

static void data_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
  if (reply->code != 354)
    smtp_client_settle_all(client, reply);
  else if (client->accepted > 0)
    begin_text(client);
  else if (client->astray) /* an empty message would be delivered */
    smtp_client_fail(client, 0, "4.5.0", "the server takes a message whose sender it refused");
  else /* RFC 2920 3.1: the server began a message that has no recipient */
    smtp_client_queue(client, SMTP_STEP_NOTHING, 0, g_strdup("."));
}

static void chunk_reply(struct smtp_client *client, const struct smtp_reply *reply)
{
  client->chunks--;
  if (reply->code < 300) {
    if (client->chunks == CHUNKS_AHEAD - 1)
      want_data(client);
    return;
  }
  smtp_client_settle_all(client, reply);
  client->giving = false;
  g_clear_pointer(&client->chunk, g_bytes_unref);
}

void smtp_client_message_reply(struct smtp_client *client, const struct smtp_client_command *command,
                               const struct smtp_reply *reply)
{
  bool positive = command->step == SMTP_STEP_DATA ? reply->code == 354 : reply->code < 300;
  if (!positive && reply->code < 400) {
    smtp_client_fail(client, 0, "4.5.0", "the server gave a reply that does not belong to the command");
    return;
  }
  switch (command->step) {
  case SMTP_STEP_RSET:
    if (!positive) {
      smtp_client_fail(client, reply->code, reply->enhanced, reply->text);
      return;
    }
    client->transaction = false;
    break;
  case SMTP_STEP_MAIL:
    mail_reply(client, reply);
    break;
  case SMTP_STEP_RCPT:
    rcpt_reply(client, command->index, reply);
    break;
  case SMTP_STEP_DATA:
    data_reply(client, reply);
    break;
  case SMTP_STEP_CHUNK:
    chunk_reply(client, reply);
    break;
  case SMTP_STEP_TEXT:
  case SMTP_STEP_LAST:
    smtp_client_settle_all(client, reply);
    client->transaction =
        command->step == SMTP_STEP_LAST && !positive; /* RFC 3030 2: a failed BDAT needs RSET */
    break;
  default: /* SMTP_STEP_NOTHING */
    client->transaction = false;
  }
  finish(client);
}

/* --- the message ---------------------------------------------------------------------------------------- */

static bool is_ascii_envelope(const struct smtp_envelope *envelope)
{
  for (guint i = 0; i < envelope->recipients->len; i++)
    if (!g_str_is_ascii(((const struct smtp_recipient *)envelope->recipients->pdata[i])->address))
      return false;
  return g_str_is_ascii(envelope->sender);
}

/* Refuses what the server could not take; true if something is left to send. */
static bool check(struct smtp_client *client, guint64 size, bool has_8bit, bool utf8)
{
  const struct smtp_envelope *envelope = client->envelope;
  const struct smtp_capabilities *can = &client->capabilities;
  g_autoptr(GError) error = NULL;
  if (utf8 && !can->smtputf8)
    settle_all_with(client, 553, "5.6.7", "the next server does not take SMTPUTF8, which this message needs");
  else if (has_8bit && !can->eightbit)
    settle_all_with(client, 554, "5.6.3", "the next server does not take 8-bit text, which this message has");
  else if (can->size_max > 0 && size > can->size_max)
    settle_all_with(client, 552, "5.3.4", "the message is larger than the next server takes");
  else if (envelope->sender[0] != '\0' && !smtp_address_check(envelope->sender, true, &error))
    settle_all_with(client, 553, "5.1.7", error->message);
  for (guint i = 0; i < envelope->recipients->len; i++) {
    const struct smtp_recipient *recipient = envelope->recipients->pdata[i];
    g_autoptr(GError) wrong = NULL;
    if (smtp_address_check(recipient->address, true, &wrong) ||
        g_ascii_strcasecmp(recipient->address, "postmaster") == 0)
      continue;
    settle(client, i, &(struct smtp_reply){.code = 553, .enhanced = "5.1.3", .text = wrong->message});
  }
  return client->unsettled > 0;
}

static char *mail_line(const struct smtp_client *client, guint64 size, bool has_8bit, bool utf8)
{
  const struct smtp_envelope *envelope = client->envelope;
  const struct smtp_capabilities *can = &client->capabilities;
  GString *line = g_string_new(NULL);
  g_string_append_printf(line, "MAIL FROM:<%s>", envelope->sender);
  if (can->size && size > 0)
    g_string_append_printf(line, " SIZE=%" G_GUINT64_FORMAT, size);
  if (can->eightbit && (has_8bit || utf8))
    g_string_append(line, " BODY=8BITMIME");
  if (utf8)
    g_string_append(line, " SMTPUTF8");
  if (can->dsn && envelope->ret != SMTP_RET_DEFAULT)
    g_string_append(line, envelope->ret == SMTP_RET_FULL ? " RET=FULL" : " RET=HDRS");
  if (can->dsn && envelope->envid != NULL) {
    g_autofree char *envid = smtp_xtext_encode(envelope->envid);
    if (strlen(envid) <= ENVID_MAX)
      g_string_append_printf(line, " ENVID=%s", envid);
  }
  return g_string_free(line, FALSE);
}

static void append_notify(GString *line, guint notify)
{
  static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
  const char *separator = " NOTIFY=";
  for (guint bit = 0; bit < G_N_ELEMENTS(words); bit++)
    if ((notify & 1u << bit) != 0) {
      g_string_append_printf(line, "%s%s", separator, words[bit]);
      separator = ",";
    }
}

static char *rcpt_line(const struct smtp_client *client, const struct smtp_recipient *recipient, bool utf8)
{
  GString *line = g_string_new(NULL);
  g_string_append_printf(line, "RCPT TO:<%s>", recipient->address);
  if (client->capabilities.dsn) {
    append_notify(line, recipient->notify);
    if (recipient->orcpt != NULL) {
      g_autofree char *orcpt = smtp_orcpt_encode(recipient->orcpt, utf8);
      if (strlen(orcpt) <= ORCPT_MAX)
        g_string_append_printf(line, " ORCPT=%s", orcpt);
    }
  }
  return g_string_free(line, FALSE);
}

void smtp_client_message(struct smtp_client *client, const struct smtp_envelope *envelope, guint64 size,
                         bool has_8bit)
{
  g_return_if_fail(client->envelope == NULL);
  if (client->ended || !client->ready)
    return;
  client->ready = false;
  client->envelope = smtp_envelope_copy(envelope);
  guint count = envelope->recipients->len;
  client->recipients = g_new0(guint8, count + 1);
  client->unsettled = count;
  client->unanswered = client->accepted = 0;
  client->astray = false;
  bool utf8 = envelope->smtputf8 || !is_ascii_envelope(envelope);
  if (check(client, size, has_8bit, utf8)) {
    if (client->transaction)
      smtp_client_queue(client, SMTP_STEP_RSET, 0, g_strdup("RSET"));
    smtp_client_queue(client, SMTP_STEP_MAIL, 0, mail_line(client, size, has_8bit, utf8));
    for (guint i = 0; i < count; i++)
      if (client->recipients[i] == SMTP_RECIPIENT_ASKED) {
        smtp_client_queue(client, SMTP_STEP_RCPT, i, rcpt_line(client, envelope->recipients->pdata[i], utf8));
        client->unanswered++;
      }
    if (envelope->probe)
      smtp_client_queue(client, SMTP_STEP_RSET, 0, g_strdup("RSET"));
    else if (!client->capabilities.chunking)
      smtp_client_queue(client, SMTP_STEP_DATA, 0, g_strdup("DATA"));
    smtp_client_pump(client);
  }
  finish(client);
}
