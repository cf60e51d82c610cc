/* store_suite.h - the conformance suite of the store: what every backend must do, however it does it. */
#ifndef GW400_TESTS_STORE_SUITE_H
#define GW400_TESTS_STORE_SUITE_H

#include <check.h>

#include "store/store.h"

struct suite_backend {
  const char *name;
  struct store *(*open)(const struct store_options *options, GError **error);
  void (*close)(struct store *store);
};

Suite *store_suite(const struct suite_backend *backend);

#endif
