/* RFC 2156 4.3.5: X.400 -> RFC 822. Mapping A takes a mailbox out of its domain defined attribute, Mapping B
 * writes an O/R address as a mailbox. What B writes is read again by 4.3.4 before it is given out: a reply to
 * it must find its way. */
#include "mapping/hierarchy.h"
#include "mapping/mailbox.h"
#include "mapping/or_compare.h"
#include "mapping/or_text.h"
#include "mapping/ps_encoding.h"
#include "mapping/rules.h"
#include "mapping/sources.h"
#include "mapping/users.h"

#include <string.h>

/* --- Mapping A --------------------------------------------------------------------------------------- */

static bool is_dda(const struct or_attribute *attribute, const char *type)
{
  return attribute->key == OR_DDA &&
         ((attribute->type && g_ascii_strcasecmp(attribute->type, type) == 0) ||
          (attribute->type_teletex && g_ascii_strcasecmp(attribute->type_teletex, type) == 0));
}

/* The value of the DDA in one representation; *count_r says how many have it. */
static const char *dda_value(const struct or_address *address, const char *type, bool teletex, guint *count_r)
{
  const char *value = NULL;
  *count_r = 0;
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    const char *own = teletex ? attribute->teletex : attribute->printable;
    if (!own || !is_dda(attribute, type))
      continue;
    value = own;
    (*count_r)++;
  }
  return value;
}

/* RFC-822 and its continuations joined; NULL when there is not exactly one RFC-822. */
static char *joined(const struct or_address *address, bool teletex)
{
  guint count;
  const char *value = dda_value(address, RULES_DDA, teletex, &count);
  if (count != 1 || !value)
    return NULL;
  GString *text = g_string_new(value);
  for (gsize i = 0; i < G_N_ELEMENTS(rules_continuations); i++) {
    value = dda_value(address, rules_continuations[i], teletex, &count);
    if (count != 1 || !value)
      break;
    g_string_append(text, value);
  }
  return g_string_free(text, FALSE);
}

/* 4.3.2: teletex values of printable characters alone are ps-encoded, others are text as they are. */
static char *decoded(const char *text)
{
  return ps_is_printable(text) ? ps_decode(text, NULL) : g_strdup(text);
}

/* The mailbox in the RFC-822 DDA; NULL without error when there is none, with error when it is none. */
static char *mapping_a(const struct or_address *address, GPtrArray *explain, GError **error)
{
  g_autofree char *printable = joined(address, false), *teletex = joined(address, true);
  if (!printable && !teletex)
    return NULL;
  g_autofree char *text = printable ? ps_decode(printable, NULL) : decoded(teletex);
  g_autofree char *twin = printable && teletex ? decoded(teletex) : NULL;
  if (twin && strcmp(twin, text) != 0) {
    rules_fail(error, MAPPING_ERROR_ADDRESS, "5.1.3",
               "the RFC-822 attributes name two mailboxes, \"%s\" and in teletex \"%s\" (RFC 2156 4.3.2)",
               text, twin);
    return NULL;
  }
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, error);
  if (!mailbox)
    return NULL;
  rules_tell(explain, "4.3.5 Mapping A: the RFC-822 attribute is the mailbox, other attributes are dropped");
  return mailbox_format(mailbox->route, mailbox->local, mailbox->domain);
}

/* --- Mapping B --------------------------------------------------------------------------------------- */

static bool is_mnemonic(const struct or_address *address)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    if (attribute->key == OR_X121 || attribute->key == OR_TERMINAL_ID || attribute->key == OR_UA_ID ||
        attribute->key > OR_DDA)
      return false;
  }
  return true;
}

/* Step 4: the next level's value as a label, or NULL when it has to stay on the left. */
static char *label_of(const struct or_address *address, guint level)
{
  const struct or_attribute *attribute = hierarchy_attribute(address, level);
  if (!attribute || !attribute->printable || attribute->teletex || attribute->universal)
    return NULL;
  g_autofree char *value = g_strdup(attribute->printable);
  g_strstrip(value);
  return mailbox_label_is_plain(value, strlen(value)) ? g_steal_pointer(&value) : NULL;
}

