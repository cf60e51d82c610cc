#include "mapping/or_keys.h"

#include <string.h>

/* clang-format off */
const struct or_key_info or_keys[OR_KEYS] = {
  [OR_COUNTRY]          = {"C", {NULL}, "country-name", OR_ENCODING_P, 3, 1}, /* A1:C */
  [OR_ADMD]             = {"ADMD", {"A"}, "administration-domain-name", OR_ENCODING_P, 16, 1}, /* A1:ADMD */
  [OR_PRMD]             = {"PRMD", {"P"}, "private-domain-name", OR_ENCODING_P, 16, 1}, /* A1:PRMD */
  [OR_X121]             = {"X121", {"X.121"}, "network-address", OR_ENCODING_N, 15, 1}, /* A1:X121 */
  [OR_TERMINAL_ID]      = {"T-ID", {NULL}, "terminal-identifier", OR_ENCODING_P, 24, 1}, /* A1:T-ID */
  [OR_ORGANIZATION]     = {"O", {NULL}, "organization-name", OR_ENCODING_PT, 64, 1}, /* A1:O */
  [OR_UNIT]             = {"OU", {NULL}, "organizational-unit-name", OR_ENCODING_PT, 32, 4}, /* A1:OU */
  [OR_UA_ID]            = {"UA-ID", {"N-ID"}, "numeric-user-identifier", OR_ENCODING_N, 32, 1}, /* A1:UA-ID */
  [OR_SURNAME]          = {"S", {NULL}, "surname", OR_ENCODING_PT, 40, 1}, /* A1:S */
  [OR_GIVEN_NAME]       = {"G", {NULL}, "given-name", OR_ENCODING_PT, 16, 1}, /* A1:G */
  [OR_INITIALS]         = {"I", {NULL}, "initials", OR_ENCODING_PT, 5, 1}, /* A1:I */
  [OR_GENERATION]       = {"GQ", {"Q"}, "generation-qualifier", OR_ENCODING_PT, 3, 1}, /* A1:GQ */
  [OR_COMMON_NAME]      = {"CN", {NULL}, "common-name", OR_ENCODING_PT, 64, 1}, /* A1:CN */
  [OR_DDA]              = {"DD", {"DDA"}, "domain-defined-attribute", OR_ENCODING_PT, 128, 4}, /* A1:DD */
  [OR_PD_SERVICE]       = {"PD-SERVICE", {"PD-SN"}, "pds-name", OR_ENCODING_P, 16, 1}, /* A1:PD-SERVICE */
  [OR_PD_COUNTRY]       = {"PD-C", {NULL}, "physical-delivery-country-name", OR_ENCODING_P, 3, 1}, /* A1:PD-C */
  [OR_PD_CODE]          = {"PD-CODE", {"PD-PC"}, "postal-code", OR_ENCODING_P, 16, 1}, /* A1:PD-CODE */
  [OR_PD_OFFICE]        = {"PD-OFFICE", {"PD-OF"}, "physical-delivery-office-name", OR_ENCODING_PT, 30, 1}, /* A1:PD-OFFICE */
  [OR_PD_OFFICE_NUMBER] = {"PD-OFFICE-NUM", {"PD-OFFICE NUMBER", "PD-OFN"}, "physical-delivery-office-number",
                           OR_ENCODING_PT, 30, 1}, /* A1:PD-OFFICE-NUM */
  [OR_PD_COMPONENTS]    = {"PD-EXT-ADDRESS", {"PD-EA"}, "extension-OR-address-components", OR_ENCODING_PT, 30, 1}, /* A1:PD-EXT-ADDRESS */
  [OR_PD_PERSON]        = {"PD-PN", {NULL}, "physical-delivery-personal-name", OR_ENCODING_PT, 30, 1}, /* A1:PD-PN */
  [OR_PD_ORGANIZATION]  = {"PD-O", {NULL}, "physical-delivery-organization-name", OR_ENCODING_PT, 30, 1}, /* A1:PD-O */
  [OR_PD_EXTENSION]     = {"PD-EXT-DELIVERY", {"PD-ED"}, "extension-physical-delivery-address-components",
                           OR_ENCODING_PT, 30, 1}, /* A1:PD-EXT-DELIVERY */
  [OR_PD_UNFORMATTED]   = {"PD-ADDRESS", {"PD-A"}, "unformatted-postal-address", OR_ENCODING_UPA, 30, 6}, /* A1:PD-ADDRESS */
  [OR_PD_STREET]        = {"PD-STREET", {"PD-S"}, "street-address", OR_ENCODING_PT, 30, 1}, /* A1:PD-STREET */
  [OR_PD_BOX]           = {"PD-BOX", {"PD-B"}, "post-office-box-address", OR_ENCODING_PT, 30, 1}, /* A1:PD-BOX */
  [OR_PD_RESTANTE]      = {"PD-RESTANTE", {"PD-R"}, "poste-restante-address", OR_ENCODING_PT, 30, 1}, /* A1:PD-RESTANTE */
  [OR_PD_UNIQUE]        = {"PD-UNIQUE", {"PD-U"}, "unique-postal-name", OR_ENCODING_PT, 30, 1}, /* A1:PD-UNIQUE */
  [OR_PD_LOCAL]         = {"PD-LOCAL", {"PD-L"}, "local-postal-attributes", OR_ENCODING_PT, 30, 1}, /* A1:PD-LOCAL */
  [OR_NET_NUMBER]       = {"NET-NUM", {"E.164", "ISDN"}, "e163-4-address number", OR_ENCODING_N, 15, 1}, /* A1:NET-NUM */
  [OR_NET_SUBADDRESS]   = {"NET-SUB", {NULL}, "e163-4-address sub-address", OR_ENCODING_N, 40, 1}, /* A1:NET-SUB */
  [OR_NET_PSAP]         = {"NET-PSAP", {"PSAP"}, "psap-address", OR_ENCODING_X, 512, 1}, /* A1:NET-PSAP */
  [OR_TERMINAL_TYPE]    = {"T-TY", {NULL}, "terminal-type", OR_ENCODING_I, 10, 1}, /* A1:T-TY */
};

