/* walk.c - contract: walk.h. */
#include "asn1/walk.h"
#include "asn1/descriptor.h"

#include <asn_SET_OF.h>

struct walk {
  asn1_visitor visitor;
  void *user;
};

static bool visit(const struct walk *walk, const asn_TYPE_descriptor_t *type, void *structure,
                  const struct asn1_step *step);

static bool visit_member(const struct walk *walk, const asn_TYPE_member_t *member, void *structure,
                         const struct asn1_step *up)
{
  const struct asn1_step step = {up, member->name, 0};
  void *inner = descriptor_member(member, structure);
  return !inner || visit(walk, member->type, inner, &step);
}

static bool visit_members(const struct walk *walk, const asn_TYPE_descriptor_t *type, void *structure,
                          const struct asn1_step *step)
{
  for (int i = 0; i < type->elements_count; i++)
    if (!visit_member(walk, &type->elements[i], structure, step))
      return false;
  return true;
}

static bool visit_elements(const struct walk *walk, const asn_TYPE_descriptor_t *type, void *structure,
                           const struct asn1_step *up)
{
  const asn_anonymous_set_ *list = structure;
  for (int i = 0; i < list->count; i++) {
    const struct asn1_step step = {up, NULL, i};
    if (!visit(walk, type->elements[0].type, list->array[i], &step))
      return false;
  }
  return true;
}

/* The depth is that of the value, which the guard has bounded. */
static bool visit(const struct walk *walk, const asn_TYPE_descriptor_t *type, void *structure,
                  const struct asn1_step *step)
{
  if (!walk->visitor(type, structure, step, walk->user))
    return false;
  switch (descriptor_kind(type)) {
  case KIND_SEQUENCE:
  case KIND_SET:
    return visit_members(walk, type, structure, step);
  case KIND_LIST:
    return visit_elements(walk, type, structure, step);
  case KIND_CHOICE: {
    int present = descriptor_present(type, structure);
    return present < 0 || visit_member(walk, &type->elements[present], structure, step);
  }
  default:
    return true;
  }
}

bool asn1_walk(const struct asn1_value *value, asn1_visitor visitor, void *user)
{
  const struct walk walk = {visitor, user};
  return visit(&walk, asn1_value_type(value), asn1_value_get(value), NULL);
}

char *asn1_step_path(const struct asn1_step *step)
{
  GString *path = g_string_new(NULL);
  for (; step; step = step->up) {
    g_autofree char *one =
        step->member ? g_strdup_printf("%s%s", step->member, path->len && *path->str != '[' ? "." : "")
                     : g_strdup_printf("[%d]%s", step->index, path->len && *path->str != '[' ? "." : "");
    g_string_prepend(path, one);
  }
  return g_string_free(path, FALSE);
}
