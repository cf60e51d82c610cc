/* p1_mask.c - see p1_mask.h. */
#include "mhs/p1_mask.h"

#include <string.h>

#include "osi/session_proto.h"
#include "osi/tpkt.h"
#include "osi/x224_proto.h"

enum {
  HELD_MAX = 128 << 10, /* a connecting TSDU that is longer is none that we take */
  SHOWN_MAX = 16,       /* octets of a stream that is not RFC 1006: enough to see what it is */
  DEPTH_MAX = 32,
  MASKED = '*'
};

enum mask_phase {
  MASK_CONNECTING, /* the TSDU is still to come, or incomplete */
  MASK_OPEN,       /* it is over: everything passes */
  MASK_BLIND       /* not understood: nothing passes as it is */
};

struct region {
  gsize offset, length;
};

struct p1_mask {
  enum mask_phase phase;
  GByteArray *held; /* packets since the last that was let go */
  gsize parsed;     /* octets of it that were looked at */
  GArray *regions;  /* struct region: where in held the TSDU's octets are */
};

struct p1_mask *p1_mask_new(void)
{
  struct p1_mask *mask = g_new0(struct p1_mask, 1);
  mask->held = g_byte_array_new();
  mask->regions = g_array_new(FALSE, FALSE, sizeof(struct region));
  return mask;
}

static void drop_held(struct p1_mask *mask)
{
  if (mask->held->len > 0)
    explicit_bzero(mask->held->data, mask->held->len);
  g_byte_array_set_size(mask->held, 0);
  g_array_set_size(mask->regions, 0);
  mask->parsed = 0;
}

void p1_mask_free(struct p1_mask *mask)
{
  if (!mask)
    return;
  drop_held(mask);
  g_byte_array_unref(mask->held);
  g_array_unref(mask->regions);
  g_free(mask);
}

/* --- BER: strings inside
 * ------------------------------------------------------------------------------------------------------ */

enum { /* identifier octets */
       TAG_OCTET_STRING = 0x04,
       TAG_IA5_STRING = 0x16,
       TAG_SEQUENCE = 0x30,          /* around: PDV-list */
       TAG_EXTERNAL = 0x28,          /* around: an EXTERNAL */
       TAG_CONNECTION_DATA = 0xa3,   /* in RTORQ (X.228 9); further out it does no harm */
       TAG_CONNECTION_ANSWER = 0xa2, /* the same in RTOAC */
       TAG_BIND = 0xa1,
       TAG_ALIGNED = 0x81, /* in the two above; in TAG_BIND the password of 1984 */
       TAG_ARBITRARY = 0x82
};

/* Where the walk stands: what is around, and whether connectionData is. */
struct place {
  guint8 around;
  bool connection;
  guint depth;
};

static void overwrite(guint8 *data, gsize length)
{
  memset(data, MASKED, length);
}

/* Octets of the element's header, its contents' length (cut to what is there) and whether it is of indefinite
 * length; 0: no header. */
static gsize read_header(const guint8 *data, gsize size, gsize *length_r, bool *indefinite_r)
{
  gsize at = 1;
  if (size < 2)
    return 0;
  if ((data[0] & 0x1f) == 0x1f) {
    while (at < size && data[at] & 0x80)
      at++;
    at++;
  }
  if (at >= size)
    return 0;
  guint8 first = data[at++];
  *indefinite_r = first == 0x80;
  guint64 length = first;
  if (first & 0x80) {
    guint count = first & 0x7f;
    if (count > 8 || at + count > size)
      return 0;
    for (length = 0; count > 0; count--)
      length = length << 8 | data[at++];
  }
  *length_r = *indefinite_r ? size - at : (gsize)MIN(length, size - at);
  return at;
}

/* Overwrites what must not be seen in a row of elements; returns the octets gone through: of an indefinite
 * row those before its end-of-contents. */
