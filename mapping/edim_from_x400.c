/* edim_from_x400.c - an EDI message as mail: X.435 8, contract in edim.h. */
#include "mapping/body.h"
#include "mapping/edi.h"
#include "mapping/edim.h"

#include <string.h>

#include <BodyPart.h>
#include <ContentType.h>
#include <EDIInformationObject.h>
#include <EDIMAdditionalBodyPart.h>
#include <EDIMAdditionalBodyParts.h>
#include <EDIMBodyPart.h>
#include <EDIMExtendedBodyPart.h>
#include <EDIMExtension.h>
#include <EDIMExtensions.h>
#include <EDIMOtherBodyParts.h>
#include <EDIMRecipient.h>
#include <EDIMRecipients.h>
#include <EDIMessageTypes.h>
#include <RFC822FieldList.h>

/* A message or a forwarded one: the primary body part NULL: it was removed. */
struct edim {
  const struct EDIMHeading *heading;
  const struct EDIMPrimaryBodyPart *primary;
  GPtrArray *additional; /* of const struct EDIMExtendedBodyPart */
  GPtrArray *roots;      /* of the asn1_value that each is in; NULL: all in the content's */
};

static bool write_edim(struct from_x400 *from, const struct edim *edim, GError **error);

bool edim_is_content(const struct ContentType *type)
{
  if (type->present == ContentType_PR_built_in)
    return type->choice.built_in == BuiltInContentType_edi_messaging;
  return type->present == ContentType_PR_extended && oid_get(&type->choice.extended) == OID_MCT_PEDI;
}

struct asn1_value *edim_content(struct mapping_context *context, struct octets *content, GError **error)
{
  struct asn1_limits limits = {.elements = context->settings->elements_max};
  return asn1_decode(&asn_DEF_EDIInformationObject, content, &limits, error);
}

/* --- identifiers --- */

bool edim_identifier_is_plain(const char *message_id)
{
  return !g_str_has_suffix(message_id, "@MHS>");
}

char *edim_message_id(const struct from_x400 *from, const struct EDIMIdentifier *identifier)
{
  struct ipm_identifier *plain = g_new0(struct ipm_identifier, 1);
  plain->relative = x400_text(from->value, CHARSET_IA5, &identifier->user_relative_identifier, 256);
  /* X.435 wants a user, which a Message-ID that came from mail does not need. */
  char *text = identifier_message_id_from_ipm(from->context, plain);
  if (text && !edim_identifier_is_plain(text)) {
    g_clear_pointer(&text, g_free);
    plain->user = or_address_from_asn1(from->value, &identifier->user, NULL);
    text = identifier_message_id_from_ipm(from->context, plain);
  }
  ipm_identifier_free(plain);
  return text ? text : g_strdup("<*@MHS>");
}

/* --- heading --- */

static void write_address(struct from_x400 *from, const char *field, const struct ORName *name)
{
  struct or_descriptor plain = {.address = or_address_from_asn1(from->value, name, NULL)};
  g_autofree char *phrase = NULL, *comment = NULL;
  g_autofree char *mailbox =
      plain.address ? address_from_descriptor(from->context, &plain, &phrase, &comment) : NULL;
  if (mailbox && strchr(mailbox, '@')) {
    mime_writer_mailbox(from->writer, phrase, mailbox, comment);
  } else {
    mime_writer_group(from->writer, phrase && *phrase ? phrase : "unknown", NULL);
    mapping_loss(from->losses, "%s: an O/R address has no mailbox and is only named (RFC 2156 4.7.2)", field);
  }
  if (plain.address)
    or_address_free(plain.address);
}

static void write_from(struct from_x400 *from, const struct EDIMHeading *heading)
{
  if (!heading->originator && (!from->sender || from->depth))
    return;
  mime_writer_list(from->writer, "From");
  if (heading->originator)
    write_address(from, "From", heading->originator);
  else
    mime_writer_mailbox(from->writer, NULL, from->sender, NULL);
  mime_writer_list_end(from->writer);
}

static bool is_copy(const struct EDIMRecipient *recipient)
{
  return recipient->action_request && oid_get(recipient->action_request) == OID_EDI_FOR_COPY;
}

