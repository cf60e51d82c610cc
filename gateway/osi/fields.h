/* fields.h - what the codecs of presentation, ACSE, RTSE and binds do with single fields of asn1c's
 * structures. */
#ifndef GW400_OSI_FIELDS_H
#define GW400_OSI_FIELDS_H

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "osi/selector.h"

#include <ANY.h>
#include <OBJECT_IDENTIFIER.h>
#include <OCTET_STRING.h>

/* Decodes octets of one PDU; NULL with "NAME: why" and clause. */
struct asn1_value *field_decode(const struct asn_TYPE_descriptor_s *type, GBytes *data, const char *name,
                                GError **error);

/* A string's octets, an open type's octets (a whole TLV); and the same set. */
GBytes *field_bytes(const struct asn1_value *value, const OCTET_STRING_t *field);
GBytes *field_any(const struct asn1_value *value, const ANY_t *field);
void field_put_bytes(struct asn1_value *value, OCTET_STRING_t *field, GBytes *bytes);
void field_put_any(struct asn1_value *value, ANY_t *field, GBytes *bytes);

/* A selector, absent when field is NULL; false when longer than OSI_SELECTOR_MAX. */
bool field_selector(const struct asn1_value *value, const OCTET_STRING_t *field,
                    struct osi_selector *selector_r);
/* NULL when the selector is absent. */
OCTET_STRING_t *field_new_selector(struct asn1_value *value, const struct osi_selector *selector);

/* OPTIONAL INTEGERs: absent is the default; a number below 0 or above max is the default too. */
guint field_uint(const long *field, guint max, guint otherwise);
long *field_new_long(long number);
OBJECT_IDENTIFIER_t *field_new_oid(enum oid oid);
/* "2.6.0.2.12"; caller frees. */
char *field_dotted(const OBJECT_IDENTIFIER_t *field);

#endif
