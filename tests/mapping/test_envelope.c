/* Envelopes both ways, READ and transit: RFC 2156 5.1.5, 5.1.6, 5.3.6, 5.3.7, appendix A. */
#include "lib/road.h"
#include "mapping/envelope.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <ContentCorrelator.h>
#include <DLExpansion.h>
#include <DLExpansionHistory.h>
#include <ExtensionField.h>
#include <MTS-APDU.h>
#include <NULL.h>
#include <PerRecipientMessageTransferFields.h>

#define LAND "/S=lee/PRMD=land/ADMD=x/C=de/"
#define RECIPIENT "\"" LAND "\"@sea.example"
#define MAIL                                                                                                 \
  "From: ann@example.org\r\nTo: bob@example.org\r\nSubject: A rather long subject\r\nMessage-ID: "           \
  "<m@example.org>\r\n"                                                                                      \
  "Date: Thu, 2 Jan 1997 14:46:03 +0100\r\n"

static struct mapping_context *context;

static void setup(void)
{
  context = road_context("sea.example", NULL, NULL, NULL);
}

static void teardown(void)
{
  mapping_context_free(context);
}

static GBytes *encode(const struct asn1_value *value)
{
  g_autoptr(GError) error = NULL;
  GBytes *bytes = asn1_encode_bytes(value, &error);
  ck_assert_msg(bytes != NULL, "%s", error ? error->message : "");
  return bytes;
}

static struct asn1_value *decode(GBytes *apdu)
{
  struct asn1_value *value =
      asn1_decode_mem(&asn_DEF_MTS_APDU, g_bytes_get_data(apdu, NULL), g_bytes_get_size(apdu), NULL, NULL);
  ck_assert_ptr_nonnull(value);
  return value;
}

static MessageTransferEnvelope_t *envelope_of(const struct asn1_value *value)
{
  return &((MTS_APDU_t *)asn1_value_get(value))->choice.message.envelope;
}

static struct mapping_job *write_job(const char *fields)
{
  g_autofree char *mail = g_strconcat(MAIL, fields, "\r\nbody\r\n", NULL);
  struct mapping_job *job = road_job(MAPPING_WRITE, MAPPING_MAIL, mail, strlen(mail));
  job->sender = g_strdup("ann@example.org");
  job->hop = g_strdup("p1:land");
  return job;
}

static struct asn1_value *run_write(struct mapping_job *job)
{
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  return decode(output);
}

/* A message APDU for LAND recipients with the given numbers, all ours to answer for. */
static struct asn1_value *message(const long *numbers, guint count)
{
  g_autoptr(mapping_job_t) job = write_job("");
  for (guint i = 0; i < count; i++)
    road_recipient(job, RECIPIENT, NULL, "p1:land");
  struct asn1_value *value = run_write(job);
  for (guint i = 0; i < count; i++)
    envelope_of(value)->per_recipient_fields.list.array[i]->originally_specified_recipient_number =
        numbers[i];
  return value;
}

