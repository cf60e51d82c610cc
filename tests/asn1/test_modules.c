/* test_modules.c: the modules against encodings written by hand, and against what real MTAs sent.
 *
 * Every row is a value as we write it, its tags taken from the standard: definite lengths, and SETs in the
 * order of their members' tags, or of their definition when one of them is an untagged CHOICE.  Decoding it
 * and encoding the result must give the same octets; a tag, a tag mode or an order that the module had wrong
 * cannot pass. */
#include "asn1/codec.h"
#include "asn1/open_types.h"
#include "lib/notation.h"

#include <ACSE-apdu.h>
#include <Abort-type.h>
#include <CP-type.h>
#include <CPA-PPDU.h>
#include <CPR-PPDU.h>
#include <EDIInformationObject.h>
#include <External.h>
#include <FileTransferParameters.h>
#include <InformationObject.h>
#include <MTABindPDU.h>
#include <MTS-APDU.h>
#include <ORName.h>
#include <PerDomainBilateralInformation.h>
#include <RTSE-apdus.h>
#include <User-data.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct row {
  const asn_TYPE_descriptor_t *type;
  const char *what;
  const char *notation;
};

static void check_round_trip(const struct row *row)
{
  g_autoptr(GByteArray) octets = notation_octets(row->notation);
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value = asn1_decode_mem(row->type, octets->data, octets->len, NULL, &error);
  ck_assert_msg(value != NULL, "%s: %s", row->what, error ? error->message : "");
  g_autoptr(GBytes) back = asn1_encode_bytes(value, &error);
  ck_assert_msg(back != NULL, "%s: %s", row->what, error ? error->message : "");
  gsize length;
  const guint8 *data = g_bytes_get_data(back, &length);
  g_autofree char *expected = notation_hex(octets->data, octets->len);
  g_autofree char *got = notation_hex(data, length);
  ck_assert_msg(!strcmp(expected, got), "%s:\n  %s comes back as\n  %s", row->what, expected, got);
}

#define NAME "61{13'GB'} 62{13' '} a2{13'PPTEST'} 83'Smtp' a5{80'jb'}"
#define GDI "63{61{13'GB'} 62{13' '} 13'PPTEST'}"
#define MTS_ID "64{" GDI "16'id 1'}"
#define TRACE "69{30{" GDI "31{80'2611231800Z' 82<00>}}}"
#define OR_NAME "60{30{" NAME "}}"
#define INNER_NAME "30{" NAME "}" /* under an IMPLICIT tag */

static const struct row addresses[] = {
    {&asn_DEF_ORName, "standard attributes", OR_NAME},
    {&asn_DEF_ORName, "every standard attribute",
     "60{30{61{12'234'} 62{12'1234'} 80'1234567' 81'tid' a2{12'99'} 83'Org' 84'007'"
     "a5{80'Sur' 81'Given' 82'I' 83'Jr'} a6{13'OU1' 13'OU2'}}}"},
    {&asn_DEF_ORName, "domain defined attributes, extension attributes, directory name",
     "60{30{} 30{30{13'RFC-822' 13'a(a)b.c'}} 31{30{80<01> a1{13'Common'}} 30{80<16> a1{a0{a3{31{04<01>}}}}}}"
     "a0{30{31{30{06<550403> 13'x'}}}}}"},
    {&asn_DEF_PerDomainBilateralInformation, "private domain: tags replace those of the names",
     "30{61{13'GB'} 30{a0{13' '} a1{13'P'}} 04<0102>}"},
    {&asn_DEF_PerDomainBilateralInformation, "administration domain", "30{61{13'GB'} 62{13'ADMD'} 02<07>}"},
};

struct numbered {
  long number;
  const char *notation;
};

static const struct numbered attributes[] = {
    {1, "13'Common Name'"},                                          /* common-name */
    {2, "14'Common'"},                                               /* teletex-common-name */
    {3, "14'Org'"},                                                  /* teletex-organization-name */
    {4, "31{80'Sur' 81'Given' 82'I' 83'Jr'}"},                       /* teletex-personal-name */
    {5, "30{14'OU1' 14'OU2'}"},                                      /* teletex-organizational-unit-names */
    {6, "30{30{14'type' 14'value'}}"},                               /* teletex-domain-defined-attributes */
    {7, "13'PDS'"},                                                  /* pds-name */
    {8, "13'DE'"},                                                   /* physical-delivery-country-name */
    {9, "12'12345'"},                                                /* postal-code */
    {10, "31{13'Office' 14'Office'}"},                               /* physical-delivery-office-name */
    {11, "31{13'1'}"},                                               /* physical-delivery-office-number */
    {12, "31{14'x'}"},                                               /* extension-OR-address-components */
    {16, "31{30{13'Line 1' 13'Line 2'} 14'Line'}"},                  /* unformatted-postal-address */
    {21, "31{}"},                                                    /* local-postal-attributes */
    {22, "30{80'4989' 81'12'}"},                                     /* extended-network-address */
    {22, "a0{a0{04<01>} a1{04<02>} a2{04<03>} a3{31{04<470005>}}}"}, /* psap-address */
    {23, "02<07>"},                                                  /* terminal-type */
    {24, "31{1e<0041> 13'de'}"},                                     /* universal-common-name */
    {25, "31{1c<00000041>}"},                                        /* universal-organization-name */
    {26, "31{a0{1e<0041>} a1{1e<0042>}}"},                           /* universal-personal-name */
    {27, "30{31{1e<0041>}}"},                                        /* universal-organizational-unit-names */
    {28, "30{30{31{1e<0041>} 31{1e<0042>}}}"},                       /* universal-domain-defined-attributes */
    {40, "31{1e<0041>}"},                                            /* universal-local-postal-attributes */
};

