/* test_acse.c - the ACSE machine, driven from both sides; AARQ and AARE of a real MTA. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/notation.h"
#include "osi/acse.h"
#include "osi/acse_apdu.h"

static const enum oid syntaxes[] = {OID_AS_ACSE, OID_AS_MTA_RTSE, OID_AS_MTSE};

struct fixture {
  struct presentation *presentation; /* only asked for contexts */
  struct acse *acse;
  struct acse_output down, up; /* the last of each */
  guint downs, ups;
};

static GBytes *octets(const char *notation)
{
  return g_byte_array_free_to_bytes(notation_octets(notation));
}

static void drain(struct fixture *fixture)
{
  struct acse_output output;
  while (acse_next(fixture->acse, &output)) {
    struct acse_output *place = output.type == ACSE_INDICATE ? &fixture->up : &fixture->down;
    *(output.type == ACSE_INDICATE ? &fixture->ups : &fixture->downs) += 1;
    acse_output_clear(place);
    *place = output;
  }
}

static struct fixture *fixture_new(void)
{
  struct fixture *fixture = g_new0(struct fixture, 1);
  struct presentation_options options = {
      .initiator = true, .syntaxes = syntaxes, .count = G_N_ELEMENTS(syntaxes)};
  fixture->presentation = presentation_new(&options);
  fixture->acse = acse_new(
      &(struct acse_options){.application_context = OID_AC_MTS_TRANSFER, .user_syntax = OID_AS_MTA_RTSE},
      fixture->presentation);
  return fixture;
}

static void fixture_free(struct fixture *fixture)
{
  acse_output_clear(&fixture->down);
  acse_output_clear(&fixture->up);
  acse_free(fixture->acse);
  presentation_free(fixture->presentation);
  g_free(fixture);
}

/* From above. */
static bool ask(struct fixture *fixture, enum acse_service service, enum session_kind kind,
                enum acse_result result, const char *notation)
{
  struct acse_primitive primitive = {.service = service,
                                     .kind = kind,
                                     .result = result,
                                     .diagnostic = result == ACSE_ACCEPTED ? ACSE_NULL : ACSE_NO_REASON,
                                     .information = notation != NULL ? octets(notation) : NULL};
  g_autoptr(GError) error = NULL;
  bool done = acse_request(fixture->acse, &primitive, &error);
  ck_assert(done == (error == NULL));
  drain(fixture);
  return done;
}

/* From below, with an APDU or without. */
static void come(struct fixture *fixture, enum session_service service, enum session_kind kind, bool accepted,
                 const char *notation)
{
  struct presentation_primitive primitive = {
      .session = {.service = service, .kind = kind, .accepted = accepted}};
  if (notation != NULL) {
    primitive.values = presentation_values_one(OID_AS_ACSE, octets(notation));
    g_array_index(primitive.values, struct presentation_value, 0).context = 1;
  }
  if (service == S_P_ABORT || (service == S_CONNECT && kind == S_CONFIRM && !accepted)) {
    osi_failure_set(&primitive.failure, OSI_LAYER_PRESENTATION, true, true, "said below");
  }
  acse_presentation(fixture->acse, &primitive);
  drain(fixture);
}

static void assert_sent(const struct fixture *fixture, enum session_service service, const char *notation)
{
  ck_assert_int_eq(fixture->down.presentation.session.service, service);
  ck_assert_ptr_nonnull(fixture->down.presentation.values);
  const struct presentation_value *value =
      &g_array_index(fixture->down.presentation.values, struct presentation_value, 0);
  g_autoptr(GBytes) wanted = octets(notation);
  gsize length, wanted_length;
  const void *data = g_bytes_get_data(value->octets, &length),
             *other = g_bytes_get_data(wanted, &wanted_length);
  g_autofree char *sent = notation_hex(data, length), *expected = notation_hex(other, wanted_length);
  ck_assert_str_eq(sent, expected);
}

