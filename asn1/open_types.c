/* open_types.c: tables only. */
#include "asn1/open_types.h"

#include <ACSE-apdu.h>
#include <AbsenceAdvice.h>
#include <AuthorizationTime.h>
#include <AutoSubmitted.h>
#include <BodyPartSignatures.h>
#include <BodyPartTokens.h>
#include <CertificateSelectors.h>
#include <Certificates.h>
#include <ChangeOfAddressAdvice.h>
#include <CirculationList.h>
#include <CirculationListIndicator.h>
#include <CommonName.h>
#include <ContentCorrelator.h>
#include <ConversionWithLossProhibited.h>
#include <DLExemptedRecipients.h>
#include <DLExpansionHistory.h>
#include <DLExpansionProhibited.h>
#include <DistributionCodes.h>
#include <EncryptedParameters.h>
#include <ExtendedCertificates.h>
#include <ExtendedNetworkAddress.h>
#include <FileTransferData.h>
#include <FileTransferParameters.h>
#include <ForwardedContentParameters.h>
#include <ForwardedContentToken.h>
#include <G3FacsimileData.h>
#include <G3FacsimileParameters.h>
#include <GeneralTextData.h>
#include <GeneralTextParameters.h>
#include <IA5TextParameters.h>
#include <IPM.h>
#include <IPMSecurityLabel.h>
#include <IPN.h>
#include <IncompleteCopy.h>
#include <InformationCategories.h>
#include <InternalTraceInformation.h>
#include <IpnSecurityResponse.h>
#include <Languages.h>
#include <LatestDeliveryTime.h>
#include <MTS-APDU.h>
#include <ManualHandlingInstructions.h>
#include <MessageParameters.h>
#include <MilitaryAddressLists.h>
#include <MilitaryAuthorisation.h>
#include <MilitaryCodress.h>
#include <MilitaryDistributionCodes.h>
#include <MilitaryLabels.h>
#include <MilitaryMessageType.h>
#include <MilitaryOtherRecipients.h>
#include <MilitaryPilots.h>
#include <MilitaryPrecedence.h>
#include <MilitaryString.h>
#include <MilitaryStrings.h>
#include <MimeParameters.h>
#include <MultipartType-1495.h>
#include <MultipartType.h>
#include <ODABodyPart.h>
#include <ORAddress.h>
#include <ORDescriptors.h>
#include <OriginatorAndDLExpansionHistory.h>
#include <PDSName.h>
#include <PDSParameter.h>
#include <PartialMessage.h>
#include <PhysicalDeliveryCountryName.h>
#include <PhysicalDeliveryModes.h>
#include <PhysicalDeliveryReportRequest.h>
#include <PhysicalForwardingAddressRequest.h>
#include <PhysicalForwardingProhibited.h>
#include <PhysicalRenditionAttributes.h>
#include <PostalCode.h>
#include <Precedence.h>
#include <PrecedencePolicyIdentifier.h>
#include <ProofOfDeliveryRequest.h>
#include <ProofOfSubmissionRequest.h>
#include <RFC822FieldList.h>
#include <RTSE-apdus.h>
#include <RecipientNumberForAdvice.h>
#include <RecipientReassignmentProhibited.h>
#include <RecipientSecurityRequest.h>
#include <RecipientSpecifiers.h>
#include <RedirectionHistory.h>
#include <RegisteredMailType.h>
#include <ReportDeliveryArgument.h>
#include <ReportingMTAName.h>
#include <RequestedDeliveryMethod.h>
#include <SecurityLabel.h>
#include <Signature.h>
#include <TeletexCommonName.h>
#include <TeletexData.h>
#include <TeletexDomainDefinedAttributes.h>
#include <TeletexOrganizationName.h>
#include <TeletexOrganizationalUnitNames.h>
#include <TeletexParameters.h>
#include <TeletexPersonalName.h>
#include <TerminalType.h>
#include <Token.h>
#include <TraceInformation.h>
#include <UnformattedPostalAddress.h>
#include <UniversalDomainDefinedAttributes.h>
#include <UniversalOrBMPString.h>
#include <UniversalOrganizationalUnitNames.h>
#include <UniversalPersonalName.h>
#include <VideotexParameters.h>
#include <VoiceData.h>
#include <VoiceParameters.h>

