#include "mapping/rules.h"

#include <string.h>

const char *const rules_continuations[3] = {"RFC822C1", "RFC822C2", "RFC822C3"};

void rules_tell(GPtrArray *explain, const char *format, ...)
{
  if (!explain)
    return;
  va_list list;
  va_start(list, format);
  g_ptr_array_add(explain, g_strdup_vprintf(format, list));
  va_end(list);
}

void rules_fail(GError **error, enum mapping_error kind, const char *code, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  g_autofree char *words = g_strdup_vprintf(format, list);
  va_end(list);
  g_set_error(error, MAPPING_ERROR, (gint)kind, "%s %s", code, words);
}

/* "no row for a.b.c, b.c; c is ..." */
static void tell_look_up(GPtrArray *explain, const char *clause, enum mcgam_table table, GString *keys,
                         const char *match, const char *value)
{
  if (keys->len)
    g_string_prepend(keys, "no row for ");
  if (match)
    g_string_append_printf(keys, "%s%s is %s", keys->len ? "; " : "", match, value);
  rules_tell(explain, "%s: table %s: %s", clause, mcgam_table_name(table), keys->str);
}

void rules_tell_domain(GPtrArray *explain, const char *clause, enum mcgam_table table, const char *domain,
                       const char *match, const char *value)
{
  if (!explain)
    return;
  g_autoptr(GString) keys = g_string_new(NULL);
  for (const char *key = domain, *dot; key && key != match; key = dot ? dot + 1 : NULL) {
    dot = strchr(key, '.');
    g_string_append_printf(keys, "%s%s", keys->len ? ", " : "", key);
  }
  tell_look_up(explain, clause, table, keys, match, value);
}

void rules_tell_or(GPtrArray *explain, const char *clause, enum mcgam_table table,
                   const struct or_address *address, guint depth, const char *value)
{
  if (!explain)
    return;
  g_autoptr(GString) keys = g_string_new(NULL);
  g_autofree char *match = value ? dmn_format(address, depth) : NULL;
  for (guint level = HIERARCHY_LEVELS; level > (value ? depth : 0); level--) {
    g_autofree char *key = dmn_format(address, level);
    g_string_append_printf(keys, "%s%s", keys->len ? ", " : "", key);
  }
  tell_look_up(explain, clause, table, keys, match, value);
}
