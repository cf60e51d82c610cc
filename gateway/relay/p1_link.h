/* p1_link.h - P1 associations on their sockets: the machine of mhs/p1.h with the relay's policy, queue and
 * store around it.
 *
 * One association serves both directions where the dialogue allows it.  p1_link.c: its life, the machine's
 * events, the stream and the timers; p1_send.c: transfers out; p1_receive.c: transfers in; p1_in.c: the
 * doors, and who may bind; p1_out.c: associations that we open towards a peer. */
#ifndef GW400_RELAY_P1_LINK_H
#define GW400_RELAY_P1_LINK_H

#include "mhs/p1.h"
#include "relay/hop.h"
#include "relay/p1_recovery.h"
#include "relay/p1_record.h"
#include "relay/p1_strong.h"
#include "relay/p1_turn.h"

/* One listening socket. */
struct p1_door {
  struct p1_links *links;
  struct net_listener *listener;
  bool tls;
};

struct p1_links {
  struct relay *relay;
  struct net_tls *tls; /* of our listeners */
  GPtrArray *doors;    /* of p1_door */
  GPtrArray *links;    /* of p1_link, open */
  struct p1_records *records;
  struct p1_tokens *tokens; /* of strong binds, against their repeat */
  GHashTable *called;       /* p1_out: peer's name -> struct p1_addresses */
};

/* The transfer out. */
struct p1_sending {
  struct delivery *delivery; /* NULL: none is open */
  guint64 offset;            /* octets of it given to the machine */
  struct net_timer *watch;   /* looks whether it progresses */
  gint64 begun_us, moved_us; /* monotonic: when it began, and when the peer last took something of it */
  gsize unread;              /* octets that the peer had not taken then */
  char *broken;              /* why we gave it up */
  struct p1_resumption at;   /* the last checkpoint that the peer has confirmed */
  guint64 begun_at;          /* octets that it had when it was resumed */
  bool resumed, gained;
  struct p1_kept *stored; /* as it stands in the store, where it is large; NULL: it does not */
  guint stored_serial;    /* the checkpoint there */
  bool storing;
  gsize want; /* octets that the machine waits for until the store has caught up */
  guint64 messages;          /* sent on this association */
};

/* The transfer in. */
struct p1_receiving {
  struct p1_incoming *open; /* NULL: none is open */
  guint64 unproven;         /* id of the message whose confirmation the peer's next octets prove */
  char *done;               /* its transfer in the store, which then may go */
  guint64 messages;         /* received on this association */
};

struct p1_link {
  struct p1_links *links;
  struct net_stream *stream;
  struct p1_association *association;
  struct p1_record *record;    /* what both sides say */
  struct net_timer *timers[4]; /* the machine's, by its numbers */
  struct net_timer
      *idle;       /* unused for too long; before the machine is told of the connection: the TLS handshake */
  gint64 heard_us; /* monotonic: octets last came */
  char *peer;      /* configured name; NULL until the bind is accepted */
  char *address;   /* of the other side */
  char *certified; /* name in the certificate that the other side gave; NULL: none */
  char *claimed;   /* name of the entry that a refused caller meant */
  struct hop *hop; /* "p1:PEER" once the peer is known */
  struct p1_session_identifier session; /* of the association, once it is bound */
  struct p1_session_identifier recovers; /* of the earlier one that it was opened by us to recover, if any */
  bool cannot_recover; /* the peer said so: the next call is an ordinary bind */
  struct p1_turn turn;
  bool initiator, tls, securing, bound, inside, dead, releasing;
  bool urgent_only; /* of ours: one of the peer's urgent-associations */
  bool failed;      /* its address is not to be called for a while */
  bool lost;        /* the connection has ended */
  guint waits;      /* commits whose callback is still to come */
  struct p1_sending out;
  struct p1_receiving in;
  /* told by `peer list` */
  gint64 since_us; /* bound; 0: never was */
  guint checkpoint_size, window, session_version, tpdu_max;
  enum p1_dialogue dialogue;
  enum p1_mode mode;
  char *refusal; /* why it ended, or never got bound */
};

