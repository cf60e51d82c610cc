/* X.402 18.5: the forms of an O/R address; X.411: its upper bounds (reference definitions MTSUpperBounds). */
#include "mapping/mapping.h"
#include "mapping/or_asn1.h"
#include "mapping/or_compare.h"
#include "mapping/or_keys.h"
#include "mapping/ps_encoding.h"

#include <string.h>

#include <ORName.h>

enum { UB_DDA_TYPE = 8, UB_UNFORMATTED = 180 };

static bool has(const struct or_address *address, enum or_key key)
{
  return or_address_attribute(address, key, 0) != NULL;
}

static bool G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  g_autofree char *words = g_strdup_vprintf(format, list);
  va_end(list);
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_ADDRESS, "O/R address: %s", words);
  return false;
}

static bool is_letters(const char *text)
{
  return g_ascii_isalpha(text[0]) && g_ascii_isalpha(text[1]) && !text[2];
}

/* ISO 3166 alpha-2 or X.121 data country code. */
static bool check_country(const struct or_address *address, enum or_key key, GError **error)
{
  const char *country = or_address_get(address, key, 0);
  if (!country || is_letters(country) || (ps_is_digits(country) && strlen(country) == 3))
    return true;
  return fail(error, "%s=%s is neither two letters nor three digits (X.402 18.3.3)", or_keys[key].keyword,
              country);
}

static bool is_postal(const struct or_address *address)
{
  for (enum or_key key = OR_PD_SERVICE; key <= OR_PD_LOCAL; key++)
    if (has(address, key))
      return true;
  return false;
}

/* An empty attribute does not make an address. */
static bool names_somebody(const struct or_address *address)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if (attribute->key != OR_COUNTRY && attribute->key != OR_ADMD &&
        *or_address_get(address, attribute->key, attribute->index))
      return true;
  }
  return false;
}

/* X.402 18.5.1 to 18.5.4.  An address of several forms at once passes: such are in use, and nothing is lost
 * by them. */
bool or_address_check_form(const struct or_address *address, GError **error)
{
  if (!check_country(address, OR_COUNTRY, error) || !check_country(address, OR_PD_COUNTRY, error))
    return false;
  bool person = has(address, OR_GIVEN_NAME) || has(address, OR_INITIALS) || has(address, OR_GENERATION);
  const char *surname = or_address_get(address, OR_SURNAME, 0);
  if ((person && !surname) || (surname && !*surname))
    return fail(error, "a personal name needs a surname, S (X.402 18.3.12)");
  for (guint i = 0; i < or_address_count(address, OR_DDA); i++) {
    const struct or_attribute *dda = or_address_attribute(address, OR_DDA, i);
    if (!dda || !((dda->type && *dda->type) || (dda->type_teletex && *dda->type_teletex)))
      return fail(error, "a domain defined attribute needs a type (X.402 18.1)");
  }
  if (has(address, OR_NET_PSAP) && has(address, OR_NET_NUMBER))
    return fail(error, "NET-NUM and NET-PSAP exclude each other (X.411 ExtendedNetworkAddress)");
  if (has(address, OR_NET_SUBADDRESS) && !has(address, OR_NET_NUMBER))
    return fail(error, "NET-SUB needs NET-NUM (X.411 ExtendedNetworkAddress)");
  if (has(address, OR_X121) || has(address, OR_NET_NUMBER) || has(address, OR_NET_PSAP))
    return true;
  if (!has(address, OR_COUNTRY))
    return fail(error, "no country, C (X.402 18.5)");
  if (is_postal(address) && !(has(address, OR_PD_COUNTRY) && has(address, OR_PD_CODE)))
    return fail(error, "a postal address needs PD-C and PD-CODE (X.402 18.5.3)");
  if (!names_somebody(address))
    return fail(error, "country and ADMD alone name nobody (X.402 18.5.1)");
  return true;
}

static bool check_bound(const struct or_attribute *attribute, const char *value, const char *what,
                        guint bound, GError **error)
{
  if (!value || g_utf8_strlen(value, -1) <= (glong)bound)
    return true;
  return fail(error, "%s %s=\"%s\" is longer than %u characters (X.411 upper bounds)", what,
              or_keys[attribute->key].keyword, value, bound);
}

static bool check_bounds(const struct or_attribute *attribute, GError **error)
{
  const struct or_key_info *info = &or_keys[attribute->key];
  guint wide = attribute->key == OR_PD_UNFORMATTED ? UB_UNFORMATTED : info->bound;
  if (attribute->index >= info->count)
    return fail(error, "more than %u of %s (X.411 upper bounds)", info->count, info->keyword);
  return check_bound(attribute, attribute->printable, "", info->bound, error) &&
         check_bound(attribute, attribute->teletex, "teletex", wide, error) &&
         check_bound(attribute, attribute->universal, "universal", wide, error) &&
         check_bound(attribute, attribute->type, "type of", UB_DDA_TYPE, error) &&
         check_bound(attribute, attribute->type_teletex, "teletex type of", UB_DDA_TYPE, error);
}

static bool has_equal_types(const struct or_address *address)
{
  guint count = or_address_count(address, OR_DDA);
  for (guint i = 1; i < count; i++)
    for (guint j = 0; j < i; j++) {
      const struct or_attribute *a = or_address_attribute(address, OR_DDA, i),
                                *b = or_address_attribute(address, OR_DDA, j);
      if (a && b && or_twins_equal(a->type, a->type_teletex, b->type, b->type_teletex, or_value_equal))
        return true;
    }
  return false;
}

/* X.411 has a list for each string type, which correspond by type where one is shorter: two of one type can then
 * be taken for each other. Such an address is tried. */
static bool check_attribute_types(const struct or_address *address, GError **error)
{
  if (!has_equal_types(address))
    return true;
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORName);
  or_address_to_asn1(address, value, asn1_value_get(value));
  g_autoptr(or_address_t) back = or_address_from_asn1(value, asn1_value_get(value), NULL);
  if (back && or_address_equal(address, back))
    return true;
  return fail(error, "domain defined attributes of one type are of string types by which they cannot be told "
                     "apart (X.411 8.5.5)");
}

bool or_address_check(const struct or_address *address, GError **error)
{
  if (!or_address_check_form(address, error) || !check_attribute_types(address, error))
    return false;
  for (guint i = 0; i < address->attributes->len; i++)
    if (!check_bounds(address->attributes->pdata[i], error))
      return false;
  return true;
}