static guint write_recipients(struct from_x400 *from, const struct EDIMHeading *heading, const char *field,
                              bool copy)
{
  guint count = 0;
  for (int i = 0; heading->recipients && i < heading->recipients->list.count; i++) {
    const struct EDIMRecipient *recipient = heading->recipients->list.array[i];
    if (is_copy(recipient) != copy)
      continue;
    if (!count++)
      mime_writer_list(from->writer, field);
    write_address(from, field, &recipient->recipient);
  }
  if (count)
    mime_writer_list_end(from->writer);
  return count;
}

/* What a mail brought along, or NULL: none. */
static GPtrArray *kept_fields(const struct from_x400 *from, const struct EDIMHeading *heading)
{
  for (int i = 0; heading->heading_extensions && i < heading->heading_extensions->list.count; i++) {
    const struct EDIMExtension *extension = heading->heading_extensions->list.array[i];
    if (oid_get(&extension->type) != OID_RFC_822_FIELD_LIST || !extension->value)
      continue;
    g_autoptr(octets_t) octets = asn1_octets(from->value, (const struct OCTET_STRING *)extension->value);
    g_autoptr(asn1_value_t) list = asn1_decode(&asn_DEF_RFC822FieldList, octets, NULL, NULL);
    if (list)
      return x400_field_list_get(list);
  }
  return g_ptr_array_new_with_free_func(g_free);
}

static void write_extensions(struct from_x400 *from, const struct EDIMHeading *heading)
{
  for (int i = 0, number = 0; heading->heading_extensions && i < heading->heading_extensions->list.count;
       i++) {
    const struct EDIMExtension *extension = heading->heading_extensions->list.array[i];
    g_autofree char *hex = edi_encoded(from->value, &asn_DEF_EDIMExtension, extension);
    if (!hex || oid_get(&extension->type) == OID_RFC_822_FIELD_LIST)
      continue;
    g_autofree char *name = g_strdup_printf("extension-%d", ++number);
    mime_writer_param(from->writer, name, hex);
  }
}

static void write_types(struct from_x400 *from, const struct EDIMessageTypes *types)
{
  for (int i = 0; types && i < types->list.count; i++) {
    const struct edi_element element = {NULL, EDI_STRING_IN, 0, NULL};
    struct edi_element row = element;
    g_autofree char *name = g_strdup_printf("message-type-%d", i + 1);
    row.name = name;
    const struct edi_table table = {&row, 1, 0};
    edi_fields_write(from->writer, from->value, &table, types->list.array[i]);
  }
}

/* The number of each additional part that has one. */
static void write_references(struct from_x400 *from, const struct edim *edim)
{
  for (guint i = 0; i < edim->additional->len; i++) {
    const struct EDIMExtendedBodyPart *part = edim->additional->pdata[i];
    if (!part->body_part_reference)
      continue;
    g_autofree char *name = g_strdup_printf("part-reference-%u", i + 1),
                    *text = g_strdup_printf("%ld", *part->body_part_reference);
    mime_writer_param(from->writer, name, text);
  }
}

static void write_heading_field(struct from_x400 *from, const struct edim *edim, const char *message_id)
{
  const struct EDIMHeading *heading = edim->heading;
  mime_writer_value(from->writer, EDI_HEADING, "edim");
  if (edim_identifier_is_plain(message_id)) { /* else it is in the Message-ID */
    const struct edi_element user = {"user", EDI_NAME_IN, offsetof(struct EDIMIdentifier, user), NULL};
    const struct edi_table table = {&user, 1, 0};
    edi_fields_write(from->writer, from->value, &table, &heading->this_EDIM);
  }
  edi_fields_write(from->writer, from->value, &edim_heading_table, heading);
  if (!heading->originator)
    mime_writer_param(from->writer, "originator", "none");
  write_types(from, heading->edi_message_type);
  write_references(from, edim);
  write_extensions(from, heading);
  if (edim->primary && edim->primary->present == EDIMPrimaryBodyPart_PR_forwarded_EDIM &&
      edim->primary->choice.forwarded_EDIM->parameters) {
    g_autofree char *hex = edi_encoded(from->value, &asn_DEF_EDIMMessageParameters,
                                       edim->primary->choice.forwarded_EDIM->parameters);
    if (hex)
      mime_writer_param(from->writer, "forwarded-parameters", hex);
  }
  if (!edim->primary)
    mime_writer_param(from->writer, "interchange", "removed");
  mime_writer_value_end(from->writer);
  for (int i = 0; heading->recipients && i < heading->recipients->list.count; i++) {
    mime_writer_value(from->writer, EDI_RECIPIENT, "edim");
    edi_fields_write(from->writer, from->value, &edim_recipient_table, heading->recipients->list.array[i]);
    mime_writer_value_end(from->writer);
  }
}

