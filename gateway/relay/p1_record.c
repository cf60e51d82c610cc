#include "relay/p1_record.h"

#include "mhs/p1_mask.h"

#include <string.h>

enum { TPKT_HEADER_OCTETS = 4, PIECE_MIN = 512, PIECE_MAX = 16384 };
#define NO_NAME "-"

struct piece {
  guint64 number;
  gint64 us;
  guint64 offset;
  guint32 start, length;
  bool sent;
  guint8 octets[];
};

/* One direction: its mask, and where its packets begin. */
struct direction {
  struct p1_mask *mask; /* NULL: the bind is past */
  guint64 offset;
  guint8 header[TPKT_HEADER_OCTETS];
  guint have, left; /* octets of the header seen; octets of the packet still to come */
};

struct p1_record {
  struct p1_records *records;
  char *peer, *address, *error;
  gint64 ended_us;
  guint64 size, used, numbers;
  bool head_full;
  GQueue head, tail; /* struct piece: what stays; what is dropped from its front */
  struct direction directions[2];
};

struct p1_records {
  struct relay *relay;
  guint64 used;
  GPtrArray *kept; /* of p1_record, the oldest first */
};

static gsize cost(const struct piece *piece)
{
  return sizeof *piece + piece->length;
}

/* --- life
 * ------------------------------------------------------------------------------------------------------ */

static void record_free(void *data)
{
  struct p1_record *record = data;
  record->records->used -= record->used;
  g_queue_clear_full(&record->head, g_free);
  g_queue_clear_full(&record->tail, g_free);
  for (guint i = 0; i < G_N_ELEMENTS(record->directions); i++)
    p1_mask_free(record->directions[i].mask);
  g_free(record->peer);
  g_free(record->address);
  g_free(record->error);
  g_free(record);
}

struct p1_records *p1_records_new(struct relay *relay)
{
  struct p1_records *records = g_new0(struct p1_records, 1);
  records->relay = relay;
  records->kept = g_ptr_array_new_with_free_func(record_free);
  return records;
}

void p1_records_free(struct p1_records *records)
{
  if (!records)
    return;
  g_ptr_array_unref(records->kept);
  g_free(records);
}

static guint64 size_of(const struct config *config, const char *name)
{
  const struct config_peer *peer = name ? config_peer(config, name) : NULL;
  guint64 most = 0;
  if (peer)
    return peer->record_size;
  for (guint i = 0; i < config->peers->len; i++)
    most = MAX(most, ((const struct config_peer *)config->peers->pdata[i])->record_size);
  return most;
}

struct p1_record *p1_record_new(struct p1_records *records)
{
  guint64 size = size_of(records->relay->config, NULL);
  if (size == 0)
    return NULL;
  struct p1_record *record = g_new0(struct p1_record, 1);
  record->records = records;
  record->size = size;
  g_queue_init(&record->head);
  g_queue_init(&record->tail);
  for (guint i = 0; i < G_N_ELEMENTS(record->directions); i++)
    record->directions[i].mask = p1_mask_new();
  return record;
}

/* --- what is kept
 * ------------------------------------------------------------------------------------------------------ */

static void drop_oldest(struct p1_record *record)
{
  g_autofree struct piece *piece = g_queue_pop_head(&record->tail);
  record->used -= cost(piece);
  record->records->used -= cost(piece);
}

/* What is kept of ended dialogues goes first, those without an error before those with one. */
static void make_room(struct p1_record *record)
{
  struct p1_records *records = record->records;
  while (record->used > record->size && record->tail.length > 0)
    drop_oldest(record);
  while (records->used > records->relay->config->record_memory && records->kept->len > 0) {
    guint oldest = 0;
    for (guint i = records->kept->len; i > 0; i--)
      if (!((const struct p1_record *)records->kept->pdata[i - 1])->error)
        oldest = i - 1;
    g_ptr_array_remove_index(records->kept, oldest);
  }
  while (records->used > records->relay->config->record_memory && record->tail.length > 0)
    drop_oldest(record);
}

/* Follows the packets of a direction: where the first one begins in these octets; length when none does. */
static gsize first_packet(struct direction *direction, const guint8 *data, gsize length)
{
  gsize first = length;
  for (gsize at = 0; at < length;) {
    if (direction->left > 0) {
      gsize step = MIN(direction->left, length - at);
      direction->left -= (guint)step;
      at += step;
      continue;
    }
    if (direction->have == 0 && first == length)
      first = at;
    direction->header[direction->have++] = data[at++];
    if (direction->have == TPKT_HEADER_OCTETS) {
      guint whole = (guint)direction->header[2] << 8 | direction->header[3];
      direction->left = whole > TPKT_HEADER_OCTETS ? whole - TPKT_HEADER_OCTETS : 0;
      direction->have = 0;
    }
  }
  return first;
}

