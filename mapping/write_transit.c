/* write_transit.c - WRITE in the format that came: a mail to another mail server, an APDU to another MTA.
 *
 * An APDU's content goes on bit for bit; its envelope gets our trace element, and responsibility for just the
 * recipients at this hop (X.411 14.3).  A mail gets its Received field in front and is otherwise untouched.
 */
#include "mapping/downgrade.h"
#include "mapping/envelope.h"
#include "mapping/trace.h"

#include <stdlib.h>
#include <string.h>

#include <ExtensionField.h>
#include <MTS-APDU.h>
#include <ORName.h>
#include <PerRecipientMessageTransferFields.h>
#include <PerRecipientProbeTransferFields.h>
#include <TraceInformation.h>

/* --- mail --- */

struct scan {
  bool body, high_header, high_body;
  guint8 last[3];
};

/* Which octets above 127 stand in the header, which in the body (RFC 6531 3.4, RFC 6152). */
static bool scan_block(const guint8 *block, gsize length, void *user, GError **error)
{
  (void)error;
  struct scan *scan = user;
  for (gsize i = 0; i < length; i++) {
    if (block[i] == '\n' && (scan->last[2] == '\n' || (scan->last[2] == '\r' && scan->last[1] == '\n')))
      scan->body = true;
    if (block[i] >= 0x80)
      *(scan->body ? &scan->high_body : &scan->high_header) = true;
    scan->last[0] = scan->last[1];
    scan->last[1] = scan->last[2];
    scan->last[2] = block[i];
  }
  return true;
}

static struct octets *with_trace(struct mapping_context *context, const struct mapping_job *job,
                                 struct octets *mail)
{
  if (!job->client || !*job->client) /* one of our own reports: it begins here */
    return octets_ref(mail);
  char id[16];
  x400_queue_id(job->id, id);
  struct mail_time now = job_time(job->received_us);
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_printf(text, "from %s by %s with ESMTP id %s; ", job->client, context->settings->hostname, id);
  mail_time_format(&now, text);
  g_autoptr(mime_writer_t) writer = mime_writer_new(-1, id);
  mime_writer_field(writer, "Received", text->str);
  g_autoptr(GBytes) bytes = mime_writer_bytes(writer);
  g_autoptr(octets_t) head = octets_new_bytes(bytes);
  struct octets *const both[] = {head, mail};
  return octets_concat(both, 2);
}

static bool transit_mail(struct mapping_context *context, const struct mapping_job *job,
                         struct mapping_result *result, GError **error)
{
  g_autoptr(octets_t) source = job_source(job, error);
  struct scan scan = {.last = {0, 0, '\n'}};
  if (!source || !octets_each(source, scan_block, &scan, error))
    return false;
  g_autoptr(octets_t) mail = with_trace(context, job, source);
  result->sender = g_strdup(job->sender);
  result->envid = g_strdup(job->envid);
  result->ret = job->ret;
  result->has_8bit = scan.high_body || scan.high_header;
  result->smtputf8 = scan.high_header;
  for (guint i = 0; i < job->recipients->len; i++) {
    struct mapping_recipient *recipient = job_recipient_copy(job->recipients->pdata[i]);
    if (!recipient->mapped)
      recipient->mapped = g_strdup(recipient->address);
    g_ptr_array_add(result->recipients, recipient);
  }
  job_output(job, mail, result);
  return true;
}

/* --- APDU --- */

/* The job's recipients by their position in an envelope of count; NULL where there is none at this hop.
 * Caller frees the array. */
static const struct mapping_recipient **by_position(const struct mapping_job *job, int count)
{
  const struct mapping_recipient **found = g_new0(const struct mapping_recipient *, (gsize)count + 1);
  for (guint i = 0; i < job->recipients->len; i++) {
    const struct mapping_recipient *recipient = job->recipients->pdata[i];
    if (recipient->ordinal < (guint)count)
      found[recipient->ordinal] = recipient;
  }
  return found;
}

/* X.411 14.3.7: responsibility goes with the copy that is for the recipient. */
static void mark(const struct mapping_recipient *recipient, BIT_STRING_t *indicators)
{
  guint32 bits = x400_bits_get(indicators);
  guint count = (guint)indicators->size * 8 - (guint)indicators->bits_unused;
  bits = recipient ? bits | 1u : bits & ~1u;
  x400_bits_put(indicators, bits, CLAMP(count, 8, 32));
}

