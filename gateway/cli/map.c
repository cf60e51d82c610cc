/* map.c - `gw400 map ADDRESS...`: addresses either way, with the rules that were tried (DESIGN section 6).
 *
 * A mailbox is mapped as a recipient that came by SMTP, an O/R address (/.../ or ;) as one that came by
 * X.400. Without addresses they are read from standard input, one a line. */
#include "cli/commands.h"
#include "cli/offline.h"
#include "cli/control.h"
#include "mapping/mapping.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct map_options {
  gboolean json, explain;
  const char *file; /* the configuration */
};

static json_t *strings(const GPtrArray *lines)
{
  json_t *list = json_array();
  for (guint i = 0; i < lines->len; i++)
    json_array_append_new(list, json_string(lines->pdata[i]));
  return list;
}

static json_t *optional(const char *text)
{
  return text ? json_string(text) : json_null();
}

static void print_json(const struct mapping_job *job, const struct mapping_result *result, bool explain)
{
  json_t *answer = json_object();
  json_object_set_new(answer, "address", json_string(job->text));
  json_object_set_new(answer, "to", json_string(job->to_x400 ? "x400" : "smtp"));
  json_object_set_new(answer, "ok", json_boolean(result->status == MAPPING_OK));
  json_object_set_new(answer, "mapped", optional(result->mapped));
  json_object_set_new(answer, "hop", optional(result->hop));
  json_object_set_new(answer, "code", optional(result->code));
  json_object_set_new(answer, "words", optional(result->words));
  if (explain)
    json_object_set_new(answer, "rules", strings(result->lines));
  json_dumpf(answer, stdout, JSON_COMPACT);
  putchar('\n');
  json_decref(answer);
}

static void print_text(const struct mapping_job *job, const struct mapping_result *result)
{
  printf("%s\n", job->text);
  for (guint i = 0; i < result->lines->len; i++)
    printf("     %s\n", (char *)result->lines->pdata[i]);
  if (result->mapped)
    printf("  -> %s\n", result->mapped);
  if (result->hop)
    printf("     next hop %s\n", result->hop);
  if (result->status != MAPPING_OK)
    printf("     refused: %s%s%s\n", result->code ? result->code : "", result->code ? " " : "",
           result->words);
}

/* --- look-ups outside the tables: the daemon of this configuration does them ------------------------- */

enum { ROUNDS_MAX = 20 };

static json_t *question_of(const GPtrArray *lacking)
{
  json_t *items = json_array();
  for (guint i = 0; i < lacking->len; i++) {
    const struct mapping_lookup *lookup = lacking->pdata[i];
    json_array_append_new(items, json_pack("{s:s,s:s,s:s}", "source", lookup->source, "name", lookup->name, "root",
                                           lookup->root));
  }
  return json_pack("{s:s,s:o}", "op", "lookup", "items", items);
}

static const char *member(const json_t *item, const char *key)
{
  const char *text = json_string_value(json_object_get(item, key));
  return text ? text : "";
}

static struct mapping_lookup *read_answer(const json_t *item)
{
  struct mapping_lookup *answer =
      mapping_lookup_new(member(item, "source"), member(item, "name"), member(item, "root"));
  const char *state = member(item, "state");
  const json_t *records = json_object_get(item, "records");
  answer->state = strcmp(state, "found") == 0       ? MAPPING_LOOKUP_FOUND
                  : strcmp(state, "not-found") == 0 ? MAPPING_LOOKUP_NOT_FOUND
                                                    : MAPPING_LOOKUP_INDETERMINATE;
  answer->words = g_strdup(member(item, "words"));
  for (gsize i = 0; i < json_array_size(records); i++)
    g_ptr_array_add(answer->records, g_strdup(json_string_value(json_array_get(records, i))));
  return answer;
}

static void tell_lacking(const GPtrArray *lacking)
{
  for (guint i = 0; i < lacking->len; i++) {
    const struct mapping_lookup *lookup = lacking->pdata[i];
    fprintf(stderr, "gw400 map: lacks the look-up of %s%s%s in %s\n", lookup->name, *lookup->root ? " under " : "",
            lookup->root, lookup->source);
  }
}

/* Answers what the job lacks; CLI_DONE, or the exit code with the reason on stderr. */
static int look_up(const char *file, const GPtrArray *lacking, struct mapping_job *job)
{
  json_t *answer = NULL;
  int code = file ? control_ask(file, question_of(lacking), &answer) : CLI_TEMPORARY;
  if (code != CLI_DONE) {
    tell_lacking(lacking);
    return code;
  }
  const json_t *items = json_object_get(answer, "items");
  for (gsize i = 0; i < json_array_size(items); i++)
    g_ptr_array_add(job->answers, read_answer(json_array_get(items, i)));
  json_decref(answer);
  return CLI_DONE;
}

static int map_one(struct mapping_context *context, const char *text, const struct map_options *options)
{
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_MAP);
  g_autoptr(mapping_result_t) result = NULL;
  job->text = g_strstrip(g_strdup(text));
  if (!*job->text)
    return CLI_DONE;
  /* "@" is in no O/R address: PrintableString has none. */
  job->to_x400 = strchr(job->text, '@') || !strchr(job->text, '=');
  job->explain = options->explain;
  int code = CLI_DONE;
  for (guint round = 0;; round++) {
    g_clear_pointer(&result, mapping_result_free);
    result = mapping_run(context, job);
    if (result->status != MAPPING_LACKS || round == ROUNDS_MAX)
      break;
    if ((code = look_up(options->file, result->lookups, job)) != CLI_DONE)
      return code;
  }
  if (options->json)
    print_json(job, result, options->explain);
  else
    print_text(job, result);
  return result->status == MAPPING_OK ? CLI_DONE : CLI_NO;
}

static int worse(int a, int b)
{
  return a > b ? a : b;
}

static int map_input(struct mapping_context *context, const struct map_options *options)
{
  int code = CLI_DONE;
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) >= 0)
    code = worse(code, map_one(context, line, options));
  free(line);
  return code;
}

static int map_all(const char *file, int argc, char **argv, const struct map_options *options)
{
  struct cli_offline offline;
  if (!cli_offline_load(file, &offline))
    return CLI_NO;
  g_autoptr(GError) error = NULL;
  struct mapping_context *context = mapping_context_new(offline.settings, offline.tables_fd, &error);
  int code = CLI_NO;
  if (!context) {
    fprintf(stderr, "gw400 map: %s\n", error->message);
  } else if (argc == 1 || (argc == 2 && strcmp(argv[1], "-") == 0)) {
    code = map_input(context, options);
  } else {
    code = CLI_DONE;
    for (int i = 1; i < argc; i++)
      code = worse(code, map_one(context, argv[i], options));
  }
  mapping_context_free(context);
  cli_offline_clear(&offline);
  return code;
}

int cli_map(int argc, char **argv)
{
  struct map_options options = {FALSE, FALSE, NULL};
  g_autofree char *file = NULL;
  GOptionEntry entries[] = {
      {"config", 'c', 0, G_OPTION_ARG_FILENAME, &file, "configuration; without it a built-in sample", "FILE"},
      {"explain", 0, 0, G_OPTION_ARG_NONE, &options.explain,
       "every rule tried, the way back, and whether a reply would work", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "one JSON object a line", NULL},
      {NULL, 0, 0, 0, NULL, NULL, NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("[ADDRESS...]");
  g_autoptr(GError) error = NULL;
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    fprintf(stderr, "gw400 map: %s\n", error->message);
    return CLI_USAGE;
  }
  options.file = file;
  return map_all(file, argc, argv, &options);
}
