/* fuzz_mcgam.c - mapping tables: any text as a source of them, any octets as a compiled file.
 *
 * First octet: its low two bits the table that a text is for, with 8 those of single users; 4: the rest is a
 * compiled file (its header's checksum and length are mended first, else nothing of it would be looked at).  What
 * compiles must open, and every row of the text must be found in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mapping/mcgam_compile.h"
#include "mapping/users.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
  if (!good)
    abort();
}

static void look_up(const struct mcgam *mcgam)
{
  static const char *const domains[] = {"sea.example", "a.b.c.d.example", "", ".", "x"};
  static const char *const addresses[] = {"/O=harbour/ADMD=demo/C=xx/", "/PRMD=sea/ADMD=demo/C=xx/", "/C=xx/",
                                          "/OU=a/OU=b/OU=c/OU=d/O=e/PRMD=f/ADMD= /C=xx/"};
  for (enum mcgam_table table = 0; table < MCGAM_TABLES; table++) {
    mcgam_rows(mcgam, table);
    for (guint i = 0; i < G_N_ELEMENTS(domains); i++) {
      struct dmn dmn;
      gsize rest;
      if (mcgam_match_domain(mcgam, table, domains[i], &dmn, &rest)) {
        must(rest <= strlen(domains[i]));
        dmn_clear(&dmn);
      }
    }
    for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
      g_autoptr(or_address_t) address = or_address_parse(addresses[i], NULL);
      guint depth = 0;
      const char *domain = mcgam_match_or(mcgam, table, address, &depth);
      must(domain == NULL || (depth > 0 && strlen(domain) < 65536));
    }
  }
}

static void look_up_users(const struct mcgam *mcgam)
{
  static const char *const mailboxes[] = {"ann@a.example", "\"a b\"@c", "x@y"};
  static const char *const addresses[] = {"/S=ann/C=xx/", "/CN=a*{228}/O=b/C=xx/", "/X121=1/"};
  for (guint i = 0; i < G_N_ELEMENTS(mailboxes); i++) {
    g_autoptr(mailbox_t) mailbox = mailbox_parse(mailboxes[i], NULL);
    users_of_mailbox(mcgam, mailbox, i % 2);
    g_autoptr(or_address_t) address = or_address_parse(addresses[i], NULL);
    users_of_address(mcgam, address);
  }
}

static void try_file(const uint8_t *data, size_t size)
{
  g_autofree guint8 *file = g_memdup2(data, size);
  if (size >= sizeof(struct mcgam_header)) {
    struct mcgam_header header;
    memcpy(&header, file, sizeof header);
    header.size = size;
    header.header_checksum = mcgam_hash(&header, offsetof(struct mcgam_header, header_checksum));
    memcpy(file, &header, sizeof header);
  }
  g_autoptr(GError) error = NULL;
  struct mcgam *mcgam = mcgam_open_mem(file, size, &error);
  must((mcgam == NULL) == (error != NULL));
  if (mcgam == NULL)
    return;
  mcgam_verify(mcgam, NULL);
  look_up(mcgam);
  look_up_users(mcgam);
  mcgam_free(mcgam);
}

/* Keys as the compiler makes them, of each line that is a row. */
static void find_rows(const struct mcgam *mcgam, enum mcgam_table table, const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    char *end = strchr(lines[i], '#');
    if (end == NULL || end == lines[i] || strchr(lines[i], '\r') != NULL)
      continue;
    *end = '\0';
    if (table == MCGAM_MAILBOX_TO_OR || table == MCGAM_USERS) {
      g_autoptr(mailbox_t) mailbox = strchr(lines[i], '\\') == NULL ? mailbox_parse(lines[i], NULL) : NULL;
      must(mailbox == NULL || users_of_mailbox(mcgam, mailbox, false) != NULL);
    } else if (table == MCGAM_DOMAIN_TO_OR || table == MCGAM_DOMAIN_TO_OR_GATEWAY) {
      g_autofree char *key = g_ascii_strdown(g_strstrip(lines[i]), -1);
      must(*key == '\0' || mcgam_find(mcgam, table, key) != NULL); /* "": a comment behind spaces */
    }
  }
}

static void try_text(enum mcgam_table table, const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup((const char *)data, size);
  struct mcgam_source source = {table, "table", text, strlen(text)};
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GByteArray) compiled = mcgam_compile(&source, 1, lines);
  must(compiled != NULL || lines->len > 0);
  for (guint i = 0; i < lines->len; i++)
    must(g_str_has_prefix(lines->pdata[i], "table:"));
  if (compiled == NULL)
    return;
  struct mcgam *mcgam = mcgam_open_mem(compiled->data, compiled->len, NULL);
  must(mcgam != NULL && mcgam_verify(mcgam, NULL));
  find_rows(mcgam, table, text);
  look_up(mcgam);
  look_up_users(mcgam);
  mcgam_free(mcgam);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  if (data[0] & 4)
    try_file(data + 1, size - 1);
  else
    try_text((enum mcgam_table)MIN((data[0] & 3) + (data[0] & 8) / 2, MCGAM_SOURCES - 1), data + 1, size - 1);
  return 0;
}
