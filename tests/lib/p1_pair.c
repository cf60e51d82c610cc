/* p1_pair.c - see p1_pair.h. */
#include "lib/p1_pair.h"

#include <string.h>

#include "osi/tlv.h"

struct p1_options p1_options_default(bool initiator)
{
  return (struct p1_options){.initiator = initiator,
                             .local = {.mta_name = (char *)"sea"},
                             .remote_tsel = {.present = initiator, .length = 3, .octets = "591"},
                             .tpdu_size = 0x0b,
                             .checkpoint_size = 4,
                             .window = 3,
                             .dialogue = initiator ? P1_MONOLOGUE : P1_TWO_WAY_ALTERNATE,
                             .session_version = 2,
                             .reference = (char *)"sea.example",
                             .reference_time = (char *)"261123180000Z",
                             .connect_ms = 60000,
                             .answer_ms = 120000,
                             .release_ms = 30000};
}

void p1_end_init(struct p1_end *end, const struct p1_options *options)
{
  *end = (struct p1_end){.name = "land", .password = "land-password"};
  end->association = p1_association_new(options);
  end->trace = g_string_new(NULL);
  end->wire = g_byte_array_new();
  end->written = g_byte_array_new();
  end->coming = g_byte_array_new();
  end->received = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  g_queue_init(&end->to_send);
}

void p1_end_clear(struct p1_end *end)
{
  p1_association_free(end->association);
  g_string_free(end->trace, TRUE);
  g_byte_array_unref(end->wire);
  g_byte_array_unref(end->written);
  g_byte_array_unref(end->coming);
  g_ptr_array_unref(end->received);
  g_clear_pointer(&end->sending, g_bytes_unref);
  g_queue_clear_full(&end->to_send, (GDestroyNotify)g_bytes_unref);
  p1_event_clear(&end->bind);
  p1_event_clear(&end->bound);
  p1_event_clear(&end->end);
  g_free(end->not_sent_words);
}

void p1_end_send(struct p1_end *end, GBytes *apdu)
{
  g_queue_push_tail(&end->to_send, g_bytes_ref(apdu));
}

static bool is(GBytes *octets, const char *text)
{
  gsize length;
  const void *data = octets != NULL ? g_bytes_get_data(octets, &length) : NULL;
  return text == NULL || (data != NULL && length == strlen(text) && memcmp(data, text, length) == 0);
}

static void answer_bind(struct p1_end *end, const struct p1_event *event)
{
  g_autoptr(GBytes) password = g_bytes_new_static(end->password, strlen(end->password));
  struct p1_credentials own = {.mta_name = (char *)end->name, .password = password};
  if (end->refuse_busy) {
    p1_association_bind_refuse(end->association, P1_BIND_BUSY);
  } else if ((end->wants_name != NULL && g_strcmp0(end->wants_name, event->peer.mta_name) != 0) ||
             !is(event->peer.password, end->wants_password)) {
    p1_association_bind_refuse(end->association, P1_BIND_AUTHENTICATION_ERROR);
  } else {
    p1_association_bind_accept(end->association, end->mode_given ? end->mode : event->mode, &own, end->form);
  }
}

static void give_data(struct p1_end *end, gsize want)
{
  gsize left = g_bytes_get_size(end->sending) - end->given;
  g_assert_cmpuint(want, <=, left);
  if (++end->wants == 2 && end->discard_second) {
    p1_association_discard(end->association);
    return;
  }
  if (end->wants == end->interrupt_at) {
    p1_association_interrupt(end->association);
    return;
  }
  if (end->piece != 0) {
    want = MIN(want, end->piece);
  }
  g_autoptr(GBytes) data = g_bytes_new_from_bytes(end->sending, end->given, want);
  end->given += want;
  end->octets_given += want;
  p1_association_data(end->association, data);
}

/* With the turn: the next transfer, or what else is to be done; false when nothing is. */
static bool go_on(struct p1_end *end)
{
  if (!end->ready || end->end_seen) {
    return false;
  }
  GBytes *next = g_queue_pop_head(&end->to_send);
  end->ready = false;
  if (next != NULL) {
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&end->sending, g_bytes_unref);
    end->sending = next;
    end->given = 0;
    if (end->resumption != NULL && end->resumption->activity != NULL) {
      end->given = end->resumption->offset;
      g_assert_true(p1_association_resume(end->association, g_bytes_get_size(next), end->resumption, &error));
    } else {
      g_assert_true(p1_association_transfer(end->association, g_bytes_get_size(next), &error));
    }
    g_assert_no_error(error);
  } else if (end->turn_asked && !end->never_give_turn) {
    end->turn_asked = false;
    p1_association_give_turn(end->association);
  } else if (end->release_when_done) {
    p1_association_release(end->association);
  } else {
    end->ready = true;
    return false;
  }
  return true;
}

static void keep(struct p1_event *place, struct p1_event *event)
{
  p1_event_clear(place);
  *place = *event;
  *event = (struct p1_event){.type = place->type};
}

