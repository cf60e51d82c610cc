/* body_to_text.c - a text to be read becomes IA5 text, general text or teletex: RFC 2157 6.1, 6.2, 6.7. */
#include "mapping/body.h"
#include "mapping/text.h"

#include <string.h>

#include <BodyPart.h>
#include <External.h>
#include <GeneralTextData.h>
#include <GeneralTextParameters.h>

void body_put_ia5(struct to_x400 *to, struct octets *octets, struct BodyPart *body_part)
{
  body_part->present = BodyPart_PR_ia5_text;
  asn1_put_octets(to->value, &body_part->choice.ia5_text.data, octets);
  eit_add_built_in(to->types, EIT_IA5_BIT);
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
  return body_put_external(to->value, defined->parameters, OID_EP_GENERAL_TEXT, parameters, error) &&
         body_put_external(to->value, &defined->data, OID_ET_GENERAL_TEXT, data, error);
}

/* RFC 2157 6.7: a page ends with a form feed. */
static bool teletex_part(struct to_x400 *to, struct octets *octets, struct BodyPart *body_part,
                         GError **error)
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

bool body_is_text(const struct making *making)
{
  const struct mime_part *part = making->part;
  if (strcmp(part->type->value, "text/plain") != 0 || part->encoding == MIME_UNKNOWN_ENCODING)
    return false;
  g_autofree char *name = mime_part_filename(making->to->mail, part);
  g_autoptr(mime_params_t) disposition = mime_part_disposition(making->to->mail, part);
  return !name && !(disposition && !strcmp(disposition->value, "attachment"));
}

/* 2.4 (4): what a text part's header says beyond its set is lost, or stays with the message whose only body
 * it is. */
static void text_header(const struct making *making)
{
  static const char *const names[] = {"Content-ID", "Content-Description", "Content-Disposition"};
  const struct mime_part *part = making->part;
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    const char *body = mime_part_field(part, names[i]);
    if (body && making->alone)
      g_ptr_array_add(making->fields, g_strdup_printf("%s: %s", names[i], body));
    else if (body)
      mapping_loss(making->to->losses,
                   "body part %u: %s is left out (RFC 2157 2.4): a text has no place for it",
                   making->to->part, names[i]);
  }
  for (guint i = 0; i < part->type->list->len; i++) {
    const struct mime_param *param = part->type->list->pdata[i];
    if (strcmp(param->name, "charset") != 0)
      mapping_loss(
          making->to->losses,
          "body part %u: Content-Type's %s=%s is left out (RFC 2157 6.1): a text has no place for it",
          making->to->part, param->name, param->value);
  }
}

/* What 1984 has of it. */
static enum mapping_text_body text_habit(const struct to_x400 *to)
{
  return !to->old || to->peer->text_body == MAPPING_TEXT_TELETEX ? to->peer->text_body : MAPPING_TEXT_IA5;
}

enum body_status body_make_text(struct making *making, GError **error)
{
  struct to_x400 *to = making->to;
  struct octets *content = making_content(making, error);
  if (!content)
    return BODY_FAILED;
  long registration = 0;
  struct octets *text = NULL;
  enum text_status status =
      text_to_x400(to->context->charsets, mime_params_get(making->part->type, "charset"), content,
                   text_habit(to), to->spill, &registration, &text, error);
  if (status != TEXT_OK)
    return status == TEXT_ERROR ? BODY_FAILED : BODY_OTHER;
  g_autoptr(octets_t) octets = text;
  text_header(making);
  bool good = true;
  if (registration == TEXT_TELETEX)
    good = teletex_part(to, octets, making->body_part, error);
  else if (registration != 6)
    good = general_part(to, octets, registration, making->body_part, error);
  else
    body_put_ia5(to, octets, making->body_part);
  return good ? BODY_MADE : BODY_FAILED;
}
