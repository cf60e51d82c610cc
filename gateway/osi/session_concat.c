/* session_concat.c - between TSDUs and SPDUs: concatenation (X.225 6.3.7) and segmentation
 * (6.3.5, 7.37, 8.4).
 *
 * Sent: an SPDU of category 2 stands behind an empty GT or PT as tables of 6.3.7 pair them, never more than
 * one in a TSDU (basic concatenation).  Segments are made only where a TSDU maximum was agreed; then every DT
 * says what it encloses, which some peers insist on. Received: any number of SPDUs of category 2 behind a GT
 * or PT. */
#include "osi/secret.h"
#include "osi/session_machine.h"

#include <string.h>

/* --- sending --- */

/* The holder of the tokens prefixes GT, the other side PT. */
static guint8 prefix_of(enum session_spdu_type type)
{
  switch (type) {
  case SPDU_MIA:
  case SPDU_AEA:
  case SPDU_AIA:
  case SPDU_ADA:
  case SPDU_ER:
  case SPDU_ED:
    return SI_PT;
  default:
    return SI_GT;
  }
}

static void put_tsdu(struct session *session, const struct session_spdu *spdu)
{
  gsize data = spdu->present & HAS_USER_DATA ? g_bytes_get_size(spdu->user_data) : 0;
  GByteArray *tsdu = g_byte_array_sized_new((guint)data + 64);
  if (session_spdu_category(spdu->type) == SESSION_AFTER) {
    guint8 prefix[2] = {prefix_of(spdu->type), 0};
    g_byte_array_append(tsdu, prefix, sizeof(prefix));
  }
  session_spdu_encode(spdu, tsdu);
  GBytes *octets = g_byte_array_free_to_bytes(tsdu);
  bool secret = spdu->type == SPDU_CN || spdu->type == SPDU_AC;
  session_put(session, SESSION_SEND)->data = secret ? osi_secret_bytes(octets) : octets;
}

static void put_segments(struct session *session, struct session_spdu *spdu, GBytes *data, gsize limit)
{
  gsize size = g_bytes_get_size(data), offset = 0;
  spdu->present |= HAS_ENCLOSURE | HAS_USER_DATA;
  spdu->enclosure = ENCLOSURE_BEGIN;
  do {
    /* at least one octet, even where the parameters alone fill what the peer wants */
    gsize part = MIN(MAX(session_spdu_room(spdu, limit), 1), size - offset);
    if (offset + part == size)
      spdu->enclosure |= ENCLOSURE_END;
    g_autoptr(GBytes) segment = g_bytes_new_from_bytes(data, offset, part);
    spdu->user_data = segment;
    put_tsdu(session, spdu);
    spdu->user_data = NULL;
    /* the parameters went with the first segment (8.4) */
    *spdu = (struct session_spdu){.type = spdu->type, .present = HAS_ENCLOSURE | HAS_USER_DATA};
    offset += part;
  } while (offset < size);
}

/* 7.37: DT always, in version 2 the others too, but for those that carry their user data in another way. */
static bool may_be_segmented(const struct session *session, enum session_spdu_type type)
{
  if (type == SPDU_CN || type == SPDU_CDO || type == SPDU_RF || type == SPDU_AB)
    return false;
  return type == SPDU_DT || session->version == 2;
}

void session_send(struct session *session, struct session_spdu *spdu, GBytes *user_data)
{
  gsize limit = session->tsdu_max;
  if (limit != 0 && session_spdu_category(spdu->type) == SESSION_AFTER)
    limit -= 2;
  if (user_data != NULL && may_be_segmented(session, spdu->type)) {
    bool fits = g_bytes_get_size(user_data) <= session_spdu_room(spdu, limit);
    if (!fits || (spdu->type == SPDU_DT && limit != 0)) {
      put_segments(session, spdu, user_data, limit);
      return;
    }
  }
  spdu->present |= user_data != NULL ? HAS_USER_DATA : 0;
  spdu->user_data = user_data;
  put_tsdu(session, spdu);
  spdu->user_data = NULL;
}

/* --- receiving --- */

void session_drop_partial(struct session *session)
{
  session_spdu_clear(&session->partial);
  g_clear_pointer(&session->partial_data, g_byte_array_unref);
}

