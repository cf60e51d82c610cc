/* edim_to_x400.c - a mail as EDI message: X.435 8, contract in edim.h. */
#include "mapping/body.h"
#include "mapping/edi.h"
#include "mapping/edim.h"
#include "mapping/mail_address.h"

#include <stdlib.h>
#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <EDIAuthorizationInformation.h>
#include <EDIInformationObject.h>
#include <EDIMAdditionalBodyPart.h>
#include <EDIMAdditionalBodyParts.h>
#include <EDIMBodyOrRemoved.h>
#include <EDIMBodyPart.h>
#include <EDIMExtendedBodyPart.h>
#include <EDIMExtension.h>
#include <EDIMExtensions.h>
#include <EDIMMessageData.h>
#include <EDIMOtherBodyParts.h>
#include <EDIMPrimaryOrRemoved.h>
#include <EDIMRecipient.h>
#include <EDIMRecipients.h>
#include <EDIMessageTypes.h>
#include <EDINotificationRequestsField.h>
#include <EDIRecipientReference.h>
#include <EDISyntaxIdentifier.h>
#include <InterchangeParty.h>
#include <MessageBodyPart.h>
#include <MessageParameters.h>
#include <RFC822FieldList.h>
#include <ServiceStringAdvice.h>

enum { ADDRESSES_MAX = 1000, LIST_MAX = 1000, IDENTIFIER_BOUND = 64 };

/* --- which mail, which part --- */

static bool is_marked(const struct mime_part *part)
{
  return mime_part_field(part, EDI_HEADING) != NULL;
}

static bool is_forwarded(const struct mime_part *part)
{
  return part->kind == MIME_MESSAGE && part->children && is_marked(part->children->pdata[0]);
}

static bool is_interchange(const struct mime_part *part)
{
  return part->kind == MIME_LEAF && edi_is_media_type(part->type->value, NULL);
}

/* The interchange, or the forwarded EDI message: the body itself, or the first such part of multipart/mixed.
 */
static const struct mime_part *primary_of(const struct mime_part *header)
{
  if (is_interchange(header) || is_forwarded(header))
    return header;
  if (header->kind != MIME_MULTIPART || strcmp(header->type->value, "multipart/mixed") != 0)
    return NULL;
  for (guint i = 0; i < header->children->len; i++)
    if (is_interchange(header->children->pdata[i]) || is_forwarded(header->children->pdata[i]))
      return header->children->pdata[i];
  return NULL;
}

bool edim_is_wanted(const struct to_x400 *to)
{
  const struct mime_part *root = to->mail->root;
  if (to->old || to->peer->p1_1984 || to->peer->edi_body == MAPPING_EDI_OFF || !primary_of(root))
    return false;
  return to->peer->edi_body == MAPPING_EDI_P35 || is_marked(root);
}

/* --- heading: what the mail's header says --- */

static bool put_name(struct to_x400 *to, const char *mailbox, struct ORName *name)
{
  g_autoptr(or_address_t) address = address_to_or(to->context, mailbox, ADDRESS_HEADING, NULL, NULL);
  if (address)
    or_address_to_asn1(address, to->value, name);
  return address != NULL;
}

static GPtrArray *mailboxes(struct to_x400 *to, const struct mime_part *header, const char *field)
{
  g_autofree char *body = mime_part_fields(header, field);
  return body ? mail_addresses_parse(to->context->charsets, body, ADDRESSES_MAX, NULL) : NULL;
}

static struct ORName *originator_of(struct to_x400 *to, const struct mime_part *header, const char *sender)
{
  g_autoptr(GPtrArray) list = mailboxes(to, header, "From");
  const struct mail_address *first = list && list->len ? list->pdata[0] : NULL;
  const char *mailbox = first && first->mailbox ? first->mailbox : sender;
  struct ORName *name = asn1_new_field(struct ORName);
  if (mailbox && *mailbox && put_name(to, mailbox, name))
    return name;
  free(name);
  return NULL;
}

