/* downgrade.c - rules of downgrading that hold of a type wherever it stands in an APDU or a content
 * (contract: downgrade.h).
 *
 * One walk calls the rule of each structure's type.  A rule drops or changes members and says so; what
 * follows from where a structure stands (criticality, a recipient that cannot go) is decided before, in
 * downgrade_apdu.c. */
#include "mapping/downgrade.h"
#include "mapping/report_codes.h"

#include "asn1/walk.h"

#include <stdlib.h>
#include <string.h>

#include <DeliveryReport.h>
#include <DomainSuppliedInformation.h>
#include <EncodedInformationTypes.h>
#include <EncryptedParameters.h>
#include <ExtendedEncodedInformationTypes.h>
#include <Heading.h>
#include <IPMIdentifier.h>
#include <IPMSExtension.h>
#include <IPN.h>
#include <MessageTransferEnvelope.h>
#include <NonDeliveryReport.h>
#include <NonReceiptFields.h>
#include <ORDescriptor.h>
#include <ORName.h>
#include <OtherMessageDeliveryFields.h>
#include <PerDomainBilateralInformation.h>
#include <PerRecipientMessageTransferFields.h>
#include <PerRecipientProbeTransferFields.h>
#include <PerRecipientReportTransferFields.h>
#include <ProbeTransferEnvelope.h>
#include <ReceiptFields.h>
#include <RecipientSpecifier.h>
#include <ReportTransferContent.h>
#include <ReportTransferEnvelope.h>
#include <VideotexParameters.h>

enum {
  BUILT_IN_TYPES = (1 << 10) - 1, /* encoded information types that have a bit in 1984 */
  MESSAGE_INDICATORS = 4,         /* per-message flags of 1984 */
  RECIPIENT_INDICATORS = 8,
  NOTIFICATION_REQUESTS = 3, /* receipt, non-receipt, return of the message */
  REASON_LAST = 2,           /* X.411 (1984): conversion not performed */
  DIAGNOSTIC_LAST = 11,      /* invalid parameters */
  DISCARD_REASON_LAST = 2,   /* X.420 (1984): subscription terminated */
  SUPPLEMENTARY_BOUND = 64,
  FREE_FORM_BOUND = 64
};

/* The rules of one walk. */
struct walk {
  struct downgrade *downgrade;
  bool changed;
};

G_GNUC_PRINTF(3, 4)
static void tell(struct walk *walk, const struct asn1_step *step, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  g_autofree char *words = g_strdup_vprintf(format, list), *path = asn1_step_path(step);
  va_end(list);
  mapping_loss(walk->downgrade->losses, "%s%s%s", path, *path ? ": " : "", words);
  walk->changed = true;
}

#define DROP(type, pointer) (ASN_STRUCT_FREE(asn_DEF_##type, pointer), (pointer) = NULL)

/* --- extensions --- */

static void drop_extensions(struct walk *walk, const struct asn1_step *step, struct Extensions **extensions)
{
  if (!*extensions)
    return;
  for (int i = 0; i < (*extensions)->list.count; i++) {
    g_autofree char *name = x400_extension_name((*extensions)->list.array[i]);
    tell(walk, step, "extension %s was dropped (X.419 annex B): 1984 has no extensions", name);
  }
  walk->changed = true;
  DROP(Extensions, *extensions);
}

static bool holds_fields(const struct IPMSExtension *extension)
{
  enum oid oid = oid_get(&extension->type);
  return oid == OID_RFC_822_FIELD_LIST || oid == OID_RFC_822_FIELD_LIST_1327 ||
         oid == OID_RFC_822_FIELD_LIST_CUT;
}

/* But for the fields of RFC 822, which downgrade_content.c puts elsewhere. */
static void drop_ipms_extensions(struct walk *walk, const struct asn1_step *step,
                                 struct IPMSExtensions **extensions)
{
  for (int i = *extensions ? (*extensions)->list.count : 0; i-- > 0;) {
    struct IPMSExtension *extension = (*extensions)->list.array[i];
    if (holds_fields(extension))
      continue;
    g_autofree char *dotted = x400_oid_text(&extension->type);
    enum oid oid = oid_get(&extension->type);
    tell(walk, step, "extension %s was dropped (RFC 1328 5): 1984 has no extensions",
         oid == OID_UNKNOWN ? dotted : oid_name(oid));
    asn_set_del(&(*extensions)->list, i, 0);
    ASN_STRUCT_FREE(asn_DEF_IPMSExtension, extension);
  }
  if (*extensions && !(*extensions)->list.count) {
    DROP(IPMSExtensions, *extensions);
    walk->changed = true;
  }
}

