/* p1_store.c - see p1_store.h. */
#include "lib/p1_store.h"

struct mark {
  guint serial;
  guint64 offset;
};

struct p1_kept {
  GPtrArray *names; /* struct p1_resumption: of its start, and of each resumption */
  GByteArray *octets;
  GArray *marks; /* struct mark: checkpoints in order */
  bool complete;
};

static void name_free(gpointer data)
{
  p1_resumption_clear(data);
  g_free(data);
}

static void kept_free(gpointer data)
{
  struct p1_kept *kept = data;
  g_ptr_array_unref(kept->names);
  g_byte_array_unref(kept->octets);
  g_array_unref(kept->marks);
  g_free(kept);
}

struct p1_store *p1_store_new(void)
{
  struct p1_store *store = g_new0(struct p1_store, 1);
  store->kept = g_ptr_array_new_with_free_func(kept_free);
  store->associations = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  store->messages = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  return store;
}

void p1_store_free(struct p1_store *store)
{
  g_ptr_array_unref(store->kept);
  g_ptr_array_unref(store->associations);
  g_ptr_array_unref(store->messages);
  g_free(store);
}

void p1_store_association(struct p1_store *store, const struct p1_session_identifier *identifier)
{
  GBytes *octets = p1_session_identifier_write(identifier);
  g_assert_nonnull(octets);
  g_ptr_array_add(store->associations, octets);
}

bool p1_store_knows(const struct p1_store *store, const struct p1_session_identifier *identifier)
{
  bool known = false;
  for (guint i = 0; i < store->associations->len && !known; i++) {
    struct p1_session_identifier old;
    g_assert_true(p1_session_identifier_read(store->associations->pdata[i], &old));
    known = p1_session_identifier_equal(&old, identifier);
    p1_session_identifier_clear(&old);
  }
  return known;
}

static void add_name(struct p1_kept *kept, const struct p1_resumption *name)
{
  struct p1_resumption *own = g_new0(struct p1_resumption, 1);
  p1_resumption_copy(own, name);
  g_ptr_array_add(kept->names, own);
}

void p1_store_begin(struct p1_store *store, const struct p1_resumption *name)
{
  g_assert_null(store->coming);
  struct p1_kept *kept = g_new0(struct p1_kept, 1);
  kept->names = g_ptr_array_new_with_free_func(name_free);
  kept->octets = g_byte_array_new();
  kept->marks = g_array_new(FALSE, FALSE, sizeof(struct mark));
  add_name(kept, name);
  g_ptr_array_add(store->kept, kept);
  store->coming = kept;
  store->unsynced = 0;
}

void p1_store_append(struct p1_store *store, const guint8 *data, gsize length)
{
  g_assert_nonnull(store->coming);
  g_byte_array_append(store->coming->octets, data, (guint)length);
}

void p1_store_checkpoint(struct p1_store *store, const struct p1_resumption *checkpoint)
{
  g_assert_nonnull(store->coming);
  g_assert_cmpuint(checkpoint->offset, ==, store->coming->octets->len);
  struct mark mark = {checkpoint->serial, checkpoint->offset};
  g_array_append_val(store->coming->marks, mark);
}

bool p1_store_syncs(struct p1_store *store)
{
  if (++store->unsynced < MAX(store->sync_every, 1)) {
    return false;
  }
  store->unsynced = 0;
  return true;
}

void p1_store_complete(struct p1_store *store)
{
  struct p1_kept *kept = g_steal_pointer(&store->coming);
  g_assert_nonnull(kept);
  g_assert_false(kept->complete);
  kept->complete = true;
  g_ptr_array_add(store->messages, g_bytes_new(kept->octets->data, kept->octets->len));
}

static void cut_back(struct p1_kept *kept, guint64 offset)
{
  g_assert_cmpuint(offset, <=, kept->octets->len);
  g_byte_array_set_size(kept->octets, (guint)offset);
  while (kept->marks->len > 0 &&
         g_array_index(kept->marks, struct mark, kept->marks->len - 1).offset > offset) {
    g_array_set_size(kept->marks, kept->marks->len - 1);
  }
}

void p1_store_interrupt(struct p1_store *store, const struct p1_resumption *resumption)
{
  struct p1_kept *kept = g_steal_pointer(&store->coming);
  if (kept != NULL) { /* else it was confirmed, or its confirmation is lost */
    cut_back(kept, resumption->offset);
  }
}

void p1_store_abandon(struct p1_store *store)
{
  struct p1_kept *kept = g_steal_pointer(&store->coming);
  if (kept != NULL) {
    g_ptr_array_remove(store->kept, kept);
  }
}

void p1_store_crash(struct p1_store *store)
{
  p1_store_abandon(store);
}

static bool is_called(const struct p1_kept *kept, const struct p1_resumption *name)
{
  for (guint i = 0; i < kept->names->len; i++) {
    const struct p1_resumption *own = kept->names->pdata[i];
    if (g_bytes_equal(own->activity, name->activity) &&
        p1_session_identifier_equal(&own->session, &name->session)) {
      return true;
    }
  }
  return false;
}

static bool offset_of(const struct p1_kept *kept, guint serial, guint64 *offset_r)
{
  *offset_r = 0;
  for (guint i = 0; i < kept->marks->len; i++) {
    const struct mark *mark = &g_array_index(kept->marks, struct mark, i);
    if (mark->serial == serial) {
      *offset_r = mark->offset;
      return true;
    }
  }
  return serial == 0;
}

bool p1_store_resume(struct p1_store *store, const struct p1_event *event, guint64 *offset_r,
                     enum p1_resume_refusal *why_r)
{
  for (guint i = 0; i < store->kept->len; i++) {
    struct p1_kept *kept = store->kept->pdata[i];
    if (!is_called(kept, &event->resumption)) {
      continue;
    }
    *why_r = kept->complete ? P1_RESUME_COMPLETED : P1_RESUME_SEQUENCE;
    if (kept->complete || !offset_of(kept, event->resumption.serial, offset_r)) {
      return false;
    }
    cut_back(kept, *offset_r);
    g_autoptr(GPtrArray) associations = g_ptr_array_ref(store->associations);
    struct p1_resumption name = {.activity = event->data};
    g_assert_true(p1_session_identifier_read(associations->pdata[associations->len - 1], &name.session));
    add_name(kept, &name);
    p1_session_identifier_clear(&name.session);
    store->coming = kept;
    store->unsynced = 0;
    return true;
  }
  *why_r = P1_RESUME_UNRECOGNIZED;
  return false;
}
