/* test_mcgam.c: RFC 2156 4.2 and appendix F: text tables, the compiled file, look-ups. */
#include "lib/addressing.h"
#include "mapping/mcgam_compile.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* The examples of appendix F 5, and some of 4.2. */
static const struct addressing_tables rfc = {
    .domain_to_or = "# comment\n"
                    "AC.UK#PRMD$UK\\.AC.ADMD$GOLD 400.C$GB#\n"
                    "XEROX.COM#O$Xerox.ADMD$ATT.C$US#\n"
                    "\n"
                    "GMD.DE#O$@.PRMD$GMD.ADMD$DBP.C$DE#\r\n"
                    "HNE.EGM#O$HNE.PRMD$@.ADMD$ECQ.C$TC#\n"
                    "K.L#C$KL#\n"
                    "J.K.L#PRMD$J.ADMD$@.C$KL#",
};

/* Row XEROX.COM leaves the PRMD out without "@": appendix F 3 b forbids what appendix F 5 shows. */
START_TEST(the_example_that_breaks_its_rule)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  GByteArray *octets = addressing_compile(&rfc, lines);
  ck_assert_ptr_nonnull(octets);
  ck_assert_ptr_nonnull(strstr(lines->pdata[0], "domain-to-or:3: warning: a level is not named"));
  struct mcgam *mcgam = mcgam_open_mem(octets->data, octets->len, NULL);
  ck_assert_ptr_nonnull(strstr(mcgam_find(mcgam, MCGAM_DOMAIN_TO_OR, "xerox.com"), "O$Xerox"));
  struct dmn dmn;
  gsize rest;
  ck_assert(mcgam_match_domain(mcgam, MCGAM_DOMAIN_TO_OR, "parc.xerox.com", &dmn, &rest));
  ck_assert_uint_eq(dmn.depth, 4);
  dmn_clear(&dmn);
  mcgam_free(mcgam);
  g_byte_array_unref(octets);
}
END_TEST

static const struct addressing_tables good = {
    .domain_to_or = "AC.UK#PRMD$UK\\.AC.ADMD$GOLD 400.C$GB#\n"
                    "XEROX.COM#O$Xerox.PRMD$@.ADMD$ATT.C$US#\n"
                    "GMD.DE#O$@.PRMD$GMD.ADMD$DBP.C$DE#\n"
                    "K.L#C$KL#\n"
                    "J.K.L#PRMD$J.ADMD$@.C$KL#\n",
    .or_to_domain = "PRMD$UK\\.AC.ADMD$GOLD 400.C$GB#AC.UK#\n"
                    "O$Xerox.PRMD$@.ADMD$ATT.C$US#xerox.com#\n"
                    "O$@.PRMD$GMD.ADMD$DBP.C$DE#GMD.DE#\n"
                    "C$KL#k.l#\n"
                    "PRMD$J.ADMD$ .C$KL#J.K.L#\n",
    .domain_to_or_gateway = "alter.net#~ROLE$Big\\.Chief.PRMD$relay.ADMD$BTglobal.C$gb#\n",
    .or_to_domain_gateway = "ADMD$ATT.C$us#attmail.com#\n",
};

struct opened {
  GByteArray *octets;
  struct mcgam *mcgam;
};

static struct opened open_tables(const struct addressing_tables *tables)
{
  struct opened opened = {addressing_compile(tables, NULL), NULL};
  ck_assert_ptr_nonnull(opened.octets);
  opened.mcgam = mcgam_open_mem(opened.octets->data, opened.octets->len, NULL);
  ck_assert_ptr_nonnull(opened.mcgam);
  return opened;
}

static void close_tables(struct opened *opened)
{
  mcgam_free(opened->mcgam);
  g_byte_array_unref(opened->octets);
}

