/* x224_proto.h - the wire constants of X.224 (ISO 8073) that class 0 over RFC 1006 needs; numbers are those
 * of X.224 clause 13. */
#ifndef GW400_OSI_X224_PROTO_H
#define GW400_OSI_X224_PROTO_H

/* 13.2.2.1 TPDU codes: the high half of the second octet (the low half is credit, 0 in class 0) */
enum x224_type {
  X224_CR = 0xe0, /* 13.3 connection request */
  X224_CC = 0xd0, /* 13.4 connection confirm */
  X224_DR = 0x80, /* 13.5 disconnect request */
  X224_DC = 0xc0, /* 13.6 disconnect confirm; not used in class 0 */
  X224_DT = 0xf0, /* 13.7 data */
  X224_ER = 0x70  /* 13.12 TPDU error */
};

/* 13.3.4, 13.5.4, 13.12.4: parameters of the variable part */
enum x224_parameter {
  X224_TPDU_SIZE = 0xc0,
  X224_CALLING_TSEL = 0xc1, /* in ER: the octets of the TPDU that was refused */
  X224_CALLED_TSEL = 0xc2,
  X224_ALTERNATIVE_CLASSES = 0xc7,
  X224_ADDITIONAL_INFORMATION = 0xe0, /* DR: user-defined */
  X224_PREFERRED_SIZE = 0xf0          /* preferred maximum TPDU size, in units of 128 octets */
};

/* 13.5.3 d: reasons of DR */
enum x224_reason {
  X224_NOT_SPECIFIED = 0,
  X224_TSAP_CONGESTED = 1,
  X224_SESSION_NOT_ATTACHED = 2, /* nobody listens at that TSEL */
  X224_ADDRESS_UNKNOWN = 3,
  X224_NORMAL_DISCONNECT = 128, /* by the session entity */
  X224_CONGESTION = 129,        /* remote transport entity, at connect request time */
  X224_NEGOTIATION_FAILED = 130,
  X224_DUPLICATE_REFERENCE = 131,
  X224_MISMATCHED_REFERENCES = 132,
  X224_PROTOCOL_ERROR = 133,
  X224_REFERENCE_OVERFLOW = 135,
  X224_REFUSED_ON_NETWORK_CONNECTION = 136,
  X224_LENGTH_INVALID = 138 /* header or parameter */
};

/* 13.12.3 c: reject causes of ER */
enum x224_reject {
  X224_REJECT_NOT_SPECIFIED,
  X224_REJECT_PARAMETER_CODE,
  X224_REJECT_TYPE,
  X224_REJECT_PARAMETER_VALUE
};

enum {
  X224_SIZE_CODE_MIN = 0x07, /* 13.3.4 b: 2^7 = 128 octets */
  X224_SIZE_CODE_MAX = 0x0d, /* 2^13 = 8192 octets; classes 0 and 1 go to 0x0b, but larger codes are seen */
  X224_PREFERRED_UNIT = 128, /* 13.3.4 c */
  X224_DT_HEADER = 3,        /* 13.7.2, class 0: length indicator, code, EOT */
  X224_EOT = 0x80,           /* 13.7.3 d */
  X224_LENGTH_INDICATOR_MAX = 254,
  X224_TSEL_SENT_MAX = 32,  /* what a TSEL may have by X.650; longer ones are accepted as received */
  X224_DEFAULT_SIZE = 65531 /* RFC 1006 section 5: without the parameter, a TPDU may fill its TPKT */
};

#endif
