/* rtse_apdu.c - see rtse_apdu.h. */
#include "osi/rtse_apdu.h"

#include "osi/error.h"
#include "osi/failure.h"
#include "osi/fields.h"
#include "osi/tlv.h"

#include <RTSE-apdus.h>

/* X.228 9: what absence means. */
enum { CHECKPOINT_DEFAULT = 0, WINDOW_DEFAULT = 3 };

enum {
  TAG_OCTET_STRING = 0x04,
  TAG_OCTET_STRING_PARTS = 0x24,
  SLICES_MAX = 16,    /* more pieces of one segment are joined */
  PARTS_DEPTH_MAX = 4 /* constructed OCTET STRINGs inside each other: one is usual */
};

void rtse_apdu_clear(struct rtse_apdu *apdu)
{
  g_clear_pointer(&apdu->user_data, g_bytes_unref);
  *apdu = (struct rtse_apdu){0};
}

static void read_connection(const struct asn1_value *value, const ConnectionData_t *data,
                            struct rtse_apdu *apdu)
{
  apdu->recover = data->present == ConnectionData_PR_recover;
  if (!apdu->recover) {
    apdu->user_data = field_any(value, &data->choice.open);
  }
}

bool rtse_apdu_read(GBytes *data, struct rtse_apdu *apdu_r, GError **error)
{
  g_autoptr(asn1_value_t) value = field_decode(&asn_DEF_RTSE_apdus, data, "RTSE APDU", error);
  if (value == NULL) {
    return false;
  }
  const RTSE_apdus_t *apdu = asn1_value_get(value);
  switch (apdu->present) {
  case RTSE_apdus_PR_rtorq_apdu: {
    const RTORQapdu_t *rtorq = &apdu->choice.rtorq_apdu;
    apdu_r->type = RTSE_RTORQ;
    apdu_r->checkpoint_size = field_uint(rtorq->checkpointSize, G_MAXINT32, CHECKPOINT_DEFAULT);
    apdu_r->window = field_uint(rtorq->windowSize, G_MAXINT32, WINDOW_DEFAULT);
    apdu_r->dialogue =
        (enum rtse_dialogue)field_uint(rtorq->dialogueMode, RTSE_TWO_WAY_ALTERNATE, RTSE_MONOLOGUE);
    read_connection(value, &rtorq->connectionDataRQ, apdu_r);
    return true;
  }
  case RTSE_apdus_PR_rtoac_apdu: {
    const RTOACapdu_t *rtoac = &apdu->choice.rtoac_apdu;
    apdu_r->type = RTSE_RTOAC;
    apdu_r->checkpoint_size = field_uint(rtoac->checkpointSize, G_MAXINT32, CHECKPOINT_DEFAULT);
    apdu_r->window = field_uint(rtoac->windowSize, G_MAXINT32, WINDOW_DEFAULT);
    read_connection(value, &rtoac->connectionDataAC, apdu_r);
    return true;
  }
  case RTSE_apdus_PR_rtorj_apdu:
    apdu_r->type = RTSE_RTORJ;
    if (apdu->choice.rtorj_apdu.userDataRJ != NULL) {
      apdu_r->user_data = field_any(value, apdu->choice.rtorj_apdu.userDataRJ);
    }
    return true;
  case RTSE_apdus_PR_rttp_apdu:
    apdu_r->type = RTSE_RTTP;
    apdu_r->priority = field_uint(&apdu->choice.rttp_apdu, G_MAXINT32, 0);
    return true;
  case RTSE_apdus_PR_rtab_apdu:
    apdu_r->type = RTSE_RTAB;
    /* X.228 9: without a reason it is a local system problem; ISODE reads it as permanent. Either way: gone.
     */
    apdu_r->abort_reason =
        field_uint(apdu->choice.rtab_apdu.abortReason, G_MAXINT32, RTSE_LOCAL_SYSTEM_PROBLEM);
    if (apdu->choice.rtab_apdu.userdataAB != NULL) {
      apdu_r->user_data = field_any(value, apdu->choice.rtab_apdu.userdataAB);
    }
    return true;
  default:
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "an RTSE APDU that has no place here (X.228 9)");
    return false;
  }
}

static void write_connection(struct asn1_value *value, ConnectionData_t *data, GBytes *user_data)
{
  data->present = ConnectionData_PR_open;
  if (user_data != NULL) {
    field_put_any(value, &data->choice.open, user_data);
  }
}

