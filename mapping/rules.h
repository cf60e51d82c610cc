/* rules.h - inside of chapter 4: which rule gave an address, besides the address; and how rules are told. */
#ifndef GW400_MAPPING_RULES_H
#define GW400_MAPPING_RULES_H

#include "mapping/address.h"
#include "mapping/mcgam.h"

enum to_or_rule {
  TO_OR_USER,        /* the row of a single user */
  TO_OR_TEXT,        /* std-or in the local part */
  TO_OR_MCGAM,       /* Stage I by an MCGAM */
  TO_OR_DDA_MCGAM,   /* RFC-822 DDA below an MCGAM */
  TO_OR_DDA_GATEWAY, /* RFC-822 DDA at a preferred gateway */
  TO_OR_DDA_OWN      /* RFC-822 DDA at this gateway: nothing is known of the domain */
};
struct or_address *rules_to_or(struct mapping_context *context, const char *mailbox, enum address_use use,
                               GPtrArray *explain, enum to_or_rule *rule_r, GError **error);

/* The same without the rows of single users: what the rules alone say. */
struct or_address *rules_to_or_by_rules(struct mapping_context *context, const char *mailbox,
                                        enum address_use use, GPtrArray *explain, enum to_or_rule *rule_r,
                                        GError **error);
/* Whether it names an X.400 user, whose address it then is; else a mailbox is wrapped in a gateway's. */
bool rules_names_user(enum to_or_rule rule);

enum from_or_rule { FROM_OR_DDA, FROM_OR_USER, FROM_OR_MCGAM, FROM_OR_GATEWAY, FROM_OR_OWN };
char *rules_from_or(struct mapping_context *context, const struct or_address *address, enum address_use use,
                    GPtrArray *explain, enum from_or_rule *rule_r, GError **error);

/* Appends a line when there is a list. */
void rules_tell(GPtrArray *explain, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Tells of a look-up in a table with every key that was tried: the domain and what is left of it label by
 * label until match, which points into it (NULL: none); the address's levels from all of them down to depth.
 * value: what the row says, NULL: there is none. */
void rules_tell_domain(GPtrArray *explain, const char *clause, enum mcgam_table table, const char *domain,
                       const char *match, const char *value);
void rules_tell_or(GPtrArray *explain, const char *clause, enum mcgam_table table,
                   const struct or_address *address, guint depth, const char *value);
/* Sets an error "CODE words". */
void rules_fail(GError **error, enum mapping_error kind, const char *code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* The DDA and its continuations (4.3.2). */
#define RULES_DDA "RFC-822"
extern const char *const rules_continuations[3];

#endif
