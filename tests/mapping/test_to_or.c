/* test_to_or.c: RFC 2156 4.3.4: mailboxes into X.400, with the examples of chapter 4 and of RFC 1506. */
#include "lib/addressing.h"
#include "mapping/mailbox.h"
#include "mapping/rules.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the examples take for granted. */
static const struct addressing_tables tables = {
    .domain_to_or = "Widget.COM#O$Widget.PRMD$@.ADMD$BTT.C$TC#\n"
                    "AC.UK#PRMD$UK\\.AC.ADMD$GOLD 400.C$GB#\n"
                    "HNE.EGM#O$HNE.PRMD$@.ADMD$ECQ.C$TC#\n"
                    "it#C$it#\n"
                    "tlec.nl#PRMD$tlec.ADMD$ade.C$nl#\n"
                    "ZZ.YY.XX#O$ZZ.PRMD$@.ADMD$YY.C$XX#\n"
                    "Inria.ATLAS.FR#PRMD$Inria.ADMD$ATLAS.C$FR#\n"
                    "acme.example#PRMD$acme.ADMD$ .C$de#\n",
    .or_to_domain = "O$Widget.PRMD$@.ADMD$BTT.C$TC#Widget.COM#\n"
                    "PRMD$UK\\.AC.ADMD$GOLD 400.C$GB#AC.UK#\n"
                    "O$HNE.PRMD$@.ADMD$ECQ.C$TC#HNE.EGM#\n"
                    "C$it#it#\n"
                    "PRMD$tlec.ADMD$ade.C$nl#tlec.nl#\n"
                    "O$ZZ.PRMD$@.ADMD$YY.C$XX#ZZ.YY.XX#\n"
                    "PRMD$Inria.ADMD$ATLAS.C$FR#Inria.ATLAS.FR#\n"
                    "PRMD$acme.ADMD$ .C$de#acme.example#\n",
    .domain_to_or_gateway = "alter.net#PRMD$relay.ADMD$BTglobal.C$gb#\n"
                            "gov#PRMD$gateway.ADMD$Internet.C$us#\n",
};

