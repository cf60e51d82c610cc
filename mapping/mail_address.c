/* mail_address.c - contract: mail_address.h.
 *
 * A tolerant reader: it collects the words of one address until a delimiter tells what they were.  "Ann Lee
 * <ann@x>", "ann@x (Ann Lee)", "Team: ann@x, bob@x;" and the obsolete route "<@relay:ann@x>" are the forms;
 * spaces around "." and "@" are removed. */
#include "mapping/mail_address.h"
#include "mapping/mime_word.h"

#include <string.h>

void mail_address_free(struct mail_address *address)
{
  if (!address)
    return;
  g_free(address->phrase);
  g_free(address->comment);
  g_free(address->mailbox);
  g_free(address);
}

static void address_free(void *data)
{
  mail_address_free(data);
}

struct reader {
  GHashTable *charsets;
  const char *at;
  GString *phrase; /* words as a display name: unquoted, separated by spaces */
  GString *spec;   /* the same words as an addr-spec: quotes kept, no spaces */
  GString *comment;
  bool spaced; /* a space came before the next word */
};

static void read_comment(struct reader *reader)
{
  const char *begin = reader->at;
  guint depth = 0;
  do {
    if (*reader->at == '\\' && reader->at[1])
      reader->at++;
    else if (*reader->at == '(')
      depth++;
    else if (*reader->at == ')')
      depth--;
    reader->at++;
  } while (depth && *reader->at);
  g_autofree char *raw = g_strndup(begin, (gsize)(reader->at - begin));
  g_autofree char *text = mime_word_decode(reader->charsets, raw);
  if (reader->comment->len)
    g_string_append_c(reader->comment, ' ');
  g_string_append(reader->comment, text);
  if (depth)
    g_string_append_c(reader->comment, ')');
}

static void read_quoted(struct reader *reader)
{
  if (reader->phrase->len && reader->spaced)
    g_string_append_c(reader->phrase, ' ');
  g_string_append_c(reader->spec, *reader->at++);
  for (; *reader->at && *reader->at != '"'; reader->at++) {
    if (*reader->at == '\\' && reader->at[1])
      g_string_append_c(reader->spec, *reader->at++);
    g_string_append_c(reader->spec, *reader->at);
    g_string_append_c(reader->phrase, *reader->at);
  }
  g_string_append_c(reader->spec, '"');
  reader->at += *reader->at == '"';
}

static void clear(struct reader *reader)
{
  g_string_truncate(reader->phrase, 0);
  g_string_truncate(reader->spec, 0);
  g_string_truncate(reader->comment, 0);
  reader->spaced = false;
}

/* Between "<" and ">": RFC 5322 4.4's route goes (RFC 2156 4.7.1). Spaces go outside of quotes. */
static char *read_angle(struct reader *reader)
{
  GString *spec = g_string_new(NULL);
  bool quoted = false;
  for (reader->at++; *reader->at && (quoted || *reader->at != '>'); reader->at++) {
    if (*reader->at == '\\' && reader->at[1])
      g_string_append_c(spec, *reader->at++);
    else if (*reader->at == '"')
      quoted = !quoted;
    else if (!quoted && (*reader->at == ' ' || *reader->at == '\t'))
      continue;
    g_string_append_c(spec, *reader->at);
  }
  reader->at += *reader->at == '>';
  char *colon = spec->str[0] == '@' ? strchr(spec->str, ':') : NULL;
  if (colon)
    g_string_erase(spec, 0, colon + 1 - spec->str);
  return g_string_free(spec, FALSE);
}