#define RECIPIENT "31{" OR_NAME "80<01> 81<0308> 82<08> a3{30{80<01> 81<0520> a2{0a<01>}}}}"
#define CONTENT "04'content'"

static const struct row transfer[] = {
    {&asn_DEF_MTS_APDU, "message: smallest",
     "a0{31{" MTS_ID OR_NAME "46<16>" TRACE "a2{31{" OR_NAME "80<01> 81<0308>}}}" CONTENT "}"},
    {&asn_DEF_MTS_APDU, "message: every field of the envelope",
     "a0{31{" MTS_ID OR_NAME
     "65{80<0520> 81<0000 40> a2{80'x' 81'y' 82<01> 83'z' 84<02>} a3{04<01>} a4{06<520403>}}"
     "46<16> 4a'id' 47<02> 48<0430> 80'2611231800Z' a1{30{61{13'GB'} 62{13' '} 05<>}}" TRACE
     "a3{30{80<17> a2{16'Subject: x'}} 30{83<2a0304> 81<05a0> a2{05<>}}} a2{" RECIPIENT "}}" CONTENT "}"},
    {&asn_DEF_MTS_APDU, "message: extended content type",
     "a0{31{" MTS_ID OR_NAME "06<56010a01>" TRACE "a2{31{" OR_NAME "80<7fff> 81<0308>}}}" CONTENT "}"},
    {&asn_DEF_MTS_APDU, "probe",
     "a2{" MTS_ID OR_NAME "46<16> 80<0400>" TRACE "a3{30{80<03> a2{0a<01>}}} a2{31{" OR_NAME
     "80<01> 81<0308>}}}"},
    {&asn_DEF_MTS_APDU, "report: delivered and not delivered, content returned",
     "a1{31{" OR_NAME MTS_ID TRACE "a1{30{80<1e> a2{30{30{" OR_NAME "17'2611231800Z'} 30{" OR_NAME
     "17'2611231801Z'}}}}}}"
     "31{" MTS_ID TRACE "65{80<0520>} 46<16> 4a'id' 81'content' a2{04<00>} a3{30{80<17> a2{04<ff>}}}"
     "a0{31{a0{" INNER_NAME "} 81<01> 82<0308> a3{80'2611231800Z' a1{a0{80'2611231802Z' 81<01>}}}}"
     "31{a0{" INNER_NAME "} 81<02> 82<0308> a3{65{80<0520>} 80'2611231800Z' a1{a1{80<01> 81<00>}}}"
     "a4{" INNER_NAME "} 85'why' a6{30{80<19> a2{30{30{30{" OR_NAME "17'2611231800Z'} 0a<01>}}}}}}}}}"},
};

static const struct numbered extensions[] = {
    {1, "0a<01>"},
    {2, OR_NAME},
    {3, "0a<01>"},
    {4, "0a<01>"},
    {5, "17'261123180000Z'"},
    {6, "30{02<01> 02<02>}"},
    {7, "0a<01>"},
    {8, "0a<01>"},
    {9, "03<0540>"},
    {10, "02<02>"},
    {11, "14'123'"},
    {12, "06<56030500>"},
    {13, "30{30{" NAME "}}"}, /* an O/R address, not a name */
    {14, "02<03>"},
    {15, "30{30{02<01>} 30{}}"},
    {16, "30{80<56030600> a1{30{}}}"},
    {17, "30{06<2a03> 05<>}"},
    {18, "30{30{06<2a03>} 03<0001>}"},
    {19, "30{30{06<2a03> 05<>} 03<0001>}"},
    {20, "31{02<03> 06<2a03> 31{30{80<2a03> a1{02<01>}}} 13'mark'}"},
    {21, "0a<01>"},
    {22, "0a<01>"},
    {23, "16'Subject: x'"},
    {23, "04<00ff>"},
    {24, "30{30{06<2a03>} 03<0001>}"},
    {25, "30{30{30{" OR_NAME "17'261123180000Z'} 0a<04>}}"},
    {26, "30{30{" OR_NAME "17'261123180000Z'}}"},
    {27, OR_NAME},
    {28, "30{30{}}"},
    {29, "30{30{06<2a03>} 03<0001>}"},
    {30, "30{30{" OR_NAME "17'261123180000Z'} 30{" OR_NAME "17'261123180001Z'}}"},
    {31, OR_NAME},
    {32, "30{30{}}"},
    {33, "30{30{06<2a03>} 03<0001>}"},
    {34, "30{30{}}"},
    {35, "30{30{06<2a03>} 03<0001>}"},
    {37, TRACE},
    {38,
     "30{30{" GDI "16'mta' 31{80'261123180000Z' 82<01> 16'tried' 81'261123180001Z' 65{80<0520>} 83<0640>}}}"},
    {38, "30{30{" GDI "16'mta' 31{80'261123180000Z' 82<00> " GDI "}}}"},
    {39, "30{" GDI "16'mta' a0{30{31{30{06<550403> 13'x'}}}}}"},
    {40, "31{a0{30{}} a1{30{}}}"},
    {41, "30{31{a0{80'free'} 81<0640> 82<ff>}}"},
    {42, "31{" OR_NAME "}"},
    {43, "31{31{02<01> 31{03<0001> 30{06<2a03>} a1{30{}}}} 31{02<02> a0{31{02<01> a0{}}}}}"},
    {44, "31{31{02<01> 30{80<2a03> a1{05<>}}}}"},
    {45, "31{a0{80<01>} a4{}}"},
    {46, "31{a1{} a2{} a3{}}"},
};

