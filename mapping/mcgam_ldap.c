#include "mapping/mcgam_ldap.h"

#include "mapping/mailbox.h"
#include "mapping/or_compare.h"

#include <stdlib.h>
#include <string.h>

/* RFC 2294's naming attributes: the keyword of its table 3, the type's own name, its object identifier.  A
 * server may answer with any of them, C, O and OU with X.520's. */
static const struct {
  const char *keyword, *type, *oid, *x520;
} naming[] = {
    {"C", "countryName", "2.5.4.6", "MHS-Numeric-Country"},
    {"ADMD", "aDMDName", "1.3.6.1.4.1.453.7.2.2.1", ""},
    {"PRMD", "pRMDName", "1.3.6.1.4.1.453.7.2.2.10", ""},
    {"MHS-O", "mHSOrganizationName", "1.3.6.1.4.1.453.7.2.2.6", "O"},
    {"MHS-OU", "mHSOrganizationalUnitName", "1.3.6.1.4.1.453.7.2.2.7", "OU"},
};
static const char *const dmn_keywords[] = {"C", "ADMD", "PRMD", "O", "OU"};
enum { NAMING_UNIT = G_N_ELEMENTS(naming) - 1 };

/* RFC 2164 2. */
#define OMITTED_TYPE "oRAddressComponentType"
#define OMITTED_OID "1.3.6.1.4.1.453.7.4.2.7"

static guint naming_of(const char *word)
{
  guint i = 0;
  while (i < G_N_ELEMENTS(naming) && g_ascii_strcasecmp(word, naming[i].keyword) != 0 &&
         g_ascii_strcasecmp(word, naming[i].type) != 0 && strcmp(word, naming[i].oid) != 0 &&
         g_ascii_strcasecmp(word, naming[i].x520) != 0)
    i++;
  return i;
}

/* --- names to ask for -------------------------------------------------------------------------------- */

/* RFC 4514 2.4: what is special in a value stands in hexadecimal. */
static void append_value(GString *dn, const char *value)
{
  for (const char *p = value; *p; p++) {
    bool end = p == value || !p[1];
    if (strchr(",+\"\\<>;=", *p) || (end && (*p == ' ' || *p == '#')) || (guchar)*p < ' ')
      g_string_append_printf(dn, "\\%02x", (guint)(guchar)*p);
    else
      g_string_append_c(dn, *p);
  }
}

char *mcgam_ldap_domain_name(const char *domain, const char *base, char **root_r)
{
  g_auto(GStrv) labels = g_strsplit(domain, ".", -1);
  GString *name = g_string_new(NULL);
  for (guint i = 0; labels[i]; i++) {
    g_string_append(name, i ? ",dc=" : "dc=");
    append_value(name, labels[i]);
  }
  *root_r = g_strconcat("cn=RFC 822 to X.400,", base, NULL);
  return g_string_free(name, FALSE);
}

char *mcgam_ldap_or_name(const struct or_address *address, guint depth, const char *base, char **root_r)
{
  g_autoptr(GString) name = g_string_new(NULL);
  for (guint level = depth; level-- > 0;) {
    guint place = MIN(level, (guint)NAMING_UNIT);
    const char *value = hierarchy_get(address, level);
    g_autofree char *folded = value ? or_fold(value) : NULL;
    if (name->len)
      g_string_append_c(name, ',');
    if (!folded && level != 1) {
      g_string_append_printf(name, OMITTED_TYPE "=%s", naming[place].oid);
      continue;
    }
    g_string_append_printf(name, "%s=", naming[place].keyword);
    append_value(name, folded ? folded : " "); /* an ADMD is always there (RFC 2294 1, 7) */
  }
  *root_r = g_strconcat("cn=X.400 to RFC 822,", base, NULL);
  return g_string_free(g_steal_pointer(&name), FALSE);
}

/* --- distinguished names as servers write them ------------------------------------------------------- */

/* Cuts the first RDN off: its type, and its value with what was escaped put back; steps behind the comma. */
static bool next_rdn(const char **dn_r, char **type_r, char **value_r)
{
  const char *equals = strchr(*dn_r, '='), *p;
  if (!equals)
    return false;
  g_autoptr(GString) value = g_string_new(NULL);
  for (p = equals + 1; *p && *p != ',' && *p != '+'; p++) {
    if (*p != '\\') {
      g_string_append_c(value, *p);
    } else if (g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
      g_string_append_c(value, (char)(g_ascii_xdigit_value(p[1]) << 4 | g_ascii_xdigit_value(p[2])));
      p += 2;
    } else if (p[1]) {
      g_string_append_c(value, *++p);
    }
  }
  if (*p == '+') /* several attributes in one RDN name no level */
    return false;
  *type_r = g_strstrip(g_strndup(*dn_r, (gsize)(equals - *dn_r)));
  *value_r = g_string_free(g_steal_pointer(&value), FALSE);
  *dn_r = *p ? p + 1 : p;
  return true;
}

