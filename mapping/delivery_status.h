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
  GPtrArray *fields;      /* further ones */
};
struct delivery_status {
  char *envelope_id, *reporting_mta, *gateway;
  struct mail_time arrival;
  bool has_arrival;
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

/* The whole mail but its third part: header, text, message/delivery-status, and the delimiter before what is
 * returned. subject_of: how the text names the message it is about (content correlator, Message-ID). The
 * caller goes on with delivery_status_returned() or ends with delivery_status_close(). Returns the boundary;
 * caller frees. */
char *delivery_status_write(const struct delivery_status *status, struct mapping_context *context,
                            struct mime_writer *writer, guint64 id, const struct mail_time *now,
                            const char *to, const char *subject_of, bool returns);
/* The returned message: octets of a mail (whole, or its header alone) as the third part. */
void delivery_status_returned(struct mime_writer *writer, const char *boundary, const struct octets *octets,
                              bool header_alone);
void delivery_status_close(struct mime_writer *writer, const char *boundary);

/* Reads the octets of a message/delivery-status part. NULL when there is no recipient in it. */
struct delivery_status *delivery_status_parse(const char *text);

#endif
