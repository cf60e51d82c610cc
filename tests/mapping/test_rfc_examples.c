/* test_rfc_examples.c: the examples of RFC 2156, 1506 and 1685 that speak of addresses and values, each with
 * the RFC's own result; those that are messages are golden cases (tests/golden/E:*).  Where an RFC's example
 * disagrees with its own text, decision 0100 says so and the entry here holds what the text asks for. */
#include "lib/addressing.h"
#include "mapping/ps_encoding.h"
#include "mapping/trace.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* --- addresses: the tables that the example assumes, then one side and the other --------------------------
 */

#define AC_UK "AC.UK#PRMD$UK\\.AC.ADMD$GOLD 400.C$GB#\n", "PRMD$UK\\.AC.ADMD$GOLD 400.C$GB#AC.UK#\n"
#define HNE "HNE.EGM#O$HNE.PRMD$@.ADMD$ECQ.C$TC#\n", "O$HNE.PRMD$@.ADMD$ECQ.C$TC#HNE.EGM#\n"
#define WIDGET "Widget.COM#O$Widget.PRMD$@.ADMD$BTT.C$TC#\n", "O$Widget.PRMD$@.ADMD$BTT.C$TC#Widget.COM#\n"
#define MASTER "Master400.it#ADMD$Master400.C$it#\n", "ADMD$Master400.C$it#Master400.it#\n"
#define ATLAS                                                                                                \
  "autoroutes.fr#PRMD$autoroutes.ADMD$atlas.C$fr#\n", "PRMD$autoroutes.ADMD$atlas.C$fr#autoroutes.fr#\n"
#define POSTEL "ptpostel.it#ADMD$PtPostel.C$it#\n", "ADMD$PtPostel.C$it#ptpostel.it#\n"
#define TLEC "tlec.nl#PRMD$tlec.ADMD$ade.C$nl#\n", "PRMD$tlec.ADMD$ade.C$nl#tlec.nl#\n"
#define NONE NULL, NULL

enum way { BOTH, TO_X400, TO_MAIL };

