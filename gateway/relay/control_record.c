/* control_record.c - the operation peer.record: the wire record of a peer's dialogue, page by page.
 *
 * Question: "peer", "which": "error" (the last that ended in one, the default), "last" (the last that ended)
 * or "open" (the oldest one that is open); "after": number of the last piece that the asker has. Answer:
 * "items", the first of them {"address", "error"}, the others {"us", "sent", "offset", "start", "octets"
 * (base64)}, and "next". */
#include "relay/control_request.h"
#include "relay/p1_link.h"
#include "relay/p1_record.h"

#include <string.h>

#define PAGE_OCTETS (128u << 10)

static const char *text_of(const struct control_request *request, const char *key)
{
  return json_string_value(json_object_get(request->question, key));
}

static json_t *piece_json(const struct p1_record_piece *piece)
{
  g_autofree char *octets = g_base64_encode(piece->octets, piece->length);
  return json_pack("{s:I,s:b,s:I,s:I,s:s}", "us", (json_int_t)piece->us, "sent", piece->sent, "offset",
                   (json_int_t)piece->offset, "start", (json_int_t)piece->start, "octets", octets);
}

static json_t *head_json(const struct p1_record *record, const char *address)
{
  json_t *object = json_pack("{s:s}", "address", address ? address : "");
  g_autofree char *error = p1_record_error(record) ? g_utf8_make_valid(p1_record_error(record), -1) : NULL;
  if (error)
    json_object_set_new(object, "error", json_string(error));
  return object;
}

static void answer(struct control_request *request, const struct p1_record *record, const char *address,
                   guint64 after)
{
  json_t *object = json_object(), *items = json_array();
  struct p1_record_piece piece;
  gsize total = 0;
  bool more;
  if (after == 0)
    json_array_append_new(items, head_json(record, address));
  while ((more = p1_record_next(record, after, &piece)) && total < PAGE_OCTETS) {
    json_array_append_new(items, piece_json(&piece));
    total += piece.length;
    after = piece.number;
  }
  json_object_set_new(object, "items", items);
  if (more)
    json_object_set_new(object, "next", json_integer((json_int_t)after));
  control_answer(request, object);
}

static const struct p1_link *open_link(const struct relay *relay, const char *peer)
{
  for (guint i = 0; i < relay->p1_links->links->len; i++) {
    const struct p1_link *link = relay->p1_links->links->pdata[i];
    if (link->record && g_strcmp0(link->peer, peer) == 0)
      return link;
  }
  return NULL;
}

void control_peer_record(struct control_request *request)
{
  const struct relay *relay = request->relay;
  const char *peer = text_of(request, "peer"), *which = text_of(request, "which");
  json_int_t after = json_integer_value(json_object_get(request->question, "after"));
  if (!peer || (strcmp(peer, "-") != 0 && !config_peer(relay->config, peer))) {
    control_refuse(request, peer ? 1 : 2, peer ? "there is no such peer" : "\"peer\" is missing");
    return;
  }
  if (g_strcmp0(which, "open") == 0) {
    const struct p1_link *link = open_link(relay, peer);
    if (link)
      answer(request, link->record, link->address, (guint64)MAX(after, 0));
    else
      control_refuse(request, 1, "no association with this peer is open and recorded");
    return;
  }
  const struct p1_record *record =
      p1_records_kept(relay->p1_links->records, peer, g_strcmp0(which, "last") != 0);
  if (record)
    answer(request, record, p1_record_address(record), (guint64)MAX(after, 0));
  else
    control_refuse(request, 1,
                   g_strcmp0(which, "last") == 0
                       ? "no dialogue with this peer has ended since the gateway started"
                       : "no dialogue with this peer has ended in an error; the last one without: --last");
}
