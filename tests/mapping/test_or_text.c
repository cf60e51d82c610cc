/* test_or_text.c: RFC 2156 4.1, RFC 1685, RFC 1506 3.1.3: O/R addresses as text. */
#include "lib/addressing.h"
#include "mapping/or_keys.h"
#include "mapping/or_text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Any writing -> the canonical one. */
static const struct {
  const char *text, *canonical;
} readings[] = {
    /* RFC 2156 */
    {"/I=J/S=Linnimouth/GQ=5/O=Widget/ADMD=BTT/C=TC/", "/I=J/S=Linnimouth/GQ=5/O=Widget/ADMD=BTT/C=TC/"},
    {"/CN=yen*{165}/", "/CN=yen*{165}/"},
    {"/PD-ADDRESS=The Dome|The Square|Richmond|England/",
     "/PD-ADDRESS=The Dome|The Square|Richmond|England/"},
    {"/RFC-822=jj(a)seismo.css.gov/PRMD=AC/ADMD=BT/C=GB/",
     "/RFC-822=jj(a)seismo.css.gov/PRMD=AC/ADMD=BT/C=GB/"},
    {"/PN=Duval/DD.Title=Manager/", "/DD.Title=Manager/S=Duval/"},
    {"c=gb; a= ; p=uk.ac; o=mr; dd.rfc-822=(a)relay.co.uk:userb(a)host2;",
     "/RFC-822=(a)relay.co.uk:userb(a)host2/O=mr/PRMD=uk.ac/ADMD= /C=gb/"},
    {"S=Rossi; DD.cap=20100; DD.ph1=Via Larga 11; DDA.city=Milano; A=PtPostel; C=it;",
     "/DD.cap=20100/DD.ph1=Via Larga 11/DD.city=Milano/S=Rossi/ADMD=PtPostel/C=it/"},
    /* RFC 1685 */
    {"X.400: G=john; S=smith; O=a bank ltd; P=abl; A=snomail; C=aq",
     "/G=john/S=smith/O=a bank ltd/PRMD=abl/ADMD=snomail/C=aq/"},
    {"g=per;s=hansen;o=teledir;ou1=forskning;p=tele;a=telemax;c=no",
     "/G=per/S=hansen/OU=forskning/O=teledir/PRMD=tele/ADMD=telemax/C=no/"},
    {"/g=per/s=hansen/o=teledir/ou1=forskning/p=tele/a=telemax/c=no",
     "/G=per/S=hansen/OU=forskning/O=teledir/PRMD=tele/ADMD=telemax/C=no/"},
    {"DDA:RFC-822=fred(a)widget.co.uk; O=gateway; P=abc; C=gb",
     "/RFC-822=fred(a)widget.co.uk/O=gateway/PRMD=abc/ADMD= /C=gb/"},
    {"C=no; ADMD=; PRMD=uninett; O=uninett; S=alvestrand; G=harald",
     "/G=harald/S=alvestrand/O=uninett/PRMD=uninett/ADMD= /C=no/"},
    {"DDA:a==b=c; C=de", "/DD.a$=b=c/ADMD= /C=de/"},
    {"/O=a//b/C=de/", "/O=a$/b/ADMD= /C=de/"},
    /* RFC 1506 3.1.3 */
    {"G=jo; S=plork; O=a bank; OU1=owe; OU2=you; P=fhbo; A=ade; C=zz",
     "/G=jo/S=plork/OU=you/OU=owe/O=a bank/PRMD=fhbo/ADMD=ade/C=zz/"},
    {"G=jo; S=plork; OU=you; OU=owe; O=a bank; PRMD=fhbo; ADMD=ade; C=zz",
     "/G=jo/S=plork/OU=you/OU=owe/O=a bank/PRMD=fhbo/ADMD=ade/C=zz/"},
    {"/G=jo/S=plork/OU=you/OU=owe/O=a bank/P=fhbo/A=ade/C=zz/",
     "/G=jo/S=plork/OU=you/OU=owe/O=a bank/PRMD=fhbo/ADMD=ade/C=zz/"},
    /* quoting */
    {"/O=a$/b$=c/C=de/ADMD=x/", "/O=a$/b$=c/ADMD=x/C=de/"},
    {"/O=a $ b/C=de/ADMD=x/", "/O=a $ b/ADMD=x/C=de/"},
    {"/O=a  b/C=de/ADMD=x/", "/O=a $ b/ADMD=x/C=de/"},
    {"/O=a   b/C=de/ADMD=x/", "/O=a $ $ b/ADMD=x/C=de/"},
    {"/DD.a$=b=c$/d/C=de/ADMD=x/", "/DD.a$=b=c$/d/ADMD=x/C=de/"},
    /* null attributes, appendix B */
    {"/O=/C=de/ADMD=x/", "/O=/ADMD=x/C=de/"},
    {"/S=a/C=de/ADMD=/", "/S=a/ADMD= /C=de/"},
    {"/PD-ADDRESS=/C=de/", "/PD-ADDRESS=/ADMD= /C=de/"},
    /* country without ADMD, 4.1.3 */
    {"/S=a/C=de/", "/S=a/ADMD= /C=de/"},
    {"/S=a/PRMD=b/", "/S=a/PRMD=b/"},
    /* twins, 4.1.1 */
    {"/S=*abc/C=de/", "/S=abc/ADMD= /C=de/"},
    {"/S=abc*abc/C=de/", "/S=abc/ADMD= /C=de/"},
    {"/S=Mueller*M{252}ller/C=de/", "/S=Mueller*M{252}ller/ADMD= /C=de/"},
    {"/DD.*r{244}le=*caf{233}/C=de/", "/DD.*r{244}le=*caf{233}/ADMD= /C=de/"},
    {"/PD-ADDRESS=a|b*caf{233}/C=de/", "/PD-ADDRESS=a|b*caf{233}/ADMD= /C=de/"},
    {"/PD-ADDRESS=*caf{233}/C=de/", "/PD-ADDRESS=*caf{233}/ADMD= /C=de/"},
    /* ordered keywords */
    {"/OU2=b/OU1=a/O=c/C=de/", "/OU=b/OU=a/O=c/ADMD= /C=de/"},
    {"/DD1.x=1/DD2.y=2/C=de/", "/DD.y=2/DD.x=1/ADMD= /C=de/"},
    {"/PD-A2=two/PD-A1=one/C=de/", "/PD-ADDRESS=one|two/ADMD= /C=de/"},
    /* terminals */
    {"/T-TY=tlx/X121=234/", "/T-TY=tlx(3)/X121=234/"},
    {"/T-TY=g3fax(5)/X121=234/", "/T-TY=g3fax(5)/X121=234/"},
    {"/T-TY=(9)/X121=234/", "/T-TY=(9)/X121=234/"},
    {"/t-ty=8/X.121=234/T-ID=abc/", "/T-TY=vtx(8)/T-ID=abc/X121=234/"},
    {"/NET-NUM=4420/NET-SUB=7/", "/NET-SUB=7/NET-NUM=4420/"},
    {"/NET-PSAP='A1'H$/'5353'H$/''H$/NS+4700/", "/NET-PSAP='A1'H$/'5353'H$/''H$/NS+4700/"},
    {"/PSAP=NS+4700_NS+4800/", "/NET-PSAP=NS+4700_NS+4800/"},
    {"/PSAP=$/NS+47/", "/NET-PSAP=NS+47/"},
    {"/PSAP=$/$/'41'H$/NS+47/", "/NET-PSAP='41'H$/NS+47/"},
    {"/PSAP=$/'41'H$/$/NS+47/", "/NET-PSAP='41'H$/$/NS+47/"},
    /* no separator behind, spaces */
    {" S=a ; C=de", "/S=a /ADMD= /C=de/"},
    {"/S=a/C=de", "/S=a/ADMD= /C=de/"},
};

