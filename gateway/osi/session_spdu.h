/* session_spdu.h - SPDUs as structures: encoding and decoding, X.225 clause 8.  No state.
 *
 * One table of parameters serves both ways (session_spdu.c).  The decoder takes parameters in any order, inside or outside
 * of their parameter group, skips those it does not know, and shares the octets of the TSDU instead of copying them.
 * Not decoded further than their names, since their functional units are never selected: EX, CD, CDA, RS, RA, PR, MAP. */
#ifndef GW400_OSI_SESSION_SPDU_H
#define GW400_OSI_SESSION_SPDU_H

#include <glib.h>
#include <stdbool.h>

#include "osi/selector.h"
#include "osi/session.h"
#include "osi/session_proto.h"

enum session_spdu_type {
  SPDU_CN, SPDU_OA, SPDU_CDO, SPDU_AC, SPDU_RF,
  SPDU_FN, SPDU_DN, SPDU_NF, SPDU_AB, SPDU_AA,
  SPDU_DT, SPDU_TD,
  SPDU_GT, SPDU_PT, SPDU_GTC, SPDU_GTA,
  SPDU_MIP, SPDU_MIA,
  SPDU_AS, SPDU_AR, SPDU_AI, SPDU_AIA, SPDU_AD, SPDU_ADA, SPDU_AE, SPDU_AEA,
  SPDU_ER, SPDU_ED,
  SPDU_EX, SPDU_CD, SPDU_CDA, SPDU_RS, SPDU_RA, SPDU_PR, SPDU_MAP,
  SPDU_TYPES
};

/* Which parameters are there. */
enum session_present {
  HAS_USER_REFERENCE = 1 << 0,
  HAS_COMMON_REFERENCE = 1 << 1,
  HAS_ADDITIONAL_REFERENCE = 1 << 2,
  HAS_SYNC_TYPE = 1 << 3,
  HAS_TOKEN_ITEM = 1 << 4,
  HAS_TRANSPORT_DISCONNECT = 1 << 5,
  HAS_PROTOCOL_OPTIONS = 1 << 6,
  HAS_REQUIREMENTS = 1 << 7,
  HAS_TSDU_MAXIMUM = 1 << 8,
  HAS_VERSION = 1 << 9,
  HAS_INITIAL_SERIAL = 1 << 10,
  HAS_ENCLOSURE = 1 << 11,
  HAS_TOKEN_SETTING = 1 << 12,
  HAS_ACTIVITY = 1 << 13,
  HAS_SERIAL = 1 << 14,
  HAS_USER_DATA = 1 << 15,
  HAS_REFLECT = 1 << 16,
  HAS_REASON = 1 << 17,
  HAS_CALLING = 1 << 18,
  HAS_CALLED = 1 << 19,
  HAS_OVERFLOW = 1 << 20,
  HAS_LINK_CALLED = 1 << 21,
  HAS_LINK_CALLING = 1 << 22,
  HAS_LINK_COMMON = 1 << 23,
  HAS_LINK_ADDITIONAL = 1 << 24,
  HAS_LINK_ACTIVITY = 1 << 25,
  HAS_LINK_SERIAL = 1 << 26
};

/* Owns its references; zeroed is empty.  A member means something when its bit of present is set. */
struct session_spdu {
  enum session_spdu_type type;
  guint32 present;
  GBytes *user_reference; /* of the calling user in CN, of the called user in AC and RF */
  GBytes *common_reference, *additional_reference;
  guint8 sync_type, token_item, transport_disconnect, protocol_options, version, enclosure, token_setting, reason, overflow;
  guint16 requirements;
  guint32 tsdu_maximum; /* initiator to responder in the high half, responder to initiator in the low half */
  guint32 initial_serial, serial;
  struct osi_selector calling, called;
  GBytes *activity, *reflect;
  GBytes *link_called, *link_calling, *link_common, *link_additional, *link_activity;
  guint32 link_serial;
  GBytes *user_data; /* of whichever parameter or field carries it in this SPDU */
};
void session_spdu_clear(struct session_spdu *spdu);
const char *session_spdu_name(enum session_spdu_type type); /* "CN" */

/* Decodes the SPDU at *offset of the TSDU and moves *offset behind it.  follows: an SPDU of category 0 stands before it in
 * the TSDU (it decides what SI 1, 25 and 26 mean).  False and OSI_ERROR_SYNTAX with offset and clause: the SPDU is invalid
 * (A.4.3); spdu_r is then empty. */
bool session_spdu_decode(GBytes *tsdu, gsize *offset, bool follows, struct session_spdu *spdu_r, GError **error);

/* Appends the SPDU.  Its user data must fit (session_spdu_room()). */
void session_spdu_encode(const struct session_spdu *spdu, GByteArray *out);
/* The octets of user data that fit when the SPDU, with all its other parameters, may have limit octets in all (0: as many
 * as X.225's lengths can tell); unlimited (G_MAXSIZE) only for DT and TD. */
gsize session_spdu_room(const struct session_spdu *spdu, gsize limit);
/* The octets of user data that version 1 allows in this SPDU; 0 when it has none. */
gsize session_spdu_user_data_v1(enum session_spdu_type type);

/* 6.3.7: the categories that rule concatenation. */
enum session_category {
  SESSION_ALONE_OR_FIRST, /* 0: GT, PT */
  SESSION_ALONE,          /* 1 */
  SESSION_AFTER           /* 2: only after one of category 0 */
};
enum session_category session_spdu_category(enum session_spdu_type type);

#endif
