/* test_p1_addresses.c - which of a peer's addresses is called next. */
#include <check.h>
#include <stdlib.h>

#include "config/config.h"
#include "relay/p1_addresses.h"

static char a[] = "a:102", b[] = "b:102", c[] = "c:102";
static struct config_address three[] = {{.at = a}, {.at = b}, {.at = c}};

static GPtrArray *list(guint count)
{
  GPtrArray *array = g_ptr_array_new();
  for (guint i = 0; i < count; i++)
    g_ptr_array_add(array, &three[i]);
  return array;
}

static void check_choice(const struct p1_addresses *addresses, gint64 now, guint expected,
                         gint64 expected_rest)
{
  g_autoptr(GPtrArray) all = list(3);
  gint64 rests = -1;
  ck_assert_uint_eq(p1_addresses_choose(addresses, all, now, &rests), expected);
  ck_assert_int_eq(rests, expected_rest);
}

static void leave_alone(struct p1_addresses *addresses, const char *at, gint64 until)
{
  (void)p1_addresses_failed(addresses, at);
  p1_addresses_rest(addresses, at, until);
}

START_TEST(the_first_that_does_not_rest)
{
  struct p1_addresses *addresses = p1_addresses_new();
  check_choice(addresses, 0, 0, 0);
  leave_alone(addresses, "a:102", 100);
  check_choice(addresses, 10, 1, 0);
  leave_alone(addresses, "b:102", 60);
  check_choice(addresses, 10, 2, 0);
  leave_alone(addresses, "c:102", 80);
  check_choice(addresses, 10, 1, 60); /* all rest: the one that is free first */
  check_choice(addresses, 70, 1, 0);
  check_choice(addresses, 100, 0, 0); /* back to the preferred one */
  p1_addresses_free(addresses);
}
END_TEST

START_TEST(failures_are_counted_until_it_works)
{
  struct p1_addresses *addresses = p1_addresses_new();
  ck_assert_uint_eq(p1_addresses_failed(addresses, "a:102"), 1);
  ck_assert_uint_eq(p1_addresses_failed(addresses, "a:102"), 2);
  ck_assert_uint_eq(p1_addresses_failed(addresses, "b:102"), 1);
  p1_addresses_rest(addresses, "a:102", 100);
  p1_addresses_worked(addresses, "a:102");
  check_choice(addresses, 10, 0, 0);
  ck_assert_uint_eq(p1_addresses_failed(addresses, "a:102"), 1);
  p1_addresses_free(addresses);
}
END_TEST

START_TEST(a_reload_keeps_what_is_known)
{
  struct p1_addresses *addresses = p1_addresses_new();
  leave_alone(addresses, "a:102", 100);
  g_autoptr(GPtrArray) other = g_ptr_array_new();
  g_ptr_array_add(other, &three[2]);
  g_ptr_array_add(other, &three[0]);
  gint64 rests;
  ck_assert_uint_eq(p1_addresses_choose(addresses, other, 10, &rests), 0);
  g_ptr_array_remove_index(other, 0);
  ck_assert_uint_eq(p1_addresses_choose(addresses, other, 10, &rests), 0);
  ck_assert_int_eq(rests, 100);
  p1_addresses_free(addresses);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("p1_addresses");
  TCase *tests = tcase_create("p1_addresses");
  tcase_add_test(tests, the_first_that_does_not_rest);
  tcase_add_test(tests, failures_are_counted_until_it_works);
  tcase_add_test(tests, a_reload_keeps_what_is_known);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
