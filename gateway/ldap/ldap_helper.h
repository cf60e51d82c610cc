/* ldap_helper.h - a process that looks entries up in one LDAP directory (RFC 2164), and how it is talked to.
 *
 * Frames as convert/wire.h has them.  The first is the set-up; then each question has one answer, in order.
 * The process is a client in its own walls (convert/sandbox.h): what a server sends cannot reach the relay
 * but as the texts of an answer.  It keeps one connection and opens it again when that is gone; how long an
 * answer may take is the asker's affair, who kills it. */
#ifndef GW400_LDAP_LDAP_HELPER_H
#define GW400_LDAP_LDAP_HELPER_H

#include <glib.h>
#include <stdbool.h>

struct ldap_setup {
  const char *url, *bind_dn, *password, *ca; /* all but url may be NULL */
  bool start_tls;
  guint timeout_s; /* of one step: connecting, an answer */
};
GBytes *ldap_setup_pack(const struct ldap_setup *setup);
GBytes *ldap_question_pack(const char *name, const char *root);

enum ldap_state { LDAP_STATE_FOUND, LDAP_STATE_NOT_FOUND, LDAP_STATE_INDETERMINATE };
/* records: of char*, "rungs: N" and "TYPE: VALUE", UTF-8; words: of INDETERMINATE. False: not such an answer.
 */
GBytes *ldap_answer_pack(enum ldap_state state, const char *words, const GPtrArray *records);
bool ldap_answer_unpack(GBytes *frame, enum ldap_state *state_r, char **words_r, GPtrArray *records);

/* gw400d ldap: serves the socket until it closes. Returns the exit code. */
int ldap_helper_main(int socket);

#endif
