/* check.c - `gw400 check`: the configuration, and what it names: mapping tables, routes, addresses. Prints
 * every mistake as "file:line: message"; exit 0 when there is none (warnings do not count), 1 otherwise. */
#include <glib.h>
#include <stdio.h>

#include "cli/commands.h"
#include "cli/config_check.h"
#include "cli/print.h"
#include "config/config.h"

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
  bool ok = config_check(file, lines);
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
