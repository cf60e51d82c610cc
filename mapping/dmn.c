#include "mapping/dmn.h"

#include "mapping/mapping.h"
#include "mapping/or_asn1.h"
#include "mapping/or_compare.h"
#include "mapping/or_keys.h"
#include "mapping/ps_encoding.h"

#include <string.h>

/* Between the levels of a key: no character of an attribute. */
#define BETWEEN '\x1f'

static bool G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  g_autofree char *words = g_strdup_vprintf(format, list);
  va_end(list);
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SYNTAX, "%s (RFC 2156 appendix F 3)", words);
  return false;
}

void dmn_clear(struct dmn *dmn)
{
  or_address_free(dmn->address);
  dmn->address = NULL;
}

/* Cuts "key$value" off the front of *text_r, "\." unquoted, and steps behind the dot. */
static char *next_part(const char **text_r, bool *more_r)
{
  GString *part = g_string_new(NULL);
  const char *p = *text_r;
  for (; *p && *p != '.'; p++) {
    if (p[0] == '\\' && p[1] == '.')
      p++;
    g_string_append_c(part, *p);
  }
  *more_r = *p == '.';
  *text_r = p + *more_r;
  return g_string_free(part, FALSE);
}

struct part {
  enum or_key key;
  char *type;  /* of "~type$value" */
  char *value; /* NULL: "@" */
};

static void part_free(gpointer data)
{
  struct part *part = data;
  g_free(part->type);
  g_free(part->value);
  g_free(part);
}

static bool read_part(const char *text, struct part *part, GError **error)
{
  const char *dollar = strchr(text, '$');
  if (!dollar)
    return fail(error, "\"%s\": \"$\" expected between keyword and value", text);
  g_autofree char *keyword = g_strndup(text, (gsize)(dollar - text));
  g_strstrip(keyword);
  guint number = 0;
  if (*keyword == '~') {
    part->key = OR_DDA;
    part->type = g_strdup(keyword + 1);
    if (!ps_is_printable(part->type))
      return fail(error, "\"%s\" is not PrintableString", part->type);
  } else {
    part->key = or_keyword_find(keyword, &number);
    if (part->key == OR_KEYS || part->key == OR_DDA || number)
      return fail(error, "\"%s\" is no keyword", keyword);
  }
  if (strcmp(dollar + 1, "@") == 0)
    return true;
  if (!ps_is_printable(dollar + 1))
    return fail(error, "\"%s\" is not PrintableString", dollar + 1);
  enum or_encoding encoding = or_keys[part->key].encoding;
  if ((encoding == OR_ENCODING_N && !ps_is_numeric(dollar + 1)) ||
      (encoding == OR_ENCODING_I && (!ps_is_digits(dollar + 1) || strlen(dollar + 1) > 9)) ||
      (encoding == OR_ENCODING_X && !or_psap_parse(dollar + 1, NULL, NULL)))
    return fail(error, "\"%s\" is no value of %s", dollar + 1, or_keys[part->key].keyword);
  part->value = g_strdup(dollar + 1 + (encoding == OR_ENCODING_X ? strspn(dollar + 1, "/") : 0));
  return true;
}

/* The parts with the most significant first. */
static GPtrArray *read_parts(const char *text, GError **error)
{
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(part_free);
  for (bool more = true; more;) {
    g_autofree char *one = next_part(&text, &more);
    struct part *part = g_new0(struct part, 1);
    g_ptr_array_insert(parts, 0, part);
    if (!read_part(one, part, error))
      return NULL;
  }
  return g_steal_pointer(&parts);
}

/* The next level for this attribute, at or below depth; HIERARCHY_LEVELS when there is none. */
static guint level_of(enum or_key key, guint depth)
{
  guint index;
  while (depth < HIERARCHY_LEVELS && hierarchy_key(depth, &index) != key)
    depth++;
  return depth;
}

static bool place(struct dmn *dmn, const struct part *part, guint position, bool hierarchy, GError **error)
{
  guint index = 0, level = level_of(part->key, dmn->depth);
  bool expected = level < HIERARCHY_LEVELS && (hierarchy || (level == dmn->depth && position == level));
  if (hierarchy && (!expected || (position == 0 && level > 0)))
    return fail(error, "%s is not below %s: C, ADMD, PRMD, O, OU in this order, \"@\" for an omitted one",
                or_keys[part->key].keyword,
                dmn->depth ? or_keys[hierarchy_key(dmn->depth - 1, &index)].keyword : "the root");
  if (expected) {
    dmn->skipped += level - dmn->depth;
    dmn->depth = level + 1;
    hierarchy_key(level, &index);
  }
  if (part->key == OR_DDA) {
    if (!*part->type || !part->value)
      return fail(error, "a domain defined attribute needs type and value");
    or_address_set_dda(dmn->address, part->type, part->value);
    return true;
  }
  if (!expected)
    index = part->key == OR_UNIT ? or_address_count(dmn->address, OR_UNIT) : 0;
  if (or_address_attribute(dmn->address, part->key, index) || index >= or_keys[part->key].count)
    return fail(error, "too many of %s", or_keys[part->key].keyword);
  if (part->value)
    or_address_set(dmn->address, part->key, index, part->value, NULL);
  return true;
}

bool dmn_parse(const char *text, bool hierarchy, struct dmn *dmn_r, GError **error)
{
  g_autoptr(GPtrArray) parts = read_parts(text, error);
  if (!parts)
    return false;
  struct dmn dmn = {.address = or_address_new()};
  for (guint i = 0; i < parts->len; i++)
    if (!place(&dmn, parts->pdata[i], i, hierarchy, error)) {
      dmn_clear(&dmn);
      return false;
    }
  if (or_admd_any(or_address_get(dmn.address, OR_ADMD, 0)))
    or_address_set(dmn.address, OR_ADMD, 0, " ", NULL);
  *dmn_r = dmn;
  return true;
}

char *dmn_key(const struct or_address *address, guint depth)
{
  GString *key = g_string_new(NULL);
  for (guint level = 0; level < depth; level++) {
    const char *value = hierarchy_get(address, level);
    g_autofree char *folded = value ? or_fold(value) : g_strdup("@");
    if (level)
      g_string_append_c(key, BETWEEN);
    g_string_append(key, folded);
  }
  return g_string_free(key, FALSE);
}

char *dmn_format(const struct or_address *address, guint depth)
{
  GString *text = g_string_new(NULL);
  for (guint level = depth; level-- > 0;) {
    guint index;
    const char *value = hierarchy_get(address, level);
    g_string_append_printf(text, "%s%s$", text->len ? "." : "", or_keys[hierarchy_key(level, &index)].keyword);
    for (const char *p = value ? value : "@"; *p; p++) {
      if (*p == '.')
        g_string_append_c(text, '\\');
      g_string_append_c(text, *p);
    }
  }
  return g_string_free(text, FALSE);
}

struct or_address *dmn_example(const char *key)
{
  const char between[] = {BETWEEN, 0};
  g_auto(GStrv) values = g_strsplit(key, between, HIERARCHY_LEVELS);
  struct or_address *address = or_address_new();
  for (guint level = 0; values[level]; level++)
    if (strcmp(values[level], "@") != 0)
      hierarchy_set(address, level, values[level]);
  if (or_admd_any(or_address_get(address, OR_ADMD, 0)))
    or_address_set(address, OR_ADMD, 0, " ", NULL);
  or_address_set(address, OR_SURNAME, 0, "lee", NULL);
  return address;
}
