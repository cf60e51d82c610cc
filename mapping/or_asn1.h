/* or_asn1.h - or_address.h's ASN.1 side for the type without a directory name, and RFC 1278's text of PSAP
 * addresses. */
#ifndef GW400_MAPPING_OR_ASN1_H
#define GW400_MAPPING_OR_ASN1_H

#include "mapping/or_address.h"

#include "asn1/codec.h"

/* The representations that one name may have: as PrintableString, as TeletexString (T.61), as
 * UniversalOrBMPString. */
enum or_twin { OR_TWIN_PRINTABLE, OR_TWIN_TELETEX, OR_TWIN_UNIVERSAL };
#define OR_LIST_MAX 8 /* OUs and DDAs that are read; X.411 allows 4 */

struct ORAddress;
struct or_address *or_address_from_asn1_address(const struct asn1_value *value, const struct ORAddress *name,
                                                GError **error);
void or_address_to_asn1_address(const struct or_address *address, struct asn1_value *value,
                                struct ORAddress *name_r);

/* Domain defined attributes come as up to three lists of the same, each in its own representation and, where
 * a member has none in it, shorter.  add takes type and value (NULL counts as ""); merge brings the members
 * together, frees the lists and puts the DDAs into the address. */
struct or_dda {
  char *type, *value;
  int twin_of; /* place in the longest list, -1 until it is found */
};
struct or_dda_lists {
  struct or_dda list[OR_TWIN_UNIVERSAL + 1][OR_LIST_MAX];
  guint count[OR_TWIN_UNIVERSAL + 1];
};
void or_dda_add(struct or_dda_lists *lists, enum or_twin twin, char *type, char *value);
void or_dda_merge(struct or_dda_lists *lists, struct or_address *address);

/* RFC 1278: selectors as 'hex'H, network addresses as NS+hex.  parse fills an empty structure (of value) and
 * is false when the text is none, or uses one of RFC 1278's names for networks; structure_r may be NULL to
 * check alone. */
struct PresentationAddress;
char *or_psap_format(const struct asn1_value *value, const struct PresentationAddress *address);
bool or_psap_parse(const char *text, struct asn1_value *value, struct PresentationAddress *structure_r);

/* RFC 4514 text of a directory name, for comments; NULL for an empty one. */
struct Name;
char *or_directory_name(const struct asn1_value *value, const struct Name *name);

/* A value as the octets of a TeletexString; NULL when T.61 lacks a character of it: then it goes into the
 * universal- twin. */
GByteArray *or_teletex_octets(const char *utf8);

#endif
