/* audit.c - `gw400 audit`: where each message went, by any identifier, and whether the log is whole. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/control.h"
#include "cli/print.h"
#include "cli/timeline.h"

static const char usage[] = "audit [-c FILE] [--json] search | show IDENTIFIER | verify | export [-o FILE]";

struct audit_options {
  struct cli_options common;
  char *kind, *event, *text, *from, *to;
  gint limit;
};

static void set_text(json_t *question, const char *key, const char *text)
{
  if (text)
    json_object_set_new(question, key, json_string(text));
}

static json_t *search_question(const struct audit_options *options)
{
  json_t *question = json_pack("{s:s,s:i}", "op", "audit.search", "limit", 1000);
  set_text(question, "event", options->event);
  set_text(question, "text", options->text);
  set_text(question, "from", options->from);
  set_text(question, "to", options->to);
  return question;
}

static void collect(void *user, json_t *item)
{
  json_array_append(user, item);
}

static void print_record(void *user, json_t *record)
{
  timeline_print(record, true);
  ++*(guint64 *)user;
}

static int search(const struct audit_options *options)
{
  const char *configuration = cli_configuration(&options->common);
  guint64 most = (guint64)MAX(options->limit, 0), printed = 0;
  if (!options->common.json) {
    int code = control_ask_all(configuration, search_question(options), most, print_record, &printed);
    if (code == CLI_DONE && printed == 0)
      fputs("gw400: no record is like that\n", stderr);
    return code == CLI_DONE && printed == 0 ? CLI_NO : code;
  }
  json_t *records = json_array();
  int code = control_ask_all(configuration, search_question(options), most, collect, records);
  if (code == CLI_DONE)
    cli_json(records);
  code = code == CLI_DONE && json_array_size(records) == 0 ? CLI_NO : code;
  json_decref(records);
  return code;
}

/* --- show: every message known by the identifier, each with its timeline
 * ----------------------------------------------------- */

static void print_line(void *user, json_t *record)
{
  (void)user;
  timeline_print(record, false);
}

static int print_timelines(const char *configuration, const json_t *messages)
{
  int code = CLI_DONE;
  gsize index;
  json_t *item;
  json_array_foreach(messages, index, item)
  {
    g_autofree char *id = cli_text(item, "message");
    printf("%smessage %s\n", index ? "\n" : "", id);
    json_t *question = json_pack("{s:s,s:s}", "op", "audit.show", "id", id);
    int answer = control_ask_all(configuration, question, 0, print_line, NULL);
    code = MAX(code, answer);
  }
  return code;
}

static int dump_timelines(const char *configuration, const json_t *messages)
{
  int code = CLI_DONE;
  gsize index;
  json_t *item, *all = json_array();
  json_array_foreach(messages, index, item)
  {
    json_t *records = json_array(), *id = json_object_get(item, "message");
    json_t *question = json_pack("{s:s,s:O}", "op", "audit.show", "id", id);
    int answer = control_ask_all(configuration, question, 0, collect, records);
    code = MAX(code, answer);
    json_array_append_new(all, json_pack("{s:O,s:o}", "message", id, "timeline", records));
  }
  if (code == CLI_DONE)
    cli_json(all);
  json_decref(all);
  return code;
}

static int show(const struct audit_options *options, const char *identifier)
{
  const char *configuration = cli_configuration(&options->common);
  json_t *question = json_pack("{s:s,s:s,s:i}", "op", "audit.find", "value", identifier, "limit", 1000);
  set_text(question, "kind", options->kind);
  json_t *messages = json_array();
  int code = control_ask_all(configuration, question, 0, collect, messages);
  /* Known by nothing else: then it is a queue identifier, or nothing. */
  if (code == CLI_DONE && json_array_size(messages) == 0)
    json_array_append_new(messages, json_pack("{s:s}", "message", identifier));
  if (code == CLI_DONE)
    code = options->common.json ? dump_timelines(configuration, messages)
                                : print_timelines(configuration, messages);
  json_decref(messages);
  return code;
}

/* --- verify, export
 * ------------------------------------------------------------------------------------------------------------
 */

static int verify(const struct audit_options *options)
{
  json_t *answer = NULL;
  int code =
      control_ask(cli_configuration(&options->common), json_pack("{s:s}", "op", "audit.verify"), &answer);
  if (code != CLI_DONE)
    return code;
  if (options->common.json)
    cli_json(answer);
  else
    printf("%" JSON_INTEGER_FORMAT " records, each fits the one before it\n",
           json_integer_value(json_object_get(answer, "records")));
  json_decref(answer);
  return CLI_DONE;
}

static void export_line(void *user, json_t *record)
{
  json_dumpf(record, user, JSON_COMPACT);
  fputc('\n', user);
}

/* One JSON object on each line, whatever --json says: what programs and archives take. */
static int export(const struct audit_options *options)
{
  FILE *out = options->common.output ? fopen(options->common.output, "wxe") : stdout;
  if (!out) {
    fprintf(stderr, "gw400 audit export: %s: %s\n", options->common.output, g_strerror(errno));
    return CLI_NO;
  }
  int code = control_ask_all(cli_configuration(&options->common), search_question(options),
                             (guint64)MAX(options->limit, 0), export_line, out);
  bool written = !ferror(out) && fflush(out) == 0;
  if (!written)
    fprintf(stderr, "gw400 audit export: cannot write: %s\n", g_strerror(errno));
  if (options->common.output)
    fclose(out);
  return written ? code : CLI_NO;
}

static int run(const struct audit_options *options, int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";
  if (argc == 2 && strcmp(what, "search") == 0)
    return search(options);
  if (argc == 3 && strcmp(what, "show") == 0)
    return show(options, argv[2]);
  if (argc == 2 && strcmp(what, "verify") == 0)
    return verify(options);
  if (argc == 2 && strcmp(what, "export") == 0)
    return export(options);
  return cli_usage(usage);
}

int cli_audit(int argc, char **argv)
{
  struct audit_options options = {0};
  const GOptionEntry own[] = {
      {"kind", 0, 0, G_OPTION_ARG_STRING, &options.kind,
       "show: what the identifier is (message-id, mts-id, envid, address, ...)", "KIND"},
      {"event", 0, 0, G_OPTION_ARG_STRING, &options.event, "search, export: only this event", "EVENT"},
      {"text", 0, 0, G_OPTION_ARG_STRING, &options.text, "search, export: details that contain it", "TEXT"},
      {"from", 0, 0, G_OPTION_ARG_STRING, &options.from, "search, export: from this time on (ISO 8601, UTC)",
       "TIME"},
      {"to", 0, 0, G_OPTION_ARG_STRING, &options.to, "search, export: before this time", "TIME"},
      {"limit", 0, 0, G_OPTION_ARG_INT, &options.limit, "search, export: at most so many", "N"},
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.common.output, "export: into this new file", "FILE"},
      {NULL, 0, 0, 0, NULL, NULL, NULL}};
  int code = CLI_USAGE;
  if (cli_options(&options.common, "search | show IDENTIFIER | verify | export", own, &argc, &argv))
    code = run(&options, argc, argv);
  g_free(options.kind);
  g_free(options.event);
  g_free(options.text);
  g_free(options.from);
  g_free(options.to);
  cli_options_clear(&options.common);
  return code;
}
