#include "mapping/mailbox.h"

#include "mapping/mapping.h"

#include <string.h>

/* RFC 822 3.3: atom. */
static bool atom_char(char c)
{
  return g_ascii_isgraph(c) && !strchr("()<>@,;:\\\".[]", c);
}

static bool G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  g_autofree char *words = g_strdup_vprintf(format, list);
  va_end(list);
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "5.1.3 mailbox: %s", words);
  return false;
}

static void skip_space(const char **p)
{
  while (**p == ' ' || **p == '\t')
    (*p)++;
}

static bool read_quoted(const char **p, GString *out, GError **error)
{
  for ((*p)++; **p != '"'; (*p)++) {
    if (**p == '\\')
      (*p)++;
    if (!**p)
      return fail(error, "a quoted string has no end (RFC 822 3.3)");
    g_string_append_c(out, **p);
  }
  (*p)++;
  return true;
}

static bool read_atom(const char **p, GString *out)
{
  const char *start = *p;
  while (atom_char(**p))
    (*p)++;
  g_string_append_len(out, start, *p - start);
  return *p > start;
}

/* word *("." word) */
static bool read_local(const char **p, GString *out, GError **error)
{
  while (true) {
    skip_space(p);
    if (**p == '"') {
      if (!read_quoted(p, out, error))
        return false;
    } else if (!read_atom(p, out)) {
      return fail(error, "a word expected at \"%.20s\" (RFC 822 6.1)", *p);
    }
    skip_space(p);
    if (**p != '.')
      return true;
    g_string_append_c(out, '.');
    (*p)++;
  }
}

static bool read_literal(const char **p, GString *out, GError **error)
{
  const char *end = strchr(*p, ']');
  if (!end || strcspn(*p + 1, "[\\ \t") < (gsize)(end - *p - 1))
    return fail(error, "a domain literal is not whole (RFC 822 6.2.3)");
  g_string_append_len(out, *p, end + 1 - *p);
  *p = end + 1;
  return true;
}

static bool read_domain(const char **p, GString *out, GError **error)
{
  skip_space(p);
  if (**p == '[')
    return read_literal(p, out, error);
  while (true) {
    if (!read_atom(p, out))
      return fail(error, "a domain expected at \"%.20s\" (RFC 822 6.1)", *p);
    if (**p != '.')
      return true;
    g_string_append_c(out, '.');
    (*p)++;
  }
}

/* 1#("@" domain) ":" */
static bool read_route(const char **p, GString *out, GError **error)
{
  while (**p == '@') {
    g_string_append(out, out->len ? ",@" : "@");
    (*p)++;
    if (!read_domain(p, out, error))
      return false;
    skip_space(p);
    if (**p == ',')
      (*p)++;
    skip_space(p);
  }
  if (**p != ':')
    return fail(error, "a source route has no \":\" (RFC 822 6.1)");
  (*p)++;
  return true;
}

static bool check_octets(const char *text, GError **error)
{
  if (strlen(text) > MAILBOX_MAX)
    return fail(error, "longer than %d octets", MAILBOX_MAX);
  for (const char *p = text; *p; p++)
    if (g_ascii_iscntrl(*p))
      return fail(error, "a control character, code %d", *p);
  if (g_str_is_ascii(text))
    return true;
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_ADDRESS,
              "5.6.7 a mailbox with non-ASCII characters has no O/R address (RFC 2156 4.3.2)");
  return false;
}

struct mailbox *mailbox_parse(const char *text, GError **error)
{
  g_autoptr(GString) route = g_string_new(NULL), local = g_string_new(NULL), domain = g_string_new(NULL);
  if (!check_octets(text, error))
    return NULL;
  const char *p = text;
  skip_space(&p);
  bool angle = *p == '<';
  p += angle;
  skip_space(&p);
  if (*p == '@' && !read_route(&p, route, error))
    return NULL;
  if (!read_local(&p, local, error))
    return NULL;
  if (*p != '@') {
    fail(error, "\"@\" expected at \"%.20s\" (RFC 822 6.1)", p);
    return NULL;
  }
  p++;
  if (!read_domain(&p, domain, error))
    return NULL;
  skip_space(&p);
  p += angle && *p == '>';
  skip_space(&p);
  if (*p) {
    fail(error, "the end expected at \"%.20s\"", p);
    return NULL;
  }
  struct mailbox *mailbox = g_new0(struct mailbox, 1);
  mailbox->route = route->len ? g_strdup(route->str) : NULL;
  mailbox->local = g_strdup(local->str);
  mailbox->domain = g_strdup(domain->str);
  return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
  if (!mailbox)
    return;
  g_free(mailbox->route);
  g_free(mailbox->local);
  g_free(mailbox->domain);
  g_free(mailbox);
}

static bool is_dot_atom(const char *text)
{
  if (*text == '.' || !*text)
    return false;
  for (; *text; text++)
    if (!atom_char(*text) && (*text != '.' || text[1] == '.' || !text[1]))
      return false;
  return true;
}

char *mailbox_format(const char *route, const char *local, const char *domain)
{
  GString *out = g_string_new(route);
  if (route)
    g_string_append_c(out, ':');
  if (is_dot_atom(local)) {
    g_string_append(out, local);
  } else {
    g_string_append_c(out, '"');
    for (; *local; local++) {
      if (*local == '"' || *local == '\\')
        g_string_append_c(out, '\\');
      g_string_append_c(out, *local);
    }
    g_string_append_c(out, '"');
  }
  g_string_append_printf(out, "@%s", domain);
  return g_string_free(out, FALSE);
}

bool mailbox_label_is_plain(const char *label, gsize length)
{
  if (length == 0 || length > 63 || label[0] == '-' || label[length - 1] == '-')
    return false;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum(label[i]) && label[i] != '-')
      return false;
  return true;
}

bool mailbox_domain_is_plain(const char *domain)
{
  while (true) {
    gsize length = strcspn(domain, ".");
    if (!mailbox_label_is_plain(domain, length))
      return false;
    if (!domain[length])
      return true;
    domain += length + 1;
  }
}
