/* test_sources.c: MCGAMs outside the compiled tables: RFC 2163 (DNS) and RFC 2164 (LDAP), with their examples, on
 * given answers; what a job lacks, and RFC 2156 4.2.1's indeterminate look-ups. */
#include "lib/addressing.h"
#include "mapping/mcgam_ldap.h"
#include "mapping/px.h"
#include "mapping/sources.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* --- RFC 2163 4.2: O/R attributes as labels ---------------------------------------------------------- */

static const struct {
  const char *keyword, *value, *label;
} labels[] = {{"PRMD", NULL, "PRMD"},
              {"ADMD", " ", "ADMDb"},
              {"ADMD", "400-net", "ADMD-400-h-net"},
              {"PRMD", "UK.BD", "PRMD-UK-d-BD"},
              {"O", "ACME Inc.", "O-ACME-b-Inc-d"},
              {"PRMD", "main-400-a", "PRMD-main-h-400-h-a"},
              {"O", "-123-b", "O--h-123-h-b"},
              {"OU", "123-x", "OU-123-h-x"},
              {"PRMD", "Adis+co", "PRMD-Adis-043-co"}};

/* proves: M6 */
START_TEST(labels_are_those_of_rfc_2163)
{
  g_autofree char *label = px_label(labels[_i].keyword, labels[_i].value);
  ck_assert_str_eq(label, labels[_i].label);
}
END_TEST

static const struct {
  const char *dns, *dmn;
  bool gateway;
} names[] = {
    {"OU-uuu.O.PRMD-ppp-d-rrr.ADMD-aaa-b-ddd-h-mmm.C-cc", "OU$uuu.O$@.PRMD$ppp\\.rrr.ADMD$aaa ddd-mmm.C$cc", false},
    {"OU-sales-b-dept-d.O.PRMD-ACME.ADMDb.C-GB", "OU$sales dept\\..O$@.PRMD$ACME.ADMD$ .C$GB", false},
    {"O-u-h-newcity.PRMD-x4net.ADMDb.C-it", "O$u-newcity.PRMD$x4net.ADMD$ .C$it", false},
    {"PRMD-Adis-043-co.ADMDb.C-xx", "PRMD$Adis+co.ADMD$ .C$xx", false},
    {"OU-int-h-gw.O.PRMD-ninp.ADMD-acme.C-it.G", "OU$int-gw.O$@.PRMD$ninp.ADMD$acme.C$it", true},
    {"ADMD-PWT400.C-us.G.", "ADMD$PWT400.C$us", true},
};

START_TEST(names_are_read_back)
{
  bool gateway;
  g_autofree char *dmn = px_dmn(names[_i].dns, &gateway);
  ck_assert_str_eq(dmn, names[_i].dmn);
  ck_assert(gateway == names[_i].gateway);
}
END_TEST

static const char *const malformed[] = {"", "G", "PRMD", "X-a.C-it", "PRMD-a-q-b.C-it", "PRMD-a-999-.C-it", "PRMD_a.C-it"};

START_TEST(what_is_none_is_not_read)
{
  bool gateway;
  g_autofree char *dmn = px_dmn(malformed[_i], &gateway);
  ck_assert(!dmn || strcmp(malformed[_i], "PRMD") == 0); /* a lone "PRMD" is a label; no row comes of it */
}
END_TEST

static const struct {
  const char *address, *name, *root;
} keys[] = {{"/O=x/ADMD=acme/C=fr/", "o-x.prmd.admd-acme", "x42d.fr"},
            {"/S=a/PRMD=ux.av/ADMD= /C=gb/", "prmd-ux-d-av.admdb", "x42d.gb"},
            {"/S=a/PRMD=ppb/ADMD=Dat 400/C=de/", "prmd-ppb.admd-dat-b-400", "x42d.de"},
            {"/S=a/O=top/PRMD=nfc/ADMD=pkz/C=de/", "o-top.prmd-nfc.admd-pkz", "x42d.de"}};

