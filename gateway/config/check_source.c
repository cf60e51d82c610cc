/* check_source.c - <addressing><source>: what each kind needs, and no other kind's settings. */
#include "config/check.h"

#include <string.h>

#define COMPLAIN(...) check_complain(messages, config, source->line, "<source" __VA_ARGS__)

static bool is_domain(const char *text)
{
  gsize length = strlen(text);
  return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == length &&
         text[0] != '.' && text[length - 1] != '.' && !strstr(text, "..");
}

static void check_dns(const struct config *config, const struct config_source *source, GPtrArray *messages)
{
  if (source->root && !is_domain(source->root))
    COMPLAIN(" root=\"%s\">: expected a domain name without a dot at its end", source->root);
  if (source->domain_root && !is_domain(source->domain_root))
    COMPLAIN(" domain-root=\"%s\">: expected a domain name without a dot at its end", source->domain_root);
}

static void check_ldap(const struct config *config, const struct config_source *source, GPtrArray *messages)
{
  bool tls = source->url && g_str_has_prefix(source->url, "ldaps://");
  if (!source->url || !source->base)
    COMPLAIN(" kind=\"ldap\"> needs url and base");
  else if (!tls && !g_str_has_prefix(source->url, "ldap://"))
    COMPLAIN(" url=\"%s\">: expected ldap://HOST[:PORT] or ldaps://HOST[:PORT]", source->url);
  else if (!strchr(source->base, '='))
    COMPLAIN(" base=\"%s\">: expected a distinguished name, as ou=MIXER MCGAMs,o=Zydeco Plc,c=GB",
             source->base);
  if (!source->bind_dn != !source->password_file)
    COMPLAIN(" kind=\"ldap\">: bind-dn and password-file go together");
  if (source->password_file && !tls && source->tls == CONFIG_LDAP_TLS_NEVER && source->url &&
      !strstr(source->url, "//127.0.0.1") && !strstr(source->url, "//localhost") &&
      !strstr(source->url, "//[::1]"))
    COMPLAIN(" bind-dn=\"%s\">: its password would go in clear: tls=\"start\" or ldaps://", source->bind_dn);
  check_file(config, source->line, "source password-file", source->password_file, true, messages);
  check_file(config, source->line, "source ca", source->ca, false, messages);
}

static void check_one(struct config *config, guint place, GPtrArray *messages)
{
  static const char *const kinds[] = {"tables", "dns", "ldap"};
  struct config_source *source = config->sources->pdata[place];
  if (!source->name)
    source->name = g_strdup(kinds[source->kind]);
  for (guint i = 0; i < place; i++)
    if (strcmp(source->name, ((const struct config_source *)config->sources->pdata[i])->name) == 0)
      COMPLAIN(" kind=\"%s\">: a second one of the name %s; give it another by name", kinds[source->kind],
               source->name);
  if (source->kind != CONFIG_SOURCE_DNS && (source->root || source->domain_root))
    COMPLAIN(" kind=\"%s\">: root and domain-root are of dns", kinds[source->kind]);
  if (source->kind != CONFIG_SOURCE_LDAP && (source->url || source->base || source->bind_dn || source->ca))
    COMPLAIN(" kind=\"%s\">: url, base, bind-dn and ca are of ldap", kinds[source->kind]);
  if (source->kind == CONFIG_SOURCE_DNS)
    check_dns(config, source, messages);
  if (source->kind == CONFIG_SOURCE_LDAP)
    check_ldap(config, source, messages);
}

void check_sources(struct config *config, GPtrArray *messages)
{
  bool tables = config->sources->len == 0;
  for (guint i = 0; i < config->sources->len; i++) {
    check_one(config, i, messages);
    tables =
        tables || ((const struct config_source *)config->sources->pdata[i])->kind == CONFIG_SOURCE_TABLES;
  }
  for (guint i = 0; !tables && i < config->tables->len; i++)
    check_complain(messages, config, ((const struct config_table *)config->tables->pdata[i])->line,
                   "<table>: no <source kind=\"tables\"/> in <addressing>, so it would not be used");
}
