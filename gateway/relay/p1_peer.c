#include "relay/p1_peer.h"

#include <stdlib.h>
#include <string.h>

/* The relay's own watch on a transfer out comes first. */
#define ANSWER_GRACE_S 5u

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

struct p1_credentials p1_peer_credentials(const struct config_peer *peer)
{
  bool named = peer->local_authentication != CONFIG_AUTHENTICATION_UNAUTHENTICATED;
  return (struct p1_credentials){.authentication = named ? P1_SIMPLE : P1_UNAUTHENTICATED,
                                 .mta_name = named ? peer->local_mta : NULL,
                                 .password = peer->local_password};
}

void p1_peer_options(const struct config_peer *peer, struct p1_options *options)
{
  *options = (struct p1_options){
      .initiator = true,
      .mode = p1_peer_mode(peer),
      .application_protocol = (gint)peer->application_protocol,
      .local = p1_peer_credentials(peer),
      .password_form = p1_peer_password_form(peer),
      .tpdu_size = (guint8)peer->tpdu_size_code,
      .checkpoint_size = peer->checkpoint_size,
      .window = peer->window,
      .dialogue = g_strcmp0(peer->dialogue, "two-way-alternate") == 0 ? P1_TWO_WAY_ALTERNATE : P1_MONOLOGUE,
      .session_version = peer->session_version,
      .connect_ms = 1000 * peer->connect_limit_s,
      .answer_ms = 1000 * (peer->answer_limit_s + ANSWER_GRACE_S),
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

char *p1_peer_judge(const struct config_peer *peer, const struct p1_credentials *responder)
{
  const char *name = responder->mta_name;
  if (g_strcmp0(peer->remote_mta, name) != 0)
    return g_strdup_printf("the responder calls itself \"%s\", our entry of peer %s has remote-mta \"%s\"%s: "
                           "change our entry, or "
                           "the peer its name",
                           name ? name : "(nothing)", peer->name, peer->remote_mta,
                           name && g_ascii_strcasecmp(name, peer->remote_mta) == 0 ? " (they differ in case)"
                                                                                   : "");
  if (peer->remote_password &&
      (!responder->password || !g_bytes_equal(peer->remote_password, responder->password)))
    return g_strdup_printf("the responder \"%s\" gave a password that is not that of our "
                           "remote-password-file for peer %s: change "
                           "our file, or the peer its password",
                           name, peer->name);
  return NULL;
}
