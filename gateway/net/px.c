/* px.c - PX look-ups (RFC 2163): one query is a ladder of names, asked all at once; the longest that has
 * records counts. */
#include "net/resolver_private.h"

#include <string.h>

enum { TYPE_PX = 26, RUNGS_MAX = 40, RECORDS_MAX = 16, NAME_MAX_TEXT = 253 };
enum { TTL_FAILED = 10 }; /* seconds that a failure is not asked about again */

struct rung {
  struct px_query *query;
  int id; /* libunbound's; valid while it is open */
  bool open, failed;
  GPtrArray *records;
};

struct px_query {
  struct net_resolver *resolver;
  net_px_callback callback;
  void *user;
  struct net_timer *timer;
  GPtrArray *rungs; /* of struct rung, the longest name first */
  guint open;
  bool done;
  struct net_px_answer answer;
};

static void rung_free(gpointer data)
{
  struct rung *rung = data;
  if (rung->open)
    ub_cancel(rung->query->resolver->context, rung->id); /* its callback does not come any more */
  g_ptr_array_unref(rung->records);
  g_free(rung);
}

void resolver_px_free(gpointer data)
{
  struct px_query *query = data;
  g_ptr_array_unref(query->rungs);
  net_timer_free(query->timer);
  g_free(query->answer.words);
  g_free(query);
}

char *net_px_text(const guint8 *rdata, gsize length)
{
  if (length < 4 || length > 2 + 2 * 255)
    return NULL;
  g_autofree char *map822 = resolver_read_name(rdata + 2, (int)length - 2);
  gsize at = 2;
  while (map822 && rdata[at] != 0) /* it was read: its labels lie inside */
    at += rdata[at] + 1u;
  g_autofree char *mapx400 =
      map822 && at + 1 < length ? resolver_read_name(rdata + at + 1, (int)(length - at - 1)) : NULL;
  if (!mapx400 || !*map822 || !*mapx400)
    return NULL;
  return g_strdup_printf("%u %s %s", (guint)(rdata[0] << 8 | rdata[1]), map822, mapx400);
}

static void finish(struct px_query *query)
{
  query->done = true;
  net_timer_start(query->timer, 0, 0); /* never from inside libunbound */
}

static void fail(struct px_query *query, const char *words)
{
  g_free(query->answer.words);
  query->answer.words = g_strdup(words);
}

/* A rung that failed hides what lies above it: a longer match may be there. */
static void conclude(struct px_query *query)
{
  const struct rung *found = NULL;
  for (guint i = 0; i < query->rungs->len && !found; i++) {
    found = query->rungs->pdata[i];
    if (!found->failed && found->records->len == 0)
      found = NULL;
  }
  query->answer.status = !found ? NET_DNS_NO_NAME : found->failed ? NET_DNS_TEMPORARY : NET_DNS_OK;
  query->answer.records = found ? found->records : NULL;
  if (query->answer.status == NET_DNS_TEMPORARY)
    query->answer.ttl = TTL_FAILED;
  finish(query);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void take(struct rung *rung, const struct ub_result *result)
{
  struct px_query *query = rung->query;
  query->answer.secure = query->answer.secure && result->secure;
  rung->failed = result->bogus || (result->rcode != 0 && result->rcode != RCODE_NXDOMAIN);
  if (result->bogus)
    fail(query, result->why_bogus ? result->why_bogus : "DNSSEC validation failed");
  else if (rung->failed)
    fail(query, "the name servers do not answer as they should");
  else
    query->answer.ttl = MIN(query->answer.ttl, (guint)MAX(result->ttl, 0));
  for (guint i = 0; !rung->failed && result->havedata && result->data[i] && i < RECORDS_MAX; i++) {
    char *text = net_px_text((const guint8 *)result->data[i], (gsize)MAX(result->len[i], 0));
    if (text)
      g_ptr_array_add(rung->records, text);
  }
  g_ptr_array_sort(rung->records, by_text);
}

static void answered(void *user, int error, struct ub_result *result)
{
  struct rung *rung = user;
  struct px_query *query = rung->query;
  rung->open = false;
  query->open--;
  if (error) {
    rung->failed = true;
    fail(query, ub_strerror(error));
  } else {
    take(rung, result);
  }
  ub_resolve_free(result);
  if (query->open == 0 && !query->done)
    conclude(query);
}

static void timer_due(void *user)
{
  struct px_query *query = user;
  if (!query->done) {
    g_autofree char *words = g_strdup_printf("no answer from DNS in %u ms", query->resolver->timeout_ms);
    query->answer.status = NET_DNS_TEMPORARY;
    query->answer.ttl = TTL_FAILED;
    fail(query, words);
  }
  g_hash_table_steal(query->resolver->px, query);
  query->callback(query->user, &query->answer);
  resolver_px_free(query);
}

static void ask(struct px_query *query, const char *name)
{
  if (strlen(name) > NAME_MAX_TEXT || query->rungs->len >= RUNGS_MAX)
    return;
  struct rung *rung = g_new0(struct rung, 1);
  rung->query = query;
  rung->records = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(query->rungs, rung);
  int status = ub_resolve_async(query->resolver->context, name, TYPE_PX, CLASS_IN, rung, answered, &rung->id);
  rung->open = status == 0;
  rung->failed = status != 0;
  query->open += rung->open;
  if (status)
    fail(query, ub_strerror(status));
}

void net_resolve_px(struct net_resolver *resolver, const char *name, const char *root,
                    net_px_callback callback, void *user)
{
  struct px_query *query = g_new0(struct px_query, 1);
  *query = (struct px_query){.resolver = resolver,
                             .callback = callback,
                             .user = user,
                             .rungs = g_ptr_array_new_with_free_func(rung_free),
                             .answer = {.secure = true, .ttl = 86400}};
  query->timer = net_timer_new(resolver->loop, timer_due, query);
  g_hash_table_add(resolver->px, query);
  const char *dot = *root && *name ? "." : "";
  g_autofree char *exact = g_strconcat(name, dot, root, NULL);
  ask(query, exact);
  for (const char *rung = name; rung;) {
    g_autofree char *star = g_strconcat("*.", rung, *rung ? dot : "", root, NULL);
    ask(query, star);
    const char *next = strchr(rung, '.');
    rung = next ? next + 1 : *rung && *root ? "" : NULL;
  }
  if (query->open == 0)
    conclude(query);
  else
    net_timer_start(query->timer, resolver->timeout_ms, 0);
}
