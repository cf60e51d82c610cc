/* envelope.h - the message transfer envelope and its mail counterparts: RFC 2156 4.6, 5.1.5
 * to 5.1.7, 5.3.6, 5.3.7, appendix A. */
#ifndef GW400_MAPPING_ENVELOPE_H
#define GW400_MAPPING_ENVELOPE_H

#include "mapping/job_io.h"

struct ContentType;
struct MessageTransferEnvelope;
struct PerRecipientMessageTransferFields;
struct TraceInformation;

/* --- mail to P1: envelope_to_x400.c --- */
/* Fills the envelope of a mail for the recipients of a WRITE job; to is the content's conversion (types,
 * losses, peer). */
bool envelope_to_x400(struct to_x400 *to, const struct mapping_job *job, struct asn1_value *apdu,
                      struct MessageTransferEnvelope *envelope, GError **error);
/* The trace of a mail for a peer, this gateway's conversion included; also for reports made of a DSN. */
void envelope_trace_to_x400(struct to_x400 *to, const struct mapping_job *job, struct asn1_value *apdu,
                            struct TraceInformation *trace, struct Extensions **extensions);
/* The field Priority as job.h counts it (1 when there is none). */
guint envelope_priority(const struct mime_part *header);
/* Whether a field of a mail is one that tells of the envelope (5.1.6, 5.1.7, appendix C), and one that can be
 * read; body: of a single field. */
enum envelope_field { ENVELOPE_NO_FIELD, ENVELOPE_FIELD_UNREADABLE, ENVELOPE_FIELD };
enum envelope_field envelope_field(GHashTable *charsets, const char *name, const char *body);
/* Per-recipient indicators of appendix A 3.1: responsibility and report requests. */
guint32 envelope_indicators(guint notify, bool responsible);

/* --- P1 to mail: envelope_from_x400.c --- */
/* Writes the trace at the head of a mail, and the fields of 5.3.6 and 5.3.7. */
void envelope_trace_from_x400(struct from_x400 *from, const struct mapping_job *job, GPtrArray *trace,
                              const char *origin);
void envelope_from_x400(struct from_x400 *from, const struct asn1_value *apdu,
                        const struct MessageTransferEnvelope *envelope, guint recipients);
/* NOTIFY bits of appendix A 3.2. */
guint envelope_notify(const struct PerRecipientMessageTransferFields *fields);
/* ORCPT: who was first meant, when there were redirections; NULL: nobody else. Caller frees. */
char *envelope_orcpt(const struct asn1_value *apdu, const struct PerRecipientMessageTransferFields *fields);
/* "built-in (22)" or an object identifier: EBNF.mts-content-type. Caller frees. */
char *envelope_content_type(const struct ContentType *type);
/* The first extension that is critical for the wanted step (1: transfer, 2: delivery) and that the gateway
 * cannot serve; NULL: none. Caller frees. transit: only transfer counts, and the envelope goes on whole. */
char *envelope_critical(const struct Extensions *extensions, bool transit);
/* EBNF.redirection-reason of a number (RFC 2156 4.6.2.2); static. */
const char *envelope_redirection_reason(long reason);

/* --- what was cut: envelope_cut.c --- */
/* The message APDU, with an empty content, of octets that are only its beginning: they must hold the
 * envelope. NULL and error when they do not, or when they begin no message. */
struct octets *envelope_of_cut(struct octets *source, GError **error);

#endif