/* --- addresses --- */

static bool needs_1988(const ORName_t *name)
{
  return name->extension_attributes || name->directory_name;
}

/* Puts an address in the place of a name's. */
static void replace(struct asn1_value *value, ORName_t *name, const struct or_address *address)
{
  ORName_t fresh = {0};
  or_address_to_asn1(address, value, &fresh);
  ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_ORName, name);
  *name = fresh;
}

/* False: the name cannot be said in 1984. */
static bool old_name(struct walk *walk, const struct asn1_step *step, ORName_t *name)
{
  if (!needs_1988(name))
    return true;
  struct downgrade *downgrade = walk->downgrade;
  const char *words = NULL;
  g_autoptr(or_address_t) address = or_address_from_asn1(downgrade->value, name, NULL);
  g_autoptr(or_address_t) old =
      address ? downgrade_address(downgrade->context->own, address, &words, NULL) : NULL;
  if (!old)
    return false;
  replace(downgrade->value, name, old);
  tell(walk, step, "%s", words ? words : "the address was written again");
  return true;
}

static void name_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  ORName_t *name = structure;
  if (old_name(walk, step, name))
    return;
  /* Where it can be missed, the rule of what holds it took it out; here it stays an address. */
  DROP(ExtensionAttributes, name->extension_attributes);
  if (name->directory_name)
    DROP(Name, name->directory_name);
  tell(walk, step, "attributes of 1988 were dropped (RFC 1328 3): the address is too long for X400-88");
}

/* A text for people, at the end of the free-form name. */
static void add_free_form(struct walk *walk, ORDescriptor_t *descriptor, const char *text)
{
  g_autofree char *there = descriptor->free_form_name
                               ? x400_teletex_get(walk->downgrade->value, walk->downgrade->context->charsets,
                                                  descriptor->free_form_name)
                               : NULL;
  g_autofree char *both =
      there && *there ? g_strdup_printf("%s (%s)", there, text) : g_strdup_printf("(%s)", text);
  if (!descriptor->free_form_name)
    descriptor->free_form_name = asn1_new_field(FreeFormName_t);
  (void)x400_teletex_put(both, FREE_FORM_BOUND, descriptor->free_form_name);
}

/* RFC 1328 5: the directory name is shown to people, in round brackets behind the free-form name. */
static void descriptor_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  ORDescriptor_t *descriptor = structure;
  if (!descriptor->formal_name || !needs_1988(descriptor->formal_name))
    return;
  g_autoptr(or_address_t) address =
      or_address_from_asn1(walk->downgrade->value, descriptor->formal_name, NULL);
  if (address && address->directory_name) {
    tell(walk, step, "the directory name went into free-form-name (RFC 1328 5)");
    add_free_form(walk, descriptor, address->directory_name);
  }
  if (old_name(walk, step, descriptor->formal_name))
    return;
  tell(walk, step, "formal-name was dropped (RFC 1328 3): it cannot be written in 1984");
  DROP(ORName, descriptor->formal_name);
  if (!descriptor->free_form_name) {
    g_autofree char *text = address ? or_address_format(address) : g_strdup("unknown");
    add_free_form(walk, descriptor, text);
  }
}

static void identifier_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  IPMIdentifier_t *identifier = structure;
  if (identifier->user && !old_name(walk, step, identifier->user)) {
    tell(walk, step, "user was dropped (RFC 1328 3): it cannot be written in 1984");
    DROP(ORName, identifier->user);
  }
}

/* --- encoded information types --- */

