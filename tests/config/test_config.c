/* test_config.c - the configuration: every kind of mistake with its exact words, good files, and the
 * generated documents. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config.h"
#include "lib/store_sync.h"
#include "mapping/settings.h"

static char *folder, *file;

static void setup(void)
{
  folder = sync_folder_new();
  file = g_build_filename(folder, "t.xml", NULL);
}

static void teardown(void)
{
  sync_folder_free(folder);
  g_free(file);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  ck_assert(g_file_set_contents(path, text, -1, NULL));
  ck_assert_int_eq(chmod(path, mode), 0);
}

/* --- the frame around what a case is about: lines 1 to 3, then the case, then the end
 * ------------------------------------------- */

#define GATEWAY                                                                                              \
  "<gateway name='gw' domain='x400.example.org' administrator='postmaster@example.org' "                     \
  "or-address='/S=gw/C=de/' country='de' mta-name='gw'/>"
#define SMTP "<smtp hostname='gw.example.org'/>"
#define FRAME(inside_) "<gw400>\n" GATEWAY "\n" SMTP "\n" inside_ "\n</gw400>\n"
#define PEER(rest_) "<peer name='land' local-mta='a' remote-mta='b' " rest_

static struct config *load(const char *xml, GPtrArray *messages)
{
  write_file("t.xml", xml, 0600);
  return config_load(file, messages);
}

static struct config *load_good(const char *xml)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  struct config *config = load(xml, messages);
  ck_assert_msg(config != NULL, "%s", messages->len ? (char *)messages->pdata[0] : "no message");
  ck_assert_uint_eq(messages->len, 0);
  return config;
}

/* Messages without the folder, "\n" between. */
static char *told(const GPtrArray *messages)
{
  g_autoptr(GString) all = g_string_new(NULL);
  for (guint i = 0; i < messages->len; i++)
    g_string_append_printf(all, "%s%s", i ? "\n" : "", (const char *)messages->pdata[i]);
  g_autofree char *with_slash = g_strconcat(folder, "/", NULL);
  g_string_replace(all, with_slash, "", 0);
  return g_strdup(all->str);
}

