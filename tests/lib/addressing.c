#include "lib/addressing.h"

#include "mapping/mcgam_compile.h"
#include "mapping/or_keys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

GByteArray *addressing_compile(const struct addressing_tables *tables, GPtrArray *lines)
{
  const char *const texts[MCGAM_SOURCES] = {
      tables->domain_to_or,  tables->or_to_domain,  tables->domain_to_or_gateway, tables->or_to_domain_gateway,
      tables->mailbox_to_or, tables->or_to_mailbox, tables->users};
  struct mcgam_source sources[MCGAM_SOURCES];
  guint count = 0;
  for (enum mcgam_table table = 0; table < MCGAM_SOURCES; table++)
    if (texts[table])
      sources[count++] =
          (struct mcgam_source){table, mcgam_table_name(table), texts[table], strlen(texts[table])};
  g_autoptr(GPtrArray) own = lines ? NULL : g_ptr_array_new_with_free_func(g_free);
  return mcgam_compile(sources, count, lines ? lines : own);
}

struct mapping_context *addressing_context(const char *extra, const struct addressing_tables *tables)
{
  static const struct addressing_tables none = {0};
  g_autofree char *text = g_strdup_printf(
      "{%s 'domain': <'gw.test'>, 'administrator': <'postmaster@gw.test'>,"
      " 'or-address': <'/PRMD=test/ADMD=gate/C=xx/'>, 'country': <'xx'>, 'admd': <'gate'>, 'prmd': <'test'>}",
      extra);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) settings = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
  GByteArray *compiled = settings ? addressing_compile(tables ? tables : &none, NULL) : NULL;
  int fd = memfd_create("tables", MFD_CLOEXEC);
  struct mapping_context *context = NULL;
  if (compiled && write(fd, compiled->data, compiled->len) == (gssize)compiled->len)
    context = mapping_context_new(settings, fd, &error);
  close(fd);
  if (!context) {
    g_printerr("addressing_context: %s\n", error ? error->message : "tables");
    abort();
  }
  g_byte_array_unref(compiled);
  return context;
}

/* --- random addresses -------------------------------------------------------------------------------- */

static guint below(GRand *random, guint limit)
{
  return (guint)g_rand_int_range(random, 0, (gint)limit);
}

static const char *pick(GRand *random, const char *const *list, gsize count)
{
  return list[below(random, (guint)count)];
}

static char *label(GRand *random)
{
  static const char *const labels[] = {"acme", "Sales", "R-D", "it4", "HQ", "x", "north-sea", "Lab7"};
  return g_strdup(pick(random, labels, G_N_ELEMENTS(labels)));
}

static char *printable(GRand *random, guint most)
{
  static const char odd[] = "'()+,-./:=? ";
  GString *text = g_string_new(NULL);
  for (guint length = 1 + below(random, most); text->len < length;) {
    guint kind = below(random, 10);
    g_string_append_c(text, kind < 6   ? (char)('a' + below(random, 26))
                            : kind < 7 ? (char)('A' + below(random, 26))
                            : kind < 8 ? (char)('0' + below(random, 10))
                                       : odd[below(random, sizeof odd - 1)]);
  }
  return g_string_free(text, FALSE);
}

static char *wide(GRand *random, guint most)
{
  static const char *const letters[] = {"ä", "Ö", "ß", "é", "@", "_",  "\"", "ñ", "å", "ç", "¥",
                                        "Ł", "ő", "ş", "Ω", "Ж", "漢", "😀",  "a", "Z", "/", "="};
  GString *text = g_string_new(NULL);
  for (guint length = 1 + below(random, most); length > 0; length--)
    g_string_append(text, pick(random, letters, G_N_ELEMENTS(letters)));
  return g_string_free(text, FALSE);
}

static char *digits(GRand *random, guint most)
{
  GString *text = g_string_new(NULL);
  for (guint length = 1 + below(random, most); text->len < length;)
    g_string_append_c(text, (char)('0' + below(random, 10)));
  return g_string_free(text, FALSE);
}

/* A value as the key's encoding allows it; now and then a teletex twin, or that alone. */
static void set_random(GRand *random, struct or_address *address, enum or_key key, guint index)
{
  const struct or_key_info *info = &or_keys[key];
  guint most = MIN(info->bound, 20);
  g_autofree char *value = info->encoding == OR_ENCODING_N ? digits(random, MIN(info->bound, 12))
                           : below(random, 3)              ? label(random)
                                                           : printable(random, most);
  g_autofree char *twin =
      info->encoding == OR_ENCODING_PT && below(random, 6) == 0 ? wide(random, MIN(most, 8)) : NULL;
  if (strlen(value) > info->bound)
    value[info->bound] = 0;
  bool alone = twin && below(random, 2);
  or_address_set(address, key, index, alone ? NULL : value, twin);
  struct or_attribute *attribute = or_address_attribute(address, key, index);
  if (twin && below(random, 3) == 0) /* of 1999 */
    attribute->universal = g_steal_pointer(&attribute->teletex);
  if (key == OR_DDA) {
    struct or_attribute *dda = or_address_attribute(address, key, index);
    if (!alone)
      dda->type = printable(random, 8);
    if (twin)
      dda->type_teletex = wide(random, 4);
  }
}