START_TEST(keys_are_those_of_rfc_2163)
{
  g_autoptr(or_address_t) address = or_address_parse(keys[_i].address, NULL);
  g_autofree char *root = NULL;
  g_autofree char *name = px_name(address, hierarchy_depth(address), "", &root);
  ck_assert_str_eq(name, keys[_i].name);
  ck_assert_str_eq(root, keys[_i].root);
}
END_TEST

/* --- a world that answers ---------------------------------------------------------------------------- */

struct row {
  const char *name, *record; /* dns: owner and PX; ldap: the entry's whole name and one attribute */
};
struct world {
  const struct row *dns, *ldap;
  bool dns_down, ldap_down;
  guint rounds;
};

static bool take(const struct row *rows, const char *name, struct mapping_lookup *lookup)
{
  for (; rows && rows->name; rows++)
    if (g_ascii_strcasecmp(rows->name, name) == 0)
      g_ptr_array_add(lookup->records, g_strdup(rows->record));
  return lookup->records->len > 0;
}

/* As job.h says that the rungs are tried. */
static void answer_dns(const struct world *world, struct mapping_lookup *lookup)
{
  const char *dot = *lookup->root ? "." : "";
  g_autofree char *exact = g_strconcat(lookup->name, dot, lookup->root, NULL);
  bool found = take(world->dns, exact, lookup);
  for (const char *rung = lookup->name; rung && !found; rung = strchr(rung, '.') ? strchr(rung, '.') + 1 : NULL) {
    g_autofree char *star = g_strconcat("*.", rung, dot, lookup->root, NULL);
    found = take(world->dns, star, lookup);
  }
  lookup->state = world->dns_down ? MAPPING_LOOKUP_INDETERMINATE
                  : found         ? MAPPING_LOOKUP_FOUND
                                  : MAPPING_LOOKUP_NOT_FOUND;
}

static void answer_ldap(const struct world *world, struct mapping_lookup *lookup)
{
  bool found = false;
  guint rungs = 0;
  for (const char *rung = lookup->name; rung && !found; rungs++) {
    g_autofree char *dn = g_strconcat(rung, ",", lookup->root, NULL);
    found = take(world->ldap, dn, lookup);
    rung = strchr(rung, ',') ? strchr(rung, ',') + 1 : NULL;
  }
  if (found)
    g_ptr_array_insert(lookup->records, 0, g_strdup_printf("rungs: %u", rungs - 1));
  lookup->state = world->ldap_down ? MAPPING_LOOKUP_INDETERMINATE
                  : found          ? MAPPING_LOOKUP_FOUND
                                   : MAPPING_LOOKUP_NOT_FOUND;
}

/* Runs the job as the relay does, until it lacks nothing. */
static struct mapping_result *run(struct mapping_context *context, struct mapping_job *job, struct world *world)
{
  for (world->rounds = 0;; world->rounds++) {
    struct mapping_result *result = mapping_run(context, job);
    if (result->status != MAPPING_LACKS)
      return result;
    ck_assert_uint_lt(world->rounds, 10);
    for (guint i = 0; i < result->lookups->len; i++) {
      struct mapping_lookup *lookup = mapping_lookup_copy(result->lookups->pdata[i]);
      if (strcmp(lookup->source, "dns") == 0)
        answer_dns(world, lookup);
      else
        answer_ldap(world, lookup);
      if (lookup->state == MAPPING_LOOKUP_INDETERMINATE) {
        g_ptr_array_set_size(lookup->records, 0);
        lookup->words = g_strdup("no server answers");
        lookup->header = false;
      }
      g_ptr_array_add(job->answers, lookup);
    }
    mapping_result_free(result);
  }
}

static struct mapping_result *map(struct mapping_context *context, const char *text, struct world *world)
{
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_MAP);
  job->text = g_strdup(text);
  job->to_x400 = strchr(text, '@') != NULL;
  job->explain = true;
  return run(context, job, world);
}

#define ROUTES "'routes': <[{'or': <'/C=it/'>, 'peer': <'p'>}, {'or': <'/C=us/'>, 'peer': <'p'>}, " \
               "{'or': <'/C=fi/'>, 'peer': <'p'>}]>, 'peers': <[{'name': <'p'>}]>, "