/* proves: A1<> A2 A4<> A6<> A13<> */
START_TEST(reads_and_writes)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address = or_address_parse(readings[_i].text, &error);
  ck_assert_msg(address != NULL, "%s: %s", readings[_i].text, error ? error->message : "");
  g_autofree char *text = or_address_format(address);
  ck_assert_str_eq(text, readings[_i].canonical);
  g_autoptr(or_address_t) again = or_address_parse(text, NULL);
  ck_assert(again && or_address_equal(again, address));
}
END_TEST

START_TEST(a_doubled_semicolon_is_one)
{
  g_autoptr(or_address_t) address = or_address_parse("CN=a//b; C=de", NULL);
  ck_assert_str_eq(or_address_get(address, OR_COMMON_NAME, 0), "a/b");
}
END_TEST

/* Every keyword and every alternative of the two tables in 4.1.1. */
static const struct {
  const char *keyword;
  enum or_key key;
} keywords[] = {
    {"C", OR_COUNTRY},
    {"ADMD", OR_ADMD},
    {"A", OR_ADMD},
    {"PRMD", OR_PRMD},
    {"P", OR_PRMD},
    {"X121", OR_X121},
    {"X.121", OR_X121},
    {"T-ID", OR_TERMINAL_ID},
    {"O", OR_ORGANIZATION},
    {"OU", OR_UNIT},
    {"OU1", OR_UNIT},
    {"UA-ID", OR_UA_ID},
    {"N-ID", OR_UA_ID},
    {"S", OR_SURNAME},
    {"G", OR_GIVEN_NAME},
    {"I", OR_INITIALS},
    {"GQ", OR_GENERATION},
    {"Q", OR_GENERATION},
    {"CN", OR_COMMON_NAME},
    {"DD.x", OR_DDA},
    {"DDA.x", OR_DDA},
    {"DD:x", OR_DDA},
    {"DDA:x", OR_DDA},
    {"DD1.x", OR_DDA},
    {"RFC-822", OR_DDA},
    {"PD-SERVICE", OR_PD_SERVICE},
    {"PD-SN", OR_PD_SERVICE},
    {"PD-C", OR_PD_COUNTRY},
    {"PD-CODE", OR_PD_CODE},
    {"PD-PC", OR_PD_CODE},
    {"PD-OFFICE", OR_PD_OFFICE},
    {"PD-OF", OR_PD_OFFICE},
    {"PD-OFFICE-NUM", OR_PD_OFFICE_NUMBER},
    {"PD-OFFICE NUMBER", OR_PD_OFFICE_NUMBER},
    {"PD-OFN", OR_PD_OFFICE_NUMBER},
    {"PD-EXT-ADDRESS", OR_PD_COMPONENTS},
    {"PD-EA", OR_PD_COMPONENTS},
    {"PD-PN", OR_PD_PERSON},
    {"PD-O", OR_PD_ORGANIZATION},
    {"PD-EXT-DELIVERY", OR_PD_EXTENSION},
    {"PD-ED", OR_PD_EXTENSION},
    {"PD-ADDRESS", OR_PD_UNFORMATTED},
    {"PD-A", OR_PD_UNFORMATTED},
    {"PD-A1", OR_PD_UNFORMATTED},
    {"PD-STREET", OR_PD_STREET},
    {"PD-S", OR_PD_STREET},
    {"PD-BOX", OR_PD_BOX},
    {"PD-B", OR_PD_BOX},
    {"PD-RESTANTE", OR_PD_RESTANTE},
    {"PD-R", OR_PD_RESTANTE},
    {"PD-UNIQUE", OR_PD_UNIQUE},
    {"PD-U", OR_PD_UNIQUE},
    {"PD-LOCAL", OR_PD_LOCAL},
    {"PD-L", OR_PD_LOCAL},
    {"NET-NUM", OR_NET_NUMBER},
    {"E.164", OR_NET_NUMBER},
    {"ISDN", OR_NET_NUMBER},
    {"NET-SUB", OR_NET_SUBADDRESS},
    {"T-TY", OR_TERMINAL_TYPE},
};

