/* reference.c - the reference page (docs/reference.md) as a walk over the table. */
#include "config/config.h"
#include "config/schema.h"

static const char *type_words(const struct schema_attribute *attribute)
{
  switch (attribute->type) {
  case SCHEMA_NUMBER:
    return "number";
  case SCHEMA_SIZE:
    return "octets (K, M, G)";
  case SCHEMA_DURATION:
    return "time (s, m, h, d)";
  case SCHEMA_BOOLEAN:
    return "yes or no";
  case SCHEMA_CHOICE:
  case SCHEMA_ENUM:
    return "choice";
  case SCHEMA_FILE:
    return "file";
  case SCHEMA_SELECTOR:
    return "selector";
  case SCHEMA_ADDRESS:
    return "host:port";
  case SCHEMA_NETWORK:
    return "network";
  default:
    return "text";
  }
}

static void put_limits(GString *out, const struct schema_attribute *attribute)
{
  if (attribute->choices) {
    g_auto(GStrv) all = g_strsplit(attribute->choices, "|", -1);
    g_autofree char *joined = g_strjoinv(", ", all);
    g_string_append(out, joined);
  } else if (attribute->type == SCHEMA_NUMBER || attribute->type == SCHEMA_SIZE ||
             attribute->type == SCHEMA_DURATION)
    g_string_append_printf(out, "%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, attribute->minimum,
                           attribute->maximum);
  else if (attribute->maximum)
    g_string_append_printf(out, "at most %" G_GUINT64_FORMAT " octets", attribute->maximum);
}

static void put_element(GString *out, const struct schema_element *element, const char *path)
{
  g_autofree char *own = g_strdup_printf("%s<%s>", path, element->name);
  g_string_append_printf(out, "\n## `%s`\n\n%s%s\n", own, element->help,
                         element->many       ? " May be repeated."
                         : element->required ? " Required."
                                             : "");
  if (element->attributes->name)
    g_string_append(out, "\n| attribute | type | default | limits | meaning |\n|---|---|---|---|---|\n");
  for (const struct schema_attribute *attribute = element->attributes; attribute->name; attribute++) {
    g_string_append_printf(out, "| `%s` | %s | %s%s%s | ", attribute->name, type_words(attribute),
                           attribute->standard ? "`" : "",
                           attribute->standard   ? attribute->standard
                           : attribute->required ? "required"
                                                 : "-",
                           attribute->standard ? "`" : "");
    put_limits(out, attribute);
    g_string_append_printf(out, " | %s |\n", attribute->help);
  }
  for (const struct schema_element *child = element->children; child && child->name; child++)
    put_element(out, child, own);
}

char *config_reference(void)
{
  GString *out = g_string_new("# The configuration, element by element\n\n"
                              "Generated from `gateway/config/schema.c` (`make documents`). The file "
                              "is XML; every setting is an\n"
                              "attribute; a mistake is reported as `file:line: what was found; what was "
                              "expected` by `gw400 check`.\n");
  put_element(out, config_schema(), "");
  return g_string_free(out, FALSE);
}
