/* Our form -> asn1c's ORName and ORAddress.
 *
 * A structure's members of one kind go together: when one OU needs T.61, the teletex list names all OUs, and
 * the printable list is there only if all have a printable form (X.411 figure 2: the lists are alternatives
 * of one another). */
#include "mapping/or_asn1.h"

#include "mapping/or_keys.h"
#include "mapping/ps_encoding.h"

#include "asn1/charset.h"
#include "asn1/open_types.h"

#include <string.h>

#include <AdministrationDomainName.h>
#include <BuiltInDomainDefinedAttribute.h>
#include <BuiltInDomainDefinedAttributes.h>
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
#include <TeletexDomainDefinedAttribute.h>
#include <TeletexDomainDefinedAttributes.h>
#include <TeletexOrganizationalUnitNames.h>
#include <TeletexPersonalName.h>
#include <UnformattedPostalAddress.h>
#include <UniversalDomainDefinedAttribute.h>
#include <UniversalDomainDefinedAttributes.h>
#include <UniversalOrBMPString.h>
#include <UniversalOrganizationalUnitNames.h>
#include <UniversalPersonalName.h>

struct writer {
  const struct or_address *address;
  struct asn1_value *value;
  ExtensionAttributes_t *extensions; /* made when the first is added */
};

/* --- which twins an attribute has -------------------------------------------------------------------- */

GByteArray *or_teletex_octets(const char *utf8)
{
  struct charset_loss loss = {0};
  g_autoptr(GByteArray) octets = charset_from_utf8(CHARSET_TELETEX, utf8, &loss);
  return loss.substituted || loss.dropped ? NULL : g_steal_pointer(&octets);
}

static bool fits_teletex(const char *text)
{
  g_autoptr(GByteArray) octets = or_teletex_octets(text);
  return octets != NULL;
}

/* The text that an attribute has in one twin of its own right; NULL when another twin says it all. A
 * PrintableString that is none (peers send such) is sent as what it is. */
static const char *own_twin(const char *printable, const char *teletex, const char *universal,
                            enum or_twin twin)
{
  bool good = printable && ps_is_printable(printable);
  if (twin == OR_TWIN_PRINTABLE)
    return good ? printable : NULL;
  const char *wide = teletex ? teletex : good ? NULL : printable;
  if (twin == OR_TWIN_TELETEX)
    return wide && fits_teletex(wide) ? wide : NULL;
  return universal ? universal : wide && !fits_teletex(wide) ? wide : NULL;
}

static const char *own_value(const struct or_attribute *attribute, enum or_twin twin)
{
  return own_twin(attribute->printable, attribute->teletex, attribute->universal, twin);
}

/* The same, or any other twin that can be written in this one: for members that only accompany another. */
static const char *any_text(const char *printable, const char *teletex, const char *universal,
                            enum or_twin twin)
{
  const char *own = own_twin(printable, teletex, universal, twin);
  const char *const others[] = {teletex, universal, printable};
  for (gsize i = 0; !own && i < G_N_ELEMENTS(others); i++)
    if (others[i] && (twin == OR_TWIN_UNIVERSAL ||
                      (twin == OR_TWIN_TELETEX ? fits_teletex(others[i]) : ps_is_printable(others[i]))))
      own = others[i];
  return own;
}

/* A member of a list or a name. alone: no printable structure goes with it, so the PrintableString, by which
 * a name is known in the first place, stands for a member that has one. */
static const char *member_value(const struct or_attribute *attribute, enum or_twin twin, bool alone)
{
  if (alone && attribute->printable && ps_is_printable(attribute->printable))
    return attribute->printable;
  return any_text(attribute->printable, attribute->teletex, attribute->universal, twin);
}

/* --- strings ----------------------------------------------------------------------------------------- */

static void put_teletex(struct asn1_value *value, OCTET_STRING_t *field, const char *text)
{
  g_autoptr(GByteArray) bytes = charset_from_utf8(CHARSET_TELETEX, text, NULL);
  g_autoptr(octets_t) octets = octets_new(bytes->data, bytes->len);
  asn1_put_octets(value, field, octets);
}

static bool is_bmp(const char *text)
{
  for (; *text; text = g_utf8_next_char(text))
    if (g_utf8_get_char(text) > 0xffff)
      return false;
  return true;
}

