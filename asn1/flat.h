/* flat.h - the plain form of BER that asn1c is given to decode, and the placeholders in it.
 *
 * A placeholder stands for a string (or ANY) too long for memory and names a rope by number.  It is a TLV of
 * the private class, so that it can stand for an ANY: tag and length (the first three octets of its mark),
 * the rest of the mark, the rope's number, and a zero octet, since asn1c clears unused bits at the end of a
 * BIT STRING.  The mark has a zero octet inside: no C string contains it.
 *
 * Private to asn1/. */
#ifndef GW400_ASN1_FLAT_H
#define GW400_ASN1_FLAT_H

#include "asn1/octets.h"

#include <asn_application.h>

enum { PLACEHOLDER_SIZE = 16 };
void placeholder_write(guint8 *out, guint32 number);
/* Whether the whole of data is a placeholder, and whose (number_r may be NULL). */
bool placeholder_read(const void *data, gsize length, guint32 *number_r);

struct flat {
  guint8 *data; /* g_free() */
  gsize length, size;
  GPtrArray *ropes; /* of struct octets, by placeholder; NULL: none */
};
void flat_init(struct flat *flat, gsize size);
void flat_clear(struct flat *flat);

/* Room for length octets at the end. */
guint8 *flat_reserve(struct flat *flat, gsize length);
/* The header of a primitive TLV of length octets. */
void flat_primitive(struct flat *flat, ber_tlv_tag_t tag, gsize length);
/* A constructed TLV around what is written until it is closed. */
gsize flat_open(struct flat *flat, ber_tlv_tag_t tag);
void flat_close(struct flat *flat, gsize opening);
/* A placeholder; takes over the reference to rope. */
void flat_placeholder(struct flat *flat, struct octets *rope);
/* How long a string may be to be copied in: limit, but little when much has been written already, so that
 * many short strings do not fill the memory. */
gsize flat_limit(const struct flat *flat, gsize limit);

#endif
