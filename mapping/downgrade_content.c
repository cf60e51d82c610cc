/* downgrade_content.c - contract: downgrade_content.h.
 *
 * A message is put together again from the encodings of its parts, outside in: a heading by the rules of
 * downgrade.c, the fields of RFC 822 as a first body part (RFC 2156 appendix B), and each body part as
 *
 *   what 1984 has                       itself
 *   a message                           its message, downgraded
 *   the extended form of a basic part   that part (RFC 1496 3.1)
 *   all else                            MIME in IA5 text (RFC 1496 3.2) */
#include "mapping/downgrade_content.h"
#include "mapping/body.h"
#include "mapping/downgrade.h"
#include "mapping/harpoon.h"
#include "mapping/text.h"
#include "mapping/tlv.h"

#include <stdlib.h>
#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <Heading.h>
#include <IPM.h>
#include <IPN.h>
#include <InformationObject.h>
#include <MessageBodyPart.h>

struct conversion {
  struct mapping_context *context;
  const struct mapping_peer *peer;
  const struct asn1_value *value; /* the one that the structures at hand are of */
  struct from_x400 from;          /* for what becomes MIME; of the same value */
  struct downgraded_content *content;
  bool changed;
  guint depth, part;
};

static struct octets *old_ipm(struct conversion *conversion, struct IPM *ipm, guint8 identifier,
                              GError **error);

/* --- body parts --- */

static struct octets *ia5_part(struct octets *text)
{
  guint8 set[] = {TLV_SET, 0};
  g_autoptr(GPtrArray) string = tlv_parts(), parts = tlv_parts();
  g_ptr_array_add(string, octets_ref(text));
  g_ptr_array_add(parts, octets_new(set, sizeof set));
  g_ptr_array_add(parts, tlv_wrap(TLV_IA5_STRING, string));
  return tlv_wrap(TLV_CONTEXT | TLV_CONSTRUCTED | 0, parts);
}

/* The bit of each basic part (X.411 8.2.1.1.1.33); what has none is unknown. */
static void add_type(struct conversion *conversion, enum BodyPart_PR present)
{
  static const struct {
    enum BodyPart_PR present;
    guint bit;
  } bits[] = {{BodyPart_PR_ia5_text, 2},     {BodyPart_PR_telex, 1},     {BodyPart_PR_voice, 7},
              {BodyPart_PR_g3_facsimile, 3}, {BodyPart_PR_g4_class1, 4}, {BodyPart_PR_teletex, 5},
              {BodyPart_PR_videotex, 6},     {BodyPart_PR_sfd, 8},       {BodyPart_PR_mixed_mode, 9}};
  for (gsize i = 0; i < G_N_ELEMENTS(bits); i++)
    if (bits[i].present == present) {
      eit_add_built_in(conversion->content->types, bits[i].bit);
      return;
    }
  eit_add_built_in(conversion->content->types, EIT_UNKNOWN_BIT);
}

static enum oid oid_of_part(const struct BodyPart *part)
{
  const OBJECT_IDENTIFIER_t *reference = part->present == BodyPart_PR_externally_defined
                                             ? part->choice.externally_defined.data.direct_reference
                                             : NULL;
  return reference ? oid_get(reference) : OID_UNKNOWN;
}

/* RFC 2157 6.7, where the peer reads T.61: general text that it holds.  *octets_r NULL: the part is none. */
static bool teletex_part(struct conversion *conversion, const struct BodyPart *part, struct octets **octets_r,
                         GError **error)
{
  static const char mark[] = "text/plain; charset=";
  static const guint8 none[] = {TLV_SET, 0};
  g_autoptr(GPtrArray) no_fields = g_ptr_array_new();
  g_autoptr(mime_draft_t) draft = oid_of_part(part) == OID_ET_GENERAL_TEXT
                                      ? body_draft(&conversion->from, part, 0, no_fields, NULL)
                                      : NULL;
  static const struct mapping_text_forms forms = {.list = {MAPPING_TEXT_TELETEX}, .count = 1, .exact = true};
  if (!draft || !draft->type || !g_str_has_prefix(draft->type, mark))
    return true;
  struct text_made made = {0};
  enum text_status status = text_to_x400(conversion->context->charsets, draft->type + strlen(mark), draft->content,
                                         &forms, conversion->from.spill, &made, error);
  bool teletex = status == TEXT_OK && made.form == MAPPING_TEXT_TELETEX;
  g_autoptr(GPtrArray) pages = teletex ? text_pages(made.octets, error) : NULL;
  text_made_clear(&made);
  if (!pages)
    return status != TEXT_ERROR && !teletex;
  g_autoptr(GPtrArray) strings = tlv_parts(), parts = tlv_parts();
  for (guint i = 0; i < pages->len; i++) {
    g_autoptr(GPtrArray) page = tlv_parts();
    g_ptr_array_add(page, octets_ref(pages->pdata[i]));
    g_ptr_array_add(strings, tlv_wrap(TLV_TELETEX_STRING, page));
  }
  g_ptr_array_add(parts, octets_new(none, sizeof none));
  g_ptr_array_add(parts, tlv_wrap(TLV_SEQUENCE, strings));
  add_type(conversion, BodyPart_PR_teletex);
  mapping_loss(conversion->from.losses,
               "body part %u: became teletex (RFC 2157 6.7): 1984 has no general text", conversion->part);
  *octets_r = tlv_wrap(TLV_CONTEXT | TLV_CONSTRUCTED | 5, parts);
  return true;
}

