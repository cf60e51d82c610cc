/* vectors.h - the files under tests/vectors. */
#ifndef GW400_TESTS_VECTORS_H
#define GW400_TESTS_VECTORS_H

#include <glib.h>

/* The path of a vector, found from the current directory or from the program's; caller frees. */
char *vector_path(const char *name);
/* A block of x400-ping-2005.txt by its name: CR CC (TPDUs), CN AC FN (SPDUs). */
GBytes *vector_ping(const char *block);

/* Octets written in hexadecimal; white space between them means nothing. */
GByteArray *vector_hex(const char *digits);

#endif
