/* test_presentation.c - BER elements and PDV lists of the data phase, the presentation machine, two of them
 * back to back over a session that only carries. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/notation.h"
#include "osi/pdv.h"
#include "osi/presentation.h"
#include "osi/tlv.h"

static GBytes *octets(const char *notation)
{
  return g_byte_array_free_to_bytes(notation_octets(notation));
}

static GBytes *unhex(const char *digits)
{
  g_autofree char *notation = g_strdup_printf("04<%s>", digits);
  GByteArray *element = notation_octets(notation);
  struct tlv tlv;
  ck_assert(tlv_read(element->data, element->len, &tlv));
  GBytes *result = g_bytes_new(element->data + tlv.header, tlv.length);
  g_byte_array_unref(element);
  return result;
}

static char *hex(GBytes *bytes)
{
  gsize length;
  const void *data = g_bytes_get_data(bytes, &length);
  return notation_hex(data, length);
}

/* --- elements
 * ------------------------------------------------------------------------------------------------------------------
 */

static const struct element {
  const char *digits;
  bool good;
  gsize header, length, total;
} elements[] = {
    {"0400", true, 2, 0, 2},
    {"04820002aabb", true, 4, 2, 6},
    {"0484 00000001 aa", true, 6, 1, 7},
    {"24800401aa0000", true, 2, 3, 7},
    {"3080308000000000", true, 2, 4, 8},
    {"0402aa", false, 0, 0, 0}, /* reaches beyond */
    {"04", false, 0, 0, 0},
    {"1f8101", false, 0, 0, 0}, /* high tag number */
    {"0000", false, 0, 0, 0},
    {"04800000", false, 0, 0, 0},                 /* indefinite and primitive */
    {"308004", false, 0, 0, 0},                   /* no end */
    {"0489000000000000000001aa", false, 0, 0, 0}, /* length of nine octets */
    {"0488ffffffffffffffff", false, 0, 0, 0},
    {"3080308030803080308030803080308030803080308030803080308030803080308030800000", false, 0, 0, 0},
};

START_TEST(an_element_is_measured_or_refused)
{
  const struct element *c = &elements[_i];
  g_autoptr(GBytes) bytes = unhex(c->digits);
  gsize size;
  const guint8 *data = g_bytes_get_data(bytes, &size);
  struct tlv tlv;
  ck_assert_msg(tlv_read(data, size, &tlv) == c->good, "%s", c->digits);
  if (c->good) {
    ck_assert_uint_eq(tlv.header, c->header);
    ck_assert_uint_eq(tlv.length, c->length);
    ck_assert_uint_eq(tlv.total, c->total);
  }
}
END_TEST

START_TEST(headers_and_numbers_come_back)
{
  static const gsize lengths[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 1 << 24};
  for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
    g_autoptr(GByteArray) out = g_byte_array_new();
    tlv_put(out, 0x04, lengths[i]);
    ck_assert_uint_eq(out->len, tlv_header_size(lengths[i]));
    g_byte_array_set_size(out, (guint)(out->len + lengths[i]));
    struct tlv tlv;
    ck_assert(tlv_read(out->data, out->len, &tlv));
    ck_assert_uint_eq(tlv.length, lengths[i]);
  }
  static const guint32 numbers[] = {0,     1,     127,        128,        255,       256,
                                    32767, 32768, 0x7fffffff, 0x80000000, 0xffffffff};
  for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
    g_autoptr(GByteArray) out = g_byte_array_new();
    guint32 back;
    tlv_put_uint(out, 0x02, numbers[i]);
    ck_assert_uint_eq(out->len, 2 + tlv_uint_size(numbers[i]));
    ck_assert(tlv_uint(out->data + 2, out->len - 2, &back));
    ck_assert_uint_eq(back, numbers[i]);
  }
  guint32 value;
  ck_assert(!tlv_uint((const guint8 *)"\x80", 1, &value));         /* negative */
  ck_assert(!tlv_uint((const guint8 *)"\x01\0\0\0\0", 5, &value)); /* beyond 32 bits */
  ck_assert(!tlv_uint((const guint8 *)"", 0, &value));
}
END_TEST

/* --- PDV lists
 * ------------------------------------------------------------------------------------------------------------------
 */

