/* rtse_apdu.h - RTSE's APDUs of normal mode (X.228 9) between octets and one plain structure. */
#ifndef GW400_OSI_RTSE_APDU_H
#define GW400_OSI_RTSE_APDU_H

#include <glib.h>
#include <stdbool.h>

enum rtse_apdu_type { RTSE_RTORQ, RTSE_RTOAC, RTSE_RTORJ, RTSE_RTTP, RTSE_RTAB };
enum rtse_dialogue { RTSE_MONOLOGUE = 0, RTSE_TWO_WAY_ALTERNATE = 1 };
/* X.228 9: AbortReason */
enum rtse_abort {
  RTSE_LOCAL_SYSTEM_PROBLEM = 0,
  RTSE_INVALID_PARAMETER = 1,
  RTSE_UNRECOGNIZED_ACTIVITY = 2,
  RTSE_TEMPORARY_PROBLEM = 3,
  RTSE_PROTOCOL_ERROR = 4,
  RTSE_PERMANENT_PROBLEM = 5,
  RTSE_USER_ERROR = 6,
  RTSE_TRANSFER_COMPLETED = 7
};

struct rtse_apdu {
  enum rtse_apdu_type type;
  guint checkpoint_size; /* RTORQ, RTOAC: units of 1024 octets; 0: see rtse.h */
  guint window;
  enum rtse_dialogue dialogue;
  bool recover;       /* RTORQ, RTOAC: connectionData is the identifier of a connection to recover */
  GBytes *user_data;  /* RTORQ, RTOAC, RTORJ, RTAB: the RTSE user's value, or NULL */
  guint priority;     /* RTTP */
  guint abort_reason; /* RTAB: enum rtse_abort or what the peer sent */
};
void rtse_apdu_clear(struct rtse_apdu *apdu);

bool rtse_apdu_read(GBytes *data, struct rtse_apdu *apdu_r, GError **error);
GBytes *rtse_apdu_write(const struct rtse_apdu *apdu, GError **error);

/* RTTR: an OCTET STRING around a segment; and the segments in one, primitive or constructed, as slices in
 * order; more than a few pieces are joined into one. False when it is not one. */
GBytes *rtse_rttr_write(GBytes *segment);
bool rtse_rttr_read(GBytes *rttr, GPtrArray *slices);

/* What an RTAB says, in words.  Caller frees. */
char *rtse_abort_words(guint reason);

#endif
