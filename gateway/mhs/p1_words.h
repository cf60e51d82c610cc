/* p1_words.h - what one side of an association says, element by element, in words: for `gw400 peer test` and
 * `gw400 peer record --text`.
 *
 * It follows the octets of one direction through TPKT, X.224, X.225 and, in what connects and what ends,
 * X.226, X.227, X.228 and the MTA-bind, with the decoders that the machines use. Contents of messages are
 * counted only, and of a password only is said in which form it comes and whether it is empty. */
#ifndef GW400_MHS_P1_WORDS_H
#define GW400_MHS_P1_WORDS_H

#include "mhs/p1.h"

/* step: the layer that the element belongs to; P1_STEP_TRANSFER: the data phase.  name: "CN", "RTORQ", "?"
 * for what is no element; text: its parameters.  Both live during the call. */
typedef void (*p1_words_said)(void *user, enum p1_step step, const char *name, const char *text);

struct p1_words;
struct p1_words *p1_words_new(p1_words_said said, void *user);
void p1_words_free(struct p1_words *words);
void p1_words_input(struct p1_words *words, const guint8 *data, gsize length);
/* Octets are missing here, and what follows begins with a packet (a record that was cut): goes on with the
 * next TSDU. */
void p1_words_gap(struct p1_words *words);

#endif
