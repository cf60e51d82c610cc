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

static gint64 number(const json_t *object, const char *key)
{
  return json_integer_value(json_object_get(object, key));
}

static void print_activity(const json_t *activity)
{
  if (strcmp(text(activity, "direction"), "in") == 0)
    printf("    receiving, %" G_GINT64_FORMAT " octets so far\n", number(activity, "octets"));
  else
    printf("    sending %s (%s) since %s, %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " octets\n",
           text(activity, "message"), text(activity, "priority"), text(activity, "since"),
           number(activity, "octets"), number(activity, "of"));
}

static void print_link(const json_t *link)
{
  bool urgent = strcmp(text(link, "for"), "urgent") == 0,
       bound = json_is_true(json_object_get(link, "bound"));
  printf("  %s %s  %s%s, sent %" G_GINT64_FORMAT ", received %" G_GINT64_FORMAT
         ", silent for %" G_GINT64_FORMAT " s\n",
         json_is_true(json_object_get(link, "initiator")) ? "to" : "from", text(link, "address"),
         bound ? "bound" : "not bound", urgent ? ", for urgent messages" : "", number(link, "sent"),
         number(link, "received"), number(link, "silent"));
  if (bound) {
    const char *turn = json_string_value(json_object_get(link, "turn"));
    printf("    since %s, %s, checkpoint %" G_GINT64_FORMAT "K, window %" G_GINT64_FORMAT
           ", session version %" G_GINT64_FORMAT ", TPDU %" G_GINT64_FORMAT ", %s%s%s\n",
           text(link, "since"), text(link, "mode"), number(link, "checkpoint-size"), number(link, "window"),
           number(link, "session-version"), number(link, "tpdu-max"), text(link, "dialogue"),
           turn ? ", the turn is " : "", turn ? turn : "");
  }
  if (json_object_get(link, "activity"))
    print_activity(json_object_get(link, "activity"));
  if (json_object_get(link, "last-error"))
    printf("    last error: %s\n", text(link, "last-error"));
  printf("    %s\n", text(link, "layers"));
}

static void print_addresses(const json_t *addresses)
{
  for (gsize i = 0; i < json_array_size(addresses); i++) {
    const json_t *address = json_array_get(addresses, i);
    if (json_object_get(address, "rests-until"))
      printf("  address %s is not called until %s\n", text(address, "at"), text(address, "rests-until"));
  }
}

static void print_peer(const json_t *peer)
{
  json_t *links = json_object_get(peer, "associations");
  gsize count = json_array_size(links);
  printf("%-20s %zu association%s\n", text(peer, "peer"), count, count == 1 ? "" : "s");
  for (gsize i = 0; i < count; i++)
    print_link(json_array_get(links, i));
  print_addresses(json_object_get(peer, "addresses"));
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
