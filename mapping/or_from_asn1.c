/* asn1c's ORName and ORAddress -> our form. Twins (printable, teletex, universal) meet in one attribute. */
#include "mapping/or_asn1.h"

#include "mapping/mapping.h"

#include "asn1/charset.h"
#include "asn1/open_types.h"

#include <string.h>

#include <BuiltInDomainDefinedAttribute.h>
#include <BuiltInDomainDefinedAttributes.h>
#include <CommonName.h>
#include <CountryName.h>
#include <ExtendedNetworkAddress.h>
#include <ExtensionAttribute.h>
#include <ExtensionAttributes.h>
#include <ORAddress.h>
#include <ORName.h>
#include <OrganizationalUnitNames.h>
#include <PDSParameter.h>
#include <PersonalName.h>
#include <PhysicalDeliveryCountryName.h>
#include <PostalCode.h>
#include <PrivateDomainName.h>
#include <TeletexCommonName.h>
#include <TeletexDomainDefinedAttribute.h>
#include <TeletexDomainDefinedAttributes.h>
#include <TeletexOrganizationName.h>
#include <TeletexOrganizationalUnitNames.h>
#include <TeletexPersonalName.h>
#include <TerminalType.h>
#include <UnformattedPostalAddress.h>
#include <UniversalDomainDefinedAttribute.h>
#include <UniversalDomainDefinedAttributes.h>
#include <UniversalOrBMPString.h>
#include <UniversalOrganizationalUnitNames.h>
#include <UniversalPersonalName.h>

#include <AdministrationDomainName.h>

enum { VALUE_MAX = 4096 }; /* octets of one attribute value; the longest bound is 512 */

/* What is read and where to; error sticks: nothing is placed after the first. */
struct reader {
  const struct asn1_value *value;
  struct or_address *address;
  struct or_dda_lists *ddas; /* merged at the end */
  GError *error;
};

/* One character for each, so that a peer's address goes on as it came (or_to_asn1.c), whatever it holds. */
static char *each_octet(const guint8 *octets, gsize length)
{
  GString *text = g_string_sized_new(length);
  for (gsize i = 0; i < length; i++)
    g_string_append_unichar(text, octets[i]);
  return g_string_free(text, FALSE);
}

static char *read_octets(struct reader *reader, const OCTET_STRING_t *field, enum charset charset)
{
  if (reader->error)
    return NULL;
  g_autoptr(octets_t) octets = asn1_octets(reader->value, field);
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, VALUE_MAX, NULL);
  if (!bytes) {
    g_set_error(&reader->error, MAPPING_ERROR, MAPPING_ERROR_LIMIT,
                "O/R address: an attribute of more than %d octets (X.411 upper bounds)", VALUE_MAX);
    return NULL;
  }
  gsize length;
  const void *data = g_bytes_get_data(bytes, &length);
  char *text = charset == CHARSET_IA5 ? each_octet(data, length) : charset_to_utf8(charset, data, length, NULL);
  /* Text is handled as C strings: a NUL in it would cut it. */
  if (length > 0 && charset != CHARSET_BMP && charset != CHARSET_UNIVERSAL && memchr(data, 0, length)) {
    g_free(text);
    g_set_error(&reader->error, MAPPING_ERROR, MAPPING_ERROR_ADDRESS,
                "O/R address: an attribute with a NUL character");
    return NULL;
  }
  return text;
}

static char *read_universal(struct reader *reader, const UniversalOrBMPString_t *field)
{
  switch (field->character_encoding.present) {
  case UniversalOrBMPString__character_encoding_PR_two_octets:
    return read_octets(reader, &field->character_encoding.choice.two_octets, CHARSET_BMP);
  case UniversalOrBMPString__character_encoding_PR_four_octets:
    return read_octets(reader, &field->character_encoding.choice.four_octets, CHARSET_UNIVERSAL);
  default:
    return NULL;
  }
}

static char *read_twin(struct reader *reader, const void *field, enum or_twin twin)
{
  if (twin == OR_TWIN_UNIVERSAL)
    return read_universal(reader, field);
  return read_octets(reader, field, twin == OR_TWIN_TELETEX ? CHARSET_TELETEX : CHARSET_IA5);
}

