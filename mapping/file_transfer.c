/* file_transfer.c - the file transfer body part both ways: RFC 2157 2.3, 3.1.1, 3.3, 6.4; X.420 annex B.
 *
 * Attachments go in the way of 3.1.1: Content-Type stands in the parameters' extension rfc-822-field, so that
 * a gateway gives the part back as it was, and an X.400 user finds name, size and dates where X.420 has them.
 * An application/octet-stream of which nothing more is to be said is EMA's unknown attachment (6.4). */
#include "mapping/conversion.h"
#include "mapping/mime_word.h"

#include <stdlib.h>
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

/* RFC 2157 2.3.2. */
static const char marker[] = "Internet MIME Body Part";
static const char encapsulated[] = "application/x-ftbp.";

/* --- to X.400 --- */

static struct OCTET_STRING *graphic_new(const char *utf8)
{
  g_autoptr(GByteArray) octets = charset_from_utf8(CHARSET_GENERAL, utf8, NULL);
  g_byte_array_append(octets, (const guint8 *)"", 1);
  return asn1_new_string((const char *)octets->data);
}

char *mime_type_line(const struct mime_part *part)
{
  const char *raw = part->typed ? mime_part_field(part, "Content-Type") : NULL;
  bool ascii = raw != NULL;
  for (const char *c = raw; c && *c; c++)
    ascii &= (guint8)*c < 0x80;
  if (ascii)
    return g_strdup(raw);
  /* Octets above 127, or a type that was only understood: written anew. */
  g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "");
  mime_writer_value(writer, "T", part->type->value);
  for (guint i = 0; i < part->type->list->len; i++) {
    const struct mime_param *param = part->type->list->pdata[i];
    mime_writer_param(writer, param->name, param->value);
  }
  mime_writer_value_end(writer);
  g_autoptr(GBytes) bytes = mime_writer_bytes(writer);
  gsize length;
  const char *text = g_bytes_get_data(bytes, &length);
  GString *line = g_string_new_len(text + 3, (gssize)length - 5);
  g_string_replace(line, "\r\n", "", 0);
  return g_string_free(line, FALSE);
}

static void put_identifier(struct to_x400 *to, const char *id, struct asn1_value *value,
                           FileTransferParameters_t *parameters, GPtrArray *fields)
{
  struct ipm_identifier *plain = *id == '<' ? identifier_ipm_from_message_id(to->context, id) : NULL;
  g_autofree char *back = plain ? identifier_message_id_from_ipm(to->context, plain) : NULL;
  if (!back || strcmp(back, id) != 0) {
    g_ptr_array_add(fields, g_strdup_printf("Content-ID: %s", id)); /* it would not come back the same */
  } else {
    parameters->related_stored_file = asn1_new_field(struct RelatedStoredFile);
    RelatedFile_t *file = asn1_new_field(RelatedFile_t);
    asn_set_add(&parameters->related_stored_file->list, file);
    file->file_identifier.present = FileIdentifier_PR_cross_reference;
    CrossReference_t *reference = &file->file_identifier.choice.cross_reference;
    asn1_put_string(&reference->application_cross_reference, "");
    reference->message_reference = asn1_new_field(struct MessageReference);
    asn1_put_string(&reference->message_reference->user_relative_identifier,
                    plain->relative ? plain->relative : "");
    if (plain->user) {
      reference->message_reference->user = asn1_new_field(struct ORName);
      or_address_to_asn1(plain->user, value, reference->message_reference->user);
    }
    file->relationship = asn1_new_field(struct Relationship);
    file->relationship->present = Relationship_PR_descriptive_relationship;
    asn1_put_string(&file->relationship->choice.descriptive_relationship, marker);
  }
  if (plain)
    ipm_identifier_free(plain);
}

static void put_date(const struct mime_params *disposition, const char *name,
                     struct Date_and_Time_Attribute **attribute)
{
  struct mail_time time;
  const char *text = disposition ? mime_params_get(disposition, name) : NULL;
  if (!text || !mail_time_parse(text, &time))
    return;
  g_autoptr(GString) generalized = g_string_new(NULL);
  mail_time_format_generalized(&time, generalized);
  *attribute = asn1_new_field(struct Date_and_Time_Attribute);
  (*attribute)->present = Date_and_Time_Attribute_PR_actual_values;
  asn1_put_string(&(*attribute)->choice.actual_values, generalized->str);
}

