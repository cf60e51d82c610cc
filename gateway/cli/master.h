/* master.h - the first process: binds the sockets, starts the relay and starts it again, leaves privileges
 * behind.
 *
 * One thread, no message ever passes here.  The relay is this program executed again in the role "relay",
 * with the listening sockets and the end of a pipe (its life line); when the master dies the pipe closes and
 * the relay stops. */
#ifndef GW400_CLI_MASTER_H
#define GW400_CLI_MASTER_H

int master_main(const char *configuration);
/* The roles that the master and the relay execute. arguments: as the master wrote them. */
int master_relay_role(int argc, char **argv);

#endif
