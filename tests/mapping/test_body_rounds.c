/* Random bodies there and back: what leaves X.400 comes home, and what leaves mail comes home (RFC 2157).
 *
 * A body is told as one line: kinds, names, dates, types and octets of its parts, with what RFC 2157 makes
 * equal told alike (a bilaterally-defined part is a file without name; teletex is text).  Both ends must tell
 * the same.
 *
 * time-limit: 900 */
#include "lib/road.h"
#include "mapping/conversion.h"
#include "mapping/mail_time.h"
#include "mapping/mime_charset.h"
#include "mapping/x400.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <Body.h>
#include <BodyPart.h>
#include <Date-and-Time-Attribute.h>
#include <EnvironmentParameter.h>
#include <FileAttributes.h>
#include <FileTransferData.h>
#include <FileTransferParameters.h>
#include <GeneralIdentifier.h>
#include <GeneralTextData.h>
#include <IPM.h>
#include <InformationObject.h>
#include <MTS-APDU.h>
#include <MessageBodyPart.h>
#include <MimeParameters.h>
#include <Pathname-Attribute.h>
#include <RFC822FieldList.h>

enum { SHARDS = 10, PARTS_WANTED = 100000 / SHARDS + 1, PARTS_PER_MESSAGE = 12, DEPTH = 2 };

#define RECIPIENT "\"/S=lee/PRMD=land/ADMD=x/C=de/\"@sea.example"
#define FRAME "From: ann@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\n"

static struct mapping_context *context;

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

/* --- chance --- */

struct chance {
  GRand *rand;
  GHashTable *seen; /* name to count */
  guint parts;
};

static guint draw(struct chance *chance, guint below)
{
  return (guint)g_rand_int_range(chance->rand, 0, (gint)below);
}

static void count(struct chance *chance, const char *name)
{
  g_hash_table_insert(chance->seen, (gpointer)(guintptr)name,
                      GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(chance->seen, name)) + 1));
}

static void tell_counts(struct chance *chance, const char *what, gint shard, const char *const *names,
                        gsize length)
{
  g_autoptr(GString) line = g_string_new(NULL);
  for (gsize i = 0; i < length; i++) {
    guint times = GPOINTER_TO_UINT(g_hash_table_lookup(chance->seen, names[i]));
    g_string_append_printf(line, " %s=%u", names[i], times);
    ck_assert_msg(times > 0, "%s never occurred", names[i]);
  }
  g_print("# %s, shard %d: %u body parts:%s\n", what, shard, chance->parts, line->str);
}

/* Words in one of these sets; what a name or a text is made of. */
static const struct {
  const char *name, *words[4];
} alphabets[] = {
    {"ascii", {"Plan", "b 2", "x=y;z", "\"q\\"}}, {"latin-1", {"Prüfung", "façade", "Ærø", "año"}},
    {"greek", {"Ελλάδα", "αβγ", "Ωμέγα", "δ"}},   {"cyrillic", {"Привет", "мир", "Ёж", "я"}},
    {"latin-2", {"Łódź", "žluť", "őű", "č"}},     {"japanese", {"日本", "テスト", "漢字", "ひ"}},
    {"emoji", {"😀", "mixed Ж 中", "€", "👍"}}};

static char *words(struct chance *chance, const char *between, guint most)
{
  GString *text = g_string_new(NULL);
  guint set = draw(chance, G_N_ELEMENTS(alphabets)), number = 1 + draw(chance, most);
  count(chance, alphabets[set].name);
  for (guint i = 0; i < number; i++)
    g_string_append_printf(text, "%s%s", i ? between : "", alphabets[set].words[draw(chance, 4)]);
  return g_string_free(text, FALSE);
}

static GByteArray *random_octets(struct chance *chance)
{
  GByteArray *octets = g_byte_array_new();
  guint length = draw(chance, 500) ? draw(chance, 200) : 70000;
  for (guint i = 0; i < length; i++) {
    guint8 octet = (guint8)g_rand_int(chance->rand);
    g_byte_array_append(octets, &octet, 1);
  }
  return octets;
}

static gint64 random_second(struct chance *chance)
{
  return 1000000000 + g_rand_int_range(chance->rand, 0, 900000000);
}

/* --- BER, written by hand --- */

