/* edi_fields.h - elements of X.435 as parameters of a header field, both ways, by tables.
 *
 * A mail has no place for what an EDI heading says; the fields X400-EDI-Heading, X400-EDI-Recipient and
 * X400-EDI-Notification hold it, an element a parameter (decision 0139).  What people can read stands as
 * text; a string with other characters than printable ASCII as hexadecimal octets under NAME.hex; a structure
 * that no EDI program is known to look at as the octets of its encoding. */
#ifndef GW400_MAPPING_EDI_FIELDS_H
#define GW400_MAPPING_EDI_FIELDS_H

#include "mapping/mime_params.h"
#include "mapping/mime_writer.h"
#include "mapping/x400.h"

#include <stddef.h>

struct edi_table;

/* How an element stands in its structure and in a parameter. */
enum edi_kind_of_element {
  EDI_STRING,    /* pointer to a string: text */
  EDI_STRING_IN, /* a string within: text */
  EDI_FLAG,      /* pointer to a BOOLEAN: TRUE; FALSE is the default and left out */
  EDI_OID,       /* pointer to an OBJECT IDENTIFIER: dotted */
  EDI_BITS,      /* pointer to a BIT STRING: the names of its bits, more: of const char*, NULL at the end */
  EDI_NAME,      /* pointer to an O/R name: std-or */
  EDI_NAME_IN,   /* an O/R name within */
  EDI_NUMBER_IN, /* an INTEGER or ENUMERATED within, a long */
  EDI_NUMBER,    /* pointer to one */
  EDI_ENCODED,   /* pointer to a structure: hexadecimal BER; more: its asn_TYPE_descriptor_s */
  EDI_TABLE      /* pointer to a structure with a table of its own; more: the edi_table */
};

struct edi_element {
  const char *name; /* lower case */
  enum edi_kind_of_element kind;
  size_t offset;
  const void *more;
};
struct edi_table {
  const struct edi_element *elements;
  gsize count;
  size_t size; /* of the structure */
};

/* Writes the elements of a structure within value's root as parameters of the field that is being written. */
void edi_fields_write(struct mime_writer *writer, const struct asn1_value *value,
                      const struct edi_table *table, const void *structure);
/* Sets the elements that parameters are there for; true: any.  What is not well formed is left out, and said
 * so. */
bool edi_fields_read(const struct mime_params *params, struct asn1_value *value,
                     const struct edi_table *table, void *structure, GPtrArray *losses);

/* Octets as hexadecimal digits and back; NULL: they are none. Caller frees. */
char *edi_hex(const void *octets, gsize length);
GByteArray *edi_unhex(const char *text);

/* A structure's own encoding, hexadecimal; NULL: it is too long for a field. Caller frees. */
char *edi_encoded(const struct asn1_value *value, const struct asn_TYPE_descriptor_s *type,
                  const void *structure);

#endif