static void add_person(GRand *random, struct or_address *address)
{
  set_random(random, address, OR_SURNAME, 0);
  for (enum or_key key = OR_GIVEN_NAME; key <= OR_GENERATION; key++)
    if (below(random, 3) == 0)
      set_random(random, address, key, 0);
  if (below(random, 2)) { /* the common case: names that encoded-pn can write */
    or_address_set(address, OR_SURNAME, 0, "Lee", NULL);
    or_address_remove(address, OR_GENERATION);
    if (or_address_attribute(address, OR_INITIALS, 0))
      or_address_set(address, OR_INITIALS, 0, "JR", NULL);
    if (or_address_attribute(address, OR_GIVEN_NAME, 0))
      or_address_set(address, OR_GIVEN_NAME, 0, "Ann", NULL);
  }
}

static void add_domains(GRand *random, struct or_address *address)
{
  static const char *const countries[] = {"de", "XX", "gb", "262"},
                           *const admds[] = {" ", "gate", "GOLD 400", "400"},
                           *const prmds[] = {"acme", "UK.AC", "4711", "no rows"};
  static const char *const known[][3] = {{"de", " ", "acme"},
                                         {"nl", "ade", "tlec"},
                                         {"TC", "BTT", NULL},
                                         {"DE", "dbp", "GMD"},
                                         {"it", "Master400", NULL}};
  if (below(random, 2)) { /* there may be rows for it */
    const char *const *domain = known[below(random, G_N_ELEMENTS(known))];
    or_address_set(address, OR_COUNTRY, 0, domain[0], NULL);
    or_address_set(address, OR_ADMD, 0, domain[1], NULL);
    or_address_set(address, OR_PRMD, 0, domain[2], NULL);
    return;
  }
  or_address_set(address, OR_COUNTRY, 0, pick(random, countries, G_N_ELEMENTS(countries)), NULL);
  if (below(random, 8))
    or_address_set(address, OR_ADMD, 0, pick(random, admds, G_N_ELEMENTS(admds)), NULL);
  if (below(random, 4))
    or_address_set(address, OR_PRMD, 0, pick(random, prmds, G_N_ELEMENTS(prmds)), NULL);
}

static void add_mnemonic(GRand *random, struct or_address *address)
{
  if (below(random, 4))
    set_random(random, address, OR_ORGANIZATION, 0);
  for (guint units = below(random, 5), i = 0; i < units; i++)
    set_random(random, address, OR_UNIT, i);
  if (below(random, 5))
    add_person(random, address);
  else
    set_random(random, address, OR_COMMON_NAME, 0);
  for (guint ddas = below(random, 3) ? 0 : below(random, 5), i = 0; i < ddas; i++)
    set_random(random, address, OR_DDA, i);
}

static void add_postal(GRand *random, struct or_address *address)
{
  or_address_set(address, OR_PD_COUNTRY, 0, "de", NULL);
  or_address_set(address, OR_PD_CODE, 0, below(random, 2) ? "D-20095" : "20095", NULL);
  for (enum or_key key = OR_PD_OFFICE; key <= OR_PD_LOCAL; key++)
    if (key != OR_PD_UNFORMATTED && below(random, 3) == 0)
      set_random(random, address, key, 0);
  if (below(random, 3) == 0)
    set_random(random, address, OR_PD_SERVICE, 0);
  for (guint lines = below(random, 7), i = 0; i < lines; i++) {
    g_autofree char *line = printable(random, 30);
    or_address_set(address, OR_PD_UNFORMATTED, i, line, NULL);
  }
  if (below(random, 4) == 0)
    or_address_require(address, OR_PD_UNFORMATTED, 0)->teletex = wide(random, 30);
}

static void add_terminal(GRand *random, struct or_address *address)
{
  static const char *const psaps[] = {"'61'H/'62'H/'63'H/NS+4700",
                                      "'62'H/'63'H/NS+47000580005A_NS+54", "'63'H/NS+47", "NS+49"};
  guint kind = below(random, 3);
  if (kind == 0)
    set_random(random, address, OR_X121, 0);
  else if (kind == 1)
    set_random(random, address, OR_NET_NUMBER, 0);
  else
    or_address_set(address, OR_NET_PSAP, 0, pick(random, psaps, G_N_ELEMENTS(psaps)), NULL);
  if (or_address_attribute(address, OR_NET_NUMBER, 0) && below(random, 2))
    set_random(random, address, OR_NET_SUBADDRESS, 0);
  if (below(random, 2))
    set_random(random, address, OR_TERMINAL_ID, 0);
  if (below(random, 2))
    or_address_set(address, OR_TERMINAL_TYPE, 0, "5", NULL);
}

struct or_address *addressing_random(GRand *random)
{
  struct or_address *address = or_address_new();
  add_domains(random, address);
  guint form = below(random, 20);
  if (form < 15)
    add_mnemonic(random, address);
  else if (form < 16)
    set_random(random, address, OR_UA_ID, 0);
  else if (form < 18)
    add_terminal(random, address);
  else
    add_postal(random, address);
  return address;
}
