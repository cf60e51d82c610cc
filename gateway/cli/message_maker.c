/* message_maker.c - see message_maker.h. */
#include "cli/message_maker.h"

#include "asn1/codec.h"
#include "asn1/octets.h"
#include "asn1/oids.h"
#include "mapping/or_address.h"
#include "osi/tlv.h"

#include <gio/gio.h>
#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <InformationObject.h>
#include <MTS-APDU.h>
#include <RecipientSpecifier.h>
#include <RecipientSpecifiers.h>
#include <TraceInformation.h>
#include <TraceInformationElement.h>

enum { IDENTIFIER = 24, TEMPLATE_MAX = 1 << 30, DOMAIN_MAX = 16, LINE = 72 };

struct message_maker {
  GBytes *template;
  gsize at;    /* of the local identifier, IDENTIFIER octets */
  guint64 run; /* tells the runs apart */
};

static void write_identifier(const struct message_maker *maker, guint number, char out[IDENTIFIER + 1])
{
  g_snprintf(out, IDENTIFIER + 1, "S%012" G_GINT64_MODIFIER "X.%010u",
             maker->run & G_GUINT64_CONSTANT(0xffffffffffff), number);
}

/* Encodes with an identifier of our form, and finds it again. */
static struct message_maker *make(struct asn1_value *apdu, GError **error)
{
  MTS_APDU_t *choice = asn1_value_get(apdu);
  if (choice->present != MTS_APDU_PR_message) {
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the MTS-APDU is no message");
    return NULL;
  }
  struct message_maker *maker = g_new0(struct message_maker, 1);
  char identifier[IDENTIFIER + 1];
  maker->run = (guint64)g_get_real_time();
  write_identifier(maker, G_MAXUINT32, identifier);
  asn1_put_string(&choice->choice.message.envelope.message_identifier.local_identifier, identifier);
  g_autoptr(octets_t) octets = asn1_encode(apdu, error);
  maker->template = octets != NULL ? octets_to_bytes(octets, TEMPLATE_MAX, error) : NULL;
  if (maker->template == NULL) {
    message_maker_free(maker);
    return NULL;
  }
  gsize size;
  const guint8 *data = g_bytes_get_data(maker->template, &size);
  const guint8 *found = memmem(data, size, identifier, IDENTIFIER);
  maker->at = found != NULL ? (gsize)(found - data) : 0;
  return maker;
}

void message_maker_free(struct message_maker *maker)
{
  g_clear_pointer(&maker->template, g_bytes_unref);
  g_free(maker);
}

gsize message_maker_size(const struct message_maker *maker)
{
  return g_bytes_get_size(maker->template);
}

GBytes *message_maker_slice(const struct message_maker *maker, guint number, gsize offset, gsize length)
{
  const guint8 *data = g_bytes_get_data(maker->template, NULL);
  if (offset >= maker->at + IDENTIFIER || offset + length <= maker->at) {
    return g_bytes_new_static(data + offset, length);
  }
  guint8 *copy = g_memdup2(data + offset, length);
  char identifier[IDENTIFIER + 1];
  write_identifier(maker, number, identifier);
  for (gsize i = 0; i < IDENTIFIER; i++) {
    gsize place = maker->at + i;
    if (place >= offset && place < offset + length) {
      copy[place - offset] = (guint8)identifier[i];
    }
  }
  return g_bytes_new_take(copy, length);
}

/* --- from a file
 * ------------------------------------------------------------------------------------------------------------
 */

/* The APDU inside an EXTERNAL, or the octets as they are. */
static void unwrap(const guint8 **data, gsize *size)
{
  struct tlv external, tlv;
  const guint8 *contents;
  bool bad = false;
  if (!tlv_read(*data, *size, &external) || external.tag != 0x28) {
    return;
  }
  struct tlv_cursor cursor = {*data + external.header, external.length};
  while (tlv_next(&cursor, &tlv, &contents, &bad)) {
    if (tlv.tag == 0xa0) {
      *data = contents;
      *size = tlv.length;
      return;
    }
  }
}

struct message_maker *message_maker_from_file(const char *path, GError **error)
{
  g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);
  if (file == NULL) {
    return NULL;
  }
  const guint8 *data = (const guint8 *)g_mapped_file_get_contents(file);
  gsize size = g_mapped_file_get_length(file);
  unwrap(&data, &size);
  g_autoptr(asn1_value_t) apdu = asn1_decode_mem(&asn_DEF_MTS_APDU, data, size, NULL, error);
  return apdu != NULL ? make(apdu, error) : NULL;
}

/* --- from nothing
 * -----------------------------------------------------------------------------------------------------------
 */

static bool put_name(struct asn1_value *value, struct ORName *name, const char *text, GError **error)
{
  g_autoptr(or_address_t) address = or_address_parse(text, error);
  if (address == NULL) {
    return false;
  }
  or_address_to_asn1(address, value, name);
  return true;
}

