/* descriptor.h - what guard, encoder and printer need to know of asn1c's type descriptors.
 *
 * asn1c describes each type by an asn_TYPE_descriptor_t: its tags, its members, and functions by which the
 * kind of the type can be told.  (Types defined as another one are complete from the start:
 * skeletons/complete.awk.)
 *
 * Private to asn1/. */
#ifndef GW400_ASN1_DESCRIPTOR_H
#define GW400_ASN1_DESCRIPTOR_H

#include <glib.h>
#include <stdbool.h>

#include <asn_application.h>

enum kind {
  KIND_UNKNOWN, /* nothing that our modules should contain (REAL, ...) */
  KIND_SEQUENCE,
  KIND_SET,
  KIND_LIST, /* SEQUENCE OF and SET OF */
  KIND_CHOICE,
  KIND_ANY,
  KIND_STRING, /* OCTET STRING and every character string and time */
  KIND_BITS,
  KIND_BOOLEAN,
  KIND_NULL,
  KIND_NATIVE,    /* INTEGER and ENUMERATED held in a long */
  KIND_PRIMITIVE, /* big INTEGER, OBJECT IDENTIFIER, RELATIVE-OID: contents octets in a buffer */
};

/* The universal tags that the codec itself must tell apart (X.680 8.4), as asn1c writes tags. */
enum {
  UNIVERSAL_BOOLEAN = 1 << 2,
  UNIVERSAL_INTEGER = 2 << 2,
  UNIVERSAL_BIT_STRING = 3 << 2,
  UNIVERSAL_OCTET_STRING = 4 << 2,
  UNIVERSAL_NULL = 5 << 2,
  UNIVERSAL_OID = 6 << 2,
  UNIVERSAL_ENUMERATED = 10 << 2,
  UNIVERSAL_RELATIVE_OID = 13 << 2,
};

enum kind descriptor_kind(const asn_TYPE_descriptor_t *type);
/* The universal tag under all tags of the type; 0 for CHOICE and ANY. */
ber_tlv_tag_t descriptor_universal(const asn_TYPE_descriptor_t *type);
/* Size of the C structure that asn1c gives the type. */
gsize descriptor_size(const asn_TYPE_descriptor_t *type);

/* The tags in front of a value, outermost first: the type's own, with the member's tag replacing the first
 * (mode -1, IMPLICIT) or preceding them (mode +1, EXPLICIT). */
struct tag_chain {
  ber_tlv_tag_t first;       /* when mode is not 0 */
  const ber_tlv_tag_t *tags; /* the rest, or all */
  guint count;               /* of all */
  int mode;
};
struct tag_chain descriptor_tags(const asn_TYPE_descriptor_t *type, int mode, ber_tlv_tag_t tag);
static inline ber_tlv_tag_t tag_chain_at(const struct tag_chain *chain, guint i)
{
  return chain->mode ? (i ? chain->tags[i - 1] : chain->first) : chain->tags[i];
}

/* Which member of a SET or CHOICE a tag means: its index, or -1. */
int descriptor_member_of_set(const asn_TYPE_descriptor_t *set, ber_tlv_tag_t tag);
int descriptor_member_of_choice(const asn_TYPE_descriptor_t *choice, ber_tlv_tag_t tag);
/* Whether the SEQUENCE may hold unknown elements in place of member i (i may be the count of members). */
bool descriptor_extensible_at(const asn_TYPE_descriptor_t *sequence, int i);
bool descriptor_extensible(const asn_TYPE_descriptor_t *set_or_choice);

/* Where a member lies: NULL when it is an absent pointer. */
static inline void *descriptor_member(const asn_TYPE_member_t *member, const void *structure)
{
  char *at = (char *)(guintptr)structure + member->memb_offset;
  return member->flags & ATF_POINTER ? *(void **)at : at;
}
/* Which alternative of a CHOICE structure is present: its index, or -1. */
int descriptor_present(const asn_TYPE_descriptor_t *choice, const void *structure);

/* "[3]", "[APPLICATION 1]", "INTEGER": for messages. */
void descriptor_tag_name(ber_tlv_tag_t tag, char *buffer, gsize size);

#endif