/* A twin that says what the printable one says is no more than a second spelling of it. */
static void put(struct reader *reader, enum or_key key, guint index, char *text, enum or_twin twin)
{
  if (!text)
    return;
  struct or_attribute *attribute = or_address_require(reader->address, key, index);
  char **slot = twin == OR_TWIN_PRINTABLE ? &attribute->printable
                : twin == OR_TWIN_TELETEX ? &attribute->teletex
                                          : &attribute->universal;
  g_free(*slot);
  *slot = text;
}

static void take(struct reader *reader, enum or_key key, guint index, const void *field, enum or_twin twin)
{
  if (field)
    put(reader, key, index, read_twin(reader, field, twin), twin);
}

/* --- built-in attributes ----------------------------------------------------------------------------- */

static void read_standard(struct reader *reader, const BuiltInStandardAttributes_t *from)
{
  /* The choices of NumericString and PrintableString lie at one place: both are octets. */
  if (from->country_name && from->country_name->present)
    take(reader, OR_COUNTRY, 0, &from->country_name->choice.iso_3166_alpha2_code, OR_TWIN_PRINTABLE);
  if (from->administration_domain_name && from->administration_domain_name->present)
    take(reader, OR_ADMD, 0, &from->administration_domain_name->choice.printable, OR_TWIN_PRINTABLE);
  if (from->private_domain_name && from->private_domain_name->present)
    take(reader, OR_PRMD, 0, &from->private_domain_name->choice.printable, OR_TWIN_PRINTABLE);
  take(reader, OR_X121, 0, from->network_address, OR_TWIN_PRINTABLE);
  take(reader, OR_TERMINAL_ID, 0, from->terminal_identifier, OR_TWIN_PRINTABLE);
  take(reader, OR_ORGANIZATION, 0, from->organization_name, OR_TWIN_PRINTABLE);
  take(reader, OR_UA_ID, 0, from->numeric_user_identifier, OR_TWIN_PRINTABLE);
  const PersonalName_t *name = from->personal_name;
  if (name) {
    take(reader, OR_SURNAME, 0, &name->surname, OR_TWIN_PRINTABLE);
    take(reader, OR_GIVEN_NAME, 0, name->given_name, OR_TWIN_PRINTABLE);
    take(reader, OR_INITIALS, 0, name->initials, OR_TWIN_PRINTABLE);
    take(reader, OR_GENERATION, 0, name->generation_qualifier, OR_TWIN_PRINTABLE);
  }
  const OrganizationalUnitNames_t *units = from->organizational_unit_names;
  for (int i = 0; units && i < MIN(units->list.count, OR_LIST_MAX); i++)
    take(reader, OR_UNIT, (guint)i, units->list.array[i], OR_TWIN_PRINTABLE);
}

static void read_ddas(struct reader *reader, const BuiltInDomainDefinedAttributes_t *from)
{
  for (int i = 0; i < MIN(from->list.count, OR_LIST_MAX); i++) {
    const BuiltInDomainDefinedAttribute_t *one = from->list.array[i];
    or_dda_add(reader->ddas, OR_TWIN_PRINTABLE, read_octets(reader, &one->type, CHARSET_IA5),
               read_octets(reader, &one->value, CHARSET_IA5));
  }
}

/* --- extension attributes ---------------------------------------------------------------------------- */

static void read_teletex_ddas(struct reader *reader, const TeletexDomainDefinedAttributes_t *from)
{
  for (int i = 0; i < MIN(from->list.count, OR_LIST_MAX); i++) {
    const TeletexDomainDefinedAttribute_t *one = from->list.array[i];
    or_dda_add(reader->ddas, OR_TWIN_TELETEX, read_octets(reader, &one->type, CHARSET_TELETEX),
               read_octets(reader, &one->value, CHARSET_TELETEX));
  }
}

static void read_universal_ddas(struct reader *reader, const UniversalDomainDefinedAttributes_t *from)
{
  for (int i = 0; i < MIN(from->list.count, OR_LIST_MAX); i++) {
    const UniversalDomainDefinedAttribute_t *one = from->list.array[i];
    or_dda_add(reader->ddas, OR_TWIN_UNIVERSAL, read_universal(reader, &one->type),
               read_universal(reader, &one->value));
  }
}

