/* notification.c - contract: notification.h. */
#include "mapping/notification.h"

#include <string.h>

#include <IPM.h>
#include <IPMIdentifier.h>
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
  struct mail_time time = {0};
  x400_time_get(&fields->receipt_time, &time);
  g_string_append(body, "was received at ");
  mail_time_format(&time, body);
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

static void write_reference(struct from_x400 *from, const struct IPMIdentifier *identifier)
{
  struct ipm_identifier *plain = g_new0(struct ipm_identifier, 1);
  plain->relative = x400_text(from->value, CHARSET_IA5, &identifier->user_relative_identifier, 256);
  if (identifier->user)
    plain->user = or_address_from_asn1(from->value, identifier->user, NULL);
  g_autofree char *text = identifier_message_id_from_ipm(from->context, plain);
  ipm_identifier_free(plain);
  if (text)
    mime_writer_field(from->writer, "References", text);
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

bool notification_from_x400(struct from_x400 *from, const struct IPN *ipn, const char *recipient,
                            GError **error)
{
  bool failure = ipn->choice.present == IPN__choice_PR_non_receipt_fields;
  const struct IPM *returned = failure ? ipn->choice.choice.non_receipt_fields.returned_ipm : NULL;
  write_from(from, ipn);
  mime_writer_list(from->writer, "To");
  mime_writer_mailbox(from->writer, NULL, recipient, NULL);
  mime_writer_list_end(from->writer);
  mime_writer_field(from->writer, "Subject",
                    failure ? "X.400 Inter-Personal Notification (failure)"
                            : "X.400 Inter-Personal Notification");
  mime_writer_field(from->writer, "Message-Type", "InterPersonal Notification");
  write_reference(from, &ipn->subject_ipm);
  mime_writer_field(from->writer, "MIME-Version", "1.0");
  g_autofree char *text = describe(from, ipn, returned != NULL);
  if (!returned) {
    write_text(from, text);
    return true;
  }
  g_autofree char *boundary = mime_writer_boundary(from->writer);
  mime_writer_value(from->writer, "Content-Type", "multipart/mixed");
  mime_writer_param(from->writer, "boundary", boundary);
  mime_writer_value_end(from->writer);
  mime_writer_end_header(from->writer);
  mime_writer_delimiter(from->writer, boundary, false);
  write_text(from, text);
  mime_writer_delimiter(from->writer, boundary, false);
  mime_writer_field(from->writer, "Content-Type", "message/rfc822");
  mime_writer_end_header(from->writer);
  from->depth++;
  bool good = ipm_from_x400(from, returned, error);
  from->depth--;
  mime_writer_delimiter(from->writer, boundary, true);
  return good;
}
