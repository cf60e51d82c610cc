/* guard.c - checks BER along asn1c's descriptors and rewrites it plainly (contract: guard.h). */
#include "asn1/guard.h"
#include "asn1/descriptor.h"

#include <string.h>

#include <OCTET_STRING.h>

enum {
  WINDOW = 64 * 1024,       /* of a source that is not one block of memory; a shorter source is read whole */
  HEADER_MAX = 5 + 1 + 126, /* tag, length's first octet, length */
  FLAT_BUDGET =
      16
      << 20, /* from here on even short strings become ropes, so that many of them do not fill the memory */
  SHORT_STRING = 64,
  DEPTH_MAX = 512, /* what the C stack bears, whatever the configuration says */
};

static const guint8 mark[PLACEHOLDER_MARK_SIZE] = {0xdf, 0x67, 0x0d, 0x00, 'g', 'w',
                                                   0xf4, 0x00, 0xc1, 0x9e, 0xfe};

/* One received TLV whose header has been read. */
struct tlv {
  guint64 start, contents;
  guint64 end; /* of the contents; when indefinite, the end of the nearest definite TLV around */
  ber_tlv_tag_t tag;
  bool constructed, indefinite;
};

/* Where the walk is, for messages: a list through the C stack. */
struct step {
  const struct step *up;
  const char *name; /* of a member, or NULL */
  int index;        /* of a list's element */
};

struct guard {
  struct octets *source;
  guint64 length, at;
  const guint8 *window; /* of source's octets [window_start, window_end) */
  guint64 window_start, window_end;
  guint8 *buffer; /* under a window that moves */
  bool marks;     /* whether strings must be searched for the placeholder's mark */

  struct asn1_limits limits;
  guint depth, elements, segments;
  bool outermost_ends; /* the outermost TLV is definite: what reaches out is malformed, not cut off */

  guint8 *flat;
  gsize flat_length, flat_size;
  gsize stop; /* guard_explain(): complain about the element that is written here */
  GPtrArray *ropes;
  GArray *extents; /* scratch: of the constructed string at hand */

  const char *type_name;
  const struct step *steps;
  GError **error;
};

/* --- placeholders ----------------------------------------------------------------------------------------
 */

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
  *number_r = (guint32)octet[11] << 24 | (guint32)octet[12] << 16 | (guint32)octet[13] << 8 | octet[14];
  return true;
}

bool placeholder_mark_in(const void *data, gsize length)
{
  return length >= sizeof mark && memmem(data, length, mark, sizeof mark) != NULL;
}

/* --- complaining -------------------------------------------------------------------------------------------
 */

static void print_path(const struct step *step, GString *out)
{
  if (!step)
    return;
  print_path(step->up, out);
  if (step->name && *step->name)
    g_string_append_printf(out, ".%s", step->name);
  else if (!step->name)
    g_string_append_printf(out, "[%d]", step->index);
}

G_GNUC_PRINTF(4, 5)
static bool fail(struct guard *guard, enum asn1_error code, guint64 offset, const char *format, ...)
{
  if (guard->error && *guard->error)
    return false;
  g_autoptr(GString) path = g_string_new(guard->type_name);
  print_path(guard->steps, path);
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_set_error(guard->error, ASN1_ERROR, code, "offset %" G_GUINT64_FORMAT ": %s: %s", offset, path->str,
              text);
  return false;
}

static bool fail_tag(struct guard *guard, const struct tlv *tlv, const char *expected)
{
  char found[40];
  descriptor_tag_name(tlv->tag, found, sizeof found);
  return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "tag %s where %s is expected", found, expected);
}

static bool fail_expected_tag(struct guard *guard, const struct tlv *tlv, ber_tlv_tag_t expected)
{
  char name[40];
  descriptor_tag_name(expected, name, sizeof name);
  return fail_tag(guard, tlv, name);
}

/* --- reading
 * ------------------------------------------------------------------------------------------------ */

/* Octets at guard->at: at least wanted, fewer only at the end of source. NULL when the file cannot be read.
 */
static const guint8 *view(struct guard *guard, gsize wanted, gsize *have_r)
{
  guint64 left = guard->length - guard->at;
  if (guard->at >= guard->window_start && guard->at <= guard->window_end &&
      guard->window_end - guard->at >= MIN((guint64)wanted, left)) {
    *have_r = (gsize)(guard->window_end - guard->at);
    return guard->window + (guard->at - guard->window_start);
  }
  gsize length = (gsize)MIN((guint64)WINDOW, left);
  g_autoptr(GError) error = NULL;
  if (!octets_read(guard->source, guard->at, guard->buffer, length, &error)) {
    fail(guard, ASN1_ERROR_READ, guard->at, "%s", error->message);
    return NULL;
  }
  guard->window = guard->buffer;
  guard->window_start = guard->at;
  guard->window_end = guard->at + length;
  *have_r = length;
  return guard->window;
}

