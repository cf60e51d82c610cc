#include "config/profile.h"

#include <libxml/parser.h>
#include <string.h>

#define PROFILE_MAX_OCTETS 65536u

struct profile {
  xmlDoc *document;
};

/* A name, never a way out of the folders. */
static bool is_name(const char *name)
{
  gsize length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  return length > 0 && !name[length];
}

static char *find(const char *name, const char *folder)
{
  g_autofree char *file = g_strconcat(name, ".xml", NULL);
  char *path = g_build_filename(folder, "profiles", file, NULL);
  if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
    return path;
  g_free(path);
  path = g_build_filename(GW400_SHARE, "profiles", file, NULL);
  if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
    return path;
  g_free(path);
  return NULL;
}

static xmlDoc *parse(const char *path)
{
  g_autofree char *contents = NULL;
  gsize length;
  if (!g_file_get_contents(path, &contents, &length, NULL) || length == 0 || length > PROFILE_MAX_OCTETS)
    return NULL;
  return xmlReadMemory(contents, (int)length, path, NULL,
                       XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

static char *check(const xmlDoc *document, const char *path, const struct schema_element *element)
{
  const xmlNode *root = xmlDocGetRootElement((xmlDoc *)document);
  if (document->intSubset || !root || strcmp((const char *)root->name, "profile") != 0)
    return g_strdup_printf("%s: expected <profile> and no document type", path);
  for (const xmlAttr *given = root->properties; given; given = given->next) {
    const struct schema_attribute *known = element->attributes;
    while (known->name && strcmp(known->name, (const char *)given->name) != 0)
      known++;
    if (!known->name)
      return g_strdup_printf("%s: <%s> has no attribute %s", path, element->name, given->name);
    if (known->own)
      return g_strdup_printf("%s: %s is each peer's own, a profile cannot give it", path, known->name);
  }
  return NULL;
}

struct profile *profile_load(const char *name, const char *folder, const struct schema_element *element,
                             char **wrong_r)
{
  g_autofree char *path = is_name(name) ? find(name, folder) : NULL;
  xmlDoc *document = path ? parse(path) : NULL;
  if (!path)
    *wrong_r = g_strdup_printf("there is no such profile: neither %s/profiles/ nor %s/profiles/ has it",
                               folder, GW400_SHARE);
  else if (!document)
    *wrong_r = g_strdup_printf("%s: not well-formed XML", path);
  else
    *wrong_r = check(document, path, element);
  if (*wrong_r) {
    xmlFreeDoc(document);
    return NULL;
  }
  struct profile *profile = g_new0(struct profile, 1);
  profile->document = document;
  return profile;
}

char *profile_text(const struct profile *profile, const char *attribute)
{
  xmlNode *root = xmlDocGetRootElement(profile->document);
  xmlChar *given = xmlGetNoNsProp(root, (const xmlChar *)attribute);
  char *text = g_strdup((const char *)given);
  xmlFree(given);
  return text;
}

void profile_free(struct profile *profile)
{
  if (!profile)
    return;
  xmlFreeDoc(profile->document);
  g_free(profile);
}
