/* flat.c - writing what asn1c is to decode (contract: flat.h). */
#include "asn1/flat.h"

#include <string.h>

enum {
  MARK_SIZE = 11,
  BUDGET = 16 << 20, /* from here on only short strings are copied in */
  SHORT_STRING = 64,
};

static const guint8 mark[MARK_SIZE] = {0xdf, 0x67, 0x0d, 0x00, 'g', 'w', 0xf4, 0x00, 0xc1, 0x9e, 0xfe};

void placeholder_write(guint8 *out, guint32 number)
{
  memcpy(out, mark, sizeof mark);
  out[11] = (guint8)(number >> 24);
  out[12] = (guint8)(number >> 16);
  out[13] = (guint8)(number >> 8);
  out[14] = (guint8)number;
  out[15] = 0;
}

bool placeholder_read(const void *data, gsize length, guint32 *number_r)
{
  const guint8 *octet = data;
  if (length != PLACEHOLDER_SIZE || memcmp(octet, mark, sizeof mark) != 0)
    return false;
  if (number_r)
    *number_r = (guint32)octet[11] << 24 | (guint32)octet[12] << 16 | (guint32)octet[13] << 8 | octet[14];
  return true;
}

guint8 *flat_reserve(struct flat *flat, gsize length)
{
  if (G_UNLIKELY(flat->size - flat->length < length)) {
    flat->size = MAX(flat->size * 2, flat->length + length + 256);
    flat->data = g_realloc(flat->data, flat->size);
  }
  guint8 *at = flat->data + flat->length;
  flat->length += length;
  return at;
}

static void put_tag(struct flat *flat, ber_tlv_tag_t tag, bool constructed)
{
  guint8 form = constructed ? 0x20 : 0;
  ber_tlv_tag_t number = BER_TAG_VALUE(tag);
  if (number < 0x1f) {
    *flat_reserve(flat, 1) = (guint8)(BER_TAG_CLASS(tag) << 6 | form | number);
    return;
  }
  gsize size = ber_tlv_tag_serialize(tag, NULL, 0);
  guint8 *out = flat_reserve(flat, size);
  ber_tlv_tag_serialize(tag, out, size);
  out[0] |= form;
}

void flat_primitive(struct flat *flat, ber_tlv_tag_t tag, gsize length)
{
  put_tag(flat, tag, false);
  if (length < 0x80) {
    *flat_reserve(flat, 1) = (guint8)length;
    return;
  }
  guint8 *out = flat_reserve(flat, 5);
  out[0] = 0x84;
  for (int i = 4; i; i--, length >>= 8)
    out[i] = (guint8)length;
}

/* A constructed TLV: its length is always written in four octets, so that it can be filled in at its end. */
gsize flat_open(struct flat *flat, ber_tlv_tag_t tag)
{
  put_tag(flat, tag, true);
  memcpy(flat_reserve(flat, 5), "\x84\0\0\0", 5);
  return flat->length;
}

void flat_close(struct flat *flat, gsize opening)
{
  gsize length = flat->length - opening;
  guint8 *out = flat->data + opening - 1;
  for (int i = 0; i < 4; i++, length >>= 8)
    out[-i] = (guint8)length;
}

gsize flat_limit(const struct flat *flat, gsize limit)
{
  return G_LIKELY(flat->length < BUDGET) ? limit : MIN(limit, (gsize)SHORT_STRING);
}

void flat_placeholder(struct flat *flat, struct octets *rope)
{
  if (!flat->ropes)
    flat->ropes = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  placeholder_write(flat_reserve(flat, PLACEHOLDER_SIZE), flat->ropes->len);
  g_ptr_array_add(flat->ropes, rope);
}

void flat_init(struct flat *flat, gsize size)
{
  *flat = (struct flat){.data = g_malloc(size), .size = size};
}

void flat_clear(struct flat *flat)
{
  g_free(flat->data);
  if (flat->ropes)
    g_ptr_array_unref(flat->ropes);
}
