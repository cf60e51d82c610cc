/* delivery_status_read.c - a message/delivery-status part as mail systems write it: RFC 3464, RFC 6533. */
#include "mapping/delivery_status.h"
#include "mapping/mailbox.h"

#include <string.h>

char *delivery_status_part_text(const struct mime_mail *mail, const struct mime_part *part, gsize most)
{
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  g_autoptr(octets_t) content = mime_part_content(mail, part, spill, NULL);
  g_autoptr(GBytes) bytes = content ? octets_to_bytes(content, most, NULL) : NULL;
  gsize length = 0;
  const char *text = bytes ? g_bytes_get_data(bytes, &length) : NULL;
  return text ? g_strndup(text, length) : NULL;
}

/* --- fields --- */

struct place {
  const char *name;
  char **text;
};

static char **find_place(const struct place *places, gsize count, const char *name)
{
  for (gsize i = 0; i < count; i++)
    if (g_ascii_strcasecmp(name, places[i].name) == 0)
      return places[i].text;
  return NULL;
}

static char **message_place(struct delivery_status *status, const char *name)
{
  const struct place places[] = {{"Original-Envelope-Id", &status->envelope_id},
                                 {"Reporting-MTA", &status->reporting_mta},
                                 {"DSN-Gateway", &status->gateway}};
  return find_place(places, G_N_ELEMENTS(places), name);
}

static char **recipient_place(struct status_recipient *recipient, const char *name)
{
  const struct place places[] = {{"Original-Recipient", &recipient->original},
                                 {"Final-Recipient", &recipient->final},
                                 {"Action", &recipient->action},
                                 {"Status", &recipient->status},
                                 {"Diagnostic-Code", &recipient->diagnostic},
                                 {"Remote-MTA", &recipient->remote}};
  return find_place(places, G_N_ELEMENTS(places), name);
}

/* A block of a recipient's may hold the message's fields too: some mail systems leave the blank line out. */
static void take_field(struct delivery_status *status, struct status_recipient *recipient, const char *line)
{
  const char *colon = strchr(line, ':');
  if (!colon || colon == line)
    return;
  g_autofree char *name = g_strchomp(g_strndup(line, (gsize)(colon - line)));
  const char *body = colon + 1 + strspn(colon + 1, " \t");
  char **place = message_place(status, name);
  if (!place && recipient)
    place = recipient_place(recipient, name);
  bool arrival = g_ascii_strcasecmp(name, "Arrival-Date") == 0;
  if (arrival && !status->has_arrival)
    status->has_arrival = mail_time_parse(body, &status->arrival);
  if (place && !*place)
    *place = g_strdup(body);
  else
    g_ptr_array_add(recipient && !arrival ? recipient->fields : status->fields,
                    g_strdup_printf("%s: %s", name, body));
}

const char *delivery_status_field(const GPtrArray *fields, const char *name)
{
  gsize length = strlen(name);
  for (guint i = 0; i < fields->len; i++) {
    const char *field = fields->pdata[i];
    if (g_ascii_strncasecmp(field, name, length) == 0 && field[length] == ':')
      return field + length + 1 + strspn(field + length + 1, " ");
  }
  return NULL;
}

/* --- what recipients' fields say --- */

/* The first word, without a comment that follows. */
static void keep_word(char *text)
{
  text[strcspn(text, " \t(;")] = '\0';
}

/* "5.1.1" out of "5.1.1 (bad)", "smtp; 550 5.1.1": the first word of three numbers. */
static char *status_of(const char *text)
{
  for (const char *c = text; *c; c++) {
    if ((c != text && (g_ascii_isalnum(c[-1]) || c[-1] == '.')) || !strchr("245", *c) || c[1] != '.')
      continue;
    gsize subject = strspn(c + 2, "0123456789");
    gsize detail = c[2 + subject] == '.' ? strspn(c + 3 + subject, "0123456789") : 0;
    if (subject && subject <= 3 && detail && detail <= 3)
      return g_strndup(c, 3 + subject + detail);
  }
  return NULL;
}

static void understand(struct status_recipient *recipient)
{
  char *status = recipient->status ? status_of(recipient->status) : NULL;
  if (!status && recipient->diagnostic)
    status = status_of(recipient->diagnostic);
  g_free(recipient->status);
  recipient->status = status;
  if (recipient->action) {
    keep_word(recipient->action);
    for (char *c = recipient->action; *c; c++)
      *c = g_ascii_tolower(*c);
    if (strcmp(recipient->action, "failure") == 0) { /* the examples of RFC 2156 5.3.8.4 */
      g_free(recipient->action);
      recipient->action = g_strdup("failed");
    }
  } else if (status && *status == '5') {
    recipient->action = g_strdup("failed"); /* that alone is certain without an action */
  }
  if (!recipient->final && recipient->original)
    recipient->final = g_strdup(recipient->original);
}

/* --- blocks --- */

static bool names_recipient(const GPtrArray *block)
{
  return delivery_status_field(block, "Final-Recipient") ||
         delivery_status_field(block, "Original-Recipient");
}

static void take_block(struct delivery_status *status, const GPtrArray *block, bool first)
{
  if (block->len == 0)
    return;
  struct status_recipient *recipient = first && !names_recipient(block) ? NULL : delivery_status_add(status);
  for (guint i = 0; i < block->len; i++)
    take_field(status, recipient, block->pdata[i]);
  if (recipient)
    understand(recipient);
  if (recipient && (!recipient->final || !recipient->action || !*recipient->action))
    g_ptr_array_remove_index(status->recipients, status->recipients->len - 1);
}