#define DNS "{'kind': <'dns'>, 'name': <'dns'>}"
#define LDAP "{'kind': <'ldap'>, 'name': <'ldap'>, 'base': <'OU=MIXER MCGAMs,O=Zydeco Plc,C=GB'>}"
#define TABLES "{'kind': <'tables'>, 'name': <'tables'>}"
#define SOURCES(list_) ROUTES "'sources': <[" list_ "]>, "

/* --- RFC 2163 4.3 and 5.1 ---------------------------------------------------------------------------- */

static const struct row zone[] = {
    /* table 1 */
    {"*.ADMD-acme.X42D.it", "50 it ADMD-acme.C-it"},
    {"*.PRMD-accred.ADMD-tx400.X42D.it", "50 accred.it. PRMD-accred.ADMD-tx400.C-it."},
    {"*.O-u-h-newcity.PRMD-x4net.ADMDb.X42D.it", "50 cs.ncty.it. O-u-h-newcity.PRMD-x4net.ADMDb.C-it."},
    /* table 2 */
    {"*.nrc.it", "50 nrc.it. PRMD-nrc.ADMD-acme.C-it."},
    {"*.ninp.it", "50 ninp.it. O.PRMD-ninp.ADMD-acme.C-it."},
    {"*.bd.it", "50 bd.it. PRMD-uk-d-bd.ADMDb.C-it."},
    {"*.accred.it", "50 accred.it. PRMD-accred.ADMD-tx400.C-it."},
    {"*.cs.ncty.it", "50 cs.ncty.it. O-u-h-newcity.PRMD-x4net.ADMDb.C-it."},
    /* gate 1 */
    {"*.ADMD-XKW-h-Mail.X42D.it", "50 XKW-gateway.it. ADMD-XKW-h-Mail.C-it.G."},
    {"*.PRMD-Super-b-Inc.ADMDb.X42D.it", "50 GlobalGw.it. PRMD-Super-b-Inc.ADMDb.C-it.G."},
    /* gate 2 */
    {"my.it", "50 my.it. OU-int-h-gw.O.PRMD-ninp.ADMD-acme.C-it.G."},
    {"co.it", "50 co.it. O-mhs-h-relay.PRMD-x4net.ADMDb.C-it.G."},
    /* 5.1 */
    {"*.cce.nrc.it", "50 cce.nrc.it. O-cce.PRMD-nrc.ADMD-acme.C-it."},
    {"*.mw", "50 mw. O-cce.PRMD-nrc.ADMD-acme.C-it.G."},
    /* 4.1: preferences, and an exact match alone */
    {"*.two.it", "60 two.it. PRMD-late.ADMD-acme.C-it."},
    {"*.two.it", "50 two.it. PRMD-soon.ADMD-acme.C-it."},
    {"ab.net2.it", "50 ab.net2.it. O-ab.PRMD-net2.ADMDb.C-it."},
    /* records that say nothing of what was asked */
    {"*.liar.it", "50 bank.it. PRMD-bank.ADMD-acme.C-it."},
    {"*.wrong.it", "50 wrong.it. X-bank.C-it."},
    {NULL, NULL}};

static const struct {
  const char *from, *to;
} by_dns[] = {
    {"a@nrc.it", "/S=a/PRMD=nrc/ADMD=acme/C=it/"},
    {"a@sun.cce.nrc.it", "/S=a/OU=sun/O=cce/PRMD=nrc/ADMD=acme/C=it/"},
    {"a@x.nrc.it", "/S=a/O=x/PRMD=nrc/ADMD=acme/C=it/"},
    {"a@x.ninp.it", "/S=a/OU=x/PRMD=ninp/ADMD=acme/C=it/"},
    {"a@BD.it", "/S=a/PRMD=uk.bd/ADMD= /C=it/"},
    {"a@y.mw", "/RFC-822=a(a)y.mw/O=cce/PRMD=nrc/ADMD=acme/C=it/"},
    {"a@my.it", "/RFC-822=a(a)my.it/OU=int-gw/PRMD=ninp/ADMD=acme/C=it/"},
    {"a@co.it", "/RFC-822=a(a)co.it/O=mhs-relay/PRMD=x4net/ADMD= /C=it/"},
    {"a@two.it", "/S=a/PRMD=soon/ADMD=acme/C=it/"},
    {"a@ab.net2.it", "/S=a/O=ab/PRMD=net2/ADMD= /C=it/"},
    {"/S=a/PRMD=accred/ADMD=tx400/C=it/", "a@accred.it"},
    {"/S=a/OU=q/O=u-newcity/PRMD=x4net/ADMD= /C=it/", "a@q.cs.ncty.it"},
    {"/S=a/PRMD=p/ADMD=XKW-Mail/C=it/", "/S=a/PRMD=p/ADMD=XKW-Mail/C=it/@xkw-gateway.it"},
    {"/S=a/O=o/PRMD=Super Inc/ADMD= /C=it/", "\"/S=a/O=o/PRMD=Super Inc/ADMD= /C=it/\"@globalgw.it"},
};

