/* fax.h - RFC 2159: image/g3fax <-> the body part g3-facsimile, which 1984 and 1988 have alike.
 *
 * A page is a T.4 bit stream.  X.400 has it as a BIT STRING whose octets are filled from the lowest bit, MIME
 * from the highest; where X.400 begins a new BIT STRING, MIME has six ends of line from an octet's boundary
 * on. */
#ifndef GW400_MAPPING_FAX_H
#define GW400_MAPPING_FAX_H

#include "mapping/conversion.h"

struct BodyPart;
struct G3FacsimileBodyPart;

/* Makes the body part of a part of type image/g3fax.  False without error: its content has not that form, it
 * stays a file. */
bool fax_to_x400(struct to_x400 *to, const struct mime_part *part, struct octets *content,
                 struct BodyPart *body_part, GError **error);
struct mime_draft *fax_from_x400(struct from_x400 *from, const struct G3FacsimileBodyPart *fax,
                                 GError **error);

/* --- what fax_tiff.c shares: pages in MIME's form, the parameters by their bits in X.411 --- */

enum {
  FAX_TWO_DIMENSIONAL = 8,
  FAX_FINE = 9,
  FAX_UNLIMITED_LENGTH = 20,
  FAX_B4_LENGTH = 21,
  FAX_A3_WIDTH = 22,
  FAX_B4_WIDTH = 23,
  FAX_UNCOMPRESSED = 30,
  FAX_PARAMETERS_MAX = 128
};
/* G3FacsimileNonBasicParameters; length: octets of it that were given. */
struct fax_parameters {
  guint8 bits[FAX_PARAMETERS_MAX / 8];
  gsize length;
};
bool fax_parameter(const struct fax_parameters *parameters, guint bit);
void fax_parameter_set(struct fax_parameters *parameters, guint bit);
/* None where there are more than FAX_PARAMETERS_MAX. */
struct fax_parameters fax_parameters_get(const struct from_x400 *from, const struct G3FacsimileBodyPart *fax);
void fax_parameters_put(const struct fax_parameters *parameters, struct G3FacsimileBodyPart *fax);
/* The pages (of octets) without the ends of line behind them, and with these octets instead.  NULL and error.
 */
GPtrArray *fax_pages_get(struct from_x400 *from, const struct G3FacsimileBodyPart *fax, const guint8 *end,
                         gsize end_length, GError **error);
/* Adds a page as it stands. */
bool fax_page_put(struct to_x400 *to, struct octets *page, struct G3FacsimileBodyPart *fax, GError **error);

#endif
