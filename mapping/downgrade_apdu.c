/* downgrade_apdu.c - X.419 annex B: what may go to a peer of 1984, and with which content (contract:
 * downgrade.h).
 *
 * Decided here is what depends on where a structure stands: an extension that is critical for transfer or
 * delivery may not be dropped, a recipient whose name has no form in 1984 cannot go, a content may be
 * converted unless its originator prohibits that.  The rest are the rules of downgrade.c.
 *
 * A mail's own wishes stand in its header, which goes along (RFC 2156 appendix B): what this gateway made of
 * them in the envelope keeps no mail from a peer of 1984. */
#include "mapping/downgrade.h"
#include "mapping/downgrade_content.h"
#include "mapping/envelope.h"

#include <stdlib.h>
#include <string.h>

#include <DomainSuppliedInformation.h>
#include <EncodedInformationTypes.h>
#include <ExtensionField.h>
#include <MTS-APDU.h>
#include <PerRecipientMessageTransferFields.h>
#include <PerRecipientProbeTransferFields.h>
#include <TraceInformation.h>
#include <TraceInformationElement.h>

enum { /* X.411 8.3.1.2.1.10 and .11 */
       UNABLE_TO_TRANSFER = 1,
       CONVERSION_NOT_PERFORMED = 2,
       IMPLICIT_CONVERSION_PROHIBITED = 9,
       CONVERSION_WITH_LOSS_PROHIBITED = 19,
       UNABLE_TO_DOWNGRADE = 47
};

struct sending {
  struct downgrade downgrade;
  const struct mapping_job *job;
  const struct mapping_peer *peer;
  struct mapping_result *result;
};

/* --- refusals --- */

static struct mapping_recipient *recipient_at(const struct sending *sending, int position)
{
  const GPtrArray *recipients = sending->result->recipients;
  if (sending->job->format == MAPPING_MAIL) /* the envelope was made of just these */
    return position < (int)recipients->len ? recipients->pdata[position] : NULL;
  for (guint i = 0; i < recipients->len; i++) {
    struct mapping_recipient *recipient = recipients->pdata[i];
    if (recipient->ordinal == (guint)position)
      return recipient;
  }
  return NULL;
}

static void refuse(struct mapping_recipient *recipient, gint diagnostic, const char *words)
{
  gint reason = diagnostic == UNABLE_TO_DOWNGRADE ? UNABLE_TO_TRANSFER : CONVERSION_NOT_PERFORMED;
  const char *code = diagnostic == UNABLE_TO_DOWNGRADE ? "5.3.3" : "5.6.2";
  if (recipient && !recipient->failed)
    job_recipient_fail(recipient, code, reason, diagnostic, "%s", words);
}

static void refuse_all(const struct sending *sending, gint diagnostic, const char *words)
{
  for (guint i = 0; i < sending->result->recipients->len; i++)
    refuse(sending->result->recipients->pdata[i], diagnostic, words);
}

/* --- criticality --- */

/* Extensions whose value 0 says what their absence says: nothing is lost with them. */
static bool says_nothing(const struct asn1_value *apdu, const struct ExtensionField *extension)
{
  static const long defaults[] = {StandardExtension_recipient_reassignment_prohibited,
                                  StandardExtension_dl_expansion_prohibited,
                                  StandardExtension_conversion_with_loss_prohibited,
                                  StandardExtension_physical_forwarding_prohibited,
                                  StandardExtension_physical_forwarding_address_request,
                                  StandardExtension_proof_of_submission_request,
                                  StandardExtension_proof_of_delivery_request};
  static const guint8 zero[] = {0x0a, 1, 0};
  for (gsize i = 0;
       extension->type.present == ExtensionType_PR_standard_extension && i < G_N_ELEMENTS(defaults); i++) {
    if (extension->type.choice.standard_extension != defaults[i] || !extension->value)
      continue;
    g_autoptr(octets_t) octets = asn1_octets(apdu, (const struct OCTET_STRING *)extension->value);
    guint8 value[sizeof zero];
    return octets_length(octets) == sizeof zero && octets_read(octets, 0, value, sizeof value, NULL) &&
           !memcmp(value, zero, sizeof zero);
  }
  return false;
}