static void received(struct p1_end *end)
{
  end->whole++;
  if (end->hold_confirm) {
    return;
  }
  if (end->reject) {
    p1_association_reject(end->association);
    return;
  }
  end->confirmed++;
  if (end->store != NULL) {
    p1_store_complete(end->store);
  } else {
    g_ptr_array_add(end->received, g_bytes_new(end->coming->data, end->coming->len));
  }
  p1_association_confirm(end->association);
}

static void not_sent(struct p1_end *end, struct p1_event *event)
{
  end->not_sent++;
  end->outcome = event->outcome;
  end->not_sent_permanent = event->permanent;
  g_free(end->not_sent_words);
  end->not_sent_words = g_steal_pointer(&event->words);
  if (end->resumption != NULL) {
    p1_resumption_clear(end->resumption);
    *end->resumption = (struct p1_resumption){0};
    if (event->outcome == P1_OUTCOME_INTERRUPTED &&
        (event->resumption.serial > 0 || event->resumption.ended)) {
      p1_resumption_copy(end->resumption, &event->resumption);
    }
  }
}

static void resume(struct p1_end *end, const struct p1_event *event)
{
  guint64 offset;
  enum p1_resume_refusal why = P1_RESUME_DELETED;
  end->resumed++;
  if (end->store != NULL && p1_store_resume(end->store, event, &offset, &why)) {
    p1_association_receive_from(end->association, offset);
  } else {
    p1_association_resume_refuse(end->association, why);
  }
}

static void handle(struct p1_end *end, struct p1_event *event)
{
  gsize length;
  const guint8 *data = event->data != NULL ? g_bytes_get_data(event->data, &length) : NULL;
  g_assert_false(end->closed);
  if (event->type != P1_SEND && event->type != P1_TIMER) {
    g_string_append_printf(end->trace, "%s ", p1_event_name(event->type));
  }
  switch (event->type) {
  case P1_SEND:
    end->sends++;
    g_byte_array_append(end->wire, data, (guint)length);
    g_byte_array_append(end->written, data, (guint)length);
    break;
  case P1_CLOSE:
    end->closed = true;
    break;
  case P1_TIMER:
    g_assert_cmpuint(event->timer, <, G_N_ELEMENTS(end->timers));
    end->timers[event->timer] = event->ms;
    break;
  case P1_BIND:
    answer_bind(end, event);
    end->bind_seen = true;
    keep(&end->bind, event);
    break;
  case P1_BOUND:
    end->bound_seen = true;
    keep(&end->bound, event);
    if (end->store != NULL) {
      p1_store_association(end->store, &end->bound.resumption.session);
    }
    if (end->want_turn) {
      p1_association_ask_turn(end->association, 1);
    }
    break;
  case P1_REFUSED:
  case P1_RELEASED:
  case P1_ABORTED:
    g_assert_false(end->end_seen);
    end->end_seen = true;
    keep(&end->end, event);
    break;
  case P1_READY:
    end->ready = true;
    break;
  case P1_TURN_ASKED:
    end->asked++;
    end->turn_asked = true;
    break;
  case P1_WANT_DATA:
    give_data(end, event->want);
    break;
  case P1_SENT:
    end->sent++;
    break;
  case P1_NOT_SENT:
    not_sent(end, event);
    break;
  case P1_RECEIVE_BEGIN:
    end->begun++;
    g_byte_array_set_size(end->coming, 0);
    if (end->store != NULL) {
      p1_store_begin(end->store, &event->resumption);
    }
    break;
  case P1_RECEIVE_DATA:
    g_byte_array_append(end->coming, data, (guint)length);
    if (end->store != NULL) {
      p1_store_append(end->store, data, length);
    }
    break;
  case P1_RECEIVE_OVERSIZE:
    end->oversize = true;
    break;
  case P1_RECEIVE_END:
    received(end);
    break;
  case P1_CHECKPOINT:
    end->checkpoints_out++;
    g_assert_cmpuint(event->resumption.offset, <=, end->given);
    break;
  case P1_RECOVER:
    end->bind_seen = true;
    keep(&end->bind, event);
    if (end->store != NULL && p1_store_knows(end->store, &end->bind.resumption.session)) {
      p1_association_recover_accept(end->association);
    } else {
      p1_association_recover_refuse(end->association, end->refuse_busy);
    }
    break;
  case P1_RECEIVE_RESUME:
    resume(end, event);
    break;
  case P1_RECEIVE_CHECKPOINT:
    end->checkpoints_in++;
    if (end->store != NULL) {
      p1_store_checkpoint(end->store, &event->resumption);
    }
    if (!end->hold_checkpoints && (end->store == NULL || p1_store_syncs(end->store))) {
      p1_association_checkpoint(end->association, event->transfer, event->resumption.serial);
    }
    break;
  case P1_RECEIVE_INTERRUPTED:
    end->interrupted++;
    if (end->store != NULL) {
      p1_store_interrupt(end->store, &event->resumption);
    }
    break;
  case P1_RECEIVE_ABANDONED:
    end->abandoned++;
    if (end->store != NULL) {
      p1_store_abandon(end->store);
    }
    break;
  }
}

