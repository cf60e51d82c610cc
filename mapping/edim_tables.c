/* edim_tables.c - the elements of an EDI heading (X.435 8.2) and how they stand in fields. */
#include "mapping/edim.h"

#include <EDIApplicationSecurityElements.h>
#include <EDIAuthorizationInformation.h>
#include <EDIMCrossReferences.h>
#include <EDIMExtensions.h>
#include <EDIMHeading.h>
#include <EDIMIdentifiers.h>
#include <EDIMRecipient.h>
#include <EDIMRelatedMessages.h>
#include <EDINReceiver.h>
#include <EDINotificationRequestsField.h>
#include <EDIRecipientReference.h>
#include <EDISyntaxIdentifier.h>
#include <InterchangeParty.h>

#define ROWS(rows) rows, G_N_ELEMENTS(rows)

static const struct edi_element sender[] = {
    {"sender", EDI_STRING_IN, offsetof(struct InterchangeParty, identification), NULL},
    {"sender-qualifier", EDI_STRING, offsetof(struct InterchangeParty, identification_code_qualifier), NULL},
    {"sender-routing", EDI_STRING, offsetof(struct InterchangeParty, routing_address), NULL},
};
static const struct edi_table sender_table = {ROWS(sender), sizeof(struct InterchangeParty)};

static const struct edi_element receiver[] = {
    {"recipient", EDI_STRING_IN, offsetof(struct InterchangeParty, identification), NULL},
    {"recipient-qualifier", EDI_STRING, offsetof(struct InterchangeParty, identification_code_qualifier),
     NULL},
    {"recipient-routing", EDI_STRING, offsetof(struct InterchangeParty, routing_address), NULL},
};
static const struct edi_table receiver_table = {ROWS(receiver), sizeof(struct InterchangeParty)};

static const struct edi_element syntax[] = {
    {"syntax", EDI_STRING_IN, offsetof(struct EDISyntaxIdentifier, syntax_identifier), NULL},
    {"syntax-version", EDI_STRING_IN, offsetof(struct EDISyntaxIdentifier, syntax_version), NULL},
};
static const struct edi_table syntax_table = {ROWS(syntax), sizeof(struct EDISyntaxIdentifier)};

static const struct edi_element heading[] = {
    {"originator", EDI_NAME, offsetof(struct EDIMHeading, originator), NULL},
    {"body-part-type", EDI_OID, offsetof(struct EDIMHeading, edi_bodypart_type), NULL},
    {"responsibility-forwarded", EDI_FLAG, offsetof(struct EDIMHeading, responsibility_forwarded), NULL},
    {"incomplete-copy", EDI_FLAG, offsetof(struct EDIMHeading, incomplete_copy), NULL},
    {"expiry-time", EDI_STRING, offsetof(struct EDIMHeading, expiry_time), NULL},
    {"syntax", EDI_TABLE, offsetof(struct EDIMHeading, syntax_identifier), &syntax_table},
    {"sender", EDI_TABLE, offsetof(struct EDIMHeading, interchange_sender), &sender_table},
    {"prepared", EDI_STRING, offsetof(struct EDIMHeading, date_and_time_of_preparation), NULL},
    {"application-reference", EDI_STRING, offsetof(struct EDIMHeading, application_reference), NULL},
    {"service-string-advice", EDI_ENCODED, offsetof(struct EDIMHeading, service_string_advice),
     &asn_DEF_ServiceStringAdvice},
    {"edin-receiver", EDI_ENCODED, offsetof(struct EDIMHeading, edin_receiver), &asn_DEF_EDINReceiver},
    {"related-messages", EDI_ENCODED, offsetof(struct EDIMHeading, related_messages),
     &asn_DEF_EDIMRelatedMessages},
    {"obsoleted-edims", EDI_ENCODED, offsetof(struct EDIMHeading, obsoleted_EDIMs), &asn_DEF_EDIMIdentifiers},
    {"application-security", EDI_ENCODED, offsetof(struct EDIMHeading, edi_application_security_elements),
     &asn_DEF_EDIApplicationSecurityElements},
    {"cross-references", EDI_ENCODED, offsetof(struct EDIMHeading, cross_referencing_information),
     &asn_DEF_EDIMCrossReferences},
};
const struct edi_table edim_heading_table = {ROWS(heading), sizeof(struct EDIMHeading)};

static const char *const notifications[] = {"pn", "nn", "fn", NULL};
static const char *const securities[] = {"proof", "non-repudiation", NULL};

static const struct edi_element requests[] = {
    {"notify", EDI_BITS, offsetof(struct EDINotificationRequestsField, edi_notification_requests),
     notifications},
    {"notification-security", EDI_BITS,
     offsetof(struct EDINotificationRequestsField, edi_notification_security), securities},
    {"reception-security", EDI_BITS, offsetof(struct EDINotificationRequestsField, edi_reception_security),
     securities},
};
static const struct edi_table requests_table = {ROWS(requests), sizeof(struct EDINotificationRequestsField)};

static const struct edi_element reference[] = {
    {"reference", EDI_STRING_IN, offsetof(struct EDIRecipientReference, recipient_reference), NULL},
    {"reference-qualifier", EDI_STRING, offsetof(struct EDIRecipientReference, recipient_reference_qualifier),
     NULL},
};
static const struct edi_table reference_table = {ROWS(reference), sizeof(struct EDIRecipientReference)};

static const struct edi_element authorization[] = {
    {"authorization", EDI_STRING_IN, offsetof(struct EDIAuthorizationInformation, authorization_information),
     NULL},
    {"authorization-qualifier", EDI_STRING,
     offsetof(struct EDIAuthorizationInformation, authorization_information_qualifier), NULL},
};
static const struct edi_table authorization_table = {ROWS(authorization),
                                                     sizeof(struct EDIAuthorizationInformation)};

static const struct edi_element recipient[] = {
    {"address", EDI_NAME_IN, offsetof(struct EDIMRecipient, recipient), NULL},
    {"action", EDI_OID, offsetof(struct EDIMRecipient, action_request), NULL},
    {"notify", EDI_TABLE, offsetof(struct EDIMRecipient, edi_notification_requests_field), &requests_table},
    {"responsibility-passing", EDI_FLAG, offsetof(struct EDIMRecipient, responsibility_passing_allowed),
     NULL},
    {"recipient", EDI_TABLE, offsetof(struct EDIMRecipient, interchange_recipient), &receiver_table},
    {"reference", EDI_TABLE, offsetof(struct EDIMRecipient, recipient_reference), &reference_table},
    {"control-reference", EDI_STRING, offsetof(struct EDIMRecipient, interchange_control_reference), NULL},
    {"priority", EDI_STRING, offsetof(struct EDIMRecipient, processing_priority_code), NULL},
    {"acknowledgement", EDI_FLAG, offsetof(struct EDIMRecipient, acknowledgement_request), NULL},
    {"agreement", EDI_STRING, offsetof(struct EDIMRecipient, communications_agreement_id), NULL},
    {"test", EDI_FLAG, offsetof(struct EDIMRecipient, test_indicator), NULL},
    {"authorization", EDI_TABLE, offsetof(struct EDIMRecipient, authorization_information),
     &authorization_table},
    {"extensions", EDI_ENCODED, offsetof(struct EDIMRecipient, recipient_extensions),
     &asn_DEF_EDIMExtensions},
};
const struct edi_table edim_recipient_table = {ROWS(recipient), sizeof(struct EDIMRecipient)};