/* Lines with their continuations joined; an empty line ends a block. The first block is the message's, the
 * others recipients'. */
struct delivery_status *delivery_status_parse(const char *text)
{
  g_autoptr(delivery_status_t) status = delivery_status_new();
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(GPtrArray) block = g_ptr_array_new_with_free_func(g_free);
  bool first = true;
  for (guint i = 0; lines[i]; i++) {
    g_autoptr(GString) line = g_string_new(g_strchomp(lines[i]));
    while (line->len > 0 && lines[i + 1] && (lines[i + 1][0] == ' ' || lines[i + 1][0] == '\t') &&
           lines[i + 1][strspn(lines[i + 1], " \t\r")])
      g_string_append_printf(line, " %s", g_strstrip(lines[++i]));
    if (line->len > 0) {
      g_ptr_array_add(block, g_string_free(g_steal_pointer(&line), FALSE));
    } else if (block->len > 0) {
      take_block(status, block, first);
      g_ptr_array_set_size(block, 0);
      first = false;
    }
  }
  take_block(status, block, first);
  return status->recipients->len > 0 ? g_steal_pointer(&status) : NULL;
}

/* --- addresses --- */

/* RFC 6533 3: utf-8-addr-xtext and utf-8-addr-unitext, "\x{E4}" for what is not ASCII or has a meaning. */
static char *decode_unitext(const char *text)
{
  GString *out = g_string_new(NULL);
  for (const char *c = text; *c; c++) {
    char *end = NULL;
    guint64 code = g_str_has_prefix(c, "\\x{") ? g_ascii_strtoull(c + 3, &end, 16) : 0;
    if (end && *end == '}' && end > c + 3 && code && code <= 0x10ffff && g_unichar_validate((gunichar)code)) {
      g_string_append_unichar(out, (gunichar)code);
      c = end;
    } else {
      g_string_append_c(out, *c);
    }
  }
  return g_string_free(out, FALSE);
}

char *delivery_status_xtext(const char *text)
{
  GString *out = g_string_new(NULL);
  for (const char *c = text; *c; c++) {
    if (*c == '+' && g_ascii_isxdigit(c[1]) && g_ascii_isxdigit(c[2])) {
      g_string_append_c(out, (char)(g_ascii_xdigit_value(c[1]) << 4 | g_ascii_xdigit_value(c[2])));
      c += 2;
    } else {
      g_string_append_c(out, *c);
    }
  }
  return g_string_free(out, FALSE);
}

/* The end of an addr-spec: behind its brackets, or before space or comment outside quotes. */
static char *mailbox_in(const char *text)
{
  const char *open = *text == '<' ? text : NULL;
  const char *start = open ? text + 1 : text;
  bool quoted = false;
  const char *c = start;
  for (; *c; c++) {
    if (*c == '\\' && quoted && c[1])
      c++;
    else if (*c == '"')
      quoted = !quoted;
    else if (!quoted && (open ? *c == '>' : strchr(" \t(", *c) != NULL))
      break;
  }
  return g_strndup(start, (gsize)(c - start));
}

char *delivery_status_address(const char *typed, char **type_r)
{
  *type_r = NULL;
  if (!typed)
    return NULL;
  gsize length = strspn(typed, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
  const char *semicolon = typed + length + strspn(typed + length, " \t");
  bool has_type = length > 0 && *semicolon == ';';
  g_autofree char *type = has_type ? g_ascii_strdown(typed, (gssize)length) : g_strdup("rfc822");
  g_autofree char *rest = g_strstrip(g_strdup(has_type ? semicolon + 1 : typed));
  char *address;
  if (strcmp(type, "x400") == 0) {
    address = strchr(rest, '=') ? g_strdup(rest) : delivery_status_xtext(rest);
    char *end = strstr(address, "/ ("); /* a directory name follows as a comment (RFC 2156 5.3.8.1) */
    if (!end && *address == '/')
      end = strrchr(address, '/');
    if (end)
      end[1] = '\0';
  } else if (strcmp(type, "utf-8") == 0) {
    g_autofree char *mailbox = mailbox_in(rest);
    address = decode_unitext(mailbox);
  } else {
    address = mailbox_in(rest);
  }
  if (!*address || (!has_type && !strchr(address, '@')))
    g_clear_pointer(&address, g_free);
  if (address)
    *type_r = g_steal_pointer(&type);
  return address;
}

/* Quotes around a local part say nothing; nor does case, which nobody keeps. */
static bool same_mailbox(const char *a, const char *b)
{
  g_autoptr(mailbox_t) x = mailbox_parse(a, NULL);
  g_autoptr(mailbox_t) y = mailbox_parse(b, NULL);
  return x && y ? !g_ascii_strcasecmp(x->local, y->local) && !g_ascii_strcasecmp(x->domain, y->domain)
                : !g_ascii_strcasecmp(a, b);
}

bool delivery_status_names(const char *typed, const char *mailbox)
{
  g_autofree char *type = NULL;
  g_autofree char *address = delivery_status_address(typed, &type);
  if (!address || !mailbox)
    return false;
  g_autofree char *decoded = delivery_status_xtext(address);
  return same_mailbox(address, mailbox) || same_mailbox(decoded, mailbox);
}
