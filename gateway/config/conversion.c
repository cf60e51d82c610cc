/* conversion.c - the configuration as the converters see it: plain data, keys as mapping/settings.h lists
 * them. */
#include "config/config.h"

#include <string.h>

static void add_text(GVariantBuilder *builder, const char *key, const char *value)
{
  if (value)
    g_variant_builder_add(builder, "{sv}", key, g_variant_new_string(value));
}

static void add_number(GVariantBuilder *builder, const char *key, guint value)
{
  g_variant_builder_add(builder, "{sv}", key, g_variant_new_uint32(value));
}

static GVariant *peers(const struct config *config)
{
  static const char *const modes[] = {"1988-normal", "1988-x410", "1984"};
  GVariantBuilder list;
  g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
  for (guint i = 0; i < config->peers->len; i++) {
    const struct config_peer *peer = config->peers->pdata[i];
    g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
    add_text(&list, "name", peer->name);
    add_text(&list, "country", peer->country);
    add_text(&list, "admd", peer->admd);
    add_text(&list, "prmd", peer->prmd);
    add_text(&list, "mode", modes[peer->mode]);
    add_text(&list, "remote-country", peer->remote_country);
    add_text(&list, "remote-admd", peer->remote_admd);
    add_text(&list, "remote-prmd", peer->remote_prmd);
    add_text(&list, "deferred-delivery",
             peer->deferred_delivery == CONFIG_DEFERRED_HONOUR ? "honour" : "pass");
    add_text(&list, "local-mta", peer->local_mta);
    add_text(&list, "remote-mta", peer->remote_mta);
    add_text(&list, "text-body", peer->text_body);
    add_text(&list, "text-downgrade", peer->text_downgrade);
    add_text(&list, "attachment-body", peer->attachment_body);
    add_text(&list, "alternative", peer->alternative);
    add_text(&list, "facsimile", peer->facsimile);
    add_text(&list, "edi-body", peer->edi_body);
    add_text(&list, "smime", peer->smime);
    add_text(&list, "content-type", peer->content_type);
    add_text(&list, "notifications", peer->notifications);
    add_text(&list, "receipt-requests", peer->receipt_requests);
    g_variant_builder_add(&list, "{sv}", "return-receipt-to", g_variant_new_boolean(peer->return_receipt_to));
    g_variant_builder_add(&list, "{sv}", "private-extensions", g_variant_new_boolean(peer->private_extensions));
    g_variant_builder_add(&list, "{sv}", "size-max", g_variant_new_uint64(peer->size_max));
    g_variant_builder_close(&list);
  }
  return g_variant_builder_end(&list);
}

static GVariant *routes(const struct config *config)
{
  GVariantBuilder list;
  g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
  for (guint i = 0; i < config->routes->len; i++) {
    const struct config_route *route = config->routes->pdata[i];
    g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
    add_text(&list, "or", route->or_prefix);
    add_text(&list, "peer", route->peer);
    g_variant_builder_add(
        &list, "{sv}", "fallbacks",
        g_variant_new_strv((const char *const *)route->fallbacks->pdata, route->fallbacks->len));
    add_text(&list, "domain", route->domain);
    add_text(&list, "smarthost", route->smarthost);
    add_number(&list, "port", route->port);
    add_number(&list, "line", route->line);
    g_variant_builder_close(&list);
  }
  return g_variant_builder_end(&list);
}

static GVariant *aliases(const struct config *config)
{
  GVariantBuilder list;
  g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
  for (guint i = 0; i < config->aliases->len; i++) {
    const struct config_alias *alias = config->aliases->pdata[i];
    g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
    add_text(&list, "country", alias->country);
    add_text(&list, "admd", alias->admd);
    add_text(&list, "of", alias->of);
    add_number(&list, "line", alias->line);
    g_variant_builder_close(&list);
  }
  return g_variant_builder_end(&list);
}

static GVariant *media(const struct config *config)
{
  GVariantBuilder list;
  g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
  for (guint i = 0; i < config->media->len; i++) {
    const struct config_media *one = config->media->pdata[i];
    g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
    add_text(&list, "type", one->type);
    add_text(&list, "body-part", one->body_part);
    add_text(&list, "application", one->application);
    g_variant_builder_close(&list);
  }
  return g_variant_builder_end(&list);
}

static GVariant *tables(const struct config *config)
{
  GVariantBuilder list;
  g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
  for (guint i = 0; i < config->tables->len; i++) {
    const struct config_table *table = config->tables->pdata[i];
    g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
    add_text(&list, "kind", table->kind);
    add_text(&list, "file", table->file);
    g_variant_builder_close(&list);
  }
  return g_variant_builder_end(&list);
}

