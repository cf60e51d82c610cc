/* anyber.c - random values and their random writings (contract: anyber.h). */
#include "lib/anyber.h"

#include "asn1/descriptor.h"

#include <stdlib.h>
#include <string.h>

#include <BIT_STRING.h>
#include <BOOLEAN.h>
#include <OCTET_STRING.h>
#include <asn_SET_OF.h>
#include <asn_codecs_prim.h>
#include <constr_CHOICE.h>

enum { DEPTH_WANTED = 10, DEPTH_MAX = 40 };

static guint below(GRand *random, guint limit)
{
  return (guint)g_rand_int_range(random, 0, (gint32)limit);
}

/* --- values --- */

static bool fill(const asn_TYPE_descriptor_t *type, void *structure, GRand *random, guint depth);

static void set_octets(OCTET_STRING_t *string, GRand *random, guint length)
{
  string->buf = asn1_zalloc(length + 1);
  string->size = (int)length;
  for (guint i = 0; i < length; i++)
    string->buf[i] = (guint8)below(random, 256);
}

static guint any_length(GRand *random)
{
  switch (below(random, 10)) {
  case 0:
    return 0;
  case 1:
    return 100 + below(random, 300);
  default:
    return 1 + below(random, 20);
  }
}

/* Identifiers whose octets are well formed, arcs of any size. */
static void set_arcs(ASN__PRIMITIVE_TYPE_t *primitive, GRand *random)
{
  primitive->size = 1 + (int)below(random, 12);
  primitive->buf = asn1_zalloc((gsize)primitive->size + 1);
  for (int i = 0; i < primitive->size; i++) {
    bool begins = i == 0 || !(primitive->buf[i - 1] & 0x80);
    primitive->buf[i] = (guint8)below(random, 256);
    if (i == primitive->size - 1)
      primitive->buf[i] &= 0x7f;
    else if (begins && primitive->buf[i] == 0x80)
      primitive->buf[i] = 0x81;
  }
}

/* Open types keep their octets, so that indefinite lengths and long ones must survive. */
static void set_any(OCTET_STRING_t *any, GRand *random)
{
  static const char *const forms[] = {"0500",
                                      "0c0568656c6c6f",
                                      "30800201050c0378797a0000",
                                      "a180308024000402414200000000",
                                      "3084000000030101ff",
                                      "bf8a3b820003040141",
                                      "24800401312480040132000000 00"};
  guint form = below(random, G_N_ELEMENTS(forms));
  GByteArray *octets = anyber_hex(forms[form]);
  any->size = (int)octets->len;
  any->buf = asn1_zalloc(octets->len + 1);
  memcpy(any->buf, octets->data, octets->len);
  g_byte_array_unref(octets);
}

static bool fill_member(const asn_TYPE_member_t *member, void *structure, GRand *random, guint depth)
{
  char *at = (char *)structure + member->memb_offset;
  if (member->flags & ATF_POINTER) {
    void *value = asn1_zalloc(descriptor_size(member->type));
    *(void **)at = value;
    return fill(member->type, value, random, depth + 1);
  }
  return fill(member->type, at, random, depth + 1);
}

static bool fill_members(const asn_TYPE_descriptor_t *type, void *structure, GRand *random, guint depth)
{
  for (int i = 0; i < type->elements_count; i++) {
    const asn_TYPE_member_t *member = &type->elements[i];
    if (member->optional && (depth > DEPTH_WANTED || below(random, 3) == 0))
      continue;
    if (!fill_member(member, structure, random, depth))
      return false;
  }
  return true;
}

static bool fill_choice(const asn_TYPE_descriptor_t *type, void *structure, GRand *random, guint depth)
{
  const asn_CHOICE_specifics_t *specifics = type->specifics;
  int chosen = (int)below(random, (guint)type->elements_count);
  if (depth > DEPTH_WANTED) /* an alternative that ends the descent, if there is one */
    for (int i = 0; i < type->elements_count; i++)
      if (descriptor_kind(type->elements[i].type) >= KIND_ANY ||
          descriptor_kind(type->elements[i].type) == KIND_LIST)
        chosen = i;
  int present = chosen + 1;
  memcpy((char *)structure + specifics->pres_offset, &present, sizeof present);
  return fill_member(&type->elements[chosen], structure, random, depth);
}

