/* notification_from_x400.c - contract: notification.h. */
#include "mapping/delivery_status.h"
#include "mapping/disposition.h"
#include "mapping/job_io.h"
#include "mapping/notification.h"

#include <string.h>

#include <IPM.h>
#include <IPMIdentifier.h>
#include <IPMSExtension.h>
#include <IPN.h>
#include <ORDescriptor.h>
#include <ORName.h>

/* A descriptor as mailbox; phrase and comment may be NULL. Caller frees all. */
static char *mailbox_of(struct from_x400 *from, const struct ORDescriptor *descriptor, char **phrase_r,
                        char **comment_r)
{
  struct or_descriptor plain = {0};
  if (descriptor && descriptor->formal_name)
    plain.address = or_address_from_asn1(from->value, descriptor->formal_name, NULL);
  if (descriptor)
    plain.free_form = x400_teletex_get(from->value, from->context->charsets, descriptor->free_form_name);
  char *mailbox = plain.address ? address_from_descriptor(from->context, &plain, phrase_r, comment_r) : NULL;
  if (plain.address)
    or_address_free(plain.address);
  g_free(plain.free_form);
  return mailbox;
}

static void line(GString *body, const char *text)
{
  g_string_append(body, text);
  g_string_append(body, "\r\n");
}

/* EBNF.ipn-body-format. */
static void receipt(const struct from_x400 *from, const ReceiptFields_t *fields, GString *body)
{
  struct mail_time time;
  g_string_append(body, "was received at ");
  if (x400_time_get(&fields->receipt_time, &time))
    mail_time_format(&time, body);
  else
    g_string_append(body, "an unknown time");
  line(body, "\r\n");
  bool automatic =
      fields->acknowledgment_mode && *fields->acknowledgment_mode == AcknowledgmentModeField_automatic;
  g_string_append_printf(body, "This notification was generated %s\r\n",
                         automatic ? "Automatically" : "Manually");
  g_autofree char *extra = x400_text(from->value, CHARSET_IA5, fields->suppl_receipt_info, 1024);
  if (extra) {
    line(body, "The following extra information was given:");
    line(body, extra);
  }
}

static void non_receipt(const struct from_x400 *from, const NonReceiptFields_t *fields, GString *body)
{
  static const char *const reasons[] = {"Expired", "Obsoleted", "User Subscription Terminated",
                                        "IPM Deleted"};
  if (fields->non_receipt_reason == NonReceiptReasonField_ipm_auto_forwarded) {
    line(body, "was automatically forwarded.");
    g_autofree char *comment = x400_text(from->value, CHARSET_IA5, fields->auto_forward_comment, 1024);
    if (comment) {
      line(body, "The following comment was made:");
      line(body, comment);
    }
    return;
  }
  long reason = fields->discard_reason ? *fields->discard_reason : 3;
  g_string_append_printf(body, "was discarded for the following reason: %s\r\n",
                         reason >= 0 && reason < 3 ? reasons[reason] : reasons[3]);
}

static char *describe(struct from_x400 *from, const struct IPN *ipn, bool returned)
{
  GString *body = g_string_new(NULL);
  g_autofree char *phrase = NULL, *comment = NULL;
  const struct ORDescriptor *who =
      ipn->ipm_intended_recipient ? ipn->ipm_intended_recipient : ipn->ipn_originator;
  g_autofree char *mailbox = mailbox_of(from, who, &phrase, &comment);
  if (mailbox && phrase && *phrase)
    g_string_append_printf(body, "Your message to: %s <%s>\r\n", phrase, mailbox);
  else
    g_string_append_printf(body, "Your message to: %s\r\n", mailbox ? mailbox : "unknown");
  if (ipn->choice.present == IPN__choice_PR_receipt_fields)
    receipt(from, &ipn->choice.choice.receipt_fields, body);
  else if (ipn->choice.present == IPN__choice_PR_non_receipt_fields)
    non_receipt(from, &ipn->choice.choice.non_receipt_fields, body);
  else
    line(body, "got a notification of another type.");
  if (ipn->conversion_eits) {
    g_autoptr(eit_set_t) types = eit_from_asn1(ipn->conversion_eits);
    g_autofree char *text = eit_format(types);
    g_string_append_printf(body, "The following information types were converted: %s\r\n", text);
  }
  if (ipn->choice.present == IPN__choice_PR_non_receipt_fields)
    line(body, returned ? "The Original Message follows:" : "The Original Message is not available");
  return g_string_free(body, FALSE);
}