static void read_lines(struct reader *reader, const UnformattedPostalAddress_t *from)
{
  for (int i = 0; from->printable_address && i < MIN(from->printable_address->list.count, OR_LIST_MAX); i++)
    take(reader, OR_PD_UNFORMATTED, (guint)i, from->printable_address->list.array[i], OR_TWIN_PRINTABLE);
  take(reader, OR_PD_UNFORMATTED, 0, from->teletex_string, OR_TWIN_TELETEX);
}

static void read_network(struct reader *reader, const ExtendedNetworkAddress_t *from)
{
  if (from->present == ExtendedNetworkAddress_PR_e163_4_address) {
    take(reader, OR_NET_NUMBER, 0, &from->choice.e163_4_address.number, OR_TWIN_PRINTABLE);
    take(reader, OR_NET_SUBADDRESS, 0, from->choice.e163_4_address.sub_address, OR_TWIN_PRINTABLE);
  } else if (from->present == ExtendedNetworkAddress_PR_psap_address) {
    put(reader, OR_NET_PSAP, 0, or_psap_format(reader->value, &from->choice.psap_address), OR_TWIN_PRINTABLE);
  }
}

/* The attribute of a PDSParameter (10 to 15, 17 to 21) and of its universal twin (29 to 40). */
static enum or_key postal_key(long number)
{
  static const enum or_key keys[] = {OR_PD_OFFICE,       OR_PD_OFFICE_NUMBER, OR_PD_COMPONENTS,  OR_PD_PERSON,
                                     OR_PD_ORGANIZATION, OR_PD_EXTENSION,     OR_PD_UNFORMATTED, OR_PD_STREET,
                                     OR_PD_BOX,          OR_PD_RESTANTE,      OR_PD_UNIQUE,      OR_PD_LOCAL};
  long place = number >= 29 ? number - 29 : number - 10;
  return keys[place];
}

static void read_postal(struct reader *reader, enum or_key key, const PDSParameter_t *from)
{
  take(reader, key, 0, from->printable_string, OR_TWIN_PRINTABLE);
  take(reader, key, 0, from->teletex_string, OR_TWIN_TELETEX);
}

static void read_teletex_name(struct reader *reader, const TeletexPersonalName_t *from)
{
  take(reader, OR_SURNAME, 0, &from->surname, OR_TWIN_TELETEX);
  take(reader, OR_GIVEN_NAME, 0, from->given_name, OR_TWIN_TELETEX);
  take(reader, OR_INITIALS, 0, from->initials, OR_TWIN_TELETEX);
  take(reader, OR_GENERATION, 0, from->generation_qualifier, OR_TWIN_TELETEX);
}

static void read_universal_name(struct reader *reader, const UniversalPersonalName_t *from)
{
  take(reader, OR_SURNAME, 0, &from->surname, OR_TWIN_UNIVERSAL);
  take(reader, OR_GIVEN_NAME, 0, from->given_name, OR_TWIN_UNIVERSAL);
  take(reader, OR_INITIALS, 0, from->initials, OR_TWIN_UNIVERSAL);
  take(reader, OR_GENERATION, 0, from->generation_qualifier, OR_TWIN_UNIVERSAL);
}

static void read_units(struct reader *reader, const void *from, enum or_twin twin)
{
  const TeletexOrganizationalUnitNames_t *teletex = from;
  const UniversalOrganizationalUnitNames_t *universal = from;
  int count = twin == OR_TWIN_TELETEX ? teletex->list.count : universal->list.count;
  for (int i = 0; i < MIN(count, OR_LIST_MAX); i++)
    take(reader, OR_UNIT, (guint)i,
         twin == OR_TWIN_TELETEX ? (void *)teletex->list.array[i] : (void *)universal->list.array[i], twin);
}

