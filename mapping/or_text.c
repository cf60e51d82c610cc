#include "mapping/or_text.h"

#include "mapping/mapping.h"
#include "mapping/or_asn1.h"
#include "mapping/or_keys.h"
#include "mapping/ps_encoding.h"

#include <string.h>

/* What a domain defined attribute for RFC 822 addresses is called (4.3.2); it has a keyword of its own. */
#define RFC_822 "RFC-822"

static const struct {
  const char *keyword;
  const char *number;
} TERMINAL_TYPES[] = {{"tlx", "3"}, {"ttx", "4"}, {"g3fax", "5"}, {"g4fax", "6"}, {"ia5", "7"}, {"vtx", "8"}};

/* --- writing ----------------------------------------------------------------------------------------- */

/* A peer's PrintableString may hold what none can: a line end would end whatever line the address stands in. What
 * stands for it is in no PrintableString either, so that the text is never read as another address. */
static void append_quoted(GString *out, const char *value)
{
  for (; *value; value++) {
    bool second_space = *value == ' ' && out->len && out->str[out->len - 1] == ' ';
    if (*value == '/' || *value == '=' || *value == '$' || second_space)
      g_string_append_c(out, '$');
    g_string_append_c(out, g_ascii_iscntrl(*value) ? '#' : *value);
  }
}

/* The printable and the other representation as 4.1.1 wants them: a twin that says the same is not written,
 * and one of printable characters alone is written as if it were a PrintableString. */
static char *twins_text(const char *printable, const char *teletex)
{
  if (teletex && printable && strcmp(teletex, printable) == 0)
    teletex = NULL;
  if (!printable && teletex && ps_is_printable(teletex)) {
    printable = teletex;
    teletex = NULL;
  }
  if (printable && !ps_is_printable(printable)) {
    teletex = teletex ? teletex : printable;
    printable = NULL;
  }
  return ps_teletex_format(printable, teletex);
}

static const char *wide(const struct or_attribute *attribute)
{
  return attribute->teletex ? attribute->teletex : attribute->universal;
}

static char *terminal_type_text(const char *number)
{
  for (gsize i = 0; i < G_N_ELEMENTS(TERMINAL_TYPES); i++)
    if (strcmp(TERMINAL_TYPES[i].number, number) == 0)
      return g_strdup_printf("%s(%s)", TERMINAL_TYPES[i].keyword, number);
  return g_strdup_printf("(%s)", number);
}

static char *lines_text(const struct or_address *address)
{
  g_autoptr(GString) lines = g_string_new(NULL);
  const char *teletex = NULL;
  bool any = false;
  for (guint i = 0; i < or_keys[OR_PD_UNFORMATTED].count; i++) {
    const struct or_attribute *line = or_address_attribute(address, OR_PD_UNFORMATTED, i);
    if (!line)
      continue;
    if (line->printable) {
      g_string_append_printf(lines, "%s%s", any ? "|" : "", line->printable);
      any = true;
    }
    teletex = teletex ? teletex : wide(line);
  }
  if (!any && teletex && ps_is_printable(teletex))
    return g_strdup(teletex);
  return ps_teletex_format(any ? lines->str : NULL, teletex);
}

static char *value_text(const struct or_address *address, const struct or_attribute *attribute)
{
  const char *value = or_address_get(address, attribute->key, attribute->index);
  switch (or_keys[attribute->key].encoding) {
  case OR_ENCODING_PT:
    return twins_text(attribute->printable, wide(attribute));
  case OR_ENCODING_UPA:
    return lines_text(address);
  case OR_ENCODING_I:
    return terminal_type_text(value);
  default:
    /* The only attribute with a value of no length that X.400 knows: 4.3.5 Mapping B step 1. */
    return g_strdup(attribute->key == OR_ADMD && !*value ? " " : value);
  }
}

static void append_keyword(GString *out, const struct or_attribute *attribute)
{
  if (attribute->key != OR_DDA) {
    g_string_append(out, or_keys[attribute->key].keyword);
    return;
  }
  if (attribute->type && !attribute->type_teletex && g_ascii_strcasecmp(attribute->type, RFC_822) == 0) {
    g_string_append(out, RFC_822);
    return;
  }
  g_autofree char *type = twins_text(attribute->type, attribute->type_teletex);
  g_string_append(out, "DD.");
  append_quoted(out, type);
}

