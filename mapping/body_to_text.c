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

static bool general_part(struct to_x400 *to, const struct text_made *made, struct BodyPart *body_part,
                         GError **error)
{
  g_autoptr(asn1_value_t) parameters = asn1_value_new(&asn_DEF_GeneralTextParameters);
  GeneralTextParameters_t *sets = asn1_value_get(parameters);
  for (gsize i = 0; i < made->count; i++) {
    asn_set_add(&sets->list, x400_long(made->registrations[i]));
    g_autofree char *type = g_strdup_printf("%s.%ld", oid_dotted(OID_CS_EIT), made->registrations[i]);
    eit_add(to->types, type);
  }
  g_autoptr(asn1_value_t) data = asn1_value_new(&asn_DEF_GeneralTextData);
  asn1_put_octets(data, asn1_value_get(data), made->octets);
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

/* The forms that serve: 1984 has IA5 text and teletex; a sender who prohibits conversion with loss gets none.
 */
static struct mapping_text_forms text_forms(const struct to_x400 *to)
{
  struct mapping_text_forms forms = to->peer->text_forms;
  const char *loss = mime_part_field(to->mail->root, "Conversion-With-Loss");
  forms.exact = loss && !g_ascii_strncasecmp(loss, "prohibited", strlen("prohibited"));
  for (guint i = 0; i < forms.count && to->old; i++) {
    bool file = forms.list[i] == MAPPING_TEXT_FILE;
    if (file || forms.list[i] == MAPPING_TEXT_HARPOON)
      forms.list[i] = MAPPING_TEXT_HARPOON;
    else if (forms.list[i] != MAPPING_TEXT_TELETEX && forms.list[i] != MAPPING_TEXT_TELETEX_SETS)
      forms.list[i] = MAPPING_TEXT_IA5;
  }
  return forms;
}

static void tell(const struct making *making, const struct text_made *made)
{
  static const char *const names[] = {"general text", "UTF-8",   "ISO 8859-1",
                                      "teletex",      "teletex", "IA5 text"};
  if (made->guess)
    mapping_loss(making->to->losses,
                 "body part %u: read as %s (RFC 2157 6.1): it has octets that its own set does not have",
                 making->to->part, made->guess);
  if (made->lost)
    mapping_loss(making->to->losses, "body part %u: %s (RFC 2157 6.2): it goes as %s, which the peer reads",
                 making->to->part, made->lost, names[made->form]);
}

enum body_status body_make_text(struct making *making, GError **error)
{
  struct to_x400 *to = making->to;
  struct octets *content = making_content(making, error);
  if (!content)
    return BODY_FAILED;
  struct mapping_text_forms forms = text_forms(to);
  struct text_made made = {0};
  enum text_status status =
      text_to_x400(to->context->charsets, mime_params_get(making->part->type, "charset"), content, &forms,
                   to->spill, &made, error);
  making->mime_text = status == TEXT_UNFIT && made.form == MAPPING_TEXT_HARPOON;
  bool good = status == TEXT_OK;
  if (good) {
    text_header(making);
    tell(making, &made);
    if (made.form == MAPPING_TEXT_TELETEX)
      good = teletex_part(to, made.octets, making->body_part, error);
    else if (made.form == MAPPING_TEXT_GENERAL)
      good = general_part(to, &made, making->body_part, error);
    else
      body_put_ia5(to, made.octets, making->body_part);
  }
  text_made_clear(&made);
  return good ? BODY_MADE : status == TEXT_UNFIT ? BODY_OTHER : BODY_FAILED;
}
