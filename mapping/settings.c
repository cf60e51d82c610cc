#include "mapping/settings.h"

#include "mapping/mailbox.h"
#include "mapping/mapping.h"

#include <string.h>

/* Values where the configuration says nothing: one that was written by hand, a test, `gw400 convert`. */
enum { DEPTH_MAX = 20, PARTS_MAX = 1000, HEADERS_MAX = 2000, ELEMENTS_MAX = 200000, HOPS_MAX = 50, RETURNED_MAX = 1 << 20, LOOKUPS_MAX = 100 };

static char *text(GVariant *dictionary, const char *key)
{
  char *value = NULL;
  g_variant_lookup(dictionary, key, "s", &value);
  if (value && !*value)
    g_clear_pointer(&value, g_free);
  return value;
}

static guint number(GVariant *dictionary, const char *key, guint otherwise)
{
  guint32 value = 0;
  return g_variant_lookup(dictionary, key, "u", &value) && value ? value : otherwise;
}

static void read_gdi(GVariant *dictionary, const char *prefix, struct mapping_gdi *gdi)
{
  g_autofree char *country = g_strconcat(prefix, "country", NULL), *admd = g_strconcat(prefix, "admd", NULL),
                  *prmd = g_strconcat(prefix, "prmd", NULL);
  gdi->country = text(dictionary, country);
  gdi->admd = text(dictionary, admd);
  gdi->prmd = text(dictionary, prmd);
}

static void clear_gdi(struct mapping_gdi *gdi)
{
  g_free(gdi->country);
  g_free(gdi->admd);
  g_free(gdi->prmd);
}

bool mapping_text_forms_read(const char *words, struct mapping_text_forms *forms)
{
  static const char *const names[] = {"general-text", "utf-8", "iso8859-1",     "teletex",
                                      "teletex-sets", "ia5",   "file-transfer", "harpoon"};
  g_auto(GStrv) list = g_strsplit_set(words, " \t\n", -1);
  for (char **word = list; *word; word++) {
    guint i = 0;
    while (i < G_N_ELEMENTS(names) && strcmp(names[i], *word) != 0)
      i++;
    if (**word && (i == G_N_ELEMENTS(names) || forms->count == MAPPING_TEXT_FORMS_MAX))
      return false;
    if (**word)
      forms->list[forms->count++] = (enum mapping_text_body)i;
  }
  return true;
}

/* What says nothing of the rest keeps every text whole: as a file where the peer reads what 1988 has, else as MIME
 * in IA5 text. */
static void read_text_forms(const char *body, const char *downgrade, struct mapping_text_forms *forms)
{
  if (!body || !mapping_text_forms_read(body, forms) || !forms->count)
    *forms = (struct mapping_text_forms){.list = {MAPPING_TEXT_GENERAL}, .count = 1};
  guint first = forms->count;
  if (downgrade && mapping_text_forms_read(downgrade, forms) && forms->count > first)
    return;
  forms->count = first;
  bool reads_1988 = forms->list[0] == MAPPING_TEXT_GENERAL || forms->list[0] == MAPPING_TEXT_UTF8;
  forms->list[forms->count++] = reads_1988 ? MAPPING_TEXT_FILE : MAPPING_TEXT_HARPOON;
}

static void peer_free(gpointer data)
{
  struct mapping_peer *peer = data;
  g_free(peer->name);
  g_free(peer->local_mta);
  g_free(peer->remote_mta);
  clear_gdi(&peer->gdi);
  clear_gdi(&peer->remote_gdi);
  g_free(peer);
}

static bool yes(GVariant *dictionary, const char *key, gboolean otherwise)
{
  gboolean value = otherwise;
  g_variant_lookup(dictionary, key, "b", &value);
  return value;
}

static void read_notifications(GVariant *dictionary, struct mapping_peer *peer)
{
  g_autofree char *form = text(dictionary, "notifications"), *requests = text(dictionary, "receipt-requests");
  peer->notification_text = g_strcmp0(form, "text") == 0;
  peer->receipt_requests = g_strcmp0(requests, "any") == 0    ? MAPPING_RECEIPTS_ANY
                           : g_strcmp0(requests, "none") == 0 ? MAPPING_RECEIPTS_NONE
                                                              : MAPPING_RECEIPTS_RETURN_PATH;
  peer->return_receipt_to = yes(dictionary, "return-receipt-to", FALSE);
  peer->private_extensions = yes(dictionary, "private-extensions", TRUE);
}

static enum mapping_edi_body edi_body(const char *name)
{
  static const char *const names[] = {"attachment",    "ia5", "bilateral", "externally-defined",
                                      "file-transfer", "p35", "off"}; /* as the enumeration has them */
  for (guint i = 0; name && i < G_N_ELEMENTS(names); i++)
    if (!strcmp(names[i], name))
      return (enum mapping_edi_body)i;
  return MAPPING_EDI_ATTACHMENT;
}