static gsize walk(guint8 *data, gsize size, struct place place)
{
  gsize at = 0;
  while (at < size) {
    gsize length = 0;
    bool indefinite = false;
    if (size - at >= 2 && data[at] == 0 && data[at + 1] == 0)
      return at;
    gsize header = read_header(data + at, size - at, &length, &indefinite);
    if (header == 0 || place.depth >= DEPTH_MAX) {
      overwrite(data + at, size - at);
      return size;
    }
    guint8 tag = data[at];
    guint8 *contents = data + at + header;
    struct place inside = {
        tag, place.connection || tag == TAG_CONNECTION_DATA || tag == TAG_CONNECTION_ANSWER, place.depth + 1};
    bool wrapper = place.around == TAG_SEQUENCE || place.around == TAG_EXTERNAL;
    if (tag & 0x20) {
      gsize gone = walk(contents, length, inside);
      at += header + (indefinite ? MIN(gone + 2, length) : length);
      continue;
    }
    if (tag == TAG_IA5_STRING || tag == TAG_OCTET_STRING)
      overwrite(contents, length);
    else if (tag == TAG_ALIGNED && place.around == TAG_BIND && place.connection)
      overwrite(contents, length);
    else if (tag == TAG_ALIGNED && wrapper)
      (void)walk(contents, length, inside);
    else if (tag == TAG_ARBITRARY && wrapper && length > 1)
      (void)walk(contents + 1, length - 1, inside);
    at += header + length;
  }
  return at;
}

/* --- the TSDU
 * ------------------------------------------------------------------------------------------------------ */

/* Length indicator of X.225 8.2.5; false when it is not there. */
static bool read_length(const guint8 *data, gsize size, gsize *at, gsize *length_r)
{
  if (*at >= size)
    return false;
  *length_r = data[(*at)++];
  if (*length_r != SESSION_LENGTH_LONG)
    return true;
  if (*at + 2 > size)
    return false;
  *length_r = (gsize)data[*at] << 8 | data[*at + 1];
  *at += 2;
  return true;
}

/* The connecting SPDU: its user data is walked. False: more of it follows elsewhere, or it is not understood
 * and overwritten from there on. */
static bool mask_spdu(guint8 *data, gsize size)
{
  gsize at = 1, length, end;
  bool whole = true;
  if (!read_length(data, size, &at, &length) || at + length > size) {
    overwrite(data, size);
    return false;
  }
  end = at + length;
  while (at < end) {
    gsize start = at;
    guint8 code = data[at++];
    if (!read_length(data, end, &at, &length) || at + length > end) {
      overwrite(data + start, size - start);
      return false;
    }
    if (code == PGI_USER_DATA || code == PGI_EXTENDED_USER_DATA)
      (void)walk(data + at, length, (struct place){0});
    whole = whole && code != PI_DATA_OVERFLOW;
    at += length;
  }
  overwrite(data + end, size - end); /* nothing may follow a connecting SPDU */
  return whole;
}

/* The TSDU may lie in several packets: it is masked in one piece and laid back. What the next one is: to be
 * masked too, until a CN or an AC has passed. */
static enum mask_phase mask_tsdu(struct p1_mask *mask)
{
  g_autoptr(GByteArray) flat =
      g_byte_array_sized_new(mask->held->len); /* never moved: it is masked in place */
  for (guint i = 0; i < mask->regions->len; i++) {
    const struct region *region = &g_array_index(mask->regions, struct region, i);
    g_byte_array_append(flat, mask->held->data + region->offset, (guint)region->length);
  }
  if (flat->len == 0)
    return MASK_CONNECTING;
  bool connects = flat->data[0] == SI_CN || flat->data[0] == SI_AC;
  bool whole = mask_spdu(flat->data, flat->len);
  gsize at = 0;
  for (guint i = 0; i < mask->regions->len; i++) {
    const struct region *region = &g_array_index(mask->regions, struct region, i);
    memcpy(mask->held->data + region->offset, flat->data + at, region->length);
    at += region->length;
  }
  return !whole ? MASK_BLIND : connects ? MASK_OPEN : MASK_CONNECTING;
}

/* --- the stream
 * ------------------------------------------------------------------------------------------------------ */

