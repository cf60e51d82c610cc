/* RFC 2156 4.3.4: RFC 822 -> X.400. Stage I reads an O/R address that is written as a mailbox, Stage II wraps
 * a mailbox. */
#include "mapping/mailbox.h"
#include "mapping/or_keys.h"
#include "mapping/or_text.h"
#include "mapping/ps_encoding.h"
#include "mapping/rules.h"
#include "mapping/sources.h"
#include "mapping/users.h"

#include <string.h>

enum { DDA_VALUE = 128, DDA_COUNT = 4 };

/* What Stage I step 8 finds for a domain, looked up when it is first asked for. */
struct from_domain {
  bool known;
  struct or_address *address; /* NULL: nothing matches */
  bool beyond;                /* a label had no place: the address is for Stage II only */
};

bool rules_names_user(enum to_or_rule rule)
{
  return rule == TO_OR_USER || rule == TO_OR_TEXT || rule == TO_OR_MCGAM;
}

static bool own_domain(const struct mapping_context *context, const char *domain)
{
  return g_ascii_strcasecmp(context->settings->domain, domain) == 0;
}

/* Steps 2 and 3. ";", "|" and "_" are let through when the text looks like std-or: the RFC allows the first
 * two in std-or-address-input and UPA, the third in presentation addresses, and forgets them here. */
static bool readable(const char *local, GPtrArray *explain)
{
  gsize length = strlen(local);
  rules_tell(explain, "4.3.4 Stage I step 2: without quoting the local part is: %s", local);
  if (!length || local[0] == ' ' || local[length - 1] == ' ' || strstr(local, "  ")) {
    rules_tell(explain, "4.3.4 Stage I step 2: spaces at an end or side by side: not an O/R address");
    return false;
  }
  bool pairs = *local == '/' || strchr(local, ';');
  for (const char *p = local; *p; p++)
    if (!ps_char(*p) && !strchr(pairs ? "{}*$;|_" : "{}*$", *p)) {
      rules_tell(explain, "4.3.4 Stage I step 3: \"%c\" is not in PrintableString: not an O/R address", *p);
      return false;
    }
  rules_tell(explain, "4.3.4 Stage I step 3: all characters are those of std-or-address-input");
  return true;
}

/* Step 4 and 5. */
static struct or_address *read_local_part(const char *local, GPtrArray *explain)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address = or_text_parse_local_part(local, &error);
  if (address) {
    rules_tell(explain,
               "4.3.4 Stage I steps 4 and 5: the local part is an O/R address (std-or-address-input)");
    return g_steal_pointer(&address);
  }
  if (or_text_is_pairs(local)) {
    rules_tell(explain, "4.3.4 Stage I step 5: std-or-address-input, but not of its types: %s", error->message);
    return NULL;
  }
  rules_tell(explain, "4.3.4 Stage I step 4: not std-or-address-input: %s", error->message);
  address = or_address_new();
  if (!or_text_parse_pn(local, address)) {
    rules_tell(explain,
               "4.3.4 Stage I step 4: not a personal name that can be written back (encoded-pn, 4.1.2)");
    return NULL;
  }
  rules_tell(explain, "4.3.4 Stage I steps 4 and 5: a personal name (encoded-pn)");
  return g_steal_pointer(&address);
}

/* Step 7: nothing in it but what may stand below a domain's attributes. */
static bool can_be_completed(const struct or_address *address, GPtrArray *explain)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    bool mnemonic = attribute->key <= OR_DDA && attribute->key != OR_X121 &&
                    attribute->key != OR_TERMINAL_ID && attribute->key != OR_UA_ID;
    if (!mnemonic || attribute->key == OR_COUNTRY) {
      rules_tell(explain, "4.3.4 Stage I step 7: %s cannot be completed by a domain",
                 or_keys[attribute->key].keyword);
      return false;
    }
  }
  rules_tell(explain, "4.3.4 Stage I step 7: with C, ADMD, PRMD, O, OU it can be of mnemonic form");
  return true;
}

