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
    /* X.411 of 1999 has more than the RFC knew (decision 0080): each at the nearest code of RFC 3463 */
    {ANY, 50, "5.6.0"},
    {ANY, 51, "5.7.1"},
    {ANY, 52, "5.7.1"},
    {ANY, 53, "5.7.1"},
    {ANY, 54, "5.7.1"},
    {ANY, 55, "5.7.1"},
    {ANY, 56, "5.7.1"},
    {ANY, 57, "5.7.1"},
    {ANY, 58, "5.7.1"},
    {ANY, 59, "5.7.1"},
    {ANY, 60, "5.7.1"},
    {ANY, 61, "5.7.0"},
    {ANY, 62, "5.7.5"},
    {ANY, 63, "5.7.5"},
    {ANY, 64, "5.7.5"},
    {ANY, 65, "5.7.5"},
    {ANY, 66, "5.7.0"},
    {ANY, 67, "5.7.7"},
    {ANY, 68, "5.7.0"},
    {ANY, 69, "5.7.5"},
    {ANY, 70, "5.7.0"},
    {ANY, 71, "5.7.0"},
    {ANY, 72, "5.7.0"},
    {ANY, 73, "5.7.0"},
    {ANY, 74, "5.7.5"},
    {ANY, 75, "5.7.0"},
    {ANY, 76, "5.7.0"},
    {ANY, 77, "5.7.6"},
    {ANY, 78, "5.7.0"},
    {0, ANY, "4.4.0"},
    {1, ANY, "5.0.0"},
    {2, ANY, "5.6.3"},
    {3, ANY, "5.6.0"},
    {4, ANY, "5.1.0"},
    {5, ANY, "5.7.1"},
    {6, ANY, "5.4.3"},
    {7, ANY, "5.3.3"},
    {8, ANY, "5.7.0"},
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

/* --- words: X.411's name for each number, and what it tells people --- */