static struct mapping_result *run_read(const struct asn1_value *value, const char *peer)
{
  g_autoptr(GBytes) bytes = encode(value);
  g_autoptr(mapping_job_t) job =
      road_job(MAPPING_READ, MAPPING_APDU, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  job->peer = g_strdup(peer);
  struct mapping_result *result = road_run(context, job, NULL);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  return result;
}

/* --- mail to P1 --- */

START_TEST(envelope_has_the_defaults_of_the_rfc)
{
  g_autoptr(mapping_job_t) job = write_job("");
  road_recipient(job, RECIPIENT, NULL, "p1:land");
  g_autoptr(asn1_value_t) value = run_write(job);
  const MessageTransferEnvelope_t *envelope = envelope_of(value);
  guint32 bits = x400_bits_get(envelope->per_message_indicators);
  ck_assert_uint_eq(bits,
                    1u << 2 | 1u << 3); /* alternate recipient allowed, content returned; nothing disclosed */
  ck_assert_ptr_null(envelope->priority);
  ck_assert_int_eq(envelope->content_type.choice.built_in, 2); /* nothing of 1988 is used */
  ck_assert_int_eq(envelope->content_identifier->size, 16);
  ck_assert_int_eq(memcmp(envelope->content_identifier->buf, "A rather long...", 16), 0);
  g_autofree char *identifier = x400_identifier_text(&envelope->message_identifier);
  ck_assert_str_eq(identifier,
                   "[/PRMD=sea/ADMD=x/C=de/;0000028t5cy4g]"); /* the queue's, never a Message-ID's */
  g_autoptr(eit_set_t) types = eit_from_asn1(envelope->original_encoded_information_types);
  ck_assert(eit_has(types, oid_dotted(OID_EIT_MIXER)));
  g_autoptr(asn1_value_t) correlator =
      x400_extension_value(value, x400_extension(envelope->extensions, StandardExtension_content_correlator),
                           &asn_DEF_ContentCorrelator);
  const ContentCorrelator_t *text = asn1_value_get(correlator);
  g_autofree char *words =
      g_strndup((const char *)text->choice.ia5text.buf, (gsize)text->choice.ia5text.size);
  ck_assert_str_eq(words, "Subject: A rather long subject\r\nMessage-ID: <m@example.org>\r\n"
                          "Date: Thu, 2 Jan 1997 14:46:03 +0100\r\nTo: bob@example.org");
}
END_TEST

START_TEST(extensions_make_it_1988)
{
  g_autoptr(mapping_job_t) job = write_job("X-Mailer: x\r\n");
  road_recipient(job, RECIPIENT, NULL, "p1:land");
  g_autoptr(asn1_value_t) value = run_write(job);
  ck_assert_int_eq(envelope_of(value)->content_type.choice.built_in, 22);
}
END_TEST

/* proves: R7<> */
START_TEST(notify_and_report_requests_are_one)
{
  static const struct {
    guint notify;
    guint32 bits;
    guint back; /* what SMTP is told on the other side */
  } rows[] = {{MAPPING_NOTIFY_DEFAULT, 0x15, MAPPING_NOTIFY_FAILURE},
              {MAPPING_NOTIFY_NEVER, 0x05, MAPPING_NOTIFY_NEVER}, /* one bit of the MTA always */
              {MAPPING_NOTIFY_SUCCESS, 0x0B, MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_FAILURE},
              {MAPPING_NOTIFY_FAILURE, 0x15, MAPPING_NOTIFY_FAILURE},
              {MAPPING_NOTIFY_DELAY, 0x15, MAPPING_NOTIFY_FAILURE},
              {MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_FAILURE, 0x0B,
               MAPPING_NOTIFY_SUCCESS | MAPPING_NOTIFY_FAILURE}};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(mapping_job_t) job = write_job("");
    road_recipient(job, RECIPIENT, NULL, "p1:land")->notify = rows[i].notify;
    g_autoptr(asn1_value_t) value = run_write(job);
    const struct PerRecipientMessageTransferFields *fields =
        envelope_of(value)->per_recipient_fields.list.array[0];
    ck_assert_uint_eq(x400_bits_get(&fields->per_recipient_indicators), rows[i].bits);
    ck_assert_uint_eq(envelope_notify(fields), rows[i].back);
  }
}
END_TEST