static const struct {
  const char *mailbox, *address;
  enum to_or_rule rule;
} mappings[] = {
    /* 4.2, 4.3.1 */
    {"Ann.Lee@R-D.Salford.AC.UK", "/G=Ann/S=Lee/OU=R-D/O=Salford/PRMD=UK.AC/ADMD=GOLD 400/C=GB/",
     TO_OR_MCGAM},
    {"x@ZI.HNE.EGM", "/S=x/OU=ZI/O=HNE/ADMD=ECQ/C=TC/", TO_OR_MCGAM},
    {"/I=J/S=Linnimouth/GQ=5/@Marketing.Widget.COM",
     "/I=J/S=Linnimouth/GQ=5/OU=Marketing/O=Widget/ADMD=BTT/C=TC/", TO_OR_MCGAM},
    {"J.Linnimouth@Marketing.Widget.COM", "/I=J/S=Linnimouth/OU=Marketing/O=Widget/ADMD=BTT/C=TC/",
     TO_OR_MCGAM},
    /* 4.3.4: example 1 with this gateway's own address, 2, and 3 with a preferred gateway */
    {"@relay.co.uk:userb@host2", "/RFC-822=(a)relay.co.uk:userb(a)host2/PRMD=test/ADMD=gate/C=xx/",
     TO_OR_DDA_OWN},
    {"Tom_Harris@cs.widget.org", "/RFC-822=Tom(u)Harris(a)cs.widget.org/PRMD=test/ADMD=gate/C=xx/",
     TO_OR_DDA_OWN},
    {"postmaster@UK.alter.net", "/RFC-822=postmaster(a)UK.alter.net/PRMD=relay/ADMD=BTglobal/C=gb/",
     TO_OR_DDA_GATEWAY},
    /* 4.3.5's examples, the way back */
    {"/S=Support/o=sales/@Master400.it", "/S=Support/O=sales/ADMD=Master400/C=it/", TO_OR_MCGAM},
    {"\"/DD.cap=20100/DD.ph1=Via Larga 11/DD.city=Milano/S=Rossi/\"@ptpostel.it",
     "/DD.cap=20100/DD.ph1=Via Larga 11/DD.city=Milano/S=Rossi/ADMD=ptpostel/C=it/", TO_OR_MCGAM},
    /* 4.4.1, 4.4.2 */
    {"Smith@ZZ.YY.XX", "/S=Smith/O=ZZ/ADMD=YY/C=XX/", TO_OR_MCGAM},
    {"/PN=Duval/DD.Title=Manager/@Inria.ATLAS.FR", "/DD.Title=Manager/S=Duval/PRMD=Inria/ADMD=ATLAS/C=FR/",
     TO_OR_MCGAM},
    {"\"/RFC-822=jj(a)seismo.css.gov/PRMD=AC/ADMD=BT/C=GB/\"@monet.berkeley.edu",
     "/RFC-822=jj(a)seismo.css.gov/PRMD=AC/ADMD=BT/C=GB/", TO_OR_TEXT},
    /* RFC 1506 */
    {"/C=zz/ADMD=ade/PRMD=fhbo/O=tlec/S=plork/@gw.switch.ch", "/S=plork/O=tlec/PRMD=fhbo/ADMD=ade/C=zz/",
     TO_OR_TEXT},
    {"\"/C=zz/ADMD=ade/PRMD=fhbo/O=a bank/S=plork/\"@gw.switch.ch",
     "/S=plork/O=a bank/PRMD=fhbo/ADMD=ade/C=zz/", TO_OR_TEXT},
    {"plork@owe.you.tlec.nl", "/S=plork/OU=owe/O=you/PRMD=tlec/ADMD=ade/C=nl/", TO_OR_MCGAM},
    {"/S=plork/GQ=jr/@you.owe.tlec.nl", "/S=plork/GQ=jr/OU=you/O=owe/PRMD=tlec/ADMD=ade/C=nl/", TO_OR_MCGAM},
    {"\"/S=plork/GQ=jr/OU=u/OU=spc ctr/\"@owe.tlec.nl",
     "/S=plork/GQ=jr/OU=u/OU=spc ctr/O=owe/PRMD=tlec/ADMD=ade/C=nl/", TO_OR_MCGAM},
    {"100%user@work.tlec.nl", "/RFC-822=100(p)user(a)work.tlec.nl/O=work/PRMD=tlec/ADMD=ade/C=nl/",
     TO_OR_DDA_MCGAM},
    {"bush@dole.gov", "/RFC-822=bush(a)dole.gov/PRMD=gateway/ADMD=Internet/C=us/", TO_OR_DDA_GATEWAY},
    {"u_ser!name@address", "/RFC-822=u(u)ser(b)name(a)address/PRMD=test/ADMD=gate/C=xx/", TO_OR_DDA_OWN},
    /* step 2: quoting and spaces */
    {"\"ann lee\"@acme.example", "/S=ann lee/PRMD=acme/ADMD= /C=de/", TO_OR_MCGAM},
    {"\"ann\".\"lee\"@acme.example", "/G=ann/S=lee/PRMD=acme/ADMD= /C=de/", TO_OR_MCGAM},
    {"\"ann  lee\"@acme.example", "/RFC-822=(q)ann $ lee(q)(a)acme.example/PRMD=acme/ADMD= /C=de/",
     TO_OR_DDA_MCGAM},
    {"\" ann\"@acme.example", "/RFC-822=(q) ann(q)(a)acme.example/PRMD=acme/ADMD= /C=de/", TO_OR_DDA_MCGAM},
    {"\"a\\\"b\"@acme.example", "/RFC-822=(q)a(092)(q)b(q)(a)acme.example/PRMD=acme/ADMD= /C=de/",
     TO_OR_DDA_MCGAM},
    /* step 4: a name that could not be written back stays a mailbox */
    {"\"j..smith\"@acme.example", "/RFC-822=(q)j..smith(q)(a)acme.example/PRMD=acme/ADMD= /C=de/",
     TO_OR_DDA_MCGAM},
    {"ann.x.y@acme.example", "/G=ann/I=x/S=y/PRMD=acme/ADMD= /C=de/", TO_OR_MCGAM},
    {"S=ann@acme.example", "/S=S$=ann/PRMD=acme/ADMD= /C=de/", TO_OR_MCGAM},
    /* step 4: separators of the input form, in a local part */
    {"\"S=ann;O=hq;PRMD=acme;C=de\"@x.y", "/S=ann/O=hq/PRMD=acme/ADMD= /C=de/", TO_OR_TEXT},
    {"\"/PD-ADDRESS=a|b/PD-C=de/PD-CODE=1/C=de/\"@x.y", "/PD-ADDRESS=a|b/PD-CODE=1/PD-C=de/ADMD= /C=de/",
     TO_OR_TEXT},
    /* step 6: forms that need no domain */
    {"/X121=2345/@x.y", "/X121=2345/", TO_OR_TEXT},
    {"/UA-ID=123/C=de/ADMD=x/@x.y", "/UA-ID=123/ADMD=x/C=de/", TO_OR_TEXT},
    /* step 7: one that no domain completes */
    {"/UA-ID=123/@acme.example", "/RFC-822=$/UA-ID$=123$/(a)acme.example/PRMD=acme/ADMD= /C=de/",
     TO_OR_DDA_MCGAM},
    {"/S=a/C=d/@acme.example", "/RFC-822=$/S$=a$/C$=d$/(a)acme.example/PRMD=acme/ADMD= /C=de/",
     TO_OR_DDA_MCGAM},
    /* step 8: the local part's attributes stand, and those above them come from the domain */
    {"/S=a/ADMD=own/@acme.example", "/S=a/ADMD=own/C=de/", TO_OR_MCGAM},
    {"/S=a/PRMD=own/@acme.example", "/S=a/PRMD=own/ADMD= /C=de/", TO_OR_MCGAM},
    {"/S=a/O=own/@hq.acme.example", "/S=a/O=own/PRMD=acme/ADMD= /C=de/", TO_OR_MCGAM},
    {"/S=a/OU=low/@mid.hq.acme.example", "/S=a/OU=low/OU=mid/O=hq/PRMD=acme/ADMD= /C=de/", TO_OR_MCGAM},
    {"a@u4.u3.u2.u1.o.acme.example", "/S=a/OU=u4/OU=u3/OU=u2/OU=u1/O=o/PRMD=acme/ADMD= /C=de/", TO_OR_MCGAM},
    {"a@u5.u4.u3.u2.u1.o.acme.example",
     "/RFC-822=a(a)u5.u4.u3.u2.u1.o.acme.example/OU=u4/OU=u3/OU=u2/OU=u1/O=o/PRMD=acme/ADMD= /C=de/",
     TO_OR_DDA_MCGAM},
    {"/OU=x/S=a/@u4.u3.u2.u1.o.acme.example",
     "/RFC-822=$/OU$=x$/S$=a$/(a)u4.u3.u2.u1.o.acme.example/OU=u4/OU=u3/OU=u2/OU=u1/O=o/PRMD=acme/ADMD= "
     "/C=de/",
     TO_OR_DDA_MCGAM},
    {"a@averyverylonglabelof34characters-x.o.acme.example",
     "/RFC-822=a(a)averyverylonglabelof34characters-x.o.acme.example/O=o/PRMD=acme/ADMD= /C=de/",
     TO_OR_DDA_MCGAM},
    {"a@master400-of-italy.it", "/RFC-822=a(a)master400-of-italy.it/ADMD= /C=it/", TO_OR_DDA_MCGAM},
    {"a@b_c.acme.example", "/RFC-822=a(a)b(u)c.acme.example/PRMD=test/ADMD=gate/C=xx/", TO_OR_DDA_OWN},
    /* step 9: bounds */
    {"a.very.long.surname.of.more.than.forty.characters@acme.example",
     "/RFC-822=a.very.long.surname.of.more.than.forty.characters(a)acme.example/PRMD=acme/ADMD= /C=de/",
     TO_OR_DDA_MCGAM},
    /* Stage II: what the Internet has */
    {"user@[192.0.2.1]", "/RFC-822=user(a)(091)192.0.2.1(093)/PRMD=test/ADMD=gate/C=xx/", TO_OR_DDA_OWN},
    {"user@[IPv6:2001:db8::1]", "/RFC-822=user(a)(091)IPv6:2001:db8::1(093)/PRMD=test/ADMD=gate/C=xx/",
     TO_OR_DDA_OWN},
    {"a+tag@x.example", "/RFC-822=a+tag(a)x.example/PRMD=test/ADMD=gate/C=xx/", TO_OR_DDA_OWN},
    {"host!user%other@x.example", "/RFC-822=host(b)user(p)other(a)x.example/PRMD=test/ADMD=gate/C=xx/",
     TO_OR_DDA_OWN},
    {"<ann@x.example>", "/RFC-822=ann(a)x.example/PRMD=test/ADMD=gate/C=xx/", TO_OR_DDA_OWN},
    /* the gateway's own domain */
    {"/S=a/O=b/C=de/@gw.test", "/S=a/O=b/ADMD= /C=de/", TO_OR_TEXT},
    {"\"/S=a.very.long.surname.of.more.than.forty.characters/C=de/\"@GW.test",
     "/S=a.very.long.surname.of.more.than.forty.characters/ADMD= /C=de/", TO_OR_TEXT},
    {"postmaster@gw.test", "/RFC-822=postmaster(a)gw.test/PRMD=test/ADMD=gate/C=xx/", TO_OR_DDA_OWN},
};

