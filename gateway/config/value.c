#include "config/value.h"

#include "config/cidr.h"
#include "config/schedule.h"

#include <string.h>

static bool is_list(enum schema_type type)
{
  return type == SCHEMA_NETWORK || type == SCHEMA_TEXTS;
}

static bool is_text(enum schema_type type)
{
  return type == SCHEMA_TEXT || type == SCHEMA_CHOICE || type == SCHEMA_FILE || type == SCHEMA_SELECTOR ||
         type == SCHEMA_ADDRESS;
}

static void *member(void *base, gsize offset)
{
  return (char *)base + offset;
}

/* --- one value
 * ------------------------------------------------------------------------------------------------------------
 */

/* A number with one of the unit letters; false when it is not one or does not fit. */
static bool scaled(const char *text, const char *units, const guint64 *factors, guint64 *value_r)
{
  char *end = NULL;
  if (!g_ascii_isdigit(*text))
    return false;
  guint64 value = g_ascii_strtoull(text, &end, 10);
  guint64 factor = 1;
  if (*end) {
    const char *unit = strchr(units, *end);
    if (!unit || end[1])
      return false;
    factor = factors[unit - units];
  }
  if (value > G_MAXUINT64 / factor)
    return false;
  *value_r = value * factor;
  return true;
}

static char *range(const struct schema_attribute *attribute, guint64 value)
{
  if (value >= attribute->minimum && value <= attribute->maximum)
    return NULL;
  return g_strdup_printf("expected %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, attribute->minimum,
                         attribute->maximum);
}

static char *set_number(const struct schema_attribute *attribute, const char *text, void *base)
{
  static const guint64 sizes[] = {1024, 1024 * 1024, 1024 * 1024 * 1024};
  static const guint64 times[] = {1, 60, 3600, 86400};
  guint64 value = 0;
  switch (attribute->type) {
  case SCHEMA_SIZE:
    if (!scaled(text, "KMG", sizes, &value))
      return g_strdup("expected octets as a number, or with K, M or G");
    break;
  case SCHEMA_DURATION:
    if (!scaled(text, "smhd", times, &value))
      return g_strdup("expected seconds as a number, or with s, m, h or d");
    break;
  default:
    if (!scaled(text, "", sizes, &value))
      return g_strdup("expected a number");
    break;
  }
  char *wrong = range(attribute, value);
  if (wrong)
    return wrong;
  if (attribute->type == SCHEMA_SIZE)
    *(guint64 *)member(base, attribute->offset) = value;
  else
    *(guint *)member(base, attribute->offset) = (guint)value;
  return NULL;
}

/* Position among the choices; -1: none of them. */
static int choice(const char *choices, const char *text)
{
  g_auto(GStrv) all = g_strsplit(choices, "|", -1);
  for (int i = 0; all[i]; i++)
    if (strcmp(all[i], text) == 0)
      return i;
  return -1;
}

static char *set_enum(const struct schema_attribute *attribute, const char *text, void *base)
{
  int position = choice(attribute->choices, text);
  if (position < 0)
    return g_strdup_printf("expected one of %s", attribute->choices);
  *(guint *)member(base, attribute->offset) = (guint)position;
  return NULL;
}

/* osi/selector.h's forms: this folder may not include it, the rule is one line. */
static char *check_selector(const char *text)
{
  gsize length = strlen(text);
  if (g_str_has_prefix(text, "x'") && length >= 3 && text[length - 1] == '\'') {
    for (gsize i = 2; i + 1 < length; i++)
      if (!g_ascii_isxdigit(text[i]))
        return g_strdup("expected hexadecimal digits between x' and '");
    return (length - 3) % 2 ? g_strdup("expected an even number of hexadecimal digits") : NULL;
  }
  for (gsize i = 0; i < length; i++)
    if ((guchar)text[i] >= 0x80)
      return g_strdup("expected ASCII text or x'..' in hexadecimal");
  return length > 32 ? g_strdup("expected at most 32 octets (X.224 13.2.3)") : NULL;
}

static char *check_address(const char *text)
{
  const char *colon = strrchr(text, ':');
  if (text[0] == '[') {
    const char *end = strchr(text, ']');
    if (!end || (end[1] && end[1] != ':'))
      return g_strdup("expected [IPv6 address] or [IPv6 address]:port");
    colon = end[1] ? end + 1 : NULL;
  } else if (colon && strchr(text, ':') != colon) {
    return g_strdup("expected an IPv6 address in brackets: [2001:db8::1]:102");
  }
  if (colon && (g_ascii_strtoull(colon + 1, NULL, 10) == 0 || g_ascii_strtoull(colon + 1, NULL, 10) > 65535))
    return g_strdup("expected host:port with a port of 1 to 65535");
  return *text ? NULL : g_strdup("expected host:port");
}