static const struct {
  const char *where;
  enum way way;
  const char *domain_to_or, *or_to_domain, *to_gateway, *from_gateway;
  const char *mailbox, *address;
} addresses[] = {
    {"2156 4.2", BOTH, AC_UK, NONE, "a@R-D.Salford.AC.UK",
     "/S=a/OU=R-D/O=Salford/PRMD=UK.AC/ADMD=GOLD 400/C=GB/"},
    {"2156 4.2 (its OU=I is a slip for ZI: decision 0100)", BOTH, HNE, NONE, "a@ZI.HNE.EGM",
     "/S=a/OU=ZI/O=HNE/ADMD=ECQ/C=TC/"},
    {"2156 4.3.1", BOTH, WIDGET, NONE, "/I=J/S=Linnimouth/GQ=5/@Marketing.Widget.COM",
     "/I=J/S=Linnimouth/GQ=5/OU=Marketing/O=Widget/ADMD=BTT/C=TC/"},
    {"2156 4.3.1", BOTH, WIDGET, NONE, "J.Linnimouth@Marketing.Widget.COM",
     "/I=J/S=Linnimouth/OU=Marketing/O=Widget/ADMD=BTT/C=TC/"},
    {"2156 4.3.2", TO_MAIL, NONE, NONE, "Jimmy@WIDGET-LABS.CO.UK",
     "C=GB;ADMD=GOLD 400;PRMD=UK.AC;O=UCL;OU=CS;DD.RFC-822=Jimmy(a)WIDGET-LABS.CO.UK"},
    {"2156 4.3.2", TO_MAIL, NONE, NONE, "postel@venera.isi.edu",
     "C=TC;ADMD=Wizz.mail;PRMD=42;DD.rfc-822=postel(a)venera.isi.edu"},
    /* the rest is the local gateway's address: there c=gb; a= ; p=uk.ac; o=mr */
    {"2156 4.3.4 1", TO_X400, NONE, NONE, "@relay.co.uk:userb@host2",
     "c=xx; a=gate; p=test; dd.rfc-822=(a)relay.co.uk:userb(a)host2;"},
    {"2156 4.3.4 2", TO_X400, NONE, "widget.com#PRMD$relay.ADMD$MCI.C$us#\n", NULL,
     "Tom_Harris@cs.widget.com", "c=us; a=MCI; P=relay; dd.rfc-822=Tom(u)Harris(a)cs.widget.com;"},
    {"2156 4.3.4 3", TO_X400, NONE, "alter.net#PRMD$relay.ADMD$BTglobal.C$gb#\n", NULL,
     "postmaster@UK.alter.net", "c=gb; a=BTglobal; P=relay; dd.rfc-822=postmaster(a)UK.alter.net;"},
    {"2156 4.3.5 1", BOTH, MASTER, NONE, "/S=Support/o=sales/@Master400.it",
     "S=Support; O=sales;  A=Master400; C=it;"},
    {"2156 4.3.5 2", BOTH, ATLAS, NONE, "\"/S=renseignements/o=Region Parisienne/\"@autoroutes.fr",
     "S=renseignements; O=Region Parisienne; P=autoroutes; A=atlas; C=fr;"},
    /* order: the first of the SEQUENCE is the most significant, and stands on the right (4.3.3) */
    {"2156 4.3.5 3", BOTH, POSTEL, NONE,
     "\"/DD.cap=20100/DD.ph1=Via Larga 11/DD.city=Milano/S=Rossi/\"@ptpostel.it",
     "S=Rossi; DD.cap=20100; DD.ph1=Via Larga 11; DDA.city=Milano; A=PtPostel; C=it;"},
    {"2156 4.3.5 4 (without the last \"/\", which std-or-address has: decision 0100)", TO_MAIL, NONE, NULL,
     "ADMD$ATT.C$us#attmail.com#\n", "/G=Andy/S=Wharol/O=MMNY/ADMD=ATT/C=us/@attmail.com",
     "G=Andy; S=Wharol; O=MMNY; A=ATT; C=us;"},
    {"2156 4.4.2", TO_MAIL, NONE, NONE, "/PN=Duval/DD.Title=Manager/@Inria.ATLAS.FR",
     "C=UK;ADMD=Gold 400;PRMD=UK.AC;DD.RFC-822=$/PN$=Duval$/DD.Title$=Manager$/(a)Inria.ATLAS.FR"},
    {"2156 4.4.2", BOTH, "Inria.ATLAS.FR#PRMD$Inria.ADMD$ATLAS.C$FR#\n",
     "PRMD$Inria.ADMD$ATLAS.C$FR#Inria.ATLAS.FR#\n", NONE, "/PN=Duval/DD.Title=Manager/@Inria.ATLAS.FR",
     "C=FR;ADMD=ATLAS;PRMD=Inria;S=Duval;DD.Title=Manager"},
    {"2156 4.4.2", TO_X400, NONE, NONE, "\"/RFC-822=jj(a)seismo.css.gov/PRMD=AC/ADMD=BT/C=GB/\"@gw.test",
     "/RFC-822=jj(a)seismo.css.gov/PRMD=AC/ADMD=BT/C=GB/"},
    {"2156 App. F", TO_X400, "XEROX.COM#O$Xerox.PRMD$@.ADMD$ATT.C$US#\n", NULL, NONE, "a@XEROX.COM",
     "/S=a/O=Xerox/ADMD=ATT/C=US/"},
    {"2156 App. F", TO_X400, "GMD.DE#O$@.PRMD$GMD.ADMD$DBP.C$DE#\n", NULL, NONE, "a@GMD.DE",
     "/S=a/PRMD=GMD/ADMD=DBP/C=DE/"},
    {"1506 3.3.1.1", BOTH, NONE, NONE, "/C=zz/ADMD=ade/PRMD=fhbo/O=tlec/S=plork/@gw.test",
     "C=zz; ADMD=ade; PRMD=fhbo; O=tlec; S=plork;"},
    {"1506 3.3.1.1", BOTH, NONE, NONE, "\"/C=zz/ADMD=ade/PRMD=fhbo/O=a bank/S=plork/\"@gw.test",
     "C=zz; ADMD=ade; PRMD=fhbo; O=a bank; S=plork"},
    {"1506 3.3.1.1", TO_MAIL, NONE, NONE, "bush@dole.us",
     "DD.RFC-822=bush(a)dole.us; C=nl; ADMD=tlec; PRMD=GW"},
    {"1506 3.3.1.2", TO_X400, NONE, "us#PRMD$GW.ADMD$tlec.C$nl#\n", NULL, "bush@dole.us",
     "DD.RFC-822=bush(a)dole.us; C=nl; ADMD=tlec; PRMD=GW"},
    {"1506 3.3.1.2", BOTH, NONE, NONE, "/C=zz/ADMD=ade/PRMD=fhbo/O=tlec/S=plork/G=mary/@gw.test",
     "C=zz; ADMD=ade; PRMD=fhbo; O=tlec; S=plork; G=mary"},
    {"1506 3.3.2.2.1", BOTH, TLEC, NONE, "plork@owe.you.tlec.nl",
     "C=nl; ADMD=ade; PRMD=tlec; O=you; OU=owe; S=plork"},
    {"1506 3.3.2.2.1", BOTH, TLEC, NONE, "/S=plork/GQ=jr/@you.owe.tlec.nl",
     "C=nl; ADMD=ade; PRMD=tlec; O=owe; OU=you; S=plork; GQ=jr"},
    /* its notation has the most significant first, where the order of OU in MIXER's is the other one (4.3.3)
     */
    {"1506 3.3.2.2.1", BOTH, TLEC, NONE, "\"/S=plork/OU=u/OU=spc ctr/\"@owe.tlec.nl",
     "/S=plork/OU=u/OU=spc ctr/O=owe/PRMD=tlec/ADMD=ade/C=nl/"},
    {"1506 3.3.2.2.2", TO_X400, TLEC, NONE, "\"/S=plork/GQ=jr/OU=u/OU=spc ctr/\"@owe.tlec.nl",
     "/S=plork/GQ=jr/OU=u/OU=spc ctr/O=owe/PRMD=tlec/ADMD=ade/C=nl/"},
    {"1506 3.3.2.3", TO_X400, NONE, "gov#PRMD$gateway.ADMD$Internet.C$us#\n", NULL, "bush@dole.gov",
     "DD.RFC-822=bush(a)dole.gov; C=us; ADMD=Internet; PRMD=gateway"},
    {"1506 3.5", BOTH, "arpa#PRMD$gateway.ADMD$tlec.C$nl#\n", "PRMD$gateway.ADMD$tlec.C$nl#arpa#\n", NONE,
     "a@b.arpa", "/S=a/O=b/PRMD=gateway/ADMD=tlec/C=nl/"},
};

