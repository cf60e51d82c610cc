/* transport.c - the class 0 transport machine: X.224 clause 6 and annex A as its table, RFC 1006 section 5 as
 * its network. */
#include "osi/transport.h"

#include <string.h>

#include "osi/outputs.h"
#include "osi/tpkt.h"
#include "osi/x224_tpdu.h"

/* Names are X.224's (annex A); WFCR is what A calls CLOSED on the side that was called. */
enum state { CLOSED, WFCR, WFCC, WFTRESP, OPEN, ENDED };

enum event {
  T_CONNECT_REQ,
  T_CONNECT_RSP,
  T_DISCONNECT_REQ,
  T_DATA_REQ,
  N_DISCONNECT_IND, /* TCP ended */
  TIMER,
  CR,
  CC,
  DR,
  DC,
  DT,
  ER,
  INVALID_TPDU
};

/* Each TCP connection carries one transport connection, so constant references identify it. */
enum { REFERENCE_INITIATOR = 1, REFERENCE_RESPONDER = 2 };

struct transport {
  struct transport_options options;
  enum state state;
  struct tpkt_reader reader;
  GByteArray *tsdu; /* what has come of the TSDU being received */
  gsize size;       /* octets of a TPDU we may send */
  guint16 peer_reference;
  struct x224_tpdu request; /* responder: the CR, without pointers */
  struct outputs outputs; /* struct transport_output */
};

/* What an event brings along. */
struct occasion {
  const struct x224_tpdu *tpdu; /* TPDU events but INVALID_TPDU */
  const guint8 *packet;         /* TPDU events */
  gsize length;
  guint reason;      /* T_DISCONNECT_REQ */
  const char *words; /* N_DISCONNECT_IND, INVALID_TPDU */
  GBytes *data;      /* T_DATA_REQ */
};

/* --- outputs --- */

void transport_output_clear(struct transport_output *output)
{
  g_clear_pointer(&output->data, g_bytes_unref);
  g_clear_pointer(&output->detail, g_free);
}

static struct transport_output *put(struct transport *transport, enum transport_output_type type)
{
  struct transport_output *output = outputs_put(&transport->outputs);
  output->type = type;
  return output;
}

static void put_octets(struct transport *transport, GByteArray *octets)
{
  put(transport, TRANSPORT_SEND)->data = g_byte_array_free_to_bytes(octets);
}

static void put_tpdu(struct transport *transport, const struct x224_tpdu *tpdu)
{
  GByteArray *octets = g_byte_array_new();
  x224_encode(tpdu, octets);
  put_octets(transport, octets);
}

static void put_timer(struct transport *transport, guint ms)
{
  if (transport->options.timer_ms != 0)
    put(transport, TRANSPORT_TIMER)->ms = ms;
}

/* Every action that leads to ENDED ends in this. */
static void put_closed(struct transport *transport, bool by_peer, guint reason, char *detail)
{
  if (transport->state == WFCC || transport->state == WFCR)
    put_timer(transport, 0);
  struct transport_output *output = put(transport, TRANSPORT_CLOSED);
  output->by_peer = by_peer;
  output->reason = reason;
  output->detail = detail;
}

static guint16 own_reference(const struct transport *transport)
{
  return transport->options.initiator ? REFERENCE_INITIATOR : REFERENCE_RESPONDER;
}

static void put_disconnect(struct transport *transport, guint reason)
{
  put_tpdu(transport, &(struct x224_tpdu){.type = X224_DR,
                                          .destination = transport->peer_reference,
                                          .source = own_reference(transport),
                                          .reason = (guint8)reason});
}

/* --- guards --- */

static bool is_initiator(const struct transport *transport, const struct occasion *occasion)
{
  (void)occasion;
  return transport->options.initiator;
}

/* X.224 6.5.5: class 0 may answer a request that prefers it, prefers class 1, or lists it as alternative. */
static bool class_0_possible(const struct transport *transport, const struct occasion *occasion)
{
  (void)transport;
  return occasion->tpdu->preferred_class <= 1 || occasion->tpdu->class_0_alternative;
}

