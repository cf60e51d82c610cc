#include "cli/peer_advice.h"

#include <stdio.h>
#include <string.h>

const char *peer_step_name(guint step)
{
  static const char *const own[] = {"resolve", "tcp", "tls"};
  return step < PEER_LAYERS ? own[step] : p1_step_name((enum p1_step)(step - PEER_LAYERS));
}

const char *peer_side_name(enum peer_side side)
{
  static const char *const names[] = {"ours", "peer", "network"};
  return names[side];
}

/* --- what is known of links that do not come up
 * ------------------------------------------------------------------------------------------------------ */

#define TRANSPORT PEER_STEP_OF(P1_STEP_TRANSPORT)
#define SESSION PEER_STEP_OF(P1_STEP_SESSION)
#define PRESENTATION PEER_STEP_OF(P1_STEP_PRESENTATION)
#define ACSE PEER_STEP_OF(P1_STEP_ACSE)
#define RTSE PEER_STEP_OF(P1_STEP_RTSE)
#define BIND PEER_STEP_OF(P1_STEP_BIND)
#define ANSWERED (1u << PEER_ANSWERED)
#define CLOSED (1u << PEER_CLOSED)
#define SILENT (1u << PEER_SILENT)
#define ANY (ANSWERED | CLOSED | SILENT)

/* The first row that fits counts: its step, its end, and one of the texts (parted by |) in what came or in
 * the layer's words; NULL: whatever they say. */
