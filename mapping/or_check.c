/* X.402 18.5: the forms of an O/R address; X.411: its upper bounds (reference definitions MTSUpperBounds). */
#include "mapping/mapping.h"
#include "mapping/or_keys.h"
#include "mapping/ps_encoding.h"

#include <string.h>

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

bool or_address_check(const struct or_address *address, GError **error)
{
  if (!or_address_check_form(address, error))
    return false;
  for (guint i = 0; i < address->attributes->len; i++)
    if (!check_bounds(address->attributes->pdata[i], error))
      return false;
  return true;
}
