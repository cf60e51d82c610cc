#include "mapping/table_report.h"

struct kind {
  guint count;
  const char *file; /* of the last one */
  guint line, order;
  bool is_error;
};

void table_report_init(struct table_report *report, GPtrArray *lines)
{
  *report = (struct table_report){lines, g_hash_table_new_full(NULL, NULL, NULL, g_free), false};
}

void table_report_add(struct table_report *report, const char *file, guint line, bool is_error,
                      const char *format, ...)
{
  struct kind *kind = g_hash_table_lookup(report->kinds, format);
  if (!kind) {
    kind = g_new0(struct kind, 1);
    kind->order = g_hash_table_size(report->kinds);
    g_hash_table_insert(report->kinds, (gpointer)format, kind);
  }
  report->failed = report->failed || is_error;
  kind->file = file;
  kind->line = line;
  kind->is_error = is_error;
  if (kind->count++ >= TABLE_REPORT_SHOWN)
    return;
  va_list list;
  va_start(list, format);
  g_autofree char *words = g_strdup_vprintf(format, list);
  va_end(list);
  g_ptr_array_add(report->lines,
                  g_strdup_printf("%s:%u: %s: %s", file, line, is_error ? "error" : "warning", words));
}

static gint in_order(gconstpointer a, gconstpointer b)
{
  const struct kind *x = a, *y = b;
  return (gint)x->order - (gint)y->order;
}

bool table_report_finish(struct table_report *report)
{
  g_autoptr(GList) kinds = g_list_sort(g_hash_table_get_values(report->kinds), in_order);
  for (GList *at = kinds; at; at = at->next) {
    const struct kind *kind = at->data;
    if (kind->count > TABLE_REPORT_SHOWN)
      g_ptr_array_add(
          report->lines,
          g_strdup_printf("%s:%u: %s: and %u more like the last of these, this being the last row",
                          kind->file, kind->line, kind->is_error ? "error" : "warning",
                          kind->count - TABLE_REPORT_SHOWN));
  }
  g_hash_table_unref(report->kinds);
  return !report->failed;
}
