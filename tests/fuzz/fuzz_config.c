/* fuzz_config.c - config_load() on any octets: no crash, and either a configuration or at least one message.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize length);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize length)
{
  int fd = memfd_create("config", MFD_CLOEXEC);
  if (fd < 0 || write(fd, data, length) != (ssize_t)length)
    abort();
  g_autofree char *file = g_strdup_printf("/proc/self/fd/%d", fd);
  g_autoptr(GPtrArray) messages = g_ptr_array_new_with_free_func(g_free);
  struct config *config = config_load(file, messages);
  if (!config == (messages->len == 0))
    abort();
  if (config) {
    g_autoptr(GVariant) dictionary = g_variant_ref_sink(config_conversion(config, 1));
    g_autofree char *restart = config_needs_restart(config, config);
    if (!g_variant_is_normal_form(dictionary) || restart)
      abort();
    config_unref(config);
  }
  close(fd);
  return 0;
}
