/* fuzz_mailbox.c - any text as a mailbox, a Message-ID and an MTS identifier: what has an O/R address comes
 * back from it. */
#include "mapping/mailbox.h"
#include "mapping/mcgam_compile.h"
#include "mapping/rules.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char to_or[] = "a.b#PRMD$p.ADMD$ .C$de#\nc.d#C$fr#\n",
                  from_or[] = "PRMD$p.ADMD$ .C$de#a.b#\nC$fr#c.d#\n",
                  gateway[] = "e#O$gw.PRMD$q.ADMD$x.C$de#\n";

static struct mapping_context *make_context(void)
{
  const struct mcgam_source sources[] = {{MCGAM_DOMAIN_TO_OR, "", to_or, sizeof to_or - 1},
                                         {MCGAM_OR_TO_DOMAIN, "", from_or, sizeof from_or - 1},
                                         {MCGAM_DOMAIN_TO_OR_GATEWAY, "", gateway, sizeof gateway - 1}};
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  GByteArray *tables = mcgam_compile(sources, G_N_ELEMENTS(sources), lines);
  g_autoptr(GVariant) settings = g_variant_parse(
      G_VARIANT_TYPE_VARDICT,
      "{'domain': <'gw.test'>, 'or-address': <'/PRMD=test/ADMD=gate/C=xx/'>, 'country': <'xx'>}", NULL, NULL,
      NULL);
  int fd = memfd_create("tables", MFD_CLOEXEC);
  if (write(fd, tables->data, tables->len) != (gssize)tables->len)
    abort();
  g_byte_array_unref(tables);
  struct mapping_context *context = mapping_context_new(settings, fd, NULL);
  close(fd);
  return context;
}

static void identifiers(const char *text)
{
  struct ipm_identifier *identifier = identifier_ipm_from_message_id(NULL, text);
  g_autofree char *id = identifier_message_id_from_ipm(NULL, identifier);
  struct ipm_identifier *again = identifier_ipm_from_message_id(NULL, id);
  if (strlen(identifier->relative) <= 64 && strcmp(identifier->relative, again->relative) != 0)
    abort();
  ipm_identifier_free(again);
  ipm_identifier_free(identifier);
  struct mts_identifier mts;
  if (mts_identifier_parse(text, &mts)) {
    g_free(mts_identifier_format(&mts));
    mts_identifier_clear(&mts);
  }
}

static bool same_mailbox(const char *a, const char *b)
{
  g_autoptr(mailbox_t) x = mailbox_parse(a, NULL), y = mailbox_parse(b, NULL);
  return x && y && strcmp(x->local, y->local) == 0 && g_ascii_strcasecmp(x->domain, y->domain) == 0 &&
         g_strcmp0(x->route, y->route) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct mapping_context *context;
  if (!context)
    context = make_context();
  g_autofree char *text = g_strndup(size ? (const char *)data : "", size);
  identifiers(text);
  g_autoptr(GError) error = NULL;
  enum to_or_rule rule = TO_OR_TEXT;
  g_autoptr(or_address_t) address = rules_to_or(context, text, ADDRESS_HEADING, NULL, &rule, &error);
  if (!address)
    return error ? 0 : (abort(), 0);
  g_autofree char *back = address_from_or(context, address, ADDRESS_HEADING, NULL, &error);
  if (!back)
    abort();
  g_autoptr(or_address_t) again = address_to_or(context, back, ADDRESS_HEADING, NULL, &error);
  if (rule == TO_OR_TEXT) /* may hold a mailbox of its own, which is then the answer */
    return again ? 0 : (abort(), 0);
  bool same = same_mailbox(text, back) || (again && or_address_equal(address, again));
  return same ? 0 : (abort(), 0);
}