/* The attributes in the order of the text. Of OU and DDA the most significant, which comes first in the list,
 * stands on the right; of the lines of a postal address one pair stands for all. */
static GPtrArray *in_text_order(const struct or_address *address)
{
  GPtrArray *ordered = g_ptr_array_new();
  for (gsize k = 0; k < OR_KEYS; k++)
    for (guint i = address->attributes->len; i-- > 0;) {
      const struct or_attribute *attribute = address->attributes->pdata[i];
      bool first_line = attribute->key != OR_PD_UNFORMATTED || i == 0 ||
                        ((struct or_attribute *)address->attributes->pdata[i - 1])->key != OR_PD_UNFORMATTED;
      if (attribute->key == or_text_order[k] && first_line)
        g_ptr_array_add(ordered, (gpointer)attribute);
    }
  return ordered;
}

char *or_address_format(const struct or_address *address)
{
  g_autoptr(GPtrArray) ordered = in_text_order(address);
  GString *out = g_string_new("/");
  for (guint i = 0; i < ordered->len; i++) {
    const struct or_attribute *attribute = ordered->pdata[i];
    append_keyword(out, attribute);
    g_string_append_c(out, '=');
    g_autofree char *value = value_text(address, attribute);
    append_quoted(out, value);
    g_string_append_c(out, '/');
  }
  return g_string_free(out, FALSE);
}

char *or_text_for_people(const struct or_address *address)
{
  g_autoptr(GPtrArray) ordered = in_text_order(address);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < ordered->len; i++) {
    const struct or_attribute *attribute = ordered->pdata[i];
    g_string_append(out, i ? "; " : "");
    append_keyword(out, attribute);
    g_autofree char *value = value_text(address, attribute);
    g_string_append_printf(out, "=%s", value);
  }
  return g_string_free(out, FALSE);
}

/* --- reading ----------------------------------------------------------------------------------------- */

struct pair {
  enum or_key key;
  guint number; /* of OU2: 2; 0: its place tells */
  char *type;   /* DDA: unquoted */
  char *value;  /* unquoted */
  gsize at;     /* where it stands in the text, for messages */
};

static void pair_free(gpointer data)
{
  struct pair *pair = data;
  g_free(pair->type);
  g_free(pair->value);
  g_free(pair);
}

static bool G_GNUC_PRINTF(3, 4) fail(GError **error, gsize at, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  g_autofree char *words = g_strdup_vprintf(format, list);
  va_end(list);
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "O/R address, character %" G_GSIZE_FORMAT ": %s",
              at + 1, words);
  return false;
}

static bool is_separator(char c)
{
  return c == '/' || c == ';';
}

/* The keyword up to "=", unquoted. RFC 1685: "==" is a "=" in a type. */
static char *read_keyword(const char *text, gsize *at)
{
  GString *word = g_string_new(NULL);
  gsize i = *at;
  for (; text[i] && text[i] != '=' && !is_separator(text[i]); i++) {
    if (text[i] == '$' && text[i + 1])
      i++;
    g_string_append_c(word, text[i]);
    bool doubled = text[i + 1] == '=' && text[i + 2] == '=' && strchr(text + i + 3, '=') &&
                   (g_ascii_strncasecmp(word->str, "DD", 2) == 0);
    if (doubled) {
      g_string_append_c(word, '=');
      i += 2;
    }
  }
  *at = i;
  return g_string_free(word, FALSE);
}

/* The value up to the next separator, unquoted. RFC 1685: a doubled separator is the character. */
static char *read_value(const char *text, gsize *at)
{
  GString *value = g_string_new(NULL);
  gsize i = *at;
  for (; text[i]; i++) {
    if (is_separator(text[i])) {
      if (text[i + 1] != text[i] || !text[i + 2])
        break;
      i++;
    } else if (text[i] == '$' && text[i + 1]) {
      i++;
    }
    g_string_append_c(value, text[i]);
  }
  *at = i;
  return g_string_free(value, FALSE);
}

