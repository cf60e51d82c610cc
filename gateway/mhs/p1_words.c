/* p1_words.c - see p1_words.h. */
#include "mhs/p1_words.h"

#include <ctype.h>
#include <string.h>

#include "asn1/oids.h"
#include "osi/acse_apdu.h"
#include "osi/presentation_ppdu.h"
#include "osi/rtse_apdu.h"
#include "osi/session_spdu.h"
#include "osi/tlv.h"
#include "osi/tpkt.h"
#include "osi/x224_tpdu.h"

enum { TSDU_MAX = 1 << 20, SHOWN_MAX = 48 };

struct p1_words {
  p1_words_said said;
  void *user;
  struct tpkt_reader reader;
  GByteArray *tsdu; /* what there is of one */
  bool overlong;    /* the TSDU is too long to be kept */
  bool headless;    /* its beginning is missing */
  bool lost;        /* the octets are not RFC 1006 */
};

struct p1_words *p1_words_new(p1_words_said said, void *user)
{
  struct p1_words *words = g_new0(struct p1_words, 1);
  words->said = said;
  words->user = user;
  tpkt_reader_init(&words->reader);
  words->tsdu = g_byte_array_new();
  return words;
}

void p1_words_free(struct p1_words *words)
{
  if (!words)
    return;
  tpkt_reader_clear(&words->reader);
  g_byte_array_unref(words->tsdu);
  g_free(words);
}

