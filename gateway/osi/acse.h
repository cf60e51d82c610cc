/* acse.h - the association control protocol machine, X.227 kernel functional unit, in normal and X.410-1984
 * mode.
 *
 * It sits on presentation.h for connecting, releasing and aborting; everything else of presentation passes by
 * it.  Its user is RTSE (or ROSE), whose APDU travels as user information: one EXTERNAL, direct reference
 * BER, indirect reference the user's presentation context.  AE titles are not sent; what a peer sends of them
 * is accepted and not looked at.  In X.410-1984 mode (connect.x410 of A-ASSOCIATE) ACSE has no APDUs: the
 * user's stands in presentation's user data itself (X.227 8.4 - 8.6).
 *
 * Use: create; give it acse_presentation() what presentation indicates of S_CONNECT, S_RELEASE, S_U_ABORT,
 * S_P_ABORT, and acse_request() what the user asks for; after each, drain acse_next().  A primitive given in
 * is emptied. An AARQ for another application context is answered here with a rejection; the user then only
 * gets A-P-ABORT.ind with the words.  Left out: authentication functional unit, collision of releases (RTSE:
 * only the owner of the turn releases). */
#ifndef GW400_OSI_ACSE_H
#define GW400_OSI_ACSE_H

#include "osi/presentation.h"

enum acse_service { A_ASSOCIATE, A_RELEASE, A_ABORT, A_P_ABORT };
/* X.227 9: Associate-result. */
enum acse_result { ACSE_ACCEPTED = 0, ACSE_REJECTED_PERMANENT = 1, ACSE_REJECTED_TRANSIENT = 2 };
/* X.227 9: Associate-source-diagnostic.acse-service-user, those that we send. */
enum acse_diagnostic { ACSE_NULL = 0, ACSE_NO_REASON = 1, ACSE_CONTEXT_NAME_NOT_SUPPORTED = 2 };

struct acse_primitive {
  enum acse_service service;
  enum session_kind kind;
  GBytes *information;             /* the user's APDU, or NULL */
  enum acse_result result;         /* A-ASSOCIATE.rsp/cnf; A-RELEASE.rsp/cnf: ACSE_ACCEPTED is affirmative */
  enum acse_diagnostic diagnostic; /* A-ASSOCIATE.rsp */
  /* A-ASSOCIATE: parameters of P-CONNECT that pass through: mode, selectors, session's units, tokens,
   * reference, version. */
  struct presentation_primitive connect;
  struct osi_failure failure; /* a refused A-ASSOCIATE.cnf, A-ABORT.ind, A-P-ABORT.ind */
};
void acse_primitive_clear(struct acse_primitive *primitive);
/* "A-ASSOCIATE.cnf" */
const char *acse_primitive_name(enum acse_service service, enum session_kind kind);

struct acse_options {
  enum oid application_context;
  enum oid user_syntax; /* abstract syntax of the user's APDUs in user information */
};

enum acse_output_type {
  ACSE_PRESENTATION, /* presentation: give it to presentation_request() */
  ACSE_INDICATE      /* primitive: an indication or confirm for the user */
};
struct acse_output {
  enum acse_output_type type;
  struct presentation_primitive presentation;
  struct acse_primitive primitive;
};
void acse_output_clear(struct acse_output *output);

struct acse;
/* presentation is only asked for the identifiers of contexts; it must live longer. */
struct acse *acse_new(const struct acse_options *options, const struct presentation *presentation);
void acse_free(struct acse *acse);
typedef struct acse acse_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(acse_t, acse_free)

void acse_presentation(struct acse *acse, struct presentation_primitive *primitive);
bool acse_request(struct acse *acse, struct acse_primitive *primitive, GError **error);
bool acse_next(struct acse *acse, struct acse_output *output_r);

/* By X.227's name: "STA5 associated". */
const char *acse_state_name(const struct acse *acse);

#endif
