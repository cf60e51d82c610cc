/* rtse_apdu.c - see rtse_apdu.h. */
#include "osi/rtse_apdu.h"

#include "osi/error.h"
#include "osi/failure.h"
#include "osi/fields.h"
#include "osi/tlv.h"

#include <RTABapdu.h>
#include <RTOACapdu.h>
#include <RTORJapdu.h>
#include <RTORQapdu.h>
#include <RTSE-apdus.h>

/* X.228 9: what absence means. */
enum { CHECKPOINT_DEFAULT = 0, WINDOW_DEFAULT = 3 };

enum {
  TAG_OCTET_STRING = 0x04,
  TAG_OCTET_STRING_PARTS = 0x24,
  TAG_T61_STRING = 0x14,
  TAG_UTC_TIME = 0x17,
  SLICES_MAX = 16,    /* more pieces of one segment are joined */
  PARTS_DEPTH_MAX = 4 /* constructed OCTET STRINGs inside each other: one is usual */
};

void rtse_apdu_clear(struct rtse_apdu *apdu)
{
  g_clear_pointer(&apdu->user_data, g_bytes_unref);
  g_clear_pointer(&apdu->recovered.calling_user, g_bytes_unref);
  g_clear_pointer(&apdu->recovered.common, g_bytes_unref);
  g_clear_pointer(&apdu->recovered.additional, g_bytes_unref);
  *apdu = (struct rtse_apdu){0};
}

/* --- the session connection identifier: strings here, encoded values in session's references --- */

static GBytes *reference_from(const struct asn1_value *value, guint8 tag, const OCTET_STRING_t *field)
{
  g_autoptr(GBytes) bytes = field_bytes(value, field);
  gsize size;
  const guint8 *octets = g_bytes_get_data(bytes, &size);
  GByteArray *out = g_byte_array_new();
  tlv_put(out, tag, size);
  g_byte_array_append(out, octets, (guint)size);
  return g_byte_array_free_to_bytes(out);
}

static void identifier_from(const struct asn1_value *value, const SessionConnectionIdentifier_t *identifier,
                            struct session_reference *reference)
{
  const CallingSSuserReference_t *calling = &identifier->callingSSuserReference;
  bool octets = calling->present == CallingSSuserReference_PR_octetString;
  reference->calling_user =
      reference_from(value, octets ? TAG_OCTET_STRING : TAG_T61_STRING,
                     octets ? &calling->choice.octetString : &calling->choice.t61String);
  reference->common = reference_from(value, TAG_UTC_TIME, &identifier->commonReference);
  if (identifier->additionalReferenceInformation != NULL) {
    reference->additional = reference_from(value, TAG_T61_STRING, identifier->additionalReferenceInformation);
  }
}

/* The contents of an encoded reference; none when it is absent or not encoded at all. */
static void reference_to(struct asn1_value *value, OCTET_STRING_t *field, GBytes *reference, guint8 *tag_r)
{
  gsize size = 0;
  const guint8 *data = reference != NULL ? g_bytes_get_data(reference, &size) : NULL;
  struct tlv tlv = {0};
  bool good = data != NULL && tlv_read(data, size, &tlv);
  g_autoptr(GBytes) contents =
      good ? g_bytes_new_from_bytes(reference, tlv.header, tlv.length) : g_bytes_new_static("", 0);
  field_put_bytes(value, field, contents);
  *tag_r = good ? tlv.tag : 0;
}

static void identifier_to(struct asn1_value *value, SessionConnectionIdentifier_t *identifier,
                          const struct session_reference *reference)
{
  CallingSSuserReference_t *calling = &identifier->callingSSuserReference;
  guint8 tag;
  /* Both alternatives lie at the same place; which it is shows in the reference. */
  reference_to(value, &calling->choice.octetString, reference->calling_user, &tag);
  calling->present =
      tag == TAG_T61_STRING ? CallingSSuserReference_PR_t61String : CallingSSuserReference_PR_octetString;
  reference_to(value, &identifier->commonReference, reference->common, &tag);
  if (reference->additional != NULL) {
    identifier->additionalReferenceInformation = asn1_new_field(T61String_t);
    reference_to(value, identifier->additionalReferenceInformation, reference->additional, &tag);
  }
}

static void connection_from(const struct asn1_value *value, const ConnectionData_t *data,
                            struct rtse_apdu *apdu)
{
  apdu->recover = data->present == ConnectionData_PR_recover;
  if (apdu->recover) {
    identifier_from(value, &data->choice.recover, &apdu->recovered);
  } else {
    apdu->user_data = field_any(value, &data->choice.open);
  }
}

static void connection_to(struct asn1_value *value, ConnectionData_t *data, const struct rtse_apdu *apdu)
{
  data->present = apdu->recover ? ConnectionData_PR_recover : ConnectionData_PR_open;
  if (apdu->recover) {
    identifier_to(value, &data->choice.recover, &apdu->recovered);
  } else if (apdu->user_data != NULL) {
    field_put_any(value, &data->choice.open, apdu->user_data);
  }
}

