/* certificates.h - certificates for tests: an authority and what it signs, as PEM files in a folder of their
 * own. */
#ifndef GW400_TESTS_CERTIFICATES_H
#define GW400_TESTS_CERTIFICATES_H

#include <glib.h>
#include <stdbool.h>

struct certificates; /* an authority; its certificate is FOLDER/ca.pem */
struct certificates *certificates_new(void);
/* Removes the folder. */
void certificates_free(struct certificates *certificates);
const char *certificates_authority(const struct certificates *certificates);
/* Makes FILE.pem (certificate and key) for a DNS name, valid from now plus `from` to now plus `until`
 * seconds; returns its path, which stays the certificates'. self_signed: by its own key, else by the
 * authority's. */
const char *certificates_make(struct certificates *certificates, const char *file, const char *name,
                              long from, long until, bool self_signed);

#endif
