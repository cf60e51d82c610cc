/* fuzz_or_text.c - any text as an O/R address: what is read is written, and read again to the same; through
 * ASN.1 too. */
#include "asn1/codec.h"
#include "mapping/or_text.h"

#include <stdint.h>
#include <stdlib.h>

#include <ORName.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void through_asn1(const struct or_address *address)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORName);
  or_address_to_asn1(address, value, asn1_value_get(value));
  g_autoptr(GBytes) bytes = asn1_encode_bytes(value, NULL);
  if (!bytes)
    abort();
  gsize length;
  const void *octets = g_bytes_get_data(bytes, &length);
  g_autoptr(asn1_value_t) decoded = asn1_decode_mem(&asn_DEF_ORName, octets, length, NULL, NULL);
  g_autoptr(or_address_t) back =
      decoded ? or_address_from_asn1(decoded, asn1_value_get(decoded), NULL) : NULL;
  if (!back || !or_address_equal(address, back))
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup(size ? (const char *)data : "", size);
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address = or_address_parse(text, &error);
  if (!address)
    return error ? 0 : (abort(), 0);
  g_autofree char *written = or_address_format(address);
  g_autoptr(or_address_t) again = or_address_parse(written, NULL);
  g_autofree char *second = again ? or_address_format(again) : NULL;
  if (!again || !or_address_equal(address, again) || g_strcmp0(second, written) != 0)
    abort();
  if (or_address_check(address, NULL))
    through_asn1(address);
  g_free(or_text_for_people(address));
  g_free(or_text_format_pn(address));
  return 0;
}
