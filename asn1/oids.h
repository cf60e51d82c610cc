/* oids.h - the object identifiers that gw400 knows: number, name and use, in one table.
 *
 * oid_find() tells which known one a received identifier is; oid_put() writes one into a structure.  Arcs may
 * be of any size: identifiers are compared and printed from their octets, and no arc is ever put into a
 * machine word (real ones do not fit 32 bits, interop note 16).
 *
 * X.400's own stand under joint-iso-itu-t(2) mhs(6): X.411 annex A, X.419 annex A, X.420 annex A, X.435 annex A; the layers'
 * under 2.1 to 2.4; the Internet's under 1.3.6.1.7.1 (RFC 2156 appendix D, RFC 2157 appendix B)
 * and 1.2.840.113549 (RFC 3855). */
#ifndef GW400_ASN1_OIDS_H
#define GW400_ASN1_OIDS_H

#include <glib.h>
#include <stdbool.h>

struct ASN__PRIMITIVE_TYPE_s; /* asn1c's OBJECT_IDENTIFIER_t */

enum oid_use {
  OID_USE_SYNTAX,          /* transfer and abstract syntaxes */
  OID_USE_CONTEXT,         /* application contexts */
  OID_USE_CONTENT,         /* content types */
  OID_USE_EIT,             /* encoded information types */
  OID_USE_BODY_DATA,       /* extended body parts: data */
  OID_USE_BODY_PARAMETERS, /* extended body parts: parameters */
  OID_USE_HEADING,         /* heading extensions */
  OID_USE_RECIPIENT,       /* recipient extensions */
  OID_USE_NOTIFICATION,    /* notification extensions and other notifications */
  OID_USE_MTS_EXTENSION,   /* private extensions of envelopes */
  OID_USE_FILE,            /* document types, abstract syntaxes and applications of files */
  OID_USE_OTHER
};