static const struct list {
  const char *notation;
  const char *values; /* "context encoding hex; ..." or the words of the refusal */
  bool good;
} lists[] = {
    {"61{ 30{ 02<03> a0{ 04<0102> } } }", "3 0 04020102; ", true},
    {"~61{ ~30{ 02<03> ~a0{ 04<0102> } } }", "3 0 04020102; ", true},
    {"61{ 30{ 02<03> a0{ 04<01> } } 30{ 02<05> a0{ 04<02> } } }", "3 0 040101; 5 0 040102; ", true},
    {"61{ 30{ 06<5101> 02<03> a0{ 04<01> } } }", "3 0 040101; ", true},
    {"61{ 30{ 02<03> a0{ 04<01> 04<02> } } }", "3 0 040101040102; ", true}, /* several values in one list */
    {"61{ 30{ 02<03> 81<0102> } }", "3 1 0102; ", true},
    {"61{ 30{ 02<03> 82<000102> } }", "3 2 0102; ", true},
    {"40<04020102>", "0 0 04020102; ", true},
    {"61{ 30{ 02<0081> a0{} } }", "129 0 ; ", true},
    {"61{ }", "empty", false},
    {"61{ 30{ } }", "empty", false},
    {"61{ 30{ 02<00> a0{ 04<01> } } }", "identifier", false},
    {"61{ 30{ 02<ff> a0{ 04<01> } } }", "identifier", false},
    {"61{ 30{ 02<03> } }", "exactly one", false},
    {"61{ 30{ 06<5101> } }", "ends after", false},
    {"61{ 30{ 02<03> a0{ 04<01> } 04<> } }", "exactly one", false},
    {"61{ 30{ 02<03> 82<010102> } }", "whole number", false},
    {"61{ 30{ 02<03> 82<> } }", "whole number", false},
    {"61{ 30{ 02<03> a1{ 04<01> } } }", "none of", false},
    {"61{ 31{ 02<03> a0{ 04<01> } } }", "no PDV-list", false},
    {"61{ 30{ 02<03> a0{ 04<01> } } } 04<>", "whole element", false},
    {"60{ 04<01> }", "not supported", false},
    {"04<01>", "neither", false},
    {"61{ 30{ 02<03> a0{} } 30{ 02<03> a0{} } 30{ 02<03> a0{} } 30{ 02<03> a0{} } }", "more PDV-lists",
     false},
    {"61<300802>", "broken", false},
    {"", "whole element", false},
};

START_TEST(user_data_is_read_or_refused)
{
  const struct list *c = &lists[_i];
  g_autoptr(GBytes) data = octets(c->notation);
  const char *why = NULL;
  g_autoptr(GArray) values = pdv_read(data, 3, &why);
  if (!c->good) {
    ck_assert_msg(values == NULL && strstr(why, c->values) != NULL, "%s: %s", c->notation,
                  why ? why : "accepted");
    return;
  }
  ck_assert_msg(values != NULL, "%s: %s", c->notation, why);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < values->len; i++) {
    const struct presentation_value *value = &g_array_index(values, struct presentation_value, i);
    g_autofree char *digits = hex(value->octets);
    g_string_append_printf(text, "%u %d %s; ", value->context, (int)value->encoding, digits);
  }
  ck_assert_str_eq(text->str, c->values);
}
END_TEST

START_TEST(what_is_written_is_read_the_same)
{
  g_autoptr(GArray) values = presentation_values_new();
  for (guint i = 0; i < 9; i++) {
    static const gsize sizes[] = {2, 130, 70000};
    guint8 *data = g_malloc(sizes[i / 3]);
    memset(data, (int)i, sizes[i / 3]);
    struct presentation_value value = {.context = 40 * i + 1,
                                       .encoding = (enum presentation_encoding)(i % 3),
                                       .octets = g_bytes_new_take(data, sizes[i / 3])};
    g_array_append_val(values, value);
  }
  g_autoptr(GBytes) written = pdv_write(values, false);
  const char *why = NULL;
  g_autoptr(GArray) back = pdv_read(written, 9, &why);
  ck_assert_msg(back != NULL && back->len == 9, "%s", why);
  for (guint i = 0; i < 9; i++) {
    const struct presentation_value *a = &g_array_index(values, struct presentation_value, i);
    const struct presentation_value *b = &g_array_index(back, struct presentation_value, i);
    ck_assert(a->context == b->context && a->encoding == b->encoding && g_bytes_equal(a->octets, b->octets));
  }
}
END_TEST

/* --- the machine
 * -----------------------------------------------------------------------------------------------------------------
 */

static const enum oid offered[] = {OID_AS_ACSE, OID_AS_MTA_RTSE, OID_AS_MTSE};

struct end {
  struct presentation *presentation;
  GQueue indicated;  /* struct presentation_primitive */
  GBytes *last_down; /* user data of the last primitive to the session */
  enum session_service last_service;
  guint refuse_reason;
};

struct pair {
  struct end ends[2];
};

static void primitive_free(gpointer data)
{
  presentation_primitive_clear(data);
  g_free(data);
}

static void carry(struct pair *pair, guint from);

