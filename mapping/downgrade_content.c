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
#include "mapping/downgrade.h"
#include "mapping/harpoon.h"
#include "mapping/text.h"

#include <stdlib.h>
#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <Heading.h>
#include <IPM.h>
#include <IPN.h>
#include <InformationObject.h>
#include <MessageBodyPart.h>

enum { /* identifier octets */
       SEQUENCE = 0x30,
       SET = 0x31,
       TELETEX_STRING = 0x14,
       IA5_STRING = 0x16,
       CONTEXT = 0x80,
       CONSTRUCTED = 0x20,
       NUMBER = 0x1f
};

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

/* --- TLVs --- */

/* A constructed TLV around parts, which are freed; NULL when one of them is. */
static struct octets *wrap(guint8 identifier, GPtrArray *parts)
{
  guint8 head[2 + sizeof(guint64)] = {identifier};
  guint64 length = 0;
  gsize size = 2;
  for (guint i = 0; i < parts->len; i++)
    length += octets_length(parts->pdata[i]);
  if (length < 0x80) {
    head[1] = (guint8)length;
  } else {
    guint count = 0;
    for (guint64 rest = length; rest; rest >>= 8)
      count++;
    head[1] = (guint8)(0x80 | count);
    for (guint i = 0; i < count; i++)
      head[size++] = (guint8)(length >> 8 * (count - 1 - i));
  }
  g_ptr_array_insert(parts, 0, octets_new(head, size));
  return octets_concat((struct octets *const *)parts->pdata, parts->len);
}

static GPtrArray *parts_new(void)
{
  return g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
}

/* Adds a part; false when there is none. */
static bool add(GPtrArray *parts, struct octets *octets)
{
  if (octets)
    g_ptr_array_add(parts, octets);
  return octets != NULL;
}

/* The contents of a TLV; NULL when it is none. */
static struct octets *contents(struct octets *tlv)
{
  guint8 head[2 + sizeof(guint64)] = {0};
  guint64 length = octets_length(tlv);
  if (length < 2 || !octets_read(tlv, 0, head, (gsize)MIN(length, sizeof head), NULL))
    return NULL;
  guint64 size = 2 + (head[1] > 0x80 ? head[1] & 0x7fu : 0);
  return head[1] == 0x80 || size > length ? NULL : octets_slice(tlv, size, length - size);
}

/* --- body parts --- */

