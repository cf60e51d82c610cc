#include "cli/convert_wrap.h"

#include "mapping/address.h"
#include "mapping/x400.h"

#include <string.h>

#include <Content.h>
#include <InformationObject.h>
#include <MTS-APDU.h>
#include <Message.h>
#include <MessageTransferEnvelope.h>
#include <ORName.h>
#include <PerRecipientMessageTransferFields.h>

/* The O/R address for the envelope: given as either form. */
static struct or_address *given_address(struct mapping_context *context, const char *text, GError **error)
{
  return strchr(text, '@') ? address_to_or(context, text, ADDRESS_HEADING, NULL, error)
                           : or_address_parse(text, error);
}

static struct or_address *originator_of(struct mapping_context *context, const struct asn1_value *content,
                                        const char *from, GError **error)
{
  const InformationObject_t *object = asn1_value_get(content);
  if (from)
    return given_address(context, from, error);
  if (object->present == InformationObject_PR_ipm && object->choice.ipm.heading.originator &&
      object->choice.ipm.heading.originator->formal_name)
    return or_address_from_asn1(content, object->choice.ipm.heading.originator->formal_name, error);
  return or_address_copy(context->own);
}

static bool add_envelope_recipient(struct mapping_context *context, struct asn1_value *apdu,
                                   MessageTransferEnvelope_t *envelope, const char *text, GError **error)
{
  g_autoptr(or_address_t) address =
      text ? given_address(context, text, error) : or_address_copy(context->own);
  if (!address)
    return false;
  PerRecipientMessageTransferFields_t *fields = asn1_new_field(PerRecipientMessageTransferFields_t);
  or_address_to_asn1(address, apdu, &fields->recipient_name);
  fields->originally_specified_recipient_number = envelope->per_recipient_fields.list.count + 1;
  x400_bits_put(&fields->per_recipient_indicators, 1, 8); /* responsibility; no report */
  ASN_SEQUENCE_ADD(&envelope->per_recipient_fields.list, fields);
  return true;
}

static bool fill_envelope(struct mapping_context *context, const struct asn1_value *content, const char *from,
                          char *const *to, struct asn1_value *apdu, MessageTransferEnvelope_t *envelope,
                          GError **error)
{
  g_autoptr(or_address_t) originator = originator_of(context, content, from, error);
  if (!originator)
    return false;
  x400_identifier_put(&context->settings->gdi, "content", &envelope->message_identifier);
  or_address_to_asn1(originator, apdu, &envelope->originator_name);
  envelope->content_type.present = ContentType_PR_built_in;
  envelope->content_type.choice.built_in = BuiltInContentType_interpersonal_messaging_1988;
  if (!to)
    return add_envelope_recipient(context, apdu, envelope, NULL, error);
  for (; *to; to++)
    if (!add_envelope_recipient(context, apdu, envelope, *to, error))
      return false;
  return true;
}

struct octets *convert_wrap(struct mapping_context *context, const struct asn1_value *content,
                            struct octets *octets, const char *from, char *const *to, GError **error)
{
  g_autoptr(asn1_value_t) apdu = asn1_value_new(&asn_DEF_MTS_APDU);
  MTS_APDU_t *choice = asn1_value_get(apdu);
  choice->present = MTS_APDU_PR_message;
  if (!fill_envelope(context, content, from, to, apdu, &choice->choice.message.envelope, error))
    return NULL;
  asn1_put_octets(apdu, &choice->choice.message.content, octets);
  return asn1_encode(apdu, error);
}
