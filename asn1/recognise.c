/* recognise.c: types by first octet, and types of strings by what stands beside them. */
#include "asn1/recognise.h"
#include "asn1/open_types.h"

#include <ACSE-apdu.h>
#include <Abort-type.h>
#include <BMPString.h>
#include <CP-type.h>
#include <CPA-PPDU.h>
#include <CPR-PPDU.h>
#include <ConnectionData.h>
#include <EDIInformationObject.h>
#include <EDIM.h>
#include <ExtensionAttribute.h>
#include <ExtensionField.h>
#include <External.h>
#include <FileTransferParameters.h>
#include <GeneralString.h>
#include <IPM.h>
#include <IPMSExtension.h>
#include <InformationObject.h>
#include <MPDU.h>
#include <MTABindPDU.h>
#include <MTS-APDU.h>
#include <ORAddress.h>
#include <ORName.h>
#include <PDV-list.h>
#include <RTSE-apdus.h>
#include <ReportDeliveryArgument.h>
#include <UAPDU.h>
#include <User-data.h>

#include <string.h>

/* Identifier octets, as asn1_peek() tells them. */
enum {
  TAG_BOOLEAN = 0x01,
  TAG_INTEGER = 0x02,
  TAG_BIT_STRING = 0x03,
  TAG_OCTET_STRING = 0x04,
  TAG_NULL = 0x05,
  TAG_OID = 0x06,
  TAG_NUMERIC = 0x12,
  TAG_PRINTABLE = 0x13,
  TAG_TELETEX = 0x14,
  TAG_IA5 = 0x16,
  TAG_UTC_TIME = 0x17,
  TAG_GENERAL = 0x1B,
  TAG_BMP = 0x1E,
  TAG_EXTERNAL = 0x28,
  TAG_SEQUENCE = 0x30,
  TAG_SET = 0x31,
  TAG_APPLICATION_0 = 0x60,
  TAG_APPLICATION_1 = 0x61,
  TAG_CONTEXT_0 = 0xA0,
  TAG_CONTEXT_1 = 0xA1,
  TAG_CONTEXT_2 = 0xA2,
  TAG_CONTEXT_16 = 0xB0,
  TAG_CONTEXT_18 = 0xB2,
  TAG_CONTEXT_22 = 0xB6
};

#define OF(type) &asn_DEF_##type

/* What may begin with which identifier octet, the likelier first. */
static const struct {
  guint32 tag;
  const asn_TYPE_descriptor_t *type;
} beginnings[] = {
    {TAG_EXTERNAL, OF(External)},
    {TAG_CONTEXT_0, OF(MTS_APDU)},
    {TAG_CONTEXT_0, OF(InformationObject)},
    {TAG_CONTEXT_0, OF(EDIInformationObject)},
    {TAG_CONTEXT_0, OF(Abort_type)},
    {TAG_CONTEXT_1, OF(MTS_APDU)},
    {TAG_CONTEXT_1, OF(InformationObject)},
    {TAG_CONTEXT_1, OF(EDIInformationObject)},
    {TAG_CONTEXT_1, OF(MTABindArgument)},
    {TAG_CONTEXT_2, OF(MTS_APDU)},
    {TAG_CONTEXT_16, OF(RTSE_apdus)},
    {TAG_CONTEXT_16, OF(MTABindPDU)},
    {0xB1, OF(RTSE_apdus)},
    {0xB1, OF(MTABindPDU)},
    {TAG_CONTEXT_18, OF(RTSE_apdus)},
    {TAG_CONTEXT_18, OF(MTABindPDU)},
    {TAG_CONTEXT_22, OF(RTSE_apdus)},
    {TAG_APPLICATION_0, OF(ACSE_apdu)},
    {TAG_APPLICATION_0, OF(ORName)},
    {TAG_APPLICATION_1, OF(User_data)},
    {TAG_APPLICATION_1, OF(ACSE_apdu)},
    {0x40, OF(User_data)},
    {0x62, OF(ACSE_apdu)},
    {0x63, OF(ACSE_apdu)},
    {0x64, OF(ACSE_apdu)},
    {TAG_CONTEXT_0, OF(MPDU)}, /* of 1984; what fits it fits MTS-APDU before: it must be asked for */
    {TAG_CONTEXT_0, OF(UAPDU)},
    {TAG_SET, OF(CP_type)},
    {TAG_SET, OF(CPA_PPDU)},
    {TAG_SET, OF(RTORQapdu)},
    {TAG_SET, OF(RTOACapdu)},
    {TAG_SET, OF(CPR_PPDU)},
    {TAG_SET, OF(Abort_type)},
    {TAG_SET, OF(ReportDeliveryArgument)},
    {TAG_SEQUENCE, OF(IPM)},
    {TAG_SEQUENCE, OF(EDIM)},
    {TAG_SEQUENCE, OF(CPR_PPDU)},
    {TAG_SEQUENCE, OF(Abort_type)},
    {TAG_SEQUENCE, OF(FileTransferParameters)},
    {TAG_SEQUENCE, OF(ORAddress)},
    {TAG_OCTET_STRING, OF(RTSE_apdus)},
    {TAG_INTEGER, OF(RTSE_apdus)},
};