/* Which attribute a keyword means; a DDA's type stands behind "DD." or "DDA:". */
static bool find_key(const char *text, struct pair *pair)
{
  g_autofree char *keyword = g_strchomp(g_strdup(text));
  if (g_ascii_strcasecmp(keyword, RFC_822) == 0) {
    pair->key = OR_DDA;
    pair->type = g_strdup(RFC_822);
    return true;
  }
  pair->key = or_keyword_find(keyword, &pair->number);
  if (pair->key != OR_KEYS)
    return pair->key != OR_DDA;
  gsize stem = strcspn(keyword, ".:");
  if (!keyword[stem])
    return false;
  g_autofree char *word = g_strndup(keyword, stem);
  pair->key = or_keyword_find(word, &pair->number);
  pair->type = g_strdup(text + stem + 1); /* a space at its end is its own */
  return pair->key == OR_DDA;
}

static GPtrArray *read_pairs(const char *text, GError **error)
{
  g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(pair_free);
  gsize at = strspn(text, " ");
  if (g_ascii_strncasecmp(text + at, "X.400:", 6) == 0)
    at += 6;
  while (true) {
    at += strspn(text + at, " \t\r\n");
    if (is_separator(text[at]))
      at++;
    at += strspn(text + at, " \t\r\n");
    if (!text[at])
      break;
    struct pair *pair = g_new0(struct pair, 1);
    g_ptr_array_add(pairs, pair);
    pair->at = at;
    g_autofree char *keyword = read_keyword(text, &at);
    if (g_ascii_strcasecmp(keyword, "PN") == 0)
      pair->key = OR_KEYS;
    else if (!find_key(keyword, pair)) {
      fail(error, pair->at, "\"%s\" is no keyword of RFC 2156 4.1.1", keyword);
      return NULL;
    }
    if (text[at] != '=') {
      fail(error, at, "\"=\" expected behind \"%s\" (RFC 2156 4.1.3)", keyword);
      return NULL;
    }
    at++;
    pair->value = read_value(text, &at);
  }
  if (pairs->len == 0) {
    fail(error, at, "no attribute (RFC 2156 4.1.3)");
    return NULL;
  }
  return g_steal_pointer(&pairs);
}

static bool read_terminal_type(const struct pair *pair, char **number_r, GError **error)
{
  const char *open = strchr(pair->value, '('), *number = open ? open + 1 : pair->value;
  gsize digits = strspn(number, "0123456789");
  if (digits && digits < 10 && strcmp(number + digits, open ? ")" : "") == 0) {
    *number_r = g_strdup_printf("%" G_GUINT64_FORMAT, g_ascii_strtoull(number, NULL, 10));
    return true;
  }
  for (gsize i = 0; !open && i < G_N_ELEMENTS(TERMINAL_TYPES); i++)
    if (g_ascii_strcasecmp(TERMINAL_TYPES[i].keyword, pair->value) == 0) {
      *number_r = g_strdup(TERMINAL_TYPES[i].number);
      return true;
    }
  return fail(error, pair->at,
              "\"%s\" is no terminal type: tlx, ttx, g3fax, g4fax, ia5, vtx or a number in brackets",
              pair->value);
}

/* Selectors that are absent may stand as nothing before their "/" (RFC 1278); ASN.1 knows them as absent
 * alone, so the text that is kept does without. */
static bool read_psap(const struct pair *pair, char **psap_r, GError **error)
{
  if (!or_psap_parse(pair->value, NULL, NULL))
    return fail(error, pair->at, "%s=%s is no presentation address: 'hex'H selectors and NS+hex (RFC 1278)",
                or_keys[pair->key].keyword, pair->value);
  *psap_r = g_strdup(pair->value + strspn(pair->value, "/"));
  return true;
}

static bool read_lines(struct or_address *address, const struct pair *pair, GError **error)
{
  const char *star = strchr(pair->value, '*');
  g_autofree char *printable =
      star ? g_strndup(pair->value, (gsize)(star - pair->value)) : g_strdup(pair->value);
  g_auto(GStrv) lines = g_strsplit(printable, "|", -1);
  g_autofree char *nothing = NULL, *teletex = NULL;
  if (g_strv_length(lines) > or_keys[OR_PD_UNFORMATTED].count)
    return fail(error, pair->at, "more than 6 lines (X.411 ub-pds-physical-address-lines)");
  for (guint i = 0; lines[i]; i++) {
    if (!ps_is_printable(lines[i]))
      return fail(error, pair->at, "\"%s\" is not PrintableString (RFC 2156 3.3.3)", lines[i]);
    or_address_set(address, OR_PD_UNFORMATTED, i, lines[i], NULL);
  }
  if (!star && !*printable) /* a null attribute, as "/O=/" is one */
    or_address_set(address, OR_PD_UNFORMATTED, 0, "", NULL);
  if (star) {
    if (!ps_teletex_parse(star, &nothing, &teletex))
      return fail(error, pair->at, "\"%s\" is not teletex-string (RFC 2156 3.3.4)", star + 1);
    or_address_require(address, OR_PD_UNFORMATTED, 0)->teletex = g_steal_pointer(&teletex);
  }
  return true;
}

