/* mail.c - MAIL, RCPT and VRFY: paths and parameters become the envelope, and the relay is asked.
 *
 * Parameters: SIZE (RFC 1870), BODY (RFC 6152), RET, ENVID, NOTIFY, ORCPT (RFC 3461 4), SMTPUTF8 (RFC
 * 6531 3.4). Each is a row of a table; what is not in the table is refused with 555 (RFC 5321 4.1.1.11). */
#include <string.h>

#include "smtp/path.h"
#include "smtp/server_machine.h"

/* Longest values as they stand in the command (RFC 3461 5.4). */
enum { ENVID_MAX = 100, ORCPT_MAX = 500, SIZE_DIGITS_MAX = 20 };

/* What a parameter fills, and the reply if it is refused. */
struct request {
  struct smtp_server *server;
  struct smtp_envelope *envelope;
  struct smtp_recipient *recipient;
  guint code;
  const char *enhanced;
  char *words;
};

static bool refuse(struct request *request, guint code, const char *enhanced, const char *words)
{
  request->code = code;
  request->enhanced = enhanced;
  g_free(request->words);
  request->words = g_strdup(words);
  return false;
}

static bool malformed(struct request *request, const char *words)
{
  return refuse(request, 501, "5.5.4", words);
}

/* --- parameters ----------------------------------------------------------------------------------------- */

static bool take_size(struct request *request, const char *value)
{
  if (strspn(value, "0123456789") != strlen(value) || strlen(value) > SIZE_DIGITS_MAX)
    return malformed(request, "SIZE= takes a number of octets");
  request->envelope->size = g_ascii_strtoull(value, NULL, 10); /* the largest number if it overflows */
  if (request->envelope->size > request->server->options.size_max)
    return refuse(request, 552, "5.3.4", "message is larger than this host takes");
  return true;
}

static bool take_body(struct request *request, const char *value)
{
  request->envelope->body_8bit = g_ascii_strcasecmp(value, "8BITMIME") == 0;
  if (!request->envelope->body_8bit && g_ascii_strcasecmp(value, "7BIT") != 0)
    return malformed(request, "BODY= takes 7BIT or 8BITMIME");
  return true;
}

static bool take_ret(struct request *request, const char *value)
{
  if (g_ascii_strcasecmp(value, "FULL") == 0)
    request->envelope->ret = SMTP_RET_FULL;
  else if (g_ascii_strcasecmp(value, "HDRS") == 0)
    request->envelope->ret = SMTP_RET_HDRS;
  else
    return malformed(request, "RET= takes FULL or HDRS");
  return true;
}

static bool take_envid(struct request *request, const char *value)
{
  if (strlen(value) > ENVID_MAX)
    return malformed(request, "ENVID= is longer than 100 characters");
  char *envid = smtp_xtext_decode(value);
  request->envelope->envid = envid;
  for (const char *p = envid; p != NULL && *p != '\0'; p++)
    if (!g_ascii_isprint(*p))
      envid = NULL; /* it would end up in a field of a report */
  return envid != NULL || malformed(request, "ENVID= takes printable ASCII in xtext (RFC 3461 4.4)");
}

static bool take_smtputf8(struct request *request, const char *value)
{
  (void)value;
  request->envelope->smtputf8 = true;
  return true;
}

static bool take_notify(struct request *request, const char *value)
{
  static const struct {
    const char *word;
    guint flag;
  } words[] = {{"NEVER", SMTP_NOTIFY_NEVER},
               {"SUCCESS", SMTP_NOTIFY_SUCCESS},
               {"FAILURE", SMTP_NOTIFY_FAILURE},
               {"DELAY", SMTP_NOTIFY_DELAY}};
  g_auto(GStrv) list = g_strsplit(value, ",", 5);
  guint notify = 0;
  for (gsize i = 0; list[i] != NULL; i++) {
    guint flag = 0;
    for (gsize k = 0; k < G_N_ELEMENTS(words); k++)
      if (g_ascii_strcasecmp(list[i], words[k].word) == 0)
        flag = words[k].flag;
    if (flag == 0 || (notify & flag) != 0)
      return malformed(request, "NOTIFY= takes NEVER, or a list of SUCCESS, FAILURE and DELAY");
    notify |= flag;
  }
  if ((notify & SMTP_NOTIFY_NEVER) != 0 && notify != SMTP_NOTIFY_NEVER)
    return malformed(request, "NOTIFY=NEVER stands alone");
  request->recipient->notify = notify;
  return true;
}

static bool take_orcpt(struct request *request, const char *value)
{
  if (strlen(value) > ORCPT_MAX)
    return malformed(request, "ORCPT= is longer than 500 characters");
  request->recipient->orcpt = smtp_orcpt_decode(value, request->envelope->smtputf8);
  return request->recipient->orcpt != NULL ||
         malformed(request, "ORCPT= takes type;address, printable, in xtext (RFC 3461 4.2)");
}

struct parameter {
  const char *keyword;
  bool valued;
  bool (*take)(struct request *request, const char *value);
};
static const struct parameter mail_parameters[] = {
    {"SIZE", true, take_size},   {"BODY", true, take_body},          {"RET", true, take_ret},
    {"ENVID", true, take_envid}, {"SMTPUTF8", false, take_smtputf8}, {NULL, false, NULL},
};
static const struct parameter rcpt_parameters[] = {
    {"NOTIFY", true, take_notify},
    {"ORCPT", true, take_orcpt},
    {NULL, false, NULL},
};