static GByteArray *tlv(guint8 tag, const void *octets, gsize length)
{
  GByteArray *out = g_byte_array_new();
  g_byte_array_append(out, &tag, 1);
  guint8 head[4] = {0x83, (guint8)(length >> 16), (guint8)(length >> 8), (guint8)length};
  if (length < 0x80)
    g_byte_array_append(out, (const guint8[]){(guint8)length}, 1);
  else if (length < 0x100)
    g_byte_array_append(out, (const guint8[]){0x81, (guint8)length}, 2);
  else if (length < 0x10000)
    g_byte_array_append(out, (const guint8[]){0x82, head[2], head[3]}, 3);
  else
    g_byte_array_append(out, head, 4);
  g_byte_array_append(out, octets, (guint)length);
  return out;
}

/* Adds a TLV and frees it. */
static void add(GByteArray *to, GByteArray *part)
{
  g_byte_array_append(to, part->data, part->len);
  g_byte_array_unref(part);
}

static GByteArray *wrap(guint8 tag, GByteArray *inner)
{
  GByteArray *out = tlv(tag, inner->data, inner->len);
  g_byte_array_unref(inner);
  return out;
}

static GByteArray *oid_tlv(guint8 tag, const char *dotted)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  ck_assert(oid_from_dotted(dotted, octets));
  return tlv(tag, octets->data, octets->len);
}

static GByteArray *external(guint8 tag, const char *oid, guint8 form, GByteArray *value)
{
  GByteArray *inner = oid_tlv(6, oid);
  add(inner, wrap(form, value));
  return wrap(tag, inner);
}

static GByteArray *empty_set(void)
{
  return tlv(0x31, "", 0);
}

static GByteArray *graphic_tlv(const char *utf8)
{
  return wrap(0x19, charset_from_utf8(CHARSET_GENERAL, utf8, NULL));
}

static GByteArray *time_tlv(struct chance *chance)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(random_second(chance));
  g_autofree char *text = g_date_time_format(time, "%Y%m%d%H%M%SZ");
  return tlv(0x81, text, strlen(text));
}

/* --- random body parts --- */

static GByteArray *random_part(struct chance *chance, guint depth);

static GByteArray *ia5(struct chance *chance)
{
  static const char *const lines[] = {"Hello\r\n", "\r\n",      "-- \r\n", "From here\r\n",
                                      ".\r\n",     "a = b\r\n", " x\r\n"};
  GString *text = g_string_new("t");
  for (guint i = draw(chance, 8); i-- > 0;)
    g_string_append(text, lines[draw(chance, G_N_ELEMENTS(lines))]);
  GByteArray *inner = empty_set();
  add(inner, tlv(0x16, text->str, text->len));
  g_string_free(text, TRUE);
  return inner;
}

static GByteArray *general(struct chance *chance)
{
  g_autofree char *text = words(chance, " ", 6);
  return wrap(0xAF,
              external(0x28, "2.6.1.4.11", 0xA0, wrap(0x1B, charset_from_utf8(CHARSET_GENERAL, text, NULL))));
}

static GByteArray *teletex(struct chance *chance)
{
  GByteArray *pages = g_byte_array_new(), *part = empty_set();
  for (guint i = 1 + draw(chance, 3); i-- > 0;)
    add(pages, tlv(0x14,
                   "Gr\xC8u\xFB"
                   "e",
                   6));
  add(part, wrap(0x30, pages));
  return wrap(0xA5, part);
}

static GByteArray *bilateral(struct chance *chance)
{
  return wrap(0x8E, random_octets(chance));
}

/* Kinds that mail has no type for: they come back as they went. */
static GByteArray *opaque(struct chance *chance)
{
  static const guint8 tags[] = {0xA1, 0xA2, 0xA4, 0xA7, 0xAB, 0xAC, 0xAD};
  GByteArray *inner = g_byte_array_new();
  guint8 tag = tags[draw(chance, sizeof tags)];
  if (tag == 0xA7)
    add(inner, wrap(4, random_octets(chance)));
  else
    for (guint i = 1 + draw(chance, 3); i-- > 0;)
      add(inner, wrap(4, random_octets(chance)));
  return wrap(tag, inner);
}

static GByteArray *videotex(struct chance *chance)
{
  GByteArray *inner = empty_set();
  add(inner, wrap(0x15, random_octets(chance)));
  return wrap(0xA6, inner);
}

static GByteArray *unknown(struct chance *chance)
{
  GByteArray *part = g_byte_array_new();
  add(part, draw(chance, 2) ? external(0x28, "1.3.6.1.4.1.9999.3", 0x81, random_octets(chance))
                            : external(0x28, "1.3.6.1.4.1.9999.4", 0xA0, wrap(0x0C, random_octets(chance))));
  return wrap(0xAF, part);
}

