#include "config/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void check_route(const struct config *config, const struct config_route *route, GPtrArray *messages)
{
  if (!route->or_prefix == !route->domain)
    check_complain(messages, config, route->line, "<route> needs either or (with peer) or domain");
  else if (route->or_prefix && !route->peer)
    check_complain(messages, config, route->line, "<route or=\"%s\"> lacks peer", route->or_prefix);
  else if (route->or_prefix && !config_peer(config, route->peer))
    check_complain(messages, config, route->line, "<route peer=\"%s\">: there is no <peer> of this name",
                   route->peer);
  else if (route->domain && route->peer)
    check_complain(messages, config, route->line,
                   "<route domain=\"%s\"> cannot lead to a peer: domains are mapped by tables, O/R addresses "
                   "routed by or",
                   route->domain);
  else if (route->or_prefix && route->or_prefix[0] != '/')
    check_complain(messages, config, route->line,
                   "<route or=\"%s\">: expected the form /PRMD=../ADMD=../C=../", route->or_prefix);
}

static void check_fallbacks(const struct config *config, const struct config_route *route,
                            GPtrArray *messages)
{
  if (route->fallbacks->len > 0 && !route->or_prefix)
    check_complain(messages, config, route->line, "<fallback> belongs into a <route> with or");
  for (guint i = 0; i < route->fallbacks->len; i++) {
    const char *name = route->fallbacks->pdata[i];
    bool again = g_strcmp0(name, route->peer) == 0;
    for (guint k = 0; k < i; k++)
      again = again || strcmp(name, route->fallbacks->pdata[k]) == 0;
    if (!config_peer(config, name))
      check_complain(messages, config, route->line, "<fallback peer=\"%s\">: there is no <peer> of this name",
                     name);
    else if (again)
      check_complain(messages, config, route->line,
                     "<fallback peer=\"%s\"> stands a second time in its <route>", name);
  }
}

static void check_doors(const struct config *config, GPtrArray *messages)
{
  for (guint i = 0; i < config->p1_listeners->len; i++) {
    const struct config_listener *listener = config->p1_listeners->pdata[i];
    if (listener->tls && !config->p1_tls.certificate)
      check_complain(messages, config, listener->line,
                     "<listen port=\"%u\" tls=\"yes\"> needs <tls certificate= key=> in <p1>",
                     listener->port);
  }
}

void check_complain(GPtrArray *messages, const struct config *config, guint line, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(messages, g_strdup_printf("%s:%u: %s", config->file, line, text));
}

void check_file(const struct config *config, guint line, const char *what, const char *file, bool secret,
                GPtrArray *messages)
{
  struct stat status;
  if (!file)
    return;
  if (stat(file, &status) < 0)
    check_complain(messages, config, line, "<%s=\"%s\">: %s", what, file, g_strerror(errno));
  else if (!S_ISREG(status.st_mode))
    check_complain(messages, config, line, "<%s=\"%s\">: not a file", what, file);
  else if (secret && (status.st_mode & S_IRWXO))
    check_complain(messages, config, line, "<%s=\"%s\"> may be read by everybody; expected mode 0640 or less",
                   what, file);
}

static bool printable(const char *text)
{
  return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?") ==
         strlen(text);
}

static bool is_country(const char *text)
{
  gsize length = strlen(text);
  return length == 2 ? g_ascii_isalpha(text[0]) && g_ascii_isalpha(text[1])
                     : length == 3 && strspn(text, "0123456789") == 3;
}

void check_domain(const struct config *config, guint line, const char *element, const char *prefix,
                  const char *country, const char *admd, const char *prmd, GPtrArray *messages)
{
  if (!is_country(country))
    check_complain(messages, config, line,
                   "<%s %scountry=\"%s\">: expected two letters or three digits (X.411 8.5.1)", element,
                   prefix, country);
  if (admd && !printable(admd))
    check_complain(messages, config, line, "<%s %sadmd=\"%s\">: expected PrintableString characters", element,
                   prefix, admd);
  if (prmd && !printable(prmd))
    check_complain(messages, config, line, "<%s %sprmd=\"%s\">: expected PrintableString characters", element,
                   prefix, prmd);
}