/* Nobody on the way answers as X.435 wants: what was asked for stands in the field, and nowhere else. */
static void tell_requests(struct from_x400 *from, const struct EDIMHeading *heading)
{
  for (int i = 0; heading->recipients && i < heading->recipients->list.count; i++)
    if (((const struct EDIMRecipient *)heading->recipients->list.array[i])->edi_notification_requests_field) {
      mapping_loss(from->losses,
                   "edi-notification-requests: kept in %s alone (X.435 8.2.3.3): no mail program answers with EDI "
                   "notifications",
                   EDI_RECIPIENT);
      return;
    }
}

static bool is_ours(const char *field)
{
  static const char *const names[] = {"From:",
                                      "To:",
                                      "Cc:",
                                      "Message-ID:",
                                      "MIME-Version:",
                                      "Content-Type:",
                                      "Content-Transfer-Encoding:",
                                      "Date:",
                                      "Received:"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (!g_ascii_strncasecmp(field, names[i], strlen(names[i])))
      return true;
  return !g_ascii_strncasecmp(field, "X400-", 5) ||
         !g_ascii_strncasecmp(field, HEADING_FULL, strlen(HEADING_FULL)) ||
         !g_ascii_strncasecmp(field, HEADING_BODY_PART, strlen(HEADING_BODY_PART));
}

static void write_heading(struct from_x400 *from, const struct edim *edim, GPtrArray *fields)
{
  const struct EDIMHeading *heading = edim->heading;
  write_from(from, heading);
  guint count = write_recipients(from, heading, "To", false);
  count += write_recipients(from, heading, "Cc", true);
  if (!count) { /* RFC 2156 5.3.2 */
    mime_writer_list(from->writer, "To");
    mime_writer_group(from->writer, "list", NULL);
    mime_writer_list_end(from->writer);
  }
  g_autofree char *id = edim_message_id(from, &heading->this_EDIM);
  mime_writer_field(from->writer, "Message-ID", id);
  write_heading_field(from, edim, id);
  tell_requests(from, heading);
  for (guint i = 0; i < fields->len; i++)
    if (!is_ours(fields->pdata[i]))
      mime_writer_raw_field(from->writer, fields->pdata[i]);
  mime_writer_field(from->writer, "MIME-Version", "1.0");
}

/* --- body --- */

static bool write_interchange(struct from_x400 *from, const struct edim *edim, GPtrArray *fields,
                              GError **error)
{
  g_autoptr(mime_draft_t) draft = mime_draft_new();
  draft->content =
      edim->primary ? asn1_octets(from->value, &edim->primary->choice.edi_body_part) : octets_new("", 0);
  enum edi_kind kind = edi_kind_of(draft->content), promised = EDI_EDIFACT; /* X.435 8.2.6: the default */
  if (edim->heading->edi_bodypart_type &&
      !edi_kind_of_oid(oid_get(edim->heading->edi_bodypart_type), &promised))
    promised = EDI_NONE;
  BodyPart_t none = {0};
  const struct reading reading = {from, &none, 1, !edim->additional->len, fields};
  if (!body_read_mark(&reading, draft))
    draft->type = g_strdup(edi_media_type(kind != EDI_NONE ? kind : promised));
  return body_draft_write(from, draft, error);
}

static void add_additional(struct edim *edim, const struct EDIMOtherBodyParts *parts)
{
  for (int i = 0; parts && i < parts->list.count; i++)
    g_ptr_array_add(edim->additional, parts->list.array[i]);
}

/* A forwarded message, whose parts may have been taken out.  values keeps what was decoded. */
static void add_remaining(struct from_x400 *from, struct edim *edim,
                          const struct EDIMAdditionalBodyParts *parts, GPtrArray *values)
{
  for (int i = 0; parts && i < parts->list.count; i++) {
    g_autoptr(octets_t) octets = asn1_octets(from->value, (const struct OCTET_STRING *)parts->list.array[i]);
    struct asn1_value *value = asn1_decode(&asn_DEF_EDIMAdditionalBodyPart, octets, NULL, NULL);
    if (!value) {
      mapping_loss(from->losses,
                   "forwarded EDI message: the place of a removed body part is lost (X.435 8.3.3)");
      continue;
    }
    g_ptr_array_add(values, value);
    EDIMAdditionalBodyPart_t *part = asn1_value_get(value);
    g_ptr_array_add(edim->additional, &part->choice.external_body_part);
  }
}

static bool write_forwarded(struct from_x400 *from, const struct EDIMBodyPart *part, GError **error)
{
  if (++from->depth > from->context->settings->depth_max) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT,
                "5.3.4 the message has more than %u levels of messages", from->context->settings->depth_max);
    return false;
  }
  const EDIMBodyOrRemoved_t *body = part->data->body;
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func((GDestroyNotify)asn1_value_free);
  g_autoptr(GPtrArray) additional = g_ptr_array_new();
  struct edim inner = {.heading = &part->data->heading, .additional = additional, .roots = values};
  if (body->primary_or_removed->present == EDIMPrimaryOrRemoved_PR_primary_body_part)
    inner.primary = body->primary_or_removed->choice.primary_body_part;
  add_remaining(from, &inner, body->additional_body_parts, values);
  mime_writer_field(from->writer, "Content-Type", "message/rfc822");
  mime_writer_end_header(from->writer);
  bool good = write_edim(from, &inner, error);
  from->depth--;
  return good;
}

