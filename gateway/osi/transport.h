/* transport.h - TPKT (RFC 1006 section 6, RFC 2126 for IPv6) and the X.224 class 0 machine, one per TCP connection.
 *
 * Octets of the TCP stream and TSDUs go in; octets, TSDUs and connection events come out.  TPDU size: absent means 65531
 * (RFC 1006), we propose code 0B (2048) or as configured, accept 07-0D and F0; the limit includes the DT header.
 * DR, ER and illegal TPDUs give TRANSPORT_CLOSED with words; nothing a peer sends aborts the process. */
#ifndef GW400_OSI_TRANSPORT_H
#define GW400_OSI_TRANSPORT_H

#include <glib.h>
#include <stdbool.h>

#include "osi/selector.h"

struct transport_options {
  bool initiator;
  struct osi_selector calling, called; /* initiator: sent in CR (absent: parameter not sent) */
  guint8 tpdu_size;                    /* code 0x07..0x0d (2^n octets): proposed, or as responder accepted at most; 0: 65531 */
  gsize tsdu_max;                      /* largest TSDU reassembled, 0 = any; beyond it the connection is ended with DR */
  guint timer_ms;                      /* waiting for CC, or for CR after accept */
};
enum transport_output_type {
  TRANSPORT_SEND,       /* data: write these octets to the TCP connection */
  TRANSPORT_CONNECT,    /* responder: a CR came; calling and called TSEL are told; answer with transport_accept/refuse */
  TRANSPORT_CONNECTED,  /* initiator: CC came; responder: after accept */
  TRANSPORT_TSDU,       /* data: one whole TSDU */
  TRANSPORT_CLOSED,     /* the connection is over; close TCP; reason, detail (words with the clause), by_peer */
  TRANSPORT_TIMER       /* (re)start the one timer with ms; 0 stops it */
};
struct transport_output {
  enum transport_output_type type;
  GBytes *data;
  struct osi_selector calling, called;
  guint reason; /* X.224 13.5.3 d: DR reason code */
  bool by_peer;
  char *detail;
  guint ms;
};
/* The outputs come in order; after TRANSPORT_CLOSED there are none, and calls have no effect any more. */
void transport_output_clear(struct transport_output *output);

struct transport;
struct transport *transport_new(const struct transport_options *options);
void transport_free(struct transport *transport);
typedef struct transport transport_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(transport_t, transport_free)

void transport_connect(struct transport *transport); /* initiator: TCP is up: send CR */
void transport_accept(struct transport *transport);  /* responder: send CC */
void transport_refuse(struct transport *transport, guint reason);
void transport_input(struct transport *transport, const guint8 *data, gsize length);
void transport_send(struct transport *transport, GBytes *tsdu); /* ignored unless connected; one SEND with all its TPDUs */
void transport_disconnect(struct transport *transport, guint reason); /* sends DR (128 normal) where class 0 uses it, then CLOSED */
void transport_lost(struct transport *transport, const char *why); /* TCP ended */
void transport_timeout(struct transport *transport);
bool transport_next(struct transport *transport, struct transport_output *output_r);
guint transport_tpdu_max(const struct transport *transport); /* octets of user data in one DT as negotiated */

#endif
