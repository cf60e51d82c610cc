/* mcgam_check.h - compiled mapping tables, tried: an example of each row goes through the real mapping, with
 * all rows and rules, there and back.
 *
 * What it tells, each as "file:line: warning: ..." with the address that shows it (table_report.h bounds
 * them): examples that could not be replied to; rows that lead in a circle; rows that no address reaches,
 * because another table is asked first; rows of single users that the rules contradict, with the address that
 * the rules mean. */
#ifndef GW400_MAPPING_MCGAM_CHECK_H
#define GW400_MAPPING_MCGAM_CHECK_H

#include "mapping/mcgam_compile.h"

/* How many rows are tried: all by `gw400 check`, so many when a daemon loads the tables. */
#define MCGAM_CHECK_ALL G_MAXUINT
#define MCGAM_CHECK_AT_LOAD 20000u

/* settings: of settings.h, for the gateway's own names; octets and origins: mcgam_compile_with_origins()'s.
 * Appends to lines; when rows were left out a last line says how many. Settings that make no context are told
 * by others. */
void mcgam_check(GVariant *settings, const GByteArray *octets, const struct mcgam_source *sources,
                 const GArray *origins, guint rows_max, GPtrArray *lines);

#endif
