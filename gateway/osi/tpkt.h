/* tpkt.h - packets on a TCP stream, RFC 1006 section 6 (version 3; RFC 2126 uses the same for IPv6).
 *
 * The reader is given the stream in pieces as they were read and hands out each packet's contents.  A packet
 * that lies whole in one piece is not copied; one that is cut is gathered in the reader, at most 65,535
 * octets. */
#ifndef GW400_OSI_TPKT_H
#define GW400_OSI_TPKT_H

#include <glib.h>
#include <stdbool.h>

enum {
  TPKT_VERSION = 3,
  TPKT_HEADER = 4,                              /* octets: version, reserved, length (2) */
  TPKT_LENGTH_MIN = 7,                          /* header and the smallest TPDU, RFC 1006 section 6 */
  TPKT_CONTENTS_MAX = G_MAXUINT16 - TPKT_HEADER /* 65,531: the largest TPDU */
};

struct tpkt_reader {
  GByteArray *partial; /* the beginning of a packet, or empty */
};
void tpkt_reader_init(struct tpkt_reader *reader);
void tpkt_reader_clear(struct tpkt_reader *reader);

enum tpkt_result {
  TPKT_MORE,   /* the input is used up; more is needed for a packet */
  TPKT_PACKET, /* *contents_r, *length_r: valid until the next call and as long as the input */
  TPKT_BAD     /* not RFC 1006: nothing more can be read from this stream */
};
/* Takes octets from the front of *input (moving *input and *length on) until a packet is whole.  Call until
 * TPKT_MORE. */
enum tpkt_result tpkt_read(struct tpkt_reader *reader, const guint8 **input, gsize *length,
                           const guint8 **contents_r, gsize *length_r);

/* Writes the header of a packet with so many octets of contents (at most TPKT_CONTENTS_MAX). */
void tpkt_write_header(guint8 header[TPKT_HEADER], gsize contents);

#endif