static struct mapping_context *context_of(int i)
{
  const struct addressing_tables tables = {.domain_to_or = addresses[i].domain_to_or,
                                           .or_to_domain = addresses[i].or_to_domain,
                                           .domain_to_or_gateway = addresses[i].to_gateway,
                                           .or_to_domain_gateway = addresses[i].from_gateway};
  return addressing_context("", &tables);
}

/* The same mailbox: the domain without case, and where the local part is an O/R address the same attributes.
 */
static bool same_mailbox(const char *a, const char *b)
{
  g_autofree char *left = g_strdup(a), *right = g_strdup(b);
  char *sides[] = {left, right};
  for (int i = 0; i < 2; i++) { /* as one word: without quotes */
    char *at = strrchr(sides[i], '@');
    if (*sides[i] == '"' && at && at[-1] == '"') {
      memmove(at - 1, at, strlen(at) + 1);
      memmove(sides[i], sides[i] + 1, strlen(sides[i]));
    }
  }
  if (!g_ascii_strcasecmp(left, right))
    return true;
  char *left_at = strrchr(left, '@'), *right_at = strrchr(right, '@');
  if (!left_at || !right_at || g_ascii_strcasecmp(left_at, right_at) || *left != '/' || *right != '/')
    return false;
  *left_at = *right_at = 0;
  g_autoptr(or_address_t) left_address = or_address_parse(left, NULL),
                          right_address = or_address_parse(right, NULL);
  return left_address && right_address && or_address_equal(left_address, right_address);
}

