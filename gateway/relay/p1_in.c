/* p1_in.c - associations that peers open: the listeners, and the judgement of a bind.
 *
 * On the wire stands only X.411's error; the log says which rule refused (X.411 8.1.1.1: MTA-bind,
 * authentication-error, busy). */
#include "relay/door_tls.h"
#include "relay/p1_addresses.h"
#include "relay/p1_link.h"
#include "relay/p1_peer.h"

#include <string.h>

#define CONNECT_S 60u /* from the connection to the bind, whoever it is */
/* An association of which nothing was heard for so long may be half of one: its other end is gone
 * (docs/decisions/0073). */
#define SILENT_US (10 * G_USEC_PER_SEC)
#define SILENT_IN_TRANSFER_US (60 * G_USEC_PER_SEC)

static const struct config_peer *peer_named(const struct config *config, const char *mta_name,
                                            const struct config_peer **near_r)
{
  for (guint i = 0; i < config->peers->len; i++) {
    const struct config_peer *peer = config->peers->pdata[i];
    if (g_strcmp0(peer->remote_mta, mta_name) == 0)
      return peer;
    if (mta_name && peer->remote_mta && g_ascii_strcasecmp(peer->remote_mta, mta_name) == 0)
      *near_r = peer;
  }
  return NULL;
}

/* Before the bind only the address tells who calls: the certificate is that of the first peer whose networks
 * have it, else the door's. A file that cannot be used ends the call. */
static void start_tls(struct p1_link *link)
{
  const struct config *config = link->links->relay->config;
  g_autoptr(GError) error = NULL;
  struct net_tls *tls = NULL;
  for (guint i = 0; i < config->peers->len && !tls && !error; i++) {
    const struct config_peer *peer = config->peers->pdata[i];
    if (config_network_contains(peer->networks, link->address))
      tls = p1_peer_door_tls(config, peer, &error);
  }
  if (error) {
    relay_log(LOG_ERR, "tls", "client=%s words=\"%s\"", link->address, error->message);
    net_stream_close(link->stream);
    return;
  }
  net_stream_tls(link->stream, tls ? tls : link->links->tls, NULL);
  if (tls)
    net_tls_unref(tls);
}

/* Who binds without a name is told by where it calls from. */
static const struct config_peer *peer_unnamed(const struct config *config, const char *address)
{
  for (guint i = 0; i < config->peers->len; i++) {
    const struct config_peer *peer = config->peers->pdata[i];
    if (peer->remote_authentication == CONFIG_AUTHENTICATION_UNAUTHENTICATED &&
        config_network_contains(peer->networks, address))
      return peer;
  }
  return NULL;
}

static guint bound_links(const struct p1_links *links, const char *peer)
{
  guint count = 0;
  for (guint i = 0; i < links->links->len; i++) {
    const struct p1_link *link = links->links->pdata[i];
    count += link->bound && !link->initiator && g_strcmp0(link->peer, peer) == 0;
  }
  return count;
}

static bool is_silent(const struct p1_link *link, gint64 now)
{
  bool transfer = link->in.open || link->out.delivery;
  return link->waits == 0 && now - link->heard_us > (transfer ? SILENT_IN_TRANSFER_US : SILENT_US);
}

/* Ends that association of the peer's which has been silent for the longest. False when all of them live. */
static bool displace(struct p1_links *links, const char *peer)
{
  struct p1_link *oldest = NULL;
  gint64 now = g_get_monotonic_time();
  for (guint i = 0; i < links->links->len; i++) {
    struct p1_link *link = links->links->pdata[i];
    if (!link->bound || link->initiator || strcmp(link->peer, peer) != 0 || !is_silent(link, now))
      continue;
    if (!oldest || link->heard_us < oldest->heard_us)
      oldest = link;
  }
  if (oldest)
    p1_link_break(oldest, "silent, and the peer opens another association: this one counts as half-open",
                  false);
  return oldest != NULL;
}

