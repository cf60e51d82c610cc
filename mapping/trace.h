/* trace.h - trace of both worlds in one form: RFC 2156 5.1.6, 5.1.7, 5.3.7; X.411 12.3.1.
 *
 * A list is in the order of time, oldest first.  An element with an MTA is one of internal trace; elements
 * that the same domain wrote both as external and as internal trace are one here, as 5.3.7 presents them. */
#ifndef GW400_MAPPING_TRACE_H
#define GW400_MAPPING_TRACE_H

#include "mapping/eit.h"
#include "mapping/mail_time.h"
#include "mapping/mime_in.h"
#include "mapping/x400.h"

struct TraceInformation;

struct trace_element {
  struct mapping_gdi gdi;
  char *mta; /* NULL: external trace alone */
  struct mail_time arrival, deferred;
  bool has_deferred, rerouted, redirected, expanded;
  struct eit_set *converted; /* NULL: none */
  struct mapping_gdi attempted;
  char *attempted_mta;
  bool has_attempted;
};
struct trace_element *trace_element_new(const struct mapping_gdi *gdi, const char *mta,
                                        const struct mail_time *arrival);
void trace_element_free(struct trace_element *element);
GPtrArray *trace_list_new(void); /* owns its elements */

/* From an envelope: trace-information and extension 38 (either may be missing). */
GPtrArray *trace_from_asn1(const struct asn1_value *value, const struct TraceInformation *external,
                           const struct Extensions *extensions);
/* Into an envelope that has neither: external is filled, internal trace is added as extension 38 when there
 * is an MTA. */
void trace_to_asn1(GPtrArray *list, struct asn1_value *value, struct TraceInformation *external,
                   struct Extensions **extensions);

/* One element more at the end of an envelope's traces, which keep what they hold: of internal trace always,
 * of trace-information unless its last element is the same domain's. */
void trace_append(const struct trace_element *element, struct asn1_value *value,
                  struct TraceInformation *external, struct Extensions **extensions);

/* EBNF.x400-trace, the body of X400-Received. Caller frees; parse gives NULL for what it cannot read. */
char *trace_format(const struct trace_element *element);
struct trace_element *trace_parse(const char *text);

/* The trace fields of a mail: Received and X400-Received from the bottom up, the Date as first element when
 * the mail has never been in X.400. sender: domain of the originator, for the Date's element. fallback: the
 * domain of what has no mapping of its own (the peer's). now: of the translation, for a field whose time
 * cannot be read (3.3.5). */
GPtrArray *trace_from_mail(struct mapping_context *context, const struct mime_part *header,
                           const struct mapping_gdi *fallback, const char *sender_domain,
                           const struct mail_time *now);

/* Why a message with this trace goes no further; NULL: it may.  hops_max limits the elements; the gateway
 * named by gdi and mta may have had it five times (an element of the domain without an MTA counts too), and
 * five conversions may have been made towards X.400 (5.1.5).  Caller frees. */
char *trace_loop(GPtrArray *list, const struct mapping_gdi *gdi, const char *mta, guint hops_max);

/* The same of a mail by its own header alone: Received fields, and those of conversions towards mail. */
char *trace_loop_mail(const struct mime_part *header, guint hops_max);
/* How a gateway of ours marks its Received field (5.3.7). */
#define TRACE_CONVERSION_COMMENT "(MIXER conversion following RFC 2156)"

#endif
