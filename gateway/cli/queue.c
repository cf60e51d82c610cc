/* queue.c - `gw400 queue`: the messages that the gateway still has, and what an operator does with them.
 *
 * A message is named by its queue identifier or by any other identifier by which the store knows it. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/control.h"
#include "cli/print.h"
#include "cli/timeline.h"

static const char usage[] =
    "queue [-c FILE] [--json] list | show ID | hold ID... | release ID... | retry ID... | delete ID... |"
    " export ID [-o FILE]";

struct queue_options {
  struct cli_options common;
  char *state, *hop, *address, *origin, *why;
  gboolean held;
  gint limit;
};

/* --- list
 * ---------------------------------------------------------------------------------------------------------------
 */

static void set_text(json_t *question, const char *key, const char *text)
{
  if (text)
    json_object_set_new(question, key, json_string(text));
}

static char *recipients_cell(const json_t *message)
{
  const json_t *recipients = json_object_get(message, "recipients");
  gsize count = json_array_size(recipients);
  if (count == 0)
    return g_strdup("-");
  const json_t *first = json_array_get(recipients, 0);
  g_autofree char *address = cli_text(first, "address"), *hop = cli_text(first, "hop");
  g_autofree char *more = count > 1 ? g_strdup_printf(" and %zu more", count - 1) : g_strdup("");
  return g_strdup_printf("%s%s%s%s", address, *hop ? " by " : "", hop, more);
}

/* What keeps it: why it is parked, or the last outcome of a recipient. */
static char *reason_of(const json_t *message)
{
  char *reason = cli_text(message, "reason");
  const json_t *recipients = json_object_get(message, "recipients");
  for (gsize i = 0; !*reason && i < json_array_size(recipients); i++) {
    g_free(reason);
    reason = cli_text(json_array_get(recipients, i), "reason");
  }
  return reason;
}

static void list_item(void *user, json_t *message)
{
  bool held = json_is_true(json_object_get(message, "held"));
  g_autofree char *state = cli_text(message, "state");
  char *const cells[] = {
      cli_text(message, "id"),       held ? g_strconcat(state, ", held", NULL) : g_strdup(state),
      cli_text(message, "priority"), cli_size(json_integer_value(json_object_get(message, "size"))),
      cli_time(message, "received"), cli_text(message, "origin"),
      recipients_cell(message),      reason_of(message)};
  cli_table_add(user, cells);
}

static void list_json(void *user, json_t *message)
{
  json_array_append(user, message);
}

static int list(const struct queue_options *options)
{
  static const char *const heads[] = {"IDENTIFIER",     "STATE", "PRIORITY", "SIZE",
                                      "RECEIVED (UTC)", "FROM",  "TO",       "REASON"};
  json_t *question = json_pack("{s:s}", "op", "queue.list");
  set_text(question, "state", options->state);
  set_text(question, "hop", options->hop);
  set_text(question, "address", options->address);
  set_text(question, "origin", options->origin);
  if (options->held)
    json_object_set_new(question, "held", json_true());
  const char *configuration = cli_configuration(&options->common);
  guint64 most = (guint64)MAX(options->limit, 0);
  if (options->common.json) {
    json_t *items = json_array();
    int code = control_ask_all(configuration, question, most, list_json, items);
    if (code == CLI_DONE)
      cli_json(items);
    json_decref(items);
    return code;
  }
  struct cli_table *table = cli_table_new(heads, G_N_ELEMENTS(heads));
  int code = control_ask_all(configuration, question, most, list_item, table);
  if (code == CLI_DONE && cli_table_rows(table))
    cli_table_print(table);
  else if (code == CLI_DONE)
    puts("no such message is in the queue");
  cli_table_free(table);
  return code;
}

/* --- show
 * ---------------------------------------------------------------------------------------------------------------
 */

static void print_field(const char *name, char *text)
{
  if (*text)
    printf("%-12s%s\n", name, text);
  g_free(text);
}

