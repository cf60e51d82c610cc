/* An envelope's recipient: on which side it lies, and its next hop. */
#include "mapping/mailbox.h"
#include "mapping/route.h"
#include "mapping/rules.h"
#include "mapping/sources.h"

#include <string.h>

enum { SMTP_PORT = 25 };

static char *smarthost_hop(const char *host, guint port)
{
  return g_strdup_printf("smtp:[%s]:%u", host, port ? port : SMTP_PORT);
}

/* A domain literal is its own destination (RFC 5321 4.1.3). */
static char *domain_hop(const char *domain)
{
  if (*domain != '[')
    return g_strdup_printf("smtp:%s", domain);
  const char *address = domain + 1;
  if (g_ascii_strncasecmp(address, "IPv6:", 5) == 0)
    address += 5;
  g_autofree char *host = g_strndup(address, strcspn(address, "]"));
  return smarthost_hop(host, SMTP_PORT);
}

char *address_hop_mailbox(struct mapping_context *context, const char *text, GError **error)
{
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, error);
  if (!mailbox)
    return NULL;
  const struct mapping_settings *settings = context->settings;
  const char *smarthost = NULL;
  guint port = 0;
  g_autofree char *domain = g_ascii_strdown(mailbox->domain, -1);
  if (or_routes_domain(context->routes, domain, &smarthost, &port))
    return smarthost ? smarthost_hop(smarthost, port) : domain_hop(domain);
  if (settings->smarthost)
    return smarthost_hop(settings->smarthost, settings->smarthost_port);
  return domain_hop(domain);
}

char *address_hop_or(struct mapping_context *context, const struct or_address *address, GError **error)
{
  const struct or_route_entry *route = or_routes_find(context->routes, address);
  if (route)
    return g_strdup_printf("p1:%s", route->peer);
  g_autofree char *text = or_address_format(address);
  const struct or_route_entry *near = or_routes_nearly(context->routes, address);
  if (near)
    rules_fail(error, MAPPING_ERROR_NO_ROUTE, "5.4.4",
               "no route to %s; %s differs in ADMD alone, an alias would make the two the same", text,
               near->text);
  else
    rules_fail(error, MAPPING_ERROR_NO_ROUTE, "5.4.4", "no route to %s", text);
  return NULL;
}

char *address_fallbacks(struct mapping_context *context, const char *mapped, const char *hop)
{
  if (!hop || !mapped || !g_str_has_prefix(hop, "p1:"))
    return NULL;
  g_autoptr(or_address_t) address = or_address_parse(mapped, NULL);
  const struct or_route_entry *route = address ? or_routes_find(context->routes, address) : NULL;
  if (!route || !*route->fallbacks)
    return NULL;
  g_autofree char *names = g_strjoinv("\np1:", route->fallbacks);
  return g_strconcat("p1:", names, NULL);
}

static char *tell_route(struct mapping_context *context, const struct or_address *address, GPtrArray *explain,
                        GError **error)
{
  if (explain)
    or_routes_explain(context->routes, address, explain);
  return address_hop_or(context, address, error);
}

/* Why a mailbox that only this gateway could carry is no X.400 recipient. */
static void refuse(struct mapping_context *context, const char *text, GError **error)
{
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, NULL);
  const char *domain = mailbox ? mailbox->domain : "";
  if (g_ascii_strcasecmp(domain, context->settings->domain) == 0)
    rules_fail(error, MAPPING_ERROR_ADDRESS, "5.1.1",
               "<%s>: no such address; here the local part is an O/R address, as in \"/S=Lee/.../C=de/\"@%s",
               text, domain);
  else
    rules_fail(error, MAPPING_ERROR_ADDRESS, "5.1.2", "<%s>: no X.400 mapping for the domain %s", text,
               domain);
}

/* RFC 5321 4.5.1: "postmaster", alone or at a domain of ours. */
static bool is_postmaster(const struct mapping_settings *settings, const char *text)
{
  if (g_ascii_strcasecmp(text, "postmaster") == 0)
    return true;
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, NULL);
  return mailbox && g_ascii_strcasecmp(mailbox->local, "postmaster") == 0 &&
         (g_ascii_strcasecmp(mailbox->domain, settings->domain) == 0 ||
          (settings->hostname && g_ascii_strcasecmp(mailbox->domain, settings->hostname) == 0));
}

static bool to_administrator(struct mapping_context *context, char **mapped_r, char **hop_r,
                             GPtrArray *explain, GError **error)
{
  const char *administrator = context->settings->administrator;
  if (is_postmaster(context->settings, administrator)) {
    rules_fail(error, MAPPING_ERROR_NO_ROUTE, "5.3.5",
               "the gateway's administrator is configured as %s, which is the gateway itself", administrator);
    return false;
  }
  *mapped_r = g_strdup(administrator);
  *hop_r = address_hop_mailbox(context, administrator, error);
  rules_tell(explain, "the gateway's own address: goes to its administrator %s", administrator);
  return *hop_r != NULL;
}

