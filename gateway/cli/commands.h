/* commands.h - the subcommands of gw400, one per file of this folder.
 *
 * Each takes its own argument vector (argv[0] is the subcommand's name) and returns the exit code: 0 done, 1
 * the answer is no (invalid, not found, refused), 2 usage, 75 temporary (the daemon is down).  Output for
 * people; --json for programs. */
#ifndef GW400_CLI_COMMANDS_H
#define GW400_CLI_COMMANDS_H

#define CLI_CONFIGURATION "/etc/gw400/gw400.xml"

enum cli_exit { CLI_DONE = 0, CLI_NO = 1, CLI_USAGE = 2, CLI_TEMPORARY = 75 };

int cli_audit(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_convert(int argc, char **argv);
int cli_decode(int argc, char **argv);
int cli_map(int argc, char **argv);
int cli_peer(int argc, char **argv);
int cli_queue(int argc, char **argv);
int cli_reload(int argc, char **argv);
int cli_sink(int argc, char **argv);
int cli_source(int argc, char **argv);
int cli_status(int argc, char **argv);

#endif
