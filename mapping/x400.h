/* x400.h - small things of X.411 and X.420 in asn1c's structures: domains, times, bits, strings, extensions.
 *
 * "put" fills a structure that is empty, "get" reads one and returns copies.  value is the root that owns the
 * structure. */
#ifndef GW400_MAPPING_X400_H
#define GW400_MAPPING_X400_H

#include "asn1/charset.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "mapping/address.h"
#include "mapping/mail_time.h"
#include "mapping/mapping.h"

#include <BIT_STRING.h>
#include <Extensions.h>
#include <GlobalDomainIdentifier.h>
#include <IPMSExtensions.h>
#include <MTSIdentifier.h>

/* Domains: X.411 8.2.1.1.1.1. get returns a new one. */
void x400_domain_put(const struct mapping_gdi *gdi, struct GlobalDomainIdentifier *domain);
void x400_domain_get(const struct GlobalDomainIdentifier *domain, struct mapping_gdi *gdi_r);
void x400_domain_clear(struct mapping_gdi *gdi);
bool x400_domain_equal(const struct mapping_gdi *a,
                       const struct mapping_gdi *b); /* as O/R attributes are compared */
/* EBNF.global-id (RFC 2156 5.3.3.2): "/PRMD=a/ADMD=b/C=de/"; caller frees. parse: false when there is no
 * country or ADMD. */
char *x400_domain_format(const struct mapping_gdi *gdi);
bool x400_domain_parse(const char *text, struct mapping_gdi *gdi_r);

/* An MTS identifier of ours: the domain and the queue identifier in the store's notation (13 characters of
 * base 32). */
void x400_identifier_put(const struct mapping_gdi *gdi, const char *local, struct MTSIdentifier *identifier);
char *x400_identifier_text(const struct MTSIdentifier *identifier); /* EBNF.mts-msg-id; caller frees */
void x400_queue_id(guint64 id, char text[16]);

/* Times as UTCTime. */
void x400_time_put(const struct mail_time *time, struct OCTET_STRING *field);
struct OCTET_STRING *x400_time_new(const struct mail_time *time);
bool x400_time_get(const struct OCTET_STRING *field, struct mail_time *time_r); /* false also for NULL */

/* Bits, numbered as ASN.1 does. put writes count bits (at most 32), bit i from 1u << i. */
void x400_bits_put(BIT_STRING_t *field, guint32 bits, guint count);
guint32 x400_bits_get(const BIT_STRING_t *field); /* NULL: 0 */

/* Strings: UTF-8 of at most limit octets; a longer one is cut there. NULL field: NULL. Caller frees. */
char *x400_text(const struct asn1_value *value, enum charset charset, const struct OCTET_STRING *field,
                gsize limit);
/* A TeletexString of at most bound octets for people to read (RFC 2156 3.3.4, 3.5): T.61 when it holds the
 * text, else encoded words in ASCII.  True: the whole text is in it. */
bool x400_teletex_put(const char *utf8, gsize bound, struct OCTET_STRING *field);
/* Back: encoded words in it are decoded. */
char *x400_teletex_get(const struct asn1_value *value, GHashTable *charsets,
                       const struct OCTET_STRING *field);
/* Text in ASCII: look-alikes, or "?"; text may hold octets that are no UTF-8, as raw header fields do. Caller frees. */
char *x400_ascii(const char *text);
/* PrintableString of at most bound characters: what it cannot hold becomes a space, a look-alike, or "?". */
struct OCTET_STRING *x400_printable_new(const char *text, gsize bound);

/* A number for an OPTIONAL member. */
long *x400_long(long number);

/* Extensions of envelopes and reports (X.411 9.1). criticality: bit 1 for-transfer, bit 2 for-delivery (as
 * numbered there). structure is of the type and stays the caller's. */
struct ExtensionField *x400_extension(const struct Extensions *extensions, long number);
struct ExtensionField *x400_private_extension(const struct Extensions *extensions, enum oid oid);
void x400_extension_add(struct asn1_value *value, struct Extensions **extensions, long number,
                        guint32 criticality, const struct asn_TYPE_descriptor_s *type, const void *structure);
void x400_private_extension_add(struct asn1_value *value, struct Extensions **extensions, enum oid oid,
                                const struct asn_TYPE_descriptor_s *type, const void *structure);
/* Its value, decoded as type; NULL when it is missing or not of the type. */
struct asn1_value *x400_extension_value(const struct asn1_value *value,
                                        const struct ExtensionField *extension,
                                        const struct asn_TYPE_descriptor_s *type);
/* The extension as it came, criticality and value octet for octet, into another value; nothing for NULL. */
void x400_extension_copy(const struct asn1_value *from, const struct ExtensionField *extension,
                         struct Extensions **extensions);
/* "message-token(16)" or "iso(1) (3) (6)": EBNF.labelled-integer or object-identifier. Caller frees. */
char *x400_extension_name(const struct ExtensionField *extension);

/* Extensions of headings and their like (X.420 7.2.17). */
struct IPMSExtension *x400_heading_extension(const struct IPMSExtensions *extensions, enum oid oid);
void x400_heading_extension_add(struct asn1_value *value, struct IPMSExtensions **extensions, enum oid oid,
                                const struct asn_TYPE_descriptor_s *type, const void *structure);
struct asn1_value *x400_heading_extension_value(const struct asn1_value *value,
                                                const struct IPMSExtension *extension,
                                                const struct asn_TYPE_descriptor_s *type);

/* Dotted object identifier for messages; caller frees. */
char *x400_oid_text(const struct ASN__PRIMITIVE_TYPE_s *field);
/* EBNF.object-identifier (RFC 2156 3.3.7) of a dotted one, names where they are known:
 * "joint-iso-ccitt(2) mhs(6) ipms(1) (5) languages(1)"; caller frees. */
char *x400_oid_label(const char *dotted);
char *x400_oid_format(const struct ASN__PRIMITIVE_TYPE_s *field);

/* RFC822FieldList of C strings, encoded on its own (RFC 2156 5.1.2); each is made IA5. */
struct asn1_value *x400_field_list_new(GPtrArray *fields);
/* Strings (owned) of one that was received. */
GPtrArray *x400_field_list_get(const struct asn1_value *list);

/* A structure of the type like one of another value, open types octet for octet, to be hung into a third
 * (free() releases its outermost block). NULL: a string in it is too long to be held. */
void *x400_copy(const struct asn1_value *from, const struct asn_TYPE_descriptor_s *type,
                const void *structure);

/* What the result tells people about: "element: what became of it (clause): why". */
void mapping_loss(GPtrArray *losses, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
