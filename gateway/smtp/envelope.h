/* envelope.h - the SMTP envelope with its DSN parameters (RFC 5321, 3461, 1870, 6152, 6531). */
#ifndef GW400_SMTP_ENVELOPE_H
#define GW400_SMTP_ENVELOPE_H

#include <glib.h>
#include <stdbool.h>

enum smtp_notify {
  SMTP_NOTIFY_DEFAULT = 0,
  SMTP_NOTIFY_NEVER = 1,
  SMTP_NOTIFY_SUCCESS = 2,
  SMTP_NOTIFY_FAILURE = 4,
  SMTP_NOTIFY_DELAY = 8
};
enum smtp_ret { SMTP_RET_DEFAULT, SMTP_RET_FULL, SMTP_RET_HDRS };

struct smtp_recipient {
  char *address; /* mailbox without <>; quoted local part kept canonical (RFC 5321 4.1.2) */
  char *orcpt;   /* "rfc822;user@example.org", xtext decoded, or NULL */
  guint notify;  /* enum smtp_notify, or-ed */
};
struct smtp_envelope {
  char *helo, *client_address, *tls_name; /* server side: for policy and trace; NULL on the client side */
  bool esmtp, tls;
  char *sender; /* mailbox, or "" for <> */
  guint64 size; /* SIZE= or 0 */
  bool body_8bit, smtputf8;
  bool probe; /* client: only ask whether the recipients would be taken: MAIL and RCPT, then RSET */
  enum smtp_ret ret;
  char *envid;           /* xtext decoded, or NULL */
  GPtrArray *recipients; /* of struct smtp_recipient, owned */
};
struct smtp_envelope *smtp_envelope_new(void);
void smtp_envelope_free(struct smtp_envelope *envelope);
struct smtp_envelope *smtp_envelope_copy(const struct smtp_envelope *envelope);
struct smtp_recipient *smtp_envelope_add(struct smtp_envelope *envelope, const char *address);
typedef struct smtp_envelope smtp_envelope_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(smtp_envelope_t, smtp_envelope_free)

/* Why an address, a parameter or a reply is not what the protocol asks for. */
#define SMTP_ERROR smtp_error_quark()
GQuark smtp_error_quark(void);
enum smtp_error {
  SMTP_ERROR_SYNTAX,
  SMTP_ERROR_LENGTH,
  SMTP_ERROR_UTF8 /* non-ASCII where it is not allowed */
};

/* Longest local part taken: RFC 5321 4.5.3.1 speaks of 64 octets and asks not to insist; X.400 addresses need
 * more. */
#define SMTP_LOCAL_PART_MAX 1024
#define SMTP_DOMAIN_MAX 255

/* The domain of a mailbox: what follows its last "@" outside quotes; NULL: it has none ("postmaster"). */
const char *smtp_address_domain(const char *address);
/* RFC 5321 4.1.2 Mailbox (with RFC 6531 3.3 when utf8): false and error naming what is wrong. */
bool smtp_address_check(const char *address, bool utf8, GError **error);
/* The same mailbox with its local part quoted only where that is needed (RFC 5321 4.1.2); for one that passed
 * the check. */
char *smtp_address_canonical(const char *address);

/* RFC 3461 4: xtext. decode returns NULL when malformed or when a NUL is encoded. Callers free. */
char *smtp_xtext_encode(const char *text);
char *smtp_xtext_decode(const char *text);
/* RFC 3461 4.2, RFC 6533 3: the value of ORCPT= from and to "type;address"; utf-8 addresses in their 7-bit
 * form unless raw_utf8. decode returns NULL when malformed or not printable. */
char *smtp_orcpt_encode(const char *orcpt, bool raw_utf8);
char *smtp_orcpt_decode(const char *value, bool utf8);

#endif