/* proves: R7<> */
START_TEST(smtp_parameters_cross)
{
  g_autoptr(mapping_job_t) job = write_job("");
  job->envid = g_strdup("QQ314159");
  job->ret = MAPPING_RET_HDRS;
  road_recipient(job, RECIPIENT, NULL, "p1:land")->orcpt = g_strdup("rfc822;first@example.org");
  g_autoptr(asn1_value_t) value = run_write(job);
  const MessageTransferEnvelope_t *envelope = envelope_of(value);
  ck_assert_uint_eq(x400_bits_get(envelope->per_message_indicators) & 1u << 3, 0);
  g_autoptr(asn1_value_t) correlator =
      x400_extension_value(value, x400_extension(envelope->extensions, StandardExtension_content_correlator),
                           &asn_DEF_ContentCorrelator);
  const ContentCorrelator_t *text = asn1_value_get(correlator);
  ck_assert_int_eq(memcmp(text->choice.ia5text.buf, "SMTP/NOTARY ENVID: QQ314159", 27), 0);
  g_autofree char *orcpt = envelope_orcpt(value, envelope->per_recipient_fields.list.array[0]);
  ck_assert_msg(g_str_has_prefix(orcpt, "x400;/RFC-822=first(a)example.org/"), "%s", orcpt);

  g_autoptr(GBytes) bytes = encode(value);
  g_autoptr(mapping_job_t) back =
      road_job(MAPPING_WRITE, MAPPING_APDU, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  back->peer = g_strdup("land");
  back->hop = g_strdup("smtp:example.org");
  road_recipient(back, LAND, "bob@example.org", "smtp:example.org");
  g_autoptr(mapping_result_t) result = road_run(context, back, NULL);
  ck_assert_str_eq(result->envid, "X400-MTS-Identifier: [/PRMD=sea/ADMD=x/C=de/;0000028t5cy4g]");
  ck_assert_int_eq(result->ret, MAPPING_RET_HDRS);
  ck_assert_str_eq(result->sender, "ann@example.org");
  const struct mapping_recipient *recipient = result->recipients->pdata[0];
  ck_assert_str_eq(recipient->orcpt, orcpt);
  ck_assert_str_eq(recipient->mapped, "bob@example.org");
}
END_TEST

/* Fields of the envelope come back through both gateways (5.1.7). */
static const char *const fields[] = {
    "Priority: urgent",
    "Priority: non-urgent",
    "Conversion: Prohibited",
    "Conversion-With-Loss: Prohibited",
    "Deferred-Delivery: Thu, 2 Jan 1997 14:46:03 +0100",
    "Latest-Delivery-Time: Thu, 2 Jan 1997 14:46:03 +0100",
    "X400-Content-Identifier: Given one",
    "Content-Identifier: Given one",
    "Original-Encoded-Information-Types: Telex, G3-Fax",
    "Originator-Return-Address: back@example.org",
    "DL-Expansion-History: list@example.org; Thu, 2 Jan 1997 14:46:03 +0100;"};

/* proves: M1 */
START_TEST(envelope_fields_come_back)
{
  g_autofree char *text = g_strconcat(MAIL, fields[_i], "\r\n\r\nbody\r\n", NULL);
  g_autoptr(GBytes) mail = g_bytes_new(text, strlen(text));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  g_auto(GStrv) halves = g_strsplit(fields[_i], ": ", 2);
  bool old = !strcmp(halves[0], "Content-Identifier"); /* RFC 1327's name is read, never written */
  g_autofree char *body = road_field(context, parsed->root, old ? "X400-Content-Identifier" : halves[0]);
  /* The types of what the gateway made stand beside those that were given (5.1.5). */
  if (g_str_has_prefix(halves[0], "Original-"))
    ck_assert_str_eq(body, "Telex, IA5-Text, G3-Fax, (1)(3)(6)(1)(7)(1)(3)(5)");
  else
    ck_assert_str_eq(body, halves[1]);
}
END_TEST

/* Appendix C: fields that override the defaults of 5.1.5; what SMTP itself asked counts more. */
static const struct {
  const char *field;
  guint ret, notify, bits;
  guint32 indicators;
} overrides[] = {
    {"Alternate-Recipient: Prohibited", 0, 0, 1u << 3, 0x14},
    {"Alternate-Recipient: Allowed", 0, 0, 1u << 2 | 1u << 3, 0x14},
    {"Disclose-Recipients: Allowed", 0, 0, 1u << 0 | 1u << 2 | 1u << 3, 0x14},
    {"Disclose-Recipients: Prohibited", 0, 0, 1u << 2 | 1u << 3, 0x14},
    {"X400-Content-Return: Prohibited", 0, 0, 1u << 2, 0x14},
    {"X400-Content-Return: Prohibited", MAPPING_RET_FULL, 0, 1u << 2 | 1u << 3, 0x14},
    {"Prevent-NonDelivery-Report:", 0, 0, 1u << 2 | 1u << 3, 0x04},
    {"Prevent-NonDelivery-Report:", 0, MAPPING_NOTIFY_FAILURE, 1u << 2 | 1u << 3, 0x14},
    {"Generate-Delivery-Report:", 0, 0, 1u << 2 | 1u << 3, 0x0A},
};

/* proves: C:Prevent-NonDelivery-Report C:Generate-Delivery-Report C:Alternate-Recipient C:Disclose-Recipients
 * C:X400-Content-Return */
START_TEST(fields_of_appendix_c_override_defaults)
{
  g_autofree char *line = g_strconcat(overrides[_i].field, "\r\n", NULL);
  g_autoptr(mapping_job_t) job = write_job(line);
  job->ret = overrides[_i].ret;
  road_recipient(job, RECIPIENT, NULL, "p1:land")->notify = overrides[_i].notify;
  g_autoptr(asn1_value_t) value = run_write(job);
  const MessageTransferEnvelope_t *envelope = envelope_of(value);
  ck_assert_uint_eq(x400_bits_get(envelope->per_message_indicators), overrides[_i].bits);
  ck_assert_uint_eq(x400_bits_get(&envelope->per_recipient_fields.list.array[0]->per_recipient_indicators),
                    overrides[_i].indicators | 1);
  ck_assert_int_eq(envelope->content_type.choice.built_in, 2); /* not carried besides */
}
END_TEST

START_TEST(several_list_expansions_keep_their_order)
{
  static const char text[] =
      MAIL "DL-Expansion-History: newest@example.org; Thu, 2 Jan 1997 14:46:05 +0100;\r\n"
           "DL-Expansion-History: oldest@example.org; Thu, 2 Jan 1997 14:46:03 +0100;\r\n\r\nx\r\n";
  g_autoptr(GBytes) mail = g_bytes_new_static(text, strlen(text));
  g_autoptr(GBytes) apdu = road_to_x400(context, "ann@example.org", RECIPIENT, mail, NULL);
  g_autoptr(asn1_value_t) value = decode(apdu);
  g_autoptr(asn1_value_t) list = x400_extension_value(
      value, x400_extension(envelope_of(value)->extensions, StandardExtension_dl_expansion_history),
      &asn_DEF_DLExpansionHistory);
  const DLExpansionHistory_t *history = asn1_value_get(list);
  ck_assert_int_eq(history->list.count, 2);
  g_autofree char *first = job_or_text(list, &history->list.array[0]->dl);
  ck_assert_ptr_nonnull(strstr(first, "oldest"));
  g_autoptr(GBytes) back = road_to_mail(context, "bob@example.org", apdu, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, back);
  road_check_field(context, parsed->root, "DL-Expansion-History",
                   "newest@example.org; Thu, 2 Jan 1997 14:46:05 +0100;, oldest@example.org; Thu, 2 Jan 1997 "
                   "14:46:03 +0100;");
}
END_TEST

/* 4.6.2.2: nobody learns of the others unless disclosure is allowed. */
START_TEST(recipients_are_disclosed_only_when_allowed)
{
  const long numbers[] = {1, 2};
  for (guint disclosed = 0; disclosed < 2; disclosed++) {
    g_autoptr(asn1_value_t) value = message(numbers, 2);
    x400_bits_put(envelope_of(value)->per_message_indicators, disclosed, 8);
    g_autoptr(GBytes) bytes = encode(value);
    g_autoptr(mapping_job_t) job =
        road_job(MAPPING_WRITE, MAPPING_APDU, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    job->hop = g_strdup("smtp:example.org");
    road_recipient(job, LAND, "a@example.org", "smtp:example.org");
    job->recipients_total = 2;
    g_autoptr(GBytes) output = NULL;
    g_autoptr(mapping_result_t) result = road_run(context, job, &output);
    ck_assert_ptr_nonnull(result);
    g_autoptr(mime_mail_t) parsed = road_parse(context, output);
    ck_assert_int_eq(mime_part_field(parsed->root, "X400-Recipients") != NULL, disclosed);
  }
}
END_TEST

/* 4.6.2.2: what mail has no service for stands beside the recipient, its defaults do not. */
static const struct {
  long extension;
  const char *ber, *comment; /* hexadecimal */
} asked[] = {
    {6, "3009020102020103020100", "Requested Delivery Method: physical, telex, any"},
    {6, "3003020100", NULL},
    {7, "0a0101", "Physical Forwarding Prohibited"},
    {7, "0a0100", NULL},
    {8, "0a0101", "Physical Forwarding Address Requested"},
    {8, "0a0100", NULL},
    {9, "03020560", "Physical Delivery Modes: special delivery, express mail"},
    {9, "03020780", NULL},
    {10, "020101", "Registered Mail"},
    {10, "020102", "Registered Mail to Addressee in Person"},
    {10, "020100", NULL},
    {11, "14062b3439203430", "Recipient Number for Advice: +49 40"},
    {12, "06032a0304", "Physical Rendition Attributes: 1.2.3.4"},
    {12, "060456030500", NULL},
    {14, "020101", "Physical Delivery Report Requested"},
    {14, "020100", NULL},
    {22, "0a0101", "Proof of Delivery Requested"},
    {22, "0a0100", NULL},
};

/* proves: X:physical X:requested-delivery-method X:proof-of-delivery-request X:this-other-recipient-names */
START_TEST(what_was_asked_for_a_recipient_is_told)
{
  const long numbers[] = {1};
  g_autoptr(asn1_value_t) value = message(numbers, 1);
  struct Extensions **extensions = &envelope_of(value)->per_recipient_fields.list.array[0]->extensions;
  NULL_t nothing = 0;
  x400_extension_add(value, extensions, asked[_i].extension, 1u << 2, &asn_DEF_NULL, &nothing);
  struct ExtensionField *field = x400_extension(*extensions, asked[_i].extension);
  guint8 octets[32];
  gsize length = strlen(asked[_i].ber) / 2;
  for (gsize i = 0; i < length; i++)
    octets[i] = (guint8)(g_ascii_xdigit_value(asked[_i].ber[2 * i]) << 4 |
                         g_ascii_xdigit_value(asked[_i].ber[2 * i + 1]));
  g_autoptr(octets_t) any = octets_new(octets, length);
  asn1_put_octets(value, (struct OCTET_STRING *)field->value, any);
  /* One whom proof of delivery is asked for critically cannot be served (5.3.6). */
  g_autofree char *refused = envelope_critical(*extensions, false);
  ck_assert_int_eq(refused != NULL, asked[_i].extension == 22);
  g_autoptr(GBytes) bytes = encode(value);
  g_autoptr(GBytes) mail = road_to_mail(context, "a@example.org", bytes, NULL);
  g_autoptr(mime_mail_t) parsed = road_parse(context, mail);
  g_autofree char *wanted = g_strdup_printf(LAND "@sea.example%s%s%s", asked[_i].comment ? " (" : "",
                                            asked[_i].comment ? asked[_i].comment : "",
                                            asked[_i].comment ? ")" : "");
  road_check_field(context, parsed->root, "X400-Recipients", wanted);
  road_check_field(context, parsed->root, "Discarded-X400-MTS-Extensions", NULL);
}
END_TEST

/* --- READ --- */

/* Only those with the responsibility bit are ours; members of an expanded list share a number. */
START_TEST(responsible_recipients_are_read)
{
  const long numbers[] = {7, 7, 9};
  g_autoptr(asn1_value_t) value = message(numbers, 3);
  x400_bits_put(&envelope_of(value)->per_recipient_fields.list.array[1]->per_recipient_indicators, 0x14, 8);
  g_autoptr(mapping_result_t) result = run_read(value, "land");
  ck_assert_uint_eq(result->recipients->len, 2);
  const struct mapping_recipient *first = result->recipients->pdata[0],
                                 *second = result->recipients->pdata[1];
  ck_assert_uint_eq(first->ordinal, 0);
  ck_assert_uint_eq(second->ordinal, 2);
  ck_assert(!first->failed && !second->failed);
}
END_TEST

/* 1.5.3: mail is made of interpersonal messages alone. */
/* proves: X:other-content */
START_TEST(other_contents_are_refused)
{
  static const struct {
    long number;
    bool refused;
  } types[] = {{2, false}, {22, false}, {0, true}, {1, true}, {36, true}};
  const long numbers[] = {1};
  for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
    g_autoptr(asn1_value_t) value = message(numbers, 1);
    envelope_of(value)->content_type.choice.built_in = types[i].number;
    g_autoptr(or_address_t) address = or_address_parse("/RFC-822=bob(a)example.org/PRMD=sea/ADMD=x/C=de/", NULL);
    ORName_t *name = &envelope_of(value)->per_recipient_fields.list.array[0]->recipient_name;
    ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_ORName, name);
    memset(name, 0, sizeof *name);
    or_address_to_asn1(address, value, name);
    g_autoptr(mapping_result_t) result = run_read(value, "land");
    const struct mapping_recipient *recipient = result->recipients->pdata[0];
    ck_assert_msg(recipient->failed == types[i].refused, "content type %ld: %s", types[i].number,
                  recipient->words ? recipient->words : "taken");
    ck_assert(!types[i].refused || !strcmp(recipient->code, "5.6.1"));
  }
}
END_TEST

