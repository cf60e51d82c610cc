/* downgrading.h - for tests between X.400 of 1988 and 1984: a gateway with peers of both, messages of 1988
 * written by hand, and what leaves for 1984 as text by the modules of 1984 alone. */
#ifndef GW400_TESTS_DOWNGRADING_H
#define GW400_TESTS_DOWNGRADING_H

#include "lib/notation.h"
#include "lib/road.h"

/* sea.example with the peers "old" (1984), "file" (1984, attachments bilaterally-defined), "both" (1984, content of
 * type 22), "t61" (1984, texts in teletex), "p2" (1988, content of type 2) and "new" (1988); PRMD of the same name in
 * C=de ADMD=x is routed to each. */
struct mapping_context *downgrading_context(void);

#define GDI(prmd) "63{ 61{13'DE'} 62{13'x'} 13'" prmd "' }"
#define NAME(prmd, surname) "61{13'DE'} 62{13'x'} a2{13'" prmd "'} a5{80'" surname "'}"
#define P22(heading, parts) "a0{ 31{ 6b{13'm1'} " heading " } 30{ " parts " } }"
#define IA5(text) "a0{ 31{} 16'" text "' }"
#define EXTENSION_FIELD(number, criticality, value) "30{ 80<" number "> 81<" criticality "> a2{ " value " } }"
#define EXTENSION(number, criticality, value) "a3{ " EXTENSION_FIELD(number, criticality, value) " }"

/* A message of 1988 as notation.h has it; what is NULL is as in most messages.  originator and name: an
 * ORName's contents; types: of the EITs; trace: more of the trace element; extra: more members of the
 * envelope; recipient: of the recipient's fields. */
struct downgrading_message {
  const char *type, *types, *indicators, *originator, *name, *trace, *extra, *recipient, *content;
};
GBytes *downgrading_message(const struct downgrading_message *message);
GBytes *downgrading_octets(const char *notation);

/* READ at a peer and WRITE to a hop, as the relay does; never NULL. */
struct mapping_result *downgrading_relay(struct mapping_context *context, GBytes *apdu, const char *from,
                                         const char *hop, GBytes **output_r);
/* The text of an APDU by the modules of 1984, content of type 2 included: what is not of 1984 fails the test.
 * The other is by those of 1988.  Caller frees. */
char *downgrading_text_of_1984(GBytes *apdu);
char *downgrading_text_of_1988(GBytes *apdu);
GBytes *downgrading_content(GBytes *apdu);
/* One line each; caller frees. */
char *downgrading_losses(const struct mapping_result *result);
/* All pieces of wanted, which "|" parts, are in text, or none. */
void downgrading_check(const char *what, const char *text, const char *wanted, bool there);

#endif
