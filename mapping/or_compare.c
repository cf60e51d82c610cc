#include "mapping/or_compare.h"

#include "mapping/or_keys.h"

#include <string.h>

char *or_fold(const char *value)
{
  GString *out = g_string_sized_new(strlen(value));
  for (const char *p = value; *p; p++) {
    if (*p != ' ')
      g_string_append_c(out, *p);
    else if (out->len && out->str[out->len - 1] != ' ')
      g_string_append_c(out, ' ');
  }
  if (out->len && out->str[out->len - 1] == ' ')
    g_string_truncate(out, out->len - 1);
  if (g_str_is_ascii(out->str)) {
    g_string_ascii_down(out);
    return g_string_free(out, FALSE);
  }
  char *folded = g_utf8_casefold(out->str, -1);
  g_string_free(out, TRUE);
  return folded;
}

bool or_value_equal(const char *a, const char *b)
{
  if (!a || !b)
    return a == b;
  if (strcmp(a, b) == 0)
    return true;
  g_autofree char *x = or_fold(a), *y = or_fold(b);
  return strcmp(x, y) == 0;
}

bool or_admd_any(const char *admd)
{
  return !admd || strspn(admd, " ") == strlen(admd);
}

/* Spaces mean nothing in numbers. */
static bool numbers_equal(const char *a, const char *b)
{
  for (;; a++, b++) {
    a += strspn(a, " ");
    b += strspn(b, " ");
    if (*a != *b)
      return false;
    if (!*a)
      return true;
  }
}

const char *or_attribute_wide(const struct or_attribute *attribute)
{
  return attribute->teletex ? attribute->teletex : attribute->universal;
}

bool or_twins_equal(const char *printable_a, const char *wide_a, const char *printable_b, const char *wide_b,
                    bool (*equal)(const char *a, const char *b))
{
  if (printable_a && printable_b)
    return equal(printable_a, printable_b);
  if (wide_a && wide_b)
    return equal(wide_a, wide_b);
  return equal(printable_a ? printable_a : wide_a, printable_b ? printable_b : wide_b);
}

static bool attributes_equal(const struct or_attribute *a, const struct or_attribute *b)
{
  if (a->key != b->key || a->index != b->index)
    return false;
  if (or_keys[a->key].encoding == OR_ENCODING_N && a->printable && b->printable)
    return numbers_equal(a->printable, b->printable);
  if (a->key == OR_DDA && !or_twins_equal(a->type, a->type_teletex, b->type, b->type_teletex, or_value_equal))
    return false;
  return or_twins_equal(a->printable, or_attribute_wide(a), b->printable, or_attribute_wide(b),
                        or_value_equal);
}

/* The next attribute from *i that counts: an ADMD that means any is as good as none. */
static const struct or_attribute *next_attribute(const struct or_address *address, guint *i)
{
  while (*i < address->attributes->len) {
    const struct or_attribute *attribute = address->attributes->pdata[(*i)++];
    if (attribute->key != OR_ADMD || !or_admd_any(attribute->printable))
      return attribute;
  }
  return NULL;
}

bool or_address_equal(const struct or_address *a, const struct or_address *b)
{
  for (guint i = 0, j = 0;;) {
    const struct or_attribute *x = next_attribute(a, &i), *y = next_attribute(b, &j);
    if (!x || !y)
      return x == y;
    if (!attributes_equal(x, y))
      return false;
  }
}
