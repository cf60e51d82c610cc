/* body_from_x400.c - RFC 2157: body parts become the body of a mail.
 *
 * Each body part becomes a draft (type, name, octets) or a nested message; one place writes drafts.  What no
 * rule knows is wrapped whole as application/x400-bp (3.2), so nothing is dropped. */
#include "mapping/fax.h"
#include "mapping/harpoon.h"
#include "mapping/mime_word.h"
#include "mapping/text.h"

#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <GeneralTextData.h>
#include <GeneralTextParameters.h>
#include <Heading.h>
#include <IPM.h>
#include <MessageBodyPart.h>
#include <MimeParameter.h>
#include <MimeParameters.h>
#include <MultipartType-1495.h>
#include <MultipartType.h>
#include <OtherMessageDeliveryFields.h>
#include <OpaqueBodyPart.h>
#include <RFC822Field.h>
#include <SFD-Document.h>

enum { HEADER_MAX = 65536 };

static bool write_ipm_part(struct from_x400 *from, const struct MessageBodyPart *message, GError **error);

/* --- drafts --- */

static void write_disposition(struct mime_writer *writer, const struct mime_draft *draft)
{
  if (!draft->filename && !draft->created && !draft->modified && !draft->read && draft->size < 0)
    return;
  mime_writer_value(writer, "Content-Disposition", "attachment"); /* 2.3.2: always */
  if (draft->filename)
    mime_writer_param(writer, "filename", draft->filename);
  if (draft->created)
    mime_writer_param(writer, "creation-date", draft->created);
  if (draft->modified)
    mime_writer_param(writer, "modification-date", draft->modified);
  if (draft->read)
    mime_writer_param(writer, "read-date", draft->read);
  if (draft->size >= 0) {
    g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, draft->size);
    mime_writer_param(writer, "size", size);
  }
  mime_writer_value_end(writer);
}

/* Fields, blank line, content. The only body of a mail comes after the mail's own fields. */
bool body_draft_write(struct from_x400 *from, const struct mime_draft *draft, GError **error)
{
  struct mime_writer *writer = from->writer;
  if (draft->exact) { /* HARPOON: header and body in one */
    mime_writer_content(writer, draft->content, MIME_SEND_7BIT);
    return true;
  }
  if (draft->type) {
    g_autofree char *line = g_strdup_printf("Content-Type: %s", draft->type);
    mime_writer_raw_field(writer, line);
  }
  bool text = !draft->type || !g_ascii_strncasecmp(draft->type, "text/", 5) ||
              !g_ascii_strncasecmp(draft->type, "message/", 8);
  GError *local = NULL;
  enum mime_transfer transfer = text ? mime_writer_transfer(draft->content, &local) : MIME_SEND_BASE64;
  if (local) {
    g_propagate_error(error, local);
    return false;
  }
  mime_writer_transfer_field(writer, transfer);
  if (draft->id)
    mime_writer_field(writer, "Content-ID", draft->id);
  if (draft->description)
    mime_writer_text(writer, "Content-Description", draft->description);
  write_disposition(writer, draft);
  for (guint i = 0; i < draft->fields->len; i++)
    mime_writer_raw_field(writer, draft->fields->pdata[i]);
  mime_writer_end_header(writer);
  mime_writer_content(writer, draft->content, transfer);
  return true;
}

/* --- text --- */

static struct mime_draft *text_draft(struct from_x400 *from, enum charset charset, const long *registrations,
                                     gsize count, struct octets *string, GError **error)
{
  const char *set = NULL;
  g_autoptr(mime_draft_t) draft = mime_draft_new();
  draft->content = text_from_x400(charset, registrations, count, string, from->spill, &set, error);
  if (!draft->content)
    return NULL;
  draft->type = g_strdup_printf("text/plain; charset=%s", set);
  return g_steal_pointer(&draft);
}