static const struct {
  enum mcgam_table table;
  const char *domain, *match, *address; /* match NULL: none */
} domains[] = {
    {MCGAM_DOMAIN_TO_OR, "R-D.Salford.AC.UK", "AC.UK", "/PRMD=UK.AC/ADMD=GOLD 400/C=GB/"},
    {MCGAM_DOMAIN_TO_OR, "ac.uk", "ac.uk", "/PRMD=UK.AC/ADMD=GOLD 400/C=GB/"},
    {MCGAM_DOMAIN_TO_OR, "zac.uk", NULL, NULL},
    {MCGAM_DOMAIN_TO_OR, "uk", NULL, NULL},
    {MCGAM_DOMAIN_TO_OR, "A.B.C", NULL, NULL},
    {MCGAM_DOMAIN_TO_OR, "I.J.K.L", "J.K.L", "/PRMD=J/ADMD= /C=KL/"},
    {MCGAM_DOMAIN_TO_OR, "I.M.K.L", "K.L", "/ADMD= /C=KL/"},
    {MCGAM_DOMAIN_TO_OR, "x.gmd.de", "gmd.de", "/PRMD=GMD/ADMD=DBP/C=DE/"},
    {MCGAM_DOMAIN_TO_OR_GATEWAY, "UK.alter.net", "alter.net",
     "/DD.ROLE=Big.Chief/PRMD=relay/ADMD=BTglobal/C=gb/"},
    {MCGAM_OR_TO_DOMAIN, "ac.uk", NULL, NULL},
    {MCGAM_DOMAIN_TO_OR, "", NULL, NULL},
    {MCGAM_DOMAIN_TO_OR, "..", NULL, NULL},
};

/* proves: A7> */
START_TEST(match_of_a_domain)
{
  struct opened opened = open_tables(&good);
  struct dmn dmn = {NULL, 0, 0};
  gsize rest = 0;
  bool found = mcgam_match_domain(opened.mcgam, domains[_i].table, domains[_i].domain, &dmn, &rest);
  ck_assert_int_eq(found, domains[_i].match != NULL);
  if (found) {
    ck_assert_str_eq(domains[_i].domain + rest, domains[_i].match);
    g_autofree char *text = or_address_format(dmn.address);
    ck_assert_str_eq(text, domains[_i].address);
    dmn_clear(&dmn);
  }
  close_tables(&opened);
}
END_TEST

static const struct {
  enum mcgam_table table;
  const char *address, *domain;
  guint depth;
} addresses[] = {
    {MCGAM_OR_TO_DOMAIN, "/S=a/OU=R-D/O=Salford/PRMD=UK.AC/ADMD=GOLD 400/C=GB/", "ac.uk", 3},
    {MCGAM_OR_TO_DOMAIN, "/S=a/PRMD=uk.ac/ADMD=gold  400/C=gb/", "ac.uk", 3},
    {MCGAM_OR_TO_DOMAIN, "/S=a/O=Xerox/ADMD=ATT/C=US/", "xerox.com", 4},
    {MCGAM_OR_TO_DOMAIN, "/S=a/O=Xerox/PRMD=x/ADMD=ATT/C=US/", NULL, 0},
    {MCGAM_OR_TO_DOMAIN, "/S=a/PRMD=GMD/ADMD=DBP/C=DE/", "gmd.de", 4},
    {MCGAM_OR_TO_DOMAIN, "/S=a/OU=z/PRMD=GMD/ADMD=DBP/C=DE/", "gmd.de", 4},
    {MCGAM_OR_TO_DOMAIN, "/S=a/O=z/PRMD=GMD/ADMD=DBP/C=DE/", NULL, 0},
    {MCGAM_OR_TO_DOMAIN, "/S=a/C=KL/", "k.l", 1},
    {MCGAM_OR_TO_DOMAIN, "/S=a/PRMD=J/C=KL/", "j.k.l", 3},
    {MCGAM_OR_TO_DOMAIN, "/S=a/PRMD=j/ADMD= /C=KL/", "j.k.l", 3},
    {MCGAM_OR_TO_DOMAIN, "/S=a/PRMD=j/ADMD=x/C=KL/", "k.l", 1},
    {MCGAM_OR_TO_DOMAIN_GATEWAY, "/G=Andy/S=Wharol/O=MMNY/ADMD=ATT/C=us/", "attmail.com", 2},
    {MCGAM_OR_TO_DOMAIN_GATEWAY, "/S=a/C=us/", NULL, 0},
    {MCGAM_OR_TO_DOMAIN, "/X121=12/", NULL, 0},
};

