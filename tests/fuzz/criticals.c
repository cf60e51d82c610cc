/* criticals.c - in every fuzz target and its replay: a critical message of GLib (a broken precondition) is a
 * finding.  It aborts here, for GLib's own way (G_DEBUG=fatal-criticals) is a trap that libFuzzer does not
 * catch, so that the input would be lost. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

static void stop_at_criticals(const char *domain, GLogLevelFlags level, const char *message, void *user)
{
  (void)user;
  if (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) {
    fprintf(stderr, "CRITICAL: %s: %s\n", domain != NULL ? domain : "", message);
    abort();
  }
}

__attribute__((constructor)) static void watch_criticals(void)
{
  g_log_set_default_handler(stop_at_criticals, NULL);
}
