/* gw400 - everything but the daemon: the table of subcommands (DESIGN section 6). */
#include "cli/commands.h"
#include "convert/client.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#define CONVERTER_SOCKET 3 /* `gw400 convert` runs its own sandboxed converter, as the daemon does */

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *help;
} commands[] = {
    {"check", cli_check, "validate configuration and mapping tables"},
    {"map", cli_map, "map addresses either way; --explain shows every rule"},
    {"convert", cli_convert, "convert a message file, without a daemon"},
    {"decode", cli_decode, "show any PDU or content as text, XML or JSON"},
    {"queue", cli_queue, "list, show, hold, release, retry, delete, export"},
    {"audit", cli_audit, "search, show, verify, export"},
    {"peer", cli_peer, "list the links; test PEER step by step"},
    {"source", cli_source, "generate load over P1"},
    {"sink", cli_sink, "take P1 messages and count them"},
    {"status", cli_status, "what the daemon is doing"},
    {"reload", cli_reload, "take the changed configuration into use"},
    {"backup", cli_backup, "copy queue and audit log while running"},
};

static int usage(FILE *out)
{
  fputs("usage: gw400 COMMAND [OPTION...]; gw400 COMMAND --help tells more\n\n", out);
  for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
    fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].help);
  return out == stdout ? CLI_DONE : CLI_USAGE;
}

int main(int argc, char **argv)
{
  if (argc < 2)
    return usage(stderr);
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
    return usage(stdout);
  if (strcmp(argv[1], "converter") == 0)
    return convert_worker_main(CONVERTER_SOCKET);
  for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
    if (strcmp(argv[1], commands[i].name) == 0)
      return commands[i].run(argc - 1, argv + 1);
  fprintf(stderr, "gw400: there is no command \"%s\"\n", argv[1]);
  return usage(stderr);
}
