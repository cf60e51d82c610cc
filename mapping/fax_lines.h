/* fax_lines.h - the lines of a T.4 page, found by what stands before each: eleven zeros and a one
 * (T.4 4.1.2).
 *
 * No codes are read.  Octets are filled from the highest bit. */
#ifndef GW400_MAPPING_FAX_LINES_H
#define GW400_MAPPING_FAX_LINES_H

#include <glib.h>
#include <stdbool.h>

struct fax_lines {
  guint32 count;    /* lines before the page's end (six ends of line, or those that stand last) */
  guint64 end;      /* bits up to behind the last of them */
  bool begins;      /* an end of line stands before the first, as it should */
  bool first_whole; /* two-dimensional: the first line is coded by itself (T.4 4.2.2) */
};
struct fax_lines fax_lines_find(const guint8 *octets, gsize length, bool two_dimensional);

/* Adds the end of a page, six ends of line, from an octet's boundary on. */
void fax_lines_end(GByteArray *page, bool two_dimensional);

#endif
