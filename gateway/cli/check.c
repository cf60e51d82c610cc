/* check.c - `gw400 check`: the configuration, and what it names: mapping tables, routes, addresses. Prints
 * every mistake as "file:line: message"; exit 0 when there is none (warnings do not count), 1 otherwise. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/offline.h"
#include "cli/print.h"
#include "config/config.h"
#include "mapping/mcgam_compile.h"
#include "mapping/route_check.h"

/* The sources of all tables go to the compiler together: it compares them with each other.  NULL: mistakes. */
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
  GByteArray *compiled =
      mcgam_compile((const struct mcgam_source *)(void *)sources->data, sources->len, lines);
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

/* What the conversion says to its part of the configuration, before a daemon has to find out; tables NULL: the
 * routes are looked at without them. */
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

static void print_lines(const GPtrArray *lines, bool json, bool ok, const char *file)
{
  json_t *all = json_array();
  for (guint i = 0; i < lines->len; i++) {
    if (json)
      json_array_append_new(all, json_string(lines->pdata[i]));
    else
      puts(lines->pdata[i]);
  }
  json_t *answer = json_pack("{s:b,s:o}", "ok", ok, "messages", all);
  if (json)
    cli_json(answer);
  else if (ok)
    printf("%s: no mistake found\n", file);
  json_decref(answer);
}

static int check(const char *file, bool json)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  struct config *config = config_load(file, lines);
  bool ok = config;
  if (config) {
    GByteArray *tables = compile_tables(config, lines);
    ok = check_conversion(config, tables, lines) && tables;
    g_clear_pointer(&tables, g_byte_array_unref);
    config_unref(config);
  }
  print_lines(lines, json, ok, file);
  return ok ? CLI_DONE : CLI_NO;
}

static int print_document(char *(*document)(void))
{
  g_autofree char *text = document();
  fputs(text, stdout);
  return CLI_DONE;
}

int cli_check(int argc, char **argv)
{
  struct cli_options options = {0};
  gboolean schema = FALSE, reference = FALSE;
  const GOptionEntry own[] = {
      {"relax-ng", 0, 0, G_OPTION_ARG_NONE, &schema, "print the RELAX NG schema of the configuration instead",
       NULL},
      {"reference", 0, 0, G_OPTION_ARG_NONE, &reference, "print the reference page instead (Markdown)", NULL},
      {NULL, 0, 0, 0, NULL, NULL, NULL}};
  int code = CLI_USAGE;
  if (!cli_options(&options, "[FILE]", own, &argc, &argv) || argc > 2)
    cli_usage("check [-c FILE | FILE] [--json] | --relax-ng | --reference");
  else if (schema || reference)
    code = print_document(schema ? config_relax_ng : config_reference);
  else
    code = check(argc == 2 ? argv[1] : cli_configuration(&options), options.json);
  cli_options_clear(&options);
  return code;
}
