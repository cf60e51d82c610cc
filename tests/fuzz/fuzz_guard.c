/* fuzz_guard.c - any octets as a value of any type that peers send: guard, asn1c, printer, encoder.
 *
 * Input: one octet selects the type (low bits), a source in pieces (40) and small limits (80); the rest is
 * BER.  What decodes must encode, and decode again to the same. */
#include "asn1/codec.h"

#include <stdint.h>
#include <stdlib.h>

#include <ACSE-apdu.h>
#include <Abort-type.h>
#include <CP-type.h>
#include <CPA-PPDU.h>
#include <CPR-PPDU.h>
#include <Extensions.h>
#include <External.h>
#include <FileTransferParameters.h>
#include <User-data.h>
#include <InformationObject.h>
#include <MTABindPDU.h>
#include <MTS-APDU.h>
#include <ORAddress.h>
#include <RTOACapdu.h>
#include <RTORJapdu.h>
#include <RTORQapdu.h>
#include <RTSE-apdus.h>
#include <SessionConnectionIdentifier.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const asn_TYPE_descriptor_t *const types[] = {
    &asn_DEF_MTS_APDU,
    &asn_DEF_InformationObject,
    &asn_DEF_CP_type,
    &asn_DEF_CPA_PPDU,
    &asn_DEF_CPR_PPDU,
    &asn_DEF_Abort_type,
    &asn_DEF_ACSE_apdu,
    &asn_DEF_User_data,
    &asn_DEF_RTSE_apdus,
    &asn_DEF_RTORQapdu,
    &asn_DEF_RTOACapdu,
    &asn_DEF_RTORJapdu,
    &asn_DEF_MTABindPDU,
    &asn_DEF_External,
    &asn_DEF_SessionConnectionIdentifier,
    &asn_DEF_ORAddress,
    &asn_DEF_FileTransferParameters,
    &asn_DEF_Extensions,
};

static struct octets *source_of(const uint8_t *data, size_t size, bool in_pieces)
{
  if (!in_pieces)
    return octets_new(data, size);
  struct octets *parts[4];
  for (unsigned i = 0; i < 4; i++)
    parts[i] = octets_new(data + size * i / 4, size * (i + 1) / 4 - size * i / 4);
  struct octets *whole = octets_concat(parts, 4);
  for (unsigned i = 0; i < 4; i++)
    octets_unref(parts[i]);
  return whole;
}

static void print_all(const struct asn1_value *value)
{
  for (int format = ASN1_TEXT; format <= ASN1_JSON; format++) {
    g_autoptr(GString) text = g_string_new(NULL);
    asn1_print(value, (enum asn1_format)format, 0, 10, text);
  }
}

static void must(bool good, GError *error)
{
  if (!good) {
    g_printerr("%s\n", error ? error->message : "another value than before");
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  const asn_TYPE_descriptor_t *type = types[(data[0] & 0x3f) % G_N_ELEMENTS(types)];
  struct asn1_limits limits = {0};
  if (data[0] & 0x80)
    limits = (struct asn1_limits){.elements = 500, .segments = 500, .inline_string = 40, .any = 20};
  g_autoptr(octets_t) source = source_of(data + 1, size - 1, data[0] & 0x40);
  guint64 length;
  guint32 tag;
  asn1_peek(source, &length, &tag, NULL);

  g_autoptr(asn1_value_t) value = asn1_decode(type, source, &limits, NULL);
  if (!value)
    return 0;
  print_all(value);
  g_autoptr(GError) error = NULL;
  g_autoptr(octets_t) encoded = asn1_encode(value, &error);
  must(encoded != NULL, error);
  g_autoptr(asn1_value_t) again = asn1_decode(type, encoded, NULL, &error);
  must(again != NULL, error);
  g_autoptr(GBytes) once = octets_to_bytes(encoded, G_MAXSIZE, NULL),
                    twice = asn1_encode_bytes(again, &error);
  must(twice && g_bytes_equal(once, twice), error);
  return 0;
}