/* For an open type that nothing identifies. */
static const struct {
  guint32 tag;
  const asn_TYPE_descriptor_t *type;
} universals[] = {
    {TAG_BOOLEAN, OF(BOOLEAN)},
    {TAG_INTEGER, OF(NativeInteger)},
    {TAG_BIT_STRING, OF(BIT_STRING)},
    {TAG_OCTET_STRING, OF(OCTET_STRING)},
    {TAG_NULL, OF(NULL)},
    {TAG_OID, OF(OBJECT_IDENTIFIER)},
    {TAG_NUMERIC, OF(NumericString)},
    {TAG_PRINTABLE, OF(PrintableString)},
    {TAG_TELETEX, OF(TeletexString)},
    {TAG_IA5, OF(IA5String)},
    {TAG_UTC_TIME, OF(UTCTime)},
    {TAG_GENERAL, OF(GeneralString)},
    {TAG_BMP, OF(BMPString)},
};

const char *const *recognise_names(void)
{
  static const char *const names[] = {"ACSE-apdu",
                                      "Abort-type",
                                      "CP-type",
                                      "CPA-PPDU",
                                      "CPR-PPDU",
                                      "EDIInformationObject",
                                      "EDIM",
                                      "External",
                                      "FileTransferParameters",
                                      "IPM",
                                      "InformationObject",
                                      "MPDU",
                                      "MTABindArgument",
                                      "MTABindPDU",
                                      "MTS-APDU",
                                      "ORAddress",
                                      "ORName",
                                      "RTOACapdu",
                                      "RTORQapdu",
                                      "RTSE-apdus",
                                      "ReportDeliveryArgument",
                                      "UAPDU",
                                      "User-data",
                                      NULL};
  return names;
}

static guint32 tag_of(struct octets *octets)
{
  guint64 length;
  guint32 tag = 0;
  return asn1_peek(octets, &length, &tag, NULL) ? tag : 0;
}

struct asn1_value *recognise_decode(struct octets *octets, const char *type, GError **error)
{
  guint64 length;
  guint32 tag = 0;
  if (!asn1_peek(octets, &length, &tag, error))
    return NULL;
  bool tried = false;
  for (gsize i = 0; i < G_N_ELEMENTS(beginnings); i++) {
    if (type ? strcmp(beginnings[i].type->name, type) != 0 : beginnings[i].tag != tag)
      continue;
    struct asn1_value *value = asn1_decode(beginnings[i].type, octets, NULL, tried ? NULL : error);
    if (value) {
      g_clear_error(error);
      return value;
    }
    tried = true;
    if (type)
      return NULL;
  }
  if (!tried && type)
    g_set_error(error, ASN1_ERROR, ASN1_ERROR_SYNTAX, "there is no type \"%s\" to decode as", type);
  else if (!tried)
    g_set_error(error, ASN1_ERROR, ASN1_ERROR_SYNTAX, "no PDU of this gateway begins with the octet %02x",
                tag);
  return NULL;
}

/* --- strings and what they hold ------------------------------------------------------------------------- */

/* X.420 and X.435 contents, by the content type of their envelope. */
static const asn_TYPE_descriptor_t *content_type(const ContentType_t *type)
{
  if (type && type->present == ContentType_PR_extended) {
    enum oid oid = oid_get(&type->choice.extended);
    if (oid == OID_MCT_PEDI)
      return OF(EDIInformationObject);
    return oid == OID_MCT_P2_1984 || oid == OID_MCT_P2_1988 ? OF(InformationObject) : NULL;
  }
  if (!type || type->present != ContentType_PR_built_in)
    return NULL;
  switch (type->choice.built_in) {
  case BuiltInContentType_external:
    return OF(External);
  case BuiltInContentType_interpersonal_messaging_1984:
  case BuiltInContentType_interpersonal_messaging_1988:
    return OF(InformationObject);
  case BuiltInContentType_edi_messaging:
    return OF(EDIInformationObject);
  default:
    return NULL;
  }
}