static void append_partial(struct session *session, const struct session_spdu *spdu)
{
  gsize length = 0;
  const guint8 *data = spdu->user_data != NULL ? g_bytes_get_data(spdu->user_data, &length) : NULL;
  if (length > 0)
    g_byte_array_append(session->partial_data, data, (guint)length);
}

/* True when with this SPDU the SSDU grows beyond the limit. */
static bool too_long(const struct session *session, const struct session_spdu *spdu)
{
  gsize length = session->partial_data != NULL ? session->partial_data->len : 0;
  length += spdu->user_data != NULL ? g_bytes_get_size(spdu->user_data) : 0;
  return session->options.ssdu_max != 0 && length > session->options.ssdu_max;
}

/* Whether an SPDU may come between the segments of another (7.37): it either leaves them alone or ends what
 * they were for. */
static bool may_interrupt(enum session_spdu_type type)
{
  switch (type) {
  case SPDU_PT:
  case SPDU_AB:
  case SPDU_AI:
  case SPDU_AD:
  case SPDU_ED:
  case SPDU_ER:
    return true;
  default:
    return false;
  }
}

static void deliver(struct session *session, struct session_spdu *spdu)
{
  session_handle(session, &(struct session_event){.type = spdu->type, .spdu = spdu});
}

/* One segment; when it is the last, the whole takes the place of its first. */
static void take_segment(struct session *session, struct session_spdu *spdu)
{
  bool begins = spdu->enclosure & ENCLOSURE_BEGIN;
  if (begins != (session->partial_data == NULL)) {
    session_abort(session, DISCONNECT_PROTOCOL_ERROR,
                  g_strdup_printf("protocol error of the peer: a segment of %s %s (X.225 8.4)",
                                  session_spdu_name(spdu->type),
                                  begins ? "begins before the last SSDU has ended" : "has no beginning"));
    return;
  }
  if (begins) {
    session->partial = *spdu;
    *spdu =
        (struct session_spdu){.type = spdu->type, .user_data = g_steal_pointer(&session->partial.user_data)};
    session->partial_data = g_byte_array_new();
  }
  append_partial(session, spdu);
}

void session_receive(struct session *session, struct session_spdu *spdu)
{
  if (too_long(session, spdu)) {
    session_abort(session, DISCONNECT_RESTRICTION,
                  g_strdup_printf("the peer sends more than %zu octets of user data in %s, the limit",
                                  session->options.ssdu_max, session_spdu_name(spdu->type)));
    return;
  }
  if (session->partial_data != NULL && spdu->type != session->partial.type) {
    if (!may_interrupt(spdu->type) && !session_is_recovering(session->state)) {
      session_abort(session, DISCONNECT_PROTOCOL_ERROR,
                    g_strdup_printf("protocol error of the peer: %s between the segments of %s (X.225 7.37)",
                                    session_spdu_name(spdu->type), session_spdu_name(session->partial.type)));
      return;
    }
    if (spdu->type != SPDU_PT)
      session_drop_partial(session);
  }
  bool enclosed = spdu->present & HAS_ENCLOSURE && spdu->type != SPDU_CDO;
  bool alone =
      !enclosed || (spdu->enclosure & (ENCLOSURE_BEGIN | ENCLOSURE_END)) == (ENCLOSURE_BEGIN | ENCLOSURE_END);
  bool joining = session->partial_data != NULL && session->partial.type == spdu->type;
  if (alone && !joining) {
    deliver(session, spdu);
    return;
  }
  if (!enclosed) /* an SPDU that tells nothing stands for itself */
    spdu->enclosure = ENCLOSURE_BEGIN | ENCLOSURE_END;
  bool ends = spdu->enclosure & ENCLOSURE_END;
  take_segment(session, spdu);
  if (!ends || session->partial_data == NULL)
    return;
  struct session_spdu whole = session->partial;
  session->partial = (struct session_spdu){0};
  whole.user_data = g_byte_array_free_to_bytes(g_steal_pointer(&session->partial_data));
  whole.present |= HAS_USER_DATA;
  deliver(session, &whole);
  session_spdu_clear(&whole);
}
