/* mcgam_compile.h - RFC 2156 appendix F: text tables into the compiled file of mcgam.h.
 *
 * A line is KEY#VALUE#; lines that begin with "#" and empty ones are comments. Every mistake is told, with
 * its place. */
#ifndef GW400_MAPPING_MCGAM_COMPILE_H
#define GW400_MAPPING_MCGAM_COMPILE_H

#include "mapping/mcgam.h"

struct mcgam_source {
  enum mcgam_table table;
  const char *file; /* for messages */
  const char *text;
  gsize length;
};

/* Appends to lines (of char*) "file:line: error: ..." and "file:line: warning: ..."; NULL when there was an
 * error. Errors: a line that is none; a key with two meanings; a key both in a mapping table and in the
 * gateway table of the same direction (appendix F 7, 8). Warnings: a repeated row; a mapping that no row
 * inverts, so that a reply changes its form. */
GByteArray *mcgam_compile(const struct mcgam_source *sources, guint count, GPtrArray *lines);

#endif
