/* mime_params.c - contract: mime_params.h. */
#include "mapping/mime_params.h"
#include "mapping/mime_charset.h"
#include "mapping/mime_word.h"

#include <stdlib.h>
#include <string.h>

enum { PARAMS_MAX = 64, SECTIONS_MAX = 1000 };

static void param_free(void *data)
{
  struct mime_param *param = data;
  g_free(param->name);
  g_free(param->value);
  g_free(param);
}

void mime_params_free(struct mime_params *params)
{
  if (!params)
    return;
  g_free(params->value);
  g_ptr_array_unref(params->list);
  g_free(params);
}

const char *mime_params_get(const struct mime_params *params, const char *name)
{
  for (guint i = 0; i < params->list->len; i++) {
    const struct mime_param *param = params->list->pdata[i];
    if (!g_ascii_strcasecmp(param->name, name))
      return param->value;
  }
  return NULL;
}

void mime_params_set(struct mime_params *params, const char *name, const char *value)
{
  for (guint i = 0; i < params->list->len; i++) {
    struct mime_param *param = params->list->pdata[i];
    if (g_ascii_strcasecmp(param->name, name) != 0)
      continue;
    if (!value) {
      g_ptr_array_remove_index(params->list, i);
    } else {
      g_free(param->value);
      param->value = g_strdup(value);
    }
    return;
  }
  if (!value)
    return;
  struct mime_param *param = g_new(struct mime_param, 1);
  *param = (struct mime_param){g_ascii_strdown(name, -1), g_strdup(value)};
  g_ptr_array_add(params->list, param);
}

static void skip_space(const char **at)
{
  for (;;) {
    *at += strspn(*at, " \t\r\n");
    if (**at != '(')
      return;
    guint depth = 0;
    do {
      if (**at == '\\' && (*at)[1])
        ++*at;
      else
        depth = **at == '(' ? depth + 1 : **at == ')' ? depth - 1 : depth;
      ++*at;
    } while (depth && **at);
  }
}

static char *read_value(const char **at)
{
  GString *value = g_string_new(NULL);
  if (**at == '"') {
    for (++*at; **at && **at != '"'; ++*at) {
      if (**at == '\\' && (*at)[1])
        ++*at;
      g_string_append_c(value, **at);
    }
    *at += **at == '"';
  } else {
    gsize length = strcspn(*at, ";");
    g_string_append_len(value, *at, (gssize)length);
    *at += length;
    g_strchomp(value->str);
  }
  return g_string_free(value, FALSE);
}

/* name*2*=... : RFC 2231.  The sections of one name are put together before the set is applied. */
struct section {
  char *name; /* without the asterisks */
  guint number;
  bool extended;
  char *value;
};

static void section_free(void *data)
{
  struct section *section = data;
  g_free(section->name);
  g_free(section->value);
  g_free(section);
}

static struct section *read_section(const char **at)
{
  gsize length = strcspn(*at, "=; \t");
  g_autofree char *name = g_ascii_strdown(*at, (gssize)length);
  *at += length;
  skip_space(at);
  if (**at != '=' || !*name)
    return NULL;
  ++*at;
  skip_space(at);
  struct section *section = g_new0(struct section, 1);
  gsize end = strlen(name);
  if (name[end - 1] == '*') {
    section->extended = true;
    name[--end] = '\0';
  }
  char *asterisk = strchr(name, '*');
  if (asterisk) {
    section->number = (guint)MIN(strtoul(asterisk + 1, NULL, 10), SECTIONS_MAX);
    *asterisk = '\0';
  }
  section->name = g_steal_pointer(&name);
  section->value = read_value(at);
  skip_space(at);
  return section;
}

static gint by_number(gconstpointer a, gconstpointer b)
{
  const struct section *x = *(const struct section *const *)a, *y = *(const struct section *const *)b;
  return x->number < y->number ? -1 : x->number > y->number;
}

static void append_percent(const char *text, GString *out)
{
  for (; *text; text++) {
    if (*text == '%' && g_ascii_isxdigit(text[1]) && g_ascii_isxdigit(text[2])) {
      g_string_append_c(out, (char)(g_ascii_xdigit_value(text[1]) << 4 | g_ascii_xdigit_value(text[2])));
      text += 2;
    } else {
      g_string_append_c(out, *text);
    }
  }
}

/* Control characters have no place in a value; a NUL would cut it. */
static char *clean(GString *text)
{
  for (gsize i = 0; i < text->len; i++)
    if ((guint8)text->str[i] < 0x20 || text->str[i] == 0x7F)
      text->str[i] = ' ';
  return g_string_free(text, FALSE);
}

static char *join(GHashTable *charsets, GPtrArray *sections, const char *name)
{
  g_autoptr(GString) octets = g_string_new(NULL);
  g_autofree char *charset = NULL;
  bool extended = false;
  for (guint i = 0; i < sections->len; i++) {
    const struct section *section = sections->pdata[i];
    if (strcmp(section->name, name) != 0)
      continue;
    const char *text = section->value;
    if (section->extended && !extended) {
      const char *first = strchr(text, '\''), *second = first ? strchr(first + 1, '\'') : NULL;
      if (second) {
        charset = g_strndup(text, (gsize)(first - text));
        text = second + 1;
      }
      extended = true;
    }
    if (section->extended)
      append_percent(text, octets);
    else
      g_string_append(octets, text);
  }
  if (!extended) {
    g_autofree char *decoded = mime_word_decode(charsets, octets->str);
    return clean(g_string_new(decoded));
  }
  GString *out = g_string_new(NULL);
  if (!mime_charset_to_utf8(charsets, charset, octets->str, octets->len, out, NULL))
    mime_charset_to_utf8(charsets, NULL, octets->str, octets->len, out, NULL);
  return clean(out);
}

struct mime_params *mime_params_parse(GHashTable *charsets, const char *body)
{
  struct mime_params *params = g_new0(struct mime_params, 1);
  params->list = g_ptr_array_new_with_free_func(param_free);
  g_autoptr(GPtrArray) sections = g_ptr_array_new_with_free_func(section_free);
  skip_space(&body);
  GString *value = g_string_new(NULL);
  while (*body && *body != ';') {
    if (*body == ' ' || *body == '\t' || *body == '(') {
      skip_space(&body);
      continue;
    }
    g_string_append_c(value, g_ascii_tolower(*body++));
  }
  params->value = g_string_free(value, FALSE);
  while (*body && sections->len < PARAMS_MAX) {
    body += strspn(body, ";");
    skip_space(&body);
    struct section *section = read_section(&body);
    if (section)
      g_ptr_array_add(sections, section);
    body += strcspn(body, ";");
  }
  /* The extended form wins over the plain one of the same name, whatever their order (RFC 6266 4.3 for file
   * names). */
  g_autoptr(GPtrArray) chosen = g_ptr_array_new();
  for (guint i = 0; i < sections->len; i++) {
    struct section *section = sections->pdata[i];
    bool shadowed = false;
    for (guint j = 0; j < sections->len && !section->extended && !section->number; j++) {
      const struct section *other = sections->pdata[j];
      shadowed |= j != i && other->extended && !other->number && !strcmp(other->name, section->name);
    }
    if (!shadowed)
      g_ptr_array_add(chosen, section);
  }
  g_ptr_array_sort(chosen, by_number);
  for (guint i = 0; i < sections->len; i++) {
    const struct section *section = sections->pdata[i];
    if (!mime_params_get(params, section->name)) {
      g_autofree char *joined = join(charsets, chosen, section->name);
      mime_params_set(params, section->name, joined);
    }
  }
  return params;
}