/* Source's octets [offset, offset + length) into out. */
static bool copy(struct guard *guard, guint64 offset, guint8 *out, gsize length)
{
  if (offset >= guard->window_start && offset + length <= guard->window_end) {
    memcpy(out, guard->window + (offset - guard->window_start), length);
    return true;
  }
  g_autoptr(GError) error = NULL;
  return octets_read(guard->source, offset, out, length, &error) ||
         fail(guard, ASN1_ERROR_READ, offset, "%s", error->message);
}

static bool fail_short(struct guard *guard, guint64 offset, guint64 end)
{
  if (end == guard->length && !guard->outermost_ends)
    return fail(guard, ASN1_ERROR_TRUNCATED, offset, "the octets end inside a tag or length");
  return fail(guard, ASN1_ERROR_SYNTAX, offset, "a tag or length reaches beyond its parent");
}

/* X.690 8.1.2: returns how many octets the tag takes; 0: not whole, -1: failed. */
static int parse_tag(struct guard *guard, const guint8 *octet, gsize have, struct tlv *tlv)
{
  ber_tlv_tag_t class = octet[0] >> 6;
  ber_tlv_tag_t number = octet[0] & 0x1f;
  tlv->constructed = octet[0] & 0x20;
  if (number != 0x1f) {
    tlv->tag = number << 2 | class;
    return 1;
  }
  number = 0;
  for (gsize i = 1; i < have; i++) {
    if (i == 1 && octet[i] == 0x80) {
      fail(guard, ASN1_ERROR_SYNTAX, guard->at, "a tag number with leading zeroes (X.690 8.1.2.4.2)");
      return -1;
    }
    if (number >> 22) { /* asn1c keeps 30 bits of the number */
      fail(guard, ASN1_ERROR_SYNTAX, guard->at, "a tag number beyond 2^29");
      return -1;
    }
    number = number << 7 | (octet[i] & 0x7f);
    if (octet[i] & 0x80)
      continue;
    if (number < 0x1f) {
      fail(guard, ASN1_ERROR_SYNTAX, guard->at, "a tag number below 31 in the long form (X.690 8.1.2.2)");
      return -1;
    }
    tlv->tag = number << 2 | class;
    return (int)i + 1;
  }
  return 0;
}

/* Reads the header of the TLV at guard->at, which must lie before end. */
static bool read_header(struct guard *guard, guint64 end, struct tlv *tlv)
{
  gsize have = 0;
  const guint8 *octet = view(guard, HEADER_MAX, &have);
  if (!octet)
    return false;
  have = (gsize)MIN((guint64)have, end - guard->at);
  tlv->start = guard->at;
  if (have < 2)
    return fail_short(guard, guard->at, end);
  int tag_size = parse_tag(guard, octet, have, tlv);
  if (tag_size < 0)
    return false;
  gsize used = (gsize)tag_size;
  if (tag_size == 0 || used == have)
    return fail_short(guard, guard->at, end);
  if (tlv->tag == 0)
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                "end-of-contents octets where none belong (X.690 8.1.5)");

  /* X.690 8.1.3 */
  guint8 first = octet[used++];
  guint64 length = first;
  tlv->indefinite = first == 0x80;
  if (first == 0xff)
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "the length octet FF is reserved (X.690 8.1.3.5)");
  if (tlv->indefinite && !tlv->constructed)
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                "a primitive encoding of indefinite length (X.690 8.1.3.2)");
  if (first > 0x80) {
    length = 0;
    for (guint i = first & 0x7f; i; i--) {
      if (used == have)
        return fail_short(guard, tlv->start, end);
      if (length >> 55)
        return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "a length beyond 2^63");
      length = length << 8 | octet[used++];
    }
  }
  guard->at += used;
  tlv->contents = guard->at;
  tlv->end = end;
  if (tlv->indefinite)
    return true;
  if (length > end - guard->at) {
    if (end == guard->length && !guard->outermost_ends)
      return fail(guard, ASN1_ERROR_TRUNCATED, tlv->start,
                  "length %" G_GUINT64_FORMAT ", but %" G_GUINT64_FORMAT " octets are there", length,
                  end - guard->at);
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                "length %" G_GUINT64_FORMAT " reaches beyond its parent", length);
  }
  tlv->end = guard->at + length;
  return true;
}