static char *set_text(const struct schema_attribute *attribute, const char *text, void *base,
                      const char *folder)
{
  char **value = member(base, attribute->offset);
  char *wrong = NULL;
  if (attribute->maximum && strlen(text) > attribute->maximum)
    return g_strdup_printf("expected at most %" G_GUINT64_FORMAT " octets", attribute->maximum);
  if (attribute->type == SCHEMA_CHOICE && choice(attribute->choices, text) < 0)
    return g_strdup_printf("expected one of %s", attribute->choices);
  if (attribute->type == SCHEMA_SELECTOR && (wrong = check_selector(text)) != NULL)
    return wrong;
  if (attribute->type == SCHEMA_ADDRESS && (wrong = check_address(text)) != NULL)
    return wrong;
  if (attribute->type == SCHEMA_TEXT && attribute->required && !*text)
    return g_strdup("expected a text that is not empty");
  g_free(*value);
  *value = attribute->type == SCHEMA_FILE && !g_path_is_absolute(text) ? g_build_filename(folder, text, NULL)
                                                                       : g_strdup(text);
  return NULL;
}

static char *append(const struct schema_attribute *attribute, const char *text, void *base)
{
  GPtrArray *list = *(GPtrArray **)member(base, attribute->offset);
  char *wrong = attribute->type == SCHEMA_NETWORK ? cidr_check(text) : NULL;
  if (!wrong)
    g_ptr_array_add(list, g_strdup(text));
  return wrong;
}

char *value_set(const struct schema_attribute *attribute, const char *text, void *base, const char *folder)
{
  if (is_list(attribute->type))
    return append(attribute, text, base);
  if (is_text(attribute->type))
    return set_text(attribute, text, base, folder);
  if (attribute->type == SCHEMA_ENUM)
    return set_enum(attribute, text, base);
  if (attribute->type != SCHEMA_BOOLEAN)
    return set_number(attribute, text, base);
  if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
    return g_strdup("expected yes or no");
  *(bool *)member(base, attribute->offset) = text[0] == 'y';
  return NULL;
}

/* --- life along the schema
 * ------------------------------------------------------------------------------------------------------ */

static void prepare(const struct schema_element *element, void *base)
{
  for (const struct schema_attribute *attribute = element->attributes; attribute->name; attribute++) {
    GPtrArray **list = member(base, attribute->offset);
    if (is_list(attribute->type) && !*list)
      *list = g_ptr_array_new_with_free_func(g_free);
  }
  for (const struct schema_element *child = element->children; child && child->name; child++) {
    void *nested = member(base, child->offset);
    if (child->size > 0)
      *(GPtrArray **)nested = g_ptr_array_new();
    else
      prepare(child, nested);
  }
}

static void clear(const struct schema_element *element, void *base)
{
  for (const struct schema_attribute *attribute = element->attributes; attribute->name; attribute++) {
    if (is_text(attribute->type))
      g_clear_pointer((char **)member(base, attribute->offset), g_free);
    else if (is_list(attribute->type))
      g_clear_pointer((GPtrArray **)member(base, attribute->offset), g_ptr_array_unref);
  }
  for (const struct schema_element *child = element->children; child && child->name; child++) {
    void *nested = member(base, child->offset);
    if (child->size == 0) {
      clear(child, nested);
      continue;
    }
    GPtrArray *list = *(GPtrArray **)nested;
    for (guint i = 0; i < list->len; i++) {
      clear(child, list->pdata[i]);
      g_free(list->pdata[i]);
    }
    g_ptr_array_unref(list);
  }
}

void *value_struct_new(const struct schema_element *element)
{
  void *base = g_malloc0(element->size);
  prepare(element, base);
  return base;
}

struct config *value_config_new(const char *file)
{
  struct config *config = g_new0(struct config, 1);
  g_atomic_ref_count_init(&config->references);
  config->file = g_strdup(file);
  prepare(config_schema(), config);
  return config;
}

struct config *config_ref(struct config *config)
{
  g_atomic_ref_count_inc(&config->references);
  return config;
}

static void wipe(GBytes **password)
{
  if (*password) {
    gsize length;
    guint8 *octets = (guint8 *)g_bytes_get_data(*password, &length);
    if (length > 0)
      explicit_bzero(octets, length);
  }
  g_clear_pointer(password, g_bytes_unref);
}

void config_unref(struct config *config)
{
  if (!g_atomic_ref_count_dec(&config->references))
    return;
  for (guint i = 0; i < config->peers->len; i++) {
    struct config_peer *peer = config->peers->pdata[i];
    wipe(&peer->local_password);
    wipe(&peer->remote_password);
    schedule_free(peer->hours);
  }
  clear(config_schema(), config);
  g_free(config->file);
  g_free(config);
}