/* proves: A8 A9 A10 A7-omitted> */
START_TEST(mapping)
{
  struct mapping_context *context = addressing_context("", &tables);
  g_autoptr(GError) error = NULL;
  enum to_or_rule rule = TO_OR_DDA_OWN;
  g_autoptr(GPtrArray) explain = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(or_address_t) address =
      rules_to_or(context, mappings[_i].mailbox, ADDRESS_RECIPIENT, explain, &rule, &error);
  ck_assert_msg(address != NULL, "%s: %s", mappings[_i].mailbox, error ? error->message : "");
  g_autofree char *text = or_address_format(address);
  ck_assert_str_eq(text, mappings[_i].address);
  ck_assert_int_eq(rule, mappings[_i].rule);
  ck_assert_uint_gt(explain->len, 0);
  for (guint i = 0; i < explain->len; i++)
    ck_assert_msg(g_str_has_prefix(explain->pdata[i], "4.3.4 Stage I"), "%s", (char *)explain->pdata[i]);
  mapping_context_free(context);
}
END_TEST

static const struct {
  const char *mailbox, *code;
} refused[] = {
    {"", "5.1.3"},
    {"ann", "5.1.3"},
    {"@x.y", "5.1.3"},
    {"ann@", "5.1.3"},
    {"ann@x@y", "5.1.3"},
    {"ann@x..y", "5.1.3"},
    {"a b@x.y", "5.1.3"},
    {"\"ann@x.y", "5.1.3"},
    {"\"a\rb\"@x.y", "5.1.3"},
    {"\"a\x01\"@x.y", "5.1.3"},
    {"ann@[1.2", "5.1.3"},
    {"ann@x.y>", "5.1.3"},
    {"ann@x.y, bob@x.y", "5.1.3"},
    {"jörg@x.y", "5.6.7"},
    {"ann@müller.example", "5.6.7"},
    {"/S=a/Q=b@gw.test", "5.1.3"},
    {"/S=a/ADMD=b/@gw.test", "5.1.3"},
    {"/X=a/C=de/@gw.test", "5.1.3"},
};

