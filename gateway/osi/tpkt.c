/* tpkt.c - packets on a TCP stream. */
#include "osi/tpkt.h"

void tpkt_reader_init(struct tpkt_reader *reader)
{
  reader->partial = g_byte_array_new();
}

void tpkt_reader_clear(struct tpkt_reader *reader)
{
  g_clear_pointer(&reader->partial, g_byte_array_unref);
}

/* The length of the packet whose header is given, or 0 when it is none.  The reserved octet is ignored. */
static gsize packet_length(const guint8 *header)
{
  gsize length = (gsize)header[2] << 8 | header[3];
  return header[0] == TPKT_VERSION && length >= TPKT_LENGTH_MIN ? length : 0;
}

/* Moves octets from the input until the partial packet has size octets; false when the input did not suffice.
 */
static bool gather(GByteArray *partial, gsize size, const guint8 **input, gsize *length)
{
  gsize part = MIN(size - MIN(size, partial->len), *length);
  g_byte_array_append(partial, *input, (guint)part);
  *input += part;
  *length -= part;
  return partial->len >= size;
}

enum tpkt_result tpkt_read(struct tpkt_reader *reader, const guint8 **input, gsize *length,
                           const guint8 **contents_r, gsize *length_r)
{
  GByteArray *partial = reader->partial;
  if (partial->len >= TPKT_HEADER && partial->len == packet_length(partial->data))
    g_byte_array_set_size(partial, 0); /* handed out by the call before */

  if (partial->len == 0 && *length >= TPKT_HEADER) {
    gsize size = packet_length(*input);
    if (size == 0)
      return TPKT_BAD;
    if (size <= *length) {
      *contents_r = *input + TPKT_HEADER;
      *length_r = size - TPKT_HEADER;
      *input += size;
      *length -= size;
      return TPKT_PACKET;
    }
  }

  if (!gather(partial, TPKT_HEADER, input, length))
    return partial->len > 0 && partial->data[0] != TPKT_VERSION ? TPKT_BAD : TPKT_MORE;
  gsize size = packet_length(partial->data);
  if (size == 0)
    return TPKT_BAD;
  if (!gather(partial, size, input, length))
    return TPKT_MORE;
  *contents_r = partial->data + TPKT_HEADER;
  *length_r = size - TPKT_HEADER;
  return TPKT_PACKET;
}

void tpkt_write_header(guint8 header[TPKT_HEADER], gsize contents)
{
  gsize size = contents + TPKT_HEADER;
  header[0] = TPKT_VERSION;
  header[1] = 0;
  header[2] = (guint8)(size >> 8);
  header[3] = (guint8)size;
}
