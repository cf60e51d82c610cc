#include "mapping/report_codes.h"

#include <stdlib.h>
#include <string.h>

/* --- X.400 to status: RFC 2156 5.3.8.2; the first row that fits counts --- */

#define ANY (-2)

static const struct {
  gint reason, diagnostic;
  const char *status;
} statuses[] = {
    {ANY, 0, "5.1.1"},
    {ANY, 1, "5.1.4"},
    {ANY, 2, "4.3.1"},
    {ANY, 3, "5.4.6"},
    {ANY, 4, "4.2.1"},
    {ANY, 5, "4.4.7"},
    {ANY, 6, "5.6.1"},
    {ANY, 7, "5.2.3"},
    {ANY, 8, "5.6.3"},
    {ANY, 9, "5.6.3"},
    {ANY, 10, "5.6.3"},
    {ANY, 11, "5.5.2"},
    {ANY, 12, "5.5.2"},
    {ANY, 13, "5.5.2"},
    {ANY, 14, "5.5.0"},
    {ANY, 15, "5.6.1"},
    {ANY, 16, "5.5.3"},
    {ANY, 17, "5.4.4"},
    {ANY, 18, "5.3.3"},
    {ANY, 19, "5.6.2"},
    {ANY, 20, "5.6.0"},
    {ANY, 21, "5.6.0"},
    {ANY, 22, "5.6.2"},
    {ANY, 23, "5.6.2"},
    {ANY, 24, "5.6.2"},
    {ANY, 25, "5.6.2"},
    {ANY, 26, "5.4.0"},
    {ANY, 27, "5.4.6"},
    {ANY, 28, "5.7.2"},
    {ANY, 29, "5.7.1"},
    {ANY, 30, "4.2.4"},
    {ANY, 31, "5.6.0"},
    {1, 43, "5.1.6"}, /* checklist section 9, 7: the row 1/43 is the more exact one */
    {ANY, 32, "5.1.0"},
    {ANY, 33, "5.1.0"},
    {ANY, 34, "5.1.0"},
    {ANY, 35, "5.1.0"},
    {ANY, 36, "5.1.0"},
    {ANY, 37, "5.1.0"},
    {ANY, 38, "5.1.0"},
    {ANY, 39, "5.1.0"},
    {ANY, 40, "5.1.0"},
    {ANY, 41, "5.1.0"},
    {ANY, 42, "5.1.0"},
    {ANY, 43, "5.1.0"},
    {ANY, 44, "5.1.0"},
    {ANY, 45, "5.1.0"},
    {ANY, 46, "5.7.0"},
    {ANY, 47, "5.3.3"},
    {ANY, 48, "5.3.4"},
    {ANY, 49, "4.4.7"},
    {0, ANY, "4.4.0"},
    {1, ANY, "5.0.0"},
    {2, ANY, "5.6.3"},
    {3, ANY, "5.6.0"},
    {4, ANY, "5.1.0"},
    {5, ANY, "5.7.1"},
    {6, ANY, "5.4.3"},
    {7, ANY, "5.3.3"},
    /* X.411 of 1999 has more than the RFC knew: security (8; 51-56) stands with the other security codes */
    {8, ANY, "5.7.0"},
    {ANY, 51, "5.7.1"},
    {ANY, 52, "5.7.1"},
    {ANY, 53, "5.7.1"},
    {ANY, 54, "5.7.1"},
    {ANY, 55, "5.7.1"},
    {ANY, 56, "5.7.1"},
};

const char *report_status(gint reason, gint diagnostic)
{
  for (guint i = 0; i < G_N_ELEMENTS(statuses); i++)
    if ((statuses[i].reason == ANY || statuses[i].reason == reason) &&
        (statuses[i].diagnostic == ANY || statuses[i].diagnostic == diagnostic))
      return statuses[i].status;
  return "5.0.0";
}

/* --- status to X.400: RFC 2156 5.1.8.4 --- */

static const struct {
  gint subject, detail, reason, diagnostic;
} reasons[] = {
    {0, 0, 1, -1}, {1, 0, 1, -1}, {1, 1, 1, 0},  {1, 2, 1, 0},  {1, 3, 1, 0},  {1, 4, 1, 1},  {1, 6, 1, 43},
    {1, 7, 1, 11}, {1, 8, 1, 11}, {2, 0, 1, -1}, {2, 1, 1, 4},  {2, 2, 1, 4},  {2, 3, 1, 7},  {2, 4, 1, 30},
    {3, 0, 0, -1}, {3, 1, 1, 2},  {3, 2, 1, 2},  {3, 3, 1, 18}, {3, 4, 1, 7},  {3, 5, 1, -1}, {4, 0, 0, -1},
    {4, 1, 0, -1}, {4, 2, 0, -1}, {4, 3, 6, -1}, {4, 4, 0, -1}, {4, 5, 1, 2},  {4, 6, 1, 3},  {4, 7, 1, 5},
    {5, 0, 1, -1}, {5, 1, 1, 14}, {5, 2, 1, 14}, {5, 3, 1, 16}, {5, 4, 1, 14}, {5, 5, 1, 18}, {6, 0, 2, -1},
    {6, 1, 1, 6},  {6, 2, 1, 9},  {6, 3, 2, 8},  {6, 5, 2, 47}, {7, 0, 1, 46}, {7, 1, 1, 29}, {7, 2, 1, 28},
    {7, 3, 1, 46}, {7, 4, 1, 46}, {7, 5, 1, 46}, {7, 6, 1, 46}, {7, 7, 1, 46},
};