static const struct row binds[] = {
    {&asn_DEF_MTABindArgument, "no authentication", "05<>"},
    {&asn_DEF_MTABindArgument, "password as IA5String", "a1{80'alpha' a1{16'secret'}}"},
    {&asn_DEF_MTABindArgument, "password as OCTET STRING", "a1{80'alpha' a1{04'secret'} a2{31{02<01>}}}"},
    {&asn_DEF_MTABindArgument, "strong credentials",
     "a1{80'alpha' a1{a0{a0{80<56030600> a1{30{}}} a1{30{02<01>} 30{}} a2{80<01>}}}}"},
    {&asn_DEF_MTABindPDU, "argument in normal mode", "b0{a1{80'alpha' a1{16'secret'}}}"},
    {&asn_DEF_MTABindPDU, "result", "b1{a1{80'beta' a1{16''}}}"},
    {&asn_DEF_MTABindPDU, "result without authentication", "b1{05<>}"},
    {&asn_DEF_MTABindPDU, "error", "b2{02<02>}"},
};

#define DESCRIPTOR "60{30{" NAME "}} 80'Free Form' 81'+49 89'"

static const struct row messages[] = {
    {&asn_DEF_InformationObject, "every field of the heading",
     "a0{31{6b{13'this' 60{30{}}} a0{" DESCRIPTOR "} a1{31{" DESCRIPTOR "}} a2{31{a0{80'x'} 81<0640> 82<ff>"
     "a3{30{06<56011401> 02<01>}}}} a3{31{a0{81'1'}}} a4{} a5{13'replied'} a6{6b{13'old'}} a7{6b{13'rel'}}"
     "a8{14'Subject'} 89'261123180000Z' 8a'261123180000Z' ab{31{80'y'}} 8c<02> 8d<03> 8e<ff>"
     "af{30{06<56010500>} 30{06<56010502> 0a<01>}}} 30{}}"},
    {&asn_DEF_InformationObject, "the basic body parts",
     "a0{31{6b{13'i'}} 30{a0{31{80<05>} 16'ia5'} a2{31{} 03<0001>} a3{31{80<01> 81<000040>} 30{03<0001> "
     "03<0002>}}"
     "a4{a2{}} a5{31{80<01> 81<ff> a2{80'x'}} 30{14'page 1' 14'page 2'}} a6{31{80<01>} 15'v'} a7{04<00>}"
     "a8{31{30{06<2a03>} 31{}} 03<0001>} a9{31{80'261123180000Z'} 30{31{6b{13'f'}} 30{a0{31{} 16'inner'}}}}"
     "ab{a2{}} 8e'bilateral' af{a0{06<56010b0b> a0{31{02<01> 02<06>}}} 28{06<5601040b> a0{1b'text'}}}}}"},
    {&asn_DEF_InformationObject, "forwarded with its delivery envelope",
     "a0{31{6b{13'i'}} 30{a9{31{80'261123180000Z' a1{80<16> " OR_NAME
     "a1{80<0520>} 47<02> 82<0640> a3{" OR_NAME "} a4{" INNER_NAME "} a5{" INNER_NAME
     "} a6{80<0520>} 87'261123180000Z' 88'cid' a9{}}} 30{31{6b{13'f'}} 30{}}}}}"},
    {&asn_DEF_InformationObject, "externally defined, octet aligned, no parameters",
     "a0{31{6b{13'i'}} 30{af{28{06<2b0601070102 0103> 81'jpeg'}}}}"},
    {&asn_DEF_InformationObject, "receipt notification",
     "a1{65{80<0520>} 6b{13'i'} a0{a1{80'261123180000Z' 81<01> 82'supplementary' a3{}}} a1{80'o'} a2{80'r'} "
     "a3{}}"},
    {&asn_DEF_InformationObject, "non-receipt notification with the message",
     "a1{6b{13'i'} a0{a0{80<00> 81<01> 82'forwarded' a3{31{6b{13'i'}} 30{}} a4{}}}}"},
    {&asn_DEF_InformationObject, "other notification", "a1{6b{13'i'} a0{a2{30{06<56011300> 30{}}}}}"},
};

struct identified {
  enum oid oid;
  const char *notation;
};

