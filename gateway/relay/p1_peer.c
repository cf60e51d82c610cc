#include "relay/p1_peer.h"

#include <stdlib.h>
#include <string.h>

/* The relay's own watch on a transfer out comes first. */
#define ANSWER_GRACE_S 5u
#define RESUME_WAIT_MS 2000u /* for "transfer completed", before content is sent again */

enum p1_password_form p1_peer_password_form(const struct config_peer *peer)
{
  return peer->local_password_form == CONFIG_PASSWORD_OCTETS ? P1_PASSWORD_OCTETS : P1_PASSWORD_IA5;
}

enum p1_mode p1_peer_mode(const struct config_peer *peer)
{
  static const enum p1_mode modes[] = {[CONFIG_MODE_1988_NORMAL] = P1_MODE_1988_NORMAL,
                                       [CONFIG_MODE_1988_X410] = P1_MODE_1988_X410,
                                       [CONFIG_MODE_1984] = P1_MODE_1984};
  return modes[peer->mode];
}

bool p1_peer_identify(const struct config_peer *peer, gint64 now_us, struct p1_credentials *credentials_r,
                      GError **error)
{
  static const enum p1_authentication kinds[] = {[CONFIG_AUTHENTICATION_UNAUTHENTICATED] = P1_UNAUTHENTICATED,
                                                 [CONFIG_AUTHENTICATION_STRONG] = P1_STRONG};
  enum p1_authentication kind = peer->local_authentication < CONFIG_AUTHENTICATION_UNAUTHENTICATED
                                    ? P1_SIMPLE
                                    : kinds[peer->local_authentication];
  *credentials_r = (struct p1_credentials){
      .authentication = kind,
      .mta_name = kind == P1_UNAUTHENTICATED ? NULL : g_strdup(peer->local_mta),
      .password = kind == P1_SIMPLE && peer->local_password ? g_bytes_ref(peer->local_password) : NULL};
  if (kind != P1_STRONG || p1_strong_make(peer, now_us, credentials_r, error))
    return true;
  p1_credentials_clear(credentials_r);
  return false;
}

void p1_peer_options(const struct config_peer *peer, struct p1_options *options)
{
  *options = (struct p1_options){
      .initiator = true,
      .mode = p1_peer_mode(peer),
      .application_protocol = (gint)peer->application_protocol,
      .password_form = p1_peer_password_form(peer),
      .tpdu_size = (guint8)peer->tpdu_size_code,
      .checkpoint_size = peer->checkpoint_size,
      .window = peer->window,
      .dialogue = g_strcmp0(peer->dialogue, "two-way-alternate") == 0 ? P1_TWO_WAY_ALTERNATE : P1_MONOLOGUE,
      .session_version = peer->session_version,
      .connect_ms = 1000 * peer->connect_limit_s,
      .answer_ms = 1000 * (peer->answer_limit_s + ANSWER_GRACE_S),
      .resume_wait_ms = RESUME_WAIT_MS,
      .release_ms = 30000,
      .receive_max = peer->size_max};
  /* the texts were checked when the configuration was loaded */
  osi_selector_parse(peer->local_tsel, &options->local_tsel, NULL);
  osi_selector_parse(peer->remote_tsel, &options->remote_tsel, NULL);
  osi_selector_parse(peer->local_ssel, &options->local_ssel, NULL);
  osi_selector_parse(peer->remote_ssel, &options->remote_ssel, NULL);
  osi_selector_parse(peer->local_psel, &options->local_psel, NULL);
  osi_selector_parse(peer->remote_psel, &options->remote_psel, NULL);
}

char *p1_peer_address(const char *text, guint16 *port)
{
  const char *close = text[0] == '[' ? strchr(text, ']') : NULL;
  const char *colon = close ? (close[1] == ':' ? close + 1 : NULL) : strrchr(text, ':');
  const char *start = text + (close != NULL), *end = close ? close : colon;
  *port = colon ? (guint16)atoi(colon + 1) : 102;
  return end ? g_strndup(start, (gsize)(end - start)) : g_strdup(text);
}

