/* rtse_apdu.h - RTSE's APDUs (X.228 9) between octets and one plain structure.
 *
 * In normal mode an APDU is one value of RTSE-apdus.  In X.410 mode RTORQ, RTOAC, RTORJ and RTAB are bare
 * SETs, which say nothing of their own about which they are: that is told by where they stand. */
#ifndef GW400_OSI_RTSE_APDU_H
#define GW400_OSI_RTSE_APDU_H

#include "osi/session.h"

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

/* X.228 9: RefuseReason, and X.410-1984's; of a recovery in both modes, else in X.410 mode alone. */
enum rtse_refuse {
  RTSE_REFUSE_BUSY = 0,
  RTSE_REFUSE_CANNOT_RECOVER = 1,
  RTSE_REFUSE_VALIDATION_FAILURE = 2,
  RTSE_REFUSE_UNACCEPTABLE_DIALOGUE_MODE = 3
};
/* RTORQ's applicationProtocol in X.410 mode. */
enum rtse_protocol {
  RTSE_PROTOCOL_ABSENT = -1,
  RTSE_MTS_TRANSFER_1984 = 1,
  RTSE_MTS_TRANSFER = 12,
  RTSE_MTS_TRANSFER_SWAPPED = 3072 /* capture: 12 in the wrong byte order */
};

struct rtse_apdu {
  enum rtse_apdu_type type;
  bool x410;             /* to be written, or read, in X.410 mode */
  guint checkpoint_size; /* RTORQ, RTOAC: units of 1024 octets; 0: see rtse.h */
  guint window;
  enum rtse_dialogue dialogue;
  bool recover; /* RTORQ, RTOAC: connectionData is the identifier of a connection to recover: recovered */
  struct session_reference
      recovered;       /* calling_user, common, additional: encoded as in session; held by the APDU */
  gint protocol;       /* RTORQ of X.410 mode: enum rtse_protocol, or what the peer sent */
  bool refuse_given;   /* RTORJ */
  guint refuse_reason; /* RTORJ: enum rtse_refuse or what the peer sent */
  GBytes *user_data;   /* RTORQ, RTOAC, RTORJ, RTAB: the RTSE user's value, or NULL */
  guint priority;      /* RTTP */
  guint abort_reason;  /* RTAB: enum rtse_abort or what the peer sent */
};
void rtse_apdu_clear(struct rtse_apdu *apdu);

/* Into a zeroed apdu, which is to be cleared also after an error. */
bool rtse_apdu_read(GBytes *data, struct rtse_apdu *apdu_r, GError **error);
/* X.410 mode: the SET of that type, or an RTTP. */
bool rtse_apdu_read_x410(GBytes *data, enum rtse_apdu_type type, struct rtse_apdu *apdu_r, GError **error);
GBytes *rtse_apdu_write(const struct rtse_apdu *apdu, GError **error);

/* RTTR: an OCTET STRING around a segment; and the segments in one, primitive or constructed, as slices in
 * order; more than a few pieces are joined into one. False when it is not one. */
GBytes *rtse_rttr_write(GBytes *segment);
bool rtse_rttr_read(GBytes *rttr, GPtrArray *slices);

/* What an RTORJ says, and an RTAB, in words.  Caller frees. */
char *rtse_refuse_words(guint reason);
char *rtse_abort_words(guint reason);

#endif