/* proves: A1> A2 */
START_TEST(keyword)
{
  for (guint lower = 0; lower < 2; lower++) {
    g_autofree char *word =
        lower ? g_ascii_strdown(keywords[_i].keyword, -1) : g_strdup(keywords[_i].keyword);
    g_autofree char *text = g_strdup_printf("/%s=12/", word);
    g_autoptr(GError) error = NULL;
    g_autoptr(or_address_t) address = or_address_parse(text, &error);
    ck_assert_msg(address != NULL, "%s: %s", text, error ? error->message : "");
    ck_assert_str_eq(or_address_get(address, keywords[_i].key, 0), "12");
    g_autofree char *written = or_address_format(address);
    const char *generated = keywords[_i].key == OR_DDA ? "/" : or_keys[keywords[_i].key].keyword;
    ck_assert_msg(strstr(written, generated) != NULL, "%s", written);
  }
}
END_TEST

static const struct {
  const char *text, *words;
} mistakes[] = {
    {"", "no attribute"},
    {"/", "no attribute"},
    {"hello", "no keyword"},
    {"/X=1/", "no keyword"},
    {"/OU5=a/", "no keyword"},
    {"/DD=a/", "no keyword"},
    {"/S/C=de/", "\"=\" expected"},
    {"/S=a/S=b/", "given twice"},
    {"/OU=a/OU1=b/", "beside numbered ones"},
    {"/OU2=a/", "without those before"},
    {"/OU=a/OU=b/OU=c/OU=d/OU=e/", "more of OU than 4"},
    {"/DD.a=1/DD.a=2/DD.a=3/DD.a=4/DD.a=5/", "more of DD than 4"},
    {"/PD-ADDRESS=1|2|3|4|5|6|7/", "6 lines"},
    {"/PD-ADDRESS=a/PD-A1=b/", "numbered"},
    {"/C=d_/", "PrintableString"},
    {"/PRMD=a*b/", "PrintableString"},
    {"/UA-ID=12a/", "digits"},
    {"/X121=+49/", "digits"},
    {"/S=a_b/", "PrintableString"},
    {"/S=Müller/", "PrintableString"},
    {"/S=*{1}/", "{ddd}"},
    {"/T-TY=fax/", "terminal type"},
    {"/T-TY=fax(x)/", "terminal type"},
    {"/NET-PSAP=Internet/", "presentation address"},
    {"/NET-PSAP=NS+4/", "presentation address"},
    {"/PN=a..b/", "personal name"},
    {"/PN=a/S=b/", "given twice"},
    {"/DD.*r{244}le=a*b/", "same encoding"},
};

