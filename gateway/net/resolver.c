/* resolver.c - where the mail of a domain goes: MX records and the addresses of their hosts, by libunbound.
 *
 * libunbound resolves on a thread of its own (ub_ctx_async(ctx, 1); with 0 it would fork) and tells by a
 * descriptor that the loop watches. A query fans out into look-ups: first MX, then A and AAAA of each host.
 * Its answer is given from a timer, never from inside libunbound, so that it may free the resolver. */
#include <arpa/inet.h>
#include <string.h>
#include <unbound.h>

#include "net/resolver_private.h"

enum { TYPE_A = 1, TYPE_MX = 15, TYPE_AAAA = 28 };
/* What is taken of a large answer. */
enum { HOSTS_MAX = 16, ADDRESSES_MAX = 16 };
enum { TIMEOUT_MS = 30 * 1000 };

struct query {
  struct net_resolver *resolver;
  guint id;
  char *domain;
  net_mx_callback callback;
  void *user;
  struct net_timer *timer;
  GPtrArray *lookups; /* of struct lookup, owned: those without an answer */
  struct net_mx_answer answer;
  bool done, temporary, some_name; /* some_name: at least one of the names exists */
};

struct lookup {
  struct query *query;
  struct net_mx *mx; /* whose addresses are looked up; NULL for the MX look-up */
  int type, id;
};

/* --- life ----------------------------------------------------------------------------------------------- */

static void mx_free(gpointer data)
{
  struct net_mx *mx = data;
  g_free(mx->host);
  g_ptr_array_unref(mx->addresses);
  g_free(mx);
}

static void lookup_free(gpointer data)
{
  struct lookup *lookup = data;
  ub_cancel(lookup->query->resolver->context, lookup->id); /* its callback does not come any more */
  g_free(lookup);
}

static void query_free(gpointer data)
{
  struct query *query = data;
  g_ptr_array_unref(query->lookups);
  g_ptr_array_unref(query->answer.hosts);
  g_free(query->answer.words);
  net_timer_free(query->timer);
  g_free(query->domain);
  g_free(query);
}

static void process(void *user, bool readable, bool writable)
{
  (void)readable, (void)writable;
  const struct net_resolver *resolver = user;
  ub_process(resolver->context);
}

static int set_up(struct ub_ctx *context, const struct net_resolver_options *options)
{
  int status = ub_ctx_async(context, 1);
  if (options->forward != NULL) {
    if (status == 0)
      status = ub_ctx_set_option(context, "do-not-query-localhost:", "no");
    if (status == 0)
      status = ub_ctx_set_fwd(context, options->forward);
  } else if (status == 0) { /* without these files: from the root servers */
    ub_ctx_resolvconf(context, NULL);
    ub_ctx_hosts(context, NULL);
  }
  /* A server that was away is asked again soon, not after a quarter of an hour. */
  if (status == 0)
    status = ub_ctx_set_option(context, "infra-host-ttl:", "30");
  if (status == 0)
    status = ub_ctx_set_option(context, "infra-keep-probing:", "yes");
  if (status == 0 && options->hosts != NULL)
    status = ub_ctx_hosts(context, options->hosts);
  if (status == 0 && options->lift_test_zones) /* RFC 6761: unbound answers for .test itself */
    status = ub_ctx_zone_remove(context, "test.");
  return status;
}

struct net_resolver *net_resolver_new(struct net_loop *loop, const struct net_resolver_options *options,
                                      GError **error)
{
  struct ub_ctx *context = ub_ctx_create();
  int status = context != NULL ? set_up(context, options) : UB_NOMEM;
  if (status != 0) {
    g_set_error(error, NET_ERROR, 0, "DNS: %s%s%s", ub_strerror(status),
                options->forward != NULL ? ", forwarder " : "",
                options->forward != NULL ? options->forward : "");
    ub_ctx_delete(context);
    return NULL;
  }
  struct net_resolver *resolver = g_new0(struct net_resolver, 1);
  resolver->context = context;
  resolver->loop = loop;
  resolver->timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : TIMEOUT_MS;
  resolver->queries = g_hash_table_new_full(NULL, NULL, NULL, query_free);
  resolver->px = g_hash_table_new_full(NULL, NULL, resolver_px_free, NULL);
  resolver->watch = net_watch_new(loop, ub_fd(context), process, resolver);
  net_watch_events(resolver->watch, true, false);
  return resolver;
}

void net_resolver_free(struct net_resolver *resolver)
{
  if (resolver == NULL)
    return;
  g_hash_table_unref(resolver->queries);
  g_hash_table_unref(resolver->px);
  net_watch_free(resolver->watch);
  ub_ctx_delete(resolver->context);
  g_free(resolver);
}

/* --- the end of a query --------------------------------------------------------------------------------- */

static void finish(struct query *query)
{
  query->done = true;
  net_timer_start(query->timer, 0, 0);
}

static void finish_with(struct query *query, enum net_dns_status status, char *words)
{
  query->answer.status = status;
  g_free(query->answer.words);
  query->answer.words = words;
  finish(query);
}