/* proves: A7< */
START_TEST(match_of_an_address)
{
  struct opened opened = open_tables(&good);
  g_autoptr(or_address_t) address = or_address_parse(addresses[_i].address, NULL);
  guint depth = 0;
  const char *domain = mcgam_match_or(opened.mcgam, addresses[_i].table, address, &depth);
  ck_assert_pstr_eq(domain, addresses[_i].domain);
  ck_assert_uint_eq(depth, addresses[_i].depth);
  close_tables(&opened);
}
END_TEST

/* lines: what the compiler says, each a part of its line; errors: nothing is compiled. */
static const struct {
  struct addressing_tables tables;
  const char *lines[3];
  bool errors;
} diagnostics[] = {
    {{.domain_to_or = "a.b\n"}, {"domain-to-or:1: error: domain#O/R address# expected"}, true},
    {{.or_to_domain = "C$de#\n"}, {"or-to-domain:1: error: O/R address#domain# expected"}, true},
    {{.domain_to_or = "\n\na_b.c#C$de#\n"}, {"domain-to-or:3: error: \"a_b.c\" is no domain"}, true},
    {{.domain_to_or = "-a.c#C$de#\n"}, {"is no domain"}, true},
    {{.domain_to_or = "a.c#X$de#\n"}, {"\"X\" is no keyword"}, true},
    {{.domain_to_or = "a.c#Cde#\n"}, {"\"$\" expected"}, true},
    {{.domain_to_or = "a.c#S$lee.C$de#\n"}, {"S is not below C"}, true},
    {{.domain_to_or = "a.c#ADMD$x#\n"}, {"ADMD is not below the root"}, true},
    {{.domain_to_or = "a.c#C$de# x\n"}, {"expected"}, true},
    {{.domain_to_or = "a.c#O$a_b.PRMD$@.ADMD$x.C$de#\n"}, {"not PrintableString"}, true},
    {{.domain_to_or = "a.c#OU$5.OU$4.OU$3.OU$2.OU$1.O$o.PRMD$p.ADMD$x.C$de#\n"},
     {"OU is not below OU"},
     true},
    {{.domain_to_or = "a.c#C$de#\nA.C#C$DE#\n", .or_to_domain = "C$de#a.c#\n"},
     {"domain-to-or:2: warning: the same row as domain-to-or:1"},
     false},
    {{.domain_to_or = "a.c#C$de#\nA.C#C$fr#\n"}, {"domain-to-or:2: error: contradicts domain-to-or:1"}, true},
    {{.or_to_domain = "ADMD$ .C$de#a.b#\nADMD$@.C$de#a.c#\n"},
     {"or-to-domain:2: error: contradicts or-to-domain:1"},
     true},
    {{.domain_to_or = "a.c#C$de#\n"}, {"domain-to-or:1: warning: no row of or-to-domain inverts it"}, false},
    {{.or_to_domain = "C$de#a.c#\n"}, {"or-to-domain:1: warning: no row of domain-to-or inverts it"}, false},
    {{.domain_to_or = "a.c#C$de#\nb.c#C$de#\n", .or_to_domain = "C$de#a.c#\n"},
     {"domain-to-or:2: warning: or-to-domain:1 maps back to \"a.c\""},
     false},
    {{.domain_to_or = "a.c#C$de#\n", .or_to_domain = "C$de#a.c#\n", .domain_to_or_gateway = "A.c#C$fr#\n"},
     {"domain-to-or-gateway:1: error: domain-to-or:1 maps the same key"},
     true},
    {{.domain_to_or = "a.c#C$de#\n", .or_to_domain = "C$de#a.c#\n", .or_to_domain_gateway = "C$DE#b.c#\n"},
     {"or-to-domain-gateway:1: error: or-to-domain:1 maps the same key"},
     true},
    {{.domain_to_or_gateway = "a.c#~$x.C$de#\n"}, {"needs type and value"}, true},
    {{.domain_to_or_gateway = "a.c#S$gw.O$o.C$de#\nb.c#~a\\.b$c\\.d.X121$1#\n"}, {NULL}, false},
    {{.domain_to_or = "#\n   # x\n\t\n"}, {NULL}, false},
};