static void tell(struct p1_words *words, enum p1_step step, const char *name, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
static void tell(struct p1_words *words, enum p1_step step, const char *name, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  words->said(words->user, step, name, text);
}

static void append(GString *text, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void append(GString *text, const char *format, ...)
{
  va_list arguments;
  if (text->len > 0)
    g_string_append(text, ", ");
  va_start(arguments, format);
  g_string_append_vprintf(text, format, arguments);
  va_end(arguments);
}

static void append_selector(GString *text, const char *name, const struct osi_selector *selector)
{
  g_autofree char *form = osi_selector_format(selector);
  append(text, "%s %s", name, selector->present ? form : "absent");
}

/* Octets that a person may be able to read. */
static char *shown(const guint8 *data, gsize length)
{
  GString *text = g_string_new(NULL);
  for (gsize i = 0; i < MIN(length, SHOWN_MAX); i++)
    g_string_append_printf(text, isprint(data[i]) ? "%c" : "\\x%02x", data[i]);
  return g_string_free(text, FALSE);
}

/* --- MTA-bind (X.411 12.1.1; bare in the X.410 modes)
 * ------------------------------------------------------------------------------------------------------ */

enum { /* tags */
       BIND_ARGUMENT = 0xb0,
       BIND_RESULT = 0xb1,
       BIND_ERROR = 0xb2,
       BIND_NULL = 0x05,
       BIND_AUTHENTICATED = 0xa1,
       BIND_NAME = 0x80,
       BIND_CREDENTIALS = 0xa1,
       BIND_PASSWORD_1984 = 0x81,
       BIND_STRONG = 0xa0,
       TAG_IA5 = 0x16,
       TAG_OCTETS = 0x04,
       TAG_CONSTRUCTED = 0x20
};

static void append_credentials(GString *text, const struct tlv *tlv, const guint8 *contents)
{
  struct tlv inner;
  if (tlv->tag == BIND_PASSWORD_1984) {
    append(text, tlv->length ? "a password (IA5String)" : "an empty password (IA5String)");
    return;
  }
  if (!tlv_read(contents, tlv->length, &inner))
    return;
  const char *form = (inner.tag & ~TAG_CONSTRUCTED) == TAG_IA5      ? "IA5String"
                     : (inner.tag & ~TAG_CONSTRUCTED) == TAG_OCTETS ? "OCTET STRING"
                                                                    : NULL;
  if (form)
    append(text, "%s password (%s)", inner.length ? "a" : "an empty", form);
  else
    append(text,
           inner.tag == BIND_STRONG ? "a bind token (strong authentication)" : "credentials of another kind");
}

static void append_authenticated(GString *text, const guint8 *data, gsize length)
{
  struct tlv_cursor cursor = {data, length};
  struct tlv tlv;
  const guint8 *contents;
  bool bad = false;
  while (tlv_next(&cursor, &tlv, &contents, &bad)) {
    if (tlv.tag == BIND_NAME) {
      g_autofree char *name = shown(contents, tlv.length);
      append(text, "MTA name \"%s\"", name);
    } else if (tlv.tag == BIND_CREDENTIALS || tlv.tag == BIND_PASSWORD_1984) {
      append_credentials(text, &tlv, contents);
    }
  }
  if (bad)
    append(text, "then octets that are not BER");
}

static void say_bind(struct p1_words *words, GBytes *user_data, const char *name)
{
  gsize length = 0;
  const guint8 *data = user_data ? g_bytes_get_data(user_data, &length) : NULL;
  struct tlv tlv;
  if (!data || !tlv_read(data, length, &tlv)) {
    tell(words, P1_STEP_BIND, name, data ? "no MTA-bind" : "nothing");
    return;
  }
  if (tlv.tag == BIND_ERROR) {
    static const char *const errors[] = {"busy",
                                         "1",
                                         "authentication-error",
                                         "unacceptable-dialogue-mode",
                                         "unacceptable-security-context",
                                         "inadequate-association-confidentiality"};
    guint value = tlv.length >= 3 ? data[tlv.header + 2] : G_N_ELEMENTS(errors);
    tell(words, P1_STEP_BIND, "bind error", "%s", value < G_N_ELEMENTS(errors) ? errors[value] : "unknown");
    return;
  }
  if (tlv.tag == BIND_ARGUMENT || tlv.tag == BIND_RESULT) {
    data += tlv.header;
    length = tlv.length;
    if (!tlv_read(data, length, &tlv)) {
      tell(words, P1_STEP_BIND, name, "no MTA-bind");
      return;
    }
  }
  g_autoptr(GString) text = g_string_new(NULL);
  if (tlv.tag == BIND_NULL)
    append(text, "unauthenticated (NULL): neither name nor password");
  else if (tlv.tag == BIND_AUTHENTICATED || tlv.tag == 0x31)
    append_authenticated(text, data + tlv.header, tlv.length);
  else
    append(text, "no MTA-bind (tag 0x%02x)", tlv.tag);
  tell(words, P1_STEP_BIND, name, "%s", text->str);
}

/* --- RTSE, ACSE
 * ------------------------------------------------------------------------------------------------------ */

static void say_rtse(struct p1_words *words, GBytes *data, bool x410, enum rtse_apdu_type expected)
{
  static const char *const names[] = {"RTORQ", "RTOAC", "RTORJ", "RTTP", "RTAB"};
  struct rtse_apdu apdu = {0};
  g_autoptr(GError) error = NULL;
  if (!(x410 ? rtse_apdu_read_x410(data, expected, &apdu, &error) : rtse_apdu_read(data, &apdu, &error))) {
    tell(words, P1_STEP_RTSE, names[expected], "%s", error->message);
  } else if (apdu.type == RTSE_RTORQ || apdu.type == RTSE_RTOAC) {
    g_autoptr(GString) text = g_string_new(NULL);
    append(text, "checkpoint size %uK, window %u", apdu.checkpoint_size, apdu.window);
    if (apdu.type == RTSE_RTORQ)
      append(text, apdu.dialogue == RTSE_TWO_WAY_ALTERNATE ? "two-way-alternate" : "monologue");
    if (x410 && apdu.type == RTSE_RTORQ && apdu.protocol != RTSE_PROTOCOL_ABSENT)
      append(text, "application protocol %d", apdu.protocol);
    if (apdu.recover)
      append(text, "recovers an earlier association");
    tell(words, P1_STEP_RTSE, names[apdu.type], "%s", text->str);
    if (!apdu.recover)
      say_bind(words, apdu.user_data, apdu.type == RTSE_RTORQ ? "bind argument" : "bind result");
  } else if (apdu.type == RTSE_RTORJ) {
    g_autofree char *reason =
        apdu.refuse_given ? rtse_refuse_words(apdu.refuse_reason) : g_strdup("no reason");
    tell(words, P1_STEP_RTSE, "RTORJ", "%s", reason);
    if (apdu.user_data)
      say_bind(words, apdu.user_data, "bind error");
  } else if (apdu.type == RTSE_RTAB) {
    g_autofree char *reason = rtse_abort_words(apdu.abort_reason);
    tell(words, P1_STEP_RTSE, "RTAB", "%s", reason);
  } else {
    tell(words, P1_STEP_RTSE, names[apdu.type], "priority %u", apdu.priority);
  }
  rtse_apdu_clear(&apdu);
}

static void say_acse(struct p1_words *words, GBytes *data)
{
  static const char *const names[] = {"AARQ", "AARE", "RLRQ", "RLRE", "ABRT"};
  static const char *const results[] = {"accepted", "rejected for good", "rejected for now"};
  struct acse_apdu apdu = {0};
  g_autoptr(GError) error = NULL;
  if (!acse_apdu_read(data, &apdu, &error)) {
    tell(words, P1_STEP_ACSE, "?", "%s", error->message);
    return;
  }
  g_autoptr(GString) text = g_string_new(NULL);
  if (apdu.type == ACSE_AARQ || apdu.type == ACSE_AARE)
    append(text, "application context %s%s", apdu.context_dotted ? apdu.context_dotted : "absent",
           apdu.context == OID_AC_MTS_TRANSFER ? " (mts-transfer)" : "");
  if (apdu.type == ACSE_AARE) {
    g_autofree char *diagnostic =
        apdu.result ? acse_diagnostic_words(apdu.by_provider, apdu.diagnostic) : NULL;
    append(text, "%s", apdu.result < G_N_ELEMENTS(results) ? results[apdu.result] : "an unknown result");
    if (diagnostic)
      append(text, "%s", diagnostic);
  }
  if (apdu.type == ACSE_ABRT)
    append(text, apdu.by_provider ? "by the provider" : "by the user");
  tell(words, P1_STEP_ACSE, names[apdu.type], "%s", text->str);
  if (apdu.information && apdu.type != ACSE_RLRQ && apdu.type != ACSE_RLRE)
    say_rtse(words, apdu.information, false,
             apdu.type == ACSE_AARQ   ? RTSE_RTORQ
             : apdu.type == ACSE_ABRT ? RTSE_RTAB
             : apdu.result            ? RTSE_RTORJ
                                      : RTSE_RTOAC);
  acse_apdu_clear(&apdu);
}

/* --- presentation
 * ------------------------------------------------------------------------------------------------------ */

static void append_contexts(GString *text, const GArray *contexts, bool proposed)
{
  for (guint i = 0; contexts && i < contexts->len; i++) {
    const struct presentation_context *context = &g_array_index(contexts, struct presentation_context, i);
    if (proposed) {
      append(text, "context %u %s%s", context->id, context->dotted ? context->dotted : "?",
             context->ber ? "" : " without BER");
    } else if (context->result != PRESENTATION_ACCEPTED) {
      g_autofree char *reason = presentation_context_words(context->reason);
      append(text, "context %u of the list refused: %s", i + 1, reason);
    }
  }
}

/* The values of a PPDU are ACSE's, or in X.410 mode RTSE's SET. */
static void say_values(struct p1_words *words, const struct presentation_ppdu *ppdu,
                       enum rtse_apdu_type expected)
{
  for (guint i = 0; ppdu->values && i < ppdu->values->len; i++) {
    const struct presentation_value *value = &g_array_index(ppdu->values, struct presentation_value, i);
    if (ppdu->x410)
      say_rtse(words, value->octets, true, expected);
    else
      say_acse(words, value->octets);
  }
}

static void say_ppdu(struct p1_words *words, enum session_spdu_type spdu, GBytes *data)
{
  static const struct presentation_limits limits = {.contexts_max = 16, .values_max = 16};
  struct presentation_ppdu ppdu = {0};
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  const char *name = spdu == SPDU_CN ? "CP" : spdu == SPDU_AC ? "CPA" : spdu == SPDU_RF ? "CPR" : "ARU";
  bool read = spdu == SPDU_CN   ? presentation_read_cp(data, &limits, &ppdu, &error)
              : spdu == SPDU_AC ? presentation_read_cpa(data, &limits, &ppdu, &error)
              : spdu == SPDU_RF ? presentation_read_cpr(data, &limits, &ppdu, &error)
                                : presentation_read_abort(data, &limits, &ppdu, &error);
  if (!read) {
    tell(words, P1_STEP_PRESENTATION, "?", "no %s: %s", name, error->message);
    presentation_ppdu_clear(&ppdu);
    return;
  }
  append(text, ppdu.x410 ? "X.410-1984 mode" : "normal mode");
  if (spdu == SPDU_CN && !ppdu.x410) {
    append_selector(text, "called PSEL", &ppdu.called);
    append_selector(text, "calling PSEL", &ppdu.calling);
  }
  if (spdu == SPDU_RF && ppdu.provider_reason != PRESENTATION_NO_REASON) {
    g_autofree char *reason = presentation_refusal_words(ppdu.provider_reason);
    append(text, "%s", reason);
  }
  if (ppdu.provider) {
    g_autofree char *reason = presentation_abort_words(ppdu.provider_reason, ppdu.event);
    append(text, "%s", reason);
    name = "ARP";
  }
  append_contexts(text, ppdu.contexts, spdu == SPDU_CN);
  tell(words, P1_STEP_PRESENTATION, name, "%s", text->str);
  say_values(words, &ppdu,
             spdu == SPDU_CN   ? RTSE_RTORQ
             : spdu == SPDU_AC ? RTSE_RTOAC
             : spdu == SPDU_RF ? RTSE_RTORJ
                               : RTSE_RTAB);
  presentation_ppdu_clear(&ppdu);
}

/* --- session
 * ------------------------------------------------------------------------------------------------------ */

static void append_requirements(GString *text, guint16 bits)
{
  static const struct {
    guint bit;
    const char *name;
  } units[] = {{SESSION_HALF_DUPLEX, "half-duplex"},
               {SESSION_DUPLEX, "duplex"},
               {SESSION_MINOR_SYNC, "minor synchronize"},
               {SESSION_ACTIVITY, "activity"},
               {SESSION_EXCEPTIONS, "exceptions"}};
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(units); i++)
    if (bits & units[i].bit)
      g_string_append_printf(names, "%s%s", names->len ? " " : "", units[i].name);
  append(text, "units 0x%04x (%s)", bits, names->str);
}

static const char *refuse_reason(guint8 reason)
{
  switch (reason) {
  case REFUSE_NOT_SPECIFIED:
    return "not specified";
  case REFUSE_CONGESTION:
    return "congestion of the called user";
  case REFUSE_BY_USER:
    return "rejected by the called user";
  case REFUSE_SELECTOR_UNKNOWN:
    return "session selector unknown";
  case REFUSE_NOT_ATTACHED:
    return "nobody attached to the session selector";
  case REFUSE_PROVIDER_CONGESTION:
    return "congestion of the session entity";
  case REFUSE_VERSION:
    return "proposed protocol versions not supported";
  case REFUSE_BY_PROVIDER:
    return "rejected by the session entity";
  case REFUSE_RESTRICTION:
    return "implementation restriction";
  default:
    return "unknown";
  }
}

static void append_connect(GString *text, const struct session_spdu *spdu)
{
  if (spdu->present & HAS_VERSION)
    append(text, "version %s",
           spdu->version == (VERSION_1 | VERSION_2) ? "1 or 2"
           : spdu->version & VERSION_2              ? "2"
                                                    : "1");
  append_selector(text, spdu->type == SPDU_AC ? "responding SSEL" : "called SSEL", &spdu->called);
  if (spdu->type == SPDU_CN)
    append_selector(text, "calling SSEL", &spdu->calling);
  if (spdu->present & HAS_REQUIREMENTS)
    append_requirements(text, spdu->requirements);
}

static enum p1_step spdu_step(enum session_spdu_type type)
{
  return type <= SPDU_AA ? P1_STEP_SESSION : P1_STEP_TRANSFER;
}

static void say_spdu(struct p1_words *words, const struct session_spdu *spdu)
{
  g_autoptr(GString) text = g_string_new(NULL);
  if (spdu->type == SPDU_CN || spdu->type == SPDU_AC)
    append_connect(text, spdu);
  if (spdu->type == SPDU_RF && spdu->present & HAS_REASON)
    append(text, "reason %u: %s", spdu->reason, refuse_reason(spdu->reason));
  else if (spdu->present & HAS_REASON)
    append(text, "reason %u", spdu->reason);
  if (spdu->type == SPDU_AB && spdu->present & HAS_TRANSPORT_DISCONNECT)
    append(text, "%s",
           spdu->transport_disconnect & DISCONNECT_PROTOCOL_ERROR ? "protocol error"
           : spdu->transport_disconnect & DISCONNECT_USER         ? "by the user"
                                                                  : "no reason");
  if (spdu->present & HAS_SERIAL)
    append(text, "serial number %u", spdu->serial);
  if (spdu->present & HAS_TOKEN_ITEM)
    append(text, "tokens 0x%02x", spdu->token_item);
  bool nested = spdu->user_data && spdu->type <= SPDU_AA && spdu->type != SPDU_FN && spdu->type != SPDU_DN;
  if (spdu->user_data && !nested)
    append(text, "%zu octets", g_bytes_get_size(spdu->user_data));
  tell(words, spdu_step(spdu->type), session_spdu_name(spdu->type), "%s", text->str);
  if (nested && g_bytes_get_size(spdu->user_data) > 0)
    say_ppdu(words, spdu->type, spdu->user_data);
}

static void say_tsdu(struct p1_words *words)
{
  g_autoptr(GBytes) tsdu = g_byte_array_free_to_bytes(g_steal_pointer(&words->tsdu));
  words->tsdu = g_byte_array_new();
  if (words->overlong) {
    words->overlong = false;
    tell(words, P1_STEP_TRANSFER, "DT", "more than %u octets", TSDU_MAX);
    return;
  }
  gsize offset = 0;
  bool follows = false;
  while (offset < g_bytes_get_size(tsdu)) {
    struct session_spdu spdu = {0};
    g_autoptr(GError) error = NULL;
    if (!session_spdu_decode(tsdu, &offset, follows, &spdu, &error)) {
      gsize length;
      const guint8 *data = g_bytes_get_data(tsdu, &length);
      tell(words, P1_STEP_SESSION, "?", "%s (SPDU identifier %u)", error->message, data[0]);
      return;
    }
    bool shell = (spdu.type == SPDU_GT || spdu.type == SPDU_PT) && !(spdu.present & HAS_TOKEN_ITEM) &&
                 offset < g_bytes_get_size(tsdu); /* only opens a TSDU of several */
    follows = session_spdu_category(spdu.type) == SESSION_ALONE_OR_FIRST;
    if (!shell)
      say_spdu(words, &spdu);
    session_spdu_clear(&spdu);
  }
}

/* --- transport
 * ------------------------------------------------------------------------------------------------------ */

static void say_connection(struct p1_words *words, const char *name, const struct x224_tpdu *tpdu)
{
  g_autoptr(GString) text = g_string_new(NULL);
  append(text, "class %u", tpdu->preferred_class);
  append_selector(text, "called TSEL", &tpdu->called);
  append_selector(text, "calling TSEL", &tpdu->calling);
  append(text, tpdu->size_code || tpdu->preferred_size ? "TPDU size %zu" : "TPDU size not given (%zu)",
         x224_size(tpdu));
  tell(words, P1_STEP_TRANSPORT, name, "%s", text->str);
}

static void say_tpdu(struct p1_words *words, const guint8 *packet, gsize length)
{
  struct x224_tpdu tpdu;
  g_autoptr(GError) error = NULL;
  if (!x224_decode(packet, length, &tpdu, &error)) {
    tell(words, P1_STEP_TRANSPORT, "?", "%s", error->message);
    return;
  }
  switch (tpdu.type) {
  case X224_CR:
    say_connection(words, "CR", &tpdu);
    break;
  case X224_CC:
    say_connection(words, "CC", &tpdu);
    break;
  case X224_DR:
    tell(words, P1_STEP_TRANSPORT, "DR", "reason %u: %s", tpdu.reason, x224_reason_name(tpdu.reason));
    break;
  case X224_ER:
    tell(words, P1_STEP_TRANSPORT, "ER", "reject cause %u", tpdu.reason);
    break;
  case X224_DT:
    if (words->headless) {
      words->headless = !tpdu.end;
      break;
    }
    words->overlong = words->overlong || words->tsdu->len + tpdu.length > TSDU_MAX;
    if (!words->overlong && tpdu.length > 0)
      g_byte_array_append(words->tsdu, tpdu.data, (guint)tpdu.length);
    if (tpdu.end)
      say_tsdu(words);
    break;
  default:
    tell(words, P1_STEP_TRANSPORT, "DC", "%s", "");
    break;
  }
}

void p1_words_input(struct p1_words *words, const guint8 *data, gsize length)
{
  if (words->lost)
    return;
  const guint8 *packet, *start = data;
  gsize size, whole = length;
  enum tpkt_result result;
  while ((result = tpkt_read(&words->reader, &data, &length, &packet, &size)) == TPKT_PACKET)
    say_tpdu(words, packet, size);
  if (result != TPKT_BAD)
    return;
  words->lost = true;
  g_autofree char *text = shown(start, whole);
  tell(words, P1_STEP_TRANSPORT, "?", "octets that are not RFC 1006: \"%s\"", text);
}

void p1_words_gap(struct p1_words *words)
{
  tpkt_reader_clear(&words->reader);
  tpkt_reader_init(&words->reader);
  g_byte_array_set_size(words->tsdu, 0);
  words->overlong = false;
  words->headless = true;
}
