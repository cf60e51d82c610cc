/* body_from_basic.c - body parts that are one string of octets: facsimile, bilaterally-defined (RFC
 * 2157 6.3), MIME in body part 15 (3.1.2), octets under an identifier of their own (RFC 2158, RFC 2160); and,
 * whole, any other (3.2). */
#include "mapping/body.h"
#include "mapping/fax.h"
#include "mapping/fax_tiff.h"
#include "mapping/media.h"

#include <string.h>

#include <BodyPart.h>
#include <External.h>
#include <MimeParameter.h>
#include <MimeParameters.h>
#include <RFC822Field.h>

enum { HEADER_MAX = 65536 };

struct mime_draft *body_read_fax(const struct reading *reading, GError **error)
{
  return fax_from_x400(reading->from, &reading->part->choice.g3_facsimile, error);
}

struct mime_draft *body_read_tiff(const struct reading *reading, GError **error)
{
  return fax_tiff_from_x400(reading->from, &reading->part->choice.g3_facsimile, error);
}

/* The body part's own BER. */
struct mime_draft *body_read_wrapped(const struct reading *reading, GError **error)
{
  struct from_x400 *from = reading->from;
  const struct BodyPart *part = reading->part;
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

/* 3.1.2: quotes are kept where there are any, and set where some are needed. */
static void append_parameter(GString *line, const char *name, const char *value)
{
  bool token = *value && !value[strcspn(value, " ()<>@,;:\\\"/[]?=")];
  gsize length = strlen(value);
  bool quoted = length >= 2 && value[0] == '"' && value[length - 1] == '"';
  g_string_append_printf(line, "; %s=%s", name, token || quoted ? value : "\"");
  if (token || quoted)
    return;
  for (; *value; value++) {
    if (strchr("\"\\", *value))
      g_string_append_c(line, '\\');
    g_string_append_c(line, *value);
  }
  g_string_append_c(line, '"');
}

/* 3.1.2: any MIME content in body part 15. */
struct mime_draft *body_read_mime(const struct reading *reading, GError **error)
{
  (void)error;
  struct from_x400 *from = reading->from;
  const ExternallyDefinedBodyPart_t *part = &reading->part->choice.externally_defined;
  g_autoptr(octets_t) data = body_external_octets(from, from->value, &part->data);
  g_autoptr(asn1_value_t) parameters =
      body_external(from, from->value, part->parameters, &asn_DEF_MimeParameters);
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
    append_parameter(line, name, value);
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
  draft->content = g_steal_pointer(&data);
  return draft;
}

struct mime_draft *body_read_octets(const struct reading *reading, GError **error)
{
  (void)error;
  const struct External *data = &reading->part->choice.externally_defined.data;
  g_autofree char *dotted = data->direct_reference ? x400_oid_text(data->direct_reference) : NULL;
  const char *type = dotted ? media_type(reading->from->context->settings, MEDIA_BODY_PART, dotted) : NULL;
  g_autoptr(octets_t) octets = type ? body_external_octets(reading->from, reading->from->value, data) : NULL;
  if (!octets)
    return NULL;
  struct mime_draft *draft = mime_draft_new();
  draft->type = g_strdup(type);
  draft->content = g_steal_pointer(&octets);
  return draft;
}

bool body_read_mark(const struct reading *reading, struct mime_draft *draft)
{
  for (guint i = 0; i < reading->fields->len; i++) {
    const char *field = reading->fields->pdata[i];
    if (g_ascii_strncasecmp(field, HEADING_BODY_PART ":", strlen(HEADING_BODY_PART ":")) != 0)
      continue;
    g_autoptr(mime_params_t) params =
        mime_params_parse(reading->from->context->charsets, field + strlen(HEADING_BODY_PART ":"));
    const char *type = mime_params_get(params, "type");
    if (g_ascii_strtoull(params->value, NULL, 10) != reading->number || !type || !strchr(type, '/') ||
        !g_ascii_strncasecmp(type, "multipart/", 10))
      continue;
    draft->type = g_strdup(type);
    draft->filename = g_strdup(mime_params_get(params, "filename"));
    draft->id = g_strdup(mime_params_get(params, "id"));
    return true;
  }
  return false;
}

/* Type and name from the heading's field when our own side wrote it (decision 0052). */
struct mime_draft *body_read_bilateral(const struct reading *reading, GError **error)
{
  (void)error;
  struct mime_draft *draft = mime_draft_new();
  draft->content = asn1_octets(reading->from->value, &reading->part->choice.bilaterally_defined);
  if (!body_read_mark(reading, draft))
    draft->type = g_strdup("application/octet-stream");
  return draft;
}
