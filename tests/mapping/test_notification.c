/* Receipts between both worlds: RFC 2156 5.3.5, RFC 8098, X.420 7.1.2 and 8.
 *
 * time-limit: 900 */
#include "lib/road.h"
#include "mapping/eit.h"
#include "mapping/or_asn1.h"
#include "mapping/x400.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <IPM.h>
#include <IPN.h>
#include <InformationObject.h>
#include <MTS-APDU.h>
#include <ORDescriptor.h>
#include <ORName.h>
#include <PerRecipientMessageTransferFields.h>
#include <RecipientSpecifier.h>
#include <RecipientSpecifiers.h>

#define LEE "/S=lee/PRMD=land/ADMD=x/C=de/"
#define LEE_MAIL LEE "@sea.example"
#define BOB "/DD.RFC-822=bob(a)example.net/S=gateway/PRMD=sea/ADMD=x/C=de/"
#define ASKS                                                                                                 \
  "From: " LEE_MAIL "\r\nTo: bob@example.net, carl@example.net\r\nSubject: asks\r\nMessage-ID: "             \
  "<asks-1@example.org>\r\nDate: Thu, 2 Jan 1997 14:46:03 +0100\r\n"
#define MDN(recipients, disposition)                                                                         \
  "From: bob@example.net\r\nTo: " LEE_MAIL "\r\nSubject: Read\r\nMessage-ID: <mdn-1@example.net>\r\n"        \
  "Date: Fri, 3 Jan 1997 10:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "            \
  "report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\nread\r\n--b\r\nContent-Type: "         \
  "message/disposition-notification\r\n\r\nReporting-UA: pc.example.net; Reader 1\r\n" recipients            \
  "Original-Message-ID: <asks-1@example.org>\r\nDisposition: " disposition "\r\n--b--\r\n"

static struct mapping_context *context;

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

static struct mapping_peer *land(void)
{
  return context->settings->peers->pdata[0];
}

static struct asn1_value *decode(const struct asn_TYPE_descriptor_s *type, GBytes *octets)
{
  GError *error = NULL;
  struct asn1_value *value =
      asn1_decode_mem(type, g_bytes_get_data(octets, NULL), g_bytes_get_size(octets), NULL, &error);
  ck_assert_msg(value != NULL, "%s", error ? error->message : "");
  return value;
}

static struct asn1_value *content_of(GBytes *apdu)
{
  g_autoptr(asn1_value_t) value = decode(&asn_DEF_MTS_APDU, apdu);
  const MTS_APDU_t *choice = asn1_value_get(value);
  ck_assert_int_eq(choice->present, MTS_APDU_PR_message);
  g_autoptr(octets_t) octets = asn1_octets(value, &choice->choice.message.content);
  g_autoptr(GBytes) bytes = octets_to_bytes(octets, 1 << 24, NULL);
  return decode(&asn_DEF_InformationObject, bytes);
}

/* A message with another content. */
static GBytes *with_content(GBytes *apdu, const struct asn1_value *content)
{
  g_autoptr(asn1_value_t) value = decode(&asn_DEF_MTS_APDU, apdu);
  MTS_APDU_t *choice = asn1_value_get(value);
  g_autoptr(octets_t) octets = asn1_encode(content, NULL);
  ck_assert_ptr_nonnull(octets);
  g_free(choice->choice.message.content.buf);
  memset(&choice->choice.message.content, 0, sizeof choice->choice.message.content);
  asn1_put_octets(value, &choice->choice.message.content, octets);
  return asn1_encode_bytes(value, NULL);
}

static char *text_of(GBytes *octets)
{
  return g_strndup(g_bytes_get_data(octets, NULL), g_bytes_get_size(octets));
}

static struct mapping_result *run(struct mapping_job *job, GBytes **output_r)
{
  struct mapping_result *result = road_run(context, job, output_r);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  return result;
}

static void check_has(const char *text, const char *const *wanted, gsize count)
{
  for (gsize i = 0; i < count; i++)
    ck_assert_msg(strstr(text, wanted[i]) != NULL, "%s in %s", wanted[i], text);
}

/* --- requests: mail to X.400 --- */

