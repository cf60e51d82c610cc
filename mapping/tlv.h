/* tlv.h - values of BER put together from parts that stay where they are. */
#ifndef GW400_MAPPING_TLV_H
#define GW400_MAPPING_TLV_H

#include "asn1/octets.h"

enum { /* identifier octets */
       TLV_SEQUENCE = 0x30,
       TLV_SET = 0x31,
       TLV_TELETEX_STRING = 0x14,
       TLV_IA5_STRING = 0x16,
       TLV_CONTEXT = 0x80,
       TLV_CONSTRUCTED = 0x20,
       TLV_NUMBER = 0x1f
};

/* A list of struct octets, which it frees. */
GPtrArray *tlv_parts(void);
/* Adds a part; false when there is none. */
bool tlv_add(GPtrArray *parts, struct octets *octets);
/* A constructed TLV around parts, the header becoming the first of them. */
struct octets *tlv_wrap(guint8 identifier, GPtrArray *parts);
/* The contents of a TLV of definite length; NULL when it is none. */
struct octets *tlv_contents(struct octets *tlv);

#endif
