/* envelope_to_x400.c - contract: envelope.h. */
#include "mapping/envelope.h"
#include "mapping/mail_address.h"
#include "mapping/mime_word.h"
#include "mapping/trace.h"

#include <stdlib.h>
#include <string.h>

#include <ContentCorrelator.h>
#include <ConversionWithLossProhibited.h>
#include <DLExpansion.h>
#include <DLExpansionHistory.h>
#include <LatestDeliveryTime.h>
#include <MessageTransferEnvelope.h>
#include <ORAddress.h>
#include <PerRecipientMessageTransferFields.h>
#include <Redirection.h>
#include <RedirectionHistory.h>

enum {
  CONTENT_ID_BOUND = 16,  /* ub-content-id-length */
  CORRELATOR_BOUND = 500, /* ub-content-correlator-length is 512 octets with all encoding */
  FOR_DELIVERY = 1u << 2
};

enum { /* per-message-indicators: X.411 8.2.1.1.1 */
       CONVERSION_PROHIBITED = 1u << 1,
       ALTERNATE_ALLOWED = 1u << 2,
       CONTENT_RETURN = 1u << 3
};
enum { /* per-recipient-indicators */
       RESPONSIBILITY = 1u << 0,
       MTA_REPORT = 1u << 1,
       MTA_NON_DELIVERY = 1u << 2,
       USER_REPORT = 1u << 3,
       USER_NON_DELIVERY = 1u << 4
};

guint32 envelope_indicators(guint notify, bool responsible)
{
  guint32 bits = responsible ? RESPONSIBILITY : 0;
  /* One of the originating MTA's bits is always set (X.411 12.2.1.1): who asked for nothing is told nothing,
   * but the operator learns of a failure. */
  if (notify & MAPPING_NOTIFY_NEVER)
    return bits | MTA_NON_DELIVERY;
  /* The originating MTA asks for what its user does. */
  return bits |
         (notify & MAPPING_NOTIFY_SUCCESS ? USER_REPORT | MTA_REPORT : USER_NON_DELIVERY | MTA_NON_DELIVERY);
}

guint envelope_priority(const struct mime_part *header)
{
  const char *body = mime_part_field(header, "Priority");
  gsize length = body ? strcspn(body, " \t(") : 0;
  if (length == 6 && !g_ascii_strncasecmp(body, "urgent", 6))
    return 2;
  return length == 10 && !g_ascii_strncasecmp(body, "non-urgent", 10) ? 0 : 1;
}

static bool prohibited(const struct mime_part *header, const char *name)
{
  const char *body = mime_part_field(header, name);
  return body && !g_ascii_strncasecmp(body, "prohibited", 10);
}

static char *decoded(struct to_x400 *to, const struct mime_part *header, const char *name)
{
  const char *body = mime_part_field(header, name);
  return body ? mime_word_decode(to->context->charsets, body) : NULL;
}

/* --- per message --- */

/* 5.1.5: 13 characters and three dots; what an X.400 side once gave comes back as it was. */
static void put_content_identifier(struct to_x400 *to, const struct mime_part *header,
                                   struct MessageTransferEnvelope *envelope)
{
  const char *given = mime_part_field(header, "X400-Content-Identifier");
  g_autofree char *subject = given ? NULL : decoded(to, header, "Subject");
  if (given && *given) {
    envelope->content_identifier = x400_printable_new(given, CONTENT_ID_BOUND);
  } else if (subject && *subject) {
    struct OCTET_STRING *identifier = x400_printable_new(subject, CONTENT_ID_BOUND + 1);
    if (identifier->size > CONTENT_ID_BOUND) {
      g_autofree char *cut = g_strdup_printf("%.13s...", (const char *)identifier->buf);
      asn1_put_string(identifier, cut);
    }
    envelope->content_identifier = identifier;
  }
}

static void append_ascii(const char *name, const char *value, GString *out)
{
  if (!value)
    return;
  g_autofree char *ascii = x400_ascii(value);
  g_string_append_printf(out, "%s%s: %s", out->len ? "\r\n" : "", name, ascii);
}

