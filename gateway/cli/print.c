#include "cli/print.h"

#include <stdio.h>
#include <string.h>

/* --- options
 * ----------------------------------------------------------------------------------------------------------
 */

bool cli_options(struct cli_options *options, const char *usage, const GOptionEntry *own, int *argc,
                 char ***argv)
{
  const GOptionEntry common[] = {{"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->configuration,
                                  "the configuration (" CLI_CONFIGURATION ")", "FILE"},
                                 {"json", 0, 0, G_OPTION_ARG_NONE, &options->json, "JSON for programs", NULL},
                                 {NULL, 0, 0, 0, NULL, NULL, NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new(usage);
  g_autoptr(GError) error = NULL;
  g_option_context_add_main_entries(context, common, NULL);
  if (own)
    g_option_context_add_main_entries(context, own, NULL);
  if (g_option_context_parse(context, argc, argv, &error))
    return true;
  fprintf(stderr, "gw400 %s: %s\n", (*argv)[0], error->message);
  return false;
}

void cli_options_clear(struct cli_options *options)
{
  g_free(options->configuration);
  g_free(options->output);
}

const char *cli_configuration(const struct cli_options *options)
{
  return options->configuration ? options->configuration : CLI_CONFIGURATION;
}

int cli_usage(const char *what)
{
  fprintf(stderr, "usage: gw400 %s\n", what);
  return CLI_USAGE;
}

/* --- texts
 * --------------------------------------------------------------------------------------------------------------
 */

char *cli_text(const json_t *object, const char *key)
{
  const char *value = json_string_value(json_object_get(object, key));
  GString *safe = g_string_new(NULL);
  g_autofree char *valid = g_utf8_make_valid(value ? value : "", -1);
  for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
    gunichar character = g_utf8_get_char(c);
    g_string_append_unichar(safe, g_unichar_isprint(character) ? character : '?');
  }
  return g_string_free(safe, FALSE);
}

char *cli_time(const json_t *object, const char *key)
{
  char *text = cli_text(object, key);
  if (strlen(text) >= 19) {
    text[10] = ' ';
    text[19] = '\0';
  }
  return text;
}

char *cli_size(json_int_t octets)
{
  static const char units[] = "KMGT";
  if (octets < 1024)
    return g_strdup_printf("%" JSON_INTEGER_FORMAT, octets);
  double size = (double)octets / 1024;
  guint unit = 0;
  for (; size >= 1024 && unit + 2 < sizeof units; unit++)
    size /= 1024;
  return g_strdup_printf(size < 10 ? "%.1f%c" : "%.0f%c", size, units[unit]);
}

void cli_json(const json_t *value)
{
  json_dumpf(value, stdout, JSON_INDENT(2));
  putchar('\n');
}

/* --- tables
 * -------------------------------------------------------------------------------------------------------------
 */

struct cli_table {
  guint columns;
  glong *widths;
  GPtrArray *cells; /* row after row */
};

struct cli_table *cli_table_new(const char *const *heads, guint columns)
{
  struct cli_table *table = g_new0(struct cli_table, 1);
  table->columns = columns;
  table->widths = g_new0(glong, columns);
  table->cells = g_ptr_array_new_with_free_func(g_free);
  g_autofree char **copies = g_new(char *, columns);
  for (guint i = 0; i < columns; i++)
    copies[i] = g_strdup(heads[i]);
  cli_table_add(table, copies);
  return table;
}

void cli_table_add(struct cli_table *table, char *const *cells)
{
  for (guint i = 0; i < table->columns; i++) {
    table->widths[i] = MAX(table->widths[i], g_utf8_strlen(cells[i], -1));
    g_ptr_array_add(table->cells, cells[i]);
  }
}

guint cli_table_rows(const struct cli_table *table)
{
  return table->cells->len / table->columns - 1;
}

void cli_table_print(const struct cli_table *table)
{
  for (guint i = 0; i < table->cells->len; i++) {
    const char *cell = table->cells->pdata[i];
    guint column = i % table->columns;
    bool last = column + 1 == table->columns;
    fputs(cell, stdout);
    for (glong pad = g_utf8_strlen(cell, -1); !last && pad < table->widths[column] + 2; pad++)
      putchar(' ');
    if (last)
      putchar('\n');
  }
}

void cli_table_free(struct cli_table *table)
{
  g_ptr_array_unref(table->cells);
  g_free(table->widths);
  g_free(table);
}