static bool fill_list(const asn_TYPE_descriptor_t *type, void *structure, GRand *random, guint depth)
{
  const asn_TYPE_descriptor_t *element = type->elements[0].type;
  guint count = depth > DEPTH_WANTED ? 0 : below(random, 4);
  for (guint i = 0; i < count; i++) {
    void *value = asn1_zalloc(descriptor_size(element));
    asn_set_add(structure, value);
    if (!fill(element, value, random, depth + 1))
      return false;
  }
  return true;
}

static bool fill(const asn_TYPE_descriptor_t *type, void *structure, GRand *random, guint depth)
{
  if (depth > DEPTH_MAX)
    return false;
  switch (descriptor_kind(type)) {
  case KIND_SEQUENCE:
  case KIND_SET:
    return fill_members(type, structure, random, depth);
  case KIND_LIST:
    return fill_list(type, structure, random, depth);
  case KIND_CHOICE:
    return fill_choice(type, structure, random, depth);
  case KIND_ANY:
    set_any(structure, random);
    return true;
  case KIND_STRING:
    set_octets(structure, random, any_length(random));
    return true;
  case KIND_BITS: {
    BIT_STRING_t *bits = structure;
    set_octets(structure, random, below(random, 8));
    if (bits->size) {
      bits->bits_unused = (int)below(random, 8);
      bits->buf[bits->size - 1] &= (guint8)(0xff << bits->bits_unused);
    }
    return true;
  }
  case KIND_BOOLEAN:
  case KIND_NULL:
    *(BOOLEAN_t *)structure = descriptor_kind(type) == KIND_BOOLEAN ? (int)below(random, 2) : 0;
    return true;
  case KIND_NATIVE:
    *(long *)structure = below(random, 4) ? (long)below(random, 300) - 10
                                          : (long)((guint64)g_rand_int(random) << 32 | g_rand_int(random));
    return true;
  case KIND_PRIMITIVE:
    set_arcs(structure, random);
    return true;
  case KIND_UNKNOWN:
    break;
  }
  return false;
}

struct asn1_value *anyber_value(const asn_TYPE_descriptor_t *type, GRand *random)
{
  struct asn1_value *value = asn1_value_new(type);
  if (!fill(type, asn1_value_get(value), random, 0))
    g_clear_pointer(&value, asn1_value_free);
  return value;
}

/* --- writings --- */

static void append(GByteArray *out, guint8 octet)
{
  g_byte_array_append(out, &octet, 1);
}

static void append_tag(GByteArray *out, ber_tlv_tag_t tag, bool constructed)
{
  guint8 octets[8];
  gsize size = ber_tlv_tag_serialize(tag, octets, sizeof octets);
  octets[0] |= constructed ? 0x20 : 0;
  g_byte_array_append(out, octets, (guint)size);
}

static void append_length(GByteArray *out, gsize length, GRand *random)
{
  guint needed = 1;
  while (needed < sizeof length && length >> (8 * needed))
    needed++;
  if (length < 0x80 && below(random, 4)) {
    append(out, (guint8)length);
    return;
  }
  guint octets = below(random, 6) ? needed : needed + below(random, 20);
  append(out, (guint8)(0x80 | octets));
  while (octets-- > 0)
    append(out, octets < sizeof length ? (guint8)(length >> (8 * octets)) : 0);
}

static void append_constructed(GByteArray *out, ber_tlv_tag_t tag, const GByteArray *contents, GRand *random)
{
  append_tag(out, tag, true);
  if (below(random, 2)) {
    append(out, 0x80);
    g_byte_array_append(out, contents->data, contents->len);
    append(out, 0);
    append(out, 0);
  } else {
    append_length(out, contents->len, random);
    g_byte_array_append(out, contents->data, contents->len);
  }
}

