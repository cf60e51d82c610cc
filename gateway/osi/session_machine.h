/* session_machine.h - what the files of the session machine share; private to session*.c.
 *
 * session.c          the contract: TSDUs, requests and timers become events
 * session_concat.c   a TSDU's SPDUs in order, reassembly of segments; SPDUs sent: prefix, segments
 * session_table.c    the state table and its interpreter
 * session_guard.c    the predicates of annex A
 * session_connect.c  CN OA CDO AC RF       session_release.c  FN DN AB AA and the end of it all
 * session_data.c     DT                    session_token.c    GT PT GTC GTA
 * session_sync.c     MIP MIA               session_activity.c AS AR AI AIA AD ADA AE AEA ER ED */
#ifndef GW400_OSI_SESSION_MACHINE_H
#define GW400_OSI_SESSION_MACHINE_H

#include "osi/outputs.h"
#include "osi/session.h"
#include "osi/session_spdu.h"

/* Table "states" of annex A, without those of functional units that are left out (04A 05A 06 10A 11A 15x 21 22) and of the
 * reuse of transport connections (01A 01B). */
enum session_state {
  STA01,  /* idle, no transport connection */
  STA01C, /* idle, transport connected */
  STA01D, /* wait for CDO */
  STA02A, /* wait for AC */
  STA02B, /* wait for OA */
  STA03,  /* wait for DN */
  STA04B, /* wait for AEA */
  STA05B, /* wait for AIA */
  STA05C, /* wait for ADA */
  STA08,  /* wait for S-CONNECT response */
  STA09,  /* wait for S-RELEASE response */
  STA10B, /* wait for S-ACTIVITY-END response */
  STA11B, /* wait for S-ACTIVITY-INTERRUPT response */
  STA11C, /* wait for S-ACTIVITY-DISCARD response */
  STA16,  /* wait for T-DISCONNECT indication */
  STA18,  /* wait for GTA */
  STA19,  /* wait for a recovery request or SPDU, having sent ED */
  STA20,  /* wait for a recovery SPDU or request, having received ED or ER */
  STA713, /* data transfer */
  SESSION_STATES
};

/* Incoming events: first the SPDUs (their session_spdu_type), then these. */
enum session_event_type {
  SCONREQ = SPDU_TYPES, SCONRSP_ACCEPT, SCONRSP_REJECT,
  SDTREQ, STDREQ,
  SGTREQ, SPTREQ, SCGREQ,
  SSYNMREQ, SSYNMRSP,
  SACTSREQ, SACTRREQ, SACTIREQ, SACTIRSP, SACTDREQ, SACTDRSP, SACTEREQ, SACTERSP,
  SUERREQ,
  SRELREQ, SRELRSP_ACCEPT, SRELRSP_REJECT,
  SUABREQ,
  TDISIND, TIM,
  SESSION_EVENTS
};

struct session_event {
  guint type;                                /* enum session_spdu_type or session_event_type */
  struct session_spdu *spdu;                 /* of an SPDU event; its references may be taken */
  const struct session_primitive *primitive; /* of a request or response */
  enum session_state from;                   /* set by session_take_row() */
};

struct session {
  struct session_options options;
  enum session_state state;
  bool timing;                 /* the timer runs */
  struct outputs outputs;      /* struct session_output */
  guint version;               /* agreed, 1 or 2; until then 0 */
  guint units;                 /* FU(f): agreed */
  guint units_proposed;        /* in CN */
  guint8 token_setting;        /* of CN: who holds what, and the choices */
  guint tokens;                /* OWNED(t) of the available ones */
  gsize tsdu_max;              /* of TSDUs we send, as agreed; 0 = unlimited */
  guint32 tsdu_proposed;       /* PI 21 of CN, 0 when it had none */
  guint32 va, vm, vr;          /* V(A), V(M), V(R) */
  bool vsc, vact, vcoll, vdnr; /* Vsc, Vact, Vcoll, Vdnr */
  struct session_spdu *connect; /* responder: the CN until it is answered */
  GByteArray *connect_data;    /* responder: user data of CN and CDO */
  GBytes *overflow;            /* initiator: what goes in CDO */
  struct session_spdu partial; /* the first segment of an SSDU being received */
  GByteArray *partial_data;    /* its user data so far; NULL when none is open */
  guint8 abort_item;           /* of the AB being sent by session_abort() */
  char *words;                 /* why an abort was sent, for S-P-ABORT.ind and DISCONNECT */
};