static void put_universal(struct asn1_value *value, UniversalOrBMPString_t *field, const char *text)
{
  bool bmp = is_bmp(text);
  g_autoptr(GByteArray) bytes = charset_from_utf8(bmp ? CHARSET_BMP : CHARSET_UNIVERSAL, text, NULL);
  g_autoptr(octets_t) octets = octets_new(bytes->data, bytes->len);
  field->character_encoding.present = bmp ? UniversalOrBMPString__character_encoding_PR_two_octets
                                          : UniversalOrBMPString__character_encoding_PR_four_octets;
  asn1_put_octets(value,
                  bmp ? &field->character_encoding.choice.two_octets
                      : &field->character_encoding.choice.four_octets,
                  octets);
}

/* PrintableString and NumericString octet by octet, as they were read: a peer's may hold what none can
 * (interop note 16: Latin-1), and it goes on as it came. */
static void put_octets(OCTET_STRING_t *field, const char *text)
{
  g_autoptr(GString) octets = g_string_sized_new(strlen(text));
  for (; *text; text = g_utf8_next_char(text)) {
    gunichar c = g_utf8_get_char(text);
    g_string_append_c(octets, c < 256 ? (char)c : '?');
  }
  asn1_put_string(field, octets->str);
}

static void put_twin(struct asn1_value *value, void *field, const char *text, enum or_twin twin)
{
  if (twin == OR_TWIN_PRINTABLE)
    put_octets(field, text);
  else if (twin == OR_TWIN_TELETEX)
    put_teletex(value, field, text);
  else
    put_universal(value, field, text);
}

static void *new_twin(struct asn1_value *value, const char *text, enum or_twin twin)
{
  void *field =
      asn1_zalloc(twin == OR_TWIN_UNIVERSAL ? sizeof(UniversalOrBMPString_t) : sizeof(OCTET_STRING_t));
  put_twin(value, field, text, twin);
  return field;
}

/* --- built-in attributes ----------------------------------------------------------------------------- */

/* An attribute that has no twins, whatever its characters. */
static OCTET_STRING_t *plain(const struct or_address *address, enum or_key key)
{
  const char *text = or_address_get(address, key, 0);
  OCTET_STRING_t *field = text ? asn1_new_field(OCTET_STRING_t) : NULL;
  if (field)
    put_octets(field, text);
  return field;
}

/* 4.1.1: digits and only digits are a NumericString. */
static void write_domains(const struct or_address *address, BuiltInStandardAttributes_t *to)
{
  const char *country = or_address_get(address, OR_COUNTRY, 0), *admd = or_address_get(address, OR_ADMD, 0),
             *prmd = or_address_get(address, OR_PRMD, 0);
  if (country) {
    to->country_name = asn1_new_field(CountryName_t);
    to->country_name->present =
        ps_is_digits(country) ? CountryName_PR_x121_dcc_code : CountryName_PR_iso_3166_alpha2_code;
    put_octets(&to->country_name->choice.iso_3166_alpha2_code, country);
  }
  if (admd || country) { /* a country's ADMD is never left out: a space is any (X.402 18.3.1) */
    to->administration_domain_name = asn1_new_field(AdministrationDomainName_t);
    admd = admd && *admd ? admd : " ";
    to->administration_domain_name->present =
        ps_is_digits(admd) ? AdministrationDomainName_PR_numeric : AdministrationDomainName_PR_printable;
    put_octets(&to->administration_domain_name->choice.printable, admd);
  }
  if (prmd) {
    to->private_domain_name = asn1_new_field(PrivateDomainName_t);
    to->private_domain_name->present =
        ps_is_digits(prmd) ? PrivateDomainName_PR_numeric : PrivateDomainName_PR_printable;
    put_octets(&to->private_domain_name->choice.printable, prmd);
  }
}

/* --- structures that go together --------------------------------------------------------------------- */

static bool any_own(const struct or_address *address, const enum or_key *keys, gsize count, enum or_twin twin)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    for (gsize k = 0; k < count; k++)
      if (attribute->key == keys[k] && own_value(attribute, twin))
        return true;
  }
  return false;
}

