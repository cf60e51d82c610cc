/* fuzz_decode.c: what `gw400 decode` prints of any octets: nothing, or JSON and XML that can be read. */
#include "asn1/recognise.h"

#include <jansson.h>
#include <libxml/parser.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
  if (!condition)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(octets_t) octets = octets_new(data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(asn1_value_t) value = recognise_decode(octets, NULL, &error);
  demand((value == NULL) == (error != NULL));
  if (!value)
    return 0;

  g_autoptr(GString) text = g_string_new(NULL);
  asn1_print_inner(value, ASN1_TEXT, 0, 20, recognise_inner, NULL, text);
  demand(g_utf8_validate(text->str, (gssize)text->len, NULL));

  g_autoptr(GString) printed = g_string_new(NULL);
  asn1_print_inner(value, ASN1_JSON, 0, 20, recognise_inner, NULL, printed);
  json_t *json = json_loadb(printed->str, printed->len, JSON_DECODE_ANY, NULL);
  demand(json != NULL);
  json_decref(json);

  g_string_truncate(printed, 0);
  asn1_print_inner(value, ASN1_XML, 0, 20, recognise_inner, NULL, printed);
  xmlDocPtr document =
      xmlReadMemory(printed->str, (int)printed->len, NULL, NULL,
                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE);
  demand(document != NULL);
  xmlFreeDoc(document);
  return 0;
}