/* NULL and the peer's entry, or why it may not bind (for the log) and what to say on the wire. */
static char *judge(struct p1_links *links, const struct p1_link *link, const struct p1_event *bind,
                   const struct config_peer **peer_r, enum p1_bind_error *error_r)
{
  struct relay *relay = links->relay;
  const struct config_peer *near = NULL;
  const char *name = bind->peer.mta_name;
  const struct config_peer *peer =
      name ? peer_named(relay->config, name, &near) : peer_unnamed(relay->config, link->address);
  *error_r = P1_BIND_AUTHENTICATION_ERROR;
  if (!peer && near)
    return g_strdup_printf(
        "the initiator's MTA name \"%s\" is unknown: peer %s has remote-mta \"%s\", which differs in case",
        name, near->name, near->remote_mta);
  if (!peer)
    return name ? g_strdup_printf("the initiator's MTA name \"%s\" is unknown: no peer has it as remote-mta",
                                  name)
                : g_strdup("the bind is unauthenticated, and no peer with "
                           "remote-authentication=\"unauthenticated\" "
                           "has this address in its networks");
  if (peer->networks->len > 0 && !config_network_contains(peer->networks, link->address))
    return g_strdup_printf("peer %s may not call from %s: the address is in none of its networks", peer->name,
                           link->address);
  if (peer->tls && !link->tls)
    return g_strdup_printf(
        "peer %s must call over TLS (its entry says tls=\"yes\") and came to a door without", peer->name);
  if (link->tls && peer->tls_client_name &&
      (!link->certified || g_ascii_strcasecmp(link->certified, peer->tls_client_name) != 0))
    return g_strdup_printf("peer %s has a certificate of \"%s\", its entry wants client-name \"%s\"",
                           peer->name, link->certified ? link->certified : "(nobody)", peer->tls_client_name);
  if (!p1_mode_fits(bind->mode, p1_peer_mode(peer)))
    return g_strdup_printf("peer %s calls in %s mode, its entry says mode=\"%s\": one side must be changed",
                           peer->name, bind->mode == P1_MODE_1988_NORMAL ? "normal" : "X.410-1984",
                           p1_mode_name(p1_peer_mode(peer)));
  char *wrong = p1_peer_judge(peer, &bind->peer, true, relay_now_us(), links->tokens);
  if (wrong)
    return wrong;
  *error_r = P1_BIND_BUSY;
  if (relay->stopping)
    return g_strdup("the gateway is stopping");
  if (store_full(relay->store))
    return g_strdup("busy: the disk's reserve is reached");
  if (links->links->len > relay->config->associations_max)
    return g_strdup_printf("busy: associations-max (%u) is reached", relay->config->associations_max);
  guint most = 2 * (peer->associations + peer->urgent_associations);
  if (bound_links(links, peer->name) >= most && !displace(links, peer->name))
    return g_strdup_printf("busy: peer %s already holds %u associations, twice those of its entry",
                           peer->name, most);
  *peer_r = peer;
  return NULL;
}

static bool is_from(const struct p1_link *link, const char *host, const struct p1_session_identifier *session)
{
  return !link->initiator && g_strcmp0(link->address, host) == 0 &&
         p1_session_identifier_equal(&link->session, session);
}

/* The old association may still stand here: its caller knows better. */
static void end_old(struct p1_link *link, const struct p1_session_identifier *session)
{
  g_autoptr(GPtrArray) open = g_ptr_array_copy(link->links->links, NULL, NULL);
  for (guint i = 0; i < open->len; i++) {
    struct p1_link *old = open->pdata[i];
    if (old != link && !old->dead && is_from(old, link->address, session))
      p1_link_break(old, "its initiator has lost it and recovers it", true);
  }
}

void p1_in_recover(struct p1_link *link, const struct p1_event *recover)
{
  const struct config *config = link->links->relay->config;
  end_old(link, &recover->resumption.session);
  const struct p1_kept *kept =
      p1_recovery_of_session(link->links->relay->recovery, link->address, &recover->resumption.session);
  const struct config_peer *peer = kept ? config_peer(config, kept->origin.peer) : NULL;
  bool may = peer && (!peer->tls || link->tls) && p1_mode_fits(recover->mode, p1_peer_mode(peer)) &&
             (peer->networks->len == 0 || config_network_contains(peer->networks, link->address));
  if (!may) {
    relay_log(LOG_NOTE, "not-recovered", "client=%s words=\"%s\"", link->address,
              kept ? "its peer may not call like this any more" : "no association of this identifier came from there");
    p1_association_recover_refuse(link->association, false);
    return;
  }
  link->peer = g_strdup(peer->name);
  g_autofree char *name = g_strdup_printf("p1:%s", peer->name);
  link->hop = hop_find(link->links->relay, name);
  relay_log(LOG_INF, "recovered", "peer=%s from=%s", link->peer, link->address);
  p1_association_limit(link->association, peer->checkpoint_size, peer->window);
  p1_association_recover_accept(link->association);
}

