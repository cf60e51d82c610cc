/* job_io.h - a job's descriptors and lists, as the blocks of the conversion use them. */
#ifndef GW400_MAPPING_JOB_IO_H
#define GW400_MAPPING_JOB_IO_H

#include "mapping/conversion.h"

struct MTS_APDU;
struct ORName;

/* The octets of in_fd: in memory when they are few, else an extent. NULL and error. */
struct octets *job_source(const struct mapping_job *job, GError **error);
/* Writes octets to out_fd from its beginning and sets result's size; a failure parks. */
void job_output(const struct mapping_job *job, struct octets *octets, struct mapping_result *result);

/* The MTS-APDU of in_fd, its EXTERNAL taken off; of one that was truncated its envelope, with an empty
 * content.  Addresses that a peer of 1984 had to write otherwise are those of 1988 again, and redirected
 * recipients stand as their alternates (redirection.h). */
struct asn1_value *job_apdu(struct mapping_context *context, const struct mapping_job *job, GError **error);
/* The mail of in_fd. */
struct mime_mail *job_mail(struct mapping_context *context, const struct mapping_job *job, GError **error);
/* An interpersonal message or notification out of a content, NULL and error when it is none.  peer: whom it
 * is from, for addresses of 1984; NULL: they stay as they are. */
struct asn1_value *job_content(struct mapping_context *context, const char *peer, struct octets *content,
                               GError **error);

/* The peer of a hop "p1:NAME"; NULL when it is none or not configured. */
const struct mapping_peer *job_hop_peer(struct mapping_context *context, const char *hop);
/* What a peer is told this gateway is: the peer's own settings, else the general ones. peer may be NULL. */
const struct mapping_gdi *job_domain(struct mapping_context *context, const struct mapping_peer *peer);
const char *job_mta_name(struct mapping_context *context, const struct mapping_peer *peer);

struct mail_time job_time(gint64 us);
/* Whether this gateway holds the message until a deferred delivery time: when the time lies behind the
 * message's acceptance, and it was submitted here or its peer's are held (X.411 8.2.1.1.1.12: a bilateral
 * matter).
 */
bool job_deferral(struct mapping_context *context, const struct mapping_job *job,
                  const struct mail_time *asked);
/* A new recipient like one of the job's. */
struct mapping_recipient *job_recipient_copy(const struct mapping_recipient *recipient);
/* Marks a recipient as failed: code and words, X.411 reason and diagnostic (-1: by code). */
void job_recipient_fail(struct mapping_recipient *recipient, const char *code, gint reason, gint diagnostic,
                        const char *format, ...) G_GNUC_PRINTF(5, 6);
/* The same from an error whose message begins with a code; with 4.4.3 it has not failed, but waits at the hop
 * "lookup". */
void job_recipient_error(struct mapping_recipient *recipient, const char *default_code, const GError *error);
void job_identifier_add(struct mapping_result *result, const char *kind, const char *value);

/* std-or text of an O/R name, NULL when it cannot be read; caller frees. */
char *job_or_text(const struct asn1_value *value, const struct ORName *name);
/* The mailbox of an O/R name, NULL when it has none. */
char *job_or_mailbox(struct mapping_context *context, const struct asn1_value *value,
                     const struct ORName *name, enum address_use use);

#endif