static void assert_told(const struct fixture *fixture, enum acse_service service, enum session_kind kind)
{
  ck_assert_uint_gt(fixture->ups, 0);
  const struct acse_primitive *up = &fixture->up.primitive;
  ck_assert_msg(up->service == service && up->kind == kind, "%s", acse_primitive_name(up->service, up->kind));
}

/* The APDUs as the capture of a real MTA has them, around an RTSE APDU of one octet. */
#define AARQ "60{ a1{ 06<56000106> } be{ 28{ 06<5101> 02<03> a0{ b0{ 02<01> } } } } }"
#define AARE                                                                                                 \
  "61{ a1{ 06<56000106> } a2{ 02<00> } a3{ a1{ 02<00> } } be{ 28{ 06<5101> 02<03> a0{ b1{ 02<01> } } } } }"

/* X.227 8.4 - 8.6: in X.410-1984 mode the user's octets pass by as they are, and nothing of ACSE's. */
static void come_x410(struct fixture *fixture, enum session_service service, enum session_kind kind,
                      bool accepted, const char *notation)
{
  struct presentation_primitive primitive = {
      .x410 = true, .session = {.service = service, .kind = kind, .accepted = accepted}};
  if (notation != NULL) {
    primitive.values = presentation_values_one(OID_UNKNOWN, octets(notation));
  }
  if (service == S_CONNECT && kind == S_CONFIRM && !accepted) {
    osi_failure_set(&primitive.failure, OSI_LAYER_PRESENTATION, true, true, "said below");
  }
  acse_presentation(fixture->acse, &primitive);
  drain(fixture);
}

static void ask_x410(struct fixture *fixture)
{
  struct acse_primitive primitive = {.service = A_ASSOCIATE,
                                     .kind = S_REQUEST,
                                     .connect = {.x410 = true},
                                     .information = octets("31{ 80<3f> }")};
  ck_assert(acse_request(fixture->acse, &primitive, NULL));
  drain(fixture);
}

static void assert_information(const struct fixture *fixture, const char *notation)
{
  g_autoptr(GBytes) wanted = octets(notation);
  ck_assert(g_bytes_equal(fixture->up.primitive.information, wanted));
}

START_TEST(x410_mode_passes_the_users_octets_by)
{
  struct fixture *f = fixture_new();
  ask_x410(f);
  assert_sent(f, S_CONNECT, "31{ 80<3f> }");
  ck_assert(f->down.presentation.x410);
  come_x410(f, S_CONNECT, S_CONFIRM, true, "31{ 80<01> }");
  assert_told(f, A_ASSOCIATE, S_CONFIRM);
  ck_assert_int_eq(f->up.primitive.result, ACSE_ACCEPTED);
  assert_information(f, "31{ 80<01> }");
  ck_assert(ask(f, A_RELEASE, S_REQUEST, ACSE_ACCEPTED, NULL));
  ck_assert_int_eq(f->down.presentation.session.service, S_RELEASE);
  ck_assert_ptr_null(f->down.presentation.values);
  come_x410(f, S_RELEASE, S_CONFIRM, true, NULL);
  assert_told(f, A_RELEASE, S_CONFIRM);
  fixture_free(f);
}
END_TEST

START_TEST(x410_mode_answers_in_the_mode_that_came)
{
  struct fixture *f = fixture_new();
  come_x410(f, S_CONNECT, S_INDICATION, false, "31{ 80<3f> }");
  assert_told(f, A_ASSOCIATE, S_INDICATION);
  ck_assert(f->up.primitive.connect.x410);
  assert_information(f, "31{ 80<3f> }");
  ck_assert(ask(f, A_ASSOCIATE, S_RESPONSE, ACSE_ACCEPTED, "31{ 80<01> }"));
  assert_sent(f, S_CONNECT, "31{ 80<01> }");
  come_x410(f, S_U_ABORT, S_INDICATION, false, "31{ 80<03> }");
  assert_told(f, A_ABORT, S_INDICATION);
  assert_information(f, "31{ 80<03> }");
  fixture_free(f);
}
END_TEST

