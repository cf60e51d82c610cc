/* notation.h - BER written by hand, for tests: lengths are worked out, the rest is said.
 *
 *   61{ 13'GB' }          tag octets in hexadecimal, contents in braces or in quotes
 *   80<17> 1f8148<>       contents in hexadecimal
 *   ~31{ ... }            indefinite length
 * White space means nothing.  A notation that cannot be read ends the program: it is the test that is wrong.
 */
#ifndef GW400_TESTS_NOTATION_H
#define GW400_TESTS_NOTATION_H

#include <glib.h>
#include <stdbool.h>

GByteArray *notation_octets(const char *notation);
/* Octets as hexadecimal, for messages of failed comparisons. */
char *notation_hex(const void *data, gsize length);

#endif