/* The user that X.435 wants in an identifier is the originator, if nothing else says one. */
static void put_identifier(struct to_x400 *to, const struct mime_part *header,
                           const struct mime_params *params, const struct ORName *originator,
                           struct EDIMIdentifier *identifier)
{
  g_autofree char *body = mime_part_fields(header, "Message-ID");
  g_autoptr(GPtrArray) list = mail_identifiers_parse(body ? body : "", 1);
  struct ipm_identifier *plain =
      list->len ? identifier_ipm_from_message_id(to->context, list->pdata[0]) : NULL;
  struct OCTET_STRING *relative =
      x400_printable_new(plain && plain->relative ? plain->relative : to->id, IDENTIFIER_BOUND);
  identifier->user_relative_identifier = *relative;
  free(relative);
  const char *user = params ? mime_params_get(params, "user") : NULL;
  g_autoptr(or_address_t) said = user ? or_address_parse(user, NULL) : NULL;
  g_autoptr(or_address_t) address = plain && plain->user ? g_steal_pointer(&plain->user)
                                    : said               ? g_steal_pointer(&said)
                                    : originator         ? or_address_from_asn1(to->value, originator, NULL)
                                                         : NULL;
  if (!address)
    address = or_address_parse(to->context->settings->or_address, NULL);
  if (address)
    or_address_to_asn1(address, to->value, &identifier->user);
  ipm_identifier_free(plain);
}

static void put_bits(struct to_x400 *to, const struct mime_part *header, struct EDIMRecipient *recipient)
{
  if (!mime_part_field(header, "Disposition-Notification-To"))
    return;
  (void)to;
  recipient->edi_notification_requests_field = asn1_new_field(struct EDINotificationRequestsField);
  recipient->edi_notification_requests_field->edi_notification_requests = asn1_new_field(BIT_STRING_t);
  x400_bits_put(recipient->edi_notification_requests_field->edi_notification_requests, 7, 3); /* pn, nn, fn */
}

/* --- heading: what the interchange says (X.435 8.2) --- */

static struct OCTET_STRING *text_new(struct to_x400 *to, const char *name, const char *text, gsize bound)
{
  if (!text)
    return NULL;
  gsize length = strlen(text);
  if (length > bound)
    mapping_loss(to->losses, "%s: cut to %d octets (X.435 annex D): the interchange has it whole",
                 name, (int)bound);
  g_autofree char *cut = g_strndup(text, MIN(length, bound));
  return asn1_new_string(cut);
}

static struct InterchangeParty *party_new(struct to_x400 *to, const char *name, const char *code,
                                          const char *qualifier, const char *routing)
{
  if (!code)
    return NULL;
  struct InterchangeParty *party = asn1_new_field(struct InterchangeParty);
  g_autofree char *bounded = g_strndup(code, 35);
  asn1_put_string(&party->identification, bounded);
  party->identification_code_qualifier = text_new(to, name, qualifier, 4);
  party->routing_address = text_new(to, name, routing, 14);
  return party;
}

static BOOLEAN_t *flag_new(bool set)
{
  BOOLEAN_t *flag = set ? asn1_new_field(BOOLEAN_t) : NULL;
  if (flag)
    *flag = 0xFF;
  return flag;
}

