/* body_to_x400.c - RFC 2157 5.3: the body of a mail becomes body parts.
 *
 * One table: what a part is, what makes a body part of it, the clause.  The blocks are body_to_text.c,
 * body_to_message.c, body_to_basic.c and file_to_x400.c.  The outermost multipart is no part: its parts
 * stand side by side, and its subtype in the heading extension multipart-message (6.6).
 *
 * multipart/alternative keeps all of its parts: an X.400 user sees the text first and the rest as files
 * (decision 0053). */
#include "mapping/body.h"

#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <External.h>
#include <IPM.h>

/* --- guards --- */

static bool is_multipart(const struct making *making)
{
  return making->part->kind == MIME_MULTIPART;
}

/* A message of no field is no mail: its octets are kept instead. */
static bool is_mail(const struct making *making)
{
  const struct mime_part *part = making->part;
  return part->kind == MIME_MESSAGE && part->children &&
         ((const struct mime_part *)part->children->pdata[0])->fields->len;
}

/* The peer reads no string that holds it: MIME in IA5 loses nothing, if it is not pretty. */
static bool is_text_for_ia5(const struct making *making)
{
  return making->mime_text;
}

static bool wants_bilateral(const struct making *making)
{
  return making->to->peer->attachment_body == MAPPING_ATTACHMENT_BILATERAL;
}

static bool wants_registered(const struct making *making)
{
  return !making->to->old && making->to->peer->attachment_body == MAPPING_ATTACHMENT_EXTERNAL;
}

static bool wants_mime(const struct making *making)
{
  return wants_registered(making) ||
         (!making->to->old && making->to->peer->attachment_body == MAPPING_ATTACHMENT_MIME);
}

static bool is_for_1984(const struct making *making)
{
  return making->to->old;
}

static bool takes_tiff(const struct making *making)
{
  return making->to->peer->tiff;
}

/* --- the table --- */

/* type: of the part; one that ends in "/" stands for all its subtypes, "" for any. */
static const struct row {
  const char *type;
  bool (*guard)(const struct making *making);
  body_make *make;
  const char *clause;
} rows[] = {
    {"multipart/signed", NULL, body_make_harpoon, "7.3"},          /* 2157:7.3 */
    {"multipart/encrypted", NULL, body_make_harpoon, "7.4"},       /* 2157:7.4 */
    {"multipart/", is_multipart, body_make_multipart, "6.6"},      /* 2157:6.6 */
    {"message/", is_mail, body_make_message, "6.5"},               /* 2157:6.5 */
    {"", NULL, body_make_wanted, "4.1"},                           /* 2157:4.1 */
    {"text/plain", body_is_text, body_make_text, "6.1, 6.2, 6.7"}, /* 2157:6.1 */
    {"text/plain", is_text_for_ia5, body_make_harpoon, "3.1.3"},   /* 2157:3.1.3 */
    {"message/external-body", NULL, body_make_harpoon, "7.1"},     /* 2157:7.1 */
    {"application/x400-bp", NULL, body_make_unwrapped, "3.2"},     /* 2157:3.2 */
    {"application/edifact", NULL, body_make_edi, "RFC 1767"},      /* EDI:edifact */
    {"application/edi-x12", NULL, body_make_edi, "RFC 1767"},      /* EDI:x12 */
    {"application/edi-consent", NULL, body_make_edi, "RFC 1767"},  /* EDI:consent */
    {"image/g3fax", NULL, body_make_fax, "RFC 2159"},              /* 2159:2 */
    {"image/tiff", takes_tiff, body_make_tiff, "RFC 2306"},        /* 2157:tiff */
    {"", wants_bilateral, body_make_bilateral, "3.1.4, 6.3"},      /* 2157:6.3 */
    {"", wants_registered, body_make_registered, "5.3"},           /* 2157:5.3 */
    {"", wants_mime, body_make_mime, "3.1.2"},                     /* 2157:3.1.2 */
    {"", is_for_1984, body_make_harpoon, "RFC 1496 3.2"},          /* 1496:3.2 */
    {"", NULL, body_make_file, "3.1.1, 3.3, 6.4"},                 /* 2157:3.1.1 */
};

/* Of whole types, and of those that a family covers. */
static bool row_takes(const struct row *row, const struct making *making)
{
  gsize length = strlen(row->type);
  bool family = !length || row->type[length - 1] == '/';
  const char *type = making->part->type->value;
  return (family ? !strncmp(type, row->type, length) : !strcmp(type, row->type)) &&
         (!row->guard || row->guard(making));
}

struct octets *making_content(struct making *making, GError **error)
{
  guint64 faults = 0;
  if (making->content)
    return making->content;
  making->content = mime_part_content_told(making->to->mail, making->part, making->to->spill, &faults, error);
  if (faults)
    mapping_loss(making->to->losses,
                 "body part %u: %" G_GUINT64_FORMAT
                 " octets of its transfer encoding stand for nothing (RFC 2045 6.7, 6.8): it is damaged",
                 making->to->part, faults);
  return making->content;
}

static enum body_status make_part(struct making *making, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    enum body_status status = row_takes(&rows[i], making) ? rows[i].make(making, error) : BODY_OTHER;
    if (status != BODY_OTHER)
      return status;
  }
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "RFC 2157 5.3: no row for %s",
              making->part->type->value);
  return BODY_FAILED;
}