/* An address ends: mailbox is what stood in angle brackets, or NULL. */
static void finish(struct reader *reader, char *mailbox, GPtrArray *list, char **bad_r)
{
  if (!mailbox && strchr(reader->spec->str, '@')) {
    mailbox = g_strdup(reader->spec->str);
    g_string_truncate(reader->phrase, 0);
  }
  bool whole = mailbox && strchr(mailbox, '@') && mailbox[0] != '@' && !g_str_has_suffix(mailbox, "@");
  if (whole) {
    struct mail_address *address = g_new0(struct mail_address, 1);
    address->mailbox = g_steal_pointer(&mailbox);
    if (reader->phrase->len)
      address->phrase = mime_word_decode(reader->charsets, reader->phrase->str);
    if (reader->comment->len)
      address->comment = g_strdup(reader->comment->str);
    g_ptr_array_add(list, address);
  } else if (bad_r && !*bad_r && (mailbox || reader->spec->len)) {
    *bad_r = g_strdup(mailbox ? mailbox : reader->spec->str);
  }
  g_free(mailbox);
  clear(reader);
}

static void group(struct reader *reader, GPtrArray *list)
{
  struct mail_address *address = g_new0(struct mail_address, 1);
  address->phrase = mime_word_decode(reader->charsets, reader->phrase->str);
  if (reader->comment->len)
    address->comment = g_strdup(reader->comment->str);
  g_ptr_array_add(list, address);
  clear(reader);
}

GPtrArray *mail_addresses_parse(GHashTable *charsets, const char *body, guint limit, char **bad_r)
{
  GPtrArray *list = g_ptr_array_new_with_free_func(address_free);
  struct reader reader = {.charsets = charsets,
                          .at = body,
                          .phrase = g_string_new(NULL),
                          .spec = g_string_new(NULL),
                          .comment = g_string_new(NULL)};
  char *mailbox = NULL;
  while (*reader.at && list->len < limit) {
    switch (*reader.at) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
      reader.spaced = true;
      reader.at++;
      break;
    case '(':
      read_comment(&reader);
      break;
    case '"':
      read_quoted(&reader);
      reader.spaced = false;
      break;
    case '<':
      g_free(mailbox);
      mailbox = read_angle(&reader);
      break;
    case ':':
      group(&reader, list);
      reader.at++;
      break;
    case ',':
    case ';':
      finish(&reader, g_steal_pointer(&mailbox), list, bad_r);
      reader.at++;
      break;
    case '[': /* a domain literal may hold colons */
      do {
        g_string_append_c(reader.phrase, *reader.at);
        g_string_append_c(reader.spec, *reader.at);
      } while (*reader.at++ != ']' && *reader.at);
      break;
    default:
      if (reader.phrase->len && reader.spaced)
        g_string_append_c(reader.phrase, ' ');
      reader.spaced = false;
      g_string_append_c(reader.phrase, *reader.at);
      g_string_append_c(reader.spec, *reader.at++);
    }
  }
  if (list->len < limit)
    finish(&reader, g_steal_pointer(&mailbox), list, bad_r);
  g_free(mailbox);
  g_string_free(reader.phrase, TRUE);
  g_string_free(reader.spec, TRUE);
  g_string_free(reader.comment, TRUE);
  return list;
}

GPtrArray *mail_identifiers_parse(const char *body, guint limit)
{
  GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
  while (*body && list->len < limit) {
    body += strspn(body, " \t\r\n,");
    if (*body == '(') {
      body += strcspn(body, ")");
      body += *body == ')';
      continue;
    }
    const char *end;
    if (*body == '<') {
      bool quoted = false;
      for (end = body + 1; *end && (quoted || *end != '>'); end++)
        quoted ^= *end == '"';
      end += *end == '>';
    } else {
      end = body + strcspn(body, "<(");
    }
    g_autofree char *text = g_strndup(body, (gsize)(end - body));
    g_strstrip(text);
    if (*text)
      g_ptr_array_add(list, g_steal_pointer(&text));
    body = end;
  }
  return list;
}

int mail_keyword(const char *body, const char *const *names, int count)
{
  gsize length = strcspn(body, " \t(;");
  for (int i = 0; i < count; i++)
    if (names[i] && strlen(names[i]) == length && !g_ascii_strncasecmp(body, names[i], length))
      return i;
  return -1;
}
