/* The job MAP: one address, either way, and how the answer was found. */
#include "mapping/mailbox.h"
#include "mapping/rules.h"
#include "mapping/users.h"

#include <string.h>

/* The way back, step by step, and what becomes of a reply: it comes to the address that was asked about
 * (same), or to the same user under another (user), or elsewhere. */
static void tell_way_back(GPtrArray *explain, const GPtrArray *steps, const char *there, const char *back,
                          const GError *error, bool same, bool user)
{
  for (guint i = 0; i < steps->len; i++)
    rules_tell(explain, "way back: %s", (char *)steps->pdata[i]);
  rules_tell(explain, "way back: %s -> %s", there, back ? back : error->message);
  if (same)
    rules_tell(explain, "a reply comes back to this address");
  else if (back && user)
    rules_tell(explain, "a reply comes back to this user, written %s", back);
  else
    rules_tell(explain, "a reply does not come back to this address%s%s",
               back ? ", but goes to " : ": there is no way back", back ? back : "");
}

/* The same mailbox; or both are writings of the same O/R address. */
static bool same_mailbox(struct mapping_context *context, const char *there, const char *back)
{
  g_autoptr(mailbox_t) a = mailbox_parse(there, NULL), b = mailbox_parse(back, NULL);
  if (a && b && users_same_mailbox(a, b, false))
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
  g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(or_address_t) address = or_address_parse(mapped, &error);
  g_autofree char *back = address ? address_from_or(context, address, ADDRESS_HEADING, steps, &error) : NULL;
  g_autoptr(or_address_t) again = back ? address_to_or(context, back, ADDRESS_HEADING, NULL, NULL) : NULL;
  tell_way_back(explain, steps, mapped, back, error, back && same_mailbox(context, job->text, back),
                again && or_address_equal(address, again));
}

static void explain_or(struct mapping_context *context, const struct or_address *address, const char *mapped,
                       GPtrArray *explain)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(or_address_t) back = address_to_or(context, mapped, ADDRESS_HEADING, steps, &error);
  g_autofree char *text = back ? or_address_format(back) : NULL,
                  *again = back ? address_from_or(context, back, ADDRESS_HEADING, NULL, NULL) : NULL;
  /* An alias by a row of its own; Mapping A's mailbox may be anybody's. */
  bool alias = users_of_address(context->tables, address) && again && same_mailbox(context, mapped, again);
  tell_way_back(explain, steps, mapped, text, error, back && or_address_equal(back, address), alias);
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