void p1_end_drain(struct p1_end *end)
{
  struct p1_event event;
  bool any;
  do {
    any = false;
    while (p1_association_next(end->association, &event)) {
      handle(end, &event);
      p1_event_clear(&event);
      any = true;
    }
    any = go_on(end) || any;
  } while (any);
}

/* --- pairs
 * ---------------------------------------------------------------------------------------------------------------
 */

struct p1_pair *p1_pair_new(const struct p1_options *initiator, const struct p1_options *responder)
{
  struct p1_pair *pair = g_new0(struct p1_pair, 1);
  p1_end_init(&pair->initiator, initiator);
  p1_end_init(&pair->responder, responder);
  return pair;
}

void p1_pair_free(struct p1_pair *pair)
{
  p1_end_clear(&pair->initiator);
  p1_end_clear(&pair->responder);
  g_free(pair);
}

gsize p1_pair_pass(struct p1_pair *pair, bool from_initiator, gsize octets)
{
  struct p1_end *from = from_initiator ? &pair->initiator : &pair->responder;
  struct p1_end *to = from_initiator ? &pair->responder : &pair->initiator;
  gsize length = MIN(octets, from->wire->len);
  if (length == 0) {
    return 0;
  }
  g_autofree guint8 *data = g_memdup2(from->wire->data, length);
  g_byte_array_remove_range(from->wire, 0, (guint)length);
  if (pair->capture != NULL) {
    pcap_writer_say(pair->capture, from_initiator, data, length);
  }
  p1_association_input(to->association, data, length);
  p1_end_drain(to);
  return length;
}

static void hang_up(struct p1_end *from, struct p1_end *to)
{
  if (from->closed && from->wire->len == 0 && !to->closed) {
    p1_association_lost(to->association, "the peer closed the connection");
    p1_end_drain(to);
  }
}

/* Nothing more comes: who waits for word that a resumed transfer is complete goes on. */
static bool resume_timers(struct p1_pair *pair)
{
  struct p1_end *ends[] = {&pair->initiator, &pair->responder};
  enum { TIMER_RESUME = 3 };
  bool any = false;
  for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
    if (ends[i]->timers[TIMER_RESUME] != 0 && !ends[i]->closed) {
      any = true;
      ends[i]->timers[TIMER_RESUME] = 0;
      p1_association_timeout(ends[i]->association, TIMER_RESUME);
      p1_end_drain(ends[i]);
    }
  }
  return any;
}

void p1_pair_run(struct p1_pair *pair)
{
  gsize chunk = pair->chunk != 0 ? pair->chunk : G_MAXUINT;
  p1_end_drain(&pair->initiator);
  p1_end_drain(&pair->responder);
  while (p1_pair_pass(pair, true, chunk) + p1_pair_pass(pair, false, chunk) > 0) {
  }
  if (resume_timers(pair)) {
    p1_pair_run(pair);
    return;
  }
  hang_up(&pair->initiator, &pair->responder);
  hang_up(&pair->responder, &pair->initiator);
}

void p1_pair_connect(struct p1_pair *pair)
{
  p1_association_connected(pair->responder.association);
  p1_association_connected(pair->initiator.association);
  p1_pair_run(pair);
}

void p1_pair_cut(struct p1_pair *pair)
{
  struct p1_end *ends[] = {&pair->initiator, &pair->responder};
  for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
    g_byte_array_set_size(ends[i]->wire, 0);
    p1_association_lost(ends[i]->association, "the connection was cut");
    p1_end_drain(ends[i]);
  }
}

GBytes *p1_unwrap(enum p1_mode mode, GBytes *received)
{
  if (mode != P1_MODE_1988_NORMAL) {
    return g_bytes_ref(received);
  }
  gsize size;
  const guint8 *data = g_bytes_get_data(received, &size), *contents;
  struct tlv external, tlv = {0};
  bool bad = false;
  g_assert_true(tlv_read(data, size, &external));
  g_assert_cmpuint(external.tag, ==, 0x28);
  struct tlv_cursor cursor = {data + external.header, external.length};
  while (tlv_next(&cursor, &tlv, &contents, &bad) && tlv.tag != 0xa0) {
  }
  g_assert_false(bad);
  g_assert_cmpuint(tlv.tag, ==, 0xa0);
  return g_bytes_new_from_bytes(received, (gsize)(contents - data), tlv.length);
}

GBytes *p1_random_apdu(gsize size, guint seed)
{
  guint8 *octets = g_malloc(size + 1);
  for (gsize i = 0; i < size; i++) {
    seed = seed * 1103515245u + 12345u;
    octets[i] = (guint8)(seed >> 16);
  }
  return g_bytes_new_take(octets, size);
}