/* 6.7, in the recommended way: a more widespread set, pages parted by form feeds. */
static struct mime_draft *teletex_draft(struct from_x400 *from, const TeletexBodyPart_t *teletex,
                                        GError **error)
{
  g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  for (int i = 0; i < teletex->data.list.count; i++) {
    struct octets *page = asn1_octets(from->value, teletex->data.list.array[i]);
    guint64 length = octets_length(page);
    guint8 last = 0;
    g_ptr_array_add(pages, page);
    if (length && !octets_read(page, length - 1, &last, 1, error))
      return NULL;
    if (last != '\f' && i + 1 < teletex->data.list.count)
      g_ptr_array_add(pages, octets_new("\f", 1));
  }
  g_autoptr(octets_t) whole = octets_concat((struct octets *const *)pages->pdata, pages->len);
  return text_draft(from, CHARSET_TELETEX, NULL, 0, whole, error);
}

static struct asn1_value *decode_external(const struct from_x400 *from, const struct External *external,
                                          const struct asn_TYPE_descriptor_s *type)
{
  if (!external || external->encoding.present != External__encoding_PR_single_ASN1_type)
    return NULL;
  g_autoptr(octets_t) octets =
      asn1_octets(from->value, (const struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type);
  return asn1_decode(type, octets, NULL, NULL);
}

static struct mime_draft *general_draft(struct from_x400 *from, const ExternallyDefinedBodyPart_t *part,
                                        GError **error)
{
  g_autoptr(asn1_value_t) data = decode_external(from, &part->data, &asn_DEF_GeneralTextData);
  if (!data)
    return NULL;
  g_autoptr(asn1_value_t) parameters =
      decode_external(from, part->parameters, &asn_DEF_GeneralTextParameters);
  const GeneralTextParameters_t *sets = parameters ? asn1_value_get(parameters) : NULL;
  long registrations[16];
  gsize count = 0;
  for (int i = 0; sets && i < sets->list.count && count < G_N_ELEMENTS(registrations); i++)
    registrations[count++] = *sets->list.array[i];
  g_autoptr(octets_t) string = asn1_octets(data, asn1_value_get(data));
  return text_draft(from, CHARSET_GENERAL, registrations, count, string, error);
}

/* --- simple formattable documents (X.420 (1984) 5) --- */

/* Text units, one to a paragraph; what they should look like is lost. */
static struct octets *sfd_text(const SFD_Document_t *document, const struct asn1_value *value)
{
  g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
  for (int i = 0; i < document->list.count; i++) {
    const SFD_Element_t *element = document->list.array[i];
    if (element->present != SFD_Element_PR_text_unit)
      continue;
    g_ptr_array_add(pieces, asn1_octets(value, &element->choice.text_unit.text));
    g_ptr_array_add(pieces, octets_new("\r\n", 2));
  }
  return octets_concat((struct octets *const *)pieces->pdata, pieces->len);
}

/* NULL without error: it is none that can be read, and goes wrapped. */
static struct mime_draft *sfd_draft(struct from_x400 *from, const struct BodyPart *part, GError **error)
{
  g_autoptr(octets_t) octets = asn1_encode_field(from->value, &asn_DEF_OpaqueBodyPart, &part->choice.sfd, error);
  g_autoptr(asn1_value_t) value = octets ? asn1_decode(&asn_DEF_SFD_Document, octets, NULL, NULL) : NULL;
  if (!value)
    return NULL;
  g_autoptr(octets_t) text = sfd_text(asn1_value_get(value), value);
  mapping_loss(from->losses, "body part sfd: its layout is lost (RFC 1328 6): a text has none");
  return text_draft(from, CHARSET_TELETEX, NULL, 0, text, error);
}

/* --- others --- */

/* 3.2: the body part's own BER. */
static struct mime_draft *wrapped_draft(struct from_x400 *from, const struct BodyPart *part, GError **error)
{
  g_autoptr(mime_draft_t) draft = mime_draft_new();
  draft->content = asn1_encode_field(from->value, &asn_DEF_BodyPart, part, error);
  if (!draft->content)
    return NULL;
  g_autofree char *type = NULL;
  if (part->present == BodyPart_PR_externally_defined &&
      part->choice.externally_defined.data.direct_reference)
    type = x400_oid_text(part->choice.externally_defined.data.direct_reference);
  else /* the alternatives are in the order of their tags */
    type = g_strdup_printf("%d", (int)part->present - (int)BodyPart_PR_ia5_text);
  draft->type = g_strdup_printf("application/x400-bp; bp-type=%s", type);
  mapping_loss(from->losses,
               "body part %s: wrapped whole as application/x400-bp (RFC 2157 3.2): no MIME type for it",
               type);
  return g_steal_pointer(&draft);
}

/* 3.1.2: any MIME content in body part 15. */
static struct mime_draft *bp15_draft(struct from_x400 *from, const ExternallyDefinedBodyPart_t *part)
{
  g_autoptr(asn1_value_t) data = decode_external(from, &part->data, &asn_DEF_OCTET_STRING);
  g_autoptr(asn1_value_t) parameters = decode_external(from, part->parameters, &asn_DEF_MimeParameters);
  if (!data || !parameters)
    return NULL;
  const MimeParameters_t *mime = asn1_value_get(parameters);
  g_autofree char *type = x400_text(parameters, CHARSET_IA5, &mime->content_type, 256);
  if (!strchr(type, '/') || !g_ascii_strncasecmp(type, "multipart/", 10) ||
      !g_ascii_strncasecmp(type, "message/rfc822", 14))
    return NULL;
  struct mime_draft *draft = mime_draft_new();
  GString *line = g_string_new(type);
  for (int i = 0; i < mime->content_parameters.list.count; i++) {
    const struct MimeParameter *parameter = mime->content_parameters.list.array[i];
    g_autofree char *name = x400_text(parameters, CHARSET_IA5, &parameter->parameter, 128),
                    *value = x400_text(parameters, CHARSET_IA5, &parameter->parameter_value, 1024);
    bool token = *value && !value[strcspn(value, " ()<>@,;:\\\"/[]?=")]; /* quoting is kept, where it came */
    g_string_append_printf(line, token || *value == '"' ? "; %s=%s" : "; %s=\"%s\"", name, value);
  }
  draft->type = g_string_free(line, FALSE);
  for (int i = 0; i < mime->other_header_fields.list.count; i++) {
    g_autofree char *field =
        x400_text(parameters, CHARSET_IA5, mime->other_header_fields.list.array[i], HEADER_MAX);
    if (g_ascii_strncasecmp(field, "Content-Transfer-Encoding:", 26) != 0 &&
        g_ascii_strncasecmp(field, "Content-Type:", 13) != 0 &&
        g_ascii_strncasecmp(field, "MIME-Version:", 13) != 0)
      g_ptr_array_add(draft->fields, g_steal_pointer(&field));
  }
  draft->content = asn1_octets(data, asn1_value_get(data));
  return draft;
}

/* RFC 2158 and 2160: an OCTET STRING under an identifier of its own. */
static struct mime_draft *image_draft(struct from_x400 *from, const ExternallyDefinedBodyPart_t *part,
                                      const char *type)
{
  g_autoptr(asn1_value_t) data = decode_external(from, &part->data, &asn_DEF_OCTET_STRING);
  if (!data)
    return NULL;
  struct mime_draft *draft = mime_draft_new();
  draft->type = g_strdup(type);
  draft->content = asn1_octets(data, asn1_value_get(data));
  return draft;
}

static struct mime_draft *defined_draft(struct from_x400 *from, const ExternallyDefinedBodyPart_t *part,
                                        GError **error)
{
  switch (part->data.direct_reference ? oid_get(part->data.direct_reference) : OID_UNKNOWN) {
  case OID_ET_GENERAL_TEXT:
    return general_draft(from, part, error);
  case OID_ET_FILE_TRANSFER:
    return file_transfer_from_x400(from, part);
  case OID_MIME_BP_DATA:
    return bp15_draft(from, part);
  case OID_MIME_POSTSCRIPT_BODY:
    return image_draft(from, part, "application/postscript");
  case OID_MIME_JPEG_BODY:
    return image_draft(from, part, "image/jpeg");
  case OID_MIME_GIF_BODY:
    return image_draft(from, part, "image/gif");
  default:
    return NULL;
  }
}

/* 6.3; type and name from the heading's field when our own side wrote it (decision 0052). */
static struct mime_draft *bilateral_draft(struct from_x400 *from, const OCTET_STRING_t *part, guint number,
                                          GPtrArray *fields)
{
  struct mime_draft *draft = mime_draft_new();
  draft->content = asn1_octets(from->value, part);
  for (guint i = 0; i < fields->len; i++) {
    const char *field = fields->pdata[i];
    if (g_ascii_strncasecmp(field, HEADING_BODY_PART ":", strlen(HEADING_BODY_PART ":")) != 0)
      continue;
    g_autoptr(mime_params_t) params =
        mime_params_parse(from->context->charsets, field + strlen(HEADING_BODY_PART ":"));
    const char *type = mime_params_get(params, "type");
    if (g_ascii_strtoull(params->value, NULL, 10) != number || !type || !strchr(type, '/') ||
        !g_ascii_strncasecmp(type, "multipart/", 10))
      continue;
    draft->type = g_strdup(type);
    draft->filename = g_strdup(mime_params_get(params, "filename"));
    draft->id = g_strdup(mime_params_get(params, "id"));
    return draft;
  }
  draft->type = g_strdup("application/octet-stream");
  return draft;
}

struct mime_draft *body_draft(struct from_x400 *from, const struct BodyPart *part, guint number,
                              GPtrArray *fields, GError **error)
{
  struct mime_draft *draft = NULL;
  GError *local = NULL;
  if (part->present == BodyPart_PR_ia5_text) {
    g_autoptr(octets_t) text = asn1_octets(from->value, &part->choice.ia5_text.data);
    draft = harpoon_read(text);
    if (!draft)
      draft = text_draft(from, CHARSET_IA5, NULL, 0, text, &local);
  } else if (part->present == BodyPart_PR_teletex) {
    draft = teletex_draft(from, &part->choice.teletex, &local);
  } else if (part->present == BodyPart_PR_g3_facsimile) {
    draft = fax_from_x400(from, &part->choice.g3_facsimile, &local);
  } else if (part->present == BodyPart_PR_sfd) {
    draft = sfd_draft(from, part, &local);
  } else if (part->present == BodyPart_PR_bilaterally_defined) {
    draft = bilateral_draft(from, &part->choice.bilaterally_defined, number, fields);
  } else if (part->present == BodyPart_PR_externally_defined) {
    draft = defined_draft(from, &part->choice.externally_defined, &local);
  }
  if (local) {
    g_propagate_error(error, local);
    return NULL;
  }
  return draft ? draft : wrapped_draft(from, part, error);
}

/* --- messages and multiparts --- */

struct multipart {
  char *subtype; /* NULL: the heading says nothing */
  bool not_a_message;
};

static struct multipart multipart_of(const struct from_x400 *from, const struct Heading *heading)
{
  static const char *const old[] = {NULL, "mixed", "alternative", "digest", "parallel"};
  struct multipart multipart = {0};
  g_autoptr(asn1_value_t) value = x400_heading_extension_value(
      from->value, x400_heading_extension(heading->extensions, OID_HEX_MULTIPART_MESSAGE_V2),
      &asn_DEF_MultipartType);
  if (value) {
    const MultipartType_t *type = asn1_value_get(value);
    multipart.subtype = x400_text(value, CHARSET_IA5, &type->subtype, 64);
    multipart.not_a_message = type->isAMessage && !*type->isAMessage;
  } else {
    g_autoptr(asn1_value_t) before = x400_heading_extension_value(
        from->value, x400_heading_extension(heading->extensions, OID_HEX_MULTIPART_MESSAGE),
        &asn_DEF_MultipartType_1495);
    const long *number = before ? asn1_value_get(before) : NULL;
    if (number && *number >= 1 && *number <= 4)
      multipart.subtype = g_strdup(old[*number]);
  }
  /* It goes into a header: a token, or it is not what it says. */
  for (const char *c = multipart.subtype; c && *c; c++)
    if (!g_ascii_isalnum(*c) && !strchr("-.+_", *c)) {
      g_clear_pointer(&multipart.subtype, g_free);
      break;
    }
  return multipart;
}

/* The type of the first part, for multipart/related (RFC 2387 3.1 wants it); of the second for a report (RFC
 * 6522 3). */
static char *part_type(struct from_x400 *from, const struct Body *body, int first, int index,
                       GPtrArray *fields)
{
  if (first + index >= body->list.count)
    return NULL;
  const struct BodyPart *part = body->list.array[first + index];
  if (part->present == BodyPart_PR_message)
    return NULL;
  g_autoptr(mime_draft_t) draft = body_draft(from, part, (guint)index + 1, fields, NULL);
  return draft && draft->type ? g_strndup(draft->type, strcspn(draft->type, "; \t")) : NULL;
}

static bool write_part(struct from_x400 *from, const struct BodyPart *part, guint number, bool alone,
                       GPtrArray *fields, GError **error)
{
  if (++from->parts > from->context->settings->parts_max) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT, "5.3.4 the message has more than %u body parts",
                from->context->settings->parts_max);
    return false;
  }
  if (part->present == BodyPart_PR_message && part->choice.message->data)
    return write_ipm_part(from, part->choice.message, error);
  g_autoptr(mime_draft_t) draft = body_draft(from, part, number, fields, error);
  if (!draft)
    return false;
  if (alone && part->present == BodyPart_PR_ia5_text &&
      !g_strcmp0(draft->type, "text/plain; charset=us-ascii"))
    g_clear_pointer(&draft->type, g_free); /* 6.1 */
  return body_draft_write(from, draft, error);
}

