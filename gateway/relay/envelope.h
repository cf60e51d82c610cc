/* envelope.h - the relay's opaque octets in the store: envelopes, what the reading job noted, and outcomes
 * per recipient. */
#ifndef GW400_RELAY_ENVELOPE_H
#define GW400_RELAY_ENVELOPE_H

#include "mapping/job.h"
#include "smtp/envelope.h"
#include "store/store.h"

/* The envelope column: the format of the body and what the protocol said beside it. */
GBytes *envelope_pack_smtp(const struct smtp_envelope *envelope);
/* truncated: the body is only its beginning, since it was larger than the peer may send. */
GBytes *envelope_pack_p1(const char *peer, bool truncated);
/* Of a report that we made ourselves: from nobody; its recipients are in the store. */
GBytes *envelope_pack_report(enum mapping_format format);

/* A job on a stored message: format, times, envelope and recipients filled in; in_fd open on its body. The
 * recipients are the envelope's for MAPPING_READ, the message's (store) otherwise. NULL and error when the
 * body cannot be opened. */
struct mapping_job *envelope_job(struct store *store, const struct store_message *message,
                                 enum mapping_kind kind, GError **error);

/* The note column: what the reading job found that later jobs need; with a subject, what the queue knows of the
 * message that this one is about (envelope_job() hands it to WRITE jobs). */
struct envelope_note {
  enum mapping_content content;
  bool no_report;
  guint recipients_total;
  gint64 latest_us; /* latest delivery time; 0: none */
  char *sender;
};
GBytes *envelope_note_pack(const struct mapping_result *result, const struct store_message *subject);
void envelope_note_unpack(GBytes *bytes, struct envelope_note *note_r);
void envelope_note_clear(struct envelope_note *note);

/* The detail column of a recipient: ORCPT, NOTIFY and the outcome that a report must tell. */
GBytes *envelope_outcome_pack(const struct mapping_recipient *recipient);
/* Store's recipient -> job's recipient, whole; the result is owned by the caller. */
struct mapping_recipient *envelope_recipient(const struct store_recipient *recipient);

/* job.h: recipients of one hop with different numbers get messages of their own. */
guint envelope_apart(const struct store_recipient *recipient);

/* A message of the same identity with other recipients (references moved in by the caller); body references
 * are shared. */
struct store_message *envelope_part(const struct store_message *message);

#endif
