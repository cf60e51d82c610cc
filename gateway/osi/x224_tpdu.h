/* x224_tpdu.h - the TPDUs of X.224 class 0 as structures: decoding and encoding, X.224 clause 13.  No state.
 */
#ifndef GW400_OSI_X224_TPDU_H
#define GW400_OSI_X224_TPDU_H

#include <glib.h>
#include <stdbool.h>

#include "osi/selector.h"
#include "osi/x224_proto.h"

struct x224_tpdu {
  enum x224_type type;
  guint16 destination, source; /* references */
  guint8 preferred_class;      /* CR: preferred, CC: selected; 0..4 */
  bool class_0_alternative;    /* CR: class 0 is among the alternatives */
  guint8 size_code;            /* 0: parameter absent */
  guint32 preferred_size;      /* octets; 0: parameter absent */
  struct osi_selector calling, called;
  guint8 reason;      /* DR: enum x224_reason; ER: enum x224_reject */
  bool end;           /* DT: last of its TSDU */
  const guint8 *data; /* DT: user data, inside the packet; DR: additional information */
  gsize length;
};

/* Decodes the one TPDU of a packet (RFC 1006 section 6: no concatenation).  Parameters not known are skipped
 * (X.224 13.2.3). False and OSI_ERROR_SYNTAX with the clause when it is none of class 0. */
bool x224_decode(const guint8 *packet, gsize length, struct x224_tpdu *tpdu_r, GError **error);

/* Appends a TPKT with the TPDU (all but DT). */
void x224_encode(const struct x224_tpdu *tpdu, GByteArray *out);
/* Appends a TPKT with an ER that carries the beginning of the TPDU refused (13.12.4). */
void x224_encode_error(guint16 destination, enum x224_reject cause, const guint8 *refused, gsize length,
                       GByteArray *out);
/* A whole TSDU as DT TPDUs in TPKTs, with size - 3 octets of data each but the last; one copy. */
GBytes *x224_encode_data(GBytes *tsdu, gsize size);

/* The octets a TPDU may have by the parameters given in a CR or CC: preferred size, else size code, else RFC
 * 1006's. */
gsize x224_size(const struct x224_tpdu *tpdu);
/* "address unknown" for DR reason 3, ...; never NULL. */
const char *x224_reason_name(guint reason);

#endif