static void keep_piece(struct p1_record *record, bool sent, const guint8 *data, gsize length)
{
  struct direction *direction = &record->directions[sent];
  struct piece *piece = g_malloc(sizeof *piece + length);
  *piece = (struct piece){.number = ++record->numbers,
                          .us = relay_now_us(),
                          .offset = direction->offset,
                          .start = (guint32)first_packet(direction, data, length),
                          .length = (guint32)length,
                          .sent = sent};
  memcpy(piece->octets, data, length);
  direction->offset += length;
  record->head_full = record->head_full || record->used + cost(piece) > record->size / 4;
  g_queue_push_tail(record->head_full ? &record->tail : &record->head, piece);
  record->used += cost(piece);
  record->records->used += cost(piece);
  make_room(record);
}

/* In pieces of which many fit, so that the ring drops little at a time. */
static void keep(struct p1_record *record, bool sent, const guint8 *data, gsize length)
{
  gsize most = CLAMP(record->size / 16, PIECE_MIN, PIECE_MAX);
  for (gsize at = 0; at < length; at += most)
    keep_piece(record, sent, data + at, MIN(most, length - at));
}

void p1_record_octets(struct p1_record *record, bool sent, const guint8 *data, gsize length)
{
  if (!record)
    return;
  struct p1_mask **mask = &record->directions[sent].mask;
  if (!*mask) {
    keep(record, sent, data, length);
    return;
  }
  g_autoptr(GByteArray) shown = g_byte_array_new();
  p1_mask_input(*mask, data, length, shown);
  keep(record, sent, shown->data, shown->len);
  if (p1_mask_is_over(*mask))
    g_clear_pointer(mask, p1_mask_free);
}

static void let_masks_go(struct p1_record *record)
{
  for (guint sent = 0; sent < G_N_ELEMENTS(record->directions); sent++) {
    if (!record->directions[sent].mask)
      continue;
    g_autoptr(GByteArray) shown = g_byte_array_new();
    p1_mask_end(record->directions[sent].mask, shown);
    keep(record, sent, shown->data, shown->len);
    g_clear_pointer(&record->directions[sent].mask, p1_mask_free);
  }
}

/* Of each peer the last dialogue is kept, and the last that ended in an error. */
static void replace_kept(struct p1_record *record)
{
  GPtrArray *kept = record->records->kept;
  for (guint i = kept->len; i > 0; i--) {
    const struct p1_record *old = kept->pdata[i - 1];
    if (strcmp(old->peer, record->peer) == 0 && (record->error || !old->error))
      g_ptr_array_remove_index(kept, i - 1);
  }
  g_ptr_array_add(kept, record);
}

void p1_record_end(struct p1_record *record, const char *peer, const char *address, const char *error)
{
  if (!record)
    return;
  let_masks_go(record);
  record->peer = g_strdup(peer ? peer : NO_NAME);
  record->address = g_strdup(address);
  record->error = g_strdup(error);
  record->size = size_of(record->records->relay->config, peer);
  make_room(record);
  if (record->numbers == 0 || record->size == 0)
    record_free(record); /* not a word was said */
  else
    replace_kept(record);
}

const struct p1_record *p1_records_kept(const struct p1_records *records, const char *peer, bool in_error)
{
  for (guint i = records->kept->len; i > 0; i--) {
    const struct p1_record *record = records->kept->pdata[i - 1];
    if (strcmp(record->peer, peer) == 0 && (!in_error || record->error))
      return record;
  }
  return NULL;
}

/* --- reading it
 * ------------------------------------------------------------------------------------------------------ */

bool p1_record_next(const struct p1_record *record, guint64 after, struct p1_record_piece *piece_r)
{
  const GQueue *queues[] = {&record->head, &record->tail};
  for (guint i = 0; i < G_N_ELEMENTS(queues); i++) {
    const struct piece *last = g_queue_peek_tail((GQueue *)queues[i]);
    if (!last || last->number <= after)
      continue;
    for (const GList *at = queues[i]->head; at; at = at->next) {
      const struct piece *piece = at->data;
      if (piece->number <= after)
        continue;
      *piece_r = (struct p1_record_piece){.number = piece->number,
                                          .us = piece->us,
                                          .sent = piece->sent,
                                          .offset = piece->offset,
                                          .start = piece->start,
                                          .octets = piece->octets,
                                          .length = piece->length};
      return true;
    }
  }
  return false;
}

const char *p1_record_error(const struct p1_record *record)
{
  return record->error;
}

const char *p1_record_address(const struct p1_record *record)
{
  return record->address;
}
