/* body_from_x400.c - RFC 2157 5.4: body parts become the body of a mail.
 *
 * One table: which body part it is, under which identifier, what reads it, the clause.  The blocks are
 * body_from_text.c, body_from_basic.c, body_from_message.c and file_from_x400.c.  A block makes a draft
 * (type, name, octets), which is written in one place, or writes a part that holds parts itself.  What no row
 * knows is wrapped whole as application/x400-bp (3.2), so nothing is dropped. */
#include "mapping/body.h"

#include <string.h>

#include <BodyPart.h>
#include <External.h>
#include <MessageBodyPart.h>

/* --- guards --- */

static bool has_message(const struct reading *reading)
{
  return reading->part->choice.message->data;
}

static bool is_multipart(const struct reading *reading)
{
  return has_message(reading) && body_is_multipart(reading);
}

static bool gives_tiff(const struct reading *reading)
{
  const struct from_x400 *from = reading->from;
  const struct mapping_peer *peer = mapping_settings_peer(from->context->settings, from->peer);
  return peer && peer->tiff;
}

/* --- the table --- */

#define PART(alternative) BodyPart_PR_##alternative, OID_UNKNOWN
#define EXTENDED(identifier) BodyPart_PR_externally_defined, OID_##identifier

/* kind: the alternative of BodyPart; oid: of an externally-defined one's data, OID_UNKNOWN stands for any.
 * write serves what holds parts; elsewhere such a part is a draft like others. */
static const struct row {
  enum BodyPart_PR kind;
  enum oid oid;
  bool (*guard)(const struct reading *reading);
  body_read *read;
  bool (*write)(const struct reading *reading, GError **error);
  const char *clause;
} rows[] = {
    {PART(ia5_text), NULL, body_read_harpoon, NULL, "2.2 (1), 3.1.3"},         /* 2157:2.2 */
    {PART(ia5_text), NULL, body_read_edi, NULL, "RFC 1767"},                   /* EDI:ia5 */
    {PART(ia5_text), NULL, body_read_ia5, NULL, "6.1"},                        /* 2157:6.1 */
    {PART(teletex), NULL, body_read_teletex, NULL, "6.7"},                     /* 2157:6.7 */
    {PART(g3_facsimile), gives_tiff, body_read_tiff, NULL, "RFC 2306"},        /* 2157:tiff */
    {PART(g3_facsimile), NULL, body_read_fax, NULL, "RFC 2159"},               /* 2159:2 */
    {PART(sfd), NULL, body_read_sfd, NULL, "RFC 1328 6"},                      /* 1328:6 */
    {PART(bilaterally_defined), NULL, body_read_edi, NULL, "RFC 1767"},        /* EDI:bilateral */
    {PART(bilaterally_defined), NULL, body_read_bilateral, NULL, "6.3"},       /* 2157:6.3 */
    {PART(message), is_multipart, NULL, body_write_multipart, "6.6"},          /* 2157:6.6 */
    {PART(message), has_message, NULL, body_write_message, "6.5"},             /* 2157:6.5 */
    {EXTENDED(ET_GENERAL_TEXT), NULL, body_read_general, NULL, "6.2"},         /* 2157:6.2 */
    {EXTENDED(ET_FILE_TRANSFER), NULL, body_read_edi_file, NULL, "RFC 1767"},  /* EDI:file */
    {EXTENDED(ET_FILE_TRANSFER), NULL, body_read_file, NULL, "2.3, 3.3, 6.4"}, /* 2157:2.3 */
    {EXTENDED(MIME_BP_DATA), NULL, body_read_mime, NULL, "3.1.2"},             /* 2157:3.1.2 */
    {EXTENDED(UNKNOWN), NULL, body_read_edi, NULL, "X.435 annex A"},           /* EDI:external */
    {EXTENDED(UNKNOWN), NULL, body_read_octets, NULL, "RFC 2158, RFC 2160"},   /* 2158:3.1 */
    {PART(NOTHING), NULL, body_read_wrapped, NULL, "3.2"},                     /* 2157:3.2 */
};

static bool row_takes(const struct row *row, const struct reading *reading, enum oid oid)
{
  return (row->kind == BodyPart_PR_NOTHING || row->kind == reading->part->present) &&
         (!row->oid || row->oid == oid) && (!row->guard || row->guard(reading));
}