/* proves: E:2156 E:1506 */
START_TEST(address_example)
{
  struct mapping_context *context = context_of(_i);
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address = or_address_parse(addresses[_i].address, &error);
  ck_assert_msg(address != NULL, "RFC %s: %s: %s", addresses[_i].where, addresses[_i].address,
                error ? error->message : "");
  g_autofree char *expected = or_address_format(address);
  if (addresses[_i].way != TO_MAIL) {
    g_autoptr(or_address_t) made =
        address_to_or(context, addresses[_i].mailbox, ADDRESS_RECIPIENT, NULL, &error);
    ck_assert_msg(made != NULL, "RFC %s: %s", addresses[_i].where, error ? error->message : "");
    g_autofree char *text = or_address_format(made);
    ck_assert_msg(or_address_equal(made, address), "RFC %s: %s, not %s", addresses[_i].where, text, expected);
  }
  if (addresses[_i].way != TO_X400) {
    g_autofree char *mailbox = address_from_or(context, address, ADDRESS_HEADING, NULL, &error);
    ck_assert_msg(mailbox != NULL, "RFC %s: %s", addresses[_i].where, error ? error->message : "");
    ck_assert_msg(same_mailbox(mailbox, addresses[_i].mailbox), "RFC %s: %s, not %s", addresses[_i].where,
                  mailbox, addresses[_i].mailbox);
  }
  mapping_context_free(context);
}
END_TEST

/* --- written forms of an address: all are the same as the first
 * ------------------------------------------------ */

static const struct {
  const char *where, *a, *b;
} forms[] = {
    {"2156 4.1.1", "/CN=yen*{165}/S=a/C=gb/", "CN=yen*{165};S=a;C=gb"},
    {"2156 4.1.2", "/PN=Marshall.Rose/C=gb/", "/G=Marshall/S=Rose/C=gb/"},
    {"2156 4.1.2", "/PN=M.T.Rose/C=gb/", "/I=MT/S=Rose/C=gb/"},
    {"2156 4.1.2", "/PN=Marshall.M.T.Rose/C=gb/", "/G=Marshall/I=MT/S=Rose/C=gb/"},
    {"1506 3.1.3", "/G=jo/S=plork/OU=you/OU=owe/O=a bank/P=fhbo/A=ade/C=zz/",
     "G=jo; S=plork; OU=you; OU=owe; O=a bank; PRMD=fhbo; ADMD=ade; C=zz"},
    {"1506 3.1.3 DDA", "/DD.phone=9571/S=a/A=ade/C=zz/", "C=zz; ADMD=ade; S=a; DDA.phone=9571"},
    {"1685 F.3.2", "G=john; S=smith; O=a bank ltd; P=abl; A=snomail; C=aq",
     "/G=John/S=Smith/O=A Bank Ltd/PRMD=ABL/ADMD=Snomail/C=AQ/"},
    {"1685 F.3.2.3", "DDA:RFC-822=fred(a)widget.co.uk; O=gateway; P=abc; C=gb",
     "/RFC-822=fred(a)widget.co.uk/O=gateway/PRMD=abc/ADMD= /C=gb/"},
    {"1685 F.3.3 1", "G=Per;S=Hansen;O=Teledir;OU1=Forskning;P=Tele;A=Telemax;C=NO",
     "/G=Per/S=Hansen/OU=Forskning/O=Teledir/PRMD=Tele/ADMD=Telemax/C=NO/"},
    {"1685 F.3.3 2", "G=John;S=Smith;O=A Bank Ltd;OU1=IT Dept;OU2=MSG Group;P=ABL;A=Snomail;C=AQ",
     "/G=John/S=Smith/OU=MSG Group/OU=IT Dept/O=A Bank Ltd/PRMD=ABL/ADMD=Snomail/C=AQ/"},
    {"1685 F.4 3", "g=per;s=hansen;o=teledir;ou1=forskning;p=tele;a=telemax;c=no",
     "/g=per/s=hansen/o=teledir/ou1=forskning/p=tele/a=telemax/c=no"},
    {"1685 F.4", "S=a; P=abl; C=aq", "S=a; P=abl; A= ; C=aq"},
};