/* X.411 8.2.1.1.1.33: the object identifiers of the built-in types end in their bits. */
static int built_in_bit(enum oid oid)
{
  static const struct {
    enum oid oid;
    int bit;
  } bits[] = {{OID_EIT_UNKNOWN, 0},    {OID_EIT_IA5_TEXT, 2}, {OID_EIT_G3_FACSIMILE, 3},
              {OID_EIT_G4_CLASS_1, 4}, {OID_EIT_TELETEX, 5},  {OID_EIT_VIDEOTEX, 6},
              {OID_EIT_VOICE_84, 7},   {OID_EIT_SFD, 8},      {OID_EIT_MIXED_MODE, 9}};
  for (gsize i = 0; i < G_N_ELEMENTS(bits); i++)
    if (bits[i].oid == oid)
      return bits[i].bit;
  return -1;
}

static void types_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  EncodedInformationTypes_t *types = structure;
  guint32 bits = x400_bits_get(&types->built_in_encoded_information_types), kept = bits & BUILT_IN_TYPES;
  const ExtendedEncodedInformationTypes_t *extended = types->extended_encoded_information_types;
  if (kept == bits && !extended)
    return;
  for (int i = 0; extended && i < extended->list.count; i++) {
    enum oid oid = oid_get(extended->list.array[i]);
    int bit = built_in_bit(oid);
    g_autofree char *dotted = x400_oid_text(extended->list.array[i]);
    if (oid == OID_EIT_MIXER) /* says who converted, not what there is */
      tell(walk, step, "eit-mixer was dropped (X.419 annex B): 1984 has built-in types alone");
    else if (bit < 0)
      tell(walk, step, "type %s became undefined (X.419 annex B): 1984 has built-in types alone", dotted);
    kept |= oid == OID_EIT_MIXER ? 0 : 1u << (bit < 0 ? EIT_UNKNOWN_BIT : bit);
  }
  if (extended)
    DROP(ExtendedEncodedInformationTypes, types->extended_encoded_information_types);
  guint count = 0;
  for (guint i = 0; kept >> i; i++)
    count = i + 1;
  x400_bits_put(&types->built_in_encoded_information_types, kept, count);
  walk->changed = true;
}

/* --- envelopes --- */

static void keep_bits(struct walk *walk, const struct asn1_step *step, BIT_STRING_t *bits, guint count,
                      const char *member)
{
  guint32 all = x400_bits_get(bits), known = (1u << count) - 1;
  if (!bits || !bits->buf || (guint)bits->size * 8 - (guint)bits->bits_unused <= count)
    return;
  if (all & ~known)
    tell(walk, step, "%s: bits beyond the %u of 1984 were cleared (X.419 annex B)", member, count);
  x400_bits_put(bits, all & known, count);
  walk->changed = true;
}

/* An object identifier for what has a number is that number; others were refused before. */
static void old_content_type(struct walk *walk, ContentType_t *type)
{
  if (type->present != ContentType_PR_extended)
    return;
  enum oid oid = oid_get(&type->choice.extended);
  ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_ContentType, type);
  memset(type, 0, sizeof *type);
  type->present = ContentType_PR_built_in;
  type->choice.built_in = oid == OID_MCT_P2_1984   ? BuiltInContentType_interpersonal_messaging_1984
                          : oid == OID_MCT_P2_1988 ? BuiltInContentType_interpersonal_messaging_1988
                                                   : BuiltInContentType_unidentified;
  walk->changed = true;
}

/* 1984 knows administration domains here alone.  list: an OPTIONAL SEQUENCE OF PerDomainBilateralInformation,
 * which is a type of its own in each envelope. */
static bool drop_private_domains(struct walk *walk, const struct asn1_step *step, void *list)
{
  asn_anonymous_sequence_ *sequence = list;
  for (int i = sequence ? sequence->count : 0; i-- > 0;) {
    PerDomainBilateralInformation_t *information = sequence->array[i];
    if (information->domain.present != PerDomainBilateralInformation__domain_PR_private_domain)
      continue;
    tell(walk, step, "bilateral information for a private domain was dropped (X.419 annex B)");
    asn_sequence_del(sequence, i, 0);
    ASN_STRUCT_FREE(asn_DEF_PerDomainBilateralInformation, information);
  }
  return sequence && !sequence->count;
}