static GByteArray *registered(struct chance *chance)
{
  static const char *const oids[] = {"1.3.6.1.7.1.2.1.2", "1.3.6.1.7.1.2.1.3", "1.3.6.1.7.1.2.1.4",
                                     "1.2.840.113556.3.10.1"};
  return wrap(0xAF, external(0x28, oids[draw(chance, 4)], 0xA0, wrap(4, random_octets(chance))));
}

static GByteArray *mime(struct chance *chance)
{
  GByteArray *parameters = tlv(0x16, "application/pdf", 15), *part = g_byte_array_new();
  add(parameters, tlv(0x30, "", 0));
  add(parameters, tlv(0x30, "", 0));
  GByteArray *in = external(0x28, "1.3.6.1.7.1.2.2.1", 0xA0, wrap(0x30, parameters));
  in->data[0] = 0xA0; /* [0] IMPLICIT */
  add(part, in);
  add(part, external(0x28, "1.3.6.1.7.1.2.1.1", 0xA0, wrap(4, random_octets(chance))));
  return wrap(0xAF, part);
}

static GByteArray *file(struct chance *chance)
{
  static const char *const applications[] = {"2.16.840.1.113694.2.2.1.1", "1.2.840.1.113694.2.2.1.1",
                                             "2.16.840.1.113694.2.2.1.6", "1.2.840.113556.4.2",
                                             "1.3.6.1.4.1.9999.8"};
  GByteArray *parameters = g_byte_array_new(), *part = g_byte_array_new(), *environment, *attributes;
  environment = wrap(0xA0, oid_tlv(0x80, applications[draw(chance, 5)]));
  if (draw(chance, 2)) {
    g_autofree char *text = words(chance, " ", 3);
    count(chance, "description");
    add(environment, wrap(0xA3, graphic_tlv(text)));
  }
  add(parameters, wrap(0xA2, environment));
  attributes = g_byte_array_new();
  if (draw(chance, 3)) {
    g_autofree char *name = words(chance, "-", 12);
    count(chance, "name");
    add(attributes, wrap(0xA0, graphic_tlv(name)));
  }
  static const char *const dates[] = {"created", "modified", "read"};
  for (guint8 i = 0; i < 3; i++)
    if (draw(chance, 2)) {
      count(chance, dates[i]);
      add(attributes, wrap(0xA4 + i, time_tlv(chance)));
    }
  add(parameters, wrap(0xA4, attributes));
  GByteArray *in = external(0x28, "2.6.1.11.12", 0xA0, wrap(0x30, parameters));
  in->data[0] = 0xA0;
  add(part, in);
  bool aligned = draw(chance, 2);
  GByteArray *content = random_octets(chance);
  add(part, external(0x28, "2.6.1.4.12", 0xA0,
                     wrap(0x30, aligned ? external(0x28, "1.0.8571.2.4", 0x81, content)
                                        : external(0x28, "1.0.8571.2.4", 0xA0, wrap(4, content)))));
  return wrap(0xAF, part);
}

static GByteArray *extended(struct chance *chance)
{
  return wrap(0xAF, external(0x28, "2.6.1.4.9", 0xA0, wrap(4, random_octets(chance))));
}

/* A multipart that is all that a message has is the message's own body in mail (2.2). */
static void add_parts(struct chance *chance, guint depth, guint most, GByteArray *body)
{
  guint number = 1 + draw(chance, most);
  for (guint i = 0; i < number; i++)
    add(body, random_part(chance, number > 1 ? depth : DEPTH));
}

static GByteArray *message(struct chance *chance, guint depth)
{
  static const char *const subtypes[] = {"mixed", "alternative", "related", "parallel", "x-other"};
  g_autofree char *id = g_strdup_printf("inner.%u", chance->parts);
  GByteArray *heading = wrap(0x6B, tlv(0x13, id, strlen(id))), *body = g_byte_array_new(),
             *part = empty_set();
  if (draw(chance, 2)) {
    const char *subtype = subtypes[draw(chance, 5)];
    GByteArray *value = tlv(0x16, subtype, strlen(subtype)), *extension = oid_tlv(6, "1.3.6.1.7.1.1.3");
    count(chance, "multipart");
    add(value, tlv(1, "\0", 1));
    add(extension, wrap(0x30, value));
    add(heading, wrap(0xAF, wrap(0x30, extension)));
  }
  add_parts(chance, depth + 1, 3, body);
  GByteArray *ipm = wrap(0x31, heading);
  add(ipm, wrap(0x30, body));
  add(part, wrap(0x30, ipm));
  return wrap(0xA9, part);
}