/* proves: A9 */
START_TEST(refusal)
{
  struct mapping_context *context = addressing_context("", &tables);
  g_autoptr(GError) error = NULL;
  g_autoptr(or_address_t) address =
      address_to_or(context, refused[_i].mailbox, ADDRESS_RECIPIENT, NULL, &error);
  ck_assert_msg(address == NULL, "%s", refused[_i].mailbox);
  ck_assert_msg(g_str_has_prefix(error->message, refused[_i].code), "%s", error->message);
  mapping_context_free(context);
}
END_TEST

/* 4.3.2: 128 characters a DDA, filled before the next, 512 in all. */
/* proves: A9 */
START_TEST(long_mailboxes)
{
  struct mapping_context *context = addressing_context("", &tables);
  for (guint length = 100; length <= 700; length += 3) {
    g_autofree char *local = g_strnfill(length, 'x'), *mailbox = g_strconcat(local, "_y@z.example", NULL);
    gsize encoded = length + strlen("(u)y(a)z.example");
    g_autoptr(GError) error = NULL;
    g_autoptr(or_address_t) address = address_to_or(context, mailbox, ADDRESS_HEADING, NULL, &error);
    ck_assert_int_eq(address != NULL, encoded <= 512);
    if (!address) {
      ck_assert(g_str_has_prefix(error->message, "5.1.3"));
      continue;
    }
    ck_assert_uint_eq(or_address_count(address, OR_DDA), (encoded + 127) / 128);
    ck_assert_uint_eq(strlen(or_address_dda(address, "RFC-822")), MIN(encoded, 128));
    if (encoded > 384)
      ck_assert_uint_eq(strlen(or_address_dda(address, "RFC822C3")), encoded - 384);
    ck_assert(or_address_check(address, NULL));
    g_autofree char *back = address_from_or(context, address, ADDRESS_RECIPIENT, NULL, &error);
    ck_assert_str_eq(back, mailbox);
  }
  mapping_context_free(context);
}
END_TEST