START_TEST(critical_extensions_are_refused_where_they_matter)
{
  static const struct {
    long number;
    guint32 criticality;
    bool transit_refused;
  } rows[] = {
      {StandardExtension_message_token, 1u << 2, false}, /* for delivery: not our business in transit */
      {77, 1u << 1, true},                               /* unknown and critical for transfer */
      {77, 0, false},
      {StandardExtension_latest_delivery_time, 1u << 2, false}};
  const long numbers[] = {1};
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(asn1_value_t) value = message(numbers, 1);
    NULL_t nothing = 0;
    x400_extension_add(value, &envelope_of(value)->extensions, rows[i].number, rows[i].criticality,
                       &asn_DEF_NULL, &nothing);
    /* LAND is routed to the peer: transit */
    g_autoptr(mapping_result_t) transit = run_read(value, "other");
    ck_assert_msg(((const struct mapping_recipient *)transit->recipients->pdata[0])->failed ==
                      rows[i].transit_refused,
                  "row %u", (guint)i);
  }
  ck_assert_ptr_null(envelope_critical(NULL, false));
  g_autoptr(asn1_value_t) value = message(numbers, 1);
  NULL_t nothing = 0;
  x400_extension_add(value, &envelope_of(value)->extensions, StandardExtension_message_token, 1u << 2,
                     &asn_DEF_NULL, &nothing);
  g_autofree char *name = envelope_critical(envelope_of(value)->extensions, false);
  ck_assert_str_eq(name, "message-token(16)");
}
END_TEST