/* Gives the labels before the match, from the right, to the levels below the row's. */
static bool allocate(struct dmn *dmn, const char *domain, gsize rest, GPtrArray *explain)
{
  while (rest > 0) {
    gsize end = rest - 1, start = end;
    while (start > 0 && domain[start - 1] != '.')
      start--;
    guint index = 0;
    enum or_key key = dmn->depth < HIERARCHY_LEVELS ? hierarchy_key(dmn->depth, &index) : OR_KEYS;
    if (key == OR_KEYS || end - start > or_keys[key].bound) {
      rules_tell(explain, "4.3.4 Stage I step 8: no level is left for \"%.*s\"", (int)(end - start),
                 domain + start);
      return false;
    }
    g_autofree char *label = g_strndup(domain + start, end - start);
    hierarchy_set(dmn->address, dmn->depth++, label);
    rest = start;
  }
  return true;
}

/* Step 8, first half. */
static void derive(const struct mapping_context *context, const char *domain, struct from_domain *found,
                   GPtrArray *explain)
{
  struct dmn dmn;
  gsize rest = 0;
  if (found->known)
    return;
  found->known = true;
  if (!mailbox_domain_is_plain(domain)) {
    rules_tell(explain, "4.3.4 Stage I step 8: %s is not of letters, digits and hyphens (4.2 domain-syntax)",
               domain);
    return;
  }
  bool matched = sources_match_domain(context, MCGAM_DOMAIN_TO_OR, domain, &dmn, &rest, explain);
  g_autofree char *prefix = matched && explain ? dmn_format(dmn.address, dmn.depth) : NULL;
  rules_tell_domain(explain, "4.3.4 Stage I step 8", MCGAM_DOMAIN_TO_OR, domain,
                    matched ? domain + rest : NULL, prefix);
  if (!matched)
    return;
  found->beyond = !allocate(&dmn, domain, rest, explain);
  if (!strchr(domain, '.')) {
    /* 4.3.5 step 3 never writes such a domain: a reply would get another one. */
    rules_tell(explain, "4.3.4 Stage I step 8: a domain of one label routes to no gateway");
    found->beyond = true;
  }
  found->address = dmn.address;
  g_autofree char *text = explain ? or_address_format(found->address) : NULL;
  rules_tell(explain, "4.3.4 Stage I step 8: the domain stands for %s", text);
}

/* Step 8, second half: attributes of the local part stand, those of the domain above them are added. */
static bool merge(struct or_address *address, const struct or_address *right)
{
  guint take = or_address_get(address, OR_ADMD, 0)           ? 1
               : or_address_get(address, OR_PRMD, 0)         ? 2
               : or_address_get(address, OR_ORGANIZATION, 0) ? 3
                                                             : HIERARCHY_LEVELS;
  guint units = take == HIERARCHY_LEVELS ? or_address_count(right, OR_UNIT) : 0;
  if (units + or_address_count(address, OR_UNIT) > or_keys[OR_UNIT].count)
    return false;
  for (guint i = 0; i < address->attributes->len; i++) {
    struct or_attribute *attribute = address->attributes->pdata[i];
    if (attribute->key == OR_UNIT)
      attribute->index += units;
  }
  for (guint level = 0; level < take; level++) {
    const struct or_attribute *attribute = hierarchy_attribute(right, level);
    if (attribute)
      hierarchy_set(address, level, attribute->printable);
  }
  return true;
}

/* Step 9. An address in the gateway's own domain was made here from one that a peer sent: its bounds are that
 * peer's. */
static bool check(const struct mapping_context *context, const struct or_address *address, const char *domain,
                  GPtrArray *explain, GError **error)
{
  g_autoptr(GError) wrong = NULL;
  if (own_domain(context, domain) ? or_address_check_form(address, &wrong)
                                  : or_address_check(address, &wrong)) {
    rules_tell(explain, "4.3.4 Stage I step 9: a valid O/R address");
    return true;
  }
  rules_tell(explain, "4.3.4 Stage I step 9: %s", wrong->message);
  g_propagate_error(error, g_steal_pointer(&wrong));
  return false;
}

