#include "relay/door_tls.h"

bool door_tls(const struct config_tls *files, struct net_tls **tls_r, GError **error)
{
  *tls_r = NULL;
  if (!files->certificate)
    return true;
  struct net_tls_options options = {.server = true,
                                    .certificate_file = files->certificate,
                                    .key_file = files->key,
                                    .ca_file = files->ca,
                                    .require_peer = files->require_client};
  *tls_r = net_tls_new(&options, error);
  return *tls_r != NULL;
}
