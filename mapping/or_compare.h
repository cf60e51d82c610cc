/* or_compare.h - X.402 18.4: when two values of O/R attributes are the same. */
#ifndef GW400_MAPPING_OR_COMPARE_H
#define GW400_MAPPING_OR_COMPARE_H

#include "mapping/or_address.h"

/* The value as a key: without case, no space at the ends, one space for a run of them.  Caller frees. */
char *or_fold(const char *value);
bool or_value_equal(const char *a, const char *b);
/* ADMD absent, empty or of spaces: any ADMD of the country (X.402 18.3.1). */
bool or_admd_any(const char *admd);

#endif