/* proves: M2 */
START_TEST(mappings_by_dns)
{
  struct world world = {.dns = zone};
  struct mapping_context *context = addressing_context(SOURCES(DNS), NULL);
  g_autoptr(mapping_result_t) result = map(context, by_dns[_i].from, &world);
  bool to_x400 = strchr(by_dns[_i].from, '@') != NULL;
  if (to_x400) {
    g_autoptr(or_address_t) got = or_address_parse(result->mapped ? result->mapped : "", NULL);
    g_autoptr(or_address_t) wanted = or_address_parse(by_dns[_i].to, NULL);
    ck_assert_msg(got && or_address_equal(got, wanted), "%s -> %s", by_dns[_i].from, result->mapped);
  } else {
    ck_assert_str_eq(result->mapped, by_dns[_i].to);
  }
  mapping_context_free(context);
}
END_TEST

static const char *const unmapped_by_dns[] = {"a@elsewhere.it", "a@x.ab.net2.it", "a@liar.it", "a@wrong.it"};

START_TEST(no_mapping_in_dns)
{
  struct world world = {.dns = zone};
  struct mapping_context *context = addressing_context(SOURCES(DNS), NULL);
  g_autoptr(mapping_result_t) result = map(context, unmapped_by_dns[_i], &world);
  ck_assert_int_eq(result->status, MAPPING_REFUSED);
  ck_assert_str_eq(result->code, "5.1.2");
  mapping_context_free(context);
}
END_TEST

/* --- RFC 2164 ---------------------------------------------------------------------------------------- */

#define OR_TREE "CN=X.400 to RFC 822,OU=MIXER MCGAMs,O=Zydeco Plc,C=GB"
#define DOMAIN_TREE "CN=RFC 822 to X.400,OU=MIXER MCGAMs,O=Zydeco Plc,C=GB"
static const struct row directory[] = {
    {"PRMD=isode,ADMD=mailnet,C=fi," OR_TREE, "associatedDomain: ISODE.COM"},
    {"dc=isode,dc=com," DOMAIN_TREE, "associatedORAddress: PRMD=Isode, ADMD=Mailnet, C=FI"},
    {"MHS-O=hne,oRAddressComponentType=1.3.6.1.4.1.453.7.2.2.10,ADMD=ecq,C=it," OR_TREE,
     "1.3.6.1.4.1.453.7.4.2.4: HNE.EGM"},
    {"dc=hne,dc=egm," DOMAIN_TREE,
     "associatedORAddress: mHSOrganizationName=HNE,oRAddressComponentType=pRMDName,aDMDName=ECQ,c=it"},
    {"ADMD=\\20,C=us," OR_TREE, "associatedInternetGateway: gw.example"},
    {"dc=example,dc=com," DOMAIN_TREE, "associatedX400Gateway: /O=gw/ADMD=any/C=us/"},
    {"dc=example,dc=com," DOMAIN_TREE, "associatedX400Gateway: /O=other/ADMD=any/C=us/"},
    {NULL, NULL}};

