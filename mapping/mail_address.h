/* mail_address.h - address lists of header fields: RFC 5322 3.4 and 4.4, as far as mailers bend it. */
#ifndef GW400_MAPPING_MAIL_ADDRESS_H
#define GW400_MAPPING_MAIL_ADDRESS_H

#include <glib.h>
#include <stdbool.h>

struct mail_address {
  char *phrase;  /* display name, UTF-8, unquoted, encoded words decoded; or NULL */
  char *comment; /* comments with their parentheses, in order, UTF-8; or NULL */
  char *mailbox; /* addr-spec, any route removed; NULL: the name of a group stands alone in phrase */
};
void mail_address_free(struct mail_address *address);

/* Reads an unfolded field body; a group gives its name first, then its members (RFC 2156 4.7.1).  What cannot
 * be read is left out and *bad_r (may be NULL) set to it (caller frees) when it was NULL.  At most limit
 * addresses are read. */
GPtrArray *mail_addresses_parse(GHashTable *charsets, const char *body, guint limit, char **bad_r);

/* Message identifiers "<...>" of a field in order, with the brackets; a phrase between them (RFC 822's
 * In-Reply-To) comes without. Owned strings; at most limit. */
GPtrArray *mail_identifiers_parse(const char *body, guint limit);

/* The index in names (lower or upper case; NULL is none) of the word that a body begins with; comments and
 * parameters may follow it. -1: not one of them. */
int mail_keyword(const char *body, const char *const *names, int count);

#endif