START_TEST(x410_mode_refuses_with_the_users_octets)
{
  struct fixture *f = fixture_new();
  ask_x410(f);
  come_x410(f, S_CONNECT, S_CONFIRM, false, "31{ 80<02> }");
  assert_told(f, A_ASSOCIATE, S_CONFIRM);
  ck_assert_int_ne(f->up.primitive.result, ACSE_ACCEPTED);
  assert_information(f, "31{ 80<02> }");
  fixture_free(f);
  /* ... or without any: below had the say */
  f = fixture_new();
  ask_x410(f);
  come_x410(f, S_CONNECT, S_CONFIRM, false, NULL);
  ck_assert_ptr_nonnull(strstr(f->up.primitive.failure.words, "said below"));
  fixture_free(f);
}
END_TEST

START_TEST(an_association_is_asked_for_and_granted)
{
  struct fixture *f = fixture_new();
  ck_assert(ask(f, A_ASSOCIATE, S_REQUEST, ACSE_ACCEPTED, "b0{ 02<01> }"));
  assert_sent(f, S_CONNECT, AARQ);
  come(f, S_CONNECT, S_CONFIRM, true, AARE);
  assert_told(f, A_ASSOCIATE, S_CONFIRM);
  ck_assert_int_eq(f->up.primitive.result, ACSE_ACCEPTED);
  g_autoptr(GBytes) rtoac = octets("b1{ 02<01> }");
  ck_assert(g_bytes_equal(f->up.primitive.information, rtoac));
  ck_assert_ptr_nonnull(strstr(acse_state_name(f->acse), "STA5"));
  ck_assert(ask(f, A_RELEASE, S_REQUEST, ACSE_ACCEPTED, NULL));
  assert_sent(f, S_RELEASE, "62{ 80<00> }");
  come(f, S_RELEASE, S_CONFIRM, true, "63{ 80<00> }");
  assert_told(f, A_RELEASE, S_CONFIRM);
  ck_assert_ptr_nonnull(strstr(acse_state_name(f->acse), "STA0"));
  fixture_free(f);
}
END_TEST

START_TEST(an_association_is_granted_and_released_by_the_peer)
{
  struct fixture *f = fixture_new();
  come(f, S_CONNECT, S_INDICATION, false, AARQ);
  assert_told(f, A_ASSOCIATE, S_INDICATION);
  g_autoptr(GBytes) rtorq = octets("b0{ 02<01> }");
  ck_assert(g_bytes_equal(f->up.primitive.information, rtorq));
  ck_assert(ask(f, A_ASSOCIATE, S_RESPONSE, ACSE_ACCEPTED, "b1{ 02<01> }"));
  assert_sent(f, S_CONNECT, AARE);
  ck_assert(f->down.presentation.session.accepted);
  come(f, S_RELEASE, S_INDICATION, false, "62{ 80<00> }");
  assert_told(f, A_RELEASE, S_INDICATION);
  ck_assert(ask(f, A_RELEASE, S_RESPONSE, ACSE_ACCEPTED, NULL));
  assert_sent(f, S_RELEASE, "63{ 80<00> }");
  fixture_free(f);
}
END_TEST

START_TEST(a_rejection_goes_out_with_the_users_apdu)
{
  static const enum acse_result results[] = {ACSE_REJECTED_PERMANENT, ACSE_REJECTED_TRANSIENT};
  for (gsize i = 0; i < 2; i++) {
    struct fixture *f = fixture_new();
    come(f, S_CONNECT, S_INDICATION, false, AARQ);
    ck_assert(ask(f, A_ASSOCIATE, S_RESPONSE, results[i], "b2<>"));
    g_autofree char *wanted = g_strdup_printf(
        "61{ a1{ 06<56000106> } a2{ 02<0%u> } a3{ a1{ 02<01> } } be{ 28{ 06<5101> 02<03> a0{ b2<> } } } }",
        (guint)results[i]);
    assert_sent(f, S_CONNECT, wanted);
    ck_assert(!f->down.presentation.session.accepted);
    ck_assert_ptr_nonnull(strstr(acse_state_name(f->acse), "STA0"));
    fixture_free(f);
  }
}
END_TEST