void check_tls(const struct config *config, const struct config_tls *tls, GPtrArray *messages)
{
  if (!tls->certificate != !tls->key)
    check_complain(messages, config, tls->line, "<tls>: certificate and key go together");
  if (tls->require_client && !tls->ca)
    check_complain(messages, config, tls->line, "<tls require-client=\"yes\"> needs ca");
  check_file(config, tls->line, "tls certificate", tls->certificate, false, messages);
  check_file(config, tls->line, "tls key", tls->key, true, messages);
  check_file(config, tls->line, "tls ca", tls->ca, false, messages);
}

static bool is_object_identifier(const char *text)
{
  g_auto(GStrv) arcs = g_strsplit(text, ".", -1);
  bool good = g_strv_length(arcs) >= 2 && strlen(arcs[0]) == 1 && arcs[0][0] >= '0' && arcs[0][0] <= '2';
  for (char **arc = arcs; good && *arc; arc++)
    good = **arc && strspn(*arc, "0123456789") == strlen(*arc) && (**arc != '0' || !(*arc)[1]);
  return good;
}

static void check_media(const struct config *config, const struct config_media *media, GPtrArray *messages)
{
  const char *slash = strchr(media->type, '/');
  if (!slash || slash == media->type || !slash[1] || strpbrk(slash + 1, "/; "))
    check_complain(messages, config, media->line, "<media type=\"%s\">: expected type/subtype", media->type);
  if (!media->body_part && !media->application)
    check_complain(messages, config, media->line, "<media type=\"%s\"> needs body-part or application",
                   media->type);
  const char *const oids[] = {media->body_part, media->application};
  for (gsize i = 0; i < G_N_ELEMENTS(oids); i++)
    if (oids[i] && !is_object_identifier(oids[i]))
      check_complain(messages, config, media->line,
                     "<media> %s=\"%s\": expected an object identifier as 2.6.1.4",
                     i ? "application" : "body-part", oids[i]);
}

void check_config(struct config *config, GPtrArray *messages)
{
  if (config->smtp.relay_networks->len == 0 && config->smtp.relay_certificates->len == 0) {
    g_ptr_array_add(config->smtp.relay_networks, g_strdup("127.0.0.0/8"));
    g_ptr_array_add(config->smtp.relay_networks, g_strdup("::1/128"));
  }
  check_domain(config, config->gateway_line, "gateway", "", config->country, config->admd, config->prmd,
               messages);
  for (guint i = 0; i < config->peers->len; i++)
    check_peer(config, i, messages);
  for (guint i = 0; i < config->routes->len; i++) {
    check_route(config, config->routes->pdata[i], messages);
    check_fallbacks(config, config->routes->pdata[i], messages);
  }
  for (guint i = 0; i < config->media->len; i++)
    check_media(config, config->media->pdata[i], messages);
  for (guint i = 0; i < config->tables->len; i++) {
    const struct config_table *table = config->tables->pdata[i];
    if (!g_file_test(table->file, G_FILE_TEST_IS_REGULAR))
      check_complain(messages, config, table->line, "<table file=\"%s\">: there is no such file",
                     table->file);
  }
  check_sources(config, messages);
  check_tls(config, &config->smtp.tls, messages);
  config->smtp.client_tls_files.line = config->smtp.line;
  check_tls(config, &config->smtp.client_tls_files, messages);
  if (config->smtp.tls_required && !config->smtp.tls.certificate)
    check_complain(messages, config, config->smtp.line,
                   "<smtp tls-required=\"yes\"> needs <tls> with a certificate");
  if (config->smtp.relay_certificates->len > 0 && !config->smtp.tls.ca)
    check_complain(messages, config, config->smtp.line,
                   "<relay certificate> needs <tls> with ca, to verify it");
  check_doors(config, messages);
  check_tls(config, &config->p1_tls, messages);
  if (config->retry_first_s > config->retry_max_s)
    check_complain(messages, config, config->queue_line, "<queue retry-first> is longer than retry-max");
}