/* What a peer's sheet leaves out of the global domain identifier is the gateway's own. */
static struct mapping_peer *read_peer(GVariant *dictionary, const struct mapping_gdi *own)
{
  struct mapping_peer *peer = g_new0(struct mapping_peer, 1);
  peer->name = text(dictionary, "name");
  peer->local_mta = text(dictionary, "local-mta");
  peer->remote_mta = text(dictionary, "remote-mta");
  read_gdi(dictionary, "", &peer->gdi);
  if (!peer->gdi.country) {
    clear_gdi(&peer->gdi);
    peer->gdi = (struct mapping_gdi){g_strdup(own->country), g_strdup(own->admd), g_strdup(own->prmd)};
  }
  read_gdi(dictionary, "remote-", &peer->remote_gdi);
  g_autofree char *deferred = text(dictionary, "deferred-delivery");
  peer->deferred_honour = g_strcmp0(deferred, "honour") == 0;
  g_autofree char *body = text(dictionary, "text-body"), *attachment = text(dictionary, "attachment-body"),
                  *content = text(dictionary, "content-type"), *mode = text(dictionary, "mode");
  g_autofree char *downgrade = text(dictionary, "text-downgrade");
  read_text_forms(body, downgrade, &peer->text_forms);
  g_autofree char *edi = text(dictionary, "edi-body");
  peer->attachment_body = g_strcmp0(attachment, "bilateral") == 0            ? MAPPING_ATTACHMENT_BILATERAL
                          : g_strcmp0(attachment, "externally-defined") == 0 ? MAPPING_ATTACHMENT_EXTERNAL
                          : g_strcmp0(attachment, "mime") == 0               ? MAPPING_ATTACHMENT_MIME
                                                                             : MAPPING_ATTACHMENT_FILE_TRANSFER;
  g_autofree char *alternative = text(dictionary, "alternative"), *facsimile = text(dictionary, "facsimile");
  peer->text_alone = g_strcmp0(alternative, "text") == 0;
  peer->tiff = g_strcmp0(facsimile, "tiff") == 0;
  peer->edi_body = edi_body(edi);
  g_autofree char *smime = text(dictionary, "smime");
  peer->smime_content = g_strcmp0(smime, "content") == 0;
  peer->content_type = g_strcmp0(content, "2") == 0 ? 2 : g_strcmp0(content, "22") == 0 ? 22 : 0;
  peer->p1_1984 = g_strcmp0(mode, "1984") == 0;
  g_variant_lookup(dictionary, "size-max", "t", &peer->size_max);
  read_notifications(dictionary, peer);
  return peer;
}

static void read_peers(GVariant *dictionary, struct mapping_settings *settings)
{
  settings->peers = g_ptr_array_new_with_free_func(peer_free);
  g_autoptr(GVariant) peers = g_variant_lookup_value(dictionary, "peers", G_VARIANT_TYPE("aa{sv}"));
  gsize count = peers ? g_variant_n_children(peers) : 0;
  for (gsize i = 0; i < count; i++) {
    g_autoptr(GVariant) one = g_variant_get_child_value(peers, i);
    g_ptr_array_add(settings->peers, read_peer(one, &settings->gdi));
  }
}

static void media_free(gpointer data)
{
  struct mapping_media *media = data;
  g_free(media->type);
  g_free(media->body_part);
  g_free(media->application);
  g_free(media);
}

static void read_media(GVariant *dictionary, struct mapping_settings *settings)
{
  settings->media = g_ptr_array_new_with_free_func(media_free);
  g_autoptr(GVariant) list = g_variant_lookup_value(dictionary, "media", G_VARIANT_TYPE("aa{sv}"));
  gsize count = list ? g_variant_n_children(list) : 0;
  for (gsize i = 0; i < count; i++) {
    g_autoptr(GVariant) one = g_variant_get_child_value(list, i);
    struct mapping_media *media = g_new0(struct mapping_media, 1);
    media->type = text(one, "type");
    media->body_part = text(one, "body-part");
    media->application = text(one, "application");
    g_ptr_array_add(settings->media, media);
  }
}

static void source_free(gpointer data)
{
  struct mapping_source *source = data;
  g_free(source->name);
  g_free(source->root);
  g_free(source->domain_root);
  g_free(source->base);
  g_free(source);
}

static char *text_or_empty(GVariant *dictionary, const char *key)
{
  char *value = text(dictionary, key);
  return value ? value : g_strdup("");
}

static struct mapping_source *read_source(GVariant *dictionary)
{
  struct mapping_source *source = g_new0(struct mapping_source, 1);
  g_autofree char *kind = text_or_empty(dictionary, "kind");
  source->kind = strcmp(kind, "dns") == 0    ? MAPPING_SOURCE_DNS
                 : strcmp(kind, "ldap") == 0 ? MAPPING_SOURCE_LDAP
                                             : MAPPING_SOURCE_TABLES;
  source->name = text_or_empty(dictionary, "name");
  source->root = text_or_empty(dictionary, "root");
  source->domain_root = text_or_empty(dictionary, "domain-root");
  source->base = text_or_empty(dictionary, "base");
  return source;
}

