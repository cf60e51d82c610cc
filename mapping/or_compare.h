/* or_compare.h - X.402 18.4: when two values of O/R attributes are the same. */
#ifndef GW400_MAPPING_OR_COMPARE_H
#define GW400_MAPPING_OR_COMPARE_H

#include "mapping/or_address.h"

/* The value as a key: without case, no space at the ends, one space for a run of them.  Caller frees. */
char *or_fold(const char *value);
bool or_value_equal(const char *a, const char *b);
/* Two names that each may stand in two representations, a printable one and a wide one (teletex, universal):
 * those of the same kind decide; a twin stands in where one side has no such kind.  equal compares two that
 * are there, or NULLs. */
bool or_twins_equal(const char *printable_a, const char *wide_a, const char *printable_b, const char *wide_b,
                    bool (*equal)(const char *a, const char *b));
/* The attribute's wide representation: teletex, else universal, else NULL. */
const char *or_attribute_wide(const struct or_attribute *attribute);
/* ADMD absent, empty or of spaces: any ADMD of the country (X.402 18.3.1). */
bool or_admd_any(const char *admd);

#endif