static bool class_0_selected(const struct transport *transport, const struct occasion *occasion)
{
  (void)transport;
  return occasion->tpdu->preferred_class == 0;
}

static bool fits(const struct transport *transport, const struct occasion *occasion)
{
  return transport->options.tsdu_max == 0 ||
         transport->tsdu->len + occasion->tpdu->length <= transport->options.tsdu_max;
}

/* --- actions --- */

static void send_request(struct transport *transport, const struct occasion *occasion)
{
  (void)occasion;
  const struct transport_options *options = &transport->options;
  put_tpdu(transport, &(struct x224_tpdu){.type = X224_CR,
                                          .source = own_reference(transport),
                                          .calling = options->calling,
                                          .called = options->called,
                                          .size_code = options->tpdu_size});
  put_timer(transport, options->timer_ms);
}

static void indicate_connect(struct transport *transport, const struct occasion *occasion)
{
  transport->request = *occasion->tpdu;
  transport->request.data = NULL;
  transport->peer_reference = occasion->tpdu->source;
  put_timer(transport, 0);
  struct transport_output *output = put(transport, TRANSPORT_CONNECT);
  output->calling = occasion->tpdu->calling;
  output->called = occasion->tpdu->called;
}

static void refuse_class(struct transport *transport, const struct occasion *occasion)
{
  transport->peer_reference = occasion->tpdu->source;
  put_disconnect(transport, X224_NEGOTIATION_FAILED);
  put_closed(transport, false, X224_NEGOTIATION_FAILED,
             g_strdup_printf(
                 "the peer asks for transport class %u without class 0 as alternative; RFC 1006 has only "
                 "class 0 (X.224 6.5.5)",
                 occasion->tpdu->preferred_class));
}

/* X.224 6.5.4, 13.4.4: the size chosen is at most the one asked for; a peer that asks for none is not told
 * one. */
static void send_confirm(struct transport *transport, const struct occasion *occasion)
{
  (void)occasion;
  const struct x224_tpdu *request = &transport->request;
  guint8 code = transport->options.tpdu_size;
  gsize limit = code != 0 ? (gsize)1 << code : X224_DEFAULT_SIZE;
  struct x224_tpdu confirm = {
      .type = X224_CC, .destination = transport->peer_reference, .source = own_reference(transport)};
  if (request->preferred_size != 0)
    confirm.preferred_size =
        (guint32)(MIN(request->preferred_size, limit) / X224_PREFERRED_UNIT * X224_PREFERRED_UNIT);
  else if (request->size_code != 0)
    confirm.size_code = code != 0 ? MIN(code, request->size_code) : request->size_code;
  transport->size = x224_size(&confirm);
  put_tpdu(transport, &confirm);
  put(transport, TRANSPORT_CONNECTED);
}

/* RFC 1006 reads an absent size as 65531, X.224 as 128: neither lets us send more than what we proposed
 * ourselves. */
static void confirm_connect(struct transport *transport, const struct occasion *occasion)
{
  gsize proposed = x224_size(&(struct x224_tpdu){.size_code = transport->options.tpdu_size});
  transport->size = MIN(proposed, x224_size(occasion->tpdu));
  transport->peer_reference = occasion->tpdu->source;
  put_timer(transport, 0);
  put(transport, TRANSPORT_CONNECTED);
}

static void reject_confirm(struct transport *transport, const struct occasion *occasion)
{
  transport->peer_reference = occasion->tpdu->source;
  put_disconnect(transport, X224_NEGOTIATION_FAILED);
  put_closed(transport, false, X224_NEGOTIATION_FAILED,
             g_strdup_printf("the peer selected transport class %u; class 0 was asked for (X.224 6.5.5)",
                             occasion->tpdu->preferred_class));
}

