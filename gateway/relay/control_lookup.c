/* control_lookup.c - the operation lookup: the daemon's look-ups for `gw400 map`.
 *
 * Question: "items": [{"source", "name", "root"}, ...]. Answer: the same items with "state" (found,
 * not-found, indeterminate), "records" and "words". */
#include "relay/control_request.h"
#include "relay/lookups.h"

enum { ITEMS_MAX = 1000 };

static const char *const states[] = {"lacking", "found", "not-found", "indeterminate"};

static json_t *answer_json(const struct mapping_lookup *answer)
{
  json_t *object = json_object(), *records = json_array();
  control_put_text(object, "source", answer->source);
  control_put_text(object, "name", answer->name);
  control_put_text(object, "root", answer->root);
  control_put_text(object, "state", states[answer->state]);
  control_put_text(object, "words", answer->words);
  for (guint i = 0; i < answer->records->len; i++)
    json_array_append_new(records, json_string(answer->records->pdata[i]));
  json_object_set_new(object, "records", records);
  return object;
}

static void looked_up(void *user, GPtrArray *answers)
{
  struct control_request *request = user;
  if (!answers) {
    control_refuse(request, 75, "the gateway stops");
    return;
  }
  json_t *items = json_array();
  for (guint i = 0; i < answers->len; i++)
    json_array_append_new(items, answer_json(answers->pdata[i]));
  g_ptr_array_unref(answers);
  control_answer_items(request, items, 0);
}

static struct mapping_lookup *read_item(const json_t *item)
{
  const char *source = json_string_value(json_object_get(item, "source")),
             *name = json_string_value(json_object_get(item, "name")),
             *root = json_string_value(json_object_get(item, "root"));
  return source && name && root ? mapping_lookup_new(source, name, root) : NULL;
}

void control_lookup(struct control_request *request)
{
  g_autoptr(GPtrArray) lacking = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_lookup_free);
  const json_t *items = json_object_get(request->question, "items");
  for (gsize i = 0; i < MIN(json_array_size(items), (gsize)ITEMS_MAX); i++) {
    struct mapping_lookup *lookup = read_item(json_array_get(items, i));
    if (!lookup) {
      control_refuse(request, 2, "an item needs source, name and root");
      return;
    }
    g_ptr_array_add(lacking, lookup);
  }
  lookups_ask(request->relay, lacking, looked_up, request);
}