static GVariant *sources(const struct config *config)
{
  static const char *const kinds[] = {"tables", "dns", "ldap"};
  GVariantBuilder list;
  g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
  for (guint i = 0; i < config->sources->len; i++) {
    const struct config_source *source = config->sources->pdata[i];
    g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
    add_text(&list, "kind", kinds[source->kind]);
    add_text(&list, "name", source->name);
    add_text(&list, "root", source->root);
    add_text(&list, "domain-root", source->domain_root);
    add_text(&list, "base", source->base);
    g_variant_builder_close(&list);
  }
  return g_variant_builder_end(&list);
}

GVariant *config_conversion(const struct config *config, guint generation)
{
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
  add_number(&builder, "generation", generation);
  add_text(&builder, "domain", config->domain);
  add_text(&builder, "hostname", config->smtp.hostname);
  add_text(&builder, "administrator", config->administrator);
  add_text(&builder, "or-address", config->or_address);
  add_text(&builder, "country", config->country);
  add_text(&builder, "admd", config->admd);
  add_text(&builder, "prmd", config->prmd);
  add_text(&builder, "mta-name", config->mta_name);
  add_text(&builder, "local-parts", config->local_parts);
  add_number(&builder, "depth-max", config->depth_max);
  add_number(&builder, "parts-max", config->parts_max);
  add_number(&builder, "headers-max", config->headers_max);
  add_number(&builder, "elements-max", config->elements_max);
  add_number(&builder, "hops-max", config->hops_max);
  g_variant_builder_add(&builder, "{sv}", "returned-max", g_variant_new_uint64(config->returned_max));
  add_text(&builder, "smarthost", config->smtp.smarthost);
  add_number(&builder, "smarthost-port", config->smtp.smarthost_port);
  g_variant_builder_add(&builder, "{sv}", "sources", sources(config));
  g_variant_builder_add(&builder, "{sv}", "longest-match",
                        g_variant_new_boolean(strcmp(config->match, "longest") == 0));
  add_number(&builder, "lookups-max", config->lookups_max);
  g_variant_builder_add(&builder, "{sv}", "peers", peers(config));
  g_variant_builder_add(&builder, "{sv}", "routes", routes(config));
  g_variant_builder_add(&builder, "{sv}", "aliases", aliases(config));
  g_variant_builder_add(&builder, "{sv}", "media", media(config));
  g_variant_builder_add(&builder, "{sv}", "tables", tables(config));
  return g_variant_builder_end(&builder);
}

const struct config_source *config_source(const struct config *config, const char *name)
{
  for (guint i = 0; name && i < config->sources->len; i++) {
    const struct config_source *source = config->sources->pdata[i];
    if (strcmp(source->name, name) == 0)
      return source;
  }
  return NULL;
}

const struct config_peer *config_peer(const struct config *config, const char *name)
{
  for (guint i = 0; name && i < config->peers->len; i++) {
    const struct config_peer *peer = config->peers->pdata[i];
    if (strcmp(peer->name, name) == 0)
      return peer;
  }
  return NULL;
}

static bool same_listeners(const GPtrArray *a, const GPtrArray *b)
{
  if (a->len != b->len)
    return false;
  for (guint i = 0; i < a->len; i++) {
    const struct config_listener *x = a->pdata[i], *y = b->pdata[i];
    if (strcmp(x->address, y->address) != 0 || x->port != y->port || x->tls != y->tls)
      return false;
  }
  return true;
}

static bool same_tls(const struct config_tls *a, const struct config_tls *b)
{
  return g_strcmp0(a->certificate, b->certificate) == 0 && g_strcmp0(a->key, b->key) == 0 &&
         g_strcmp0(a->ca, b->ca) == 0 && a->require_client == b->require_client;
}

char *config_needs_restart(const struct config *old, const struct config *new)
{
  const struct {
    const char *name;
    bool same;
  } kept[] = {
      {"smtp listen", same_listeners(old->smtp.listeners, new->smtp.listeners)},
      {"p1 listen", same_listeners(old->p1_listeners, new->p1_listeners)},
      {"smtp tls", same_tls(&old->smtp.tls, &new->smtp.tls)},
      {"p1 tls", same_tls(&old->p1_tls, &new->p1_tls)},
      {"spool", g_strcmp0(old->spool, new->spool) == 0},
      {"control-socket", g_strcmp0(old->control_socket, new->control_socket) == 0},
      {"disk-reserve", old->disk_reserve == new->disk_reserve},
      {"dns", g_strcmp0(old->dns_forward, new->dns_forward) == 0 && old->dns_lift_test == new->dns_lift_test},
      {"user", g_strcmp0(old->user, new->user) == 0}};
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(kept); i++)
    if (!kept[i].same)
      g_string_append_printf(text, "%s%s", text->len ? ", " : "", kept[i].name);
  return g_string_free(text, text->len == 0);
}