static struct octets *mime_part(struct conversion *conversion, const struct BodyPart *part, GError **error)
{
  conversion->changed = conversion->content->converted = true;
  struct octets *teletex = NULL;
  if (conversion->peer->text_forms.list[0] == MAPPING_TEXT_TELETEX && !teletex_part(conversion, part, &teletex, error))
    return NULL;
  if (teletex)
    return teletex;
  guint before = conversion->from.losses->len;
  g_autoptr(octets_t) text = harpoon_of_body(&conversion->from, part, error);
  if (!text)
    return NULL;
  conversion->content->lossy |= conversion->from.losses->len > before;
  mapping_loss(conversion->from.losses,
               "body part %u: became IA5 text (RFC 1496 3.2): 1984 has no such body part", conversion->part);
  eit_add_built_in(conversion->content->types, EIT_IA5_BIT);
  return ia5_part(text);
}

static struct octets *message_part(struct conversion *conversion, struct MessageBodyPart *message,
                                   GError **error)
{
  if (++conversion->depth > conversion->context->settings->depth_max) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT, "5.3.4 more than %u levels of messages",
                conversion->context->settings->depth_max);
    return NULL;
  }
  g_autoptr(GPtrArray) parts = tlv_parts();
  bool good = tlv_add(parts, asn1_encode_field(conversion->value, &asn_DEF_MessageParameters,
                                           &message->parameters, error)) &&
              tlv_add(parts, old_ipm(conversion, message->data, TLV_SEQUENCE, error));
  conversion->depth--;
  return good ? tlv_wrap(TLV_CONTEXT | TLV_CONSTRUCTED | 9, parts) : NULL;
}

static struct octets *old_part(struct conversion *conversion, struct BodyPart *part, GError **error);

/* An extended form's basic one is a value of its own, with all that is nested in it. */
static struct octets *extended_part(struct conversion *conversion, struct BodyPart *part, GError **error)
{
  struct asn1_limits limits = {.elements = conversion->context->settings->elements_max};
  g_autoptr(octets_t) basic = body_basic_form(conversion->value, part);
  g_autoptr(asn1_value_t) value = basic ? asn1_decode(&asn_DEF_BodyPart, basic, &limits, NULL) : NULL;
  if (!value)
    return mime_part(conversion, part, error);
  conversion->changed = true;
  struct downgrade downgrade = {conversion->context, value, conversion->from.losses};
  (void)downgrade_value(&downgrade);
  const struct asn1_value *around = conversion->value;
  conversion->value = conversion->from.value = value;
  struct octets *octets = old_part(conversion, asn1_value_get(value), error);
  conversion->value = conversion->from.value = around;
  return octets;
}

static struct octets *old_part(struct conversion *conversion, struct BodyPart *part, GError **error)
{
  switch (part->present) {
  case BodyPart_PR_message:
    return message_part(conversion, part->choice.message, error);
  case BodyPart_PR_externally_defined:
    return extended_part(conversion, part, error);
  case BodyPart_PR_tif1:
  case BodyPart_PR_iso6937_text:
    return mime_part(conversion, part, error);
  default:
    add_type(conversion, part->present);
    return asn1_encode_field(conversion->value, &asn_DEF_BodyPart, part, error);
  }
}

/* --- messages --- */

