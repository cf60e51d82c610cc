#include "relay/p1_link.h"

#include "relay/p1_peer.h"

#define AHEAD_MAX (256u << 10) /* octets produced ahead of the stream */

/* --- life ---------------------------------------------------------------------------------------------- */

static void link_free(struct p1_link *link)
{
  p1_association_free(link->association);
  g_free(link->out.broken);
  p1_resumption_clear(&link->out.at);
  p1_kept_free(link->out.stored);
  g_free(link->in.done);
  p1_session_identifier_clear(&link->session);
  p1_session_identifier_clear(&link->recovers);
  g_free(link->refusal);
  g_free(link->address);
  g_free(link->peer);
  g_free(link->claimed);
  g_free(link->certified);
  g_free(link);
}

void p1_link_end(struct p1_link *link)
{
  if (!link->dead) {
    link->dead = true;
    if (link->stream)
      net_stream_free(g_steal_pointer(&link->stream));
    for (guint i = 0; i < G_N_ELEMENTS(link->timers); i++)
      net_timer_free(link->timers[i]);
    net_timer_free(link->idle);
    p1_record_end(g_steal_pointer(&link->record), link->peer ? link->peer : link->claimed, link->address,
                  link->refusal);
    p1_receive_interrupted(link);
    g_ptr_array_remove_fast(link->links->links, link);
    p1_send_lost(link);
    net_timer_free(link->out.watch);
    if (link->initiator)
      p1_out_ended(link);
  }
  if (link->waits == 0 && !link->inside)
    link_free(link);
}

void p1_link_break(struct p1_link *link, const char *why, bool cut)
{
  relay_log(LOG_WARN, "broken-off", "peer=%s address=%s words=\"%s\"", link->peer ? link->peer : "-",
            link->address, why);
  g_free(link->refusal);
  link->refusal = g_strdup(why);
  link->failed = link->failed || !link->since_us;
  p1_association_abort(link->association, why);
  p1_link_pump(link);
  if (cut)
    p1_link_end(link);
}

static bool unused(const struct p1_link *link)
{
  return link->bound && !link->out.delivery && !link->in.open && link->waits == 0 && !link->releasing;
}

/* Released by whom the standard lets release it (X.218 8.1.2); else its end is an abort, in which nothing is
 * lost, since no transfer is open. */
static void idle_over(void *user)
{
  struct p1_link *link = user;
  if (link->securing) {
    p1_link_break(link, "TLS: the handshake did not come to its end", true);
    return;
  }
  if (!unused(link))
    return;
  if (!link->initiator && !link->links->relay->stopping)
    relay_log(LOG_NOTE, "idle",
              "peer=%s address=%s words=\"the association that the peer opened was not used\"", link->peer,
              link->address);
  link->releasing = true;
  p1_association_release(link->association);
  p1_link_pump(link);
}

struct p1_origin p1_link_origin(const struct p1_link *link)
{
  return (struct p1_origin){.peer = link->peer,
                            .at = link->address,
                            .initiator = link->initiator,
                            .two_way = link->turn.two_way,
                            .turn_there = link->turn.two_way && !link->turn.here && !link->out.delivery};
}

/* --- the bind is done ---------------------------------------------------------------------------------- */

static void on_bound(struct p1_link *link, const struct p1_event *event)
{
  struct relay *relay = link->links->relay;
  link->since_us = relay_now_us();
  link->checkpoint_size = event->checkpoint_size;
  link->window = event->window;
  link->session_version = event->session_version;
  link->tpdu_max = event->tpdu_max;
  link->dialogue = event->dialogue;
  link->mode = event->mode;
  p1_session_identifier_clear(&link->session);
  p1_session_identifier_copy(&link->session, &event->resumption.session);
  const struct config_peer *peer = config_peer(relay->config, link->peer);
  bool names = link->initiator && !link->recovers.calling; /* a recovery carries none */
  g_autofree char *mismatch =
      names && peer ? p1_peer_judge(peer, &event->peer, false, relay_now_us(), link->links->tokens) : NULL;
  if (mismatch) {
    g_free(link->refusal);
    link->refusal = g_strdup(mismatch);
    p1_association_abort(link->association, mismatch);
    return;
  }
  link->bound = true;
  if (link->recovers.calling)
    p1_recovery_recovered(relay->recovery, &link->recovers);
  link->turn.two_way = link->dialogue == P1_TWO_WAY_ALTERNATE;
  if (link->initiator)
    hop_reached(link->hop);
  else if (link->turn.two_way)
    hop_called(link->hop);
  relay_log(LOG_INF, "bound", "peer=%s %s=%s mode=%s checkpoint=%uK window=%u session-version=%u dialogue=%s",
            link->peer, link->initiator ? "to" : "from", link->address, p1_mode_name(event->mode),
            link->checkpoint_size, link->window, link->session_version,
            link->dialogue == P1_TWO_WAY_ALTERNATE ? "two-way-alternate" : "monologue");
}

/* --- the machine's events ------------------------------------------------------------------------------ */

