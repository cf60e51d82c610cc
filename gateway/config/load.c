/* load.c - reads the XML file along the schema's table into struct config; every mistake is collected, none
 * stops the rest. */
#include "config/check.h"
#include "config/config.h"
#include "config/profile.h"
#include "config/schema.h"
#include "config/value.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <string.h>

#define FILE_MAX_OCTETS (4u << 20)

struct loading {
  const char *file;
  char *folder;
  GPtrArray *messages;
  guint before; /* messages of others */
};

static void complain(struct loading *loading, long line, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void complain(struct loading *loading, long line, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(loading->messages, g_strdup_printf("%s:%ld: %s", loading->file, line, text));
}

/* --- names that are nearly right
 * ---------------------------------------------------------------------------------------- */

static guint distance(const char *a, const char *b)
{
  gsize width = strlen(b) + 1;
  g_autofree guint *row = g_new(guint, width);
  for (gsize j = 0; j < width; j++)
    row[j] = (guint)j;
  for (gsize i = 1; a[i - 1]; i++) {
    guint corner = row[0];
    row[0] = (guint)i;
    for (gsize j = 1; j < width; j++) {
      guint above = row[j];
      row[j] = MIN(MIN(row[j - 1], above) + 1, corner + (a[i - 1] != b[j - 1]));
      corner = above;
    }
  }
  return row[width - 1];
}

static void nearer(const char *wanted, const char *known, const char **best, guint *least)
{
  guint d = strlen(wanted) < 64 ? distance(wanted, known) : G_MAXUINT;
  if (strlen(wanted) > 3 && g_str_has_prefix(known, wanted))
    d = MIN(d, 2); /* half a name is nearer than its letters count */
  if (d < *least) {
    *least = d;
    *best = known;
  }
}

static void unknown_element(struct loading *loading, const xmlNode *node, const struct schema_element *parent)
{
  const char *best = NULL;
  guint least = 4;
  GString *all = g_string_new(NULL);
  for (const struct schema_element *child = parent->children; child && child->name; child++) {
    nearer((const char *)node->name, child->name, &best, &least);
    g_string_append_printf(all, "%s<%s>", all->len ? ", " : "", child->name);
  }
  if (best)
    complain(loading, xmlGetLineNo(node), "<%s> is not known inside <%s>; did you mean <%s>?", node->name,
             parent->name, best);
  else if (all->len)
    complain(loading, xmlGetLineNo(node), "<%s> is not known inside <%s>; expected one of %s", node->name,
             parent->name, all->str);
  else
    complain(loading, xmlGetLineNo(node), "<%s> stands inside <%s>, which takes no elements", node->name,
             parent->name);
  g_string_free(all, TRUE);
}

static void unknown_attribute(struct loading *loading, const xmlNode *node, const char *name,
                              const struct schema_element *element)
{
  const char *best = NULL;
  guint least = 4;
  GString *all = g_string_new(NULL);
  for (const struct schema_attribute *known = element->attributes; known->name; known++) {
    nearer(name, known->name, &best, &least);
    g_string_append_printf(all, "%s%s", all->len ? ", " : "", known->name);
  }
  if (best)
    complain(loading, xmlGetLineNo(node), "<%s> has no attribute %s; did you mean %s?", element->name, name,
             best);
  else
    complain(loading, xmlGetLineNo(node), "<%s> has no attribute %s; it takes %s", element->name, name,
             all->len ? all->str : "none");
  g_string_free(all, TRUE);
}

static char *attribute_text(const xmlNode *node, const char *name)
{
  xmlChar *given = xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)name);
  char *text = g_strdup((const char *)given);
  xmlFree(given);
  return text;
}

/* --- elements
 * ----------------------------------------------------------------------------------------------------------------
 */

/* What a row takes: the attribute, else the profile's, else the default. */
static void load_attribute(struct loading *loading, const xmlNode *node, const struct schema_element *element,
                           const struct schema_attribute *known, const struct profile *profile, void *base)
{
  g_autofree char *text = node ? attribute_text(node, known->name) : NULL;
  const char *where = "";
  if (!text && profile && (text = profile_text(profile, known->name)) != NULL)
    where = " (of its profile)";
  if (!text)
    text = g_strdup(known->standard);
  g_autofree char *wrong = text ? value_set(known, text, base, loading->folder) : NULL;
  long line = node ? xmlGetLineNo(node) : 0;
  if (wrong)
    complain(loading, line, "<%s %s=\"%s\">%s: %s", element->name, known->name, text, where, wrong);
  if (!text && known->required)
    complain(loading, line, "<%s> lacks the attribute %s: %s", element->name, known->name, known->help);
}

static struct profile *load_profile(struct loading *loading, const xmlNode *node,
                                    const struct schema_element *element)
{
  g_autofree char *name = element->profiled && node ? attribute_text(node, "profile") : NULL;
  g_autofree char *wrong = NULL;
  struct profile *profile = name ? profile_load(name, loading->folder, element, &wrong) : NULL;
  if (wrong)
    complain(loading, xmlGetLineNo(node), "<%s profile=\"%s\">: %s", element->name, name, wrong);
  return profile;
}