/* Whether every attribute of the key can be written in this twin. */
static bool all_writable(const struct or_address *address, enum or_key key, enum or_twin twin)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if (attribute->key == key &&
        !(twin == OR_TWIN_PRINTABLE ? own_value(attribute, twin) : member_value(attribute, twin, false)))
      return false;
  }
  return true;
}

static const enum or_key NAME[] = {OR_SURNAME, OR_GIVEN_NAME, OR_INITIALS, OR_GENERATION};

/* A PersonalName's four members, whichever string they are. False when the surname, which it must have,
 * cannot be written. */
static bool write_name(struct asn1_value *value, const struct or_address *address, enum or_twin twin,
                       void *surname, void **const others[3])
{
  const struct or_attribute *attribute = or_address_attribute(address, OR_SURNAME, 0);
  bool alone = attribute && !own_value(attribute, OR_TWIN_PRINTABLE);
  const char *text = attribute ? member_value(attribute, twin, alone) : NULL;
  if (!text)
    return false;
  put_twin(value, surname, text, twin);
  for (gsize i = 0; i < 3; i++) {
    attribute = or_address_attribute(address, NAME[i + 1], 0);
    text = attribute ? member_value(attribute, twin, alone) : NULL;
    if (text)
      *others[i] = new_twin(value, text, twin);
  }
  return true;
}

static void write_units(struct asn1_value *value, const struct or_address *address, enum or_twin twin,
                        void *list)
{
  bool alone = !all_writable(address, OR_UNIT, OR_TWIN_PRINTABLE);
  for (guint i = 0; i < or_address_count(address, OR_UNIT); i++) {
    const struct or_attribute *unit = or_address_attribute(address, OR_UNIT, i);
    const char *text = unit ? member_value(unit, twin, alone) : NULL;
    if (text) /* asn1c's lists are all alike */
      asn_sequence_add(list, new_twin(value, text, twin));
  }
}

static bool writable(const char *text, enum or_twin twin)
{
  return twin == OR_TWIN_UNIVERSAL || (twin == OR_TWIN_TELETEX ? fits_teletex(text) : ps_is_printable(text));
}

/* Type and value of a DDA in one twin; both have the same encoding (4.1.3). False when it cannot be written
 * so. */
static bool dda_texts(const struct or_attribute *dda, enum or_twin twin, const char **type_r,
                      const char **value_r)
{
  const char *wide = twin == OR_TWIN_UNIVERSAL && dda->universal ? dda->universal
                     : dda->teletex                              ? dda->teletex
                                                                 : dda->universal;
  *type_r = twin == OR_TWIN_PRINTABLE || !dda->type_teletex ? dda->type : dda->type_teletex;
  *value_r = twin == OR_TWIN_PRINTABLE || !wide ? dda->printable : wide;
  return *type_r && *value_r && writable(*type_r, twin) && writable(*value_r, twin);
}

/* Whether a list of this twin is needed: for a representation of its own, or because no narrower one can hold
 * the DDA. */
static bool dda_needs(const struct or_attribute *dda, enum or_twin twin)
{
  const char *type, *value;
  bool printable = dda_texts(dda, OR_TWIN_PRINTABLE, &type, &value),
       teletex = dda_texts(dda, OR_TWIN_TELETEX, &type, &value);
  if (twin == OR_TWIN_UNIVERSAL)
    return dda->universal || (!teletex && (!printable || dda->teletex || dda->type_teletex));
  return teletex && (dda->teletex || !printable);
}

static void write_standard(const struct writer *writer, BuiltInStandardAttributes_t *to)
{
  const struct or_address *address = writer->address;
  write_domains(address, to);
  to->network_address = plain(address, OR_X121);
  to->terminal_identifier = plain(address, OR_TERMINAL_ID);
  const struct or_attribute *organization = or_address_attribute(address, OR_ORGANIZATION, 0);
  const char *name_of_it = organization ? own_value(organization, OR_TWIN_PRINTABLE) : NULL;
  if (name_of_it)
    to->organization_name = asn1_new_string(name_of_it);
  to->numeric_user_identifier = plain(address, OR_UA_ID);
  const struct or_attribute *surname = or_address_attribute(address, OR_SURNAME, 0);
  if (surname && own_value(surname, OR_TWIN_PRINTABLE)) {
    PersonalName_t *name = to->personal_name = asn1_new_field(PersonalName_t);
    void **const others[] = {(void **)&name->given_name, (void **)&name->initials,
                             (void **)&name->generation_qualifier};
    write_name(writer->value, address, OR_TWIN_PRINTABLE, &name->surname, others);
  }
  if (or_address_count(address, OR_UNIT) && all_writable(address, OR_UNIT, OR_TWIN_PRINTABLE)) {
    to->organizational_unit_names = asn1_new_field(OrganizationalUnitNames_t);
    write_units(writer->value, address, OR_TWIN_PRINTABLE, &to->organizational_unit_names->list);
  }
}