static void write_from(struct from_x400 *from, const struct IPN *ipn)
{
  g_autofree char *phrase = NULL, *comment = NULL;
  g_autofree char *mailbox = mailbox_of(from, ipn->ipn_originator, &phrase, &comment);
  mime_writer_list(from->writer, "From");
  mime_writer_mailbox(from->writer, phrase, mailbox ? mailbox : from->sender, comment);
  mime_writer_list_end(from->writer);
}

static char *subject_of(struct from_x400 *from, const struct IPMIdentifier *identifier)
{
  struct ipm_identifier *plain = g_new0(struct ipm_identifier, 1);
  plain->relative = x400_text(from->value, CHARSET_IA5, &identifier->user_relative_identifier, 256);
  if (identifier->user)
    plain->user = or_address_from_asn1(from->value, identifier->user, NULL);
  char *text = identifier_message_id_from_ipm(from->context, plain);
  ipm_identifier_free(plain);
  return text;
}

/* Whichever of the notification's parts they stand in. */
static void write_discarded(struct from_x400 *from, const struct IPN *ipn)
{
  const struct IPMSExtensions *lists[] = {ipn->notification_extensions,
                                          ipn->choice.present == IPN__choice_PR_receipt_fields
                                              ? ipn->choice.choice.receipt_fields.rn_extensions
                                          : ipn->choice.present == IPN__choice_PR_non_receipt_fields
                                              ? ipn->choice.choice.non_receipt_fields.nrn_extensions
                                              : &ipn->choice.choice.other_notification_type_fields};
  g_autoptr(GString) names = g_string_new(NULL);
  for (gsize k = 0; k < G_N_ELEMENTS(lists); k++)
    for (int i = 0; lists[k] && i < lists[k]->list.count; i++) {
      g_autofree char *dotted = x400_oid_text(&lists[k]->list.array[i]->type);
      g_auto(GStrv) arcs = g_strsplit(dotted, ".", -1);
      g_autofree char *joined = g_strjoinv(")(", arcs);
      g_string_append_printf(names, "%s(%s)", names->len ? ", " : "", joined);
      mapping_loss(from->losses, "notification extension %s: discarded (RFC 2156 5.3.5): no field for it",
                   dotted);
    }
  if (names->len)
    mime_writer_field(from->writer, "Discarded-X400-IPMS-Extensions", names->str);
}

static void write_text(struct from_x400 *from, const char *text)
{
  g_autoptr(octets_t) octets = octets_new(text, strlen(text));
  GError *error = NULL;
  enum mime_transfer transfer = mime_writer_transfer(octets, &error);
  g_clear_error(&error);
  mime_writer_field(from->writer, "Content-Type", "text/plain; charset=utf-8");
  mime_writer_transfer_field(from->writer, transfer);
  mime_writer_end_header(from->writer);
  mime_writer_content(from->writer, octets, transfer);
}

static void write_returned(struct from_x400 *from, const struct IPM *returned, GError **error, bool *good)
{
  mime_writer_field(from->writer, "Content-Type", "message/rfc822");
  mime_writer_end_header(from->writer);
  from->depth++;
  *good = ipm_from_x400(from, returned, error);
  from->depth--;
}

static void write_multipart(struct from_x400 *from, const char *type, const char *report,
                            const char *boundary)
{
  mime_writer_value(from->writer, "Content-Type", type);
  if (report)
    mime_writer_param(from->writer, "report-type", report);
  mime_writer_param(from->writer, "boundary", boundary);
  mime_writer_value_end(from->writer);
  mime_writer_end_header(from->writer);
  mime_writer_delimiter(from->writer, boundary, false);
}

/* --- 5.3.5's own form --- */