static void heading_of_interchange(struct to_x400 *to, const struct edi_interchange *edi,
                                   struct EDIMHeading *heading)
{
  if (edi->has_advice) {
    struct ServiceStringAdvice *advice = heading->service_string_advice =
        asn1_new_field(struct ServiceStringAdvice);
    char text[6][2] = {{0}};
    for (int i = 0; i < 6; i++)
      text[i][0] = (char)edi->advice[i];
    asn1_put_string(&advice->component_data_element_separator, text[0]);
    asn1_put_string(&advice->data_element_separator, text[1]);
    asn1_put_string(&advice->decimal_notation, text[2]);
    advice->release_indicator = asn1_new_string(text[3]);
    advice->reserved = asn1_new_string(text[4]);
    asn1_put_string(&advice->segment_terminator, text[5]);
  }
  if (edi->syntax) {
    heading->syntax_identifier = asn1_new_field(struct EDISyntaxIdentifier);
    g_autofree char *syntax = g_strndup(edi->syntax, 4),
                    *version = g_strndup(edi->version ? edi->version : "1", 5);
    asn1_put_string(&heading->syntax_identifier->syntax_identifier, syntax);
    asn1_put_string(&heading->syntax_identifier->syntax_version, version);
  }
  heading->interchange_sender =
      party_new(to, "interchange-sender", edi->sender, edi->sender_qualifier, edi->sender_routing);
  if (edi->prepared)
    heading->date_and_time_of_preparation = asn1_new_string(edi->prepared);
  heading->application_reference = text_new(to, "application-reference", edi->application_reference, 14);
  for (guint i = 0; i < edi->types->len; i++) {
    if (!heading->edi_message_type)
      heading->edi_message_type = asn1_new_field(struct EDIMessageTypes);
    asn_set_add(&heading->edi_message_type->list, text_new(to, "edi-message-type", edi->types->pdata[i], 6));
  }
  if (edi->cut)
    mapping_loss(to->losses,
                 "edi-message-type: of the first quarter of a megabyte alone (X.435 8.2.13): no more of an interchange is read");
}

static void recipient_of_interchange(struct to_x400 *to, const struct edi_interchange *edi,
                                     struct EDIMRecipient *recipient)
{
  recipient->interchange_recipient = party_new(to, "interchange-recipient", edi->recipient,
                                               edi->recipient_qualifier, edi->recipient_routing);
  if (edi->recipient_reference) {
    recipient->recipient_reference = asn1_new_field(struct EDIRecipientReference);
    g_autofree char *reference = g_strndup(edi->recipient_reference, 14);
    asn1_put_string(&recipient->recipient_reference->recipient_reference, reference);
    recipient->recipient_reference->recipient_reference_qualifier =
        text_new(to, "recipient-reference", edi->recipient_reference_qualifier, 2);
  }
  recipient->interchange_control_reference =
      text_new(to, "interchange-control-reference", edi->reference, 14);
  recipient->processing_priority_code = text_new(to, "processing-priority-code", edi->priority, 1);
  recipient->acknowledgement_request = flag_new(edi->acknowledgement);
  recipient->communications_agreement_id = text_new(to, "communications-agreement-id", edi->agreement, 35);
  recipient->test_indicator = flag_new(edi->test);
  if (edi->authorization) {
    recipient->authorization_information = asn1_new_field(struct EDIAuthorizationInformation);
    g_autofree char *information = g_strndup(edi->authorization, 10);
    asn1_put_string(&recipient->authorization_information->authorization_information, information);
    recipient->authorization_information->authorization_information_qualifier =
        text_new(to, "authorization-information", edi->authorization_qualifier, 2);
  }
}

static void add_recipients(struct to_x400 *to, const struct mime_part *header,
                           const struct edi_interchange *edi, const char *field, struct EDIMHeading *heading)
{
  g_autoptr(GPtrArray) list = mailboxes(to, header, field);
  for (guint i = 0; list && i < list->len; i++) {
    const struct mail_address *address = list->pdata[i];
    struct EDIMRecipient *recipient = asn1_new_field(struct EDIMRecipient);
    if (!address->mailbox || !put_name(to, address->mailbox, &recipient->recipient)) {
      mapping_loss(to->losses, "%s: %s has no O/R address and is left out of the EDI heading (X.435 8.2.3.1)",
                   field, address->mailbox ? address->mailbox : "a name");
      free(recipient);
      continue;
    }
    if (!strcmp(field, "Cc")) {
      recipient->action_request = asn1_new_field(OBJECT_IDENTIFIER_t);
      oid_put(recipient->action_request, OID_EDI_FOR_COPY);
    }
    put_bits(to, header, recipient);
    if (edi)
      recipient_of_interchange(to, edi, recipient);
    if (!heading->recipients)
      heading->recipients = asn1_new_field(struct EDIMRecipients);
    asn_set_add(&heading->recipients->list, recipient);
  }
}