/* proves: F5 F6 */
START_TEST(diagnostic)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  GByteArray *octets = addressing_compile(&diagnostics[_i].tables, lines);
  guint wanted = 0;
  for (; wanted < 3 && diagnostics[_i].lines[wanted]; wanted++) {
    ck_assert_uint_gt(lines->len, wanted);
    ck_assert_msg(strstr(lines->pdata[wanted], diagnostics[_i].lines[wanted]) != NULL, "%s",
                  (char *)lines->pdata[wanted]);
  }
  if (!diagnostics[_i].errors)
    ck_assert_uint_eq(lines->len, wanted);
  ck_assert_int_eq(octets == NULL, diagnostics[_i].errors);
  if (octets)
    g_byte_array_unref(octets);
}
END_TEST

START_TEST(long_lines_and_nuls)
{
  g_autofree char *line = g_strnfill(5000, 'a');
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  const struct mcgam_source sources[] = {{MCGAM_DOMAIN_TO_OR, "long", line, 5000},
                                         {MCGAM_DOMAIN_TO_OR, "nul", "a.b#C$d\0#", 9}};
  ck_assert_ptr_null(mcgam_compile(sources, 2, lines));
  ck_assert_uint_eq(lines->len, 2);
}
END_TEST

/* --- the file
 * --------------------------------------------------------------------------------------------------- */

START_TEST(the_file_is_checked)
{
  struct opened opened = open_tables(&good);
  ck_assert(mcgam_verify(opened.mcgam, NULL));
  ck_assert_uint_eq(mcgam_rows(opened.mcgam, MCGAM_DOMAIN_TO_OR), 5);
  ck_assert_uint_eq(mcgam_rows(opened.mcgam, MCGAM_OR_TO_DOMAIN_GATEWAY), 1);
  g_autofree guint8 *copy = g_memdup2(opened.octets->data, opened.octets->len);
  for (gsize i = 0; i < sizeof(struct mcgam_header); i++) {
    copy[i] ^= 0x41;
    ck_assert_msg(mcgam_open_mem(copy, opened.octets->len, NULL) == NULL, "octet %zu of the header", i);
    copy[i] ^= 0x41;
  }
  for (gsize length = 0; length < opened.octets->len; length += 7)
    ck_assert_ptr_null(mcgam_open_mem(copy, length, NULL));
  copy[opened.octets->len - 5] ^= 1;
  struct mcgam *damaged = mcgam_open_mem(copy, opened.octets->len, NULL);
  ck_assert_ptr_nonnull(damaged);
  ck_assert(!mcgam_verify(damaged, NULL));
  mcgam_free(damaged);
  close_tables(&opened);
}
END_TEST

/* Makes the header fit again to damaged octets, as a liar would. */
static void seal(guint8 *data)
{
  struct mcgam_header header;
  memcpy(&header, data, sizeof header);
  header.header_checksum = mcgam_hash(&header, offsetof(struct mcgam_header, header_checksum));
  memcpy(data, &header, sizeof header);
}