/* --- reading --- */

static void rtorq_from(const struct asn1_value *value, const RTORQapdu_t *rtorq, struct rtse_apdu *apdu)
{
  apdu->type = RTSE_RTORQ;
  apdu->checkpoint_size = field_uint(rtorq->checkpointSize, G_MAXINT32, CHECKPOINT_DEFAULT);
  apdu->window = field_uint(rtorq->windowSize, G_MAXINT32, WINDOW_DEFAULT);
  apdu->dialogue =
      (enum rtse_dialogue)field_uint(rtorq->dialogueMode, RTSE_TWO_WAY_ALTERNATE, RTSE_MONOLOGUE);
  apdu->protocol = (gint)field_uint(rtorq->applicationProtocol, G_MAXINT32, (guint)RTSE_PROTOCOL_ABSENT);
  connection_from(value, &rtorq->connectionDataRQ, apdu);
}

static void rtoac_from(const struct asn1_value *value, const RTOACapdu_t *rtoac, struct rtse_apdu *apdu)
{
  apdu->type = RTSE_RTOAC;
  apdu->checkpoint_size = field_uint(rtoac->checkpointSize, G_MAXINT32, CHECKPOINT_DEFAULT);
  apdu->window = field_uint(rtoac->windowSize, G_MAXINT32, WINDOW_DEFAULT);
  connection_from(value, &rtoac->connectionDataAC, apdu);
}

static void rtorj_from(const struct asn1_value *value, const RTORJapdu_t *rtorj, struct rtse_apdu *apdu)
{
  apdu->type = RTSE_RTORJ;
  apdu->refuse_given = rtorj->refuseReason != NULL;
  apdu->refuse_reason = field_uint(rtorj->refuseReason, G_MAXINT32, RTSE_REFUSE_VALIDATION_FAILURE);
  if (rtorj->userDataRJ != NULL) {
    apdu->user_data = field_any(value, rtorj->userDataRJ);
  }
}

static void rtab_from(const struct asn1_value *value, const RTABapdu_t *rtab, struct rtse_apdu *apdu)
{
  apdu->type = RTSE_RTAB;
  /* X.228 9: without a reason it is a local system problem; ISODE reads it as permanent. Either way: gone. */
  apdu->abort_reason = field_uint(rtab->abortReason, G_MAXINT32, RTSE_LOCAL_SYSTEM_PROBLEM);
  if (rtab->userdataAB != NULL) {
    apdu->user_data = field_any(value, rtab->userdataAB);
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
  case RTSE_apdus_PR_rtorq_apdu:
    rtorq_from(value, &apdu->choice.rtorq_apdu, apdu_r);
    return true;
  case RTSE_apdus_PR_rtoac_apdu:
    rtoac_from(value, &apdu->choice.rtoac_apdu, apdu_r);
    return true;
  case RTSE_apdus_PR_rtorj_apdu:
    rtorj_from(value, &apdu->choice.rtorj_apdu, apdu_r);
    return true;
  case RTSE_apdus_PR_rttp_apdu:
    apdu_r->type = RTSE_RTTP;
    apdu_r->priority = field_uint(&apdu->choice.rttp_apdu, G_MAXINT32, 0);
    return true;
  case RTSE_apdus_PR_rtab_apdu:
    rtab_from(value, &apdu->choice.rtab_apdu, apdu_r);
    return true;
  default:
    g_set_error(error, OSI_ERROR, OSI_ERROR_SYNTAX, "an RTSE APDU that has no place here (X.228 9)");
    return false;
  }
}

/* X.410 mode: the bare SETs by type; NULL: an RTTP is the same in both modes. */
static const struct asn_TYPE_descriptor_s *const x410_types[] = {[RTSE_RTORQ] = &asn_DEF_RTORQapdu,
                                                                 [RTSE_RTOAC] = &asn_DEF_RTOACapdu,
                                                                 [RTSE_RTORJ] = &asn_DEF_RTORJapdu,
                                                                 [RTSE_RTTP] = NULL,
                                                                 [RTSE_RTAB] = &asn_DEF_RTABapdu};
static const char *const x410_names[] = {
    [RTSE_RTORQ] = "RTORQ", [RTSE_RTOAC] = "RTOAC", [RTSE_RTORJ] = "RTORJ", [RTSE_RTAB] = "RTAB"};

bool rtse_apdu_read_x410(GBytes *data, enum rtse_apdu_type type, struct rtse_apdu *apdu_r, GError **error)
{
  if (x410_types[type] == NULL) {
    return rtse_apdu_read(data, apdu_r, error);
  }
  g_autoptr(asn1_value_t) value = field_decode(x410_types[type], data, x410_names[type], error);
  if (value == NULL) {
    return false;
  }
  apdu_r->x410 = true;
  switch (type) {
  case RTSE_RTORQ:
    rtorq_from(value, asn1_value_get(value), apdu_r);
    break;
  case RTSE_RTOAC:
    rtoac_from(value, asn1_value_get(value), apdu_r);
    break;
  case RTSE_RTORJ:
    rtorj_from(value, asn1_value_get(value), apdu_r);
    break;
  default:
    rtab_from(value, asn1_value_get(value), apdu_r);
    break;
  }
  return true;
}