static bool read_twins(const struct pair *pair, const char *text, char **printable_r, char **teletex_r,
                       GError **error)
{
  if (ps_teletex_parse(text, printable_r, teletex_r))
    return true;
  return fail(error, pair->at,
              "\"%s\" has characters that are neither PrintableString nor {ddd} (RFC 2156 3.3.4)", text);
}

/* Places one pair's value at its index. */
static bool place(struct or_address *address, const struct pair *pair, guint index, GError **error)
{
  const struct or_key_info *info = &or_keys[pair->key];
  if (or_address_attribute(address, pair->key, index))
    return fail(error, pair->at, "%s is given twice (RFC 2156 4.1.1)", info->keyword);
  if (info->encoding == OR_ENCODING_UPA && pair->number == 0)
    return read_lines(address, pair, error);
  if (info->encoding == OR_ENCODING_N && !ps_is_numeric(pair->value))
    return fail(error, pair->at, "%s takes digits and spaces only (RFC 2156 3.3.2)", info->keyword);
  if (info->encoding == OR_ENCODING_P && !ps_is_printable(pair->value))
    return fail(error, pair->at, "%s=%s is not PrintableString (RFC 2156 3.3.3)", info->keyword, pair->value);
  struct or_attribute *attribute = or_address_require(address, pair->key, index);
  if (info->encoding == OR_ENCODING_I)
    return read_terminal_type(pair, &attribute->printable, error);
  if (info->encoding == OR_ENCODING_X)
    return read_psap(pair, &attribute->printable, error);
  if (info->encoding != OR_ENCODING_PT && info->encoding != OR_ENCODING_UPA) {
    attribute->printable = or_value(pair->value);
    return true;
  }
  if ((pair->type && !read_twins(pair, pair->type, &attribute->type, &attribute->type_teletex, error)) ||
      !read_twins(pair, pair->value, &attribute->printable, &attribute->teletex, error))
    return false;
  if (pair->type && !attribute->type && attribute->printable && attribute->teletex)
    return fail(error, pair->at,
                "type and value of a domain defined attribute have the same encoding (RFC 2156 4.1.3)");
  return true;
}

/* The index of a pair among those of its key: by its number, or from the right (4.3.3). */
static bool find_index(const GPtrArray *pairs, guint at, guint *index_r, GError **error)
{
  const struct pair *pair = pairs->pdata[at];
  guint right = 0, numbered = 0, all = 0;
  for (guint i = 0; i < pairs->len; i++) {
    const struct pair *other = pairs->pdata[i];
    if (other->key != pair->key)
      continue;
    all++;
    numbered += other->number > 0;
    right += i > at;
  }
  const struct or_key_info *info = &or_keys[pair->key];
  if (numbered && numbered < all)
    return fail(error, pair->at, "%s stands beside numbered ones (RFC 2156 4.1.1)", info->keyword);
  *index_r = pair->number ? pair->number - 1 : info->encoding == OR_ENCODING_UPA ? 0 : right;
  if (pair->number ? pair->number > all : info->count > 1 && all > info->count)
    return fail(error, pair->at, pair->number ? "%s%u without those before it" : "more of %s than %u",
                info->keyword, pair->number ? pair->number : info->count);
  if (info->count == 1)
    *index_r = 0;
  return true;
}