/* What the originator said must be understood (X.411 9.1); NULL: nothing.  Caller frees. */
static char *critical(const struct sending *sending, const struct Extensions *extensions)
{
  const guint32 wanted = 1u << Criticality_for_transfer | 1u << Criticality_for_delivery;
  if (sending->job->format == MAPPING_MAIL)
    return NULL;
  for (int i = 0; extensions && i < extensions->list.count; i++) {
    const struct ExtensionField *extension = extensions->list.array[i];
    if (!(x400_bits_get(extension->criticality) & wanted) ||
        says_nothing(sending->downgrade.value, extension))
      continue;
    g_autofree char *name = x400_extension_name(extension);
    return g_strdup_printf("extension %s is critical, and X.400 (1984) has none (X.419 annex B)", name);
  }
  return NULL;
}

/* --- names --- */

/* Why a name cannot be written in 1984; NULL: it can.  Caller frees. */
static char *unnameable(const struct sending *sending, const struct ORName *name)
{
  const char *words;
  g_autoptr(GError) error = NULL;
  if (!name->extension_attributes && !name->directory_name)
    return NULL;
  g_autoptr(or_address_t) address = or_address_from_asn1(sending->downgrade.value, name, &error);
  g_autoptr(or_address_t) old =
      address ? downgrade_address(sending->downgrade.context->own, address, &words, &error) : NULL;
  return old ? NULL : g_strdup(error->message + (g_str_has_prefix(error->message, "5.3.3 ") ? 6 : 0));
}

/* A recipient that cannot go, by its extensions or its name: marked, without responsibility. */
static void judge_recipient(const struct sending *sending, int position, const struct Extensions *extensions,
                            const struct ORName *name, BIT_STRING_t *indicators)
{
  g_autofree char *extension = critical(sending, extensions);
  g_autofree char *words = extension ? g_steal_pointer(&extension) : unnameable(sending, name);
  struct mapping_recipient *recipient = recipient_at(sending, position);
  if (words && recipient)
    refuse(recipient, UNABLE_TO_DOWNGRADE, words);
  if (recipient && recipient->failed)
    x400_bits_put(indicators, x400_bits_get(indicators) & ~1u, 8);
}

static void judge_all(const struct sending *sending, const struct Extensions *extensions,
                      const struct ORName *originator, const struct ContentType *type)
{
  g_autofree char *extension = critical(sending, extensions);
  g_autofree char *words = extension ? g_steal_pointer(&extension) : unnameable(sending, originator);
  enum oid oid =
      type && type->present == ContentType_PR_extended ? oid_get(&type->choice.extended) : OID_COUNT;
  if (!words && oid != OID_COUNT && oid != OID_MCT_P2_1984 && oid != OID_MCT_P2_1988) {
    g_autofree char *name = envelope_content_type(type);
    words = g_strdup_printf("content type %s has no number, as X.400 (1984) wants (X.419 annex B)", name);
  }
  if (words)
    refuse_all(sending, UNABLE_TO_DOWNGRADE, words);
}

/* --- content --- */

/* Our trace element, the last one, says what the content was converted to (X.411 12.3.1). */
static void tell_types(struct TraceInformation *trace, const struct eit_set *types)
{
  if (!trace->list.count)
    return;
  DomainSuppliedInformation_t *own = &trace->list.array[trace->list.count - 1]->domain_supplied_information;
  if (own->converted_encoded_information_types)
    ASN_STRUCT_FREE(asn_DEF_EncodedInformationTypes, own->converted_encoded_information_types);
  own->converted_encoded_information_types = eit_to_asn1(types);
}

static bool is_p22(const struct ContentType *type)
{
  return type->present == ContentType_PR_built_in
             ? type->choice.built_in == BuiltInContentType_interpersonal_messaging_1988
             : oid_get(&type->choice.extended) == OID_MCT_P2_1988;
}

static void put_p2(struct ContentType *type)
{
  ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_ContentType, type);
  memset(type, 0, sizeof *type);
  type->present = ContentType_PR_built_in;
  type->choice.built_in = BuiltInContentType_interpersonal_messaging_1984;
}

static bool loss_prohibited(const struct asn1_value *apdu, const struct Extensions *extensions)
{
  const struct ExtensionField *field =
      x400_extension(extensions, StandardExtension_conversion_with_loss_prohibited);
  return field && !says_nothing(apdu, field);
}

