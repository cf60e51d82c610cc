/* control_peers.c - what `gw400 peer list` asks: the peers, their addresses, their associations and what goes
 * on in them. */
#include "relay/control_request.h"

#include "relay/body.h"
#include "relay/p1_addresses.h"
#include "relay/p1_link.h"

static void put_number(json_t *object, const char *key, guint64 number)
{
  json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* The open activity; the octets are those given to the association, or come from it. */
static json_t *activity_json(const struct p1_link *link)
{
  static const char *const priorities[] = {"non-urgent", "normal", "urgent"};
  const struct delivery *delivery = link->out.delivery;
  if (!delivery && !link->in.open)
    return NULL;
  json_t *object = json_object();
  control_put_text(object, "direction", delivery ? "out" : "in");
  put_number(object, "octets", delivery ? link->out.offset : p1_receive_octets(link));
  if (!delivery)
    return object;
  g_autofree char *id = store_id_format(delivery->message->id);
  control_put_text(object, "message", id);
  control_put_text(object, "priority", priorities[MIN(delivery->message->priority, STORE_URGENT)]);
  put_number(object, "of", delivery->written->size);
  control_put_time(object, "since", delivery->begun_us);
  return object;
}

static const char *turn(const struct p1_link *link)
{
  bool two_way = link->bound && link->turn.two_way;
  return !two_way ? NULL : link->turn.here || link->out.delivery ? "here" : "there";
}

static json_t *link_json(const struct p1_link *link)
{
  json_t *object = json_object();
  g_autofree char *layers = p1_association_describe(link->association);
  control_put_text(object, "address", link->address);
  json_object_set_new(object, "initiator", json_boolean(link->initiator));
  json_object_set_new(object, "bound", json_boolean(link->bound));
  control_put_text(object, "for", link->urgent_only ? "urgent" : "all");
  control_put_text(object, "mode", link->bound ? p1_mode_name(link->mode) : NULL);
  control_put_time(object, "since", link->since_us);
  put_number(object, "silent", (guint64)((g_get_monotonic_time() - link->heard_us) / G_USEC_PER_SEC));
  put_number(object, "checkpoint-size", link->checkpoint_size);
  put_number(object, "window", link->window);
  put_number(object, "session-version", link->session_version);
  put_number(object, "tpdu-max", link->tpdu_max);
  control_put_text(object, "dialogue",
                   link->dialogue == P1_TWO_WAY_ALTERNATE ? "two-way-alternate" : "monologue");
  control_put_text(object, "turn", turn(link));
  put_number(object, "sent", link->out.messages);
  put_number(object, "received", link->in.messages);
  json_t *activity = activity_json(link);
  if (activity)
    json_object_set_new(object, "activity", activity);
  control_put_text(object, "last-error", link->refusal);
  control_put_text(object, "layers", layers);
  return object;
}

static json_t *address_json(const struct p1_addresses *addresses, const char *at)
{
  json_t *object = json_object();
  control_put_text(object, "at", at);
  if (addresses)
    control_put_time(object, "rests-until", p1_addresses_rests(addresses, at, relay_now_us()));
  return object;
}

static json_t *peer_json(struct relay *relay, const struct config_peer *peer)
{
  json_t *object = json_object(), *list = json_array(), *links = json_array();
  const struct p1_addresses *addresses = g_hash_table_lookup(relay->p1_links->called, peer->name);
  control_put_text(object, "peer", peer->name);
  for (guint i = 0; i < peer->addresses->len; i++)
    json_array_append_new(
        list, address_json(addresses, ((const struct config_address *)peer->addresses->pdata[i])->at));
  for (guint i = 0; i < relay->p1_links->links->len; i++) {
    const struct p1_link *link = relay->p1_links->links->pdata[i];
    if (g_strcmp0(link->peer, peer->name) == 0)
      json_array_append_new(links, link_json(link));
  }
  json_object_set_new(object, "addresses", list);
  json_object_set_new(object, "associations", links);
  g_autofree char *name = g_strdup_printf("p1:%s", peer->name);
  const struct hop *hop = g_hash_table_lookup(relay->hops, name);
  if (hop) {
    control_put_text(object, "last-error", hop->last_error);
    if (hop->last_error)
      control_put_time(object, "next-try", hop->blocked_until_us);
  }
  return object;
}

void control_peer_list(struct control_request *request)
{
  struct relay *relay = request->relay;
  json_t *items = json_array();
  for (guint i = 0; i < relay->config->peers->len; i++)
    json_array_append_new(items, peer_json(relay, relay->config->peers->pdata[i]));
  control_answer_items(request, items, 0);
}
