/* conversion.h - for the targets of whole conversions: a gateway with peers of different habits, and jobs on
 * octets in memory, run as the converter runs them. */
#ifndef GW400_FUZZ_CONVERSION_H
#define GW400_FUZZ_CONVERSION_H

#include "mapping/mapping.h"

/* What of a conversion the first octet of an input chooses. */
enum {
  CONVERSION_PEERS = 3, /* land (all of 1988), iron (IA5 text, bilateral), old (X.400(84)) */
  CONVERSION_SMALL_LIMITS = 0x40
};

/* The same object for every input; small_limits: parts, depth, headers and elements that an input can
 * reach. */
struct mapping_context *conversion_context(bool small_limits);
const char *conversion_hop(guint number); /* "p1:land", ... */

/* A job over a copy of the octets; its output goes to a memfd. */
struct mapping_job *conversion_job(enum mapping_kind kind, enum mapping_format format, GBytes *octets);
struct mapping_recipient *conversion_recipient(struct mapping_job *job, const char *address,
                                               const char *mapped, const char *hop);
/* Runs it and checks what holds of every result; what was written is given in *output_r (may be NULL;
 * NULL: nothing). */
struct mapping_result *conversion_run(struct mapping_context *context, const struct mapping_job *job,
                                      GBytes **output_r);

/* Ends the program, with a stack to look at, when the condition does not hold. */
void conversion_must(bool good);

#endif