static const struct {
  const char *xml, *words;
} mistakes[] = {
    /* XML itself */
    {"", "t.xml:1: the file is empty; expected <gw400>"},
    {"<gw400>", "t.xml:1: not well-formed XML: Premature end of data in tag gw400 line 1"},
    {"<gw400>\n<peer name=land/>\n</gw400>", "t.xml:2: not well-formed XML: AttValue: \" or ' expected"},
    {"<other/>", "t.xml:1: the root element is <other>; expected <gw400>"},
    {"<!DOCTYPE gw400 [<!ENTITY e SYSTEM '/etc/passwd'>]>\n<gw400/>",
     "t.xml:1: a document type is not allowed"},
    /* names */
    {FRAME("<peers/>"), "t.xml:4: <peers> is not known inside <gw400>; did you mean <peer>?"},
    {FRAME("<Peer/>"), "t.xml:4: <Peer> is not known inside <gw400>; did you mean <peer>?"},
    {FRAME("<p1><listener port='102'/></p1>"),
     "t.xml:4: <listener> is not known inside <p1>; did you mean <listen>?"},
    {FRAME("<p1><somewhere/></p1>"),
     "t.xml:4: <somewhere> is not known inside <p1>; expected one of <listen>, <tls>"},
    {FRAME("<dns><x/></dns>"), "t.xml:4: <x> stands inside <dns>, which takes no elements"},
    {FRAME("<dns forwards='1.1.1.1'/>"), "t.xml:4: <dns> has no attribute forwards; did you mean forward?"},
    {FRAME("<p1 associations='9'/>"),
     "t.xml:4: <p1> has no attribute associations; did you mean associations-max?"},
    {FRAME("<audit weeks-to-keep='1'/>"), "t.xml:4: <audit> has no attribute weeks-to-keep; it takes days"},
    {"<gw400 version='1'>\n" GATEWAY SMTP "</gw400>",
     "t.xml:1: <gw400> has no attribute version; it takes none"},
    {FRAME("<dns/><dns/>"), "t.xml:4: <dns> stands a second time; it is allowed once"},
    {FRAME("<dns>words</dns>"), "t.xml:4: text inside <dns>: all settings are attributes"},
    /* what is missing */
    {"<gw400>\n" SMTP "\n</gw400>", "t.xml:1: <gw400> lacks <gateway>: Who we are on both sides."},
    {"<gw400>\n" GATEWAY "\n<smtp/>\n</gw400>",
     "t.xml:3: <smtp> lacks the attribute hostname: Our name in greeting, EHLO and Received."},
    {FRAME("<peer name='land' local-mta='a'/>"),
     "t.xml:4: <peer> lacks the attribute remote-mta: The peer's MTA name; case counts."},
    {FRAME("<p1><listen/></p1>"), "t.xml:4: <listen> lacks the attribute port: TCP port."},
    {FRAME("<peer name='' local-mta='a' remote-mta='b'/>"),
     "t.xml:4: <peer name=\"\">: expected a text that is not empty"},
    /* values */
    {FRAME("<p1><listen port='0'/></p1>"), "t.xml:4: <listen port=\"0\">: expected 1 to 65535"},
    {FRAME("<p1><listen port='65536'/></p1>"), "t.xml:4: <listen port=\"65536\">: expected 1 to 65535"},
    {FRAME("<p1><listen port='-1'/></p1>"), "t.xml:4: <listen port=\"-1\">: expected a number"},
    {FRAME("<p1><listen port=''/></p1>"), "t.xml:4: <listen port=\"\">: expected a number"},
    {FRAME("<p1><listen port='102x'/></p1>"), "t.xml:4: <listen port=\"102x\">: expected a number"},
    {FRAME("<audit days='99999999999999999999999'/>"),
     "t.xml:4: <audit days=\"99999999999999999999999\">: expected 0 to 36500"},
    {FRAME("<queue lifetime='4w'/>"),
     "t.xml:4: <queue lifetime=\"4w\">: expected seconds as a number, or with s, m, h or d"},
    {FRAME("<queue lifetime='400d'/>"), "t.xml:4: <queue lifetime=\"400d\">: expected 1 to 2592000"},
    {FRAME("<queue disk-reserve='64MB'/>"),
     "t.xml:4: <queue disk-reserve=\"64MB\">: expected octets as a number, or with K, M or G"},
    {FRAME("<dns lift-test='true'/>"), "t.xml:4: <dns lift-test=\"true\">: expected yes or no"},
    {FRAME(PEER("dialogue='duplex'/>")),
     "t.xml:4: <peer dialogue=\"duplex\">: expected one of monologue|two-way-alternate"},
    {FRAME(PEER("country='germany'/>")), "t.xml:4: <peer country=\"germany\">: expected at most 3 octets"},
    {FRAME(PEER("local-tsel=\"x'0'\"/>")),
     "t.xml:4: <peer local-tsel=\"x'0'\">: expected an even number of hexadecimal digits"},
    {FRAME(PEER("local-tsel=\"x'0g'\"/>")),
     "t.xml:4: <peer local-tsel=\"x'0g'\">: expected hexadecimal digits between x' and '"},
    {FRAME(PEER("local-tsel='\xc3\xa4'/>")),
     "t.xml:4: <peer local-tsel=\"\xc3\xa4\">: expected ASCII text or x'..' in hexadecimal"},
    {FRAME(PEER("local-tsel='123456789012345678901234567890123'/>")),
     "t.xml:4: <peer local-tsel=\"123456789012345678901234567890123\">: expected at most 32 octets (X.224 "
     "13.2.3)"},
    {FRAME(PEER("text-downgrade='ia5 utf-9'/>")),
     "t.xml:4: <peer name=\"land\" text-downgrade>: \"utf-9\" is none of general-text, utf-8, iso8859-1, teletex, "
     "teletex-sets, ia5, file-transfer, harpoon"},
    {FRAME(PEER("tpdu-size='5'/>")), "t.xml:4: <peer name=\"land\" tpdu-size=\"5\">: expected 0 or 7 to 13"},
    {FRAME(PEER("><address at='::1:102'/></peer>")),
     "t.xml:4: <address at=\"::1:102\">: expected an IPv6 address in brackets: [2001:db8::1]:102"},
    {FRAME(PEER("><address at='host:0'/></peer>")),
     "t.xml:4: <address at=\"host:0\">: expected host:port with a port of 1 to 65535"},
    {FRAME(PEER("><network cidr='10.0.0.0/x'/></peer>")),
     "t.xml:4: <network cidr=\"10.0.0.0/x\">: expected a network as 192.0.2.0/24 or 2001:db8::/32, or an "
     "address"},
    {FRAME(PEER("><network cidr='10.0.0.0/33'/></peer>")),
     "t.xml:4: <network cidr=\"10.0.0.0/33\">: expected a network as 192.0.2.0/24 or 2001:db8::/32, or an "
     "address"},
    {FRAME(PEER("><network cidr='::/129'/></peer>")),
     "t.xml:4: <network cidr=\"::/129\">: expected a network as 192.0.2.0/24 or 2001:db8::/32, or an "
     "address"},
    /* what does not fit together */
    {FRAME(PEER("/>\n") PEER("/>")), "t.xml:5: <peer name=\"land\"> stands a second time; first on line 4"},
    {FRAME(PEER("/>\n") "<peer name='sea' local-mta='a' remote-mta='b'/>"),
     "t.xml:5: <peer name=\"sea\" remote-mta=\"b\">: peer land (line 4) has the same, a call could not be "
     "told apart"},
    {FRAME("<route/>"), "t.xml:4: <route> needs either or (with peer) or domain"},
    {FRAME("<route or='/C=de/'/>"), "t.xml:4: <route or=\"/C=de/\"> lacks peer"},
    {FRAME("<route or='/C=de/' peer='nobody'/>"),
     "t.xml:4: <route peer=\"nobody\">: there is no <peer> of this name"},
    {FRAME(PEER("/>\n<route or='/C=de/' peer='land'><fallback peer='nobody'/></route>")),
     "t.xml:5: <fallback peer=\"nobody\">: there is no <peer> of this name"},
    {FRAME(PEER("/>\n<route or='/C=de/' peer='land'><fallback peer='land'/></route>")),
     "t.xml:5: <fallback peer=\"land\"> stands a second time in its <route>"},
    {FRAME(PEER("/>\n<route domain='example.org'><fallback peer='land'/></route>")),
     "t.xml:5: <fallback> belongs into a <route> with or"},
    {FRAME("<addressing><source kind='ldap' url='ldap://dir'/></addressing>"),
     "t.xml:4: <source kind=\"ldap\"> needs url and base"},
    {FRAME("<addressing><source kind='ldap' url='dir' base='o=x'/></addressing>"),
     "t.xml:4: <source url=\"dir\">: expected ldap://HOST[:PORT] or ldaps://HOST[:PORT]"},
    {FRAME("<addressing><source kind='dns' root='.x'/></addressing>"),
     "t.xml:4: <source root=\".x\">: expected a domain name without a dot at its end"},
    {FRAME("<addressing><source kind='dns'/><source kind='dns'/></addressing>"),
     "t.xml:4: <source kind=\"dns\">: a second one of the name dns; give it another by name"},
    {FRAME("<addressing><source kind='dns' base='o=x'/></addressing>"),
     "t.xml:4: <source kind=\"dns\">: url, base, bind-dn and ca are of ldap"},
    {FRAME("<alias country='de' admd='0'/>"),
     "t.xml:4: <alias> lacks the attribute of: What it is the same as for "
     "routing: a name, \"0\" or a single space; not itself an alias."},
    {FRAME(PEER("/>\n<route or='C=de' peer='land'/>")),
     "t.xml:5: <route or=\"C=de\">: expected the form /PRMD=../ADMD=../C=../"},
    {FRAME(PEER("/>\n<route domain='example.org' peer='land'/>")),
     "t.xml:5: <route domain=\"example.org\"> cannot lead to a peer: domains are mapped by tables, O/R "
     "addresses routed by or"},
    {FRAME("<table kind='domain-to-or' file='none.txt'/>"),
     "t.xml:4: <table file=\"none.txt\">: there is no such file"},
    {FRAME("<table kind='or2rfc' file='none.txt'/>"),
     "t.xml:4: <table kind=\"or2rfc\">: expected one of "
     "domain-to-or|or-to-domain|domain-to-or-gateway|or-to-domain-gateway|users|mailbox-to-or|"
     "or-to-mailbox"},
    {FRAME("<queue retry-first='2h' retry-max='1h'/>"),
     "t.xml:4: <queue retry-first> is longer than retry-max"},
    {FRAME("<p1><tls certificate='cert.pem'/></p1>"), "t.xml:4: <tls>: certificate and key go together"},
    {FRAME("<p1><tls require-client='yes'/></p1>"), "t.xml:4: <tls require-client=\"yes\"> needs ca"},
    {FRAME("<p1><tls ca='none.pem'/></p1>"), "t.xml:4: <tls ca=\"none.pem\">: No such file or directory"},
    {FRAME("<p1><tls certificate='cert.pem' key='open.pem'/></p1>"),
     "t.xml:4: <tls key=\"open.pem\"> may be read by everybody; expected mode 0640 or less"},
    {"<gw400>\n" GATEWAY "\n<smtp hostname='gw' tls-required='yes'/>\n</gw400>",
     "t.xml:3: <smtp tls-required=\"yes\"> needs <tls> with a certificate"},
    {"<gw400>\n" GATEWAY "\n<smtp hostname='gw'><relay certificate='c'/></smtp>\n</gw400>",
     "t.xml:3: <relay certificate> needs <tls> with ca, to verify it"},
    /* secrets */
    {FRAME(PEER("local-password-file='open.txt'/>")),
     "t.xml:4: <peer name=\"land\" local-password-file>: open.txt may be read by everybody; expected mode "
     "0640 or less"},
    {FRAME(PEER("remote-password-file='none.txt'/>")),
     "t.xml:4: <peer name=\"land\" remote-password-file>: Failed to open file "
     "\xe2\x80\x9cnone.txt\xe2\x80\x9d: No such file or "
     "directory"},
    {FRAME(PEER("local-password-file='long.txt'/>")),
     "t.xml:4: <peer name=\"land\" local-password-file>: the password is longer than 62 octets (X.411)"},
    /* the sheet's parts fit each other */
    {FRAME(PEER("mode='1988'/>")),
     "t.xml:4: <peer mode=\"1988\">: expected one of 1988-normal|1988-x410|1984"},
    {FRAME(PEER("application-protocol='12'/>")), "t.xml:4: <peer name=\"land\" application-protocol=\"12\"> "
                                                 "belongs to the X.410 modes: give mode too, or leave "
                                                 "it out"},
    {FRAME(PEER("mode='1984' application-protocol='12'/>")),
     "t.xml:4: <peer name=\"land\" application-protocol=\"12\">: mode 1984 is application protocol 1 (X.419 "
     "12)"},
    {FRAME(PEER("mode='1988-x410' remote-psel='x'/>")),
     "t.xml:4: <peer name=\"land\" remote-psel>: the X.410 modes have no presentation selectors"},
    {FRAME("<peer name='land' local-mta='a' remote-mta='\xc3\xa4'/>"),
     "t.xml:4: <peer name=\"land\" remote-mta=\"\xc3\xa4\">: expected ASCII (X.411: MTA names are "
     "IA5String)"},
    {FRAME(PEER("local-authentication='password'/>")),
     "t.xml:4: <peer name=\"land\" local-authentication=\"password\"> lacks local-password-file"},
    {FRAME(PEER("remote-authentication='empty-password' remote-password-file='x'/>")),
     "t.xml:4: <peer name=\"land\" remote-password-file>: remote-authentication is not password, so this "
     "file is not "
     "used: remove one of them"},
    {FRAME(PEER("remote-authentication='unauthenticated'/>")),
     "t.xml:4: <peer name=\"land\" remote-authentication=\"unauthenticated\"> needs <network>: who calls is "
     "told by "
     "the address alone"},
    {FRAME(PEER("local-authentication='strong'/>")),
     "t.xml:4: <peer name=\"land\" local-authentication=\"strong\"> needs strong-certificate and strong-key"},
    {FRAME(PEER("remote-authentication='strong'/>")),
     "t.xml:4: <peer name=\"land\" remote-authentication=\"strong\"> needs strong-ca"},
    {FRAME(PEER("mode='1984' remote-authentication='strong' strong-ca='cert.pem'/>")),
     "t.xml:4: <peer name=\"land\" mode=\"1984\">: P1 of 1984 knows no strong authentication"},
    {FRAME(PEER("strong-ca='none.pem'/>")),
     "t.xml:4: <peer strong-ca=\"none.pem\">: No such file or directory"},
    {FRAME(PEER("country='d1'/>")),
     "t.xml:4: <peer country=\"d1\">: expected two letters or three digits (X.411 8.5.1)"},
    {FRAME(PEER("remote-country='de' remote-admd='a_b'/>")),
     "t.xml:4: <peer remote-admd=\"a_b\">: expected PrintableString characters"},
    {FRAME(PEER("remote-prmd='p'/>")), "t.xml:4: <peer name=\"land\" remote-prmd> needs remote-country"},
    {FRAME(PEER("schedule='weekdays 06:00-22:00'/>")),
     "t.xml:4: <peer name=\"land\" schedule>: \"weekdays 06:00-22:00\" is not understood; expected days and "
     "hours as "
     "\"Mon-Fri 06:00-22:00, Sat 08:00-12:00\" or \"daily 20:00-04:00\""},
    {FRAME(PEER("schedule='daily 06:00-22:00' schedule-zone='Europe/Bonn'/>")),
     "t.xml:4: <peer name=\"land\" schedule>: there is no time zone \"Europe/Bonn\"; expected UTC or a name "
     "as "
     "Europe/Berlin"},
    {FRAME(PEER("retry-first='2h' retry-max='1h'/>")),
     "t.xml:4: <peer name=\"land\" retry-first> (7200s) is longer than retry-max (3600s)"},
    {FRAME(PEER("><tls server-certificate='cert.pem' server-key='cert.pem'/></peer>")),
     "t.xml:4: <tls key=\"cert.pem\"> may be read by everybody; expected mode 0640 or less\n"
     "t.xml:4: <tls server-certificate> needs <network>: before the bind only the address tells who calls"},
    {FRAME(PEER("><network cidr='::1'/><tls client-name='x'/></peer>")),
     "t.xml:4: <tls client-name> needs ca, to verify it"},
    /* profiles */
    {FRAME(PEER("profile='../../etc/passwd'/>")),
     "t.xml:4: <peer profile=\"../../etc/passwd\">: there is no such profile: neither profiles/ nor "
     "/usr/local/share/gw400/profiles/ has it"},
    {FRAME(PEER("profile='own'/>")), "t.xml:4: <peer profile=\"own\">: profiles/own.xml: local-mta is each "
                                     "peer's own, a profile cannot give it"},
    {FRAME(PEER("profile='unknown'/>")),
     "t.xml:4: <peer profile=\"unknown\">: profiles/unknown.xml: <peer> has no attribute windows"},
    {FRAME(PEER("profile='wrong'/>")), "t.xml:4: <peer window=\"0\"> (of its profile): expected 1 to 255"},
    {FRAME(PEER("profile='rubbish'/>")),
     "t.xml:4: <peer profile=\"rubbish\">: profiles/rubbish.xml: not well-formed XML"},
    /* all of them, not just the first */
    {FRAME("<audit days='x'/>\n<dnss/>\n<queue lifetime='x'/>"),
     "t.xml:5: <dnss> is not known inside <gw400>; did you mean <dns>?\n"
     "t.xml:6: <queue lifetime=\"x\">: expected seconds as a number, or with s, m, h or d\n"
     "t.xml:4: <audit days=\"x\">: expected a number"},
};

