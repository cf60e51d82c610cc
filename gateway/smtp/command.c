/* command.c - the table of SMTP commands: for each verb the states that allow it, its grammar, its handler
 * and its clause.
 *
 * MAIL, RCPT and VRFY are handled in mail.c, DATA and BDAT in server_data.c. */
#include <string.h>

#include "smtp/server_machine.h"

static void ehlo(struct smtp_server *server, char *argument);
static void helo(struct smtp_server *server, char *argument);
static void starttls(struct smtp_server *server, char *argument);
static void rset(struct smtp_server *server, char *argument);
static void noop(struct smtp_server *server, char *argument);
static void quit(struct smtp_server *server, char *argument);
static void not_implemented(struct smtp_server *server, char *argument);

enum argument { NO_ARGUMENT, ANY_ARGUMENT, SOME_ARGUMENT };

enum { GREETED = SMTP_STATE_ANY & ~SMTP_STATE_CONNECTED };

/* EARLY: allowed before TLS where TLS is required (RFC 3207 4). UTF8: its handler looks at non-ASCII itself
 * (RFC 6531 3.4). BDAT is allowed everywhere here, since its octets must be swallowed even where it is
 * refused; it checks for itself. */
enum { EARLY = 1, UTF8 = 2 };
static const struct command {
  const char *verb;
  guint states;
  enum argument argument;
  guint flags;
  void (*handle)(struct smtp_server *server, char *argument);
  const char *grammar, *clause;
} commands[] = {
    {"EHLO", SMTP_STATE_ANY, SOME_ARGUMENT, EARLY, ehlo, "EHLO domain", "RFC 5321 4.1.1.1"},
    {"HELO", SMTP_STATE_ANY, SOME_ARGUMENT, EARLY, helo, "HELO domain", "RFC 5321 4.1.1.1"},
    {"MAIL", SMTP_STATE_READY, SOME_ARGUMENT, UTF8, smtp_server_mail, "MAIL FROM:<address> [parameters]",
     "RFC 5321 4.1.1.2"},
    {"RCPT", SMTP_STATE_MAIL | SMTP_STATE_RCPT, SOME_ARGUMENT, UTF8, smtp_server_rcpt,
     "RCPT TO:<address> [parameters]", "RFC 5321 4.1.1.3"},
    {"DATA", SMTP_STATE_MAIL | SMTP_STATE_RCPT, NO_ARGUMENT, 0, smtp_server_data, "DATA", "RFC 5321 4.1.1.4"},
    {"BDAT", SMTP_STATE_ANY, ANY_ARGUMENT, EARLY, smtp_server_bdat, "BDAT octets [LAST]", "RFC 3030 2"},
    {"RSET", SMTP_STATE_ANY, NO_ARGUMENT, 0, rset, "RSET", "RFC 5321 4.1.1.5"},
    {"NOOP", SMTP_STATE_ANY, ANY_ARGUMENT, EARLY, noop, "NOOP [words]", "RFC 5321 4.1.1.9"},
    {"QUIT", SMTP_STATE_ANY, NO_ARGUMENT, EARLY, quit, "QUIT", "RFC 5321 4.1.1.10"},
    {"VRFY", SMTP_STATE_ANY, SOME_ARGUMENT, UTF8, smtp_server_vrfy, "VRFY address", "RFC 5321 4.1.1.6"},
    {"STARTTLS", GREETED, NO_ARGUMENT, EARLY, starttls, "STARTTLS", "RFC 3207 4"},
    {"EXPN", SMTP_STATE_ANY, ANY_ARGUMENT, 0, not_implemented, "EXPN list", "RFC 5321 4.1.1.7"},
    {"HELP", SMTP_STATE_ANY, ANY_ARGUMENT, 0, not_implemented, "HELP", "RFC 5321 4.1.1.8"},
};

static const struct command *find(const char *verb)
{
  for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
    if (g_ascii_strcasecmp(verb, commands[i].verb) == 0)
      return &commands[i];
  return NULL;
}

static const char *out_of_sequence(enum smtp_server_state state)
{
  switch (state) {
  case SMTP_STATE_CONNECTED:
    return "send EHLO first";
  case SMTP_STATE_READY:
    return "send MAIL first";
  case SMTP_STATE_CHUNKS:
  case SMTP_STATE_FAILED:
    return "a message is under way in chunks, send BDAT or RSET";
  default:
    return "a transaction is open, send RSET to begin another";
  }
}