#define OF(type) &asn_DEF_##type

static const asn_TYPE_descriptor_t *const extensions[] = {
    [1] = OF(RecipientReassignmentProhibited),
    [2] = OF(ORName),
    [3] = OF(DLExpansionProhibited),
    [4] = OF(ConversionWithLossProhibited),
    [5] = OF(LatestDeliveryTime),
    [6] = OF(RequestedDeliveryMethod),
    [7] = OF(PhysicalForwardingProhibited),
    [8] = OF(PhysicalForwardingAddressRequest),
    [9] = OF(PhysicalDeliveryModes),
    [10] = OF(RegisteredMailType),
    [11] = OF(RecipientNumberForAdvice),
    [12] = OF(PhysicalRenditionAttributes),
    [13] = OF(ORAddress),
    [14] = OF(PhysicalDeliveryReportRequest),
    [15] = OF(Certificates),
    [16] = OF(Token),
    [17] = OF(AlgorithmIdentifier),
    [18] = OF(Signature),
    [19] = OF(Signature),
    [20] = OF(SecurityLabel),
    [21] = OF(ProofOfSubmissionRequest),
    [22] = OF(ProofOfDeliveryRequest),
    [23] = OF(ContentCorrelator),
    [24] = OF(Signature),
    [25] = OF(RedirectionHistory),
    [26] = OF(DLExpansionHistory),
    [27] = OF(ORName),
    [28] = OF(Certificates),
    [29] = OF(Signature),
    [30] = OF(OriginatorAndDLExpansionHistory),
    [31] = OF(ORName),
    [32] = OF(Certificates),
    [33] = OF(Signature),
    [34] = OF(Certificates),
    [35] = OF(Signature),
    [37] = OF(TraceInformation),
    [38] = OF(InternalTraceInformation),
    [39] = OF(ReportingMTAName),
    [40] = OF(ExtendedCertificates),
    [41] = OF(RecipientSpecifiers),
    [42] = OF(DLExemptedRecipients),
    [43] = OF(BodyPartTokens),
    [44] = OF(ForwardedContentToken),
    [45] = OF(CertificateSelectors),
    [46] = OF(CertificateSelectors),
};

static const asn_TYPE_descriptor_t *const attributes[] = {
    [1] = OF(CommonName),
    [2] = OF(TeletexCommonName),
    [3] = OF(TeletexOrganizationName),
    [4] = OF(TeletexPersonalName),
    [5] = OF(TeletexOrganizationalUnitNames),
    [6] = OF(TeletexDomainDefinedAttributes),
    [7] = OF(PDSName),
    [8] = OF(PhysicalDeliveryCountryName),
    [9] = OF(PostalCode),
    [10] = OF(PDSParameter),
    [11] = OF(PDSParameter),
    [12] = OF(PDSParameter),
    [13] = OF(PDSParameter),
    [14] = OF(PDSParameter),
    [15] = OF(PDSParameter),
    [16] = OF(UnformattedPostalAddress),
    [17] = OF(PDSParameter),
    [18] = OF(PDSParameter),
    [19] = OF(PDSParameter),
    [20] = OF(PDSParameter),
    [21] = OF(PDSParameter),
    [22] = OF(ExtendedNetworkAddress),
    [23] = OF(TerminalType),
    [24] = OF(UniversalOrBMPString),
    [25] = OF(UniversalOrBMPString),
    [26] = OF(UniversalPersonalName),
    [27] = OF(UniversalOrganizationalUnitNames),
    [28] = OF(UniversalDomainDefinedAttributes),
    [29] = OF(UniversalOrBMPString),
    [30] = OF(UniversalOrBMPString),
    [31] = OF(UniversalOrBMPString),
    [32] = OF(UniversalOrBMPString),
    [33] = OF(UniversalOrBMPString),
    [34] = OF(UniversalOrBMPString),
    [35] = OF(UniversalOrBMPString),
    [36] = OF(UniversalOrBMPString),
    [37] = OF(UniversalOrBMPString),
    [38] = OF(UniversalOrBMPString),
    [39] = OF(UniversalOrBMPString),
    [40] = OF(UniversalOrBMPString),
};