static GByteArray *random_part(struct chance *chance, guint depth)
{
  static const struct {
    const char *name;
    GByteArray *(*make)(struct chance *chance);
  } kinds[] = {{"general", general},
               {"teletex", teletex},
               {"bilateral", bilateral},
               {"opaque", opaque},
               {"videotex", videotex},
               {"unknown", unknown},
               {"registered", registered},
               {"mime", mime},
               {"file", file},
               {"file", file},
               {"file", file},
               {"extended", extended}};
  chance->parts++;
  guint number = draw(chance, G_N_ELEMENTS(kinds) + 2);
  if (number < G_N_ELEMENTS(kinds)) {
    count(chance, kinds[number].name);
    return kinds[number].make(chance);
  }
  if (number == G_N_ELEMENTS(kinds) && depth < DEPTH) {
    count(chance, "message");
    return message(chance, depth);
  }
  count(chance, "ia5");
  return wrap(0xA0, ia5(chance));
}

/* --- telling a body of X.400 --- */

static void tell_octets(GString *out, struct octets *octets)
{
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, 1 << 20, NULL);
  g_autofree char *digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA1, bytes);
  g_string_append_printf(out, " %u:%s", (guint)g_bytes_get_size(bytes), digest);
}

/* Pages run together: which form feed ends one is teletex's own affair.  A mail ends with a whole line. */
static void tell_text(GString *out, enum charset charset, struct octets *octets)
{
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, 1 << 20, NULL);
  g_autofree char *text =
      charset_to_utf8(charset, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
  g_autoptr(GString) plain = g_string_new(text);
  g_string_replace(plain, "\f", "", 0);
  if (g_str_has_suffix(plain->str, "\r\n"))
    g_string_truncate(plain, plain->len - 2);
  g_autofree char *shown = g_strescape(plain->str, NULL);
  g_string_append_printf(out, "text \"%s\"", shown);
}

static struct asn1_value *single(const struct asn1_value *value, const struct External *external_,
                                 const struct asn_TYPE_descriptor_s *type)
{
  if (!external_ || external_->encoding.present != External__encoding_PR_single_ASN1_type)
    return NULL;
  g_autoptr(octets_t) octets =
      asn1_octets(value, (const struct OCTET_STRING *)&external_->encoding.choice.single_ASN1_type);
  return asn1_decode(type, octets, NULL, NULL);
}

static void tell_string(GString *out, const struct asn1_value *value, const struct External *external_)
{
  g_autoptr(asn1_value_t) string = single(value, external_, &asn_DEF_OCTET_STRING);
  g_autoptr(octets_t) octets = string ? asn1_octets(string, asn1_value_get(string))
                                      : asn1_octets(value, &external_->encoding.choice.octet_aligned);
  tell_octets(out, octets);
}

static void tell_graphic(GString *out, const char *name, const struct asn1_value *value,
                         const struct OCTET_STRING *field)
{
  g_autofree char *text = x400_text(value, CHARSET_GENERAL, field, 4096);
  g_string_append_printf(out, " %s=\"%s\"", name, text);
}

static void tell_date(GString *out, const char *name, const struct Date_and_Time_Attribute *date)
{
  struct mail_time time;
  if (date && mail_time_parse_generalized(date->choice.actual_values.buf,
                                          (gsize)date->choice.actual_values.size, &time))
    g_string_append_printf(out, " %s=%" G_GINT64_FORMAT, name, time.us);
}

/* The type that a file has in mail. */
static void tell_type(GString *out, const struct asn1_value *value,
                      const FileTransferParameters_t *parameters)
{
  static const char *const known[][2] = {{"2.16.840.1.113694.2.2.1.1", "application/octet-stream"},
                                         {"1.2.840.1.113694.2.2.1.1", "application/octet-stream"},
                                         {"2.16.840.1.113694.2.2.1.6", "image/jpeg"},
                                         {"1.2.840.113556.4.2", "application/msword"}};
  g_autoptr(asn1_value_t) list = x400_heading_extension_value(
      value, x400_heading_extension(parameters->extensions, OID_RFC_822_FIELD_LIST),
      &asn_DEF_RFC822FieldList);
  g_autoptr(GPtrArray) fields = list ? x400_field_list_get(list) : NULL;
  const char *type = fields ? heading_field(fields, "Content-Type") : NULL;
  g_autofree char *oid =
      x400_oid_text(&parameters->environment->application_reference->choice.registered_identifier);
  for (gsize i = 0; !type && i < G_N_ELEMENTS(known); i++)
    if (!strcmp(known[i][0], oid))
      type = known[i][1];
  g_string_append_printf(out, " %s%s", type ? "" : "application/x-ftbp.", type ? type : oid);
}

