/* session_proto.h - the wire constants of X.225 (ISO 8327-1); clause numbers are those of X.225 clause 8. */
#ifndef GW400_OSI_SESSION_PROTO_H
#define GW400_OSI_SESSION_PROTO_H

/* 8.3: SPDU identifiers.  1, 25, 26 mean two SPDUs each: which one, tells its place in the TSDU (6.3.7, 8.3). */
enum session_si {
  SI_ER = 0,
  SI_GT = 1, /* first in a TSDU */
  SI_DT = 1, /* after GT or PT */
  SI_PT = 2,
  SI_EX = 5,
  SI_PR = 7,
  SI_NF = 8,
  SI_FN = 9,
  SI_DN = 10,
  SI_RF = 12,
  SI_CN = 13,
  SI_AC = 14,
  SI_CDO = 15,
  SI_OA = 16,
  SI_GTC = 21,
  SI_GTA = 22,
  SI_AB = 25, /* first in a TSDU */
  SI_AI = 25, /* after GT */
  SI_AA = 26, /* first in a TSDU */
  SI_AIA = 26, /* after GT or PT */
  SI_AR = 29,
  SI_TD = 33,
  SI_RA = 34,
  SI_MAP = 41, /* with sync type item 1 */
  SI_AE = 41,  /* without */
  SI_MAA = 42,
  SI_AEA = 42,
  SI_AS = 45,
  SI_ED = 48,
  SI_MIP = 49,
  SI_MIA = 50,
  SI_RS = 53,
  SI_AD = 57,
  SI_ADA = 58,
  SI_CD = 61,
  SI_CDA = 62
};

/* 8.3: parameter group identifiers */
enum session_pgi {
  PGI_CONNECTION_IDENTIFIER = 1,
  PGI_CONNECT_ACCEPT_ITEM = 5,
  PGI_LINKING_INFORMATION = 33,
  PGI_USER_DATA = 193,
  PGI_EXTENDED_USER_DATA = 194 /* CN alone: 513 to 10,240 octets, version 2 */
};

/* 8.3: parameter identifiers */
enum session_pi {
  PI_CALLED_USER_REFERENCE = 9,
  PI_CALLING_USER_REFERENCE = 10,
  PI_COMMON_REFERENCE = 11,
  PI_ADDITIONAL_REFERENCE = 12,
  PI_SYNC_TYPE = 15,
  PI_TOKEN_ITEM = 16,
  PI_TRANSPORT_DISCONNECT = 17,
  PI_PROTOCOL_OPTIONS = 19,
  PI_USER_REQUIREMENTS = 20,
  PI_TSDU_MAXIMUM = 21,
  PI_VERSION = 22,
  PI_INITIAL_SERIAL = 23,
  PI_ENCLOSURE = 25,
  PI_TOKEN_SETTING = 26,
  PI_ACTIVITY_IDENTIFIER = 41,
  PI_SERIAL = 42,
  PI_USER_DATA = 46, /* MIA and CDO */
  PI_REFLECT = 49,
  PI_REASON = 50,
  PI_CALLING_SELECTOR = 51,
  PI_CALLED_SELECTOR = 52, /* in AC: responding */
  PI_DATA_OVERFLOW = 60
};

/* 8.3.9: transport disconnect item of AB; bit 1 also in RF and FN */
enum session_disconnect_item {
  DISCONNECT_RELEASED = 0x01, /* the transport connection is not kept for reuse */
  DISCONNECT_USER = 0x02,
  DISCONNECT_PROTOCOL_ERROR = 0x04,
  DISCONNECT_NO_REASON = 0x08,
  DISCONNECT_RESTRICTION = 0x10 /* implementation restriction stated in the PICS */
};

/* 8.3.5: reason code of RF */
enum session_refuse_reason {
  REFUSE_NOT_SPECIFIED = 0,
  REFUSE_CONGESTION = 1,
  REFUSE_BY_USER = 2, /* user data follow in the same parameter */
  REFUSE_SELECTOR_UNKNOWN = 0x81,
  REFUSE_NOT_ATTACHED = 0x82,
  REFUSE_PROVIDER_CONGESTION = 0x83,
  REFUSE_VERSION = 0x84,
  REFUSE_BY_PROVIDER = 0x85,
  REFUSE_RESTRICTION = 0x86
};

enum session_enclosure { ENCLOSURE_BEGIN = 0x01, ENCLOSURE_END = 0x02 }; /* 8.3.11 */
enum session_sync_type { SYNC_TYPE_NOT_ACTIVITY_END = 0x01 };            /* 8.3.22: MAP rather than AE */
enum session_version_item { VERSION_1 = 0x01, VERSION_2 = 0x02 };       /* 8.3.1 */

enum {
  SESSION_LENGTH_LONG = 0xff,         /* 8.2.5: two octets of length follow */
  SESSION_LENGTH_MAX = 0xffff,
  SESSION_SERIAL_MAX = 999999,        /* 8.3.20: at most six digits */
  SESSION_USER_DATA_V1 = 512,         /* version 1, every SPDU that has user data, but: */
  SESSION_ABORT_DATA_V1 = 9,          /* 8.3.9 */
  SESSION_CONNECT_DATA_V2 = 10240,    /* 8.3.1: more goes in CDO */
  SESSION_ABORT_DATA_V2 = 10240,
  SESSION_ACTIVITY_MAX = 6,           /* 8.3.29: octets of an activity identifier sent */
  SESSION_CONCATENATED_MAX = 32,        /* SPDUs taken behind one GT or PT: more in one TSDU is no use to anybody */
  SESSION_TSDU_LEAST = 64,            /* a TSDU maximum below is refused: nothing useful fits into it */
  SESSION_DEFAULT_REQUIREMENTS = 0x0349 /* 8.3.1: when the parameter is absent */
};

#endif
