/* guard.c - checks BER along asn1c's descriptors and rewrites it plainly (contract: guard.h). */
#include "asn1/guard.h"
#include "asn1/descriptor.h"
#include "asn1/reader.h"

#include <string.h>

struct guard {
  struct reader reader;
  struct flat flat;
  gsize stop;      /* guard_explain(): complain about the element that is written here */
  GArray *extents; /* scratch: of the constructed string at hand */
};

/* --- strings --- */

/* Takes the contents of one segment (or of a string that is primitive). */
static bool take_segment(struct guard *guard, const struct tlv *tlv, bool bits, guint8 *unused_r)
{
  struct octets_extent extent = {tlv->contents, tlv->end - tlv->contents};
  if (bits) { /* X.690 8.6.2 */
    if (*unused_r)
      return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                         "unused bits before the last segment (X.690 8.6.4)");
    if (extent.length == 0)
      return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                         "a BIT STRING without its first octet (X.690 8.6.2.1)");
    if (!reader_copy(&guard->reader, extent.offset, unused_r, 1))
      return false;
    if (*unused_r > 7 || (*unused_r && extent.length == 1))
      return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                         "%u unused bits in %" G_GUINT64_FORMAT " octets (X.690 8.6.2.2)", *unused_r,
                         extent.length - 1);
    extent.offset++;
    extent.length--;
  }
  guard->reader.at = tlv->end;
  if (extent.length)
    g_array_append_val(guard->extents, extent);
  return true;
}

/* The segments of a constructed string, nested as deeply as the sender liked (X.690 8.7.3). */
static bool take_segments(struct guard *guard, const struct tlv *string, ber_tlv_tag_t universal, bool bits,
                          guint8 *unused_r)
{
  ber_tlv_tag_t segment_tag = bits ? UNIVERSAL_BIT_STRING : UNIVERSAL_OCTET_STRING;
  if (!reader_down(&guard->reader, string))
    return false;
  for (enum reader_more more; (more = reader_look(&guard->reader, string)) != READER_END;) {
    struct tlv segment;
    if (more == READER_FAILED)
      return false;
    if (!reader_segment(&guard->reader, string->end, &segment))
      return false;
    /* The standard's 04; the type's own tag is what some senders write, and is what an EXPLICIT tag would
     * look like. */
    if (segment.tag != segment_tag && segment.tag != universal)
      return reader_fail_tag(&guard->reader, &segment, segment_tag);
    if (!(segment.constructed ? take_segments(guard, &segment, universal, bits, unused_r)
                              : take_segment(guard, &segment, bits, unused_r)))
      return false;
  }
  reader_up(&guard->reader);
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

  if (length <= flat_limit(&guard->flat, guard->reader.limits.inline_string)) {
    gsize before = guard->flat.length;
    flat_primitive(&guard->flat, tlv->tag, (gsize)length + bits);
    if (bits)
      *flat_reserve(&guard->flat, 1) = unused;
    guint8 *out = flat_reserve(&guard->flat, (gsize)length);
    for (guint i = 0; i < count; out += extents[i++].length)
      if (!reader_copy(&guard->reader, extents[i].offset, out, (gsize)extents[i].length))
        return false;
    if (G_LIKELY(!placeholder_read(out - length, (gsize)length, NULL)))
      return true;
    guard->flat.length = before; /* a forger's: it becomes a rope */
  }
  flat_primitive(&guard->flat, tlv->tag, PLACEHOLDER_SIZE + bits);
  if (bits)
    *flat_reserve(&guard->flat, 1) = unused;
  flat_placeholder(&guard->flat, octets_gather(guard->reader.source, extents, count));
  return true;
}

/* --- open types --- */

static bool walk_any(struct guard *guard, const struct tlv *tlv)
{
  if (!reader_skip(&guard->reader, tlv))
    return false;
  guint64 length = guard->reader.at - tlv->start;
  if (length <= flat_limit(&guard->flat, guard->reader.limits.any)) {
    gsize before = guard->flat.length;
    guint8 *out = flat_reserve(&guard->flat, (gsize)length);
    if (!reader_copy(&guard->reader, tlv->start, out, (gsize)length))
      return false;
    if (G_LIKELY(!placeholder_read(out, (gsize)length, NULL)))
      return true;
    guard->flat.length = before;
  }
  flat_placeholder(&guard->flat, octets_slice(guard->reader.source, tlv->start, length));
  return true;
}

/* --- primitive types --- */

static bool check_integer(struct guard *guard, const struct tlv *tlv, const guint8 *octet, gsize length,
                          enum kind kind)
{
  if (length == 0)
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "an INTEGER without contents (X.690 8.3.1)");
  if (length > 1 && (octet[0] == 0x00 || octet[0] == 0xff) && (octet[0] & 0x80) == (octet[1] & 0x80))
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "an INTEGER longer than need be (X.690 8.3.2)");
  if (kind == KIND_NATIVE && length > sizeof(long))
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "an INTEGER of %" G_GSIZE_FORMAT " octets is out of range here", length);
  return true;
}

