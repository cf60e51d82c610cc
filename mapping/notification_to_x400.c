/* notification_to_x400.c - contract: notification.h. */
#include "mapping/delivery_status.h"
#include "mapping/disposition.h"
#include "mapping/downgrade.h"
#include "mapping/envelope.h"
#include "mapping/notification.h"

#include <stdlib.h>
#include <string.h>

#include <IPM.h>
#include <IPN.h>
#include <InformationObject.h>
#include <MTS-APDU.h>
#include <ORDescriptor.h>
#include <ORName.h>

enum { IDENTIFIER_BOUND = 64, SUPPLEMENT_BOUND = 256, COMMENT_BOUND = 256 };

/* --- whether it answers --- */

/* The recipient of the subject that answers, among those who were asked. */
static const struct mapping_recipient *asked_recipient(const struct mapping_subject *subject,
                                                       const struct disposition *disposition)
{
  const struct mapping_recipient *only = NULL;
  guint asked = 0;
  for (guint i = 0; i < subject->recipients->len; i++) {
    const struct mapping_recipient *recipient = subject->recipients->pdata[i];
    if (!recipient->receipts || !recipient->address)
      continue;
    if (delivery_status_names(disposition->original_recipient, recipient->mapped) ||
        delivery_status_names(disposition->final_recipient, recipient->mapped))
      return recipient;
    only = recipient;
    asked++;
  }
  return asked == 1 ? only : NULL; /* his mail was forwarded: it can be nobody else */
}

/* X.420 8: to the subject's originator alone. */
static bool goes_to_originator(const struct mapping_job *job)
{
  const struct mapping_recipient *to = job->recipients->len == 1 ? job->recipients->pdata[0] : NULL;
  g_autoptr(or_address_t) originator =
      job->subject.sender ? or_address_parse(job->subject.sender, NULL) : NULL;
  g_autoptr(or_address_t) destination = to && to->mapped ? or_address_parse(to->mapped, NULL) : NULL;
  return originator && destination && or_address_equal(originator, destination);
}

/* What each disposition is in X.420; others say nothing that a notification could. */
static guint request_of(const struct disposition *disposition)
{
  if (disposition->modified)
    return 0;
  return disposition->type == DISPOSITION_DISPLAYED ? MAPPING_RECEIPT
         : disposition->type == DISPOSITION_DELETED || disposition->type == DISPOSITION_DISPATCHED
             ? MAPPING_NON_RECEIPT
             : 0;
}

bool notification_is_answer(const struct to_x400 *to, const struct mapping_job *job)
{
  g_autoptr(disposition_t) disposition = disposition_of_mail(to->mail);
  if (!disposition)
    return false;
  const char *why = NULL;
  const struct mapping_recipient *asked = NULL;
  if (!job->subject.known || !disposition->original_message_id)
    why = "the queue knows no message that it answers";
  else if (!goes_to_originator(job))
    why = "it does not go to the originator of its subject";
  else if (!(asked = asked_recipient(&job->subject, disposition)))
    why = "it is from nobody who was asked";
  else if (!(asked->receipts & request_of(disposition)))
    why = "it says what was not asked for";
  if (why)
    mapping_loss(to->losses, "disposition-notification: goes as a message (RFC 8098 3): %s", why);
  return !why;
}

/* --- the notification --- */

static void put_identifier(struct to_x400 *to, const char *message_id, struct IPMIdentifier *identifier)
{
  struct ipm_identifier *plain = identifier_ipm_from_message_id(to->context, message_id);
  struct OCTET_STRING *relative =
      x400_printable_new(plain && plain->relative ? plain->relative : "", IDENTIFIER_BOUND);
  identifier->user_relative_identifier = *relative;
  free(relative);
  if (plain && plain->user) {
    identifier->user = asn1_new_field(struct ORName);
    or_address_to_asn1(plain->user, to->value, identifier->user);
  }
  ipm_identifier_free(plain);
}