static void tell_file(GString *out, const struct asn1_value *value, const ExternallyDefinedBodyPart_t *part)
{
  g_autoptr(asn1_value_t) in = single(value, part->parameters, &asn_DEF_FileTransferParameters),
                          data = single(value, &part->data, &asn_DEF_FileTransferData);
  const FileTransferParameters_t *parameters = asn1_value_get(in);
  const struct FileAttributes *attributes = parameters->file_attributes;
  g_string_append(out, "file");
  tell_type(out, in, parameters);
  const FileTransferData_t *files = asn1_value_get(data);
  tell_string(out, data, files->list.array[0]);
  if (attributes && attributes->pathname)
    tell_graphic(out, "name", in, attributes->pathname->choice.incomplete_pathname.list.array[0]);
  if (parameters->environment->user_visible_string)
    tell_graphic(out, "description", in, parameters->environment->user_visible_string->list.array[0]);
  if (!attributes)
    return;
  tell_date(out, "created", attributes->date_and_time_of_creation);
  tell_date(out, "modified", attributes->date_and_time_of_last_modification);
  tell_date(out, "read", attributes->date_and_time_of_last_read_access);
}

static void tell_body(GString *out, const struct asn1_value *value, const struct Body *body);

static void tell_external(GString *out, const struct asn1_value *value, const struct BodyPart *body_part)
{
  const ExternallyDefinedBodyPart_t *part = &body_part->choice.externally_defined;
  switch (oid_get(part->data.direct_reference)) {
  case OID_ET_GENERAL_TEXT: {
    g_autoptr(asn1_value_t) text = single(value, &part->data, &asn_DEF_GeneralTextData);
    g_autoptr(octets_t) octets = asn1_octets(text, asn1_value_get(text));
    tell_text(out, CHARSET_GENERAL, octets);
    return;
  }
  case OID_ET_FILE_TRANSFER:
    tell_file(out, value, part);
    return;
  case OID_ET_BILATERALLY_DEFINED:
    g_string_append(out, "file application/octet-stream");
    break;
  case OID_MIME_BP_DATA:
    g_string_append(out, "file application/pdf");
    break;
  case OID_MIME_POSTSCRIPT_BODY:
    g_string_append(out, "file application/postscript");
    break;
  case OID_MIME_JPEG_BODY:
    g_string_append(out, "file image/jpeg");
    break;
  case OID_MIME_GIF_BODY:
    g_string_append(out, "file image/gif");
    break;
  default: {
    g_autofree char *oid = x400_oid_text(part->data.direct_reference);
    if (!strcmp(oid, "1.2.840.113556.3.10.1")) {
      g_string_append(out, "file application/ms-tnef");
      break;
    }
    g_autoptr(octets_t) whole = asn1_encode_field(value, &asn_DEF_BodyPart, body_part, NULL);
    g_string_append(out, "whole");
    tell_octets(out, whole);
    return;
  }
  }
  tell_string(out, value, &part->data);
}

static void tell_part(GString *out, const struct asn1_value *value, const struct BodyPart *part)
{
  if (part->present == BodyPart_PR_ia5_text) {
    g_autoptr(octets_t) text = asn1_octets(value, &part->choice.ia5_text.data);
    tell_text(out, CHARSET_IA5, text);
  } else if (part->present == BodyPart_PR_teletex) {
    g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func((GDestroyNotify)octets_unref);
    for (int i = 0; i < part->choice.teletex.data.list.count; i++)
      g_ptr_array_add(pages, asn1_octets(value, part->choice.teletex.data.list.array[i]));
    g_autoptr(octets_t) whole = octets_concat((struct octets *const *)pages->pdata, pages->len);
    tell_text(out, CHARSET_TELETEX, whole);
  } else if (part->present == BodyPart_PR_bilaterally_defined) {
    g_autoptr(octets_t) octets = asn1_octets(value, &part->choice.bilaterally_defined);
    g_string_append(out, "file application/octet-stream");
    tell_octets(out, octets);
  } else if (part->present == BodyPart_PR_message) {
    g_string_append(out, "message(");
    tell_body(out, value, part->choice.message->data->body);
    g_string_append(out, ")");
  } else if (part->present == BodyPart_PR_externally_defined) {
    tell_external(out, value, part);
  } else {
    g_autoptr(octets_t) whole = asn1_encode_field(value, &asn_DEF_BodyPart, part, NULL);
    g_string_append(out, "whole");
    tell_octets(out, whole);
  }
}