static void handle(struct p1_link *link, struct p1_event *event)
{
  switch (event->type) {
  case P1_SEND:
    p1_record_octets(link->record, true, g_bytes_get_data(event->data, NULL), g_bytes_get_size(event->data));
    if (link->stream)
      net_stream_write(link->stream, g_steal_pointer(&event->data));
    break;
  case P1_CLOSE:
    if (link->stream)
      net_stream_close(link->stream);
    break;
  case P1_TIMER:
    if (event->timer < G_N_ELEMENTS(link->timers)) {
      if (event->ms)
        net_timer_start(link->timers[event->timer], event->ms, 0);
      else
        net_timer_stop(link->timers[event->timer]);
    }
    break;
  case P1_BIND:
    p1_in_bind(link, event);
    break;
  case P1_BOUND:
    on_bound(link, event);
    break;
  case P1_REFUSED:
  case P1_ABORTED:
    relay_log(LOG_WARN, event->type == P1_REFUSED ? "refused" : "aborted",
              "peer=%s address=%s step=%s by=%s words=\"%s\"", link->peer ? link->peer : "-", link->address,
              p1_step_name(event->step), event->by_peer ? "peer" : "us", event->words ? event->words : "");
    if (!link->refusal)
      link->refusal =
          g_strdup_printf("%s: %s", p1_step_name(event->step), event->words ? event->words : "no words");
    link->cannot_recover = link->recovers.calling && event->type == P1_REFUSED && event->cannot_recover;
    if (link->cannot_recover)
      p1_recovery_impossible(link->links->relay->recovery, &link->recovers);
    link->failed = link->failed || (event->type == P1_REFUSED && !link->cannot_recover);
    link->bound = link->turn.here = false;
    break;
  case P1_READY:
    p1_turn_came(&link->turn);
    break;
  case P1_TURN_ASKED:
    link->turn.wanted = (gint)MIN(event->priority, G_MAXINT);
    break;
  case P1_RELEASED:
    link->bound = link->turn.here = false;
    break;
  case P1_WANT_DATA:
    p1_send_want(link, event->want);
    break;
  case P1_SENT:
  case P1_NOT_SENT:
    p1_send_over(link, event);
    break;
  case P1_RECEIVE_BEGIN:
    p1_receive_begin(link, event);
    break;
  case P1_RECEIVE_DATA:
    p1_receive_data(link, event->data);
    break;
  case P1_RECEIVE_OVERSIZE:
    p1_receive_oversize(link);
    break;
  case P1_RECEIVE_END:
    p1_receive_end(link);
    break;
  case P1_CHECKPOINT:
    p1_send_checkpoint(link, event);
    break;
  case P1_RECOVER:
    p1_in_recover(link, event);
    break;
  case P1_RECEIVE_RESUME:
    p1_receive_resume(link, event);
    break;
  case P1_RECEIVE_CHECKPOINT:
    p1_receive_checkpoint(link, event);
    break;
  case P1_RECEIVE_INTERRUPTED:
    p1_receive_interrupted(link);
    break;
  case P1_RECEIVE_ABANDONED:
    p1_receive_forget(link);
    break;
  }
}

/* Sends, or sees to it that the turn goes where it is needed. True when the machine has something new to say.
 */
static bool take_turn(struct p1_link *link)
{
  if (link->dead || !link->bound || link->releasing || link->out.delivery)
    return false;
  gint waiting = p1_turn_priority(p1_send_waits(link));
  if (waiting == P1_TURN_NOTHING && link->hop && hop_is_asking(link->hop))
    return false; /* the turn stays where it is until that is known */
  switch (p1_turn_decide(&link->turn, waiting)) {
  case P1_TURN_GIVE:
    p1_turn_given(&link->turn);
    p1_association_give_turn(link->association);
    return true;
  case P1_TURN_ASK:
    if (!p1_association_ask_turn(link->association, (guint)waiting))
      return false; /* not in this moment: asked again with the next event */
    link->turn.asked = waiting;
    return true;
  case P1_TURN_STAY:
    break;
  }
  if (!link->turn.here || !p1_send_ready(link))
    return false;
  p1_send_next(link);
  return true;
}

/* How long it may stay unused; 0: for ever. */
static guint idle_s(const struct p1_link *link)
{
  const struct config_peer *peer = link->peer ? config_peer(link->links->relay->config, link->peer) : NULL;
  return !peer || !unused(link) ? 0 : link->initiator ? peer->idle_s : peer->remote_idle_s;
}

void p1_link_pump(struct p1_link *link)
{
  if (link->inside)
    return;
  link->inside = true;
  struct p1_event event;
  do {
    /* writing waits for the stream: what is produced ahead of it stays bounded */
    while (!link->dead && (!link->stream || net_stream_pending(link->stream) <= AHEAD_MAX) &&
           p1_association_next(link->association, &event)) {
      handle(link, &event);
      p1_event_clear(&event);
    }
  } while (take_turn(link));
  link->inside = false;
  if (link->dead) {
    p1_link_end(link);
    return;
  }
  if (link->stream)
    net_stream_pause(link->stream, relay_holds_back(link->links->relay));
  if (link->links->relay->stopping && unused(link)) {
    idle_over(link);
    return;
  }
  if (link->securing)
    return;
  guint seconds = idle_s(link);
  if (seconds)
    net_timer_start(link->idle, 1000ull * seconds, 0);
  else
    net_timer_stop(link->idle);
}

