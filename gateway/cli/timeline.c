#include "cli/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"

/* "name=value", the value in quotes where it has blanks; lists and objects as JSON. */
static void print_detail(const char *name, const json_t *value)
{
  if (json_is_string(value)) {
    json_t *holder = json_pack("{s:O}", "text", value);
    g_autofree char *text = cli_text(holder, "text");
    bool quoted = !*text || strpbrk(text, " \"");
    printf(quoted ? "  %s=\"%s\"" : "  %s=%s", name, text);
    json_decref(holder);
    return;
  }
  char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
  printf("  %s=%s", name, text ? text : "?");
  free(text);
}

void timeline_print(const json_t *record, bool with_message)
{
  g_autofree char *time = cli_time(record, "time"), *event = cli_text(record, "event"),
                  *message = cli_text(record, "message");
  const json_t *recipient = json_object_get(record, "recipient");
  printf("%s  ", time);
  if (with_message)
    printf("%-13s  ", message);
  printf("%-16s", event);
  if (recipient)
    printf("  #%" JSON_INTEGER_FORMAT, json_integer_value(recipient));
  const char *name;
  json_t *value, *detail = json_object_get(record, "detail");
  json_object_foreach(detail, name, value)
  {
    print_detail(name, value);
  }
  putchar('\n');
}
