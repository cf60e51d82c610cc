/* peer_test.h - one association with a peer, step by step: resolve, TCP, TLS, transport, session,
 * presentation, ACSE, RTSE, bind. */
#ifndef GW400_CLI_PEER_TEST_H
#define GW400_CLI_PEER_TEST_H

#include <glib.h>
#include <stdbool.h>

#include "mhs/p1.h"

/* Tries the peer's addresses in their order until one binds, each with at most so many seconds for a step;
 * prints for each step what was sent, what came, and for the one that fails the likely cause and whose it is.
 * mode: instead of the entry's; NULL: that.  Exit code as commands.h. */
int peer_test(const char *configuration, const char *peer, const enum p1_mode *mode, guint seconds,
              bool json);

#endif