/* --- writing --- */

static void rtorq_to(struct asn1_value *value, RTORQapdu_t *rtorq, const struct rtse_apdu *apdu)
{
  rtorq->checkpointSize = field_new_long((long)apdu->checkpoint_size);
  rtorq->windowSize = field_new_long((long)apdu->window);
  rtorq->dialogueMode = field_new_long((long)apdu->dialogue);
  connection_to(value, &rtorq->connectionDataRQ, apdu);
  if (apdu->x410 && apdu->protocol != RTSE_PROTOCOL_ABSENT) {
    rtorq->applicationProtocol = field_new_long(apdu->protocol);
  }
}

static void rtoac_to(struct asn1_value *value, RTOACapdu_t *rtoac, const struct rtse_apdu *apdu)
{
  rtoac->checkpointSize = field_new_long((long)apdu->checkpoint_size);
  rtoac->windowSize = field_new_long((long)apdu->window);
  connection_to(value, &rtoac->connectionDataAC, apdu);
}

static ANY_t *user_data_to(struct asn1_value *value, const struct rtse_apdu *apdu)
{
  if (apdu->user_data == NULL || apdu->x410) {
    return NULL; /* X.228 9: normal mode only */
  }
  ANY_t *field = asn1_new_field(ANY_t);
  field_put_any(value, field, apdu->user_data);
  return field;
}

static void rtorj_to(struct asn1_value *value, RTORJapdu_t *rtorj, const struct rtse_apdu *apdu)
{
  if (apdu->refuse_given) {
    rtorj->refuseReason = field_new_long((long)apdu->refuse_reason);
  }
  rtorj->userDataRJ = user_data_to(value, apdu);
}

static void rtab_to(struct asn1_value *value, RTABapdu_t *rtab, const struct rtse_apdu *apdu)
{
  rtab->abortReason = field_new_long((long)apdu->abort_reason);
  rtab->userdataAB = user_data_to(value, apdu);
}

static GBytes *write_x410(const struct rtse_apdu *apdu, GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(x410_types[apdu->type]);
  switch (apdu->type) {
  case RTSE_RTORQ:
    rtorq_to(value, asn1_value_get(value), apdu);
    break;
  case RTSE_RTOAC:
    rtoac_to(value, asn1_value_get(value), apdu);
    break;
  case RTSE_RTORJ:
    rtorj_to(value, asn1_value_get(value), apdu);
    break;
  default:
    rtab_to(value, asn1_value_get(value), apdu);
    break;
  }
  return asn1_encode_bytes(value, error);
}

GBytes *rtse_apdu_write(const struct rtse_apdu *apdu, GError **error)
{
  if (apdu->x410 && x410_types[apdu->type] != NULL) {
    return write_x410(apdu, error);
  }
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_RTSE_apdus);
  RTSE_apdus_t *out = asn1_value_get(value);
  switch (apdu->type) {
  case RTSE_RTORQ:
    out->present = RTSE_apdus_PR_rtorq_apdu;
    rtorq_to(value, &out->choice.rtorq_apdu, apdu);
    break;
  case RTSE_RTOAC:
    out->present = RTSE_apdus_PR_rtoac_apdu;
    rtoac_to(value, &out->choice.rtoac_apdu, apdu);
    break;
  case RTSE_RTORJ:
    out->present = RTSE_apdus_PR_rtorj_apdu;
    rtorj_to(value, &out->choice.rtorj_apdu, apdu);
    break;
  case RTSE_RTTP:
    out->present = RTSE_apdus_PR_rttp_apdu;
    out->choice.rttp_apdu = (long)apdu->priority;
    break;
  case RTSE_RTAB:
    out->present = RTSE_apdus_PR_rtab_apdu;
    rtab_to(value, &out->choice.rtab_apdu, apdu);
    break;
  }
  return asn1_encode_bytes(value, error);
}

/* --- RTTR --- */

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

char *rtse_refuse_words(guint reason)
{
  static const struct osi_word words[] = {
      {RTSE_REFUSE_BUSY, "busy: it takes no further association now"},
      {RTSE_REFUSE_CANNOT_RECOVER, "it cannot recover the earlier association"},
      {RTSE_REFUSE_VALIDATION_FAILURE, "validation failure: MTA name or password"},
      {RTSE_REFUSE_UNACCEPTABLE_DIALOGUE_MODE, "unacceptable dialogue mode"}};
  return osi_word_of(words, G_N_ELEMENTS(words), reason);
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