/* proves: E:2156 E:1506 E:1685 */
START_TEST(written_form)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) a = or_address_parse(forms[_i].a, &error);
  g_autoptr(or_address_t) b = a ? or_address_parse(forms[_i].b, &error) : NULL;
  ck_assert_msg(a && b, "RFC %s: %s", forms[_i].where, error ? error->message : "");
  g_autofree char *text_a = or_address_format(a), *text_b = or_address_format(b);
  ck_assert_msg(or_address_equal(a, b), "RFC %s: %s and %s", forms[_i].where, text_a, text_b);
}
END_TEST

/* proves: E:2156 */
START_TEST(lines_of_a_postal_address)
{
  static const char *const lines[] = {"The Dome", "The Square", "Richmond", "England"};
  g_autoptr(or_address_t) address =
      or_address_parse("/PD-ADDRESS=The Dome|The Square|Richmond|England/ADMD=a/C=gb/", NULL);
  ck_assert_ptr_nonnull(address);
  ck_assert_uint_eq(or_address_count(address, OR_PD_UNFORMATTED), 4);
  for (guint i = 0; i < 4; i++)
    ck_assert_str_eq(or_address_get(address, OR_PD_UNFORMATTED, i), lines[i]);
}
END_TEST

/* --- values: PrintableString and ASCII (3.4), T.61 (3.3.4)
 * --------------------------------------------------------- */

static const struct {
  const char *where, *printable, *ascii;
  bool back; /* the RFC's arrow has both heads */
} strings[] = {
    {"2156 3.4", "a demo.", "a demo.", true},
    {"2156 3.4", "foo(a)bar", "foo@bar", true},
    {"2156 3.4", "(q)(u)(p)(q)", "\"_%\"", true},
    {"2156 3.4", "(a)", "@", true},
    {"2156 3.4", "(A)", "@", false},
    {"2156 3.4", "(l)a(r)", "(a)", true},
    {"2156 3.4", "(126)", "~", true},
    {"2156 3.4", "(", "(", false},
    {"2156 3.4", "(l)", "(", true},
    {"1506 3.1.2", "u(u)ser(a)isode.com", "u_ser@isode.com", true},
    {"1506 3.3.1.2", "100(p)name(a)address", "100%name@address", true},
    {"1506 3.3.1.2", "u(u)ser(b)name(a)address", "u_ser!name@address", true},
};

/* proves: E:2156 E:1506 */
START_TEST(printable_string)
{
  g_autofree char *ascii = ps_decode(strings[_i].printable, NULL), *printable = ps_encode(strings[_i].ascii);
  ck_assert_str_eq(ascii, strings[_i].ascii);
  if (strings[_i].back)
    ck_assert_str_eq(printable, strings[_i].printable);
}
END_TEST

/* proves: E:2156 */
START_TEST(teletex_string)
{
  g_autofree char *printable = NULL, *teletex = NULL, *text = ps_teletex_format("yen", "¥");
  ck_assert(ps_teletex_parse("yen*{165}", &printable, &teletex));
  ck_assert_str_eq(printable, "yen");
  ck_assert_str_eq(teletex, "¥");
  ck_assert_str_eq(text, "yen*{165}");
  g_autofree char *alone = NULL, *nothing = NULL;
  ck_assert(ps_teletex_parse("*a{165}b", &nothing, &alone));
  ck_assert_ptr_null(nothing);
  ck_assert_str_eq(alone, "a¥b");
}
END_TEST

/* --- identifiers and trace
 * ------------------------------------------------------------------------------------------ */

