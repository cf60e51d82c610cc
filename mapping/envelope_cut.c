/* envelope_cut.c - the envelope of a message whose content was not kept: it was larger than its peer may
 * send.
 *
 * What is held breaks off inside the content, so that no decoder takes it.  The envelope stands in front of
 * the content, whole; with an empty content it is a message again, of which a report can be made. */
#include "mapping/envelope.h"

#include <string.h>

enum { HELD_MAX = 16 << 20, DEPTH_MAX = 64, EXTERNAL_TAG = 0x28, MESSAGE_TAG = 0xa0, ENVELOPE_TAG = 0x31 };

struct cursor {
  const guint8 *octets;
  gsize at, end;
};
struct header {
  guint8 tag; /* first octet */
  bool indefinite;
  gsize length;
};

/* X.690 8.1: identifier and length. */
static bool read_header(struct cursor *cursor, struct header *header)
{
  if (cursor->end - cursor->at < 2)
    return false;
  header->tag = cursor->octets[cursor->at++];
  if ((header->tag & 31) == 31)
    while (cursor->at < cursor->end && cursor->octets[cursor->at++] & 0x80)
      ;
  if (cursor->at >= cursor->end)
    return false;
  guint8 first = cursor->octets[cursor->at++];
  header->indefinite = first == 0x80;
  header->length = first & 0x7f;
  if (!(first & 0x80) || header->indefinite)
    return true;
  guint count = first & 0x7f;
  if (count > sizeof(gsize) || cursor->end - cursor->at < count)
    return false;
  for (header->length = 0; count > 0; count--)
    header->length = header->length << 8 | cursor->octets[cursor->at++];
  return true;
}

/* Passes over one TLV; false when it is not whole. */
static bool pass(struct cursor *cursor, guint depth)
{
  struct header header;
  if (depth > DEPTH_MAX || !read_header(cursor, &header))
    return false;
  if (!header.indefinite) {
    if (header.length > cursor->end - cursor->at)
      return false;
    cursor->at += header.length;
    return true;
  }
  for (;;) {
    if (cursor->end - cursor->at < 2)
      return false;
    if (!cursor->octets[cursor->at] && !cursor->octets[cursor->at + 1])
      break;
    if (!pass(cursor, depth + 1))
      return false;
  }
  cursor->at += 2;
  return true;
}

/* Into EXTERNAL's single-ASN1-type (X.227): what stands before it is passed over. */
static bool enter_external(struct cursor *cursor, struct header *header)
{
  while (cursor->at < cursor->end && cursor->octets[cursor->at] != 0xa0)
    if (!pass(cursor, 0))
      return false;
  return read_header(cursor, header) && read_header(cursor, header);
}

/* The extent of the envelope. */
static bool find_envelope(struct cursor *cursor, gsize *start_r, gsize *length_r)
{
  struct header header;
  if (!read_header(cursor, &header) || (header.tag == EXTERNAL_TAG && !enter_external(cursor, &header)) ||
      header.tag != MESSAGE_TAG || cursor->at >= cursor->end || cursor->octets[cursor->at] != ENVELOPE_TAG)
    return false;
  *start_r = cursor->at;
  if (!pass(cursor, 0))
    return false;
  *length_r = cursor->at - *start_r;
  return true;
}

struct octets *envelope_of_cut(struct octets *source, GError **error)
{
  g_autoptr(octets_t) held = octets_slice(source, 0, MIN(octets_length(source), HELD_MAX));
  g_autoptr(GBytes) bytes = octets_to_bytes(held, HELD_MAX, error);
  if (!bytes)
    return NULL;
  struct cursor cursor = {g_bytes_get_data(bytes, NULL), 0, g_bytes_get_size(bytes)};
  gsize start, length;
  if (!find_envelope(&cursor, &start, &length)) {
    g_set_error(
        error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX,
        "of an APDU that was too large only its beginning was kept, in which no message's envelope is whole");
    return NULL;
  }
  /* message [0] IMPLICIT SEQUENCE, of indefinite length: the envelope as it came, a content without octets */
  static const guint8 head[] = {MESSAGE_TAG, 0x80}, tail[] = {0x04, 0x00, 0x00, 0x00};
  g_autoptr(octets_t) before = octets_new(head, sizeof head), after = octets_new(tail, sizeof tail),
                      envelope = octets_slice(held, start, length);
  struct octets *const parts[] = {before, envelope, after};
  return octets_concat(parts, G_N_ELEMENTS(parts));
}