/* What an AARQ may look like. */
static const struct asking {
  const char *notation;
  const char *words; /* NULL: it is indicated */
  guint diagnostic;
} askings[] = {
    {AARQ, NULL, 0},
    {"~60{ ~a1{ 06<56000106> } ~be{ ~28{ 06<5101> 02<03> ~a0{ b0{ 02<01> } } } } }", NULL, 0},
    /* titles, qualifiers, invocation identifiers, requirements, implementation: taken and not looked at */
    {"60{ 80<0780> a1{ 06<56000106> } a2{ 06<2a03> } a3{ 02<01> } a6{ 06<2a04> } a7{ 02<02> } a8{ 02<05> } "
     "8a<0600>"
     " 9d'ISODE' be{ 28{ 02<03> a0{ b0{ 02<01> } } } } }",
     NULL, 0},
    {"60{ a1{ 06<56000106> } be{ 28{ 06<5101> 02<03> 81<b003020101> } } }", NULL, 0},
    {"60{ a1{ 06<56000106> } be{ 28{ 06<5101> 02<03> a0{ b0{ 02<01> } } } 28{ 06<5101> 02<05> a0{ b0{ 02<02> "
     "} } } } }",
     NULL, 0},
    {"60{ a1{ 06<56000106> } }", NULL, 0}, /* its user will say that something is missing */
    {"60{ a1{ 06<56000107> } be{ 28{ 06<5101> 02<03> a0{ b0{ 02<01> } } } } }", "2.6.0.1.7", 2},
    {"60{ a1{ 06<2a03> } be{ 28{ 06<5101> 02<03> a0{ b0{ 02<01> } } } } }", "1.2.3", 2},
    {"60{ a1{ 06<56000106> } be{ 28{ 06<5101> 02<03> 82<00b003020101> } } }", "arbitrary bits", 1},
    {"60{ be{ 28{ 06<5101> 02<03> a0{ b0{ 02<01> } } } } }", "ACSE APDU", 1},
    {"62{ 80<00> }", "no AARQ", 1},
    {"60<a1>", "ACSE APDU", 1},
    {"", "ACSE APDU", 1},
};

START_TEST(an_aarq_is_taken_or_rejected_with_words)
{
  const struct asking *c = &askings[_i];
  struct fixture *f = fixture_new();
  come(f, S_CONNECT, S_INDICATION, false, c->notation);
  if (c->words == NULL) {
    assert_told(f, A_ASSOCIATE, S_INDICATION);
    ck_assert_uint_eq(f->downs, 0);
  } else {
    assert_told(f, A_P_ABORT, S_INDICATION);
    ck_assert_msg(strstr(f->up.primitive.failure.words, c->words), "%s", f->up.primitive.failure.words);
    ck_assert(!f->up.primitive.failure.by_peer);
    g_autofree char *wanted =
        g_strdup_printf("61{ a1{ 06<56000106> } a2{ 02<01> } a3{ a1{ 02<0%u> } } }", c->diagnostic);
    assert_sent(f, S_CONNECT, wanted);
  }
  fixture_free(f);
}
END_TEST