static void write_profile(const char *name, const char *text)
{
  g_autofree char *own = g_build_filename(folder, "profiles", NULL);
  g_autofree char *path = g_build_filename("profiles", name, NULL);
  g_mkdir_with_parents(own, 0755);
  write_file(path, text, 0644);
}

START_TEST(test_mistake)
{
  write_profile("own.xml", "<profile local-mta='x'/>");
  write_profile("unknown.xml", "<profile windows='3'/>");
  write_profile("wrong.xml", "<profile window='0'/>");
  write_profile("rubbish.xml", "<profile");
  write_file("open.txt", "secret", 0644);
  write_file("open.pem", "key", 0644);
  write_file("cert.pem", "certificate", 0644);
  write_file("long.txt", "0123456789012345678901234567890123456789012345678901234567890123", 0600);
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  ck_assert_ptr_null(load(mistakes[_i].xml, messages));
  g_autofree char *words = told(messages);
  ck_assert_str_eq(words, mistakes[_i].words);
}
END_TEST

START_TEST(test_no_file)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  ck_assert_ptr_null(config_load("build/test/tmp/none/gw400.xml", messages));
  ck_assert_uint_eq(messages->len, 1);
  ck_assert(g_str_has_prefix(messages->pdata[0], "build/test/tmp/none/gw400.xml:0: "));
}
END_TEST

