/* fuzz_px.c - octets as the RDATA of a PX record (RFC 2163), on the whole road into a mapping; and as its
 * text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mapping/px.h"
#include "net/net.h"

static void must(bool condition)
{
  if (!condition)
    abort();
}

static void try_record(const char *text)
{
  g_autoptr(GPtrArray) records = g_ptr_array_new();
  g_autoptr(or_address_t) address = or_address_parse("/S=a/OU=sun/O=cce/PRMD=nrc/ADMD=acme/C=it/", NULL);
  const char *domain = "sun.cce.nrc.it";
  g_ptr_array_add(records, (char *)text);
  for (enum mcgam_table table = MCGAM_DOMAIN_TO_OR; table < MCGAM_TABLES; table++) {
    struct dmn dmn;
    gsize rest = 0;
    guint depth = 0;
    if (px_match_domain(records, table, domain, &dmn, &rest)) {
      must(rest < strlen(domain) && dmn.address);
      dmn_clear(&dmn);
    }
    g_autofree char *found = px_match_or(records, table, address, &depth);
    must(!found || (depth > 0 && depth <= HIERARCHY_LEVELS));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *text = net_px_text(data, size), *as_text = g_strndup((const char *)data, size);
  must(!text || g_str_is_ascii(text));
  if (text)
    try_record(text);
  try_record(as_text);
  return 0;
}
