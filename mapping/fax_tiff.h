/* fax_tiff.h - g3-facsimile <-> image/tiff for peers whose entry wants it: TIFF-F (RFC 2306), one directory a
 * page.
 *
 * T.4 pages are carried as they are, both ways; other black and white pages of a facsimile's width are coded
 * one-dimensionally.  What is no facsimile stays what it was.  Limits: TIFF_MEMORY_MAX octets of the TIFF, of
 * its pages and of their bits, the settings' parts for pages (decision 0136). */
#ifndef GW400_MAPPING_FAX_TIFF_H
#define GW400_MAPPING_FAX_TIFF_H

#include "mapping/conversion.h"

struct BodyPart;
struct G3FacsimileBodyPart;

/* NULL without error: TIFF cannot say it, the losses have why. */
struct mime_draft *fax_tiff_from_x400(struct from_x400 *from, const struct G3FacsimileBodyPart *fax,
                                      GError **error);
/* False without error: it is no TIFF, or one that is no facsimile; body_part is as it was. */
bool fax_tiff_to_x400(struct to_x400 *to, struct octets *content, struct BodyPart *body_part, GError **error);

#endif