static struct ORDescriptor *descriptor(struct to_x400 *to, const struct or_address *address)
{
  struct ORDescriptor *descriptor = asn1_new_field(struct ORDescriptor);
  descriptor->formal_name = asn1_new_field(struct ORName);
  or_address_to_asn1(address, to->value, descriptor->formal_name);
  return descriptor;
}

static const char *field_of(const struct disposition *disposition, const char *name)
{
  return delivery_status_field(disposition->fields, name);
}

/* EBNF.labelled-integer; -1: there is none. */
static long number_of(const struct disposition *disposition, const char *name)
{
  const char *body = field_of(disposition, name), *open = body ? strchr(body, '(') : NULL;
  return open && g_ascii_isdigit(open[1]) ? CLAMP(atol(open + 1), 0, 255) : -1;
}

/* When the user saw it: the notification's own date is the nearest that mail knows. */
static void put_receipt(struct to_x400 *to, const struct disposition *disposition, ReceiptFields_t *fields)
{
  const char *told = field_of(disposition, "X400-Receipt-Time"),
             *date = mime_part_field(to->mail->root, "Date");
  struct mail_time time = to->now;
  if (!(told && mail_time_parse(told, &time)) && !(date && mail_time_parse(date, &time)))
    time = to->now;
  x400_time_put(&time, &fields->receipt_time);
  if (disposition->sent_automatically)
    fields->acknowledgment_mode = x400_long(AcknowledgmentModeField_automatic);
  const char *supplement = field_of(disposition, "X400-Suppl-Receipt-Info");
  if (supplement && *supplement)
    fields->suppl_receipt_info = x400_printable_new(supplement, SUPPLEMENT_BOUND);
}

/* The mail that the notification returns, as an IPM. */
static bool put_returned(struct to_x400 *to, NonReceiptFields_t *fields, GError **error)
{
  for (guint i = 0; i < to->mail->root->children->len; i++) {
    const struct mime_part *part = to->mail->root->children->pdata[i];
    if (part->kind != MIME_MESSAGE || !part->children || !part->children->len || !part->type ||
        strcmp(part->type->value, "message/rfc822") != 0)
      continue;
    const struct mime_part *inner = part->children->pdata[0];
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
    fields->returned_ipm = asn1_new_field(struct IPM);
    heading_to_x400(to, inner, true, &fields->returned_ipm->heading, kept);
    if (!body_to_x400(to, inner, fields->returned_ipm, kept, error))
      return false;
    if (!to->old)
      heading_fields_put(to, kept, &fields->returned_ipm->heading);
    return true;
  }
  return true;
}

static bool put_non_receipt(struct to_x400 *to, const struct disposition *disposition, bool returns,
                            NonReceiptFields_t *fields, GError **error)
{
  enum { IPM_DELETED = 3 }; /* of X.420's later editions; RFC 2156 5.3.5 names it fourth */
  if (disposition->type == DISPOSITION_DISPATCHED) {
    fields->non_receipt_reason = NonReceiptReasonField_ipm_auto_forwarded;
    const char *comment = field_of(disposition, "X400-Auto-Forward-Comment");
    if (comment && *comment)
      fields->auto_forward_comment = x400_printable_new(comment, COMMENT_BOUND);
  } else {
    long reason = number_of(disposition, "X400-Discard-Reason");
    fields->non_receipt_reason = NonReceiptReasonField_ipm_discarded;
    fields->discard_reason = x400_long(reason >= 0 ? reason : IPM_DELETED);
  }
  return !returns || put_returned(to, fields, error);
}

