#include "mapping/hierarchy.h"

#include "mapping/or_compare.h"

enum or_key hierarchy_key(guint level, guint *index_r)
{
  static const enum or_key keys[] = {OR_COUNTRY, OR_ADMD, OR_PRMD, OR_ORGANIZATION};
  *index_r = level < G_N_ELEMENTS(keys) ? 0 : level - G_N_ELEMENTS(keys);
  return level < G_N_ELEMENTS(keys) ? keys[level] : OR_UNIT;
}

struct or_attribute *hierarchy_attribute(const struct or_address *address, guint level)
{
  guint index;
  enum or_key key = hierarchy_key(level, &index);
  return or_address_attribute(address, key, index);
}

const char *hierarchy_get(const struct or_address *address, guint level)
{
  guint index;
  enum or_key key = hierarchy_key(level, &index);
  const char *value = or_address_get(address, key, index);
  return key == OR_ADMD && or_admd_any(value) ? NULL : value;
}

void hierarchy_set(struct or_address *address, guint level, const char *value)
{
  guint index;
  enum or_key key = hierarchy_key(level, &index);
  or_address_set(address, key, index, value, NULL);
}

guint hierarchy_depth(const struct or_address *address)
{
  guint depth = HIERARCHY_LEVELS;
  while (depth && !hierarchy_get(address, depth - 1))
    depth--;
  return depth;
}