/* A10: a return address leads back through this gateway. */
START_TEST(originators_come_back_here)
{
  struct mapping_context *context = addressing_context("", &tables);
  g_autoptr(or_address_t) address = address_to_or(context, "bush@dole.gov", ADDRESS_ORIGINATOR, NULL, NULL);
  g_autofree char *text = or_address_format(address);
  ck_assert_str_eq(text, "/RFC-822=bush(a)dole.gov/PRMD=test/ADMD=gate/C=xx/");
  mapping_context_free(context);
}
END_TEST

static char *random_text(GRand *random, const char *letters, guint most)
{
  GString *text = g_string_new(NULL);
  for (guint length = 1 + (guint)g_rand_int_range(random, 0, (gint)most); text->len < length;)
    g_string_append_c(text, letters[g_rand_int_range(random, 0, (gint)strlen(letters))]);
  return g_string_free(text, FALSE);
}

/* A mailbox with anything in its local part, in domains with and without rows. */
static char *random_mailbox(GRand *random)
{
  static const char *const domains[] = {"acme.example",
                                        "hq.acme.example",
                                        "x.y.z.acme.example",
                                        "tlec.nl",
                                        "it",
                                        "master400.it",
                                        "other.example",
                                        "dole.gov",
                                        "[192.0.2.7]",
                                        "a_b.example",
                                        "a.b.c.d.e.f.g.h.acme.example",
                                        "gw.test",
                                        "sub.gw.test",
                                        "single"};
  static const char *const alphabets[] = {"abcdefgh",   "abc.",       "abcXYZ019-",     "a. /=()",
                                          "a!%_\"\\@ ", "/=SOCG;.de", "'+,-./:=?()aB9", "a$*{}1"};
  if (g_rand_int_range(random, 0, 10) == 0) { /* an O/R address written as a mailbox */
    g_autoptr(or_address_t) address = addressing_random(random);
    g_autofree char *text = or_address_format(address);
    return mailbox_format(NULL, text, domains[g_rand_int_range(random, 0, G_N_ELEMENTS(domains))]);
  }
  g_autofree char *local =
      random_text(random, alphabets[g_rand_int_range(random, 0, G_N_ELEMENTS(alphabets))], 12);
  if (g_rand_int_range(random, 0, 4) == 0) {
    g_autofree char *given = random_text(random, "abcdefgh", 8),
                    *surname = random_text(random, "abcdefgh-'", 8);
    g_free(g_steal_pointer(&local));
    local = g_strdup_printf("%s.%s", given, surname);
  }
  return mailbox_format(NULL, local, domains[g_rand_int_range(random, 0, G_N_ELEMENTS(domains))]);
}

