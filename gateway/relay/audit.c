#include "relay/audit.h"

#include <jansson.h>
#include <stdlib.h>

struct audit {
  json_t *object;
};

struct audit *audit_new(void)
{
  struct audit *audit = g_new0(struct audit, 1);
  audit->object = json_object();
  return audit;
}

static json_t *text_value(const char *value)
{
  g_autofree char *valid = g_utf8_make_valid(value, -1);
  return json_string(valid);
}

struct audit *audit_text(struct audit *audit, const char *key, const char *value)
{
  if (value)
    json_object_set_new(audit->object, key, text_value(value));
  return audit;
}

struct audit *audit_number(struct audit *audit, const char *key, gint64 value)
{
  json_object_set_new(audit->object, key, json_integer(value));
  return audit;
}

struct audit *audit_texts(struct audit *audit, const char *key, const GPtrArray *values)
{
  if (!values || values->len == 0)
    return audit;
  json_t *list = json_array();
  for (guint i = 0; i < values->len; i++)
    json_array_append_new(list, text_value(values->pdata[i]));
  json_object_set_new(audit->object, key, list);
  return audit;
}

void audit_record(struct audit *audit, struct store_txn *txn, guint64 message, gint recipient,
                  const char *event)
{
  char *detail = json_dumps(audit->object, JSON_COMPACT);
  store_txn_audit(txn, message, recipient, event, detail);
  free(detail);
  json_decref(audit->object);
  g_free(audit);
}