static void send_data(struct transport *transport, const struct occasion *occasion)
{
  put(transport, TRANSPORT_SEND)->data = x224_encode_data(occasion->data, transport->size);
}

static void receive_data(struct transport *transport, const struct occasion *occasion)
{
  const struct x224_tpdu *tpdu = occasion->tpdu;
  if (tpdu->end && transport->tsdu->len == 0) {
    put(transport, TRANSPORT_TSDU)->data = g_bytes_new(tpdu->data, tpdu->length);
    return;
  }
  g_byte_array_append(transport->tsdu, tpdu->data, (guint)tpdu->length);
  if (tpdu->end) {
    put(transport, TRANSPORT_TSDU)->data = g_byte_array_free_to_bytes(transport->tsdu);
    transport->tsdu = g_byte_array_new();
  }
}

static void refuse_long_tsdu(struct transport *transport, const struct occasion *occasion)
{
  (void)occasion;
  put_disconnect(transport, X224_NOT_SPECIFIED);
  put_closed(transport, false, X224_NOT_SPECIFIED,
             g_strdup_printf("the peer sends a TSDU of more than %zu octets, the limit",
                             transport->options.tsdu_max));
}

static void disconnect(struct transport *transport, const struct occasion *occasion)
{
  put_disconnect(transport, occasion->reason);
  put_closed(transport, false, occasion->reason,
             g_strdup_printf("disconnected by us: %s", x224_reason_name(occasion->reason)));
}

/* Before CC the peer's reference is not known: X.224 A.6 ends class 0 with the network connection. */
static void give_up(struct transport *transport, const struct occasion *occasion)
{
  put_closed(transport, false, occasion->reason,
             g_strdup("given up before the peer had confirmed the connection"));
}

static void peer_refused(struct transport *transport, const struct occasion *occasion)
{
  guint reason = occasion->tpdu->reason;
  bool address = reason == X224_ADDRESS_UNKNOWN || reason == X224_SESSION_NOT_ATTACHED;
  g_autofree char *called = osi_selector_format(&transport->options.called);
  put_closed(transport, true, reason,
             g_strdup_printf("the peer refused the transport connection: %s (reason %u, X.224 13.5.3)%s%s",
                             x224_reason_name(reason), reason,
                             address ? "; check the called transport selector " : "", address ? called : ""));
}

static void peer_disconnected(struct transport *transport, const struct occasion *occasion)
{
  guint reason = occasion->tpdu->type == X224_DR ? occasion->tpdu->reason : X224_NORMAL_DISCONNECT;
  put_closed(transport, true, reason,
             g_strdup_printf("the peer disconnected: %s (reason %u, X.224 13.5.3)", x224_reason_name(reason),
                             reason));
}

static void peer_reports_error(struct transport *transport, const struct occasion *occasion)
{
  put_closed(transport, true, X224_PROTOCOL_ERROR,
             g_strdup_printf("the peer rejected a TPDU of ours with ER, cause %u (X.224 13.12.3)",
                             occasion->tpdu->reason));
}

static void tcp_ended(struct transport *transport, const struct occasion *occasion)
{
  put_closed(
      transport, true, X224_NOT_SPECIFIED,
      g_strdup_printf("%s%s", occasion->words,
                      transport->state == WFCC ? " before the peer answered the connection request" : ""));
}

static void timed_out(struct transport *transport, const struct occasion *occasion)
{
  (void)occasion;
  put_closed(transport, false, X224_NOT_SPECIFIED,
             g_strdup_printf("the peer sent no %s within %u ms", transport->state == WFCC ? "CC" : "CR",
                             transport->options.timer_ms));
}

