/* body_to_x400.c - RFC 2157: the body of a mail becomes body parts.
 *
 *   text/plain to be read           ia5-text, or general-text in the narrowest set that holds it (6.1, 6.2)
 *   message/rfc822                  message: a forwarded IPM, its heading and body made as the outer ones
 * (6.5) multipart, outermost            its parts, side by side; the subtype in the heading extension
 * multipart-message (6.6) multipart within                message, marked "not a message" by that extension
 * (6.6) multipart/signed, /encrypted, message/external-body           ia5-text with the part as it stands,
 * HARPOON (3.1.3, 7.1, 7.3, 7.4) application/x400-bp             the body part that it holds (3.2) anything
 * else                   file transfer body part (3.1.1, 6.4), or bilaterally-defined where the peer wants it
 * (6.3)
 *
 * image/g3fax becomes g3-facsimile (RFC 2159).  Towards 1984 there is no general text and no file transfer: what would be
 * one goes as HARPOON text (RFC 1496), and the heading's fields stand in a first part (RFC 2156 appendix B).
 *
 * multipart/alternative keeps all of its parts: an X.400 user sees the text first and the rest as files
 * (decision 0053). */
#include "mapping/fax.h"
#include "mapping/harpoon.h"
#include "mapping/text.h"

#include <stdlib.h>
#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <GeneralTextData.h>
#include <GeneralTextParameters.h>
#include <Heading.h>
#include <IPM.h>
#include <MessageBodyPart.h>
#include <MultipartType.h>
#include <ORDescriptor.h>
#include <OtherMessageDeliveryFields.h>
#include <RecipientSpecifier.h>
#include <RecipientSpecifiers.h>

enum { SUBJECT_BOUND = 128 };

static bool add_part(struct to_x400 *to, const struct mime_part *part, bool alone, struct Body *body,
                     GPtrArray *fields, GError **error);

/* --- text --- */

static void ia5_part(struct to_x400 *to, struct octets *octets, struct BodyPart *body_part)
{
  body_part->present = BodyPart_PR_ia5_text;
  asn1_put_octets(to->value, &body_part->choice.ia5_text.data, octets);
  eit_add_built_in(to->types, EIT_IA5_BIT);
}

static bool harpoon_part(struct to_x400 *to, const struct mime_part *part, bool alone, struct BodyPart *body_part,
                         GError **error)
{
  g_autoptr(octets_t) text = harpoon_of_mail(to, part, alone, error);
  if (text)
    ia5_part(to, text, body_part);
  return text != NULL;
}

