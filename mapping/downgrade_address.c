/* downgrade_address.c - RFC 1328 3: O/R addresses of 1988 in 1984. */
#include "mapping/downgrade.h"

#include "mapping/or_compare.h"
#include "mapping/or_keys.h"
#include "mapping/ps_encoding.h"

#include <string.h>

#define COMMON "Common"                                                             /* 3.2 */
static const char *const wrapping[] = {"X400-88", "X400-C1", "X400-C2", "X400-C3"}; /* 3.1 */

/* --- to 1984 --- */

/* The keys that 1984 has (RFC 2156 4.2, first part of the table). */
static bool key_of_1984(enum or_key key)
{
  return key < OR_COMMON_NAME || key == OR_DDA;
}

/* A printable value means the same user without its twins (X.402 18.3). */
static bool drop_twins(struct or_address *address)
{
  bool dropped = false;
  for (guint i = 0; i < address->attributes->len; i++) {
    struct or_attribute *attribute = address->attributes->pdata[i];
    if (!attribute->printable || (attribute->key == OR_DDA && !attribute->type))
      continue;
    dropped |= attribute->teletex || attribute->universal || attribute->type_teletex;
    g_clear_pointer(&attribute->teletex, g_free);
    g_clear_pointer(&attribute->universal, g_free);
    g_clear_pointer(&attribute->type_teletex, g_free);
  }
  return dropped;
}

/* What is no PrintableString, whatever the peer called it, could only be written as a twin. */
static bool is_printable(const char *text)
{
  return text && ps_is_printable(text);
}

static bool move_common_name(struct or_address *address)
{
  const struct or_attribute *name = or_address_attribute(address, OR_COMMON_NAME, 0);
  if (!name || !is_printable(name->printable) || !*name->printable)
    return false;
  const char *there = or_address_dda(address, COMMON);
  if (there ? !or_value_equal(there, name->printable)
            : or_address_count(address, OR_DDA) >= or_keys[OR_DDA].count)
    return false;
  if (!there)
    or_address_set_dda(address, COMMON, name->printable);
  or_address_remove(address, OR_COMMON_NAME);
  return true;
}

static bool is_of_1984(const struct or_address *address)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if (!key_of_1984(attribute->key) || !is_printable(attribute->printable) ||
        (attribute->key == OR_DDA && !is_printable(attribute->type)))
      return false;
  }
  return true;
}

/* The gateway's own address, as a peer of 1984 writes it. */
static struct or_address *old_gateway(const struct or_address *gateway)
{
  struct or_address *old = or_address_copy(gateway);
  (void)drop_twins(old);
  (void)move_common_name(old);
  return old;
}

/* A piece must not end in a space: who compares attributes does not see it (X.402 18.4). */
static gsize piece_length(const char *text)
{
  gsize length = MIN(strlen(text), (gsize)or_keys[OR_DDA].bound), whole = length;
  while (text[length] && length && text[length - 1] == ' ')
    length--;
  return length ? length : whole;
}

/* 3.1: the whole address, in pieces, as attributes of the gateway. */
static struct or_address *wrap(const struct or_address *gateway, const struct or_address *address,
                               GError **error)
{
  g_autofree char *text = or_address_format(address), *printable = ps_encode(text);
  g_autoptr(or_address_t) wrapped = old_gateway(gateway);
  const char *rest = printable ? printable : text;
  for (gsize i = 0; printable && *rest && i < G_N_ELEMENTS(wrapping); i++) {
    gsize length = piece_length(rest);
    g_autofree char *value = g_strndup(rest, length);
    or_address_set_dda(wrapped, wrapping[i], value);
    rest += length;
  }
  if (!*rest && or_address_count(wrapped, OR_DDA) <= or_keys[OR_DDA].count && is_of_1984(wrapped))
    return g_steal_pointer(&wrapped);
  g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_ADDRESS,
              "5.3.3 %s needs attributes of 1988, and the domain defined attributes of 1984 cannot hold it "
              "(RFC 1328 3.1)",
              text);
  return NULL;
}

struct or_address *downgrade_address(const struct or_address *gateway, const struct or_address *address,
                                     const char **words_r, GError **error)
{
  g_autoptr(or_address_t) old = or_address_copy(address);
  g_clear_pointer(&old->directory_name, g_free);
  *words_r = NULL;
  if (!old->attributes->len) {
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_ADDRESS,
                "5.3.3 a directory name alone is no address in 1984 (RFC 1328 5)");
    return NULL;
  }
  bool twins = drop_twins(old), common = move_common_name(old);
  if (!is_of_1984(old)) {
    g_clear_pointer(&old, or_address_free);
    old = wrap(gateway, address, error);
    *words_r = "the address went into the domain defined attribute X400-88 (RFC 1328 3.1)";
  } else if (common) {
    *words_r = "common-name became the domain defined attribute Common (RFC 1328 3.2)";
  } else if (twins) {
    *words_r = "the twins of printable attributes were dropped (RFC 1328 3)";
  } else if (address->directory_name) {
    *words_r = "the directory name was dropped (RFC 1328 5)";
  }
  return g_steal_pointer(&old);
}

/* --- and back --- */

static void remove_dda(struct or_address *address, const char *type)
{
  g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < or_address_count(address, OR_DDA); i++) {
    const struct or_attribute *dda = or_address_attribute(address, OR_DDA, i);
    if (!dda || (dda->type && !g_ascii_strcasecmp(dda->type, type)))
      continue;
    g_ptr_array_add(kept, g_strdup(dda->type ? dda->type : ""));
    g_ptr_array_add(kept, g_strdup(dda->printable ? dda->printable : ""));
  }
  or_address_remove(address, OR_DDA);
  for (guint i = 0; i < kept->len; i += 2)
    or_address_set_dda(address, kept->pdata[i], kept->pdata[i + 1]);
}

static struct or_address *unwrap(const struct or_address *gateway, const struct or_address *address)
{
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(or_address_t) around = or_address_copy(address);
  for (gsize i = 0; i < G_N_ELEMENTS(wrapping); i++) {
    const char *piece = or_address_dda(address, wrapping[i]);
    if (!piece)
      break;
    g_string_append(text, piece);
    remove_dda(around, wrapping[i]);
  }
  g_autoptr(or_address_t) own = old_gateway(gateway);
  if (!text->len || !or_address_equal(around, own))
    return NULL;
  bool exact;
  g_autofree char *decoded = ps_decode(text->str, &exact);
  return exact ? or_address_parse(decoded, NULL) : NULL;
}

struct or_address *upgrade_address(const struct or_address *gateway, const struct or_address *address)
{
  struct or_address *inner = unwrap(gateway, address);
  if (inner)
    return inner;
  const char *common = or_address_dda(address, COMMON);
  if (!common || strlen(common) > or_keys[OR_COMMON_NAME].bound || !ps_is_printable(common) ||
      or_address_attribute(address, OR_COMMON_NAME, 0))
    return NULL;
  struct or_address *new = or_address_copy(address);
  or_address_set(new, OR_COMMON_NAME, 0, common, NULL);
  remove_dda(new, COMMON);
  return new;
}