static void let_go(struct p1_mask *mask, gsize length, GByteArray *out)
{
  g_byte_array_append(out, mask->held->data, (guint)length);
  explicit_bzero(mask->held->data, length);
  g_byte_array_remove_range(mask->held, 0, (guint)length);
  mask->parsed -= length;
}

static void go_blind(struct p1_mask *mask, GByteArray *out)
{
  gsize shown = MIN(mask->held->len, mask->parsed + SHOWN_MAX);
  (void)mask_tsdu(mask);
  overwrite(mask->held->data + shown, mask->held->len - shown);
  g_byte_array_append(out, mask->held->data, mask->held->len);
  drop_held(mask);
  mask->phase = MASK_BLIND;
}

/* One packet; false: nothing more can be done with what is held. */
static bool take_packet(struct p1_mask *mask, GByteArray *out)
{
  const guint8 *packet = mask->held->data + mask->parsed;
  gsize left = mask->held->len - mask->parsed;
  if (left == 0 || (left < TPKT_HEADER && packet[0] == TPKT_VERSION))
    return false;
  gsize length = packet[0] == TPKT_VERSION ? (gsize)packet[2] << 8 | packet[3] : 0;
  if (length < TPKT_LENGTH_MIN || mask->parsed + length > HELD_MAX) {
    if (left >= SHOWN_MAX) /* as many are shown, however the stream is cut */
      go_blind(mask, out);
    return false;
  }
  if (left < length)
    return false;
  gsize start = mask->parsed;
  mask->parsed += length;
  if (packet[TPKT_HEADER + 1] != X224_DT) {
    if (mask->regions->len == 0)
      let_go(mask, mask->parsed, out);
    return true;
  }
  struct region region = {start + TPKT_HEADER + X224_DT_HEADER, length - TPKT_HEADER - X224_DT_HEADER};
  bool end = packet[TPKT_HEADER + 2] & X224_EOT;
  g_array_append_val(mask->regions, region);
  if (!end)
    return true;
  mask->phase = mask_tsdu(mask);
  let_go(mask, mask->parsed, out);
  g_array_set_size(mask->regions, 0);
  return mask->phase == MASK_CONNECTING;
}

void p1_mask_input(struct p1_mask *mask, const guint8 *data, gsize length, GByteArray *out)
{
  if (mask->phase == MASK_OPEN) {
    g_byte_array_append(out, data, (guint)length);
    return;
  }
  if (mask->phase == MASK_CONNECTING) {
    g_byte_array_append(mask->held, data, (guint)length);
    while (take_packet(mask, out)) {
    }
    if (mask->phase == MASK_CONNECTING || mask->held->len == 0)
      return;
    /* what came behind the TSDU */
    gsize at = out->len;
    g_byte_array_append(out, mask->held->data, mask->held->len);
    if (mask->phase == MASK_BLIND)
      overwrite(out->data + at, mask->held->len);
    drop_held(mask);
    return;
  }
  gsize at = out->len;
  g_byte_array_set_size(out, (guint)(at + length));
  overwrite(out->data + at, length);
}

bool p1_mask_is_over(const struct p1_mask *mask)
{
  return mask->phase == MASK_OPEN;
}

void p1_mask_end(struct p1_mask *mask, GByteArray *out)
{
  if (mask->held->len == 0)
    return;
  /* a TSDU that was cut: what there is of it is overwritten, its packets' headers are not */
  for (guint i = 0; i < mask->regions->len; i++) {
    const struct region *region = &g_array_index(mask->regions, struct region, i);
    overwrite(mask->held->data + region->offset, region->length);
  }
  bool packet = mask->parsed < mask->held->len && mask->held->data[mask->parsed] == TPKT_VERSION;
  gsize shown = MIN(mask->parsed + (packet ? SHOWN_MAX / 2 : SHOWN_MAX), mask->held->len);
  overwrite(mask->held->data + shown, mask->held->len - shown);
  g_byte_array_append(out, mask->held->data, mask->held->len);
  drop_held(mask);
}