/* --- heading: what the fields say --- */

static void read_recipients(struct to_x400 *to, const struct mime_part *header, struct EDIMHeading *heading)
{
  for (guint i = 0; i < header->fields->len; i++) {
    const struct mime_field *field = header->fields->pdata[i];
    if (g_ascii_strcasecmp(field->name, EDI_RECIPIENT) != 0)
      continue;
    g_autoptr(mime_params_t) params = mime_params_parse(to->context->charsets, field->body);
    g_autoptr(or_address_t) address = mime_params_get(params, "address")
                                          ? or_address_parse(mime_params_get(params, "address"), NULL)
                                          : NULL;
    if (!address) {
      mapping_loss(to->losses, "%s: without an O/R address, left out (X.435 8.2.3.1)", EDI_RECIPIENT);
      continue;
    }
    struct EDIMRecipient *recipient = asn1_new_field(struct EDIMRecipient);
    (void)edi_fields_read(params, to->value, &edim_recipient_table, recipient, to->losses);
    if (!heading->recipients)
      heading->recipients = asn1_new_field(struct EDIMRecipients);
    asn_set_add(&heading->recipients->list, recipient);
  }
}

/* "message-type-1", "message-type-2" and so on. */
static void read_types(struct to_x400 *to, const struct mime_params *params, struct EDIMHeading *heading)
{
  for (guint i = 1; i <= LIST_MAX; i++) {
    g_autofree char *name = g_strdup_printf("message-type-%u", i);
    const struct edi_element element = {name, EDI_STRING_IN, 0, NULL};
    const struct edi_table table = {&element, 1, 0};
    struct OCTET_STRING *type = asn1_new_field(struct OCTET_STRING);
    if (!edi_fields_read(params, to->value, &table, type, to->losses)) {
      free(type);
      return;
    }
    if (!heading->edi_message_type)
      heading->edi_message_type = asn1_new_field(struct EDIMessageTypes);
    asn_set_add(&heading->edi_message_type->list, type);
  }
}

static void add_extension(struct EDIMHeading *heading, struct EDIMExtension *extension)
{
  if (!heading->heading_extensions)
    heading->heading_extensions = asn1_new_field(struct EDIMExtensions);
  asn_set_add(&heading->heading_extensions->list, extension);
}

static void read_extensions(const struct mime_params *params, struct EDIMHeading *heading)
{
  for (guint i = 1; i <= LIST_MAX; i++) {
    g_autofree char *name = g_strdup_printf("extension-%u", i);
    const char *text = mime_params_get(params, name);
    g_autoptr(GByteArray) octets = text ? edi_unhex(text) : NULL;
    if (!octets)
      return;
    struct asn1_value *value = asn1_decode_mem(&asn_DEF_EDIMExtension, octets->data, octets->len, NULL, NULL);
    struct EDIMExtension *extension = value ? asn1_value_steal(value) : NULL;
    if (extension)
      add_extension(heading, extension);
  }
}