/* proves: A6> */
START_TEST(mistake)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address = or_address_parse(mistakes[_i].text, &error);
  ck_assert_msg(address == NULL, "%s", mistakes[_i].text);
  ck_assert_msg(strstr(error->message, mistakes[_i].words) != NULL, "%s: %s", mistakes[_i].text,
                error->message);
}
END_TEST

/* 4.1.2; NULL: cannot be one. */
static const struct {
  const char *text, *given, *initials, *surname;
} names[] = {
    {"Marshall.Rose", "Marshall", NULL, "Rose"},
    {"M.T.Rose", NULL, "MT", "Rose"},
    {"Marshall.M.T.Rose", "Marshall", "MT", "Rose"},
    {"Rose", NULL, NULL, "Rose"},
    {"R", NULL, NULL, "R"},
    {"O'Neill-Smith", NULL, NULL, "O'Neill-Smith"},
    {"Ann.van der Berg", "Ann", NULL, "van der Berg"},
    {"ab.cd.ef", "ab", NULL, "cd.ef"},
};

/* proves: A5<> */
START_TEST(personal_name)
{
  g_autoptr(or_address_t) address = or_address_new();
  ck_assert(or_text_parse_pn(names[_i].text, address));
  ck_assert_pstr_eq(or_address_get(address, OR_GIVEN_NAME, 0), names[_i].given);
  ck_assert_pstr_eq(or_address_get(address, OR_INITIALS, 0), names[_i].initials);
  ck_assert_pstr_eq(or_address_get(address, OR_SURNAME, 0), names[_i].surname);
  g_autofree char *text = or_text_format_pn(address);
  ck_assert_str_eq(text, names[_i].text);
}
END_TEST