static void append_primitive(GByteArray *out, ber_tlv_tag_t tag, const guint8 *contents, gsize length,
                             GRand *random)
{
  append_tag(out, tag, false);
  append_length(out, length, random);
  g_byte_array_append(out, contents, (guint)length);
}

/* A string's segments, cut anywhere and nested anyhow. */
static void append_string(GByteArray *out, ber_tlv_tag_t tag, ber_tlv_tag_t segment_tag, const guint8 *octets,
                          gsize length, int unused, GRand *random, guint depth)
{
  bool bits = segment_tag == UNIVERSAL_BIT_STRING;
  if (depth > 3 || below(random, 3)) {
    g_autoptr(GByteArray) contents = g_byte_array_new();
    if (bits)
      append(contents, (guint8)unused);
    g_byte_array_append(contents, octets, (guint)length);
    append_primitive(out, tag, contents->data, contents->len, random);
    return;
  }
  g_autoptr(GByteArray) contents = g_byte_array_new();
  while (length > 1 && below(random, 4)) {
    gsize part = below(random, (guint)length);
    append_string(contents, segment_tag, segment_tag, octets, part, 0, random, depth + 1);
    octets += part;
    length -= part;
  }
  append_string(contents, segment_tag, segment_tag, octets, length, unused, random, depth + 1);
  append_constructed(out, tag, contents, random);
}

static void write_value(GByteArray *out, const asn_TYPE_descriptor_t *type, const void *structure, int mode,
                        ber_tlv_tag_t tag, GRand *random);

static void write_unknown(GByteArray *out, GRand *random)
{
  static const guint8 unknown[] = {0xff, 0x4d, 0x80, 0x04, 0x01, 0x2a, 0x00, 0x00}; /* [PRIVATE 77] */
  if (below(random, 2))
    g_byte_array_append(out, unknown, sizeof unknown);
}

static void write_member(GByteArray *out, const asn_TYPE_member_t *member, const void *structure,
                         GRand *random)
{
  const void *value = descriptor_member(member, structure);
  if (value)
    write_value(out, member->type, value, member->tag_mode, member->tag, random);
}

static void write_members(GByteArray *out, const asn_TYPE_descriptor_t *type, const void *structure,
                          GRand *random)
{
  int count = type->elements_count, order[256];
  bool is_set = descriptor_kind(type) == KIND_SET;
  for (int i = 0; i < count; i++)
    order[i] = i;
  for (int i = count; is_set && i > 1; i--) {
    int other = (int)below(random, (guint)i), kept = order[i - 1];
    order[i - 1] = order[other];
    order[other] = kept;
  }
  for (int i = 0; i < count; i++) {
    write_member(out, &type->elements[order[i]], structure, random);
    if (is_set ? descriptor_extensible(type)
               : descriptor_extensible_at(type, i + 1 + (i + 1 < count ? type->elements[i + 1].optional : 0)))
      write_unknown(out, random);
  }
}

static void write_contents(GByteArray *out, const asn_TYPE_descriptor_t *type, const void *structure,
                           GRand *random)
{
  const asn_anonymous_set_ *list = structure;
  const asn_TYPE_member_t *element = &type->elements[0];
  if (descriptor_kind(type) != KIND_LIST) {
    write_members(out, type, structure, random);
    return;
  }
  for (int i = 0; i < list->count; i++)
    write_value(out, element->type, list->array[i], element->tag_mode, element->tag, random);
}