static bool read_element(struct guard *guard, guint64 end, struct tlv *tlv)
{
  if (++guard->elements > guard->limits.elements)
    return fail(guard, ASN1_ERROR_LIMIT, guard->at, "more than %u elements (limit elements)",
                guard->limits.elements);
  return read_header(guard, end, tlv);
}

static bool go_down(struct guard *guard, const struct tlv *tlv)
{
  if (++guard->depth > guard->limits.depth)
    return fail(guard, ASN1_ERROR_LIMIT, tlv->start, "nested deeper than %u (limit depth)",
                guard->limits.depth);
  return true;
}

static void go_up(struct guard *guard)
{
  guard->depth--;
}

/* Whether parent has ended; its end-of-contents octets are taken. */
enum more { MORE, END, FAILED };
static enum more look(struct guard *guard, const struct tlv *parent)
{
  if (!parent->indefinite)
    return guard->at < parent->end ? MORE : END;
  if (guard->at == parent->end) {
    if (parent->end == guard->length && !guard->outermost_ends)
      fail(guard, ASN1_ERROR_TRUNCATED, guard->at,
           "the octets end before the end-of-contents octets of offset %" G_GUINT64_FORMAT, parent->start);
    else
      fail(guard, ASN1_ERROR_SYNTAX, guard->at,
           "no end-of-contents octets for the indefinite length at offset %" G_GUINT64_FORMAT
           " (X.690 8.1.5)",
           parent->start);
    return FAILED;
  }
  gsize have = 0;
  const guint8 *octet = view(guard, 2, &have);
  if (!octet)
    return FAILED;
  if (octet[0] != 0)
    return MORE;
  if (parent->end - guard->at < 2) {
    fail_short(guard, guard->at, parent->end);
    return FAILED;
  }
  if (octet[1] != 0) {
    fail(guard, ASN1_ERROR_SYNTAX, guard->at, "bad end-of-contents octets 00 %02X (X.690 8.1.5)", octet[1]);
    return FAILED;
  }
  guard->at += 2;
  return END;
}

/* Reads the next TLV inside parent. */
static enum more next(struct guard *guard, const struct tlv *parent, struct tlv *child)
{
  enum more more = look(guard, parent);
  if (more != MORE)
    return more;
  return read_element(guard, parent->end, child) ? MORE : FAILED;
}

/* Parent must have ended. */
static bool finish(struct guard *guard, const struct tlv *parent, const char *what)
{
  switch (look(guard, parent)) {
  case END:
    return true;
  case MORE:
    return fail(guard, ASN1_ERROR_SYNTAX, guard->at, "octets follow %s", what);
  default:
    return false;
  }
}

/* --- writing
 * ------------------------------------------------------------------------------------------------- */

static guint8 *reserve(struct guard *guard, gsize length)
{
  if (G_UNLIKELY(guard->flat_size - guard->flat_length < length)) {
    guard->flat_size = MAX(guard->flat_size * 2, guard->flat_length + length + 256);
    guard->flat = g_realloc(guard->flat, guard->flat_size);
  }
  guint8 *at = guard->flat + guard->flat_length;
  guard->flat_length += length;
  return at;
}

static void put_tag(struct guard *guard, ber_tlv_tag_t tag, bool constructed)
{
  guint8 form = constructed ? 0x20 : 0;
  ber_tlv_tag_t number = BER_TAG_VALUE(tag);
  if (number < 0x1f) {
    *reserve(guard, 1) = (guint8)(BER_TAG_CLASS(tag) << 6 | form | number);
    return;
  }
  gsize size = ber_tlv_tag_serialize(tag, NULL, 0);
  guint8 *out = reserve(guard, size);
  ber_tlv_tag_serialize(tag, out, size);
  out[0] |= form;
}

static void put_primitive(struct guard *guard, ber_tlv_tag_t tag, gsize length)
{
  put_tag(guard, tag, false);
  if (length < 0x80) {
    *reserve(guard, 1) = (guint8)length;
    return;
  }
  guint8 *out = reserve(guard, 5);
  out[0] = 0x84;
  for (int i = 4; i; i--, length >>= 8)
    out[i] = (guint8)length;
}

/* A constructed TLV: its length is always written in four octets, so that it can be filled in at its end. */
static gsize put_opening(struct guard *guard, ber_tlv_tag_t tag)
{
  put_tag(guard, tag, true);
  memcpy(reserve(guard, 5), "\x84\0\0\0", 5);
  return guard->flat_length;
}

static void put_closing(struct guard *guard, gsize opening)
{
  gsize length = guard->flat_length - opening;
  guint8 *out = guard->flat + opening - 1;
  for (int i = 0; i < 4; i++, length >>= 8)
    out[-i] = (guint8)length;
}

