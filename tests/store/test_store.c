/* test_store.c - the conformance suite on SQLite. */
#include <check.h>
#include <stdlib.h>

#include "lib/store_suite.h"

int main(void)
{
  static const struct suite_backend sqlite = {.name = "sqlite", .open = store_open, .close = store_close};
  SRunner *runner = srunner_create(store_suite(&sqlite));
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