void p1_in_bind(struct p1_link *link, const struct p1_event *bind)
{
  const struct config_peer *peer = NULL;
  enum p1_bind_error wire = P1_BIND_AUTHENTICATION_ERROR;
  g_autofree char *refusal = judge(link->links, link, bind, &peer, &wire);
  struct p1_credentials own = {0};
  g_autoptr(GError) error = NULL;
  if (!refusal && !p1_peer_identify(peer, relay_now_us(), &own, &error))
    refusal = g_strdup(error->message);
  if (refusal) {
    relay_log(LOG_WARN, "bind-refused", "client=%s words=\"%s\"", link->address, refusal);
    const struct config_peer *near = NULL;
    const struct config_peer *meant = peer_named(link->links->relay->config, bind->peer.mta_name, &near);
    link->claimed = meant || near ? g_strdup((meant ? meant : near)->name) : NULL;
    g_free(link->refusal);
    link->refusal = g_steal_pointer(&refusal);
    p1_association_bind_refuse(link->association, wire);
    return;
  }
  link->peer = g_strdup(peer->name);
  g_autofree char *name = g_strdup_printf("p1:%s", peer->name);
  link->hop = hop_find(link->links->relay, name);
  enum p1_mode mode = p1_peer_mode(peer);
  if (bind->mode != mode)
    relay_log(LOG_INF, "mode", "peer=%s recognised=%s application-protocol=%d taken=%s (its entry)",
              peer->name, p1_mode_name(bind->mode), bind->application_protocol, p1_mode_name(mode));
  net_stream_keepalive(link->stream, peer->keepalive_s);
  p1_association_limit(link->association, peer->checkpoint_size, peer->window);
  p1_association_bind_accept(link->association, mode, &own, p1_peer_password_form(peer));
  p1_credentials_clear(&own);
}

/* Who calls is known only after the bind: until then the most generous peer's limit holds. */
static guint64 largest_transfer(const struct config *config)
{
  guint64 most = 0;
  for (guint i = 0; i < config->peers->len; i++)
    most = MAX(most, ((const struct config_peer *)config->peers->pdata[i])->size_max);
  return most;
}

static void accepted(void *user, struct net_stream *stream)
{
  const struct p1_door *door = user;
  struct p1_links *links = door->links;
  struct relay *relay = links->relay;
  g_autofree char *reference = g_uuid_string_random();
  struct p1_options options = {.initiator = false,
                               .tpdu_size = 0, /* whatever the caller proposes */
                               .checkpoint_size =
                                   G_MAXUINT16, /* the peer's entry has a say once it is known */
                               .window = G_MAXUINT8,
                               .dialogue = P1_TWO_WAY_ALTERNATE,
                               .session_version = 2,
                               .reference = reference,
                               .reference_time = (char *)"",
                               .connect_ms = 1000 * CONNECT_S,
                               .answer_ms = 120000,
                               .resume_wait_ms = 2000,
                               .release_ms = 30000,
                               .receive_max = largest_transfer(relay->config)};
  struct p1_link *link = p1_link_new(links, &options);
  link->stream = stream;
  link->address = g_strdup(net_stream_peer(stream));
  net_stream_take(stream, &p1_link_handler, link);
  link->tls = door->tls;
  if (door->tls) {
    p1_link_secure_within(link, CONNECT_S);
    start_tls(link);
  } else {
    p1_association_connected(link->association);
  }
  p1_link_pump(link);
}

static void door_free(void *data)
{
  struct p1_door *door = data;
  net_listener_free(door->listener);
  g_free(door);
}

struct p1_links *p1_links_new(struct relay *relay, GError **error)
{
  struct net_tls *tls;
  if (!door_tls(&relay->config->p1_tls, &tls, error))
    return NULL;
  struct p1_links *links = g_new0(struct p1_links, 1);
  links->relay = relay;
  links->tls = tls;
  links->doors = g_ptr_array_new_with_free_func(door_free);
  links->links = g_ptr_array_new();
  links->records = p1_records_new(relay);
  links->tokens = p1_tokens_new();
  links->called = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)p1_addresses_free);
  return links;
}

void p1_links_listen(struct p1_links *links)
{
  const struct relay_start *start = links->relay->start;
  const GPtrArray *listeners = links->relay->config->p1_listeners;
  for (guint i = 0; i < start->p1_count && i < listeners->len; i++) {
    struct p1_door *door = g_new0(struct p1_door, 1);
    door->links = links;
    door->tls = ((const struct config_listener *)listeners->pdata[i])->tls;
    door->listener = net_listener_new(links->relay->loop, start->p1_sockets[i], accepted, door);
    g_ptr_array_add(links->doors, door);
  }
}