/* --- good files
 * -------------------------------------------------------------------------------------------------------------------
 */

START_TEST(test_defaults)
{
  struct config *config = load_good(FRAME(""));
  ck_assert_str_eq(config->spool, "/var/spool/gw400");
  ck_assert_str_eq(config->control_socket, "/run/gw400/control");
  ck_assert_str_eq(config->admd, " ");
  ck_assert_ptr_null(config->prmd);
  ck_assert_ptr_null(config->smtp.smarthost);
  ck_assert_str_eq(config->smtp.client_tls, "may");
  ck_assert_uint_eq(config->smtp.size_max, 128 << 20);
  ck_assert_uint_eq(config->lifetime_s, 4 * 86400);
  ck_assert_uint_eq(config->retry_first_s, 60);
  ck_assert_uint_eq(
      config->peers->len + config->routes->len + config->tables->len + config->p1_listeners->len, 0);
  /* Who may relay: this host. */
  ck_assert(config_network_contains(config->smtp.relay_networks, "127.0.0.1"));
  ck_assert(config_network_contains(config->smtp.relay_networks, "::1"));
  ck_assert(!config_network_contains(config->smtp.relay_networks, "192.0.2.1"));
  config_unref(config);
}
END_TEST

START_TEST(test_bilateral_sheet)
{
  write_file("ours", "tell nobody\n", 0600);
  write_file("theirs", "", 0640);
  write_file("map.txt", "# nothing\n", 0644);
  struct config *config = load_good(FRAME(
      "<p1 associations-max='9'><listen address='::' port='102'/><listen port='1102'/></p1>\n"
      "<peer name='land' local-mta='mta.us' remote-mta='mta.them' local-password-file='ours' "
      "remote-password-file='theirs'"
      " local-password-form='octets' country='us' admd='ATT' prmd='p' local-tsel='' remote-tsel='X400' "
      "local-psel=\"x'01ff'\""
      " local-source='192.0.2.9' checkpoint-size='0' window='3' dialogue='two-way-alternate' tpdu-size='13'"
      " session-version='1' associations='2' messages='7' idle='2m' size-max='10M' tls='yes' text-body='ia5' text-downgrade='teletex file-transfer'"
      " attachment-body='bilateral' content-type='22'>\n"
      "<address at='mta1.example:102'/><address at='[2001:db8::1]:1102'/><address at='mta2.example'/>"
      "<network cidr='198.51.100.0/24'/><network cidr='2001:db8::7'/><tls name='mta1.example'/></peer>\n"
      "<route or='/PRMD=p/ADMD=ATT/C=us/' peer='land'/>\n"
      "<route domain='.example.org' smarthost='mail.example.org' port='2525'/>\n"
      "<table kind='or-to-domain' file='map.txt'/>"));
  ck_assert_uint_eq(config->p1_listeners->len, 2);
  ck_assert_str_eq(((struct config_listener *)config->p1_listeners->pdata[0])->address, "::");
  const struct config_peer *peer = config_peer(config, "land");
  ck_assert_ptr_nonnull(peer);
  ck_assert_ptr_null(config_peer(config, "sea"));
  ck_assert_uint_eq(peer->line, 5);
  ck_assert_uint_eq(peer->addresses->len, 3);
  ck_assert_str_eq(((struct config_address *)peer->addresses->pdata[1])->at, "[2001:db8::1]:1102");
  ck_assert(
      g_bytes_equal(peer->local_password, g_bytes_new_static("tell nobody", 11))); /* without its line end */
  ck_assert_uint_eq(g_bytes_get_size(peer->remote_password), 0);                   /* empty is not absent */
  ck_assert_str_eq(peer->local_tsel, "");
  ck_assert_str_eq(peer->local_psel, "x'01ff'");
  ck_assert_ptr_null(peer->local_ssel);
  ck_assert_str_eq(peer->country, "us");
  ck_assert_uint_eq(peer->size_max, 10 << 20);
  ck_assert_uint_eq(peer->idle_s, 120);
  ck_assert(peer->tls);
  ck_assert_str_eq(peer->tls_name, "mta1.example");
  ck_assert(config_network_contains(peer->networks, "198.51.100.77"));
  ck_assert(config_network_contains(peer->networks, "2001:db8::7"));
  ck_assert(!config_network_contains(peer->networks, "2001:db8::8"));
  g_autofree char *table = g_build_filename(folder, "map.txt", NULL); /* relative to the configuration */
  ck_assert_str_eq(((struct config_table *)config->tables->pdata[0])->file, table);

  g_autoptr(GVariant) dictionary = g_variant_ref_sink(config_conversion(config, 3));
  g_autoptr(GError) error = NULL;
  struct mapping_settings *settings = mapping_settings_new(dictionary, &error);
  ck_assert_msg(settings != NULL, "%s", error ? error->message : "");
  ck_assert_uint_eq(settings->generation, 3);
  ck_assert_str_eq(settings->domain, "x400.example.org");
  ck_assert_str_eq(settings->hostname, "gw.example.org");
  const struct mapping_peer *mapped = mapping_settings_peer(settings, "land");
  ck_assert_str_eq(mapped->remote_mta, "mta.them");
  ck_assert_str_eq(mapped->gdi.admd, "ATT");
  ck_assert_int_eq(mapped->text_forms.list[0], MAPPING_TEXT_IA5);
  ck_assert_uint_eq(mapped->text_forms.count, 3);
  ck_assert_int_eq(mapped->text_forms.list[1], MAPPING_TEXT_TELETEX);
  ck_assert_int_eq(mapped->text_forms.list[2], MAPPING_TEXT_FILE);
  ck_assert_int_eq(mapped->attachment_body, MAPPING_ATTACHMENT_BILATERAL);
  ck_assert_uint_eq(mapped->content_type, 22);
  ck_assert_uint_eq(mapped->size_max, 10 << 20);
  ck_assert_uint_eq(g_variant_n_children(settings->routes), 2);
  ck_assert_uint_eq(g_variant_n_children(settings->tables), 1);
  g_autofree char *printed = g_variant_print(dictionary, FALSE);
  ck_assert_ptr_null(strstr(printed, "tell nobody")); /* no secret goes to a converter */
  mapping_settings_free(settings);
  config_unref(config);
}
END_TEST

