/* edim.h - EDI messages and notifications (P35, X.435) as mail, and mail as these.
 *
 * An EDIM becomes a mail whose body is the interchange, as RFC 1767 has it, octet for octet; with additional
 * body parts a multipart/mixed, the interchange first.  What the heading says stands in X400-EDI-Heading and,
 * a field for each recipient, in X400-EDI-Recipient (decision 0139).  A mail with X400-EDI-Heading, or with
 * an interchange for a peer with edi-body="p35", becomes an EDIM; where the field says nothing, the
 * interchange's first segments do (X.435 8.2).
 *
 * An EDIN becomes a message disposition notification (RFC 8098) with X400-EDI-Notification in it (decision
 * 0140), and only a mail with that field an EDIN. */
#ifndef GW400_MAPPING_EDIM_H
#define GW400_MAPPING_EDIM_H

#include "mapping/conversion.h"
#include "mapping/edi_fields.h"

struct ContentType;
struct EDIMHeading;
struct EDIMIdentifier;
struct EDIInformationObject;

#define EDI_HEADING "X400-EDI-Heading"
#define EDI_RECIPIENT "X400-EDI-Recipient"
#define EDI_NOTIFICATION "X400-EDI-Notification"

/* Built-in 35, or id-mct-pedi. */
bool edim_is_content(const struct ContentType *type);
/* NULL and error when it is none. */
struct asn1_value *edim_content(struct mapping_context *context, struct octets *content, GError **error);

/* The elements of a heading and of one recipient. */
extern const struct edi_table edim_heading_table, edim_recipient_table;

/* An EDIM identifier as Message-ID, with brackets; one made of a Message-ID is that again.  Caller frees.
 * edim_identifier_is_plain: the Message-ID does not tell the user. */
char *edim_message_id(const struct from_x400 *from, const struct EDIMIdentifier *identifier);
bool edim_identifier_is_plain(const char *message_id);

/* Writes header and body of either; fields of the envelope are written.  recipient: the mailbox it goes to.
 */
bool edim_from_x400(struct from_x400 *from, const struct EDIInformationObject *object, const char *recipient,
                    GError **error);
bool edin_from_x400(struct from_x400 *from, const struct EDIInformationObject *object, const char *recipient,
                    GError **error);

/* Whether the mail goes as content 35 to this peer, and that content; to->value becomes its root.  sender:
 * MAIL FROM. */
bool edim_is_wanted(const struct to_x400 *to);
struct octets *edim_to_x400(struct to_x400 *to, const char *sender, GError **error);
bool edin_to_x400(struct to_x400 *to, const struct mime_params *params, GError **error);
/* The part of a mail that holds X400-EDI-Notification, parsed; NULL: none. Caller frees. */
struct mime_params *edin_of_mail(const struct to_x400 *to);

#endif
