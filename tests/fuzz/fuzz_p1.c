/* fuzz_p1.c - a P1 association in either role, from the TCP stream up to bind and transfer, against a peer
 * that sends anything; the relay around it answers as the real one does.
 *
 * First octet: role, terms, what the relay answers.  Then, without BY_TSDU, the octets of the stream, cut
 * into pieces by themselves; with it the transport connection is made and items follow: below 0x80 something
 * that the relay does, else the start of a length (of two octets) and as many octets of a TSDU, which are put
 * into DT TPDUs here, so that a mutation need not mend TPKT's lengths. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mhs/p1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
  INITIATOR = 0x01,
  BY_TSDU = 0x02,
  REFUSE_BIND = 0x04,
  X410 = REFUSE_BIND, /* of an initiator: X.410 mode, with VERSION_1 mode 1984 */
  TWO_WAY = 0x08,
  NO_CHECKPOINTS = 0x10,
  REJECT = 0x20, /* and discards its own second block */
  SMALL_LIMITS = 0x40,
  RECOVER = SMALL_LIMITS, /* of an initiator: an earlier association */
  VERSION_1 = 0x80
};
enum { TPKT_DT = 7, DT_MAX = 1000, APDU_SIZE = 5000 };

struct relay {
  struct p1_association *association;
  uint8_t flags;
  GByteArray *sent; /* until the transport connection is made */
  gsize left;       /* of the transfer out */
  guint wants, transfers;
  bool bind_asked, bound, over, closed, receiving, whole, sending;
  struct p1_resumption resumption; /* of the last transfer out that was interrupted */
  guint coming, checkpoint;        /* the transfer in, its last checkpoint */
  gsize offset;
  bool answered; /* a transfer in was; that it is lost may have been in the queue then */
};

static void must(bool good)
{
  if (!good)
    abort();
}

static void transfer(struct relay *relay)
{
  if (relay->transfers++ == 3 || !p1_association_transfer(relay->association, APDU_SIZE, NULL))
    return;
  relay->left = APDU_SIZE;
  relay->sending = true;
}

/* Of a transfer that was interrupted, or of one that never was. */
static void resume(struct relay *relay, uint8_t serial)
{
  g_autoptr(GBytes) activity = g_bytes_new_static("\x02\x01\x01", 3);
  struct p1_resumption made = {
      .activity = activity, .serial = serial, .offset = serial * 1000u, .ended = true};
  const struct p1_resumption *from = relay->resumption.activity != NULL ? &relay->resumption : &made;
  if (!p1_association_resume(relay->association, APDU_SIZE, from, NULL))
    return;
  must(from->offset <= APDU_SIZE);
  relay->left = APDU_SIZE - from->offset;
  relay->sending = true;
}

static void give(struct relay *relay, gsize want)
{
  static const guint8 apdu[APDU_SIZE];
  must(relay->sending && want > 0 && want <= relay->left);
  if (relay->flags & REJECT && ++relay->wants == 2) {
    p1_association_discard(relay->association);
    return;
  }
  want = MIN(want, 700);
  g_autoptr(GBytes) data = g_bytes_new_static(apdu, want);
  relay->left -= want;
  p1_association_data(relay->association, data);
}

static void bind(struct relay *relay, const struct p1_event *event)
{
  must(!relay->bind_asked && !(relay->flags & INITIATOR));
  relay->bind_asked = true;
  g_autoptr(GBytes) password = g_bytes_new_static("land", 4);
  struct p1_credentials own = {.mta_name = (char *)"land", .password = password};
  if (relay->flags & REFUSE_BIND)
    p1_association_bind_refuse(relay->association, P1_BIND_AUTHENTICATION_ERROR);
  else
    p1_association_bind_accept(relay->association, event->mode, &own, P1_PASSWORD_IA5);
}