static void put_attributes(const struct mime_mail *mail, const struct mime_part *part, guint64 size,
                           FileTransferParameters_t *parameters)
{
  struct FileAttributes *attributes = parameters->file_attributes = asn1_new_field(struct FileAttributes);
  g_autofree char *name = mime_part_filename(mail, part);
  if (name) {
    attributes->pathname = asn1_new_field(struct Pathname_Attribute);
    attributes->pathname->present = Pathname_Attribute_PR_incomplete_pathname;
    asn_sequence_add(&attributes->pathname->choice.incomplete_pathname.list, graphic_new(name));
  }
  g_autoptr(mime_params_t) disposition = mime_part_disposition(mail, part);
  put_date(disposition, "creation-date", &attributes->date_and_time_of_creation);
  put_date(disposition, "modification-date", &attributes->date_and_time_of_last_modification);
  put_date(disposition, "read-date", &attributes->date_and_time_of_last_read_access);
  attributes->object_size = asn1_new_field(struct Object_Size_Attribute);
  attributes->object_size->present = Object_Size_Attribute_PR_actual_values;
  attributes->object_size->choice.actual_values = (long)size;
}

static void put_environment(struct to_x400 *to, const struct mime_part *part, const char *type_line,
                            FileTransferParameters_t *parameters, GPtrArray *fields)
{
  struct EnvironmentParameter *environment = parameters->environment =
      asn1_new_field(struct EnvironmentParameter);
  environment->application_reference = asn1_new_field(struct GeneralIdentifier);
  environment->application_reference->present = GeneralIdentifier_PR_registered_identifier;
  OBJECT_IDENTIFIER_t *reference = &environment->application_reference->choice.registered_identifier;
  const char *type = part->type->value;
  bool ours = g_str_has_prefix(type, encapsulated) && oid_put_dotted(reference, type + strlen(encapsulated));
  bool unknown =
      !ours && !strcmp(type, "application/octet-stream") &&
      (!part->type->list->len || (part->type->list->len == 1 && mime_params_get(part->type, "name")));
  if (!ours)
    oid_put(reference, unknown ? OID_EMA_UNKNOWN_ATTACHMENT : OID_MIME_FTBP_DATA);
  if (!ours && !unknown)
    g_ptr_array_insert(fields, 0, g_strdup_printf("Content-Type: %s", type_line));
  const char *description = mime_part_field(part, "Content-Description");
  if (description) {
    g_autofree char *text = mime_word_decode(to->context->charsets, description);
    environment->user_visible_string = asn1_zalloc(sizeof *environment->user_visible_string);
    asn_sequence_add(&environment->user_visible_string->list, graphic_new(text));
  }
}