/* Who answers, as the originator wrote the address, when it is him himself. */
static void put_people(struct to_x400 *to, const struct disposition *disposition,
                       const struct mapping_recipient *asked, IPN_t *ipn)
{
  g_autoptr(or_address_t) wrote = or_address_parse(asked->address, NULL);
  g_autofree char *type = NULL;
  g_autofree char *final = delivery_status_address(disposition->final_recipient, &type);
  g_autoptr(or_address_t) other =
      !final || delivery_status_names(disposition->final_recipient, asked->mapped) ? NULL
      : strcmp(type, "x400") == 0 ? or_address_parse(final, NULL)
                                  : address_to_or(to->context, final, ADDRESS_HEADING, NULL, NULL);
  const struct or_address *originator = other ? other : wrote;
  if (originator)
    ipn->ipn_originator = descriptor(to, originator);
  if (other && wrote && !or_address_equal(other, wrote))
    ipn->ipm_intended_recipient = descriptor(to, wrote);
}

static struct octets *make_content(struct to_x400 *to, const struct disposition *disposition,
                                   const struct mapping_recipient *asked, GError **error)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_InformationObject);
  InformationObject_t *object = asn1_value_get(value);
  to->value = value;
  object->present = InformationObject_PR_ipn;
  IPN_t *ipn = &object->choice.ipn;
  put_identifier(to, disposition->original_message_id, &ipn->subject_ipm);
  put_people(to, disposition, asked, ipn);
  const char *types = field_of(disposition, "X400-Converted-EITs");
  g_autoptr(eit_set_t) set = types ? eit_parse(types) : eit_new();
  if (set->built_in || set->oids->len)
    ipn->conversion_eits = eit_to_asn1(set);
  bool good = true;
  if (disposition->type == DISPOSITION_DISPLAYED) {
    ipn->choice.present = IPN__choice_PR_receipt_fields;
    put_receipt(to, disposition, &ipn->choice.choice.receipt_fields);
  } else {
    ipn->choice.present = IPN__choice_PR_non_receipt_fields;
    good = put_non_receipt(to, disposition, asked->receipts & MAPPING_IPM_RETURN,
                           &ipn->choice.choice.non_receipt_fields, error);
  }
  struct downgrade downgrade = {to->context, value, to->losses};
  if (good && to->old)
    (void)downgrade_value(&downgrade);
  struct octets *content = good ? asn1_encode(value, error) : NULL;
  to->value = NULL;
  return content;
}

/* From who answers; nobody is told what becomes of it (X.420 8, RFC 8098 3). */
static struct octets *make_message(struct to_x400 *to, const struct mapping_job *job, const char *originator,
                                   struct octets *content, GError **error)
{
  g_autoptr(asn1_value_t) apdu = asn1_value_new(&asn_DEF_MTS_APDU);
  MTS_APDU_t *choice = asn1_value_get(apdu);
  g_autoptr(GPtrArray) recipients = g_ptr_array_new_with_free_func((GDestroyNotify)mapping_recipient_free);
  for (guint i = 0; i < job->recipients->len; i++) {
    struct mapping_recipient *recipient = job_recipient_copy(job->recipients->pdata[i]);
    recipient->notify = MAPPING_NOTIFY_NEVER;
    g_ptr_array_add(recipients, recipient);
  }
  struct mapping_job own = *job;
  own.sender = (char *)originator;
  own.envid = NULL;
  own.ret = MAPPING_RET_HDRS;
  own.recipients = recipients;
  choice->present = MTS_APDU_PR_message;
  asn1_put_octets(apdu, &choice->choice.message.content, content);
  return envelope_to_x400(to, &own, apdu, &choice->choice.message.envelope, error) ? asn1_encode(apdu, error)
                                                                                   : NULL;
}

struct octets *notification_to_x400(struct to_x400 *to, const struct mapping_job *job, GError **error)
{
  g_autoptr(disposition_t) disposition = disposition_of_mail(to->mail);
  const struct mapping_recipient *asked = asked_recipient(&job->subject, disposition);
  g_autofree char *type = NULL;
  g_autofree char *final = delivery_status_address(disposition->final_recipient, &type);
  bool mailbox = final && strcmp(type, "rfc822") == 0 && strchr(final, '@');
  g_autoptr(octets_t) content = make_content(to, disposition, asked, error);
  return content ? make_message(to, job, mailbox ? final : asked->mapped, content, error) : NULL;
}
