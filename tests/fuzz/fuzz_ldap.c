/* fuzz_ldap.c - an LDAP helper's answer, as a frame and as records (a line each), on the road into a mapping.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ldap/ldap_helper.h"
#include "mapping/mcgam_ldap.h"

static void must(bool condition)
{
  if (!condition)
    abort();
}

static void try_records(const GPtrArray *records)
{
  const char *domain = "a.b.isode.com";
  for (enum mcgam_table table = MCGAM_DOMAIN_TO_OR; table < MCGAM_TABLES; table++) {
    struct dmn dmn;
    gsize rest = 0;
    guint depth = 0;
    if (mcgam_ldap_match_domain(records, table, domain, &dmn, &rest)) {
      must(rest < strlen(domain) && dmn.address);
      dmn_clear(&dmn);
    }
    g_autofree char *found = mcgam_ldap_match_or(records, table, 5, &depth);
    must(!found || (depth > 0 && depth <= 5));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GBytes) frame = g_bytes_new(data, size);
  g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(g_free);
  enum ldap_state state;
  g_autofree char *words = NULL, *text = g_strndup((const char *)data, size);
  if (ldap_answer_unpack(frame, &state, &words, records))
    try_records(records);
  g_auto(GStrv) lines = g_strsplit(text, "\n", 64);
  g_autoptr(GPtrArray) by_line = g_ptr_array_new();
  for (guint i = 0; lines[i]; i++)
    g_ptr_array_add(by_line, lines[i]);
  try_records(by_line);
  g_autofree char *dmn = mcgam_ldap_dmn(text);
  (void)dmn;
  return 0;
}