/* What may come back. */
static const struct reply {
  bool accepted;
  const char *notation;
  const char *words;      /* NULL: associated */
  bool permanent, breaks; /* breaks: we abort */
  enum osi_layer layer;
} replies[] = {
    {true, AARE, NULL, false, false, 0},
    {true,
     "61{ 80<0780> a1{ 06<56000106> } a2{ 02<00> } a3{ a2{ 02<00> } } a4{ 06<2a03> } a5{ 02<01> }"
     " be{ 28{ 02<03> a0{ b1{ 02<01> } } } } }",
     NULL, false, false, 0},
    {false, "61{ a1{ 06<56000106> } a2{ 02<01> } a3{ a1{ 02<02> } } }", "another service", true, false,
     OSI_LAYER_ACSE},
    {false, "61{ a1{ 06<56000106> } a2{ 02<02> } a3{ a1{ 02<01> } } }", "for now", false, false,
     OSI_LAYER_ACSE},
    {false, "61{ a1{ 06<56000106> } a2{ 02<01> } a3{ a2{ 02<02> } } }", "no common ACSE version", true, false,
     OSI_LAYER_ACSE},
    {false, "61{ a1{ 06<56000106> } a2{ 02<01> } a3{ a1{ 02<63> } } }", "reason 99", true, false,
     OSI_LAYER_ACSE},
    {false, NULL, "said below", true, false, OSI_LAYER_PRESENTATION},
    {false, "62{}", "said below", true, false, OSI_LAYER_PRESENTATION},
    {true, "61{ a1{ 06<56000106> } a2{ 02<01> } a3{ a1{ 02<02> } } }", "no accepting AARE", false, true,
     OSI_LAYER_ACSE},
    {true, NULL, "no APDU in the ACSE context", false, true, OSI_LAYER_ACSE},
    {true, "60{ a1{ 06<56000106> } }", "no accepting AARE", false, true, OSI_LAYER_ACSE},
};

START_TEST(an_answer_is_taken_or_told_in_words)
{
  const struct reply *c = &replies[_i];
  struct fixture *f = fixture_new();
  ck_assert(ask(f, A_ASSOCIATE, S_REQUEST, ACSE_ACCEPTED, "b0{ 02<01> }"));
  come(f, S_CONNECT, S_CONFIRM, c->accepted, c->notation);
  const struct acse_primitive *up = &f->up.primitive;
  if (c->words == NULL) {
    ck_assert(up->service == A_ASSOCIATE && up->result == ACSE_ACCEPTED);
  } else {
    assert_told(f, c->breaks ? A_P_ABORT : A_ASSOCIATE, c->breaks ? S_INDICATION : S_CONFIRM);
    ck_assert_msg(strstr(up->failure.words, c->words), "%s", up->failure.words);
    ck_assert(up->failure.permanent == c->permanent);
    ck_assert_int_eq(up->failure.layer, c->layer);
    ck_assert_int_eq(f->down.presentation.session.service, c->breaks ? S_U_ABORT : S_CONNECT);
  }
  fixture_free(f);
}
END_TEST

static struct fixture *associated(void)
{
  struct fixture *f = fixture_new();
  ck_assert(ask(f, A_ASSOCIATE, S_REQUEST, ACSE_ACCEPTED, "b0{ 02<01> }"));
  come(f, S_CONNECT, S_CONFIRM, true, AARE);
  return f;
}

START_TEST(aborts_pass_both_ways)
{
  struct fixture *f = associated();
  ck_assert(ask(f, A_ABORT, S_REQUEST, ACSE_ACCEPTED, "b6{ 80<06> }"));
  assert_sent(f, S_U_ABORT, "64{ 80<00> be{ 28{ 06<5101> 02<03> a0{ b6{ 80<06> } } } } }");
  guint sent = f->downs;
  ck_assert(ask(f, A_ABORT, S_REQUEST, ACSE_ACCEPTED, "b6{ 80<06> }")); /* once is enough */
  ck_assert_uint_eq(f->downs, sent);
  fixture_free(f);

  f = associated();
  come(f, S_U_ABORT, S_INDICATION, false, "64{ 80<00> be{ 28{ 06<5101> 02<03> a0{ b6{ 80<04> } } } } }");
  assert_told(f, A_ABORT, S_INDICATION);
  ck_assert_ptr_nonnull(f->up.primitive.information);
  fixture_free(f);

  f = associated();
  come(f, S_U_ABORT, S_INDICATION, false, "64{ 80<01> }");
  assert_told(f, A_P_ABORT, S_INDICATION);
  ck_assert(f->up.primitive.failure.by_peer);
  fixture_free(f);

  f = associated();
  come(f, S_U_ABORT, S_INDICATION, false, NULL);
  assert_told(f, A_ABORT, S_INDICATION);
  fixture_free(f);

  f = associated();
  come(f, S_P_ABORT, S_INDICATION, false, NULL);
  assert_told(f, A_P_ABORT, S_INDICATION);
  ck_assert_str_eq(f->up.primitive.failure.words, "said below");
  fixture_free(f);
}
END_TEST

