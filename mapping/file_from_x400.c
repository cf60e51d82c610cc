/* file_from_x400.c - a file transfer body part becomes a part of a mail: RFC 2157 2.3, 3.3, 6.4; X.420 annex
 * B. */
#include "mapping/body.h"
#include "mapping/file.h"
#include "mapping/media.h"
#include "mapping/text.h"

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
#include <IA5String.h>
#include <IPMSExtension.h>
#include <MessageReference.h>
#include <ORName.h>
#include <Object-Size-Attribute.h>
#include <Pathname-Attribute.h>
#include <RFC822FieldList.h>
#include <RelatedFile.h>
#include <RelatedStoredFile.h>
#include <Relationship.h>

enum { NAME_MAX_OCTETS = 1024 };

/* Fields that have a place of their own, or none. */
bool file_field_is_placed(const char *name)
{
  static const char *const names[] = {"Content-Type",        "Content-Transfer-Encoding", "Content-ID",
                                      "Content-Description", "Content-Disposition",       "MIME-Version",
                                      PART_DISPOSITION};
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

/* GraphicString, as products write it (decision 0132): with escape sequences as it should be; UTF-8; T.61;
 * Latin-1. */
static char *graphic(const struct asn1_value *value, const struct OCTET_STRING *field, gsize limit)
{
  g_autofree char *octets = asn1_strndup(value, field, limit);
  bool plain = octets && !strchr(octets, 0x1B);
  bool high = false, accented = false;
  for (const char *c = octets; plain && *c; c++) {
    high |= (guint8)*c >= 0x80;
    accented |= (guint8)*c >= 0xC1 && (guint8)*c <= 0xCF && g_ascii_isalpha(c[1]);
  }
  if (!plain || !high)
    return x400_text(value, CHARSET_GENERAL, field, limit);
  if (g_utf8_validate(octets, -1, NULL))
    return x400_text(value, CHARSET_UTF8, field, limit);
  struct charset_loss loss = {0};
  g_free(charset_to_utf8(CHARSET_TELETEX, octets, strlen(octets), &loss));
  return x400_text(value,
                   accented && !loss.substituted && !loss.tolerated ? CHARSET_TELETEX : CHARSET_GENERAL,
                   field, limit);
}

/* 2.3.3: what no field of a mail says. */
static void tell_discarded(const struct from_x400 *from, const FileTransferParameters_t *parameters)
{
  static const struct FileAttributes no_attributes;
  static const struct EnvironmentParameter no_environment;
  const struct FileAttributes *attributes =
      parameters->file_attributes ? parameters->file_attributes : &no_attributes;
  const struct EnvironmentParameter *environment =
      parameters->environment ? parameters->environment : &no_environment;
  const struct {
    bool present;
    const char *name;
  } elements[] = {
      {environment->machine, "machine"},
      {environment->operating_system, "operating-system"},
      {environment->user_visible_string && environment->user_visible_string->list.count > 1,
       "user-visible-string after the first"},
      {environment->application_reference &&
           environment->application_reference->present == GeneralIdentifier_PR_descriptive_identifier,
       "application-reference that is a description"},
      {attributes->pathname && attributes->pathname->choice.incomplete_pathname.list.count > 1,
       "parting of pathname into components"},
      {attributes->permitted_actions, "permitted-actions"},
      {attributes->storage_account, "storage-account"},
      {attributes->date_and_time_of_last_attribute_modification,
       "date-and-time-of-last-attribute-modification"},
      {attributes->identity_of_creator, "identity-of-creator"},
      {attributes->identity_of_last_modifier, "identity-of-last-modifier"},
      {attributes->identity_of_last_reader, "identity-of-last-reader"},
      {attributes->identity_of_last_attribute_modifier, "identity-of-last-attribute-modifier"},
      {attributes->object_availability, "object-availability"},
      {attributes->future_object_size, "future-object-size"},
      {attributes->access_control, "access-control"},
      {attributes->legal_qualifications, "legal-qualifications"},
      {attributes->private_use, "private-use"},
      {attributes->attribute_extensions, "attribute-extensions"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(elements); i++)
    if (elements[i].present)
      mapping_loss(from->losses,
                   "file transfer body part: its %s is left out (RFC 2157 2.3.3): no field says it",
                   elements[i].name);
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
      g_autofree char *text = graphic(value, path->list.array[i], NAME_MAX_OCTETS);
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
  const char *disposition = heading_field(fields, PART_DISPOSITION);
  if (draft->type && disposition && (!strcmp(disposition, "inline") || !strcmp(disposition, "none")))
    draft->disposition = g_strdup(disposition);
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

static void get_environment(const struct from_x400 *from, const struct asn1_value *value,
                            const FileTransferParameters_t *parameters, struct mime_draft *draft)
{
  const struct EnvironmentParameter *environment = parameters->environment;
  const struct GeneralIdentifier *reference = environment ? environment->application_reference : NULL;
  if (environment && environment->user_visible_string && environment->user_visible_string->list.count)
    draft->description = graphic(value, environment->user_visible_string->list.array[0], NAME_MAX_OCTETS);
  if (draft->type || !reference || reference->present != GeneralIdentifier_PR_registered_identifier)
    return;
  enum oid oid = oid_get(&reference->choice.registered_identifier);
  if (oid == OID_EMA_UNKNOWN_ATTACHMENT || oid == OID_EMA_UNKNOWN_ATTACHMENT_DRAFT ||
      oid == OID_MIME_FTBP_DATA)
    return;
  g_autofree char *dotted = x400_oid_text(&reference->choice.registered_identifier);
  const char *type = media_type(from->context->settings, MEDIA_APPLICATION, dotted);
  draft->type = type ? g_strdup(type) : g_strconcat(FILE_ENCAPSULATED, dotted, NULL); /* 3.3 */
}

/* contents-type: absent is unstructured-binary. */
static enum oid contents_of(const FileTransferParameters_t *parameters)
{
  const struct ContentsTypeParameter *type = parameters ? parameters->contents_type : NULL;
  return !type ? OID_FILE_BINARY
         : type->present == ContentsTypeParameter_PR_document_type
             ? oid_get(&type->choice.document_type.document_type_name)
             : OID_UNKNOWN;
}

/* ISO 8571-2 FTAM-1: a character string, whose tag says its set (decision 0132). */
static bool read_text(const struct from_x400 *from, const struct asn1_value *data,
                      const struct External *file, struct mime_draft *draft, GError **error)
{
  enum { CONSTRUCTED = 0x20, IA5_STRING = 0x16, LAST = 0x1B };
  static const enum charset sets[LAST + 1] = {
      [0x13] = CHARSET_IA5,     [0x14] = CHARSET_TELETEX, [0x15] = CHARSET_TELETEX, [0x16] = CHARSET_IA5,
      [0x19] = CHARSET_GENERAL, [0x1A] = CHARSET_IA5,     [0x1B] = CHARSET_GENERAL};
  if (file->encoding.present != External__encoding_PR_single_ASN1_type)
    return false;
  g_autoptr(octets_t) value =
      asn1_octets(data, (const struct OCTET_STRING *)&file->encoding.choice.single_ASN1_type);
  guint8 tag = 0;
  if (octets_length(value) < 2 || !octets_read(value, 0, &tag, 1, NULL) || (tag & ~CONSTRUCTED) > LAST ||
      (tag & ~CONSTRUCTED) < 0x13)
    return false;
  /* All are alike but for the tag. */
  guint8 plain = (tag & CONSTRUCTED) | IA5_STRING;
  g_autoptr(octets_t) head = octets_new(&plain, 1), rest = octets_slice(value, 1, octets_length(value) - 1);
  struct octets *const both[] = {head, rest};
  g_autoptr(octets_t) string = octets_concat(both, 2);
  g_autoptr(asn1_value_t) decoded = asn1_decode(&asn_DEF_IA5String, string, NULL, NULL);
  if (!decoded)
    return false;
  g_autoptr(octets_t) text = asn1_octets(decoded, asn1_value_get(decoded));
  g_autofree char *set = NULL;
  struct charset_loss loss;
  draft->content = text_from_x400(sets[tag & ~CONSTRUCTED], NULL, 0, text, from->spill, &set, &loss, error);
  text_tell(from->losses, "file transfer body part", &loss);
  if (draft->content && !draft->type)
    draft->type = g_strdup_printf("text/plain; charset=%s", set);
  draft->size = -1; /* of the string as it was */
  return draft->content;
}

struct mime_draft *body_read_file(const struct reading *reading, GError **error)
{
  struct from_x400 *from = reading->from;
  const ExternallyDefinedBodyPart_t *part = &reading->part->choice.externally_defined;
  g_autoptr(asn1_value_t) data = body_external(from, from->value, &part->data, &asn_DEF_FileTransferData);
  const FileTransferData_t *files = data ? asn1_value_get(data) : NULL;
  g_autoptr(asn1_value_t) value =
      body_external(from, from->value, part->parameters, &asn_DEF_FileTransferParameters);
  const FileTransferParameters_t *parameters = value ? asn1_value_get(value) : NULL;
  if (!files || files->list.count != 1 || (part->parameters && !parameters) ||
      (parameters && parameters->compression)) /* 3.3 */
    return NULL;
  g_autoptr(mime_draft_t) draft = mime_draft_new();
  if (parameters) {
    get_identifier(from, value, parameters, draft);
    get_attributes(value, parameters, draft);
    get_type(value, parameters, draft);
    get_environment(from, value, parameters, draft);
  }
  enum oid contents = contents_of(parameters);
  if (contents == OID_FILE_BINARY)
    draft->content = body_external_octets(from, data, files->list.array[0]);
  else if (contents == OID_FILE_TEXT)
    (void)read_text(from, data, files->list.array[0], draft, error);
  if (!draft->content)
    return NULL;
  if (!draft->type)
    draft->type = g_strdup("application/octet-stream");
  if (parameters)
    tell_discarded(from, parameters);
  return g_steal_pointer(&draft);
}
