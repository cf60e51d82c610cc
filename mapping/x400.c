/* x400.c - contract: x400.h. */
#include "mapping/x400.h"
#include "mapping/mime_word.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ExtensionField.h>
#include <IPMSExtension.h>
#include <PrivateDomainName.h>
#include <RFC822FieldList.h>
#include <named_numbers.h>

/* --- domains --- */

static bool all_digits(const char *text)
{
  return *text && !text[strspn(text, "0123456789 ")];
}

void x400_domain_put(const struct mapping_gdi *gdi, struct GlobalDomainIdentifier *domain)
{
  const char *country = gdi->country ? gdi->country : "", *admd = gdi->admd ? gdi->admd : " ";
  if (all_digits(country)) {
    domain->country_name.present = CountryName_PR_x121_dcc_code;
    asn1_put_string(&domain->country_name.choice.x121_dcc_code, country);
  } else {
    domain->country_name.present = CountryName_PR_iso_3166_alpha2_code;
    asn1_put_string(&domain->country_name.choice.iso_3166_alpha2_code, country);
  }
  /* X.411: a single space stands for "any", and is no number. */
  if (all_digits(admd) && strcmp(admd, " ") != 0) {
    domain->administration_domain_name.present = AdministrationDomainName_PR_numeric;
    asn1_put_string(&domain->administration_domain_name.choice.numeric, admd);
  } else {
    domain->administration_domain_name.present = AdministrationDomainName_PR_printable;
    asn1_put_string(&domain->administration_domain_name.choice.printable, admd);
  }
  if (!gdi->prmd || !*gdi->prmd)
    return;
  domain->private_domain_identifier = asn1_new_field(struct PrivateDomainName);
  bool number = all_digits(gdi->prmd);
  domain->private_domain_identifier->present =
      number ? PrivateDomainName_PR_numeric : PrivateDomainName_PR_printable;
  asn1_put_string(number ? &domain->private_domain_identifier->choice.numeric
                         : &domain->private_domain_identifier->choice.printable,
                  gdi->prmd);
}

static char *string_of(const struct OCTET_STRING *field)
{
  return charset_to_utf8(CHARSET_IA5, field->buf, (gsize)field->size, NULL);
}

void x400_domain_get(const struct GlobalDomainIdentifier *domain, struct mapping_gdi *gdi_r)
{
  /* The alternatives of each choice have the same form. */
  gdi_r->country = string_of(&domain->country_name.choice.iso_3166_alpha2_code);
  gdi_r->admd = string_of(&domain->administration_domain_name.choice.printable);
  gdi_r->prmd = domain->private_domain_identifier
                    ? string_of(&domain->private_domain_identifier->choice.printable)
                    : NULL;
}

void x400_domain_clear(struct mapping_gdi *gdi)
{
  g_free(gdi->country);
  g_free(gdi->admd);
  g_free(gdi->prmd);
  *gdi = (struct mapping_gdi){0};
}

/* Case and spaces at the ends do not count. */
static bool same(const char *a, const char *b)
{
  g_autofree char *x = g_strstrip(g_strdup(a ? a : "")), *y = g_strstrip(g_strdup(b ? b : ""));
  return !g_ascii_strcasecmp(x, y);
}

bool x400_domain_equal(const struct mapping_gdi *a, const struct mapping_gdi *b)
{
  return same(a->country, b->country) && same(a->admd, b->admd) && same(a->prmd, b->prmd);
}

char *x400_domain_format(const struct mapping_gdi *gdi)
{
  g_autoptr(or_address_t) address = or_address_new();
  or_address_set(address, OR_COUNTRY, 0, gdi->country, NULL);
  or_address_set(address, OR_ADMD, 0, gdi->admd ? gdi->admd : " ", NULL);
  if (gdi->prmd)
    or_address_set(address, OR_PRMD, 0, gdi->prmd, NULL);
  return or_address_format(address);
}