static void message_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  MessageTransferEnvelope_t *envelope = structure;
  drop_extensions(walk, step, &envelope->extensions);
  old_content_type(walk, &envelope->content_type);
  keep_bits(walk, step, envelope->per_message_indicators, MESSAGE_INDICATORS, "per-message-indicators");
  if (drop_private_domains(walk, step, envelope->per_domain_bilateral_information)) {
    free(envelope->per_domain_bilateral_information->list.array);
    free(envelope->per_domain_bilateral_information);
    envelope->per_domain_bilateral_information = NULL;
  }
}

static void message_recipient_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  PerRecipientMessageTransferFields_t *fields = structure;
  drop_extensions(walk, step, &fields->extensions);
  keep_bits(walk, step, &fields->per_recipient_indicators, RECIPIENT_INDICATORS, "per-recipient-indicators");
}

static void probe_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  ProbeTransferEnvelope_t *envelope = structure;
  drop_extensions(walk, step, &envelope->extensions);
  old_content_type(walk, &envelope->content_type);
  keep_bits(walk, step, envelope->per_message_indicators, MESSAGE_INDICATORS, "per-message-indicators");
  if (drop_private_domains(walk, step, envelope->per_domain_bilateral_information)) {
    free(envelope->per_domain_bilateral_information->list.array);
    free(envelope->per_domain_bilateral_information);
    envelope->per_domain_bilateral_information = NULL;
  }
}

static void probe_recipient_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  PerRecipientProbeTransferFields_t *fields = structure;
  drop_extensions(walk, step, &fields->extensions);
  keep_bits(walk, step, &fields->per_recipient_indicators, RECIPIENT_INDICATORS, "per-recipient-indicators");
}

static void trace_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  DomainSuppliedInformation_t *information = structure;
  if (!information->other_actions)
    return;
  if (x400_bits_get(information->other_actions))
    tell(walk, step, "other-actions (redirected, dl-operation) was dropped (X.419 annex B)");
  walk->changed = true;
  DROP(OtherActions, information->other_actions);
}

/* --- reports --- */

static void report_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  drop_extensions(walk, step, &((ReportTransferEnvelope_t *)structure)->extensions);
}

static void report_content_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  ReportTransferContent_t *content = structure;
  drop_extensions(walk, step, &content->extensions);
  if (content->original_encoded_information_types) {
    tell(walk, step, "original-encoded-information-types was dropped (X.419 annex B)");
    DROP(EncodedInformationTypes, content->original_encoded_information_types);
  }
  if (content->content_type) {
    tell(walk, step, "content-type was dropped (X.419 annex B)");
    DROP(ContentType, content->content_type);
  }
}

/* A reason or diagnostic that 1984 has no number for is told in words (decision 0077). */
static void keep_reason(struct walk *walk, PerRecipientReportTransferFields_t *fields, const char *words)
{
  g_autofree char *there = fields->supplementary_information
                               ? asn1_strndup(walk->downgrade->value, fields->supplementary_information, 1024)
                               : NULL;
  g_autofree char *both = there && *there ? g_strdup_printf("%s: %s", words, there) : g_strdup(words);
  if (fields->supplementary_information)
    ASN_STRUCT_FREE(asn_DEF_SupplementaryInformation, fields->supplementary_information);
  fields->supplementary_information = x400_printable_new(both, SUPPLEMENTARY_BOUND);
}

static void old_codes(struct walk *walk, const struct asn1_step *step,
                      PerRecipientReportTransferFields_t *fields, NonDeliveryReport_t *report)
{
  gint reason = (gint)CLAMP(report->non_delivery_reason_code, -1, G_MAXINT16),
       diagnostic = report->non_delivery_diagnostic_code
                        ? (gint)CLAMP(*report->non_delivery_diagnostic_code, -1, G_MAXINT16)
                        : REPORT_NO_DIAGNOSTIC;
  g_autoptr(GString) words = g_string_new(NULL);
  if (reason > REASON_LAST || reason < 0) {
    g_string_append(words, report_reason_words(reason));
    tell(walk, step, "reason %d became unable-to-transfer (X.419 annex B): 1984 has no such reason", reason);
    report->non_delivery_reason_code = NonDeliveryReasonCode_unable_to_transfer;
  }
  if (diagnostic > DIAGNOSTIC_LAST || (report->non_delivery_diagnostic_code && diagnostic < 0)) {
    g_string_append_printf(words, "%s%s", words->len ? ", " : "", report_diagnostic_words(diagnostic));
    tell(walk, step, "diagnostic %d was dropped (X.419 annex B): 1984 has no such diagnostic", diagnostic);
    DROP(NonDeliveryDiagnosticCode, report->non_delivery_diagnostic_code);
  }
  if (words->len)
    keep_reason(walk, fields, words->str);
}