/* Whether anything is left for the local part when the first depth levels went into the domain. */
static bool something_left(const struct or_address *address, guint depth)
{
  guint covered = 0;
  for (guint level = 0; level < depth; level++)
    covered += hierarchy_attribute(address, level) != NULL;
  return covered < address->attributes->len;
}

/* Step 5: what the domain does not say. */
static char *local_part(const struct or_address *address, guint depth)
{
  g_autoptr(or_address_t) left = or_address_copy(address);
  guint units = depth > 4 ? depth - 4 : 0;
  for (guint level = 0; level < depth; level++) {
    guint index;
    enum or_key key = hierarchy_key(level, &index);
    or_address_set(left, key, index, NULL, NULL);
  }
  for (guint i = 0; units && i < left->attributes->len; i++) {
    struct or_attribute *attribute = left->attributes->pdata[i];
    if (attribute->key == OR_UNIT)
      attribute->index -= units;
  }
  bool person = left->attributes->len > 0;
  for (guint i = 0; i < left->attributes->len; i++) {
    enum or_key key = ((struct or_attribute *)left->attributes->pdata[i])->key;
    person = person && key >= OR_SURNAME && key <= OR_GENERATION;
  }
  g_autofree char *name = person ? or_text_format_pn(left) : NULL;
  return name && !or_text_is_pairs(name) ? g_steal_pointer(&name) : or_address_format(left);
}

/* The mailbox, if 4.3.4 gives the same address for it. */
static char *if_it_maps_back(struct mapping_context *context, const struct or_address *address,
                             const char *local, const char *domain, GPtrArray *explain)
{
  g_autofree char *mailbox = mailbox_format(NULL, local, domain);
  g_autoptr(GError) error = NULL;
  enum to_or_rule rule = TO_OR_DDA_OWN;
  g_autoptr(or_address_t) back = rules_to_or(context, mailbox, ADDRESS_RECIPIENT, NULL, &rule, &error);
  if (back && rules_names_user(rule) && or_address_equal(back, address))
    return g_steal_pointer(&mailbox);
  rules_tell(explain, "4.3.5: %s is not taken: it does not map back (%s)", mailbox,
             error ? error->message : "4.3.4 gives another address");
  return NULL;
}

/* Steps 3 and 4 with the table or-to-domain. */
static char *by_mcgam(struct mapping_context *context, const struct or_address *address, GPtrArray *explain)
{
  guint depth = 0;
  g_autofree char *row = sources_match_or(context, MCGAM_OR_TO_DOMAIN, address, &depth, explain);
  rules_tell_or(explain, "4.3.5 Mapping B step 3", MCGAM_OR_TO_DOMAIN, address, depth, row);
  if (!row)
    return NULL;
  g_autoptr(GString) domain = g_string_new(row);
  for (; depth < HIERARCHY_LEVELS && something_left(address, depth + 1); depth++) {
    g_autofree char *label = label_of(address, depth);
    if (!label)
      break;
    g_string_prepend_c(domain, '.');
    g_string_prepend(domain, label);
    rules_tell(explain, "4.3.5 Mapping B step 4: subdomain %s", domain->str);
  }
  if (!strchr(domain->str, '.') || !something_left(address, depth)) {
    rules_tell(explain, "4.3.5 Mapping B steps 3 and 4: %s is not taken: %s", domain->str,
               strchr(domain->str, '.') ? "nothing is left for the local part"
                                        : "a domain of one label routes to no gateway");
    return NULL;
  }
  g_autofree char *local = is_mnemonic(address) ? local_part(address, depth) : or_address_format(address);
  rules_tell(explain, "4.3.5 Mapping B step 5: local part %s", local);
  return if_it_maps_back(context, address, local, domain->str, explain);
}

