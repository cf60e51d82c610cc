/* presentation.h - the presentation protocol machine, X.226 kernel functional unit, normal mode with one
 * transfer syntax (BER), and X.410-1984 mode.
 *
 * It sits between session.h and its users (ACSE for the association, RTSE for everything else).  A P-
 * primitive is the S- primitive of the same name with its parameters, but its user data is a list of
 * presentation data values in contexts (pdv.h); service and kind are therefore session.h's, and
 * presentation_primitive_name() prints "P-ACTIVITY-END.ind". Contexts are proposed with the odd identifiers
 * 1, 3, 5 ... in the order of the options' syntaxes.
 *
 * In X.410-1984 mode there are no contexts, selectors or PDV lists: values holds at most one value, whose
 * octets are the user data.  The mode is a parameter of P-CONNECT: of the request as initiator, of the
 * indication as responder.
 *
 * Use: create; give it presentation_session() what the session machine indicates and presentation_request()
 * what the users ask for; after each, drain presentation_next().  A primitive given in is emptied: its
 * contents change hands. Limits: contexts and values per primitive.  Left out: context management and
 * restoration, default context. */
#ifndef GW400_OSI_PRESENTATION_H
#define GW400_OSI_PRESENTATION_H

#include "osi/failure.h"
#include "osi/pdv.h"
#include "osi/session.h"

/* X.226 8.2: what became of a proposed context. */
enum presentation_result {
  PRESENTATION_ACCEPTED = 0,
  PRESENTATION_USER_REJECTED = 1,
  PRESENTATION_PROVIDER_REJECTED = 2
};

struct presentation_primitive {
  struct session_primitive session;                /* service, kind, parameters; its user_data is not used */
  GArray *values;                                  /* struct presentation_value; NULL: no user data */
  bool x410;                                       /* P-CONNECT.req, .ind, accepting .cnf: X.410-1984 mode */
  struct osi_selector calling, called, responding; /* P-CONNECT: presentation selectors */
  struct osi_failure failure;                      /* a refused P-CONNECT.cnf, P-U-ABORT.ind, P-P-ABORT.ind */
};
void presentation_primitive_clear(struct presentation_primitive *primitive);
/* "P-ACTIVITY-END.ind"; caller frees. */
char *presentation_primitive_name(const struct presentation_primitive *primitive);

struct presentation_options {
  bool initiator;
  const enum oid *syntaxes; /* abstract syntaxes: proposed (initiator) or accepted (responder); copied */
  guint count;
  struct osi_selector local,
      remote; /* PSELs; responder: a called PSEL other than local is refused, local absent takes any */
  guint contexts_max; /* proposed by a peer; 0 = 16 */
  guint values_max;   /* in one primitive of a peer; 0 = 16 */
};

enum presentation_output_type {
  PRESENTATION_SESSION, /* primitive.session, with user_data: give it to session_request() */
  PRESENTATION_INDICATE /* an indication or confirm for the user */
};
struct presentation_output {
  enum presentation_output_type type;
  struct presentation_primitive primitive;
};
void presentation_output_clear(struct presentation_output *output);

struct presentation;
struct presentation *presentation_new(const struct presentation_options *options);
void presentation_free(struct presentation *presentation);
typedef struct presentation presentation_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(presentation_t, presentation_free)

void presentation_session(struct presentation *presentation, struct session_primitive *primitive);
/* False: the state does not allow it, or a value is in no accepted context; nothing is sent. */
bool presentation_request(struct presentation *presentation, struct presentation_primitive *primitive,
                          GError **error);
bool presentation_next(struct presentation *presentation, struct presentation_output *output_r);

/* The identifier of the context with that abstract syntax, proposed or (once connected) accepted; 0 when
 * there is none. And the abstract syntax of an identifier; OID_UNKNOWN when it is not in the defined context
 * set. */
guint presentation_context_of(const struct presentation *presentation, enum oid syntax);
enum oid presentation_syntax_of(const struct presentation *presentation, guint context);
/* "1 acse-as, 3 id-as-mta-rtse, 5 2.6.9.9 refused: abstract syntax not supported"; caller frees. */
char *presentation_contexts_describe(const struct presentation *presentation);

/* By X.226's name: "STAt0 connected". */
const char *presentation_state_name(const struct presentation *presentation);

#endif
