/* address.c - mailboxes and paths: the grammar of RFC 5321 4.1.2 with the additions of RFC 6531 3.3.
 *
 * The readers walk a cursor along the text and stop behind what they took, so that the same code checks a
 * mailbox alone and one inside a path. Lengths: see SMTP_LOCAL_PART_MAX. */
#include <arpa/inet.h>
#include <string.h>

#include "smtp/path.h"

static bool fail(GError **error, enum smtp_error code, const char *words)
{
  g_set_error_literal(error, SMTP_ERROR, (int)code, words);
  return false;
}

static bool is_utf8_octet(char c)
{
  return (guchar)c >= 0x80;
}

static bool is_atext(char c)
{
  return g_ascii_isalnum(c) || is_utf8_octet(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool read_dot_string(const char **cursor, GError **error)
{
  const char *p = *cursor;
  for (;;) {
    if (!is_atext(*p))
      return fail(error, SMTP_ERROR_SYNTAX,
                  *p == '.' || (p > *cursor && p[-1] == '.') ? "misplaced dot in the local part"
                  : *p == '@'                                ? "empty local part"
                              : "character in the local part that must be quoted");
    while (is_atext(*p))
      p++;
    if (*p != '.')
      break;
    p++;
  }
  *cursor = p;
  return true;
}

static bool read_quoted_string(const char **cursor, GError **error)
{
  const char *p = *cursor + 1;
  for (; *p != '"'; p++) {
    if (*p == '\\')
      p++;
    if (*p == '\0')
      return fail(error, SMTP_ERROR_SYNTAX, "quoted local part without its closing quote");
    if (!g_ascii_isprint(*p) && !is_utf8_octet(*p))
      return fail(error, SMTP_ERROR_SYNTAX, "control character in the quoted local part");
  }
  *cursor = p + 1;
  return true;
}

static bool read_local_part(const char **cursor, GError **error)
{
  const char *start = *cursor;
  if (!(*start == '"' ? read_quoted_string(cursor, error) : read_dot_string(cursor, error)))
    return false;
  if (*cursor - start > SMTP_LOCAL_PART_MAX)
    return fail(error, SMTP_ERROR_LENGTH, "local part too long");
  return true;
}

static bool read_address_literal(const char **cursor, GError **error)
{
  const char *end = strchr(*cursor, ']');
  if (end == NULL || end - *cursor > 64)
    return fail(error, SMTP_ERROR_SYNTAX, "address literal without its closing bracket");
  g_autofree char *inside = g_strndup(*cursor + 1, (gsize)(end - *cursor - 1));
  guint8 octets[16];
  bool ok = g_ascii_strncasecmp(inside, "IPv6:", 5) == 0 ? inet_pton(AF_INET6, inside + 5, octets) == 1
                                                         : inet_pton(AF_INET, inside, octets) == 1;
  if (!ok)
    return fail(error, SMTP_ERROR_SYNTAX, "address literal is neither [IPv4] nor [IPv6:...]");
  *cursor = end + 1;
  return true;
}

static bool read_domain(const char **cursor, GError **error)
{
  if (**cursor == '[')
    return read_address_literal(cursor, error);
  const char *p = *cursor;
  for (;;) {
    const char *label = p;
    while (g_ascii_isalnum(*p) || *p == '-' || is_utf8_octet(*p))
      p++;
    if (p == label)
      return fail(error, SMTP_ERROR_SYNTAX,
                  *p == '_' ? "underscore in the domain" : "empty label in the domain");
    if (*label == '-' || p[-1] == '-')
      return fail(error, SMTP_ERROR_SYNTAX, "a label of the domain begins or ends with a hyphen");
    if (p - label > 63)
      return fail(error, SMTP_ERROR_LENGTH, "a label of the domain is longer than 63 octets");
    if (*p != '.')
      break;
    p++;
  }
  if (p - *cursor > SMTP_DOMAIN_MAX)
    return fail(error, SMTP_ERROR_LENGTH, "domain longer than 255 octets");
  *cursor = p;
  return true;
}

static bool read_mailbox(const char **cursor, GError **error)
{
  if (!read_local_part(cursor, error))
    return false;
  if (**cursor != '@')
    return fail(error, SMTP_ERROR_SYNTAX,
                **cursor == '\0' || **cursor == '>' ? "address without a domain"
                                                    : "character in the local part that must be quoted");
  ++*cursor;
  return read_domain(cursor, error);
}

const char *smtp_address_domain(const char *address)
{
  const char *domain = NULL;
  bool quoted = false;
  for (const char *p = address; *p != '\0'; p++) {
    if (quoted && *p == '\\' && p[1] != '\0')
      p++;
    else if (*p == '"')
      quoted = !quoted;
    else if (*p == '@' && !quoted)
      domain = p + 1;
  }
  return domain;
}

bool smtp_address_check(const char *address, bool utf8, GError **error)
{
  if (!g_utf8_validate(address, -1, NULL))
    return fail(error, SMTP_ERROR_SYNTAX, "address is not valid UTF-8");
  if (!utf8 && !g_str_is_ascii(address))
    return fail(error, SMTP_ERROR_UTF8, "non-ASCII address without SMTPUTF8");
  const char *cursor = address;
  if (!read_mailbox(&cursor, error))
    return false;
  if (*cursor != '\0')
    return fail(error, SMTP_ERROR_SYNTAX, "unexpected character in the domain");
  return true;
}

static bool is_dot_string(const char *text)
{
  return *text != '\0' && read_dot_string(&text, NULL) && *text == '\0';
}

/* The quoted string's content, quoted again only if it must be. */
static char *requote(const char *quoted, gsize length)
{
  g_autoptr(GString) plain = g_string_new(NULL);
  for (const char *p = quoted + 1; p < quoted + length - 1; p++) {
    if (*p == '\\')
      p++;
    g_string_append_c(plain, *p);
  }
  if (is_dot_string(plain->str))
    return g_string_free(g_steal_pointer(&plain), FALSE);
  GString *out = g_string_new("\"");
  for (const char *p = plain->str; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *p);
  }
  g_string_append_c(out, '"');
  return g_string_free(out, FALSE);
}

char *smtp_address_canonical(const char *address)
{
  const char *end = address;
  if (*address != '"' || !read_quoted_string(&end, NULL))
    return g_strdup(address);
  g_autofree char *local = requote(address, (gsize)(end - address));
  return g_strconcat(local, end, NULL);
}

/* "@a,@b:" in front of the mailbox: obsolete, to be taken and ignored. */
static bool skip_source_route(const char **cursor, GError **error)
{
  while (**cursor == '@') {
    ++*cursor;
    if (!read_domain(cursor, error))
      return false;
    if (**cursor == ':') {
      ++*cursor;
      return true;
    }
    if (**cursor != ',')
      break;
    ++*cursor;
  }
  return fail(error, SMTP_ERROR_SYNTAX, "source route without its colon");
}

bool smtp_path_read(const char **cursor, char **address_r, GError **error)
{
  const char *p = *cursor;
  if (*p != '<')
    return fail(error, SMTP_ERROR_SYNTAX, "address must stand in <>");
  p++;
  if (*p == '@' && !skip_source_route(&p, error))
    return false;
  const char *start = p;
  if (*p == '>' && p == *cursor + 1)
    *address_r = g_strdup("");
  else if (g_ascii_strncasecmp(p, "postmaster>", 11) == 0) {
    p += strlen("postmaster");
    *address_r = g_strdup("postmaster");
  } else if (!read_mailbox(&p, error))
    return false;
  else if (*p != '>')
    return fail(error, SMTP_ERROR_SYNTAX, "address without its closing >");
  else {
    g_autofree char *mailbox = g_strndup(start, (gsize)(p - start));
    if (!g_utf8_validate(mailbox, -1, NULL))
      return fail(error, SMTP_ERROR_SYNTAX, "address is not valid UTF-8");
    *address_r = smtp_address_canonical(mailbox);
  }
  *cursor = p + 1;
  return true;
}