static const asn_TYPE_descriptor_t *extension_value(const ExtensionField_t *field)
{
  if (field->type.present == ExtensionType_PR_standard_extension)
    return open_type_extension(field->type.choice.standard_extension);
  return open_type_oid(oid_get(&field->type.choice.private_extension));
}

/* What travels in presentation data values and in EXTERNALs that name a presentation context only. */
static const asn_TYPE_descriptor_t *presentation_data(guint32 tag)
{
  if (tag >= TAG_APPLICATION_0 && tag <= 0x64)
    return OF(ACSE_apdu);
  if (tag >= TAG_CONTEXT_16 && tag <= TAG_CONTEXT_22)
    return OF(RTSE_apdus);
  return tag >= TAG_CONTEXT_0 && tag <= TAG_CONTEXT_2 ? OF(MTS_APDU) : NULL;
}

static const asn_TYPE_descriptor_t *external_data(const External_t *external, guint32 tag)
{
  if (!external->direct_reference)
    return presentation_data(tag);
  enum oid oid = oid_get(external->direct_reference);
  if (oid_use(oid) == OID_USE_SYNTAX)
    return presentation_data(tag);
  if (oid == OID_UNKNOWN && oid_find_prefix(external->direct_reference->buf,
                                            (gsize)external->direct_reference->size, NULL) == OID_EP_CONTENT)
    oid = OID_EP_CONTENT;
  return open_type_oid(oid);
}

/* The bind in RTSE's connection data: wrapped in normal mode, bare in X.410 mode. */
static const asn_TYPE_descriptor_t *bind_data(const struct asn1_place *place, guint32 tag)
{
  if (tag >= TAG_CONTEXT_16 && tag < TAG_CONTEXT_22)
    return OF(MTABindPDU);
  bool result = place->up && place->up->type == OF(RTOACapdu);
  return result ? OF(MTABindResult) : OF(MTABindArgument);
}

static const asn_TYPE_descriptor_t *by_universal_tag(guint32 tag)
{
  for (gsize i = 0; i < G_N_ELEMENTS(universals); i++)
    if (universals[i].tag == tag)
      return universals[i].type;
  return NULL;
}

/* By the structure that holds the string, or the one around that. */
static const asn_TYPE_descriptor_t *identified(const struct asn1_place *place, guint32 tag)
{
  const asn_TYPE_descriptor_t *holder = place->type, *around = place->up ? place->up->type : NULL;
  const char *member = place->member ? place->member : "";
  if (holder == OF(Message) && !strcmp(member, "content"))
    return content_type(&((const Message_t *)place->structure)->envelope.content_type);
  if (holder == OF(UserMPDU) && !strcmp(member, "content"))
    return ((const UserMPDU_t *)place->structure)->envelope.content_type == 2 ? OF(UAPDU) : NULL;
  if (holder == OF(ReportTransferContent) && !strcmp(member, "returned-content"))
    return content_type(((const ReportTransferContent_t *)place->structure)->content_type);
  if (holder == OF(ReportDeliveryArgument) && !strcmp(member, "returned-content"))
    return content_type(((const ReportDeliveryArgument_t *)place->structure)->content_type);
  if (holder == OF(ExtensionField))
    return extension_value(place->structure);
  if (holder == OF(ExtensionAttribute))
    return open_type_attribute(((const ExtensionAttribute_t *)place->structure)->extension_attribute_type);
  if (holder == OF(IPMSExtension))
    return open_type_oid(oid_get(&((const IPMSExtension_t *)place->structure)->type));
  if (holder == OF(ConnectionData))
    return bind_data(place, tag);
  if (around == OF(External) && !strcmp(member, "single-ASN1-type"))
    return external_data(place->up->structure, tag);
  if (around == OF(PDV_list) && !strcmp(member, "single-ASN1-type"))
    return presentation_data(tag);
  if (holder == OF(RTORJapdu) || holder == OF(RTABapdu))
    return tag == TAG_CONTEXT_18 ? OF(MTABindPDU) : NULL;
  return NULL;
}

const struct asn_TYPE_descriptor_s *recognise_inner(const struct asn1_place *place,
                                                    const struct asn1_value *value, struct octets *octets,
                                                    void *user)
{
  (void)value, (void)user;
  guint32 tag = tag_of(octets);
  const asn_TYPE_descriptor_t *type = identified(place, tag);
  if (type)
    return type;
  /* Of strings only open types are BER for certain. */
  for (int i = 0; i < place->type->elements_count; i++) {
    const asn_TYPE_member_t *member = &place->type->elements[i];
    if (member->type == OF(ANY) && (!place->member || !strcmp(member->name, place->member)))
      return by_universal_tag(tag);
  }
  return NULL;
}
