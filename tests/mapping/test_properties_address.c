/* test_properties_address.c: RFC 2156 chapter 4 over random addresses of every kind, both ways; it prints how
 * often each kind occurred, and none may be missing.
 *
 * Classes that the RFC itself makes lossy, each refused, or another writing of the same user:
 *   UTF-8 and control characters in a mailbox (4.3.2: ASCII): refused;
 *   a mailbox of more than 512 characters as PrintableString (4.3.2): refused;
 *   a local part that is an O/R address (4.3.4 Stage I): comes back in its one canonical writing, the same
 * user; a source route: comes back whole where it goes into the attribute.
 *
 * time-limit: 900 */
#include "lib/addressing.h"
#include "mapping/or_asn1.h"
#include "mapping/or_compare.h"
#include "mapping/or_keys.h"
#include "mapping/ps_encoding.h"
#include "mapping/rules.h"
#include "mapping/users.h"

#include <ORName.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 100000, ENCODED = 10 /* every tenth address goes over the wire too */ };

static const struct addressing_tables tables = {
    .domain_to_or = "acme.example#PRMD$acme.ADMD$@.C$de#\n"
                    "uk.acme.example#PRMD$UK\\.AC.ADMD$GOLD 400.C$gb#\n"
                    "tlec.nl#PRMD$tlec.ADMD$ade.C$nl#\n"
                    "egm.example#PRMD$@.ADMD$BTT.C$TC#\n"
                    "gmd.de#O$@.PRMD$GMD.ADMD$DBP.C$DE#\n"
                    "oneway.example#PRMD$oneway.ADMD$x.C$de#\n",
    .or_to_domain = "PRMD$acme.ADMD$@.C$de#acme.example#\n"
                    "PRMD$UK\\.AC.ADMD$GOLD 400.C$gb#uk.acme.example#\n"
                    "PRMD$tlec.ADMD$ade.C$nl#tlec.nl#\n"
                    "PRMD$@.ADMD$BTT.C$TC#egm.example#\n"
                    "O$@.PRMD$GMD.ADMD$DBP.C$DE#gmd.de#\n"
                    "ADMD$otherway.C$de#acme.example#\n",
    .domain_to_or_gateway = "gov#PRMD$gateway.ADMD$x.C$us#\n",
    .or_to_domain_gateway = "ADMD$Master400.C$it#gw.it.example#\n",
    .users = "ann@acme.example#/G=Ann/S=Lee/PRMD=acme/C=de/#\n"
             "lee@users.example#/S=Lee/O=acme/PRMD=acme/C=de/#\n"
             "\"d d\"@users.example#/S=Lee/OU=x/O=acme/PRMD=tlec/ADMD=ade/C=nl/#\n",
};

/* What occurred how often. */
struct tally {
  const char *name;
  guint count;
};

static void print_tally(const char *title, const struct tally *tally, gsize count)
{
  printf("%s:", title);
  for (gsize i = 0; i < count; i++)
    printf(" %s %u", tally[i].name, tally[i].count);
  printf("\n");
  for (gsize i = 0; i < count; i++)
    ck_assert_msg(tally[i].count > 0, "%s: no %s", title, tally[i].name);
}

/* --- O/R addresses ----------------------------------------------------------------------------------- */

enum { PRINTABLE, LATIN, TELETEX, UNIVERSAL_BMP, UNIVERSAL_BEYOND, TWINS, NUMERIC_DOMAIN, REPERTOIRES };

static bool beyond(const char *text, gunichar limit)
{
  for (; *text; text = g_utf8_next_char(text))
    if (g_utf8_get_char(text) > limit)
      return true;
  return false;
}