static const struct identified values[] = {
    {OID_HEX_INCOMPLETE_COPY, "05<>"},
    {OID_HEX_LANGUAGES, "31{13'de' 13'en'}"},
    {OID_HEX_AUTO_SUBMITTED, "0a<02>"},
    {OID_HEX_BODY_PART_SIGNATURES, "31{31{02<01> 30{30{06<2a03>} 03<0001>} a0{a1{30{}}} a1{80<01>}}}"},
    {OID_HEX_IPM_SECURITY_LABEL, "30{a0{02<03>} a1{06<2a03>} a2{80<> a1{13'x'}}}"},
    {OID_HEX_AUTHORIZATION_TIME, "18'20261123180000.5+0100'"},
    {OID_HEX_CIRCULATION_LIST_RECIPIENTS, "30{31{31{a0{80'a'}} 05<>} 31{31{a0{80'b'}} 18'20261123180000Z'}}"},
    {OID_HEX_DISTRIBUTION_CODES, "30{30{06<2a03> 31{1e<0041>} a0{80'x'}}}"},
    {OID_HEX_EXTENDED_SUBJECT, "31{1e<0041>}"},
    {OID_HEX_INFORMATION_CATEGORY, "30{30{80<2a03> a1{1e<0041>}}}"},
    {OID_HEX_MANUAL_HANDLING_INSTRUCTIONS, "30{31{1e<0041>}}"},
    {OID_HEX_ORIGINATORS_REFERENCE, "31{1e<0041>}"},
    {OID_HEX_PRECEDENCE_POLICY_ID, "06<2a03>"},
    {OID_REX_CIRCULATION_LIST_INDICATOR, "05<>"},
    {OID_REX_PRECEDENCE, "02<7f>"},
    {OID_SEC_IPM_SECURITY_REQUEST, "03<0580>"},
    {OID_SEC_SECURITY_COMMON_FIELDS, "31{31{a0{30{06<2a03>} 03<0001>} a2{80<2a03> a1{05<>}}} 02<01>}"},
    {OID_SEC_SECURITY_COMMON_FIELDS, "31{04'content'}"},
    {OID_ON_ABSENCE_ADVICE, "30{a0{31{} 16'away'} 17'261123180000Z'}"},
    {OID_ON_CHANGE_OF_ADDRESS_ADVICE, "30{a0{60{30{}}} 81'261123180000Z'}"},
    {OID_RFC_822_FIELD_LIST, "30{16'X-Field: 1' 16'Comments: 2'}"},
    {OID_DSN_FIELD_LIST, "30{16'Reporting-MTA: dns; x'}"},
    {OID_HEX_PARTIAL_MESSAGE, "30{02<01> 02<02> 16'id'}"},
    {OID_HEX_MULTIPART_MESSAGE, "0a<02>"},
    {OID_HEX_MULTIPART_MESSAGE_V2, "30{16'digest' 01<00>}"},
    {OID_MIME_BP_PARAMETERS, "30{16'text/x' 30{30{16'charset' 16'utf-8'}} 30{16'X: y'}}"},
    {OID_EP_VOICE, "30{80<0a> 81<56010c0103> 82'note'}"},
    {OID_EP_GENERAL_TEXT, "31{02<01> 02<06> 02<64>}"},
    {OID_ET_GENERAL_TEXT, "1b<e4>"},
    {OID_ET_REPORT, "31{" MTS_ID "a1{} 30{31{a0{" INNER_NAME "} a1{a0{80'261123180000Z'}}}} 80'returned'}"},
    {OID_ET_NOTIFICATION, "31{6b{13'i'} a0{a1{80'261123180000Z'}}}"},
    {OID_EDI_EDIFACT_ISO646, "04'UNB+'"},
    {OID_EDI_X12_OCTET, "04'ISA*'"},
    {OID_EP_CONTENT,
     "31{80'261123180000Z' a2{" GDI "16'id'} a3{31{" OR_NAME "46<16> a1{31{" OR_NAME "80<0308>}}}"
     "a0{30{06<2a03>} 03<0001>} a1{30{}}}}"},
    {OID_EP_FILE_TRANSFER,
     "30{a0{30{a0{a0{a0{19'dir' 19'file'}} 81'1'} 80<02>} 30{a1{80'app' a1{a0{30{}} 81'urid'} 82<03>} "
     "81'like'}}"
     "a1{a0{06<28c27b0503> a0{30{}}}} a2{a0{80<2a03>} a1{a1{19'machine'}} 82<2a04> a3{19'visible'}}"
     "a3{80<2a03> a1{05<>}}"
     "a4{a0{19'report.doc'} 81<03f800> a3{19'account'} a4{81'20261123180000Z'} a5{80<>} "
     "a6{81'20261123180000Z'}"
     "a7{81'20261123180000Z'} a8{19'me'} a9{80<>} aa{19'you'} ab{19'all'} ac{81<00>} ad{81<0400>} ae{80<>}"
     "af{a1{30{80<0780> a1{80<0780> 81<0780> 82<0780> 83<0780> 84<0780> 85<0780> 86<0780> 87<0780>} 82'who'"
     "a3{a0{19'p'} a1{04'p'} a2{19'p'} a3{19'p'} a4{19'p'} a5{19'p'} a6{19'p'} a7{19'p'} a8{19'p' 04'q'} "
     "a9{19'p'}}"
     "a4{06<2a03> 02<01>}}}} b0{81'legal'} b1{a2{06<2a03> a0{05<>}}} b6{30{80<2a03> a1{30{30{06<2a04> "
     "02<01>}}}}}}"
     "a5{30{06<2a03> 05<>}}}"},
    {OID_ET_FILE_TRANSFER,
     "30{28{06<28c27b0204> a0{04'data'}} 28{06<28c27b0204> 81'data'} 28{02<01> 82<0080>}}"},
};

#define BIND "a1{80'alpha' a1{16'secret'}}"