static void read_sources(GVariant *dictionary, struct mapping_settings *settings)
{
  settings->sources = g_ptr_array_new_with_free_func(source_free);
  g_autoptr(GVariant) sources = g_variant_lookup_value(dictionary, "sources", G_VARIANT_TYPE("aa{sv}"));
  gsize count = sources ? g_variant_n_children(sources) : 0;
  for (gsize i = 0; i < count; i++) {
    g_autoptr(GVariant) one = g_variant_get_child_value(sources, i);
    g_ptr_array_add(settings->sources, read_source(one));
  }
  if (count == 0)
    g_ptr_array_add(settings->sources, g_new0(struct mapping_source, 1));
  gboolean longest = FALSE;
  g_variant_lookup(dictionary, "longest-match", "b", &longest);
  settings->longest_match = longest;
  settings->lookups_max = number(dictionary, "lookups-max", LOOKUPS_MAX);
}

static bool check(const struct mapping_settings *settings, GError **error)
{
  const char *wrong = !settings->domain || !mailbox_domain_is_plain(settings->domain) ? "domain"
                      : !settings->or_address                                         ? "or-address"
                      : !settings->gdi.country                                        ? "country"
                                                                                      : NULL;
  if (!wrong) {
    for (guint i = 0; i < settings->peers->len && !wrong; i++)
      wrong = ((struct mapping_peer *)settings->peers->pdata[i])->name ? NULL : "peers: name";
    for (guint i = 0; i < settings->media->len && !wrong; i++)
      wrong = ((struct mapping_media *)settings->media->pdata[i])->type ? NULL : "media: type";
  }
  if (wrong)
    g_set_error(error, MAPPING_ERROR, MAPPING_ERROR_SETTINGS, "settings: \"%s\" is missing or not valid",
                wrong);
  return !wrong;
}

struct mapping_settings *mapping_settings_new(GVariant *dictionary, GError **error)
{
  struct mapping_settings *settings = g_new0(struct mapping_settings, 1);
  settings->generation = number(dictionary, "generation", 0);
  settings->domain = text(dictionary, "domain");
  settings->hostname = text(dictionary, "hostname");
  settings->administrator = text(dictionary, "administrator");
  settings->or_address = text(dictionary, "or-address");
  settings->mta_name = text(dictionary, "mta-name");
  g_autofree char *local_parts = text(dictionary, "local-parts");
  settings->exact_local_parts = g_strcmp0(local_parts, "exact") == 0;
  read_gdi(dictionary, "", &settings->gdi);
  settings->depth_max = number(dictionary, "depth-max", DEPTH_MAX);
  settings->parts_max = number(dictionary, "parts-max", PARTS_MAX);
  settings->headers_max = number(dictionary, "headers-max", HEADERS_MAX);
  settings->elements_max = number(dictionary, "elements-max", ELEMENTS_MAX);
  settings->hops_max = number(dictionary, "hops-max", HOPS_MAX);
  settings->returned_max = RETURNED_MAX;
  g_variant_lookup(dictionary, "returned-max", "t", &settings->returned_max);
  settings->smarthost = text(dictionary, "smarthost");
  settings->smarthost_port = number(dictionary, "smarthost-port", 25);
  read_peers(dictionary, settings);
  read_media(dictionary, settings);
  read_sources(dictionary, settings);
  settings->routes = g_variant_lookup_value(dictionary, "routes", G_VARIANT_TYPE("aa{sv}"));
  settings->aliases = g_variant_lookup_value(dictionary, "aliases", G_VARIANT_TYPE("aa{sv}"));
  settings->tables = g_variant_lookup_value(dictionary, "tables", G_VARIANT_TYPE("aa{sv}"));
  if (!settings->hostname)
    settings->hostname = g_strdup(settings->domain);
  if (!settings->administrator && settings->domain)
    settings->administrator = g_strdup_printf("postmaster@%s", settings->domain);
  if (!settings->mta_name)
    settings->mta_name = g_strdup(settings->hostname);
  if (check(settings, error))
    return settings;
  mapping_settings_free(settings);
  return NULL;
}

void mapping_settings_free(struct mapping_settings *settings)
{
  if (!settings)
    return;
  g_free(settings->domain);
  g_free(settings->hostname);
  g_free(settings->administrator);
  g_free(settings->or_address);
  g_free(settings->mta_name);
  g_free(settings->smarthost);
  clear_gdi(&settings->gdi);
  g_ptr_array_unref(settings->peers);
  g_ptr_array_unref(settings->media);
  g_ptr_array_unref(settings->sources);
  g_clear_pointer(&settings->routes, g_variant_unref);
  g_clear_pointer(&settings->aliases, g_variant_unref);
  g_clear_pointer(&settings->tables, g_variant_unref);
  g_free(settings);
}

bool mapping_peer_p2(const struct mapping_peer *peer)
{
  return peer->content_type == 2 || (peer->p1_1984 && peer->content_type != 22);
}

const struct mapping_peer *mapping_settings_peer(const struct mapping_settings *settings, const char *name)
{
  for (guint i = 0; name && i < settings->peers->len; i++) {
    const struct mapping_peer *peer = settings->peers->pdata[i];
    if (g_strcmp0(peer->name, name) == 0)
      return peer;
  }
  return NULL;
}