bool x400_domain_parse(const char *text, struct mapping_gdi *gdi_r)
{
  g_autoptr(or_address_t) address = or_address_parse(text, NULL);
  const char *country = address ? or_address_get(address, OR_COUNTRY, 0) : NULL;
  const char *admd = address ? or_address_get(address, OR_ADMD, 0) : NULL;
  if (!country)
    return false;
  gdi_r->country = g_strdup(country);
  gdi_r->admd = g_strdup(admd ? admd : " ");
  gdi_r->prmd = g_strdup(or_address_get(address, OR_PRMD, 0));
  return true;
}

/* --- identifiers --- */

void x400_identifier_put(const struct mapping_gdi *gdi, const char *local, struct MTSIdentifier *identifier)
{
  x400_domain_put(gdi, &identifier->global_domain_identifier);
  asn1_put_string(&identifier->local_identifier, local);
}

char *x400_identifier_text(const struct MTSIdentifier *identifier)
{
  struct mts_identifier plain = {0};
  x400_domain_get(&identifier->global_domain_identifier, &plain.gdi);
  plain.local = string_of(&identifier->local_identifier);
  char *text = mts_identifier_format(&plain);
  mts_identifier_clear(&plain);
  return text;
}

void x400_queue_id(guint64 id, char text[16])
{
  static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford */
  for (int i = 12; i >= 0; i--, id >>= 5)
    text[i] = digits[id & 31];
  text[13] = '\0';
}

/* --- times, bits, numbers --- */

void x400_time_put(const struct mail_time *time, struct OCTET_STRING *field)
{
  g_autoptr(GString) text = g_string_sized_new(20);
  mail_time_format_utc(time, text);
  asn1_put_string(field, text->str);
}

struct OCTET_STRING *x400_time_new(const struct mail_time *time)
{
  struct OCTET_STRING *field = asn1_new_field(struct OCTET_STRING);
  x400_time_put(time, field);
  return field;
}

bool x400_time_get(const struct OCTET_STRING *field, struct mail_time *time_r)
{
  return field && field->buf && mail_time_parse_utc(field->buf, (gsize)field->size, time_r);
}

void x400_bits_put(BIT_STRING_t *field, guint32 bits, guint count)
{
  gsize size = (count + 7) / 8;
  free(field->buf);
  field->buf = asn1_zalloc(size + 1);
  field->size = (int)size;
  field->bits_unused = (int)(size * 8 - count);
  for (guint i = 0; i < count; i++)
    if (bits & 1u << i)
      field->buf[i / 8] |= (guint8)(0x80 >> i % 8);
}

guint32 x400_bits_get(const BIT_STRING_t *field)
{
  guint32 bits = 0;
  if (field && field->buf)
    for (guint i = 0; i < 32 && i / 8 < (guint)field->size; i++)
      if (field->buf[i / 8] & 0x80 >> i % 8)
        bits |= 1u << i;
  return bits;
}

long *x400_long(long number)
{
  long *field = asn1_new_field(long);
  *field = number;
  return field;
}

/* --- strings --- */

char *x400_text(const struct asn1_value *value, enum charset charset, const struct OCTET_STRING *field,
                gsize limit)
{
  if (!field)
    return NULL;
  g_autoptr(octets_t) octets = asn1_octets(value, field);
  gsize length = (gsize)MIN(octets_length(octets), (guint64)limit);
  g_autofree guint8 *buffer = g_malloc(length + 1);
  if (!octets_read(octets, 0, buffer, length, NULL))
    return g_strdup("");
  char *text = charset_to_utf8(charset, buffer, length, NULL);
  /* It goes into lines of text: no control characters; the end of a line is a place to fold at. */
  char *to = text;
  for (const char *c = text; *c; c++) {
    c += c[0] == '\r' && c[1] == '\n';
    *to++ = (guint8)*c < 0x20 || *c == 0x7F ? ' ' : *c;
  }
  *to = '\0';
  return text;
}