/* clang-format off */
static const struct rule {
  guint step, ends;
  const char *texts;
  enum peer_side side;
  const char *cause;
} rules[] = {
  {PEER_RESOLVE, ANY, NULL, PEER_SIDE_OURS,
   "compare the host in <address at> with the sheet; if it is right, the name service does not know it or does not "
   "answer"},

  {PEER_TCP, ANY, "refused", PEER_SIDE_OURS,
   "nobody listens on this port: compare host and port in <address at> with the sheet (RFC 1006 has 102); if they are "
   "right, the peer's server is down"},
  {PEER_TCP, ANY, "cannot assign|not available", PEER_SIDE_OURS,
   "local-source is no address of this host"},
  {PEER_TCP, ANY, "unreachable", PEER_SIDE_NETWORK,
   "no route leads there: compare <address at> with the sheet, then look at the routes, and whether local-source may "
   "go that way"},
  {PEER_TCP, ANY, NULL, PEER_SIDE_NETWORK,
   "packets are dropped on the way: a firewall, here or there, or a host that is down"},

  {PEER_TLS, ANY, "of the server is for|unrecognized name|does not serve the name", PEER_SIDE_OURS,
   "the certificate is for another name: compare name in <tls> with the sheet; if it is right, the peer has put the "
   "wrong certificate there"},
  {PEER_TLS, ANY, "expired on|is valid from", PEER_SIDE_PEER,
   "the peer must put a certificate there whose time is not over; or the clock of this host is wrong"},
  {PEER_TLS, ANY, "of the server", PEER_SIDE_OURS,
   "the peer's certificate cannot be verified: ca in <tls> must hold the authority that signed it"},
  {PEER_TLS, ANY, "requires a certificate|our certificate|common ground|our signature", PEER_SIDE_OURS,
   "the peer refuses our side of TLS: it wants a certificate of ours (certificate and key in <tls>) whose authority "
   "it knows"},
  {PEER_TLS, ANY, "TLS 1.2 or later|older than 1.2|cipher", PEER_SIDE_PEER,
   "the peer must offer TLS 1.2 or later with a cipher of today"},
  {PEER_TLS, ANY, NULL, PEER_SIDE_OURS,
   "the peer does not speak TLS on this port: tls=\"no\", or another port"},

  {TRANSPORT, ANSWERED, "\\x15\\x03", PEER_SIDE_OURS,
   "the peer speaks TLS on this port: tls=\"yes\" in our entry"},
  {TRANSPORT, ANSWERED, "not RFC 1006", PEER_SIDE_OURS,
   "something else than an X.400 MTA answers on this port: compare <address at> with the sheet"},
  {TRANSPORT, ANSWERED, "reason 1:|reason 129:|congest", PEER_SIDE_PEER,
   "the peer has no room for another connection now: it must allow more, or our associations be fewer"},
  {TRANSPORT, ANSWERED, "TPDU size|size code|ER: reject", PEER_SIDE_OURS,
   "the TPDU sizes do not fit: compare tpdu-size with the sheet"},
  {TRANSPORT, ANSWERED, "DR: reason", PEER_SIDE_OURS,
   "the peer has no X.400 MTA at the transport selector that we call: compare remote-tsel with the sheet (absent and "
   "\"\" differ, case counts), then local-tsel"},
  {TRANSPORT, CLOSED, NULL, PEER_SIDE_PEER,
   "TCP is taken and closed before a word was said: a proxy or a firewall with nothing behind it, "
   "or the peer does not let this address call (local-source is what it must know)"},
  {TRANSPORT, SILENT, NULL, PEER_SIDE_PEER,
   "TCP is taken, but nobody answers: the peer's MTA hangs, or a proxy waits for a server that is down"},
  {TRANSPORT, ANY, NULL, PEER_SIDE_PEER, "the peer's transport layer does not do as X.224 says"},

  {SESSION, ANSWERED, "RF: reason 129|RF: reason 130", PEER_SIDE_OURS,
   "the peer has nobody at the session selector that we call: compare remote-ssel with the sheet (absent and \"\" "
   "differ, case counts)"},
  {SESSION, ANSWERED, "RF: reason 132", PEER_SIDE_OURS,
   "the peer does not speak this version of session: compare session-version, and mode, with the sheet"},
  {SESSION, ANSWERED, "RF: reason 1:|RF: reason 131", PEER_SIDE_PEER,
   "the peer has no room for another association now: it must allow more, or our associations be fewer"},
  {SESSION, ANSWERED, "RF:", PEER_SIDE_OURS,
   "the peer refuses the session as a whole: compare mode (1984, X.410 and normal mode are three), dialogue and "
   "remote-ssel with the sheet"},
  {SESSION, ANSWERED, "AB:|DR: reason", PEER_SIDE_OURS,
   "the peer does not understand what we say: compare mode (1984, X.410 and normal mode are three) and "
   "session-version with the sheet"},
  {SESSION, CLOSED, NULL, PEER_SIDE_OURS,
   "the peer hangs up at our session: compare mode (1984, X.410 and normal mode are three) and remote-ssel with the "
   "sheet; if they are right, the peer's log must say why"},
  {SESSION, SILENT, NULL, PEER_SIDE_PEER,
   "the peer's transport layer answers, its session layer does not: the MTA behind it hangs"},
  {SESSION, ANY, NULL, PEER_SIDE_PEER, "the peer's session layer does not do as X.225 says"},

  {PRESENTATION, ANY, "address unknown|address-unknown|called-presentation", PEER_SIDE_OURS,
   "the peer has nobody at the presentation selector that we call: compare remote-psel with the sheet (absent and "
   "\"\" differ, case counts)"},
  {PRESENTATION, ANY, "congestion|temporary", PEER_SIDE_PEER, "the peer has no room for another association now"},
  {PRESENTATION, ANY, "of the list refused|syntax", PEER_SIDE_OURS,
   "the peer does not offer message transfer at this address: it may be that of a message store or of another "
   "application; compare the selectors with the sheet"},
  {PRESENTATION, ANY, NULL, PEER_SIDE_OURS,
   "the peer refuses the presentation: compare mode and remote-psel with the sheet"},

  {ACSE, ANY, "application context|application-context", PEER_SIDE_OURS,
   "the peer wants another application context than MTS transfer: the address may be that of a message store or of "
   "another application; compare the selectors, and mode, with the sheet"},
  {ACSE, ANY, "title|invocation|qualifier", PEER_SIDE_PEER,
   "the peer wants titles of application entities, which P1 does not need: it must do without"},
  {ACSE, ANY, NULL, PEER_SIDE_OURS,
   "the peer gives no reason; many refuse a wrong MTA name or password like this: compare local-mta and the password "
   "with the sheet (case counts), then mode"},

  {RTSE, ANY, "RTORJ: busy|busy", PEER_SIDE_PEER,
   "the peer takes no further association now: it must allow more, or our associations be fewer"},
  {RTSE, ANY, "dialogue", PEER_SIDE_OURS, "the peer wants the other dialogue mode: compare dialogue with the sheet"},
  {RTSE, ANY, "application protocol|application-protocol", PEER_SIDE_OURS,
   "the peer wants another application protocol: compare application-protocol (1 or 12) and mode with the sheet"},
  {RTSE, ANY, NULL, PEER_SIDE_OURS,
   "the peer refuses the association as a whole: compare mode, dialogue, local-mta and the password with the sheet"},

  {BIND, ANY, "bind error: busy|: busy", PEER_SIDE_PEER,
   "the peer takes no further association now: it must allow more, or our associations be fewer"},
  {BIND, ANY, "unacceptable-dialogue-mode|dialogue mode", PEER_SIDE_OURS,
   "the peer wants the other dialogue mode: compare dialogue with the sheet"},
  {BIND, ANY, "security-context|confidentiality", PEER_SIDE_OURS,
   "the peer wants strong authentication or a security context: compare local-authentication with the sheet"},
};
/* clang-format on */