static void report_recipient_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  PerRecipientReportTransferFields_t *fields = structure;
  drop_extensions(walk, step, &fields->extensions);
  keep_bits(walk, step, &fields->per_recipient_indicators, RECIPIENT_INDICATORS, "per-recipient-indicators");
  ReportType_t *type = &fields->last_trace_information.report_type;
  if (type->present == ReportType_PR_non_delivery)
    old_codes(walk, step, fields, &type->choice.non_delivery);
  if (fields->supplementary_information && fields->supplementary_information->size > SUPPLEMENTARY_BOUND) {
    g_autofree char *text = asn1_strndup(walk->downgrade->value, fields->supplementary_information, 1024);
    tell(walk, step, "supplementary-information was cut to %d characters (X.419 annex B)", SUPPLEMENTARY_BOUND);
    ASN_STRUCT_FREE(asn_DEF_SupplementaryInformation, fields->supplementary_information);
    fields->supplementary_information = x400_printable_new(text ? text : "", SUPPLEMENTARY_BOUND);
  }
}

/* public and private are all that 1984 has. */
static void delivery_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  DeliveryReport_t *report = structure;
  if (!report->type_of_MTS_user ||
      (*report->type_of_MTS_user >= 0 && *report->type_of_MTS_user <= TypeOfMTSUser_private))
    return;
  tell(walk, step, "type-of-MTS-user %ld was dropped (X.419 annex B)", *report->type_of_MTS_user);
  DROP(TypeOfMTSUser, report->type_of_MTS_user);
}

/* --- contents --- */

static void heading_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  drop_ipms_extensions(walk, step, &((Heading_t *)structure)->extensions);
}

static void recipient_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  RecipientSpecifier_t *recipient = structure;
  drop_ipms_extensions(walk, step, &recipient->recipient_extensions);
  keep_bits(walk, step, recipient->notification_requests, NOTIFICATION_REQUESTS, "notification-requests");
}

/* What X.411 (1984) has as mandatory and 1988 not: types and flags. */
static void delivery_envelope_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  OtherMessageDeliveryFields_t *envelope = structure;
  drop_extensions(walk, step, &envelope->extensions);
  if (envelope->content_identifier) {
    tell(walk, step, "content-identifier was dropped (X.419 annex B)");
    DROP(ContentIdentifier, envelope->content_identifier);
  }
  if (!envelope->original_encoded_information_types) {
    envelope->original_encoded_information_types = asn1_new_field(EncodedInformationTypes_t);
    x400_bits_put(&envelope->original_encoded_information_types->built_in_encoded_information_types,
                  1u << EIT_UNKNOWN_BIT, 1);
    walk->changed = true;
  }
  if (!envelope->delivery_flags) {
    envelope->delivery_flags = asn1_new_field(DeliveryFlags_t);
    x400_bits_put(envelope->delivery_flags, 0, 0);
    walk->changed = true;
  }
  if (envelope->content_type.present != DeliveredContentType_PR_built_in ||
      envelope->content_type.choice.built_in == BuiltInContentType_interpersonal_messaging_1988) {
    ASN_STRUCT_FREE_CONTENTS_ONLY(asn_DEF_DeliveredContentType, &envelope->content_type);
    memset(&envelope->content_type, 0, sizeof envelope->content_type);
    envelope->content_type.present = DeliveredContentType_PR_built_in;
    envelope->content_type.choice.built_in = BuiltInContentType_interpersonal_messaging_1984;
    walk->changed = true;
  }
}

static void notification_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  drop_ipms_extensions(walk, step, &((IPN_t *)structure)->notification_extensions);
}

static void non_receipt_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  NonReceiptFields_t *fields = structure;
  drop_ipms_extensions(walk, step, &fields->nrn_extensions);
  if (fields->discard_reason &&
      (*fields->discard_reason > DISCARD_REASON_LAST || *fields->discard_reason < 0)) {
    tell(walk, step, "discard-reason %ld was dropped (RFC 1328 5): 1984 has no such reason", *fields->discard_reason);
    DROP(DiscardReasonField, fields->discard_reason);
  }
}