static const struct {
  const char *from, *to;
} by_ldap[] = {
    {"a@ISODE.COM", "/S=a/PRMD=Isode/ADMD=Mailnet/C=FI/"},
    {"a@x.isode.com", "/S=a/O=x/PRMD=Isode/ADMD=Mailnet/C=FI/"},
    {"/S=a/PRMD=Isode/ADMD=Mailnet/C=FI/", "a@isode.com"},
    {"/S=a/O=dep/PRMD=Isode/ADMD=Mailnet/C=FI/", "a@dep.isode.com"},
    {"a@ZI.HNE.EGM", "/S=a/OU=ZI/O=HNE/ADMD=ECQ/C=it/"},
    {"/S=a/OU=ZI/O=HNE/ADMD=ECQ/C=it/", "a@ZI.hne.egm"},
    {"a@b.example.com", "/RFC-822=a(a)b.example.com/O=gw/ADMD=any/C=us/"},
    {"/S=a/PRMD=p/ADMD= /C=us/", "\"/S=a/PRMD=p/ADMD= /C=us/\"@gw.example"},
};

/* proves: M2 */
START_TEST(mappings_by_ldap)
{
  struct world world = {.ldap = directory};
  struct mapping_context *context = addressing_context(SOURCES(LDAP), NULL);
  g_autoptr(mapping_result_t) result = map(context, by_ldap[_i].from, &world);
  if (strchr(by_ldap[_i].from, '@')) {
    g_autoptr(or_address_t) got = or_address_parse(result->mapped ? result->mapped : "", NULL);
    g_autoptr(or_address_t) wanted = or_address_parse(by_ldap[_i].to, NULL);
    ck_assert_msg(got && or_address_equal(got, wanted), "%s -> %s", by_ldap[_i].from, result->mapped);
  } else {
    ck_assert_str_eq(result->mapped, by_ldap[_i].to);
  }
  mapping_context_free(context);
}
END_TEST

/* --- sources in order, rounds, doubts ---------------------------------------------------------------- */

static const struct addressing_tables tables = {.domain_to_or = "it#ADMD$table.C$it#\n"};

/* proves: M6 */
START_TEST(the_first_source_that_has_one_counts)
{
  struct world world = {.dns = zone};
  struct mapping_context *context = addressing_context(SOURCES(TABLES "," DNS), &tables);
  g_autoptr(mapping_result_t) by_table = map(context, "a@nrc.it", &world);
  ck_assert_str_eq(by_table->mapped, "/S=a/PRMD=nrc/ADMD=table/C=it/");
  g_autoptr(mapping_result_t) by_zone = map(context, "a@y.mw", &world);
  ck_assert_ptr_nonnull(strstr(by_zone->mapped, "/O=cce/"));
  mapping_context_free(context);
}
END_TEST

START_TEST(the_longest_match_of_all_sources)
{
  struct world world = {.dns = zone};
  struct mapping_context *context =
      addressing_context(SOURCES(TABLES "," DNS) "'longest-match': <true>, ", &tables);
  g_autoptr(mapping_result_t) result = map(context, "a@nrc.it", &world);
  ck_assert_str_eq(result->mapped, "/S=a/PRMD=nrc/ADMD=acme/C=it/");
  mapping_context_free(context);
}
END_TEST

/* All that a job lacks comes back at once. */
START_TEST(one_round_for_what_is_asked_at_the_same_time)
{
  struct mapping_context *context = addressing_context(SOURCES(DNS "," LDAP), NULL);
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_MAP);
  job->text = g_strdup("a@nrc.it");
  job->to_x400 = true;
  g_autoptr(mapping_result_t) result = mapping_run(context, job);
  ck_assert_int_eq(result->status, MAPPING_LACKS);
  ck_assert_uint_eq(result->lookups->len, 2);
  const struct mapping_lookup *dns = result->lookups->pdata[0], *ldap = result->lookups->pdata[1];
  ck_assert_str_eq(dns->name, "nrc.it");
  ck_assert_str_eq(ldap->name, "dc=nrc,dc=it");
  ck_assert(!dns->header);
  mapping_context_free(context);
}
END_TEST

