#include "relay/p1_recovery.h"

#include "relay/audit.h"
#include "relay/hop.h"
#include "relay/p1_out.h"

#include <string.h>
#include <unistd.h>

#define KEPT_FOR_US (24 * 3600 * (gint64)G_USEC_PER_SEC)
#define CALLS_MAX 3u  /* attempts to recover an association before its transfers begin anew */
#define MARKS_MAX 64u /* checkpoints remembered: an AR names one at most a window behind the last */
#define BLOCK 262144u

struct p1_recovery {
  struct relay *relay;
  GPtrArray *kept; /* of p1_kept */
};

/* --- one of them -----------------------------------------------------------------------------------------
 */

struct p1_kept *p1_kept_new(enum p1_kept_kind kind, const struct p1_origin *origin,
                            const struct p1_resumption *at)
{
  struct p1_kept *kept = g_new0(struct p1_kept, 1);
  kept->kind = kind;
  kept->origin = *origin;
  kept->origin.peer = g_strdup(origin->peer);
  kept->origin.at = g_strdup(origin->at);
  p1_resumption_copy(&kept->at, at);
  kept->kept_us = relay_now_us();
  return kept;
}

void p1_kept_free(struct p1_kept *kept)
{
  if (!kept)
    return;
  g_free(kept->name);
  g_free(kept->origin.peer);
  g_free(kept->origin.at);
  p1_resumption_clear(&kept->at);
  p1_resumption_clear(&kept->other);
  g_clear_pointer(&kept->marks, g_array_unref);
  g_free(kept->spool);
  g_free(kept->recipients);
  g_clear_pointer(&kept->digest, g_bytes_unref);
  g_free(kept);
}

char *p1_kept_name(void)
{
  return g_uuid_string_random();
}

static GVariant *octets(GBytes *bytes)
{
  g_autoptr(GBytes) none = g_bytes_new_static("", 0);
  return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, bytes ? bytes : none, TRUE);
}

static GBytes *octets_of(GVariant *value)
{
  g_autoptr(GBytes) bytes = g_variant_get_data_as_bytes(value);
  return g_bytes_get_size(bytes) ? g_steal_pointer(&bytes) : NULL;
}

/* kind, peer, host, initiator, two-way, turn there; activity, session, serial, offset, ended; the other
 * name's activity, session; when; spool, marks; message, size, recipients, digest. */
#define KEPT_TYPE "(ussbbb@ay@ayutb@ay@ayxsa(ut)tts@ay)"
#define KEPT_SIGNATURE "(ussbbbayayutbayayxsa(ut)ttsay)"

GBytes *p1_kept_pack(const struct p1_kept *kept)
{
  GVariantBuilder marks;
  g_variant_builder_init(&marks, G_VARIANT_TYPE("a(ut)"));
  for (guint i = 0; kept->marks && i < kept->marks->len; i++) {
    const struct p1_mark *mark = &g_array_index(kept->marks, struct p1_mark, i);
    g_variant_builder_add(&marks, "(ut)", mark->serial, mark->offset);
  }
  const struct p1_origin *origin = &kept->origin;
  g_autoptr(GBytes) session = p1_session_identifier_write(&kept->at.session);
  g_autoptr(GBytes) other = p1_session_identifier_write(&kept->other.session);
  g_autoptr(GVariant) value = g_variant_ref_sink(
      g_variant_new(KEPT_TYPE, (guint)kept->kind, origin->peer, origin->at, origin->initiator,
                    origin->two_way, origin->turn_there, octets(kept->at.activity), octets(session),
                    kept->at.serial, kept->at.offset, kept->at.ended, octets(kept->other.activity),
                    octets(other), kept->kept_us, kept->spool ? kept->spool : "", &marks, kept->message,
                    kept->size, kept->recipients ? kept->recipients : "", octets(kept->digest)));
  return g_variant_get_data_as_bytes(value);
}