static gsize words_within(const char *words, gsize bound)
{
  gsize length = strlen(words);
  if (length <= bound)
    return length;
  while (bound && words[bound] != ' ')
    bound--;
  return bound;
}

bool x400_teletex_put(const char *utf8, gsize bound, struct OCTET_STRING *field)
{
  /* Words that look like encoded ones would be read as such: they are made so themselves. */
  struct charset_loss loss = {0};
  g_autoptr(GByteArray) octets = charset_from_utf8(CHARSET_TELETEX, utf8, &loss);
  bool whole = true;
  if (loss.substituted || strstr(utf8, "=?")) {
    g_autoptr(GString) words = g_string_new(NULL);
    mime_word_encode(utf8, strlen(utf8), false, 0, words);
    gsize length = words_within(words->str, bound);
    whole = length == words->len;
    g_string_truncate(words, length);
    asn1_put_string(field, words->str);
    return whole;
  }
  if (octets->len > bound) { /* whole characters go from the end; each has an octet at least */
    whole = false;
    g_autofree char *cut = g_utf8_substring(utf8, 0, (glong)MIN(bound, (gsize)g_utf8_strlen(utf8, -1)));
    for (gsize end = strlen(cut); octets->len > bound; cut[end] = '\0') {
      g_byte_array_unref(octets);
      octets = charset_from_utf8(CHARSET_TELETEX, cut, NULL);
      const char *last = g_utf8_find_prev_char(cut, cut + end);
      end = last ? (gsize)(last - cut) : 0;
    }
  }
  g_byte_array_append(octets, (const guint8 *)"", 1);
  asn1_put_string(field, (const char *)octets->data);
  return whole;
}

char *x400_teletex_get(const struct asn1_value *value, GHashTable *charsets, const struct OCTET_STRING *field)
{
  char *text = x400_text(value, CHARSET_TELETEX, field, 4096);
  if (!text || !strstr(text, "=?"))
    return text;
  char *decoded = mime_word_decode(charsets, text);
  g_free(text);
  return decoded;
}

char *x400_ascii(const char *text)
{
  g_autofree char *valid =
      g_utf8_make_valid(text, -1); /* g_str_to_ascii() reads past the end of a text cut in a character */
  return g_str_to_ascii(valid, "C");
}

struct OCTET_STRING *x400_printable_new(const char *text, gsize bound)
{
  g_autofree char *ascii = x400_ascii(text);
  for (char *c = ascii; *c; c++)
    if (!g_ascii_isalnum(*c) && !strchr(" '()+,-./:=?", *c))
      *c = strchr("\t\r\n_", *c) ? ' '
           : strchr("\"`", *c)   ? '\''
           : strchr("<[{", *c)   ? '('
           : strchr(">]}", *c)   ? ')'
                                 : '?';
  if (strlen(ascii) > bound)
    ascii[bound] = '\0';
  return asn1_new_string(ascii);
}

char *x400_oid_text(const struct ASN__PRIMITIVE_TYPE_s *field)
{
  GString *text = g_string_new(NULL);
  if (!field->buf || !oid_to_dotted(field->buf, (gsize)field->size, text))
    g_string_append(text, "?");
  return g_string_free(text, FALSE);
}

/* Names of the arcs above the known identifiers. */
static const char *arc_name(const char *dotted)
{
  static const struct {
    const char *dotted, *name;
  } arcs[] = {{"1", "iso"},
              {"1.2", "member-body"},
              {"1.3", "identified-organization"},
              {"1.3.6", "dod"},
              {"1.3.6.1", "internet"},
              {"1.3.6.1.4", "private"},
              {"1.3.6.1.4.1", "enterprises"},
              {"1.3.6.1.7", "mail"},
              {"1.3.6.1.7.1", "mixer"},
              {"1.3.26", "nato"},
              {"1.3.26.0", "stanags"},
              {"1.3.26.0.4406", "mmhs"},
              {"2", "joint-iso-ccitt"},
              {"2.6", "mhs"},
              {"2.6.1", "ipms"},
              {"2.6.1.5", "hex"},
              {"2.6.1.20", "rex"},
              {"2.6.3", "mts"}};
  for (gsize i = 0; i < G_N_ELEMENTS(arcs); i++)
    if (!strcmp(arcs[i].dotted, dotted))
      return arcs[i].name;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  if (!oid_from_dotted(dotted, octets))
    return "";
  const char *name = oid_name(oid_find(octets->data, octets->len));
  return name ? name : "";
}

