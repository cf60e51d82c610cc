/* edi_body.c - interchanges in interpersonal messages: application/EDIFACT, EDI-X12, EDI-consent (RFC 1767)
 * <-> IA5 text, bilaterally-defined, externally-defined under an identifier of X.435, file transfer.  X.420
 * knows no EDI body part: which one an X.400 user's program reads is its peer's edi-body (decision 0138).
 *
 * Octets are never touched, either way: no charset, no line end, nothing added. */
#include "mapping/body.h"
#include "mapping/edi.h"

#include <string.h>

#include <BodyPart.h>
#include <External.h>

/* --- to X.400 --- */

/* What the peer's entry says, as far as its X.400 has it. */
static enum mapping_edi_body wanted_form(const struct to_x400 *to)
{
  bool bilateral = to->peer->attachment_body == MAPPING_ATTACHMENT_BILATERAL;
  switch (to->peer->edi_body) {
  case MAPPING_EDI_ATTACHMENT: /* 1984 has no other attachments: RFC 1496's MIME in a text is nothing for EDI
                                  programs */
  case MAPPING_EDI_OFF:
    return to->old && !bilateral ? MAPPING_EDI_IA5 : MAPPING_EDI_ATTACHMENT;
  case MAPPING_EDI_P35: /* not what the message is about, which would be an EDI message: edim_to_x400.c */
    return to->old ? MAPPING_EDI_IA5 : MAPPING_EDI_EXTERNAL;
  default:
    return to->peer->edi_body;
  }
}

/* The next form that holds the interchange bit for bit; says so. */
static enum mapping_edi_body form_that_holds(struct making *making, enum edi_kind kind, bool is_7bit)
{
  struct to_x400 *to = making->to;
  enum mapping_edi_body form = wanted_form(to);
  const char *why = NULL;
  if (to->old && (form == MAPPING_EDI_EXTERNAL || form == MAPPING_EDI_FILE_TRANSFER))
    why = "1984 has no such body part";
  else if (form == MAPPING_EDI_IA5 && !is_7bit)
    why = "it has octets above 127, which IA5 text does not hold";
  else if (form == MAPPING_EDI_IA5 && kind == EDI_NONE)
    why = "it does not begin as an interchange, and would be taken for a text";
  if (!why)
    return form;
  mapping_loss(to->losses,
               "body part %u: the interchange goes as bilaterally-defined body part (RFC 1767): %s", to->part,
               why);
  return MAPPING_EDI_BILATERAL;
}

/* Beyond what the receiving gateway sees by itself: another type or parameters, a name. */
static bool needs_mark(const struct making *making, enum edi_kind kind)
{
  g_autofree char *type = mime_type_line(making->part),
                  *name = mime_part_filename(making->to->mail, making->part);
  return name || g_ascii_strcasecmp(type, edi_media_type(kind)) != 0 ||
         (!making->alone && mime_part_field(making->part, "Content-ID"));
}

static void mark(struct making *making, enum edi_kind kind)
{
  struct to_x400 *to = making->to;
  if (!to->old && needs_mark(making, kind))
    body_put_mark(making);
  else if (to->old && needs_mark(making, kind))
    mapping_loss(
        to->losses,
        "body part %u: parameters and file name of the interchange are left out (RFC 1767): 1984 has no "
        "place beside it",
        to->part);
}

static bool put_external(struct making *making, enum oid oid, GError **error)
{
  struct to_x400 *to = making->to;
  g_autoptr(asn1_value_t) data = asn1_value_new(&asn_DEF_OCTET_STRING);
  asn1_put_octets(data, asn1_value_get(data), making->content);
  making->body_part->present = BodyPart_PR_externally_defined;
  to->new_features = true;
  eit_add(to->types, oid_dotted(oid));
  return body_put_external(to->value, &making->body_part->choice.externally_defined.data, oid, data, error);
}