static BuiltInDomainDefinedAttributes_t *write_ddas(const struct or_address *address)
{
  BuiltInDomainDefinedAttributes_t *list = NULL;
  for (guint i = 0; i < or_address_count(address, OR_DDA); i++) {
    const struct or_attribute *dda = or_address_attribute(address, OR_DDA, i);
    const char *type, *text;
    if (!dda || !dda_texts(dda, OR_TWIN_PRINTABLE, &type, &text))
      continue;
    list = list ? list : asn1_new_field(BuiltInDomainDefinedAttributes_t);
    BuiltInDomainDefinedAttribute_t *one = asn1_new_field(BuiltInDomainDefinedAttribute_t);
    asn1_put_string(&one->type, type);
    asn1_put_string(&one->value, text);
    ASN_SEQUENCE_ADD(&list->list, one);
  }
  return list;
}

/* --- extension attributes ---------------------------------------------------------------------------- */

static struct asn1_value *new_inner(long number)
{
  return asn1_value_new(open_type_attribute(number));
}

/* Takes inner. */
static void add_extension(struct writer *writer, long number, struct asn1_value *inner)
{
  g_autoptr(octets_t) octets = asn1_encode(inner, NULL);
  asn1_value_free(inner);
  if (!octets)
    return;
  if (!writer->extensions)
    writer->extensions = asn1_new_field(ExtensionAttributes_t);
  ExtensionAttribute_t *attribute = asn1_new_field(ExtensionAttribute_t);
  attribute->extension_attribute_type = number;
  asn1_put_octets(writer->value, &attribute->extension_attribute_value, octets);
  ASN_SEQUENCE_ADD(&writer->extensions->list, attribute);
}

/* An attribute that is one string. */
static void add_string(struct writer *writer, long number, enum or_key key, enum or_twin twin)
{
  const struct or_attribute *attribute = or_address_attribute(writer->address, key, 0);
  const char *text = attribute ? own_value(attribute, twin) : NULL;
  if (!text)
    return;
  struct asn1_value *inner = new_inner(number);
  put_twin(inner, asn1_value_get(inner), text, twin);
  add_extension(writer, number, inner);
}

static void add_name(struct writer *writer, long number, enum or_twin twin)
{
  if (!any_own(writer->address, NAME, G_N_ELEMENTS(NAME), twin))
    return;
  struct asn1_value *inner = new_inner(number);
  TeletexPersonalName_t *teletex = asn1_value_get(inner);
  UniversalPersonalName_t *universal = asn1_value_get(inner);
  void **const t61[] = {(void **)&teletex->given_name, (void **)&teletex->initials,
                        (void **)&teletex->generation_qualifier};
  void **const wide[] = {(void **)&universal->given_name, (void **)&universal->initials,
                         (void **)&universal->generation_qualifier};
  void *surname = twin == OR_TWIN_TELETEX ? (void *)&teletex->surname : (void *)&universal->surname;
  if (write_name(inner, writer->address, twin, surname, twin == OR_TWIN_TELETEX ? t61 : wide))
    add_extension(writer, number, inner);
  else
    asn1_value_free(inner);
}

static void add_units(struct writer *writer, long number, enum or_twin twin)
{
  if (!any_own(writer->address, (enum or_key[]){OR_UNIT}, 1, twin) ||
      !all_writable(writer->address, OR_UNIT, twin))
    return;
  struct asn1_value *inner = new_inner(number);
  write_units(inner, writer->address, twin,
              asn1_value_get(inner)); /* list is the first member of both types */
  add_extension(writer, number, inner);
}

static bool any_dda_needs(const struct or_address *address, enum or_twin twin)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if (attribute->key == OR_DDA && dda_needs(attribute, twin))
      return true;
  }
  return false;
}