static const asn_TYPE_descriptor_t *const by_oid[OID_COUNT] = {
    [OID_HEX_INCOMPLETE_COPY] = OF(IncompleteCopy),
    [OID_HEX_LANGUAGES] = OF(Languages),
    [OID_HEX_AUTO_SUBMITTED] = OF(AutoSubmitted),
    [OID_HEX_BODY_PART_SIGNATURES] = OF(BodyPartSignatures),
    [OID_HEX_IPM_SECURITY_LABEL] = OF(IPMSecurityLabel),
    [OID_HEX_AUTHORIZATION_TIME] = OF(AuthorizationTime),
    [OID_HEX_CIRCULATION_LIST_RECIPIENTS] = OF(CirculationList),
    [OID_HEX_DISTRIBUTION_CODES] = OF(DistributionCodes),
    [OID_HEX_EXTENDED_SUBJECT] = OF(UniversalOrBMPString),
    [OID_HEX_INFORMATION_CATEGORY] = OF(InformationCategories),
    [OID_HEX_MANUAL_HANDLING_INSTRUCTIONS] = OF(ManualHandlingInstructions),
    [OID_HEX_ORIGINATORS_REFERENCE] = OF(UniversalOrBMPString),
    [OID_HEX_PRECEDENCE_POLICY_ID] = OF(PrecedencePolicyIdentifier),
    [OID_MM_PRIMARY_PRECEDENCE] = OF(MilitaryPrecedence),
    [OID_MM_COPY_PRECEDENCE] = OF(MilitaryPrecedence),
    [OID_MM_MESSAGE_TYPE] = OF(MilitaryMessageType),
    [OID_MM_ADDRESS_LIST_INDICATOR] = OF(MilitaryAddressLists),
    [OID_MM_PILOT_FORWARDING_INFO] = OF(MilitaryPilots),
    [OID_MM_INFORMATION_LABELS] = OF(MilitaryLabels),
    [OID_MM_EXEMPTED_ADDRESS] = OF(ORDescriptors),
    [OID_MM_EXTENDED_AUTHORISATION_INFO] = OF(MilitaryAuthorisation),
    [OID_MM_DISTRIBUTION_CODES] = OF(MilitaryDistributionCodes),
    [OID_MM_HANDLING_INSTRUCTIONS] = OF(MilitaryStrings),
    [OID_MM_MESSAGE_INSTRUCTIONS] = OF(MilitaryStrings),
    [OID_MM_CODRESS_MESSAGE] = OF(MilitaryCodress),
    [OID_MM_ORIGINATOR_REFERENCE] = OF(MilitaryString),
    [OID_MM_OTHER_RECIPIENTS_INDICATOR] = OF(MilitaryOtherRecipients),
    [OID_MM_ACP127_MESSAGE_IDENTIFIER] = OF(MilitaryString),
    [OID_MM_ORIGINATOR_PLAD] = OF(MilitaryString),
    [OID_RFC_822_FIELD_LIST] = OF(RFC822FieldList),
    [OID_RFC_822_FIELD_LIST_1327] = OF(RFC822FieldList),
    [OID_RFC_822_FIELD_LIST_CUT] = OF(RFC822FieldList),
    [OID_HEX_PARTIAL_MESSAGE] = OF(PartialMessage),
    [OID_HEX_MULTIPART_MESSAGE] = OF(MultipartType_1495),
    [OID_HEX_MULTIPART_MESSAGE_V2] = OF(MultipartType),
    [OID_REX_CIRCULATION_LIST_INDICATOR] = OF(CirculationListIndicator),
    [OID_REX_PRECEDENCE] = OF(Precedence),
    [OID_SEC_IPM_SECURITY_REQUEST] = OF(RecipientSecurityRequest),
    [OID_SEC_SECURITY_COMMON_FIELDS] = OF(IpnSecurityResponse),
    [OID_ON_ABSENCE_ADVICE] = OF(AbsenceAdvice),
    [OID_ON_CHANGE_OF_ADDRESS_ADVICE] = OF(ChangeOfAddressAdvice),
    [OID_DSN_HEADER_LIST] = OF(RFC822FieldList),
    [OID_DSN_FIELD_LIST] = OF(RFC822FieldList),
    [OID_ET_IA5_TEXT] = OF(IA5String),
    [OID_ET_G3_FACSIMILE] = OF(G3FacsimileData),
    [OID_ET_G4_CLASS1] = OF(ODABodyPart),
    [OID_ET_TELETEX] = OF(TeletexData),
    [OID_ET_VIDEOTEX] = OF(VideotexString),
    [OID_ET_ENCRYPTED] = OF(BIT_STRING),
    [OID_ET_MESSAGE] = OF(IPM),
    [OID_ET_MIXED_MODE] = OF(ODABodyPart),
    [OID_ET_BILATERALLY_DEFINED] = OF(OCTET_STRING),
    [OID_ET_GENERAL_TEXT] = OF(GeneralTextData),
    [OID_ET_FILE_TRANSFER] = OF(FileTransferData),
    [OID_ET_REPORT] = OF(ReportDeliveryArgument),
    [OID_ET_NOTIFICATION] = OF(IPN),
    [OID_ET_VOICE] = OF(VoiceData),
    [OID_MIME_BP_DATA] = OF(OCTET_STRING),
    [OID_MIME_POSTSCRIPT_BODY] = OF(OCTET_STRING),
    [OID_MIME_JPEG_BODY] = OF(OCTET_STRING),
    [OID_MIME_GIF_BODY] = OF(OCTET_STRING),
    [OID_EDI_EDIFACT_ISO646] = OF(OCTET_STRING),
    [OID_EDI_EDIFACT_TELETEX] = OF(OCTET_STRING),
    [OID_EDI_EDIFACT_OCTET] = OF(OCTET_STRING),
    [OID_EDI_X12_ISO646] = OF(OCTET_STRING),
    [OID_EDI_X12_TELETEX] = OF(OCTET_STRING),
    [OID_EDI_X12_OCTET] = OF(OCTET_STRING),
    [OID_EDI_X12_EBCDIC] = OF(OCTET_STRING),
    [OID_EDI_UNTDI_ISO646] = OF(OCTET_STRING),
    [OID_EDI_UNTDI_TELETEX] = OF(OCTET_STRING),
    [OID_EDI_UNTDI_OCTET] = OF(OCTET_STRING),
    [OID_EDI_PRIVATE_OCTET] = OF(OCTET_STRING),
    [OID_EDI_UNDEFINED_OCTET] = OF(OCTET_STRING),
    [OID_EDI_EDIFACT_8859] = OF(OCTET_STRING),
    [OID_EP_IA5_TEXT] = OF(IA5TextParameters),
    [OID_EP_G3_FACSIMILE] = OF(G3FacsimileParameters),
    [OID_EP_TELETEX] = OF(TeletexParameters),
    [OID_EP_VIDEOTEX] = OF(VideotexParameters),
    [OID_EP_ENCRYPTED] = OF(EncryptedParameters),
    [OID_EP_MESSAGE] = OF(MessageParameters),
    [OID_EP_GENERAL_TEXT] = OF(GeneralTextParameters),
    [OID_EP_FILE_TRANSFER] = OF(FileTransferParameters),
    [OID_EP_NOTIFICATION] = OF(MessageParameters),
    [OID_EP_VOICE] = OF(VoiceParameters),
    [OID_EP_CONTENT] = OF(ForwardedContentParameters),
    [OID_MIME_BP_PARAMETERS] = OF(MimeParameters),
};

static const asn_TYPE_descriptor_t *const by_syntax[OID_COUNT] = {
    [OID_AS_ACSE] = OF(ACSE_apdu),
    [OID_AS_MTA_RTSE] = OF(RTSE_apdus),
    [OID_AS_MTSE] = OF(MTS_APDU),
};

static const asn_TYPE_descriptor_t *at(const asn_TYPE_descriptor_t *const *table, gsize size, long index)
{
  return index >= 0 && (gulong)index < size ? table[index] : NULL;
}

const struct asn_TYPE_descriptor_s *open_type_extension(long number)
{
  return at(extensions, G_N_ELEMENTS(extensions), number);
}

const struct asn_TYPE_descriptor_s *open_type_attribute(long number)
{
  return at(attributes, G_N_ELEMENTS(attributes), number);
}

const struct asn_TYPE_descriptor_s *open_type_oid(enum oid oid)
{
  return at(by_oid, G_N_ELEMENTS(by_oid), oid);
}

const struct asn_TYPE_descriptor_s *open_type_syntax(enum oid oid)
{
  return at(by_syntax, G_N_ELEMENTS(by_syntax), oid);
}