static gsize inline_limit(const struct guard *guard, gsize limit)
{
  return G_LIKELY(guard->flat_length < FLAT_BUDGET) ? limit : MIN(limit, (gsize)SHORT_STRING);
}

static void put_placeholder(struct guard *guard, struct octets *rope)
{
  if (!guard->ropes)
    guard->ropes = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  placeholder_write(reserve(guard, PLACEHOLDER_SIZE), guard->ropes->len);
  g_ptr_array_add(guard->ropes, rope);
}

/* --- strings
 * --------------------------------------------------------------------------------------------------- */

/* Takes the contents of one segment (or of a string that is primitive). */
static bool take_segment(struct guard *guard, const struct tlv *tlv, bool bits, guint8 *unused_r)
{
  struct octets_extent extent = {tlv->contents, tlv->end - tlv->contents};
  if (bits) { /* X.690 8.6.2 */
    if (*unused_r)
      return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "unused bits before the last segment (X.690 8.6.4)");
    if (extent.length == 0)
      return fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                  "a BIT STRING without its first octet (X.690 8.6.2.1)");
    if (!copy(guard, extent.offset, unused_r, 1))
      return false;
    if (*unused_r > 7 || (*unused_r && extent.length == 1))
      return fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                  "%u unused bits in %" G_GUINT64_FORMAT " octets (X.690 8.6.2.2)", *unused_r,
                  extent.length - 1);
    extent.offset++;
    extent.length--;
  }
  guard->at = tlv->end;
  if (extent.length)
    g_array_append_val(guard->extents, extent);
  return true;
}

/* The segments of a constructed string, nested as deeply as the sender liked (X.690 8.7.3). */
static bool take_segments(struct guard *guard, const struct tlv *string, ber_tlv_tag_t universal, bool bits,
                          guint8 *unused_r)
{
  ber_tlv_tag_t segment_tag = bits ? UNIVERSAL_BIT_STRING : UNIVERSAL_OCTET_STRING;
  if (!go_down(guard, string))
    return false;
  for (enum more more; (more = look(guard, string)) != END;) {
    struct tlv segment;
    if (more == FAILED)
      return false;
    if (++guard->segments > guard->limits.segments)
      return fail(guard, ASN1_ERROR_LIMIT, guard->at, "strings of more than %u segments (limit segments)",
                  guard->limits.segments);
    if (!read_header(guard, string->end, &segment))
      return false;
    /* The standard's 04; the type's own tag is what some senders write, and is what an EXPLICIT tag would
     * look like. */
    if (segment.tag != segment_tag && segment.tag != universal)
      return fail_expected_tag(guard, &segment, segment_tag);
    if (!(segment.constructed ? take_segments(guard, &segment, universal, bits, unused_r)
                              : take_segment(guard, &segment, bits, unused_r)))
      return false;
  }
  go_up(guard);
  return true;
}

static bool walk_string(struct guard *guard, const asn_TYPE_descriptor_t *type, bool bits,
                        const struct tlv *tlv)
{
  guint8 unused = 0;
  g_array_set_size(guard->extents, 0);
  if (!(tlv->constructed ? take_segments(guard, tlv, descriptor_universal(type), bits, &unused)
                         : take_segment(guard, tlv, bits, &unused)))
    return false;
  const struct octets_extent *extents = (const struct octets_extent *)(void *)guard->extents->data;
  guint count = guard->extents->len;
  guint64 length = 0;
  for (guint i = 0; i < count; i++)
    length += extents[i].length;

  bool is_rope = length > inline_limit(guard, guard->limits.inline_string);
  if (!is_rope) {
    gsize before = guard->flat_length;
    put_primitive(guard, tlv->tag, (gsize)length + bits);
    if (bits)
      *reserve(guard, 1) = unused;
    guint8 *out = reserve(guard, (gsize)length);
    for (guint i = 0; i < count; out += extents[i++].length)
      if (!copy(guard, extents[i].offset, out, (gsize)extents[i].length))
        return false;
    if (G_LIKELY(!((guard->marks || count > 1) && placeholder_mark_in(out - length, (gsize)length))))
      return true;
    guard->flat_length = before; /* a forger's: it becomes a rope */
  }
  put_primitive(guard, tlv->tag, PLACEHOLDER_SIZE + bits);
  if (bits)
    *reserve(guard, 1) = unused;
  put_placeholder(guard, octets_gather(guard->source, extents, count));
  return true;
}

/* --- open types
 * ---------------------------------------------------------------------------------------------- */