static void deliver(struct pair *pair, guint to, struct session_primitive *primitive)
{
  presentation_session(pair->ends[to].presentation, primitive);
  session_primitive_clear(primitive);
  carry(pair, to);
}

/* A session that carries every primitive to the other side as its indication or confirm. */
static void carry(struct pair *pair, guint from)
{
  struct end *end = &pair->ends[from];
  struct presentation_output output;
  while (presentation_next(end->presentation, &output)) {
    if (output.type == PRESENTATION_INDICATE) {
      g_queue_push_tail(&end->indicated, g_memdup2(&output.primitive, sizeof output.primitive));
      continue;
    }
    struct session_primitive *session = &output.primitive.session;
    g_clear_pointer(&end->last_down, g_bytes_unref);
    end->last_down = session->user_data != NULL ? g_bytes_ref(session->user_data) : NULL;
    end->last_service = session->service;
    end->refuse_reason = session->refuse_reason;
    session->kind = session->kind == S_REQUEST ? S_INDICATION : S_CONFIRM;
    if (pair->ends[1 - from].presentation != NULL) {
      deliver(pair, 1 - from, session);
    }
    presentation_output_clear(&output);
  }
}

static void end_init(struct end *end, bool initiator, const enum oid *syntaxes, guint count,
                     const char *local, const char *remote)
{
  struct presentation_options options = {.initiator = initiator, .syntaxes = syntaxes, .count = count};
  ck_assert(osi_selector_parse(local, &options.local, NULL) &&
            osi_selector_parse(remote, &options.remote, NULL));
  end->presentation = presentation_new(&options);
  g_queue_init(&end->indicated);
}

static struct pair *pair_new(const enum oid *syntaxes, guint count)
{
  struct pair *pair = g_new0(struct pair, 1);
  end_init(&pair->ends[0], true, offered, G_N_ELEMENTS(offered), "I", "R");
  end_init(&pair->ends[1], false, syntaxes, count, "R", NULL);
  return pair;
}

static void pair_free(struct pair *pair)
{
  for (guint i = 0; i < 2; i++) {
    presentation_free(pair->ends[i].presentation);
    g_queue_clear_full(&pair->ends[i].indicated, primitive_free);
    g_clear_pointer(&pair->ends[i].last_down, g_bytes_unref);
  }
  g_free(pair);
}

static bool ask(struct pair *pair, guint from, enum session_service service, enum session_kind kind,
                bool accepted, enum oid syntax, const char *notation)
{
  struct presentation_primitive primitive = {
      .session = {.service = service, .kind = kind, .accepted = accepted, .version = 2}};
  if (notation != NULL) {
    primitive.values = presentation_values_one(syntax, octets(notation));
  }
  g_autoptr(GError) error = NULL;
  bool done = presentation_request(pair->ends[from].presentation, &primitive, &error);
  ck_assert(done == (error == NULL));
  carry(pair, from);
  return done;
}

static struct presentation_primitive *told(struct pair *pair, guint end, enum session_service service)
{
  struct presentation_primitive *primitive = g_queue_peek_tail(&pair->ends[end].indicated);
  ck_assert_ptr_nonnull(primitive);
  ck_assert_msg(primitive->session.service == service, "%s",
                session_primitive_name(primitive->session.service, primitive->session.kind));
  return primitive;
}

static void connect(struct pair *pair)
{
  ck_assert(ask(pair, 0, S_CONNECT, S_REQUEST, false, OID_AS_ACSE, "04'asked'"));
  told(pair, 1, S_CONNECT);
  ck_assert(ask(pair, 1, S_CONNECT, S_RESPONSE, true, OID_AS_ACSE, "04'granted'"));
  ck_assert(told(pair, 0, S_CONNECT)->session.accepted);
}