/* Fields that have a place of their own, or none. */
static bool placed(const char *name)
{
  static const char *const names[] = {"Content-Type",        "Content-Transfer-Encoding", "Content-ID",
                                      "Content-Description", "Content-Disposition",       "MIME-Version"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
    if (!g_ascii_strcasecmp(name, names[i]))
      return true;
  return false;
}

static struct asn1_value *parameters_new(struct to_x400 *to, const struct mime_part *part, guint64 size,
                                         bool alone)
{
  struct asn1_value *value = asn1_value_new(&asn_DEF_FileTransferParameters);
  FileTransferParameters_t *parameters = asn1_value_get(value);
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  /* The header of a message's only body is in the heading already (2.3.2). */
  for (guint i = 0; !alone && i < part->fields->len; i++) {
    const struct mime_field *field = part->fields->pdata[i];
    bool ascii = true;
    for (const char *c = field->body; *c; c++)
      ascii &= (guint8)*c < 0x80;
    if (!placed(field->name) && ascii)
      g_ptr_array_add(fields, g_strdup_printf("%s: %s", field->name, field->body));
  }
  g_autofree char *type_line = mime_type_line(part);
  put_environment(to, part, type_line, parameters, fields);
  const char *id = mime_part_field(part, "Content-ID");
  if (id)
    put_identifier(to, id, value, parameters, fields);
  put_attributes(to->mail, part, size, parameters);
  if (fields->len) {
    g_autoptr(asn1_value_t) list = x400_field_list_new(fields);
    x400_heading_extension_add(value, &parameters->extensions, OID_RFC_822_FIELD_LIST,
                               &asn_DEF_RFC822FieldList, asn1_value_get(list));
  }
  return value;
}

static bool put_external(struct asn1_value *value, struct External *external, enum oid oid,
                         const struct asn1_value *content, GError **error)
{
  g_autoptr(octets_t) octets = asn1_encode(content, error);
  if (!octets)
    return false;
  external->direct_reference = asn1_new_field(OBJECT_IDENTIFIER_t);
  oid_put(external->direct_reference, oid);
  external->encoding.present = External__encoding_PR_single_ASN1_type;
  asn1_put_octets(value, (struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type, octets);
  return true;
}

bool file_transfer_to_x400(struct to_x400 *to, const struct mime_part *part, struct octets *content,
                           bool alone, struct BodyPart *body_part, GError **error)
{
  body_part->present = BodyPart_PR_externally_defined;
  ExternallyDefinedBodyPart_t *defined = &body_part->choice.externally_defined;
  g_autoptr(asn1_value_t) parameters = parameters_new(to, part, octets_length(content), alone);
  g_autoptr(asn1_value_t) data = asn1_value_new(&asn_DEF_FileTransferData);
  FileTransferData_t *files = asn1_value_get(data);
  struct External *file = asn1_new_field(struct External);
  asn_sequence_add(&files->list, file);
  file->direct_reference = asn1_new_field(OBJECT_IDENTIFIER_t);
  oid_put(file->direct_reference, OID_FILE_AS_BINARY);
  file->encoding.present = External__encoding_PR_octet_aligned;
  asn1_put_octets(data, &file->encoding.choice.octet_aligned, content);
  defined->parameters = asn1_new_field(struct External);
  to->new_features = true;
  eit_add(to->types, oid_dotted(OID_EIT_FILE_TRANSFER));
  return put_external(to->value, defined->parameters, OID_EP_FILE_TRANSFER, parameters, error) &&
         put_external(to->value, &defined->data, OID_ET_FILE_TRANSFER, data, error);
}

/* --- from X.400 --- */

struct mime_draft *mime_draft_new(void)
{
  struct mime_draft *draft = g_new0(struct mime_draft, 1);
  draft->fields = g_ptr_array_new_with_free_func(g_free);
  draft->size = -1;
  return draft;
}

void mime_draft_free(struct mime_draft *draft)
{
  if (!draft)
    return;
  g_free(draft->type);
  g_free(draft->filename);
  g_free(draft->id);
  g_free(draft->description);
  g_free(draft->created);
  g_free(draft->modified);
  g_free(draft->read);
  g_ptr_array_unref(draft->fields);
  if (draft->content)
    octets_unref(draft->content);
  g_free(draft);
}

static struct asn1_value *decode_external(const struct from_x400 *from, const struct asn1_value *value,
                                          const struct External *external,
                                          const struct asn_TYPE_descriptor_s *type)
{
  if (!external || external->encoding.present != External__encoding_PR_single_ASN1_type)
    return NULL;
  g_autoptr(octets_t) octets =
      asn1_octets(value, (const struct OCTET_STRING *)&external->encoding.choice.single_ASN1_type);
  struct asn1_limits limits = {.elements = from->context->settings->elements_max};
  return asn1_decode(type, octets, &limits, NULL);
}

/* The octets of one EXTERNAL: an OCTET STRING in either encoding (5.5 has both in use). */
static struct octets *external_octets(const struct from_x400 *from, const struct asn1_value *value,
                                      const struct External *external)
{
  if (external->encoding.present == External__encoding_PR_octet_aligned)
    return asn1_octets(value, &external->encoding.choice.octet_aligned);
  g_autoptr(asn1_value_t) string = decode_external(from, value, external, &asn_DEF_OCTET_STRING);
  return string ? asn1_octets(string, asn1_value_get(string)) : NULL;
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
    if (strcmp(text, marker) != 0 || !reference)
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
    if (!placed(name))
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
      draft->type = g_strconcat(encapsulated, dotted, NULL);
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

struct mime_draft *file_transfer_from_x400(struct from_x400 *from,
                                           const struct ExternallyDefinedBodyPart *part)
{
  g_autoptr(asn1_value_t) data = decode_external(from, from->value, &part->data, &asn_DEF_FileTransferData);
  const FileTransferData_t *files = data ? asn1_value_get(data) : NULL;
  if (!files || files->list.count != 1)
    return NULL;
  g_autoptr(mime_draft_t) draft = mime_draft_new();
  draft->content = external_octets(from, data, files->list.array[0]);
  if (!draft->content)
    return NULL;
  if (part->parameters) {
    g_autoptr(asn1_value_t) value =
        decode_external(from, from->value, part->parameters, &asn_DEF_FileTransferParameters);
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