/* Passes over a TLV whose type is not known, checking lengths and depth. */
static bool skip(struct guard *guard, const struct tlv *tlv)
{
  if (!tlv->constructed) {
    guard->at = tlv->end;
    return true;
  }
  if (!go_down(guard, tlv))
    return false;
  for (;;) {
    struct tlv child;
    enum more more = next(guard, tlv, &child);
    if (more == END)
      break;
    if (more == FAILED || !skip(guard, &child))
      return false;
  }
  go_up(guard);
  return true;
}

static bool walk_any(struct guard *guard, const struct tlv *tlv)
{
  if (!skip(guard, tlv))
    return false;
  guint64 length = guard->at - tlv->start;
  if (length <= inline_limit(guard, guard->limits.any)) {
    gsize before = guard->flat_length;
    guint8 *out = reserve(guard, (gsize)length);
    if (!copy(guard, tlv->start, out, (gsize)length))
      return false;
    if (G_LIKELY(!(guard->marks && placeholder_mark_in(out, (gsize)length))))
      return true;
    guard->flat_length = before;
  }
  put_placeholder(guard, octets_slice(guard->source, tlv->start, length));
  return true;
}

/* --- primitive types
 * ------------------------------------------------------------------------------------------ */

static bool check_integer(struct guard *guard, const struct tlv *tlv, const guint8 *octet, gsize length,
                          enum kind kind)
{
  if (length == 0)
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "an INTEGER without contents (X.690 8.3.1)");
  if (length > 1 && (octet[0] == 0x00 || octet[0] == 0xff) && (octet[0] & 0x80) == (octet[1] & 0x80))
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "an INTEGER longer than need be (X.690 8.3.2)");
  if (kind == KIND_NATIVE && length > sizeof(long))
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                "an INTEGER of %" G_GSIZE_FORMAT " octets is out of range here", length);
  return true;
}

static bool check_oid(struct guard *guard, const struct tlv *tlv, const guint8 *octet, gsize length)
{
  if (length == 0 || octet[length - 1] & 0x80)
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "an OBJECT IDENTIFIER that does not end (X.690 8.19)");
  for (gsize i = 0; i < length; i++)
    if (octet[i] == 0x80 && (i == 0 || !(octet[i - 1] & 0x80)))
      return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "an arc with leading zeroes (X.690 8.19.2)");
  return true;
}

static bool check_primitive(struct guard *guard, const asn_TYPE_descriptor_t *type, enum kind kind,
                            const struct tlv *tlv, const guint8 *octet, gsize length)
{
  switch (kind) {
  case KIND_BOOLEAN:
    return length == 1 || fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                               "a BOOLEAN of %" G_GSIZE_FORMAT " octets (X.690 8.2.1)", length);
  case KIND_NULL:
    return length == 0 || fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "a NULL with contents (X.690 8.8.2)");
  default:
    break;
  }
  ber_tlv_tag_t universal = descriptor_universal(type);
  if (universal == UNIVERSAL_INTEGER || universal == UNIVERSAL_ENUMERATED)
    return check_integer(guard, tlv, octet, length, kind);
  return check_oid(guard, tlv, octet, length);
}

static bool walk_primitive(struct guard *guard, const asn_TYPE_descriptor_t *type, enum kind kind,
                           const struct tlv *tlv)
{
  struct tlv inner = *tlv;
  if (tlv->constructed) {
    /* The tolerance: the universal tag inside a tag that should have replaced it. */
    ber_tlv_tag_t universal = descriptor_universal(type);
    if (tlv->tag == universal)
      return fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                  "a constructed encoding of a primitive type (X.690 8.1.2.5)");
    if (!go_down(guard, tlv))
      return false;
    switch (next(guard, tlv, &inner)) {
    case FAILED:
      return false;
    case END:
      return fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                  "a constructed encoding of a primitive type, and empty");
    case MORE:
      break;
    }
    if (inner.tag != universal || inner.constructed)
      return fail_expected_tag(guard, &inner, universal);
  }
  guint64 length = inner.end - inner.contents;
  if (length > guard->limits.inline_string)
    return fail(guard, ASN1_ERROR_LIMIT, inner.start,
                "a number or identifier of %" G_GUINT64_FORMAT " octets (limit inline_string)", length);
  put_primitive(guard, tlv->tag, (gsize)length);
  guint8 *out = reserve(guard, (gsize)length);
  if (!copy(guard, inner.contents, out, (gsize)length) ||
      !check_primitive(guard, type, kind, &inner, out, (gsize)length))
    return false;
  guard->at = inner.end;
  if (tlv->constructed) {
    go_up(guard);
    return finish(guard, tlv, "the value");
  }
  return true;
}

/* --- constructed types
 * ----------------------------------------------------------------------------------------- */

static bool walk(struct guard *guard, const asn_TYPE_descriptor_t *type, int mode, ber_tlv_tag_t tag,
                 const struct tlv *tlv);