enum body_status body_make_edi(struct making *making, GError **error)
{
  struct to_x400 *to = making->to;
  bool is_7bit;
  if (wanted_form(to) == MAPPING_EDI_ATTACHMENT)
    return BODY_OTHER;
  if (!making_content(making, error) || !edi_is_7bit(making->content, &is_7bit, error))
    return BODY_FAILED;
  enum edi_kind kind = edi_kind_of(making->content);
  to->interchanges++;
  switch (form_that_holds(making, kind, is_7bit)) {
  case MAPPING_EDI_IA5:
    body_put_ia5(to, making->content, making->body_part);
    mark(making, kind);
    return BODY_MADE;
  case MAPPING_EDI_EXTERNAL:
    mark(making, kind);
    return put_external(making, edi_oid(kind, is_7bit), error) ? BODY_MADE : BODY_FAILED;
  case MAPPING_EDI_FILE_TRANSFER:
    return body_make_file(making, error);
  default:
    if (!to->old)
      return body_make_bilateral(making, error);
    making->body_part->present = BodyPart_PR_bilaterally_defined;
    asn1_put_octets(to->value, &making->body_part->choice.bilaterally_defined, making->content);
    eit_add_built_in(to->types, EIT_UNKNOWN_BIT);
    mark(making, kind);
    return BODY_MADE;
  }
}

/* --- from X.400 --- */

static bool is_looked_for(const struct from_x400 *from)
{
  const struct mapping_peer *peer =
      from->peer ? mapping_settings_peer(from->context->settings, from->peer) : NULL;
  return !peer || peer->edi_body != MAPPING_EDI_OFF;
}

/* The octets of a body part that may be an interchange; NULL: it is none of these. promised_r: what its
 * identifier says. */
static struct octets *octets_of(const struct reading *reading, bool *promised_r, enum edi_kind *kind_r)
{
  const struct asn1_value *value = reading->from->value;
  const struct BodyPart *part = reading->part;
  *promised_r = false;
  if (part->present == BodyPart_PR_ia5_text)
    return asn1_octets(value, &part->choice.ia5_text.data);
  if (part->present == BodyPart_PR_bilaterally_defined)
    return asn1_octets(value, &part->choice.bilaterally_defined);
  const struct External *data = &part->choice.externally_defined.data;
  *promised_r = data->direct_reference && edi_kind_of_oid(oid_get(data->direct_reference), kind_r);
  return *promised_r ? body_external_octets(reading->from, value, data) : NULL;
}

/* A gateway's mark (decision 0052) tells type and name of what is an interchange; whoever copies a heading
 * into a reply makes no interchange of its text.  A marked bilaterally-defined part has a row of its own. */
struct mime_draft *body_read_edi(const struct reading *reading, GError **error)
{
  (void)error;
  bool promised;
  enum edi_kind kind = EDI_NONE;
  g_autoptr(octets_t) octets = octets_of(reading, &promised, &kind);
  if (!octets)
    return NULL;
  g_autoptr(mime_draft_t) draft = mime_draft_new();
  bool marked = body_read_mark(reading, draft);
  enum edi_kind seen = edi_kind_of(octets);
  if (marked && reading->part->present == BodyPart_PR_bilaterally_defined)
    return NULL;
  if (!promised && (seen == EDI_NONE || (!marked && !is_looked_for(reading->from))))
    return NULL;
  if (!marked) /* the identifiers were numbered otherwise before 1999: what it begins with comes first */
    draft->type = g_strdup(edi_media_type(seen != EDI_NONE ? seen : kind));
  draft->content = g_steal_pointer(&octets);
  return g_steal_pointer(&draft);
}

/* A file of which X.400 says no type. */
struct mime_draft *body_read_edi_file(const struct reading *reading, GError **error)
{
  if (!is_looked_for(reading->from))
    return NULL;
  struct mime_draft *draft = body_read_file(reading, error);
  if (!draft || !draft->content || g_strcmp0(draft->type, "application/octet-stream") != 0)
    return draft;
  enum edi_kind kind = edi_kind_of(draft->content);
  if (kind != EDI_NONE) {
    g_free(draft->type);
    draft->type = g_strdup(edi_media_type(kind));
  }
  return draft;
}
