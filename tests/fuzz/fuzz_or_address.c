/* fuzz_or_address.c - O/R addresses: any text as one, any octets as an ORName, any mailbox on its way there.
 *
 * The first octet chooses between text (std-or, RFC 1685, personal name, table notation, mailbox: all of them
 * are tried) and BER.  What is read must be written and read again to the same address, in every form that
 * can hold it, and a mailbox that an address becomes must lead back to it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "mapping/address.h"
#include "mapping/mailbox.h"
#include "mapping/mcgam_compile.h"
#include "mapping/or_text.h"
#include "mapping/ps_encoding.h"
#include "mapping/route.h"

#include <ORName.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RFC_822_MAX = 512 }; /* RFC 2156 4.3.2: the attribute and its three continuations */

static void must(bool good)
{
  if (!good)
    abort();
}

/* --- a gateway with tables and routes
 * ------------------------------------------------------------------------ */

static const char DOMAIN_TO_OR[] = "sea.example#PRMD$sea.ADMD$demo.C$xx#\n"
                                   "harbour.example#O$harbour.PRMD$@.ADMD$demo.C$xx#\n"
                                   "port.example#PRMD$example\\.port.ADMD$demo 400.C$xx#\n",
                  OR_TO_DOMAIN[] = "PRMD$sea.ADMD$demo.C$xx#sea.example#\n"
                                   "O$harbour.PRMD$@.ADMD$demo.C$xx#harbour.example#\n"
                                   "PRMD$example\\.port.ADMD$demo 400.C$xx#port.example#\n",
                  DOMAIN_TO_GATEWAY[] = "island.example#PRMD$land.ADMD$demo.C$xx#\n",
                  GATEWAY_TO_DOMAIN[] = "ADMD$faraway.C$xx#gw.land.example#\n",
                  SETTINGS[] = "{'domain': <'gw.test'>, 'or-address': <'/PRMD=test/ADMD=gate/C=xx/'>,"
                               " 'country': <'xx'>, 'admd': <'gate'>, 'prmd': <'test'>,"
                               " 'routes': <[{'or': <'/ADMD=demo/C=xx/'>, 'peer': <'land'>},"
                               "             {'domain': <'.'>, 'smarthost': <'mail.test'>}]>}";

static int compiled_tables(void)
{
  const char *const texts[] = {DOMAIN_TO_OR, OR_TO_DOMAIN, DOMAIN_TO_GATEWAY, GATEWAY_TO_DOMAIN};
  struct mcgam_source sources[G_N_ELEMENTS(texts)];
  for (guint table = 0; table < G_N_ELEMENTS(texts); table++)
    sources[table] =
        (struct mcgam_source){table, mcgam_table_name(table), texts[table], strlen(texts[table])};
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GByteArray) compiled = mcgam_compile(sources, G_N_ELEMENTS(sources), lines);
  int fd = memfd_create("tables", MFD_CLOEXEC);
  must(compiled != NULL && fd >= 0 && write(fd, compiled->data, compiled->len) == (ssize_t)compiled->len);
  return fd;
}

static struct mapping_context *gateway(void)
{
  static struct mapping_context *context;
  if (context == NULL) {
    g_autoptr(GVariant) settings = g_variant_parse(G_VARIANT_TYPE_VARDICT, SETTINGS, NULL, NULL, NULL);
    int fd = compiled_tables();
    context = mapping_context_new(settings, fd, NULL);
    close(fd);
    must(context != NULL);
  }
  return context;
}

/* --- one address
 * ---------------------------------------------------------------------------------------------- */

/* must_read: a peer's address may hold characters that no text form can. */
static void as_text(const struct or_address *address, bool must_read)
{
  g_autofree char *text = or_address_format(address);
  must(g_utf8_validate(text, -1, NULL));
  g_autoptr(or_address_t) again = or_address_parse(text, NULL);
  must(again != NULL || !must_read);
  if (again != NULL) {
    must(or_address_equal(address, again));
    g_autofree char *twice = or_address_format(again);
    must(strcmp(text, twice) == 0);
  }
  g_free(or_text_for_people(address));
  g_free(or_text_format_pn(address));
}

static void as_asn1(const struct or_address *address)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORName);
  or_address_to_asn1(address, value, asn1_value_get(value));
  g_autoptr(GBytes) octets = asn1_encode_bytes(value, NULL);
  must(octets != NULL);
  gsize length;
  const void *start = g_bytes_get_data(octets, &length);
  g_autoptr(asn1_value_t) decoded = asn1_decode_mem(&asn_DEF_ORName, start, length, NULL, NULL);
  must(decoded != NULL);
  g_autoptr(or_address_t) again = or_address_from_asn1(decoded, asn1_value_get(decoded), NULL);
  must(again != NULL && or_address_equal(address, again));
}