/* The whole address on the left, at a gateway's domain. */
static char *whole_at(struct mapping_context *context, const struct or_address *address, const char *domain,
                      GPtrArray *explain)
{
  g_autofree char *local = or_address_format(address);
  return if_it_maps_back(context, address, local, domain, explain);
}

static char *mapping_b(struct mapping_context *context, const struct or_address *address,
                       enum address_use use, GPtrArray *explain, enum from_or_rule *rule_r)
{
  *rule_r = FROM_OR_MCGAM;
  rules_tell(explain,
             "4.3.5 Mapping B steps 1 and 2: spaces, case and an ADMD of spaces do not count in tables");
  char *mailbox = by_mcgam(context, address, explain);
  guint depth = 0;
  /* Errors come back to a return address through this gateway. */
  g_autofree char *gateway =
      mailbox || use == ADDRESS_ORIGINATOR
          ? NULL
          : sources_match_or(context, MCGAM_OR_TO_DOMAIN_GATEWAY, address, &depth, explain);
  if (!mailbox && use == ADDRESS_ORIGINATOR)
    rules_tell(explain, "4.3.5 Mapping B step 3: a return address takes no preferred gateway");
  else if (!mailbox)
    rules_tell_or(explain, "4.3.5 Mapping B step 3: preferred gateway", MCGAM_OR_TO_DOMAIN_GATEWAY, address,
                  depth, gateway);
  if (gateway) {
    *rule_r = FROM_OR_GATEWAY;
    mailbox = whole_at(context, address, gateway, explain);
  }
  if (!mailbox) {
    rules_tell(explain, "4.3.5 Mapping B step 3: this gateway's own domain, %s", context->settings->domain);
    *rule_r = FROM_OR_OWN;
    mailbox = whole_at(context, address, context->settings->domain, explain);
  }
  return mailbox;
}

/* The row of this very address. It is what the administrator says: it need not map back. */
static char *of_user(const struct mapping_context *context, const struct or_address *address,
                     GPtrArray *explain)
{
  if (mcgam_rows(context->tables, MCGAM_OR_TO_MAILBOX) == 0)
    return NULL;
  const char *mailbox = users_of_address(context->tables, address);
  g_autofree char *key = explain ? or_address_format(address) : NULL;
  rules_tell(explain, "before 4.3.5 Mapping B: table or-to-mailbox: key %s: %s", key,
             mailbox ? mailbox : "no row");
  return g_strdup(mailbox);
}

char *rules_from_or(struct mapping_context *context, const struct or_address *address, enum address_use use,
                    GPtrArray *explain, enum from_or_rule *rule_r, GError **error)
{
  g_autoptr(GError) wrong = NULL;
  *rule_r = FROM_OR_DDA;
  char *mailbox = mapping_a(address, explain, &wrong);
  if (mailbox)
    return mailbox;
  if (wrong && use == ADDRESS_RECIPIENT) {
    g_propagate_error(error, g_steal_pointer(&wrong));
    return NULL;
  }
  rules_tell(explain, "4.3.5 Mapping A: %s", wrong ? wrong->message : "not exactly one RFC-822 attribute");
  *rule_r = FROM_OR_USER;
  mailbox = of_user(context, address, explain);
  if (!mailbox)
    mailbox = mapping_b(context, address, use, explain, rule_r);
  if (!mailbox) {
    g_autofree char *text = or_address_format(address);
    rules_fail(error, MAPPING_ERROR_ADDRESS, "5.1.3",
               "%s has no mailbox that maps back to it (RFC 2156 4.3.5)", text);
  }
  return mailbox;
}

char *address_from_or(struct mapping_context *context, const struct or_address *address, enum address_use use,
                      GPtrArray *explain, GError **error)
{
  enum from_or_rule rule;
  sources_purpose(context, use);
  return rules_from_or(context, address, use, explain, &rule, error);
}