/* The timer: either the query is done and its answer is given, or it took too long. */
static void timer_due(void *user)
{
  struct query *query = user;
  if (!query->done) {
    query->answer.status = NET_DNS_TEMPORARY;
    g_free(query->answer.words);
    query->answer.words =
        g_strdup_printf("%s: no answer from DNS in %u ms", query->domain, query->resolver->timeout_ms);
    g_ptr_array_set_size(query->answer.hosts, 0);
  }
  g_hash_table_steal(query->resolver->queries, GUINT_TO_POINTER(query->id));
  g_ptr_array_set_size(query->lookups, 0);
  net_mx_callback callback = query->callback;
  callback(query->user, &query->answer);
  query_free(query);
}

static gint by_preference(gconstpointer a, gconstpointer b)
{
  const struct net_mx *first = *(struct net_mx *const *)a, *second = *(struct net_mx *const *)b;
  return (gint)first->preference - (gint)second->preference;
}

/* All look-ups are answered. */
static void conclude(struct query *query)
{
  GPtrArray *hosts = query->answer.hosts;
  for (guint i = hosts->len; i-- > 0;)
    if (((struct net_mx *)hosts->pdata[i])->addresses->len == 0)
      g_ptr_array_remove_index(hosts, i);
  if (hosts->len > 0) {
    g_clear_pointer(&query->answer.words, g_free); /* of a host that failed where another did not */
    finish_with(query, NET_DNS_OK, NULL);
  } else if (query->temporary)
    finish_with(query, NET_DNS_TEMPORARY, g_steal_pointer(&query->answer.words));
  else if (query->some_name)
    finish_with(query, NET_DNS_NO_DATA,
                g_strdup_printf("%s: DNS has neither a mail exchanger with an address nor an address",
                                query->domain));
  else
    finish_with(query, NET_DNS_NO_NAME, g_strdup_printf("%s: there is no such domain in DNS", query->domain));
}

/* --- look-ups ------------------------------------------------------------------------------------------- */

static void answered(void *user, int error, struct ub_result *result);

static void look_up(struct query *query, const char *name, int type, struct net_mx *mx)
{
  struct lookup *lookup = g_new0(struct lookup, 1);
  lookup->query = query;
  lookup->mx = mx;
  lookup->type = type;
  g_ptr_array_add(query->lookups, lookup);
  int status =
      ub_resolve_async(query->resolver->context, name, type, CLASS_IN, lookup, answered, &lookup->id);
  if (status == 0)
    return;
  query->temporary = true;
  g_free(query->answer.words);
  query->answer.words = g_strdup_printf("%s: DNS: %s", name, ub_strerror(status));
  g_ptr_array_remove_fast(query->lookups, lookup);
}

static void add_host(struct query *query, guint16 preference, const char *host)
{
  struct net_mx *mx = g_new0(struct net_mx, 1);
  mx->preference = preference;
  mx->host = g_strdup(host);
  mx->addresses = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(query->answer.hosts, mx);
}

static void look_up_addresses(struct query *query)
{
  GPtrArray *hosts = query->answer.hosts;
  for (guint i = 0; i < hosts->len; i++) {
    struct net_mx *mx = hosts->pdata[i];
    look_up(query, mx->host, TYPE_A, mx);
    look_up(query, mx->host, TYPE_AAAA, mx);
  }
}

char *resolver_read_name(const guint8 *wire, int length)
{
  g_autoptr(GString) name = g_string_new(NULL);
  int i = 0;
  while (i < length && wire[i] != 0) {
    int label = wire[i++];
    if (label > 63 || i + label >= length)
      return NULL;
    if (name->len > 0)
      g_string_append_c(name, '.');
    for (; label > 0; label--, i++) {
      if (!g_ascii_isalnum(wire[i]) && wire[i] != '-' && wire[i] != '_')
        return NULL;
      g_string_append_c(name, (char)wire[i]);
    }
  }
  return i < length ? g_string_free(g_steal_pointer(&name), FALSE) : NULL;
}

/* RFC 5321 5.1: hosts of one preference in random order. */
static void shuffle(GPtrArray *hosts)
{
  for (guint i = hosts->len; i > 1; i--) {
    guint other = (guint)g_random_int_range(0, (gint32)i);
    gpointer kept = hosts->pdata[i - 1];
    hosts->pdata[i - 1] = hosts->pdata[other];
    hosts->pdata[other] = kept;
  }
}

static void take_mx(struct query *query, const struct ub_result *result)
{
  for (guint i = 0; result->data[i] != NULL && query->answer.hosts->len < HOSTS_MAX; i++) {
    const guint8 *data = (const guint8 *)result->data[i];
    g_autofree char *host = result->len[i] > 2 ? resolver_read_name(data + 2, result->len[i] - 2) : NULL;
    if (host == NULL)
      continue;
    if (*host == '\0')
      query->answer.null_mx = true;
    else
      add_host(query, (guint16)(data[0] << 8 | data[1]), host);
  }
  query->some_name = true;
  if (query->answer.hosts->len > 0) {
    query->answer.null_mx = false; /* RFC 7505 3: it stands alone or says nothing */
    shuffle(query->answer.hosts);
    g_ptr_array_sort(query->answer.hosts, by_preference);
    look_up_addresses(query);
  } else if (query->answer.null_mx)
    finish_with(query, NET_DNS_OK, g_strdup_printf("%s: takes no mail (null MX, RFC 7505)", query->domain));
}