static bool route_mailbox(struct mapping_context *context, const char *mailbox, char **mapped_r, char **hop_r,
                          GPtrArray *explain, GError **error)
{
  if (is_postmaster(context->settings, mailbox))
    return to_administrator(context, mapped_r, hop_r, explain, error);
  enum to_or_rule rule;
  g_autoptr(or_address_t) address = rules_to_or(context, mailbox, ADDRESS_RECIPIENT, explain, &rule, error);
  if (!address)
    return false;
  *mapped_r = or_address_format(address);
  if (rule == TO_OR_DDA_OWN) {
    refuse(context, mailbox, error);
    return false;
  }
  *hop_r = tell_route(context, address, explain, error);
  return *hop_r != NULL;
}

/* 4.4.1: a DDA that names an X.400 user again goes on as that user. */
static bool back_into_x400(struct mapping_context *context, const char *mailbox, char **mapped_r,
                           char **hop_r, GPtrArray *explain)
{
  enum to_or_rule rule;
  g_autoptr(or_address_t) address = rules_to_or(context, mailbox, ADDRESS_RECIPIENT, NULL, &rule, NULL);
  if (!address || !rules_names_user(rule))
    return false;
  char *hop = tell_route(context, address, explain, NULL);
  if (!hop)
    return false;
  *mapped_r = or_address_format(address);
  *hop_r = hop;
  rules_tell(explain, "4.4.1: the mailbox names the X.400 user %s: no conversion", *mapped_r);
  return true;
}

static bool into_smtp(struct mapping_context *context, const char *text, char **mapped_r, char **hop_r,
                      GPtrArray *explain, GError **error)
{
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, error);
  if (!mailbox)
    return false;
  /* RFC 5321 appendix C: a source route is not followed. */
  *mapped_r = mailbox_format(NULL, mailbox->local, mailbox->domain);
  *hop_r = address_hop_mailbox(context, *mapped_r, error);
  if (*hop_r)
    rules_tell(explain, "route: %s leaves X.400 here", *mapped_r);
  return *hop_r != NULL;
}

static bool domain_is_routed(struct mapping_context *context, const char *text)
{
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, NULL);
  const char *smarthost;
  guint port;
  return mailbox && or_routes_domain(context->routes, mailbox->domain, &smarthost, &port);
}

static bool route_or(struct mapping_context *context, const struct or_address *address, char **mapped_r,
                     char **hop_r, GPtrArray *explain, GError **error)
{
  if (context->own && or_address_equal(address, context->own))
    return to_administrator(context, mapped_r, hop_r, explain, error);
  enum from_or_rule rule;
  g_autoptr(GError) wrong = NULL;
  g_autofree char *mailbox = rules_from_or(context, address, ADDRESS_RECIPIENT, explain, &rule, &wrong);
  if (!mailbox && rule == FROM_OR_DDA) {
    g_propagate_error(error, g_steal_pointer(&wrong));
    return false;
  }
  bool routed = mailbox && domain_is_routed(context, mailbox);
  if (mailbox && rule == FROM_OR_DDA)
    return (!routed && back_into_x400(context, mailbox, mapped_r, hop_r, explain)) ||
           into_smtp(context, mailbox, mapped_r, hop_r, explain, error);
  bool by_table = mailbox && (rule == FROM_OR_MCGAM || rule == FROM_OR_USER);
  if (by_table && routed)
    return into_smtp(context, mailbox, mapped_r, hop_r, explain, error);
  *hop_r = tell_route(context, address, explain, NULL);
  if (*hop_r) {
    *mapped_r = or_address_format(address);
    return true;
  }
  if (by_table)
    return into_smtp(context, mailbox, mapped_r, hop_r, explain, error);
  g_clear_error(error);
  g_free(address_hop_or(context, address, error));
  return false;
}

/* --- what hangs on a look-up without an answer is not known yet (4.2.1) ------------------------------ */

static bool certain(struct mapping_context *context, guint doubts, bool done, char **mapped_r, char **hop_r,
                    GError **error)
{
  if (sources_determinate(context, doubts, error))
    return done;
  g_clear_pointer(mapped_r, g_free);
  g_clear_pointer(hop_r, g_free);
  return false;
}

bool address_route_mailbox(struct mapping_context *context, const char *mailbox, char **mapped_r,
                           char **hop_r, GPtrArray *explain, GError **error)
{
  *mapped_r = *hop_r = NULL;
  guint doubts = sources_doubts(context);
  sources_purpose(context, ADDRESS_RECIPIENT);
  bool done = route_mailbox(context, mailbox, mapped_r, hop_r, explain, error);
  return certain(context, doubts, done, mapped_r, hop_r, error);
}

bool address_route_or(struct mapping_context *context, const struct or_address *address, char **mapped_r,
                      char **hop_r, GPtrArray *explain, GError **error)
{
  *mapped_r = *hop_r = NULL;
  guint doubts = sources_doubts(context);
  sources_purpose(context, ADDRESS_RECIPIENT);
  bool done = route_or(context, address, mapped_r, hop_r, explain, error);
  return certain(context, doubts, done, mapped_r, hop_r, error);
}