static bool all_dda_printable(const struct or_address *address)
{
  const char *type, *value;
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if (attribute->key == OR_DDA && !dda_texts(attribute, OR_TWIN_PRINTABLE, &type, &value))
      return false;
  }
  return true;
}

static void add_ddas(struct writer *writer, long number, enum or_twin twin)
{
  if (!any_dda_needs(writer->address, twin))
    return;
  /* When the printable list lacks a member, only equal types tell which of the others are twins. */
  bool shorter = !all_dda_printable(writer->address);
  struct asn1_value *inner = new_inner(number);
  for (guint i = 0; i < or_address_count(writer->address, OR_DDA); i++) {
    const struct or_attribute *dda = or_address_attribute(writer->address, OR_DDA, i);
    const char *type, *text;
    if (!dda || !dda_texts(dda, twin, &type, &text))
      continue;
    if (shorter && dda->type)
      type = dda->type;
    TeletexDomainDefinedAttribute_t *teletex = NULL;
    UniversalDomainDefinedAttribute_t *universal = NULL;
    if (twin == OR_TWIN_TELETEX)
      teletex = asn1_new_field(TeletexDomainDefinedAttribute_t);
    else
      universal = asn1_new_field(UniversalDomainDefinedAttribute_t);
    put_twin(inner, teletex ? (void *)&teletex->type : (void *)&universal->type, type, twin);
    put_twin(inner, teletex ? (void *)&teletex->value : (void *)&universal->value, text, twin);
    asn_sequence_add(asn1_value_get(inner), teletex ? (void *)teletex : (void *)universal);
  }
  add_extension(writer, number, inner);
}

static void add_postal(struct writer *writer, long number, enum or_key key)
{
  const struct or_attribute *attribute = or_address_attribute(writer->address, key, 0);
  const char *printable = attribute ? own_value(attribute, OR_TWIN_PRINTABLE) : NULL,
             *teletex = attribute ? own_value(attribute, OR_TWIN_TELETEX) : NULL;
  if (!printable && !teletex)
    return;
  struct asn1_value *inner = new_inner(number);
  PDSParameter_t *to = asn1_value_get(inner);
  if (printable)
    to->printable_string = asn1_new_string(printable);
  if (teletex)
    to->teletex_string = new_twin(inner, teletex, OR_TWIN_TELETEX);
  add_extension(writer, number, inner);
}

static void add_lines(struct writer *writer)
{
  const enum or_key key = OR_PD_UNFORMATTED;
  if (or_address_count(writer->address, key) == 0)
    return;
  struct asn1_value *inner = new_inner(16);
  UnformattedPostalAddress_t *to = asn1_value_get(inner);
  for (guint i = 0; i < or_keys[key].count; i++) {
    const struct or_attribute *line = or_address_attribute(writer->address, key, i);
    const char *printable = line ? own_value(line, OR_TWIN_PRINTABLE) : NULL,
               *teletex = line ? own_value(line, OR_TWIN_TELETEX) : NULL;
    if (printable) {
      if (!to->printable_address)
        to->printable_address = asn1_zalloc(sizeof *to->printable_address);
      ASN_SEQUENCE_ADD(&to->printable_address->list, asn1_new_string(printable));
    }
    if (teletex && !to->teletex_string)
      to->teletex_string = new_twin(inner, teletex, OR_TWIN_TELETEX);
  }
  add_extension(writer, 16, inner);
}

static void add_postal_service(struct writer *writer)
{
  const char *service = or_address_get(writer->address, OR_PD_SERVICE, 0),
             *country = or_address_get(writer->address, OR_PD_COUNTRY, 0),
             *code = or_address_get(writer->address, OR_PD_CODE, 0);
  if (service) {
    struct asn1_value *inner = new_inner(7);
    put_octets(asn1_value_get(inner), service);
    add_extension(writer, 7, inner);
  }
  if (country) {
    struct asn1_value *inner = new_inner(8);
    PhysicalDeliveryCountryName_t *to = asn1_value_get(inner);
    to->present = ps_is_digits(country) ? PhysicalDeliveryCountryName_PR_x121_dcc_code
                                        : PhysicalDeliveryCountryName_PR_iso_3166_alpha2_code;
    put_octets(&to->choice.iso_3166_alpha2_code, country);
    add_extension(writer, 8, inner);
  }
  if (code) {
    struct asn1_value *inner = new_inner(9);
    PostalCode_t *to = asn1_value_get(inner);
    to->present = ps_is_digits(code) ? PostalCode_PR_numeric_code : PostalCode_PR_printable_code;
    put_octets(&to->choice.printable_code, code);
    add_extension(writer, 9, inner);
  }
}