static gboolean find_reason(gint subject, gint detail, gint *reason_r, gint *diagnostic_r)
{
  for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
    if (reasons[i].subject == subject && reasons[i].detail == detail) {
      *reason_r = reasons[i].reason;
      *diagnostic_r = reasons[i].diagnostic;
      return TRUE;
    }
  return FALSE;
}

void report_reason(const char *status, gint *reason_r, gint *diagnostic_r)
{
  gint subject = 0, detail = 0;
  const char *dot = status ? strchr(status, '.') : NULL;
  if (dot) {
    subject = atoi(dot + 1);
    dot = strchr(dot + 1, '.');
    detail = dot ? atoi(dot + 1) : 0;
  }
  if (!find_reason(subject, detail, reason_r, diagnostic_r) &&
      !find_reason(subject, 0, reason_r, diagnostic_r))
    find_reason(0, 0, reason_r, diagnostic_r);
}

/* --- words --- */

const char *report_reason_words(gint reason)
{
  static const char *const words[] = {"transfer-failure",
                                      "unable-to-transfer",
                                      "conversion-not-performed",
                                      "physical-rendition-not-performed",
                                      "physical-delivery-not-performed",
                                      "restricted-delivery",
                                      "directory-operation-unsuccessful",
                                      "deferred-delivery-not-performed",
                                      "transfer-failure-for-security-reason"};
  return reason >= 0 && reason < (gint)G_N_ELEMENTS(words) ? words[reason] : "unknown";
}

const char *report_diagnostic_words(gint diagnostic)
{
  static const char *const words[] = {"unrecognised-OR-name",
                                      "ambiguous-OR-name",
                                      "mts-congestion",
                                      "loop-detected",
                                      "recipient-unavailable",
                                      "maximum-time-expired",
                                      "encoded-information-types-unsupported",
                                      "content-too-long",
                                      "conversion-impractical",
                                      "implicit-conversion-prohibited",
                                      "implicit-conversion-not-subscribed",
                                      "invalid-arguments",
                                      "content-syntax-error",
                                      "size-constraint-violation",
                                      "protocol-violation",
                                      "content-type-not-supported",
                                      "too-many-recipients",
                                      "no-bilateral-agreement",
                                      "unsupported-critical-function",
                                      "conversion-with-loss-prohibited",
                                      "line-too-long",
                                      "page-split",
                                      "pictorial-symbol-loss",
                                      "punctuation-symbol-loss",
                                      "alphabetic-character-loss",
                                      "multiple-information-loss",
                                      "recipient-reassignment-prohibited",
                                      "redirection-loop-detected",
                                      "dl-expansion-prohibited",
                                      "no-dl-submit-permission",
                                      "dl-expansion-failure",
                                      "physical-rendition-attributes-not-supported",
                                      "physical-delivery-address-incorrect",
                                      "physical-delivery-office-incorrect-or-invalid",
                                      "physical-delivery-address-incomplete",
                                      "recipient-unknown",
                                      "recipient-deceased",
                                      "organization-expired",
                                      "recipient-refused-to-accept",
                                      "recipient-did-not-claim",
                                      "recipient-changed-address-permanently",
                                      "recipient-changed-address-temporarily",
                                      "recipient-changed-temporary-address",
                                      "new-address-unknown",
                                      "recipient-did-not-want-forwarding",
                                      "originator-prohibited-forwarding",
                                      "secure-messaging-error",
                                      "unable-to-downgrade",
                                      "unable-to-complete-transfer",
                                      "transfer-attempts-limit-reached",
                                      "incorrect-notification-type",
                                      "dl-expansion-prohibited-by-security-policy",
                                      "forbidden-alternate-recipient",
                                      "security-policy-violation",
                                      "security-services-refusal",
                                      "unauthorised-dl-member",
                                      "unauthorised-dl-name"};
  return diagnostic >= 0 && diagnostic < (gint)G_N_ELEMENTS(words) ? words[diagnostic] : "unknown";
}
