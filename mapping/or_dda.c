#include "mapping/or_asn1.h"

#include "mapping/or_compare.h"

void or_dda_add(struct or_dda_lists *lists, enum or_twin twin, char *type, char *value)
{
  struct or_dda dda = {type ? type : g_strdup(""), value ? value : g_strdup(""), -1};
  if (lists->count[twin] < OR_LIST_MAX) {
    lists->list[twin][lists->count[twin]++] = dda;
    return;
  }
  g_free(dda.type); /* a second attribute of the same number: no address has it */
  g_free(dda.value);
}

static bool taken(const struct or_dda *list, guint count, int place)
{
  for (guint i = 0; i < count; i++)
    if (list[i].twin_of == place)
      return true;
  return false;
}

/* How sure it is that two members are the same DDA. */
enum likeness { SAME_TYPE_AND_VALUE, SAME_TYPE, ANY };

static bool alike(const struct or_dda *a, const struct or_dda *b, enum likeness likeness)
{
  return (likeness == ANY || or_value_equal(a->type, b->type)) &&
         (likeness != SAME_TYPE_AND_VALUE || or_value_equal(a->value, b->value));
}

/* Which of the longest list's members each one is: lists of one length correspond place by place; else the
 * surest pairs first, and in the order of the lists. */
static void find_twins(struct or_dda *list, guint count, const struct or_dda *longest, guint all)
{
  for (guint i = 0; i < count && count == all; i++)
    list[i].twin_of = (int)i;
  for (enum likeness likeness = SAME_TYPE_AND_VALUE; likeness <= ANY; likeness++)
    for (guint i = 0; i < count; i++)
      for (guint j = 0; j < all && list[i].twin_of < 0; j++)
        if (!taken(list, count, (int)j) && alike(&list[i], &longest[j], likeness))
          list[i].twin_of = (int)j;
}

/* Takes the texts out of from. */
static void put(struct or_attribute *to, enum or_twin twin, struct or_dda *from)
{
  char **value = twin == OR_TWIN_PRINTABLE ? &to->printable
                 : twin == OR_TWIN_TELETEX ? &to->teletex
                                           : &to->universal;
  char **type = twin == OR_TWIN_PRINTABLE ? &to->type : &to->type_teletex;
  *value = from->value;
  if (*type)
    g_free(from->type);
  else
    *type = from->type;
}

void or_dda_merge(struct or_dda_lists *lists, struct or_address *address)
{
  enum or_twin longest = OR_TWIN_PRINTABLE;
  for (enum or_twin twin = OR_TWIN_TELETEX; twin <= OR_TWIN_UNIVERSAL; twin++)
    if (lists->count[twin] > lists->count[longest])
      longest = twin;
  for (enum or_twin twin = OR_TWIN_PRINTABLE; twin <= OR_TWIN_UNIVERSAL; twin++)
    find_twins(lists->list[twin], lists->count[twin], lists->list[longest], lists->count[longest]);
  for (enum or_twin twin = OR_TWIN_PRINTABLE; twin <= OR_TWIN_UNIVERSAL; twin++)
    for (guint i = 0; i < lists->count[twin]; i++) {
      struct or_dda *dda = &lists->list[twin][i];
      put(or_address_require(address, OR_DDA, (guint)dda->twin_of), twin, dda);
    }
}