struct p1_kept *p1_kept_unpack(GBytes *bytes)
{
  g_autoptr(GVariant) value =
      g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(KEPT_SIGNATURE), bytes, FALSE));
  if (!g_variant_is_normal_form(value))
    return NULL;
  struct p1_kept *kept = g_new0(struct p1_kept, 1);
  g_autoptr(GVariant) activity = NULL, session = NULL, digest = NULL, other_activity = NULL, other = NULL;
  g_autoptr(GVariantIter) marks = NULL;
  guint kind;
  gboolean initiator, two_way, turn_there, ended;
  g_variant_get(value, KEPT_TYPE, &kind, &kept->origin.peer, &kept->origin.at, &initiator, &two_way,
                &turn_there, &activity, &session, &kept->at.serial, &kept->at.offset, &ended, &other_activity,
                &other, &kept->kept_us, &kept->spool, &marks, &kept->message, &kept->size, &kept->recipients,
                &digest);
  kept->kind = kind;
  kept->origin.initiator = initiator;
  kept->origin.two_way = two_way;
  kept->origin.turn_there = turn_there;
  kept->at.ended = ended;
  kept->at.activity = octets_of(activity);
  kept->digest = octets_of(digest);
  g_autoptr(GBytes) identifier = octets_of(session);
  kept->other.activity = octets_of(other_activity);
  g_autoptr(GBytes) other_identifier = octets_of(other);
  if (other_identifier && !p1_session_identifier_read(other_identifier, &kept->other.session))
    g_clear_pointer(&kept->other.activity, g_bytes_unref);
  bool good = kind <= P1_KEPT_OUT && kept->at.activity && identifier &&
              p1_session_identifier_read(identifier, &kept->at.session);
  if (!*kept->spool)
    g_clear_pointer(&kept->spool, g_free);
  kept->marks = g_array_new(FALSE, FALSE, sizeof(struct p1_mark));
  struct p1_mark mark;
  while (g_variant_iter_next(marks, "(ut)", &mark.serial, &mark.offset))
    g_array_append_val(kept->marks, mark);
  if (good)
    return kept;
  p1_kept_free(kept);
  return NULL;
}

/* --- marks -----------------------------------------------------------------------------------------------
 */

void p1_marks_add(GArray *marks, guint serial, guint64 offset)
{
  if (marks->len >= MARKS_MAX)
    g_array_remove_range(marks, 0, marks->len - MARKS_MAX + 1);
  struct p1_mark mark = {serial, offset};
  g_array_append_val(marks, mark);
}

bool p1_marks_find(const GArray *marks, guint serial, guint64 *offset_r)
{
  *offset_r = 0;
  for (guint i = 0; i < marks->len; i++) {
    const struct p1_mark *mark = &g_array_index(marks, struct p1_mark, i);
    if (mark->serial != serial)
      continue;
    *offset_r = mark->offset;
    return true;
  }
  return serial == 0;
}

GArray *p1_marks_until(const GArray *marks, guint serial)
{
  GArray *until = g_array_new(FALSE, FALSE, sizeof(struct p1_mark));
  for (guint i = 0; i < marks->len; i++)
    if (g_array_index(marks, struct p1_mark, i).serial <= serial)
      g_array_append_val(until, g_array_index(marks, struct p1_mark, i));
  return until;
}

static bool is_session(const struct p1_kept *kept, const struct p1_session_identifier *session)
{
  return p1_session_identifier_equal(&kept->at.session, session) ||
         (kept->other.session.calling && p1_session_identifier_equal(&kept->other.session, session));
}

/* --- all of them -----------------------------------------------------------------------------------------
 */

struct p1_recovery *p1_recovery_new(struct relay *relay)
{
  struct p1_recovery *recovery = g_new0(struct p1_recovery, 1);
  recovery->relay = relay;
  recovery->kept = g_ptr_array_new();
  return recovery;
}

void p1_recovery_free(struct p1_recovery *recovery)
{
  for (guint i = 0; i < recovery->kept->len; i++)
    p1_kept_free(recovery->kept->pdata[i]);
  g_ptr_array_unref(recovery->kept);
  g_free(recovery);
}

/* What a peer may leave lying here is bounded; the oldest goes. */
static void make_room(struct p1_recovery *recovery, const char *name)
{
  const struct config_peer *peer = config_peer(recovery->relay->config, name);
  struct p1_kept *oldest = NULL;
  guint count = 0;
  for (guint i = 0; i < recovery->kept->len; i++) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (kept->kind != P1_KEPT_IN || kept->settling || strcmp(kept->origin.peer, name) != 0)
      continue;
    count++;
    if (!oldest || kept->kept_us < oldest->kept_us)
      oldest = kept;
  }
  if (oldest && peer && count >= peer->interrupted_max)
    p1_recovery_drop(recovery, oldest);
}

void p1_recovery_keep(struct p1_recovery *recovery, struct p1_kept *kept)
{
  if (kept->kind == P1_KEPT_IN)
    make_room(recovery, kept->origin.peer);
  g_ptr_array_add(recovery->kept, kept);
}