START_TEST(a_connection_agrees_on_contexts_and_carries_user_data)
{
  struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
  ck_assert(ask(pair, 0, S_CONNECT, S_REQUEST, false, OID_AS_ACSE, "04'asked'"));
  /* As in the capture of a real MTA, but for selectors and user data. */
  g_autoptr(GBytes) cp =
      octets("31{ a0{ 80<01> } a2{ 81'I' 82'R' a4{ 30{ 02<01> 06<52010001> 30{ 06<5101> } }"
             " 30{ 02<03> 06<5600020c> 30{ 06<5101> } } 30{ 02<05> 06<56000207> 30{ 06<5101> } } }"
             " 61{ 30{ 02<01> a0{ 04'asked' } } } } }");
  ck_assert(g_bytes_equal(pair->ends[0].last_down, cp));
  struct presentation_primitive *connect_ind = told(pair, 1, S_CONNECT);
  ck_assert_uint_eq(connect_ind->called.octets[0], 'R');
  ck_assert_int_eq(g_array_index(connect_ind->values, struct presentation_value, 0).syntax, OID_AS_ACSE);
  ck_assert(ask(pair, 1, S_CONNECT, S_RESPONSE, true, OID_AS_ACSE, "04'granted'"));
  g_autoptr(GBytes) cpa = octets("31{ a0{ 80<01> } a2{ 83'R' a5{ 30{ 80<00> 81<5101> } 30{ 80<00> 81<5101> }"
                                 " 30{ 80<00> 81<5101> } } 61{ 30{ 02<01> a0{ 04'granted' } } } } }");
  ck_assert(g_bytes_equal(pair->ends[1].last_down, cpa));
  ck_assert_uint_eq(presentation_context_of(pair->ends[0].presentation, OID_AS_MTSE), 5);
  ck_assert_uint_eq(presentation_context_of(pair->ends[1].presentation, OID_AS_MTSE), 5);
  ck_assert_int_eq(presentation_syntax_of(pair->ends[1].presentation, 3), OID_AS_MTA_RTSE);
  ck_assert_int_eq(presentation_syntax_of(pair->ends[1].presentation, 7), OID_UNKNOWN);
  ck_assert(ask(pair, 0, S_DATA, S_REQUEST, false, OID_AS_MTA_RTSE, "04'segment'"));
  struct presentation_primitive *data = told(pair, 1, S_DATA);
  ck_assert_uint_eq(g_array_index(data->values, struct presentation_value, 0).context, 3);
  ck_assert(ask(pair, 0, S_RELEASE, S_REQUEST, false, OID_AS_ACSE, "04'bye'"));
  ck_assert(ask(pair, 1, S_RELEASE, S_RESPONSE, true, OID_AS_ACSE, "04'bye'"));
  ck_assert(strstr(presentation_state_name(pair->ends[0].presentation), "STAI0"));
  ck_assert(strstr(presentation_state_name(pair->ends[1].presentation), "STAI0"));
  pair_free(pair);
}
END_TEST

START_TEST(a_context_that_is_not_known_is_refused_and_cannot_be_used)
{
  static const enum oid few[] = {OID_AS_ACSE, OID_AS_MTA_RTSE};
  struct pair *pair = pair_new(few, 2);
  connect(pair);
  for (guint i = 0; i < 2; i++) {
    g_autofree char *words = presentation_contexts_describe(pair->ends[i].presentation);
    ck_assert_msg(strstr(words, "id-as-mtse refused: abstract syntax not supported"), "%s", words);
    ck_assert_uint_eq(presentation_context_of(pair->ends[i].presentation, OID_AS_MTSE), 0);
  }
  ck_assert(!ask(pair, 0, S_DATA, S_REQUEST, false, OID_AS_MTSE, "04'x'"));
  pair_free(pair);
}
END_TEST

START_TEST(when_no_context_is_left_the_provider_refuses)
{
  static const enum oid none[] = {OID_AS_MSSE};
  struct pair *pair = pair_new(none, 1);
  ck_assert(ask(pair, 0, S_CONNECT, S_REQUEST, false, OID_AS_ACSE, "04'asked'"));
  const struct presentation_primitive *refused = told(pair, 0, S_CONNECT);
  ck_assert(!refused->session.accepted);
  ck_assert_int_eq(refused->failure.layer, OSI_LAYER_PRESENTATION);
  ck_assert(refused->failure.by_peer);
  ck_assert_msg(strstr(refused->failure.words, "abstract syntax not supported"), "%s",
                refused->failure.words);
  const struct presentation_primitive *own = told(pair, 1, S_P_ABORT);
  ck_assert(!own->failure.by_peer);
  ck_assert_ptr_nonnull(strstr(own->failure.words, "id-as-mta-rtse"));
  pair_free(pair);
}
END_TEST

START_TEST(a_user_refuses_with_data)
{
  struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
  ck_assert(ask(pair, 0, S_CONNECT, S_REQUEST, false, OID_AS_ACSE, "04'asked'"));
  ck_assert(ask(pair, 1, S_CONNECT, S_RESPONSE, false, OID_AS_ACSE, "04'no'"));
  ck_assert_uint_eq(pair->ends[1].refuse_reason, 2);
  const struct presentation_primitive *refused = told(pair, 0, S_CONNECT);
  ck_assert(!refused->session.accepted);
  ck_assert_uint_eq(refused->values->len, 1);
  pair_free(pair);
}
END_TEST

