/* report_fields.h - the fields of a delivery status notification and the elements of a report: RFC
 * 2156 5.1.8.3, 5.1.8.5, 5.3.8.1, 5.3.8.3.  One table of rows each way for the message and for each
 * recipient. */
#ifndef GW400_MAPPING_REPORT_FIELDS_H
#define GW400_MAPPING_REPORT_FIELDS_H

#include "mapping/delivery_status.h"
#include "mapping/job_io.h"

struct PerRecipientReportTransferFields;
struct Report;
struct ReportTransferContent;

/* --- X.400 to mail: report_fields_from_x400.c --- */

/* What a row reads and where it writes; content and recipient point into apdu. */
struct report_telling {
  struct from_x400 *from;
  const struct mapping_job *job;
  const struct asn1_value *apdu;
  const struct Report *report;
  struct delivery_status *status;
  char *correlator; /* the content correlator as text; NULL: none, or not IA5. Owned */
  /* for the rows of a recipient */
  const struct PerRecipientReportTransferFields *fields;
  const struct mapping_recipient *known; /* the same recipient in the queue's memory of the subject; NULL */
  struct status_recipient *recipient;
};
/* Fills the message's fields; telling->correlator is the caller's to free. */
void report_fields_message(struct report_telling *telling);
/* Adds a recipient to status. */
void report_fields_recipient(struct report_telling *telling,
                             const struct PerRecipientReportTransferFields *fields);

/* --- mail to X.400: report_fields_to_x400.c --- */

/* The O/R address of "rfc822; a@b", "x400; /S=../", "utf-8; ..": NULL when it has none. */
struct or_address *report_typed_address(struct to_x400 *to, const char *typed);
/* What the queue remembers of the subject's recipient that a recipient of a DSN is; NULL: none. */
const struct mapping_recipient *report_known_recipient(const struct mapping_subject *subject,
                                                       const struct status_recipient *recipient);
/* Adds one with a final outcome to a report's content; false: it has none, or no address. */
bool report_add_recipient(struct to_x400 *to, const struct mapping_subject *subject, struct asn1_value *value,
                          struct Report *report, const struct delivery_status *status,
                          const struct status_recipient *recipient);
/* The message's fields: elements of the report, and the per report extension list. */
void report_add_message(struct to_x400 *to, const struct mapping_subject *subject, struct asn1_value *value,
                        struct Report *report, const struct delivery_status *status,
                        struct mapping_result *result);
/* A private extension with these fields, when there are any and the peer takes such ones. */
void report_add_list(struct to_x400 *to, struct asn1_value *value, struct Extensions **extensions,
                     enum oid oid, GPtrArray *fields);
/* The MTS identifier that an envelope identifier holds: with the prefix of 5.1.8.3 or bare as 5.3.8.1 writes
 * it (decision 0120). NULL: it is someone else's. Caller frees. */
char *report_subject_text(const struct delivery_status *status);
/* Whether a recipient's outcome is final and it has an address: what a report can tell (5.1.8.3). */
bool report_is_final(const struct status_recipient *recipient);

#endif
