/* The job MAP: one address, either way, and how the answer was found. */
#include "mapping/mailbox.h"
#include "mapping/rules.h"

#include <string.h>

/* Does the outcome lead back to where it came from? Told in the last lines of an explanation. */
static void tell_way_back(GPtrArray *explain, const char *there, const char *back, const GError *error,
                          bool same)
{
  rules_tell(explain, "way back: %s -> %s", there, back ? back : error->message);
  rules_tell(explain,
             same ? "a reply comes back to this address" : "a reply does not come back to this address");
}

/* The same mailbox; or both are writings of the same O/R address. */
static bool same_mailbox(struct mapping_context *context, const char *there, const char *back)
{
  g_autoptr(mailbox_t) a = mailbox_parse(there, NULL), b = mailbox_parse(back, NULL);
  if (a && b && strcmp(a->local, b->local) == 0 && g_ascii_strcasecmp(a->domain, b->domain) == 0)
    return true;
  enum to_or_rule rule = TO_OR_DDA_OWN, rule_back = TO_OR_DDA_OWN;
  g_autoptr(or_address_t) x = rules_to_or(context, there, ADDRESS_HEADING, NULL, &rule, NULL);
  g_autoptr(or_address_t) y = rules_to_or(context, back, ADDRESS_HEADING, NULL, &rule_back, NULL);
  return x && y && rule == TO_OR_TEXT && rule_back == TO_OR_TEXT && or_address_equal(x, y);
}

static void explain_mailbox(struct mapping_context *context, const struct mapping_job *job,
                            const char *mapped, GPtrArray *explain)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address = or_address_parse(mapped, &error);
  g_autofree char *back = address ? address_from_or(context, address, ADDRESS_HEADING, NULL, &error) : NULL;
  tell_way_back(explain, mapped, back, error, back && same_mailbox(context, job->text, back));
}

static void explain_or(struct mapping_context *context, const struct or_address *address, const char *mapped,
                       GPtrArray *explain)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) back = address_to_or(context, mapped, ADDRESS_HEADING, NULL, &error);
  g_autofree char *text = back ? or_address_format(back) : NULL;
  tell_way_back(explain, mapped, text, error, back && or_address_equal(back, address));
}

static bool map_mailbox(struct mapping_context *context, const struct mapping_job *job,
                        struct mapping_result *result, GPtrArray *explain, GError **error)
{
  bool done = address_route_mailbox(context, job->text, &result->mapped, &result->hop, explain, error);
  if (explain && result->mapped)
    explain_mailbox(context, job, result->mapped, explain);
  return done;
}

static bool map_or(struct mapping_context *context, const struct mapping_job *job,
                   struct mapping_result *result, GPtrArray *explain, GError **error)
{
  g_autoptr(GError) wrong = NULL;
  g_autoptr(or_address_t) address = or_address_parse(job->text, &wrong);
  if (!address || !or_address_check_form(address, &wrong)) {
    rules_fail(error, MAPPING_ERROR_SYNTAX, "5.1.3", "%s", wrong->message);
    return false;
  }
  bool done = address_route_or(context, address, &result->mapped, &result->hop, explain, error);
  /* One that stays in X.400 is still asked for as what mail readers would see. */
  g_autofree char *mailbox = address_from_or(context, address, ADDRESS_HEADING, NULL, NULL);
  if (mailbox) {
    g_free(result->mapped);
    result->mapped = g_steal_pointer(&mailbox);
    if (explain)
      explain_or(context, address, result->mapped, explain);
  }
  return done;
}

void mapping_map(struct mapping_context *context, const struct mapping_job *job,
                 struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *explain = job->explain ? result->lines : NULL;
  bool done = job->to_x400 ? map_mailbox(context, job, result, explain, &error)
                           : map_or(context, job, result, explain, &error);
  if (!done)
    mapping_result_fail(result, MAPPING_REFUSED, error);
}