char *x400_oid_label(const char *dotted)
{
  GString *text = g_string_new(NULL);
  g_autoptr(GString) upto = g_string_new(NULL);
  g_auto(GStrv) arcs = g_strsplit(dotted, ".", -1);
  for (char **arc = arcs; *arc; arc++) {
    g_string_append_printf(upto, "%s%s", upto->len ? "." : "", *arc);
    const char *name = arc_name(upto->str);
    gsize key = 0; /* key-char */
    while (g_ascii_isalnum(name[key]) || name[key] == '-')
      key++;
    g_string_append_printf(text, "%s%.*s(%s)", text->len ? " " : "", (int)key, name, *arc);
  }
  return g_string_free(text, FALSE);
}

char *x400_oid_format(const struct ASN__PRIMITIVE_TYPE_s *field)
{
  g_autofree char *dotted = x400_oid_text(field);
  return x400_oid_label(dotted);
}

/* --- extensions --- */

struct ExtensionField *x400_extension(const struct Extensions *extensions, long number)
{
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    struct ExtensionField *field = extensions->list.array[i];
    if (field->type.present == ExtensionType_PR_standard_extension &&
        field->type.choice.standard_extension == number)
      return field;
  }
  return NULL;
}

struct ExtensionField *x400_private_extension(const struct Extensions *extensions, enum oid oid)
{
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    struct ExtensionField *field = extensions->list.array[i];
    if (field->type.present == ExtensionType_PR_private_extension &&
        oid_get(&field->type.choice.private_extension) == oid)
      return field;
  }
  return NULL;
}

/* Encodes structure and hangs it in as an ANY. What we build ourselves can be encoded; if not, the extension
 * is left out. */
static ANY_t *new_any(struct asn1_value *value, const struct asn_TYPE_descriptor_s *type,
                      const void *structure)
{
  g_autoptr(octets_t) octets = asn1_encode_field(value, type, structure, NULL);
  if (!octets)
    return NULL;
  ANY_t *any = asn1_new_field(ANY_t);
  asn1_put_octets(value, (struct OCTET_STRING *)any, octets);
  return any;
}

static void add_field(struct asn1_value *value, struct Extensions **extensions, struct ExtensionField *field,
                      guint32 criticality, const struct asn_TYPE_descriptor_s *type, const void *structure)
{
  field->value = new_any(value, type, structure);
  if (criticality) {
    field->criticality = asn1_new_field(Criticality_t);
    x400_bits_put(field->criticality, criticality, 3);
  }
  if (!*extensions)
    *extensions = asn1_new_field(struct Extensions);
  asn_set_add(&(*extensions)->list, field);
}

void x400_extension_add(struct asn1_value *value, struct Extensions **extensions, long number,
                        guint32 criticality, const struct asn_TYPE_descriptor_s *type, const void *structure)
{
  struct ExtensionField *field = asn1_new_field(struct ExtensionField);
  field->type.present = ExtensionType_PR_standard_extension;
  field->type.choice.standard_extension = number;
  add_field(value, extensions, field, criticality, type, structure);
}

void x400_private_extension_add(struct asn1_value *value, struct Extensions **extensions, enum oid oid,
                                const struct asn_TYPE_descriptor_s *type, const void *structure)
{
  struct ExtensionField *field = asn1_new_field(struct ExtensionField);
  field->type.present = ExtensionType_PR_private_extension;
  oid_put(&field->type.choice.private_extension, oid);
  add_field(value, extensions, field, 0, type, structure);
}