static const struct row layers[] = {
    {&asn_DEF_RTSE_apdus, "RTORQ: the bind at a3 a0 b0 a1", "b0{80<3f> 82<00> a3{a0{b0{" BIND "}}}}"},
    {&asn_DEF_RTSE_apdus, "RTORQ: recovery", "b0{a3{a1{04'ref' 17'261123180000Z' 80'more'}}}"},
    {&asn_DEF_RTSE_apdus, "RTOAC", "b1{80<01> 81<03> a2{a0{b1{" BIND "}}}}"},
    {&asn_DEF_RTSE_apdus, "RTORJ", "b2{a1{b2{02<02>}}}"},
    {&asn_DEF_RTSE_apdus, "RTTP", "02<01>"},
    {&asn_DEF_RTSE_apdus, "RTTR", "04'part of an APDU'"},
    {&asn_DEF_RTSE_apdus, "RTAB", "b6{80<01> 81<0040>}"},
    {&asn_DEF_RTSE_apdus, "RTAB with user data", "b6{80<06> a2{05<>}}"},
    {&asn_DEF_ACSE_apdu, "AARQ",
     "60{80<0780> a1{06<56000106>} a2{06<2a03>} a3{02<05>} a4{02<01>} a6{30{31{30{06<550403> 13'x'}}}}"
     "a7{31{30{06<550403> 13'x'}}} 8a<0780> 8b<2a03> ac{80'pw'} 9d'impl' be{28{06<5101> 02<03> "
     "a0{b0{a3{a0{05<>}}}}}}}"},
    {&asn_DEF_ACSE_apdu, "AARE",
     "61{a1{06<56000106>} a2{02<00>} a3{a1{02<00>}} a4{13'ap'} be{28{02<03> a0{b1{}}}}}"},
    {&asn_DEF_ACSE_apdu, "AARE refusing", "61{a1{06<56000106>} a2{02<01>} a3{a2{02<02>}}}"},
    {&asn_DEF_ACSE_apdu, "RLRQ", "62{80<00>}"},
    {&asn_DEF_ACSE_apdu, "RLRE", "63{80<1e> be{28{02<03> 81'x'}}}"},
    {&asn_DEF_ACSE_apdu, "ABRT", "64{80<01> 81<02>}"},
    {&asn_DEF_CP_type, "CP in normal mode",
     "31{a0{80<01>} a2{80<0780> 81'calling' 82'called' a4{30{02<01> 06<52010001> 30{06<5101>}}} "
     "a6{80<52010001> 81<5101>}"
     "88<0640> 89<060240> 61{30{02<01> a0{60{a1{06<56000106>}}}}}}}"},
    {&asn_DEF_CP_type, "CP in X.410 mode", "31{a0{80<00>} a1{80<3f> 81<03> 82<00> a3{a0{" BIND "}} 84<0c>}}"},
    {&asn_DEF_CPA_PPDU, "CPA in normal mode",
     "31{a0{80<01>} a2{83'resp' a5{30{80<00> 81<5101>} 30{80<02> 82<01>}} 61{30{02<01> a0{61{}}}}}}"},
    {&asn_DEF_CPA_PPDU, "CPA in X.410 mode", "31{a0{80<00>} a1{81<03> a2{a0{a1{80'beta' a1{16''}}}}}}"},
    {&asn_DEF_CPR_PPDU, "CPR in normal mode", "30{a5{30{80<00> 81<5101>}} 8a<01> 61{30{02<01> a0{61{}}}}}"},
    {&asn_DEF_CPR_PPDU, "CPR in X.410 mode", "31{80<02>}"},
    {&asn_DEF_Abort_type, "ARU in normal mode", "a0{a0{30{02<01> 06<5101>}} 61{30{02<01> a0{64{80<00>}}}}}"},
    {&asn_DEF_Abort_type, "ARU in X.410 mode", "31{80<04>}"},
    {&asn_DEF_Abort_type, "ARP", "30{80<02> 81<07>}"},
    {&asn_DEF_User_data, "fully encoded",
     "61{30{02<03> a0{04'RTTR'}} 30{06<5101> 02<05> 81'octets'} 30{02<05> 82<0080>}}"},
    {&asn_DEF_User_data, "simply encoded", "40'octets'"},
    {&asn_DEF_External, "an APDU in its context", "28{02<05> a0{a0{31{}}}}"},
};

/* X.435: an EDIM identifier's members, and the common fields of a notification; an O/R name under an IMPLICIT tag has
 * lost its own. */
#define EDI_NAME(tag) tag "{30{" NAME "}}"
#define EDIM_ID(local) EDI_NAME("a0") " 81'" local "'"
#define EDIN_COMMON "a0{a1{" EDIM_ID("S1") "} " EDI_NAME("a2") " 84'2611231800Z' 86<01>}"