static bool write_plain(struct from_x400 *from, const char *text, const struct IPM *returned, GError **error)
{
  if (!returned) {
    write_text(from, text);
    return true;
  }
  bool good = true;
  g_autofree char *boundary = mime_writer_boundary(from->writer);
  write_multipart(from, "multipart/mixed", NULL, boundary);
  write_text(from, text);
  mime_writer_delimiter(from->writer, boundary, false);
  write_returned(from, returned, error, &good);
  mime_writer_delimiter(from->writer, boundary, true);
  return good;
}

/* --- RFC 8098 --- */

static void add_text(struct from_x400 *from, struct disposition *disposition, const char *name,
                     const struct OCTET_STRING *field)
{
  g_autofree char *text = x400_text(from->value, CHARSET_IA5, field, 1024);
  if (text)
    disposition_add(disposition, name, "%s", text);
}

/* X.420's acknowledgment mode tells who sent the notification; what it tells of was done by the user. */
static void tell_receipt(struct from_x400 *from, const ReceiptFields_t *fields,
                         struct disposition *disposition)
{
  struct mail_time time;
  disposition->type = DISPOSITION_DISPLAYED;
  disposition->sent_automatically =
      fields->acknowledgment_mode && *fields->acknowledgment_mode == AcknowledgmentModeField_automatic;
  if (x400_time_get(&fields->receipt_time, &time)) {
    g_autoptr(GString) text = g_string_new(NULL);
    mail_time_format(&time, text);
    disposition_add(disposition, "X400-Receipt-Time", "%s", text->str);
  }
  add_text(from, disposition, "X400-Suppl-Receipt-Info", fields->suppl_receipt_info);
}

static void tell_non_receipt(struct from_x400 *from, const NonReceiptFields_t *fields,
                             struct disposition *disposition)
{
  static const char *const reasons[] = {"ipm-expired", "ipm-obsoleted", "user-subscription-terminated",
                                        "ipm-deleted"};
  disposition->automatic_action = disposition->sent_automatically = true;
  if (fields->non_receipt_reason == NonReceiptReasonField_ipm_auto_forwarded) {
    disposition->type = DISPOSITION_DISPATCHED;
    add_text(from, disposition, "X400-Auto-Forward-Comment", fields->auto_forward_comment);
    return;
  }
  long reason = fields->discard_reason ? *fields->discard_reason : 3;
  disposition->type = DISPOSITION_DELETED;
  disposition_add(disposition, "X400-Discard-Reason", "%s(%ld)",
                  reason >= 0 && reason <= 3 ? reasons[reason] : "unknown", reason);
}

/* "rfc822; a@b", else "x400; /S=../"; NULL: nothing. */
static char *typed_of(struct from_x400 *from, const struct ORDescriptor *descriptor)
{
  g_autofree char *phrase = NULL, *comment = NULL;
  g_autofree char *mailbox = mailbox_of(from, descriptor, &phrase, &comment);
  if (mailbox)
    return g_strdup_printf("rfc822; %s", mailbox);
  g_autofree char *text =
      descriptor && descriptor->formal_name ? job_or_text(from->value, descriptor->formal_name) : NULL;
  return text ? g_strdup_printf("x400; %s", text) : NULL;
}

/* What the sender of the subject knows: his ORCPT, his Message-ID uncut, his own form of the address. */
static const struct mapping_recipient *known_recipient(struct from_x400 *from, const struct IPN *ipn,
                                                       const struct mapping_subject *subject)
{
  const struct ORDescriptor *who =
      ipn->ipm_intended_recipient ? ipn->ipm_intended_recipient : ipn->ipn_originator;
  g_autoptr(or_address_t) meant =
      who && who->formal_name ? or_address_from_asn1(from->value, who->formal_name, NULL) : NULL;
  for (guint i = 0; meant && i < subject->recipients->len; i++) {
    const struct mapping_recipient *recipient = subject->recipients->pdata[i];
    g_autoptr(or_address_t) address = recipient->mapped ? or_address_parse(recipient->mapped, NULL) : NULL;
    if (address && or_address_equal(address, meant))
      return recipient;
  }
  return NULL;
}

