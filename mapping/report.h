/* report.h - delivery reports of both worlds: RFC 2156 5.1.8, 5.3.8; RFC 3464; X.411 8.3.1.2, 12.2.1.3. */
#ifndef GW400_MAPPING_REPORT_H
#define GW400_MAPPING_REPORT_H

#include "mapping/envelope.h"

struct PerRecipientReportTransferFields;
struct Report;
struct ReportTransferContent;
struct ReportType;

/* --- between mail and P1 --- */
/* Whether a mail is a delivery status notification: multipart/report of that type without originator. */
bool report_is_dsn(const struct mime_mail *mail, const struct mapping_job *job);
/* Whether a DSN tells final outcomes and others: then it becomes a report and a message (5.1.8.3). */
bool report_is_mixed(const struct mime_mail *mail);
/* Adds to a READ result what a DSN is about: "subject-mts-id", else "envid"; and the Message-ID of the mail that it
 * returns, "subject-message-id". */
void report_subject_of_dsn(const struct mime_mail *mail, struct mapping_result *result);
/* 5.1.8.3: the report APDU of a DSN; of one that speaks of no final outcome, an ordinary message (5.1.8.3,
 * action-field). */
struct octets *report_to_x400(struct to_x400 *to, const struct mapping_job *job,
                              struct mapping_result *result, GError **error);
/* Whether a recipient's part of a report is for the subject's originator: all are, but one about a message of
 * this gateway's own for which only the originating MTA's bit was set (envelope_indicators(): NOTIFY=NEVER).
 */
bool report_is_wanted(struct mapping_context *context, const struct ReportTransferContent *content,
                      const struct PerRecipientReportTransferFields *fields);
/* "delivered", or why not, in X.411's names; caller frees. */
char *report_outcome_words(const struct ReportType *type);
/* 5.3.8: the DSN of a report APDU, written through from->writer. */
bool report_from_x400(struct from_x400 *from, const struct mapping_job *job, const struct asn1_value *apdu,
                      const struct Report *report, GError **error);

/* --- write_apdu.c's blocks, which a report's returned content needs too --- */
void write_apdu_begin(struct to_x400 *to, struct mapping_context *context, const struct mapping_job *job,
                      const struct mapping_peer *peer, const struct mime_mail *mail, struct mime_spill *spill,
                      GPtrArray *losses);
struct octets *write_apdu_content(struct to_x400 *to, GError **error);
struct octets *write_apdu_message(struct to_x400 *to, const struct mapping_job *job, GError **error);

#endif