/* RFC 1328 5, RFC 1496: 22 to 2. */
static bool old_content(const struct sending *sending, Message_t *message, GError **error)
{
  MessageTransferEnvelope_t *envelope = &message->envelope;
  struct asn1_value *apdu = sending->downgrade.value;
  if (!mapping_peer_p2(sending->peer) || !is_p22(&envelope->content_type))
    return true;
  g_autoptr(octets_t) octets = asn1_octets(apdu, &message->content);
  struct downgraded_content content = {0};
  g_autoptr(GError) local = NULL;
  if (!downgrade_content(sending->downgrade.context, sending->peer, octets, sending->downgrade.losses,
                         &content, &local)) {
    if (g_error_matches(local, MAPPING_ERROR, MAPPING_ERROR_IO)) {
      g_propagate_error(error, g_steal_pointer(&local));
      return false;
    }
    g_autofree char *words = g_strdup_printf("the content has no form of 1984: %s", local->message);
    refuse_all(sending, UNABLE_TO_DOWNGRADE, words);
    return true;
  }
  if (content.converted && x400_bits_get(envelope->per_message_indicators) &
                               1u << PerMessageIndicators_implicit_conversion_prohibited)
    refuse_all(
        sending, IMPLICIT_CONVERSION_PROHIBITED,
        "a body part must be converted for X.400 (1984), and the originator prohibits it (RFC 1328 6)");
  else if (content.lossy && loss_prohibited(apdu, envelope->extensions))
    refuse_all(sending, CONVERSION_WITH_LOSS_PROHIBITED,
               "a body part loses something in X.400 (1984), and the originator prohibits it (RFC 1328 6)");
  put_p2(&envelope->content_type);
  if (content.octets)
    asn1_put_octets(apdu, &message->content, content.octets);
  if (content.converted)
    tell_types(&envelope->trace_information, content.types);
  downgraded_content_clear(&content);
  return true;
}

/* --- the three kinds --- */

static bool message(const struct sending *sending, Message_t *message, GError **error)
{
  MessageTransferEnvelope_t *envelope = &message->envelope;
  if (!old_content(sending, message, error))
    return false;
  if (!sending->peer->p1_1984)
    return true;
  judge_all(sending, envelope->extensions, &envelope->originator_name, &envelope->content_type);
  for (int i = 0; i < envelope->per_recipient_fields.list.count; i++) {
    PerRecipientMessageTransferFields_t *fields = envelope->per_recipient_fields.list.array[i];
    judge_recipient(sending, i, fields->extensions, &fields->recipient_name,
                    &fields->per_recipient_indicators);
  }
  return true;
}

static void probe(const struct sending *sending, ProbeTransferEnvelope_t *envelope)
{
  if (mapping_peer_p2(sending->peer) && is_p22(&envelope->content_type))
    put_p2(&envelope->content_type);
  if (!sending->peer->p1_1984)
    return;
  judge_all(sending, envelope->extensions, &envelope->originator_name, &envelope->content_type);
  for (int i = 0; i < envelope->per_recipient_fields.list.count; i++) {
    PerRecipientProbeTransferFields_t *fields = envelope->per_recipient_fields.list.array[i];
    judge_recipient(sending, i, fields->extensions, &fields->recipient_name,
                    &fields->per_recipient_indicators);
  }
}

static void report(const struct sending *sending, const Report_t *report)
{
  if (sending->peer->p1_1984)
    judge_all(sending, report->envelope.extensions, &report->envelope.report_destination_name, NULL);
}

bool downgrade_apdu(struct mapping_context *context, const struct mapping_job *job,
                    const struct mapping_peer *peer, struct asn1_value *apdu, struct mapping_result *result,
                    GError **error)
{
  if (!peer || (!peer->p1_1984 && !mapping_peer_p2(peer)))
    return true;
  struct sending sending = {{context, apdu, result->losses}, job, peer, result};
  MTS_APDU_t *choice = asn1_value_get(apdu);
  if (choice->present == MTS_APDU_PR_message) {
    if (!message(&sending, &choice->choice.message, error))
      return false;
  } else if (choice->present == MTS_APDU_PR_probe) {
    probe(&sending, &choice->choice.probe);
  } else {
    report(&sending, &choice->choice.report);
  }
  if (peer->p1_1984)
    (void)downgrade_value(&sending.downgrade);
  return true;
}