static struct or_address *from_pairs(const GPtrArray *pairs, GError **error)
{
  g_autoptr(or_address_t) address = or_address_new();
  for (guint i = 0; i < pairs->len; i++) {
    const struct pair *pair = pairs->pdata[i];
    guint index = 0;
    if (pair->key == OR_KEYS) {
      if (!or_text_parse_pn(pair->value, address)) {
        fail(error, pair->at, "PN=%s is no personal name (RFC 2156 4.1.2)", pair->value);
        return NULL;
      }
    } else if (!find_index(pairs, i, &index, error) || !place(address, pair, index, error)) {
      return NULL;
    }
  }
  if (or_address_get(address, OR_COUNTRY, 0) && !or_address_get(address, OR_ADMD, 0))
    or_address_set(address, OR_ADMD, 0, " ", NULL); /* 4.1.3, last paragraph */
  or_address_simplify(address);
  return g_steal_pointer(&address);
}

struct or_address *or_address_parse(const char *text, GError **error)
{
  g_autoptr(GPtrArray) pairs = read_pairs(text, error);
  return pairs ? from_pairs(pairs, error) : NULL;
}

bool or_text_is_pairs(const char *text)
{
  if (*text != '/' && !strchr(text, ';'))
    return false;
  g_autoptr(GPtrArray) pairs = read_pairs(text, NULL);
  return pairs != NULL;
}

struct or_address *or_text_parse_local_part(const char *text, GError **error)
{
  if (*text != '/' && !strchr(text, ';')) {
    fail(error, 0, "a separator expected (RFC 2156 4.1.3)");
    return NULL;
  }
  return or_address_parse(text, error);
}

/* --- personal names ---------------------------------------------------------------------------------- */

/* A name that keeps its spaces through folding and through 4.3.4 step 2. */
static bool steady(const char *name)
{
  gsize length = strlen(name);
  return length && name[0] != ' ' && name[length - 1] != ' ' && !strstr(name, "  ");
}

static const char *plain_name(const struct or_address *address, enum or_key key, bool *bad)
{
  const struct or_attribute *attribute = or_address_attribute(address, key, 0);
  if (!attribute)
    return NULL;
  if (!attribute->printable || wide(attribute) || !ps_is_printable(attribute->printable) ||
      !steady(attribute->printable))
    *bad = true;
  return attribute->printable;
}

static bool is_letters(const char *text)
{
  for (; *text; text++)
    if (!g_ascii_isalpha(*text))
      return false;
  return true;
}

char *or_text_format_pn(const struct or_address *address)
{
  bool bad = or_address_attribute(address, OR_GENERATION, 0) != NULL;
  const char *surname = plain_name(address, OR_SURNAME, &bad),
             *given = plain_name(address, OR_GIVEN_NAME, &bad),
             *initials = plain_name(address, OR_INITIALS, &bad);
  if (bad || !surname || (initials && !is_letters(initials)) ||
      (given && (strchr(given, '.') || strlen(given) < 2)))
    return NULL;
  if (surname[0] == '.' || surname[1] == '.' || (!given && !initials && strchr(surname, '.')))
    return NULL;
  GString *out = g_string_new(given);
  if (given)
    g_string_append_c(out, '.');
  for (; initials && *initials; initials++)
    g_string_append_printf(out, "%c.", *initials);
  g_string_append(out, surname);
  return g_string_free(out, FALSE);
}

bool or_text_parse_pn(const char *text, struct or_address *address)
{
  if (!ps_is_printable(text) || or_address_attribute(address, OR_SURNAME, 0))
    return false;
  g_autoptr(or_address_t) names = or_address_new();
  g_autoptr(GString) initials = g_string_new(NULL);
  const char *rest = text, *dot = strchr(text, '.');
  if (dot && dot - text >= 2) {
    g_autofree char *given = g_strndup(text, (gsize)(dot - text));
    or_address_set(names, OR_GIVEN_NAME, 0, given, NULL);
    rest = dot + 1;
  }
  for (; g_ascii_isalpha(rest[0]) && rest[1] == '.'; rest += 2)
    g_string_append_c(initials, rest[0]);
  if (initials->len)
    or_address_set(names, OR_INITIALS, 0, initials->str, NULL);
  or_address_set(names, OR_SURNAME, 0, rest, NULL);
  g_autofree char *again = or_text_format_pn(names);
  if (!again || strcmp(again, text) != 0)
    return false;
  for (guint i = 0; i < names->attributes->len; i++) {
    const struct or_attribute *name = names->attributes->pdata[i];
    or_address_set(address, name->key, 0, name->printable, NULL);
  }
  return true;
}
