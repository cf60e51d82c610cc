/* p1_identifier.c - the values by which transfers are found again: session connection identifiers (X.228 9)
 * and resumptions. */
#include "mhs/p1.h"

#include <string.h>

#include "osi/tlv.h"

enum { TAG_SEQUENCE = 0x30, TAG_T61_STRING = 0x14, TAG_UTC_TIME = 0x17, TAG_ADDITIONAL = 0x80 };

void p1_session_identifier_clear(struct p1_session_identifier *identifier)
{
  g_clear_pointer(&identifier->calling, g_bytes_unref);
  g_clear_pointer(&identifier->common, g_bytes_unref);
  g_clear_pointer(&identifier->additional, g_bytes_unref);
}

static GBytes *ref(GBytes *octets)
{
  return octets != NULL ? g_bytes_ref(octets) : NULL;
}

void p1_session_identifier_copy(struct p1_session_identifier *to, const struct p1_session_identifier *from)
{
  *to = (struct p1_session_identifier){ref(from->calling), ref(from->common), ref(from->additional)};
}

/* The contents of a part; the part itself when it is not BER, as some peer may send it. */
static GBytes *contents_of(GBytes *part)
{
  gsize size;
  struct tlv tlv;
  if (part == NULL) {
    return g_bytes_new_static("", 0);
  }
  const guint8 *data = g_bytes_get_data(part, &size);
  if (!tlv_read(data, size, &tlv) || tlv.total != size || tlv.constructed) {
    return g_bytes_ref(part);
  }
  return g_bytes_new_from_bytes(part, tlv.header, tlv.length);
}

static bool same_part(GBytes *a, GBytes *b)
{
  g_autoptr(GBytes) one = contents_of(a);
  g_autoptr(GBytes) other = contents_of(b);
  return g_bytes_equal(one, other);
}

bool p1_session_identifier_equal(const struct p1_session_identifier *a, const struct p1_session_identifier *b)
{
  return same_part(a->calling, b->calling) && same_part(a->common, b->common) &&
         same_part(a->additional, b->additional);
}

static void append(GByteArray *out, GBytes *octets)
{
  gsize size;
  const guint8 *data = g_bytes_get_data(octets, &size);
  g_byte_array_append(out, data, (guint)size);
}

GBytes *p1_session_identifier_write(const struct p1_session_identifier *identifier)
{
  if (identifier->calling == NULL || identifier->common == NULL) {
    return NULL;
  }
  g_autoptr(GByteArray) inner = g_byte_array_new();
  append(inner, identifier->calling);
  append(inner, identifier->common);
  if (identifier->additional != NULL) {
    g_autoptr(GBytes) contents = contents_of(identifier->additional);
    tlv_put(inner, TAG_ADDITIONAL, g_bytes_get_size(contents));
    append(inner, contents);
  }
  GByteArray *out = g_byte_array_new();
  tlv_put(out, TAG_SEQUENCE, inner->len);
  g_byte_array_append(out, inner->data, inner->len);
  return g_byte_array_free_to_bytes(out);
}

static GBytes *tagged(guint8 tag, const guint8 *contents, gsize length)
{
  GByteArray *out = g_byte_array_new();
  tlv_put(out, tag, length);
  g_byte_array_append(out, contents, (guint)length);
  return g_byte_array_free_to_bytes(out);
}

bool p1_session_identifier_read(GBytes *octets, struct p1_session_identifier *identifier_r)
{
  gsize size;
  const guint8 *data = g_bytes_get_data(octets, &size), *contents;
  struct tlv sequence, part;
  bool bad = false;
  *identifier_r = (struct p1_session_identifier){0};
  if (!tlv_read(data, size, &sequence) || sequence.tag != TAG_SEQUENCE || sequence.total != size) {
    return false;
  }
  struct tlv_cursor cursor = {data + sequence.header, sequence.length};
  while (tlv_next(&cursor, &part, &contents, &bad)) {
    bool additional = part.tag == TAG_ADDITIONAL;
    GBytes **place = additional                 ? &identifier_r->additional
                     : part.tag == TAG_UTC_TIME ? &identifier_r->common
                                                : &identifier_r->calling;
    bad = bad || *place != NULL;
    g_clear_pointer(place, g_bytes_unref);
    *place = tagged(additional ? TAG_T61_STRING : part.tag, contents, part.length);
  }
  if (!bad && identifier_r->calling != NULL && identifier_r->common != NULL) {
    return true;
  }
  p1_session_identifier_clear(identifier_r);
  return false;
}

void p1_resumption_clear(struct p1_resumption *resumption)
{
  g_clear_pointer(&resumption->activity, g_bytes_unref);
  p1_session_identifier_clear(&resumption->session);
}

void p1_resumption_copy(struct p1_resumption *to, const struct p1_resumption *from)
{
  *to = *from;
  to->activity = ref(from->activity);
  p1_session_identifier_copy(&to->session, &from->session);
}
