#include "mapping/px.h"

#include "mapping/mailbox.h"
#include "mapping/or_compare.h"
#include "mapping/or_keys.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL_MAX = 63, NAME_MAX_TEXT = 253 }; /* RFC 1035 2.3.4 */

/* --- one attribute (RFC 2163 4.2.1) ------------------------------------------------------------------ */

char *px_label(const char *keyword, const char *value)
{
  if (!value)
    return g_strdup(keyword);
  if (strcmp(value, " ") == 0)
    return g_strconcat(keyword, "b", NULL);
  GString *label = g_string_new(keyword);
  g_string_append_c(label, '-');
  for (const char *p = value; *p; p++) {
    if (g_ascii_isalnum(*p))
      g_string_append_c(label, *p);
    else if (*p == '-' || *p == '.' || *p == ' ')
      g_string_append(label, *p == '-' ? "-h-" : *p == '.' ? "-d-" : "-b-");
    else
      g_string_append_printf(label, "-%03u-", (guint)(guchar)*p);
  }
  if (label->str[label->len - 1] == '-')
    g_string_truncate(label, label->len - 1);
  return g_string_free(label, FALSE);
}

/* "d", "h", "b" or three digits; 0: none of these. */
static char escaped(const char *code, gsize length)
{
  if (length == 1)
    return *code == 'd' || *code == 'D'   ? '.'
           : *code == 'h' || *code == 'H' ? '-'
           : *code == 'b' || *code == 'B' ? ' '
                                          : 0;
  guint number = 0;
  for (gsize i = 0; length == 3 && i < length; i++) {
    if (!g_ascii_isdigit(code[i]))
      return 0;
    number = number * 10 + (guint)(code[i] - '0');
  }
  return number < 128 ? (char)number : 0;
}

/* The value behind "PRMD-" in appendix F's writing, where a dot is quoted. */
static bool append_value(GString *dmn, const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    char c = text[i];
    if (c == '-') {
      const char *code = text + i + 1;
      const char *end = memchr(code, '-', length - i - 1);
      gsize digits = end ? (gsize)(end - code) : length - i - 1;
      c = escaped(code, digits);
      i += digits + (end ? 1 : 0);
    } else if (!g_ascii_isalnum(c)) {
      return false;
    }
    if (c < ' ')
      return false;
    if (c == '.')
      g_string_append_c(dmn, '\\');
    g_string_append_c(dmn, c);
  }
  return true;
}

static const char *const keywords[] = {"C", "ADMD", "PRMD", "OU", "O"}; /* "OU" before "O" */

static bool append_label(GString *dmn, const char *label, gsize length)
{
  for (gsize i = 0; i < G_N_ELEMENTS(keywords); i++) {
    gsize known = strlen(keywords[i]);
    if (length < known || g_ascii_strncasecmp(label, keywords[i], known) != 0)
      continue;
    const char *rest = label + known;
    gsize left = length - known;
    bool blank = left == 1 && (*rest == 'b' || *rest == 'B');
    if (left > 0 && !blank && *rest != '-')
      continue;
    g_string_append_printf(dmn, "%s%s$", dmn->len ? "." : "", keywords[i]);
    if (left == 0 || blank) {
      g_string_append_c(dmn, blank ? ' ' : '@');
      return true;
    }
    return append_value(dmn, rest + 1, left - 1);
  }
  return false;
}

char *px_dmn(const char *text, bool *gateway_r)
{
  g_autoptr(GString) dmn = g_string_new(NULL);
  *gateway_r = false;
  for (const char *label = text; *label;) {
    gsize length = strcspn(label, ".");
    bool last = label[length] == 0 || label[length + 1] == 0;
    if (last && dmn->len && length == 1 && (*label == 'G' || *label == 'g'))
      *gateway_r = true;
    else if (!append_label(dmn, label, length))
      return NULL;
    label += length + (label[length] == '.');
  }
  return dmn->len ? g_string_free(g_steal_pointer(&dmn), FALSE) : NULL;
}

/* --- names to ask for (RFC 2163 4.2.3) --------------------------------------------------------------- */

static char *label_of(const struct or_address *address, guint level)
{
  guint index;
  const char *value = hierarchy_get(address, level);
  g_autofree char *folded = value ? or_fold(value) : NULL;
  enum or_key key = hierarchy_key(level, &index);
  const char *keyword = key == OR_ADMD           ? "admd"
                        : key == OR_PRMD         ? "prmd"
                        : key == OR_ORGANIZATION ? "o"
                                                 : "ou";
  /* an ADMD is never missing: absent is the blank that means any (X.402 18.3.1) */
  g_autofree char *label = px_label(keyword, folded || key != OR_ADMD ? folded : " ");
  return g_ascii_strdown(label, -1);
}