static void handle(struct relay *relay, const struct p1_event *event)
{
  must(!relay->closed);
  must(!relay->over || event->type == P1_SEND || event->type == P1_TIMER || event->type == P1_CLOSE);
  switch (event->type) {
  case P1_SEND:
    if (relay->sent->len < 100)
      g_byte_array_append(relay->sent, g_bytes_get_data(event->data, NULL),
                          (guint)g_bytes_get_size(event->data));
    break;
  case P1_CLOSE:
    relay->closed = true;
    break;
  case P1_TIMER:
    break;
  case P1_BIND:
    bind(relay, event);
    break;
  case P1_BOUND:
    must(!relay->bound);
    relay->bound = true;
    if (relay->flags & TWO_WAY && !(relay->flags & INITIATOR))
      p1_association_ask_turn(relay->association, 1);
    break;
  case P1_REFUSED:
  case P1_RELEASED:
  case P1_ABORTED:
    must(event->type == P1_RELEASED || event->words != NULL);
    must(event->words == NULL || g_utf8_validate(event->words, -1, NULL));
    must(!relay->sending && !relay->receiving); /* open transfers are told first */
    relay->over = true;
    break;
  case P1_READY:
    transfer(relay);
    break;
  case P1_TURN_ASKED:
    p1_association_give_turn(relay->association);
    break;
  case P1_WANT_DATA:
    give(relay, event->want);
    break;
  case P1_SENT:
    must(relay->sending); /* all of it, or the peer had it before */
    relay->sending = false;
    break;
  case P1_NOT_SENT:
    must(relay->sending && event->words != NULL && event->resumption.activity != NULL);
    must(event->resumption.offset <= APDU_SIZE - relay->left);
    relay->sending = false;
    p1_resumption_clear(&relay->resumption);
    p1_resumption_copy(&relay->resumption, &event->resumption);
    break;
  case P1_CHECKPOINT:
    must(relay->sending && event->resumption.serial > 0 &&
         event->resumption.offset <= APDU_SIZE - relay->left);
    break;
  case P1_RECOVER:
    must(!relay->bind_asked && !(relay->flags & INITIATOR) && event->resumption.session.calling != NULL);
    relay->bind_asked = true;
    if (relay->flags & REFUSE_BIND)
      p1_association_recover_refuse(relay->association, relay->flags & VERSION_1);
    else
      p1_association_recover_accept(relay->association);
    break;
  case P1_RECEIVE_BEGIN:
    must(relay->bound && !relay->receiving);
    relay->receiving = true;
    relay->coming = event->transfer;
    relay->offset = 0;
    break;
  case P1_RECEIVE_RESUME:
    must(relay->bound && !relay->receiving && event->resumption.activity != NULL);
    relay->coming = event->transfer;
    relay->offset = event->resumption.serial * (gsize)1024;
    if (relay->flags & REJECT) {
      p1_association_resume_refuse(relay->association,
                                   (enum p1_resume_refusal)(event->resumption.serial % 4));
    } else {
      relay->receiving = true;
      p1_association_receive_from(relay->association, relay->offset);
    }
    break;
  case P1_RECEIVE_DATA:
    must(relay->receiving && g_bytes_get_size(event->data) > 0);
    relay->offset += g_bytes_get_size(event->data);
    break;
  case P1_RECEIVE_CHECKPOINT:
    must(relay->receiving && event->transfer == relay->coming);
    must(event->resumption.offset == relay->offset || relay->flags & SMALL_LIMITS);
    relay->checkpoint = event->resumption.serial;
    if (relay->flags & NO_CHECKPOINTS || relay->checkpoint % 2 == 0)
      p1_association_checkpoint(relay->association, relay->coming, relay->checkpoint);
    break;
  case P1_RECEIVE_OVERSIZE:
    must(relay->receiving && relay->flags & SMALL_LIMITS);
    break;
  case P1_RECEIVE_END:
    must(relay->receiving);
    relay->whole = true;
    break;
  case P1_RECEIVE_INTERRUPTED:
    must(event->transfer == relay->coming && event->resumption.serial > 0);
    must(event->resumption.offset <= relay->offset || relay->flags & SMALL_LIMITS);
    must(relay->receiving || relay->answered);
    relay->receiving = relay->whole = false;
    break;
  case P1_RECEIVE_ABANDONED:
    must(relay->receiving || relay->answered);
    relay->receiving = relay->whole = false;
    break;
  }
}

static void drain(struct relay *relay)
{
  struct p1_event event;
  while (p1_association_next(relay->association, &event)) {
    handle(relay, &event);
    p1_event_clear(&event);
    if (relay->whole) {
      relay->receiving = relay->whole = false;
      relay->answered = true;
      if (relay->flags & REJECT)
        p1_association_reject(relay->association);
      else
        p1_association_confirm(relay->association);
    }
  }
  g_free(p1_association_describe(relay->association));
}

static void act(struct relay *relay, uint8_t what)
{
  switch (what % 8) {
  case 0:
    p1_association_give_turn(relay->association);
    break;
  case 1:
    p1_association_ask_turn(relay->association, what >> 3);
    break;
  case 2:
    p1_association_release(relay->association);
    break;
  case 3:
    p1_association_abort(relay->association, "the test wants it");
    break;
  case 4:
    if (what < 0x20)
      p1_association_discard(relay->association);
    else if (what < 0x40)
      p1_association_interrupt(relay->association);
    else if (what < 0x60)
      p1_association_receive_interrupt(relay->association);
    else
      p1_association_checkpoint(relay->association, relay->coming, relay->checkpoint);
    break;
  case 5:
    p1_association_timeout(relay->association, (what >> 3) % 4);
    break;
  case 6:
    if (what < 0x40)
      transfer(relay);
    else
      resume(relay, what >> 4 & 3);
    break;
  default:
    p1_association_lost(relay->association, "the test wants it");
  }
  drain(relay);
}

