/* session.h - the session protocol machine, X.225 versions 1 and 2 over a class 0 transport connection (RFC 1006).
 *
 * Functional units: kernel, half-duplex, duplex, exceptions, minor synchronize, activity management (RTSE's need is
 * half-duplex, exceptions, minor synchronize, activity management: requirement bits 0x0249).
 * A pure machine: TSDUs and service primitives go in, TSDUs and service primitives come out (struct session_output).
 * Every row of its state table (session_table.c) cites its clause of X.225 and names annex A's predicates by their numbers;
 * an SPDU without a row is the protocol error of annex A.4: AB, S-P-ABORT.ind with words.
 *
 * Use: create, give it session_tsdu() and session_request(), then drain session_next() until false after each call.
 * Ownership: user data travels as GBytes references.  The machine copies selectors and options.
 * Left out: typed and expedited data, major and symmetric synchronize, resynchronize, negotiated release, capability data,
 * reuse of the transport connection. */
#ifndef GW400_OSI_SESSION_H
#define GW400_OSI_SESSION_H

#include <glib.h>
#include <stdbool.h>

#include "osi/selector.h"

/* Functional units as X.225 8.3.1.16 numbers the bits of the Session User Requirements parameter. */
enum session_units {
  SESSION_HALF_DUPLEX = 0x0001,
  SESSION_DUPLEX = 0x0002,
  SESSION_MINOR_SYNC = 0x0008,
  SESSION_ACTIVITY = 0x0040,
  SESSION_EXCEPTIONS = 0x0200
};

/* Tokens (X.225 8.3.1.14 order): who holds which at the start, and which are given or asked for. */
enum session_token {
  SESSION_TOKEN_DATA = 0x01,
  SESSION_TOKEN_MINOR = 0x04,
  SESSION_TOKEN_ACTIVITY = 0x10 /* major/activity */
};
#define SESSION_TOKENS_ALL (SESSION_TOKEN_DATA | SESSION_TOKEN_MINOR | SESSION_TOKEN_ACTIVITY)

/* Service primitives of X.215; printed as the standard names them ("S-ACTIVITY-END.ind") by session_primitive_name(). */
enum session_service {
  S_CONNECT, S_DATA, S_TYPED_DATA, S_TOKEN_GIVE, S_TOKEN_PLEASE, S_CONTROL_GIVE, S_SYNC_MINOR,
  S_ACTIVITY_START, S_ACTIVITY_RESUME, S_ACTIVITY_INTERRUPT, S_ACTIVITY_DISCARD, S_ACTIVITY_END,
  S_U_EXCEPTION_REPORT, S_P_EXCEPTION_REPORT, S_RELEASE, S_U_ABORT, S_P_ABORT
};
enum session_kind { S_REQUEST, S_INDICATION, S_RESPONSE, S_CONFIRM };

/* The session connection identifier: user references as they travelled (encoded T.61 / UTCTime values in RTSE's use). */
struct session_reference {
  GBytes *calling_user;   /* PI 10 (CN) / called user in AC (PI 9) */
  GBytes *called_user;    /* PI 9 of an old reference (S-ACTIVITY-RESUME); else NULL */
  GBytes *common;         /* PI 11 */
  GBytes *additional;     /* PI 12 */
};

void session_reference_clear(struct session_reference *reference);
/* to, which is overwritten, holds references of its own. */
void session_reference_copy(struct session_reference *to, const struct session_reference *from);

