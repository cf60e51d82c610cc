/* encode.c - the backward writer (contract: encode.h). */
#include "asn1/encode.h"
#include "asn1/codec.h"
#include "asn1/descriptor.h"
#include "asn1/flat.h"

#include <stdlib.h>
#include <string.h>

#include <ANY.h>
#include <BIT_STRING.h>
#include <BOOLEAN.h>
#include <NativeInteger.h>
#include <OCTET_STRING.h>
#include <asn_SET_OF.h>
#include <asn_codecs_prim.h>
#include <constr_SET.h>

enum { DEPTH_MAX = 512, FIRST_SIZE = 1024 };

struct step {
  const struct step *up;
  const char *name;
  int index;
};

/* A rope's place: before the memory that was written later, that is the octets from memory_used on. */
struct splice {
  gsize memory_used;
  struct octets *rope;
};

struct writer {
  guint8 *memory; /* filled from its end */
  gsize size, used;
  guint64 total; /* with the ropes */
  GArray *splices;
  const GPtrArray *ropes;
  guint depth;
  const char *type_name;
  const struct step *steps;
  GError **error;
};

static void print_path(const struct step *step, GString *out)
{
  if (!step)
    return;
  print_path(step->up, out);
  if (!step->name)
    g_string_append_printf(out, "[%d]", step->index);
  else if (*step->name)
    g_string_append_printf(out, ".%s", step->name);
}

static bool fail(struct writer *writer, const char *text)
{
  g_autoptr(GString) path = g_string_new(writer->type_name);
  print_path(writer->steps, path);
  g_set_error(writer->error, ASN1_ERROR, ASN1_ERROR_ENCODE, "%s: %s", path->str, text);
  return false;
}

static guint8 *prepend(struct writer *writer, gsize length)
{
  if (G_UNLIKELY(writer->size - writer->used < length)) {
    gsize size = MAX(writer->size * 2, writer->used + length + FIRST_SIZE);
    guint8 *memory = g_malloc(size);
    memcpy(memory + size - writer->used, writer->memory + writer->size - writer->used, writer->used);
    g_free(writer->memory);
    writer->memory = memory;
    writer->size = size;
  }
  writer->used += length;
  writer->total += length;
  return writer->memory + writer->size - writer->used;
}

static void write_octets(struct writer *writer, const void *data, gsize length)
{
  if (length)
    memcpy(prepend(writer, length), data, length);
}

static void write_tag(struct writer *writer, ber_tlv_tag_t tag, bool constructed)
{
  guint8 form = (guint8)(BER_TAG_CLASS(tag) << 6) | (constructed ? 0x20 : 0);
  ber_tlv_tag_t number = BER_TAG_VALUE(tag);
  if (number < 0x1f) {
    *prepend(writer, 1) = form | (guint8)number;
    return;
  }
  *prepend(writer, 1) = number & 0x7f;
  while (number >>= 7)
    *prepend(writer, 1) = 0x80 | (number & 0x7f);
  *prepend(writer, 1) = form | 0x1f;
}

static void write_length(struct writer *writer, guint64 length)
{
  if (length < 0x80) {
    *prepend(writer, 1) = (guint8)length;
    return;
  }
  guint8 count = 0;
  for (; length; length >>= 8, count++)
    *prepend(writer, 1) = (guint8)length;
  *prepend(writer, 1) = 0x80 | count;
}

/* Writes the tags in front of contents that began when writer->total was end. */
static void write_tags(struct writer *writer, const struct tag_chain *chain, bool constructed, guint64 end)
{
  for (guint i = chain->count; i-- > 0; constructed = true) {
    write_length(writer, writer->total - end);
    write_tag(writer, tag_chain_at(chain, i), constructed);
  }
}

static bool write_value(struct writer *writer, const asn_TYPE_descriptor_t *type, const void *structure,
                        int mode, ber_tlv_tag_t tag);