static void add_network(struct writer *writer)
{
  const char *number = or_address_get(writer->address, OR_NET_NUMBER, 0),
             *psap = or_address_get(writer->address, OR_NET_PSAP, 0),
             *type = or_address_get(writer->address, OR_TERMINAL_TYPE, 0);
  if (number || psap) {
    struct asn1_value *inner = new_inner(22);
    ExtendedNetworkAddress_t *to = asn1_value_get(inner);
    if (number) {
      to->present = ExtendedNetworkAddress_PR_e163_4_address;
      put_octets(&to->choice.e163_4_address.number, number);
      to->choice.e163_4_address.sub_address = plain(writer->address, OR_NET_SUBADDRESS);
    } else {
      to->present = ExtendedNetworkAddress_PR_psap_address;
      or_psap_parse(psap, inner, &to->choice.psap_address);
    }
    add_extension(writer, 22, inner);
  }
  if (type) {
    struct asn1_value *inner = new_inner(23);
    *(long *)asn1_value_get(inner) = (long)g_ascii_strtoll(type, NULL, 10);
    add_extension(writer, 23, inner);
  }
}

/* The attributes from 10 to 21 that are PDSParameters, and their universal twins from 29. */
static void add_postal_strings(struct writer *writer)
{
  static const enum or_key keys[] = {OR_PD_OFFICE,       OR_PD_OFFICE_NUMBER, OR_PD_COMPONENTS,  OR_PD_PERSON,
                                     OR_PD_ORGANIZATION, OR_PD_EXTENSION,     OR_PD_UNFORMATTED, OR_PD_STREET,
                                     OR_PD_BOX,          OR_PD_RESTANTE,      OR_PD_UNIQUE,      OR_PD_LOCAL};
  for (long i = 0; i < (long)G_N_ELEMENTS(keys); i++) {
    if (keys[i] == OR_PD_UNFORMATTED)
      add_lines(writer);
    else
      add_postal(writer, 10 + i, keys[i]);
    add_string(writer, 29 + i, keys[i], OR_TWIN_UNIVERSAL);
  }
}

static void write_extensions(struct writer *writer)
{
  add_string(writer, 1, OR_COMMON_NAME, OR_TWIN_PRINTABLE);
  add_string(writer, 2, OR_COMMON_NAME, OR_TWIN_TELETEX);
  add_string(writer, 3, OR_ORGANIZATION, OR_TWIN_TELETEX);
  add_name(writer, 4, OR_TWIN_TELETEX);
  add_units(writer, 5, OR_TWIN_TELETEX);
  add_ddas(writer, 6, OR_TWIN_TELETEX);
  add_postal_service(writer);
  add_network(writer);
  add_string(writer, 24, OR_COMMON_NAME, OR_TWIN_UNIVERSAL);
  add_string(writer, 25, OR_ORGANIZATION, OR_TWIN_UNIVERSAL);
  add_name(writer, 26, OR_TWIN_UNIVERSAL);
  add_units(writer, 27, OR_TWIN_UNIVERSAL);
  add_ddas(writer, 28, OR_TWIN_UNIVERSAL);
  add_postal_strings(writer);
}

void or_address_to_asn1(const struct or_address *address, struct asn1_value *value, struct ORName *name_r)
{
  struct writer writer = {address, value, NULL};
  write_standard(&writer, &name_r->built_in_standard_attributes);
  name_r->built_in_domain_defined_attributes = write_ddas(address);
  write_extensions(&writer);
  name_r->extension_attributes = writer.extensions;
}

void or_address_to_asn1_address(const struct or_address *address, struct asn1_value *value,
                                struct ORAddress *name_r)
{
  struct writer writer = {address, value, NULL};
  write_standard(&writer, &name_r->built_in_standard_attributes);
  name_r->built_in_domain_defined_attributes = write_ddas(address);
  write_extensions(&writer);
  name_r->extension_attributes = writer.extensions;
}