static bool walk_member(struct guard *guard, const asn_TYPE_member_t *member, const struct tlv *tlv)
{
  struct step step = {guard->steps, member->name, 0};
  guard->steps = &step;
  bool good = walk(guard, member->type, member->tag_mode, member->tag, tlv);
  guard->steps = step.up;
  return good;
}

/* The member of a SEQUENCE that a tag means, looked for from member i over the optional ones that may be
 * absent. */
static int find_in_sequence(const asn_TYPE_descriptor_t *type, int i, ber_tlv_tag_t tag)
{
  if (i >= type->elements_count)
    return -1;
  int last = MIN(i + type->elements[i].optional, type->elements_count - 1);
  for (; i <= last; i++) {
    const asn_TYPE_member_t *member = &type->elements[i];
    if (member->tag == tag || member->flags & ATF_OPEN_TYPE)
      return i;
    if (member->tag == (ber_tlv_tag_t)-1 && descriptor_member_of_choice(member->type, tag) >= 0)
      return i;
  }
  return -1;
}

static bool fail_unknown(struct guard *guard, const asn_TYPE_descriptor_t *type, const struct tlv *tlv)
{
  char found[40];
  descriptor_tag_name(tlv->tag, found, sizeof found);
  return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "tag %s is not known, or not expected here, in %s", found,
              type->name);
}

static bool fail_missing(struct guard *guard, const asn_TYPE_descriptor_t *type, int i)
{
  return fail(guard, ASN1_ERROR_SYNTAX, guard->at, "%s ends without its %s", type->name,
              type->elements[i].name);
}

static bool walk_sequence(struct guard *guard, const asn_TYPE_descriptor_t *type, const struct tlv *tlv)
{
  int count = type->elements_count, i = 0;
  for (;;) {
    struct tlv child;
    enum more more = next(guard, tlv, &child);
    if (more == FAILED)
      return false;
    int optional = i < count ? type->elements[i].optional : 0;
    if (more == END)
      return i + optional == count || descriptor_extensible_at(type, i) ||
             fail_missing(guard, type, i + optional);
    int found = find_in_sequence(type, i, child.tag);
    if (found >= 0) {
      if (!walk_member(guard, &type->elements[found], &child))
        return false;
      i = found + 1;
    } else if (descriptor_extensible_at(type, i + optional)) {
      if (!skip(guard, &child))
        return false;
    } else
      return fail_unknown(guard, type, &child);
  }
}

static bool walk_set(struct guard *guard, const asn_TYPE_descriptor_t *type, const struct tlv *tlv)
{
  enum { SET_MAX = 256 };
  guint64 seen[SET_MAX / 64] = {0};
  int count = type->elements_count;
  if (count > SET_MAX)
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "a SET of more than %d members", SET_MAX);
  for (;;) {
    struct tlv child;
    enum more more = next(guard, tlv, &child);
    if (more == FAILED)
      return false;
    if (more == END)
      break;
    int found = descriptor_member_of_set(type, child.tag);
    if (found < 0 && !descriptor_extensible(type))
      return fail_unknown(guard, type, &child);
    if (found < 0) {
      if (!skip(guard, &child))
        return false;
      continue;
    }
    if (seen[found / 64] >> (found % 64) & 1)
      return fail(guard, ASN1_ERROR_SYNTAX, child.start, "%s comes twice", type->elements[found].name);
    seen[found / 64] |= G_GUINT64_CONSTANT(1) << (found % 64);
    if (!walk_member(guard, &type->elements[found], &child))
      return false;
  }
  for (int i = 0; i < count; i++)
    if (!type->elements[i].optional && !(seen[i / 64] >> (i % 64) & 1))
      return fail_missing(guard, type, i);
  return true;
}

static bool walk_list(struct guard *guard, const asn_TYPE_descriptor_t *type, const struct tlv *tlv)
{
  const asn_TYPE_member_t *member = &type->elements[0];
  struct step step = {guard->steps, NULL, 0};
  guard->steps = &step;
  for (;; step.index++) {
    struct tlv child;
    enum more more = next(guard, tlv, &child);
    if (more == END)
      break;
    if (more == FAILED || !walk(guard, member->type, member->tag_mode, member->tag, &child))
      return false;
  }
  guard->steps = step.up;
  return true;
}