/* A corrupt file may give any answer, but no crash and no endless search. */
START_TEST(a_corrupt_file_does_no_harm)
{
  struct opened opened = open_tables(&good);
  g_autoptr(GRand) random = g_rand_new_with_seed(3);
  g_autoptr(or_address_t) address =
      or_address_parse("/S=a/OU=R-D/O=Salford/PRMD=UK.AC/ADMD=GOLD 400/C=GB/", NULL);
  for (guint i = 0; i < 30000; i++) {
    g_autofree guint8 *copy =
        g_memdup2(opened.octets->data, opened.octets->len); /* of its size: ASan sees one octet too far */
    for (gint hits = g_rand_int_range(random, 1, 12); hits > 0; hits--)
      copy[g_rand_int_range(random, 0, (gint)opened.octets->len)] = (guint8)g_rand_int(random);
    seal(copy);
    struct mcgam *mcgam = mcgam_open_mem(copy, opened.octets->len, NULL);
    if (!mcgam)
      continue;
    struct dmn dmn;
    gsize rest;
    guint depth;
    for (enum mcgam_table table = 0; table < MCGAM_TABLES; table++) {
      if (mcgam_match_domain(mcgam, table, "R-D.Salford.AC.UK", &dmn, &rest))
        dmn_clear(&dmn);
      const char *domain = mcgam_match_or(mcgam, table, address, &depth);
      ck_assert(!domain || strlen(domain) < opened.octets->len);
    }
    mcgam_free(mcgam);
  }
  close_tables(&opened);
}
END_TEST

enum { MANY = 50000 };

static void many_rows(GString *text)
{
  for (guint i = 0; i < MANY; i++)
    g_string_append_printf(text, "d%u.example%u.org#O$org%u.PRMD$p%u.ADMD$a.C$xx#\n", i, i % 97, i, i % 97);
}

/* Every row is found among many; that the file is mapped and hashed keeps it fast (measured by tests/bench).
 */
START_TEST(many)
{
  g_autoptr(GString) text = g_string_new(NULL);
  many_rows(text);
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  const struct mcgam_source source = {MCGAM_DOMAIN_TO_OR, "many", text->str, text->len};
  GByteArray *octets = mcgam_compile(&source, 1, lines);
  ck_assert_ptr_nonnull(octets);
  struct mcgam *mcgam = mcgam_open_mem(octets->data, octets->len, NULL);
  ck_assert_uint_eq(mcgam_rows(mcgam, MCGAM_DOMAIN_TO_OR), MANY);
  for (guint i = 0; i < MANY; i += 3) {
    g_autofree char *domain = g_strdup_printf("x.D%u.Example%u.org", i, i % 97),
                    *organization = g_strdup_printf("org%u", i);
    struct dmn dmn;
    gsize rest;
    ck_assert(mcgam_match_domain(mcgam, MCGAM_DOMAIN_TO_OR, domain, &dmn, &rest));
    ck_assert_uint_eq(rest, 2);
    ck_assert_str_eq(or_address_get(dmn.address, OR_ORGANIZATION, 0), organization);
    dmn_clear(&dmn);
  }
  mcgam_free(mcgam);
  g_byte_array_unref(octets);
}
END_TEST

START_TEST(empty)
{
  struct mcgam *mcgam = mcgam_new_empty();
  struct dmn dmn;
  gsize rest;
  ck_assert(!mcgam_match_domain(mcgam, MCGAM_DOMAIN_TO_OR, "a.b", &dmn, &rest));
  ck_assert(mcgam_verify(mcgam, NULL));
  mcgam_free(mcgam);
  ck_assert_int_eq(mcgam_table_from_name("or-to-domain"), MCGAM_OR_TO_DOMAIN);
  ck_assert_int_eq(mcgam_table_from_name("x"), MCGAM_SOURCES);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("mcgam");
  TCase *all = tcase_create("all");
  tcase_add_test(all, the_example_that_breaks_its_rule);
  tcase_add_loop_test(all, match_of_a_domain, 0, G_N_ELEMENTS(domains));
  tcase_add_loop_test(all, match_of_an_address, 0, G_N_ELEMENTS(addresses));
  tcase_add_loop_test(all, diagnostic, 0, G_N_ELEMENTS(diagnostics));
  tcase_add_test(all, long_lines_and_nuls);
  tcase_add_test(all, the_file_is_checked);
  tcase_add_test(all, a_corrupt_file_does_no_harm);
  tcase_add_test(all, many);
  tcase_add_test(all, empty);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