/* RFC 5321 5.1: without an MX record the domain itself is the host. */
static void take_no_mx(struct query *query, const struct ub_result *result)
{
  if (result->rcode == RCODE_NXDOMAIN || result->nxdomain)
    return;
  query->some_name = true;
  add_host(query, 0, query->domain);
  look_up_addresses(query);
}

static void take_addresses(struct net_mx *mx, int type, const struct ub_result *result)
{
  for (guint i = 0; result->data[i] != NULL && mx->addresses->len < ADDRESSES_MAX; i++) {
    char text[INET6_ADDRSTRLEN];
    int length = type == TYPE_A ? 4 : 16;
    if (result->len[i] == length &&
        inet_ntop(type == TYPE_A ? AF_INET : AF_INET6, result->data[i], text, sizeof text) != NULL)
      g_ptr_array_add(mx->addresses, g_strdup(text));
  }
}

static void take_failure(struct query *query, const char *why)
{
  query->temporary = true;
  g_free(query->answer.words);
  query->answer.words = g_strdup_printf("%s: DNS: %s", query->domain, why);
}

static void take_result(struct query *query, struct net_mx *mx, int type, const struct ub_result *result)
{
  query->answer.secure = query->answer.secure && result->secure;
  if (result->bogus)
    take_failure(query, result->why_bogus != NULL ? result->why_bogus : "DNSSEC validation failed");
  else if (result->rcode != 0 && result->rcode != RCODE_NXDOMAIN)
    take_failure(query, "the name servers do not answer as they should");
  else if (type == TYPE_MX)
    (result->havedata ? take_mx : take_no_mx)(query, result);
  else if (result->havedata)
    take_addresses(mx, type, result);
}

static void answered(void *user, int error, struct ub_result *result)
{
  struct lookup *lookup = user;
  struct query *query = lookup->query;
  struct net_mx *mx = lookup->mx;
  int type = lookup->type;
  g_ptr_array_remove_fast(query->lookups, lookup);
  if (error != 0)
    take_failure(query, ub_strerror(error));
  else
    take_result(query, mx, type, result);
  ub_resolve_free(result);
  if (query->lookups->len == 0 && !query->done)
    conclude(query);
}

/* --- queries -------------------------------------------------------------------------------------------- */

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" is its own host (RFC 5321 4.1.3). */
static bool take_literal(struct query *query)
{
  const char *domain = query->domain;
  gsize length = strlen(domain);
  if (domain[0] != '[' || domain[length - 1] != ']')
    return false;
  bool six = g_ascii_strncasecmp(domain, "[IPv6:", 6) == 0;
  g_autofree char *address = g_strndup(domain + (six ? 6 : 1), length - (six ? 7 : 2));
  guint8 octets[16];
  if (inet_pton(six ? AF_INET6 : AF_INET, address, octets) != 1)
    return false;
  add_host(query, 0, domain);
  g_ptr_array_add(((struct net_mx *)query->answer.hosts->pdata[0])->addresses, g_strdup(address));
  query->answer.secure = false;
  finish(query);
  return true;
}

guint net_resolve_mx(struct net_resolver *resolver, const char *domain, net_mx_callback callback, void *user)
{
  struct query *query = g_new0(struct query, 1);
  query->resolver = resolver;
  do
    query->id = ++resolver->last_id;
  while (query->id == 0 || g_hash_table_contains(resolver->queries, GUINT_TO_POINTER(query->id)));
  query->domain = g_strdup(domain);
  query->callback = callback;
  query->user = user;
  query->lookups = g_ptr_array_new_with_free_func(lookup_free);
  query->answer.hosts = g_ptr_array_new_with_free_func(mx_free);
  query->answer.secure = true;
  query->timer = net_timer_new(resolver->loop, timer_due, query);
  g_hash_table_insert(resolver->queries, GUINT_TO_POINTER(query->id), query);

  g_autofree char *ascii = g_hostname_to_ascii(domain);
  if (take_literal(query))
    return query->id;
  if (ascii == NULL || *ascii == '\0') {
    finish_with(query, NET_DNS_NO_NAME, g_strdup_printf("%s: not a domain name", domain));
    return query->id;
  }
  g_free(query->domain);
  query->domain = g_steal_pointer(&ascii);
  net_timer_start(query->timer, resolver->timeout_ms, 0);
  look_up(query, query->domain, TYPE_MX, NULL);
  if (query->lookups->len == 0)
    conclude(query);
  return query->id;
}

void net_resolve_cancel(struct net_resolver *resolver, guint id)
{
  g_hash_table_remove(resolver->queries, GUINT_TO_POINTER(id));
}
