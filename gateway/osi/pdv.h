/* pdv.h - User-data of the presentation protocol (X.226 8.4): presentation data values in their contexts,
 * read and written without copying the values, for it is what carries every segment of every message. */
#ifndef GW400_OSI_PDV_H
#define GW400_OSI_PDV_H

#include "asn1/oids.h"

/* X.226 8.4.2: how one PDV-list holds its value or values. */
enum presentation_encoding { PRESENTATION_SINGLE_TYPE, PRESENTATION_OCTET_ALIGNED, PRESENTATION_ARBITRARY };

/* One presentation data value.  octets: single-ASN1-type: one whole TLV (or several, back to back);
 * octet-aligned: the contents; arbitrary: the contents of the BIT STRING after its count of unused bits,
 * which must be 0. */
struct presentation_value {
  guint context;   /* presentation context identifier; 0 in simply encoded data */
  enum oid syntax; /* its abstract syntax; in requests context 0 is looked up by it */
  enum presentation_encoding encoding;
  GBytes *octets;
};
/* An array of struct presentation_value that clears what it holds; and the same with one value, whose octets
 * it takes. */
GArray *presentation_values_new(void);
GArray *presentation_values_one(enum oid syntax, GBytes *octets);

/* Reads User-data into values, whose octets are slices of data.  At most max values; syntax is left
 * OID_UNKNOWN.  NULL and the reason in *why_r (static text) when it is not User-data. */
GArray *pdv_read(GBytes *data, guint max, const char **why_r);
/* Writes User-data, fully encoded: one PDV-list per value.  simple: simply encoded (8.4.1: no context, or one
 * default). */
GBytes *pdv_write(const GArray *values, bool simple);

#endif
