/* test_p1_turn.c - whose turn it is on a two-way-alternate association, by what waits on either side. */
#include <check.h>
#include <stdlib.h>

#include "relay/p1_turn.h"
#include "store/store.h"

#define NONE P1_TURN_NOTHING
#define URGENT 1
#define NORMAL 2
#define NON_URGENT 3

START_TEST(priorities)
{
  ck_assert_int_eq(p1_turn_priority(STORE_URGENT), URGENT);
  ck_assert_int_eq(p1_turn_priority(STORE_NORMAL), NORMAL);
  ck_assert_int_eq(p1_turn_priority(STORE_NON_URGENT), NON_URGENT);
  ck_assert_int_eq(p1_turn_priority(-1), NONE);
}
END_TEST

static const struct {
  const char *what;
  bool here;
  gint asked, wanted;
  guint run;
  gint waiting;
  enum p1_turn_step step;
} cases[] = {
    {"not here, nothing waits", false, NONE, NONE, 0, NONE, P1_TURN_STAY},
    {"not here, something waits", false, NONE, NONE, 0, NORMAL, P1_TURN_ASK},
    {"asked already", false, NORMAL, NONE, 0, NORMAL, P1_TURN_STAY},
    {"asked for less", false, NON_URGENT, NONE, 0, URGENT, P1_TURN_ASK},
    {"asked for more", false, URGENT, NONE, 0, NORMAL, P1_TURN_STAY},
    {"here, nobody asks", true, NONE, NONE, 0, NONE, P1_TURN_STAY},
    {"here, the peer asks, nothing of ours", true, NONE, NON_URGENT, 0, NONE, P1_TURN_GIVE},
    {"the peer's is more urgent", true, NONE, URGENT, 0, NORMAL, P1_TURN_GIVE},
    {"ours is more urgent", true, NONE, NORMAL, 0, URGENT, P1_TURN_STAY},
    {"ours is more urgent, for long", true, NONE, NORMAL, 1000, URGENT, P1_TURN_STAY},
    {"the like, we have begun", true, NONE, NORMAL, 1, NORMAL, P1_TURN_STAY},
    {"the like, we had many", true, NONE, NORMAL, 1000, NORMAL, P1_TURN_GIVE},
    {"the peer wants to release", true, NONE, 0, 0, URGENT, P1_TURN_GIVE},
};

START_TEST(decisions)
{
  struct p1_turn turn = {.two_way = true,
                         .initiator = true,
                         .here = cases[_i].here,
                         .asked = cases[_i].asked,
                         .wanted = cases[_i].wanted,
                         .run = cases[_i].run};
  ck_assert_msg(p1_turn_decide(&turn, cases[_i].waiting) == cases[_i].step, "%s", cases[_i].what);
}
END_TEST

START_TEST(a_monologue_has_no_turns)
{
  struct p1_turn turn;
  p1_turn_init(&turn);
  turn.wanted = URGENT;
  ck_assert_int_eq(p1_turn_decide(&turn, NORMAL), P1_TURN_STAY);
  turn.here = true;
  ck_assert_int_eq(p1_turn_decide(&turn, NONE), P1_TURN_STAY);
}
END_TEST

START_TEST(a_responder_gives_back_what_it_does_not_use)
{
  struct p1_turn turn;
  p1_turn_init(&turn);
  turn.two_way = true;
  p1_turn_came(&turn);
  ck_assert_int_eq(p1_turn_decide(&turn, NORMAL), P1_TURN_STAY);
  ck_assert_int_eq(p1_turn_decide(&turn, NONE), P1_TURN_GIVE);
  turn.initiator = true; /* who may release keeps it: else it would go to and fro for ever */
  ck_assert_int_eq(p1_turn_decide(&turn, NONE), P1_TURN_STAY);
}
END_TEST

/* Neither side starves: two that always have the like to send both get turns. */
START_TEST(equals_share)
{
  struct p1_turn sides[2];
  guint sent[2] = {0, 0};
  for (guint i = 0; i < 2; i++) {
    p1_turn_init(&sides[i]);
    sides[i].two_way = true;
  }
  p1_turn_came(&sides[0]);
  for (guint step = 0; step < 1000; step++) {
    for (guint i = 0; i < 2; i++) {
      struct p1_turn *own = &sides[i], *other = &sides[1 - i];
      switch (p1_turn_decide(own, NORMAL)) {
      case P1_TURN_ASK:
        own->asked = NORMAL;
        other->wanted = NORMAL;
        break;
      case P1_TURN_GIVE:
        p1_turn_given(own);
        p1_turn_came(other);
        break;
      case P1_TURN_STAY:
        sent[i] += own->here;
        own->run += own->here;
        break;
      }
    }
  }
  ck_assert_uint_gt(sent[0], 300);
  ck_assert_uint_gt(sent[1], 300);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("p1_turn");
  TCase *tests = tcase_create("p1_turn");
  tcase_add_test(tests, priorities);
  tcase_add_loop_test(tests, decisions, 0, (int)G_N_ELEMENTS(cases));
  tcase_add_test(tests, a_monologue_has_no_turns);
  tcase_add_test(tests, a_responder_gives_back_what_it_does_not_use);
  tcase_add_test(tests, equals_share);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