static enum oid oid_of(const struct BodyPart *part)
{
  if (part->present != BodyPart_PR_externally_defined)
    return OID_UNKNOWN;
  const OBJECT_IDENTIFIER_t *reference = part->choice.externally_defined.data.direct_reference;
  return reference ? oid_get(reference) : OID_UNKNOWN;
}

/* The draft of the first row that makes one, or what a row has written itself: *written_r (may be NULL: none
 * is to write). */
static struct mime_draft *read_part(const struct reading *reading, bool *written_r, GError **error)
{
  enum oid oid = oid_of(reading->part);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    GError *local = NULL;
    if ((rows[i].write && !written_r) || !row_takes(&rows[i], reading, oid))
      continue;
    if (rows[i].write) {
      *written_r = rows[i].write(reading, error);
      return NULL;
    }
    struct mime_draft *draft = rows[i].read(reading, &local);
    if (draft)
      return draft;
    if (local) {
      g_propagate_error(error, local);
      return NULL;
    }
  }
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "RFC 2157 5.4: no row for body part %d",
              (int)reading->part->present - (int)BodyPart_PR_ia5_text);
  return NULL;
}

/* Whether there is more to do with a basic part than to wrap it whole. */
static bool has_row(const struct BodyPart *part)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    if (rows[i].kind == part->present)
      return true;
  return false;
}

/* The same for the extended form of a basic part, read as that; one that is wrapped keeps its own form (RFC 2157
 * 3.2: bp-type=2.6.1.4.5 for an extended videotex, 6 for a basic one). */
static struct mime_draft *read_any(const struct reading *reading, bool *written_r, GError **error)
{
  struct from_x400 *from = reading->from;
  g_autoptr(octets_t) octets = body_basic_form(from->value, reading->part);
  const struct asn1_limits limits = {.elements = from->context->settings->elements_max};
  g_autoptr(asn1_value_t) basic = octets ? asn1_decode(&asn_DEF_BodyPart, octets, &limits, NULL) : NULL;
  if (!basic || !has_row(asn1_value_get(basic)))
    return read_part(reading, written_r, error);
  const struct asn1_value *value = from->value;
  struct reading inner = *reading;
  inner.part = asn1_value_get(basic);
  from->value = basic;
  struct mime_draft *draft = read_part(&inner, written_r, error);
  from->value = value;
  return draft;
}

struct mime_draft *body_draft(struct from_x400 *from, const struct BodyPart *part, guint number,
                              GPtrArray *fields, GError **error)
{
  const struct reading reading = {from, part, number, false, fields};
  return read_any(&reading, NULL, error);
}

bool body_write_part(struct from_x400 *from, const struct BodyPart *part, guint number, bool alone,
                     GPtrArray *fields, GError **error)
{
  if (++from->parts > from->context->settings->parts_max) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT, "5.3.4 the message has more than %u body parts",
                from->context->settings->parts_max);
    return false;
  }
  const struct reading reading = {from, part, number, alone, fields};
  bool written = false;
  g_autoptr(mime_draft_t) draft = read_any(&reading, &written, error);
  if (draft)
    draft->alone = alone;
  return draft ? body_draft_write(from, draft, error) : written;
}

/* --- EXTERNAL --- */

struct asn1_value *body_external(const struct from_x400 *from, const struct asn1_value *root,
                                 const struct External *external, const struct asn_TYPE_descriptor_s *type)
{
  if (!external || external->encoding.present != External__encoding_PR_single_ASN1_type)
    return NULL;
  g_autoptr(octets_t) octets =
      asn1_octets(root, (const struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type);
  struct asn1_limits limits = {.elements = from->context->settings->elements_max};
  return asn1_decode(type, octets, &limits, NULL);
}

struct octets *body_external_octets(const struct from_x400 *from, const struct asn1_value *root,
                                    const struct External *external)
{
  if (external->encoding.present == External__encoding_PR_octet_aligned)
    return asn1_octets(root, &external->encoding.choice.octet_aligned);
  g_autoptr(asn1_value_t) string = body_external(from, root, external, &asn_DEF_OCTET_STRING);
  return string ? asn1_octets(string, asn1_value_get(string)) : NULL;
}