static const struct row edi[] = {
    {&asn_DEF_EDIInformationObject, "EDIM: smallest", "a0{30{a1{" EDIM_ID("M1") "}} 30{80'UNB+UNOA:1'}}"},
    {&asn_DEF_EDIInformationObject, "EDIM: every field of the heading",
     "a0{30{a1{" EDIM_ID("M1") "} " EDI_NAME("a2") " a3{30{" EDI_NAME("a1") " 82<56070d01> "
     "a3{80<05e0> 81<0640> 82<0780>} 84<ff> a5{80'5412345000013' 81'14' 82'route'} a6{80'ref' 81'AA'} 87'ICR1' 88'A' "
     "89<ff> 8a'agreement' 8b<ff> ac{80'auth' 81'00'} ad{30{80<2a03> 81<ff> a2{05<>}}}}} "
     "a4{" EDI_NAME("a0") " a1{" EDIM_ID("O1") "} " EDI_NAME("a2") "} 85<ff> 86<56070b02> 87<ff> 88'261123180000Z' "
     "a9{a0{" EDIM_ID("R1") "} 81<2a03>} aa{31{" EDIM_ID("B1") "}} ab{80<0780> 81<ff> a2{30{80<2a03>}}} "
     "ac{30{80'x' a1{" EDIM_ID("C1") "} 82<01>}} ad{14'INVOIC'} ae{80':' 81'+' 82'.' 83'?' 84' ' 85<27>} "
     "af{14'UNOA' 13'1'} b0{80'4012345500004' 81'14' 82'back'} 91'2611231800Z' 92'APREF' b3{30{80<2a04> a2{02<01>}}}} "
     "30{80'UNB' 30{30{80<01> a1{28{06<56010400> a0{16'text'}}}}}}}"},
    {&asn_DEF_EDIInformationObject, "EDIM: forwarded, its interchange removed",
     "a0{30{a1{" EDIM_ID("F1") "}} 30{a1{a0{80'2611231800Z' 82'other'} a1{30{a1{" EDIM_ID("M1") "}} 30{80<> "
     "30{a0{a1{28{06<56010400> a0{16'text'}}}} 81<2a03>}}}}}}"},
    {&asn_DEF_EDIInformationObject, "EDIM: forwarded whole",
     "a0{30{a1{" EDIM_ID("F1") "}} 30{a1{a1{30{a1{" EDIM_ID("M1") "}} 30{a1{80'UNB'}}}}}}"},
    {&asn_DEF_EDIInformationObject, "PN", "a1{a0{" EDIN_COMMON " 81'taken' a2{30{80<2a03>}}}}"},
    {&asn_DEF_EDIInformationObject, "PN: every common field",
     "a1{a0{a0{a1{" EDIM_ID("S1") "} " EDI_NAME("a2") " " EDI_NAME("a3") " 84'2611231800Z' "
     "a5{80'content' a1{30{06<2a03>} 03<0001>} a2{81<00>} a3{30{80<2a03>}}} 86<02> a7{30{80<2a04>}}}}}"},
    {&asn_DEF_EDIInformationObject, "NN", "a1{a1{" EDIN_COMMON " a1{a0{80<05> 81<0e>}} 82'loop'}}"},
    {&asn_DEF_EDIInformationObject, "NN of a user", "a1{a1{" EDIN_COMMON " a1{a1{80<01>}}}}"},
    {&asn_DEF_EDIInformationObject, "NN of physical delivery", "a1{a1{" EDIN_COMMON " a1{a2{80<01> 81<02>}}}}"},
    {&asn_DEF_EDIInformationObject, "FN",
     "a1{a2{" EDIN_COMMON " " EDI_NAME("a1") " a2{a0{80<04> 81<01>}} 83'on' a4{30{80<2a03>}}}}"},
    {&asn_DEF_EDIInformationObject, "FN of a user", "a1{a2{" EDIN_COMMON " " EDI_NAME("a1") " a2{a1{80<01>}}}}"},
};

static const struct {
  const struct row *rows;
  gsize count;
} tables[] = {
    {addresses, G_N_ELEMENTS(addresses)}, {transfer, G_N_ELEMENTS(transfer)}, {binds, G_N_ELEMENTS(binds)},
    {messages, G_N_ELEMENTS(messages)},   {layers, G_N_ELEMENTS(layers)},     {edi, G_N_ELEMENTS(edi)},
};

static gsize row_count(void)
{
  gsize count = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
    count += tables[i].count;
  return count;
}

START_TEST(hand_written_pdus)
{
  gsize i = (gsize)_i, table = 0;
  while (i >= tables[table].count)
    i -= tables[table++].count;
  check_round_trip(&tables[table].rows[i]);
}
END_TEST

static void check_numbered(const struct numbered *value, const asn_TYPE_descriptor_t *type, const char *what)
{
  g_autofree char *name = g_strdup_printf("%s %ld", what, value->number);
  ck_assert_msg(type != NULL, "%s: no type", name);
  check_round_trip(&(struct row){type, name, value->notation});
}

START_TEST(extension_attributes)
{
  check_numbered(&attributes[_i], open_type_attribute(attributes[_i].number), "extension attribute");
}
END_TEST

START_TEST(mts_extensions)
{
  check_numbered(&extensions[_i], open_type_extension(extensions[_i].number), "standard extension");
}
END_TEST

START_TEST(identified_values)
{
  const asn_TYPE_descriptor_t *type = open_type_oid(values[_i].oid);
  ck_assert_msg(type != NULL, "%s: no type", oid_name(values[_i].oid));
  check_round_trip(&(struct row){type, oid_name(values[_i].oid), values[_i].notation});
}
END_TEST

/* Real octets: decoded whole, down to the contents, and encoded in the canonical form that an independent
 * program made. */
static const struct {
  const char *file;
  const char *canonical;
  const asn_TYPE_descriptor_t *type;
} vectors[] = {
    {"real-mta/p1-1984.ber", "real-mta/p1-1984.canonical.ber", &asn_DEF_MTS_APDU},
    {"real-mta/p1-1988-x410.ber", "real-mta/p1-1988-x410.canonical.ber", &asn_DEF_MTS_APDU},
    {"real-mta/p1-1988-normal-external.ber", "real-mta/p1-1988-normal.canonical.ber", &asn_DEF_External},
};

static GBytes *read_vector(const char *name)
{
  g_autofree char *path = g_build_filename("tests/vectors", name, NULL);
  char *data;
  gsize length;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(g_file_get_contents(path, &data, &length, &error), "%s", error ? error->message : "");
  return g_bytes_new_take(data, length);
}

static struct asn1_value *decode_octets(const asn_TYPE_descriptor_t *type, struct octets *octets)
{
  g_autoptr(GError) error = NULL;
  struct asn1_value *value = asn1_decode(type, octets, NULL, &error);
  ck_assert_msg(value != NULL, "%s: %s", type->name, error ? error->message : "");
  return value;
}