static bool put_external(struct to_x400 *to, struct External *external, enum oid oid,
                         const struct asn1_value *content, GError **error)
{
  g_autoptr(octets_t) octets = asn1_encode(content, error);
  if (!octets)
    return false;
  external->direct_reference = asn1_new_field(OBJECT_IDENTIFIER_t);
  oid_put(external->direct_reference, oid);
  external->encoding.present = External__encoding_PR_single_ASN1_type;
  asn1_put_octets(to->value, (struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type, octets);
  return true;
}

static bool general_part(struct to_x400 *to, struct octets *octets, long registration,
                         struct BodyPart *body_part, GError **error)
{
  long numbers[4];
  gsize count = charset_parameters(registration, numbers);
  g_autoptr(asn1_value_t) parameters = asn1_value_new(&asn_DEF_GeneralTextParameters);
  GeneralTextParameters_t *sets = asn1_value_get(parameters);
  for (gsize i = 0; i < count; i++) {
    asn_set_add(&sets->list, x400_long(numbers[i]));
    g_autofree char *type = g_strdup_printf("%s.%ld", oid_dotted(OID_CS_EIT), numbers[i]);
    eit_add(to->types, type);
  }
  g_autoptr(asn1_value_t) data = asn1_value_new(&asn_DEF_GeneralTextData);
  asn1_put_octets(data, asn1_value_get(data), octets);
  body_part->present = BodyPart_PR_externally_defined;
  ExternallyDefinedBodyPart_t *defined = &body_part->choice.externally_defined;
  defined->parameters = asn1_new_field(struct External);
  to->new_features = true;
  return put_external(to, defined->parameters, OID_EP_GENERAL_TEXT, parameters, error) &&
         put_external(to, &defined->data, OID_ET_GENERAL_TEXT, data, error);
}

/* RFC 2157 6.7: a page ends with a form feed. */
static bool teletex_part(struct to_x400 *to, struct octets *octets, struct BodyPart *body_part, GError **error)
{
  g_autoptr(GPtrArray) pages = text_pages(octets, error);
  if (!pages)
    return false;
  body_part->present = BodyPart_PR_teletex;
  for (guint i = 0; i < pages->len; i++) {
    TeletexString_t *page = asn1_new_field(TeletexString_t);
    asn1_put_octets(to->value, page, pages->pdata[i]);
    asn_sequence_add(&body_part->choice.teletex.data.list, page);
  }
  eit_add_built_in(to->types, EIT_TELETEX_BIT);
  return true;
}

static bool is_text(const struct to_x400 *to, const struct mime_part *part)
{
  if (strcmp(part->type->value, "text/plain") != 0 || part->encoding == MIME_UNKNOWN_ENCODING)
    return false;
  g_autofree char *name = mime_part_filename(to->mail, part);
  g_autoptr(mime_params_t) disposition = mime_part_disposition(to->mail, part);
  return !name && !(disposition && !strcmp(disposition->value, "attachment"));
}

/* 2.4 (4): what a text part's header says beyond its set is lost, or stays with the message whose only body
 * it is. */
static void text_header(struct to_x400 *to, const struct mime_part *part, bool alone, GPtrArray *fields)
{
  static const char *const names[] = {"Content-ID", "Content-Description", "Content-Disposition"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    const char *body = mime_part_field(part, names[i]);
    if (body && alone)
      g_ptr_array_add(fields, g_strdup_printf("%s: %s", names[i], body));
    else if (body)
      mapping_loss(to->losses, "body part %u: %s is left out (RFC 2157 2.4): a text has no place for it",
                   to->part, names[i]);
  }
  for (guint i = 0; i < part->type->list->len; i++) {
    const struct mime_param *param = part->type->list->pdata[i];
    if (strcmp(param->name, "charset") != 0)
      mapping_loss(
          to->losses,
          "body part %u: Content-Type's %s=%s is left out (RFC 2157 6.1): a text has no place for it",
          to->part, param->name, param->value);
  }
}

/* --- files --- */

/* 6.3 keeps no type and no name: a field of the heading does (decision 0052). */
static void bilateral_part(struct to_x400 *to, const struct mime_part *part, struct octets *content,
                           guint number, struct BodyPart *body_part, GPtrArray *fields)
{
  body_part->present = BodyPart_PR_bilaterally_defined;
  asn1_put_octets(to->value, &body_part->choice.bilaterally_defined, content);
  eit_add_built_in(to->types, EIT_UNKNOWN_BIT);
  g_autofree char *text = g_strdup_printf("%u", number), *type = mime_type_line(part),
                  *name = mime_part_filename(to->mail, part);
  g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "");
  mime_writer_value(writer, HEADING_BODY_PART, text);
  mime_writer_param(writer, "type", type);
  if (name)
    mime_writer_param(writer, "filename", name);
  const char *id = mime_part_field(part, "Content-ID");
  if (id)
    mime_writer_param(writer, "id", id);
  mime_writer_value_end(writer);
  g_autoptr(GBytes) bytes = mime_writer_bytes(writer);
  g_autoptr(GString) line =
      g_string_new_len(g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes) - 2);
  g_string_replace(line, "\r\n", "", 0);
  g_ptr_array_add(fields, g_strdup(line->str));
}