/* X(constant, dotted, name, use) */
#define OIDS(X)                                                                                              \
  X(BER, "2.1.1", "ber", SYNTAX)                                                                             \
  X(AS_ACSE, "2.2.1.0.1", "acse-as", SYNTAX)                                                                 \
  X(AS_RTSE, "2.3.2", "rtse-as", SYNTAX)                                                                     \
  X(AS_MSSE, "2.6.0.2.1", "id-as-msse", SYNTAX)                                                              \
  X(AS_MDSE_88, "2.6.0.2.2", "id-as-mdse-88", SYNTAX)                                                        \
  X(AS_MRSE_88, "2.6.0.2.5", "id-as-mrse-88", SYNTAX)                                                        \
  X(AS_MASE_88, "2.6.0.2.6", "id-as-mase-88", SYNTAX)                                                        \
  X(AS_MTSE, "2.6.0.2.7", "id-as-mtse", SYNTAX)                                                              \
  X(AS_MTS_RTSE, "2.6.0.2.8", "id-as-mts-rtse", SYNTAX)                                                      \
  X(AS_MS_88, "2.6.0.2.9", "id-as-ms-88", SYNTAX)                                                            \
  X(AS_MS_RTSE, "2.6.0.2.10", "id-as-ms-rtse", SYNTAX)                                                       \
  X(AS_MTS, "2.6.0.2.11", "id-as-mts", SYNTAX)                                                               \
  X(AS_MTA_RTSE, "2.6.0.2.12", "id-as-mta-rtse", SYNTAX)                                                     \
  X(AS_MS_MSSE, "2.6.0.2.13", "id-as-ms-msse", SYNTAX)                                                       \
  X(AS_MDSE_94, "2.6.0.2.14", "id-as-mdse-94", SYNTAX)                                                       \
  X(AS_MRSE_94, "2.6.0.2.15", "id-as-mrse-94", SYNTAX)                                                       \
  X(AS_MASE_94, "2.6.0.2.16", "id-as-mase-94", SYNTAX)                                                       \
  X(AS_MS_94, "2.6.0.2.17", "id-as-ms-94", SYNTAX)                                                           \
  X(AC_MTS_ACCESS_88, "2.6.0.1.0", "id-ac-mts-access-88", CONTEXT)                                           \
  X(AC_MTS_FORCED_ACCESS_88, "2.6.0.1.1", "id-ac-mts-forced-access-88", CONTEXT)                             \
  X(AC_MTS_RELIABLE_ACCESS_88, "2.6.0.1.2", "id-ac-mts-reliable-access-88", CONTEXT)                         \
  X(AC_MTS_FORCED_RELIABLE_ACCESS_88, "2.6.0.1.3", "id-ac-mts-forced-reliable-access-88", CONTEXT)           \
  X(AC_MS_ACCESS_88, "2.6.0.1.4", "id-ac-ms-access-88", CONTEXT)                                             \
  X(AC_MS_RELIABLE_ACCESS_88, "2.6.0.1.5", "id-ac-ms-reliable-access-88", CONTEXT)                           \
  X(AC_MTS_TRANSFER, "2.6.0.1.6", "id-ac-mts-transfer", CONTEXT)                                             \
  X(AC_MTS_ACCESS_94, "2.6.0.1.7", "id-ac-mts-access-94", CONTEXT)                                           \
  X(AC_MTS_FORCED_ACCESS_94, "2.6.0.1.8", "id-ac-mts-forced-access-94", CONTEXT)                             \
  X(AC_MTS_RELIABLE_ACCESS_94, "2.6.0.1.9", "id-ac-mts-reliable-access-94", CONTEXT)                         \
  X(AC_MTS_FORCED_RELIABLE_ACCESS_94, "2.6.0.1.10", "id-ac-mts-forced-reliable-access-94", CONTEXT)          \
  X(AC_MS_ACCESS_94, "2.6.0.1.11", "id-ac-ms-access-94", CONTEXT)                                            \
  X(AC_MS_RELIABLE_ACCESS_94, "2.6.0.1.12", "id-ac-ms-reliable-access-94", CONTEXT)                          \
  X(MCT_P2_1984, "2.6.1.10.0", "id-mct-p2-1984", CONTENT)                                                    \
  X(MCT_P2_1988, "2.6.1.10.1", "id-mct-p2-1988", CONTENT)                                                    \
  X(MCT_PEDI, "2.6.7.10.0", "id-mct-pedi", CONTENT)                                                          \
  X(MCT_MM_88, "1.3.26.0.4406.0.4.1", "id-nato-mmhs-cont-mm88", CONTENT)                                     \
  X(CONT_UNIDENTIFIED, "2.6.3.3.0", "id-cont-unidentified", CONTENT)                                         \
  X(CONT_INNER_ENVELOPE, "2.6.3.3.1", "id-cont-inner-envelope", CONTENT)                                     \
  X(CT_CONTENT_INFO, "1.2.840.113549.1.9.16.1.6", "id-ct-contentInfo", CONTENT)                              \
  X(DATA, "1.2.840.113549.1.7.1", "id-data", CONTENT)                                                        \
  X(EIT_UNKNOWN, "2.6.3.4.0", "id-eit-unknown", EIT)                                                         \
  X(EIT_IA5_TEXT, "2.6.3.4.2", "id-eit-ia5-text", EIT)                                                       \
  X(EIT_G3_FACSIMILE, "2.6.3.4.3", "id-eit-g3-facsimile", EIT)                                               \
  X(EIT_G4_CLASS_1, "2.6.3.4.4", "id-eit-g4-class-1", EIT)                                                   \
  X(EIT_TELETEX, "2.6.3.4.5", "id-eit-teletex", EIT)                                                         \
  X(EIT_VIDEOTEX, "2.6.3.4.6", "id-eit-videotex", EIT)                                                       \
  X(EIT_VOICE_84, "2.6.3.4.7", "id-eit-voice (X.411)", EIT)                                                  \
  X(EIT_SFD, "2.6.3.4.8", "id-eit-sfd", EIT)                                                                 \
  X(EIT_MIXED_MODE, "2.6.3.4.9", "id-eit-mixed-mode", EIT)                                                   \
  X(EIT_FILE_TRANSFER, "2.6.1.12.0", "id-eit-file-transfer", EIT)                                            \
  X(EIT_VOICE, "2.6.1.12.1", "id-eit-voice", EIT)                                                            \
  X(VOICE_11KHZ_SAMPLE, "2.6.1.12.1.0", "id-voice-11khz-sample", EIT)                                        \
  X(VOICE_22KHZ_SAMPLE, "2.6.1.12.1.1", "id-voice-22khz-sample", EIT)                                        \
  X(VOICE_CD_QUALITY, "2.6.1.12.1.2", "id-voice-cd-quality", EIT)                                            \
  X(VOICE_G711_MU_LAW, "2.6.1.12.1.3", "id-voice-g711-mu-law", EIT)                                          \
  X(VOICE_G726_32K_ADPCM, "2.6.1.12.1.4", "id-voice-g726-32k-adpcm", EIT)                                    \
  X(VOICE_G728_16K_LD_CELP, "2.6.1.12.1.5", "id-voice-g728-16k-ld-celp", EIT)                                \
  X(CS_EIT, "1.0.10021.7.1.0", "id-cs-eit-authority",                                                        \
    EIT) /* followed by a character set's registration number */                                             \
  X(EIT_MIXER, "1.3.6.1.7.1.3.5", "eit-mixer", EIT)                                                          \
  X(EIT_ENVELOPED_DATA, "1.2.840.113549.1.9.16.10.1", "id-eit-envelopedData", EIT)                           \
  X(EIT_SIGNED_DATA, "1.2.840.113549.1.9.16.10.2", "id-eit-signedData", EIT)                                 \
  X(EIT_CERTS_ONLY, "1.2.840.113549.1.9.16.10.3", "id-eit-certsOnly", EIT)                                   \
  X(EIT_SIGNED_RECEIPT, "1.2.840.113549.1.9.16.10.4", "id-eit-signedReceipt", EIT)                           \
  X(EIT_ENVELOPED_X400, "1.2.840.113549.1.9.16.10.5", "id-eit-envelopedX400", EIT)                           \
  X(EIT_SIGNED_X400, "1.2.840.113549.1.9.16.10.6", "id-eit-signedX400", EIT)                                 \
  X(EIT_COMPRESSED_DATA, "1.2.840.113549.1.9.16.10.7", "id-eit-compressedData", EIT)                         \
  X(ET_IA5_TEXT, "2.6.1.4.0", "id-et-ia5-text", BODY_DATA)                                                   \
  X(ET_G3_FACSIMILE, "2.6.1.4.2", "id-et-g3-facsimile", BODY_DATA)                                           \
  X(ET_G4_CLASS1, "2.6.1.4.3", "id-et-g4-class1", BODY_DATA)                                                 \
  X(ET_TELETEX, "2.6.1.4.4", "id-et-teletex", BODY_DATA)                                                     \
  X(ET_VIDEOTEX, "2.6.1.4.5", "id-et-videotex", BODY_DATA)                                                   \
  X(ET_ENCRYPTED, "2.6.1.4.6", "id-et-encrypted", BODY_DATA)                                                 \
  X(ET_MESSAGE, "2.6.1.4.7", "id-et-message", BODY_DATA)                                                     \
  X(ET_MIXED_MODE, "2.6.1.4.8", "id-et-mixed-mode", BODY_DATA)                                               \
  X(ET_BILATERALLY_DEFINED, "2.6.1.4.9", "id-et-bilaterally-defined", BODY_DATA)                             \
  X(ET_NATIONALLY_DEFINED, "2.6.1.4.10", "id-et-nationally-defined", BODY_DATA)                              \
  X(ET_GENERAL_TEXT, "2.6.1.4.11", "id-et-general-text", BODY_DATA)                                          \
  X(ET_FILE_TRANSFER, "2.6.1.4.12", "id-et-file-transfer", BODY_DATA)                                        \
  X(ET_REPORT, "2.6.1.4.14", "id-et-report", BODY_DATA)                                                      \
  X(ET_NOTIFICATION, "2.6.1.4.15", "id-et-notification", BODY_DATA)                                          \
  X(ET_VOICE, "2.6.1.4.16", "id-et-voice", BODY_DATA)                                                        \
  X(ET_CONTENT, "2.6.1.4.17", "id-et-content", BODY_DATA) /* followed by the arcs of a content type */       \
  X(ET_PKCS7, "2.6.1.4.18", "id-et-pkcs7", BODY_DATA)                                                        \
  X(ET_ODA, "2.8.1.0.1", "id-et-oda", BODY_DATA)                                                             \
  X(MIME_BP_DATA, "1.3.6.1.7.1.2.1.1", "id-mime-bp-data", BODY_DATA)                                         \
  X(MIME_POSTSCRIPT_BODY, "1.3.6.1.7.1.2.1.2", "id-mime-postscript-body", BODY_DATA)                         \
  X(MIME_JPEG_BODY, "1.3.6.1.7.1.2.1.3", "id-mime-jpeg-body", BODY_DATA)                                     \
  X(MIME_GIF_BODY, "1.3.6.1.7.1.2.1.4", "id-mime-gif-body", BODY_DATA)                                       \
  X(EDI_EDIFACT_ISO646, "2.6.7.11.0", "id-bp-edifact-ISO646", BODY_DATA)                                     \
  X(EDI_EDIFACT_TELETEX, "2.6.7.11.1", "id-bp-edifact-TeletexString", BODY_DATA)                             \
  X(EDI_EDIFACT_OCTET, "2.6.7.11.2", "id-bp-edifact-octet", BODY_DATA)                                       \
  X(EDI_X12_ISO646, "2.6.7.11.3", "id-bp-ansiX12-ISO646", BODY_DATA)                                         \
  X(EDI_X12_TELETEX, "2.6.7.11.4", "id-bp-ansiX12-TeletexString", BODY_DATA)                                 \
  X(EDI_X12_OCTET, "2.6.7.11.5", "id-bp-ansiX12-octet", BODY_DATA)                                           \
  X(EDI_X12_EBCDIC, "2.6.7.11.6", "id-bp-ansiX12-ebcdic", BODY_DATA)                                         \
  X(EDI_UNTDI_ISO646, "2.6.7.11.7", "id-bp-untdi-ISO646", BODY_DATA)                                         \
  X(EDI_UNTDI_TELETEX, "2.6.7.11.8", "id-bp-untdi-TeletexString", BODY_DATA)                                 \
  X(EDI_UNTDI_OCTET, "2.6.7.11.9", "id-bp-untdi-octet", BODY_DATA)                                           \
  X(EDI_PRIVATE_OCTET, "2.6.7.11.10", "id-bp-private-octet", BODY_DATA)                                      \
  X(EDI_UNDEFINED_OCTET, "2.6.7.11.11", "id-bp-undefined-octet", BODY_DATA)                                  \
  X(EDI_EDIFACT_8859, "2.6.7.11.12", "id-bp-edifact-8859", BODY_DATA)                                        \
  X(EP_IA5_TEXT, "2.6.1.11.0", "id-ep-ia5-text", BODY_PARAMETERS)                                            \
  X(EP_G3_FACSIMILE, "2.6.1.11.2", "id-ep-g3-facsimile", BODY_PARAMETERS)                                    \
  X(EP_TELETEX, "2.6.1.11.4", "id-ep-teletex", BODY_PARAMETERS)                                              \
  X(EP_VIDEOTEX, "2.6.1.11.5", "id-ep-videotex", BODY_PARAMETERS)                                            \
  X(EP_ENCRYPTED, "2.6.1.11.6", "id-ep-encrypted", BODY_PARAMETERS)                                          \
  X(EP_MESSAGE, "2.6.1.11.7", "id-ep-message", BODY_PARAMETERS)                                              \
  X(EP_GENERAL_TEXT, "2.6.1.11.11", "id-ep-general-text", BODY_PARAMETERS)                                   \
  X(EP_FILE_TRANSFER, "2.6.1.11.12", "id-ep-file-transfer", BODY_PARAMETERS)                                 \
  X(EP_NOTIFICATION, "2.6.1.11.15", "id-ep-notification", BODY_PARAMETERS)                                   \
  X(EP_VOICE, "2.6.1.11.16", "id-ep-voice", BODY_PARAMETERS)                                                 \
  X(EP_CONTENT, "2.6.1.11.17", "id-ep-content",                                                              \
    BODY_PARAMETERS) /* followed by the arcs of a content type */                                            \
  X(MIME_BP_PARAMETERS, "1.3.6.1.7.1.2.2.1", "id-mime-bp-parameters", BODY_PARAMETERS)                       \
  X(HEX_INCOMPLETE_COPY, "2.6.1.5.0", "id-hex-incomplete-copy", HEADING)                                     \
  X(HEX_LANGUAGES, "2.6.1.5.1", "id-hex-languages", HEADING)                                                 \
  X(HEX_AUTO_SUBMITTED, "2.6.1.5.2", "id-hex-auto-submitted", HEADING)                                       \
  X(HEX_BODY_PART_SIGNATURES, "2.6.1.5.3", "id-hex-body-part-signatures", HEADING)                           \
  X(HEX_IPM_SECURITY_LABEL, "2.6.1.5.4", "id-hex-ipm-security-label", HEADING)                               \
  X(HEX_AUTHORIZATION_TIME, "2.6.1.5.5", "id-hex-authorization-time", HEADING)                               \
  X(HEX_CIRCULATION_LIST_RECIPIENTS, "2.6.1.5.6", "id-hex-circulation-list-recipients", HEADING)             \
  X(HEX_DISTRIBUTION_CODES, "2.6.1.5.7", "id-hex-distribution-codes", HEADING)                               \
  X(HEX_EXTENDED_SUBJECT, "2.6.1.5.8", "id-hex-extended-subject", HEADING)                                   \
  X(HEX_INFORMATION_CATEGORY, "2.6.1.5.9", "id-hex-information-category", HEADING)                           \
  X(HEX_MANUAL_HANDLING_INSTRUCTIONS, "2.6.1.5.10", "id-hex-manual-handling-instructions", HEADING)          \
  X(HEX_ORIGINATORS_REFERENCE, "2.6.1.5.11", "id-hex-originators-reference", HEADING)                        \
  X(HEX_PRECEDENCE_POLICY_ID, "2.6.1.5.12", "id-hex-precedence-policy-id", HEADING)                          \
  X(MM_PRIMARY_PRECEDENCE, "1.3.26.0.4406.0.2.0", "id-nato-mmhs-mm-primary-precedence", HEADING)             \
  X(MM_COPY_PRECEDENCE, "1.3.26.0.4406.0.2.1", "id-nato-mmhs-mm-copy-precedence", HEADING)                   \
  X(MM_MESSAGE_TYPE, "1.3.26.0.4406.0.2.2", "id-nato-mmhs-mm-message-type", HEADING)                         \
  X(MM_ADDRESS_LIST_INDICATOR, "1.3.26.0.4406.0.2.3", "id-nato-mmhs-mm-address-list-indicator", HEADING)     \
  X(MM_EXEMPTED_ADDRESS, "1.3.26.0.4406.0.2.4", "id-nato-mmhs-mm-exempted-address", HEADING)                 \
  X(MM_EXTENDED_AUTHORISATION_INFO, "1.3.26.0.4406.0.2.5", "id-nato-mmhs-mm-extended-authorisation-info",    \
    HEADING)                                                                                                 \
  X(MM_DISTRIBUTION_CODES, "1.3.26.0.4406.0.2.6", "id-nato-mmhs-mm-distribution-codes", HEADING)             \
  X(MM_HANDLING_INSTRUCTIONS, "1.3.26.0.4406.0.2.7", "id-nato-mmhs-mm-handling-instructions", HEADING)       \
  X(MM_MESSAGE_INSTRUCTIONS, "1.3.26.0.4406.0.2.8", "id-nato-mmhs-mm-message-instructions", HEADING)         \
  X(MM_CODRESS_MESSAGE, "1.3.26.0.4406.0.2.9", "id-nato-mmhs-mm-codress-message", HEADING)                   \
  X(MM_ORIGINATOR_REFERENCE, "1.3.26.0.4406.0.2.10", "id-nato-mmhs-mm-originator-reference", HEADING)        \
  X(MM_OTHER_RECIPIENTS_INDICATOR, "1.3.26.0.4406.0.2.11", "id-nato-mmhs-mm-other-recipients-indicator",     \
    HEADING)                                                                                                 \
  X(MM_PILOT_FORWARDING_INFO, "1.3.26.0.4406.0.2.12", "id-nato-mmhs-mm-pilot-forwarding-info", HEADING)      \
  X(MM_ACP127_MESSAGE_IDENTIFIER, "1.3.26.0.4406.0.2.13", "id-nato-mmhs-mm-acp127-message-identifier",       \
    HEADING)                                                                                                 \
  X(MM_ORIGINATOR_PLAD, "1.3.26.0.4406.0.2.14", "id-nato-mmhs-mm-originator-plad", HEADING)                  \
  X(MM_INFORMATION_LABELS, "1.3.26.0.4406.0.2.17", "id-nato-mmhs-mm-information-labels", HEADING)            \
  X(RFC_822_FIELD_LIST, "1.3.6.1.7.1.3.2", "id-rfc-822-field-list", HEADING)                                 \
  X(RFC_822_FIELD_LIST_1327, "0.9.2342.234219200300.200.1", "id-rfc-822-field-list (RFC 1327)", HEADING)     \
  X(RFC_822_FIELD_LIST_CUT, "0.9.2342.2147483647.200.1", "id-rfc-822-field-list (RFC 1327, cut to 31 bits)", \
    HEADING)                                                                                                 \
  X(HEX_PARTIAL_MESSAGE, "1.3.6.1.7.1.1.1", "id-hex-partial-message", HEADING)                               \
  X(HEX_MULTIPART_MESSAGE, "1.3.6.1.7.1.1.2", "id-hex-multipart-message", HEADING)                           \
  X(HEX_MULTIPART_MESSAGE_V2, "1.3.6.1.7.1.1.3", "id-hex-multipart-message-v2", HEADING)                     \
  X(REX_CIRCULATION_LIST_INDICATOR, "2.6.1.20.0", "id-rex-circulation-list-indicator", RECIPIENT)            \
  X(REX_PRECEDENCE, "2.6.1.20.1", "id-rex-precedence", RECIPIENT)                                            \
  X(SEC_IPM_SECURITY_REQUEST, "2.6.1.18.0", "id-sec-ipm-security-request", RECIPIENT)                        \
  X(SEC_SECURITY_COMMON_FIELDS, "2.6.1.18.1", "id-sec-security-common-fields", NOTIFICATION)                 \
  X(ON_ABSENCE_ADVICE, "2.6.1.19.0", "id-on-absence-advice", NOTIFICATION)                                   \
  X(ON_CHANGE_OF_ADDRESS_ADVICE, "2.6.1.19.1", "id-on-change-of-address-advice", NOTIFICATION)               \
  X(DSN_HEADER_LIST, "1.3.6.1.7.1.3.3", "id-dsn-header-list", MTS_EXTENSION)                                 \
  X(DSN_FIELD_LIST, "1.3.6.1.7.1.3.4", "id-dsn-field-list", MTS_EXTENSION)                                   \
  X(FILE_TEXT, "1.0.8571.5.1", "unstructured-text", FILE)                                                    \
  X(FILE_BINARY, "1.0.8571.5.3", "unstructured-binary", FILE)                                                \
  X(FILE_AS_TEXT, "1.0.8571.2.3", "unstructured-text-as", FILE)                                              \
  X(FILE_AS_BINARY, "1.0.8571.2.4", "unstructured-binary-as", FILE)                                          \
  X(MIME_FTBP_DATA, "1.3.6.1.7.1.2.1.5", "id-mime-ftbp-data", FILE)                                          \
  X(EMA_UNKNOWN_ATTACHMENT, "2.16.840.1.113694.2.2.1.1", "ema-unknown-attachment", FILE)                     \
  X(EMA_UNKNOWN_ATTACHMENT_DRAFT, "1.2.840.1.113694.2.2.1.1", "ema-unknown-attachment (draft)", FILE)        \
  X(EDI_FOR_ACTION, "2.6.7.13.0", "id-for-action", OTHER)                                                    \
  X(EDI_FOR_COPY, "2.6.7.13.1", "id-for-copy", OTHER)                                                        \
  X(TOK_ASYMMETRIC_TOKEN, "2.6.3.6.0", "id-tok-asymmetricToken", OTHER)                                      \
  X(ATT_PHYSICAL_RENDITION_BASIC, "2.6.3.5.0", "id-att-physicalRendition-basic", OTHER)                      \
  X(ATT_PHYSICAL_RENDITION_NO_COVER_PAGE, "2.6.3.5.1", "id-att-physicalRendition-no-cover-page", OTHER)