START_TEST(test_peer_defaults)
{
  struct config *config = load_good(FRAME(PEER("/>")));
  const struct config_peer *peer = config_peer(config, "land");
  ck_assert_int_eq(peer->mode, CONFIG_MODE_1988_NORMAL);
  ck_assert_uint_eq(peer->application_protocol, 0);
  ck_assert_int_eq(peer->local_authentication, CONFIG_AUTHENTICATION_EMPTY);
  ck_assert_uint_eq(g_bytes_get_size(peer->local_password), 0);
  ck_assert_int_eq(peer->remote_authentication, CONFIG_AUTHENTICATION_AUTO);
  ck_assert_ptr_null(peer->remote_password);
  ck_assert_ptr_null(peer->remote_country);
  ck_assert_uint_eq(peer->retry_first_s, config->retry_first_s);
  ck_assert_uint_eq(peer->retry_max_s, config->retry_max_s);
  ck_assert_int_eq(peer->deferred_delivery, CONFIG_DEFERRED_PASS);
  gint64 change;
  ck_assert(config_peer_hours(peer, 0, &change));
  ck_assert_int_eq(change, G_MAXINT64);
  config_unref(config);
}
END_TEST

/* Unauthenticated, an empty password and no choice at all are three different things. */
START_TEST(test_authentication_choices)
{
  struct config *config = load_good(FRAME(
      PEER("mode='1988-x410' local-authentication='unauthenticated' remote-authentication='unauthenticated'"
           " remote-country='fr' remote-prmd='p' deferred-delivery='honour' retry-first='10' retry-max='20'>"
           "<address at='[::1]' preference='20'/><address at='b' preference='10'/><address at='c'"
           " preference='10'/><network cidr='192.0.2.1'/></peer>\n"
           "<peer name='sea' mode='1984' local-mta='A' remote-mta='B' local-authentication='empty-password' "
           "remote-authentication='empty-password' remote-password-form='octets'/>")));
  const struct config_peer *land = config_peer(config, "land"), *sea = config_peer(config, "sea");
  ck_assert_int_eq(land->local_authentication, CONFIG_AUTHENTICATION_UNAUTHENTICATED);
  ck_assert_ptr_null(land->local_password);
  ck_assert_ptr_null(land->remote_password);
  ck_assert_uint_eq(land->application_protocol, 12);
  ck_assert_str_eq(land->remote_admd, " ");
  ck_assert_uint_eq(land->retry_max_s, 20);
  static const char *const order[] = {"b", "c", "[::1]"};
  for (guint i = 0; i < G_N_ELEMENTS(order); i++)
    ck_assert_str_eq(((struct config_address *)land->addresses->pdata[i])->at, order[i]);
  ck_assert_int_eq(sea->remote_authentication, CONFIG_AUTHENTICATION_EMPTY);
  ck_assert_uint_eq(g_bytes_get_size(sea->remote_password), 0);
  ck_assert_int_eq(sea->remote_password_form, CONFIG_TAKE_OCTETS);
  ck_assert_uint_eq(sea->application_protocol, 1);
  g_autoptr(GVariant) dictionary = g_variant_ref_sink(config_conversion(config, 1));
  struct mapping_settings *settings = mapping_settings_new(dictionary, NULL);
  const struct mapping_peer *mapped = mapping_settings_peer(settings, "land");
  ck_assert(!mapped->p1_1984);
  ck_assert_str_eq(mapped->remote_gdi.country, "fr");
  ck_assert_str_eq(mapped->remote_gdi.prmd, "p");
  ck_assert(mapped->deferred_honour);
  ck_assert(mapping_settings_peer(settings, "sea")->p1_1984);
  mapping_settings_free(settings);
  config_unref(config);
}
END_TEST

