#include "store/id.h"

#include <string.h>

#include "store/store.h"

/* After a crash identifiers run at most this far ahead of the clock. */
#define RESERVE_US (60 * G_USEC_PER_SEC)

struct ids {
  GMutex mutex;
  GCond kept;
  guint64 last, limit, wanted; /* wanted: the limit being made durable, or 0 */
  ids_keep_limit keep;
  void *user;
};

struct ids *ids_new(guint64 limit_kept, ids_keep_limit keep, void *user)
{
  struct ids *ids = g_new0(struct ids, 1);
  g_mutex_init(&ids->mutex);
  g_cond_init(&ids->kept);
  ids->last = ids->limit = limit_kept;
  ids->keep = keep;
  ids->user = user;
  return ids;
}

void ids_free(struct ids *ids)
{
  if (!ids)
    return;
  g_mutex_clear(&ids->mutex);
  g_cond_clear(&ids->kept);
  g_free(ids);
}

guint64 ids_next(struct ids *ids)
{
  g_mutex_lock(&ids->mutex);
  guint64 id = MAX((guint64)g_get_real_time(), ids->last + 1);
  ids->last = id;
  bool ask = !ids->wanted && id + RESERVE_US / 2 > ids->limit;
  guint64 wanted = id + RESERVE_US;
  if (ask)
    ids->wanted = wanted;
  g_mutex_unlock(&ids->mutex);
  if (ask)
    ids->keep(ids->user, wanted);

  /* Past the limit (the first identifier after a pause) it waits for one commit, so that the promise is
   * strict. */
  g_mutex_lock(&ids->mutex);
  while (id > ids->limit && ids->wanted)
    g_cond_wait(&ids->kept, &ids->mutex);
  g_mutex_unlock(&ids->mutex);
  return id;
}

void ids_limit_kept(struct ids *ids, guint64 limit)
{
  g_mutex_lock(&ids->mutex);
  ids->limit = MAX(ids->limit, limit);
  ids->wanted = 0;
  g_cond_broadcast(&ids->kept);
  g_mutex_unlock(&ids->mutex);
}

guint64 ids_last(struct ids *ids)
{
  g_mutex_lock(&ids->mutex);
  guint64 last = ids->last;
  g_mutex_unlock(&ids->mutex);
  return last;
}

/* --- the printed form
 * ------------------------------------------------------------------------------------------ */

#define ID_LENGTH 13
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

char *store_id_format(guint64 id)
{
  char *text = g_malloc(ID_LENGTH + 1);
  for (int i = ID_LENGTH - 1; i >= 0; i--, id >>= 5)
    text[i] = digits[id & 31];
  text[ID_LENGTH] = '\0';
  return text;
}

guint64 store_id_parse(const char *text)
{
  if (!text || strlen(text) != ID_LENGTH)
    return 0;
  guint64 id = 0;
  for (const char *c = text; *c; c++) {
    char lower = g_ascii_tolower(*c);
    /* Crockford: what people misread is taken for what was meant. */
    lower = lower == 'o' ? '0' : lower == 'i' || lower == 'l' ? '1' : lower;
    const char *digit = strchr(digits, lower);
    if (!digit || id >> 59)
      return 0;
    id = id << 5 | (guint64)(digit - digits);
  }
  return id;
}