/* --- session_table.c --- */
struct session_row {
  enum session_state state;
  guint event;
  guint64 when, unless; /* predicates that must hold, and that must not */
  void (*action)(struct session *session, struct session_event *event);
  enum session_state next;
  const char *clause; /* of X.225 */
};
/* The first row that matches now, or NULL. */
const struct session_row *session_find_row(const struct session *session, const struct session_event *event);
/* Whether any row stands at this intersection, whatever its predicates. */
bool session_has_row(enum session_state state, guint event);
const char *session_event_name(guint type);
/* States in which the peer's data are dropped (STA05B 05C 19 20): an SSDU begun before them need not be ended. */
bool session_is_recovering(enum session_state state);
const char *session_state_title(enum session_state state);
/* Takes the row's action and state, and keeps the timer. */
void session_take_row(struct session *session, const struct session_row *row, struct session_event *event);
/* An SPDU, T-DISCONNECT or timer event; an SPDU without a row is annex A's protocol error. */
void session_handle(struct session *session, struct session_event *event);

/* --- session_guard.c --- */
/* The predicates of annex A by their numbers there, as bits of session_row.when and .unless. */
#define SESSION_PREDICATES(X)                                                                                          \
  X(01) X(03) X(04) X(05) X(10) X(11) X(14) X(15) X(17) X(18) X(19) X(20) X(21) X(34) X(39) X(40) X(44) X(45) X(48)      \
  X(50) X(51) X(52) X(53) X(54) X(55) X(57) X(58) X(59) X(60) X(61) X(62) X(63) X(65) X(68) X(69) X(70) X(71) X(72)      \
  X(75) X(76) X(202) X(204)
enum session_predicate {
#define X(number) PREDICATE_##number,
  SESSION_PREDICATES(X)
#undef X
};
bool session_holds(enum session_predicate predicate, const struct session *session, const struct session_event *event);
/* Tokens that exist under the agreed units: AV(t). */
guint session_tokens_available(guint units);

/* --- session_concat.c --- */
/* Sends an SPDU with user data (may be NULL), in segments where the agreed TSDU maximum asks for it. */
void session_send(struct session *session, struct session_spdu *spdu, GBytes *user_data);
/* An SPDU received: joins segments, then session_handle(). */
void session_receive(struct session *session, struct session_spdu *spdu);
void session_drop_partial(struct session *session);

/* --- session_connect.c --- */
/* p76: why a CN is not acceptable (enum session_refuse_reason), or 0. */
guint session_refusal(const struct session *session, const struct session_spdu *connect);

/* --- session_release.c --- */
struct session_output *session_put(struct session *session, enum session_output_type type);
/* An indication or confirm; the primitive's references pass to the user. */
struct session_primitive *session_indicate(struct session *session, enum session_service service, enum session_kind kind);
/* A provider abort: AB with the item (enum session_disconnect_item), S-P-ABORT.ind with the words, which are taken. */
void session_abort(struct session *session, guint8 item, char *words);

/* The actions, by the file of their functional block; the outgoing events and [n] are annex A's. */
#define SESSION_ACTIONS(X)                                                                                             \
  X(ignore) X(disconnect) /* TDISreq */                                                                                \
  X(send_connect) X(send_overflow) X(accept_overflow) X(keep_overflow) X(connect_ind) X(connect_ind_overflow)         \
  X(refuse_provider) X(send_accept) X(send_refuse) X(connect_cnf) X(connect_cnf_refused)                              \
  X(send_data) X(data_ind)                                                                                             \
  X(give_tokens) X(give_tokens_ind) X(please_tokens) X(please_tokens_ind) X(give_control) X(give_control_ind)         \
  X(sync_minor) X(sync_minor_ind) X(sync_minor_rsp) X(sync_minor_cnf) X(sync_minor_seen) X(sync_minor_ack_seen)       \
  X(activity_start) X(activity_start_ind) X(activity_resume) X(activity_resume_ind) X(activity_interrupt)             \
  X(activity_interrupt_ind) X(activity_interrupt_rsp) X(activity_interrupt_cnf) X(activity_discard)                   \
  X(activity_discard_ind) X(activity_discard_rsp) X(activity_discard_cnf) X(activity_end) X(activity_end_ind)         \
  X(activity_end_rsp) X(activity_end_cnf) X(activity_end_seen) X(user_exception) X(user_exception_ind)                \
  X(provider_exception_ind)                                                                                            \
  X(send_finish) X(send_finish_collision) X(release_ind) X(release_ind_collision) X(send_disconnect)                  \
  X(release_cnf) X(release_cnf_collision) X(user_abort) X(abort_ind) X(provider_abort) X(transport_lost)               \
  X(answer_overdue)
#define X(name) void session_action_##name(struct session *session, struct session_event *event);
SESSION_ACTIONS(X)
#undef X

#endif
