/* body_to_external.c - parts that become an externally-defined body part of one OCTET STRING: of the
 * identifier that their type has (RFC 2157 5.3, RFC 2158, RFC 2160), or with their whole header (3.1.2). */
#include "mapping/body.h"
#include "mapping/media.h"

#include <string.h>

#include <BodyPart.h>
#include <External.h>
#include <MimeParameter.h>
#include <MimeParameters.h>
#include <RFC822Field.h>

static bool put_data(struct making *making, const char *oid, struct octets *content, GError **error)
{
  making->body_part->present = BodyPart_PR_externally_defined;
  g_autoptr(asn1_value_t) data = asn1_value_new(&asn_DEF_OCTET_STRING);
  asn1_put_octets(data, asn1_value_get(data), content);
  making->to->new_features = true;
  eit_add(making->to->types, oid);
  struct External *external = &making->body_part->choice.externally_defined.data;
  return body_put_external(making->to->value, external, OID_UNKNOWN, data, error) &&
         oid_put_dotted(external->direct_reference, oid);
}

/* 2.4 (4): the octets alone are carried. */
static void tell_header(const struct making *making)
{
  for (guint i = 0; !making->alone && i < making->part->fields->len; i++) {
    const struct mime_field *field = making->part->fields->pdata[i];
    if (!body_field_is_encoding(field->name) && g_ascii_strcasecmp(field->name, "Content-Type") != 0)
      mapping_loss(making->to->losses,
                   "body part %u: %s is left out (RFC 2157 2.4): the body part has no place for it",
                   making->to->part, field->name);
  }
  for (guint i = 0; i < making->part->type->list->len; i++) {
    const struct mime_param *param = making->part->type->list->pdata[i];
    mapping_loss(
        making->to->losses,
        "body part %u: Content-Type's %s=%s is left out (RFC 2157 2.4): the body part has no place for it",
        making->to->part, param->name, param->value);
  }
}

enum body_status body_make_octets(struct making *making, const char *oid, GError **error)
{
  struct octets *content = making_content(making, error);
  if (!content || !put_data(making, oid, content, error))
    return BODY_FAILED;
  tell_header(making);
  return BODY_MADE;
}

enum body_status body_make_registered(struct making *making, GError **error)
{
  const char *oid = media_oid(making->to->context->settings, MEDIA_BODY_PART, making->part->type->value);
  return oid ? body_make_octets(making, oid, error) : BODY_OTHER;
}

/* --- any MIME content (3.1.2) --- */

/* What stands before the next ";" that is not quoted; *at moves behind it. */
static char *next_parameter(const char **at)
{
  const char *begin = *at, *c = begin;
  for (bool quoted = false; *c && (quoted || *c != ';'); c++) {
    if (*c == '\\' && quoted && c[1])
      c++;
    else if (*c == '"')
      quoted = !quoted;
  }
  *at = *c ? c + 1 : c;
  return g_strstrip(g_strndup(begin, (gsize)(c - begin)));
}

/* "name=value" as written, with its quotes. */
static void add_parameters(const char *line, MimeParameters_t *mime)
{
  const char *at = line;
  g_free(next_parameter(&at)); /* the type */
  while (*at) {
    g_autofree char *text = next_parameter(&at);
    char *value = strchr(text, '=');
    if (!value)
      continue;
    *value++ = '\0';
    struct MimeParameter *parameter = asn1_new_field(struct MimeParameter);
    asn1_put_string(&parameter->parameter, g_strstrip(text));
    asn1_put_string(&parameter->parameter_value, g_strstrip(value));
    asn_sequence_add(&mime->content_parameters.list, parameter);
  }
}

bool body_field_is_encoding(const char *name)
{
  return !g_ascii_strcasecmp(name, "MIME-Version") || !g_ascii_strcasecmp(name, "Content-Transfer-Encoding");
}

/* Of a message's only part the fields that are not "Content-" stand in the heading. */
static void add_fields(const struct making *making, MimeParameters_t *mime)
{
  for (guint i = 0; i < making->part->fields->len; i++) {
    const struct mime_field *field = making->part->fields->pdata[i];
    if (body_field_is_encoding(field->name) || !g_ascii_strcasecmp(field->name, "Content-Type") ||
        (making->alone && g_ascii_strncasecmp(field->name, "Content-", 8) != 0))
      continue;
    g_autofree char *body = x400_ascii(field->body);
    g_autofree char *line = g_strdup_printf("%s: %s", field->name, body);
    asn_sequence_add(&mime->other_header_fields.list, asn1_new_string(line));
  }
}

enum body_status body_make_mime(struct making *making, GError **error)
{
  struct octets *content = making_content(making, error);
  if (!content)
    return BODY_FAILED;
  g_autoptr(asn1_value_t) parameters = asn1_value_new(&asn_DEF_MimeParameters);
  MimeParameters_t *mime = asn1_value_get(parameters);
  g_autofree char *line = mime_type_line(making->part);
  asn1_put_string(&mime->content_type, making->part->type->value);
  add_parameters(line, mime);
  add_fields(making, mime);
  ExternallyDefinedBodyPart_t *defined = &making->body_part->choice.externally_defined;
  if (!put_data(making, oid_dotted(OID_MIME_BP_DATA), content, error))
    return BODY_FAILED;
  defined->parameters = asn1_new_field(struct External);
  return body_put_external(making->to->value, defined->parameters, OID_MIME_BP_PARAMETERS, parameters, error)
             ? BODY_MADE
             : BODY_FAILED;
}