static bool walk_constructed(struct guard *guard, const asn_TYPE_descriptor_t *type, enum kind kind,
                             const struct tlv *tlv)
{
  if (!tlv->constructed)
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "a primitive encoding of %s (X.690 8.9.1)", type->name);
  if (!go_down(guard, tlv))
    return false;
  gsize opening = put_opening(guard, tlv->tag);
  if (!(kind == KIND_SEQUENCE ? walk_sequence(guard, type, tlv)
        : kind == KIND_SET    ? walk_set(guard, type, tlv)
                              : walk_list(guard, type, tlv)))
    return false;
  put_closing(guard, opening);
  go_up(guard);
  return true;
}

static bool walk_choice(struct guard *guard, const asn_TYPE_descriptor_t *type, const struct tlv *tlv)
{
  int found = descriptor_member_of_choice(type, tlv->tag);
  if (found >= 0)
    return walk_member(guard, &type->elements[found], tlv);
  if (!descriptor_extensible(type))
    return fail_unknown(guard, type, tlv);
  if (!skip(guard, tlv))
    return false;
  put_primitive(guard, tlv->tag, 0); /* asn1c then says that no alternative that it knows is present */
  return true;
}

static bool walk_contents(struct guard *guard, const asn_TYPE_descriptor_t *type, enum kind kind,
                          const struct tlv *tlv)
{
  switch (kind) {
  case KIND_SEQUENCE:
  case KIND_SET:
  case KIND_LIST:
    return walk_constructed(guard, type, kind, tlv);
  case KIND_CHOICE:
    return walk_choice(guard, type, tlv);
  case KIND_ANY:
    return walk_any(guard, tlv);
  case KIND_STRING:
    return walk_string(guard, type, false, tlv);
  case KIND_BITS:
    return walk_string(guard, type, true, tlv);
  case KIND_UNKNOWN:
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "%s is no type that this gateway decodes", type->name);
  default:
    return walk_primitive(guard, type, kind, tlv);
  }
}

/* Tag i of the chain is tlv's; behind the last one comes the type itself. */
static bool walk_tags(struct guard *guard, const asn_TYPE_descriptor_t *type, enum kind kind,
                      const struct tag_chain *chain, guint i, const struct tlv *tlv)
{
  bool untagged = kind == KIND_CHOICE || kind == KIND_ANY;
  if (i < chain->count && tlv->tag != tag_chain_at(chain, i))
    return fail_expected_tag(guard, tlv, tag_chain_at(chain, i));
  if (i + !untagged >= chain->count)
    return walk_contents(guard, type, kind, tlv);

  /* An EXPLICIT tag: one TLV inside, and nothing else. */
  struct tlv inner;
  if (!tlv->constructed)
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start,
                "a primitive encoding of an EXPLICIT tag (X.690 8.14.2)");
  if (!go_down(guard, tlv))
    return false;
  switch (next(guard, tlv, &inner)) {
  case FAILED:
    return false;
  case END:
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "nothing inside an EXPLICIT tag");
  case MORE:
    break;
  }
  gsize opening = put_opening(guard, tlv->tag);
  if (!walk_tags(guard, type, kind, chain, i + 1, &inner))
    return false;
  put_closing(guard, opening);
  go_up(guard);
  return finish(guard, tlv, "the value inside an EXPLICIT tag");
}

static bool walk(struct guard *guard, const asn_TYPE_descriptor_t *type, int mode, ber_tlv_tag_t tag,
                 const struct tlv *tlv)
{
  if (G_UNLIKELY(guard->flat_length >= guard->stop))
    return fail(guard, ASN1_ERROR_SYNTAX, tlv->start, "the decoder refuses this %s", type->name);
  struct tag_chain chain = descriptor_tags(type, mode, tag);
  return walk_tags(guard, type, descriptor_kind(type), &chain, 0, tlv);
}

/* --- the whole
 * -------------------------------------------------------------------------------------------------- */

struct asn1_limits guard_limits(const struct asn1_limits *limits)
{
  struct asn1_limits all = limits ? *limits : (struct asn1_limits){0};
  all.total = all.total ? all.total : G_GUINT64_CONSTANT(2) << 30;
  all.depth = MIN(all.depth ? all.depth : 64, DEPTH_MAX);
  all.elements = all.elements ? all.elements : 200000;
  all.segments = all.segments ? all.segments : 2000000;
  all.inline_string = MIN(all.inline_string ? all.inline_string : 65536, (gsize)FLAT_BUDGET);
  all.any = MIN(all.any ? all.any : 65536, (gsize)FLAT_BUDGET);
  return all;
}

/* A source that is one block of memory is its own window; one that fits into a window is read once. */
static bool open_source(struct guard *guard)
{
  gsize have = 0;
  guard->window = octets_peek_memory(guard->source);
  if (guard->window)
    guard->window_end = guard->length;
  else {
    guard->buffer = g_malloc((gsize)MIN(guard->length, (guint64)WINDOW) + 1);
    if (!view(guard, WINDOW, &have))
      return false;
  }
  guard->marks =
      guard->window_end < guard->length || placeholder_mark_in(guard->window, (gsize)guard->length);
  return true;
}

