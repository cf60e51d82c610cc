/* presentation_ppdu.h - the PPDUs of connecting and aborting, between octets and one plain structure
 * (X.226 8.2). Decoding takes what peers really send; encoding gives the canonical form. */
#ifndef GW400_OSI_PRESENTATION_PPDU_H
#define GW400_OSI_PRESENTATION_PPDU_H

#include "osi/presentation.h"

/* A context in the definition list and its place in the result list. */
struct presentation_context {
  guint id;
  enum oid syntax;
  char *dotted; /* of the abstract syntax, for words */
  bool ber;     /* BER is among its transfer syntaxes */
  enum presentation_result result;
  guint reason; /* with provider rejection: X.226 8.2 */
};
/* An array of struct presentation_context that clears what it holds. */
GArray *presentation_contexts_new(void);

enum { PRESENTATION_NO_REASON = -1 };

struct presentation_ppdu {
  /* X.410-1984 mode: of what follows only values is used: one, whose octets are the SET of RTSE's APDU, or
   * none. */
  bool x410;
  struct osi_selector calling, called, responding;
  GArray *contexts;     /* CP: definition list; CPA, CPR: result list, by position; NULL: absent */
  GArray *values;       /* user data, or NULL */
  bool provider;        /* Abort-type: an ARP */
  gint provider_reason; /* CPR, ARP; PRESENTATION_NO_REASON: absent */
  gint event;           /* ARP: event identifier; PRESENTATION_NO_REASON: absent */
};
void presentation_ppdu_clear(struct presentation_ppdu *ppdu);

/* Decode into an empty ppdu. contexts_max, values_max: more are refused.  False and why on broken or illegal
 * octets. */
struct presentation_limits {
  guint contexts_max, values_max;
};
bool presentation_read_cp(GBytes *data, const struct presentation_limits *limits,
                          struct presentation_ppdu *ppdu_r, GError **error);
bool presentation_read_cpa(GBytes *data, const struct presentation_limits *limits,
                           struct presentation_ppdu *ppdu_r, GError **error);
bool presentation_read_cpr(GBytes *data, const struct presentation_limits *limits,
                           struct presentation_ppdu *ppdu_r, GError **error);
bool presentation_read_abort(GBytes *data, const struct presentation_limits *limits,
                             struct presentation_ppdu *ppdu_r, GError **error);

GBytes *presentation_write_cp(const struct presentation_ppdu *ppdu, GError **error);
GBytes *presentation_write_cpa(const struct presentation_ppdu *ppdu, GError **error);
GBytes *presentation_write_cpr(const struct presentation_ppdu *ppdu, GError **error);
/* ARU; contexts lists the contexts of its values (X.226 6.4). */
GBytes *presentation_write_aru(const struct presentation_ppdu *ppdu, GError **error);
GBytes *presentation_write_arp(gint reason, gint event);

/* In words: provider-reason of a CPR, of a context's result, of an ARP.  Caller frees. */
char *presentation_refusal_words(gint reason);
char *presentation_context_words(guint reason);
char *presentation_abort_words(gint reason, gint event);

#endif