static void load_attributes(struct loading *loading, const xmlNode *node,
                            const struct schema_element *element, void *base)
{
  for (const xmlAttr *given = node ? node->properties : NULL; given; given = given->next) {
    const struct schema_attribute *known = element->attributes;
    while (known->name && strcmp(known->name, (const char *)given->name) != 0)
      known++;
    if (!known->name)
      unknown_attribute(loading, node, (const char *)given->name, element);
  }
  struct profile *profile = load_profile(loading, node, element);
  for (const struct schema_attribute *known = element->attributes; known->name; known++)
    load_attribute(loading, node, element, known, profile, base);
  profile_free(profile);
}

static void load_children(struct loading *loading, const xmlNode *node, const struct schema_element *element,
                          void *base);

static void load_element(struct loading *loading, const xmlNode *node, const struct schema_element *element,
                         void *parent)
{
  void *base = (char *)parent + element->offset;
  if (element->size > 0) {
    GPtrArray **list = base;
    base = value_struct_new(element);
    g_ptr_array_add(*list, base);
  }
  if (node && element->line_offset >= 0)
    *(guint *)(void *)((char *)base + element->line_offset) = (guint)xmlGetLineNo(node);
  load_attributes(loading, node, element, base);
  load_children(loading, node, element, base);
}

/* A single element that is absent is loaded all the same, for its defaults. */
static void load_children(struct loading *loading, const xmlNode *node, const struct schema_element *element,
                          void *base)
{
  for (const xmlNode *child = node ? node->children : NULL; child; child = child->next) {
    if (child->type == XML_TEXT_NODE && !xmlIsBlankNode(child))
      complain(loading, xmlGetLineNo(child), "text inside <%s>: all settings are attributes", element->name);
    if (child->type == XML_ENTITY_REF_NODE)
      complain(loading, xmlGetLineNo(child), "entities are not allowed");
    if (child->type != XML_ELEMENT_NODE)
      continue;
    const struct schema_element *known = element->children;
    while (known && known->name && strcmp(known->name, (const char *)child->name) != 0)
      known++;
    if (!known || !known->name)
      unknown_element(loading, child, element);
  }
  for (const struct schema_element *known = element->children; known && known->name; known++) {
    guint seen = 0;
    for (const xmlNode *child = node ? node->children : NULL; child; child = child->next) {
      if (child->type != XML_ELEMENT_NODE || strcmp(known->name, (const char *)child->name) != 0)
        continue;
      if (++seen > 1 && !known->many)
        complain(loading, xmlGetLineNo(child), "<%s> stands a second time; it is allowed once", known->name);
      else
        load_element(loading, child, known, base);
    }
    if (seen == 0 && known->required)
      complain(loading, node ? xmlGetLineNo(node) : 0, "<%s> lacks <%s>: %s", element->name, known->name,
               known->help);
    else if (seen == 0 && !known->many)
      load_element(loading, NULL, known, base);
  }
}

/* --- the file
 * ------------------------------------------------------------------------------------------------------------------
 */

static void xml_wrong(void *user, xmlErrorPtr error)
{
  struct loading *loading = user;
  if (loading->messages->len > loading->before)
    return; /* what follows from the first one helps nobody */
  g_autofree char *text = g_strchomp(g_strdup(error->message ? error->message : "not XML"));
  complain(loading, error->line, "not well-formed XML: %s", text);
}

static xmlDoc *parse(struct loading *loading)
{
  g_autofree char *contents = NULL;
  gsize length;
  g_autoptr(GError) error = NULL;
  if (!g_file_get_contents(loading->file, &contents, &length, &error)) {
    g_ptr_array_add(loading->messages, g_strdup_printf("%s:0: %s", loading->file, error->message));
    return NULL;
  }
  if (length > FILE_MAX_OCTETS) {
    complain(loading, 1, "larger than %u octets", FILE_MAX_OCTETS);
    return NULL;
  }
  if (length == 0) {
    complain(loading, 1, "the file is empty; expected <gw400>");
    return NULL;
  }
  xmlSetStructuredErrorFunc(loading, xml_wrong);
  xmlDoc *document = xmlReadMemory(contents, (int)length, loading->file, NULL,
                                   XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES);
  xmlSetStructuredErrorFunc(NULL, NULL);
  if (!document && loading->messages->len == loading->before)
    complain(loading, 1, "not well-formed XML");
  return document;
}

struct config *config_load(const char *file, GPtrArray *messages)
{
  g_autofree char *folder = g_path_get_dirname(file);
  guint before = messages->len;
  struct loading loading = {.file = file, .folder = folder, .messages = messages, .before = before};
  xmlDoc *document = parse(&loading);
  if (!document)
    return NULL;
  struct config *config = value_config_new(file);
  const xmlNode *root = xmlDocGetRootElement(document);
  if (document->intSubset)
    complain(&loading, 1, "a document type is not allowed");
  else if (!root || strcmp((const char *)root->name, "gw400") != 0)
    complain(&loading, root ? xmlGetLineNo(root) : 1, "the root element is <%s>; expected <gw400>",
             root ? (const char *)root->name : "");
  else {
    load_attributes(&loading, root, config_schema(), config);
    load_children(&loading, root, config_schema(), config);
  }
  xmlFreeDoc(document);
  if (messages->len == before)
    check_config(config, messages);
  if (messages->len == before)
    return config;
  config_unref(config);
  return NULL;
}