START_TEST(a_release_may_be_bare_but_not_wrong)
{
  struct fixture *f = associated();
  come(f, S_RELEASE, S_INDICATION, false, NULL);
  assert_told(f, A_RELEASE, S_INDICATION);
  fixture_free(f);

  static const char *const wrong[] = {"63{ 80<00> }", "04<01>"};
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
    f = associated();
    come(f, S_RELEASE, S_INDICATION, false, wrong[i]);
    assert_told(f, A_P_ABORT, S_INDICATION);
    ck_assert_int_eq(f->down.presentation.session.service, S_U_ABORT);
    assert_sent(f, S_U_ABORT, "64{ 80<01> }");
    fixture_free(f);
  }

  f = associated();
  ck_assert(ask(f, A_RELEASE, S_REQUEST, ACSE_ACCEPTED, NULL));
  come(f, S_RELEASE, S_CONFIRM, false, "63{ 80<01> }");
  assert_told(f, A_P_ABORT, S_INDICATION);
  fixture_free(f);
}
END_TEST

START_TEST(what_is_out_of_place_is_refused_or_aborts)
{
  struct fixture *f = fixture_new();
  ck_assert(!ask(f, A_RELEASE, S_REQUEST, ACSE_ACCEPTED, NULL));
  ck_assert(!ask(f, A_ASSOCIATE, S_RESPONSE, ACSE_ACCEPTED, NULL));
  fixture_free(f);

  f = associated();
  ck_assert(!ask(f, A_ASSOCIATE, S_REQUEST, ACSE_ACCEPTED, "b0{ 02<01> }"));
  come(f, S_CONNECT, S_CONFIRM, true, AARE);
  assert_told(f, A_P_ABORT, S_INDICATION);
  ck_assert_msg(strstr(f->up.primitive.failure.words, "STA5"), "%s", f->up.primitive.failure.words);
  fixture_free(f);

  f = associated();
  come(f, S_DATA, S_INDICATION, false, "04<01>");
  assert_told(f, A_P_ABORT, S_INDICATION);
  fixture_free(f);
}
END_TEST

static Suite *suite(void)
{
  Suite *suite = suite_create("osi/acse");
  TCase *machine = tcase_create("machine");
  tcase_add_test(machine, an_association_is_asked_for_and_granted);
  tcase_add_test(machine, x410_mode_passes_the_users_octets_by);
  tcase_add_test(machine, x410_mode_answers_in_the_mode_that_came);
  tcase_add_test(machine, x410_mode_refuses_with_the_users_octets);
  tcase_add_test(machine, an_association_is_granted_and_released_by_the_peer);
  tcase_add_test(machine, a_rejection_goes_out_with_the_users_apdu);
  tcase_add_loop_test(machine, an_aarq_is_taken_or_rejected_with_words, 0, G_N_ELEMENTS(askings));
  tcase_add_loop_test(machine, an_answer_is_taken_or_told_in_words, 0, G_N_ELEMENTS(replies));
  tcase_add_test(machine, aborts_pass_both_ways);
  tcase_add_test(machine, a_release_may_be_bare_but_not_wrong);
  tcase_add_test(machine, what_is_out_of_place_is_refused_or_aborts);
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
