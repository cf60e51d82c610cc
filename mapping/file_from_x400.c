/* file_from_x400.c - a file transfer body part becomes a part of a mail: RFC 2157 2.3, 3.3, 6.4; X.420 annex
 * B. */
#include "mapping/body.h"
#include "mapping/file.h"

#include <string.h>

#include <BodyPart.h>
#include <CrossReference.h>
#include <Date-and-Time-Attribute.h>
#include <EnvironmentParameter.h>
#include <External.h>
#include <FileAttributes.h>
#include <FileTransferData.h>
#include <FileTransferParameters.h>
#include <GeneralIdentifier.h>
#include <IPMSExtension.h>
#include <MessageReference.h>
#include <ORName.h>
#include <Object-Size-Attribute.h>
#include <Pathname-Attribute.h>
#include <RFC822FieldList.h>
#include <RelatedFile.h>
#include <RelatedStoredFile.h>
#include <Relationship.h>

/* Fields that have a place of their own, or none. */
bool file_field_is_placed(const char *name)
{
  static const char *const names[] = {"Content-Type",        "Content-Transfer-Encoding", "Content-ID",
                                      "Content-Description", "Content-Disposition",       "MIME-Version"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (!g_ascii_strcasecmp(name, names[i]))
      return true;
  return false;
}

static void get_identifier(struct from_x400 *from, const struct asn1_value *value,
                           const FileTransferParameters_t *parameters, struct mime_draft *draft)
{
  for (int i = 0; parameters->related_stored_file && i < parameters->related_stored_file->list.count; i++) {
    const RelatedFile_t *file = parameters->related_stored_file->list.array[i];
    if (file->file_identifier.present != FileIdentifier_PR_cross_reference || !file->relationship ||
        file->relationship->present != Relationship_PR_descriptive_relationship)
      continue;
    g_autofree char *text =
        x400_text(value, CHARSET_GENERAL, &file->relationship->choice.descriptive_relationship, 64);
    const struct MessageReference *reference = file->file_identifier.choice.cross_reference.message_reference;
    if (strcmp(text, FILE_MARK) != 0 || !reference)
      continue;
    struct ipm_identifier *plain = g_new0(struct ipm_identifier, 1);
    plain->relative = x400_text(value, CHARSET_IA5, &reference->user_relative_identifier, 256);
    if (reference->user)
      plain->user = or_address_from_asn1(value, reference->user, NULL);
    g_free(draft->id);
    draft->id = identifier_message_id_from_ipm(from->context, plain);
    ipm_identifier_free(plain);
  }
}

static char *get_date(const struct Date_and_Time_Attribute *attribute)
{
  struct mail_time time;
  if (!attribute || attribute->present != Date_and_Time_Attribute_PR_actual_values)
    return NULL;
  const struct OCTET_STRING *field = &attribute->choice.actual_values;
  if (!mail_time_parse_generalized(field->buf, (gsize)field->size, &time))
    return NULL;
  GString *text = g_string_new(NULL);
  mail_time_format(&time, text);
  return g_string_free(text, FALSE);
}

static void get_attributes(const struct asn1_value *value, const FileTransferParameters_t *parameters,
                           struct mime_draft *draft)
{
  const struct FileAttributes *attributes = parameters->file_attributes;
  if (!attributes)
    return;
  if (attributes->pathname) {
    /* One string by EMA's profile; the components of a real path are joined. */
    const Pathname_t *path = &attributes->pathname->choice.incomplete_pathname;
    GString *name = g_string_new(NULL);
    for (int i = 0; i < path->list.count; i++) {
      g_autofree char *text = x400_text(value, CHARSET_GENERAL, path->list.array[i], 1024);
      g_string_append_printf(name, "%s%s", i ? "/" : "", text);
    }
    draft->filename = g_string_free(name, FALSE);
  }
  draft->created = get_date(attributes->date_and_time_of_creation);
  draft->modified = get_date(attributes->date_and_time_of_last_modification);
  draft->read = get_date(attributes->date_and_time_of_last_read_access);
  if (attributes->object_size && attributes->object_size->present == Object_Size_Attribute_PR_actual_values)
    draft->size = attributes->object_size->choice.actual_values;
}

static void get_type(const struct asn1_value *value, const FileTransferParameters_t *parameters,
                     struct mime_draft *draft)
{
  g_autoptr(asn1_value_t) list = x400_heading_extension_value(
      value, x400_heading_extension(parameters->extensions, OID_RFC_822_FIELD_LIST),
      &asn_DEF_RFC822FieldList);
  g_autoptr(GPtrArray) fields = list ? x400_field_list_get(list) : g_ptr_array_new_with_free_func(g_free);
  const char *type = heading_field(fields, "Content-Type");
  /* A container cannot be rebuilt from one string of octets. */
  if (type && strchr(type, '/') && g_ascii_strncasecmp(type, "multipart/", 10) != 0)
    draft->type = g_strdup(type);
  const char *id = heading_field(fields, "Content-ID");
  if (id && !draft->id)
    draft->id = g_strdup(id);
  for (guint i = 0; i < fields->len; i++) {
    const char *field = fields->pdata[i];
    g_autofree char *name = g_strndup(field, strcspn(field, ": \t"));
    if (!file_field_is_placed(name))
      g_ptr_array_add(draft->fields, g_strdup(field));
  }
}

static void get_environment(const struct asn1_value *value, const FileTransferParameters_t *parameters,
                            struct mime_draft *draft)
{
  const struct EnvironmentParameter *environment = parameters->environment;
  const struct GeneralIdentifier *reference = environment ? environment->application_reference : NULL;
  if (environment && environment->user_visible_string && environment->user_visible_string->list.count)
    draft->description =
        x400_text(value, CHARSET_GENERAL, environment->user_visible_string->list.array[0], 1024);
  if (draft->type)
    return;
  enum oid oid = OID_UNKNOWN;
  if (reference && reference->present == GeneralIdentifier_PR_registered_identifier) {
    oid = oid_get(&reference->choice.registered_identifier);
    if (oid != OID_EMA_UNKNOWN_ATTACHMENT && oid != OID_EMA_UNKNOWN_ATTACHMENT_DRAFT &&
        oid != OID_MIME_FTBP_DATA) {
      g_autofree char *dotted = x400_oid_text(&reference->choice.registered_identifier); /* 3.3 */
      draft->type = g_strconcat(FILE_ENCAPSULATED, dotted, NULL);
    }
  }
  if (!draft->type)
    draft->type = g_strdup("application/octet-stream");
}

/* contents-type: absent is unstructured-binary. */
static bool is_binary(const FileTransferParameters_t *parameters)
{
  const struct ContentsTypeParameter *type = parameters->contents_type;
  return !type || (type->present == ContentsTypeParameter_PR_document_type &&
                   oid_get(&type->choice.document_type.document_type_name) == OID_FILE_BINARY);
}

struct mime_draft *body_read_file(const struct reading *reading, GError **error)
{
  (void)error;
  struct from_x400 *from = reading->from;
  const ExternallyDefinedBodyPart_t *part = &reading->part->choice.externally_defined;
  g_autoptr(asn1_value_t) data = body_external(from, from->value, &part->data, &asn_DEF_FileTransferData);
  const FileTransferData_t *files = data ? asn1_value_get(data) : NULL;
  if (!files || files->list.count != 1)
    return NULL;
  g_autoptr(mime_draft_t) draft = mime_draft_new();
  draft->content = body_external_octets(from, data, files->list.array[0]);
  if (!draft->content)
    return NULL;
  if (part->parameters) {
    g_autoptr(asn1_value_t) value =
        body_external(from, from->value, part->parameters, &asn_DEF_FileTransferParameters);
    const FileTransferParameters_t *parameters = value ? asn1_value_get(value) : NULL;
    if (!parameters || parameters->compression || !is_binary(parameters))
      return NULL;
    get_identifier(from, value, parameters, draft);
    get_attributes(value, parameters, draft);
    get_type(value, parameters, draft);
    get_environment(value, parameters, draft);
  } else {
    draft->type = g_strdup("application/octet-stream");
  }
  return g_steal_pointer(&draft);
}