const enum or_key or_text_order[OR_KEYS] = {
  OR_DDA, OR_TERMINAL_TYPE, OR_NET_PSAP, OR_NET_SUBADDRESS, OR_NET_NUMBER, OR_TERMINAL_ID, OR_X121, OR_UA_ID,
  OR_PD_PERSON, OR_PD_EXTENSION, OR_PD_COMPONENTS, OR_PD_UNIQUE, OR_PD_LOCAL, OR_PD_RESTANTE, OR_PD_BOX, OR_PD_STREET,
  OR_PD_UNFORMATTED, OR_PD_ORGANIZATION, OR_PD_OFFICE_NUMBER, OR_PD_OFFICE, OR_PD_CODE, OR_PD_COUNTRY, OR_PD_SERVICE,
  OR_COMMON_NAME, OR_GIVEN_NAME, OR_INITIALS, OR_SURNAME, OR_GENERATION,
  OR_UNIT, OR_ORGANIZATION, OR_PRMD, OR_ADMD, OR_COUNTRY,
};
/* clang-format on */

/* Most words differ in their first letter, which a look tells: large tables are read word by word. */
static bool same_word(const char *keyword, const char *word)
{
  return keyword[0] == g_ascii_toupper(word[0]) && g_ascii_strcasecmp(keyword, word) == 0;
}

static bool is_keyword(enum or_key key, const char *word)
{
  if (same_word(or_keys[key].keyword, word))
    return true;
  for (gsize i = 0; i < G_N_ELEMENTS(or_keys[key].alternatives) && or_keys[key].alternatives[i]; i++)
    if (same_word(or_keys[key].alternatives[i], word))
      return true;
  return false;
}

enum or_key or_keyword_find(const char *keyword, guint *number_r)
{
  *number_r = 0;
  for (enum or_key key = 0; key < OR_KEYS; key++)
    if (is_keyword(key, keyword))
      return key;
  gsize length = strlen(keyword);
  if (length < 2 || keyword[length - 1] < '1' || keyword[length - 1] > '6')
    return OR_KEYS;
  g_autofree char *stem = g_strndup(keyword, length - 1);
  guint number = (guint)(keyword[length - 1] - '0');
  for (enum or_key key = 0; key < OR_KEYS; key++)
    if (or_keys[key].count >= number && or_keys[key].count > 1 && is_keyword(key, stem)) {
      *number_r = number;
      return key;
    }
  return OR_KEYS;
}