static bool write_member(struct writer *writer, const asn_TYPE_member_t *member, const void *structure)
{
  const void *value = descriptor_member(member, structure);
  if (!value && member->optional)
    return true;
  struct step step = {writer->steps, member->name, 0};
  writer->steps = &step;
  bool good = value ? write_value(writer, member->type, value, member->tag_mode, member->tag)
                    : fail(writer, "is mandatory, but missing");
  writer->steps = step.up;
  return good;
}

static bool write_sequence(struct writer *writer, const asn_TYPE_descriptor_t *type, const void *structure)
{
  for (int i = type->elements_count; i-- > 0;)
    if (!write_member(writer, &type->elements[i], structure))
      return false;
  return true;
}

/* The canonical order of a SET is that of its members' tags, which is how asn1c sorts its map (a CHOICE
 * without a tag comes there under each of its alternatives: its place is that of the first). */
static bool write_set(struct writer *writer, const asn_TYPE_descriptor_t *type, const void *structure)
{
  const asn_SET_specifics_t *specifics = type->specifics;
  if (specifics->tag2el_count != type->elements_count)
    return write_sequence(writer, type, structure);
  for (int i = specifics->tag2el_count; i-- > 0;)
    if (!write_member(writer, &type->elements[specifics->tag2el[i].el_no], structure))
      return false;
  return true;
}

static bool write_list(struct writer *writer, const asn_TYPE_descriptor_t *type, const void *structure)
{
  const asn_anonymous_set_ *list = structure;
  const asn_TYPE_member_t *member = &type->elements[0];
  struct step step = {writer->steps, NULL, list->count};
  writer->steps = &step;
  while (step.index-- > 0) {
    const void *value = list->array[step.index];
    if (!(value ? write_value(writer, member->type, value, member->tag_mode, member->tag)
                : fail(writer, "is a null pointer")))
      return false;
  }
  writer->steps = step.up;
  return true;
}

static bool write_choice(struct writer *writer, const asn_TYPE_descriptor_t *type, const void *structure)
{
  int present = descriptor_present(type, structure);
  if (present < 0)
    return fail(writer, "no alternative of the CHOICE is chosen");
  const asn_TYPE_member_t *member = &type->elements[present];
  if (!descriptor_member(member, structure))
    return fail(writer, "the chosen alternative is missing");
  return write_member(writer, member, structure);
}

static bool write_rope(struct writer *writer, guint32 number)
{
  if (!writer->ropes || number >= writer->ropes->len)
    return fail(writer, "a placeholder of another value (asn1_put_octets() moves strings between values)");
  struct octets *rope = g_ptr_array_index(writer->ropes, number);
  struct splice splice = {writer->used, rope};
  g_array_append_val(writer->splices, splice);
  writer->total += octets_length(rope);
  return true;
}

static bool write_string(struct writer *writer, const void *structure)
{
  const OCTET_STRING_t *string = structure;
  guint32 number = 0;
  if (string->size < 0 || (string->size && !string->buf))
    return fail(writer, "a string without octets");
  if (string->buf && placeholder_read(string->buf, (gsize)string->size, &number))
    return write_rope(writer, number);
  write_octets(writer, string->buf, (gsize)string->size);
  return true;
}

static bool write_bits(struct writer *writer, const void *structure)
{
  const BIT_STRING_t *bits = structure;
  guint64 before = writer->total;
  gsize used = writer->used;
  if (!write_string(writer, structure))
    return false;
  guint8 unused = writer->total > before ? bits->bits_unused & 7 : 0;
  if (unused && writer->used > used) /* not in a rope: X.690 11.2.1 */
    writer->memory[writer->size - used - 1] &= (guint8)(0xff << unused);
  *prepend(writer, 1) = unused;
  return true;
}

static void write_long(struct writer *writer, long value)
{
  guint8 octet;
  do {
    octet = (guint8)value;
    *prepend(writer, 1) = octet;
    value >>= 8; /* arithmetic in gcc and clang */
  } while (value != (octet & 0x80 ? -1 : 0));
}

