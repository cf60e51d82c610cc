/* p1_transfer.c - the transfers of a P1 association, out and in, and the turn. */
#include "mhs/p1_machine.h"
#include "osi/tlv.h"

enum { TAG_EXTERNAL = 0x28, TAG_INTEGER = 0x02, TAG_SINGLE_TYPE = 0xa0 };

void p1_forget_segment(struct p1_association *association)
{
  g_clear_pointer(&association->segment, g_byte_array_unref);
  association->want = 0;
}

/* --- transfers --- */

/* X.419 12, X.208 34; capture: the MTS-APDU in an EXTERNAL of the MTSE's context; in X.410 mode alone. */
GByteArray *p1_transfer_header(const struct p1_association *association, guint64 size)
{
  GByteArray *header = g_byte_array_new();
  if (p1_mode_is_x410(association->mode)) {
    return header;
  }
  guint context = presentation_context_of(association->presentation, OID_AS_MTSE);
  if (context == 0) {
    context = presentation_context_of(association->presentation, OID_AS_MTA_RTSE);
  }
  gsize inner = 2 + tlv_uint_size(context) + tlv_header_size(size) + size;
  tlv_put(header, TAG_EXTERNAL, inner);
  tlv_put_uint(header, TAG_INTEGER, context);
  tlv_put(header, TAG_SINGLE_TYPE, size);
  return header;
}

bool p1_association_transfer(struct p1_association *association, guint64 size, GError **error)
{
  enum p1_phase before = association->phase;
  g_autoptr(GByteArray) header = p1_transfer_header(association, size);
  if (!rtse_transfer(association->rtse, header->len + size, error)) {
    return false;
  }
  association->sending = true;
  association->header = header->len;
  association->segment = g_steal_pointer(&header);
  p1_run(association, before);
  return true;
}

static void give_segment(struct p1_association *association, GBytes *data)
{
  association->want = 0;
  (void)rtse_data(association->rtse, data, NULL);
}

void p1_on_want(struct p1_association *association, gsize want)
{
  gsize have = association->segment != NULL ? association->segment->len : 0;
  association->want = want - MIN(want, have);
  if (association->want == 0) {
    /* Only an APDU of no octets: its header is all. */
    g_autoptr(GBytes) data = g_byte_array_free_to_bytes(g_steal_pointer(&association->segment));
    give_segment(association, data);
    return;
  }
  p1_put(association, P1_WANT_DATA)->want = association->want;
}

static void discard(struct p1_association *association)
{
  p1_forget_segment(association);
  (void)rtse_discard(association->rtse, NULL);
}

void p1_association_data(struct p1_association *association, GBytes *data)
{
  enum p1_phase before = association->phase;
  gsize length;
  const guint8 *octets = g_bytes_get_data(data, &length);
  association->progress = true;
  if (association->want == 0) {
    return;
  }
  if (length == 0 || length > association->want) {
    discard(association);
  } else if (length == association->want && association->segment == NULL) {
    give_segment(association, data);
  } else {
    if (association->segment == NULL) {
      association->segment = g_byte_array_new();
    }
    g_byte_array_append(association->segment, octets, (guint)length);
    association->want -= length;
    if (association->want > 0) {
      p1_put(association, P1_WANT_DATA)->want = association->want;
    } else {
      g_autoptr(GBytes) whole = g_byte_array_free_to_bytes(g_steal_pointer(&association->segment));
      give_segment(association, whole);
    }
  }
  p1_run(association, before);
}

void p1_association_discard(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  discard(association);
  p1_run(association, before);
}

void p1_on_transfer_over(struct p1_association *association, const struct rtse_indication *indication)
{
  const struct osi_failure *failure = &indication->failure;
  p1_forget_segment(association);
  association->sending = false;
  if (indication->type == RT_TRANSFERRED) {
    (void)p1_put(association, P1_SENT);
  } else {
    static const enum p1_outcome outcomes[] = {[RTSE_INTERRUPTED] = P1_OUTCOME_INTERRUPTED,
                                               [RTSE_DISCARDED] = P1_OUTCOME_DISCARDED,
                                               [RTSE_CANNOT_RESUME] = P1_OUTCOME_CANNOT_RESUME};
    p1_tell_not_sent(association, P1_STEP_TRANSFER, failure->by_peer, failure->permanent,
                     outcomes[indication->outcome], failure->words);
  }
}

void p1_on_segment(struct p1_association *association, const struct rtse_indication *indication)
{
  gsize max = association->options.receive_max;
  association->received += g_bytes_get_size(indication->data);
  if (association->oversize) {
    return;
  }
  if (max != 0 && association->received > max) {
    association->oversize = true;
    (void)p1_put(association, P1_RECEIVE_OVERSIZE);
    return;
  }
  p1_put(association, P1_RECEIVE_DATA)->data = g_bytes_ref(indication->data);
}

/* The relay commits while the peer may discard the transfer and even send the next one whole: an answer that
 * comes late must not be taken for the later transfer's.  True when this one answers what is open now. */
static bool takes_answer(struct p1_association *association)
{
  if (association->answers == association->ends) {
    return false;
  }
  association->answers++;
  return association->answers == association->ends;
}

void p1_association_confirm(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  if (takes_answer(association) && rtse_secured(association->rtse, NULL)) {
    association->receiving = false;
  }
  p1_run(association, before);
}

void p1_association_reject(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  bool early = association->answers == association->ends; /* while it is still coming */
  if ((early || takes_answer(association)) &&
      rtse_report(association->rtse, RTSE_REPORT_UNRECOVERABLE, NULL)) {
    association->receiving = false;
  }
  p1_run(association, before);
}

/* --- the turn */

bool p1_association_ask_turn(struct p1_association *association, guint priority)
{
  enum p1_phase before = association->phase;
  bool asked = rtse_turn_please(association->rtse, priority, NULL);
  p1_run(association, before);
  return asked;
}

void p1_association_give_turn(struct p1_association *association)
{
  enum p1_phase before = association->phase;
  if (rtse_turn_give(association->rtse, NULL)) {
    association->turn_here = false;
  }
  p1_run(association, before);
}
