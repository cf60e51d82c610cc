/* mcgam_compile.h - RFC 2156 appendix F: text tables into the compiled file of mcgam.h.
 *
 * A line is KEY#VALUE#; lines that begin with "#" and empty ones are comments. In the tables of single users
 * (users.h) a mailbox may hold "\#", and the O/R address is std-or, RFC 1685's form or that of appendix F.  A
 * row of kind "users" is read both ways; of the kinds for one direction it is an alias. Every mistake is told
 * with its place, of each kind so many (table_report.h). */
#ifndef GW400_MAPPING_MCGAM_COMPILE_H
#define GW400_MAPPING_MCGAM_COMPILE_H

#include "mapping/mcgam.h"

struct mcgam_source {
  enum mcgam_table table; /* or MCGAM_USERS */
  const char *file;       /* for messages */
  const char *text;
  gsize length;
};

/* Where a compiled row came from; in the order of their offsets. */
struct mcgam_origin {
  guint32 offset; /* mcgam_entry() */
  guint32 source, line;
  guint32 hashes[3]; /* of the key or mailbox; of the O/R address of a user */
};

/* Appends to lines (of char*) "file:line: error: ..." and "file:line: warning: ..."; NULL when there was an
 * error. Errors: a line that is none; a key with two meanings; a key both in a mapping table and in the
 * gateway table of the same direction (appendix F 7, 8); a user's address that is not valid or that Mapping A
 * decides. Warnings: a repeated row; a mapping that no row inverts, so that a reply changes its form.
 * origins_r (may be NULL): of struct mcgam_origin, for mcgam_check(); also set when there were errors. */
GByteArray *mcgam_compile(const struct mcgam_source *sources, guint count, GPtrArray *lines);
GByteArray *mcgam_compile_with_origins(const struct mcgam_source *sources, guint count, GPtrArray *lines,
                                       GArray **origins_r);
/* The origin of a row; NULL when there is none at the offset. */
const struct mcgam_origin *mcgam_origin_at(const GArray *origins, guint32 offset);

#endif