static struct octets *old_body(struct conversion *conversion, const struct Body *body, GPtrArray *fields,
                               GError **error)
{
  g_autoptr(GPtrArray) parts = tlv_parts();
  if (fields->len) {
    g_autoptr(octets_t) text = harpoon_header(fields);
    g_ptr_array_add(parts, ia5_part(text));
    eit_add_built_in(conversion->content->types, EIT_IA5_BIT);
    conversion->changed = true;
  }
  for (int i = 0; i < body->list.count; i++) {
    conversion->part++;
    if (!tlv_add(parts, old_part(conversion, body->list.array[i], error)))
      return NULL;
  }
  return tlv_wrap(TLV_SEQUENCE, parts);
}

/* The extensions with the fields of RFC 822, which downgrade_value() leaves. */
static void drop_extensions(struct Heading *heading)
{
  if (heading->extensions)
    ASN_STRUCT_FREE(asn_DEF_IPMSExtensions, heading->extensions);
  heading->extensions = NULL;
}

static struct octets *old_ipm(struct conversion *conversion, struct IPM *ipm, guint8 identifier,
                              GError **error)
{
  g_autoptr(GPtrArray) fields = heading_fields_get(&conversion->from, &ipm->heading);
  g_autoptr(GPtrArray) parts = tlv_parts();
  conversion->changed |= ipm->heading.extensions != NULL;
  drop_extensions(&ipm->heading);
  bool good = tlv_add(parts, asn1_encode_field(conversion->value, &asn_DEF_Heading, &ipm->heading, error)) &&
              tlv_add(parts, old_body(conversion, ipm->body, fields, error));
  return good ? tlv_wrap(identifier, parts) : NULL;
}

/* --- notifications --- */

/* A returned message is hung in again when it needs no rope; else the notification goes without it. */
static bool old_returned(struct conversion *conversion, struct NonReceiptFields *fields, GError **error)
{
  struct asn1_limits limits = {.elements = conversion->context->settings->elements_max};
  g_autoptr(octets_t) octets = old_ipm(conversion, fields->returned_ipm, TLV_SEQUENCE, error);
  if (!octets)
    return false;
  if (!conversion->changed)
    return true;
  struct asn1_value *value = asn1_decode(&asn_DEF_IPM, octets, &limits, NULL);
  struct IPM *old = value ? asn1_value_steal(value) : NULL;
  if (!old)
    mapping_loss(conversion->from.losses, "returned-ipm: dropped (RFC 1328 5): it has a long body part");
  ASN_STRUCT_FREE(asn_DEF_IPM, fields->returned_ipm);
  fields->returned_ipm = old;
  return true;
}

static struct octets *old_ipn(struct conversion *conversion, InformationObject_t *object, GError **error)
{
  struct IPN *ipn = &object->choice.ipn;
  if (ipn->choice.present == IPN__choice_PR_other_notification_type_fields) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX,
                "a notification that is neither of receipt nor of non-receipt (X.420 8.4)");
    return NULL;
  }
  if (ipn->choice.present == IPN__choice_PR_non_receipt_fields) {
    struct NonReceiptFields *fields = &ipn->choice.choice.non_receipt_fields;
    if (fields->returned_ipm && !old_returned(conversion, fields, error))
      return NULL;
  }
  return asn1_encode_field(conversion->value, &asn_DEF_InformationObject, object, error);
}

/* --- the whole --- */

static bool convert(struct conversion *conversion, InformationObject_t *object, GError **error)
{
  g_autoptr(octets_t) octets =
      object->present == InformationObject_PR_ipm
          ? old_ipm(conversion, &object->choice.ipm, TLV_CONTEXT | TLV_CONSTRUCTED | 0, error)
          : old_ipn(conversion, object, error);
  if (octets && conversion->changed)
    conversion->content->octets = octets_ref(octets);
  return octets != NULL;
}

bool downgrade_content(struct mapping_context *context, const struct mapping_peer *peer,
                       struct octets *content, GPtrArray *losses, struct downgraded_content *content_r,
                       GError **error)
{
  g_autoptr(asn1_value_t) value = job_content(context, NULL, content, error);
  if (!value)
    return false;
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  struct downgrade downgrade = {context, value, losses};
  *content_r = (struct downgraded_content){.types = eit_new()};
  struct conversion conversion = {
      .context = context,
      .peer = peer,
      .value = value,
      .from = {.context = context, .value = value, .spill = spill, .losses = losses},
      .content = content_r,
      .changed = downgrade_value(&downgrade)};
  if (convert(&conversion, asn1_value_get(value), error))
    return true;
  downgraded_content_clear(content_r);
  return false;
}

void downgraded_content_clear(struct downgraded_content *content)
{
  if (content->octets)
    octets_unref(content->octets);
  eit_free(content->types);
  *content = (struct downgraded_content){0};
}