static GBytes *mail_to_land(const char *sender, const char *fields, const char *from)
{
  g_autofree char *mail =
      g_strdup_printf("From: %s\r\nTo: " LEE_MAIL ", Bob <bob@example.net>\r\nMessage-ID: <q@example.org>\r\n"
                      "%s\r\nhello\r\n",
                      from, fields);
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, mail, strlen(mail));
  job->sender = g_strdup(sender);
  job->hop = g_strdup("p1:land");
  road_recipient(job, LEE_MAIL, LEE, "p1:land");
  GBytes *output = NULL;
  mapping_result_free(run(job, &output));
  return output;
}

static guint asked(GBytes *apdu)
{
  g_autoptr(asn1_value_t) content = content_of(apdu);
  const InformationObject_t *object = asn1_value_get(content);
  const struct RecipientSpecifiers *to = object->choice.ipm.heading.primary_recipients;
  ck_assert_int_ge(to->list.count, 1);
  return x400_bits_get(to->list.array[0]->notification_requests);
}

static const struct request {
  const char *sender, *fields, *from;
  enum mapping_receipt_requests setting;
  bool old;
  guint bits;
} requests[] = {
    {"ann@example.org", "Disposition-Notification-To: Ann <ann@EXAMPLE.org>\r\n", "ann@example.org", 0, false,
     3},
    {"ann@example.org", "Disposition-Notification-To: \"ann\"@example.org\r\n", "ann@example.org", 0, false,
     3},
    {"ann@example.org", "Disposition-Notification-To: other@example.org\r\n", "ann@example.org", 0, false, 0},
    {"ann@example.org", "Disposition-Notification-To: ANN@example.org\r\n", "ann@example.org", 0, false, 0},
    {"ann@example.org", "Disposition-Notification-To: ann@example.org, x@example.org\r\n", "ann@example.org",
     0, false, 0},
    {"list@example.org", "Disposition-Notification-To: ann@example.org\r\n", "ann@example.org", 0, false, 0},
    {"ann@example.org", "Disposition-Notification-To: ann@example.org\r\n", "boss@example.org", 0, false, 0},
    {"ann@example.org", "Disposition-Notification-To: ann@example.org\r\nSender: ann@example.org\r\n",
     "boss@example.org", 0, false, 3},
    {"list@example.org", "Disposition-Notification-To: ann@example.org\r\n", "ann@example.org",
     MAPPING_RECEIPTS_ANY, false, 3},
    {"", "Disposition-Notification-To: ann@example.org\r\n", "ann@example.org", MAPPING_RECEIPTS_ANY, false,
     0},
    {"ann@example.org", "Disposition-Notification-To: ann@example.org\r\n", "ann@example.org",
     MAPPING_RECEIPTS_NONE, false, 0},
    {"ann@example.org", "Return-Receipt-To: ann@example.org\r\n", "ann@example.org", 0, false, 0},
    {"ann@example.org", "Return-Receipt-To: ann@example.org\r\n", "ann@example.org", 0, true, 3},
    {"ann@example.org", "", "ann@example.org", 0, false, 0},
};

/* proves: N7> */
/* RFC 8098 2.1: a receipt is asked for when it would come to who sent the mail; else the field goes on as it
 * is. */
START_TEST(mail_asks_for_receipts)
{
  const struct request *row = &requests[_i];
  land()->receipt_requests = row->setting;
  land()->return_receipt_to = row->old;
  g_autoptr(GBytes) apdu = mail_to_land(row->sender, row->fields, row->from);
  ck_assert_msg(asked(apdu) == row->bits, "%s%s: %u", row->sender, row->fields, asked(apdu));
  g_autofree char *octets = g_malloc0(g_bytes_get_size(apdu) + 1);
  memcpy(octets, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
  const char *name = strstr(row->fields, "Return") ? "Return-Receipt-To" : "Disposition-Notification-To";
  bool kept = memmem(octets, g_bytes_get_size(apdu), name, strlen(name)) != NULL;
  ck_assert_msg(kept == (*row->fields && !row->bits), "%s", row->fields);
}
END_TEST

/* --- requests: X.400 to mail --- */

/* A message from lee to bob and carl, who are asked for what the bits say. */
static GBytes *asking(guint bob, guint carl)
{
  static const char mail[] = ASKS "\r\nhello\r\n";
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, mail, strlen(mail));
  job->sender = g_strdup(LEE_MAIL);
  job->hop = g_strdup("p1:land");
  road_recipient(job, "bob@example.net", NULL, "p1:land");
  road_recipient(job, "carl@example.net", NULL, "p1:land");
  g_autoptr(GBytes) made = NULL;
  mapping_result_free(run(job, &made));
  g_autoptr(asn1_value_t) content = content_of(made);
  struct RecipientSpecifiers *to =
      ((InformationObject_t *)asn1_value_get(content))->choice.ipm.heading.primary_recipients;
  const guint bits[] = {bob, carl};
  for (int i = 0; i < 2; i++) {
    to->list.array[i]->notification_requests = asn1_new_field(NotificationRequests_t);
    x400_bits_put(to->list.array[i]->notification_requests, bits[i], 3);
  }
  return with_content(made, content);
}