#define OID_CONSTANT(constant, dotted, name, use) OID_##constant,
enum oid { OID_UNKNOWN, OIDS(OID_CONSTANT) OID_COUNT };
#undef OID_CONSTANT

/* Of a known one; NULL for OID_UNKNOWN. */
const char *oid_dotted(enum oid oid);
const char *oid_name(enum oid oid);
enum oid_use oid_use(enum oid oid); /* OID_USE_OTHER for OID_UNKNOWN */

/* Which one the contents octets of an OBJECT IDENTIFIER are; OID_UNKNOWN when none, or not well formed. */
enum oid oid_find(const void *octets, gsize length);
/* The known one of which the identifier is a true extension (id-et-content, id-cs-eit-authority); the arcs
 * that follow are appended to rest_r, dotted, when it is given. */
enum oid oid_find_prefix(const void *octets, gsize length, GString *rest_r);
enum oid oid_from_name(const char *name);

/* Contents octets to "2.6.1.4.11" and back; false when they are not well formed (X.690 8.19), out is left as
 * it was. */
bool oid_to_dotted(const void *octets, gsize length, GString *out);
bool oid_from_dotted(const char *dotted, GByteArray *out);

/* For asn1c's fields.  oid_put() replaces what the field held. */
enum oid oid_get(const struct ASN__PRIMITIVE_TYPE_s *field);
void oid_put(struct ASN__PRIMITIVE_TYPE_s *field, enum oid oid);
bool oid_put_dotted(struct ASN__PRIMITIVE_TYPE_s *field, const char *dotted);

#endif