static bool walk_all(struct guard *guard, const asn_TYPE_descriptor_t *type)
{
  struct tlv tlv;
  if (guard->length > guard->limits.total)
    return fail(guard, ASN1_ERROR_LIMIT, 0,
                "%" G_GUINT64_FORMAT " octets are more than %" G_GUINT64_FORMAT " (limit total)",
                guard->length, guard->limits.total);
  if (guard->length == 0)
    return fail(guard, ASN1_ERROR_TRUNCATED, 0, "no octets at all");
  if (!open_source(guard) || !read_element(guard, guard->length, &tlv))
    return false;
  guard->outermost_ends = !tlv.indefinite;
  if (!walk(guard, type, 0, 0, &tlv))
    return false;
  if (guard->at < guard->length)
    return fail(guard, ASN1_ERROR_TRAILING, guard->at, "%" G_GUINT64_FORMAT " octets follow the value",
                guard->length - guard->at);
  return true;
}

static void guard_clear(struct guard *guard)
{
  g_free(guard->buffer);
  g_free(guard->flat);
  g_array_free(guard->extents, TRUE);
  if (guard->ropes)
    g_ptr_array_unref(guard->ropes);
}

static bool run(const asn_TYPE_descriptor_t *type, struct octets *source, const struct asn1_limits *limits,
                gsize stop, struct guard_flat *flat_r, GError **error)
{
  g_autoptr(GError) own_error = NULL;
  struct guard guard = {
      .source = source,
      .length = octets_length(source),
      .limits = guard_limits(limits),
      .stop = stop,
      .extents = g_array_new(FALSE, FALSE, sizeof(struct octets_extent)),
      .type_name = type->name,
      .error = &own_error,
  };
  guard.flat_size = (gsize)MIN(guard.length + guard.length / 2, (guint64)WINDOW) + 256;
  guard.flat = g_malloc(guard.flat_size);
  bool good = walk_all(&guard, type);
  if (good)
    *flat_r =
        (struct guard_flat){g_steal_pointer(&guard.flat), guard.flat_length, g_steal_pointer(&guard.ropes)};
  else
    g_propagate_error(error, g_steal_pointer(&own_error));
  guard_clear(&guard);
  return good;
}

bool guard_flatten(const asn_TYPE_descriptor_t *type, struct octets *source, const struct asn1_limits *limits,
                   struct guard_flat *flat_r, GError **error)
{
  return run(type, source, limits, G_MAXSIZE, flat_r, error);
}

void guard_explain(const asn_TYPE_descriptor_t *type, struct octets *source, const struct asn1_limits *limits,
                   gsize at, GError **error)
{
  struct guard_flat flat = {0};
  if (!run(type, source, limits, at, &flat, error))
    return;
  g_free(flat.data);
  if (flat.ropes)
    g_ptr_array_unref(flat.ropes);
  g_set_error(error, ASN1_ERROR, ASN1_ERROR_SYNTAX,
              "offset %" G_GUINT64_FORMAT ": %s: the decoder refuses its end", octets_length(source),
              type->name);
}

bool guard_measure(struct octets *source, guint64 *length_r, guint32 *tag_r, GError **error)
{
  g_autoptr(GError) own_error = NULL;
  struct guard guard = {
      .source = source,
      .length = octets_length(source),
      .limits = guard_limits(NULL),
      .extents = g_array_new(FALSE, FALSE, sizeof(struct octets_extent)),
      .type_name = "value",
      .error = &own_error,
  };
  struct tlv tlv;
  gsize have = 0;
  bool good = (guard.length || fail(&guard, ASN1_ERROR_TRUNCATED, 0, "no octets at all")) &&
              open_source(&guard) && read_element(&guard, guard.length, &tlv);
  if (good) {
    guard.at = 0;
    const guint8 *octet = view(&guard, HEADER_MAX, &have);
    guint32 tag = octet ? octet[0] : 0;
    if ((tag & 0x1f) == 0x1f)
      for (gsize i = 1; i < have && i < sizeof tag; i++) {
        tag = tag << 8 | octet[i];
        if (!(octet[i] & 0x80))
          break;
      }
    *tag_r = tag;
    guard.at = tlv.contents;
    guard.outermost_ends = !tlv.indefinite;
    good = octet && skip(&guard, &tlv);
    *length_r = guard.at;
  }
  if (!good)
    g_propagate_error(error, g_steal_pointer(&own_error));
  guard_clear(&guard);
  return good;
}