/* What a peer's connecting PPDU may look like: indicated, or refused with words. */
static const struct proposal {
  const char *notation;
  const char *words; /* NULL: it is indicated */
} proposals[] = {
    /* the CP of x400-ping-2005.txt has the same form, in indefinite length */
    {"~31{ a0{ 80<01> } ~a2{ a4{ 30{ 02<01> 06<52010001> 30{ 06<5101> } } } 61{ 30{ 02<01> a0{ 04'x' } } } } "
     "}",
     NULL},
    {"31{ a2{ a4{ 30{ 02<01> 06<52010001> 30{ 06<5101> } } } 61{ 30{ 02<01> a0{ 04'x' } } } } a0{ 80<01> } }",
     NULL},
    {"31{ a0{ 80<01> } a2{ 80<0780> a4{ 30{ 02<01> 06<52010001> 30{ 06<2a0304> 06<5101> } } } 88<0600> "
     "89<020248>"
     " 61{ 30{ 02<01> a0{ 04'x' } } } } }",
     NULL},
    {"31{ a0{ 80<01> } a2{ 82'R' a4{ 30{ 02<0081> 06<52010001> 30{ 06<5101> } } } } }", NULL},
    {"31{ a0{ 80<01> } a2{ 82'Q' a4{ 30{ 02<01> 06<52010001> 30{ 06<5101> } } } } }",
     "selector \"Q\", ours is \"R\""},
    {"31{ a0{ 80<01> } a2{ a4{ 30{ 02<01> 06<52010001> 30{ 06<2a0304> } } } } }",
     "transfer syntaxes not supported"},
    {"31{ a0{ 80<01> } a2{ a4{ 30{ 02<01> 06<2a03> 30{ 06<5101> } } } } }", "1.2.3 refused: abstract syntax"},
    {"31{ a0{ 80<01> } a2{ a4{ 30{ 02<01> 06<52010001> 30{ 06<5101> } } } 61{ 30{ 02<03> a0{ 04'x' } } } } }",
     "not accepted"},
    {"31{ a0{ 80<00> } a1{ 80<01> a3{ a0{ 04'x' } } } }", NULL},
    {"31{ a0{ 80<05> } }", "mode selector 5"},
    {"31{ a0{ 80<01> } }", "without its parameters"},
    {"31{ a0{ 80<01> } a2{ a4{ 30{ 02<00> 06<52010001> 30{ 06<5101> } } } } }", "identifier 0"},
    {"04'x'", "CP"},
    {"31<a003>", "CP"},
};

START_TEST(a_peers_proposal_is_taken_or_refused_with_words)
{
  const struct proposal *c = &proposals[_i];
  struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
  g_clear_pointer(&pair->ends[0].presentation, presentation_free);
  struct session_primitive cn = {
      .service = S_CONNECT, .kind = S_INDICATION, .version = 2, .user_data = octets(c->notation)};
  deliver(pair, 1, &cn);
  if (c->words == NULL) {
    told(pair, 1, S_CONNECT);
  } else {
    const struct presentation_primitive *refused = told(pair, 1, S_P_ABORT);
    ck_assert_msg(strstr(refused->failure.words, c->words), "%s: %s", c->notation, refused->failure.words);
    ck_assert_int_eq(pair->ends[1].last_service, S_CONNECT);
    ck_assert_ptr_nonnull(pair->ends[1].last_down); /* a CPR with the reason */
  }
  pair_free(pair);
}
END_TEST

/* --- X.410-1984 mode: the octets of the captures, with other contents --- */

static bool ask_x410(struct pair *pair, guint from, enum session_service service, enum session_kind kind,
                     bool accepted, const char *notation)
{
  struct presentation_primitive primitive = {
      .x410 = true, .session = {.service = service, .kind = kind, .accepted = accepted, .version = 1}};
  primitive.values = notation != NULL ? presentation_values_one(OID_UNKNOWN, octets(notation)) : NULL;
  g_autoptr(GError) error = NULL;
  bool done = presentation_request(pair->ends[from].presentation, &primitive, &error);
  carry(pair, from);
  return done;
}

static void assert_down(const struct pair *pair, guint end, const char *notation)
{
  g_autoptr(GBytes) wanted = notation != NULL ? octets(notation) : NULL;
  GBytes *down = pair->ends[end].last_down;
  ck_assert_msg(wanted == NULL ? down == NULL : down != NULL && g_bytes_equal(down, wanted), "%s", notation);
}

static void assert_up(struct pair *pair, guint end, enum session_service service, const char *notation)
{
  const struct presentation_primitive *primitive = told(pair, end, service);
  g_autoptr(GBytes) wanted = notation != NULL ? octets(notation) : NULL;
  if (wanted == NULL) {
    ck_assert(primitive->values == NULL || primitive->values->len == 0);
    return;
  }
  ck_assert_uint_eq(primitive->values->len, 1);
  ck_assert_msg(g_bytes_equal(g_array_index(primitive->values, struct presentation_value, 0).octets, wanted),
                "%s", notation);
}