static struct disposition *disposition_of(struct from_x400 *from, const struct IPN *ipn,
                                          const char *message_id, const struct mapping_job *job)
{
  struct disposition *disposition = disposition_new();
  const struct mapping_recipient *known = known_recipient(from, ipn, &job->subject);
  disposition->gateway = g_strdup_printf("dns; %s", from->context->settings->hostname);
  if (known && known->orcpt)
    disposition->original_recipient = g_strdup(known->orcpt);
  else if (ipn->ipm_intended_recipient)
    disposition->original_recipient = typed_of(from, ipn->ipm_intended_recipient);
  disposition->final_recipient = typed_of(from, ipn->ipn_originator);
  if (!disposition->final_recipient)
    disposition->final_recipient = g_strdup_printf("rfc822; %s", from->sender);
  disposition->original_message_id = g_strdup(job->subject.message_id ? job->subject.message_id : message_id);
  if (ipn->choice.present == IPN__choice_PR_receipt_fields)
    tell_receipt(from, &ipn->choice.choice.receipt_fields, disposition);
  else
    tell_non_receipt(from, &ipn->choice.choice.non_receipt_fields, disposition);
  if (ipn->conversion_eits) {
    g_autoptr(eit_set_t) types = eit_from_asn1(ipn->conversion_eits);
    g_autofree char *text = eit_format(types);
    disposition_add(disposition, "X400-Converted-EITs", "%s", text);
  }
  return disposition;
}

static bool write_mdn(struct from_x400 *from, const struct IPN *ipn, const char *text, const char *message_id,
                      const struct IPM *returned, const struct mapping_job *job, GError **error)
{
  bool good = true;
  g_autoptr(disposition_t) disposition = disposition_of(from, ipn, message_id, job);
  g_autofree char *boundary = mime_writer_boundary(from->writer);
  write_multipart(from, "multipart/report", "disposition-notification", boundary);
  write_text(from, text);
  mime_writer_delimiter(from->writer, boundary, false);
  disposition_write(disposition, from->writer);
  if (returned) {
    mime_writer_delimiter(from->writer, boundary, false);
    write_returned(from, returned, error, &good);
  }
  mime_writer_delimiter(from->writer, boundary, true);
  return good;
}

/* --- the whole --- */

bool notification_from_x400(struct from_x400 *from, const struct IPN *ipn, const char *recipient,
                            const struct mapping_job *mdn, GError **error)
{
  bool failure = ipn->choice.present == IPN__choice_PR_non_receipt_fields;
  bool other = !failure && ipn->choice.present != IPN__choice_PR_receipt_fields;
  const struct IPM *returned = failure ? ipn->choice.choice.non_receipt_fields.returned_ipm : NULL;
  g_autofree char *subject = subject_of(from, &ipn->subject_ipm);
  const char *kept = mdn ? mdn->subject.message_id : NULL;
  write_from(from, ipn);
  mime_writer_list(from->writer, "To");
  mime_writer_mailbox(from->writer, NULL, recipient, NULL);
  mime_writer_list_end(from->writer);
  mime_writer_field(from->writer, "Subject",
                    failure ? "X.400 Inter-Personal Notification (failure)"
                            : "X.400 Inter-Personal Notification");
  mime_writer_field(from->writer, "Message-Type", "InterPersonal Notification");
  if (kept || subject)
    mime_writer_field(from->writer, "References", kept ? kept : subject);
  if (mdn) {
    char id[16];
    x400_queue_id(mdn->id, id);
    g_autofree char *own = g_strdup_printf("<notification.%s@%s>", id, from->context->settings->hostname);
    mime_writer_field(from->writer, "Message-ID", own);
    mime_writer_field(from->writer, "Auto-Submitted", "auto-replied");
  }
  write_discarded(from, ipn);
  mime_writer_field(from->writer, "MIME-Version", "1.0");
  g_autofree char *text = describe(from, ipn, returned != NULL);
  return mdn && !other ? write_mdn(from, ipn, text, subject, returned, mdn, error)
                       : write_plain(from, text, returned, error);
}
