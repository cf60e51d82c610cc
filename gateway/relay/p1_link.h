/* p1_link.h - P1 associations on their sockets: the machine of mhs/p1.h with the relay's policy, queue and
 * store around it.
 *
 * One association serves both directions where the dialogue allows it.  p1_in decides who may bind; p1_out
 * opens associations towards a peer and feeds them.  A transfer in is confirmed when its bytes are committed
 * (DESIGN section 1). */
#ifndef GW400_RELAY_P1_LINK_H
#define GW400_RELAY_P1_LINK_H

#include "mhs/p1.h"
#include "relay/hop.h"

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
  guint64 references;  /* session references made */
};

struct p1_link {
  struct p1_links *links;
  struct net_stream *stream;
  struct p1_association *association;
  struct net_timer *timers[4]; /* the machine's, by its numbers */
  struct net_timer *idle;
  char *peer;      /* configured name; NULL until the bind is accepted */
  char *address;   /* of the other side */
  struct hop *hop; /* "p1:PEER" once the peer is known */
  bool initiator, tls, bound, ready, inside, dead, releasing;
  guint waits; /* commits whose callback is still to come */
  /* transfer out */
  struct delivery *sending;
  guint64 offset;
  guint sent; /* messages on this association */
  /* transfer in */
  struct body *body;
  bool oversize;
  char *body_error;
  guint64 unproven; /* id of the message whose confirmation the peer's next octets prove */
  bool prove_armed;
  /* told by `peer list` */
  gint64 since_us;
  guint checkpoint_size, window, session_version, tpdu_max;
  enum p1_dialogue dialogue;
  guint64 received_count, sent_count;
  /* of p1_out: the next address to try */
  guint address_index;
  char *refusal; /* why an association that never got bound ended */
};

struct p1_links *p1_links_new(struct relay *relay, GError **error);
void p1_links_listen(struct p1_links *links);
void p1_links_stop(struct p1_links *links); /* orderly release of idle associations; no new ones */
void p1_links_resume(struct p1_links *links); /* the store is no longer busy: sockets are read again */
void p1_links_free(struct p1_links *links);

/* An association on a stream (connected or connecting) with these options; takes neither. */
struct p1_link *p1_link_new(struct p1_links *links, const struct p1_options *options);
void p1_link_pump(struct p1_link *link);
extern const struct net_stream_handler p1_link_handler;
/* Decides a bind: NULL and the peer's entry, or why not (for the log) and what to say on the wire. */
char *p1_in_judge(struct p1_links *links, const struct p1_link *link, const struct p1_event *bind,
                  const struct config_peer **peer_r, enum p1_bind_error *error_r);
/* The link has ended (p1_out decides about the next). */
void p1_out_ended(struct p1_link *link);
/* The link may send: takes the next delivery. */
void p1_out_feed(struct p1_link *link);

#endif
