/* disposition.h - a message disposition notification's own part: RFC 8098 3.
 *
 * The neutral form of message/disposition-notification, written from X.420's notifications (notification.c)
 * and read for them (notification_to_x400.c).  What X.420 says and RFC 8098 has no field for stands in fields
 * of ours, whose names begin with X400- (RFC 8098 3.3). */
#ifndef GW400_MAPPING_DISPOSITION_H
#define GW400_MAPPING_DISPOSITION_H

#include "mapping/mime_in.h"
#include "mapping/mime_writer.h"

enum disposition_type {
  DISPOSITION_DISPLAYED,
  DISPOSITION_DELETED,
  DISPOSITION_DISPATCHED,
  DISPOSITION_PROCESSED,
  DISPOSITION_OTHER /* "denied", "failed" of RFC 2298, and what is unknown */
};
struct disposition {
  char *gateway;                              /* "dns; mail.example", or NULL */
  char *original_recipient, *final_recipient; /* "rfc822; a@b"; NULL: none */
  char *original_message_id;                  /* with its brackets; NULL: none */
  bool automatic_action, sent_automatically;
  enum disposition_type type;
  bool modified;     /* "/error" or another modifier */
  GPtrArray *fields; /* further ones, "Name: body" */
};
struct disposition *disposition_new(void);
void disposition_free(struct disposition *disposition);
typedef struct disposition disposition_t; /* for g_autoptr() alone */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(disposition_t, disposition_free)
void disposition_add(struct disposition *disposition, const char *name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* The part: header, blank line, fields. */
void disposition_write(const struct disposition *disposition, struct mime_writer *writer);
/* Reads the octets of such a part. NULL when it has no Disposition or no Final-Recipient. */
struct disposition *disposition_parse(const char *text);
/* The part of a mail that is such a notification: multipart/report, one part of the type (RFC 8098 3, RFC
 * 6533). NULL: the mail is none. */
struct disposition *disposition_of_mail(const struct mime_mail *mail);

#endif