/* NULL: Stage II, with what the domain gave. */
static struct or_address *stage_one(const struct mapping_context *context, const struct mailbox *mailbox,
                                    struct from_domain *right, GPtrArray *explain, enum to_or_rule *rule_r)
{
  if (!readable(mailbox->local, explain))
    return NULL;
  g_autoptr(or_address_t) address = read_local_part(mailbox->local, explain);
  if (!address)
    return NULL;
  if (or_address_check_form(address, NULL)) {
    rules_tell(explain, "4.3.4 Stage I step 6: it is whole, the domain adds nothing");
    *rule_r = TO_OR_TEXT;
  } else {
    rules_tell(explain, "4.3.4 Stage I step 6: it is not whole, the domain has to complete it");
    if (!can_be_completed(address, explain))
      return NULL;
    derive(context, mailbox->domain, right, explain);
    if (!right->address || right->beyond)
      return NULL;
    if (!merge(address, right->address)) {
      rules_tell(explain, "4.3.4 Stage I step 8: more than four OUs");
      return NULL;
    }
    *rule_r = TO_OR_MCGAM;
  }
  if (!check(context, address, mailbox->domain, explain, NULL))
    return NULL;
  g_autofree char *text = explain ? or_address_format(address) : NULL;
  rules_tell(explain, "4.3.4 Stage I step 10: %s", text);
  return g_steal_pointer(&address);
}

/* Stage II, last part: the rest of the address that carries the DDA. */
static struct or_address *carrier(const struct mapping_context *context, const char *domain,
                                  const struct from_domain *right, enum address_use use, GPtrArray *explain,
                                  enum to_or_rule *rule_r)
{
  if (right->address) {
    rules_tell(explain, "4.3.4 Stage II step 3: the MCGAM's address carries it");
    *rule_r = TO_OR_DDA_MCGAM;
    return or_address_copy(right->address);
  }
  struct dmn dmn;
  gsize rest = 0;
  /* A return address leads back through this gateway, whatever others there are. */
  if (use == ADDRESS_ORIGINATOR) {
    rules_tell(explain, "4.3.4 Stage II step 3: a return address takes no preferred gateway");
  } else {
    bool matched = mailbox_domain_is_plain(domain) &&
                   sources_match_domain(context, MCGAM_DOMAIN_TO_OR_GATEWAY, domain, &dmn, &rest, explain);
    g_autofree char *gateway = matched && explain ? or_address_format(dmn.address) : NULL;
    rules_tell_domain(explain, "4.3.4 Stage II step 3: preferred gateway", MCGAM_DOMAIN_TO_OR_GATEWAY, domain,
                      matched ? domain + rest : NULL, gateway);
    *rule_r = TO_OR_DDA_GATEWAY;
    if (matched)
      return dmn.address;
  }
  rules_tell(explain, "4.3.4 Stage II step 3: this gateway's own O/R address carries it");
  *rule_r = TO_OR_DDA_OWN;
  return or_address_copy(context->own);
}

/* The domain that RFC 822 would route on: the first of a source route. */
static char *routed_domain(const struct mailbox *mailbox)
{
  if (!mailbox->route)
    return g_strdup(mailbox->domain);
  const char *first = mailbox->route + 1;
  return g_strndup(first, strcspn(first, ","));
}

static bool add_dda(struct or_address *address, const char *text, GError **error)
{
  g_autofree char *encoded = ps_encode(text);
  gsize length = encoded ? strlen(encoded) : 0, parts = (length + DDA_VALUE - 1) / DDA_VALUE;
  guint taken = or_address_count(address, OR_DDA);
  if (!encoded || parts + taken > DDA_COUNT) {
    rules_fail(error, MAPPING_ERROR_LIMIT, "5.1.3",
               "mailbox: %" G_GSIZE_FORMAT
               " characters as a domain defined attribute, there is room for %u (RFC 2156 4.3.2)",
               length, (DDA_COUNT - taken) * DDA_VALUE);
    return false;
  }
  for (gsize part = 0; part < parts; part++) {
    g_autofree char *piece = g_strndup(encoded + part * DDA_VALUE, DDA_VALUE);
    or_address_set_dda(address, part ? rules_continuations[part - 1] : RULES_DDA, piece);
  }
  return true;
}

