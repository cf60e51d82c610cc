/* daemon.c - `gw400 status`, `reload` and `backup DIR`: one question to the daemon each. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/config_check.h"
#include "cli/control.h"
#include "cli/print.h"

static void print_status(const json_t *answer)
{
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)answer, name, value)
  {
    if (strcmp(name, "ok") == 0)
      continue;
    g_autofree char *text = strcmp(name, "since") == 0 ? cli_time(answer, name) : cli_text(answer, name);
    if (json_is_string(value))
      printf("%-16s%s\n", name, text);
    else if (json_is_integer(value))
      printf("%-16s%" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
    else if (json_is_boolean(value))
      printf("%-16s%s\n", name, json_is_true(value) ? "yes" : "no");
    for (gsize i = 0; i < json_array_size(value); i++)
      printf("%-16s%s\n", i ? "" : name, json_string_value(json_array_get(value, i)));
  }
}

/* after: called with the configuration when the answer is yes, or NULL. */
static int one_question(int argc, char **argv, const char *usage, bool folder,
                        void (*print)(const json_t *answer, const char *folder),
                        void (*after)(const char *file))
{
  struct cli_options options = {0};
  int code = CLI_USAGE;
  if (!cli_options(&options, folder ? "DIR" : NULL, NULL, &argc, &argv) || argc != 1 + folder) {
    code = cli_usage(usage);
  } else {
    g_autofree char *path = folder ? g_canonicalize_filename(argv[1], NULL) : NULL;
    json_t *answer = NULL, *question = json_pack("{s:s}", "op", argv[0]);
    if (folder)
      json_object_set_new(question, "folder", json_string(path));
    code = control_ask(cli_configuration(&options), question, &answer);
    if (code == CLI_DONE && options.json)
      cli_json(answer);
    else if (code == CLI_DONE)
      print(answer, path);
    if (code == CLI_DONE && after)
      after(cli_configuration(&options));
    json_decref(answer);
  }
  cli_options_clear(&options);
  return code;
}

static void print_state(const json_t *answer, const char *folder)
{
  (void)folder;
  print_status(answer);
}

int cli_status(int argc, char **argv)
{
  return one_question(argc, argv, "status [-c FILE] [--json]", false, print_state, NULL);
}

static void print_generation(const json_t *answer, const char *folder)
{
  (void)folder;
  g_autofree char *restart = cli_text(answer, "restart");
  printf("generation %" JSON_INTEGER_FORMAT " is in use\n",
         json_integer_value(json_object_get(answer, "generation")));
  if (*restart)
    printf("a restart is needed for: %s\n", restart);
}

/* A configuration that is in use may still be worth a look. */
static void tell_warnings(const char *file)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  (void)config_check(file, lines);
  for (guint i = 0; i < lines->len; i++)
    fprintf(stderr, "%s\n", (const char *)lines->pdata[i]);
}

int cli_reload(int argc, char **argv)
{
  return one_question(argc, argv, "reload [-c FILE] [--json]", false, print_generation, tell_warnings);
}

static void print_backup(const json_t *answer, const char *folder)
{
  (void)answer;
  printf("queue and audit log are copied to %s\n", folder);
}

int cli_backup(int argc, char **argv)
{
  return one_question(argc, argv, "backup [-c FILE] [--json] DIR", true, print_backup, NULL);
}
