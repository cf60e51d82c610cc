/* tlv.h - single BER elements (X.690 8.1) in memory, for the data phase.
 *
 * What is decoded once per association goes through asn1/codec.h.  What is read for every segment of every
 * message - the PDV list and the OCTET STRING in it - is read here, in place and without copying.  The octets
 * are a peer's: every length is checked against what is there, nesting of indefinite lengths is limited, so
 * that the work is linear in the size. */
#ifndef GW400_OSI_TLV_H
#define GW400_OSI_TLV_H

#include <glib.h>
#include <stdbool.h>

#define TLV_DEPTH_MAX 16  /* nested indefinite lengths */
#define TLV_HEADER_MAX 10 /* one tag octet, one length octet, at most 8 more */

struct tlv {
  guint8 tag; /* identifier octet; a tag number above 30 is no protocol element of these layers: refused */
  bool constructed;
  gsize header; /* octets of identifier and length */
  gsize length; /* octets of the contents, without the end-of-contents of the indefinite form */
  gsize total;  /* octets of the whole element */
};

/* Reads the element at the start of data, which must hold all of it.  False when it is not BER or reaches
 * beyond size. */
bool tlv_read(const guint8 *data, gsize size, struct tlv *tlv_r);

/* Walks the elements inside a constructed one: cursor starts as the contents.  False at the end, and on an
 * element that cannot be read, which sets *bad_r (not reset, so that it can be checked once after the walk).
 */
struct tlv_cursor {
  const guint8 *data;
  gsize left;
};
bool tlv_next(struct tlv_cursor *cursor, struct tlv *tlv_r, const guint8 **contents_r, bool *bad_r);

/* An INTEGER's contents as a non-negative number of at most 32 bits. */
bool tlv_uint(const guint8 *contents, gsize length, guint32 *value_r);

/* Writing: octets of a header, and the header itself with its minimal definite length. */
gsize tlv_header_size(gsize length);
void tlv_put(GByteArray *out, guint8 tag, gsize length);
void tlv_put_uint(GByteArray *out, guint8 tag, guint32 value);
/* Contents octets of an INTEGER of that value. */
gsize tlv_uint_size(guint32 value);

#endif