static struct mapping_result *read_apdu(GBytes *apdu)
{
  g_autoptr(mapping_job_t) job =
      road_job(MAPPING_READ, MAPPING_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
  job->peer = g_strdup("land");
  return run(job, NULL);
}

/* proves: N7< */
/* One mail for each group, and only that to who is asked asks (RFC 8098 2.1). */
START_TEST(x400_asks_for_receipts)
{
  g_autoptr(GBytes) apdu = asking(MAPPING_RECEIPT | MAPPING_NON_RECEIPT, 0);
  g_autoptr(mapping_result_t) read = read_apdu(apdu);
  ck_assert_uint_eq(read->recipients->len, 2);
  const struct mapping_recipient *bob = read->recipients->pdata[0], *carl = read->recipients->pdata[1];
  ck_assert_uint_eq(bob->receipts, MAPPING_RECEIPT | MAPPING_NON_RECEIPT);
  ck_assert_uint_eq(carl->receipts, 0);
  ck_assert_uint_ne(bob->apart, carl->apart);
  ck_assert_uint_eq(bob->number, 1);
  for (guint i = 0; i < 2; i++) {
    g_autoptr(mapping_job_t) job =
        road_job(MAPPING_WRITE, MAPPING_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
    const struct mapping_recipient *from = read->recipients->pdata[i];
    job->peer = g_strdup("land");
    job->hop = g_strdup(from->hop);
    struct mapping_recipient *to = road_recipient(job, from->address, from->mapped, from->hop);
    to->ordinal = i;
    to->receipts = from->receipts;
    g_autoptr(GBytes) output = NULL;
    g_autoptr(mapping_result_t) result = run(job, &output);
    ck_assert_str_eq(result->sender, LEE_MAIL);
    g_autoptr(mime_mail_t) mail = road_parse(context, output);
    const char *field = mime_part_field(mail->root, "Disposition-Notification-To");
    if (i == 0)
      ck_assert_str_eq(field, LEE_MAIL); /* the address of MAIL FROM: the answer comes back here */
    else
      ck_assert_ptr_null(field);
  }
  land()->receipt_requests = MAPPING_RECEIPTS_NONE;
  g_autoptr(mapping_result_t) none = read_apdu(apdu);
  ck_assert_uint_eq(((const struct mapping_recipient *)none->recipients->pdata[0])->receipts, 0);
}
END_TEST

/* --- answers: MDN to X.400 --- */

/* What the queue remembers of that message. */
static void remember(struct mapping_job *job, guint bob, guint carl)
{
  job->subject.known = true;
  job->subject.sender = g_strdup(LEE);
  job->subject.message_id = g_strdup("<asks-1@example.org>");
  const struct {
    const char *address, *mapped;
    guint bits;
  } rows[] = {{BOB, "bob@example.net", bob},
              {"/DD.RFC-822=carl(a)example.net/S=gateway/PRMD=sea/ADMD=x/C=de/", "carl@example.net", carl}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct mapping_recipient *recipient = mapping_recipient_new(i);
    recipient->address = g_strdup(rows[i].address);
    recipient->mapped = g_strdup(rows[i].mapped);
    recipient->receipts = rows[i].bits;
    g_ptr_array_add(job->subject.recipients, recipient);
  }
}

static struct mapping_job *answer(const char *mail)
{
  struct mapping_job *job = road_job(MAPPING_WRITE, MAPPING_MAIL, mail, strlen(mail));
  job->sender = g_strdup("");
  job->hop = g_strdup("p1:land");
  road_recipient(job, LEE_MAIL, LEE, "p1:land");
  return job;
}

/* RFC 8098 3 -> X.420 8. */
/* proves: N6> */
START_TEST(displayed_is_a_receipt)
{
  static const char mail[] =
      MDN("Final-Recipient: rfc822; bob@example.net\r\n", "manual-action/MDN-sent-automatically; displayed");
  g_autoptr(mapping_job_t) job = answer(mail);
  remember(job, 3, 0);
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = run(job, &output);
  ck_assert_ptr_nonnull(result);
  g_autoptr(asn1_value_t) value = decode(&asn_DEF_MTS_APDU, output), content = content_of(output);
  const MessageTransferEnvelope_t *envelope =
      &((const MTS_APDU_t *)asn1_value_get(value))->choice.message.envelope;
  const InformationObject_t *object = asn1_value_get(content);
  ck_assert_int_eq(object->present, InformationObject_PR_ipn);
  const IPN_t *ipn = &object->choice.ipn;
  g_autofree char *relative = x400_text(content, CHARSET_IA5, &ipn->subject_ipm.user_relative_identifier, 64);
  ck_assert_str_eq(relative, "asks-1(a)example.org");
  g_autoptr(or_address_t) from = or_address_from_asn1(content, ipn->ipn_originator->formal_name, NULL),
                          bob = or_address_parse(BOB, NULL),
                          sender = or_address_from_asn1(value, &envelope->originator_name, NULL);
  ck_assert(or_address_equal(from, bob));
  ck_assert(or_address_equal(sender, bob));
  ck_assert_ptr_null(ipn->ipm_intended_recipient);
  ck_assert_int_eq(ipn->choice.present, IPN__choice_PR_receipt_fields);
  const ReceiptFields_t *receipt = &ipn->choice.choice.receipt_fields;
  struct mail_time time;
  ck_assert(x400_time_get(&receipt->receipt_time, &time));
  ck_assert_int_eq(time.us, G_GINT64_CONSTANT(852282000) * G_USEC_PER_SEC); /* 3 Jan 1997 09:00 UTC */
  ck_assert_int_eq(*receipt->acknowledgment_mode, AcknowledgmentModeField_automatic);
  /* nobody hears of a notification on a notification */
  guint32 bits = x400_bits_get(&envelope->per_recipient_fields.list.array[0]->per_recipient_indicators);
  ck_assert_uint_eq(bits & 0x18, 0);
  ck_assert_uint_eq(x400_bits_get(envelope->per_message_indicators) & 8, 0);
}
END_TEST

START_TEST(deleted_and_dispatched_are_non_receipts)
{
  static const struct {
    const char *disposition;
    long reason;
  } rows[] = {{"automatic-action/MDN-sent-automatically; deleted", NonReceiptReasonField_ipm_discarded},
              {"manual-action/MDN-sent-manually; DISPATCHED", NonReceiptReasonField_ipm_auto_forwarded}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *mail =
        g_strdup_printf(MDN("Original-Recipient: rfc822; bob@example.net\r\nFinal-Recipient: rfc822; "
                            "robert@other.example\r\n",
                            "%s"),
                        rows[i].disposition);
    g_autoptr(mapping_job_t) job = answer(mail);
    remember(job, 3, 3);
    g_autoptr(GBytes) output = NULL;
    g_autoptr(mapping_result_t) result = run(job, &output);
    ck_assert_ptr_nonnull(result);
    g_autoptr(asn1_value_t) content = content_of(output);
    const InformationObject_t *object = asn1_value_get(content);
    ck_assert_int_eq(object->present, InformationObject_PR_ipn);
    const IPN_t *ipn = &object->choice.ipn;
    ck_assert_int_eq(ipn->choice.present, IPN__choice_PR_non_receipt_fields);
    ck_assert_int_eq(ipn->choice.choice.non_receipt_fields.non_receipt_reason, rows[i].reason);
    g_autoptr(or_address_t) meant =
        or_address_from_asn1(content, ipn->ipm_intended_recipient->formal_name, NULL),
                            bob = or_address_parse(BOB, NULL);
    ck_assert(or_address_equal(meant, bob)); /* whom the originator knows; the other one read it */
  }
}
END_TEST

/* Whatever is not certainly an answer goes to the user as the mail that it is. */
static const struct odd {
  const char *recipients, *disposition;
  guint bob, carl;
  bool unknown;
  const char *sender;
} odds[] = {
    {"Final-Recipient: rfc822; bob@example.net\r\n", "manual-action/MDN-sent-manually; displayed", 3, 0, true,
     LEE},
    {"Final-Recipient: rfc822; bob@example.net\r\n", "manual-action/MDN-sent-manually; displayed", 2, 0,
     false, LEE},
    {"Final-Recipient: rfc822; bob@example.net\r\n", "manual-action/MDN-sent-manually; displayed", 0, 0,
     false, LEE},
    {"Final-Recipient: rfc822; x@example.net\r\n", "manual-action/MDN-sent-manually; displayed", 3, 3, false,
     LEE},
    {"Final-Recipient: rfc822; bob@example.net\r\n", "manual-action/MDN-sent-manually; displayed", 3, 3,
     false, "/S=other/PRMD=land/ADMD=x/C=de/"},
    {"Final-Recipient: rfc822; bob@example.net\r\n", "manual-action/MDN-sent-manually; displayed/error", 3, 3,
     false, LEE},
    {"Final-Recipient: rfc822; bob@example.net\r\n", "automatic-action/MDN-sent-automatically; processed", 3,
     3, false, LEE},
    {"Final-Recipient: rfc822; bob@example.net\r\n", "manual-action/MDN-sent-manually; denied", 3, 3, false,
     LEE},
    {"", "manual-action/MDN-sent-manually; displayed", 3, 3, false, LEE},
    {"Final-Recipient: rfc822; bob@example.net\r\n", "", 3, 3, false, LEE},
};

START_TEST(odd_ones_stay_messages)
{
  const struct odd *row = &odds[_i];
  g_autofree char *with = g_strdup_printf(MDN("%s", "%s"), row->recipients, row->disposition);
  g_autoptr(mapping_job_t) job = answer(with);
  remember(job, row->bob, row->carl);
  job->subject.known = !row->unknown;
  g_free(job->subject.sender);
  job->subject.sender = g_strdup(row->sender);
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = run(job, &output);
  ck_assert_ptr_nonnull(result);
  g_autoptr(asn1_value_t) content = content_of(output);
  ck_assert_int_eq(((const InformationObject_t *)asn1_value_get(content))->present, InformationObject_PR_ipm);
}
END_TEST

/* The reading job names the subject by the identifier under which it was read, also one that X.400 cut. */
START_TEST(subject_is_named)
{
  static const char mail[] =
      MDN("Final-Recipient: rfc822; bob@example.net\r\n", "manual-action/MDN-sent-manually; displayed");
  g_autoptr(mapping_job_t) job = road_job(MAPPING_READ, MAPPING_MAIL, mail, strlen(mail));
  job->sender = g_strdup("");
  road_recipient(job, LEE_MAIL, NULL, NULL);
  g_autoptr(mapping_result_t) read = run(job, NULL);
  ck_assert_int_eq(read->content, MAPPING_CONTENT_NOTIFICATION);
  g_autoptr(GBytes) apdu = asking(3, 3);
  g_autoptr(mapping_result_t) subject = read_apdu(apdu);
  const char *wanted = NULL, *given = NULL;
  for (guint i = 0; i < read->identifiers->len; i++) {
    const struct mapping_identifier *identifier = read->identifiers->pdata[i];
    wanted = strcmp(identifier->kind, "subject-message-id") ? wanted : identifier->value;
  }
  for (guint i = 0; i < subject->identifiers->len; i++) {
    const struct mapping_identifier *identifier = subject->identifiers->pdata[i];
    given = strcmp(identifier->kind, "message-id") ? given : identifier->value;
  }
  ck_assert_str_eq(wanted, given);
}
END_TEST

/* --- IPN to mail --- */

static char *ia5(struct OCTET_STRING **field, const char *text)
{
  *field = asn1_new_string(text);
  return (char *)(*field)->buf;
}

/* A notification from lee on ann's mail, filled by the caller. */
static struct asn1_value *notification(IPN_t **ipn_r)
{
  struct asn1_value *value = asn1_value_new(&asn_DEF_InformationObject);
  InformationObject_t *object = asn1_value_get(value);
  object->present = InformationObject_PR_ipn;
  IPN_t *ipn = *ipn_r = &object->choice.ipn;
  asn1_put_string(&ipn->subject_ipm.user_relative_identifier, "q(a)example.org");
  g_autoptr(or_address_t) lee = or_address_parse(LEE, NULL);
  ipn->ipn_originator = asn1_new_field(struct ORDescriptor);
  ipn->ipn_originator->formal_name = asn1_new_field(struct ORName);
  or_address_to_asn1(lee, value, ipn->ipn_originator->formal_name);
  return value;
}

static GBytes *carrier;

static GBytes *notification_apdu(const struct asn1_value *value)
{
  if (!carrier)
    carrier = asking(0, 0);
  return with_content(carrier, value);
}

static struct mapping_job *to_mail(GBytes *apdu)
{
  struct mapping_job *job =
      road_job(MAPPING_WRITE, MAPPING_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu));
  job->peer = g_strdup("land");
  job->hop = g_strdup("smtp:example.org");
  road_recipient(job, BOB, "ann@example.org", "smtp:example.org");
  return job;
}

/* proves: N1 N6< */
START_TEST(receipt_becomes_an_mdn)
{
  IPN_t *ipn;
  g_autoptr(asn1_value_t) value = notification(&ipn);
  ipn->choice.present = IPN__choice_PR_receipt_fields;
  ReceiptFields_t *receipt = &ipn->choice.choice.receipt_fields;
  const struct mail_time time = {G_GINT64_CONSTANT(852282000) * G_USEC_PER_SEC, 0};
  x400_time_put(&time, &receipt->receipt_time);
  ia5((struct OCTET_STRING **)&receipt->suppl_receipt_info, "read on paper");
  g_autoptr(GBytes) apdu = notification_apdu(value);
  g_autoptr(mapping_job_t) job = to_mail(apdu);
  job->subject.known = true;
  job->subject.message_id = g_strdup("<q@example.org>");
  struct mapping_recipient *lee = mapping_recipient_new(0);
  lee->address = g_strdup("lee@land.example");
  lee->mapped = g_strdup(LEE);
  lee->orcpt = g_strdup("rfc822;Lee@Land.Example");
  g_ptr_array_add(job->subject.recipients, lee);
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = run(job, &output);
  ck_assert_str_eq(result->sender, ""); /* RFC 8098 3 */
  ck_assert_uint_eq(((const struct mapping_recipient *)result->recipients->pdata[0])->notify,
                    MAPPING_NOTIFY_NEVER);
  g_autoptr(mime_mail_t) mail = road_parse(context, output);
  ck_assert_str_eq(mail->root->type->value, "multipart/report");
  ck_assert_str_eq(mime_params_get(mail->root->type, "report-type"), "disposition-notification");
  ck_assert_str_eq(mime_part_field(mail->root, "Subject"), "X.400 Inter-Personal Notification");
  ck_assert_str_eq(mime_part_field(mail->root, "Message-Type"), "InterPersonal Notification");
  ck_assert_str_eq(mime_part_field(mail->root, "References"), "<q@example.org>");
  ck_assert_ptr_null(mime_part_field(mail->root, "Disposition-Notification-To"));
  g_autofree char *text = text_of(output);
  static const char *const wanted[] = {"MDN-Gateway: dns; sea.example",
                                       "Original-Recipient: rfc822;Lee@Land.Example",
                                       "Final-Recipient: rfc822; " LEE_MAIL,
                                       "Original-Message-ID: <q@example.org>",
                                       "Disposition: manual-action/MDN-sent-manually; displayed",
                                       "X400-Suppl-Receipt-Info: read on paper",
                                       "was received at",
                                       "read on paper"};
  check_has(text, wanted, G_N_ELEMENTS(wanted));
}
END_TEST

/* proves: N2 N3 */
START_TEST(text_form_by_configuration)
{
  land()->notification_text = true;
  IPN_t *ipn;
  g_autoptr(asn1_value_t) value = notification(&ipn);
  ipn->choice.present = IPN__choice_PR_non_receipt_fields;
  NonReceiptFields_t *fields = &ipn->choice.choice.non_receipt_fields;
  fields->non_receipt_reason = NonReceiptReasonField_ipm_auto_forwarded;
  ia5((struct OCTET_STRING **)&fields->auto_forward_comment, "Sent on to a random destination");
  g_autoptr(GBytes) apdu = notification_apdu(value);
  g_autoptr(mapping_job_t) job = to_mail(apdu);
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = run(job, &output);
  ck_assert_ptr_nonnull(result);
  g_autoptr(mime_mail_t) mail = road_parse(context, output);
  ck_assert_str_eq(mail->root->type->value, "text/plain");
  ck_assert_str_eq(mime_part_field(mail->root, "Subject"), "X.400 Inter-Personal Notification (failure)");
  g_autofree char *text = text_of(output);
  static const char *const wanted[] = {"Your message to: ", "was automatically forwarded.",
                                       "The following comment was made:", "Sent on to a random destination",
                                       "The Original Message is not available"};
  check_has(text, wanted, G_N_ELEMENTS(wanted));
}
END_TEST

/* --- IPN -> MDN -> IPN --- */

enum { SHARDS = 10, DISCARDS = 4, SEEN = 4 + DISCARDS + 4 };
static const char *const seen_names[SEEN] = {
    "receipt, manual",      "receipt, automatic",   "suppl-receipt-info",      "auto-forwarded",
    "discarded, expired",   "discarded, obsoleted", "discarded, subscription", "discarded, deleted",
    "auto-forward-comment", "conversion-eits",      "intended recipient",      "zone"};

static char *random_printable(GRand *random, gsize most)
{
  static const char set[] = "abcXYZ 0123'()+,-./:=?";
  gsize length = (gsize)g_rand_int_range(random, 1, (gint32)most);
  char *text = g_malloc0(length + 2);
  for (gsize i = 0; i < length; i++)
    text[i] = set[g_rand_int_range(random, 0, sizeof set - 1)];
  text[0] = 'x';
  text[length - 1] = 'y'; /* space at an end is not the field's */
  for (gsize i = 1; i < length; i++)
    if (text[i] == ' ' && text[i - 1] == ' ')
      text[i] = '-'; /* nor is its folding */
  return text;
}

static struct asn1_value *random_notification(GRand *random, guint *seen)
{
  IPN_t *ipn;
  struct asn1_value *value = notification(&ipn);
  if (g_rand_boolean(random)) {
    seen[10]++;
    g_autoptr(or_address_t) meant = or_address_parse("/S=first/PRMD=land/ADMD=x/C=de/", NULL);
    ipn->ipm_intended_recipient = asn1_new_field(struct ORDescriptor);
    ipn->ipm_intended_recipient->formal_name = asn1_new_field(struct ORName);
    or_address_to_asn1(meant, value, ipn->ipm_intended_recipient->formal_name);
  }
  if (g_rand_boolean(random)) {
    seen[9]++;
    g_autoptr(eit_set_t) types = eit_new();
    eit_add_built_in(types, (guint)g_rand_int_range(random, 0, 10));
    ipn->conversion_eits = eit_to_asn1(types);
  }
  if (g_rand_boolean(random)) {
    ipn->choice.present = IPN__choice_PR_receipt_fields;
    ReceiptFields_t *receipt = &ipn->choice.choice.receipt_fields;
    bool zone = g_rand_boolean(random), automatic = g_rand_boolean(random);
    const struct mail_time time = {(gint64)g_rand_int_range(random, 400000000, 2000000000) * G_USEC_PER_SEC,
                                   zone ? 60 : 0};
    seen[11] += zone;
    seen[automatic]++;
    x400_time_put(&time, &receipt->receipt_time);
    if (automatic)
      receipt->acknowledgment_mode = x400_long(AcknowledgmentModeField_automatic);
    if (g_rand_boolean(random)) {
      seen[2]++;
      g_autofree char *text = random_printable(random, 200);
      ia5((struct OCTET_STRING **)&receipt->suppl_receipt_info, text);
    }
    return value;
  }
  ipn->choice.present = IPN__choice_PR_non_receipt_fields;
  NonReceiptFields_t *fields = &ipn->choice.choice.non_receipt_fields;
  if (g_rand_boolean(random)) {
    seen[3]++;
    fields->non_receipt_reason = NonReceiptReasonField_ipm_auto_forwarded;
    if (g_rand_boolean(random)) {
      seen[8]++;
      g_autofree char *text = random_printable(random, 200);
      ia5((struct OCTET_STRING **)&fields->auto_forward_comment, text);
    }
  } else {
    long reason = g_rand_int_range(random, 0, DISCARDS);
    seen[4 + reason]++;
    fields->non_receipt_reason = NonReceiptReasonField_ipm_discarded;
    fields->discard_reason = x400_long(reason);
  }
  return value;
}

/* The whole content comes back octet for octet: nothing of it is lost in RFC 8098's form. */
START_TEST(notifications_come_back)
{
  const char *count = g_getenv("GW400_CASES");
  guint cases = count ? (guint)atoi(count) : 100000 / SHARDS, seen[SEEN] = {0};
  g_autoptr(GRand) random = g_rand_new_with_seed(420 + (guint32)_i);
  for (guint i = 0; i < cases; i++) {
    g_autoptr(asn1_value_t) value = random_notification(random, seen);
    g_autoptr(GBytes) apdu = notification_apdu(value), mdn = NULL, back = NULL;
    g_autoptr(mapping_job_t) out = to_mail(apdu);
    g_autoptr(mapping_result_t) first = run(out, &mdn);
    ck_assert_ptr_nonnull(first);
    g_autoptr(mapping_job_t) in =
        road_job(MAPPING_WRITE, MAPPING_MAIL, g_bytes_get_data(mdn, NULL), g_bytes_get_size(mdn));
    in->sender = g_strdup("");
    in->hop = g_strdup("p1:land");
    road_recipient(in, LEE_MAIL, LEE, "p1:land");
    bool redirected = ((const InformationObject_t *)asn1_value_get(value))->choice.ipn.ipm_intended_recipient;
    remember(in, 3, 0);
    struct mapping_recipient *bob = in->subject.recipients->pdata[0];
    g_free(bob->address);
    g_free(bob->mapped);
    bob->address = g_strdup(redirected ? "/S=first/PRMD=land/ADMD=x/C=de/" : LEE);
    bob->mapped =
        g_strdup(redirected ? "\"/S=first/PRMD=land/ADMD=x/C=de/\"@sea.example" : LEE_MAIL); /* quoted */
    g_autoptr(mapping_result_t) second = run(in, &back);
    ck_assert_ptr_nonnull(second);
    g_autoptr(asn1_value_t) again = content_of(back);
    g_autoptr(GBytes) wanted = asn1_encode_bytes(value, NULL), got = asn1_encode_bytes(again, NULL);
    if (!g_bytes_equal(wanted, got)) {
      g_autofree char *text = text_of(mdn);
      ck_abort_msg("case %u: %s", i, text);
    }
  }
  for (guint i = 0; i < SEEN; i++) {
    printf("IPN %-24s %u\n", seen_names[i], seen[i]);
    ck_assert_msg(seen[i] > 0 || cases < 1000, "%s", seen_names[i]);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/notification");
  TCase *tests = tcase_create("notification");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_set_timeout(tests, 900);
  tcase_add_loop_test(tests, mail_asks_for_receipts, 0, G_N_ELEMENTS(requests));
  tcase_add_test(tests, x400_asks_for_receipts);
  tcase_add_test(tests, displayed_is_a_receipt);
  tcase_add_test(tests, deleted_and_dispatched_are_non_receipts);
  tcase_add_loop_test(tests, odd_ones_stay_messages, 0, G_N_ELEMENTS(odds));
  tcase_add_test(tests, subject_is_named);
  tcase_add_test(tests, receipt_becomes_an_mdn);
  tcase_add_test(tests, text_form_by_configuration);
  tcase_add_loop_test(tests, notifications_come_back, 0, SHARDS);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