static void tell_body(GString *out, const struct asn1_value *value, const struct Body *body)
{
  for (int i = 0; i < body->list.count; i++) {
    tell_part(out, value, body->list.array[i]);
    g_string_append(out, "\n");
  }
}

/* --- from X.400 and back --- */

static struct asn1_value *content_of(GBytes *apdu)
{
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, NULL);
  const MTS_APDU_t *choice = asn1_value_get(value);
  g_autoptr(octets_t) octets = asn1_octets(value, &choice->choice.message.content);
  struct asn1_value *content = asn1_decode(&asn_DEF_InformationObject, octets, NULL, NULL);
  ck_assert_ptr_nonnull(content);
  return content;
}

static char *told(GBytes *apdu)
{
  g_autoptr(asn1_value_t) content = content_of(apdu);
  GString *out = g_string_new(NULL);
  tell_body(out, content, ((const InformationObject_t *)asn1_value_get(content))->choice.ipm.body);
  return g_string_free(out, FALSE);
}

/* An APDU of a mail, its content replaced. */
static GBytes *with_body(GBytes *apdu, GByteArray *body)
{
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, NULL);
  MTS_APDU_t *choice = asn1_value_get(value);
  GByteArray *ipm = wrap(0x31, wrap(0x6B, tlv(0x13, "outer", 5)));
  add(ipm, wrap(0x30, body));
  g_autoptr(GByteArray) content = wrap(0xA0, ipm);
  g_autoptr(octets_t) octets = octets_new(content->data, content->len);
  asn1_put_octets(value, &choice->choice.message.content, octets);
  GBytes *made = asn1_encode_bytes(value, NULL);
  ck_assert_ptr_nonnull(made);
  return made;
}

static void chance_begin(struct chance *chance, guint seed)
{
  *chance =
      (struct chance){.rand = g_rand_new_with_seed(seed), .seen = g_hash_table_new(g_str_hash, g_str_equal)};
}

static void chance_end(struct chance *chance)
{
  g_rand_free(chance->rand);
  g_hash_table_unref(chance->seen);
}

/* proves: 2157:2.3<> 2157:2.3.1<> 2157:3.2<> 2157:3.3<> 2157:6.1<> 2157:6.2<> 2157:6.6<> */
START_TEST(any_body_of_x400_comes_home)
{
  static const char *const all[] = {
      "ia5",   "general",  "teletex", "bilateral", "opaque",  "videotex",    "unknown", "registered", "mime",
      "file",  "extended", "message", "multipart", "name",    "description", "created", "modified",   "read",
      "ascii", "latin-1",  "greek",   "cyrillic",  "latin-2", "japanese",    "emoji"};
  struct chance chance;
  chance_begin(&chance, 400 + (guint)_i);
  g_autoptr(GBytes) frame = g_bytes_new_static(FRAME "\r\nx\r\n", strlen(FRAME "\r\nx\r\n"));
  g_autoptr(GBytes) plain = road_to_x400(context, "ann@example.org", RECIPIENT, frame, NULL);
  while (chance.parts < PARTS_WANTED) {
    GByteArray *body = g_byte_array_new();
    add_parts(&chance, 0, PARTS_PER_MESSAGE, body);
    g_autoptr(GBytes) apdu = with_body(plain, body);
    g_autofree char *before = told(apdu);
    g_autoptr(GBytes) mail = road_to_mail(context, "bob@example.org", apdu, NULL);
    g_autoptr(GBytes) back = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
    g_autofree char *after = told(back);
    ck_assert_msg(!strcmp(before, after), "part %u:\n%s\nbecame\n%s\nby\n%.*s", chance.parts, before, after,
                  (int)MIN(g_bytes_get_size(mail), 6000), (const char *)g_bytes_get_data(mail, NULL));
  }
  tell_counts(&chance, "X.400 to mail to X.400", _i, all, G_N_ELEMENTS(all));
  chance_end(&chance);
}
END_TEST

/* --- from mail and back --- */