struct net_tls *p1_peer_tls(const struct config_peer *peer, GError **error)
{
  struct net_tls_options options = {.certificate_file = peer->tls_files.certificate,
                                    .key_file = peer->tls_files.key,
                                    .ca_file = peer->tls_files.ca,
                                    .require_peer = true,
                                    .name = peer->tls_name};
  return net_tls_new(&options, error);
}

struct net_tls *p1_peer_door_tls(const struct config *config, const struct config_peer *peer, GError **error)
{
  if (!peer->tls_server_certificate && !peer->tls_client_name)
    return NULL;
  bool own = peer->tls_server_certificate != NULL, asks = peer->tls_client_name != NULL;
  struct net_tls_options options = {.server = true,
                                    .certificate_file =
                                        own ? peer->tls_server_certificate : config->p1_tls.certificate,
                                    .key_file = own ? peer->tls_server_key : config->p1_tls.key,
                                    .ca_file = asks ? peer->tls_files.ca : config->p1_tls.ca,
                                    .require_peer = asks || config->p1_tls.require_client};
  return net_tls_new(&options, error);
}

/* In time that does not depend on where they differ. */
static bool same_password(GBytes *expected, GBytes *given)
{
  gsize expected_length = 0, given_length = 0;
  const guint8 *a = expected ? g_bytes_get_data(expected, &expected_length) : NULL;
  const guint8 *b = given ? g_bytes_get_data(given, &given_length) : NULL;
  guint difference = expected_length != given_length;
  for (gsize i = 0; i < MIN(expected_length, given_length); i++)
    difference |= (guint)(a[i] ^ b[i]);
  return difference == 0;
}

static bool takes_form(const struct config_peer *peer, const struct p1_credentials *given)
{
  return peer->remote_password_form == CONFIG_TAKE_ANY || !given->password ||
         (peer->remote_password_form == CONFIG_TAKE_IA5) == (given->came_as == P1_PASSWORD_IA5);
}

/* What the entry's remote-authentication asks for; NULL: it is there. */
static const char *lacking(const struct config_peer *peer, const struct p1_credentials *given, bool calls)
{
  switch (peer->remote_authentication) {
  case CONFIG_AUTHENTICATION_UNAUTHENTICATED:
    return given->authentication == P1_UNAUTHENTICATED
               ? NULL
               : "gave a name and a password, our entry says remote-authentication=\"unauthenticated\"";
  case CONFIG_AUTHENTICATION_STRONG:
    return given->authentication == P1_STRONG
               ? NULL
               : "gave no signed token, our entry says remote-authentication=\"strong\"";
  default:
    break;
  }
  if (given->authentication == P1_STRONG)
    return "comes with strong credentials, and a password is set up for it";
  if (peer->remote_authentication == CONFIG_AUTHENTICATION_AUTO && !calls)
    return NULL;
  if (!same_password(peer->remote_password, given->password))
    return peer->remote_authentication == CONFIG_AUTHENTICATION_PASSWORD
               ? "gave a wrong password: it is not that of remote-password-file"
               : "gave a wrong password: it must be empty, since our entry has no remote-password-file";
  return takes_form(peer, given) ? NULL
                                 : "gave its password in the form that remote-password-form does not take";
}

char *p1_peer_judge(const struct config_peer *peer, const struct p1_credentials *given, bool calls,
                    gint64 now_us, struct p1_tokens *tokens)
{
  const char *name = given->mta_name;
  bool named = peer->remote_authentication != CONFIG_AUTHENTICATION_UNAUTHENTICATED || name;
  if (named && g_strcmp0(peer->remote_mta, name) != 0)
    return g_strdup_printf(
        "the %s calls itself \"%s\", our entry of peer %s has remote-mta \"%s\"%s: change our "
        "entry, or the peer its name",
        calls ? "caller" : "responder", name ? name : "(nothing)", peer->name, peer->remote_mta,
        name && g_ascii_strcasecmp(name, peer->remote_mta) == 0 ? " (they differ in case)" : "");
  const char *words = lacking(peer, given, calls);
  if (words)
    return g_strdup_printf("peer %s (\"%s\") %s: change our entry, or the peer what it gives", peer->name,
                           name ? name : "(nothing)", words);
  return peer->remote_authentication == CONFIG_AUTHENTICATION_STRONG
             ? p1_strong_verify(peer, given, now_us, tokens)
             : NULL;
}
