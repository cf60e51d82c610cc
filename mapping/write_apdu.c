/* write_apdu.c - WRITE from mail to P1: one message APDU for the recipients at one peer. */
#include "mapping/downgrade.h"
#include "mapping/edim.h"
#include "mapping/envelope.h"
#include "mapping/notification.h"
#include "mapping/notification_request.h"
#include "mapping/report.h"
#include "mapping/smime.h"

#include <string.h>

#include <IPM.h>
#include <InformationObject.h>
#include <MTS-APDU.h>

/* An EDI message or notification (X.435); NULL without error: the mail is none. */
static struct octets *make_edi(struct to_x400 *to, GError **error)
{
  g_autoptr(mime_params_t) notification = to->old || to->peer->p1_1984 ? NULL : edin_of_mail(to);
  to->edi = notification || edim_is_wanted(to);
  if (!to->edi)
    return NULL;
  if (!notification)
    return edim_to_x400(to, to->sender, error);
  return edin_to_x400(to, notification, error) ? asn1_encode(to->value, error) : NULL;
}

/* The content of a mail: an IPM. to->value becomes its root; caller frees. */
static struct octets *make_content(struct to_x400 *to, GError **error)
{
  GError *local = NULL;
  struct octets *smime = smime_content(to, &local);
  if (smime || local) {
    if (local)
      g_propagate_error(error, local);
    return smime;
  }
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  to->value = asn1_value_new(&asn_DEF_InformationObject);
  InformationObject_t *object = asn1_value_get(to->value);
  object->present = InformationObject_PR_ipm;
  struct IPM *ipm = &object->choice.ipm;
  heading_to_x400(to, to->mail->root, false, &ipm->heading, fields);
  notification_request_to_x400(to, to->mail->root, &ipm->heading, fields);
  if (!body_to_x400(to, to->mail->root, ipm, fields, error))
    return NULL;
  struct downgrade downgrade = {to->context, to->value, to->losses};
  if (to->old)
    (void)downgrade_value(&downgrade); /* addresses */
  else
    heading_fields_put(to, fields, &ipm->heading);
  return asn1_encode(to->value, error);
}

struct octets *write_apdu_content(struct to_x400 *to, GError **error)
{
  struct octets *content = make_edi(to, error);
  if (!to->edi)
    content = make_content(to, error);
  /* value is not needed any more: ropes are shared. */
  g_clear_pointer(&to->value, asn1_value_free);
  return content;
}

void write_apdu_begin(struct to_x400 *to, struct mapping_context *context, const struct mapping_job *job,
                      const struct mapping_peer *peer, const struct mime_mail *mail, struct mime_spill *spill,
                      GPtrArray *losses)
{
  *to = (struct to_x400){.context = context,
                         .peer = peer,
                         .mail = mail,
                         .spill = spill,
                         .types = eit_new(),
                         .losses = losses,
                         .sender = job->sender,
                         .now = job_time(job->received_us),
                         .old = mapping_peer_p2(peer)};
  x400_queue_id(job->id, to->id);
}

struct octets *write_apdu_message(struct to_x400 *to, const struct mapping_job *job, GError **error)
{
  g_autoptr(octets_t) content = write_apdu_content(to, error);
  if (!content)
    return NULL;
  g_autoptr(asn1_value_t) apdu = asn1_value_new(&asn_DEF_MTS_APDU);
  MTS_APDU_t *choice = asn1_value_get(apdu);
  choice->present = MTS_APDU_PR_message;
  Message_t *message = &choice->choice.message;
  asn1_put_octets(apdu, &message->content, content);
  return envelope_to_x400(to, job, apdu, &message->envelope, error) ? asn1_encode(apdu, error) : NULL;
}

/* SMTP to 1984 goes by way of 1988 (RFC 1496 2). */
static struct octets *for_peer(struct to_x400 *to, const struct mapping_job *job, struct octets *octets,
                               struct mapping_result *result, GError **error)
{
  if (!octets || !to->peer->p1_1984)
    return octets ? octets_ref(octets) : NULL;
  g_autoptr(asn1_value_t) apdu = asn1_decode(&asn_DEF_MTS_APDU, octets, NULL, error);
  return apdu && downgrade_apdu(to->context, job, to->peer, apdu, result, error) ? asn1_encode(apdu, error)
                                                                                   : NULL;
}

void mapping_write_apdu(struct mapping_context *context, const struct mapping_job *job,
                        struct mapping_result *result)
{
  g_autoptr(GError) error = NULL;
  const struct mapping_peer *peer = job_hop_peer(context, job->hop);
  g_autoptr(mime_mail_t) mail = NULL;
  if (!peer)
    g_set_error(&error, MAPPING_ERROR, MAPPING_ERROR_NO_ROUTE, "5.4.4 %s is no peer of this configuration",
                job->hop);
  else
    mail = job_mail(context, job, &error);
  if (!mail) {
    mapping_result_fail(result, MAPPING_PARK, error);
    return;
  }
  g_autoptr(mime_spill_t) spill = mime_spill_new();
  struct to_x400 to;
  write_apdu_begin(&to, context, job, peer, mail, spill, result->losses);
  result->format = MAPPING_APDU;
  for (guint i = 0; i < job->recipients->len; i++)
    g_ptr_array_add(result->recipients, job_recipient_copy(job->recipients->pdata[i]));
  g_autoptr(mime_params_t) edin = edin_of_mail(&to); /* an answer too, but to an EDI message */
  g_autoptr(octets_t) made = report_is_dsn(mail, job) ? report_to_x400(&to, job, result, &error)
                             : !edin && notification_is_answer(&to, job)
                                 ? notification_to_x400(&to, job, &error)
                                 : write_apdu_message(&to, job, &error);
  g_autoptr(octets_t) apdu = for_peer(&to, job, made, result, &error);
  if (apdu)
    job_output(job, apdu, result);
  else
    mapping_result_fail(result, MAPPING_PARK, error);
  eit_free(to.types);
  g_autoptr(GString) identifier = g_string_new(NULL);
  g_autofree char *domain = x400_domain_format(job_domain(context, peer));
  g_string_printf(identifier, "[%s;%s]", domain, to.id);
  job_identifier_add(result, "mts-id", identifier->str);
}
