#include "mapping/or_address.h"

#include "mapping/ps_encoding.h"

#include <string.h>

/* free() of one attribute. */
static void attribute_free(gpointer data)
{
  struct or_attribute *attribute = data;
  g_free(attribute->type);
  g_free(attribute->type_teletex);
  g_free(attribute->printable);
  g_free(attribute->teletex);
  g_free(attribute->universal);
  g_free(attribute);
}

struct or_address *or_address_new(void)
{
  struct or_address *address = g_new0(struct or_address, 1);
  address->attributes = g_ptr_array_new_with_free_func(attribute_free);
  return address;
}

static gpointer attribute_copy(gconstpointer data, gpointer user)
{
  (void)user;
  const struct or_attribute *from = data;
  struct or_attribute *to = g_new0(struct or_attribute, 1);
  to->key = from->key;
  to->index = from->index;
  to->type = g_strdup(from->type);
  to->type_teletex = g_strdup(from->type_teletex);
  to->printable = g_strdup(from->printable);
  to->teletex = g_strdup(from->teletex);
  to->universal = g_strdup(from->universal);
  return to;
}

struct or_address *or_address_copy(const struct or_address *address)
{
  struct or_address *copy = g_new0(struct or_address, 1);
  copy->attributes = g_ptr_array_copy(address->attributes, attribute_copy, NULL);
  g_ptr_array_set_free_func(copy->attributes, attribute_free);
  copy->directory_name = g_strdup(address->directory_name);
  return copy;
}

void or_address_free(struct or_address *address)
{
  if (!address)
    return;
  g_ptr_array_unref(address->attributes);
  g_free(address->directory_name);
  g_free(address);
}

struct or_attribute *or_address_attribute(const struct or_address *address, enum or_key key, guint index)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    struct or_attribute *attribute = address->attributes->pdata[i];
    if (attribute->key == key && attribute->index == index)
      return attribute;
  }
  return NULL;
}

struct or_attribute *or_address_require(struct or_address *address, enum or_key key, guint index)
{
  guint place = 0;
  for (; place < address->attributes->len; place++) {
    struct or_attribute *attribute = address->attributes->pdata[place];
    if (attribute->key == key && attribute->index == index)
      return attribute;
    if (attribute->key > key || (attribute->key == key && attribute->index > index))
      break;
  }
  struct or_attribute *attribute = g_new0(struct or_attribute, 1);
  attribute->key = key;
  attribute->index = index;
  g_ptr_array_insert(address->attributes, (gint)place, attribute);
  return attribute;
}

void or_address_remove(struct or_address *address, enum or_key key)
{
  for (guint i = address->attributes->len; i-- > 0;) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if (attribute->key == key)
      g_ptr_array_remove_index(address->attributes, i);
  }
}

guint or_address_count(const struct or_address *address, enum or_key key)
{
  guint count = 0;
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    count += attribute->key == key;
  }
  return count;
}

const char *or_address_get(const struct or_address *address, enum or_key key, guint index)
{
  const struct or_attribute *attribute = or_address_attribute(address, key, index);
  if (!attribute)
    return NULL;
  return attribute->printable ? attribute->printable
         : attribute->teletex ? attribute->teletex
                              : attribute->universal;
}

char *or_value(const char *text)
{
  return text ? g_utf8_make_valid(text, -1) : NULL;
}

void or_address_set(struct or_address *address, enum or_key key, guint index, const char *printable,
                    const char *teletex)
{
  struct or_attribute *attribute = or_address_attribute(address, key, index);
  if (attribute)
    g_ptr_array_remove(address->attributes, attribute);
  if (!printable && !teletex)
    return;
  attribute = or_address_require(address, key, index);
  attribute->printable = or_value(printable);
  attribute->teletex = or_value(teletex);
}

void or_address_set_dda(struct or_address *address, const char *type, const char *value)
{
  struct or_attribute *attribute = or_address_require(address, OR_DDA, or_address_count(address, OR_DDA));
  attribute->type = or_value(type);
  attribute->printable = or_value(value);
}

static bool is_type(const struct or_attribute *attribute, const char *type)
{
  return attribute->key == OR_DDA &&
         ((attribute->type && g_ascii_strcasecmp(attribute->type, type) == 0) ||
          (attribute->type_teletex && g_ascii_strcasecmp(attribute->type_teletex, type) == 0));
}

const char *or_address_dda(const struct or_address *address, const char *type)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if (is_type(attribute, type))
      return or_address_get(address, OR_DDA, attribute->index);
  }
  return NULL;
}

static void drop_repeated(char **twin, const char *printable)
{
  if (g_strcmp0(*twin, printable) == 0)
    g_clear_pointer(twin, g_free);
}

/* 4.1.1: a twin of printable characters alone counts as a PrintableString where there is none. */
static void promote(char **printable, char **twin)
{
  if (!*printable && *twin && ps_is_printable(*twin))
    *printable = g_steal_pointer(twin);
}

static void simplify(struct or_attribute *attribute)
{
  promote(&attribute->printable, &attribute->teletex);
  promote(&attribute->printable, &attribute->universal);
  drop_repeated(&attribute->teletex, attribute->printable);
  drop_repeated(&attribute->universal, attribute->teletex ? attribute->teletex : attribute->printable);
  /* 4.1.3: type and value have the same encoding, so a value without a printable one has no printable type. */
  if (attribute->type_teletex && !(attribute->printable && ps_is_printable(attribute->printable)))
    g_clear_pointer(&attribute->type, g_free);
  promote(&attribute->type, &attribute->type_teletex);
  drop_repeated(&attribute->type_teletex, attribute->type);
}

void or_address_simplify(struct or_address *address)
{
  for (guint i = 0; i < address->attributes->len; i++)
    simplify(address->attributes->pdata[i]);
}