static GBytes *key_of(const struct asn1_value *value, const char *peer)
{
  g_autoptr(mapping_result_t) result = run_read(value, peer);
  ck_assert_ptr_nonnull(result->duplicate_key);
  return g_bytes_ref(result->duplicate_key);
}

/* DESIGN section 1: the rule in all its parts. */
START_TEST(duplicate_key_follows_the_rule)
{
  const long numbers[] = {1, 2}, others[] = {1, 3};
  g_autoptr(asn1_value_t) value = message(numbers, 2);
  g_autoptr(GBytes) key = key_of(value, "land"), again = key_of(value, "land"), peer = key_of(value, "other");
  ck_assert(g_bytes_equal(key, again));
  ck_assert(!g_bytes_equal(key, peer));
  g_autoptr(asn1_value_t) renumbered = message(others, 2);
  g_autoptr(GBytes) number = key_of(renumbered, "land");
  ck_assert(!g_bytes_equal(key, number));
  /* responsibility for one of them only */
  x400_bits_put(&envelope_of(value)->per_recipient_fields.list.array[1]->per_recipient_indicators, 0x14, 8);
  g_autoptr(GBytes) fewer = key_of(value, "land");
  ck_assert(!g_bytes_equal(key, fewer));
  /* what the route adds does not make another message: trace */
  g_autoptr(asn1_value_t) traced = message(numbers, 2);
  envelope_of(traced)->trace_information.list.array[0]->domain_supplied_information.arrival_time.buf[11] =
      '9';
  g_autoptr(GBytes) trace = key_of(traced, "land");
  ck_assert(g_bytes_equal(key, trace));
  /* a copy of an expanded list has the same MTS identifier, and is another */
  g_autoptr(asn1_value_t) expanded = message(numbers, 2), list = asn1_value_new(&asn_DEF_DLExpansionHistory);
  DLExpansion_t *expansion = asn1_new_field(DLExpansion_t);
  struct mail_time time = {G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC, 0};
  or_address_to_asn1(context->own, list, &expansion->dl);
  x400_time_put(&time, &expansion->dl_expansion_time);
  asn_sequence_add(&((DLExpansionHistory_t *)asn1_value_get(list))->list, expansion);
  x400_extension_add(expanded, &envelope_of(expanded)->extensions, StandardExtension_dl_expansion_history, 0,
                     &asn_DEF_DLExpansionHistory, asn1_value_get(list));
  g_autoptr(GBytes) copy = key_of(expanded, "land");
  ck_assert(!g_bytes_equal(key, copy));
  /* another content */
  g_autoptr(asn1_value_t) changed = message(numbers, 2);
  Content_t *content = &((MTS_APDU_t *)asn1_value_get(changed))->choice.message.content;
  content->buf[content->size - 1] ^= 1;
  g_autoptr(GBytes) other = key_of(changed, "land");
  ck_assert(!g_bytes_equal(key, other));
}
END_TEST