/* 5.1.5, or the ENVID of appendix A 3.1. */
static void put_correlator(struct to_x400 *to, const struct mapping_job *job, const struct mime_part *header,
                           struct asn1_value *apdu, struct MessageTransferEnvelope *envelope)
{
  g_autoptr(GString) text = g_string_new(NULL);
  if (job->envid && *job->envid) {
    g_string_append_printf(text, "SMTP/NOTARY ENVID: %s", job->envid);
  } else {
    g_autofree char *subject = decoded(to, header, "Subject"), *recipients = decoded(to, header, "To");
    append_ascii("Subject", subject, text);
    append_ascii("Message-ID", mime_part_field(header, "Message-ID"), text);
    append_ascii("Date", mime_part_field(header, "Date"), text);
    append_ascii("To", recipients, text);
  }
  if (!text->len)
    return;
  if (text->len > CORRELATOR_BOUND)
    g_string_truncate(text, CORRELATOR_BOUND);
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ContentCorrelator);
  ContentCorrelator_t *correlator = asn1_value_get(value);
  correlator->present = ContentCorrelator_PR_ia5text;
  asn1_put_string(&correlator->choice.ia5text, text->str);
  x400_extension_add(apdu, &envelope->extensions, StandardExtension_content_correlator, 0,
                     &asn_DEF_ContentCorrelator, correlator);
}

static bool field_time(const struct mime_part *header, const char *name, struct mail_time *time_r)
{
  const char *body = mime_part_field(header, name);
  return body && mail_time_parse(body, time_r);
}

static struct or_address *first_address(struct to_x400 *to, const char *body)
{
  g_autoptr(GPtrArray) list = mail_addresses_parse(to->context->charsets, body, 1, NULL);
  const struct mail_address *first = list->len ? list->pdata[0] : NULL;
  return first && first->mailbox ? address_to_or(to->context, first->mailbox, ADDRESS_HEADING, NULL, NULL)
                                 : NULL;
}

static void put_return_address(struct to_x400 *to, const struct mime_part *header, struct asn1_value *apdu,
                               struct MessageTransferEnvelope *envelope)
{
  const char *body = mime_part_field(header, "Originator-Return-Address");
  g_autoptr(or_address_t) address = body ? first_address(to, body) : NULL;
  if (!address)
    return;
  /* ORAddress is ORName without its tag and directory name: the members are the same. */
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORAddress);
  ORAddress_t *to_address = asn1_value_get(value);
  ORName_t name = {0};
  or_address_to_asn1(address, value, &name);
  to_address->built_in_standard_attributes = name.built_in_standard_attributes;
  to_address->built_in_domain_defined_attributes = name.built_in_domain_defined_attributes;
  to_address->extension_attributes = name.extension_attributes;
  if (name.directory_name)
    ASN_STRUCT_FREE(asn_DEF_Name, name.directory_name);
  x400_extension_add(apdu, &envelope->extensions, StandardExtension_originator_return_address, 0,
                     &asn_DEF_ORAddress, to_address);
}

/* 5.1.7: "mailbox ; date-time ;", the newest first in the header, the oldest first in X.411. */
static void put_dl_history(struct to_x400 *to, const struct mime_part *header, struct asn1_value *apdu,
                           struct MessageTransferEnvelope *envelope)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_DLExpansionHistory);
  DLExpansionHistory_t *history = asn1_value_get(value);
  for (guint i = header->fields->len; i-- > 0;) {
    const struct mime_field *field = header->fields->pdata[i];
    if (g_ascii_strcasecmp(field->name, "DL-Expansion-History") != 0)
      continue;
    g_autofree char *body = g_strchomp(g_strdup(field->body));
    gsize length = strlen(body);
    if (length && body[length - 1] == ';')
      body[length - 1] = '\0';
    char *semicolon = strrchr(body, ';');
    struct mail_time time;
    if (!semicolon || !mail_time_parse(semicolon + 1, &time))
      continue;
    *semicolon = '\0';
    g_autoptr(or_address_t) address = first_address(to, body);
    if (!address)
      continue;
    DLExpansion_t *expansion = asn1_new_field(DLExpansion_t);
    or_address_to_asn1(address, value, &expansion->dl);
    x400_time_put(&time, &expansion->dl_expansion_time);
    asn_sequence_add(&history->list, expansion);
  }
  if (history->list.count)
    x400_extension_add(apdu, &envelope->extensions, StandardExtension_dl_expansion_history, FOR_DELIVERY,
                       &asn_DEF_DLExpansionHistory, history);
}