static struct octets *ia5_part(struct octets *text)
{
  guint8 set[] = {SET, 0};
  g_autoptr(GPtrArray) string = parts_new(), parts = parts_new();
  g_ptr_array_add(string, octets_ref(text));
  g_ptr_array_add(parts, octets_new(set, sizeof set));
  g_ptr_array_add(parts, wrap(IA5_STRING, string));
  return wrap(CONTEXT | CONSTRUCTED | 0, parts);
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

/* RFC 1496 3.1, X.420 annex B: extended forms and the tag of the basic one. */
static const struct basic {
  enum oid oid;
  guint8 tag;
  enum {
    PAIR,
    DATA,
    EXPLICIT
  } form; /* parameters and data in a SEQUENCE; the data under the tag; around it */
} basics[] = {
    {OID_ET_IA5_TEXT, 0, PAIR},    {OID_ET_G3_FACSIMILE, 3, PAIR},
    {OID_ET_G4_CLASS1, 4, DATA},   {OID_ET_TELETEX, 5, PAIR},
    {OID_ET_VIDEOTEX, 6, PAIR},    {OID_ET_NATIONALLY_DEFINED, 7, EXPLICIT},
    {OID_ET_ENCRYPTED, 8, PAIR},   {OID_ET_MESSAGE, 9, PAIR},
    {OID_ET_MIXED_MODE, 11, DATA}, {OID_ET_BILATERALLY_DEFINED, 14, DATA},
};

static struct octets *single(const struct conversion *conversion, const struct External *external)
{
  if (external->encoding.present != External__encoding_PR_single_ASN1_type)
    return NULL;
  return asn1_octets(conversion->value,
                     (const struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type);
}

static enum oid oid_of_part(const struct BodyPart *part)
{
  const OBJECT_IDENTIFIER_t *reference = part->present == BodyPart_PR_externally_defined
                                             ? part->choice.externally_defined.data.direct_reference
                                             : NULL;
  return reference ? oid_get(reference) : OID_UNKNOWN;
}

/* A basic part's encoding; NULL: the part has no basic form. */
static struct octets *basic_part(const struct conversion *conversion, const struct BodyPart *body_part)
{
  const ExternallyDefinedBodyPart_t *part = &body_part->choice.externally_defined;
  enum oid oid = oid_of_part(body_part);
  const struct basic *basic = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(basics) && !basic; i++)
    basic = basics[i].oid == oid ? &basics[i] : NULL;
  g_autoptr(octets_t) data = basic ? single(conversion, &part->data) : NULL;
  g_autoptr(GPtrArray) parts = parts_new();
  if (!data)
    return NULL;
  static const guint8 none[] = {SET, 0};
  if (basic->form == DATA) {
    if (!add(parts, contents(data)))
      return NULL;
  } else {
    if (basic->form == PAIR) {
      struct octets *parameters = part->parameters ? single(conversion, part->parameters) : NULL;
      g_ptr_array_add(parts, parameters ? parameters : octets_new(none, sizeof none));
    }
    g_ptr_array_add(parts, octets_ref(data));
  }
  guint8 constructed = oid == OID_ET_BILATERALLY_DEFINED ? 0 : CONSTRUCTED;
  return wrap(CONTEXT | constructed | basic->tag, parts);
}

/* RFC 2157 6.7, where the peer reads T.61: general text that it holds.  *octets_r NULL: the part is none. */
static bool teletex_part(struct conversion *conversion, const struct BodyPart *part, struct octets **octets_r,
                         GError **error)
{
  static const char mark[] = "text/plain; charset=";
  static const guint8 none[] = {SET, 0};
  g_autoptr(GPtrArray) no_fields = g_ptr_array_new();
  g_autoptr(mime_draft_t) draft = oid_of_part(part) == OID_ET_GENERAL_TEXT
                                      ? body_draft(&conversion->from, part, 0, no_fields, NULL)
                                      : NULL;
  long registration = 0;
  struct octets *text = NULL;
  if (!draft || !draft->type || !g_str_has_prefix(draft->type, mark))
    return true;
  enum text_status status =
      text_to_x400(conversion->context->charsets, draft->type + strlen(mark), draft->content,
                   MAPPING_TEXT_TELETEX, conversion->from.spill, &registration, &text, error);
  if (status != TEXT_OK)
    return status != TEXT_ERROR;
  g_autoptr(octets_t) string = text;
  g_autoptr(GPtrArray) pages = registration == TEXT_TELETEX ? text_pages(string, error) : NULL;
  if (!pages)
    return registration != TEXT_TELETEX;
  g_autoptr(GPtrArray) strings = parts_new(), parts = parts_new();
  for (guint i = 0; i < pages->len; i++) {
    g_autoptr(GPtrArray) page = parts_new();
    g_ptr_array_add(page, octets_ref(pages->pdata[i]));
    g_ptr_array_add(strings, wrap(TELETEX_STRING, page));
  }
  g_ptr_array_add(parts, octets_new(none, sizeof none));
  g_ptr_array_add(parts, wrap(SEQUENCE, strings));
  add_type(conversion, BodyPart_PR_teletex);
  mapping_loss(conversion->from.losses,
               "body part %u: became teletex (RFC 2157 6.7): 1984 has no general text", conversion->part);
  *octets_r = wrap(CONTEXT | CONSTRUCTED | 5, parts);
  return true;
}

static struct octets *mime_part(struct conversion *conversion, const struct BodyPart *part, GError **error)
{
  conversion->changed = conversion->content->converted = true;
  struct octets *teletex = NULL;
  if (conversion->peer->text_body == MAPPING_TEXT_TELETEX && !teletex_part(conversion, part, &teletex, error))
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
  g_autoptr(GPtrArray) parts = parts_new();
  bool good = add(parts, asn1_encode_field(conversion->value, &asn_DEF_MessageParameters,
                                           &message->parameters, error)) &&
              add(parts, old_ipm(conversion, message->data, SEQUENCE, error));
  conversion->depth--;
  return good ? wrap(CONTEXT | CONSTRUCTED | 9, parts) : NULL;
}

static struct octets *old_part(struct conversion *conversion, struct BodyPart *part, GError **error);

/* An extended form's basic one is a value of its own, with all that is nested in it. */
static struct octets *extended_part(struct conversion *conversion, struct BodyPart *part, GError **error)
{
  struct asn1_limits limits = {.elements = conversion->context->settings->elements_max};
  g_autoptr(octets_t) basic = basic_part(conversion, part);
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
  g_autoptr(GPtrArray) parts = parts_new();
  if (fields->len) {
    g_autoptr(octets_t) text = harpoon_header(fields);
    g_ptr_array_add(parts, ia5_part(text));
    eit_add_built_in(conversion->content->types, EIT_IA5_BIT);
    conversion->changed = true;
  }
  for (int i = 0; i < body->list.count; i++) {
    conversion->part++;
    if (!add(parts, old_part(conversion, body->list.array[i], error)))
      return NULL;
  }
  return wrap(SEQUENCE, parts);
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
  g_autoptr(GPtrArray) parts = parts_new();
  conversion->changed |= ipm->heading.extensions != NULL;
  drop_extensions(&ipm->heading);
  bool good = add(parts, asn1_encode_field(conversion->value, &asn_DEF_Heading, &ipm->heading, error)) &&
              add(parts, old_body(conversion, ipm->body, fields, error));
  return good ? wrap(identifier, parts) : NULL;
}

/* --- notifications --- */

/* A returned message is hung in again when it needs no rope; else the notification goes without it. */
static bool old_returned(struct conversion *conversion, struct NonReceiptFields *fields, GError **error)
{
  struct asn1_limits limits = {.elements = conversion->context->settings->elements_max};
  g_autoptr(octets_t) octets = old_ipm(conversion, fields->returned_ipm, SEQUENCE, error);
  if (!octets)
    return false;
  if (!conversion->changed)
    return true;
  struct asn1_value *value = asn1_decode(&asn_DEF_IPM, octets, &limits, NULL);
  struct IPM *old = value ? asn1_value_steal(value) : NULL;
  if (!old)
    mapping_loss(conversion->from.losses, "returned-ipm was dropped (RFC 1328 5): it has a long body part");
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
          ? old_ipm(conversion, &object->choice.ipm, CONTEXT | CONSTRUCTED | 0, error)
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