/* A message may hold what 1984 does not know, however deep. */
static bool is_of_1984(const struct BodyPart *part)
{
  return (part->present < BodyPart_PR_tif1 && part->present != BodyPart_PR_message) ||
         part->present == BodyPart_PR_bilaterally_defined;
}

/* A basic body part has no place for what a part's header says. */
static void part_header(struct to_x400 *to, const struct mime_part *part)
{
  static const char *const names[] = {"Content-ID", "Content-Description", "Content-Disposition"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (mime_part_field(part, names[i]))
      mapping_loss(to->losses, "body part %u: %s is left out (RFC 2159 3): a facsimile has no place for it",
                   to->part, names[i]);
}

/* 3.2 backwards. NULL: it is no body part, one that the peer cannot read, or too long to be one again: it stays a
 * file. */
static struct BodyPart *wrapped_part(const struct to_x400 *to, const struct mime_part *part,
                                     struct octets *content)
{
  if (strcmp(part->type->value, "application/x400-bp") != 0)
    return NULL;
  g_autoptr(asn1_value_t) value = asn1_decode(&asn_DEF_BodyPart, content, NULL, NULL);
  if (!value || (to->old && !is_of_1984(asn1_value_get(value))))
    return NULL;
  return asn1_value_steal(g_steal_pointer(&value));
}

/* What 1984 has of it. */
static enum mapping_text_body text_habit(const struct to_x400 *to)
{
  return !to->old || to->peer->text_body == MAPPING_TEXT_TELETEX ? to->peer->text_body : MAPPING_TEXT_IA5;
}

static bool leaf_part(struct to_x400 *to, const struct mime_part *part, bool alone, guint number,
                      struct BodyPart **body_part, GPtrArray *fields, GError **error)
{
  g_autoptr(octets_t) content = mime_part_content(to->mail, part, to->spill, error);
  if (!content)
    return false;
  if (is_text(to, part)) {
    long registration = 0;
    struct octets *text = NULL;
    enum text_status status = text_to_x400(to->context->charsets, mime_params_get(part->type, "charset"),
                                           content, text_habit(to),
                                           to->spill, &registration, &text, error);
    if (status == TEXT_ERROR)
      return false;
    if (status == TEXT_OK) {
      g_autoptr(octets_t) octets = text;
      text_header(to, part, alone, fields);
      if (registration == TEXT_TELETEX)
        return teletex_part(to, octets, *body_part, error);
      if (registration != 6)
        return general_part(to, octets, registration, *body_part, error);
      ia5_part(to, octets, *body_part);
      return true;
    }
    /* The peer reads no general text: what stands in IA5 is lossless, if not pretty. */
    if (to->old || to->peer->text_body != MAPPING_TEXT_GENERAL)
      return harpoon_part(to, part, alone, *body_part, error);
  }
  if (!strcmp(part->type->value, "message/external-body"))
    return harpoon_part(to, part, alone, *body_part, error);
  struct BodyPart *wrapped = wrapped_part(to, part, content);
  if (wrapped) {
    free(*body_part);
    *body_part = wrapped;
    to->new_features |= wrapped->present == BodyPart_PR_externally_defined;
    eit_add_built_in(to->types, EIT_UNKNOWN_BIT);
    return true;
  }
  if (!strcmp(part->type->value, "image/g3fax")) {
    GError *local = NULL;
    if (fax_to_x400(to, part, content, *body_part, &local)) {
      part_header(to, part);
      return true;
    }
    if (local) {
      g_propagate_error(error, local);
      return false;
    }
  }
  if (to->peer->attachment_body == MAPPING_ATTACHMENT_BILATERAL) {
    bilateral_part(to, part, content, number, *body_part, fields);
    return true;
  }
  if (to->old) /* RFC 1496 3.2: 1984 has no file transfer body part */
    return harpoon_part(to, part, alone, *body_part, error);
  return file_transfer_to_x400(to, part, content, alone, *body_part, error);
}

/* --- messages and multiparts --- */

static void put_multipart(struct to_x400 *to, const char *subtype, bool is_a_message, struct Heading *heading)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_MultipartType);
  MultipartType_t *type = asn1_value_get(value);
  asn1_put_string(&type->subtype, subtype);
  if (!is_a_message)
    type->isAMessage = asn1_new_field(BOOLEAN_t); /* FALSE */
  x400_heading_extension_add(to->value, &heading->extensions, OID_HEX_MULTIPART_MESSAGE_V2,
                             &asn_DEF_MultipartType, type);
  to->new_features = true;
}

