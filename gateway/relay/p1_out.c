/* p1_out.c - see p1_out.h.
 *
 * An address that fails rests for a pause that grows, and the next one is called (docs/decisions/0070). With
 * no address left the hop itself rests, unless an association of it works: a peer that takes no further one
 * (busy) is full, not gone. */
#include "relay/p1_out.h"

#include "relay/p1_addresses.h"
#include "relay/p1_link.h"
#include "relay/p1_peer.h"

#include <string.h>

#define CALLED_ONLY_US (60 * G_USEC_PER_SEC) /* a peer without addresses is looked for so often */

static struct p1_addresses *addresses_of(struct p1_links *links, const char *peer)
{
  struct p1_addresses *addresses = g_hash_table_lookup(links->called, peer);
  if (!addresses) {
    addresses = p1_addresses_new();
    g_hash_table_insert(links->called, g_strdup(peer), addresses);
  }
  return addresses;
}

/* What was open when an association of ours was lost goes on in one that recovers it (X.228 7.8): the
 * caller's part, whoever was sending. */
static void recover(const struct p1_kept *kept, struct p1_options *options)
{
  options->recover = &kept->at.session;
  options->recover_turn_there = kept->origin.turn_there;
  options->dialogue = kept->origin.two_way ? P1_TWO_WAY_ALTERNATE : P1_MONOLOGUE;
}

/* False: we cannot say who we are, and the hop rests. */
static bool open_link(struct hop *hop, const struct config_peer *peer, const char *at, bool urgent_only)
{
  struct relay *relay = hop->relay;
  struct p1_links *links = relay->p1_links;
  struct p1_options options;
  g_autoptr(GError) error = NULL;
  p1_peer_options(peer, &options);
  if (!p1_peer_identify(peer, relay_now_us(), &options.local, &error)) {
    hop_unreachable(hop, error->message);
    return false;
  }
  g_autofree char *reference = g_uuid_string_random();
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format(now, "%y%m%d%H%M%SZ");
  options.reference = reference;
  options.reference_time = time;
  const struct p1_kept *kept = p1_recovery_to_call(relay->recovery, peer->name, at);
  if (kept)
    recover(kept, &options);
  struct p1_link *link = p1_link_new(links, &options);
  p1_credentials_clear(&options.local);
  if (kept) {
    p1_session_identifier_copy(&link->recovers, &kept->at.session);
    p1_recovery_called(relay->recovery, &link->recovers, true);
  }
  guint16 port;
  g_autofree char *host = p1_peer_address(at, &port);
  link->peer = g_strdup(peer->name);
  link->hop = hop;
  link->address = g_strdup(at);
  link->urgent_only = urgent_only;
  hop_session(hop, 1);
  link->stream = net_connect(relay->loop, host, port, peer->local_source, &p1_link_handler, link);
  net_stream_keepalive(link->stream, peer->keepalive_s);
  return true;
}

void p1_out_works(struct p1_link *link)
{
  if (link->initiator)
    p1_addresses_worked(addresses_of(link->links, link->peer), link->address);
}

bool p1_out_has_other(const struct p1_link *link)
{
  const struct config_peer *peer = config_peer(link->links->relay->config, link->peer);
  if (!link->initiator || !peer)
    return false;
  const struct p1_addresses *addresses = addresses_of(link->links, link->peer);
  for (guint i = 0; i < peer->addresses->len; i++) {
    const char *at = ((const struct config_address *)peer->addresses->pdata[i])->at;
    if (p1_addresses_rests(addresses, at, relay_now_us()) == 0 && strcmp(at, link->address) != 0)
      return true;
  }
  return false;
}

/* Associations of ours to this peer that are up, or come up. */
static guint count(const struct hop *hop, bool urgent_only, bool bound_only)
{
  const GPtrArray *links = hop->relay->p1_links->links;
  guint found = 0;
  for (guint i = 0; i < links->len; i++) {
    const struct p1_link *link = links->pdata[i];
    found += link->hop == hop && link->initiator && link->urgent_only == urgent_only && !link->releasing &&
             (link->bound || !bound_only);
  }
  return found;
}

static bool works(const struct hop *hop)
{
  return count(hop, false, true) + count(hop, true, true) > 0;
}

