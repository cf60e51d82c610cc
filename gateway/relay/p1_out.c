#include "relay/p1_out.h"

#include "relay/p1_link.h"
#include "relay/p1_peer.h"

#include <string.h>

static void open_link(struct hop *hop, const struct config_peer *peer, guint address_index)
{
  struct relay *relay = hop->relay;
  struct p1_links *links = relay->p1_links;
  struct p1_options options;
  p1_peer_options(peer, &options);
  g_autofree char *reference = g_uuid_string_random();
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format(now, "%y%m%d%H%M%SZ");
  options.reference = reference;
  options.reference_time = time;
  struct p1_link *link = p1_link_new(links, &options);
  guint16 port;
  const char *text = ((const struct config_address *)peer->addresses->pdata[address_index])->at;
  g_autofree char *host = p1_peer_address(text, &port);
  link->peer = g_strdup(peer->name);
  link->hop = hop;
  link->address = g_strdup(text);
  link->address_index = address_index;
  hop_session(hop, 1);
  link->stream = net_connect(relay->loop, host, port, peer->local_source, &p1_link_handler, link);
}

/* An association that was bound has done its work; one that never was sends us to the next address, or lets
 * the hop rest. */
void p1_out_ended(struct p1_link *link)
{
  struct hop *hop = link->hop;
  struct relay *relay = hop->relay;
  hop_session(hop, -1);
  const struct config_peer *peer = config_peer(relay->config, link->peer);
  if (relay->stopping || !peer)
    return;
  if (link->since_us == 0 || link->refusal) {
    if (link->since_us == 0 && link->address_index + 1 < peer->addresses->len) {
      open_link(hop, peer, link->address_index + 1);
      return;
    }
    g_autofree char *words =
        g_strdup_printf("peer %s at %s: %s", link->peer, link->address,
                        link->refusal ? link->refusal : "the connection ended before the bind");
    if (link->since_us == 0 || !link->out.messages)
      hop_unreachable(hop, words);
  }
  if (hop_has_work(hop))
    p1_out_wake(hop);
}

void p1_out_wake(struct hop *hop)
{
  struct relay *relay = hop->relay;
  struct p1_links *links = relay->p1_links;
  const char *name = hop->name + strlen("p1:");
  const struct config_peer *peer = config_peer(relay->config, name);
  if (!peer) {
    hop_unreachable(hop, "the configuration has no such peer any more");
    return;
  }
  guint usable = 0;
  g_autoptr(GPtrArray) open = g_ptr_array_copy(links->links, NULL, NULL);
  for (guint i = 0; i < open->len && hop_has_work(hop); i++) {
    struct p1_link *link = open->pdata[i];
    if (link->dead || link->hop != hop || link->releasing)
      continue;
    usable += link->initiator || link->dialogue == P1_TWO_WAY_ALTERNATE;
    if (link->bound && !link->ready && !link->out.delivery && link->dialogue == P1_TWO_WAY_ALTERNATE)
      p1_association_ask_turn(link->association, 0);
    p1_link_pump(link);
  }
  if (!hop_has_work(hop) || hop->blocked_until_us > relay_now_us())
    return;
  if (peer->addresses->len == 0) {
    if (usable == 0)
      hop_unreachable(hop, "the peer has no address: it must call us, and no association is open");
    return;
  }
  /* one more while there is more than the open ones will take soon */
  guint waiting = hop->prepared[0].length + hop->prepared[1].length + hop->prepared[2].length;
  guint most = MAX(peer->associations, 1);
  if (hop->failures > 0)
    most = 1;
  while (hop->sessions < most && hop->sessions < waiting + hop->sending)
    open_link(hop, peer, 0);
}