static void input(struct relay *relay, const uint8_t *octets, size_t length)
{
  g_autofree uint8_t *exact = g_memdup2(octets, length);
  p1_association_input(relay->association, exact, length);
  drain(relay);
}

static void input_tsdu(struct relay *relay, const uint8_t *octets, size_t length)
{
  do {
    size_t part = MIN(length, DT_MAX);
    uint8_t packet[TPKT_DT + DT_MAX] = {3, 0,    (uint8_t)((part + TPKT_DT) >> 8), (uint8_t)(part + TPKT_DT),
                                        2, 0xf0, part == length ? 0x80 : 0};
    if (part > 0)
      memcpy(packet + TPKT_DT, octets, part);
    input(relay, packet, TPKT_DT + part);
    octets += part;
    length -= part;
  } while (length > 0);
}

/* CR, or CC to the reference of our CR. */
static void connect_transport(struct relay *relay)
{
  uint8_t packet[] = {3, 0, 0, 14, 9, 0xe0, 0, 0, 0x12, 0x34, 0, 0xc0, 1, 0x0b};
  if (relay->flags & INITIATOR) {
    must(relay->sent->len > 9);
    packet[5] = 0xd0;
    memcpy(packet + 6, relay->sent->data + 8, 2);
  }
  input(relay, packet, sizeof packet);
}

static void play_stream(struct relay *relay, const uint8_t *data, size_t size)
{
  for (size_t at = 0; at < size;) {
    size_t part = MIN((size_t)data[at] * 4 + 1, size - at);
    input(relay, data + at, part);
    at += part;
  }
}

static void play_items(struct relay *relay, const uint8_t *data, size_t size)
{
  connect_transport(relay);
  for (size_t at = 0; at < size;) {
    uint8_t item = data[at++];
    if (item < 0x80) {
      act(relay, item);
      continue;
    }
    size_t length = (size_t)(item & 0x7f) << 8 | (at < size ? data[at] : 0);
    at = MIN(at + 1, size);
    length = MIN(length, size - at);
    input_tsdu(relay, data + at, length);
    at += length;
  }
}

static enum p1_mode mode_of(uint8_t flags)
{
  return !(flags & INITIATOR) || !(flags & X410) ? P1_MODE_1988_NORMAL
         : flags & VERSION_1                     ? P1_MODE_1984
                                                 : P1_MODE_1988_X410;
}

static struct p1_options options_of(uint8_t flags, GBytes *password,
                                    const struct p1_session_identifier *old)
{
  return (struct p1_options){.initiator = flags & INITIATOR,
                             .mode = mode_of(flags),
                             .local = {.mta_name = (char *)"sea", .password = password},
                             .remote_tsel = {.present = flags & INITIATOR, .length = 3, .octets = "591"},
                             .tpdu_size = 0x0b,
                             .checkpoint_size = flags & NO_CHECKPOINTS ? 0 : 1,
                             .window = 3,
                             .dialogue = flags & TWO_WAY ? P1_TWO_WAY_ALTERNATE : P1_MONOLOGUE,
                             .session_version = flags & VERSION_1 ? 1 : 2,
                             .reference = (char *)"sea.example",
                             .reference_time = (char *)"261123180000Z",
                             .recover = flags & INITIATOR && flags & RECOVER ? old : NULL,
                             .recover_turn_there = flags & TWO_WAY && flags & REJECT,
                             .resume_wait_ms = flags & NO_CHECKPOINTS ? 0 : 2000,
                             .connect_ms = 60000,
                             .answer_ms = 120000,
                             .release_ms = 30000,
                             .receive_max = flags & SMALL_LIMITS ? 1500 : 0,
                             .ssdu_max = flags & SMALL_LIMITS ? 2000 : 100000};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  g_autoptr(GBytes) password = g_bytes_new_static("sea", 3);
  g_autoptr(GBytes) calling = g_bytes_new_static("\x04\x03old", 5);
  g_autoptr(GBytes) common = g_bytes_new_static("\x17\x0d""261123180000Z", 15);
  struct p1_options options =
      options_of(data[0], password, &(struct p1_session_identifier){.calling = calling, .common = common});
  struct relay relay = {.flags = data[0], .sent = g_byte_array_new()};
  relay.association = p1_association_new(&options);
  p1_association_connected(relay.association);
  drain(&relay);
  if (data[0] & BY_TSDU)
    play_items(&relay, data + 1, size - 1);
  else
    play_stream(&relay, data + 1, size - 1);
  for (guint timer = 0; timer < 4; timer++) {
    p1_association_timeout(relay.association, timer);
    drain(&relay);
  }
  p1_association_lost(relay.association, "end");
  drain(&relay);
  must(!relay.sending && !relay.receiving);
  p1_association_free(relay.association);
  g_byte_array_unref(relay.sent);
  p1_resumption_clear(&relay.resumption);
  return 0;
}
