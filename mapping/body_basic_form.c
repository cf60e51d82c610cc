/* body_basic_form.c - externally-defined body parts that are the basic ones in another dress: X.420 annex B,
 * RFC 1496 3.1. */
#include "mapping/body.h"
#include "mapping/tlv.h"

#include <BodyPart.h>
#include <External.h>

/* RFC 1496 3.1, X.420 annex B: extended forms and the tag of the basic one. */
static const struct basic {
  enum oid oid;
  guint8 tag;
  enum {
    PAIR,
    DATA,
    EXPLICIT
  } form; /* parameters and data in a SEQUENCE; the data under the tag; around it */
} basics[] = {
    {OID_ET_IA5_TEXT, 0, PAIR},               /* 1496:3.1 */
    {OID_ET_G3_FACSIMILE, 3, PAIR},           /* 1496:3.1 */
    {OID_ET_G4_CLASS1, 4, DATA},              /* 1496:3.1 */
    {OID_ET_TELETEX, 5, PAIR},                /* 1496:3.1 */
    {OID_ET_VIDEOTEX, 6, PAIR},               /* 1496:3.1 */
    {OID_ET_NATIONALLY_DEFINED, 7, EXPLICIT}, /* 1496:3.1 */
    {OID_ET_ENCRYPTED, 8, PAIR},              /* 1496:3.1 */
    {OID_ET_MESSAGE, 9, PAIR},                /* 1496:3.1 */
    {OID_ET_MIXED_MODE, 11, DATA},            /* 1496:3.1 */
    {OID_ET_BILATERALLY_DEFINED, 14, DATA},   /* 1496:3.1 */
};

static struct octets *single(const struct asn1_value *root, const struct External *external)
{
  if (external->encoding.present != External__encoding_PR_single_ASN1_type)
    return NULL;
  return asn1_octets(root, (const struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type);
}

struct octets *body_basic_form(const struct asn1_value *root, const struct BodyPart *body_part)
{
  const ExternallyDefinedBodyPart_t *part = &body_part->choice.externally_defined;
  if (body_part->present != BodyPart_PR_externally_defined || !part->data.direct_reference)
    return NULL;
  enum oid oid = oid_get(part->data.direct_reference);
  const struct basic *basic = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(basics) && !basic; i++)
    basic = basics[i].oid == oid ? &basics[i] : NULL;
  g_autoptr(octets_t) data = basic ? single(root, &part->data) : NULL;
  g_autoptr(GPtrArray) parts = tlv_parts();
  if (!data)
    return NULL;
  static const guint8 none[] = {TLV_SET, 0};
  if (basic->form == DATA) {
    if (!tlv_add(parts, tlv_contents(data)))
      return NULL;
  } else {
    if (basic->form == PAIR) {
      struct octets *parameters = part->parameters ? single(root, part->parameters) : NULL;
      g_ptr_array_add(parts, parameters ? parameters : octets_new(none, sizeof none));
    }
    g_ptr_array_add(parts, octets_ref(data));
  }
  guint8 constructed = oid == OID_ET_BILATERALLY_DEFINED ? 0 : TLV_CONSTRUCTED;
  return tlv_wrap(TLV_CONTEXT | constructed | basic->tag, parts);
}