/* X.224 6.22, class 0: an invalid TPDU is answered by ER and the network connection is closed. */
static void protocol_error(struct transport *transport, const struct occasion *occasion)
{
  static const char *const where[] = {[CLOSED] = "before CR",
                                      [WFCR] = "before CR",
                                      [WFCC] = "before CC",
                                      [WFTRESP] = "before our answer to CR",
                                      [OPEN] = "on the open connection"};
  GByteArray *octets = g_byte_array_new();
  x224_encode_error(transport->peer_reference, X224_REJECT_TYPE, occasion->packet, occasion->length, octets);
  put_octets(transport, octets);
  put_closed(transport, false, X224_PROTOCOL_ERROR,
             occasion->words != NULL
                 ? g_strdup_printf("protocol error of the peer: %s", occasion->words)
                 : g_strdup_printf("protocol error of the peer: TPDU %02X %s (X.224 6.22, A.6)",
                                   occasion->packet[1], where[transport->state]));
}

/* --- the table --- */

struct row {
  enum state state;
  enum event event;
  bool (*guard)(const struct transport *transport, const struct occasion *occasion);
  void (*action)(struct transport *transport, const struct occasion *occasion);
  enum state next;
  const char *clause; /* of X.224 */
};

/* The first row that matches is taken.  A TPDU without a row is a protocol error; a request without one is
 * ignored, since the connection may have ended before its user knew. */
static const struct row table[] = {
    {CLOSED, T_CONNECT_REQ, is_initiator, send_request, WFCC, "6.5.2"},
    {CLOSED, T_DISCONNECT_REQ, NULL, give_up, ENDED, "A.6"},
    {CLOSED, N_DISCONNECT_IND, NULL, tcp_ended, ENDED, "A.6"},
    {WFCR, CR, class_0_possible, indicate_connect, WFTRESP, "6.5.3"},
    {WFCR, CR, NULL, refuse_class, ENDED, "6.6"},
    {WFCR, T_DISCONNECT_REQ, NULL, give_up, ENDED, "A.6"},
    {WFCR, N_DISCONNECT_IND, NULL, tcp_ended, ENDED, "A.6"},
    {WFCR, TIMER, NULL, timed_out, ENDED, "A.6"},
    {WFCC, CC, class_0_selected, confirm_connect, OPEN, "6.5.4"},
    {WFCC, CC, NULL, reject_confirm, ENDED, "6.6"},
    {WFCC, DR, NULL, peer_refused, ENDED, "6.6"},
    {WFCC, ER, NULL, peer_reports_error, ENDED, "6.22"},
    {WFCC, T_DISCONNECT_REQ, NULL, give_up, ENDED, "A.6"},
    {WFCC, N_DISCONNECT_IND, NULL, tcp_ended, ENDED, "A.6"},
    {WFCC, TIMER, NULL, timed_out, ENDED, "A.6"},
    {WFTRESP, T_CONNECT_RSP, NULL, send_confirm, OPEN, "6.5.4"},
    {WFTRESP, T_DISCONNECT_REQ, NULL, disconnect, ENDED, "6.6"},
    {WFTRESP, DR, NULL, peer_disconnected, ENDED, "6.7.1"},
    {WFTRESP, ER, NULL, peer_reports_error, ENDED, "6.22"},
    {WFTRESP, N_DISCONNECT_IND, NULL, tcp_ended, ENDED, "6.7.2"},
    {OPEN, T_DATA_REQ, NULL, send_data, OPEN, "6.3"},
    {OPEN, DT, fits, receive_data, OPEN, "6.3"},
    {OPEN, DT, NULL, refuse_long_tsdu, ENDED, "6.3"},
    {OPEN, T_DISCONNECT_REQ, NULL, disconnect, ENDED, "6.7.1"},
    {OPEN, DR, NULL, peer_disconnected, ENDED, "6.7.1"},
    {OPEN, DC, NULL, peer_disconnected, ENDED, "6.7.1"},
    {OPEN, ER, NULL, peer_reports_error, ENDED, "6.22"},
    {OPEN, N_DISCONNECT_IND, NULL, tcp_ended, ENDED, "6.7.2"},
};