bool body_add_part(struct to_x400 *to, const struct mime_part *part, bool alone, struct Body *body,
                   GPtrArray *fields, GError **error)
{
  struct BodyPart *body_part = asn1_new_field(struct BodyPart);
  asn_sequence_add(&body->list, body_part);
  to->part++;
  struct making making = {.to = to,
                          .part = part,
                          .alone = alone,
                          .number = (guint)body->list.count,
                          .body_part = body_part,
                          .fields = fields};
  bool good = make_part(&making, error) == BODY_MADE;
  if (making.content)
    octets_unref(making.content);
  return good;
}

/* --- alternatives (decision 0134) --- */

static bool is_plain_text(const struct mime_part *part)
{
  return !strcmp(part->type->value, "text/plain");
}

/* HTML and the like, alone or with its pictures. */
static bool is_rich_text(const struct mime_part *part)
{
  if (part->kind == MIME_MULTIPART)
    return part->children->len && (is_rich_text(part->children->pdata[0]));
  return g_str_has_prefix(part->type->value, "text/") && !is_plain_text(part) &&
         strcmp(part->type->value, "text/calendar") != 0;
}

/* Of alternatives for a peer that wants text alone: which part is not sent. */
static bool is_left_out(const struct to_x400 *to, const struct mime_part *multipart,
                        const struct mime_part *part)
{
  if (!to->peer->text_alone || strcmp(multipart->type->value, "multipart/alternative") != 0 ||
      !is_rich_text(part))
    return false;
  for (guint i = 0; i < multipart->children->len; i++)
    if (is_plain_text(multipart->children->pdata[i]))
      return true;
  return false;
}

/* The one part that is left of alternatives; NULL: there are several, or it is no such multipart. */
static const struct mime_part *only_alternative(const struct to_x400 *to, const struct mime_part *part)
{
  const struct mime_part *left = NULL;
  bool out = false;
  for (guint i = 0; part->kind == MIME_MULTIPART && i < part->children->len; i++) {
    if (is_left_out(to, part, part->children->pdata[i]))
      out = true;
    else if (left)
      return NULL;
    else
      left = part->children->pdata[i];
  }
  return out ? left : NULL;
}

/* In place of alternatives of which one part is left, that part. */
static bool add_nested(struct to_x400 *to, const struct mime_part *part, struct Body *body, GPtrArray *fields,
                       GError **error)
{
  return only_alternative(to, part) ? body_add_children(to, part, body, fields, error)
                                    : body_add_part(to, part, false, body, fields, error);
}

bool body_add_children(struct to_x400 *to, const struct mime_part *part, struct Body *body, GPtrArray *fields,
                       GError **error)
{
  guint wishes = body_wanted_enter(to, part);
  bool good = true;
  for (guint i = 0; good && i < part->children->len; i++) {
    const struct mime_part *child = part->children->pdata[i];
    if (is_left_out(to, part, child))
      mapping_loss(to->losses, "%s: left out (RFC 2157 2 (1)): the peer's alternative is plain text alone",
                   child->type->value);
    else
      good = add_nested(to, child, body, fields, error);
  }
  body_wanted_leave(to, wishes);
  return good;
}

const char *body_subtype(const struct mime_part *part)
{
  return part->type->value + strlen("multipart/");
}

bool body_put_external(struct asn1_value *root, struct External *external, enum oid oid,
                       const struct asn1_value *content, GError **error)
{
  g_autoptr(octets_t) octets = asn1_encode(content, error);
  if (!octets)
    return false;
  external->direct_reference = asn1_new_field(OBJECT_IDENTIFIER_t);
  if (oid)
    oid_put(external->direct_reference, oid);
  external->encoding.present = External__encoding_PR_single_ASN1_type;
  asn1_put_octets(root, (struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type, octets);
  return true;
}

static bool is_all_messages(const struct Body *body)
{
  for (int i = 0; i < body->list.count; i++)
    if (body->list.array[i]->present != BodyPart_PR_message)
      return false;
  return true;
}

/* 6.6: of a multipart that is to become parts, and does not go whole. */
static bool is_open(struct to_x400 *to, const struct mime_part *part)
{
  const struct making making = {.to = to, .part = part};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (row_takes(&rows[i], &making))
      return rows[i].make == body_make_multipart;
  return false;
}

bool body_to_x400(struct to_x400 *to, const struct mime_part *part, struct IPM *ipm, GPtrArray *fields,
                  GError **error)
{
  struct Body *body = ipm->body = asn1_new_field(struct Body);
  bool good;
  if (is_open(to, part)) {
    good = body_add_children(to, part, body, fields, error);
    /* "mixed" needs no mark where several parts say it, and not all of them are messages (2.2). */
    if (!to->old && !only_alternative(to, part) &&
        (strcmp(body_subtype(part), "mixed") != 0 || part->children->len < 2 || is_all_messages(body)))
      body_put_multipart(to, body_subtype(part), true, &ipm->heading);
  } else {
    good = body_add_part(to, part, true, body, fields, error);
  }
  /* An EDI program wants the interchange first, and nothing else (decision 0138). */
  bool bare = to->interchanges && to->interchanges == (guint)body->list.count;
  if (good && to->old && fields->len && bare)
    mapping_loss(to->losses,
                 "heading: %u fields without counterpart are left out (RFC 1767): no text stands before an "
                 "interchange towards 1984",
                 fields->len);
  else if (good && to->old && fields->len)
    body_add_old_header(to, body, fields);
  return good;
}