static bool write_primitive(struct writer *writer, const asn_TYPE_descriptor_t *type, const void *structure)
{
  const ASN__PRIMITIVE_TYPE_t *primitive = structure;
  if (!primitive->buf || primitive->size <= 0)
    return fail(writer, "a number or identifier without octets");
  const guint8 *octet = primitive->buf;
  gsize length = (gsize)primitive->size;
  ber_tlv_tag_t universal = descriptor_universal(type);
  if (universal == UNIVERSAL_INTEGER || universal == UNIVERSAL_ENUMERATED)
    while (length > 1 && (octet[0] == 0x00 || octet[0] == 0xff) && (octet[0] & 0x80) == (octet[1] & 0x80))
      octet++, length--;
  write_octets(writer, octet, length);
  return true;
}

static bool write_contents(struct writer *writer, const asn_TYPE_descriptor_t *type, enum kind kind,
                           const void *structure)
{
  switch (kind) {
  case KIND_SEQUENCE:
    return write_sequence(writer, type, structure);
  case KIND_SET:
    return write_set(writer, type, structure);
  case KIND_LIST:
    return write_list(writer, type, structure);
  case KIND_CHOICE:
    return write_choice(writer, type, structure);
  case KIND_ANY:
    return ((const ANY_t *)structure)->size > 0 ? write_string(writer, structure)
                                                : fail(writer, "an open type without octets");
  case KIND_STRING:
    return write_string(writer, structure);
  case KIND_BITS:
    return write_bits(writer, structure);
  case KIND_BOOLEAN:
    *prepend(writer, 1) = *(const BOOLEAN_t *)structure ? 0xff : 0x00;
    return true;
  case KIND_NULL:
    return true;
  case KIND_NATIVE:
    write_long(writer, *(const long *)structure);
    return true;
  case KIND_PRIMITIVE:
    return write_primitive(writer, type, structure);
  case KIND_UNKNOWN:
    break;
  }
  return fail(writer, "a type that this gateway does not encode");
}

static bool write_value(struct writer *writer, const asn_TYPE_descriptor_t *type, const void *structure,
                        int mode, ber_tlv_tag_t tag)
{
  if (writer->depth == DEPTH_MAX)
    return fail(writer, "nested too deeply");
  writer->depth++;
  enum kind kind = descriptor_kind(type);
  guint64 end = writer->total;
  if (!write_contents(writer, type, kind, structure))
    return false;
  struct tag_chain chain = descriptor_tags(type, mode, tag);
  bool constructed = kind == KIND_SEQUENCE || kind == KIND_SET || kind == KIND_LIST || kind == KIND_CHOICE ||
                     kind == KIND_ANY;
  write_tags(writer, &chain, constructed, end);
  writer->depth--;
  return true;
}

/* Memory and ropes, first to last. */
static struct octets *join(struct writer *writer)
{
  guint8 *first = writer->memory + writer->size - writer->used;
  if (writer->splices->len == 0)
    return octets_new(first, writer->used);
  g_autoptr(GBytes) bytes = g_bytes_new(first, writer->used);
  struct octets *memory = octets_new_bytes(bytes);
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  gsize done = 0;
  for (guint i = writer->splices->len; i-- > 0;) {
    const struct splice *splice = &g_array_index(writer->splices, struct splice, i);
    gsize until = writer->used - splice->memory_used;
    g_ptr_array_add(parts, octets_slice(memory, done, until - done));
    g_ptr_array_add(parts, octets_ref(splice->rope));
    done = until;
  }
  g_ptr_array_add(parts, octets_slice(memory, done, writer->used - done));
  octets_unref(memory);
  return octets_concat((struct octets *const *)parts->pdata, parts->len);
}

struct octets *encode_structure(const asn_TYPE_descriptor_t *type, const void *structure,
                                const GPtrArray *ropes, GError **error)
{
  struct writer writer = {
      .memory = g_malloc(FIRST_SIZE),
      .size = FIRST_SIZE,
      .splices = g_array_new(FALSE, FALSE, sizeof(struct splice)),
      .ropes = ropes,
      .type_name = type->name,
      .error = error,
  };
  struct octets *octets = write_value(&writer, type, structure, 0, 0) ? join(&writer) : NULL;
  g_array_free(writer.splices, TRUE);
  g_free(writer.memory);
  return octets;
}