static void receipt_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  drop_ipms_extensions(walk, step, &((ReceiptFields_t *)structure)->rn_extensions);
}

static void videotex_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  VideotexParameters_t *parameters = structure;
  if (!parameters->syntax)
    return;
  tell(walk, step, "syntax %ld was dropped (RFC 1328 6): videotex of 1984 has no parameters", *parameters->syntax);
  DROP(VideotexSyntax, parameters->syntax);
}

static void encrypted_rule(struct walk *walk, const struct asn1_step *step, void *structure)
{
  EncryptedParameters_t *parameters = structure;
  if (!parameters->algorithm_identifier && !parameters->originator_certificates)
    return;
  tell(walk, step, "the parameters of an encrypted body part were dropped (RFC 1328 6): 1984 has none");
  if (parameters->algorithm_identifier)
    DROP(AlgorithmIdentifier, parameters->algorithm_identifier);
  if (parameters->originator_certificates)
    DROP(ExtendedCertificates, parameters->originator_certificates);
}

/* --- the walk --- */

static const struct rule {
  const asn_TYPE_descriptor_t *type;
  void (*apply)(struct walk *walk, const struct asn1_step *step, void *structure);
} rules[] = {
    {&asn_DEF_ORName, name_rule},
    {&asn_DEF_ORDescriptor, descriptor_rule},
    {&asn_DEF_IPMIdentifier, identifier_rule},
    {&asn_DEF_EncodedInformationTypes, types_rule},
    {&asn_DEF_MessageTransferEnvelope, message_rule},
    {&asn_DEF_PerRecipientMessageTransferFields, message_recipient_rule},
    {&asn_DEF_ProbeTransferEnvelope, probe_rule},
    {&asn_DEF_PerRecipientProbeTransferFields, probe_recipient_rule},
    {&asn_DEF_DomainSuppliedInformation, trace_rule},
    {&asn_DEF_ReportTransferEnvelope, report_rule},
    {&asn_DEF_ReportTransferContent, report_content_rule},
    {&asn_DEF_PerRecipientReportTransferFields, report_recipient_rule},
    {&asn_DEF_DeliveryReport, delivery_rule},
    {&asn_DEF_Heading, heading_rule},
    {&asn_DEF_RecipientSpecifier, recipient_rule},
    {&asn_DEF_OtherMessageDeliveryFields, delivery_envelope_rule},
    {&asn_DEF_IPN, notification_rule},
    {&asn_DEF_NonReceiptFields, non_receipt_rule},
    {&asn_DEF_ReceiptFields, receipt_rule},
    {&asn_DEF_VideotexParameters, videotex_rule},
    {&asn_DEF_EncryptedParameters, encrypted_rule},
};

static bool apply_rule(const struct asn_TYPE_descriptor_s *type, void *structure,
                       const struct asn1_step *step, void *user)
{
  for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
    if (rules[i].type == type)
      rules[i].apply(user, step, structure);
  return true;
}

bool downgrade_value(struct downgrade *downgrade)
{
  struct walk walk = {.downgrade = downgrade};
  asn1_walk(downgrade->value, apply_rule, &walk);
  return walk.changed;
}

/* --- and back --- */

struct upgrade {
  struct mapping_context *context;
  struct asn1_value *value;
};

static bool upgrade_name(const struct asn_TYPE_descriptor_s *type, void *structure,
                         const struct asn1_step *step, void *user)
{
  (void)step;
  const struct upgrade *upgrade = user;
  ORName_t *name = structure;
  if (type != &asn_DEF_ORName || !name->built_in_domain_defined_attributes)
    return true;
  g_autoptr(or_address_t) address = or_address_from_asn1(upgrade->value, name, NULL);
  g_autoptr(or_address_t) new = address ? upgrade_address(upgrade->context->own, address) : NULL;
  if (new)
    replace(upgrade->value, name, new);
  return true;
}

void upgrade_value(struct mapping_context *context, struct asn1_value *value)
{
  struct upgrade upgrade = {context, value};
  asn1_walk(value, upgrade_name, &upgrade);
}