struct session_primitive {
  enum session_service service;
  enum session_kind kind;
  GBytes *user_data;                  /* or NULL */
  /* S-CONNECT */
  struct osi_selector calling, called, responding;
  struct session_reference reference;
  guint units;                        /* enum session_units: proposed, or agreed in a confirm */
  guint tokens;                       /* assigned to the connection's initiator / given / asked for */
  guint tokens_acceptor;              /* tokens assigned to (or, bit-wise in "choice") the acceptor */
  guint version;                      /* 1 or 2: agreed */
  bool accepted;                      /* S-CONNECT.rsp/cnf and S-RELEASE.rsp/cnf: affirmative */
  guint refuse_reason;                /* X.225 8.3.5.10: 0 not specified, 1 congestion, 2 rejected by user, 0x81.. provider */
  guint serial;                       /* S-SYNC-MINOR, S-ACTIVITY-END, -RESUME: serial number; in S-SYNC-MINOR.req and
                                       * S-ACTIVITY-END.req the machine's own count is used: session_next_serial() before.
                                       * S-CONNECT without activity management: initial serial number */
  GBytes *activity;                   /* S-ACTIVITY-START/RESUME: activity identifier (encoded as it travels) */
  GBytes *old_activity;               /* S-ACTIVITY-RESUME */
  struct session_reference old_reference;
  bool old_reference_present;
  guint reason;                       /* exception reports, interrupt, discard: X.225 8.3.29.5; aborts: reason code */
  char *detail;                       /* S-P-ABORT.ind: what was violated and the clause, in words; or NULL */
};
void session_primitive_clear(struct session_primitive *primitive);
const char *session_primitive_name(enum session_service service, enum session_kind kind);

struct session_options {
  bool initiator;              /* of the transport and session connection */
  guint units;                 /* offered or accepted at most */
  guint version_max;           /* 2, or 1 to a peer that knows no better */
  gsize tsdu_max_send;         /* TSDU maximum size proposed (PI 25 0x19), 0 = unlimited */
  gsize tsdu_max_receive;
  gsize user_data_max;         /* limit of connect user data received, octets (DESIGN: limits) */
  gsize ssdu_max;              /* limit of one reassembled SSDU received */
  guint timer_ms;              /* waiting for an answer to CN, FN, AI, AD, AE; 0 = none */
};

enum session_output_type {
  SESSION_SEND,        /* give data as one TSDU to the transport */
  SESSION_INDICATE,    /* a primitive (indication or confirm) for the session user */
  SESSION_DISCONNECT,  /* disconnect the transport: nothing more will follow; primitive.detail: words after an error, or NULL */
  SESSION_TIMER,       /* (re)start the machine's one timer with ms; 0 stops it */
};
struct session_output {
  enum session_output_type type;
  GBytes *data;                        /* SESSION_SEND */
  struct session_primitive primitive;  /* SESSION_INDICATE */
  guint ms;                            /* SESSION_TIMER */
};
void session_output_clear(struct session_output *output);

struct session;
struct session *session_new(const struct session_options *options);
void session_free(struct session *session);
typedef struct session session_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(session_t, session_free)

void session_tsdu(struct session *session, GBytes *tsdu);
/* A request or response of the user. False when the state does not allow it (X.225 table A: a local error; nothing sent);
 * the error (OSI_ERROR) names state and primitive, or the limit that a parameter breaks.
 * What is left out is filled in: S-CONNECT.req units 0: those of the options; S-CONNECT.rsp units 0: all in common, no
 * reference at all: the peer's is echoed, as peers do.  S-U-ABORT.req succeeds in every state of a connection; user data
 * that the version has no room for (9 octets in version 1 or before AC) are left out. */
bool session_request(struct session *session, const struct session_primitive *primitive, GError **error);
void session_transport_lost(struct session *session); /* T-DISCONNECT.ind: gives S-P-ABORT.ind */
void session_timeout(struct session *session);        /* its timer ran out */
bool session_next(struct session *session, struct session_output *output_r);

/* The state by X.225's name ("STA713 Data transfer") for `peer list`, and the tokens we hold. */
const char *session_state_name(const struct session *session);
guint session_tokens(const struct session *session);
/* V(M): the serial number that the next synchronization point, ours or the peer's, will have. */
guint session_next_serial(const struct session *session);

#endif