/* proves: E:2156 */
START_TEST(message_identifier)
{
  static const char id[] = "<\"147*/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/\"@MHS>";
  struct mapping_context *context = addressing_context("", &(struct addressing_tables){0});
  struct ipm_identifier *identifier = identifier_ipm_from_message_id(context, id);
  ck_assert_ptr_nonnull(identifier);
  ck_assert_str_eq(identifier->relative, "147");
  g_autofree char *user = or_address_format(identifier->user),
                  *back = identifier_message_id_from_ipm(context, identifier);
  ck_assert_str_eq(user, "/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/");
  /* the quotes are needed only where the word has a space (RFC 5322 3.2.4) */
  ck_assert_msg(!strcmp(back, id) || !strcmp(back, "<147*/S=Dietrich/O=Siemens/ADMD=DBP/C=DE/@MHS>"), "%s",
                back);
  ipm_identifier_free(identifier);
  mapping_context_free(context);
}
END_TEST

/* Of 5.3.7 and 5.3.4.2; what is read and written again reads the same. */
static const char *const traces[] = {
    "by /PRMD=UK.AC/ADMD=Gold 400/C=GB/ ; Relayed ; Tue, 20 Jun 89 19:25:11 +0100",
    "by mta \"UK.AC.UCL.CS\" in /PRMD=UK.AC/ADMD=Gold 400/C=GB/ ; deferred until  Tue, 20 Jun 89 14:24:22 "
    "+0100 ; "
    "converted (undefined, g3fax) ; attempted MD /ADMD=Foo/C=GB/ ; Relayed, Expanded, Redirected ; "
    "Tue, 20 Jun 89 19:25:11 +0100",
    "by mta \"mhs-relay.ac.uk\" in /PRMD=uk.ac/ADMD= /C=gb/; Relayed; Thu, 30 May 1991 18:23:26 +0100",
    "by /PRMD=HMG/ADMD=GOLD 400/C=GB/; Relayed; Thu, 30 May 1991 18:20:27 +0100",
};

/* Lower case, one space for many, none before ";", years of four digits, g3fax as the EBNF has it (decision
 * 0100). */
static char *plain(const char *trace)
{
  g_autoptr(GRegex) spaces = g_regex_new("\\s+", 0, 0, NULL), before = g_regex_new(" ?; ?", 0, 0, NULL),
                    year = g_regex_new("jun 89", 0, 0, NULL),
                    quotes = g_regex_new("mta \"([^\"]*)\"", 0, 0, NULL),
                    type = g_regex_new("g3fax", 0, 0, NULL);
  g_autofree char *lower = g_ascii_strdown(trace, -1);
  g_autofree char *one = g_regex_replace(spaces, lower, -1, 0, " ", 0, NULL);
  g_autofree char *two = g_regex_replace(before, one, -1, 0, "; ", 0, NULL);
  g_autofree char *three = g_regex_replace(quotes, two, -1, 0, "mta \\1", 0, NULL);
  g_autofree char *four = g_regex_replace(type, three, -1, 0, "g3-fax", 0, NULL);
  return g_regex_replace(year, four, -1, 0, "jun 1989", 0, NULL);
}

/* proves: E:2156 */
START_TEST(trace_field)
{
  struct trace_element *element = trace_parse(traces[_i]);
  ck_assert_msg(element != NULL, "%s", traces[_i]);
  g_autofree char *text = trace_format(element);
  g_autofree char *expected = plain(traces[_i]), *got = plain(text);
  ck_assert_str_eq(got, expected);
  trace_element_free(element);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("rfc_examples");
  TCase *tcase = tcase_create("examples");
  tcase_add_loop_test(tcase, address_example, 0, G_N_ELEMENTS(addresses));
  tcase_add_loop_test(tcase, written_form, 0, G_N_ELEMENTS(forms));
  tcase_add_test(tcase, lines_of_a_postal_address);
  tcase_add_loop_test(tcase, printable_string, 0, G_N_ELEMENTS(strings));
  tcase_add_test(tcase, teletex_string);
  tcase_add_test(tcase, message_identifier);
  tcase_add_loop_test(tcase, trace_field, 0, G_N_ELEMENTS(traces));
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