static void random_leaf(struct chance *chance, GString *out)
{
  static const char *const types[] = {"application/pdf",
                                      "image/jpeg",
                                      "text/html; charset=utf-8",
                                      "application/octet-stream",
                                      "application/x-ftbp.1.3.6.1.4.1.9999.8",
                                      "application/ms-tnef",
                                      "message/partial; id=\"a@b\"; number=1; total=2"};
  static const char *const dispositions[] = {"attachment", "inline"};
  g_autoptr(mime_writer_t) writer = mime_writer_new(-1, "x");
  guint number = draw(chance, G_N_ELEMENTS(types));
  g_autofree char *line = g_strdup_printf("Content-Type: %s", types[number]);
  mime_writer_raw_field(writer, line);
  count(chance, types[number]);
  if (draw(chance, 3)) {
    guint kind = draw(chance, 2);
    count(chance, dispositions[kind]);
    mime_writer_value(writer, "Content-Disposition", dispositions[kind]);
    g_autofree char *name = words(chance, "-", 12);
    mime_writer_param(writer, "filename", name);
    static const char *const dates[] = {"creation-date", "modification-date", "read-date"};
    for (guint i = 0; i < 3; i++)
      if (draw(chance, 2)) {
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(random_second(chance));
        g_autofree char *date = g_date_time_format(time, "%a, %d %b %Y %H:%M:%S +0000");
        mime_writer_param(writer, dates[i], date);
        count(chance, dates[i]);
      }
    mime_writer_value_end(writer);
  } else {
    count(chance, "no disposition");
  }
  if (draw(chance, 2)) {
    g_autofree char *id = g_strdup_printf("<part.%u@example.org>", chance->parts);
    mime_writer_field(writer, "Content-ID", id);
    count(chance, "Content-ID");
  }
  if (!draw(chance, 3)) {
    g_autofree char *text = words(chance, " ", 3);
    mime_writer_text(writer, "Content-Description", text);
    count(chance, "Content-Description");
  }
  bool raw = g_str_has_prefix(types[number], "message/");
  g_autoptr(GByteArray) content = raw ? g_byte_array_new() : random_octets(chance);
  if (raw)
    g_byte_array_append(content, (const guint8 *)"a part\r\nof it", 13);
  g_autoptr(octets_t) octets = octets_new(content->data, content->len);
  enum mime_transfer transfer = raw ? MIME_SEND_7BIT : MIME_SEND_BASE64;
  mime_writer_transfer_field(writer, transfer);
  mime_writer_end_header(writer);
  mime_writer_content(writer, octets, transfer);
  g_autoptr(GBytes) bytes = mime_writer_bytes(writer);
  g_string_append_len(out, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes));
}

static void random_mime(struct chance *chance, guint depth, GString *out)
{
  static const char *const subtypes[] = {"mixed", "alternative", "parallel", "x-other"};
  chance->parts++;
  guint number = draw(chance, 10);
  if (number < 2) {
    g_autofree char *text = words(chance, " ", 6);
    count(chance, "text/plain");
    g_string_append_printf(out, "Content-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", text);
  } else if (number == 2 && depth < DEPTH) {
    count(chance, "multipart");
    g_string_append_printf(out, "Content-Type: multipart/%s; boundary=d%u\r\n\r\n", subtypes[draw(chance, 4)],
                           depth);
    for (guint i = 1 + draw(chance, 3); i-- > 0;) {
      g_string_append_printf(out, "--d%u\r\n", depth);
      random_mime(chance, depth + 1, out);
      g_string_append(out, "\r\n");
    }
    g_string_append_printf(out, "--d%u--\r\n", depth);
  } else if (number == 3 && depth < DEPTH) {
    count(chance, "message/rfc822");
    g_string_append(out, "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nMIME-Version: 1.0\r\n");
    random_mime(chance, depth + 1, out);
  } else {
    random_leaf(chance, out);
  }
}

static void tell_params(GString *out, const struct mime_params *params, const char *const *names,
                        gsize length)
{
  for (gsize i = 0; i < length; i++) {
    const char *value = mime_params_get(params, names[i]);
    if (value)
      g_string_append_printf(out, " %s=\"%s\"", names[i], value);
  }
}

/* A date as an instant: its zone and spelling may change. */
static void tell_dates(GString *out, const struct mime_params *disposition)
{
  static const char *const names[] = {"creation-date", "modification-date", "read-date"};
  for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
    struct mail_time time;
    const char *text = mime_params_get(disposition, names[i]);
    if (text && mail_time_parse(text, &time))
      g_string_append_printf(out, " %s=%" G_GINT64_FORMAT, names[i], time.us);
  }
}