static bool has_control(const char *line)
{
  for (const char *p = line; *p != '\0'; p++)
    if (g_ascii_iscntrl(*p))
      return true;
  return false;
}

void smtp_server_command(struct smtp_server *server, char *line)
{
  g_strchomp(line);
  char *space = strchr(line, ' ');
  char *argument = space != NULL ? g_strchug(space + 1) : line + strlen(line);
  if (space != NULL)
    *space = '\0';
  const struct command *command = find(line);

  if (has_control(line) || has_control(argument))
    smtp_server_blame(server, 500, "5.5.2", "control character in a command");
  else if (command == NULL)
    smtp_server_blame(server, 500, "5.5.1", "command not known");
  else if ((command->flags & UTF8) == 0 && !g_str_is_ascii(argument))
    smtp_server_blame(server, 500, "5.5.2", "non-ASCII octets in a command");
  else if (server->options.tls_required && !server->tls && (command->flags & EARLY) == 0)
    smtp_server_blame(server, 530, "5.7.0", "send STARTTLS first");
  else if ((command->states & server->state) == 0)
    smtp_server_blame(server, 503, "5.5.1", out_of_sequence(server->state));
  else if ((command->argument == NO_ARGUMENT && *argument != '\0') ||
           (command->argument == SOME_ARGUMENT && *argument == '\0')) {
    g_autofree char *words = g_strdup_printf("syntax: %s (%s)", command->grammar, command->clause);
    smtp_server_blame(server, 501, "5.5.4", words);
  } else
    command->handle(server, argument);
}

/* --- the plain ones ------------------------------------------------------------------------------------- */

/* The name that the client gives itself is only told on (trace), so only what cannot be told is refused. */
static bool greet(struct smtp_server *server, const char *name, bool esmtp)
{
  if (strlen(name) > SMTP_DOMAIN_MAX || strpbrk(name, " ()<>\"\\;,") != NULL) {
    smtp_server_blame(server, 501, "5.5.4", "that is no domain or address literal (RFC 5321 4.1.1.1)");
    return false;
  }
  smtp_server_clear(server, SMTP_STATE_READY);
  g_free(server->helo);
  server->helo = g_strdup(name);
  server->esmtp = esmtp;
  return true;
}

static void helo(struct smtp_server *server, char *argument)
{
  if (greet(server, argument, false))
    smtp_server_say(server, 250, NULL, server->options.hostname);
}

static void ehlo(struct smtp_server *server, char *argument)
{
  if (!greet(server, argument, true))
    return;
  g_autoptr(GString) text = g_string_new(server->options.hostname);
  g_string_append_printf(text, " greets you\nPIPELINING\nSIZE %" G_GUINT64_FORMAT, server->options.size_max);
  g_string_append(text, "\n8BITMIME\nCHUNKING\nENHANCEDSTATUSCODES\nDSN\nSMTPUTF8\nVRFY");
  if (server->options.starttls && !server->tls)
    g_string_append(text, "\nSTARTTLS");
  smtp_server_say(server, 250, NULL, text->str);
}

static void starttls(struct smtp_server *server, char *argument)
{
  (void)argument;
  if (server->tls)
    smtp_server_blame(server, 503, "5.5.1", "TLS is active already");
  else if (!server->options.starttls)
    smtp_server_blame(server, 502, "5.5.1", "TLS is not offered here");
  else {
    smtp_server_abort_data(server);
    smtp_server_say(server, 220, "2.0.0", "ready to start TLS");
    server->reading = SMTP_READ_NOTHING;
    smtp_server_ask(server, SMTP_SERVER_START_TLS);
  }
}

static void rset(struct smtp_server *server, char *argument)
{
  (void)argument;
  smtp_server_clear(server, server->state == SMTP_STATE_CONNECTED ? SMTP_STATE_CONNECTED : SMTP_STATE_READY);
  smtp_server_say(server, 250, "2.0.0", "forgotten");
}

static void noop(struct smtp_server *server, char *argument)
{
  (void)argument;
  smtp_server_say(server, 250, "2.0.0", "ok");
}

static void quit(struct smtp_server *server, char *argument)
{
  (void)argument;
  smtp_server_say(server, 221, "2.0.0", "goodbye");
  smtp_server_end(server);
}

static void not_implemented(struct smtp_server *server, char *argument)
{
  (void)argument;
  smtp_server_say(server, 502, "5.5.1", "command not implemented");
}