enum { MAILBOXES = 100000 };

/* Every mailbox has an O/R address, and that leads back to it: in the same writing, but for one that is an
 * O/R address itself, which may come back in its canonical writing. */
/* proves: A8 A9 A11 A12 */
START_TEST(random_mailboxes_come_back)
{
  struct mapping_context *context = addressing_context("", &tables);
  g_autoptr(GRand) random = g_rand_new_with_seed(4);
  guint counts[TO_OR_DDA_OWN + 1] = {0};
  for (guint i = 0; i < MAILBOXES; i++) {
    g_autofree char *mailbox = random_mailbox(random);
    g_autoptr(GError) error = NULL;
    enum to_or_rule rule = TO_OR_DDA_OWN;
    g_autoptr(or_address_t) address = rules_to_or(context, mailbox, ADDRESS_HEADING, NULL, &rule, &error);
    ck_assert_msg(address != NULL, "%s: %s", mailbox, error ? error->message : "");
    ck_assert_msg(or_address_check(address, NULL) || rule == TO_OR_TEXT, "%s", mailbox);
    g_autofree char *back = address_from_or(context, address, ADDRESS_HEADING, NULL, &error);
    g_autofree char *text = or_address_format(address);
    ck_assert_msg(back != NULL, "%s %s: %s", mailbox, text, error ? error->message : "");
    counts[rule]++;
    if (g_ascii_strcasecmp(back, mailbox) == 0)
      continue;
    g_autoptr(or_address_t) again = rules_to_or(context, back, ADDRESS_HEADING, NULL, &rule, NULL);
    ck_assert_msg((rule == TO_OR_TEXT || rule == TO_OR_MCGAM) && or_address_equal(again, address) &&
                      strchr(mailbox, '='),
                  "%s -> %s -> %s", mailbox, text, back);
  }
  printf("mailboxes by rule: text %u, MCGAM %u, DDA at MCGAM %u, at gateway %u, at this gateway %u\n",
         counts[TO_OR_TEXT], counts[TO_OR_MCGAM], counts[TO_OR_DDA_MCGAM], counts[TO_OR_DDA_GATEWAY],
         counts[TO_OR_DDA_OWN]);
  for (enum to_or_rule rule = TO_OR_TEXT; rule <= TO_OR_DDA_OWN; rule++)
    ck_assert_uint_gt(counts[rule], MAILBOXES / 100);
  mapping_context_free(context);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("to_or");
  TCase *all = tcase_create("all");
  tcase_add_loop_test(all, mapping, 0, G_N_ELEMENTS(mappings));
  tcase_add_loop_test(all, refusal, 0, G_N_ELEMENTS(refused));
  tcase_add_test(all, long_mailboxes);
  tcase_add_test(all, originators_come_back_here);
  tcase_add_test(all, random_mailboxes_come_back);
  tcase_set_timeout(all, 120);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
