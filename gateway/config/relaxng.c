/* relaxng.c - the RELAX NG schema (conf/gw400.rng) as a walk over the table. */
#include "config/config.h"
#include "config/schema.h"

#include <string.h>

static void put_indent(GString *out, guint depth)
{
  for (guint i = 0; i < depth; i++)
    g_string_append(out, "  ");
}

static void put(GString *out, guint depth, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void put(GString *out, guint depth, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  put_indent(out, depth);
  g_string_append_vprintf(out, format, arguments);
  g_string_append_c(out, '\n');
  va_end(arguments);
}

static void put_value(GString *out, guint depth, const struct schema_attribute *attribute)
{
  const char *choices = attribute->type == SCHEMA_BOOLEAN ? "yes|no" : attribute->choices;
  if (choices) {
    g_auto(GStrv) all = g_strsplit(choices, "|", -1);
    put(out, depth, "<choice>");
    for (guint i = 0; all[i]; i++)
      put(out, depth + 1, "<value>%s</value>", all[i]);
    put(out, depth, "</choice>");
  } else if (attribute->type == SCHEMA_NUMBER) {
    put(out, depth, "<data type=\"unsignedInt\">");
    put(out, depth + 1, "<param name=\"minInclusive\">%" G_GUINT64_FORMAT "</param>", attribute->minimum);
    put(out, depth + 1, "<param name=\"maxInclusive\">%" G_GUINT64_FORMAT "</param>", attribute->maximum);
    put(out, depth, "</data>");
  } else if (attribute->type == SCHEMA_SIZE || attribute->type == SCHEMA_DURATION) {
    put(out, depth, "<data type=\"string\"><param name=\"pattern\">[0-9]+[%s]?</param></data>",
        attribute->type == SCHEMA_SIZE ? "KMG" : "smhd");
  } else if (attribute->maximum) {
    put(out, depth, "<data type=\"string\"><param name=\"maxLength\">%" G_GUINT64_FORMAT "</param></data>",
        attribute->maximum);
  } else {
    put(out, depth, "<text/>");
  }
}

static void put_attribute(GString *out, guint depth, const struct schema_attribute *attribute)
{
  bool optional = !attribute->required;
  if (optional)
    put(out, depth++, "<optional>");
  put(out, depth, "<attribute name=\"%s\">", attribute->name);
  put_value(out, depth + 1, attribute);
  put(out, depth, "</attribute>");
  if (optional)
    put(out, depth - 1, "</optional>");
}

static void put_element(GString *out, guint depth, const struct schema_element *element)
{
  put(out, depth, "<element name=\"%s\">", element->name);
  for (const struct schema_attribute *attribute = element->attributes; attribute->name; attribute++)
    put_attribute(out, depth + 1, attribute);
  bool parent = element->children && element->children->name;
  if (parent)
    put(out, depth + 1, "<interleave>");
  for (const struct schema_element *child = element->children; child && child->name; child++) {
    const char *wrapper = child->many ? "zeroOrMore" : child->required ? NULL : "optional";
    if (wrapper)
      put(out, depth + 2, "<%s>", wrapper);
    put_element(out, depth + 2 + (wrapper != NULL), child);
    if (wrapper)
      put(out, depth + 2, "</%s>", wrapper);
  }
  if (parent)
    put(out, depth + 1, "</interleave>");
  else if (!element->attributes->name)
    put(out, depth + 1, "<empty/>");
  put(out, depth, "</element>");
}

char *config_relax_ng(void)
{
  GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                              "<!-- Generated from gateway/config/schema.c: make documents -->\n"
                              "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\" "
                              "datatypeLibrary=\"http://www.w3.org/2001/XMLSchema-datatypes\">\n"
                              "  <start>\n");
  put_element(out, 2, config_schema());
  g_string_append(out, "  </start>\n</grammar>\n");
  return g_string_free(out, FALSE);
}
