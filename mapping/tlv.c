/* tlv.c - contract: tlv.h. */
#include "mapping/tlv.h"

struct octets *tlv_wrap(guint8 identifier, GPtrArray *parts)
{
  guint8 head[2 + sizeof(guint64)] = {identifier};
  guint64 length = 0;
  gsize size = 2;
  for (guint i = 0; i < parts->len; i++)
    length += octets_length(parts->pdata[i]);
  if (length < 0x80) {
    head[1] = (guint8)length;
  } else {
    guint count = 0;
    for (guint64 rest = length; rest; rest >>= 8)
      count++;
    head[1] = (guint8)(0x80 | count);
    for (guint i = 0; i < count; i++)
      head[size++] = (guint8)(length >> 8 * (count - 1 - i));
  }
  g_ptr_array_insert(parts, 0, octets_new(head, size));
  return octets_concat((struct octets *const *)parts->pdata, parts->len);
}

GPtrArray *tlv_parts(void)
{
  return g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
}

bool tlv_add(GPtrArray *parts, struct octets *octets)
{
  if (octets)
    g_ptr_array_add(parts, octets);
  return octets != NULL;
}

struct octets *tlv_contents(struct octets *tlv)
{
  guint8 head[2 + sizeof(guint64)] = {0};
  guint64 length = octets_length(tlv);
  if (length < 2 || !octets_read(tlv, 0, head, (gsize)MIN(length, sizeof head), NULL))
    return NULL;
  guint64 size = 2 + (head[1] > 0x80 ? head[1] & 0x7fu : 0);
  return head[1] == 0x80 || size > length ? NULL : octets_slice(tlv, size, length - size);
}
