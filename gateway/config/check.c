#include "config/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define PASSWORD_MAX 62u /* octets (X.411: ub-password-length) */

static void complain(GPtrArray *messages, const struct config *config, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
static void complain(GPtrArray *messages, const struct config *config, guint line, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(messages, g_strdup_printf("%s:%u: %s", config->file, line, text));
}

static GBytes *read_password(const struct config *config, const struct config_peer *peer, const char *file,
                             const char *name, GPtrArray *messages)
{
  struct stat status;
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr(GError) error = NULL;
  if (!file)
    return NULL;
  if (stat(file, &status) == 0 && (status.st_mode & (S_IRWXO))) {
    complain(messages, config, peer->line,
             "<peer name=\"%s\" %s>: %s may be read by everybody; expected mode 0640 or less", peer->name,
             name, file);
    return NULL;
  }
  if (!g_file_get_contents(file, &text, &length, &error)) {
    complain(messages, config, peer->line, "<peer name=\"%s\" %s>: %s", peer->name, name, error->message);
    return NULL;
  }
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
    length--;
  if (length > PASSWORD_MAX)
    complain(messages, config, peer->line,
             "<peer name=\"%s\" %s>: the password is longer than %u octets (X.411)", peer->name, name,
             PASSWORD_MAX);
  GBytes *password = g_bytes_new(text, length);
  explicit_bzero(text, strlen(text));
  return password;
}

static void inherit_text(char **value, const char *from)
{
  if (!*value)
    *value = g_strdup(from);
}

static void check_peer(struct config *config, guint index, GPtrArray *messages)
{
  struct config_peer *peer = config->peers->pdata[index];
  peer->local_password =
      read_password(config, peer, peer->local_password_file, "local-password-file", messages);
  peer->remote_password =
      read_password(config, peer, peer->remote_password_file, "remote-password-file", messages);
  /* a peer that has its own country has its own domain: nothing of ours is mixed into it */
  if (!peer->country) {
    inherit_text(&peer->country, config->country);
    inherit_text(&peer->admd, config->admd);
    inherit_text(&peer->prmd, config->prmd);
  }
  inherit_text(&peer->admd, " ");
  if (peer->tpdu_size_code > 0 && peer->tpdu_size_code < 7)
    complain(messages, config, peer->line, "<peer name=\"%s\" tpdu-size=\"%u\">: expected 0 or 7 to 13",
             peer->name, peer->tpdu_size_code);
  for (guint i = 0; i < index; i++) {
    const struct config_peer *other = config->peers->pdata[i];
    if (strcmp(other->name, peer->name) == 0)
      complain(messages, config, peer->line, "<peer name=\"%s\"> stands a second time; first on line %u",
               peer->name, other->line);
    else if (strcmp(other->remote_mta, peer->remote_mta) == 0)
      complain(messages, config, peer->line,
               "<peer name=\"%s\" remote-mta=\"%s\">: peer %s (line %u) has the same, a call could not be "
               "told apart",
               peer->name, peer->remote_mta, other->name, other->line);
  }
}

static void check_route(const struct config *config, const struct config_route *route, GPtrArray *messages)
{
  if (!route->or_prefix == !route->domain)
    complain(messages, config, route->line, "<route> needs either or (with peer) or domain");
  else if (route->or_prefix && !route->peer)
    complain(messages, config, route->line, "<route or=\"%s\"> lacks peer", route->or_prefix);
  else if (route->or_prefix && !config_peer(config, route->peer))
    complain(messages, config, route->line, "<route peer=\"%s\">: there is no <peer> of this name",
             route->peer);
  else if (route->domain && route->peer)
    complain(messages, config, route->line,
             "<route domain=\"%s\"> cannot lead to a peer: domains are mapped by tables, O/R addresses "
             "routed by or",
             route->domain);
  else if (route->or_prefix && route->or_prefix[0] != '/')
    complain(messages, config, route->line, "<route or=\"%s\">: expected the form /PRMD=../ADMD=../C=../",
             route->or_prefix);
}

static void check_file(const struct config *config, guint line, const char *what, const char *file,
                       bool secret, GPtrArray *messages)
{
  struct stat status;
  if (!file)
    return;
  if (stat(file, &status) < 0)
    complain(messages, config, line, "<tls %s=\"%s\">: %s", what, file, g_strerror(errno));
  else if (!S_ISREG(status.st_mode))
    complain(messages, config, line, "<tls %s=\"%s\">: not a file", what, file);
  else if (secret && (status.st_mode & S_IRWXO))
    complain(messages, config, line, "<tls %s=\"%s\"> may be read by everybody; expected mode 0640 or less",
             what, file);
}

static void check_tls(const struct config *config, const struct config_tls *tls, GPtrArray *messages)
{
  if (!tls->certificate != !tls->key)
    complain(messages, config, tls->line, "<tls>: certificate and key go together");
  if (tls->require_client && !tls->ca)
    complain(messages, config, tls->line, "<tls require-client=\"yes\"> needs ca");
  check_file(config, tls->line, "certificate", tls->certificate, false, messages);
  check_file(config, tls->line, "key", tls->key, true, messages);
  check_file(config, tls->line, "ca", tls->ca, false, messages);
}

static void check_doors(const struct config *config, GPtrArray *messages)
{
  for (guint i = 0; i < config->p1_listeners->len; i++) {
    const struct config_listener *listener = config->p1_listeners->pdata[i];
    if (listener->tls && !config->p1_tls.certificate)
      complain(messages, config, listener->line,
               "<listen port=\"%u\" tls=\"yes\"> needs <tls certificate= key=> in <p1>", listener->port);
  }
}

void check_config(struct config *config, GPtrArray *messages)
{
  if (config->smtp.relay_networks->len == 0 && config->smtp.relay_certificates->len == 0) {
    g_ptr_array_add(config->smtp.relay_networks, g_strdup("127.0.0.0/8"));
    g_ptr_array_add(config->smtp.relay_networks, g_strdup("::1/128"));
  }
  for (guint i = 0; i < config->peers->len; i++)
    check_peer(config, i, messages);
  for (guint i = 0; i < config->peers->len; i++)
    check_tls(config, &((const struct config_peer *)config->peers->pdata[i])->tls_files, messages);
  for (guint i = 0; i < config->routes->len; i++)
    check_route(config, config->routes->pdata[i], messages);
  for (guint i = 0; i < config->tables->len; i++) {
    const struct config_table *table = config->tables->pdata[i];
    if (!g_file_test(table->file, G_FILE_TEST_IS_REGULAR))
      complain(messages, config, table->line, "<table file=\"%s\">: there is no such file", table->file);
  }
  check_tls(config, &config->smtp.tls, messages);
  if (config->smtp.tls_required && !config->smtp.tls.certificate)
    complain(messages, config, config->smtp.line,
             "<smtp tls-required=\"yes\"> needs <tls> with a certificate");
  if (config->smtp.relay_certificates->len > 0 && !config->smtp.tls.ca)
    complain(messages, config, config->smtp.line, "<relay certificate> needs <tls> with ca, to verify it");
  check_doors(config, messages);
  check_tls(config, &config->p1_tls, messages);
  if (config->retry_first_s > config->retry_max_s)
    complain(messages, config, config->queue_line, "<queue retry-first> is longer than retry-max");
}
