/* addressing.h - for the tests of chapter 4: contexts with tables from text, and random O/R addresses. */
#ifndef GW400_TESTS_ADDRESSING_H
#define GW400_TESTS_ADDRESSING_H

#include "mapping/address.h"

struct addressing_tables {
  const char *domain_to_or, *or_to_domain, *domain_to_or_gateway,
      *or_to_domain_gateway;                         /* appendix F text or NULL */
  const char *mailbox_to_or, *or_to_mailbox, *users; /* rows of single users, or NULL */
};
/* The gateway gw.test in C=xx, ADMD=gate, PRMD=test; extra are more settings in GVariant's text ("'routes':
 * <...>, ") or "". Aborts when it cannot be made. */
struct mapping_context *addressing_context(const char *extra, const struct addressing_tables *tables);
/* The compiled tables alone; lines (may be NULL) gets the diagnostics. NULL when they have errors. */
GByteArray *addressing_compile(const struct addressing_tables *tables, GPtrArray *lines);

/* A valid address with any mixture of forms, character sets and odd values. */
struct or_address *addressing_random(GRand *random);

#endif