/* proves: A7-indeterminate */
START_TEST(an_indeterminate_look_up_leaves_an_envelope_open)
{
  struct world world = {.dns = zone, .ldap = directory, .dns_down = true};
  struct mapping_context *context = addressing_context(SOURCES(DNS "," LDAP), NULL);
  g_autoptr(mapping_result_t) result = map(context, "a@isode.com", &world);
  ck_assert_int_eq(result->status, MAPPING_REFUSED);
  ck_assert_str_eq(result->code, "4.4.3");
  ck_assert_ptr_nonnull(strstr(result->words, "isode.com"));
  ck_assert_ptr_null(result->hop);
  mapping_context_free(context);
}
END_TEST

/* proves: A7-header */
START_TEST(an_indeterminate_look_up_lets_a_heading_be_encapsulated)
{
  struct mapping_context *context = addressing_context(SOURCES(DNS), NULL);
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_MAP);
  struct mapping_lookup *answer = mapping_lookup_new("dns", "nrc.it", "");
  answer->state = MAPPING_LOOKUP_INDETERMINATE;
  answer->header = true;
  g_ptr_array_add(job->answers, answer);
  g_autoptr(mapping_result_t) result = mapping_result_new();
  sources_begin(context, job);
  g_autoptr(or_address_t) heading = address_to_or(context, "a@nrc.it", ADDRESS_HEADING, NULL, NULL);
  g_autofree char *text = or_address_format(heading);
  ck_assert_str_eq(text, "/RFC-822=a(a)nrc.it/PRMD=test/ADMD=gate/C=xx/");
  g_autoptr(or_address_t) sender = address_to_or(context, "a@nrc.it", ADDRESS_ORIGINATOR, NULL, NULL);
  sources_end(context, result);
  ck_assert_int_eq(result->status, MAPPING_LACKS); /* the envelope still waits for it */
  ck_assert_uint_eq(result->lookups->len, 1);
  ck_assert(sender != NULL);
  mapping_context_free(context);
}
END_TEST

START_TEST(a_heading_does_not_ask_without_end)
{
  struct mapping_context *context = addressing_context(SOURCES(DNS) "'lookups-max': <uint32 10>, ", NULL);
  g_autoptr(mapping_job_t) job = mapping_job_new(MAPPING_MAP);
  g_autoptr(mapping_result_t) result = mapping_result_new();
  sources_begin(context, job);
  for (guint i = 0; i < 50; i++) {
    g_autofree char *mailbox = g_strdup_printf("a@d%u.example", i);
    or_address_free(address_to_or(context, mailbox, ADDRESS_HEADING, NULL, NULL));
  }
  sources_end(context, result);
  ck_assert_uint_eq(result->lookups->len, 10);
  mapping_context_free(context);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("sources");
  TCase *dns = tcase_create("RFC 2163"), *ldap = tcase_create("RFC 2164"), *order = tcase_create("RFC 2156 4.2.1");
  tcase_add_loop_test(dns, labels_are_those_of_rfc_2163, 0, G_N_ELEMENTS(labels));
  tcase_add_loop_test(dns, names_are_read_back, 0, G_N_ELEMENTS(names));
  tcase_add_loop_test(dns, what_is_none_is_not_read, 0, G_N_ELEMENTS(malformed));
  tcase_add_loop_test(dns, keys_are_those_of_rfc_2163, 0, G_N_ELEMENTS(keys));
  tcase_add_loop_test(dns, mappings_by_dns, 0, G_N_ELEMENTS(by_dns));
  tcase_add_loop_test(dns, no_mapping_in_dns, 0, G_N_ELEMENTS(unmapped_by_dns));
  tcase_add_loop_test(ldap, mappings_by_ldap, 0, G_N_ELEMENTS(by_ldap));
  tcase_add_test(order, the_first_source_that_has_one_counts);
  tcase_add_test(order, the_longest_match_of_all_sources);
  tcase_add_test(order, one_round_for_what_is_asked_at_the_same_time);
  tcase_add_test(order, an_indeterminate_look_up_leaves_an_envelope_open);
  tcase_add_test(order, an_indeterminate_look_up_lets_a_heading_be_encapsulated);
  tcase_add_test(order, a_heading_does_not_ask_without_end);
  suite_add_tcase(suite, dns);
  suite_add_tcase(suite, ldap);
  suite_add_tcase(suite, order);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
