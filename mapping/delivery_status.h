/* delivery_status.h - a delivery status notification as a message: RFC 3464, RFC 6522, RFC 2156 5.3.8.
 *
 * One neutral form between both worlds: outcomes of our own (report.c) and X.400 reports (report_from_x400.c)
 * are written from it; a notification that came by mail is read into it (report_to_x400.c).  Fields are
 * "Name: body" in RFC 3464's notation. */
#ifndef GW400_MAPPING_DELIVERY_STATUS_H
#define GW400_MAPPING_DELIVERY_STATUS_H

#include "mapping/conversion.h"

struct status_recipient {
  char *original, *final; /* "rfc822; a@b", "x400; /S=../"; NULL: none */
  char *action;           /* "failed", "delivered", "delayed", "relayed", "expanded" */
  char *status;           /* "5.1.1" */
  char *diagnostic;       /* Diagnostic-Code's body, or NULL */
  char *remote;           /* Remote-MTA's body, or NULL */
  char *shown, *words;    /* for the text part: whom, and why */
  struct mail_time time;  /* of delivery, for the text part */
  bool has_time;
  GPtrArray *fields; /* further ones */
};
struct delivery_status {
  char *envelope_id, *reporting_mta, *gateway;
  char *mta; /* the name of the MTA that all recipients are reported by, for the subject line; or NULL */
  struct mail_time arrival, submitted; /* submitted: of the message itself, for the text part */
  bool has_arrival, has_submitted;
  GPtrArray *fields;     /* further ones per message */
  GPtrArray *recipients; /* of status_recipient */
};
struct delivery_status *delivery_status_new(void);
void delivery_status_free(struct delivery_status *status);
typedef struct delivery_status delivery_status_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(delivery_status_t, delivery_status_free)
struct status_recipient *delivery_status_add(struct delivery_status *status);
/* "success", "failure", "success and failures" (RFC 2156 5.3.8.1). */
const char *delivery_status_summary(const struct delivery_status *status);

#define DELIVERY_STATUS_WHOLE "The Original Message follows:"
#define DELIVERY_STATUS_HEADER "The header of the Original Message follows:"
#define DELIVERY_STATUS_CUT "The Original Message is too large to be returned. Its header follows:"

/* The whole mail but its third part: header, text, message/delivery-status. subject_of: how the text names
 * the message it is about (content correlator, Message-ID); follows: one of the lines above, NULL: nothing is
 * returned. The caller goes on with delivery_status_returned() or ends with delivery_status_close(). Returns
 * the boundary; caller frees. */
char *delivery_status_write(const struct delivery_status *status, struct mapping_context *context,
                            struct mime_writer *writer, guint64 id, const struct mail_time *now,
                            const char *to, const char *subject_of, const char *follows);
/* The returned message: octets of a mail (whole, or its header alone) as the third part. */
void delivery_status_returned(struct mime_writer *writer, const char *boundary, const struct octets *octets,
                              bool header_alone);
void delivery_status_close(struct mime_writer *writer, const char *boundary);

/* One field of such a part, nothing for NULL: ASCII, folded by the writer's rule; and a list of "Name: body". */
void delivery_status_write_field(struct mime_writer *writer, const char *name, const char *body);
void delivery_status_write_fields(struct mime_writer *writer, const GPtrArray *fields);

/* --- reading: delivery_status_read.c --- */
/* The text of such a part, at most so many octets, its transfer encoding undone: some encode what should be 7bit.
 * NULL: it has none, or more. Caller frees. */
char *delivery_status_part_text(const struct mime_mail *mail, const struct mime_part *part, gsize most);
/* Reads the octets of a message/delivery-status part as RFC 3464 writes them and as mail systems do: a
 * recipient whose block stands with the message's, comments, an action that its status alone tells. NULL when
 * there is no recipient in it. Actions are those above in lower case, or what stood there. */
struct delivery_status *delivery_status_parse(const char *text);
/* "rfc822; a@b" and its like of all address types: the address without type, comment and brackets, of utf-8
 * (RFC 6533) as UTF-8; NULL: there is none. type_r: "rfc822", "x400", ... in lower case. Caller frees both.
 */
char *delivery_status_address(const char *typed, char **type_r);
/* Whether a typed address is this mailbox, as it stands or with its xtext undone; case says nothing. */
bool delivery_status_names(const char *typed, const char *mailbox);
/* xtext of RFC 3461 4 undone ("+3D"): mail systems pass ORCPT and ENVID on as they were written. Caller
 * frees. */
char *delivery_status_xtext(const char *text);
/* The body of a further field ("Name: body") of a list; NULL: it is not there. */
const char *delivery_status_field(const GPtrArray *fields, const char *name);

#endif
