/* walk.h - every structure inside a value, one after the other, each with its type.
 *
 * For rules that hold of a type wherever it stands: an O/R name in an envelope, in a heading, in a report.
 * What lies inside strings and open types is not entered. */
#ifndef GW400_ASN1_WALK_H
#define GW400_ASN1_WALK_H

#include "asn1/codec.h"

/* Where a structure stands: the member of the one around it, or its index in a list. */
struct asn1_step {
  const struct asn1_step *up; /* NULL: the value itself */
  const char *member;         /* as the module names it; NULL in a list */
  int index;
};
/* "envelope.per-recipient-fields[2].recipient-name"; "" for the value itself. Caller frees. */
char *asn1_step_path(const struct asn1_step *step);

/* Is called for a structure before what lies in it is visited, and may change all that: members that it
 * frees and sets to NULL are not visited, new ones are.  False ends the walk. */
typedef bool (*asn1_visitor)(const struct asn_TYPE_descriptor_s *type, void *structure,
                             const struct asn1_step *step, void *user);
/* False when a visitor ended it. */
bool asn1_walk(const struct asn1_value *value, asn1_visitor visitor, void *user);

#endif