/* What of a mail's header has no element goes along as in an IPM (RFC 2156 5.1.2), as an extension. */
static void keep_fields(const struct mime_part *header, GPtrArray *fields)
{
  static const char *const placed[] = {"Message-ID",
                                       "From",
                                       "To",
                                       "Cc",
                                       "Bcc",
                                       "Date",
                                       "Received",
                                       "Return-Path",
                                       "MIME-Version",
                                       "Content-Type",
                                       "Content-Transfer-Encoding",
                                       "Content-ID",
                                       "Content-Disposition",
                                       "Priority",
                                       "Conversion",
                                       "Conversion-With-Loss",
                                       "Deferred-Delivery",
                                       "Latest-Delivery-Time",
                                       "DL-Expansion-History",
                                       "Originator-Return-Address",
                                       "Original-Encoded-Information-Types",
                                       "Disposition-Notification-To"};
  for (guint i = 0; i < header->fields->len; i++) {
    const struct mime_field *field = header->fields->pdata[i];
    bool known = !g_ascii_strncasecmp(field->name, "X400-", 5) ||
                 !g_ascii_strncasecmp(field->name, "Discarded-X400-", 15) ||
                 !g_ascii_strncasecmp(field->name, "X-MIXER-", 8);
    for (gsize k = 0; k < G_N_ELEMENTS(placed) && !known; k++)
      known = !g_ascii_strcasecmp(field->name, placed[k]);
    if (!known)
      g_ptr_array_add(fields, g_strdup_printf("%s: %s", field->name, field->body));
  }
}

static bool put_fields(struct to_x400 *to, GPtrArray *fields, struct EDIMHeading *heading, GError **error)
{
  if (!fields->len)
    return true;
  g_autoptr(asn1_value_t) list = x400_field_list_new(fields);
  g_autoptr(octets_t) octets = asn1_encode(list, error);
  if (!octets)
    return false;
  struct EDIMExtension *extension = asn1_new_field(struct EDIMExtension);
  oid_put(&extension->type, OID_RFC_822_FIELD_LIST);
  extension->value = asn1_new_field(ANY_t);
  asn1_put_octets(to->value, (struct OCTET_STRING *)extension->value, octets);
  add_extension(heading, extension);
  return true;
}

static bool put_heading(struct to_x400 *to, const struct mime_part *header, struct octets *interchange,
                        const char *sender, struct EDIMHeading *heading, GPtrArray *fields)
{
  const char *said = mime_part_field(header, EDI_HEADING);
  g_autoptr(mime_params_t) params = said ? mime_params_parse(to->context->charsets, said) : NULL;
  g_autoptr(edi_interchange_t) edi = interchange && !params ? edi_interchange_read(interchange) : NULL;
  const char *originator = params ? mime_params_get(params, "originator") : NULL;
  bool said_none = !g_strcmp0(originator, "none"), said_one = originator && !said_none;
  if (params) {
    if (said_none)
      mime_params_set(params, "originator", NULL);
    (void)edi_fields_read(params, to->value, &edim_heading_table, heading, to->losses);
    read_types(to, params, heading);
    read_extensions(params, heading);
    read_recipients(to, header, heading);
  } else {
    if (edi)
      heading_of_interchange(to, edi, heading);
    add_recipients(to, header, edi, "To", heading);
    add_recipients(to, header, edi, "Cc", heading);
  }
  if (!heading->originator && !said_none && !said_one)
    heading->originator = originator_of(to, header, sender);
  bool is_7bit = true;
  if (!params && interchange && edi_is_7bit(interchange, &is_7bit, NULL)) {
    enum oid oid = edi_oid(edi ? edi->kind : EDI_NONE, is_7bit);
    if (oid != OID_EDI_EDIFACT_ISO646) { /* the default */
      heading->edi_bodypart_type = asn1_new_field(OBJECT_IDENTIFIER_t);
      oid_put(heading->edi_bodypart_type, oid);
    }
  }
  put_identifier(to, header, params, heading->originator, &heading->this_EDIM);
  keep_fields(header, fields);
  return true;
}

/* --- body --- */

