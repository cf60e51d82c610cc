/* or_text.h - RFC 2156 4.1: the text forms of an O/R address.
 *
 * Reads std-or-address-input (separators "/" and ";", alternative keywords, any case, "$" quoting) and what
 * people write by RFC 1685 (no separator at the ends, spaces after it, a doubled separator for the character
 * itself, "X.400:" in front). Writes std-or-address only.  In a run of spaces every second one is written "$
 * ": a local part with two adjacent spaces is no X.400 address to 4.3.4 step 2, and "$" may quote any
 * ps-char. */
#ifndef GW400_MAPPING_OR_TEXT_H
#define GW400_MAPPING_OR_TEXT_H

#include "mapping/or_address.h"

/* The std-or form of a local part: as or_address_parse(), but it must begin with a separator (or hold a ";"),
 * so that a personal name is not taken for one. NULL and error when it is not one. */
struct or_address *or_text_parse_local_part(const char *text, GError **error);
/* Whether a local part is such by its syntax, keyword=value, whatever the values (4.3.4 Stage I step 4): if they are
 * wrong then (step 5), it is not tried as a personal name. */
bool or_text_is_pairs(const char *text);

/* encoded-pn (4.1.2).  parse adds surname, given name and initials; false when the text is none, or when
 * writing the names again would not give the same text (then the reply would go to another mailbox). format:
 * NULL when the personal name has not the form that can be read back, or when there is none. */
bool or_text_parse_pn(const char *text, struct or_address *address);
char *or_text_format_pn(const struct or_address *address);

/* RFC 1685 form for people and logs: "G=Ann; S=Lee; O=Acme; P=acme; A=x; C=de". Not meant to be read back. */
char *or_text_for_people(const struct or_address *address);

#endif
