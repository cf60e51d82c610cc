/* p1_strong.h - strong authentication in the bind: the signed token of X.411 8.5.10 and the certificate that
 * goes with it (X.509), by OpenSSL.
 *
 * A token says to whom it is (the other MTA's name), when it was made and a random number, signed by its
 * maker. It is taken when its certificate is signed by the sheet's authority and has the sheet's name, when
 * it is for us, not older or younger than the clocks may differ, and not seen before. */
#ifndef GW400_RELAY_P1_STRONG_H
#define GW400_RELAY_P1_STRONG_H

#include "config/config.h"
#include "mhs/p1.h"

/* Fills token and certificates of the credentials for the peer, from strong-certificate and strong-key. */
bool p1_strong_make(const struct config_peer *peer, gint64 now_us, struct p1_credentials *credentials,
                    GError **error);

/* Tokens taken, until their time is over. */
struct p1_tokens;
struct p1_tokens *p1_tokens_new(void);
void p1_tokens_free(struct p1_tokens *tokens);

/* NULL: the peer has proved who it is; else why not. tokens NULL: a repeat is not looked for (one call
 * alone). */
char *p1_strong_verify(const struct config_peer *peer, const struct p1_credentials *given, gint64 now_us,
                       struct p1_tokens *tokens);

#endif