/* 4.4.1: an address that named another X.400 user goes on as that user. */
static void rename_recipient(const struct mapping_recipient *recipient, struct asn1_value *apdu,
                             struct ORName *name)
{
  if (!recipient || !recipient->mapped || !g_strcmp0(recipient->mapped, recipient->address))
    return;
  g_autoptr(or_address_t) address = or_address_parse(recipient->mapped, NULL);
  if (!address)
    return;
  struct ORName *fresh = asn1_new_field(struct ORName);
  or_address_to_asn1(address, apdu, fresh);
  ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_ORName, name);
  *name = *fresh;
  free(fresh);
}

/* Our element, at the end of both traces; the others stay as they came. deferred: a deferred delivery time,
 * or NULL. */
static void add_trace(struct mapping_context *context, const struct mapping_job *job,
                      const struct mapping_peer *peer, const struct OCTET_STRING *deferred,
                      struct asn1_value *apdu, struct TraceInformation *trace, struct Extensions **extensions)
{
  struct mail_time now = job_time(job->received_us);
  struct trace_element *own = trace_element_new(job_domain(context, peer), job_mta_name(context, peer), &now);
  for (guint i = 0; i < job->recipients->len; i++)
    own->redirected |= ((const struct mapping_recipient *)job->recipients->pdata[i])->redirected_us != 0;
  own->has_deferred = x400_time_get(deferred, &own->deferred) && job_deferral(context, job, &own->deferred);
  trace_append(own, apdu, trace, extensions);
  trace_element_free(own);
}

static void transit_message(struct mapping_context *context, const struct mapping_job *job,
                            const struct mapping_peer *peer, struct asn1_value *apdu,
                            MessageTransferEnvelope_t *envelope)
{
  int count = envelope->per_recipient_fields.list.count;
  g_autofree const struct mapping_recipient **recipients = by_position(job, count);
  for (int i = 0; i < count; i++) {
    struct PerRecipientMessageTransferFields *fields = envelope->per_recipient_fields.list.array[i];
    mark(recipients[i], &fields->per_recipient_indicators);
    rename_recipient(recipients[i], apdu, &fields->recipient_name);
  }
  add_trace(context, job, peer, envelope->deferred_delivery_time, apdu, &envelope->trace_information,
            &envelope->extensions);
}

static void transit_probe(struct mapping_context *context, const struct mapping_job *job,
                          const struct mapping_peer *peer, struct asn1_value *apdu,
                          ProbeTransferEnvelope_t *envelope)
{
  int count = envelope->per_recipient_fields.list.count;
  g_autofree const struct mapping_recipient **recipients = by_position(job, count);
  for (int i = 0; i < count; i++) {
    struct PerRecipientProbeTransferFields *fields = envelope->per_recipient_fields.list.array[i];
    mark(recipients[i], &fields->per_recipient_indicators);
    rename_recipient(recipients[i], apdu, &fields->recipient_name);
  }
  add_trace(context, job, peer, NULL, apdu, &envelope->trace_information, &envelope->extensions);
}

static bool transit_apdu(struct mapping_context *context, const struct mapping_job *job,
                         struct mapping_result *result, GError **error)
{
  const struct mapping_peer *peer = job_hop_peer(context, job->hop);
  g_autoptr(asn1_value_t) apdu = job_apdu(context, job, error);
  if (!apdu)
    return false;
  MTS_APDU_t *choice = asn1_value_get(apdu);
  if (choice->present == MTS_APDU_PR_message)
    transit_message(context, job, peer, apdu, &choice->choice.message.envelope);
  else if (choice->present == MTS_APDU_PR_probe)
    transit_probe(context, job, peer, apdu, &choice->choice.probe);
  else if (job->peer && *job->peer) /* one of our own has its trace already */
    add_trace(context, job, peer, NULL, apdu, &choice->choice.report.envelope.trace_information,
              &choice->choice.report.envelope.extensions);
  for (guint i = 0; i < job->recipients->len; i++)
    g_ptr_array_add(result->recipients, job_recipient_copy(job->recipients->pdata[i]));
  g_autoptr(octets_t) octets =
      downgrade_apdu(context, job, peer, apdu, result, error) ? asn1_encode(apdu, error) : NULL;
  if (!octets)
    return false;
  job_output(job, octets, result);
  return true;
}

void mapping_write_transit(struct mapping_context *context, const struct mapping_job *job,
                           struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  result->format = job->format;
  bool good = job->format == MAPPING_APDU ? transit_apdu(context, job, result, &error)
                                          : transit_mail(context, job, result, &error);
  if (!good)
    mapping_result_fail(result, MAPPING_PARK, error);
}