static struct asn1_value *any_value(const struct asn1_value *value, const ANY_t *any,
                                    const struct asn_TYPE_descriptor_s *type)
{
  if (!any)
    return NULL;
  g_autoptr(octets_t) octets = asn1_octets(value, (const struct OCTET_STRING *)any);
  return asn1_decode(type, octets, NULL, NULL);
}

struct asn1_value *x400_extension_value(const struct asn1_value *value,
                                        const struct ExtensionField *extension,
                                        const struct asn_TYPE_descriptor_s *type)
{
  return extension ? any_value(value, extension->value, type) : NULL;
}

void *x400_copy(const struct asn1_value *from, const struct asn_TYPE_descriptor_s *type,
                const void *structure)
{
  g_autoptr(octets_t) octets = asn1_encode_field(from, type, structure, NULL);
  struct asn1_value *copy = octets ? asn1_decode(type, octets, NULL, NULL) : NULL;
  return copy ? asn1_value_steal(copy) : NULL;
}

void x400_extension_copy(const struct asn1_value *from, const struct ExtensionField *extension,
                         struct Extensions **extensions)
{
  struct ExtensionField *copy = extension ? x400_copy(from, &asn_DEF_ExtensionField, extension) : NULL;
  if (!copy)
    return;
  if (!*extensions)
    *extensions = asn1_new_field(struct Extensions);
  asn_set_add(&(*extensions)->list, copy);
}

char *x400_extension_name(const struct ExtensionField *extension)
{
  if (extension->type.present != ExtensionType_PR_standard_extension)
    return x400_oid_format(&extension->type.choice.private_extension);
  long number = extension->type.choice.standard_extension;
  const char *name = named_number("StandardExtension", number);
  return g_strdup_printf("%s(%ld)", name ? name : "", number);
}

struct IPMSExtension *x400_heading_extension(const struct IPMSExtensions *extensions, enum oid oid)
{
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    struct IPMSExtension *extension = extensions->list.array[i];
    if (oid_get(&extension->type) == oid)
      return extension;
  }
  return NULL;
}

void x400_heading_extension_add(struct asn1_value *value, struct IPMSExtensions **extensions, enum oid oid,
                                const struct asn_TYPE_descriptor_s *type, const void *structure)
{
  struct IPMSExtension *extension = asn1_new_field(struct IPMSExtension);
  oid_put(&extension->type, oid);
  extension->value = new_any(value, type, structure);
  if (!*extensions)
    *extensions = asn1_new_field(struct IPMSExtensions);
  asn_set_add(&(*extensions)->list, extension);
}

struct asn1_value *x400_heading_extension_value(const struct asn1_value *value,
                                                const struct IPMSExtension *extension,
                                                const struct asn_TYPE_descriptor_s *type)
{
  return extension ? any_value(value, extension->value, type) : NULL;
}

/* --- field lists --- */

struct asn1_value *x400_field_list_new(GPtrArray *fields)
{
  struct asn1_value *value = asn1_value_new(&asn_DEF_RFC822FieldList);
  RFC822FieldList_t *list = asn1_value_get(value);
  for (guint i = 0; i < fields->len; i++)
    asn_sequence_add(&list->list, asn1_new_string(fields->pdata[i]));
  return value;
}

GPtrArray *x400_field_list_get(const struct asn1_value *value)
{
  GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);
  const RFC822FieldList_t *list = asn1_value_get(value);
  for (int i = 0; i < list->list.count; i++)
    g_ptr_array_add(fields, x400_text(value, CHARSET_IA5, list->list.array[i], 65536));
  return fields;
}

void mapping_loss(GPtrArray *losses, const char *format, ...)
{
  if (!losses)
    return;
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *words = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(losses, g_utf8_make_valid(words, -1)); /* they may quote what a peer wrote */
}
