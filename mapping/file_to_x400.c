/* file_to_x400.c - a part becomes a file transfer body part: RFC 2157 2.3, 3.1.1, 3.3, 6.4; X.420 annex B.
 *
 * Attachments go in the way of 3.1.1: Content-Type stands in the parameters' extension rfc-822-field, so that
 * a gateway gives the part back as it was, and an X.400 user finds name, size and dates where X.420 has them.
 * An application/octet-stream of which nothing more is to be said is EMA's unknown attachment (6.4). */
#include "mapping/body.h"
#include "mapping/file.h"
#include "mapping/media.h"
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
    asn1_put_string(&file->relationship->choice.descriptive_relationship, FILE_MARK);
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

/* What the file is an application's: the wish's, the one of its type, or any MIME type (3.1.1); true: that
 * says all of its Content-Type (3.3, 6.4). */
static bool put_application(const struct to_x400 *to, const struct mime_part *part, const char *application,
                            OBJECT_IDENTIFIER_t *reference)
{
  const char *type = part->type->value;
  if (application)
    return !oid_put_dotted(reference, application);
  if (g_str_has_prefix(type, FILE_ENCAPSULATED) &&
      oid_put_dotted(reference, type + strlen(FILE_ENCAPSULATED)))
    return true;
  if (!strcmp(type, "application/octet-stream") &&
      (!part->type->list->len || (part->type->list->len == 1 && mime_params_get(part->type, "name")))) {
    oid_put(reference, OID_EMA_UNKNOWN_ATTACHMENT);
    return true;
  }
  application = media_oid(to->context->settings, MEDIA_APPLICATION, type);
  if (!application || !oid_put_dotted(reference, application))
    oid_put(reference, OID_MIME_FTBP_DATA);
  return false;
}

/* What Content-Disposition says beyond "attachment" (decision 0133). */
static void put_disposition(const struct making *making, GPtrArray *fields)
{
  g_autoptr(mime_params_t) disposition = mime_part_disposition(making->to->mail, making->part);
  const char *value = disposition ? disposition->value : "none";
  if (!strcmp(value, "inline") || !strcmp(value, "none"))
    g_ptr_array_add(fields, g_strdup_printf(PART_DISPOSITION ": %s", value));
}

static void put_environment(const struct making *making, const char *application,
                            FileTransferParameters_t *parameters, GPtrArray *fields)
{
  const struct mime_part *part = making->part;
  struct EnvironmentParameter *environment = parameters->environment =
      asn1_new_field(struct EnvironmentParameter);
  environment->application_reference = asn1_new_field(struct GeneralIdentifier);
  environment->application_reference->present = GeneralIdentifier_PR_registered_identifier;
  if (!put_application(making->to, part, application,
                       &environment->application_reference->choice.registered_identifier)) {
    g_autofree char *line = mime_type_line(part);
    g_ptr_array_insert(fields, 0, g_strdup_printf("Content-Type: %s", line));
    put_disposition(making, fields);
  }
  const char *description = mime_part_field(part, "Content-Description");
  if (description) {
    g_autofree char *text = mime_word_decode(making->to->context->charsets, description);
    environment->user_visible_string = asn1_zalloc(sizeof *environment->user_visible_string);
    asn_sequence_add(&environment->user_visible_string->list, graphic_new(text));
  }
}

static struct asn1_value *parameters_new(const struct making *making, const char *application)
{
  struct to_x400 *to = making->to;
  const struct mime_part *part = making->part;
  struct asn1_value *value = asn1_value_new(&asn_DEF_FileTransferParameters);
  FileTransferParameters_t *parameters = asn1_value_get(value);
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  /* The header of a message's only body is in the heading already (2.3.2). */
  for (guint i = 0; !making->alone && i < part->fields->len; i++) {
    const struct mime_field *field = part->fields->pdata[i];
    bool ascii = true;
    for (const char *c = field->body; *c; c++)
      ascii &= (guint8)*c < 0x80;
    if (!file_field_is_placed(field->name) && ascii)
      g_ptr_array_add(fields, g_strdup_printf("%s: %s", field->name, field->body));
  }
  put_environment(making, application, parameters, fields);
  const char *id = mime_part_field(part, "Content-ID");
  if (id)
    put_identifier(to, id, value, parameters, fields);
  put_attributes(to->mail, part, octets_length(making->content), parameters);
  if (fields->len) {
    g_autoptr(asn1_value_t) list = x400_field_list_new(fields);
    x400_heading_extension_add(value, &parameters->extensions, OID_RFC_822_FIELD_LIST,
                               &asn_DEF_RFC822FieldList, asn1_value_get(list));
  }
  return value;
}

enum body_status body_make_file_of(struct making *making, const char *application, GError **error)
{
  struct to_x400 *to = making->to;
  struct octets *content = making_content(making, error);
  if (!content)
    return BODY_FAILED;
  struct BodyPart *body_part = making->body_part;
  body_part->present = BodyPart_PR_externally_defined;
  ExternallyDefinedBodyPart_t *defined = &body_part->choice.externally_defined;
  g_autoptr(asn1_value_t) parameters = parameters_new(making, application);
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
  bool good = body_put_external(to->value, defined->parameters, OID_EP_FILE_TRANSFER, parameters, error) &&
              body_put_external(to->value, &defined->data, OID_ET_FILE_TRANSFER, data, error);
  return good ? BODY_MADE : BODY_FAILED;
}

enum body_status body_make_file(struct making *making, GError **error)
{
  return body_make_file_of(making, NULL, error);
}