static void print_message(const json_t *message)
{
  print_field("identifier", cli_text(message, "id"));
  print_field("about", cli_text(message, "about"));
  print_field("state", cli_text(message, "state"));
  if (json_is_true(json_object_get(message, "held")))
    print_field("held", g_strdup("yes"));
  print_field("reason", cli_text(message, "reason"));
  print_field("priority", cli_text(message, "priority"));
  print_field("size", cli_size(json_integer_value(json_object_get(message, "size"))));
  print_field("from", cli_text(message, "origin"));
  print_field("received", cli_time(message, "received"));
  print_field("expires", cli_time(message, "expires"));
}

static void print_recipients(const json_t *message)
{
  static const char *const heads[] = {"#",        "STATE", "ADDRESS",        "AS",
                                      "NEXT HOP", "TRIES", "NEXT TRY (UTC)", "LAST OUTCOME"};
  struct cli_table *table = cli_table_new(heads, G_N_ELEMENTS(heads));
  gsize index;
  json_t *recipient;
  json_array_foreach(json_object_get(message, "recipients"), index, recipient)
  {
    g_autofree char *state = cli_text(recipient, "state"), *code = cli_text(recipient, "code"),
                    *reason = cli_text(recipient, "reason");
    bool waits = strcmp(state, "routed") == 0;
    char *const cells[] = {
        g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(recipient, "ordinal"))),
        g_strdup(waits ? "waiting" : state),
        cli_text(recipient, "address"),
        cli_text(recipient, "mapped"),
        cli_text(recipient, "hop"),
        g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(recipient, "attempts"))),
        waits ? cli_time(recipient, "due") : g_strdup(""),
        g_strstrip(g_strdup_printf("%s %s", code, reason))};
    cli_table_add(table, cells);
  }
  if (cli_table_rows(table)) {
    putchar('\n');
    cli_table_print(table);
  }
  cli_table_free(table);
}

static void print_record(void *user, json_t *record)
{
  (void)user;
  timeline_print(record, false);
}

static int show(const struct queue_options *options, const char *id)
{
  const char *configuration = cli_configuration(&options->common);
  json_t *answer = NULL;
  int code = control_ask(configuration, json_pack("{s:s,s:s}", "op", "queue.show", "id", id), &answer);
  if (code != CLI_DONE)
    return code;
  json_t *message = json_object_get(answer, "message");
  json_t *question = json_pack("{s:s,s:O}", "op", "audit.show", "id", json_object_get(message, "id"));
  if (options->common.json) {
    json_t *records = json_array();
    code = control_ask_all(configuration, question, 0, list_json, records);
    json_object_set_new(message, "timeline", records);
    if (code == CLI_DONE)
      cli_json(message);
  } else {
    print_message(message);
    print_recipients(message);
    putchar('\n');
    code = control_ask_all(configuration, question, 0, print_record, NULL);
  }
  json_decref(answer);
  return code;
}

/* --- change
 * -------------------------------------------------------------------------------------------------------------
 */

static int change(const struct queue_options *options, const char *what, char *const *ids)
{
  int worst = CLI_DONE;
  json_t *done = json_array();
  for (; *ids; ids++) {
    g_autofree char *op = g_strconcat("queue.", what, NULL);
    json_t *question = json_pack("{s:s,s:s,s:s}", "op", op, "id", *ids, "by", g_get_user_name());
    set_text(question, "why", options->why);
    json_t *answer = NULL;
    int code = control_ask(cli_configuration(&options->common), question, &answer);
    if (code == CLI_DONE && !options->common.json)
      printf("%s: %s done\n", *ids, what);
    json_array_append_new(done, json_pack("{s:s,s:b}", "id", *ids, "ok", code == CLI_DONE));
    worst = MAX(worst, code);
    json_decref(answer);
    if (code == CLI_TEMPORARY)
      break;
  }
  if (options->common.json)
    cli_json(done);
  json_decref(done);
  return worst;
}

