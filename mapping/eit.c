/* eit.c - contract: eit.h. */
#include "mapping/eit.h"

#include <stdlib.h>
#include <string.h>

#include <EncodedInformationTypes.h>
#include <ExtendedEncodedInformationTypes.h>

/* RFC 2156 5.3.3.1; the numbers are the bits. */
static const char *const names[] = {"Undefined", "Telex",    "IA5-Text", "G3-Fax", "TIF0",
                                    "Teletex",   "Videotex", "Voice",    "SFD",    "TIF1"};

struct eit_set *eit_new(void)
{
  struct eit_set *set = g_new0(struct eit_set, 1);
  set->oids = g_ptr_array_new_with_free_func(g_free);
  return set;
}

void eit_free(struct eit_set *set)
{
  if (!set)
    return;
  g_ptr_array_unref(set->oids);
  g_free(set);
}

void eit_add_built_in(struct eit_set *set, guint bit)
{
  set->built_in |= 1u << bit;
}

bool eit_has(const struct eit_set *set, const char *dotted)
{
  return g_ptr_array_find_with_equal_func(set->oids, dotted, g_str_equal, NULL);
}

void eit_add(struct eit_set *set, const char *dotted)
{
  if (!eit_has(set, dotted))
    g_ptr_array_add(set->oids, g_strdup(dotted));
}

void eit_merge(struct eit_set *set, const struct eit_set *other)
{
  set->built_in |= other->built_in;
  for (guint i = 0; i < other->oids->len; i++)
    eit_add(set, other->oids->pdata[i]);
}

struct EncodedInformationTypes *eit_to_asn1(const struct eit_set *set)
{
  struct EncodedInformationTypes *types = asn1_new_field(struct EncodedInformationTypes);
  guint count = 0; /* trailing zeros go: this BIT STRING has names (X.680 22.7) */
  for (guint i = 0; i < 32; i++)
    if (set->built_in & 1u << i)
      count = i + 1;
  x400_bits_put(&types->built_in_encoded_information_types, set->built_in, count);
  if (!set->oids->len)
    return types;
  types->extended_encoded_information_types = asn1_new_field(struct ExtendedEncodedInformationTypes);
  for (guint i = 0; i < set->oids->len; i++) {
    OBJECT_IDENTIFIER_t *oid = asn1_new_field(OBJECT_IDENTIFIER_t);
    if (oid_put_dotted(oid, set->oids->pdata[i]))
      asn_set_add(&types->extended_encoded_information_types->list, oid);
    else
      free(oid);
  }
  return types;
}

struct eit_set *eit_from_asn1(const struct EncodedInformationTypes *types)
{
  struct eit_set *set = eit_new();
  if (!types)
    return set;
  set->built_in = x400_bits_get(&types->built_in_encoded_information_types);
  const struct ExtendedEncodedInformationTypes *extended = types->extended_encoded_information_types;
  for (int i = 0; extended && i < extended->list.count; i++) {
    g_autofree char *dotted = x400_oid_text(extended->list.array[i]);
    eit_add(set, dotted);
  }
  return set;
}

static void append_oid(const char *dotted, GString *out)
{
  g_auto(GStrv) arcs = g_strsplit(dotted, ".", -1);
  for (char **arc = arcs; *arc; arc++)
    g_string_append_printf(out, "(%s)", *arc);
}

char *eit_format(const struct eit_set *set)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (set->built_in & 1u << i)
      g_string_append_printf(text, "%s%s", text->len ? ", " : "", names[i]);
  for (guint i = 0; i < set->oids->len; i++) {
    g_string_append(text, text->len ? ", " : "");
    append_oid(set->oids->pdata[i], text);
  }
  return g_string_free(text, FALSE);
}

/* "id-x(2) (6)(1)" or "2.6.1" to "2.6.1"; NULL when it is neither. */
static char *oid_of(const char *text)
{
  GString *dotted = g_string_new(NULL);
  if (strchr(text, '(')) {
    for (const char *at = text; (at = strchr(at, '(')); at++) {
      g_string_append(dotted, dotted->len ? "." : "");
      g_string_append_len(dotted, at + 1, (gssize)strspn(at + 1, "0123456789"));
    }
  } else {
    g_string_append(dotted, text);
  }
  g_autoptr(GByteArray) octets = g_byte_array_new();
  if (oid_from_dotted(dotted->str, octets))
    return g_string_free(dotted, FALSE);
  g_string_free(dotted, TRUE);
  return NULL;
}

struct eit_set *eit_parse(const char *text)
{
  struct eit_set *set = eit_new();
  g_auto(GStrv) items = g_strsplit(text, ",", 64);
  for (char **item = items; *item; item++) {
    g_strstrip(*item);
    bool known = false;
    for (guint i = 0; i < G_N_ELEMENTS(names) && !known; i++) {
      known = !g_ascii_strcasecmp(*item, names[i]);
      if (known)
        eit_add_built_in(set, i);
    }
    if (!g_ascii_strcasecmp(*item, "ia5")) /* as in the RFC's examples */
      eit_add_built_in(set, EIT_IA5_BIT);
    else if (!g_ascii_strcasecmp(*item, "g3fax"))
      eit_add_built_in(set, EIT_G3_BIT);
    else if (!known) {
      g_autofree char *dotted = oid_of(*item);
      if (dotted)
        eit_add(set, dotted);
    }
  }
  return set;
}