static struct p1_kept *by_name(const struct p1_recovery *recovery, const char *name)
{
  for (guint i = 0; i < recovery->kept->len; i++) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (g_strcmp0(kept->name, name) == 0)
      return kept;
  }
  return NULL;
}

void p1_recovery_settled(struct p1_recovery *recovery, const char *name)
{
  struct p1_kept *kept = by_name(recovery, name);
  if (kept)
    kept->settling = false;
}

void p1_recovery_take(struct p1_recovery *recovery, struct p1_kept *kept)
{
  g_ptr_array_remove_fast(recovery->kept, kept);
}

static void give_up(struct p1_recovery *recovery, const char *name)
{
  struct store_txn *txn = store_txn_new();
  store_txn_transfer_over(txn, name, false);
  relay_commit(recovery->relay, txn, "transfer");
}

void p1_recovery_drop(struct p1_recovery *recovery, struct p1_kept *kept)
{
  p1_recovery_take(recovery, kept);
  if (kept->name)
    give_up(recovery, kept->name);
  p1_kept_free(kept);
}

void p1_recovery_drop_done(struct p1_recovery *recovery, const char *name)
{
  struct p1_kept *kept = by_name(recovery, name);
  if (kept)
    p1_recovery_drop(recovery, kept);
  else
    give_up(recovery, name);
}

void p1_recovery_forget(struct p1_recovery *recovery, guint64 message)
{
  for (guint i = recovery->kept->len; i-- > 0;) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (kept->kind == P1_KEPT_OUT && kept->message == message)
      p1_recovery_drop(recovery, kept);
  }
}

struct loading {
  struct p1_recovery *recovery;
  void (*done)(void *user);
  void *user;
};

static void loaded(void *user, GPtrArray *transfers, const GError *error)
{
  g_autofree struct loading *loading = user;
  if (error)
    relay_log(LOG_ERR, "store", "reading the transfers that are not over: %s", error->message);
  for (guint i = 0; transfers && i < transfers->len; i++) {
    struct store_transfer *transfer = transfers->pdata[i];
    struct p1_kept *kept = p1_kept_unpack(transfer->octets);
    if (!kept)
      continue;
    kept->name = g_strdup(transfer->name);
    kept->at.ended = kept->kind == P1_KEPT_OUT; /* for all that we know */
    p1_recovery_keep(loading->recovery, kept);
  }
  if (transfers)
    g_ptr_array_unref(transfers);
  loading->done(loading->user);
}

void p1_recovery_load(struct p1_recovery *recovery, void (*done)(void *user), void *user)
{
  struct loading *loading = g_new(struct loading, 1);
  *loading = (struct loading){recovery, done, user};
  store_transfers(recovery->relay->store, loaded, loading);
}

static bool is_to_call(const struct p1_kept *kept, const char *peer)
{
  return kept->origin.initiator && !kept->calling && kept->kind != P1_KEPT_DONE &&
         strcmp(kept->origin.peer, peer) == 0;
}

void p1_recovery_review(struct p1_recovery *recovery)
{
  gint64 before = relay_now_us() - KEPT_FOR_US;
  for (guint i = recovery->kept->len; i-- > 0;) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (kept->kept_us < before && !kept->settling) {
      p1_recovery_drop(recovery, kept);
    } else if (kept->kind == P1_KEPT_IN && is_to_call(kept, kept->origin.peer)) {
      g_autofree char *hop = g_strdup_printf("p1:%s", kept->origin.peer);
      p1_out_wake(hop_find(recovery->relay, hop));
    }
  }
}

/* --- which one -------------------------------------------------------------------------------------------
 */

static bool is_activity(const struct p1_resumption *at, const struct p1_resumption *asked)
{
  return at->activity && asked->activity && g_bytes_equal(at->activity, asked->activity) &&
         p1_session_identifier_equal(&at->session, &asked->session);
}

struct p1_kept *p1_recovery_in(struct p1_recovery *recovery, const char *peer,
                               const struct p1_resumption *asked)
{
  for (guint i = 0; i < recovery->kept->len; i++) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (kept->kind != P1_KEPT_OUT && strcmp(kept->origin.peer, peer) == 0 &&
        (is_activity(&kept->at, asked) || is_activity(&kept->other, asked)))
      return kept;
  }
  return NULL;
}