/* --- transit --- */

START_TEST(transit_keeps_the_content_and_adds_its_trace)
{
  const long numbers[] = {4, 5};
  g_autoptr(asn1_value_t) value = message(numbers, 2);
  /* a content that nobody here can read: it goes on bit for bit */
  MTS_APDU_t *before = asn1_value_get(value);
  before->choice.message.envelope.content_type.choice.built_in = 35;
  asn1_put_string(&before->choice.message.content, "not\x80"
                                                   "BER at all");
  g_autoptr(GBytes) bytes = encode(value);
  g_autoptr(mapping_job_t) job =
      road_job(MAPPING_WRITE, MAPPING_APDU, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  job->peer = g_strdup("other");
  job->hop = g_strdup("p1:land");
  struct mapping_recipient *recipient = road_recipient(job, LAND, LAND, "p1:land");
  recipient->ordinal = 1;
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  ck_assert_msg(result->status == MAPPING_OK, "%s", result->words);
  g_autoptr(asn1_value_t) after = decode(output);
  const Message_t *message_after = &((const MTS_APDU_t *)asn1_value_get(after))->choice.message;
  ck_assert_int_eq(message_after->content.size, 14);
  ck_assert_int_eq(memcmp(message_after->content.buf,
                          "not\x80"
                          "BER at all",
                          14),
                   0);
  /* it came from another MTA of the same domain: no second element for the domain */
  ck_assert_int_eq(message_after->envelope.trace_information.list.count,
                   envelope_of(value)->trace_information.list.count);
  ck_assert_uint_eq(
      x400_bits_get(&message_after->envelope.per_recipient_fields.list.array[0]->per_recipient_indicators) &
          1,
      0);
  ck_assert_uint_eq(
      x400_bits_get(&message_after->envelope.per_recipient_fields.list.array[1]->per_recipient_indicators) &
          1,
      1);
  ck_assert_int_eq(
      message_after->envelope.per_recipient_fields.list.array[1]->originally_specified_recipient_number, 5);
}
END_TEST

START_TEST(mail_in_transit_gets_received_in_front)
{
  static const char text[] = MAIL "\r\nbody \xFC\r\n";
  g_autoptr(mapping_job_t) job = road_job(MAPPING_WRITE, MAPPING_MAIL, text, strlen(text));
  job->sender = g_strdup("ann@example.org");
  job->client = g_strdup("client.example [192.0.2.1]");
  job->hop = g_strdup("smtp:example.org");
  road_recipient(job, "bob@example.org", "bob@example.org", "smtp:example.org");
  g_autoptr(GBytes) output = NULL;
  g_autoptr(mapping_result_t) result = road_run(context, job, &output);
  gsize length;
  const char *octets = g_bytes_get_data(output, &length);
  ck_assert_int_eq(strncmp(octets, "Received: from client.example [192.0.2.1] by sea.example", 56), 0);
  ck_assert_int_eq(memcmp(octets + length - strlen(text), text, strlen(text)), 0);
  ck_assert(result->has_8bit && !result->smtputf8);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mapping/envelope");
  TCase *tests = tcase_create("envelope");
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, envelope_has_the_defaults_of_the_rfc);
  tcase_add_test(tests, extensions_make_it_1988);
  tcase_add_test(tests, notify_and_report_requests_are_one);
  tcase_add_test(tests, smtp_parameters_cross);
  tcase_add_loop_test(tests, envelope_fields_come_back, 0, G_N_ELEMENTS(fields));
  tcase_add_loop_test(tests, fields_of_appendix_c_override_defaults, 0, G_N_ELEMENTS(overrides));
  tcase_add_test(tests, several_list_expansions_keep_their_order);
  tcase_add_test(tests, recipients_are_disclosed_only_when_allowed);
  tcase_add_loop_test(tests, what_was_asked_for_a_recipient_is_told, 0, G_N_ELEMENTS(asked));
  tcase_add_test(tests, responsible_recipients_are_read);
  tcase_add_test(tests, other_contents_are_refused);
  tcase_add_test(tests, critical_extensions_are_refused_where_they_matter);
  tcase_add_test(tests, duplicate_key_follows_the_rule);
  tcase_add_test(tests, transit_keeps_the_content_and_adds_its_trace);
  tcase_add_test(tests, mail_in_transit_gets_received_in_front);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