START_TEST(x410_mode_adds_a_mode_selector_and_nothing_else)
{
  struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
  ck_assert(ask_x410(pair, 0, S_CONNECT, S_REQUEST, false, "31{ 80<3f> a3{ a0{ 05<> } } 84<01> }"));
  assert_down(pair, 0, "31{ a0{ 80<00> } a1{ 80<3f> a3{ a0{ 05<> } } 84<01> } }");
  assert_up(pair, 1, S_CONNECT, "31{ 80<3f> a3{ a0{ 05<> } } 84<01> }");
  ck_assert(told(pair, 1, S_CONNECT)->x410);
  ck_assert(ask_x410(pair, 1, S_CONNECT, S_RESPONSE, true, "31{ 80<01> 81<03> a2{ a0{ 05<> } } }"));
  assert_down(pair, 1, "31{ a0{ 80<00> } a1{ 80<01> 81<03> a2{ a0{ 05<> } } } }");
  assert_up(pair, 0, S_CONNECT, "31{ 80<01> 81<03> a2{ a0{ 05<> } } }");
  /* data, the token's request, release and abort: no PPDU around what the user says */
  ck_assert(ask_x410(pair, 0, S_DATA, S_REQUEST, false, "a0<8031>"));
  assert_down(pair, 0, "a0<8031>");
  assert_up(pair, 1, S_DATA, "a0<8031>");
  ck_assert(ask_x410(pair, 1, S_TOKEN_PLEASE, S_REQUEST, false, "02<05>"));
  assert_down(pair, 1, "02<05>");
  assert_up(pair, 0, S_TOKEN_PLEASE, "02<05>");
  ck_assert(ask_x410(pair, 0, S_RELEASE, S_REQUEST, false, NULL));
  assert_down(pair, 0, NULL);
  assert_up(pair, 1, S_RELEASE, NULL);
  ck_assert(ask_x410(pair, 1, S_U_ABORT, S_REQUEST, false, "31{ 80<03> }"));
  assert_down(pair, 1, "31{ 80<03> }");
  assert_up(pair, 0, S_U_ABORT, "31{ 80<03> }");
  pair_free(pair);
}
END_TEST

START_TEST(x410_mode_refuses_with_the_users_set)
{
  struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
  ck_assert(ask_x410(pair, 0, S_CONNECT, S_REQUEST, false, "31{ a3{ a0{ 05<> } } }"));
  ck_assert(ask_x410(pair, 1, S_CONNECT, S_RESPONSE, false, "31{ 80<02> }"));
  assert_down(pair, 1, "31{ 80<02> }");
  ck_assert_uint_eq(pair->ends[1].refuse_reason, 2);
  assert_up(pair, 0, S_CONNECT, "31{ 80<02> }");
  pair_free(pair);
}
END_TEST

/* A peer of the other mode, when we called in X.410-1984 mode. */
START_TEST(another_mode_than_x410_is_told_in_words)
{
  static const struct {
    bool accepted;
    const char *notation;
  } cases[] = {{true, "31{ a0{ 80<01> } a2{ } }"}, {false, "30{ 8a<00> }"}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
    g_clear_pointer(&pair->ends[1].presentation, presentation_free);
    ck_assert(ask_x410(pair, 0, S_CONNECT, S_REQUEST, false, "31{ a3{ a0{ 05<> } } }"));
    struct session_primitive cnf = {.service = S_CONNECT,
                                    .kind = S_CONFIRM,
                                    .accepted = cases[i].accepted,
                                    .refuse_reason = 2,
                                    .user_data = octets(cases[i].notation)};
    deliver(pair, 0, &cnf);
    const struct presentation_primitive *up = told(pair, 0, cases[i].accepted ? S_P_ABORT : S_CONNECT);
    ck_assert_msg(strstr(up->failure.words, "normal mode") != NULL, "%s", up->failure.words);
    pair_free(pair);
  }
}
END_TEST