GBytes *p1_recovery_digest(const struct delivery *delivery)
{
  if (delivery->written->digest)
    return g_bytes_ref(delivery->written->digest);
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_autofree guint8 *block = g_malloc(BLOCK);
  for (guint64 at = 0; at < delivery->written->size;) {
    ssize_t got = pread(delivery->fd, block, MIN(BLOCK, delivery->written->size - at), (off_t)at);
    if (got <= 0)
      return NULL;
    g_checksum_update(sum, block, got);
    at += (guint64)got;
  }
  guint8 digest[32];
  gsize length = sizeof digest;
  g_checksum_get_digest(sum, digest, &length);
  return g_bytes_new(digest, length);
}

char *p1_recovery_recipients(const struct delivery *delivery)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < delivery->message->recipients->len; i++) {
    const struct store_recipient *recipient = delivery->message->recipients->pdata[i];
    g_string_append_printf(text, "%u ", recipient->ordinal);
  }
  return g_string_free(text, FALSE);
}

static bool same_octets(const struct p1_kept *kept, const struct delivery *delivery)
{
  g_autofree char *recipients = p1_recovery_recipients(delivery);
  if (kept->size != delivery->written->size || g_strcmp0(kept->recipients, recipients) != 0)
    return false;
  g_autoptr(GBytes) digest = p1_recovery_digest(delivery);
  return digest && kept->digest && g_bytes_equal(digest, kept->digest);
}

struct p1_kept *p1_recovery_out(struct p1_recovery *recovery, const struct delivery *delivery,
                                const char *at)
{
  const char *peer = delivery->hop->name + strlen("p1:");
  for (guint i = recovery->kept->len; i-- > 0;) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (kept->kind != P1_KEPT_OUT || kept->message != delivery->message->id ||
        strcmp(kept->origin.peer, peer) != 0)
      continue;
    if (strcmp(kept->origin.at, at) == 0 && same_octets(kept, delivery))
      return kept;
    g_autofree char *id = store_id_format(kept->message);
    relay_log(
        LOG_NOTE, "not-resumed",
        "message=%s peer=%s words=\"another address, or not the octets and recipients that were being sent\"", id,
        peer);
    p1_recovery_drop(recovery, kept);
  }
  return NULL;
}

struct p1_kept *p1_recovery_of_session(struct p1_recovery *recovery, const char *host,
                                       const struct p1_session_identifier *session)
{
  for (guint i = 0; i < recovery->kept->len; i++) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (!kept->origin.initiator && g_strcmp0(kept->origin.at, host) == 0 && is_session(kept, session))
      return kept;
  }
  return NULL;
}

bool p1_recovery_waits(const struct p1_recovery *recovery, const char *peer)
{
  for (guint i = 0; i < recovery->kept->len; i++)
    if (((const struct p1_kept *)recovery->kept->pdata[i])->kind == P1_KEPT_IN &&
        is_to_call(recovery->kept->pdata[i], peer))
      return true;
  return false;
}

void p1_recovery_recovered(struct p1_recovery *recovery, const struct p1_session_identifier *session)
{
  for (guint i = 0; i < recovery->kept->len; i++) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (is_session(kept, session))
      kept->calls = 0;
  }
}

void p1_recovery_called(struct p1_recovery *recovery, const struct p1_session_identifier *session,
                        bool calling)
{
  for (guint i = 0; i < recovery->kept->len; i++) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (is_session(kept, session))
      kept->calling = calling;
  }
}

struct p1_kept *p1_recovery_to_call(struct p1_recovery *recovery, const char *peer, const char *at)
{
  for (guint i = 0; i < recovery->kept->len; i++) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (!is_to_call(kept, peer) || strcmp(kept->origin.at, at) != 0)
      continue;
    if (kept->calls++ < CALLS_MAX)
      return kept;
    struct p1_session_identifier session = {0};
    p1_session_identifier_copy(&session, &kept->at.session);
    p1_recovery_impossible(recovery, &session);
    p1_session_identifier_clear(&session);
    return NULL;
  }
  return NULL;
}

void p1_recovery_impossible(struct p1_recovery *recovery, const struct p1_session_identifier *session)
{
  for (guint i = recovery->kept->len; i-- > 0;) {
    struct p1_kept *kept = recovery->kept->pdata[i];
    if (!is_session(kept, session))
      continue;
    relay_log(LOG_NOTE, "not-resumed", "peer=%s words=\"the association cannot be recovered: from zero\"",
              kept->origin.peer);
    p1_recovery_drop(recovery, kept);
  }
}