static const char *subtype_of(const struct mime_part *part)
{
  return part->type->value + strlen("multipart/");
}

static bool add_children(struct to_x400 *to, const struct mime_part *part, struct Body *body,
                         GPtrArray *fields, GError **error)
{
  for (guint i = 0; i < part->children->len; i++)
    if (!add_part(to, part->children->pdata[i], false, body, fields, error))
      return false;
  return true;
}

/* 6.6's subjects, for people who see only messages within messages. */
static char *multipart_subject(const char *subtype)
{
  static const struct {
    const char *subtype, *subject;
  } subjects[] = {{"mixed", "Multipart Message"},
                  {"alternative", "Alternative Body Parts containing the same information"},
                  {"digest", "Message Digest"},
                  {"parallel", "Body Parts interpreted in parallel"}};
  for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++)
    if (!strcmp(subtype, subjects[i].subtype))
      return g_strdup(subjects[i].subject);
  return g_strdup_printf("Multipart Message (%s)", subtype);
}

/* 84: the header that has no extension to stand in is the first body part (RFC 2156 appendix B). */
static void add_old_header(struct to_x400 *to, struct Body *body, GPtrArray *fields)
{
  g_autoptr(octets_t) octets = harpoon_header(fields);
  struct BodyPart *body_part = asn1_new_field(struct BodyPart);
  ia5_part(to, octets, body_part);
  asn_sequence_add(&body->list, body_part);
  /* It comes first. */
  memmove(body->list.array + 1, body->list.array, (gsize)(body->list.count - 1) * sizeof *body->list.array);
  body->list.array[0] = body_part;
}

static bool multipart_part(struct to_x400 *to, const struct mime_part *part, struct BodyPart *body_part,
                           GError **error)
{
  body_part->present = BodyPart_PR_message;
  body_part->choice.message = asn1_new_field(struct MessageBodyPart);
  struct IPM *ipm = body_part->choice.message->data = asn1_new_field(struct IPM);
  ipm->body = asn1_new_field(struct Body);
  heading_make_identifier(to, &ipm->heading);
  g_autofree char *subject = multipart_subject(subtype_of(part));
  ipm->heading.subject = asn1_new_field(SubjectField_t);
  (void)x400_teletex_put(subject, SUBJECT_BOUND, ipm->heading.subject);
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  if (!add_children(to, part, ipm->body, fields, error))
    return false;
  if (to->old) {
    if (fields->len)
      add_old_header(to, ipm->body, fields);
    return true;
  }
  put_multipart(to, subtype_of(part), false, &ipm->heading);
  heading_fields_put(to, fields, &ipm->heading);
  return true;
}

/* 6.5: the envelope of a forwarded message, when all that it must have is known; the fields it takes then
 * leave the list. */