struct p1_links *p1_links_new(struct relay *relay, GError **error);
void p1_links_listen(struct p1_links *links);
void p1_links_stop(struct p1_links *links);   /* orderly release of idle associations; no new ones */
void p1_links_resume(struct p1_links *links); /* the store is no longer busy: sockets are read again */
void p1_links_free(struct p1_links *links);

/* p1_link.c: an association with these options; its owner sets the stream (connected or connecting). */
struct p1_link *p1_link_new(struct p1_links *links, const struct p1_options *options);
/* The TLS handshake is under way, and has so much time. */
void p1_link_secure_within(struct p1_link *link, guint seconds);
/* Hears what the machine has to say, and feeds it; after whatever was asked of it. */
void p1_link_pump(struct p1_link *link);
/* Ends what is left of it, and frees it unless the store still owes it an answer. */
void p1_link_end(struct p1_link *link);
extern const struct net_stream_handler p1_link_handler;

/* Aborts it, and tells why in the log. cut: the peer does not read, so the connection ends at once; the link
 * may be freed then. */
void p1_link_break(struct p1_link *link, const char *why, bool cut);

/* p1_send.c.  Priority of what this link would take next, be it converted or about to be; -1: nothing. */
gint p1_send_waits(const struct p1_link *link);
bool p1_send_ready(const struct p1_link *link); /* it is converted */
/* The link has the turn and something waits: takes the next delivery of its hop. */
void p1_send_next(struct p1_link *link);
void p1_send_want(struct p1_link *link, gsize want);                   /* P1_WANT_DATA */
void p1_send_checkpoint(struct p1_link *link, const struct p1_event *event); /* P1_CHECKPOINT */
void p1_send_over(struct p1_link *link, const struct p1_event *event); /* P1_SENT, P1_NOT_SENT */
/* The association was of use: the peer took a message, or secured more of one than it had. */
bool p1_send_carried(const struct p1_link *link);
void p1_send_lost(struct p1_link *link); /* the association ended: its delivery is deferred */

/* p1_receive.c: P1_RECEIVE_BEGIN, _RESUME, _DATA, _CHECKPOINT, _OVERSIZE, _END, _ABANDONED, _INTERRUPTED. */
void p1_receive_begin(struct p1_link *link, const struct p1_event *event);
void p1_receive_resume(struct p1_link *link, const struct p1_event *event);
void p1_receive_checkpoint(struct p1_link *link, const struct p1_event *event);
void p1_receive_oversize(struct p1_link *link);
guint64 p1_receive_octets(const struct p1_link *link); /* of the open transfer so far */
void p1_receive_interrupted(struct p1_link *link);
void p1_receive_data(struct p1_link *link, GBytes *data);
/* Commits the transfer, and confirms it when it is durable. */
void p1_receive_end(struct p1_link *link);
void p1_receive_forget(struct p1_link *link);
/* p1_link.c: who is at the other end, for what is kept of transfers; texts are the link's. */
struct p1_origin p1_link_origin(const struct p1_link *link);
/* Octets came: they prove that the peer has our confirmation (DESIGN section 1, the duplicate rule). */
void p1_receive_proven(struct p1_link *link);

/* p1_in.c.  Answers P1_BIND: the peer's entry is found and judged. On the wire stands X.411's error, in the
 * log the rule that refused. */
void p1_in_bind(struct p1_link *link, const struct p1_event *bind);
/* Answers P1_RECOVER: taken only from where the old association came, and from a peer that may still call. */
void p1_in_recover(struct p1_link *link, const struct p1_event *recover);

/* p1_out.c: a link has carried its first message; one that we opened has ended: decides about the next. */
void p1_out_works(struct p1_link *link);
void p1_out_ended(struct p1_link *link);
/* Another address of the peer can be called now. */
bool p1_out_has_other(const struct p1_link *link);

#endif