static void count_attributes(const struct or_address *address, struct tally *keys, struct tally *repertoires)
{
  for (guint i = 0; i < address->attributes->len; i++) {
    const struct or_attribute *attribute = address->attributes->pdata[i];
    const char *wide = or_attribute_wide(attribute);
    keys[attribute->key].name = or_keys[attribute->key].keyword;
    keys[attribute->key].count++;
    repertoires[PRINTABLE].count += attribute->printable != NULL;
    repertoires[LATIN].count += wide && !beyond(wide, 0xff);
    repertoires[TELETEX].count += attribute->teletex && beyond(attribute->teletex, 0xff);
    repertoires[UNIVERSAL_BMP].count += attribute->universal && !beyond(attribute->universal, 0xffff);
    repertoires[UNIVERSAL_BEYOND].count += wide && beyond(wide, 0xffff);
    repertoires[TWINS].count += attribute->printable && wide;
    repertoires[NUMERIC_DOMAIN].count +=
        attribute->key <= OR_PRMD && attribute->printable && g_ascii_isdigit(attribute->printable[0]);
  }
}

/* As an MTA would get and send it. */
static struct or_address *over_the_wire(const struct or_address *address)
{
  g_autoptr(asn1_value_t) value = asn1_value_new(&asn_DEF_ORName);
  or_address_to_asn1(address, value, asn1_value_get(value));
  g_autoptr(GBytes) octets = asn1_encode_bytes(value, NULL);
  gsize length;
  const void *data = g_bytes_get_data(octets, &length);
  g_autoptr(asn1_value_t) decoded = asn1_decode_mem(&asn_DEF_ORName, data, length, NULL, NULL);
  return or_address_from_asn1(decoded, asn1_value_get(decoded), NULL);
}

enum { MNEMONIC, NUMERIC, POSTAL, TERMINAL, FORMS };

static guint form_of(const struct or_address *address)
{
  return or_address_get(address, OR_PD_COUNTRY, 0) ? POSTAL
         : or_address_get(address, OR_UA_ID, 0)    ? NUMERIC
         : or_address_get(address, OR_X121, 0) || or_address_get(address, OR_NET_NUMBER, 0) ||
                 or_address_get(address, OR_NET_PSAP, 0)
             ? TERMINAL
             : MNEMONIC;
}

/* Any legal O/R address -> RFC 822 -> the same address by X.402's comparison. */
/* proves: A1<> A3<> A4<> A6<> A12 A13<> B2<> B4<> */
START_TEST(addresses_come_back)
{
  struct mapping_context *context = addressing_context("", &tables);
  g_autoptr(GRand) random = g_rand_new_with_seed(2156);
  struct tally keys[OR_KEYS] = {{NULL, 0}},
               repertoires[REPERTOIRES] = {{"PrintableString", 0}, {"ISO 8859-1", 0},   {"T.61 beyond it", 0},
                                           {"universal", 0},       {"beyond UCS-2", 0}, {"twins", 0},
                                           {"numeric domain", 0}},
               forms[FORMS] = {{"mnemonic", 0}, {"numeric", 0}, {"postal", 0}, {"terminal", 0}},
               rules[] = {[FROM_OR_DDA] = {"Mapping A", 1},
                          [FROM_OR_USER] = {"user's row", 0},
                          [FROM_OR_MCGAM] = {"MCGAM", 0},
                          [FROM_OR_GATEWAY] = {"preferred gateway", 0},
                          [FROM_OR_OWN] = {"own domain", 0}};
  for (guint i = 0; i < CASES;) {
    g_autoptr(or_address_t) address = addressing_random(random);
    or_address_simplify(address);
    if (!or_address_check(address, NULL))
      continue;
    i++;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = or_address_format(address);
    enum from_or_rule rule = FROM_OR_OWN;
    g_autofree char *mailbox = rules_from_or(context, address, ADDRESS_HEADING, NULL, &rule, &error);
    ck_assert_msg(mailbox != NULL, "%s: %s", text, error ? error->message : "");
    ck_assert_msg(g_str_is_ascii(mailbox), "%s", mailbox);
    g_autoptr(or_address_t) back = address_to_or(context, mailbox, ADDRESS_RECIPIENT, NULL, &error);
    ck_assert_msg(back != NULL, "%s: %s", mailbox, error ? error->message : "");
    ck_assert_msg(or_address_equal(address, back), "%s -> %s", text, mailbox);
    if (i % ENCODED == 0) {
      g_autoptr(or_address_t) wire = over_the_wire(back);
      ck_assert_msg(wire && or_address_equal(address, wire), "%s", text);
    }
    count_attributes(address, keys, repertoires);
    forms[form_of(address)].count++;
    rules[rule].count++;
  }
  for (enum or_key key = 0; key < OR_KEYS; key++)
    keys[key].name = or_keys[key].keyword;
  print_tally("attributes", keys, OR_KEYS);
  print_tally("characters", repertoires, REPERTOIRES);
  print_tally("forms", forms, FORMS);
  print_tally("rules", rules + FROM_OR_USER, G_N_ELEMENTS(rules) - FROM_OR_USER);
  mapping_context_free(context);
}
END_TEST