/* What a peer may answer to our CP. */
static const struct reply {
  bool accepted;
  guint refuse_reason;
  const char *notation; /* NULL: no user data */
  const char *words;    /* NULL: connected */
  enum osi_layer layer;
} replies[] = {
    {true, 0,
     "31{ a0{ 80<01> } a2{ a5{ 30{ 80<00> 81<5101> } 30{ 80<00> 81<5101> } 30{ 80<02> 82<01> } } } }", NULL,
     0},
    {true, 0, "31{ a0{ 80<01> } a2{ 61{ 30{ 02<03> a0{ 04'x' } } } } }", NULL,
     0}, /* no result list: all accepted */
    {true, 0, "31{ a0{ 80<01> } a2{ a5{ 30{ 80<00> 81<5101> } } } }", "1 results for 3",
     OSI_LAYER_PRESENTATION},
    {true, 0,
     "31{ a0{ 80<01> } a2{ a5{ 30{ 80<02> } 30{ 80<00> } 30{ 80<00> } } 61{ 30{ 02<01> a0{ 04'x' } } } } }",
     "not accepted", OSI_LAYER_PRESENTATION},
    {true, 0, "31{ a0{ 80<00> } a1{ 80<01> a2{ a0{ 04'x' } } } }", "X.410", OSI_LAYER_PRESENTATION},
    {true, 0, NULL, "without a CPA", OSI_LAYER_PRESENTATION},
    {true, 0, "31<80>", "CPA", OSI_LAYER_PRESENTATION},
    {false, 2, "30{ 8a<03> }", "PSEL", OSI_LAYER_PRESENTATION},
    {false, 2, "30{ 8a<01> }", "temporary congestion (1)", OSI_LAYER_PRESENTATION},
    {false, 2, "30{ 8a<63> }", "reason 99", OSI_LAYER_PRESENTATION},
    {false, 2, "31{ 80<00> }", "X.410", OSI_LAYER_PRESENTATION},
    {false, 2, "30{ a5{ 30{ 80<00> } 30{ 80<00> } 30{ 80<00> } } }", "gave no reason",
     OSI_LAYER_PRESENTATION},
    {false, 0x81, NULL, "SSEL", OSI_LAYER_SESSION},
    {false, 1, NULL, "try later", OSI_LAYER_SESSION},
    {false, 0x84, "04'x'", "versions", OSI_LAYER_SESSION},
};

START_TEST(a_peers_answer_is_taken_or_told_in_words)
{
  const struct reply *c = &replies[_i];
  struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
  g_clear_pointer(&pair->ends[1].presentation, presentation_free);
  ck_assert(ask(pair, 0, S_CONNECT, S_REQUEST, false, OID_AS_ACSE, "04'asked'"));
  struct session_primitive cnf = {.service = S_CONNECT,
                                  .kind = S_CONFIRM,
                                  .accepted = c->accepted,
                                  .refuse_reason = c->refuse_reason,
                                  .version = 2,
                                  .user_data = c->notation != NULL ? octets(c->notation) : NULL};
  deliver(pair, 0, &cnf);
  const struct presentation_primitive *up = g_queue_peek_tail(&pair->ends[0].indicated);
  ck_assert_ptr_nonnull(up);
  if (c->words == NULL) {
    ck_assert(up->session.service == S_CONNECT && up->session.accepted);
  } else {
    ck_assert_int_eq(up->session.service, c->accepted ? S_P_ABORT : S_CONNECT);
    ck_assert_msg(strstr(up->failure.words, c->words), "%s: %s", c->notation, up->failure.words);
    ck_assert_int_eq(up->failure.layer, c->layer);
    if (c->accepted) { /* we break it off: with an ARP */
      ck_assert_int_eq(pair->ends[0].last_service, S_U_ABORT);
    }
  }
  pair_free(pair);
}
END_TEST

/* In the data phase: what is not readable or out of place aborts with ARP, and its user hears why. */
START_TEST(what_cannot_be_read_aborts)
{
  static const struct {
    enum session_service service;
    const char *notation, *words;
  } cases[] = {
      {S_DATA, "61{ 30{ 02<09> a0{ 04'x' } } }", "outside the agreed"},
      {S_DATA, "04'x'", "neither"},
      {S_TOKEN_PLEASE, "61{}", "empty"},
      {S_TYPED_DATA, "61{ 30{ 02<01> a0{ 04'x' } } }", "typed data"},
      {S_DATA, "40'x'", "outside"}, /* simply encoded, but there are three contexts */
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
    connect(pair);
    struct session_primitive data = {
        .service = cases[i].service, .kind = S_INDICATION, .user_data = octets(cases[i].notation)};
    deliver(pair, 1, &data);
    const struct presentation_primitive *own = told(pair, 1, S_P_ABORT);
    ck_assert_msg(strstr(own->failure.words, cases[i].words), "%s", own->failure.words);
    ck_assert(!own->failure.by_peer);
    const struct presentation_primitive *other = told(pair, 0, S_P_ABORT);
    ck_assert(other->failure.by_peer);
    ck_assert_msg(strstr(other->failure.words, "PPDU") != NULL, "%s", other->failure.words);
    pair_free(pair);
  }
}
END_TEST

