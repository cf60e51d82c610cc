/* peer_test.h - one association with a peer, step by step: TCP, TLS, transport, session, presentation, ACSE,
 * RTSE, bind. */
#ifndef GW400_CLI_PEER_TEST_H
#define GW400_CLI_PEER_TEST_H

#include <stdbool.h>

/* Tries the peer's addresses in their order until one binds; prints each step. Exit code as commands.h. */
int peer_test(const char *configuration, const char *peer, bool json);

#endif