/* --- export
 * -------------------------------------------------------------------------------------------------------------
 */

static bool put_block(const json_t *answer, FILE *out)
{
  const char *data = json_string_value(json_object_get(answer, "data"));
  gsize length = 0;
  g_autofree guchar *octets = data ? g_base64_decode(data, &length) : NULL;
  return octets && fwrite(octets, 1, length, out) == length;
}

static int export_to(const struct queue_options *options, const char *id, FILE *out)
{
  json_t *offset = json_integer(0);
  int code = CLI_DONE;
  bool written = true;
  while (offset && written && code == CLI_DONE) {
    json_t *answer = NULL;
    code = control_ask(cli_configuration(&options->common),
                       json_pack("{s:s,s:s,s:o}", "op", "queue.export", "id", id, "offset", offset), &answer);
    written = code != CLI_DONE || put_block(answer, out);
    offset = code == CLI_DONE ? json_object_get(answer, "next") : NULL;
    json_incref(offset);
    json_decref(answer);
  }
  json_decref(offset);
  if (written && fflush(out) == 0)
    return code;
  fprintf(stderr, "gw400 queue export: cannot write: %s\n", g_strerror(errno));
  return CLI_NO;
}

/* The stored octets as they came: a mail, or a P1 APDU. */
static int export(const struct queue_options *options, const char *id)
{
  if (!options->common.output)
    return export_to(options, id, stdout);
  FILE *out = fopen(options->common.output, "wbxe");
  if (!out) {
    fprintf(stderr, "gw400 queue export: %s: %s\n", options->common.output, g_strerror(errno));
    return CLI_NO;
  }
  int code = export_to(options, id, out);
  fclose(out);
  return code;
}

static int run(const struct queue_options *options, int argc, char **argv)
{
  static const char *const changes[] = {"hold", "release", "retry", "delete", NULL};
  const char *what = argc > 1 ? argv[1] : "";
  if (argc == 2 && strcmp(what, "list") == 0)
    return list(options);
  if (argc == 3 && strcmp(what, "show") == 0)
    return show(options, argv[2]);
  if (argc == 3 && strcmp(what, "export") == 0)
    return export(options, argv[2]);
  if (argc > 2 && g_strv_contains(changes, what))
    return change(options, what, argv + 2);
  return cli_usage(usage);
}

int cli_queue(int argc, char **argv)
{
  struct queue_options options = {0};
  const GOptionEntry own[] = {
      {"state", 0, 0, G_OPTION_ARG_STRING, &options.state, "list: received, routed, parked or done", "STATE"},
      {"held", 0, 0, G_OPTION_ARG_NONE, &options.held, "list: only what is held", NULL},
      {"hop", 0, 0, G_OPTION_ARG_STRING, &options.hop, "list: by next hop (p1:PEER, smtp:DOMAIN)", "HOP"},
      {"address", 0, 0, G_OPTION_ARG_STRING, &options.address, "list: by a recipient's address", "ADDRESS"},
      {"from", 0, 0, G_OPTION_ARG_STRING, &options.origin, "list: by origin (smtp, p1:PEER, report)",
       "ORIGIN"},
      {"limit", 0, 0, G_OPTION_ARG_INT, &options.limit, "list: at most so many", "N"},
      {"why", 0, 0, G_OPTION_ARG_STRING, &options.why, "hold, release, retry, delete: noted in the audit log",
       "TEXT"},
      {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.common.output, "export: into this new file", "FILE"},
      {NULL, 0, 0, 0, NULL, NULL, NULL}};
  int code = CLI_USAGE;
  if (cli_options(&options.common,
                  "list | show ID | hold ID... | release ID... | retry ID... | delete ID... | export ID", own,
                  &argc, &argv))
    code = run(&options, argc, argv);
  g_free(options.state);
  g_free(options.hop);
  g_free(options.address);
  g_free(options.origin);
  g_free(options.why);
  cli_options_clear(&options.common);
  return code;
}