/* X.420 7.3.12: basic body parts as extended ones. */
static bool extend(struct to_x400 *to, struct BodyPart *part, struct ExternallyDefinedBodyPart *extended,
                   GError **error)
{
  if (part->present == BodyPart_PR_externally_defined) {
    *extended = part->choice.externally_defined;
    return true;
  }
  const asn_TYPE_descriptor_t *data = NULL, *parameters = NULL;
  enum oid data_oid = OID_UNKNOWN, parameters_oid = OID_UNKNOWN;
  const void *what = NULL, *about = NULL;
  if (part->present == BodyPart_PR_ia5_text) {
    data = &asn_DEF_IA5String, data_oid = OID_ET_IA5_TEXT, what = &part->choice.ia5_text.data;
    parameters = &asn_DEF_IA5TextParameters, parameters_oid = OID_EP_IA5_TEXT,
    about = &part->choice.ia5_text.parameters;
  } else if (part->present == BodyPart_PR_bilaterally_defined) {
    data = &asn_DEF_OCTET_STRING, data_oid = OID_ET_BILATERALLY_DEFINED,
    what = &part->choice.bilaterally_defined;
  } else if (part->present == BodyPart_PR_message && part->choice.message->data) {
    data = &asn_DEF_IPM, data_oid = OID_ET_MESSAGE, what = part->choice.message->data;
    parameters = &asn_DEF_MessageParameters, parameters_oid = OID_EP_MESSAGE,
    about = &part->choice.message->parameters;
  } else if (part->present == BodyPart_PR_teletex) {
    data = &asn_DEF_TeletexData, data_oid = OID_ET_TELETEX, what = &part->choice.teletex.data;
    parameters = &asn_DEF_TeletexParameters, parameters_oid = OID_EP_TELETEX,
    about = &part->choice.teletex.parameters;
  } else if (part->present == BodyPart_PR_g3_facsimile) {
    data = &asn_DEF_G3FacsimileData, data_oid = OID_ET_G3_FACSIMILE, what = &part->choice.g3_facsimile.data;
    parameters = &asn_DEF_G3FacsimileParameters, parameters_oid = OID_EP_G3_FACSIMILE,
    about = &part->choice.g3_facsimile.parameters;
  } else {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "X.435 8.3.2: body part %d has no extended form",
                (int)part->present - 1);
    return false;
  }
  g_autoptr(octets_t) octets = asn1_encode_field(to->value, data, what, error);
  g_autoptr(octets_t) beside =
      about && octets ? asn1_encode_field(to->value, parameters, about, error) : NULL;
  if (!octets || (about && !beside))
    return false;
  struct External *externals[2] = {&extended->data, about ? asn1_new_field(struct External) : NULL};
  extended->parameters = externals[1];
  for (int i = 0; i < 2 && externals[i]; i++) {
    externals[i]->direct_reference = asn1_new_field(OBJECT_IDENTIFIER_t);
    oid_put(externals[i]->direct_reference, i ? parameters_oid : data_oid);
    externals[i]->encoding.present = External__encoding_PR_single_ASN1_type;
    asn1_put_octets(to->value, (struct OCTET_STRING *)&externals[i]->encoding.choice.single_ASN1_type,
                    i ? beside : octets);
  }
  return true;
}

/* A part beside the interchange.  scratch takes the basic form, which is freed with the body it stands in. */
static bool add_part(struct to_x400 *to, const struct mime_part *part, const struct mime_params *params,
                     guint number, struct EDIMBody *body, struct Body *scratch, GPtrArray *fields,
                     GError **error)
{
  if (!body_add_part(to, part, false, scratch, fields, error))
    return false;
  struct BodyPart *basic = scratch->list.array[scratch->list.count - 1];
  struct EDIMExtendedBodyPart *extended = asn1_new_field(struct EDIMExtendedBodyPart);
  if (!body->additional_body_parts)
    body->additional_body_parts = asn1_new_field(struct EDIMOtherBodyParts);
  asn_sequence_add(&body->additional_body_parts->list, extended);
  if (!extend(to, basic, &extended->extended_body_part, error))
    return false;
  if (basic->present == BodyPart_PR_externally_defined) /* moved */
    memset(basic, 0, sizeof *basic);
  g_autofree char *name = g_strdup_printf("part-reference-%u", number);
  const char *reference = params ? mime_params_get(params, name) : NULL;
  if (reference)
    extended->body_part_reference = x400_long((long)g_ascii_strtoll(reference, NULL, 10));
  return true;
}

