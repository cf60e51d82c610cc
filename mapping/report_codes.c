#include "mapping/report_codes.h"

#include <stdlib.h>
#include <string.h>

/* --- X.400 to status: RFC 2156 5.3.8.2 --- */

enum { ANY = -2 }; /* as diagnostic: none, or one that no row has */

static const struct status_row {
  gint reason, first, last; /* diagnostics from first to last */
  const char *status;
} statuses[] = {
    {0, ANY, ANY, "4.4.0"}, /* R4 */
    {1, ANY, ANY, "5.0.0"}, /* R4 */
    {2, ANY, ANY, "5.6.3"}, /* R4 */
    {3, ANY, ANY, "5.6.0"}, /* R4 */
    {4, ANY, ANY, "5.1.0"}, /* R4 */
    {5, ANY, ANY, "5.7.1"}, /* R4 */
    {6, ANY, ANY, "5.4.3"}, /* R4 */
    {7, ANY, ANY, "5.3.3"}, /* R4 */
    {1, 0, 0, "5.1.1"},     /* R4 */
    {1, 1, 1, "5.1.4"},     /* R4 */
    {1, 2, 2, "4.3.1"},     /* R4 */
    {1, 3, 3, "5.4.6"},     /* R4 */
    {1, 4, 4, "4.2.1"},     /* R4 */
    {1, 5, 5, "4.4.7"},     /* R4 */
    {1, 6, 6, "5.6.1"},     /* R4 */
    {1, 7, 7, "5.2.3"},     /* R4 */
    {2, 8, 8, "5.6.3"},     /* R4 */
    {2, 9, 9, "5.6.3"},     /* R4 */
    {1, 10, 10, "5.6.3"},   /* R4 */
    {1, 11, 11, "5.5.2"},   /* R4 */
    {1, 12, 12, "5.5.2"},   /* R4 */
    {1, 13, 13, "5.5.2"},   /* R4 */
    {1, 14, 14, "5.5.0"},   /* R4 */
    {1, 15, 15, "5.6.1"},   /* R4 */
    {1, 16, 16, "5.5.3"},   /* R4 */
    {1, 17, 17, "5.4.4"},   /* R4 */
    {1, 18, 18, "5.3.3"},   /* R4 */
    {2, 19, 19, "5.6.2"},   /* R4 */
    {2, 20, 20, "5.6.0"},   /* R4 */
    {2, 21, 21, "5.6.0"},   /* R4 */
    {2, 22, 22, "5.6.2"},   /* R4 */
    {2, 23, 23, "5.6.2"},   /* R4 */
    {2, 24, 24, "5.6.2"},   /* R4 */
    {2, 25, 25, "5.6.2"},   /* R4 */
    {1, 26, 26, "5.4.0"},   /* R4 */
    {1, 27, 27, "5.4.6"},   /* R4 */
    {1, 28, 28, "5.7.2"},   /* R4 */
    {1, 29, 29, "5.7.1"},   /* R4 */
    {1, 30, 30, "4.2.4"},   /* R4 */
    {4, 31, 31, "5.6.0"},   /* R4 */
    {4, 32, 45, "5.1.0"},   /* R4 */
    {1, 43, 43, "5.1.6"},   /* R4 */
    {1, 46, 46, "5.7.0"},   /* R4 */
    {2, 47, 47, "5.3.3"},   /* R4 */
    {0, 48, 48, "5.3.4"},   /* R4 */
    {0, 49, 49, "4.4.7"},   /* R4 */
    /* X.411 of 1999 has more than the RFC knew (decision 0080): each at the nearest code of RFC 3463 */
    {8, ANY, ANY, "5.7.0"},
    {1, 50, 50, "5.6.0"},
    {5, 51, 60, "5.7.1"},
    {5, 61, 61, "5.7.0"},
    {5, 62, 65, "5.7.5"},
    {5, 66, 66, "5.7.0"},
    {5, 67, 67, "5.7.7"},
    {5, 68, 68, "5.7.0"},
    {5, 69, 69, "5.7.5"},
    {5, 70, 73, "5.7.0"},
    {5, 74, 74, "5.7.5"},
    {5, 75, 76, "5.7.0"},
    {5, 77, 77, "5.7.6"},
    {5, 78, 78, "5.7.0"},
};

/* reason ANY: whatever the row's is. */
static const char *find_status(gint reason, gint diagnostic)
{
  for (guint i = 0; i < G_N_ELEMENTS(statuses); i++) {
    const struct status_row *row = &statuses[i];
    if ((reason == ANY || row->reason == reason) && row->first <= diagnostic && diagnostic <= row->last)
      return row->status;
  }
  return NULL;
}

/* A diagnostic says more than a reason: one that comes with another reason than in the table counts too. */
const char *report_status(gint reason, gint diagnostic)
{
  const char *status = diagnostic < 0 ? NULL : find_status(reason, diagnostic);
  if (!status && diagnostic >= 0)
    status = find_status(ANY, diagnostic);
  if (!status)
    status = find_status(reason, ANY);
  return status ? status : find_status(1, ANY); /* a reason of a later standard: unable-to-transfer */
}