GBytes *rtse_apdu_write(const struct rtse_apdu *apdu, GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_RTSE_apdus);
  RTSE_apdus_t *out = asn1_value_get(value);
  switch (apdu->type) {
  case RTSE_RTORQ: {
    RTORQapdu_t *rtorq = &out->choice.rtorq_apdu;
    out->present = RTSE_apdus_PR_rtorq_apdu;
    rtorq->checkpointSize = field_new_long((long)apdu->checkpoint_size);
    rtorq->windowSize = field_new_long((long)apdu->window);
    rtorq->dialogueMode = field_new_long((long)apdu->dialogue);
    write_connection(value, &rtorq->connectionDataRQ, apdu->user_data);
    break;
  }
  case RTSE_RTOAC: {
    RTOACapdu_t *rtoac = &out->choice.rtoac_apdu;
    out->present = RTSE_apdus_PR_rtoac_apdu;
    rtoac->checkpointSize = field_new_long((long)apdu->checkpoint_size);
    rtoac->windowSize = field_new_long((long)apdu->window);
    write_connection(value, &rtoac->connectionDataAC, apdu->user_data);
    break;
  }
  case RTSE_RTORJ:
    out->present = RTSE_apdus_PR_rtorj_apdu;
    if (apdu->user_data != NULL) {
      out->choice.rtorj_apdu.userDataRJ = asn1_new_field(ANY_t);
      field_put_any(value, out->choice.rtorj_apdu.userDataRJ, apdu->user_data);
    }
    break;
  case RTSE_RTTP:
    out->present = RTSE_apdus_PR_rttp_apdu;
    out->choice.rttp_apdu = (long)apdu->priority;
    break;
  case RTSE_RTAB:
    out->present = RTSE_apdus_PR_rtab_apdu;
    out->choice.rtab_apdu.abortReason = field_new_long((long)apdu->abort_reason);
    if (apdu->user_data != NULL) {
      out->choice.rtab_apdu.userdataAB = asn1_new_field(ANY_t);
      field_put_any(value, out->choice.rtab_apdu.userdataAB, apdu->user_data);
    }
    break;
  }
  return asn1_encode_bytes(value, error);
}

/* --- RTTR
 * ------------------------------------------------------------------------------------------------------------------
 */

GBytes *rtse_rttr_write(GBytes *segment)
{
  gsize size;
  const guint8 *octets = g_bytes_get_data(segment, &size);
  GByteArray *out = g_byte_array_sized_new((guint)(tlv_header_size(size) + size));
  tlv_put(out, TAG_OCTET_STRING, size);
  g_byte_array_append(out, octets, (guint)size);
  return g_byte_array_free_to_bytes(out);
}

/* What is done with the pieces of a segment: counted, then told as slices or, when they are many, joined. */
struct pieces {
  GBytes *rttr;
  guint count;
  GPtrArray *slices;
  GByteArray *joined;
};

static void take_piece(struct pieces *pieces, const guint8 *octets, gsize length)
{
  if (pieces->joined != NULL) {
    g_byte_array_append(pieces->joined, octets, (guint)length);
  } else if (pieces->slices != NULL) {
    const guint8 *start = g_bytes_get_data(pieces->rttr, NULL);
    g_ptr_array_add(pieces->slices, g_bytes_new_from_bytes(pieces->rttr, (gsize)(octets - start), length));
  } else {
    pieces->count++;
  }
}

static bool walk_pieces(struct pieces *pieces, const guint8 *data, gsize size, guint depth)
{
  const guint8 *contents;
  struct tlv_cursor cursor = {data, size};
  struct tlv tlv;
  bool bad = false;
  while (tlv_next(&cursor, &tlv, &contents, &bad)) {
    if (tlv.tag == TAG_OCTET_STRING) {
      if (tlv.length > 0) {
        take_piece(pieces, contents, tlv.length);
      }
    } else if (tlv.tag != TAG_OCTET_STRING_PARTS || depth == 0 ||
               !walk_pieces(pieces, contents, tlv.length, depth - 1)) {
      return false;
    }
  }
  return !bad;
}

bool rtse_rttr_read(GBytes *rttr, GPtrArray *slices)
{
  gsize size;
  const guint8 *data = g_bytes_get_data(rttr, &size);
  struct pieces pieces = {.rttr = rttr};
  if (size == 0 || !walk_pieces(&pieces, data, size, PARTS_DEPTH_MAX)) {
    return false;
  }
  /* A peer may cut its octets as small as it likes; what each slice costs us is limited by joining. */
  g_autoptr(GByteArray) joined = pieces.count > SLICES_MAX ? g_byte_array_new() : NULL;
  pieces.slices = slices;
  pieces.joined = joined;
  (void)walk_pieces(&pieces, data, size, PARTS_DEPTH_MAX);
  if (joined != NULL) {
    g_ptr_array_add(slices, g_byte_array_free_to_bytes(g_steal_pointer(&joined)));
  }
  return true;
}

char *rtse_abort_words(guint reason)
{
  static const struct osi_word words[] = {
      {RTSE_LOCAL_SYSTEM_PROBLEM, "local system problem"},
      {RTSE_INVALID_PARAMETER, "invalid parameter"},
      {RTSE_UNRECOGNIZED_ACTIVITY, "unrecognized activity"},
      {RTSE_TEMPORARY_PROBLEM, "temporary problem: it takes no session for a while"},
      {RTSE_PROTOCOL_ERROR, "protocol error: it holds that we broke RTSE's protocol"},
      {RTSE_PERMANENT_PROBLEM, "permanent problem"},
      {RTSE_USER_ERROR, "aborted by its user"},
      {RTSE_TRANSFER_COMPLETED, "the activity is complete there already"}};
  return osi_word_of(words, G_N_ELEMENTS(words), reason);
}
