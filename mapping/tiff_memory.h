/* tiff_memory.h - libtiff on octets in memory: no file, no mapping, no message on standard error, no global
 * handler. */
#ifndef GW400_MAPPING_TIFF_MEMORY_H
#define GW400_MAPPING_TIFF_MEMORY_H

#include <glib.h>
#include <stdbool.h>
#include <tiffio.h>

enum { TIFF_MEMORY_MAX = 64 << 20 }; /* octets of a TIFF, and of one thing that libtiff allocates */

struct tiff_memory {
  GByteArray *octets; /* the caller's */
  gsize at;
  guint errors, warnings; /* that libtiff has told so far */
};
/* To read what is in octets, or to write over it; memory must outlive it.  NULL: it is no TIFF.  TIFFClose()
 * ends it; what fails there is counted like the rest. */
TIFF *tiff_memory_open(struct tiff_memory *memory, bool writing);

#endif