static void tell_mime(GString *out, const struct mime_mail *mail, const struct mime_part *part)
{
  static const char *const type_params[] = {"id", "number", "total"};
  g_string_append(out, part->type->value);
  if (part->children) {
    g_string_append(out, "(\n");
    for (guint i = 0; i < part->children->len; i++)
      tell_mime(out, mail, part->children->pdata[i]);
    g_string_append(out, ")\n");
    return;
  }
  g_autoptr(GBytes) content = road_content(mail, part);
  if (!strcmp(part->type->value, "text/plain")) {
    g_autoptr(GString) text = g_string_new(NULL);
    const char *charset = mime_params_get(part->type, "charset");
    ck_assert(mime_charset_to_utf8(context->charsets, charset ? charset : "us-ascii",
                                   g_bytes_get_data(content, NULL), g_bytes_get_size(content), text, NULL));
    g_string_append_printf(out, " \"%s\"\n", g_strchomp(text->str));
    return;
  }
  tell_params(out, part->type, type_params, G_N_ELEMENTS(type_params));
  g_autoptr(mime_params_t) disposition = mime_part_disposition(mail, part);
  g_autofree char *name = mime_part_filename(mail, part),
                  *description = road_field(context, part, "Content-Description"),
                  *digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA1, content);
  const char *id = mime_part_field(part, "Content-ID");
  /* An unknown attachment is X.400's own, which has no disposition (6.4). */
  if (strcmp(part->type->value, "application/octet-stream") != 0 &&
      !g_str_has_prefix(part->type->value, "application/x-ftbp"))
    g_string_append_printf(out, " %s", disposition ? disposition->value : "-");
  if (disposition)
    tell_dates(out, disposition);
  g_string_append_printf(out, " \"%s\" %s \"%s\" %u:%s\n", name ? name : "", id ? id : "",
                         description ? description : "", (guint)g_bytes_get_size(content), digest);
}

static char *told_mail(GBytes *mail)
{
  g_autoptr(mime_mail_t) parsed = road_parse(context, mail);
  GString *out = g_string_new(NULL);
  tell_mime(out, parsed, parsed->root);
  return g_string_free(out, FALSE);
}

/* proves: 2157:2.3<> 2157:2.3.1<> 2157:3.1.1<> 2157:6.4<> 2157:6.5<> 2157:6.6<> 2157:7.2 */
START_TEST(any_body_of_mail_comes_home)
{
  static const char *const all[] = {"text/plain",
                                    "multipart",
                                    "message/rfc822",
                                    "application/pdf",
                                    "image/jpeg",
                                    "text/html; charset=utf-8",
                                    "application/octet-stream",
                                    "application/x-ftbp.1.3.6.1.4.1.9999.8",
                                    "application/ms-tnef",
                                    "message/partial; id=\"a@b\"; number=1; total=2",
                                    "attachment",
                                    "inline",
                                    "no disposition",
                                    "creation-date",
                                    "modification-date",
                                    "read-date",
                                    "Content-ID",
                                    "Content-Description",
                                    "ascii",
                                    "latin-1",
                                    "greek",
                                    "cyrillic",
                                    "latin-2",
                                    "japanese",
                                    "emoji"};
  struct chance chance;
  chance_begin(&chance, 822 + (guint)_i);
  while (chance.parts < PARTS_WANTED) {
    g_autoptr(GString) text = g_string_new(FRAME "Content-Type: multipart/mixed; boundary=outer\r\n\r\n");
    for (guint i = 2 + draw(&chance, PARTS_PER_MESSAGE); i-- > 0;) {
      g_string_append(text, "--outer\r\n");
      random_mime(&chance, 0, text);
      g_string_append(text, "\r\n");
    }
    g_string_append(text, "--outer--\r\n");
    g_autoptr(GBytes) mail = g_bytes_new(text->str, text->len);
    g_autofree char *before = told_mail(mail);
    g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
    g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
    g_autofree char *after = told_mail(back);
    ck_assert_msg(!strcmp(before, after), "part %u:\n%s\nbecame\n%s", chance.parts, before, after);
  }
  tell_counts(&chance, "mail to X.400 to mail", _i, all, G_N_ELEMENTS(all));
  chance_end(&chance);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/body_rounds");
  TCase *tests = tcase_create("rounds");
  tcase_set_timeout(tests, 600);
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_loop_test(tests, any_body_of_x400_comes_home, 0, SHARDS);
  tcase_add_loop_test(tests, any_body_of_mail_comes_home, 0, SHARDS);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