static void handle(struct transport *transport, enum event event, const struct occasion *occasion)
{
  if (transport->state == ENDED)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
    const struct row *row = &table[i];
    if (row->state == transport->state && row->event == event &&
        (row->guard == NULL || row->guard(transport, occasion))) {
      row->action(transport, occasion);
      transport->state = row->next;
      return;
    }
  }
  if (event >= CR) {
    protocol_error(transport, occasion);
    transport->state = ENDED;
  }
}

/* --- the contract --- */

struct transport *transport_new(const struct transport_options *options)
{
  struct transport *transport = g_new0(struct transport, 1);
  transport->options = *options;
  transport->state = options->initiator ? CLOSED : WFCR;
  transport->size = X224_DEFAULT_SIZE;
  transport->tsdu = g_byte_array_new();
  tpkt_reader_init(&transport->reader);
  transport->outputs = OUTPUTS_INIT(struct transport_output, transport_output_clear);
  if (!options->initiator)
    put_timer(transport, options->timer_ms);
  return transport;
}

void transport_free(struct transport *transport)
{
  if (transport == NULL)
    return;
  outputs_clear(&transport->outputs);
  g_byte_array_unref(transport->tsdu);
  tpkt_reader_clear(&transport->reader);
  g_free(transport);
}

bool transport_next(struct transport *transport, struct transport_output *output_r)
{
  return outputs_next(&transport->outputs, output_r);
}

static void handle_packet(struct transport *transport, const guint8 *packet, gsize length)
{
  struct x224_tpdu tpdu;
  g_autoptr(GError) error = NULL;
  if (!x224_decode(packet, length, &tpdu, &error)) {
    handle(transport, INVALID_TPDU,
           &(struct occasion){.packet = packet, .length = length, .words = error->message});
    return;
  }
  static const struct {
    enum x224_type type;
    enum event event;
  } events[] = {{X224_DT, DT}, {X224_CR, CR}, {X224_CC, CC}, {X224_DR, DR}, {X224_DC, DC}, {X224_ER, ER}};
  for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
    if (events[i].type == tpdu.type)
      handle(transport, events[i].event,
             &(struct occasion){.tpdu = &tpdu, .packet = packet, .length = length});
  }
}

void transport_input(struct transport *transport, const guint8 *data, gsize length)
{
  const guint8 *packet;
  gsize size;
  enum tpkt_result result = TPKT_MORE;
  while (transport->state != ENDED &&
         (result = tpkt_read(&transport->reader, &data, &length, &packet, &size)) == TPKT_PACKET)
    handle_packet(transport, packet, size);
  if (result == TPKT_BAD && transport->state != ENDED) {
    put_closed(
        transport, false, X224_PROTOCOL_ERROR,
        g_strdup(
            "what the peer sends is not TPKT: version 3 and a length of at least 7 are expected (RFC 1006 "
            "section 6)"));
    transport->state = ENDED;
  }
}

void transport_connect(struct transport *transport)
{
  handle(transport, T_CONNECT_REQ, &(struct occasion){0});
}

void transport_accept(struct transport *transport)
{
  handle(transport, T_CONNECT_RSP, &(struct occasion){0});
}

void transport_refuse(struct transport *transport, guint reason)
{
  handle(transport, T_DISCONNECT_REQ, &(struct occasion){.reason = reason});
}

void transport_send(struct transport *transport, GBytes *tsdu)
{
  handle(transport, T_DATA_REQ, &(struct occasion){.data = tsdu});
}

void transport_disconnect(struct transport *transport, guint reason)
{
  handle(transport, T_DISCONNECT_REQ, &(struct occasion){.reason = reason});
}

void transport_lost(struct transport *transport, const char *why)
{
  handle(transport, N_DISCONNECT_IND, &(struct occasion){.words = why});
}

void transport_timeout(struct transport *transport)
{
  handle(transport, TIMER, &(struct occasion){0});
}

guint transport_tpdu_max(const struct transport *transport)
{
  return (guint)(transport->size - X224_DT_HEADER);
}