START_TEST(real_vectors)
{
  g_autoptr(GBytes) bytes = read_vector(vectors[_i].file);
  g_autoptr(octets_t) octets = octets_new_bytes(bytes);
  g_autoptr(asn1_value_t) outer = NULL;
  if (vectors[_i].type == &asn_DEF_External) { /* interop note 1 */
    outer = decode_octets(&asn_DEF_External, octets);
    External_t *external = asn1_value_get(outer);
    ck_assert_int_eq(*external->indirect_reference, 5);
    ck_assert_int_eq(external->encoding.present, External__encoding_PR_single_ASN1_type);
    g_clear_pointer(&octets, octets_unref);
    octets = asn1_octets(outer, &external->encoding.choice.single_ASN1_type);
  }
  g_autoptr(asn1_value_t) value = decode_octets(&asn_DEF_MTS_APDU, octets);

  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) back = asn1_encode_bytes(value, &error);
  ck_assert_msg(back != NULL, "%s", error ? error->message : "");
  g_autoptr(GBytes) canonical = read_vector(vectors[_i].canonical);
  ck_assert(g_bytes_equal(back, canonical));

  MTS_APDU_t *apdu = asn1_value_get(value);
  ck_assert_int_eq(apdu->present, MTS_APDU_PR_message);
  Message_t *message = &apdu->choice.message;
  for (int i = 0; message->envelope.extensions && i < message->envelope.extensions->list.count; i++) {
    ExtensionField_t *field = message->envelope.extensions->list.array[i];
    ck_assert_int_eq(field->type.present, ExtensionType_PR_standard_extension);
    g_autoptr(octets_t) inner = asn1_octets(value, field->value);
    g_autoptr(asn1_value_t) extension =
        decode_octets(open_type_extension(field->type.choice.standard_extension), inner);
    ck_assert_ptr_nonnull(extension);
  }
  g_autoptr(octets_t) content = asn1_octets(value, &message->content);
  g_autoptr(asn1_value_t) information = decode_octets(&asn_DEF_InformationObject, content);
  InformationObject_t *object = asn1_value_get(information);
  ck_assert_int_eq(object->present, InformationObject_PR_ipm);
  ck_assert_int_ge(object->choice.ipm.body->list.count, 1);
}
END_TEST

/* The association of 2005: what stands in the SPDUs' user data, by the octets that begin it. */
static const struct {
  const char *begins;
  const asn_TYPE_descriptor_t *type;
} ping[] = {
    {"3180a003800101a280a433", &asn_DEF_CP_type},
    {"317da003800101a276a51b", &asn_DEF_CPA_PPDU},
    {"610c300a020101a0056203800100", &asn_DEF_User_data},
};

/* Follows presentation user data into ACSE and RTSE down to the bind. */
static void follow_bind(const User_data_t *data, struct asn1_value *value, const char *mta)
{
  ck_assert_int_eq(data->present, User_data_PR_fully_encoded_data);
  PDV_list_t *pdv = data->choice.fully_encoded_data.list.array[0];
  g_autoptr(octets_t) acse_octets =
      asn1_octets(value, &pdv->presentation_data_values.choice.single_ASN1_type);
  g_autoptr(asn1_value_t) acse = decode_octets(&asn_DEF_ACSE_apdu, acse_octets);
  ACSE_apdu_t *apdu = asn1_value_get(acse);
  Association_information_t *information = NULL;
  if (apdu->present == ACSE_apdu_PR_aarq) {
    ck_assert_int_eq(oid_get(&apdu->choice.aarq.application_context_name), OID_AC_MTS_TRANSFER);
    information = apdu->choice.aarq.user_information;
  } else if (apdu->present == ACSE_apdu_PR_aare) {
    information = apdu->choice.aare.user_information;
  }
  if (!mta)
    return;
  External_t *external = information->list.array[0];
  g_autoptr(octets_t) rtse_octets = asn1_octets(acse, &external->encoding.choice.single_ASN1_type);
  g_autoptr(asn1_value_t) rtse = decode_octets(&asn_DEF_RTSE_apdus, rtse_octets);
  RTSE_apdus_t *open = asn1_value_get(rtse);
  ConnectionData_t *connection = open->present == RTSE_apdus_PR_rtorq_apdu
                                     ? &open->choice.rtorq_apdu.connectionDataRQ
                                     : &open->choice.rtoac_apdu.connectionDataAC;
  g_autoptr(octets_t) bind_octets = asn1_octets(rtse, &connection->choice.open);
  g_autoptr(asn1_value_t) bind = decode_octets(&asn_DEF_MTABindPDU, bind_octets);
  MTABindPDU_t *pdu = asn1_value_get(bind);
  OCTET_STRING_t *name = pdu->present == MTABindPDU_PR_bind_argument
                             ? &pdu->choice.bind_argument.choice.authenticated.initiator_name
                             : &pdu->choice.bind_result.choice.authenticated.responder_name;
  g_autofree char *text = asn1_strndup(bind, name, 64);
  ck_assert_str_eq(text, mta);
}

START_TEST(ping_of_2005)
{
  g_autoptr(GBytes) bytes = read_vector("x400-ping-2005.txt");
  g_autoptr(GString) hex = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(g_bytes_get_data(bytes, NULL), "\n", -1);
  for (guint i = 0; lines[i]; i++)
    g_string_append(hex, lines[i][0] == '#' ? "|" : lines[i]);
  const char *at = strstr(hex->str, ping[_i].begins);
  ck_assert_msg(at != NULL, "%s is not in the vector", ping[_i].begins);
  g_autofree char *whole = g_strndup(at, strcspn(at, "|\r"));
  gsize length = strlen(whole) / 2;
  g_autofree guint8 *data = g_malloc(length);
  for (gsize i = 0; i < length; i++)
    data[i] = (guint8)(g_ascii_xdigit_value(whole[2 * i]) << 4 | g_ascii_xdigit_value(whole[2 * i + 1]));
  g_autoptr(octets_t) octets = octets_new(data, length);
  g_autoptr(asn1_value_t) value = decode_octets(ping[_i].type, octets);
  if (ping[_i].type == &asn_DEF_CP_type) {
    CP_type_t *cp = asn1_value_get(value);
    ck_assert_int_eq(cp->normal_mode_parameters->presentation_context_definition_list->list.count, 3);
    follow_bind(cp->normal_mode_parameters->user_data, value, "percival.smhs.co.uk");
  } else if (ping[_i].type == &asn_DEF_CPA_PPDU) {
    CPA_PPDU_t *cpa = asn1_value_get(value);
    follow_bind(cpa->normal_mode_parameters->user_data, value, "guinevere.smhs.co.uk");
  } else {
    follow_bind(asn1_value_get(value), value, NULL);
  }
}
END_TEST

