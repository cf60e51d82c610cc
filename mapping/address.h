/* address.h - RFC 2156 chapter 4: Internet mailboxes <-> O/R addresses, descriptors, identifiers; and the
 * choice of next hop.
 *
 * explain, where it is given, collects one line per rule tried: "4.3.4.2 step 3: ...". Errors carry the RFC
 * 3463 code as the first word of the message ("5.1.1 ...") so that SMTP and reports can say it. */
#ifndef GW400_MAPPING_ADDRESS_H
#define GW400_MAPPING_ADDRESS_H

#include "mapping/mapping.h"
#include "mapping/or_address.h"

/* 4.3.4 RFC 822 -> X.400, Stage I then Stage II. usage tells which default applies when nothing maps. */
enum address_use { ADDRESS_RECIPIENT, ADDRESS_ORIGINATOR, ADDRESS_HEADING };
struct or_address *address_to_or(struct mapping_context *context, const char *mailbox, enum address_use use,
                                 GPtrArray *explain, GError **error);
/* 4.3.5 X.400 -> RFC 822, Mapping A (RFC-822 DDA) then Mapping B.  What comes out maps back to the same O/R
 * address here; an address for which that cannot be had is refused (5.1.3), never garbled. */
char *address_from_or(struct mapping_context *context, const struct or_address *address, enum address_use use,
                      GPtrArray *explain, GError **error);

/* What an envelope's recipient becomes, in one step.  mapped_r and hop_r (caller frees) are job.h's; explain
 * as above. Of a mail's recipient: the std-or form and "p1:PEER".  Refused: 5.1.3 (syntax), 5.6.7 (not
 * ASCII), 5.1.2 (only the gateway itself would be left of it: no X.400 mapping), 5.4.4 (mapped, but no
 * route); 4.4.3: a look-up had no answer, the mapping is not known yet (4.2.1). */
bool address_route_mailbox(struct mapping_context *context, const char *mailbox, char **mapped_r,
                           char **hop_r, GPtrArray *explain, GError **error);
/* Of an APDU's recipient: a mailbox and "smtp:..." when it leaves X.400 here (RFC-822 DDA, or an MCGAM whose
 * domain is not routed back into X.400), else the std-or form and "p1:PEER" (transit; the form differs from
 * the address that came only when a DDA named an X.400 user again, 4.4.1). */
bool address_route_or(struct mapping_context *context, const struct or_address *address, char **mapped_r,
                      char **hop_r, GPtrArray *explain, GError **error);
/* The next hop alone: of an O/R address by longest match over C, ADMD, PRMD, O, OU ("p1:PEER"); of a mailbox
 * by domain
 * ("smtp:DOMAIN", "smtp:[HOST]:PORT").  Caller frees; error 5.4.4 names what has no route. */
char *address_hop_or(struct mapping_context *context, const struct or_address *address, GError **error);
/* The hops after the first, "p1:B\np1:C", of an address (std-or form) that the route of hop "p1:A" leads to; NULL:
 * none. */
char *address_fallbacks(struct mapping_context *context, const char *mapped, const char *hop);
char *address_hop_mailbox(struct mapping_context *context, const char *mailbox, GError **error);

/* 4.7.1 ORDescriptor: O/R address (or none), free-form name, telephone <-> RFC 822 mailbox with phrase and
 * comments. */
struct or_descriptor {
  struct or_address *address;
  char *free_form;
  char *telephone;
  bool reply_requested;
  guint notification_requests;
};
void or_descriptor_free(struct or_descriptor *descriptor);
/* phrase: what becomes the free-form name (phrase and comments, decoded, UTF-8) or NULL; mailbox: addr-spec,
 * or NULL for the name of a group. NULL and error when the mailbox has no O/R address (5.1.3, 5.6.7). */
struct or_descriptor *address_to_descriptor(struct mapping_context *context, const char *phrase,
                                            const char *mailbox, GError **error);
/* The addr-spec, or NULL: then "phrase:;" is to be written (4.7.2; also for an address to which no mailbox
 * leads back, which is then told in phrase or comment).  phrase_r may come back NULL; comment_r: the comments
 * with their brackets,
 * "(Tel +44 1) (Reply requested)", or NULL.  All UTF-8; caller frees. */
char *address_from_descriptor(struct mapping_context *context, const struct or_descriptor *descriptor,
                              char **phrase_r, char **comment_r);

/* 4.7.3 identifiers. IPM identifier: user-relative part and optional O/R address.  Both ways undo each other,
 * but for a Message-ID of more than 64 characters as PrintableString: it is cut and gets a digest
 * (docs/decisions/0042). Whoever can carry the whole one beside it (rfc-822-field) knows that it belongs to
 * the identifier when mapping it gives the same. */
struct ipm_identifier {
  struct or_address *user;
  char *relative;
};
void ipm_identifier_free(struct ipm_identifier *identifier);
struct ipm_identifier *identifier_ipm_from_message_id(struct mapping_context *context,
                                                      const char *message_id); /* with <> */
char *identifier_message_id_from_ipm(struct mapping_context *context,
                                     const struct ipm_identifier *identifier); /* with <> */
/* 4.6.3 / A17 MTS identifiers: text form "[/PRMD=../ADMD=../C=../;local]". local at most 32 characters. */
struct mts_identifier {
  struct mapping_gdi gdi;
  char *local;
};
void mts_identifier_clear(struct mts_identifier *identifier);
char *mts_identifier_format(const struct mts_identifier *identifier);
bool mts_identifier_parse(const char *text, struct mts_identifier *identifier_r);

#endif
