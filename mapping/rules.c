#include "mapping/rules.h"

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