static void put_message_extensions(struct to_x400 *to, const struct mapping_job *job,
                                   const struct mime_part *header, struct asn1_value *apdu,
                                   struct MessageTransferEnvelope *envelope)
{
  struct mail_time time;
  if (field_time(header, "Deferred-Delivery", &time))
    envelope->deferred_delivery_time = x400_time_new(&time);
  if (prohibited(header, "Conversion-With-Loss")) {
    long number = ConversionWithLossProhibited_conversion_with_loss_prohibited;
    x400_extension_add(apdu, &envelope->extensions, StandardExtension_conversion_with_loss_prohibited,
                       FOR_DELIVERY, &asn_DEF_ConversionWithLossProhibited, &number);
  }
  if (field_time(header, "Latest-Delivery-Time", &time)) {
    g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_LatestDeliveryTime);
    x400_time_put(&time, asn1_value_get(value));
    x400_extension_add(apdu, &envelope->extensions, StandardExtension_latest_delivery_time, FOR_DELIVERY,
                       &asn_DEF_LatestDeliveryTime, asn1_value_get(value));
  }
  put_return_address(to, header, apdu, envelope);
  put_correlator(to, job, header, apdu, envelope);
  put_dl_history(to, header, apdu, envelope);
}

void envelope_trace_to_x400(struct to_x400 *to, const struct mapping_job *job, struct asn1_value *apdu,
                            struct TraceInformation *trace, struct Extensions **extensions)
{
  const struct mapping_gdi *gdi = job_domain(to->context, to->peer);
  const char *at = job->sender ? strrchr(job->sender, '@') : NULL;
  g_autoptr(GPtrArray) list = trace_from_mail(to->context, to->mail->root, gdi, at ? at + 1 : NULL);
  struct mail_time now = job_time(job->received_us);
  struct trace_element *own = trace_element_new(gdi, job_mta_name(to->context, to->peer), &now);
  own->has_deferred = field_time(to->mail->root, "Deferred-Delivery", &own->deferred) &&
                      job_deferral(to->context, job, &own->deferred);
  own->converted = eit_new();
  eit_merge(own->converted, to->types);
  eit_add(own->converted, oid_dotted(OID_EIT_MIXER)); /* 5.1.5 */
  g_ptr_array_add(list, own);
  trace_to_asn1(list, apdu, trace, extensions);
}

/* --- per recipient --- */

/* Appendix A 3.1: the original recipient as an element of redirection history. */
static void put_original(struct to_x400 *to, const struct mapping_job *job,
                         const struct mapping_recipient *recipient, struct asn1_value *apdu,
                         struct PerRecipientMessageTransferFields *fields)
{
  const char *semicolon = recipient->orcpt ? strchr(recipient->orcpt, ';') : NULL;
  if (!semicolon || !g_ascii_strcasecmp(semicolon + 1, recipient->address))
    return;
  g_autoptr(or_address_t) address = NULL;
  if (!g_ascii_strncasecmp(recipient->orcpt, "x400;", 5))
    address = or_address_parse(semicolon + 1, NULL);
  else if (!g_ascii_strncasecmp(recipient->orcpt, "rfc822;", 7))
    address = address_to_or(to->context, semicolon + 1, ADDRESS_HEADING, NULL, NULL);
  if (!address)
    return;
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_RedirectionHistory);
  RedirectionHistory_t *history = asn1_value_get(value);
  Redirection_t *redirection = asn1_new_field(Redirection_t);
  struct mail_time now = job_time(job->received_us);
  or_address_to_asn1(address, value, &redirection->intended_recipient_name.intended_recipient);
  x400_time_put(&now, &redirection->intended_recipient_name.redirection_time);
  redirection->redirection_reason = RedirectionReason_alias;
  asn_sequence_add(&history->list, redirection);
  x400_extension_add(apdu, &fields->extensions, StandardExtension_redirection_history, 0,
                     &asn_DEF_RedirectionHistory, history);
}