static struct or_address *stage_two(const struct mapping_context *context, const struct mailbox *mailbox,
                                    struct from_domain *right, enum address_use use, GPtrArray *explain,
                                    enum to_or_rule *rule_r, GError **error)
{
  g_autofree char *text = mailbox_format(mailbox->route, mailbox->local, mailbox->domain);
  g_autofree char *domain = routed_domain(mailbox);
  derive(context, domain, right, explain);
  rules_tell(explain, "4.3.4 Stage II steps 1 and 2: %s as domain defined attribute RFC-822", text);
  g_autoptr(or_address_t) address = carrier(context, domain, right, use, explain, rule_r);
  return add_dda(address, text, error) ? g_steal_pointer(&address) : NULL;
}

/* A local part in the gateway's own domain that means to be an O/R address and is none: told, not wrapped. */
static bool refuse_own(const struct mapping_context *context, const struct mailbox *mailbox,
                       enum address_use use, GError **error)
{
  bool pairs = *mailbox->local == '/' && strchr(mailbox->local, '=');
  if (use != ADDRESS_RECIPIENT || !pairs || !own_domain(context, mailbox->domain))
    return false;
  g_autoptr(GError) wrong = NULL;
  g_autoptr(or_address_t) address = or_text_parse_local_part(mailbox->local, &wrong);
  if (address && or_address_check_form(address, &wrong))
    return false;
  rules_fail(error, MAPPING_ERROR_SYNTAX, "5.1.3", "%s", wrong->message);
  return true;
}

/* The row of this very mailbox. */
static struct or_address *of_user(const struct mapping_context *context, const struct mailbox *mailbox,
                                  GPtrArray *explain, enum to_or_rule *rule_r)
{
  if (mcgam_rows(context->tables, MCGAM_MAILBOX_TO_OR) == 0)
    return NULL;
  const char *text = users_of_mailbox(context->tables, mailbox, !context->settings->exact_local_parts);
  rules_tell(explain, "before 4.3.4: table mailbox-to-or: key %s@%s, %s: %s", mailbox->local, mailbox->domain,
             context->settings->exact_local_parts ? "with case" : "any case", text ? text : "no row");
  *rule_r = TO_OR_USER;
  return text ? or_address_parse(text, NULL) : NULL;
}

static struct or_address *by_rules(const struct mapping_context *context, const struct mailbox *mailbox,
                                   enum address_use use, GPtrArray *explain, enum to_or_rule *rule_r,
                                   GError **error)
{
  struct from_domain right = {false, NULL, false};
  struct or_address *address = NULL;
  if (mailbox->route)
    rules_tell(explain, "4.3.4 Stage I step 1: a source route, which is no X.400 address");
  else
    rules_tell(explain, "4.3.4 Stage I step 1: local-part \"@\" domain");
  if (!mailbox->route)
    address = stage_one(context, mailbox, &right, explain, rule_r);
  if (!address && !refuse_own(context, mailbox, use, error))
    address = stage_two(context, mailbox, &right, use, explain, rule_r, error);
  or_address_free(right.address);
  return address;
}

struct or_address *rules_to_or_by_rules(struct mapping_context *context, const char *text,
                                        enum address_use use, GPtrArray *explain, enum to_or_rule *rule_r,
                                        GError **error)
{
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, error);
  return mailbox ? by_rules(context, mailbox, use, explain, rule_r, error) : NULL;
}

struct or_address *rules_to_or(struct mapping_context *context, const char *text, enum address_use use,
                               GPtrArray *explain, enum to_or_rule *rule_r, GError **error)
{
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, error);
  struct or_address *address = mailbox ? of_user(context, mailbox, explain, rule_r) : NULL;
  return address || !mailbox ? address : by_rules(context, mailbox, use, explain, rule_r, error);
}

struct or_address *address_to_or(struct mapping_context *context, const char *mailbox, enum address_use use,
                                 GPtrArray *explain, GError **error)
{
  enum to_or_rule rule;
  sources_purpose(context, use);
  return rules_to_or(context, mailbox, use, explain, &rule, error);
}
