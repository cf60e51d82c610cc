/* anyber.h - random values of any of our ASN.1 types, and every way in which BER lets them be written.
 *
 * For property tests: what is written in any form must decode to what is written in the plain one.  The same
 * seed gives the same values. */
#ifndef GW400_TESTS_ANYBER_H
#define GW400_TESTS_ANYBER_H

#include "asn1/codec.h"

#include <asn_application.h>

/* A random value; deep recursion is avoided, not excluded. NULL when the type offered no way out of it. */
struct asn1_value *anyber_value(const asn_TYPE_descriptor_t *type, GRand *random);
/* Writes the value: lengths indefinite or longer than need be, strings in segments, SETs shuffled, unknown
 * elements where the type is extensible, universal tags left inside IMPLICIT ones. */
GByteArray *anyber_write(const struct asn1_value *value, GRand *random);
/* Octets of a text of hexadecimal digits and white space. */
GByteArray *anyber_hex(const char *digits);

#endif