/* What the sheet writes wins over the profile, the profile over the default. */
START_TEST(test_profile)
{
  write_profile("mine.xml",
                "<?xml version='1.0'?><!-- words --><profile mode='1984' window='3' checkpoint-size='1'/>");
  struct config *config = load_good(FRAME(PEER("profile='mine' window='5'/>")));
  const struct config_peer *peer = config_peer(config, "land");
  ck_assert_int_eq(peer->mode, CONFIG_MODE_1984);
  ck_assert_uint_eq(peer->window, 5);
  ck_assert_uint_eq(peer->checkpoint_size, 1);
  ck_assert_uint_eq(peer->associations, 4);
  ck_assert_str_eq(peer->profile, "mine");
  config_unref(config);
}
END_TEST

/* The bundled ones load, and are the kinds of peer that they are named for. */
START_TEST(test_bundled_profiles)
{
  static const struct {
    const char *name;
    enum config_mode mode;
    const char *content_type;
  } bundled[] = {{"carrier-1984", CONFIG_MODE_1984, "2"},
                 {"x410", CONFIG_MODE_1988_X410, "auto"},
                 {"amhs", CONFIG_MODE_1988_NORMAL, "22"},
                 {"modern", CONFIG_MODE_1988_NORMAL, "auto"}};
  for (guint i = 0; i < G_N_ELEMENTS(bundled); i++) {
    g_autofree char *path = g_strdup_printf("conf/profiles/%s.xml", bundled[i].name);
    g_autofree char *text = NULL;
    ck_assert_msg(g_file_get_contents(path, &text, NULL, NULL), "%s", path);
    g_autofree char *file_name = g_strconcat(bundled[i].name, ".xml", NULL);
    write_profile(file_name, text);
    g_autofree char *xml = g_strdup_printf(
        FRAME("<peer name='land' local-mta='a' remote-mta='b' profile='%s'/>"), bundled[i].name);
    struct config *config = load_good(xml);
    const struct config_peer *peer = config_peer(config, "land");
    ck_assert_int_eq(peer->mode, bundled[i].mode);
    ck_assert_str_eq(peer->content_type, bundled[i].content_type);
    config_unref(config);
  }
}
END_TEST

