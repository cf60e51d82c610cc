/* print.h - answers of the daemon for people: columns, times, and texts of strangers made safe for a
 * terminal. */
#ifndef GW400_CLI_PRINT_H
#define GW400_CLI_PRINT_H

#include "cli/commands.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* What the daemon's clients have in common. */
struct cli_options {
  char *configuration; /* -c FILE */
  gboolean json;       /* --json */
  char *output;        /* -o FILE; NULL: stdout */
};
/* Takes -c, --json and the command's own options out of argv. False: told on stderr, exit with CLI_USAGE. */
bool cli_options(struct cli_options *options, const char *usage, const GOptionEntry *own, int *argc,
                 char ***argv);
void cli_options_clear(struct cli_options *options);
const char *cli_configuration(const struct cli_options *options);
/* "usage: gw400 WHAT", for what cli_options() could not see; CLI_USAGE. */
int cli_usage(const char *what);

/* The member as a text; "" when it is absent. Control characters and broken UTF-8, which strangers may have
 * put there, become
 * '?'. Caller frees. */
char *cli_text(const json_t *object, const char *key);
/* "2026-11-23 19:47:01" of a time as the daemon writes it; "" when absent. */
char *cli_time(const json_t *object, const char *key);
/* Octets as 512, 20K, 1.5M. */
char *cli_size(json_int_t octets);

/* Lines of cells, printed in columns as wide as their widest cell; the last one is not padded. */
struct cli_table;
struct cli_table *cli_table_new(const char *const *heads, guint columns);
/* Takes the cells over, one for each column. */
void cli_table_add(struct cli_table *table, char *const *cells);
guint cli_table_rows(const struct cli_table *table);
void cli_table_print(const struct cli_table *table);
void cli_table_free(struct cli_table *table);

void cli_json(const json_t *value); /* indented, on stdout */

#endif