/* One extension attribute whose value is decoded: X.411 figure 2 parts 23 on. */
static void read_extension(struct reader *reader, long number, const void *from)
{
  switch (number) {
  case 1:
    take(reader, OR_COMMON_NAME, 0, from, OR_TWIN_PRINTABLE);
    break;
  case 2:
    take(reader, OR_COMMON_NAME, 0, from, OR_TWIN_TELETEX);
    break;
  case 3:
    take(reader, OR_ORGANIZATION, 0, from, OR_TWIN_TELETEX);
    break;
  case 4:
    read_teletex_name(reader, from);
    break;
  case 5:
    read_units(reader, from, OR_TWIN_TELETEX);
    break;
  case 6:
    read_teletex_ddas(reader, from);
    break;
  case 7:
    take(reader, OR_PD_SERVICE, 0, from, OR_TWIN_PRINTABLE);
    break;
  case 8:
    take(reader, OR_PD_COUNTRY, 0,
         &((const PhysicalDeliveryCountryName_t *)from)->choice.iso_3166_alpha2_code, OR_TWIN_PRINTABLE);
    break;
  case 9:
    take(reader, OR_PD_CODE, 0, &((const PostalCode_t *)from)->choice.printable_code, OR_TWIN_PRINTABLE);
    break;
  case 16:
    read_lines(reader, from);
    break;
  case 22:
    read_network(reader, from);
    break;
  case 23:
    put(reader, OR_TERMINAL_TYPE, 0, g_strdup_printf("%ld", *(const long *)from), OR_TWIN_PRINTABLE);
    break;
  case 24:
    take(reader, OR_COMMON_NAME, 0, from, OR_TWIN_UNIVERSAL);
    break;
  case 25:
    take(reader, OR_ORGANIZATION, 0, from, OR_TWIN_UNIVERSAL);
    break;
  case 26:
    read_universal_name(reader, from);
    break;
  case 27:
    read_units(reader, from, OR_TWIN_UNIVERSAL);
    break;
  case 28:
    read_universal_ddas(reader, from);
    break;
  default:
    if (number >= 29)
      take(reader, postal_key(number), 0, from, OR_TWIN_UNIVERSAL);
    else
      read_postal(reader, postal_key(number), from);
  }
}

/* Reads the open type behind the attribute's number. One that is not known has no place in an O/R address's
 * text; it is left out here, and stays where the address travels as octets. */
static void read_attribute(struct reader *reader, const ExtensionAttribute_t *attribute)
{
  const struct asn_TYPE_descriptor_s *type = open_type_attribute(attribute->extension_attribute_type);
  if (!type || reader->error)
    return;
  g_autoptr(octets_t) octets = asn1_octets(reader->value, &attribute->extension_attribute_value);
  g_autoptr(asn1_value_t) inner = asn1_decode(type, octets, NULL, &reader->error);
  if (!inner) {
    g_prefix_error(&reader->error,
                   "O/R address: extension attribute %ld: ", attribute->extension_attribute_type);
    return;
  }
  struct reader part = {inner, reader->address, reader->ddas, NULL};
  read_extension(&part, attribute->extension_attribute_type, asn1_value_get(inner));
  reader->error = part.error;
}

static struct or_address *read_all(const struct asn1_value *value,
                                   const BuiltInStandardAttributes_t *standard,
                                   const BuiltInDomainDefinedAttributes_t *ddas,
                                   const ExtensionAttributes_t *extensions, GError **error)
{
  struct or_dda_lists lists = {0};
  struct reader reader = {value, or_address_new(), &lists, NULL};
  read_standard(&reader, standard);
  if (ddas)
    read_ddas(&reader, ddas);
  for (int i = 0; extensions && i < extensions->list.count; i++)
    read_attribute(&reader, extensions->list.array[i]);
  or_dda_merge(&lists, reader.address);
  if (reader.error) {
    or_address_free(reader.address);
    g_propagate_error(error, reader.error);
    return NULL;
  }
  or_address_simplify(reader.address);
  return reader.address;
}

struct or_address *or_address_from_asn1(const struct asn1_value *value, const struct ORName *name,
                                        GError **error)
{
  struct or_address *address =
      read_all(value, &name->built_in_standard_attributes, name->built_in_domain_defined_attributes,
               name->extension_attributes, error);
  if (address && name->directory_name)
    address->directory_name = or_directory_name(value, name->directory_name);
  return address;
}

struct or_address *or_address_from_asn1_address(const struct asn1_value *value, const struct ORAddress *name,
                                                GError **error)
{
  return read_all(value, &name->built_in_standard_attributes, name->built_in_domain_defined_attributes,
                  name->extension_attributes, error);
}