static bool write_multipart(struct from_x400 *from, const char *subtype, const struct Body *body, int first,
                            GPtrArray *fields, GError **error)
{
  g_autofree char *boundary = mime_writer_boundary(from->writer);
  g_autofree char *type = g_strconcat("multipart/", subtype, NULL);
  mime_writer_value(from->writer, "Content-Type", type);
  if (!strcmp(subtype, "related")) {
    g_autofree char *root = part_type(from, body, first, 0, fields);
    if (root)
      mime_writer_param(from->writer, "type", root);
  } else if (!strcmp(subtype, "report")) {
    g_autofree char *kind = part_type(from, body, first, 1, fields);
    if (kind && g_str_has_prefix(kind, "message/"))
      mime_writer_param(from->writer, "report-type", kind + strlen("message/"));
  }
  mime_writer_param(from->writer, "boundary", boundary);
  mime_writer_value_end(from->writer);
  mime_writer_end_header(from->writer);
  for (int i = first; i < body->list.count; i++) {
    mime_writer_delimiter(from->writer, boundary, false);
    if (!write_part(from, body->list.array[i], (guint)(i - first) + 1, false, fields, error))
      return false;
  }
  mime_writer_delimiter(from->writer, boundary, true);
  return true;
}

/* 2.2: all of them messages is a digest. */
static const char *default_subtype(const struct Body *body, int first)
{
  for (int i = first; i < body->list.count; i++)
    if (body->list.array[i]->present != BodyPart_PR_message)
      return "mixed";
  return "digest";
}