static bool check_oid(struct guard *guard, const struct tlv *tlv, const guint8 *octet, gsize length)
{
  if (length == 0 || octet[length - 1] & 0x80)
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "an OBJECT IDENTIFIER that does not end (X.690 8.19)");
  for (gsize i = 0; i < length; i++)
    if (octet[i] == 0x80 && (i == 0 || !(octet[i - 1] & 0x80)))
      return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                         "an arc with leading zeroes (X.690 8.19.2)");
  return true;
}

static bool check_primitive(struct guard *guard, const asn_TYPE_descriptor_t *type, enum kind kind,
                            const struct tlv *tlv, const guint8 *octet, gsize length)
{
  switch (kind) {
  case KIND_BOOLEAN:
    return length == 1 || reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                                      "a BOOLEAN of %" G_GSIZE_FORMAT " octets (X.690 8.2.1)", length);
  case KIND_NULL:
    return length == 0 ||
           reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start, "a NULL with contents (X.690 8.8.2)");
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
      return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                         "a constructed encoding of a primitive type (X.690 8.1.2.5)");
    if (!reader_down(&guard->reader, tlv))
      return false;
    switch (reader_next(&guard->reader, tlv, &inner)) {
    case READER_FAILED:
      return false;
    case READER_END:
      return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                         "a constructed encoding of a primitive type, and empty");
    case READER_MORE:
      break;
    }
    if (inner.tag != universal || inner.constructed)
      return reader_fail_tag(&guard->reader, &inner, universal);
  }
  guint64 length = inner.end - inner.contents;
  if (length > guard->reader.limits.inline_string)
    return reader_fail(&guard->reader, ASN1_ERROR_LIMIT, inner.start,
                       "a number or identifier of %" G_GUINT64_FORMAT " octets (limit inline_string)",
                       length);
  flat_primitive(&guard->flat, tlv->tag, (gsize)length);
  guint8 *out = flat_reserve(&guard->flat, (gsize)length);
  if (!reader_copy(&guard->reader, inner.contents, out, (gsize)length) ||
      !check_primitive(guard, type, kind, &inner, out, (gsize)length))
    return false;
  guard->reader.at = inner.end;
  if (tlv->constructed) {
    reader_up(&guard->reader);
    return reader_finish(&guard->reader, tlv, "the value");
  }
  return true;
}

/* --- constructed types --- */

static bool walk(struct guard *guard, const asn_TYPE_descriptor_t *type, int mode, ber_tlv_tag_t tag,
                 const struct tlv *tlv);

static bool walk_member(struct guard *guard, const asn_TYPE_member_t *member, const struct tlv *tlv)
{
  struct step step = {guard->reader.steps, member->name, 0};
  guard->reader.steps = &step;
  bool good = walk(guard, member->type, member->tag_mode, member->tag, tlv);
  guard->reader.steps = step.up;
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
  return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                     "tag %s is not known, or not expected here, in %s", found, type->name);
}

static bool fail_missing(struct guard *guard, const asn_TYPE_descriptor_t *type, int i)
{
  return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, guard->reader.at, "%s ends without its %s",
                     type->name, type->elements[i].name);
}

static bool walk_sequence(struct guard *guard, const asn_TYPE_descriptor_t *type, const struct tlv *tlv)
{
  int count = type->elements_count, i = 0;
  for (;;) {
    struct tlv child;
    enum reader_more more = reader_next(&guard->reader, tlv, &child);
    if (more == READER_FAILED)
      return false;
    int optional = i < count ? type->elements[i].optional : 0;
    if (more == READER_END)
      return i + optional == count || descriptor_extensible_at(type, i) ||
             fail_missing(guard, type, i + optional);
    int found = find_in_sequence(type, i, child.tag);
    if (found >= 0) {
      if (!walk_member(guard, &type->elements[found], &child))
        return false;
      i = found + 1;
    } else if (descriptor_extensible_at(type, i + optional)) {
      if (!reader_skip(&guard->reader, &child))
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
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start, "a SET of more than %d members",
                       SET_MAX);
  for (;;) {
    struct tlv child;
    enum reader_more more = reader_next(&guard->reader, tlv, &child);
    if (more == READER_FAILED)
      return false;
    if (more == READER_END)
      break;
    int found = descriptor_member_of_set(type, child.tag);
    if (found < 0 && !descriptor_extensible(type))
      return fail_unknown(guard, type, &child);
    if (found < 0) {
      if (!reader_skip(&guard->reader, &child))
        return false;
      continue;
    }
    if (seen[found / 64] >> (found % 64) & 1)
      return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, child.start, "%s comes twice",
                         type->elements[found].name);
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
  struct step step = {guard->reader.steps, NULL, 0};
  guard->reader.steps = &step;
  for (;; step.index++) {
    struct tlv child;
    enum reader_more more = reader_next(&guard->reader, tlv, &child);
    if (more == READER_END)
      break;
    if (more == READER_FAILED || !walk(guard, member->type, member->tag_mode, member->tag, &child))
      return false;
  }
  guard->reader.steps = step.up;
  return true;
}

static bool walk_constructed(struct guard *guard, const asn_TYPE_descriptor_t *type, enum kind kind,
                             const struct tlv *tlv)
{
  if (!tlv->constructed)
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "a primitive encoding of %s (X.690 8.9.1)", type->name);
  if (!reader_down(&guard->reader, tlv))
    return false;
  gsize opening = flat_open(&guard->flat, tlv->tag);
  if (!(kind == KIND_SEQUENCE ? walk_sequence(guard, type, tlv)
        : kind == KIND_SET    ? walk_set(guard, type, tlv)
                              : walk_list(guard, type, tlv)))
    return false;
  flat_close(&guard->flat, opening);
  reader_up(&guard->reader);
  return true;
}