static bool says(const struct peer_case *seen, const char *texts)
{
  g_auto(GStrv) all = g_strsplit(texts, "|", -1);
  for (guint i = 0; all[i]; i++)
    if ((seen->answered && strstr(seen->answered, all[i])) ||
        (seen->words && strcasestr(seen->words, all[i])))
      return true;
  return false;
}

/* --- binds, where our own entry tells most
 * ------------------------------------------------------------------------------------------------------ */

static char *refused_bind(const struct config_peer *peer)
{
  switch (peer->local_authentication) {
  case CONFIG_AUTHENTICATION_UNAUTHENTICATED:
    return g_strdup(
        "we gave neither name nor password: if the sheet has an MTA name for us, take "
        "local-authentication=\"unauthenticated\" out; if it has a password, give local-password-file");
  case CONFIG_AUTHENTICATION_EMPTY:
    return g_strdup_printf(
        "the peer does not know the MTA name \"%s\" (case counts) with an empty password: compare "
        "local-mta with the sheet; if the sheet has a password, give local-password-file; if it "
        "has none at all, local-authentication=\"unauthenticated\"",
        peer->local_mta);
  case CONFIG_AUTHENTICATION_STRONG:
    return g_strdup(
        "the peer does not accept our signed token: it must know the authority of strong-certificate, and "
        "both clocks must be right");
  default:
    return g_strdup_printf(
        "the peer does not know the MTA name \"%s\" (case counts) with this password, in this form "
        "(%s): compare local-mta, the file of local-password-file and local-password-form with the "
        "sheet; if they are right, the peer's entry of us is not, or does not allow our address",
        peer->local_mta, peer->local_password_form == CONFIG_PASSWORD_OCTETS ? "OCTET STRING" : "IA5String");
  }
}

bool peer_remark_of(guint step, const char *sent, const char *came, struct peer_advice *remark_r)
{
  unsigned proposed_size, proposed_window, size, window;
  if (step == RTSE &&
      sscanf(sent, "RTORQ: checkpoint size %uK, window %u", &proposed_size, &proposed_window) == 2 &&
      sscanf(came, "RTOAC: checkpoint size %uK, window %u", &size, &window) == 2 &&
      ((size > proposed_size && proposed_size > 0) || window > proposed_window)) {
    *remark_r = (struct peer_advice){
        PEER_SIDE_PEER,
        g_strdup_printf("RTOAC is larger than RTORQ (%s), which X.228 does not allow: the lower value is "
                        "used here, and the peer may wait for checkpoints that never come; let it answer "
                        "with at most what is proposed, or propose its values in checkpoint-size and "
                        "window",
                        window > proposed_window ? "window" : "checkpoint size")};
    return true;
  }
  const char *own = strstr(sent, "TPDU size "), *other = strstr(came, "TPDU size ");
  if (step == TRANSPORT && own && other && sscanf(own, "TPDU size %u", &proposed_size) == 1 &&
      sscanf(other, "TPDU size %u", &size) == 1 && size > proposed_size) {
    *remark_r = (struct peer_advice){
        PEER_SIDE_PEER,
        g_strdup("CC has a larger TPDU size than CR, which X.224 does not allow: the peer may send larger "
                 "TPDUs than proposed; compare tpdu-size with the sheet")};
    return true;
  }
  return false;
}

struct peer_advice peer_advice_of(const struct peer_case *seen)
{
  if (seen->step == BIND && seen->bound)
    return (struct peer_advice){
        PEER_SIDE_OURS, g_strdup("the peer took us, but is not who our entry says: compare remote-mta, "
                                 "remote-authentication and remote-password-file with the sheet; if they are "
                                 "right, the peer's own name or password is not")};
  if (seen->tls_there)
    return (struct peer_advice){PEER_SIDE_OURS,
                                g_strdup("the peer speaks TLS on this port: tls=\"yes\" in our entry, "
                                         "or another port")};
  for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
    if (rules[i].step == seen->step && rules[i].ends & (1u << seen->end) &&
        (!rules[i].texts || says(seen, rules[i].texts)))
      return (struct peer_advice){rules[i].side, g_strdup(rules[i].cause)};
  if (seen->step == BIND)
    return (struct peer_advice){PEER_SIDE_OURS, refused_bind(seen->peer)};
  return (struct peer_advice){PEER_SIDE_PEER, g_strdup("the peer's log must say why")};
}