/* RFC 2156 appendix B: header fields in a first body part of their own.  True: it is one; its fields join the
 * others. */
static bool old_header(struct from_x400 *from, const struct Body *body, GPtrArray *fields)
{
  static const char mark[] = "RFC-822-Headers:";
  if (body->list.count < 1 || body->list.array[0]->present != BodyPart_PR_ia5_text)
    return false;
  g_autofree char *text = asn1_strndup(from->value, &body->list.array[0]->choice.ia5_text.data, HEADER_MAX);
  if (!text || g_ascii_strncasecmp(text, mark, strlen(mark)) != 0)
    return false;
  g_auto(GStrv) lines = g_strsplit(text + strlen(mark), "\n", -1);
  for (char **line = lines; *line; line++) {
    g_strchomp(*line);
    guint last = fields->len;
    if ((**line == ' ' || **line == '\t') && last) {
      char *joined = g_strconcat(fields->pdata[last - 1], *line, NULL);
      g_free(fields->pdata[last - 1]);
      fields->pdata[last - 1] = joined;
    } else if (**line) {
      g_ptr_array_add(fields, g_strdup(*line));
    }
  }
  return true;
}

/* The header is written but for the MIME fields. */
static bool write_body(struct from_x400 *from, const struct IPM *ipm, int first, GPtrArray *fields,
                       GError **error)
{
  const struct Body *body = ipm->body;
  struct multipart multipart = multipart_of(from, &ipm->heading);
  g_autofree char *subtype = multipart.subtype;
  int count = body->list.count - first;
  if (!count) {
    mime_writer_end_header(from->writer);
    return true;
  }
  if (count > 1 || subtype)
    return write_multipart(from, subtype ? subtype : default_subtype(body, first), body, first, fields,
                           error);
  return write_part(from, body->list.array[first], 1, true, fields, error);
}

