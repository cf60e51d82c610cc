/* fuzz_edi.c - octets as an interchange, as an EDI content and as the parameters of its fields: read without
 * harm, and what was read as a content comes out the same when it is encoded and read again. */
#include "asn1/codec.h"
#include "mapping/edi.h"
#include "mapping/edim.h"

#include <stdint.h>
#include <stdlib.h>

#include <EDIInformationObject.h>
#include <EDIMHeading.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_interchange(struct octets *octets)
{
  g_autoptr(edi_interchange_t) interchange = edi_interchange_read(octets);
  if ((interchange != NULL) != (edi_kind_of(octets) != EDI_NONE))
    abort();
}

static void read_content(struct octets *octets)
{
  g_autoptr(asn1_value_t) value = asn1_decode(&asn_DEF_EDIInformationObject, octets, NULL, NULL);
  g_autoptr(octets_t) again = value ? asn1_encode(value, NULL) : NULL;
  g_autoptr(asn1_value_t) second =
      again ? asn1_decode(&asn_DEF_EDIInformationObject, again, NULL, NULL) : NULL;
  if (again && !second)
    abort();
}

static void read_fields(const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup(size ? (const char *)data : "", size);
  g_autoptr(GHashTable) charsets = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(mime_params_t) params = mime_params_parse(charsets, text);
  g_autoptr(GPtrArray) losses = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_EDIMHeading);
  (void)edi_fields_read(params, value, &edim_heading_table, asn1_value_get(value), losses);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(octets_t) octets = octets_new(data, size);
  read_interchange(octets);
  read_content(octets);
  read_fields(data, size);
  return 0;
}
