/* charset_sets.c: look-ups in the graphic sets. */
#include "asn1/charset_sets.h"

#include <string.h>

static const char national_positions[] = "\x23\x24\x40\x5b\x5c\x5d\x5e\x60\x7b\x7c\x7d\x7e";

const struct graphic_set *graphic_set_registered(long registration)
{
  for (gsize i = 0; i < graphic_sets_count; i++)
    if (graphic_sets[i].registration == registration)
      return &graphic_sets[i];
  return NULL;
}

const struct graphic_set *graphic_set_designated(guint size, guint octets, guint8 intermediate, guint8 final)
{
  for (gsize i = 0; i < graphic_sets_count; i++) {
    const struct graphic_set *set = &graphic_sets[i];
    if (set->size == size && set->octets == octets && set->final == final &&
        set->intermediate == intermediate)
      return set;
  }
  return NULL;
}

static gunichar variant_character(const char *national, guint8 position)
{
  const char *at = position ? strchr(national_positions, position) : NULL;
  if (!at || !national)
    return position;
  return g_utf8_get_char(g_utf8_offset_to_pointer(national, at - national_positions));
}

gunichar graphic_set_character(const struct graphic_set *set, guint8 first, guint8 second)
{
  guint last = set->size == 96 ? 0x7F : 0x7E, begin = set->size == 96 ? 0x20 : 0x21;
  if (first < begin || first > last)
    return 0;
  if (set->octets == 2) {
    guint row = first - 0x21U;
    return row < set->rows && second >= 0x21 && second <= 0x7E ? set->table[row * 94 + second - 0x21U] : 0;
  }
  return set->table ? set->table[first - 0x20] : variant_character(set->national, first);
}

static guint two_octet_position(const struct graphic_set *set, gunichar character)
{
  guint low = 0, high = set->characters;
  while (low < high) {
    guint middle = (low + high) / 2, position = set->sorted[middle];
    gunichar found = graphic_set_character(set, (guint8)(position >> 8), (guint8)(position & 0x7F));
    if (found == character)
      return position;
    if (found < character)
      low = middle + 1;
    else
      high = middle;
  }
  return 0;
}

guint graphic_set_position(const struct graphic_set *set, gunichar character)
{
  if (character == 0 || character > 0xFFFF)
    return 0;
  if (set->octets == 2)
    return two_octet_position(set, character);
  if (!set->table) { /* a variant of ISO 646 has ASCII in all but twelve positions */
    if (character < 0x7F && graphic_set_character(set, (guint8)character, 0) == character)
      return character;
    for (const char *at = national_positions; *at; at++)
      if (graphic_set_character(set, (guint8)*at, 0) == character)
        return (guint8)*at;
    return 0;
  }
  guint first = set->size == 96 ? 0 : 1, last = set->size == 96 ? 95 : 94;
  for (guint i = first; i <= last; i++)
    if (set->table[i] == character)
      return 0x20 + i;
  return 0;
}