/* --- the stream's and the timers' events --------------------------------------------------------------- */

static void stream_connected(void *user)
{
  struct p1_link *link = user;
  const struct config_peer *peer = config_peer(link->links->relay->config, link->peer);
  if (peer && peer->tls && link->initiator) {
    g_autoptr(GError) error = NULL;
    struct net_tls *tls = p1_peer_tls(peer, &error);
    if (!tls) {
      p1_association_lost(link->association, error->message);
      p1_link_pump(link);
      p1_link_end(link);
      return;
    }
    p1_link_secure_within(link, peer->connect_limit_s);
    net_stream_tls(link->stream, tls, peer->tls_name);
    net_tls_unref(tls);
    return;
  }
  p1_association_connected(link->association);
  p1_link_pump(link);
}

void p1_link_secure_within(struct p1_link *link, guint seconds)
{
  link->securing = true;
  net_timer_start(link->idle, 1000ull * seconds, 0);
}

static void stream_secured(void *user, bool ok, const char *peer_name, const char *words)
{
  struct p1_link *link = user;
  link->certified = g_strdup(peer_name);
  link->securing = false;
  net_timer_stop(link->idle);
  if (!ok) {
    g_free(link->refusal);
    link->refusal = g_strdup_printf("TLS: %s", words ? words : "handshake failed");
    return; /* closed() follows */
  }
  p1_association_connected(link->association);
  p1_link_pump(link);
}

static void stream_data(void *user, const guint8 *data, gsize length)
{
  struct p1_link *link = user;
  link->heard_us = g_get_monotonic_time();
  p1_receive_proven(link);
  p1_record_octets(link->record, false, data, length);
  p1_association_input(link->association, data, length);
  p1_link_pump(link);
}

static void stream_drained(void *user)
{
  p1_link_pump(user);
}

static void stream_closed(void *user, const char *words, bool error)
{
  struct p1_link *link = user;
  if (error && !link->refusal)
    link->refusal = g_strdup(words);
  link->failed = link->failed || !link->since_us;
  link->lost = true;
  p1_association_lost(link->association, words);
  /* what the machine still says is heard, though nothing can be written */
  net_stream_free(g_steal_pointer(&link->stream));
  p1_link_pump(link);
  p1_link_end(link);
}

const struct net_stream_handler p1_link_handler = {.connected = stream_connected,
                                                   .secured = stream_secured,
                                                   .data = stream_data,
                                                   .drained = stream_drained,
                                                   .closed = stream_closed};

#define TIMER_CALLBACK(n)                                                                                    \
  static void timer_##n(void *user)                                                                          \
  {                                                                                                          \
    struct p1_link *link = user;                                                                             \
    p1_association_timeout(link->association, n);                                                            \
    p1_link_pump(link);                                                                                      \
  }
TIMER_CALLBACK(0)
TIMER_CALLBACK(1)
TIMER_CALLBACK(2)
TIMER_CALLBACK(3)

struct p1_link *p1_link_new(struct p1_links *links, const struct p1_options *options)
{
  static const net_callback callbacks[] = {timer_0, timer_1, timer_2, timer_3};
  struct p1_link *link = g_new0(struct p1_link, 1);
  link->links = links;
  link->initiator = options->initiator;
  link->record = p1_record_new(links->records);
  link->association = p1_association_new(options);
  for (guint i = 0; i < G_N_ELEMENTS(link->timers); i++)
    link->timers[i] = net_timer_new(links->relay->loop, callbacks[i], link);
  link->idle = net_timer_new(links->relay->loop, idle_over, link);
  link->heard_us = g_get_monotonic_time();
  p1_turn_init(&link->turn);
  link->turn.initiator = link->initiator;
  g_ptr_array_add(links->links, link);
  return link;
}

/* --- all of them --------------------------------------------------------------------------------------- */

void p1_links_resume(struct p1_links *links)
{
  g_autoptr(GPtrArray) open = g_ptr_array_copy(links->links, NULL, NULL);
  for (guint i = 0; i < open->len; i++)
    p1_link_pump(open->pdata[i]);
}

void p1_links_stop(struct p1_links *links)
{
  g_ptr_array_set_size(links->doors, 0);
  g_autoptr(GPtrArray) open = g_ptr_array_copy(links->links, NULL, NULL);
  for (guint i = 0; i < open->len; i++)
    idle_over(open->pdata[i]);
}

void p1_links_free(struct p1_links *links)
{
  while (links->links->len > 0)
    p1_link_end(links->links->pdata[0]); /* one that waits for the store ends when that answers */
  g_ptr_array_unref(links->links);
  g_ptr_array_unref(links->doors);
  g_hash_table_unref(links->called);
  if (links->tls)
    net_tls_unref(links->tls);
  p1_records_free(links->records);
  p1_tokens_free(links->tokens);
  g_free(links);
}