static bool take_parameter(struct request *request, const struct parameter *table, char *text, guint *seen)
{
  char *value = strchr(text, '=');
  if (value != NULL)
    *value++ = '\0';
  guint row = 0;
  while (table[row].keyword != NULL && g_ascii_strcasecmp(text, table[row].keyword) != 0)
    row++;
  if (table[row].keyword == NULL)
    return refuse(request, 555, "5.5.4", "parameter not known");
  if ((*seen & 1u << row) != 0)
    return malformed(request, "a parameter stands twice");
  *seen |= 1u << row;
  if (table[row].valued != (value != NULL && *value != '\0') || (value != NULL && strchr(value, '=') != NULL))
    return malformed(request,
                     table[row].valued ? "a parameter lacks its value" : "a parameter takes no value");
  return table[row].take(request, value);
}

static bool take_parameters(struct request *request, const struct parameter *table, const char *text)
{
  if (*text == '\0')
    return true;
  if (*text != ' ')
    return malformed(request, "text between the address and its parameters");
  if (!request->server->esmtp)
    return refuse(request, 555, "5.5.4", "parameters need EHLO");
  guint seen = 0;
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  for (gsize i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0' && !take_parameter(request, table, words[i], &seen))
      return false;
  return true;
}

/* --- paths ---------------------------------------------------------------------------------------------- */

/* Reads "FROM:<...>" or "TO:<...>"; *rest_r is what follows. */
static bool take_path(struct request *request, const char *argument, const char *keyword,
                      const char *enhanced, char **address_r, const char **rest_r)
{
  if (g_ascii_strncasecmp(argument, keyword, strlen(keyword)) != 0) {
    g_autofree char *words = g_strdup_printf("%s<address> expected", keyword);
    return malformed(request, words);
  }
  const char *cursor = argument + strlen(keyword);
  while (*cursor == ' ') /* not of the grammar, but many clients write it */
    cursor++;
  g_autoptr(GError) error = NULL;
  if (!smtp_path_read(&cursor, address_r, &error))
    return refuse(request, 501, enhanced, error->message);
  *rest_r = cursor;
  return true;
}

static bool check_utf8(struct request *request, const char *address)
{
  if (request->envelope->smtputf8 || g_str_is_ascii(address))
    return true;
  return refuse(request, 553, "5.6.7", "non-ASCII address without SMTPUTF8");
}

static bool read_mail(struct request *request, const char *argument)
{
  struct smtp_envelope *envelope = request->envelope;
  const char *rest = NULL;
  g_clear_pointer(&envelope->sender, g_free);
  if (!take_path(request, argument, "FROM:", "5.1.7", &envelope->sender, &rest) ||
      !take_parameters(request, mail_parameters, rest) || !check_utf8(request, envelope->sender))
    return false;
  if (envelope->sender[0] != '\0' && smtp_address_domain(envelope->sender) == NULL)
    return refuse(request, 501, "5.1.7", "address without a domain");
  return true;
}

void smtp_server_mail(struct smtp_server *server, char *argument)
{
  if (server->messages >= server->options.messages_max) {
    smtp_server_say(server, 421, "4.7.0", "enough messages on one connection, connect again");
    smtp_server_end(server);
    return;
  }
  struct smtp_envelope *envelope = server->envelope;
  struct request request = {.server = server, .envelope = envelope};
  if (!read_mail(&request, argument)) {
    smtp_server_blame(server, request.code, request.enhanced, request.words);
    smtp_server_clear(server, SMTP_STATE_READY);
    g_free(request.words);
    return;
  }
  envelope->helo = g_strdup(server->helo);
  envelope->client_address = g_strdup(server->client_address);
  envelope->tls_name = g_strdup(server->tls_name);
  envelope->esmtp = server->esmtp;
  envelope->tls = server->tls;
  server->messages++;
  smtp_server_ask(server, SMTP_SERVER_MAIL);
}

static bool read_rcpt(struct request *request, const char *argument)
{
  const char *rest = NULL;
  struct smtp_recipient *recipient = request->recipient;
  if (!take_path(request, argument, "TO:", "5.1.3", &recipient->address, &rest) ||
      !take_parameters(request, rcpt_parameters, rest) || !check_utf8(request, recipient->address))
    return false;
  return recipient->address[0] != '\0' || refuse(request, 501, "5.1.3", "recipient without an address");
}

void smtp_server_rcpt(struct smtp_server *server, char *argument)
{
  GPtrArray *recipients = server->envelope->recipients;
  if (recipients->len >= server->options.recipients_max) {
    smtp_server_say(server, 452, "4.5.3", "enough recipients for one message, send the others in another");
    return;
  }
  struct request request = {.server = server, .envelope = server->envelope};
  request.recipient = smtp_envelope_add(server->envelope, NULL);
  if (read_rcpt(&request, argument)) {
    smtp_server_ask(server, SMTP_SERVER_RCPT);
    return;
  }
  g_ptr_array_remove_index(recipients, recipients->len - 1);
  server->recipients_refused = true;
  smtp_server_blame(server, request.code, request.enhanced, request.words);
  g_free(request.words);
}

/* "VRFY name [SMTPUTF8]" (RFC 6531 3.7.4.2). */
void smtp_server_vrfy(struct smtp_server *server, char *argument)
{
  char *last = strrchr(argument, ' ');
  bool utf8 = last != NULL && g_ascii_strcasecmp(last + 1, "SMTPUTF8") == 0;
  if (utf8)
    *last = '\0';
  if (!utf8 && !g_str_is_ascii(argument))
    smtp_server_blame(server, 553, "5.6.7", "non-ASCII address without SMTPUTF8");
  else if (!g_utf8_validate(argument, -1, NULL))
    smtp_server_blame(server, 501, "5.5.2", "not valid UTF-8");
  else
    smtp_server_ask(server, SMTP_SERVER_VRFY)->argument = g_strdup(argument);
}