guint mcgam_ldap_rungs(const char *name)
{
  guint rungs = 0;
  char *type, *value;
  for (; *name && next_rdn(&name, &type, &value); rungs++) {
    g_free(type);
    g_free(value);
  }
  return rungs;
}

static bool append_part(GString *dmn, const char *type, const char *value)
{
  bool omitted = g_ascii_strcasecmp(type, OMITTED_TYPE) == 0 || strcmp(type, OMITTED_OID) == 0;
  guint place = naming_of(omitted ? value : type);
  if (place == G_N_ELEMENTS(naming))
    return false;
  g_string_append_printf(dmn, "%s%s$", dmn->len ? "." : "", dmn_keywords[place]);
  if (omitted || !*value)
    g_string_append_c(dmn, '@');
  for (const char *p = omitted ? "" : value; *p; p++)
    g_string_append_printf(dmn, *p == '.' ? "\\%c" : "%c", *p);
  return true;
}

char *mcgam_ldap_dmn(const char *dn)
{
  g_autoptr(GString) dmn = g_string_new(NULL);
  while (*dn) {
    g_autofree char *type = NULL, *value = NULL;
    if (!next_rdn(&dn, &type, &value) || !append_part(dmn, type, value))
      return NULL;
  }
  return dmn->len ? g_string_free(g_steal_pointer(&dmn), FALSE) : NULL;
}

/* --- what an entry says ------------------------------------------------------------------------------ */

/* RFC 2164's attributes with their object identifiers; RFC 4524 has an associatedDomain of the same meaning.
 */
enum attribute { OR_ADDRESS, X400_GATEWAY, DOMAIN, INTERNET_GATEWAY, ATTRIBUTES };
static const struct {
  const char *names[3];
} attributes[ATTRIBUTES] = {
    [OR_ADDRESS] = {{"associatedORAddress", "1.3.6.1.4.1.453.7.4.2.6", ""}},
    [X400_GATEWAY] = {{"associatedX400Gateway", "1.3.6.1.4.1.453.7.4.2.3", ""}},
    [DOMAIN] = {{"associatedDomain", "1.3.6.1.4.1.453.7.4.2.4", "mixerAssociatedDomain"}},
    [INTERNET_GATEWAY] = {{"associatedInternetGateway", "1.3.6.1.4.1.453.7.4.2.8", ""}},
};

static const char *first_value(const GPtrArray *records, enum attribute wanted)
{
  for (guint i = 0; i < records->len; i++) {
    const char *record = records->pdata[i], *colon = strstr(record, ": ");
    for (guint k = 0; colon && k < G_N_ELEMENTS(attributes[wanted].names); k++) {
      const char *name = attributes[wanted].names[k];
      gsize length = strlen(name);
      if (length && length == (gsize)(colon - record) && g_ascii_strncasecmp(record, name, length) == 0)
        return colon + 2;
    }
  }
  return NULL;
}

/* How many rungs above the name asked for the entry was found. */
static bool stripped(const GPtrArray *records, guint *rungs_r)
{
  const char *first = records->len ? records->pdata[0] : "";
  if (!g_str_has_prefix(first, "rungs: ") || !g_ascii_isdigit(first[strlen("rungs: ")]))
    return false;
  *rungs_r = (guint)strtoul(first + strlen("rungs: "), NULL, 10);
  return true;
}

static bool read_gateway(const char *text, struct dmn *dmn_r)
{
  *dmn_r = (struct dmn){.address = or_address_parse(text, NULL)};
  return dmn_r->address != NULL;
}

bool mcgam_ldap_match_domain(const GPtrArray *records, enum mcgam_table table, const char *domain,
                             struct dmn *dmn_r, gsize *rest_r)
{
  guint rungs;
  const char *address = first_value(records, OR_ADDRESS), *gateway = first_value(records, X400_GATEWAY);
  const char *matched = domain;
  if (!stripped(records, &rungs))
    return false;
  for (; rungs && matched; rungs--) {
    const char *dot = strchr(matched, '.');
    matched = dot ? dot + 1 : NULL;
  }
  if (!matched)
    return false;
  *rest_r = (gsize)(matched - domain);
  if (table == MCGAM_DOMAIN_TO_OR_GATEWAY) /* never both (RFC 2164 4): an equivalence goes before */
    return gateway && !address && read_gateway(gateway, dmn_r);
  g_autofree char *dmn = address ? mcgam_ldap_dmn(address) : NULL;
  return dmn && dmn_parse(dmn, true, dmn_r, NULL);
}

char *mcgam_ldap_match_or(const GPtrArray *records, enum mcgam_table table, guint depth, guint *depth_r)
{
  guint rungs;
  const char *domain = first_value(records, DOMAIN), *gateway = first_value(records, INTERNET_GATEWAY);
  const char *value = table == MCGAM_OR_TO_DOMAIN ? domain : domain ? NULL : gateway;
  if (!value || !mailbox_domain_is_plain(value) || !stripped(records, &rungs) || rungs >= depth)
    return NULL;
  *depth_r = depth - rungs;
  return g_ascii_strdown(value, -1);
}