static void put_delivery_envelope(struct to_x400 *to, const struct mime_part *header,
                                  struct MessageBodyPart *message, GPtrArray *fields)
{
  const struct Heading *heading = &message->data->heading;
  const char *date = mime_part_field(header, "Date");
  struct mail_time time;
  const struct RecipientSpecifiers *recipients = heading->primary_recipients;
  const struct ORDescriptor *recipient =
      recipients && recipients->list.count ? &recipients->list.array[0]->recipient : NULL;
  if (!date || !mail_time_parse(date, &time) || !heading->originator || !heading->originator->formal_name ||
      !recipient || !recipient->formal_name)
    return;
  g_autoptr(or_address_t) originator =
      or_address_from_asn1(to->value, heading->originator->formal_name, NULL);
  g_autoptr(or_address_t) first = or_address_from_asn1(to->value, recipient->formal_name, NULL);
  if (!originator || !first)
    return;
  struct OtherMessageDeliveryFields *envelope = message->parameters.delivery_envelope =
      asn1_new_field(struct OtherMessageDeliveryFields);
  envelope->content_type.present = DeliveredContentType_PR_built_in;
  envelope->content_type.choice.built_in = to->old ? BuiltInContentType_interpersonal_messaging_1984
                                                   : BuiltInContentType_interpersonal_messaging_1988;
  or_address_to_asn1(originator, to->value, &envelope->originator_name);
  or_address_to_asn1(first, to->value, &envelope->this_recipient_name);
  x400_time_put(&time, &envelope->message_submission_time);
  if (to->old) { /* X.411 (1984) 4.3: mandatory there */
    envelope->original_encoded_information_types = eit_to_asn1(to->types);
    envelope->delivery_flags = asn1_new_field(DeliveryFlags_t);
    x400_bits_put(envelope->delivery_flags, 0, 0);
  }
  for (guint i = fields->len; i-- > 0;)
    if (!g_ascii_strncasecmp(fields->pdata[i], "Date:", 5))
      g_ptr_array_remove_index(fields, i);
}

static bool message_part(struct to_x400 *to, const struct mime_part *part, struct BodyPart *body_part,
                         GError **error)
{
  const struct mime_part *inner = part->children->pdata[0];
  body_part->present = BodyPart_PR_message;
  struct MessageBodyPart *message = body_part->choice.message = asn1_new_field(struct MessageBodyPart);
  message->data = asn1_new_field(struct IPM);
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  heading_to_x400(to, inner, true, &message->data->heading, fields);
  if (!body_to_x400(to, inner, message->data, fields, error))
    return false;
  put_delivery_envelope(to, inner, message, fields);
  if (!to->old)
    heading_fields_put(to, fields, &message->data->heading);
  return true;
}

/* A message of no field is no mail: its octets are kept instead. */
static bool is_mail(const struct mime_part *part)
{
  return part->kind == MIME_MESSAGE && part->children &&
         ((const struct mime_part *)part->children->pdata[0])->fields->len;
}

static bool is_sealed(const struct mime_part *part)
{
  return g_str_has_prefix(part->type->value, "multipart/") &&
         (!strcmp(subtype_of(part), "signed") || !strcmp(subtype_of(part), "encrypted"));
}

static bool add_part(struct to_x400 *to, const struct mime_part *part, bool alone, struct Body *body,
                     GPtrArray *fields, GError **error)
{
  struct BodyPart *body_part = asn1_new_field(struct BodyPart);
  asn_sequence_add(&body->list, body_part);
  to->part++;
  if (is_sealed(part))
    return harpoon_part(to, part, alone, body_part, error);
  if (part->kind == MIME_MULTIPART)
    return multipart_part(to, part, body_part, error);
  if (is_mail(part))
    return message_part(to, part, body_part, error);
  int index = body->list.count - 1;
  bool good = leaf_part(to, part, alone, (guint)index + 1, &body_part, fields, error);
  body->list.array[index] = body_part;
  return good;
}

bool body_to_x400(struct to_x400 *to, const struct mime_part *part, struct IPM *ipm, GPtrArray *fields,
                  GError **error)
{
  struct Body *body = ipm->body = asn1_new_field(struct Body);
  bool good;
  if (part->kind == MIME_MULTIPART && !is_sealed(part)) {
    good = add_children(to, part, body, fields, error);
    /* "mixed" needs no mark where several parts say it (6.6). */
    if (!to->old && (strcmp(subtype_of(part), "mixed") != 0 || part->children->len < 2))
      put_multipart(to, subtype_of(part), true, &ipm->heading);
  } else {
    good = add_part(to, part, true, body, fields, error);
  }
  if (good && to->old && fields->len)
    add_old_header(to, body, fields);
  return good;
}
