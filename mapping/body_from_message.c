/* body_from_message.c - messages in messages, and the body as a whole: RFC 2157 2.2, 6.5, 6.6; RFC 2156
 * appendix B. */
#include "mapping/body.h"

#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <Heading.h>
#include <IPM.h>
#include <MessageBodyPart.h>
#include <MultipartType-1495.h>
#include <MultipartType.h>
#include <OtherMessageDeliveryFields.h>

enum { HEADER_MAX = 65536 };

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
    if (!body_write_part(from, body->list.array[i], (guint)(i - first) + 1, false, fields, error))
      return false;
  }
  mime_writer_delimiter(from->writer, boundary, true);
  return true;
}

/* 2.2: all of them messages is a digest; a multipart (6.6) is none. */
static const char *default_subtype(const struct from_x400 *from, const struct Body *body, int first)
{
  for (int i = first; i < body->list.count; i++) {
    const struct BodyPart *part = body->list.array[i];
    if (part->present != BodyPart_PR_message || !part->choice.message->data)
      return "mixed";
    struct multipart multipart = multipart_of(from, &part->choice.message->data->heading);
    bool is = multipart.subtype && multipart.not_a_message;
    g_free(multipart.subtype);
    if (is)
      return "mixed";
  }
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
    return write_multipart(from, subtype ? subtype : default_subtype(from, body, first), body, first, fields,
                           error);
  return body_write_part(from, body->list.array[first], 1, true, fields, error);
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

bool body_is_multipart(const struct reading *reading)
{
  const struct MessageBodyPart *message = reading->part->choice.message;
  struct multipart multipart = multipart_of(reading->from, &message->data->heading);
  bool is = multipart.subtype && multipart.not_a_message;
  g_free(multipart.subtype);
  return is;
}

/* Messages in messages are bounded. */
static bool enter(struct from_x400 *from, GError **error)
{
  if (from->depth < from->context->settings->depth_max) {
    from->depth++;
    return true;
  }
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_LIMIT,
              "5.3.4 the message has more than %u levels of messages", from->context->settings->depth_max);
  return false;
}

bool body_write_multipart(const struct reading *reading, GError **error)
{
  struct from_x400 *from = reading->from;
  const struct IPM *ipm = reading->part->choice.message->data;
  if (!enter(from, error))
    return false;
  struct multipart multipart = multipart_of(from, &ipm->heading);
  g_autofree char *subtype = multipart.subtype;
  g_autoptr(GPtrArray) fields = heading_fields_get(from, &ipm->heading);
  bool good = write_multipart(from, subtype, ipm->body, 0, fields, error);
  from->depth--;
  return good;
}

bool body_write_message(const struct reading *reading, GError **error)
{
  struct from_x400 *from = reading->from;
  const struct MessageBodyPart *message = reading->part->choice.message;
  if (!enter(from, error))
    return false;
  g_autoptr(GPtrArray) fields = heading_fields_get(from, &message->data->heading);
  mime_writer_field(from->writer, "Content-Type", "message/rfc822");
  mime_writer_end_header(from->writer);
  write_delivery(from, message, fields);
  bool good = write_ipm(from, message->data, fields, error);
  from->depth--;
  return good;
}

bool ipm_from_x400(struct from_x400 *from, const struct IPM *ipm, GError **error)
{
  g_autoptr(GPtrArray) fields = heading_fields_get(from, &ipm->heading);
  return write_ipm(from, ipm, fields, error);
}