static void address_failed(struct p1_link *link, const struct config_peer *peer)
{
  struct hop *hop = link->hop;
  struct p1_addresses *addresses = addresses_of(link->links, link->peer);
  gint64 now = relay_now_us(), rests = 0;
  guint failures = p1_addresses_failed(addresses, link->address);
  p1_addresses_rest(addresses, link->address, now + hop_retry_us(hop, failures));
  if (peer->addresses->len > 0)
    (void)p1_addresses_choose(addresses, peer->addresses, now, &rests);
  if (rests == 0 || works(hop) || hop->blocked_until_us > now)
    return;
  g_autofree char *words =
      g_strdup_printf("peer %s at %s: %s", link->peer, link->address,
                      link->refusal ? link->refusal : "the connection ended before the bind");
  hop_unreachable(hop, words);
}

/* An association that did its work is followed by another one where there is more to do. */
void p1_out_ended(struct p1_link *link)
{
  struct hop *hop = link->hop;
  struct relay *relay = hop->relay;
  hop_session(hop, -1);
  if (link->recovers.calling)
    p1_recovery_called(relay->recovery, &link->recovers, false);
  const struct config_peer *peer = config_peer(relay->config, link->peer);
  if (relay->stopping || !peer)
    return;
  if (link->failed || (!link->since_us && !link->cannot_recover) ||
      (link->refusal && !link->cannot_recover && !p1_send_carried(link)))
    address_failed(link, peer);
  if (hop_has_work(hop) || p1_recovery_waits(relay->recovery, link->peer))
    p1_out_wake(hop);
}

/* Associations that are open take what they may. True when there is one that takes from this hop, now or when
 * its turn comes. */
static bool wake_open(struct hop *hop)
{
  bool usable = false;
  g_autoptr(GPtrArray) open = g_ptr_array_copy(hop->relay->p1_links->links, NULL, NULL);
  for (guint i = 0; i < open->len; i++) {
    struct p1_link *link = open->pdata[i];
    if (link->dead || link->hop != hop || link->releasing || !link->bound)
      continue;
    usable = usable || link->initiator || link->turn.two_way;
    p1_link_pump(link);
  }
  return usable;
}

/* What forbids a call now, and until when: no address, the hour. */
static bool may_call(struct hop *hop, const struct config_peer *peer, bool usable)
{
  gint64 now = relay_now_us(), change = 0;
  if (peer->addresses->len == 0) {
    if (!usable)
      hop_rest(hop, now + CALLED_ONLY_US,
               "the peer has no address: it must call us, and no association is open");
    return false;
  }
  if (config_peer_hours(peer, now, &change))
    return true;
  if (!usable)
    hop_rest(hop, change, "outside of the hours in which the peer is called (schedule)");
  return false;
}

void p1_out_wake(struct hop *hop)
{
  struct relay *relay = hop->relay;
  const struct config_peer *peer = config_peer(relay->config, hop->name + strlen("p1:"));
  if (!peer) {
    hop_unreachable(hop, "the configuration has no such peer any more");
    return;
  }
  bool usable = wake_open(hop);
  gint64 now = relay_now_us();
  bool recovers = p1_recovery_waits(relay->recovery, peer->name);
  if ((!hop_has_work(hop) && !recovers) || hop->blocked_until_us > now || !may_call(hop, peer, usable))
    return;
  if (recovers && !hop_has_work(hop)) { /* the peer has more to send to us */
    gint64 rests;
    guint choice =
        p1_addresses_choose(addresses_of(relay->p1_links, peer->name), peer->addresses, now, &rests);
    (void)open_link(hop, peer, ((const struct config_address *)peer->addresses->pdata[choice])->at, false);
    return;
  }
  guint most = hop->failures > 0 ? 1 : MAX(peer->associations, 1);
  while (hop_has_work(hop)) {
    gint64 rests;
    guint choice =
        p1_addresses_choose(addresses_of(relay->p1_links, peer->name), peer->addresses, now, &rests);
    if (rests > 0 && hop->sessions > 0) { /* those that are open go on alone */
      hop_arm(hop, rests);
      return;
    }
    /* one more while there is more than the open ones will take soon */
    guint normal = count(hop, false, false);
    bool more = normal < most && normal < hop_waiting(hop) + hop->sending;
    bool reserved =
        !more && hop_urgency(hop) == STORE_URGENT && hop->failures == 0 &&
        count(hop, true, false) < MIN(peer->urgent_associations, hop->prepared[STORE_URGENT].length);
    if (!more && !reserved)
      return;
    const struct config_address *address = peer->addresses->pdata[choice];
    if (!open_link(hop, peer, address->at, reserved))
      return;
  }
}