/* Lines of text, as mail has them. */
static struct octets *text_of_length(gsize length)
{
  static const char line[] = "The quick brown fox jumps over the lazy dog, and the gateway carries it.";
  guint8 *text = g_malloc(length + 1);
  for (gsize i = 0; i < length; i++) {
    gsize column = i % (LINE + 2);
    text[i] = (guint8)(column < LINE ? line[column] : column == LINE ? '\r' : '\n');
  }
  g_autoptr(GBytes) bytes = g_bytes_new_take(text, length);
  return octets_new_bytes(bytes);
}

static struct octets *content(gsize length, const char *originator, const char *recipient, GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_InformationObject);
  InformationObject_t *object = asn1_value_get(value);
  object->present = InformationObject_PR_ipm;
  Heading_t *heading = &object->choice.ipm.heading;
  asn1_put_string(&heading->this_IPM.user_relative_identifier, "gw400-source");
  heading->originator = asn1_new_field(ORDescriptor_t);
  heading->originator->formal_name = asn1_new_field(ORName_t);
  heading->primary_recipients = asn1_new_field(RecipientSpecifiers_t);
  RecipientSpecifier_t *to = asn1_new_field(RecipientSpecifier_t);
  ASN_SEQUENCE_ADD(&heading->primary_recipients->list, to);
  to->recipient.formal_name = asn1_new_field(ORName_t);
  heading->subject = asn1_new_string("Message of gw400 source");
  if (!put_name(value, heading->originator->formal_name, originator, error) ||
      !put_name(value, to->recipient.formal_name, recipient, error)) {
    return NULL;
  }
  BodyPart_t *part = asn1_new_field(BodyPart_t);
  part->present = BodyPart_PR_ia5_text;
  object->choice.ipm.body = asn1_new_field(Body_t);
  ASN_SEQUENCE_ADD(&object->choice.ipm.body->list, part);
  g_autoptr(octets_t) text = text_of_length(length);
  asn1_put_octets(value, &part->choice.ia5_text.data, text);
  return asn1_encode(value, error);
}

/* A domain of the originator's, for the identifier and the trace. */
static void put_domain(GlobalDomainIdentifier_t *domain, const struct or_address *originator)
{
  const char *country = or_address_get(originator, OR_COUNTRY, 0);
  const char *admd = or_address_get(originator, OR_ADMD, 0), *prmd = or_address_get(originator, OR_PRMD, 0);
  domain->country_name.present = CountryName_PR_iso_3166_alpha2_code;
  asn1_put_string(&domain->country_name.choice.iso_3166_alpha2_code, country != NULL ? country : "XX");
  domain->administration_domain_name.present = AdministrationDomainName_PR_printable;
  asn1_put_string(&domain->administration_domain_name.choice.printable, admd != NULL ? admd : " ");
  if (prmd != NULL) {
    domain->private_domain_identifier = asn1_new_field(PrivateDomainName_t);
    domain->private_domain_identifier->present = PrivateDomainName_PR_printable;
    asn1_put_string(&domain->private_domain_identifier->choice.printable, prmd);
  }
}

static void put_trace(TraceInformation_t *trace, const struct or_address *originator)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format(now, "%y%m%d%H%M%SZ");
  TraceInformationElement_t *element = asn1_new_field(TraceInformationElement_t);
  ASN_SEQUENCE_ADD(&trace->list, element);
  put_domain(&element->global_domain_identifier, originator);
  asn1_put_string(&element->domain_supplied_information.arrival_time, time);
}

static void put_bits(BIT_STRING_t *field, guint8 bits)
{
  field->buf = asn1_zalloc(1);
  field->buf[0] = bits;
  field->size = 1;
}

struct message_maker *message_maker_of_length(gsize length, guint content_type, const char *originator,
                                              const char *recipient, GError **error)
{
  g_autoptr(or_address_t) from = or_address_parse(originator, error);
  g_autoptr(octets_t) octets = from != NULL ? content(length, originator, recipient, error) : NULL;
  if (octets == NULL) {
    return NULL;
  }
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MTS_APDU);
  MTS_APDU_t *apdu = asn1_value_get(value);
  apdu->present = MTS_APDU_PR_message;
  MessageTransferEnvelope_t *envelope = &apdu->choice.message.envelope;
  put_domain(&envelope->message_identifier.global_domain_identifier, from);
  envelope->content_type.present = ContentType_PR_built_in;
  envelope->content_type.choice.built_in = (long)content_type; /* X.411 8.2.1.1.1.34 */
  PerRecipientMessageTransferFields_t *fields = asn1_new_field(PerRecipientMessageTransferFields_t);
  ASN_SEQUENCE_ADD(&envelope->per_recipient_fields.list, fields);
  fields->originally_specified_recipient_number = 1;
  /* responsibility, and the originator's reports on non-delivery (X.411 12.2.1.1.1.7) */
  put_bits(&fields->per_recipient_indicators, 0xa8);
  put_trace(&envelope->trace_information, from);
  if (!put_name(value, &envelope->originator_name, originator, error) ||
      !put_name(value, &fields->recipient_name, recipient, error)) {
    return NULL;
  }
  asn1_put_octets(value, &apdu->choice.message.content, octets);
  return make(value, error);
}