/* --- mailboxes --------------------------------------------------------------------------------------- */

enum {
  DOT_ATOM,
  PERSONAL_NAME,
  QUOTED,
  ANY_ASCII,
  LONG_LOCAL,
  OR_TEXT,
  OR_PART,
  RFC987,
  UTF8,
  CONTROL,
  LOCALS
};
enum {
  WITH_ROW,
  BELOW_ROW,
  DEEP,
  UNKNOWN,
  GATEWAY_ROW,
  LITERAL4,
  LITERAL6,
  LONG_DOMAIN,
  OWN,
  UPPER_CASE,
  DOMAINS
};

static guint below(GRand *random, guint limit)
{
  return (guint)g_rand_int_range(random, 0, (gint)limit);
}

static char *letters(GRand *random, const char *from, guint least, guint most)
{
  GString *text = g_string_new(NULL);
  for (guint length = least + below(random, most - least + 1); text->len < length;)
    g_string_append_c(text, from[below(random, (guint)strlen(from))]);
  return g_string_free(text, FALSE);
}

static const char ATEXT[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~";
static const char NAME[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static char *ascii(GRand *random, guint least, guint most)
{
  char all[96] = "";
  for (guint i = 0; i < 95; i++)
    all[i] = (char)(' ' + i);
  return letters(random, all, least, most);
}

/* The local part without quoting. */
static char *make_local(GRand *random, guint kind)
{
  switch (kind) {
  case DOT_ATOM: {
    g_autofree char *a = letters(random, ATEXT, 1, 12), *b = letters(random, ATEXT, 1, 12);
    return below(random, 2) ? g_strdup(a) : g_strdup_printf("%s.%s", a, b);
  }
  case PERSONAL_NAME: {
    g_autofree char *given = letters(random, NAME, 1, 10), *surname = letters(random, NAME, 1, 12);
    static const char *const initials[] = {"", "J.", "M.T."};
    return g_strdup_printf("%s.%s%s", given, initials[below(random, 3)], surname);
  }
  case QUOTED: {
    g_autofree char *a = letters(random, NAME, 1, 8), *b = letters(random, " \"\\@.,;:<>()[]", 1, 3),
                    *c = letters(random, NAME, 1, 8);
    return g_strconcat(a, b, c, NULL);
  }
  case ANY_ASCII:
    return ascii(random, 1, 20);
  case LONG_LOCAL:
    return letters(random, below(random, 2) ? ATEXT : "#########_", 55, 64);
  case OR_TEXT: {
    g_autoptr(or_address_t) address = addressing_random(random);
    return or_address_format(address);
  }
  case OR_PART: {
    g_autofree char *surname = letters(random, NAME, 1, 10), *unit = letters(random, NAME, 1, 10);
    switch (below(random, 4)) {
    case 0:
      return g_strdup_printf("/S=%s/OU=%s/", surname, unit);
    case 1:
      return g_strdup_printf("OU2=%s;OU1=%s;S=x", surname, unit);
    case 2:
      return g_strdup_printf("PN=%s;CN=%s", surname, unit);
    default:
      return g_strdup_printf("/Q=jr/S=%s/DDA:x=%s/", surname, unit);
    }
  }
  case RFC987: {
    g_autofree char *a = letters(random, NAME, 1, 8), *b = letters(random, NAME, 1, 8);
    return below(random, 2) ? g_strdup_printf("%s%%%s.example", a, b) : g_strdup_printf("%s!%s", b, a);
  }
  case UTF8:
    return g_strdup(below(random, 2) ? "m\303\274ller" : "\346\274\242");
  default:
    return g_strdup_printf("a%cb", (char)(1 + below(random, 31)));
  }
}

static char *make_domain(GRand *random, guint kind)
{
  static const char *const rows[] = {"acme.example", "tlec.nl",        "gmd.de",
                                     "egm.example",  "oneway.example", "users.example"};
  const char *row = rows[below(random, G_N_ELEMENTS(rows))];
  switch (kind) {
  case WITH_ROW:
    return g_strdup(row);
  case BELOW_ROW: {
    g_autofree char *label = letters(random, NAME, 1, 10);
    return g_strdup_printf("%s.%s", label, row);
  }
  case DEEP:
    return g_strdup_printf("a.b.c.d.e.f.g.%s", row);
  case UNKNOWN: {
    g_autofree char *label = letters(random, NAME, 1, 63);
    return g_strdup_printf("%s.net", label);
  }
  case GATEWAY_ROW:
    return g_strdup("dole.gov");
  case LITERAL4:
    return g_strdup_printf("[192.0.2.%u]", below(random, 256));
  case LITERAL6:
    return g_strdup_printf("[IPv6:2001:db8::%x]", below(random, 65536));
  case LONG_DOMAIN: {
    GString *domain = g_string_new(NULL);
    while (domain->len < 180) {
      g_autofree char *label = letters(random, NAME, 20, 60);
      g_string_append_printf(domain, "%s.", label);
    }
    g_string_append(domain, "example");
    return g_string_free(domain, FALSE);
  }
  case OWN:
    return g_strdup(below(random, 2) ? "gw.test" : "sub.gw.test");
  default:
    return g_ascii_strup(row, -1);
  }
}

/* What must be refused, and with which code; NULL: nothing. */
static const char *must_be_refused(const struct mailbox *mailbox, guint local)
{
  g_autofree char *text = mailbox_format(NULL, mailbox->local, mailbox->domain), *encoded = ps_encode(text);
  return local == UTF8                          ? "5.6.7"
         : local == CONTROL                     ? "5.1.3"
         : encoded && strlen(encoded) > 4 * 128 ? "5.1.3"
                                                : NULL;
}

/* Any legal mailbox -> O/R address -> the same mailbox by RFC 5321, or the same X.400 user in the canonical
 * writing. */
/* proves: A8 A9 A10 A11 B3<> B8<> */
START_TEST(mailboxes_come_back)
{
  struct mapping_context *context = addressing_context("'local-parts': <'exact'>, ", &tables);
  g_autoptr(GRand) random = g_rand_new_with_seed(5321);
  struct tally
      locals[LOCALS] = {[DOT_ATOM] = {"dot-atom", 0},
                        [PERSONAL_NAME] = {"personal name", 0},
                        [QUOTED] = {"quoted", 0},
                        [ANY_ASCII] = {"any ASCII", 0},
                        [LONG_LOCAL] = {"of 55 to 64", 0},
                        [OR_TEXT] = {"O/R address", 0},
                        [OR_PART] = {"part of one", 0},
                        [RFC987] = {"% or !", 0},
                        [UTF8] = {"UTF-8", 0},
                        [CONTROL] = {"control", 0}},
      domains[DOMAINS] =
          {[WITH_ROW] = {"of a row", 0},  [BELOW_ROW] = {"below one", 0},           [DEEP] = {"too deep", 0},
           [UNKNOWN] = {"unknown", 0},    [GATEWAY_ROW] = {"preferred gateway", 0}, [LITERAL4] = {"IPv4", 0},
           [LITERAL6] = {"IPv6", 0},      [LONG_DOMAIN] = {"of 180 and more", 0},   [OWN] = {"our own", 0},
           [UPPER_CASE] = {"capitals", 0}},
      rules[] = {[TO_OR_USER] = {"user's row", 0},
                 [TO_OR_TEXT] = {"std-or", 0},
                 [TO_OR_MCGAM] = {"MCGAM", 0},
                 [TO_OR_DDA_MCGAM] = {"attribute at MCGAM", 0},
                 [TO_OR_DDA_GATEWAY] = {"at preferred gateway", 0},
                 [TO_OR_DDA_OWN] = {"at this gateway", 0}},
      outcomes[] = {
          {"same mailbox", 0}, {"same user", 0}, {"refused: length", 0}, {"refused: characters", 0}};
  struct tally characters[95];
  char names[95][2] = {{0}};
  for (guint i = 0; i < 95; i++) {
    names[i][0] = (char)(' ' + i);
    characters[i] = (struct tally){names[i], 0};
  }
  for (guint i = 0; i < CASES; i++) {
    guint l = below(random, LOCALS), d = below(random, DOMAINS);
    if (below(random, 200) == 0) {
      l = PERSONAL_NAME;
      d = WITH_ROW;
    }
    g_autofree char *local = below(random, 500) ? make_local(random, l) : g_strdup("ann"),
                    *domain = strcmp(local, "ann") == 0 ? g_strdup("acme.example") : make_domain(random, d);
    struct mailbox mailbox = {NULL, local, domain};
    g_autofree char *text = mailbox_format(NULL, local, domain);
    const char *refused = must_be_refused(&mailbox, strcmp(local, "ann") == 0 ? DOT_ATOM : l);
    locals[l].count++;
    domains[d].count++;
    for (const char *p = local; *p; p++)
      if (g_ascii_isprint(*p))
        characters[*p - ' '].count++;
    g_autoptr(GError) error = NULL;
    enum to_or_rule rule = TO_OR_DDA_OWN;
    g_autoptr(or_address_t) address = rules_to_or(context, text, ADDRESS_HEADING, NULL, &rule, &error);
    if (!address) {
      ck_assert_msg(refused && g_str_has_prefix(error->message, refused), "%s: %s", text, error->message);
      outcomes[l == UTF8 || l == CONTROL ? 3 : 2].count++;
      continue;
    }
    rules[rule].count++;
    ck_assert_msg(!refused || rules_names_user(rule), "%s", text); /* a long one may be a user of X.400 */
    g_autofree char *back = address_from_or(context, address, ADDRESS_HEADING, NULL, &error);
    ck_assert_msg(back != NULL, "%s: %s", text, error ? error->message : "");
    g_autoptr(mailbox_t) returned = mailbox_parse(back, NULL);
    if (users_same_mailbox(&mailbox, returned, false)) {
      outcomes[0].count++;
      continue;
    }
    enum to_or_rule again_rule = TO_OR_DDA_OWN;
    g_autoptr(or_address_t) again = rules_to_or(context, back, ADDRESS_HEADING, NULL, &again_rule, NULL);
    ck_assert_msg(rules_names_user(rule) && rules_names_user(again_rule) && or_address_equal(address, again),
                  "%s -> %s", text, back);
    outcomes[1].count++;
  }
  print_tally("local parts", locals, LOCALS);
  print_tally("domains", domains, DOMAINS);
  print_tally("rules", rules, G_N_ELEMENTS(rules));
  print_tally("outcomes", outcomes, G_N_ELEMENTS(outcomes));
  print_tally("characters", characters, G_N_ELEMENTS(characters));
  mapping_context_free(context);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("properties_address");
  TCase *all = tcase_create("all");
  tcase_set_timeout(all, 400);
  tcase_add_test(all, addresses_come_back);
  tcase_add_test(all, mailboxes_come_back);
  suite_add_tcase(suite, all);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
