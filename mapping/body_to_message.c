/* body_to_message.c - parts that hold parts become messages: RFC 2157 6.5, 6.6; RFC 2156 appendix B for 1984.
 */
#include "mapping/body.h"
#include "mapping/harpoon.h"

#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <Heading.h>
#include <IPM.h>
#include <MessageBodyPart.h>
#include <MultipartType.h>
#include <ORDescriptor.h>
#include <OtherMessageDeliveryFields.h>
#include <RecipientSpecifier.h>
#include <RecipientSpecifiers.h>

enum { SUBJECT_BOUND = 128 };

void body_put_multipart(struct to_x400 *to, const char *subtype, bool is_a_message, struct Heading *heading)
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
void body_add_old_header(struct to_x400 *to, struct Body *body, GPtrArray *fields)
{
  g_autoptr(octets_t) octets = harpoon_header(fields);
  struct BodyPart *body_part = asn1_new_field(struct BodyPart);
  body_put_ia5(to, octets, body_part);
  asn_sequence_add(&body->list, body_part);
  /* It comes first. */
  memmove(body->list.array + 1, body->list.array, (gsize)(body->list.count - 1) * sizeof *body->list.array);
  body->list.array[0] = body_part;
}

enum body_status body_make_multipart(struct making *making, GError **error)
{
  struct to_x400 *to = making->to;
  struct BodyPart *body_part = making->body_part;
  body_part->present = BodyPart_PR_message;
  body_part->choice.message = asn1_new_field(struct MessageBodyPart);
  struct IPM *ipm = body_part->choice.message->data = asn1_new_field(struct IPM);
  ipm->body = asn1_new_field(struct Body);
  heading_make_identifier(to, &ipm->heading);
  g_autofree char *subject = multipart_subject(body_subtype(making->part));
  ipm->heading.subject = asn1_new_field(SubjectField_t);
  (void)x400_teletex_put(subject, SUBJECT_BOUND, ipm->heading.subject);
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  if (!body_add_children(to, making->part, ipm->body, fields, error))
    return BODY_FAILED;
  if (to->old) {
    if (fields->len)
      body_add_old_header(to, ipm->body, fields);
    return BODY_MADE;
  }
  body_put_multipart(to, body_subtype(making->part), false, &ipm->heading);
  heading_fields_put(to, fields, &ipm->heading);
  return BODY_MADE;
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

enum body_status body_make_message(struct making *making, GError **error)
{
  struct to_x400 *to = making->to;
  const struct mime_part *inner = making->part->children->pdata[0];
  making->body_part->present = BodyPart_PR_message;
  struct MessageBodyPart *message = making->body_part->choice.message =
      asn1_new_field(struct MessageBodyPart);
  message->data = asn1_new_field(struct IPM);
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  heading_to_x400(to, inner, true, &message->data->heading, fields);
  if (!body_to_x400(to, inner, message->data, fields, error))
    return BODY_FAILED;
  put_delivery_envelope(to, inner, message, fields);
  if (!to->old)
    heading_fields_put(to, fields, &message->data->heading);
  return BODY_MADE;
}
