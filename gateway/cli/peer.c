/* peer.c - `gw400 peer list` (the daemon's links), `gw400 peer test PEER` (a call of our own, step by step)
 * and `gw400 peer record PEER` (the octets of the last dialogue).
 *
 * The test opens an association exactly as the daemon would, from the same configuration, and releases it.
 * Each step that is passed is named; the one that fails is told with what came back and which side must
 * change what. */
#include "cli/commands.h"
#include "cli/control.h"
#include "cli/peer_record.h"
#include "cli/peer_test.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

static const char *text(const json_t *object, const char *key)
{
  const char *value = json_string_value(json_object_get(object, key));
  return value ? value : "-";
}

static void print_link(const json_t *link)
{
  printf("  %s %s  %s, sent %" JSON_INTEGER_FORMAT ", received %" JSON_INTEGER_FORMAT "\n",
         json_is_true(json_object_get(link, "initiator")) ? "to" : "from", text(link, "address"),
         json_is_true(json_object_get(link, "bound")) ? "bound" : "not bound",
         json_integer_value(json_object_get(link, "sent")),
         json_integer_value(json_object_get(link, "received")));
  printf("    since %s, checkpoint %" JSON_INTEGER_FORMAT "K, window %" JSON_INTEGER_FORMAT
         ", session version %" JSON_INTEGER_FORMAT ", TPDU %" JSON_INTEGER_FORMAT ", %s\n    %s\n",
         text(link, "since"), json_integer_value(json_object_get(link, "checkpoint-size")),
         json_integer_value(json_object_get(link, "window")),
         json_integer_value(json_object_get(link, "session-version")),
         json_integer_value(json_object_get(link, "tpdu-max")), text(link, "dialogue"), text(link, "layers"));
}

static void print_peer(const json_t *peer)
{
  json_t *links = json_object_get(peer, "associations");
  gsize count = json_array_size(links);
  printf("%-20s %zu association%s\n", text(peer, "peer"), count, count == 1 ? "" : "s");
  for (gsize i = 0; i < count; i++)
    print_link(json_array_get(links, i));
  if (json_object_get(peer, "last-error"))
    printf("  last error: %s\n  next try:   %s\n", text(peer, "last-error"), text(peer, "next-try"));
}

static int list(const char *configuration, bool json)
{
  json_t *answer = NULL;
  int code = control_ask(configuration, json_pack("{s:s}", "op", "peer.list"), &answer);
  if (code != CLI_DONE)
    return code;
  json_t *items = json_object_get(answer, "items");
  if (json) {
    json_dumpf(items, stdout, JSON_INDENT(2));
    putchar('\n');
  } else {
    for (gsize i = 0; i < json_array_size(items); i++)
      print_peer(json_array_get(items, i));
  }
  json_decref(answer);
  return CLI_DONE;
}

int cli_peer(int argc, char **argv)
{
  g_autofree char *configuration = NULL;
  g_autofree char *pcap = NULL, *mode = NULL;
  enum p1_mode tried;
  gboolean json = FALSE, text = FALSE, last = FALSE, open = FALSE;
  int seconds = 15;
  GOptionEntry options[] = {
      {"config", 'c', 0, G_OPTION_ARG_FILENAME, &configuration, "the configuration (" CLI_CONFIGURATION ")",
       "FILE"},
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "JSON for programs", NULL},
      {"wait", 0, 0, G_OPTION_ARG_INT, &seconds, "test: seconds for the call (15)", "N"},
      {"mode", 0, 0, G_OPTION_ARG_STRING, &mode,
       "test: 1988-normal, 1988-x410 or 1984 instead of the entry's", "MODE"},
      {"text", 0, 0, G_OPTION_ARG_NONE, &text, "record: in words, which is the default", NULL},
      {"pcap", 0, 0, G_OPTION_ARG_FILENAME, &pcap, "record: as a capture, for tshark", "FILE"},
      {"last", 0, 0, G_OPTION_ARG_NONE, &last,
       "record: of the last dialogue, not of the last that ended in an error", NULL},
      {"open", 0, 0, G_OPTION_ARG_NONE, &open, "record: of an association that is open", NULL},
      {NULL, 0, 0, 0, NULL, NULL, NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("list | test PEER | record PEER");
  g_autoptr(GError) error = NULL;
  g_option_context_add_main_entries(context, options, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error)) {
    fprintf(stderr, "gw400 peer: %s\n", error->message);
    return CLI_USAGE;
  }
  const char *file = configuration ? configuration : CLI_CONFIGURATION;
  if (argc == 2 && strcmp(argv[1], "list") == 0)
    return list(file, json);
  if (argc == 3 && strcmp(argv[1], "test") == 0 && (!mode || p1_mode_parse(mode, &tried)))
    return peer_test(file, argv[2], mode ? &tried : NULL, (guint)CLAMP(seconds, 1, 600), json);
  if (argc == 3 && strcmp(argv[1], "record") == 0 && !(text && pcap) && !(last && open))
    return peer_record(file, argv[2], open ? "open" : last ? "last" : "error", pcap);
  fputs("usage: gw400 peer [-c FILE] [--json] list | test [--wait N] [--mode MODE] PEER | record [--last | "
        "--open] [--text "
        "| --pcap "
        "FILE] PEER\n",
        stderr);
  return CLI_USAGE;
}