struct code_words {
  const char *name, *plain;
};
static const struct code_words reason_words[] = {
    {"transfer-failure", "the message could not be passed on; it may go another time"},
    {"unable-to-transfer", "the message cannot be passed on or delivered"},
    {"conversion-not-performed", "a conversion that delivery needs could not be made"},
    {"physical-rendition-not-performed", "the message could not be put on paper"},
    {"physical-delivery-not-performed", "the letter could not be delivered"},
    {"restricted-delivery", "the recipient does not take messages from this originator"},
    {"directory-operation-unsuccessful", "the directory gave no answer that was needed"},
    {"deferred-delivery-not-performed", "the message could not be kept until the time asked for"},
    {"transfer-failure-for-security-reason", "a security policy stands against the transfer"},
};
static const struct code_words diagnostic_words[] = {
    {"unrecognised-OR-name", "the recipient's address is not known there"},
    {"ambiguous-OR-name", "the recipient's address fits several users there"},
    {"mts-congestion", "the mail system there is overloaded"},
    {"loop-detected", "the message went round in circles: a routing error"},
    {"recipient-unavailable", "the recipient's mailbox takes no messages at present"},
    {"maximum-time-expired", "the message could not be delivered in the time allowed"},
    {"encoded-information-types-unsupported", "the recipient's system cannot take this kind of content"},
    {"content-too-long", "the message is too large"},
    {"conversion-impractical", "a needed conversion would spoil the message"},
    {"implicit-conversion-prohibited", "a needed conversion was forbidden by the originator"},
    {"implicit-conversion-not-subscribed", "the recipient has not asked for the needed conversion"},
    {"invalid-arguments", "something in the envelope is not as it must be"},
    {"content-syntax-error", "the content is damaged or malformed"},
    {"size-constraint-violation", "a part of the envelope is longer than the standard allows"},
    {"protocol-violation", "something that the protocol demands was missing"},
    {"content-type-not-supported", "the recipient's system does not know this type of content"},
    {"too-many-recipients", "the message has more recipients than that system takes"},
    {"no-bilateral-agreement", "the two operators have no agreement to exchange messages"},
    {"unsupported-critical-function", "a service marked as critical is not offered there"},
    {"conversion-with-loss-prohibited",
     "a needed conversion would lose something, which the originator forbade"},
    {"line-too-long", "a line is too long for the recipient's system"},
    {"page-split", "a page would have to be split"},
    {"pictorial-symbol-loss", "pictures or symbols would be lost"},
    {"punctuation-symbol-loss", "punctuation would be lost"},
    {"alphabetic-character-loss", "letters would be lost"},
    {"multiple-information-loss", "several kinds of information would be lost"},
    {"recipient-reassignment-prohibited", "the originator forbade to pass the message to another recipient"},
    {"redirection-loop-detected", "the recipient's redirections go round in circles"},
    {"dl-expansion-prohibited", "the address is a distribution list, which the originator excluded"},
    {"no-dl-submit-permission", "the originator may not write to this distribution list"},
    {"dl-expansion-failure", "the distribution list could not be expanded"},
    {"physical-rendition-attributes-not-supported", "the way of printing asked for is not offered there"},
    {"undeliverable-mail-physical-delivery-address-incorrect", "the postal address is wrong"},
    {"undeliverable-mail-physical-delivery-office-incorrect-or-invalid",
     "the post office of the address is wrong"},
    {"undeliverable-mail-physical-delivery-address-incomplete", "the postal address is incomplete"},
    {"undeliverable-mail-recipient-unknown", "the recipient is not known at the postal address"},
    {"undeliverable-mail-recipient-deceased", "the recipient has died"},
    {"undeliverable-mail-organization-expired", "the organization no longer exists"},
    {"undeliverable-mail-recipient-refused-to-accept", "the recipient refused the letter"},
    {"undeliverable-mail-recipient-did-not-claim", "the recipient did not collect the letter"},
    {"undeliverable-mail-recipient-changed-address-permanently", "the recipient has moved for good"},
    {"undeliverable-mail-recipient-changed-address-temporarily", "the recipient has moved for a time"},
    {"undeliverable-mail-recipient-changed-temporary-address", "the recipient has left a temporary address"},
    {"undeliverable-mail-new-address-unknown", "the recipient has moved; the new address is not known"},
    {"undeliverable-mail-recipient-did-not-want-forwarding", "the recipient wants no letters sent on"},
    {"undeliverable-mail-originator-prohibited-forwarding", "the originator forbade to send the letter on"},
    {"secure-messaging-error", "a security service failed"},
    {"unable-to-downgrade", "the message cannot be put into the form of 1984 that the next system needs"},
    {"unable-to-complete-transfer", "the transfer to the next system was broken off for good"},
    {"transfer-attempts-limit-reached", "the next system could not be reached after many attempts"},
    {"incorrect-notification-type", "a notification of the wrong kind was asked for"},
    {"dl-expansion-prohibited-by-security-policy", "a security policy forbids the distribution list"},
    {"forbidden-alternate-recipient", "a security policy forbids the alternate recipient"},
    {"security-policy-violation", "the message breaks a security policy"},
    {"security-services-refusal", "a security service that is needed is refused"},
    {"unauthorised-dl-member", "a member of the distribution list may not have this message"},
    {"unauthorised-dl-name", "the distribution list may not have this message"},
    {"unauthorised-originally-intended-recipient-name",
     "the recipient first meant may not have this message"},
    {"unauthorised-originator-name", "the originator may not send this message"},
    {"unauthorised-recipient-name", "the recipient may not have this message"},
    {"unreliable-system", "a system on the way is not trusted with this message"},
    {"authentication-failure-on-subject-message", "the message's authenticity could not be proved"},
    {"decryption-failed", "the message could not be decrypted"},
    {"decryption-key-unobtainable", "the key for decryption could not be had"},
    {"double-envelope-creation-failure", "the outer envelope could not be made"},
    {"double-enveloping-message-restoring-failure",
     "the message could not be taken out of its outer envelope"},
    {"failure-of-proof-of-message", "the proof asked for could not be given"},
    {"integrity-failure-on-subject-message", "the message was changed on its way"},
    {"invalid-security-label", "the security label is not valid"},
    {"key-failure", "a key is not valid"},
    {"mandatory-parameter-absence", "a security parameter is missing"},
    {"operation-security-failure", "a security operation failed"},
    {"repudiation-failure-of-message", "non-repudiation could not be given"},
    {"security-context-failure", "the message does not fit the security context of the link"},
    {"token-decryption-failed", "the message token could not be decrypted"},
    {"token-error", "the message token is wrong"},
    {"unknown-security-label", "the security label is not known there"},
    {"unsupported-algorithm-identifier", "an algorithm is not supported there"},
    {"unsupported-security-policy", "the security policy is not supported there"},
};
static const struct code_words unknown_words = {"unknown", "no reason that this system knows"};

static const struct code_words *words_of(const struct code_words *table, gsize count, gint number)
{
  return number >= 0 && (gsize)number < count ? &table[number] : &unknown_words;
}

const char *report_reason_words(gint reason)
{
  return words_of(reason_words, G_N_ELEMENTS(reason_words), reason)->name;
}

const char *report_diagnostic_words(gint diagnostic)
{
  return words_of(diagnostic_words, G_N_ELEMENTS(diagnostic_words), diagnostic)->name;
}

const char *report_plain_words(gint reason, gint diagnostic)
{
  const struct code_words *exact = words_of(diagnostic_words, G_N_ELEMENTS(diagnostic_words), diagnostic);
  return exact != &unknown_words ? exact->plain
                                 : words_of(reason_words, G_N_ELEMENTS(reason_words), reason)->plain;
}