static bool put_recipient(struct to_x400 *to, const struct mapping_job *job,
                          const struct mapping_recipient *recipient, struct asn1_value *apdu,
                          struct MessageTransferEnvelope *envelope, GError **error)
{
  g_autoptr(or_address_t) address =
      recipient->mapped ? or_address_parse(recipient->mapped, error)
                        : address_to_or(to->context, recipient->address, ADDRESS_RECIPIENT, NULL, error);
  if (!address)
    return false;
  struct PerRecipientMessageTransferFields *fields = asn1_new_field(struct PerRecipientMessageTransferFields);
  asn_sequence_add(&envelope->per_recipient_fields.list, fields);
  or_address_to_asn1(address, apdu, &fields->recipient_name);
  fields->originally_specified_recipient_number = (long)recipient->ordinal + 1;
  x400_bits_put(&fields->per_recipient_indicators, envelope_indicators(recipient->notify, true), 8);
  put_original(to, job, recipient, apdu, fields);
  return true;
}

bool envelope_to_x400(struct to_x400 *to, const struct mapping_job *job, struct asn1_value *apdu,
                      struct MessageTransferEnvelope *envelope, GError **error)
{
  const struct mime_part *header = to->mail->root;
  /* A mail without originator is the gateway's own to answer for. */
  g_autoptr(or_address_t) originator =
      job->sender && *job->sender ? address_to_or(to->context, job->sender, ADDRESS_ORIGINATOR, NULL, error)
                                  : or_address_copy(to->context->own);
  if (!originator)
    return false;
  x400_identifier_put(job_domain(to->context, to->peer), to->id, &envelope->message_identifier);
  or_address_to_asn1(originator, apdu, &envelope->originator_name);
  g_autoptr(eit_set_t) types = eit_new();
  eit_merge(types, to->types);
  eit_add(types, oid_dotted(OID_EIT_MIXER));
  envelope->original_encoded_information_types = eit_to_asn1(types);
  envelope->content_type.present = ContentType_PR_built_in;
  envelope->content_type.choice.built_in = to->new_features || to->peer->content_type == 22
                                               ? BuiltInContentType_interpersonal_messaging_1988
                                               : BuiltInContentType_interpersonal_messaging_1984;
  put_content_identifier(to, header, envelope);
  guint priority = envelope_priority(header);
  if (priority != 1)
    envelope->priority = x400_long(priority == 2 ? Priority_urgent : Priority_non_urgent);
  /* 5.1.5: disclosure prohibited, conversion and alternate recipient allowed; 5.2: content returned, unless
   * RET=HDRS. */
  guint32 bits = ALTERNATE_ALLOWED | (job->ret == MAPPING_RET_HDRS ? 0 : CONTENT_RETURN) |
                 (prohibited(header, "Conversion") ? CONVERSION_PROHIBITED : 0);
  envelope->per_message_indicators = asn1_new_field(PerMessageIndicators_t);
  x400_bits_put(envelope->per_message_indicators, bits, 8);
  put_message_extensions(to, job, header, apdu, envelope);
  envelope_trace_to_x400(to, job, apdu, &envelope->trace_information, &envelope->extensions);
  for (guint i = 0; i < job->recipients->len; i++)
    if (!put_recipient(to, job, job->recipients->pdata[i], apdu, envelope, error))
      return false;
  return true;
}