/* --- hours: UTC of 2026-11-23, a Monday
 * ------------------------------------------------------------------------------------------------ */

#define AT(day_, hour_, minute_)                                                                             \
  ((G_GINT64_CONSTANT(1795392000) + ((day_)*24 + (hour_)) * 3600 + (minute_)*60) * 1000000)

static const struct {
  const char *schedule, *zone;
  gint64 now;
  bool open;
  gint64 change;
} hours[] = {
    {"Mon-Fri 06:00-22:00", "UTC", AT(0, 6, 0), true, AT(0, 22, 0)},
    {"Mon-Fri 06:00-22:00", "UTC", AT(0, 5, 59), false, AT(0, 6, 0)},
    {"Mon-Fri 06:00-22:00", "UTC", AT(4, 22, 0), false, AT(7, 6, 0)},
    {"Mon-Fri 06:00-22:00, Sat 08:00-12:00", "UTC", AT(4, 23, 0), false, AT(5, 8, 0)},
    {"fri-mon 00:00-24:00", "UTC", AT(0, 12, 0), true, AT(1, 0, 0)},
    {"daily 20:00-04:00", "UTC", AT(0, 3, 59), true, AT(0, 4, 0)},
    {"daily 20:00-04:00", "UTC", AT(6, 23, 0), true, AT(7, 4, 0)},
    {"Sun 22:00-02:00", "UTC", AT(7, 1, 0), true, AT(7, 2, 0)},
    {"Sun 22:00-02:00", "UTC", AT(1, 1, 0), false, AT(6, 22, 0)},
    {"daily 00:00-24:00", "UTC", AT(0, 0, 0), true, G_MAXINT64},
    {"daily 12:07-12:09", "UTC", AT(0, 12, 0), false, AT(0, 12, 7)},
    {"daily 12:07-12:09", "UTC", AT(0, 12, 8), true, AT(0, 12, 9)},
    {"daily 06:00-22:00", "Europe/Berlin", AT(0, 5, 0), true, AT(0, 21, 0)},
    /* the clock goes from 02:00 to 03:00 on 2027-03-28 */
    {"Sun 02:00-04:00", "Europe/Berlin", AT(125, 1, 0), true, AT(125, 2, 0)},
    {"Sun 06:00-08:00", "Europe/Berlin", AT(125, 0, 0), false, AT(125, 4, 0)},
};

START_TEST(test_hours)
{
  g_autofree char *xml = g_strdup_printf(
      FRAME("<peer name='land' local-mta='a' remote-mta='b' schedule='%s' schedule-zone='%s'/>"),
      hours[_i].schedule, hours[_i].zone);
  struct config *config = load_good(xml);
  gint64 change;
  ck_assert_int_eq(config_peer_hours(config_peer(config, "land"), hours[_i].now, &change), hours[_i].open);
  ck_assert_int_eq(change, hours[_i].change);
  config_unref(config);
}
END_TEST