/* A primitive value; its universal tag is sometimes left inside the one that should have replaced it. */
static void write_primitive(GByteArray *out, const asn_TYPE_descriptor_t *type, ber_tlv_tag_t tag,
                            const void *structure, GRand *random)
{
  /* The contents are the encoder's, which comes last in its own encoding. */
  struct octets *plain = NULL;
  struct asn1_value *value = asn1_value_new(type);
  gsize size = descriptor_size(type);
  g_autofree guint8 *kept = g_memdup2(asn1_value_get(value), size);
  memcpy(asn1_value_get(value), structure, size);
  plain = asn1_encode(value, NULL);
  memcpy(asn1_value_get(value), kept, size);
  asn1_value_free(value);
  g_autoptr(GBytes) bytes = octets_to_bytes(plain, 1 << 20, NULL);
  octets_unref(plain);
  const guint8 *octets = g_bytes_get_data(bytes, NULL);
  gsize at = 0;
  for (int i = 0; i < type->tags_count; i++) { /* tags of one or more octets, lengths of one */
    if ((octets[at] & 0x1f) == 0x1f)
      while (octets[++at] & 0x80)
        ;
    at += 2;
  }
  gsize length = g_bytes_get_size(bytes) - at;
  ber_tlv_tag_t universal = descriptor_universal(type);
  if (tag != universal && below(random, 4) == 0) {
    g_autoptr(GByteArray) inner = g_byte_array_new();
    append_primitive(inner, universal, octets + at, length, random);
    append_constructed(out, tag, inner, random);
  } else
    append_primitive(out, tag, octets + at, length, random);
}

static void write_last(GByteArray *out, const asn_TYPE_descriptor_t *type, ber_tlv_tag_t tag,
                       const void *structure, GRand *random)
{
  const OCTET_STRING_t *string = structure;
  g_autoptr(GByteArray) contents = g_byte_array_new();
  switch (descriptor_kind(type)) {
  case KIND_SEQUENCE:
  case KIND_SET:
  case KIND_LIST:
    write_contents(contents, type, structure, random);
    append_constructed(out, tag, contents, random);
    break;
  case KIND_STRING:
    append_string(out, tag, below(random, 3) ? UNIVERSAL_OCTET_STRING : descriptor_universal(type),
                  string->buf, (gsize)string->size, 0, random, 0);
    break;
  case KIND_BITS:
    append_string(out, tag, UNIVERSAL_BIT_STRING, string->buf, (gsize)string->size,
                  ((const BIT_STRING_t *)structure)->bits_unused, random, 0);
    break;
  default:
    write_primitive(out, type, tag, structure, random);
  }
}

static void write_tags(GByteArray *out, const asn_TYPE_descriptor_t *type, const struct tag_chain *chain,
                       guint i, const void *structure, GRand *random)
{
  enum kind kind = descriptor_kind(type);
  bool untagged = kind == KIND_CHOICE || kind == KIND_ANY;
  if (i + !untagged < chain->count) {
    g_autoptr(GByteArray) inner = g_byte_array_new();
    write_tags(inner, type, chain, i + 1, structure, random);
    append_constructed(out, tag_chain_at(chain, i), inner, random);
  } else if (kind == KIND_CHOICE)
    write_member(out, &type->elements[descriptor_present(type, structure)], structure, random);
  else if (kind == KIND_ANY)
    g_byte_array_append(out, ((const OCTET_STRING_t *)structure)->buf,
                        (guint)((const OCTET_STRING_t *)structure)->size);
  else
    write_last(out, type, tag_chain_at(chain, i), structure, random);
}

static void write_value(GByteArray *out, const asn_TYPE_descriptor_t *type, const void *structure, int mode,
                        ber_tlv_tag_t tag, GRand *random)
{
  struct tag_chain chain = descriptor_tags(type, mode, tag);
  write_tags(out, type, &chain, 0, structure, random);
}

GByteArray *anyber_write(const struct asn1_value *value, GRand *random)
{
  GByteArray *out = g_byte_array_new();
  write_value(out, asn1_value_type(value), asn1_value_get(value), 0, 0, random);
  return out;
}

GByteArray *anyber_hex(const char *digits)
{
  GByteArray *out = g_byte_array_new();
  int high = -1;
  for (; *digits; digits++) {
    int digit = g_ascii_xdigit_value(*digits);
    if (digit < 0)
      continue;
    if (high < 0)
      high = digit;
    else {
      append(out, (guint8)(high << 4 | digit));
      high = -1;
    }
  }
  g_assert(high < 0);
  return out;
}
