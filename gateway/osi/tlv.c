/* tlv.c - see tlv.h. */
#include "osi/tlv.h"

static bool read_limited(const guint8 *data, gsize size, guint depth, struct tlv *tlv);

/* Octets up to the end-of-contents that closes an indefinite length. */
static bool find_end(const guint8 *data, gsize size, guint depth, gsize *length)
{
  gsize at = 0;
  while (size - at >= 2) {
    if (data[at] == 0 && data[at + 1] == 0) {
      *length = at;
      return true;
    }
    struct tlv inner;
    if (!read_limited(data + at, size - at, depth, &inner)) {
      return false;
    }
    at += inner.total;
  }
  return false;
}

static bool read_limited(const guint8 *data, gsize size, guint depth, struct tlv *tlv)
{
  if (size < 2 || (data[0] & 0x1f) == 0x1f || data[0] == 0) {
    return false;
  }
  *tlv = (struct tlv){.tag = data[0], .constructed = (data[0] & 0x20) != 0, .header = 2};
  if (data[1] == 0x80) {
    if (!tlv->constructed || depth == 0 || !find_end(data + 2, size - 2, depth - 1, &tlv->length)) {
      return false;
    }
    tlv->total = tlv->header + tlv->length + 2;
    return true;
  }
  tlv->length = data[1] & 0x7f;
  if (data[1] & 0x80) {
    gsize octets = tlv->length;
    if (octets > sizeof(gsize) || octets > size - 2) {
      return false;
    }
    tlv->length = 0;
    for (gsize i = 0; i < octets; i++) {
      tlv->length = tlv->length << 8 | data[2 + i];
    }
    tlv->header += octets;
  }
  if (tlv->length > size - tlv->header) {
    return false;
  }
  tlv->total = tlv->header + tlv->length;
  return true;
}

bool tlv_read(const guint8 *data, gsize size, struct tlv *tlv_r)
{
  return read_limited(data, size, TLV_DEPTH_MAX, tlv_r);
}

bool tlv_next(struct tlv_cursor *cursor, struct tlv *tlv_r, const guint8 **contents_r, bool *bad_r)
{
  if (cursor->left == 0) {
    return false;
  }
  if (!tlv_read(cursor->data, cursor->left, tlv_r)) {
    *bad_r = true;
    return false;
  }
  *contents_r = cursor->data + tlv_r->header;
  cursor->data += tlv_r->total;
  cursor->left -= tlv_r->total;
  return true;
}

bool tlv_uint(const guint8 *contents, gsize length, guint32 *value_r)
{
  if (length == 0 || length > 5 || (contents[0] & 0x80) || (length == 5 && contents[0] != 0)) {
    return false;
  }
  *value_r = 0;
  for (gsize i = 0; i < length; i++) {
    *value_r = *value_r << 8 | contents[i];
  }
  return true;
}

gsize tlv_header_size(gsize length)
{
  gsize size = 2;
  if (length > 0x7f) {
    for (; length != 0; length >>= 8) {
      size++;
    }
  }
  return size;
}

void tlv_put(GByteArray *out, guint8 tag, gsize length)
{
  guint8 header[TLV_HEADER_MAX] = {tag, (guint8)length};
  gsize size = tlv_header_size(length);
  if (length > 0x7f) {
    header[1] = (guint8)(0x80 | (size - 2));
    for (gsize i = size; i > 2; i--, length >>= 8) {
      header[i - 1] = (guint8)length;
    }
  }
  g_byte_array_append(out, header, (guint)size);
}

gsize tlv_uint_size(guint32 value)
{
  gsize size = 1;
  for (; value > 0x7f; value >>= 8) {
    size++;
  }
  return size;
}

void tlv_put_uint(GByteArray *out, guint8 tag, guint32 value)
{
  gsize size = tlv_uint_size(value);
  tlv_put(out, tag, size);
  for (gsize i = size; i > 0; i--) {
    guint8 octet = i > 4 ? 0 : (guint8)(value >> (8 * (i - 1)));
    g_byte_array_append(out, &octet, 1);
  }
}
