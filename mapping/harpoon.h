/* harpoon.h - RFC 1496: MIME entities in IA5 text, and RFC 822 fields in a first body part (RFC 2156 appendix
 * B). */
#ifndef GW400_MAPPING_HARPOON_H
#define GW400_MAPPING_HARPOON_H

#include "mapping/conversion.h"

/* A part of a mail as it stands, MIME-Version in front; what is not of seven bits is encoded (RFC 1496 3.2).
 * alone: the mail's only part, whose other fields are the heading's. */
struct octets *harpoon_of_mail(struct to_x400 *to, const struct mime_part *part, bool alone, GError **error);
/* A body part as the MIME entity that a mail would have for it.  Plain ASCII text comes as itself. */
struct octets *harpoon_of_body(struct from_x400 *from, const struct BodyPart *part, GError **error);
/* A part as it stands, its Content- fields in front. */
struct octets *harpoon_entity_of_mail(struct to_x400 *to, const struct mime_part *part);
/* Octets that are a MIME entity: a header of Content- fields (and MIME-Version, which is left out) and whole
 * lines; NULL: they are none. */
struct mime_draft *harpoon_entity(struct octets *octets);
/* The MIME entity that an IA5 text holds, without its MIME-Version; NULL: it is plain text. */
struct mime_draft *harpoon_read(struct octets *text);

/* The text of the body part that holds a header's fields (of char*). */
struct octets *harpoon_header(GPtrArray *fields);

#endif