/* 6.5: what of a forwarded message's envelope has a field. */
static void write_delivery(struct from_x400 *from, const struct MessageBodyPart *message, GPtrArray *fields)
{
  static const char *const priorities[] = {"normal", "non-urgent", "urgent"};
  const struct OtherMessageDeliveryFields *envelope = message->parameters.delivery_envelope;
  struct mail_time time;
  g_autoptr(GString) text = g_string_new(NULL);
  if (envelope && !heading_field(fields, "Date") &&
      x400_time_get(&envelope->message_submission_time, &time)) {
    mail_time_format(&time, text);
    mime_writer_field(from->writer, "Date", text->str);
  }
  if (envelope && envelope->priority && *envelope->priority > 0 && *envelope->priority <= 2)
    mime_writer_field(from->writer, "Priority", priorities[*envelope->priority]);
  if (x400_time_get(message->parameters.delivery_time, &time)) {
    g_string_truncate(text, 0);
    mail_time_format(&time, text);
    mime_writer_field(from->writer, "Delivery-Date", text->str);
  }
}

/* Heading and body; fields of the envelope are written. */
static bool write_ipm(struct from_x400 *from, const struct IPM *ipm, GPtrArray *fields, GError **error)
{
  int first = old_header(from, ipm->body, fields) ? 1 : 0;
  heading_from_x400(from, &ipm->heading, fields);
  mime_writer_field(from->writer, "MIME-Version", "1.0");
  return write_body(from, ipm, first, fields, error);
}

static bool write_ipm_part(struct from_x400 *from, const struct MessageBodyPart *message, GError **error)
{
  if (++from->depth > from->context->settings->depth_max) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT,
                "5.3.4 the message has more than %u levels of messages", from->context->settings->depth_max);
    return false;
  }
  struct multipart multipart = multipart_of(from, &message->data->heading);
  g_autofree char *subtype = multipart.subtype;
  bool good;
  if (subtype && multipart.not_a_message) { /* 6.6 */
    g_autoptr(GPtrArray) fields = heading_fields_get(from, &message->data->heading);
    good = write_multipart(from, subtype, message->data->body, 0, fields, error);
  } else {
    g_autoptr(GPtrArray) fields = heading_fields_get(from, &message->data->heading);
    mime_writer_field(from->writer, "Content-Type", "message/rfc822");
    mime_writer_end_header(from->writer);
    write_delivery(from, message, fields);
    good = write_ipm(from, message->data, fields, error);
  }
  from->depth--;
  return good;
}

bool ipm_from_x400(struct from_x400 *from, const struct IPM *ipm, GError **error)
{
  g_autoptr(GPtrArray) fields = heading_fields_get(from, &ipm->heading);
  return write_ipm(from, ipm, fields, error);
}