static void as_mailbox(const struct or_address *address)
{
  struct mapping_context *context = gateway();
  g_autoptr(GError) error = NULL;
  g_autofree char *mailbox = address_from_or(context, address, ADDRESS_HEADING, NULL, &error);
  must((mailbox == NULL) == (error != NULL));
  if (mailbox == NULL)
    return;
  g_autoptr(mailbox_t) parsed = mailbox_parse(mailbox, NULL);
  must(parsed != NULL);
  g_autoptr(or_address_t) back = address_to_or(context, mailbox, ADDRESS_HEADING, NULL, NULL);
  g_autofree char *encoded = ps_encode(mailbox);
  if (back == NULL && or_address_dda(address, "RFC-822") != NULL && strlen(encoded) > RFC_822_MAX)
    return; /* longer than its bounds allowed; the mailbox is known all the same */
  must(back != NULL);
  if (or_address_dda(address, "RFC-822") == NULL) {
    must(or_address_equal(address, back));
    return;
  }
  /* Mapping A: the mailbox it names, through whatever gateway it came; the reply may take another one. A local
   * part that is an O/R address as a whole stands for itself, whatever the domain (4.3.4 Stage I step 6). */
  g_autofree char *again = address_from_or(context, back, ADDRESS_HEADING, NULL, NULL);
  must(again != NULL && (strcmp(mailbox, again) == 0 || or_address_dda(back, "RFC-822") == NULL));
  g_autoptr(or_address_t) third = address_to_or(context, again, ADDRESS_HEADING, NULL, NULL);
  must(third != NULL && or_address_equal(back, third));
}

/* written: it came from text, and so has one. */
static void try_address(const struct or_address *address, bool written)
{
  bool good = or_address_check(address, NULL), formed = or_address_check_form(address, NULL);
  must(!good || formed);
  as_text(address, written);
  if (good)
    as_asn1(address);
  if (formed)
    as_mailbox(address);
  g_autofree char *mapped = NULL, *hop = NULL;
  g_autoptr(GPtrArray) explain = g_ptr_array_new_with_free_func(g_free);
  address_route_or(gateway(), address, &mapped, &hop, explain, NULL);
  or_routes_find(gateway()->routes, address);
}

/* --- text
 * ----------------------------------------------------------------------------------------------------- */

static void try_or_text(const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address = or_address_parse(text, &error);
  must((address == NULL) == (error != NULL));
  if (address != NULL)
    try_address(address, true);
  g_autoptr(or_address_t) local = or_text_parse_local_part(text, NULL);
  must(local == NULL || address != NULL);
}

static void try_personal_name(const char *text)
{
  g_autoptr(or_address_t) address = or_address_new();
  if (!or_text_parse_pn(text, address))
    return;
  g_autofree char *again = or_text_format_pn(address);
  must(again != NULL && strcmp(again, text) == 0);
}

static void try_table_notation(const char *text)
{
  for (int hierarchy = 0; hierarchy < 2; hierarchy++) {
    struct dmn dmn;
    if (!dmn_parse(text, hierarchy, &dmn, NULL))
      continue;
    as_text(dmn.address, true);
    g_free(dmn_key(dmn.address, dmn.depth));
    dmn_clear(&dmn);
  }
}

static void try_encodings(const char *text)
{
  bool exact = false;
  g_autofree char *ascii = ps_decode(text, &exact), *encoded = ps_encode(text);
  if (exact) {
    g_autofree char *again = ps_encode(ascii);
    g_autofree char *twice = again != NULL ? ps_decode(again, NULL) : NULL;
    must(twice != NULL && strcmp(twice, ascii) == 0);
  }
  if (encoded != NULL) {
    g_autofree char *back = ps_decode(encoded, NULL);
    must(ps_is_printable(encoded) && strcmp(back, text) == 0);
  }
  g_autofree char *printable = NULL, *teletex = NULL;
  if (ps_teletex_parse(text, &printable, &teletex)) {
    g_autofree char *written = ps_teletex_format(printable, teletex);
    g_autofree char *printable_again = NULL, *teletex_again = NULL;
    must(ps_teletex_parse(written, &printable_again, &teletex_again));
    must(g_strcmp0(printable, printable_again) == 0 && g_strcmp0(teletex, teletex_again) == 0);
  }
}

static void try_mailbox(const char *text)
{
  struct mapping_context *context = gateway();
  g_autoptr(mailbox_t) mailbox = mailbox_parse(text, NULL);
  if (mailbox != NULL) {
    g_autofree char *written = mailbox_format(mailbox->route, mailbox->local, mailbox->domain);
    g_autoptr(mailbox_t) again = mailbox_parse(written, NULL);
    must(again != NULL || strlen(written) > MAILBOX_MAX);
    must(again == NULL ||
         (strcmp(again->local, mailbox->local) == 0 && strcmp(again->domain, mailbox->domain) == 0 &&
          g_strcmp0(again->route, mailbox->route) == 0));
  }
  g_autoptr(or_address_t) address = address_to_or(context, text, ADDRESS_RECIPIENT, NULL, NULL);
  if (address != NULL)
    try_address(address, true);
  g_autofree char *mapped = NULL, *hop = NULL;
  g_autoptr(GPtrArray) explain = g_ptr_array_new_with_free_func(g_free);
  address_route_mailbox(context, text, &mapped, &hop, explain, NULL);
  g_free(address_hop_mailbox(context, text, NULL));
}

static void try_text(const char *text)
{
  try_or_text(text);
  try_personal_name(text);
  try_table_notation(text);
  try_encodings(text);
  try_mailbox(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  if (data[0] & 1) {
    g_autoptr(asn1_value_t) value = asn1_decode_mem(&asn_DEF_ORName, data + 1, size - 1, NULL, NULL);
    g_autoptr(or_address_t) address =
        value != NULL ? or_address_from_asn1(value, asn1_value_get(value), NULL) : NULL;
    if (address != NULL)
      try_address(address, false);
    return 0;
  }
  g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
  if (g_utf8_validate(text, -1, NULL))
    try_text(text);
  return 0;
}