char *px_name(const struct or_address *address, guint depth, const char *zone_root, char **root_r)
{
  const char *country = hierarchy_get(address, 0);
  if (!country || strlen(country) != 2 || !g_ascii_isalpha(country[0]) || !g_ascii_isalpha(country[1]))
    return NULL;
  g_autofree char *lower = g_ascii_strdown(country, -1);
  g_autofree char *root = g_strdup_printf("x42d.%s%s%s", lower, *zone_root ? "." : "", zone_root);
  g_autoptr(GString) name = g_string_new(NULL);
  for (guint level = 1; level < depth; level++) {
    g_autofree char *label = label_of(address, level);
    if (strlen(label) > LABEL_MAX)
      return NULL;
    g_string_prepend(name, name->len ? "." : "");
    g_string_prepend(name, label);
  }
  if (name->len + 1 + strlen(root) + 2 > NAME_MAX_TEXT)
    return NULL;
  *root_r = g_steal_pointer(&root);
  return g_string_free(g_steal_pointer(&name), FALSE);
}

/* --- what the records say ---------------------------------------------------------------------------- */

struct px {
  char *map822, *dmn;
  bool gateway;
};

static void px_clear(struct px *px)
{
  g_clear_pointer(&px->map822, g_free);
  g_clear_pointer(&px->dmn, g_free);
}

/* "50 ab.fr PRMD-ab.ADMD-ac.C-fr"; a dot at a name's end says nothing. */
static bool read_record(const char *record, guint *preference_r, struct px *px_r)
{
  g_auto(GStrv) words = g_strsplit(record, " ", 4);
  if (g_strv_length(words) != 3 || !g_ascii_isdigit(words[0][0]))
    return false;
  *preference_r = (guint)strtoul(words[0], NULL, 10);
  gsize length = strlen(words[1]);
  if (length && words[1][length - 1] == '.')
    words[1][length - 1] = 0;
  if (!mailbox_domain_is_plain(words[1]))
    return false;
  px_r->dmn = px_dmn(words[2], &px_r->gateway);
  px_r->map822 = px_r->dmn ? g_ascii_strdown(words[1], -1) : NULL;
  return px_r->dmn != NULL;
}

/* Those of equal preference stand in a fixed order: the first is taken. */
static bool best_of(const GPtrArray *records, struct px *px_r)
{
  guint least = G_MAXUINT;
  for (guint i = 0; i < records->len; i++) {
    guint preference;
    struct px px = {NULL, NULL, false};
    if (read_record(records->pdata[i], &preference, &px) && preference < least) {
      px_clear(px_r);
      *px_r = px;
      least = preference;
    } else {
      px_clear(&px);
    }
  }
  return least < G_MAXUINT;
}

static bool covers(const char *domain, const char *suffix, gsize *rest_r)
{
  gsize length = strlen(domain), tail = strlen(suffix);
  if (tail > length || g_ascii_strcasecmp(domain + length - tail, suffix) != 0)
    return false;
  *rest_r = length - tail;
  return tail == length || domain[length - tail - 1] == '.';
}

bool px_match_domain(const GPtrArray *records, enum mcgam_table table, const char *domain, struct dmn *dmn_r,
                     gsize *rest_r)
{
  struct px px = {NULL, NULL, false};
  bool gateway = table == MCGAM_DOMAIN_TO_OR_GATEWAY;
  bool match = best_of(records, &px) && px.gateway == gateway && covers(domain, px.map822, rest_r) &&
               dmn_parse(px.dmn, !gateway, dmn_r, NULL);
  px_clear(&px);
  return match;
}

/* The row's levels are the address's own. */
static bool same_levels(const struct or_address *row, const struct or_address *address, guint depth)
{
  for (guint level = 0; level < depth; level++) {
    const char *a = hierarchy_get(row, level), *b = hierarchy_get(address, level);
    if (!a != !b || (a && !or_value_equal(a, b)))
      return false;
  }
  return true;
}

char *px_match_or(const GPtrArray *records, enum mcgam_table table, const struct or_address *address,
                  guint *depth_r)
{
  struct px px = {NULL, NULL, false};
  struct dmn row = {NULL, 0, 0};
  char *domain = NULL;
  if (best_of(records, &px) && px.gateway == (table == MCGAM_OR_TO_DOMAIN_GATEWAY) &&
      dmn_parse(px.dmn, true, &row, NULL) && same_levels(row.address, address, row.depth)) {
    domain = g_steal_pointer(&px.map822);
    *depth_r = row.depth;
  }
  dmn_clear(&row);
  px_clear(&px);
  return domain;
}
