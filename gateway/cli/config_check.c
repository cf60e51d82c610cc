#include "cli/config_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/offline.h"
#include "config/config.h"
#include "mapping/mcgam_check.h"
#include "mapping/route_check.h"

/* The sources of all tables go to the compiler together: it compares them with each other.  NULL: mistakes.
 */
static GByteArray *compile_tables(const struct config *config, GPtrArray *lines)
{
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) sources = g_array_new(FALSE, TRUE, sizeof(struct mcgam_source));
  bool ok = true;
  for (guint i = 0; i < config->tables->len; i++) {
    const struct config_table *table = config->tables->pdata[i];
    g_autoptr(GError) error = NULL;
    struct mcgam_source source = {.table = mcgam_table_from_name(table->kind), .file = table->file};
    char *text = NULL;
    if (g_file_get_contents(table->file, &text, &source.length, &error)) {
      g_ptr_array_add(texts, text);
      source.text = text;
      g_array_append_val(sources, source);
    } else {
      g_ptr_array_add(lines,
                      g_strdup_printf("%s:%u: <table>: %s", config->file, table->line, error->message));
      ok = false;
    }
  }
  const struct mcgam_source *all = (const struct mcgam_source *)(void *)sources->data;
  g_autoptr(GArray) origins = NULL;
  GByteArray *compiled = mcgam_compile_with_origins(all, sources->len, lines, &origins);
  g_autoptr(GVariant) settings = g_variant_ref_sink(config_conversion(config, 1));
  if (compiled)
    mcgam_check(settings, compiled, all, origins, MCGAM_CHECK_ALL, lines);
  if (ok || !compiled)
    return compiled;
  g_byte_array_unref(compiled);
  return NULL;
}

static void add_warnings(const struct config *config, struct mapping_context *context, GPtrArray *lines)
{
  g_autoptr(GPtrArray) warnings = route_check(context);
  for (guint i = 0; i < warnings->len; i++) {
    const struct route_warning *warning = warnings->pdata[i];
    g_ptr_array_add(lines,
                    g_strdup_printf("%s:%u: warning: %s", config->file, warning->line, warning->words));
  }
}

/* What the conversion says to its part of the configuration, before a daemon has to find out; tables NULL:
 * the routes are looked at without them. */
static bool check_conversion(const struct config *config, const GByteArray *tables, GPtrArray *lines)
{
  g_autoptr(GVariant) dictionary = g_variant_ref_sink(config_conversion(config, 1));
  g_autoptr(GError) error = NULL;
  int fd = tables ? cli_offline_memfd(tables->data, tables->len, &error) : -1;
  struct mapping_context *context = error ? NULL : mapping_context_new(dictionary, fd, &error);
  if (fd >= 0)
    close(fd);
  if (!context) {
    guint line = 1;
    (void)(sscanf(error->message, "route of line %u:", &line) == 1 ||
           sscanf(error->message, "alias of line %u:", &line) == 1);
    g_ptr_array_add(lines, g_strdup_printf("%s:%u: %s", config->file, line, error->message));
    return false;
  }
  add_warnings(config, context, lines);
  mapping_context_free(context);
  return true;
}

bool config_check(const char *file, GPtrArray *lines)
{
  struct config *config = config_load(file, lines);
  if (!config)
    return false;
  GByteArray *tables = compile_tables(config, lines);
  bool ok = check_conversion(config, tables, lines) && tables;
  g_clear_pointer(&tables, g_byte_array_unref);
  config_unref(config);
  return ok;
}