static bool put_message(struct to_x400 *to, const struct mime_part *header, const char *sender, guint depth,
                        struct EDIMHeading *heading, struct EDIMBody *body, GError **error);

static bool add_remaining(struct to_x400 *to, const struct EDIMOtherBodyParts *parts,
                          struct EDIMBodyOrRemoved *body, GError **error)
{
  for (int i = 0; parts && i < parts->list.count; i++) {
    const EDIMAdditionalBodyPart_t part = {.present = EDIMAdditionalBodyPart_PR_external_body_part,
                                           .choice.external_body_part = *parts->list.array[i]};
    g_autoptr(octets_t) octets = asn1_encode_field(to->value, &asn_DEF_EDIMAdditionalBodyPart, &part, error);
    if (!octets)
      return false;
    if (!body->additional_body_parts)
      body->additional_body_parts = asn1_new_field(struct EDIMAdditionalBodyParts);
    ANY_t *any = asn1_new_field(ANY_t);
    asn1_put_octets(to->value, (struct OCTET_STRING *)any, octets);
    asn_sequence_add(&body->additional_body_parts->list, any);
  }
  return true;
}

/* X.435 8.3.3. */
static bool put_forwarded(struct to_x400 *to, const struct mime_part *part, const struct mime_params *params,
                          guint depth, struct EDIMPrimaryBodyPart *primary, GError **error)
{
  const struct mime_part *inner = part->children->pdata[0];
  const char *said = mime_part_field(inner, EDI_HEADING);
  g_autoptr(mime_params_t) inside = mime_params_parse(to->context->charsets, said);
  bool removed = !g_strcmp0(mime_params_get(inside, "interchange"), "removed");
  primary->present = EDIMPrimaryBodyPart_PR_forwarded_EDIM;
  struct EDIMBodyPart *forwarded = primary->choice.forwarded_EDIM = asn1_new_field(struct EDIMBodyPart);
  struct EDIMMessageData *data = forwarded->data = asn1_new_field(struct EDIMMessageData);
  data->body = asn1_new_field(struct EDIMBodyOrRemoved);
  data->body->primary_or_removed = asn1_new_field(struct EDIMPrimaryOrRemoved);
  const struct edi_element element = {"forwarded-parameters", EDI_ENCODED,
                                      offsetof(struct EDIMBodyPart, parameters),
                                      &asn_DEF_EDIMMessageParameters};
  const struct edi_table table = {&element, 1, 0};
  if (params)
    (void)edi_fields_read(params, to->value, &table, forwarded, to->losses);
  g_autoptr(asn1_value_t) scratch = asn1_value_new(&asn_DEF_EDIMBody);
  struct EDIMBody *body = asn1_value_get(scratch);
  if (!put_message(to, inner, NULL, depth + 1, &data->heading, body, error))
    return false;
  if (!add_remaining(to, body->additional_body_parts, data->body, error))
    return false;
  if (removed) {
    data->body->primary_or_removed->present = EDIMPrimaryOrRemoved_PR_removed_edi_body;
  } else {
    data->body->primary_or_removed->present = EDIMPrimaryOrRemoved_PR_primary_body_part;
    struct EDIMPrimaryBodyPart *moved = asn1_new_field(struct EDIMPrimaryBodyPart);
    *moved = body->primary_body_part;
    data->body->primary_or_removed->choice.primary_body_part = moved;
    memset(&body->primary_body_part, 0, sizeof body->primary_body_part);
  }
  return true;
}

