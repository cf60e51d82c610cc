/* mailbox.h - RFC 2156's EBNF.822-address: [route] local-part "@" domain, as one value.
 *
 * Words of the local part are unquoted and joined; writing quotes them as one quoted-string where an atom
 * does not do
 * ("a b.c"@x, as 4.3.5 step 5 recommends). Control characters are refused: they would end a line of SMTP. */
#ifndef GW400_MAPPING_MAILBOX_H
#define GW400_MAPPING_MAILBOX_H

#include <glib.h>
#include <stdbool.h>

#define MAILBOX_MAX 1024 /* octets of the whole text */

struct mailbox {
  char *route;  /* "@a,@b" or NULL */
  char *local;  /* unquoted */
  char *domain; /* as written; a literal with its brackets */
};
/* Text may stand in "<>". Errors begin with 5.1.3 (syntax) or 5.6.7 (not ASCII). */
struct mailbox *mailbox_parse(const char *text, GError **error);
void mailbox_free(struct mailbox *mailbox);
typedef struct mailbox mailbox_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mailbox_t, mailbox_free)

/* The text; route may be NULL. */
char *mailbox_format(const char *route, const char *local, const char *domain);
/* A domain in which every label is EBNF.domain-syntax (4.2): letters, digits and inner hyphens. */
bool mailbox_domain_is_plain(const char *domain);
/* The same of one label. */
bool mailbox_label_is_plain(const char *label, gsize length);

#endif
