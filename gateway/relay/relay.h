/* relay.h - the relay process: the transaction accept -> store -> read -> route -> write -> deliver ->
 * report.
 *
 * One event loop owns every socket and protocol machine; the store's threads and the converters do what would
 * block it. The relay moves messages and never looks into them.  Its public face is relay_main(); the rest of
 * this folder is private. */
#ifndef GW400_RELAY_RELAY_H
#define GW400_RELAY_RELAY_H

#include <glib.h>

struct relay_start {
  const char *configuration; /* file */
  const char *program;       /* path to execute for converters */
  const int *smtp_sockets;   /* bound and listening, in the order of the configuration's listeners */
  guint smtp_count;
  const int *p1_sockets;
  guint p1_count;
  int life;  /* pipe or socket from the master: its end means stop; -1: none */
  int ready; /* one octet is written here once mail is accepted; -1: none */
};
/* Runs until SIGTERM, SIGINT or the end of `life`. Exit code: 0 clean, 1 cannot start (said on stderr), 75
 * store locked. */
int relay_main(const struct relay_start *start);

#endif