static bool put_body(struct to_x400 *to, const struct mime_part *header, const struct mime_part *primary,
                     const struct mime_params *params, struct EDIMBody *body, GPtrArray *fields,
                     GError **error)
{
  if (primary == header)
    return true;
  g_autoptr(asn1_value_t) scratch = asn1_value_new(&asn_DEF_Body);
  guint number = 0;
  for (guint i = 0; i < header->children->len; i++) {
    const struct mime_part *part = header->children->pdata[i];
    if (part == primary && i)
      mapping_loss(to->losses,
                   "EDI message: the interchange goes before the parts that stood before it (X.435 8.3)");
    if (part != primary &&
        !add_part(to, part, params, ++number, body, asn1_value_get(scratch), fields, error))
      return false;
  }
  return true;
}

/* A type, parameters or a name that neither the interchange nor its identifier tells. */
static bool needs_mark(const struct to_x400 *to, const struct mime_part *primary,
                       const struct octets *interchange, const struct EDIMHeading *heading)
{
  enum edi_kind seen = edi_kind_of(interchange), promised = EDI_EDIFACT;
  if (heading->edi_bodypart_type && !edi_kind_of_oid(oid_get(heading->edi_bodypart_type), &promised))
    promised = EDI_NONE;
  g_autofree char *type = mime_type_line(primary), *name = mime_part_filename(to->mail, primary);
  return name || g_ascii_strcasecmp(type, edi_media_type(seen != EDI_NONE ? seen : promised)) != 0;
}

static bool put_message(struct to_x400 *to, const struct mime_part *header, const char *sender, guint depth,
                        struct EDIMHeading *heading, struct EDIMBody *body, GError **error)
{
  if (depth > to->context->settings->depth_max) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT,
                "5.3.4 the message has more than %u levels of messages", to->context->settings->depth_max);
    return false;
  }
  const struct mime_part *primary = primary_of(header);
  const char *said = mime_part_field(header, EDI_HEADING);
  g_autoptr(mime_params_t) params = said ? mime_params_parse(to->context->charsets, said) : NULL;
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(octets_t) interchange = NULL;
  if (primary && is_interchange(primary)) {
    interchange = mime_part_content(to->mail, primary, to->spill, error);
    if (!interchange)
      return false;
    body->primary_body_part.present = EDIMPrimaryBodyPart_PR_edi_body_part;
    asn1_put_octets(to->value, &body->primary_body_part.choice.edi_body_part, interchange);
  }
  if (!put_heading(to, header, interchange, sender, heading, fields))
    return false;
  if (primary && !interchange && !put_forwarded(to, primary, params, depth, &body->primary_body_part, error))
    return false;
  if (!primary && body->primary_body_part.present == EDIMPrimaryBodyPart_PR_NOTHING) {
    body->primary_body_part.present = EDIMPrimaryBodyPart_PR_edi_body_part; /* one that was removed */
    asn1_put_string(&body->primary_body_part.choice.edi_body_part, "");
  }
  if (primary && interchange && needs_mark(to, primary, interchange, heading)) {
    struct making making = {.to = to, .part = primary, .number = 1, .fields = fields};
    body_put_mark(&making);
  }
  return (!primary || put_body(to, header, primary, params, body, fields, error)) &&
         put_fields(to, fields, heading, error);
}

/* X.435 annex A: its identifier is also the interchange's encoded information type. */
static void add_type(struct to_x400 *to, const struct EDIMHeading *heading)
{
  if (!heading->edi_bodypart_type) {
    eit_add(to->types, oid_dotted(OID_EDI_EDIFACT_ISO646));
    return;
  }
  g_autofree char *dotted = x400_oid_text(heading->edi_bodypart_type);
  eit_add(to->types, dotted);
}

struct octets *edim_to_x400(struct to_x400 *to, const char *sender, GError **error)
{
  to->value = asn1_value_new(&asn_DEF_EDIInformationObject);
  EDIInformationObject_t *object = asn1_value_get(to->value);
  object->present = EDIInformationObject_PR_edim;
  EDIM_t *edim = &object->choice.edim;
  if (!put_message(to, to->mail->root, sender, 0, &edim->heading, &edim->body, error))
    return NULL;
  add_type(to, &edim->heading);
  return asn1_encode(to->value, error);
}