START_TEST(test_needs_restart)
{
  struct config *old = load_good(FRAME("<p1><listen port='102'/></p1><queue lifetime='1d'/>"));
  struct config *same = load_good(FRAME("<p1><listen port='102'/></p1><queue lifetime='2d'/>"));
  struct config *moved = load_good(FRAME("<p1><listen port='103'/></p1><dns forward='192.0.2.1'/>"));
  ck_assert_ptr_null(config_needs_restart(old, same));
  g_autofree char *names = config_needs_restart(old, moved);
  ck_assert_str_eq(names, "p1 listen, dns");
  struct config *again = config_ref(old);
  config_unref(old);
  ck_assert_str_eq(again->name, "gw");
  config_unref(again);
  config_unref(same);
  config_unref(moved);
}
END_TEST

START_TEST(test_networks)
{
  static const struct {
    const char *network, *address;
    bool inside;
  } cases[] = {
      {"192.0.2.0/24", "192.0.2.255", true},
      {"192.0.2.0/24", "192.0.3.0", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"0.0.0.0/0", "255.1.2.3", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::/0", "2001:db8::1", true},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1/32", "192.0.2.2", false},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"192.0.2.0/24", "::ffff:192.0.2.7", true},
      {"192.0.2.0/24", "rubbish", false},
      {"192.0.2.0/31", "192.0.2.1", true},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GPtrArray) networks = g_ptr_array_new();
    g_ptr_array_add(networks, (char *)cases[i].network);
    ck_assert_msg(config_network_contains(networks, cases[i].address) == cases[i].inside, "%s in %s",
                  cases[i].address, cases[i].network);
  }
}
END_TEST

/* --- generated documents
 * ------------------------------------------------------------------------------------------------------------
 */

static void expect_committed(const char *path, char *generated)
{
  g_autofree char *committed = NULL;
  g_autofree char *text = generated;
  ck_assert_msg(g_file_get_contents(path, &committed, NULL, NULL), "%s is missing: make documents", path);
  ck_assert_msg(strcmp(committed, text) == 0, "%s is not what the table says: make documents", path);
}

START_TEST(test_documents)
{
  expect_committed("conf/gw400.rng", config_relax_ng());
  expect_committed("docs/reference.md", config_reference());
}
END_TEST

static bool valid(const char *xml)
{
  write_file("t.xml", xml, 0600);
  g_autofree char *command =
      g_strdup_printf("xmllint --nonet --noout --relaxng conf/gw400.rng '%s' >/dev/null 2>&1", file);
  int status = system(command);
  ck_assert_msg(status != -1 && WEXITSTATUS(status) != 127, "xmllint is missing");
  return status == 0;
}

START_TEST(test_schema_agrees)
{
  static const char *const good[] = {
      FRAME(""),
      FRAME(PEER("local-tsel='' window='255'><address at='a:1'/><address at='b'/><tls ca='x'/></peer>")),
      FRAME("<route or='/C=de/' peer='land'/><queue lifetime='4d' disk-reserve='1G'/><!-- words -->")};
  static const char *const bad[] = {"<other/>",
                                    "<gw400>\n" SMTP "</gw400>",
                                    FRAME("<peers/>"),
                                    FRAME("<dns/><dns/>"),
                                    FRAME("<dns>words</dns>"),
                                    FRAME("<dns forwards='x'/>"),
                                    FRAME("<peer name='land' local-mta='a'/>"),
                                    FRAME("<p1><listen port='0'/></p1>"),
                                    FRAME(PEER("dialogue='duplex'/>")),
                                    FRAME(PEER("country='germany'/>")),
                                    FRAME("<queue lifetime='4w'/>")};
  for (guint i = 0; i < G_N_ELEMENTS(good); i++)
    ck_assert_msg(valid(good[i]), "%s", good[i]);
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
    ck_assert_msg(!valid(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(test_sample)
{
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  struct config *config = config_load("conf/gw400.xml", messages);
  ck_assert_msg(config != NULL, "%s", messages->len ? (char *)messages->pdata[0] : "");
  ck_assert_int_eq(system("xmllint --nonet --noout --relaxng conf/gw400.rng conf/gw400.xml >/dev/null 2>&1"),
                   0);
  config_unref(config);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("config");
  TCase *load_case = tcase_create("load"), *documents = tcase_create("documents");
  tcase_add_checked_fixture(load_case, setup, teardown);
  tcase_add_checked_fixture(documents, setup, teardown);
  tcase_add_loop_test(load_case, test_mistake, 0, G_N_ELEMENTS(mistakes));
  tcase_add_test(load_case, test_no_file);
  tcase_add_test(load_case, test_defaults);
  tcase_add_test(load_case, test_bilateral_sheet);
  tcase_add_test(load_case, test_peer_defaults);
  tcase_add_test(load_case, test_authentication_choices);
  tcase_add_test(load_case, test_profile);
  tcase_add_test(load_case, test_bundled_profiles);
  tcase_add_loop_test(load_case, test_hours, 0, G_N_ELEMENTS(hours));
  tcase_add_test(load_case, test_needs_restart);
  tcase_add_test(load_case, test_networks);
  tcase_add_test(documents, test_documents);
  tcase_add_test(documents, test_schema_agrees);
  tcase_add_test(documents, test_sample);
  suite_add_tcase(suite, load_case);
  suite_add_tcase(suite, documents);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
