/* oids.c: the table of known object identifiers, and identifiers as text.  Arcs are worked with as decimal
 * digits. */
#include "asn1/oids.h"

#include <OBJECT_IDENTIFIER.h>
#include <string.h>

struct row {
  const char *dotted;
  const char *name;
  enum oid_use use;
};

#define OID_ROW(constant, dotted, name, use) {dotted, name, OID_USE_##use},
static const struct row table[OID_COUNT] = {{NULL, NULL, OID_USE_OTHER}, OIDS(OID_ROW)};
#undef OID_ROW

static const struct row *row_of(enum oid oid)
{
  return &table[oid > OID_UNKNOWN && oid < OID_COUNT ? oid : OID_UNKNOWN];
}

const char *oid_dotted(enum oid oid)
{
  return row_of(oid)->dotted;
}

const char *oid_name(enum oid oid)
{
  return row_of(oid)->name;
}

enum oid_use oid_use(enum oid oid)
{
  return row_of(oid)->use;
}

/* digits = digits * factor + add, digits being decimal, most significant first. */
static void multiply_add(GString *digits, guint factor, guint add)
{
  guint carry = add;
  for (gsize i = digits->len; i > 0; i--) {
    guint value = (guint)(digits->str[i - 1] - '0') * factor + carry;
    digits->str[i - 1] = (char)('0' + value % 10);
    carry = value / 10;
  }
  for (; carry; carry /= 10)
    g_string_prepend_c(digits, (char)('0' + carry % 10));
}

/* digits = digits / 128, returning the remainder. */
static guint divide_128(GString *digits)
{
  guint rest = 0;
  for (gsize i = 0; i < digits->len; i++) {
    guint value = rest * 10 + (guint)(digits->str[i] - '0');
    digits->str[i] = (char)('0' + value / 128);
    rest = value % 128;
  }
  while (digits->len > 0 && digits->str[0] == '0')
    g_string_erase(digits, 0, 1);
  return rest;
}

/* X.690 8.19.4: the first subidentifier is 40 * the first arc + the second, the first arc being 0, 1 or 2. */
static void append_first(GString *out, GString *digits)
{
  guint64 value = digits->len > 3 ? 1000 : g_ascii_strtoull(digits->str, NULL, 10);
  guint first = value < 40 ? 0 : value < 80 ? 1 : 2;
  for (guint i = 0; i < first * 40; i++) { /* minus one, as often as needed: at most 80 times */
    gsize at = digits->len;
    while (digits->str[--at] == '0')
      digits->str[at] = '9';
    digits->str[at]--;
  }
  gsize zeros = strspn(digits->str, "0");
  g_string_append_printf(out, "%u.%s", first, zeros == digits->len ? "0" : digits->str + zeros);
}

bool oid_to_dotted(const void *octets, gsize length, GString *out)
{
  const guint8 *at = octets;
  if (length == 0 || at[length - 1] & 0x80)
    return false;
  gsize before = out->len;
  g_autoptr(GString) digits = g_string_new(NULL);
  bool first = true, begins = true;
  for (gsize i = 0; i < length; i++) {
    if (begins && at[i] == 0x80) { /* 8.19.2: no leading zeros */
      g_string_truncate(out, before);
      return false;
    }
    multiply_add(digits, 128, at[i] & 0x7F);
    begins = !(at[i] & 0x80);
    if (!begins)
      continue;
    if (digits->len == 0)
      g_string_append_c(digits, '0');
    if (first)
      append_first(out, digits);
    else
      g_string_append_printf(out, ".%s", digits->str);
    first = false;
    g_string_truncate(digits, 0);
  }
  return true;
}

static void append_subidentifier(GByteArray *out, GString *digits)
{
  gsize at = out->len;
  guint8 last = 0;
  do {
    guint8 octet = (guint8)(divide_128(digits) | last);
    g_byte_array_append(out, &octet, 1);
    last = 0x80;
  } while (digits->len > 0);
  for (gsize i = at, j = out->len - 1; i < j; i++, j--) {
    guint8 octet = out->data[i];
    out->data[i] = out->data[j];
    out->data[j] = octet;
  }
}

bool oid_from_dotted(const char *dotted, GByteArray *out)
{
  gsize before = out->len;
  g_auto(GStrv) arcs = g_strsplit(dotted, ".", -1);
  guint count = g_strv_length(arcs);
  bool good = count >= 2 && strlen(arcs[0]) == 1 && arcs[0][0] >= '0' && arcs[0][0] <= '2';
  for (guint i = 1; good && i < count; i++) {
    gsize digits = strlen(arcs[i]);
    good = digits > 0 && strspn(arcs[i], "0123456789") == digits && (digits == 1 || arcs[i][0] != '0');
    if (good && i == 1 && arcs[0][0] < '2')
      good = digits <= 2 && g_ascii_strtoull(arcs[i], NULL, 10) < 40;
    if (!good)
      break;
    g_autoptr(GString) value = g_string_new(arcs[i]);
    if (i == 1)
      multiply_add(value, 1, (guint)(arcs[0][0] - '0') * 40);
    append_subidentifier(out, value);
  }
  if (!good)
    g_byte_array_set_size(out, (guint)before);
  return good;
}

enum oid oid_find(const void *octets, gsize length)
{
  g_autoptr(GString) dotted = g_string_new(NULL);
  if (oid_to_dotted(octets, length, dotted))
    for (enum oid i = OID_UNKNOWN + 1; i < OID_COUNT; i++)
      if (!strcmp(table[i].dotted, dotted->str))
        return i;
  return OID_UNKNOWN;
}

enum oid oid_find_prefix(const void *octets, gsize length, GString *rest_r)
{
  g_autoptr(GString) dotted = g_string_new(NULL);
  enum oid found = OID_UNKNOWN;
  gsize longest = 0;
  if (oid_to_dotted(octets, length, dotted))
    for (enum oid i = OID_UNKNOWN + 1; i < OID_COUNT; i++) {
      gsize prefix = strlen(table[i].dotted);
      if (prefix > longest && !strncmp(table[i].dotted, dotted->str, prefix) && dotted->str[prefix] == '.') {
        found = i;
        longest = prefix;
      }
    }
  if (found && rest_r)
    g_string_append(rest_r, dotted->str + longest + 1);
  return found;
}

enum oid oid_from_name(const char *name)
{
  for (enum oid i = OID_UNKNOWN + 1; i < OID_COUNT; i++)
    if (!strcmp(table[i].name, name))
      return i;
  return OID_UNKNOWN;
}

enum oid oid_get(const struct ASN__PRIMITIVE_TYPE_s *field)
{
  return field->buf && field->size > 0 ? oid_find(field->buf, (gsize)field->size) : OID_UNKNOWN;
}

bool oid_put_dotted(struct ASN__PRIMITIVE_TYPE_s *field, const char *dotted)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  if (!oid_from_dotted(dotted, octets))
    return false;
  free(field->buf);
  field->buf = malloc(octets->len + 1);
  if (!field->buf)
    g_error("out of memory");
  memcpy(field->buf, octets->data, octets->len);
  field->size = (int)octets->len;
  return true;
}

void oid_put(struct ASN__PRIMITIVE_TYPE_s *field, enum oid oid)
{
  g_return_if_fail(oid > OID_UNKNOWN && oid < OID_COUNT);
  (void)oid_put_dotted(field, table[oid].dotted);
}