/* What peers send that is not canonical, and what it comes to. */
static const struct {
  const asn_TYPE_descriptor_t *type;
  const char *what;
  const char *received;
  const char *canonical;
} tolerated[] = {
    {&asn_DEF_ExtensionField, "extension type with an EXPLICIT tag (interop note 7)",
     "30{a0{02<17>} a2{16'x'}}", "30{80<17> a2{16'x'}}"},
    {&asn_DEF_MTABindArgument, "a SET in another order, indefinite", "~a1{~a1{16'pw'} 80'mta'}",
     "a1{80'mta' a1{16'pw'}}"},
    {&asn_DEF_InformationObject, "text in pieces (interop note 3)",
     "a0{31{6b{13'i'}} 30{~a0{31{} ~36{04'one ' 04'two'}}}}", "a0{31{6b{13'i'}} 30{a0{31{} 16'one two'}}}"},
    {&asn_DEF_ORName, "eight-bit PrintableString", "60{30{83<4ae46e>}}", "60{30{83<4ae46e>}}"},
    {&asn_DEF_Time, "UTCTime with four digits of the year (interop note 16)", "17'20261123180000Z'",
     "17'20261123180000Z'"},
    {&asn_DEF_Time, "UTCTime with three digits of the year", "17'1261123180631Z'", "17'1261123180631Z'"},
    {&asn_DEF_IPMSExtension, "an arc that does not fit 32 bits", "30{06<0992 2686e8e3fdb90c 8148 01> 05<>}",
     "30{06<0992 2686e8e3fdb90c 8148 01> 05<>}"},
    {&asn_DEF_InformationObject, "a number that no machine word holds",
     "a0{31{6b{13'i'}} 30{a3{31{80<0102030405060708090a>} 30{}}}}",
     "a0{31{6b{13'i'}} 30{a3{31{80<0102030405060708090a>} 30{}}}}"},
    {&asn_DEF_CP_type, "a presentation parameter of a later version",
     "31{a0{80<01>} a2{82'p' 8b<0580> 61{30{02<01> a0{05<>}}}} a7{}}",
     "31{a0{80<01>} a2{82'p' 61{30{02<01> a0{05<>}}}}}"},
    {&asn_DEF_ACSE_apdu, "an ACSE parameter of a later version", "60{a1{06<56000106>} ad{06<2a03>} be{}}",
     "60{a1{06<56000106>} be{}}"},
};

START_TEST(tolerated_encodings)
{
  g_autoptr(GByteArray) received = notation_octets(tolerated[_i].received);
  g_autoptr(GByteArray) canonical = notation_octets(tolerated[_i].canonical);
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value =
      asn1_decode_mem(tolerated[_i].type, received->data, received->len, NULL, &error);
  ck_assert_msg(value != NULL, "%s: %s", tolerated[_i].what, error ? error->message : "");
  g_autoptr(GBytes) back = asn1_encode_bytes(value, &error);
  ck_assert_msg(back != NULL, "%s: %s", tolerated[_i].what, error ? error->message : "");
  gsize length;
  const guint8 *data = g_bytes_get_data(back, &length);
  g_autofree char *expected = notation_hex(canonical->data, canonical->len);
  g_autofree char *got = notation_hex(data, length);
  ck_assert_msg(!strcmp(expected, got), "%s: %s, not %s", tolerated[_i].what, got, expected);
}
END_TEST

/* Bounds are forgotten neither by the first decoding nor by the descriptor of a derived type. */
START_TEST(bounds_stay)
{
  for (int round = 0; round < 2; round++) {
    g_autoptr(GByteArray) octets =
        notation_octets(round ? "16'123456789012345678901234567890123'" : "16'12345678'");
    g_autoptr(GError) error = NULL;
    g_autoptr(asn1_value_t) value =
        asn1_decode_mem(&asn_DEF_MTAName, octets->data, octets->len, NULL, &error);
    ck_assert_ptr_nonnull(value);
    char words[128];
    size_t size = sizeof words;
    ck_assert_int_eq(asn_check_constraints(&asn_DEF_MTAName, asn1_value_get(value), words, &size),
                     round ? -1 : 0);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("modules");
  TCase *hand = tcase_create("written by hand");
  tcase_add_loop_test(hand, hand_written_pdus, 0, (int)row_count());
  tcase_add_loop_test(hand, extension_attributes, 0, G_N_ELEMENTS(attributes));
  tcase_add_loop_test(hand, mts_extensions, 0, G_N_ELEMENTS(extensions));
  tcase_add_loop_test(hand, identified_values, 0, G_N_ELEMENTS(values));
  suite_add_tcase(suite, hand);
  TCase *real = tcase_create("from real MTAs");
  tcase_add_loop_test(real, real_vectors, 0, G_N_ELEMENTS(vectors));
  tcase_add_loop_test(real, ping_of_2005, 0, G_N_ELEMENTS(ping));
  tcase_add_loop_test(real, tolerated_encodings, 0, G_N_ELEMENTS(tolerated));
  tcase_add_test(real, bounds_stay);
  suite_add_tcase(suite, real);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