static const char *const no_names[] = {"",   ".",  "a.",   "ab.", "a..b", ".a",   "ab..c",
                                       " a", "a ", "a  b", "a_b", "a@b",  "a.b.", "ab.c.d."};

/* proves: A5> */
START_TEST(no_personal_name)
{
  g_autoptr(or_address_t) address = or_address_new();
  ck_assert_msg(!or_text_parse_pn(no_names[_i], address), "%s", no_names[_i]);
  ck_assert_uint_eq(address->attributes->len, 0);
}
END_TEST

/* Names that have no text: the restrictions of 4.1.2. */
static const struct {
  const char *given, *initials, *surname, *generation;
} unwritten[] = {
    {NULL, NULL, "Rose", "Jr"},   {NULL, "M1", "Rose", NULL}, {"A", NULL, "Rose", NULL},
    {"A.B", NULL, "Rose", NULL},  {NULL, NULL, "a.b", NULL},  {"Ann", NULL, ".x", NULL},
    {"Ann", NULL, "x.y", NULL},   {"Ann", NULL, NULL, NULL},  {NULL, NULL, "a  b", NULL},
    {NULL, NULL, "Müller", NULL},
};

/* proves: A5< */
START_TEST(unwritten_name)
{
  g_autoptr(or_address_t) address = or_address_new();
  or_address_set(address, OR_GIVEN_NAME, 0, unwritten[_i].given, NULL);
  or_address_set(address, OR_INITIALS, 0, unwritten[_i].initials, NULL);
  or_address_set(address, OR_SURNAME, 0, unwritten[_i].surname, NULL);
  or_address_set(address, OR_GENERATION, 0, unwritten[_i].generation, NULL);
  ck_assert_ptr_null(or_text_format_pn(address));
}
END_TEST

START_TEST(a_local_part_begins_with_a_separator)
{
  g_autoptr(or_address_t) slash = or_text_parse_local_part("/S=a/C=de/", NULL),
                          semicolon = or_text_parse_local_part("S=a;C=de", NULL);
  ck_assert(slash && semicolon);
  ck_assert_ptr_null(or_text_parse_local_part("S=a", NULL));
}
END_TEST

/* proves: A6<> */
START_TEST(random_addresses_come_back_from_text)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(1);
  for (guint i = 0; i < 20000; i++) {
    g_autoptr(or_address_t) address = addressing_random(random);
    g_autofree char *text = or_address_format(address);
    g_autoptr(GError) error = NULL;
    g_autoptr(or_address_t) again = or_address_parse(text, &error);
    ck_assert_msg(again != NULL, "%s: %s", text, error ? error->message : "");
    g_autofree char *second = or_address_format(again);
    if (or_address_get(address, OR_ADMD, 0)) /* else a space is written for it */
      ck_assert_str_eq(second, text);
    ck_assert_msg(or_address_equal(again, address), "%s", text);
    ck_assert_msg(!strstr(text, "  "), "%s", text);
  }
}
END_TEST

START_TEST(for_people)
{
  g_autoptr(or_address_t) address = or_address_parse("/G=Ann/S=Lee/O=Acme/PRMD=acme/ADMD=x/C=de/", NULL);
  g_autofree char *text = or_text_for_people(address);
  ck_assert_str_eq(text, "G=Ann; S=Lee; O=Acme; PRMD=acme; ADMD=x; C=de");
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("or_text");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, reads_and_writes, 0, G_N_ELEMENTS(readings));
  tcase_add_test(all, a_doubled_semicolon_is_one);
  tcase_add_loop_test(all, keyword, 0, G_N_ELEMENTS(keywords));
  tcase_add_loop_test(all, mistake, 0, G_N_ELEMENTS(mistakes));
  tcase_add_loop_test(all, personal_name, 0, G_N_ELEMENTS(names));
  tcase_add_loop_test(all, no_personal_name, 0, G_N_ELEMENTS(no_names));
  tcase_add_loop_test(all, unwritten_name, 0, G_N_ELEMENTS(unwritten));
  tcase_add_test(all, a_local_part_begins_with_a_separator);
  tcase_add_test(all, random_addresses_come_back_from_text);
  tcase_add_test(all, for_people);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