static bool write_primary(struct from_x400 *from, const struct edim *edim, GPtrArray *fields, GError **error)
{
  if (edim->primary && edim->primary->present == EDIMPrimaryBodyPart_PR_forwarded_EDIM)
    return write_forwarded(from, edim->primary->choice.forwarded_EDIM, error);
  return write_interchange(from, edim, fields, error);
}

static bool write_edim(struct from_x400 *from, const struct edim *edim, GError **error)
{
  g_autoptr(GPtrArray) fields = kept_fields(from, edim->heading);
  write_heading(from, edim, fields);
  if (!edim->additional->len)
    return write_primary(from, edim, fields, error);
  g_autofree char *boundary = mime_writer_boundary(from->writer);
  mime_writer_value(from->writer, "Content-Type", "multipart/mixed");
  mime_writer_param(from->writer, "boundary", boundary);
  mime_writer_value_end(from->writer);
  mime_writer_end_header(from->writer);
  mime_writer_delimiter(from->writer, boundary, false);
  if (!write_primary(from, edim, fields, error))
    return false;
  for (guint i = 0; i < edim->additional->len; i++) {
    const struct EDIMExtendedBodyPart *extended = edim->additional->pdata[i];
    const BodyPart_t part = {.present = BodyPart_PR_externally_defined,
                             .choice.externally_defined = extended->extended_body_part};
    mime_writer_delimiter(from->writer, boundary, false);
    const struct asn1_value *content = from->value;
    from->value = edim->roots ? edim->roots->pdata[i] : content;
    bool good = body_write_part(from, &part, i + 2, false, fields, error);
    from->value = content;
    if (!good)
      return false;
  }
  mime_writer_delimiter(from->writer, boundary, true);
  return true;
}

bool edim_from_x400(struct from_x400 *from, const struct EDIInformationObject *object, const char *recipient,
                    GError **error)
{
  if (object->present == EDIInformationObject_PR_edin)
    return edin_from_x400(from, object, recipient, error);
  const EDIM_t *message = &object->choice.edim;
  g_autoptr(GPtrArray) additional = g_ptr_array_new();
  struct edim edim = {&message->heading, &message->body.primary_body_part, additional, NULL};
  add_additional(&edim, message->body.additional_body_parts);
  return write_edim(from, &edim, error);
}