/* --- status to X.400: RFC 2156 5.1.8.4 --- */

static const struct reason_row {
  gint subject, detail, reason, diagnostic;
  const char *words;
} reasons[] = {
    {0, 0, 1, -1, "other status"},                                  /* R5 */
    {1, 0, 1, -1, "other address status"},                          /* R5 */
    {1, 1, 1, 0, "bad mailbox address"},                            /* R5 */
    {1, 2, 1, 0, "bad system address"},                             /* R5 */
    {1, 3, 1, 0, "bad mailbox address syntax"},                     /* R5 */
    {1, 4, 1, 1, "mailbox address ambiguous"},                      /* R5 */
    {1, 6, 1, 43, "mailbox has moved"},                             /* R5 */
    {1, 7, 1, 11, "bad syntax of the sender's address"},            /* R5 */
    {1, 8, 1, 11, "bad system address of the sender"},              /* R5 */
    {2, 0, 1, -1, "other mailbox status"},                          /* R5 */
    {2, 1, 1, 4, "mailbox disabled"},                               /* R5 */
    {2, 2, 1, 4, "mailbox full"},                                   /* R5 */
    {2, 3, 1, 7, "message longer than the mailbox may take"},       /* R5 */
    {2, 4, 1, 30, "mailing list expansion problem"},                /* R5 */
    {3, 0, 0, -1, "other mail system status"},                      /* R5 */
    {3, 1, 1, 2, "mail system full"},                               /* R5 */
    {3, 2, 1, 2, "system accepts no messages"},                     /* R5 */
    {3, 3, 1, 18, "system cannot do what was asked"},               /* R5 */
    {3, 4, 1, 7, "message too big for the system"},                 /* R5 */
    {3, 5, 1, -1, "system not configured correctly"},               /* R5 */
    {4, 0, 0, -1, "other network or routing status"},               /* R5 */
    {4, 1, 0, -1, "no answer from host"},                           /* R5 */
    {4, 2, 0, -1, "bad connection"},                                /* R5 */
    {4, 3, 6, -1, "directory server failure"},                      /* R5 */
    {4, 4, 0, -1, "unable to route"},                               /* R5 */
    {4, 5, 1, 2, "network congestion"},                             /* R5 */
    {4, 6, 1, 3, "routing loop detected"},                          /* R5 */
    {4, 7, 1, 5, "delivery time expired"},                          /* R5 */
    {5, 0, 1, -1, "other protocol status"},                         /* R5 */
    {5, 1, 1, 14, "invalid command"},                               /* R5 */
    {5, 2, 1, 14, "syntax error"},                                  /* R5 */
    {5, 3, 1, 16, "too many recipients"},                           /* R5 */
    {5, 4, 1, 14, "invalid command arguments"},                     /* R5 */
    {5, 5, 1, 18, "wrong protocol version"},                        /* R5 */
    {6, 0, 2, -1, "other content status"},                          /* R5 */
    {6, 1, 1, 6, "media not supported"},                            /* R5 */
    {6, 2, 1, 9, "conversion required and prohibited"},             /* R5 */
    {6, 3, 2, 8, "conversion required but not supported"},          /* R5 */
    {6, 5, 2, 47, "conversion failed"},                             /* R5 */
    {7, 0, 1, 46, "other security status"},                         /* R5 */
    {7, 1, 1, 29, "delivery not authorized"},                       /* R5 */
    {7, 2, 1, 28, "mailing list expansion prohibited"},             /* R5 */
    {7, 3, 1, 46, "security conversion required but not possible"}, /* R5 */
    {7, 4, 1, 46, "security features not supported"},               /* R5 */
    {7, 5, 1, 46, "cryptographic failure"},                         /* R5 */
    {7, 6, 1, 46, "cryptographic algorithm not supported"},         /* R5 */
    {7, 7, 1, 46, "message integrity failure"},                     /* R5 */
};

static const struct reason_row *find_reason(gint subject, gint detail)
{
  for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
    if (reasons[i].subject == subject && reasons[i].detail == detail)
      return &reasons[i];
  return NULL;
}

/* The row of a status; an unknown detail counts as X.n.0 (RFC 2156 5.1.8.4), an unknown subject as X.0.0. */
static const struct reason_row *reason_of(const char *status)
{
  gint subject = 0, detail = 0;
  const char *dot = status ? strchr(status, '.') : NULL;
  if (dot) {
    subject = atoi(dot + 1);
    dot = strchr(dot + 1, '.');
    detail = dot ? atoi(dot + 1) : 0;
  }
  const struct reason_row *row = find_reason(subject, detail);
  if (!row)
    row = find_reason(subject, 0);
  return row ? row : find_reason(0, 0);
}

void report_reason(const char *status, gint *reason_r, gint *diagnostic_r)
{
  const struct reason_row *row = reason_of(status);
  *reason_r = row->reason;
  *diagnostic_r = row->diagnostic;
}

const char *report_status_words(const char *status)
{
  return reason_of(status)->words;
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
