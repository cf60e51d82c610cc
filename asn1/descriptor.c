/* descriptor.c - reading asn1c's type descriptors (contract: descriptor.h). */
#include "asn1/descriptor.h"

#include <string.h>

#include <ANY.h>
#include <BIT_STRING.h>
#include <BOOLEAN.h>
#include <INTEGER.h>
#include <NativeInteger.h>
#include <OCTET_STRING.h>
#include <asn_codecs_prim.h>
#include <constr_CHOICE.h>
#include <constr_SEQUENCE.h>
#include <constr_SEQUENCE_OF.h>
#include <constr_SET.h>
#include <constr_SET_OF.h>

/* asn1c appends the tag of OCTET STRING to those of character strings: the first universal tag is the type's.
 */
ber_tlv_tag_t descriptor_universal(const asn_TYPE_descriptor_t *type)
{
  for (int i = 0; i < type->all_tags_count; i++)
    if (BER_TAG_CLASS(type->all_tags[i]) == ASN_TAG_CLASS_UNIVERSAL)
      return type->all_tags[i];
  return 0;
}

static enum kind string_kind(const asn_TYPE_descriptor_t *type)
{
  const asn_OCTET_STRING_specifics_t *specifics = type->specifics;
  if (!specifics)
    return KIND_STRING;
  if (specifics->subvariant == ASN_OSUBV_ANY)
    return KIND_ANY;
  return specifics->subvariant == ASN_OSUBV_BIT ? KIND_BITS : KIND_STRING;
}

static enum kind primitive_kind(const asn_TYPE_descriptor_t *type)
{
  switch (descriptor_universal(type)) {
  case UNIVERSAL_INTEGER:
  case UNIVERSAL_ENUMERATED:
  case UNIVERSAL_OID:
  case UNIVERSAL_RELATIVE_OID:
    return KIND_PRIMITIVE;
  default:
    return KIND_UNKNOWN;
  }
}

/* asn1c has no other sign of a type's kind than the functions that serve it. */
enum kind descriptor_kind(const asn_TYPE_descriptor_t *type)
{
  ber_type_decoder_f *decoder = type->ber_decoder;
  if (decoder == OCTET_STRING_decode_ber)
    return string_kind(type);
  if (decoder == SEQUENCE_decode_ber)
    return KIND_SEQUENCE;
  if (decoder == CHOICE_decode_ber)
    return KIND_CHOICE;
  if (decoder == SET_decode_ber)
    return KIND_SET;
  if (decoder == SET_OF_decode_ber)
    return KIND_LIST;
  if (decoder == NativeInteger_decode_ber)
    return KIND_NATIVE;
  if (decoder == ber_decode_primitive)
    return primitive_kind(type);
  if (decoder == BOOLEAN_decode_ber) /* asn1c decodes NULL by it too */
    return descriptor_universal(type) == UNIVERSAL_NULL ? KIND_NULL : KIND_BOOLEAN;
  return KIND_UNKNOWN;
}

gsize descriptor_size(const asn_TYPE_descriptor_t *type)
{
  switch (descriptor_kind(type)) {
  case KIND_SEQUENCE:
    return (gsize)((const asn_SEQUENCE_specifics_t *)type->specifics)->struct_size;
  case KIND_SET:
    return (gsize)((const asn_SET_specifics_t *)type->specifics)->struct_size;
  case KIND_LIST:
    return (gsize)((const asn_SET_OF_specifics_t *)type->specifics)->struct_size;
  case KIND_CHOICE:
    return (gsize)((const asn_CHOICE_specifics_t *)type->specifics)->struct_size;
  case KIND_ANY:
  case KIND_STRING:
    return sizeof(OCTET_STRING_t);
  case KIND_BITS:
    return sizeof(BIT_STRING_t);
  case KIND_NATIVE:
    return sizeof(long);
  case KIND_BOOLEAN:
  case KIND_NULL:
    return sizeof(BOOLEAN_t);
  case KIND_PRIMITIVE:
    return sizeof(ASN__PRIMITIVE_TYPE_t);
  case KIND_UNKNOWN:
    break;
  }
  return 0;
}

struct tag_chain descriptor_tags(const asn_TYPE_descriptor_t *type, int mode, ber_tlv_tag_t tag)
{
  guint own = (guint)type->tags_count;
  if (mode == 0)
    return (struct tag_chain){.tags = type->tags, .count = own};
  if (mode > 0)
    return (struct tag_chain){.first = tag, .tags = type->tags, .count = own + 1, .mode = mode};
  return (struct tag_chain){
      .first = tag, .tags = own ? type->tags + 1 : type->tags, .count = own ? own : 1, .mode = mode};
}

static int compare_tags(ber_tlv_tag_t a, ber_tlv_tag_t b)
{
  if (BER_TAG_CLASS(a) != BER_TAG_CLASS(b))
    return BER_TAG_CLASS(a) < BER_TAG_CLASS(b) ? -1 : 1;
  return a < b ? -1 : a > b;
}

/* asn1c sorts its maps by class, then number. */
static int find_tag(const asn_TYPE_tag2member_t *map, int count, ber_tlv_tag_t tag)
{
  int low = 0, high = count;
  while (low < high) {
    int middle = low + (high - low) / 2;
    int order = compare_tags(tag, map[middle].el_tag);
    if (order == 0)
      return map[middle].el_no;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return -1;
}

int descriptor_member_of_set(const asn_TYPE_descriptor_t *set, ber_tlv_tag_t tag)
{
  const asn_SET_specifics_t *specifics = set->specifics;
  return find_tag(specifics->tag2el, specifics->tag2el_count, tag);
}

int descriptor_member_of_choice(const asn_TYPE_descriptor_t *choice, ber_tlv_tag_t tag)
{
  if (descriptor_kind(choice) != KIND_CHOICE)
    return -1;
  const asn_CHOICE_specifics_t *specifics = choice->specifics;
  return find_tag(specifics->tag2el, specifics->tag2el_count, tag);
}

bool descriptor_extensible_at(const asn_TYPE_descriptor_t *sequence, int i)
{
  const asn_SEQUENCE_specifics_t *specifics = sequence->specifics;
  return i > specifics->ext_after && i < specifics->ext_before;
}

bool descriptor_extensible(const asn_TYPE_descriptor_t *type)
{
  if (descriptor_kind(type) == KIND_SET)
    return ((const asn_SET_specifics_t *)type->specifics)->extensible != 0;
  return ((const asn_CHOICE_specifics_t *)type->specifics)->ext_start != -1;
}

int descriptor_present(const asn_TYPE_descriptor_t *choice, const void *structure)
{
  const asn_CHOICE_specifics_t *specifics = choice->specifics;
  const char *at = (const char *)structure + specifics->pres_offset;
  int present = 0;
  if (specifics->pres_size == sizeof(int)) /* an enum everywhere that gcc and clang build for */
    memcpy(&present, at, sizeof present);
  return present > 0 && present <= choice->elements_count ? present - 1 : -1;
}

void descriptor_tag_name(ber_tlv_tag_t tag, char *buffer, gsize size)
{
  static const char *const classes[] = {"UNIVERSAL ", "APPLICATION ", "", "PRIVATE "};
  g_snprintf(buffer, size, "[%s%u]", classes[BER_TAG_CLASS(tag)], BER_TAG_VALUE(tag));
}