START_TEST(an_abort_carries_its_data_and_always_goes_out)
{
  struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
  connect(pair);
  ck_assert(ask(pair, 0, S_U_ABORT, S_REQUEST, false, OID_AS_ACSE, "04'why'"));
  g_autoptr(GBytes) aru = octets("a0{ a0{ 30{ 02<01> 06<5101> } } 61{ 30{ 02<01> a0{ 04'why' } } } }");
  g_autofree char *sent = hex(pair->ends[0].last_down), *wanted = hex(aru);
  ck_assert_str_eq(sent, wanted);
  const struct presentation_primitive *up = told(pair, 1, S_U_ABORT);
  ck_assert_uint_eq(up->values->len, 1);
  ck_assert(!ask(pair, 0, S_DATA, S_REQUEST, false, OID_AS_MTA_RTSE, "04'x'"));
  pair_free(pair);

  pair = pair_new(offered, G_N_ELEMENTS(offered));
  connect(pair);
  ck_assert(
      ask(pair, 1, S_U_ABORT, S_REQUEST, false, OID_AS_MSSE, "04'why'")); /* in no context: without data */
  ck_assert_ptr_null(told(pair, 0, S_U_ABORT)->values);
  pair_free(pair);
}
END_TEST

START_TEST(session_version_1_has_no_room_for_an_abort)
{
  struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
  g_clear_pointer(&pair->ends[0].presentation, presentation_free);
  struct session_primitive cn = {
      .service = S_CONNECT,
      .kind = S_INDICATION,
      .version = 1,
      .user_data = octets("31{ a0{ 80<01> } a2{ a4{ 30{ 02<01> 06<52010001> 30{ 06<5101> } } } } }")};
  deliver(pair, 1, &cn);
  ck_assert(ask(pair, 1, S_CONNECT, S_RESPONSE, true, OID_AS_ACSE, "04'x'"));
  ck_assert(ask(pair, 1, S_U_ABORT, S_REQUEST, false, OID_AS_ACSE, "04'why'"));
  ck_assert_ptr_null(pair->ends[1].last_down);
  pair_free(pair);
}
END_TEST

START_TEST(requests_out_of_place_are_refused)
{
  struct pair *pair = pair_new(offered, G_N_ELEMENTS(offered));
  ck_assert(!ask(pair, 0, S_DATA, S_REQUEST, false, OID_AS_MTA_RTSE, "04'x'"));
  ck_assert(!ask(pair, 1, S_CONNECT, S_RESPONSE, true, OID_AS_ACSE, NULL));
  connect(pair);
  ck_assert(!ask(pair, 0, S_CONNECT, S_REQUEST, false, OID_AS_ACSE, "04'asked'"));
  ck_assert(ask(pair, 0, S_DATA, S_REQUEST, false, OID_AS_MTA_RTSE, "04'x'"));
  pair_free(pair);
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("osi/presentation");
  TCase *data = tcase_create("data");
  tcase_add_loop_test(data, an_element_is_measured_or_refused, 0, G_N_ELEMENTS(elements));
  tcase_add_test(data, headers_and_numbers_come_back);
  tcase_add_loop_test(data, user_data_is_read_or_refused, 0, G_N_ELEMENTS(lists));
  tcase_add_test(data, what_is_written_is_read_the_same);
  suite_add_tcase(suite, data);
  TCase *machine = tcase_create("machine");
  tcase_add_test(machine, a_connection_agrees_on_contexts_and_carries_user_data);
  tcase_add_test(machine, a_context_that_is_not_known_is_refused_and_cannot_be_used);
  tcase_add_test(machine, when_no_context_is_left_the_provider_refuses);
  tcase_add_test(machine, a_user_refuses_with_data);
  tcase_add_loop_test(machine, a_peers_proposal_is_taken_or_refused_with_words, 0, G_N_ELEMENTS(proposals));
  tcase_add_loop_test(machine, a_peers_answer_is_taken_or_told_in_words, 0, G_N_ELEMENTS(replies));
  tcase_add_test(machine, what_cannot_be_read_aborts);
  tcase_add_test(machine, an_abort_carries_its_data_and_always_goes_out);
  tcase_add_test(machine, x410_mode_adds_a_mode_selector_and_nothing_else);
  tcase_add_test(machine, x410_mode_refuses_with_the_users_set);
  tcase_add_test(machine, another_mode_than_x410_is_told_in_words);
  tcase_add_test(machine, session_version_1_has_no_room_for_an_abort);
  tcase_add_test(machine, requests_out_of_place_are_refused);
  suite_add_tcase(suite, machine);
  return suite;
}

int main(void)
{
  SRunner *runner = srunner_create(suite());
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
