/* file.h - what both ways of the file transfer body part share: RFC 2157 2.3, 3.3. */
#ifndef GW400_MAPPING_FILE_H
#define GW400_MAPPING_FILE_H

#include <stdbool.h>

/* The relationship that marks a Content-ID (2.3.2). */
#define FILE_MARK "Internet MIME Body Part"
/* The type of a file of an application that has no MIME type: the numbers of its identifier follow (3.3). */
#define FILE_ENCAPSULATED "application/x-ftbp."

/* Whether a field has a place of its own in the body part, or none. */
bool file_field_is_placed(const char *name);

#endif