static bool walk_choice(struct guard *guard, const asn_TYPE_descriptor_t *type, const struct tlv *tlv)
{
  int found = descriptor_member_of_choice(type, tlv->tag);
  if (found >= 0)
    return walk_member(guard, &type->elements[found], tlv);
  if (!descriptor_extensible(type))
    return fail_unknown(guard, type, tlv);
  if (!reader_skip(&guard->reader, tlv))
    return false;
  flat_primitive(&guard->flat, tlv->tag,
                 0); /* asn1c then says that no alternative that it knows is present */
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
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "%s is no type that this gateway decodes", type->name);
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
    return reader_fail_tag(&guard->reader, tlv, tag_chain_at(chain, i));
  if (i + !untagged >= chain->count)
    return walk_contents(guard, type, kind, tlv);

  /* An EXPLICIT tag: one TLV inside, and nothing else. */
  struct tlv inner;
  if (!tlv->constructed)
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start,
                       "a primitive encoding of an EXPLICIT tag (X.690 8.14.2)");
  if (!reader_down(&guard->reader, tlv))
    return false;
  switch (reader_next(&guard->reader, tlv, &inner)) {
  case READER_FAILED:
    return false;
  case READER_END:
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start, "nothing inside an EXPLICIT tag");
  case READER_MORE:
    break;
  }
  gsize opening = flat_open(&guard->flat, tlv->tag);
  if (!walk_tags(guard, type, kind, chain, i + 1, &inner))
    return false;
  flat_close(&guard->flat, opening);
  reader_up(&guard->reader);
  return reader_finish(&guard->reader, tlv, "the value inside an EXPLICIT tag");
}

static bool walk(struct guard *guard, const asn_TYPE_descriptor_t *type, int mode, ber_tlv_tag_t tag,
                 const struct tlv *tlv)
{
  if (G_UNLIKELY(guard->flat.length >= guard->stop))
    return reader_fail(&guard->reader, ASN1_ERROR_SYNTAX, tlv->start, "the decoder refuses this %s",
                       type->name);
  struct tag_chain chain = descriptor_tags(type, mode, tag);
  return walk_tags(guard, type, descriptor_kind(type), &chain, 0, tlv);
}

/* --- the whole --- */

static bool walk_all(struct guard *guard, const asn_TYPE_descriptor_t *type)
{
  struct tlv tlv;
  struct reader *reader = &guard->reader;
  if (!reader_first(reader, &tlv))
    return false;
  if (!walk(guard, type, 0, 0, &tlv))
    return false;
  if (reader->at < reader->length)
    return reader_fail(reader, ASN1_ERROR_TRAILING, reader->at,
                       "%" G_GUINT64_FORMAT " octets follow the value", reader->length - reader->at);
  return true;
}

/* flat_r is to be cleared also after a failure. */
static bool run(const asn_TYPE_descriptor_t *type, struct octets *source, const struct asn1_limits *limits,
                gsize stop, struct flat *flat_r, GError **error)
{
  enum { FIRST_MAX = 64 * 1024 };
  guint64 length = octets_length(source);
  struct guard guard = {.stop = stop, .extents = g_array_new(FALSE, FALSE, sizeof(struct octets_extent))};
  reader_init(&guard.reader, source, limits, type->name);
  flat_init(&guard.flat, (gsize)MIN(length + length / 2, (guint64)FIRST_MAX) + 256);
  bool good = walk_all(&guard, type);
  if (!good)
    g_propagate_error(error, g_steal_pointer(&guard.reader.error));
  reader_clear(&guard.reader);
  g_array_free(guard.extents, TRUE);
  *flat_r = guard.flat;
  return good;
}

bool guard_flatten(const asn_TYPE_descriptor_t *type, struct octets *source, const struct asn1_limits *limits,
                   struct flat *flat_r, GError **error)
{
  return run(type, source, limits, G_MAXSIZE, flat_r, error);
}

void guard_explain(const asn_TYPE_descriptor_t *type, struct octets *source, const struct asn1_limits *limits,
                   gsize at, GError **error)
{
  struct flat flat;
  if (run(type, source, limits, at, &flat, error))
    g_set_error(error, ASN1_ERROR, ASN1_ERROR_SYNTAX,
                "offset %" G_GUINT64_FORMAT ": %s: the decoder refuses its end", octets_length(source),
                type->name);
  flat_clear(&flat);
}
